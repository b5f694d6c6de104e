/* SQLite's tables of before are rewritten as STRICT ones: renamed, made anew, their rows copied, and dropped, all in
 * one transaction. */
#include "store/strict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/sum.h"
#include "store/ddl.h"
#include "store/object.h"

static int number_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    (void)n, (void)lengths;
    *(uint64_t *)context = columns[0] ? strtoull(columns[0], NULL, 10) : 0;
    return 1;
}

static int text_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    char **text = context;
    (void)n, (void)lengths;
    if (columns[0]) *text = mem_strdup(columns[0]);
    return 1;
}

static enum store_status strict_lacks(struct store *store, unsigned object, const char *table, bool *lacks,
                                      struct error *error) {
    const struct store_param name = store_text(table);
    uint64_t n = 0;
    enum store_status status = STORE_OK;
    if (store->ops->dialect == DIALECT_SQLITE)
        status = store->ops->query(store,
                                   "SELECT COUNT(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' "
                                   "AND strict = 0 AND name = ?",
                                   &name, 1, number_read, &n, error);
    *lacks = n > 0;
    if (status != STORE_OK || *lacks || !ddl_is_wide(store->schema, object)) return status;
    status = store->ops->query(store, "SELECT COUNT(*) FROM pragma_table_info(?) WHERE type = '" SCHEMA_WIDE_SQLITE "'",
                               &name, 1, number_read, &n, error);
    *lacks = n == 0;
    return status;
}

static enum store_status run(struct store *store, const char *sql, struct error *error) {
    return store->ops->query(store, sql, NULL, 0, NULL, NULL, error);
}

/* What a query for a name answers; *text is to be freed by the caller, NULL where it is nothing. */
static enum store_status text_find(struct store *store, const char *sql, const char *name, char **text,
                                   struct error *error) {
    const struct store_param param = store_text(name);
    return store->ops->query(store, sql, &param, 1, text_read, text, error);
}

/* Drops the table's indexes, whose names would be in the new ones' way. Of each its name and its statement go to
 * `indexes`, with a NUL behind either. */
static enum store_status indexes_drop(struct store *store, const char *table, struct buffer *indexes,
                                      struct error *error) {
    struct buffer drop = BUFFER_INIT;
    enum store_status status = STORE_OK;
    for (bool more = true; more && status == STORE_OK;) {
        char *name = NULL, *sql = NULL;
        status = text_find(store,
                           "SELECT name FROM sqlite_master WHERE type = 'index' AND sql <> '' AND tbl_name = ? LIMIT 1",
                           table, &name, error);
        if (status == STORE_OK && name)
            status =
                text_find(store, "SELECT sql FROM sqlite_master WHERE type = 'index' AND name = ?", name, &sql, error);
        more = name && sql;
        if (status == STORE_OK && more) {
            buffer_add(indexes, name, strlen(name) + 1);
            buffer_add(indexes, sql, strlen(sql) + 1);
            buffer_clear(&drop);
            buffer_printf(&drop, "DROP INDEX [%s]", name);
            status = run(store, drop.data, error);
        }
        free(name);
        free(sql);
    }
    buffer_release(&drop);
    return status;
}

/* Makes those anew that did not come with the new table: somebody else's. */
static enum store_status indexes_make(struct store *store, const struct buffer *indexes, struct error *error) {
    enum store_status status = STORE_OK;
    for (size_t at = 0; at < indexes->len && status == STORE_OK;) {
        const char *name = indexes->data + at, *sql = name + strlen(name) + 1;
        char *known = NULL;
        status =
            text_find(store, "SELECT name FROM sqlite_master WHERE type = 'index' AND name = ?", name, &known, error);
        if (status == STORE_OK && !known) status = run(store, sql, error);
        free(known);
        at += strlen(name) + strlen(sql) + 2;
    }
    return status;
}

