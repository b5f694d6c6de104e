/* The rows of flowimport_schema: what the tables say of themselves. Errors as in store_ops.h. */
#ifndef FLOWIMPORT_STORE_SETTINGS_H
#define FLOWIMPORT_STORE_SETTINGS_H

#include "store/store.h"

/* *value is to be freed by the caller; NULL where there is none. */
enum store_status settings_find(struct store *store, const char *name, char **value, struct error *error)
    __attribute__((warn_unused_result));
/* The same of a whole number; -1 where there is none; a head's is the largest of its stores'. */
enum store_status settings_number(struct store *store, const char *name, int64_t *value, struct error *error)
    __attribute__((warn_unused_result));
/* Leaves the value that is there. */
enum store_status settings_add(struct store *store, const char *name, const char *value, struct error *error)
    __attribute__((warn_unused_result));
/* Replaces the value that is there; a NULL removes it. */
enum store_status settings_put(struct store *store, const char *name, const char *value, struct error *error)
    __attribute__((warn_unused_result));

/* *from: the first bucket from which a size's tables are complete. That is 0 but for a size that was added to tables
 * that were there (size_S_from), and one that retention has dropped days of (size_S_expired). *kept: the latter alone:
 * rows of earlier buckets may be there in one table of the size and gone from another. */
enum store_status settings_size(struct store *store, uint32_t size, uint32_t *from, uint32_t *kept, struct error *error)
    __attribute__((warn_unused_result));

#endif
