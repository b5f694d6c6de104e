/* What was probably meant: of many words the one that is nearest to a mistyped one. */
#ifndef FLOWIMPORT_BASE_NEAREST_H
#define FLOWIMPORT_BASE_NEAREST_H

#include <stddef.h>

enum { NEAREST_MAX = 64 }; /* bytes of a word; longer ones are near to none */

struct nearest { /* on the caller's stack */
    const char *text;
    size_t len;
    const char *word; /* the nearest of those offered, borrowed; NULL: none is near */
    unsigned distance;
};

/* The text is borrowed. */
void nearest_init(struct nearest *nearest, const char *text, size_t len);
/* A word is near if its distance is at most a third of the text's length, so that a text of one or two letters is near
 * to nothing but itself. Of two that are equally near the first counts. */
void nearest_offer(struct nearest *nearest, const char *word);

/* How many letters have to be put in, left out, replaced or changed with their neighbor to make one of the other
 * (optimal string alignment); '_' and '-' are the same. UINT_MAX where one is longer than NEAREST_MAX. */
unsigned nearest_distance(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
