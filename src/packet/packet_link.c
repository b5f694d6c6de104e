/* Link layers: from the first byte of a frame, through tags and labels, to its IP header. */
#include <string.h>

#include "packet/packet_walk.h"

enum {
    LINK_NULL = 0,
    LINK_ETHERNET = 1,
    LINK_PPP = 9,
    LINK_FDDI = 10,
    LINK_RAW = 12,         /* DLT_RAW of Linux; of OpenBSD it is 14; 101 in files */
    LINK_RAW_OPENBSD = 14, /* and of IPv4 and IPv6 alone 228 and 229 */
    LINK_PPP_HDLC = 50,
    LINK_PPPOE = 51,
    LINK_RAW_FILE = 101,
    LINK_C_HDLC = 104,
    LINK_WIFI = 105,
    LINK_FRAME_RELAY = 107,
    LINK_LOOP = 108,
    LINK_LINUX_SLL = 113,
    LINK_RADIOTAP = 127,
    LINK_PPI = 192,
    LINK_MPLS = 219,
    LINK_IPV4 = 228,
    LINK_IPV6 = 229,
    LINK_NFLOG = 239,
    LINK_IPOIB = 242,
    LINK_PKTAP = 258,
    LINK_LINUX_SLL2 = 276,

    PPP_IPV4 = 0x21,
    PPP_IPV6 = 0x57,
    PPP_MPLS = 0x281,
    PPP_MPLS_MULTICAST = 0x283,

    NLPID_SNAP = 0x80,
    NLPID_IPV6 = 0x8e,
    NLPID_IPV4 = 0xcc,

    SLL_OUTGOING = 4,
    NFLOG_IN_INTERFACE = 4,
    NFLOG_PAYLOAD = 9,
    FAMILY_IPV4 = 2, /* AF_INET, everywhere */
};

/* Each of these goes over what lies ahead and returns what comes next. They take what they need or say NEXT_CUT. */

unsigned link_ip_version(const struct walk *walk) {
    if (!walk_left(walk)) return NEXT_CUT;
    switch (*walk->at >> 4) {
    case 4: return NEXT_IPV4;
    case 6: return NEXT_IPV6;
    default: return NEXT_OTHER;
    }
}

static unsigned raw_ip(struct walk *walk, struct packet *out) {
    (void)out;
    return link_ip_version(walk);
}

static unsigned only_ipv4(struct walk *walk, struct packet *out) {
    (void)walk, (void)out;
    return NEXT_IPV4;
}

static unsigned only_ipv6(struct walk *walk, struct packet *out) {
    (void)walk, (void)out;
    return NEXT_IPV6;
}

static unsigned ethernet(struct walk *walk, struct packet *out) {
    const uint8_t *at = walk->at;
    if (walk_left(walk) < 14) return NEXT_CUT;
    memcpy(out->destination_mac, at, 6);
    memcpy(out->source_mac, at + 6, 6);
    walk->at += 14;
    return be16(at + 12);
}

/* An Ethernet header inside a backbone's frame or a pseudowire: the frame's own addresses stay. */
static unsigned inner_ethernet(struct walk *walk) {
    if (walk_left(walk) < 14) return NEXT_CUT;
    walk->at += 14;
    return be16(walk->at - 2);
}

static unsigned vlan_tag(struct walk *walk, struct packet *out) {
    const uint8_t *at = walk->at;
    if (walk_left(walk) < 4) return NEXT_CUT;
    *(out->vlan_tags ? &out->customer_vlan : &out->vlan) = be16(at);
    if (out->vlan_tags < UINT8_MAX) out->vlan_tags++;
    walk->at += 4;
    return be16(at + 2);
}

/* IEEE 802.1ah: the I-TAG's four bytes behind its type, then the customer's frame. */
static unsigned backbone_tag(struct walk *walk) {
    if (walk_left(walk) < 4) return NEXT_CUT;
    walk->at += 4;
    return inner_ethernet(walk);
}

/* Four bytes of virtual interfaces behind its type, then the type of what follows. */
static unsigned vn_tag(struct walk *walk) {
    if (walk_left(walk) < 6) return NEXT_CUT;
    walk->at += 6;
    return be16(walk->at - 2);
}

/* IEEE 802.1BR: six bytes of the bridge's ports, then the type of what follows. */
static unsigned e_tag(struct walk *walk) {
    if (walk_left(walk) < 8) return NEXT_CUT;
    walk->at += 8;
    return be16(walk->at - 2);
}

