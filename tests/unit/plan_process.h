/* The process that carries out what the plan decides, what can happen to it, and what must hold whatever happens. */
#ifndef TESTS_UNIT_PLAN_PROCESS_H
#define TESTS_UNIT_PLAN_PROCESS_H

#include "plan_world.h"

/* --- the process: what the importer does with an action --- */

static void process_init(struct world *world, bool once) {
    plan_init(&world->plan, "me", PREFIX, false, once);
    if (world->window > 0) world->plan.window = world->window;
    plan_store_ready(&world->plan);
    world->job = NO_JOB;
    memset(world->filled, 0, sizeof world->filled);
}

/* The n-th entry of a list, which is the claim; false: not taken. */
static bool entry_fold(struct world *world, const struct list *list, unsigned n, const struct claim *claim) {
    struct batch *batch = plan_folding(&world->plan);
    struct row *row = &world->filled[world->plan.at];
    uint8_t entry = list->entries[n];
    int64_t place = list->claim.place + n;
    if (!world->plan.folding) return false;
    world->plan.midway = true;
    if (plan_is_cut(&world->plan) && batch->live && row->n > 0) return false;
    if (batch->ended || batch->full) return false;
    if (world->counts) {
        const struct plan_known *known = &world->plan.known;
        if (!plan_may_fold(&world->plan, claim, place)) return false;
        place_set(world, entry, place);
        bool looks = plan_looks_up(&world->plan, claim);
        must(!looks || world->job != KNOW, "an answer of the ledger is read while it is being written");
        if (looks && place >= known->from && place < known->to && world->known >> entry & 1) return true;
    }
    if (entry != END && row->n >= (world->used[TOO_LARGE] ? 1 : ROOM) && !batch->recount) {
        batch->full = true;
        return false;
    }
    batch->ended = entry == END;
    if (world->counts && (row->n == 0 || plan_ring(&world->plan, claim) < row->ring))
        row->ring = (unsigned)plan_ring(&world->plan, claim);
    row->entries[row->n++] = entry;
    return true;
}

static void generation_open(struct world *world) {
    struct row *row = &world->filled[world->plan.at];
    *row = (struct row){.ledger.id = plan_folding(&world->plan)->id};
    row->ledger.adopted = plan_folding(&world->plan)->adopted;
}

/* Whether anything has happened that the process could not foresee. */
static bool went_wrong(const struct world *world) {
    return world->used[LOST_BEFORE] || world->used[LOST_AFTER] || world->used[LOST_MIDWAY] || world->used[LAPSED] ||
           world->used[OTHER_WORKS] || world->used[CRASHED] || world->used[STORE_LEFT] || world->used[WENT_BACK];
}

static void generation_hand_over(struct world *world) {
    struct row *row = &world->filled[!world->plan.at];
    must(world->job == NO_JOB, "two jobs at a time");
    must(strcmp(row->ledger.id.consumer, "me") == 0 || row->ledger.adopted, "another's claims are replayed unmarked");
    must(!row_find(world, &row->ledger.id) || went_wrong(world), "a generation is written again");
    row->ledger.rejected = memchr(row->entries, REFUSED, row->n) != NULL;
    batch_mark_end(plan_writing(&world->plan), &row->ledger);
    world->job = COMMIT;
    world->written = world->refused = false;
    for (unsigned i = 0; i < row->n; i++) {
        struct generation_id *before = &world->handed[row->entries[i]], *id = &row->ledger.id;
        bool same = before->generation == id->generation && strcmp(before->consumer, id->consumer) == 0;
        must(!before->consumer[0] || same || world->used[WENT_BACK] || row_find(world, before) ||
                 row->entries[i] == END,
             "an entry changed its generation, which may have committed");
        *before = *id;
    }
}

