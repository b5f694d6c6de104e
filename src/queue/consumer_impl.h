/* What the files of the consumer share: its state, and the ends that all operations have in common. */
#ifndef FLOWIMPORT_QUEUE_CONSUMER_IMPL_H
#define FLOWIMPORT_QUEUE_CONSUMER_IMPL_H

#include "queue/consumer.h"
#include "queue/redis.h"

enum {
    CONSUMER_SOME_MAX = 4000, /* entries moved one by one; a longer queue is renamed at once */
    CONSUMER_SOME_FIRST = 256,
    CONSUMER_SOME_BYTES = 8 << 20, /* fewer where entries may be long, as each is answered */
    CONSUMER_PAGES = 3,            /* reads under way at a time */
    CONSUMER_PAGE_FIRST = 64,      /* entries of the first read, as nobody knows yet how long they are */
    CONSUMER_PAGE_LOW = 1 << 20,
    CONSUMER_PAGE_HIGH = 2 << 20, /* bytes of a page: shorter ones grow, longer ones shrink */
    CONSUMER_PIECE = 500,         /* claims renamed in one transaction, words of one command */
    CONSUMER_WAIT_MS = 1000,      /* longest wait for an entry, so that a flush or a stop waits no longer */
    CONSUMER_LENGTHS = 5,         /* seconds between looks at the lengths that are shown */
};

struct paging {
    int64_t asked;  /* entries */
    uint64_t bytes; /* that have come of them */
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
    char key[CLAIM_KEY_MAX];             /* of the claim that is read, taken into, or given back */
    char all_key[CLAIM_KEY_MAX];         /* what a backlog is renamed to */
    int64_t page;                        /* entries of the next read: paging_next() */
    struct paging pages[CONSUMER_PAGES]; /* the reads under way: the first at `first_page` */
    unsigned first_page;
    uint64_t mean; /* bytes of an entry, of those that came last; 0: none came yet */
    uint64_t moved_bytes;
    int64_t next, end; /* first entry not yet asked for, and the one before which to stop */
    unsigned pending;  /* answers that are to come */
    bool stopped;      /* an entry was not taken: those that follow are passed over */
    bool ended;        /* the end of the claim was seen */
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

/* The entries of the next read, after a page of so many has had so many bytes: as many as fit, and no more than twice
 * as many, nor more than `most`. What is read and finds no room in a generation is read again. */
int64_t paging_some(uint64_t mean); /* how many entries at most are moved one by one */
int64_t paging_next(int64_t page, int64_t asked, uint64_t bytes, int64_t most);

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
