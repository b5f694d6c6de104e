/* The store in one file: SQLite in WAL mode, one writer, readers never in its way. */
#include "store/sqlite/sqlite.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/mem.h"
#include "flow/sum.h"
#include "store/key.h"
#include "store/sqlite/database_file.h"
#include "store/sqlite/sum.h"
#include "store/sqlite/wal.h"

#if SQLITE_VERSION_NUMBER < 3037000
#error "SQLite 3.37 or newer is required: the tables are STRICT"
#endif

enum {
    SQLITE_CACHE_KIB = 2000, /* SQLite's own default */
    COLUMNS_MAX = 1024,      /* of a query's result */
    CANCEL_STEPS = 10000,    /* of SQLite's machine, from one look at `cancelled` to the next: well below 1 ms */
    BESIDE_TRIES = 100,      /* for a file beside the database that may not be opened yet, */
    BESIDE_MS = 20,          /* from one to the next */
};

struct sqlite_store {
    struct store base;
    sqlite3 *db;
    struct database_file file;
    struct sqlite_wal wal;
    sqlite3_stmt *upserts[BUCKET_SIZES_MAX * 6 + 3]; /* by the table's number; NULL until the first row */
};

static struct sqlite_store *own(struct store *store) { return (struct sqlite_store *)(void *)store; }

/* What an extended error code means for the caller; all others are refused. */
static enum store_status code_status(int code) {
    if (code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_UNIQUE) return STORE_TAKEN;
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW: return STORE_OK;
    case SQLITE_BUSY:     /* another writer, or a reader while the log is being moved */
    case SQLITE_LOCKED:   /* another connection of this process */
    case SQLITE_FULL:     /* the disk */
    case SQLITE_IOERR:    /* the disk, too: some file systems are full this way */
    case SQLITE_CANTOPEN: /* once it was open: a file beside it, or no descriptor is free */
    case SQLITE_NOMEM:
    case SQLITE_INTERRUPT:
    case SQLITE_PROTOCOL: return STORE_RETRY; /* lost a race for the log's locks */
    default: return STORE_REFUSED;
    }
}

static enum store_status failed(const struct sqlite_store *store, int code, const char *what, struct error *error) {
    if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return STORE_OK;
    int extended = store->db ? sqlite3_extended_errcode(store->db) : code;
    if ((extended & 0xff) != (code & 0xff)) extended = code; /* of a call before */
    /* A statement can be longer than an error's text. */
    error_set(error, "%.200s: %s (SQLite %d)", what, store->db ? sqlite3_errmsg(store->db) : sqlite3_errstr(code),
              extended);
    return code_status(extended);
}

static enum store_status run(struct sqlite_store *store, const char *sql, struct error *error) {
    return failed(store, sqlite3_exec(store->db, sql, NULL, NULL, NULL), sql, error);
}

static void finalize_all(struct sqlite_store *store) {
    for (size_t i = 0; i < sizeof store->upserts / sizeof store->upserts[0]; i++) {
        sqlite3_finalize(store->upserts[i]);
        store->upserts[i] = NULL;
    }
}

/* Unlike sqlite3_interrupt() it also stops a query that begins afterwards. */
static int on_progress(void *context) {
    struct store *store = context;
    return atomic_load_explicit(&store->cancelled, memory_order_relaxed);
}

/* Opens the file, and those beside it. */
static int db_open(struct sqlite_store *store, const char *path, int flags, const struct store_config *config) {
    char pragmas[160];
    sqlite3_close(store->db); /* of a try before */
    int code = sqlite3_open_v2(path, &store->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK) return code;
    sqlite3_busy_timeout(store->db, SQLITE_BUSY_MS);
    if (config->query_ms) sqlite3_progress_handler(store->db, CANCEL_STEPS, on_progress, &store->base);
    if (!config->read_only && sqlite3_db_readonly(store->db, "main") == 1) return SQLITE_READONLY;
    /* FULL: a committed generation must survive a power cut, for its claims are deleted right after the commit. */
    snprintf(pragmas, sizeof pragmas,
             "%sPRAGMA synchronous = FULL; PRAGMA journal_size_limit = %d; "
             "PRAGMA cache_size = -%" PRIu64,
             config->read_only ? "" : "PRAGMA journal_mode = WAL; ", WAL_KEPT,
             config->memory ? config->memory / 1024 : (uint64_t)SQLITE_CACHE_KIB);
    return sqlite3_exec(store->db, pragmas, NULL, NULL, NULL);
}

