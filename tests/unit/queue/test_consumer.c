/* The consumer's name and its signs of life, on a Redis in the same process. */
#include "consumer_case.h"
#include "fake_redis.h"

static char token[300]; /* ours */

static int setup_token(void **state) {
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    snprintf(token, sizeof token, "%s/%ld", host, (long)getpid());
    return setup(state);
}

static void the_name_is_taken_and_given_free(void **state) {
    (void)state;
    consumer_begin_test();
    assert_int_equal(told.ready, 1);
    assert_string_equal(fake_key(LIFE)->items[0].text, token);
    consumer_leave(consumer);
    fake_run();
    assert_int_equal(told.done, 1);
    assert_null(fake_key(LIFE));
    consumer_end_test();
}

static void who_holds_the_name(void **state) {
    (void)state;
    char dead[300], alive[300];
    snprintf(dead, sizeof dead, "%.*s999999999", (int)(strrchr(token, '/') + 1 - token), token);
    snprintf(alive, sizeof alive, "%.*s1", (int)(strrchr(token, '/') + 1 - token), token);
    const struct {
        const char *holder;
        bool ours;
    } cases[] = {{token, true}, {dead, true}, {alive, false}, {"elsewhere/999999999", false}};
    for (unsigned i = 0; i < 4; i++) {
        fake_push(LIFE, cases[i].holder);
        consumer_begin_test();
        assert_int_equal(told.ready, cases[i].ours);
        assert_int_equal(told.lost + told.failed, 0); /* it waits for the name to lapse */
        assert_string_equal(fake_key(LIFE)->items[0].text, cases[i].ours ? token : cases[i].holder);
        consumer_end_test();
    }
}

static void faults_before_the_name_is_ours(void **state) {
    (void)state;
    for (enum fake_fault fault = FAKE_LOST_BEFORE; fault < FAKE_FAULTS; fault++) {
        fake_fail(0, fault);
        consumer_begin_test();
        assert_int_equal(told.ready, 0);
        assert_int_equal(told.lost, 1);
        consumer_again(); /* the name may be ours already */
        assert_string_equal(fake_key(LIFE)->items[0].text, token);
        consumer_end_test();
    }
}

/* Others may have adopted what we hold: no operation begins. */
static void without_a_sign_of_life_nothing_begins(void **state) {
    (void)state;
    struct claim claim = claim_make("me", 1, 0);
    config.timeout = 0;
    consumer_begin_test();
    claim_put(&claim, 1, 3);
    uint64_t executed = fake.executed;
    consumer_read(consumer, &claim, INT64_MAX);
    fake_run();
    assert_int_equal(told.lost, 1);
    assert_int_equal(told.done + told.offered, 0);
    assert_int_equal(fake.executed, executed);
    consumer_end_test();
}

static void a_lapsed_sign_of_life_is_noticed(void **state) {
    (void)state;
    config.timeout = 0; /* the next sign is due at once */
    consumer_begin_test();
    assert_int_equal(told.ready, 1);
    event_base_loop(base, EVLOOP_NONBLOCK);
    fake_run();
    assert_int_equal(told.lost, 0);
    fake_delete(LIFE);
    event_base_loop(base, EVLOOP_NONBLOCK);
    fake_run();
    assert_int_equal(told.lost, 1);
    assert_null(fake_key(LIFE)); /* it is not taken back unnoticed */
    consumer_end_test();
}

static void once_gives_up(void **state) {
    (void)state;
    config.once = true;
    consumer_begin_test();
    fake_drop(fake.client, "the test ends the connection");
    assert_int_equal(told.failed, 1);
    assert_int_equal(told.lost, 0);
    assert_non_null(strstr(told.why, "the test ends the connection"));
    consumer_end_test();
}

static void at_most_once_needs_no_name(void **state) {
    (void)state;
    config.at_most_once = true;
    consumer_begin_test();
    assert_int_equal(told.ready, 1);
    assert_null(fake_key(LIFE));
    consumer_list(consumer);
    assert_int_equal(told.done, 1);
    assert_int_equal(told.result.n_claims, 0);
    consumer_end_test();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_name_is_taken_and_given_free, setup_token, teardown),
        cmocka_unit_test_setup_teardown(who_holds_the_name, setup_token, teardown),
        cmocka_unit_test_setup_teardown(faults_before_the_name_is_ours, setup_token, teardown),
        cmocka_unit_test_setup_teardown(without_a_sign_of_life_nothing_begins, setup_token, teardown),
        cmocka_unit_test_setup_teardown(a_lapsed_sign_of_life_is_noticed, setup_token, teardown),
        cmocka_unit_test_setup_teardown(once_gives_up, setup_token, teardown),
        cmocka_unit_test_setup_teardown(at_most_once_needs_no_name, setup_token, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
