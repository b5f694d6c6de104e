/* MySQL and MariaDB: days that share a common partition get partitions of their own, on a person's command.
 *
 * One statement splits off at most 64 days, from the oldest on, and copies the rows of its partition; writers to the
 * table wait meanwhile. What is done stays done: a run that was stopped is continued by the next. */
#ifndef FLOWIMPORT_STORE_RETENTION_SPLIT_H
#define FLOWIMPORT_STORE_RETENTION_SPLIT_H

#include "store/store.h"

struct split_step {
    const char *table;
    char partition[65];
    unsigned days;       /* that it had in common with others */
    uint64_t rows;       /* in them */
    unsigned split;      /* of the days; in a dry run: that would be first */
    unsigned partitions; /* of the table before */
};

typedef void split_fn(void *context, const struct split_step *step);
/* Reports each step after it; where `split` is 0 the table has no room for more partitions, and is left. dry_run:
 * reports each common partition, and changes nothing. */
enum store_status retention_split(struct store *store, const struct schema *schema, bool dry_run, split_fn *each,
                                  void *context, struct error *error) __attribute__((warn_unused_result));

#endif
