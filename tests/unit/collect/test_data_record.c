/* Data records: exact entries, exact flows, and that both ways agree on records of all kinds. */
#include "collect/data_record.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "flow/names.h"
#include "cells.h"
#include "random.h"
#include "record_check.h"

/* --- exact ones --- */

static uint16_t usual_length(unsigned id) {
    const struct element *element = element_by_id(id);
    if (!element) return 4;
    unsigned width = element_width(element);
    return (uint16_t)(width == ELEMENT_TEXT_MAX ? 12 : width ? width : 4);
}

/* The message of 2023-11-14 22:13:20, from 192.0.2.1, domain 7; sysUpTime is 1000 s. */
static const struct data_record_context plain = {.export_us = 1700000000000000,
                                                 .boot_us = 1699999000000000,
                                                 .sampling = 1,
                                                 .family = FLOW_IPV4,
                                                 .address = {192, 0, 2, 1},
                                                 .domain = 7};

/* The importer makes the same flows of an entry that has everything. */
static void same_with_everything(const struct flow_layout *layout, struct entry_decoder *decoder,
                                 const struct made *made, const struct data_record_context *context) {
    static char entry[DATA_RECORD_ENTRY_MAX];
    struct flow_record flows[2], read[ENTRY_RECORDS_MAX];
    struct reject reject;
    char left[RECORD_TEXT_MAX], right[RECORD_TEXT_MAX];
    struct data_record_plan *plan = data_record_plan_new(made->fields, made->n, layout, DATA_RECORD_INNER);
    struct data_record_plan *all = data_record_plan_new(made->fields, made->n, NULL, DATA_RECORD_INNER);
    unsigned n = data_record_flows(plan, made->bytes, made->len, context, flows, &reject);
    size_t len = data_record_entry(all, made->bytes, made->len, context, entry);
    assert_int_equal(entry_decode(decoder, ENTRY_ANY, entry, len, read, &reject), n);
    for (unsigned i = 0; i < n; i++) {
        record_show(layout, &flows[i], left);
        record_show(layout, &read[i], right);
        assert_string_equal(left, right);
    }
    data_record_plan_free(plan);
    data_record_plan_free(all);
}

/* The entry of a record, in `keys` and `sums`; NULL: everything. With a layout both ways are compared, too. */
static const char *entry_in(const struct cell *cells, const struct data_record_context *context, const char *keys,
                            const char *sums) {
    static char entry[DATA_RECORD_ENTRY_MAX + 1];
    struct made made = make(cells);
    struct flow_layout layout;
    if (keys) layout_make(&layout, keys, sums);
    struct data_record_plan *plan = data_record_plan_new(made.fields, made.n, keys ? &layout : NULL, DATA_RECORD_INNER);
    entry[data_record_entry(plan, made.bytes, made.len, context, entry)] = '\0';
    if (keys) {
        struct entry_decoder *decoder = entry_decoder_new(&layout);
        const char *wrong = record_differs(&layout, decoder, plan, made.bytes, made.len, context);
        if (wrong) fail_msg("%s: %s", wrong, entry);
        if (strcmp(keys, FLOW_LAYOUT_KEYS) == 0) same_with_everything(&layout, decoder, &made, context);
        entry_decoder_free(decoder);
    }
    data_record_plan_free(plan);
    return entry;
}

#define everything(context, ...) entry_in((const struct cell[]){__VA_ARGS__, {0, 0, 0, NULL, 0}}, context, NULL, NULL)
#define by_default(context, ...)                                                                                       \
    entry_in((const struct cell[]){__VA_ARGS__, {0, 0, 0, NULL, 0}}, context, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS)
#define COUNTS N(2, 4, 61), N(1, 4, 52340)
#define COUNTS_TEXT "\"packetDeltaCount\":61,\"octetDeltaCount\":52340"
#define TIMES N(150, 4, 1699999990), N(151, 4, 1699999999)
#define TIMES_TEXT "\"flowStartSeconds\":1699999990,\"flowEndSeconds\":1699999999"

static void netflow_v5(void **state) {
    (void)state;
    assert_string_equal(by_default(&plain, N(8, 4, 0xc0a80101), N(12, 4, 0x08080808), N(15, 4, 0x0a000001), N(10, 2, 1),
                                   N(14, 2, 2), COUNTS, N(22, 4, 900000), N(21, 4, 942999), N(7, 2, 51515),
                                   N(11, 2, 443), N(210, 1, 0), N(6, 1, 0x1b), N(4, 1, 6), N(5, 1, 0), N(16, 2, 0),
                                   N(17, 2, 0), N(9, 1, 24), N(13, 1, 16), N(210, 2, 0)),
                        "{\"flowStartSeconds\":1699999900,\"flowEndSeconds\":1699999942," COUNTS_TEXT
                        ",\"sourceIPv4Address\":3232235777,\"destinationIPv4Address\":134744072,"
                        "\"sourceTransportPort\":51515,\"destinationTransportPort\":443,\"protocolIdentifier\":6}");
}

