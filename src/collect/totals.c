/* Differences of totals. */
#include "collect/totals.h"

#include "base/bytes.h"

/* What has come since it was at `before`. A counter of fewer than 8 bytes that is lower may have begun again at 0:
 * where that makes less than a quarter of what it can count. False: it is lower. */
static bool difference(uint64_t before, uint64_t now, size_t length, uint64_t *rest) {
    uint64_t all = length > 0 && length < sizeof now ? UINT64_C(1) << 8 * length : 0;
    *rest = now - before;
    if (now >= before) return true;
    *rest += all;
    return all > 0 && before < all && *rest < all / 4;
}

/* What of the counters is no total counts as it stands. False: a total is lower than before. */
static bool rests_find(const struct counted_flow *flow, const struct data_record_counter *counters,
                       const uint8_t *bytes, uint64_t *rests) {
    for (unsigned i = 0; i < DATA_RECORD_COUNTERS; i++) {
        uint64_t now = be_number(bytes + counters[i].at, counters[i].length);
        rests[i] = now;
        if (counters[i].total && !difference(flow->counts[i], now, counters[i].length, &rests[i])) return false;
    }
    return true;
}

bool totals_record(struct counted *counted, const struct data_record_plan *plan, struct data_record_context *context,
                   const uint8_t **bytes, size_t len, uint32_t now) {
    struct data_record_counter counters[DATA_RECORD_COUNTERS];
    uint64_t rests[DATA_RECORD_COUNTERS];
    const uint8_t *record = *bytes;
    bool begun = data_record_started(plan, record, len) != 0, known, some = true;
    struct counted_flow *flow = counted_find(counted, counted_key(counted, plan, context, record, len, begun), &known);
    data_record_counters(plan, record, len, counters);
    if (known && rests_find(flow, counters, record, rests)) {
        const uint8_t *rest = counted_copy(counted, counters, rests, record, len);
        if (rest) *bytes = rest;
        context->since_us = (int64_t)flow->told * 1000000;
        some = (rests[0] | rests[1] | rests[2] | rests[3]) != 0;
    } else if (known && begun) {
        return false;
    }
    for (unsigned i = 0; i < DATA_RECORD_COUNTERS; i++)
        flow->counts[i] = be_number(record + counters[i].at, counters[i].length);
    counted_heard(flow, context, now);
    return some;
}
