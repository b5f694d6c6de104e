/* sFlow datagrams: XDR (RFC 4506) read from front to back, each sample and each of its records by its own length. */
#include "collect/sflow.h"

#include <string.h>

#include "base/bytes.h"

enum {
    VERSION = 5,

    /* Formats: enterprise << 12 | format. All of sflow.org's are of enterprise 0. */
    FLOW_SAMPLE = 1,
    COUNTER_SAMPLE = 2,
    EXPANDED_FLOW_SAMPLE = 3,
    EXPANDED_COUNTER_SAMPLE = 4,
    DISCARD_SAMPLE = 5, /* "sFlow Dropped Packet Notification Structures", 2024 */
    INTERFACE_COUNTERS = 1,
    PORT_NAME = 1005,

    ADDRESS_UNKNOWN = 0,
    ADDRESS_IPV4 = 1,
    ADDRESS_IPV6 = 2,

    INTERFACE_BITS = 30, /* of its number in a compact sample; above them stands its format: 0 is an ifIndex */
    INTERFACE_NONE = 0x3fffffff,
    INTERFACE_DISCARDED = 1, /* a format: the packet went nowhere, and its number is the reason */
    SOURCE_BITS = 24,        /* likewise of a source's index */
    VLAN_MAX = 4095,
    MAC_BYTES = 6,
    IPV6_HEADER = 40,
    BITS_MAX = 128, /* of a prefix */
};

/* What a flow sample's records have told so far. */
struct found {
    const struct packet_options *options; /* of the header's decoder */
    struct packet packet;
    bool ip, whole; /* there is a packet; it is of a raw header, which no other record knows better */
    uint32_t input, output;
    uint32_t vlan, priority, post_vlan; /* VLANs of more than VLAN_MAX: none, or not known */
    uint32_t source_as, source_peer_as, destination_as, destination_peer_as;
    uint32_t source_bits, destination_bits;
    struct hop {
        uint8_t family, address[16];
    } next_hop, bgp_next_hop;
};

/* --- the fields of a record --- */

static uint32_t vlan_of(const struct found *found) {
    if (found->packet.vlan_tags) return found->packet.vlan & PACKET_VLAN_MASK;
    return found->vlan <= VLAN_MAX ? found->vlan : 0;
}

static uint32_t priority_of(const struct found *found) {
    return found->packet.vlan_tags ? found->packet.vlan >> 13 : found->priority;
}

static uint32_t icmp_of(const struct packet *packet) {
    return packet->protocol == 1 || packet->protocol == 58 ? packet->destination_port : 0;
}

/* All zeros where the hop is of the other family. */
static const uint8_t *hop_of(const struct hop *hop, uint8_t family) {
    static const uint8_t none[16];
    return hop->family == family ? hop->address : none;
}

/* In this order: ADDRESS(element of IPv4, of IPv6, its bytes), OCTETS(element, length, its bytes),
 * NUMBER(element of IPv4, of IPv6, length, value). dot1qVlanId is 802.1Q's name of what NetFlow calls vlanId; an MPLS
 * entry goes without its TTL. */
