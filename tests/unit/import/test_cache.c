/* The sums in memory: rows and merging, growth, the limit to the byte, and what a refused flow leaves behind. */
#include "import/cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "flow/sum.h"
#include "random.h"
#include "records.h"

enum {
    T = 1700002800,
    LIMIT = 64 << 20,
    ROW = 48 + CACHE_SCRATCH_ROW,  /* an IPv4 five-tuple with two sums: 3 * 8 + 4 + 13, rounded up, and the scratch */
    ROW6 = 72 + CACHE_SCRATCH_ROW, /* 3 * 8 + 4 + 37, rounded up */
    INDEX_FIRST = 4096,            /* slots */
};

static struct flow_layout layout;
static struct schema schema;

static int setup(void **state) {
    static const uint32_t sizes[] = {60, 600, 3600};
    (void)state;
    layout_make(&layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS);
    schema_init(&schema, &layout, sizes, 3);
    return 0;
}

/* A flow of its own key, within one bucket. */
static struct flow_record flow(enum flow_family family, uint32_t number) {
    struct tuple tuple = {number, ~number, (uint16_t)number, 443, 6};
    return record_make(&layout, family, tuple, T + number % 60, T + number % 60, 1, number);
}

struct row {
    uint32_t bucket;
    const uint8_t *key;
    uint64_t sums[3];
};

static struct row row_at(const struct cache_rows *rows, size_t i) {
    const uint8_t *bytes = rows->rows + i * rows->stride;
    struct row row = {.key = bytes + rows->key_at};
    memcpy(&row.bucket, bytes + rows->bucket_at, sizeof row.bucket);
    memcpy(row.sums, bytes, sizeof row.sums);
    return row;
}

/* The row of a bucket and key, or one of zeros. */
static struct row row_find(struct cache *cache, uint32_t size, const struct flow_record *record, uint32_t bucket) {
    struct cache_rows rows = cache_rows(cache, size, (enum flow_family)record->family);
    for (size_t i = 0; i < rows.n; i++) {
        struct row row = row_at(&rows, i);
        if (row.bucket == bucket && memcmp(row.key, record->key, layout.key_bytes[record->family]) == 0) return row;
    }
    return (struct row){.bucket = 0};
}

static void equal_keys_are_added_up(void **state) {
    (void)state;
    struct cache *cache = cache_new(&layout, &schema, LIMIT, 1);
    struct tuple tuple = {0x0a000001, 0x0a000002, 50001, 443, 6};
    struct flow_record records[] = {
        record_make(&layout, FLOW_IPV4, tuple, T + 50, T + 69, 10, 1000),
        record_make(&layout, FLOW_IPV4, tuple, T + 60, T + 60, 5, 7),
        record_make(&layout, FLOW_IPV6, tuple, T + 60, T + 60, 1, 2),
    };
    for (unsigned i = 0; i < 3; i++)
        assert_true(cache_add(cache, &records[i], 1));
    struct cache_rows rows = cache_rows(cache, 60, FLOW_IPV4);
    assert_int_equal(rows.n, 2);
    assert_int_equal(rows.stride, 48);
    assert_int_equal(rows.bucket_at, 24);
    assert_int_equal(rows.key_at, 28);
    struct row first = row_find(cache, 60, &records[0], T), second = row_find(cache, 60, &records[0], T + 60);
    static const uint64_t first_sums[] = {5, 500, 500000}, second_sums[] = {10, 507, 1500000},
                          sums6[] = {1, 2, 1000000};
    assert_memory_equal(first.sums, first_sums, sizeof first_sums);
    assert_memory_equal(second.sums, second_sums, sizeof second_sums);
    rows = cache_rows(cache, 60, FLOW_IPV6);
    assert_int_equal(rows.n, 1);
    assert_int_equal(rows.stride, 72);
    assert_memory_equal(row_at(&rows, 0).sums, sums6, sizeof sums6);
    assert_memory_equal(row_at(&rows, 0).key, records[2].key, 37);
    assert_int_equal(cache_row_count(cache), 3);
    assert_int_equal(cache_rows(cache, 600, FLOW_IPV4).n, 0);
    cache_free(cache);
    cache_free(NULL);
}

