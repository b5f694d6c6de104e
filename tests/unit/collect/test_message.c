/* Messages of every kind to exact entries: records, templates, options; what is held; what breaks its format. */
#include "collect/message.h"

#include "message_case.h"
#include "sflow_datagram.h"

/* --- NetFlow v5 and v7 --- */

static void v5_in_full(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_ALL);
    v5_begin(&mc->message, 5, 1, UPTIME, 100, 0);
    v5_record(&mc->message, 5, UPTIME - 42000, UPTIME - 1000);
    case_decode(mc, 1);
    assert_out(mc, "{\"sourceIPv4Address\":167772161,\"destinationIPv4Address\":167772162,"
                   "\"ipNextHopIPv4Address\":167772414,\"ingressInterface\":3,\"egressInterface\":4,"
                   "\"packetDeltaCount\":10,\"octetDeltaCount\":1000,\"flowStartSysUpTime\":86358000,"
                   "\"flowEndSysUpTime\":86399000,\"sourceTransportPort\":1000,\"destinationTransportPort\":80,"
                   "\"tcpControlBits\":27,\"protocolIdentifier\":6,\"ipClassOfService\":32,\"bgpSourceAsNumber\":64500,"
                   "\"bgpDestinationAsNumber\":64501,\"sourceIPv4PrefixLength\":24,\"destinationIPv4PrefixLength\":16,"
                   "\"exporterIPv4Address\":3221225985,\"observationDomainId\":258,"
                   "\"flowStartMilliseconds\":1699999958250,\"flowEndMilliseconds\":1699999999250}\n");
    case_close(mc);
}

static void v5_and_v7(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    for (unsigned version = 5; version <= 7; version += 2) {
        v5_begin(&mc->message, version, 2, UPTIME, 100, 0);
        v5_record(&mc->message, version, UPTIME - 42000, UPTIME - 1000);
        v5_record(&mc->message, version, UPTIME - 200, UPTIME - 200);
        case_decode(mc, 1);
        assert_out(mc, FLOW(1699999958, 1699999999, 10, 1000) FLOW(1700000000, 1700000000, 10, 1000));
    }
    /* One record is there of the three that it is said to have, and half of another. */
    v5_begin(&mc->message, 5, 3, UPTIME, 102, 0);
    v5_record(&mc->message, 5, UPTIME, UPTIME);
    v5_record(&mc->message, 5, UPTIME, UPTIME);
    mc->message.len -= 24;
    case_decode(mc, 1);
    assert_out(mc, FLOW(1700000000, 1700000000, 10, 1000));
    assert_int_equal(message_counters(mc->decoder)->malformed, 1);
    assert_int_equal(message_counters(mc->decoder)->sessions, 1);
    case_close(mc);
}

/* The exporter's clock of milliseconds began again 5 s ago, and the flow 10 s ago. */
static void uptime_rolls_over(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    v5_begin(&mc->message, 5, 1, 5000, 100, 0);
    v5_record(&mc->message, 5, UINT32_MAX - 4999, 2000);
    case_decode(mc, 1);
    assert_out(mc, FLOW(1699999990, 1699999997, 10, 1000));
    case_close(mc);
}

static void v5_sampling(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    static const struct {
        unsigned header, scaled;
        const char *out;
    } cases[] = {{0x4000 | 100, 1, FLOW(1700000000, 1700000000, 1000, 100000)},
                 {0x4000, 0, FLOW(1700000000, 1700000000, 10, 1000)},
                 {1, 0, FLOW(1700000000, 1700000000, 10, 1000)},
                 {16383, 1, FLOW(1700000000, 1700000000, 163830, 16383000)}};
    uint64_t scaled = 0;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        v5_begin(&mc->message, 5, 1, UPTIME, i, cases[i].header);
        v5_record(&mc->message, 5, UPTIME, UPTIME);
        case_decode(mc, 1);
        assert_out(mc, cases[i].out);
        scaled += cases[i].scaled;
        assert_int_equal(message_counters(mc->decoder)->scaled, scaled);
    }
    case_close(mc);
}

/* --- NetFlow v9 --- */

