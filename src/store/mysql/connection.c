/* The connection to MySQL or MariaDB: how it is made and set up, and statements on it. */
#include "store/mysql/connection.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/mysql/cancel.h"
#include "store/mysql/error_code.h"
#include "store/mysql/hosts.h"
#include "store/mysql/login.h"

/* Seconds. A statement waits for a lock at most half as long as we wait for its answer, so that the answer says what is
 * wrong. */
#define LOCK_WAIT "50"
#define READER_WAIT_TEXT "3600"
enum { CONNECT_WAIT = 10, WRITER_WAIT = 120, READER_WAIT = 3600, LIMIT_WAIT = 10 };
enum { WORD_MAX = 32 }; /* bytes of a variable's value */
enum { SILENCE_ASKED = 10, SILENCE_AGAIN = 5, SILENCE_MOST = 25 };

void mysql_disconnect(struct mysql_store *store) {
    for (unsigned i = 0; i < store->base.schema->n_tables; i++) {
        struct mysql_table *known = &store->tables[i];
        if (known->statement) mysql_stmt_close(known->statement);
        known->statement = NULL;
        buffer_clear(&known->head); /* the next connection may take another chunk */
        buffer_clear(&known->tail);
        memset(&known->days, 0, sizeof known->days);
        known->is_plain = false;
    }
    mysql_cancel_disarm(store);
    if (store->mysql) mysql_close(store->mysql);
    store->mysql = NULL;
    store->in_generation = false;
}

void mysql_leave(struct mysql_store *store) {
    mysql_disconnect(store);
    /* A query that was cancelled here is ended here. */
    if (!atomic_load(&store->base.cancelled)) mysql_hosts_next(store);
}

/* The server reads an account's rights on a database as a connection begins: after a GRANT, only a new one has them. */
void mysql_heed(struct mysql_store *store, unsigned code) {
    store->is_denied = mysql_is_denied(code);
    if (mysql_is_lost(code) || (store->n_hosts > 1 && mysql_is_of_node(code)))
        mysql_leave(store);
    else if (store->is_denied && !store->base.read_only)
        mysql_disconnect(store);
}

static int word_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    (void)lengths;
    snprintf(context, WORD_MAX, "%s", n > 1 && columns[1] ? columns[1] : "");
    return 1;
}

/* A member of a group that has left it, or was put out of it, is read-only. Another server may do better. */
static enum store_status hook_judge(struct mysql_store *store, const char *what, struct error *error) {
    static const char sql[] = "SHOW GLOBAL VARIABLES LIKE 'super_read_only'";
    char word[WORD_MAX] = "";
    struct error ignored;
    enum store_status status = mysql_rows(store, sql, sizeof sql - 1, word_read, word, &ignored);
    if (status == STORE_OK && strcmp(word, "ON") != 0) return STORE_TOO_LARGE;
    error_set(error, "%s: the server has left its group, and is read-only (error 3100)", what);
    if (store->n_hosts > 1) mysql_leave(store);
    return STORE_RETRY;
}

enum store_status mysql_failed(struct mysql_store *store, const char *what, struct error *error) {
    unsigned code = mysql_errno(store->mysql);
    enum store_status status = mysql_status(code, mysql_sqlstate(store->mysql), mysql_error(store->mysql));
    mysql_error_show(error, what, code, mysql_error(store->mysql));
    mysql_heed(store, code);
    return mysql_is_of_hook(code) ? hook_judge(store, what, error) : status;
}

enum store_status mysql_run(struct mysql_store *store, const char *sql, size_t len, const char *what,
                            struct error *error) {
    if (!store->mysql) {
        error_set(error, "%s: connection lost", what);
        return STORE_RETRY;
    }
    return mysql_real_query(store->mysql, sql, (unsigned long)len) == 0 ? STORE_OK : mysql_failed(store, what, error);
}

/* Reads what a procedure answers besides: results of its statements, and how it ended. */
static enum store_status results_end(struct mysql_store *store, struct error *error) {
    while (mysql_more_results(store->mysql)) {
        if (mysql_next_result(store->mysql) != 0) return mysql_failed(store, "query", error);
        MYSQL_RES *result = mysql_use_result(store->mysql);
        if (result) mysql_free_result(result);
    }
    return STORE_OK;
}