/* All that can be done at once. */
static void step(struct world *world) {
    struct plan *plan = &world->plan;
    for (unsigned i = 0; !world->finished; i++) {
        enum plan_action before = plan->under_way;
        must(i < 50, "the plan goes round in circles");
        switch (plan_next(plan, world->now_us)) {
        case PLAN_WAIT: return;
        case PLAN_OPEN: generation_open(world); break;
        case PLAN_HAND_OVER: generation_hand_over(world); break;
        case PLAN_FIND:
            must(world->job == NO_JOB, "two jobs at a time");
            world->job = FIND;
            world->written = false;
            world->asked = plan_old(plan);
            break;
        case PLAN_KNOW:
            must(world->job == NO_JOB, "two jobs at a time");
            world->job = KNOW;
            world->written = false;
            break;
        case PLAN_FINISH: world->finished = true; break;
        case PLAN_FOLD_HELD:
        case PLAN_PUSH_BACK: fail_here("an entry is held"); break;
        case PLAN_READ:
        case PLAN_TAKE:
            must(!plan_folding(plan)->full && !plan_folding(plan)->ended, "more is read for a generation that is full");
            break;
        default: break;
        }
        if (world->lapsed && plan->under_way != PLAN_WAIT && plan->under_way != before) { /* found at its begin */
            world->lapsed = false;
            plan_lost(plan);
        }
    }
}

/* So many entries to a claim. */
static struct list *move(struct world *world, const struct claim *fill, struct claim *fresh, unsigned moved,
                         struct consumer_claimed *claimed) {
    *claimed = (struct consumer_claimed){.moved = moved};
    claimed->filled = fill && moved == 1 && (!world->counts || fill->place + fill->len == world->counted);
    if (world->counts) {
        snprintf(claimed->queue_id, sizeof claimed->queue_id, "%s", QUEUE_ID);
        claimed->place = world->counted;
        memcpy(fresh->queue_id, claimed->queue_id, sizeof fresh->queue_id);
        fresh->place = claimed->place;
    }
    claim_name(fresh, PREFIX);
    must(claimed->filled || !list_find(world, fresh->key), "the name of a claim is in use");
    struct list *list = list_make(world, claimed->filled ? fill : fresh);
    memcpy(list->entries + list->n, world->queue, moved);
    list->n += moved;
    cut(world->queue, &world->n_queue, moved);
    world->counted += moved;
    fresh->n += !claimed->filled;
    return list;
}

/* What of the answer to the operation comes back. */
enum answer { NOTHING, BEGINNING, WHOLE }; /* the beginning: entries, of a take or a read */

/* The whole queue, to two claims, of which the first half of the entries is read in the same breath; or `otherwise` its
 * first entry. */
static void take(struct world *world, enum answer answers, bool otherwise) {
    struct plan *plan = &world->plan;
    struct claim fresh = plan->fresh;
    unsigned all = otherwise ? 1 : world->n_queue, taken = 0;
    bool stopped = !answers;
    for (unsigned moved = 0, n; moved < all; moved += n) {
        struct consumer_claimed claimed;
        n = moved == 0 && all > 2 ? 2 : all - moved;
        struct list *list = move(world, moved == 0 ? plan_fill(plan) : NULL, &fresh, n, &claimed);
        const struct claim *claim = answers ? plan_claimed(plan, &claimed) : NULL;
        for (unsigned i = list->n - n; claim && !stopped && i < list->n; i++)
            if (taken >= (all + 1) / 2 || !entry_fold(world, list, i, claim))
                stopped = true;
            else
                taken++;
    }
    if (answers == WHOLE) plan_took(plan, all, world->n_queue, taken);
}

