/* A plan from the inside: where the values of a record stand, and what is made of each. */
#ifndef FLOWIMPORT_COLLECT_DATA_RECORD_IMPL_H
#define FLOWIMPORT_COLLECT_DATA_RECORD_IMPL_H

#include <string.h>

#include "base/bytes.h"
#include "collect/data_record.h"

enum { PROTOCOL_ICMP = 1, PROTOCOL_ICMPV6 = 58 };

enum {
    ITEM_NAME_MAX = 48, /* ,"revAddressPortMappingPerUserHighThreshold": */
};

/* What an item's value is, and how it is written. */
enum item_kind {
    ITEM_NUMBER1, /* unsigned, by its bytes */
    ITEM_NUMBER2,
    ITEM_NUMBER4,
    ITEM_NUMBER8,
    ITEM_NUMBER,                 /* of 3, 5, 6 or 7 bytes */
    ITEM_COUNT,                  /* multiplied by the sampling */
    ITEM_COUNT_EITHER,           /* the same of item.other, where its own field is 0 */
    ITEM_STATION,                /* its own field, where item.other (flowDirection) is item.time; else absent */
    ITEM_TCP_FLAGS,              /* a number of which a key has 12 bits (coerce.h) */
    ITEM_BOOLEAN,                /* 1: true, 2: false (RFC 7011, section 6.1.5) */
    ITEM_PORT,                   /* of the destination; where it is 0, ICMP's type and code */
    ITEM_CONSTANT,               /* its source's offset */
    ITEM_DOMAIN,                 /* of the context, this and the following two */
    ITEM_SAMPLING,               /* absent where it is 1 */
    ITEM_EXPORTER,               /* its IPv4 address; absent where it has another */
    ITEM_SIGNED,                 /* from here: may be negative */
    ITEM_TIME,                   /* an element of its own, in item.unit */
    ITEM_FLOW_TIME,              /* of the flow: item.time, in item.unit */
    ITEM_NUMERIC,                /* from here: no number */
    ITEM_MISSING = ITEM_NUMERIC, /* a sum for which the template has nothing */
    ITEM_IPV6,
    ITEM_EXPORTER_IPV6,
    ITEM_MAC,
    ITEM_FLOAT,
    ITEM_STRING,
    ITEM_OCTETS,
};

enum time_unit { UNIT_SECONDS, UNIT_MILLISECONDS, UNIT_MICROSECONDS, UNIT_NANOSECONDS, UNITS };

/* The times of a flow's two directions. */
enum flow_time { TIME_START, TIME_END, TIME_REVERSE_START, TIME_REVERSE_END, FLOW_TIMES };

enum moment_kind {
    MOMENT_NONE,
    MOMENT_EXPORT, /* the message's time */
    MOMENT_SECONDS,
    MOMENT_MILLISECONDS,
    MOMENT_NTP,    /* RFC 7011, sections 6.1.9 and 6.1.10 */
    MOMENT_DELTA,  /* microseconds before the message's time */
    MOMENT_UPTIME, /* milliseconds of sysUpTime */
};

/* Where a field stands: fixed, counted from the end of the last field of variable length before it. That field itself
 * ends at its anchor. */
struct source {
    uint32_t offset;
    uint16_t anchor; /* fields of variable length up to here; 0: the record's begin */
    uint16_t length; /* bytes, or FIELD_VARIABLE; 0: there is none */
};

struct moment {
    struct source source;
    uint8_t kind; /* enum moment_kind */
};

enum item_target { TARGET_NONE, TARGET_SUM, TARGET_KEY };

struct item {
    struct source source, other;
    uint64_t max;   /* what is beyond is refused */
    uint16_t place; /* of the target: which sum, or bytes into the key */
    uint8_t target; /* enum item_target */
    uint8_t width;  /* of the key's value: bytes */
    uint8_t kind;   /* enum item_kind */
    uint8_t unit;   /* enum time_unit */
    uint8_t time;   /* enum flow_time; of ITEM_STATION a flowDirection */
    uint8_t moment; /* ITEM_TIME: enum moment_kind */
    uint8_t copied; /* bytes that are the key's as they stand; 0: the value has to be looked at */
    bool first;     /* ITEM_FLOW_TIME: the unit that a reader goes by */
    uint8_t name_len;
    char name[ITEM_NAME_MAX]; /* with what stands before and behind it */
};

struct field {
    struct field_specifier specifier;
    struct source source;
};

/* Bytes that stand side by side in a record as in the key: one or more items that are copied. */
struct copy {
    struct source source;
    uint16_t place; /* bytes into the key */
};

/* Of both directions, then of the reverse one. */
struct bounds {
    unsigned first, reverse, end;
};

