/* A small HTTP/1.1 server on the event loop, for short answers that are ready at once: GET and HEAD of the paths in a
 * table.
 *
 * An address that can't be bound is said in the log and tried again. What strangers can make us hold is bounded:
 * HTTP_CONNECTIONS connections, each with HTTP_UNREAD_BYTES, one reply, and a request's head of HTTP_HEAD_BYTES, for
 * which libevent takes 112 bytes a line: 0.9 MiB where each line is one byte. To make its first request, and to take
 * each reply and make the next, a client has `patience_ms`; when one connection more comes, the one whose client has
 * kept us waiting longest is closed, so that no number of idle or slow clients shuts another out. */
#ifndef FLOWIMPORT_HTTP_SERVER_H
#define FLOWIMPORT_HTTP_SERVER_H

#include <event2/event.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/show.h"

enum {
    HTTP_CONNECTIONS = 64,
    HTTP_HEAD_BYTES = 8192, /* line ends are not counted */
    HTTP_UNREAD_BYTES = 32768,
};

struct http_reply {
    int status;       /* 200 unless the handler says otherwise, from the table in server.c */
    const char *type; /* of the content; set by the handler, static */
    struct buffer body;
};

struct http_route {
    const char *path;
    void (*handle)(void *context, struct http_reply *reply);
};

struct http_config {
    const char *listen; /* "127.0.0.1:8469", "[::1]:8469"; port 0: any free one, told in the log */
    const struct http_route *routes;
    unsigned n_routes;
    void *context; /* of the handlers */
    int64_t patience_ms;
    int64_t retry_max_ms; /* between tries to listen */
};

struct http_server; /* opaque */

/* Whether `listen` is an address and port. 0, or -1 with the error set. */
int http_listen_check(const char *listen, struct error *error) __attribute__((warn_unused_result));

/* All borrowed; the routes and `listen` for the life of the server. An address that http_listen_check refuses aborts.
 * Listens at once, or later, see above. */
struct http_server *http_server_new(struct event_base *base, const struct http_config *config);
void http_server_free(struct http_server *server); /* NULL does nothing */
void http_server_show(const struct http_server *server, struct show *show);

#endif
