/* The producer with feed and spool on a real Redis ($FLOWIMPORT_TEST_REDIS, a URL): what arrives, what is held back,
 * what a second process finds. With arguments it is the program that test_producer.py kills and starves:
 *
 *   test_producer URL SPOOL SPOOL_MAX MAX_QUEUE FIRST RATE
 *
 * puts the entries FIRST, FIRST + 1, ... through a feed, RATE a second, until SIGTERM; then it prints how many there
 * were and what the producer shows. SIGUSR1 makes it print that at once. */
#include "queue/producer.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "queue/redis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define QUEUE "producer-test:queue"
#define MARKER "{" QUEUE "}:producer:one"

/* --- the program --- */

struct drive {
    struct event_base *base;
    struct feed *feed;
    struct producer *producer;
    uint64_t first, rate;
    _Atomic uint64_t n;
    atomic_bool stop;
};

static size_t number_write(uint64_t number, char text[64]) {
    return (size_t)snprintf(text, 64, "%" PRIu64 " %.*s", number, (int)(number % 23), "abcdefghijklmnopqrstuvw");
}

static void *drive_thread(void *context) {
    struct drive *drive = context;
    int64_t start = clock_monotonic_us();
    char text[64];
    while (!drive->stop) {
        uint64_t due = (uint64_t)(clock_monotonic_us() - start) * drive->rate / 1000000;
        for (; drive->n < due; drive->n++)
            feed_put(drive->feed, text, number_write(drive->first + drive->n, text));
        feed_flush(drive->feed);
        usleep(2000);
    }
    return NULL;
}

static void drive_print(const struct drive *drive, uint64_t n) {
    struct buffer text = BUFFER_INIT;
    struct show show;
    show_begin(&show, SHOW_JSON, &text);
    producer_show(drive->producer, &show);
    show_end(&show);
    printf("%" PRIu64 "\n%s--\n", n, text.data);
    fflush(stdout);
    buffer_release(&text);
}

static void on_show(evutil_socket_t number, short what, void *context) {
    const struct drive *drive = context;
    (void)number;
    (void)what;
    drive_print(drive, drive->n);
}

static void on_stop(evutil_socket_t number, short what, void *context) {
    (void)number;
    (void)what;
    event_base_loopbreak(context);
}

static int drive_run(char **words) {
    struct drive drive = {.base = event_base_new(), .first = strtoull(words[4], NULL, 10)};
    const struct producer_config config = {.url = words[0],
                                           .queue = "entry:queue",
                                           .marker = "producer:one",
                                           .spool = words[1],
                                           .spool_max = strtoull(words[2], NULL, 10),
                                           .max_queue = strtoull(words[3], NULL, 10),
                                           .retry_max_ms = 100};
    struct error error;
    pthread_t thread;
    drive.rate = strtoull(words[5], NULL, 10);
    fault_init();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a limit on the size of files stands for a full disk */
    drive.feed = feed_new(&error);
    drive.producer = drive.feed ? producer_new(drive.base, &config, NULL, &error) : NULL;
    if (!drive.producer) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    producer_take(drive.producer, drive.feed);
    producer_start(drive.producer);
    struct event *stop = evsignal_new(drive.base, SIGTERM, on_stop, drive.base);
    struct event *show = evsignal_new(drive.base, SIGUSR1, on_show, &drive);
    evsignal_add(stop, NULL);
    evsignal_add(show, NULL);
    if (pthread_create(&thread, NULL, drive_thread, &drive) != 0) return 1;
    event_base_dispatch(drive.base);
    drive.stop = true;
    pthread_join(thread, NULL);
    event_base_loop(drive.base, EVLOOP_NONBLOCK); /* the rest of the feed */
    drive_print(&drive, drive.n);
    producer_free(drive.producer);
    feed_free(drive.feed);
    event_free(stop);
    event_free(show);
    event_base_free(drive.base);
    return 0;
}

/* --- the tests --- */

static redisContext *redis;
static const char *url;
static char folder[64];
static struct event_base *base;

