/* The writer thread on a store in memory: its jobs, and the errors that each of the store's calls may give. */
#include "import/writer.h"

#include <inttypes.h>
#include <poll.h>

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
static struct writer *writer;
static struct generation generation;
static struct writer_job job;
static struct store_config config;
static char url[32];

static int setup(void **state) {
    static const uint32_t sizes[] = {600, 60};
    static unsigned stores;
    (void)state;
    log_init("test", LOG_TARGET_STDERR, (enum log_level)0); /* what goes wrong is wanted */
    snprintf(url, sizeof url, "memory:writer%u", stores++);
    env_schema(&env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 2);
    env_open(&env, url);
    config = (struct store_config){.url = url};
    writer = writer_new(&config, &env.layout, &env.schema, &stopped);
    generation_init(&generation, cache_new(&env.layout, &env.schema, 1 << 20, 1));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    memory_fail_commits(0, STORE_OK);
    writer_free(writer);
    generation_release(&generation);
    env_release(&env);
    return 0;
}

/* One flow of 10 packets and `octets`, in generation `number`. */
static void fill(int64_t number, uint64_t octets) {
    struct generation_id id = {"test", number};
    struct flow_record record = {.start = T0, .end = T0, .family = FLOW_IPV4, .sums = {10, octets}};
    generation_start(&generation, &id);
    assert_true(cache_add(generation.cache, &record, 1));
    generation.ledger.entries = generation.ledger.imported = 1;
    generation.ledger.sums[0] = 10;
    generation.ledger.sums[1] = octets;
    generation.ledger.flows = FLOW_UNIT;
}

static enum store_status run(enum writer_job_kind kind, int64_t number) {
    job = (struct writer_job){.kind = kind, .generation = &generation, .id = {"test", number}};
    writer_submit(writer, &job);
    struct pollfd finished = {.fd = writer_fd(writer), .events = POLLIN};
    assert_int_equal(poll(&finished, 1, -1), 1);
    assert_ptr_equal(writer_finish(writer), &job);
    assert_null(writer_finish(writer)); /* once */
    return job.status;
}

/* So many octets in all. */
static void store_has(int64_t octets) {
    char expected[32];
    snprintf(expected, sizeof expected, "%" PRId64 "\n", octets);
    assert_query(&env, "SELECT COALESCE(SUM(octetDeltaCount), 0) FROM index_ports WHERE id = -1", expected);
}

static void a_question_opens_the_store(void **state) {
    (void)state;
    assert_int_equal(run(WRITER_FIND, 1), STORE_OK);
    assert_false(job.found);
    store_has(0);
}

static void a_commit_is_found_and_counted(void **state) {
    (void)state;
    fill(1, 1000);
    assert_int_equal(run(WRITER_COMMIT, 0), STORE_OK);
    store_has(1000);
    assert_int_equal(generation.ledger.committed_at, NOW);
    assert_int_equal(run(WRITER_FIND, 1), STORE_OK);
    assert_true(job.found);
    assert_int_equal(job.ledger.entries, 1);
    assert_int_equal(job.ledger.sums[1], 1000);
    store_has(1000);
}

static void each_failure_writes_nothing_and_the_next_try_all(void **state) {
    (void)state;
    static const enum store_status failures[] = {STORE_RETRY, STORE_TAKEN, STORE_REFUSED};
    for (int64_t i = 0; i < 3; i++) {
        fill(i, 1000);
        memory_fail_commits(1, failures[i]);
        assert_int_equal(run(WRITER_COMMIT, 0), failures[i]);
        assert_int_equal(run(WRITER_FIND, i), STORE_OK);
        assert_false(job.found);
        store_has(1000 * i);
        assert_int_equal(run(WRITER_COMMIT, 0), STORE_OK);
        store_has(1000 * (i + 1));
    }
}

static void a_generation_commits_once(void **state) {
    (void)state;
    fill(1, 1000);
    assert_int_equal(run(WRITER_COMMIT, 0), STORE_OK);
    assert_int_equal(run(WRITER_COMMIT, 0), STORE_TAKEN);
    assert_int_equal(run(WRITER_FIND, 1), STORE_OK);
    store_has(1000);
}

static void a_store_that_can_not_be_opened(void **state) {
    (void)state;
    config.url = "sqlite:/nowhere/at/all.db";
    assert_int_not_equal(run(WRITER_FIND, 1), STORE_OK);
    assert_non_null(strstr(job.error.text, "/nowhere/at/all.db"));
    config.url = url; /* and later can */
    assert_int_equal(run(WRITER_FIND, 1), STORE_OK);
}

static void the_event_tells_that_a_job_is_finished(void **state) {
    (void)state;
    struct pollfd event = {.fd = writer_fd(writer), .events = POLLIN};
    assert_int_equal(poll(&event, 1, 0), 0);
    assert_null(writer_finish(writer));
    job = (struct writer_job){.kind = WRITER_FIND};
    writer_submit(writer, &job);
    assert_int_equal(poll(&event, 1, 60000), 1);
    assert_ptr_equal(writer_finish(writer), &job);
    assert_int_equal(poll(&event, 1, 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_question_opens_the_store, setup, teardown),
        cmocka_unit_test_setup_teardown(a_commit_is_found_and_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(each_failure_writes_nothing_and_the_next_try_all, setup, teardown),
        cmocka_unit_test_setup_teardown(a_generation_commits_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_store_that_can_not_be_opened, setup, teardown),
        cmocka_unit_test_setup_teardown(the_event_tells_that_a_job_is_finished, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
