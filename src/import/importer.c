/* The importer's state: events in, one next step out. */
#include "import/importer.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "import/counters.h"
#include "import/importer_impl.h"

enum { STORE_RETRY_FIRST_MS = 100, LOST_RACE_MS = 1000 };

void importer_pause(struct importer *importer, unsigned ms) {
    struct timeval time = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
    importer->pause = true;
    evtimer_add(importer->again, &time);
}

int64_t importer_generation(struct importer *importer) {
    int64_t now = clock_now_us(importer->clock);
    importer->last_generation = now > importer->last_generation ? now : importer->last_generation + 1;
    return importer->last_generation;
}

struct batch *importer_batch(struct importer *importer) {
    return importer->writing == &importer->batches[0] ? &importer->batches[1] : &importer->batches[0];
}

void importer_finish(struct importer *importer, int exit_code) {
    if (importer->done) return;
    importer->done = true;
    importer->finished(importer->context, exit_code);
}

void importer_submit(struct importer *importer) {
    importer->job_busy = true;
    writer_submit(importer->writer, &importer->job);
}

static enum flush_cause flush_cause(const struct importer *importer, const struct batch *batch) {
    if (!batch->live) return FLUSH_RECOVERY;
    if (batch->ended) return FLUSH_END;
    if (batch->full) return FLUSH_FULL;
    if (importer->stopping) return FLUSH_STOP;
    return importer->flush_due ? importer->due_cause : FLUSH_RECOVERY; /* old claims come before what is under way */
}

/* The batch being folded goes to the writer. */
void importer_close(struct importer *importer) {
    struct batch *batch = importer->folding;
    importer->writing = batch;
    importer->folding = NULL;
    importer->counters.flushes[flush_cause(importer, batch)]++;
    importer->flush_due = false;
    if (batch->ended) importer->stopping = true;
    batch_mark_end(batch);
    batch->bytes = cache_used(batch->generation.cache);
    batch->rows = cache_row_count(batch->generation.cache);
    log_debug("import", "generation %s/%" PRId64 ": %" PRIu64 " entries: writing", batch->generation.ledger.id.consumer,
              batch->generation.ledger.id.generation, batch->generation.ledger.entries);
    importer->job = (struct writer_job){.kind = WRITER_COMMIT, .generation = &batch->generation};
    importer_submit(importer);
}

void importer_settle(struct importer *importer, const struct claim *claims, size_t n, const struct ledger_row *ledger,
                     const struct generation *generation, int64_t rest_generation) {
    struct settlement built;
    if (importer->config->queue.at_most_once) n = 0; /* nothing was kept */
    settlement_build(&built, claims, n, ledger, consumer_prefix(importer->consumer), importer->config->queue.name,
                     rest_generation);
    struct consumer_settlement settlement = {.finished = built.finished,
                                             .n_finished = built.n_finished,
                                             .rests = built.rests,
                                             .rests_to = built.rests_to,
                                             .n_rests = built.n_rests};
    if (generation) {
        settlement.rejects = generation->rejects.data;
        settlement.reject_ends = generation->reject_ends;
        settlement.n_rejects = generation->n_rejects;
    }
    if (importer->writing && importer->writing->ended) { /* what stands behind END is given back */
        free(importer->returning);
        importer->returning = built.rests_to;
        importer->n_returning = built.n_rests;
        built.rests_to = NULL;
    } else if (importer->folding && importer->folding->live && importer->folding->n_claims > 0 && built.n_rests > 0) {
        struct claim *next =
            &importer->folding->claims[0]; /* it reads on in the rest: under its new name, from its new head */
        struct claim before = *next;
        *next = built.rests_to[0];
        next->read = before.read - built.rests[0].read;
        next->len = before.len == CLAIM_LEN_UNKNOWN ? CLAIM_LEN_UNKNOWN : before.len - built.rests[0].read;
    }
    importer->op = OP_SETTLE;
    consumer_settle(importer->consumer, &settlement);
    settlement_release(&built);
}