static void every_element_by_its_name(void **state) {
    (void)state;
    struct data_record_context scaled = plain;
    assert_string_equal(
        everything(&plain, N(8, 4, 0xc0a80101), COUNTS, N(22, 4, 900000), N(21, 4, 942999), N(56, 6, 0x0200abcdef01),
                   T(70, 3, "\x12\x34\x50"), T(82, 8, "eth\"0"), T(96, FIELD_VARIABLE, "caf\xc3\xa9 \xff\n"),
                   N(276, 1, 1), N(388, 1, 2), N(389, 1, 3), N(434, 3, 0xfffffe), N(311, 4, 0x3f000000),
                   N(320, 8, UINT64_C(0x7ff0000000000000)), N(148, 8, UINT64_MAX), N(10, 3, 65536), N(210, 2, 9),
                   N(8, 4, 1), N(600, 2, 1), {1, 4, 3, NULL, 9}, N(291, 2, 0), N(27, 4, 0)),
        "{\"sourceIPv4Address\":3232235777," COUNTS_TEXT ",\"flowStartSysUpTime\":900000,\"flowEndSysUpTime\":942999,"
        "\"sourceMacAddress\":\"02:00:ab:cd:ef:01\",\"mplsTopLabelStackSection\":\"123450\","
        "\"interfaceName\":\"eth\\\"0\",\"applicationName\":\"caf\xc3\xa9 \xef\xbf\xbd\\u000a\","
        "\"dataRecordsReliability\":true,\"dot1qDEI\":false,\"dot1qCustomerDEI\":3,\"mibObjectValueInteger\":-2,"
        "\"samplingProbability\":0.5,\"flowId\":\"18446744073709551615\",\"ingressInterface\":65536,"
        "\"exporterIPv4Address\":3221225985,\"observationDomainId\":7,\"flowStartMilliseconds\":1699999900000,"
        "\"flowEndMilliseconds\":1699999942999}");
    scaled.family = FLOW_IPV6;
    scaled.sampling = 100;
    assert_string_equal(everything(&scaled, COUNTS, N(85, 2, 10), N(3, 2, 10), TIMES, N(149, 4, 5)),
                        "{\"packetDeltaCount\":6100,\"octetDeltaCount\":5234000,\"octetTotalCount\":1000,"
                        "\"deltaFlowCount\":10," TIMES_TEXT ",\"observationDomainId\":5,"
                        "\"exporterIPv6Address\":\"c000:201::\",\"samplingPopulation\":100}");
    assert_string_equal(everything(&plain, N(130, 4, 1), N(149, 4, 2), TIMES),
                        "{\"exporterIPv4Address\":1,"
                        "\"observationDomainId\":2," TIMES_TEXT "}");
}

#define NTP(us) (((us) / 1000000 + UINT64_C(2208988800)) << 32 | (((us) % 1000000) << 32) / 1000000)
#define MS_KEYS "flowStartMilliseconds,flowEndMicroseconds"

/* The start and end of an entry in milliseconds and microseconds. */
#define assert_times(start_ms, end_us, context, ...)                                                                   \
    assert_string_equal(entry_in((const struct cell[]){N(1, 4, 1), __VA_ARGS__, {0, 0, 0, NULL, 0}}, context, MS_KEYS, \
                                 "octetDeltaCount"),                                                                   \
                        "{\"flowStartMilliseconds\":" start_ms ",\"flowEndMicroseconds\":" end_us                      \
                        ",\"octetDeltaCount\":1}")

/* Templates that say ICMP by its elements alone. */
static void icmp_without_a_protocol(void **state) {
    (void)state;
#define V4 N(8, 4, 1), N(12, 4, 2), TIMES, COUNTS
#define KEYS_OF(port, protocol)                                                                                        \
    "{" TIMES_TEXT "," COUNTS_TEXT ",\"sourceIPv4Address\":1,\"destinationIPv4Address\":2,"                            \
    "\"destinationTransportPort\":" #port ",\"protocolIdentifier\":" #protocol "}"
    assert_string_equal(by_default(&plain, V4, N(32, 2, 2048)), KEYS_OF(2048, 1));
    assert_string_equal(by_default(&plain, V4, N(176, 1, 8), N(177, 1, 1)), KEYS_OF(2049, 1));
    assert_string_equal(by_default(&plain, V4, N(139, 2, 32768)), KEYS_OF(32768, 58));
    assert_string_equal(by_default(&plain, N(27, 16, 1), TIMES, COUNTS, N(139, 2, 32768), N(32, 2, 9)),
                        "{" TIMES_TEXT "," COUNTS_TEXT ",\"sourceIPv6Address\":\"::1\","
                        "\"destinationTransportPort\":32768,\"protocolIdentifier\":58}");
    /* What has ports, or a protocol, says itself what it is. */
    assert_string_equal(by_default(&plain, V4, N(32, 2, 2048), N(4, 1, 6)), KEYS_OF(0, 6));
    assert_string_equal(by_default(&plain, V4, N(32, 2, 2048), N(11, 2, 80)),
                        "{" TIMES_TEXT "," COUNTS_TEXT ",\"sourceIPv4Address\":1,\"destinationIPv4Address\":2,"
                        "\"destinationTransportPort\":80}");
#undef V4
#undef KEYS_OF
}

