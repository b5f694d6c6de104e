/* Carries out what the plan decides: the queue's entries into the committer's generations. */
#include "import/importer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "flow/lost.h"
#include "import/counters.h"
#include "import/leftovers.h"
#include "import/missing.h"
#include "import/own_clock.h"
#include "import/plan.h"
#include "import/writer.h"

struct importer {
    const struct importer_config *config;
    const struct clock *clock;
    void (*finished)(void *context, int exit_code);
    void *context;

    struct consumer *consumer;
    struct committer *committer;
    struct event *look, *resume, *clock_look, *count;
    enum own_clock own_clock;
    struct plan plan;

    /* of the entries that the consumer hands over */
    struct folder *folder;
    struct generation *generation; /* NULL: none is open, and entries stay in their claims */
    struct batch *batch;           /* its */
    int64_t now;                   /* the epoch of their claim */
    const struct claim *claim;     /* that they are in, where it is counted; in the batch */
    int64_t place;                 /* of the next of them */
    struct known known;            /* what the ledger has of the entries around */
    struct leftovers held;         /* popped entries (at-most-once) that found no room, or stood behind END */
    struct missing missing;        /* what Redis has lost */
};

/* --- entries --- */

/* false: not taken; the batch is full, or has ended. */
static bool entry_fold(struct importer *importer, int64_t now, const char *text, size_t len) {
    struct batch *batch = importer->batch;
    if (batch->ended || batch->full) return false;
    if (importer->generation->ledger.entries >= committer_entries_max(importer->committer) && !batch->recount) {
        batch->full = true;
        return false;
    }
    switch (fold_entry(importer->folder, importer->generation, now, text, len)) {
    case FOLD_TAKEN: return true;
    case FOLD_FULL: batch->full = true; return false;
    case FOLD_END: batch->ended = true; return true; /* counted in the claim, not in the ledger */
    }
    return false;
}

/* The same of an entry whose place is counted: where the ledger has it, it is taken to no effect. */
static bool placed_fold(struct importer *importer, const char *text, size_t len) {
    struct generation *generation = importer->generation;
    struct batch *batch = importer->batch;
    const struct claim *claim = importer->claim;
    uint32_t hash = known_hash(text, len);
    if (batch->ended || batch->full) return false;
    if (!plan_may_fold(&importer->plan, claim, importer->place)) return false;
    if (plan_looks_up(&importer->plan, claim) && known_has(&importer->known, importer->place, hash)) {
        generation->known++;
        importer->place++;
        return true;
    }
    if (!places_take(&generation->places, claim->queue_id)) {
        batch->full = true;
        return false;
    }
    if (!entry_fold(importer, importer->now, text, len)) return false;
    if (!batch->recount)
        places_add(&generation->places, claim->queue_id, importer->place, hash, plan_ring(&importer->plan, claim));
    importer->place++;
    return true;
}

static bool on_entry(void *context, const char *text, size_t len) {
    struct importer *importer = context;
    if (importer->plan.at_most_once) { /* which has nowhere else to leave what finds no room */
        if (!entry_fold(importer, importer->now, text, len)) leftovers_add(&importer->held, text, len);
        importer->batch->has_more = true; /* the plan hears of it with the last answer, which may be lost */
        return true;
    }
    if (!importer->plan.folding) return false; /* dropped while its answer was under way */
    importer->plan.midway = true;
    if (plan_is_cut(&importer->plan) && importer->batch->live && importer->generation->ledger.entries > 0) return false;
    return importer->claim ? placed_fold(importer, text, len) : entry_fold(importer, importer->now, text, len);
}

static bool held_entry(void *context, const char *text, size_t len) {
    struct importer *importer = context;
    return entry_fold(importer, clock_now(importer->clock), text, len);
}

/* --- what the plan wants done --- */

static void generation_open(struct importer *importer) {
    importer->batch = plan_folding(&importer->plan);
    importer->generation = committer_folding(importer->committer);
    generation_start(importer->generation, &importer->batch->id);
    importer->generation->recount = importer->batch->recount;
    importer->generation->ledger.adopted = importer->batch->adopted;
}

static void generation_hand_over(struct importer *importer) {
    const struct generation *generation = importer->generation;
    if (generation->known > 0)
        log_warning("queue",
                    "Redis has gone back in time: %" PRIu64
                    " of the entries that it handed out were counted before; they are dropped",
                    generation->known);
    batch_mark_end(plan_writing(&importer->plan), &importer->generation->ledger);
    committer_hand_over(importer->committer, importer->plan.cause);
}

