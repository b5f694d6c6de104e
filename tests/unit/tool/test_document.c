/* JSON documents, to the byte. */
#include "tool/document.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "capture.h"

static void members_stand_in_their_order(void **state) {
    struct document document = {.depth = 0};
    (void)state;
    struct capture out = capture_begin(STDOUT_FILENO);
    document_object(&document, NULL);
    document_text(&document, "text", "a \"b\" \\ \xff\t");
    document_text(&document, "none", NULL);
    document_number(&document, "number", UINT64_MAX);
    document_time(&document, "time", 1700000000);
    document_time(&document, "never", 0);
    document_bool(&document, "yes", true);
    document_array(&document, "list");
    document_object(&document, NULL);
    document_close(&document);
    document_object(&document, NULL);
    document_bool(&document, "no", false);
    document_close(&document);
    document_close(&document);
    document_array(&document, "empty");
    document_close(&document);
    document_close(&document);
    char *text = capture_end(&out);
    assert_string_equal(text, "{\n"
                              "  \"text\": \"a \\\"b\\\" \\\\ ??\",\n"
                              "  \"none\": null,\n"
                              "  \"number\": 18446744073709551615,\n"
                              "  \"time\": 1700000000,\n"
                              "  \"never\": null,\n"
                              "  \"yes\": true,\n"
                              "  \"list\": [\n"
                              "    {},\n"
                              "    {\n"
                              "      \"no\": false\n"
                              "    }\n"
                              "  ],\n"
                              "  \"empty\": []\n"
                              "}\n");
    free(text);
}

static void millionths_have_the_decimals_they_need(void **state) {
    static const uint64_t numbers[] = {0, 1, 10, 500000, 1000000, 1230000, 4000001, 99999999};
    struct document document = {.depth = 0};
    (void)state;
    struct capture out = capture_begin(STDOUT_FILENO);
    document_array(&document, NULL);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        document_millionths(&document, NULL, numbers[i]);
    document_close(&document);
    char *text = capture_end(&out);
    assert_string_equal(text, "[\n  0,\n  0.000001,\n  0.00001,\n  0.5,\n  1,\n  1.23,\n  4.000001,\n  99.999999\n]\n");
    free(text);
}

/* What is printed on the way is the same. */
static void long_documents_are_whole(void **state) {
    enum { N = 20000 };
    struct document document = {.depth = 0};
    size_t lines = 0;
    (void)state;
    struct capture out = capture_begin(STDOUT_FILENO);
    document_array(&document, NULL);
    for (unsigned i = 0; i < N; i++)
        document_number(&document, NULL, 100000 + i);
    document_close(&document);
    char *text = capture_end(&out);
    assert_int_equal(strlen(text), 1 + N * 9 + N - 1 + 3);
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, N + 2);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_stand_in_their_order),
        cmocka_unit_test(millionths_have_the_decimals_they_need),
        cmocka_unit_test(long_documents_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
