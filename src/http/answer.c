/* Parameters into fields, rows into JSON and CSV. */
#include "http/answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/show.h"

const struct option_word answer_formats[] = {{"json", ANSWER_JSON}, {"csv", ANSWER_CSV}, {NULL, 0}};

/* Parameters
 * ------------------------------------------------------------------------------------------------------------ */

void answer_accepts(const struct option *row, struct buffer *out) {
    for (const struct option_word *word = row->words; word && word->word && row->type != OPTION_WORD; word++)
        buffer_printf(out, "%s or ", word->word);
    option_accepts(row, out);
}

static int param_refuse(struct api_call *call, const struct option *row, const char *value) {
    struct buffer accepted = BUFFER_INIT;
    answer_accepts(row, &accepted);
    api_refuse(call, row->name, value, accepted.data);
    buffer_release(&accepted);
    return -1;
}

static int unknown_refuse(struct api_call *call, const struct option *rows, unsigned n, const struct api_param *param) {
    struct buffer accepted = BUFFER_INIT;
    buffer_add_text(&accepted, n ? "the parameters " : "no parameters");
    for (unsigned i = 0; i < n; i++)
        buffer_printf(&accepted, "%s%s", i ? ", " : "", rows[i].name);
    api_refuse(call, param->name, param->value, accepted.data);
    buffer_release(&accepted);
    return -1;
}

static int param_set(struct api_call *call, const struct option *row, void *place) {
    const char *given = api_param(call, row->name), *text = given ? given : row->standard;
    if (row->type == OPTION_TEXT) {
        *(const char **)place = text;
        return 0;
    }
    memset(place, 0, option_size(row->type));
    if (!text) return 0;
    for (const struct option_word *word = row->words; word && word->word && row->type != OPTION_WORD; word++)
        if (strcmp(word->word, text) == 0) {
            *(int64_t *)place = word->value;
            return 0;
        }
    return option_parse(row, text, call->now, place) == 0 ? 0 : param_refuse(call, row, text);
}

int answer_params(struct api_call *call, const struct option *rows, unsigned n, void *target) {
    for (unsigned i = 0; i < call->n_params; i++) {
        unsigned row = 0;
        while (row < n && strcmp(rows[row].name, call->params[i].name) != 0)
            row++;
        if (row == n) return unknown_refuse(call, rows, n, &call->params[i]);
    }
    for (unsigned i = 0; i < n; i++)
        if (param_set(call, &rows[i], (char *)target + rows[i].offset) != 0) return -1;
    return 0;
}

int answer_range(struct api_call *call, int64_t from, int64_t to) {
    const char *given = api_param(call, "to");
    if (from < to) return 0;
    api_refuse(call, given ? "to" : "from", given ? given : api_param(call, "from"),
               given ? "a time after from" : "a time before now, which is where it ends without to");
    return -1;
}

int answer_filter(struct api_call *call, const struct dimensions *dimensions, const char *text, struct filter *filter) {
    struct filter_fault fault;
    if (filter_parse(filter, dimensions, text, &fault) == 0) return 0;
    api_refuse(call, "filter", fault.term, fault.accepted);
    return -1;
}

/* JSON
 * ------------------------------------------------------------------------------------------------------------------ */

void answer_comma(struct buffer *out) {
    if (out->len > 0 && !strchr("{[", out->data[out->len - 1])) buffer_add(out, ",", 1);
}

void answer_name(struct buffer *out, const char *name) {
    answer_comma(out);
    buffer_printf(out, "\"%s\":", name);
}

void answer_text(struct buffer *out, const char *name, const char *text) {
    answer_name(out, name);
    if (text)
        show_quoted(out, text);
    else
        buffer_add_text(out, "null");
}

void answer_number(struct buffer *out, const char *name, int64_t number) {
    answer_name(out, name);
    buffer_printf(out, "%" PRId64, number);
}

void answer_flows(struct buffer *out, uint64_t millionths) {
    buffer_printf(out, "%" PRIu64, millionths / FLOW_UNIT);
    if (millionths % FLOW_UNIT == 0) return;
    buffer_printf(out, ".%06" PRIu64, millionths % FLOW_UNIT);
    while (out->data[out->len - 1] == '0')
        out->data[--out->len] = '\0';
}

void answer_value(struct buffer *out, const struct flow_layout *layout, unsigned metric, uint64_t value) {
    if (metric == layout->n_sums)
        answer_flows(out, value);
    else
        buffer_printf(out, "%" PRIu64, value);
}

void answer_values(struct buffer *out, const struct flow_layout *layout, const uint64_t *values) {
    for (unsigned i = 0; i <= layout->n_sums; i++) {
        answer_name(out, metric_name(layout, i));
        answer_value(out, layout, i, values[i]);
    }
}

void answer_tables(struct buffer *out, const struct table *const *tables, unsigned n, uint64_t rows) {
    answer_name(out, "tables");
    buffer_add_text(out, "[");
    for (unsigned i = 0; i < n; i++)
        buffer_printf(out, "%s\"%s\"", i ? "," : "", tables[i]->name);
    buffer_printf(out, "],\"rows\":%" PRIu64, rows);
}

void answer_end(struct api_call *call, int64_t begin_us) {
    int64_t us = clock_monotonic_us() - begin_us;
    call->lasting = call->body.len;
    buffer_printf(&call->body, ",\"ms\":%" PRId64 ".%" PRId64 ",\"now\":%" PRId64 "}\n", us / 1000, us / 100 % 10,
                  call->now);
}

void answer_failed(struct api_call *call, const struct error *error) {
    if (!store_is_cancelled(call->store)) log_warning("api", "%s", error->text);
    api_fail(call, 503, API_STORE_FAILED);
}

/* CSV
 * -------------------------------------------------------------------------------------------------------------------
 */

void answer_csv_text(struct buffer *out, const char *text) {
    bool is_formula = *text && strchr("=+-@\t\r", *text);
    if (!is_formula && !text[strcspn(text, "\",\r\n")]) {
        buffer_add_text(out, text);
        return;
    }
    buffer_add_text(out, is_formula ? "\"'" : "\"");
    for (; *text; text++) {
        if (*text == '"') buffer_add(out, "\"", 1);
        buffer_add(out, text, 1);
    }
    buffer_add(out, "\"", 1);
}
