/* The direct importer: a real feed, a store in memory whose commits fail on demand, a clock that is set. */
#include "import/direct.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/fault.h"
#include "capture.h"
#include "direct_case.h"
#include "flow/names.h"
#include "store/sqlite/memory.h"

static char url[32];

/* While it is set no commit goes on: the writer's thread waits. */
static atomic_bool holding;

static void flush_hold(const char *place) {
    while (strcmp(place, "mid-flush") == 0 && atomic_load(&holding))
        usleep(1000);
}

static void begin(uint64_t cache_memory) {
    static const uint32_t sizes[] = {600, 60};
    static unsigned stores;
    snprintf(url, sizeof url, "memory:direct%u", stores++);
    env_schema(&env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 2);
    env_open(&env, url);
    config = (struct importer_config){.queue = {.name = "here", .retry_max_ms = 5},
                                      .store = {.url = url},
                                      .rules = {.max_flow_duration = 86400, .max_future = 3600},
                                      .flush_interval = 3600,
                                      .cache_memory = cache_memory};
    now.us = NOW * INT64_C(1000000);
    direct_begin();
}

static int setup(void **state) {
    (void)state;
    begin(ROOMY);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    memory_fail_commits(0, STORE_OK);
    atomic_store(&holding, false);
    direct_end();
    env_release(&env);
    return 0;
}

static int setup_tight(void **state) {
    (void)state;
    begin(THREE_ROWS);
    return 0;
}

static bool is_state(const char *member) {
    struct buffer text = BUFFER_INIT;
    struct show show;
    show_begin(&show, SHOW_JSON, &text);
    direct_show(direct, &show);
    show_end(&show);
    bool found = strstr(text.data, member) != NULL;
    buffer_release(&text);
    return found;
}

