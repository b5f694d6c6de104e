/* The waits between tries: doubling, bounded, without overflow. */
#include "base/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void doubles_up_to_the_bound(void **state) {
    (void)state;
    struct backoff backoff = {.first_ms = 100, .max_ms = 1000};
    const int64_t waits[] = {100, 200, 400, 800, 1000, 1000, 1000};
    for (unsigned i = 0; i < sizeof waits / sizeof waits[0]; i++)
        assert_int_equal(backoff_failed(&backoff), waits[i]);
    backoff_reset(&backoff);
    assert_int_equal(backoff_failed(&backoff), 100);
    assert_int_equal(backoff_failed(&backoff), 200);
}

static void first_wait_obeys_the_bound(void **state) {
    (void)state;
    struct backoff backoff = {.first_ms = 100, .max_ms = 10};
    assert_int_equal(backoff_failed(&backoff), 10);
    assert_int_equal(backoff_failed(&backoff), 10);
}

static void largest_bound_does_not_overflow(void **state) {
    (void)state;
    struct backoff backoff = {.first_ms = 1, .max_ms = INT64_MAX};
    for (int i = 0; i < 62; i++)
        assert_int_equal(backoff_failed(&backoff), INT64_C(1) << i);
    assert_int_equal(backoff_failed(&backoff), INT64_C(1) << 62);
    assert_int_equal(backoff_failed(&backoff), INT64_MAX);
    assert_int_equal(backoff_failed(&backoff), INT64_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubles_up_to_the_bound),
        cmocka_unit_test(first_wait_obeys_the_bound),
        cmocka_unit_test(largest_bound_does_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
