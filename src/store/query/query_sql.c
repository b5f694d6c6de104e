/* Statements out of selections: for each table and piece of time a sum by key, then the sum of those sums. */
#include "store/query/query_sql.h"

#include <inttypes.h>
#include <string.h>

#include "flow/record.h"
#include "store/ddl.h"
#include "store/key.h"
#include "store/query/name_sql.h"
#include "store/rollup.h"

/* Filters
 * --------------------------------------------------------------------------------------------------------------- */

/* The column of a dimension's value at one end; NULL: the table has none. */
static const char *column_of(const struct dimension *dimension, unsigned side, const struct table *table) {
    switch (table->kind) {
    case TABLE_ROLLUP:
    case TABLE_FLOWS: return dimension->field[side]->element[table->family]->name;
    case TABLE_NODES:
    case TABLE_PORTS: return dimension->in_index ? "id" : NULL;
    case TABLE_AGGR: break;
    }
    return NULL;
}

/* The address of one end of IPv4 as an index table has it: SCHEMA_NO_ADDRESS where it is not known. A flows table
 * without the destination can't tell. */
static void end_write(const struct dimension *dimension, unsigned side, const struct table *table, struct buffer *sql) {
    static const char destination[] = "destinationIPv4Address";
    const char *column = column_of(dimension, side, table);
    if (!schema_is_flows(table) || !schema_has_key(table, destination))
        buffer_add_text(sql, column);
    else if (strcmp(column, destination) == 0)
        buffer_printf(sql, "CASE WHEN %s = 0 THEN %d ELSE %s END", column, SCHEMA_NO_ADDRESS, column);
    else
        buffer_printf(sql, "CASE WHEN %s = 0 AND %s < %" PRIu32 " THEN %d ELSE %s END", column, destination,
                      SCHEMA_MULTICAST, SCHEMA_NO_ADDRESS, column);
}

static struct store_param end_param(const struct dimension *dimension, const struct table *table,
                                    const uint8_t *packed) {
    const struct key_column key = dimension_key(dimension, table->family);
    if (dimension_is_no_address(dimension, table->family, packed)) return store_integer(SCHEMA_NO_ADDRESS);
    return key_param(&key, packed);
}

/* The first bits of an address: of IPv4 a number, of IPv6 whole bytes. No address has those of 0. */
static void prefix_write(const struct dimension *dimension, const char *column, enum flow_family family, bool is_id,
                         struct buffer *sql) {
    unsigned bits = dimension->bits[family];
    if (family == FLOW_IPV4)
        buffer_printf(sql, is_id ? "((id >= 0) * (%s & %" PRIu32 "))" : "(%s & %" PRIu32 ")", column,
                      UINT32_MAX << (32 - bits));
    else
        buffer_printf(sql, "SUBSTR(%s, 1, %u)", column, bits / 8);
}

/* The value of a key at one end. */
static void key_write(const struct dimension *dimension, unsigned side, const struct table *table, struct buffer *sql) {
    switch (dimension->form) {
    case DIMENSION_FAMILY: buffer_printf(sql, "%d", table->family); return;
    case DIMENSION_CLASS:
        buffer_add_text(sql, "CASE");
        for (unsigned class = 0; class < PROTO_CLASSES; class ++)
            buffer_printf(sql, " WHEN %s THEN %u", ddl_class_conditions[class], class);
        buffer_add_text(sql, " END");
        return;
    case DIMENSION_NAME: name_value_write(dimension, table->family, column_of(dimension, side, table), sql); return;
    case DIMENSION_DIRECTION:
        name_direction_write(dimension, table->family, column_of(dimension, SIDE_SOURCE, table),
                             column_of(dimension, SIDE_DESTINATION, table), sql);
        return;
    case DIMENSION_PREFIX:
        prefix_write(dimension, column_of(dimension, side, table), table->family, table->kind == TABLE_NODES, sql);
        return;
    case DIMENSION_SERVICE:
        if (table->kind == TABLE_ROLLUP)
            buffer_add_text(sql, "service");
        else
            rollup_service_sql(sql);
        return;
    default:
        if (dimension_is_end(dimension, table->family))
            end_write(dimension, side, table, sql);
        else
            buffer_add_text(sql, column_of(dimension, side, table));
    }
}

static bool is_in_family(const struct filter_value *value, enum flow_family family) {
    return value->families >> family & 1;
}

