/* The growing buffer. */
#include "base/buffer.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void starts_empty(void **state) {
    (void)state;
    struct buffer buffer = BUFFER_INIT;
    assert_null(buffer.data);
    buffer_clear(&buffer);
    assert_null(buffer.data);
    buffer_add(&buffer, NULL, 0);
    assert_int_equal(buffer.len, 0);
    assert_string_equal(buffer.data, "");
    buffer_release(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer.size, 0);
}

static void keeps_bytes_and_ends_them(void **state) {
    (void)state;
    struct buffer buffer = BUFFER_INIT;
    buffer_add(&buffer, "a\0b", 3);
    buffer_add_text(&buffer, "cd");
    assert_int_equal(buffer.len, 5);
    assert_memory_equal(buffer.data, "a\0bcd", 6);
    buffer_clear(&buffer);
    assert_int_equal(buffer.len, 0);
    assert_string_equal(buffer.data, "");
    buffer_release(&buffer);
}

static void grows_to_what_is_printed(void **state) {
    (void)state;
    struct buffer buffer = BUFFER_INIT;
    for (int i = 0; i < 1000; i++)
        buffer_printf(&buffer, "%03d,", i);
    assert_int_equal(buffer.len, 4000);
    assert_memory_equal(buffer.data, "000,001,002,", 12);
    assert_string_equal(buffer.data + 3996, "999,");
    buffer_printf(&buffer, "%s", "");
    assert_int_equal(buffer.len, 4000);
    buffer_release(&buffer);
}

static void reserves_without_moving(void **state) {
    (void)state;
    struct buffer buffer = BUFFER_INIT;
    buffer_reserve(&buffer, 10000);
    const char *data = buffer.data;
    char block[1000];
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 10; i++)
        buffer_add(&buffer, block, sizeof block);
    assert_ptr_equal(buffer.data, data);
    assert_int_equal(buffer.len, 10000);
    assert_int_equal(buffer.data[10000], 0);
    buffer_release(&buffer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_empty),
        cmocka_unit_test(keeps_bytes_and_ends_them),
        cmocka_unit_test(grows_to_what_is_printed),
        cmocka_unit_test(reserves_without_moving),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