static void times(void **state) {
    (void)state;
    uint64_t us = UINT64_C(1700000000123456);
    assert_times("1700000000000", "1700000002000000", &plain, N(150, 4, 1700000000), N(151, 4, 1700000002));
    assert_times("1700000000123", "1700000002456000", &plain, N(152, 8, 1700000000123), N(153, 8, 1700000002456));
    assert_times("1700000000123", "1700000000123456", &plain, N(154, 8, NTP(us)), N(155, 8, NTP(us)));
    assert_times("1700000000123", "1700000000999999", &plain, N(156, 8, NTP(us)),
                 N(157, 8, NTP(UINT64_C(1700000000999999))));
    /* The era of 2036: its seconds begin at 0. */
    assert_times("2085978496500", "2085978497000000", &plain, N(154, 8, UINT64_C(1) << 31),
                 N(155, 8, UINT64_C(1) << 32));
    /* The finest counts. */
    assert_times("1700000000123", "1700000000123456", &plain, N(150, 4, 5), N(154, 8, NTP(us)), N(151, 4, 6),
                 N(155, 8, NTP(us)));
    assert_times("1699999999500", "1699999999999999", &plain, N(158, 4, 500000), N(159, 4, 1));
    /* The end of the only time there is; durations; the message's. */
    assert_times("1699999990000", "1699999990000000", &plain, N(150, 4, 1699999990));
    assert_times("1699999990000", "1699999990000000", &plain, N(151, 4, 1699999990));
    assert_times("1699999990000", "1699999991500000", &plain, N(150, 4, 1699999990), N(161, 4, 1500));
    assert_times("1699999988500", "1699999990000000", &plain, N(151, 4, 1699999990), N(162, 4, 1500000));
    assert_times("1699999998500", "1700000000000000", &plain, N(161, 4, 1500));
    assert_times("1700000000000", "1700000000000000", &plain, N(5, 1, 6));
    /* NSEL's events: a start, and when they were seen. */
    assert_times("1699999990000", "1699999999000000", &plain, N(152, 8, 1699999990000), N(323, 8, 1699999999000));
    assert_times("1699999999000", "1699999999000000", &plain, N(323, 8, 1699999999000));
    assert_times("1699999990000", "1699999991500000", &plain, N(150, 4, 1699999990), N(161, 4, 1500),
                 N(323, 8, 1699999999000));
    struct data_record_context skewed = plain;
    skewed.skew_us = -1500000;
    assert_times("1699999988500", "1699999988500000", &skewed, N(150, 4, 1699999990));
    /* A time of 0 is none. */
    assert_times("1700000000000", "1700000000000000", &plain, N(22, 4, 0), N(21, 4, 0));
    assert_times("1699999000000", "1699999500000000", &plain, N(22, 4, 0), N(21, 4, 500000)); /* since it was started */
    assert_times("1699999500000", "1699999500000000", &plain, N(22, 4, 500000), N(21, 4, 0));
    assert_times("1700000000000", "1700000000000000", &plain, N(150, 4, 0), N(151, 4, 0));
    assert_times("1700000000000", "1700000000000000", &plain, N(151, 4, 0));
    assert_times("1699999990000", "1699999990000000", &plain, N(150, 4, 1699999990), N(151, 4, 0));
    assert_times("1699999990000", "1699999990000000", &plain, N(150, 4, 0), N(151, 4, 1699999990));
    assert_times("1700000000123", "1700000000123000", &plain, N(152, 8, 0), N(153, 8, 1700000000123));
    assert_times("1700000000123", "1700000000123456", &plain, N(154, 8, NTP(us)), N(155, 8, 0));
    assert_times("1699999998500", "1700000000000000", &plain, N(150, 4, 0), N(151, 4, 0), N(161, 4, 1500));
    assert_times("1699999998500", "1699999998500000", &skewed, N(150, 4, 0), N(151, 4, 0));
}

/* sysUpTime begins again after 2^32 ms, with the flow on either side of it, or a little ahead of the message. */
static void rollover(void **state) {
    (void)state;
    struct data_record_context context = plain;
    context.boot_us = context.export_us - 5000000;
    assert_times("1699999994000", "1699999998000000", &context, N(22, 4, UINT32_MAX - 999), N(21, 4, 3000));
    assert_times("1700000000500", "1700000001000000", &context, N(22, 4, 5500), N(21, 4, 6000));
    context.boot_us = context.export_us - (INT64_C(3) << 32) * 1000 - 5000000;
    assert_times("1699999994000", "1699999998000000", &context, N(22, 8, UINT32_MAX - 999), N(21, 8, 3000));
    context.boot_us = context.export_us - INT64_C(4294967000) * 1000;
    assert_times("1699999999000", "1700000000010000", &context, N(22, 4, 4294966000), N(21, 4, 4294967010));
    /* An exporter without sysUpTime in its messages says in each record when it started. */
    assert_times("1699999001000", "1699999002000000", &context, N(22, 4, 1000), N(21, 4, 2000),
                 N(160, 8, 1699999000000));
}

static void families(void **state) {
    (void)state;
    enum { V6 = 16 };
    static const char *const address = "\x20\x01\x0d\xb8 234567890123", *const none = "";
    const char *ipv4 = "{" TIMES_TEXT "," COUNTS_TEXT ",\"sourceIPv4Address\":167772161}";
    const char *ipv6 =
        "{" TIMES_TEXT "," COUNTS_TEXT ",\"sourceIPv6Address\":\"2001:db8:2032:3334:3536:3738:3930:3132\"}";
    struct cell cells[] = {TIMES, COUNTS, N(8, 4, 0x0a000001), T(27, V6, address), N(60, 1, 4), {0, 0, 0, NULL, 0}};
    assert_string_equal(entry_in(cells, &plain, "sourceIPv4Address", FLOW_LAYOUT_SUMS), ipv4);
    cells[6].number = 6;
    assert_string_equal(entry_in(cells, &plain, "sourceIPv4Address", FLOW_LAYOUT_SUMS), ipv6);
    cells[6] = (struct cell)N(55, 1, 4);
    assert_string_equal(entry_in(cells, &plain, "sourceIPv4Address", FLOW_LAYOUT_SUMS), ipv6);
    cells[5].text = none;
    assert_string_equal(entry_in(cells, &plain, "sourceIPv4Address", FLOW_LAYOUT_SUMS), ipv4);
    /* With everything, too, the other family's addresses are left out. */
    assert_string_equal(everything(&plain, N(8, 4, 1), T(27, V6, address), COUNTS, TIMES, N(149, 4, 7), N(130, 4, 1)),
                        "{\"sourceIPv6Address\":\"2001:db8:2032:3334:3536:3738:3930:3132\"," COUNTS_TEXT "," TIMES_TEXT
                        ",\"observationDomainId\":7,\"exporterIPv4Address\":1}");
    /* Prefixes, where there are no addresses. */
    assert_string_equal(by_default(&plain, TIMES, COUNTS, N(44, 4, 0x0a000000)),
                        "{" TIMES_TEXT "," COUNTS_TEXT ",\"sourceIPv4Address\":167772160}");
}

