/* Claims after the fact, on a Redis in the same process: nothing is forgotten but what was to be, whatever is lost or
 * refused on the way, and however many there are. */
#include "consumer_case.h"
#include "fake_redis.h"
#include "sanitized.h"

/* MANY are more than the connection takes commands at a time, which is PIPELINE (queue/redis.c). */
enum { MANY = SANITIZED ? 4000 : 17000, SOME = SANITIZED ? 600 : 1200, PIPELINE = 1 << 14 };

static struct claim *claims_make(const char *of, int64_t generation, unsigned n, bool adopted) {
    struct claim *claims = mem_zalloc(n, sizeof *claims);
    for (unsigned i = 0; i < n; i++) {
        claims[i] = claim_make(of, generation, i);
        claims[i].adopted = adopted;
        claim_name(&claims[i], PREFIX);
    }
    return claims;
}

static void claims_are_listed(void **state) {
    (void)state;
    struct claim ours = claim_make("me", 5, 0), older = claim_make("me", 3, 1), dead = claim_make("dead", 9, 0),
                 living = claim_make("living", 1, 0), empty = claim_make("me", 3, 0),
                 empty_dead = claim_make("dead", 9, 1), empty_living = claim_make("living", 1, 1);
    struct claim *all[] = {&ours, &older, &dead, &living};
    consumer_begin_test();
    for (unsigned i = 0; i < 4; i++)
        claim_put(all[i], 1, i + 1);
    fake_push(CLAIMS, empty.key);
    fake_push(CLAIMS, empty_dead.key);
    fake_push(CLAIMS, empty_living.key);
    fake_push(CLAIMS, "nonsense");
    fake_push(PREFIX ":consumer:living", "host/1");
    told_clear();
    consumer_list(consumer);
    fake_run();
    assert_int_equal(told.done, 1);
    assert_int_equal(told.result.n_claims, 4);
    const struct claim *expected[] = {&dead, &living, &older, &ours};
    for (unsigned i = 0; i < 4; i++) {
        assert_string_equal(told.claims[i].key, expected[i]->key);
        assert_int_equal(told.claims[i].len, fake_length(expected[i]->key));
        assert_int_equal(told.claims[i].alive, i != 0);
    }
    assert_false(is_registered(&empty) || is_registered(&empty_dead));
    assert_true(is_registered(&empty_living)); /* it may be about to take */
    assert_int_equal(fake_length(CLAIMS), 6);
    consumer_end_test();
}

/* Whose user may run scripts, but may not read what the queue counts. */
static void claims_are_listed_without_the_count(void **state) {
    (void)state;
    struct claim ours = claim_make("me", 5, 0);
    fake_scripts = FAKE_ALL_SCRIPTS;
    consumer_begin_test();
    claim_put(&ours, 1, 3);
    fake_push("no HMGET", "");
    told_clear();
    consumer_list(consumer);
    fake_run();
    assert_int_equal(told.lost, 0);
    assert_int_equal(told.done, 1);
    assert_int_equal(told.result.n_claims, 1);
    assert_string_equal(told.result.queue_id, "");
    consumer_end_test();
}

static void no_claims(void **state) {
    (void)state;
    consumer_begin_test();
    consumer_list(consumer);
    fake_run();
    assert_int_equal(told.done, 1);
    assert_int_equal(told.result.n_claims, 0);
    consumer_end_test();
}

static void a_settlement(void **state) {
    (void)state;
    struct claim *claims = claims_make("me", 5, 4, false), *to = claims_make("me", 6, 2, false);
    consumer_begin_test();
    for (unsigned i = 0; i < 4; i++)
        claim_put(&claims[i], 1, 9);
    claims[2].read = 4;
    claims[2].len = 9;
    list_fill(REJECTED, 1, 2);
    struct consumer_settlement settlement = {.finished = claims,
                                             .n_finished = 2,
                                             .rests = claims + 2,
                                             .rests_to = to,
                                             .n_rests = 2,
                                             .rejects = "34",
                                             .reject_ends = (const size_t[]){1, 2},
                                             .n_rejects = 2};
    consumer_settle(consumer, &settlement);
    fake_run();
    assert_int_equal(told.done, 1);
    for (unsigned i = 0; i < 4; i++) {
        assert_null(fake_key(claims[i].key));
        assert_false(is_registered(&claims[i]));
    }
    list_is(to[0].key, 5, 9);
    list_is(to[1].key, 1, 9);
    assert_true(is_registered(&to[0]) && is_registered(&to[1]));
    list_is(REJECTED, 2, 4); /* rejected_max: the oldest went */
    free(claims);
    free(to);
    consumer_end_test();
}

