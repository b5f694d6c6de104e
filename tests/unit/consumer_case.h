/* A consumer on a Redis in the same process (fake_redis.h), and what it has told. */
#ifndef TESTS_UNIT_CONSUMER_CASE_H
#define TESTS_UNIT_CONSUMER_CASE_H

#include <event2/event.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "fake_redis.h"
#include "queue/consumer.h"

#define QUEUE "q"
#define PREFIX "{q}"
#define CLAIMS PREFIX ":claims"
#define REJECTED PREFIX ":rejected"
#define LIFE PREFIX ":consumer:me"
#define TAKEN PREFIX ":taken"

static struct consumer_config config;
static struct event_base *base;
static struct consumer *consumer;

/* told since told_clear() */
static struct {
    unsigned ready, lost, failed, done;
    struct consumer_result result;
    unsigned claimed;
    struct consumer_claimed where;
    struct claim *claims;   /* of the result, copied */
    char entries[64 << 10]; /* taken, each with a space behind it */
    size_t len;
    uint64_t refuse_at; /* the number of the entry that is not taken */
    uint64_t offered;
    char why[1200];
} told;

static void told_clear(void) {
    free(told.claims);
    memset(&told, 0, sizeof told);
    told.refuse_at = UINT64_MAX;
}

static void on_ready(void *context) { (void)context, told.ready++; }
static void on_lost(void *context) { (void)context, told.lost++; }

static void on_failed(void *context, const char *why) {
    (void)context;
    told.failed++;
    snprintf(told.why, sizeof told.why, "%s", why);
}

static bool on_entry(void *context, const char *text, size_t len) {
    (void)context;
    if (told.offered++ == told.refuse_at) return false;
    assert_true(told.len + len + 2 < sizeof told.entries);
    memcpy(told.entries + told.len, text, len);
    told.entries[told.len + len] = ' ';
    told.len += len + 1;
    return true;
}

static void on_claimed(void *context, const struct consumer_claimed *claimed) {
    (void)context;
    told.claimed++;
    told.where = *claimed;
}

static void on_done(void *context, const struct consumer_result *result) {
    (void)context;
    told.done++;
    told.result = *result;
    free(told.claims);
    told.claims = mem_zalloc(result->n_claims + 1, sizeof told.claims[0]);
    for (size_t i = 0; i < result->n_claims; i++)
        told.claims[i] = result->claims[i];
}

/* Connected under its name, with no more told than that. */
static void consumer_begin_test(void) {
    struct consumer_handler handler = {NULL, on_ready, on_lost, on_failed, on_entry, on_claimed, on_done, NULL, NULL};
    struct error error;
    consumer = consumer_new(base, &config, &handler, &error);
    if (!consumer) fail_msg("%s", error.text);
    consumer_start(consumer);
    told_clear();
    fake_connect();
    fake_run();
}

static void consumer_end_test(void) {
    consumer_free(consumer);
    consumer = NULL;
    fake_clear();
}

/* After a loss: the same consumer, connected again. */
static inline void consumer_again(void) {
    told_clear();
    fake_connect();
    fake_run();
    assert_int_equal(told.ready, 1);
    told_clear();
}

static int setup(void **state) {
    (void)state;
    fake_scripts = FAKE_NO_SCRIPTS;
    log_init("test", LOG_TARGET_STDERR, (enum log_level)0); /* what goes wrong is wanted */
    base = event_base_new();
    config = (struct consumer_config){.url = "redis://test",
                                      .queue = QUEUE,
                                      .name = "me",
                                      .page = 10,
                                      .timeout = 36000, /* no sanitizer is so slow that a sign of life is due */
                                      .rejected_max = 3,
                                      .retry_max_ms = 1,
                                      .random = {1, 2, 3}};
    return 0;
}

static int teardown(void **state) {
    (void)state;
    told_clear();
    if (consumer) consumer_end_test(); /* the test has failed */
    event_base_free(base);
    return 0;
}

static inline struct claim claim_make(const char *of, int64_t generation, int64_t n) {
    struct claim claim = {.generation = generation, .n = n, .epoch = 7};
    snprintf(claim.consumer, sizeof claim.consumer, "%s", of);
    claim_name(&claim, PREFIX);
    return claim;
}

/* Entries `first` to `last` at the tail of a list. */
static inline void list_fill(const char *list, unsigned first, unsigned last) {
    char text[16];
    for (unsigned i = first; i <= last; i++) {
        snprintf(text, sizeof text, "%u", i);
        fake_push(list, text);
    }
}

/* A claim that is registered, with such entries. */
static inline void claim_put(const struct claim *claim, unsigned first, unsigned last) {
    fake_push(CLAIMS, claim->key);
    list_fill(claim->key, first, last);
}

static inline void list_is(const char *list, unsigned first, unsigned last) {
    const struct fake_key *key = fake_key(list);
    assert_int_equal(fake_length(list), last - first + 1);
    for (unsigned i = first; i <= last; i++)
        assert_int_equal(atoi(key->items[i - first].text), i);
}

static inline bool is_registered(const struct claim *claim) { return fake_is_member(fake_key(CLAIMS), claim->key); }

/* What was taken: entries `first` to `last`, in their order. */
static inline void taken_are(unsigned first, unsigned last) {
    char *text = told.entries;
    told.entries[told.len] = '\0';
    for (unsigned i = first; i <= last; i++)
        assert_int_equal(strtoul(text, &text, 10), i);
    assert_string_equal(text, last >= first ? " " : "");
}

#endif