/* clang-format off */
#define RECORD(ADDRESS, OCTETS, NUMBER)                                                                                \
    ADDRESS(IE_sourceIPv4Address, IE_sourceIPv6Address, found->packet.source)                                          \
    ADDRESS(IE_destinationIPv4Address, IE_destinationIPv6Address, found->packet.destination)                           \
    NUMBER(IE_sourceTransportPort, IE_sourceTransportPort, 2, found->packet.source_port)                               \
    NUMBER(IE_destinationTransportPort, IE_destinationTransportPort, 2, found->packet.destination_port)                \
    NUMBER(IE_protocolIdentifier, IE_protocolIdentifier, 1, found->packet.protocol)                                    \
    NUMBER(IE_ipClassOfService, IE_ipClassOfService, 1, found->packet.tos)                                             \
    NUMBER(IE_tcpControlBits, IE_tcpControlBits, 2, found->packet.tcp_flags)                                           \
    NUMBER(IE_ipTTL, IE_ipTTL, 1, found->packet.ttl)                                                                   \
    NUMBER(IE_flowLabelIPv6, IE_flowLabelIPv6, 4, found->packet.flow_label)                                            \
    NUMBER(IE_icmpTypeCodeIPv4, IE_icmpTypeCodeIPv6, 2, icmp_of(&found->packet))                                       \
    NUMBER(IE_octetDeltaCount, IE_octetDeltaCount, 8, found->packet.octets)                                            \
    NUMBER(IE_packetDeltaCount, IE_packetDeltaCount, 1, 1)                                                             \
    NUMBER(IE_ingressInterface, IE_ingressInterface, 4, found->input)                                                  \
    NUMBER(IE_egressInterface, IE_egressInterface, 4, found->output)                                                   \
    NUMBER(IE_vlanId, IE_vlanId, 2, vlan_of(found))                                                                    \
    NUMBER(IE_postVlanId, IE_postVlanId, 2, found->post_vlan <= VLAN_MAX ? found->post_vlan : 0)                       \
    NUMBER(IE_dot1qVlanId, IE_dot1qVlanId, 2, vlan_of(found))                                                          \
    NUMBER(IE_dot1qPriority, IE_dot1qPriority, 1, priority_of(found))                                                  \
    OCTETS(IE_sourceMacAddress, MAC_BYTES, found->packet.source_mac)                                                   \
    OCTETS(IE_destinationMacAddress, MAC_BYTES, found->packet.destination_mac)                                         \
    NUMBER(IE_mplsTopLabelStackSection, IE_mplsTopLabelStackSection, 3, found->packet.mpls_top >> 8)                   \
    NUMBER(IE_bgpSourceAsNumber, IE_bgpSourceAsNumber, 4, found->source_as)                                            \
    NUMBER(IE_bgpDestinationAsNumber, IE_bgpDestinationAsNumber, 4, found->destination_as)                             \
    NUMBER(IE_bgpNextAdjacentAsNumber, IE_bgpNextAdjacentAsNumber, 4, found->destination_peer_as)                      \
    NUMBER(IE_bgpPrevAdjacentAsNumber, IE_bgpPrevAdjacentAsNumber, 4, found->source_peer_as)                           \
    ADDRESS(IE_ipNextHopIPv4Address, IE_ipNextHopIPv6Address, hop_of(&found->next_hop, found->packet.family))          \
    ADDRESS(IE_bgpNextHopIPv4Address, IE_bgpNextHopIPv6Address, hop_of(&found->bgp_next_hop, found->packet.family))    \
    NUMBER(IE_sourceIPv4PrefixLength, IE_sourceIPv6PrefixLength, 1, found->source_bits)                                \
    NUMBER(IE_destinationIPv4PrefixLength, IE_destinationIPv6PrefixLength, 1, found->destination_bits)
/* clang-format on */

#define ADDRESS_FIELD4(id4, id6, bytes) {0, id4, 4},
#define ADDRESS_FIELD6(id4, id6, bytes) {0, id6, 16},
#define OCTETS_FIELD(id, length, bytes) {0, id, length},
#define NUMBER_FIELD4(id4, id6, length, value) {0, id4, length},
#define NUMBER_FIELD6(id4, id6, length, value) {0, id6, length},
#define ADDRESS_LENGTH(id4, id6, bytes) +16
#define OCTETS_LENGTH(id, length, bytes) +length
#define NUMBER_LENGTH(id4, id6, length, value) +length
#define ADDRESS_PUT(id4, id6, bytes) at = octets_put(at, bytes, address_bytes);
#define OCTETS_PUT(id, length, bytes) at = octets_put(at, bytes, length);
#define NUMBER_PUT(id4, id6, length, value) at = be_put(at, value, length);

const struct field_specifier sflow_fields[FLOW_FAMILIES][SFLOW_FIELDS_MAX] = {
    [FLOW_IPV4] = {RECORD(ADDRESS_FIELD4, OCTETS_FIELD, NUMBER_FIELD4)},
    [FLOW_IPV6] = {RECORD(ADDRESS_FIELD6, OCTETS_FIELD, NUMBER_FIELD6)},
};

