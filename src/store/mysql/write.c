/* A generation into MySQL: rows are staged as the wire wants them and sent in chunks, inside one transaction. */
#include "store/mysql/write.h"

#include <string.h>

#include "base/mem.h"
#include "flow/sum.h"
#include "store/key.h"
#include "store/mysql/bulk.h"
#include "store/mysql/connection.h"
#include "store/mysql/partition_run.h"
#include "store/mysql/text.h"
#include "store/mysql/widen.h"

/* A slot of a staged row begins at a multiple of 8. A number is in the machine's order, bytes follow their length, an
 * unsigned long. Each takes a byte more on the wire. */
static size_t slot_size(const struct key_column *key) {
    return key_form(key) == KEY_BYTES ? sizeof(unsigned long) + (key->width + 7u) / 8 * 8 : 8;
}

static void key_stage(const struct key_column *key, const uint8_t *bytes, uint8_t *slot) {
    switch (key_form(key)) {
    case KEY_BYTES: {
        unsigned long len = key_length(key, bytes);
        memcpy(slot, &len, sizeof len);
        memcpy(slot + sizeof len, bytes, key->width);
        return;
    }
    case KEY_REAL: {
        double number = key_real(bytes);
        memcpy(slot, &number, sizeof number);
        return;
    }
    case KEY_SIGNED:
    case KEY_UNSIGNED: break;
    }
    host_put(slot, be_number(bytes, key->width), key->width);
}

static unsigned least(size_t a, size_t b) { return (unsigned)(a < b ? a : b); }

/* How many rows of n values, whose bytes are `wire`, go at a time. */
static unsigned rows_at_a_time(const struct mysql_store *store, unsigned n, size_t wire, struct mysql_table *known) {
    size_t header = 64 + 2u * n, room = store->packet > header ? store->packet - header : 0;
    unsigned chunk = least(MYSQL_CHUNK_BYTES / known->stride, MYSQL_CHUNK_ROWS);
    if (store->bulk) return room < wire ? 1 : least(chunk, room / wire);
    /* Both the statement and its values must fit; the values have their types with them. */
    size_t text = known->head.len + known->tail.len, most = room > text ? (room - text) / (wire + 2u * n) : 0;
    unsigned named = least(least(chunk, MYSQL_PARAMS / n), most);
    known->is_text = named < 2;
    return known->is_text ? chunk : named;
}

/* The statement, the layout of a staged row, and how many of them go at a time. */
static void table_prepare(struct mysql_store *store, const struct table *table, struct mysql_table *known) {
    char name[SCHEMA_NAME_MAX];
    size_t wire = 0;
    known->stride = 0;
    buffer_printf(&known->head, "INSERT INTO %s (", table->data);
    buffer_add_text(&known->tail, " ON DUPLICATE KEY UPDATE ");
    for (unsigned i = 0; i < table->n_keys; i++) {
        buffer_printf(&known->head, "%s%s", i ? "," : "", table->keys[i].name);
        known->slots[i] = (uint16_t)known->stride;
        known->stride += slot_size(&table->keys[i]);
        wire += 2u + table->keys[i].width; /* with an indicator, and a length where there is one */
    }
    for (unsigned i = 0; i < table->n_values; i++) {
        schema_stored_name(store->base.schema, table, i, name, sizeof name);
        buffer_printf(&known->head, ",%s", name);
        /* Of a bucket's row: no step is more than a BIGINT UNSIGNED holds, whatever an older version has left there. Of
         * a wide one: where it is more, the statement fails, and the columns become wider. */
        buffer_printf(&known->tail,
                      schema_is_wide(table) ? "%s%s=%s+VALUES(%s)"
                                            : "%s%s=LEAST(%s," SUM_MOST_TEXT "-VALUES(%s))+VALUES(%s)",
                      i ? "," : "", name, name, name, name);
        known->slots[table->n_keys + i] = (uint16_t)known->stride;
        known->stride += sizeof(uint64_t);
        wire += 1 + sizeof(uint64_t);
    }
    buffer_add_text(&known->head, ") VALUES ");
    known->is_text = false;
    known->chunk = rows_at_a_time(store, table->n_keys + table->n_values, wire, known);
    if (!store->rows) store->rows = mem_alloc(MYSQL_CHUNK_BYTES);
}

/* A server may end a transaction and answer OK all the same: Galera does where another node's transaction comes first
 * while an array of rows is executed. What comes behind would stand alone, and the part before be missing. So within a
 * generation nothing commits by itself, and the savepoint at its beginning must still be there at its end. */
static const char *const begin[] = {"SET SESSION autocommit = 0", "START TRANSACTION", "SAVEPOINT generation"};
static const char *const commit[] = {"RELEASE SAVEPOINT generation", "COMMIT"};
static const char autocommit[] = "SET SESSION autocommit = 1";

