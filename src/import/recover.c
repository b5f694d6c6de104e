/* What was claimed before: by us before a crash or a lost connection, or by a consumer that is dead. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "import/importer_impl.h"

static bool is_ours(const struct importer *importer, const struct claim *claim) {
    return strcmp(claim->consumer, importer->config->queue.name) == 0;
}

static bool same_generation(const struct claim *a, const struct claim *b) {
    return a->generation == b->generation && strcmp(a->consumer, b->consumer) == 0;
}

/* The first generation whose claims are ours to work off; its claims become `old`. false: there is none. */
static bool old_pick(struct importer *importer) {
    size_t n, first = 0;
    const struct claim *listed = consumer_listed(importer->consumer, &n);
    while (first < n && !is_ours(importer, &listed[first]) && listed[first].alive)
        first++;
    if (first == n) return false;
    size_t end = first;
    while (end < n && same_generation(&listed[first], &listed[end]))
        end++;
    importer->n_old = end - first;
    importer->old = mem_realloc(importer->old, importer->n_old, sizeof importer->old[0]);
    memcpy(importer->old, listed + first, importer->n_old * sizeof importer->old[0]);
    return true;
}

void recover_list_done(struct importer *importer) {
    if (importer->recovery == RECOVERY_NONE) { /* a look for dead consumers, from the live side */
        size_t n;
        const struct claim *listed = consumer_listed(importer->consumer, &n);
        for (size_t i = 0; i < n; i++)
            if (!is_ours(importer, &listed[i]) && !listed[i].alive) importer->recovery = RECOVERY_DUE;
        return;
    }
    if (!old_pick(importer)) {
        importer->recovery = RECOVERY_NONE;
        return;
    }
    importer->recovery = RECOVERY_FINDING;
    importer->job = (struct writer_job){.kind = WRITER_FIND};
    snprintf(importer->job.id.consumer, sizeof importer->job.id.consumer, "%s", importer->old[0].consumer);
    importer->job.id.generation = importer->old[0].generation;
    importer_submit(importer);
}

/* The claims that make the old generation: those with the mark of adoption, if any has it; else all. */
static size_t old_members(const struct importer *importer) {
    size_t marked = 0;
    while (marked < importer->n_old && importer->old[marked].adopted)
        marked++; /* they are sorted first */
    return marked ? marked : importer->n_old;
}

void recover_find_done(struct importer *importer) {
    const struct claim *first = &importer->old[0];
    if (importer->job.found) {
        importer->old_ledger = importer->job.ledger;
        importer->recovery = RECOVERY_FOUND;
        log_notice("import", "generation %s/%" PRId64 ": committed before; settling its claims", first->consumer,
                   first->generation);
    } else {
        bool adopt = !is_ours(importer, first) && !first->adopted;
        importer->recovery = adopt ? RECOVERY_ADOPTING : RECOVERY_REPLAYING;
        log_notice("import", "generation %s/%" PRId64 ": %zu claims were not committed; %s", first->consumer,
                   first->generation, old_members(importer),
                   is_ours(importer, first) ? "replaying them" : "adopting them: their consumer is silent");
    }
}

bool recover_is_past(const struct importer *importer, const struct claim *claim) {
    const struct ledger_row *ledger = &importer->old_ledger;
    return claim->n > ledger->claim || (claim->n == ledger->claim && claim->read >= ledger->position);
}

/* Opens a batch in the old generation's name, of its claims that were (recount) or will be in it. */
static void replay_open(struct importer *importer, bool recount) {
    struct batch *batch = importer_batch(importer);
    const struct claim *first = &importer->old[0];
    size_t members = recount ? importer->n_old : old_members(importer);
    batch_start(batch, first->consumer, first->generation);
    batch->generation.recount = recount;
    batch->generation.ledger.adopted = first->adopted;
    for (size_t i = 0; i < members; i++)
        if (!recount || !importer->old_ledger.adopted || importer->old[i].adopted) batch_add(batch, &importer->old[i]);
    importer->folding = batch;
}

static void adopt(struct importer *importer) {
    struct claim *from = mem_zalloc(importer->n_old, sizeof *from);
    memcpy(from, importer->old, importer->n_old * sizeof *from);
    for (size_t i = 0; i < importer->n_old; i++) {
        importer->old[i].adopted = true;
        claim_name(&importer->old[i], consumer_prefix(importer->consumer));
    }
    importer->op = OP_ADOPT;
    consumer_rename(importer->consumer, from, importer->old, importer->n_old);
    free(from);
}

/* Reads on in the claims of the batch. false: all is read that will be. */
static bool replay_read(struct importer *importer) {
    struct batch *batch = importer->folding;
    while (batch->at < batch->n_claims && !claim_is_partial(&batch->claims[batch->at]) &&
           batch->at + 1 < batch->n_claims)
        batch->at++;
    if (batch->full || batch->ended || batch->at >= batch->n_claims || !claim_is_partial(&batch->claims[batch->at]))
        return false;
    if (batch->generation.recount && recover_is_past(importer, &batch->claims[batch->at])) return false;
    importer->op = OP_READ;
    consumer_read(importer->consumer, &batch->claims[batch->at]);
    return true;
}

void recover_step(struct importer *importer) {
    if (importer->job_busy || importer->pause || importer->writing) return;
    if (importer->folding && importer->folding->live) { /* the generation under way comes first */
        if (batch_has_content(importer->folding))
            live_close(importer);
        else
            importer->folding = NULL;
    }
    if (importer->writing) return;
    switch (importer->recovery) {
    case RECOVERY_DUE:
        if (importer->stopping) return;
        importer->op = OP_LIST;
        consumer_list(importer->consumer);
        return;
    case RECOVERY_FOUND: /* refused entries may not have reached the rejected list: they are counted again */
        if (importer->old_ledger.rejected > 0 && !importer->folding) replay_open(importer, true);
        if (importer->folding && replay_read(importer)) return;
        importer_settle(importer, importer->old, importer->n_old, &importer->old_ledger,
                        importer->folding ? &importer->folding->generation : NULL, importer_generation(importer));
        return;
    case RECOVERY_ADOPTING: adopt(importer); return;
    case RECOVERY_REPLAYING:
        if (!importer->folding) replay_open(importer, false);
        if (!replay_read(importer)) importer_close(importer);
        return;
    case RECOVERY_FINDING:
    case RECOVERY_NONE: return;
    }
}
