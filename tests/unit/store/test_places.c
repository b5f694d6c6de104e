/* Places: runs, rows, the ring in a store, and a generation whose entries another has committed meanwhile. */
#include "store/places.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "store_env.h"

#define QUEUE_A "0123456789abcdef"
#define QUEUE_B "fedcba9876543210"

static struct env env;

static int setup(void **state) {
    static const uint32_t sizes[] = {600, 60};
    static unsigned stores;
    char url[32];
    (void)state;
    snprintf(url, sizeof url, "memory:places%u", stores++);
    env_schema(&env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 2);
    env_open(&env, url);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    env_release(&env);
    return 0;
}

static uint32_t hash_at(int64_t place) { return (uint32_t)place * 2654435761u; }

static void run_add(struct places *places, const char *queue_id, int64_t first, int64_t n, int64_t ring) {
    for (int64_t i = 0; i < n; i++)
        places_add(places, queue_id, first + i, hash_at(first + i), ring);
}

static void runs_are_found(void **state) {
    (void)state;
    struct places places = {.n = 0};
    assert_true(places_take(&places, QUEUE_A));
    run_add(&places, QUEUE_A, 50, 10, 7);
    run_add(&places, QUEUE_A, 10, 5, 3);
    run_add(&places, QUEUE_A, 15, 5, 9); /* goes on */
    assert_int_equal(places.n_runs, 2);
    assert_int_equal(places.ring, 3);
    assert_true(places_take(&places, QUEUE_A));
    assert_false(places_take(&places, QUEUE_B));
    places_sort(&places);
    for (int64_t place = 0; place < 70; place++) {
        bool there = (place >= 10 && place < 20) || (place >= 50 && place < 60);
        assert_int_equal(places_has(&places, place, hash_at(place)), there);
        assert_false(places_has(&places, place, hash_at(place) + 1));
        assert_int_equal(places_touch(&places, place, 1), there);
    }
    assert_false(places_touch(&places, 20, 30));
    assert_true(places_touch(&places, 20, 31));
    assert_true(places_touch(&places, 0, 100));
    places_clear(&places);
    assert_true(places_take(&places, QUEUE_B));
    places_release(&places);
}

struct seen {
    int64_t n, sum, first, last;
};

static void on_run(void *context, int64_t first, size_t n, const uint8_t *hashes) {
    struct seen *seen = context;
    for (size_t i = 0; i < n; i++) {
        int64_t place = first + (int64_t)i;
        assert_int_equal(le32(hashes + 4 * i), hash_at(place));
        if (seen->n == 0 || place < seen->first) seen->first = place;
        if (seen->n == 0 || place > seen->last) seen->last = place;
        seen->n++;
        seen->sum += place;
    }
}

/* Whatever the runs are, the rows have each entry once, and none has too many. */
static void rows_have_every_entry_once(void **state) {
    (void)state;
    static const int64_t runs[][2] = {{0, 1},     {3, 1},      {5, 5000},           {90000, 2047},
                                      {92050, 2}, {200000, 1}, {200000 + 65534, 3}, {500000, 70000}};
    struct places places = {.n = 0};
    struct buffer row = BUFFER_INIT;
    struct seen seen = {0};
    int64_t n = 0, sum = 0;
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        run_add(&places, QUEUE_A, runs[i][0], runs[i][1], 0);
        for (int64_t k = 0; k < runs[i][1]; k++)
            n++, sum += runs[i][0] + k;
    }
    for (size_t at = 0, within = 0; at < places.n_runs;) {
        struct seen before = seen;
        buffer_clear(&row);
        int64_t first = places_pack(&places, &at, &within, SIZE_MAX, &row);
        assert_true(places_unpack(first, (const uint8_t *)row.data, row.len, on_run, &seen));
        assert_in_range(seen.n - before.n, 1, PLACES_ROW_ENTRIES);
        assert_true(seen.last - first < PLACES_ROW_SPAN);
    }
    assert_int_equal(seen.n, n);
    assert_int_equal(seen.sum, sum);
    for (size_t most = 1; most < 100; most++) { /* however few bytes a row may have */
        seen = (struct seen){0};
        for (size_t at = 0, within = 0; at < places.n_runs;) {
            buffer_clear(&row);
            int64_t first = places_pack(&places, &at, &within, most, &row);
            assert_true(places_unpack(first, (const uint8_t *)row.data, row.len, on_run, &seen));
            assert_true(row.len <= (most < 12 ? 12 : most));
        }
        assert_int_equal(seen.n, n);
        assert_int_equal(seen.sum, sum);
    }
    /* cut anywhere but behind a run it is damaged */
    buffer_clear(&row);
    size_t at = 0, within = 0;
    int64_t first = places_pack(&places, &at, &within, SIZE_MAX, &row);
    for (size_t len = 1; len < 40; len++)
        assert_int_equal(places_unpack(first, (const uint8_t *)row.data, len, on_run, &seen), len == 12 || len == 24);
    buffer_release(&row);
    places_release(&places);
}

static int number_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    (void)n, (void)lengths;
    *(uint64_t *)context = strtoull(columns[0], NULL, 10);
    return 1;
}