/* On a connection that has no transaction: this would commit it. */
static void generation_end(struct mysql_store *store) {
    store->in_generation = false;
    if (mysql_query(store->mysql, autocommit) != 0) mysql_disconnect(store);
}

static enum store_status run_all(struct mysql_store *store, const char *const *sql, size_t n, struct error *error) {
    enum store_status status = STORE_OK;
    for (size_t i = 0; i < n && status == STORE_OK; i++)
        status = mysql_run(store, sql[i], strlen(sql[i]), sql[i], error);
    return status;
}

/* A statement that names many rows is prepared for a whole chunk; the rest goes as text. */
static enum store_status rows_send(struct mysql_store *store, struct error *error) {
    struct mysql_table *known = &store->tables[table_number(store->base.schema, store->staged)];
    if (store->bulk) return mysql_bulk_write(store, error);
    if (!known->is_text && store->n_rows == known->chunk) return mysql_chunk_write(store, error);
    return mysql_text_write(store, error);
}

static enum store_status staged_write(struct mysql_store *store, struct error *error) {
    enum store_status status = STORE_OK;
    if (store->n_rows > 0) status = rows_send(store, error);
    if (status == STORE_REFUSED && schema_is_wide(store->staged) && mysql_is_outgrown(store)) {
        store->narrow = store->staged;
        status = STORE_RETRY; /* the next try begins with wider columns */
    }
    if (status == STORE_OK) status = mysql_in_transaction(store, error);
    store->n_rows = 0;
    store->staged = NULL;
    return status;
}

enum store_status mysql_store_put(struct store *base, const struct table *table, const uint8_t *key,
                                  const uint64_t *values, struct error *error) {
    struct mysql_store *store = mysql_own(base);
    struct mysql_table *known = &store->tables[table_number(base->schema, table)];
    if (store->staged && store->staged != table) {
        enum store_status status = staged_write(store, error);
        if (status != STORE_OK) return status;
    }
    if (known->head.len == 0) table_prepare(store, table, known);
    uint8_t *row = store->rows + store->n_rows * known->stride;
    for (unsigned i = 0; i < table->n_keys; i++)
        key_stage(&table->keys[i], key + table->keys[i].offset, row + known->slots[i]);
    memcpy(row + known->slots[table->n_keys], values, table->n_values * sizeof values[0]);
    store->staged = table;
    return ++store->n_rows < known->chunk ? STORE_OK : staged_write(store, error);
}

/* What the last try, or this one's ledger row, has shown to be too narrow. */
static enum store_status room_make(struct mysql_store *store, const struct ledger_row *ledger, struct error *error) {
    enum store_status status = STORE_OK;
    bool is_outgrown = false;
    for (unsigned i = 0; i < store->base.schema->layout->n_sums; i++)
        is_outgrown |= ledger->sums[i] > UINT64_MAX;
    if (is_outgrown) status = mysql_widen(store, NULL, error);
    if (status == STORE_OK && store->narrow) status = mysql_widen(store, store->narrow, error);
    if (status == STORE_OK) store->narrow = NULL;
    return status;
}

enum store_status mysql_store_begin(struct store *base, const struct ledger_row *ledger, const uint32_t *buckets,
                                    unsigned n, struct error *error) {
    struct mysql_store *store = mysql_own(base);
    enum store_status status = mysql_ensure(store, error);
    if (status == STORE_OK) status = room_make(store, ledger, error);
    if (status == STORE_OK) status = mysql_partition_ensure(store, ledger->committed_at, buckets, n, error);
    if (status == STORE_OK) status = run_all(store, begin, sizeof begin / sizeof begin[0], error);
    store->in_generation = status == STORE_OK;
    return status;
}

enum store_status mysql_store_send(struct store *base, struct error *error) {
    return staged_write(mysql_own(base), error);
}

enum store_status mysql_store_commit(struct store *base, struct error *error) {
    struct mysql_store *store = mysql_own(base);
    enum store_status status = staged_write(store, error);
    if (status == STORE_OK) status = run_all(store, commit, sizeof commit / sizeof commit[0], error);
    if (status == STORE_OK) generation_end(store);
    return status == STORE_TAKEN ? STORE_REFUSED : status;
}

void mysql_store_rollback(struct store *base) {
    struct mysql_store *store = mysql_own(base);
    store->n_rows = 0;
    store->staged = NULL;
    /* Whatever failed may have been for a partition that somebody dropped: look again. */
    for (unsigned i = 0; i < base->schema->n_tables; i++)
        memset(&store->tables[i].days, 0, sizeof store->tables[i].days);
    if (!store->mysql) return;
    if (mysql_query(store->mysql, "ROLLBACK") == 0)
        generation_end(store);
    else
        mysql_leave(store);
}
