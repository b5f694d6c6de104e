/* Tunnels: IP packets and Ethernet frames inside an IP packet. */
#include "packet/packet_walk.h"

enum {
    PROTOCOL_IPV4 = 4,
    PROTOCOL_UDP = 17,
    PROTOCOL_IPV6 = 41,
    PROTOCOL_GRE = 47,

    UDP_BYTES = 8,
    PORT_GTPU = 2152,
    PORT_TEREDO = 3544,
    PORT_GRE = 4754,
    PORT_VXLAN = 4789,
    PORT_VXLAN_GPE = 4790,
    PORT_GENEVE = 6081,

    GRE_CHECKSUM = 0x8000,
    GRE_ROUTING = 0x4000,
    GRE_KEY = 0x2000,
    GRE_SEQUENCE = 0x1000,
    GRE_ACKNOWLEDGMENT = 0x0080,
    GRE_VERSION = 0x0007,
    GRE_ERSPAN = 0x88be, /* types I and II */
    GRE_ERSPAN_3 = 0x22eb,
    ERSPAN_TRUNCATED = 0x0400,

    GTPU_EXTENSION = 4, /* flags: an extension header, a sequence number, an N-PDU number */
    GTPU_OPTIONAL = 7,
    GTPU_USER_DATA = 255,
};

/* Each of these goes from the transport header to what is inside and returns what that is, or NEXT_CUT where the header
 * is not whole, or NEXT_OTHER where it is none of the kind. */

static bool skip(struct walk *walk, size_t bytes) {
    if (walk_left(walk) < bytes) return false;
    walk->at += bytes;
    return true;
}

/* The source routes of RFC 1701: entries of family, offset and length, up to an empty one. */
static bool skip_routes(struct walk *walk) {
    for (;;) {
        const uint8_t *at = walk->at;
        if (!skip(walk, 4)) return false;
        if (be16(at) == 0 && at[3] == 0) return true;
        if (!skip(walk, at[3])) return false;
    }
}

/* Type I has no header of its own, type II has 8 bytes, type III 12, and 8 more where the last bit says so. The mirror
 * may have cut the frame that is inside. */
static unsigned erspan(struct walk *walk, unsigned flags, unsigned protocol) {
    const uint8_t *at = walk->at;
    if (protocol == GRE_ERSPAN && !(flags & GRE_SEQUENCE)) return NEXT_ETHERNET;
    if (!skip(walk, protocol == GRE_ERSPAN ? 8 : 12)) return NEXT_CUT;
    walk->endless |= (be16(at + 2) & ERSPAN_TRUNCATED) != 0;
    if (protocol == GRE_ERSPAN) return NEXT_ETHERNET;
    return !(walk->at[-1] & 1) || skip(walk, 8) ? NEXT_ETHERNET : NEXT_CUT;
}

static unsigned gre(struct walk *walk, struct packet *out) {
    const uint8_t *at = walk->at;
    if (!skip(walk, 4)) return NEXT_CUT;
    unsigned flags = be16(at), protocol = be16(at + 2), version = flags & GRE_VERSION;
    if (version > 1 || (version == 1 && protocol != NEXT_PPP)) return NEXT_OTHER;
    if (flags & (GRE_CHECKSUM | GRE_ROUTING) && !skip(walk, 4)) return NEXT_CUT;
    if (flags & GRE_KEY) {
        if (!skip(walk, 4)) return NEXT_CUT;
        out->tunnel_id = be32(walk->at - 4);
    }
    if (flags & GRE_SEQUENCE && !skip(walk, 4)) return NEXT_CUT;
    if (version == 1 && flags & GRE_ACKNOWLEDGMENT && !skip(walk, 4)) return NEXT_CUT;
    if (flags & GRE_ROUTING && !skip_routes(walk)) return NEXT_CUT;
    if (protocol == GRE_ERSPAN || protocol == GRE_ERSPAN_3) return erspan(walk, flags, protocol);
    return protocol;
}

