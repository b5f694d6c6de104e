/* What modules show: the exact text of both renderings. */
#include "base/show.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void example_show(struct show *show) {
    struct show_durations durations = {.sum_us = 0};
    static const int64_t took[] = {1, 100000, 100001, 299999999, 300000000, 300000001};
    for (unsigned i = 0; i < sizeof took / sizeof took[0]; i++)
        show_durations_add(&durations, took[i]);
    show_module(show, "queue");
    show_gauge(show, "length", "Entries that wait.", UINT64_MAX);
    show_family(show, SHOW_COUNTER, "rejected_total", "reason", "Rejected, by reason.");
    show_member(show, "not-json", 0);
    show_member(show, "\"\\\n\t\x7f\xc3\xa4", 7);
    show_bool(show, "connected", true);
    show_bool(show, "stopping", false);
    show_text(show, "error", "a \"b\"\\\n\x01\xff");
    show_text(show, "none", NULL);
    show_info(show, "info", "consumer", "Who.", "o\"ne");
    show_module(show, "empty");
    show_module(show, "flush");
    show_histogram(show, "seconds", "Time.", &durations);
    show_counter(show, "total", "All.", 3);
    show_standard_module(show, "process");
    show_seconds(show, SHOW_COUNTER, "cpu_seconds_total", "Time.", 61000001);
    show_seconds(show, SHOW_GAUGE, "age_seconds", "Age.", -5);
}

static void is_shown(enum show_format format, const char *expected) {
    struct buffer out = BUFFER_INIT;
    struct show show;
    show_begin(&show, format, &out);
    example_show(&show);
    show_end(&show);
    assert_string_equal(out.data, expected);
    buffer_release(&out);
}

static void as_prometheus_text(void **state) {
    (void)state;
    is_shown(SHOW_PROMETHEUS, "# HELP flowimport_queue_length Entries that wait.\n"
                              "# TYPE flowimport_queue_length gauge\n"
                              "flowimport_queue_length 18446744073709551615\n"
                              "# HELP flowimport_queue_rejected_total Rejected, by reason.\n"
                              "# TYPE flowimport_queue_rejected_total counter\n"
                              "flowimport_queue_rejected_total{reason=\"not-json\"} 0\n"
                              "flowimport_queue_rejected_total{reason=\"\\\"\\\\\\n?\x7f\xc3\xa4\"} 7\n"
                              "# HELP flowimport_queue_info Who.\n"
                              "# TYPE flowimport_queue_info gauge\n"
                              "flowimport_queue_info{consumer=\"o\\\"ne\"} 1\n"
                              "# HELP flowimport_flush_seconds Time.\n"
                              "# TYPE flowimport_flush_seconds histogram\n"
                              "flowimport_flush_seconds_bucket{le=\"0.1\"} 2\n"
                              "flowimport_flush_seconds_bucket{le=\"0.5\"} 3\n"
                              "flowimport_flush_seconds_bucket{le=\"1\"} 3\n"
                              "flowimport_flush_seconds_bucket{le=\"5\"} 3\n"
                              "flowimport_flush_seconds_bucket{le=\"30\"} 3\n"
                              "flowimport_flush_seconds_bucket{le=\"60\"} 3\n"
                              "flowimport_flush_seconds_bucket{le=\"300\"} 5\n"
                              "flowimport_flush_seconds_bucket{le=\"+Inf\"} 6\n"
                              "flowimport_flush_seconds_sum 900.200002\n"
                              "flowimport_flush_seconds_count 6\n"
                              "# HELP flowimport_flush_total All.\n"
                              "# TYPE flowimport_flush_total counter\n"
                              "flowimport_flush_total 3\n"
                              "# HELP process_cpu_seconds_total Time.\n"
                              "# TYPE process_cpu_seconds_total counter\n"
                              "process_cpu_seconds_total 61.000001\n"
                              "# HELP process_age_seconds Age.\n"
                              "# TYPE process_age_seconds gauge\n"
                              "process_age_seconds 0.000000\n");
}

static void as_json(void **state) {
    (void)state;
    is_shown(SHOW_JSON, "{\n"
                        "  \"queue\": {\n"
                        "    \"length\": 18446744073709551615,\n"
                        "    \"rejected_total\": {\n"
                        "      \"not-json\": 0,\n"
                        "      \"\\\"\\\\\\n?\x7f\xc3\xa4\": 7\n"
                        "    },\n"
                        "    \"connected\": true,\n"
                        "    \"stopping\": false,\n"
                        "    \"error\": \"a \\\"b\\\"\\\\\\n??\",\n"
                        "    \"none\": null,\n"
                        "    \"consumer\": \"o\\\"ne\"\n"
                        "  },\n"
                        "  \"empty\": {\n"
                        "  },\n"
                        "  \"flush\": {\n"
                        "    \"seconds\": {\n"
                        "      \"0.1\": 2,\n"
                        "      \"0.5\": 3,\n"
                        "      \"1\": 3,\n"
                        "      \"5\": 3,\n"
                        "      \"30\": 3,\n"
                        "      \"60\": 3,\n"
                        "      \"300\": 5,\n"
                        "      \"+Inf\": 6,\n"
                        "      \"sum\": 900.200002,\n"
                        "      \"count\": 6\n"
                        "    },\n"
                        "    \"total\": 3\n"
                        "  },\n"
                        "  \"process\": {\n"
                        "    \"cpu_seconds_total\": 61.000001,\n"
                        "    \"age_seconds\": 0.000000\n"
                        "  }\n"
                        "}\n");
}

/* RFC 3629: whole characters pass, and nothing else does. */
static void texts_are_utf8(void **state) {
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"", ""},
        {"\xc2\x80\xdf\xbf", "\xc2\x80\xdf\xbf"},
        {"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80", "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80"},
        {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
        {"\x80", "?"},
        {"\xc1\xbf", "??"},
        {"\xe0\x9f\xbf", "???"},
        {"\xed\xa0\x80", "???"},
        {"\xf0\x8f\xbf\xbf", "????"},
        {"\xf4\x90\x80\x80", "????"},
        {"\xf5\x80\x80\x80", "????"},
        {"\xc3", "?"},
        {"\xe2\x82", "??"},
        {"\xf0\x9f\x98", "???"},
        {"\xe2\x82z", "??z"},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer out = BUFFER_INIT, expected = BUFFER_INIT;
        struct show show;
        show_begin(&show, SHOW_JSON, &out);
        show_module(&show, "m");
        show_text(&show, "t", cases[i].text);
        show_end(&show);
        buffer_printf(&expected, "{\n  \"m\": {\n    \"t\": \"%s\"\n  }\n}\n", cases[i].shown);
        assert_string_equal(out.data, expected.data);
        buffer_release(&out);
        buffer_release(&expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_prometheus_text),
        cmocka_unit_test(as_json),
        cmocka_unit_test(texts_are_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
