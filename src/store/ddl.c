/* The one generator of CREATE statements, for both dialects: every difference between them is a line of a table or a
 * word here. */
#include "store/ddl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/rollup.h"

/* A partition of a day needs one to stand behind; this one is the first day of the epoch, see partition.c. */
static const char first_partition[] = "\nPARTITION BY RANGE (bucket) (PARTITION d19700101 VALUES LESS THAN (86400))";

enum object_kind { OBJECT_TABLE, OBJECT_VIEW, OBJECT_TEXT_VIEW, OBJECT_PLAIN };

struct object {
    enum object_kind kind;
    const struct table *table;       /* of OBJECT_TEXT_VIEW: IPv4's */
    const struct plain_table *plain; /* OBJECT_PLAIN */
};

struct plain_column {
    const char *name, *type[2]; /* by dialect */
    const char *more[2];
};

/* A table that the configuration has no part in, but for the ledger's sums. */
struct plain_table {
    const char *name;
    const struct plain_column *head, *tail; /* the sums stand between the two, where there is a tail */
    unsigned n_head, n_tail;
    const char *key;
    const char *spread; /* the column that a head spreads by, see ddl_create_head() */
};

static const char not_null[] = " NOT NULL";
#define COUNT {"BIGINT UNSIGNED", "INTEGER"}
#define NUMBER {"BIGINT", "INTEGER"}
#define BUCKET {"INT UNSIGNED", "INTEGER"}
#define NOT_NULL {not_null, not_null}
#define NULLABLE {"", ""}

static const char long_text[] = "VARCHAR(2048)";

static const struct plain_column settings_columns[] = {
    {"name", {"VARCHAR(64)", "TEXT"}, NOT_NULL},
    {"value", {long_text, "TEXT"}, NOT_NULL},
};
static const struct plain_column retention_columns[] = {
    {"bucket_size", BUCKET, NOT_NULL},
    {"keep_seconds", COUNT, NOT_NULL},
};
static const struct plain_column retention_log_columns[] = {
    {"run_at", NUMBER, NOT_NULL},
    {"number", BUCKET, NOT_NULL},
    {"what", {"VARCHAR(16)", "TEXT"}, NOT_NULL},
    {"object", {"VARCHAR(64)", "TEXT"}, NOT_NULL},
    {"n_rows", COUNT, NOT_NULL},
    {"bytes", COUNT, NOT_NULL},
    {"error", {"VARCHAR(1024)", "TEXT"}, NULLABLE},
};
static const struct plain_column loss_columns[] = {
    {"bucket", BUCKET, NOT_NULL},
    {"source", {"VARCHAR(64)", "TEXT"}, NOT_NULL},
    {"what", {"VARCHAR(16)", "TEXT"}, NOT_NULL},
    {"lost", COUNT, NOT_NULL},
};
static const struct plain_column queues_columns[] = {
    {"queue", {"VARCHAR(16)", "TEXT"}, NOT_NULL},
    {"place", NUMBER, NOT_NULL},
    {"ring", NUMBER, NOT_NULL},
};
static const struct plain_column places_columns[] = {
    {"slot", BUCKET, NOT_NULL},
    {"ring", NUMBER, NOT_NULL},
    {"queue", {"VARCHAR(16)", "TEXT"}, NOT_NULL},
    {"place", NUMBER, NOT_NULL},
    {"entries", {"BLOB", "BLOB"}, NOT_NULL},
};
static const struct plain_column ledger_head[] = {
    {"consumer", {"VARCHAR(128)", "TEXT"}, NOT_NULL},
    {"generation", NUMBER, NOT_NULL},
    {"committed_at", NUMBER, NOT_NULL},
    {"entries", COUNT, NOT_NULL},
    {"imported", COUNT, NOT_NULL},
    {"too_old", COUNT, NOT_NULL},
    {"rejected", COUNT, NOT_NULL},
};
static const struct plain_column ledger_tail[] = {
    {"flows_millionths", COUNT, NOT_NULL},
    {"flows",
     {"DECIMAL(20,6)", "REAL"},
     {" AS (flows_millionths * 0.000001) VIRTUAL", " AS (flows_millionths / 1000000.0) VIRTUAL"}},
    {"first_bucket", BUCKET, NOT_NULL},
    {"last_bucket", BUCKET, NOT_NULL},
    {"claim", NUMBER, NOT_NULL},
    {"position", NUMBER, NOT_NULL},
    {"adopted", {"TINYINT UNSIGNED", "INTEGER"}, NOT_NULL},
};

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])
static const struct plain_table plain_tables[] = {
    {"flowimport_schema", settings_columns, NULL, LENGTH(settings_columns), 0, "name", "value"},
    {"flowimport_retention", retention_columns, NULL, LENGTH(retention_columns), 0, "bucket_size", "keep_seconds"},
    {"flowimport_retention_log", retention_log_columns, NULL, LENGTH(retention_log_columns), 0, "run_at, number",
     "n_rows"},
    {"import_ledger", ledger_head, ledger_tail, LENGTH(ledger_head), LENGTH(ledger_tail), "consumer, generation",
     "flows_millionths"},
    {"import_queues", queues_columns, NULL, LENGTH(queues_columns), 0, "queue", "ring"},
    {"import_places", places_columns, NULL, LENGTH(places_columns), 0, "slot", "ring"},
    {"loss", loss_columns, NULL, LENGTH(loss_columns), 0, "bucket, source, what", "lost"},
};

