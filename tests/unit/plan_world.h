/* What the importer's plan acts upon, as a model: Redis, the ledger, another consumer, and a process that carries out.
 */
#ifndef TESTS_UNIT_PLAN_WORLD_H
#define TESTS_UNIT_PLAN_WORLD_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "import/plan.h"

#define PREFIX "{q}"

enum {
    DEPTH = 8,
    ENTRIES_MAX = 8, /* an entry is its number; END is 0 */
    END = 0,
    REFUSED = 2, /* this entry is refused wherever it is folded */
    LISTS_MAX = 16,
    ROWS_MAX = 24,
    ROOM = 2,        /* entries of a generation; one more finds it full */
    FAIR_STEPS = 400 /* more than any world needs to its end */
};

enum happening {
    ANSWERED,
    ANSWERED_OTHERWISE, /* a take that moves one entry where a backlog could have been renamed */
    LOST_BEFORE,
    LOST_AFTER,
    CONNECTED,
    STORE_WRITES,
    STORE_ANSWERS,
    RESUMED,
    STOPPED,
    STORE_LEFT,
    FLUSH_ASKED,
    LOOK_DUE,
    TIME_PASSES,
    LAPSED, /* our sign of life: others adopt what we hold, and we don't know yet */
    OTHER_WORKS,
    CRASHED,
    TOO_LARGE, /* the store takes but one entry at a time from then on */
    EVENTS
};

static const char *const event_names[EVENTS] = {"answered",      "answered otherwise",
                                                "lost before",   "lost after",
                                                "connected",     "store writes",
                                                "store answers", "resumed",
                                                "stopped",       "store left",
                                                "flush",         "look",
                                                "time passes",   "lapsed",
                                                "other works",   "crashed",
                                                "too large"};

/* How often each may happen; the others follow from what is under way. */
static const unsigned budgets[EVENTS] = {
    [ANSWERED] = 99,     [ANSWERED_OTHERWISE] = 1, [LOST_BEFORE] = 1, [LOST_AFTER] = 2, [CONNECTED] = 99,
    [STORE_WRITES] = 99, [STORE_ANSWERS] = 99,     [RESUMED] = 99,    [STOPPED] = 1,    [STORE_LEFT] = 1,
    [FLUSH_ASKED] = 1,   [LOOK_DUE] = 1,           [TIME_PASSES] = 1, [LAPSED] = 1,     [OTHER_WORKS] = 6,
    [CRASHED] = 1,       [TOO_LARGE] = 1};

struct list {
    struct claim claim;
    unsigned n;
    uint8_t entries[ENTRIES_MAX];
};

struct row {
    struct ledger_row ledger;
    unsigned n;
    uint8_t entries[ENTRIES_MAX];
};

struct world {
    /* Redis */
    unsigned n_queue;
    uint8_t queue[ENTRIES_MAX];
    unsigned n_lists;
    struct list lists[LISTS_MAX];
    /* the store */
    unsigned n_rows;
    struct row rows[ROWS_MAX];
    /* the process */
    struct plan plan;
    struct row filled[2]; /* the committer's generations, as plan.batches */
    enum { NO_JOB, COMMIT, FIND } job;
    bool written, refused; /* the job was carried out; the ledger had the name */
    struct generation_id asked;
    int64_t now_us, other_number;
    unsigned used[EVENTS];
    bool end_committed, lapsed;
    unsigned refusals[ENTRIES_MAX];           /* how often each refused entry stands on the rejected list */
    struct generation_id handed[ENTRIES_MAX]; /* the generation in whose name each entry was last handed over */
    bool finished;
};

static enum happening path[DEPTH + 1];
static unsigned depth;
static const char *scene;

static void fail_here(const char *what) {
    print_error("%s: %s, after:", scene, what);
    for (unsigned i = 0; i < depth; i++)
        print_error(" %s,", event_names[path[i]]);
    print_error("\n");
    fail();
}

static inline void must(bool true_, const char *what) {
    if (!true_) fail_here(what);
}

/* --- copies --- */

static void *dup_claims(const struct claim *claims, size_t n) {
    struct claim *copy = mem_zalloc(n + 1, sizeof *copy);
    if (n) memcpy(copy, claims, n * sizeof *copy);
    return copy;
}

