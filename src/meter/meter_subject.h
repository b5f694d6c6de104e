/* What the meter looks at: a decoded packet as words, so that a rule is a mask over it. */
#ifndef FLOWIMPORT_METER_METER_SUBJECT_H
#define FLOWIMPORT_METER_METER_SUBJECT_H

#include "packet/packet.h"

struct subject {
    struct packet packet;
    uint16_t icmp; /* type*256+code; 0 of other protocols */
    uint8_t zero[6];
};

enum { SUBJECT_WORDS = sizeof(struct subject) / sizeof(uint64_t) };

_Static_assert(sizeof(struct subject) % sizeof(uint64_t) == 0, "words and nothing else");

static inline bool subject_is_icmp(const struct subject *subject) {
    return subject->packet.protocol == 1 || subject->packet.protocol == 58;
}

#endif
