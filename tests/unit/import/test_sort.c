/* The radix sort, against qsort and memcmp: key lengths, equal keys, long common beginnings, many references. */
#include "import/sort.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "random.h"

struct keys {
    size_t len;
    uint8_t *bytes;
};

static void key_copy(const void *context, const struct sort_ref *ref, uint8_t *key) {
    const struct keys *keys = context;
    memcpy(key, keys->bytes + ref->row * keys->len, keys->len);
}

static size_t compare_len;

static int key_compare(const void *a, const void *b) { return memcmp(a, b, compare_len); }

/* Sorts n keys both ways; each reference must come out once, with what it carries beside its row. */
static void sorted_as_qsort_does(const struct keys *keys, size_t n) {
    struct sort_ref *refs = calloc(n + 1, sizeof *refs);
    uint8_t *expected = malloc(n * keys->len + 1), *seen = calloc(n + 1, 1);
    assert_true(refs && expected && seen);
    for (size_t i = 0; i < n; i++)
        refs[i] = (struct sort_ref){.prefix = 99, .row = (uint32_t)i, .family = i % 3 == 0, .side = i % 5 == 0};
    memcpy(expected, keys->bytes, n * keys->len);
    compare_len = keys->len;
    qsort(expected, n, keys->len, key_compare);
    sort_refs(refs, n, keys->len, key_copy, keys);
    for (size_t i = 0; i < n; i++) {
        if (memcmp(keys->bytes + refs[i].row * keys->len, expected + i * keys->len, keys->len) != 0)
            fail_msg("%zu keys of %zu bytes: place %zu", n, keys->len, i);
        assert_true(refs[i].row < n);
        assert_int_equal(seen[refs[i].row], 0);
        seen[refs[i].row] = 1;
        assert_int_equal(refs[i].family, refs[i].row % 3 == 0);
        assert_int_equal(refs[i].side, refs[i].row % 5 == 0);
    }
    free(refs);
    free(expected);
    free(seen);
}

/* How the bytes of the keys are made. */
enum shape { ANY_BYTES, FEW_VALUES, ALL_EQUAL, COMMON_BEGINNING, LAST_BYTE, DESCENDING, SHAPES };

static void keys_make(const struct keys *keys, size_t n, enum shape shape, uint64_t *seed) {
    for (size_t i = 0; i < n; i++) {
        uint8_t *key = keys->bytes + i * keys->len;
        for (size_t at = 0; at < keys->len; at++) {
            switch (shape) {
            case ANY_BYTES: key[at] = (uint8_t)random_next(seed); break;
            case FEW_VALUES: key[at] = (uint8_t)(random_below(seed, 2) * 255); break;
            case ALL_EQUAL: key[at] = 0x80; break;
            case COMMON_BEGINNING: key[at] = at < keys->len * 3 / 4 ? 7 : (uint8_t)random_next(seed); break;
            case LAST_BYTE: key[at] = at + 1 < keys->len ? 0xff : (uint8_t)random_next(seed); break;
            default: key[at] = (uint8_t)(at < 4 ? (n - i) >> (8 * (3 - at)) : 0);
            }
        }
    }
}

static void every_length_and_shape(void **state) {
    (void)state;
    static const size_t lengths[] = {1, 2, 4, 7, 8, 9, 12, 15, 16, 17, 20, 24, 25, 41, 64, 100, 363, SORT_KEY_MAX};
    static const size_t counts[] = {0, 1, 2, 3, 23, 24, 25, 26, 100, 257, 1000};
    uint64_t seed = 1;
    for (unsigned l = 0; l < sizeof lengths / sizeof lengths[0]; l++)
        for (unsigned c = 0; c < sizeof counts / sizeof counts[0]; c++)
            for (unsigned shape = 0; shape < SHAPES; shape++) {
                struct keys keys = {lengths[l], malloc(lengths[l] * counts[c] + 1)};
                assert_non_null(keys.bytes);
                keys_make(&keys, counts[c], (enum shape)shape, &seed);
                sorted_as_qsort_does(&keys, counts[c]);
                free(keys.bytes);
            }
}

static void a_hundred_thousand(void **state) {
    (void)state;
    static const size_t lengths[] = {4, 12, 17, 41};
    enum { N = 100000 };
    uint64_t seed = 2;
    for (unsigned l = 0; l < sizeof lengths / sizeof lengths[0]; l++)
        for (unsigned shape = 0; shape < SHAPES; shape++) {
            struct keys keys = {lengths[l], malloc(lengths[l] * N)};
            assert_non_null(keys.bytes);
            keys_make(&keys, N, (enum shape)shape, &seed);
            sorted_as_qsort_does(&keys, N);
            free(keys.bytes);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_and_shape),
        cmocka_unit_test(a_hundred_thousand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
