/* What was probably meant by a mistyped word. */
#include "base/nearest.h"

#include <limits.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void distances(void **state) {
    static const struct {
        const char *a, *b;
        unsigned distance;
    } cases[] = {
        {"", "", 0},
        {"", "abc", 3},
        {"status", "status", 0},
        {"statsu", "status", 1},                 /* neighbors changed */
        {"tsatsu", "status", 2},                 /* twice */
        {"staus", "status", 1},                  /* left out */
        {"stattus", "status", 1},                /* put in */
        {"stitus", "status", 1},                 /* replaced */
        {"flush_interval", "flush-interval", 0}, /* the same on the command line */
        {"kitten", "sitting", 3},
        {"ca", "abc", 3}, /* a swap is not opened again */
        {"export", "top", 5},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *a = cases[i].a, *b = cases[i].b;
        assert_int_equal(nearest_distance(a, strlen(a), b, strlen(b)), cases[i].distance);
        assert_int_equal(nearest_distance(b, strlen(b), a, strlen(a)), cases[i].distance);
    }
}

static void long_words_are_near_to_none(void **state) {
    char longest[NEAREST_MAX + 2];
    (void)state;
    memset(longest, 'a', sizeof longest);
    assert_int_equal(nearest_distance(longest, NEAREST_MAX, longest, NEAREST_MAX), 0);
    assert_int_equal(nearest_distance(longest, NEAREST_MAX + 1, longest, NEAREST_MAX), UINT_MAX);
    assert_int_equal(nearest_distance(longest, NEAREST_MAX, longest, NEAREST_MAX + 1), UINT_MAX);
}

static const char *nearest_of(const char *text) {
    static const char *const words[] = {"top", "status", "serve", "schema", "verify", "retention", "print"};
    struct nearest nearest;
    nearest_init(&nearest, text, strlen(text));
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        nearest_offer(&nearest, words[i]);
    return nearest.word;
}

static void the_nearest_is_found(void **state) {
    (void)state;
    assert_string_equal(nearest_of("statsu"), "status");
    assert_string_equal(nearest_of("tpo"), "top");
    assert_string_equal(nearest_of("retentoin"), "retention");
    assert_string_equal(nearest_of("retntoin"), "retention");
    assert_string_equal(nearest_of("verifi"), "verify");
    assert_string_equal(nearest_of("server"), "serve");
}

static void what_is_far_is_not(void **state) {
    (void)state;
    assert_null(nearest_of("hosts"));
    assert_null(nearest_of("to"));
    assert_null(nearest_of(""));
    assert_null(nearest_of("nonsense"));
    assert_null(nearest_of("prniting"));
}

static void of_two_equally_near_the_first(void **state) {
    struct nearest nearest;
    (void)state;
    nearest_init(&nearest, "fromx", 4); /* only its first four letters */
    nearest_offer(&nearest, "form");
    nearest_offer(&nearest, "frum");
    assert_string_equal(nearest.word, "form");
    nearest_offer(&nearest, "from");
    assert_string_equal(nearest.word, "from");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances),
        cmocka_unit_test(long_words_are_near_to_none),
        cmocka_unit_test(the_nearest_is_found),
        cmocka_unit_test(what_is_far_is_not),
        cmocka_unit_test(of_two_equally_near_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
