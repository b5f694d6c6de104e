/* Day partitions made before they are written to. */
#ifndef FLOWIMPORT_STORE_MYSQL_PARTITION_RUN_H
#define FLOWIMPORT_STORE_MYSQL_PARTITION_RUN_H

#include "store/mysql/mysql_store.h"

/* Every table gets the partitions that rows of these buckets fall into: days near `now`, seconds since the epoch, their
 * own, others common ones. */
enum store_status mysql_partition_ensure(struct mysql_store *store, int64_t now, const uint32_t *buckets, unsigned n,
                                         struct error *error);

#endif