static struct world *world_copy(const struct world *from) {
    struct world *world = mem_alloc(sizeof *world);
    struct plan *plan = &world->plan;
    *world = *from;
    for (unsigned i = 0; i < 2; i++) {
        plan->batches[i].claims = dup_claims(plan->batches[i].claims, plan->batches[i].n_claims);
        plan->batches[i].claims_room = plan->batches[i].n_claims + 1;
    }
    plan->settlement.finished = dup_claims(plan->settlement.finished, plan->settlement.n_finished);
    plan->settlement.rests = dup_claims(plan->settlement.rests, plan->settlement.n_rests);
    plan->settlement.rests_to = dup_claims(plan->settlement.rests_to, plan->settlement.n_rests);
    plan->from = dup_claims(plan->from, plan->under_way == PLAN_ADOPT ? plan->n_old : 0); /* stale otherwise */
    plan->old = dup_claims(plan->old, plan->n_old);
    plan->returning = dup_claims(plan->returning, plan->n_returning);
    return world;
}

static void world_free(struct world *world) {
    plan_release(&world->plan);
    free(world);
}

/* --- Redis --- */

static struct list *list_find(struct world *world, const char *key) {
    for (unsigned i = 0; i < world->n_lists; i++)
        if (strcmp(world->lists[i].claim.key, key) == 0) return &world->lists[i];
    return NULL;
}

static struct list *list_make(struct world *world, const struct claim *claim) {
    struct list *list = list_find(world, claim->key);
    if (list) return list;
    must(world->n_lists < LISTS_MAX, "too many lists for the test");
    list = &world->lists[world->n_lists++];
    *list = (struct list){.claim = *claim};
    must(claim_parse(&list->claim, PREFIX, claim->key, strlen(claim->key)), "a claim's key can be read");
    return list;
}

static void list_remove(struct world *world, struct list *list) { *list = world->lists[--world->n_lists]; }

static void cut(uint8_t *entries, unsigned *n, unsigned from) {
    memmove(entries, entries + from, *n - from);
    *n -= from;
}

static bool is_committed(const struct world *world, uint8_t entry) {
    if (entry == END) return world->end_committed;
    for (unsigned i = 0; i < world->n_rows; i++)
        if (memchr(world->rows[i].entries, entry, world->rows[i].n)) return true;
    return false;
}

static void forget_entries(const struct world *world, const struct list *list, unsigned n) {
    for (unsigned i = 0; i < n; i++)
        must(is_committed(world, list->entries[i]), "an entry was forgotten before its commit");
}

static void refusals_add(struct world *world, const uint8_t *entries, unsigned n) {
    if (memchr(entries, REFUSED, n)) world->refusals[REFUSED]++;
}

/* `recount`: the refused entries of what is forgotten go to the rejected list. */
static void claims_settle(struct world *world, const struct settlement *settlement, bool recount) {
    for (size_t i = 0; i < settlement->n_finished; i++) {
        struct list *list = list_find(world, settlement->finished[i].key);
        if (!list) continue;
        forget_entries(world, list, list->n);
        if (recount) refusals_add(world, list->entries, list->n);
        list_remove(world, list);
    }
    for (size_t i = 0; i < settlement->n_rests; i++) {
        struct list *list = list_find(world, settlement->rests[i].key);
        if (!list) continue;
        unsigned read = (unsigned)settlement->rests[i].read;
        forget_entries(world, list, read < list->n ? read : list->n);
        if (recount) refusals_add(world, list->entries, read < list->n ? read : list->n);
        cut(list->entries, &list->n, read < list->n ? read : list->n);
        must(!list_find(world, settlement->rests_to[i].key), "the name of a rest is in use");
        list->claim = settlement->rests_to[i];
        if (list->n == 0) list_remove(world, list);
    }
}

static void claims_rename(struct world *world, const struct claim *from, const struct claim *to, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct list *list = list_find(world, from[i].key);
        if (list && !list_find(world, to[i].key)) list->claim = to[i];
    }
}

/* --- the ledger --- */

static struct row *row_find(struct world *world, const struct generation_id *id) {
    for (unsigned i = 0; i < world->n_rows; i++)
        if (world->rows[i].ledger.id.generation == id->generation &&
            strcmp(world->rows[i].ledger.id.consumer, id->consumer) == 0)
            return &world->rows[i];
    return NULL;
}

