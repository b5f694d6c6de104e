/* A thread beside the event loop that makes queue entries: started without signals, asked to end, and its end told on
 * the loop. */
#ifndef FLOWIMPORT_DAEMON_WORKER_H
#define FLOWIMPORT_DAEMON_WORKER_H

#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/error.h"
#include "queue/feed.h"

struct worker {
    void (*run)(void *context);  /* in the thread; returns when worker_stopping() */
    void (*over)(void *context); /* on the loop, once, when the thread has returned */
    void *context;
    /* the worker's own */
    pthread_t thread;
    atomic_bool stop;
    bool started;
    int ended; /* eventfd */
    struct event *on_ended;
};

/* run, over and context are set. 0, or -1 with the error set. The worker must stay where it is. */
int worker_start(struct worker *worker, struct event_base *base, struct error *error)
    __attribute__((warn_unused_result));
void worker_stop(struct worker *worker); /* any thread */
bool worker_stopping(const struct worker *worker);
/* Asks it to end and waits; also for one that was never started, if it is zeroed. */
void worker_join(struct worker *worker);

/* For the thread: while it runs, an entry for which the feed has no room is lost and counted; at its end there is time
 * to wait for the loop. */
void worker_feed(const struct worker *worker, struct feed *feed, const void *bytes, size_t len);
/* The same as feed_begin(), which feed_end() follows. */
char *worker_feed_begin(const struct worker *worker, struct feed *feed, size_t len);

#endif
