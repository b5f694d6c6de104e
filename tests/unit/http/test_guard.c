/* The hosts that are ours: addresses, localhost, the machine's name and those that are listed; nothing like them. */
#include "http/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void ours(void **state) {
    (void)state;
    char own[256] = "";
    static const char *const hosts[] = {"127.0.0.1",      "192.0.2.7", "[::1]",      "[2001:db8::7]",
                                        "localhost",      "LOCALHOST", "localhost.", "flows.example",
                                        "Flows.Example.", "flows",     "other"};
    assert_int_equal(gethostname(own, sizeof own - 1), 0);
    assert_true(guard_host_is_ours(own, NULL));
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++)
        if (!guard_host_is_ours(hosts[i], "flows.example, flows,other")) fail_msg("%s", hosts[i]);
}

static void others(void **state) {
    (void)state;
    static const char *const hosts[] = {"",
                                        ".",
                                        "evil.example",
                                        "127.0.0.1.evil.example",
                                        "localhost.evil.example",
                                        "evillocalhost",
                                        "flows.example.evil",
                                        "flows.exampl",
                                        "lows.example",
                                        "xflows",
                                        "flows.example, flows",
                                        ",",
                                        "::1",
                                        "[::1",
                                        "[]",
                                        "[localhost]",
                                        "[127.0.0.1]",
                                        "1",
                                        "0x7f000001",
                                        "127.1",
                                        "127.0.0.1 ",
                                        "localhost..",
                                        "[::1]x",
                                        "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]"};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++)
        if (guard_host_is_ours(hosts[i], "flows.example, flows")) fail_msg("%s", hosts[i]);
    assert_false(guard_host_is_ours("flows.example", NULL));
    assert_false(guard_host_is_ours("flows.example", ""));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(ours), cmocka_unit_test(others)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
