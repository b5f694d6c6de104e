/* A generation: what one flush writes. Its sums, its ledger row, and the entries it refused. */
#ifndef FLOWIMPORT_IMPORT_GENERATION_H
#define FLOWIMPORT_IMPORT_GENERATION_H

#include "base/buffer.h"
#include "flow/reject.h"
#include "import/cache.h"
#include "import/losses.h"
#include "store/places.h"
#include "store/store.h"

enum {
    GENERATION_REJECTS_BYTES = 16 << 20
}; /* refused entries held until the commit; beyond, the generation is full */

struct generation {
    struct ledger_row ledger; /* counts so far, and how far it reaches into its source */
    struct cache *cache;      /* owned */
    struct losses losses;     /* what its entries say is lost */
    struct places places;     /* of its entries, where the queue counts them */
    uint64_t known;           /* entries that were dropped, as the store has them: Redis went back in time */
    struct buffer rejects;    /* elements for the rejected list, one behind the other */
    size_t *reject_ends;      /* where each of them ends in `rejects` */
    size_t n_rejects, reject_room;
    uint64_t reasons[REJECT_REASONS];       /* how many of ledger.rejected have which reason */
    struct reject examples[REJECT_REASONS]; /* the first of each */
    bool recount; /* committed before: only its refused entries are wanted again, nothing is summed */
};

/* A number for a new one: the time in microseconds, but always larger than *last, which becomes it. */
static inline int64_t generation_number(int64_t *last, int64_t now_us) {
    *last = now_us > *last ? now_us : *last + 1;
    return *last;
}

void generation_init(struct generation *generation, struct cache *cache); /* takes the cache */
void generation_release(struct generation *generation);
/* Empties it and names it anew. */
void generation_start(struct generation *generation, const struct generation_id *id);
bool generation_is_empty(const struct generation *generation);
/* Keeps a refused entry with its reason and time, as rejected_format (flow/rejected.h) writes it. */
void generation_reject(struct generation *generation, const struct reject *reject, int64_t now, const char *text,
                       size_t len);

#endif
