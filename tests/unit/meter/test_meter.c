/* Packets by hand into flows: timeouts, packets out of order, ends of connections, eviction, keys, biflows, sampling.
 */
#include "meter/meter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "frames.h"
#include "meter/flow_table.h"

#define SECOND INT64_C(1000000)
#define START (INT64_C(1700000000) * SECOND)

enum { A = 0x0a000001, B = 0x0a000002, WIRE = 70000 };

struct rig {
    struct meter_rules rules;
    struct meter_config config;
    struct meter *meter;
    unsigned n;      /* flows that have ended */
    char text[8192]; /* a line each; times are seconds from START */
    size_t len;
    uint64_t packets, octets; /* of all flows */
    bool silent;              /* no text */
};

static size_t side_show(char *out, size_t size, const struct meter_counts *counts) {
    return (size_t)snprintf(out, size, " %.6g-%.6g %llu/%llu", (double)(counts->start_us - START) / 1e6,
                            (double)(counts->end_us - START) / 1e6, (unsigned long long)counts->packets,
                            (unsigned long long)counts->octets);
}

/* "10.0.0.1:1000>10.0.0.2:80/6 0-1.5 2/100 idle" and, of a biflow, times and counts of the other direction. */
static void on_flow(void *context, unsigned rule, const struct meter_flow *flow) {
    static const char *const ends[] = {"?", "idle", "active", "finished", "forced", "evicted"};
    struct rig *rig = context;
    rig->n++;
    rig->packets += flow->forward.packets + flow->reverse.packets;
    rig->octets += flow->forward.octets + flow->reverse.octets;
    if (rig->silent) return;
    size_t room = sizeof rig->text - rig->len, len = 0;
    char *out = rig->text + rig->len;
    if (rig->rules.n > 1) len += (size_t)snprintf(out, room, "%s ", rig->rules.rules[rule].name);
    const uint8_t *a = flow->source, *b = flow->destination;
    if (flow->family == FLOW_IPV6)
        len += (size_t)snprintf(out + len, room - len, "%x:%x>%x:%x", be16(a + 4), be16(a + 14), be16(b + 4),
                                be16(b + 14));
    else
        len += (size_t)snprintf(out + len, room - len, "%u.%u.%u.%u>%u.%u.%u.%u", a[0], a[1], a[2], a[3], b[0], b[1],
                                b[2], b[3]);
    len +=
        (size_t)snprintf(out + len, room - len, " %u>%u/%u", flow->source_port, flow->destination_port, flow->protocol);
    len += side_show(out + len, room - len, &flow->forward);
    if (flow->reverse.packets) len += side_show(out + len, room - len, &flow->reverse);
    len += (size_t)snprintf(out + len, room - len, " %s\n", ends[flow->end]);
    rig->len += len;
    assert_true(rig->len < sizeof rig->text);
}

static struct rig *rig_config(const char *rules, struct meter_config config) {
    struct rig *rig = calloc(1, sizeof *rig);
    struct error error = {""};
    assert_non_null(rig);
    if (meter_rules_parse(&rig->rules, rules, &error) != 0) fail_msg("%s", error.text);
    rig->config = config;
    rig->config.rules = &rig->rules;
    if (!config.active_us) rig->config.active_us = 600 * SECOND;
    if (!config.inactive_us) rig->config.inactive_us = 300 * SECOND;
    if (!config.memory) rig->config.memory = 1 << 20;
    rig->config.fragments = 64;
    rig->meter = meter_new(&rig->config, on_flow, rig);
    if (meter_link_type(rig->meter, LINK_RAW, &error) != 0) fail_msg("%s", error.text);
    return rig;
}

static struct rig *rig_new(const char *rules) { return rig_config(rules, (struct meter_config){0}); }

/* What the headers say there is behind them was on the wire. */
static void put_bytes(struct rig *rig, double seconds, const struct bytes *bytes) {
    meter_frame(rig->meter, bytes->at, bytes->len, WIRE, START + (int64_t)(seconds * 1e6));
}

/* A TCP packet from A to B, or back. */
static void put(struct rig *rig, double seconds, bool back, unsigned flags, unsigned octets) {
    struct bytes bytes = back ? ipv4(B, A, TCP, 80, 1000, flags, octets) : ipv4(A, B, TCP, 1000, 80, flags, octets);
    put_bytes(rig, seconds, &bytes);
}