/* Version and length, options in words of four bytes, then the type of what follows. */
static unsigned metadata(struct walk *walk) {
    if (walk_left(walk) < 2) return NEXT_CUT;
    size_t bytes = 2 + walk->at[1] * (size_t)4 + 2;
    if (walk->at[0] != 1) return NEXT_OTHER;
    if (walk_left(walk) < bytes) return NEXT_CUT;
    walk->at += bytes;
    return be16(walk->at - 2);
}

/* FabricPath of Cisco: a tree and a time to live, then the frame that is carried, whose addresses are its hosts'. */
static unsigned fabric_path(struct walk *walk) {
    if (walk_left(walk) < 2) return NEXT_CUT;
    walk->at += 2;
    return NEXT_ETHERNET;
}

/* Timestamps that switches of Arista put in: subtype, timescale, format; a time of 8 bytes or 6; then what follows. */
static unsigned arista(struct walk *walk) {
    enum { TIMESTAMP = 1, LONG_TIME = 1, SHORT_TIME = 2 };
    if (walk_left(walk) < 4) return NEXT_CUT;
    unsigned format = walk->at[3] >> 4;
    if (be16(walk->at) != TIMESTAMP || (format != LONG_TIME && format != SHORT_TIME)) return NEXT_OTHER;
    size_t bytes = 4 + (format == LONG_TIME ? 8 : 6) + 2;
    if (walk_left(walk) < bytes) return NEXT_CUT;
    walk->at += bytes;
    return be16(walk->at - 2);
}

/* IEEE 802.1AE, where it protects but does not encrypt: flags, a short length, a number, maybe the sender. */
static unsigned macsec(struct walk *walk) {
    enum { VERSION = 0x80, SENDER = 0x20, ENCRYPTED_OR_CHANGED = 0x0c };
    if (walk_left(walk) < 1) return NEXT_CUT;
    size_t bytes = 6 + (*walk->at & SENDER ? 8 : 0) + 2;
    if (*walk->at & (VERSION | ENCRYPTED_OR_CHANGED)) return NEXT_OTHER;
    if (walk_left(walk) < bytes) return NEXT_CUT;
    walk->at += bytes;
    return be16(walk->at - 2);
}

/* A service function's header (RFC 8300), of so many words of four bytes. */
static unsigned nsh(struct walk *walk) {
    const uint8_t *at = walk->at;
    if (walk_left(walk) < 4) return NEXT_CUT;
    size_t bytes = (at[1] & 0x3f) * (size_t)4;
    if (at[0] >> 6 != 0 || bytes < 8) return NEXT_OTHER;
    if (walk_left(walk) < bytes) return NEXT_CUT;
    walk->at += bytes;
    switch (at[3]) {
    case 1: return NEXT_IPV4;
    case 2: return NEXT_IPV6;
    case 3: return NEXT_ETHERNET;
    case 4: return NEXT_NSH;
    case 5: return NEXT_MPLS;
    default: return NEXT_OTHER;
    }
}

/* SNAP (RFC 1042), also with the OUI of bridge tunnels. */
static unsigned llc(struct walk *walk) {
    const uint8_t *at = walk->at;
    size_t left = walk_left(walk);
    if (left < 3) return NEXT_CUT;
    if (be24(at) != 0xaaaa03) return NEXT_OTHER;
    if (left < 8) return NEXT_CUT;
    uint32_t oui = be24(at + 3);
    walk->at += 8;
    return oui == 0 || oui == 0x0000f8 ? be16(at + 6) : NEXT_OTHER;
}

/* Whether it is likely that an EtherType stands here. */
static bool leads_on(unsigned next) {
    switch (next) {
    case NEXT_IPV4:
    case NEXT_ARP:
    case NEXT_VLAN:
    case NEXT_IPV6:
    case NEXT_MPLS:
    case NEXT_PPPOE:
    case NEXT_SERVICE_VLAN: return true;
    default: return false;
    }
}

/* Labels don't say what they carry: its first bits do (RFC 4928). A pseudowire's control word begins with 0, and so may
 * an Ethernet address where there is no control word: whichever of the two has an EtherType in its place. */
