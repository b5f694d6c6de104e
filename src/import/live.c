/* The everyday side: entries from the queue into the generation under way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "import/importer_impl.h"

enum {
    CLAIM_SECONDS = 10, /* how long entries go to one claim: its epoch is their "now" */
    PAUSE_MS = 50,      /* entries that trickle in are taken this often, not one by one */
};

/* --- entries --- */

/* At-most-once delivery has nowhere to leave an entry that finds no room: it is kept here. */
static void entry_hold(struct importer *importer, const char *text, size_t len) {
    buffer_add(&importer->held, text, len);
    if (importer->n_held == importer->held_room) {
        importer->held_room = importer->held_room ? importer->held_room * 2 : 64;
        importer->held_ends = mem_realloc(importer->held_ends, importer->held_room, sizeof importer->held_ends[0]);
    }
    importer->held_ends[importer->n_held++] = importer->held.len;
}

/* false: not taken; the batch is full, or has ended. */
static bool entry_fold(struct importer *importer, struct batch *batch, int64_t now, const char *text, size_t len) {
    if (batch->ended || batch->full) return false;
    if (batch->generation.ledger.entries >= importer->config->claim_entries && !batch->generation.recount) {
        batch->full = true;
        return false;
    }
    switch (fold_entry(&importer->folder, &batch->generation, now, text, len)) {
    case FOLD_TAKEN: return true;
    case FOLD_FULL: batch->full = true; return false;
    case FOLD_END: batch->ended = true; return true; /* counted in the claim, not in the ledger */
    }
    return false;
}

bool live_entry(struct importer *importer, struct claim *claim, const char *text, size_t len) {
    struct batch *batch = importer->folding;
    if (importer->config->queue.at_most_once) {
        if (!entry_fold(importer, batch, claim->epoch, text, len)) entry_hold(importer, text, len);
        return true;
    }
    if (batch->live && importer->flush_due && !importer->writing && batch_has_content(batch)) return false;
    if (batch->generation.recount && recover_is_past(importer, claim)) return false;
    return entry_fold(importer, batch, claim->epoch, text, len);
}

/* false: there are held entries still. */
static bool held_fold(struct importer *importer) {
    size_t i = 0, start = 0, n = importer->n_held;
    int64_t now = clock_now(importer->clock);
    for (; i < n; start = importer->held_ends[i++])
        if (!entry_fold(importer, importer->folding, now, importer->held.data + start, importer->held_ends[i] - start))
            break;
    importer->n_held = n - i;
    memmove(importer->held.data ? importer->held.data : (char *)"",
            importer->held.data ? importer->held.data + start : "", importer->held.len - start);
    importer->held.len -= start;
    for (size_t left = 0; left < importer->n_held; left++)
        importer->held_ends[left] = importer->held_ends[left + i] - start;
    return importer->n_held == 0;
}

/* --- the batch --- */

static struct claim claim_new(const struct importer *importer, const struct batch *batch, int64_t n) {
    struct claim claim = {
        .generation = batch->generation.ledger.id.generation, .n = n, .epoch = clock_now(importer->clock)};
    snprintf(claim.consumer, sizeof claim.consumer, "%s", importer->config->queue.name);
    claim_name(&claim, consumer_prefix(importer->consumer));
    return claim;
}

static void batch_open(struct importer *importer) {
    struct batch *batch = importer_batch(importer);
    batch_start(batch, importer->config->queue.name, importer_generation(importer));
    batch->live = true;
    importer->folding = batch;
}

/* The batch goes to the writer; where it left a claim half read, the next one reads on at once. */
void live_close(struct importer *importer) {
    struct batch *batch = importer->folding;
    const struct claim *last = batch->at < batch->n_claims ? &batch->claims[batch->at] : NULL;
    bool partial = last && claim_is_partial(last) && !batch->ended;
    importer_close(importer);
    if (partial || (importer->n_held > 0 && !batch->ended)) batch_open(importer);
    if (partial) {
        struct claim *rest = batch_add(importer->folding, last); /* under its old name until `batch` is settled */
        rest->n = 0;
    }
}

