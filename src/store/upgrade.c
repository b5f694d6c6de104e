/* Roll-ups of a store that has others: filled day by day, each in a transaction that replaces what is there. */
#include "store/upgrade.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/rollup.h"
#include "store/settings.h"
#include "store/store_ops.h"
#include "store/upgrade_drop.h"

enum { TRIES = 20 }; /* of a day, while importers write to it */

struct upgrade {
    struct store *store;
    const struct schema *schema;
    int64_t now;
    upgrade_fn *each;
    void *context;
    struct upgrade_result *result;
    struct error *error;
};

static enum store_status run(const struct upgrade *upgrade, const char *sql) {
    return upgrade->store->ops->query(upgrade->store, sql, NULL, 0, NULL, NULL, upgrade->error);
}

static int number_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    (void)n, (void)lengths;
    if (columns[0]) *(uint64_t *)context = strtoull(columns[0], NULL, 10);
    return 1;
}

static enum store_status number_ask(const struct upgrade *upgrade, const char *sql, uint64_t *number) {
    return upgrade->store->ops->query(upgrade->store, sql, NULL, 0, number_read, number, upgrade->error);
}

/* What there is to fill
 * --------------------------------------------------------------------------------------------------------- */

struct fill {
    unsigned rollup;
    char setting[SCHEMA_NAME_MAX];
    uint32_t base;       /* whose flows are read */
    uint32_t whole;      /* they are from this bucket on */
    uint32_t first, end; /* days that have some */
};

/* The flows that reach back furthest, the largest buckets of them. */
static enum store_status base_find(const struct upgrade *upgrade, struct fill *fill) {
    const struct schema *schema = upgrade->schema;
    uint32_t size = schema->rollups[fill->rollup].size;
    enum store_status status = STORE_OK;
    fill->base = 0;
    for (unsigned i = 0; i < schema->n_sizes && status == STORE_OK; i++) {
        uint32_t from, kept;
        if (size % schema->sizes[i]) continue;
        status = settings_size(upgrade->store, schema->sizes[i], &from, &kept, upgrade->error);
        if (fill->base && from > fill->whole) continue;
        fill->base = schema->sizes[i];
        fill->whole = from;
    }
    fill->whole += (DAY_SECONDS - fill->whole % DAY_SECONDS) % DAY_SECONDS;
    return status;
}

static enum store_status days_find(const struct upgrade *upgrade, struct fill *fill, uint32_t from) {
    uint64_t last = 0, first = UINT32_MAX;
    enum store_status status =
        number_ask(upgrade, "SELECT MAX(last_bucket) FROM import_ledger WHERE imported > 0", &last);
    for (unsigned family = 0; family < FLOW_FAMILIES && status == STORE_OK; family++) {
        const struct table *flows = schema_table(upgrade->schema, TABLE_FLOWS, (enum flow_family)family, fill->base);
        char sql[2 * SCHEMA_NAME_MAX];
        uint64_t bucket = UINT32_MAX;
        if (!flows) continue;
        snprintf(sql, sizeof sql, "SELECT MIN(bucket) FROM %s", flows->data);
        status = number_ask(upgrade, sql, &bucket);
        if (bucket < first) first = bucket;
    }
    fill->end = (uint32_t)(last / DAY_SECONDS + 1) * DAY_SECONDS;
    if (from < fill->end) fill->end = from;
    fill->first = (uint32_t)(first - first % DAY_SECONDS);
    if (fill->first < fill->whole) fill->first = fill->whole;
    return status;
}

/* The filling
 * ---------------------------------------------------------------------------------------------------------------- */

static enum store_status from_put(const struct upgrade *upgrade, const struct fill *fill, uint32_t from) {
    char text[16];
    snprintf(text, sizeof text, "%" PRIu32, from);
    return settings_put(upgrade->store, fill->setting, from ? text : NULL, upgrade->error);
}

static enum store_status rows_replace(const struct upgrade *upgrade, const struct fill *fill, uint32_t day) {
    enum dialect dialect = upgrade->store->ops->dialect;
    enum store_status status = STORE_OK;
    uint64_t end = (uint64_t)day + DAY_SECONDS;
    for (unsigned family = 0; family < FLOW_FAMILIES && status == STORE_OK; family++) {
        const struct table *table = schema_rollup_table(upgrade->schema, fill->rollup, (enum flow_family)family);
        struct buffer sql = BUFFER_INIT;
        if (!table) continue;
        buffer_printf(&sql, "DELETE FROM %s WHERE bucket >= %" PRIu32 " AND bucket < %" PRIu64, table->data, day, end);
        status = run(upgrade, sql.data);
        buffer_release(&sql);
        rollup_fill_sql(upgrade->schema, table, fill->base, day, end, dialect, &sql);
        if (status == STORE_OK) status = run(upgrade, sql.data);
        buffer_release(&sql);
    }
    return status;
}

