/* Partitions by day: which ALTER TABLE makes the missing ones. No I/O here.
 *
 * A day's partition is named d20261123 and holds exactly that day (UTC, by the start of the bucket), the first one also
 * the days before that have expired; it is made before its first row is written. What lies between two such days is
 * covered by a common one, named gap and the day before which it ends; either with _2 behind it where it was split off
 * from one of that name. A partition costs about 40 ms a table to make, and the server has a limit of them, so a
 * generation makes few, for the days nearest to the present; rows of other days fall into the common partitions.
 * Splitting one copies its rows, so one that is full is left as it is, until a person has it split
 * (store/retention/split.h). Behind the last day there is a common partition only where rows need it. */
#ifndef FLOWIMPORT_STORE_MYSQL_PARTITION_H
#define FLOWIMPORT_STORE_MYSQL_PARTITION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/clock.h"

enum {
    PARTITION_DAYS = UINT32_MAX / DAY_SECONDS + 1, /* days that a bucket can begin in */
    PARTITION_MAX = 8192,                          /* the most a table can have, in MySQL and MariaDB alike */
    PARTITION_NEW = 16,                            /* days that get partitions of their own at a time, at most */
    PARTITION_NEAR = 7,                            /* days from the present to either side ... */
    PARTITION_FAR_MAX = 1500,                      /* ... beyond which no more are made in a table that has so many */
    PARTITION_COPY_ROWS = 10000,                   /* a partition of more is full */
    PARTITION_SPLIT = 64,                          /* days that a person's command splits off in one statement */
    PARTITION_SPLIT_MAX = PARTITION_MAX - 1024,    /* partitions that it leaves: others are for days to come */
};

struct partition {
    char name[65];
    uint64_t end; /* VALUES LESS THAN; UINT64_MAX: MAXVALUE */
    bool full;    /* it is not split */
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
/* Which of the `days` (n_days of them, ascending, no two equal, none known) get partitions of their own: days[*first]
 * and those behind it; returns how many. `n`: partitions that the table has. */
unsigned partition_choose(unsigned n, const uint32_t *days, unsigned n_days, uint32_t today, unsigned *first);
/* The partition that the day's rows fall into; n: none. */
unsigned partition_of(const struct partition *partitions, unsigned n, uint32_t day);
/* Of the days in a partition that begins at `start` (ascending): takes out those that can't be split off, as it is
 * their own or does not hold all of them. Returns how many are left; 0 of one that holds a single day. */
unsigned partition_common_days(const struct partition *partition, uint64_t start, uint32_t *days, unsigned n);
/* How many of n_days days are split off next in a table of n partitions. */
unsigned partition_split_next(unsigned n, unsigned n_days);
/* The statements, each ended by ";\n", that make partitions for the days that were chosen (ascending), but where a full
 * one would have to be split, and that cover all days up to `last`. */
void partition_plan(const char *table, const struct partition *partitions, unsigned n, const uint32_t *days,
                    unsigned n_days, uint32_t last, struct buffer *sql);

#endif
