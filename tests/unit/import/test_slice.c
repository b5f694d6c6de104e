/* A flow's shares of its buckets: by hand, against a second by second count, and adding up at every size. */
#include "import/slice.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "import/cache.h"
#include "random.h"
#include "records.h"

enum { SLICES_MAX = 86402 };

/* The shares as the cache sums them up; returns how many buckets have rows. shares[i] is that of the i-th bucket of the
 * flow. */
static unsigned shares_of(uint64_t total, uint32_t start, uint32_t end, uint32_t size, uint64_t *shares,
                          uint64_t *flows) {
    struct flow_layout layout;
    struct schema schema;
    layout_make(&layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS);
    schema_init(&schema, &layout, &size, 1);
    struct cache *cache = cache_new(&layout, &schema, 32 << 20, 7);
    struct flow_record record = record_make(&layout, FLOW_IPV4, (struct tuple){1, 2, 3, 4, 6}, start, end, 0, total);
    assert_true(cache_add(cache, &record, 1));
    struct cache_rows rows = cache_rows(cache, size, FLOW_IPV4);
    unsigned n = (unsigned)rows.n;
    assert_true(n < SLICES_MAX);
    memset(shares, 0xff, n * sizeof shares[0]);
    for (unsigned i = 0; i < n; i++) {
        const uint8_t *row = rows.rows + i * rows.stride;
        uint32_t bucket;
        memcpy(&bucket, row + rows.bucket_at, sizeof bucket);
        assert_int_equal(bucket % size, 0);
        uint32_t k = (bucket - start / size * size) / size;
        assert_true(k < n);
        assert_int_equal(shares[k], UINT64_MAX);
        memcpy(&shares[k], row + sizeof(uint64_t), sizeof shares[k]);
        memcpy(&flows[k], row + 2 * sizeof(uint64_t), sizeof flows[k]);
    }
    cache_free(cache);
    return n;
}

static uint64_t shares[SLICES_MAX], flows[SLICES_MAX];

static const struct {
    uint64_t total;
    uint32_t start, end, size;
    unsigned n;
    uint64_t shares[4], flows[4];
} known[] = {
    {1000, 1700003400, 1700003400, 600, 1, {1000}, {1000000}},            /* one second, at a bucket's first */
    {1000, 1700003399, 1700003399, 600, 1, {1000}, {1000000}},            /* ... its last */
    {1000, 1700003390, 1700003399, 600, 1, {1000}, {1000000}},            /* up to the last second */
    {1001, 1700003390, 1700003400, 600, 2, {910, 91}, {909090, 90910}},   /* one second into the next */
    {1000, 1700003395, 1700003404, 600, 2, {500, 500}, {500000, 500000}}, /* half and half */
    {1000, 1700003390, 1700003419, 600, 2, {333, 667}, {333333, 666667}}, /* a third */
    {1000003, 1700003100, 1700004899, 600, 4, {166667, 333334, 333334, 166668}, {166666, 333334, 333333, 166667}},
    {1, 1700002800, 1700004599, 600, 3, {0, 0, 1}, {333333, 333333, 333334}}, /* one packet of many buckets */
    {0, 1700002800, 1700004599, 600, 3, {0, 0, 0}, {333333, 333333, 333334}},
    {INT64_MAX, 1700003399, 1700003400, 600, 2, {4611686018427387903, 4611686018427387904}, {500000, 500000}},
    {9007199254740993,
     1700003399,
     1700004000,
     600,
     3,
     {14962125007875, 8977275004725242, 14962125007876},
     {1661, 996677, 1662}},
    {7, 0, 2, 1, 3, {2, 2, 3}, {333333, 333333, 333334}},
    {7, UINT32_MAX - 1, UINT32_MAX, 1, 2, {3, 4}, {500000, 500000}},
    {7, UINT32_MAX - 700, UINT32_MAX, 600, 2, {2, 5}, {292439, 707561}},
};

static void shares_by_hand(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++) {
        unsigned n = shares_of(known[i].total, known[i].start, known[i].end, known[i].size, shares, flows);
        assert_int_equal(n, known[i].n);
        assert_int_equal(n, slice_count(known[i].start, known[i].end, known[i].size));
        for (unsigned k = 0; k < n; k++) {
            if (shares[k] != known[i].shares[k] || flows[k] != known[i].flows[k])
                print_error("known[%u], bucket %u: %lu %lu\n", i, k, (unsigned long)shares[k], (unsigned long)flows[k]);
            assert_int_equal(shares[k], known[i].shares[k]);
            assert_int_equal(flows[k], known[i].flows[k]);
        }
    }
}

