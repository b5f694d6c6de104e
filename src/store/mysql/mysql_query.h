/* Queries of MySQL's store. */
#ifndef FLOWIMPORT_STORE_MYSQL_MYSQL_QUERY_H
#define FLOWIMPORT_STORE_MYSQL_MYSQL_QUERY_H

#include "store/store_ops.h"

/* As store_ops has them. Values are sent as hexadecimal digits, in a statement of at most max_allowed_packet bytes. */
size_t mysql_store_value_most(const struct store *store);
enum store_status mysql_store_query(struct store *store, const char *sql, const struct store_param *params,
                                    unsigned n_params, store_row_fn *row, void *context, struct error *error);

#endif
