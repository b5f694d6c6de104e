/* Threads for what would hold up the event loop: a few, at the lowest priority, each with a connection to the store of
 * its own, for reading, that is opened when it is first needed. The jobs are the caller's; WORKERS_WAITING of them can
 * wait. */
#ifndef FLOWIMPORT_HTTP_WORKERS_H
#define FLOWIMPORT_HTTP_WORKERS_H

#include <event2/event.h>
#include <stdbool.h>

#include "base/show.h"
#include "store/store.h"

enum { WORKERS_MAX = 64, WORKERS_WAITING = 64, WORKERS_TRIES = 4 };

struct workers_job {
    /* In a thread; where it fails again, on a new connection, WORKERS_TRIES times in all. `store` is NULL where the job
     * needs none. */
    void (*run)(struct workers_job *job, struct store *store);
    /* On the loop, once, for every job that was taken: it is the caller's again. */
    void (*done)(struct workers_job *job);
    bool storeless;
    bool has_run;       /* else it was cancelled before, or there is no store */
    bool failed;        /* set by run: the connection is not to be used again */
    struct error error; /* of the store that can't be opened */
    /* the workers' own */
    struct workers_job *next;
    bool cancelled;
};

struct workers_config {
    const struct store_config *store; /* borrowed, as the schema is; it is opened for reading, whatever it says */
    const struct schema *schema;
    unsigned n; /* to WORKERS_MAX */
};

struct workers; /* opaque */

struct workers *workers_new(struct event_base *base, const struct workers_config *config);
/* Cancels what is under way, and waits for its end; `done` is called for each job. NULL does nothing. */
void workers_free(struct workers *workers);
/* Takes a job, to be run in its turn. False: too many wait. */
bool workers_take(struct workers *workers, struct workers_job *job) __attribute__((warn_unused_result));
/* Nobody wants its outcome any more: it ends as soon as it can; `done` is called then, as ever. */
void workers_cancel(struct workers *workers, struct workers_job *job);
void workers_show(struct workers *workers, struct show *show);

#endif
