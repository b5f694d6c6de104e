/* Data Records read by their plan: where they end, their times and family, and their entries. */
#include "collect/data_record.h"

#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "collect/data_record_impl.h"
#include "collect/flow_times.h"
#include "flow/entry_text.h"

enum { NS_PER_S = 1000000000, NS_PER_MS = 1000000, NS_PER_US = 1000, PROTOCOL_IPV6 = 41 };

/* --- bytes --- */

bool float_read(const uint8_t *at, size_t len, double *number) {
    uint64_t bits = be_number(at, len);
    uint32_t half = (uint32_t)bits;
    float single;
    if (len == sizeof single) {
        memcpy(&single, &half, sizeof single);
        *number = (double)single;
    } else {
        memcpy(number, &bits, sizeof *number);
    }
    return isfinite(*number);
}

/* Sets the anchors. Returns the record's length; 0 where it goes beyond `len`. */
static size_t record_walk(const struct data_record_plan *plan, const uint8_t *bytes, size_t len,
                          struct anchor *anchors) {
    size_t at = 0;
    anchors[0] = (struct anchor){bytes, 0};
    if (plan->min > len) return 0;
    for (unsigned i = 0; i < plan->n_variable; i++) {
        at += plan->gaps[i];
        if (at >= len) return 0;
        size_t n = bytes[at++];
        if (n == UINT8_MAX) { /* the longer form (RFC 7011, section 7) */
            if (len - at < 2) return 0;
            n = be16(bytes + at);
            at += 2;
        }
        if (n > len - at) return 0;
        at += n;
        anchors[i + 1] = (struct anchor){bytes + at, n};
    }
    at += plan->gaps[plan->n_variable];
    return at <= len ? at : 0;
}

size_t data_record_length(const struct data_record_plan *plan, const uint8_t *bytes, size_t len) {
    struct anchor anchors[DATA_RECORD_FIELDS_MAX + 1];
    if (plan->n_variable == 0) return plan->min <= len ? plan->min : 0;
    return record_walk(plan, bytes, len, anchors);
}

bool data_record_number(const struct data_record_plan *plan, const uint8_t *bytes, size_t len, uint16_t id,
                        uint64_t *number) {
    return data_record_vendor_number(plan, bytes, len, 0, id, number);
}

/* NULL: there is none. */
static const struct source *source_find(const struct data_record_plan *plan, uint32_t enterprise, uint16_t id) {
    for (unsigned i = 0; i < plan->n_fields; i++)
        if (plan->fields[i].specifier.id == id && plan->fields[i].specifier.enterprise == enterprise)
            return &plan->fields[i].source;
    return NULL;
}

bool data_record_vendor_number(const struct data_record_plan *plan, const uint8_t *bytes, size_t len,
                               uint32_t enterprise, uint16_t id, uint64_t *number) {
    struct record record;
    const struct source *source = source_find(plan, enterprise, id);
    if (!source || source->length > sizeof *number) return false;
    if (record_walk(plan, bytes, len, record.anchors) == 0) return false;
    *number = source_number(&record, source);
    return true;
}

const uint8_t *data_record_octets(const struct data_record_plan *plan, const uint8_t *bytes, size_t len, uint16_t id,
                                  size_t *n) {
    struct record record;
    const struct source *source = source_find(plan, 0, id);
    if (!source || record_walk(plan, bytes, len, record.anchors) == 0) return NULL;
    return source_octets(&record, source, n);
}

/* --- times --- */

static int64_t ns_add(int64_t a, int64_t b) {
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? (a < 0 ? INT64_MIN : INT64_MAX) : sum;
}

static int64_t ns_of(uint64_t number, uint32_t unit_ns) {
    return number > (uint64_t)INT64_MAX / unit_ns ? INT64_MAX : (int64_t)(number * unit_ns);
}

/* The message's sysUpTime. */
static uint32_t uptime_now(const struct record *record) {
    const struct source *init = &record->plan->system_init;
    int64_t boot_us = record->context->boot_us, export_us = record->context->export_us;
    if (init->length) boot_us = ns_of(source_number(record, init), NS_PER_MS) / NS_PER_US;
    return (uint32_t)((export_us - boot_us) / 1000);
}

