/* The commit loop of every importer: two generations, one being filled while the other is written.
 *
 * A source (the queue, a feed, a file, another program's tables) folds entries into committer_folding(); where that is
 * full, or is to end for another reason, it is handed over and the source goes on with the other. The committer opens
 * the store before the first entry is folded, writes, waits and tries again where the store is away, and finds out
 * whether a commit whose answer was lost has succeeded. It tells the source what has become of each generation; what
 * may be done with the entries then is the source's business.
 *
 * All is called on the event loop, and nothing blocks; a source without a loop of its own lends one and runs it until
 * the committer is free. */
#ifndef FLOWIMPORT_IMPORT_COMMITTER_H
#define FLOWIMPORT_IMPORT_COMMITTER_H

#include <event2/event.h>

#include "base/clock.h"
#include "base/show.h"
#include "import/fold.h"
#include "queue/consumer.h"
#include "store/retention/retention.h"

/* What a store has of the places of a queue (store/places.h): none from `end` on, in `ring` rows. */
struct places_known {
    char queue_id[QUEUE_ID_MAX];
    int64_t end, ring;
};

struct committer;       /* opaque */
struct places_question; /* import/writer.h */
struct places_gap;      /* as well */

struct importer_config {
    struct consumer_config queue;
    struct store_config store;
    struct check_rules rules;
    int64_t flush_interval;           /* seconds */
    uint64_t cache_memory;            /* bytes, of the two generations together */
    uint64_t claim_entries;           /* most entries of one generation */
    uint64_t seed;                    /* of the caches' hash */
    struct retention_rules retention; /* of a SQLite store */
};

/* Why a generation is written. */
enum flush_cause { FLUSH_INTERVAL, FLUSH_FULL, FLUSH_SIGNAL, FLUSH_END, FLUSH_STOP, FLUSH_RECOVERY, FLUSH_CAUSES };

struct importer_counters {
    uint64_t entries, imported, too_old, rejected; /* committed */
    uint64_t known;                                /* dropped: they had committed before, and Redis went back in time */
    uint64_t generations;                          /* committed */
    uint64_t lost_races;                           /* generations that another consumer had committed */
    uint64_t reasons[REJECT_REASONS];              /* of the rejected */
    uint64_t flushes[FLUSH_CAUSES];                /* generations handed over */
    int64_t last_commit;                           /* seconds since the epoch; 0: none yet */
};

/* What the source wants done where the store fails. Before its first answer every source gives up where a person must
 * change something (STORE_REFUSED). Later only a person who waits is told so at once: others wait longer, and try
 * again, for what was changed behind our back may be changed again. */
enum committer_patience {
    PATIENCE_SOURCE,  /* it keeps what is not committed: stopping, leave it; else try again */
    PATIENCE_ALONE,   /* the sums are nowhere else: try again, but where refused while stopping */
    PATIENCE_BOUNDED, /* a person waits: at first give up, later after COMMITTER_TRIES */
};
enum { COMMITTER_TRIES = 10 };

/* The decision itself, for what is not STORE_OK. `ready`: the store has answered before. */
enum committer_verdict { COMMITTER_AGAIN, COMMITTER_GIVE_UP, COMMITTER_LEAVE, COMMITTER_HALVE };
enum committer_verdict committer_judge(enum committer_patience patience, enum store_status status, bool ready,
                                       bool stopping, unsigned tries) __attribute__((warn_unused_result));
/* Most entries of the next generation: half of those that the store found too large, and after a commit of as many as
 * were allowed an eighth more. One alone is not halved. */
uint64_t committer_entries_bound(uint64_t bound, uint64_t configured, uint64_t entries, bool committed);

