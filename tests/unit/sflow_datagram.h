/* sFlow datagrams put together number by number; lengths are filled in where a part ends. */
#ifndef FLOWIMPORT_TESTS_UNIT_SFLOW_DATAGRAM_H
#define FLOWIMPORT_TESTS_UNIT_SFLOW_DATAGRAM_H

#include <stdint.h>
#include <string.h>

#include "frames.h"

struct datagram {
    size_t len;
    uint8_t at[2048];
};

static inline void word_set(struct datagram *datagram, size_t at, uint32_t number) {
    be32_put(datagram->at + at, number);
}

static inline void word(struct datagram *datagram, uint32_t number) {
    word_set(datagram, datagram->len, number);
    datagram->len += 4;
}

#define WORDS(datagram, ...)                                                                                           \
    do {                                                                                                               \
        const uint32_t words_[] = {__VA_ARGS__};                                                                       \
        for (size_t i_ = 0; i_ < sizeof words_ / sizeof words_[0]; i_++)                                               \
            word(datagram, words_[i_]);                                                                                \
    } while (0)

/* Padded to a multiple of 4 with bytes that are no zeros. */
static inline void octets(struct datagram *datagram, const void *bytes, size_t len) {
    memcpy(datagram->at + datagram->len, bytes, len);
    datagram->len += len;
    while (datagram->len % 4)
        datagram->at[datagram->len++] = 0xee;
}

/* A sample or a record. Returns where it begins, for part_end(). */
static inline size_t part_begin(struct datagram *datagram, uint32_t format) {
    WORDS(datagram, format, 0);
    return datagram->len;
}

static inline void part_end(struct datagram *datagram, size_t begin) {
    word_set(datagram, begin - 4, (uint32_t)(datagram->len - begin));
}

/* Of the agent 192.0.2.9: sub-agent 3, sequence number 77, uptime 123456 ms. */
static inline struct datagram datagram_of(uint32_t n_samples) {
    struct datagram datagram = {.len = 0};
    WORDS(&datagram, 5, 1, 0xc0000209, 3, 77, 123456, n_samples);
    return datagram;
}

/* A compact flow sample of interface 7: sequence number 1001, 1 in 512, from interface 7 to 8. */
static inline size_t flow_begin(struct datagram *datagram, uint32_t n_records) {
    size_t begin = part_begin(datagram, 1);
    WORDS(datagram, 1001, 7, 512, 65536, 2, 7, 8, n_records);
    return begin;
}

static inline void header_put(struct datagram *datagram, uint32_t protocol, uint32_t length, uint32_t stripped,
                              const struct bytes *header) {
    size_t begin = part_begin(datagram, 1);
    WORDS(datagram, protocol, length, stripped, (uint32_t)header->len);
    octets(datagram, header->at, header->len);
    part_end(datagram, begin);
}

/* Extended data of all three kinds: VLANs, next hops, AS numbers. */
static inline void extended_put(struct datagram *datagram) {
    size_t begin = part_begin(datagram, 1001);
    WORDS(datagram, 100, 3, 200, 5);
    part_end(datagram, begin);
    begin = part_begin(datagram, 1002);
    WORDS(datagram, 1, 0xc0000201, 24, 17);
    part_end(datagram, begin);
    begin = part_begin(datagram, 1003);
    WORDS(datagram, 1, 0xc0000202, 64500, 64501, 64502, 2); /* own AS, source, its neighbour; two segments */
    WORDS(datagram, 2, 2, 64503, 64504);                    /* a sequence */
    WORDS(datagram, 1, 3, 64505, 64506, 4200000000);        /* a set */
    WORDS(datagram, 1, 0xfde80001, 100);                    /* a community, the local preference */
    part_end(datagram, begin);
}

#endif
