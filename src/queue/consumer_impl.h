/* What the files of the consumer share: its state, and the ends that all operations have in common. */
#ifndef FLOWIMPORT_QUEUE_CONSUMER_IMPL_H
#define FLOWIMPORT_QUEUE_CONSUMER_IMPL_H

#include "base/buffer.h"
#include "queue/consumer.h"
#include "queue/redis.h"
#include "queue/redis_look.h"

enum {
    CONSUMER_TAKE_MAX = 4000, /* entries of a claim that a script makes */
    CONSUMER_TAKES = 64,      /* claims of an operation, made one while the entries of another are folded */
    CONSUMER_SOME_MAX = 4000, /* entries moved or popped one by one; without scripts, a longer queue is renamed */
    CONSUMER_FEW_MAX = 500,   /* entries that a script moves one by one, and answers with */
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

/* Redis 7.0 and newer: a script that says so may write where used_memory is above maxmemory. Older servers know no
 * such line, and refuse the script for it. */
#define CONSUMER_ANY_MEMORY "#!lua flags=allow-oom\n"

/* What Redis lets us do by scripts. */
enum scripts {
    SCRIPTS_NONE,
    SCRIPTS_SOME, /* not where Redis is full: older than 7.0 */
    SCRIPTS_ALL,
};

enum { PLACE_TEXT_MAX = QUEUE_ID_MAX + 24 }; /* "<queue id>.<place>" */

/* Commands that are executed together: a transaction of Redis; or, where there are scripts, one of them, because a full
 * Redis (maxmemory) takes no command into a transaction. */
struct joint {
    struct buffer words; /* of the script's arguments, each with a NUL behind it */
    size_t *ends;
    size_t n, room;
    unsigned n_expected;
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
    enum scripts scripts; /* of this connection */
    char prefix[QUEUE_NAME_MAX + 2];
    char claims_key[QUEUE_NAME_MAX + 16], rejected_key[QUEUE_NAME_MAX + 16];
    char life_key[QUEUE_NAME_MAX + CLAIM_CONSUMER_MAX + 16], taken_key[QUEUE_NAME_MAX + 16];
    uint32_t drawn; /* ids for the queue's count */
    struct identity self;
    char token[IDENTITY_TOKEN_MAX]; /* of self: the value of life_key */

    struct joint joint;

    /* the operation under way */
    struct consumer_result result;
    char key[CLAIM_KEY_MAX];       /* of the claim that is read, or given back */
    char fill_key[CLAIM_KEY_MAX];  /* of a take: "": a new claim is made */
    struct claim fresh;            /* the next new one, but for the place */
    unsigned takes;                /* of this operation, */
    unsigned takes_pending;        /* and those that have no answer yet */
    char fill_end[PLACE_TEXT_MAX]; /* the place behind the last entry of the one to be filled */
    char next[PLACE_TEXT_MAX];     /* of the entry that the next take begins with, if nobody else takes; "": unknown */
    bool read_ahead;               /* the last take has left enough for another like it */
    bool pages_ahead;              /* the entries of the take under way are asked for, where it begins at `next` */
    bool goes_on;                  /* another take follows once they are here */
    struct buffer ahead;           /* of them, those that wait to be folded: each behind its length */
    int64_t page;                  /* entries of the next read: paging_next() */
    struct paging pages[CONSUMER_PAGES]; /* the reads under way: the first at `first_page` */
    unsigned first_page;
    uint64_t mean;        /* bytes of an entry, of those that came last; 0: none came yet */
    uint64_t moved_bytes; /* of `came` entries of a take */
    uint64_t came;
    int64_t next_entry, end; /* not yet asked for, and the one before which to stop */
    unsigned pending;        /* answers that are to come */
    bool stopped;            /* an entry was not taken: those that follow are passed over */
    bool ended;              /* the end of the claim was seen */
    bool wait;
    const struct claim *from, *to; /* renamed: to_go of them are not yet asked for */
    size_t to_go;
    struct consumer_settlement settlement;
    int64_t *rest_lengths; /* of its rests, as just read */
    struct claim *listed;
    size_t n_listed, listed_room, listed_at;

    /* to be shown */
    struct redis_look look;
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
/* The same command as by redis_command(), which Redis would refuse where it is full: by a script that may all the same,
 * if there are any. The first word behind the verb must be the key. */
void consumer_write(struct consumer *consumer, redis_reply_fn *reply, void *context, ...) __attribute__((sentinel));
/* Joint commands: begun, what must hold for any to be executed, added, sent. The reply is EXEC's: an array of theirs,
 * or NIL where something did not hold. What was expected must be watched, too, where there are no scripts; `value` is
 * what was read: of GET, NULL for none; of LLEN. */
void consumer_join(struct consumer *consumer);
void consumer_join_expect(struct consumer *consumer, const char *verb, const char *key, const char *value);
void consumer_join_add(struct consumer *consumer, ...) __attribute__((sentinel));
void consumer_join_words(struct consumer *consumer, int n, const char *const *words, const size_t *lens);
void consumer_join_send(struct consumer *consumer, redis_reply_fn *reply);
/* The first command of a connection: which scripts may run. */
void consumer_ask_scripts(struct consumer *consumer);
/* Whether an ACL, or that there is no such command, is why it was refused; then no more scripts are tried, and it is
 * said what that means. */
bool consumer_is_forbidden(const redisReply *reply);
void consumer_unscript(struct consumer *consumer, const redisReply *reply);
/* An id that the queue's count gets where it has none. Never the same again: somebody may empty Redis meanwhile, and
 * the places begin anew. */
void consumer_draw(struct consumer *consumer, char queue_id[QUEUE_ID_MAX]);
/* Takes by a script, and reads ahead; see consumer_take(). The keys are set. */
void consumer_script_take(struct consumer *consumer);
void consumer_command_take(struct consumer *consumer); /* the same by commands */

/* For both ways of taking: entries went to a claim; one of them, answered with the take. */
void consumer_claimed(struct consumer *consumer, const struct consumer_claimed *claimed);
/* Nothing, where it is none. */
void consumer_entry(struct consumer *consumer, const redisReply *entry);
void consumer_popped(void *context, const redisReply *reply); /* the same with at-most-once delivery */
/* The queue is empty: waits, or ends the take. */
void consumer_wait(struct consumer *consumer);
/* Entries of a claim, into handler.entry. */
void consumer_page_ask(struct consumer *consumer, const char *key, int64_t first, int64_t last, redis_reply_fn *done);
/* The same, but they wait for consumer_ahead_deliver(), or until they are CONSUMER_PAGE_HIGH bytes. */
void consumer_ahead_ask(struct consumer *consumer, const char *key, int64_t first, int64_t last, redis_reply_fn *done);
void consumer_ahead_deliver(struct consumer *consumer);

/* What happens to the key from here on keeps the next transaction from being done (NIL). */
void consumer_watch(struct consumer *consumer, const char *key);
/* true where the value of life_key, as just read, is not our token: said, and the consumer has failed, or the
 * connection is dropped because it has lapsed. */
bool consumer_displaced(struct consumer *consumer, const redisReply *holder);

#endif
