/* The audit of the queue: whether every entry that was taken out of it is counted once, or still claimed. */
#ifndef FLOWIMPORT_TOOL_QUEUE_AUDIT_H
#define FLOWIMPORT_TOOL_QUEUE_AUDIT_H

#include "queue/claim.h"
#include "queue/redis.h"
#include "store/store.h"

/* Redis counts what is taken, and a claim knows the places of its entries in that order (queue/claim.h); the store has
 * those of the entries counted last (store/places.h). As far back as it has all of them, each place must be in one or
 * the other; and no two generations may have the same entry at the same place. */
struct queue_audit {             /* begins as {0} */
    char queue_id[QUEUE_ID_MAX]; /* "": the queue counts nothing, and nothing is compared */
    int64_t taken, back;         /* ever; of them given back to the queue, which counts them again */
    struct claim *claims;        /* by their places */
    size_t n_claims;
    /* the outcome, of the last `compared` entries */
    uint64_t compared, counted, claimed, missing, twice;
};

void queue_audit_release(struct queue_audit *audit);
/* The queue's side, in one look; to be called before the store's, which may have more by then. 0, or -1 with the error
 * set. */
int queue_audit_read(struct queue_audit *audit, redisContext *redis, const char *queue, struct error *error)
    __attribute__((warn_unused_result));
enum store_status queue_audit_compare(struct queue_audit *audit, struct store *store, struct error *error)
    __attribute__((warn_unused_result));

#endif
