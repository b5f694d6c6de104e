/* Opening a database: what is missing is made, what is there is compared with the schema, what differs is refused by
 * name. */
#include "store/setup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/ddl.h"
#include "store/object.h"
#include "store/rollup.h"
#include "store/settings.h"
#include "store/strict.h"
#include "store/upgrade_drop.h"
#include "store/views.h"

struct found { /* a table or view of the database */
    char name[SCHEMA_NAME_MAX];
    bool is_view;
    bool is_head;          /* a table that reads other servers' */
    struct buffer columns; /* as ddl_columns() has them */
};

struct catalog {
    unsigned n;
    struct found *found;
    const struct schema *schema;
};

static void catalog_release(struct catalog *catalog) {
    for (unsigned i = 0; i < catalog->n; i++)
        buffer_release(&catalog->found[i].columns);
    free(catalog->found);
    catalog->found = NULL;
    catalog->n = 0;
}

static struct found *catalog_find(const struct catalog *catalog, const char *name) {
    for (unsigned i = 0; i < catalog->n; i++)
        if (strcmp(catalog->found[i].name, name) == 0) return &catalog->found[i];
    return NULL;
}

static bool name_is_ours(const struct schema *schema, const char *wanted) {
    char name[SCHEMA_NAME_MAX];
    for (unsigned i = 0; i < ddl_count(schema); i++) {
        ddl_name(schema, i, name, sizeof name);
        if (strcmp(name, wanted) == 0) return true;
    }
    return false;
}

/* "int(10) unsigned" becomes "int unsigned": the width of an integer is for display, and MySQL 8 has none. A wide sum's
 * column is as good in its narrow type, which it had in an older version or still has. */
static void type_add(struct buffer *out, const char *type) {
    if (strcasecmp(type, SCHEMA_WIDE_MYSQL) == 0) type = "bigint unsigned";
    if (strcmp(type, SCHEMA_WIDE_SQLITE) == 0) type = "integer";
    const char *width = strstr(type, "int(");
    if (!width) {
        for (; *type; type++)
            buffer_printf(out, "%c", *type >= 'A' && *type <= 'Z' ? *type + 32 : *type);
        return;
    }
    buffer_add(out, type, (size_t)(width + 3 - type));
    buffer_add_text(out, width + strcspn(width, ")") + 1);
}

/* name, is it a view, column, type, engine: in the order of the tables' columns */
static int catalog_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct catalog *catalog = context;
    (void)n, (void)lengths;
    if (!columns[0] || !columns[2] || strlen(columns[0]) >= SCHEMA_NAME_MAX ||
        !name_is_ours(catalog->schema, columns[0]))
        return 0;
    struct found *found = catalog->n > 0 ? &catalog->found[catalog->n - 1] : NULL;
    if (!found || strcmp(found->name, columns[0]) != 0) {
        catalog->found = mem_realloc(catalog->found, catalog->n + 1, sizeof catalog->found[0]);
        found = &catalog->found[catalog->n++];
        *found = (struct found){.is_view = strcmp(columns[1], "1") == 0,
                                .is_head = columns[4] && strcasecmp(columns[4], "SPIDER") == 0};
        snprintf(found->name, sizeof found->name, "%s", columns[0]);
    }
    buffer_add_text(&found->columns, columns[2]);
    if (!found->is_view) {
        buffer_add_text(&found->columns, " ");
        type_add(&found->columns, columns[3] ? columns[3] : "");
    }
    buffer_add_text(&found->columns, "\n");
    return 0;
}

static const char *const catalog_sql[] = {
    [DIALECT_MYSQL] = "SELECT t.table_name, t.table_type LIKE '%VIEW', c.column_name, c.column_type, "
                      "t.engine "
                      "FROM information_schema.tables t JOIN information_schema.columns c "
                      "ON c.table_schema = t.table_schema AND c.table_name = t.table_name "
                      "WHERE t.table_schema = DATABASE() ORDER BY t.table_name, c.ordinal_position",
    [DIALECT_SQLITE] =
        "SELECT m.name, m.type = 'view', c.name, c.type, NULL FROM sqlite_master m, pragma_table_xinfo(m.name) c "
        "WHERE m.type IN ('table', 'view') ORDER BY m.name, c.cid",
};

static enum store_status catalog_fill(struct store *store, struct catalog *catalog, struct error *error) {
    catalog_release(catalog);
    catalog->schema = store->schema;
    return store->ops->query(store, catalog_sql[store->ops->dialect], NULL, 0, catalog_read, catalog, error);
}

