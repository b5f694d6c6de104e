/* Whether places that the store lacks are a loss: every order of looks. */
#include "import/missing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"

static struct consumer_count counted(const char *queue_id, int64_t from, int64_t to, int64_t back) {
    struct consumer_count count = {.from = from, .to = to, .back = back};
    strcpy(count.queue_id, queue_id);
    return count;
}

/* A look of which the store lacks `n`, or does not answer (-1). *back: of those given back. */
static enum missing_next look(struct missing *missing, struct consumer_count count, int64_t n, int64_t *back) {
    struct places_gap gap = {.to = -1};
    enum missing_next next = missing_counted(missing, &count, &gap);
    *back = 0;
    if (next != MISSING_ASK) return next;
    assert_string_equal(gap.queue_id, count.queue_id);
    assert_int_equal(gap.from, count.from);
    gap.failed = n < 0;
    gap.missing = n < 0 ? 0 : (uint64_t)n;
    return missing_answered(missing, &gap, back);
}

static void the_first_look_begins(void **state) {
    struct missing missing = {.lost = 0};
    int64_t back;
    (void)state;
    assert_int_equal(look(&missing, counted("a", -1, 500, 0), 0, &back), MISSING_TELL);
    assert_int_equal(missing.telling, 0);
    assert_int_equal(missing.count.to, 500);
}

static void nothing_new_is_not_asked_for(void **state) {
    struct missing missing = {.lost = 0};
    int64_t back;
    (void)state;
    assert_int_equal(look(&missing, counted("a", 500, 500, 0), 0, &back), MISSING_NOTHING);
    assert_int_equal(look(&missing, counted("a", 500, 400, 0), 0, &back), MISSING_NOTHING); /* adopted claims */
}

static void what_the_store_has_is_told_at_once(void **state) {
    struct missing missing = {.lost = 0};
    int64_t back;
    (void)state;
    assert_int_equal(look(&missing, counted("a", 500, 900, 7), 0, &back), MISSING_TELL);
    assert_int_equal(missing.count.to, 900);
    assert_int_equal(missing.telling, 0);
    assert_int_equal(back, 0);
}

static void what_is_lacking_twice_is_lost(void **state) {
    struct missing missing = {.lost = 0};
    int64_t back;
    (void)state;
    assert_int_equal(look(&missing, counted("a", 500, 900, 0), 40, &back), MISSING_NOTHING);
    assert_int_equal(look(&missing, counted("a", 500, 2000, 0), 40, &back), MISSING_TELL);
    assert_int_equal(missing.count.to, 900); /* what came since is looked at later */
    assert_int_equal(missing.telling, 40);
    missing_told(&missing, 1000, "q");
    assert_int_equal(missing.lost, 40);
    assert_int_equal(look(&missing, counted("a", 900, 2000, 0), 0, &back), MISSING_TELL);
    missing_told(&missing, 1001, "q");
    assert_int_equal(missing.lost, 40);
    assert_int_equal(missing.lost_at, 1000);
}

static void what_is_late_is_no_loss(void **state) {
    struct missing missing = {.lost = 0};
    int64_t back;
    (void)state;
    assert_int_equal(look(&missing, counted("a", 500, 900, 0), 40, &back), MISSING_NOTHING);
    assert_int_equal(look(&missing, counted("a", 500, 950, 0), 3, &back), MISSING_TELL);
    assert_int_equal(missing.telling, 3);
    assert_int_equal(look(&missing, counted("a", 900, 950, 0), 1, &back), MISSING_NOTHING);
    assert_int_equal(look(&missing, counted("a", 900, 950, 0), 0, &back), MISSING_TELL);
    assert_int_equal(missing.telling, 0);
}

static void what_was_given_back_is_no_loss(void **state) {
    struct missing missing = {.lost = 0};
    int64_t back;
    (void)state;
    assert_int_equal(look(&missing, counted("a", 500, 900, 100), 40, &back), MISSING_TELL);
    assert_int_equal(back, 40);
    assert_int_equal(missing.telling, 0);
    assert_int_equal(look(&missing, counted("a", 900, 1000, 60), 70, &back), MISSING_NOTHING);
    assert_int_equal(look(&missing, counted("a", 900, 1000, 60), 70, &back), MISSING_TELL);
    assert_int_equal(back, 60);
    assert_int_equal(missing.telling, 10);
}

/* Another importer has told meanwhile, Redis has other data, or the store does not answer. */
static void a_first_look_is_forgotten(void **state) {
    struct missing missing = {.lost = 0};
    int64_t back;
    (void)state;
    assert_int_equal(look(&missing, counted("a", 500, 900, 0), 40, &back), MISSING_NOTHING);
    assert_int_equal(look(&missing, counted("a", 900, 950, 0), 5, &back), MISSING_NOTHING);
    assert_int_equal(look(&missing, counted("b", 900, 950, 0), 5, &back), MISSING_NOTHING);
    assert_int_equal(look(&missing, counted("b", 900, 949, 0), 5, &back), MISSING_NOTHING); /* adopted: claimed again */
    assert_int_equal(look(&missing, counted("b", 900, 950, 0), -1, &back), MISSING_NOTHING);
    assert_int_equal(missing.telling, 0);
    assert_int_equal(look(&missing, counted("b", 900, 950, 0), 5, &back), MISSING_TELL);
    assert_int_equal(missing.count.to, 949);
}

static void a_look_is_bounded(void **state) {
    struct missing missing = {.lost = 0};
    int64_t back;
    (void)state;
    assert_int_equal(look(&missing, counted("a", 5, INT64_MAX, 0), 0, &back), MISSING_TELL);
    assert_int_equal(missing.count.to, 5 + MISSING_MOST);
}

static void problems_are(const struct missing *missing, int64_t now, const char *expected) {
    struct buffer text = BUFFER_INIT;
    missing_problems(missing, now, &text);
    assert_string_equal(text.len ? text.data : "", expected);
    buffer_release(&text);
}

static void a_problem_is_shown_for_an_hour(void **state) {
    struct missing missing = {.telling = 12};
    (void)state;
    problems_are(&missing, 5000, "");
    missing_told(&missing, 5000, "q");
    problems_are(&missing, 5000 + 3599, "queue: Redis has lost 12 entries; the table loss has them\n");
    problems_are(&missing, 5000 + 3600, "");
    missing_went_back(&missing, 700, 9000);
    problems_are(&missing, 9000,
                 "queue: Redis has gone back in time, by 700 entries that were counted already; how many it has lost "
                 "that were not, nobody can know\n");
    problems_are(&missing, 9000 + 3600, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_look_begins),
        cmocka_unit_test(nothing_new_is_not_asked_for),
        cmocka_unit_test(what_the_store_has_is_told_at_once),
        cmocka_unit_test(what_is_lacking_twice_is_lost),
        cmocka_unit_test(what_is_late_is_no_loss),
        cmocka_unit_test(what_was_given_back_is_no_loss),
        cmocka_unit_test(a_first_look_is_forgotten),
        cmocka_unit_test(a_look_is_bounded),
        cmocka_unit_test(a_problem_is_shown_for_an_hour),
    };
    log_init("test", LOG_TARGET_STDERR, (enum log_level)0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