/* sysUpTime has 32 bits of milliseconds, and begins again every 49.7 days: what stands in the record is taken for the
 * moment nearest to the message's own, which is less than half of that away. */
static int64_t uptime_read(const struct record *record, uint32_t uptime_ms) {
    return record->context->export_us * NS_PER_US - (int64_t)(int32_t)(uptime_now(record) - uptime_ms) * NS_PER_MS;
}

static inline int64_t moment_of(const struct record *record, enum moment_kind kind, uint64_t number) {
    int64_t export = record->context->export_us * NS_PER_US, ns = 0;
    switch (kind) {
    case MOMENT_NONE: return 0;
    case MOMENT_EXPORT: ns = export; break;
    case MOMENT_SECONDS: ns = ns_of(number, 1000000000); break;
    case MOMENT_MILLISECONDS: ns = ns_of(number, NS_PER_MS); break;
    case MOMENT_NTP: ns = flow_time_ntp(number, export); break;
    case MOMENT_DELTA: ns = ns_add(export, -ns_of(number, NS_PER_US)); break;
    case MOMENT_UPTIME: ns = uptime_read(record, (uint32_t)number); break;
    }
    return ns_add(ns, record->context->skew_us * NS_PER_US);
}

int64_t moment_read(const struct record *record, const struct source *source, enum moment_kind kind) {
    return moment_of(record, kind, source_number(record, source));
}

/* Whether the record has it: 0 is no time (of sysUpTime neither, but where the flow ended later: it began with the
 * exporter). */
static inline bool time_read(struct record *record, enum flow_time time) {
    const struct moment *moment = &record->plan->times[time];
    uint64_t number = source_number(record, &moment->source);
    record->times[time] = moment_of(record, (enum moment_kind)moment->kind, number);
    return number != 0 || moment->kind == MOMENT_EXPORT || moment->kind == MOMENT_DELTA;
}

static void times_note(const struct record *record, unsigned noted) {
    if (record->context->noted) *record->context->noted |= (uint8_t)noted;
}

static void times_complete(struct record *record, bool start, bool end) {
    const struct data_record_plan *plan = record->plan;
    int64_t duration = ns_of(source_number(record, &plan->duration), plan->duration_ns);
    if (end && plan->times[TIME_START].kind == MOMENT_UPTIME) return;
    if (!start && !end) {
        record->times[TIME_END] = moment_of(record, MOMENT_EXPORT, 0);
        times_note(record, TIMES_UNSET);
    }
    if (start)
        record->times[TIME_END] = ns_add(record->times[TIME_START], duration);
    else
        record->times[TIME_START] = ns_add(record->times[TIME_END], -duration);
}

/* Start and end of one direction. */
__attribute__((noinline)) static void times_fix(struct record *record, enum flow_time start) {
    const struct data_record_plan *plan = record->plan;
    const struct data_record_context *context = record->context;
    int64_t skew_ns = context->skew_us * NS_PER_US;
    const struct times_limits limits = {
        .export_ns = ns_add(context->export_us * NS_PER_US, skew_ns),
        .since_ns = context->since_us ? ns_add(context->since_us * NS_PER_US, skew_ns) : 0,
        .longest_ns = plan->totals ? 0 : context->longest_ns,
        .start_uptime = plan->times[start].kind == MOMENT_UPTIME,
        .end_uptime = plan->times[start + 1].kind == MOMENT_UPTIME,
        .before_boot = plan->times[start].kind == MOMENT_UPTIME &&
                       (uint32_t)source_number(record, &plan->times[start].source) > uptime_now(record),
    };
    times_note(record, flow_times_fix(&record->times[start], &record->times[start + 1], &limits));
}

/* Whether they are to be looked at closer: rarely so. */
static inline bool times_odd(const struct record *record) {
    const struct data_record_context *context = record->context;
    int64_t start = record->times[TIME_START], end = record->times[TIME_END];
    if (end < start || (uint64_t)end - (uint64_t)start > (uint64_t)context->longest_ns || context->since_us != 0)
        return true;
    return record->plan->times[TIME_END].kind == MOMENT_UPTIME &&
           end - (context->export_us + context->skew_us) * NS_PER_US > NS_PER_S;
}