/* Ends all flows; these have ended since the last time. */
static void expect(struct rig *rig, const char *flows) {
    meter_end(rig->meter);
    assert_string_equal(rig->text, flows);
    rig->len = 0;
    rig->text[0] = '\0';
}

static void rig_free(struct rig *rig) {
    meter_free(rig->meter);
    meter_rules_release(&rig->rules);
    free(rig);
}

#define FORWARD "10.0.0.1>10.0.0.2 1000>80/6 "
#define BACK "10.0.0.2>10.0.0.1 80>1000/6 "

static void inactive_timeout(void **state) {
    (void)state;
    struct rig *rig = rig_new("f: five-tuple");
    put(rig, 0, false, ACK, 100);
    put(rig, 299.999999, false, ACK, 50);
    put(rig, 599.999999, false, ACK, 40); /* 300 seconds later: another flow */
    expect(rig, FORWARD "0-300 2/150 idle\n" FORWARD "600-600 1/40 forced\n");
    /* Time goes on with the packets of others, and by itself. */
    put(rig, 1000, false, ACK, 40);
    put(rig, 1100, true, ACK, 41);
    meter_tick(rig->meter, START + 1299 * SECOND);
    assert_string_equal(rig->text, "");
    meter_tick(rig->meter, START + 1301 * SECOND);
    assert_string_equal(rig->text, FORWARD "1000-1000 1/40 idle\n");
    meter_tick(rig->meter, START + 1500 * SECOND);
    expect(rig, FORWARD "1000-1000 1/40 idle\n" BACK "1100-1100 1/41 idle\n");
    rig_free(rig);
}

static void active_timeout(void **state) {
    (void)state;
    struct rig *rig = rig_new("f: five-tuple");
    for (unsigned i = 0; i <= 130; i++)
        put(rig, i * 10, false, ACK, 40);
    expect(rig,
           FORWARD "0-590 60/2400 active\n" FORWARD "600-1190 60/2400 active\n" FORWARD "1200-1300 11/440 forced\n");
    /* Where no packet comes, the flow ends when it would have grown too old, or has waited too long. */
    for (unsigned i = 0; i <= 55; i++)
        put(rig, 2000 + i * 10, false, ACK, 40);
    meter_tick(rig->meter, START + 2599 * SECOND);
    assert_string_equal(rig->text, "");
    meter_tick(rig->meter, START + 2601 * SECOND);
    assert_string_equal(rig->text, FORWARD "2000-2550 56/2240 active\n");
    rig_free(rig);
}

static void packets_out_of_order(void **state) {
    (void)state;
    struct rig *rig = rig_new("f: five-tuple");
    put(rig, 100, false, ACK, 40);
    put(rig, 90, false, ACK, 41); /* before the first */
    put(rig, 120, false, ACK, 42);
    put(rig, 110, false, ACK, 43); /* between them */
    expect(rig, FORWARD "90-120 4/166 forced\n");
    /* Beyond a timeout it is another flow in this direction too. */
    put(rig, 1000, false, ACK, 40);
    put(rig, 700.5, false, ACK, 41);
    put(rig, 1001, false, ACK, 42);
    expect(rig, FORWARD "700.5-1001 3/123 forced\n");
    put(rig, 2000, false, ACK, 40);
    put(rig, 1700, false, ACK, 41);
    put(rig, 2001, false, ACK, 42);
    expect(rig, FORWARD "2000-2000 1/40 idle\n" FORWARD "1700-1700 1/41 idle\n" FORWARD "2001-2001 1/42 forced\n");
    /* An active flow is not longer for a packet of the past. */
    for (unsigned i = 0; i < 59; i++)
        put(rig, 3000 + i * 10, false, ACK, 40);
    put(rig, 2970, false, ACK, 41);
    expect(rig, FORWARD "3000-3580 59/2360 active\n" FORWARD "2970-2970 1/41 forced\n");
    rig_free(rig);
}

