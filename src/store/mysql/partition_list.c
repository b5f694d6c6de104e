/* The partitions that a table has. */
#include "store/mysql/partition_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const char partition_list_sql[] =
    "SELECT partition_name, partition_description FROM information_schema.partitions "
    "WHERE table_schema = DATABASE() AND table_name = ? ORDER BY partition_ordinal_position";

int partition_list_row(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct partition_list *list = context;
    (void)n, (void)lengths;
    if (!columns[0] || !columns[1]) return 0; /* a table without partitions has one nameless row */
    list->partitions = mem_realloc(list->partitions, list->n + 1, sizeof list->partitions[0]);
    struct partition *partition = &list->partitions[list->n++];
    snprintf(partition->name, sizeof partition->name, "%s", columns[0]);
    partition->end = strcmp(columns[1], "MAXVALUE") == 0 ? UINT64_MAX : strtoull(columns[1], NULL, 10);
    partition->full = false;
    return 0;
}

void partition_list_release(struct partition_list *list) {
    free(list->partitions);
    *list = (struct partition_list){0};
}
