/* Sorting references to rows by keys of any length, in place: an American flag sort (McIlroy, Bostic, McIlroy 1993),
 * eight key bytes at a time, so that a row is touched once per eight bytes and not once per comparison. */
#ifndef FLOWIMPORT_IMPORT_SORT_H
#define FLOWIMPORT_IMPORT_SORT_H

#include <stddef.h>
#include <stdint.h>

struct sort_ref {
    uint64_t prefix; /* eight bytes of the key, as a number; scratch of the sort */
    uint32_t row;
    uint8_t family, side;
};

/* Writes the key bytes of a reference, the same number for every reference of one sort. */
typedef void sort_key_fn(const void *context, const struct sort_ref *ref, uint8_t *key);

enum { SORT_KEY_MAX = 384 };

/* Ascending by the keys as memcmp orders them; the order of equal keys is not said. `key_len` at most SORT_KEY_MAX. */
void sort_refs(struct sort_ref *refs, size_t n, size_t key_len, sort_key_fn *key, const void *context);

#endif
