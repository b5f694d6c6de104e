/* What the files of the consumer share: its state, and the ends that all operations have in common. */
#ifndef FLOWIMPORT_QUEUE_CONSUMER_IMPL_H
#define FLOWIMPORT_QUEUE_CONSUMER_IMPL_H

#include "queue/consumer.h"
#include "queue/redis.h"

enum {
    CONSUMER_SOME_MAX = 4000, /* entries moved one by one; a longer queue is renamed at once */
    CONSUMER_PAGES = 3,       /* reads under way at a time */
    CONSUMER_PIECE = 500,     /* claims renamed in one transaction, words of one command */
    CONSUMER_WAIT_MS = 1000,  /* longest wait for an entry, so that a flush or a stop waits no longer */
    CONSUMER_LENGTHS = 5,     /* seconds between looks at the lengths that are shown */
};

struct consumer {
    const struct consumer_config *config;
    struct consumer_handler handler;
    struct redis_target target;
    struct redis *redis;
    struct event *life; /* when to show life again */
    int64_t life_ms;    /* when the last sign of life that Redis has confirmed was sent */
    int64_t asked_ms;   /* when the last one was sent */
    int64_t name_tries;
    bool naming; /* the name is asked for */
    bool named, freeing;
    char prefix[QUEUE_NAME_MAX + 2];
    char claims_key[QUEUE_NAME_MAX + 16], rejected_key[QUEUE_NAME_MAX + 16];
    char life_key[QUEUE_NAME_MAX + CLAIM_CONSUMER_MAX + 16];
    struct identity self;
    char token[IDENTITY_TOKEN_MAX]; /* of self: the value of life_key */

    /* the operation under way */
    struct consumer_result result;
    char key[CLAIM_KEY_MAX];     /* of the claim that is read, taken into, or given back */
    char all_key[CLAIM_KEY_MAX]; /* what a backlog is renamed to */
    int64_t page;                /* entries a read of it, whatever the configuration says meanwhile */
    int64_t next, end;           /* first entry not yet asked for, and the one before which to stop */
    unsigned pending;            /* answers that are to come */
    bool stopped;                /* an entry was not taken: those that follow are passed over */
    bool ended;                  /* the end of the claim was seen */
    bool wait;
    const struct claim *from, *to; /* renamed: to_go of them are not yet asked for */
    size_t to_go;
    struct consumer_settlement settlement;
    struct claim *listed;
    size_t n_listed, listed_room, listed_at;

    /* to be shown */
    struct event *lengths;
    uint64_t taken, losses;
    uint64_t queue_length, n_claims, rejected_length; /* when last seen, less what was taken then */
    char lost_why[256];
};

/* Whether an operation may begin, with an empty result; false where the connection is not good: handler.lost has been
 * or will be called. */
bool consumer_begin(struct consumer *consumer);
/* The operation has ended: hands its result over. */
void consumer_finish(struct consumer *consumer);
/* true where the reply is an error: said, and the connection dropped (handler.lost) or the consumer failed. */
bool consumer_refused(struct consumer *consumer, const redisReply *reply, const char *what);
/* The same for the reply to EXEC and those of its commands; a list that is gone ("no such key") is no error. NULs of
 * what was watched: the caller's. */
bool consumer_exec_refused(struct consumer *consumer, const redisReply *reply, const char *what);
/* What happens to the key from here on keeps the next transaction from being done (NIL). */
void consumer_watch(struct consumer *consumer, const char *key);
/* true where the value of life_key, as just read, is not our token: said, and the consumer has failed, or the
 * connection is dropped because it has lapsed. */
bool consumer_displaced(struct consumer *consumer, const redisReply *holder);

#endif
