/* Fragments that find their ports, and those that don't. */
#include "packet/fragments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "packet_cases.h"

enum { SECOND = 1000000 };

static struct packet first(enum flow_family family, uint32_t id, uint16_t port) {
    return (struct packet){.family = (uint8_t)family,
                           .source = {10, 1},
                           .destination = {10, 2},
                           .source_port = port,
                           .destination_port = 53,
                           .protocol = 17,
                           .next_header = family == FLOW_IPV4 ? 17 : 44,
                           .fragment_id = id,
                           .fragment_flags = PACKET_MORE,
                           .transport_offset = 34};
}

static struct packet later(enum flow_family family, uint32_t id) {
    struct packet packet = first(family, id, 0);
    packet.destination_port = 0;
    packet.fragment_offset = 185;
    packet.fragment_flags = 0;
    packet.transport_offset = 0;
    return packet;
}

static void apply_first(struct fragments *fragments, struct packet packet, int64_t now_us) {
    struct packet before = packet;
    fragments_apply(fragments, &packet, now_us);
    assert_memory_equal(&packet, &before, sizeof packet);
}

/* The source port that the later fragment is given; 0: none. */
static unsigned apply_later(struct fragments *fragments, struct packet packet, int64_t now_us) {
    fragments_apply(fragments, &packet, now_us);
    assert_int_equal(packet.destination_port, packet.source_port ? 53 : 0);
    assert_int_equal(packet.protocol, 17);
    return packet.source_port;
}

static void assert_counts(const struct fragments *fragments, struct fragments_counts expected) {
    struct fragments_counts counts = fragments_counts(fragments);
    assert_int_equal(counts.firsts, expected.firsts);
    assert_int_equal(counts.found, expected.found);
    assert_int_equal(counts.orphans, expected.orphans);
    assert_int_equal(counts.evicted, expected.evicted);
}

static void ports_are_found(void **state) {
    (void)state;
    struct fragments *fragments = fragments_new(1000, 7);
    apply_first(fragments, first(FLOW_IPV4, 1, 1001), 0);
    apply_first(fragments, first(FLOW_IPV4, 2, 1002), 0);
    apply_first(fragments, first(FLOW_IPV6, 1, 1003), 0);
    for (unsigned i = 0; i < 3; i++) { /* as many as there are */
        assert_int_equal(apply_later(fragments, later(FLOW_IPV4, 1), 10), 1001);
        assert_int_equal(apply_later(fragments, later(FLOW_IPV4, 2), 10), 1002);
        assert_int_equal(apply_later(fragments, later(FLOW_IPV6, 1), 10), 1003);
    }
    assert_counts(fragments, (struct fragments_counts){.firsts = 3, .found = 9});
    apply_first(fragments, first(FLOW_IPV4, 1, 2001), 20); /* the number is used again */
    assert_int_equal(apply_later(fragments, later(FLOW_IPV4, 1), 30), 2001);
    assert_counts(fragments, (struct fragments_counts){.firsts = 4, .found = 10});
    fragments_free(fragments);
}

/* Another number, end, direction or (IPv4) protocol is another datagram; so is one that was not seen yet. */
static void orphans_keep_port_0(void **state) {
    (void)state;
    struct fragments *fragments = fragments_new(1000, 7);
    assert_int_equal(apply_later(fragments, later(FLOW_IPV4, 1), 0), 0);
    apply_first(fragments, first(FLOW_IPV4, 1, 1001), 0);
    struct packet others[5];
    for (unsigned i = 0; i < 5; i++)
        others[i] = later(FLOW_IPV4, 1);
    others[0].fragment_id = 2;
    others[1].source[3] = 1;
    others[2].destination[3] = 1;
    others[3].source[1] = 2, others[3].destination[1] = 1;
    others[4].next_header = 132;
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(apply_later(fragments, others[i], 0), 0);
    assert_counts(fragments, (struct fragments_counts){.firsts = 1, .orphans = 6});
    fragments_free(fragments);
}

static void times_of_the_two_families(void **state) {
    (void)state;
    struct fragments *fragments = fragments_new(1000, 7);
    const int64_t start = 1700000000 * (int64_t)SECOND;
    apply_first(fragments, first(FLOW_IPV4, 1, 1001), start);
    apply_first(fragments, first(FLOW_IPV6, 1, 1002), start);
    assert_int_equal(apply_later(fragments, later(FLOW_IPV4, 1), start - SECOND), 1001); /* out of order */
    assert_int_equal(apply_later(fragments, later(FLOW_IPV4, 1), start + 30 * SECOND - 1), 1001);
    assert_int_equal(apply_later(fragments, later(FLOW_IPV4, 1), start + 30 * SECOND), 0);
    assert_int_equal(apply_later(fragments, later(FLOW_IPV6, 1), start + 60 * SECOND - 1), 1002);
    assert_int_equal(apply_later(fragments, later(FLOW_IPV6, 1), start + 60 * SECOND), 0);
    fragments_free(fragments);
}

