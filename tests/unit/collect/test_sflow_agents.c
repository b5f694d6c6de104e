/* What sFlow agents tell beside flows, and what a decoder makes of it: interfaces, discarded packets, tunnels. */
#include "collect/discard.h"
#include "collect/sflow.h"

#include "message_case.h"
#include "sflow_datagram.h"

static void datagram_take(struct message_case *mc, const struct datagram *datagram, size_t len) {
    memcpy(mc->message.at, datagram->at, len);
    mc->message.len = len;
    case_decode(mc, 1);
}

/* One packet's header in a sample of data source 7, from interface 7 to 8, 1 in 512. */
static struct datagram header_datagram(uint32_t protocol, const struct bytes *header, uint32_t length) {
    struct datagram datagram = datagram_of(1);
    size_t begin = flow_begin(&datagram, 1);
    header_put(&datagram, protocol, length, 0, header);
    part_end(&datagram, begin);
    return datagram;
}

#define SAMPLE(octets, source, destination, source_port, destination_port, protocol)                                   \
    "{\"flowStartSeconds\":1700000000,\"flowEndSeconds\":1700000000,\"packetDeltaCount\":512,"                         \
    "\"octetDeltaCount\":" #octets ",\"sourceIPv4Address\":" #source ",\"destinationIPv4Address\":" #destination       \
    ",\"sourceTransportPort\":" #source_port ",\"destinationTransportPort\":" #destination_port                        \
    ",\"protocolIdentifier\":" #protocol "}\n"

static void mpls_headers(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    const struct bytes ip = ipv4(1, 2, 17, 1000, 53, 0, 100);
    struct bytes stack = {.len = 0};
    bytes_put(&stack, 16 << 12 | 64, 4);
    bytes_put(&stack, 17 << 12 | 0x100 | 64, 4);
    memcpy(stack.at + stack.len, ip.at, ip.len);
    stack.len += ip.len;
    const struct datagram datagram = header_datagram(13, &stack, 108);
    datagram_take(mc, &datagram, datagram.len);
    assert_out(mc, SAMPLE(51200, 1, 2, 1000, 53, 17));
    case_close(mc);
}

/* Agents that tell the header's length twice, instead of the frame's: then the IP header's counts, but none that is
 * beyond 16 bits. */
static void lengths_of_headers(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    const struct bytes ip = ipv4(1, 2, 17, 1000, 53, 0, 1500);
    struct datagram datagram = header_datagram(11, &ip, (uint32_t)ip.len);
    datagram_take(mc, &datagram, datagram.len);
    assert_out(mc, SAMPLE(768000, 1, 2, 1000, 53, 17));
    datagram = header_datagram(11, &ip, 1000); /* more than the header, less than the packet: what was on the wire */
    datagram_take(mc, &datagram, datagram.len);
    assert_out(mc, SAMPLE(512000, 1, 2, 1000, 53, 17));
    /* An IPv6 header, hop-by-hop options with a jumbo payload of 4 GiB, UDP. */
    struct bytes jumbo = {.len = 0};
    bytes_put(&jumbo, 0x60000000, 4);
    bytes_put(&jumbo, 0x00000040, 4);
    for (unsigned i = 0; i < 4; i++)
        bytes_put(&jumbo, 1, 8);
    bytes_put(&jumbo, 0x1100c204, 4);
    bytes_put(&jumbo, UINT32_MAX, 4);
    bytes_put(&jumbo, 0x03e80035, 4);
    bytes_put(&jumbo, 0, 4);
    datagram = header_datagram(12, &jumbo, (uint32_t)jumbo.len);
    datagram_take(mc, &datagram, datagram.len);
    assert_non_null(strstr(mc->out.data, "\"octetDeltaCount\":28672,")); /* 56 octets, 512 times */
    case_close(mc);
}

/* IP in IP: the outer packet, unless this tunnel is to be taken apart. */
static void tunnels(void **state) {
    (void)state;
    const struct bytes inner = ipv4(3, 4, 17, 1000, 53, 0, 80);
    struct bytes outer = ipv4(1, 2, 4, 0, 0, 0, 100);
    outer.len = 20;
    memcpy(outer.at + outer.len, inner.at, inner.len);
    outer.len += inner.len;
    const struct datagram datagram = header_datagram(11, &outer, 100);
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    datagram_take(mc, &datagram, datagram.len);
    assert_out(mc, SAMPLE(51200, 1, 2, 0, 0, 4));
    case_close(mc);
    mc = case_open(&(struct message_config){.packet.tunnels = 1u << TUNNEL_IP}, OUT_NEEDED);
    datagram_take(mc, &datagram, datagram.len);
    assert_out(mc, SAMPLE(40960, 3, 4, 1000, 53, 17));
    case_close(mc);
}

