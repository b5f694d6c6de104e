/* Layers of hashes, a place each. */
#include "import/known.h"

#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "flow/entry.h"

struct known_layer {
    uint32_t *hashes;
    bool *there;
};

static void layers_release(struct known *known) {
    for (size_t i = 0; i < known->n; i++) {
        free(known->layers[i].hashes);
        free(known->layers[i].there);
    }
    free(known->layers);
    known->layers = NULL;
    known->n = 0;
}

void known_clear(struct known *known, int64_t from, int64_t to) {
    layers_release(known);
    known->from = from;
    known->to = to;
}

void known_release(struct known *known) { known_clear(known, 0, 0); }

static struct known_layer *layer_make(struct known *known) {
    size_t places = (size_t)(known->to - known->from);
    known->layers = mem_realloc(known->layers, known->n + 1, sizeof known->layers[0]);
    struct known_layer *layer = &known->layers[known->n++];
    layer->hashes = mem_zalloc(places, sizeof layer->hashes[0]);
    layer->there = mem_zalloc(places, sizeof layer->there[0]);
    return layer;
}

static void hash_add(struct known *known, size_t at, uint32_t hash) {
    size_t i = 0;
    while (i < known->n && known->layers[i].there[at] && known->layers[i].hashes[at] != hash)
        i++;
    struct known_layer *layer = i < known->n ? &known->layers[i] : layer_make(known);
    layer->there[at] = true;
    layer->hashes[at] = hash;
}

void known_add(void *context, int64_t first, size_t n, const uint8_t *hashes) {
    struct known *known = context;
    for (size_t i = 0; i < n; i++) {
        int64_t place = first + (int64_t)i;
        if (place >= known->from && place < known->to)
            hash_add(known, (size_t)(place - known->from), le32(hashes + 4 * i));
    }
}

bool known_has(const struct known *known, int64_t place, uint32_t hash) {
    if (place < known->from || place >= known->to) return false;
    size_t at = (size_t)(place - known->from);
    for (size_t i = 0; i < known->n; i++)
        if (known->layers[i].there[at] && known->layers[i].hashes[at] == hash) return true;
    return false;
}

/* The first layer has whatever came first to a place. */
bool known_covers(const struct known *known, int64_t place) {
    return place >= known->from && place < known->to && known->n > 0 && known->layers[0].there[place - known->from];
}

/* Without a seed, which would cost three times as much. */
uint32_t known_hash(const char *text, size_t len) { return (uint32_t)(XXH3_64bits(text, entry_held(len)) + len); }
