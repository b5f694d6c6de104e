/* Generations handed over, written, tried again, and reported. */
#include "import/committer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/log.h"
#include "base/mem.h"
#include "import/counters.h"
#include "import/refusals.h"
#include "import/writer.h"

enum { STORE_RETRY_FIRST_MS = 100 };

struct committer {
    const struct importer_config *config;
    const struct flow_layout *layout;
    const struct clock *clock;
    enum committer_patience patience;
    committer_told_fn *told;
    void *context;
    struct importer_counters counters;
    struct refusals refusals;
    int64_t last_commit; /* of all consumers, when the store was opened */

    struct writer *writer;
    struct event *answered, *retry, *flush;
    struct backoff backoff;
    int64_t flush_interval; /* seconds, as the flush timer has it */
    struct folder folder;

    struct generation generations[2];
    unsigned at; /* which is being filled; the other is or was written */
    enum { NOTHING, WRITING, COMMITTED } writing;
    size_t bytes, rows; /* of the cache being written, which is the writer's */
    struct writer_job job;
    enum question {
        NO_QUESTION,
        OPENING,  /* any question at all: it opens the store */
        SOURCES,  /* committer_find */
        PLACES,   /* committer_know */
        COMPARING /* what the ledger has in the name of the generation being written */
    } question;
    bool busy;            /* the writer, or the timer before its next try, has the job */
    bool unsure;          /* a try to commit has failed, and may have committed all the same */
    unsigned tries;       /* that have failed since the job was given */
    bool ready;           /* the store has answered once */
    uint64_t entries_max; /* what the store has room for; the configured claim_entries may be less */
    bool stopping, over;
};

static struct generation *written(struct committer *committer) { return &committer->generations[!committer->at]; }

static void tell(struct committer *committer, enum committer_event event, const struct ledger_row *ledger,
                 const char *why) {
    struct committer_news news = {.event = event, .ledger = ledger, .why = why};
    committer->told(committer->context, &news);
}

static void submit(struct committer *committer) {
    committer->busy = true;
    writer_submit(committer->writer, &committer->job);
}

static void job_begin(struct committer *committer, struct writer_job job) {
    committer->job = job;
    committer->tries = 0;
    submit(committer);
}

/* --- what the store has answered --- */

static void succeeded(struct committer *committer) {
    committer->entries_max = committer_entries_bound(committer->entries_max, committer->config->claim_entries,
                                                     written(committer)->ledger.entries, true);
    counters_commit(&committer->counters, written(committer));
    if (committer->patience != PATIENCE_BOUNDED) counters_log(written(committer)); /* a person is told at the end */
    committer->writing = COMMITTED;
    const struct places *places = &written(committer)->places;
    struct places_known known = {.end = places->now_end, .ring = places->now_ring};
    struct committer_news news = {.event = COMMITTER_COMMITTED, .ledger = &written(committer)->ledger};
    memcpy(known.queue_id, places->queue_id, sizeof known.queue_id);
    if (places->now_end > 0) news.places = &known; /* else none, or it was another that has committed */
    committer->told(committer->context, &news);
}

static void taken(struct committer *committer) {
    committer->counters.lost_races++;
    committer->writing = NOTHING;
    tell(committer, COMMITTER_TAKEN, NULL, NULL);
}

/* Whether the row is what the generation would have written, but for the time of the try. */
static bool same_row(const struct committer *committer, const struct ledger_row *a, const struct ledger_row *b) {
    for (unsigned i = 0; i < committer->layout->n_sums; i++)
        if (a->sums[i] != b->sums[i]) return false;
    return a->entries == b->entries && a->imported == b->imported && a->too_old == b->too_old &&
           a->rejected == b->rejected && a->flows == b->flows && a->claim == b->claim && a->position == b->position &&
           a->adopted == b->adopted;
}

static void compared(struct committer *committer) {
    const struct writer_job *job = &committer->job;
    struct generation *generation = written(committer);
    if (job->found && same_row(committer, &job->ledger, &generation->ledger)) {
        generation->ledger.committed_at = job->ledger.committed_at;
        succeeded(committer);
    } else {
        taken(committer);
    }
}

static void places_tell(struct committer *committer) {
    const struct places_question *asked = &committer->job.places;
    struct places_known known = {.end = asked->end, .ring = asked->ring};
    struct committer_news news = {.event = COMMITTER_KNOWS, .places = &known};
    memcpy(known.queue_id, asked->queue_id, sizeof known.queue_id);
    committer->told(committer->context, &news);
}

