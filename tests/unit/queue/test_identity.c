/* Tokens: written, read, and whom a process can know to be dead. */
#include "queue/identity.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct identity some = {.host = "a/b",
                                     .pid = 7,
                                     .random = "000102030405060708090a0b0c0d0e0f",
                                     .boot = "01234567-89ab-cdef-0123-456789abcdef",
                                     .pid_namespace = 4026531836};
#define SOME "a/b/7/000102030405060708090a0b0c0d0e0f/01234567-89ab-cdef-0123-456789abcdef/4026531836"

static void a_token_is_written_and_read(void **state) {
    (void)state;
    char token[IDENTITY_TOKEN_MAX];
    struct identity read;
    identity_write(&some, token);
    assert_string_equal(token, SOME);
    assert_true(identity_read(&read, token));
    assert_memory_equal(&read, &some, sizeof some);
}

static void of_this_process(void **state) {
    (void)state;
    const uint8_t random[IDENTITY_RANDOM] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff};
    struct identity a, b;
    identity_init(&a, random);
    identity_init(&b, (const uint8_t[IDENTITY_RANDOM]){1});
    assert_string_equal(a.random, "000102030405060708090a0b0c0d0eff");
    assert_string_not_equal(a.random, b.random);
    assert_string_equal(a.boot, b.boot);
    assert_int_equal(identity_sees(&a, &b), strcmp(a.boot, "-") != 0 && a.pid_namespace != 0);
}

static void who_is_dead(void **state) {
    (void)state;
    struct identity self = some, other = some;
    self.pid = getpid();
    static const struct {
        int64_t pid;
        bool elsewhere, dead;
    } cases[] = {
        {999999999, false, true}, {999999999, true, false}, {1, false, false}, {0, false, false}, {-1, false, false}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        other.pid = cases[i].pid;
        other.pid_namespace = some.pid_namespace + cases[i].elsewhere;
        assert_int_equal(identity_is_dead(&self, &other), cases[i].dead);
    }
    other.pid = self.pid; /* it had our PID before us */
    other.pid_namespace = self.pid_namespace;
    assert_true(identity_is_dead(&self, &other));
}

static void what_is_no_token(void **state) {
    (void)state;
    static const struct {
        const char *token, *host;
        int64_t pid;
    } cases[] = {{"host/12", "host", 12},
                 {"a/b/12", "a/b", 12},
                 {"host", "host", 0},
                 {"", "", 0},
                 {"host/12/00/-/0", "host/12/00/-", 0},
                 {"h//000102030405060708090a0b0c0d0e0f/-/0", "h", 0},
                 {"h/x/000102030405060708090a0b0c0d0e0f/-/0", "h", 0}};
    char longest[2 * IDENTITY_TOKEN_MAX];
    struct identity read;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_false(identity_read(&read, cases[i].token));
        assert_string_equal(read.host, cases[i].host);
        assert_int_equal(read.pid, cases[i].pid);
    }
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_false(identity_read(&read, longest));
}

/* A PID means the same to both where all three agree and are known. */
static void whose_pids_it_sees(void **state) {
    (void)state;
    struct identity other = some, self = some;
    assert_true(identity_sees(&self, &other));
    snprintf(other.host, sizeof other.host, "elsewhere");
    assert_false(identity_sees(&self, &other));
    other = some;
    other.boot[0] = 'f';
    assert_false(identity_sees(&self, &other));
    other = some;
    other.pid_namespace++;
    assert_false(identity_sees(&self, &other));
    other = self = some;
    other.pid_namespace = self.pid_namespace = 0;
    assert_false(identity_sees(&self, &other));
    other = self = some;
    snprintf(self.boot, sizeof self.boot, "-");
    snprintf(other.boot, sizeof other.boot, "-");
    assert_false(identity_sees(&self, &other));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_written_and_read),
        cmocka_unit_test(of_this_process),
        cmocka_unit_test(who_is_dead),
        cmocka_unit_test(what_is_no_token),
        cmocka_unit_test(whose_pids_it_sees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
