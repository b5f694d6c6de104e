/* libevent's evhttp reads requests and writes replies; ours are the address, the table of routes, and what evhttp 2.1
 * has not: a limit on connections, and a deadline for the whole of a request and of its reply. Its own timeout begins
 * anew with each byte. */
#include "http/server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "base/backoff.h"
#include "base/log.h"
#include "base/mem.h"

enum { BACKLOG = 128, RETRY_FIRST_MS = 500, RESUME_MS = 1000 };

/* The statuses that replies of ours have; evhttp itself says 400, 413 and 417. */
static const struct {
    int status;
    const char *number, *phrase;
} statuses[] = {{200, "200", "OK"},
                {304, "304", "Not Modified"},
                {400, "400", "Bad Request"},
                {401, "401", "Unauthorized"},
                {403, "403", "Forbidden"},
                {404, "404", "Not Found"},
                {405, "405", "Method Not Allowed"},
                {429, "429", "Too Many Requests"},
                {503, "503", "Service Unavailable"}};
enum { N_STATUSES = sizeof statuses / sizeof statuses[0] };

static const char *const header_names[HTTP_HEADERS] = {
    [HTTP_CACHE_CONTROL] = "Cache-Control",
    [HTTP_CONTENT_DISPOSITION] = "Content-Disposition",
    [HTTP_CONTENT_ENCODING] = "Content-Encoding",
    [HTTP_CONTENT_SECURITY_POLICY] = "Content-Security-Policy",
    [HTTP_ETAG] = "ETag",
    [HTTP_REFERRER_POLICY] = "Referrer-Policy",
    [HTTP_RETRY_AFTER] = "Retry-After",
    [HTTP_SERVER_TIMING] = "Server-Timing",
    [HTTP_VARY] = "Vary",
    [HTTP_WWW_AUTHENTICATE] = "WWW-Authenticate",
};

struct http_exchange {
    struct connection *connection;
    struct evhttp_request *request; /* NULL: none is to be answered */
    const struct http_route *route; /* NULL: `otherwise` */
    void (*gone)(void *context);    /* NULL: is not waited for */
    void *context;
};

struct connection {
    struct http_server *server;
    struct event *deadline;         /* NULL: a free place */
    struct bufferevent *stream;     /* until connection_meet; a reference of ours */
    struct evhttp_connection *http; /* from then on */
    uint64_t turn;                  /* grows with every request: the lowest has kept us waiting longest */
    size_t held;                    /* bytes of its last reply, until its next request */
    struct http_exchange exchange;
};

struct http_server {
    struct evhttp *http;
    struct http_config config;
    struct event_base *base;
    struct evconnlistener *listener; /* NULL: the address could not be bound yet */
    struct event *retry;
    struct backoff backoff;
    struct connection connections[HTTP_CONNECTIONS];
    size_t held;      /* of all connections */
    char address[80]; /* where it listens */
    uint64_t turns, accepted, dropped, replies[N_STATUSES];
};

/* --- connections --- */

static void timer_start(struct event *timer, int64_t ms) {
    struct timeval time = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    evtimer_add(timer, &time);
}

static void connection_wait(struct connection *connection) {
    connection->turn = ++connection->server->turns;
    timer_start(connection->deadline, connection->server->config.patience_ms);
}

static void held_set(struct connection *connection, size_t held) {
    connection->server->held += held - connection->held;
    connection->held = held;
}

static void on_close(struct evhttp_connection *http, void *context) {
    struct connection *connection = context;
    struct http_exchange exchange = connection->exchange;
    (void)http;
    held_set(connection, 0);
    event_free(connection->deadline);
    *connection = (struct connection){.deadline = NULL};
    if (exchange.request && exchange.gone) exchange.gone(exchange.context);
}

/* From when a request is whole evhttp tells to which connection it belongs; before, nothing does but the callbacks that
 * it has set on the stream it got from us: its connection is their argument. */
static void connection_meet(struct connection *connection) {
    void *http;
    bufferevent_getcb(connection->stream, NULL, NULL, NULL, &http);
    bufferevent_decref(connection->stream);
    connection->stream = NULL;
    connection->http = http;
    if (http) {
        evhttp_connection_set_closecb(http, on_close, connection);
        connection_wait(connection);
    } else {
        on_close(NULL, connection); /* evhttp could not use the stream, and freed it */
    }
}

static void connection_drop(struct connection *connection) {
    connection->server->dropped++;
    if (connection->stream) connection_meet(connection);
    if (connection->http) evhttp_connection_free(connection->http);
}

