/* flow-inspector's API, for the pages and scripts that speak it: its paths, its parameters, its JSON, in which IPv4
 * addresses are numbers. What it has no word for, IPv6 addresses, are texts in the same places. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/show.h"
#include "http/call.h"
#include "store/query/span.h"
#include "store/query/tally.h"

enum { WORD_MAX = 128 };

/* What limits the answer to some flows: each a term of a filter. */
static const struct {
    const char *parameter, *terms[2]; /* the second where the values are no good for the first */
} filter_params[] = {
    {"include_ports", {"port", NULL}}, {"exclude_ports", {"!port", NULL}},     {"include_ips", {"host", NULL}},
    {"exclude_ips", {"!host", NULL}},  {"include_protos", {"class", "proto"}}, {"exclude_protos", {"!class", "!proto"}},
};
enum { FILTER_PARAMS = sizeof filter_params / sizeof filter_params[0] };

/* black_others: of which field only what is included stays. */
static const struct {
    enum flow_tuple field;
    const char *dimension, *parameter;
} kept_fields[] = {
    {TUPLE_SOURCE, "src", "include_ips"},
    {TUPLE_DESTINATION, "dst", "include_ips"},
    {TUPLE_SOURCE_PORT, "sport", "include_ports"},
    {TUPLE_DESTINATION_PORT, "dport", "include_ports"},
};

struct request {
    struct api_call *call;
    const struct schema *schema;
    struct dimensions dimensions;
    struct filter filter, kept[FLOW_TUPLE_FIELDS];
    int64_t limit, resolution;
    bool is_filtered, is_aggregated;
    const struct table *table; /* the kind's for IPv4: the names of its keys */
    struct tally tally;
    bool shown_keys[SCHEMA_KEYS_MAX], shown_values[TALLY_VALUES_MAX];
    unsigned n_rows;
    bool is_total_row;
};

/* Parameters
 * ------------------------------------------------------------------------------------------------------------ */

/* The next of the words between commas, without the blanks around it. False: there is none. A word that is too long is
 * cut, and then no longer known. */
static bool word_next(const char **at, char *word) {
    if (!*at) return false;
    const char *begin = *at + strspn(*at, " \t"), *end = begin + strcspn(begin, ",");
    *at = *end ? end + 1 : NULL;
    while (end > begin && strchr(" \t", end[-1]))
        end--;
    size_t len = (size_t)(end - begin) < WORD_MAX ? (size_t)(end - begin) : WORD_MAX - 1;
    memcpy(word, begin, len);
    word[len] = '\0';
    return true;
}

/* A number below `least` is `least`. -1: refused. */
static int number_read(struct request *request, const char *name, int64_t least, int64_t *number) {
    const char *text = call_param(request->call, name);
    char *end;
    if (!text) return 0;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || errno == ERANGE) {
        call_refuse(request->call, name, text, "a whole number");
        return -1;
    }
    *number = value > least ? value : least;
    return 0;
}

static bool is_among(const uint32_t *sizes, unsigned n, int64_t size) {
    for (unsigned i = 0; i < n; i++)
        if (sizes[i] == size) return true;
    return false;
}

/* bucket_size, or 0 where it is not given. */
static int size_read(struct request *request) {
    int64_t size = 0;
    if (number_read(request, "bucket_size", 0, &size) != 0) return -1;
    if (!call_param(request->call, "bucket_size")) return 0;
    if (!is_among(request->schema->sizes, request->schema->n_sizes, size)) {
        struct buffer accepted = BUFFER_INIT;
        for (unsigned i = 0; i < request->schema->n_sizes; i++)
            buffer_printf(&accepted, "%s%" PRIu32, i ? ", " : "", request->schema->sizes[i]);
        call_refuse(request->call, "bucket_size", call_param(request->call, "bucket_size"), accepted.data);
        buffer_release(&accepted);
        return -1;
    }
    request->tally.size = (uint32_t)size;
    return 0;
}

