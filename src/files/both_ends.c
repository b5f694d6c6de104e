/* Who was first to report a five-tuple of a file. */
#include "files/both_ends.h"

#include <stdint.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/mem.h"

enum { SETS = 1 << 16, WAYS = 4 };

struct both_ends {
    uint32_t now; /* flows so far */
    struct entry {
        uint64_t tuple;           /* hash; with heard 0 there is none */
        uint32_t heard, reporter; /* the latter a hash */
    } sets[SETS][WAYS];
};

void both_ends_free(struct both_ends *ends) { free(ends); }

bool both_ends_found(struct both_ends **ends, const void *tuple, size_t len, const char *reporter,
                     size_t reporter_len) {
    if (!*ends) *ends = mem_zalloc(1, sizeof **ends);
    uint64_t hash = XXH3_64bits(tuple, len);
    uint32_t who = (uint32_t)XXH3_64bits(reporter, reporter_len), now = ++(*ends)->now;
    struct entry *set = (*ends)->sets[hash % SETS], *place = set;
    for (unsigned i = 0; i < WAYS; i++) {
        if (set[i].heard && set[i].tuple == hash) {
            set[i].heard = now;
            return set[i].reporter != who;
        }
        if (set[i].heard < place->heard) place = &set[i];
    }
    *place = (struct entry){.tuple = hash, .heard = now, .reporter = who};
    return false;
}
