/* What all stores have in common: the transaction with its sticky error, the ledger's rows, queries. */
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/fault.h"
#include "base/mem.h"
#include "flow/sum.h"
#include "store/rollup.h"
#include "store/settings.h"
#include "store/store_ops.h"

enum { FAULT_ROWS = 1000 }; /* "mid-flush" is after so many rows, or at the end of fewer */

/* Puts the store's name before the text. */
static void error_name(const struct store *store, struct error *error) {
    if (!error) return;
    char *text = mem_strdup(error->text);
    error_set(error, "%s: %s", store->name, text);
    free(text);
}

void store_close(struct store *store) {
    if (!store) return;
    char *name = store->name;
    store->ops->rollback(store);
    store->ops->close(store);
    free(name);
}

enum dialect store_dialect(const struct store *store) { return store->ops->dialect; }
bool store_is_head(const struct store *store) { return store->is_head; }
const char *store_name(const struct store *store) { return store->name; }
uint64_t store_connections(const struct store *store) { return store->connections; }
uint64_t store_rows(const struct store *store) { return store->rows; }

enum store_status store_query(struct store *store, const char *sql, const struct store_param *params, unsigned n_params,
                              store_row_fn *row, void *context, struct error *error) {
    struct error reason = {""};
    enum store_status status = STORE_RETRY;
    if (!atomic_load(&store->cancelled))
        status = store->ops->query(store, sql, params, n_params, row, context, &reason);
    if (status != STORE_OK && atomic_load(&store->cancelled)) error_set(&reason, "the query was cancelled");
    if (status != STORE_OK) error_set(error, "%s: %s", store->name, reason.text);
    return status;
}

void store_cancel(struct store *store) {
    atomic_store(&store->cancelled, true);
    if (store->ops->cancel) store->ops->cancel(store);
}

void store_idle(struct store *store) {
    if (store->ops->idle && !store->begun) store->ops->idle(store);
}

void store_resume(struct store *store) { atomic_store(&store->cancelled, false); }

bool store_is_cancelled(const struct store *store) { return atomic_load(&store->cancelled); }

enum store_status store_snapshot_begin(struct store *store, struct error *error) {
    static const char *const begin[][2] = {
        [DIALECT_MYSQL] = {"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
                           "START TRANSACTION WITH CONSISTENT SNAPSHOT"},
        [DIALECT_SQLITE] = {"BEGIN", NULL},
    };
    enum store_status status = STORE_OK;
    for (unsigned i = 0; i < 2 && status == STORE_OK; i++) {
        const char *sql = begin[store_dialect(store)][i];
        if (sql) status = store_query(store, sql, NULL, 0, NULL, NULL, error);
    }
    return status;
}

enum store_status store_snapshot_end(struct store *store, enum store_status status, struct error *error) {
    struct error ignored;
    enum store_status ended = store_query(store, "COMMIT", NULL, 0, NULL, NULL, status == STORE_OK ? error : &ignored);
    return status == STORE_OK ? ended : status;
}

/* The ledger
 * ----------------------------------------------------------------------------------------------------------- */

enum { LEDGER_COLUMNS = 13 }; /* besides the sums */

static void ledger_columns(const struct schema *schema, struct buffer *sql) {
    buffer_add_text(sql, "consumer, generation, committed_at, entries, imported, too_old, rejected, flows_millionths, "
                         "first_bucket, last_bucket, claim, position, adopted");
    for (unsigned i = 0; i < schema->layout->n_sums; i++)
        buffer_printf(sql, ", %s", schema->layout->sums[i]->name);
}

static enum store_status ledger_insert(struct store *store, const struct ledger_row *row, struct error *error) {
    unsigned n_sums = store->schema->layout->n_sums, n = 0;
    struct store_param params[LEDGER_COLUMNS + FLOW_SUMS_MAX];
    struct buffer sql = BUFFER_INIT;
    params[n++] = store_text(row->id.consumer);
    params[n++] = store_integer(row->id.generation);
    params[n++] = store_integer(row->committed_at);
    params[n++] = store_integer((int64_t)row->entries);
    params[n++] = store_integer((int64_t)row->imported);
    params[n++] = store_integer((int64_t)row->too_old);
    params[n++] = store_integer((int64_t)row->rejected);
    params[n++] = store_integer((int64_t)row->flows);
    params[n++] = store_integer((int64_t)row->first_bucket);
    params[n++] = store_integer((int64_t)row->last_bucket);
    params[n++] = store_integer(row->claim);
    params[n++] = store_integer(row->position);
    params[n++] = store_integer((int64_t)row->adopted);
    for (unsigned i = 0; i < n_sums; i++)
        params[n++] = store_sum(row->sums[i]);
    buffer_add_text(&sql, "INSERT INTO import_ledger (");
    ledger_columns(store->schema, &sql);
    buffer_add_text(&sql, ") VALUES (");
    for (unsigned i = 0; i < n; i++)
        buffer_add_text(&sql, i ? ", ?" : "?");
    buffer_add_text(&sql, ")");
    enum store_status status = store->ops->query(store, sql.data, params, n, NULL, NULL, error);
    buffer_release(&sql);
    if (status == STORE_TAKEN)
        error_set(error, "import_ledger: generation %" PRId64 " of '%s' is already committed", row->id.generation,
                  row->id.consumer);
    return status;
}

struct ledger_read {
    const struct schema *schema;
    struct ledger_row *row;
    bool found;
};

