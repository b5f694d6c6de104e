/* A column of wide sums is BIGINT UNSIGNED until it holds too little: as DECIMAL from the first row on, each update of
 * a table for all time would take half as long again. */
#include "store/mysql/widen.h"

#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "store/ddl.h"
#include "store/mysql/connection.h"
#include "store/object.h"

bool mysql_is_outgrown(const struct mysql_store *store) {
    static const unsigned codes[] = {
        1264, /* out of range for the column */
        1690, /* the sum is out of BIGINT UNSIGNED's range */
    };
    for (size_t i = 0; store->mysql && i < sizeof codes / sizeof codes[0]; i++)
        if (mysql_errno(store->mysql) == codes[i]) return true;
    return false;
}

static bool is_view_of(const struct table *table, const char *name) {
    size_t len = strlen(table->name);
    return strncmp(name, table->name, len) == 0 && (!name[len] || strcmp(name + len, "_text") == 0);
}

/* A view of an older version shows counts of flows up to 10^14. The sums get their room even where it can't be
 * replaced. */
static enum store_status views_make(struct mysql_store *store, const struct table *table, struct error *error) {
    const struct schema *schema = store->base.schema;
    enum store_status status = STORE_OK;
    char name[SCHEMA_NAME_MAX];
    for (unsigned i = 0; i < ddl_count(schema) && status == STORE_OK; i++) {
        ddl_name(schema, i, name, sizeof name);
        if (ddl_is_view(schema, i) && is_view_of(table, name)) status = object_create(&store->base, i, error);
    }
    if (status == STORE_OK || !store->is_denied) return status;
    log_warning("store", "%s: %s; if the view is of an older version, it shows at most 10^14 flows until then",
                store->base.name, error->text);
    return mysql_ensure(store, error);
}

static void columns_write(const struct schema *schema, const struct table *table, struct buffer *sql) {
    unsigned n = table ? table->n_values : schema->layout->n_sums;
    char name[SCHEMA_NAME_MAX];
    for (unsigned i = 0; i < n; i++) {
        if (table)
            schema_stored_name(schema, table, i, name, sizeof name);
        else
            snprintf(name, sizeof name, "%s", schema->layout->sums[i]->name);
        buffer_printf(sql, "%s MODIFY %s " SCHEMA_WIDE_MYSQL " NOT NULL%s", i ? "," : "", name,
                      table ? " DEFAULT 0" : "");
    }
}

enum store_status mysql_widen(struct mysql_store *store, const struct table *table, struct error *error) {
    const char *name = table ? table->data : "import_ledger";
    struct buffer sql = BUFFER_INIT;
    enum store_status status = table ? views_make(store, table, error) : STORE_OK;
    fault_point("mid-widen");
    log_notice("store",
               "%s: a sum in %s has outgrown 64 bits: its columns become " SCHEMA_WIDE_MYSQL
               "; this takes some seconds per million rows",
               store->base.name, name);
    buffer_printf(&sql, "ALTER TABLE %s", name);
    columns_write(store->base.schema, table, &sql);
    if (status == STORE_OK) status = mysql_run(store, sql.data, sql.len, name, error);
    buffer_release(&sql);
    return status;
}
