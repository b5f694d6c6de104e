/* The flows themselves: rows of the flows tables, of both families, in one order. */
#ifndef FLOWIMPORT_STORE_QUERY_FLOW_LIST_H
#define FLOWIMPORT_STORE_QUERY_FLOW_LIST_H

#include "store/query/query.h"

enum { FLOW_LIST_MAX = 100000 }; /* offset and n together */

struct flow_list_query {
    int64_t from, to; /* seconds since 1970 */
    const struct filter *filter;
    const struct dimensions *dimensions;
    const struct dimension *sort; /* a flow key; NULL: sort_value */
    int sort_value;               /* a sum's index, n_sums for flows; -1: the bucket */
    bool is_ascending;
    bool merge; /* rows of all buckets added up */
    unsigned n, offset;
};

struct flow_row {
    enum flow_family family;
    uint64_t bucket;
    sum_wide values[QUERY_VALUES_MAX];
    uint8_t key[]; /* packed values of the columns, at their offsets */
};

struct flow_list {
    struct query_refusal refused; /* parameter NULL: it was answered */
    uint32_t size;
    uint64_t from, to; /* widened to whole buckets of it */
    unsigned n_tables;
    const struct table *tables[QUERY_TABLES_MAX];
    uint64_t rows; /* of the tables; without merge: that had to be ordered here */
    unsigned n_columns;
    struct flow_column {
        const struct dimension *dimension;
        unsigned offset;
    } columns[FLOW_KEYS_MAX]; /* the configured keys, in their order */
    unsigned n;
    struct flow_row **list; /* ties: by bucket, family and key */
    bool has_more;          /* behind the last */
};

/* STORE_OK: the list is to be released, whether it was refused or not. */
enum store_status flow_list_read(struct store *store, const struct schema *schema, const struct flow_list_query *query,
                                 struct flow_list *list, struct error *error) __attribute__((warn_unused_result));
/* Whether it is one of the columns. */
bool flow_list_has(const struct flow_layout *layout, const struct dimension *dimension);
void flow_list_release(struct flow_list *list);

#endif