/* The next entries are those from the n-th of the claim on. */
static void claim_look(struct importer *importer, const struct claim *claim, int64_t n) {
    importer->now = claim->epoch;
    importer->claim = claim->queue_id[0] ? claim : NULL;
    importer->place = claim->place + n;
}

static void take(struct importer *importer) {
    const struct plan *plan = &importer->plan;
    importer->now = plan->fresh.epoch;
    importer->claim = NULL;
    consumer_take(importer->consumer, plan_fill(plan), &plan->fresh, !plan->once);
}

static void on_claimed(void *context, const struct consumer_claimed *claimed) {
    struct importer *importer = context;
    const struct claim *claim = plan_claimed(&importer->plan, claimed);
    if (claim) claim_look(importer, claim, claim->len - claimed->moved);
}

static void know(struct importer *importer) {
    const struct plan_known *known = &importer->plan.known;
    struct places_question question = {.from = known->from, .to = known->to, .known = &importer->known};
    memcpy(question.queue_id, known->queue_id, sizeof question.queue_id);
    committer_know(importer->committer, &question);
}

static void claim_read(struct importer *importer) {
    const struct claim *claim = plan_claim(&importer->plan);
    claim_look(importer, claim, claim->read);
    consumer_read(importer->consumer, claim, importer->plan.limit);
}

static void settle(struct importer *importer) {
    const struct plan *plan = &importer->plan;
    const struct settlement *built = &plan->settlement;
    const struct generation *generation = plan->rejects == REJECTS_WRITING   ? committer_writing(importer->committer)
                                          : plan->rejects == REJECTS_FOLDING ? importer->generation
                                                                             : NULL;
    struct consumer_settlement settlement = {.finished = built->finished,
                                             .n_finished = built->n_finished,
                                             .rests = built->rests,
                                             .rests_to = built->rests_to,
                                             .n_rests = built->n_rests};
    if (generation) {
        settlement.rejects = generation->rejects.data;
        settlement.reject_ends = generation->reject_ends;
        settlement.n_rejects = generation->n_rejects;
    }
    consumer_settle(importer->consumer, &settlement);
}

static void pause_begin(struct importer *importer) {
    unsigned ms = importer->plan.pause_ms;
    struct timeval time = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
    evtimer_add(importer->resume, &time);
}

static void finish(struct importer *importer, int exit_code) {
    importer->plan.finished = true;
    importer->finished(importer->context, exit_code);
}

static int exit_code(const struct importer *importer) {
    return importer->plan.once && committer_counters(importer->committer)->rejected > 0 ? 3 : 0;
}

static void act(struct importer *importer, enum plan_action action) {
    struct plan *plan = &importer->plan;
    struct consumer *consumer = importer->consumer;
    struct generation_id old;
    switch (action) {
    case PLAN_WAIT: break;
    case PLAN_PAUSE: pause_begin(importer); break;
    case PLAN_OPEN: generation_open(importer); break;
    case PLAN_FOLD_HELD:
        plan->held = leftovers_pass(&importer->held, held_entry, importer);
        plan_held(plan);
        break;
    case PLAN_HAND_OVER: generation_hand_over(importer); break;
    case PLAN_FIND:
        old = plan_old(plan);
        committer_find(importer->committer, &old);
        break;
    case PLAN_KNOW: know(importer); break;
    case PLAN_FINISH: finish(importer, exit_code(importer)); break;
    case PLAN_LIST: consumer_list(consumer); break;
    case PLAN_TAKE: take(importer); break;
    case PLAN_READ: claim_read(importer); break;
    case PLAN_SETTLE: settle(importer); break;
    case PLAN_ADOPT: consumer_rename(consumer, plan->from, plan->old, plan->n_old); break;
    case PLAN_RETURN: consumer_return(consumer, &plan->returning[plan->n_returning - 1]); break;
    case PLAN_PUSH_BACK:
        consumer_push_back(consumer, importer->held.texts.data, importer->held.ends, importer->held.n);
        leftovers_clear(&importer->held);
        break;
    case PLAN_LEAVE: consumer_leave(consumer); break;
    }
}

static void own_clock_text(const struct importer *importer, struct buffer *out) {
    own_clock_tell(importer->own_clock, clock_now(importer->clock), own_clock_built(),
                   committer_last_commit(importer->committer), out);
}

