/* The connection to MySQL or MariaDB: how it is made, what its errors mean, and queries. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/mysql/mysql_store.h"

#if defined(MARIADB_BASE_VERSION) || MYSQL_VERSION_ID < 80000
typedef my_bool option_bool;
#else
typedef bool option_bool; /* Oracle's client gave its own type up */
#endif

/* Seconds. A statement waits for a lock at most half as long as we wait for its answer, so that the answer says what is
 * wrong. */
#define LOCK_WAIT "50"
#define READER_WAIT_TEXT "3600"
enum { CONNECT_WAIT = 10, WRITER_WAIT = 120, READER_WAIT = 3600, LIMIT_WAIT = 10, DEFAULT_PORT = 3306 };

/* What an error means, where its SQL state doesn't say so. Not in the table, and not of the states below: refused. */
static const struct {
    unsigned code;
    enum store_status status;
} codes[] = {
    {1020, STORE_RETRY},   /* record has changed since it was read */
    {1021, STORE_RETRY},   /* disk full */
    {1026, STORE_RETRY},   /* error writing file */
    {1030, STORE_RETRY},   /* got error N from storage engine: a full or failing disk mostly */
    {1037, STORE_RETRY},   /* out of memory */
    {1038, STORE_RETRY},   /* out of sort memory */
    {1040, STORE_RETRY},   /* too many connections */
    {1041, STORE_RETRY},   /* out of resources */
    {1044, STORE_REFUSED}, /* access denied to the database */
    {1045, STORE_REFUSED}, /* access denied: wrong user or password */
    {1047, STORE_RETRY},   /* a Galera node that isn't ready */
    {1053, STORE_RETRY},   /* server shutdown in progress */
    {1062, STORE_TAKEN},   /* duplicate key */
    {1077, STORE_RETRY},   /* normal shutdown */
    {1079, STORE_RETRY},   /* shutdown complete */
    {1080, STORE_RETRY},   /* forcing close of the thread */
    {1105, STORE_RETRY},   /* unknown error: TiDB's and Vitess's for what passes */
    {1114, STORE_RETRY},   /* the table is full: the disk */
    {1152, STORE_RETRY},   /* aborted connection */
    {1158, STORE_RETRY},   /* reading, writing packets ... */
    {1159, STORE_RETRY},   {1160, STORE_RETRY}, {1161, STORE_RETRY}, {1180, STORE_RETRY}, /* got error N during COMMIT
                                                                                           */
    {1203, STORE_RETRY},                                                                  /* max_user_connections */
    {1205, STORE_RETRY},                                                                  /* lock wait timeout */
    {1206, STORE_RETRY},                                                                  /* lock table full */
    {1213, STORE_RETRY},                                                                  /* deadlock */
    {1226, STORE_RETRY},   /* a resource limit of the user */
    {1290, STORE_RETRY},   /* --read-only: a failover under way, mostly */
    {1297, STORE_RETRY},   /* temporary error */
    {1317, STORE_RETRY},   /* the query was killed */
    {1412, STORE_RETRY},   /* table definition has changed */
    {1526, STORE_RETRY},   /* no partition for the value: somebody dropped it; it is made anew */
    {1615, STORE_RETRY},   /* statement needs to be prepared again */
    {1698, STORE_REFUSED}, /* access denied, without a password */
    {1792, STORE_RETRY},   /* read-only transaction */
    {1836, STORE_RETRY},   /* read-only mode */
    {1927, STORE_RETRY},   /* the connection was killed */
    {1969, STORE_RETRY},   /* max_statement_time */
    {3024, STORE_RETRY},   /* max_execution_time */
    {3100, STORE_RETRY},   /* group replication: a hook failed, the member isn't ready */
    {3101, STORE_RETRY},   /* group replication: rolled back by certification */
    {4031, STORE_RETRY},   /* disconnected for being idle */
    {8002, STORE_RETRY},   /* TiDB: write conflicts and regions on the move, to 9007 */
    {8022, STORE_RETRY},   {8028, STORE_RETRY}, {9001, STORE_RETRY}, {9002, STORE_RETRY},   {9003, STORE_RETRY},
    {9004, STORE_RETRY},   {9005, STORE_RETRY}, {9007, STORE_RETRY}, {2007, STORE_REFUSED}, /* the client library's: the
                                                                                               server is of another
                                                                                               protocol */
    {2020, STORE_REFUSED}, /* packet larger than max_allowed_packet */
    {2054, STORE_REFUSED}, /* character set unknown */
    {2059, STORE_REFUSED}, /* authentication plugin can't be loaded */
};