static enum store_status day_fill(const struct upgrade *upgrade, const struct fill *fill, uint32_t day) {
    struct store *store = upgrade->store;
    const struct ledger_row now = {.committed_at = upgrade->now};
    enum store_status status = STORE_RETRY;
    for (unsigned try = 0; status == STORE_RETRY && try < TRIES; try++) {
        status = store->ops->begin(store, &now, &day, 1, upgrade->error);
        if (status == STORE_OK) status = rows_replace(upgrade, fill, day);
        if (status == STORE_OK) status = from_put(upgrade, fill, day);
        if (status == STORE_OK) status = store->ops->commit(store, upgrade->error);
        if (status != STORE_OK) store->ops->rollback(store);
        if (status == STORE_TAKEN) status = STORE_RETRY; /* an importer has added a row meanwhile */
    }
    return status;
}

static enum store_status rollup_fill(const struct upgrade *upgrade, unsigned rollup) {
    const struct table *table = schema_rollup_table(upgrade->schema, rollup, FLOW_IPV4);
    struct fill fill = {.rollup = rollup};
    int64_t from;
    settings_rollup_name(table, fill.setting, sizeof fill.setting);
    enum store_status status = settings_number(upgrade->store, fill.setting, &from, upgrade->error);
    if (status != STORE_OK || from < 0) return status;
    status = base_find(upgrade, &fill);
    if (status == STORE_OK && from > fill.whole) status = days_find(upgrade, &fill, (uint32_t)from);
    if (status == STORE_OK && from <= fill.whole) return STORE_OK; /* filled as far as it can be */
    for (uint32_t day = fill.end; day > fill.first && status == STORE_OK;) {
        day -= DAY_SECONDS;
        status = day_fill(upgrade, &fill, day);
        if (status != STORE_OK) break;
        upgrade->result->days++;
        if (upgrade->each) upgrade->each(upgrade->context, table->name, day, (day - fill.first) / DAY_SECONDS);
    }
    if (status == STORE_OK) status = from_put(upgrade, &fill, fill.whole);
    if (status == STORE_OK) upgrade->result->filled++;
    return status;
}

/* What is there of others
 * -------------------------------------------------------------------------------------------------------- */

struct names {
    const struct schema *schema;
    unsigned n;
    char (*list)[SCHEMA_NAME_MAX];
};

/* The view's name of "rollup_..._S_data", unless the schema has it. */
static int name_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct names *names = context;
    size_t len = columns[0] ? strlen(columns[0]) : 0;
    (void)n, (void)lengths;
    if (len <= 5 || len >= SCHEMA_NAME_MAX || strcmp(columns[0] + len - 5, "_data") != 0) return 0;
    if (strncmp(columns[0], "rollup_", 7) != 0 && strncmp(columns[0], "rollup6_", 8) != 0) return 0;
    for (unsigned i = 0; i < names->schema->n_tables; i++)
        if (strcmp(names->schema->tables[i].data, columns[0]) == 0) return 0;
    names->list = mem_realloc(names->list, names->n + 1, sizeof names->list[0]);
    snprintf(names->list[names->n++], SCHEMA_NAME_MAX, "%.*s", (int)(len - 5), columns[0]);
    return 0;
}

static enum store_status others_drop(const struct upgrade *upgrade) {
    static const char *const sql[] = {
        [DIALECT_MYSQL] = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND "
                          "table_name LIKE 'rollup%' AND table_type = 'BASE TABLE'",
        [DIALECT_SQLITE] = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'rollup%'",
    };
    struct store *store = upgrade->store;
    struct names names = {.schema = upgrade->schema};
    enum store_status status =
        store->ops->query(store, sql[store->ops->dialect], NULL, 0, name_read, &names, upgrade->error);
    for (unsigned i = 0; i < names.n && status == STORE_OK; i++) {
        status = upgrade_drop(store, names.list[i], upgrade->error);
        upgrade->result->dropped += strncmp(names.list[i], "rollup_", 7) == 0;
    }
    free(names.list);
    return status;
}

enum store_status upgrade_run(struct store *store, const struct schema *schema, int64_t now, upgrade_fn *each,
                              void *context, struct upgrade_result *result, struct error *error) {
    struct error reason = {""};
    const struct upgrade upgrade = {.store = store,
                                    .schema = schema,
                                    .now = now,
                                    .each = each,
                                    .context = context,
                                    .result = result,
                                    .error = &reason};
    *result = (struct upgrade_result){0};
    enum store_status status = others_drop(&upgrade);
    for (unsigned i = 0; i < schema->n_rollups && status == STORE_OK; i++)
        status = rollup_fill(&upgrade, i);
    if (status != STORE_OK) error_set(error, "%s: %s", store_name(store), reason.text);
    return status;
}
