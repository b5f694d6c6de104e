/* flowimport top: show the top hosts, ports, flows or groups of any dimensions, as a table for people. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "flow/sum.h"
#include "tool/commands.h"
#include "tool/document.h"
#include "tool/units.h"
#include "store/query/metric.h"
#include "store/query/named.h"
#include "store/query/query.h"

static const struct kind {
    const char *name, *head, *keys[FLOW_TUPLE_FIELDS];
} kinds[] = {
    {"hosts", "host", {"host"}},
    {"ports", "port", {"port"}},
    {"flows", "flow", {"src", "dst", "sport", "dport", "proto"}},
    {"by", "group", {NULL}}, /* what its operand says */
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static const struct kind *kind_find(const char *name) {
    for (unsigned i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].name, name) == 0) return &kinds[i];
    return NULL;
}

/* A flow's keys are those of the five-tuple that are configured; hosts and ports are there in any case. */
static void groups_add(const struct kind *kind, const struct dimensions *dimensions, struct query *query) {
    for (unsigned i = 0; i < FLOW_TUPLE_FIELDS && kind->keys[i]; i++) {
        const struct dimension *dimension = dimension_find(dimensions, kind->keys[i], strlen(kind->keys[i]));
        if (dimension && (dimension->in_flows || dimension->is_either)) query->group[query->n_group++] = dimension;
    }
}

enum { BY_MAX = 2 };

/* The dimensions of "src_site,dst_site". */
static int by_read(const char *text, const struct dimensions *dimensions, struct query *query) {
    struct buffer accepted = BUFFER_INIT;
    for (const char *at = text; *at;) {
        size_t len = strcspn(at, ",");
        const struct dimension *dimension = dimension_find(dimensions, at, len);
        if (!dimension || query->n_group == BY_MAX) {
            dimensions_show(dimensions, &accepted);
            int failed =
                command_fail(EXIT_USAGE, "'%s' is not accepted: expected at most %d, separated by commas, of %s", text,
                             BY_MAX, accepted.data);
            buffer_release(&accepted);
            return failed;
        }
        query->group[query->n_group++] = dimension;
        at += len + (at[len] == ',');
    }
    return EXIT_DONE;
}

/* Rows
 * ----------------------------------------------------------------------------------------------------------------- */

/* Which of a flow's keys it is, or -1. */
static int place_of(const struct query *query, enum dimension_form form, enum side side) {
    for (unsigned i = 0; i < query->n_group; i++)
        if (query->group[i]->form == form && query->group[i]->side == side) return (int)i;
    return -1;
}

static void key_show(const struct query *query, const struct query_group *group, int place, struct buffer *out) {
    dimension_text(query->group[place], group->family, group->key[place], out);
}

/* One end of a flow: "192.0.2.7:443", "[2001:db8::7]:443"; '*' for an address that is no flow key. */
static void end_show(const struct query *query, const struct query_group *group, enum side side, struct buffer *out) {
    int address = place_of(query, DIMENSION_ADDRESS, side), port = place_of(query, DIMENSION_PORT, side);
    bool brackets = address >= 0 && port >= 0 && group->family == FLOW_IPV6;
    if (brackets) buffer_add_text(out, "[");
    if (address >= 0)
        key_show(query, group, address, out);
    else
        buffer_add_text(out, "*");
    if (brackets) buffer_add_text(out, "]");
    if (port < 0) return;
    buffer_add_text(out, ":");
    key_show(query, group, port, out);
}

/* The service at the lower of a flow's ports. NULL: none. */
static const char *flow_service(const struct query *query, const struct query_group *group, uint8_t protocol) {
    int lower = place_of(query, DIMENSION_PORT, SIDE_SOURCE), other = place_of(query, DIMENSION_PORT, SIDE_DESTINATION);
    if (lower < 0 || (other >= 0 && memcmp(group->key[other], group->key[lower], 2) < 0)) lower = other;
    return lower < 0 ? NULL : dimension_name(query->group[lower], group->key[lower], protocol);
}