static void icmp_in_place_of_the_port(void **state) {
    (void)state;
#define PORT(text) "{" TIMES_TEXT "," COUNTS_TEXT ",\"destinationTransportPort\":" text ",\"protocolIdentifier\":"
    assert_string_equal(by_default(&plain, TIMES, COUNTS, N(11, 2, 0), N(4, 1, 1), N(32, 2, 2048)), PORT("2048") "1}");
    assert_string_equal(by_default(&plain, TIMES, COUNTS, N(4, 1, 58), N(139, 2, 32768)), PORT("32768") "58}");
    assert_string_equal(by_default(&plain, TIMES, COUNTS, N(4, 1, 1), N(176, 1, 3), N(177, 1, 4)), PORT("772") "1}");
    assert_string_equal(by_default(&plain, TIMES, COUNTS, N(11, 2, 771), N(4, 1, 1), N(32, 2, 9)), PORT("771") "1}");
    assert_string_equal(by_default(&plain, TIMES, COUNTS, N(11, 2, 0), N(4, 1, 6), N(32, 2, 9)), PORT("0") "6}");
    assert_string_equal(by_default(&plain, TIMES, COUNTS, N(11, 2, 5), N(4, 1, 1), N(176, 1, 8)), PORT("5") "1}");
    assert_string_equal(by_default(&plain, TIMES, COUNTS, N(11, 2, 0), N(4, 1, 1), N(176, 1, 8)), PORT("0") "1}");
}

static void counts_that_stand_in(void **state) {
    (void)state;
    struct data_record_context scaled = plain;
    assert_string_equal(by_default(&plain, TIMES, N(23, 4, 5), N(24, 4, 6)),
                        "{" TIMES_TEXT ",\"packetDeltaCount\":6,\"octetDeltaCount\":5}");
    assert_string_equal(by_default(&plain, TIMES, N(23, 4, 5), N(24, 4, 6), N(1, 8, 7), N(2, 8, 8)),
                        "{" TIMES_TEXT ",\"packetDeltaCount\":8,\"octetDeltaCount\":7}");
    /* At least one packet, and one flow. */
    assert_string_equal(entry_in((const struct cell[]){TIMES, N(85, 4, 5), {0, 0, 0, NULL, 0}}, &plain,
                                 "protocolIdentifier", "deltaFlowCount packetDeltaCount octetDeltaCount"),
                        "{" TIMES_TEXT ",\"deltaFlowCount\":1,\"packetDeltaCount\":1,\"octetDeltaCount\":5}");
    assert_string_equal(by_default(&plain, TIMES, N(430, 4, 5)),
                        "{" TIMES_TEXT ",\"packetDeltaCount\":5,\"octetDeltaCount\":0}");
    /* Beyond 63 bits, multiplied or as it stands, it is refused as an entry is. */
    scaled.sampling = UINT32_MAX;
    assert_string_equal(by_default(&scaled, TIMES, N(1, 8, 1), N(2, 8, UINT64_C(1) << 33)),
                        "{" TIMES_TEXT
                        ",\"packetDeltaCount\":\"18446744073709551615\",\"octetDeltaCount\":4294967295}");
}

/* The same record as flows, in words. */
static const char *flows_in(const struct cell *cells, const char *keys, const char *sums) {
    static char text[2 * RECORD_TEXT_MAX];
    struct made made = make(cells);
    struct flow_layout layout;
    struct flow_record flows[2];
    struct reject reject;
    layout_make(&layout, keys, sums);
    entry_in(cells, &plain, keys, sums);
    struct data_record_plan *plan = data_record_plan_new(made.fields, made.n, &layout, DATA_RECORD_INNER);
    unsigned n = data_record_flows(plan, made.bytes, made.len, &plain, flows, &reject);
    data_record_plan_free(plan);
    if (n == 0) reject_show(&reject, text);
    for (unsigned i = 0; i < n; i++)
        record_show(&layout, &flows[i], i ? strcat(text, " | ") + strlen(text) : text);
    return text;
}

#define flows_by_default(...)                                                                                          \
    flows_in((const struct cell[]){__VA_ARGS__, {0, 0, 0, NULL, 0}}, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS)
#define TUPLE N(8, 4, 0x0a000001), N(12, 4, 0x0a000002), N(7, 2, 50001), N(11, 2, 443), N(4, 1, 6)

static void both_directions(void **state) {
    (void)state;
    assert_string_equal(flows_by_default(TUPLE, TIMES, COUNTS), "10.0.0.1:50001 > 10.0.0.2:443 6 1699999990-1699999999 "
                                                                "61/52340");
#define FORWARD "10.0.0.1:50001 > 10.0.0.2:443 6 1699999990-1699999999 61/52340"
    assert_string_equal(flows_by_default(TUPLE, TIMES, COUNTS, R(2, 4, 9), R(1, 4, 900)),
                        FORWARD " | 10.0.0.2:443 > 10.0.0.1:50001 6 1699999990-1699999999 9/900");
    assert_string_equal(flows_by_default(TUPLE, TIMES, COUNTS, R(2, 4, 0), R(1, 4, 0)), FORWARD);
    assert_string_equal(flows_by_default(TUPLE, TIMES, COUNTS, R(2, 4, 9), R(152, 8, 1699999992500)),
                        FORWARD " | 10.0.0.2:443 > 10.0.0.1:50001 6 1699999992-1699999999 9/0");
    /* Firewalls' initiator and responder. */
    assert_string_equal(flows_by_default(TUPLE, TIMES, N(298, 4, 61), N(231, 4, 52340), N(299, 4, 9), N(232, 4, 900)),
                        FORWARD " | 10.0.0.2:443 > 10.0.0.1:50001 6 1699999990-1699999999 9/900");
    assert_string_equal(flows_by_default(TUPLE, TIMES, N(231, 4, 52340), N(232, 4, 900)),
                        "10.0.0.1:50001 > 10.0.0.2:443 6 1699999990-1699999999 1/52340"
                        " | 10.0.0.2:443 > 10.0.0.1:50001 6 1699999990-1699999999 1/900");
    assert_string_equal(
        everything(&plain, TIMES, COUNTS, N(231, 4, 52340), N(232, 4, 900), R(6, 1, 2), N(149, 1, 0), N(130, 4, 0)),
        "{" TIMES_TEXT "," COUNTS_TEXT ",\"initiatorOctets\":52340,\"responderOctets\":900,\"observationDomainId\":0,"
        "\"exporterIPv4Address\":0,\"revTcpControlBits\":2,\"revPacketDeltaCount\":1,"
        "\"revOctetDeltaCount\":900}");
    /* Huawei sends a responder's counters without an initiator's: they are of the same direction. */
    assert_string_equal(flows_by_default(TUPLE, TIMES, COUNTS, N(232, 4, 900), N(299, 4, 9)), FORWARD);
    assert_string_equal(flows_by_default(TUPLE, TIMES, COUNTS, N(298, 4, 61), N(232, 4, 900)), FORWARD);
    /* Keys of the other direction, where it has them. */
    assert_string_equal(
        flows_in(
            (const struct cell[]){
                TUPLE, TIMES, COUNTS, R(1, 2, 1), N(6, 2, 0x501b), R(6, 1, 2), N(58, 2, 5), {0, 0, 0, NULL, 0}},
            "tcpControlBits,dot1qVlanId", "octetDeltaCount"),
        "10.0.0.1:50001 > 10.0.0.2:443 6 1699999990-1699999999 52340 tcpControlBits=1b dot1qVlanId=05"
        " | 10.0.0.2:443 > 10.0.0.1:50001 6 1699999990-1699999999 1 tcpControlBits=02 dot1qVlanId=05");
}

