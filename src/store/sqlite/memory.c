/* Rows that nobody needs to keep: the same SQL as the SQLite store, and failures at will. */
#include "store/sqlite/memory.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/key.h"
#include "store/sqlite/sqlite.h"

/* Process-wide, for the store that a test wants to fail is mostly another thread's. */
static atomic_uint fail_left;
static atomic_int fail_status;

void memory_fail_commits(unsigned n, enum store_status status) {
    atomic_store(&fail_status, (int)status);
    atomic_store(&fail_left, n);
}

static int memory_check(const struct store_config *config, const struct url *url, struct error *error) {
    (void)config;
    bool plain = !url->host && !url->user && !url->password && !url->port && url->n_params == 0;
    return plain ? 0 : error_set(error, "a store in memory is memory: or memory:name");
}

static enum store_status memory_open(struct store **store, const struct store_config *config, const struct url *url,
                                     const struct schema *schema, struct error *error) {
    if (!url->path) return sqlite_store_new(store, ":memory:", 0, config, schema, error);
    char *path = mem_printf("file:%s?mode=memory&cache=shared", url->path);
    enum store_status status =
        sqlite_store_new(store, path, SQLITE_OPEN_URI | SQLITE_OPEN_SHAREDCACHE, config, schema, error);
    free(path);
    return status;
}

static enum store_status memory_commit(struct store *store, struct error *error) {
    unsigned left = atomic_load(&fail_left);
    while (left > 0)
        if (atomic_compare_exchange_weak(&fail_left, &left, left - 1)) {
            error_set(error, "this commit is set to fail; %u more will", left - 1);
            return (enum store_status)atomic_load(&fail_status);
        }
    return sqlite_store_commit(store, error);
}

const struct store_ops store_memory_ops = {
    .dialect = DIALECT_SQLITE,
    .check = memory_check,
    .open = memory_open,
    .close = sqlite_store_free,
    .begin = sqlite_store_begin,
    .put = sqlite_store_put,
    .commit = memory_commit,
    .rollback = sqlite_store_rollback,
    .query = sqlite_store_query,
};

struct walk {
    const struct table *table;
    memory_row_fn *row;
    void *context;
};

static int walk_row(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    const struct walk *walk = context;
    uint8_t packed[4 + FLOW_KEY_BYTES];
    uint64_t values[SCHEMA_VALUES_MAX];
    for (unsigned i = 0; i < walk->table->n_keys; i++)
        key_pack(&walk->table->keys[i], columns[i], lengths[i], packed + walk->table->keys[i].offset);
    for (unsigned i = walk->table->n_keys; i < n; i++)
        values[i - walk->table->n_keys] = sum_cut(sum_read(columns[i]));
    return walk->row(walk->context, packed, values);
}

enum store_status memory_walk(struct store *store, const struct table *table, memory_row_fn *row, void *context,
                              struct error *error) {
    struct walk walk = {.table = table, .row = row, .context = context};
    struct buffer sql = BUFFER_INIT;
    buffer_printf(&sql, "SELECT * FROM %s ORDER BY ", table->data);
    for (unsigned i = 0; i < table->n_keys; i++)
        buffer_printf(&sql, "%s%s", i ? ", " : "", table->keys[i].name);
    enum store_status status = store_query(store, sql.data, NULL, 0, walk_row, &walk, error);
    buffer_release(&sql);
    return status;
}
