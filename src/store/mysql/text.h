/* The staged rows in one go, by the text of an INSERT. */
#ifndef FLOWIMPORT_STORE_MYSQL_TEXT_H
#define FLOWIMPORT_STORE_MYSQL_TEXT_H

#include "store/mysql/mysql_store.h"

enum store_status mysql_text_write(struct mysql_store *store, struct error *error);

#endif
