/* A generation into MySQL; as store_ops has them. */
#ifndef FLOWIMPORT_STORE_MYSQL_WRITE_H
#define FLOWIMPORT_STORE_MYSQL_WRITE_H

#include "store/store_ops.h"

enum store_status mysql_store_begin(struct store *store, const struct ledger_row *ledger, const uint32_t *buckets,
                                    unsigned n, struct error *error);
enum store_status mysql_store_put(struct store *store, const struct table *table, const uint8_t *key,
                                  const uint64_t *values, struct error *error);
enum store_status mysql_store_send(struct store *store, struct error *error);
enum store_status mysql_store_commit(struct store *store, struct error *error);
void mysql_store_rollback(struct store *store);

#endif
