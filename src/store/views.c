/* Views of addresses as text that an older version created, replaced. */
#include "store/views.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "store/ddl.h"
#include "store/object.h"

/* Without the right to see a view's definition, MySQL answers with an empty one. */
static const char *const stale_sql[] = {
    [DIALECT_MYSQL] = "SELECT COUNT(*) FROM information_schema.views WHERE table_schema = DATABASE() AND table_name = "
                      "? AND view_definition LIKE '%''total''%' AND view_definition NOT LIKE '%no address%'",
    [DIALECT_SQLITE] = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'view' AND name = ? AND sql LIKE '%''total''%' "
                       "AND sql NOT LIKE '%no address%'",
};

static int number_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    (void)n, (void)lengths;
    *(uint64_t *)context = columns[0] ? strtoull(columns[0], NULL, 10) : 0;
    return 1;
}

static enum store_status is_stale(struct store *store, const char *name, bool *stale, struct error *error) {
    const struct store_param param = store_text(name);
    uint64_t n = 0;
    enum store_status status =
        store->ops->query(store, stale_sql[store->ops->dialect], &param, 1, number_read, &n, error);
    *stale = n > 0;
    return status;
}

/* MySQL's statement replaces the view. */
static enum store_status view_replace(struct store *store, unsigned object, const char *name, struct error *error) {
    char drop[SCHEMA_NAME_MAX + 32];
    if (store->ops->dialect == DIALECT_MYSQL) return object_create(store, object, error);
    snprintf(drop, sizeof drop, "DROP VIEW IF EXISTS %s", name);
    enum store_status status = store->ops->query(store, "BEGIN IMMEDIATE", NULL, 0, NULL, NULL, error);
    if (status != STORE_OK) return status;
    status = store->ops->query(store, drop, NULL, 0, NULL, NULL, error);
    if (status == STORE_OK) status = object_create(store, object, error);
    if (status == STORE_OK) status = store->ops->query(store, "COMMIT", NULL, 0, NULL, NULL, error);
    if (status != STORE_OK) store->ops->rollback(store);
    return status;
}

void views_run(struct store *store) {
    for (unsigned i = 0; i < ddl_count(store->schema); i++) {
        char name[SCHEMA_NAME_MAX];
        struct error error = {""};
        bool stale = false;
        if (!ddl_is_view(store->schema, i)) continue;
        ddl_name(store->schema, i, name, sizeof name);
        enum store_status status = is_stale(store, name, &stale, &error);
        if (status == STORE_OK && stale) status = view_replace(store, i, name, &error);
        if (status != STORE_OK)
            log_warning("store", "%s: view %s of an older version can't be replaced: %s", store->name, name,
                        error.text);
    }
}
