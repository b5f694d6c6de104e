/* The path /api/query: sums, groups and series. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/show.h"
#include "http/call.h"
#include "http/endpoints.h"
#include "store/query/query.h"

struct params {
    int64_t from, to;
    const char *filter, *group, *metric;
    uint64_t n, points;
    bool series, names;
    int64_t step;
    int compare, format;
};

/* Fewer than a query takes: a database limits the values of a statement, and those for series, and for the time before,
 * have every group's keys among them, once for each table. */
enum { GROUPS_MAX = 2 };

enum { COMPARE_NO, COMPARE_BEFORE };
static const struct option_word compare_words[] = {{"no", COMPARE_NO}, {"before", COMPARE_BEFORE}, {NULL, 0}};
static const struct option_word step_words[] = {{"auto", 0}, {NULL, 0}};

const struct option api_query_params[] = {
    PARAM_FROM(params),
    PARAM_TO(params),
    PARAM_FILTER(params),
    {.name = "group",
     .type = OPTION_TEXT,
     .offset = OPTION_AT(params, group, const char *),
     .help = "One dimension, or two separated by a comma; see DIMENSIONS."},
    {.name = "metric",
     .type = OPTION_TEXT,
     .offset = OPTION_AT(params, metric, const char *),
     .help = "The metric that groups are sorted by and series show: octets, packets, flows, or the element's name of a "
             "configured sum; or peers, ports or hosts, of which the different ones are counted."},
    {.name = "n",
     .type = OPTION_COUNT,
     .offset = OPTION_AT(params, n, uint64_t),
     .standard = "10",
     .min = 1,
     .max = 1000,
     .help = "The number of groups."},
    {.name = "series",
     .type = OPTION_BOOL,
     .offset = OPTION_AT(params, series, bool),
     .standard = "no",
     .help = "Whether the answer includes the metric over time."},
    {.name = "step",
     .type = OPTION_SECONDS,
     .offset = OPTION_AT(params, step, int64_t),
     .standard = "auto",
     .min = 1,
     .max = 31536000,
     .words = step_words,
     .help = "The time between two points of a series, rounded up to whole buckets.",
     .more = "auto selects the shortest round length that gives at most the number of points."},
    {.name = "points",
     .type = OPTION_COUNT,
     .offset = OPTION_AT(params, points, uint64_t),
     .standard = "300",
     .min = 1,
     .max = QUERY_POINTS_MAX,
     .help = "The maximum number of points in a series."},
    {.name = "compare",
     .type = OPTION_WORD,
     .offset = OPTION_AT(params, compare, int),
     .standard = "no",
     .words = compare_words,
     .help = "before includes the preceding period of the same length."},
    PARAM_FORMAT(params),
    PARAM_NAMES(params),
};
const unsigned api_query_n_params = sizeof api_query_params / sizeof api_query_params[0];

struct asked { /* with what the query borrows */
    struct params params;
    struct dimensions dimensions;
    struct filter filter;
    struct query query;
};

/* Parameters
 * ------------------------------------------------------------------------------------------------------------ */

static int group_refuse(struct api_call *call, const struct dimensions *dimensions, const char *text) {
    struct buffer accepted = BUFFER_INIT;
    buffer_printf(&accepted, "at most %d different names, separated by commas, of ", GROUPS_MAX);
    dimensions_show(dimensions, &accepted);
    call_refuse(call, "group", text, accepted.data);
    buffer_release(&accepted);
    return -1;
}

static int group_read(struct api_call *call, struct asked *asked) {
    const char *text = asked->params.group;
    struct query *query = &asked->query;
    for (const char *at = text; at && *at;) {
        size_t len = strcspn(at, ",");
        const struct dimension *dimension = dimension_find(&asked->dimensions, at, len);
        if (!dimension || query->n_group == GROUPS_MAX || (query->n_group > 0 && query->group[0] == dimension))
            return group_refuse(call, &asked->dimensions, text);
        query->group[query->n_group++] = dimension;
        at += len;
        if (*at == ',' && !*++at) return group_refuse(call, &asked->dimensions, text);
    }
    return 0;
}

static int metric_read(struct api_call *call, struct asked *asked) {
    struct buffer accepted = BUFFER_INIT;
    asked->query.distinct = distinct_find(asked->params.metric);
    int metric = metric_find(call->schema->layout, asked->query.distinct ? NULL : asked->params.metric);
    asked->query.metric = (unsigned)metric;
    if (metric >= 0) return 0;
    metrics_show(call->schema->layout, &accepted);
    buffer_add_text(&accepted, ", ");
    distincts_show(&accepted);
    call_refuse(call, "metric", asked->params.metric, accepted.data);
    buffer_release(&accepted);
    return -1;
}