/* The first time it is made active: as soon as evhttp has set up the connection. */
static void on_deadline(evutil_socket_t fd, short what, void *context) {
    struct connection *connection = context;
    (void)fd;
    (void)what;
    if (connection->stream)
        connection_meet(connection);
    else
        connection_drop(connection);
}

/* Clients that we keep waiting come last. */
static bool connection_waits_longer(const struct connection *connection, const struct connection *other) {
    bool is_ours = connection->exchange.request != NULL, is_others = other->exchange.request != NULL;
    return is_ours != is_others ? is_others : connection->turn < other->turn;
}

/* Whether its client is gone, which evhttp has not seen yet: many that ask once each would take each other's places. */
static bool connection_is_left(const struct connection *connection) {
    char byte;
    if (!connection->http || connection->exchange.request) return false;
    struct bufferevent *stream = evhttp_connection_get_bufferevent(connection->http);
    return evbuffer_get_length(bufferevent_get_output(stream)) == 0 &&
           evbuffer_get_length(bufferevent_get_input(stream)) == 0 &&
           recv(bufferevent_getfd(stream), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* A free place, or that of a client that has left, or of the one that has kept us waiting longest. */
static struct connection *connection_place(struct http_server *server) {
    struct connection *oldest = &server->connections[0];
    for (unsigned i = 0; i < HTTP_CONNECTIONS; i++)
        if (!server->connections[i].deadline) return &server->connections[i];
    for (unsigned i = 0; i < HTTP_CONNECTIONS; i++) {
        struct connection *connection = &server->connections[i];
        if (connection_is_left(connection)) {
            evhttp_connection_free(connection->http);
            return connection;
        }
        if (connection_waits_longer(connection, oldest)) oldest = connection;
    }
    connection_drop(oldest);
    return oldest;
}

/* A line of a chunked body has no limit in evhttp; nor has what comes while it refuses a request. A high watermark
 * would not do: libevent would call evhttp over and over, which waits for more. */
static void on_input(struct evbuffer *input, const struct evbuffer_cb_info *change, void *context) {
    struct connection *connection = context;
    (void)change;
    if (evbuffer_get_length(input) > HTTP_UNREAD_BYTES) event_active(connection->deadline, EV_TIMEOUT, 0);
}

/* evhttp asks for a stream to put an accepted connection on. */
static struct bufferevent *on_accept(struct event_base *base, void *context) {
    struct http_server *server = context;
    struct connection *connection = connection_place(server);
    struct bufferevent *stream = bufferevent_socket_new(base, -1, 0);
    *connection = (struct connection){.server = server, .stream = stream, .turn = ++server->turns};
    server->accepted++;
    bufferevent_incref(stream);
    evbuffer_add_cb(bufferevent_get_input(stream), on_input, connection);
    connection->deadline = evtimer_new(base, on_deadline, connection);
    event_active(connection->deadline, EV_TIMEOUT, 0);
    return stream;
}

static struct connection *connection_find(struct http_server *server, const struct evhttp_connection *http) {
    for (unsigned i = 0; i < HTTP_CONNECTIONS; i++)
        if (server->connections[i].http == http) return &server->connections[i];
    log_error("http", "a request on an unknown connection: a bug");
    abort();
}

/* --- requests --- */

static unsigned status_find(int status) {
    for (unsigned i = 0; i < N_STATUSES; i++)
        if (statuses[i].status == status) return i;
    log_error("http", "a handler returned status %d, which is not in the table: a bug", status);
    abort();
}

static void reply_send(struct http_server *server, struct evhttp_request *request, const struct http_reply *reply) {
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    unsigned status = status_find(reply->status);
    char length[24];
    snprintf(length, sizeof length, "%zu", reply->body.len);
    if (reply->status != 304) {
        evhttp_add_header(headers, "Content-Type", reply->type);
        evhttp_add_header(headers, "Content-Length", length);
    }
    for (unsigned i = 0; i < HTTP_HEADERS; i++)
        if (reply->headers[i]) evhttp_add_header(headers, header_names[i], reply->headers[i]);
    if (!reply->headers[HTTP_CACHE_CONTROL]) evhttp_add_header(headers, "Cache-Control", "no-store");
    evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
    if (evhttp_request_get_command(request) != EVHTTP_REQ_HEAD && reply->status != 304)
        evbuffer_add(evhttp_request_get_output_buffer(request), reply->body.data, reply->body.len);
    server->replies[status]++;
    evhttp_send_reply(request, reply->status, statuses[status].phrase, NULL);
}

void http_answer(struct http_exchange *exchange, const struct http_reply *reply) {
    struct connection *connection = exchange->connection;
    struct http_server *server = connection->server;
    struct evhttp_request *request = exchange->request;
    *exchange = (struct http_exchange){.request = NULL};
    held_set(connection, 0);
    if (server->held + reply->body.len > HTTP_REPLY_BYTES) {
        struct http_reply refusal = {
            .status = 503, .type = "text/plain; charset=utf-8", .headers = {[HTTP_RETRY_AFTER] = "10"}};
        buffer_add_text(&refusal.body, "Too many large replies are waiting for slow clients\n");
        reply_send(server, request, &refusal);
        buffer_release(&refusal.body);
    } else {
        held_set(connection, reply->body.len);
        reply_send(server, request, reply);
    }
    connection_wait(connection);
    /* Until the reply is taken nothing more is read: a client that says no more would get no reply from evhttp. */
    bufferevent_disable(evhttp_connection_get_bufferevent(connection->http), EV_READ);
}

static void text_answer(struct http_exchange *exchange, int status, struct buffer *body) {
    struct http_reply reply = {.status = status, .type = "text/plain; charset=utf-8", .body = *body};
    http_answer(exchange, &reply);
    buffer_release(body);
}

void http_not_found(struct http_exchange *exchange) {
    const struct http_config *config = &exchange->connection->server->config;
    struct buffer body = BUFFER_INIT;
    buffer_add_text(&body, "Not Found\n");
    for (unsigned i = 0; i < config->n_routes; i++)
        buffer_printf(&body, "%s\n", config->routes[i].path);
    text_answer(exchange, 404, &body);
}

static void method_refuse(struct http_exchange *exchange) {
    struct evkeyvalq *headers = evhttp_request_get_output_headers(exchange->request);
    struct buffer body = BUFFER_INIT;
    evhttp_add_header(headers, "Allow", "GET, HEAD");
    evhttp_add_header(headers, "Connection", "close"); /* evhttp expects no body of a method it does not know */
    buffer_add_text(&body, "Method Not Allowed\n");
    text_answer(exchange, 405, &body);
}

void http_go_on(struct http_exchange *exchange) {
    const struct http_config *config = &exchange->connection->server->config;
    struct http_reply reply = {.status = 200, .type = "text/plain; charset=utf-8"};
    exchange->gone = NULL;
    if (exchange->route) {
        exchange->route->handle(config->context, &reply);
        http_answer(exchange, &reply);
        buffer_release(&reply.body);
    } else if (config->otherwise) {
        config->otherwise(config->front, exchange);
    } else {
        http_not_found(exchange);
    }
}

/* While a client waits, evhttp would take what it sends for an error of ours. */
static void on_left(struct bufferevent *stream, short what, void *context) {
    struct connection *connection = context;
    (void)stream;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) evhttp_connection_free(connection->http);
}

void http_later(struct http_exchange *exchange, void (*gone)(void *context), void *context) {
    struct connection *connection = exchange->connection;
    struct bufferevent *stream = evhttp_connection_get_bufferevent(connection->http);
    exchange->gone = gone;
    exchange->context = context;
    event_del(connection->deadline); /* it is the client's, and now we are the ones who are waited for */
    bufferevent_setcb(stream, NULL, NULL, on_left, connection);
    bufferevent_set_timeouts(stream, NULL, NULL);
    bufferevent_enable(stream, EV_READ);
}

/* Whether somebody before us could read another request in it than evhttp does: another end, another host. */
static bool is_doubtful(struct evhttp_request *request) {
    unsigned n_hosts = 0;
    const struct evkeyval *header;
    TAILQ_FOREACH(header, evhttp_request_get_input_headers(request), next) {
        n_hosts += strcasecmp(header->key, "Host") == 0;
        if (!*header->key || header->key[strcspn(header->key, " \t")]) return true;
    }
    return n_hosts > 1 || evhttp_find_header(evhttp_request_get_input_headers(request), "Transfer-Encoding");
}

static void doubtful_refuse(struct http_exchange *exchange) {
    struct buffer body = BUFFER_INIT;
    evhttp_add_header(evhttp_request_get_output_headers(exchange->request), "Connection", "close");
    buffer_add_text(&body, "Bad Request: send one Host, no Transfer-Encoding, and no spaces in header names\n");
    text_answer(exchange, 400, &body);
}

static void on_request(struct evhttp_request *request, void *context) {
    struct http_server *server = context;
    const struct http_config *config = &server->config;
    struct connection *connection = connection_find(server, evhttp_request_get_connection(request));
    struct http_exchange *exchange = &connection->exchange;
    connection_wait(connection);
    held_set(connection, 0);
    *exchange = (struct http_exchange){.connection = connection, .request = request};
    if (!(evhttp_request_get_command(request) & (EVHTTP_REQ_GET | EVHTTP_REQ_HEAD))) {
        method_refuse(exchange);
        return;
    }
    if (is_doubtful(request)) {
        doubtful_refuse(exchange);
        return;
    }
    for (unsigned i = 0; i < config->n_routes; i++)
        if (strcmp(config->routes[i].path, http_path(exchange)) == 0) exchange->route = &config->routes[i];
    if (config->admit && !(exchange->route && exchange->route->open))
        config->admit(config->front, exchange);
    else
        http_go_on(exchange);
}

/* --- what is asked --- */

const char *http_path(const struct http_exchange *exchange) {
    return evhttp_uri_get_path(evhttp_request_get_evhttp_uri(exchange->request));
}

const char *http_query(const struct http_exchange *exchange) {
    const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(exchange->request));
    return query ? query : "";
}