/* " OR (column = ? AND exporter = ?)": interfaces by their names. */
static void interfaces_write(const struct filter *filter, const struct filter_term *term, const struct table *table,
                             const char *column, unsigned n, struct statement *out) {
    const struct key_column key = dimension_key(term->dimension, table->family);
    for (unsigned i = term->first; i < term->first + term->n; i++) {
        const struct filter_value *value = &filter->values[i];
        if (!value->exporter) continue;
        const struct key_column exporter = dimension_key(value->exporter, table->family);
        buffer_printf(&out->sql, "%s(%s = ? AND %s = ?)", n++ > 0 ? " OR " : "", column,
                      column_of(value->exporter, SIDE_SOURCE, table));
        statement_bind(out, key_param(&key, value->low));
        statement_bind(out, key_param(&exporter, value->exporter_address));
    }
}

/* "column IN (?, ?) OR column BETWEEN ? AND ?": at least one value is of the table's family. */
static void values_write(const struct filter *filter, const struct filter_term *term, const struct table *table,
                         const char *column, struct statement *out) {
    const struct key_column key = dimension_key(term->dimension, table->family);
    const struct filter_value *values = &filter->values[term->first];
    unsigned n = 0;
    for (unsigned i = 0; i < term->n; i++) {
        if (!is_in_family(&values[i], table->family) || memcmp(values[i].low, values[i].high, key.width) != 0) continue;
        if (values[i].exporter) continue;
        if (n++ == 0)
            buffer_printf(&out->sql, "%s IN (?", column);
        else
            buffer_add_text(&out->sql, ", ?");
        statement_bind(out, end_param(term->dimension, table, values[i].low));
    }
    if (n > 0) buffer_add_text(&out->sql, ")");
    for (unsigned i = 0; i < term->n; i++) {
        if (!is_in_family(&values[i], table->family) || memcmp(values[i].low, values[i].high, key.width) == 0) continue;
        buffer_printf(&out->sql, "%s%s BETWEEN ? AND ?", n++ > 0 ? " OR " : "", column);
        statement_bind(out, key_param(&key, values[i].low));
        statement_bind(out, key_param(&key, values[i].high));
    }
    interfaces_write(filter, term, table, column, n, out);
}

static void classes_write(const struct filter *filter, const struct filter_term *term, struct statement *out) {
    for (unsigned i = 0; i < term->n; i++)
        buffer_printf(&out->sql, "%s%s", i ? " OR " : "", ddl_class_conditions[filter->values[term->first + i].low[0]]);
}

/* What a term says of every row of the table at once: 1 all pass, 0 none does, -1 its rows differ. */
static int term_constant(const struct filter *filter, const struct filter_term *term, const struct table *table) {
    const struct dimension *dimension = term->dimension;
    bool any = false;
    for (unsigned i = term->first; i < term->first + term->n; i++)
        any |= dimension->form == DIMENSION_FAMILY ? filter->values[i].low[0] == table->family
                                                   : is_in_family(&filter->values[i], table->family);
    if (dimension->form != DIMENSION_FAMILY && any) return -1;
    return any != term->is_not;
}

/* Whether it makes a difference to the term that 0 may be no address. Else the column itself is compared, which may
 * have an index. */
static bool touches_no_address(const struct filter *filter, const struct filter_term *term, const struct table *table) {
    const struct dimension *dimension = term->dimension;
    bool found = false, has_addresses = schema_is_flows(table) || table->kind == TABLE_NODES;
    if (!has_addresses || !dimension_is_end(dimension, table->family)) return false;
    for (unsigned i = term->first; i < term->first + term->n; i++) {
        const struct filter_value *value = &filter->values[i];
        if (!is_in_family(value, table->family)) continue;
        found |= be32(value->low) == 0 || dimension_is_no_address(dimension, table->family, value->low);
    }
    return found;
}

static void service_write(const struct filter *filter, const struct filter_term *term, const struct table *table,
                          struct statement *out) {
    struct buffer service = BUFFER_INIT;
    buffer_add_text(&service, "(");
    key_write(term->dimension, SIDE_SOURCE, table, &service);
    buffer_add_text(&service, ")");
    values_write(filter, term, table, service.data, out);
    buffer_release(&service);
}