/* It was added to, or is another list of the same name: what was counted is not what would be cut. */
static void a_rest_of_another_length_is_not_cut(void **state) {
    (void)state;
    struct claim rests[3], to[3];
    for (unsigned cut = 0; cut < 3; cut++) {
        consumer_begin_test();
        for (unsigned i = 0; i < 3; i++) {
            rests[i] = claim_make("me", 5, i);
            to[i] = claim_make("me", 6, i);
            claim_put(&rests[i], 1, 9);
            rests[i].read = 1 + i;
            rests[i].len = i == cut ? 8 : 9;
        }
        struct consumer_settlement settlement = {.rests = rests, .rests_to = to, .n_rests = 3};
        consumer_settle(consumer, &settlement);
        fake_run();
        assert_int_equal(told.lost, 1);
        assert_int_equal(told.done, 0);
        for (unsigned i = 0; i < 3; i++)
            list_is(rests[i].key, 1, 9);
        consumer_end_test();
    }
}

static void a_rest_that_changes_meanwhile_is_not_cut(void **state) {
    (void)state;
    struct claim rest = claim_make("me", 5, 0), to = claim_make("me", 6, 0);
    struct consumer_settlement settlement = {.rests = &rest, .rests_to = &to, .n_rests = 1};
    consumer_begin_test();
    claim_put(&rest, 1, 9);
    rest.read = 4;
    rest.len = 9;
    fake.watched_changed = true;
    consumer_settle(consumer, &settlement);
    fake_run();
    assert_int_equal(told.lost, 1);
    list_is(rest.key, 1, 9);
    consumer_end_test();
}

/* Others may have adopted it by then, with entries that are folded here already. */
static void a_rest_is_not_renamed_once_our_sign_of_life_has_lapsed(void **state) {
    (void)state;
    struct claim rest = claim_make("me", 5, 0), to = claim_make("me", 6, 0);
    struct consumer_settlement settlement = {.rests = &rest, .rests_to = &to, .n_rests = 1};
    consumer_begin_test();
    claim_put(&rest, 1, 9);
    fake_delete(LIFE);
    consumer_settle(consumer, &settlement);
    fake_run();
    assert_int_equal(told.lost, 1);
    assert_int_equal(told.done, 0);
    list_is(rest.key, 1, 9);
    consumer_end_test();
}

/* A settlement of many rests, of which the first is cut. */
static struct consumer_settlement many_rests(struct claim *claims, const struct claim *to, unsigned n) {
    for (unsigned i = 0; i <= n; i++)
        claim_put(&claims[i], 1, 2);
    claims[1].read = 1;
    return (struct consumer_settlement){
        .finished = claims, .n_finished = 1, .rests = claims + 1, .rests_to = to, .n_rests = n};
}

static void rests_are(const struct claim *claims, const struct claim *to, unsigned n) {
    for (unsigned i = 0; i <= n; i++)
        assert_false(is_registered(&claims[i]) || fake_key(claims[i].key));
    list_is(to[0].key, 2, 2);
    for (unsigned i = 1; i < n; i++)
        list_is(to[i].key, 1, 2);
    assert_int_equal(fake_length(CLAIMS), n);
}

/* A fault at the n-th command, for each n up to the last; then the same again, as another or a later life would do. */
static void every_fault_of_a_settlement(void **state) {
    (void)state;
    for (enum fake_fault fault = FAKE_LOST_BEFORE; fault < FAKE_FAULTS; fault++) {
        bool struck = true;
        for (unsigned n = 0; struck; n = n > 12 ? n + 997 : n + 1) {
            struct claim *claims = claims_make("me", 5, SOME + 1, false), *to = claims_make("me", 6, SOME, false);
            consumer_begin_test();
            struct consumer_settlement settlement = many_rests(claims, to, SOME);
            fake_fail(n, fault);
            consumer_settle(consumer, &settlement);
            fake_run();
            struck = fake.fault == FAKE_NO_FAULT;
            assert_int_equal(told.done, !struck);
            assert_int_equal(told.lost, struck);
            fake.fault = FAKE_NO_FAULT;
            if (struck) {
                consumer_again();
                /* what was cut off is cut off once: a rest that has its new name is passed over */
                consumer_settle(consumer, &settlement);
                fake_run();
                consumer_list(consumer); /* forgets the names of rests that were there already */
                fake_run();
            }
            rests_are(claims, to, SOME);
            free(claims);
            free(to);
            consumer_end_test();
        }
    }
}

