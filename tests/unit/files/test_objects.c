/* Entries out of JSON of any layout: which, where they end, and what is wrong with the others. */
#include "files/objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "flow/entry.h"

/* Each record as a line: "position text", or "position !line:column why". */
static void records_write(struct objects *objects, struct buffer *out) {
    struct object object;
    enum objects_status status;
    while ((status = objects_next(objects, &object)) != OBJECTS_NONE) {
        assert_true(object.line > 0 && object.column > 0);
        if (status == OBJECTS_ENTRY)
            buffer_printf(out, "%d %.*s\n", (int)object.position, (int)object.len, object.text);
        else
            buffer_printf(out, "%d !%d:%d %s\n", (int)object.position, (int)object.line, (int)object.column,
                          object.why);
    }
}

/* Where a line's end comes in a piece of its own, positions may lie before it. */
static void positions_drop(char *records) {
    char *to = records;
    for (const char *at = records; *at; at++) {
        at += strspn(at, "0123456789");
        size_t len = strcspn(at, "\n");
        memmove(to, at, len + 1);
        to += len + 1;
        at += len;
    }
    *to = '\0';
}

/* Lines in pieces of at most `piece` bytes. */
static char *records_of(const char *text, size_t len, size_t piece) {
    struct objects *objects = objects_new(OBJECTS_LISTS_WHOLE);
    struct buffer out = BUFFER_INIT;
    int64_t position = 0;
    buffer_add_text(&out, "");
    while (len > 0) {
        const char *newline = memchr(text, '\n', len);
        size_t whole = newline ? (size_t)(newline - text) + 1 : len;
        bool ends = whole - (newline != NULL) <= piece;
        size_t taken = ends ? whole : piece, n = taken;
        if (ends && newline) n--;
        if (ends && n > 0 && text[n - 1] == '\r') n--;
        char *bytes = malloc(n + 1); /* so that a byte too many is found */
        memcpy(bytes, text, n);
        objects_feed(objects, position, position + (int64_t)taken, bytes, n, ends);
        records_write(objects, &out);
        free(bytes);
        position += (int64_t)taken;
        text += taken;
        len -= taken;
    }
    objects_end(objects, position);
    records_write(objects, &out);
    objects_free(objects);
    return out.data;
}

