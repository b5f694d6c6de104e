/* The importer on a Redis in the same process and a store in memory: what at-most-once delivery has popped is nowhere
 * else, and must be written. */
#include "import/importer.h"

#include "base/log.h"
#include "fake_redis.h"
#include "store_env.h"

enum { UNFINISHED = -1 };
#define LATER INT64_C(4000000000) /* than any build of the programs */
#define QUEUE "q"

static int64_t now_us(const struct clock *clock) {
    (void)clock;
    return LATER * INT64_C(1000000);
}

static const struct clock stopped = {now_us};
static struct env env;
static struct importer_config config;
static struct event_base *base;
static struct importer *importer;
static char url[32];
static int finished;

static void on_finished(void *context, int exit_code) {
    (void)context;
    finished = exit_code;
}

static int setup(void **state) {
    static const uint32_t sizes[] = {600, 60};
    static unsigned stores;
    struct error error;
    (void)state;
    log_init("test", LOG_TARGET_STDERR, (enum log_level)0); /* what goes wrong is wanted */
    snprintf(url, sizeof url, "memory:importer%u", stores++);
    env_schema(&env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 2);
    env_open(&env, url);
    config = (struct importer_config){
        .store = {.url = url},
        .queue = {.url = "redis://127.0.0.1",
                  .queue = QUEUE,
                  .name = "me",
                  .timeout = 60,
                  .page = 10,
                  .rejected_max = 100,
                  .retry_max_ms = 1,
                  .at_most_once = true},
        .rules = {.max_flow_duration = 86400, .max_future = 3600, .max_sums = {UINT64_C(1) << 53, UINT64_C(1) << 53}},
        .flush_interval = 3600,
        .cache_memory = 2 << 20,
        .claim_entries = 1000};
    base = event_base_new();
    finished = UNFINISHED;
    importer = importer_new(base, &config, &env.layout, &env.schema, &stopped, on_finished, NULL, &error);
    assert_non_null(importer);
    importer_start(importer);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    importer_free(importer);
    event_base_free(base);
    env_release(&env);
    fake_clear();
    return 0;
}

static void queue_fill(unsigned n) {
    char entry[300];
    for (unsigned i = 0; i < n; i++) {
        snprintf(entry, sizeof entry,
                 "{\"sourceIPv4Address\":%u,\"destinationIPv4Address\":9,\"flowStartSeconds\":%d,\"flowEndSeconds\":%d,"
                 "\"packetDeltaCount\":1,\"octetDeltaCount\":10}",
                 i + 1, T0, T0);
        fake_push(QUEUE, entry);
    }
}

/* The store has answered, and Redis is there. */
static void begin(void) {
    event_base_loop(base, EVLOOP_ONCE);
    fake_connect();
}

/* What hangs is to fail. */
static void loop_once(void) {
    const struct timeval bound = {.tv_sec = 1};
    if (finished != UNFINISHED) return;
    event_base_loopexit(base, &bound);
    event_base_loop(base, EVLOOP_ONCE);
}

static void run_to_the_end(void) {
    for (unsigned i = 0; i < 20 && finished == UNFINISHED; i++) {
        fake_run();
        loop_once();
    }
    assert_int_equal(finished, 0);
}

/* The answer to the last LPOP does not come. */
static void what_was_popped_before_the_connection_was_lost_is_written(void **state) {
    (void)state;
    queue_fill(3);
    begin();
    while (fake_length(QUEUE) > 1)
        fake_step();
    fake_fail(0, FAKE_LOST_AFTER);
    fake_run();
    fake_connect();
    importer_stop(importer);
    run_to_the_end();
    assert_int_equal(importer_counters(importer)->imported, 2);
}

static void sums_are_written_at_the_stop_also_while_redis_is_away(void **state) {
    (void)state;
    queue_fill(3);
    begin();
    fake_run();
    redis_drop(fake.client, "the server is gone");
    importer_stop(importer);
    run_to_the_end();
    assert_int_equal(importer_counters(importer)->imported, 3);
}

static void sums_are_written_after_the_flush_interval_also_while_redis_is_away(void **state) {
    (void)state;
    queue_fill(3);
    begin();
    fake_run();
    redis_drop(fake.client, "the server is gone");
    importer_flush(importer);
    loop_once();
    assert_int_equal(importer_counters(importer)->imported, 3);
    importer_stop(importer);
    run_to_the_end();
}

static void a_stop_does_not_wait_for_redis_once_all_is_written(void **state) {
    (void)state;
    queue_fill(3);
    begin();
    fake_run();
    importer_stop(importer);
    redis_drop(fake.client, "the server is gone");
    run_to_the_end();
    assert_int_equal(importer_counters(importer)->imported, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_popped_before_the_connection_was_lost_is_written, setup, teardown),
        cmocka_unit_test_setup_teardown(sums_are_written_at_the_stop_also_while_redis_is_away, setup, teardown),
        cmocka_unit_test_setup_teardown(sums_are_written_after_the_flush_interval_also_while_redis_is_away, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_stop_does_not_wait_for_redis_once_all_is_written, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