static void v9_templates_and_data(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    v9_begin(&mc->message, UPTIME, NOW, 1, 7);
    size_t set = set_begin(&mc->message, 0); /* two templates in one set */
    for (unsigned id = 256; id < 258; id++) {
        PUT(&mc->message, id, 2, 9, 2, 8, 2, 4, 2, 12, 2, 4, 2, 7, 2, 2, 2, 11, 2, 2, 2, 4, 2, 1, 2);
        PUT(&mc->message, 22, 2, 4, 2, 21, 2, 4, 2, 2, 2, 4, 2, id == 256 ? 1 : 23, 2, 4, 2);
    }
    set_end(&mc->message, set);
    set = set_begin(&mc->message, 256); /* two records, 3 bytes of padding */
    PUT(&mc->message, RECORD(UPTIME - 3000, UPTIME, 1, 100), RECORD(UPTIME - 2000, UPTIME, 2, 200), 0, 3);
    set_end(&mc->message, set);
    DATA(&mc->message, 257, RECORD(UPTIME - 1000, UPTIME - 1000, 3, 300));
    PUT(&mc->message, 0, 4); /* the message is padded, too */
    case_decode(mc, 1);
    assert_out(mc, FLOW(1699999997, 1700000000, 1, 100) FLOW(1699999998, 1700000000, 2, 200)
                       FLOW(1699999999, 1699999999, 3, 300));
    assert_int_equal(message_counters(mc->decoder)->templates, 2);
    assert_int_equal(message_counters(mc->decoder)->malformed, 0);
    case_close(mc);
}

/* Sampling told by options, one after the other: of the system, of two samplers, of an interface. */
static void v9_options(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    uint32_t sequence = 1;
    v9_begin(&mc->message, UPTIME, NOW, sequence++, 7);
    TEMPLATE(&mc->message, 0, 256, UPTIME_FIELDS);
    TEMPLATE(&mc->message, 0, 257, UPTIME_FIELDS, 48, 1, 10, 2);
    size_t set = set_begin(&mc->message, 1); /* scope: system, of 4 bytes */
    PUT(&mc->message, 300, 2, 4, 2, 8, 2, 1, 2, 4, 2, 34, 2, 4, 2, 35, 2, 1, 2, 0, 2);
    set_end(&mc->message, set);
    set = set_begin(&mc->message, 1); /* system, of 0 bytes; sampler */
    PUT(&mc->message, 301, 2, 4, 2, 12, 2, 1, 2, 0, 2, 48, 2, 1, 2, 49, 2, 1, 2, 50, 2, 4, 2);
    set_end(&mc->message, set);
    set = set_begin(&mc->message, 1); /* interface */
    PUT(&mc->message, 302, 2, 4, 2, 4, 2, 2, 2, 2, 2, 34, 2, 2, 2);
    set_end(&mc->message, set);
    DATA(&mc->message, 256, RECORD(UPTIME, UPTIME, 1, 1));
    case_decode(mc, 1);
    assert_out(mc, FLOW(1700000000, 1700000000, 1, 1));
    v9_begin(&mc->message, UPTIME, NOW, sequence++, 7);
    DATA(&mc->message, 300, 0, 4, 50, 4, 2, 1, 0, 3);
    DATA(&mc->message, 256, RECORD(UPTIME, UPTIME, 1, 1));
    DATA(&mc->message, 301, 3, 1, 2, 1, 1000, 4, 4, 1, 2, 1, 2000, 4);
    DATA(&mc->message, 302, 9, 2, 500, 2);
    DATA(&mc->message, 256, RECORD(UPTIME, UPTIME, 1, 1));
    set = set_begin(&mc->message, 257); /* sampler 4; sampler 3; unknown on interface 9; neither is known */
    PUT(&mc->message, RECORD(UPTIME, UPTIME, 1, 1), 4, 1, 9, 2, RECORD(UPTIME, UPTIME, 1, 1), 3, 1, 8, 2);
    PUT(&mc->message, RECORD(UPTIME, UPTIME, 1, 1), 5, 1, 9, 2, RECORD(UPTIME, UPTIME, 1, 1), 5, 1, 8, 2);
    set_end(&mc->message, set);
    case_decode(mc, 1);
    assert_out(mc, FLOW(1700000000, 1700000000, 50, 50) FLOW(1700000000, 1700000000, 50, 50)
                       FLOW(1700000000, 1700000000, 2000, 2000) FLOW(1700000000, 1700000000, 1000, 1000)
                           FLOW(1700000000, 1700000000, 500, 500) FLOW(1700000000, 1700000000, 50, 50));
    assert_int_equal(message_counters(mc->decoder)->not_counted, 4);
    assert_int_equal(message_counters(mc->decoder)->malformed, 0);
    case_close(mc);
}

