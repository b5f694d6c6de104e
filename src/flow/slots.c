/* The table of field names: every information element, its reverse spellings, and VERMONT's old ones. */
#include "flow/slots.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/mem.h"

static uint32_t name_hash(const char *name, size_t len) {
    uint64_t head = 0, tail = 0;
    size_t part = len < 8 ? len : 8;
    memcpy(&head, name, part);
    memcpy(&tail, name + len - part, part);
    uint64_t mixed = (head ^ len) * UINT64_C(0x9e3779b97f4a7c15) ^ tail * UINT64_C(0xc2b2ae3d27d4eb4f);
    return (uint32_t)((mixed * UINT64_C(0xff51afd7ed558ccd)) >> 40);
}

int slots_find(const struct slots *slots, const char *name, size_t len) {
    if (len == 0 || len > UINT8_MAX) return -1;
    for (uint32_t i = name_hash(name, len);; i++) {
        unsigned at = slots->buckets[i % SLOT_BUCKETS];
        if (at == 0) return -1;
        const struct slot_name *have = &slots->names[at - 1];
        if (have->len == len && memcmp(have->name, name, len) == 0) return (int)at - 1;
    }
}

static void name_add(struct slots *slots, const char *name, bool owned, unsigned slot) {
    size_t len = strlen(name);
    uint32_t i = name_hash(name, len);
    while (slots->buckets[i % SLOT_BUCKETS] != 0)
        i++;
    slots->names[slots->n_names] = (struct slot_name){name, (uint16_t)slot, (uint8_t)len, owned};
    slots->buckets[i % SLOT_BUCKETS] = (uint16_t)++slots->n_names;
}

/* "octetDeltaCount" → "revOctetDeltaCount" */
static char *reverse_name(const char *prefix, const char *name) {
    char *reverse = mem_printf("%s%s", prefix, name);
    char *first = reverse + strlen(prefix);
    *first = (char)toupper((unsigned char)*first);
    return reverse;
}

/* The slot of an element in its own direction, or SLOT_IGNORED. */
static unsigned element_slot(const struct flow_layout *layout, const struct element *element) {
    static const char *const times[][TIME_UNITS] = {
        {"flowStartSeconds", "flowStartMilliseconds", "flowStartMilliSeconds", "flowStartMicroseconds",
         "flowStartNanoseconds"},
        {"flowEndSeconds", "flowEndMilliseconds", "flowEndMilliSeconds", "flowEndMicroseconds", "flowEndNanoseconds"}};
    unsigned extra = 0;
    if (element->id == IE_sourceIPv6Address) return SLOT_SOURCE_IPV6;
    if (element->id == IE_destinationIPv6Address) return SLOT_DESTINATION_IPV6;
    for (unsigned i = 0; i < layout->n_fields; i++) {
        if (layout->fields[i].element[FLOW_IPV4] != element) continue;
        if (i < FLOW_TUPLE_FIELDS) return SLOT_TUPLE + i;
        extra = i - FLOW_TUPLE_FIELDS + 1;
    }
    for (unsigned unit = 0; unit < TIME_UNITS; unit++)
        for (unsigned end = 0; end < 2; end++)
            if (strcmp(element->name, times[end][unit]) == 0) return (end ? SLOT_END : SLOT_START) + unit;
    int sum = flow_layout_sum(layout, element->id);
    if (sum >= 0) return SLOT_SUMS + (unsigned)sum;
    return extra ? SLOT_KEYS + extra - 1 : SLOT_IGNORED;
}

void slots_init(struct slots *slots, const struct flow_layout *layout) {
    static const struct element vermont[] = {{0, 0, "flowStartMilliSeconds"}, {0, 0, "flowEndMilliSeconds"}};
    enum { VERMONT = sizeof vermont / sizeof vermont[0] };
    memset(slots, 0, sizeof *slots);
    for (unsigned i = 0; i < ELEMENT_COUNT + VERMONT; i++) {
        const struct element *element = i < ELEMENT_COUNT ? &element_table[i] : &vermont[i - ELEMENT_COUNT];
        unsigned slot = element_slot(layout, element);
        unsigned reverse = slot < SLOTS_DIRECTION ? slot + SLOT_REVERSE : SLOT_IGNORED;
        name_add(slots, element->name, false, slot);
        name_add(slots, reverse_name("rev", element->name), true, reverse);
        name_add(slots, reverse_name("reverse", element->name), true, reverse);
    }
    for (unsigned i = FLOW_TUPLE_FIELDS; i < layout->n_fields; i++)
        slots->key_slots[i - FLOW_TUPLE_FIELDS] = (uint16_t)element_slot(layout, layout->fields[i].element[FLOW_IPV4]);
}

void slots_release(struct slots *slots) {
    for (unsigned i = 0; i < slots->n_names; i++)
        if (slots->names[i].owned) free((char *)(uintptr_t)slots->names[i].name);
}