enum {
    FIELDS = sizeof((struct field_specifier[]){RECORD(ADDRESS_FIELD4, OCTETS_FIELD, NUMBER_FIELD4)}) /
             sizeof(struct field_specifier)
};

const unsigned sflow_n_fields[FLOW_FAMILIES] = {FIELDS, FIELDS};

_Static_assert((RECORD(ADDRESS_LENGTH, OCTETS_LENGTH, NUMBER_LENGTH)) <= SFLOW_RECORD_MAX, "a record has room");

static uint8_t *octets_put(uint8_t *at, const uint8_t *octets, size_t length) {
    memcpy(at, octets, length);
    return at + length;
}

static size_t record_write(uint8_t *record, const struct found *found) {
    const size_t address_bytes = found->packet.family == FLOW_IPV6 ? 16 : 4;
    uint8_t *at = record;
    RECORD(ADDRESS_PUT, OCTETS_PUT, NUMBER_PUT)
    return (size_t)(at - record);
}

size_t sflow_packet_record(const struct packet *packet, uint32_t input, uint32_t output,
                           uint8_t record[SFLOW_RECORD_MAX]) {
    const struct found found = {.packet = *packet, .ip = true, .whole = true, .input = input, .output = output};
    return record_write(record, &found);
}

/* --- XDR --- */

/* Where the reader is. Beyond the end it reads zeros, and remembers that it did. */
struct xdr {
    const uint8_t *at, *end;
    bool cut;
};

/* Of the next `len` bytes and what pads them to a multiple of 4, which the last ones may lack. NULL: cut. */
static const uint8_t *xdr_bytes(struct xdr *xdr, uint64_t len) {
    const uint8_t *bytes = xdr->at;
    size_t left = (size_t)(xdr->end - xdr->at);
    if (len > left) {
        xdr->cut = true;
        xdr->at = xdr->end;
        return NULL;
    }
    uint64_t padded = (len + 3) & ~UINT64_C(3);
    xdr->at += padded < left ? padded : left;
    return bytes;
}

static uint32_t xdr_number(struct xdr *xdr) {
    const uint8_t *bytes = xdr_bytes(xdr, 4);
    return bytes ? be32(bytes) : 0;
}

static uint64_t xdr_hyper(struct xdr *xdr) {
    const uint8_t *bytes = xdr_bytes(xdr, 8);
    return bytes ? be64(bytes) : 0;
}

static void xdr_copy(struct xdr *xdr, uint8_t *to, size_t len) {
    const uint8_t *bytes = xdr_bytes(xdr, len);
    if (bytes) memcpy(to, bytes, len);
}

/* A part that tells its length: a reader of its own. Some agents count what pads the last one, and leave it out. */
static struct xdr xdr_opaque(struct xdr *xdr) {
    uint32_t len = xdr_number(xdr);
    size_t left = (size_t)(xdr->end - xdr->at);
    if (len > left && len - left < 4) len = (uint32_t)left;
    const uint8_t *bytes = xdr_bytes(xdr, len);
    return xdr->cut ? (struct xdr){xdr->end, xdr->end, true} : (struct xdr){bytes, bytes + len, false};
}

static struct hop xdr_address(struct xdr *xdr) {
    struct hop hop = {.family = FLOW_IPV4};
    switch (xdr_number(xdr)) {
    case ADDRESS_UNKNOWN: break;
    case ADDRESS_IPV4: xdr_copy(xdr, hop.address, 4); break;
    case ADDRESS_IPV6:
        hop.family = FLOW_IPV6;
        xdr_copy(xdr, hop.address, 16);
        break;
    default: xdr->cut = true; /* of no length that is known */
    }
    return hop;
}

/* --- flow records: each takes what it tells, or nothing where it is cut --- */