/* Carries the consumer's operation out. */
static void operate(struct world *world, enum answer answers, bool otherwise) {
    struct plan *plan = &world->plan;
    struct list *list;
    struct claim listed[LISTS_MAX];
    int64_t taken = 0;
    bool ended = true;
    unsigned n = 0;
    switch (plan->under_way) {
    case PLAN_LIST:
        for (unsigned i = 0; i < world->n_lists; i++) {
            listed[n] = world->lists[i].claim;
            listed[n].len = world->lists[i].n;
            listed[n].read = 0;
            listed[n++].alive = strcmp(world->lists[i].claim.consumer, "dead") != 0;
        }
        qsort(listed, n, sizeof listed[0], claim_compare);
        if (answers) {
            struct consumer_result result = {.claims = listed, .n_claims = n, .counted = world->counted};
            if (world->counts && world->counted > 0) snprintf(result.queue_id, sizeof result.queue_id, "%s", QUEUE_ID);
            plan_listed(plan, &result);
        }
        break;
    case PLAN_TAKE:
        if (world->lapsed) { /* what takes finds it in the same breath */
            world->lapsed = false;
            if (answers) plan_lost(plan);
        } else if (world->n_queue > 0)
            take(world, answers, otherwise);
        else if (answers)
            plan_took(plan, 0, 0, 0);
        break;
    case PLAN_READ:
        list = list_find(world, plan_claim(plan)->key);
        for (unsigned i = (unsigned)plan_claim(plan)->read; answers && list && i < list->n && taken < plan->limit;
             i++) {
            if (!entry_fold(world, list, i, plan_claim(plan))) {
                ended = false;
                break;
            }
            taken++;
        }
        if (answers == WHOLE) plan_read(plan, taken, ended);
        break;
    case PLAN_SETTLE:
        if (world->lapsed && plan->settlement.n_rests > 0) { /* the transaction finds it */
            world->lapsed = false;
            if (answers) plan_lost(plan);
            break;
        }
        claims_settle(world, &plan->settlement, false);
        if (plan->rejects == REJECTS_WRITING)
            refusals_add(world, world->filled[!plan->at].entries, world->filled[!plan->at].n);
        if (plan->rejects == REJECTS_FOLDING)
            refusals_add(world, world->filled[plan->at].entries, world->filled[plan->at].n);
        if (answers) plan_done(plan);
        break;
    case PLAN_ADOPT:
        claims_rename(world, plan->from, plan->old, plan->n_old);
        if (answers) plan_done(plan);
        break;
    case PLAN_RETURN:
        list = list_find(world, plan->returning[plan->n_returning - 1].key);
        if (list) give_back(world, list);
        if (answers) plan_done(plan);
        break;
    default:
        if (answers) plan_done(plan);
        break;
    }
}

/* Whether a row that was written since has an entry of this one. */
static bool row_overlaps(const struct world *world, const struct row *row) {
    for (unsigned i = row->ring; i < world->n_rows; i++)
        for (unsigned k = 0; k < row->n; k++)
            if (memchr(world->rows[i].entries, row->entries[k], world->rows[i].n)) return true;
    return false;
}

static void store_write(struct world *world) {
    const struct plan_known *known = &world->plan.known;
    world->written = true;
    if (world->job == KNOW) {
        world->known = 0;
        world->known_places.end = world->end;
        world->known_places.ring = world->n_rows;
        memcpy(world->known_places.queue_id, known->queue_id, sizeof known->queue_id);
        for (uint8_t entry = 1; entry < ENTRIES_MAX; entry++)
            world->known |= (unsigned)is_committed(world, entry) << entry;
    }
    if (world->job != COMMIT) return;
    struct row *row = &world->filled[!world->plan.at];
    world->refused = row_find(world, &row->ledger.id) != NULL;
    world->overlaps = world->counts && row_overlaps(world, row);
    if (!world->refused && !world->overlaps) row_commit(world, row);
}