struct data_record_plan {
    const struct flow_layout *layout; /* NULL: everything */
    struct field *fields;
    unsigned n_fields;
    unsigned n_variable;
    uint32_t *gaps; /* fixed bytes before each field of variable length, since the last; and behind the last */
    size_t min;
    bool counts;
    bool event;                       /* of a firewall */
    bool totals;                      /* some of total[] */
    bool total[DATA_RECORD_COUNTERS]; /* counters of the whole flow, each time that it is reported */
    const struct field *unreadable;   /* octets or packets that are there, but can't be read; NULL: none */
    struct source station, direction; /* staIPv4Address, which stands in for addresses; flowDirection */
    enum data_record_ends ends;
    struct data_record_plan *other_ends; /* of a template with a tunnel and the packet inside in one family: by the
                                            other's addresses, for records that lack these; else NULL */
    bool families[FLOW_FAMILIES];        /* whose addresses the template has; neither: IPv4 */
    struct source ip_version, addresses[FLOW_FAMILIES][2], protocol, port, source_port;
    struct source input, output, point;   /* interfaces, observationPointId */
    uint8_t icmp_protocol[FLOW_FAMILIES]; /* where the template says ICMP by its elements alone; else 0 */
    struct source icmp[FLOW_FAMILIES][2]; /* type and code together; or first the one, then the other */
    struct moment times[FLOW_TIMES];
    struct source system_init, duration;
    uint32_t duration_ns;            /* of its unit */
    struct source counters[2][2];    /* octets and packets; of each the one that counts where the first is 0 */
    struct source reverse_counts[2]; /* octets and packets; where one is above 0, there is another direction */
    struct item *items;              /* in the order in which an entry's values are looked at, and so refused */
    /* The same for flow records: what is copied is never refused, and so may come in runs, and first. */
    struct copy *copies;
    uint16_t *looked_at; /* the other items */
    unsigned n_items, n_copies, n_looked_at;
    struct {
        struct bounds items, copies, looked_at;
    } lists[FLOW_FAMILIES];
};

/* Of a plan whose items are complete: its copies, and what is looked at. */
void copies_make(struct data_record_plan *plan);

/* The end of a field of variable length, and its bytes. */
struct anchor {
    const uint8_t *at;
    size_t len;
};

/* A record that is being read. */
struct record {
    const struct data_record_plan *plan;
    const struct data_record_context *context;
    enum flow_family family;
    bool reverse;
    int64_t times[FLOW_TIMES]; /* nanoseconds since 1970 */
    struct anchor anchors[DATA_RECORD_FIELDS_MAX + 1];
};

/* False where the record's bytes are fewer than its fields need. */
bool record_open(struct record *record, const struct data_record_plan *plan, const uint8_t *bytes, size_t len,
                 const struct data_record_context *context) __attribute__((warn_unused_result));
/* Nanoseconds since 1970, at the ends of int64_t what is beyond them; moved by the skew. */
int64_t moment_read(const struct record *record, const struct source *source, enum moment_kind kind);
/* The value of an item that may be negative. */
int64_t item_signed(const struct record *record, const struct item *item);
/* Type and code, where the port is 0 and the protocol ICMP's. */
uint64_t record_port(const struct record *record);
/* 4 or 8 bytes. False: no finite number, and so no JSON. */
bool float_read(const uint8_t *at, size_t len, double *number) __attribute__((warn_unused_result));
/* The text of an ITEM_STRING or ITEM_OCTETS key, cut to fit: NULs at a string's end are padding. Returns its length. */
size_t item_text(const struct record *record, const struct item *item, char text[ELEMENT_TEXT_MAX]);

static inline const uint8_t *source_at(const struct record *record, const struct source *source) {
    return record->anchors[source->anchor].at + source->offset;
}

static inline uint64_t source_number(const struct record *record, const struct source *source) {
    return source->length ? be_number(source_at(record, source), source->length) : 0;
}

/* A string's or octetArray's bytes. */
static inline const uint8_t *source_octets(const struct record *record, const struct source *source, size_t *len) {
    const struct anchor *anchor = &record->anchors[source->anchor];
    bool variable = source->length == FIELD_VARIABLE;
    *len = variable ? anchor->len : source->length;
    return variable ? anchor->at - anchor->len : anchor->at + source->offset;
}

static inline int64_t round_down(int64_t number, int64_t by) { return number / by - (number % by < 0); }

static inline int64_t time_in(int64_t ns, enum time_unit unit) {
    switch (unit) {
    case UNIT_SECONDS: return round_down(ns, 1000000000);
    case UNIT_MILLISECONDS: return round_down(ns, 1000000);
    case UNIT_MICROSECONDS: return round_down(ns, 1000);
    default: return ns;
    }
}

/* The value of an unsigned item. False: it is absent. */
static inline bool item_number(const struct record *record, const struct item *item, uint64_t *number) {
    const struct data_record_context *context = record->context;
    const uint8_t *at = source_at(record, &item->source);
    switch ((enum item_kind)item->kind) {
    case ITEM_NUMBER1: *number = be_number(at, 1); return true;
    case ITEM_NUMBER2: *number = be_number(at, 2); return true;
    case ITEM_NUMBER4: *number = be_number(at, 4); return true;
    case ITEM_NUMBER8: *number = be_number(at, 8); return true;
    case ITEM_COUNT:
    case ITEM_COUNT_EITHER:
        *number = be_number(at, item->source.length);
        if (*number == 0 && item->kind == ITEM_COUNT_EITHER) *number = source_number(record, &item->other);
        if (context->sampling > 1 && __builtin_mul_overflow(*number, context->sampling, number)) *number = UINT64_MAX;
        return true;
    case ITEM_NUMBER:
    case ITEM_TCP_FLAGS:
    case ITEM_BOOLEAN: *number = be_number(at, item->source.length); return true;
    case ITEM_STATION:
        *number = be_number(at, item->source.length);
        return source_number(record, &item->other) == item->time;
    case ITEM_PORT: *number = record_port(record); return true;
    case ITEM_CONSTANT: *number = item->source.offset; return true;
    case ITEM_DOMAIN: *number = context->domain; return true;
    case ITEM_SAMPLING: *number = context->sampling; return context->sampling > 1;
    case ITEM_EXPORTER: *number = be_number(context->address, 4); return context->family == FLOW_IPV4;
    default: return false;
    }
}

#endif