/* A daemon waits until the clock is right; a person who calls the hand tool must set it. */
static void own_clock_look(struct importer *importer) {
    struct plan *plan = &importer->plan;
    struct buffer text = BUFFER_INIT;
    enum own_clock before = importer->own_clock;
    importer->own_clock =
        own_clock_judge(clock_now(importer->clock), own_clock_built(), committer_last_commit(importer->committer));
    plan->clock_wrong = importer->own_clock != OWN_CLOCK_RIGHT;
    if (plan->clock_wrong) event_add(importer->clock_look, &(struct timeval){.tv_sec = 1});
    if (importer->own_clock == before) return;
    own_clock_text(importer, &text);
    if (!plan->clock_wrong)
        log_notice("import", "this host's clock is right again; taking entries");
    else
        log_error("import", "%s; %s", text.data,
                  plan->once ? "nothing is taken" : "entries wait in the queue until it is right");
    buffer_release(&text);
    if (plan->clock_wrong && plan->once && !plan->finished) finish(importer, 1);
}

/* Does whatever can be done next. Called after every event. */
static void step(struct importer *importer) {
    enum plan_action action;
    struct plan *plan = &importer->plan;
    if (plan->store_ready) own_clock_look(importer);
    if (plan->finished) return;
    do {
        if (plan->writing == WRITING_NONE && committer_writing(importer->committer))
            committer_release(importer->committer);
        plan->naming = consumer_is_naming(importer->consumer);
        plan->held = importer->held.n > 0;
        plan->store_away = committer_is_failing(importer->committer);
        action = plan_next(plan, clock_now_us(importer->clock));
        act(importer, action);
    } while (action != PLAN_WAIT && !plan->finished);
}

/* --- what Redis has lost --- */

static void missing_tell(struct importer *importer, int64_t back) {
    const struct missing *missing = &importer->missing;
    uint32_t now = (uint32_t)clock_now(importer->clock);
    struct lost lost = {.what = LOST_ENTRIES, .n = missing->telling, .start = now, .end = now};
    char entry[LOST_ENTRY_MAX] = "";
    snprintf(lost.source, sizeof lost.source, "redis:%.57s", importer->config->queue.queue);
    if (missing->telling > 0) lost_write(&lost, entry);
    consumer_looked(importer->consumer, &missing->count, back, entry);
}

static void on_counted(void *context, const struct consumer_count *count) {
    struct importer *importer = context;
    struct places_gap gap;
    switch (missing_counted(&importer->missing, count, &gap)) {
    case MISSING_NOTHING: break;
    case MISSING_ASK: committer_gap(importer->committer, &gap); break;
    case MISSING_TELL: missing_tell(importer, 0); break;
    }
}

static void gap_answered(struct importer *importer, const struct places_gap *gap) {
    int64_t back = 0;
    if (missing_answered(&importer->missing, gap, &back) == MISSING_TELL) missing_tell(importer, back);
}

static void on_looked(void *context, bool first) {
    struct importer *importer = context;
    if (first) missing_told(&importer->missing, clock_now(importer->clock), importer->config->queue.queue);
}

static void on_count(evutil_socket_t fd, short what, void *context) {
    const struct importer *importer = context;
    (void)fd, (void)what;
    consumer_count(importer->consumer);
}

/* --- the committer's news --- */

static void taken(struct importer *importer) {
    const struct batch *batch = plan_writing(&importer->plan);
    if (importer->plan.at_most_once) { /* the sums are nowhere else; another process had the same microsecond */
        int64_t number = generation_number(&importer->plan.last_number, clock_now_us(importer->clock));
        committer_rename(importer->committer, number);
        return;
    }
    log_notice("import", "generation %s/%" PRId64 ": committed by another consumer; dropping our sums",
               batch->id.consumer, batch->id.generation);
    plan_taken(&importer->plan);
}

static void left(struct importer *importer, const char *why) {
    if (why)
        log_warning("store", "%s; stopping: the generation stays in its claims for the next start", why);
    else
        log_warning("store", "stopping while the store is away: what was taken stays in its claims for the next start");
    plan_abandon(&importer->plan);
}

static void failed(struct importer *importer, const char *why) {
    log_error("store", "%s", why);
    if (!importer->plan.finished) finish(importer, 1);
}