/* The link type of a header protocol, as libpcap counts. -1: none of IP. */
static int link_type(uint32_t protocol) {
    switch (protocol) {
    case 1: return 1;    /* Ethernet */
    case 7: return 9;    /* PPP */
    case 11: return 228; /* IPv4 */
    case 12: return 229; /* IPv6 */
    case 13: return 219; /* MPLS */
    case 14: return 50;  /* PPP in HDLC framing: packet over SONET */
    default: return -1;
    }
}

/* `original`: the frame's length, as the agent says; at least that of the header. Where it says no more than that (some
 * agents tell the header's length twice), the IP header knows better, up to what one of 16 bits can say. */
static enum packet_verdict header_decode(const struct packet_options *options, int link, const struct xdr *header,
                                         size_t original, struct packet *packet) {
    size_t captured = (size_t)(header->end - header->at);
    if (original <= captured) {
        enum packet_verdict verdict = packet_decode(options, link, header->at, captured, 0, packet);
        if (!packet_texts[verdict].counts || packet->octets <= UINT16_MAX + IPV6_HEADER) return verdict;
    }
    return packet_decode(options, link, header->at, captured, original, packet);
}

static void raw_header(struct xdr *xdr, struct found *found) {
    struct packet packet;
    uint32_t protocol = xdr_number(xdr), length = xdr_number(xdr), stripped = xdr_number(xdr);
    struct xdr header = xdr_opaque(xdr);
    if (xdr->cut) return;
    enum packet_verdict verdict =
        header_decode(found->options, link_type(protocol), &header, length > stripped ? length - stripped : 0, &packet);
    if (!packet_texts[verdict].counts) return;
    found->packet = packet;
    found->ip = found->whole = true;
}

static void sampled_ethernet(struct xdr *xdr, struct found *found) {
    xdr_number(xdr); /* length of the frame */
    const uint8_t *source = xdr_bytes(xdr, MAC_BYTES), *destination = xdr_bytes(xdr, MAC_BYTES);
    if (!source || !destination || found->whole) return;
    memcpy(found->packet.source_mac, source, MAC_BYTES);
    memcpy(found->packet.destination_mac, destination, MAC_BYTES);
}

static void sampled_ip(struct xdr *xdr, struct found *found, uint8_t family) {
    const size_t address_bytes = family == FLOW_IPV6 ? 16 : 4;
    struct packet *packet = &found->packet;
    uint32_t octets = xdr_number(xdr), protocol = xdr_number(xdr);
    const uint8_t *source = xdr_bytes(xdr, address_bytes), *destination = xdr_bytes(xdr, address_bytes);
    uint32_t source_port = xdr_number(xdr), destination_port = xdr_number(xdr);
    uint32_t flags = xdr_number(xdr), tos = xdr_number(xdr);
    if (xdr->cut || found->ip) return;
    found->ip = true;
    packet->family = family;
    packet->octets = octets;
    packet->protocol = (uint8_t)protocol;
    memcpy(packet->source, source, address_bytes);
    memcpy(packet->destination, destination, address_bytes);
    packet->source_port = (uint16_t)source_port;
    packet->destination_port = (uint16_t)destination_port;
    packet->tcp_flags = flags & 0xfff;
    packet->tos = (uint8_t)tos;
}

static void sampled_ipv4(struct xdr *xdr, struct found *found) { sampled_ip(xdr, found, FLOW_IPV4); }
static void sampled_ipv6(struct xdr *xdr, struct found *found) { sampled_ip(xdr, found, FLOW_IPV6); }

static void extended_switch(struct xdr *xdr, struct found *found) {
    uint32_t vlan = xdr_number(xdr), priority = xdr_number(xdr), post_vlan = xdr_number(xdr);
    if (xdr->cut) return;
    found->vlan = vlan;
    found->priority = priority <= 7 ? priority : 0;
    found->post_vlan = post_vlan;
}

static void extended_router(struct xdr *xdr, struct found *found) {
    struct hop hop = xdr_address(xdr);
    uint32_t source_bits = xdr_number(xdr), destination_bits = xdr_number(xdr);
    if (xdr->cut) return;
    found->next_hop = hop;
    found->source_bits = source_bits <= BITS_MAX ? source_bits : 0;
    found->destination_bits = destination_bits <= BITS_MAX ? destination_bits : 0;
}

