/* Flows as queue entries: exact texts, and what the importer's decoder makes of them. */
#include "meter/meter_entry.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "flow/entry.h"
#include "flow/names.h"
#include "meter/meter_rule.h"
#include "random.h"

static const char *entry_text(const char *rule, const struct meter_flow *flow) {
    static char text[METER_ENTRY_MAX + 1];
    struct meter_rules rules;
    struct error error = {""};
    if (meter_rules_parse(&rules, rule, &error) != 0) fail_msg("%s", error.text);
    struct meter_entry *entry = meter_entry_new(&rules.rules[0].fields);
    size_t len = meter_entry_write(entry, flow, text);
    assert_in_range(len, 1, METER_ENTRY_MAX);
    text[len] = '\0';
    meter_entry_free(entry);
    meter_rules_release(&rules);
    return text;
}

static struct meter_flow sample(enum flow_family family) {
    struct meter_flow flow = {.family = (uint8_t)family,
                              .source_port = 51515,
                              .destination_port = 443,
                              .protocol = 6,
                              .tos = 184,
                              .ttl = 64,
                              .flow_label = 703710,
                              .vlan = 100,
                              .customer_vlan = 4095,
                              .interface = UINT32_MAX,
                              .mpls_label = 0x12345,
                              .icmp = 2048,
                              .source_mac = {2, 0, 0, 0xab, 0xcd, 0xef},
                              .direction = 1,
                              .end = METER_END_ACTIVE,
                              .sampling = 100,
                              .forward = {1700000000123456, 1700000042999999, 61, 52340, 0x1b},
                              .reverse = {1700000000200000, 1700000042000000, 9, UINT64_C(9000000000000000000), 0x12}};
    inet_pton(AF_INET, "192.168.1.1", flow.source);
    inet_pton(AF_INET, "8.8.8.8", flow.destination);
    if (family == FLOW_IPV6) {
        inet_pton(AF_INET6, "2001:db8::1", flow.source);
        inet_pton(AF_INET6, "fe80:1:2:3:4:5:6:7", flow.destination);
    }
    return flow;
}

static void exact_texts(void **state) {
    (void)state;
    struct meter_flow flow = sample(FLOW_IPV4);
    struct meter_counts reverse = flow.reverse;
    memset(&flow.reverse, 0, sizeof flow.reverse);
    assert_string_equal(entry_text("f: five-tuple", &flow),
                        "{\"sourceIPv4Address\":3232235777,\"destinationIPv4Address\":134744072,"
                        "\"sourceTransportPort\":51515,\"destinationTransportPort\":443,\"protocolIdentifier\":6,"
                        "\"flowStartMilliseconds\":1700000000123,\"flowEndMilliseconds\":1700000042999,"
                        "\"packetDeltaCount\":61,\"octetDeltaCount\":52340}");
    assert_string_equal(
        entry_text("f: protocolIdentifier + flowStartSeconds flowEndMicroseconds flowStartNanoseconds ipClassOfService "
                   "ipTTL flowLabelIPv6 tcpControlBits dot1qVlanId dot1qCustomerVlanId mplsTopLabelStackSection "
                   "sourceMacAddress ingressInterface flowDirection icmpTypeCodeIPv4 flowEndReason samplingPopulation "
                   "packetTotalCount octetTotalCount",
                   &flow),
        "{\"protocolIdentifier\":6,\"packetDeltaCount\":61,\"octetDeltaCount\":52340,\"flowStartSeconds\":1700000000,"
        "\"flowEndMicroseconds\":1700000042999999,\"flowStartNanoseconds\":1700000000123456000,\"ipClassOfService\":"
        "184,"
        "\"ipTTL\":64,\"flowLabelIPv6\":703710,\"tcpControlBits\":27,\"dot1qVlanId\":100,\"dot1qCustomerVlanId\":4095,"
        "\"mplsTopLabelStackSection\":\"123450\",\"sourceMacAddress\":\"02:00:00:ab:cd:ef\","
        "\"ingressInterface\":4294967295,\"flowDirection\":1,\"icmpTypeCodeIPv4\":2048,\"flowEndReason\":2,"
        "\"samplingPopulation\":100,\"packetTotalCount\":61,\"octetTotalCount\":52340}");
    flow = sample(FLOW_IPV6);
    flow.reverse = reverse;
    assert_string_equal(
        entry_text("f: sourceIPv4Address destinationIPv4Address biflow + tcpControlBits flowEndReason icmpTypeCodeIPv4",
                   &flow),
        "{\"sourceIPv6Address\":\"2001:db8::1\",\"destinationIPv6Address\":\"fe80:1:2:3:4:5:6:7\","
        "\"flowStartMilliseconds\":1700000000123,\"flowEndMilliseconds\":1700000042999,\"packetDeltaCount\":61,"
        "\"octetDeltaCount\":52340,\"tcpControlBits\":27,\"flowEndReason\":2,\"icmpTypeCodeIPv6\":2048,"
        "\"revFlowStartMilliseconds\":1700000000200,\"revFlowEndMilliseconds\":1700000042000,\"revPacketDeltaCount\":9,"
        "\"revOctetDeltaCount\":9000000000000000000,\"revTcpControlBits\":18}");
}

