/* IP of both versions, its extension headers, and as much of the transport as flows need. */
#include <string.h>

#include "packet/packet_walk.h"

enum {
    HOP_BY_HOP = 0,
    ICMP = 1,
    TCP = 6,
    UDP = 17,
    DCCP = 33,
    ROUTING = 43,
    FRAGMENT = 44,
    AUTHENTICATION = 51,
    ICMPV6 = 58,
    NO_NEXT_HEADER = 59,
    DESTINATION_OPTIONS = 60,
    SCTP = 132,
    MOBILITY = 135,
    UDP_LITE = 136,
    HIP = 139,
    SHIM6 = 140,

    OPTION_PAD1 = 0,
    OPTION_JUMBO = 0xc2,

    TCP_FLAGS_AT = 12, /* in its header */
};

static void tcp_flags(struct packet *out, const uint8_t *at) { out->tcp_flags = be16(at) & 0xfff; }

/* Of a later fragment: a TCP header may be split after its first 8 bytes (RFC 1858), and the flags are here. */
static enum packet_verdict later_fragment(struct walk *walk, struct packet *out) {
    const size_t flags_at = TCP_FLAGS_AT - 8;
    if (out->protocol == TCP && out->fragment_offset == 1 && walk_left(walk) >= flags_at + 2)
        tcp_flags(out, walk->at + flags_at);
    return PACKET_OK;
}

static enum packet_verdict transport(struct walk *walk, struct packet *out) {
    const uint8_t *at = walk->at;
    size_t left = walk_left(walk);
    out->transport_offset = (uint32_t)(at - walk->frame);
    switch (out->protocol) {
    case TCP:
    case UDP:
    case DCCP:
    case SCTP:
    case UDP_LITE:
        if (left < 4) return PACKET_CUT_TRANSPORT;
        out->source_port = be16(at);
        out->destination_port = be16(at + 2);
        if (out->protocol != TCP) return PACKET_OK;
        if (left >= TCP_FLAGS_AT + 2)
            tcp_flags(out, at + TCP_FLAGS_AT);
        else if (walk->cut || !(out->fragment_flags & PACKET_MORE)) /* else the next fragment has them */
            return PACKET_CUT_TRANSPORT;
        return PACKET_OK;
    case ICMP:
    case ICMPV6:
        if (left < 2) return PACKET_CUT_TRANSPORT;
        out->destination_port = be16(at);
        return PACKET_OK;
    default: return PACKET_OK;
    }
}

/* Length of an extension header; 0 where the protocol is no such header. */
static size_t extension_bytes(unsigned protocol, unsigned length) {
    switch (protocol) {
    case HOP_BY_HOP:
    case ROUTING:
    case DESTINATION_OPTIONS:
    case MOBILITY:
    case HIP:
    case SHIM6: return (length + 1) * 8;
    case FRAGMENT: return 8;
    case AUTHENTICATION: return (length + 2) * 4; /* RFC 4302 */
    default: return 0;
    }
}

/* From the first extension header to the transport. */
static enum packet_verdict extensions(struct walk *walk, struct packet *out) {
    for (unsigned i = 0; extension_bytes(out->protocol, 0); i++) {
        const uint8_t *at = walk->at;
        if (i == PACKET_HEADERS_MAX) return PACKET_TOO_MANY_HEADERS;
        if (walk_left(walk) < 2) return PACKET_CUT_HEADERS;
        size_t bytes = extension_bytes(out->protocol, at[1]);
        if (walk_left(walk) < bytes) return PACKET_CUT_HEADERS;
        if (at[0] == NO_NEXT_HEADER && out->protocol >= MOBILITY) return PACKET_OK; /* the three that are a protocol */
        if (out->protocol == FRAGMENT) {
            out->fragment_id = be32(at + 4);
            out->fragment_offset = (uint16_t)(be16(at + 2) >> 3);
            out->fragment_flags = at[3] & 1 ? PACKET_MORE : 0;
        }
        out->protocol = at[0];
        walk->at += bytes;
        if (out->fragment_offset) return later_fragment(walk, out);
    }
    return transport(walk, out);
}

