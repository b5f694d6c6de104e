/* Where committed rows are: one interface, behind it MySQL/MariaDB, SQLite and a store in memory for tests.
 *
 * A *generation* is the unit of commit. Errors of begin and put are sticky: the caller goes on and asks once, at
 * commit. Every row is added to the row that is there (upsert). A store is one connection, used by one thread at a
 * time; calls block. Open one store per thread. */
#ifndef FLOWIMPORT_STORE_STORE_H
#define FLOWIMPORT_STORE_STORE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "flow/sum.h"
#include "store/schema.h"

struct store_config {
    const char *url;                         /* mysql://user@host:port/db[?socket=…&tls=…], sqlite:/path, memory: */
    const char *password;                    /* NULL: the URL's, the MySQL option file's, none */
    const char *tls_ca, *tls_cert, *tls_key; /* NULL or paths; MySQL alone */
    bool tls_required;
    bool read_only;   /* status, top, verify: nothing is created, nothing can be written */
    bool upgrade;     /* of a writer: the store gets the schema's roll-ups instead of its own (store/upgrade.h) */
    bool foreign;     /* another program's tables: none is looked for; with read_only and an empty schema */
    int64_t query_ms; /* of a reader: what a query may take, by MySQL's clock; and store_cancel works; 0: no bound */
    const atomic_bool *ending; /* of a writer; NULL, or borrowed: set by another thread, opening no longer waits for
                                  another program that creates the tables (STORE_RETRY) */
    uint64_t
        memory; /* bytes that SQLite may keep of the file; 0: its own default (2 MB). MySQL's store needs 256 KiB */
};

struct generation_id {
    char consumer[128]; /* or "file:<hash>" */
    int64_t generation;
};

/* A row of import_ledger: what one generation brought. entries = imported + too_old + rejected. */
struct ledger_row {
    struct generation_id id;
    int64_t committed_at; /* seconds since the epoch */
    uint64_t entries, imported, too_old, rejected;
    sum_wide sums[FLOW_SUMS_MAX];       /* columns by the sums' names */
    uint64_t flows;                     /* flows, in FLOW_UNITs (a biflow's entry makes two) */
    uint32_t first_bucket, last_bucket; /* of the smallest bucket size; 0 and 0 where nothing was imported */
    /* How far the generation reaches into its source: entries of queue claim `claim`, or bytes of a file;
     * of a migration, all rows of buckets before `position`, and `claim` rows of that one; of the journal of `queue =
     * direct` (queue/journal.h) whose stream is `claim`, all before `position`. */
    int64_t claim, position;
    bool adopted; /* committed by another consumer in the owner's name */
};

enum store_status {
    STORE_OK = 0,
    STORE_TAKEN,     /* commit: the ledger has this generation already; nothing was written */
    STORE_OVERLAPS,  /* commit: another generation has some of its entries; nothing was written (store/places.h) */
    STORE_RETRY,     /* lost connection, deadlock, lock wait, disk full: the same transaction may succeed later */
    STORE_TOO_LARGE, /* a limit of the server: a smaller transaction may succeed */
    STORE_REFUSED,   /* can't succeed until a person changes something: schema differs, no privilege, wrong password */
};

struct store; /* opaque */

/* Whether the URL and what else is configured can be those of a store; nothing is opened. 0, or -1 with the error set,
 * which begins with what is wrong, and not with the URL. */
int store_url_check(const struct store_config *config, struct error *error) __attribute__((warn_unused_result));

/* Opens, and unless read_only creates what is missing and checks that the tables have the schema's keys and sums.
 * The schema is borrowed for the life of the store. *store is set on STORE_OK alone. */
enum store_status store_open(struct store **store, const struct store_config *config, const struct schema *schema,
                             struct error *error) __attribute__((warn_unused_result));
void store_close(struct store *store); /* NULL does nothing; rolls back what is not committed */

/* Starts the transaction of a generation with its ledger row, so that a second commit of the same generation fails
 * early. `buckets` (n of them, ascending, no two equal): starts of the smallest-size buckets that will be written, for
 * partitions. */
