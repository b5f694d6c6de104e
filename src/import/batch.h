/* A batch: a generation together with the claims that its entries came from, from the first entry to the settlement. */
#ifndef FLOWIMPORT_IMPORT_BATCH_H
#define FLOWIMPORT_IMPORT_BATCH_H

#include "import/generation.h"
#include "queue/consumer.h"

struct batch {
    struct generation generation;
    struct claim *claims; /* in the order of reading; all but the last of those read from are read to their end */
    size_t n_claims, claims_room;
    size_t at;      /* the claim being read */
    bool live;      /* takes from the queue; else it replays what was claimed before */
    bool committed; /* waits for its settlement */
    bool stale;     /* the connection was lost since: its claims may be others' by now */
    bool ended;     /* END was seen */
    bool full;      /* an entry found no room */

    size_t bytes, rows; /* of its cache, when it went to the writer: until it is back, the cache is the writer's */
};

enum { CLAIM_LEN_UNKNOWN = -1 }; /* a renamed backlog before it was read to its end */

void batch_init(struct batch *batch, struct cache *cache); /* takes the cache */
void batch_release(struct batch *batch);
void batch_start(struct batch *batch, const char *consumer, int64_t generation);
/* A copy of the claim becomes the batch's last. Valid until the next call. */
struct claim *batch_add(struct batch *batch, const struct claim *claim);
bool batch_has_content(const struct batch *batch);
/* Whether entries of the claim are still to be read. */
bool claim_is_partial(const struct claim *claim);
/* Writes into the ledger row how far the batch reaches into its claims. */
void batch_mark_end(struct batch *batch);

/* What is to be done with the claims of a committed generation: those up to the ledger's mark are finished, the rest is
 * renamed to (consumer, generation). If another has committed in the owner's name, only claims with the mark of
 * adoption were in it. Arrays are allocated; freed by settlement_release. */
struct settlement {
    struct claim *finished, *rests, *rests_to;
    size_t n_finished, n_rests;
};
void settlement_build(struct settlement *settlement, const struct claim *claims, size_t n,
                      const struct ledger_row *ledger, const char *prefix, const char *consumer, int64_t generation);
void settlement_release(struct settlement *settlement);

#endif