static int numbers_read(struct request *request) {
    struct tally *tally = &request->tally;
    tally->last = INT64_MAX;
    request->resolution = 1;
    if (number_read(request, "limit", 0, &request->limit) != 0 ||
        number_read(request, "start_bucket", 0, &tally->first) != 0 ||
        number_read(request, "end_bucket", 0, &tally->last) != 0 ||
        number_read(request, "resolution", 1, &request->resolution) != 0 || size_read(request) != 0)
        return -1;
    /* One more than is taken tells whether there is more. */
    tally->limit = request->limit > 0 && request->limit <= API_ROWS_MAX ? (unsigned)request->limit : API_ROWS_MAX + 1;
    tally->biflow = call_param(request->call, "biflow");
    return 0;
}

/* "name="a","b"": the parameter's values as a term of a filter; addresses may be numbers. */
static void term_write(const char *name, const char *values, struct buffer *out) {
    const char *separator = "=", *at = values;
    char word[WORD_MAX];
    buffer_printf(out, " %s", name);
    while (word_next(&at, word)) {
        bool is_address = strstr(name, "host") || strcmp(name, "src") == 0 || strcmp(name, "dst") == 0;
        bool is_number = *word && strlen(word) <= 10 && word[strspn(word, "0123456789")] == '\0';
        uint64_t number = is_number ? strtoull(word, NULL, 10) : 0;
        buffer_printf(out, "%s\"", separator);
        separator = ",";
        if (is_address && is_number && number <= UINT32_MAX)
            buffer_printf(out, "%u.%u.%u.%u", (unsigned)(number >> 24), (unsigned)(number >> 16 & 255),
                          (unsigned)(number >> 8 & 255), (unsigned)(number & 255));
        else
            for (const char *c = word; *c; c++)
                buffer_printf(out, *c == '"' ? "\"%c" : "%c", *c);
        buffer_add_text(out, "\"");
    }
}

/* Appends one parameter's term to the text, and parses it anew: what is wrong then is this parameter. */
static int filter_param_read(struct request *request, unsigned i, struct buffer *text) {
    const char *value = call_param(request->call, filter_params[i].parameter);
    struct filter_fault fault = {"", ""};
    size_t len = text->len;
    if (!value) return 0;
    for (unsigned t = 0; t < 2 && filter_params[i].terms[t]; t++) {
        text->len = len;
        term_write(filter_params[i].terms[t], value, text);
        filter_release(&request->filter);
        if (filter_parse(&request->filter, &request->dimensions, text->data, &fault) == 0) {
            const struct dimension *dimension = request->filter.terms[request->filter.n_terms - 1].dimension;
            request->is_filtered = true;
            if (dimension->in_flows) return 0;
            snprintf(fault.accepted, sizeof fault.accepted, "nothing: the flows tables have no %s", dimension->name);
            break;
        }
    }
    call_refuse(request->call, filter_params[i].parameter, value, fault.accepted);
    return -1;
}

static int filters_read(struct request *request) {
    struct buffer text = BUFFER_INIT;
    int status = 0;
    for (unsigned i = 0; i < FILTER_PARAMS && status == 0; i++)
        status = filter_param_read(request, i, &text);
    request->tally.filter = &request->filter;
    for (size_t i = 0; i < sizeof kept_fields / sizeof kept_fields[0] && status == 0; i++) {
        const char *value = call_param(request->call, kept_fields[i].parameter);
        struct filter *kept = &request->kept[kept_fields[i].field];
        struct filter_fault fault;
        if (!value || !call_param(request->call, "black_others")) continue;
        buffer_clear(&text);
        term_write(kept_fields[i].dimension, value, &text);
        /* Of a field that is no flow key nothing is asked. */
        if (filter_parse(kept, &request->dimensions, text.data, &fault) == 0)
            request->tally.kept[kept_fields[i].field] = kept;
    }
    buffer_release(&text);
    return status;
}

/* Columns
 * --------------------------------------------------------------------------------------------------------------- */

static unsigned n_values(const struct request *request) {
    return tally_n_groups(request->schema, &request->tally) * (request->schema->layout->n_sums + 1);
}

