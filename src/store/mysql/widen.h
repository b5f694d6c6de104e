/* Tables whose sums outgrow 64 bits. */
#ifndef FLOWIMPORT_STORE_MYSQL_WIDEN_H
#define FLOWIMPORT_STORE_MYSQL_WIDEN_H

#include "store/mysql/mysql_store.h"

/* Whether the statement that has just failed has put more into a table than its columns hold. */
bool mysql_is_outgrown(const struct mysql_store *store);
/* Gives a table for all time, or with NULL the ledger, the columns of wide sums, and the former its views anew. Nothing
 * changes where it has them: broken off anywhere, it is run again. To be called outside a transaction. */
enum store_status mysql_widen(struct mysql_store *store, const struct table *table, struct error *error)
    __attribute__((warn_unused_result));

#endif
