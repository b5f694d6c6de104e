/* Which buckets the tables of each size hold. */
#ifndef FLOWIMPORT_STORE_QUERY_SPAN_H
#define FLOWIMPORT_STORE_QUERY_SPAN_H

#include "store/store.h"

struct span {
    uint32_t size;
    unsigned rollup;      /* 0: of the size's own tables; else 1 + which of the schema's roll-ups */
    uint32_t from;        /* the size's tables are whole from this bucket on */
    uint32_t first, last; /* buckets that have a row; first > last: none */
};

/* One for each of the schema's sizes, in their order. */
enum store_status spans_read(struct store *store, const struct schema *schema, struct span spans[BUCKET_SIZES_MAX],
                             struct error *error) __attribute__((warn_unused_result));
/* The same of some of the schema's roll-ups: a bit of `set` for each. Without those that have no rows, and those that
 * have more rows a day than one with smaller buckets. Returns through *n how many. */
enum store_status spans_read_rollups(struct store *store, const struct schema *schema, unsigned set,
                                     struct span spans[ROLLUPS_MAX], unsigned *n, struct error *error)
    __attribute__((warn_unused_result));

#endif