static void rows_are_taken_whole(void **state) {
    (void)state;
    static const uint32_t sizes[] = {600, 900, 1800};
    static const uint64_t sums[] = {3, 1000, 7 * FLOW_UNIT}, twice[] = {6, 2000, 8 * FLOW_UNIT};
    struct schema odd;
    schema_init(&odd, &layout, sizes, 3);
    struct cache *cache = cache_new(&layout, &odd, LIMIT, 1);
    struct flow_record row =
        record_make(&layout, FLOW_IPV4, (struct tuple){1, 2, 3, 4, 6}, T + 1200, T + 1200, 3, 1000);
    assert_true(cache_add_row(cache, &row, 7));
    assert_memory_equal(row_find(cache, 600, &row, T + 1200).sums, sums, sizeof sums);
    assert_memory_equal(row_find(cache, 900, &row, T + 900).sums, sums, sizeof sums);
    assert_true(cache_add(cache, &row, 1));
    assert_memory_equal(row_find(cache, 600, &row, T + 1200).sums, twice, sizeof twice);
    assert_int_equal(cache_row_count(cache), 2);
    cache_free(cache);
    cache = cache_new(&layout, &odd, 2 * ROW + 2 * INDEX_FIRST * sizeof(uint32_t), 1);
    assert_true(cache_add_row(cache, &row, 1));
    assert_true(cache_add_row(cache, &row, 1) ==
                false); /* it might be another row: there is room for one of each size */
    assert_memory_equal(row_find(cache, 600, &row, T + 1200).sums, ((uint64_t[]){3, 1000, FLOW_UNIT}), sizeof sums);
    cache_free(cache);
}

/* The octets of all rows of a key, of which none has more than SUM_MOST, and how many there are. */
static sum_wide octets_of(struct cache *cache, const struct flow_record *record, unsigned *n) {
    struct cache_rows rows = cache_rows(cache, 60, FLOW_IPV4);
    sum_wide octets = 0;
    *n = 0;
    for (size_t i = 0; i < rows.n; i++) {
        struct row row = row_at(&rows, i);
        if (memcmp(row.key, record->key, layout.key_bytes[FLOW_IPV4]) != 0) continue;
        assert_true(row.sums[1] <= SUM_MOST);
        octets += row.sums[1];
        ++*n;
    }
    return octets;
}

/* In any order, whatever the index does meanwhile: what a row can't hold goes on in another of the same key. */
static void no_sum_is_cut(void **state) {
    (void)state;
    static const struct {
        uint64_t octets[3];
        unsigned n_rows;
    } cases[] = {{{SUM_MOST, SUM_MOST, 1}, 3},
                 {{1, SUM_MOST - 1, 0}, 1},
                 {{SUM_MOST - 1, 0, 7}, 2},
                 {{SUM_MOST, 1, 1}, 2},
                 {{5, 6, 7}, 1}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cache *cache = cache_new(&layout, &schema, 64 << 20, 1);
        struct flow_record record = record_make(&layout, FLOW_IPV4, (struct tuple){1, 2, 3, 4, 6}, T, T, 2, 0);
        sum_wide sum = 0;
        unsigned n;
        for (unsigned k = 0; k < 3; k++) {
            record.sums[1] = cases[i].octets[k];
            sum += record.sums[1];
            assert_true(cache_add(cache, &record, 1));
        }
        assert_true(octets_of(cache, &record, &n) == sum);
        assert_int_equal(n, cases[i].n_rows);
        for (uint32_t other = 0; other < 20000; other++) {
            struct flow_record one = flow(FLOW_IPV4, other + 100);
            assert_true(cache_add(cache, &one, 1));
        }
        for (unsigned k = 0; k < 3; k++) {
            record.sums[1] = cases[i].octets[k];
            assert_true(cache_add(cache, &record, 1));
        }
        assert_true(octets_of(cache, &record, &n) == 2 * sum);
        struct cache_rows rows = cache_rows(cache, 60, FLOW_IPV4);
        assert_int_equal(rows.n, 20000 + n);
        cache_free(cache);
    }
}