void store_begin(struct store *store, const struct ledger_row *ledger, const uint32_t *buckets, unsigned n_buckets);
/* One row: its packed key (table->key_bytes) and its values (table->n_values). Rows of one table come in runs, in the
 * order of the primary key; a table may have more than one run (the rows that all consumers touch come last), and a run
 * more than one row of a key. Each value is at most SUM_MOST. */
void store_put(struct store *store, const struct table *table, const uint8_t *key, const uint64_t *values);
/* One row of the table `loss`, added to what is there. `what`: a word of lost_texts (flow/lost.h). */
void store_put_loss(struct store *store, uint32_t bucket, const char *source, const char *what, uint64_t lost);
/* Ends the transaction. On anything but STORE_OK nothing of it stands, and the store can begin again (it reconnects by
 * itself). */
enum store_status store_commit(struct store *store, struct error *error) __attribute__((warn_unused_result));

/* For a writer's idle moments, between two transactions: what can wait is done. At most some tenths of a second. */
void store_idle(struct store *store);

/* The rows put in the transaction under way, or else in the last one. */
uint64_t store_rows(const struct store *store);

/* The ledger's row of a generation: STORE_OK and *found. */
enum store_status store_ledger_find(struct store *store, const struct generation_id *id, struct ledger_row *row,
                                    bool *found, struct error *error) __attribute__((warn_unused_result));

/* The largest position of a consumer's rows with this claim: STORE_OK and *found. */
enum store_status store_ledger_reach(struct store *store, const char *consumer, int64_t claim, int64_t *position,
                                     bool *found, struct error *error) __attribute__((warn_unused_result));

/* Reads by SQL that both dialects take. `%s` never comes from outside: values go into `params`, for each '?' in turn.
 */
struct store_param {
    enum { STORE_PARAM_INTEGER, STORE_PARAM_SUM, STORE_PARAM_TEXT, STORE_PARAM_BYTES } type;
    int64_t integer;
    sum_wide sum;
    const void *bytes;
    size_t len;
};
static inline struct store_param store_integer(int64_t integer) {
    return (struct store_param){.type = STORE_PARAM_INTEGER, .integer = integer};
}
static inline struct store_param store_sum(sum_wide sum) {
    return (struct store_param){.type = STORE_PARAM_SUM, .sum = sum};
}
static inline struct store_param store_text(const char *text) {
    return (struct store_param){.type = STORE_PARAM_TEXT, .bytes = text, .len = strlen(text)};
}
/* Called for each row with its n columns as text (NULL for SQL's); a value other than 0 ends the reading. */
typedef int store_row_fn(void *context, unsigned n, const char *const *columns, const size_t *lengths);
enum store_status store_query(struct store *store, const char *sql, const struct store_param *params, unsigned n_params,
                              store_row_fn *row, void *context, struct error *error)
    __attribute__((warn_unused_result));
/* Between the two, queries see one state of the store, whatever is committed meanwhile. */
enum store_status store_snapshot_begin(struct store *store, struct error *error) __attribute__((warn_unused_result));
/* Called whether the begin succeeded or not; returns `status`, how it went so far, or what went wrong at the end. */
enum store_status store_snapshot_end(struct store *store, enum store_status status, struct error *error)
    __attribute__((warn_unused_result));
enum dialect store_dialect(const struct store *store);
/* Whether it is a reading head over several stores (store/head.h), where a key may have a row of each. */
bool store_is_head(const struct store *store);
/* From any thread, for a store with query_ms: the query under way ends as soon as it can, with STORE_RETRY, and so does
 * every later one, until store_resume. Does not wait; the store must not be closed meanwhile. */
void store_cancel(struct store *store);
void store_resume(struct store *store);
bool store_is_cancelled(const struct store *store);
/* How many connections it has made: after another, another server may answer. SQLite makes none. */
uint64_t store_connections(const struct store *store);
/* "mysql://user@host/db" without its password; borrowed. */
const char *store_name(const struct store *store);

#endif
