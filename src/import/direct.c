/* Entries from the feed to the store, by way of two generations. */
#include "import/direct.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/rejected.h"
#include "import/counters.h"
#include "import/fold.h"
#include "import/writer.h"

enum {
    STORE_RETRY_FIRST_MS = 100,
    TAKEN_AT_ONCE = 1 << 14, /* entries out of the feed: some 10 ms, then the loop has other work */
    FLOW_HEAD = 9,           /* bytes of a packed flow: start, end, family */
    REFUSED_LOGGED = 3,      /* refused entries of a generation that are logged */
    REFUSED_TEXT = 500,      /* bytes of each */
};

struct direct {
    struct event_base *base;
    const struct importer_config *config;
    const struct flow_layout *layout;
    const struct clock *clock;
    void (*finished)(void *context, int exit_code);
    void *context;
    struct importer_counters counters;

    struct feeds feeds;
    const char *text;     /* the entry that found no room; NULL: none */
    size_t len;           /* its */
    uint64_t lost_before; /* what the feeds had lost when they were last empty */
    uint64_t discarded;   /* read after the end */

    struct writer *writer;
    struct event *fed[FEEDS_MAX], *writer_event, *retry, *flush;
    struct backoff backoff; /* of the store */
    int64_t flush_interval; /* seconds, as the flush timer has it */
    struct folder folder;

    struct generation generations[2];
    struct generation *folding; /* never NULL */
    struct generation *writing; /* NULL, or the other; its number is its first entry's time */
    size_t bytes, rows;         /* of the cache of `writing`, which is the writer's */
    struct writer_job job;
    bool job_busy;    /* the writer, or the timer before its next try, has the job */
    bool unsure;      /* a try to commit `writing` has failed, and may have committed all the same */
    bool store_ready; /* the store has answered once */
    bool flush_due, stopping, done;
    enum flush_cause due_cause; /* of flush_due */
    int64_t last_generation;
};

static void direct_finish(struct direct *direct, int exit_code) {
    direct->done = true;
    if (direct->fed[0]) event_active(direct->fed[0], EV_READ, 0);
    direct->finished(direct->context, exit_code);
}

static void direct_submit(struct direct *direct) {
    direct->job_busy = true;
    writer_submit(direct->writer, &direct->job);
}

/* The time in microseconds, but always larger than the last. */
static int64_t generation_number(struct direct *direct) {
    int64_t now = clock_now_us(direct->clock);
    direct->last_generation = now > direct->last_generation ? now : direct->last_generation + 1;
    return direct->last_generation;
}

static void generation_name(struct direct *direct, struct generation *generation) {
    struct generation_id *id = &generation->ledger.id;
    snprintf(id->consumer, sizeof id->consumer, "direct:%s", direct->config->queue.name);
    id->generation = generation_number(direct);
}

/* --- entries --- */

/* Refused entries are our own meter's: a line in the log helps more than a list of them. */
static void refused_drop(struct generation *generation) {
    const struct buffer *rejects = &generation->rejects;
    size_t at = rejected_entry(rejects->data, rejects->len), len = rejects->len - at;
    if (generation->ledger.rejected <= REFUSED_LOGGED)
        log_warning("import", "refused: %.*s: %.*s", (int)at - 1, rejects->data,
                    len < REFUSED_TEXT ? (int)len : REFUSED_TEXT, rejects->data + at);
    generation->n_rejects = 0;
    buffer_clear(&generation->rejects);
}

/* An entry's text never begins with a zero: flows that are read already do, then their number follows, and each with
 * no more than the layout has. */
size_t direct_flows_pack(const struct flow_layout *layout, const struct flow_record *flows, unsigned n,
                         char out[DIRECT_FLOWS_BYTES]) {
    char *at = out;
    *at++ = '\0';
    *at++ = (char)n;
    for (const struct flow_record *flow = flows; flow < flows + n; flow++) {
        memcpy(at, &flow->start, sizeof flow->start);
        memcpy(at + 4, &flow->end, sizeof flow->end);
        at[8] = (char)flow->family;
        at += FLOW_HEAD;
        for (unsigned i = 0; i < layout->n_sums; i++, at += sizeof flow->sums[0])
            memcpy(at, &flow->sums[i], sizeof flow->sums[0]);
        flow_key_copy(at, flow->key, layout->key_bytes[flow->family]);
        at += layout->key_bytes[flow->family];
    }
    return (size_t)(at - out);
}