/* Of counters before and behind the exporter the first that is not 0 counts, in each record anew. */
static void before_and_behind(void **state) {
    (void)state;
#define FLOW_OF(counts) "10.0.0.1:50001 > 10.0.0.2:443 6 1699999990-1699999999 " counts
    assert_string_equal(flows_by_default(TUPLE, TIMES, N(1, 4, 0), N(2, 4, 0), N(23, 4, 32), N(24, 4, 1)),
                        FLOW_OF("1/32"));
    assert_string_equal(flows_by_default(TUPLE, TIMES, N(1, 4, 64), N(2, 4, 2), N(23, 4, 32), N(24, 4, 1)),
                        FLOW_OF("2/64"));
    assert_string_equal(flows_by_default(TUPLE, TIMES, N(85, 8, 0), N(86, 8, 0), N(171, 8, 32), N(172, 8, 1)),
                        FLOW_OF("1/32"));
    /* A delta of 0 says that nothing came since the last record, whatever the total is. */
    assert_string_equal(flows_by_default(TUPLE, TIMES, N(1, 4, 0), N(2, 4, 0), N(85, 4, 32), N(86, 4, 1)),
                        FLOW_OF("0/0"));
    struct data_record_context sampled = plain;
    sampled.sampling = 10;
    assert_string_equal(everything(&sampled, TIMES, N(1, 4, 0), N(23, 4, 32)),
                        "{" TIMES_TEXT ",\"octetDeltaCount\":320,\"postOctetDeltaCount\":320,"
                        "\"exporterIPv4Address\":3221225985,\"observationDomainId\":7,\"samplingPopulation\":10,"
                        "\"packetDeltaCount\":1}");
}

/* A wireless controller's: one address, and a direction that says whose it is. */
static void stations(void **state) {
    (void)state;
#define STATION N(366, 4, 0xc0a81479)
    assert_string_equal(flows_by_default(STATION, N(61, 1, 0), TIMES, COUNTS),
                        "192.168.20.121:0 > 0.0.0.0:0 0 1699999990-1699999999 61/52340");
    assert_string_equal(flows_by_default(STATION, N(61, 1, 1), TIMES, COUNTS),
                        "0.0.0.0:0 > 192.168.20.121:0 0 1699999990-1699999999 61/52340");
    assert_string_equal(flows_by_default(STATION, TIMES, COUNTS),
                        "192.168.20.121:0 > 0.0.0.0:0 0 1699999990-1699999999 61/52340");
    /* Beside a flow's own addresses it is one more. */
    assert_string_equal(flows_by_default(TUPLE, STATION, TIMES, COUNTS), FLOW_OF("61/52340"));
    assert_string_equal(everything(&plain, STATION, N(61, 1, 1), TIMES, COUNTS),
                        "{\"staIPv4Address\":3232240761,\"flowDirection\":1," TIMES_TEXT "," COUNTS_TEXT
                        ",\"destinationIPv4Address\":3232240761,\"exporterIPv4Address\":3221225985,"
                        "\"observationDomainId\":7}");
}

static bool has_addresses(const struct cell *cells) {
    struct made made = make(cells);
    struct data_record_plan *plan = data_record_plan_new(made.fields, made.n, NULL, DATA_RECORD_INNER);
    bool some = data_record_plan_addresses(plan);
    data_record_plan_free(plan);
    return some;
}

static void records_without_an_address(void **state) {
    (void)state;
#define ADDRESSES(...) has_addresses((const struct cell[]){__VA_ARGS__, {0, 0, 0, NULL, 0}})
    assert_false(ADDRESSES(COUNTS, N(56, 6, 1), N(7, 2, 1)));
    assert_true(ADDRESSES(COUNTS, N(12, 4, 1)));
    assert_true(ADDRESSES(COUNTS, N(27, 16, 1)));
    assert_true(ADDRESSES(COUNTS, N(44, 4, 1)));
    assert_true(ADDRESSES(COUNTS, N(366, 4, 1)));
}

static bool is_empty(const struct cell *cells) {
    struct made made = make(cells);
    struct data_record_plan *plan = data_record_plan_new(made.fields, made.n, NULL, DATA_RECORD_INNER);
    bool empty = data_record_empty(plan, made.bytes, made.len);
    data_record_plan_free(plan);
    return empty;
}

static void empty_records(void **state) {
    (void)state;
#define EMPTY(...) is_empty((const struct cell[]){__VA_ARGS__, {0, 0, 0, NULL, 0}})
    assert_true(EMPTY(TUPLE, N(1, 4, 0), N(2, 4, 0)));
    assert_true(EMPTY(TUPLE, N(1, 4, 0)));
    assert_true(EMPTY(T(96, FIELD_VARIABLE, "name"), N(1, 4, 0), N(2, 4, 0), N(23, 4, 0), R(1, 4, 0)));
    assert_false(EMPTY(TUPLE, N(1, 4, 0), N(2, 4, 1)));
    assert_false(EMPTY(TUPLE, N(1, 4, 1), N(2, 4, 0)));
    assert_false(EMPTY(TUPLE, N(1, 4, 0), N(2, 4, 0), N(23, 4, 1)));
    assert_false(EMPTY(TUPLE, N(1, 4, 0), N(2, 4, 0), R(2, 4, 1)));
    assert_false(EMPTY(TUPLE, N(231, 4, 0), N(232, 4, 1)));
}

