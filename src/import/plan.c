/* The decisions: one state, one next step. */
#include "import/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

enum {
    CLAIM_SECONDS = 10,  /* how long entries go to one claim: its epoch is their "now" */
    PAUSE_MS = 50,       /* entries that trickle in are taken this often, not one by one */
    LOST_RACE_MS = 1000, /* the winner settles the claims: let it */
};

void plan_init(struct plan *plan, const char *name, const char *prefix, bool at_most_once, bool once) {
    *plan = (struct plan){
        .name = name, .prefix = prefix, .at_most_once = at_most_once, .once = once, .window = PLAN_WINDOW};
}

void plan_release(struct plan *plan) {
    for (unsigned i = 0; i < 2; i++)
        batch_release(&plan->batches[i]);
    settlement_release(&plan->settlement);
    free(plan->from);
    free(plan->old);
    free(plan->returning);
}

static enum plan_action begin(struct plan *plan, enum plan_action operation) {
    plan->under_way = operation;
    return operation;
}

static void pause_ask(struct plan *plan, unsigned ms) {
    plan->pause_ms = ms;
    plan->paused = plan->pause_asked = true;
}

static bool is_ours(const struct plan *plan, const struct claim *claim) {
    return strcmp(claim->consumer, plan->name) == 0;
}

/* --- the generation being filled --- */

static struct claim claim_make(const struct plan *plan, size_t n, int64_t now_us) {
    struct claim claim = {
        .generation = plan->batches[plan->at].id.generation, .n = (int64_t)n, .epoch = now_us / 1000000};
    snprintf(claim.consumer, sizeof claim.consumer, "%s", plan->name);
    claim_name(&claim, plan->prefix);
    return claim;
}

static void live_open(struct plan *plan, int64_t now_us) {
    struct batch *batch = plan_folding(plan);
    batch_start(batch, plan->name, generation_number(&plan->last_number, now_us));
    batch->live = plan->folding = plan->opening = true;
}

static enum flush_cause cause_of(const struct plan *plan, const struct batch *batch) {
    if (!batch->live) return FLUSH_RECOVERY;
    if (batch->ended) return FLUSH_END;
    if (batch->full) return FLUSH_FULL;
    if (plan->stopping) return FLUSH_STOP;
    return plan->flush_due ? plan->due_cause : FLUSH_RECOVERY; /* old claims come before what is under way */
}

/* The batch goes to the committer, which must be free. */
static enum plan_action hand_over(struct plan *plan) {
    const struct batch *batch = plan_folding(plan);
    plan->cause = cause_of(plan, batch);
    plan->flush_due = plan->folding = false;
    plan->stale = !plan->connected && !plan->at_most_once;
    plan->writing = WRITING;
    if (batch->ended) plan->stopping = true;
    plan->at = !plan->at;
    return PLAN_HAND_OVER;
}

/* The same of a live one; where it left claims to be read, the next one reads on at once. */
static enum plan_action live_close(struct plan *plan, int64_t now_us) {
    const struct batch *batch = plan_folding(plan);
    bool partial = false, held = plan->held && !batch->ended;
    enum plan_action action = hand_over(plan);
    for (size_t i = batch->at; !batch->ended && i < batch->n_claims; i++)
        partial = partial || claim_is_partial(&batch->claims[i]);
    if (partial || held) live_open(plan, now_us);
    for (size_t i = batch->at; partial && i < batch->n_claims; i++)
        if (claim_is_partial(&batch->claims[i])) { /* under its old name until `batch` is settled */
            size_t rest = batch_add(plan_folding(plan), &batch->claims[i]);
            plan_folding(plan)->claims[rest].n = (int64_t)rest;
        }
    return action;
}

/* --- the everyday side --- */

/* Entries go to the last claim of the batch while it is fresh, else to a new one. */
static enum plan_action take(struct plan *plan, int64_t now_us) {
    const struct batch *batch = plan_folding(plan);
    const struct claim *last = batch->n_claims ? &batch->claims[batch->n_claims - 1] : NULL;
    bool ours = last && last->generation == batch->id.generation && !last->adopted && !claim_is_partial(last);
    int64_t age = last ? now_us / 1000000 - last->epoch : 0; /* below 0: the clock was set back */
    plan->filling = ours && age >= 0 && age < CLAIM_SECONDS && batch->at == batch->n_claims - 1;
    plan->fresh = claim_make(plan, batch->n_claims, now_us);
    return begin(plan, PLAN_TAKE);
}

