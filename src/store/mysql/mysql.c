/* The store in MySQL or MariaDB: its URL, its parts, and the table of its functions. */
#include "store/mysql/mysql.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/mysql/cancel.h"
#include "store/mysql/connection.h"
#include "store/mysql/mysql_query.h"
#include "store/mysql/write.h"

enum { DEFAULT_PORT = 3306 };

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
    return error_set(error, "?%s=%s: expected '%s' or '%s'", name, value, words[0], words[1]);
}

static int url_check(const struct url *url, struct error *error) {
    static const char *const known[] = {"socket", "tls", "bulk"};
    for (unsigned i = 0; i < url->n_params; i++) {
        bool is_known = false;
        for (size_t j = 0; j < sizeof known / sizeof known[0]; j++)
            is_known |= strcmp(known[j], url->params[i].name) == 0;
        if (!is_known)
            return error_set(error, "unknown parameter '%s'; expected socket, tls or bulk", url->params[i].name);
    }
    if (!url->path || strlen(url->path) < 2 || strchr(url->path + 1, '/'))
        return error_set(error, "the URL has no database: expected mysql://user@host:port/database");
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
    enum store_status status = mysql_connect(store, error);
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
    .send = mysql_store_send,
    .value_most = mysql_store_value_most,
    .commit = mysql_store_commit,
    .rollback = mysql_store_rollback,
    .query = mysql_store_query,
    .cancel = mysql_store_cancel,
};
