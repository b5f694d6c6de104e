/* Sums of one kind of table's rows: an arm for each table and end, and the sums of the arms' rows over them. */
#include "store/query/tally.h"

#include <inttypes.h>
#include <stdlib.h>

#include "flow/record.h"
#include "flow/sum.h"
#include "store/ddl.h"
#include "store/key.h"
#include "store/query/query_sql.h"
#include "store/query/statement.h"

/* The columns of an arm are kN, and xN for the IPv6 address of a key that is an address; vN. Those of the whole
 * statement are rN, yN and wN. */
struct run {
    const struct schema *schema;
    const struct tally *tally;
    unsigned n_keys, n_groups;
    bool is_split[SCHEMA_KEYS_MAX]; /* the key is an address: a number in one table, bytes in the other */
    bool is_apart;                  /* no row of one arm is added to one of another */
    struct statement statement;
    unsigned n_arms;
    tally_row_fn *row;
    void *context;
    struct tally_row out;
    struct buffer texts[SCHEMA_KEYS_MAX];
};

static const struct table *table_of(const struct run *run, enum flow_family family) {
    return schema_table(run->schema, run->tally->kind, family, run->tally->size);
}

unsigned tally_n_groups(const struct schema *schema, const struct tally *tally) {
    const struct table *table = schema_table(schema, tally->kind, FLOW_IPV4, tally->size);
    if (table->kind == TABLE_FLOWS && !ddl_has_protocol(table)) return 1;
    return tally->sides ? TALLY_GROUPS : 1 + PROTO_CLASSES;
}

/* The place of a value among those of the index tables, which begin as all others do. */
static unsigned stored_place(const struct schema *schema, unsigned place) {
    unsigned n = schema->layout->n_sums + 1, group = place / n;
    if (group > PROTO_CLASSES) group = (group - PROTO_CLASSES) * (1 + PROTO_CLASSES);
    return group * n + place % n;
}

void tally_value_name(const struct schema *schema, unsigned place, char *name, size_t size) {
    schema_value_name(schema, NULL, stored_place(schema, place), name, size);
}

/* Keys
 * ------------------------------------------------------------------------------------------------------------------ */

/* The column of key `i`; `side` where the key is either end's. */
static struct key_column column_of(const struct run *run, const struct table *table, unsigned i, unsigned side) {
    const struct tally *tally = run->tally;
    if (tally->ends == TALLY_COLUMNS) return table->keys[tally->keys[i].column];
    const struct flow_field *field =
        &run->schema->layout->fields[(tally->ends == TALLY_ADDRESSES ? TUPLE_SOURCE : TUPLE_SOURCE_PORT) + side];
    return (struct key_column){.name = field->element[table->family]->name,
                               .type = field->element[table->family]->type,
                               .width = field->width[table->family]};
}

/* The key that is this field of the five-tuple, or -1. */
static int key_of_field(const struct run *run, enum flow_tuple field) {
    const struct flow_layout *layout = run->schema->layout;
    const struct tally *tally = run->tally;
    if (tally->kind != TABLE_FLOWS || tally->ends != TALLY_COLUMNS) return -1;
    for (unsigned i = 0; i < tally->n_keys; i++)
        if (tally->keys[i].column > 0 && layout->keys[tally->keys[i].column - 1] == field && !tally->keys[i].is_largest)
            return (int)i;
    return -1;
}

static const struct filter *kept_of(const struct run *run, unsigned i) {
    for (unsigned field = 0; field < FLOW_TUPLE_FIELDS; field++)
        if (run->tally->kept[field] && key_of_field(run, (enum flow_tuple)field) == (int)i)
            return run->tally->kept[field];
    return NULL;
}

/* The column, or 0 where it has none of the values that stay. */
static void kept_write(const struct filter *kept, const struct table *table, const struct key_column *column,
                       struct statement *out) {
    const char *zero = key_form(column) == KEY_BYTES ? "X'00000000000000000000000000000000'" : "0";
    struct statement condition = STATEMENT_INIT;
    if (filter_write(kept, table, &condition)) {
        buffer_printf(&out->sql, "CASE WHEN 1 = 1%s THEN %s ELSE %s END",
                      condition.sql.len > 0 ? condition.sql.data : "", column->name, zero);
        for (unsigned i = 0; i < condition.n_params; i++)
            statement_bind(out, condition.params[i]);
    } else {
        buffer_add_text(&out->sql, zero);
    }
    statement_release(&condition);
}

static void key_write(struct run *run, const struct table *table, unsigned i, unsigned side) {
    struct statement *out = &run->statement;
    const struct key_column column = column_of(run, table, i, side);
    const struct filter *kept = kept_of(run, i);
    bool is_largest = run->tally->ends == TALLY_COLUMNS && run->tally->keys[i].is_largest;
    bool is_bytes = run->is_split[i] && table->family == FLOW_IPV6;
    if (is_bytes) buffer_printf(&out->sql, "NULL AS k%u, ", i);
    if (kept)
        kept_write(kept, table, &column, out);
    else
        buffer_printf(&out->sql, is_largest ? "MAX(%s)" : "%s", column.name);
    buffer_printf(&out->sql, " AS %c%u, ", is_bytes ? 'x' : 'k', i);
    if (run->is_split[i] && !is_bytes) buffer_printf(&out->sql, "NULL AS x%u, ", i);
}

