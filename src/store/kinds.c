/* The kinds of stores: which one a URL names, and opening it. Of this room, this file alone knows them. */
#include <stdlib.h>
#include <string.h>

#include "store/mysql/mysql.h"
#include "store/setup.h"
#include "store/sqlite/memory.h"
#include "store/sqlite/sqlite.h"

static const struct {
    const char *scheme;
    const struct store_ops *ops;
} kinds[] = {
    {"mysql", &store_mysql_ops},
    {"mariadb", &store_mysql_ops},
    {"sqlite", &store_sqlite_ops},
    {"memory", &store_memory_ops},
};

static const struct store_ops *ops_find(const char *scheme) {
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].scheme, scheme) == 0) return kinds[i].ops;
    return NULL;
}

/* The kind; NULL with the error set. */
static const struct store_ops *url_check(const struct store_config *config, const struct url *url,
                                         struct error *error) {
    const struct store_ops *ops = ops_find(url->scheme);
    if (ops) return ops->check(config, url, error) == 0 ? ops : NULL;
    error_set(error, "unknown scheme '%s'; expected mysql, mariadb, sqlite or memory", url->scheme);
    return NULL;
}

int store_url_check(const struct store_config *config, struct error *error) {
    struct url url;
    if (url_parse(&url, config->url, error) != 0) return -1;
    bool is_good = url_check(config, &url, error) != NULL;
    url_release(&url);
    return is_good ? 0 : -1;
}

enum store_status store_open(struct store **store, const struct store_config *config, const struct schema *schema,
                             struct error *error) {
    struct url url;
    struct store *opened = NULL;
    struct error reason = {""};
    if (url_parse(&url, config->url, error) != 0) return STORE_REFUSED;
    const struct store_ops *ops = url_check(config, &url, &reason);
    enum store_status status = ops ? ops->open(&opened, config, &url, schema, &reason) : STORE_REFUSED;
    url_release(&url);
    if (status != STORE_OK) {
        char *name = url_display(config->url);
        error_set(error, "%s: %s", name, reason.text);
        free(name);
        return status;
    }
    opened->ops = ops;
    opened->schema = schema;
    opened->name = url_display(config->url);
    opened->ending = config->ending;
    opened->read_only = config->read_only;
    opened->is_upgrade = config->upgrade;
    if (!config->foreign) status = setup_run(opened, &reason);
    if (status != STORE_OK) {
        error_set(error, "%s: %s", opened->name, reason.text);
        store_close(opened);
        return status;
    }
    *store = opened;
    return STORE_OK;
}