/* "192.0.2.7:51515 -> 198.51.100.4:443 tcp (https)" */
static void flow_show(const struct query *query, const struct query_group *group, struct buffer *out) {
    int place = place_of(query, DIMENSION_PROTOCOL, SIDE_SOURCE);
    uint8_t protocol = place < 0 ? 0 : group->key[place][0];
    end_show(query, group, SIDE_SOURCE, out);
    buffer_add_text(out, " -> ");
    end_show(query, group, SIDE_DESTINATION, out);
    if (place >= 0) {
        const char *name = dimension_name(query->group[place], group->key[place], 0);
        buffer_add_text(out, " ");
        if (name)
            buffer_add_text(out, name);
        else
            key_show(query, group, place, out);
    }
    const char *service = flow_service(query, group, protocol);
    if (service) buffer_printf(out, " (%s)", service);
}

/* What one of its keys is called. */
static void named_key(const struct name_book *book, const struct query *query, const struct query_group *group,
                      unsigned which, struct named *named) {
    const uint8_t *values[QUERY_GROUPS_MAX];
    for (unsigned i = 0; i < query->n_group; i++)
        values[i] = group->key[i];
    const struct named_row row = {group->family, query->n_group, query->group, values};
    named_find(book, &row, which, named);
}

/* A row's name with what is known of it: "192.0.2.7 mail", "443 https", "Berlin, Bonn", or a flow. */
static void name_show(const struct name_book *book, const struct kind *kind, const struct query *query,
                      const struct query_group *group, struct buffer *out) {
    buffer_clear(out);
    if (strcmp(kind->name, "flows") == 0) {
        flow_show(query, group, out);
        return;
    }
    for (unsigned i = 0; i < query->n_group; i++) {
        struct named named;
        size_t before = out->len;
        if (i) buffer_add_text(out, ", ");
        key_show(query, group, (int)i, out);
        if (out->len == before + (i ? 2 : 0)) buffer_add_text(out, "(none)");
        named_key(book, query, group, i, &named);
        if (named.text[0]) buffer_printf(out, " %s", named.text);
    }
}

/* Columns that a text takes up on a terminal: its characters, each taken for one column. */
static int width_of(const struct buffer *text) {
    int width = 0;
    for (size_t i = 0; i < text->len; i++)
        width += ((unsigned char)text->data[i] & 0xc0) != 0x80;
    return width;
}

/* The table
 * ------------------------------------------------------------------------------------------------------------------ */

static const char *sum_unit(const struct flow_layout *layout, unsigned sum) {
    return strncmp(layout->sums[sum]->name, "octet", 5) == 0 ? "B" : "";
}

static const char at_least[] = "\xe2\x89\xa5 "; /* before a saturated sum: a sign of three bytes, and one column */

static const char *value_show(const struct flow_layout *layout, unsigned metric, sum_wide value, bool is_exact,
                              char *text, size_t size) {
    size_t len = (size_t)snprintf(text, size, "%s", is_exact || value < SUM_MOST ? "" : at_least);
    if (metric == layout->n_sums)
        units_count((value + FLOW_UNIT / 2) / FLOW_UNIT, "", text + len, size - len);
    else
        units_count(value, sum_unit(layout, metric), text + len, size - len);
    return text;
}

/* A column of ten characters. */
static void value_print(const struct flow_layout *layout, unsigned metric, sum_wide value, bool is_exact) {
    char text[32];
    value_show(layout, metric, value, is_exact, text, sizeof text);
    printf("  %*s", is_exact || value < SUM_MOST ? 10 : 12, text);
}

/* The same, of how many different ones there are; of some rows alone at least so many. */
static void distinct_print(uint64_t distinct, bool is_partial) {
    char text[32];
    size_t len = (size_t)snprintf(text, sizeof text, "%s", is_partial ? at_least : "");
    units_count(distinct, "", text + len, sizeof text - len);
    printf("  %*s", is_partial ? 12 : 10, text);
}

