/* Values as JSON text: exact ones, and any bytes as a string that a reader of JSON takes. */
#include "flow/entry_text.h"

#include <inttypes.h>
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>

#include "random.h"

static void numbers(void **state) {
    (void)state;
    uint64_t seed = 3;
    for (unsigned i = 0; i < 200000; i++) {
        char text[ENTRY_NUMBER_MAX + 1], wanted[ENTRY_NUMBER_MAX + 1];
        uint64_t power = i < 20 ? 1 : random_next(&seed) >> random_below(&seed, 64);
        for (unsigned p = 0; p < i && i < 20; p++)
            power *= 10;
        for (int more = -1; more <= 1; more++) {
            uint64_t number = power + (uint64_t)(int64_t)more;
            memset(text, 0, sizeof text);
            snprintf(wanted, sizeof wanted, "%" PRIu64, number);
            assert_int_equal(entry_number(text, number) - text, strlen(wanted));
            assert_string_equal(text, wanted);
        }
    }
}

static void octets(void **state) {
    (void)state;
    char text[32] = "";
    entry_mac(text, (const uint8_t *)"\x00\x1b\x21\xfe\x0a\xff");
    assert_string_equal(text, "\"00:1b:21:fe:0a:ff\"");
    *entry_hex(text, (const uint8_t *)"\x00\x9f\xf0", 3) = '\0';
    assert_string_equal(text, "\"009ff0\"");
    *entry_hex(text, (const uint8_t *)"", 0) = '\0';
    assert_string_equal(text, "\"\"");
}

/* What becomes of bytes: "?" stands for U+FFFD. */
static void strings(void **state) {
    (void)state;
    static const struct {
        const char *bytes, *wanted;
    } cases[] = {
        {"", "\"\""},
        {"a\"b\\c/\x7f", "\"a\\\"b\\\\c/\x7f\""},
        {"\n\x1f", "\"\\u000a\\u001f\""},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf",
         "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\""},
        {"\x80\xff", "\"??\""},
        {"\xc1\xbf", "\"??\""},           /* longer than needed */
        {"\xe0\x9f\xbf", "\"???\""},      /* so */
        {"\xf0\x8f\xbf\xbf", "\"????\""}, /* so */
        {"\xed\xa0\x80", "\"???\""},      /* a surrogate */
        {"\xf4\x90\x80\x80", "\"????\""}, /* beyond U+10FFFF */
        {"\xf5\x80", "\"??\""},           /* so */
        {"\xe2\x82", "\"??\""},           /* cut off */
        {"\xe2\x82z", "\"??z\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[64], wanted[64], *at = wanted;
        for (const char *c = cases[i].wanted; *c; c++)
            at = *c == '?' ? stpcpy(at, "\xef\xbf\xbd") : (*at = *c, at + 1);
        *at = '\0';
        *entry_string(text, cases[i].bytes, strlen(cases[i].bytes)) = '\0';
        assert_string_equal(text, wanted);
    }
}

static void any_bytes_are_read_back(void **state) {
    (void)state;
    uint64_t seed = 4;
    for (unsigned i = 0; i < 50000; i++) {
        char bytes[24], text[2 + 6 * sizeof bytes], read[3 * sizeof bytes], cut[10];
        size_t n = random_below(&seed, sizeof bytes + 1);
        for (size_t b = 0; b < n; b++) { /* bytes that begin a character, oftener than others */
            uint64_t random = random_next(&seed);
            bytes[b] = (char)(random & 0x100   ? random
                              : random & 0x200 ? 0xe0 | (random & 0x1f)
                                               : 0x80 | (random & 0x3f));
        }
        size_t len = (size_t)(entry_string(text, bytes, n) - text);
        assert_in_range(len, 2, 2 + 6 * n);
        json_t *string = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        assert_true(json_is_string(string));
        size_t whole = entry_string_read(read, sizeof read, bytes, n);
        assert_int_equal(json_string_length(string), whole);
        assert_memory_equal(json_string_value(string), read, whole);
        json_decref(string);
        size_t part = entry_string_read(cut, sizeof cut, bytes, n);
        assert_memory_equal(cut, read, part);
        assert_true(part == whole || (part <= sizeof cut && part > sizeof cut - 4 && (read[part] & 0xc0) != 0x80));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(octets),
        cmocka_unit_test(strings),
        cmocka_unit_test(any_bytes_are_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
