/* The in-place radix sort behind every table that is written. */
#include "import/sort.h"

#include <string.h>

#include "base/bytes.h"

enum { SMALL = 24, RADIX = 256 };

struct sorter {
    size_t key_len;
    sort_key_fn *key;
    const void *context;
};

/* Loads the eight key bytes from `at` on into the prefixes; behind the key's end stand zeros. */
static void prefixes_load(const struct sorter *sorter, struct sort_ref *refs, size_t n, size_t at) {
    uint8_t key[SORT_KEY_MAX + 8];
    for (size_t i = 0; i < n; i++) {
        memset(key + sorter->key_len, 0, 8);
        sorter->key(sorter->context, &refs[i], key);
        refs[i].prefix = be64(key + at);
    }
}

static void insertion_sort(struct sort_ref *refs, size_t n) {
    for (size_t i = 1; i < n; i++) {
        struct sort_ref ref = refs[i];
        size_t j = i;
        for (; j > 0 && refs[j - 1].prefix > ref.prefix; j--)
            refs[j] = refs[j - 1];
        refs[j] = ref;
    }
}

/* By the prefixes alone; above the byte at `shift` they are all alike. */
static void prefix_sort(struct sort_ref *refs, size_t n, unsigned shift) {
    size_t ends[RADIX] = {0}, next[RADIX], sum = 0;
    if (n <= SMALL) {
        insertion_sort(refs, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        ends[refs[i].prefix >> shift & (RADIX - 1)]++;
    for (unsigned digit = 0; digit < RADIX; digit++) {
        next[digit] = sum;
        sum += ends[digit];
        ends[digit] = sum;
    }
    for (unsigned digit = 0; digit < RADIX; digit++) {
        while (next[digit] < ends[digit]) {
            struct sort_ref ref = refs[next[digit]];
            unsigned home = ref.prefix >> shift & (RADIX - 1);
            while (home != digit) {
                struct sort_ref evicted = refs[next[home]];
                refs[next[home]++] = ref;
                ref = evicted;
                home = ref.prefix >> shift & (RADIX - 1);
            }
            refs[next[digit]++] = ref;
        }
    }
    for (unsigned digit = 0; shift > 0 && digit < RADIX; digit++) {
        size_t first = digit ? ends[digit - 1] : 0;
        if (ends[digit] - first > 1) prefix_sort(refs + first, ends[digit] - first, shift - 8);
    }
}

/* The shift of the highest byte in which the prefixes differ, or -1 where they are all equal. */
static int shift_first(const struct sort_ref *refs, size_t n) {
    uint64_t differ = 0;
    for (size_t i = 1; i < n; i++)
        differ |= refs[i].prefix ^ refs[0].prefix;
    return differ ? (63 - __builtin_clzll(differ)) / 8 * 8 : -1;
}

static void sort_from(const struct sorter *sorter, struct sort_ref *refs, size_t n, size_t at) {
    prefixes_load(sorter, refs, n, at);
    int shift = shift_first(refs, n);
    if (shift >= 0) prefix_sort(refs, n, (unsigned)shift);
    if (at + 8 >= sorter->key_len) return;
    for (size_t first = 0, end; first < n; first = end) {
        for (end = first + 1; end < n && refs[end].prefix == refs[first].prefix;)
            end++;
        if (end - first > 1) sort_from(sorter, refs + first, end - first, at + 8);
    }
}

void sort_refs(struct sort_ref *refs, size_t n, size_t key_len, sort_key_fn *key, const void *context) {
    struct sorter sorter = {key_len, key, context};
    if (n > 1) sort_from(&sorter, refs, n, 0);
}
