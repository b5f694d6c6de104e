/* A packet, decoded: the bytes of a frame in, what flows are made of out. No I/O, no memory but the caller's, and never
 * a byte beyond those given. */
#ifndef FLOWIMPORT_PACKET_PACKET_H
#define FLOWIMPORT_PACKET_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/layout.h"

/* What became of a frame. Only where packet_texts[].counts says so is the packet filled in: then its addresses, octets
 * and protocol are right, whatever is missing behind them. */
enum packet_verdict {
    PACKET_OK,
    PACKET_CUT_TRANSPORT,
    PACKET_CUT_HEADERS,
    PACKET_TOO_MANY_HEADERS,
    PACKET_ARP,
    PACKET_NOT_IP,
    PACKET_CUT_LINK,
    PACKET_CUT_IP,
    PACKET_BAD_VERSION,
    PACKET_BAD_HEADER_LENGTH,
    PACKET_BAD_LENGTH,
    PACKET_UNKNOWN_LINK,
    PACKET_VERDICTS
};

/* By verdict: the token ("cut-ip"), a sentence for a person, and whether the packet counts. */
extern const struct packet_text {
    const char *token, *sentence;
    bool counts;
} packet_texts[PACKET_VERDICTS];

enum packet_tunnel {
    TUNNEL_NONE,
    TUNNEL_GRE,    /* RFC 2784, 2890, 1701, PPTP's (RFC 2637), ERSPAN I to III, of IP, Ethernet, PPP or MPLS;
                      in UDP port 4754 (RFC 8086) */
    TUNNEL_IP,     /* IP in IP, of both versions in both: 4in4, 6in4, 4in6, 6in6 */
    TUNNEL_VXLAN,  /* RFC 7348; its Generic Protocol Extension on UDP port 4790 */
    TUNNEL_GENEVE, /* RFC 8926, UDP port 6081 */
    TUNNEL_GTPU,   /* 3GPP TS 29.281, UDP port 2152: user data */
    TUNNEL_TEREDO, /* RFC 4380, UDP port 3544 */
    TUNNELS
};

extern const char *const packet_tunnel_names[TUNNELS]; /* "none", "gre", "ip", ... */

struct packet_options {
    unsigned tunnels;    /* which are taken apart: bits 1u << enum packet_tunnel; 0: none */
    uint16_t vxlan_port; /* 0: 4789 */
};

enum {
    PACKET_TUNNELS_MAX = 4,   /* tunnels in tunnels that are taken apart */
    PACKET_HEADERS_MAX = 16,  /* extension headers that are followed */
    PACKET_MORE = 0x20,       /* in fragment_flags: more fragments follow */
    PACKET_VLAN_MASK = 0xfff, /* of a TCI: the VLAN's id; the upper three bits are its priority */
};

/* Of IP, the first 64 bytes: of the innermost packet that was decoded. Link and tunnel: of its frame, or where the
 * innermost tunnel holds no frame, of the frame around it. Numbers are in host order. */
struct packet {
    uint8_t source[16], destination[16];    /* IPv4: the first 4 bytes; the rest is 0 */
    uint64_t octets;                        /* of the IP packet by its header. Where that has 0 (segmentation offload,
                                               BIG TCP): what the frame had of it on the wire, or less where the jumbo
                                               payload option (RFC 2675) says less. Never more than on the wire, where
                                               that is known (not of NFLOG, nor in ERSPAN that says it was truncated) */
    uint16_t source_port, destination_port; /* TCP, UDP, UDP-Lite, DCCP, SCTP. ICMP of both versions: 0 and
                                               type*256+code. 0 in later fragments, see packet/fragments.h */
    uint8_t family;                         /* enum flow_family */
    uint8_t protocol;                       /* behind the extension headers (and AH, which IPv4 has too). Mobility, HIP
                                               and shim6 headers are the protocol where nothing follows them */
    uint16_t tcp_flags;                     /* tcpControlBits (RFC 9565): the 12 bits behind the data offset; of the
                                               fragment that holds them */
    uint8_t tos, ttl;                       /* traffic class, hop limit */
    uint8_t header_bytes;                   /* ipHeaderLength: IPv6 has 40 */
    uint8_t next_header;                    /* the IP header's own: protocol, or the first extension header */
    uint32_t flow_label;                    /* IPv6 */
    uint32_t fragment_id;
    uint16_t fragment_offset; /* in units of 8 octets */
    uint8_t fragment_flags;   /* as IPFIX's fragmentFlags: 0x40 don't fragment, PACKET_MORE */
    uint8_t tunnel;           /* enum packet_tunnel: the innermost taken apart */

    uint16_t vlan, customer_vlan;   /* TCI of the outermost tag, and of the innermost where there are several */
    uint8_t vlan_tags, mpls_labels; /* how many there are, at most 255 */
    uint8_t tunnels;                /* how many were taken apart */
    bool outgoing;                  /* Linux "cooked" frames alone say so */
    uint32_t mpls_top;              /* the first entry of the stack: label << 12 | class << 9 | bottom << 8 | TTL */
    uint32_t tunnel_id;             /* VNI, GRE key or TEID of the innermost tunnel */
    uint32_t interface;             /* its index, of LINUX_SLL2 and NFLOG; 0: not said */
    uint8_t source_mac[6], destination_mac[6];
    uint32_t ip_offset, transport_offset; /* in the frame. Transport: 0 where it is not reached */
};

_Static_assert(offsetof(struct packet, vlan) == 64, "what flow keys are made of is one cache line");
_Static_assert(sizeof(struct packet) <= 128, "two cache lines");

/* `link_type`: libpcap's (DLT_ or LINKTYPE_). `captured`: bytes given. `original`: the frame's length on the wire; less
 * than captured counts as captured; 0: it is not known, and the lengths in the headers are believed. Frames that are
 * cut short count by their headers: what the capture cut off is not missed. A tunnel's contents that don't decode leave
 * the packet around them, which counts. Fragments of a tunnel's packet are not taken apart: the octets of the packet
 * inside would count twice. */
enum packet_verdict packet_decode(const struct packet_options *options, int link_type, const uint8_t *bytes,
                                  size_t captured, size_t original, struct packet *out)
    __attribute__((warn_unused_result));

/* "Ethernet", ...; NULL for a link type that packet_decode() doesn't know. */
const char *packet_link_name(int link_type);

static inline bool packet_is_fragment(const struct packet *packet) {
    return packet->fragment_offset || packet->fragment_flags & PACKET_MORE;
}

#endif