/* What a source is told. */
struct committer_news {
    enum committer_event {
        COMMITTER_READY,     /* the store has answered for the first time: entries may be folded */
        COMMITTER_COMMITTED, /* the generation handed over is in the store, with `ledger`; committer_release() ends it
                              */
        COMMITTER_TAKEN,     /* the ledger has its name from somebody else: nothing of it was written, and it is
                              * dropped unless committer_rename() is called at once */
        COMMITTER_TOO_LARGE, /* the store can't take it at once: it is dropped; the source reads its entries again, no
                              * more than committer_entries_max() at a time, or gives up: `why` */
        COMMITTER_OVERLAPS,  /* another generation has some of its entries: it is dropped, and they are read again */
        COMMITTER_FOUND,     /* committer_find(): `ledger` is the row; NULL: there is none */
        COMMITTER_KNOWS,     /* committer_know(): `places` */
        COMMITTER_LEFT,      /* stopping while the store is away: the source keeps what is not committed; `why`, or
                              * NULL: it is between two tries */
        COMMITTER_FAILED,    /* given up: `why` */
        COMMITTER_GAP,       /* committer_gap(): `gap` */
        COMMITTER_FLUSH,     /* flush_interval is over: what is being filled is to be handed over */
    } event;
    const struct ledger_row *ledger;
    const char *why;
    const struct places_gap *gap;
    const struct places_known *places; /* COMMITTER_KNOWS; of COMMITTER_COMMITTED, where its entries have places */
};
typedef void committer_told_fn(void *context, const struct committer_news *news);

/* All borrowed; of the configuration's queue only retry_max_ms is used. */
struct committer *committer_new(struct event_base *base, const struct importer_config *config,
                                const struct flow_layout *layout, const struct schema *schema,
                                const struct clock *clock, enum committer_patience patience, committer_told_fn *told,
                                void *context);
void committer_free(struct committer *committer);
/* Opens the store. `flushes`: COMMITTER_FLUSH comes every flush_interval; `retains`: a SQLite store drops what has
 * expired. */
void committer_start(struct committer *committer, bool flushes, bool retains);
/* After a change of rules, flush_interval, retention or queue.retry_max_ms. */
void committer_reconfigure(struct committer *committer);
/* For a source that keeps some generations and not others. */
void committer_be(struct committer *committer, enum committer_patience patience);
/* The source is stopping: a store that is away is tried once more now, or left (COMMITTER_LEFT). */
void committer_stop(struct committer *committer);

/* The generation to fold into, and with what; its name is set by generation_start(). */
struct generation *committer_folding(struct committer *committer);
struct folder *committer_folder(struct committer *committer);
/* The generation handed over and not yet released; NULL: none. */
const struct generation *committer_writing(const struct committer *committer);
/* To be called after every few entries: where most of them are refused, it is said before the generation's end. A hand
 * tool says itself what it refuses. */
void committer_look(struct committer *committer);
/* The newest commit in the ledger as far as it is known: of all when the store was opened, of ours since; 0: none. */
int64_t committer_last_commit(const struct committer *committer);
/* Whether one may be handed over, or a question asked. */
bool committer_is_free(const struct committer *committer);
void committer_hand_over(struct committer *committer, enum flush_cause cause);
/* Most entries of a generation at present. */
uint64_t committer_entries_max(const struct committer *committer);
/* A committed generation's memory is free again. */
void committer_release(struct committer *committer);
/* The generation that was taken gets another number, and another try. */
void committer_rename(struct committer *committer, int64_t number);
/* Whether the ledger has a generation. */
void committer_find(struct committer *committer, const struct generation_id *id);
/* Which entries at these places the ledger has; they go to question->known. */
void committer_know(struct committer *committer, const struct places_question *question);
/* How many of a queue's places no generation has: beside all else, in an idle moment, one question at a time. */
void committer_gap(struct committer *committer, const struct places_gap *gap);
/* Whether the last try has failed, and the next is to come. */
bool committer_is_failing(const struct committer *committer);
/* How far the consumer's generations with this claim reach; the row of COMMITTER_FOUND has the position alone. Allowed
 * in answer to COMMITTER_TAKEN, too: the generation may be renamed in answer to COMMITTER_FOUND. */
void committer_reach(struct committer *committer, const struct generation_id *id, int64_t claim);

const struct importer_counters *committer_counters(const struct committer *committer);
/* What is in memory: rows and bytes of both generations. */
void committer_memory(const struct committer *committer, size_t *bytes, size_t *rows);
/* The modules "import", of which the source adds what else it knows, and then "store" and "retention". */
struct counters_held;
void committer_show_import(const struct committer *committer, const struct counters_held *held, struct show *show);
void committer_show_store(const struct committer *committer, struct show *show);
/* Adds a line for everything that keeps entries from being committed; none where all is well. */
void committer_problems(const struct committer *committer, const struct counters_held *held, struct buffer *out);

#endif
