/* What is known to be lost, counted: an entry of its own on the queue, and rows of the table `loss`, so that a dip in
 * the data can be told from a gap.
 *
 *   {"lost":12,"what":"flows","source":"192.0.2.1/0","start":1700000000,"end":1700000004}
 *
 * An entry is one where it begins with `{"lost":`. Its count is spread over its time as a flow's sums are. */
#ifndef FLOWIMPORT_FLOW_LOST_H
#define FLOWIMPORT_FLOW_LOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "flow/reject.h"

/* What is counted, and so how it was noticed. */
enum lost_what {
    LOST_FLOWS,     /* by the sequence numbers of NetFlow v5, v7 and IPFIX: flows that the exporter had sent */
    LOST_MESSAGES,  /* by those of NetFlow v9 and sFlow: datagrams that the exporter had sent */
    LOST_SETS,      /* data sets whose template never came, or that don't fit it */
    LOST_DATAGRAMS, /* dropped by the kernel: the socket's buffer was full. Their flows are among LOST_FLOWS, too */
    LOST_ENTRIES,   /* flows that this process had, and could not hand on; or that Redis has lost */
    LOST_FRAMES,    /* dropped by the kernel before they were captured */
    LOST_WHATS
};

/* By lost_what: the word ("flows"), and a sentence for a person. */
extern const struct lost_text {
    const char *word, *sentence;
} lost_texts[LOST_WHATS];

enum { LOST_SOURCE_MAX = 64, LOST_ENTRY_MAX = 192 };

struct lost {
    enum lost_what what;
    uint64_t n;                   /* at most INT64_MAX */
    char source[LOST_SOURCE_MAX]; /* "192.0.2.1/0": exporter and observation domain; "udp:4739": a socket; "eth0" */
    uint32_t start, end;          /* seconds since 1970, both inclusive, start <= end */
};

static inline bool lost_is(const char *text, size_t len) {
    static const char head[] = "{\"lost\":";
    return len >= sizeof head - 1 && memcmp(text, head, sizeof head - 1) == 0;
}
/* Returns the length. */
size_t lost_write(const struct lost *lost, char out[LOST_ENTRY_MAX]);
/* 0, or -1 with *reject filled. */
int lost_read(const char *text, size_t len, struct lost *lost, struct reject *reject)
    __attribute__((warn_unused_result));

#endif
