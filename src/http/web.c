/* What belongs together to answer: the server, its guard, the API's threads, the page, the names. */
#include "http/web.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "http/assets.h"
#include "http/book.h"
#include "http/dispatch.h"
#include "http/guard.h"

enum {
    PATIENCE_MS = 30000,
    SPARE_MS = 1000, /* by which the server's clock comes after ours, whose text is better */
};

struct web {
    struct http_server *server;
    struct workers *workers;
    struct names *names;
    struct book *book;
    const char *users; /* the file of the guard's; NULL: none */
    struct guard guard;
    struct dispatch dispatch;
    struct store_config store;
    struct api_names api_names;
};

static void admit(void *context, struct http_exchange *exchange) {
    struct web *web = context;
    guard_admit(&web->guard, exchange);
}

static void answer(void *context, struct http_exchange *exchange) {
    struct web *web = context;
    const char *path = http_path(exchange);
    const struct asset *asset = asset_find(path);
    if (strncmp(path, "/api/", strlen("/api/")) == 0)
        dispatch_answer(&web->dispatch, exchange);
    else if (asset)
        asset_answer(asset, exchange);
    else
        http_not_found(exchange);
}

int web_users_check(const char *path, struct error *error) {
    struct auth *auth = auth_open(path, error);
    auth_free(auth);
    return auth ? 0 : -1;
}

struct web *web_new(struct event_base *base, const struct web_config *config, struct error *error) {
    struct web *web = mem_zalloc(1, sizeof *web);
    struct workers_config workers = config->workers;
    struct http_config http = {.listen = config->listen,
                               .routes = config->routes,
                               .n_routes = config->n_routes,
                               .context = config->context,
                               .admit = admit,
                               .otherwise = answer,
                               .front = web,
                               .patience_ms = PATIENCE_MS,
                               .retry_max_ms = config->retry_max_ms};
    web->users = config->users;
    if (config->users && !(web->guard.auth = auth_open(config->users, error))) goto failed;
    web->names = names_new(base, &config->names, error);
    if (!web->names) goto failed;
    web->store = *config->workers.store;
    web->store.query_ms = config->query_ms + SPARE_MS;
    workers.store = &web->store;
    web->workers = workers_new(base, &workers);
    web->guard.hosts = config->hosts;
    web->guard.workers = web->workers;
    web->guard.clock = config->clock;
    web->api_names = (struct api_names){.context = web->names, .find = names_find};
    web->dispatch = (struct dispatch){.base = base,
                                      .workers = web->workers,
                                      .schema = workers.schema,
                                      .clock = config->clock,
                                      .names = &web->api_names,
                                      .patience_ms = config->query_ms};
    web->server = http_server_new(base, &http);
    web->book = book_new(base, config->book, config->learned, &web->dispatch.book);
    return web;
failed:
    web_free(web);
    return NULL;
}

void web_free(struct web *web) {
    if (!web) return;
    http_server_free(web->server); /* first: it cancels what its clients wait for */
    workers_free(web->workers);
    names_free(web->names);
    auth_free(web->guard.auth);
    book_free(web->book);
    free(web);
}

void web_reload(struct web *web, struct name_book *book) {
    struct error error;
    book_files(web->book, book);
    if (!web->users) return;
    if (auth_read(web->guard.auth, web->users, &error) == 0)
        log_notice("http", "%s: reloaded", web->users);
    else
        log_error("http", "%s; the users are unchanged", error.text);
}

const char *web_address(struct web *web) { return http_server_address(web->server); }

bool web_has_page(void) { return assets_are_page; }

void web_show(const struct web *web, struct show *show) {
    http_server_show(web->server, show);
    workers_show(web->workers, show);
    names_show(web->names, show);
    book_show(web->book, show);
}
