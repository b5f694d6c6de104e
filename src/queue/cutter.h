/* Replies of Redis on their way to hiredis' reader, with every string that is too long for an entry cut to its head:
 * hiredis holds a string as a whole before it hands it over, and a stranger decides how long an entry is.
 *
 * Knows no more of the protocol (RESP2: lines, and "$<length>\r\n<bytes>\r\n") than where a string begins. A string of
 * more than ENTRY_BYTES_MAX bytes is handed on as an array of two: its length, and its first ENTRY_HEAD_BYTES bytes.
 * Memory: the struct. */
#ifndef FLOWIMPORT_QUEUE_CUTTER_H
#define FLOWIMPORT_QUEUE_CUTTER_H

#include <stddef.h>
#include <stdint.h>

enum { CUTTER_SIZE_LINE = 24 }; /* "$<length>\r\n" */

struct cutter { /* all zero at the beginning of a connection */
    enum cutter_state {
        CUTTER_BEGIN,  /* a line begins */
        CUTTER_LINE,   /* in a line that announces no string */
        CUTTER_SIZE,   /* in a size line that came in pieces: `held` */
        CUTTER_STRING, /* in a string that is handed on, and its end of line: `left` bytes */
        CUTTER_HEAD,   /* in the head of one that is cut: `left` bytes */
        CUTTER_REST,   /* behind the head: `left` bytes to be dropped */
    } state;
    uint64_t left, rest;
    unsigned n_held;
    char held[CUTTER_SIZE_LINE];
};

/* Takes bytes to be handed on. 0, or -1: nothing more can be taken. */
typedef int cutter_out_fn(void *context, const char *bytes, size_t len);

/* Hands on what is left of the next piece, in few calls: one, where nothing is cut and no size line stands across the
 * piece's end. 0, or -1 as soon as `out` says so. */
int cutter_pass(struct cutter *cutter, const char *bytes, size_t len, cutter_out_fn *out, void *context)
    __attribute__((warn_unused_result));

#endif