static enum fold_verdict flows_fold(struct direct *direct, struct generation *generation, int64_t now) {
    const struct flow_layout *layout = direct->layout;
    struct flow_record flows[2];
    const char *at = direct->text + 2;
    unsigned n = (unsigned)direct->text[1];
    for (struct flow_record *flow = flows; flow < flows + n; flow++) {
        memcpy(&flow->start, at, sizeof flow->start);
        memcpy(&flow->end, at + 4, sizeof flow->end);
        flow->family = (uint8_t)at[8];
        at += FLOW_HEAD;
        for (unsigned i = 0; i < layout->n_sums; i++, at += sizeof flow->sums[0])
            memcpy(&flow->sums[i], at, sizeof flow->sums[0]);
        flow_key_copy(flow->key, at, layout->key_bytes[flow->family]);
        at += layout->key_bytes[flow->family];
    }
    return fold_flows(&direct->folder, generation, now, flows, n);
}

/* false: there is no room. */
static bool entry_fold(struct direct *direct, int64_t now) {
    struct generation *generation = direct->folding;
    if (generation_is_empty(generation)) generation_name(direct, generation);
    bool is_text = direct->len == 0 || direct->text[0] != '\0';
    if ((is_text ? fold_entry(&direct->folder, generation, now, direct->text, direct->len)
                 : flows_fold(direct, generation, now)) == FOLD_FULL)
        return false;
    if (generation->n_rejects > 0) refused_drop(generation);
    return true;
}

enum reading { READ_ALL, READ_SOME, READ_FULL };

static enum reading feed_read(struct direct *direct) {
    int64_t now = clock_now(direct->clock);
    for (unsigned n = 0; n < TAKEN_AT_ONCE; n++) {
        if (!direct->text && !feeds_next(&direct->feeds, &direct->text, &direct->len)) {
            direct->lost_before = feeds_lost(&direct->feeds);
            return READ_ALL;
        }
        if (!entry_fold(direct, now)) return READ_FULL;
        direct->text = NULL;
    }
    return READ_SOME;
}

/* After the end: a writer who waits for room is to go on. */
static void feed_discard(struct direct *direct) {
    if (direct->text) direct->discarded++;
    while (feeds_next(&direct->feeds, &direct->text, &direct->len))
        direct->discarded++;
    direct->text = NULL;
}

/* --- the next step --- */

static void folding_close(struct direct *direct, enum flush_cause cause) {
    struct generation *generation = direct->folding;
    direct->writing = generation;
    direct->folding = generation == &direct->generations[0] ? &direct->generations[1] : &direct->generations[0];
    direct->bytes = cache_used(generation->cache);
    direct->rows = cache_row_count(generation->cache);
    direct->counters.flushes[cause]++;
    direct->flush_due = direct->unsure = false;
    direct->job = (struct writer_job){.kind = WRITER_COMMIT, .generation = generation};
    direct_submit(direct);
}

/* Does whatever can be done next. Called after every event. */
static void direct_step(struct direct *direct) {
    if (direct->done) return;
    enum reading reading = feed_read(direct);
    bool ending = direct->stopping && reading == READ_ALL, again = reading == READ_SOME;
    if (generation_is_empty(direct->folding)) {
        direct->flush_due = false;
        if (ending && !direct->writing) direct_finish(direct, 0);
    } else if (!direct->job_busy && (reading == READ_FULL || direct->flush_due || ending)) {
        enum flush_cause asked = direct->flush_due ? direct->due_cause : FLUSH_STOP;
        folding_close(direct, reading == READ_FULL ? FLUSH_FULL : asked);
        again = again || reading == READ_FULL;
    }
    if (again) event_active(direct->fed[0], EV_READ, 0);
}