static unsigned mpls_payload(struct walk *walk) {
    unsigned next = link_ip_version(walk);
    if (next != NEXT_OTHER) return next;
    for (unsigned word = *walk->at >> 4 == 0 ? 4 : 0;; word = 0) {
        struct walk frame = *walk;
        if (walk_left(walk) < word) return NEXT_CUT;
        frame.at += word;
        next = inner_ethernet(&frame);
        if (leads_on(next)) *walk = frame;
        if (leads_on(next) || next == NEXT_CUT) return next;
        if (!word) return NEXT_OTHER;
    }
}

static unsigned mpls(struct walk *walk, struct packet *out) {
    for (;;) {
        if (walk_left(walk) < 4) return NEXT_CUT;
        uint32_t entry = be32(walk->at);
        if (!out->mpls_labels) out->mpls_top = entry;
        if (out->mpls_labels < UINT8_MAX) out->mpls_labels++;
        walk->at += 4;
        if (entry & 0x100) return mpls_payload(walk);
    }
}

/* With or without address and control field, and with the protocol field compressed to a byte or not (RFC 1661). */
static unsigned ppp(struct walk *walk, struct packet *out) {
    (void)out;
    if (walk_left(walk) >= 2 && be16(walk->at) == 0xff03) walk->at += 2;
    if (!walk_left(walk)) return NEXT_CUT;
    unsigned protocol = *walk->at++;
    if (!(protocol & 1)) {
        if (!walk_left(walk)) return NEXT_CUT;
        protocol = protocol << 8 | *walk->at++;
    }
    switch (protocol) {
    case PPP_IPV4: return NEXT_IPV4;
    case PPP_IPV6: return NEXT_IPV6;
    case PPP_MPLS:
    case PPP_MPLS_MULTICAST: return NEXT_MPLS;
    default: return NEXT_OTHER;
    }
}

static unsigned pppoe(struct walk *walk, struct packet *out) {
    const uint8_t *at = walk->at;
    if (walk_left(walk) < 6) return NEXT_CUT;
    if (be16(at) != 0x1100) return NEXT_OTHER; /* version 1, type 1, code 0: a session's data */
    walk->at += 6;
    return ppp(walk, out);
}

static unsigned c_hdlc(struct walk *walk, struct packet *out) {
    (void)out;
    if (walk_left(walk) < 4) return NEXT_CUT;
    walk->at += 4;
    return be16(walk->at - 2);
}

/* An address of two to four bytes, whose last has its lowest bit set; then as RFC 2427 says, or Cisco's EtherType. */
static unsigned frame_relay(struct walk *walk, struct packet *out) {
    for (unsigned i = 0;; i++) {
        if (!walk_left(walk)) return NEXT_CUT;
        if (i == 4) return NEXT_OTHER;
        if (*walk->at++ & 1) break;
    }
    if (walk_left(walk) < 2) return NEXT_CUT;
    if (*walk->at != 3) {
        walk->at += 2;
        return be16(walk->at - 2);
    }
    walk->at++;
    if (*walk->at == 0) walk->at++; /* a pad */
    if (!walk_left(walk)) return NEXT_CUT;
    switch (*walk->at++) {
    case NLPID_IPV4: return NEXT_IPV4;
    case NLPID_IPV6: return NEXT_IPV6;
    case NLPID_SNAP: break;
    default: return NEXT_OTHER;
    }
    if (walk_left(walk) < 5) return NEXT_CUT;
    uint32_t organization = be24(walk->at);
    unsigned type = be16(walk->at + 3);
    walk->at += 5;
    if (organization == 0) return type;
    if (organization == 0x0080c2 && (type == 1 || type == 7)) return ethernet(walk, out); /* with a checksum, or not */
    return NEXT_OTHER;
}

/* Frame control, addresses, then LLC. */
static unsigned fddi(struct walk *walk, struct packet *out) {
    enum { CLASS = 0x70, LLC_FRAME = 0x50 }; /* synchronous and asynchronous */
    const uint8_t *at = walk->at;
    if (walk_left(walk) < 13) return NEXT_CUT;
    if ((at[0] & CLASS) != LLC_FRAME) return NEXT_OTHER;
    memcpy(out->destination_mac, at + 1, 6);
    memcpy(out->source_mac, at + 7, 6);
    walk->at += 13;
    return 0;
}

/* Behind a global routing header (RFC 4391). */
static unsigned ipoib(struct walk *walk, struct packet *out) {
    (void)out;
    enum { ROUTING = 40 };
    if (walk_left(walk) < ROUTING + 4) return NEXT_CUT;
    walk->at += ROUTING + 4;
    return be16(walk->at - 4);
}