/* What a term says of one end. */
static void condition_write(const struct filter *filter, const struct filter_term *term, unsigned side,
                            const struct table *table, struct statement *out) {
    const struct dimension *dimension = term->dimension;
    switch (dimension->form) {
    case DIMENSION_CLASS: classes_write(filter, term, out); return;
    case DIMENSION_NAME:
        name_condition_write(filter, term, table->family, column_of(dimension, side, table), &out->sql);
        return;
    case DIMENSION_DIRECTION:
        key_write(dimension, side, table, &out->sql);
        for (unsigned i = 0; i < term->n; i++)
            buffer_printf(&out->sql, "%s%u", i ? ", " : " IN (", filter->values[term->first + i].low[0]);
        buffer_add_text(&out->sql, ")");
        return;
    case DIMENSION_SERVICE: service_write(filter, term, table, out); return;
    default: break;
    }
    const char *column = column_of(dimension, side, table);
    struct buffer end = BUFFER_INIT;
    if (touches_no_address(filter, term, table)) end_write(dimension, side, table, &end);
    values_write(filter, term, table, end.len > 0 ? end.data : column, out);
    buffer_release(&end);
}

/* "NOT (column = ? OR ...)": what a term says of a row, at whichever end. */
static void term_write(const struct filter *filter, const struct filter_term *term, const struct table *table,
                       struct statement *out) {
    buffer_add_text(&out->sql, term->is_not ? "NOT (" : "(");
    for (unsigned side = 0; side <= term->dimension->is_either; side++) {
        if (side > 0) buffer_add_text(&out->sql, " OR ");
        condition_write(filter, term, side, table, out);
    }
    buffer_add_text(&out->sql, ")");
}

/* The steps up to `*end`, the last of them first. Returns through it where they begin. */
static void steps_write(const struct filter *filter, unsigned *end, const struct table *table, struct statement *out) {
    const struct filter_step *step = &filter->steps[--*end];
    if (step->act == FILTER_TERM) {
        const struct filter_term *term = &filter->terms[step->term];
        int constant = term_constant(filter, term, table);
        if (constant >= 0)
            buffer_add_text(&out->sql, constant ? "1 = 1" : "1 = 0");
        else
            term_write(filter, term, table, out);
        return;
    }
    buffer_add_text(&out->sql, step->act == FILTER_NOT ? "NOT (" : "(");
    steps_write(filter, end, table, out);
    if (step->act != FILTER_NOT) {
        buffer_add_text(&out->sql, step->act == FILTER_OR ? " OR " : " AND ");
        steps_write(filter, end, table, out);
    }
    buffer_add_text(&out->sql, ")");
}

bool filter_write(const struct filter *filter, const struct table *table, struct statement *out) {
    unsigned end = filter->n_steps;
    if (filter->is_nested) {
        buffer_add_text(&out->sql, " AND ");
        steps_write(filter, &end, table, out);
        return true;
    }
    for (unsigned i = 0; i < filter->n_terms; i++) {
        const struct filter_term *term = &filter->terms[i];
        bool is_family = term->dimension->form == DIMENSION_FAMILY;
        if (!schema_is_flows(table) && !term->dimension->in_index && !is_family) continue;
        int constant = term_constant(filter, term, table);
        if (constant == 0) return false;
        if (constant == 1) continue;
        buffer_add_text(&out->sql, " AND ");
        term_write(filter, term, table, out);
    }
    return true;
}

/* Columns
 * --------------------------------------------------------------------------------------------------------------- */

/* The sums of one value over classes: a table's column for all of them, or the columns of each. */
static void value_write(const struct selection *selection, const struct table *table, unsigned classes, unsigned value,
                        struct buffer *sql) {
    unsigned n_values = selection->schema->layout->n_sums + 1;
    unsigned first = schema_is_flows(table) ? 0 : selection->source.side * (1 + PROTO_CLASSES);
    char name[SCHEMA_NAME_MAX];
    /* MySQL's numbers end at 64 bits but for those of SUM(); SQLite's, too, and our SUM() takes several (sqlite/sum.h).
     */
    const char *next = selection->is_flat ? " + " : selection->dialect == DIALECT_MYSQL ? ") + SUM(" : ", ";
    const char *open = selection->is_flat ? "(" : "SUM(", *separator = open;
    for (unsigned group = 0; group <= PROTO_CLASSES; group++) {
        if (group == 0 ? classes != ALL_CLASSES : classes == ALL_CLASSES || !(classes >> (group - 1) & 1)) continue;
        schema_stored_name(selection->schema, table, (first + group) * n_values + value, name, sizeof name);
        buffer_printf(sql, "%s%s", separator, name);
        separator = next;
    }
    buffer_printf(sql, separator == open ? "%s0)" : ")", open);
}

