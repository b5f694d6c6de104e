/* Values of a packed key: out of SQL's text, as text for a person, as numbers, and as SQL compares them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "store/key.h"

struct key_case {
    uint8_t type, width;
    const char *column; /* as a query's column has it */
    size_t len;
    const uint8_t packed[20];
    const char *text;
    int64_t number; /* of its parameter; bytes: their length */
};

#define N(column) (column), sizeof(column) - 1

static const struct key_case cases[] = {
    {ELEMENT_UNSIGNED8, 1, N("0"), {0}, "0", 0},
    {ELEMENT_UNSIGNED8, 1, N("255"), {255}, "255", 255},
    {ELEMENT_UNSIGNED16, 2, N("443"), {1, 0xbb}, "443", 443},
    {ELEMENT_UNSIGNED32, 4, N("4294967295"), {255, 255, 255, 255}, "4294967295", UINT32_MAX},
    {ELEMENT_UNSIGNED64,
     8,
     N("9223372036854775807"),
     {0x7f, 255, 255, 255, 255, 255, 255, 255},
     "9223372036854775807",
     INT64_MAX},
    /* SQLite shows a number beyond as its complement, MySQL as it is; both are the same bytes. */
    {ELEMENT_UNSIGNED64, 8, N("-1"), {255, 255, 255, 255, 255, 255, 255, 255}, "18446744073709551615", -1},
    {ELEMENT_UNSIGNED64,
     8,
     N("18446744073709551615"),
     {255, 255, 255, 255, 255, 255, 255, 255},
     "18446744073709551615",
     -1},
    {ELEMENT_SIGNED8, 1, N("-128"), {128}, "-128", -128},
    {ELEMENT_SIGNED16, 2, N("-2"), {255, 254}, "-2", -2},
    {ELEMENT_SIGNED32, 4, N("2147483647"), {127, 255, 255, 255}, "2147483647", INT32_MAX},
    {ELEMENT_SIGNED64, 8, N("-1"), {255, 255, 255, 255, 255, 255, 255, 255}, "-1", -1},
    {ELEMENT_SIGNED64, 8, N("-9223372036854775808"), {128}, "-9223372036854775808", INT64_MIN},
    {ELEMENT_DATE_TIME_SECONDS, 4, N("1700000400"), {0x65, 0x53, 0xf2, 0x90}, "1700000400", 1700000400},
    {ELEMENT_IPV4_ADDRESS, 4, N("3221225991"), {192, 0, 2, 7}, "192.0.2.7", 3221225991},
    {ELEMENT_IPV6_ADDRESS,
     16,
     N("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09"),
     {0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9},
     "2001:db8::9",
     16},
    {ELEMENT_MAC_ADDRESS, 6, N("\0\x1b\x21\x0a\xff\x3c"), {0, 0x1b, 0x21, 0x0a, 0xff, 0x3c}, "00:1b:21:0a:ff:3c", 6},
    {ELEMENT_STRING, 8, N("eth0"), {'e', 't', 'h', '0'}, "eth0", 4},
    {ELEMENT_STRING, 4, N("eth0.100"), {'e', 't', 'h', '0'}, "eth0", 4}, /* longer than its place */
    {ELEMENT_STRING, 4, N(""), {0}, "", 0},
    {ELEMENT_OCTET_ARRAY, 6, N("\3\0\0\0\x0d\0"), {3, 0, 0, 0, 13, 0}, "\3", 6},
    {ELEMENT_FLOAT64, 8, N("-0.125"), {0xbf, 0xc0}, "-0.125", 8},
    {ELEMENT_FLOAT32, 8, N("1e100"), {0x54, 0xb2, 0x49, 0xad, 0x25, 0x94, 0xc3, 0x7d}, "1.0000000000000000e+100", 8},
};

static void values_are_packed_and_shown(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct key_case *at = &cases[i];
        const struct key_column key = {.name = "key", .type = at->type, .width = at->width};
        struct buffer text = BUFFER_INIT;
        uint8_t packed[sizeof at->packed] = {0};
        memset(packed, 0xaa, sizeof packed); /* every byte of its place is set, and none behind it */
        key_pack(&key, at->column, at->len, packed);
        assert_memory_equal(packed, at->packed, at->width);
        assert_int_equal(packed[at->width], 0xaa);
        key_text(&key, packed, &text);
        buffer_add(&text, "", 1);
        if (at->type == ELEMENT_FLOAT32)
            assert_true(strtod(text.data, NULL) == 1e100);
        else if (at->type != ELEMENT_OCTET_ARRAY)
            assert_string_equal(text.data, at->text);
        struct store_param param = key_param(&key, packed);
        if (key_form(&key) == KEY_SIGNED || key_form(&key) == KEY_UNSIGNED) {
            assert_int_equal(param.type, STORE_PARAM_INTEGER);
            assert_true(param.integer == at->number);
        } else {
            assert_int_equal(param.type, STORE_PARAM_BYTES);
            assert_int_equal(param.len, at->number);
            assert_ptr_equal(param.bytes, packed);
        }
        buffer_release(&text);
    }
}

/* An octet array is shown as it is, but for the NULs at its end. */
static void octets_are_shown_to_their_last(void **state) {
    static const uint8_t packed[] = {3, 0, 0, 0, 13, 0};
    const struct key_column key = {.name = "applicationId", .type = ELEMENT_OCTET_ARRAY, .width = sizeof packed};
    struct buffer text = BUFFER_INIT;
    (void)state;
    key_text(&key, packed, &text);
    assert_int_equal(text.len, 5);
    assert_memory_equal(text.data, packed, 5);
    buffer_release(&text);
}

static void signed_numbers_are_read_in_network_order(void **state) {
    static const uint8_t bytes[] = {0x81, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08};
    (void)state;
    assert_true(key_signed(bytes, 1) == -127);
    assert_true(key_signed(bytes, 2) == -32510);
    assert_true(key_signed(bytes, 8) == (int64_t)UINT64_C(0x8102030405060708));
    assert_true(key_signed(bytes + 1, 3) == 0x020304);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_packed_and_shown),
        cmocka_unit_test(octets_are_shown_to_their_last),
        cmocka_unit_test(signed_numbers_are_read_in_network_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
