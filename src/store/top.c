/* The largest hosts, ports and flows, by SQL over the index and flows tables. */
#include "store/top.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "flow/names.h"
#include "store/span.h"

#define BUCKETS_END (UINT64_C(1) << 32) /* behind every bucket */

struct top {
    struct store *store;
    const struct schema *schema;
    enum top_kind kind;
    uint32_t from;
    uint64_t to; /* seconds */
    unsigned n, order_by;
    struct top_result *result;
    struct error *error;
    /* the table under way: which of its columns stands where in the query's result, or -1 */
    const struct table *table;
    int column[FLOW_TUPLE_FIELDS];
    unsigned n_columns; /* before the sums */
};

static uint64_t number(const char *text) { return text ? strtoull(text, NULL, 10) : 0; }

/* Of the sizes that reach back to `from`, or as far as any, the largest whose buckets begin at both ends; else the
 * smallest. */
static enum store_status size_choose(const struct top *top, uint32_t *size) {
    const struct schema *schema = top->schema;
    struct span spans[BUCKET_SIZES_MAX];
    uint32_t earliest = UINT32_MAX;
    enum store_status status = spans_read(top->store, schema, spans, top->error);
    *size = 0;
    if (status != STORE_OK) return status;
    for (unsigned i = 0; i < schema->n_sizes; i++)
        if (spans[i].from < earliest) earliest = spans[i].from;
    for (unsigned i = 0; i < schema->n_sizes; i++) {
        bool reaches = spans[i].from <= (top->from > earliest ? top->from : earliest);
        bool fits = top->from % schema->sizes[i] == 0 && (top->to == BUCKETS_END || top->to % schema->sizes[i] == 0);
        if (reaches && (fits || *size == 0)) *size = schema->sizes[i];
    }
    return status;
}

static void sums_add(const struct top *top, const struct table *table, struct buffer *sql) {
    char name[SCHEMA_NAME_MAX];
    for (unsigned i = 0; i <= top->schema->layout->n_sums; i++) {
        schema_stored_name(top->schema, table, i, name, sizeof name);
        buffer_printf(sql, "%sSUM(%s)", i ? ", " : "", name);
    }
}

static void condition_add(const struct top *top, const struct table *table, const char *more, struct buffer *sql) {
    buffer_printf(sql, " FROM %s WHERE %s", table->data, more);
    if (table->bucket_size) buffer_printf(sql, " AND bucket >= %" PRIu32 " AND bucket < %" PRIu64, top->from, top->to);
}

static void sums_read(const struct top *top, const char *const *columns, uint64_t *sums, uint64_t *flows) {
    unsigned n = top->schema->layout->n_sums;
    for (unsigned i = 0; i < n; i++)
        sums[i] = number(columns[i]);
    *flows = number(columns[n]);
}

/* Rows
 * ----------------------------------------------------------------------------------------------------------------- */

static void address_show(enum flow_family family, const char *column, size_t len, char *text, size_t size) {
    uint8_t bytes[16] = {0};
    struct in_addr ipv4 = {.s_addr = htonl((uint32_t)number(column))};
    memcpy(bytes, column, len < sizeof bytes ? len : sizeof bytes);
    inet_ntop(family == FLOW_IPV4 ? AF_INET : AF_INET6, family == FLOW_IPV4 ? (const void *)&ipv4 : bytes, text,
              (socklen_t)size);
}

/* One end of a flow: "192.0.2.7:443", "[2001:db8::7]:443"; '*' for an address that is no flow key. */
static void end_show(const struct top *top, unsigned address, unsigned port, const char *const *columns,
                     const size_t *lengths, struct buffer *out) {
    char text[INET6_ADDRSTRLEN] = "*";
    int at = top->column[address];
    if (at >= 0) address_show(top->table->family, columns[at], lengths[at], text, sizeof text);
    bool brackets = at >= 0 && top->table->family == FLOW_IPV6 && top->column[port] >= 0;
    buffer_printf(out, brackets ? "[%s]" : "%s", text);
    if (top->column[port] >= 0) buffer_printf(out, ":%s", columns[top->column[port]]);
}

static void flow_show(const struct top *top, const char *const *columns, const size_t *lengths, struct top_row *row) {
    struct buffer text = BUFFER_INIT;
    end_show(top, TUPLE_SOURCE, TUPLE_SOURCE_PORT, columns, lengths, &text);
    buffer_add_text(&text, " -> ");
    end_show(top, TUPLE_DESTINATION, TUPLE_DESTINATION_PORT, columns, lengths, &text);
    if (top->column[TUPLE_PROTOCOL] >= 0) {
        row->protocol = (uint8_t)number(columns[top->column[TUPLE_PROTOCOL]]);
        const char *name = protocol_name(row->protocol);
        if (name)
            buffer_printf(&text, " %s", name);
        else
            buffer_printf(&text, " %u", row->protocol);
    }
    for (unsigned port = TUPLE_SOURCE_PORT; port <= TUPLE_DESTINATION_PORT; port++)
        if (top->column[port] >= 0) {
            int64_t value = (int64_t)number(columns[top->column[port]]);
            if (row->port < 0 || value < row->port) row->port = value;
        }
    snprintf(row->name, sizeof row->name, "%s", text.data);
    buffer_release(&text);
}

