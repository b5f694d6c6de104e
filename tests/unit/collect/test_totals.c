/* Totals that are told again and again, and flows that stand for weeks: what is counted, and from when on. */
#include "collect/totals.h"

#include "message_case.h"

#define MS UINT64_C(1000)
#define BEGUN_FIELDS TUPLE_FIELDS, 152, 8, 153, 8
#define BEGUN(start) TUPLE, (start) * MS, 8, (NOW) * MS, 8

static struct message_case *totals_open(enum case_out what, size_t memory) {
    struct message_case *mc = case_open(&(struct message_config){.memory = memory, .longest_us = 86400 * SECOND}, what);
    ipfix_begin(&mc->message, NOW, 0, 0);
    TEMPLATE(&mc->message, 2, 256, BEGUN_FIELDS, 85, 8, 86, 4);
    TEMPLATE(&mc->message, 2, 257, TUPLE_FIELDS, 85, 4, 86, 4);
    TEMPLATE(&mc->message, 2, 258, BEGUN_FIELDS, 148, 4, 85, 8, 86, 4);
    TEMPLATE(&mc->message, 2, 259, BEGUN_FIELDS, 85, 8, 171, 8, 86, 4);
    TEMPLATE(&mc->message, 2, 260, BEGUN_FIELDS, 1, 8, 2, 8);
    TEMPLATE(&mc->message, 2, 261, BEGUN_FIELDS, 10, 4, 61, 1, 85, 8, 86, 4);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    return mc;
}

/* One record, a minute after the last one. */
#define SEND_FROM(mc, exporter, template, ...)                                                                         \
    do {                                                                                                               \
        mc->now_us += 60 * SECOND;                                                                                     \
        ipfix_begin(&mc->message, (uint32_t)(mc->now_us / SECOND), 0, 0);                                              \
        DATA(&mc->message, template, __VA_ARGS__);                                                                     \
        ipfix_end(&mc->message);                                                                                       \
        case_decode(mc, exporter);                                                                                     \
    } while (0)
#define SEND(mc, template, ...) SEND_FROM(mc, 1, template, __VA_ARGS__)
/* Of flows: protocol's last byte, times, octets and packets in the layout's order. */
#define OUT(start, octets, packets) "0 6 " #start "-1700000000 " #packets " " #octets "\n"

static void differences(void **state) {
    (void)state;
    struct message_case *mc = totals_open(OUT_FLOWS, 8 << 20);
    const struct message_counters *counters = message_counters(mc->decoder);
    SEND(mc, 256, BEGUN(NOW - 90), 1000, 8, 10, 4);
    assert_out(mc, OUT(1699999910, 1000, 10));
    SEND(mc, 256, BEGUN(NOW - 90), 2500, 8, 25, 4);
    assert_out(mc, OUT(1700000000, 1500, 15)); /* since the last one was told, which was later than its end */
    SEND(mc, 256, BEGUN(NOW - 90), 2500, 8, 25, 4);
    assert_out(mc, "");
    SEND(mc, 256, BEGUN(NOW - 90), 2000, 8, 20, 4); /* came late */
    assert_out(mc, "");
    assert_int_equal(counters->ignored[IGNORED_COUNTED_BEFORE], 2);
    SEND(mc, 256, BEGUN(NOW - 90), 2501, 8, 25, 4);
    assert_out(mc, OUT(1700000000, 1, 0));
    /* The same ports again. */
    SEND(mc, 256, BEGUN(NOW - 5), 4000, 8, 40, 4);
    assert_out(mc, OUT(1699999995, 4000, 40));
    assert_int_equal(counters->flows, 4);
    assert_int_equal(counters->times[REASON_CLIPPED], 0);
    case_close(mc);
}

