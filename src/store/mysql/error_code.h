/* What an error of the server or of its client library means; numbers, for MySQL's and MariaDB's headers name them
 * differently. */
#ifndef FLOWIMPORT_STORE_MYSQL_ERROR_CODE_H
#define FLOWIMPORT_STORE_MYSQL_ERROR_CODE_H

#include <stdbool.h>

#include "store/store.h"

enum store_status mysql_status(unsigned code, const char *sqlstate);
/* Whether nothing can be said to the server on this connection any more. */
bool mysql_is_lost(unsigned code);

#endif
