/* Replies taken apart while they arrive. */
#include "queue/replies.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    DIGITS_MAX = 18,
    MORE = 1, /* of the functions below, beside 0 and what replies_take() answers: what is here does not suffice */
};

struct taking {
    struct replies *replies;
    const char *span, *at, *end; /* [span, at) is to be passed on, [at, end) not yet looked at */
    const struct replies_handler *handler;
};

static int pass(struct taking *taking, const char *bytes, size_t len) {
    struct replies *replies = taking->replies;
    replies->passed += len;
    if (replies->passed > REPLIES_BYTES_MAX) return REPLIES_TOO_LARGE;
    return len == 0 || taking->handler->pass(taking->handler->context, bytes, len) == 0 ? 0 : REPLIES_BROKEN;
}

static int span_pass(struct taking *taking) {
    const char *span = taking->span;
    taking->span = taking->at;
    return pass(taking, span, (size_t)(taking->at - span));
}

/* After `whole`, nothing of the connection may be touched before it is known whether there still is one. */
static inline int value_end(struct taking *taking) {
    struct replies *replies = taking->replies;
    replies->state = REPLIES_BEGIN;
    if (--replies->values > 0) return 0;
    int status = span_pass(taking);
    if (status != 0) return status;
    replies->direct = false;
    replies->seen = replies->passed = 0;
    return taking->handler->whole(taking->handler->context) == 0 ? 0 : REPLIES_ENDED;
}

/* What stands behind "$<number>\r\n" or "*<number>\r\n", the number -1 or more; NULL: that is not here as a whole, or
 * there is no such line. */
static inline const char *number_read(const char *line, const char *end, int64_t *number) {
    const char *at = line + 1;
    bool minus = at < end && *at == '-';
    at += minus;
    const char *digits = at;
    for (*number = 0; at < end && *at >= '0' && *at <= '9' && at - digits < DIGITS_MAX; at++)
        *number = *number * 10 + (*at - '0');
    if (at == digits || end - at < 2 || at[0] != '\r' || at[1] != '\n' || (minus && *number != 1)) return NULL;
    if (minus) *number = -1;
    return at + 2;
}

/* Its length goes in front of its head. */
static int head_pass(struct taking *taking, uint64_t size) {
    char text[64];
    int len = snprintf(text, sizeof text, "*2\r\n:%" PRIu64 "\r\n$%d\r\n", size, ENTRY_HEAD_BYTES);
    return pass(taking, text, (size_t)len);
}

static int string_begin(struct taking *taking, const char *text, uint64_t size) {
    struct replies *replies = taking->replies;
    bool cut = size > ENTRY_BYTES_MAX;
    int status = cut ? span_pass(taking) : 0;
    if (cut && status == 0) status = head_pass(taking, size);
    if (status != 0) return status;
    taking->at = text;
    if (cut) taking->span = text;
    replies->state = cut ? REPLIES_HEAD : REPLIES_STRING;
    replies->left = cut ? ENTRY_HEAD_BYTES : size + 2;
    replies->rest = cut ? size - ENTRY_HEAD_BYTES : 0;
    return 0;
}

/* An element is handed over as a whole. */
static inline int element_take(struct taking *taking, const char *text, uint64_t size) {
    struct replies *replies = taking->replies;
    uint64_t here = (uint64_t)(taking->end - text);
    bool cut = size > ENTRY_BYTES_MAX;
    if (here < (cut ? ENTRY_HEAD_BYTES : size + 2)) return MORE;
    taking->handler->element(taking->handler->context, text, size);
    taking->span = taking->at = text + (cut ? ENTRY_HEAD_BYTES : size + 2);
    if (!cut) return value_end(taking);
    replies->state = REPLIES_REST;
    replies->left = size - ENTRY_HEAD_BYTES + 2;
    return 0;
}

static int array_begin(struct taking *taking, const char *behind, int64_t n, bool begins) {
    struct replies *replies = taking->replies;
    const struct replies_handler *handler = taking->handler;
    char text[32];
    taking->at = behind;
    if (begins && n >= 0 && handler->wanted(handler->context)) {
        taking->span = behind;
        replies->direct = true;
        int len = snprintf(text, sizeof text, ":%" PRId64 "\r\n", n);
        int status = pass(taking, text, (size_t)len);
        if (status != 0) return status;
    }
    if (n > 0) replies->values += (uint64_t)n;
    if (n > 0 && !replies->direct) replies->seen += (uint64_t)n;
    return replies->seen <= REPLIES_VALUES_MAX ? value_end(taking) : REPLIES_TOO_LARGE;
}

static int line_begin(struct taking *taking) {
    struct replies *replies = taking->replies;
    size_t here = (size_t)(taking->end - taking->at);
    int64_t number;
    bool begins = replies->values == 0;
    if (*taking->at != '$' && (*taking->at != '*' || replies->direct)) {
        replies->values += begins;
        replies->state = REPLIES_LINE;
        replies->left = 0;
        return replies->direct ? REPLIES_BROKEN : 0;
    }
    const char *behind = number_read(taking->at, taking->end, &number);
    if (!behind) return here < REPLIES_LINE_MAX && !memchr(taking->at, '\n', here) ? MORE : REPLIES_BROKEN;
    replies->values += begins;
    if (*taking->at == '*') return array_begin(taking, behind, number, begins);
    if (number >= 0 && replies->direct) return element_take(taking, behind, (uint64_t)number);
    if (number >= 0) return string_begin(taking, behind, (uint64_t)number);
    if (replies->direct) return REPLIES_BROKEN; /* no list has elements that are nil */
    taking->at = behind;
    return value_end(taking);
}

static int line_go_on(struct taking *taking) {
    struct replies *replies = taking->replies;
    const char *newline = memchr(taking->at, '\n', (size_t)(taking->end - taking->at));
    const char *end = newline ? newline + 1 : taking->end;
    replies->left += (uint64_t)(end - taking->at);
    taking->at = end;
    if (replies->left > REPLIES_TEXT_MAX) return REPLIES_TOO_LARGE;
    return newline ? value_end(taking) : 0;
}

static int string_go_on(struct taking *taking) {
    struct replies *replies = taking->replies;
    uint64_t here = (uint64_t)(taking->end - taking->at), n = replies->left < here ? replies->left : here;
    taking->at += n;
    replies->left -= n;
    if (replies->state == REPLIES_REST) taking->span = taking->at;
    if (replies->left > 0) return 0;
    if (replies->state != REPLIES_HEAD) return value_end(taking);
    /* The end of line that was the string's is dropped, and one passed on behind the head. */
    replies->state = REPLIES_REST;
    replies->left = replies->rest + 2;
    int status = span_pass(taking);
    return status == 0 ? pass(taking, "\r\n", 2) : status;
}

ssize_t replies_take(struct replies *replies, const char *bytes, size_t len, const struct replies_handler *handler) {
    struct taking taking = {replies, bytes, bytes, bytes + len, handler};
    int status = 0;
    while (taking.at < taking.end && status == 0)
        switch (replies->state) {
        case REPLIES_BEGIN: status = line_begin(&taking); break;
        case REPLIES_LINE: status = line_go_on(&taking); break;
        case REPLIES_STRING:
        case REPLIES_HEAD:
        case REPLIES_REST: status = string_go_on(&taking); break;
        }
    if (status >= 0) status = span_pass(&taking);
    return status == 0 ? taking.at - bytes : status;
}