/* Of the way to the destination, the last number is the destination's, the first the neighbour's. It is empty where
 * the destination is in the router's own AS. */
static void extended_gateway(struct xdr *xdr, struct found *found) {
    struct hop hop = xdr_address(xdr);
    xdr_number(xdr); /* the router's own AS */
    uint32_t source = xdr_number(xdr), peer = xdr_number(xdr), first = 0, last = 0;
    for (uint32_t segments = xdr_number(xdr), i = 0; i < segments && !xdr->cut; i++) {
        xdr_number(xdr); /* a set or a sequence */
        uint32_t n = xdr_number(xdr);
        const uint8_t *path = xdr_bytes(xdr, UINT64_C(4) * n);
        if (!path || !n) continue;
        if (!first) first = be32(path);
        last = be32(path + 4 * (size_t)(n - 1));
    }
    if (xdr->cut) return;
    found->bgp_next_hop = hop;
    found->source_as = source;
    found->source_peer_as = peer;
    found->destination_as = last;
    found->destination_peer_as = first;
}

static const struct {
    uint32_t format;
    void (*take)(struct xdr *xdr, struct found *found);
} flow_records[] = {
    {1, raw_header},         {2, sampled_ethernet},   {3, sampled_ipv4},        {4, sampled_ipv6},
    {1001, extended_switch}, {1002, extended_router}, {1003, extended_gateway},
};

/* --- samples --- */

/* Whether all of it keeps to the format. */
static bool records_read(struct xdr *xdr, struct found *found) {
    bool sound = true;
    for (uint32_t n = xdr_number(xdr), i = 0; i < n && !xdr->cut; i++) {
        uint32_t format = xdr_number(xdr);
        struct xdr record = xdr_opaque(xdr);
        for (unsigned k = 0; k < sizeof flow_records / sizeof flow_records[0] && !record.cut; k++)
            if (flow_records[k].format == format) flow_records[k].take(&record, found);
        sound &= !record.cut;
    }
    return sound && !xdr->cut;
}

static uint32_t interface_of(uint32_t format, uint32_t value) {
    return format == 0 && value != INTERFACE_NONE && value != UINT32_MAX ? value : 0;
}

/* The part in which a compact and an expanded sample differ in form. */
static void sample_head(struct xdr *xdr, bool expanded, struct sflow_sample *sample, struct found *found) {
    uint32_t interfaces[2][2];
    sample->sequence = xdr_number(xdr);
    uint32_t source = xdr_number(xdr);
    sample->source_type = expanded ? source : source >> SOURCE_BITS;
    sample->source_id = expanded ? xdr_number(xdr) : source & ((1u << SOURCE_BITS) - 1);
    uint32_t sampling = xdr_number(xdr);
    sample->sampling = sampling ? sampling : 1;
    sample->pool = xdr_number(xdr);
    sample->drops = xdr_number(xdr);
    for (unsigned i = 0; i < 2; i++) {
        uint32_t word = xdr_number(xdr);
        interfaces[i][0] = expanded ? word : word >> INTERFACE_BITS;
        interfaces[i][1] = expanded ? xdr_number(xdr) : word & ((1u << INTERFACE_BITS) - 1);
    }
    sample->input = found->input = interface_of(interfaces[0][0], interfaces[0][1]);
    sample->output = found->output = interface_of(interfaces[1][0], interfaces[1][1]);
    sample->discarded = interfaces[1][0] == INTERFACE_DISCARDED;
    sample->reason = sample->discarded ? interfaces[1][1] : 0;
}

/* What is to be called for samples, and with what. */
struct take {
    const struct sflow_header *header;
    struct sflow_counts *counts;
    const struct sflow_sink *sink;
};

static void discarded_tell(const struct take *take, uint32_t reason, uint64_t n) {
    if (take->sink->discarded) take->sink->discarded(take->sink->context, reason, n);
}

