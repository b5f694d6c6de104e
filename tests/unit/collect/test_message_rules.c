/* What counts where exporters differ: wrong clocks, sampling, loss, who may export, and flows that are reported twice.
 */
#include "collect/message.h"

#include "collect/trouble.h"
#include "collect/duplicate.h"
#include "message_case.h"
#include "random.h"

/* --- clocks --- */

static void a_wrong_clock_is_made_right(void **state) {
    (void)state;
    struct message_case *mc = case_open(&(struct message_config){.max_skew_us = 3600 * SECOND}, OUT_NEEDED);
    struct buffer problems = BUFFER_INIT;
    ipfix_make(&mc->message, 0, 1, true);
    case_decode(mc, 1);
    assert_out(mc, A_FLOW);
    /* Two hours on, it still says NOW. */
    mc->now_us += 7200 * SECOND;
    ipfix_make(&mc->message, 1, 1, true);
    case_decode(mc, 1);
    assert_out(mc, FLOW(1700007190, 1700007195, 7, 700));
    v5_begin(&mc->message, 5, 1, UPTIME, 100, 0);
    v5_record(&mc->message, 5, UPTIME - 42000, UPTIME);
    case_decode(mc, 1);
    assert_out(mc, FLOW(1700007158, 1700007200, 10, 1000));
    assert_int_equal(message_counters(mc->decoder)->wrong_clocks, 2);
    case_problems(mc, &problems);
    assert_int_equal(problems.len, 0); /* one message may be anybody's */
    for (uint32_t i = 1; i < 3; i++) {
        v5_begin(&mc->message, 5, 0, UPTIME, 100 + i, 0);
        case_decode(mc, 1);
        ipfix_make(&mc->message, 1 + i, 1, true);
        case_decode(mc, 1);
    }
    buffer_clear(&mc->out);
    case_problems(mc, &problems);
    assert_string_equal(problems.data,
                        "collector: 192.0.2.1/1: its clock is 7200 s behind, and its times are corrected by that\n"
                        "collector: 192.0.2.1/258: its clock is 7199 s behind, and its times are corrected by that\n");
    buffer_clear(&problems);
    mc->now_us -= 3600 * SECOND; /* the exporter's is right again, as far as it goes */
    ipfix_begin(&mc->message, NOW + 3600, 4, 1);
    DATA(&mc->message, 256, A_RECORD);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_out(mc, A_FLOW);
    for (uint32_t i = 0; i < 3; i++) { /* and that of the other ahead */
        v5_begin(&mc->message, 5, 1, UPTIME, 102 + i, 0);
        be_put(mc->message.at + 8, NOW + 3600 + 7200, 4);
        v5_record(&mc->message, 5, UPTIME, UPTIME);
        case_decode(mc, 1);
    }
    case_problems(mc, &problems);
    assert_string_equal(problems.data,
                        "collector: 192.0.2.1/258: its clock is 7200 s ahead, and its times are corrected by that\n");
    assert_int_equal(message_counters(mc->decoder)->wrong_clocks, 1);
    buffer_release(&problems);
    case_close(mc);
}

/* What anybody can send makes no problem: random bytes of every kind, and a message of an exporter's that is broken. */
static void garbage_is_no_problem(void **state) {
    (void)state;
    struct message_case *mc = case_open(&(struct message_config){.max_skew_us = 3600 * SECOND}, OUT_NEEDED);
    static const unsigned versions[] = {5, 7, 9, 10, 0};
    struct buffer problems = BUFFER_INIT;
    uint64_t seed = 5;
    ipfix_make(&mc->message, 0, 1, true);
    case_decode(mc, 1);
    for (unsigned i = 0; i < 2000; i++) {
        const struct message_source source = exporter_of(1);
        for (mc->message.len = 0; mc->message.len < 400;)
            PUT(&mc->message, random_next(&seed), 8);
        be_put(mc->message.at, versions[i % 5], 2);
        if (i % 5 == 4) PUT(&mc->message, 0, 4);
        if (i % 10 == 9) be_put(mc->message.at + 2, 0x000500000001, 6); /* sFlow, of an IPv4 agent */
        if (case_decode_from(mc, &source) != 0) continue;
        if (i % 5 != 1) continue;
        case_tick(mc, 61); /* v7 has no domains: it is always the same one's */
        case_problems(mc, &problems);
        if (problems.len > 0) fail_msg("%s", problems.data);
    }
    assert_true(message_counters(mc->decoder)->malformed > 800);
    case_tick(mc, 61);
    for (unsigned i = 1; i <= 4; i++) { /* the exporter itself, again and again */
        ipfix_make(&mc->message, i, 1, true);
        be_put(mc->message.at + 4, (uint64_t)(mc->now_us / SECOND), 4);
        mc->message.len -= 5;
        be_put(mc->message.at + 2, mc->message.len, 2);
        case_decode(mc, 1);
        case_problems(mc, &problems);
        assert_int_equal(problems.len > 0, i >= TROUBLE_MANY);
    }
    assert_non_null(strstr(problems.data, "collector: 192.0.2.1/1: messages are malformed\n"));
    buffer_release(&problems);
    case_close(mc);
}

