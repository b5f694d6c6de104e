/* Rows of the flows tables: each family's in SQL's order, then both together. */
#include "store/query/flow_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "flow/sum.h"
#include "store/key.h"
#include "store/query/name_sql.h"
#include "store/query/query_sql.h"

struct listing {
    struct store *store;
    const struct schema *schema;
    const struct flow_list_query *query;
    struct flow_list *list;
    struct error *error;
    const struct dimension *keys[FLOW_KEYS_MAX];
    unsigned key_bytes, n_values;
    uint32_t step;           /* of the column s; 0: there is none */
    enum flow_family family; /* of the statement under way */
};

static uint64_t number(const char *text) { return text ? strtoull(text, NULL, 10) : 0; }

bool flow_list_has(const struct flow_layout *layout, const struct dimension *dimension) {
    if (dimension->is_either || dimension_is_derived(dimension)) return false;
    for (unsigned i = 0; i < layout->n_keys; i++)
        if (dimension->field[0] == &layout->fields[layout->keys[i]]) return true;
    return false;
}

static void columns_fill(struct listing *listing) {
    struct flow_list *list = listing->list;
    const struct flow_layout *layout = listing->schema->layout;
    for (unsigned i = 0; i < layout->n_keys; i++) {
        const char *name = layout->fields[layout->keys[i]].element[FLOW_IPV4]->name;
        const struct dimension *dimension = dimension_find(listing->query->dimensions, name, strlen(name));
        unsigned widest = 0;
        for (unsigned family = 0; family < FLOW_FAMILIES; family++) {
            unsigned width = dimension_key(dimension, (enum flow_family)family).width;
            if (width > widest) widest = width;
        }
        listing->keys[i] = dimension;
        list->columns[list->n_columns++] = (struct flow_column){dimension, listing->key_bytes};
        listing->key_bytes += widest;
    }
}

static int order(sum_wide a, sum_wide b) { return a < b ? -1 : a > b; }

/* As each statement orders its own rows. */
static int rows_compare(const void *left, const void *right, void *context) {
    const struct flow_row *a = *(struct flow_row *const *)left, *b = *(struct flow_row *const *)right;
    const struct listing *listing = context;
    const struct flow_list_query *query = listing->query;
    int first = 0;
    if (query->sort) {
        unsigned i = 0;
        while (listing->keys[i] != query->sort)
            i++;
        unsigned at = listing->list->columns[i].offset, width = dimension_key(query->sort, a->family).width;
        first = dimension_is_by_family(query->sort) ? order(a->family, b->family) : 0;
        if (first == 0) first = memcmp(a->key + at, b->key + at, width);
    } else {
        first = query->sort_value < 0 ? order(a->bucket, b->bucket)
                                      : order(a->values[query->sort_value], b->values[query->sort_value]);
    }
    if (first != 0) return query->is_ascending ? first : -first;
    first = order(a->bucket, b->bucket);
    if (first == 0) first = order(a->family, b->family);
    return first != 0 ? first : memcmp(a->key, b->key, listing->key_bytes);
}

static int row_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct listing *listing = context;
    struct flow_list *list = listing->list;
    struct flow_row *row = mem_zalloc(1, sizeof *row + listing->key_bytes);
    unsigned at = 0;
    row->family = listing->family;
    if (listing->step) row->bucket = number(columns[at++]) * listing->step;
    for (unsigned i = 0; i < list->n_columns; i++, at++) {
        const struct key_column key = dimension_key(listing->keys[i], listing->family);
        key_pack(&key, columns[at], lengths[at], row->key + list->columns[i].offset);
    }
    for (unsigned i = 0; i < listing->n_values; i++)
        row->values[i] = sum_read(columns[at++]);
    list->rows += number(columns[n - 1]);
    list->list[list->n++] = row;
    return 0;
}

/* " ORDER BY v1 DESC, s, k0, k1 LIMIT ?" */
static void order_write(const struct listing *listing, struct statement *statement) {
    const struct flow_list_query *query = listing->query;
    struct buffer *sql = &statement->sql;
    buffer_add_text(sql, " ORDER BY ");
    for (unsigned i = 0; query->sort && i < listing->list->n_columns; i++)
        if (listing->keys[i] == query->sort) buffer_printf(sql, "k%u", i);
    if (!query->sort && query->sort_value < 0) buffer_add_text(sql, listing->step ? "s" : "k0");
    if (!query->sort && query->sort_value >= 0) buffer_printf(sql, "v%d", query->sort_value);
    if (!query->is_ascending) buffer_add_text(sql, " DESC");
    if (listing->step) buffer_add_text(sql, ", s");
    for (unsigned i = 0; i < listing->list->n_columns; i++)
        buffer_printf(sql, ", k%u", i);
    buffer_add_text(sql, " LIMIT ?");
    statement_bind(statement, store_integer((int64_t)query->offset + query->n + 1));
}

