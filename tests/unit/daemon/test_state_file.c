/* State files are replaced whole, or not at all. */
#include "daemon/state_file.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

enum { LARGE = 10000, ROOM = 5000 };

static char folder[] = "/tmp/flowimport-test-XXXXXX", path[64], fresh[72];

static void is_read_as_it_was_written(void **state) {
    struct buffer text = BUFFER_INIT, read = BUFFER_INIT;
    struct error error = {""};
    (void)state;
    assert_int_equal(state_file_read(path, &read, &error), 0); /* none yet */
    assert_int_equal(read.len, 0);
    buffer_add_text(&text, "what was known\n");
    assert_int_equal(state_file_replace(path, &text, &error), 0);
    assert_int_equal(state_file_read(path, &read, &error), 0);
    assert_string_equal(read.data, text.data);
    buffer_release(&text);
    buffer_release(&read);
}

/* The disk takes a part of it at first, and then no more. */
static void a_full_disk_leaves_the_old_one_and_is_named(void **state) {
    struct buffer text = BUFFER_INIT, read = BUFFER_INIT;
    struct rlimit before, limit;
    struct error error = {""};
    char expected[128];
    (void)state;
    for (unsigned i = 0; i < LARGE; i++)
        buffer_add_text(&text, "x");
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = ROOM;
    setrlimit(RLIMIT_FSIZE, &limit);
    int result = state_file_replace(path, &text, &error);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(result, -1);
    snprintf(expected, sizeof expected, "%s: File too large", path);
    assert_string_equal(error.text, expected);
    assert_int_equal(state_file_read(path, &read, &error), 0);
    assert_string_equal(read.data, "what was known\n");
    buffer_release(&text);
    buffer_release(&read);
}

static int setup(void **state) {
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/state", folder);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    unlink(fresh);
    unlink(path);
    return rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_read_as_it_was_written),
        cmocka_unit_test(a_full_disk_leaves_the_old_one_and_is_named),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
