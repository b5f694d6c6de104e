/* The connection to MySQL or MariaDB, and statements on it. */
#ifndef FLOWIMPORT_STORE_MYSQL_CONNECTION_H
#define FLOWIMPORT_STORE_MYSQL_CONNECTION_H

#include "store/mysql/mysql_store.h"

enum store_status mysql_connect(struct mysql_store *store, struct error *error);
void mysql_disconnect(struct mysql_store *store);
/* Gives the connection up; the next one is to the next server of the URL. */
void mysql_leave(struct mysql_store *store);
/* After an error: the same, where the connection is lost or another server would do better. */
void mysql_heed(struct mysql_store *store, unsigned code);
/* A connection that answers. */
enum store_status mysql_ensure(struct mysql_store *store, struct error *error);
/* What the connection's last error means; sets the text, "WHAT: …". Gives up a connection that is lost. */
enum store_status mysql_failed(struct mysql_store *store, const char *what, struct error *error);
/* Whether the transaction under way still is, by the answer to its last statement. */
enum store_status mysql_in_transaction(const struct mysql_store *store, struct error *error);
/* A statement without rows; errors begin with `what`. */
enum store_status mysql_run(struct mysql_store *store, const char *sql, size_t len, const char *what,
                            struct error *error);
/* A statement, and each of its rows as the server sends them. */
enum store_status mysql_rows(struct mysql_store *store, const char *sql, size_t len, store_row_fn *row, void *context,
                             struct error *error);

#endif
