/* What the importer's plan acts upon, as a model: Redis, the ledger, another consumer. */
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
#include "sanitized.h"

#define PREFIX "{q}"

enum {
    DEPTH = SANITIZED ? 6 : 8,
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
    LOST_MIDWAY, /* after it, and after the first of the entries have come */
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
    SAVED,     /* Redis writes a snapshot */
    WENT_BACK, /* Redis is killed, and begins anew with it */
    LATE,      /* another consumer commits what it had taken before that */
    EVENTS
};

static const char *const event_names[EVENTS] = {
    "answered",     "answered otherwise", "lost before", "lost after",  "lost midway", "connected",
    "store writes", "store answers",      "resumed",     "stopped",     "store left",  "flush",
    "look",         "time passes",        "lapsed",      "other works", "crashed",     "too large",
    "saved",        "went back",          "late"};

/* How often each may happen; the others follow from what is under way. */
static const unsigned budgets[EVENTS] = {[ANSWERED] = 99,     [ANSWERED_OTHERWISE] = 1,
                                         [LOST_BEFORE] = 1,   [LOST_AFTER] = 2,
                                         [LOST_MIDWAY] = 1,   [CONNECTED] = 99,
                                         [STORE_WRITES] = 99, [STORE_ANSWERS] = 99,
                                         [RESUMED] = 99,      [STOPPED] = 1,
                                         [STORE_LEFT] = 1,    [FLUSH_ASKED] = 1,
                                         [LOOK_DUE] = 1,      [TIME_PASSES] = 1,
                                         [LAPSED] = 1,        [OTHER_WORKS] = 6,
                                         [CRASHED] = 1,       [TOO_LARGE] = 1,
                                         [SAVED] = 1,         [WENT_BACK] = 1,
                                         [LATE] = 1};

#define QUEUE_ID "0123456789abcdef"

struct list {
    struct claim claim;
    unsigned n;
    uint8_t entries[ENTRIES_MAX];
};

struct row {
    struct ledger_row ledger;
    unsigned ring; /* rows when it was known that no entry of it is in them */
    unsigned n;
    uint8_t entries[ENTRIES_MAX];
};

#define REDIS_FIELDS                                                                                                   \
    unsigned n_queue;                                                                                                  \
    uint8_t queue[ENTRIES_MAX];                                                                                        \
    unsigned n_lists;                                                                                                  \
    struct list lists[LISTS_MAX];                                                                                      \
    int64_t counted; /* taken out of the queue so far */

struct redis_model {
    REDIS_FIELDS
};

struct world {
    union {
        struct redis_model redis;
        struct {
            REDIS_FIELDS
        };
    };
    bool counts;              /* it counts what is taken, and may go back in time */
    int64_t window;           /* places that the ledger is asked for at a time; 0: as ever */
    struct redis_model saved; /* its snapshot */
    /* the store */
    int64_t end; /* behind the highest place of a committed entry */
    struct row late;
    int64_t places[ENTRIES_MAX]; /* of each entry, and 1; 0: it was not taken yet */
    unsigned n_rows;
    struct row rows[ROWS_MAX];
    /* the process */
    struct plan plan;
    struct row filled[2]; /* the committer's generations, as plan.batches */
    enum { NO_JOB, COMMIT, FIND, KNOW } job;
    bool written, refused, overlaps; /* the job was carried out; the ledger had the name, or an entry */
    unsigned known;                  /* entries that the ledger had when it was asked, a bit each */
    struct places_known known_places;
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

static void place_set(struct world *world, uint8_t entry, int64_t place) {
    must(world->places[entry] == 0 || world->places[entry] == place + 1, "an entry has two places");
    world->places[entry] = place + 1;
}

static void row_commit(struct world *world, const struct row *row) {
    for (unsigned i = 0; i < row->n; i++)
        if (world->places[row->entries[i]] > world->end) world->end = world->places[row->entries[i]];
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
            if (world->counts) place_set(world, list->entries[read], list->claim.place + read);
            if (world->counts && is_committed(world, list->entries[read]))
                read++;
            else
                row.entries[row.n++] = list->entries[read++];
        }
        row.ledger.claim = claims[i].n;
        row.ledger.position = read;
    }
    row.ledger.rejected = memchr(row.entries, REFUSED, row.n) != NULL;
    row_commit(world, &row);
}

static void give_back(struct world *world, struct list *list) {
    memmove(world->queue + list->n, world->queue, world->n_queue);
    memcpy(world->queue, list->entries, list->n);
    world->n_queue += list->n;
    list_remove(world, list);
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
            unsigned read = claim.n == row->ledger.claim  ? (unsigned)row->ledger.position
                            : claim.n < row->ledger.claim ? list->n
                                                          : 0;
            forget_entries(world, list, read);
            refusals_add(world, list->entries, read);
            cut(list->entries, &list->n, read);
            give_back(world, list); /* what stands behind END */
        } else if (is_mine(list) || strcmp(claim.consumer, "other") == 0) {
            other_commit(world, &claim, claim.adopted);
        } else {
            continue;
        }
        return true;
    }
    return false;
}

#endif
