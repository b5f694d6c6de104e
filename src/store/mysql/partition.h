/* Partitions by day: which ALTER TABLE makes the missing ones. No I/O here.
 *
 * A day's partition is named d20261123 and holds exactly that day (UTC, by the start of the bucket); it is made before
 * its first row is written. What lies between two known days is covered by one that is always empty, named gap and the
 * day before which it ends; splitting it costs nothing. There is never one for all that may come, for rows would fall
 * into it and then make splitting it a copy. */
#ifndef FLOWIMPORT_STORE_MYSQL_PARTITION_H
#define FLOWIMPORT_STORE_MYSQL_PARTITION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/buffer.h"
#include "base/error.h"

enum {
    PARTITION_DAYS = UINT32_MAX / DAY_SECONDS + 1, /* days that a bucket can begin in */
    PARTITION_MAX = 8192,                          /* the most a table can have, in MySQL and MariaDB alike */
};

struct partition {
    char name[65];
    uint64_t end; /* VALUES LESS THAN; UINT64_MAX: MAXVALUE */
};

struct partition_set { /* which days there are; one bit each */
    uint64_t bits[PARTITION_DAYS / 64 + 1];
};

static inline bool partition_set_has(const struct partition_set *set, uint32_t day) {
    return set->bits[day / 64] >> day % 64 & 1;
}
static inline void partition_set_add(struct partition_set *set, uint32_t day) {
    set->bits[day / 64] |= UINT64_C(1) << day % 64;
}

/* Adds to `known` the days that need no partition any more. `partitions` by ascending end. */
void partition_known(const struct partition *partitions, unsigned n, struct partition_set *known);
/* The statements, each ended by ";\n", that make partitions for `days` (n of them, ascending, no two equal, none of
 * them known). 0, or -1 where the table would have more than PARTITION_MAX. */
int partition_plan(const char *table, const struct partition *partitions, unsigned n, const uint32_t *days,
                   unsigned n_days, struct buffer *sql, struct error *error) __attribute__((warn_unused_result));

#endif
