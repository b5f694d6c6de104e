/* The staged rows in one go, by a prepared statement. */
#ifndef FLOWIMPORT_STORE_MYSQL_BULK_H
#define FLOWIMPORT_STORE_MYSQL_BULK_H

#include "store/mysql/mysql_store.h"

/* By array binding. */
enum store_status mysql_bulk_write(struct mysql_store *store, struct error *error);
/* By one that names each of them: they must be as many in every call for a table. Where the server can't prepare it, by
 * text from then on. */
enum store_status mysql_chunk_write(struct mysql_store *store, struct error *error);

#endif
