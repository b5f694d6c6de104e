/* Views of addresses as text that were made before ends of flows without an address had a row of their own: they show
 * it as an address that there is not (SQLite), or as NULL. */
#ifndef FLOWIMPORT_STORE_VIEWS_H
#define FLOWIMPORT_STORE_VIEWS_H

#include "store/store_ops.h"

/* Replaces such views. One that can't be replaced, as for an account without the right, stays; the log says why. */
void views_run(struct store *store);

#endif