/* A head (store/head.h) is recognized by the engine of its tables: no setting for it can be forgotten. */
static enum store_status head_check(struct store *store, const struct catalog *catalog, struct error *error) {
    for (unsigned i = 0; i < catalog->n; i++)
        store->is_head |= catalog->found[i].is_head;
    if (!store->is_head || store->read_only) return STORE_OK;
    error_set(error, "the database is a reading head: its tables (engine Spider) show those of other servers, and "
                     "nothing is written through it; name one of those servers, or another database");
    return STORE_REFUSED;
}

/* Whether a line of `line_len` bytes is one of the lines of `text`. */
static bool has_line(const struct buffer *text, const char *line, size_t line_len) {
    for (const char *at = text->data; at && *at; at += strcspn(at, "\n") + 1)
        if (strcspn(at, "\n") == line_len && memcmp(at, line, line_len) == 0) return true;
    return false;
}

/* "; TITLE: a, b" of the lines of `lines` that `other` has not. */
static void lines_missing(const struct buffer *lines, const struct buffer *other, const char *title,
                          struct buffer *out) {
    const char *separator = NULL;
    for (const char *at = lines->data; at && *at; at += strcspn(at, "\n") + 1) {
        size_t len = strcspn(at, "\n");
        if (has_line(other, at, len)) continue;
        if (!separator) buffer_printf(out, "; %s: ", title);
        buffer_printf(out, "%s%.*s", separator ? separator : "", (int)len, at);
        separator = ", ";
    }
}

static enum store_status object_check(const struct store *store, unsigned object, const struct found *found,
                                      struct error *error) {
    struct buffer expected = BUFFER_INIT, differences = BUFFER_INIT;
    enum store_status status = STORE_OK;
    bool is_view = ddl_is_view(store->schema, object);
    ddl_columns(store->schema, object, store->ops->dialect, &expected);
    if (found->is_view != is_view) {
        /* The types of a view's columns are not compared, so leave them out here too. */
        error_set(error, "%s is a %s, not flowimport's %s of that name; use another database, or rename it",
                  found->name, found->is_view ? "view" : "table", is_view ? "view" : "table");
        struct buffer names = BUFFER_INIT;
        for (const char *at = found->columns.data; at && *at; at += strcspn(at, "\n") + 1)
            buffer_printf(&names, "%.*s\n", (int)strcspn(at, " \n"), at);
        if (is_view) lines_missing(&expected, &names, "missing columns", &differences);
        if (is_view) lines_missing(&names, &expected, "additional columns", &differences);
        buffer_release(&names);
        status = STORE_REFUSED;
    } else if (strcmp(expected.data, found->columns.data ? found->columns.data : "") != 0) {
        error_set(error, "%s does not match this program and configuration", found->name);
        lines_missing(&expected, &found->columns, "missing columns", &differences);
        lines_missing(&found->columns, &expected, "additional columns", &differences);
        if (differences.len == 0) buffer_add_text(&differences, "; its columns are in another order");
        status = STORE_REFUSED;
    }
    if (status != STORE_OK && differences.len > 0) {
        struct error reason = *error;
        error_set(error, "%s%s", reason.text, differences.data);
    }
    buffer_release(&expected);
    buffer_release(&differences);
    return status;
}

/* What flowimport_schema says of a setting: tables of a version that left none out, or had no roll-ups, don't say so.
 */
static enum store_status setting_read(struct store *store, const char *name, char **value, struct error *error) {
    char *version = NULL;
    enum store_status status = settings_find(store, name, value, error);
    bool is_later = strcmp(name, "leave_out") == 0 || strcmp(name, "rollups") == 0;
    if (status != STORE_OK || *value || !is_later) return status;
    status = settings_find(store, "version", &version, error);
    if (version) *value = mem_strdup(strcmp(name, "rollups") == 0 ? ROLLUPS_NONE : schema_leave_names[0]);
    free(version);
    return status;
}

/* Development versions gave a store without some of the tables the first version, too. */
static bool setting_is_same(const struct schema *schema, const char *name, const char *value, const char *wanted) {
    bool is_first = strcmp(name, "version") == 0 && strtol(value, NULL, 10) == SCHEMA_VERSION;
    return strcmp(value, wanted) == 0 || (is_first && schema->leave_out);
}

static void setting_refuse(const char *name, const char *value, const char *wanted, struct error *error) {
    if (strcmp(name, "version") == 0)
        error_set(error, "the tables have schema version %s; this program knows version %s", value, wanted);
    else if (strcmp(name, "rollups") == 0)
        error_set(error,
                  "the tables were created with rollups = %s, but rollups = %s is configured; set it back, or run "
                  "flowimport schema upgrade",
                  value, wanted);
    else
        error_set(error,
                  "the tables were created with %s = %s, but %s = %s is configured; set it back, or use "
                  "another database",
                  name, value, name, wanted);
}

