/* One unidirectional flow, read and coerced: what the front ends make and the importer folds. */
#ifndef FLOWIMPORT_FLOW_RECORD_H
#define FLOWIMPORT_FLOW_RECORD_H

#include "flow/layout.h"

enum proto_class { PROTO_TCP, PROTO_UDP, PROTO_ICMP, PROTO_OTHER, PROTO_CLASSES };

struct flow_record {
    uint32_t start, end;          /* seconds since the epoch, both inclusive, start <= end */
    uint8_t family;               /* enum flow_family */
    uint64_t sums[FLOW_SUMS_MAX]; /* in the layout's order; each at most INT64_MAX */
    uint8_t key[FLOW_KEY_BYTES];  /* packed full key, layout->key_bytes[family] long */
};

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
