/* The first and last buckets of each size, and from when on it is whole. */
#include "store/query/span.h"

#include <stdlib.h>

#include "base/clock.h"
#include "store/settings.h"

static int ends_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct span *span = context;
    (void)n, (void)lengths;
    if (!columns[0] || !columns[1]) return 1;
    span->first = (uint32_t)strtoul(columns[0], NULL, 10);
    span->last = (uint32_t)strtoul(columns[1], NULL, 10);
    return 1;
}

static enum store_status span_read(struct store *store, const struct schema *schema, struct span *span,
                                   struct error *error) {
    const char *table = schema_table(schema, TABLE_AGGR, FLOW_IPV4, span->size)->data;
    struct buffer sql = BUFFER_INIT;
    uint32_t kept;
    /* Two subqueries, for SQLite finds one end at a time by the key. */
    buffer_printf(&sql, "SELECT (SELECT MIN(bucket) FROM %s), (SELECT MAX(bucket) FROM %s)", table, table);
    enum store_status status = store_query(store, sql.data, NULL, 0, ends_read, span, error);
    if (status == STORE_OK) status = settings_size(store, span->size, &span->from, &kept, error);
    buffer_release(&sql);
    /* The first day that retention, or somebody who deleted rows, has left. */
    uint32_t day = span->first <= span->last ? span->first - span->first % DAY_SECONDS : 0;
    if (day > span->from) span->from = day;
    return status;
}

enum store_status spans_read(struct store *store, const struct schema *schema, struct span spans[BUCKET_SIZES_MAX],
                             struct error *error) {
    enum store_status status = STORE_OK;
    for (unsigned i = 0; i < schema->n_sizes && status == STORE_OK; i++) {
        spans[i] = (struct span){.size = schema->sizes[i], .first = 1};
        status = span_read(store, schema, &spans[i], error);
    }
    return status;
}
