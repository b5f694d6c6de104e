/* Entries that the ledger has, around the ones being folded: places of a queue, and the hashes that entries at them
 * had. A place may have had several, where Redis went back and other entries came to stand at it. */
#ifndef FLOWIMPORT_IMPORT_KNOWN_H
#define FLOWIMPORT_IMPORT_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct known_layer; /* opaque */

struct known { /* all zero: nothing is known */
    int64_t from, to;
    struct known_layer *layers;
    size_t n;
};

void known_clear(struct known *known, int64_t from, int64_t to); /* 5 bytes a place, and again where others stood */
void known_release(struct known *known);
/* A run of them, as places_run_fn hands it over; what is outside is passed over. `context` is the struct known. */
void known_add(void *context, int64_t first, size_t n, const uint8_t *hashes);
bool known_has(const struct known *known, int64_t place, uint32_t hash);
/* Whether any is known at the place. */
bool known_covers(const struct known *known, int64_t place);

/* Of an entry; of one that is too long for an entry `text` is its head (flow/entry.h). */
uint32_t known_hash(const char *text, size_t len);

#endif