static void answer_take(struct committer *committer) {
    const struct writer_job *job = &committer->job;
    enum question question = committer->question;
    bool first = !committer->ready;
    backoff_reset(&committer->backoff);
    committer->ready = true;
    committer->question = NO_QUESTION;
    committer->last_commit = job->last_commit;
    if (first) tell(committer, COMMITTER_READY, NULL, NULL);
    switch (question) {
    case NO_QUESTION: succeeded(committer); break;
    case SOURCES: tell(committer, COMMITTER_FOUND, job->found ? &job->ledger : NULL, NULL); break;
    case PLACES: places_tell(committer); break;
    case COMPARING: compared(committer); break;
    case OPENING: break;
    }
}

/* --- where it has failed --- */

enum committer_verdict committer_judge(enum committer_patience patience, enum store_status status, bool ready,
                                       bool stopping, unsigned tries) {
    bool refused = status == STORE_REFUSED;
    if (refused && !ready) return COMMITTER_GIVE_UP;
    if (status == STORE_TOO_LARGE && !stopping && patience != PATIENCE_ALONE) return COMMITTER_HALVE;
    switch (patience) {
    case PATIENCE_SOURCE: return stopping ? COMMITTER_LEAVE : COMMITTER_AGAIN;
    case PATIENCE_ALONE: return refused && stopping ? COMMITTER_GIVE_UP : COMMITTER_AGAIN;
    case PATIENCE_BOUNDED: return refused || !ready || tries >= COMMITTER_TRIES ? COMMITTER_GIVE_UP : COMMITTER_AGAIN;
    }
    return COMMITTER_GIVE_UP;
}

uint64_t committer_entries_bound(uint64_t bound, uint64_t configured, uint64_t entries, bool committed) {
    if (!committed) return entries > 1 ? entries / 2 : 1;
    if (entries < bound) return bound; /* they tell nothing of it */
    uint64_t more = bound / 8 + 1;
    return bound >= configured || configured - bound < more ? configured : bound + more;
}

/* The generation that is too large is dropped; its entries come again. */
static void halve(struct committer *committer) {
    uint64_t entries = written(committer)->ledger.entries;
    committer->entries_max =
        committer_entries_bound(committer->entries_max, committer->config->claim_entries, entries, false);
    log_warning("store",
                "%s: %" PRIu64 " entries are too many for one transaction; writing at most %" PRIu64 " at a time",
                committer->job.error.text, entries, committer->entries_max);
    committer->writing = NOTHING;
    tell(committer, COMMITTER_TOO_LARGE, NULL, committer->job.error.text);
}

static void leave(struct committer *committer, const char *why) {
    committer->over = true;
    tell(committer, COMMITTER_LEFT, NULL, why);
}

static void failed(struct committer *committer) {
    const struct writer_job *job = &committer->job;
    committer->tries++;
    if (job->kind == WRITER_COMMIT) committer->unsure = true;
    enum store_status status = job->status;
    if (status == STORE_TOO_LARGE && (job->kind != WRITER_COMMIT || written(committer)->ledger.entries <= 1))
        status = STORE_RETRY; /* one entry can't be halved */
    switch (committer_judge(committer->patience, status, committer->ready, committer->stopping, committer->tries)) {
    case COMMITTER_HALVE: halve(committer); return;
    case COMMITTER_GIVE_UP:
        committer->over = true;
        tell(committer, COMMITTER_FAILED, NULL, job->error.text);
        return;
    case COMMITTER_LEAVE: leave(committer, job->error.text); return;
    case COMMITTER_AGAIN: break;
    }
    int64_t wait = backoff_failed(&committer->backoff);
    if (status == STORE_REFUSED) wait = committer->backoff.max_ms; /* a person must find it first */
    struct timeval time = {.tv_sec = wait / 1000, .tv_usec = wait % 1000 * 1000};
    log_warning("store", "%s; trying again in %" PRId64 ".%03" PRId64 " s", job->error.text, wait / 1000, wait % 1000);
    committer->busy = true; /* the timer has it */
    evtimer_add(committer->retry, &time);
}

static void on_retry(evutil_socket_t fd, short what, void *context) {
    (void)fd, (void)what;
    submit(context);
}

