/* Taking from the queue without losing: claims on the event loop, one operation at a time.
 *
 * The consumer knows Redis and claims; what an entry means, when a generation ends and what the store's ledger says is
 * the importer's business. An entry stays in Redis, in a claim, until consumer_settle() says that its counts have
 * committed. With at-most-once delivery nothing is kept: entries are popped, and claims have no key.
 *
 * Every operation ends with handler.done and its result, unless the connection is lost first: then handler.lost comes,
 * whatever was taken and not committed is to be forgotten, and handler.ready comes when all can begin again with
 * consumer_list(). Claims are copied where an operation begins, arrays of them are borrowed until it ends or is lost.
 * However many claims or entries an operation is about, it keeps some thousands of commands under way at most.
 * The consumer's name is held by a key with a time-to-live that says whose it is (queue/identity.h). If it has lapsed,
 * others may have adopted what we held: this too counts as a loss. If another holds it, handler.failed is called. */
#ifndef FLOWIMPORT_QUEUE_CONSUMER_H
#define FLOWIMPORT_QUEUE_CONSUMER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tls.h"
#include "base/error.h"
#include "base/show.h"
#include "queue/claim.h"
#include "queue/identity.h"

struct consumer; /* opaque */

struct consumer_config {
    const char *url, *password; /* the URL's password counts where `password` is NULL */
    struct tls_rules tls;       /* where the URL asks for TLS */
    const char *queue;          /* the list's name */
    const char *name;           /* the consumer's */
    bool at_most_once;
    bool once;             /* drain and stop: never waits, and gives up where the daemon would try again */
    uint64_t page;         /* entries a read */
    int64_t timeout;       /* seconds without a sign of life after which a consumer's claims are adopted */
    uint64_t rejected_max; /* elements of the rejected list; the oldest go first */
    int64_t retry_max_ms;
    uint8_t random[IDENTITY_RANDOM]; /* what no other process has: it makes the sign of life ours alone */
};

/* What an operation has brought; valid during the call of handler.done. What a kind of operation says nothing of is 0.
 */
struct consumer_result {
    int64_t moved;              /* consumer_take: entries that left the queue */
    uint64_t left;              /* consumer_take: that were in it then */
    int64_t taken;              /* consumer_take, consumer_read: how many entries handler.entry has taken */
    bool ended;                 /* consumer_read: it has taken all up to the claim's end, or to the limit */
    const struct claim *claims; /* consumer_list */
    size_t n_claims;
    char queue_id[QUEUE_ID_MAX]; /* consumer_list: of the queue's count, as in struct claim; "": it has none yet */
    int64_t counted;             /* what it is */
};

/* Where the entries of a take are. */
struct consumer_claimed {
    int64_t moved;               /* how many */
    bool filled;                 /* behind those of the claim that was to be filled; else in the fresh one */
    char queue_id[QUEUE_ID_MAX]; /* of the fresh one, as in struct claim; "": not counted */
    int64_t place;
};

/* What the queue has counted. */
struct consumer_count {
    char queue_id[QUEUE_ID_MAX];
    int64_t from, to; /* the places that no claim holds any more, and that nobody has looked at yet; from < 0: nobody
                       * has ever looked, and those up to `to` are not looked at */
    int64_t back;     /* how many of them, or of later ones, were given back to the queue */
};

struct consumer_handler {
    void *context;
    void (*ready)(void *context);                   /* connected, and the name is ours */
    void (*lost)(void *context);                    /* or not available; also before the first `ready` */
    void (*failed)(void *context, const char *why); /* trying again can't help; nothing more will come */
    /* An entry of the claim that is read or taken into; of one of more than ENTRY_BYTES_MAX bytes (flow/entry.h) the
     * text is its head. false: not taken; those that follow are not offered. */
    bool (*entry)(void *context, const char *text, size_t len);
    /* A take has moved entries to a claim, some of which may be handed over next. */
    void (*claimed)(void *context, const struct consumer_claimed *claimed);
    void (*done)(void *context, const struct consumer_result *result);
    void (*counted)(void *context, const struct consumer_count *count); /* NULL: consumer_count() does nothing */
    void (*looked)(void *context, bool first); /* of consumer_looked(): false: another was faster */
};