/* --- what the ledger knows of entries --- */

static enum plan_action know(struct plan *plan, const char queue_id[QUEUE_ID_MAX], int64_t from, bool next) {
    struct plan_known *known = &plan->known;
    if (plan->finding || plan->writing != WRITING_NONE) return PLAN_WAIT; /* it has one question at a time */
    *known = (struct plan_known){.from = from, .to = from + plan->window, .next = next};
    memcpy(known->queue_id, queue_id, sizeof known->queue_id);
    plan->finding = true;
    return PLAN_KNOW;
}

/* Reads on in the claim, as far as may be. */
static enum plan_action read_on(struct plan *plan, const struct claim *claim) {
    int64_t place = claim->place + claim->read;
    if (!plan_may_fold(plan, claim, place)) return know(plan, claim->queue_id, place, false);
    return begin(plan, PLAN_READ);
}

static enum plan_action live_next(struct plan *plan, int64_t now_us) {
    if (!plan->folding) {
        if (plan->stopping) return PLAN_WAIT; /* for the commit under way */
        live_open(plan, now_us);
        plan->opening = false;
        return PLAN_OPEN;
    }
    struct batch *batch = plan_folding(plan);
    if (plan->held && !batch->ended && !batch->full) return PLAN_FOLD_HELD;
    if (!batch_has_content(batch)) {
        plan->flush_due = false;
    } else if (batch->full || batch->ended || plan->flush_due || plan->stopping) {
        if (plan_may_hand_over(plan)) return live_close(plan, now_us);
        if (batch->full || batch->ended) return PLAN_WAIT; /* there is no room, or no more to come */
    }
    if (plan->stopping) return PLAN_WAIT; /* what is claimed and not folded is the next start's */
    if (plan->look_due) {
        plan->look_due = false;
        return begin(plan, PLAN_LIST);
    }
    if (batch_go_on(batch)) {
        plan->limit = INT64_MAX;
        return read_on(plan, &batch->claims[batch->at]);
    }
    /* While the ledger is asked, nobody can tell whether what comes is new. */
    bool waits = plan->paused || plan->clock_wrong || plan->store_away || plan->finding;
    return waits ? PLAN_WAIT : take(plan, now_us);
}

/* Redis is away. What at-most-once delivery has folded is in memory alone, and is written all the same; else something
 * is folded only where plan_lost() has kept it. */
static enum plan_action apart_next(struct plan *plan, int64_t now_us) {
    const struct batch *batch = plan_folding(plan);
    bool waits = plan->writing == WRITING_COMMITTED && !plan->stopping; /* with its refused entries, for Redis */
    if (!plan->folding || plan->writing == WRITING || waits) return PLAN_WAIT;
    if (!plan->at_most_once) return plan_may_hand_over(plan) ? hand_over(plan) : PLAN_WAIT;
    if (plan->held && !batch->ended && !batch->full) return PLAN_FOLD_HELD;
    bool due = batch->full || batch->ended || plan->flush_due || plan->stopping;
    return due && batch_has_content(batch) ? live_close(plan, now_us) : PLAN_WAIT;
}

/* --- what was claimed before: by us before a crash or a lost connection, or by a consumer that is dead --- */

static bool same_generation(const struct claim *a, const struct claim *b) {
    return a->generation == b->generation && strcmp(a->consumer, b->consumer) == 0;
}

/* The first generation whose claims are ours to work off; its claims become `old`. false: there is none. */
static bool old_pick(struct plan *plan, const struct claim *listed, size_t n) {
    size_t first = 0;
    while (first < n && !is_ours(plan, &listed[first]) && listed[first].alive)
        first++;
    if (first == n) return false;
    size_t end = first;
    while (end < n && same_generation(&listed[first], &listed[end]))
        end++;
    plan->n_old = end - first;
    plan->old = mem_realloc(plan->old, plan->n_old, sizeof plan->old[0]);
    memcpy(plan->old, listed + first, plan->n_old * sizeof plan->old[0]);
    return true;
}

/* The claims that make the old generation: those with the mark of adoption, if any has it; else all. */
static size_t old_members(const struct plan *plan) {
    size_t marked = 0;
    while (marked < plan->n_old && plan->old[marked].adopted)
        marked++; /* they are sorted first */
    return marked ? marked : plan->n_old;
}