/* --- the writer's answers --- */

static void commit_succeeded(struct importer *importer) {
    counters_commit(&importer->counters, &importer->writing->generation);
    if (importer->writing->stale) {
        importer->writing = NULL; /* its claims are settled by the recovery */
    } else {
        importer->writing->committed = true;
    }
}

/* Another consumer has written this generation: our sums of it count nothing, and what follows them is read again. */
static void commit_taken(struct importer *importer) {
    const struct generation_id *id = &importer->writing->generation.ledger.id;
    log_notice("import", "generation %s/%" PRId64 ": committed by another consumer; our sums of it are dropped",
               id->consumer, id->generation);
    importer->counters.lost_races++;
    importer->writing = importer->folding = NULL;
    importer->recovery = RECOVERY_DUE;
    importer_pause(importer, LOST_RACE_MS); /* the winner settles the claims: let it */
}

static void job_failed(struct importer *importer) {
    const struct writer_job *job = &importer->job;
    if (job->status == STORE_REFUSED || importer->config->queue.once) {
        log_error("store", "%s", job->error.text);
        importer_finish(importer, 1);
        return;
    }
    if (importer->stopping && !importer->config->queue.at_most_once &&
        !(importer->writing && importer->writing->ended)) {
        log_warning("store", "%s; stopping: the generation stays in its claims for the next start", job->error.text);
        importer->abandoned = true;
        return;
    }
    int64_t wait = backoff_failed(&importer->backoff);
    struct timeval time = {.tv_sec = wait / 1000, .tv_usec = wait % 1000 * 1000};
    log_warning("store", "%s; trying again in %" PRId64 ".%03" PRId64 " s", job->error.text, wait / 1000, wait % 1000);
    importer->job_busy = true; /* the timer has it */
    evtimer_add(importer->retry, &time);
}

static void on_retry(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    importer_submit(context);
}

static void on_writer(evutil_socket_t fd, short what, void *context) {
    struct importer *importer = context;
    struct writer_job *job = writer_finish(importer->writer);
    (void)fd;
    (void)what;
    if (!job) return;
    importer->job_busy = false;
    if (job->status == STORE_TAKEN && importer->writing) {
        commit_taken(importer);
    } else if (job->status != STORE_OK) {
        job_failed(importer);
    } else {
        backoff_reset(&importer->backoff);
        importer->store_ready = true;
        for (unsigned i = 0; i < importer->layout->n_sums; i++)
            importer->folder.headroom[i] = INT64_MAX - job->totals[i];
        if (job->kind == WRITER_COMMIT)
            commit_succeeded(importer);
        else if (importer->recovery == RECOVERY_FINDING)
            recover_find_done(importer);
    }
    importer_step(importer);
}

/* --- the consumer's events --- */

static void on_ready(void *context) {
    struct importer *importer = context;
    importer->connected = true;
    importer->op = OP_NONE;
    importer->recovery = importer->config->queue.at_most_once ? RECOVERY_NONE : RECOVERY_DUE;
    importer_step(importer);
}

static void on_lost(void *context) {
    struct importer *importer = context;
    importer->op = OP_NONE;
    importer->connected = false;
    if (!importer->config->queue.at_most_once) { /* what Redis holds is the truth: it will be read again */
        importer->folding = NULL;
        if (importer->writing && importer->writing->committed) importer->writing = NULL;
        if (importer->writing) importer->writing->stale = true;
    }
    importer_step(importer);
}

static void on_failed(void *context, const char *why) {
    struct importer *importer = context;
    importer->connected = false;
    importer->op = OP_NONE;
    log_error("queue", "%s", why);
    importer_finish(importer, 1);
}

static bool on_entry(void *context, struct claim *claim, const char *text, size_t len) {
    return live_entry(context, claim, text, len);
}