static enum store_status family_read(struct listing *listing, const struct plan *plan) {
    struct statement statement = STATEMENT_INIT;
    struct flow_list *list = listing->list;
    const struct selection selection = {.schema = listing->schema,
                                        .dialect = store_dialect(listing->store),
                                        .filter = listing->query->filter,
                                        .source = {.kind = TABLE_FLOWS, .classes = ALL_CLASSES},
                                        .plan = plan,
                                        .families = 1u << listing->family,
                                        .step = listing->step,
                                        .n_keys = list->n_columns,
                                        .keys = listing->keys,
                                        .is_bounded = true,
                                        /* In a head's table a flow has a row of each store. */
                                        .is_flat = !listing->query->merge && !store_is_head(listing->store)};
    const struct table *tables[QUERY_TABLES_MAX];
    enum store_status status = STORE_OK;
    unsigned n_tables = selection_write(&selection, &statement, tables);
    for (unsigned i = 0; i < n_tables && list->n_tables < QUERY_TABLES_MAX; i++)
        list->tables[list->n_tables++] = tables[i];
    if (n_tables > 0) {
        order_write(listing, &statement);
        status = statement_run(&statement, listing->store, row_read, listing, listing->error);
    }
    statement_release(&statement);
    return status;
}

/* What is wanted of both families' rows. */
static void rows_cut(struct listing *listing) {
    struct flow_list *list = listing->list;
    const struct flow_list_query *query = listing->query;
    unsigned first = query->offset < list->n ? query->offset : list->n;
    if (list->n > 0) qsort_r(list->list, list->n, sizeof list->list[0], rows_compare, listing);
    unsigned n = list->n - first < query->n ? list->n - first : query->n;
    list->has_more = list->n > first + n;
    for (unsigned i = 0; i < list->n; i++)
        if (i < first || i >= first + n) free(list->list[i]);
    memmove(list->list, list->list + first, n * sizeof list->list[0]);
    list->n = n;
}

static enum store_status answer(struct listing *listing) {
    const struct flow_list_query *query = listing->query;
    struct flow_list *list = listing->list;
    struct span spans[BUCKET_SIZES_MAX];
    struct plan plan;
    unsigned n_sizes = listing->schema->n_sizes;
    enum store_status status = spans_read(listing->store, listing->schema, spans, listing->error);
    if (status != STORE_OK) return status;
    uint64_t from, to;
    plan_range(query->from, query->to, &from, &to);
    plan_make(spans, n_sizes, from, to, 0, &plan);
    if (!query->merge) {
        /* Buckets of one size, or they couldn't be told apart. */
        listing->step = plan.size;
        plan.to += (plan.size - plan.to % plan.size) % plan.size;
        plan.n = 1;
        plan.pieces[0] = (struct piece){.size = plan.size, .from = plan.from, .to = plan.to};
    }
    list->size = plan.size;
    list->from = plan.from;
    list->to = plan.to;
    list->list = mem_alloc(FLOW_FAMILIES * ((size_t)query->offset + query->n + 1) * sizeof list->list[0]);
    for (unsigned family = 0; family < FLOW_FAMILIES && status == STORE_OK; family++) {
        listing->family = (enum flow_family)family;
        status = family_read(listing, &plan);
    }
    if (status == STORE_OK) rows_cut(listing);
    return status;
}

enum store_status flow_list_read(struct store *store, const struct schema *schema, const struct flow_list_query *query,
                                 struct flow_list *list, struct error *error) {
    struct listing listing = {.store = store,
                              .schema = schema,
                              .query = query,
                              .list = list,
                              .error = error,
                              .n_values = schema->layout->n_sums + 1};
    memset(list, 0, sizeof *list);
    for (unsigned i = 0; i < query->filter->n_terms; i++) {
        const struct dimension *dimension = query->filter->terms[i].dimension;
        bool fits = name_condition_fits(query->filter, &query->filter->terms[i]);
        if (dimension->in_flows && fits) continue;
        list->refused.parameter = "filter";
        snprintf(list->refused.value, sizeof list->refused.value, "%s", dimension->name);
        snprintf(list->refused.accepted, sizeof list->refused.accepted, "%s",
                 dimension->in_flows ? name_fits_accepted : "flow keys of these tables (aggr_values)");
        return STORE_OK;
    }
    columns_fill(&listing);
    enum store_status status = store_snapshot_begin(store, error);
    if (status == STORE_OK) status = answer(&listing);
    status = store_snapshot_end(store, status, error);
    if (status != STORE_OK) flow_list_release(list);
    return status;
}

void flow_list_release(struct flow_list *list) {
    for (unsigned i = 0; i < list->n; i++)
        free(list->list[i]);
    free(list->list);
    memset(list, 0, sizeof *list);
}
