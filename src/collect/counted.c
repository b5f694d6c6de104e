/* What has been counted of flows, and records without it. */
#include "collect/counted.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "base/mem.h"

enum { WAYS = 4 };

struct counted {
    struct counted_flow (*sets)[WAYS];
    size_t n; /* sets, a power of two */
    uint64_t seed;
    uint8_t copy[COUNTED_RECORD_MAX];
};

struct counted *counted_new(size_t bytes, uint64_t seed) {
    struct counted *counted = mem_zalloc(1, sizeof *counted);
    counted->n = 1;
    while (counted->n * 2 * sizeof counted->sets[0] <= bytes)
        counted->n *= 2;
    counted->sets = mem_zalloc(counted->n, sizeof counted->sets[0]);
    counted->seed = seed;
    return counted;
}

void counted_free(struct counted *counted) {
    if (!counted) return;
    free(counted->sets);
    free(counted);
}

size_t counted_bytes(const struct counted *counted) { return sizeof *counted + counted->n * sizeof counted->sets[0]; }

/* --- which flow --- */

uint64_t counted_key(const struct counted *counted, const struct data_record_plan *plan,
                     const struct data_record_context *context, const uint8_t *bytes, size_t len, bool started) {
    static const uint16_t points[] = {IE_ingressInterface, IE_flowDirection, IE_observationPointId};
    enum { POINTS = sizeof points / sizeof points[0] };
    uint8_t key[DATA_RECORD_TUPLE + 8 * POINTS + 8] = {0}, *at = key + DATA_RECORD_TUPLE;
    uint64_t number;
    if (data_record_number(plan, bytes, len, IE_flowId, &number)) {
        be64_put(key, number);
    } else {
        data_record_tuple(plan, bytes, len, key);
        for (unsigned i = 0; i < POINTS; i++, at += 8)
            if (data_record_number(plan, bytes, len, points[i], &number)) be64_put(at, number);
    }
    if (started) be64_put(key + sizeof key - 8, data_record_started(plan, bytes, len));
    uint64_t exporter =
        XXH3_64bits_withSeed(context->address, sizeof context->address, counted->seed + context->family);
    return XXH3_64bits_withSeed(key, sizeof key, exporter + context->domain) | 1;
}

struct counted_flow *counted_find(struct counted *counted, uint64_t flow, bool *known) {
    struct counted_flow *set = counted->sets[(flow >> 1) & (counted->n - 1)], *place = set;
    *known = true;
    for (unsigned i = 0; i < WAYS; i++) {
        if (set[i].flow == flow) return &set[i];
        if (set[i].heard < place->heard) place = &set[i];
    }
    *known = false;
    *place = (struct counted_flow){.flow = flow};
    return place;
}

void counted_forget(struct counted_flow *flow) { *flow = (struct counted_flow){.flow = 0}; }

void counted_heard(struct counted_flow *flow, const struct data_record_context *context, uint32_t now) {
    flow->heard = now;
    flow->told = (uint32_t)(context->export_us / 1000000);
}

/* --- what is left to count --- */

const uint8_t *counted_copy(struct counted *counted, const struct data_record_counter counters[DATA_RECORD_COUNTERS],
                            const uint64_t counts[DATA_RECORD_COUNTERS], const uint8_t *bytes, size_t len) {
    if (len > sizeof counted->copy) return NULL;
    memcpy(counted->copy, bytes, len);
    for (unsigned i = 0; i < DATA_RECORD_COUNTERS; i++) {
        const struct data_record_counter *counter = &counters[i];
        if (counter->length) be_put(counted->copy + counter->at, counts[i], (unsigned)counter->length);
        if (counter->other_length) be_put(counted->copy + counter->other, 0, (unsigned)counter->other_length);
    }
    return counted->copy;
}