enum store_status mysql_rows(struct mysql_store *store, const char *sql, size_t len, store_row_fn *row, void *context,
                             struct error *error) {
    enum store_status status = mysql_run(store, sql, len, "query", error);
    if (status != STORE_OK || mysql_field_count(store->mysql) == 0) return status;
    MYSQL_RES *result = mysql_use_result(store->mysql);
    if (!result) return mysql_failed(store, "query", error);
    unsigned n = mysql_num_fields(result);
    MYSQL_ROW columns;
    size_t *lengths = mem_alloc(n * sizeof lengths[0]);
    while ((columns = mysql_fetch_row(result))) {
        const unsigned long *given = mysql_fetch_lengths(result);
        for (unsigned i = 0; i < n; i++)
            lengths[i] = given[i];
        if (row && row(context, n, (const char *const *)columns, lengths) != 0) break;
    }
    free(lengths);
    unsigned code = columns ? 0 : mysql_errno(store->mysql);
    if (code) {
        error_set(error, "query: %s (error %u)", mysql_error(store->mysql), code);
        status = mysql_status(code, mysql_sqlstate(store->mysql), mysql_error(store->mysql));
    }
    mysql_free_result(result); /* while there is still a connection for it to read to the end of */
    mysql_heed(store, code);
    return status == STORE_OK ? results_end(store, error) : status;
}

enum store_status mysql_in_transaction(const struct mysql_store *store, struct error *error) {
    if (store->mysql && store->mysql->server_status & SERVER_STATUS_IN_TRANS) return STORE_OK;
    error_set(error, "the server has ended the transaction without an error");
    return STORE_RETRY;
}

/* Connecting
 * ----------------------------------------------------------------------------------------------------------- */

static void options_set(const struct mysql_store *store, const struct mysql_host *host) {
    MYSQL *mysql = store->mysql;
    bool is_local = store->socket || (!host->port && (!host->name || strcmp(host->name, "localhost") == 0));
    unsigned connect_wait = CONNECT_WAIT, wait = store->base.read_only ? READER_WAIT : WRITER_WAIT, local_infile = 0;
    if (store->query_ms) wait = (unsigned)(store->query_ms / 1000) + LIMIT_WAIT;
    mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_wait);
    mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &wait);
    mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &wait);
    mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &local_infile); /* a server can't ask for our files */
    mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_options(mysql, MYSQL_READ_DEFAULT_GROUP, "flowimport"); /* and [client]; for what the URL doesn't say */
    if (host->port) {
        unsigned protocol = MYSQL_PROTOCOL_TCP; /* else "localhost" means the socket, whatever the port */
        mysql_options(mysql, MYSQL_OPT_PROTOCOL, &protocol);
    }
    mysql_login_set(mysql, &store->login, is_local);
}

static int variable_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct mysql_store *store = context;
    (void)n, (void)lengths;
    if (!columns[0] || !columns[1]) return 0;
    /* The server's buffer is never smaller than net_buffer_length, whatever max_allowed_packet says. */
    if (strcmp(columns[0], "max_allowed_packet") == 0 || strcmp(columns[0], "net_buffer_length") == 0) {
        size_t bytes = (size_t)strtoull(columns[1], NULL, 10);
        if (bytes > store->packet) store->packet = bytes;
    }
    /* Since MariaDB 12 a word, and once a number. */
    if (strcmp(columns[0], "read_only") == 0)
        store->is_read_only = strcasecmp(columns[1], "OFF") != 0 && strcmp(columns[1], "0") != 0;
    if (strcmp(columns[0], "wsrep_on") == 0) store->is_galera = strcmp(columns[1], "ON") == 0;
    if (strcmp(columns[0], "binlog_format") == 0) store->is_statement_binlog = strcmp(columns[1], "STATEMENT") == 0;
    return 0;
}

static bool is_mariadb(MYSQL *mysql) { return strstr(mysql_get_server_info(mysql), "MariaDB") != NULL; }

/* Sizes of tables as they are, which MySQL tells as of a day ago otherwise. Servers that don't know the variable always
 * tell them so. */