/* What an upgrade replaces: a version that this program knows. */
static bool setting_is_changed(const struct store *store, const char *name, const char *value) {
    if (!store->is_upgrade) return false;
    long version = strtol(value, NULL, 10);
    return strcmp(name, "rollups") == 0 ||
           (strcmp(name, "version") == 0 && version >= SCHEMA_VERSION && version <= SCHEMA_VERSION_ROLLUPS);
}

/* Compares flowimport_schema with the configuration; with `add`, says there what it doesn't say yet. */
static enum store_status settings_check(struct store *store, bool add, struct error *error) {
    enum store_status status = STORE_OK;
    const char *name;
    char *wanted, *value;
    for (unsigned row = 0; status == STORE_OK && (wanted = ddl_setting(store->schema, row, &name)); row++) {
        status = setting_read(store, name, &value, error);
        if (status == STORE_OK && !value && add) {
            status = settings_add(store, name, wanted, error);
            if (status == STORE_OK) status = settings_find(store, name, &value, error);
        }
        bool is_same = !value || setting_is_same(store->schema, name, value, wanted);
        if (status == STORE_OK && !is_same && setting_is_changed(store, name, value)) {
            if (add) status = settings_put(store, name, wanted, error);
        } else if (status == STORE_OK && !is_same) {
            setting_refuse(name, value, wanted, error);
            status = STORE_REFUSED;
        }
        free(value);
        free(wanted);
    }
    return status;
}

static int number_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    int64_t *number = context;
    (void)n, (void)lengths;
    *number = columns[0] ? strtoll(columns[0], NULL, 10) : -1;
    return 1;
}

/* -1: nothing was ever imported. */
static enum store_status last_bucket(struct store *store, int64_t *last, struct error *error) {
    return store->ops->query(store, "SELECT MAX(last_bucket) FROM import_ledger WHERE imported > 0", NULL, 0,
                             number_read, last, error);
}

/* A size that is added to tables that have rows: its first whole bucket is behind all that was imported before. As
 * buckets are a day long at most, those from the next day on are whole. */
static enum store_status size_added(struct store *store, uint32_t size, struct error *error) {
    int64_t last = -1;
    char name[SCHEMA_NAME_MAX], value[32];
    enum store_status status = last_bucket(store, &last, error);
    if (status != STORE_OK || last < 0) return status;
    snprintf(name, sizeof name, "size_%" PRIu32 "_from", size);
    snprintf(value, sizeof value, "%" PRId64, (last / DAY_SECONDS + 1) * DAY_SECONDS);
    log_notice("store", "%s: buckets of %" PRIu32 " s are new; they are complete from %s onwards", store->name, size,
               value);
    return settings_add(store, name, value, error);
}

/* A roll-up that is new to tables that have rows, or that somebody has dropped, is whole from no bucket on until it is
 * filled. Said before it is made. */
static enum store_status rollups_added(struct store *store, const struct catalog *catalog, struct error *error) {
    const struct schema *schema = store->schema;
    int64_t last = -1;
    enum store_status status = STORE_OK;
    if (!catalog_find(catalog, "import_ledger")) return STORE_OK;
    for (unsigned i = 0; i < schema->n_rollups && status == STORE_OK; i++) {
        const struct table *table = schema_rollup_table(schema, i, FLOW_IPV4);
        char name[SCHEMA_NAME_MAX], never[16];
        if (catalog_find(catalog, table->data)) continue;
        if (last < 0) status = last_bucket(store, &last, error);
        if (status != STORE_OK || (last < 0 && !store->is_upgrade)) return status;
        settings_rollup_name(table, name, sizeof name);
        snprintf(never, sizeof never, "%" PRIu32, UPGRADE_NEVER);
        status = settings_put(store, name, never, error);
    }
    return status;
}

static enum store_status objects_create(struct store *store, const struct catalog *catalog, struct error *error) {
    const struct schema *schema = store->schema;
    enum store_status status = rollups_added(store, catalog, error);
    char name[SCHEMA_NAME_MAX];
    for (unsigned i = 0; i < ddl_count(schema) && status == STORE_OK; i++) {
        ddl_name(schema, i, name, sizeof name);
        if (catalog_find(catalog, name)) continue;
        if (store->ops->setup) status = store->ops->setup(store, SETUP_HOLD, error);
        if (status == STORE_OK) status = object_create(store, i, error);
    }
    if (status == STORE_OK) status = settings_check(store, true, error);
    for (unsigned i = 0; i < schema->n_sizes && status == STORE_OK; i++)
        if (!catalog_find(catalog, schema_table(schema, TABLE_AGGR, FLOW_IPV4, schema->sizes[i])->data))
            status = size_added(store, schema->sizes[i], error);
    return status;
}

