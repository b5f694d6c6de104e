/* Which elements of a flow we keep: the flow keys (`aggr_values`) and the sums (`aggr_sums`) of the configuration.
 *
 * Every flow is kept under the *full key*: the five-tuple, then the configured keys that are not part of it, in their
 * configured order. The index tables need the five-tuple whatever the configured keys are; the flows tables are grouped
 * by the configured keys when they are written. Each value of the packed key stands big-endian at a fixed place, so
 * that memcmp() orders keys as SQL orders rows. The key of an IPv6 flow has 16-byte addresses, else it is the same. */
#ifndef FLOWIMPORT_FLOW_LAYOUT_H
#define FLOWIMPORT_FLOW_LAYOUT_H

#include "base/error.h"
#include "flow/element.h"

enum {
    FLOW_KEYS_MAX = 15,    /* configured keys: with the bucket as many columns as an index of MySQL takes */
    FLOW_SUMS_MAX = 8,     /* configured sums */
    FLOW_KEY_BYTES = 360,  /* the longest packed key */
    FLOW_TUPLE_FIELDS = 5, /* of the five-tuple: the first fields of every full key, in the order of enum flow_tuple */
};

enum flow_tuple { TUPLE_SOURCE, TUPLE_DESTINATION, TUPLE_SOURCE_PORT, TUPLE_DESTINATION_PORT, TUPLE_PROTOCOL };

enum flow_family { FLOW_IPV4, FLOW_IPV6, FLOW_FAMILIES };

struct flow_field {                               /* one value of the full key */
    const struct element *element[FLOW_FAMILIES]; /* differ for the two addresses alone */
    uint16_t offset[FLOW_FAMILIES];               /* in the packed key */
    uint8_t width[FLOW_FAMILIES];                 /* bytes */
    bool plain[FLOW_FAMILIES];                    /* a non-negative integer that has room there is stored as it is */
};

struct flow_layout {
    unsigned n_fields; /* of the full key */
    struct flow_field fields[FLOW_TUPLE_FIELDS + FLOW_KEYS_MAX];
    unsigned key_bytes[FLOW_FAMILIES]; /* of the full packed key */
    unsigned n_keys;                   /* configured flow keys, as indexes into fields, in the configured order */
    uint8_t keys[FLOW_KEYS_MAX];
    unsigned n_sums;
    const struct element *sums[FLOW_SUMS_MAX];
    bool has_addresses; /* whether a configured key is an address: then IPv6 flows have a table of their own */
};

/* The defaults of aggr_values and aggr_sums. */
#define FLOW_LAYOUT_KEYS                                                                                               \
    "sourceIPv4Address,destinationIPv4Address,sourceTransportPort,destinationTransportPort,protocolIdentifier"
#define FLOW_LAYOUT_SUMS "packetDeltaCount,octetDeltaCount"

/* `keys` and `sums`: element names separated by commas or spaces. An IPv6 address stands for the same end's IPv4
 * address. 0, or -1 with the error naming the element: unknown, given twice, a list type as key, not an unsigned
 * integer as sum. */
int flow_layout_init(struct flow_layout *layout, const char *keys, const char *sums, struct error *error)
    __attribute__((warn_unused_result));
/* Whether a field of the full key is a configured key. */
bool flow_layout_has_key(const struct flow_layout *layout, unsigned field);
/* The index of the configured sum `element_id`, or -1. */
int flow_layout_sum(const struct flow_layout *layout, unsigned element_id);
/* The type of ICMP that answers a type, or is answered by it; -1: none. */
int flow_icmp_answer(unsigned type, enum flow_family family);
/* The packed key of the other direction: addresses and ports exchanged; where the destination's port is a type of ICMP
 * that has an answer (and no code), the answer's type in its place. */
void flow_layout_turn(const struct flow_layout *layout, enum flow_family family, uint8_t *key);
/* A packed key of IPv6 whose addresses both stand for IPv4 ones (::ffff:0:0/96), or one does and the other is
 * unspecified, becomes that of IPv4; false: it stays as it is. */
bool flow_layout_unmap(const struct flow_layout *layout, uint8_t *key);

#endif
