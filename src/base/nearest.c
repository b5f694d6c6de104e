/* The distance of two words, and the nearest of many. */
#include "base/nearest.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

static bool equal(char a, char b) { return (a == '_' ? '-' : a) == (b == '_' ? '-' : b); }

static unsigned least(unsigned a, unsigned b) { return a < b ? a : b; }

/* Three rows of the table are enough: a swap looks back by two. */
unsigned nearest_distance(const char *a, size_t a_len, const char *b, size_t b_len) {
    unsigned rows[3][NEAREST_MAX + 1];
    unsigned *above = rows[0], *row = rows[1], *spare = rows[2];
    if (a_len > NEAREST_MAX || b_len > NEAREST_MAX) return UINT_MAX;
    for (unsigned j = 0; j <= b_len; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a_len; i++) {
        unsigned *two_above = above;
        above = row;
        row = spare;
        spare = two_above;
        row[0] = i;
        for (unsigned j = 1; j <= b_len; j++) {
            unsigned replaced = above[j - 1] + !equal(a[i - 1], b[j - 1]);
            row[j] = least(replaced, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && equal(a[i - 1], b[j - 2]) && equal(a[i - 2], b[j - 1]))
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return row[b_len];
}

void nearest_init(struct nearest *nearest, const char *text, size_t len) {
    *nearest = (struct nearest){.text = text, .len = len, .distance = UINT_MAX};
}

void nearest_offer(struct nearest *nearest, const char *word) {
    unsigned distance = nearest_distance(nearest->text, nearest->len, word, strlen(word));
    if (distance > nearest->len / 3 || distance >= nearest->distance) return;
    nearest->word = word;
    nearest->distance = distance;
}
