/* The commit loop on a store in memory: what every source may rely on. */
#include "import/committer.h"

#include "base/log.h"
#include "store/sqlite/memory.h"
#include "store_env.h"

enum { NOW = 1700003000 };

static int64_t now_us(const struct clock *clock) {
    (void)clock;
    return NOW * INT64_C(1000000);
}

static const struct clock stopped = {now_us};
static struct env env;
static struct importer_config config;
static struct event_base *base;
static struct committer *committer;
static char url[32];
static unsigned told[COMMITTER_FLUSH + 1];
static struct ledger_row row;
static bool found;

static void on_told(void *context, const struct committer_news *news) {
    assert_ptr_equal(context, &config);
    told[news->event]++;
    found = news->ledger != NULL;
    if (news->ledger) row = *news->ledger;
    if (news->event == COMMITTER_COMMITTED) committer_release(committer);
}

static void begin(enum committer_patience patience) {
    committer = committer_new(base, &config, &env.layout, &env.schema, &stopped, patience, on_told, &config);
    committer_start(committer, false, false);
}

static int setup(void **state) {
    static const uint32_t sizes[] = {600, 60};
    static unsigned stores;
    (void)state;
    log_init("test", LOG_TARGET_STDERR, (enum log_level)0); /* what goes wrong is wanted */
    snprintf(url, sizeof url, "memory:committer%u", stores++);
    env_schema(&env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 2);
    env_open(&env, url);
    config = (struct importer_config){.store = {.url = url},
                                      .queue = {.retry_max_ms = 1},
                                      .rules = {.max_flow_duration = 86400, .max_future = 3600},
                                      .flush_interval = 3600,
                                      .cache_memory = 2 << 20};
    base = event_base_new();
    memset(told, 0, sizeof told);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    memory_fail_commits(0, STORE_OK);
    committer_free(committer);
    event_base_free(base);
    env_release(&env);
    return 0;
}

static void run_until(enum committer_event event, unsigned times) {
    while (told[event] < times)
        event_base_loop(base, EVLOOP_ONCE);
    assert_int_equal(told[event], times);
}

/* A generation of one flow; whether the flow was refused. */
static bool fold(int64_t number, uint64_t octets) {
    struct generation_id id = {"test", number};
    struct flow_record record = {.start = T0, .end = T0, .family = FLOW_IPV4, .sums = {10, octets}};
    struct generation *generation = committer_folding(committer);
    for (unsigned i = 0; i < sizeof record.key; i++)
        record.key[i] = (uint8_t)(i + 1); /* no two ends alike */
    generation_start(generation, &id);
    assert_int_equal(fold_flows(committer_folder(committer), generation, NOW, &record, 1), FOLD_TAKEN);
    return generation->ledger.rejected == 1;
}

static void the_store_is_asked_before_anything_is_folded(void **state) {
    (void)state;
    begin(PATIENCE_ALONE);
    assert_false(committer_is_free(committer));
    run_until(COMMITTER_READY, 1);
    assert_true(committer_is_free(committer));
}

/* What others have used up refuses nobody: not in the store, not in the generation being written, not in this one. */
static void full_totals_go_on(void **state) {
    (void)state;
    begin(PATIENCE_ALONE);
    run_until(COMMITTER_READY, 1);
    assert_false(fold(1, INT64_MAX));
    committer_hand_over(committer, FLUSH_FULL);
    assert_false(fold(2, INT64_MAX));
    run_until(COMMITTER_COMMITTED, 1);
    committer_hand_over(committer, FLUSH_FULL);
    run_until(COMMITTER_COMMITTED, 2);
    committer_free(committer);
    memset(told, 0, sizeof told);
    begin(PATIENCE_ALONE);
    run_until(COMMITTER_READY, 1);
    assert_false(fold(3, 1000));
    committer_hand_over(committer, FLUSH_FULL);
    run_until(COMMITTER_COMMITTED, 1);
    assert_query(&env,
                 "SELECT octetDeltaCount, packetDeltaCount, typeof(octetDeltaCount) FROM index_ports WHERE id = -1",
                 "000000000000000000018446744073709552614|30|text\n");
}

static void failures_are_tried_again(void **state) {
    (void)state;
    begin(PATIENCE_BOUNDED);
    run_until(COMMITTER_READY, 1);
    memory_fail_commits(COMMITTER_TRIES - 1, STORE_RETRY);
    fold(1, 1000);
    committer_hand_over(committer, FLUSH_FULL);
    assert_false(committer_is_free(committer));
    run_until(COMMITTER_COMMITTED, 1);
    assert_true(committer_is_free(committer));
    assert_int_equal(row.sums[1], 1000);
    memory_fail_commits(COMMITTER_TRIES, STORE_RETRY);
    fold(2, 1000);
    committer_hand_over(committer, FLUSH_FULL);
    run_until(COMMITTER_FAILED, 1);
}