static void on_fed(evutil_socket_t fd, short what, void *context) {
    struct direct *direct = context;
    (void)fd, (void)what;
    feeds_woken(&direct->feeds);
    if (direct->done)
        feed_discard(direct);
    else
        direct_step(direct);
}

/* --- the writer's answers --- */

static void commit_succeeded(struct direct *direct) {
    static const struct generation_id none = {.generation = 0};
    counters_commit(&direct->counters, direct->writing);
    generation_start(direct->writing, &none); /* its memory is the system's until it is needed again */
    direct->writing = NULL;
}

static void job_failed(struct direct *direct) {
    const struct writer_job *job = &direct->job;
    if (job->status == STORE_REFUSED && (!direct->store_ready || direct->stopping)) {
        log_error("store", "%s", job->error.text);
        direct_finish(direct, 1);
        return;
    }
    if (job->status == STORE_TAKEN) /* at the first try: another process has our name, and had the same microsecond */
        direct->writing->ledger.id.generation = generation_number(direct);
    else
        direct->unsure = true;
    int64_t wait = backoff_failed(&direct->backoff);
    struct timeval time = {.tv_sec = wait / 1000, .tv_usec = wait % 1000 * 1000};
    log_warning("store", "%s; trying again in %" PRId64 ".%03" PRId64 " s", job->error.text, wait / 1000, wait % 1000);
    direct->job_busy = true; /* the timer has it */
    evtimer_add(direct->retry, &time);
}

static void on_retry(evutil_socket_t fd, short what, void *context) {
    (void)fd, (void)what;
    direct_submit(context);
}

static void on_writer(evutil_socket_t fd, short what, void *context) {
    struct direct *direct = context;
    struct writer_job *job = writer_finish(direct->writer);
    (void)fd, (void)what;
    if (!job || direct->done) return;
    direct->job_busy = false;
    bool committed = job->status == STORE_TAKEN && direct->unsure; /* by the try before */
    if (job->status != STORE_OK && !committed) {
        job_failed(direct);
    } else {
        backoff_reset(&direct->backoff);
        direct->store_ready = true;
        for (unsigned i = 0; i < direct->layout->n_sums && !committed; i++)
            direct->folder.headroom[i] = INT64_MAX - job->totals[i];
        if (job->kind == WRITER_COMMIT) commit_succeeded(direct);
    }
    direct_step(direct);
}

/* --- timers and the outside --- */

static void flush_ask(struct direct *direct, enum flush_cause cause) {
    direct->flush_due = true;
    direct->due_cause = cause;
    direct_step(direct);
}

static void on_flush(evutil_socket_t fd, short what, void *context) {
    (void)fd, (void)what;
    flush_ask(context, FLUSH_INTERVAL);
}

void direct_flush(struct direct *direct) { flush_ask(direct, FLUSH_SIGNAL); }

void direct_stop(struct direct *direct) {
    if (direct->done) return;
    direct->stopping = true;
    if (evtimer_pending(direct->retry, NULL)) { /* whoever stops us need not wait for the next try */
        evtimer_del(direct->retry);
        direct_submit(direct);
    }
    direct_step(direct);
}

const struct importer_counters *direct_counters(const struct direct *direct) { return &direct->counters; }

struct direct *direct_new(struct event_base *base, const struct importer_config *config,
                          const struct flow_layout *layout, const struct schema *schema, const struct clock *clock,
                          void (*finished)(void *context, int exit_code), void *context) {
    struct direct *direct = mem_zalloc(1, sizeof *direct);
    direct->base = base;
    direct->config = config;
    direct->layout = layout;
    direct->clock = clock;
    direct->finished = finished;
    direct->context = context;
    direct->backoff = (struct backoff){.first_ms = STORE_RETRY_FIRST_MS, .max_ms = config->queue.retry_max_ms};
    direct->flush_interval = config->flush_interval;
    folder_init(&direct->folder, layout, &config->rules);
    for (unsigned i = 0; i < 2; i++)
        generation_init(&direct->generations[i], cache_new(layout, schema, config->cache_memory / 2, config->seed));
    direct->folding = &direct->generations[0];
    direct->writer = writer_new(&config->store, layout, schema, clock);
    writer_retain(direct->writer, &config->retention);
    direct->writer_event = event_new(base, writer_fd(direct->writer), EV_READ | EV_PERSIST, on_writer, direct);
    direct->retry = evtimer_new(base, on_retry, direct);
    direct->flush = event_new(base, -1, EV_PERSIST, on_flush, direct);
    return direct;
}