static void row_commit(struct world *world, const struct row *row) {
    must(world->n_rows < ROWS_MAX, "too many rows for the test");
    for (unsigned i = 0; i < row->n; i++)
        must(row->entries[i] == END || !is_committed(world, row->entries[i]), "an entry was counted twice");
    world->rows[world->n_rows++] = *row;
    for (unsigned i = 0; i < row->n; i++)
        if (row->entries[i] == END) world->end_committed = true;
}

/* --- the other consumer: one thing at a time, each in one transaction --- */

static bool is_mine(const struct list *list) { return strcmp(list->claim.consumer, "me") == 0; }

static void other_commit(struct world *world, const struct claim *of, bool adopted) {
    struct row row = {.ledger.adopted = adopted, .ledger.claim = -1};
    row.ledger.id.generation = of->generation;
    memcpy(row.ledger.id.consumer, of->consumer, sizeof row.ledger.id.consumer);
    struct claim claims[LISTS_MAX];
    unsigned n = 0;
    for (unsigned i = 0; i < world->n_lists; i++)
        if (world->lists[i].claim.generation == of->generation &&
            strcmp(world->lists[i].claim.consumer, of->consumer) == 0 && world->lists[i].claim.adopted == adopted)
            claims[n++] = world->lists[i].claim;
    qsort(claims, n, sizeof claims[0], claim_compare);
    bool ended = false;
    for (unsigned i = 0; i < n && !ended; i++) {
        const struct list *list = list_find(world, claims[i].key);
        unsigned read = 0;
        while (read < list->n && !ended) {
            ended = list->entries[read] == END;
            row.entries[row.n++] = list->entries[read++];
        }
        row.ledger.claim = claims[i].n;
        row.ledger.position = read;
    }
    row.ledger.rejected = memchr(row.entries, REFUSED, row.n) != NULL;
    row_commit(world, &row);
}

/* false: it has nothing to do. It begins only with what a consumer without a sign of life holds. */
static bool other_work(struct world *world) {
    for (unsigned i = 0; i < world->n_lists; i++) {
        struct list *list = &world->lists[i];
        struct claim claim = list->claim;
        struct generation_id id = {.generation = claim.generation};
        memcpy(id.consumer, claim.consumer, sizeof id.consumer);
        struct row *row = row_find(world, &id);
        if (is_mine(list) && !claim.adopted && world->plan.connected && !world->lapsed) continue;
        if (is_mine(list) && row) {
            struct claim all[LISTS_MAX];
            size_t n = 0;
            for (unsigned k = 0; k < world->n_lists; k++)
                if (is_mine(&world->lists[k]) && world->lists[k].claim.generation == claim.generation) {
                    all[n] = world->lists[k].claim;
                    all[n++].len = world->lists[k].n;
                }
            qsort(all, n, sizeof all[0], claim_compare);
            struct settlement settlement;
            settlement_build(&settlement, all, n, &row->ledger, PREFIX, "other", ++world->other_number);
            claims_settle(world, &settlement, true);
            settlement_release(&settlement);
        } else if (is_mine(list) && !claim.adopted) {
            for (unsigned k = 0; k < world->n_lists; k++)
                if (is_mine(&world->lists[k]) && world->lists[k].claim.generation == claim.generation) {
                    world->lists[k].claim.adopted = true;
                    claim_name(&world->lists[k].claim, PREFIX);
                }
        } else if (strcmp(claim.consumer, "other") == 0 && row) {
            forget_entries(world, list, list->n);
            refusals_add(world, list->entries, list->n);
            list_remove(world, list);
        } else if (is_mine(list) || strcmp(claim.consumer, "other") == 0) {
            other_commit(world, &claim, claim.adopted);
        } else {
            continue;
        }
        return true;
    }
    return false;
}

/* --- the process: what the importer does with an action --- */

static void process_init(struct world *world, bool once) {
    plan_init(&world->plan, "me", PREFIX, false, once);
    plan_store_ready(&world->plan);
    world->job = NO_JOB;
    memset(world->filled, 0, sizeof world->filled);
}

