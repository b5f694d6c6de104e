/* Long strings cut out of replies: whatever the pieces they come in, the same bytes go on. */
#include "queue/cutter.h"

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

static unsigned calls, fail_at;

static int out_add(void *context, const char *bytes, size_t len) {
    assert_true(len > 0);
    if (calls++ == fail_at) return -1;
    buffer_add(context, bytes, len);
    return 0;
}

static void string_add(struct buffer *out, size_t announced, size_t len) {
    buffer_printf(out, "$%zu\r\n", announced);
    for (size_t i = 0; i < len; i++)
        buffer_add(out, &"$1\r\n*2:\n"[i % 8], 1); /* what looks like more of the protocol */
}

static void plain_string(struct buffer *out, size_t len) {
    string_add(out, len, len);
    buffer_add_text(out, "\r\n");
}

/* As it is handed on. */
static void cut_string(struct buffer *out, size_t len) {
    buffer_printf(out, "*2\r\n:%zu\r\n", len);
    plain_string(out, ENTRY_HEAD_BYTES);
}

static void reply_make(struct buffer *in, struct buffer *wanted) {
    static const char *const others[] = {"*7\r\n",           "$-1\r\n",    "+OK\r\n", "-ERR $9999999 no\r\n",
                                         ":12345678901\r\n", "$0\r\n\r\n", "*-1\r\n"};
    static const size_t lens[] = {1, 250, ENTRY_BYTES_MAX, ENTRY_BYTES_MAX + 1, 65536, 5000000};
    for (unsigned i = 0; i < 6; i++) {
        for (unsigned k = 0; k < 7; k++) {
            buffer_add_text(in, others[k]);
            buffer_add_text(wanted, others[k]);
        }
        plain_string(in, lens[i]);
        if (lens[i] > ENTRY_BYTES_MAX)
            cut_string(wanted, lens[i]);
        else
            plain_string(wanted, lens[i]);
    }
    buffer_add_text(in, ":1\r\n");
    buffer_add_text(wanted, ":1\r\n");
}

static void pieces_pass(const struct buffer *in, size_t size, struct buffer *out) {
    struct cutter cutter = {.state = CUTTER_BEGIN};
    calls = 0;
    fail_at = UINT32_MAX;
    for (size_t at = 0; at < in->len; at += size)
        assert_int_equal(cutter_pass(&cutter, in->data + at, in->len - at < size ? in->len - at : size, out_add, out),
                         0);
}

static void in_pieces_of_any_size(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 2, 3, 5, 7, 23, 24, 25, 250, 4096, 65536, 131072, 100000000};
    struct buffer in = BUFFER_INIT, wanted = BUFFER_INIT;
    reply_make(&in, &wanted);
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct buffer out = BUFFER_INIT;
        pieces_pass(&in, sizes[i], &out);
        assert_int_equal(out.len, wanted.len);
        assert_memory_equal(out.data, wanted.data, wanted.len);
        buffer_release(&out);
    }
    buffer_release(&in);
    buffer_release(&wanted);
}

/* A border at every byte outside of the long string. */
static void two_pieces(void **state) {
    (void)state;
    struct buffer in = BUFFER_INIT, wanted = BUFFER_INIT;
    buffer_add_text(&in, "*3\r\n");
    plain_string(&in, 3);
    plain_string(&in, ENTRY_BYTES_MAX + 1);
    plain_string(&in, 10);
    buffer_add_text(&wanted, "*3\r\n");
    plain_string(&wanted, 3);
    cut_string(&wanted, ENTRY_BYTES_MAX + 1);
    plain_string(&wanted, 10);
    for (size_t border = 1; border < in.len; border += border == 60 ? in.len - 120 : 1) {
        struct cutter cutter = {.state = CUTTER_BEGIN};
        struct buffer out = BUFFER_INIT;
        calls = 0;
        assert_int_equal(cutter_pass(&cutter, in.data, border, out_add, &out), 0);
        assert_int_equal(cutter_pass(&cutter, in.data + border, in.len - border, out_add, &out), 0);
        assert_int_equal(out.len, wanted.len);
        assert_memory_equal(out.data, wanted.data, wanted.len);
        buffer_release(&out);
    }
    buffer_release(&in);
    buffer_release(&wanted);
}

static void what_is_not_cut_goes_on_in_one_call(void **state) {
    (void)state;
    struct buffer in = BUFFER_INIT, out = BUFFER_INIT;
    for (unsigned i = 0; i < 500; i++)
        plain_string(&in, 250);
    pieces_pass(&in, in.len, &out);
    assert_int_equal(calls, 1);
    assert_int_equal(out.len, in.len);
    buffer_release(&in);
    buffer_release(&out);
}

/* The reader finds what is wrong with it. */
static void nonsense_goes_on_as_it_is(void **state) {
    (void)state;
    static const char *const texts[] = {"$\r\n$5\r\nabcde\r\n",
                                        "$12x\r\n",
                                        "$99999999999999999999999999999999999999",
                                        "$5\n\nabcde",
                                        "$5\rx\n+OK\r\n",
                                        "$-1000000\r\n:1\r\n",
                                        "\n\n\n",
                                        "junk",
                                        "$",
                                        "$1",
                                        "$1\r"};
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++)
        for (size_t size = 1; size <= strlen(texts[i]); size++) {
            struct buffer in = {.data = (char *)(uintptr_t)texts[i], .len = strlen(texts[i])}, out = BUFFER_INIT;
            pieces_pass(&in, size, &out);
            /* what may still become a size line is held */
            bool held = i >= 8;
            assert_int_equal(out.len, held ? 0 : in.len);
            if (!held) assert_memory_equal(out.data, texts[i], in.len);
            buffer_release(&out);
        }
}

static void a_reader_that_takes_no_more_ends_it(void **state) {
    (void)state;
    struct buffer in = BUFFER_INIT;
    plain_string(&in, 3);
    plain_string(&in, ENTRY_BYTES_MAX + 1);
    plain_string(&in, 3);
    for (fail_at = 0;; fail_at++) {
        struct cutter cutter = {.state = CUTTER_BEGIN};
        struct buffer out = BUFFER_INIT;
        calls = 0;
        int failed = cutter_pass(&cutter, in.data, in.len, out_add, &out);
        buffer_release(&out);
        assert_int_equal(failed, calls > fail_at ? -1 : 0);
        if (!failed) break;
        assert_int_equal(calls, fail_at + 1); /* and none after it */
    }
    assert_int_equal(fail_at, 4); /* before it, its new beginning, its head, behind it */
    buffer_release(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_pieces_of_any_size),
        cmocka_unit_test(two_pieces),
        cmocka_unit_test(what_is_not_cut_goes_on_in_one_call),
        cmocka_unit_test(nonsense_goes_on_as_it_is),
        cmocka_unit_test(a_reader_that_takes_no_more_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