__attribute__((format(printf, 1, 2))) static void problems_are(const char *format, ...) {
    struct buffer text = BUFFER_INIT;
    char expected[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(expected, sizeof expected, format, arguments);
    va_end(arguments);
    direct_problems(direct, &text);
    assert_string_equal(text.data ? text.data : "", expected);
    buffer_release(&text);
}

static void ledger_is(const char *expected) {
    assert_query(&env,
                 "SELECT consumer, generation, committed_at, entries, imported, too_old, rejected, octetDeltaCount "
                 "FROM import_ledger ORDER BY generation",
                 expected);
}

/* Every table that counts all: what the flows of `put` bring, each 10 packets and 1000 octets. */
static void sums_are(unsigned flows) {
    char expected[64];
    sprintf(expected, "%u|%u\n", 10 * flows, 1000 * flows);
    assert_query(&env, "SELECT SUM(packetDeltaCount), SUM(octetDeltaCount) FROM flows_60", expected);
    assert_query(&env, "SELECT SUM(packetDeltaCount), SUM(octetDeltaCount) FROM flows_600", expected);
    assert_query(&env, "SELECT packetDeltaCount, octetDeltaCount FROM index_ports WHERE id = -1", expected);
}

static void entries_become_rows(void **state) {
    (void)state;
    problems_are("store: no answer yet\n");
    put("");
    put("");
    put("\"sourceTransportPort\":53");
    feed_flush(feed);
    run_until("import_uncommitted_entries 3");
    run_until("store_up 1");
    problems_are("%s", "");
    now.us += 7500000;
    assert_true(shows("import_lag_seconds 7"));
    direct_flush(direct);
    run_until("import_generations_total 1");
    ledger_is("direct:here|1700003000000000|1700003007|3|3|0|0|3000\n");
    assert_query(&env, "SELECT bucket, sourceTransportPort, octetDeltaCount FROM flows_60 ORDER BY octetDeltaCount",
                 "1700002800|53|1000\n1700002800|50001|2000\n");
    assert_true(shows("import_uncommitted_entries 0"));
    assert_true(shows("import_lag_seconds 0"));
    assert_true(shows("import_cache_rows 0"));
    assert_true(shows("import_cache_bytes 0"));
    assert_true(shows("import_flushes_total{cause=\"signal\"} 1"));
    assert_true(shows("import_last_commit_timestamp_seconds 1700003007"));
    /* Nothing to flush: nothing is written. The next generation has a larger number though the clock is set back. */
    direct_flush(direct);
    assert_true(shows("import_flushes_total{cause=\"signal\"} 1"));
    now.us = NOW * INT64_C(1000000) - 1;
    put_ports(53, 1);
    run_until("import_uncommitted_entries 1");
    direct_flush(direct);
    run_until("import_generations_total 2");
    ledger_is("direct:here|1700003000000000|1700003007|3|3|0|0|3000\n"
              "direct:here|1700003000000001|1700002999|1|1|0|0|1000\n");
    sums_are(4);
    assert_int_equal(direct_counters(direct)->imported, 4);
    assert_int_equal(finished, 0);
}

static void refused_entries_are_counted_and_dropped(void **state) {
    (void)state;
    config.rules.max_flow_age = 500;
    direct_reconfigure(direct);
    put("");
    put("\"flowStartSeconds\":1700002499");
    put("\"octetDeltaCount\":\"x\"");
    put("\"flowEndSeconds\":1700006601");
    for (unsigned i = 0; i < 5; i++)
        put("\"octetDeltaCount\":null");
    feed_put(feed, "END", 3);
    feed_flush(feed);
    struct capture capture = capture_begin(STDERR_FILENO);
    run_until("import_uncommitted_entries 9");
    char *text = capture_end(&capture);
    assert_contains(text, ": warning: import: refused: {\"reason\":\"wrong-type\",\"field\":\"octetDeltaCount\","
                          "\"value\":\"x\",\"time\":1700003000}: { \"sourceIPv4Address\" : 167772161,");
    unsigned lines = 0;
    for (const char *at = text; (at = strstr(at, "refused: ")); at++)
        lines++;
    assert_int_equal(lines, 3);
    free(text);
    direct_flush(direct);
    run_until("import_generations_total 1");
    ledger_is("direct:here|1700003000000000|1700003000|9|1|1|7|1000\n");
    assert_true(shows("import_entries_total{outcome=\"too_old\"} 1"));
    assert_true(shows("import_rejected_total{reason=\"missing-field\"} 5"));
    assert_true(shows("import_rejected_total{reason=\"wrong-type\"} 1"));
    assert_true(shows("import_rejected_total{reason=\"in-future\"} 1"));
    sums_are(1);
}

static void failed_commits_are_tried_again(void **state) {
    (void)state;
    run_until("store_up 1");
    memory_fail_commits(1000000, STORE_RETRY);
    put_ports(1, 2);
    run_until("import_uncommitted_entries 2");
    direct_flush(direct);
    run_until("store_failures_total 3");
    problems_are("store: %s: this commit is set to fail; 999997 more will\n", url);
    /* The other is filled meanwhile, and waits, though it is asked for. */
    now.us += 1000000;
    put_ports(2, 3);
    run_until("import_uncommitted_entries 5");
    direct_flush(direct);
    assert_true(shows("import_flushes_total{cause=\"signal\"} 1"));
    memory_fail_commits(0, STORE_OK);
    run_until("import_generations_total 2");
    ledger_is("direct:here|1700003000000000|1700003001|2|2|0|0|2000\n"
              "direct:here|1700003001000000|1700003001|3|3|0|0|3000\n");
    assert_query(&env, "SELECT sourceTransportPort, octetDeltaCount FROM flows_60 ORDER BY 1",
                 "1|1000\n2|2000\n3|1000\n4|1000\n");
    sums_are(5);
    problems_are("%s", "");
}

static void a_refusal_after_the_first_answer_is_tried_again(void **state) {
    (void)state;
    run_until("store_up 1");
    memory_fail_commits(2, STORE_REFUSED);
    put_ports(1, 1);
    run_until("import_uncommitted_entries 1");
    direct_flush(direct);
    run_until("import_generations_total 1");
    assert_true(shows("store_failures_total 2"));
    sums_are(1);
    assert_int_equal(finished, 0);
}

/* A generation of two flows whose first try is said to have failed, while the ledger has got such a row. */
static void fail_and_write(const struct ledger_row *row) {
    struct error error = {""};
    run_until("store_up 1");
    memory_fail_commits(1, STORE_RETRY);
    put_ports(1, 2);
    run_until("import_uncommitted_entries 2");
    direct_flush(direct);
    run_until("store_failures_total 1");
    store_begin(env.store, row, NULL, 0);
    assert_int_equal(store_commit(env.store, &error), STORE_OK);
    run_until("import_generations_total 1");
}

static const struct ledger_row two_flows = {.id = {"direct:here", NOW *INT64_C(1000000)},
                                            .committed_at = NOW,
                                            .entries = 2,
                                            .imported = 2,
                                            .sums = {2 * 10, 2 * 1000},
                                            .flows = 2 * FLOW_UNIT};

/* The row is what it would have written, but for the first and last bucket: nothing is to be added again. */
static void a_commit_whose_answer_was_lost(void **state) {
    (void)state;
    fail_and_write(&two_flows);
    ledger_is("direct:here|1700003000000000|1700003000|2|2|0|0|2000\n");
    assert_query(&env, "SELECT COUNT(*) FROM flows_60", "0\n");
    assert_int_equal(direct_counters(direct)->imported, 2);
    put_ports(1, 1);
    run_until("import_uncommitted_entries 1");
    direct_flush(direct);
    run_until("import_generations_total 2");
    sums_are(1);
}

/* The row says something else, so another process has written it: ours is still to be written, under another number. */
static void a_number_taken_while_the_store_was_away(void **state) {
    (void)state;
    struct ledger_row row = two_flows;
    row.sums[1]++;
    fail_and_write(&row);
    ledger_is("direct:here|1700003000000000|1700003000|2|2|0|0|2001\n"
              "direct:here|1700003000000001|1700003000|2|2|0|0|2000\n");
    sums_are(2);
}

/* At the first try it can only be another's: ours gets another number, whatever became of those before. */
static void a_number_that_is_taken(void **state) {
    (void)state;
    run_until("store_up 1");
    memory_fail_commits(1, STORE_RETRY);
    put_ports(1, 1);
    run_until("import_uncommitted_entries 1");
    direct_flush(direct);
    run_until("import_generations_total 1");
    memory_fail_commits(2, STORE_TAKEN);
    put_ports(1, 2);
    run_until("import_uncommitted_entries 2");
    direct_flush(direct);
    run_until("import_generations_total 2");
    ledger_is("direct:here|1700003000000000|1700003000|1|1|0|0|1000\n"
              "direct:here|1700003000000003|1700003000|2|2|0|0|2000\n");
    sums_are(3);
}

static void full_generations_leave_the_rest_in_the_feed(void **state) {
    (void)state;
    run_until("store_up 1");
    memory_fail_commits(2, STORE_RETRY);
    atomic_store(&holding, true);
    put_ports(1, 10);
    run_until("import_uncommitted_entries 6"); /* the second is filled while the first is written */
    assert_true(is_state("\"full\": true"));
    assert_false(feed_is_empty(feed));
    atomic_store(&holding, false);
    run_until("import_uncommitted_entries 1");
    assert_true(is_state("\"full\": false"));
    run_until("import_generations_total 3");
    assert_true(shows("import_flushes_total{cause=\"full\"} 3"));
    direct_stop(direct);
    run_until_finished();
    assert_int_equal(exit_code, 0);
    assert_true(shows("import_flushes_total{cause=\"stop\"} 1"));
    assert_query(&env, "SELECT generation, entries FROM import_ledger ORDER BY generation",
                 "1700003000000000|3\n1700003000000001|3\n1700003000000002|3\n1700003000000003|1\n");
    assert_query(&env, "SELECT COUNT(*) FROM flows_60", "10\n");
    sums_are(10);
}

/* One long entry a block: what finds no room in the feed is counted there, and all else is imported. */
static void what_the_feed_must_throw_away(void **state) {
    (void)state;
    enum { PUT = FEED_BLOCKS + 44 };
    run_until("store_up 1");
    memory_fail_commits(1000000, STORE_RETRY);
    put_ports(1, 7);
    run_until("store_failures_total 2");
    problems_are("store: %s: this commit is set to fail; 999998 more will\n", url);
    for (unsigned i = 0; i < PUT; i++)
        put_long(100 + i);
    uint64_t lost = feed_lost(feed);
    assert_int_equal(lost, PUT - (FEED_BLOCKS - 1)); /* the seventh entry has a block */
    memory_fail_commits(0, STORE_OK);
    run_until("store_up 1");
    problems_are("import: no room: %u entries lost\n", (unsigned)lost);
    direct_stop(direct);
    run_until_finished();
    sums_are(7 + PUT - (unsigned)lost);
    problems_are("%s", "");
}

static void stopping_with_content(void **state) {
    (void)state;
    run_until("store_up 1");
    put_ports(1, 20000); /* more than is taken at once, and nothing is read yet */
    direct_stop(direct);
    assert_int_equal(finished, 0);
    run_until_finished();
    assert_int_equal(exit_code, 0);
    sums_are(20000);
    assert_query(&env, "SELECT COUNT(*), SUM(entries) FROM import_ledger", "1|20000\n");
    direct_stop(direct);
    direct_flush(direct);
    assert_int_equal(finished, 1);
}

static void stopping_before_the_first_answer(void **state) {
    (void)state;
    put_ports(1, 2);
    direct_stop(direct);
    run_until_finished();
    assert_int_equal(exit_code, 0);
    sums_are(2);
}

static void stopping_with_nothing(void **state) {
    (void)state;
    direct_stop(direct); /* the store has not even answered */
    assert_int_equal(finished, 1);
    assert_int_equal(exit_code, 0);
    ledger_is("");
}

static void stopping_while_the_store_is_away(void **state) {
    (void)state;
    config.queue.retry_max_ms = 1000000; /* the first wait is 0.1 s, the third 0.4 */
    direct_reconfigure(direct);
    run_until("store_up 1");
    memory_fail_commits(4, STORE_RETRY);
    put_ports(1, 2);
    run_until("import_uncommitted_entries 2");
    direct_flush(direct);
    run_until("store_failures_total 1");
    put_ports(2, 2);
    direct_stop(direct);
    run_until_finished();
    assert_int_equal(exit_code, 0);
    assert_true(shows("store_failures_total 4"));
    sums_are(4);
    assert_query(&env, "SELECT entries FROM import_ledger ORDER BY generation", "2\n2\n");
}

static void run_until_empty(void) {
    int64_t end = clock_monotonic_us() + BOUND_SECONDS * INT64_C(1000000);
    while (!feed_is_empty(feed)) {
        if (clock_monotonic_us() > end) fail_msg("entries stay in the feed");
        event_base_loop(base, EVLOOP_ONCE);
    }
}

/* What the feed still has, and what comes, is thrown away, so that nobody waits for room. */
static void a_refusal_ends_a_stop(void **state) {
    (void)state;
    run_until("store_up 1");
    memory_fail_commits(1000000, STORE_REFUSED);
    put_ports(1, 10);
    run_until("store_failures_total 2");
    assert_int_equal(finished, 0);
    direct_stop(direct);
    run_until_finished();
    assert_int_equal(exit_code, 1);
    ledger_is("");
    run_until_empty();
    put_ports(1, 2);
    run_until_empty();
    assert_int_equal(finished, 1);
    struct capture capture = capture_begin(STDERR_FILENO);
    direct_free(direct);
    direct = NULL;
    char *text = capture_end(&capture);
    assert_contains(text, "error: import: 12 entries lost: they were not committed\n");
    free(text);
}

static void a_store_that_can_not_be_used(void **state) {
    static const uint32_t size = 60;
    struct env other = {.url = url};
    (void)state;
    env_schema(&other, FLOW_LAYOUT_KEYS, "octetDeltaCount", &size, 1);
    direct_free(direct);
    direct = direct_new(base, &config, NULL, &other.layout, &other.schema, &now.clock, on_finished, &config, NULL);
    direct_take(direct, feed);
    put_ports(1, 2);
    direct_start(direct);
    run_until_finished();
    assert_int_equal(exit_code, 1);
    ledger_is("");
    direct_free(direct); /* before its layout */
    direct = NULL;
}

static void the_interval_flushes(void **state) {
    (void)state;
    put_ports(1, 2);
    run_until("import_uncommitted_entries 2");
    config.flush_interval = 1;
    direct_reconfigure(direct);
    run_until("import_generations_total 1");
    assert_true(shows("import_flushes_total{cause=\"interval\"} 1"));
    sums_are(2);
}

/* Sums that the store has used up refuse no flow. */
static void full_totals_refuse_nothing(void **state) {
    (void)state;
    run_until("store_up 1");
    put("\"octetDeltaCount\":9223372036854775807");
    feed_flush(feed);
    run_until("import_uncommitted_entries 1");
    direct_flush(direct);
    run_until("import_generations_total 1");
    put("");
    put("\"octetDeltaCount\":0");
    feed_flush(feed);
    run_until("import_uncommitted_entries 2");
    direct_flush(direct);
    run_until("import_generations_total 2");
    assert_true(shows("import_rejected_total{reason=\"too-large\"} 0"));
    assert_query(&env, "SELECT packetDeltaCount, octetDeltaCount FROM index_ports WHERE id = -1",
                 "30|000000000000000000009223372036854776807\n");
}

enum { PUMPED = 50000, HANDED = 200 }; /* 250 blocks: the feed has room even where the loop stands still */

static void *pump(void *context) {
    atomic_bool *over = context;
    for (unsigned i = 0; i < PUMPED / HANDED; i++)
        put_ports(1 + i * HANDED % 1000, HANDED);
    atomic_store(over, true);
    return NULL;
}

/* A thread that does not wait, flushes in between, commits that fail: all is counted once. */
static void a_thread_that_does_not_wait(void **state) {
    (void)state;
    atomic_bool over = false;
    pthread_t thread;
    uint64_t generations = 0;
    assert_int_equal(pthread_create(&thread, NULL, pump, &over), 0);
    while (!atomic_load(&over)) {
        event_base_loop(base, EVLOOP_ONCE);
        if (direct_counters(direct)->generations != generations) memory_fail_commits(2, STORE_RETRY);
        generations = direct_counters(direct)->generations;
        direct_flush(direct);
    }
    pthread_join(thread, NULL);
    direct_stop(direct);
    run_until_finished();
    assert_int_equal(feed_lost(feed), 0);
    assert_int_equal(direct_counters(direct)->entries, PUMPED);
    assert_query(&env, "SELECT COUNT(*) FROM flows_60", "1000\n");
    assert_query(&env, "SELECT DISTINCT octetDeltaCount FROM flows_60", "50000\n");
    assert_query(&env, "SELECT SUM(entries), SUM(imported) FROM import_ledger", "50000|50000\n");
    sums_are(PUMPED);
}

/* Packed flows of another process can be read if it had the same keys and sums in the same order. */
static void layouts_of_packed_flows(void **state) {
    static const char *const others[][2] = {
        {FLOW_LAYOUT_KEYS, "octetDeltaCount,packetDeltaCount"},
        {FLOW_LAYOUT_KEYS, "octetDeltaCount"},
        {FLOW_LAYOUT_KEYS ",tcpControlBits", FLOW_LAYOUT_SUMS},
    };
    struct flow_layout layout;
    struct error error;
    (void)state;
    assert_int_equal(flow_layout_init(&layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, &error), 0);
    assert_int_equal(direct_flows_layout(&layout), direct_flows_layout(&env.layout));
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(flow_layout_init(&layout, others[i][0], others[i][1], &error), 0);
        assert_int_not_equal(direct_flows_layout(&layout), direct_flows_layout(&env.layout));
    }
}

#define test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
#define tight(function) cmocka_unit_test_setup_teardown(function, setup_tight, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(entries_become_rows),
        test(refused_entries_are_counted_and_dropped),
        test(failed_commits_are_tried_again),
        test(a_refusal_after_the_first_answer_is_tried_again),
        test(a_commit_whose_answer_was_lost),
        test(a_number_taken_while_the_store_was_away),
        test(a_number_that_is_taken),
        tight(full_generations_leave_the_rest_in_the_feed),
        tight(what_the_feed_must_throw_away),
        test(stopping_with_content),
        test(stopping_before_the_first_answer),
        test(stopping_with_nothing),
        test(stopping_while_the_store_is_away),
        tight(a_refusal_ends_a_stop),
        test(a_store_that_can_not_be_used),
        test(the_interval_flushes),
        test(full_totals_refuse_nothing),
        test(a_thread_that_does_not_wait),
        test(layouts_of_packed_flows),
    };
    names_init();
    fault_hook = flush_hold;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
