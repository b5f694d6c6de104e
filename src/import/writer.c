/* One thread, one store, one job at a time. */
#include "import/writer.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "import/flush.h"

struct writer {
    const struct store_config *config;
    const struct flow_layout *layout;
    const struct schema *schema;
    const struct clock *clock;
    struct store *store; /* the thread's own */
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    struct writer_job *job;
    bool finished, stop;
    int event;
};

static int total_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    int64_t *totals = context;
    (void)lengths;
    for (unsigned i = 0; i < n; i++)
        totals[i] = columns[i] ? strtoll(columns[i], NULL, 10) : 0;
    return 0;
}

/* What the all-time total row holds of each sum. */
static enum store_status totals_read(struct writer *writer, int64_t *totals, struct error *error) {
    struct buffer sql = BUFFER_INIT;
    buffer_add_text(&sql, "SELECT ");
    for (unsigned i = 0; i < writer->layout->n_sums; i++) {
        totals[i] = 0;
        buffer_printf(&sql, "%s%s", i ? ", " : "", writer->layout->sums[i]->name);
    }
    buffer_add_text(&sql, " FROM index_ports WHERE id = -1");
    enum store_status status = store_query(writer->store, sql.data, NULL, 0, total_read, totals, error);
    buffer_release(&sql);
    return status;
}

static void job_run(struct writer *writer, struct writer_job *job) {
    if (!writer->store) {
        job->status = store_open(&writer->store, writer->config, writer->schema, &job->error);
        if (job->status != STORE_OK) return;
    }
    if (job->kind == WRITER_COMMIT) {
        struct ledger_row *ledger = &job->generation->ledger;
        ledger->committed_at = clock_now(writer->clock);
        job->status =
            flush_cache(job->generation->cache, writer->layout, writer->schema, writer->store, ledger, &job->error);
        if (job->status == STORE_OK) fault_point("after-commit");
    } else {
        job->status = store_ledger_find(writer->store, &job->id, &job->ledger, &job->found, &job->error);
    }
    struct error ignored; /* without the totals the next generation counts on what it knew */
    if (job->status == STORE_OK && totals_read(writer, job->totals, &ignored) != STORE_OK)
        for (unsigned i = 0; i < writer->layout->n_sums; i++)
            job->totals[i] = 0;
}

static void *writer_main(void *context) {
    struct writer *writer = context;
    pthread_mutex_lock(&writer->lock);
    while (!writer->stop) {
        if (!writer->job || writer->finished) {
            pthread_cond_wait(&writer->changed, &writer->lock);
            continue;
        }
        pthread_mutex_unlock(&writer->lock);
        job_run(writer, writer->job);
        pthread_mutex_lock(&writer->lock);
        writer->finished = true;
        pthread_cond_broadcast(&writer->changed);
        if (eventfd_write(writer->event, 1) != 0) log_error("store", "eventfd: can't wake the event loop");
    }
    pthread_mutex_unlock(&writer->lock);
    store_close(writer->store);
    return NULL;
}

struct writer *writer_new(const struct store_config *config, const struct flow_layout *layout,
                          const struct schema *schema, const struct clock *clock) {
    struct writer *writer = mem_zalloc(1, sizeof *writer);
    sigset_t all, before;
    writer->config = config;
    writer->layout = layout;
    writer->schema = schema;
    writer->clock = clock;
    writer->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&writer->lock, NULL);
    pthread_cond_init(&writer->changed, NULL);
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

int writer_fd(const struct writer *writer) { return writer->event; }

void writer_submit(struct writer *writer, struct writer_job *job) {
    pthread_mutex_lock(&writer->lock);
    writer->job = job;
    writer->finished = false;
    pthread_cond_broadcast(&writer->changed);
    pthread_mutex_unlock(&writer->lock);
}

static struct writer_job *job_take(struct writer *writer, bool wait) {
    struct writer_job *job = NULL;
    eventfd_t count;
    pthread_mutex_lock(&writer->lock);
    while (wait && writer->job && !writer->finished)
        pthread_cond_wait(&writer->changed, &writer->lock);
    if (writer->job && writer->finished) {
        job = writer->job;
        writer->job = NULL;
        (void)!eventfd_read(writer->event, &count);
    }
    pthread_mutex_unlock(&writer->lock);
    return job;
}

struct writer_job *writer_finish(struct writer *writer) {
    return job_take(writer, false);
}
struct writer_job *writer_wait(struct writer *writer) {
    return job_take(writer, true);
}