static void settled(struct importer *importer) {
    if (importer->recovery == RECOVERY_FOUND) {
        importer->folding = NULL; /* where refused entries were counted again */
        importer->recovery = RECOVERY_DUE;
        return;
    }
    bool live = importer->writing->live;
    cache_clear(importer->writing->generation.cache); /* its memory is the system's until it is needed again */
    importer->writing = NULL;
    if (!live) importer->recovery = RECOVERY_DUE;
}

static void on_done(void *context) {
    struct importer *importer = context;
    enum importer_op op = importer->op;
    importer->op = OP_NONE;
    switch (op) {
    case OP_LIST: recover_list_done(importer); break;
    case OP_TAKE: live_take_done(importer); break;
    case OP_SETTLE: settled(importer); break;
    case OP_ADOPT: importer->recovery = RECOVERY_REPLAYING; break;
    case OP_RETURN:
        if (importer->n_returning > 0) importer->n_returning--;
        break;
    case OP_LEAVE: importer->left = true; break;
    case OP_READ:
    case OP_NONE: break;
    }
    importer_step(importer);
}

/* --- the next step --- */

/* Entries behind END, of the last claim first, so that they stand in their order at the head of the queue. */
static void return_next(struct importer *importer) {
    importer->op = OP_RETURN;
    if (importer->n_held > 0) {
        consumer_push_back(importer->consumer, importer->held.data, importer->held_ends, importer->n_held);
        importer->n_held = 0;
        buffer_clear(&importer->held);
    } else {
        consumer_return(importer->consumer, &importer->returning[importer->n_returning - 1]);
    }
}

/* Nothing is folded, nothing is written: whether all is over. */
static bool is_over(const struct importer *importer) {
    if (importer->abandoned) return true;
    if (!importer->stopping || importer->writing || importer->job_busy) return false;
    if (importer->connected && (importer->n_returning > 0 || importer->n_held > 0)) return false;
    return !importer->connected || !importer->folding || !batch_has_content(importer->folding) ||
           !importer->folding->live;
}

void importer_step(struct importer *importer) {
    if (importer->done || importer->op != OP_NONE) return;
    if (is_over(importer) && importer->connected && !importer->left) {
        live_forget(importer);
        importer->op = OP_LEAVE;
        consumer_leave(importer->consumer);
        return;
    }
    if (is_over(importer) && !importer->connected && consumer_is_naming(importer->consumer))
        return; /* to give it free again */
    if (is_over(importer)) {
        importer_finish(importer, importer->config->queue.once && importer->counters.rejected > 0 ? 3 : 0);
        return;
    }
    if (!importer->connected || !importer->store_ready) return;
    if (importer->writing && importer->writing->committed) {
        struct batch *batch = importer->writing;
        int64_t rest = importer->folding && importer->folding->live ? importer->folding->generation.ledger.id.generation
                                                                    : importer_generation(importer);
        importer_settle(importer, batch->claims, batch->n_claims, &batch->generation.ledger, &batch->generation, rest);
    } else if (importer->stopping && (importer->n_returning > 0 || (importer->n_held > 0 && !importer->writing))) {
        return_next(importer);
    } else if (importer->recovery != RECOVERY_NONE) {
        recover_step(importer);
    } else {
        live_step(importer);
    }
}

/* --- timers and the outside --- */

static void flush_ask(struct importer *importer, enum flush_cause cause) {
    importer->flush_due = true;
    importer->due_cause = cause;
    importer_step(importer);
}

static void on_flush(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    flush_ask(context, FLUSH_INTERVAL);
}

static void on_look(evutil_socket_t fd, short what, void *context) {
    struct importer *importer = context;
    (void)fd;
    (void)what;
    importer->look_due = true;
    importer_step(importer);
}

static void on_again(evutil_socket_t fd, short what, void *context) {
    struct importer *importer = context;
    (void)fd;
    (void)what;
    importer->pause = false;
    importer_step(importer);
}

void importer_flush(struct importer *importer) { flush_ask(importer, FLUSH_SIGNAL); }

