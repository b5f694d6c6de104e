/* Messages to the byte, in both protocols; and that no message is longer, no flow lost and no template missing,
 * whatever is configured. */
#include "export/ipfix_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "base/buffer.h"
#include "random.h"

#define NOW INT64_C(1700000100250000) /* microseconds: 2023-11-14T22:15:00.25Z */

/* Messages as they were sent, in hexadecimal digits with a space between fields of the test's choice. */
static struct buffer sent;
static unsigned messages, records, longest;
static uint32_t sequence;

static void on_message(void *context, const uint8_t *message, size_t len, unsigned n) {
    uint8_t copy[IPFIX_MESSAGE_MAX];
    (void)context;
    assert_in_range(len, 1, IPFIX_MESSAGE_MAX);
    memcpy(copy, message, len);
    sequence = ipfix_message_stamp(copy, n, sequence);
    for (size_t i = 0; i < len; i++)
        buffer_printf(&sent, "%02x", copy[i]);
    buffer_add_text(&sent, "\n");
    messages++;
    records += n;
    if (len > longest) longest = (unsigned)len;
}

static void assert_sent(const char *expected) {
    char plain[8192];
    size_t n = 0;
    for (const char *c = expected; *c; c++)
        if (*c != ' ') plain[n++] = *c;
    plain[n] = '\0';
    assert_string_equal(sent.data ? sent.data : "", plain);
    buffer_clear(&sent);
}

static void sent_forget(void) {
    buffer_release(&sent);
    messages = records = longest = 0;
    sequence = 0;
}

static void field_add(struct meter_template *template, const char *name) {
    for (unsigned i = 0; i < meter_n_fields; i++)
        if (strcmp(meter_fields[i].name, name) == 0) template->fields[template->n++] = &meter_fields[i];
}

static struct meter_template template_of(const char *names) {
    struct meter_template template = {.rule = "all"};
    char copy[1024], *state = NULL;
    snprintf(copy, sizeof copy, "%s", names);
    for (char *name = strtok_r(copy, " ", &state); name; name = strtok_r(NULL, " ", &state)) {
        unsigned n = template.n;
        field_add(&template, name);
        assert_int_equal(template.n, n + 1);
    }
    return template;
}

static struct ipfix_writer *writer_of(const struct meter_template *templates, unsigned n, struct ipfix_config config) {
    config.templates = templates;
    config.n_templates = n;
    config.send = on_message;
    if (!config.sampling) config.sampling = 1;
    if (!config.message_bytes) config.message_bytes = 1400;
    return ipfix_writer_new(&config);
}

#define TUPLE                                                                                                          \
    "sourceIPv4Address destinationIPv4Address sourceTransportPort destinationTransportPort protocolIdentifier "        \
    "flowStartMilliseconds flowEndMilliseconds packetDeltaCount octetDeltaCount"

static struct meter_flow flow_of(void) {
    return (struct meter_flow){
        .source = {192, 0, 2, 7},
        .destination = {198, 51, 100, 4},
        .source_port = 51515,
        .destination_port = 443,
        .family = FLOW_IPV4,
        .protocol = 6,
        .sampling = 1,
        .forward = {.start_us = INT64_C(1700000000123456),
                    .end_us = INT64_C(1700000042999999),
                    .packets = 61,
                    .octets = UINT64_C(0x1234567890),
                    .tcp_flags = 0x1b},
    };
}

