/* Reading what flow-inspector's preprocess.py (schema of 2013, MySQL) has stored. */
#include "files/migration.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "flow/coerce.h"
#include "files/source_table.h"
#include "store/ddl.h"

static uint64_t round_down(uint64_t time, uint32_t size) { return time - time % size; }
static uint64_t round_up(uint64_t time, uint32_t size) { return round_down(time + size - 1, size); }

/* The old tables
 * ------------------------------------------------------------------------------------------------------- */

enum { COLUMNS_MAX = 128 }; /* of an old table */

/* The columns of one old table, while the list of all is read. */
struct columns {
    struct migration *migration;
    const struct flow_layout *layout;
    struct error *error;
    bool differs;
    char table[SCHEMA_NAME_MAX];
    unsigned n;
    char names[COLUMNS_MAX][SCHEMA_NAME_MAX];
};

static bool columns_have(const struct columns *columns, const char *prefix, const char *name) {
    char wanted[2 * SCHEMA_NAME_MAX];
    snprintf(wanted, sizeof wanted, "%s%s", prefix, name);
    for (unsigned i = 0; i < columns->n; i++)
        if (strcmp(columns->names[i], wanted) == 0) return true;
    return false;
}

/* A sum is what is kept by protocol, too; a key is what is left. */
static bool is_sum(const struct columns *columns, const char *name) {
    return strcmp(name, "flows") != 0 && columns_have(columns, "tcp_", name);
}

static bool is_key(const struct columns *columns, const char *name) {
    for (unsigned i = 0; i < PROTO_CLASSES; i++) {
        size_t len = strlen(proto_class_names[i]);
        if (strncmp(name, proto_class_names[i], len) == 0 && name[len] == '_') return false;
    }
    return strcmp(name, "bucket") != 0 && strcmp(name, "flows") != 0 && !is_sum(columns, name);
}

static const char *configured_name(const struct flow_layout *layout, bool sums, unsigned i) {
    if (i == (sums ? layout->n_sums : layout->n_keys)) return NULL;
    return sums ? layout->sums[i]->name : layout->fields[layout->keys[i]].element[FLOW_IPV4]->name;
}

static bool is_configured(const struct flow_layout *layout, bool sums, const char *wanted) {
    const char *name;
    for (unsigned i = 0; (name = configured_name(layout, sums, i)); i++)
        if (strcmp(name, wanted) == 0) return true;
    return false;
}

/* Refuses a table whose keys, or sums, are not the configured ones, in whatever order. */
static void names_compare(struct columns *columns, bool sums) {
    struct buffer found = BUFFER_INIT, configured = BUFFER_INIT;
    bool differs = false;
    const char *name;
    for (unsigned i = 0; i < columns->n; i++) {
        if (!(sums ? is_sum : is_key)(columns, columns->names[i])) continue;
        differs |= !is_configured(columns->layout, sums, columns->names[i]);
        buffer_printf(&found, "%s%s", found.len > 0 ? ", " : "", columns->names[i]);
    }
    for (unsigned i = 0; (name = configured_name(columns->layout, sums, i)); i++)
        differs |= !columns_have(columns, "", name);
    if (differs && !columns->differs) {
        columns->differs = true;
        (sums ? ddl_sums : ddl_keys)(columns->layout, &configured);
        error_set(columns->error, "%s has the %s %s, but %s = %s is configured; configure those of the old tables",
                  columns->table, sums ? "sums" : "flow keys", found.len > 0 ? found.data : "(none)",
                  sums ? "aggr_sums" : "aggr_values", configured.data);
    }
    buffer_release(&found);
    buffer_release(&configured);
}

/* All columns of a table are known. */
static void table_end(struct columns *columns) {
    struct migration *migration = columns->migration;
    unsigned at = migration->n;
    uint32_t size = (uint32_t)strtoul(columns->table + strlen("flows_"), NULL, 10);
    if (columns->n == 0 || migration->n == MIGRATION_TABLES_MAX || size == 0 || size > DAY_SECONDS) return;
    names_compare(columns, false);
    names_compare(columns, true);
    for (; at > 0 && migration->tables[at - 1].size > size; at--)
        migration->tables[at] = migration->tables[at - 1];
    migration->tables[at] = (struct migration_table){.size = size, .first = 1};
    migration->n++;
}

