/* Replies taken apart: whatever the pieces they come in, the same elements and the same bytes go on. */
#include "queue/replies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "base/mem.h"

enum { GONE = 0xa5 };

/* What goes where, as a text: of elements "<length>:<bytes>,", of replies ".". */
struct sorted {
    struct buffer passed, elements, replies;
    unsigned calls, fail_at; /* of pass */
    unsigned wanted, end_at; /* the replies wanted, a bit each; the one after which it ends */
    unsigned n_whole;
    struct replies *replies_at; /* what takes them apart */
};

static bool on_wanted(void *context) {
    struct sorted *sorted = context;
    return (sorted->wanted >> sorted->n_whole & 1) == 1;
}

static void on_element(void *context, const char *text, size_t len) {
    struct sorted *sorted = context;
    buffer_printf(&sorted->elements, "%zu:", len);
    buffer_add(&sorted->elements, text, entry_held(len));
    buffer_add_text(&sorted->elements, ",");
}

static int on_pass(void *context, const char *bytes, size_t len) {
    struct sorted *sorted = context;
    assert_true(len > 0);
    if (sorted->calls++ == sorted->fail_at) return -1;
    buffer_add(&sorted->passed, bytes, len);
    return 0;
}

/* Its end is seen in what was passed on until then. */
static int on_whole(void *context) {
    struct sorted *sorted = context;
    buffer_printf(&sorted->replies, "%zu ", sorted->passed.len);
    if (++sorted->n_whole != sorted->end_at) return 0;
    memset(sorted->replies_at, GONE, sizeof *sorted->replies_at);
    return -1;
}

static void sorted_release(struct sorted *sorted) {
    buffer_release(&sorted->passed);
    buffer_release(&sorted->elements);
    buffer_release(&sorted->replies);
}

static struct replies_handler handler_of(struct sorted *sorted) {
    return (struct replies_handler){sorted, on_wanted, on_element, on_pass, on_whole};
}

/* As the connection does it: what is not used up comes again, at the beginning of a buffer. Returns the last answer. */
static ssize_t pieces_take(const struct buffer *in, size_t size, struct sorted *sorted) {
    struct replies replies = {.state = REPLIES_BEGIN};
    const struct replies_handler handler = handler_of(sorted);
    sorted->replies_at = &replies;
    char *buffer = mem_zalloc(1, REPLIES_KEPT_MAX + size);
    size_t kept = 0;
    ssize_t used = 0;
    for (size_t at = 0; at < in->len && used >= 0; at += size) {
        size_t n = in->len - at < size ? in->len - at : size;
        assert_true(kept <= REPLIES_KEPT_MAX);
        memcpy(buffer + kept, in->data + at, n);
        used = replies_take(&replies, buffer, kept + n, &handler);
        if (used < 0) break;
        kept += n - (size_t)used;
        memmove(buffer, buffer + used, kept);
    }
    free(buffer);
    for (size_t i = 0; used == REPLIES_ENDED && i < sizeof replies; i++)
        assert_int_equal(((const unsigned char *)&replies)[i], GONE); /* not touched */
    return used < 0 ? used : (ssize_t)kept;
}

/* --- replies, and what is to become of them --- */

static void bytes_make(struct buffer *out, size_t len) {
    for (size_t i = 0; i < len; i++)
        buffer_add(out, &"$1\r\n*2:\n"[i % 8], 1); /* what looks like more of the protocol */
}

static void string_make(struct buffer *out, size_t len) {
    buffer_printf(out, "$%zu\r\n", len);
    bytes_make(out, len);
    buffer_add_text(out, "\r\n");
}

/* As it is passed on. */
static void string_pass(struct buffer *out, size_t len) {
    if (len > ENTRY_BYTES_MAX) buffer_printf(out, "*2\r\n:%zu\r\n", len);
    string_make(out, len > ENTRY_BYTES_MAX ? ENTRY_HEAD_BYTES : len);
}

static void element_pass(struct buffer *out, size_t len) {
    buffer_printf(out, "%zu:", len);
    bytes_make(out, entry_held(len));
    buffer_add_text(out, ",");
}

static const size_t lens[] = {0, 1, 250, 4000};
static const size_t all_lens[] = {0, 1, 250, ENTRY_BYTES_MAX, ENTRY_BYTES_MAX + 1, 65536, 5000000};