/* Each field of the key, and the bucket, tells rows apart. */
static void any_difference_is_another_row(void **state) {
    (void)state;
    struct flow_layout wide;
    struct schema wide_schema;
    static const uint32_t size = 60;
    layout_make(&wide, FLOW_LAYOUT_KEYS ",tcpControlBits,interfaceName,ipNextHopIPv6Address",
                "octetDeltaCount,packetDeltaCount");
    schema_init(&wide_schema, &wide, &size, 1);
    for (unsigned family = 0; family < FLOW_FAMILIES; family++) {
        struct cache *cache = cache_new(&wide, &wide_schema, LIMIT, 1);
        struct flow_record plain =
            record_make(&wide, (enum flow_family)family, (struct tuple){1, 2, 3, 4, 6}, T, T, 1, 1);
        unsigned n = 1;
        assert_true(cache_add(cache, &plain, 1));
        for (unsigned byte = 0; byte < wide.key_bytes[family]; byte++, n++) {
            struct flow_record other = plain;
            other.key[byte] ^= 0x40;
            assert_true(cache_add(cache, &other, 1));
        }
        struct flow_record later = plain;
        later.start = later.end = T + 60;
        assert_true(cache_add(cache, &later, 1));
        assert_true(cache_add(cache, &plain, 1));
        struct cache_rows rows = cache_rows(cache, 60, (enum flow_family)family);
        assert_int_equal(rows.n, n + 1);
        assert_int_equal(rows.stride, (3 * 8 + 4 + wide.key_bytes[family] + 7) / 8 * 8);
        cache_free(cache);
    }
}

static size_t index_bytes(size_t rows) {
    size_t slots = INDEX_FIRST;
    while (rows > slots / 4 * 3)
        slots *= 2;
    return rows ? 4 * slots : 0;
}

static void memory_is_what_the_header_says(void **state) {
    (void)state;
    static const size_t counts[] = {0, 1, 2, 3072, 3073, 6144, 6145, 12288, 12289, 100000};
    struct cache *cache = cache_new(&layout, &schema, LIMIT, 1);
    size_t n = 0;
    for (unsigned i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        for (; n < counts[i]; n++) {
            struct flow_record record = flow(FLOW_IPV4, (uint32_t)n);
            assert_true(cache_add(cache, &record, 1));
        }
        assert_int_equal(cache_rows(cache, 60, FLOW_IPV4).n, n);
        assert_int_equal(cache_used(cache), n * ROW + index_bytes(n));
    }
    struct flow_record record = flow(FLOW_IPV6, 1);
    assert_true(cache_add(cache, &record, 1));
    assert_int_equal(cache_rows(cache, 60, FLOW_IPV6).n, 1);
    assert_int_equal(cache_used(cache), n * ROW + index_bytes(n) + ROW6 + index_bytes(1));
    /* Every row is found again in the grown index. */
    for (size_t i = 0; i < n; i++) {
        record = flow(FLOW_IPV4, (uint32_t)i);
        assert_true(cache_add(cache, &record, 1));
    }
    struct cache_rows rows = cache_rows(cache, 60, FLOW_IPV4);
    assert_int_equal(rows.n, n);
    for (size_t i = 0; i < n; i++) {
        struct row row = row_at(&rows, i);
        assert_int_equal(row.sums[0], 2);
        assert_int_equal(row.sums[1], 2 * i);
        assert_int_equal(row.sums[2], 2 * FLOW_UNIT);
    }
    cache_free(cache);
}

/* As many rows as the limit has room for, and not one more; a byte less, one fewer. */
static void the_limit_is_kept_to_the_byte(void **state) {
    (void)state;
    static const size_t counts[] = {1, 100, 3072, 3073, 5000};
    for (unsigned i = 0; i < sizeof counts / sizeof counts[0]; i++)
        for (size_t less = 0; less < 2; less++) {
            struct cache *cache = cache_new(&layout, &schema, counts[i] * ROW + index_bytes(counts[i]) - less, 1);
            struct flow_record record = flow(FLOW_IPV4, 7);
            size_t n = 0;
            if (cache_add(cache, &record, 1)) cache_clear(cache); /* a slice on its way when all is emptied */
            for (;; n++) {
                record = flow(FLOW_IPV4, (uint32_t)n);
                if (!cache_add(cache, &record, 1)) break;
                assert_int_equal(cache_rows(cache, 60, FLOW_IPV4).n, n + 1);
            }
            assert_int_equal(n, counts[i] - less);
            assert_int_equal(cache_used(cache), n * ROW + index_bytes(n));
            cache_free(cache);
        }
}

