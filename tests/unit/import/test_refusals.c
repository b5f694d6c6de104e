/* When most of what comes in is refused: every count around each border, and what is said of it. */
#include "import/refusals.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/log.h"

/* Every state, at every number of refused ones. */
static void the_decision(void **state) {
    (void)state;
    static const uint64_t numbers[] = {0, 1, 9, 10, 11, 100, 999, 1000, 1001};
    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        for (uint64_t n = numbers[i], refused = 0; refused <= n; refused++)
            for (unsigned bits = 0; bits < 4; bits++) {
                bool bad = bits & 1, ended = bits & 2, judged = ended ? n >= 10 : n >= 1000;
                enum refusals_verdict wanted = REFUSALS_AS_BEFORE;
                if (judged && 2 * refused > n) wanted = REFUSALS_BAD;
                if (judged && bad && ended && 4 * refused <= n) wanted = REFUSALS_FINE;
                assert_int_equal(refusals_judge(bad, n, refused, ended), wanted);
            }
}

static struct generation generation;
static struct refusals refusals;

static void generation_is(uint64_t entries, uint64_t rejected, uint64_t too_old) {
    generation.ledger.entries = entries;
    generation.ledger.rejected = generation.reasons[REJECT_IN_FUTURE] = rejected;
    generation.ledger.too_old = too_old;
    generation.examples[REJECT_IN_FUTURE] = (struct reject){REJECT_IN_FUTURE, "flowEndSeconds", "4102444800"};
}

static int setup(void **state) {
    (void)state;
    log_init("test", LOG_TARGET_STDERR, (enum log_level)0);
    generation = (struct generation){.ledger.entries = 0};
    refusals = (struct refusals){.bad = false};
    return 0;
}

static void problem_is(const char *wanted) {
    struct buffer out = BUFFER_INIT;
    refusals_problems(&refusals, &out);
    assert_string_equal(out.data ? out.data : "", wanted);
    buffer_release(&out);
}

static void it_is_said_at_once_and_until_a_generation_is_fine(void **state) {
    (void)state;
    generation_is(999, 999, 0);
    refusals_look(&refusals, &generation, false);
    problem_is("");
    generation_is(1000, 900, 0);
    refusals_look(&refusals, &generation, false);
    problem_is("import: 900 of 1000 entries were refused, most as in-future, such as flowEndSeconds = '4102444800'; "
               "probably a producer's clock is ahead, or this host's is behind\n");
    generation_is(2000, 900, 0); /* half of it, and at its end: no more than before */
    refusals_look(&refusals, &generation, true);
    assert_true(refusals.bad);
    generation_is(1000, 0, 0); /* fine so far */
    refusals_look(&refusals, &generation, false);
    assert_true(refusals.bad);
    generation_is(5000, 1250, 0);
    refusals_look(&refusals, &generation, true);
    problem_is("");
    generation_is(20, 3, 9);
    refusals_look(&refusals, &generation, true);
    problem_is("import: 12 of 20 entries were refused, most as older than max_flow_age; a producer's clock is behind, "
               "this host's is ahead, or the entries have waited for too long\n");
}

/* One bad entry an interval neither makes it bad nor fine; ten of them do. */
static void a_few_entries_are_judged_together(void **state) {
    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        generation_is(1, round == 0, 0);
        for (unsigned i = 0; i < 10; i++) {
            assert_int_equal(refusals.bad, round != 0);
            refusals_look(&refusals, &generation, true);
        }
        assert_int_equal(refusals.bad, round == 0);
        assert_int_equal(refusals.entries, 0);
    }
}

static void what_is_counted_again_is_not_looked_at(void **state) {
    (void)state;
    generation_is(1000, 1000, 0);
    generation.recount = true;
    refusals_look(&refusals, &generation, true);
    assert_false(refusals.bad);
}

static void every_reason_has_a_meaning(void **state) {
    (void)state;
    for (enum reject_reason reason = 0; reason < REJECT_REASONS; reason++)
        for (unsigned with_field = 0; with_field < 2; with_field++) {
            setup(NULL);
            generation.ledger.entries = generation.ledger.rejected = 10;
            generation.reasons[reason] = 10;
            memset(generation.examples[reason].value, 'v', REJECT_VALUE_MAX - 1);
            if (with_field) memset(generation.examples[reason].field, 'f', REJECT_FIELD_MAX - 1);
            refusals_look(&refusals, &generation, true);
            assert_non_null(strstr(refusals.text, reject_texts[reason].token));
            assert_non_null(strstr(refusals.text, "; probably a producer"));
            assert_int_equal(strstr(refusals.text, "ffff") != NULL, with_field);
            assert_true(strlen(refusals.text) < sizeof refusals.text - 1); /* whole */
        }
}

#define test(function) cmocka_unit_test_setup(function, setup)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(the_decision),
        test(it_is_said_at_once_and_until_a_generation_is_fine),
        test(a_few_entries_are_judged_together),
        test(what_is_counted_again_is_not_looked_at),
        test(every_reason_has_a_meaning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
