/* One thread, one store, one job at a time. */
#include "import/writer.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/url.h"
#include "import/confirmed.h"
#include "import/flush.h"

enum { IDLE_SECONDS = 60, RETENTION_LOOK = 300, MISSING_SHOWN = 3600 };

struct writer {
    const struct store_config *config;
    const struct flow_layout *layout;
    const struct schema *schema;
    const struct clock *clock;
    struct store *store;                      /* the thread's own */
    struct retention_run_state retention_run; /* the thread's own; at = 0: none is under way */
    struct confirmed confirmed;               /* the thread's own */
    int64_t retention_next;                   /* when the next begins */
    int64_t retention_look;                   /* when its log was looked at */
    int64_t retention_watched;                /* since when; 0: not yet */
    bool retention_warned;                    /* of what it says now */
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    struct writer_job *job;
    struct places_gap gap;
    enum { GAP_NONE, GAP_ASKED, GAP_ANSWERED } gap_state;
    struct retention_rules retention;
    int64_t retention_last; /* when the last run began; 0: none is known */
    bool retention_failed;
    int64_t retention_overdue; /* since when no run has succeeded; 0: that is no longer than a day */
    uint64_t missing_generations, missing_entries; /* confirmed, and gone */
    int64_t missing_at;                            /* when the last of them were found; 0: never */
    bool finished, stop;
    atomic_bool ending; /* the same as `stop`, for the store */
    int event;

    /* the submitter's, read and written in its thread alone */
    bool answered;       /* a job has succeeded */
    unsigned failing;    /* jobs that have failed since then */
    struct error failed; /* why the last one did; "" where none has */
    int64_t failed_at;   /* seconds since the epoch */
    int64_t busy_since;  /* of clock_monotonic_us; 0: idle */
    uint64_t transactions, rows, failures, last_rows;
    int64_t last_us;
    int64_t last_commit; /* the thread's alone */
    struct show_durations durations;
};

static int number_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    (void)n, (void)lengths;
    if (columns[0]) *(int64_t *)context = strtoll(columns[0], NULL, 10);
    return 0;
}

/* Of all consumers. Where it can't be read, the one that was known. */
static void last_commit_read(struct writer *writer) {
    int64_t last = 0;
    struct error error;
    if (store_query(writer->store, "SELECT MAX(committed_at) FROM import_ledger", NULL, 0, number_read, &last,
                    &error) == STORE_OK)
        writer->last_commit = last;
}

static void job_run(struct writer *writer, struct writer_job *job) {
    if (!writer->store) {
        struct store_config config = *writer->config;
        config.ending = &writer->ending;
        job->status = store_open(&writer->store, &config, writer->schema, &job->error);
        if (job->status != STORE_OK) return;
        last_commit_read(writer);
    }
    job->last_commit = writer->last_commit;
    if (job->kind == WRITER_COMMIT) {
        struct generation *generation = job->generation;
        struct ledger_row *ledger = &generation->ledger;
        int64_t start = clock_monotonic_us();
        ledger->committed_at = clock_now(writer->clock);
        job->status = flush_cache(generation->cache, &generation->losses, &generation->places, writer->layout,
                                  writer->schema, writer->store, ledger, &job->error);
        job->took_us = clock_monotonic_us() - start;
        job->rows = store_rows(writer->store);
        if (job->status == STORE_OK) fault_point("after-commit");
        if (job->status == STORE_OK) confirmed_add(&writer->confirmed, writer->store, ledger, clock_now(writer->clock));
    } else if (job->kind == WRITER_KNOW) {
        struct places_question *ask = &job->places;
        known_clear(ask->known, ask->from, ask->to);
        job->status = store_places_read(writer->store, ask->queue_id, ask->from, ask->to, &ask->end, &ask->ring,
                                        known_add, ask->known, &job->error);
    } else if (job->kind == WRITER_REACH) {
        job->status = store_ledger_reach(writer->store, job->id.consumer, job->claim, &job->ledger.position,
                                         &job->found, &job->error);
    } else {
        job->status = store_ledger_find(writer->store, &job->id, &job->ledger, &job->found, &job->error);
    }
}

