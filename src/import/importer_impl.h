/* What the files of the importer share: its state, and the steps between them. */
#ifndef FLOWIMPORT_IMPORT_IMPORTER_IMPL_H
#define FLOWIMPORT_IMPORT_IMPORTER_IMPL_H

#include "base/backoff.h"
#include "import/batch.h"
#include "import/fold.h"
#include "import/importer.h"
#include "import/writer.h"

enum importer_op { /* the consumer's operation under way */
                   OP_NONE,
                   OP_LIST, /* claims, for recovery or to look for dead consumers */
                   OP_TAKE,
                   OP_READ,
                   OP_SETTLE, /* of the committed batch, or of an old generation */
                   OP_ADOPT,
                   OP_RETURN, /* entries behind END */
                   OP_LEAVE,  /* the end */
};

/* Old claims are worked off one generation at a time. */
enum recovery {
    RECOVERY_NONE,
    RECOVERY_DUE,      /* the claims must be listed */
    RECOVERY_FINDING,  /* the ledger is asked about `old` */
    RECOVERY_FOUND,    /* it has committed: its claims are to be settled */
    RECOVERY_ADOPTING, /* it has not, and is another's */
    RECOVERY_REPLAYING,
};

struct importer {
    const struct importer_config *config;
    const struct flow_layout *layout;
    const struct schema *schema;
    const struct clock *clock;
    void (*finished)(void *context, int exit_code);
    void *context;
    struct importer_counters counters;

    struct consumer *consumer;
    struct writer *writer;
    struct event *writer_event, *retry, *flush, *look, *again;
    struct backoff backoff; /* of the store */
    int64_t flush_interval; /* seconds, as the flush timer has it */
    struct folder folder;

    struct batch batches[2];
    struct batch *folding, *writing; /* NULL or one of the two */
    struct writer_job job;
    bool job_busy;    /* the writer, or the timer before its next try, has the job */
    bool store_ready; /* the store has answered once */
    bool connected;   /* the consumer is ready */
    bool flush_due, look_due, stopping, left, done;
    enum flush_cause due_cause; /* of flush_due */
    bool abandoned;             /* stopping while the store is away: the next start goes on from the claims */
    bool pause;                 /* a few entries came: a short while before the next are taken together */
    enum importer_op op;
    struct claim backlog; /* the name a whole queue would get */
    int64_t last_generation;

    enum recovery recovery;
    struct claim *old; /* claims of the old generation under way */
    size_t n_old;
    struct ledger_row old_ledger;

    struct claim *returning; /* rests behind END, given back from the last on */
    size_t n_returning;
    struct buffer held; /* popped entries (at-most-once) that found no room, or stood behind END */
    size_t *held_ends, n_held, held_room;
};

/* Does whatever can be done next. Called after every event. */
void importer_step(struct importer *importer);
void importer_finish(struct importer *importer, int exit_code);
/* A number for a new generation: the time in microseconds, but always larger than the last. */
int64_t importer_generation(struct importer *importer);
/* Takes nothing new for so long. */
void importer_pause(struct importer *importer, unsigned ms);
/* Hands the job to the writer. */
void importer_submit(struct importer *importer);
/* An empty batch that is not the one being written. */
struct batch *importer_batch(struct importer *importer);
void importer_close(struct importer *importer);
/* Settles the claims of a generation that the ledger has; its rests go to a new generation of ours. */
void importer_settle(struct importer *importer, const struct claim *claims, size_t n, const struct ledger_row *ledger,
                     const struct generation *generation, int64_t rest_generation);

/* The live side (live.c). */
void live_step(struct importer *importer);
void live_take_done(struct importer *importer);
bool live_entry(struct importer *importer, struct claim *claim, const char *text, size_t len);
/* The live batch goes to the writer, which must be free. */
void live_close(struct importer *importer);
/* Forgets the names of the claims that were never used. */
void live_forget(struct importer *importer);

/* The recovery of what was claimed before (recover.c). */
void recover_step(struct importer *importer);
void recover_list_done(struct importer *importer);
void recover_find_done(struct importer *importer);
/* Whether an entry lies behind what the committed generation, whose refused entries are counted again, has taken. */
bool recover_is_past(const struct importer *importer, const struct claim *claim);

#endif
