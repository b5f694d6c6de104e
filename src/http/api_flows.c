/* The path /api/flows: the flows themselves. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/show.h"
#include "http/call.h"
#include "http/endpoints.h"
#include "store/query/flow_list.h"

struct params {
    int64_t from, to;
    const char *filter, *sort;
    uint64_t n, offset;
    bool merge, names;
    int order, format;
};

enum { ORDER_DESCENDING, ORDER_ASCENDING };
static const struct option_word order_words[] = {{"desc", ORDER_DESCENDING}, {"asc", ORDER_ASCENDING}, {NULL, 0}};

const struct option api_flows_params[] = {
    PARAM_FROM(params),
    PARAM_TO(params),
    PARAM_FILTER(params),
    {.name = "sort",
     .type = OPTION_TEXT,
     .offset = OPTION_AT(params, sort, const char *),
     .help = "The column to sort by; the default is the first sum of octets, else the first sum."},
    {.name = "order",
     .type = OPTION_WORD,
     .offset = OPTION_AT(params, order, int),
     .standard = "desc",
     .words = order_words,
     .help = "Whether the largest or the smallest values come first."},
    {.name = "n",
     .type = OPTION_COUNT,
     .offset = OPTION_AT(params, n, uint64_t),
     .standard = "100",
     .min = 1,
     .max = FLOW_LIST_MAX,
     .help = "The number of rows."},
    {.name = "offset",
     .type = OPTION_COUNT,
     .offset = OPTION_AT(params, offset, uint64_t),
     .standard = "0",
     .max = FLOW_LIST_MAX,
     .help = "The number of rows to skip."},
    {.name = "merge",
     .type = OPTION_BOOL,
     .offset = OPTION_AT(params, merge, bool),
     .standard = "no",
     .help = "Whether the rows of all buckets are added up, giving one row for each flow key."},
    PARAM_FORMAT(params),
    PARAM_NAMES(params),
};
const unsigned api_flows_n_params = sizeof api_flows_params / sizeof api_flows_params[0];

static int sort_refuse(struct api_call *call, const char *text, const struct dimensions *dimensions, bool merge) {
    struct buffer accepted = BUFFER_INIT;
    metrics_show(call->schema->layout, &accepted);
    if (!merge) buffer_add_text(&accepted, ", bucket");
    for (unsigned i = 0; i < dimensions->n; i++) {
        const struct dimension *dimension = &dimensions->list[i];
        if (flow_list_has(call->schema->layout, dimension)) buffer_printf(&accepted, ", %s", dimension->name);
    }
    call_refuse(call, "sort", text, accepted.data);
    buffer_release(&accepted);
    return -1;
}

static int sort_read(struct api_call *call, const char *text, const struct dimensions *dimensions,
                     struct flow_list_query *query) {
    query->sort_value = metric_find(call->schema->layout, text);
    if (query->sort_value >= 0) return 0;
    if (strcmp(text, "bucket") == 0 && !query->merge) return 0;
    query->sort = dimension_find(dimensions, text, strlen(text));
    if (query->sort && flow_list_has(call->schema->layout, query->sort)) return 0;
    return sort_refuse(call, text, dimensions, query->merge);
}

/* The answer
 * ------------------------------------------------------------------------------------------------------------ */

static void head_write(struct api_call *call, const struct flow_list *list, const struct params *params,
                       const char *quote) {
    const struct flow_layout *layout = call->schema->layout;
    struct buffer *out = &call->body;
    if (!params->merge) buffer_printf(out, "%sbucket%s,", quote, quote);
    for (unsigned i = 0; i < list->n_columns; i++) {
        const char *name = list->columns[i].dimension->name;
        buffer_printf(out, "%s%s%s,", quote, name, quote);
        if (params->names) buffer_printf(out, "%s%s_name%s,%s%s_source%s,", quote, name, quote, quote, name, quote);
    }
    for (unsigned i = 0; i <= layout->n_sums; i++)
        buffer_printf(out, "%s%s%s%s", i ? "," : "", quote, metric_name(layout, i), quote);
}

/* ",mail,file" */
static void name_write(struct api_call *call, const struct flow_list *list, const struct flow_row *row, unsigned which,
                       bool is_csv) {
    const struct dimension *dimensions[FLOW_KEYS_MAX];
    const uint8_t *values[FLOW_KEYS_MAX];
    struct named named;
    for (unsigned i = 0; i < list->n_columns; i++) {
        dimensions[i] = list->columns[i].dimension;
        values[i] = row->key + list->columns[i].offset;
    }
    const struct named_row named_row = {row->family, list->n_columns, dimensions, values};
    call_name(call, &named_row, which, &named);
    if (is_csv) {
        answer_csv_name(&call->body, named.text, named.source);
        return;
    }
    buffer_add_text(&call->body, ",");
    show_quoted(&call->body, named.text);
    buffer_printf(&call->body, ",\"%s\"", named.source);
}

