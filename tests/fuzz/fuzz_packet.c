/* Any bytes as a frame of any link type, with any tunnels opened: never a byte read beyond it, the same result twice,
 * and what counts makes sense. The first three bytes are link type, tunnels and how much more the wire had. */
#include "packet/packet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "packet/fragments.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth, const char *what) {
    if (truth) return;
    fprintf(stderr, "fuzz_packet: %s\n", what);
    abort();
}

/* The order is that of packets.py; the last is no link type that is known. */
static const int links[] = {1,  113, 276, 12,  14,  101, 228, 229, 0,   108, 9,  50,
                            51, 239, 104, 105, 107, 127, 242, 10,  192, 258, 195};
enum { LINKS = sizeof links / sizeof links[0] };

struct frame {
    const uint8_t *bytes;
    size_t captured, original;
    int link_type;
};

static enum packet_verdict decode(const struct frame *frame, unsigned tunnels, size_t captured, struct packet *packet) {
    const struct packet_options options = {.tunnels = tunnels};
    uint8_t *copy = mem_alloc(captured ? captured : 1); /* ends there: a sanitizer sees a read too far */
    memcpy(copy, frame->bytes, captured);
    enum packet_verdict verdict = packet_decode(&options, frame->link_type, copy, captured, frame->original, packet);
    free(copy);
    return verdict;
}

static void check_packet(const struct frame *frame, unsigned tunnels, const struct packet *packet) {
    bool four = packet->family == FLOW_IPV4;
    require(four || packet->family == FLOW_IPV6, "a family");
    /* The wire may have had less of an IPv4 packet than its options. */
    require(packet->octets >= (four ? 20 : 40) && packet->octets <= (uint64_t)UINT32_MAX + 40, "octets");
    require(four ? packet->header_bytes >= 20 && packet->header_bytes % 4 == 0 : packet->header_bytes == 40, "header");
    require(packet->ip_offset + (four ? 20u : 40u) <= frame->captured, "an IP header that was not captured");
    require(!packet->transport_offset || (packet->transport_offset >= packet->ip_offset + packet->header_bytes &&
                                          packet->transport_offset <= frame->captured),
            "the transport's place");
    require(packet->tunnels <= PACKET_TUNNELS_MAX, "too many tunnels");
    require(packet->tunnels ? packet->tunnel && tunnels >> packet->tunnel & 1 : !packet->tunnel, "a tunnel");
    require(packet->fragment_offset < 8192 && packet->flow_label < 1 << 20 && packet->tcp_flags < 1 << 12, "a range");
    if (packet->source_port || packet->destination_port) {
        require(packet->transport_offset + 2 <= frame->captured, "ports that were not captured");
        require(!packet->fragment_offset, "ports of a later fragment");
    }
}

/* Cut off, a frame tells the same or less. A length that is in an option, or on the wire, needs that option. */
static void check_cut(const struct frame *frame, const struct packet *whole, bool whole_counts, size_t captured) {
    struct packet part;
    if (!packet_texts[decode(frame, 0, captured, &part)].counts) return;
    require(whole_counts, "counts only when cut off");
    require(part.family == whole->family && memcmp(part.source, whole->source, 32) == 0, "other addresses");
    require(part.octets == whole->octets || (part.family == FLOW_IPV6 && part.next_header == 0), "other octets");
    require((!part.source_port && !part.destination_port) ||
                (part.source_port == whole->source_port && part.destination_port == whole->destination_port),
            "other ports");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct fragments *fragments;
    if (!fragments) fragments = fragments_new(64, 1);
    if (size < 3) return 0;
    unsigned tunnels = data[1];
    const struct frame frame = {data + 3, size - 3, size - 3 + data[2], links[data[0] % LINKS]};
    struct packet packet, again, shut;
    memset(&packet, 0xff, sizeof packet);
    memset(&again, 0, sizeof again);
    enum packet_verdict verdict = decode(&frame, tunnels, frame.captured, &packet);
    require(verdict < PACKET_VERDICTS, "a verdict");
    require(verdict == decode(&frame, tunnels, frame.captured, &again), "another verdict the second time");
    bool counts = packet_texts[verdict].counts;
    require(counts == packet_texts[decode(&frame, 0, frame.captured, &shut)].counts,
            "tunnels decide whether it counts");
    require((verdict == PACKET_UNKNOWN_LINK) == !packet_link_name(frame.link_type), "a link type without a name");
    if (counts) {
        require(memcmp(&packet, &again, sizeof packet) == 0, "another packet the second time");
        check_packet(&frame, tunnels, &packet);
        if (packet_is_fragment(&packet)) fragments_apply(fragments, &packet, data[2] * (int64_t)1000000);
    }
    check_cut(&frame, &shut, counts, frame.captured / 2);
    check_cut(&frame, &shut, counts, frame.captured - (frame.captured > 0));
    return 0;
}