/* Opens a batch in the old generation's name, of its claims that were (recount) or will be in it. */
static enum plan_action replay_open(struct plan *plan, bool recount) {
    struct batch *batch = plan_folding(plan);
    const struct claim *first = &plan->old[0];
    size_t members = recount ? plan->n_old : old_members(plan);
    batch_start(batch, first->consumer, first->generation);
    batch->recount = recount;
    batch->adopted = first->adopted;
    for (size_t i = 0; i < members; i++)
        if (!recount || !plan->ledger.adopted || plan->old[i].adopted) batch_add(batch, &plan->old[i]);
    plan->folding = true;
    return PLAN_OPEN;
}

/* How many entries of a claim are to be read: in a recount, those that the committed generation has taken. */
static int64_t entries_left(const struct plan *plan, const struct batch *batch, const struct claim *claim) {
    const struct ledger_row *ledger = &plan->ledger;
    if (!claim_is_partial(claim)) return 0;
    if (!batch->recount || claim->n < ledger->claim) return INT64_MAX; /* it may have grown since it was listed */
    return claim->n > ledger->claim || claim->read >= ledger->position ? 0 : ledger->position - claim->read;
}

/* Reads on in the claims of the batch. PLAN_WAIT: all is read that will be. */
static enum plan_action replay_read(struct plan *plan) {
    struct batch *batch = plan_folding(plan);
    if (batch->full || batch->ended) return PLAN_WAIT;
    for (size_t i = batch->at; i < batch->n_claims; i++) {
        plan->limit = entries_left(plan, batch, &batch->claims[i]);
        batch->at = i;
        if (plan->limit > 0) return read_on(plan, &batch->claims[i]);
    }
    return PLAN_WAIT;
}

static enum plan_action adopt(struct plan *plan) {
    free(plan->from);
    plan->from = mem_zalloc(plan->n_old, sizeof plan->from[0]);
    memcpy(plan->from, plan->old, plan->n_old * sizeof plan->from[0]);
    for (size_t i = 0; i < plan->n_old; i++) {
        plan->old[i].adopted = true;
        claim_name(&plan->old[i], plan->prefix);
    }
    return begin(plan, PLAN_ADOPT);
}

/* --- after the commit --- */

/* Settles the claims of a generation that the ledger has; its rests go to a generation of ours. */
static enum plan_action settle(struct plan *plan, const struct claim *claims, size_t n, int64_t rest_generation) {
    if (plan->at_most_once) n = 0; /* nothing was kept */
    settlement_release(&plan->settlement);
    settlement_build(&plan->settlement, claims, n, &plan->ledger, plan->prefix, plan->name, rest_generation);
    return begin(plan, PLAN_SETTLE);
}

/* The generation being filled reads on in what were the rests: under their new names, from their new heads. */
static void rests_follow(struct plan *plan) {
    const struct settlement *settlement = &plan->settlement;
    for (size_t i = 0; i < settlement->n_rests; i++) {
        struct claim *next = &plan_folding(plan)->claims[i], before = *next;
        int64_t cut = settlement->rests[i].read;
        *next = settlement->rests_to[i];
        next->read = before.read - cut;
        next->len = before.len == CLAIM_LEN_UNKNOWN ? CLAIM_LEN_UNKNOWN : before.len - cut;
    }
}

/* What stands behind END is to be given back. */
static void rests_return(struct plan *plan) {
    free(plan->returning);
    plan->n_returning = plan->settlement.n_rests;
    plan->returning = mem_zalloc(plan->n_returning + 1, sizeof plan->returning[0]);
    memcpy(plan->returning, plan->settlement.rests_to, plan->n_returning * sizeof plan->returning[0]);
}

static enum plan_action settle_written(struct plan *plan, int64_t now_us) {
    const struct batch *batch = plan_writing(plan), *next = plan_folding(plan);
    bool follows = plan->folding && next->live;
    int64_t rest = follows ? next->id.generation : generation_number(&plan->last_number, now_us);
    plan->rejects = REJECTS_WRITING;
    enum plan_action action = settle(plan, batch->claims, batch->n_claims, rest);
    if (batch->ended)
        rests_return(plan);
    else if (follows && next->n_claims >= plan->settlement.n_rests)
        rests_follow(plan);
    return action;
}