/* IPv6 addresses that stand for IPv4 ones are those, as in entries of the queue; with one of IPv6 beside it they are
 * not. */
static void mapped_addresses(void **state) {
    (void)state;
#define MAPPED(id, ipv4) N(id, 16, 0xffff00000000 | (ipv4))
#define PORTS N(7, 2, 50001), N(11, 2, 443), N(4, 1, 6)
    assert_string_equal(flows_by_default(MAPPED(27, 0x0a000001), MAPPED(28, 0x0a000002), PORTS, TIMES, COUNTS),
                        FORWARD);
    assert_string_equal(flows_by_default(MAPPED(27, 0x0a000001), MAPPED(28, 0x0a000002), PORTS, TIMES, COUNTS,
                                         R(2, 4, 9), R(1, 4, 900)),
                        FORWARD " | 10.0.0.2:443 > 10.0.0.1:50001 6 1699999990-1699999999 9/900");
    assert_string_equal(flows_by_default(MAPPED(28, 0x0a000002), N(8, 4, 0), N(12, 4, 0), PORTS, TIMES, COUNTS),
                        "0.0.0.0:50001 > 10.0.0.2:443 6 1699999990-1699999999 61/52340");
    assert_string_equal(flows_by_default(MAPPED(27, 0x0a000001), N(28, 16, 2), PORTS, TIMES, COUNTS),
                        "::ffff:10.0.0.1:50001 > ::2:443 6 1699999990-1699999999 61/52340");
    assert_string_equal(flows_by_default(N(27, 16, 0), N(28, 16, 0), PORTS, TIMES, COUNTS),
                        ":::50001 > :::443 6 1699999990-1699999999 61/52340");
}

static void refusals(void **state) {
    (void)state;
    assert_string_equal(flows_by_default(TUPLE, TIMES), "missing-field packetDeltaCount ''");
    assert_string_equal(flows_by_default(N(7, 4, 65536), TIMES, COUNTS), "out-of-range sourceTransportPort '65536'");
    assert_string_equal(flows_by_default(N(1, 8, UINT64_MAX), TIMES),
                        "too-large octetDeltaCount '18446744073709551615'");
    assert_string_equal(flows_by_default(N(151, 8, UINT64_C(1) << 32), COUNTS),
                        "out-of-range flowStartSeconds '4294967296'");
    assert_string_equal(flows_by_default(N(152, 8, UINT64_MAX), COUNTS), "out-of-range flowStartSeconds '9223372036'");
    assert_string_equal(flows_by_default(COUNTS, N(151, 4, 5), N(161, 4, 6001)), "out-of-range flowStartSeconds '-2'");
    assert_string_equal(flows_by_default(TIMES, COUNTS, R(1, 8, UINT64_MAX)),
                        "too-large revOctetDeltaCount '18446744073709551615'");
}

/* As keys: cut to 64 bytes between two characters; octets as hexadecimal digits. */
static void text_keys(void **state) {
    (void)state;
#define TEXT10 "0123456789"
#define TEXT60 TEXT10 TEXT10 TEXT10 TEXT10 TEXT10 TEXT10
    assert_string_equal(entry_in((const struct cell[]){TIMES,
                                                       N(1, 1, 1),
                                                       T(96, 70, TEXT60 "abc\xc3\xa9"),
                                                       T(95, 40, TEXT10 TEXT10 TEXT10 TEXT10),
                                                       {0, 0, 0, NULL, 0}},
                                 &plain, "applicationName,applicationId", "octetDeltaCount"),
                        "{" TIMES_TEXT ",\"octetDeltaCount\":1,\"applicationName\":\"" TEXT60 "abc\","
                        "\"applicationId\":\"3031323334353637383930313233343536373839303132333435363738393031\"}");
    assert_string_equal(flows_in((const struct cell[]){TIMES, N(1, 1, 1), T(96, 6, "a\xff\"\x01"), {0, 0, 0, NULL, 0}},
                                 "applicationName", "octetDeltaCount"),
                        "0.0.0.0:0 > 0.0.0.0:0 0 1699999990-1699999999 1 applicationName=61efbfbd2201");
}

/* Numbers below 0, of reduced size and beyond their type's; -0 is 0. */
static void signed_keys(void **state) {
    (void)state;
#define SIGNED(length, number, real)                                                                                   \
    flows_in((const struct cell[]){TIMES, N(1, 1, 1), N(434, length, number), N(311, 4, real), {0, 0, 0, NULL, 0}},    \
             "mibObjectValueInteger,samplingProbability", "octetDeltaCount")
#define SIGNED_FLOW(number, real)                                                                                      \
    "0.0.0.0:0 > 0.0.0.0:0 0 1699999990-1699999999 1 mibObjectValueInteger=" number " samplingProbability=" real
    assert_string_equal(SIGNED(2, 0xfffe, 0x80000000), SIGNED_FLOW("fffffffe", "00"));
    assert_string_equal(SIGNED(5, 0x7fffffff, 0xbf000000), SIGNED_FLOW("7fffffff", "bfe0000000000000"));
    assert_string_equal(SIGNED(8, UINT64_C(0xffffffff80000000), 0), SIGNED_FLOW("80000000", "00"));
    assert_string_equal(SIGNED(5, UINT64_C(0xff7fffffff), 0), "out-of-range mibObjectValueInteger '-2147483649'");
    assert_string_equal(SIGNED(8, UINT64_C(0x80000000), 0), "out-of-range mibObjectValueInteger '2147483648'");
}

