/* Every link, header and tunnel of tests/unit/packets.txt, whole and cut off at each byte. */
#include "packet/packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "packet_cases.h"

enum { LINK_NFLOG = 239 };
#define CASES "tests/unit/packets.txt"

/* Of a copy that ends where it is allocated to, so that a sanitizer sees every byte too many. What `packet` holds
 * before doesn't matter. */
static enum packet_verdict decode(const struct packet_case *one, unsigned tunnels, size_t captured,
                                  struct packet *packet) {
    const struct packet_options options = {.tunnels = tunnels};
    uint8_t *copy = malloc(captured ? captured : 1);
    assert_non_null(copy);
    memcpy(copy, one->bytes, captured);
    memset(packet, 0xa5, sizeof *packet);
    enum packet_verdict verdict = packet_decode(&options, one->link_type, copy, captured, one->original, packet);
    free(copy);
    return verdict;
}

/* NFLOG's attributes, little-endian in the file, as the decoder wants them: in this machine's order. */
static void nflog_turn(struct packet_case *one) {
    for (size_t at = 4, bytes; at + 4 <= one->captured; at += (bytes + 3) & ~(size_t)3) {
        bytes = le16(one->bytes + at);
        host_put(one->bytes + at, bytes, 2);
        host_put(one->bytes + at + 2, le16(one->bytes + at + 2), 2);
        if (bytes < 4) return;
    }
}

static void each_case(void (*check)(const struct packet_case *one)) {
    FILE *file = fopen(CASES, "r");
    static struct packet_case one;
    unsigned n = 0;
    assert_non_null(file);
    for (; packet_case_next(file, &one); n++) {
        if (one.link_type == LINK_NFLOG) nflog_turn(&one);
        check(&one);
    }
    fclose(file);
    assert_true(n > 200);
}

static void check_whole(const struct packet_case *one) {
    struct packet packet;
    char text[PACKET_TEXT_BYTES];
    packet_describe(decode(one, one->tunnels, one->captured, &packet), &packet, text);
    if (strcmp(text, one->expected) != 0) fail_msg("%s:\n  decoded  %s\n  expected %s", one->name, text, one->expected);
}

static void cases_decode(void **state) {
    (void)state;
    each_case(check_whole);
}

/* Whether a part of the packet, with no tunnels opened, tells what the whole tells or less: never anything else. */
static bool tells_no_more(enum packet_verdict verdict, const struct packet *part, const struct packet *whole) {
    struct packet known = *whole;
    if (verdict == PACKET_CUT_HEADERS) {
        known.transport_offset = 0;
        known.protocol = part->protocol; /* that of the header which is cut */
        if (part->family == FLOW_IPV6 && !part->fragment_id) {
            known.fragment_id = known.fragment_offset = 0;
            known.fragment_flags = 0;
        }
    }
    if (!part->source_port && !part->destination_port) known.source_port = known.destination_port = 0;
    if (!part->tcp_flags) known.tcp_flags = 0;
    return memcmp(part, &known, sizeof known) == 0;
}

/* Bytes of the frame up to the end of the IP header's addresses. */
static size_t addresses_end(const struct packet *whole) {
    return whole->ip_offset + (whole->family == FLOW_IPV4 ? 20u : 40u);
}

/* How much of the frame it takes until the packet counts, until its ports are known, and its flags. */
static bool tells_enough(const struct packet *part, const struct packet *whole, size_t captured) {
    size_t transport = whole->transport_offset;
    bool ports = whole->source_port || whole->destination_port;
    if (captured < addresses_end(whole)) return false;
    if (transport && captured >= transport && !part->transport_offset) return false;
    if (ports && captured >= transport + (whole->source_port ? 4 : 2) && !part->destination_port) return false;
    return !transport || !whole->tcp_flags || captured < transport + 14 || part->tcp_flags;
}

static void check_cut(const struct packet_case *one) {
    struct packet whole, whole_opened, part, opened;
    bool counted = false;
    bool whole_counts = packet_texts[decode(one, 0, one->captured, &whole)].counts;
    assert_int_equal(packet_texts[decode(one, one->tunnels, one->captured, &whole_opened)].counts, whole_counts);
    /* Cut off with the option that has it, a jumbogram's length is taken from the wire. */
    bool jumbo = strncmp(one->name, "jumbo", 5) == 0;
    for (size_t captured = 0; captured < one->captured; captured++) {
        enum packet_verdict verdict = decode(one, 0, captured, &part);
        enum packet_verdict inside = decode(one, one->tunnels, captured, &opened);
        bool counts = packet_texts[verdict].counts;
        if (counts != packet_texts[inside].counts || (counted && !counts))
            fail_msg("%s of %zu bytes: %s, opened %s", one->name, captured, packet_texts[verdict].token,
                     packet_texts[inside].token);
        counted = counts;
        if (!counts && whole_counts && captured >= addresses_end(&whole))
            fail_msg("%s of %zu bytes has its addresses", one->name, captured);
        if (!counts) continue;
        if (jumbo) part.octets = opened.octets = whole.octets;
        if (!whole_counts || !tells_no_more(verdict, &part, &whole) || !tells_enough(&part, &whole, captured))
            fail_msg("%s of %zu bytes", one->name, captured);
        if ((opened.tunnels == 0 && !tells_no_more(inside, &opened, &whole)) ||
            (opened.tunnels == whole_opened.tunnels && !tells_no_more(inside, &opened, &whole_opened)))
            fail_msg("%s of %zu bytes, opened", one->name, captured);
    }
}

