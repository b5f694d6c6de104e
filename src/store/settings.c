/* Reading and writing flowimport_schema. */
#include "store/settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/store_ops.h"

static const char value_sql[] = "SELECT value FROM flowimport_schema WHERE name = ?";

static int value_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    char **value = context;
    (void)n, (void)lengths;
    free(*value);
    *value = columns[0] ? mem_strdup(columns[0]) : NULL;
    return 1;
}

enum store_status settings_find(struct store *store, const char *name, char **value, struct error *error) {
    struct store_param param = store_text(name);
    *value = NULL;
    return store->ops->query(store, value_sql, &param, 1, value_read, value, error);
}

enum store_status settings_hold(struct store *store, const char *name, char **value, struct error *error) {
    struct store_param param = store_text(name);
    static const char *const sql[] = {
        [DIALECT_MYSQL] = "SELECT value FROM flowimport_schema WHERE name = ? LOCK IN SHARE MODE",
        [DIALECT_SQLITE] = value_sql,
    };
    *value = NULL;
    return store->ops->query(store, sql[store->ops->dialect], &param, 1, value_read, value, error);
}

static int largest_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    int64_t *largest = context, value = columns[0] ? strtoll(columns[0], NULL, 10) : -1;
    (void)n, (void)lengths;
    if (value > *largest) *largest = value;
    return 0;
}

enum store_status settings_number(struct store *store, const char *name, int64_t *value, struct error *error) {
    struct store_param param = store_text(name);
    *value = -1;
    return store->ops->query(store, value_sql, &param, 1, largest_read, value, error);
}

enum store_status settings_add(struct store *store, const char *name, const char *value, struct error *error) {
    struct store_param params[] = {store_text(name), store_text(value)};
    enum store_status status = store->ops->query(store, "INSERT INTO flowimport_schema (name, value) VALUES (?, ?)",
                                                 params, 2, NULL, NULL, error);
    return status == STORE_TAKEN ? STORE_OK : status; /* the first to write has written the same */
}

enum store_status settings_put(struct store *store, const char *name, const char *value, struct error *error) {
    struct store_param params[] = {store_text(value ? value : ""), store_text(name)};
    if (!value)
        return store->ops->query(store, "DELETE FROM flowimport_schema WHERE name = ?", &params[1], 1, NULL, NULL,
                                 error);
    enum store_status status = settings_add(store, name, value, error);
    if (status != STORE_OK) return status;
    return store->ops->query(store, "UPDATE flowimport_schema SET value = ? WHERE name = ?", params, 2, NULL, NULL,
                             error);
}

enum store_status settings_size(struct store *store, uint32_t size, uint32_t *from, uint32_t *kept,
                                struct error *error) {
    char name[SCHEMA_NAME_MAX];
    int64_t added = -1, expired = -1;
    snprintf(name, sizeof name, "size_%" PRIu32 "_from", size);
    enum store_status status = settings_number(store, name, &added, error);
    snprintf(name, sizeof name, "size_%" PRIu32 "_expired", size);
    if (status == STORE_OK) status = settings_number(store, name, &expired, error);
    *kept = expired > 0 ? (uint32_t)expired : 0;
    *from = added > expired ? (uint32_t)added : *kept;
    return status;
}

void settings_rollup_name(const struct table *table, char *name, size_t size) {
    snprintf(name, size, "%s_from", table->name);
}

enum store_status settings_rollup(struct store *store, const struct table *table, uint32_t *from, uint32_t *kept,
                                  struct error *error) {
    char name[SCHEMA_NAME_MAX];
    int64_t filled = -1, expired = -1;
    settings_rollup_name(table, name, sizeof name);
    enum store_status status = settings_number(store, name, &filled, error);
    snprintf(name, sizeof name, "size_%" PRIu32 "_expired", table->bucket_size);
    if (status == STORE_OK) status = settings_number(store, name, &expired, error);
    *kept = expired > 0 ? (uint32_t)expired : 0;
    *from = filled > expired ? (uint32_t)filled : *kept;
    return status;
}
