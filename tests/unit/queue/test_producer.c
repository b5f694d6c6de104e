/* The producer on a Redis in the same process: whatever is lost or refused on the way, each entry arrives once and in
 * its order, or is counted. */
#include "queue/producer.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "fake_redis.h"
#include "queue/producer_impl.h"

#define QUEUE "entry:queue"
#define MARKER "{" QUEUE "}:producer:one"

enum { ENTRIES = 4500, BATCH = 2000 };

static struct event_base *base;
static struct producer *producer;
static struct producer_config config;
static char folder[64];
static unsigned n_failed;
static char failed_why[512];

static void on_failed(void *context, const char *why) {
    (void)context;
    n_failed++;
    snprintf(failed_why, sizeof failed_why, "%s", why);
}

static void producer_begin(const struct producer_handler *handler) {
    struct error error;
    producer = producer_new(base, &config, handler, &error);
    if (!producer) fail_msg("%s", error.text);
    producer_start(producer);
}

static int setup(void **state) {
    (void)state;
    log_init("test", LOG_TARGET_STDERR, (enum log_level)0); /* what goes wrong is wanted */
    base = event_base_new();
    config =
        (struct producer_config){.url = "redis://test", .queue = QUEUE, .marker = "producer:one", .retry_max_ms = 1};
    snprintf(folder, sizeof folder, "%s/test_producer.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    n_failed = 0;
    return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state) {
    DIR *listing = opendir(folder);
    char path[400];
    (void)state;
    for (const struct dirent *entry; listing && (entry = readdir(listing));) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
    }
    if (listing) closedir(listing);
    rmdir(folder);
    event_base_free(base);
    fake_clear();
    return 0;
}

/* Entries number `first` to `last`. */
static void put(unsigned first, unsigned last) {
    char text[32];
    for (unsigned i = first; i <= last; i++)
        producer_put(producer, text, (size_t)snprintf(text, sizeof text, "%u", i));
}

/* Both sides, until nothing moves. */
static void run(void) {
    do {
        fake_run();
        event_base_loop(base, EVLOOP_NONBLOCK);
    } while (fake.client->n > 0);
}

/* The queue holds 1 to n, each once and in order. */
static void assert_arrived(unsigned n) {
    const struct fake_key *queue = fake_key(QUEUE);
    char text[32];
    assert_int_equal(fake_length(QUEUE), n);
    for (unsigned i = 0; i < n; i++) {
        snprintf(text, sizeof text, "%u", i + 1);
        assert_string_equal(queue->items[i].text, text);
    }
}

static uint64_t marker_position(void) {
    const struct fake_key *marker = fake_key(MARKER);
    return marker ? strtoull(strrchr(marker->items[0].text, ' '), NULL, 10) : 0;
}

static void assert_shown(const char *expected) {
    struct buffer text = BUFFER_INIT;
    struct show show;
    show_begin(&show, SHOW_PROMETHEUS, &text);
    producer_show(producer, &show);
    show_end(&show);
    if (!strstr(text.data, expected)) fail_msg("no %s in\n%s", expected, text.data);
    buffer_release(&text);
}

static void assert_problem(const char *expected) {
    struct buffer text = BUFFER_INIT;
    producer_problems(producer, &text);
    if (!text.data || !strstr(text.data, expected)) fail_msg("no %s in: %s", expected, text.data);
    buffer_release(&text);
}

static void batch_by_batch(void **state) {
    (void)state;
    producer_begin(NULL);
    assert_problem("producer: not connected yet");
    put(1, ENTRIES);
    assert_false(producer_is_done(producer));
    fake_connect();
    run();
    assert_arrived(ENTRIES);
    assert_true(fake.client->most <= 8); /* one batch at a time */
    assert_int_equal(marker_position(), ENTRIES);
    assert_int_equal(producer_pushed(producer), ENTRIES);
    assert_true(producer_is_done(producer));
    put(ENTRIES + 1, ENTRIES + 3); /* and what comes later */
    run();
    assert_arrived(ENTRIES + 3);
    producer_free(producer);
}

