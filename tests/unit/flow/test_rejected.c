/* Elements of the rejected list: how they are written, and where in them the entry begins. */
#include "flow/rejected.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define BYTES(literal) literal, sizeof(literal) - 1

static const struct {
    struct reject reject;
    int64_t now;
    const char *text;
    size_t len;
    const char *line;
} elements[] = {
    {{REJECT_OUT_OF_RANGE, "sourceTransportPort", "70000"},
     1700000000,
     BYTES("{\"sourceTransportPort\":70000}"),
     "{\"reason\":\"out-of-range\",\"field\":\"sourceTransportPort\",\"value\":\"70000\",\"time\":1700000000}\n"},
    {{REJECT_NOT_JSON, "", "byte 2: '\"' or '\\' near"},
     0,
     BYTES("{\"a\n\0b\xff"),
     "{\"reason\":\"not-json\",\"field\":\"\",\"value\":\"byte 2: '\\\"' or '\\\\' near\",\"time\":0}\n"},
    {{REJECT_NOT_AN_OBJECT, "", ""},
     INT64_MAX,
     BYTES(""),
     "{\"reason\":\"not-an-object\",\"field\":\"\",\"value\":\"\",\"time\":9223372036854775807}\n"},
};

static void a_line_then_the_bytes(void **state) {
    (void)state;
    struct buffer out = BUFFER_INIT;
    for (unsigned i = 0; i < sizeof elements / sizeof elements[0]; i++) {
        size_t at = out.len, line_len = strlen(elements[i].line);
        rejected_format(&out, &elements[i].reject, elements[i].now, elements[i].text, elements[i].len);
        assert_int_equal(out.len - at, line_len + elements[i].len);
        assert_memory_equal(out.data + at, elements[i].line, line_len);
        assert_memory_equal(out.data + at + line_len, elements[i].text, elements[i].len);
        assert_int_equal(rejected_entry(out.data + at, out.len - at), line_len);
    }
    buffer_release(&out);
}

/* Up to 64 KiB an entry is kept as a whole. */
static void of_a_long_entry_the_head_is_kept(void **state) {
    (void)state;
    static const struct {
        size_t len, kept;
        const char *line;
    } cases[] = {
        {65536, 65536, "{\"reason\":\"too-big\",\"field\":\"\",\"value\":\"x\",\"time\":7}\n"},
        {65537, 65536, "{\"reason\":\"too-big\",\"field\":\"\",\"value\":\"x\",\"time\":7,\"bytes\":65537}\n"},
        {400000000, 65536, "{\"reason\":\"too-big\",\"field\":\"\",\"value\":\"x\",\"time\":7,\"bytes\":400000000}\n"},
    };
    static char head[65536 + 1]; /* all there is of each */
    memset(head, '}', sizeof head);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer out = BUFFER_INIT;
        const struct reject reject = {REJECT_TOO_BIG, "", "x"};
        size_t line_len = strlen(cases[i].line);
        rejected_format(&out, &reject, 7, head, cases[i].len);
        assert_int_equal(out.len, line_len + cases[i].kept);
        assert_memory_equal(out.data, cases[i].line, line_len);
        assert_memory_equal(out.data + line_len, head, cases[i].kept);
        assert_int_equal(rejected_is_cut(out.data, rejected_entry(out.data, out.len)), cases[i].kept < cases[i].len);
        buffer_release(&out);
    }
}

static void no_other_element_is_cut(void **state) {
    (void)state;
    static const char *const others[] = {"{\"reason\":\"x\",\"value\":\",\\\"bytes\\\":5\",\"time\":7}\n{}",
                                         "{\"reason\":\"\n", "\n", "{}", ""};
    for (unsigned i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(rejected_is_cut(others[i], rejected_entry(others[i], strlen(others[i]))));
}

static void foreign_elements_are_entries(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t len;
        size_t at;
    } foreign[] = {
        {BYTES(""), 0},
        {BYTES("\n"), 0},
        {BYTES("{\"sourceTransportPort\":70000}"), 0},
        {BYTES("{\"sourceTransportPort\":70000,\n\"octetDeltaCount\":1}"), 0},
        {BYTES("hello\nworld"), 0},
        {BYTES("{\"reason\":\"not-json\""), 0},
        {BYTES("{\"reason\":1}\nx"), 0},
        {BYTES("{\"reason\":\"not-json\",\"field\":\"\",\"value\":\"\",\"time\":0}\n"), 53},
        {BYTES("{\"reason\":\"not-json\",\"field\":\"\",\"value\":\"\",\"time\":0}\na\nb"), 53},
    };
    for (unsigned i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
        assert_int_equal(rejected_entry(foreign[i].text, foreign[i].len), foreign[i].at);
}

static void every_reason_has_its_words(void **state) {
    (void)state;
    static const char *const tokens[REJECT_REASONS] = {
        "not-json",          "not-an-object", "missing-field", "wrong-type", "out-of-range", "mixed-families",
        "ends-before-start", "too-long",      "in-future",     "too-large",  "too-big",
    };
    for (unsigned i = 0; i < REJECT_REASONS; i++) {
        assert_string_equal(reject_texts[i].token, tokens[i]);
        assert_true(strlen(reject_texts[i].sentence) > 10);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_then_the_bytes),      cmocka_unit_test(of_a_long_entry_the_head_is_kept),
        cmocka_unit_test(no_other_element_is_cut),    cmocka_unit_test(foreign_elements_are_entries),
        cmocka_unit_test(every_reason_has_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