enum store_status mysql_status(unsigned code, const char *sqlstate) {
    if (code == 0) return STORE_OK;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].code == code) return codes[i].status;
    if (code >= 2000 && code < 3000) return STORE_RETRY; /* the client library's: no or no more connection */
    if (strncmp(sqlstate, "40", 2) == 0 || strncmp(sqlstate, "08", 2) == 0)
        return STORE_RETRY; /* rolled back, connection */
    return STORE_REFUSED;
}

/* Whether nothing can be said to the server on this connection any more. */
static bool is_lost(unsigned code) {
    return (code >= 2000 && code < 3000 && code != 2020 && code != 2036) || code == 1053 || code == 1077 ||
           code == 1079 || code == 1080 || code == 1927 || code == 4031;
}

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
}

enum store_status mysql_failed(struct mysql_store *store, const char *what, struct error *error) {
    unsigned code = mysql_errno(store->mysql);
    enum store_status status = mysql_status(code, mysql_sqlstate(store->mysql));
    error_set(error, "%s: %s (error %u)", what, mysql_error(store->mysql), code);
    if (is_lost(code)) mysql_disconnect(store);
    return status;
}

enum store_status mysql_run(struct mysql_store *store, const char *sql, size_t len, const char *what,
                            struct error *error) {
    if (!store->mysql) {
        error_set(error, "%s: the connection is lost", what);
        return STORE_RETRY;
    }
    return mysql_real_query(store->mysql, sql, (unsigned long)len) == 0 ? STORE_OK : mysql_failed(store, what, error);
}

/* Connecting
 * ----------------------------------------------------------------------------------------------------------- */

static void tls_set(const struct mysql_store *store) {
    MYSQL *mysql = store->mysql;
    if (store->tls_ca) mysql_options(mysql, MYSQL_OPT_SSL_CA, store->tls_ca);
    if (store->tls_cert) mysql_options(mysql, MYSQL_OPT_SSL_CERT, store->tls_cert);
    if (store->tls_key) mysql_options(mysql, MYSQL_OPT_SSL_KEY, store->tls_key);
#ifdef MARIADB_BASE_VERSION
    option_bool enforce = store->tls_required || store->tls_verify, verify = store->tls_verify;
    mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &enforce);
    mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
#else
    unsigned mode = store->tls_verify     ? SSL_MODE_VERIFY_IDENTITY
                    : store->tls_required ? SSL_MODE_REQUIRED
                                          : SSL_MODE_PREFERRED;
    mysql_options(mysql, MYSQL_OPT_SSL_MODE, &mode);
#endif
}

static void options_set(const struct mysql_store *store) {
    MYSQL *mysql = store->mysql;
    unsigned connect_wait = CONNECT_WAIT, wait = store->base.read_only ? READER_WAIT : WRITER_WAIT, local_infile = 0;
    if (store->query_ms) wait = (unsigned)(store->query_ms / 1000) + LIMIT_WAIT;
    mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_wait);
    mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &wait);
    mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &wait);
    mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &local_infile); /* a server can't ask for our files */
    mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_options(mysql, MYSQL_READ_DEFAULT_GROUP, "flowimport"); /* and [client]; for what the URL doesn't say */
    if (store->port) {
        unsigned protocol = MYSQL_PROTOCOL_TCP; /* else "localhost" means the socket, whatever the port */
        mysql_options(mysql, MYSQL_OPT_PROTOCOL, &protocol);
    }
    tls_set(store);
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
    if (strcmp(columns[0], "binlog_format") == 0) store->is_statement_binlog = strcmp(columns[1], "STATEMENT") == 0;
    return 0;
}

static enum store_status query_run(struct mysql_store *store, const char *sql, size_t len, store_row_fn *row,
                                   void *context, struct error *error);