/* floor(total * t / D) by long division of the seconds, one bucket after the other. */
static void naive(uint64_t total, uint32_t start, uint32_t end, uint32_t size, uint64_t *expected) {
    unsigned __int128 duration = (unsigned __int128)end - start + 1, seen = 0, given = 0;
    memset(expected, 0, slice_count(start, end, size) * sizeof expected[0]);
    for (uint64_t second = start; second <= end; second++) {
        seen++;
        unsigned __int128 until = (unsigned __int128)total * seen / duration;
        expected[second / size - start / size] += (uint64_t)(until - given);
        given = until;
    }
}

static const struct {
    uint64_t total;
    uint32_t start, end, size;
} compared[] = {
    {1000003, 1700003399, 1700003399 + 86399, 600},  {1000003, 1700003399, 1700003399 + 86399, 1},
    {INT64_MAX, 1700003399, 1700003399 + 86400, 60}, {INT64_MAX, 1700002800, 1700002800 + 86399, 3600},
    {INT64_MAX, 1700003399, 1700003399 + 86400, 1},  {5, 1700003399, 1700003399 + 86400, 300},
    {86401, 1700003399, 1700003399 + 86400, 1},      {UINT64_C(1) << 53, 17, 1000, 7},
};

static void shares_as_a_second_by_second_count_has_them(void **state) {
    (void)state;
    static uint64_t expected[SLICES_MAX];
    for (unsigned i = 0; i < sizeof compared / sizeof compared[0]; i++) {
        uint64_t sum = 0, all = 0;
        unsigned n = shares_of(compared[i].total, compared[i].start, compared[i].end, compared[i].size, shares, flows);
        naive(compared[i].total, compared[i].start, compared[i].end, compared[i].size, expected);
        assert_memory_equal(shares, expected, n * sizeof shares[0]);
        naive(FLOW_UNIT, compared[i].start, compared[i].end, compared[i].size, expected);
        assert_memory_equal(flows, expected, n * sizeof flows[0]);
        for (unsigned k = 0; k < n; k++) {
            sum += shares[k];
            all += flows[k];
        }
        assert_int_equal(sum, compared[i].total);
        assert_int_equal(all, FLOW_UNIT);
    }
}

/* Whatever the flow: the shares add up to the total, and those of a size to those of its multiples. */
static void coarser_buckets_are_sums_of_finer(void **state) {
    (void)state;
    uint64_t seed = 20261123;
    for (unsigned round = 0; round < 20000; round++) {
        uint64_t total = random_next(&seed) >> (1 + random_below(&seed, 62));
        uint32_t start = (uint32_t)random_next(&seed);
        uint64_t longest = 1 + random_below(&seed, 1 + random_below(&seed, 86400));
        uint32_t end = UINT32_MAX - start < longest ? UINT32_MAX : start + (uint32_t)longest;
        uint32_t fine = 1 + (uint32_t)random_below(&seed, 600), factor = 1 + (uint32_t)random_below(&seed, 12);
        uint64_t duration = (uint64_t)end - start + 1, coarse = (uint64_t)fine * factor;
        uint64_t sum = 0, coarse_sum = 0, before = 0;
        for (uint64_t bucket = start / fine;; bucket++) {
            uint64_t until = (bucket + 1) * fine - start;
            if (until > duration) until = duration;
            sum += slice_until(total, until, duration) - slice_until(total, before, duration);
            before = until;
            if ((bucket + 1) * fine % coarse != 0 && until < duration) continue;
            /* The coarse bucket ends here: what the finer ones had is what it has itself. */
            coarse_sum = slice_until(total, until, duration);
            assert_int_equal(sum, coarse_sum);
            if (until == duration) break;
        }
        assert_int_equal(sum, total);
    }
}

static void buckets_are_counted(void **state) {
    (void)state;
    assert_int_equal(slice_count(0, 0, 600), 1);
    assert_int_equal(slice_count(599, 599, 600), 1);
    assert_int_equal(slice_count(599, 600, 600), 2);
    assert_int_equal(slice_count(0, UINT32_MAX, 1), UINT64_C(1) << 32);
    assert_int_equal(slice_count(UINT32_MAX, UINT32_MAX, 86400), 1);
    assert_int_equal(slice_until(INT64_MAX, 0, 86400), 0);
    assert_int_equal(slice_until(INT64_MAX, 86400, 86400), INT64_MAX);
    assert_int_equal(slice_until(UINT64_MAX, 86399, 86400), UINT64_C(18446530569727217013));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets_are_counted),
        cmocka_unit_test(shares_by_hand),
        cmocka_unit_test(shares_as_a_second_by_second_count_has_them),
        cmocka_unit_test(coarser_buckets_are_sums_of_finer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