static void lengths_of_records(void **state) {
    (void)state;
    static const struct field_specifier fields[] = {
        {0, 1, 4}, {0, 96, FIELD_VARIABLE}, {0, 4, 1}, {9, 5, FIELD_VARIABLE}, {0, 2, 2}};
    static const uint8_t bytes[] = {0, 0, 0, 5, 3, 'a', 'b', 'c', 6, 255, 0, 2, 1, 2, 0, 7, 99};
    struct flow_layout layout;
    uint64_t number = 0;
    layout_make(&layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS);
    struct data_record_plan *plan = data_record_plan_new(fields, 5, &layout, DATA_RECORD_INNER);
    assert_int_equal(data_record_plan_min(plan), 9);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        uint8_t *copy = mem_alloc(len ? len : 1); /* ends there: a sanitizer sees a byte read beyond */
        memcpy(copy, bytes, len);
        assert_int_equal(data_record_length(plan, copy, len), len < sizeof bytes - 1 ? 0 : sizeof bytes - 1);
        free(copy);
    }
    assert_true(data_record_number(plan, bytes, sizeof bytes, 2, &number));
    assert_int_equal(number, 7);
    assert_true(data_record_number(plan, bytes, sizeof bytes, 4, &number));
    assert_int_equal(number, 6);
    assert_false(data_record_number(plan, bytes, sizeof bytes, 96, &number));
    assert_false(data_record_number(plan, bytes, sizeof bytes, 5, &number)); /* of another enterprise */
    assert_true(data_record_plan_counts(plan));
    assert_true(data_record_plan_bytes(plan) < 2048);
    data_record_plan_free(plan);
    static const struct field_specifier event[] = {{0, 8, 4}, {0, 230, 1}, {0, 323, 8}}; /* NAT's */
    plan = data_record_plan_new(event, 3, &layout, DATA_RECORD_INNER);
    assert_false(data_record_plan_counts(plan));
    data_record_plan_free(plan);
    plan = data_record_plan_new(event, 0, NULL, DATA_RECORD_INNER);
    assert_int_equal(data_record_length(plan, bytes, sizeof bytes), 0);
    data_record_plan_free(plan);
    struct field_specifier many[DATA_RECORD_FIELDS_MAX + 1] = {{0, 1, 4}};
    assert_null(data_record_plan_new(many, DATA_RECORD_FIELDS_MAX + 1, &layout, DATA_RECORD_INNER));
}

/* Names of the registry fit in; so does whatever a template has, or it is left out. */
static void the_longest(void **state) {
    (void)state;
    static char entry[DATA_RECORD_ENTRY_MAX];
    static uint8_t bytes[65535];
    memset(bytes, 1, sizeof bytes);
    for (unsigned i = 0; i < ELEMENT_COUNT; i++) {
        struct field_specifier field = {ENTERPRISE_REVERSE, element_table[i].id, usual_length(element_table[i].id)};
        const struct field_specifier fields[] = {field, {ENTERPRISE_REVERSE, 1, 1}};
        struct data_record_plan *plan = data_record_plan_new(fields, 2, NULL, DATA_RECORD_INNER);
        size_t len = data_record_length(plan, bytes, 100);
        entry[data_record_entry(plan, bytes, len, &plain, entry)] = '\0';
        char name[64];
        snprintf(name, sizeof name, "\"rev%c%s\":", element_table[i].name[0] & ~0x20, element_table[i].name + 1);
        bool list = element_width(&element_table[i]) == 0;
        assert_true(list || element_table[i].id == 210 || strstr(entry, name));
        data_record_plan_free(plan);
    }
    struct field_specifier fields[DATA_RECORD_FIELDS_MAX];
    for (unsigned i = 0; i < DATA_RECORD_FIELDS_MAX; i++)
        fields[i] = (struct field_specifier){0, element_table[i].id, usual_length(element_table[i].id)};
    fields[0] = (struct field_specifier){0, 96, 5000};
    fields[1] = (struct field_specifier){0, 94, 6000};
    fields[2] = (struct field_specifier){0, 90, 12000};
    fields[3] = (struct field_specifier){0, 313, 1000};
    memset(bytes, 'a', sizeof bytes);
    struct data_record_plan *plan = data_record_plan_new(fields, DATA_RECORD_FIELDS_MAX, NULL, DATA_RECORD_INNER);
    size_t len = data_record_length(plan, bytes, sizeof bytes), n = data_record_entry(plan, bytes, len, &plain, entry);
    assert_int_equal(entry[0], '{');
    assert_int_equal(entry[n - 1], '}');
    assert_in_range(n, DATA_RECORD_ENTRY_MAX - 200, DATA_RECORD_ENTRY_MAX);
    data_record_plan_free(plan);
}

/* --- records that look random --- */

/* Fields by which something is decided, oftener than others. */
static const uint16_t interesting[] = {1,   2,   3,   4,   6,   7,   8,   10,  11,  12,  21,  22,  23,  24,  27,
                                       28,  32,  44,  52,  56,  58,  60,  70,  82,  85,  86,  88,  95,  96,  130,
                                       131, 139, 148, 149, 150, 151, 152, 153, 154, 155, 156, 157, 158, 159, 160,
                                       161, 162, 176, 177, 178, 179, 182, 183, 193, 210, 224, 231, 232, 243, 276,
                                       298, 299, 310, 311, 320, 322, 323, 325, 61,  366, 434, 291, 34,  600};
static const uint16_t lengths[] = {1, 2, 4, 8, 16, 3, 5, 6, 7, 12, 40, 70, FIELD_VARIABLE, 0};