static bool flow_sample(struct xdr *xdr, bool expanded, const struct take *take) {
    struct sflow_sample sample;
    struct found found = {.options = take->sink->options};
    sample_head(xdr, expanded, &sample, &found);
    if (xdr->cut) return false;
    bool sound = records_read(xdr, &found);
    take->counts->flow_samples++;
    if (sample.discarded) discarded_tell(take, sample.reason, sample.sampling);
    if (found.ip) {
        sample.family = found.packet.family;
        sample.len = record_write(sample.record, &found);
        take->sink->sample(take->sink->context, take->header, &sample);
    } else {
        take->counts->not_ip++;
    }
    return sound;
}

/* Of its records those of one interface, in their generic form. */
static bool counter_sample(struct xdr *xdr, bool expanded, const struct take *take) {
    take->counts->counter_samples++;
    xdr_number(xdr); /* sequence */
    uint32_t source_type = expanded ? xdr_number(xdr) : 0, source = xdr_number(xdr);
    if (!expanded) {
        source_type = source >> SOURCE_BITS;
        source &= (1u << SOURCE_BITS) - 1;
    }
    for (uint32_t n = xdr_number(xdr), i = 0; i < n && !xdr->cut; i++) {
        uint32_t format = xdr_number(xdr);
        struct xdr record = xdr_opaque(xdr);
        struct sflow_interface interface;
        if (format == PORT_NAME && take->sink->name && source_type == 0) {
            struct xdr name = xdr_opaque(&record);
            if (!record.cut)
                take->sink->name(take->sink->context, take->header, source, name.at, (size_t)(name.end - name.at));
        }
        if (format != INTERFACE_COUNTERS || !take->sink->interface) continue;
        interface.index = xdr_number(&record);
        xdr_number(&record); /* type */
        interface.speed = xdr_hyper(&record);
        xdr_hyper(&record); /* direction and status */
        interface.in = xdr_hyper(&record);
        (void)xdr_bytes(&record, 24); /* packets */
        interface.out = xdr_hyper(&record);
        if (!record.cut) take->sink->interface(take->sink->context, take->header, &interface);
    }
    return true;
}

/* One packet that was discarded: sequence, source, how many such were not told, interfaces, reason. */
static bool discard_sample(struct xdr *xdr, const struct take *take) {
    (void)xdr_bytes(xdr, 24);
    uint32_t reason = xdr_number(xdr);
    take->counts->discard_samples++;
    if (!xdr->cut) discarded_tell(take, reason, 1);
    return !xdr->cut;
}

static bool sample_read(struct xdr *xdr, const struct take *take) {
    uint32_t format = xdr_number(xdr);
    struct xdr sample = xdr_opaque(xdr);
    if (sample.cut) return false;
    switch (format) {
    case FLOW_SAMPLE:
    case EXPANDED_FLOW_SAMPLE: return flow_sample(&sample, format == EXPANDED_FLOW_SAMPLE, take);
    case COUNTER_SAMPLE:
    case EXPANDED_COUNTER_SAMPLE: return counter_sample(&sample, format == EXPANDED_COUNTER_SAMPLE, take);
    case DISCARD_SAMPLE: return discard_sample(&sample, take);
    default: take->counts->unknown_samples++; return true;
    }
}

int sflow_decode(const uint8_t *bytes, size_t len, struct sflow_header *header, struct sflow_counts *counts,
                 const struct sflow_sink *sink) {
    const struct take take = {header, counts, sink};
    struct xdr xdr = {bytes, bytes + len, false};
    bool sound = true;
    memset(header, 0, sizeof *header);
    memset(counts, 0, sizeof *counts);
    if (xdr_number(&xdr) != VERSION) return -1;
    struct hop agent = xdr_address(&xdr);
    header->family = agent.family;
    memcpy(header->agent, agent.address, sizeof header->agent);
    header->sub_agent = xdr_number(&xdr);
    header->sequence = xdr_number(&xdr);
    header->uptime_ms = xdr_number(&xdr);
    header->n_samples = xdr_number(&xdr);
    for (uint32_t i = 0; i < header->n_samples && !xdr.cut; i++)
        sound &= sample_read(&xdr, &take);
    return sound && !xdr.cut ? 0 : -1;
}
