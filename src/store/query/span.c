/* The first and last buckets of each size, and from when on it is whole. */
#include "store/query/span.h"

#include <stdlib.h>

#include "base/clock.h"
#include "store/settings.h"

enum { COUNTED_MAX = 100000 }; /* rows of a bucket: 3 ms */

static int ends_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct span *span = context;
    (void)n, (void)lengths;
    if (!columns[0] || !columns[1]) return 1;
    uint32_t first = (uint32_t)strtoul(columns[0], NULL, 10), last = (uint32_t)strtoul(columns[1], NULL, 10);
    bool is_empty = span->first > span->last;
    if (is_empty || first < span->first) span->first = first;
    if (is_empty || last > span->last) span->last = last;
    return 1;
}

/* Widens the span by a table's buckets. */
static enum store_status ends_find(struct store *store, const struct table *table, struct span *span,
                                   struct error *error) {
    struct buffer sql = BUFFER_INIT;
    /* Two subqueries, for SQLite finds one end at a time by the key. */
    buffer_printf(&sql, "SELECT (SELECT MIN(bucket) FROM %s), (SELECT MAX(bucket) FROM %s)", table->data, table->data);
    enum store_status status = store_query(store, sql.data, NULL, 0, ends_read, span, error);
    buffer_release(&sql);
    return status;
}

/* The first day that retention, or somebody who deleted rows, has left. */
static void span_cut(struct span *span) {
    uint32_t day = span->first <= span->last ? span->first - span->first % DAY_SECONDS : 0;
    if (day > span->from) span->from = day;
}

static enum store_status span_read(struct store *store, const struct schema *schema, struct span *span,
                                   struct error *error) {
    uint32_t kept;
    enum store_status status = ends_find(store, schema_table(schema, TABLE_AGGR, FLOW_IPV4, span->size), span, error);
    if (status == STORE_OK) status = settings_size(store, span->size, &span->from, &kept, error);
    span_cut(span);
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

static int count_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    (void)n, (void)lengths;
    *(uint64_t *)context += columns[0] ? strtoull(columns[0], NULL, 10) : 0;
    return 1;
}

/* About how many rows a day of a roll-up has: those of a bucket, the last but one, for more may come to the last. */
static enum store_status day_count(struct store *store, const struct schema *schema, const struct span *span,
                                   uint64_t *rows, struct error *error) {
    bool has_other = span->last - span->first >= span->size;
    const struct store_param params[] = {store_integer(has_other ? span->last - span->size : span->last),
                                         store_integer(COUNTED_MAX)};
    enum store_status status = STORE_OK;
    *rows = 0;
    for (unsigned family = 0; family < FLOW_FAMILIES && status == STORE_OK; family++) {
        const struct table *table = schema_rollup_table(schema, span->rollup - 1, (enum flow_family)family);
        struct buffer sql = BUFFER_INIT;
        if (!table) continue;
        buffer_printf(&sql, "SELECT COUNT(*) FROM (SELECT 1 FROM %s WHERE bucket = ? LIMIT ?) AS some", table->data);
        status = store_query(store, sql.data, params, 2, count_read, rows, error);
        buffer_release(&sql);
    }
    *rows *= DAY_SECONDS / span->size;
    return status;
}

/* Of roll-ups of which one has larger buckets and yet more rows the other alone is left. */
static enum store_status larger_drop(struct store *store, const struct schema *schema, struct span *spans, unsigned *n,
                                     struct error *error) {
    uint64_t rows[ROLLUPS_MAX];
    unsigned n_left = 0;
    enum store_status status = STORE_OK;
    for (unsigned i = 0; i < *n && status == STORE_OK; i++)
        status = day_count(store, schema, &spans[i], &rows[i], error);
    for (unsigned i = 0; i < *n && status == STORE_OK; i++) {
        bool is_more = false; /* than one of smaller buckets that reaches back as far */
        for (unsigned j = 0; j < n_left; j++)
            is_more |= rows[j] < rows[i] && spans[j].from <= spans[i].from;
        if (is_more) continue;
        rows[n_left] = rows[i];
        spans[n_left++] = spans[i];
    }
    *n = n_left;
    return status;
}

enum store_status spans_read_rollups(struct store *store, const struct schema *schema, unsigned set,
                                     struct span spans[ROLLUPS_MAX], unsigned *n, struct error *error) {
    enum store_status status = STORE_OK;
    *n = 0;
    for (unsigned i = 0; i < schema->n_rollups && status == STORE_OK; i++) {
        if (!(set >> i & 1)) continue;
        struct span *span = &spans[*n];
        uint32_t kept;
        *span = (struct span){.size = schema->rollups[i].size, .rollup = 1 + i, .first = 1};
        for (unsigned family = 0; family < FLOW_FAMILIES && status == STORE_OK; family++) {
            const struct table *table = schema_rollup_table(schema, i, (enum flow_family)family);
            if (table) status = ends_find(store, table, span, error);
        }
        if (status == STORE_OK)
            status = settings_rollup(store, schema_rollup_table(schema, i, FLOW_IPV4), &span->from, &kept, error);
        span_cut(span);
        if (span->first <= span->last) (*n)++; /* one without rows has nothing that the flows don't have */
    }
    if (status == STORE_OK && *n > 1) status = larger_drop(store, schema, spans, n, error);
    return status;
}
