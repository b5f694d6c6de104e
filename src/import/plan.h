/* The queue importer's decisions: what has happened goes in, the next thing to do comes out. No I/O, no clock, no
 * thread; importer.c carries out. So a test can walk every order of events.
 *
 * One operation of the consumer is under way at a time, and one job of the committer. An entry is in one place: the
 * queue, or a claim; a claim belongs to one batch, and is settled after that batch's generation has committed. What a
 * crash, a lost connection or a dead consumer has left behind is worked off one generation at a time, each under the
 * name it was begun with, so that the ledger lets it commit once.
 *
 * Redis may have gone back in time (a snapshot, a replica): entries that have committed stand on the queue or in claims
 * again. They have the places they had, so before entries are folded that are not beyond all places that the ledger
 * has, it is asked for those around them. */
#ifndef FLOWIMPORT_IMPORT_PLAN_H
#define FLOWIMPORT_IMPORT_PLAN_H

#include <string.h>

#include "import/batch.h"
#include "import/committer.h"
#include "queue/consumer.h"

/* What is to be done. Those of the consumer are answered by one of the plan_… calls below, or by plan_lost(). */
enum plan_action {
    PLAN_WAIT,      /* nothing, until something happens */
    PLAN_PAUSE,     /* plan_resumed() is to be called after plan->pause_ms */
    PLAN_OPEN,      /* the committer's generation being filled gets the name of plan_folding() */
    PLAN_FOLD_HELD, /* held entries go into it: plan_held() */
    PLAN_HAND_OVER, /* it goes to the committer, for plan->cause, with the mark of plan_writing() */
    PLAN_FIND,      /* the ledger is asked for plan_old() */
    PLAN_KNOW,      /* the ledger is asked for the places of plan->known */
    PLAN_FINISH,    /* all is over */
    /* operations of the consumer */
    PLAN_LIST,
    PLAN_TAKE,      /* into plan_fill(), if it is one, or plan->fresh */
    PLAN_READ,      /* plan_claim(), plan->limit entries at most */
    PLAN_SETTLE,    /* plan->settlement, with the refused entries of plan->rejects */
    PLAN_ADOPT,     /* plan->from to plan->old */
    PLAN_RETURN,    /* the last of plan->returning */
    PLAN_PUSH_BACK, /* held entries */
    PLAN_LEAVE,
};

enum plan_rejects { REJECTS_NONE, REJECTS_WRITING, REJECTS_FOLDING };

/* Old claims are worked off one generation at a time. */
enum recovery {
    RECOVERY_NONE,
    RECOVERY_DUE,      /* the claims must be listed */
    RECOVERY_FINDING,  /* the ledger is asked about `old` */
    RECOVERY_FOUND,    /* it has committed: its claims are to be settled */
    RECOVERY_ADOPTING, /* it has not, and is another's */
    RECOVERY_REPLAYING,
};

enum { PLAN_WINDOW = 1 << 16 };

/* What the ledger has said of the places of a queue's entries. */
struct plan_known {
    bool valid, stale; /* stale: asked before the connection was lost */
    char queue_id[QUEUE_ID_MAX];
    int64_t end, ring;   /* no place from `end` on is in the ledger, nor was when it had `ring` rows of them */
    int64_t from, to;    /* the places asked for, */
    int64_t window_ring; /* and when */
    bool next;           /* the queue itself counts on from the place `from` */
};

struct plan {
    /* who we are; set once, borrowed */
    const char *name, *prefix; /* the consumer's, and the queue's (claim_prefix) */
    bool at_most_once, once;
    int64_t window; /* places that the ledger is asked for at a time: PLAN_WINDOW, but for tests */

    /* what the caller keeps true */
    bool naming;      /* Redis is being asked for our name */
    bool clock_wrong; /* this host's: nothing is taken out of the queue */
    bool store_away;  /* it has failed: the same, others may be able to write */
    bool held;        /* popped entries (at-most-once) found no room, or stood behind END */
    bool midway;      /* entries of the answer under way were folded; false again once it has ended */

    /* of the actions */
    enum plan_action under_way; /* the consumer's operation; PLAN_WAIT: none */
    unsigned pause_ms;
    enum flush_cause cause;
    int64_t limit;
    enum plan_rejects rejects;
    struct claim fresh; /* what a take makes, but for its place */
    struct plan_known known;
    struct settlement settlement;
    struct claim *from; /* the names of `old` before the adoption */

    /* the rest is the plan's own */
    bool connected, store_ready, left, finished;
    bool stopping, stop_asked; /* for END or an empty queue; from outside */
    bool abandoned;            /* stopping while the store is away: the next start goes on from the claims */
    bool flush_due, look_due;
    enum flush_cause due_cause; /* of flush_due */
    bool paused, pause_asked;
    bool opening;                  /* a batch was begun, and PLAN_OPEN is to come */
    bool finding;                  /* the committer has a question */
    char counted_id[QUEUE_ID_MAX]; /* what the queue counts on from; "": not to be compared with the ledger */
    int64_t counted;
    bool filling; /* the take under way may fill the claim plan_claim() */
    int64_t last_number;