/* The first answer of a connection: how far the queue counts, and how far the store. */
static void went_back_tell(struct importer *importer, int64_t end) {
    const struct plan_known *known = &importer->plan.known;
    if (!known->next || known->from >= end) return;
    log_warning("queue",
                "Redis has gone back in time: %" PRId64 " entries were taken out of the queue, and it has counted "
                "%" PRId64 "; what it hands out again is dropped",
                end, known->from);
    missing_went_back(&importer->missing, end - known->from, clock_now(importer->clock));
}

static void on_told(void *context, const struct committer_news *news) {
    struct importer *importer = context;
    struct plan *plan = &importer->plan;
    switch (news->event) {
    case COMMITTER_READY: plan_store_ready(plan); break;
    case COMMITTER_COMMITTED: plan_committed(plan, news->ledger, news->places); break;
    case COMMITTER_TAKEN: taken(importer); break;
    case COMMITTER_TOO_LARGE:
        if (plan->at_most_once) { /* nothing can be read again */
            failed(importer, news->why);
            return;
        }
        plan_too_large(plan);
        break;
    case COMMITTER_OVERLAPS: plan_overlaps(plan); break;
    case COMMITTER_FOUND: plan_found(plan, news->ledger); break;
    case COMMITTER_KNOWS:
        plan_knows(plan, news->places);
        went_back_tell(importer, news->places->end);
        break;
    case COMMITTER_LEFT: left(importer, news->why); break;
    case COMMITTER_GAP: gap_answered(importer, news->gap); break;
    case COMMITTER_FLUSH: plan_flush(plan, FLUSH_INTERVAL); break;
    case COMMITTER_FAILED: failed(importer, news->why); return;
    }
    step(importer);
}

/* --- the consumer's --- */

static void on_ready(void *context) {
    struct importer *importer = context;
    plan_connected(&importer->plan);
    if (!importer->config->queue.once) consumer_count(importer->consumer);
    step(importer);
}

static void on_lost(void *context) {
    struct importer *importer = context;
    plan_lost(&importer->plan);
    step(importer);
}

static void on_failed(void *context, const char *why) {
    struct importer *importer = context;
    plan_lost(&importer->plan);
    log_error("queue", "%s", why);
    if (!importer->plan.finished) finish(importer, 1);
}

static void on_done(void *context, const struct consumer_result *result) {
    struct importer *importer = context;
    struct plan *plan = &importer->plan;
    if (plan->folding) committer_look(importer->committer);
    switch (plan->under_way) {
    case PLAN_LIST: plan_listed(plan, result); break;
    case PLAN_READ: plan_read(plan, result->taken, result->ended); break;
    case PLAN_TAKE: plan_took(plan, result->moved, result->left, result->taken); break;
    default: plan_done(plan); break;
    }
    step(importer);
}

/* --- timers and the outside --- */

static void on_look(evutil_socket_t fd, short what, void *context) {
    struct importer *importer = context;
    (void)fd, (void)what;
    plan_look(&importer->plan);
    step(importer);
}

static void on_clock_look(evutil_socket_t fd, short what, void *context) {
    (void)fd, (void)what;
    step(context);
}

static void on_resume(evutil_socket_t fd, short what, void *context) {
    struct importer *importer = context;
    (void)fd, (void)what;
    plan_resumed(&importer->plan);
    step(importer);
}

void importer_flush(struct importer *importer) {
    plan_flush(&importer->plan, FLUSH_SIGNAL);
    step(importer);
}

void importer_stop(struct importer *importer) {
    plan_stop(&importer->plan);
    consumer_hurry(importer->consumer);
    committer_stop(importer->committer);
    step(importer);
}

const struct importer_counters *importer_counters(const struct importer *importer) {
    return committer_counters(importer->committer);
}

struct importer *importer_new(struct event_base *base, const struct importer_config *config,
                              const struct flow_layout *layout, const struct schema *schema, const struct clock *clock,
                              void (*finished)(void *context, int exit_code), void *context, struct error *error) {
    const struct consumer_config *queue = &config->queue;
    struct importer *importer = mem_zalloc(1, sizeof *importer);
    struct consumer_handler handler = {importer,   on_ready, on_lost,    on_failed, on_entry,
                                       on_claimed, on_done,  on_counted, on_looked};
    importer->consumer = consumer_new(base, queue, &handler, error);
    if (!importer->consumer) {
        free(importer);
        return NULL;
    }
    importer->config = config;
    importer->clock = clock;
    importer->finished = finished;
    importer->context = context;
    plan_init(&importer->plan, queue->name, consumer_prefix(importer->consumer), queue->at_most_once, queue->once);
    enum committer_patience patience = queue->once           ? PATIENCE_BOUNDED
                                       : queue->at_most_once ? PATIENCE_ALONE
                                                             : PATIENCE_SOURCE;
    importer->committer = committer_new(base, config, layout, schema, clock, patience, on_told, importer);
    importer->folder = committer_folder(importer->committer);
    importer->look = event_new(base, -1, EV_PERSIST, on_look, importer);
    importer->resume = evtimer_new(base, on_resume, importer);
    importer->clock_look = evtimer_new(base, on_clock_look, importer);
    importer->count = event_new(base, -1, EV_PERSIST, on_count, importer);
    return importer;
}

