/* Where the decoder is in a frame, and its layers: links, IP, tunnels. packet.c calls them one after the other. */
#ifndef FLOWIMPORT_PACKET_PACKET_WALK_H
#define FLOWIMPORT_PACKET_PACKET_WALK_H

#include "base/bytes.h"
#include "packet/packet.h"

struct walk {
    const uint8_t *frame, *at, *end; /* captured bytes */
    size_t cut;                      /* bytes of the wire behind the end that were not captured */
    bool endless;                    /* nobody says how many there were on the wire */
};

/* What comes next: an EtherType, a length of IEEE 802.3 (0 to 1500: LLC follows), or NEXT_CUT. */
enum next {
    NEXT_LLC_MAX = 1500,
    NEXT_IPV4 = 0x0800,
    NEXT_ARP = 0x0806,
    NEXT_ETHERNET = 0x6558,
    NEXT_RARP = 0x8035,
    NEXT_VLAN = 0x8100,
    NEXT_IPV6 = 0x86dd,
    NEXT_PPP = 0x880b,
    NEXT_MPLS = 0x8847,
    NEXT_MPLS_UPSTREAM = 0x8848,
    NEXT_PPPOE = 0x8864,
    NEXT_SERVICE_VLAN = 0x88a8,
    NEXT_BACKBONE = 0x88e7,
    NEXT_MACSEC = 0x88e5,
    NEXT_FABRIC_PATH = 0x8903,
    NEXT_METADATA = 0x8909, /* of Cisco: security groups */
    NEXT_E_TAG = 0x893f,    /* IEEE 802.1BR */
    NEXT_NSH = 0x894f,
    NEXT_VN_TAG = 0x8926,    /* of Cisco: between a virtual interface and its switch */
    NEXT_VLAN_9100 = 0x9100, /* stacked tags before IEEE 802.1ad */
    NEXT_VLAN_9200 = 0x9200,
    NEXT_VLAN_9300 = 0x9300,
    NEXT_ARISTA = 0xd28b,
    NEXT_OTHER = 0xffff, /* reserved, so no protocol's */
    NEXT_CUT = 0x10000,
};

static inline size_t walk_left(const struct walk *walk) { return (size_t)(walk->end - walk->at); }
static inline size_t walk_length(const struct walk *walk) { return walk_left(walk) + walk->cut; } /* on the wire */

/* A header says that its packet goes on for `length` bytes: what lies behind them, on the wire, is padding. Returns how
 * many of them are believed, which is no more than were on the wire. */
static inline size_t walk_limit(struct walk *walk, size_t length) {
    size_t left = walk_left(walk);
    if (length <= left) {
        walk->end = walk->at + length;
        walk->cut = 0;
        return length;
    }
    if (length - left < walk->cut) walk->cut = length - left;
    return walk->endless ? length : left + walk->cut;
}

/* From the frame's first byte to the transport header. */
enum packet_verdict link_decode(struct walk *walk, int link_type, struct packet *out);
/* The same from what `next` says. Members that belong to IP must be 0. */
enum packet_verdict link_next(struct walk *walk, unsigned next, struct packet *out);
/* NEXT_IPV4 or NEXT_IPV6 by the first bits; NEXT_OTHER, NEXT_CUT. */
unsigned link_ip_version(const struct walk *walk);
/* The first headers of IEEE 802.11 frames, without and with radiotap, up to what comes next. */
unsigned wifi_begin(struct walk *walk, struct packet *out);
unsigned radiotap_begin(struct walk *walk, struct packet *out);
/* From the IP header to the transport header. */
enum packet_verdict ip_decode(struct walk *walk, unsigned version, struct packet *out);
/* The tunnel that a packet is by its protocol and ports, whether it is to be taken apart or not. */
enum packet_tunnel tunnel_of(const struct packet_options *options, const struct packet *packet);
/* From the transport header over the tunnel's own to what is inside: enum next, or an EtherType. Sets the tunnel's id.
 */
unsigned tunnel_open(enum packet_tunnel tunnel, struct walk *walk, struct packet *out);

#endif