static void on_answer(evutil_socket_t fd, short what, void *context) {
    struct committer *committer = context;
    struct writer_job *job = writer_finish(committer->writer);
    struct places_gap gap;
    (void)fd, (void)what;
    if (writer_gap_answer(committer->writer, &gap) && !committer->over) {
        struct committer_news news = {.event = COMMITTER_GAP, .gap = &gap};
        committer->told(committer->context, &news);
    }
    if (!job || committer->over) return;
    committer->busy = false;
    if (job->status == STORE_TAKEN && !committer->unsure) {
        taken(committer);
    } else if (job->status == STORE_TAKEN) { /* by the try before, or by another? */
        committer->question = COMPARING;
        job_begin(committer, (struct writer_job){.kind = WRITER_FIND, .id = written(committer)->ledger.id});
    } else if (job->status == STORE_OVERLAPS) {
        backoff_reset(&committer->backoff);
        log_warning("store", "%s; reading its claims again", job->error.text);
        committer->writing = NOTHING;
        tell(committer, COMMITTER_OVERLAPS, NULL, job->error.text);
    } else if (job->status == STORE_OK) {
        answer_take(committer);
    } else {
        failed(committer);
    }
}

static void on_flush(evutil_socket_t fd, short what, void *context) {
    (void)fd, (void)what;
    tell(context, COMMITTER_FLUSH, NULL, NULL);
}

/* --- the source's side --- */

struct generation *committer_folding(struct committer *committer) { return &committer->generations[committer->at]; }
struct folder *committer_folder(struct committer *committer) { return &committer->folder; }

const struct generation *committer_writing(const struct committer *committer) {
    return committer->writing == NOTHING ? NULL : &committer->generations[!committer->at];
}

uint64_t committer_entries_max(const struct committer *committer) {
    uint64_t configured = committer->config->claim_entries;
    return committer->entries_max < configured ? committer->entries_max : configured;
}

bool committer_is_free(const struct committer *committer) {
    return committer->ready && !committer->busy && committer->writing == NOTHING;
}

int64_t committer_last_commit(const struct committer *committer) {
    int64_t ours = committer->counters.last_commit;
    return committer->last_commit > ours ? committer->last_commit : ours;
}

void committer_look(struct committer *committer) {
    if (committer->patience != PATIENCE_BOUNDED)
        refusals_look(&committer->refusals, committer_folding(committer), false);
}

void committer_hand_over(struct committer *committer, enum flush_cause cause) {
    struct generation *generation = committer_folding(committer);
    if (committer->patience != PATIENCE_BOUNDED) refusals_look(&committer->refusals, generation, true);
    committer->at = !committer->at;
    committer->writing = WRITING;
    committer->unsure = false;
    committer->bytes = cache_used(generation->cache);
    committer->rows = cache_row_count(generation->cache);
    committer->counters.flushes[cause]++;
    log_debug("import", "generation %s/%" PRId64 ": %" PRIu64 " entries: writing", generation->ledger.id.consumer,
              generation->ledger.id.generation, generation->ledger.entries);
    job_begin(committer, (struct writer_job){.kind = WRITER_COMMIT, .generation = generation});
}

void committer_release(struct committer *committer) {
    static const struct generation_id none = {.generation = 0};
    committer->writing = NOTHING;
    generation_start(written(committer), &none); /* its memory is the system's until it is needed again */
}

void committer_rename(struct committer *committer, int64_t number) {
    struct generation *generation = written(committer);
    generation->ledger.id.generation = number;
    committer->writing = WRITING;
    committer->unsure = false;
    job_begin(committer, (struct writer_job){.kind = WRITER_COMMIT, .generation = generation});
}

void committer_find(struct committer *committer, const struct generation_id *id) {
    committer->question = SOURCES;
    job_begin(committer, (struct writer_job){.kind = WRITER_FIND, .id = *id});
}

void committer_know(struct committer *committer, const struct places_question *question) {
    committer->question = PLACES;
    job_begin(committer, (struct writer_job){.kind = WRITER_KNOW, .places = *question});
}

void committer_gap(struct committer *committer, const struct places_gap *gap) {
    if (committer->ready) writer_gap_ask(committer->writer, gap);
}

bool committer_is_failing(const struct committer *committer) { return committer->busy && committer->tries > 0; }

void committer_reach(struct committer *committer, const struct generation_id *id, int64_t claim) {
    committer->question = SOURCES;
    job_begin(committer, (struct writer_job){.kind = WRITER_REACH, .id = *id, .claim = claim});
}