/* A batch has arrived when the replica has it, and the next is sent then. */
static void the_replica_is_waited_for(void **state) {
    (void)state;
    config.wait_replicas = 1;
    producer_begin(NULL);
    put(1, ENTRIES);
    fake_connect();
    fake.replicas_late = 3;
    while (fake.replicas_late > 0)
        fake_step();
    assert_arrived(BATCH);
    assert_int_equal(producer_pushed(producer), 0);
    assert_shown("flowimport_producer_unreplicated 1\n");
    assert_problem("producer: 0 replicas of Redis have confirmed what was pushed; wait_replicas is 1\n");
    fake_fail(0, FAKE_LOST_BEFORE); /* what is there already is waited for behind a lost connection, too */
    fake_run();
    assert_shown("flowimport_producer_unreplicated 0\n");
    fake.replicas_late = 2;
    fake_connect();
    while (fake.replicas_late > 0)
        fake_step();
    assert_arrived(BATCH);
    assert_int_equal(producer_pushed(producer), 0);
    assert_shown("flowimport_producer_unreplicated 1\n");
    run();
    assert_arrived(ENTRIES);
    assert_int_equal(producer_pushed(producer), ENTRIES);
    assert_shown("flowimport_producer_unreplicated 0\n");
    producer_free(producer);
}

/* A server that takes over and lacks the batch that no replica had confirmed gets it again. */
static void a_promoted_replica_gets_what_it_lacks(void **state) {
    (void)state;
    config.wait_replicas = 1;
    producer_begin(NULL);
    put(1, BATCH);
    fake_connect();
    run();
    put(BATCH + 1, BATCH + 10);
    event_base_loop(base, EVLOOP_NONBLOCK);
    fake.replicas_late = 2;
    while (fake.replicas_late > 0)
        fake_step();
    assert_arrived(BATCH + 10);
    fake_fail(0, FAKE_LOST_BEFORE);
    run();
    struct fake_key *queue = fake_key(QUEUE), *marker = fake_key(MARKER);
    while (queue->n > BATCH)
        free(fake_remove(queue, queue->n - 1).text);
    char before[PRODUCER_STREAM_MAX + 16];
    snprintf(before, sizeof before, "%s %d", producer->stream, BATCH);
    free(marker->items[0].text);
    marker->items[0] = fake_text_new(before, strlen(before));
    fake_connect();
    run();
    assert_arrived(BATCH + 10);
    assert_int_equal(producer_pushed(producer), BATCH + 10);
    producer_free(producer);
}

/* Each command goes wrong in each way, one at a time; the connection comes back. */
static void any_command_is_lost_or_refused(void **state) {
    unsigned n_tried = 0;
    (void)state;
    for (enum fake_fault fault = FAKE_LOST_BEFORE; fault <= FAKE_REFUSED; fault++)
        for (unsigned n = 0;; n++, n_tried++) {
            producer_begin(NULL);
            put(1, ENTRIES);
            fake_fail(n, fault);
            fake_connect();
            run();
            bool reached = fake.fault == FAKE_NO_FAULT;
            for (unsigned tries = 0; tries < 3 && !producer_is_done(producer); tries++) {
                assert_false(fake.client->connected);
                fake_connect();
                run();
            }
            assert_arrived(ENTRIES);
            assert_int_equal(marker_position(), ENTRIES);
            assert_int_equal(producer_pushed(producer), ENTRIES);
            assert_true(producer_is_done(producer));
            producer_free(producer);
            fake_clear();
            if (!reached) break;
        }
    assert_true(n_tried >= 4 * 18); /* of three batches and a login */
}

static void any_command_with_a_replica(void **state) {
    config.wait_replicas = 1;
    any_command_is_lost_or_refused(state);
}