/* Both families at random, unfolded slices pending all the time: what is used never exceeds the limit. */
static void the_limit_holds_for_mixed_families(void **state) {
    (void)state;
    uint64_t seed = 3;
    for (unsigned round = 0; round < 300; round++) {
        size_t limit = 20000 + random_below(&seed, 1 << 20);
        struct cache *cache = cache_new(&layout, &schema, limit, round);
        size_t n = 0;
        for (;; n++) {
            unsigned run = (unsigned)random_below(&seed, 4); /* long runs of one family leave its slices pending */
            enum flow_family family = (n >> (4 + run)) & 1 ? FLOW_IPV4 : FLOW_IPV6;
            struct flow_record record = flow(family, (uint32_t)n);
            if (!cache_add(cache, &record, 1)) break;
        }
        size_t ipv4 = cache_rows(cache, 60, FLOW_IPV4).n, ipv6 = cache_rows(cache, 60, FLOW_IPV6).n;
        assert_int_equal(ipv4 + ipv6, n);
        assert_int_equal(cache_used(cache), ipv4 * ROW + index_bytes(ipv4) + ipv6 * ROW6 + index_bytes(ipv6));
        assert_true(cache_used(cache) <= limit);
        cache_free(cache);
    }
}

static void what_is_refused_leaves_nothing(void **state) {
    (void)state;
    struct cache *cache = cache_new(&layout, &schema, 10 * ROW + index_bytes(10), 1);
    struct tuple tuple = {1, 2, 3, 4, 6};
    struct flow_record nine = record_make(&layout, FLOW_IPV4, tuple, T, T + 9 * 60 - 1, 90, 900);
    assert_true(cache_add(cache, &nine, 1));
    struct cache_rows rows = cache_rows(cache, 60, FLOW_IPV4);
    assert_int_equal(rows.n, 9);
    uint8_t before[9 * 48];
    memcpy(before, rows.rows, sizeof before);
    /* Two buckets; two directions of one bucket each, the first of which would fit; the other family. */
    struct flow_record two = record_make(&layout, FLOW_IPV4, tuple, T + 59, T + 60, 1, 1);
    struct flow_record pair[] = {record_make(&layout, FLOW_IPV4, tuple, T, T, 1, 1), flow(FLOW_IPV4, 7)};
    struct flow_record other = flow(FLOW_IPV6, 7);
    assert_false(cache_add(cache, &two, 1));
    assert_false(cache_add(cache, pair, 2));
    assert_false(cache_add(cache, &other, 1));
    rows = cache_rows(cache, 60, FLOW_IPV4);
    assert_int_equal(rows.n, 9);
    assert_memory_equal(rows.rows, before, sizeof before);
    assert_int_equal(cache_rows(cache, 60, FLOW_IPV6).n, 0);
    assert_int_equal(cache_used(cache), 9 * ROW + index_bytes(9));
    assert_true(cache_add(cache, pair, 1));
    assert_int_equal(cache_rows(cache, 60, FLOW_IPV4).n, 9);
    assert_true(cache_add(cache, &pair[1], 1));
    assert_int_equal(cache_rows(cache, 60, FLOW_IPV4).n, 10);
    assert_false(cache_add(cache, &pair[1], 1));
    cache_free(cache);
}