static const struct {
    const char *text, *records;
    bool by_line; /* it matters where lines end, as a list of one line is an entry */
} files[] = {
    {"", "", false},
    {"\n \r\n\t\n", "", false},
    {"{}", "2 {}\n", false},
    {"{\"a\":1}\n{\"b\":2}\r\n", "8 {\"a\":1}\n17 {\"b\":2}\n", false},
    /* over many lines: without the line ends and what they are indented by */
    {"{\n  \"a\": 1,\n  \"b\": \"x  y\"\n}\n", "28 {\"a\": 1,\"b\": \"x  y\"}\n", false},
    {"{\r\n\t\"a\" :\r\n\r\n [1,\r\n2]\r\n}\r\n\r\n", "26 {\"a\" :[1,2]}\n", false},
    {"{\n\"a\": {\n\"b\": 1\n}\n}", "19 {\"a\": {\"b\": 1}}\n", false},
    {"{ \"a\": 1\n, \"b\": 2 }", "19 { \"a\": 1, \"b\": 2 }\n", false},
    /* lists */
    {"[\n{\"a\":1},\n{\"b\":2}\n]\n", "11 {\"a\":1}\n19 {\"b\":2}\n", false},
    {"[\n  {\n    \"a\": 1\n  },\n  {\n    \"b\": 2\n  }\n]\n", "22 {\"a\": 1}\n41 {\"b\": 2}\n", false},
    {"[{\"a\":1}, {\"b\":2},\n{\"c\":3}]\n", "8 {\"a\":1}\n19 {\"b\":2}\n26 {\"c\":3}\n", false},
    {"[{\"a\":1},\n{\"b\":{\"c\":[{},2]}}]", "10 {\"a\":1}\n28 {\"b\":{\"c\":[{},2]}}\n", false},
    {"[\n]\n[\n{}]", "8 {}\n", false},
    {" [{\"a\":1},{}] \n{\"b\":2}\n", "15 [{\"a\":1},{}] \n23 {\"b\":2}\n", true},
    {"[]\n[1]\n[{\"a\":}]\n[\n{}\n]\n", "3 []\n7 [1]\n16 [{\"a\":}]\n21 {}\n", true},
    /* beside each other, with separators of other tools, behind a byte order mark */
    {"{\"a\":1}{\"b\":2} {\"c\":3}\n", "7 {\"a\":1}\n14 {\"b\":2}\n23 {\"c\":3}\n", false},
    {"{\"a\":1},\n{\"b\":2},\n", "9 {\"a\":1}\n18 {\"b\":2}\n", false},
    {"\x1e{\"a\":1}\n\x1e{\n\"b\":2}\n", "9 {\"a\":1}\n19 {\"b\":2}\n", false},
    {"\xef\xbb\xbf[\n{\"a\":1}\n]", "13 {\"a\":1}\n", true},
    {"\xef\xbb\xbf{\"a\":\n1}", "11 {\"a\":1}\n", true},
    /* strings hide all but their ends */
    {"{\"}\":\"]}\\\"{\",\"\\\\\":{}}\n", "22 {\"}\":\"]}\\\"{\",\"\\\\\":{}}\n", false},
    /* what is no JSON stays as it is, for the reader of entries to refuse */
    {"END\n{\"a\":1}\nx {\"b\":2}\n5", "4 END\n12 {\"a\":1}\n22 x {\"b\":2}\n23 5\n", false},
    {"{\"a\":}\n{a}\n{\"a\":01}\n", "7 {\"a\":}\n11 {a}\n20 {\"a\":01}\n", true},
    {" {\"a\":1}\t\r\n  x \n, y\n", "11  {\"a\":1}\t\n16   x \n20 , y\n", true},
    /* an object that goes wrong ends where its braces say */
    {"[\n  {\n    \"a\": 1\n    \"b\": 2\n  },\n  {}\n]",
     "33 !4:5 expected ',' or '}', not '\"'; the object begins in "
     "line 2\n38 {}\n",
     false},
    {"[\n{\"a\":{\"b\":]}},{\"c\":[1,}},{}\n]",
     "15 !2:11 expected a value, not ']'\n25 !2:23 expected a value, not '}'\n27 !2:24 expected an object, not "
     "'}'\n30 {}\n",
     false},
    {"{\"a\":{}} x\n{\"b\":{}} y {\"c\":{}}\n",
     "8 {\"a\":{}}\n11 !1:10 expected an object, not 'x'\n19 {\"b\":{}}\n22 !2:10 expected an object, not 'y'\n31 "
     "{\"c\":{}}\n",
     false},
    {"{\"a\":{\x01}}\n", "10 !1:7 expected a name or '}', not byte 0x01\n", false},
    {"{ \"a\" 1,\n\"b\": [2}\n", "18 !1:7 expected ':', not '1'\n", false},
    {"{{}}\n{\"a\":{}\n}\n", "5 !1:2 expected a name or '}', not '{'\n15 {\"a\":{}}\n", false},
    /* a line that was cut off spoils itself alone */
    {"{\"a\":1\n{\"b\":2}\n", "7 !2:1 the object that begins in line 1 is cut off: another one begins\n15 {\"b\":2}\n",
     true},
    {"{\"a\":\n{\"b\":2}\n", "6 !2:1 the object that begins in line 1 is cut off: another one begins\n14 {\"b\":2}\n",
     false},
    {"{\"a\":\"x\n{\"b\":\"2\"}\n", "8 !1:8 expected the end of a string, not a line end\n18 {\"b\":\"2\"}\n", false},
    {"{\"a\":\"x\\\n{\"b\":\"2\"}\n", "9 !1:9 expected the end of a string, not a line end\n19 {\"b\":\"2\"}\n", false},
    /* nor does a missing brace in a file that is indented */
    {"[\n  {\n    \"a\": {\n      \"b\": 1\n    },\n  {\n    \"c\": 3\n  }\n]",
     "37 !6:3 the object that begins in line 2 is cut off: another one begins\n56 {\"c\": 3}\n", true},
    /* unless a list wants an object there */
    {"{\"a\":[\n{},\n{}]}\n", "16 {\"a\":[{},{}]}\n", false},
    /* what else stands in lists */
    {"[\n1,\n[{\"a\":1}], \"x\", {\"b\":2}\n]\n",
     "5 !2:1 expected an object, not '1'\n6 !3:1 expected an object, not '['\n13 {\"a\":1}\n21 !3:12 expected an "
     "object, not '\"'\n29 {\"b\":2}\n31 ]\n",
     false},
    /* the end of the file */
    {"{\"a\":1", "6 !2:1 the object that begins in line 1 is cut off: the file ends\n", false},
    {"[\n{\"a\":1},\n", "11 {\"a\":1}\n11 !3:1 the list that begins in line 1 is cut off: the file ends\n", false},
    {"[\n{\"a\":\n", "8 !3:1 the object that begins in line 2 is cut off: the file ends\n", false},
};