static enum store_status rows_move(struct store *store, unsigned object, const char *name, struct error *error) {
    struct buffer sql = BUFFER_INIT, indexes = BUFFER_INIT;
    char *columns = NULL, *values = NULL;
    /* Those that hold something: generated ones are not in this list. */
    enum store_status status =
        text_find(store, "SELECT group_concat(name, ', ') FROM pragma_table_info(?)", name, &columns, error);
    if (status == STORE_OK)
        status = text_find(store,
                           "SELECT group_concat(CASE WHEN type IN ('INTEGER', '" SCHEMA_WIDE_SQLITE
                           "') AND pk = 0 THEN 'CASE typeof(' || name || "
                           "') WHEN ''real'' THEN min(' || name || ', " SUM_MOST_TEXT ") ELSE ' || name || ' END' "
                           "ELSE name END, ', ') FROM pragma_table_info(?)",
                           name, &values, error);
    if (status == STORE_OK) status = indexes_drop(store, name, &indexes, error);
    buffer_printf(&sql, "ALTER TABLE %s RENAME TO %s_before", name, name);
    if (status == STORE_OK) status = run(store, sql.data, error);
    if (status == STORE_OK) status = object_create(store, object, error);
    buffer_clear(&sql);
    buffer_printf(&sql, "INSERT INTO %s (%s) SELECT %s FROM %s_before", name, columns ? columns : "",
                  values ? values : "", name);
    if (status == STORE_OK) status = run(store, sql.data, error);
    buffer_clear(&sql);
    buffer_printf(&sql, "DROP TABLE %s_before", name);
    if (status == STORE_OK) status = run(store, sql.data, error);
    if (status == STORE_OK) status = indexes_make(store, &indexes, error);
    buffer_release(&sql);
    buffer_release(&indexes);
    free(columns);
    free(values);
    return status;
}

static enum store_status table_rewrite(struct store *store, unsigned object, const char *name, struct error *error) {
    bool lacks;
    enum store_status status = run(store, "BEGIN IMMEDIATE", error);
    if (status == STORE_OK) status = strict_lacks(store, object, name, &lacks, error); /* no other has been faster */
    if (status == STORE_OK && lacks) status = rows_move(store, object, name, error);
    if (status == STORE_OK) fault_point("mid-strict");
    if (status == STORE_OK) status = run(store, "COMMIT", error);
    if (status != STORE_OK) store->ops->rollback(store);
    return status;
}

static void failure_log(const struct store *store, const char *name, enum store_status status,
                        const struct error *error) {
    log_warning("store", "%s: %s can't be rewritten%s: %s; the next start tries again", store->name, name,
                status == STORE_REFUSED ? " and is unchanged" : " now", error->text);
}

void strict_run(struct store *store) {
    struct error error = {""};
    char name[SCHEMA_NAME_MAX];
    unsigned n = ddl_count(store->schema), n_lacking = 0;
    bool *lacks = mem_zalloc(n, sizeof *lacks);
    for (unsigned i = 0; i < n; i++) {
        ddl_name(store->schema, i, name, sizeof name);
        if (strict_lacks(store, i, name, &lacks[i], &error) != STORE_OK) lacks[i] = false;
        n_lacking += lacks[i];
    }
    if (n_lacking > 0)
        log_notice("store",
                   "%s: rewriting %u table%s of an older version, so that no sum runs out or turns into a real number; "
                   "this takes some seconds per million rows",
                   store->name, n_lacking, n_lacking == 1 ? "" : "s");
    /* Views name the tables: they must neither follow the one that is renamed nor be looked at while it is away. */
    if (n_lacking > 0 && run(store, "PRAGMA legacy_alter_table = ON", &error) != STORE_OK) n_lacking = 0;
    for (unsigned i = 0; i < n && n_lacking > 0; i++) {
        if (!lacks[i]) continue;
        ddl_name(store->schema, i, name, sizeof name);
        enum store_status status = table_rewrite(store, i, name, &error);
        if (status != STORE_OK) failure_log(store, name, status, &error);
    }
    if (n_lacking > 0 && run(store, "PRAGMA legacy_alter_table = OFF", &error) != STORE_OK)
        log_warning("store", "%s: %s", store->name, error.text);
    free(lacks);
}