/* What the column list of a table is given to. `type` as in CREATE TABLE, `more` what follows it there. */
typedef void column_fn(void *context, const char *name, const char *type, const char *more);

static bool has_text_view(const struct schema *schema, const struct table *table) {
    if (table->family != FLOW_IPV4) return false;
    if (table->kind == TABLE_ROLLUP) return schema->rollups[table->rollup].has_addresses;
    return table->kind == TABLE_NODES || (table->kind == TABLE_FLOWS && schema->layout->has_addresses);
}

static struct object object_at(const struct schema *schema, unsigned n) {
    if (n < LENGTH(plain_tables)) return (struct object){OBJECT_PLAIN, NULL, &plain_tables[n]};
    n -= (unsigned)LENGTH(plain_tables);
    if (n < schema->n_tables) return (struct object){OBJECT_TABLE, &schema->tables[n], NULL};
    n -= schema->n_tables;
    if (n < schema->n_tables) return (struct object){OBJECT_VIEW, &schema->tables[n], NULL};
    n -= schema->n_tables;
    for (unsigned i = 0; i < schema->n_tables; i++)
        if (has_text_view(schema, &schema->tables[i]) && n-- == 0)
            return (struct object){OBJECT_TEXT_VIEW, &schema->tables[i], NULL};
    abort();
}

unsigned ddl_count(const struct schema *schema) {
    unsigned n = (unsigned)LENGTH(plain_tables) + 2 * schema->n_tables;
    for (unsigned i = 0; i < schema->n_tables; i++)
        n += has_text_view(schema, &schema->tables[i]);
    return n;
}

void ddl_name(const struct schema *schema, unsigned object, char *name, size_t size) {
    struct object at = object_at(schema, object);
    switch (at.kind) {
    case OBJECT_PLAIN: snprintf(name, size, "%s", at.plain->name); return;
    case OBJECT_TABLE: snprintf(name, size, "%s", at.table->data); return;
    case OBJECT_VIEW: snprintf(name, size, "%s", at.table->name); return;
    case OBJECT_TEXT_VIEW: snprintf(name, size, "%s_text", at.table->name); return;
    }
}

bool ddl_is_wide(const struct schema *schema, unsigned object) {
    struct object at = object_at(schema, object);
    return (at.kind == OBJECT_TABLE && schema_is_wide(at.table)) || (at.kind == OBJECT_PLAIN && at.plain->tail);
}

bool ddl_is_view(const struct schema *schema, unsigned object) {
    enum object_kind kind = object_at(schema, object).kind;
    return kind == OBJECT_VIEW || kind == OBJECT_TEXT_VIEW;
}

/* The column type of a key. */
static const char *key_type(const struct key_column *key, enum dialect dialect) {
    if (dialect == DIALECT_MYSQL) {
        const struct element of_type = {.type = key->type};
        return element_sql_type(&of_type);
    }
    switch (key->type) {
    case ELEMENT_FLOAT32:
    case ELEMENT_FLOAT64: return "REAL";
    case ELEMENT_OCTET_ARRAY:
    case ELEMENT_STRING:
    case ELEMENT_MAC_ADDRESS:
    case ELEMENT_IPV6_ADDRESS: return "BLOB";
    default: return "INTEGER";
    }
}

static const struct key_column *column_key(const struct table *table, unsigned place) {
    return &table->keys[schema_key_column(table, place)];
}

