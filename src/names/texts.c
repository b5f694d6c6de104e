/* Different texts, each once: a hash table of numbers over one run of bytes. */
#include "names/texts.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/mem.h"

enum { SLOTS_FIRST = 64 };

void texts_init(struct texts *texts) {
    *texts = (struct texts){.n_slots = SLOTS_FIRST, .n = 1, .n_size = SLOTS_FIRST, .bytes_size = 1, .n_bytes = 1};
    texts->slots = mem_zalloc(SLOTS_FIRST, sizeof texts->slots[0]);
    texts->at = mem_zalloc(texts->n_size, sizeof texts->at[0]);
    texts->bytes = mem_zalloc(1, 1);
}

static void *bytes_copy(const void *from, size_t n, size_t size, size_t width) {
    void *copy = mem_zalloc(size, width);
    memcpy(copy, from, n * width);
    return copy;
}

void texts_copy(struct texts *texts, const struct texts *from) {
    *texts = *from;
    texts->slots = bytes_copy(from->slots, from->n_slots, from->n_slots, sizeof from->slots[0]);
    texts->at = bytes_copy(from->at, from->n, from->n_size, sizeof from->at[0]);
    texts->bytes = bytes_copy(from->bytes, from->n_bytes, from->bytes_size, 1);
}

void texts_release(struct texts *texts) {
    free(texts->bytes);
    free(texts->at);
    free(texts->slots);
    *texts = (struct texts){.bytes = NULL};
}

const char *texts_get(const struct texts *texts, uint32_t number) { return texts->bytes + texts->at[number]; }

static uint32_t slot_of(const struct texts *texts, const char *text, size_t len) {
    uint32_t slot = (uint32_t)XXH3_64bits(text, len) & (texts->n_slots - 1);
    for (;; slot = (slot + 1) & (texts->n_slots - 1)) {
        const char *found = texts_get(texts, texts->slots[slot]);
        if (texts->slots[slot] == 0 || (strncmp(found, text, len) == 0 && !found[len])) return slot;
    }
}

static void slots_grow(struct texts *texts) {
    free(texts->slots);
    texts->n_slots *= 2;
    texts->slots = mem_zalloc(texts->n_slots, sizeof texts->slots[0]);
    for (uint32_t i = 1; i < texts->n; i++) {
        const char *text = texts_get(texts, i);
        texts->slots[slot_of(texts, text, strlen(text))] = i;
    }
}

uint32_t texts_find(const struct texts *texts, const char *text, size_t len) {
    return len ? texts->slots[slot_of(texts, text, len)] : 0;
}

uint32_t texts_add(struct texts *texts, const char *text, size_t len) {
    if (len == 0) return 0;
    uint32_t slot = slot_of(texts, text, len);
    if (texts->slots[slot]) return texts->slots[slot];
    if (texts->n == texts->n_size) {
        texts->n_size *= 2;
        texts->at = mem_realloc(texts->at, texts->n_size, sizeof texts->at[0]);
    }
    if (texts->n_bytes + len + 1 > texts->bytes_size) {
        texts->bytes_size = 2 * (texts->n_bytes + len + 1);
        texts->bytes = mem_realloc(texts->bytes, texts->bytes_size, 1);
    }
    texts->at[texts->n] = texts->n_bytes;
    memcpy(texts->bytes + texts->n_bytes, text, len);
    texts->bytes[texts->n_bytes + len] = '\0';
    texts->n_bytes += len + 1;
    texts->slots[slot] = texts->n++;
    if (2 * texts->n > texts->n_slots) slots_grow(texts);
    return texts->n - 1;
}
