/* Log lines: their form, levels, repetitions, and what a stranger's bytes may do to them. */
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "capture.h"

static int64_t now_us;

static int64_t test_now_us(const struct clock *clock) {
    (void)clock;
    return now_us;
}

static const struct clock test_clock = {test_now_us};

static int set_up(void **state) {
    (void)state;
    now_us = INT64_C(1795429230) * 1000000; /* 2026-11-23T10:20:30Z */
    unsetenv("JOURNAL_STREAM");
    log_set_clock(&test_clock);
    log_init("prog", LOG_TARGET_STDERR, LOG_LEVEL_NOTICE);
    return 0;
}

/* Compares and frees what was captured; %d in the expected text is our pid. */
static void expect(struct capture *capture, const char *format) {
    char expected[8192] = "", *actual = capture_end(capture);
    for (const char *c = format; *c; c++) {
        size_t len = strlen(expected);
        if (c[0] == '%' && c[1] == 'd')
            snprintf(expected + len, sizeof expected - len, "%ld", (long)getpid());
        else
            snprintf(expected + len, sizeof expected - len, "%c", *c);
        if (c[0] == '%' && c[1] == 'd') c++;
    }
    assert_string_equal(actual, expected);
    free(actual);
}

static void line_has_time_program_level_subsystem(void **state) {
    (void)state;
    struct capture capture = capture_begin(STDERR_FILENO);
    log_notice("queue", "redis://localhost:6379/%d: connected", 0);
    log_error("store", "gone");
    expect(&capture, "2026-11-23T10:20:30Z prog[%d]: notice: queue: redis://localhost:6379/0: connected\n"
                     "2026-11-23T10:20:30Z prog[%d]: error: store: gone\n");
}

static void lesser_levels_are_not_written(void **state) {
    (void)state;
    struct capture capture = capture_begin(STDERR_FILENO);
    log_info("a", "info");
    log_debug("a", "debug");
    assert_false(log_wants(LOG_LEVEL_INFO));
    log_init("prog", LOG_TARGET_STDERR, LOG_LEVEL_DEBUG);
    assert_true(log_wants(LOG_LEVEL_DEBUG));
    log_debug("a", "debug");
    log_init("prog", LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
    log_warning("a", "warning");
    expect(&capture, "2026-11-23T10:20:30Z prog[%d]: debug: a: debug\n");
}

static void same_line_is_counted(void **state) {
    (void)state;
    struct capture capture = capture_begin(STDERR_FILENO);
    for (int i = 0; i < 4; i++)
        log_notice("b", "again");
    now_us += 9999999;
    log_notice("b", "again");
    now_us += 1;
    log_notice("b", "again");
    log_notice("b", "again");
    log_notice("c", "again");
    log_warning("c", "again");
    expect(&capture, "2026-11-23T10:20:30Z prog[%d]: notice: b: again\n"
                     "2026-11-23T10:20:40Z prog[%d]: notice: b: the last line was repeated 4 times\n"
                     "2026-11-23T10:20:40Z prog[%d]: notice: b: again\n"
                     "2026-11-23T10:20:40Z prog[%d]: notice: b: the last line was repeated 1 time\n"
                     "2026-11-23T10:20:40Z prog[%d]: notice: c: again\n"
                     "2026-11-23T10:20:40Z prog[%d]: warning: c: again\n");
}

static void clock_set_back_does_not_hide_lines(void **state) {
    (void)state;
    struct capture capture = capture_begin(STDERR_FILENO);
    log_notice("d", "again");
    now_us -= 3600000000;
    log_notice("d", "again");
    expect(&capture, "2026-11-23T10:20:30Z prog[%d]: notice: d: again\n"
                     "2026-11-23T09:20:30Z prog[%d]: notice: d: again\n");
}

static void control_characters_are_masked(void **state) {
    (void)state;
    struct capture capture = capture_begin(STDERR_FILENO);
    log_notice("e", "a\nb\033[31mc\td\177\303\244");
    expect(&capture, "2026-11-23T10:20:30Z prog[%d]: notice: e: a?b?[31mc?d?\303\244\n");
}

static void long_text_is_cut(void **state) {
    (void)state;
    char text[5000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct capture capture = capture_begin(STDERR_FILENO);
    log_notice("f", "%s", text);
    char expected[4096];
    snprintf(expected, sizeof expected, "2026-11-23T10:20:30Z prog[%%d]: notice: f: %.2047s\n", text);
    expect(&capture, expected);
}

static void journal_gets_levels_as_prefixes(void **state) {
    (void)state;
    struct capture capture = capture_begin(STDERR_FILENO);
    struct stat status;
    char stream[64];
    assert_int_equal(fstat(STDERR_FILENO, &status), 0);
    snprintf(stream, sizeof stream, "%lu:%lu", (unsigned long)status.st_dev, (unsigned long)status.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_init("prog", LOG_TARGET_STDERR, LOG_LEVEL_DEBUG);
    log_error("g", "one");
    log_debug("g", "two");
    setenv("JOURNAL_STREAM", "1:1", 1); /* the journal is another descriptor's */
    log_init("prog", LOG_TARGET_STDERR, LOG_LEVEL_DEBUG);
    log_info("g", "three");
    expect(&capture, "<3>g: one\n<7>g: two\n2026-11-23T10:20:30Z prog[%d]: info: g: three\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(line_has_time_program_level_subsystem, set_up),
        cmocka_unit_test_setup(lesser_levels_are_not_written, set_up),
        cmocka_unit_test_setup(same_line_is_counted, set_up),
        cmocka_unit_test_setup(clock_set_back_does_not_hide_lines, set_up),
        cmocka_unit_test_setup(control_characters_are_masked, set_up),
        cmocka_unit_test_setup(long_text_is_cut, set_up),
        cmocka_unit_test_setup(journal_gets_levels_as_prefixes, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