/* --- IPFIX --- */

static void ipfix_fields_of_all_kinds(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    ipfix_begin(&mc->message, NOW, 0, 1);
    size_t set = set_begin(&mc->message, 2); /* one of variable length, one of an enterprise, one of both */
    PUT(&mc->message, 256, 2, 12, 2, 8, 2, 4, 2, 12, 2, 4, 2, 96, 2, 0xffff, 2, 7, 2, 2, 2, 11, 2, 2, 2);
    PUT(&mc->message, 0x8001, 2, 3, 2, 6871, 4, 4, 2, 1, 2, 150, 2, 4, 2, 151, 2, 4, 2);
    PUT(&mc->message, 0x8001, 2, 0xffff, 2, 6871, 4, 2, 2, 4, 2, 1, 2, 4, 2);
    set_end(&mc->message, set);
    set = set_begin(&mc->message, 256);
    for (unsigned i = 0; i < 2; i++) {
        PUT(&mc->message, 0x0a000001, 4, 0x0a000002, 4);
        if (i == 0)
            PUT(&mc->message, 3, 1, 0x616263, 3);
        else
            PUT(&mc->message, 255, 1, 0, 2);
        PUT(&mc->message, 1000, 2, 80, 2, 0x010203, 3, 6, 1, NOW - 9, 4, NOW, 4, 0, 1, i + 1, 4, 100, 4);
    }
    PUT(&mc->message, 0, 2);
    set_end(&mc->message, set);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_out(mc, FLOW(1699999991, 1700000000, 1, 100) FLOW(1699999991, 1700000000, 2, 100));
    assert_int_equal(message_counters(mc->decoder)->malformed, 0);
    case_close(mc);
}

/* Domains and ports of an exporter have each their own templates. */
static void templates_are_of_a_domain_and_a_session(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    ipfix_make(&mc->message, 0, 1, true);
    case_decode(mc, 1);
    assert_out(mc, A_FLOW);
    ipfix_make(&mc->message, 0, 2, false);
    case_decode(mc, 1);
    ipfix_make(&mc->message, 1, 1, false);
    case_decode(mc, 2);
    struct message_source connection = exporter_of(1);
    connection.transport = MESSAGE_TCP;
    connection.connection = 1;
    assert_int_equal(case_decode_from(mc, &connection), 0);
    assert_out(mc, "");
    assert_int_equal(message_counters(mc->decoder)->held, 3);
    case_decode(mc, 1);
    assert_out(mc, A_FLOW);
    case_close(mc);
}