/* The column of the table's key of this name, or -1. */
static int column_find(const struct request *request, const char *name) {
    for (unsigned i = 0; i < request->table->n_keys; i++)
        if (strcmp(request->table->keys[i].name, name) == 0) return (int)i;
    return -1;
}

/* The place of a value of this name, or -1. */
static int value_find(const struct request *request, const char *name) {
    char value[SCHEMA_NAME_MAX];
    for (unsigned i = 0; i < n_values(request); i++) {
        tally_value_name(request->schema, i, value, sizeof value);
        if (strcmp(value, name) == 0) return (int)i;
    }
    return -1;
}

static const char *const group_names[TALLY_GROUPS] = {"", "tcp", "udp", "icmp", "other", "src", "dst"};

/* The group of this name, or 0. */
static unsigned group_find(const struct request *request, const char *name) {
    for (unsigned group = 1; group < tally_n_groups(request->schema, &request->tally); group++)
        if (strcmp(group_names[group], name) == 0) return group;
    return 0;
}

static void columns_refuse(struct request *request, const char *parameter, const char *word, bool has_keys,
                           const char *more, bool has_values) {
    struct buffer accepted = BUFFER_INIT;
    char value[SCHEMA_NAME_MAX];
    buffer_add_text(&accepted, "names separated by commas, of");
    for (unsigned i = 0; has_keys && i < request->table->n_keys; i++)
        buffer_printf(&accepted, " %s", request->table->keys[i].name);
    buffer_add_text(&accepted, more);
    for (unsigned i = 0; has_values && i < n_values(request); i++) {
        tally_value_name(request->schema, i, value, sizeof value);
        buffer_printf(&accepted, " %s", value);
    }
    call_refuse(request->call, parameter, word, accepted.data);
    buffer_release(&accepted);
}

static void key_add(struct request *request, unsigned column, bool is_largest) {
    struct tally *tally = &request->tally;
    for (unsigned i = 0; i < tally->n_keys; i++)
        if (tally->keys[i].column == column) return;
    tally->keys[tally->n_keys++] = (struct tally_key){.column = column, .is_largest = is_largest};
}

/* aggregate: what the rows are told apart by. */
static int aggregate_read(struct request *request) {
    const char *at = call_param(request->call, "aggregate");
    bool is_flows = request->tally.kind == TABLE_FLOWS;
    char word[WORD_MAX];
    while (word_next(&at, word)) {
        int column = column_find(request, word);
        enum tally_ends ends = strcmp(word, "ipaddress") == 0 ? TALLY_ADDRESSES
                               : strcmp(word, "port") == 0    ? TALLY_PORTS
                                                              : TALLY_COLUMNS;
        if (ends != TALLY_COLUMNS && is_flows) {
            const struct dimension *both =
                dimension_find(&request->dimensions, ends == TALLY_PORTS ? "port" : "host", 4);
            bool is_alone = !at && request->tally.n_keys == 0 && !call_param(request->call, "fields");
            if (both && both->in_flows && is_alone) {
                request->tally.ends = ends;
                continue;
            }
            call_refuse(request->call, "aggregate", call_param(request->call, "aggregate"),
                        is_alone ? "flow keys: the flows tables lack one of the ends"
                                 : "ipaddress or port alone, without fields");
            return -1;
        }
        if (column < 0) {
            columns_refuse(request, "aggregate", word, true, is_flows ? " ipaddress port" : "", false);
            return -1;
        }
        key_add(request, (unsigned)column, false);
    }
    return 0;
}