static int setup(void **state) {
    struct error error;
    struct redis_target target;
    (void)state;
    url = getenv("FLOWIMPORT_TEST_REDIS");
    if (!url) return 0;
    log_init("test", LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
    if (redis_target_parse(&target, &(struct redis_access){.url = url, .queue = QUEUE}, &error) != 0 ||
        !(redis = redis_open(&target, &error))) {
        fprintf(stderr, "%s\n", error.text);
        return -1;
    }
    redis_target_release(&target);
    freeReplyObject(redisCommand(redis, "DEL " QUEUE " " MARKER));
    snprintf(folder, sizeof folder, "/tmp/test_producer.XXXXXX");
    base = event_base_new();
    return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state) {
    char command[128];
    (void)state;
    if (!url) return 0;
    redisFree(redis);
    event_base_free(base);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static struct producer *started(const struct producer_config *config) {
    struct error error;
    struct producer *producer = producer_new(base, config, NULL, &error);
    if (!producer) fail_msg("%s", error.text);
    producer_start(producer);
    return producer;
}

static void put(struct producer *producer, uint64_t first, uint64_t last) {
    char text[64];
    for (uint64_t i = first; i <= last; i++)
        producer_put(producer, text, number_write(i, text));
}

/* Until the producer's state is as wanted; a minute at most. */
static void loop_until(struct producer *producer, bool (*reached)(const struct producer *, uint64_t), uint64_t value) {
    int64_t end = clock_monotonic_us() + 60000000;
    while (!reached(producer, value)) {
        if (clock_monotonic_us() > end) fail_msg("waited in vain for %" PRIu64, value);
        event_base_loopexit(base, &(struct timeval){.tv_usec = 10000});
        event_base_dispatch(base);
    }
}

static bool is_done(const struct producer *producer, uint64_t unused) {
    (void)unused;
    return producer_is_done(producer);
}

static bool has_pushed(const struct producer *producer, uint64_t n) { return producer_pushed(producer) >= n; }

static bool is_shown(const struct producer *producer, const char *line) {
    struct buffer text = BUFFER_INIT;
    struct show show;
    show_begin(&show, SHOW_PROMETHEUS, &text);
    producer_show(producer, &show);
    show_end(&show);
    bool found = strstr(text.data, line);
    buffer_release(&text);
    return found;
}

static bool is_held_in_spool(const struct producer *producer, uint64_t n) {
    char line[80];
    snprintf(line, sizeof line, "\nflowimport_producer_spool_entries %" PRIu64 "\n", n);
    return is_shown(producer, "\nflowimport_producer_held 1\n") && is_shown(producer, line);
}

/* Its last segment goes when what it held has arrived. */
static bool has_no_spool(const struct producer *producer, uint64_t unused) {
    (void)unused;
    return is_shown(producer, "\nflowimport_producer_spool_bytes 0\n");
}

/* The queue's entries are the numbers from `first` on. Takes them; returns how many. */
static uint64_t check(uint64_t first) {
    redisReply *reply = redisCommand(redis, "LRANGE " QUEUE " 0 -1");
    assert_int_equal(reply->type, REDIS_REPLY_ARRAY);
    uint64_t n = reply->elements;
    for (size_t i = 0; i < n; i++) {
        char text[64];
        assert_int_equal(reply->element[i]->len, number_write(first + i, text));
        assert_string_equal(reply->element[i]->str, text);
    }
    freeReplyObject(reply);
    freeReplyObject(redisCommand(redis, "DEL " QUEUE));
    return n;
}

static void arrives_in_order(void **state) {
    (void)state;
    if (!url) skip();
    const struct producer_config config = {.url = url, .queue = QUEUE, .marker = "producer:one", .retry_max_ms = 100};
    struct producer *producer = started(&config);
    assert_true(producer_is_done(producer));
    for (uint64_t n = 0; n < 50000; n += 10000) {
        put(producer, n + 1, n + 10000);
        loop_until(producer, is_done, 0);
    }
    assert_int_equal(producer_pushed(producer), 50000);
    assert_int_equal(check(1), 50000);
    producer_free(producer);
    redisReply *marker = redisCommand(redis, "GET " MARKER);
    assert_non_null(strstr(marker->str, " 50000"));
    freeReplyObject(marker);
}

/* A queue that is too long holds entries back, to the one; they go to disk and from there when there is room. */
static void a_long_queue_is_not_made_longer(void **state) {
    (void)state;
    if (!url) skip();
    const struct producer_config config = {.url = url,
                                           .queue = QUEUE,
                                           .marker = "producer:one",
                                           .max_queue = 7500,
                                           .spool = folder,
                                           .spool_max = 64 << 20,
                                           .retry_max_ms = 100};
    struct producer *producer = started(&config);
    struct buffer problems = BUFFER_INIT;
    put(producer, 1, 20000);
    loop_until(producer, is_held_in_spool, 12500);
    put(producer, 20001, 21000);
    loop_until(producer, is_held_in_spool, 13500);
    producer_problems(producer, &problems);
    assert_string_equal(problems.data, "producer: " QUEUE " has 7500 entries, max_queue is 7500\n");
    buffer_release(&problems);
    assert_int_equal(check(1), 7500);
    loop_until(producer, has_pushed, 15000);
    assert_int_equal(check(7501), 7500);
    loop_until(producer, is_done, 0);
    assert_int_equal(check(15001), 6000);
    loop_until(producer, has_no_spool, 0);
    producer_free(producer);
}

/* What was not sent is sent by the next process, first. */
static void what_is_left_is_sent_by_the_next(void **state) {
    (void)state;
    if (!url) skip();
    struct producer_config config = {.url = url,
                                     .queue = QUEUE,
                                     .marker = "producer:one",
                                     .max_queue = 100,
                                     .spool = folder,
                                     .spool_max = 64 << 20,
                                     .retry_max_ms = 100};
    struct producer *producer = started(&config);
    put(producer, 1, 5000);
    loop_until(producer, is_held_in_spool, 4900);
    producer_free(producer);
    config.max_queue = 150;
    producer = started(&config);
    put(producer, 5001, 6000);
    loop_until(producer, has_pushed, 50);
    producer_free(producer);
    config.max_queue = 0;
    producer = started(&config);
    put(producer, 6001, 6500);
    loop_until(producer, is_done, 0);
    producer_free(producer);
    assert_int_equal(check(1), 6500);
}

int main(int argc, char **argv) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(arrives_in_order),
        TEST(a_long_queue_is_not_made_longer),
        TEST(what_is_left_is_sent_by_the_next),
    };
    if (argc == 7) return drive_run(argv + 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