static void a_new_template_replaces_the_old(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    ipfix_make(&mc->message, 0, 1, true);
    case_decode(mc, 1);
    case_decode(mc, 1);
    assert_int_equal(message_counters(mc->decoder)->templates, 1);
    uint64_t version = message_state_version(mc->decoder);
    buffer_clear(&mc->out);
    ipfix_begin(&mc->message, NOW, 2, 1);
    TEMPLATE(&mc->message, 2, 256, TUPLE_FIELDS, 150, 4, 151, 4, 1, 4, 2, 4);
    DATA(&mc->message, 256, A_RECORD);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_out(mc, FLOW(1699999990, 1699999995, 700, 7));
    assert_int_equal(message_counters(mc->decoder)->templates, 2);
    assert_int_equal(message_state_version(mc->decoder), version + 1);
    /* One that is cut takes the old one with it: nobody knows what it has become. */
    ipfix_begin(&mc->message, NOW, 3, 1);
    size_t set = set_begin(&mc->message, 2);
    PUT(&mc->message, 256, 2, 9, 2, 8, 2, 4, 2, 12, 2, 4, 2);
    set_end(&mc->message, set);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    ipfix_begin(&mc->message, NOW, 3, 1);
    DATA(&mc->message, 256, A_RECORD);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_out(mc, "");
    assert_int_equal(message_counters(mc->decoder)->held, 1);
    ipfix_begin(&mc->message, NOW, 4, 1);
    TEMPLATE(&mc->message, 2, 256, SECONDS_FIELDS);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_out(mc, A_FLOW);
    /* The message ends within its templates: one is whole, one is not, and one is as it was. */
    ipfix_begin(&mc->message, NOW, 3, 1);
    TEMPLATE(&mc->message, 2, 257, SECONDS_FIELDS);
    TEMPLATE(&mc->message, 2, 258, SECONDS_FIELDS);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    ipfix_begin(&mc->message, NOW, 3, 1);
    PUT(&mc->message, 2, 2, 64, 2, 258, 2, 2, 2, 1, 2, 4, 2, 8, 2, 4, 2, 257, 2, 9, 2, 8, 2, 4, 2);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    ipfix_begin(&mc->message, NOW, 3, 1);
    DATA(&mc->message, 256, A_RECORD);
    DATA(&mc->message, 257, A_RECORD);
    DATA(&mc->message, 258, 33, 4, 0x0a000001, 4);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_out(mc, A_FLOW "{\"flowStartSeconds\":1700000000,\"flowEndSeconds\":1700000000,\"packetDeltaCount\":1,"
                          "\"octetDeltaCount\":33,\"sourceIPv4Address\":167772161}\n");
    assert_int_equal(message_counters(mc->decoder)->held, 1);
    ipfix_begin(&mc->message, NOW, 3, 1);
    TEMPLATE(&mc->message, 2, 257, SECONDS_FIELDS);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_out(mc, A_FLOW);
    /* One that can't be right leaves none behind. */
    ipfix_begin(&mc->message, NOW, 3, 1);
    TEMPLATE(&mc->message, 2, 256, 8, 0);
    DATA(&mc->message, 256, A_RECORD);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_out(mc, "");
    assert_int_equal(message_counters(mc->decoder)->held, 1);
    assert_int_equal(message_counters(mc->decoder)->malformed, 4);
    case_close(mc);
}

static void withdraw(struct message *message, unsigned set_id, unsigned id) {
    ipfix_begin(message, NOW, 0, 1);
    DATA(message, set_id, id, 2, 0, 2);
    ipfix_end(message);
}

static void withdrawals(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    const struct message_counters *counters = message_counters(mc->decoder);
    struct message_source source = exporter_of(1);
    source.transport = MESSAGE_TCP;
    source.connection = 5;
    ipfix_begin(&mc->message, NOW, 0, 1);
    for (unsigned id = 256; id < 259; id++)
        TEMPLATE(&mc->message, 2, id, SECONDS_FIELDS);
    for (unsigned id = 300; id < 302; id++)
        OPTIONS(&mc->message, id, 1, 149, 4, 34, 4);
    ipfix_end(&mc->message);
    assert_int_equal(case_decode_from(mc, &source), 0);
    assert_int_equal(counters->templates, 5);
    static const struct {
        unsigned set, id, withdrawn;
    } steps[] = {{2, 256, 1}, {2, 256, 1}, {3, 3, 3}, {2, 2, 5}, {3, 3, 5}, {2, 2, 5}};
    for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        withdraw(&mc->message, steps[i].set, steps[i].id);
        assert_int_equal(case_decode_from(mc, &source), 0);
        assert_int_equal(counters->withdrawn, steps[i].withdrawn);
    }
    assert_int_equal(counters->malformed, 0);
    ipfix_make(&mc->message, 0, 1, false);
    assert_int_equal(case_decode_from(mc, &source), 0);
    assert_out(mc, "");
    /* Over UDP, where none should be sent, they are meant as much. */
    ipfix_make(&mc->message, 0, 1, true);
    case_decode(mc, 1);
    assert_out(mc, A_FLOW);
    withdraw(&mc->message, 2, 256);
    case_decode(mc, 1);
    assert_int_equal(counters->withdrawn, 6);
    ipfix_make(&mc->message, 1, 1, false);
    case_decode(mc, 1);
    assert_out(mc, "");
    assert_int_equal(counters->held, 2);
    case_close(mc);
}

