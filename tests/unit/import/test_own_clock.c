/* The clock around each border. */
#include "import/own_clock.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { BUILT = 1790000000, DAY = 86400 };

static void the_decision(void **state) {
    (void)state;
    static const int64_t far = BUILT + INT64_C(3650) * DAY;
    static const struct {
        int64_t now, last_commit;
        enum own_clock verdict;
    } cases[] = {
        {0, 0, OWN_CLOCK_BEFORE_BUILD},
        {946684800, BUILT, OWN_CLOCK_BEFORE_BUILD},
        {BUILT - DAY - 1, 0, OWN_CLOCK_BEFORE_BUILD},
        {BUILT - DAY, 0, OWN_CLOCK_RIGHT}, /* sources from another time zone */
        {BUILT, 0, OWN_CLOCK_RIGHT},
        {BUILT, BUILT + DAY, OWN_CLOCK_RIGHT}, /* a clock that was set back a little */
        {BUILT, BUILT + DAY + 1, OWN_CLOCK_BEFORE_COMMIT},
        {BUILT + 1000 * DAY, BUILT, OWN_CLOCK_RIGHT},
        {BUILT, far, OWN_CLOCK_BEFORE_COMMIT},
        {BUILT, far + 1, OWN_CLOCK_RIGHT}, /* the commit's clock was the wrong one */
        {far + DAY, far + 3 * DAY, OWN_CLOCK_RIGHT},
        {BUILT, INT64_MAX, OWN_CLOCK_RIGHT},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(own_clock_judge(cases[i].now, BUILT, cases[i].last_commit), cases[i].verdict);
}

static void in_words(void **state) {
    (void)state;
    struct buffer out = BUFFER_INIT;
    own_clock_tell(OWN_CLOCK_RIGHT, 7, BUILT, 0, &out);
    assert_int_equal(out.len, 0);
    own_clock_tell(OWN_CLOCK_BEFORE_BUILD, 7, 1700000000, 0, &out);
    assert_string_equal(out.data, "this host's clock is wrong: 1970-01-01T00:00:07Z is before the program was built "
                                  "(2023-11-14T22:13:20Z)");
    buffer_clear(&out);
    own_clock_tell(OWN_CLOCK_BEFORE_COMMIT, 1700000000, 0, 1700000000 + 2 * DAY, &out);
    assert_string_equal(out.data,
                        "this host's clock is wrong: 2023-11-14T22:13:20Z is before the last commit in "
                        "import_ledger (2023-11-16T22:13:20Z); if that one is wrong, correct its committed_at");
    buffer_release(&out);
}

/* A build without a date would let every clock pass. */
static void the_build_has_a_time(void **state) {
    (void)state;
    assert_true(own_clock_built() > 1700000000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_decision),
        cmocka_unit_test(in_words),
        cmocka_unit_test(the_build_has_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
