/* Numbers as a person reads them, at the edges of each unit. */
#include "tool/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct {
    sum_wide number;
    const char *unit, *text;
} counts[] = {
    {0, "", "0"},
    {0, "B", "0 B"},
    {512, "", "512"},
    {999, "", "999"},
    {999, "B", "999 B"},
    {1000, "", "1.00 k"},
    {1004, "", "1.00 k"},
    {1500, "", "1.50 k"},
    {9994, "B", "9.99 kB"},
    {9995, "B", "10.0 kB"},
    {9999, "B", "10.0 kB"},
    {99949, "B", "99.9 kB"},
    {99950, "B", "100 kB"},
    {99999, "B", "100 kB"},
    {999499, "B", "999 kB"},
    {999500, "B", "1.00 MB"},
    {83100000, "", "83.1 M"},
    {83100000, "B", "83.1 MB"},
    {2000000000000, "", "2.00 T"},
    {1000000000000000, "B", "1.00 PB"},
    {INT64_MAX, "B", "9.22 EB"},
    {UINT64_MAX, "B", "18.4 EB"},
    {(sum_wide)UINT64_MAX << 10, "B", "18.9 ZB"},
    {~(sum_wide)0, "B", "340282367 QB"},
};

static void three_digits_that_count(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        char text[32];
        assert_ptr_equal(units_count(counts[i].number, counts[i].unit, text, sizeof text), text);
        assert_string_equal(text, counts[i].text);
    }
    char small[4];
    assert_string_equal(units_count(83100000, "B", small, sizeof small), "83.");
}

static const struct {
    int64_t seconds;
    const char *text;
} ages[] = {
    {0, "0 s"},
    {45, "45 s"},
    {59, "59 s"},
    {60, "1 min"},
    {3599, "59 min"},
    {3600, "1 h 00 min"},
    {7500, "2 h 05 min"},
    {86399, "23 h 59 min"},
    {86400, "1 d 0 h"},
    {3 * 86400 + 4 * 3600 + 59, "3 d 4 h"},
    {1700000000, "19675 d 22 h"},
};

static void ages_in_two_units(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof ages / sizeof ages[0]; i++) {
        char text[32];
        assert_string_equal(units_age(ages[i].seconds, text, sizeof text), ages[i].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_digits_that_count),
        cmocka_unit_test(ages_in_two_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
