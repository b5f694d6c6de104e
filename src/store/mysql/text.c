/* Many rows in the text of one INSERT: without array binding, what is less than a chunk, or can't be prepared. */
#include "store/mysql/text.h"

#include <string.h>

#include "store/key.h"
#include "store/mysql/connection.h"

enum { PACKET_MARGIN = 64 }; /* the server's limit holds for the packet with its header, and must not be reached */

static void number_add(struct buffer *sql, uint64_t number) {
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    buffer_add(sql, digits + at, sizeof digits - at);
}

static void bytes_add(struct buffer *sql, const uint8_t *bytes, size_t len) {
    static const char hex[] = "0123456789abcdef";
    buffer_add_text(sql, "x'");
    for (size_t i = 0; i < len; i++) {
        const char digits[] = {hex[bytes[i] >> 4], hex[bytes[i] & 15]};
        buffer_add(sql, digits, sizeof digits);
    }
    buffer_add_text(sql, "'");
}

static void key_add(struct buffer *sql, const struct key_column *key, const uint8_t *slot) {
    unsigned long len;
    double real;
    int64_t number;
    switch (key_form(key)) {
    case KEY_UNSIGNED: number_add(sql, host_number(slot, key->width)); return;
    case KEY_SIGNED:
        number = (int64_t)(host_number(slot, key->width) << (64 - 8 * key->width)) >> (64 - 8 * key->width);
        if (number < 0) buffer_add_text(sql, "-");
        number_add(sql, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
        return;
    case KEY_REAL:
        memcpy(&real, slot, sizeof real);
        buffer_printf(sql, "%.17g", real);
        return;
    case KEY_BYTES:
        memcpy(&len, slot, sizeof len);
        bytes_add(sql, slot + sizeof len, len);
        return;
    }
}

static void row_add(struct buffer *sql, const struct table *table, const struct mysql_table *known,
                    const uint8_t *row) {
    unsigned n = table->n_keys + table->n_values;
    for (unsigned i = 0; i < n; i++) {
        buffer_add(sql, i ? "," : "(", 1);
        if (i < table->n_keys)
            key_add(sql, &table->keys[i], row + known->slots[i]);
        else
            number_add(sql, host_number(row + known->slots[i], 8));
    }
    buffer_add(sql, ")", 1);
}

enum store_status mysql_text_write(struct mysql_store *store, struct error *error) {
    const struct table *table = store->staged;
    const struct mysql_table *known = &store->tables[table_number(store->base.schema, table)];
    struct buffer sql = BUFFER_INIT;
    enum store_status status = STORE_OK;
    for (unsigned i = 0; i < store->n_rows && status == STORE_OK;) {
        size_t before;
        buffer_clear(&sql);
        buffer_add(&sql, known->head.data, known->head.len);
        for (unsigned first = i; i < store->n_rows; i++) {
            before = sql.len;
            if (i > first) buffer_add(&sql, ",", 1);
            row_add(&sql, table, known, store->rows + i * known->stride);
            /* One row is sent whatever its length: the server then says what it can't take. */
            if (sql.len + known->tail.len + PACKET_MARGIN > store->packet && i > first) {
                sql.len = before;
                break;
            }
        }
        buffer_add(&sql, known->tail.data, known->tail.len);
        status = mysql_run(store, sql.data, sql.len, table->data, error);
    }
    buffer_release(&sql);
    return status == STORE_TAKEN ? STORE_REFUSED : status;
}