void importer_start(struct importer *importer) {
    const struct consumer_config *queue = &importer->config->queue;
    struct timeval look = {.tv_sec = (queue->timeout + 1) / 2};
    if (!queue->once && !queue->at_most_once) event_add(importer->look, &look);
    if (!queue->once && !queue->at_most_once) event_add(importer->count, &(struct timeval){.tv_sec = queue->timeout});
    committer_start(importer->committer, !queue->once, !queue->once);
    consumer_start(importer->consumer);
}

void importer_reconfigure(struct importer *importer) {
    consumer_reconfigure(importer->consumer);
    committer_reconfigure(importer->committer);
}

void importer_free(struct importer *importer) {
    if (!importer) return;
    committer_free(importer->committer);
    consumer_free(importer->consumer);
    event_free(importer->look);
    event_free(importer->resume);
    event_free(importer->clock_look);
    event_free(importer->count);
    plan_release(&importer->plan);
    known_release(&importer->known);
    leftovers_release(&importer->held);
    free(importer);
}

/* --- as a person or a monitor sees it --- */

static const char *const recoveries[] = {
    [RECOVERY_NONE] = "none",   [RECOVERY_DUE] = "due",           [RECOVERY_FINDING] = "finding",
    [RECOVERY_FOUND] = "found", [RECOVERY_ADOPTING] = "adopting", [RECOVERY_REPLAYING] = "replaying",
};

static void batch_look(const struct batch *batch, uint64_t entries, struct counters_held *held) {
    if (batch->recount) return;
    held->entries += entries;
    for (size_t i = 0; i < batch->n_claims; i++)
        if (batch->claims[i].len != 0 && batch->claims[i].epoch < held->oldest) held->oldest = batch->claims[i].epoch;
}

static struct counters_held held_find(const struct importer *importer) {
    struct counters_held held = {.oldest = INT64_MAX};
    const struct plan *plan = &importer->plan;
    bool old = plan->recovery == RECOVERY_FINDING || plan->recovery == RECOVERY_ADOPTING;
    if (plan->folding) batch_look(&plan->batches[plan->at], importer->generation->ledger.entries, &held);
    if (plan->writing == WRITING)
        batch_look(&plan->batches[!plan->at], committer_writing(importer->committer)->ledger.entries, &held);
    for (size_t i = 0; old && i < plan->n_old; i++)
        if (plan->old[i].epoch < held.oldest) held.oldest = plan->old[i].epoch;
    committer_memory(importer->committer, &held.bytes, &held.rows);
    return held;
}

void importer_show(const struct importer *importer, struct show *show) {
    const struct plan *plan = &importer->plan;
    struct counters_held held = held_find(importer);
    committer_show_import(importer->committer, &held, show);
    show_bool(show, "folding", plan->folding && batch_has_content(&plan->batches[plan->at]));
    show_bool(show, "writing", plan->writing == WRITING);
    show_gauge(show, "clock_wrong", "Whether this host's clock is plainly wrong, so that entries wait in the queue.",
               plan->clock_wrong);
    show_text(show, "recovery", recoveries[plan->recovery]);
    show_bool(show, "stopping", plan->stopping);
    consumer_show(importer->consumer, show);
    missing_show(&importer->missing, show);
    committer_show_store(importer->committer, show);
}

void importer_problems(const struct importer *importer, struct buffer *out) {
    struct counters_held held = held_find(importer);
    if (importer->plan.clock_wrong) {
        buffer_add_text(out, "import: ");
        own_clock_text(importer, out);
        buffer_add_text(out, "\n");
    }
    consumer_problems(importer->consumer, out);
    missing_problems(&importer->missing, clock_now(importer->clock), out);
    committer_problems(importer->committer, &held, out);
}