static enum store_status commit(struct places *places, int64_t generation) {
    struct ledger_row ledger = {.id = {.consumer = "me", .generation = generation}, .committed_at = 1000};
    struct error error = {""};
    store_begin(env.store, &ledger, NULL, 0);
    store_put_places(env.store, places);
    return store_commit(env.store, &error);
}

static struct seen read_places(const char *queue_id, int64_t from, int64_t to, int64_t end, int64_t ring) {
    struct seen seen = {0};
    struct error error = {""};
    int64_t found_end, found_ring;
    assert_int_equal(store_places_read(env.store, queue_id, from, to, &found_end, &found_ring, on_run, &seen, &error),
                     STORE_OK);
    assert_int_equal(found_end, end);
    assert_int_equal(found_ring, ring);
    return seen;
}

static void what_is_written_is_read(void **state) {
    (void)state;
    struct places places = {.n = 0};
    assert_int_equal(read_places(QUEUE_A, 0, 1000, 0, 0).n, 0);
    run_add(&places, QUEUE_A, 0, 3000, 0);
    assert_int_equal(commit(&places, 1), STORE_OK);
    assert_int_equal(places.now_end, 3000);
    assert_int_equal(places.now_ring, 2); /* rows of 2,048 */
    struct seen seen = read_places(QUEUE_A, 2999, 3001, 3000, 2);
    assert_int_equal(seen.last, 2999); /* and the rest of the row */
    assert_int_equal(read_places(QUEUE_A, 3000, 4000, 3000, 2).n, 0);
    assert_int_equal(read_places(QUEUE_B, 0, 4000, 0, 2).n, 0);
    places_clear(&places);
    run_add(&places, QUEUE_B, 10, 5, 2);
    assert_int_equal(commit(&places, 2), STORE_OK);
    assert_int_equal(read_places(QUEUE_B, 0, 4000, 15, 3).n, 5);
    assert_int_equal(read_places(QUEUE_A, 0, 4000, 3000, 3).n, 3000);
    places_release(&places);
}

/* Two have taken the same entries: the second to commit writes nothing; unless it has looked since. */
static void what_another_has_committed_since(void **state) {
    (void)state;
    struct places ours = {.n = 0}, others = {.n = 0};
    uint64_t rows = 0;
    run_add(&ours, QUEUE_A, 100, 50, 0);
    run_add(&others, QUEUE_A, 140, 50, 0);
    assert_int_equal(commit(&others, 1), STORE_OK);
    assert_int_equal(commit(&ours, 2), STORE_OVERLAPS);
    assert_int_equal(store_query(env.store, "SELECT COUNT(*) FROM import_ledger", NULL, 0, number_read, &rows, NULL),
                     STORE_OK);
    assert_int_equal(rows, 1);
    assert_int_equal(read_places(QUEUE_A, 0, 1000, 190, 1).n, 50);
    places_clear(&ours);
    run_add(&ours, QUEUE_A, 100, 40, 0); /* beside them */
    assert_int_equal(commit(&ours, 2), STORE_OK);
    places_clear(&ours);
    for (int64_t place = 140; place < 150; place++) /* other entries at the same places */
        places_add(&ours, QUEUE_A, place, hash_at(place) + 1, 0);
    assert_int_equal(commit(&ours, 3), STORE_OK);
    places_clear(&ours);
    run_add(&ours, QUEUE_A, 140, 1, 1); /* known not to be in the ring when it had one row: it was looked at then */
    assert_int_equal(commit(&ours, 4), STORE_OK);
    places_release(&ours);
    places_release(&others);
}

static void the_ring_is_written_over(void **state) {
    (void)state;
    struct places places = {.n = 0};
    int64_t generation = 0,
            n = (int64_t)PLACES_ROWS * 4 / 3 / 64; /* rows of a generation, so that it goes round once */
    for (int64_t i = 0; i < 64; i++) {
        places_clear(&places);
        for (int64_t row = 0; row < n; row++) /* far apart: a row each */
            places_add(&places, QUEUE_A, (i * n + row) * PLACES_ROW_SPAN, hash_at((i * n + row) * PLACES_ROW_SPAN),
                       i * n);
        assert_int_equal(commit(&places, ++generation), STORE_OK);
    }
    struct seen seen = read_places(QUEUE_A, 0, INT64_MAX, (64 * n - 1) * PLACES_ROW_SPAN + 1, 64 * n);
    assert_int_equal(seen.n, PLACES_ROWS); /* the last ones */
    assert_int_equal(seen.first, (64 * n - PLACES_ROWS) * PLACES_ROW_SPAN);
    places_clear(&places); /* in the part of the ring that lies on both sides of its end */
    places_add(&places, QUEUE_A, (64 * n - 2) * PLACES_ROW_SPAN, hash_at((64 * n - 2) * PLACES_ROW_SPAN),
               PLACES_ROWS - 5);
    assert_int_equal(commit(&places, ++generation), STORE_OVERLAPS);
    places_release(&places);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_are_found),
        cmocka_unit_test(rows_have_every_entry_once),
        cmocka_unit_test_setup_teardown(what_is_written_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(what_another_has_committed_since, setup, teardown),
        cmocka_unit_test_setup_teardown(the_ring_is_written_over, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