/* A full Redis: said, nothing of the batch is there, and all of it comes later. */
static void no_memory(void **state) {
    (void)state;
    producer_begin(NULL);
    put(1, 10);
    fake_fail(4, FAKE_REFUSED); /* WATCH, LLEN, GET, MULTI, RPUSH */
    fake_connect();
    run();
    assert_int_equal(fake_length(QUEUE), 0);
    assert_int_equal(marker_position(), 0);
    assert_problem("queue entry:queue: RPUSH: OOM command not allowed");
    assert_shown("flowimport_producer_losses_total 1\n");
    fake_connect();
    run();
    assert_arrived(10);
    assert_shown("flowimport_producer_pushed_total 10\n");
    producer_free(producer);
}

/* Another pushes under the same name. */
static void the_marker_is_changed(void **state) {
    const struct producer_handler handler = {.failed = on_failed};
    (void)state;
    producer_begin(&handler);
    put(1, 10);
    fake_connect();
    run();
    fake.watched_changed = true; /* but back to what it was: all is well */
    put(11, 20);
    run();
    assert_arrived(10);
    assert_problem("the marker was changed by another");
    fake_connect();
    run();
    assert_arrived(20);
    assert_int_equal(n_failed, 0);
    struct fake_key *marker = fake_key(MARKER);
    free(marker->items[0].text);
    marker->items[0] = fake_text_new("another 7", strlen("another 7"));
    fake.watched_changed = true;
    put(21, 30);
    run();
    fake_connect();
    run();
    assert_arrived(20);
    assert_int_equal(n_failed, 1);
    assert_non_null(strstr(failed_why, "is at 0 and was left at 20"));
    producer_free(producer);
}

static void a_queue_that_is_too_long(void **state) {
    (void)state;
    config.max_queue = 8;
    producer_begin(NULL);
    put(1, 10);
    fake_connect();
    run();
    assert_arrived(8);
    assert_shown("flowimport_producer_held 1\n");
    assert_problem("entry:queue has 8 entries, max_queue is 8");
    fake_delete(QUEUE);
    fake_drop(fake.client, "test"); /* instead of the time until the next look */
    fake_connect();
    run();
    assert_int_equal(fake_length(QUEUE), 2);
    assert_true(producer_is_done(producer));
    producer_free(producer);
}

/* --- the spool --- */

static void spool_configure(uint64_t max) {
    config.spool = folder;
    config.spool_max = max;
}

/* What has not arrived at the end is there for the next process, which goes on in the same stream. */
static void the_next_process_goes_on(void **state) {
    (void)state;
    spool_configure(1 << 20);
    producer_begin(NULL);
    put(1, 300);
    producer_free(producer);
    producer_begin(NULL);
    assert_shown("flowimport_producer_spool_entries 300\n");
    put(301, 310);
    fake_connect();
    run();
    assert_arrived(310);
    assert_true(producer_is_done(producer));
    assert_shown("flowimport_producer_spool_entries 0\n");
    producer_free(producer);
}

/* The last batch has arrived, its answer has not, and the process ends: the marker knows. */
static void the_next_process_asks_the_marker(void **state) {
    (void)state;
    spool_configure(1 << 20);
    for (enum fake_fault fault = FAKE_LOST_BEFORE; fault <= FAKE_LOST_ALL; fault++) {
        producer_begin(NULL);
        put(1, 300);
        fake_fail(6, fault); /* EXEC */
        fake_connect();
        run();
        assert_int_equal(fake_length(QUEUE), fault == FAKE_LOST_BEFORE ? 0 : 300);
        put(301, 310);
        producer_free(producer);
        producer_begin(NULL);
        fake_connect();
        run();
        assert_arrived(310);
        assert_true(producer_is_done(producer));
        producer_free(producer);
        fake_clear();
    }
}

static const char *fail_place;

