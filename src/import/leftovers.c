/* Entries that wait for room. */
#include "import/leftovers.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "flow/entry.h"

void leftovers_add(struct leftovers *left, const char *text, size_t len) {
    buffer_add(&left->texts, text, entry_held(len));
    if (left->n == left->room) {
        left->room = left->room ? left->room * 2 : 64;
        left->ends = mem_realloc(left->ends, left->room, sizeof left->ends[0]);
        left->lens = mem_realloc(left->lens, left->room, sizeof left->lens[0]);
    }
    left->lens[left->n] = len;
    left->ends[left->n++] = left->texts.len;
}

bool leftovers_pass(struct leftovers *left, bool (*take)(void *context, const char *text, size_t len), void *context) {
    size_t i = 0, start = 0;
    for (; i < left->n; start = left->ends[i++])
        if (!take(context, left->texts.data + start, left->lens[i])) break;
    left->n -= i;
    left->texts.len -= start;
    if (start > 0) memmove(left->texts.data, left->texts.data + start, left->texts.len);
    for (size_t to = 0; to < left->n; to++) {
        left->ends[to] = left->ends[to + i] - start;
        left->lens[to] = left->lens[to + i];
    }
    return left->n > 0;
}

void leftovers_clear(struct leftovers *left) {
    left->n = 0;
    buffer_clear(&left->texts);
}

void leftovers_release(struct leftovers *left) {
    buffer_release(&left->texts);
    free(left->ends);
    free(left->lens);
    *left = (struct leftovers){.ends = NULL};
}