/* A NAT's event has addresses, and neither octets nor packets. */
static void records_that_are_no_flows(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    ipfix_begin(&mc->message, NOW, 0, 1);
    TEMPLATE(&mc->message, 2, 256, 8, 4, 12, 4, 230, 1);
    DATA(&mc->message, 256, 1, 4, 2, 4, 4, 1);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_out(mc, "");
    assert_int_equal(message_counters(mc->decoder)->not_counted, 1);
    assert_int_equal(message_counters(mc->decoder)->ignored[IGNORED_UNCOUNTED], 1);
    assert_int_equal(message_counters(mc->decoder)->flows, 0);
    case_close(mc);
}

/* By exporter and template, with the reason. */
static void what_cannot_be_counted_is_named(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    struct message_report *report = mem_zalloc(1, sizeof *report);
    for (unsigned exporter = 1; exporter < 3; exporter++) {
        ipfix_begin(&mc->message, NOW, 0, 1);
        TEMPLATE(&mc->message, 2, 256, 8, 4, 12, 4, 230, 1);
        TEMPLATE(&mc->message, 2, 257, 8, 4, 2, 4, 1, 9); /* packets alone would be flows of 0 octets */
        TEMPLATE(&mc->message, 2, 258, 8, 4, 1, 9, 23, 4);
        TEMPLATE(&mc->message, 2, 259, 8, 4, 2, 0xffff);
        size_t set = set_begin(&mc->message, 2);
        PUT(&mc->message, 260, 2, 2, 2, 8, 2, 4, 2, 0x8003, 2, 8, 2, 15397, 4);
        set_end(&mc->message, set);
        if (exporter == 1) DATA(&mc->message, 256, 1, 4, 2, 4, 4, 1, 1, 4, 2, 4, 4, 1);
        if (exporter == 1) DATA(&mc->message, 257, 1, 4, 2, 4, 0, 1, 100, 8);
        DATA(&mc->message, 258, 1, 4, 0, 1, 100, 8, 100, 4); /* can be read otherwise */
        if (exporter == 1) DATA(&mc->message, 259, 1, 4, 1, 1, 7, 1);
        DATA(&mc->message, 260, 1, 4, 100, 8);
        ipfix_end(&mc->message);
        case_decode(mc, exporter);
    }
    assert_int_equal(message_counters(mc->decoder)->flows, 2);
    assert_int_equal(message_counters(mc->decoder)->ignored[IGNORED_UNCOUNTED], 6);
    message_report_take(mc->decoder, report);
    static const char *const lines[] = {
        "192.0.2.1/1 template 256: no octets and no packets",
        "192.0.2.1/1 template 257: octetDeltaCount has 9 bytes, 8 at most can be read",
        "192.0.2.1/1 template 259: packetDeltaCount has a variable length",
        "192.0.2.1/1 template 260: no octets and no packets, unless in enterprise 15397/3",
        "192.0.2.2/1 template 260: no octets and no packets, unless in enterprise 15397/3",
    };
    assert_int_equal(report->n_templates, 5);
    for (unsigned i = 0; i < 5; i++) {
        assert_string_equal(report->templates[i].name, lines[i]);
        assert_int_equal(report->templates[i].records, i == 0 ? 2 : 1);
    }
    message_report_release(report);
    free(report);
    case_close(mc);
}

