/* The store for tests: SQLite's tables in memory, commits that fail on demand, rows that can be walked.
 *
 * "memory:" is one of its own for each store_open; "memory:NAME" is one that all of a process share by that name, and
 * is there as long as one store has it open. */
#ifndef FLOWIMPORT_STORE_SQLITE_MEMORY_H
#define FLOWIMPORT_STORE_SQLITE_MEMORY_H

#include "store/store_ops.h"

extern const struct store_ops store_memory_ops;

/* The next `n` commits of stores in memory, in whatever thread, write nothing and return `status`. */
void memory_fail_commits(unsigned n, enum store_status status);

/* Called for each row of a table in the order of its primary key; a value other than 0 ends the walk. */
typedef int memory_row_fn(void *context, const uint8_t *key, const uint64_t *values);
enum store_status memory_walk(struct store *store, const struct table *table, memory_row_fn *row, void *context,
                              struct error *error) __attribute__((warn_unused_result));

#endif