static void reply_ends(struct sorted *sorted) { buffer_printf(&sorted->replies, "%zu ", sorted->passed.len); }

static void line_make(struct buffer *in, struct sorted *wanted, const char *line) {
    buffer_add_text(in, line);
    buffer_add_text(&wanted->passed, line);
}

/* An array of arrays, as of EXEC; one that is wanted; one that is not; and all that is no array. */
static void replies_make(struct buffer *in, struct sorted *wanted, const size_t *sizes, unsigned n) {
    static const char *const others[] = {"$-1\r\n", "+OK\r\n", "-ERR $9999999 no\r\n", ":12345678901\r\n", "$0\r\n\r\n",
                                         "*-1\r\n", "*0\r\n"};
    line_make(in, wanted, "*4\r\n*2\r\n:1\r\n*0\r\n$-1\r\n*-1\r\n*1\r\n*1\r\n+last\r\n");
    reply_ends(wanted);
    buffer_printf(in, "*%u\r\n", n);
    buffer_printf(&wanted->passed, ":%u\r\n", n);
    for (unsigned i = 0; i < n; i++) {
        string_make(in, sizes[i]);
        element_pass(&wanted->elements, sizes[i]);
    }
    reply_ends(wanted);
    buffer_printf(in, "*%u\r\n", n);
    buffer_printf(&wanted->passed, "*%u\r\n", n);
    for (unsigned i = 0; i < n; i++) {
        string_make(in, sizes[i]);
        string_pass(&wanted->passed, sizes[i]);
    }
    reply_ends(wanted);
    for (unsigned i = 0; i < 7; i++) {
        line_make(in, wanted, others[i]);
        reply_ends(wanted);
    }
    /* Wanted, too: of nothing; and of a key that is no list. */
    buffer_add_text(in, "*0\r\n");
    buffer_add_text(&wanted->passed, ":0\r\n");
    reply_ends(wanted);
    line_make(in, wanted, "-WRONGTYPE\r\n");
    reply_ends(wanted);
    string_make(in, 3);
    string_pass(&wanted->passed, 3);
    reply_ends(wanted);
}
enum { WANTED = 1 << 1 | 1 << 10 | 1 << 11 };

static void same(const struct buffer *a, const struct buffer *b) {
    assert_int_equal(a->len, b->len);
    if (a->len > 0) assert_memory_equal(a->data, b->data, a->len);
}

static void walk(const size_t *sizes, unsigned n, const size_t *pieces, unsigned n_pieces) {
    struct buffer in = BUFFER_INIT;
    struct sorted wanted = {.n_whole = 0};
    replies_make(&in, &wanted, sizes, n);
    for (unsigned i = 0; i < n_pieces; i++) {
        struct sorted got = {.wanted = WANTED, .fail_at = UINT32_MAX};
        assert_int_equal(pieces_take(&in, pieces[i], &got), 0);
        same(&got.passed, &wanted.passed);
        same(&got.elements, &wanted.elements);
        same(&got.replies, &wanted.replies);
        sorted_release(&got);
    }
    sorted_release(&wanted);
    buffer_release(&in);
}

static void in_pieces_of_any_size(void **state) {
    (void)state;
    static const size_t pieces[] = {23, 4096, 65536, 131072, 100000000};
    walk(all_lens, sizeof all_lens / sizeof all_lens[0], pieces, sizeof pieces / sizeof pieces[0]);
}

/* A border at every byte. */
static void in_small_pieces(void **state) {
    (void)state;
    static const size_t pieces[] = {1, 2, 3, 5, 7, 11, 13, 24, 25, 26, 250};
    walk(lens, sizeof lens / sizeof lens[0], pieces, sizeof pieces / sizeof pieces[0]);
}

/* However many elements it has. */
static void a_reply_is_passed_on_in_one_call(void **state) {
    (void)state;
    struct buffer in = BUFFER_INIT;
    struct sorted sorted = {.fail_at = UINT32_MAX};
    buffer_add_text(&in, "*500\r\n");
    for (unsigned i = 0; i < 500; i++)
        string_make(&in, 250);
    assert_int_equal(pieces_take(&in, in.len, &sorted), 0);
    assert_int_equal(sorted.calls, 1);
    assert_int_equal(sorted.n_whole, 1);
    same(&sorted.passed, &in);
    sorted_release(&sorted);
    buffer_release(&in);
}