static void claims_without_number(void **state) {
    (void)state;
    struct claim *from = claims_make("dead", 5, MANY, false), *to = claims_make("dead", 5, MANY, true);
    config.timeout = 86400; /* the machine may be slow */
    consumer_begin_test();
    for (unsigned i = 0; i < MANY; i++)
        claim_put(&from[i], i, i);
    told_clear();
    consumer_list(consumer);
    fake_run();
    assert_int_equal(told.result.n_claims, MANY);
    told_clear();
    consumer_rename(consumer, from, to, MANY);
    fake_run();
    assert_int_equal(told.done, 1);
    assert_int_equal(fake_length(CLAIMS), MANY);
    for (unsigned i = 0; i < MANY; i++)
        list_is(to[i].key, i, i);
    told_clear();
    struct claim *rests = claims_make("me", 6, MANY, false);
    struct consumer_settlement settlement = {.rests = to, .rests_to = rests, .n_rests = MANY};
    consumer_settle(consumer, &settlement);
    fake_run();
    assert_int_equal(told.done, 1);
    told_clear();
    settlement = (struct consumer_settlement){.finished = rests, .n_finished = MANY};
    consumer_settle(consumer, &settlement);
    fake_run();
    assert_int_equal(told.done, 1);
    assert_int_equal(fake_length(CLAIMS), 0);
    assert_int_equal(fake.n_keys, 1); /* our sign of life */
    assert_true(fake.client->most < PIPELINE);
    free(from);
    free(to);
    free(rests);
    consumer_end_test();
}

static void every_fault_of_a_renaming(void **state) {
    (void)state;
    for (enum fake_fault fault = FAKE_LOST_BEFORE; fault < FAKE_FAULTS; fault++) {
        bool struck = true;
        for (unsigned n = 0; struck; n = n > 12 ? n + 397 : n + 1) {
            struct claim *from = claims_make("dead", 5, SOME, false), *to = claims_make("dead", 5, SOME, true);
            unsigned renamed = 0;
            consumer_begin_test();
            for (unsigned i = 0; i < SOME; i++)
                claim_put(&from[i], i, i);
            fake_fail(n, fault);
            consumer_rename(consumer, from, to, SOME);
            fake_run();
            struck = fake.fault == FAKE_NO_FAULT;
            fake.fault = FAKE_NO_FAULT;
            assert_int_equal(told.done, !struck);
            assert_int_equal(told.lost, struck);
            while (renamed < SOME && fake_key(to[renamed].key))
                renamed++;
            assert_true(renamed % 500 == 0 || renamed == SOME); /* pieces, all or none of each */
            for (unsigned i = 0; i < SOME; i++) {
                const struct claim *is = i < renamed ? &to[i] : &from[i], *is_not = i < renamed ? &from[i] : &to[i];
                list_is(is->key, i, i);
                assert_true(is_registered(is));
                assert_false(is_registered(is_not) || fake_key(is_not->key));
            }
            free(from);
            free(to);
            consumer_end_test();
        }
    }
}

static void what_is_given_back(void **state) {
    (void)state;
    struct claim claim = claim_make("me", 5, 0);
    for (enum fake_fault fault = FAKE_NO_FAULT; fault < FAKE_FAULTS; fault++)
        for (unsigned n = 0; n < 30; n++) {
            consumer_begin_test();
            claim_put(&claim, 1, 20);
            list_fill(QUEUE, 21, 25);
            fake_fail(n, fault);
            consumer_return(consumer, &claim);
            fake_run();
            assert_int_equal(fake_length(claim.key) + fake_length(QUEUE), 25);
            if (told.lost) {
                consumer_again();
                consumer_return(consumer, &claim);
                fake_run();
            }
            assert_int_equal(told.done, 1);
            list_is(QUEUE, 1, 25);
            consumer_end_test();
        }
}

static void popped_entries_are_pushed_back(void **state) {
    (void)state;
    config.at_most_once = true;
    consumer_begin_test();
    list_fill(QUEUE, 4, 5);
    consumer_push_back(consumer, "123", (const size_t[]){1, 2, 3}, 3);
    fake_run();
    assert_int_equal(told.done, 1);
    list_is(QUEUE, 1, 5);
    consumer_end_test();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(claims_are_listed, setup, teardown),
        cmocka_unit_test_setup_teardown(claims_are_listed_without_the_count, setup, teardown),
        cmocka_unit_test_setup_teardown(no_claims, setup, teardown),
        cmocka_unit_test_setup_teardown(a_settlement, setup, teardown),
        cmocka_unit_test_setup_teardown(a_rest_of_another_length_is_not_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(a_rest_that_changes_meanwhile_is_not_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(a_rest_is_not_renamed_once_our_sign_of_life_has_lapsed, setup, teardown),
        cmocka_unit_test_setup_teardown(every_fault_of_a_settlement, setup, teardown),
        cmocka_unit_test_setup_teardown(claims_without_number, setup, teardown),
        cmocka_unit_test_setup_teardown(every_fault_of_a_renaming, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_given_back, setup, teardown),
        cmocka_unit_test_setup_teardown(popped_entries_are_pushed_back, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
