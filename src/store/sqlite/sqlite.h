/* The store in one file of SQLite; and its parts, of which the store in memory is made too. */
#ifndef FLOWIMPORT_STORE_SQLITE_SQLITE_H
#define FLOWIMPORT_STORE_SQLITE_SQLITE_H

#include "store/store_ops.h"

extern const struct store_ops store_sqlite_ops;

/* `path` as sqlite3_open_v2() takes it; `flags` beside those for reading and writing. */
enum store_status sqlite_store_new(struct store **store, const char *path, int flags, const struct store_config *config,
                                   const struct schema *schema, struct error *error);
void sqlite_store_free(struct store *store);
enum store_status sqlite_store_begin(struct store *store, const struct ledger_row *ledger, const uint32_t *buckets,
                                     unsigned n, struct error *error);
enum store_status sqlite_store_put(struct store *store, const struct table *table, const uint8_t *key,
                                   const uint64_t *values, struct error *error);
enum store_status sqlite_store_commit(struct store *store, struct error *error);
void sqlite_store_rollback(struct store *store);
enum store_status sqlite_store_query(struct store *store, const char *sql, const struct store_param *params,
                                     unsigned n_params, store_row_fn *row, void *context, struct error *error);

#endif