static void which_flow(void **state) {
    (void)state;
    struct message_case *mc = totals_open(OUT_FLOWS, 8 << 20);
    SEND(mc, 258, BEGUN(NOW - 9), 1, 4, 1000, 8, 10, 4);
    assert_out(mc, OUT(1699999991, 1000, 10));
    SEND(mc, 258, BEGUN(NOW - 9), 2, 4, 1500, 8, 15, 4); /* another id */
    assert_out(mc, OUT(1699999991, 1500, 15));
    SEND(mc, 258, BEGUN(NOW - 9), 1, 4, 1700, 8, 17, 4);
    assert_out(mc, OUT(1700000000, 700, 7));
    SEND(mc, 261, BEGUN(NOW - 9), 1, 4, 0, 1, 1000, 8, 10, 4);
    assert_out(mc, OUT(1699999991, 1000, 10));
    SEND(mc, 261, BEGUN(NOW - 9), 1, 4, 1, 1, 1000, 8, 10, 4); /* the other direction of an interface */
    assert_out(mc, OUT(1699999991, 1000, 10));
    SEND(mc, 261, BEGUN(NOW - 9), 2, 4, 0, 1, 1000, 8, 10, 4); /* another interface */
    assert_out(mc, OUT(1699999991, 1000, 10));
    ipfix_begin(&mc->message, NOW, 0, 0);
    TEMPLATE(&mc->message, 2, 258, BEGUN_FIELDS, 148, 4, 85, 8, 86, 4);
    ipfix_end(&mc->message);
    case_decode(mc, 2);
    SEND_FROM(mc, 2, 258, BEGUN(NOW - 9), 1, 4, 1000, 8, 10, 4); /* another exporter */
    assert_out(mc, OUT(1699999991, 1000, 10));
    case_close(mc);
}

/* Without a start. The times are those of the messages. */
static void unknown_begin(void **state) {
    (void)state;
    struct message_case *mc = totals_open(OUT_FLOWS, 8 << 20);
    SEND(mc, 257, TUPLE, 1000, 4, 10, 4);
    assert_out(mc, "0 6 1700000060-1700000060 10 1000\n");
    SEND(mc, 257, TUPLE, 1500, 4, 12, 4);
    assert_out(mc, "0 6 1700000120-1700000120 2 500\n");
    SEND(mc, 257, TUPLE, 1400, 4, 12, 4); /* another flow */
    assert_out(mc, "0 6 1700000180-1700000180 12 1400\n");
    /* Counters that begin again at 0. */
    SEND(mc, 257, TUPLE, UINT32_MAX - 99, 4, 20, 4);
    assert_out(mc, "0 6 1700000240-1700000240 8 4294965796\n");
    SEND(mc, 257, TUPLE, 100, 4, 25, 4);
    assert_out(mc, "0 6 1700000300-1700000300 5 200\n");
    case_close(mc);
}

/* Counters of both sides of a router: the difference is of the one that counts. */
static void before_and_behind(void **state) {
    (void)state;
    struct message_case *mc = totals_open(OUT_FLOWS, 8 << 20);
    SEND(mc, 259, BEGUN(NOW - 9), 1000, 8, 1000, 8, 10, 4);
    assert_out(mc, OUT(1699999991, 1000, 10));
    SEND(mc, 259, BEGUN(NOW - 9), 1000, 8, 1000, 8, 11, 4);
    assert_out(mc, OUT(1700000000, 0, 1));
    SEND(mc, 259, BEGUN(NOW - 8), 0, 8, 1000, 8, 10, 4);
    assert_out(mc, OUT(1699999992, 1000, 10));
    SEND(mc, 259, BEGUN(NOW - 8), 0, 8, 1600, 8, 11, 4);
    assert_out(mc, OUT(1700000000, 600, 1));
    case_close(mc);
}

