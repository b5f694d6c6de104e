/* A thread's begin and end, as capture and collector have them. */
#include "daemon/worker.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"

enum { LEAVE_MS = 20000 }; /* how long the loop may take to make room at the end */

static void *thread_main(void *context) {
    struct worker *worker = context;
    worker->run(worker->context);
    if (eventfd_write(worker->ended, 1) != 0) log_error("main", "eventfd: can't wake the event loop");
    return NULL;
}

static void on_ended(evutil_socket_t fd, short what, void *context) {
    struct worker *worker = context;
    (void)fd, (void)what;
    event_del(worker->on_ended);
    worker->over(worker->context);
}

int worker_start(struct worker *worker, struct event_base *base, struct error *error) {
    sigset_t all, before;
    worker->ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (worker->ended < 0) return error_set(error, "eventfd: %s", strerror(errno));
    worker->on_ended = event_new(base, worker->ended, EV_READ, on_ended, worker);
    event_add(worker->on_ended, NULL);
    sigfillset(&all); /* signals are the event loop's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&worker->thread, NULL, thread_main, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    worker->started = failed == 0;
    return failed ? error_set(error, "can't start a thread: %s", strerror(failed)) : 0;
}

void worker_stop(struct worker *worker) { atomic_store(&worker->stop, true); }

bool worker_stopping(const struct worker *worker) { return atomic_load(&worker->stop); }

void worker_join(struct worker *worker) {
    worker_stop(worker);
    if (worker->started) pthread_join(worker->thread, NULL);
    if (!worker->on_ended) return;
    event_free(worker->on_ended);
    close(worker->ended);
}

static void room_wait(const struct worker *worker, struct feed *feed, size_t len) {
    for (int ms = 0; worker_stopping(worker) && ms < LEAVE_MS && !feed_has_room(feed, len); ms++) {
        feed_flush(feed);
        usleep(1000);
    }
}

void worker_feed(const struct worker *worker, struct feed *feed, const void *bytes, size_t len) {
    room_wait(worker, feed, len);
    feed_put(feed, bytes, len);
}

char *worker_feed_begin(const struct worker *worker, struct feed *feed, size_t len) {
    room_wait(worker, feed, len);
    return feed_begin(feed, len);
}
