/* The staged rows in one go, by array binding. */
#ifndef FLOWIMPORT_STORE_MYSQL_BULK_H
#define FLOWIMPORT_STORE_MYSQL_BULK_H

#include "store/mysql/mysql_store.h"

enum store_status mysql_bulk_write(struct mysql_store *store, struct error *error);

#endif