    struct batch batches[2];
    unsigned at;  /* which of them is or will be filled; the other is or was written */
    bool folding; /* batches[at] is in use */
    enum plan_writing { WRITING_NONE, WRITING, WRITING_COMMITTED } writing; /* batches[!at] */
    bool stale; /* the connection was lost since: its claims may be others' by now */

    enum recovery recovery;
    struct claim *old; /* claims of the old generation under way */
    size_t n_old;
    struct ledger_row ledger; /* of the generation that is to be settled */

    struct claim *returning; /* rests behind END, given back from the last on */
    size_t n_returning;
};

void plan_init(struct plan *plan, const char *name, const char *prefix, bool at_most_once, bool once);
void plan_release(struct plan *plan);

/* What to do next, to be asked after every event until it says PLAN_WAIT; an operation of the consumer makes it say so.
 * `now_us`: microseconds since the epoch. */
enum plan_action plan_next(struct plan *plan, int64_t now_us) __attribute__((warn_unused_result));

/* --- what has happened --- */

void plan_connected(struct plan *plan); /* to Redis, and our name is ours */
/* Whatever operation was under way has no answer. What was folded is dropped, and read again; but when we are stopping
 * it is written, where it is certain which entries of which claims it has. */
void plan_lost(struct plan *plan);
void plan_resumed(struct plan *plan);
void plan_stop(struct plan *plan);
void plan_flush(struct plan *plan, enum flush_cause cause); /* the generation is to end soon */
void plan_look(struct plan *plan);                          /* it is time to look for dead consumers */

/* The committer's. */
void plan_store_ready(struct plan *plan);
void plan_committed(struct plan *plan, const struct ledger_row *ledger, const struct places_known *places);
void plan_taken(struct plan *plan);     /* another has written our generation */
void plan_too_large(struct plan *plan); /* nothing of it was written: its claims are read again, in smaller pieces */
void plan_found(struct plan *plan, const struct ledger_row *ledger);   /* NULL: the ledger does not have it */
void plan_knows(struct plan *plan, const struct places_known *places); /* the answer to PLAN_KNOW */
/* Nothing was written: some of the entries have committed in another generation meanwhile. All are read again. */
void plan_overlaps(struct plan *plan);
void plan_abandon(struct plan *plan); /* the store is away, and we are stopping */

/* The consumer's: its operation has ended. */
void plan_listed(struct plan *plan, const struct consumer_result *result);
/* Of PLAN_TAKE, before it ends and before entries are folded: where they are. The claim; NULL: the batch was dropped.
 */
const struct claim *plan_claimed(struct plan *plan, const struct consumer_claimed *claimed);
/* After PLAN_TAKE and PLAN_READ batch.full and batch.ended say what became of the entries. `moved` left the queue, in
 * which `left` were then; `taken` of them were folded. */
void plan_took(struct plan *plan, int64_t moved, uint64_t left, int64_t taken);
void plan_read(struct plan *plan, int64_t taken, bool ended);
void plan_done(struct plan *plan); /* any other */
/* Held entries were folded, as far as there was room. */
void plan_held(struct plan *plan);

/* --- looking --- */

static inline struct batch *plan_folding(struct plan *plan) { return &plan->batches[plan->at]; }
static inline struct batch *plan_writing(struct plan *plan) { return &plan->batches[!plan->at]; }
static inline const struct claim *plan_claim(const struct plan *plan) {
    const struct batch *batch = &plan->batches[plan->at];
    return &batch->claims[batch->at];
}
/* Which claim a take may go on filling; NULL: none. */
static inline const struct claim *plan_fill(const struct plan *plan) { return plan->filling ? plan_claim(plan) : NULL; }
/* Whether an entry of the claim that has this place may be folded, or the ledger must be asked first. */
static inline bool plan_may_fold(const struct plan *plan, const struct claim *claim, int64_t place) {
    const struct plan_known *known = &plan->known;
    if (!claim->queue_id[0] || claim->is_new || plan->batches[plan->at].recount) return true;
    if (!known->valid || strcmp(known->queue_id, claim->queue_id) != 0) return false;
    return place >= known->from && place < known->to;
}
/* Whether the answer to PLAN_KNOW may have an entry of the claim, which plan_may_fold(). Not of a new one: it may be
 * folded while the ledger is asked again, and the answer is being written. */
static inline bool plan_looks_up(const struct plan *plan, const struct claim *claim) {
    return !claim->is_new && !plan->batches[plan->at].recount;
}
/* How many rows the ledger had of places when it was known not to have the entries of the claim that may be folded. */
static inline int64_t plan_ring(const struct plan *plan, const struct claim *claim) {
    return claim->is_new ? claim->ring : plan->known.window_ring;
}
static inline struct generation_id plan_old(const struct plan *plan) {
    struct generation_id id = {.generation = plan->old[0].generation};
    memcpy(id.consumer, plan->old[0].consumer, sizeof id.consumer);
    return id;
}
/* Whether the committer is free: it writes nothing, and has no question. */
static inline bool plan_may_hand_over(const struct plan *plan) {
    return plan->writing == WRITING_NONE && !plan->finding;
}
/* Whether the generation being filled is to end before the next entry. */
static inline bool plan_is_cut(const struct plan *plan) { return plan->flush_due && plan_may_hand_over(plan); }

#endif