void importer_stop(struct importer *importer) {
    importer->stopping = true;
    bool store_away = !importer->store_ready || (importer->job_busy && evtimer_pending(importer->retry, NULL));
    if (store_away && !importer->config->queue.at_most_once) {
        log_warning("store", "stopping while the store is away: what was taken stays in its claims for the next start");
        importer->abandoned = true;
    }
    importer_step(importer);
}

const struct importer_counters *importer_counters(const struct importer *importer) { return &importer->counters; }

struct importer *importer_new(struct event_base *base, const struct importer_config *config,
                              const struct flow_layout *layout, const struct schema *schema, const struct clock *clock,
                              void (*finished)(void *context, int exit_code), void *context, struct error *error) {
    struct importer *importer = mem_zalloc(1, sizeof *importer);
    struct consumer_handler handler = {importer, on_ready, on_lost, on_failed, on_entry, on_done};
    importer->consumer = consumer_new(base, &config->queue, &handler, error);
    if (!importer->consumer) {
        free(importer);
        return NULL;
    }
    importer->config = config;
    importer->layout = layout;
    importer->schema = schema;
    importer->clock = clock;
    importer->finished = finished;
    importer->context = context;
    importer->backoff = (struct backoff){.first_ms = STORE_RETRY_FIRST_MS, .max_ms = config->queue.retry_max_ms};
    importer->flush_interval = config->flush_interval;
    folder_init(&importer->folder, layout, &config->rules);
    for (unsigned i = 0; i < 2; i++)
        batch_init(&importer->batches[i], cache_new(layout, schema, config->cache_memory / 2, config->seed));
    importer->writer = writer_new(&config->store, layout, schema, clock);
    if (!config->queue.once) writer_retain(importer->writer, &config->retention);
    importer->writer_event = event_new(base, writer_fd(importer->writer), EV_READ | EV_PERSIST, on_writer, importer);
    importer->retry = evtimer_new(base, on_retry, importer);
    importer->flush = event_new(base, -1, EV_PERSIST, on_flush, importer);
    importer->look = event_new(base, -1, EV_PERSIST, on_look, importer);
    importer->again = evtimer_new(base, on_again, importer);
    return importer;
}

void importer_start(struct importer *importer) {
    const struct importer_config *config = importer->config;
    struct timeval flush = {.tv_sec = config->flush_interval}, look = {.tv_sec = (config->queue.timeout + 1) / 2};
    event_add(importer->writer_event, NULL);
    if (!config->queue.once) event_add(importer->flush, &flush);
    if (!config->queue.once && !config->queue.at_most_once) event_add(importer->look, &look);
    /* A question that any ledger can answer: it opens the store, and tells what the totals hold. */
    importer->job = (struct writer_job){.kind = WRITER_FIND};
    importer_submit(importer);
    consumer_start(importer->consumer);
}

void importer_reconfigure(struct importer *importer) {
    const struct importer_config *config = importer->config;
    importer->folder.rules = config->rules;
    importer->backoff.max_ms = config->queue.retry_max_ms;
    consumer_reconfigure(importer->consumer);
    writer_retain(importer->writer, &config->retention);
    if (importer->flush_interval == config->flush_interval) return; /* the next flush comes when it would have */
    importer->flush_interval = config->flush_interval;
    event_add(importer->flush, &(struct timeval){.tv_sec = config->flush_interval});
}

void importer_free(struct importer *importer) {
    if (!importer) return;
    writer_free(importer->writer);
    consumer_free(importer->consumer);
    event_free(importer->writer_event);
    event_free(importer->retry);
    event_free(importer->flush);
    event_free(importer->look);
    event_free(importer->again);
    for (unsigned i = 0; i < 2; i++)
        batch_release(&importer->batches[i]);
    folder_release(&importer->folder);
    buffer_release(&importer->held);
    free(importer->held_ends);
    free(importer->returning);
    free(importer->old);
    free(importer);
}