/* A BSD loopback: the family, in the byte order of the host that captured or of the network. */
static unsigned loopback(struct walk *walk, struct packet *out) {
    (void)out;
    if (walk_left(walk) < 4) return NEXT_CUT;
    uint32_t family = be32(walk->at);
    if (family > UINT16_MAX) family = le32(walk->at);
    walk->at += 4;
    switch (family) {
    case FAMILY_IPV4: return NEXT_IPV4;
    case 10: /* AF_INET6 of Linux, NetBSD and OpenBSD, FreeBSD, Darwin */
    case 24:
    case 28:
    case 30: return NEXT_IPV6;
    default: return NEXT_OTHER;
    }
}

/* Linux "cooked" headers: of their senders' addresses those of 6 bytes. */
static void cooked(struct packet *out, unsigned type, unsigned address_bytes, const uint8_t *address) {
    out->outgoing = type == SLL_OUTGOING;
    if (address_bytes == 6) memcpy(out->source_mac, address, 6);
}

static unsigned linux_sll(struct walk *walk, struct packet *out) {
    const uint8_t *at = walk->at;
    if (walk_left(walk) < 16) return NEXT_CUT;
    cooked(out, be16(at), be16(at + 4), at + 6);
    walk->at += 16;
    return be16(at + 14);
}

static unsigned linux_sll2(struct walk *walk, struct packet *out) {
    const uint8_t *at = walk->at;
    if (walk_left(walk) < 20) return NEXT_CUT;
    cooked(out, at[10], at[11], at + 12);
    out->interface = be32(at + 4);
    walk->at += 20;
    return be16(at);
}

/* Attributes whose lengths and types are in the byte order of the host (libpcap swaps those of a foreign file). */
static unsigned nflog(struct walk *walk, struct packet *out) {
    if (walk_left(walk) < 4) return NEXT_CUT;
    if (walk->at[1] != 0) return NEXT_OTHER; /* version */
    walk->at += 4;
    for (;;) {
        if (walk_left(walk) < 4) return NEXT_CUT;
        size_t length = host_number(walk->at, 2), type = host_number(walk->at + 2, 2);
        if (length < 4) return NEXT_OTHER;
        if (type == NFLOG_PAYLOAD) {
            (void)walk_limit(walk, length);
            walk->at += 4;
            walk->endless = true; /* the kernel hands over a part, if it is asked to, and doesn't say of how much */
            return link_ip_version(walk);
        }
        size_t padded = (length + 3) & ~(size_t)3;
        if (walk_left(walk) < padded) return NEXT_CUT;
        if (type == NFLOG_IN_INTERFACE && length == 8) out->interface = be32(walk->at + 4);
        walk->at += padded;
    }
}

static unsigned wrapped(struct walk *walk, uint32_t link_type, struct packet *out);

/* Per-packet information (CACE): version, flags, length, link type, and fields up to that length; little-endian. */
static unsigned ppi(struct walk *walk, struct packet *out) {
    const uint8_t *at = walk->at;
    if (walk_left(walk) < 8) return NEXT_CUT;
    size_t bytes = le16(at + 2);
    if (at[0] != 0 || bytes < 8) return NEXT_OTHER;
    if (walk_left(walk) < bytes) return NEXT_CUT;
    walk->at += bytes;
    return wrapped(walk, le32(at + 4), out);
}

/* Of Darwin: length, record type, link type, the interface's name, flags and more; little-endian. */
static unsigned pktap(struct walk *walk, struct packet *out) {
    enum { FLAGS = 36, MIN = 40, RECORD_PACKET = 1, FLAG_OUT = 2 };
    const uint8_t *at = walk->at;
    if (walk_left(walk) < MIN) return NEXT_CUT;
    size_t bytes = le32(at);
    if (bytes < MIN || le32(at + 4) != RECORD_PACKET) return NEXT_OTHER;
    if (walk_left(walk) < bytes) return NEXT_CUT;
    out->outgoing = (le32(at + FLAGS) & FLAG_OUT) != 0;
    walk->at += bytes;
    return wrapped(walk, le32(at + 8), out);
}