/* fields: what the rows show. Of rows that are added up all values are shown, and of further keys the largest. */
static int fields_read(struct request *request) {
    const char *at = call_param(request->call, "fields");
    unsigned n = request->schema->layout->n_sums + 1;
    char word[WORD_MAX];
    bool is_all = !at;
    memset(request->shown_keys, is_all || request->is_aggregated, sizeof request->shown_keys);
    memset(request->shown_values, is_all || request->is_aggregated, sizeof request->shown_values);
    while (word_next(&at, word)) {
        int column = column_find(request, word), value = value_find(request, word);
        unsigned group = group_find(request, word);
        if (column >= 0)
            request->shown_keys[column] = true;
        else if (value >= 0)
            request->shown_values[value] = true;
        else if (group > 0)
            memset(request->shown_values + group * n, true, n);
        else {
            columns_refuse(request, "fields", word, true, " tcp udp icmp other", true);
            return -1;
        }
        if (column >= 0 && request->is_aggregated) key_add(request, (unsigned)column, true);
    }
    if (request->is_aggregated) return 0;
    int bucket = column_find(request, "bucket");
    if (bucket >= 0) request->shown_keys[bucket] = true;
    for (unsigned i = 0; i < request->table->n_keys; i++)
        key_add(request, schema_key_column(request->table, i), false);
    return 0;
}

/* A name of the answer's as the place of a sort. */
static int sort_find(const struct request *request, const char *name, struct tally_sort *sort) {
    const struct tally *tally = &request->tally;
    int value = value_find(request, name);
    sort->is_key = value < 0;
    sort->place = value < 0 ? 0 : (unsigned)value;
    if (value >= 0) return 0;
    if (tally->ends != TALLY_COLUMNS) return strcmp(name, "id") == 0 ? 0 : -1;
    while (sort->place < tally->n_keys && strcmp(request->table->keys[tally->keys[sort->place].column].name, name) != 0)
        sort->place++;
    return sort->place < tally->n_keys ? 0 : -1;
}

/* Cuts an " asc" or " desc" off the word. */
static bool word_is_descending(char *word) {
    char *blank = strrchr(word, ' ');
    bool is_descending = blank && strcasecmp(blank + 1, "desc") == 0;
    if (!is_descending && !(blank && strcasecmp(blank + 1, "asc") == 0)) return false;
    while (blank > word && *blank == ' ')
        *blank-- = '\0';
    return is_descending;
}

static int sort_read(struct request *request) {
    const char *at = call_param(request->call, "sort");
    struct tally *tally = &request->tally;
    char word[WORD_MAX];
    while (word_next(&at, word)) {
        if (tally->n_sorts == TALLY_SORTS_MAX) {
            char accepted[32];
            snprintf(accepted, sizeof accepted, "at most %d names", TALLY_SORTS_MAX);
            call_refuse(request->call, "sort", call_param(request->call, "sort"), accepted);
            return -1;
        }
        struct tally_sort *sort = &tally->sorts[tally->n_sorts++];
        sort->is_descending = word_is_descending(word);
        if (sort_find(request, word, sort) == 0) continue;
        bool is_id = tally->ends != TALLY_COLUMNS;
        columns_refuse(request, "sort", word, !is_id, is_id ? " id" : "", true);
        return -1;
    }
    return 0;
}

/* Finds the table; answers 404 where the store does without it. */
static int table_find(struct request *request) {
    request->table = schema_table(request->schema, request->tally.kind, FLOW_IPV4, request->tally.size);
    if (request->table) return 0;
    call_fail(request->call, 404,
              request->schema->leave_out & SCHEMA_LEAVE_PORTS && request->tally.kind == TABLE_PORTS
                  ? "the store has no index of ports ([import] leave_out)"
                  : "the store has no tables for all time ([import] leave_out)");
    return -1;
}

static int columns_read(struct request *request) {
    if (table_find(request) != 0) return -1;
    if (request->is_filtered && request->tally.kind != TABLE_FLOWS) {
        unsigned i = 0;
        while (!call_param(request->call, filter_params[i].parameter))
            i++;
        call_refuse(request->call, filter_params[i].parameter, call_param(request->call, filter_params[i].parameter),
                    "no filter, except under /api/dynamic/ together with aggregate: an index has no flows");
        return -1;
    }
    return aggregate_read(request) != 0 || fields_read(request) != 0 || sort_read(request) != 0 ? -1 : 0;
}

/* Answers
 * --------------------------------------------------------------------------------------------------------------- */

