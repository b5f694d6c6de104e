/* Batches and what becomes of their claims. */
#include "import/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void batch_release(struct batch *batch) {
    free(batch->claims);
    *batch = (struct batch){.claims = NULL};
}

void batch_start(struct batch *batch, const char *consumer, int64_t generation) {
    *batch = (struct batch){
        .id.generation = generation, .claims = batch->claims, .claims_room = batch->claims_room, .n_claims = 0};
    snprintf(batch->id.consumer, sizeof batch->id.consumer, "%s", consumer);
}

size_t batch_add(struct batch *batch, const struct claim *claim) {
    if (batch->n_claims == batch->claims_room) {
        batch->claims_room = batch->claims_room ? batch->claims_room * 2 : 16;
        batch->claims = mem_realloc(batch->claims, batch->claims_room, sizeof batch->claims[0]);
    }
    batch->claims[batch->n_claims] = *claim;
    return batch->n_claims++;
}

bool batch_has_content(const struct batch *batch) {
    if (batch->has_more || batch->ended) return true;
    for (size_t i = 0; i < batch->n_claims; i++)
        if (batch->claims[i].read > 0) return true;
    return false;
}

bool claim_is_partial(const struct claim *claim) { return claim->len == CLAIM_LEN_UNKNOWN || claim->read < claim->len; }

bool batch_go_on(struct batch *batch) {
    size_t i = batch->at;
    while (i < batch->n_claims && !claim_is_partial(&batch->claims[i]))
        i++;
    if (i == batch->n_claims) return false;
    batch->at = i;
    return true;
}

void batch_mark_end(const struct batch *batch, struct ledger_row *ledger) {
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
        memcpy(to->queue_id, claim.queue_id, sizeof to->queue_id);
        to->place = claim.place + claim.read;
        to->is_new = claim.is_new;
        to->ring = claim.ring;
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