static enum store_status session_set(struct mysql_store *store, struct error *error) {
    static const char variables[] =
        "SHOW VARIABLES WHERE variable_name IN ('max_allowed_packet', 'net_buffer_length', 'binlog_format')";
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
    store->is_statement_binlog = false;
    enum store_status status = query_run(store, variables, sizeof variables - 1, variable_read, store, error);
    if (status == STORE_OK) status = mysql_run(store, session, sizeof session - 1, "session", error);
    if (status == STORE_OK && store->base.read_only) {
        status = mysql_run(store, patience, sizeof patience - 1, "session", error);
        if (status == STORE_OK) status = mysql_run(store, read_only, sizeof read_only - 1, "session", error);
        if (status == STORE_OK) status = mysql_time_limit(store, error);
        return status;
    }
    if (status == STORE_OK && !store->is_statement_binlog)
        status = mysql_run(store, committed, sizeof committed - 1, "session", error);
    return status;
}

static enum store_status connect_to(struct mysql_store *store, struct error *error) {
    char what[512];
    store->mysql = mysql_init(NULL);
    if (!store->mysql) {
        error_set(error, "the MySQL client library can't be set up");
        return STORE_REFUSED;
    }
    options_set(store);
    snprintf(what, sizeof what, "user %s, database %s", store->user ? store->user : "(of the option file)",
             store->database);
    if (!mysql_real_connect(store->mysql, store->host, store->user, store->password, store->database, store->port,
                            store->socket, 0)) {
        enum store_status status = mysql_failed(store, what, error);
        mysql_disconnect(store);
        return status == STORE_TAKEN ? STORE_REFUSED : status;
    }
    mysql_set_character_set(store->mysql, "utf8mb4"); /* an option file may have said otherwise */
    if ((store->tls_required || store->tls_verify) && !mysql_get_ssl_cipher(store->mysql)) {
        error_set(error, "%s: TLS is required, and the connection has none", what);
        mysql_disconnect(store);
        return STORE_REFUSED;
    }
    store->bulk = store->bulk_wanted && mysql_bulk_supported(store->mysql);
    enum store_status status = session_set(store, error);
    if (status != STORE_OK)
        mysql_disconnect(store);
    else
        mysql_cancel_arm(store);
    return status;
}

enum store_status mysql_ensure(struct mysql_store *store, struct error *error) {
    if (store->mysql) {
        /* A transaction that a reader relies on can't be taken up on another connection. */
        bool in_transaction = store->mysql->server_status & SERVER_STATUS_IN_TRANS;
        if (mysql_ping(store->mysql) == 0) return STORE_OK;
        if (in_transaction) {
            mysql_failed(store, "connection", error);
            mysql_disconnect(store);
            return STORE_RETRY;
        }
        mysql_disconnect(store);
    }
    return connect_to(store, error);
}

/* Queries
 * -------------------------------------------------------------------------------------------------------------- */

static enum store_status query_run(struct mysql_store *store, const char *sql, size_t len, store_row_fn *row,
                                   void *context, struct error *error) {
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
        status = mysql_status(code, mysql_sqlstate(store->mysql));
    }
    mysql_free_result(result); /* while there is still a connection for it to read to the end of */
    if (is_lost(code)) mysql_disconnect(store);
    return status;
}

/* As hexadecimal literals, which need no escaping whatever the session's sql_mode and character set are. */
static void param_add(struct buffer *out, const struct store_param *param) {
    const unsigned char *bytes = param->bytes;
    if (param->type == STORE_PARAM_INTEGER) {
        buffer_printf(out, "%lld", (long long)param->integer);
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
        error_set(error, "%u values are wanted, %u given: %s", n, n_params, sql);
        status = STORE_REFUSED;
    } else {
        status = query_run(store, filled.data, filled.len, row, context, error);
    }
    if (status != STORE_OK && atomic_load(&base->cancelled)) mysql_cancel_finish(store, connection);
    buffer_release(&filled);
    return status;
}

/* Opening
 * -------------------------------------------------------------------------------------------------------------- */

static void library_init(void) { mysql_library_init(0, NULL, NULL); }

