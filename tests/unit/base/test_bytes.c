/* Numbers in bytes: every width and order, at addresses that no number would be aligned to. */
#include "base/bytes.h"

#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const uint8_t bytes[] = {0xff, 0x81, 0x92, 0xa3, 0xb4, 0xc5, 0xd6, 0xe7, 0xf8, 0x09};

static void big_endian_numbers_are_read(void **state) {
    (void)state;
    const uint8_t *at = bytes + 1;
    assert_true(be16(at) == 0x8192);
    assert_true(be24(at) == 0x8192a3);
    assert_true(be32(at) == 0x8192a3b4);
    assert_true(be64(at) == UINT64_C(0x8192a3b4c5d6e7f8));
}

static void little_endian_numbers_are_read(void **state) {
    (void)state;
    const uint8_t *at = bytes + 1;
    assert_true(le16(at) == 0x9281);
    assert_true(le32(at) == UINT32_C(0xb4a39281));
}

static void numbers_of_any_width_are_read(void **state) {
    (void)state;
    uint64_t number = 0;
    assert_true(be_number(bytes + 1, 0) == 0);
    for (size_t width = 1; width <= 9; width++) {
        number = number << 8 | bytes[width];
        assert_true(be_number(bytes + 1, width) == number);
    }
}

/* Nothing around a number changes. */
static void assert_put(const uint8_t *to, size_t width) {
    assert_int_equal(to[0], 0x55);
    assert_memory_equal(to + 1, bytes + 9 - width, width);
    assert_int_equal(to[1 + width], 0x55);
}

static void big_endian_numbers_are_written(void **state) {
    (void)state;
    const uint64_t number = UINT64_C(0x8192a3b4c5d6e7f8);
    uint8_t to[10];
    memset(to, 0x55, sizeof to);
    be16_put(to + 1, (uint16_t)number);
    assert_put(to, 2);
    memset(to, 0x55, sizeof to);
    be32_put(to + 1, (uint32_t)number);
    assert_put(to, 4);
    memset(to, 0x55, sizeof to);
    be64_put(to + 1, number);
    assert_put(to, 8);
    for (size_t width = 0; width <= 8; width++) {
        memset(to, 0x55, sizeof to);
        assert_ptr_equal(be_put(to + 1, number, width), to + 1 + width);
        assert_put(to, width);
    }
}

static void numbers_of_this_machine_keep_its_order(void **state) {
    (void)state;
    struct {
        uint8_t odd, one;
        uint16_t two;
        uint32_t four;
        uint64_t eight;
    } from = {0, 0xf8, 0xe7f8, 0xc5d6e7f8, UINT64_C(0x8192a3b4c5d6e7f8)}, to;
    memset(&to, 0, sizeof to);
    host_put(&to.one, host_number(&from.one, 1), 1);
    host_put(&to.two, host_number(&from.two, 2), 2);
    host_put(&to.four, host_number(&from.four, 4), 4);
    host_put(&to.eight, host_number(&from.eight, 8), 8);
    assert_memory_equal(&to, &from, sizeof from);
    assert_true(host_number(&to.two, 2) == from.two);
    assert_true(host_number(&to.four, 4) == from.four);
    assert_true(host_number(&to.eight, 8) == from.eight);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(big_endian_numbers_are_read),
        cmocka_unit_test(little_endian_numbers_are_read),
        cmocka_unit_test(numbers_of_any_width_are_read),
        cmocka_unit_test(big_endian_numbers_are_written),
        cmocka_unit_test(numbers_of_this_machine_keep_its_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