static void times_read(struct record *record) {
    bool start = time_read(record, TIME_START), end = time_read(record, TIME_END);
    if (!start || !end) times_complete(record, start, end);
    if (times_odd(record)) times_fix(record, TIME_START);
    if (!record->reverse) return;
    bool reverse_start = time_read(record, TIME_REVERSE_START), reverse_end = time_read(record, TIME_REVERSE_END);
    if (reverse_start && reverse_end) times_fix(record, TIME_REVERSE_START);
}

/* --- a record --- */

static bool address_some(const struct record *record, const struct data_record_plan *plan, enum flow_family family,
                         unsigned end) {
    const struct source *source = &plan->addresses[family][end];
    uint8_t some = 0;
    for (unsigned i = 0; i < source->length; i++)
        some |= source_at(record, source)[i];
    return some != 0;
}

/* A tunnel of the one family, and a packet of the other inside: whose the record's flow is. What goes through IPv6 is
 * IPv4, unless the protocol says otherwise. */
static enum flow_family tunnel_family(const struct record *record) {
    bool inner = record->plan->ends == DATA_RECORD_INNER;
    bool six_inside = source_number(record, &record->plan->protocol) == PROTOCOL_IPV6;
    return inner == six_inside ? FLOW_IPV6 : FLOW_IPV4;
}

/* Whether the record says between whom a packet went. A host that asks for its address has none, but nothing is sent to
 * 0.0.0.0. */
static bool has_ends(const struct record *record, const struct data_record_plan *plan, enum flow_family family) {
    return address_some(record, plan, family, 1);
}

/* In a template that has both. */
__attribute__((noinline)) static enum flow_family family_find(const struct record *record) {
    const struct data_record_plan *plan = record->plan;
    bool four = has_ends(record, plan, FLOW_IPV4), six = has_ends(record, plan, FLOW_IPV6);
    if (four && six) return tunnel_family(record);
    uint64_t version = source_number(record, &plan->ip_version);
    if (four == six && (version == 4 || version == 6)) return version == 4 ? FLOW_IPV4 : FLOW_IPV6;
    return six || address_some(record, plan, FLOW_IPV6, 0) ? FLOW_IPV6 : FLOW_IPV4;
}

/* In a template that has the addresses of a tunnel and those inside in one family: those that the record has. */
__attribute__((noinline)) static const struct data_record_plan *ends_find(const struct record *record,
                                                                          const struct data_record_plan *plan) {
    const struct data_record_plan *other = plan->other_ends;
    for (unsigned family = 0; family < FLOW_FAMILIES; family++)
        if (has_ends(record, plan, (enum flow_family)family)) return plan;
    for (unsigned family = 0; family < FLOW_FAMILIES; family++)
        if (has_ends(record, other, (enum flow_family)family)) return other;
    return plan;
}

static inline enum flow_family family_read(const struct record *record) {
    const struct data_record_plan *plan = record->plan;
    if (!plan->families[FLOW_IPV6]) return FLOW_IPV4;
    return plan->families[FLOW_IPV4] ? family_find(record) : FLOW_IPV6;
}

uint64_t record_port(const struct record *record) {
    const struct data_record_plan *plan = record->plan;
    const struct source *icmp = plan->icmp[record->family];
    uint64_t port = source_number(record, &plan->port), protocol = source_number(record, &plan->protocol);
    if (plan->icmp_protocol[record->family]) protocol = plan->icmp_protocol[record->family];
    if (port != 0 || (protocol != PROTOCOL_ICMP && protocol != PROTOCOL_ICMPV6)) return port;
    uint64_t type = source_number(record, &icmp[0]);
    return icmp[1].length ? type << 8 | source_number(record, &icmp[1]) : type;
}

bool record_open(struct record *record, const struct data_record_plan *plan, const uint8_t *bytes, size_t len,
                 const struct data_record_context *context) {
    record->context = context;
    if (record_walk(plan, bytes, len, record->anchors) == 0) return false;
    record->plan = plan->other_ends ? ends_find(record, plan) : plan;
    plan = record->plan;
    record->family = family_read(record);
    record->reverse =
        (source_number(record, &plan->reverse_counts[0]) | source_number(record, &plan->reverse_counts[1])) != 0;
    times_read(record);
    return true;
}