/* In each of them something comes that no Redis sends; what it could still become is waited for. */
static void nonsense_breaks_it(void **state) {
    (void)state;
    static const struct {
        const char *text;
        unsigned wanted;
        ssize_t status;
    } cases[] = {{"$\r\n$5\r\nabcde\r\n", 0, REPLIES_BROKEN},
                 {"$12x\r\n", 0, REPLIES_BROKEN},
                 {"$99999999999999999999999999999999999999", 0, REPLIES_BROKEN},
                 {"*1234567890123456789\r\n", 0, REPLIES_BROKEN},
                 {"$5\n\nabcde", 0, REPLIES_BROKEN},
                 {"$5\rx\n+OK\r\n", 0, REPLIES_BROKEN},
                 {"$-1000000\r\n:1\r\n", 0, REPLIES_BROKEN},
                 {"*-2\r\n", 1, REPLIES_BROKEN},
                 {"*1\r\n:1\r\n", 1, REPLIES_BROKEN},
                 {"*1\r\n*1\r\n$1\r\na\r\n", 1, REPLIES_BROKEN},
                 {"*1\r\n-ERR\r\n", 1, REPLIES_BROKEN},
                 {"*1\r\n$-1\r\n", 1, REPLIES_BROKEN},
                 {"$", 0, 1},
                 {"$1", 0, 2},
                 {"*1\r", 1, 3},
                 {"*1\r\n$3\r\nab", 1, 6},
                 {"*1\r\n$3\r\nabc\r", 1, 8}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t size = 1; size <= strlen(cases[i].text); size++) {
            const struct buffer in = {.data = (char *)(uintptr_t)cases[i].text, .len = strlen(cases[i].text)};
            struct sorted sorted = {.wanted = cases[i].wanted, .fail_at = UINT32_MAX};
            assert_int_equal(pieces_take(&in, size, &sorted), cases[i].status);
            assert_int_equal(sorted.elements.len, 0);
            sorted_release(&sorted);
        }
}

static int bytes_count(void *context, const char *bytes, size_t len) {
    (void)bytes;
    *(uint64_t *)context += len;
    return 0;
}

static bool none_wanted(void *context) { return context == NULL; }

static int no_end(void *context) { return context == NULL; }

/* The head, then the unit again and again, then the tail. How much was passed on; the last answer. */
static uint64_t repeated(const char *head, const struct buffer *unit, uint64_t times, const char *tail,
                         ssize_t *status) {
    struct replies replies = {.state = REPLIES_BEGIN};
    uint64_t passed = 0;
    const struct replies_handler handler = {&passed, none_wanted, on_element, bytes_count, no_end};
    *status = replies_take(&replies, head, strlen(head), &handler);
    for (uint64_t i = 0; i < times && *status >= 0; i++) {
        *status = replies_take(&replies, unit->data, unit->len, &handler);
        assert_true(*status < 0 || *status == (ssize_t)unit->len);
    }
    if (*status >= 0 && *tail) *status = replies_take(&replies, tail, strlen(tail), &handler);
    return passed;
}

/* What never ends is not held for ever; the longest that may be is passed on, and the next reply begins anew. */
static void what_has_no_end(void **state) {
    (void)state;
    static const struct {
        const char *head, *unit;
        uint64_t times; /* with as many it is whole, with one more it is too large */
        const char *tail;
    } cases[] = {{"+", "abcdefgh", REPLIES_TEXT_MAX / 8 - 1, "ab\r\n"},
                 {"-ERR ", "abcdefgh", REPLIES_TEXT_MAX / 8 - 1, "\r\n"},
                 {"*2\r\n$1\r\na\r\n:", "12345678", REPLIES_TEXT_MAX / 8 - 1, "\r\n"},
                 {"", "*1\r\n", REPLIES_VALUES_MAX, ":1\r\n"},
                 {"*8\r\n", "*8\r\n", REPLIES_VALUES_MAX / 8 - 1, ""}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct buffer unit = {.data = (char *)(uintptr_t)cases[i].unit, .len = strlen(cases[i].unit)};
        ssize_t status;
        repeated(cases[i].head, &unit, cases[i].times, cases[i].tail, &status);
        assert_true(status >= 0);
        uint64_t passed = repeated(cases[i].head, &unit, UINT64_MAX, "", &status);
        assert_int_equal(status, REPLIES_TOO_LARGE);
        assert_true(passed <= strlen(cases[i].head) + (cases[i].times + 1) * unit.len);
    }
}

