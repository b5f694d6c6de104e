/* Entries in memory: their order through sending, confirming, sending again and moving to the front. */
#include "queue/backlog.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { ROOM = 4000, HEAD = sizeof(struct backlog_head) };

static size_t entry(uint64_t position, char text[64]) {
    return (size_t)snprintf(text, 64, "%" PRIu64 " %.*s", position, (int)(position % 29),
                            "abcdefghijklmnopqrstuvwxyzabc");
}

static bool add(struct backlog *backlog, uint64_t position) {
    char text[64];
    return backlog_add(backlog, position, text, entry(position, text));
}

/* Sends at most n_max; they must be those behind `position`. Returns the last one's position. */
static uint64_t send_next(struct backlog *backlog, uint64_t position, size_t n_max, size_t bytes) {
    const char *texts[1000];
    size_t lens[1000];
    uint64_t last = position;
    size_t n = backlog_send(backlog, texts, lens, n_max, bytes, &last);
    for (size_t i = 0; i < n; i++) {
        char text[64];
        assert_int_equal(lens[i], entry(++position, text));
        assert_memory_equal(texts[i], text, lens[i]);
    }
    assert_int_equal(last, position);
    return last;
}

static void sent_dropped_and_sent_again(void **state) {
    (void)state;
    struct backlog backlog;
    backlog_init(&backlog, ROOM);
    for (uint64_t i = 1; i <= 10; i++)
        assert_true(add(&backlog, i));
    assert_int_equal(send_next(&backlog, 0, 4, ROOM), 4);
    backlog_drop(&backlog, 2);
    assert_int_equal(backlog.n, 8);
    assert_int_equal(send_next(&backlog, 4, 3, ROOM), 7);
    backlog_unsend(&backlog);
    assert_int_equal(send_next(&backlog, 2, 100, ROOM), 10);
    assert_int_equal(send_next(&backlog, 10, 100, ROOM), 10);
    backlog_drop(&backlog, 10);
    assert_int_equal(backlog.n, 0);
    assert_int_equal(backlog_bytes(&backlog), 0);
    backlog_release(&backlog);
}

/* About so many bytes, but one entry at least. */
static void a_batch_is_bounded_by_bytes(void **state) {
    (void)state;
    struct backlog backlog;
    char text[64];
    backlog_init(&backlog, ROOM);
    for (uint64_t i = 1; i <= 10; i++)
        assert_true(add(&backlog, i));
    size_t two = entry(1, text) + entry(2, text);
    assert_int_equal(send_next(&backlog, 0, 100, two), 2);
    assert_int_equal(send_next(&backlog, 2, 100, 1), 3);
    backlog_release(&backlog);
}

static void what_has_no_room_is_refused(void **state) {
    (void)state;
    struct backlog backlog;
    static char text[ROOM + 1];
    backlog_init(&backlog, ROOM);
    assert_false(backlog_add(&backlog, 1, text, ROOM + 1));
    assert_false(backlog_add(&backlog, 1, text, ROOM - HEAD + 1));
    assert_true(backlog_add(&backlog, 1, text, ROOM - HEAD));
    assert_false(backlog_add(&backlog, 2, "", 0));
    backlog_drop(&backlog, 1);
    assert_true(backlog_add(&backlog, 2, "", 0));
    backlog_release(&backlog);
}

/* Many times through the memory, against a plain model. */
static void at_random(void **state) {
    (void)state;
    struct backlog backlog;
    uint64_t added = 0, sent = 0, dropped = 0, refused = 0;
    uint64_t seed = 11;
    backlog_init(&backlog, ROOM);
    for (unsigned i = 0; i < 200000; i++) {
        switch (random_below(&seed, 8)) {
        case 0: sent = send_next(&backlog, sent, random_below(&seed, 20) + 1, ROOM); break;
        case 1:
            dropped += random_below(&seed, sent - dropped + 1);
            backlog_drop(&backlog, dropped);
            break;
        case 2:
            backlog_unsend(&backlog);
            sent = dropped;
            break;
        default:
            if (add(&backlog, added + 1))
                added++;
            else
                refused++;
        }
        assert_int_equal(backlog.n, added - dropped);
        assert_true(backlog_bytes(&backlog) <= ROOM);
    }
    assert_true(added > 10000 && refused > 100);
    backlog_release(&backlog);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sent_dropped_and_sent_again),
        cmocka_unit_test(a_batch_is_bounded_by_bytes),
        cmocka_unit_test(what_has_no_room_is_refused),
        cmocka_unit_test(at_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
