/* The stores of a reading head, as --stores names them: taken apart, compared with the configuration, printed. */
#include "tool/head_stores.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/url.h"
#include "store/head.h"

enum { MYSQL_PORT = 3306 };

struct head_stores {
    unsigned n;
    char *texts[HEAD_STORES_MAX];
    struct url urls[HEAD_STORES_MAX];
    struct head_store stores[HEAD_STORES_MAX];
};

static void stores_release(struct head_stores *stores) {
    for (unsigned i = 0; i < stores->n; i++) {
        url_release(&stores->urls[i]);
        free(stores->texts[i]);
    }
}

/* Bytes up to the comma before the next URL: commas between hosts are of one URL. */
static size_t url_length(const char *text) {
    const char *at = text;
    while ((at = strchr(at, ',')) && strncmp(at + 1, "mysql:", 6) != 0 && strncmp(at + 1, "mariadb:", 8) != 0)
        at++;
    return at ? (size_t)(at - text) : strlen(text);
}

/* NULL, or why a head can't read it. */
static const char *store_fill(const struct url *url, struct head_store *store) {
    *store = (struct head_store){.host = url->host && *url->host ? url->host : "localhost",
                                 .user = url->user && *url->user ? url->user : "flowimport_reader",
                                 .database = url->path && *url->path ? url->path + 1 : "",
                                 .socket = url_param(url, "socket"),
                                 .port = url->port ? url->port : MYSQL_PORT};
    if (strcmp(url->scheme, "mysql") != 0 && strcmp(url->scheme, "mariadb") != 0)
        return "a head reads MySQL and MariaDB: expected mysql://user@host:port/database";
    if (url->n_more > 0) return "a head reads one server of each store: name one host";
    if (!*store->database) return "the URL has no database: expected mysql://user@host:port/database";
    if (!head_is_plain(store->host) || !head_is_plain(store->user) || !head_is_plain(store->database) ||
        (store->socket && !head_is_plain(store->socket)))
        return "quotes and backslashes can't stand in a head's statements";
    return NULL;
}

static bool is_same(const struct head_store *one, const struct head_store *other) {
    const char *sockets[] = {one->socket ? one->socket : "", other->socket ? other->socket : ""};
    return strcmp(one->host, other->host) == 0 && one->port == other->port && strcmp(sockets[0], sockets[1]) == 0 &&
           strcmp(one->database, other->database) == 0;
}

static const char *is_wrong(const struct head_stores *stores, unsigned n) {
    for (unsigned i = 0; i < n; i++)
        if (is_same(&stores->stores[i], &stores->stores[n]))
            return "the store is named twice: all of it would be counted twice";
    return NULL;
}

static int stores_read(const char *list, struct head_stores *stores) {
    for (const char *at = list; *at;) {
        size_t len = url_length(at);
        char *text = mem_strndup(at, len), *shown;
        struct error error;
        const char *wrong = NULL;
        if (stores->n == HEAD_STORES_MAX) wrong = "too many stores";
        if (!wrong && url_parse(&stores->urls[stores->n], text, &error) != 0) {
            free(text);
            return command_fail(EXIT_USAGE, "--stores: %s", error.text);
        }
        if (!wrong) {
            stores->texts[stores->n] = text;
            wrong = store_fill(&stores->urls[stores->n], &stores->stores[stores->n]);
            if (!wrong) wrong = is_wrong(stores, stores->n);
            stores->n++;
        }
        if (wrong) {
            shown = url_display(text);
            command_fail(EXIT_USAGE, "--stores: %s: %s", shown, wrong);
            free(shown);
            return EXIT_USAGE;
        }
        at += len + (at[len] == ',');
    }
    return EXIT_DONE;
}

/* A store that can't be reached from here may be reached by the head. */
static int stores_check(const struct command_call *call, const struct head_stores *stores) {
    int code = EXIT_DONE;
    for (unsigned i = 0; i < stores->n; i++) {
        struct store_config config = call->pipeline->importer.store;
        struct store *store = NULL;
        struct error error;
        config.url = stores->texts[i];
        config.read_only = true;
        if (stores->urls[i].password) config.password = NULL;
        enum store_status status = store_open(&store, &config, &call->pipeline->schema, &error);
        if (status == STORE_OK && store_is_head(store))
            code = command_fail(EXIT_FAILED, "%s: the database is a reading head itself", store_name(store));
        else if (status == STORE_RETRY)
            command_fail(EXIT_DONE, "not compared with the configuration: %s", error.text);
        else if (status != STORE_OK)
            code = command_fail(EXIT_FAILED, "%s", error.text);
        store_close(store);
    }
    return code;
}

int head_stores_print(const struct command_call *call, const char *name, struct buffer *out) {
    struct head_stores stores = {.n = 0};
    if (!call->options->stores || !*call->options->stores)
        return command_fail(EXIT_USAGE, "schema print head requires --stores URL,URL,...");
    if (!head_is_plain(name)) return command_fail(EXIT_USAGE, "--store: the name of the database has quotes");
    int code = stores_read(call->options->stores, &stores);
    if (code == EXIT_DONE) code = stores_check(call, &stores);
    if (code == EXIT_DONE) head_print(&call->pipeline->schema, name, stores.stores, stores.n, out);
    stores_release(&stores);
    return code;
}
