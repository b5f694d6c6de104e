/* Flow records for tests: as a line of text to compare whole, and made from a few numbers. */
#ifndef TESTS_UNIT_RECORDS_H
#define TESTS_UNIT_RECORDS_H

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "flow/record.h"
#include "flow/reject.h"

enum { RECORD_TEXT_MAX = 2048 };

static inline void layout_make(struct flow_layout *layout, const char *keys, const char *sums) {
    struct error error = {""};
    if (flow_layout_init(layout, keys, sums, &error) == 0) return;
    fprintf(stderr, "%s\n", error.text);
    abort();
}

/* "10.0.0.1:50001 > 10.0.0.2:443 6 1700002810-1700002820 10/1000", then " name=" and the hexadecimal digits of each key
 * beyond the five-tuple, from its first byte that is not 0. */
static inline void record_show(const struct flow_layout *layout, const struct flow_record *record, char *text) {
    char ends[2][INET6_ADDRSTRLEN];
    const struct flow_field *field = layout->fields;
    const uint8_t *key = record->key;
    unsigned family = record->family, ports[2];
    for (unsigned end = 0; end < 2; end++) {
        const uint8_t *port = key + field[TUPLE_SOURCE_PORT + end].offset[family];
        inet_ntop(family == FLOW_IPV6 ? AF_INET6 : AF_INET, key + field[TUPLE_SOURCE + end].offset[family], ends[end],
                  sizeof ends[end]);
        ports[end] = be16(port);
    }
    text += sprintf(text, "%s:%u > %s:%u %u %" PRIu32 "-%" PRIu32 " ", ends[0], ports[0], ends[1], ports[1],
                    key[field[TUPLE_PROTOCOL].offset[family]], record->start, record->end);
    for (unsigned i = 0; i < layout->n_sums; i++)
        text += sprintf(text, "%s%" PRIu64, i ? "/" : "", record->sums[i]);
    for (unsigned i = FLOW_TUPLE_FIELDS; i < layout->n_fields; i++) {
        const uint8_t *value = key + field[i].offset[family];
        unsigned at = 0, width = field[i].width[family];
        text += sprintf(text, " %s=", field[i].element[family]->name);
        if (width == ELEMENT_TEXT_MAX) { /* text is filled with NULs at its end */
            while (width > 0 && value[width - 1] == 0)
                width--;
        } else {
            while (at < width - 1 && value[at] == 0)
                at++;
        }
        for (; at < width; at++)
            text += sprintf(text, "%02x", value[at]);
    }
}

/* "wrong-type octetDeltaCount 'abc'" */
static inline void reject_show(const struct reject *reject, char *text) {
    sprintf(text, "%s %s '%s'", reject_texts[reject->reason].token, reject->field, reject->value);
}

struct tuple {
    uint32_t source, destination; /* of an IPv6 flow: the last four bytes behind 2001:db8:: */
    uint16_t source_port, destination_port;
    uint8_t protocol;
};

static inline void bytes_put(uint8_t *to, unsigned width, uint64_t number) {
    for (unsigned i = width; i-- > 0; number >>= 8)
        to[i] = (uint8_t)number;
}

/* Keys beyond the five-tuple are 0. */
static inline struct flow_record record_make(const struct flow_layout *layout, enum flow_family family,
                                             struct tuple tuple, uint32_t start, uint32_t end, uint64_t packets,
                                             uint64_t octets) {
    struct flow_record record;
    const struct flow_field *field = layout->fields;
    memset(&record, 0, sizeof record);
    record.start = start;
    record.end = end;
    record.family = (uint8_t)family;
    record.sums[0] = packets;
    record.sums[1] = octets;
    for (unsigned side = 0; side < 2; side++) {
        uint8_t *address = record.key + field[TUPLE_SOURCE + side].offset[family];
        if (family == FLOW_IPV6) bytes_put(address, 4, 0x20010db8);
        bytes_put(address + (family == FLOW_IPV6 ? 12 : 0), 4, side ? tuple.destination : tuple.source);
    }
    bytes_put(record.key + field[TUPLE_SOURCE_PORT].offset[family], 2, tuple.source_port);
    bytes_put(record.key + field[TUPLE_DESTINATION_PORT].offset[family], 2, tuple.destination_port);
    record.key[field[TUPLE_PROTOCOL].offset[family]] = tuple.protocol;
    return record;
}

#endif
