/* Where an entry's values go while it is read: a slot for each value the layout needs, found by the field's name. */
#ifndef FLOWIMPORT_FLOW_SLOTS_H
#define FLOWIMPORT_FLOW_SLOTS_H

#include <stdbool.h>
#include <string.h>

#include "flow/layout.h"
#include "flow/value.h"

enum {
    TIME_UNITS = 5, /* Seconds, Milliseconds, MilliSeconds, Microseconds, Nanoseconds: the first one given counts */
    /* Slots of one direction; the reverse direction's follow in the same order (RFC 5103, VERMONT's rev…). */
    SLOT_START = 0,
    SLOT_END = SLOT_START + TIME_UNITS,
    SLOT_SUMS = SLOT_END + TIME_UNITS,
    SLOT_KEYS = SLOT_SUMS + FLOW_SUMS_MAX, /* configured keys that are not of the five-tuple */
    SLOTS_DIRECTION = SLOT_KEYS + FLOW_KEYS_MAX,
    SLOT_REVERSE = SLOTS_DIRECTION,
    /* The five-tuple is common to both directions. */
    SLOT_TUPLE = 2 * SLOTS_DIRECTION, /* IPv4 source, destination, ports, protocol in the order of enum flow_tuple */
    SLOT_SOURCE_IPV6 = SLOT_TUPLE + FLOW_TUPLE_FIELDS,
    SLOT_DESTINATION_IPV6,
    SLOT_COUNT,
    SLOT_IGNORED = 0xfffe, /* an information element that the layout does not need */
    SLOT_UNKNOWN = 0xffff, /* no information element */
};

struct slot_name {
    const char *name; /* borrowed from the element table, or owned for the made-up spellings */
    uint16_t slot;
    uint8_t len;
    bool owned;
};

enum { SLOT_NAMES_MAX = 3 * ELEMENT_COUNT + 16, SLOT_BUCKETS = 4096 };

/* All that stood before a value of the last entry, from the value before it on: `,"octetDeltaCount" : `. Producers
 * repeat themselves, so the next entry has the same bytes at the same place. */
struct lead {
    int16_t name; /* index into names; -1: no information element */
    uint8_t len;  /* 0: nothing is known */
    char text[61];
};
enum { LEADS = 32 };

struct slots {
    struct slot_name names[SLOT_NAMES_MAX];
    unsigned n_names;
    uint16_t buckets[SLOT_BUCKETS];        /* open addressing; index into names + 1 */
    struct lead leads[LEADS];              /* by place; those beyond the last but one share the last */
    uint16_t key_slots[FLOW_KEYS_MAX];     /* of the fields beyond the five-tuple; a time's is the time's own */
    uint64_t seen[(SLOT_COUNT + 63) / 64]; /* which values are set */
    struct value values[SLOT_COUNT];
};

void slots_init(struct slots *slots, const struct flow_layout *layout);
void slots_release(struct slots *slots);
/* The index into names, or -1 for a name that is no information element. */
int slots_find(const struct slots *slots, const char *name, size_t len);

static inline void slots_clear(struct slots *slots) { memset(slots->seen, 0, sizeof slots->seen); }
static inline bool slots_has(const struct slots *slots, unsigned slot) {
    return slots->seen[slot / 64] >> (slot % 64) & 1;
}
static inline struct value *slots_add(struct slots *slots, unsigned slot) {
    slots->seen[slot / 64] |= UINT64_C(1) << (slot % 64);
    return &slots->values[slot];
}

#endif
