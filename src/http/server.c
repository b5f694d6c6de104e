/* libevent's evhttp reads requests and writes replies; ours are the address, the table of routes, and what evhttp 2.1
 * has not: a limit on connections, and a deadline for the whole of a request and of its reply. Its own timeout begins
 * anew with each byte. */
#include "http/server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/backoff.h"
#include "base/log.h"
#include "base/mem.h"

enum { BACKLOG = 128, RETRY_FIRST_MS = 500, RESUME_MS = 1000 };

/* The statuses that replies of ours have; evhttp itself says 400, 413 and 417. */
static const struct {
    int status;
    const char *number;
} statuses[] = {{200, "200"}, {404, "404"}, {405, "405"}, {503, "503"}};
enum { N_STATUSES = sizeof statuses / sizeof statuses[0] };

struct connection {
    struct http_server *server;
    struct event *deadline;         /* NULL: a free place */
    struct bufferevent *stream;     /* until connection_meet; a reference of ours */
    struct evhttp_connection *http; /* from then on */
    uint64_t turn;                  /* grows with every request: the lowest has kept us waiting longest */
};

struct http_server {
    struct evhttp *http;
    struct http_config config;
    struct event_base *base;
    struct evconnlistener *listener; /* NULL: the address could not be bound yet */
    struct event *retry;
    struct backoff backoff;
    struct connection connections[HTTP_CONNECTIONS];
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

static void on_close(struct evhttp_connection *http, void *context) {
    struct connection *connection = context;
    (void)http;
    event_free(connection->deadline);
    *connection = (struct connection){.deadline = NULL};
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

/* A free place, or the one whose client has kept us waiting longest. */
static struct connection *connection_place(struct http_server *server) {
    struct connection *oldest = &server->connections[0];
    for (unsigned i = 0; i < HTTP_CONNECTIONS; i++) {
        struct connection *connection = &server->connections[i];
        if (!connection->deadline) return connection;
        if (connection->turn < oldest->turn) oldest = connection;
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
    log_error("http", "a request came on a connection that is not ours: a bug");
    abort();
}

/* --- requests --- */

static unsigned status_find(int status) {
    for (unsigned i = 0; i < N_STATUSES; i++)
        if (statuses[i].status == status) return i;
    log_error("http", "a handler answers with status %d, which is not in the table: a bug", status);
    abort();
}

static void reply_send(struct http_server *server, struct evhttp_request *request, const struct http_reply *reply) {
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    char length[24];
    snprintf(length, sizeof length, "%zu", reply->body.len);
    evhttp_add_header(headers, "Content-Type", reply->type);
    evhttp_add_header(headers, "Content-Length", length);
    evhttp_add_header(headers, "Cache-Control", "no-store");
    evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
    if (evhttp_request_get_command(request) != EVHTTP_REQ_HEAD)
        evbuffer_add(evhttp_request_get_output_buffer(request), reply->body.data, reply->body.len);
    server->replies[status_find(reply->status)]++;
    evhttp_send_reply(request, reply->status, NULL, NULL);
}

/* Fills the reply. */
static void request_answer(const struct http_config *config, struct evhttp_request *request, struct http_reply *reply) {
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
    if (!(evhttp_request_get_command(request) & (EVHTTP_REQ_GET | EVHTTP_REQ_HEAD))) {
        struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
        evhttp_add_header(headers, "Allow", "GET, HEAD");
        evhttp_add_header(headers, "Connection", "close"); /* evhttp expects no body of a method it does not know */
        reply->status = 405;
        buffer_add_text(&reply->body, "Method Not Allowed\n");
        return;
    }
    for (unsigned i = 0; i < config->n_routes; i++) {
        if (strcmp(config->routes[i].path, path) != 0) continue;
        reply->status = 200;
        config->routes[i].handle(config->context, reply);
        return;
    }
    reply->status = 404;
    buffer_add_text(&reply->body, "Not Found\n");
    for (unsigned i = 0; i < config->n_routes; i++)
        buffer_printf(&reply->body, "%s\n", config->routes[i].path);
}

static void on_request(struct evhttp_request *request, void *context) {
    struct http_server *server = context;
    struct evhttp_connection *http = evhttp_request_get_connection(request);
    struct http_reply reply = {.type = "text/plain; charset=utf-8"};
    connection_wait(connection_find(server, http));
    request_answer(&server->config, request, &reply);
    reply_send(server, request, &reply);
    buffer_release(&reply.body);
    /* Until the reply is taken nothing more is read: a client that says no more would get no reply from evhttp. */
    bufferevent_disable(evhttp_connection_get_bufferevent(http), EV_READ);
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
        error_set(error, "'%s' is not accepted: it takes an address and a port, as 127.0.0.1:8469 or [::1]:8469",
                  listen);
    return found;
}

int http_listen_check(const char *listen, struct error *error) {
    struct addrinfo *address = address_parse(listen, error);
    if (!address) return -1;
    freeaddrinfo(address);
    return 0;
}

static bool is_loopback(const struct sockaddr *address) {
    if (address->sa_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
    return ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24 == 127;
}

/* No connection can be accepted, as where all file descriptors are in use: the listener would spin. Each RESUME_MS
 * on_retry enables it, as from here there is no way to the server. */
static void on_accept_failed(struct evconnlistener *listener, void *context) {
    (void)context; /* is evhttp's */
    log_error("http", "accept: %s; trying again", strerror(errno));
    evconnlistener_disable(listener);
}

static void listen_told(const struct http_server *server) {
    struct sockaddr_storage bound;
    socklen_t len = sizeof bound;
    char host[64] = "", port[8] = "";
    struct sockaddr *address = (struct sockaddr *)&bound;
    if (getsockname(evconnlistener_get_fd(server->listener), address, &len) != 0) return;
    getnameinfo(address, len, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    bool v6 = address->sa_family == AF_INET6;
    log_notice("http", "listening on %s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "", port);
    if (!is_loopback(address))
        log_warning("http", "%s can be reached from other hosts, and whoever reaches it can read",
                    server->config.listen);
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
        listen_told(server);
    } else {
        log_error("http", "%s: listen: %s; trying again", server->config.listen, strerror(errno));
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
                "Requests answered, by status; malformed ones are not counted.");
    for (unsigned i = 0; i < N_STATUSES; i++)
        show_member(show, statuses[i].number, server->replies[i]);
    show_gauge(show, "connections", "Connections that are open.", open);
    show_counter(show, "connections_total", "Connections accepted.", server->accepted);
    show_counter(show, "dropped_total", "Connections closed because their client was slow, or too many came.",
                 server->dropped);
}
