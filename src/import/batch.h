/* A batch: the claims that a generation's entries came from, from the first entry to the settlement. */
#ifndef FLOWIMPORT_IMPORT_BATCH_H
#define FLOWIMPORT_IMPORT_BATCH_H

#include "queue/claim.h"
#include "store/store.h"

struct batch {
    struct generation_id id;
    struct claim *claims; /* in the order of reading; all but the last of those read from are read to their end */
    size_t n_claims, claims_room;
    size_t at;     /* the claim being read */
    bool live;     /* takes from the queue; else it replays what was claimed before */
    bool recount;  /* has committed before: only its refused entries are wanted again */
    bool adopted;  /* another's: only claims with the mark are in it */
    bool ended;    /* END was seen */
    bool full;     /* an entry found no room */
    bool has_more; /* entries without a claim are in it (at-most-once delivery) */
};

enum { CLAIM_LEN_UNKNOWN = -1 }; /* longer than when it was listed; not read to its end */

void batch_release(struct batch *batch);
void batch_start(struct batch *batch, const char *consumer, int64_t generation);
/* A copy of the claim becomes the batch's last. Returns its index. */
size_t batch_add(struct batch *batch, const struct claim *claim);
bool batch_has_content(const struct batch *batch);
/* Whether entries of the claim are still to be read; of one from the batch's claim on, which becomes its claim. */
bool claim_is_partial(const struct claim *claim);
bool batch_go_on(struct batch *batch);
/* Writes into the ledger row how far the batch reaches into its claims. */
void batch_mark_end(const struct batch *batch, struct ledger_row *ledger);

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
