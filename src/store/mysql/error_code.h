/* What an error of the server or of its client library means; numbers, for MySQL's and MariaDB's headers name them
 * differently. */
#ifndef FLOWIMPORT_STORE_MYSQL_ERROR_CODE_H
#define FLOWIMPORT_STORE_MYSQL_ERROR_CODE_H

#include <stdbool.h>

#include "store/store.h"

enum store_status mysql_status(unsigned code, const char *sqlstate, const char *text);
/* The server's variable that bounds a transaction, of an error that says that it is too large; NULL: it doesn't. */
const char *mysql_size_variable(unsigned code, const char *text);
/* What a person does about an error; NULL: not known. */
const char *mysql_remedy(unsigned code, const char *text);
/* The text of such an error, with its number, and with that variable or remedy. */
void mysql_error_show(struct error *error, const char *what, unsigned code, const char *text);
/* Whether it is the server's own state, so that another of the same data might do: not ready, read-only. */
bool mysql_is_of_node(unsigned code);
/* Whether Group Replication has refused the transaction: for its size, as mysql_status() has it, or because the server
 * has left the group, and then it takes no writes at all. */
bool mysql_is_of_hook(unsigned code);
/* Whether the account has not the right: on a database, table or column, or a global one. */
bool mysql_is_denied(unsigned code);
/* Whether nothing can be said to the server on this connection any more. */
bool mysql_is_lost(unsigned code);

#endif