/* Neither octets nor packets, of any protocol, as entries and as flows. */
static void records_of_nothing(void **state) {
    (void)state;
    for (enum case_out out = OUT_ALL; out <= OUT_FLOWS; out++) {
        struct message_case *mc = case_open(NULL, out);
        const struct message_counters *counters = message_counters(mc->decoder);
        ipfix_begin(&mc->message, NOW, 0, 1);
        TEMPLATE(&mc->message, 2, 256, SECONDS_FIELDS);
        DATA(&mc->message, 256, RECORD(NOW, NOW, 0, 0), RECORD(NOW, NOW, 1, 0));
        ipfix_end(&mc->message);
        case_decode(mc, 1);
        v5_begin(&mc->message, 5, 1, UPTIME, 0, 0);
        v5_record(&mc->message, 5, UPTIME - 42000, UPTIME);
        be_put(mc->message.at + 24 + 16, 0, 8);
        case_decode(mc, 1);
        assert_int_equal(counters->flows, 1);
        assert_int_equal(counters->ignored[IGNORED_EMPTY], 2);
        assert_int_equal(counters->not_counted, 2);
        case_close(mc);
    }
}

/* Times of sysUpTime in IPFIX: of a boot that options tell; of one that is guessed. */
static void ipfix_times_since_boot(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    ipfix_begin(&mc->message, NOW, 0, 1);
    TEMPLATE(&mc->message, 2, 256, UPTIME_FIELDS);
    OPTIONS(&mc->message, 257, 1, 149, 4, 160, 8);
    DATA(&mc->message, 257, 1, 4, (NOW - 5000) * UINT64_C(1000), 8);
    DATA(&mc->message, 256, RECORD(4000000, 4999000, 1, 100));
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_out(mc, FLOW(1699999000, 1699999999, 1, 100));
    /* Nobody tells: the flow that ended last ended when it was reported. */
    ipfix_begin(&mc->message, NOW, 0, 2);
    TEMPLATE(&mc->message, 2, 256, UPTIME_FIELDS);
    DATA(&mc->message, 256, RECORD(100, 5000, 1, 100), RECORD(100, 15000, 1, 100));
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_out(mc, FLOW(1699999985, 1699999990, 1, 100) FLOW(1699999985, 1700000000, 1, 100));
    case_close(mc);
}

/* --- sampling in IPFIX --- */

static void ipfix_sampling(void **state) {
    (void)state;
    static const struct {
        uint16_t fields[4];
        uint64_t values[4];
        const char *out;
    } cases[] = {
        {{305, 4, 306, 4}, {1, 4, 99, 4}, FLOW(1699999990, 1699999995, 700, 70000)},
        {{305, 4, 306, 4}, {10, 4, 990, 4}, FLOW(1699999990, 1699999995, 700, 70000)},
        {{309, 4, 310, 4}, {2, 4, 1000, 4}, FLOW(1699999990, 1699999995, 3500, 350000)},
        {{311, 8, 210, 1}, {0x3f50624dd2f1a9fc, 8, 0, 1}, FLOW(1699999990, 1699999995, 7000, 700000)}, /* 0.001 */
        {{311, 4, 210, 1}, {0x3dcccccd, 4, 0, 1}, FLOW(1699999990, 1699999995, 70, 7000)},             /* 0.1f */
        {{34, 4, 210, 1}, {3, 4, 0, 1}, FLOW(1699999990, 1699999995, 21, 2100)},
        {{50, 4, 34, 2}, {5, 4, 3, 2}, FLOW(1699999990, 1699999995, 35, 3500)},
        {{307, 4, 308, 4}, {10, 4, 10, 4}, FLOW(1699999990, 1699999995, 14, 1400)},
        {{305, 4, 306, 4}, {0, 4, 0, 4}, FLOW(1699999990, 1699999995, 7, 700)},
        {{34, 4, 210, 1}, {0, 4, 0, 1}, FLOW(1699999990, 1699999995, 7, 700)},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const uint16_t *f = cases[i].fields;
        const uint64_t *v = cases[i].values;
        struct message_case *mc = case_open(NULL, OUT_NEEDED);
        ipfix_begin(&mc->message, NOW, 0, 1);
        TEMPLATE(&mc->message, 2, 256, SECONDS_FIELDS);
        OPTIONS(&mc->message, 300, 1, 144, 4, f[0], f[1], f[2], f[3]);
        DATA(&mc->message, 300, 1, 4, v[0], v[1], v[2], v[3]);
        DATA(&mc->message, 256, A_RECORD);
        ipfix_end(&mc->message);
        case_decode(mc, 1);
        assert_out(mc, cases[i].out);
        /* The same, told by the record itself. */
        ipfix_begin(&mc->message, NOW, 2, 2);
        TEMPLATE(&mc->message, 2, 256, SECONDS_FIELDS, f[0], f[1], f[2], f[3]);
        DATA(&mc->message, 256, A_RECORD, v[0], v[1], v[2], v[3]);
        ipfix_end(&mc->message);
        case_decode(mc, 1);
        assert_out(mc, cases[i].out);
        case_close(mc);
    }
}

