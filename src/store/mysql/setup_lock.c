/* One program at a time makes the tables and views: by a lock of the server's, or in a Galera cluster by a row.
 *
 * Galera's nodes hang for good where two of them create a view of one name at once (seen with 10.11 and Galera 26.4):
 * each has a lock that the other's CREATE waits for. What does no harm there is CREATE TABLE IF NOT EXISTS, and writing
 * the same row: the first commit wins, and the other is told. GET_LOCK is each node's own. */
#include "store/mysql/setup_lock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "store/ddl.h"
#include "store/mysql/connection.h"
#include "store/mysql/mysql_query.h"
#include "store/object.h"

/* The row's value is "" where nobody holds it, else the holder's name and how often it has been written since. A holder
 * writes it before each statement, which waits at most LOCK_WAIT (50 s) for others. So a value that has not changed for
 * a minute is of a program that has ended. No clock is compared with another's. */
enum { POLL_MS = 250, POLLS = 60 * 1000 / POLL_MS, SECONDS = 60 };

enum { DEADLOCK = 1213 }; /* also what Galera says where another node's commit came first */

static const char table[] = "flowimport_schema";
static const char held_by_others[] = "another program has been creating the tables for a minute";

static int text_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    char *text = context;
    (void)n, (void)lengths;
    snprintf(text, MYSQL_SETUP_TEXT, "%s", columns[0] ? columns[0] : "");
    return 1;
}

static enum store_status ask(struct mysql_store *store, const char *sql, const struct store_param *params, unsigned n,
                             char *text, struct error *error) {
    return mysql_store_query(&store->base, sql, params, n, text ? text_read : NULL, text, error);
}

/* Whether this program ends, and so waits no longer. */
static bool is_ending(const struct mysql_store *store, struct error *error) {
    if (!store->base.ending || !atomic_load(store->base.ending)) return false;
    error_set(error, "stopping while another program creates the tables");
    return true;
}

/* --- a server alone --- */

/* A second at a time, so that a program that is to end need not wait for all of them. */
static enum store_status server_lock_take(struct mysql_store *store, struct error *error) {
    char answer[MYSQL_SETUP_TEXT] = "";
    for (unsigned i = 0; i < SECONDS && strcmp(answer, "1") != 0; i++) {
        if (is_ending(store, error)) return STORE_RETRY;
        enum store_status status =
            ask(store, "SELECT GET_LOCK(LEFT(CONCAT('flowimport.setup.', DATABASE()), 64), 1)", NULL, 0, answer, error);
        if (status != STORE_OK) return status;
    }
    if (strcmp(answer, "1") != 0) {
        error_set(error, held_by_others);
        return STORE_RETRY;
    }
    store->setup.connection = mysql_thread_id(store->mysql);
    return STORE_OK;
}

/* It ends with its connection. */
static enum store_status server_lock_hold(const struct mysql_store *store, struct error *error) {
    if (store->mysql && mysql_thread_id(store->mysql) == store->setup.connection) return STORE_OK;
    error_set(error, "connection lost while the tables were created");
    return STORE_RETRY;
}

static enum store_status server_lock_release(struct mysql_store *store, struct error *error) {
    return ask(store, "DO RELEASE_LOCK(LEFT(CONCAT('flowimport.setup.', DATABASE()), 64))", NULL, 0, NULL, error);
}

/* --- a cluster --- */

static enum store_status table_make(struct store *base, struct error *error) {
    char name[SCHEMA_NAME_MAX];
    for (unsigned i = 0; i < ddl_count(base->schema); i++) {
        ddl_name(base->schema, i, name, sizeof name);
        if (strcmp(name, table) == 0) return object_create(base, i, error);
    }
    return STORE_REFUSED;
}

/* *changed: the row had this value. Another node's commit that comes first is as good as another value. */
static enum store_status row_change(struct mysql_store *store, const char *from, const char *to, bool *changed,
                                    struct error *error) {
    const struct store_param params[] = {store_text(to), store_text(from)};
    enum store_status status =
        ask(store, "UPDATE flowimport_schema SET value = ? WHERE name = 'setup_lock' AND value = ?", params, 2, NULL,
            error);
    *changed = status == STORE_OK && mysql_affected_rows(store->mysql) == 1;
    return store->mysql && mysql_errno(store->mysql) == DEADLOCK ? STORE_OK : status;
}

static enum store_status row_take(struct mysql_store *store, struct error *error) {
    static const char insert[] = "INSERT IGNORE INTO flowimport_schema (name, value) VALUES ('setup_lock', '')";
    static const char read[] = "SELECT value FROM flowimport_schema WHERE name = 'setup_lock'";
    const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
    char last[MYSQL_SETUP_TEXT] = "", own[MYSQL_SETUP_TEXT + 16];
    enum store_status status = table_make(&store->base, error);
    if (status == STORE_OK) status = ask(store, insert, NULL, 0, NULL, error);
    if (status == STORE_OK) status = ask(store, "SELECT UUID()", NULL, 0, store->setup.holder, error);
    store->setup.written = 0;
    snprintf(own, sizeof own, "%s 0", store->setup.holder);
    for (unsigned same = 0; status == STORE_OK;) {
        char value[MYSQL_SETUP_TEXT] = "";
        bool taken = false;
        status = ask(store, read, NULL, 0, value, error);
        same = strcmp(value, last) == 0 ? same + 1 : 0;
        memcpy(last, value, sizeof last);
        if (status == STORE_OK && (!*value || same >= POLLS)) status = row_change(store, value, own, &taken, error);
        if (taken) return STORE_OK;
        if (status == STORE_OK && is_ending(store, error)) status = STORE_RETRY;
        if (status == STORE_OK) nanosleep(&pause, NULL);
    }
    return status;
}

static enum store_status row_write(struct mysql_store *store, bool release, struct error *error) {
    char from[MYSQL_SETUP_TEXT + 16], to[MYSQL_SETUP_TEXT + 16] = "";
    bool changed;
    snprintf(from, sizeof from, "%s %u", store->setup.holder, store->setup.written);
    if (!release) snprintf(to, sizeof to, "%s %u", store->setup.holder, ++store->setup.written);
    enum store_status status = row_change(store, from, to, &changed, error);
    if (status != STORE_OK || changed) return status;
    error_set(error, "another program creates the tables");
    return STORE_RETRY;
}

enum store_status mysql_setup(struct store *base, enum setup_step step, struct error *error) {
    struct mysql_store *store = mysql_own(base);
    bool by_row = store->is_galera;
    switch (step) {
    case SETUP_TAKE: return by_row ? row_take(store, error) : server_lock_take(store, error);
    case SETUP_HOLD: return by_row ? row_write(store, false, error) : server_lock_hold(store, error);
    case SETUP_RELEASE: return by_row ? row_write(store, true, error) : server_lock_release(store, error);
    }
    return STORE_REFUSED;
}