static const char *sum_type(enum dialect dialect, bool is_wide) {
    static const char *const types[][2] = {
        [DIALECT_MYSQL] = {"BIGINT UNSIGNED", "BIGINT UNSIGNED"},
        [DIALECT_SQLITE] = {"INTEGER", SCHEMA_WIDE_SQLITE},
    };
    return types[dialect][is_wide];
}

static void table_columns(const struct schema *schema, const struct table *table, enum dialect dialect,
                          column_fn *column, void *context) {
    char name[SCHEMA_NAME_MAX];
    for (unsigned i = 0; i < table->n_keys; i++)
        column(context, column_key(table, i)->name, key_type(column_key(table, i), dialect), " NOT NULL");
    for (unsigned i = 0; i < table->n_values; i++) {
        schema_stored_name(schema, table, i, name, sizeof name);
        column(context, name, sum_type(dialect, schema_is_wide(table)), " NOT NULL DEFAULT 0");
    }
}

static void plain_columns(const struct schema *schema, const struct plain_table *table, enum dialect dialect,
                          column_fn *column, void *context) {
    const struct plain_column *at = table->head;
    for (unsigned i = 0; i < table->n_head; i++, at++)
        column(context, at->name, at->type[dialect], at->more[dialect]);
    if (!table->tail) return;
    for (unsigned i = 0; i < schema->layout->n_sums; i++)
        column(context, schema->layout->sums[i]->name, sum_type(dialect, true), not_null);
    at = table->tail;
    for (unsigned i = 0; i < table->n_tail; i++, at++)
        column(context, at->name, at->type[dialect], at->more[dialect]);
}

/* The expressions of a view
 * -------------------------------------------------------------------------------------------- */

/* `number`: an expression of millionths. */
static void flows_expression(struct buffer *out, enum dialect dialect, const struct table *table, const char *number) {
    if (dialect == DIALECT_MYSQL)
        buffer_printf(out, "CAST(%s * 0.000001 AS DECIMAL(%d,6))", number, schema_is_wide(table) ? 36 : 20);
    else
        buffer_printf(out, "%s / 1000000.0", number);
}

/* As proto_class() has it. A product, not a CASE: it keeps the column's type. */
const char *const ddl_class_conditions[PROTO_CLASSES] = {
    [PROTO_TCP] = "protocolIdentifier = 6",
    [PROTO_UDP] = "protocolIdentifier = 17",
    [PROTO_ICMP] = "protocolIdentifier IN (1, 58)",
    [PROTO_OTHER] = "protocolIdentifier NOT IN (6, 17, 1, 58)",
};

bool ddl_has_protocol(const struct table *table) {
    for (unsigned i = 0; i < table->n_keys; i++)
        if (strcmp(table->keys[i].name, "protocolIdentifier") == 0) return true;
    return false;
}

/* The value columns of a view, each as ",\n  expression AS name"; or, with only_names, as "name\n". */
static void view_values(const struct schema *schema, const struct table *table, enum dialect dialect, bool only_names,
                        struct buffer *out) {
    unsigned n = schema->layout->n_sums + 1,
             n_computed = schema_is_flows(table) && ddl_has_protocol(table) ? PROTO_CLASSES * n : 0;
    for (unsigned i = 0; i < table->n_values + n_computed; i++) {
        char name[SCHEMA_NAME_MAX], stored[SCHEMA_NAME_MAX], product[2 * SCHEMA_NAME_MAX];
        unsigned group = i / n;
        bool computed = i >= table->n_values;
        schema_value_name(schema, table, i, name, sizeof name);
        schema_stored_name(schema, table, computed ? i % n : i, stored, sizeof stored);
        bool flows = strcmp(computed ? name + strlen(proto_class_names[group - 1]) + 1 : name, stored) != 0;
        if (only_names) {
            if (flows && !computed && dialect == DIALECT_SQLITE) buffer_printf(out, "%s\n", stored);
            buffer_printf(out, "%s\n", name);
            continue;
        }
        if (computed)
            snprintf(product, sizeof product, "%s * (%s)", stored, ddl_class_conditions[group - 1]);
        else
            snprintf(product, sizeof product, "%s", stored);
        /* SQLite has no decimals: who wants exact counts there reads the millionths. */
        if (flows && !computed && dialect == DIALECT_SQLITE) buffer_printf(out, ",\n  %s", stored);
        buffer_add_text(out, ",\n  ");
        if (flows)
            flows_expression(out, dialect, table, product);
        else
            buffer_add_text(out, product);
        if (flows || computed) buffer_printf(out, " AS %s", name);
    }
}