static void sampling_by_selector_and_interface(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    ipfix_begin(&mc->message, NOW, 0, 1);
    TEMPLATE(&mc->message, 2, 256, SECONDS_FIELDS, 302, 8, 10, 4);
    OPTIONS(&mc->message, 300, 1, 302, 8, 305, 4, 306, 4);
    OPTIONS(&mc->message, 301, 1, 10, 4, 34, 4);
    DATA(&mc->message, 300, 1, 8, 1, 4, 9, 4, 2, 8, 1, 4, 99, 4);
    DATA(&mc->message, 301, 7, 4, 3, 4);
    DATA(&mc->message, 256, A_RECORD, 1, 8, 7, 4, A_RECORD, 2, 8, 7, 4, A_RECORD, 3, 8, 7, 4, A_RECORD, 3, 8, 8, 4);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_out(mc, FLOW(1699999990, 1699999995, 70, 7000) FLOW(1699999990, 1699999995, 700, 70000)
                       FLOW(1699999990, 1699999995, 21, 2100) A_FLOW);
    case_close(mc);
}

/* Records without a sampler's id are of the only one; of several, if their rates are the same. */
static void sampling_by_a_sampler_unnamed(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    struct buffer problems = BUFFER_INIT;
    ipfix_begin(&mc->message, NOW, 0, 1);
    TEMPLATE(&mc->message, 2, 256, SECONDS_FIELDS, 10, 4);
    TEMPLATE(&mc->message, 2, 257, SECONDS_FIELDS, 48, 1);
    OPTIONS(&mc->message, 300, 1, 149, 4, 48, 1, 50, 4);
    DATA(&mc->message, 300, 1, 4, 1, 1, 10, 4);
    DATA(&mc->message, 256, A_RECORD, 7, 4);
    DATA(&mc->message, 257, A_RECORD, 2, 1); /* another one, whose rate is not known */
    DATA(&mc->message, 300, 1, 4, 2, 1, 10, 4);
    DATA(&mc->message, 256, A_RECORD, 7, 4);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_out(mc, FLOW(1699999990, 1699999995, 70, 7000) A_FLOW FLOW(1699999990, 1699999995, 70, 7000));
    case_problems(mc, &problems);
    assert_int_equal(problems.len, 0);
    /* They differ: which one it is can't be known. */
    for (uint32_t i = 0; i < TROUBLE_MANY; i++) {
        case_tick(mc, 30);
        ipfix_begin(&mc->message, NOW, 5 + 2 * i, 1);
        DATA(&mc->message, 300, 1, 4, 2, 1, 20, 4);
        DATA(&mc->message, 256, A_RECORD, 7, 4);
        ipfix_end(&mc->message);
        case_decode(mc, 1);
    }
    assert_out(mc, A_FLOW A_FLOW A_FLOW);
    case_problems(mc, &problems);
    assert_string_equal(problems.data,
                        "collector: 192.0.2.1/1: it tells sampling rates by sampler, and its records name none\n");
    /* One of all flows counts for those. */
    ipfix_begin(&mc->message, NOW, 11, 1);
    OPTIONS(&mc->message, 301, 1, 149, 4, 34, 4);
    DATA(&mc->message, 301, 1, 4, 3, 4);
    DATA(&mc->message, 256, A_RECORD, 7, 4);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_out(mc, FLOW(1699999990, 1699999995, 21, 2100));
    buffer_release(&problems);
    case_close(mc);
}