static void group_by(const struct run *run, char key, char bytes, struct buffer *sql) {
    const char *separator = " GROUP BY ";
    for (unsigned i = 0; i < run->n_keys; i++) {
        if (run->tally->ends == TALLY_COLUMNS && run->tally->keys[i].is_largest) continue;
        buffer_printf(sql, "%s%c%u", separator, key, i);
        separator = ", ";
        if (run->is_split[i]) buffer_printf(sql, ", %c%u", bytes, i);
    }
}

/* Numbers stand before bytes, for these are NULL then. The arms have a key's one form each, and no order to keep
 * between the two. */
static void order_key(const struct run *run, unsigned i, bool is_arm, enum flow_family family, const char *direction,
                      struct buffer *sql) {
    bool is_bytes = run->is_split[i] && family == FLOW_IPV6;
    if (is_arm)
        buffer_printf(sql, "%c%u%s", is_bytes ? 'x' : 'k', i, direction);
    else if (run->is_split[i])
        buffer_printf(sql, "y%u%s, r%u%s", i, direction, i, direction);
    else
        buffer_printf(sql, "r%u%s", i, direction);
}

static void order_by(const struct run *run, bool is_arm, enum flow_family family, struct buffer *sql) {
    const struct tally *tally = run->tally;
    const char *separator = " ORDER BY ";
    for (unsigned i = 0; i < tally->n_sorts; i++, separator = ", ") {
        const struct tally_sort *sort = &tally->sorts[i];
        const char *direction = sort->is_descending ? " DESC" : "";
        buffer_add_text(sql, separator);
        if (sort->is_key)
            order_key(run, sort->place, is_arm, family, direction, sql);
        else
            buffer_printf(sql, "%c%u%s", is_arm ? 'v' : 'w', sort->place, direction);
    }
    for (unsigned i = 0; i < run->n_keys; i++, separator = ", ") {
        buffer_add_text(sql, separator);
        order_key(run, i, is_arm, family, "", sql);
    }
    buffer_printf(sql, " LIMIT %u", tally->limit);
}

/* Statements
 * ------------------------------------------------------------------------------------------------------------ */

static void values_write(struct run *run, const struct table *table) {
    unsigned n = run->schema->layout->n_sums + 1;
    char name[SCHEMA_NAME_MAX];
    for (unsigned i = 0; i < run->n_groups * n; i++) {
        bool is_computed = table->kind == TABLE_FLOWS && i >= n;
        schema_stored_name(run->schema, table, is_computed ? i % n : stored_place(run->schema, i), name, sizeof name);
        buffer_printf(&run->statement.sql, is_computed ? "%sSUM(%s * (%s)) AS v%u" : "%sSUM(%s%s) AS v%u",
                      i ? ", " : "", name, is_computed ? ddl_class_conditions[i / n - 1] : "", i);
    }
}

static void arm_write(struct run *run, const struct table *table, unsigned side) {
    const struct tally *tally = run->tally;
    struct statement condition = STATEMENT_INIT; /* its own, for its values come behind the columns' */
    struct buffer *sql = &run->statement.sql;
    if (filter_write(tally->filter, table, &condition)) {
        buffer_add_text(sql, run->n_arms > 0 ? " UNION ALL SELECT * FROM (SELECT " : "SELECT * FROM (SELECT ");
        for (unsigned i = 0; i < run->n_keys; i++)
            key_write(run, table, i, side);
        values_write(run, table);
        bool has_total = table->kind == TABLE_NODES || table->kind == TABLE_PORTS;
        buffer_printf(sql, " FROM %s WHERE %s", table->data,
                      tally->total                              ? "id = -1"
                      : has_total && table->family == FLOW_IPV4 ? "id >= 0"
                                                                : "1 = 1");
        if (table->bucket_size > 0) {
            buffer_add_text(sql, " AND bucket >= ? AND bucket <= ?");
            statement_bind(&run->statement, store_integer(tally->first));
            statement_bind(&run->statement, store_integer(tally->last));
        }
        if (condition.sql.len > 0) buffer_add_text(sql, condition.sql.data);
        for (unsigned i = 0; i < condition.n_params; i++)
            statement_bind(&run->statement, condition.params[i]);
        group_by(run, 'k', 'x', sql);
        if (run->is_apart) order_by(run, true, table->family, sql);
        buffer_printf(sql, ") AS arm%u", run->n_arms++);
    }
    statement_release(&condition);
}

