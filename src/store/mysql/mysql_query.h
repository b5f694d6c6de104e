/* Queries of MySQL's store. */
#ifndef FLOWIMPORT_STORE_MYSQL_MYSQL_QUERY_H
#define FLOWIMPORT_STORE_MYSQL_MYSQL_QUERY_H

#include "store/store_ops.h"

/* As store_ops has it. */
enum store_status mysql_store_query(struct store *store, const char *sql, const struct store_param *params,
                                    unsigned n_params, store_row_fn *row, void *context, struct error *error);

#endif