/* Options about the whole exporter, from one of its domains: v9's System, IPFIX's exportingProcessId. */
static void sampling_of_the_whole_exporter(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    v9_begin(&mc->message, UPTIME, NOW, 0, 0);
    size_t set = set_begin(&mc->message, 1);
    PUT(&mc->message, 300, 2, 4, 2, 8, 2, 1, 2, 4, 2, 48, 2, 1, 2, 50, 2, 4, 2);
    set_end(&mc->message, set);
    DATA(&mc->message, 300, 1, 4, 1, 1, 10, 4);
    case_decode(mc, 1);
    for (unsigned domain = 1; domain < 3; domain++) {
        v9_begin(&mc->message, UPTIME, NOW, 0, domain);
        TEMPLATE(&mc->message, 0, 256, SECONDS_FIELDS, 48, 1);
        DATA(&mc->message, 256, A_RECORD, 1, 1);
        case_decode(mc, 1);
        assert_out(mc, FLOW(1699999990, 1699999995, 70, 7000));
    }
    case_decode(mc, 2); /* another exporter */
    assert_out(mc, A_FLOW);
    /* Those that tell it and those that don't come by turns; from another port, too. */
    v9_begin(&mc->message, UPTIME, NOW, 0, 0);
    case_decode(mc, 1);
    v9_begin(&mc->message, UPTIME, NOW, 0, 1);
    DATA(&mc->message, 256, A_RECORD, 1, 1);
    case_decode(mc, 1);
    assert_out(mc, FLOW(1699999990, 1699999995, 70, 7000));
    struct message_source other = exporter_of(1);
    other.port++;
    v9_begin(&mc->message, UPTIME, NOW, 0, 5);
    TEMPLATE(&mc->message, 0, 256, SECONDS_FIELDS, 48, 1);
    DATA(&mc->message, 256, A_RECORD, 1, 1);
    assert_int_equal(case_decode_from(mc, &other), 0);
    assert_out(mc, FLOW(1699999990, 1699999995, 70, 7000));
    /* And after a restart. */
    struct buffer state_text = BUFFER_INIT;
    struct error error;
    message_state_write(mc->decoder, &state_text);
    struct message_case *next = case_open(NULL, OUT_NEEDED);
    assert_int_equal(message_state_read(next->decoder, state_text.data, state_text.len, next->now_us, &error), 0);
    buffer_release(&state_text);
    next->message = mc->message;
    assert_int_equal(case_decode_from(next, &other), 0);
    assert_out(next, FLOW(1699999990, 1699999995, 70, 7000));
    case_close(next);
    /* Until who has told it is gone. */
    mc->now_us += 1000 * SECOND;
    assert_int_equal(case_decode_from(mc, &other), 0);
    assert_out(mc, FLOW(1699999990, 1699999995, 70, 7000));
    case_tick(mc, 900);
    assert_int_equal(case_decode_from(mc, &other), 0);
    assert_out(mc, A_FLOW);
    /* Options about one domain count for that alone; about the exporter, in IPFIX. */
    ipfix_begin(&mc->message, NOW, 0, 7);
    TEMPLATE(&mc->message, 2, 256, SECONDS_FIELDS);
    OPTIONS(&mc->message, 300, 1, 149, 4, 34, 4);
    DATA(&mc->message, 300, 7, 4, 3, 4);
    DATA(&mc->message, 256, A_RECORD);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_out(mc, FLOW(1699999990, 1699999995, 21, 2100));
    ipfix_begin(&mc->message, NOW, 0, 8);
    OPTIONS(&mc->message, 300, 1, 144, 4, 34, 4);
    DATA(&mc->message, 300, 8, 4, 5, 4);
    ipfix_end(&mc->message);
    case_decode(mc, 3);
    ipfix_make(&mc->message, 0, 9, true);
    case_decode(mc, 3);
    assert_out(mc, FLOW(1699999990, 1699999995, 35, 3500));
    case_close(mc);
}

static void configured_sampling_counts(void **state) {
    (void)state;
    struct prefixes sampling;
    struct error error;
    assert_int_equal(prefixes_parse(&sampling, "192.0.2.1=2, 192.0.2.0/24=5", true, &error), 0);
    struct message_case *mc = case_open(&(struct message_config){.sampling = &sampling}, OUT_NEEDED);
    for (unsigned exporter = 1; exporter <= 2; exporter++) {
        v5_begin(&mc->message, 5, 1, UPTIME, 100, 100);
        v5_record(&mc->message, 5, UPTIME, UPTIME);
        case_decode(mc, exporter);
    }
    assert_out(mc, FLOW(1700000000, 1700000000, 20, 2000) FLOW(1700000000, 1700000000, 50, 5000));
    ipfix_begin(&mc->message, NOW, 0, 1);
    TEMPLATE(&mc->message, 2, 256, SECONDS_FIELDS, 34, 4);
    DATA(&mc->message, 256, A_RECORD, 1000, 4);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_out(mc, FLOW(1699999990, 1699999995, 14, 1400));
    case_close(mc);
}

/* --- loss --- */

static void v5_send(struct message_case *mc, uint32_t uptime_ms, uint32_t sequence) {
    v5_begin(&mc->message, 5, 1, uptime_ms, sequence, 0);
    v5_record(&mc->message, 5, uptime_ms, uptime_ms);
    case_decode(mc, 1);
    buffer_clear(&mc->out);
}

