/* The threads, the jobs that wait for one, and those that have come back. */
#include "http/workers.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

enum { NICE = 19 }; /* the import comes first */

struct jobs { /* a queue */
    struct workers_job *first, **last;
    unsigned n;
};

struct worker {
    struct workers *workers;
    pthread_t thread;
    struct store *store;     /* NULL: not opened; set under the lock */
    struct workers_job *job; /* under way; NULL: none */
};

struct workers {
    struct workers_config config;
    struct store_config store;
    struct worker *threads;
    unsigned n_started;
    int fd; /* eventfd: jobs have come back */
    struct event *on_back;
    pthread_mutex_t lock; /* guards what follows, and the workers' stores and jobs */
    pthread_cond_t changed;
    struct jobs waiting, back;
    bool stop;
    uint64_t taken, refused, cancelled;
};

/* --- jobs --- */

static void jobs_init(struct jobs *jobs) { *jobs = (struct jobs){.last = &jobs->first}; }

static void jobs_add(struct jobs *jobs, struct workers_job *job) {
    job->next = NULL;
    *jobs->last = job;
    jobs->last = &job->next;
    jobs->n++;
}

/* Takes a job out; false: it isn't there. */
static bool jobs_remove(struct jobs *jobs, struct workers_job *job) {
    for (struct workers_job **at = &jobs->first; *at; at = &(*at)->next) {
        if (*at != job) continue;
        *at = job->next;
        if (!job->next) jobs->last = at;
        jobs->n--;
        return true;
    }
    return false;
}

/* --- a thread --- */

static void job_return(struct workers *workers, struct workers_job *job) {
    jobs_add(&workers->back, job);
    /* It can only fail where 2^64 - 2 jobs have come back unseen. */
    if (eventfd_write(workers->fd, 1) != 0) log_error("http", "eventfd: %s", strerror(errno));
}

/* The worker's connection, open; NULL with the job's error set. From now on it can be cancelled. */
static struct store *store_ready(struct worker *worker, struct workers_job *job) {
    struct workers *workers = worker->workers;
    struct store *store = worker->store;
    if (!store && store_open(&store, &workers->store, workers->config.schema, &job->error) != STORE_OK) {
        log_warning("http", "%s", job->error.text);
        return NULL;
    }
    pthread_mutex_lock(&workers->lock);
    worker->store = store;
    if (job->cancelled) store_cancel(store);
    pthread_mutex_unlock(&workers->lock);
    return store;
}

/* False: there is no store. */
static bool job_try(struct worker *worker, struct workers_job *job) {
    struct store *store = job->storeless ? NULL : store_ready(worker, job);
    if (!store && !job->storeless) return false;
    job->has_run = true;
    job->failed = false;
    job->run(job, store);
    return true;
}

static void store_drop(struct worker *worker) {
    pthread_mutex_lock(&worker->workers->lock);
    struct store *store = worker->store;
    worker->store = NULL;
    pthread_mutex_unlock(&worker->workers->lock);
    store_close(store);
}

static bool is_cancelled(struct worker *worker, const struct workers_job *job) {
    pthread_mutex_lock(&worker->workers->lock);
    bool cancelled = job->cancelled;
    pthread_mutex_unlock(&worker->workers->lock);
    return cancelled;
}

/* A connection can have been closed while nobody asked; and MySQL breaks off a snapshot whose table gets a partition,
 * which in its first minutes a store's tables do one after the other. */
static void job_run(struct worker *worker, struct workers_job *job) {
    struct workers *workers = worker->workers;
    for (unsigned tries = 1; job_try(worker, job) && job->failed && tries < WORKERS_TRIES; tries++) {
        if (is_cancelled(worker, job)) break;
        store_drop(worker);
    }
    if (job->failed) store_drop(worker);
    pthread_mutex_lock(&workers->lock);
    worker->job = NULL;
    if (worker->store) store_resume(worker->store);
    job_return(workers, job);
    pthread_mutex_unlock(&workers->lock);
}

static void *thread_main(void *context) {
    struct worker *worker = context;
    struct workers *workers = worker->workers;
    if (setpriority(PRIO_PROCESS, (id_t)gettid(), NICE) != 0)
        log_debug("http", "can't lower the priority of query threads: setpriority: %s", strerror(errno));
    pthread_mutex_lock(&workers->lock);
    for (;;) {
        while (!workers->stop && !workers->waiting.first)
            pthread_cond_wait(&workers->changed, &workers->lock);
        if (workers->stop) break;
        struct workers_job *job = worker->job = workers->waiting.first;
        jobs_remove(&workers->waiting, job);
        pthread_mutex_unlock(&workers->lock);
        job_run(worker, job);
        pthread_mutex_lock(&workers->lock);
    }
    pthread_mutex_unlock(&workers->lock);
    store_close(worker->store);
    return NULL;
}