/* SQLite: a slice of what has expired, where it is time for it. Returns whether there is more to do at once. */
static bool retention_step(struct writer *writer, const struct retention_rules *rules, int64_t now) {
    struct error error;
    bool more = false;
    if (writer->retention_next > now + RETENTION_EVERY) writer->retention_next = now; /* the clock was put back */
    if (!writer->retention_run.at && now < writer->retention_next) return false;
    if (!writer->retention_run.at) writer->retention_run = (struct retention_run_state){.at = now};
    if (retention_slice(writer->store, writer->schema, rules, &writer->retention_run, RETENTION_SLICE_ROWS, &more,
                        &error) != STORE_OK) {
        log_warning("store", "retention: %s; trying again in an hour", error.text);
        more = false;
    }
    if (more) return true;
    writer->retention_next = now + RETENTION_EVERY;
    writer->retention_run.at = 0;
    writer->retention_look = 0;
    return false;
}

/* Since when no run has succeeded, if that is too long; where none is known, since we look. */
static int64_t retention_overdue(struct writer *writer, int64_t now) {
    struct error ignored;
    int64_t at;
    if (retention_succeeded(writer->store, &at, &ignored) != STORE_OK) return writer->retention_overdue;
    if (!writer->retention_watched) writer->retention_watched = now;
    int64_t since = at ? at : writer->retention_watched, overdue = now - since > DAY_SECONDS ? since : 0;
    char date[CLOCK_TEXT];
    if (overdue && !writer->retention_warned)
        log_warning("store", "retention: no run has succeeded since %s; `flowimport retention status` says why",
                    clock_show(since, date));
    writer->retention_warned = overdue != 0;
    return overdue;
}

/* How the last run went, no matter who started it. */
static void retention_look(struct writer *writer, int64_t now) {
    struct error ignored; /* the next commit tells what is wrong with the store */
    int64_t at;
    bool failed;
    if (writer->retention_look <= now && now < writer->retention_look + RETENTION_LOOK) return;
    writer->retention_look = now;
    if (retention_last(writer->store, &at, &failed, &ignored) != STORE_OK) return;
    int64_t overdue = retention_overdue(writer, now);
    pthread_mutex_lock(&writer->lock);
    writer->retention_last = at;
    writer->retention_failed = failed;
    writer->retention_overdue = overdue;
    pthread_mutex_unlock(&writer->lock);
}

static void wake(struct writer *writer) {
    if (eventfd_write(writer->event, 1) != 0) log_error("store", "eventfd: can't wake the event loop");
}

static void gap_look(struct writer *writer) {
    struct error error;
    pthread_mutex_lock(&writer->lock);
    struct places_gap gap = writer->gap;
    bool asked = writer->gap_state == GAP_ASKED;
    pthread_mutex_unlock(&writer->lock);
    if (!asked) return;
    gap.failed = store_places_missing(writer->store, gap.queue_id, gap.from, gap.to, &gap.missing, &error) != STORE_OK;
    if (gap.failed) log_warning("store", "looking for lost entries: %s", error.text);
    pthread_mutex_lock(&writer->lock);
    writer->gap = gap;
    writer->gap_state = GAP_ANSWERED;
    pthread_mutex_unlock(&writer->lock);
    wake(writer);
}

static void confirmed_check(struct writer *writer, int64_t now) {
    struct confirmed_missing missing;
    if (confirmed_wait(&writer->confirmed, now) != 0 ||
        !confirmed_look(&writer->confirmed, writer->store, now, &missing))
        return;
    log_error("store",
              "%s: %u generations that were committed before the connection was lost are missing (%" PRIu64
              " entries; the first is %s/%" PRId64 "): the server that answers now took over without them, or was "
              "restored from a backup; `flowimport verify` compares the tables with what was taken from the queue",
              store_name(writer->store), missing.generations, missing.entries, missing.first.consumer,
              missing.first.generation);
    pthread_mutex_lock(&writer->lock);
    writer->missing_generations += missing.generations;
    writer->missing_entries += missing.entries;
    writer->missing_at = now;
    pthread_mutex_unlock(&writer->lock);
}

/* What there is to do without a job. Returns whether there is more at once. */
static bool idle_work(struct writer *writer, const struct retention_rules *rules) {
    int64_t now = clock_now(writer->clock);
    if (!writer->store) return false;
    store_idle(writer->store);
    confirmed_check(writer, now);
    gap_look(writer);
    if (retention_is_off(rules)) return false;
    bool more = store_dialect(writer->store) == DIALECT_SQLITE && retention_step(writer, rules, now);
    if (!more) retention_look(writer, now);
    return more;
}

