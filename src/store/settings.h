/* The rows of flowimport_schema: what the tables say of themselves. Errors as in store_ops.h. */
#ifndef FLOWIMPORT_STORE_SETTINGS_H
#define FLOWIMPORT_STORE_SETTINGS_H

#include "store/store.h"

/* *value is to be freed by the caller; NULL where there is none. */
enum store_status settings_find(struct store *store, const char *name, char **value, struct error *error)
    __attribute__((warn_unused_result));
/* The same in a transaction: in MySQL nobody changes it until that ends. */
enum store_status settings_hold(struct store *store, const char *name, char **value, struct error *error)
    __attribute__((warn_unused_result));
/* As settings_find of a whole number; -1 where there is none; a head's is the largest of its stores'. */
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
/* The same of a roll-up, by its table of IPv4: its own setting is rollup_KEYS_S_from, as long as it is not filled with
 * what was there before it (store/upgrade.h); the size's other tables have no part in that. */
enum store_status settings_rollup(struct store *store, const struct table *table, uint32_t *from, uint32_t *kept,
                                  struct error *error) __attribute__((warn_unused_result));
/* The name of that setting. */
void settings_rollup_name(const struct table *table, char *name, size_t size);

#endif