static unsigned vxlan(struct walk *walk, struct packet *out) {
    const uint8_t *at = walk->at;
    if (!skip(walk, 8)) return NEXT_CUT;
    if (!(at[0] & 0x08)) return NEXT_OTHER; /* no VNI */
    out->tunnel_id = be24(at + 4);
    if (out->destination_port != PORT_VXLAN_GPE || !(at[0] & 0x04)) return NEXT_ETHERNET;
    switch (at[3]) { /* draft-ietf-nvo3-vxlan-gpe */
    case 1: return NEXT_IPV4;
    case 2: return NEXT_IPV6;
    case 3: return NEXT_ETHERNET;
    case 4: return NEXT_NSH;
    default: return NEXT_OTHER;
    }
}

static unsigned geneve(struct walk *walk, struct packet *out) {
    const uint8_t *at = walk->at;
    if (!skip(walk, 8)) return NEXT_CUT;
    if (at[0] >> 6 != 0 || !skip(walk, (at[0] & 0x3f) * 4u)) return NEXT_OTHER;
    out->tunnel_id = be24(at + 4);
    return be16(at + 2);
}

/* Extension headers: their length in words of 4, contents, and the type of the next. */
static unsigned gtpu(struct walk *walk, struct packet *out) {
    const uint8_t *at = walk->at;
    if (!skip(walk, 8)) return NEXT_CUT;
    if (at[0] >> 4 != 3 || at[1] != GTPU_USER_DATA) return NEXT_OTHER; /* version 1, and no charging data (GTP') */
    out->tunnel_id = be32(at + 4);
    if (at[0] & GTPU_OPTIONAL && !skip(walk, 4)) return NEXT_CUT;
    unsigned extension = at[0] & GTPU_EXTENSION ? at[11] : 0;
    while (extension) {
        if (!walk_left(walk)) return NEXT_CUT;
        unsigned words = *walk->at;
        if (!words) return NEXT_OTHER;
        if (!skip(walk, words * 4)) return NEXT_CUT;
        extension = walk->at[-1];
    }
    return link_ip_version(walk);
}

/* Authentication and origin before the IPv6 packet. */
static unsigned teredo(struct walk *walk) {
    const uint8_t *at = walk->at;
    if (walk_left(walk) >= 4 && be16(at) == 1) {
        if (!skip(walk, 13u + at[2] + at[3])) return NEXT_CUT; /* with a nonce of 8 bytes, and a confirmation */
        at = walk->at;
    }
    if (walk_left(walk) >= 2 && be16(at) == 0 && !skip(walk, 8)) return NEXT_CUT;
    return link_ip_version(walk) == NEXT_IPV6 ? NEXT_IPV6 : NEXT_OTHER;
}

static enum packet_tunnel udp_tunnel(const struct packet_options *options, const struct packet *packet) {
    unsigned port = packet->destination_port;
    if (port == (options->vxlan_port ? options->vxlan_port : PORT_VXLAN)) return TUNNEL_VXLAN;
    if (port == PORT_VXLAN_GPE) return TUNNEL_VXLAN;
    if (port == PORT_GENEVE) return TUNNEL_GENEVE;
    if (port == PORT_GRE) return TUNNEL_GRE;
    if (port == PORT_GTPU) return TUNNEL_GTPU;
    return port == PORT_TEREDO || packet->source_port == PORT_TEREDO ? TUNNEL_TEREDO : TUNNEL_NONE;
}

enum packet_tunnel tunnel_of(const struct packet_options *options, const struct packet *packet) {
    switch (packet->protocol) {
    case PROTOCOL_IPV4:
    case PROTOCOL_IPV6: return TUNNEL_IP;
    case PROTOCOL_GRE: return TUNNEL_GRE;
    case PROTOCOL_UDP: return udp_tunnel(options, packet);
    default: return TUNNEL_NONE;
    }
}

unsigned tunnel_open(enum packet_tunnel tunnel, struct walk *walk, struct packet *out) {
    if (tunnel == TUNNEL_IP) return out->protocol == PROTOCOL_IPV4 ? NEXT_IPV4 : NEXT_IPV6;
    if (tunnel == TUNNEL_GRE && out->protocol == PROTOCOL_GRE) return gre(walk, out);
    if (!skip(walk, UDP_BYTES)) return NEXT_CUT;
    switch (tunnel) {
    case TUNNEL_GRE: return gre(walk, out);
    case TUNNEL_VXLAN: return vxlan(walk, out);
    case TUNNEL_GENEVE: return geneve(walk, out);
    case TUNNEL_GTPU: return gtpu(walk, out);
    default: return teredo(walk);
    }
}
