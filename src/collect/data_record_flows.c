/* Data Records as flow records, without a text between; what coerce.h says of the values of entries holds here. */
#include "collect/data_record_impl.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum { TCP_FLAGS_MASK = 0x0fff }; /* without the header's length (RFC 7125, section 3) */

static bool refuse(const struct item *item, enum reject_reason reason, struct reject *reject) {
    reject->reason = reason;
    snprintf(reject->field, sizeof reject->field, "%.*s", item->name_len - 4, item->name + 2); /* of ,"name": */
    reject->value[0] = '\0';
    return false;
}

static bool number_refuse(const struct item *item, uint64_t number, struct reject *reject) {
    bool sum = item->target == TARGET_SUM && item->max == INT64_MAX;
    refuse(item, sum ? REJECT_TOO_LARGE : REJECT_OUT_OF_RANGE, reject);
    snprintf(reject->value, sizeof reject->value, "%" PRIu64, number);
    return false;
}

static bool signed_refuse(const struct item *item, int64_t number, struct reject *reject) {
    refuse(item, REJECT_OUT_OF_RANGE, reject);
    snprintf(reject->value, sizeof reject->value, "%" PRId64, number);
    return false;
}

static inline bool flow_time_take(const struct record *record, const struct item *item, struct flow_record *flow,
                                  struct reject *reject) {
    int64_t ns = record->times[item->time];
    if (item->first) {
        int64_t seconds = time_in(ns, UNIT_SECONDS);
        if ((uint64_t)seconds > UINT32_MAX) return signed_refuse(item, time_in(ns, (enum time_unit)item->unit), reject);
        *(item->time % 2 ? &flow->end : &flow->start) = (uint32_t)seconds;
    }
    if (item->width) be_put(flow->key + item->place, (uint64_t)time_in(ns, (enum time_unit)item->unit), item->width);
    return true;
}

/* A key that is no number. What is absent leaves the key as it is. */
static void text_take(const struct record *record, const struct item *item, uint8_t *key) {
    size_t len;
    double number;
    uint64_t bits;
    const uint8_t *octets = source_octets(record, &item->source, &len);
    switch ((enum item_kind)item->kind) {
    case ITEM_EXPORTER_IPV6:
        if (record->context->family == FLOW_IPV6) memcpy(key, record->context->address, 16);
        break;
    case ITEM_FLOAT:
        if (!float_read(octets, len, &number)) break;
        number += 0.0; /* -0 is 0 */
        memcpy(&bits, &number, sizeof bits);
        be64_put(key, bits);
        break;
    default:
        len = item_text(record, item, (char *)key);
        memset(key + len, 0, ELEMENT_TEXT_MAX - len);
        break;
    }
}

static bool signed_take(const struct record *record, const struct item *item, struct flow_record *flow,
                        struct reject *reject) {
    int64_t number = item_signed(record, item);
    uint64_t lowest = item->kind == ITEM_SIGNED ? 0 - (item->max >> 1) - 1 : 0;
    if ((uint64_t)number - lowest > item->max) return signed_refuse(item, number, reject);
    be_put(flow->key + item->place, (uint64_t)number, item->width);
    return true;
}

static void copies_take(const struct record *record, const struct copy *copy, const struct copy *end, uint8_t *key) {
    for (; copy < end; copy++) {
        uint8_t *to = key + copy->place;
        const uint8_t *at = source_at(record, &copy->source);
        switch (copy->source.length) { /* of known lengths, for a call would be felt: ports, addresses, both */
        case 1: *to = *at; break;
        case 2: memcpy(to, at, 2); break;
        case 4: memcpy(to, at, 4); break;
        case 8: memcpy(to, at, 8); break;
        case 16: memcpy(to, at, 16); break;
        case 32: memcpy(to, at, 32); break;
        default: memcpy(to, at, copy->source.length); break;
        }
    }
}

static bool item_take(const struct record *record, const struct item *item, struct flow_record *flow,
                      struct reject *reject) {
    uint64_t number;
    if (item->kind < ITEM_SIGNED) {
        if (!item_number(record, item, &number)) return true;
        if (number > item->max) return number_refuse(item, number, reject);
        if (item->target == TARGET_SUM)
            flow->sums[item->place] = number;
        else
            be_put(flow->key + item->place, item->kind == ITEM_TCP_FLAGS ? number & TCP_FLAGS_MASK : number,
                   item->width);
        return true;
    }
    if (item->kind == ITEM_FLOW_TIME) return flow_time_take(record, item, flow, reject);
    if (item->kind < ITEM_NUMERIC) return signed_take(record, item, flow, reject);
    if (item->kind == ITEM_MISSING) return refuse(item, REJECT_MISSING_FIELD, reject);
    text_take(record, item, flow->key + item->place);
    return true;
}

static bool items_take(const struct record *record, const uint16_t *at, const uint16_t *end, struct flow_record *flow,
                       struct reject *reject) {
    for (; at < end; at++)
        if (!item_take(record, &record->plan->items[*at], flow, reject)) return false;
    return true;
}

static unsigned flows_read(const struct data_record_plan *plan, const uint8_t *bytes, size_t len,
                           const struct data_record_context *context, struct flow_record flows[2],
                           struct reject *reject) {
    const struct flow_layout *layout = plan->layout;
    struct record record;
    uint64_t some = 0;
    assert(layout);
    if (!record_open(&record, plan, bytes, len, context)) {
        *reject = (struct reject){.reason = REJECT_MISSING_FIELD};
        return 0;
    }
    plan = record.plan;
    const struct bounds *items = &plan->lists[record.family].items, *copies = &plan->lists[record.family].copies,
                        *looked_at = &plan->lists[record.family].looked_at;
    unsigned key_bytes = layout->key_bytes[record.family];
    flows[0].family = (uint8_t)record.family;
    memset(flows[0].key, 0, key_bytes);
    copies_take(&record, plan->copies + copies->first, plan->copies + copies->reverse, flows[0].key);
    if (!items_take(&record, plan->looked_at + looked_at->first, plan->looked_at + looked_at->reverse, &flows[0],
                    reject))
        return 0;
    if (!record.reverse || items->reverse == items->end) return 1;
    flows[1].start = flows[0].start;
    flows[1].end = flows[0].end;
    flows[1].family = flows[0].family;
    memset(flows[1].sums, 0, sizeof flows[1].sums);
    memcpy(flows[1].key, flows[0].key, key_bytes);
    flow_layout_turn(layout, record.family, flows[1].key);
    copies_take(&record, plan->copies + copies->reverse, plan->copies + copies->end, flows[1].key);
    if (!items_take(&record, plan->looked_at + looked_at->reverse, plan->looked_at + looked_at->end, &flows[1], reject))
        return 0;
    for (unsigned i = 0; i < layout->n_sums; i++)
        some |= flows[1].sums[i];
    return 1 + (plan->times[TIME_REVERSE_START].kind ? flows[1].start != 0 : some != 0);
}

unsigned data_record_flows(const struct data_record_plan *plan, const uint8_t *bytes, size_t len,
                           const struct data_record_context *context, struct flow_record flows[2],
                           struct reject *reject) {
    unsigned n = flows_read(plan, bytes, len, context, flows, reject);
    for (unsigned i = 0; i < n; i++)
        if (flows[i].family == FLOW_IPV6 && flow_layout_unmap(plan->layout, flows[i].key)) flows[i].family = FLOW_IPV4;
    return n;
}
