/* A file that grows: whole lines alone, its rotation by renaming and by cutting, and where an earlier run ended. */
#include "files/tail.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "flow/entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { QUIET = 1000000 };

static char folder[64], path[96];
static int64_t now;

static const char *beside(const char *suffix) {
    static char name[128];
    snprintf(name, sizeof name, "%s%s", path, suffix);
    return name;
}

static int setup(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test_tail.XXXXXX");
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/log", folder);
    log_init("test", LOG_TARGET_STDERR, (enum log_level)0);
    now = 1;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    DIR *listing = opendir(folder);
    char name[400];
    for (const struct dirent *entry; (entry = readdir(listing));) {
        snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
        unlink(name);
    }
    closedir(listing);
    return rmdir(folder);
}

static void append(const char *name, const char *text) {
    FILE *file = fopen(name, "a");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* Sets when it was changed last, in seconds since 1970. */
static void changed(const char *name, time_t seconds) {
    struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    assert_int_equal(utimensat(AT_FDCWD, name, times, 0), 0);
}

static struct tail *opened(const char *label, uint64_t position) {
    struct error error;
    struct tail *tail = tail_open(path, label, position, &error);
    if (!tail) fail_msg("%s", error.text);
    return tail;
}

static int next(struct tail *tail, const char **text, size_t *len) {
    struct error error;
    int found = tail_next(tail, now, text, len, &error);
    if (found < 0) fail_msg("%s", error.text);
    return found;
}

static void expect_file(struct tail *tail, uint64_t position) {
    const char *text;
    size_t len;
    assert_int_equal(next(tail, &text, &len), TAIL_FILE);
    assert_int_equal(tail_position(tail), position);
    assert_string_not_equal(tail_label(tail), "");
}

static void expect(struct tail *tail, const char *line, uint64_t position) {
    const char *text;
    size_t len;
    assert_int_equal(next(tail, &text, &len), TAIL_LINE);
    assert_int_equal(len, strlen(line));
    assert_memory_equal(text, line, len);
    assert_int_equal(tail_position(tail), position);
}

static void expect_none(struct tail *tail) {
    const char *text;
    size_t len;
    assert_int_equal(next(tail, &text, &len), TAIL_NONE);
}

static void a_line_counts_when_it_is_whole(void **state) {
    (void)state;
    append(path, "");
    struct tail *tail = opened("", 0);
    expect_none(tail);
    append(path, "on");
    expect_none(tail);
    append(path, "e\r\n\ntw");
    expect_file(tail, 0);
    expect(tail, "one", 5);
    expect(tail, "", 6);
    expect_none(tail);
    append(path, "o\n");
    expect(tail, "two", 10);
    expect_none(tail);
    tail_close(tail);
}

static void goes_on_where_it_was(void **state) {
    (void)state;
    append(path, "one\ntwo\nthree\n");
    struct tail *tail = opened("", 0);
    expect_file(tail, 0);
    expect(tail, "one", 4);
    char label[TAIL_LABEL_MAX];
    snprintf(label, sizeof label, "%s", tail_label(tail));
    tail_close(tail);
    tail = opened(label, 4);
    expect_file(tail, 4);
    assert_string_equal(tail_label(tail), label);
    expect(tail, "two", 8);
    tail_close(tail);
    tail = opened("1-0123456789abcdef", 4); /* of a file that is gone */
    expect_file(tail, 0);
    expect(tail, "one", 4);
    tail_close(tail);
}

/* What the writer adds to the renamed file before it changes over is read; so is a last line without its end. */
static void renamed(void **state) {
    (void)state;
    append(path, "one\n");
    struct tail *tail = opened("", 0);
    expect_file(tail, 0);
    expect(tail, "one", 4);
    expect_none(tail);
    char old[TAIL_LABEL_MAX];
    snprintf(old, sizeof old, "%s", tail_label(tail));
    assert_int_equal(rename(path, beside(".1")), 0);
    now += QUIET * 5;
    expect_none(tail); /* there is no new file yet */
    append(path, "three\n");
    expect_none(tail);
    now += QUIET - 1;
    append(beside(".1"), "two");
    expect_none(tail);
    now += QUIET - 1;
    expect_none(tail);
    now += 1;
    expect(tail, "two", 7);
    expect_file(tail, 0);
    assert_string_not_equal(tail_label(tail), old);
    expect(tail, "three", 6);
    expect_none(tail);
    tail_close(tail);
}

/* Renamed more than once while nobody looked. */
static void renamed_meanwhile(void **state) {
    (void)state;
    append(path, "one\ntwo\n");
    struct tail *tail = opened("", 0);
    expect_file(tail, 0);
    expect(tail, "one", 4);
    char label[TAIL_LABEL_MAX];
    snprintf(label, sizeof label, "%s", tail_label(tail));
    tail_close(tail);
    rename(path, beside(".3"));
    append(beside(".4"), "before\n");
    append(beside(".2"), "three\n");
    append(beside(".1"), "four\n");
    append(beside(".1.gz"), "packed\n");
    append(beside(".tmp"), "foreign\n");
    append(path, "five\n");
    changed(beside(".4"), 1000);
    changed(beside(".3"), 2000);
    changed(beside(".2"), 3000);
    changed(beside(".1"), 4000);
    changed(path, 5000);
    static const char *const lines[] = {"three", "four", "five"};
    tail = opened(label, 4);
    expect_file(tail, 4);
    expect(tail, "two", 8);
    for (unsigned i = 0; i < 3; i++) {
        expect_none(tail);
        now += QUIET;
        expect_file(tail, 0);
        expect(tail, lines[i], strlen(lines[i]) + 1);
    }
    expect_none(tail);
    now += QUIET;
    expect_none(tail);
    tail_close(tail);
}

static void cut_and_written_anew(void **state) {
    (void)state;
    append(path, "one\ntwo\nhal");
    struct tail *tail = opened("", 0);
    expect_file(tail, 0);
    expect(tail, "one", 4);
    expect(tail, "two", 8);
    expect_none(tail);
    assert_int_equal(truncate(path, 0), 0);
    expect_none(tail);
    append(path, "new\n");
    expect_file(tail, 0);
    expect(tail, "new", 4);
    assert_int_equal(truncate(path, 0), 0); /* and longer than before when it is looked at again */
    append(path, "other\nlines\n");
    expect_file(tail, 0);
    expect(tail, "other", 6);
    expect(tail, "lines", 12);
    expect_none(tail);
    tail_close(tail);
}

static void absent_or_no_file(void **state) {
    (void)state;
    struct error error;
    assert_null(tail_open(path, "", 0, &error));
    assert_non_null(strstr(error.text, path));
    assert_null(tail_open(folder, "", 0, &error));
    assert_non_null(strstr(error.text, "not a regular file"));
}

/* Its head, and its length; what follows is found where it stands. */
static void of_an_overlong_line_the_head_is_returned(void **state) {
    (void)state;
    static char part[(1 << 20) + 1];
    struct error error;
    const char *text;
    size_t len;
    memset(part, 'x', sizeof part - 1);
    append(path, "one\n");
    for (unsigned i = 0; i < 17; i++)
        append(path, part);
    struct tail *tail = opened("", 0);
    expect_file(tail, 0);
    expect(tail, "one", 4);
    expect_none(tail);
    append(path, "yz\ntwo\n");
    assert_int_equal(tail_next(tail, now, &text, &len, &error), TAIL_LINE);
    assert_int_equal(len, (17 << 20) + 2);
    assert_memory_equal(text, part, ENTRY_HEAD_BYTES);
    assert_int_equal(tail_position(tail), 4 + len + 1);
    expect(tail, "two", 4 + len + 1 + 4);
    expect_none(tail);
    tail_close(tail);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_line_counts_when_it_is_whole),
        TEST(goes_on_where_it_was),
        TEST(renamed),
        TEST(renamed_meanwhile),
        TEST(cut_and_written_anew),
        TEST(absent_or_no_file),
        TEST(of_an_overlong_line_the_head_is_returned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