static int column_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct columns *all = context;
    (void)n, (void)lengths;
    if (strcmp(all->table, columns[0]) != 0) {
        table_end(all);
        snprintf(all->table, sizeof all->table, "%s", columns[0]);
        all->n = 0;
    }
    if (all->n < COLUMNS_MAX) snprintf(all->names[all->n++], SCHEMA_NAME_MAX, "%s", columns[1]);
    return 0;
}

static int range_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct migration_table *table = context;
    (void)n, (void)lengths;
    if (!columns[0] || !columns[1]) return 0;
    table->first = (uint32_t)strtoul(columns[0], NULL, 10);
    table->last = (uint32_t)strtoul(columns[1], NULL, 10);
    return 0;
}

enum store_status migration_find(struct migration *migration, struct store *source, const struct flow_layout *layout,
                                 struct error *error) {
    /* Tables alone: flowimport's own flows_600 is a view. */
    static const char columns_sql[] =
        "SELECT c.table_name, c.column_name FROM information_schema.columns c "
        "JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name "
        "WHERE c.table_schema = DATABASE() AND t.table_type = 'BASE TABLE' AND c.table_name REGEXP '^flows_[0-9]+$' "
        "ORDER BY c.table_name, c.ordinal_position";
    struct error different = {""};
    struct columns columns = {.migration = migration, .layout = layout, .error = &different};
    *migration = (struct migration){.n = 0};
    enum store_status status = source_identity(source, "", migration->identity, error);
    if (status == STORE_OK) status = store_query(source, columns_sql, NULL, 0, column_read, &columns, error);
    if (status != STORE_OK) return status;
    table_end(&columns);
    if (columns.differs || migration->n == 0) {
        error_set(error, "%s: %s", store_name(source),
                  columns.differs ? different.text : "no flow-inspector table to migrate, such as flows_600");
        return STORE_REFUSED;
    }
    for (unsigned i = 0; i < migration->n && status == STORE_OK; i++) {
        char sql[128];
        snprintf(sql, sizeof sql, "SELECT MIN(bucket), MAX(bucket) FROM flows_%" PRIu32, migration->tables[i].size);
        status = store_query(source, sql, NULL, 0, range_read, &migration->tables[i], error);
    }
    return status;
}

/* The plan
 * ------------------------------------------------------------------------------------------------------------- */

static void targets_find(struct migration_table *table, const struct schema *schema) {
    table->n_targets = 0;
    table->why[0] = '\0';
    for (unsigned i = 0; i < schema->n_sizes; i++)
        if (schema->sizes[i] % table->size == 0) table->targets[table->n_targets++] = schema->sizes[i];
    if (table->n_targets == 0) snprintf(table->why, sizeof table->why, "no configured bucket size is a multiple of it");
}

bool migration_plan(struct migration *migration, const struct schema *schema) {
    struct migration_table *finer = NULL;
    for (unsigned i = 0; i < migration->n; i++) {
        struct migration_table *table = &migration->tables[i];
        targets_find(table, schema);
        if (table->why[0]) continue;
        if (table->first > table->last) {
            snprintf(table->why, sizeof table->why, "it has no rows");
        } else if (finer && table->size % finer->size) {
            snprintf(table->why, sizeof table->why, "it is not a multiple of %" PRIu32 ", the size that is read",
                     finer->size);
        } else if (finer && table->first >= round_down(finer->from, table->size)) {
            snprintf(table->why, sizeof table->why, "flows_%" PRIu32 " reaches as far back", finer->size);
        } else {
            /* The row of the old bucket in which the finer rows begin has what was before them: it is the one taken. */
            if (finer) finer->from = (uint32_t)round_up(finer->from, table->size);
            table->from = table->first;
            table->to = finer ? finer->from : UINT64_C(1) << 32;
            finer = table;
        }
    }
    return finer != NULL;
}

void migration_plan_print(const struct migration *migration, struct buffer *out) {
    const char *separator = "";
    for (unsigned i = 0; i < migration->n; i++) {
        const struct migration_table *table = &migration->tables[i];
        if (table->why[0]) continue;
        buffer_printf(out, "%s%" PRIu32 "=%" PRIu32, separator, table->size, table->from);
        separator = ",";
    }
}