static void values_write(const struct request *request, const struct tally_row *row) {
    struct buffer *out = &request->call->body;
    const struct flow_layout *layout = request->schema->layout;
    unsigned n = layout->n_sums + 1;
    for (unsigned group = 0; group < n_values(request) / n; group++) {
        bool is_open = false;
        for (unsigned i = 0; i < n; i++) {
            if (!request->shown_values[group * n + i]) continue;
            if (group > 0 && !is_open) {
                answer_name(out, group_names[group]);
                buffer_add_text(out, "{");
                is_open = true;
            }
            answer_name(out, i < layout->n_sums ? layout->sums[i]->name : "flows");
            answer_value(out, layout, i, row->values[group * n + i]);
        }
        if (is_open) buffer_add_text(out, "}");
    }
}

static void row_write(void *context, const struct tally_row *row) {
    struct request *request = context;
    const struct tally *tally = &request->tally;
    struct buffer *out = &request->call->body;
    if (request->n_rows++ >= API_ROWS_MAX) return;
    if (!request->is_total_row) answer_comma(out);
    buffer_add_text(out, "{");
    for (unsigned i = 0; i < row->n_keys; i++) {
        if (tally->ends == TALLY_COLUMNS && !request->shown_keys[tally->keys[i].column]) continue;
        answer_name(out, row->keys[i].name);
        if (row->keys[i].is_number)
            buffer_add_text(out, row->keys[i].text);
        else
            show_quoted(out, row->keys[i].text);
    }
    values_write(request, row);
    buffer_add_text(out, "}");
}

/* "totalCounter":{...}, */
static enum store_status total_write(struct request *request, struct error *error) {
    enum store_status status = STORE_OK;
    struct buffer *out = &request->call->body;
    answer_name(out, "totalCounter");
    size_t begin = out->len;
    if (request->tally.kind != TABLE_FLOWS) {
        struct tally saved = request->tally;
        request->tally.total = request->is_total_row = true;
        request->tally.n_keys = 1; /* the id */
        request->tally.keys[0] = (struct tally_key){.column = schema_key_column(request->table, 0), .is_largest = true};
        request->tally.n_sorts = 0;
        status = tally_run(request->call->store, request->schema, &request->tally, row_write, request, error);
        request->tally = saved;
        request->is_total_row = false;
        request->n_rows = 0;
    }
    if (out->len == begin) buffer_add_text(out, "{}");
    return status;
}

/* "results":[...]} */
static enum store_status results_write(struct request *request, struct error *error) {
    struct buffer *out = &request->call->body;
    answer_name(out, "results");
    buffer_add_text(out, "[");
    enum store_status status =
        tally_run(request->call->store, request->schema, &request->tally, row_write, request, error);
    buffer_add_text(out, "]}\n");
    if (status == STORE_OK && request->n_rows > API_ROWS_MAX) {
        const char *limit = call_param(request->call, "limit");
        char accepted[96];
        snprintf(accepted, sizeof accepted, "a number from 1 to %d; there are more rows", API_ROWS_MAX);
        call_refuse(request->call, "limit", limit ? limit : "", accepted);
    }
    return status;
}

static void request_end(struct request *request, enum store_status status, const struct error *error) {
    if (status != STORE_OK) call_fail(request->call, 503, error->text);
    filter_release(&request->filter);
    for (unsigned i = 0; i < FLOW_TUPLE_FIELDS; i++)
        filter_release(&request->kept[i]);
}

static int request_begin(struct request *request, struct api_call *call) {
    *request = (struct request){.call = call, .schema = call->schema};
    request->is_aggregated = call_param(call, "aggregate");
    dimensions_init(&request->dimensions, call->schema->layout, NULL);
    return numbers_read(request) != 0 || filters_read(request) != 0 ? -1 : 0;
}

