/* Popped entries (at-most-once delivery) that found no room, or stood behind END: one behind the other. */
#ifndef FLOWIMPORT_IMPORT_LEFTOVERS_H
#define FLOWIMPORT_IMPORT_LEFTOVERS_H

#include <stdbool.h>

#include "base/buffer.h"

struct leftovers {
    struct buffer texts;
    size_t *ends; /* where each of them ends in `texts` */
    size_t *lens; /* the length of each: of one that is too long for an entry, `texts` has its head (flow/entry.h) */
    size_t n, room;
};

void leftovers_add(struct leftovers *left, const char *text, size_t len);
/* Hands them over in their order until one is refused (false). Returns whether any are left. */
bool leftovers_pass(struct leftovers *left, bool (*take)(void *context, const char *text, size_t len), void *context);
void leftovers_clear(struct leftovers *left);
void leftovers_release(struct leftovers *left);

#endif
