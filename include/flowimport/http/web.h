/* The page and the API on one address, for those who may see them, and the routes of the program beside them. */
#ifndef FLOWIMPORT_HTTP_WEB_H
#define FLOWIMPORT_HTTP_WEB_H

#include "base/clock.h"
#include "http/names.h"
#include "http/server.h"
#include "http/workers.h"
#include "names/book.h"

/* All borrowed, for the life of the web. */
struct web_config {
    const char *listen;              /* as in http_config */
    int64_t retry_max_ms;            /* between tries to listen; 0: one try */
    const struct http_route *routes; /* answered before page and API are asked */
    unsigned n_routes;
    void *context;                 /* of the routes */
    const char *hosts;             /* names of this server besides the machine's own, "flows.example, flows"; NULL */
    const char *users;             /* the users' file, http/auth.h; NULL: who reaches the address may read */
    struct workers_config workers; /* the store, and how many ask it at a time */
    int64_t query_ms;              /* what an answer may take */
    struct names_config names;
    struct name_book *book; /* held by the web; NULL: no names */
    const char *learned;    /* the file of what devices say of themselves, over these; NULL: none */
    const struct clock *clock;
};

struct web; /* opaque */

/* Whether the users' file can be used. 0, or -1 with the error set: "FILE:LINE: ...". */
int web_users_check(const char *path, struct error *error) __attribute__((warn_unused_result));
/* NULL with the error set where the users' file or a database of names is wrong. */
struct web *web_new(struct event_base *base, const struct web_config *config, struct error *error);
void web_free(struct web *web); /* NULL does nothing */
/* Reads the users' file again; one that can't be used leaves the users as they were. The log says which. Questions from
 * now on are answered with the names of this book, which is held. */
void web_reload(struct web *web, struct name_book *book);
/* "127.0.0.1:8469"; NULL: it doesn't listen. Good until the next call. */
const char *web_address(struct web *web);
/* Whether the page is there; else the API alone. */
bool web_has_page(void);
void web_show(const struct web *web, struct show *show);

#endif
