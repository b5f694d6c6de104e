/* The SQL of queries, for both dialects: what one statement asks of which tables. */
#ifndef FLOWIMPORT_STORE_QUERY_QUERY_SQL_H
#define FLOWIMPORT_STORE_QUERY_QUERY_SQL_H

#include "store/query/query_plan.h"
#include "store/query/statement.h"

struct selection {
    const struct schema *schema;
    enum dialect dialect;
    const struct filter *filter;
    struct source source;
    const struct plan *plan; /* NULL: all time, out of an index table */
    unsigned families;       /* whose tables: 1 << enum flow_family */
    uint32_t step;           /* 0: no times */
    unsigned n_keys;
    const struct dimension *const *keys;
    bool is_ranking;        /* groups alone that have anything at all */
    unsigned limit, value;  /* then, with a limit, the largest of that value, ties by key */
    bool is_flat;           /* rows as they are in the tables, of one piece of time: nothing is added up */
    bool is_bounded;        /* by the filter's bounds */
    enum distinct distinct; /* instead of values: v0, how many different ones there are of each key */
    unsigned rows_max;      /* then: of each table and piece of time; 0: all */
    bool by_class;          /* values once for each class, out of a table's columns */
    /* NULL, or groups of which one is wanted: rows of others may be there as well. */
    const struct query_group *only;
    unsigned n_only;
};

/* The columns of its rows: with a step, s, the bucket divided by it; the keys, k0 and so on; the values, v0 and so on,
 * n_sums + 1 of them or with by_class PROTO_CLASSES times as many; how many rows of the tables were added up. `tables`:
 * those that are read, at most QUERY_TABLES_MAX. Returns how many; 0: no row of any can pass the filter, and there is
 * no statement. */
unsigned selection_write(const struct selection *selection, struct statement *statement, const struct table **tables);

/* Appends " AND (...)" for each term that the table has a column for; terms on others are not its business. False: no
 * row of the table passes. Bytes of the filter are borrowed. */
bool filter_write(const struct filter *filter, const struct table *table, struct statement *statement)
    __attribute__((warn_unused_result));

#endif
