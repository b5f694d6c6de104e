/* Replies of Redis on their way from the socket: elements of an array that somebody waits for go straight to them, out
 * of the read buffer; all else goes to hiredis' reader, with every string that is too long for an entry cut to its
 * head: hiredis holds a string as a whole before it hands it over, and a stranger decides how long an entry is.
 *
 * Knows of the protocol (RESP2: lines, and "$<length>\r\n<bytes>\r\n") where a string begins and where a reply ends. A
 * string of more than ENTRY_BYTES_MAX bytes is passed on as an array of two: its length, and its first ENTRY_HEAD_BYTES
 * bytes. Memory: the struct; and who is behind `pass` holds a reply until it is whole, which a server that is none
 * could make as long as it likes, so one beyond the bounds below is not passed on any further. */
#ifndef FLOWIMPORT_QUEUE_REPLIES_H
#define FLOWIMPORT_QUEUE_REPLIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "flow/entry.h"

enum {
    REPLIES_LINE_MAX = 24,                                     /* "$<length>\r\n", "*<elements>\r\n" */
    REPLIES_KEPT_MAX = REPLIES_LINE_MAX + ENTRY_BYTES_MAX + 2, /* bytes that may wait for more */
    REPLIES_BROKEN = -1,                                       /* that is no reply of Redis, or memory is out */
    REPLIES_ENDED = -2,                                        /* by `whole` */
    REPLIES_TOO_LARGE = -3,                                    /* beyond one of these: */
    REPLIES_TEXT_MAX = 64 << 10,   /* bytes of a line; the longest of Redis' own are errors of some hundreds */
    REPLIES_VALUES_MAX = 1 << 22,  /* of one reply, arrays in arrays among them: as many names of claims */
    REPLIES_BYTES_MAX = 320 << 20, /* of one reply: a take of 256 entries, each as long as may be */
};

struct replies { /* all zero at the beginning of a connection */
    enum {
        REPLIES_BEGIN,  /* a line begins */
        REPLIES_LINE,   /* in one that is a whole value */
        REPLIES_STRING, /* in a string that is passed on, and its end of line: `left` bytes */
        REPLIES_HEAD,   /* in the head of one that is cut: `left` bytes */
        REPLIES_REST,   /* behind the head: `left` bytes, and the end of line */
    } state;
    bool direct;         /* the elements of the reply under way go to handler.element */
    uint64_t values;     /* of the reply under way that are still to come; 0: none is under way */
    uint64_t left, rest; /* of a line, `left` is how many bytes it has so far */
    uint64_t seen;       /* values of the reply under way, those to come included */
    uint64_t passed;     /* its bytes so far */
};

struct replies_handler {
    void *context;
    /* Whether the elements of the array that begins are waited for. Then the number of them is passed on in its place,
     * before the first of them comes. */
    bool (*wanted)(void *context);
    /* Of more than ENTRY_BYTES_MAX bytes, only the first ENTRY_HEAD_BYTES are there. */
    void (*element)(void *context, const char *text, size_t len);
    int (*pass)(void *context, const char *bytes, size_t len); /* not 0: REPLIES_BROKEN */
    int (*whole)(void *context); /* a reply has been passed on; not 0: REPLIES_ENDED, and the struct may be gone */
};

/* How many of the bytes are used up; the others must come again, with more behind them. Or REPLIES_BROKEN, _ENDED,
 * _TOO_LARGE.
 * Bytes are passed on in few calls: one for each reply, where nothing is cut. */
ssize_t replies_take(struct replies *replies, const char *bytes, size_t len, const struct replies_handler *handler)
    __attribute__((warn_unused_result));

#endif