/* Ethernet comes first: it is looked for in this order. */
static const struct link {
    int type;
    const char *name;
    unsigned (*begin)(struct walk *walk, struct packet *out);
} links[] = {
    {LINK_ETHERNET, "Ethernet", ethernet},
    {LINK_LINUX_SLL, "Linux cooked", linux_sll},
    {LINK_LINUX_SLL2, "Linux cooked v2", linux_sll2},
    {LINK_RAW, "raw IP", raw_ip},
    {LINK_RAW_OPENBSD, "raw IP", raw_ip},
    {LINK_RAW_FILE, "raw IP", raw_ip},
    {LINK_IPV4, "raw IPv4", only_ipv4},
    {LINK_IPV6, "raw IPv6", only_ipv6},
    {LINK_NULL, "BSD loopback", loopback},
    {LINK_LOOP, "OpenBSD loopback", loopback},
    {LINK_PPP, "PPP", ppp},
    {LINK_PPP_HDLC, "PPP in HDLC framing", ppp},
    {LINK_PPPOE, "PPPoE", pppoe},
    {LINK_NFLOG, "NFLOG", nflog},
    {LINK_MPLS, "MPLS", mpls},
    {LINK_C_HDLC, "Cisco HDLC", c_hdlc},
    {LINK_FRAME_RELAY, "Frame Relay", frame_relay},
    {LINK_WIFI, "IEEE 802.11", wifi_begin},
    {LINK_RADIOTAP, "IEEE 802.11 with radiotap", radiotap_begin},
    {LINK_IPOIB, "IP over InfiniBand", ipoib},
    {LINK_FDDI, "FDDI", fddi},
    {LINK_PPI, "PPI", ppi},
    {LINK_PKTAP, "PKTAP", pktap},
};

static const struct link *link_find(int type) {
    for (unsigned i = 0; i < sizeof links / sizeof links[0]; i++)
        if (links[i].type == type) return &links[i];
    return NULL;
}

/* A frame of that link inside another's header; not of one that is such a header. */
static unsigned wrapped(struct walk *walk, uint32_t link_type, struct packet *out) {
    const struct link *link = link_type <= UINT16_MAX ? link_find((int)link_type) : NULL;
    return link && link->begin != ppi && link->begin != pktap ? link->begin(walk, out) : NEXT_OTHER;
}

const char *packet_link_name(int link_type) {
    const struct link *link = link_find(link_type);
    return link ? link->name : NULL;
}

enum packet_verdict link_decode(struct walk *walk, int link_type, struct packet *out) {
    if (link_type == LINK_ETHERNET) return link_next(walk, ethernet(walk, out), out); /* inlined */
    const struct link *link = link_find(link_type);
    return link ? link_next(walk, link->begin(walk, out), out) : PACKET_UNKNOWN_LINK;
}

/* Every turn goes at least a byte forward, so that nothing nested in a frame takes more than its length. */
enum packet_verdict link_next(struct walk *walk, unsigned next, struct packet *out) {
    for (;;) {
        if (next == NEXT_IPV4) return ip_decode(walk, 4, out); /* most: before the others are compared */
        switch (next) {
        case NEXT_IPV6: return ip_decode(walk, 6, out);
        case NEXT_ARP:
        case NEXT_RARP: return PACKET_ARP;
        case NEXT_VLAN:
        case NEXT_SERVICE_VLAN:
        case NEXT_VLAN_9100:
        case NEXT_VLAN_9200:
        case NEXT_VLAN_9300: next = vlan_tag(walk, out); break;
        case NEXT_VN_TAG: next = vn_tag(walk); break;
        case NEXT_E_TAG: next = e_tag(walk); break;
        case NEXT_METADATA: next = metadata(walk); break;
        case NEXT_MACSEC: next = macsec(walk); break;
        case NEXT_FABRIC_PATH: next = fabric_path(walk); break;
        case NEXT_ARISTA: next = arista(walk); break;
        case NEXT_NSH: next = nsh(walk); break;
        case NEXT_BACKBONE: next = backbone_tag(walk); break;
        case NEXT_MPLS:
        case NEXT_MPLS_UPSTREAM: next = mpls(walk, out); break;
        case NEXT_PPPOE: next = pppoe(walk, out); break;
        case NEXT_PPP: next = ppp(walk, out); break;
        case NEXT_ETHERNET: next = ethernet(walk, out); break;
        case NEXT_CUT: return PACKET_CUT_LINK;
        default:
            if (next > NEXT_LLC_MAX) return PACKET_NOT_IP;
            next = llc(walk);
        }
    }
}
