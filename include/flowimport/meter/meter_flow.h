/* A flow as the meter ends it (RFC 7011: a Flow Record before it is exported): what becomes a queue entry, or a record
 * of IPFIX or NetFlow v9. */
#ifndef FLOWIMPORT_METER_METER_FLOW_H
#define FLOWIMPORT_METER_METER_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "flow/element.h"
#include "flow/layout.h"

/* flowEndReason (IANA registry of IPFIX). */
enum meter_end {
    METER_END_IDLE = 1,      /* inactive timeout */
    METER_END_ACTIVE = 2,    /* active timeout */
    METER_END_FLOW = 3,      /* FIN or RST was seen */
    METER_END_FORCED = 4,    /* the meter stops, or reads its file's end */
    METER_END_RESOURCES = 5, /* the oldest made room */
};

struct meter_counts {         /* of one direction */
    int64_t start_us, end_us; /* of the first and the last packet, microseconds since 1970 */
    uint64_t packets, octets; /* as on the wire: multiplied by the sampling interval */
    uint16_t tcp_flags;       /* the union of all packets' */
};

/* A field that is not among the rule's is 0. Numbers are in host order, addresses in network order. */
struct meter_flow {
    uint8_t source[16], destination[16]; /* IPv4: the first 4 bytes; masked as the rule says */
    uint16_t source_port, destination_port;
    uint8_t family;   /* enum flow_family */
    uint8_t protocol; /* protocolIdentifier */
    uint8_t tos, ttl; /* ipClassOfService, ipTTL: of the first packet, unless a key */
    uint32_t flow_label;
    uint16_t vlan, customer_vlan; /* ids: dot1qVlanId, dot1qCustomerVlanId */
    uint32_t interface;           /* ingressInterface */
    uint32_t mpls_label;          /* of the top of the stack: 20 bits */
    uint16_t icmp;                /* icmpTypeCodeIPv4, icmpTypeCodeIPv6: type*256+code */
    uint8_t source_mac[6], destination_mac[6];
    uint8_t direction;                    /* flowDirection: 0 ingress, 1 egress */
    uint8_t end;                          /* enum meter_end */
    uint32_t sampling;                    /* samplingPopulation: one in so many packets was looked at; 1: all */
    struct meter_counts forward, reverse; /* reverse: of a biflow (RFC 5103); reverse.packets 0: none */
};

/* What can be a key or a value of a rule: one table, from which rules are parsed, entries and templates are written. */
enum meter_field_of { METER_FIELD_KEY, METER_FIELD_VALUE };
struct meter_field {
    const char *name;       /* the information element's; of addresses: IPv4's */
    uint16_t id;            /* its number */
    uint8_t type;           /* enum element_type */
    uint8_t may_be;         /* bits 1 << METER_FIELD_KEY, 1 << METER_FIELD_VALUE */
    uint16_t offset, width; /* in struct meter_flow; a number of `width` bytes in host order, or bytes. Times are there
                               in microseconds, whatever the type says */
    const char *name6;      /* of addresses and ICMP: IPv6's name and number; else NULL, 0 */
    uint16_t id6;
    bool reversible; /* a value of one direction: the reverse one stands `offset` in reverse (RFC 5103) */
    /* The meter's own, of what may be a key: where it stands in a decoded packet, and which of a number's bits. */
    uint16_t subject;
    uint32_t mask;
};
extern const struct meter_field meter_fields[];
extern const unsigned meter_n_fields;
/* mdoc(7): a list of what may be a key, and of what may be a value. */
void meter_fields_print(struct buffer *out);

enum { METER_FIELDS_MAX = 24 };

/* What a rule's flows are written with: its keys, then its values, in the order of the configuration. */
struct meter_template {
    const char *rule; /* its name; borrowed */
    unsigned n;
    const struct meter_field *fields[METER_FIELDS_MAX];
    bool biflow;
};

#endif