static enum plan_action settle_old(struct plan *plan, int64_t now_us) {
    plan->rejects = plan->folding ? REJECTS_FOLDING : REJECTS_NONE;
    return settle(plan, plan->old, plan->n_old, generation_number(&plan->last_number, now_us));
}

static enum plan_action recover_next(struct plan *plan, int64_t now_us) {
    enum plan_action action;
    if (plan->finding || plan->paused || plan->writing != WRITING_NONE) return PLAN_WAIT;
    if (plan->folding && plan_folding(plan)->live) { /* the generation under way comes first */
        if (batch_has_content(plan_folding(plan))) return live_close(plan, now_us);
        plan->folding = false;
    }
    switch (plan->recovery) {
    case RECOVERY_DUE: return plan->stopping ? PLAN_WAIT : begin(plan, PLAN_LIST);
    case RECOVERY_FINDING: plan->finding = true; return PLAN_FIND;
    case RECOVERY_FOUND: /* refused entries may not have reached the rejected list: they are counted again */
        if (plan->ledger.rejected > 0 && !plan->folding) return replay_open(plan, true);
        action = plan->folding ? replay_read(plan) : PLAN_WAIT;
        return action != PLAN_WAIT ? action : settle_old(plan, now_us);
    case RECOVERY_ADOPTING: return adopt(plan);
    case RECOVERY_REPLAYING:
        if (!plan->folding) return replay_open(plan, false);
        action = replay_read(plan);
        return action != PLAN_WAIT ? action : hand_over(plan);
    case RECOVERY_NONE: break;
    }
    return PLAN_WAIT;
}

/* --- the end --- */

/* Nothing is folded, nothing is written: whether all is over. */
static bool is_over(const struct plan *plan) {
    const struct batch *batch = &plan->batches[plan->at];
    if (plan->abandoned) return true;
    if (!plan->stopping || plan->writing == WRITING || plan->finding) return false;
    bool unwritten = plan->folding && batch->live && batch_has_content(batch);
    if (!plan->connected) return !unwritten;
    return plan->writing == WRITING_NONE && plan->n_returning == 0 && !plan->held && !unwritten;
}

static enum plan_action over_next(struct plan *plan) {
    if (plan->connected && !plan->left) return begin(plan, PLAN_LEAVE);
    if (!plan->connected && plan->naming) return PLAN_WAIT; /* to give it free again */
    plan->finished = true;
    return PLAN_FINISH;
}

/* Once a connection: whether the queue has gone back. */
static enum plan_action count_compare(struct plan *plan) {
    char queue_id[QUEUE_ID_MAX];
    memcpy(queue_id, plan->counted_id, sizeof queue_id);
    plan->counted_id[0] = '\0';
    return know(plan, queue_id, plan->counted, true);
}

enum plan_action plan_next(struct plan *plan, int64_t now_us) {
    if (plan->finished) return PLAN_WAIT;
    if (plan->pause_asked) {
        plan->pause_asked = false;
        return PLAN_PAUSE;
    }
    if (plan->opening) {
        plan->opening = false;
        return PLAN_OPEN;
    }
    if (plan->under_way != PLAN_WAIT) return PLAN_WAIT;
    if (is_over(plan)) return over_next(plan);
    if (!plan->store_ready) return PLAN_WAIT;
    if (!plan->connected) return apart_next(plan, now_us);
    if (plan->writing == WRITING_COMMITTED) return settle_written(plan, now_us);
    if (plan->counted_id[0] && !plan->finding && plan->writing == WRITING_NONE) return count_compare(plan);
    if (plan->stopping && plan->held && plan->writing == WRITING_NONE) return begin(plan, PLAN_PUSH_BACK);
    if (plan->stopping && plan->n_returning > 0) return begin(plan, PLAN_RETURN);
    return plan->recovery != RECOVERY_NONE ? recover_next(plan, now_us) : live_next(plan, now_us);
}

/* --- the outside --- */

void plan_connected(struct plan *plan) {
    plan->connected = true;
    plan->under_way = PLAN_WAIT;
    if (!plan->at_most_once) plan->folding = plan->opening = false; /* its claims may be others' by now */
    plan->recovery = plan->at_most_once ? RECOVERY_NONE : RECOVERY_DUE;
}