/* Where root opens the database (as `sudo flowimport top` does), SQLite makes the files beside it as root's, and then
 * gives them to the database's owner: who comes between may not open them, and may a moment later. */
static int db_open_soon(struct sqlite_store *store, const char *path, int flags, const struct store_config *config) {
    for (unsigned tries = 0;; tries++) {
        int code = db_open(store, path, flags, config);
        bool beside = (code & 0xff) == SQLITE_CANTOPEN && database_file_is_ours(path, config->read_only);
        if (!beside || tries == BESIDE_TRIES || fault_call("sqlite-beside")) return code;
        sqlite3_sleep(BESIDE_MS);
    }
}

/* Why the open has failed. */
static enum store_status open_failed(const struct sqlite_store *store, int code, const char *path, bool read_only,
                                     struct error *error) {
    if (code == SQLITE_READONLY) {
        error_set(error, "%s: no permission to write to it", path);
        return STORE_REFUSED;
    }
    enum store_status status = failed(store, code, path, error);
    if ((code & 0xff) != SQLITE_CANTOPEN) return status == STORE_TAKEN ? STORE_REFUSED : status;
    if (!database_file_is_ours(path, read_only)) return STORE_REFUSED;
    database_file_beside(path, error);
    return STORE_RETRY;
}

enum store_status sqlite_store_new(struct store **opened, const char *path, int flags,
                                   const struct store_config *config, const struct schema *schema,
                                   struct error *error) {
    struct sqlite_store *store = mem_zalloc(1, sizeof *store);
    store->base.schema = schema;
    flags |= config->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    int code = db_open_soon(store, path, flags, config);
    if (code == SQLITE_OK) code = sqlite_sum_define(store->db);
    if (code != SQLITE_OK) {
        enum store_status status = open_failed(store, code, path, config->read_only, error);
        sqlite_store_free(&store->base);
        return status;
    }
    database_file_init(&store->file, sqlite3_db_filename(store->db, "main"));
    sqlite_wal_init(&store->wal, store->db);
    *opened = &store->base;
    return STORE_OK;
}

void sqlite_store_free(struct store *base) {
    struct sqlite_store *store = own(base);
    finalize_all(store);
    sqlite3_close(store->db);
    free(store->file.path);
    free(store->wal.path);
    free(store);
}

enum store_status sqlite_store_begin(struct store *base, const struct ledger_row *ledger, const uint32_t *buckets,
                                     unsigned n, struct error *error) {
    (void)ledger, (void)buckets, (void)n; /* no partitions here */
    return run(own(base), "BEGIN IMMEDIATE", error);
}