static void store_answer(struct world *world) {
    struct plan *plan = &world->plan;
    struct row *row = &world->filled[!plan->at];
    bool commit = world->job == COMMIT, know = world->job == KNOW;
    world->job = NO_JOB;
    if (know) {
        plan_knows(plan, &world->known_places);
    } else if (!commit) {
        const struct row *found = row_find(world, &world->asked);
        struct ledger_row ledger;
        if (found) ledger = found->ledger;
        plan_found(plan, found ? &ledger : NULL);
    } else if (world->refused) {
        plan_taken(plan);
    } else if (world->overlaps) {
        plan_overlaps(plan);
    } else {
        struct places_known places = {.queue_id = QUEUE_ID, .end = world->end, .ring = world->n_rows};
        plan_committed(plan, &row->ledger, world->counts && row->n > 0 ? &places : NULL);
    }
}

static void crash(struct world *world) {
    bool once = world->plan.once;
    world->now_us += 1000000; /* no two lives begin in the same microsecond */
    plan_release(&world->plan);
    process_init(world, once);
}

/* --- events --- */

static bool can_happen(const struct world *world, enum happening event) {
    const struct plan *plan = &world->plan;
    bool under_way = plan->under_way != PLAN_WAIT && plan->connected;
    if (world->used[event] >= budgets[event]) return false;
    switch (event) {
    case ANSWERED:
    case LOST_AFTER: return under_way;
    case ANSWERED_OTHERWISE: return under_way && plan->under_way == PLAN_TAKE && world->n_queue > 1;
    case LOST_MIDWAY:
        return under_way && (plan->under_way == PLAN_TAKE || plan->under_way == PLAN_READ) && !world->lapsed;
    case LOST_BEFORE: return plan->connected && !plan->once;
    case CONNECTED: return !plan->connected;
    case STORE_WRITES: return world->job != NO_JOB && !world->written;
    case STORE_ANSWERS: return world->job != NO_JOB && world->written;
    case RESUMED: return plan->paused;
    case STORE_LEFT: return plan->stopping && world->job != NO_JOB;
    case LAPSED: return plan->connected;
    case TOO_LARGE: return world->job == COMMIT && !world->written && !world->used[STOPPED];
    case OTHER_WORKS: return true;
    case SAVED: return world->counts;
    case WENT_BACK: return world->used[SAVED] && !plan->once;
    case LATE: return world->late.n > 0;
    case STOPPED:
    case FLUSH_ASKED:
    case LOOK_DUE:
    case TIME_PASSES:
    case CRASHED: return true;
    case EVENTS: break;
    }
    return false;
}

static void happen(struct world *world, enum happening event) {
    struct plan *plan = &world->plan;
    world->used[event]++;
    bool finds = plan->under_way == PLAN_TAKE || (plan->under_way == PLAN_SETTLE && plan->settlement.n_rests > 0);
    if (event == LOST_AFTER && world->lapsed && finds) event = LOST_BEFORE;
    if (event == LOST_BEFORE || event == LOST_AFTER || event == LOST_MIDWAY || event == CRASHED) world->lapsed = false;
    switch (event) {
    case ANSWERED: operate(world, WHOLE, false); break;
    case ANSWERED_OTHERWISE: operate(world, WHOLE, true); break;
    case LOST_MIDWAY:
        operate(world, BEGINNING, false);
        plan_lost(plan);
        break;
    case LOST_AFTER:
        operate(world, NOTHING, false);
        plan_lost(plan);
        break;
    case LOST_BEFORE: plan_lost(plan); break;
    case LAPSED: world->lapsed = true; break;
    case CONNECTED: plan_connected(plan); break;
    case STORE_WRITES: store_write(world); break;
    case STORE_ANSWERS: store_answer(world); break;
    case RESUMED: plan_resumed(plan); break;
    case STOPPED: plan_stop(plan); break;
    case STORE_LEFT: plan_abandon(plan); break;
    case FLUSH_ASKED: plan_flush(plan, FLUSH_SIGNAL); break;
    case LOOK_DUE: plan_look(plan); break;
    case TIME_PASSES: world->now_us += 10 * 1000000; break;
    case OTHER_WORKS: other_work(world); break;
    case CRASHED: crash(world); break;
    case TOO_LARGE:
        world->job = NO_JOB;
        plan_too_large(plan);
        break;
    case SAVED: world->saved = world->redis; break;
    case WENT_BACK:
        world->redis = world->saved;
        world->lapsed = false;
        if (plan->connected) plan_lost(plan);
        break;
    case LATE:
        if (!row_overlaps(world, &world->late)) row_commit(world, &world->late);
        break;
    case EVENTS: break;
    }
    step(world);
}