/* A clock that was wrong for one packet, or set back for good: no packet is lost and no flow waits for ever. */
static void clocks_that_leap(void **state) {
    (void)state;
    struct rig *rig = rig_new("f: five-tuple");
    put(rig, 0, false, ACK, 40);
    put(rig, 3e9, true, ACK, 41);
    put(rig, 1, false, ACK, 42);
    put(rig, 2, false, ACK, 43);
    meter_tick(rig->meter, START + 3 * SECOND);
    assert_string_equal(rig->text, FORWARD "0-0 1/40 idle\n");
    meter_tick(rig->meter, START + 350 * SECOND); /* a turn of the wheel */
    assert_non_null(strstr(rig->text, FORWARD "1-2 2/85 idle\n"));
    assert_non_null(strstr(rig->text, BACK "3e+09-3e+09 1/41 idle\n"));
    assert_int_equal(rig->n, 3);
    rig_free(rig);
    rig = rig_new("f: five-tuple");
    rig->silent = true;
    const struct bytes bytes = ipv4(A, B, UDP, 1, 2, 0, 30);
    static const int64_t times[] = {0, INT64_MAX, INT64_MIN, -1, START, INT64_MAX / 4, 1, INT64_MAX / 2};
    for (unsigned i = 0; i < sizeof times / sizeof times[0]; i++) {
        meter_frame(rig->meter, bytes.at, bytes.len, WIRE, times[i]);
        meter_tick(rig->meter, START);
    }
    meter_end(rig->meter);
    assert_int_equal(rig->packets, sizeof times / sizeof times[0]);
    rig_free(rig);
}

static void ends_of_connections(void **state) {
    (void)state;
    struct rig *rig = rig_new("f: five-tuple");
    put(rig, 0, false, SYN, 60);
    put(rig, 0.1, false, ACK | FIN, 52);
    put(rig, 0.2, false, ACK, 52);       /* the last acknowledgement */
    put(rig, 8.1, false, ACK | FIN, 52); /* repeated */
    put(rig, 10, false, SYN, 60);        /* another connection of the same ports */
    put(rig, 10.5, false, RST, 40);
    put(rig, 25.499999, false, RST, 40);
    put(rig, 40.499999, false, ACK, 40); /* 15 seconds later */
    put(rig, 41, false, SYN, 60);        /* not after an end: of the same flow */
    expect(rig, FORWARD "0-8.1 4/216 finished\n" FORWARD "10-25.5 3/140 finished\n" FORWARD "40.5-41 2/100 forced\n");
    /* It ends without another packet of its own, and so it does with the meter. */
    put(rig, 100, false, FIN, 40);
    put(rig, 110, true, FIN, 41);
    meter_tick(rig->meter, START + 116 * SECOND);
    assert_string_equal(rig->text, FORWARD "100-100 1/40 finished\n");
    expect(rig, FORWARD "100-100 1/40 finished\n" BACK "110-110 1/41 finished\n");
    rig_free(rig);
}

static void biflows(void **state) {
    (void)state;
    struct rig *rig = rig_new("f: five-tuple biflow");
    put(rig, 0, true, SYN, 60); /* the first packet's direction is forward, whichever end is the greater */
    put(rig, 0.1, false, SYN | ACK, 60);
    put(rig, 0.2, true, ACK, 52);
    expect(rig, BACK "0-0.2 2/112 0.1-0.1 1/60 forced\n");
    put(rig, 10, false, SYN, 60);
    put(rig, 10.1, true, SYN | ACK, 60);
    put(rig, 10.2, false, FIN, 52);
    put(rig, 100, true, ACK, 1500); /* one end goes on */
    put(rig, 100.1, true, FIN, 52);
    put(rig, 100.2, false, ACK, 52);
    put(rig, 101, false, SYN, 60);
    expect(rig, FORWARD "10-100.2 3/164 10.1-100.1 3/1612 finished\n" FORWARD "101-101 1/60 forced\n");
    put(rig, 200, true, ACK, 40);
    put(rig, 200.1, false, RST, 40);
    put(rig, 216, true, ACK, 40);
    expect(rig, BACK "200-200 1/40 200.1-200.1 1/40 finished\n" BACK "216-216 1/40 forced\n");
    /* Times of both directions count: no direction is silent for 300 seconds here. */
    put(rig, 1000, false, ACK, 40);
    put(rig, 1200, true, ACK, 41);
    put(rig, 1400, false, ACK, 42);
    put(rig, 1190, true, ACK, 43);
    expect(rig, FORWARD "1000-1400 2/82 1190-1200 2/84 forced\n");
    /* The answer to an ICMP type is another type. */
    struct bytes request = ipv4(A, B, ICMP, 0, 0x800, 0, 84), reply = ipv4(B, A, ICMP, 0, 0, 0, 84);
    put_bytes(rig, 2000, &request);
    put_bytes(rig, 2000.1, &reply);
    expect(rig,
           "10.0.0.1>10.0.0.2 0>2048/1 2000-2000 1/84 forced\n10.0.0.2>10.0.0.1 0>0/1 2000.1-2000.1 1/84 forced\n");
    rig_free(rig);
    rig = rig_new("hosts: sourceIPv4Address destinationIPv4Address biflow");
    put_bytes(rig, 0, &request);
    put_bytes(rig, 0.1, &reply);
    put(rig, 0.2, true, ACK, 40);
    expect(rig, "10.0.0.1>10.0.0.2 0>0/0 0-0 1/84 0.1-0.2 2/124 forced\n");
    rig_free(rig);
}