static void row_write(struct api_call *call, const struct flow_list *list, const struct flow_row *row,
                      const struct params *params, struct buffer *text) {
    const struct flow_layout *layout = call->schema->layout;
    struct buffer *out = &call->body;
    bool is_csv = params->format == ANSWER_CSV;
    if (!params->merge) buffer_printf(out, "%" PRIu64 ",", row->bucket);
    for (unsigned i = 0; i < list->n_columns; i++) {
        const struct dimension *dimension = list->columns[i].dimension;
        buffer_clear(text);
        dimension_text(dimension, row->family, row->key + list->columns[i].offset, text);
        const char *value = text->data ? text->data : "";
        if (dimension_is_number(dimension))
            buffer_add_text(out, value);
        else if (is_csv)
            answer_csv_text(out, value);
        else
            show_quoted(out, value);
        if (params->names) name_write(call, list, row, i, is_csv);
        buffer_add_text(out, ",");
    }
    for (unsigned i = 0; i <= layout->n_sums; i++) {
        if (i) buffer_add_text(out, ",");
        answer_value(out, layout, i, row->values[i]);
    }
}

static void list_write(struct api_call *call, const struct flow_list *list, const struct params *params,
                       int64_t begin_us) {
    bool is_csv = params->format == ANSWER_CSV;
    struct buffer *out = &call->body, text = BUFFER_INIT;
    if (is_csv) {
        call->type = "text/csv; charset=utf-8; header=present";
        head_write(call, list, params, "");
        buffer_add_text(out, "\r\n");
    } else {
        buffer_add_text(out, "{");
        answer_number(out, "from", (int64_t)list->from);
        answer_number(out, "to", (int64_t)list->to);
        answer_number(out, "size", list->size);
        answer_tables(out, list->tables, list->n_tables, list->rows);
        buffer_add_text(out, ",\"columns\":[");
        head_write(call, list, params, "\"");
        buffer_add_text(out, "],\"flows\":[");
    }
    for (unsigned i = 0; i < list->n; i++) {
        buffer_add_text(out, is_csv ? "" : i ? ",[" : "[");
        row_write(call, list, list->list[i], params, &text);
        buffer_add_text(out, is_csv ? "\r\n" : "]");
    }
    if (!is_csv) {
        buffer_printf(out, "],\"more\":%s", list->has_more ? "true" : "false");
        call_end(call, begin_us);
    }
    buffer_release(&text);
}

static void list_answer(struct api_call *call, const struct flow_list_query *query, const struct params *params,
                        int64_t begin_us) {
    struct flow_list list;
    struct error error;
    if (flow_list_read(call->store, call->schema, query, &list, &error) != STORE_OK) {
        call_store_failed(call, &error);
        return;
    }
    if (list.refused.parameter)
        call_refuse(call, list.refused.parameter, list.refused.value, list.refused.accepted);
    else
        list_write(call, &list, params, begin_us);
    flow_list_release(&list);
}

void api_flows(struct api_call *call) {
    int64_t begin_us = clock_monotonic_us();
    struct params params;
    struct dimensions dimensions;
    struct filter filter;
    dimensions_init(&dimensions, call->schema->layout, call->book);
    if (call_params(call, api_flows_params, api_flows_n_params, &params) != 0 ||
        call_range(call, params.from, params.to) != 0)
        return;
    if (params.offset + params.n > FLOW_LIST_MAX) {
        call_refuse(call, "offset", call_param(call, "offset"), "a number that together with n is at most 100000");
        return;
    }
    struct flow_list_query query = {.from = params.from,
                                    .to = params.to,
                                    .filter = &filter,
                                    .dimensions = &dimensions,
                                    .is_ascending = params.order == ORDER_ASCENDING,
                                    .merge = params.merge,
                                    .n = (unsigned)params.n,
                                    .offset = (unsigned)params.offset};
    if (sort_read(call, params.sort, &dimensions, &query) != 0 ||
        call_filter(call, &dimensions, params.filter, &filter) != 0)
        return;
    list_answer(call, &query, &params, begin_us);
    filter_release(&filter);
}