static enum packet_verdict ipv4(struct walk *walk, struct packet *out) {
    const uint8_t *at = walk->at;
    size_t left = walk_left(walk), header = (at[0] & 0xf) * 4u;
    if (header < 20) return PACKET_BAD_HEADER_LENGTH;
    if (left < 20) return PACKET_CUT_IP;
    size_t total = be16(at + 2);
    if (!total) total = walk_length(walk);
    if (total < header) return PACKET_BAD_LENGTH;
    unsigned fragment = be16(at + 6);
    out->family = FLOW_IPV4;
    out->octets = walk_limit(walk, total);
    out->header_bytes = (uint8_t)header;
    out->tos = at[1];
    out->ttl = at[8];
    out->next_header = out->protocol = at[9];
    out->fragment_id = be16(at + 4);
    out->fragment_offset = fragment & 0x1fff;
    out->fragment_flags = (uint8_t)(fragment >> 8 & 0xe0);
    memcpy(out->source, at + 12, 4);
    memcpy(out->destination, at + 16, 4);
    if (left < header) return PACKET_CUT_HEADERS;
    walk->at += header;
    if (out->fragment_offset) return later_fragment(walk, out);
    return out->protocol == AUTHENTICATION ? extensions(walk, out) : transport(walk, out);
}

/* The payload length in the jumbo payload option (RFC 2675) of a hop-by-hop header that lies ahead; 0: none. */
static uint32_t jumbo_length(const struct walk *walk) {
    const uint8_t *at = walk->at + 2, *end = walk->end;
    if (walk_left(walk) < 2) return 0;
    size_t bytes = extension_bytes(HOP_BY_HOP, walk->at[1]);
    if (bytes < walk_left(walk)) end = walk->at + bytes;
    while (end - at >= 2) {
        if (*at == OPTION_PAD1) {
            at++;
            continue;
        }
        if (end - at < 2 + at[1]) break;
        if (*at == OPTION_JUMBO && at[1] == 4) return be32(at + 2);
        at += 2 + at[1];
    }
    return 0;
}

/* Of a packet whose header doesn't say it: what the option says, of no more than was on the wire. Without the option it
 * is one that the network card was to take apart, and has all of the frame. It is rare, and kept out of ipv6(). */
__attribute__((noinline)) static size_t unsaid_length(const struct walk *walk, unsigned protocol) {
    size_t wire = walk_length(walk), jumbo = protocol == HOP_BY_HOP ? jumbo_length(walk) : 0;
    return jumbo && jumbo < wire ? jumbo : wire;
}

static enum packet_verdict ipv6(struct walk *walk, struct packet *out) {
    const uint8_t *at = walk->at;
    enum { HEADER = 40 };
    if (walk_left(walk) < HEADER) return PACKET_CUT_IP;
    size_t payload = be16(at + 4);
    out->family = FLOW_IPV6;
    out->header_bytes = HEADER;
    out->tos = (uint8_t)(be16(at) >> 4);
    out->flow_label = be32(at) & 0xfffff;
    out->ttl = at[7];
    out->next_header = out->protocol = at[6];
    memcpy(out->source, at + 8, 16);
    memcpy(out->destination, at + 24, 16);
    walk->at += HEADER;
    if (!payload && out->protocol != NO_NEXT_HEADER) payload = unsaid_length(walk, out->protocol);
    out->octets = HEADER + (uint64_t)walk_limit(walk, payload);
    return extensions(walk, out);
}

enum packet_verdict ip_decode(struct walk *walk, unsigned version, struct packet *out) {
    if (!walk_left(walk)) return PACKET_CUT_IP;
    if (walk->at[0] >> 4 != version) return PACKET_BAD_VERSION;
    out->ip_offset = (uint32_t)(walk->at - walk->frame);
    return version == 4 ? ipv4(walk, out) : ipv6(walk, out);
}
