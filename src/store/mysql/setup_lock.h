/* One program at a time makes the tables and views. */
#ifndef FLOWIMPORT_STORE_MYSQL_SETUP_LOCK_H
#define FLOWIMPORT_STORE_MYSQL_SETUP_LOCK_H

#include "store/store_ops.h"

/* As store_ops.setup. */
enum store_status mysql_setup(struct store *base, enum setup_step step, struct error *error);

#endif