static enum store_status upsert_prepare(struct sqlite_store *store, const struct table *table, struct error *error) {
    const struct schema *schema = store->base.schema;
    struct buffer sql = BUFFER_INIT, updates = BUFFER_INIT, keys = BUFFER_INIT;
    char name[SCHEMA_NAME_MAX];
    for (unsigned i = 0; i < table->n_keys; i++)
        buffer_printf(&keys, "%s%s", i ? ", " : "", table->keys[i].name);
    buffer_printf(&sql, "INSERT INTO %s (%s", table->data, keys.data);
    for (unsigned i = 0; i < table->n_values; i++) {
        schema_stored_name(schema, table, i, name, sizeof name);
        buffer_printf(&sql, ", %s", name);
        /* Of a bucket's row: more than an integer holds becomes a real number, and min() returns the integer. A text,
         * which is more than any integer, is added to by sum_wide(). */
        buffer_printf(&updates,
                      schema_is_wide(table) ? "%s%s = CASE WHEN %s <= " SUM_MOST_TEXT " - excluded.%s THEN %s + "
                                              "excluded.%s ELSE sum_wide(%s, excluded.%s) END"
                                            : "%s%s = min(%s + excluded.%s, " SUM_MOST_TEXT ")",
                      i ? ", " : "", name, name, name, name, name, name, name);
    }
    buffer_add_text(&sql, ") VALUES (?");
    for (unsigned i = 1; i < table->n_keys + table->n_values; i++)
        buffer_add_text(&sql, ", ?");
    buffer_printf(&sql, ") ON CONFLICT (%s) DO UPDATE SET %s", keys.data, updates.data);
    int code = sqlite3_prepare_v3(store->db, sql.data, (int)sql.len, SQLITE_PREPARE_PERSISTENT,
                                  &store->upserts[table_number(schema, table)], NULL);
    enum store_status status = failed(store, code, table->data, error);
    buffer_release(&sql);
    buffer_release(&updates);
    buffer_release(&keys);
    return status;
}

/* Integers are signed here: sums are at most SUM_MOST, an unsigned 64-bit key beyond it is
 * stored as its complement, which is another number, but one of its own. */