static void table_print(const struct config *config, const struct name_book *book, const struct kind *kind,
                        const struct query *query, const struct query_result *result) {
    const struct flow_layout *layout = &config->layout;
    struct buffer name = BUFFER_INIT;
    int width = (int)strlen(kind->head);
    unsigned order = query->metric;
    for (unsigned i = 0; i < result->n_groups; i++) {
        name_show(book, kind, query, &result->groups[i], &name);
        if (width_of(&name) > width) width = width_of(&name);
    }
    printf("%4s  %-*s", "", width, kind->head);
    if (query->distinct) printf("  %10s", distinct_name(query->distinct));
    printf("  %10s  %6s", metric_name(layout, order), "share");
    for (unsigned i = 0; i <= layout->n_sums; i++)
        if (i != order) printf("  %10s", metric_name(layout, i));
    printf("\n");
    for (unsigned i = 0; i < result->n_groups; i++) {
        const sum_wide *values = result->groups[i].values, total = result->total[order];
        name_show(book, kind, query, &result->groups[i], &name);
        printf("%4u  %s%*s", i + 1, name.data, width - width_of(&name), "");
        if (query->distinct) distinct_print(result->groups[i].distinct, result->is_partial);
        value_print(layout, order, values[order], result->is_exact);
        printf("  %4.1f %%", total ? 100.0 * (double)values[order] / (double)total : 0.0);
        for (unsigned v = 0; v <= layout->n_sums; v++)
            if (v != order) value_print(layout, v, values[v], result->is_exact);
        printf("\n");
    }
    buffer_release(&name);
}

/* The ends that were given are shown as they were widened to whole buckets. */
static void total_print(const struct command_call *call, const struct query *query, const struct query_result *result) {
    const struct flow_layout *layout = &call->config->layout;
    char number[32], from[CLOCK_TEXT], to[CLOCK_TEXT];
    printf("      total: %s",
           value_show(layout, query->metric, result->total[query->metric], result->is_exact, number, sizeof number));
    for (unsigned i = 0; i <= layout->n_sums; i++) {
        if (i == query->metric) continue;
        bool has_unit = i < layout->n_sums && *sum_unit(layout, i);
        printf(", %s%s%s", value_show(layout, i, result->total[i], result->is_exact, number, sizeof number),
               has_unit ? "" : " ", has_unit ? "" : metric_name(layout, i));
    }
    if (query->all_time)
        printf("; all time\n");
    else
        printf("; %s to %s\n", call->options->from ? clock_show((int64_t)result->from, from) : "the beginning",
               call->options->to ? clock_show((int64_t)result->to, to) : "now");
}

/* The document
 * ------------------------------------------------------------------------------------------------------------------ */

static void values_write(struct document *document, const struct flow_layout *layout, const sum_wide *values) {
    for (unsigned i = 0; i < layout->n_sums; i++)
        document_number(document, metric_name(layout, i), values[i]);
    document_millionths(document, metric_name(layout, layout->n_sums), values[layout->n_sums]);
}

/* Its keys by the names of their dimensions; the service is that of the port, or of a flow's lower one. */
static void group_write(struct document *document, const struct name_book *book, const struct kind *kind,
                        const struct query *query, const struct query_group *group) {
    struct buffer text = BUFFER_INIT;
    int place = place_of(query, DIMENSION_PROTOCOL, SIDE_SOURCE);
    for (unsigned i = 0; i < query->n_group; i++) {
        const struct dimension *dimension = query->group[i];
        buffer_clear(&text);
        dimension_text(dimension, group->family, group->key[i], &text);
        if (dimension_is_number(dimension))
            document_number(document, dimension->name, strtoull(text.data, NULL, 10));
        else
            document_text(document, dimension->name, text.data);
    }
    for (unsigned i = 0; i < query->n_group && strcmp(kind->name, "hosts") == 0; i++) {
        struct named named;
        named_key(book, query, group, i, &named);
        document_text(document, "name", named.text[0] ? named.text : NULL);
    }
    if (strcmp(kind->name, "ports") == 0)
        document_text(document, "service", dimension_name(query->group[0], group->key[0], 0));
    if (strcmp(kind->name, "flows") == 0)
        document_text(document, "service", flow_service(query, group, place < 0 ? 0 : group->key[place][0]));
    buffer_release(&text);
}