/* "k0 AS r0, x0 AS y0, ", or the other end's where the row is turned. */
static void result_keys(const struct run *run, struct buffer *sql) {
    int source = key_of_field(run, TUPLE_SOURCE), destination = key_of_field(run, TUPLE_DESTINATION);
    int ports[SIDES] = {key_of_field(run, TUPLE_SOURCE_PORT), key_of_field(run, TUPLE_DESTINATION_PORT)};
    bool is_turned = run->tally->biflow && source >= 0 && destination >= 0;
    for (unsigned i = 0; i < run->n_keys; i++) {
        bool is_largest = run->tally->ends == TALLY_COLUMNS && run->tally->keys[i].is_largest;
        int place = (int)i, other = -1;
        if (is_turned && (place == source || place == destination)) other = place == source ? destination : source;
        if (is_turned && ports[0] >= 0 && ports[1] >= 0 && (place == ports[0] || place == ports[1]))
            other = ports[place == ports[0]];
        for (unsigned bytes = 0; bytes <= run->is_split[i]; bytes++) {
            char from = bytes ? 'x' : 'k', to = bytes ? 'y' : 'r';
            if (other >= 0)
                buffer_printf(sql, "CASE WHEN k%d > k%d OR x%d > x%d THEN %c%d ELSE %c%u END AS %c%u, ", source,
                              destination, source, destination, from, other, from, i, to, i);
            else
                buffer_printf(sql, is_largest ? "MAX(%c%u) AS %c%u, " : "%c%u AS %c%u, ", from, i, to, i);
        }
    }
}

static void statement_finish(struct run *run) {
    struct buffer sql = BUFFER_INIT;
    unsigned n_values = run->n_groups * (run->schema->layout->n_sums + 1);
    buffer_add_text(&sql, "SELECT ");
    result_keys(run, &sql);
    for (unsigned i = 0; i < n_values; i++)
        buffer_printf(&sql, "%sSUM(v%u) AS w%u", i ? ", " : "", i, i);
    buffer_printf(&sql, " FROM (%s) AS arms", run->statement.sql.data);
    group_by(run, 'r', 'y', &sql);
    order_by(run, false, FLOW_IPV4, &sql);
    buffer_release(&run->statement.sql);
    run->statement.sql = sql;
}

/* Rows
 * ------------------------------------------------------------------------------------------------------------------ */

static void key_read(struct run *run, unsigned i, enum flow_family family, const char *text, size_t len) {
    const struct key_column column = column_of(run, table_of(run, family), i, 0);
    struct buffer *shown = &run->texts[i];
    buffer_clear(shown);
    if (key_form(&column) == KEY_BYTES) {
        uint8_t packed[ELEMENT_TEXT_MAX];
        key_pack(&column, text, len, packed);
        key_text(&column, packed, shown);
    } else {
        buffer_add(shown, text, len);
    }
    run->out.keys[i].name =
        run->tally->ends == TALLY_COLUMNS ? table_of(run, FLOW_IPV4)->keys[run->tally->keys[i].column].name : "id";
    run->out.keys[i].is_number = key_form(&column) != KEY_BYTES;
    run->out.keys[i].text = shown->data ? shown->data : "";
}

static int row_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct run *run = context;
    unsigned at = 0;
    for (unsigned i = 0; i < run->n_keys; i++, at += 1u + run->is_split[i - 1]) {
        bool is_bytes = run->is_split[i] && columns[at + 1];
        if (!columns[at + is_bytes]) return 0; /* the total of no rows */
        key_read(run, i, is_bytes ? FLOW_IPV6 : FLOW_IPV4, columns[at + is_bytes], lengths[at + is_bytes]);
    }
    for (unsigned i = 0; at < n; i++, at++)
        run->out.values[i] = sum_read(columns[at]);
    run->row(run->context, &run->out);
    return 0;
}

static void run_init(struct run *run) {
    const struct tally *tally = run->tally;
    const struct table *other = table_of(run, FLOW_IPV6);
    bool by_family = !other || tally->kind == TABLE_AGGR;
    run->n_keys = run->out.n_keys = tally->ends == TALLY_COLUMNS ? tally->n_keys : 1;
    run->n_groups = tally_n_groups(run->schema, tally);
    for (unsigned i = 0; i < run->n_keys; i++) {
        bool is_largest = tally->ends == TALLY_COLUMNS && tally->keys[i].is_largest;
        run->is_split[i] =
            other && column_of(run, table_of(run, FLOW_IPV4), i, 0).type != column_of(run, other, i, 0).type;
        by_family |= run->is_split[i] && !is_largest;
    }
    run->is_apart = by_family && tally->ends == TALLY_COLUMNS && !tally->biflow;
}

enum store_status tally_run(struct store *store, const struct schema *schema, const struct tally *tally,
                            tally_row_fn *row, void *context, struct error *error) {
    struct run run = {.schema = schema, .tally = tally, .row = row, .context = context};
    enum store_status status = STORE_OK;
    run_init(&run);
    for (unsigned family = 0; family < FLOW_FAMILIES; family++) {
        const struct table *table = table_of(&run, (enum flow_family)family);
        if (!table || (tally->total && family == FLOW_IPV6)) continue;
        for (unsigned side = 0; side < (tally->ends == TALLY_COLUMNS ? 1 : SIDES); side++)
            arm_write(&run, table, side);
    }
    if (run.n_arms > 0) {
        statement_finish(&run);
        status = statement_run(&run.statement, store, row_read, &run, error);
    }
    statement_release(&run.statement);
    for (unsigned i = 0; i < run.n_keys; i++)
        buffer_release(&run.texts[i]);
    return status;
}