void direct_take(struct direct *direct, struct feed *feed) {
    unsigned i = direct->feeds.n++;
    direct->feeds.list[i] = feed;
    direct->fed[i] = event_new(direct->base, feed_fd(feed), EV_READ | EV_PERSIST, on_fed, direct);
    event_add(direct->fed[i], NULL);
}

void direct_start(struct direct *direct) {
    event_add(direct->writer_event, NULL);
    event_add(direct->flush, &(struct timeval){.tv_sec = direct->flush_interval});
    /* A question that any ledger can answer: it opens the store, and tells what the totals hold. */
    direct->job = (struct writer_job){.kind = WRITER_FIND};
    direct_submit(direct);
}

void direct_reconfigure(struct direct *direct) {
    const struct importer_config *config = direct->config;
    direct->folder.rules = config->rules;
    direct->backoff.max_ms = config->queue.retry_max_ms;
    writer_retain(direct->writer, &config->retention);
    if (direct->flush_interval == config->flush_interval) return; /* the next flush comes when it would have */
    direct->flush_interval = config->flush_interval;
    event_add(direct->flush, &(struct timeval){.tv_sec = config->flush_interval});
}

static struct counters_held held_find(const struct direct *direct) {
    struct counters_held held = {.oldest = INT64_MAX};
    for (unsigned i = 0; i < 2; i++) {
        const struct generation *generation = &direct->generations[i];
        bool away = generation == direct->writing;
        held.entries += generation->ledger.entries;
        held.bytes += away ? direct->bytes : cache_used(generation->cache);
        held.rows += away ? direct->rows : cache_row_count(generation->cache);
        int64_t since = generation->ledger.id.generation / 1000000;
        if (!generation_is_empty(generation) && since < held.oldest) held.oldest = since;
    }
    return held;
}

void direct_free(struct direct *direct) {
    if (!direct) return;
    uint64_t lost = held_find(direct).entries + (direct->text != NULL) + direct->discarded;
    if (lost > 0) log_error("import", "%" PRIu64 " entries are lost: they were not committed", lost);
    writer_free(direct->writer);
    for (unsigned i = 0; i < direct->feeds.n; i++)
        event_free(direct->fed[i]);
    event_free(direct->writer_event);
    event_free(direct->retry);
    event_free(direct->flush);
    for (unsigned i = 0; i < 2; i++)
        generation_release(&direct->generations[i]);
    folder_release(&direct->folder);
    free(direct);
}

void direct_show(const struct direct *direct, struct show *show) {
    struct counters_held held = held_find(direct);
    counters_show(&direct->counters, direct->config, &direct->folder, &held, clock_now(direct->clock), show);
    show_bool(show, "folding", !generation_is_empty(direct->folding));
    show_bool(show, "writing", direct->writing != NULL);
    show_bool(show, "full", direct->text != NULL);
    show_bool(show, "stopping", direct->stopping);
    writer_show(direct->writer, show);
    writer_retention_show(direct->writer, show);
}

void direct_problems(const struct direct *direct, struct buffer *out) {
    struct counters_held held = held_find(direct);
    uint64_t lost = feeds_lost(&direct->feeds) - direct->lost_before;
    writer_problems(direct->writer, out);
    counters_problems(direct->config, &held, clock_now(direct->clock), out);
    if (lost > 0) buffer_printf(out, "import: no room: %" PRIu64 " entries are lost\n", lost);
}
