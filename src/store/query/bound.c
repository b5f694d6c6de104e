/* Bounds on sums, out of their text. */
#include "store/query/bound.h"

#include <string.h>

#include "store/schema.h"
#include "store/query/metric.h"

enum { NAME_MAX_BYTES = 64, DIGITS_MAX = 15 };

const char *const bound_signs[] = {
    [BOUND_LESS] = "<", [BOUND_AT_MOST] = "<=", [BOUND_GREATER] = ">", [BOUND_AT_LEAST] = ">="};

static size_t name_length(const char *term) { return strcspn(term, "=<> \t()\""); }

bool bound_is(const char *term) {
    size_t len = name_length(term);
    return len > 0 && *term != '!' && (term[len] == '<' || term[len] == '>');
}

/* "1.5M" in units of which the number has `unit`: a whole number of them. */
static int number_read(const char *text, size_t len, uint64_t unit, int64_t *value) {
    static const char prefixes[] = "kMGT";
    unsigned __int128 number = 0, part = 1;
    size_t at = 0, digits = 0;
    for (; at < len && text[at] >= '0' && text[at] <= '9' && digits <= DIGITS_MAX; at++, digits++)
        number = number * 10 + (unsigned)(text[at] - '0');
    if (digits == 0) return -1;
    if (at + 1 < len && text[at] == '.' && text[at + 1] >= '0' && text[at + 1] <= '9')
        for (at++; at < len && text[at] >= '0' && text[at] <= '9' && digits <= DIGITS_MAX; at++, digits++) {
            number = number * 10 + (unsigned)(text[at] - '0');
            part *= 10;
        }
    const char *prefix = at < len ? memchr(prefixes, text[at] == 'K' ? 'k' : text[at], strlen(prefixes)) : NULL;
    for (const char *step = prefixes; prefix && step <= prefix; step++)
        number *= 1000;
    at += prefix != NULL;
    number *= unit;
    if (at != len || digits > DIGITS_MAX || number % part != 0 || number / part > INT64_MAX) return -1;
    *value = (int64_t)(number / part);
    return 0;
}

int bound_parse(struct bound *bound, const struct flow_layout *layout, const char *term, size_t len) {
    char name[NAME_MAX_BYTES];
    size_t at = name_length(term);
    if (at >= sizeof name || at >= len || (term[at] != '<' && term[at] != '>')) return -1;
    memcpy(name, term, at);
    name[at] = '\0';
    int metric = metric_find(layout, name);
    if (metric < 0) return -1;
    bound->metric = (unsigned)metric;
    bound->sign = term[at] == '<' ? BOUND_LESS : BOUND_GREATER;
    if (term[++at] == '=') {
        bound->sign = bound->sign == BOUND_LESS ? BOUND_AT_MOST : BOUND_AT_LEAST;
        at++;
    }
    uint64_t unit = bound->metric == layout->n_sums ? FLOW_UNIT : 1;
    return at <= len ? number_read(term + at, len - at, unit, &bound->value) : -1;
}

void bound_accepts(const struct flow_layout *layout, struct buffer *out) {
    buffer_add_text(out, "a comparison such as octets>1M with <, <=, > or >= and a whole number, of ");
    metrics_show(layout, out);
}