static void a_connection_has_templates_until_it_is_over(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    struct message_source source = exporter_of(1);
    source.transport = MESSAGE_TCP;
    source.connection = 5;
    ipfix_make(&mc->message, 0, 1, true);
    assert_int_equal(case_decode_from(mc, &source), 0);
    case_tick(mc, 3700); /* the lifetime is UDP's */
    ipfix_make(&mc->message, 1, 1, false);
    assert_int_equal(case_decode_from(mc, &source), 0);
    assert_out(mc, A_FLOW A_FLOW);
    message_over(mc->decoder, &source);
    assert_int_equal(message_counters(mc->decoder)->sessions, 0);
    assert_int_equal(case_decode_from(mc, &source), 0);
    assert_out(mc, "");
    /* What is no IPFIX closes it. */
    v9_begin(&mc->message, UPTIME, NOW, 1, 7);
    assert_int_equal(case_decode_from(mc, &source), -1);
    case_close(mc);
}

/* --- before the template --- */

static void data_waits_for_its_template(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    ipfix_make(&mc->message, 0, 1, false);
    case_decode(mc, 1);
    v9_begin(&mc->message, UPTIME, NOW, 1, 1);
    DATA(&mc->message, 256, RECORD(UPTIME - 2000, UPTIME, 9, 900));
    case_decode(mc, 1);
    case_tick(mc, 29);
    assert_int_equal(message_counters(mc->decoder)->held, 2);
    assert_out(mc, "");
    /* Each protocol has templates of its own; the times are those of the message that it was in. */
    v9_begin(&mc->message, UPTIME + 29000, NOW + 29, 2, 1);
    TEMPLATE(&mc->message, 0, 256, UPTIME_FIELDS);
    case_decode(mc, 1);
    assert_out(mc, FLOW(1699999998, 1700000000, 9, 900));
    ipfix_begin(&mc->message, NOW + 29, 1, 1);
    TEMPLATE(&mc->message, 2, 256, SECONDS_FIELDS);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_out(mc, A_FLOW);
    assert_int_equal(message_counters(mc->decoder)->held, 0);
    case_tick(mc, 60);
    assert_out(mc, "");
    case_close(mc);
}

static void what_waits_too_long_is_lost(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    struct buffer problems = BUFFER_INIT;
    for (unsigned i = 0; i < 3; i++) {
        ipfix_make(&mc->message, 0, 77, false);
        case_decode(mc, 1);
        case_tick(mc, 1);
    }
    case_tick(mc, 57);
    case_problems(mc, &problems);
    assert_string_equal(problems.data, "collector: 192.0.2.1/77: data sets arrive without their template\n");
    buffer_release(&problems);
    case_tick(mc, 3);
    /* The first is told at once, the others ten seconds later. */
    assert_out(mc, "lost 1 sets of 192.0.2.1/77, 0 to 0\nlost 2 sets of 192.0.2.1/77, 1 to 2\n");
    assert_int_equal(message_counters(mc->decoder)->lost[LOST_SETS], 3);
    /* At the end nothing waits any longer. */
    case_decode(mc, 1);
    message_end(mc->decoder, mc->now_us);
    assert_out(mc, "lost 1 sets of 192.0.2.1/77, 63 to 63\n");
    case_close(mc);
}

/* NX-OS pads its sets with more zeros than a record has bytes. A record whose first bytes alone are 0 is one. */
static void zeros_are_padding(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    ipfix_begin(&mc->message, NOW, 0, 1);
    TEMPLATE(&mc->message, 2, 256, SECONDS_FIELDS);
    size_t set = set_begin(&mc->message, 256);
    PUT(&mc->message, A_RECORD, 0, 4, 0x0a000002, 4, 1000, 2, 80, 2, 6, 1, NOW, 4, NOW, 4, 1, 4, 2, 4);
    memset(mc->message.at + mc->message.len, 0, 100);
    mc->message.len += 100;
    set_end(&mc->message, set);
    DATA(&mc->message, 256, A_RECORD);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_out(mc, A_FLOW
               "{\"flowStartSeconds\":1700000000,\"flowEndSeconds\":1700000000,\"packetDeltaCount\":1,"
               "\"octetDeltaCount\":2,\"sourceIPv4Address\":0,\"destinationIPv4Address\":167772162,"
               "\"sourceTransportPort\":1000,\"destinationTransportPort\":80,\"protocolIdentifier\":6}\n" A_FLOW);
    /* They are none of those that the exporter counts. */
    ipfix_make(&mc->message, 3, 1, false);
    case_decode(mc, 1);
    assert_out(mc, A_FLOW);
    message_end(mc->decoder, mc->now_us);
    assert_out(mc, "");
    assert_int_equal(message_counters(mc->decoder)->malformed, 0);
    case_close(mc);
}