static void cases_cut_off(void **state) {
    (void)state;
    each_case(check_cut);
}

/* An IPv4 packet of 20 + 8 octets, an Ethernet frame around it: what the caller says of lengths. */
static void lengths_of_the_caller(void **state) {
    (void)state;
    uint8_t frame[42] = {[12] = 8, [14] = 0x45, [17] = 28, [22] = 64, [23] = 17, [34] = 1, [37] = 53};
    const struct packet_options options = {0};
    struct packet packet;
    assert_int_equal(packet_decode(&options, 1, frame, 42, 42, &packet), PACKET_OK);
    assert_int_equal(packet.octets, 28);
    assert_int_equal(packet_decode(&options, 1, frame, 42, 0, &packet), PACKET_OK); /* less than captured */
    assert_int_equal(packet.octets, 28);
    frame[17] = 0; /* now by the frame */
    assert_int_equal(packet_decode(&options, 1, frame, 42, 0, &packet), PACKET_OK);
    assert_int_equal(packet.octets, 28);
    assert_int_equal(packet_decode(&options, 1, frame, 42, 300000, &packet), PACKET_OK);
    assert_int_equal(packet.octets, 300000 - 14);
    assert_int_equal(packet.source_port, 256);
    assert_int_equal(packet.destination_port, 53);
}

/* Each tunnel is opened by its own bit alone, VXLAN's on the port that is asked for. */
static void tunnels_by_option(void **state) {
    (void)state;
    uint8_t frame[28 + 20 + 8] = {0x45, [3] = 56, [9] = 4, [20] = 0x45, [23] = 36, [29] = 17};
    struct packet packet;
    for (unsigned tunnel = 0; tunnel < TUNNELS; tunnel++) {
        const struct packet_options options = {.tunnels = 1u << tunnel};
        assert_int_equal(packet_decode(&options, 228, frame, sizeof frame, 0, &packet), PACKET_OK);
        assert_int_equal(packet.tunnels, tunnel == TUNNEL_IP);
        assert_int_equal(packet.octets, tunnel == TUNNEL_IP ? 36 : 56);
    }
    uint8_t vxlan[28 + 8 + 14 + 20] = {0x45, [3] = 70, [9] = 17, [22] = 8472 >> 8, 8472 & 255, [28] = 8, [48] = 8};
    memcpy(vxlan + 50, (uint8_t[20]){0x45, [3] = 20, [9] = 89}, 20);
    const unsigned ports[] = {0, 4789, 8472};
    for (unsigned i = 0; i < 3; i++) {
        const struct packet_options options = {.tunnels = 1u << TUNNEL_VXLAN, .vxlan_port = (uint16_t)ports[i]};
        assert_int_equal(packet_decode(&options, 228, vxlan, sizeof vxlan, 0, &packet), PACKET_OK);
        assert_int_equal(packet.tunnel, ports[i] == 8472 ? TUNNEL_VXLAN : TUNNEL_NONE);
        assert_int_equal(packet.protocol, ports[i] == 8472 ? 89 : 17);
    }
}

static void names(void **state) {
    (void)state;
    for (unsigned i = 0; i < PACKET_VERDICTS; i++) {
        assert_non_null(packet_texts[i].token);
        assert_non_null(packet_texts[i].sentence);
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(packet_texts[i].token, packet_texts[j].token);
    }
    for (unsigned i = 0; i < TUNNELS; i++)
        assert_non_null(packet_tunnel_names[i]);
    assert_string_equal(packet_link_name(1), "Ethernet");
    assert_string_equal(packet_link_name(276), "Linux cooked v2");
    assert_null(packet_link_name(195)); /* IEEE 802.15.4 */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases_decode),          cmocka_unit_test(cases_cut_off),     cmocka_unit_test(names),
        cmocka_unit_test(lengths_of_the_caller), cmocka_unit_test(tunnels_by_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