static void view_open(struct buffer *out, enum dialect dialect, const char *name, const char *suffix) {
    /* INVOKER: who may not read the table may not read it through the view. */
    if (dialect == DIALECT_MYSQL)
        buffer_printf(out, "CREATE OR REPLACE SQL SECURITY INVOKER VIEW %s%s AS\n", name, suffix);
    else
        buffer_printf(out, "CREATE VIEW IF NOT EXISTS %s%s AS\n", name, suffix);
}

static void view_create(const struct schema *schema, const struct table *table, enum dialect dialect,
                        struct buffer *out) {
    view_open(out, dialect, table->name, "");
    buffer_add_text(out, "SELECT");
    for (unsigned i = 0; i < table->n_keys; i++)
        buffer_printf(out, "%s %s", i ? "," : "", column_key(table, i)->name);
    view_values(schema, table, dialect, false, out);
    buffer_printf(out, "\nFROM %s", table->data);
}

/* "sourceAddress" of "sourceIPv4Address", "address" of a node's id; else the key's own name. */
static void text_name(const struct table *table, const struct key_column *key, char *name, size_t size) {
    if (table->kind == TABLE_NODES && strcmp(key->name, "id") == 0)
        snprintf(name, size, "address");
    else if (strcmp(key->name, "sourceIPv4Address") == 0)
        snprintf(name, size, "sourceAddress");
    else if (strcmp(key->name, "destinationIPv4Address") == 0)
        snprintf(name, size, "destinationAddress");
    else
        snprintf(name, size, "%s", key->name);
}

/* The address as text; SQLite has no function for either: four parts by arithmetic, eight groups out of hex(). */
static void address_text(struct buffer *out, enum dialect dialect, enum flow_family family, const char *name) {
    if (dialect == DIALECT_MYSQL) {
        buffer_printf(out, family == FLOW_IPV4 ? "INET_NTOA(%s)" : "INET6_NTOA(%s)", name);
    } else if (family == FLOW_IPV4) {
        buffer_printf(out, "(%s >> 24) || '.' || (%s >> 16 & 255) || '.' || (%s >> 8 & 255) || '.' || (%s & 255)", name,
                      name, name, name);
    } else {
        buffer_add_text(out, "lower(");
        for (unsigned i = 0; i < 8; i++)
            buffer_printf(out, "%ssubstr(hex(%s), %u, 4)", i ? " || ':' || " : "", name, 4 * i + 1);
        buffer_add_text(out, ")");
    }
}

static void text_view_create(const struct schema *schema, const struct table *ipv4, enum dialect dialect,
                             struct buffer *out) {
    view_open(out, dialect, ipv4->name, "_text");
    for (unsigned family = 0; family < FLOW_FAMILIES; family++) {
        const struct table *table = ipv4->kind == TABLE_ROLLUP
                                        ? schema_rollup_table(schema, ipv4->rollup, (enum flow_family)family)
                                        : schema_table(schema, ipv4->kind, (enum flow_family)family, ipv4->bucket_size);
        buffer_add_text(out, family ? "\nUNION ALL SELECT" : "SELECT");
        for (unsigned i = 0; i < table->n_keys; i++) {
            char name[SCHEMA_NAME_MAX];
            const char *key = column_key(table, i)->name;
            text_name(ipv4, column_key(ipv4, i), name, sizeof name);
            buffer_add_text(out, i ? ", " : " ");
            if (strcmp(name, column_key(ipv4, i)->name) == 0) {
                buffer_add_text(out, key);
                continue;
            }
            bool total = ipv4->kind == TABLE_NODES && family == FLOW_IPV4;
            if (total) buffer_add_text(out, "CASE id WHEN -1 THEN 'total' WHEN -2 THEN 'no address' ELSE ");
            address_text(out, dialect, (enum flow_family)family, key);
            buffer_printf(out, "%s AS %s", total ? " END" : "", name);
        }
        view_values(schema, table, dialect, false, out);
        buffer_printf(out, "\nFROM %s", table->data);
    }
}

/* CREATE TABLE -------------------------------------------------------------------------------------------------------
 */