static void templates_grow_old(void **state) {
    (void)state;
    struct message_case *mc = case_open(&(struct message_config){.template_lifetime_us = 600 * SECOND}, OUT_NEEDED);
    ipfix_make(&mc->message, 0, 1, true);
    case_decode(mc, 1);
    ipfix_make(&mc->message, 1, 1, false);
    case_tick(mc, 600);
    case_decode(mc, 1);
    assert_out(mc, A_FLOW A_FLOW);
    case_tick(mc, 1);
    case_decode(mc, 1);
    assert_out(mc, "");
    case_close(mc);
}

/* --- what breaks its format --- */

static void sets_that_are_wrong(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    const struct message_counters *counters = message_counters(mc->decoder);
    ipfix_make(&mc->message, 0, 1, true);
    case_decode(mc, 1);
    assert_out(mc, A_FLOW);
    /* A set that goes beyond the message: what is before it counts. */
    ipfix_begin(&mc->message, NOW, 1, 1);
    DATA(&mc->message, 256, A_RECORD);
    PUT(&mc->message, 256, 2, 100, 2, 1, 4);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_out(mc, A_FLOW);
    assert_int_equal(counters->malformed, 1);
    /* A set id that there is not, then a good set. */
    ipfix_begin(&mc->message, NOW, 2, 1);
    DATA(&mc->message, 4, 1, 4);
    DATA(&mc->message, 256, A_RECORD);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_out(mc, A_FLOW);
    assert_int_equal(counters->malformed, 2);
    /* Bytes behind the message; then a message longer than what came. */
    ipfix_make(&mc->message, 3, 1, false);
    PUT(&mc->message, 1, 4);
    case_decode(mc, 1);
    assert_out(mc, A_FLOW);
    assert_int_equal(counters->malformed, 3);
    mc->message.len -= 5;
    struct message_source source = exporter_of(1);
    assert_int_equal(case_decode_from(mc, &source), -1);
    assert_out(mc, "");
    assert_int_equal(counters->malformed, 4);
    /* A record of variable length that goes beyond its set: the one before it counts, the set is lost. */
    ipfix_begin(&mc->message, NOW, 4, 1);
    TEMPLATE(&mc->message, 2, 257, SECONDS_FIELDS, 82, 0xffff);
    DATA(&mc->message, 257, A_RECORD, 1, 1, 0x61, 1, A_RECORD, 9, 1, 0x61, 1);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_out(mc, A_FLOW);
    assert_int_equal(counters->malformed, 5);
    message_end(mc->decoder, mc->now_us);
    assert_out(mc, "lost 1 sets of 192.0.2.1/1, 0 to 0\n");
    case_close(mc);
}

static void what_is_no_message(void **state) {
    (void)state;
    static const struct {
        uint8_t bytes[28], len;
    } cases[] = {{{0}, 0},           {{0, 9}, 2},        {{0, 6, 0, 1}, 28},
                 {{0, 9, 0, 1}, 19}, {{0, 0, 0, 4}, 28}, {"GET / HTTP/1.1", 14}};
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    const struct message_source source = exporter_of(1);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memcpy(mc->message.at, cases[i].bytes, cases[i].len);
        mc->message.len = cases[i].len;
        assert_int_equal(case_decode_from(mc, &source), -1);
        assert_int_equal(message_counters(mc->decoder)->unknown_version, i + 1);
    }
    assert_int_equal(message_counters(mc->decoder)->sessions, 0);
    assert_int_equal(message_counters(mc->decoder)->messages, 0);
    case_close(mc);
}

/* --- flow records --- */