/* Whether the sums of the generation being filled may commit though Redis is not there to be asked: as after a crash
 * behind the commit, the next start then settles the claims by the ledger. So all of them must have its name in Redis,
 * which a rest has not before its settlement has an answer, and how far each is read must be known. */
static bool may_commit_apart(const struct plan *plan) {
    const struct batch *batch = &plan->batches[plan->at];
    if (!plan->stop_asked || !plan->folding || plan->opening || !batch->live || plan->midway) return false;
    if (plan->under_way == PLAN_SETTLE || !batch_has_content(batch)) return false;
    for (size_t i = 0; i < batch->n_claims; i++)
        if (batch->claims[i].generation != batch->id.generation || batch->claims[i].adopted) return false;
    return true;
}

void plan_lost(struct plan *plan) {
    bool kept = !plan->at_most_once && may_commit_apart(plan);
    plan->midway = false;
    plan->connected = plan->known.valid = false;
    plan->known.stale = true;
    plan->counted_id[0] = '\0';
    plan->under_way = PLAN_WAIT;
    if (plan->at_most_once) return;
    plan->folding = kept; /* what Redis holds is the truth: it will be read again */
    plan->opening = false;
    if (plan->writing == WRITING_COMMITTED) plan->writing = WRITING_NONE;
    plan->stale = plan->writing != WRITING_NONE;
}

void plan_resumed(struct plan *plan) { plan->paused = false; }

void plan_stop(struct plan *plan) { plan->stopping = plan->stop_asked = true; }

void plan_flush(struct plan *plan, enum flush_cause cause) {
    plan->flush_due = true;
    plan->due_cause = cause;
}

void plan_look(struct plan *plan) { plan->look_due = true; }

/* --- the committer --- */

void plan_store_ready(struct plan *plan) { plan->store_ready = true; }

void plan_committed(struct plan *plan, const struct ledger_row *ledger, const struct places_known *places) {
    struct plan_known *known = &plan->known;
    if (places && known->valid && strcmp(known->queue_id, places->queue_id) == 0) {
        known->end = places->end;
        known->ring = places->ring;
    }
    plan->writing = plan->stale ? WRITING_NONE : WRITING_COMMITTED; /* stale: its claims are settled by the recovery */
    plan->stale = false;
    plan->ledger = *ledger;
}

void plan_taken(struct plan *plan) {
    plan->writing = WRITING_NONE;
    plan->folding = plan->opening = plan->stale = false;
    plan->recovery = RECOVERY_DUE;
    pause_ask(plan, LOST_RACE_MS);
}

/* END, or an empty queue, is found again. */
static void read_again(struct plan *plan) {
    plan->writing = WRITING_NONE;
    plan->folding = plan->opening = plan->stale = false;
    plan->stopping = plan->stop_asked;
    plan->recovery = RECOVERY_DUE;
    pause_ask(plan, LOST_RACE_MS);
}

void plan_too_large(struct plan *plan) { read_again(plan); }

void plan_overlaps(struct plan *plan) {
    plan->known.valid = false;
    read_again(plan);
}

void plan_knows(struct plan *plan, const struct places_known *places) {
    struct plan_known *known = &plan->known;
    plan->finding = false;
    known->valid = !known->stale;
    known->end = places->end;
    known->ring = known->window_ring = places->ring;
}

void plan_found(struct plan *plan, const struct ledger_row *ledger) {
    const struct claim *first = plan->old;
    plan->finding = false;
    if (plan->recovery != RECOVERY_FINDING) return; /* the connection was lost since */
    if (ledger) {
        plan->ledger = *ledger;
        plan->recovery = RECOVERY_FOUND;
        log_notice("import", "generation %s/%" PRId64 ": committed before; settling its claims", first->consumer,
                   first->generation);
        return;
    }
    plan->recovery = !is_ours(plan, first) && !first->adopted ? RECOVERY_ADOPTING : RECOVERY_REPLAYING;
    log_notice("import", "generation %s/%" PRId64 ": %zu claims not committed; %s", first->consumer, first->generation,
               old_members(plan), is_ours(plan, first) ? "replaying them" : "adopting them: their consumer is silent");
}

void plan_abandon(struct plan *plan) { plan->abandoned = true; }

/* --- the consumer --- */

