/* The writer thread: database calls block, so they are made here, one job at a time; the event loop only hands over.
 *
 * A finished job makes writer_fd() readable; writer_finish() then returns it. The submitter of a job leaves it and its
 * generation alone until then. Waiting before another try is the submitter's business. */
#ifndef FLOWIMPORT_IMPORT_WRITER_H
#define FLOWIMPORT_IMPORT_WRITER_H

#include "base/clock.h"
#include "base/show.h"
#include "import/generation.h"
#include "import/known.h"
#include "store/retention/retention.h"

struct writer; /* opaque */

enum writer_job_kind {
    WRITER_COMMIT, /* write the generation */
    WRITER_FIND,   /* look for a generation in the ledger */
    WRITER_REACH,  /* look how far a consumer's generations reach */
    WRITER_KNOW,   /* look for places of a queue (store/places.h) */
};

struct places_question {
    char queue_id[PLACES_QUEUE_MAX];
    int64_t from, to;
    /* the outcome, as of store_places_read() */
    int64_t end, ring;
    struct known *known; /* borrowed: filled */
};

/* A question beside the jobs, answered in an idle moment: how many of a queue's places no generation has. */
struct places_gap {
    char queue_id[PLACES_QUEUE_MAX];
    int64_t from, to;
    /* the outcome */
    bool failed; /* the store has not answered */
    uint64_t missing;
};

struct writer_job {
    enum writer_job_kind kind;
    struct generation *generation; /* WRITER_COMMIT; borrowed */
    struct generation_id id;       /* WRITER_FIND; WRITER_REACH: the consumer */
    int64_t claim;                 /* WRITER_REACH */
    struct places_question places; /* WRITER_KNOW */
    /* the outcome */
    enum store_status status;
    struct error error;
    bool found; /* WRITER_FIND: `ledger` is the row; WRITER_REACH: it has the position alone */
    struct ledger_row ledger;
    int64_t last_commit; /* the newest of any consumer in the ledger when the store was opened; 0: none */
    uint64_t rows;       /* WRITER_COMMIT: rows written, and the time that it took */
    int64_t took_us;
};

/* Everything is borrowed for the writer's life. The store is opened in the thread at the first job and again after a
 * failure. */
struct writer *writer_new(const struct store_config *config, const struct flow_layout *layout,
                          const struct schema *schema, const struct clock *clock);
/* Ends the thread after the job under way, if any. */
void writer_free(struct writer *writer);
/* What of a SQLite store the writer drops, in its idle moments (store/retention/retention.h); copied. At first:
 * nothing. */
void writer_retain(struct writer *writer, const struct retention_rules *rules);
int writer_fd(const struct writer *writer);
void writer_submit(struct writer *writer, struct writer_job *job); /* no job may be under way */
/* The finished job, or NULL where none is finished. */
struct writer_job *writer_finish(struct writer *writer);
/* Asked once the store has answered a job; copied. One is under way at a time, and another is not asked. */
void writer_gap_ask(struct writer *writer, const struct places_gap *gap);
/* Whether it is answered; to be called when writer_fd() is readable, behind writer_finish(). */
bool writer_gap_answer(struct writer *writer, struct places_gap *gap);

/* What the jobs returned so far say of the store; called from the submitter's thread, like all but the job itself. */
void writer_show(struct writer *writer, struct show *show);
void writer_retention_show(struct writer *writer, struct show *show);
/* Adds a line for what keeps the store from being written, and one where retention is overdue, if anything. */
void writer_problems(struct writer *writer, struct buffer *out);

#endif
