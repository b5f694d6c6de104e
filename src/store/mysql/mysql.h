/* The store in MySQL or MariaDB. */
#ifndef FLOWIMPORT_STORE_MYSQL_MYSQL_H
#define FLOWIMPORT_STORE_MYSQL_MYSQL_H

#include "store/store_ops.h"

extern const struct store_ops store_mysql_ops;

#endif