/* Half of the templates begin with the layout's sums, without which each record is refused. */
static unsigned fields_make(uint64_t *seed, const struct flow_layout *layout, struct field_specifier *fields) {
    unsigned n = (unsigned)random_below(seed, FIELDS), sums = n >= layout->n_sums && n % 2 ? layout->n_sums : 0;
    for (unsigned i = 0; i < sums; i++)
        fields[i] = (struct field_specifier){0, layout->sums[i]->id, 4};
    for (unsigned i = sums; i < n; i++) {
        fields[i].enterprise = random_below(seed, 6) == 0 ? ENTERPRISE_REVERSE : random_below(seed, 20) == 0 ? 9 : 0;
        fields[i].id = random_below(seed, 8) == 0 ? (uint16_t)random_below(seed, 500)
                                                  : interesting[random_below(seed, sizeof interesting / 2)];
        fields[i].length =
            random_below(seed, 3) == 0 ? lengths[random_below(seed, sizeof lengths / 2)] : usual_length(fields[i].id);
    }
    if (n >= sums + 2 && random_below(seed, 3) == 0) { /* two that are a direction together alone */
        fields[n - 2] = (struct field_specifier){0, IE_initiatorOctets, 4};
        fields[n - 1] = (struct field_specifier){0, IE_responderOctets, 4};
    }
    return n;
}

/* Values of any size: small ones, those at the ends of their range, text, and times near the context's. */
static size_t bytes_make(uint64_t *seed, const struct field_specifier *fields, unsigned n, uint8_t *bytes) {
    size_t at = 0;
    for (unsigned i = 0; i < n; i++) {
        size_t len = fields[i].length;
        if (len == FIELD_VARIABLE) {
            len = random_below(seed, 4) == 0 ? random_below(seed, 400) : random_below(seed, 80);
            bool longer = len >= 255 || random_below(seed, 3) == 0;
            bytes[at++] = (uint8_t)(longer ? 255 : len);
            if (longer) {
                bytes[at++] = (uint8_t)(len >> 8);
                bytes[at++] = (uint8_t)len;
            }
        }
        uint64_t kind = random_below(seed, 6), now = random_next(seed) & 0xffffff;
        const struct element *element = element_by_id(fields[i].id);
        bool seconds = element && element->type == ELEMENT_DATE_TIME_SECONDS;
        if (kind < 3) now += seconds ? 1700000000 : UINT64_C(1700000000000);
        if (element && element->type >= ELEMENT_DATE_TIME_MICROSECONDS && kind < 3)
            now = (UINT64_C(1700000000) + UINT64_C(2208988800)) << 32 | random_next(seed) >> 32;
        for (size_t b = 0; b < len; b++) {
            uint64_t byte = random_next(seed);
            if (kind < 3) byte = len - b > 8 ? 0 : now >> 8 * (len - b - 1);
            if (kind == 3) byte = b + 1 < len ? 0 : byte % 3;
            if (kind == 4) byte = b % 40 == 39 ? byte : 32 + byte % 95;
            bytes[at++] = (uint8_t)byte;
        }
    }
    return at;
}

static void both_ways_agree(void **state) {
    (void)state;
    enum { TEMPLATES = 4000, RECORDS = 12 };
    struct flow_layout layouts[CHECK_LAYOUTS];
    struct entry_decoder *decoders[CHECK_LAYOUTS];
    unsigned outcomes[3] = {0};
    uint64_t seed = 11;
    names_init();
    for (unsigned i = 0; i < CHECK_LAYOUTS; i++) {
        layout_make(&layouts[i], check_layouts[i][0], check_layouts[i][1]);
        decoders[i] = entry_decoder_new(&layouts[i]);
    }
    for (unsigned i = 0; i < TEMPLATES; i++) {
        struct field_specifier fields[FIELDS];
        unsigned n = fields_make(&seed, &layouts[i % CHECK_LAYOUTS], fields), which = i % CHECK_LAYOUTS;
        struct data_record_plan *plan = data_record_plan_new(fields, n, &layouts[which], DATA_RECORD_INNER);
        for (unsigned r = 0; r < RECORDS; r++) {
            uint8_t bytes[FIELDS * 500];
            struct data_record_context context = {.export_us = 1700000000000000 + (int64_t)random_below(&seed, 1 << 20),
                                                  .skew_us = r % 4 == 3 ? (int64_t)random_below(&seed, 1 << 24) : 0,
                                                  .sampling = r % 3 == 2 ? 1000 : 1,
                                                  .family = r % 2,
                                                  .address = {192, 0, 2, (uint8_t)r},
                                                  .domain = r};
            context.boot_us = context.export_us - (int64_t)random_below(&seed, UINT32_MAX) * 1000;
            size_t len = bytes_make(&seed, fields, n, bytes);
            assert_int_equal(data_record_length(plan, bytes, len), len);
            if (len) assert_int_equal(data_record_length(plan, bytes, len - 1), 0);
            const char *wrong = record_differs(&layouts[which], decoders[which], plan, bytes, len, &context);
            if (wrong) {
                static char entry[DATA_RECORD_ENTRY_MAX];
                size_t entry_len = data_record_entry(plan, bytes, len, &context, entry);
                fail_msg("template %u, record %u: %s: %.*s", i, r, wrong, (int)entry_len, entry);
            }
            struct flow_record flows[2];
            struct reject reject;
            outcomes[data_record_flows(plan, bytes, len, &context, flows, &reject)]++;
        }
        data_record_plan_free(plan);
    }
    /* All three happened often. */
    for (unsigned i = 0; i < 3; i++)
        assert_true(outcomes[i] > TEMPLATES * RECORDS / 10);
    for (unsigned i = 0; i < CHECK_LAYOUTS; i++)
        entry_decoder_free(decoders[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(netflow_v5),
        cmocka_unit_test(every_element_by_its_name),
        cmocka_unit_test(icmp_without_a_protocol),
        cmocka_unit_test(times),
        cmocka_unit_test(rollover),
        cmocka_unit_test(families),
        cmocka_unit_test(icmp_in_place_of_the_port),
        cmocka_unit_test(counts_that_stand_in),
        cmocka_unit_test(both_directions),
        cmocka_unit_test(before_and_behind),
        cmocka_unit_test(stations),
        cmocka_unit_test(records_without_an_address),
        cmocka_unit_test(empty_records),
        cmocka_unit_test(mapped_addresses),
        cmocka_unit_test(refusals),
        cmocka_unit_test(text_keys),
        cmocka_unit_test(signed_keys),
        cmocka_unit_test(lengths_of_records),
        cmocka_unit_test(the_longest),
        cmocka_unit_test(both_ways_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
