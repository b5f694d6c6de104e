/* What the ledger has of the entries around: by place and hash, whatever was at a place before. */
#include "import/known.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "flow/entry.h"

static void add(struct known *known, int64_t first, size_t n, const uint32_t *hashes) {
    uint8_t bytes[64];
    for (size_t i = 0; i < n; i++)
        le32_put(bytes + 4 * i, hashes[i]);
    known_add(known, first, n, bytes);
}

static void entries_are_known_by_place_and_hash(void **state) {
    (void)state;
    static const uint32_t hashes[] = {11, 22, 33, 44};
    struct known known = {.n = 0};
    assert_false(known_has(&known, 0, 11));
    known_clear(&known, 100, 103);
    add(&known, 98, 4, hashes); /* 98 to 101: two of them are in the window */
    assert_false(known_has(&known, 98, 11));
    assert_false(known_has(&known, 99, 22));
    assert_true(known_has(&known, 100, 33));
    assert_true(known_has(&known, 101, 44));
    assert_false(known_has(&known, 101, 33));
    assert_false(known_has(&known, 102, 44));
    known_clear(&known, 101, 103);
    assert_false(known_has(&known, 101, 44));
    known_release(&known);
}

/* Redis went back twice, and other entries came to stand at the places. */
static void a_place_may_have_had_several(void **state) {
    (void)state;
    struct known known = {.n = 0};
    known_clear(&known, 0, 4);
    add(&known, 0, 3, (const uint32_t[]){1, 2, 3});
    add(&known, 1, 3, (const uint32_t[]){20, 30, 40});
    add(&known, 1, 1, (const uint32_t[]){200});
    add(&known, 1, 1, (const uint32_t[]){20}); /* again */
    assert_int_equal(known.n, 3);
    assert_true(known_has(&known, 1, 2) && known_has(&known, 1, 20) && known_has(&known, 1, 200));
    assert_true(known_has(&known, 2, 3) && known_has(&known, 2, 30) && known_has(&known, 3, 40));
    assert_false(known_has(&known, 2, 200) || known_has(&known, 3, 0) || known_has(&known, 0, 20));
    known_release(&known);
}

static void hashes_differ(void **state) {
    (void)state;
    static char big[ENTRY_HEAD_BYTES];
    assert_int_equal(known_hash("abc", 3), known_hash("abc", 3));
    assert_int_not_equal(known_hash("abc", 3), known_hash("abd", 3));
    assert_int_not_equal(known_hash("abc", 3), known_hash("abc", 2));
    /* of one that is too long the head is there, and its length */
    assert_int_not_equal(known_hash(big, ENTRY_BYTES_MAX + 1), known_hash(big, ENTRY_BYTES_MAX + 2));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_known_by_place_and_hash),
        cmocka_unit_test(a_place_may_have_had_several),
        cmocka_unit_test(hashes_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