static void a_number_of_values_beyond_all(void **state) {
    (void)state;
    static const char *const heads[] = {"*4194305\r\n", "*999999999999999999\r\n", "*2\r\n*4194303\r\n"};
    const struct buffer none = {.data = NULL};
    ssize_t status;
    for (unsigned i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        assert_true(repeated(heads[i], &none, 0, "", &status) <= strlen(heads[0]));
        assert_int_equal(status, REPLIES_TOO_LARGE);
    }
}

/* Of an array of strings; a string of any length has an end for who holds it. */
static void bytes_beyond_all(void **state) {
    (void)state;
    struct buffer unit = BUFFER_INIT;
    ssize_t status;
    string_make(&unit, ENTRY_BYTES_MAX);
    uint64_t passed = repeated("*1000\r\n", &unit, UINT64_MAX, "", &status);
    assert_int_equal(status, REPLIES_TOO_LARGE);
    assert_true(passed <= REPLIES_BYTES_MAX);
    passed = repeated("*256\r\n", &unit, 256, "", &status);
    assert_int_equal(status, unit.len);
    assert_int_equal(passed, strlen("*256\r\n") + 256 * unit.len);
    passed = repeated("$99999999999999999\r\n", &unit, 1000, "", &status);
    assert_int_equal(status, unit.len);
    assert_true(passed < ENTRY_HEAD_BYTES + 64);
    buffer_release(&unit);
}

static void a_reader_that_takes_no_more_ends_it(void **state) {
    (void)state;
    struct buffer in = BUFFER_INIT;
    unsigned fail_at = 0;
    buffer_add_text(&in, "*2\r\n");
    string_make(&in, 3);
    string_make(&in, ENTRY_BYTES_MAX + 1);
    buffer_add_text(&in, "*0\r\n");
    for (;; fail_at++) {
        struct sorted sorted = {.wanted = 2, .fail_at = fail_at};
        ssize_t status = pieces_take(&in, in.len, &sorted);
        unsigned calls = sorted.calls;
        sorted_release(&sorted);
        assert_int_equal(status, calls > fail_at ? REPLIES_BROKEN : 0);
        if (status == 0) break;
        assert_int_equal(calls, fail_at + 1); /* and none after it */
    }
    assert_int_equal(fail_at, 5); /* before the long one, its new beginning, its head, its end, the number of none */
    buffer_release(&in);
}

/* The struct may be gone then: it is overwritten here, and must stay so. */
static void the_end_by_who_is_told(void **state) {
    (void)state;
    static const char *const texts[] = {"+OK\r\n+OK\r\n", "*0\r\n:1\r\n", "*1\r\n$1\r\na\r\n*0\r\n", "$1\r\na\r\n$"};
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++)
        for (unsigned wanted = 0; wanted < 2; wanted++) {
            const struct buffer in = {.data = (char *)(uintptr_t)texts[i], .len = strlen(texts[i])};
            struct sorted sorted = {.wanted = wanted, .fail_at = UINT32_MAX, .end_at = 1};
            assert_int_equal(pieces_take(&in, in.len, &sorted), REPLIES_ENDED);
            assert_int_equal(sorted.n_whole, 1);
            sorted_release(&sorted);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_pieces_of_any_size),
        cmocka_unit_test(in_small_pieces),
        cmocka_unit_test(a_reply_is_passed_on_in_one_call),
        cmocka_unit_test(nonsense_breaks_it),
        cmocka_unit_test(what_has_no_end),
        cmocka_unit_test(a_number_of_values_beyond_all),
        cmocka_unit_test(bytes_beyond_all),
        cmocka_unit_test(a_reader_that_takes_no_more_ends_it),
        cmocka_unit_test(the_end_by_who_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