/* -1: refused. The filter is to be released in either case. */
static int asked_read(struct api_call *call, struct asked *asked) {
    const struct params *params = &asked->params;
    memset(asked, 0, sizeof *asked);
    dimensions_init(&asked->dimensions, call->schema->layout, call->book);
    if (call_params(call, api_query_params, api_query_n_params, &asked->params) != 0) return -1;
    asked->query = (struct query){.from = params->from,
                                  .to = params->to,
                                  .filter = &asked->filter,
                                  .n = (unsigned)params->n,
                                  .series = params->series,
                                  .step = (uint32_t)params->step,
                                  .points = (unsigned)params->points,
                                  .before = params->compare == COMPARE_BEFORE};
    if (call_range(call, params->from, params->to) != 0 || group_read(call, asked) != 0 ||
        metric_read(call, asked) != 0)
        return -1;
    return call_filter(call, &asked->dimensions, params->filter, &asked->filter);
}

/* The answer
 * ------------------------------------------------------------------------------------------------------------ */

enum member { MEMBER_KEY, MEMBER_NAME, MEMBER_SOURCE };

/* What is known of a group's value beside it. */
static void name_find(const struct api_call *call, const struct query *query, const struct query_group *group,
                      unsigned which, struct named *named) {
    const uint8_t *values[QUERY_GROUPS_MAX];
    for (unsigned i = 0; i < query->n_group; i++)
        values[i] = group->key[i];
    const struct named_row row = {group->family, query->n_group, query->group, values};
    call_name(call, &row, which, named);
}

/* "key":["a","b"] of a group, or the same of their names, or of the names' sources. */
static void keys_write(struct api_call *call, const struct query *query, const struct query_group *group,
                       enum member member, struct buffer *text) {
    static const char *const members[] = {"key", "name", "source"};
    struct buffer *out = &call->body;
    answer_name(out, members[member]);
    buffer_add_text(out, "[");
    for (unsigned i = 0; i < query->n_group; i++) {
        struct named named;
        buffer_clear(text);
        if (member == MEMBER_KEY)
            dimension_text(query->group[i], group->family, group->key[i], text);
        else
            name_find(call, query, group, i, &named);
        answer_comma(out);
        show_quoted(out, member == MEMBER_NAME     ? named.text
                         : member == MEMBER_SOURCE ? named.source
                         : text->data              ? text->data
                                                   : "");
    }
    buffer_add_text(out, "]");
}

/* {"octets":1,...} or null */
static void sums_write(struct api_call *call, const char *name, const sum_wide *values) {
    answer_name(&call->body, name);
    if (!values) {
        buffer_add_text(&call->body, "null");
        return;
    }
    buffer_add_text(&call->body, "{");
    answer_values(&call->body, call->schema->layout, values);
    buffer_add_text(&call->body, "}");
}

static void groups_write(struct api_call *call, const struct query *query, const struct query_result *result) {
    struct buffer *out = &call->body, text = BUFFER_INIT;
    answer_name(out, "groups");
    buffer_add_text(out, "[");
    for (unsigned i = 0; i < result->n_groups; i++) {
        const struct query_group *group = &result->groups[i];
        buffer_add_text(out, i ? ",{" : "{");
        for (enum member member = MEMBER_KEY; member <= MEMBER_SOURCE; member++)
            keys_write(call, query, group, member, &text);
        answer_values(out, call->schema->layout, group->values);
        if (query->distinct) answer_number(out, distinct_name(query->distinct), (int64_t)group->distinct);
        sums_write(call, "before", result->has_before ? group->before : NULL);
        buffer_add_text(out, "}");
    }
    buffer_add_text(out, "]");
    buffer_release(&text);
}

static void others_write(struct api_call *call, const struct query_result *result) {
    answer_name(&call->body, "others");
    if (!result->has_others) {
        buffer_add_text(&call->body, "null");
        return;
    }
    buffer_add_text(&call->body, "{");
    answer_values(&call->body, call->schema->layout, result->others);
    sums_write(call, "before", result->has_before ? result->others_before : NULL);
    buffer_add_text(&call->body, "}");
}

static void series_write(struct api_call *call, const struct query *query, const struct query_result *result) {
    struct buffer *out = &call->body;
    answer_number(out, "step", result->step);
    answer_name(out, "times");
    buffer_add_text(out, "[");
    for (unsigned t = 0; t < result->n_times; t++)
        buffer_printf(out, "%s%" PRIu64, t ? "," : "", result->first_time + (uint64_t)t * result->step);
    buffer_add_text(out, "],\"series\":[");
    for (unsigned s = 0; s < result->n_series; s++) {
        buffer_add_text(out, s ? ",[" : "[");
        for (unsigned t = 0; t < result->n_times; t++) {
            if (t) buffer_add(out, ",", 1);
            answer_value(out, call->schema->layout, query->metric, result->series[(size_t)s * result->n_times + t]);
        }
        buffer_add_text(out, "]");
    }
    buffer_add_text(out, "]");
}

static const char *metric_shown(const struct api_call *call, const struct query *query) {
    return query->distinct ? distinct_name(query->distinct) : metric_name(call->schema->layout, query->metric);
}

