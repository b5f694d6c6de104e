/* What updates of connections have counted, and teardowns without it. */
#include "collect/nsel.h"

#include "base/bytes.h"

enum {
    ENTERPRISE_CISCO = 9,
    OLD_EVENT = 40005 & 0x7fff, /* NF_F_FW_EVENT, before it was IANA's */
    EVENT_CREATED = 1,
    EVENT_DELETED = 2,
    EVENT_DENIED = 3,
    EVENT_UPDATE = 5,
};

bool nsel_look(const struct field_specifier *fields, unsigned n) {
    bool event = false;
    for (unsigned i = 0; i < n; i++) {
        if (fields[i].enterprise == 0 && fields[i].id == IE_octetDeltaCount) return false;
        event |= field_is_event(&fields[i]);
    }
    return event;
}

static void update_add(struct counted_flow *flow, const struct data_record_counter *counters, const uint8_t *bytes) {
    for (unsigned i = 0; i < DATA_RECORD_COUNTERS; i++)
        flow->counts[i] += be_number(bytes + counters[i].at, counters[i].length);
}

/* What is left to count; NULL: nothing. */
static const uint8_t *teardown_rest(struct counted *counted, const struct counted_flow *flow,
                                    const struct data_record_counter *counters, const uint8_t *bytes, size_t len) {
    uint64_t rests[DATA_RECORD_COUNTERS], some = 0;
    for (unsigned i = 0; i < DATA_RECORD_COUNTERS; i++) {
        uint64_t total = be_number(bytes + counters[i].at, counters[i].length);
        rests[i] = total > flow->counts[i] ? total - flow->counts[i] : 0;
        some |= rests[i];
    }
    if (len > COUNTED_RECORD_MAX) return bytes;
    return some ? counted_copy(counted, counters, rests, bytes, len) : NULL;
}

enum nsel_verdict nsel_record(struct counted *counted, const struct data_record_plan *plan,
                              struct data_record_context *context, const uint8_t **bytes, size_t len, uint32_t now) {
    struct data_record_counter counters[DATA_RECORD_COUNTERS];
    uint64_t event = 0;
    bool known;
    if (!data_record_number(plan, *bytes, len, IE_firewallEvent, &event))
        (void)data_record_vendor_number(plan, *bytes, len, ENTERPRISE_CISCO, OLD_EVENT, &event);
    if (event == EVENT_DENIED) return NSEL_DENIED;
    if (event != EVENT_CREATED && event != EVENT_DELETED && event != EVENT_UPDATE) return NSEL_COUNT;
    struct counted_flow *flow = counted_find(counted, counted_key(counted, plan, context, *bytes, len, false), &known);
    data_record_counters(plan, *bytes, len, counters);
    if (known && event != EVENT_CREATED) context->since_us = (int64_t)flow->told * 1000000;
    if (event == EVENT_UPDATE) {
        update_add(flow, counters, *bytes);
        counted_heard(flow, context, now);
        return NSEL_COUNT;
    }
    const uint8_t *rest = *bytes;
    if (known && event == EVENT_DELETED) rest = teardown_rest(counted, flow, counters, *bytes, len);
    counted_forget(flow); /* its number may be another's now */
    if (event == EVENT_CREATED) return NSEL_CREATED;
    if (!rest) return NSEL_COUNTED_BEFORE;
    *bytes = rest;
    return NSEL_COUNT;
}
