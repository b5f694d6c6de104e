/* Long strings of replies, cut while they arrive. */
#include "queue/cutter.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "flow/entry.h"

enum { DIGITS_MAX = 18 };

struct pass {
    struct cutter *cutter;
    const char *span, *at, *end; /* [span, at) is to be handed on, [at, end) not yet looked at */
    cutter_out_fn *out;
    void *context;
};

static int hand_on(struct pass *pass, const char *bytes, size_t len) {
    return len > 0 ? pass->out(pass->context, bytes, len) : 0;
}

static int span_hand_on(struct pass *pass) {
    const char *span = pass->span;
    pass->span = pass->at;
    return hand_on(pass, span, (size_t)(pass->at - span));
}

/* What stands behind "$<length>\r\n"; NULL: that is not here as a whole, or is no such line. */
static inline const char *size_read(const char *line, const char *end, uint64_t *size) {
    const char *at = line + 1;
    *size = 0;
    for (; at < end && *at >= '0' && *at <= '9' && at - line <= DIGITS_MAX; at++)
        *size = *size * 10 + (uint64_t)(*at - '0');
    return at > line + 1 && end - at >= 2 && at[0] == '\r' && at[1] == '\n' ? at + 2 : NULL;
}

/* Whether it is one to be cut: then its new beginning is handed on. */
static int string_begin(struct pass *pass, uint64_t size) {
    struct cutter *cutter = pass->cutter;
    char text[64];
    if (size <= ENTRY_BYTES_MAX) {
        cutter->state = CUTTER_STRING;
        cutter->left = size + 2;
        return 0;
    }
    int len = snprintf(text, sizeof text, "*2\r\n:%" PRIu64 "\r\n$%d\r\n", size, ENTRY_HEAD_BYTES);
    cutter->state = CUTTER_HEAD;
    cutter->left = ENTRY_HEAD_BYTES;
    cutter->rest = size - ENTRY_HEAD_BYTES;
    return hand_on(pass, text, (size_t)len);
}

static int line_begin(struct pass *pass) {
    struct cutter *cutter = pass->cutter;
    size_t left = (size_t)(pass->end - pass->at);
    uint64_t size;
    cutter->state = CUTTER_LINE;
    if (*pass->at != '$') return 0;
    const char *next = size_read(pass->at, pass->end, &size);
    if (next && size <= ENTRY_BYTES_MAX) {
        pass->at = next;
        return string_begin(pass, size);
    }
    if (next) {
        if (span_hand_on(pass) != 0) return -1;
        pass->span = pass->at = next;
        return string_begin(pass, size);
    }
    if (left >= CUTTER_SIZE_LINE || memchr(pass->at, '\n', left)) return 0; /* no string: -1, or nonsense */
    if (span_hand_on(pass) != 0) return -1;
    cutter->state = CUTTER_SIZE;
    cutter->n_held = 0;
    return 0;
}

/* A size line's bytes one by one, held until it is known what they announce. */
static int size_go_on(struct pass *pass) {
    struct cutter *cutter = pass->cutter;
    uint64_t size;
    char last = cutter->held[cutter->n_held++] = *pass->at++;
    pass->span = pass->at;
    if (last != '\n' && cutter->n_held < CUTTER_SIZE_LINE) return 0;
    bool is_size = size_read(cutter->held, cutter->held + cutter->n_held, &size) != NULL;
    if (is_size && size > ENTRY_BYTES_MAX) return string_begin(pass, size);
    cutter->state = last == '\n' ? CUTTER_BEGIN : CUTTER_LINE;
    if (hand_on(pass, cutter->held, cutter->n_held) != 0) return -1;
    return is_size ? string_begin(pass, size) : 0;
}

static void line_go_on(struct pass *pass) {
    const char *newline = memchr(pass->at, '\n', (size_t)(pass->end - pass->at));
    pass->at = newline ? newline + 1 : pass->end;
    if (newline) pass->cutter->state = CUTTER_BEGIN;
}

static int string_go_on(struct pass *pass) {
    struct cutter *cutter = pass->cutter;
    enum cutter_state state = cutter->state;
    uint64_t here = (uint64_t)(pass->end - pass->at), n = cutter->left < here ? cutter->left : here;
    pass->at += n;
    cutter->left -= n;
    if (state == CUTTER_REST) pass->span = pass->at;
    if (cutter->left > 0) return 0;
    cutter->state = state == CUTTER_STRING ? CUTTER_BEGIN : state == CUTTER_HEAD ? CUTTER_REST : CUTTER_STRING;
    cutter->left = state == CUTTER_HEAD ? cutter->rest : state == CUTTER_REST ? 2 : 0; /* its end of line */
    return state == CUTTER_HEAD ? span_hand_on(pass) : 0;
}

int cutter_pass(struct cutter *cutter, const char *bytes, size_t len, cutter_out_fn *out, void *context) {
    struct pass pass = {cutter, bytes, bytes, bytes + len, out, context};
    int failed = 0;
    while (pass.at < pass.end && !failed)
        switch (cutter->state) {
        case CUTTER_BEGIN: failed = line_begin(&pass); break;
        case CUTTER_LINE: line_go_on(&pass); break;
        case CUTTER_SIZE: failed = size_go_on(&pass); break;
        case CUTTER_STRING:
        case CUTTER_HEAD:
        case CUTTER_REST: failed = string_go_on(&pass); break;
        }
    return failed ? -1 : span_hand_on(&pass);
}
