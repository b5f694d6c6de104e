/* Data Records (RFC 7011, section 3.4.3) into queue entries or flow records, by a plan that is made once for each
 * template: what stands where, and what of it is wanted. NetFlow v5, v7 and sFlow come the same way: their records are
 * described by lists of fields like any template's. No I/O; never a byte beyond those given.
 *
 * The same record gives the same flow both ways: data_record_flows() is what entry_decode() makes of
 * data_record_entry()'s text.
 *
 * Rules, where exporters differ:
 *   - Sums: octetDeltaCount and packetDeltaCount; where the template has no delta, postOctetDeltaCount (NetFlow v9's
 *     OUT_BYTES), initiatorOctets, octetTotalCount, layer2OctetDeltaCount ... in that order; so for packets. Where it
 *     has one of the two alone, a flow has 1 packet, or 0 octets: the least that it can have. deltaFlowCount is 1.
 *     A firewall's event whose template has neither is a flow of 0 packets and 0 octets.
 *     Where octetDeltaCount is 0 in a record, its postOctetDeltaCount counts, if it has one (FortiOS and IOS-XE fill
 *     one of the two by direction); so for packets and totals. Never the sum of both: they are of the same packets.
 *     responderOctets and responderPackets beside initiatorOctets and initiatorPackets (and reverse elements, RFC 5103)
 *     are the other direction; alone they are none (Huawei).
 *   - Times: the finest of the absolute elements; flowStartDeltaMicroseconds and its like (before the export time);
 *     flowStartSysUpTime (NetFlow's FIRST_SWITCHED) against the moment at which the exporter's sysUpTime was 0, in the
 *     record (systemInitTimeMilliseconds) or in the context. What is missing is the other one with
 *     flowDurationMilliseconds; an end, observationTimeMilliseconds; else the other one, or the export time. A time of
 *     0 is missing, but of sysUpTime the start of a flow with an end. What can't be is fixed, and a start before what
 *     the counters are of is clipped (collect/flow_times.h). All times are moved by skew_us.
 *   - Family: by the address fields that the template has (prefixes stand in for addresses); where it has both, by
 *     ipVersion, else by which of them is not 0. The other family's addresses are left out. Where all four are there
 * (SRv6, 6in4), and where a template has an address twice, they are of a tunnel and of the packet inside: enum
 *     data_record_ends.
 *     staIPv4Address (Cisco's wireless controllers) is the source, or where flowDirection is 1 (egress) the
 *     destination, in templates without other addresses.
 *   - Reduced-size encoding (RFC 7011, 6.2) of all numbers; strings and octetArrays of variable length. Fields of
 *     other enterprises, but for reverse ones (29305), lists, and lengths that the element's type can't have are passed
 *     over. Of an element that a template has twice, the first counts.
 *   - icmpTypeCodeIPv4 or IPv6 is the destination port where the protocol is ICMP's and the port is 0. A template that
 *     has such an element, and neither protocol nor ports, is of ICMP (softflowd).
 *   - Strings and octetArrays (as hexadecimal digits) that are keys are cut to the 64 bytes that a key holds.
 *   - A count is refused where it is beyond 63 bits, multiplied or as it stands, as an entry's is. */
#ifndef FLOWIMPORT_COLLECT_DATA_RECORD_H
#define FLOWIMPORT_COLLECT_DATA_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/record.h"
#include "flow/reject.h"

enum {
    DATA_RECORD_FIELDS_MAX = 256,     /* of a template; longer ones are refused */
    DATA_RECORD_ENTRY_MAX = 32 << 10, /* bytes of an entry; fields that don't fit in are left out */
    FIELD_VARIABLE = 0xffff,          /* a length */
    ENTERPRISE_REVERSE = 29305,       /* RFC 5103 */
    DATA_RECORD_COUNTERS = 4,         /* octets, packets, and those of the other direction */
    DATA_RECORD_TUPLE = 64,           /* bytes */
};

/* A Field Specifier (RFC 7011, section 3.2). */
struct field_specifier {
    uint32_t enterprise; /* 0: IANA's */
    uint16_t id;         /* without the enterprise bit */
    uint16_t length;     /* bytes, or FIELD_VARIABLE */
};
/* Whether it says what has happened to a firewall's connection: firewallEvent, or Cisco's element before it was IANA's.
 */
bool field_is_event(const struct field_specifier *field);

/* On which way through an interface a flow was seen. */
enum data_record_direction { DIRECTION_UNKNOWN, DIRECTION_INGRESS, DIRECTION_EGRESS };

/* Of a record that has the addresses of a tunnel and of what is inside: which count. */
enum data_record_ends { DATA_RECORD_INNER, DATA_RECORD_OUTER };