static void gaps_are_lost(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    v5_send(mc, UPTIME, 100);
    case_tick(mc, 3);
    v5_send(mc, UPTIME + 3000, 112);
    v5_send(mc, UPTIME + 3000, 105); /* one of the eleven came late */
    case_tick(mc, 10);
    assert_out(mc, "");
    case_tick(mc, 1);
    assert_out(mc, "lost 10 flows of 192.0.2.1/258, 0 to 3\n");
    /* v9 counts messages, IPFIX data records, those of options too. */
    for (unsigned i = 0; i < 2; i++) {
        v9_begin(&mc->message, UPTIME, NOW + 14, 20 + 5 * i, 9);
        case_decode(mc, 1);
        ipfix_begin(&mc->message, NOW + 14, 20 + 7 * i, 10);
        TEMPLATE(&mc->message, 2, 256, SECONDS_FIELDS);
        OPTIONS(&mc->message, 257, 1, 149, 4, 34, 4);
        DATA(&mc->message, 256, A_RECORD, A_RECORD);
        DATA(&mc->message, 257, 10, 4, 1, 4);
        ipfix_end(&mc->message);
        case_decode(mc, 1);
    }
    buffer_clear(&mc->out);
    message_end(mc->decoder, mc->now_us);
    assert_out(mc, "lost 4 messages of 192.0.2.1/9, 14 to 14\nlost 4 flows of 192.0.2.1/10, 14 to 14\n");
    assert_int_equal(message_counters(mc->decoder)->lost[LOST_FLOWS], 14);
    assert_int_equal(message_counters(mc->decoder)->lost[LOST_MESSAGES], 4);
    case_close(mc);
}

/* The sequence number is ahead by little, but sysUpTime has begun again. */
static void a_restart_is_no_loss(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    v5_send(mc, UPTIME, 100);
    case_tick(mc, 120);
    v5_send(mc, UPTIME + 120000, 101);
    case_tick(mc, 120);
    v5_send(mc, 1000, 150);
    v5_send(mc, 2000, 153);
    case_tick(mc, 12);
    assert_out(mc, "lost 2 flows of 192.0.2.1/258, 240 to 240\n");
    case_close(mc);
}

/* Loss goes on, and is told every ten seconds. */
static void loss_is_told_now_and_then(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    for (uint32_t i = 0; i < 60; i++) {
        v5_begin(&mc->message, 5, 1, UPTIME + 1000 * i, 2 * i, 0);
        v5_record(&mc->message, 5, UPTIME, UPTIME);
        const struct message_source source = exporter_of(1);
        assert_int_equal(case_decode_from(mc, &source), 0);
        case_tick(mc, 1);
    }
    message_end(mc->decoder, mc->now_us);
    unsigned told = 0;
    for (const char *at = mc->out.data; (at = strstr(at, "lost ")); at++)
        told++;
    assert_int_equal(mc->lost, 59);
    assert_in_range(told, 5, 7);
    case_close(mc);
}

/* --- who may, and who told first --- */

