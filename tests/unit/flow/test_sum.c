/* Sums at the borders of 63, 64 and 128 bits: cut, and as text there and back. */
#include "flow/sum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define HALVES(high, low) ((sum_wide)UINT64_C(high) << 64 | UINT64_C(low))

static const struct {
    sum_wide sum;
    const char *text, *padded;
} sums[] = {
    {0, "0", "000000000000000000000000000000000000000"},
    {9, "9", "000000000000000000000000000000000000009"},
    {10, "10", "000000000000000000000000000000000000010"},
    {SUM_MOST, SUM_MOST_TEXT, "000000000000000000009223372036854775807"},
    {HALVES(0, 0x8000000000000000), "9223372036854775808", "000000000000000000009223372036854775808"},
    {HALVES(0, 0xffffffffffffffff), "18446744073709551615", "000000000000000000018446744073709551615"},
    {HALVES(1, 0), "18446744073709551616", "000000000000000000018446744073709551616"},
    {HALVES(0xffffffffffffffff, 0xffffffffffffffff), "340282366920938463463374607431768211455",
     "340282366920938463463374607431768211455"},
};
enum { N = sizeof sums / sizeof sums[0] };

static void text_there_and_back(void **state) {
    char text[SUM_DIGITS + 1];
    (void)state;
    for (unsigned i = 0; i < N; i++) {
        assert_ptr_equal(sum_text(sums[i].sum, 0, text), text);
        assert_string_equal(text, sums[i].text);
        assert_true(sum_read(text) == sums[i].sum);
        assert_string_equal(sum_text(sums[i].sum, SUM_DIGITS, text), sums[i].padded);
        assert_true(sum_read(text) == sums[i].sum);
    }
    assert_string_equal(sum_text(7, 3, text), "007");
}

/* As SQLite compares what is stored: integers before texts, and texts by their bytes. */
static void padded_texts_are_in_order(void **state) {
    char a[SUM_DIGITS + 1], b[SUM_DIGITS + 1];
    (void)state;
    for (unsigned i = 1; i < N; i++)
        assert_true(strcmp(sum_text(sums[i - 1].sum, SUM_DIGITS, a), sum_text(sums[i].sum, SUM_DIGITS, b)) < 0);
}

static void what_is_no_number_is_0(void **state) {
    (void)state;
    assert_true(sum_read(NULL) == 0);
    assert_true(sum_read("") == 0);
    assert_true(sum_read("x1") == 0);
    assert_true(sum_read("-1") == 0);
    assert_true(sum_read("12.75") == 12);
    assert_true(sum_read("340282366920938463463374607431768211456") == sums[N - 1].sum);
    assert_true(sum_read("3402823669209384634633746074317682114550") == sums[N - 1].sum);
}

static void cut_at_63_bits(void **state) {
    (void)state;
    assert_int_equal(sum_cut(SUM_MOST - 1), SUM_MOST - 1);
    assert_int_equal(sum_cut(SUM_MOST), SUM_MOST);
    assert_int_equal(sum_cut(HALVES(0, 0x8000000000000000)), SUM_MOST);
    assert_int_equal(sum_cut(HALVES(1, 0)), SUM_MOST);
    assert_int_equal(sum_add(SUM_MOST - 1, 1), SUM_MOST);
    assert_int_equal(sum_add(SUM_MOST, SUM_MOST), SUM_MOST);
    assert_true(sum_less(HALVES(1, 0), 1) == UINT64_MAX);
    assert_true(sum_less(5, 5) == 0);
    assert_true(sum_less(5, 6) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_there_and_back),
        cmocka_unit_test(padded_texts_are_in_order),
        cmocka_unit_test(what_is_no_number_is_0),
        cmocka_unit_test(cut_at_63_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