static int key_bind(sqlite3_stmt *statement, int index, const struct key_column *key, const uint8_t *bytes) {
    switch (key_form(key)) {
    case KEY_SIGNED: return sqlite3_bind_int64(statement, index, key_signed(bytes, key->width));
    case KEY_UNSIGNED: return sqlite3_bind_int64(statement, index, (sqlite3_int64)be_number(bytes, key->width));
    case KEY_REAL: return sqlite3_bind_double(statement, index, key_real(bytes));
    case KEY_BYTES: return sqlite3_bind_blob(statement, index, bytes, (int)key_length(key, bytes), SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

enum store_status sqlite_store_put(struct store *base, const struct table *table, const uint8_t *key,
                                   const uint64_t *values, struct error *error) {
    struct sqlite_store *store = own(base);
    sqlite3_stmt **upsert = &store->upserts[table_number(base->schema, table)];
    enum store_status status = *upsert ? STORE_OK : upsert_prepare(store, table, error);
    int index = 1, code = SQLITE_OK;
    if (status != STORE_OK) return status;
    for (unsigned i = 0; i < table->n_keys && code == SQLITE_OK; i++)
        code = key_bind(*upsert, index++, &table->keys[i], key + table->keys[i].offset);
    for (unsigned i = 0; i < table->n_values && code == SQLITE_OK; i++)
        code = sqlite3_bind_int64(*upsert, index++, (sqlite3_int64)values[i]);
    if (code == SQLITE_OK) code = sqlite3_step(*upsert);
    status = failed(store, code, table->data, error);
    sqlite3_reset(*upsert);
    return status == STORE_TAKEN ? STORE_REFUSED : status;
}

enum store_status sqlite_store_commit(struct store *base, struct error *error) {
    struct sqlite_store *store = own(base);
    /* It may be put back; till then nothing is written that nobody would find. */
    if (database_file_check(&store->file, error) != 0) return STORE_RETRY;
    enum store_status status = run(store, "COMMIT", error);
    if (status == STORE_OK) sqlite_wal_committed(&store->wal, store->db);
    return status == STORE_TAKEN ? STORE_REFUSED : status;
}

static void sqlite_store_idle(struct store *base) {
    struct sqlite_store *store = own(base);
    sqlite_wal_idle(&store->wal, store->db);
}

/* A reader's, too: what the other's log takes. */
static uint64_t sqlite_store_log_bytes(struct store *base) {
    uint64_t bytes = sqlite_wal_bytes(&own(base)->wal);
    return bytes < WAL_BOUND ? bytes : WAL_BOUND;
}

void sqlite_store_rollback(struct store *base) {
    struct sqlite_store *store = own(base);
    /* A statement that failed half-way keeps a transaction open. */
    for (unsigned i = 0; i < base->schema->n_tables; i++)
        if (store->upserts[i]) sqlite3_reset(store->upserts[i]);
    if (!sqlite3_get_autocommit(store->db)) sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

static int param_bind(sqlite3_stmt *statement, int index, const struct store_param *param) {
    switch (param->type) {
    case STORE_PARAM_INTEGER: return sqlite3_bind_int64(statement, index, param->integer);
    case STORE_PARAM_SUM: return sqlite_sum_bind(statement, index, param->sum);
    case STORE_PARAM_TEXT: return sqlite3_bind_text(statement, index, param->bytes, (int)param->len, SQLITE_STATIC);
    case STORE_PARAM_BYTES: return sqlite3_bind_blob(statement, index, param->bytes, (int)param->len, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

/* Hands on one row; the pointers are good until the next step. */
static int row_give(sqlite3_stmt *statement, store_row_fn *row, void *context) {
    const char *columns[COLUMNS_MAX];
    size_t lengths[COLUMNS_MAX];
    int n = sqlite3_column_count(statement);
    if (n > COLUMNS_MAX) n = COLUMNS_MAX;
    for (int i = 0; i < n; i++) {
        bool is_null = sqlite3_column_type(statement, i) == SQLITE_NULL;
        const void *bytes = sqlite3_column_type(statement, i) == SQLITE_BLOB
                                ? sqlite3_column_blob(statement, i)
                                : (const void *)sqlite3_column_text(statement, i);
        columns[i] = is_null ? NULL : bytes ? bytes : "";
        lengths[i] = is_null ? 0 : (size_t)sqlite3_column_bytes(statement, i);
    }
    return row(context, (unsigned)n, columns, lengths);
}

enum store_status sqlite_store_query(struct store *base, const char *sql, const struct store_param *params,
                                     unsigned n_params, store_row_fn *row, void *context, struct error *error) {
    struct sqlite_store *store = own(base);
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK && sqlite3_bind_parameter_count(statement) != (int)n_params) {
        error_set(error, "%d values required, %u given: %s", sqlite3_bind_parameter_count(statement), n_params, sql);
        sqlite3_finalize(statement);
        return STORE_REFUSED;
    }
    for (unsigned i = 0; i < n_params && code == SQLITE_OK; i++)
        code = param_bind(statement, (int)i + 1, &params[i]);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW && row && row_give(statement, row, context) != 0) code = SQLITE_DONE;
    }
    enum store_status status = failed(store, code, sql, error);
    sqlite3_finalize(statement);
    return status;
}

static int sqlite_check(const struct store_config *config, const struct url *url, struct error *error) {
    (void)config;
    if (!url->path || url->host || url->user || url->password || url->port)
        return error_set(error, "an SQLite store is sqlite:/path/of/file, with one slash or three");
    if (url->n_params > 0)
        return error_set(error, "unknown parameter '%s'; expected none (a '?' in the name of the file is written %%3F)",
                         url->params[0].name);
    return 0;
}

static enum store_status sqlite_open(struct store **store, const struct store_config *config, const struct url *url,
                                     const struct schema *schema, struct error *error) {
    if (!config->read_only) database_file_make(url->path);
    return sqlite_store_new(store, url->path, 0, config, schema, error);
}

const struct store_ops store_sqlite_ops = {
    .dialect = DIALECT_SQLITE,
    .check = sqlite_check,
    .open = sqlite_open,
    .close = sqlite_store_free,
    .begin = sqlite_store_begin,
    .put = sqlite_store_put,
    .commit = sqlite_store_commit,
    .rollback = sqlite_store_rollback,
    .query = sqlite_store_query,
    .idle = sqlite_store_idle,
    .log_bytes = sqlite_store_log_bytes,
};