/* --- the loop's side --- */

static void on_back(evutil_socket_t fd, short what, void *context) {
    struct workers *workers = context;
    eventfd_t count;
    (void)what;
    (void)eventfd_read(fd, &count);
    pthread_mutex_lock(&workers->lock);
    struct workers_job *job = workers->back.first, *next;
    jobs_init(&workers->back);
    pthread_mutex_unlock(&workers->lock);
    for (; job; job = next) {
        next = job->next;
        job->done(job);
    }
}

struct workers *workers_new(struct event_base *base, const struct workers_config *config) {
    struct workers *workers = mem_zalloc(1, sizeof *workers);
    workers->config = *config;
    workers->store = *config->store;
    workers->store.read_only = true;
    workers->threads = mem_zalloc(config->n, sizeof workers->threads[0]);
    jobs_init(&workers->waiting);
    jobs_init(&workers->back);
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->changed, NULL);
    workers->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    workers->on_back = event_new(base, workers->fd, EV_READ | EV_PERSIST, on_back, workers);
    event_add(workers->on_back, NULL);
    return workers;
}

/* One thread more, until all are there. */
static void thread_start(struct workers *workers) {
    struct worker *worker = &workers->threads[workers->n_started];
    sigset_t all, before;
    worker->workers = workers;
    sigfillset(&all); /* signals are the event loop's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&worker->thread, NULL, thread_main, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        log_error("http", "can't start a thread for queries: %s", strerror(failed));
    else
        workers->n_started++;
}

bool workers_take(struct workers *workers, struct workers_job *job) {
    if (workers->n_started < workers->config.n) thread_start(workers);
    pthread_mutex_lock(&workers->lock);
    bool room = workers->n_started > 0 && workers->waiting.n < WORKERS_WAITING;
    if (room) {
        job->cancelled = job->has_run = job->failed = false;
        jobs_add(&workers->waiting, job);
        workers->taken++;
        pthread_cond_signal(&workers->changed);
    } else {
        workers->refused++;
    }
    pthread_mutex_unlock(&workers->lock);
    return room;
}

void workers_cancel(struct workers *workers, struct workers_job *job) {
    pthread_mutex_lock(&workers->lock);
    job->cancelled = true;
    workers->cancelled++;
    if (jobs_remove(&workers->waiting, job)) job_return(workers, job);
    for (unsigned i = 0; i < workers->n_started; i++)
        if (workers->threads[i].job == job && workers->threads[i].store) store_cancel(workers->threads[i].store);
    pthread_mutex_unlock(&workers->lock);
}

void workers_free(struct workers *workers) {
    if (!workers) return;
    pthread_mutex_lock(&workers->lock);
    workers->stop = true;
    while (workers->waiting.first) {
        struct workers_job *job = workers->waiting.first;
        jobs_remove(&workers->waiting, job);
        jobs_add(&workers->back, job);
    }
    for (unsigned i = 0; i < workers->n_started; i++) {
        struct worker *worker = &workers->threads[i];
        if (worker->job) worker->job->cancelled = true;
        if (worker->job && worker->store) store_cancel(worker->store);
    }
    pthread_cond_broadcast(&workers->changed);
    pthread_mutex_unlock(&workers->lock);
    for (unsigned i = 0; i < workers->n_started; i++)
        pthread_join(workers->threads[i].thread, NULL);
    on_back(workers->fd, 0, workers);
    event_free(workers->on_back);
    close(workers->fd);
    pthread_cond_destroy(&workers->changed);
    pthread_mutex_destroy(&workers->lock);
    free(workers->threads);
    free(workers);
}

void workers_show(struct workers *workers, struct show *show) {
    pthread_mutex_lock(&workers->lock);
    unsigned running = 0;
    for (unsigned i = 0; i < workers->n_started; i++)
        running += workers->threads[i].job != NULL;
    show_module(show, "queries");
    show_gauge(show, "running", "Queries of the page and the API that are running.", running);
    show_gauge(show, "waiting", "Queries waiting for a thread.", workers->waiting.n);
    show_counter(show, "total", "Queries accepted.", workers->taken);
    show_counter(show, "refused_total", "Queries refused because too many were waiting.", workers->refused);
    show_counter(show, "cancelled_total", "Queries stopped by query_timeout, or because the client disconnected.",
                 workers->cancelled);
    pthread_mutex_unlock(&workers->lock);
}
