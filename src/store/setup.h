/* The tables of a store that is being opened. */
#ifndef FLOWIMPORT_STORE_SETUP_H
#define FLOWIMPORT_STORE_SETUP_H

#include "store/store_ops.h"

/* Makes the tables that are missing (unless read_only) and refuses those that aren't the schema's. */
enum store_status setup_run(struct store *store, struct error *error) __attribute__((warn_unused_result));

#endif
