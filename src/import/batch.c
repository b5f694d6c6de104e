/* Batches and what becomes of their claims. */
#include "import/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void batch_init(struct batch *batch, struct cache *cache) {
    *batch = (struct batch){.claims = NULL};
    generation_init(&batch->generation, cache);
}

void batch_release(struct batch *batch) {
    generation_release(&batch->generation);
    free(batch->claims);
    *batch = (struct batch){.claims = NULL};
}

void batch_start(struct batch *batch, const char *consumer, int64_t generation) {
    struct generation_id id = {.generation = generation};
    snprintf(id.consumer, sizeof id.consumer, "%s", consumer);
    generation_start(&batch->generation, &id);
    batch->n_claims = batch->at = 0;
    batch->live = batch->committed = batch->stale = batch->ended = batch->full = false;
}

struct claim *batch_add(struct batch *batch, const struct claim *claim) {
    if (batch->n_claims == batch->claims_room) {
        batch->claims_room = batch->claims_room ? batch->claims_room * 2 : 16;
        batch->claims = mem_realloc(batch->claims, batch->claims_room, sizeof batch->claims[0]);
    }
    batch->claims[batch->n_claims] = *claim;
    return &batch->claims[batch->n_claims++];
}

bool batch_has_content(const struct batch *batch) {
    if (!generation_is_empty(&batch->generation) || batch->ended) return true;
    for (size_t i = 0; i < batch->n_claims; i++)
        if (batch->claims[i].read > 0) return true;
    return false;
}

bool claim_is_partial(const struct claim *claim) { return claim->len == CLAIM_LEN_UNKNOWN || claim->read < claim->len; }

void batch_mark_end(struct batch *batch) {
    struct ledger_row *ledger = &batch->generation.ledger;
    size_t last = batch->at < batch->n_claims ? batch->at : batch->n_claims - 1;
    ledger->claim = batch->n_claims ? batch->claims[last].n : 0;
    ledger->position = batch->n_claims ? batch->claims[last].read : 0;
}

void settlement_build(struct settlement *settlement, const struct claim *claims, size_t n,
                      const struct ledger_row *ledger, const char *prefix, const char *consumer, int64_t generation) {
    *settlement = (struct settlement){.finished = mem_zalloc(n + 1, sizeof claims[0]),
                                      .rests = mem_zalloc(n + 1, sizeof claims[0]),
                                      .rests_to = mem_zalloc(n + 1, sizeof claims[0])};
    for (size_t i = 0; i < n; i++) {
        struct claim claim = claims[i];
        bool included = (!ledger->adopted || claim.adopted) && claim.n <= ledger->claim;
        bool last = included && claim.n == ledger->claim;
        claim.read = last ? ledger->position : 0;
        if (included && (!last || (claim.len != CLAIM_LEN_UNKNOWN && claim.len <= claim.read))) {
            settlement->finished[settlement->n_finished++] = claim;
            continue;
        }
        struct claim *to = &settlement->rests_to[settlement->n_rests];
        settlement->rests[settlement->n_rests] = claim;
        *to = (struct claim){
            .generation = generation, .n = (int64_t)settlement->n_rests, .epoch = claim.epoch, .len = claim.len};
        if (claim.len != CLAIM_LEN_UNKNOWN) to->len -= claim.read;
        snprintf(to->consumer, sizeof to->consumer, "%s", consumer);
        claim_name(to, prefix);
        settlement->n_rests++;
    }
}

void settlement_release(struct settlement *settlement) {
    free(settlement->finished);
    free(settlement->rests);
    free(settlement->rests_to);
    *settlement = (struct settlement){.finished = NULL};
}