static void column_define(void *context, const char *name, const char *type, const char *more) {
    buffer_printf(context, "  %s %s%s,\n", name, type, more);
}

static void table_open(struct buffer *out, const char *name) {
    buffer_printf(out, "CREATE TABLE IF NOT EXISTS %s (\n", name);
}

static void table_close(struct buffer *out, enum dialect dialect, const char *options) {
    /* STRICT: without, a sum beyond 63 bits would silently become a real number. */
    buffer_printf(out, "\n)%s%s", dialect == DIALECT_MYSQL ? " ENGINE=InnoDB" : " STRICT, WITHOUT ROWID",
                  dialect == DIALECT_MYSQL ? options : "");
}

/* The rows of a time stand side by side, for that is how they are written, read and dropped. One node's or port's over
 * time are found by an index of their own. */
static const char id_key[] = ",\n  KEY id (id, bucket)";
static bool has_id_key(const struct table *table) {
    return table->bucket_size && (table->kind == TABLE_NODES || table->kind == TABLE_PORTS);
}

static void key_write(const struct table *table, const char *words, struct buffer *out) {
    buffer_printf(out, "  %s (", words);
    for (unsigned i = 0; i < table->n_keys; i++)
        buffer_printf(out, "%s%s", i ? ", " : "", table->keys[i].name);
    buffer_add_text(out, ")");
}

static void data_create(const struct schema *schema, const struct table *table, enum dialect dialect,
                        struct buffer *out) {
    table_open(out, table->data);
    table_columns(schema, table, dialect, column_define, out);
    key_write(table, "PRIMARY KEY", out);
    if (has_id_key(table) && dialect == DIALECT_MYSQL) buffer_add_text(out, id_key);
    table_close(out, dialect, table->bucket_size ? first_partition : "");
    if (has_id_key(table) && dialect == DIALECT_SQLITE)
        buffer_printf(out, ";\nCREATE INDEX IF NOT EXISTS %s_id ON %s (id, bucket)", table->name, table->data);
}

/* Names of ours are compared byte by byte. */
static const char text_options[] = " DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin";

void ddl_create(const struct schema *schema, unsigned object, enum dialect dialect, struct buffer *out) {
    struct object at = object_at(schema, object);
    switch (at.kind) {
    case OBJECT_TABLE: data_create(schema, at.table, dialect, out); return;
    case OBJECT_VIEW: view_create(schema, at.table, dialect, out); return;
    case OBJECT_TEXT_VIEW: text_view_create(schema, at.table, dialect, out); return;
    case OBJECT_PLAIN:
        table_open(out, at.plain->name);
        plain_columns(schema, at.plain, dialect, column_define, out);
        buffer_printf(out, "  PRIMARY KEY (%s)", at.plain->key);
        table_close(out, dialect, text_options);
        return;
    }
}

/* A head's tables
 * ------------------------------------------------------------------------------------------------------- */

/* What is computed in a store is read from there. A column to spread by may have 3072 bytes; settings are ASCII. */
static void head_column_define(void *context, const char *name, const char *type, const char *more) {
    bool is_computed = strncmp(more, " AS ", 4) == 0;
    column_define(context, name, type == long_text ? "VARCHAR(2048) CHARACTER SET ascii" : type,
                  is_computed ? "" : more);
}

/* A store's sums become wide when they must; the head's, and the counts beside them, are from the beginning. */
static void head_wide_define(void *context, const char *name, const char *type, const char *more) {
    bool is_sum = strcmp(type, sum_type(DIALECT_MYSQL, true)) == 0;
    head_column_define(context, name, is_sum ? SCHEMA_WIDE_MYSQL : type, more);
}

static void head_partitions(const char *name, const char *spread, const char *server, unsigned n, struct buffer *out) {
    buffer_printf(out, "\n) ENGINE=SPIDER%s COMMENT='wrapper \"mysql\", table \"%s\"'\nPARTITION BY KEY (%s) (",
                  text_options, name, spread);
    for (unsigned i = 1; i <= n; i++)
        buffer_printf(out, "%s\n  PARTITION store_%u COMMENT='srv \"%s_%u\"'", i > 1 ? "," : "", i, server, i);
    buffer_add_text(out, ")");
}

