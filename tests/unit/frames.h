/* Packets for the meter's tests: raw IP, with as much in them as flows are made of. */
#ifndef FLOWIMPORT_TESTS_UNIT_FRAMES_H
#define FLOWIMPORT_TESTS_UNIT_FRAMES_H

#include "base/bytes.h"

#include <stdint.h>
#include <string.h>

enum { LINK_RAW = 101, LINK_ETHERNET = 1, TCP = 6, UDP = 17, ICMP = 1, FIN = 1, SYN = 2, RST = 4, ACK = 16 };

struct bytes {
    size_t len;
    uint8_t at[160];
};

static inline void bytes_put(struct bytes *bytes, uint64_t number, unsigned width) {
    be_put(bytes->at + bytes->len, number, width);
    bytes->len += width;
}

/* What follows the IP header. Of ICMP, `destination` is type and code. */
static inline void transport_put(struct bytes *bytes, unsigned protocol, unsigned source, unsigned destination,
                                 unsigned flags) {
    if (protocol == ICMP || protocol == 58) {
        bytes_put(bytes, destination, 2);
    } else {
        bytes_put(bytes, source, 2);
        bytes_put(bytes, destination, 2);
        bytes_put(bytes, 0, 8);
        bytes_put(bytes, 0x5000 | flags, 2);
    }
    bytes_put(bytes, 0, 6);
}

/* Of `octets`, as the header says; the rest was not captured. */
static inline struct bytes ipv4(uint32_t source, uint32_t destination, unsigned protocol, unsigned source_port,
                                unsigned destination_port, unsigned flags, unsigned octets) {
    struct bytes bytes = {0};
    bytes_put(&bytes, 0x4500, 2);
    bytes_put(&bytes, octets, 2);
    bytes_put(&bytes, 0, 4);
    bytes_put(&bytes, 64, 1);
    bytes_put(&bytes, protocol, 1);
    bytes_put(&bytes, 0, 2);
    bytes_put(&bytes, source, 4);
    bytes_put(&bytes, destination, 4);
    transport_put(&bytes, protocol, source_port, destination_port, flags);
    return bytes;
}

/* 2001:db8:SOURCE::SOURCE; `label`: of the flow. */
static inline struct bytes ipv6(unsigned source, unsigned destination, unsigned protocol, unsigned source_port,
                                unsigned destination_port, unsigned label, unsigned octets) {
    struct bytes bytes = {0};
    bytes_put(&bytes, 6u << 28 | label, 4);
    bytes_put(&bytes, octets - 40, 2);
    bytes_put(&bytes, protocol, 1);
    bytes_put(&bytes, 64, 1);
    for (unsigned i = 0; i < 2; i++) {
        unsigned end = i ? destination : source;
        bytes_put(&bytes, 0x20010db8, 4);
        bytes_put(&bytes, end, 2);
        bytes_put(&bytes, 0, 8);
        bytes_put(&bytes, end, 2);
    }
    transport_put(&bytes, protocol, source_port, destination_port, 0);
    return bytes;
}

/* In Ethernet, from 02:00:00:00:00:SOURCE, with as many tags as are not 0 and an MPLS label, if that is not 0. */
static inline struct bytes ethernet(unsigned source, unsigned destination, unsigned outer, unsigned inner,
                                    unsigned label, const struct bytes *inside) {
    struct bytes bytes = {0};
    bytes_put(&bytes, UINT64_C(0x020000000000) | destination, 6);
    bytes_put(&bytes, UINT64_C(0x020000000000) | source, 6);
    if (outer) bytes_put(&bytes, 0x81000000 | outer, 4);
    if (inner) bytes_put(&bytes, 0x81000000 | inner, 4);
    bytes_put(&bytes, label ? 0x8847 : inside->at[0] >> 4 == 4 ? 0x0800 : 0x86dd, 2);
    if (label) bytes_put(&bytes, label << 12 | 0xf40, 4); /* a class, the bottom of the stack, a TTL */
    memcpy(bytes.at + bytes.len, inside->at, inside->len);
    bytes.len += inside->len;
    return bytes;
}

#endif