bool migration_plan_parse(struct migration *migration, const struct schema *schema, const char *text) {
    uint64_t to = UINT64_C(1) << 32;
    bool any = false;
    for (unsigned i = 0; i < migration->n; i++)
        snprintf(migration->tables[i].why, sizeof migration->tables[i].why, "it was not read when the move began");
    while (*text) {
        char *end;
        uint32_t size = (uint32_t)strtoul(text, &end, 10);
        if (*end != '=') return false;
        uint32_t from = (uint32_t)strtoul(end + 1, &end, 10);
        for (unsigned i = 0; i < migration->n; i++) {
            struct migration_table *table = &migration->tables[i];
            if (table->size != size) continue;
            targets_find(table, schema);
            table->from = from;
            table->to = to;
            any |= !table->why[0];
        }
        to = from;
        text = end + (*end == ',');
    }
    return any;
}

uint32_t migration_size_from(const struct migration *migration, uint32_t size) {
    uint64_t all = UINT64_MAX, own = UINT64_MAX, end = 0;
    for (unsigned i = 0; i < migration->n; i++) {
        const struct migration_table *table = &migration->tables[i];
        if (table->why[0]) continue;
        uint64_t behind = (uint64_t)table->last + table->size;
        if (table->first <= table->last && behind > end) end = behind;
        if (table->from < all) all = table->from;
        for (unsigned target = 0; target < table->n_targets; target++)
            if (table->targets[target] == size && table->from < own) own = table->from;
    }
    if (own == all) return 0;
    return (uint32_t)round_up(own == UINT64_MAX ? end : own, DAY_SECONDS);
}

/* Rows
 * ----------------------------------------------------------------------------------------------------------------- */

void migration_query(const struct migration_table *table, const struct flow_layout *layout, struct buffer *sql) {
    struct buffer keys = BUFFER_INIT;
    ddl_keys(layout, &keys);
    buffer_printf(sql, "SELECT %s, ", keys.data);
    ddl_sums(layout, sql);
    buffer_printf(sql, ", flows FROM flows_%" PRIu32 " WHERE bucket = ? ORDER BY %s", table->size, keys.data);
    buffer_release(&keys);
}

static int refuse(struct reject *reject, int reason, const char *field, const struct value *value) {
    reject->reason = (enum reject_reason)reason;
    snprintf(reject->field, sizeof reject->field, "%s", field);
    if (value)
        coerce_show(value, reject->value, sizeof reject->value);
    else
        snprintf(reject->value, sizeof reject->value, "NULL");
    return -1;
}

int migration_row(const struct migration_table *table, const struct flow_layout *layout, uint32_t bucket,
                  const char *const *columns, const size_t *lengths, struct flow_record *record, uint64_t *flows,
                  struct reject *reject) {
    struct value value = {.kind = VALUE_INTEGER, .integer = bucket};
    int verdict;
    *record = (struct flow_record){.start = bucket, .end = bucket, .family = FLOW_IPV4};
    if (bucket % table->size) return refuse(reject, REJECT_OUT_OF_RANGE, "bucket", &value);
    value.kind = VALUE_TEXT;
    for (unsigned i = 0; i < layout->n_keys; i++, columns++, lengths++) {
        const struct flow_field *field = &layout->fields[layout->keys[i]];
        const struct element *element = field->element[FLOW_IPV4];
        if (!*columns) return refuse(reject, REJECT_MISSING_FIELD, element->name, NULL);
        value.text = *columns;
        value.len = (uint32_t)*lengths;
        verdict = coerce_key(&value, element, record->key + field->offset[FLOW_IPV4]);
        if (verdict != COERCE_OK) return refuse(reject, verdict, element->name, &value);
    }
    /* Sums without a value count as 0: the columns have that default, and nothing but it. */
    for (unsigned i = 0; i < layout->n_sums; i++, columns++, lengths++) {
        value.text = *columns;
        value.len = (uint32_t)*lengths;
        verdict = *columns ? coerce_sum(&value, layout->sums[i], &record->sums[i]) : COERCE_OK;
        if (verdict != COERCE_OK) return refuse(reject, verdict, layout->sums[i]->name, &value);
    }
    *flows = 0;
    value.text = *columns;
    value.len = (uint32_t)*lengths;
    /* So many that their millionths don't end the 63 bits of a sum. */
    verdict = *columns ? coerce_unsigned(&value, UINT32_MAX, flows) : COERCE_OK;
    return verdict == COERCE_OK ? 0 : refuse(reject, verdict, "flows", &value);
}
