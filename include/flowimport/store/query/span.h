/* Which buckets the tables of each size hold. */
#ifndef FLOWIMPORT_STORE_QUERY_SPAN_H
#define FLOWIMPORT_STORE_QUERY_SPAN_H

#include "store/store.h"

struct span {
    uint32_t size;
    uint32_t from;        /* the size's tables are whole from this bucket on */
    uint32_t first, last; /* buckets that have a row; first > last: none */
};

/* One for each of the schema's sizes, in their order. */
enum store_status spans_read(struct store *store, const struct schema *schema, struct span spans[BUCKET_SIZES_MAX],
                             struct error *error) __attribute__((warn_unused_result));

#endif
