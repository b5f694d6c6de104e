/* The decoder's way through the layers and into tunnels, and the texts of its tables. */
#include "packet/packet.h"

#include <string.h>

#include "packet/packet_walk.h"

const struct packet_text packet_texts[PACKET_VERDICTS] = {
    [PACKET_OK] = {"ok", "an IP packet with all that flows need", true},
    [PACKET_CUT_TRANSPORT] = {"cut-transport", "the transport header is cut off: counted, ports or TCP flags may be 0",
                              true},
    [PACKET_CUT_HEADERS] = {"cut-headers", "IP options or extension headers are cut off: counted without ports", true},
    [PACKET_TOO_MANY_HEADERS] = {"too-many-headers", "more extension headers than are followed: counted without ports",
                                 true},
    [PACKET_ARP] = {"arp", "ARP or RARP", false},
    [PACKET_NOT_IP] = {"not-ip", "neither IP nor ARP", false},
    [PACKET_CUT_LINK] = {"cut-link", "the frame ends before the IP header", false},
    [PACKET_CUT_IP] = {"cut-ip", "the frame ends within the IP header, before the addresses are whole", false},
    [PACKET_BAD_VERSION] = {"bad-version", "the IP header's version is not the one that the frame names", false},
    [PACKET_BAD_HEADER_LENGTH] = {"bad-header-length", "the IPv4 header says it is shorter than 20 octets", false},
    [PACKET_BAD_LENGTH] = {"bad-length", "the IPv4 packet says it is shorter than its header", false},
    [PACKET_UNKNOWN_LINK] = {"unknown-link", "a link type that is not known", false},
};

const char *const packet_tunnel_names[TUNNELS] = {"none", "gre", "ip", "vxlan", "geneve", "gtpu", "teredo"};

/* From the transport header on into tunnels; what is inside takes the place of `out`. A call of its own: most packets
 * don't come here, and needn't make room on the stack for it. */
__attribute__((noinline)) static enum packet_verdict tunnels_decode(const struct packet_options *options,
                                                                    struct walk *walk, struct packet *out) {
    enum packet_verdict verdict = PACKET_OK;
    for (unsigned i = 0; verdict == PACKET_OK && i < PACKET_TUNNELS_MAX && !packet_is_fragment(out); i++) {
        enum packet_tunnel tunnel = tunnel_of(options, out);
        if (tunnel == TUNNEL_NONE || !(options->tunnels >> tunnel & 1)) break;
        struct packet inner = *out;
        inner.tunnel_id = inner.transport_offset = 0;
        unsigned next = tunnel_open(tunnel, walk, &inner);
        /* Of the packet around it nothing stays, of the frame around it only what a frame inside doesn't say itself. */
        memset(&inner, 0, offsetof(struct packet, vlan));
        if (next == NEXT_ETHERNET) {
            inner.vlan = inner.customer_vlan = 0;
            inner.vlan_tags = inner.mpls_labels = 0;
            inner.mpls_top = 0;
        }
        enum packet_verdict inside = link_next(walk, next, &inner);
        if (!packet_texts[inside].counts) break;
        *out = inner;
        out->tunnel = (uint8_t)tunnel;
        out->tunnels++;
        verdict = inside;
    }
    return verdict;
}

enum packet_verdict packet_decode(const struct packet_options *options, int link_type, const uint8_t *bytes,
                                  size_t captured, size_t original, struct packet *out) {
    struct walk walk = {bytes, bytes, bytes + captured, original > captured ? original - captured : 0, !original};
    /* In two, because compilers clear 64 bytes without a loop: 2 of 14 ns. */
    memset(out, 0, offsetof(struct packet, vlan));
    memset(&out->vlan, 0, sizeof *out - offsetof(struct packet, vlan));
    enum packet_verdict verdict = link_decode(&walk, link_type, out);
    if (!options->tunnels || verdict != PACKET_OK) return verdict;
    return tunnels_decode(options, &walk, out);
}