bool data_record_empty(const struct data_record_plan *plan, const uint8_t *bytes, size_t len) {
    struct record record;
    uint64_t some = 0;
    if (record_walk(plan, bytes, len, record.anchors) == 0) return false;
    for (unsigned i = 0; i < 2; i++)
        some |= source_number(&record, &plan->counters[i][0]) | source_number(&record, &plan->counters[i][1]) |
                source_number(&record, &plan->reverse_counts[i]);
    return some == 0;
}

void data_record_counters(const struct data_record_plan *plan, const uint8_t *bytes, size_t len,
                          struct data_record_counter counters[DATA_RECORD_COUNTERS]) {
    struct record record;
    bool whole = record_walk(plan, bytes, len, record.anchors) != 0;
    for (unsigned i = 0; i < DATA_RECORD_COUNTERS; i++) {
        const struct source *source = i < 2 ? &plan->counters[i][0] : &plan->reverse_counts[i - 2];
        const struct source *other = i < 2 && plan->counters[i][1].length ? &plan->counters[i][1] : NULL;
        counters[i] = (struct data_record_counter){.total = plan->total[i]};
        if (!whole || !source->length) continue;
        if (other && source_number(&record, source) == 0) {
            const struct source *first = source;
            source = other;
            other = first;
        }
        counters[i].at = (size_t)(source_at(&record, source) - bytes);
        counters[i].length = source->length;
        if (!other) continue;
        counters[i].other = (size_t)(source_at(&record, other) - bytes);
        counters[i].other_length = other->length;
    }
}

uint64_t data_record_started(const struct data_record_plan *plan, const uint8_t *bytes, size_t len) {
    struct record record;
    const struct moment *start = &plan->times[TIME_START];
    if (start->kind == MOMENT_DELTA || record_walk(plan, bytes, len, record.anchors) == 0) return 0;
    return source_number(&record, &start->source);
}

void data_record_tuple(const struct data_record_plan *plan, const uint8_t *bytes, size_t len,
                       uint8_t tuple[DATA_RECORD_TUPLE]) {
    struct record record;
    memset(tuple, 0, DATA_RECORD_TUPLE);
    if (record_walk(plan, bytes, len, record.anchors) == 0) return;
    if (plan->other_ends) plan = ends_find(&record, plan);
    record.plan = plan;
    const struct source *addresses = plan->addresses[family_read(&record)];
    const struct source *sources[] = {&addresses[0], &addresses[1], &plan->source_port, &plan->port, &plan->protocol};
    size_t at = 0;
    for (unsigned i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        size_t n = sources[i]->length;
        if (n > DATA_RECORD_TUPLE - at) continue;
        if (n > 0) memcpy(tuple + at, source_at(&record, sources[i]), n);
        at += n;
    }
}

struct data_record_place data_record_place(const struct data_record_plan *plan, const uint8_t *bytes, size_t len,
                                           const struct data_record_context *context) {
    struct data_record_place place = {.direction = context->direction};
    struct record record;
    if (record_walk(plan, bytes, len, record.anchors) == 0) return place;
    place.point = source_number(&record, &plan->point);
    place.input = (uint32_t)source_number(&record, &plan->input);
    place.output = (uint32_t)source_number(&record, &plan->output);
    uint64_t direction = source_number(&record, &plan->direction);
    if (plan->direction.length && direction < 2) place.direction = direction ? DIRECTION_EGRESS : DIRECTION_INGRESS;
    return place;
}

int64_t item_signed(const struct record *record, const struct item *item) {
    int64_t ns = item->kind == ITEM_FLOW_TIME ? record->times[item->time] : 0;
    unsigned unused = 64 - 8u * item->source.length;
    if (item->kind == ITEM_SIGNED) return (int64_t)(source_number(record, &item->source) << unused) >> unused;
    if (item->kind == ITEM_TIME) ns = moment_read(record, &item->source, (enum moment_kind)item->moment);
    return time_in(ns, (enum time_unit)item->unit);
}