/* The oldest makes room: that whose last packet is longest ago. */
static void eviction(void **state) {
    (void)state;
    enum { ROOM = 100 };
    struct rig *rig = rig_config("f: five-tuple", (struct meter_config){.memory = ROOM * FLOW_TABLE_BYTES(5)});
    for (unsigned i = 0; i < ROOM; i++) {
        struct bytes bytes = ipv4(A, B, UDP, i, 53, 0, 60);
        put_bytes(rig, i, &bytes);
    }
    for (unsigned i = 0; i < 3; i++) { /* the first three are young again */
        struct bytes bytes = ipv4(A, B, UDP, i, 53, 0, 61);
        put_bytes(rig, ROOM + i, &bytes);
    }
    meter_tick(rig->meter, START + 110 * SECOND);
    assert_string_equal(rig->text, "");
    for (unsigned i = 0; i < 2; i++) {
        struct bytes bytes = ipv4(A, B, UDP, 1000 + i, 53, 0, 62);
        put_bytes(rig, 111 + i, &bytes);
    }
    meter_tick(rig->meter, START + 112 * SECOND);
    assert_string_equal(rig->text,
                        "10.0.0.1>10.0.0.2 3>53/17 3-3 1/60 evicted\n10.0.0.1>10.0.0.2 4>53/17 4-4 1/60 evicted\n");
    assert_int_equal(meter_totals(rig->meter)->ends[METER_END_RESOURCES], 2);
    rig->silent = true;
    meter_end(rig->meter);
    assert_int_equal(rig->n, ROOM + 2);
    assert_int_equal(rig->packets, ROOM + 5);
    assert_int_equal(rig->octets, ROOM * 60 + 3 * 61 + 2 * 62);
    rig_free(rig);
}

static void keys_and_masks(void **state) {
    (void)state;
    struct rig *rig =
        rig_new("nets: sourceIPv4Address/20 destinationIPv4Address/24/36, ports: destinationTransportPort,"
                "six: ip6 -> sourceIPv4Address, udp: udp port 53 -> protocolIdentifier");
    struct bytes one = ipv4(0x0a00ff01, 0xc0a80203, TCP, 1, 80, 0, 40),
                 two = ipv4(0x0a00f0aa, 0xc0a802ff, UDP, 2, 53, 0, 50),
                 three = ipv4(0x0a00e001, 0xc0a80203, TCP, 3, 80, 0, 60),
                 four = ipv6(0x1234, 0x1fff, UDP, 4, 53, 7, 100), five = ipv6(0x1235, 0x1abc, TCP, 5, 80, 8, 101);
    put_bytes(rig, 1, &one);
    put_bytes(rig, 2, &two);
    put_bytes(rig, 3, &three);
    put_bytes(rig, 4, &four);
    put_bytes(rig, 5, &five);
    /* Of IPv6 sources 64 bits, of destinations 36: the upper 4 bits of the third group. */
    expect(rig, "nets 10.0.240.0>192.168.2.0 0>0/0 1-2 2/90 forced\nnets 10.0.224.0>192.168.2.0 0>0/0 3-3 1/60 forced\n"
                "nets 1234:0>1000:0 0>0/0 4-4 1/100 forced\nnets 1235:0>1000:0 0>0/0 5-5 1/101 forced\n"
                "ports 0.0.0.0>0.0.0.0 0>80/0 1-3 2/100 forced\nports 0.0.0.0>0.0.0.0 0>53/0 2-2 1/50 forced\n"
                "ports 0:0>0:0 0>53/0 4-4 1/100 forced\nports 0:0>0:0 0>80/0 5-5 1/101 forced\n"
                "six 1234:1234>0:0 0>0/0 4-4 1/100 forced\nsix 1235:1235>0:0 0>0/0 5-5 1/101 forced\n"
                "udp 0.0.0.0>0.0.0.0 0>0/17 2-2 1/50 forced\nudp 0:0>0:0 0>0/17 4-4 1/100 forced\n");
    const struct meter_totals *totals = meter_totals(rig->meter);
    assert_int_equal(totals->packets, 5);
    assert_int_equal(totals->octets, 351);
    assert_int_equal(totals->unmatched, 0);
    assert_int_equal(totals->ends[METER_END_FORCED], 12);
    rig_free(rig);
    rig = rig_config("six: ip6 -> five-tuple", (struct meter_config){.filter = "not udp"});
    put_bytes(rig, 1, &one);
    put_bytes(rig, 1, &two);
    put_bytes(rig, 1, &four);
    put_bytes(rig, 5, &five);
    expect(rig, "1235:1235>1abc:1abc 5>80/6 5-5 1/101 forced\n");
    assert_int_equal(meter_totals(rig->meter)->frames, 2);
    assert_int_equal(meter_totals(rig->meter)->unmatched, 1);
    rig_free(rig);
}

