/* The table of flows: against a plain list of what should be in it, and the order in which its times come. */
#include "meter/flow_table.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "random.h"

enum { SECOND = 1000000, HORIZON = 100 * SECOND };
#define START INT64_C(1700000000000000)

/* Hashes that collide much: of the 32 bits that count, `kinds` values. */
static uint64_t hash_of(uint64_t key, uint64_t kinds) {
    return (key % kinds * UINT64_C(0x9e3779b97f4a7c15)) & UINT64_C(0xffffffff00000000);
}

/* Adds, finds and removes at random, with hashes that are all the same, that collide, and that hardly do. */
static void finds_what_is_there(void **state) {
    (void)state;
    enum { KEYS = 3000, STEPS = 200000 };
    static const uint64_t kinds[] = {1, 50, 1000000};
    for (unsigned k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        static struct flow_entry *there[KEYS];
        struct flow_table *table = flow_table_new(2, 1000 * FLOW_TABLE_BYTES(2), HORIZON);
        struct flow_entry *guess = NULL; /* whatever was there last */
        uint64_t random = 7;
        size_t count = 0, room = flow_table_room(table);
        assert_in_range(room, 1000, 1003);
        memset(there, 0, sizeof there);
        for (unsigned i = 0; i < (kinds[k] == 1 ? STEPS / 10 : STEPS); i++) {
            uint64_t key = random_next(&random) % KEYS, words[2] = {key, ~key};
            uint64_t hash = hash_of(key, kinds[k]);
            assert_ptr_equal(flow_table_find(table, hash, words, 2, guess), there[key]);
            if (there[key]) guess = there[key];
            if (there[key]) {
                assert_memory_equal(there[key]->words, words, sizeof words);
                flow_table_remove(table, there[key]);
                there[key] = NULL;
                count--;
            } else {
                there[key] = flow_table_add(table, hash, words, 2, START);
                assert_int_equal(there[key] != NULL, count < room);
                count += there[key] != NULL;
            }
            assert_int_equal(flow_table_count(table), count);
        }
        for (uint64_t key = 0; key < KEYS; key++) {
            uint64_t words[2] = {key, ~key};
            assert_ptr_equal(flow_table_find(table, hash_of(key, kinds[k]), words, 2, NULL), there[key]);
        }
        flow_table_free(table);
    }
    flow_table_free(NULL);
}

static struct flow_entry *add(struct flow_table *table, uint64_t key, int64_t due_us) {
    struct flow_entry *entry = flow_table_add(table, hash_of(key, UINT64_MAX), &key, 1, due_us);
    assert_non_null(entry);
    return entry;
}

static uint64_t take(struct flow_table *table, struct flow_entry *entry) {
    uint64_t key = entry->words[0];
    flow_table_remove(table, entry);
    return key;
}

/* Each at its time, no later than a 1/1000 of the horizon and never before. */
static void times_come_in_their_order(void **state) {
    (void)state;
    enum { N = 5000, STEP = SECOND / 50, LATE = HORIZON / 1000 + STEP };
    static int64_t due[N];
    struct flow_table *table = flow_table_new(1, N * FLOW_TABLE_BYTES(1), HORIZON);
    uint64_t random = 11;
    unsigned came = 0;
    assert_null(flow_table_due(table, START));
    for (unsigned i = 0; i < N; i++)
        add(table, i, due[i] = START + (int64_t)(random_next(&random) % HORIZON));
    for (int64_t now = START; now < START + HORIZON + LATE; now += STEP) {
        struct flow_entry *entry;
        while ((entry = flow_table_due(table, now))) {
            int64_t late = now - due[take(table, entry)];
            assert_in_range(late, 0, LATE);
            came++;
        }
    }
    assert_int_equal(came, N);
    assert_null(flow_table_first(table));
    flow_table_free(table);
}

/* Given another time, it comes at that; the wheel says whether it can tell. */
static void another_time(void **state) {
    (void)state;
    struct flow_table *table = flow_table_new(1, 100 * FLOW_TABLE_BYTES(1), HORIZON);
    assert_null(flow_table_due(table, START));
    struct flow_entry *one = add(table, 1, START + 10 * SECOND), *two = add(table, 2, START + 20 * SECOND);
    assert_ptr_equal(flow_table_first(table), one);
    assert_false(flow_table_again(table, one, START + 10 * SECOND));
    assert_true(flow_table_again(table, one, START + 30 * SECOND));
    assert_ptr_equal(flow_table_first(table), two);
    assert_null(flow_table_due(table, START + 15 * SECOND));
    assert_ptr_equal(flow_table_due(table, START + 25 * SECOND), two);
    assert_true(flow_table_again(table, two, START + 40 * SECOND));
    assert_null(flow_table_due(table, START + 25 * SECOND));
    assert_ptr_equal(flow_table_due(table, START + 35 * SECOND), one);
    flow_table_remove(table, one);
    assert_null(flow_table_due(table, START + 35 * SECOND));
    assert_ptr_equal(flow_table_first(table), two);
    flow_table_free(table);
}

/* Years ahead, and back again: what is there comes once, and no time is spent on the years. */
static void clocks_that_leap(void **state) {
    (void)state;
    const int64_t years = INT64_C(80) * 365 * 86400 * SECOND;
    struct flow_table *table = flow_table_new(1, 100 * FLOW_TABLE_BYTES(1), HORIZON);
    assert_null(flow_table_due(table, START));
    add(table, 1, START + 10 * SECOND);
    struct flow_entry *entry = flow_table_due(table, START + years);
    assert_non_null(entry);
    for (unsigned times = 0; entry; entry = flow_table_due(table, START + years)) {
        assert_in_range(++times, 1, 2);
        flow_table_again(table, entry, START + years + 50 * SECOND);
    }
    /* Back: in a turn of the wheel it is looked at. */
    assert_null(flow_table_due(table, START));
    assert_null(flow_table_due(table, START));
    entry = flow_table_due(table, START + HORIZON + HORIZON / 100);
    assert_non_null(entry);
    assert_int_equal(take(table, entry), 1);
    assert_null(flow_table_due(table, 0));
    assert_null(flow_table_first(table));
    flow_table_free(table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_is_there),
        cmocka_unit_test(times_come_in_their_order),
        cmocka_unit_test(another_time),
        cmocka_unit_test(clocks_that_leap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