static struct meter_flow flow6_of(void) {
    struct meter_flow flow = flow_of();
    flow.family = FLOW_IPV6;
    memcpy(flow.source, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
    memcpy(flow.destination, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02", 16);
    return flow;
}

static void test_ipfix_bytes(void **state) {
    struct meter_template template = template_of(TUPLE);
    struct meter_flow flow = flow_of(), flow6 = flow6_of();
    struct ipfix_writer *writer = writer_of(&template, 1, (struct ipfix_config){.domain = 0x01020304});
    (void)state;
    assert_true(ipfix_writer_is_empty(writer));
    ipfix_writer_templates(writer, NOW);
    ipfix_writer_flow(writer, 0, &flow, NOW);
    ipfix_writer_flow(writer, 0, &flow, NOW);
    ipfix_writer_flow(writer, 0, &flow6, NOW);
    assert_int_equal(messages, 0);
    assert_false(ipfix_writer_is_empty(writer));
    ipfix_writer_flush(writer, NOW);
    assert_true(ipfix_writer_is_empty(writer));
    assert_int_equal(records, 3);
    assert_sent("000a 0110 6553f164 00000000 01020304 "
                "0002 0054 "
                "0100 0009 0008 0004 000c 0004 0007 0002 000b 0002 0004 0001 0098 0008 0099 0008 0002 0008 0001 0008 "
                "0101 0009 001b 0010 001c 0010 0007 0002 000b 0002 0004 0001 0098 0008 0099 0008 0002 0008 0001 0008 "
                "0100 0060 "
                "c0000207 c6336404 c93b 01bb 06 0000018bcfe5687b 0000018bcfe60ff7 000000000000003d 0000001234567890 "
                "c0000207 c6336404 c93b 01bb 06 0000018bcfe5687b 0000018bcfe60ff7 000000000000003d 0000001234567890 "
                "0000 "
                "0101 004c "
                "20010db8000000000000000000000001 20010db8000000000000000000000002 c93b 01bb 06 "
                "0000018bcfe5687b 0000018bcfe60ff7 000000000000003d 0000001234567890 000000\n");
    ipfix_writer_flow(writer, 0, &flow, NOW + 1000000);
    ipfix_writer_flush(writer, NOW + 1000000);
    ipfix_writer_flush(writer, NOW + 1000000);
    assert_sent("000a 0044 6553f165 00000003 01020304 0100 0034 "
                "c0000207 c6336404 c93b 01bb 06 0000018bcfe5687b 0000018bcfe60ff7 000000000000003d 0000001234567890 "
                "000000\n");
    ipfix_writer_free(writer);
    sent_forget();
}

/* The boot is a day before the earliest flow, 1699913600. */
static void test_netflow9_bytes(void **state) {
    struct meter_template template = template_of(TUPLE " tcpControlBits ipTTL dot1qVlanId flowEndReason");
    struct meter_flow flow = flow_of(), flow6 = flow6_of();
    struct ipfix_writer *writer = writer_of(&template, 1, (struct ipfix_config){.netflow9 = true, .domain = 7});
    (void)state;
    flow.ttl = 64;
    flow.vlan = 258;
    ipfix_writer_flow(writer, 0, &flow, NOW);
    ipfix_writer_templates(writer, NOW);
    ipfix_writer_flow(writer, 0, &flow6, NOW);
    ipfix_writer_flush(writer, NOW);
    assert_sent("0009 0004 0527e2a0 6553f164 00000000 00000007 "
                "0100 0030 c0000207 c6336404 c93b 01bb 06 05265c7b 052703f7 000000000000003d 0000001234567890 "
                "1b 40 0102 000000 "
                "0000 006c "
                "0100 000c 0008 0004 000c 0004 0007 0002 000b 0002 0004 0001 0016 0004 0015 0004 0002 0008 0001 0008 "
                "0006 0001 0034 0001 003a 0002 "
                "0101 000c 001b 0010 001c 0010 0007 0002 000b 0002 0004 0001 0016 0004 0015 0004 0002 0008 0001 0008 "
                "0006 0001 0034 0001 003a 0002 "
                "0101 0048 20010db8000000000000000000000001 20010db8000000000000000000000002 c93b 01bb 06 "
                "05265c7b 052703f7 000000000000003d 0000001234567890 1b 00 0000 000000\n");
    ipfix_writer_templates(writer, NOW);
    ipfix_writer_flush(writer, NOW);
    assert_int_equal(sequence, 2);
    assert_memory_equal(sent.data,
                        "00090002"
                        "0527e2a0"
                        "6553f164"
                        "00000001",
                        32);
    buffer_clear(&sent);
    ipfix_writer_free(writer);
    sent_forget();
}

#define COUNTS                                                                                                         \
    "sourceIPv4Address destinationIPv4Address sourceTransportPort destinationTransportPort "                           \
    "flowStartSeconds packetDeltaCount"

static struct meter_flow biflow_of(void) {
    struct meter_flow flow = flow_of();
    flow.reverse = (struct meter_counts){
        .start_us = INT64_C(1700000001000000), .end_us = INT64_C(1700000042000000), .packets = 2, .octets = 9};
    return flow;
}

/* RFC 5103: the reverse direction's elements bear enterprise number 29305, which is 0x7279. A flow without one has the
 * plain template. */
static void test_biflow(void **state) {
    struct meter_template template = template_of(COUNTS);
    struct meter_flow flow = biflow_of(), one_sided = flow_of();
    (void)state;
    template.biflow = true;
    struct ipfix_writer *writer = writer_of(&template, 1, (struct ipfix_config){.domain = 0});
    ipfix_writer_templates(writer, NOW);
    ipfix_writer_flow(writer, 0, &flow, NOW);
    ipfix_writer_flow(writer, 0, &one_sided, NOW);
    ipfix_writer_flush(writer, NOW);
    assert_int_equal(records, 2);
    assert_sent("000a 00e8 6553f164 00000000 00000000 "
                "0002 0094 "
                "0100 0006 0008 0004 000c 0004 0007 0002 000b 0002 0096 0004 0002 0008 "
                "0101 0006 001b 0010 001c 0010 0007 0002 000b 0002 0096 0004 0002 0008 "
                "0102 0008 8096 0004 00007279 8002 0008 00007279 "
                "0008 0004 000c 0004 0007 0002 000b 0002 0096 0004 0002 0008 "
                "0103 0008 8096 0004 00007279 8002 0008 00007279 "
                "001b 0010 001c 0010 0007 0002 000b 0002 0096 0004 0002 0008 "
                "0102 0028 6553f101 0000000000000002 c0000207 c6336404 c93b 01bb 6553f100 000000000000003d "
                "0100 001c c0000207 c6336404 c93b 01bb 6553f100 000000000000003d\n");
    ipfix_writer_free(writer);
    sent_forget();
}

/* Where the rule, the collector or NetFlow v9 has no reverse elements, it is a flow with its ends exchanged. */
static void test_biflow_as_two(void **state) {
    struct meter_template template = template_of(COUNTS);
    struct meter_flow flow = biflow_of();
    (void)state;
    template.biflow = true;
    struct ipfix_writer *writer = writer_of(&template, 1, (struct ipfix_config){.netflow9 = true});
    ipfix_writer_flow(writer, 0, &flow, NOW);
    ipfix_writer_flush(writer, NOW);
    assert_int_equal(records, 2);
    assert_sent("0009 0002 0527e2a0 6553f164 00000000 00000000 "
                "0100 0034 c0000207 c6336404 c93b 01bb 05265c7b 000000000000003d "
                "c6336404 c0000207 01bb c93b 05265fe8 0000000000000002\n");
    ipfix_writer_free(writer);
    sent_forget();

    for (unsigned i = 0; i < 2; i++) {
        template.biflow = i == 0;
        writer = writer_of(&template, 1, (struct ipfix_config){.uniflows = i == 0});
        ipfix_writer_flow(writer, 0, &flow, NOW);
        ipfix_writer_flush(writer, NOW);
        assert_sent("000a 0044 6553f164 00000000 00000000 "
                    "0100 0034 c0000207 c6336404 c93b 01bb 6553f100 000000000000003d "
                    "c6336404 c0000207 01bb c93b 6553f101 0000000000000002\n");
        ipfix_writer_free(writer);
        sent_forget();
    }
}

/* Counts go out as they were before they were multiplied; the options records say by what. */
static void test_sampling(void **state) {
    struct meter_template template = template_of("protocolIdentifier packetDeltaCount octetTotalCount");
    struct meter_flow flow = flow_of();
    struct ipfix_config config = {.domain = 5, .sampling = 100};
    (void)state;
    flow.forward.packets = 300;
    flow.forward.octets = 123400;
    struct ipfix_writer *writer = writer_of(&template, 1, config);
    ipfix_writer_templates(writer, NOW);
    ipfix_writer_flow(writer, 0, &flow, NOW);
    ipfix_writer_flush(writer, NOW);
    assert_sent("000a 00a4 6553f164 00000000 00000005 "
                "0002 0024 0100 0003 0004 0001 0002 0008 0055 0008 0101 0003 0004 0001 0002 0008 0055 0008 "
                "0003 0018 0104 0003 0001 0095 0004 0131 0004 0132 0004 0000 "
                "0104 0010 00000005 00000001 00000063 "
                "0003 001c 0105 0004 0001 0095 0004 0130 0002 0131 0004 0132 0004 0000 "
                "0105 0014 00000005 0001 00000001 00000063 0000 "
                "0100 0018 06 0000000000000003 00000000000004d2 000000\n");
    assert_int_equal(sequence, 3); /* an options record is a data record */
    ipfix_writer_free(writer);
    sent_forget();

    config.netflow9 = true;
    writer = writer_of(&template, 1, config);
    ipfix_writer_templates(writer, NOW);
    ipfix_writer_flush(writer, NOW);
    assert_sent("0009 0006 05265c00 6553f164 00000000 00000005 "
                "0000 0024 0100 0003 0004 0001 0002 0008 0055 0008 0101 0003 0004 0001 0002 0008 0055 0008 "
                "0001 0014 0104 0004 0004 0001 0004 0022 0004 0000 "
                "0104 000c 00000005 00000064 "
                "0001 0018 0105 0004 0008 0001 0004 0022 0004 0023 0001 0000 "
                "0105 0010 00000005 00000064 01 000000\n");
    ipfix_writer_free(writer);
    sent_forget();
}

/* Every kind of value. The fraction of a microsecond time reads back as the same microsecond. */
static void test_values(void **state) {
    struct meter_template template =
        template_of("sourceMacAddress destinationMacAddress mplsTopLabelStackSection flowLabelIPv6 ingressInterface "
                    "flowDirection flowEndReason icmpTypeCodeIPv4 dot1qCustomerVlanId samplingPopulation "
                    "flowStartMicroseconds flowEndNanoseconds ipClassOfService");
    struct meter_flow flow = flow_of();
    (void)state;
    memcpy(flow.source_mac, "\x02\0\0\0\0\x01", 6);
    memcpy(flow.destination_mac, "\x02\0\0\0\0\x02", 6);
    flow.mpls_label = 0xabcde;
    flow.flow_label = 0x12345;
    flow.interface = 3;
    flow.direction = 1;
    flow.end = METER_END_FORCED;
    flow.icmp = 0x0301;
    flow.customer_vlan = 4095;
    flow.tos = 0xb8;
    struct ipfix_writer *writer = writer_of(&template, 1, (struct ipfix_config){.domain = 0});
    ipfix_writer_flow(writer, 0, &flow, NOW);
    ipfix_writer_flush(writer, NOW);
    assert_sent("000a 0048 6553f164 00000000 00000000 0100 0038 "
                "020000000001 020000000002 abcde0 00012345 00000003 01 04 0301 0fff 00000001 "
                "e8fe6f80 1f9ad000 e8fe6faa fffff000 b8 0000\n");
    ipfix_writer_free(writer);
    sent_forget();
}

static void test_microseconds(void **state) {
    struct meter_template template = template_of("flowStartMicroseconds");
    struct meter_flow flow = flow_of();
    uint64_t seed = 5;
    (void)state;
    struct ipfix_writer *writer = writer_of(&template, 1, (struct ipfix_config){.domain = 0});
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t fraction;
        uint64_t us = i < 2 ? i * 999999 : random_below(&seed, 1000000);
        flow.forward.start_us = (int64_t)(UINT64_C(1700000000000000) + us);
        ipfix_writer_flow(writer, 0, &flow, NOW);
        ipfix_writer_flush(writer, NOW);
        assert_int_equal(sscanf(sent.data + 40, "%16lx", &fraction), 1);
        assert_int_equal(fraction >> 32, 1700000000 + INT64_C(2208988800));
        assert_int_equal(fraction & 0x7ff, 0);
        assert_int_equal((fraction & UINT32_MAX) * 1000000 >> 32, us);
        buffer_clear(&sent);
    }
    ipfix_writer_free(writer);
    sent_forget();
}

/* A set of records that are shorter than the padding has none. */
static void test_short_records(void **state) {
    struct meter_template template = template_of("protocolIdentifier");
    struct meter_flow flow = flow_of();
    (void)state;
    struct ipfix_writer *writer = writer_of(&template, 1, (struct ipfix_config){.domain = 0});
    ipfix_writer_flow(writer, 0, &flow, NOW);
    flow.family = FLOW_IPV6;
    ipfix_writer_flow(writer, 0, &flow, NOW);
    ipfix_writer_flush(writer, NOW);
    assert_sent("000a 001a 6553f164 00000000 00000000 0100 0005 06 0101 0005 06\n");
    ipfix_writer_free(writer);
    sent_forget();
}

/* Reads the messages as a collector does: the templates that are there, the records and their sum. */
static void sent_read(unsigned *templates, unsigned *flows, uint64_t *packets, bool netflow9) {
    static unsigned bytes[65536];
    unsigned at, header = netflow9 ? 20 : 16;
    uint8_t message[IPFIX_MESSAGE_MAX];
    memset(bytes, 0, sizeof bytes);
    *templates = *flows = 0;
    *packets = 0;
    for (const char *line = sent.data; line && *line; line = strchr(line, '\n') + 1) {
        unsigned len = (unsigned)strcspn(line, "\n") / 2;
        for (unsigned i = 0; i < len; i++)
            assert_int_equal(sscanf(line + (size_t)2 * i, "%2hhx", &message[i]), 1);
        for (at = header; at < len;) {
            unsigned set = be16(message + at);
            unsigned end = at + be16(message + at + 2);
            assert_in_range(end, at + 5, len);
            assert_int_equal(end % 4, 0);
            at += 4;
            while (set == (netflow9 ? 0u : 2u) && at + 4 <= end) {
                unsigned id = be16(message + at), n = message[at + 3], sum = 0;
                for (at += 4; n > 0; n--, at += 4) {
                    sum += message[at + 3];
                    if (message[at] & 0x80) at += 4;
                }
                *templates += bytes[id] == 0;
                bytes[id] = sum;
            }
            for (; set >= 256 && at + bytes[set] <= end; at += bytes[set], ++*flows) {
                assert_true(bytes[set] > 0);
                *packets += message[at + bytes[set] - 1]; /* packetDeltaCount comes last */
            }
            at = end;
        }
        assert_int_equal(at, len);
    }
}

/* Rules of as many fields as there may be, and as many rules, in messages of every length. */
static void test_limits(void **state) {
    static struct meter_template templates[IPFIX_RULES_MAX];
    (void)state;
    for (unsigned i = 0; i < IPFIX_RULES_MAX; i++) {
        templates[i] = template_of("destinationIPv4Address sourceIPv4Address");
        for (unsigned f = 0; f < meter_n_fields && templates[i].n < METER_FIELDS_MAX - 1; f++)
            if (meter_fields[f].type != ELEMENT_IPV4_ADDRESS && meter_fields[f].id != 2)
                templates[i].fields[templates[i].n++] = &meter_fields[f];
        field_add(&templates[i], "packetDeltaCount");
        templates[i].biflow = i % 2;
    }
    for (unsigned bytes = IPFIX_MESSAGE_MIN; bytes <= IPFIX_MESSAGE_MAX; bytes = bytes < 700 ? bytes + 1 : bytes * 4) {
        for (unsigned netflow9 = 0; netflow9 < 2; netflow9++) {
            unsigned n = bytes < 642 || bytes > 700 ? IPFIX_RULES_MAX : 3, found, flows;
            uint64_t packets, expected = 0, seed = bytes;
            struct ipfix_config config = {.message_bytes = bytes, .netflow9 = netflow9};
            struct ipfix_writer *writer = writer_of(templates, n, config);
            ipfix_writer_templates(writer, NOW);
            for (unsigned i = 0; i < 300; i++) {
                struct meter_flow flow = random_below(&seed, 2) ? flow_of() : flow6_of();
                flow.forward.packets = random_below(&seed, 256);
                expected += flow.forward.packets;
                ipfix_writer_flow(writer, (unsigned)random_below(&seed, n), &flow, NOW);
            }
            ipfix_writer_flush(writer, NOW);
            assert_in_range(longest, bytes * 3 / 4 < 60000 ? bytes - 600 : 1, bytes);
            assert_int_equal(records, 300);
            assert_int_equal(sequence, netflow9 ? messages : 300);
            sent_read(&found, &flows, &packets, netflow9);
            assert_int_equal(found, netflow9 ? 2 * n : 2 * n + 2 * (n / 2));
            assert_int_equal(flows, 300);
            assert_int_equal(packets, expected);
            ipfix_writer_free(writer);
            sent_forget();
        }
    }
}

/* Uptime of the last message, the flow's start as a collector understands it, and whether templates were sent again. */
static void assert_times(int64_t boot, int64_t start_ms, bool templates) {
    unsigned up, seconds, first;
    const char *last = sent.data;
    for (const char *line = last; *line; line = strchr(line, '\n') + 1)
        last = line;
    assert_int_equal(sscanf(last + 8, "%8x%8x", &up, &seconds), 2);
    assert_int_equal((int64_t)seconds * 1000 - up, boot * 1000);
    const char *record = strstr(last, "c0000207");
    assert_non_null(record);
    assert_int_equal(sscanf(record + 24, "%8x", &first), 1);
    assert_int_equal(boot * 1000 + first, start_ms);
    assert_int_equal(last[43] == '0' && last[41] == '0', templates);
    buffer_clear(&sent);
}

/* NetFlow v9's 32 bits of milliseconds: the boot follows what comes. */
static void test_netflow9_boot(void **state) {
    enum { DAY = 86400 };
    struct meter_template template = template_of(COUNTS);
    struct meter_flow flow = flow_of();
    struct ipfix_writer *writer = writer_of(&template, 1, (struct ipfix_config){.netflow9 = true});
    int64_t start = flow.forward.start_us, boot = start / 1000000 - DAY, now = NOW;
    (void)state;
    ipfix_writer_flow(writer, 0, &flow, now);
    ipfix_writer_flush(writer, now);
    assert_times(boot, start / 1000, false);
    /* Later, and earlier within the day: as it was. */
    flow.forward.start_us = start - INT64_C(86399000000);
    ipfix_writer_flow(writer, 0, &flow, now += 1000000);
    ipfix_writer_flush(writer, now);
    assert_times(boot, start / 1000 - 86399000, false);
    /* Earlier than the boot: it moves back, which is no restart. */
    flow.forward.start_us = start - INT64_C(864000000000);
    boot -= 10 * DAY;
    ipfix_writer_flow(writer, 0, &flow, now += 1000000);
    ipfix_writer_flush(writer, now);
    assert_times(boot, start / 1000 - 864000000, false);
    /* Nearly 50 days later: it moves on, which is one. */
    now = (boot + UINT32_MAX / 1000) * 1000000;
    flow.forward.start_us = now;
    ipfix_writer_flow(writer, 0, &flow, now);
    ipfix_writer_flush(writer, now);
    assert_times(boot, now / 1000, false);
    now += 1000000;
    ipfix_writer_flow(writer, 0, &flow, now);
    ipfix_writer_flush(writer, now);
    assert_times(now / 1000000 - 1 - DAY, now / 1000 - 1000, true);
    /* Older than can be said: cut. */
    flow.forward.start_us = start - INT64_C(86400000000) * 365;
    ipfix_writer_flow(writer, 0, &flow, now);
    ipfix_writer_flush(writer, now);
    boot = now / 1000000 - UINT32_MAX / 1000;
    assert_times(boot, boot * 1000, false);
    ipfix_writer_free(writer);
    sent_forget();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ipfix_bytes),   cmocka_unit_test(test_netflow9_bytes), cmocka_unit_test(test_biflow),
        cmocka_unit_test(test_biflow_as_two), cmocka_unit_test(test_sampling),       cmocka_unit_test(test_values),
        cmocka_unit_test(test_microseconds),  cmocka_unit_test(test_short_records),  cmocka_unit_test(test_limits),
        cmocka_unit_test(test_netflow9_boot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