static unsigned value_count(const struct selection *selection) {
    return (selection->schema->layout->n_sums + 1) * (selection->by_class ? (unsigned)PROTO_CLASSES : 1);
}

static void values_columns(const struct selection *selection, const struct table *table, struct buffer *sql) {
    unsigned n_values = selection->schema->layout->n_sums + 1;
    for (unsigned i = 0; i < value_count(selection); i++) {
        unsigned classes = selection->source.classes;
        if (selection->by_class) classes &= 1u << (i / n_values);
        value_write(selection, table, schema_is_flows(table) ? ALL_CLASSES : classes, i % n_values, sql);
        buffer_printf(sql, " AS v%u, ", i);
    }
}

/* " AND (octets) > ?": of rows as they are. */
static void row_bounds_write(const struct selection *selection, const struct table *table, struct statement *out) {
    const struct filter *filter = selection->filter;
    for (unsigned i = 0; selection->is_bounded && selection->is_flat && i < filter->n_bounds; i++) {
        buffer_add_text(&out->sql, " AND ");
        value_write(selection, table, ALL_CLASSES, filter->bounds[i].metric, &out->sql);
        buffer_printf(&out->sql, " %s ?", bound_signs[filter->bounds[i].sign]);
        statement_bind(out, store_integer(filter->bounds[i].value));
    }
}

/* " HAVING v0 > ?": of sums. `is_begun`: there is a condition already. */
static void sum_bounds_write(const struct selection *selection, bool is_joined, bool is_begun, struct statement *out) {
    const struct filter *filter = selection->filter;
    for (unsigned i = 0; selection->is_bounded && !selection->is_flat && i < filter->n_bounds; i++) {
        buffer_printf(&out->sql, is_joined ? "%sSUM(v%u) %s ?" : "%sv%u %s ?", i > 0 || is_begun ? " AND " : " HAVING ",
                      filter->bounds[i].metric, bound_signs[filter->bounds[i].sign]);
        statement_bind(out, store_integer(filter->bounds[i].value));
    }
}

/* " AND k IN (...)": each key for itself, which is enough where there are several: the reader drops the rest. */
static void only_write(const struct selection *selection, const struct table *table, unsigned side,
                       struct statement *out) {
    for (unsigned k = 0; selection->only && k < selection->n_keys; k++) {
        const struct dimension *key = selection->keys[k];
        const char *separator = " IN (";
        bool has_values = key->form == DIMENSION_PREFIX || key->form == DIMENSION_SERVICE;
        if (dimension_is_derived(key) && !has_values) continue;
        buffer_add_text(&out->sql, " AND ");
        key_write(key, side, table, &out->sql);
        for (unsigned i = 0; i < selection->n_only; i++) {
            if (!(selection->families >> selection->only[i].family & 1)) continue;
            buffer_printf(&out->sql, "%s?", separator);
            struct store_param param = end_param(key, table, selection->only[i].key[k]);
            if (key->form == DIMENSION_PREFIX && table->family == FLOW_IPV6) param.len = key->bits[FLOW_IPV6] / 8;
            statement_bind(out, param);
            separator = ", ";
        }
        buffer_add_text(&out->sql, ")");
    }
}

/* A flow with the same network at both ends counts once for it; with hosts or ports beside it the ends differ. */
static void other_end_write(const struct selection *selection, const struct table *table, struct statement *out) {
    const char *separator = " AND NOT (";
    for (unsigned k = 0; k < selection->n_keys; k++)
        if (selection->keys[k]->is_either && selection->keys[k]->form < DIMENSION_PREFIX) return;
    for (unsigned k = 0; k < selection->n_keys; k++) {
        const struct dimension *key = selection->keys[k];
        if (!key->is_either) continue;
        buffer_printf(&out->sql, "%s(", separator);
        key_write(key, SIDE_SOURCE, table, &out->sql);
        buffer_add_text(&out->sql, ") = (");
        key_write(key, SIDE_DESTINATION, table, &out->sql);
        buffer_add_text(&out->sql, ")");
        separator = " AND ";
    }
    buffer_add_text(&out->sql, ")");
}

/* Statements
 * ------------------------------------------------------------------------------------------------------------ */