void ddl_create_head(const struct schema *schema, unsigned object, const char *server, unsigned n, struct buffer *out) {
    struct object at = object_at(schema, object);
    const struct table *table = at.table;
    column_fn *define = ddl_is_wide(schema, object) ? head_wide_define : head_column_define;
    char name[SCHEMA_NAME_MAX];
    ddl_name(schema, object, name, sizeof name);
    buffer_printf(out, "CREATE TABLE %s (\n", name);
    if (at.kind == OBJECT_PLAIN) {
        plain_columns(schema, at.plain, DIALECT_MYSQL, define, out);
        buffer_printf(out, "  KEY (%s)", at.plain->key);
        head_partitions(name, at.plain->spread, server, n, out);
        return;
    }
    table_columns(schema, table, DIALECT_MYSQL, define, out);
    key_write(table, "KEY", out);
    if (has_id_key(table)) buffer_add_text(out, id_key);
    head_partitions(name, "flows_millionths", server, n, out);
}

static void column_line(void *context, const char *name, const char *type, const char *more) {
    struct buffer *out = context;
    (void)more;
    if (strcmp(type, SCHEMA_WIDE_SQLITE) == 0) type = sum_type(DIALECT_SQLITE, false);
    buffer_printf(out, "%s ", name);
    for (; *type; type++)
        buffer_printf(out, "%c", *type >= 'A' && *type <= 'Z' ? *type + 32 : *type);
    buffer_add_text(out, "\n");
}

void ddl_columns(const struct schema *schema, unsigned object, enum dialect dialect, struct buffer *out) {
    struct object at = object_at(schema, object);
    char name[SCHEMA_NAME_MAX];
    switch (at.kind) {
    case OBJECT_TABLE: table_columns(schema, at.table, dialect, column_line, out); return;
    case OBJECT_PLAIN: plain_columns(schema, at.plain, dialect, column_line, out); return;
    case OBJECT_VIEW:
    case OBJECT_TEXT_VIEW:
        for (unsigned i = 0; i < at.table->n_keys; i++) {
            snprintf(name, sizeof name, "%s", column_key(at.table, i)->name);
            if (at.kind == OBJECT_TEXT_VIEW) text_name(at.table, column_key(at.table, i), name, sizeof name);
            buffer_printf(out, "%s\n", name);
        }
        view_values(schema, at.table, dialect, true, out);
        return;
    }
}

/* flowimport_schema
 * ---------------------------------------------------------------------------------------------------- */

void ddl_keys(const struct flow_layout *layout, struct buffer *out) {
    for (unsigned i = 0; i < layout->n_keys; i++)
        buffer_printf(out, "%s%s", i ? ", " : "", layout->fields[layout->keys[i]].element[FLOW_IPV4]->name);
}

void ddl_sums(const struct flow_layout *layout, struct buffer *out) {
    for (unsigned i = 0; i < layout->n_sums; i++)
        buffer_printf(out, "%s%s", i ? ", " : "", layout->sums[i]->name);
}

char *ddl_setting(const struct schema *schema, unsigned row, const char **name) {
    struct buffer text = BUFFER_INIT;
    switch (row) {
    case 0: /* before the version: a database with a version and without this has all tables */
        *name = "leave_out";
        buffer_add_text(&text, schema_leave_names[schema->leave_out]);
        return text.data;
    case 1: /* the same */
        *name = "rollups";
        rollups_show(schema, &text);
        return text.data;
    case 2:
        *name = "version";
        buffer_printf(&text, "%d",
                      schema->n_rollups   ? SCHEMA_VERSION_ROLLUPS
                      : schema->leave_out ? SCHEMA_VERSION_LEFT_OUT
                                          : SCHEMA_VERSION);
        return text.data;
    case 3:
        *name = "aggr_values";
        ddl_keys(schema->layout, &text);
        return text.data;
    case 4:
        *name = "aggr_sums";
        ddl_sums(schema->layout, &text);
        return text.data;
    default: return NULL;
    }
}

void schema_print(const struct schema *schema, enum dialect dialect, struct buffer *out) {
    const char *name;
    char *value;
    for (unsigned i = 0; i < ddl_count(schema); i++) {
        ddl_create(schema, i, dialect, out);
        buffer_add_text(out, ";\n");
    }
    for (unsigned row = 0; (value = ddl_setting(schema, row, &name)); row++) {
        buffer_printf(out, "INSERT %s INTO flowimport_schema (name, value) VALUES ('%s', '%s');\n",
                      dialect == DIALECT_MYSQL ? "IGNORE" : "OR IGNORE", name, value);
        free(value);
    }
}
