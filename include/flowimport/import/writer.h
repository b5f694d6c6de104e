/* The writer thread: database calls block, so they are made here, one job at a time; the event loop only hands over.
 *
 * A finished job makes writer_fd() readable; writer_finish() then returns it. Whoever submitted a job leaves it and its
 * generation alone until then. Waiting before another try is the submitter's business. */
#ifndef FLOWIMPORT_IMPORT_WRITER_H
#define FLOWIMPORT_IMPORT_WRITER_H

#include "base/clock.h"
#include "import/generation.h"

struct writer; /* opaque */

enum writer_job_kind {
    WRITER_COMMIT, /* write the generation */
    WRITER_FIND,   /* look for a generation in the ledger */
};

struct writer_job {
    enum writer_job_kind kind;
    struct generation *generation; /* WRITER_COMMIT; borrowed */
    struct generation_id id;       /* WRITER_FIND */
    /* the outcome */
    enum store_status status;
    struct error error;
    bool found; /* WRITER_FIND: `ledger` is the row */
    struct ledger_row ledger;
    int64_t totals[FLOW_SUMS_MAX]; /* of each sum, what the store holds for all time */
};

/* Everything is borrowed for the writer's life. The store is opened in the thread at the first job and again after a
 * failure. */
struct writer *writer_new(const struct store_config *config, const struct flow_layout *layout,
                          const struct schema *schema, const struct clock *clock);
/* Ends the thread after the job under way, if any. */
void writer_free(struct writer *writer);
int writer_fd(const struct writer *writer);
void writer_submit(struct writer *writer, struct writer_job *job); /* no job may be under way */
/* The finished job, or NULL where none is finished. */
struct writer_job *writer_finish(struct writer *writer);
/* Blocks until the job under way is finished, and returns it. */
struct writer_job *writer_wait(struct writer *writer);

#endif