/* Waits for a job, but no longer than a minute: there may be other work. */
static void writer_idle(struct writer *writer) {
    struct timespec end;
    int64_t wait = confirmed_wait(&writer->confirmed, clock_now(writer->clock));
    clock_gettime(CLOCK_MONOTONIC, &end); /* the condition's clock: the wall clock may be set meanwhile */
    end.tv_sec += wait < 0 ? IDLE_SECONDS : wait + 1;
    pthread_cond_timedwait(&writer->changed, &writer->lock, &end);
}

static void *writer_main(void *context) {
    struct writer *writer = context;
    pthread_mutex_lock(&writer->lock);
    bool look = false; /* whether there may be work without a job */
    while (!writer->stop) {
        if (!writer->job || writer->finished) {
            struct retention_rules retention = writer->retention;
            if (!look) {
                writer_idle(writer);
                look = true;
                continue;
            }
            pthread_mutex_unlock(&writer->lock);
            look = idle_work(writer, &retention);
            pthread_mutex_lock(&writer->lock);
            continue;
        }
        look = true;
        pthread_mutex_unlock(&writer->lock);
        job_run(writer, writer->job);
        pthread_mutex_lock(&writer->lock);
        writer->finished = true;
        wake(writer);
    }
    pthread_mutex_unlock(&writer->lock);
    store_close(writer->store);
    return NULL;
}

struct writer *writer_new(const struct store_config *config, const struct flow_layout *layout,
                          const struct schema *schema, const struct clock *clock) {
    struct writer *writer = mem_zalloc(1, sizeof *writer);
    sigset_t all, before;
    pthread_condattr_t attributes;
    writer->config = config;
    writer->layout = layout;
    writer->schema = schema;
    writer->clock = clock;
    writer->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&writer->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&writer->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    sigfillset(&all); /* signals are the event loop's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = writer->event < 0 ? 1 : pthread_create(&writer->thread, NULL, writer_main, writer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        log_error("store", "can't start the writer thread");
        abort();
    }
    return writer;
}

void writer_free(struct writer *writer) {
    if (!writer) return;
    atomic_store(&writer->ending, true);
    pthread_mutex_lock(&writer->lock);
    writer->stop = true;
    pthread_cond_broadcast(&writer->changed);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
    pthread_mutex_destroy(&writer->lock);
    pthread_cond_destroy(&writer->changed);
    close(writer->event);
    free(writer);
}

void writer_retain(struct writer *writer, const struct retention_rules *rules) {
    pthread_mutex_lock(&writer->lock);
    writer->retention = *rules;
    pthread_cond_broadcast(&writer->changed);
    pthread_mutex_unlock(&writer->lock);
}

int writer_fd(const struct writer *writer) { return writer->event; }

void writer_submit(struct writer *writer, struct writer_job *job) {
    writer->busy_since = clock_monotonic_us();
    pthread_mutex_lock(&writer->lock);
    writer->job = job;
    writer->finished = false;
    pthread_cond_broadcast(&writer->changed);
    pthread_mutex_unlock(&writer->lock);
}

static void job_count(struct writer *writer, const struct writer_job *job) {
    writer->busy_since = 0;
    if (job->status != STORE_OK && job->status != STORE_TAKEN && job->status != STORE_OVERLAPS) {
        writer->failing += job->status == STORE_REFUSED ? 2 : 1; /* see is_up: it will be refused again */
        writer->failures++;
        writer->failed = job->error;
        writer->failed_at = clock_now(writer->clock);
        return;
    }
    writer->answered = true;
    writer->failing = 0;
    if (job->kind != WRITER_COMMIT || job->status != STORE_OK) return;
    writer->transactions++;
    writer->rows += writer->last_rows = job->rows;
    writer->last_us = job->took_us;
    show_durations_add(&writer->durations, job->took_us);
}

struct writer_job *writer_finish(struct writer *writer) {
    struct writer_job *job = NULL;
    eventfd_t count;
    (void)!eventfd_read(writer->event, &count); /* before the look: what comes behind it is another event */
    pthread_mutex_lock(&writer->lock);
    if (writer->job && writer->finished) {
        job = writer->job;
        writer->job = NULL;
    }
    pthread_mutex_unlock(&writer->lock);
    if (job) job_count(writer, job);
    return job;
}

void writer_gap_ask(struct writer *writer, const struct places_gap *gap) {
    pthread_mutex_lock(&writer->lock);
    if (writer->gap_state == GAP_NONE) {
        writer->gap = *gap;
        writer->gap_state = GAP_ASKED;
        pthread_cond_broadcast(&writer->changed);
    }
    pthread_mutex_unlock(&writer->lock);
}