const char *http_header_value(const struct http_exchange *exchange, const char *name) {
    return evhttp_find_header(evhttp_request_get_input_headers(exchange->request), name);
}

const char *http_host(const struct http_exchange *exchange) { return evhttp_request_get_host(exchange->request); }

const char *http_client(const struct http_exchange *exchange) {
    char *address;
    ev_uint16_t port;
    evhttp_connection_get_peer(exchange->connection->http, &address, &port);
    return address;
}

/* Whether a list of words, as "gzip, br;q=0.5", has this one; what stands behind a ';' is skipped, but for q=0. */
static bool list_has(const char *list, const char *word) {
    size_t len = strlen(word);
    for (; list && *list; list += strcspn(list, ","), list += *list == ',') {
        list += strspn(list, " \t");
        if (strncasecmp(list, word, len) != 0 || !strchr(" \t,;", list[len])) continue;
        const char *quality = list + len + strspn(list + len, " \t;");
        return strncasecmp(quality, "q=0", 3) != 0 || strspn(quality + 2, "0.") < strcspn(quality + 2, " \t,");
    }
    return false;
}

bool http_accepts(const struct http_exchange *exchange, const char *coding) {
    return list_has(http_header_value(exchange, "Accept-Encoding"), coding);
}

bool http_has_etag(const struct http_exchange *exchange, const char *etag) {
    const char *list = http_header_value(exchange, "If-None-Match");
    return list_has(list, etag) || list_has(list, "*");
}