void committer_be(struct committer *committer, enum committer_patience patience) { committer->patience = patience; }

/* --- its life --- */

struct committer *committer_new(struct event_base *base, const struct importer_config *config,
                                const struct flow_layout *layout, const struct schema *schema,
                                const struct clock *clock, enum committer_patience patience, committer_told_fn *told,
                                void *context) {
    struct committer *committer = mem_zalloc(1, sizeof *committer);
    committer->config = config;
    committer->layout = layout;
    committer->clock = clock;
    committer->patience = patience;
    committer->told = told;
    committer->context = context;
    committer->backoff = (struct backoff){.first_ms = STORE_RETRY_FIRST_MS, .max_ms = config->queue.retry_max_ms};
    committer->entries_max = UINT64_MAX;
    folder_init(&committer->folder, layout, &config->rules);
    for (unsigned i = 0; i < 2; i++)
        generation_init(&committer->generations[i], cache_new(layout, schema, config->cache_memory / 2, config->seed));
    committer->writer = writer_new(&config->store, layout, schema, clock);
    committer->answered = event_new(base, writer_fd(committer->writer), EV_READ | EV_PERSIST, on_answer, committer);
    committer->retry = evtimer_new(base, on_retry, committer);
    committer->flush = event_new(base, -1, EV_PERSIST, on_flush, committer);
    return committer;
}

void committer_free(struct committer *committer) {
    if (!committer) return;
    writer_free(committer->writer);
    event_free(committer->answered);
    event_free(committer->retry);
    event_free(committer->flush);
    for (unsigned i = 0; i < 2; i++)
        generation_release(&committer->generations[i]);
    folder_release(&committer->folder);
    free(committer);
}

static void flush_timer_set(struct committer *committer) {
    committer->flush_interval = committer->config->flush_interval;
    event_add(committer->flush, &(struct timeval){.tv_sec = committer->flush_interval});
}

void committer_start(struct committer *committer, bool flushes, bool retains) {
    event_add(committer->answered, NULL);
    if (flushes) flush_timer_set(committer);
    if (retains) writer_retain(committer->writer, &committer->config->retention);
    committer->question = OPENING;
    job_begin(committer, (struct writer_job){.kind = WRITER_FIND});
}

void committer_reconfigure(struct committer *committer) {
    const struct importer_config *config = committer->config;
    committer->folder.rules = config->rules;
    committer->backoff.max_ms = config->queue.retry_max_ms;
    writer_retain(committer->writer, &config->retention);
    /* where nothing has changed, the next flush comes when it would have */
    if (committer->flush_interval != config->flush_interval) flush_timer_set(committer);
}

void committer_stop(struct committer *committer) {
    bool waiting = evtimer_pending(committer->retry, NULL);
    committer->stopping = true;
    if (committer->over || (committer->ready && !waiting)) return;
    if (committer->patience == PATIENCE_SOURCE) {
        evtimer_del(committer->retry);
        leave(committer, NULL);
    } else if (waiting) { /* a stop need not wait for the next try */
        evtimer_del(committer->retry);
        submit(committer);
    }
}

/* --- shown --- */

const struct importer_counters *committer_counters(const struct committer *committer) { return &committer->counters; }

void committer_memory(const struct committer *committer, size_t *bytes, size_t *rows) {
    const struct cache *folding = committer->generations[committer->at].cache;
    const struct cache *other = committer->generations[!committer->at].cache;
    bool away = committer->writing == WRITING;
    *bytes = cache_used(folding) + (away ? committer->bytes : cache_used(other));
    *rows = cache_row_count(folding) + (away ? committer->rows : cache_row_count(other));
}

void committer_show_import(const struct committer *committer, const struct counters_held *held, struct show *show) {
    counters_show(&committer->counters, committer->config, &committer->folder, held, clock_now(committer->clock), show);
    refusals_show(&committer->refusals, show);
}

void committer_show_store(const struct committer *committer, struct show *show) {
    writer_show(committer->writer, show);
    writer_retention_show(committer->writer, show);
}

void committer_problems(const struct committer *committer, const struct counters_held *held, struct buffer *out) {
    writer_problems(committer->writer, out);
    counters_problems(committer->config, held, clock_now(committer->clock), out);
    refusals_problems(&committer->refusals, out);
}
