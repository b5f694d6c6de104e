/* A generation's life: named, filled, emptied. */
#include "import/generation.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "flow/rejected.h"

void generation_init(struct generation *generation, struct cache *cache) {
    *generation = (struct generation){.cache = cache};
}

void generation_release(struct generation *generation) {
    cache_free(generation->cache);
    losses_clear(&generation->losses);
    places_release(&generation->places);
    buffer_release(&generation->rejects);
    free(generation->reject_ends);
    *generation = (struct generation){.cache = NULL};
}

void generation_start(struct generation *generation, const struct generation_id *id) {
    cache_clear(generation->cache);
    losses_clear(&generation->losses);
    places_release(&generation->places);
    buffer_release(&generation->rejects);
    generation->known = 0;
    generation->n_rejects = 0;
    generation->recount = false;
    memset(generation->reasons, 0, sizeof generation->reasons);
    generation->ledger = (struct ledger_row){.id = *id};
}

bool generation_is_empty(const struct generation *generation) { return generation->ledger.entries == 0; }

void generation_reject(struct generation *generation, const struct reject *reject, int64_t now, const char *text,
                       size_t len) {
    rejected_format(&generation->rejects, reject, now, text, len);
    if (generation->n_rejects == generation->reject_room) {
        generation->reject_room = generation->reject_room ? generation->reject_room * 2 : 64;
        generation->reject_ends =
            mem_realloc(generation->reject_ends, generation->reject_room, sizeof generation->reject_ends[0]);
    }
    generation->reject_ends[generation->n_rejects++] = generation->rejects.len;
}
