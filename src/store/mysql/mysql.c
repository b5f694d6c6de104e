/* The store in MySQL or MariaDB: its URL, its parts, and the table of its functions. */
#include "store/mysql/mysql.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/mysql/cancel.h"
#include "store/mysql/connection.h"
#include "store/mysql/hosts.h"
#include "store/mysql/login.h"
#include "store/mysql/mysql_query.h"
#include "store/mysql/setup_lock.h"
#include "store/mysql/write.h"

static void library_init(void) { mysql_library_init(0, NULL, NULL); }

static char *dup_or_null(const char *text) { return text && *text ? mem_strdup(text) : NULL; }

static const char *const yes_no[] = {"no", "yes"};

static int mysql_store_check(const struct store_config *config, const struct url *url, struct error *error) {
    static const char *const known[] = {"socket", "tls", "get-server-public-key", "bulk"};
    for (unsigned i = 0; i < url->n_params; i++) {
        bool is_known = false;
        for (size_t j = 0; j < sizeof known / sizeof known[0]; j++)
            is_known |= strcmp(known[j], url->params[i].name) == 0;
        if (!is_known)
            return error_set(error, "unknown parameter '%s'; expected socket, tls, get-server-public-key or bulk",
                             url->params[i].name);
    }
    if (!url->path || strlen(url->path) < 2 || strchr(url->path + 1, '/'))
        return error_set(error, "the URL has no database: expected mysql://user@host:port/database");
    const char *socket = url_param(url, "socket");
    if (socket && url->n_more) return error_set(error, "?socket= is of one server, and the URL names several");
    if (socket && !*socket) return error_set(error, "?socket= requires a path");
    if (socket && (url->port || (url->host && strcmp(url->host, "localhost") != 0)))
        return error_set(error, "?socket= is of this machine, and the URL names another host, or a port");
    struct mysql_login login = {.tls = MYSQL_TLS_OFF};
    unsigned bulk;
    if (mysql_word_read(url, "bulk", yes_no, 2, &bulk, error) != 0) return -1;
    int failed = mysql_login_read(&login, url, config, error);
    mysql_login_release(&login);
    return failed;
}

static void mysql_store_close(struct store *base) {
    struct mysql_store *store = mysql_own(base);
    mysql_disconnect(store);
    mysql_cancel_release(store);
    for (unsigned i = 0; i < base->schema->n_tables; i++) {
        buffer_release(&store->tables[i].head);
        buffer_release(&store->tables[i].tail);
    }
    mysql_hosts_release(store);
    mysql_login_release(&store->login);
    char *const owned[] = {store->user, store->password, store->database, store->socket};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++)
        free(owned[i]);
    free(store->tables);
    free(store->rows);
    free(store);
}

static enum store_status mysql_store_open(struct store **opened, const struct store_config *config,
                                          const struct url *url, const struct schema *schema, struct error *error) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    unsigned bulk = 1;
    if (mysql_word_read(url, "bulk", yes_no, 2, &bulk, error) != 0) return STORE_REFUSED;
    pthread_once(&once, library_init);
    struct mysql_store *store = mem_zalloc(1, sizeof *store);
    store->base.schema = schema;
    store->base.read_only = config->read_only;
    mysql_cancel_init(store);
    store->query_ms = config->query_ms;
    store->user = dup_or_null(url->user);
    store->password = dup_or_null(config->password ? config->password : url->password);
    store->database = mem_strdup(url->path + 1);
    store->socket = dup_or_null(url_param(url, "socket"));
    store->bulk_wanted = bulk == 1;
    store->tables = mem_zalloc(schema->n_tables, sizeof store->tables[0]);
    mysql_hosts_read(store, url);
    bool is_sound = mysql_login_read(&store->login, url, config, error) == 0;
    enum store_status status = is_sound ? mysql_connect(store, error) : STORE_REFUSED;
    if (status == STORE_OK)
        *opened = &store->base;
    else
        mysql_store_close(&store->base);
    return status;
}

const struct store_ops store_mysql_ops = {
    .dialect = DIALECT_MYSQL,
    .check = mysql_store_check,
    .open = mysql_store_open,
    .close = mysql_store_close,
    .begin = mysql_store_begin,
    .put = mysql_store_put,
    .send = mysql_store_send,
    .value_most = mysql_store_value_most,
    .commit = mysql_store_commit,
    .rollback = mysql_store_rollback,
    .query = mysql_store_query,
    .cancel = mysql_store_cancel,
    .setup = mysql_setup,
};
