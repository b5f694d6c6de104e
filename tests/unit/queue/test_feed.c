/* The ring between a thread and the loop: order, what is lost when it is full, and two threads at once. */
#include "queue/feed.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct feed *fresh(void) {
    struct error error;
    struct feed *feed = feed_new(&error);
    assert_non_null(feed);
    return feed;
}

static bool is_woken(const struct feed *feed, int timeout_ms) {
    struct pollfd poll_fd = {.fd = feed_fd(feed), .events = POLLIN};
    return poll(&poll_fd, 1, timeout_ms) == 1;
}

static void nothing_before_it_is_handed_over(void **state) {
    (void)state;
    struct feed *feed = fresh();
    const char *text;
    size_t len;
    feed_flush(feed);
    assert_false(is_woken(feed, 0));
    assert_false(feed_next(feed, &text, &len));
    feed_put(feed, "one", 3);
    feed_put(feed, "", 0);
    assert_false(feed_next(feed, &text, &len));
    feed_flush(feed);
    assert_true(is_woken(feed, 0));
    feed_woken(feed);
    assert_false(is_woken(feed, 0));
    feed_woken(feed);
    assert_true(feed_next(feed, &text, &len));
    assert_int_equal(len, 3);
    assert_memory_equal(text, "one", 3);
    assert_true(feed_next(feed, &text, &len));
    assert_int_equal(len, 0);
    assert_false(feed_next(feed, &text, &len));
    feed_put(feed, "two", 3);
    feed_flush(feed);
    assert_true(feed_next(feed, &text, &len));
    assert_memory_equal(text, "two", 3);
    assert_int_equal(feed_lost(feed), 0);
    feed_free(feed);
}

/* A reader that stands still costs the newest entries, each of them counted. */
static void a_full_ring_loses_and_counts(void **state) {
    (void)state;
    enum { LEN = 1020, A_BLOCK = FEED_BLOCK / (LEN + 4), ROOM = A_BLOCK * FEED_BLOCKS };
    struct feed *feed = fresh();
    char entry[LEN] = "";
    const char *text;
    size_t len;
    for (uint32_t i = 0; i < ROOM + 500; i++) {
        memcpy(entry, &i, sizeof i);
        feed_put(feed, entry, sizeof entry);
    }
    assert_false(feed_has_room(feed, LEN));
    assert_false(feed_is_empty(feed));
    feed_flush(feed);
    assert_int_equal(feed_lost(feed), 500);
    for (uint32_t i = 0; i < ROOM; i++) {
        uint32_t got;
        assert_true(feed_next(feed, &text, &len));
        assert_int_equal(len, LEN);
        memcpy(&got, text, sizeof got);
        assert_int_equal(got, i);
    }
    assert_false(feed_next(feed, &text, &len));
    assert_true(feed_is_empty(feed));
    assert_true(feed_has_room(feed, LEN));
    feed_put(feed, "again", 5);
    feed_flush(feed);
    assert_true(feed_next(feed, &text, &len));
    assert_int_equal(len, 5);
    assert_int_equal(feed_lost(feed), 500);
    feed_free(feed);
}

static void the_longest_entry(void **state) {
    (void)state;
    static char entry[FEED_ENTRY_MAX + 1];
    struct feed *feed = fresh();
    const char *text;
    size_t len;
    memset(entry, 'x', sizeof entry);
    feed_put(feed, entry, sizeof entry);
    assert_int_equal(feed_lost(feed), 1);
    feed_put(feed, "short", 5);
    feed_put(feed, entry, FEED_ENTRY_MAX);
    feed_flush(feed);
    assert_true(feed_next(feed, &text, &len));
    assert_int_equal(len, 5);
    assert_true(feed_next(feed, &text, &len));
    assert_int_equal(len, FEED_ENTRY_MAX);
    assert_memory_equal(text, entry, FEED_ENTRY_MAX);
    assert_false(feed_next(feed, &text, &len));
    assert_int_equal(feed_lost(feed), 1);
    feed_free(feed);
}

static void an_entry_written_where_it_stands(void **state) {
    (void)state;
    struct feed *feed = fresh();
    const char *text;
    size_t len;
    char *to = feed_begin(feed, 100);
    assert_non_null(to);
    memcpy(to, "short", 5);
    feed_end(feed, 5);
    feed_put(feed, "next", 4);
    assert_null(feed_begin(feed, FEED_ENTRY_MAX + 1));
    assert_int_equal(feed_lost(feed), 1);
    feed_flush(feed);
    assert_true(feed_next(feed, &text, &len));
    assert_int_equal(len, 5);
    assert_memory_equal(text, "short", 5);
    assert_true(feed_next(feed, &text, &len));
    assert_int_equal(len, 4);
    assert_memory_equal(text, "next", 4);
    assert_false(feed_next(feed, &text, &len));
    feed_free(feed);
}

/* Who never flushes wakes the reader all the same, long before there is no room; who does, also for full blocks. */
static void full_blocks_wake_the_reader(void **state) {
    (void)state;
    static const char entry[FEED_ENTRY_MAX];
    struct feed *feed = fresh();
    unsigned n = 0;
    while (!is_woken(feed, 0) && n++ < FEED_BLOCKS / 4)
        feed_put(feed, entry, sizeof entry);
    assert_in_range(n, 2, FEED_BLOCKS / 4 - 1);
    feed_woken(feed);
    feed_put(feed, entry, sizeof entry);
    assert_false(is_woken(feed, 0));
    feed_flush(feed);
    assert_true(is_woken(feed, 0));
    feed_free(feed);
}

enum { THREAD_ENTRIES = 2000000 };

static size_t thread_entry(uint64_t i, char text[300]) {
    memcpy(text, &i, sizeof i);
    memset(text + sizeof i, (int)(i & 0xff), i % 290);
    return sizeof i + i % 290;
}

static void *writer_run(void *context) {
    char text[300];
    for (uint64_t i = 0; i < THREAD_ENTRIES; i++) {
        feed_put(context, text, thread_entry(i, text));
        if (i % 9973 == 0) feed_flush(context);
    }
    feed_flush(context);
    return NULL;
}

/* What arrives is in order and whole; what doesn't is in the count. */
static void two_threads(void **state) {
    (void)state;
    struct feed *feed = fresh();
    pthread_t writer;
    const char *text;
    char expected[300];
    size_t len;
    uint64_t n = 0, next = 0;
    assert_int_equal(pthread_create(&writer, NULL, writer_run, feed), 0);
    while (n + feed_lost(feed) < THREAD_ENTRIES) {
        if (!is_woken(feed, 10000) && n + feed_lost(feed) < THREAD_ENTRIES)
            fail_msg("no wake-up after %" PRIu64 " entries", n);
        feed_woken(feed);
        while (feed_next(feed, &text, &len)) {
            uint64_t i;
            memcpy(&i, text, sizeof i);
            assert_true(i >= next && i < THREAD_ENTRIES);
            assert_int_equal(len, thread_entry(i, expected));
            assert_memory_equal(text, expected, len);
            next = i + 1;
            n++;
        }
    }
    pthread_join(writer, NULL);
    assert_false(feed_next(feed, &text, &len));
    assert_int_equal(n + feed_lost(feed), THREAD_ENTRIES);
    assert_true(n > 0);
    feed_free(feed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_before_it_is_handed_over),
        cmocka_unit_test(a_full_ring_loses_and_counts),
        cmocka_unit_test(the_longest_entry),
        cmocka_unit_test(an_entry_written_where_it_stands),
        cmocka_unit_test(full_blocks_wake_the_reader),
        cmocka_unit_test(two_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