void live_forget(struct importer *importer) {
    const struct batch *batch = importer->folding;
    for (size_t i = 0; batch && batch->live && i < batch->n_claims; i++)
        if (batch->claims[i].len == 0) consumer_forget(importer->consumer, &batch->claims[i]);
}

static bool wants_close(const struct importer *importer) {
    const struct batch *batch = importer->folding;
    if (!batch_has_content(batch)) return false;
    return batch->full || batch->ended || importer->flush_due || importer->stopping;
}

/* The claim that single entries go to: the last of the batch while it is fresh, else a new one. */
static struct claim *claim_for_some(struct importer *importer) {
    struct batch *batch = importer->folding;
    struct claim *last = batch->n_claims ? &batch->claims[batch->n_claims - 1] : NULL;
    bool ours = last && last->generation == batch->generation.ledger.id.generation && last->len != CLAIM_LEN_UNKNOWN &&
                last->len == last->read;
    int64_t age = last ? clock_now(importer->clock) - last->epoch : 0; /* below 0: the clock was set back */
    if (ours && age >= 0 && age < CLAIM_SECONDS && !last->adopted && last == &batch->claims[batch->at]) return last;
    if (ours && last->len == 0) { /* nothing came in its time: it makes room for one with today's epoch */
        consumer_forget(importer->consumer, last);
        *last = claim_new(importer, batch, last->n);
        return last;
    }
    struct claim claim = claim_new(importer, batch, (int64_t)batch->n_claims);
    batch->at = batch->n_claims;
    return batch_add(batch, &claim);
}

static void take(struct importer *importer) {
    struct batch *batch = importer->folding;
    struct claim *some = claim_for_some(importer);
    importer->backlog = claim_new(importer, batch, (int64_t)batch->n_claims);
    importer->backlog.len = CLAIM_LEN_UNKNOWN;
    importer->op = OP_TAKE;
    consumer_take(importer->consumer, some, &importer->backlog, !importer->config->queue.once);
}

void live_take_done(struct importer *importer) {
    struct batch *batch = importer->folding;
    switch (consumer_took(importer->consumer)) {
    case CONSUMER_TOOK_ALL:
        batch_add(batch, &importer->backlog);
        batch->at = batch->n_claims - 1;
        break;
    case CONSUMER_TOOK_SOME:
        if (importer->config->queue.once) break;
        importer_pause(importer, PAUSE_MS);
        break;
    case CONSUMER_TOOK_NOTHING:
        if (importer->config->queue.once) importer->stopping = true; /* drained */
        break;
    }
}

void live_step(struct importer *importer) {
    if (!importer->folding) {
        if (importer->stopping) return; /* waiting for the commit under way */
        batch_open(importer);
    }
    struct batch *batch = importer->folding;
    if (importer->n_held > 0 && !batch->ended && !batch->full && !held_fold(importer))
        batch->full = batch->full || !batch->ended;
    if (wants_close(importer)) {
        if (!importer->writing) {
            live_close(importer);
            importer_step(importer);
            return;
        }
        if (batch->full || batch->ended || importer->stopping)
            return; /* no room, or no more to come: wait for the writer */
    }
    if (!batch_has_content(batch)) importer->flush_due = false;
    if (importer->stopping) return; /* what is claimed and not folded is the next start's */
    if (importer->look_due) {
        importer->look_due = false;
        importer->op = OP_LIST;
        consumer_list(importer->consumer);
    } else if (batch->at < batch->n_claims && claim_is_partial(&batch->claims[batch->at])) {
        importer->op = OP_READ;
        consumer_read(importer->consumer, &batch->claims[batch->at]);
    } else if (!importer->pause) {
        take(importer);
    }
}