/* The first size of which no more than `resolution` buckets lie between the first and the last that has a row. */
static enum store_status size_choose(struct request *request, struct span *smallest, struct error *error) {
    struct span spans[BUCKET_SIZES_MAX];
    struct tally *tally = &request->tally;
    enum store_status status = spans_read(request->call->store, request->schema, spans, error);
    if (status != STORE_OK) return status;
    *smallest = spans[0];
    for (unsigned i = 0; i < request->schema->n_sizes && tally->size == 0; i++) {
        int64_t size = spans[i].size;
        int64_t first = tally->first > spans[i].first ? tally->first : spans[i].first;
        int64_t last = tally->last < spans[i].last ? tally->last : spans[i].last;
        if (i + 1 == request->schema->n_sizes || last < first || last / size - first / size < request->resolution)
            tally->size = spans[i].size;
    }
    return status;
}

/* Paths
 * ----------------------------------------------------------------------------------------------------------------- */

static enum store_status bucket_answer(struct request *request, struct error *error) {
    struct api_call *call = request->call;
    struct span all;
    enum store_status status = size_choose(request, &all, error);
    if (status != STORE_OK) return status;
    bool is_flows = request->is_filtered || request->is_aggregated || call_param(call, "fields");
    request->tally.kind = is_flows ? TABLE_FLOWS : TABLE_AGGR;
    if (columns_read(request) != 0) return STORE_OK;
    buffer_printf(&call->body, "{\"bucket_size\":%" PRIu32, request->tally.size);
    if (all.first <= all.last)
        buffer_printf(&call->body, ",\"global_min_bucket\":%" PRIu32 ",\"global_max_bucket\":%" PRIu32, all.first,
                      all.last);
    else
        buffer_add_text(&call->body, ",\"global_min_bucket\":null,\"global_max_bucket\":null");
    return results_write(request, error);
}

static enum store_status index_write(struct request *request, struct error *error) {
    if (columns_read(request) != 0) return STORE_OK;
    buffer_add_text(&request->call->body, "{");
    enum store_status status = total_write(request, error);
    return status == STORE_OK ? results_write(request, error) : status;
}

static void request_run(struct api_call *call, enum table_kind kind,
                        enum store_status (*answer)(struct request *request, struct error *error)) {
    struct request request;
    struct error error = {""};
    enum store_status status = STORE_OK;
    if (request_begin(&request, call) == 0) {
        request.tally.kind = kind;
        status = store_snapshot_begin(call->store, &error);
        if (status == STORE_OK) status = answer(&request, &error);
        status = store_snapshot_end(call->store, status, &error);
    }
    request_end(&request, status, &error);
}

/* All of the time there is, whatever time is asked for. */
static enum store_status index_answer(struct request *request, struct error *error) {
    request->tally.size = 0;
    request->tally.sides = !request->is_aggregated;
    return index_write(request, error);
}

static enum store_status dynamic_answer(struct request *request, struct error *error) {
    struct span all;
    enum store_status status = size_choose(request, &all, error);
    if (status != STORE_OK) return status;
    if (request->is_aggregated) {
        request->tally.kind = TABLE_FLOWS;
    } else {
        if (table_find(request) != 0) return STORE_OK;
        request->is_aggregated = true;
        key_add(request, schema_key_column(request->table, 0), false); /* the id */
    }
    return index_write(request, error);
}

static void bucket_query(struct api_call *call) { request_run(call, TABLE_FLOWS, bucket_answer); }
static void index_nodes(struct api_call *call) { request_run(call, TABLE_NODES, index_answer); }
static void index_ports(struct api_call *call) { request_run(call, TABLE_PORTS, index_answer); }
static void dynamic_nodes(struct api_call *call) { request_run(call, TABLE_NODES, dynamic_answer); }
static void dynamic_ports(struct api_call *call) { request_run(call, TABLE_PORTS, dynamic_answer); }

const struct api_endpoint api_original_endpoints[] = {
    {"/api/bucket/query", bucket_query},         {"/api/bucket/query/", bucket_query},
    {"/api/index/nodes", index_nodes},           {"/api/index/nodes/", index_nodes},
    {"/api/index/ports", index_ports},           {"/api/index/ports/", index_ports},
    {"/api/dynamic/index/nodes", dynamic_nodes}, {"/api/dynamic/index/ports", dynamic_ports},
};
const unsigned api_n_original_endpoints = sizeof api_original_endpoints / sizeof api_original_endpoints[0];
