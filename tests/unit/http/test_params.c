/* A request's query as names and values: decoded once, within its limits, and refused by name. */
#include "http/params.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DIGITS "text in which each % is followed by two hexadecimal digits other than 00"
#define UTF8 "text in UTF-8"

static void taken(const char *query, const char *expected) {
    struct params params;
    struct buffer text = BUFFER_INIT;
    const char *accepted;
    assert_int_equal(params_parse(&params, query, &accepted), 0);
    assert_null(accepted);
    for (unsigned i = 0; i < params.n; i++)
        buffer_printf(&text, "[%s]=[%s]", params.list[i].name, params.list[i].value);
    assert_string_equal(text.data ? text.data : "", expected);
    buffer_release(&text);
    params_release(&params);
}

static void refused(const char *query, const char *name, const char *value, const char *expected) {
    struct params params;
    const char *accepted;
    assert_int_equal(params_parse(&params, query, &accepted), -1);
    assert_string_equal(accepted, expected);
    assert_string_equal(params.list[params.n].name, name);
    assert_string_equal(params.list[params.n].value, value);
    params_release(&params);
}

static void what_is_taken(void **state) {
    (void)state;
    taken("", "");
    taken("n=10", "[n]=[10]");
    taken("n=10&n=20&m=", "[n]=[10][n]=[20][m]=[]");
    taken("a&&b&", "[a]=[][b]=[]");
    taken("=x&=", "[]=[x][]=[]");
    taken("filter=host%3D10.0.0.0%2f8+%21port%3d53", "[filter]=[host=10.0.0.0/8 !port=53]");
    taken("a=b=c%26d=e", "[a]=[b=c&d=e]");
    taken("%41%7a=%2B%25%20", "[Az]=[+% ]");
    taken("a=%2541", "[a]=[%41]"); /* decoded once */
    taken("a=%0d%0a%09", "[a]=[\r\n\t]");
    taken("a=\xc3\xa4%c3%A4%E2%82%AC%f0%9F%98%80%7f%F4%8F%BF%BF",
          "[a]=[\xc3\xa4\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\x7f\xf4\x8f\xbf\xbf]");
    taken("a;b=c", "[a;b]=[c]");
}

static void what_is_refused(void **state) {
    (void)state;
    refused("a=%", "a", "%", DIGITS);
    refused("a=%4", "a", "%4", DIGITS);
    refused("a=%4&b=1", "a", "%4", DIGITS);
    refused("a=%4g", "a", "%4g", DIGITS);
    refused("a=%g4", "a", "%g4", DIGITS);
    refused("a=%-1", "a", "%-1", DIGITS);
    refused("a=%%41", "a", "%%41", DIGITS);
    refused("a=x%00y", "a", "x%00y", DIGITS);
    refused("x%00y=a", "x%00y", "a", DIGITS);
    refused("b=1&%zz", "%zz", "", DIGITS);
    refused("b=1&%41=%zz", "%41", "%zz", DIGITS);
    static const char *const wrong[] = {"%80",       "%c3",       "%c3%28",       "%C0%AF",       "%c1%bf",
                                        "%e0%80%80", "%ed%a0%80", "%f5%80%80%80", "%f4%90%80%80", "%f0%80%80%80",
                                        "%ff",       "%fe",       "%e2%82",       "%f0%9f%98"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char query[40];
        snprintf(query, sizeof query, "a=%s", wrong[i]);
        refused(query, "a", wrong[i], UTF8);
    }
    refused("\xff=\xc3\x01", "?", "??", UTF8);
}

static void limits(void **state) {
    (void)state;
    struct buffer query = BUFFER_INIT;
    struct params params;
    const char *accepted;
    for (int i = 0; i < API_PARAMS_MAX; i++)
        buffer_printf(&query, "p%d=%d&", i, i);
    assert_int_equal(params_parse(&params, query.data, &accepted), 0);
    assert_int_equal(params.n, 32);
    assert_string_equal(params.list[31].value, "31");
    params_release(&params);
    buffer_add_text(&query, "one=more");
    refused(query.data, "one", "more", "up to 32 parameters");
    buffer_release(&query);

    char text[2 + PARAM_BYTES + 2] = "a=";
    memset(text + 2, 'x', PARAM_BYTES);
    assert_int_equal(params_parse(&params, text, &accepted), 0);
    params_release(&params);
    text[2 + PARAM_BYTES] = 'x';
    assert_int_equal(params_parse(&params, text, &accepted), -1);
    assert_string_equal(accepted, "up to 4096 bytes");
    params_release(&params);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_taken),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
