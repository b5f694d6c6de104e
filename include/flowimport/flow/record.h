/* One unidirectional flow, read and coerced: what the front ends make and the importer folds. */
#ifndef FLOWIMPORT_FLOW_RECORD_H
#define FLOWIMPORT_FLOW_RECORD_H

#include <string.h>

#include "flow/layout.h"

enum proto_class { PROTO_TCP, PROTO_UDP, PROTO_ICMP, PROTO_OTHER, PROTO_CLASSES };

struct flow_record {
    uint32_t start, end;          /* seconds since the epoch, both inclusive, start <= end */
    uint8_t family;               /* enum flow_family */
    uint64_t sums[FLOW_SUMS_MAX]; /* in the layout's order; each at most INT64_MAX */
    uint8_t key[FLOW_KEY_BYTES];  /* packed full key, layout->key_bytes[family] long */
};

enum { FLOW_TUPLE_BYTES = 13 }; /* the packed key of an IPv4 flow that has no more than the five-tuple */

/* The key that nearly everybody has is copied without a call, and in the same pieces every time: what was just written
 * in other pieces than it is read in makes the processor wait until it is in the cache. */
static inline void flow_key_copy(void *to, const void *from, size_t bytes) {
    if (bytes == FLOW_TUPLE_BYTES) {
        memcpy(to, from, 8);
        memcpy((char *)to + 8, (const char *)from + 8, 4);
        memcpy((char *)to + 12, (const char *)from + 12, 1);
    } else {
        memcpy(to, from, bytes);
    }
}

/* 6 is tcp, 17 udp, 1 and 58 icmp (RFC 4443's ICMPv6 has a number of its own), all else other. */
static inline enum proto_class proto_class(uint8_t protocol) {
    switch (protocol) {
    case 6: return PROTO_TCP;
    case 17: return PROTO_UDP;
    case 1:
    case 58: return PROTO_ICMP;
    default: return PROTO_OTHER;
    }
}

extern const char *const proto_class_names[PROTO_CLASSES]; /* "tcp" ... "other": the column prefixes */

#endif
