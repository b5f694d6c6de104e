/* Entries onto the queue from the event loop, which never waits for Redis: each exactly once, in their order.
 *
 * Entries are numbered by positions that only grow. They are sent in batches, each one transaction of Redis,
 *
 *   MULTI, RPUSH queue entry ..., SET marker "stream position", EXEC
 *
 * so that after a lost connection, or a restart, the marker tells whether the batch whose answer is missing has
 * arrived. One batch is under way at a time: were there more, one that Redis refuses (for lack of memory, say) could be
 * followed by one that it takes, and the marker would speak for both. The marker is watched (WATCH): who else pushes
 * under the same name is noticed, and pushes nothing.
 *
 * With wait_replicas a batch has arrived once so many replicas of Redis have it: a fail-over to one of them loses
 * nothing that was confirmed, and what was not is sent again. Redis waits a second for them and is asked again.
 *
 * What Redis has not confirmed is kept in memory, and without a spool that is all. With one, entries go to disk once a
 * second while Redis is away or the queue longer than max_queue, and at once when half of the memory is taken; what was
 * spooled before is sent first. So kill -9 costs what came in the last second of an outage, and of what was under way
 * nothing stands twice; producer_free spools what is left. What finds no room, in the spool and then in memory, is lost
 * and counted, the newest first.
 *
 * The longest that the loop is held up: writing 16 MiB to the page cache, and fdatasync for each full segment of 16
 * MiB.
 *
 * Memory: PRODUCER_MEMORY of entries, twice as many bytes of address space; and a batch, in hiredis. */
#ifndef FLOWIMPORT_QUEUE_PRODUCER_H
#define FLOWIMPORT_QUEUE_PRODUCER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tls.h"
#include "base/error.h"
#include "base/show.h"
#include "queue/feed.h"

enum {
    PRODUCER_MEMORY = 32 << 20,
    PRODUCER_STREAM_MAX = 80, /* bytes of a stream's name and its NUL */
};

struct producer; /* opaque */

struct producer_config {
    const char *url, *password; /* the URL's password counts where `password` is NULL */
    struct tls_rules tls;       /* where the URL asks for TLS */
    const char *queue;          /* the list's name */
    /* The marker's key is "{queue}:<marker>": no two producers of a queue may share it. */
    const char *marker;
    int64_t marker_seconds; /* after so long without a batch Redis forgets it; 0: never */
    uint64_t wait_replicas; /* that must have an entry before it has arrived (WAIT) */
    uint64_t max_queue;     /* entries; nothing is pushed onto a queue that is this long; 0: no bound */
    const char *spool;      /* the folder; NULL: none */
    uint64_t spool_max;     /* bytes */
    int64_t retry_max_ms;
};

/* For who pushes what it can read again; all may be NULL. */
struct producer_handler {
    void *context;
    /* Connected for the first time. The marker's stream ("" where there is no marker) and position. */
    void (*ready)(void *context, const char *stream, uint64_t position);
    /* Something has arrived: there is room again, or all is done. */
    void (*arrived)(void *context);
    bool (*lost)(void *context, const char *why); /* the connection; true: another try is made, and logged */
    /* The marker is not what we left: others push the same, or Redis has lost data. Nothing more will be pushed. Where
     * this is NULL it is said in the log and the producer goes on. */
    void (*failed)(void *context, const char *why);
};

/* The configuration is borrowed; handler may be NULL. The stream is the spool's, or a new one. NULL with the error set:
 * a bad URL, or the spool can't be used. */
struct producer *producer_new(struct event_base *base, const struct producer_config *config,
                              const struct producer_handler *handler, struct error *error);
/* What has not arrived stays in the spool, or is lost. */
void producer_free(struct producer *producer);
void producer_start(struct producer *producer);
/* Reads the feed, too, from now on, on the event loop; it must outlive the producer. At most FEEDS_MAX times. */
void producer_take(struct producer *producer, struct feed *feed);

/* Never waits; where there is no room the entry is counted as lost. */
void producer_put(struct producer *producer, const char *text, size_t len);

/* For who pushes what it can read again, without a spool. What follows has positions of `stream`, the first one above
 * `position`; all that was put before has arrived. */
void producer_resume(struct producer *producer, const char *stream, uint64_t position);
/* The position is above the last one's. false: no room; handler.arrived will tell. */
bool producer_put_at(struct producer *producer, uint64_t position, const char *text, size_t len)
    __attribute__((warn_unused_result));
bool producer_is_done(const struct producer *producer);    /* all that was put, or fed, has arrived */
uint64_t producer_pushed(const struct producer *producer); /* entries that have arrived */

/* The process is to end: a Redis that has not answered within five seconds counts as away (producer_problems). */
void producer_hurry(struct producer *producer);

void producer_show(const struct producer *producer, struct show *show);
/* Adds a line for what keeps entries from the queue, if anything. */
void producer_problems(const struct producer *producer, struct buffer *out);

#endif
