/* Retention: how long the buckets of each size are kept, and dropping those that have expired.
 *
 * What is dropped is whole days (UTC) of one bucket size at a time, from all its tables, roll-ups among them: those
 * days whose last bucket began more than the size's time ago, and, while the tables are larger than max_size, the
 * oldest day there is of any size, but never today's. The all-time tables and the ledger are kept. Before the first row
 * goes, flowimport_schema says in size_S_expired from when on the size's tables are complete.
 *
 * In MySQL the work is done by an event of the server (sql/retention.sql; mysql_retention.h); in SQLite by the
 * program, in slices, between the generations it writes. */
#ifndef FLOWIMPORT_STORE_RETENTION_RETENTION_H
#define FLOWIMPORT_STORE_RETENTION_RETENTION_H

#include "store/store.h"

enum {
    RETENTION_EVERY = 3600,       /* seconds between two runs, of the event and of the daemon */
    RETENTION_LOG_DAYS = 90,      /* that the log is kept */
    RETENTION_SLICE_ROWS = 10000, /* deleted in one transaction: well below a second, also on a slow disk */
};

struct retention_rules {
    unsigned n;
    uint32_t sizes[BUCKET_SIZES_MAX]; /* bucket sizes */
    int64_t keep[BUCKET_SIZES_MAX];   /* seconds after the begin of a bucket */
    uint64_t max_size;                /* bytes; 0: no bound */
};

static inline bool retention_is_off(const struct retention_rules *rules) {
    return rules->n == 0 && rules->max_size == 0;
}
bool retention_rules_equal(const struct retention_rules *one, const struct retention_rules *other);
/* "60=2d, 600=30d; at most 50G"; "everything is kept". */
void retention_rules_show(const struct retention_rules *rules, struct buffer *out);

/* The rules in the store: in flowimport_retention and flowimport_schema's max_size. */
enum store_status retention_rules_read(struct store *store, struct retention_rules *rules, struct error *error)
    __attribute__((warn_unused_result));
/* Replaces them; *changed: they were others. */
enum store_status retention_rules_write(struct store *store, const struct retention_rules *rules, bool *changed,
                                        struct error *error) __attribute__((warn_unused_result));

/* What a run at `now` would drop. Rows and buckets are counted; bytes are the store's own estimate of what they take.
 */
struct retention_drop {
    const struct table *table;
    uint32_t first, cutoff; /* buckets in [first, cutoff) */
    uint64_t buckets, rows, bytes;
};
struct retention_plan {
    unsigned n;
    struct retention_drop drops[SCHEMA_TABLES_MAX]; /* tables that would lose rows */
    uint64_t size; /* bytes that the tables and SQLite's log take now; 0: max_size was not asked for */
};
enum store_status retention_plan(struct store *store, const struct schema *schema, const struct retention_rules *rules,
                                 int64_t now, struct retention_plan *plan, struct error *error)
    __attribute__((warn_unused_result));

/* When the last run began, 0 if there was none, and whether any of it failed. */
enum store_status retention_last(struct store *store, int64_t *at, bool *failed, struct error *error)
    __attribute__((warn_unused_result));

/* Whether the server is a node of a Galera cluster: there, the node that created the event runs it. */
bool retention_on_galera(struct store *store);

/* When the last run began of which nothing failed; 0: none is known. */
enum store_status retention_succeeded(struct store *store, int64_t *at, struct error *error)
    __attribute__((warn_unused_result));

/* SQLite: a run, slice by slice. */
struct retention_run_state {
    int64_t at;   /* what "now" is for all of it */
    int64_t line; /* of its first line in flowimport_retention_log; 0 before the first slice */
    uint64_t log; /* bytes that the write-ahead log took before the run, which count in max_size */
};
/* One slice, in a transaction of its own that deletes at most `limit` rows. *more: call again. */
enum store_status retention_slice(struct store *store, const struct schema *schema, const struct retention_rules *rules,
                                  struct retention_run_state *run, unsigned limit, bool *more, struct error *error)
    __attribute__((warn_unused_result));

/* MySQL and MariaDB: the procedures and the event of sql/retention.sql
 * ----------------------------------------------------------------------------------- */

extern const char retention_sql[];                         /* that file */
#define RETENTION_DEFINER "flowimport_retention@localhost" /* as it stands there */

/* Makes what is missing or another than in the file; the event is enabled. `definer`: "user@host". *changed: anything
 * was made. */
enum store_status retention_install(struct store *store, const char *definer, bool *changed, struct error *error)
    __attribute__((warn_unused_result));
/* Removes the event and the procedures. */
enum store_status retention_remove(struct store *store, bool *changed, struct error *error)
    __attribute__((warn_unused_result));
/* What the event does, now, with the rules in the store. */
enum store_status retention_run(struct store *store, int64_t now, struct error *error)
    __attribute__((warn_unused_result));

/* What prevents retention, or may soon; each with the line that fixes it. Also of SQLite, where only the
 * last run can be asked. `configured`: what the configuration says. */
typedef void retention_problem_fn(void *context, const char *problem, const char *remedy);
enum store_status retention_check(struct store *store, const struct schema *schema,
                                  const struct retention_rules *configured, int64_t now, retention_problem_fn *report,
                                  void *context, struct error *error) __attribute__((warn_unused_result));

#endif