/* Four entries are one set: the fifth takes the oldest's place, but counts only while that had time left. */
static void oldest_goes_first(void **state) {
    (void)state;
    struct fragments *fragments = fragments_new(1, 7);
    const int64_t times[] = {3, 1, 2, 4};
    for (unsigned i = 0; i < 4; i++)
        apply_first(fragments, first(FLOW_IPV4, i, (uint16_t)(1000 + i)), times[i]);
    assert_counts(fragments, (struct fragments_counts){.firsts = 4});
    apply_first(fragments, first(FLOW_IPV4, 4, 1004), 5);
    assert_counts(fragments, (struct fragments_counts){.firsts = 5, .evicted = 1});
    const unsigned left[] = {1000, 0, 1002, 1003, 1004};
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(apply_later(fragments, later(FLOW_IPV4, i), 5), left[i]);
    apply_first(fragments, first(FLOW_IPV4, 5, 1005), 40 * SECOND);
    assert_counts(fragments, (struct fragments_counts){.firsts = 6, .found = 4, .orphans = 1, .evicted = 1});
    fragments_free(fragments);
}

/* Half full, a table has room for nearly all: sets of four overflow now and then. */
static void half_full(void **state) {
    (void)state;
    enum { ENTRIES = 1 << 14 };
    struct fragments *fragments = fragments_new(ENTRIES, 7);
    unsigned found = 0;
    for (unsigned i = 0; i < ENTRIES / 2; i++)
        apply_first(fragments, first(FLOW_IPV4, i, (uint16_t)(1 + i)), 0);
    for (unsigned i = 0; i < ENTRIES / 2; i++) {
        unsigned port = apply_later(fragments, later(FLOW_IPV4, i), 0);
        assert_true(port == 0 || port == 1 + i);
        found += port != 0;
    }
    struct fragments_counts counts = fragments_counts(fragments);
    assert_int_equal(counts.found, found);
    assert_int_equal(counts.evicted, ENTRIES / 2 - found);
    assert_true(found > ENTRIES / 2 * 95 / 100);
    fragments_free(fragments);
}

/* Decoded ones: the protocol of later IPv6 fragments is the first one's, behind what headers ever; AH in IPv4 too. */
static void decoded(void **state) {
    (void)state;
    static const struct {
        const char *first, *later;
        unsigned source_port, destination_port, protocol;
    } pairs[] = {
        {"first-fragment", "middle-fragment", 50002, 53, 17},
        {"first-fragment", "last-fragment", 50002, 53, 17},
        {"first-fragment-ipv6", "last-fragment-ipv6", 50002, 53, 17},
        {"tcp-split-first", "tcp-split-rest", 50001, 443, 6},
        {"first-fragment-icmp", "last-fragment-icmp", 0, 2048, 1},
        {"first-fragment-ah", "last-fragment-ah", 50002, 53, 17},
        {"first-fragment-esp", "last-fragment-esp", 0, 0, 50},
    };
    const struct packet_options options = {0};
    for (unsigned i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct packet packets[2] = {0};
        static struct packet_case one;
        FILE *file = fopen("tests/unit/packets.txt", "r");
        assert_non_null(file);
        while (packet_case_next(file, &one)) {
            bool is_first = strcmp(one.name, pairs[i].first) == 0;
            if (is_first || strcmp(one.name, pairs[i].later) == 0)
                assert_int_equal(packet_decode(&options, one.link_type, one.bytes, one.captured, one.original,
                                               &packets[is_first ? 0 : 1]),
                                 PACKET_OK);
        }
        fclose(file);
        struct fragments *fragments = fragments_new(16, i);
        assert_true(packet_is_fragment(&packets[0]) && packet_is_fragment(&packets[1]));
        fragments_apply(fragments, &packets[0], 0);
        fragments_apply(fragments, &packets[1], 1);
        assert_counts(fragments, (struct fragments_counts){.firsts = 1, .found = 1});
        assert_int_equal(packets[1].source_port, pairs[i].source_port);
        assert_int_equal(packets[1].destination_port, pairs[i].destination_port);
        assert_int_equal(packets[1].protocol, pairs[i].protocol);
        fragments_free(fragments);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ports_are_found),
        cmocka_unit_test(orphans_keep_port_0),
        cmocka_unit_test(times_of_the_two_families),
        cmocka_unit_test(oldest_goes_first),
        cmocka_unit_test(half_full),
        cmocka_unit_test(decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
