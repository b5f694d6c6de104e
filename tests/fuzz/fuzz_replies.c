/* Any bytes as replies of Redis, at once and in pieces: the same elements and bytes go on, and what is nonsense is so
 * both times. The first byte is a piece's size, the second says which replies are waited for. */
#include "queue/replies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth, const char *what) {
    if (truth) return;
    fprintf(stderr, "fuzz_replies: %s\n", what);
    abort();
}

struct sorted {
    struct buffer text; /* what was passed on, and elements, as they came */
    unsigned wanted, n_whole;
};

static bool on_wanted(void *context) {
    const struct sorted *sorted = context;
    return (sorted->wanted >> sorted->n_whole % 8 & 1) == 1;
}

static void on_element(void *context, const char *text, size_t len) {
    struct sorted *sorted = context;
    buffer_printf(&sorted->text, "<%zu>", len);
    buffer_add(&sorted->text, text, entry_held(len));
}

static int on_pass(void *context, const char *bytes, size_t len) {
    buffer_add(&((struct sorted *)context)->text, bytes, len);
    return 0;
}

static int on_whole(void *context) {
    struct sorted *sorted = context;
    sorted->n_whole++;
    buffer_add_text(&sorted->text, "|");
    return 0;
}

/* Whether all were replies. */
static bool in_pieces(const char *bytes, size_t len, size_t piece, struct sorted *sorted) {
    struct replies replies = {.state = REPLIES_BEGIN};
    const struct replies_handler handler = {sorted, on_wanted, on_element, on_pass, on_whole};
    size_t from = 0;
    for (size_t to = piece;; to += piece) {
        if (to > len) to = len;
        char *copy = malloc(to - from + 1); /* so that a sanitizer sees what is read beyond it */
        if (!copy) abort();
        memcpy(copy, bytes + from, to - from);
        ssize_t used = replies_take(&replies, copy, to - from, &handler);
        free(copy);
        if (used < 0) return false;
        from += (size_t)used;
        require(to - from <= REPLIES_KEPT_MAX, "more is kept than is said");
        if (to == len) return true;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    const char *bytes = (const char *)data + 2;
    struct sorted whole = {.wanted = data[1]}, pieces = {.wanted = data[1]};
    bool good = in_pieces(bytes, size - 2, size - 1, &whole);
    bool good_too = in_pieces(bytes, size - 2, 1 + (size_t)data[0], &pieces);
    require(good == good_too, "nonsense in pieces alone, or as a whole alone");
    require(pieces.n_whole == whole.n_whole, "another number of replies");
    require(!good || (pieces.text.len == whole.text.len &&
                      memcmp(pieces.text.data ? pieces.text.data : "", whole.text.data ? whole.text.data : "",
                             whole.text.len) == 0),
            "something else in pieces");
    buffer_release(&whole.text);
    buffer_release(&pieces.text);
    return 0;
}