/* Lengths that count what pads the last header, which isn't there. */
static void padding_left_out(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    struct bytes ip = ipv4(1, 2, 17, 1000, 53, 0, 100);
    ip.len -= 3;
    const struct datagram datagram = header_datagram(11, &ip, 100);
    for (unsigned missing = 0; missing <= 3; missing++) {
        datagram_take(mc, &datagram, datagram.len - missing);
        assert_out(mc, SAMPLE(51200, 1, 2, 1000, 53, 17));
    }
    assert_int_equal(message_counters(mc->decoder)->malformed, 0);
    datagram_take(mc, &datagram, datagram.len - 4);
    assert_out(mc, "");
    assert_int_equal(message_counters(mc->decoder)->malformed, 1);
    case_close(mc);
}

static void discarded_packets(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    const uint64_t *discarded = message_counters(mc->decoder)->discarded;
    struct datagram datagram = datagram_of(3);
    size_t begin = part_begin(&datagram, 5);
    WORDS(&datagram, 1, 0, 7, 0, 7, 0, 279, 0);
    part_end(&datagram, begin);
    begin = part_begin(&datagram, 5);
    WORDS(&datagram, 1, 0, 7, 0, 7, 0, 9999, 0);
    part_end(&datagram, begin);
    begin = part_begin(&datagram, 3); /* expanded: 1 in 100; to nowhere, for reason 258 */
    WORDS(&datagram, 2, 0, 7, 100, 0, 0, 0, 7, 1, 258, 0);
    part_end(&datagram, begin);
    datagram_take(mc, &datagram, datagram.len);
    assert_string_equal(discard_texts[discard_reason(279)], "unresolved-neighbor");
    assert_int_equal(discarded[discard_reason(279)], 1);
    assert_int_equal(discarded[DISCARD_OTHER], 1);
    assert_string_equal(discard_texts[discard_reason(258)], "acl");
    assert_int_equal(discarded[discard_reason(258)], 100);
    assert_int_equal(message_counters(mc->decoder)->flows, 0);
    assert_int_equal(message_counters(mc->decoder)->malformed, 0);
    case_close(mc);
    /* The list's ends, and every name. */
    static const uint32_t codes[][2] = {{0, 0},
                                        {15, 15},
                                        {16, DISCARD_OTHER},
                                        {255, DISCARD_OTHER},
                                        {256, 16},
                                        {292, DISCARD_OTHER - 1},
                                        {293, DISCARD_OTHER},
                                        {UINT32_MAX, DISCARD_OTHER}};
    for (unsigned i = 0; i < sizeof codes / sizeof codes[0]; i++)
        assert_int_equal(discard_reason(codes[i][0]), codes[i][1]);
    for (unsigned i = 0; i < DISCARD_REASONS; i++)
        assert_non_null(discard_texts[i]);
    assert_string_equal(discard_texts[DISCARD_OTHER - 1], "blackhole-neighbor");
    assert_string_equal(discard_texts[discard_reason(256)], "unknown");
}

static void counters_put(struct datagram *datagram, bool expanded, uint32_t index, uint32_t mbits, uint32_t in,
                         uint32_t out) {
    size_t begin = part_begin(datagram, expanded ? 4 : 2);
    WORDS(datagram, 1, 7);
    if (expanded) WORDS(datagram, 7);
    WORDS(datagram, 2);
    size_t record = part_begin(datagram, 2); /* of Ethernet, which is not wanted */
    WORDS(datagram, 1, 2, 3);
    part_end(datagram, record);
    record = part_begin(datagram, 1);
    WORDS(datagram, index, 6, 0, mbits * 1000000, 1, 3, 1, in, 1, 2, 3, 4, 5, 6, 2, out, 1, 2, 3, 4, 5, 0);
    part_end(datagram, record);
    part_end(datagram, begin);
}

