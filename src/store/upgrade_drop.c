/* A roll-up's views, table and setting, dropped. */
#include "store/upgrade_drop.h"

#include <stdio.h>

#include "base/log.h"
#include "store/settings.h"

enum store_status upgrade_drop(struct store *store, const char *name, struct error *error) {
    static const char *const drops[] = {"DROP VIEW IF EXISTS %s_text", "DROP VIEW IF EXISTS %s",
                                        "DROP TABLE IF EXISTS %s_data"};
    enum store_status status = STORE_OK;
    char sql[2 * SCHEMA_NAME_MAX];
    for (unsigned i = 0; i < sizeof drops / sizeof drops[0] && status == STORE_OK; i++) {
        snprintf(sql, sizeof sql, drops[i], name);
        status = store->ops->query(store, sql, NULL, 0, NULL, NULL, error);
    }
    snprintf(sql, sizeof sql, "%s_from", name);
    return status == STORE_OK ? settings_put(store, sql, NULL, error) : status;
}
