/* Queries with values, made as text; and what is left of one that was cancelled. */
#include "store/mysql/mysql_query.h"

#include <stdio.h>

#include "store/mysql/connection.h"

enum { STATEMENT_MOST = 512 }; /* bytes of a statement beside its value, where that may be long */

size_t mysql_store_value_most(const struct store *base) {
    const struct mysql_store *store = (const struct mysql_store *)(const void *)base;
    return store->packet > 2 * STATEMENT_MOST ? (store->packet - STATEMENT_MOST) / 2 : STATEMENT_MOST / 2;
}

/* As hexadecimal literals, which need no escaping whatever the session's sql_mode and character set are. */
static void param_add(struct buffer *out, const struct store_param *param) {
    const unsigned char *bytes = param->bytes;
    char digits[SUM_DIGITS + 1];
    if (param->type == STORE_PARAM_INTEGER) {
        buffer_printf(out, "%lld", (long long)param->integer);
        return;
    }
    if (param->type == STORE_PARAM_SUM) {
        buffer_add_text(out, sum_text(param->sum, 0, digits));
        return;
    }
    buffer_add_text(out, param->type == STORE_PARAM_TEXT ? "_utf8mb4 x'" : "x'");
    for (size_t i = 0; i < param->len; i++)
        buffer_printf(out, "%02x", bytes[i]);
    buffer_add_text(out, "'");
}

/* The statement with a literal for each '?' that isn't in quotes. Returns how many there were. */
static unsigned params_fill(const char *sql, const struct store_param *params, unsigned n_params, struct buffer *out) {
    unsigned n = 0;
    char quote = '\0';
    for (; *sql; sql++) {
        if (quote)
            quote = *sql == quote ? '\0' : quote;
        else if (*sql == '\'' || *sql == '"' || *sql == '`')
            quote = *sql;
        else if (*sql == '?') {
            if (n < n_params) param_add(out, &params[n]);
            n++;
            continue;
        }
        buffer_add(out, sql, 1);
    }
    return n;
}

/* After a query that was cancelled on this connection of the server's. */
static void cancelled_kill(struct mysql_store *store, unsigned long connection) {
    char sql[48];
    unsigned host = store->host; /* another server gives the number to others */
    if (store->mysql || mysql_ensure(store, NULL) != STORE_OK || store->host != host) return;
    int len = snprintf(sql, sizeof sql, "KILL %lu", connection);
    /* Fails where it has ended by itself. */
    if (mysql_run(store, sql, (size_t)len, "kill", NULL) != STORE_OK) return;
}

enum store_status mysql_store_query(struct store *base, const char *sql, const struct store_param *params,
                                    unsigned n_params, store_row_fn *row, void *context, struct error *error) {
    struct mysql_store *store = mysql_own(base);
    struct buffer filled = BUFFER_INIT;
    /* Within a generation a lost connection is its end; else it is made again. */
    enum store_status status = base->begun ? STORE_OK : mysql_ensure(store, error);
    /* From here on cancelling ends the connection; before, nobody may have seen it. */
    if (status == STORE_OK && atomic_load(&base->cancelled)) status = STORE_RETRY;
    if (status != STORE_OK) return status;
    unsigned long connection = store->mysql ? mysql_thread_id(store->mysql) : 0;
    unsigned n = params_fill(sql, params, n_params, &filled);
    if (n != n_params) {
        error_set(error, "%u values required, %u given: %s", n, n_params, sql);
        status = STORE_REFUSED;
    } else {
        status = mysql_rows(store, filled.data, filled.len, row, context, error);
        if (status == STORE_OK && store->in_generation) status = mysql_in_transaction(store, error);
    }
    if (status != STORE_OK && atomic_load(&base->cancelled)) cancelled_kill(store, connection);
    buffer_release(&filled);
    return status;
}
