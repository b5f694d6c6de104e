/* Tables of other programs: found in information_schema, read row by row in an order that can be gone on with. */
#include "files/source_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/mem.h"

/* A position without a key: the number of rows above so many bits of their hash. Numbers grow, and so do positions. */
enum { HASH_BITS = 23 };

/* --- which --- */

static int identity_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    char *identity = context;
    (void)n;
    XXH128_hash_t hash = XXH3_128bits(columns[0], lengths[0]);
    snprintf(identity, 33, "%016" PRIx64 "%016" PRIx64, hash.high64, hash.low64);
    return 1;
}

enum store_status source_identity(struct store *source, const char *more, char identity[33], struct error *error) {
    struct store_param param = store_text(more);
    return store_query(source, "SELECT CONCAT(CONCAT_WS('/', @@hostname, @@port, @@datadir, DATABASE()), ?)", &param, 1,
                       identity_read, identity, error);
}

static int name_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    (void)n;
    buffer_add(context, columns[0], lengths[0] + 1);
    return 0;
}

enum store_status source_tables_find(struct store *source, const char *const *columns, struct buffer *out,
                                     struct error *error) {
    struct store_param params[16];
    struct buffer sql = BUFFER_INIT;
    unsigned n = 0;
    buffer_add_text(&sql, "SELECT DISTINCT t.table_name FROM information_schema.tables t "
                          "JOIN information_schema.columns c USING (table_schema, table_name) "
                          "WHERE t.table_schema = DATABASE() AND t.table_type = 'BASE TABLE' AND c.column_name IN (");
    for (; columns[n]; n++) {
        params[n] = store_text(columns[n]);
        buffer_add_text(&sql, n > 0 ? ", ?" : "?");
    }
    buffer_add_text(&sql, ") ORDER BY t.table_name");
    enum store_status status = store_query(source, sql.data, params, n, name_read, out, error);
    buffer_release(&sql);
    return status;
}

/* --- one --- */

/* `name` in backquotes, which a name can have, too. */
static void name_quote(const char *name, char *out, size_t size) {
    size_t len = 0;
    out[len++] = '`';
    for (; *name && len + 3 < size; name++) {
        if (*name == '`') out[len++] = '`';
        out[len++] = *name;
    }
    out[len++] = '`';
    out[len] = '\0';
}

static int column_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct source_table *table = context;
    (void)n, (void)lengths;
    if (table->n == SOURCE_COLUMNS_MAX) return 1;
    struct source_column *column = &table->columns[table->n++];
    snprintf(column->name, sizeof column->name, "%s", columns[0]);
    name_quote(columns[0], column->sql, sizeof column->sql);
    column->is_binary = strcmp(columns[1], "1") == 0;
    if (strcmp(columns[2], "1") == 0) snprintf(table->key, sizeof table->key, "%s", column->sql);
    if (columns[3]) table->rows = strtoll(columns[3], NULL, 10);
    return 0;
}

enum store_status source_table_find(struct source_table *table, struct store *source, const char *name,
                                    struct error *error) {
    static const char sql[] =
        "SELECT c.column_name, c.data_type REGEXP 'blob|text|json|geometry', "
        "c.column_key = 'PRI' AND c.extra LIKE '%auto_increment%', t.table_rows "
        "FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name) "
        "WHERE c.table_schema = DATABASE() AND t.table_type = 'BASE TABLE' AND c.table_name = ? "
        "ORDER BY c.ordinal_position";
    struct store_param param = store_text(name);
    char *more = mem_printf("/%s", name);
    *table = (struct source_table){.n = 0};
    snprintf(table->name, sizeof table->name, "%s", name);
    enum store_status status = store_query(source, sql, &param, 1, column_read, table, error);
    if (status == STORE_OK) status = source_identity(source, more, table->identity, error);
    free(more);
    if (status != STORE_OK || table->n > 0) return status;
    error_set(error, "%s: table %s not found, or the account may not read it", store_name(source), name);
    return STORE_REFUSED;
}

bool source_table_has(const struct source_table *table, const char *column) {
    for (unsigned i = 0; i < table->n; i++)
        if (strcasecmp(table->columns[i].name, column) == 0) return true;
    return false;
}

void source_table_add(struct source_table *table, const char *name, const char *sql) {
    if (table->n == SOURCE_COLUMNS_MAX) return;
    struct source_column *column = &table->columns[table->n++];
    *column = (struct source_column){.is_binary = false};
    snprintf(column->name, sizeof column->name, "%s", name);
    snprintf(column->sql, sizeof column->sql, "%s", sql);
}

/* --- its rows --- */

void source_table_query(const struct source_table *table, int64_t begin, struct buffer *sql) {
    char name[2 * SOURCE_NAME_MAX];
    name_quote(table->name, name, sizeof name);
    buffer_printf(sql, "SELECT %s", table->key);
    for (unsigned i = 0; i < table->n; i++)
        buffer_printf(sql, "%s%s", i > 0 || table->key[0] ? ", " : "", table->columns[i].sql);
    buffer_printf(sql, " FROM %s", name);
    if (table->key[0])
        buffer_printf(sql, " WHERE %s > %" PRId64 " ORDER BY %s", table->key, begin, table->key);
    else
        buffer_add_text(sql, " USE INDEX ()"); /* an index would give its own order */
}

void source_place_next(struct source_place *place, const struct source_table *table, unsigned n,
                       const char *const *columns, const size_t *lengths) {
    place->rows++;
    if (table->key[0]) {
        place->position = strtoll(columns[0], NULL, 10);
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        uint64_t len = columns[i] ? lengths[i] : UINT64_MAX; /* so that two values don't run into one another */
        place->hash = XXH3_64bits_withSeed(&len, sizeof len, place->hash);
        if (columns[i]) place->hash = XXH3_64bits_withSeed(columns[i], lengths[i], place->hash);
    }
    place->position = place->rows << HASH_BITS | (int64_t)(place->hash >> (64 - HASH_BITS));
}

int64_t source_position_rows(int64_t position) { return position >> HASH_BITS; }