static void entries_of_any_layout(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof files / sizeof files[0]; i++) {
        size_t len = strlen(files[i].text);
        char *records = records_of(files[i].text, len, len);
        assert_string_equal(records, files[i].records);
        positions_drop(records);
        for (size_t piece = 1; piece < len && !files[i].by_line; piece++) {
            char *others = records_of(files[i].text, len, piece);
            positions_drop(others);
            assert_string_equal(others, records);
            free(others);
        }
        free(records);
    }
}

/* Fed as pieces of 1 MiB, as lines come: of an object that is too long the head is held, and the next is read. */
static void too_long_objects(void **state) {
    (void)state;
    enum { LONG = 5 * ENTRY_BYTES_MAX / 2, FITS = ENTRY_BYTES_MAX };
    static const struct {
        const char *begin, *end;
        size_t fill;
        const char *why;
    } cases[] = {
        {"[{\"a\":\"", "\"},{\"b\":1}]", FITS - 8, NULL},
        {"[{\"a\":\"", "\"},{\"b\":1}]", FITS - 7, "the object has 1048577 bytes; an entry has at most 1048576"},
        {"[{\"a\":\"", "\"},{\"b\":1}]", LONG, "the object has 2621448 bytes; an entry has at most 1048576"},
        {"{\n\"a\":\"", "\"}\n{\"b\":1}", LONG, "the object has 2621449 bytes; an entry has at most 1048576"},
        {"xx", "\n{\"b\":1}", LONG, "the line has 2621442 bytes; an entry has at most 1048576"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer text = BUFFER_INIT;
        struct objects *objects = objects_new(OBJECTS_LISTS_WHOLE);
        struct object object;
        unsigned n = 0;
        buffer_add_text(&text, cases[i].begin);
        for (size_t k = 0; k < cases[i].fill; k++)
            buffer_add(&text, "x", 1);
        buffer_add_text(&text, cases[i].end);
        for (size_t at = 0, next; at < text.len; at = next) {
            const char *newline = memchr(text.data + at, '\n', text.len - at);
            size_t len = newline ? (size_t)(newline - text.data) - at : text.len - at;
            bool ends = len <= ENTRY_BYTES_MAX;
            if (!ends) len = ENTRY_BYTES_MAX;
            next = at + len + (ends && newline);
            objects_feed(objects, (int64_t)at, (int64_t)next, text.data + at, len, ends);
            for (enum objects_status status; (status = objects_next(objects, &object)) != OBJECTS_NONE; n++) {
                if (n > 0) {
                    assert_int_equal(status, OBJECTS_ENTRY);
                    assert_memory_equal(object.text, "{\"b\":1}", object.len);
                } else if (cases[i].why) {
                    assert_int_equal(status, OBJECTS_FAULT);
                    assert_int_equal(object.reason, REJECT_TOO_BIG);
                    assert_string_equal(object.why, cases[i].why);
                    assert_int_equal(object.len, ENTRY_HEAD_BYTES);
                } else {
                    assert_int_equal(status, OBJECTS_ENTRY);
                    assert_int_equal(object.len, ENTRY_BYTES_MAX);
                }
            }
        }
        assert_int_equal(n, 2);
        objects_end(objects, (int64_t)text.len);
        assert_int_equal(objects_next(objects, &object), OBJECTS_NONE);
        objects_free(objects);
        buffer_release(&text);
    }
    objects_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_of_any_layout),
        cmocka_unit_test(too_long_objects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