static int call_fails(const char *place) { return fail_place && strcmp(place, fail_place) == 0 ? EMFILE : 0; }

/* It can't be opened, then not read: Redis is connected to, and pushed to, when it can. */
static void a_spool_that_the_system_refuses(void **state) {
    (void)state;
    spool_configure(1 << 20);
    producer_begin(NULL);
    put(1, 300);
    producer_free(producer);
    fault_call_hook = call_fails;
    fail_place = "spool-list";
    producer_begin(NULL);
    put(301, 310);
    assert_false(fake.client->asked);
    producer_tick(producer);
    assert_false(fake.client->asked);
    assert_problem("Too many open files");
    fail_place = "spool-read";
    producer_tick(producer);
    assert_false(fake.client->asked);
    fail_place = NULL;
    producer_tick(producer);
    assert_true(fake.client->asked);
    fail_place = "spool-open";
    fake_connect();
    run();
    assert_int_equal(fake_length(QUEUE), 0);
    assert_problem("Too many open files");
    put(311, 320);
    run();
    assert_int_equal(fake_length(QUEUE), 0);
    fail_place = NULL;
    producer_tick(producer);
    run();
    assert_arrived(320);
    assert_true(producer_is_done(producer));
    assert_shown("flowimport_producer_lost_total{reason=\"damaged\"} 0\n");
    producer_free(producer);
    fault_call_hook = NULL;
}

/* More than half of the memory: to disk at once, and from there before what is in memory. */
static void a_long_outage(void **state) {
    enum { N = 300, BYTES = 64 << 10 };
    static char text[BYTES];
    (void)state;
    spool_configure(64 << 20);
    producer_begin(NULL);
    memset(text, ' ', sizeof text);
    for (unsigned i = 1; i <= N; i++) {
        snprintf(text, 16, "%u", i);
        producer_put(producer, text, sizeof text);
    }
    assert_shown("flowimport_producer_lost_total{reason=\"no-room\"} 0\n");
    fake_connect();
    run();
    assert_arrived(N); /* by their numbers, which a NUL ends */
    assert_true(producer_is_done(producer));
    producer_free(producer);
}

/* --- losses --- */

/* The newest find no room, in memory and then, with a spool, in both. */
static void what_finds_no_room_is_counted(void **state) {
    enum { N = 50, BYTES = 1 << 20 };
    static const struct {
        uint64_t spool;
        unsigned kept;
    } cases[] = {{0, 31}, {8 << 20, 38}};
    static char text[BYTES], line[96];
    (void)state;
    memset(text, ' ', sizeof text);
    for (unsigned c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        if (cases[c].spool) spool_configure(cases[c].spool);
        producer_begin(NULL);
        for (unsigned i = 1; i <= N; i++) {
            snprintf(text, 16, "%u", i);
            producer_put(producer, text, sizeof text);
        }
        snprintf(line, sizeof line, "flowimport_producer_lost_total{reason=\"no-room\"} %u\n", N - cases[c].kept);
        assert_shown(line);
        snprintf(line, sizeof line, "producer: no room: %u entries lost\n", N - cases[c].kept);
        assert_problem(line);
        fake_connect();
        run();
        assert_arrived(cases[c].kept);
        assert_int_equal(producer_pushed(producer), cases[c].kept);
        producer_free(producer);
        fake_clear();
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(batch_by_batch),
        TEST(the_replica_is_waited_for),
        TEST(a_promoted_replica_gets_what_it_lacks),
        TEST(any_command_is_lost_or_refused),
        TEST(any_command_with_a_replica),
        TEST(no_memory),
        TEST(the_marker_is_changed),
        TEST(a_queue_that_is_too_long),
        TEST(the_next_process_goes_on),
        TEST(the_next_process_asks_the_marker),
        TEST(a_spool_that_the_system_refuses),
        TEST(a_long_outage),
        TEST(what_finds_no_room_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