/* "s, k0, k1": what rows are told apart by. */
static void group_by(const struct selection *selection, bool is_arm, const char *head, struct buffer *sql) {
    const char *separator = head;
    if (selection->step) {
        buffer_printf(sql, "%ss", separator);
        separator = ", ";
    }
    for (unsigned i = 0; i < selection->n_keys; i++) {
        /* One table's rows are of one family. Spider (store/head.h) can't group by a constant; SQLite before 3.39 has
         * no HAVING without a GROUP BY. */
        bool is_constant = is_arm && selection->keys[i]->form == DIMENSION_FAMILY;
        if (is_constant && selection->dialect == DIALECT_MYSQL) continue;
        buffer_printf(sql, "%sk%u", separator, i);
        separator = ", ";
    }
}

/* Pairs of keys and what is counted, each once; out of at most so many rows. */
static const char *distinct_begin(const struct selection *selection) {
    return selection->rows_max ? "SELECT DISTINCT * FROM (SELECT " : "SELECT DISTINCT ";
}

static void distinct_column(const struct selection *selection, const struct table *table, unsigned side,
                            struct buffer *sql) {
    const struct flow_field *field =
        distinct_field(selection->distinct, selection->schema->layout, selection->keys, selection->n_keys, side);
    buffer_printf(sql, "%s AS d", field->element[table->family]->name);
}

static void distinct_end(const struct selection *selection, struct statement *out) {
    if (selection->rows_max == 0) return;
    buffer_add_text(&out->sql, " LIMIT ?) AS rows_read");
    statement_bind(out, store_integer(selection->rows_max));
}

/* "SELECT k0, COUNT(*) AS v0 FROM (...) AS pairs GROUP BY k0 ORDER BY v0 DESC, k0 LIMIT ?" */
static void distinct_count(const struct selection *selection, struct statement *arms) {
    struct buffer sql = BUFFER_INIT;
    buffer_add_text(&sql, "SELECT ");
    group_by(selection, false, "", &sql);
    buffer_printf(&sql, ", COUNT(*) AS v0 FROM (%s) AS pairs", arms->sql.data);
    group_by(selection, false, " GROUP BY ", &sql);
    buffer_add_text(&sql, " ORDER BY v0 DESC");
    group_by(selection, false, ", ", &sql);
    buffer_add_text(&sql, " LIMIT ?");
    statement_bind(arms, store_integer(selection->limit));
    buffer_release(&arms->sql);
    arms->sql = sql;
}

/* One table's sums over one piece of time. False, and nothing written, where no row of it can pass. */
static bool arm_write(const struct selection *selection, const struct table *table, const struct piece *piece,
                      unsigned side, bool is_next, struct statement *out) {
    struct statement condition = STATEMENT_INIT; /* its own, for its values come behind the columns' */
    bool passes = filter_write(selection->filter, table, &condition);
    if (passes) {
        const char *join = selection->distinct ? " UNION " : " UNION ALL ";
        buffer_printf(&out->sql, "%s%s", is_next ? join : "",
                      selection->distinct ? distinct_begin(selection) : "SELECT ");
        if (selection->step) {
            buffer_printf(&out->sql, "bucket %s ? AS s, ", selection->dialect == DIALECT_MYSQL ? "DIV" : "/");
            statement_bind(out, store_integer(selection->step));
        }
        for (unsigned i = 0; i < selection->n_keys; i++) {
            key_write(selection->keys[i], side, table, &out->sql);
            buffer_printf(&out->sql, " AS k%u, ", i);
        }
        if (selection->distinct) {
            distinct_column(selection, table, side, &out->sql);
        } else {
            values_columns(selection, table, &out->sql);
            buffer_printf(&out->sql, "%s AS c", selection->is_flat ? "1" : "COUNT(*)");
        }
        buffer_printf(&out->sql, " FROM %s WHERE ", table->data);
        bool has_id = table->kind == TABLE_NODES || table->kind == TABLE_PORTS;
        buffer_add_text(&out->sql, has_id && table->family == FLOW_IPV4 ? "id <> -1" : "1 = 1");
        if (piece) {
            buffer_add_text(&out->sql, " AND bucket >= ? AND bucket < ?");
            statement_bind(out, store_integer((int64_t)piece->from));
            statement_bind(out, store_integer((int64_t)piece->to));
        }
        if (condition.sql.len > 0) buffer_add(&out->sql, condition.sql.data, condition.sql.len);
        for (unsigned i = 0; i < condition.n_params; i++)
            statement_bind(out, condition.params[i]);
        only_write(selection, table, side, out);
        if (side > 0 && !selection->distinct) other_end_write(selection, table, out);
        row_bounds_write(selection, table, out);
        if (selection->distinct)
            distinct_end(selection, out);
        else if (!selection->is_flat)
            group_by(selection, true, " GROUP BY ", &out->sql);
    }
    statement_release(&condition);
    return passes;
}