static void the_verdicts(void **state) {
    (void)state;
    static const struct {
        enum committer_patience patience;
        enum store_status status;
        bool ready, stopping;
        unsigned tries;
        enum committer_verdict verdict;
    } cases[] = {
        {PATIENCE_SOURCE, STORE_RETRY, false, false, 1, COMMITTER_AGAIN},
        {PATIENCE_SOURCE, STORE_RETRY, true, false, 999, COMMITTER_AGAIN},
        {PATIENCE_SOURCE, STORE_RETRY, true, true, 1, COMMITTER_LEAVE},
        {PATIENCE_SOURCE, STORE_REFUSED, false, false, 1, COMMITTER_GIVE_UP},
        {PATIENCE_SOURCE, STORE_REFUSED, true, false, 999, COMMITTER_AGAIN},
        {PATIENCE_SOURCE, STORE_REFUSED, true, true, 1, COMMITTER_LEAVE},
        {PATIENCE_SOURCE, STORE_TOO_LARGE, true, false, 1, COMMITTER_HALVE},
        {PATIENCE_SOURCE, STORE_TOO_LARGE, true, true, 1, COMMITTER_LEAVE},
        {PATIENCE_ALONE, STORE_TOO_LARGE, true, false, 999, COMMITTER_AGAIN},
        {PATIENCE_BOUNDED, STORE_TOO_LARGE, true, false, 1, COMMITTER_HALVE},
        {PATIENCE_ALONE, STORE_RETRY, false, false, 999, COMMITTER_AGAIN},
        {PATIENCE_ALONE, STORE_RETRY, true, true, 999, COMMITTER_AGAIN},
        {PATIENCE_ALONE, STORE_REFUSED, false, false, 1, COMMITTER_GIVE_UP},
        {PATIENCE_ALONE, STORE_REFUSED, true, false, 999, COMMITTER_AGAIN},
        {PATIENCE_ALONE, STORE_REFUSED, true, true, 1, COMMITTER_GIVE_UP},
        {PATIENCE_BOUNDED, STORE_RETRY, false, false, 1, COMMITTER_GIVE_UP},
        {PATIENCE_BOUNDED, STORE_RETRY, true, false, COMMITTER_TRIES - 1, COMMITTER_AGAIN},
        {PATIENCE_BOUNDED, STORE_RETRY, true, false, COMMITTER_TRIES, COMMITTER_GIVE_UP},
        {PATIENCE_BOUNDED, STORE_REFUSED, true, false, 1, COMMITTER_GIVE_UP},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(
            committer_judge(cases[i].patience, cases[i].status, cases[i].ready, cases[i].stopping, cases[i].tries),
            cases[i].verdict);
    committer = NULL;
}

static void the_bound_of_entries(void **state) {
    (void)state;
    static const struct {
        uint64_t bound, configured, entries;
        bool committed;
        uint64_t next;
    } cases[] = {
        {UINT64_MAX, 4000000, 1000, false, 500},
        {3, 4000000, 3, false, 1},
        {1, 4000000, 1, false, 1},
        {1, 4000000, 1, true, 2},
        {800, 4000000, 800, true, 901},
        {800, 4000000, 799, true, 800},
        {800, 850, 800, true, 850},
        {800, 500, 800, true, 500}, /* changed since */
        {UINT64_MAX, 4000000, 4000000, true, UINT64_MAX},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(
            committer_entries_bound(cases[i].bound, cases[i].configured, cases[i].entries, cases[i].committed),
            cases[i].next);
    committer = NULL;
}

static void fold_many(int64_t number, unsigned n) {
    struct generation_id id = {"test", number};
    struct flow_record record = {.start = T0, .end = T0, .family = FLOW_IPV4, .sums = {10, 1000}};
    struct generation *generation = committer_folding(committer);
    generation_start(generation, &id);
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(fold_flows(committer_folder(committer), generation, NOW, &record, 1), FOLD_TAKEN);
}

static void a_generation_that_is_too_large_comes_again_in_halves(void **state) {
    (void)state;
    config.claim_entries = 2000;
    begin(PATIENCE_SOURCE);
    run_until(COMMITTER_READY, 1);
    assert_int_equal(committer_entries_max(committer), 2000);
    memory_fail_commits(1, STORE_TOO_LARGE);
    fold_many(1, 1000);
    committer_hand_over(committer, FLUSH_FULL);
    run_until(COMMITTER_TOO_LARGE, 1);
    assert_true(committer_is_free(committer));
    assert_int_equal(committer_entries_max(committer), 500);
    fold_many(1, 500);
    committer_hand_over(committer, FLUSH_FULL);
    run_until(COMMITTER_COMMITTED, 1);
    assert_int_equal(committer_entries_max(committer), 563);
    memory_fail_commits(3, STORE_TOO_LARGE); /* one entry is tried again as it is */
    fold_many(2, 1);
    committer_hand_over(committer, FLUSH_FULL);
    run_until(COMMITTER_COMMITTED, 2);
    assert_int_equal(told[COMMITTER_TOO_LARGE], 1);
}

static void a_refusal_later_on_is_waited_for(void **state) {
    (void)state;
    begin(PATIENCE_SOURCE);
    run_until(COMMITTER_READY, 1);
    memory_fail_commits(3, STORE_REFUSED);
    fold(1, 1000);
    committer_hand_over(committer, FLUSH_FULL);
    run_until(COMMITTER_COMMITTED, 1);
    assert_int_equal(told[COMMITTER_FAILED], 0);
}

static void a_name_that_is_taken(void **state) {
    (void)state;
    begin(PATIENCE_SOURCE);
    run_until(COMMITTER_READY, 1);
    fold(1, 1000);
    committer_hand_over(committer, FLUSH_FULL);
    run_until(COMMITTER_COMMITTED, 1);
    fold(1, 500);
    committer_hand_over(committer, FLUSH_FULL);
    run_until(COMMITTER_TAKEN, 1);
    committer_rename(committer, 2);
    run_until(COMMITTER_COMMITTED, 2);
    assert_int_equal(row.id.generation, 2);
    assert_query(&env, "SELECT octetDeltaCount FROM index_ports WHERE id = -1", "1500\n");
    committer_find(committer, &(struct generation_id){"test", 2});
    run_until(COMMITTER_FOUND, 1);
    assert_true(found);
    committer_find(committer, &(struct generation_id){"test", 3});
    run_until(COMMITTER_FOUND, 2);
    assert_false(found);
}

static void stopping_while_the_store_is_away(void **state) {
    (void)state;
    begin(PATIENCE_SOURCE);
    run_until(COMMITTER_READY, 1);
    memory_fail_commits(1000000, STORE_RETRY);
    fold(1, 1000);
    committer_hand_over(committer, FLUSH_FULL);
    committer_stop(committer);
    run_until(COMMITTER_LEFT, 1);
}

static void stopping_before_the_store_has_answered(void **state) {
    (void)state;
    begin(PATIENCE_SOURCE);
    committer_stop(committer);
    assert_int_equal(told[COMMITTER_LEFT], 1);
}

static void stopping_between_two_tries(void **state) {
    (void)state;
    config.queue.retry_max_ms = 3600 * 1000;
    begin(PATIENCE_SOURCE);
    run_until(COMMITTER_READY, 1);
    memory_fail_commits(1000000, STORE_RETRY);
    fold(1, 1000);
    committer_hand_over(committer, FLUSH_FULL);
    event_base_loop(base, EVLOOP_ONCE); /* the first try has failed */
    assert_int_equal(told[COMMITTER_LEFT], 0);
    committer_stop(committer);
    assert_int_equal(told[COMMITTER_LEFT], 1);
    event_base_loop(base, EVLOOP_NONBLOCK);
    assert_int_equal(told[COMMITTER_LEFT], 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_store_is_asked_before_anything_is_folded, setup, teardown),
        cmocka_unit_test_setup_teardown(full_totals_go_on, setup, teardown),
        cmocka_unit_test_setup_teardown(failures_are_tried_again, setup, teardown),
        cmocka_unit_test_setup_teardown(the_verdicts, setup, teardown),
        cmocka_unit_test_setup_teardown(the_bound_of_entries, setup, teardown),
        cmocka_unit_test_setup_teardown(a_generation_that_is_too_large_comes_again_in_halves, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refusal_later_on_is_waited_for, setup, teardown),
        cmocka_unit_test_setup_teardown(a_name_that_is_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(stopping_while_the_store_is_away, setup, teardown),
        cmocka_unit_test_setup_teardown(stopping_before_the_store_has_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(stopping_between_two_tries, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