/* As the C library writes them, which RFC 5952 asks for too; but for IPv4 within IPv6, which it writes with dots. */
static void ipv6_addresses(void **state) {
    (void)state;
    uint64_t random = 5;
    struct meter_flow flow = sample(FLOW_IPV6);
    memset(&flow.reverse, 0, sizeof flow.reverse);
    for (unsigned i = 0; i < 20000; i++) {
        char wanted[INET6_ADDRSTRLEN + 32], text[INET6_ADDRSTRLEN];
        for (unsigned g = 0; g < 8; g++) { /* half of the groups are 0, the others of any length */
            uint64_t group = random_next(&random);
            group = group & 1 ? group >> 16 & (0xffffu >> (group >> 8 & 0xf)) : 0;
            flow.source[2 * g] = (uint8_t)(group >> 8);
            flow.source[2 * g + 1] = (uint8_t)group;
        }
        if (i == 0) memset(flow.source, 0, sizeof flow.source);
        if (i == 1) memset(flow.source, 0xff, sizeof flow.source);
        inet_ntop(AF_INET6, flow.source, text, sizeof text);
        if (strchr(text, '.')) continue;
        int len = snprintf(wanted, sizeof wanted, "{\"sourceIPv6Address\":\"%s\",", text);
        assert_memory_equal(entry_text("f: sourceIPv4Address", &flow), wanted, (size_t)len);
    }
}

static void numbers(void **state) {
    (void)state;
    struct meter_flow flow = sample(FLOW_IPV4);
    uint64_t number = 1;
    for (unsigned digits = 1; digits <= 20; digits++, number = digits < 20 ? number * 10 : UINT64_MAX)
        for (int more = -1; more <= 1; more++) {
            char wanted[160];
            flow.forward.packets = number + (uint64_t)(int64_t)more;
            int len = snprintf(wanted, sizeof wanted,
                               "{\"protocolIdentifier\":6,\"flowStartMilliseconds\":1700000000123,"
                               "\"flowEndMilliseconds\":1700000042999,\"packetDeltaCount\":%llu,",
                               (unsigned long long)flow.forward.packets);
            assert_memory_equal(entry_text("f: protocolIdentifier", &flow), wanted, (size_t)len);
        }
}

/* The importer reads it with its fast reader, both directions of it. */
static void the_importer_reads_it(void **state) {
    (void)state;
    struct flow_layout layout;
    struct flow_record records[ENTRY_RECORDS_MAX];
    struct reject reject;
    names_init();
    assert_int_equal(flow_layout_init(&layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, NULL), 0);
    struct entry_decoder *decoder = entry_decoder_new(&layout);
    for (unsigned family = 0; family < FLOW_FAMILIES; family++) {
        struct meter_flow flow = sample((enum flow_family)family);
        const char *text = entry_text("f: five-tuple biflow + tcpControlBits flowEndReason sourceMacAddress", &flow);
        assert_int_equal(entry_decode(decoder, ENTRY_SCANNER_ONLY, text, strlen(text), records, &reject), 2);
        assert_int_equal(records[0].family, family);
        assert_int_equal(records[0].start, 1700000000);
        assert_int_equal(records[0].end, 1700000042);
        assert_int_equal(records[0].sums[flow_layout_sum(&layout, 2)], 61);
        assert_int_equal(records[0].sums[flow_layout_sum(&layout, 1)], 52340);
        assert_int_equal(records[1].sums[flow_layout_sum(&layout, 2)], 9);
        unsigned width = family == FLOW_IPV4 ? 4 : 16;
        assert_memory_equal(records[0].key, flow.source, width);
        assert_memory_equal(records[0].key + width, flow.destination, width);
        assert_memory_equal(records[1].key, flow.destination, width);
        assert_memory_equal(records[0].key + 2 * width, "\xc9\x3b\x01\xbb\x06", 5);
        assert_memory_equal(records[1].key + 2 * width, "\x01\xbb\xc9\x3b\x06", 5);
    }
    assert_int_equal(entry_decoder_counters(decoder)->unknown_names, 0);
    entry_decoder_free(decoder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_texts),
        cmocka_unit_test(ipv6_addresses),
        cmocka_unit_test(numbers),
        cmocka_unit_test(the_importer_reads_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