static int ledger_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct ledger_read *read = context;
    struct ledger_row *row = read->row;
    uint64_t numbers[LEDGER_COLUMNS + FLOW_SUMS_MAX];
    (void)lengths;
    for (unsigned i = 1; i < n; i++)
        numbers[i] =
            columns[i] ? strtoull(columns[i], NULL, 10) : 0; /* a negative number wraps as its own complement */
    snprintf(row->id.consumer, sizeof row->id.consumer, "%s", columns[0]);
    row->id.generation = (int64_t)numbers[1];
    row->committed_at = (int64_t)numbers[2];
    row->entries = numbers[3];
    row->imported = numbers[4];
    row->too_old = numbers[5];
    row->rejected = numbers[6];
    row->flows = numbers[7];
    row->first_bucket = (uint32_t)numbers[8];
    row->last_bucket = (uint32_t)numbers[9];
    row->claim = (int64_t)numbers[10];
    row->position = (int64_t)numbers[11];
    row->adopted = numbers[12] != 0;
    for (unsigned i = 0; i < read->schema->layout->n_sums; i++)
        row->sums[i] = sum_read(columns[LEDGER_COLUMNS + i]);
    read->found = true;
    return 1;
}

enum store_status store_ledger_find(struct store *store, const struct generation_id *id, struct ledger_row *row,
                                    bool *found, struct error *error) {
    struct store_param params[] = {store_text(id->consumer), store_integer(id->generation)};
    struct ledger_read read = {.schema = store->schema, .row = row};
    struct buffer sql = BUFFER_INIT;
    memset(row, 0, sizeof *row);
    buffer_add_text(&sql, "SELECT ");
    ledger_columns(store->schema, &sql);
    buffer_add_text(&sql, " FROM import_ledger WHERE consumer = ? AND generation = ?");
    enum store_status status = store_query(store, sql.data, params, 2, ledger_read, &read, error);
    buffer_release(&sql);
    *found = read.found;
    return status;
}

/* An importer that was started before the store got other roll-ups would leave them without its flows. In MySQL an
 * upgrade waits for the transaction: the version is there to be held where nothing is said of roll-ups yet. */
static enum store_status rollups_check(struct store *store, struct error *error) {
    struct buffer wanted = BUFFER_INIT;
    char *value = NULL;
    enum store_status status = settings_hold(store, "version", &value, error);
    free(value);
    value = NULL;
    if (status == STORE_OK) status = settings_hold(store, "rollups", &value, error);
    rollups_show(store->schema, &wanted);
    if (status == STORE_OK && strcmp(value ? value : ROLLUPS_NONE, wanted.data) != 0) {
        error_set(error, "the tables have rollups = %s now: set it, instead of rollups = %s, and restart the importer",
                  value ? value : ROLLUPS_NONE, wanted.data);
        status = STORE_REFUSED;
    }
    buffer_release(&wanted);
    free(value);
    return status;
}

/* The transaction
 * ------------------------------------------------------------------------------------------------------ */

void store_begin(struct store *store, const struct ledger_row *ledger, const uint32_t *buckets, unsigned n_buckets) {
    if (store->begun) store->ops->rollback(store);
    store->begun = true;
    store->rows = 0;
    store->error.text[0] = '\0';
    store->status = store->ops->begin(store, ledger, buckets, n_buckets, &store->error);
    if (store->status == STORE_OK) store->status = rollups_check(store, &store->error);
    if (store->status == STORE_OK) store->status = ledger_insert(store, ledger, &store->error);
}

void store_put(struct store *store, const struct table *table, const uint8_t *key, const uint64_t *values) {
    if (store->status != STORE_OK || !store->begun) return;
    store->status = store->ops->put(store, table, key, values, &store->error);
    if (++store->rows == FAULT_ROWS) fault_point("mid-flush");
}

void store_put_loss(struct store *store, uint32_t bucket, const char *source, const char *what, uint64_t lost) {
    static const char *const upsert[] = {
        [DIALECT_MYSQL] = "INSERT INTO loss (bucket, source, what, lost) VALUES (?, ?, ?, ?) "
                          "ON DUPLICATE KEY UPDATE lost = LEAST(lost, " SUM_MOST_TEXT " - VALUES(lost)) + "
                          "VALUES(lost)",
        [DIALECT_SQLITE] = "INSERT INTO loss (bucket, source, what, lost) VALUES (?, ?, ?, ?) "
                           "ON CONFLICT (bucket, source, what) DO UPDATE SET "
                           "lost = min(lost + excluded.lost, " SUM_MOST_TEXT ")",
    };
    const struct store_param params[] = {store_integer(bucket), store_text(source), store_text(what),
                                         store_integer((int64_t)lost)};
    if (store->status != STORE_OK || !store->begun) return;
    store->status = store->ops->query(store, upsert[store->ops->dialect], params, 4, NULL, NULL, &store->error);
}

enum store_status store_commit(struct store *store, struct error *error) {
    if (!store->begun) {
        error_set(error, "%s: commit without begin", store->name);
        return STORE_REFUSED;
    }
    if (store->status == STORE_OK && store->rows < FAULT_ROWS) fault_point("mid-flush");
    if (store->status == STORE_OK) store->status = store->ops->commit(store, &store->error);
    if (store->status != STORE_OK) {
        store->ops->rollback(store);
        if (error) *error = store->error;
        error_name(store, error);
    }
    store->begun = false;
    return store->status;
}
