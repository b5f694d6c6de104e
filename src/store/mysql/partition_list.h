/* The partitions that a table has, as the server lists them. */
#ifndef FLOWIMPORT_STORE_MYSQL_PARTITION_LIST_H
#define FLOWIMPORT_STORE_MYSQL_PARTITION_LIST_H

#include "store/mysql/partition.h"
#include "store/store.h"

struct partition_list { /* begins as {0} */
    unsigned n;         /* 0: the table has none */
    struct partition *partitions;
};

/* Lists them in their order; its parameter is the table's name. */
extern const char partition_list_sql[];
/* A row of it: a store_row_fn whose context is the list. */
int partition_list_row(void *context, unsigned n, const char *const *columns, const size_t *lengths);
void partition_list_release(struct partition_list *list);

#endif
