/* A small HTTP/1.1 server on the event loop: GET and HEAD, answered at once or later, by a table of paths and by one
 * handler for all others.
 *
 * An address that can't be bound is said in the log and tried again. What strangers can make us hold is bounded:
 * HTTP_CONNECTIONS connections, each with HTTP_UNREAD_BYTES, one reply, and a request's head of HTTP_HEAD_BYTES, for
 * which libevent takes 112 bytes a line: 0.9 MiB where each line is one byte; and HTTP_REPLY_BYTES of replies that are
 * not yet taken, of all connections. To make its first request, and to take each reply and make the next, a client has
 * `patience_ms`; when one connection more comes, the one whose client has kept us waiting longest is closed, so that no
 * number of idle or slow clients shuts another out. */
#ifndef FLOWIMPORT_HTTP_SERVER_H
#define FLOWIMPORT_HTTP_SERVER_H

#include <event2/event.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/show.h"

enum {
    HTTP_CONNECTIONS = 64,
    HTTP_HEAD_BYTES = 8192, /* line ends are not counted */
    HTTP_UNREAD_BYTES = 32768,
    HTTP_REPLY_BYTES = 256 << 20, /* a reply beyond it is 503 */
};

/* The headers that a reply can have besides those that every reply has. */
enum http_header {
    HTTP_CACHE_CONTROL, /* no-store where nothing is said */
    HTTP_CONTENT_DISPOSITION,
    HTTP_CONTENT_ENCODING,
    HTTP_CONTENT_SECURITY_POLICY,
    HTTP_ETAG,
    HTTP_REFERRER_POLICY,
    HTTP_RETRY_AFTER,
    HTTP_SERVER_TIMING,
    HTTP_VARY,
    HTTP_WWW_AUTHENTICATE,
    HTTP_HEADERS
};

struct http_reply {
    int status;       /* 200 unless the handler says otherwise, from the table in server.c */
    const char *type; /* of the content; set by the handler, static */
    struct buffer body;
    const char *headers[HTTP_HEADERS]; /* NULL: not sent */
};

/* A request and the way of its reply: until it is answered, or its client has left. */
struct http_exchange; /* opaque */

struct http_route {
    const char *path;
    void (*handle)(void *context, struct http_reply *reply);
    bool open; /* answered to everybody: `admit` has no say */
};

struct http_config {
    const char *listen; /* "127.0.0.1:8469", "[::1]:8469"; port 0: any free one, told in the log */
    const struct http_route *routes;
    unsigned n_routes;
    /* Whether to answer: calls http_go_on(), or http_answer() with a refusal, at once or later. NULL: everybody. */
    void (*admit)(void *context, struct http_exchange *exchange);
    /* What is in no route: calls http_answer() or http_not_found(), at once or later. NULL: is not found. */
    void (*otherwise)(void *context, struct http_exchange *exchange);
    void *context; /* of the routes */
    void *front;   /* of `admit` and `otherwise` */
    int64_t patience_ms;
    int64_t retry_max_ms; /* between tries to listen; 0: one try */
};

struct http_server; /* opaque */

/* Whether `listen` is an address and port. 0, or -1 with the error set. */
int http_listen_check(const char *listen, struct error *error) __attribute__((warn_unused_result));
/* Whether only this machine reaches it. */
bool http_listen_is_loopback(const char *listen);

/* All borrowed; the routes and `listen` for the life of the server. An address that http_listen_check refuses aborts.
 * Listens at once, or later, see above. */
struct http_server *http_server_new(struct event_base *base, const struct http_config *config);
void http_server_free(struct http_server *server); /* NULL does nothing */
/* "127.0.0.1:8469", with the port that is bound; NULL: it doesn't listen. Good until the next call. */
const char *http_server_address(struct http_server *server);
void http_server_show(const struct http_server *server, struct show *show);

/* --- for handlers --- */

/* As they came, percent-encoded; borrowed until the answer. The query is "" where there is none. */
const char *http_path(const struct http_exchange *exchange);
const char *http_query(const struct http_exchange *exchange);
/* The value of a request's header, or NULL. */
const char *http_header_value(const struct http_exchange *exchange, const char *name);
/* The host that is asked, without its port: of the request line, else of the header; NULL. */
const char *http_host(const struct http_exchange *exchange);
/* Who asks: "192.0.2.7". */
const char *http_client(const struct http_exchange *exchange);
/* Whether the client has this entity tag already, W/"...": then the answer is 304 and has no body. */
bool http_has_etag(const struct http_exchange *exchange, const char *etag);
/* Whether the client takes a body in this coding: "gzip". */
bool http_accepts(const struct http_exchange *exchange, const char *coding);

/* For an answer that comes later: `gone` is called when the client leaves before, and the exchange is no more. A client
 * that closes its side only has left, too. */
void http_later(struct http_exchange *exchange, void (*gone)(void *context), void *context);
/* Each ends the exchange. The reply is the caller's. */
void http_answer(struct http_exchange *exchange, const struct http_reply *reply);
void http_not_found(struct http_exchange *exchange);
/* Who asks may: on to the route, or to `otherwise`. */
void http_go_on(struct http_exchange *exchange);

#endif
