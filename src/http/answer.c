/* Values and rows as JSON and CSV. */
#include "http/answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/show.h"

const struct option_word answer_formats[] = {{"json", ANSWER_JSON}, {"csv", ANSWER_CSV}, {NULL, 0}};

/* --- JSON --- */

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

static void sum_write(struct buffer *out, sum_wide sum) {
    char text[SUM_DIGITS + 1];
    buffer_add_text(out, sum_text(sum, 0, text));
}

void answer_flows(struct buffer *out, sum_wide millionths) {
    unsigned rest = (unsigned)(millionths % FLOW_UNIT);
    sum_write(out, millionths / FLOW_UNIT);
    if (rest == 0) return;
    buffer_printf(out, ".%06u", rest);
    while (out->data[out->len - 1] == '0')
        out->data[--out->len] = '\0';
}

void answer_value(struct buffer *out, const struct flow_layout *layout, unsigned metric, sum_wide value) {
    if (metric == layout->n_sums)
        answer_flows(out, value);
    else
        sum_write(out, value);
}

void answer_values(struct buffer *out, const struct flow_layout *layout, const sum_wide *values) {
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

/* --- CSV --- */

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

void answer_csv_name(struct buffer *out, const char *name, const char *source) {
    buffer_add_text(out, ",");
    answer_csv_text(out, name);
    buffer_printf(out, ",%s", source);
}