static struct meter_flow last_flow;
static unsigned n_flows;

static void keep_flow(void *context, unsigned rule, const struct meter_flow *flow) {
    (void)context, (void)rule;
    last_flow = *flow;
    n_flows++;
}

/* Every field, as a key and as a value. */
static void every_field(void **state) {
    (void)state;
#define FIELDS                                                                                                         \
    "ipClassOfService ipTTL flowLabelIPv6 tcpControlBits dot1qVlanId dot1qCustomerVlanId mplsTopLabelStackSection "    \
    "ingressInterface flowDirection icmpTypeCodeIPv4"
#define MACS "sourceMacAddress destinationMacAddress"
    static const char *const texts[] = {
        "a: " FIELDS " " MACS,
        "a: sourceIPv4Address + " FIELDS " " MACS,
        "a: " MACS " biflow + " FIELDS,
    };
    struct bytes inside = ipv6(0x1234, 0x5678, 58, 0, 0x8001, 0xabcde, 100);
    struct bytes frame = ethernet(9, 3, 0x6000 | 100, 0xe000 | 4095, 0xfffff, &inside);
    struct bytes tagged = ethernet(9, 3, 0x8000 | 100, 4095, 0xfffff, &inside); /* other priorities alone */
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct meter_rules rules;
        struct error error = {""};
        if (meter_rules_parse(&rules, texts[i], &error) != 0) fail_msg("%s", error.text);
        struct meter_config config = {.rules = &rules, .active_us = SECOND, .inactive_us = SECOND, .memory = 1 << 16};
        /* Frames from the interface's own address go out. */
        const struct capture_origin origin = {7, true, {2, 0, 0, 0, 0, i == 1 ? 9 : 8}};
        struct meter *meter = meter_new(&config, keep_flow, NULL);
        assert_int_equal(meter_link_type(meter, LINK_ETHERNET, &error), 0);
        meter_origin(meter, &origin);
        meter_frame(meter, frame.at, frame.len, frame.len, START);
        meter_frame(meter, tagged.at, tagged.len, tagged.len, START + 1);
        n_flows = 0;
        meter_end(meter);
        assert_int_equal(n_flows, 1);
        assert_int_equal(last_flow.forward.packets, 2);
        assert_int_equal(last_flow.family, FLOW_IPV6);
        assert_int_equal(last_flow.ttl, 64);
        assert_int_equal(last_flow.flow_label, 0xabcde);
        assert_int_equal(last_flow.vlan, 100);
        assert_int_equal(last_flow.customer_vlan, 4095);
        assert_int_equal(last_flow.mpls_label, 0xfffff);
        assert_int_equal(last_flow.icmp, 0x8001);
        assert_int_equal(last_flow.interface, 7);
        assert_memory_equal(last_flow.source_mac, "\x02\0\0\0\0\x09", 6);
        assert_memory_equal(last_flow.destination_mac, "\x02\0\0\0\0\x03", 6);
        assert_int_equal(last_flow.direction, i == 1);
        assert_int_equal(last_flow.source_port, 0);
        assert_int_equal(last_flow.protocol, 0);
        meter_free(meter);
        meter_rules_release(&rules);
    }
}