/* false: not taken. */
static bool entry_fold(struct world *world, uint8_t entry) {
    struct batch *batch = plan_folding(&world->plan);
    struct row *row = &world->filled[world->plan.at];
    if (!world->plan.folding) return false;
    if (plan_is_cut(&world->plan) && batch->live && row->n > 0) return false;
    if (batch->ended || batch->full) return false;
    if (entry != END && row->n >= (world->used[TOO_LARGE] ? 1 : ROOM) && !batch->recount) {
        batch->full = true;
        return false;
    }
    batch->ended = entry == END;
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
    return world->used[LOST_BEFORE] || world->used[LOST_AFTER] || world->used[LAPSED] || world->used[OTHER_WORKS] ||
           world->used[CRASHED] || world->used[STORE_LEFT];
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
        must(!before->consumer[0] || same || row_find(world, before) || row->entries[i] == END,
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
        case PLAN_FORGET: must(!list_find(world, plan->forget.key), "a claim with entries was forgotten"); break;
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

/* Carries the consumer's operation out; answers it, where `answers`. */
static void operate(struct world *world, bool answers, bool otherwise) {
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
        if (answers) plan_listed(plan, listed, n);
        break;
    case PLAN_TAKE:
        if (world->n_queue == 0) {
            if (answers) plan_took_nothing(plan);
        } else if (world->n_queue > 1 && !otherwise) {
            must(!list_find(world, plan->backlog.key), "the name of a claim is in use");
            list = list_make(world, &plan->backlog);
            memcpy(list->entries, world->queue, world->n_queue);
            list->n = world->n_queue;
            world->n_queue = 0;
            if (answers) plan_took_all(plan);
        } else {
            list = list_make(world, plan_claim(plan));
            list->entries[list->n++] = world->queue[0];
            cut(world->queue, &world->n_queue, 1);
            if (answers) plan_took_some(plan, 1, entry_fold(world, list->entries[list->n - 1]));
        }
        break;
    case PLAN_READ:
        list = list_find(world, plan_claim(plan)->key);
        for (unsigned i = (unsigned)plan_claim(plan)->read; answers && list && i < list->n && taken < plan->limit;
             i++) {
            if (!entry_fold(world, list->entries[i])) {
                ended = false;
                break;
            }
            taken++;
        }
        if (answers) plan_read(plan, taken, ended);
        break;
    case PLAN_SETTLE:
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
        if (list) {
            memmove(world->queue + list->n, world->queue, world->n_queue);
            memcpy(world->queue, list->entries, list->n);
            world->n_queue += list->n;
            list_remove(world, list);
        }
        if (answers) plan_done(plan);
        break;
    default:
        if (answers) plan_done(plan);
        break;
    }
}

static void store_write(struct world *world) {
    world->written = true;
    if (world->job != COMMIT) return;
    struct row *row = &world->filled[!world->plan.at];
    world->refused = row_find(world, &row->ledger.id) != NULL;
    if (!world->refused) row_commit(world, row);
}

static void store_answer(struct world *world) {
    struct plan *plan = &world->plan;
    struct row *row = &world->filled[!plan->at];
    bool commit = world->job == COMMIT;
    world->job = NO_JOB;
    if (!commit) {
        const struct row *found = row_find(world, &world->asked);
        struct ledger_row ledger;
        if (found) ledger = found->ledger;
        plan_found(plan, found ? &ledger : NULL);
    } else if (world->refused) {
        plan_taken(plan);
    } else {
        plan_committed(plan, &row->ledger);
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
    case LOST_BEFORE: return plan->connected && !plan->once;
    case CONNECTED: return !plan->connected;
    case STORE_WRITES: return world->job != NO_JOB && !world->written;
    case STORE_ANSWERS: return world->job != NO_JOB && world->written;
    case RESUMED: return plan->paused;
    case STORE_LEFT: return plan->stopping && world->job != NO_JOB;
    case LAPSED: return plan->connected;
    case TOO_LARGE: return world->job == COMMIT && !world->written && !world->used[STOPPED];
    case OTHER_WORKS: return true;
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
    if (event == LOST_BEFORE || event == LOST_AFTER || event == CRASHED) world->lapsed = false;
    switch (event) {
    case ANSWERED: operate(world, true, false); break;
    case ANSWERED_OTHERWISE: operate(world, true, true); break;
    case LOST_AFTER:
        operate(world, false, false);
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
    must(world->refusals[REFUSED] <= 1 || world->used[OTHER_WORKS], "an entry was refused twice");
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
            must(elsewhere || entry != REFUSED || world->refusals[REFUSED] > 0, "a refused entry is silently gone");
        }
    world_free(world);
}

#endif