void plan_listed(struct plan *plan, const struct consumer_result *result) {
    const struct claim *claims = result->claims;
    size_t n = result->n_claims;
    plan->under_way = PLAN_WAIT;
    if (!plan->known.valid) {
        memcpy(plan->counted_id, result->queue_id, sizeof plan->counted_id);
        plan->counted = result->counted;
    }
    if (plan->recovery == RECOVERY_NONE) { /* a look for dead consumers, from the everyday side */
        for (size_t i = 0; i < n; i++)
            if (!is_ours(plan, &claims[i]) && !claims[i].alive) plan->recovery = RECOVERY_DUE;
        return;
    }
    plan->recovery = old_pick(plan, claims, n) ? RECOVERY_FINDING : RECOVERY_NONE;
}

/* The batch was dropped while it was taken into or read for: what came is in its claims. */
static bool is_dropped(struct plan *plan) {
    plan->under_way = PLAN_WAIT;
    plan->midway = false;
    return !plan->folding;
}

const struct claim *plan_claimed(struct plan *plan, const struct consumer_claimed *claimed) {
    struct batch *batch = plan_folding(plan);
    const struct plan_known *known = &plan->known;
    struct claim claim = plan->fresh;
    if (!plan->folding) return NULL; /* they are in a claim */
    if (claimed->filled) {
        batch->claims[batch->at].len += claimed->moved;
        return &batch->claims[batch->at];
    }
    claim.len = claimed->moved;
    claim.place = claimed->place;
    memcpy(claim.queue_id, claimed->queue_id, sizeof claim.queue_id);
    claim.is_new = known->valid && strcmp(known->queue_id, claimed->queue_id) == 0 && claimed->place >= known->end;
    claim.ring = known->ring;
    claim_name(&claim, plan->prefix);
    plan->fresh.n++;
    size_t at = batch_add(batch, &claim); /* may move them */
    return &batch->claims[at];
}

/* The entries that were taken are the first ones of the claims from the batch's on. */
static void taken_share(struct batch *batch, int64_t taken) {
    for (; batch->n_claims > 0; batch->at++) {
        struct claim *claim = &batch->claims[batch->at];
        int64_t n =
            claim->len == CLAIM_LEN_UNKNOWN || claim->len - claim->read > taken ? taken : claim->len - claim->read;
        claim->read += n;
        taken -= n;
        if (claim_is_partial(claim) || batch->at + 1 == batch->n_claims) return;
    }
}

void plan_took(struct plan *plan, int64_t moved, uint64_t left, int64_t taken) {
    bool dropped = is_dropped(plan);
    if (moved == 0) {
        if (plan->once && !dropped) plan->stopping = true; /* drained */
        return;
    }
    if (!dropped) taken_share(plan_folding(plan), taken);
    if (left == 0 && !plan->once) pause_ask(plan, PAUSE_MS);
}

void plan_read(struct plan *plan, int64_t taken, bool ended) {
    if (is_dropped(plan)) return;
    struct batch *batch = plan_folding(plan);
    struct claim *claim = &batch->claims[batch->at];
    claim->read += taken;
    if (ended && taken < plan->limit) claim->len = claim->read;
    if (!ended && !claim_is_partial(claim)) claim->len = CLAIM_LEN_UNKNOWN; /* it has grown since it was listed */
}

static void settled(struct plan *plan) {
    settlement_release(&plan->settlement);
    if (plan->writing == WRITING_COMMITTED) {
        plan->writing = WRITING_NONE;
        if (!plan_writing(plan)->live) plan->recovery = RECOVERY_DUE;
        return;
    }
    plan->folding = false; /* where refused entries were counted again */
    plan->recovery = RECOVERY_DUE;
}

void plan_done(struct plan *plan) {
    enum plan_action ended = plan->under_way;
    plan->under_way = PLAN_WAIT;
    switch (ended) {
    case PLAN_SETTLE: settled(plan); break;
    case PLAN_ADOPT: plan->recovery = RECOVERY_REPLAYING; break;
    case PLAN_RETURN: plan->n_returning--; break;
    case PLAN_LEAVE: plan->left = true; break;
    default: break;
    }
}

void plan_held(struct plan *plan) {
    struct batch *batch = plan_folding(plan);
    batch->has_more = true;
    batch->full = batch->full || (plan->held && !batch->ended);
}