static char *dup_or_null(const char *text) { return text && *text ? mem_strdup(text) : NULL; }

/* A word out of two, of a parameter of the URL. 0, or -1 with the error set. */
static int word_read(const struct url *url, const char *name, const char *const *words, unsigned n, unsigned *index,
                     struct error *error) {
    const char *value = url_param(url, name);
    if (!value) return 0;
    for (unsigned i = 0; i < n; i++)
        if (strcmp(words[i], value) == 0) {
            *index = i;
            return 0;
        }
    return error_set(error, "?%s=%s is neither '%s' nor '%s'", name, value, words[0], words[1]);
}

static int url_check(const struct url *url, struct error *error) {
    static const char *const known[] = {"socket", "tls", "bulk"};
    for (unsigned i = 0; i < url->n_params; i++) {
        bool is_known = false;
        for (size_t j = 0; j < sizeof known / sizeof known[0]; j++)
            is_known |= strcmp(known[j], url->params[i].name) == 0;
        if (!is_known)
            return error_set(error, "unknown parameter '%s'; known are socket, tls and bulk", url->params[i].name);
    }
    if (!url->path || strlen(url->path) < 2 || strchr(url->path + 1, '/'))
        return error_set(error, "the URL names no database: mysql://user@host:port/database");
    return 0;
}

static void mysql_store_close(struct store *base) {
    struct mysql_store *store = mysql_own(base);
    mysql_disconnect(store);
    mysql_cancel_release(store);
    for (unsigned i = 0; i < base->schema->n_tables; i++) {
        buffer_release(&store->tables[i].head);
        buffer_release(&store->tables[i].tail);
    }
    char *const owned[] = {store->host,   store->user,   store->password, store->database,
                           store->socket, store->tls_ca, store->tls_cert, store->tls_key};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++)
        free(owned[i]);
    free(store->tables);
    free(store->rows);
    free(store);
}

static enum store_status mysql_store_open(struct store **opened, const struct store_config *config,
                                          const struct url *url, const struct schema *schema, struct error *error) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static const char *const yes_no[] = {"no", "yes"}, *const tls_words[] = {"required", "verify"};
    unsigned bulk = 1, tls = 2;
    if (url_check(url, error) != 0 || word_read(url, "bulk", yes_no, 2, &bulk, error) != 0 ||
        word_read(url, "tls", tls_words, 2, &tls, error) != 0)
        return STORE_REFUSED;
    pthread_once(&once, library_init);
    struct mysql_store *store = mem_zalloc(1, sizeof *store);
    store->base.schema = schema;
    store->base.read_only = config->read_only;
    mysql_cancel_init(store);
    store->query_ms = config->query_ms;
    store->host = dup_or_null(url->host);
    store->user = dup_or_null(url->user);
    store->password = dup_or_null(config->password ? config->password : url->password);
    store->database = mem_strdup(url->path + 1);
    store->socket = dup_or_null(url_param(url, "socket"));
    store->port = (unsigned)url->port;
    if (!store->port && store->host && strcmp(store->host, "localhost") != 0) store->port = DEFAULT_PORT;
    store->tls_ca = dup_or_null(config->tls_ca);
    store->tls_cert = dup_or_null(config->tls_cert);
    store->tls_key = dup_or_null(config->tls_key);
    store->tls_required = config->tls_required || tls < 2;
    store->tls_verify = tls == 1 || store->tls_ca; /* who names an authority wants it asked */
    store->bulk_wanted = bulk == 1;
    store->tables = mem_zalloc(schema->n_tables, sizeof store->tables[0]);
    enum store_status status = connect_to(store, error);
    if (status == STORE_OK)
        *opened = &store->base;
    else
        mysql_store_close(&store->base);
    return status;
}

const struct store_ops store_mysql_ops = {
    .dialect = DIALECT_MYSQL,
    .open = mysql_store_open,
    .close = mysql_store_close,
    .begin = mysql_store_begin,
    .put = mysql_store_put,
    .commit = mysql_store_commit,
    .rollback = mysql_store_rollback,
    .query = mysql_store_query,
    .cancel = mysql_store_cancel,
};