static int row_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct top *top = context;
    struct top_result *result = top->result;
    (void)n;
    result->rows = mem_realloc(result->rows, result->n + 1, sizeof result->rows[0]);
    struct top_row *row = &result->rows[result->n++];
    memset(row, 0, sizeof *row);
    row->port = -1;
    switch (top->kind) {
    case TOP_HOSTS: address_show(top->table->family, columns[0], lengths[0], row->name, sizeof row->name); break;
    case TOP_PORTS:
        row->port = (int64_t)number(columns[0]);
        snprintf(row->name, sizeof row->name, "%" PRId64, row->port);
        break;
    case TOP_FLOWS: flow_show(top, columns, lengths, row); break;
    }
    sums_read(top, columns + top->n_columns, row->sums, &row->flows);
    return 0;
}

/* "a, b, " of the columns that tell rows apart: an index's id, or what a flows table has of the five-tuple. */
static void columns_add(struct top *top, const struct table *table, struct buffer *sql) {
    const struct flow_layout *layout = top->schema->layout;
    top->table = table;
    top->n_columns = 0;
    for (unsigned i = 0; i < FLOW_TUPLE_FIELDS; i++)
        top->column[i] = -1;
    if (top->kind != TOP_FLOWS) {
        buffer_add_text(sql, "id, ");
        top->n_columns = 1;
    }
    for (unsigned i = 0; top->kind == TOP_FLOWS && i < layout->n_keys; i++) {
        if (layout->keys[i] >= FLOW_TUPLE_FIELDS) continue;
        buffer_printf(sql, "%s, ", layout->fields[layout->keys[i]].element[table->family]->name);
        top->column[layout->keys[i]] = (int)top->n_columns++;
    }
}

static enum store_status table_read(struct top *top, const struct table *table) {
    struct buffer sql = BUFFER_INIT;
    bool has_total = table->kind != TABLE_FLOWS && table->family == FLOW_IPV4;
    buffer_add_text(&sql, "SELECT ");
    columns_add(top, table, &sql);
    sums_add(top, table, &sql);
    condition_add(top, table, has_total ? "id <> -1" : "1 = 1", &sql);
    for (unsigned i = 1; i <= top->n_columns; i++)
        buffer_printf(&sql, "%s%u", i > 1 ? ", " : " GROUP BY ", i);
    buffer_printf(&sql, " ORDER BY %u DESC", top->n_columns + 1 + top->order_by);
    for (unsigned i = 1; i <= top->n_columns; i++)
        buffer_printf(&sql, ", %u", i);
    buffer_printf(&sql, " LIMIT %u", top->n);
    enum store_status status = store_query(top->store, sql.data, NULL, 0, row_read, top, top->error);
    buffer_release(&sql);
    return status;
}

static int total_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct top *top = context;
    (void)n, (void)lengths;
    sums_read(top, columns, top->result->total_sums, &top->result->total_flows);
    return 1;
}

static enum store_status totals_read(struct top *top, uint32_t size) {
    const struct table *table = size ? schema_table(top->schema, TABLE_AGGR, FLOW_IPV4, size)
                                     : schema_table(top->schema, TABLE_PORTS, FLOW_IPV4, 0);
    struct buffer sql = BUFFER_INIT;
    buffer_add_text(&sql, "SELECT ");
    sums_add(top, table, &sql);
    condition_add(top, table, size ? "1 = 1" : "id = -1", &sql);
    enum store_status status = store_query(top->store, sql.data, NULL, 0, total_read, top, top->error);
    buffer_release(&sql);
    return status;
}

/* The sum that is sorted by has to reach the comparison: qsort_r's last argument. */
static int row_compare(const void *a, const void *b, void *order_by) {
    const struct top_row *left = a, *right = b;
    uint64_t x = left->sums[*(unsigned *)order_by], y = right->sums[*(unsigned *)order_by];
    if (x != y) return x > y ? -1 : 1;
    return strcmp(left->name, right->name);
}

enum store_status top_read(struct store *store, const struct schema *schema, enum top_kind kind, uint32_t from,
                           uint32_t to, unsigned n, unsigned order_by, struct top_result *result, struct error *error) {
    static const enum table_kind tables[] = {
        [TOP_HOSTS] = TABLE_NODES, [TOP_PORTS] = TABLE_PORTS, [TOP_FLOWS] = TABLE_FLOWS};
    struct top top = {.store = store,
                      .schema = schema,
                      .kind = kind,
                      .from = from,
                      .n = n,
                      .order_by = order_by,
                      .result = result,
                      .error = error};
    bool all_time = from == 0 && to == 0;
    uint32_t size = 0;
    enum store_status status = STORE_OK;
    memset(result, 0, sizeof *result);
    top.to = to ? to : BUCKETS_END;
    if (!all_time || kind == TOP_FLOWS) status = size_choose(&top, &size); /* flows are kept by bucket alone */
    for (unsigned family = 0; family < FLOW_FAMILIES && status == STORE_OK; family++) {
        const struct table *table = schema_table(schema, tables[kind], (enum flow_family)family, size);
        if (table) status = table_read(&top, table);
    }
    if (status == STORE_OK) status = totals_read(&top, size);
    if (status != STORE_OK) {
        top_release(result);
        return status;
    }
    result->bucket_size = size;
    if (result->n > 0) qsort_r(result->rows, result->n, sizeof result->rows[0], row_compare, &order_by);
    if (result->n > n) result->n = n;
    return STORE_OK;
}

void top_release(struct top_result *result) {
    free(result->rows);
    memset(result, 0, sizeof *result);
}