static void statistics_set(struct mysql_store *store) {
    static const char sql[] = "SET SESSION information_schema_stats_expiry = 0";
    if (!is_mariadb(store->mysql)) mysql_query(store->mysql, sql);
}

/* Has the server end queries that take longer than query_ms. */
static enum store_status time_limit_set(struct mysql_store *store, struct error *error) {
    char sql[80];
    if (!store->query_ms) return STORE_OK;
    int len = is_mariadb(store->mysql)
                  ? snprintf(sql, sizeof sql, "SET SESSION max_statement_time = %" PRId64 ".%03d",
                             store->query_ms / 1000, (int)(store->query_ms % 1000))
                  : snprintf(sql, sizeof sql, "SET SESSION max_execution_time = %" PRId64, store->query_ms);
    return mysql_run(store, sql, (size_t)len, "session", error);
}

static enum store_status session_set(struct mysql_store *store, struct error *error) {
    static const char variables[] =
        "SHOW VARIABLES WHERE variable_name IN ('max_allowed_packet', 'net_buffer_length', 'binlog_format', "
        "'read_only', 'wsrep_on')";
    static const char session[] =
        "SET SESSION time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', "
        "autocommit = 1, lock_wait_timeout = " LOCK_WAIT ", innodb_lock_wait_timeout = " LOCK_WAIT;
    /* No gap locks: two consumers that insert neighbouring rows don't wait for each other, and so don't deadlock over
     * it. Every write is an upsert by primary key, so nothing that was read needs to stay as it was. */
    static const char committed[] = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";
    static const char read_only[] = "SET SESSION TRANSACTION READ ONLY";
    /* Rows are handed on as they come, to a reader that may take its time. */
    static const char patience[] = "SET SESSION net_write_timeout = " READER_WAIT_TEXT;
    store->packet = 0;
    store->is_statement_binlog = store->is_read_only = store->is_galera = false;
    enum store_status status = mysql_rows(store, variables, sizeof variables - 1, variable_read, store, error);
    if (status == STORE_OK) status = mysql_run(store, session, sizeof session - 1, "session", error);
    if (status == STORE_OK) statistics_set(store);
    if (status == STORE_OK && store->base.read_only) {
        status = mysql_run(store, patience, sizeof patience - 1, "session", error);
        if (status == STORE_OK) status = mysql_run(store, read_only, sizeof read_only - 1, "session", error);
        if (status == STORE_OK) status = time_limit_set(store, error);
        return status;
    }
    if (status == STORE_OK && !store->is_statement_binlog)
        status = mysql_run(store, committed, sizeof committed - 1, "session", error);
    return status;
}

/* Whether the server and the client library have array binding. */
static bool has_bulk(MYSQL *mysql) {
#ifdef MARIADB_BASE_VERSION
    unsigned long capabilities = 0;
    mariadb_get_infov(mysql, MARIADB_CONNECTION_EXTENDED_SERVER_CAPABILITIES, &capabilities);
    return capabilities & (MARIADB_CLIENT_STMT_BULK_OPERATIONS >> 32);
#else
    (void)mysql;
    return false;
#endif
}

static int ready_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    (void)lengths;
    *(bool *)context = n < 2 || !columns[1] || strcasecmp(columns[1], "OFF") != 0;
    return 0;
}

/* Where there are other servers: whether this one is of use. Galera's nodes that are cut off answer, and refuse all
 * queries. */
static enum store_status node_check(struct mysql_store *store, const char *what, struct error *error) {
    static const char sql[] = "SHOW STATUS LIKE 'wsrep_ready'";
    enum store_status status = STORE_OK;
    bool is_ready = true; /* another server says "OFF", too */
    if (store->is_galera) status = mysql_rows(store, sql, sizeof sql - 1, ready_read, &is_ready, error);
    if (status != STORE_OK) return status;
    if (is_ready && (store->base.read_only || !store->is_read_only)) return STORE_OK;
    error_set(error, "%s: the server is %s", what, is_ready ? "read-only" : "not ready (wsrep_ready = OFF)");
    return STORE_RETRY;
}