/* What a record's values depend on besides its bytes. Times are those of 32 bits of seconds. */
struct data_record_context {
    int64_t export_us;  /* of the message; microseconds since 1970 */
    int64_t boot_us;    /* when sysUpTime was 0; right across its rollover every 49.7 days: see data_record.c */
    int64_t skew_us;    /* added to all times: an exporter whose clock is wrong */
    int64_t since_us;   /* what is counted came after then, by the exporter's clock; 0: not known */
    int64_t longest_ns; /* no flow is longer, but by its totals; 0: any may be */
    uint8_t *noted;    /* bits of what was found about its times (collect/flow_times.h) are added here; NULL: nowhere */
    uint32_t sampling; /* 1 in so many packets was looked at: octets and packets are multiplied. 1: all */
    bool empty_too;    /* for the decoder: the record is a flow though its counters are 0, or it has none */
    uint8_t direction; /* enum data_record_direction, where the record doesn't say */
    uint8_t family;    /* enum flow_family, of the exporter */
    uint8_t address[16];
    uint32_t domain;
};

struct data_record_plan; /* opaque */

/* `layout`: what is wanted are its keys and sums; NULL: all elements of the template, and only entries can be made.
 * exporterIPv4Address or IPv6, observationDomainId and samplingPopulation (where it is above 1) are the context's,
 * unless the record has them. The fields are copied, the layout is borrowed. NULL: there are too many fields. */
struct data_record_plan *data_record_plan_new(const struct field_specifier *fields, unsigned n,
                                              const struct flow_layout *layout, enum data_record_ends ends);
void data_record_plan_free(struct data_record_plan *plan);          /* NULL does nothing */
size_t data_record_plan_bytes(const struct data_record_plan *plan); /* of memory */
/* Bytes of every record, or where fields are of variable length, of the shortest. */
size_t data_record_plan_min(const struct data_record_plan *plan);
/* Whether the template has octets or packets, of a length that can be read. Else its records (of NAT's events, say) are
 * no flows. */
bool data_record_plan_counts(const struct data_record_plan *plan);
/* Whether it has an address of any kind. Else its flows are from 0.0.0.0 to 0.0.0.0. */
bool data_record_plan_addresses(const struct data_record_plan *plan);
/* Whether it has flowDirection. */
bool data_record_plan_direction(const struct data_record_plan *plan);
/* Whether it has octets or packets that are totals (octetTotalCount and its like). */
bool data_record_plan_totals(const struct data_record_plan *plan);
/* The counter whose length can't be read, while nothing stands in for it; NULL: there is none. */
const struct field_specifier *data_record_plan_unreadable(const struct data_record_plan *plan);

/* Bytes of the record that begins here; 0 where it goes beyond the `len` given. */
size_t data_record_length(const struct data_record_plan *plan, const uint8_t *bytes, size_t len);
/* Of a whole record of `len` bytes. An entry of both directions where there are two. Returns its length; 0: the record
 * goes beyond `len`. */
size_t data_record_entry(const struct data_record_plan *plan, const uint8_t *bytes, size_t len,
                         const struct data_record_context *context, char out[DATA_RECORD_ENTRY_MAX]);
/* With a layout. The number of flows: 1, or 2 where the other direction has packets or octets. 0 where the record has a
 * value that an entry would be refused for; *reject says why. */
unsigned data_record_flows(const struct data_record_plan *plan, const uint8_t *bytes, size_t len,
                           const struct data_record_context *context, struct flow_record flows[2],
                           struct reject *reject);
/* Whether all that it has of octets and packets, in both directions, is 0: then it is no flow. */
bool data_record_empty(const struct data_record_plan *plan, const uint8_t *bytes, size_t len);
/* The value of one unsigned element (up to 8 bytes), as options have it. false: the template hasn't got it. */
bool data_record_number(const struct data_record_plan *plan, const uint8_t *bytes, size_t len, uint16_t id,
                        uint64_t *number);
/* The same of an enterprise's element. */
bool data_record_vendor_number(const struct data_record_plan *plan, const uint8_t *bytes, size_t len,
                               uint32_t enterprise, uint16_t id, uint64_t *number);

/* The bytes of a string or octetArray. NULL: the template hasn't got it. */
const uint8_t *data_record_octets(const struct data_record_plan *plan, const uint8_t *bytes, size_t len, uint16_t id,
                                  size_t *n);

/* Where a counter that counts stands in a record; of length 0 where it has none. */
struct data_record_counter {
    size_t at, length;
    size_t other, other_length; /* of the one that would count if this were 0 */
    bool total;                 /* of the whole flow, each time that it is reported */
};
void data_record_counters(const struct data_record_plan *plan, const uint8_t *bytes, size_t len,
                          struct data_record_counter counters[DATA_RECORD_COUNTERS]);
/* The flow's start as it stands in the record, where it has one that is the same each time that it is reported; else 0.
 */
uint64_t data_record_started(const struct data_record_plan *plan, const uint8_t *bytes, size_t len);
/* Addresses, ports and protocol, as far as the template has them, side by side, and zeros behind. */
void data_record_tuple(const struct data_record_plan *plan, const uint8_t *bytes, size_t len,
                       uint8_t tuple[DATA_RECORD_TUPLE]);

/* Where a flow was seen: 0 is what the record doesn't say. */
struct data_record_place {
    uint64_t point;         /* observationPointId */
    uint32_t input, output; /* interfaces */
    uint8_t direction;      /* enum data_record_direction, by flowDirection, else the context's */
};
struct data_record_place data_record_place(const struct data_record_plan *plan, const uint8_t *bytes, size_t len,
                                           const struct data_record_context *context);

#endif