/* Checks what is there; *missing: the first object that isn't, or "". */
static enum store_status objects_check(struct store *store, const struct catalog *catalog, char *missing, size_t size,
                                       struct error *error) {
    enum store_status status = STORE_OK;
    char name[SCHEMA_NAME_MAX];
    missing[0] = '\0';
    if (catalog_find(catalog, "flowimport_schema")) status = settings_check(store, false, error);
    for (unsigned i = 0; i < ddl_count(store->schema) && status == STORE_OK; i++) {
        ddl_name(store->schema, i, name, sizeof name);
        const struct found *found = catalog_find(catalog, name);
        if (found)
            status = object_check(store, i, found, error);
        else if (!missing[0])
            snprintf(missing, size, "%s", name);
    }
    return status;
}

/* Tables that a broken upgrade to other roll-ups has left of one that the store is about to have: with rows of a while.
 */
static enum store_status leftovers_drop(struct store *store, const struct catalog *catalog, struct error *error) {
    struct schema before;
    struct error ignored;
    char *text = NULL;
    if (!catalog_find(catalog, "flowimport_schema")) return STORE_OK;
    enum store_status status = settings_find(store, "rollups", &text, error);
    schema_init(&before, store->schema->layout, store->schema->sizes, store->schema->n_sizes);
    if (text) (void)!rollups_add(&before, text, &ignored); /* of other bucket sizes: none is kept */
    free(text);
    for (unsigned i = 0; i < store->schema->n_tables && status == STORE_OK; i++) {
        const struct table *table = &store->schema->tables[i];
        bool is_kept = table->kind != TABLE_ROLLUP || !catalog_find(catalog, table->data);
        for (unsigned j = 0; j < before.n_tables; j++)
            is_kept |= strcmp(before.tables[j].data, table->data) == 0;
        if (!is_kept) status = upgrade_drop(store, table->name, error);
    }
    return status;
}

/* Where statements that make tables are part of a transaction (SQLite) all are made in one. Elsewhere it is one
 * program's turn. */
static enum store_status turn_begin(struct store *store, struct error *error) {
    if (store->ops->setup) return store->ops->setup(store, SETUP_TAKE, error);
    return store->ops->query(store, "BEGIN IMMEDIATE", NULL, 0, NULL, NULL, error);
}

/* Returns `status`, or what went wrong at the end. */
static enum store_status turn_end(struct store *store, enum store_status status, struct error *error) {
    struct error ignored;
    enum store_status ended = STORE_OK;
    if (store->ops->setup)
        ended = store->ops->setup(store, SETUP_RELEASE, status == STORE_OK ? error : &ignored);
    else if (status == STORE_OK)
        ended = store->ops->query(store, "COMMIT", NULL, 0, NULL, NULL, error);
    return status == STORE_OK ? ended : status;
}

enum store_status setup_run(struct store *store, struct error *error) {
    struct catalog catalog = {0};
    char missing[SCHEMA_NAME_MAX] = "";
    enum store_status status = catalog_fill(store, &catalog, error);
    if (status == STORE_OK) status = head_check(store, &catalog, error);
    if (status == STORE_OK) status = objects_check(store, &catalog, missing, sizeof missing, error);
    if (status == STORE_OK && missing[0] && store->read_only) {
        error_set(error,
                  store->is_head ? "%s not found; create the head again (flowimport schema print head)"
                                 : "%s not found; the importer creates it with its first write",
                  missing);
        status = STORE_REFUSED;
    } else if (status == STORE_OK && (missing[0] || store->is_upgrade)) {
        status = turn_begin(store, error);
        if (status == STORE_OK) {
            if (store->is_upgrade) status = leftovers_drop(store, &catalog, error);
            if (status == STORE_OK) status = catalog_fill(store, &catalog, error);
            if (status == STORE_OK) status = objects_check(store, &catalog, missing, sizeof missing, error);
            if (status == STORE_OK) status = objects_create(store, &catalog, error);
            status = turn_end(store, status, error);
        }
        if (status != STORE_OK) store->ops->rollback(store);
    }
    catalog_release(&catalog);
    if (status == STORE_OK && store->ops->dialect == DIALECT_SQLITE && !store->read_only) strict_run(store);
    if (status == STORE_OK && !store->read_only) views_run(store);
    return status;
}
