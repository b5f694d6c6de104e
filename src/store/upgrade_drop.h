/* What is dropped of a roll-up that a store no longer has, and from when on one is whole that nobody has filled yet. */
#ifndef FLOWIMPORT_STORE_UPGRADE_DROP_H
#define FLOWIMPORT_STORE_UPGRADE_DROP_H

#include "store/store_ops.h"

/* Behind every bucket of a roll-up: a midnight. */
#define UPGRADE_NEVER (UINT32_MAX - UINT32_MAX % DAY_SECONDS)

/* The views, the table and the setting of the view `name`; what of it is not there is no error. */
enum store_status upgrade_drop(struct store *store, const char *name, struct error *error)
    __attribute__((warn_unused_result));

#endif