/* --- what must hold --- */

static unsigned n_entries; /* of the scene: 1 to n_entries */

/* Every entry is in one place, at least; with what row_commit() and forget_entries() look at, in exactly one that
 * counts. */
static void check(const struct world *world) {
    for (uint8_t entry = 1; entry <= n_entries; entry++) {
        unsigned places = memchr(world->queue, entry, world->n_queue) != NULL;
        for (unsigned i = 0; i < world->n_lists; i++)
            places += memchr(world->lists[i].entries, entry, world->lists[i].n) != NULL;
        must(places <= 1, "an entry is in two places");
        must(places == 1 || is_committed(world, entry), "an entry is lost");
    }
    must(world->refusals[REFUSED] <= 1 || world->used[OTHER_WORKS] || world->used[WENT_BACK],
         "an entry was refused twice");
}

/* When nothing more goes wrong, all ends: after a stop and after END the process does; else what there was is in the
 * ledger, and no claim of ours is left. */
static void check_end(const struct world *from, bool stop) {
    struct world *world = world_copy(from);
    unsigned steps = 0;
    if (stop) {
        plan_stop(&world->plan);
        step(world);
    } else if (!world->finished) {
        plan_flush(&world->plan, FLUSH_SIGNAL);
        step(world);
    }
    for (; steps < FAIR_STEPS && !world->finished; steps++) {
        if (world->job != NO_JOB)
            happen(world, world->written ? STORE_ANSWERS : STORE_WRITES);
        else if (!world->plan.connected)
            happen(world, CONNECTED);
        else if (world->plan.paused)
            happen(world, RESUMED);
        else if (world->plan.under_way == PLAN_TAKE && world->n_queue == 0 && !stop && !world->plan.once) {
            const struct batch *batch = plan_folding(&world->plan);
            happen(world, ANSWERED);
            if (world->plan.connected && !batch_has_content(batch) && world->plan.recovery == RECOVERY_NONE &&
                world->plan.writing == WRITING_NONE)
                break;
            plan_flush(&world->plan, FLUSH_SIGNAL);
        } else if (world->plan.under_way != PLAN_WAIT)
            happen(world, ANSWERED);
        else
            must(false, "the plan waits for nothing");
        check(world);
    }
    must(steps < FAIR_STEPS, stop ? "a stop does not end" : "there is no end");
    must(!stop || world->finished, "a stop does not end");
    if (world->finished && !stop && !world->used[STOPPED] && !went_wrong(world)) /* it was END, or drained once */
        for (unsigned i = 0; i < world->n_lists; i++)
            must(!is_mine(&world->lists[i]), "what stands behind END is not given back, or a claim is left");
    if (!world->finished)
        for (unsigned i = 0; i < world->n_lists; i++)
            must(!is_mine(&world->lists[i]), "a claim is left");
    if (!world->finished)
        for (uint8_t entry = 1; entry <= n_entries; entry++) {
            bool elsewhere = false;
            for (unsigned i = 0; i < world->n_lists; i++)
                elsewhere = elsewhere || memchr(world->lists[i].entries, entry, world->lists[i].n) != NULL;
            must(elsewhere || is_committed(world, entry), "an entry is not counted in the end");
            must(elsewhere || entry != REFUSED || world->refusals[REFUSED] > 0 || world->used[WENT_BACK] ||
                     world->late.n,
                 "a refused entry is silently gone"); /* the rejected list went back, too */
        }
    world_free(world);
}

#endif