static void sizes_that_do_not_divide(void **state) {
    (void)state;
    static const uint32_t sizes[] = {180, 90, 60, 450};
    struct schema four;
    schema_init(&four, &layout, sizes, 4);
    assert_int_equal(cache_base_size(&four, 60), 60);
    assert_int_equal(cache_base_size(&four, 90), 90);
    assert_int_equal(cache_base_size(&four, 180), 60);
    assert_int_equal(cache_base_size(&four, 450), 90);
    struct cache *cache = cache_new(&layout, &four, LIMIT, 1);
    struct flow_record record = record_make(&layout, FLOW_IPV4, (struct tuple){1, 2, 3, 4, 6}, 180, 299, 12, 120);
    assert_true(cache_add(cache, &record, 1));
    assert_int_equal(cache_rows(cache, 60, FLOW_IPV4).n, 2);
    assert_int_equal(cache_rows(cache, 90, FLOW_IPV4).n, 2);
    assert_int_equal(cache_rows(cache, 180, FLOW_IPV4).n, 0);
    static const uint64_t halves[] = {6, 60, 500000}, large[] = {9, 90, 750000}, small[] = {3, 30, 250000};
    assert_memory_equal(row_find(cache, 60, &record, 180).sums, halves, sizeof halves);
    assert_memory_equal(row_find(cache, 60, &record, 240).sums, halves, sizeof halves);
    assert_memory_equal(row_find(cache, 90, &record, 180).sums, large, sizeof large);
    assert_memory_equal(row_find(cache, 90, &record, 270).sums, small, sizeof small);
    assert_int_equal(cache_row_count(cache), 4);
    assert_int_equal(cache_used(cache), 4 * ROW + 2 * index_bytes(2));
    cache_free(cache);
}

static void cleared_and_used_again(void **state) {
    (void)state;
    struct cache *cache = cache_new(&layout, &schema, LIMIT, 1);
    for (unsigned round = 0; round < 3; round++) {
        static const size_t counts[] = {5000, 50000, 20000};
        size_t n = counts[round];
        for (size_t i = 0; i < n; i++) {
            struct flow_record record = flow(i % 2 ? FLOW_IPV6 : FLOW_IPV4, (uint32_t)i);
            assert_true(cache_add(cache, &record, 1));
        }
        struct cache_rows rows = cache_rows(cache, 60, FLOW_IPV4);
        assert_int_equal(rows.n, n / 2);
        assert_int_equal(cache_rows(cache, 60, FLOW_IPV6).n, n / 2);
        for (size_t i = 0; i < rows.n; i++)
            assert_int_equal(row_at(&rows, i).sums[0], 1);
        assert_int_equal(cache_used(cache), n / 2 * ROW + n / 2 * ROW6 + 2 * index_bytes(n / 2));
        /* Slices that are still pending go too. */
        struct flow_record pending = flow(FLOW_IPV4, 77777);
        assert_true(cache_add(cache, &pending, 1));
        cache_clear(cache);
        assert_int_equal(cache_used(cache), 0);
        assert_int_equal(cache_row_count(cache), 0);
        assert_int_equal(cache_rows(cache, 60, FLOW_IPV4).n, 0);
        assert_int_equal(cache_rows(cache, 60, FLOW_IPV6).n, 0);
    }
    cache_free(cache);
}

/* The hash's key decides where a row is looked for, and nothing else. */
static void the_seed_changes_nothing(void **state) {
    (void)state;
    struct cache *caches[] = {cache_new(&layout, &schema, LIMIT, 0), cache_new(&layout, &schema, LIMIT, UINT64_MAX)};
    for (unsigned i = 0; i < 20000; i++) {
        struct flow_record record = flow(FLOW_IPV4, i % 7000);
        assert_true(cache_add(caches[0], &record, 1) && cache_add(caches[1], &record, 1));
    }
    struct cache_rows a = cache_rows(caches[0], 60, FLOW_IPV4), b = cache_rows(caches[1], 60, FLOW_IPV4);
    assert_int_equal(a.n, 7000);
    assert_int_equal(b.n, 7000);
    for (size_t i = 0; i < a.n; i++)
        assert_memory_equal(a.rows + i * a.stride, b.rows + i * b.stride, 28 + 13);
    cache_free(caches[0]);
    cache_free(caches[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_keys_are_added_up),
        cmocka_unit_test(rows_are_taken_whole),
        cmocka_unit_test(no_sum_is_cut),
        cmocka_unit_test(any_difference_is_another_row),
        cmocka_unit_test(memory_is_what_the_header_says),
        cmocka_unit_test(the_limit_is_kept_to_the_byte),
        cmocka_unit_test(the_limit_holds_for_mixed_families),
        cmocka_unit_test(what_is_refused_leaves_nothing),
        cmocka_unit_test(sizes_that_do_not_divide),
        cmocka_unit_test(cleared_and_used_again),
        cmocka_unit_test(the_seed_changes_nothing),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
