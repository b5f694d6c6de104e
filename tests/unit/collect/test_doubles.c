/* Flows that one router reports twice in NetFlow v5. */
#include "collect/doubles.h"

#include "message_case.h"

enum { RECORD = 48 };

/* Of the flow's number, at such times and interfaces. */
static void record_make(uint8_t record[RECORD], uint32_t number, uint32_t first, uint32_t last, unsigned input,
                        unsigned output) {
    memset(record, 0, RECORD);
    be_put(record, 0x0a000001, 4);
    be_put(record + 4, 0x0a000002 + number, 4);
    be_put(record + 12, input, 2);
    be_put(record + 14, output, 2);
    be_put(record + 24, first, 4);
    be_put(record + 28, last, 4);
    be_put(record + 32, 1000, 2);
    be_put(record + 34, 80, 2);
    record[38] = 6;
}

/* The first flow of these that is looked at. */
static uint32_t number_find(struct doubles *doubles) {
    uint8_t record[RECORD];
    bool same;
    for (uint32_t number = 0;; number++) {
        record_make(record, number, 1000, 2000, 1, 2);
        (void)doubles_found(doubles, 7, record, &same);
        if (doubles_found(doubles, 7, record, &same)) return number;
    }
}

static void what_is_reported_twice(void **state) {
    (void)state;
    static const struct {
        uint32_t first, last, input, output;
        uint64_t exporter;
        bool found, same;
    } second[] = {
        {1000, 2000, 1, 2, 7, true, true},   {1500, 2500, 1, 2, 7, true, true},
        {2000, 2500, 1, 2, 7, false, false},                                      /* goes on */
        {500, 1000, 1, 2, 7, false, false},  {1000, 2000, 2, 3, 7, true, false},  /* passes twice */
        {1000, 2000, 3, 1, 7, true, false},  {1000, 2000, 3, 2, 7, false, false}, /* comes in by two links */
        {1000, 2000, 1, 3, 7, false, false},                                      /* goes out by two */
        {1000, 2000, 1, 2, 8, false, false},                                      /* another router */
        {1000, 2500, 1, 2, 7, false, false},                                      /* goes on, with its start kept */
        {1000, 2500, 2, 3, 7, false, false},
    };
    for (size_t i = 0; i < sizeof second / sizeof second[0]; i++) {
        struct doubles *doubles = doubles_new(42);
        uint8_t record[RECORD];
        bool same = false;
        uint32_t number = number_find(doubles);
        record_make(record, number, 1000, 2000, 1, 2);
        (void)doubles_found(doubles, 7, record, &same);
        same = false;
        record_make(record, number, second[i].first, second[i].last, second[i].input, second[i].output);
        if (doubles_found(doubles, second[i].exporter, record, &same) != second[i].found) fail_msg("case %zu", i);
        if (second[i].found) assert_int_equal(same, second[i].same);
        doubles_free(doubles);
    }
    /* Across the rollover of sysUpTime; and of one packet. */
    struct doubles *doubles = doubles_new(42);
    uint8_t record[RECORD];
    bool same;
    uint32_t number = number_find(doubles);
    record_make(record, number, UINT32_MAX - 10, 10, 1, 2);
    assert_false(doubles_found(doubles, 7, record, &same));
    record_make(record, number, UINT32_MAX - 5, 20, 1, 2);
    assert_true(doubles_found(doubles, 7, record, &same));
    record_make(record, number, 500, 500, 1, 2);
    assert_false(doubles_found(doubles, 7, record, &same));
    assert_true(doubles_found(doubles, 7, record, &same));
    record_make(record, number, 501, 501, 1, 2);
    assert_false(doubles_found(doubles, 7, record, &same));
    /* Without times. */
    record_make(record, number, 0, 0, 1, 2);
    assert_false(doubles_found(doubles, 7, record, &same));
    assert_false(doubles_found(doubles, 7, record, &same));
    doubles_free(doubles);
    doubles_free(NULL);
}

/* One in sixteen is looked at, whatever differs. */
static void one_in_so_many(void **state) {
    (void)state;
    struct doubles *doubles = doubles_new(42);
    uint8_t record[RECORD];
    unsigned found = 0;
    bool same;
    for (uint32_t number = 0; number < 16000; number++) {
        record_make(record, number, 1000, 2000, 1, 2);
        (void)doubles_found(doubles, 7, record, &same);
        found += doubles_found(doubles, 7, record, &same);
    }
    assert_in_range(found, 900, 1100);
    doubles_free(doubles);
}

/* The counter that the doctor goes by: of both reports, and not where deduplicate leaves one out. */
static void exporters_are_counted(void **state) {
    (void)state;
    static const struct {
        int64_t deduplicate_us;
        unsigned output;
        bool faults;
    } cases[] = {{0, 4, true}, {60 * SECOND, 4, true}, {0, 3, true}, {60 * SECOND, 3, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct message_case *mc =
            case_open(&(struct message_config){.deduplicate_us = cases[i].deduplicate_us}, OUT_FLOWS);
        struct message_report *report = mem_zalloc(1, sizeof *report);
        for (unsigned flow = 0; flow < 1000; flow++) {
            v5_begin(&mc->message, 5, 2, UPTIME, 2 * flow, 0);
            for (unsigned k = 0; k < 2; k++) {
                size_t at = mc->message.len;
                v5_record(&mc->message, 5, UPTIME - 9000, UPTIME - 1000);
                be_put(mc->message.at + at + 4, 0x0a010000 + flow, 4);
                if (k == 1 && cases[i].output != 4) { /* in by 4, which it left by, and out by another */
                    be_put(mc->message.at + at + 12, 4, 2);
                    be_put(mc->message.at + at + 14, 9, 2);
                }
            }
            case_decode(mc, 1);
        }
        message_report_take(mc->decoder, report);
        assert_int_equal(report->n_exporters, 1);
        if (cases[i].faults)
            assert_in_range(report->exporters[0].faults[FAULT_BOTH_ENDS], 50, 80);
        else
            assert_int_equal(report->exporters[0].faults[FAULT_BOTH_ENDS], 0);
        message_report_release(report);
        free(report);
        case_close(mc);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_reported_twice),
        cmocka_unit_test(one_in_so_many),
        cmocka_unit_test(exporters_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