static void document_write(const struct command_call *call, const struct name_book *book, const struct kind *kind,
                           const struct query *query, const struct query_result *result) {
    const struct flow_layout *layout = &call->config->layout;
    struct document document = {.depth = 0};
    document_object(&document, NULL);
    document_text(&document, "top", kind->name);
    document_text(&document, "metric",
                  query->distinct ? distinct_name(query->distinct) : metric_name(layout, query->metric));
    document_time(&document, "from", call->options->from ? (int64_t)result->from : 0);
    document_time(&document, "to", call->options->to ? (int64_t)result->to : 0);
    document_object(&document, "total");
    values_write(&document, layout, result->total);
    document_close(&document);
    document_array(&document, "rows");
    for (unsigned i = 0; i < result->n_groups; i++) {
        document_object(&document, NULL);
        group_write(&document, book, kind, query, &result->groups[i]);
        if (query->distinct) document_number(&document, distinct_name(query->distinct), result->groups[i].distinct);
        values_write(&document, layout, result->groups[i].values);
        document_close(&document);
    }
    document_close(&document);
    document_close(&document);
}

static int metric_fail(const struct flow_layout *layout, const char *text) {
    struct buffer accepted = BUFFER_INIT;
    metrics_show(layout, &accepted);
    buffer_add_text(&accepted, ", ");
    distincts_show(&accepted);
    int failed = command_fail(EXIT_USAGE, "--metric: '%s' is not accepted: expected one of %s", text, accepted.data);
    buffer_release(&accepted);
    return failed;
}

static int top_run(const struct command_call *call, const struct name_book *book) {
    const struct command_options *options = call->options;
    const struct flow_layout *layout = &call->config->layout;
    const struct kind *kind = call->n_operands > 0 ? kind_find(call->operands[0]) : NULL;
    bool is_by = kind && strcmp(kind->name, "by") == 0;
    struct filter filter;
    struct filter_fault fault;
    struct dimensions dimensions;
    struct query_result result;
    struct error error;
    if (!kind || call->n_operands != (is_by ? 2 : 1)) return command_usage(call);
    int metric = metric_find(layout, distinct_find(options->metric) ? NULL : options->metric);
    if (metric < 0) return metric_fail(layout, options->metric);
    if (options->to && options->to <= options->from) return command_fail(EXIT_USAGE, "--to is not later than --from");
    struct query query = {.from = options->from,
                          .to = options->to ? options->to : INT64_MAX,
                          .distinct = distinct_find(options->metric),
                          .all_time = !options->from && !options->to && !options->where &&
                                      !distinct_find(options->metric) &&
                                      !(call->pipeline->schema.leave_out & SCHEMA_LEAVE_ALL_TIME),
                          .filter = &filter,
                          .metric = (unsigned)metric,
                          .n = (unsigned)options->n};
    dimensions_init(&dimensions, layout, book);
    groups_add(kind, &dimensions, &query);
    if (is_by && by_read(call->operands[1], &dimensions, &query) != EXIT_DONE) return EXIT_USAGE;
    if (filter_parse(&filter, &dimensions, options->where, &fault) != 0)
        return command_fail(EXIT_USAGE, "--where: '%s' is not accepted: expected %s", fault.term, fault.accepted);
    struct store *store = pipeline_store(call->pipeline, "flowimport");
    enum store_status status = STORE_OK;
    if (store) status = query_run(store, &call->pipeline->schema, &query, &result, &error);
    filter_release(&filter);
    if (!store) return EXIT_FAILED;
    store_close(store);
    if (status != STORE_OK) return command_fail(EXIT_FAILED, "%s", error.text);
    if (result.refused.parameter) {
        int refused = command_fail(EXIT_USAGE, "'%s' is not accepted: expected %s", result.refused.value,
                                   result.refused.accepted);
        query_release(&result);
        return refused;
    }
    if (options->json) {
        document_write(call, book, kind, &query, &result);
    } else {
        table_print(call->config, book, kind, &query, &result);
        total_print(call, &query, &result);
    }
    query_release(&result);
    return EXIT_DONE;
}

int command_top(const struct command_call *call) {
    struct name_book *book = config_book(call->config);
    int code = top_run(call, book);
    name_book_drop(book);
    return code;
}
