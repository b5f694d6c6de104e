/* The servers that a store's URL names: whichever answers is as good as the others. */
#include "store/mysql/hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { DEFAULT_PORT = 3306, SHARE_LEAST = 120 };

static struct mysql_host host_make(const char *name, int port) {
    struct mysql_host host = {.name = name && *name ? mem_strdup(name) : NULL, .port = (unsigned)port};
    if (!host.port && host.name && strcmp(host.name, "localhost") != 0) host.port = DEFAULT_PORT;
    return host;
}

void mysql_hosts_read(struct mysql_store *store, const struct url *url) {
    store->hosts[store->n_hosts++] = host_make(url->host, url->port);
    for (unsigned i = 0; i < url->n_more; i++)
        store->hosts[store->n_hosts++] = host_make(url->more[i].name, url->more[i].port);
}

void mysql_hosts_release(struct mysql_store *store) {
    for (unsigned i = 0; i < store->n_hosts; i++)
        free(store->hosts[i].name);
    store->n_hosts = 0;
}

void mysql_hosts_next(struct mysql_store *store) { store->host = (store->host + 1) % store->n_hosts; }

void mysql_hosts_tell(char *text, size_t size, unsigned n, const char *why) {
    size_t len = strlen(text), share = size / n > SHARE_LEAST ? size / n : SHARE_LEAST;
    snprintf(text + len, size - len, "%s%.*s", len ? "; " : "", (int)share - 3, why);
}

void mysql_host_show(const struct mysql_host *host, char *out, size_t size) {
    const char *name = host->name ? host->name : "localhost";
    if (!host->port)
        snprintf(out, size, "%s", name);
    else
        snprintf(out, size, strchr(name, ':') ? "[%s]:%u" : "%s:%u", name, host->port);
}