bool writer_gap_answer(struct writer *writer, struct places_gap *gap) {
    pthread_mutex_lock(&writer->lock);
    bool answered = writer->gap_state == GAP_ANSWERED;
    if (answered) {
        *gap = writer->gap;
        writer->gap_state = GAP_NONE;
    }
    pthread_mutex_unlock(&writer->lock);
    return answered;
}

/* A single failure is everyday life among consumers: a deadlock, a wait for a lock. The next try tells. */
static bool is_up(const struct writer *writer) { return writer->answered && writer->failing < 2; }

void writer_show(struct writer *writer, struct show *show) {
    char *url = url_display(writer->config->url);
    pthread_mutex_lock(&writer->lock);
    uint64_t generations = writer->missing_generations, entries = writer->missing_entries;
    pthread_mutex_unlock(&writer->lock);
    show_module(show, "store");
    show_text(show, "url", url);
    free(url);
    show_gauge(show, "up", "Whether the store can be written: 0 until its first answer, and after the second failure.",
               is_up(writer));
    show_counter(show, "transactions_total", "Transactions committed.", writer->transactions);
    show_counter(show, "rows_total", "Rows written by committed transactions.", writer->rows);
    show_histogram(show, "flush_duration_seconds", "The duration of committed transactions.", &writer->durations);
    show_gauge(show, "last_flush_rows", "Rows of the last transaction.", writer->last_rows);
    show_seconds(show, SHOW_GAUGE, "last_flush_duration_seconds", "The duration of the last transaction.",
                 writer->last_us);
    show_seconds(show, SHOW_GAUGE, "busy_seconds",
                 "How long the current database call has taken so far; 0: there is none.",
                 writer->busy_since ? clock_monotonic_us() - writer->busy_since : 0);
    show_counter(show, "failures_total", "Failed database calls; each is retried.", writer->failures);
    show_gauge(show, "last_failure_timestamp_seconds", "When a database call last failed; 0: never.",
               (uint64_t)writer->failed_at);
    show_counter(show, "missing_generations_total",
                 "Committed generations that the store no longer had behind a lost connection.", generations);
    show_counter(show, "missing_entries_total", "Entries of such generations.", entries);
    show_text(show, "last_failure", writer->failures ? writer->failed.text : NULL);
}

void writer_retention_show(struct writer *writer, struct show *show) {
    pthread_mutex_lock(&writer->lock);
    struct retention_rules rules = writer->retention;
    int64_t at = writer->retention_last;
    bool failed = writer->retention_failed;
    pthread_mutex_unlock(&writer->lock);
    struct buffer text = BUFFER_INIT;
    retention_rules_show(&rules, &text);
    show_module(show, "retention");
    show_text(show, "rules", text.data);
    buffer_release(&text);
    show_gauge(show, "configured", "Whether retention is configured.", !retention_is_off(&rules));
    show_gauge(show, "last_run_timestamp_seconds", "When retention last ran; 0: not yet, or not configured.",
               (uint64_t)at);
    show_gauge(show, "last_run_failed", "Whether a step of that run failed.", failed);
}

static void missing_problem(struct writer *writer, struct buffer *out) {
    pthread_mutex_lock(&writer->lock);
    uint64_t generations = writer->missing_generations, entries = writer->missing_entries;
    int64_t age = clock_now(writer->clock) - writer->missing_at;
    bool is_shown = writer->missing_at > 0 && age < MISSING_SHOWN;
    pthread_mutex_unlock(&writer->lock);
    if (is_shown)
        buffer_printf(out,
                      "store: %" PRIu64 " committed generations (%" PRIu64
                      " entries) are missing since the server that "
                      "had confirmed them was lost\n",
                      generations, entries);
}

static void retention_problem(struct writer *writer, struct buffer *out) {
    char date[CLOCK_TEXT];
    pthread_mutex_lock(&writer->lock);
    int64_t since = retention_is_off(&writer->retention) ? 0 : writer->retention_overdue;
    pthread_mutex_unlock(&writer->lock);
    if (since)
        buffer_printf(out, "store: no run of retention has succeeded since %s: flowimport retention status says why\n",
                      clock_show(since, date));
}

void writer_problems(struct writer *writer, struct buffer *out) {
    retention_problem(writer, out);
    missing_problem(writer, out);
    if (is_up(writer)) return;
    if (writer->failures)
        buffer_printf(out, "store: %s\n", writer->failed.text);
    else
        buffer_add_text(out, "store: no answer yet\n");
}
