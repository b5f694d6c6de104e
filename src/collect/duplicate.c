/* Who was first to report a five-tuple. */
#include "collect/duplicate.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/mem.h"

enum { WAYS = 4, EXPORTER_MASK = (1 << 30) - 1 };

struct entry {
    uint64_t tuple; /* hash */
    uint32_t input, output;
    uint32_t exporter : 30, direction : 2;
    uint32_t told; /* seconds since 1970; 0: an empty entry */
};

struct duplicates {
    struct entry (*sets)[WAYS];
    size_t n; /* sets, a power of two */
    uint64_t seed;
};

struct duplicates *duplicates_new(size_t bytes, uint64_t seed) {
    struct duplicates *duplicates = mem_zalloc(1, sizeof *duplicates);
    duplicates->n = 1;
    while (duplicates->n * 2 * sizeof duplicates->sets[0] <= bytes)
        duplicates->n *= 2;
    duplicates->sets = mem_zalloc(duplicates->n, sizeof duplicates->sets[0]);
    duplicates->seed = seed;
    return duplicates;
}

void duplicates_free(struct duplicates *duplicates) {
    if (!duplicates) return;
    free(duplicates->sets);
    free(duplicates);
}

size_t duplicates_bytes(const struct duplicates *duplicates) { return duplicates->n * sizeof duplicates->sets[0]; }

static bool ends_differ(const struct reporter *one, const struct reporter *other) {
    if (one->input == other->input && one->output == other->output) return false;
    if (one->output && one->output == other->input) return true;
    return one->input && !one->output && !other->input && other->output;
}

bool reporters_differ(const struct reporter *one, const struct reporter *other) {
    if ((one->exporter ^ other->exporter) & EXPORTER_MASK) return true;
    if (one->direction && other->direction && one->direction != other->direction) return true;
    return ends_differ(one, other) || ends_differ(other, one);
}

bool duplicates_found(struct duplicates *duplicates, const void *tuple, size_t len, const struct reporter *reporter,
                      uint32_t now, uint32_t window) {
    uint64_t hash = XXH3_64bits_withSeed(tuple, len, duplicates->seed);
    struct entry *set = duplicates->sets[hash & (duplicates->n - 1)], *place = set;
    for (unsigned i = 0; i < WAYS; i++) {
        if (set[i].told && set[i].tuple == hash) {
            const struct reporter first = {set[i].exporter, set[i].input, set[i].output, set[i].direction};
            if (now - set[i].told <= window && reporters_differ(&first, reporter)) return true;
            place = &set[i];
            break;
        }
        if (set[i].told < place->told) place = &set[i];
    }
    *place = (struct entry){.tuple = hash,
                            .input = reporter->input,
                            .output = reporter->output,
                            .exporter = reporter->exporter & EXPORTER_MASK,
                            .direction = reporter->direction & 3u,
                            .told = now};
    return false;
}