/* --- entries --- */

size_t item_text(const struct record *record, const struct item *item, char text[ELEMENT_TEXT_MAX]) {
    size_t len;
    const uint8_t *octets = source_octets(record, &item->source, &len);
    if (item->kind == ITEM_OCTETS) {
        char quoted[ELEMENT_TEXT_MAX + 2];
        if (len > ELEMENT_TEXT_MAX / 2) len = ELEMENT_TEXT_MAX / 2;
        memcpy(text, quoted + 1, (size_t)(entry_hex(quoted, octets, len) - quoted) - 2);
        return 2 * len;
    }
    while (len > 0 && octets[len - 1] == 0)
        len--;
    return entry_string_read(text, ELEMENT_TEXT_MAX, (const char *)octets, len);
}

/* `out` where there is no value, or no room for it. */
static char *text_write(char *out, const char *limit, const struct item *item, const struct record *record) {
    char cut[ELEMENT_TEXT_MAX];
    size_t len;
    const uint8_t *octets = source_octets(record, &item->source, &len);
    double number;
    switch ((enum item_kind)item->kind) {
    case ITEM_IPV6: return entry_ipv6(out, octets);
    case ITEM_EXPORTER_IPV6:
        return record->context->family == FLOW_IPV6 ? entry_ipv6(out, record->context->address) : out;
    case ITEM_MAC: return entry_mac(out, octets);
    case ITEM_FLOAT: return float_read(octets, len, &number) ? out + sprintf(out, "%.17g", number) : out;
    case ITEM_STRING:
    case ITEM_OCTETS:
        if (item->target == TARGET_KEY) return entry_string(out, cut, item_text(record, item, cut));
        if (item->kind == ITEM_OCTETS) return (size_t)(limit - out) >= 2 * len + 2 ? entry_hex(out, octets, len) : out;
        while (len > 0 && octets[len - 1] == 0)
            len--;
        return (size_t)(limit - out) >= 6 * len + 2 ? entry_string(out, (const char *)octets, len) : out;
    default: return out;
    }
}

/* Numbers beyond 63 bits stand in quotes: few readers of JSON know larger ones. */
static char *quoted_write(char *out, uint64_t number) {
    *out++ = '"';
    out = entry_number(out, number);
    *out++ = '"';
    return out;
}

static char *signed_write(char *out, int64_t number) {
    if (number < 0) *out++ = '-';
    return entry_number(out, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

size_t data_record_entry(const struct data_record_plan *plan, const uint8_t *bytes, size_t len,
                         const struct data_record_context *context, char out[DATA_RECORD_ENTRY_MAX]) {
    struct record record;
    char *at = out;
    const char *limit = out + DATA_RECORD_ENTRY_MAX - 1; /* '}' */
    if (!record_open(&record, plan, bytes, len, context)) return 0;
    plan = record.plan;
    const struct bounds *items = &plan->lists[record.family].items;
    const struct item *item = plan->items + items->first;
    const struct item *end = plan->items + (record.reverse ? items->end : items->reverse);
    for (; item < end && limit - at >= ITEM_NAME_MAX + ENTRY_IPV6_MAX; item++) {
        uint64_t number;
        memcpy(at, item->name, ITEM_NAME_MAX); /* as a whole: that is faster than its length */
        char *value = at + item->name_len;
        if (item->kind >= ITEM_NUMERIC) {
            char *behind = text_write(value, limit, item, &record);
            if (behind != value) at = behind;
        } else if (item->kind >= ITEM_SIGNED) {
            at = signed_write(value, item_signed(&record, item));
        } else if (!item_number(&record, item, &number)) {
            continue;
        } else if (number > INT64_MAX) {
            at = quoted_write(value, number);
        } else if (item->kind == ITEM_BOOLEAN && number - 1 < 2) {
            at = stpcpy(value, number == 1 ? "true" : "false");
        } else {
            at = entry_number(value, number);
        }
    }
    if (at == out) at++;
    *out = '{';
    *at++ = '}';
    return (size_t)(at - out);
}