/* --- the address --- */

/* "127.0.0.1:8469" or "[::1]:8469", to be freed with freeaddrinfo; NULL with the error set. */
static struct addrinfo *address_parse(const char *listen, struct error *error) {
    static const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                          .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    const char *colon = strrchr(listen, ':');
    size_t len = colon ? (size_t)(colon - listen) : 0, digits = colon ? strspn(colon + 1, "0123456789") : 0;
    bool bracketed = len > 2 && listen[0] == '[' && listen[len - 1] == ']';
    if (len > 0 && digits > 0 && digits < 6 && !colon[1 + digits] && atoi(colon + 1) <= 65535 &&
        (bracketed || !memchr(listen, ':', len))) {
        char *host = mem_strndup(listen + bracketed, len - 2 * bracketed);
        if (getaddrinfo(host, colon + 1, &hints, &found) != 0) found = NULL;
        free(host);
    }
    if (!found)
        error_set(error, "'%s' is not accepted: expected an address and a port, such as 127.0.0.1:8469 or [::1]:8469",
                  listen);
    return found;
}

static bool is_loopback(const struct sockaddr *address) {
    if (address->sa_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
    return ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24 == 127;
}

int http_listen_check(const char *listen, struct error *error) {
    struct addrinfo *address = address_parse(listen, error);
    if (!address) return -1;
    freeaddrinfo(address);
    return 0;
}

bool http_listen_is_loopback(const char *listen) {
    struct addrinfo *address = address_parse(listen, NULL);
    bool loopback = address && is_loopback(address->ai_addr);
    if (address) freeaddrinfo(address);
    return loopback;
}

/* No connection can be accepted, as where all file descriptors are in use: the listener would spin. Each RESUME_MS
 * on_retry enables it, as from here there is no way to the server. */
static void on_accept_failed(struct evconnlistener *listener, void *context) {
    (void)context; /* is evhttp's */
    log_error("http", "accept: %s; trying again", strerror(errno));
    evconnlistener_disable(listener);
}

const char *http_server_address(struct http_server *server) {
    struct sockaddr_storage bound;
    socklen_t len = sizeof bound;
    char host[64] = "", port[8] = "";
    struct sockaddr *address = (struct sockaddr *)&bound;
    if (!server->listener || getsockname(evconnlistener_get_fd(server->listener), address, &len) != 0) return NULL;
    getnameinfo(address, len, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    bool v6 = address->sa_family == AF_INET6;
    snprintf(server->address, sizeof server->address, "%s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "", port);
    return server->address;
}

static void listen_told(struct http_server *server, const struct sockaddr *address) {
    const char *bound = http_server_address(server);
    if (bound) log_notice("http", "listening on %s", bound);
    if (!is_loopback(address))
        log_warning("http", "%s can be reached from other hosts%s", server->config.listen,
                    server->config.admit ? "" : " without a password");
}

/* Binds the address. */
static void server_listen(struct http_server *server) {
    struct addrinfo *address = address_parse(server->config.listen, NULL);
    if (!address) abort();
    server->listener = evconnlistener_new_bind(server->base, NULL, NULL,
                                               LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
                                               BACKLOG, address->ai_addr, (int)address->ai_addrlen);
    if (server->listener) {
        evconnlistener_set_error_cb(server->listener, on_accept_failed);
        evhttp_bind_listener(server->http, server->listener);
        listen_told(server, address->ai_addr);
    } else {
        log_error("http", "%s: listen: %s%s", server->config.listen, strerror(errno),
                  server->config.retry_max_ms ? "; trying again" : "");
    }
    freeaddrinfo(address);
}

static void on_retry(evutil_socket_t fd, short what, void *context) {
    struct http_server *server = context;
    (void)fd;
    (void)what;
    if (server->listener)
        evconnlistener_enable(server->listener);
    else
        server_listen(server);
    if (!server->listener && !server->config.retry_max_ms) return;
    timer_start(server->retry, server->listener ? RESUME_MS : backoff_failed(&server->backoff));
}

/* --- the server --- */

struct http_server *http_server_new(struct event_base *base, const struct http_config *config) {
    struct http_server *server = mem_zalloc(1, sizeof *server);
    server->config = *config;
    server->base = base;
    server->backoff = (struct backoff){.first_ms = RETRY_FIRST_MS, .max_ms = config->retry_max_ms};
    server->http = evhttp_new(base);
    evhttp_set_bevcb(server->http, on_accept, server);
    evhttp_set_gencb(server->http, on_request, server);
    evhttp_set_allowed_methods(server->http, UINT16_MAX); /* what is not allowed would be answered with 501 */
    evhttp_set_max_headers_size(server->http, HTTP_HEAD_BYTES);
    evhttp_set_max_body_size(server->http, 0);
    evhttp_set_flags(server->http, EVHTTP_SERVER_LINGERING_CLOSE); /* who sends a body sees the 413 */
    server->retry = evtimer_new(base, on_retry, server);
    on_retry(-1, 0, server);
    return server;
}

void http_server_free(struct http_server *server) {
    if (!server) return;
    for (unsigned i = 0; i < HTTP_CONNECTIONS; i++)
        if (server->connections[i].stream) connection_meet(&server->connections[i]);
    evhttp_free(server->http);
    event_free(server->retry);
    free(server);
}

void http_server_show(const struct http_server *server, struct show *show) {
    uint64_t open = 0;
    for (unsigned i = 0; i < HTTP_CONNECTIONS; i++)
        open += server->connections[i].deadline != NULL;
    show_module(show, "http");
    show_family(show, SHOW_COUNTER, "requests_total", "status",
                "Requests answered, by status; malformed requests are not counted.");
    for (unsigned i = 0; i < N_STATUSES; i++)
        show_member(show, statuses[i].number, server->replies[i]);
    show_gauge(show, "connections", "Open connections.", open);
    show_counter(show, "connections_total", "Connections accepted.", server->accepted);
    show_counter(show, "dropped_total", "Connections closed because the client was slow or there were too many.",
                 server->dropped);
}
