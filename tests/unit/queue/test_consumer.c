/* The consumer's name and its signs of life, on a Redis in the same process. */
#include "consumer_case.h"
#include "fake_redis.h"

static char token[IDENTITY_TOKEN_MAX]; /* ours */

static int setup_token(void **state) {
    struct identity self;
    setup(state);
    identity_init(&self, config.random);
    identity_write(&self, token);
    return 0;
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

/* A token of ours but for what is changed in it. */
static struct identity identity_make(int64_t pid) {
    struct identity other;
    identity_init(&other, (const uint8_t[IDENTITY_RANDOM]){99});
    other.pid = pid;
    return other;
}

static void who_holds_the_name(void **state) {
    (void)state;
    enum { DEAD = 999999999 };
    struct identity self = identity_make(getpid()), dead = identity_make(DEAD), alive = identity_make(1),
                    elsewhere = identity_make(DEAD), before = identity_make(DEAD), contained = identity_make(DEAD),
                    same_pid = identity_make(getpid());
    snprintf(elsewhere.host, sizeof elsewhere.host, "elsewhere");
    snprintf(before.boot, sizeof before.boot, "01234567-89ab-cdef-0123-456789abcdef");
    contained.pid_namespace++;
    same_pid.pid_namespace++;
    const struct {
        const struct identity *holder; /* NULL: we ourselves */
        bool ours;
    } cases[] = {{NULL, true},        {&self, true},    {&dead, true},       {&alive, false},
                 {&elsewhere, false}, {&before, false}, {&contained, false}, {&same_pid, false}};
    bool known = identity_sees(&self, &dead); /* /proc tells */
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char holder[IDENTITY_TOKEN_MAX];
        bool ours = cases[i].ours && (known || !cases[i].holder);
        snprintf(holder, sizeof holder, "%s", token);
        if (cases[i].holder) identity_write(cases[i].holder, holder);
        fake_push(LIFE, holder);
        consumer_begin_test();
        assert_int_equal(told.ready, ours);
        assert_int_equal(told.lost + told.failed, 0); /* it waits for the name to lapse */
        assert_string_equal(fake_key(LIFE)->items[0].text, ours ? token : holder);
        consumer_end_test();
    }
    fake_push(LIFE, "elsewhere/999999999"); /* an earlier version's */
    consumer_begin_test();
    assert_int_equal(told.ready, 0);
    consumer_end_test();
}

/* A name that another is faster to take is its. */
static void a_name_that_changes_hands_meanwhile(void **state) {
    (void)state;
    fake.watched_changed = true;
    consumer_begin_test();
    assert_int_equal(told.ready, 1); /* it was asked again */
    consumer_end_test();
}

#define OTHER "elsewhere/12/000102030405060708090a0b0c0d0e0f/-/0"

static void name_put(const char *holder) {
    fake_delete(LIFE);
    fake_push(LIFE, holder);
}

/* Whatever it is about to do, it leaves what is another's alone, and says who that is and what helps. */
static void who_is_displaced_stops(void **state) {
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct claim claim = claim_make("me", 1, 0), other = claim_make("me", 1, 1);
        struct consumer_settlement settlement = {.rests = &claim, .rests_to = &other, .n_rests = 1};
        config.timeout = i ? 36000 : 0; /* 0: the next sign is due at once */
        consumer_begin_test();
        claim_put(&claim, 1, 5);
        list_fill(QUEUE, 1, 3);
        name_put(OTHER);
        claim.read = 2;
        if (i == 0)
            event_base_loop(base, EVLOOP_NONBLOCK);
        else if (i == 1)
            consumer_take(consumer, NULL, &other, true);
        else
            consumer_settle(consumer, &settlement);
        fake_run();
        assert_int_equal(told.failed, 1);
        assert_int_equal(told.lost + told.done, 0);
        assert_non_null(strstr(told.why, "process 12 on host 'elsewhere'"));
        assert_non_null(strstr(told.why, "[queue] consumer"));
        assert_string_equal(fake_key(LIFE)->items[0].text, OTHER);
        list_is(claim.key, 1, 5);
        list_is(QUEUE, 1, 3);
        consumer_end_test();
    }
}

static void who_leaves_leaves_another_its_name(void **state) {
    (void)state;
    consumer_begin_test();
    name_put(OTHER);
    consumer_leave(consumer);
    fake_run();
    assert_int_equal(told.done, 1);
    assert_string_equal(fake_key(LIFE)->items[0].text, OTHER);
    consumer_end_test();
}

/* Asked once after each connect, and only then; who may not ask finds nothing and is not disturbed. */
static void settings_of_redis(void **state) {
    (void)state;
    struct buffer out = BUFFER_INIT;
    struct show show;
    for (unsigned forbidden = 0; forbidden < 2; forbidden++) {
        if (!forbidden) {
            fake_push("INFO memory", "maxmemory:1000\r\nmaxmemory_policy:volatile-ttl\r\n");
            fake_push("CONFIG appendonly", "no");
            fake_push("CONFIG save", "");
        }
        consumer_begin_test();
        assert_int_equal(told.ready, 1);
        buffer_clear(&out);
        show_begin(&show, SHOW_PROMETHEUS, &out);
        consumer_show(consumer, &show);
        show_end(&show);
        static const char *const members[] = {"evicts-signs-of-life", "keeps-nothing"};
        for (unsigned i = 0; i < 2; i++) {
            char line[120];
            snprintf(line, sizeof line, "flowimport_queue_redis_setting{finding=\"%s\"} %d\n", members[i], !forbidden);
            assert_non_null(strstr(out.data, line));
        }
        assert_non_null(strstr(out.data, "flowimport_queue_redis_setting{finding=\"keeps-snapshots\"} 0\n"));
        consumer_end_test();
    }
    buffer_release(&out);
}

static void faults_before_the_name_is_ours(void **state) {
    (void)state;
    for (enum fake_fault fault = FAKE_LOST_BEFORE; fault < FAKE_FAULTS; fault++) {
        fake_fail(1, fault); /* behind the question for scripts */
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
        cmocka_unit_test_setup_teardown(a_name_that_changes_hands_meanwhile, setup_token, teardown),
        cmocka_unit_test_setup_teardown(who_is_displaced_stops, setup_token, teardown),
        cmocka_unit_test_setup_teardown(who_leaves_leaves_another_its_name, setup_token, teardown),
        cmocka_unit_test_setup_teardown(settings_of_redis, setup_token, teardown),
        cmocka_unit_test_setup_teardown(faults_before_the_name_is_ours, setup_token, teardown),
        cmocka_unit_test_setup_teardown(without_a_sign_of_life_nothing_begins, setup_token, teardown),
        cmocka_unit_test_setup_teardown(a_lapsed_sign_of_life_is_noticed, setup_token, teardown),
        cmocka_unit_test_setup_teardown(once_gives_up, setup_token, teardown),
        cmocka_unit_test_setup_teardown(at_most_once_needs_no_name, setup_token, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