static unsigned table_add(const struct table **tables, unsigned n, const struct table *table) {
    for (unsigned i = 0; i < n; i++)
        if (tables[i] == table) return n;
    if (n < QUERY_TABLES_MAX) tables[n++] = table;
    return n;
}

/* The sums of all pieces' sums. */
static void arms_join(const struct selection *selection, struct statement *arms) {
    struct buffer sql = BUFFER_INIT;
    buffer_add_text(&sql, "SELECT ");
    group_by(selection, false, "", &sql);
    if (selection->step || selection->n_keys > 0) buffer_add_text(&sql, ", ");
    for (unsigned i = 0; i < value_count(selection); i++)
        buffer_printf(&sql, "SUM(v%u) AS v%u, ", i, i);
    buffer_printf(&sql, "SUM(c) FROM (%s) AS pieces", arms->sql.data);
    group_by(selection, false, " GROUP BY ", &sql);
    buffer_release(&arms->sql);
    arms->sql = sql;
}

/* An index table has rows of hosts that only received, or that have nothing of the classes that are wanted. */
static void ranking_write(const struct selection *selection, bool is_joined, struct statement *out) {
    for (unsigned i = 0; i < value_count(selection); i++)
        buffer_printf(&out->sql, is_joined ? "%sSUM(v%u) > 0" : "%sv%u > 0", i ? " OR " : " HAVING (", i);
    buffer_add_text(&out->sql, ")");
    sum_bounds_write(selection, is_joined, true, out);
    if (selection->limit == 0) return;
    buffer_printf(&out->sql, " ORDER BY v%u DESC", selection->value);
    for (unsigned i = 0; i < selection->n_keys; i++)
        buffer_printf(&out->sql, ", k%u", i);
    buffer_add_text(&out->sql, " LIMIT ?");
    statement_bind(out, store_integer(selection->limit));
}

/* How many rows a flow is counted in: one for each of its ends where the key is either's. */
static unsigned end_count(const struct selection *selection, const struct table *table) {
    bool is_either = false;
    for (unsigned i = 0; i < selection->n_keys; i++)
        is_either |= selection->keys[i]->is_either;
    is_either |= selection->distinct == DISTINCT_HOSTS;
    return is_either && schema_is_flows(table) ? SIDES : 1;
}

/* NULL: there is none, or the other family's has both. */
static const struct table *table_of(const struct selection *selection, const struct piece *piece,
                                    enum flow_family family) {
    if (piece && piece->rollup) return schema_rollup_table(selection->schema, piece->rollup - 1, family);
    return schema_table(selection->schema, selection->source.kind, family, piece ? piece->size : 0);
}

unsigned selection_write(const struct selection *selection, struct statement *statement, const struct table **tables) {
    unsigned n_arms = 0, n_tables = 0, n_pieces = selection->plan ? selection->plan->n : 1;
    for (unsigned family = 0; family < FLOW_FAMILIES; family++)
        for (unsigned i = 0; i < n_pieces; i++) {
            const struct piece *piece = selection->plan ? &selection->plan->pieces[i] : NULL;
            const struct table *table = table_of(selection, piece, (enum flow_family)family);
            if (!table || !(selection->families >> family & 1)) continue;
            for (unsigned side = 0; side < end_count(selection, table); side++) {
                if (!arm_write(selection, table, piece, side, n_arms > 0, statement)) continue;
                n_arms++;
                n_tables = table_add(tables, n_tables, table);
            }
        }
    if (selection->distinct) {
        if (n_arms > 0) distinct_count(selection, statement);
        return n_tables;
    }
    if (n_arms > 1) arms_join(selection, statement);
    if (n_arms > 0 && selection->is_ranking)
        ranking_write(selection, n_arms > 1, statement);
    else if (n_arms > 0)
        sum_bounds_write(selection, n_arms > 1, false, statement);
    return n_tables;
}