/* A host that is cut off says nothing, and an answer is waited for long: so the kernels ask each other. Fails on a UNIX
 * socket, which requires none of it. */
static void silence_bound(MYSQL *mysql) {
    static const struct {
        int level, name, value;
    } options[] = {
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, SILENCE_ASKED},
        {IPPROTO_TCP, TCP_KEEPINTVL, SILENCE_AGAIN},
        {IPPROTO_TCP, TCP_KEEPCNT, (SILENCE_MOST - SILENCE_ASKED) / SILENCE_AGAIN},
        {IPPROTO_TCP, TCP_USER_TIMEOUT, SILENCE_MOST * 1000}, /* of what was sent and not acknowledged */
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        (void)!setsockopt(mysql_socket(mysql), options[i].level, options[i].name, &options[i].value, sizeof(int));
}

/* Connects to the host whose turn it is. */
static enum store_status host_connect(struct mysql_store *store, struct error *error) {
    const struct mysql_host *host = &store->hosts[store->host];
    char what[512], at[300] = "";
    store->mysql = mysql_init(NULL);
    if (!store->mysql) {
        error_set(error, "can't initialize the MySQL client library");
        return STORE_REFUSED;
    }
    options_set(store, host);
    if (store->n_hosts > 1) mysql_host_show(host, at, sizeof at);
    snprintf(what, sizeof what, "%s%suser %s, database %s", at, *at ? ", " : "",
             store->user ? store->user : "(of the option file)", store->database);
    if (!mysql_real_connect(store->mysql, host->name, store->user, store->password, store->database, host->port,
                            store->socket, 0)) {
        unsigned code = mysql_errno(store->mysql);
        enum store_status status = mysql_status(code, mysql_sqlstate(store->mysql), mysql_error(store->mysql));
        mysql_error_show(error, what, code, mysql_error(store->mysql));
        return status == STORE_TAKEN ? STORE_REFUSED : status;
    }
    silence_bound(store->mysql);
    mysql_set_character_set(store->mysql, "utf8mb4"); /* an option file may have said otherwise */
    if (mysql_login_check(store->mysql, &store->login, what, error) != 0) return STORE_REFUSED;
    enum store_status status = session_set(store, error);
    if (status == STORE_OK && store->n_hosts > 1) status = node_check(store, what, error);
    return status;
}

enum store_status mysql_connect(struct mysql_store *store, struct error *error) {
    enum store_status status = STORE_OK, worst = STORE_REFUSED;
    unsigned first = store->host;
    char tried[ERROR_TEXT_MAX] = "";
    struct error why = {""};
    for (unsigned i = 0; i < store->n_hosts; i++) {
        store->host = (first + i) % store->n_hosts;
        status = host_connect(store, &why);
        if (status == STORE_OK) break;
        mysql_disconnect(store);
        mysql_hosts_tell(tried, sizeof tried, store->n_hosts, why.text);
        if (status != STORE_REFUSED) worst = status;
    }
    if (status != STORE_OK) {
        error_set(error, "%s", tried);
        return worst; /* another may be of use later, whatever the last one has said */
    }
    if (store->host != store->last_host) {
        store->last_host = store->host;
        char at[300];
        mysql_host_show(&store->hosts[store->host], at, sizeof at);
        log_notice("store", "connected to %s, of %u servers%s%s", at, store->n_hosts, *tried ? "; " : "", tried);
    }
    /* MariaDB can't write array binding into a binary log of statements (error 4033). */
    store->bulk = store->bulk_wanted && has_bulk(store->mysql) && !store->is_statement_binlog;
    mysql_cancel_arm(store);
    store->base.connections++;
    return STORE_OK;
}

enum store_status mysql_ensure(struct mysql_store *store, struct error *error) {
    if (store->mysql) {
        /* A transaction that a reader relies on can't be taken up on another connection. */
        bool in_transaction = store->mysql->server_status & SERVER_STATUS_IN_TRANS;
        if (mysql_ping(store->mysql) == 0) return STORE_OK;
        if (in_transaction) mysql_failed(store, "connection", error);
        mysql_leave(store);
        if (in_transaction) return STORE_RETRY;
    }
    return mysql_connect(store, error);
}