static void exporters_that_are_not_listed(void **state) {
    (void)state;
    struct prefixes allow;
    struct error error;
    assert_int_equal(prefixes_parse(&allow, "192.0.2.0/31, 2001:db8::/32", false, &error), 0);
    struct message_case *mc = case_open(&(struct message_config){.allow = &allow}, OUT_NEEDED);
    const struct message_source other = exporter_of(2);
    struct message_source six = {.transport = MESSAGE_UDP, .family = FLOW_IPV6, .port = 1};
    memcpy(six.address, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
    ipfix_make(&mc->message, 0, 1, true);
    case_decode(mc, 1);
    assert_int_equal(case_decode_from(mc, &other), -1);
    assert_int_equal(case_decode_from(mc, &six), 0);
    assert_out(mc, A_FLOW A_FLOW);
    assert_int_equal(message_counters(mc->decoder)->refused, 1);
    assert_int_equal(message_counters(mc->decoder)->sessions, 2);
    case_close(mc);
}

static void flows_that_two_exporters_tell_of(void **state) {
    (void)state;
    for (enum case_out out = OUT_ALL; out <= OUT_FLOWS; out++) {
        struct message_case *mc = case_open(&(struct message_config){.deduplicate_us = 60 * SECOND}, out);
        const struct message_counters *counters = message_counters(mc->decoder);
        ipfix_make(&mc->message, 0, 1, true);
        for (unsigned i = 0; i < 3; i++)
            case_decode(mc, 1 + i % 2); /* the first, the second, the first */
        assert_int_equal(counters->flows, 2);
        assert_int_equal(counters->duplicates, 1);
        mc->now_us += 60 * SECOND;
        case_decode(mc, 2);
        assert_int_equal(counters->duplicates, 2);
        mc->now_us += SECOND; /* the first tells no longer: the second one's count now */
        case_decode(mc, 2);
        assert_int_equal(counters->flows, 3);
        case_decode(mc, 1);
        assert_int_equal(counters->duplicates, 3);
        assert_int_equal(counters->flows, 3);
        case_close(mc);
    }
}

/* In order: flowDirection, interfaces in and out. */
#define PLACE_FIELDS SECONDS_FIELDS, 61, 1, 10, 4, 14, 4, 138, 8
#define SEEN(direction, in, out, point) A_RECORD, direction, 1, in, 4, out, 4, point, 8

/* One router's two reports of a flow, and what looks like it. */
static void flows_reported_at_both_ends(void **state) {
    (void)state;
    static const struct {
        unsigned direction, in, out, point, counted; /* of the same flow, after the one before */
    } steps[] = {
        {0, 1, 2, 0, 1}, {1, 1, 2, 0, 0}, /* where it comes in, where it goes out */
        {0, 1, 2, 0, 1},                  /* it goes on */
        {0, 3, 2, 0, 1},                  /* by another link */
        {0, 3, 4, 0, 1}, {0, 4, 5, 0, 0}, /* into a tunnel, out of it */
        {0, 3, 4, 9, 0},                  /* another point */
    };
    for (enum case_out out = OUT_ALL; out <= OUT_FLOWS; out++) {
        struct message_case *mc = case_open(&(struct message_config){.deduplicate_us = 60 * SECOND}, out);
        uint64_t counted = 0;
        ipfix_begin(&mc->message, NOW, 0, 0);
        TEMPLATE(&mc->message, 2, 256, PLACE_FIELDS);
        ipfix_end(&mc->message);
        case_decode(mc, 1);
        for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++) {
            ipfix_begin(&mc->message, NOW, 0, 0);
            DATA(&mc->message, 256, SEEN(steps[i].direction, steps[i].in, steps[i].out, steps[i].point));
            ipfix_end(&mc->message);
            case_decode(mc, 1);
            counted += steps[i].counted;
            if (message_counters(mc->decoder)->flows != counted) fail_msg("step %u", i);
        }
        case_close(mc);
    }
}

static const struct exporter_line *line_of(const struct message_case *mc, struct message_report *report) {
    message_report_take(mc->decoder, report);
    assert_int_equal(report->n_exporters, 1);
    return &report->exporters[0];
}

/* What is wrong with an exporter, counted one by one. */
static void faults_of_an_exporter(void **state) {
    (void)state;
    struct message_case *mc = case_open(&(struct message_config){.max_skew_us = 60 * SECOND}, OUT_NEEDED);
    struct message_report *report = mem_zalloc(1, sizeof *report);
    ipfix_begin(&mc->message, NOW, 0, 0);
    TEMPLATE(&mc->message, 2, 256, PLACE_FIELDS);
    TEMPLATE(&mc->message, 2, 257, SECONDS_FIELDS, 48, 1);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    const struct exporter_line *line = line_of(mc, report);
    for (unsigned i = 0; i < EXPORTER_FAULTS; i++)
        assert_int_equal(line->faults[i], 0);
    static const struct {
        unsigned direction, in, out, faults; /* of both ends so far */
    } steps[] = {
        {0, 1, 2, 0}, {1, 3, 1, 0}, {1, 2, 1, 0}, {0, 1, 3, 0}, /* all that passes interface 1 */
        {1, 1, 2, 0}, {0, 1, 2, 1}, {0, 3, 2, 2}, {0, 2, 2, 2}, {0, 1, 0, 2},
    };
    for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        ipfix_begin(&mc->message, NOW, 0, 0);
        DATA(&mc->message, 256, SEEN(steps[i].direction, steps[i].in, steps[i].out, 0));
        ipfix_end(&mc->message);
        case_decode(mc, 1);
        if (line_of(mc, report)->faults[FAULT_BOTH_ENDS] != steps[i].faults) fail_msg("step %u", i);
    }
    /* Of sampler 0, which is none; of one that nobody has described. */
    for (unsigned sampler = 0; sampler < 2; sampler++) {
        ipfix_begin(&mc->message, NOW, 0, 0);
        DATA(&mc->message, 257, A_RECORD, sampler, 1);
        ipfix_end(&mc->message);
        case_decode(mc, 1);
        assert_int_equal(line_of(mc, report)->faults[FAULT_UNSCALED], sampler);
    }
    ipfix_begin(&mc->message, NOW, 0, 0);
    DATA(&mc->message, 300, 1, 4);
    DATA(&mc->message, 257, TUPLE, 0, 4, 0, 4, 7, 4, 700, 4, 0, 1);
    DATA(&mc->message, 257, RECORD(NOW, NOW - 3, 7, 700), 0, 1);
    DATA(&mc->message, 4, 1, 4);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    case_tick(mc, 40);
    line = line_of(mc, report);
    assert_int_equal(line->faults[FAULT_UNTEMPLATED], 1);
    assert_int_equal(line->faults[FAULT_MALFORMED], 1);
    assert_int_equal(line->faults[(unsigned)FAULT_TIMES + REASON_UNSET], 1);
    assert_int_equal(line->faults[(unsigned)FAULT_TIMES + REASON_FIXED], 1);
    assert_int_equal(message_counters(mc->decoder)->times[REASON_FIXED], 1);
    assert_int_equal(line->clock, 0);
    ipfix_begin(&mc->message, NOW - 7160, 0, 0);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_int_equal(line_of(mc, report)->clock, 7200);
    message_report_release(report);
    free(report);
    case_close(mc);
}