static void interfaces_are_kept(void **state) {
    (void)state;
    static const uint8_t agent[16] = {192, 0, 2, 9};
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    assert_null(message_interface(mc->decoder, FLOW_IPV4, agent, 7));
    struct datagram datagram = datagram_of(2);
    counters_put(&datagram, false, 7, 1000, 5, 6);
    counters_put(&datagram, true, 3, 100, 50, 60);
    datagram_take(mc, &datagram, datagram.len);
    datagram = datagram_of(1);
    counters_put(&datagram, false, 7, 1000, 8, 9);
    datagram_take(mc, &datagram, datagram.len);
    const struct interface *seven = message_interface(mc->decoder, FLOW_IPV4, agent, 7);
    assert_non_null(seven);
    assert_int_equal(seven->speed, 1000000000);
    assert_int_equal(seven->in, (UINT64_C(1) << 32) + 8);
    assert_int_equal(seven->out, (UINT64_C(2) << 32) + 9);
    assert_int_equal(seven->heard, NOW);
    assert_null(message_interface(mc->decoder, FLOW_IPV6, agent, 7));
    struct message_report *report = mem_zalloc(1, sizeof *report);
    message_report_take(mc->decoder, report);
    assert_int_equal(report->n_interfaces, 2);
    assert_int_equal(report->interfaces[0].index, 3);
    assert_int_equal(report->interfaces[0].speed, 100000000);
    assert_int_equal(report->interfaces[1].index, 7);
    message_report_release(report);
    free(report);
    case_close(mc);
}

/* Of many the longest silent go; what is listed are the first. */
static void interfaces_have_a_limit(void **state) {
    (void)state;
    enum { MANY = 5000, BYTES = 1 << 16, LISTED = 8 };
    struct interfaces *interfaces = interfaces_new(BYTES, 42);
    struct interface list[LISTED];
    assert_in_range(interfaces_bytes(interfaces), BYTES / 4, BYTES);
    assert_int_equal(interfaces_list(interfaces, list, LISTED), 0);
    for (unsigned i = MANY; i > 0; i--)
        interfaces_note(interfaces,
                        &(struct interface){.address = {10}, .index = i, .speed = i, .heard = 2 * MANY - i});
    assert_int_equal(interfaces_list(interfaces, list, LISTED), LISTED);
    for (unsigned i = 0; i < LISTED; i++)
        assert_int_equal(list[i].index, i + 1);
    unsigned known = 0;
    for (unsigned i = 1; i <= MANY; i++) {
        const struct interface *found = interfaces_find(interfaces, FLOW_IPV4, list[0].address, i);
        if (!found) continue;
        assert_int_equal(found->speed, i);
        known++;
    }
    assert_in_range(known, BYTES / 2 / sizeof(struct interface) / 2, BYTES / sizeof(struct interface));
    interfaces_free(interfaces);
    assert_int_equal(interfaces_list(NULL, list, LISTED), 0);
}

/* One switch that samples a flow where it comes in and where it goes out: of data source 7, then of 8. */
static void sampled_at_both_ends(void **state) {
    (void)state;
    struct message_case *mc = case_open(&(struct message_config){.deduplicate_us = 60 * SECOND}, OUT_FLOWS);
    const struct message_counters *counters = message_counters(mc->decoder);
    const struct bytes ip = ipv4(1, 2, 17, 1000, 53, 0, 100);
    static const struct {
        uint32_t source, input, output, flows;
    } steps[] = {{7, 7, 8, 1}, {8, 7, 8, 1}, {7, 7, 8, 2}, {9, 9, 8, 3}, {7, 7, 8, 4}, {8, 9, 8, 4}, {5, 7, 8, 5}};
    for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct datagram datagram = datagram_of(1);
        size_t begin = part_begin(&datagram, 1);
        WORDS(&datagram, 1001, steps[i].source, 512, 65536, 2, steps[i].input, steps[i].output, 1);
        header_put(&datagram, 11, 100, 0, &ip);
        part_end(&datagram, begin);
        datagram_take(mc, &datagram, datagram.len);
        if (counters->flows != steps[i].flows) fail_msg("step %u", i);
    }
    case_close(mc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mpls_headers),
        cmocka_unit_test(lengths_of_headers),
        cmocka_unit_test(tunnels),
        cmocka_unit_test(padding_left_out),
        cmocka_unit_test(discarded_packets),
        cmocka_unit_test(interfaces_are_kept),
        cmocka_unit_test(interfaces_have_a_limit),
        cmocka_unit_test(sampled_at_both_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