static void weeks(void **state) {
    (void)state;
    enum { WEEKS = NOW - 30 * 86400, DAY_AGO = NOW - 86400 };
    struct message_case *mc = totals_open(OUT_FLOWS, 8 << 20);
    const struct message_counters *counters = message_counters(mc->decoder);
    mc->now_us = (NOW - 180) * SECOND;
    SEND(mc, 260, BEGUN(WEEKS), 1000, 8, 10, 8);
    assert_out(mc, OUT(1699913600, 1000, 10)); /* the longest that a flow can be */
    SEND(mc, 260, BEGUN(WEEKS), 1000, 8, 10, 8);
    assert_out(mc, OUT(1699999880, 1000, 10)); /* since the last record */
    SEND(mc, 260, BEGUN(WEEKS), 1000, 8, 10, 8);
    assert_out(mc, OUT(1699999940, 1000, 10));
    assert_int_equal(counters->times[REASON_CLIPPED], 3);
    assert_int_equal(DAY_AGO, 1699913600);
    case_close(mc);
    /* As entries: the same. */
    mc = totals_open(OUT_NEEDED, 8 << 20);
    mc->now_us = (NOW - 120) * SECOND;
    SEND(mc, 260, BEGUN(WEEKS), 1000, 8, 10, 8);
    assert_out(mc, FLOW(1699913600, 1700000000, 10, 1000));
    SEND(mc, 260, BEGUN(WEEKS), 1000, 8, 10, 8);
    assert_out(mc, FLOW(1699999940, 1700000000, 10, 1000));
    assert_int_equal(message_counters(mc->decoder)->times[REASON_CLIPPED], 2);
    /* Totals of weeks are of weeks: nobody knows which of them came today. */
    SEND(mc, 256, BEGUN(WEEKS + 1), 1000, 8, 10, 4);
    assert_out(mc, FLOW(1697408001, 1700000000, 10, 1000));
    mc->now_us = NOW * SECOND;
    SEND(mc, 256, BEGUN(WEEKS + 1), 1500, 8, 15, 4);
    assert_out(mc, FLOW(1700000000, 1700000000, 5, 500));
    case_close(mc);
}

/* Who sends no totals pays for no table; it never grows, and of many flows some are forgotten and count twice. */
static void memory_has_a_limit(void **state) {
    (void)state;
    enum { FLOWS = 20000, ENTRIES = (1 << 16) / 56 };
    struct message_case *mc = totals_open(OUT_FLOWS, 1 << 20);
    SEND(mc, 260, BEGUN(NOW - 9), 1000, 8, 10, 8);
    assert_out(mc, OUT(1699999991, 1000, 10));
    size_t without = message_counters(mc->decoder)->memory;
    SEND(mc, 258, BEGUN(NOW - 9), 0, 4, 10, 8, 1, 4);
    size_t memory = message_counters(mc->decoder)->memory;
    struct counted *like = counted_new(1 << 16, 0);
    assert_true(memory - without >= counted_bytes(like));
    assert_in_range(counted_bytes(like), 1 << 15, (1 << 16) + COUNTED_RECORD_MAX + 64);
    counted_free(like);
    for (unsigned i = 1; i < 2 * FLOWS; i++) {
        mc->now_us -= 60 * SECOND;
        SEND(mc, 258, BEGUN(NOW - 9), i % FLOWS, 4, 10, 8, 1, 4);
    }
    assert_int_equal(message_counters(mc->decoder)->held, 0);
    assert_int_equal(message_counters(mc->decoder)->memory, memory);
    assert_in_range(message_counters(mc->decoder)->flows, 2 * FLOWS - ENTRIES, 2 * FLOWS + 1);
    /* The last ones are remembered. */
    SEND(mc, 258, BEGUN(NOW - 9), FLOWS - 1, 4, 10, 8, 1, 4);
    assert_in_range(message_counters(mc->decoder)->ignored[IGNORED_COUNTED_BEFORE], 1, ENTRIES);
    case_close(mc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(differences),       cmocka_unit_test(which_flow), cmocka_unit_test(unknown_begin),
        cmocka_unit_test(before_and_behind), cmocka_unit_test(weeks),      cmocka_unit_test(memory_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