/* Where the flowDirection is not known, and where it is. */
static void who_reports(void **state) {
    (void)state;
    enum { U = DIRECTION_UNKNOWN, I = DIRECTION_INGRESS, E = DIRECTION_EGRESS };
    static const struct {
        struct reporter one, other;
        bool differ;
    } cases[] = {
        {{5, 1, 2, U}, {5, 1, 2, U}, false}, {{5, 1, 2, U}, {6, 1, 2, U}, true},  {{5, 1, 2, I}, {5, 1, 2, I}, false},
        {{5, 1, 2, I}, {5, 1, 2, E}, true},  {{5, 1, 2, U}, {5, 1, 2, E}, false}, {{5, 1, 2, U}, {5, 3, 2, U}, false},
        {{5, 1, 2, U}, {5, 1, 3, U}, false}, {{5, 1, 2, U}, {5, 2, 3, U}, true},  {{5, 2, 3, U}, {5, 1, 2, U}, true},
        {{5, 1, 2, U}, {5, 2, 1, U}, true},  {{5, 1, 1, U}, {5, 1, 1, U}, false}, {{5, 1, 0, U}, {5, 0, 2, U}, true},
        {{5, 0, 2, U}, {5, 1, 0, U}, true},  {{5, 1, 2, U}, {5, 1, 0, U}, false}, {{5, 1, 2, U}, {5, 0, 2, U}, false},
        {{5, 0, 0, U}, {5, 1, 2, U}, false}, {{5, 0, 0, I}, {5, 0, 0, E}, true},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (reporters_differ(&cases[i].one, &cases[i].other) != cases[i].differ) fail_msg("case %u", i);
        if (reporters_differ(&cases[i].other, &cases[i].one) != cases[i].differ) fail_msg("case %u turned", i);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_clock_is_made_right),
        cmocka_unit_test(garbage_is_no_problem),
        cmocka_unit_test(records_that_are_no_flows),
        cmocka_unit_test(records_of_nothing),
        cmocka_unit_test(what_cannot_be_counted_is_named),
        cmocka_unit_test(ipfix_times_since_boot),
        cmocka_unit_test(ipfix_sampling),
        cmocka_unit_test(sampling_by_selector_and_interface),
        cmocka_unit_test(sampling_by_a_sampler_unnamed),
        cmocka_unit_test(sampling_of_the_whole_exporter),
        cmocka_unit_test(configured_sampling_counts),
        cmocka_unit_test(gaps_are_lost),
        cmocka_unit_test(a_restart_is_no_loss),
        cmocka_unit_test(loss_is_told_now_and_then),
        cmocka_unit_test(exporters_that_are_not_listed),
        cmocka_unit_test(flows_that_two_exporters_tell_of),
        cmocka_unit_test(flows_reported_at_both_ends),
        cmocka_unit_test(who_reports),
        cmocka_unit_test(faults_of_an_exporter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