/* Every tenth packet is looked at and stands for ten; by hash it is about as many, and the same on each way. */
static void sampling(void **state) {
    (void)state;
    enum { N = 100000 };
    uint64_t packets[2];
    struct rig *rig = rig_config("f: five-tuple", (struct meter_config){.sampling = 10});
    for (unsigned i = 0; i < 100; i++)
        put(rig, i * 0.001, false, ACK, 40 + i % 10);
    expect(rig, FORWARD "0-0.09 100/4000 forced\n");
    assert_int_equal(meter_totals(rig->meter)->passed_over, 90);
    rig_free(rig);
    for (unsigned way = 0; way < 2; way++) {
        rig =
            rig_config("f: five-tuple", (struct meter_config){.sampling = 100, .sampling_by_hash = true, .seed = way});
        rig->silent = true;
        for (unsigned i = 0; i < N; i++) {
            struct bytes bytes = ipv4(A, B, TCP, 1000, 80, ACK, 1000);
            bytes.at[8] = (uint8_t)(64 - way); /* routers change the TTL */
            for (unsigned b = 0; b < 4; b++)
                bytes.at[24 + b] = (uint8_t)(i >> 8 * b); /* a sequence number */
            put_bytes(rig, i * 0.0001, &bytes);
        }
        meter_end(rig->meter);
        packets[way] = rig->packets;
        assert_in_range(rig->packets, N / 10 * 9, N / 10 * 11);
        assert_int_equal(rig->octets, rig->packets * 1000);
        assert_int_equal(meter_totals(rig->meter)->passed_over, N - rig->packets / 100);
        rig_free(rig);
    }
    assert_int_equal(packets[0], packets[1]);
}

static void counters_beyond_32_bits(void **state) {
    (void)state;
    struct rig *rig = rig_new("f: five-tuple");
    for (unsigned i = 0; i < 100000; i++)
        put(rig, i * 0.001, false, ACK, 65535);
    expect(rig, FORWARD "0-99.999 100000/6553500000 forced\n");
    rig_free(rig);
}

/* Within the memory that the configuration gives, and each of them found again. */
static void a_million_flows(void **state) {
    (void)state;
    enum { N = 1000000 };
    struct rig *rig = rig_config("f: five-tuple", (struct meter_config){.memory = N * FLOW_TABLE_BYTES(5) + 4096});
    rig->silent = true;
    for (unsigned turn = 0; turn < 2; turn++)
        for (unsigned i = 0; i < N; i++) {
            struct bytes bytes = ipv4(A + i, B, UDP, i & 0xffff, 53, 0, 60 + turn);
            put_bytes(rig, turn * 100 + i * 1e-5, &bytes);
        }
    meter_tick(rig->meter, START + 110 * SECOND);
    assert_int_equal(rig->n, 0);
    meter_end(rig->meter);
    assert_int_equal(rig->n, N);
    assert_int_equal(rig->packets, 2 * N);
    assert_int_equal(rig->octets, 121 * (uint64_t)N);
    assert_int_equal(meter_totals(rig->meter)->ends[METER_END_RESOURCES], 0);
    rig_free(rig);
}

static void matches_that_are_none(void **state) {
    (void)state;
    struct error error = {""};
    assert_int_equal(meter_match_check("tcp port 80 and not host 192.0.2.1", &error), 0);
    assert_int_equal(meter_match_check("tcp port", &error), -1);
    assert_memory_equal(error.text, "'tcp port': ", 12);
}

/* What it shows of itself. */
static void counters(void **state) {
    (void)state;
    struct rig *rig = rig_new("six: ip6 -> five-tuple");
    struct buffer text = BUFFER_INIT;
    struct show show;
    put(rig, 0, false, ACK, 40);
    meter_frame(rig->meter, (const uint8_t *)"\x45", 1, 60, START);
    show_begin(&show, SHOW_JSON, &text);
    meter_show(rig->meter, &show);
    show_end(&show);
    static const char *const parts[] = {
        "\"frames_total\": 2",    "\"ok\": 1",    "\"cut-ip\": 1",    "\"packets_total\": 1", "\"octets_total\": 40",
        "\"unmatched_total\": 1", "\"flows\": 0", "\"resources\": 0", "\"fragments\": {"};
    for (unsigned i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (!strstr(text.data, parts[i])) fail_msg("no %s in %s", parts[i], text.data);
    buffer_release(&text);
    rig_free(rig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inactive_timeout),
        cmocka_unit_test(active_timeout),
        cmocka_unit_test(packets_out_of_order),
        cmocka_unit_test(clocks_that_leap),
        cmocka_unit_test(ends_of_connections),
        cmocka_unit_test(biflows),
        cmocka_unit_test(eviction),
        cmocka_unit_test(keys_and_masks),
        cmocka_unit_test(every_field),
        cmocka_unit_test(sampling),
        cmocka_unit_test(counters_beyond_32_bits),
        cmocka_unit_test(a_million_flows),
        cmocka_unit_test(matches_that_are_none),
        cmocka_unit_test(counters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