static void json_write(struct api_call *call, const struct query *query, const struct query_result *result,
                       int64_t begin_us) {
    struct buffer *out = &call->body;
    buffer_add_text(out, "{");
    answer_number(out, "from", (int64_t)result->from);
    answer_number(out, "to", (int64_t)result->to);
    answer_number(out, "size", result->size);
    answer_text(out, "metric", metric_shown(call, query));
    if (query->distinct) {
        answer_name(out, "partial");
        buffer_add_text(out, result->is_partial ? "true" : "false");
    }
    answer_tables(out, result->tables, result->n_tables, result->rows);
    sums_write(call, "total", result->total);
    sums_write(call, "before", result->has_before ? result->before : NULL);
    groups_write(call, query, result);
    others_write(call, result);
    if (query->series) series_write(call, query, result);
    call_end(call, begin_us);
}

static void csv_values(struct api_call *call, const sum_wide *values) {
    for (unsigned i = 0; i <= call->schema->layout->n_sums; i++) {
        buffer_add_text(&call->body, ",");
        answer_value(&call->body, call->schema->layout, i, values[i]);
    }
}

/* "192.0.2.7,tcp": a group's keys, or for the others "others,". With names each has two columns more. */
static void csv_keys(struct api_call *call, const struct asked *asked, const struct query_group *group) {
    struct buffer text = BUFFER_INIT;
    const struct query *query = &asked->query;
    for (unsigned i = 0; i < query->n_group; i++) {
        struct named named = {.source = ""};
        buffer_clear(&text);
        if (group) dimension_text(query->group[i], group->family, group->key[i], &text);
        if (i) buffer_add_text(&call->body, ",");
        const char *key = group ? text.data ? text.data : "" : i == 0 ? "others" : "";
        if (dimension_is_number(query->group[i]))
            buffer_add_text(&call->body, key);
        else
            answer_csv_text(&call->body, key);
        if (!asked->params.names) continue;
        if (group) name_find(call, query, group, i, &named);
        answer_csv_name(&call->body, named.text, named.source);
    }
    buffer_release(&text);
}

/* With series a line for each time and group; else a line for each group, or for the total. */
static void csv_write(struct api_call *call, const struct asked *asked, const struct query_result *result) {
    struct buffer *out = &call->body;
    const struct query *query = &asked->query;
    const struct flow_layout *layout = call->schema->layout;
    call->type = "text/csv; charset=utf-8; header=present";
    buffer_add_text(out, query->series ? "time" : "");
    for (unsigned i = 0; i < query->n_group; i++) {
        const char *name = query->group[i]->name;
        buffer_printf(out, "%s%s", query->series || i ? "," : "", name);
        if (asked->params.names) buffer_printf(out, ",%s_name,%s_source", name, name);
    }
    if (query->series) buffer_printf(out, ",%s", metric_name(layout, query->metric));
    for (unsigned i = 0; i <= layout->n_sums && !query->series; i++)
        buffer_printf(out, "%s%s", query->n_group || i ? "," : "", metric_name(layout, i));
    if (query->distinct) buffer_printf(out, ",%s", distinct_name(query->distinct));
    buffer_add_text(out, "\r\n");
    for (unsigned t = 0; t < result->n_times; t++)
        for (unsigned s = 0; s < result->n_series; s++) {
            buffer_printf(out, "%" PRIu64, result->first_time + (uint64_t)t * result->step);
            if (query->n_group) buffer_add_text(out, ",");
            csv_keys(call, asked, s < result->n_groups ? &result->groups[s] : NULL);
            buffer_add_text(out, ",");
            answer_value(out, layout, query->metric, result->series[(size_t)s * result->n_times + t]);
            buffer_add_text(out, "\r\n");
        }
    if (query->series) return;
    for (unsigned i = 0; i < result->n_groups + (query->n_group == 0 || result->has_others); i++) {
        bool is_group = i < result->n_groups;
        size_t begin = out->len;
        csv_keys(call, asked, is_group ? &result->groups[i] : NULL);
        csv_values(call, is_group ? result->groups[i].values : query->n_group ? result->others : result->total);
        if (query->distinct && is_group)
            buffer_printf(out, ",%" PRIu64, result->groups[i].distinct);
        else if (query->distinct)
            buffer_add_text(out, ",");
        if (query->n_group == 0) { /* the comma before the first value */
            memmove(out->data + begin, out->data + begin + 1, out->len - begin);
            out->len--;
        }
        buffer_add_text(out, "\r\n");
    }
}

void api_query(struct api_call *call) {
    int64_t begin_us = clock_monotonic_us();
    struct asked asked;
    struct query_result result;
    struct error error;
    if (asked_read(call, &asked) == 0) {
        if (query_run(call->store, call->schema, &asked.query, &result, &error) != STORE_OK) {
            call_store_failed(call, &error);
        } else {
            if (result.refused.parameter)
                call_refuse(call, result.refused.parameter, result.refused.value, result.refused.accepted);
            else if (asked.params.format == ANSWER_CSV)
                csv_write(call, &asked, &result);
            else
                json_write(call, &asked.query, &result, begin_us);
            query_release(&result);
        }
    }
    filter_release(&asked.filter);
}