static void flow_records(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_FLOWS);
    ipfix_make(&mc->message, 0, 1, true);
    case_decode(mc, 1);
    assert_out(mc, "0 6 1699999990-1699999995 7 700\n");
    /* Both directions; and a record with more than an entry can have, which the importer is to refuse. */
    ipfix_begin(&mc->message, NOW, 1, 1);
    TEMPLATE(&mc->message, 2, 257, SECONDS_FIELDS, 298, 4, 299, 4, 231, 4, 232, 4);
    TEMPLATE(&mc->message, 2, 258, TUPLE_FIELDS, 150, 4, 151, 4, 2, 8, 1, 4);
    DATA(&mc->message, 257, A_RECORD, 7, 4, 3, 4, 700, 4, 300, 4);
    DATA(&mc->message, 258, TUPLE, NOW, 4, NOW, 4, UINT64_MAX, 8, 1, 4);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_int_equal(message_counters(mc->decoder)->flows, 4);
    assert_out(mc, "0 6 1699999990-1699999995 7 700\n0 6 1699999990-1699999995 3 300\n"
                   "{\"flowStartSeconds\":1700000000,\"flowEndSeconds\":1700000000,"
                   "\"packetDeltaCount\":\"18446744073709551615\",\"octetDeltaCount\":1,\"sourceIPv4Address\":"
                   "167772161,\"destinationIPv4Address\":167772162,\"sourceTransportPort\":1000,"
                   "\"destinationTransportPort\":80,\"protocolIdentifier\":6}\n");
    case_close(mc);
}

/* --- sFlow --- */

static void sflow_samples(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    for (unsigned i = 0; i < 2; i++) {
        struct datagram datagram = datagram_of(1);
        word_set(&datagram, 16, 77 + 4 * i);                                         /* its number */
        size_t sample = flow_begin(&datagram, 1), record = part_begin(&datagram, 3); /* sampled IPv4 */
        WORDS(&datagram, 1500, 6, 0x0a000001, 0x0a000002, 1000, 80, 0x12, 0);
        part_end(&datagram, record);
        part_end(&datagram, sample);
        memcpy(mc->message.at, datagram.at, datagram.len);
        mc->message.len = datagram.len;
        case_decode(mc, 1);
        assert_out(mc, FLOW(1700000000, 1700000000, 512, 768000));
    }
    message_end(mc->decoder, mc->now_us);
    assert_out(mc, "lost 3 messages of 192.0.2.9/3, 0 to 0\n"); /* of the agent */
    assert_int_equal(message_counters(mc->decoder)->scaled, 2);
    /* Cut: its head, a sample. */
    mc->message.len -= 4;
    case_decode(mc, 1);
    mc->message.len = 27;
    const struct message_source source = exporter_of(1);
    assert_int_equal(case_decode_from(mc, &source), -1);
    assert_int_equal(message_counters(mc->decoder)->malformed, 1);
    case_close(mc);
}

/* --- how it shows itself --- */

static void shows_itself(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    struct buffer out = BUFFER_INIT;
    struct show show;
    ipfix_make(&mc->message, 0, 1, true);
    case_decode(mc, 1);
    show_begin(&show, SHOW_PROMETHEUS, &out);
    struct message_report *report = mem_zalloc(1, sizeof *report);
    message_report_take(mc->decoder, report);
    message_report_show(report, &show);
    message_report_release(report);
    free(report);
    show_end(&show);
    assert_non_null(strstr(out.data, "\nflowimport_collector_messages_total 1\n"));
    assert_non_null(strstr(out.data, "\nflowimport_collector_flows_total 1\n"));
    assert_non_null(strstr(out.data, "\nflowimport_collector_exporters 1\n"));
    assert_non_null(strstr(out.data, "\nflowimport_collector_lost_total{what=\"flows\"} 0\n"));
    buffer_release(&out);
    case_close(mc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(v5_in_full),
        cmocka_unit_test(v5_and_v7),
        cmocka_unit_test(uptime_rolls_over),
        cmocka_unit_test(v5_sampling),
        cmocka_unit_test(v9_templates_and_data),
        cmocka_unit_test(v9_options),
        cmocka_unit_test(ipfix_fields_of_all_kinds),
        cmocka_unit_test(templates_are_of_a_domain_and_a_session),
        cmocka_unit_test(a_new_template_replaces_the_old),
        cmocka_unit_test(withdrawals),
        cmocka_unit_test(a_connection_has_templates_until_it_is_over),
        cmocka_unit_test(data_waits_for_its_template),
        cmocka_unit_test(what_waits_too_long_is_lost),
        cmocka_unit_test(zeros_are_padding),
        cmocka_unit_test(templates_grow_old),
        cmocka_unit_test(sets_that_are_wrong),
        cmocka_unit_test(what_is_no_message),
        cmocka_unit_test(flow_records),
        cmocka_unit_test(sflow_samples),
        cmocka_unit_test(shows_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