/* The configuration is borrowed. NULL with the error set: a bad URL. */
struct consumer *consumer_new(struct event_base *base, const struct consumer_config *config,
                              const struct consumer_handler *handler, struct error *error);
void consumer_free(struct consumer *consumer);
void consumer_start(struct consumer *consumer);
/* To be called after page, rejected_max or retry_max_ms of the configuration have changed; no others may. */
void consumer_reconfigure(struct consumer *consumer);
/* Whether the name has been asked for and the answer is to come: then handler.ready or handler.lost will. */
bool consumer_is_naming(const struct consumer *consumer);
/* The process is to end: an answer that has not come within five seconds will not be waited for, and counts as a loss.
 */
void consumer_hurry(struct consumer *consumer);
/* Gives the name free, so that a successor need not wait for it to lapse: the last operation of an orderly end. */
void consumer_leave(struct consumer *consumer);
const char *consumer_prefix(const struct consumer *consumer);
void consumer_show(const struct consumer *consumer, struct show *show);
/* Adds a line for what keeps the queue from being read, if anything. */
void consumer_problems(const struct consumer *consumer, struct buffer *out);

/* All claims there are, sorted by claim_compare, with their length and whether their consumer is alive; those that
 * are empty and ours or a dead consumer's are forgotten. */
void consumer_list(struct consumer *consumer);

/* Reads the claim from claim->read on: `limit` entries at most, until its end or until an entry is not taken. */
void consumer_read(struct consumer *consumer, const struct claim *claim, int64_t limit);

/* Takes from the queue's head, up to an END at most: a few entries, handed to handler.entry, or of a backlog some
 * thousands, so that other consumers find something; of those `taken` were handed over, the first ones, maybe none, and
 * the rest is to be read with consumer_read. They go behind those of `fill` (NULL: none), where that is the claim whose
 * entries left the queue just before them; else to a claim of the name of `fresh`, with the place added to it.
 * handler.claimed says which, if entries were taken; more than once, where there is a backlog: further claims are then
 * named as `fresh` with the next n. If the queue is empty and `wait` is set, waits up to a second for an entry, and
 * takes nothing.
 *
 * All this is done by a script, also where Redis is full. Without the permission to run scripts a backlog is taken as a
 * whole, and nothing is counted. */
void consumer_take(struct consumer *consumer, const struct claim *fill, const struct claim *fresh, bool wait);

/* After a commit, in one transaction of Redis: forgets the finished claims; cuts rests[i].read entries off the head of
 * each rest and renames what is left to rests_to[i]; appends the elements to the rejected list. Where there are
 * thousands of rests, those of which nothing is cut off follow in transactions of their own: what the ledger says of
 * them does not change. Safe to repeat: what another has settled is passed over. A rest is cut only while our name is
 * ours and the list is as long as rests[i].len says, where that is above 0; else the connection counts as lost. */
struct consumer_settlement {
    const struct claim *finished, *rests, *rests_to;
    size_t n_finished, n_rests;
    const char *rejects;       /* elements, one behind the other */
    const size_t *reject_ends; /* where each ends */
    size_t n_rejects;
};
void consumer_settle(struct consumer *consumer, const struct consumer_settlement *settlement);

/* Renames the n claims to the names in `to`, in their order and in pieces of some hundreds, each piece all or none;
 * those that are gone are passed over. */
void consumer_rename(struct consumer *consumer, const struct claim *from, const struct claim *to, size_t n);

/* Beside any operation, and none itself: asks what the queue has counted (handler.counted), where Redis counts. An
 * entry of these places that no generation has, and that was not given back, is one that Redis has lost. */
void consumer_count(struct consumer *consumer);
/* They were looked at, with `back` of those given back; `lost`: an entry (flow/lost.h) for the queue that says how many
 * are lost, or "". In one step, and nothing of it where another importer was faster. */
void consumer_looked(struct consumer *consumer, const struct consumer_count *count, int64_t back, const char *lost);

/* Puts the claim's entries back at the head of the queue, in their order. */
void consumer_return(struct consumer *consumer, const struct claim *claim);
/* The same for entries that were popped (at-most-once): n of them, one behind the other, ends[i] where each ends. */
void consumer_push_back(struct consumer *consumer, const char *entries, const size_t *ends, size_t n);

#endif
