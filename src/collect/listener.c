/* Sockets for export messages, and the wait for all of them at once. */
#include "collect/listener.h"

#include <errno.h>
#include <limits.h>
#include <linux/sock_diag.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "collect/connections.h"

enum {
    BACKLOG = 128,
    NAME_MAX_LEN = 80,            /* of an item: "tcp:[address%interface]:port" */
    DATAGRAM_ROOM = 65536 + 1088, /* its buffer; not a power of two, for their first lines not to share one cache set */
    PAUSE_US = 1000000,           /* before the next try to accept, where none could be */
};

struct socket {
    int fd;
    bool tcp;
    char name[NAME_MAX_LEN]; /* as configured */
    uint16_t port;
    uint32_t drops; /* the kernel's count, when it was last asked */
};

struct listener {
    struct listener_config config;
    struct listener_handler handler;
    struct listener_counters counters;
    int epoll;
    unsigned n;
    struct socket sockets[LISTENER_SOCKETS];
    struct connections *connections;
    int64_t expired_us;
    bool paused; /* nothing is accepted */
    int64_t paused_us;
    struct mmsghdr headers[LISTENER_BATCH];
    struct iovec places[LISTENER_BATCH];
    struct sockaddr_storage sources[LISTENER_BATCH];
    uint8_t *room; /* LISTENER_BATCH times DATAGRAM_ROOM; of it, pages are in memory that once held a datagram */
};

_Static_assert((size_t)LISTENER_BATCH *DATAGRAM_ROOM >= CONNECTION_ROOM, "connections read into the same room");

/* --- what is to be listened on --- */

struct item {
    char name[NAME_MAX_LEN];
    bool tcp;
    struct addrinfo *addresses; /* freeaddrinfo */
};

/* "udp:4739", "tcp:192.0.2.1:4739", "udp:[2001:db8::1]:4739" */
static struct addrinfo *item_resolve(const char *text, bool tcp) {
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                   .ai_socktype = tcp ? SOCK_STREAM : SOCK_DGRAM};
    struct addrinfo *found = NULL;
    const char *colon = strrchr(text, ':'), *port = colon ? colon + 1 : text;
    size_t len = colon ? (size_t)(colon - text) : 0, digits = strspn(port, "0123456789");
    bool bracketed = len > 2 && text[0] == '[' && text[len - 1] == ']';
    if (digits == 0 || digits > 5 || port[digits] || atoi(port) > UINT16_MAX) return NULL;
    if (colon && (len == 0 || (!bracketed && memchr(text, ':', len)))) return NULL;
    char *host = colon ? mem_strndup(text + bracketed, len - 2 * bracketed) : NULL;
    if (getaddrinfo(host, port, &hints, &found) != 0) found = NULL;
    free(host);
    return found;
}

static int item_parse(struct item *item, const char *text, size_t len, struct error *error) {
    snprintf(item->name, sizeof item->name, "%.*s", (int)len, text);
    item->tcp = strncmp(item->name, "tcp:", 4) == 0;
    item->addresses = NULL;
    if (len < sizeof item->name && (item->tcp || strncmp(item->name, "udp:", 4) == 0))
        item->addresses = item_resolve(item->name + 4, item->tcp);
    if (item->addresses) return 0;
    return error_set(error,
                     "'%.*s' is not accepted: expected udp:port, udp:address:port, tcp:port or tcp:address:port, as "
                     "udp:4739 or tcp:[::1]:4739",
                     (int)len, text);
}

/* Calls `take` with each item; -1 as soon as that does. */
static int items_each(const char *list, int (*take)(void *context, const struct item *item, struct error *error),
                      void *context, struct error *error) {
    static const char separators[] = ", \t\n";
    while (*(list += strspn(list, separators))) {
        struct item item;
        size_t len = strcspn(list, separators);
        if (item_parse(&item, list, len, error) != 0) return -1;
        int failed = take(context, &item, error);
        freeaddrinfo(item.addresses);
        if (failed) return -1;
        list += len;
    }
    return 0;
}

static int sockets_count(void *context, const struct item *item, struct error *error) {
    unsigned *n = context;
    for (const struct addrinfo *address = item->addresses; address; address = address->ai_next)
        ++*n;
    if (*n <= LISTENER_SOCKETS) return 0;
    return error_set(
        error, "'%s' is one too many: at most %d sockets are allowed, and a port without an address counts as two",
        item->name, LISTENER_SOCKETS);
}

int listener_check(const char *listen, struct error *error) {
    unsigned n = 0;
    return items_each(listen, sockets_count, &n, error);
}

/* --- opening --- */

/* The kernel gives twice what is asked, for what it keeps beside the bytes, and says so; but no more than its limit,
 * unless the process is privileged. */
static void buffer_size(struct listener *listener, const struct socket *socket) {
    uint64_t wanted = listener->config.buffer;
    int size = wanted > INT_MAX / 2 ? INT_MAX / 2 : (int)wanted, given = 0;
    socklen_t len = sizeof given;
    if (setsockopt(socket->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
        (void)setsockopt(socket->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    (void)getsockopt(socket->fd, SOL_SOCKET, SO_RCVBUF, &given, &len);
    uint64_t got = (uint64_t)given / 2;
    if (got < wanted)
        log_warning("collector",
                    "%s: the kernel limits the buffer to %llu instead of %llu bytes: raise net.core.rmem_max",
                    socket->name, (unsigned long long)got, (unsigned long long)wanted);
    if (!listener->counters.buffer || got < listener->counters.buffer) listener->counters.buffer = got;
}

/* 0, or -1 with errno set. */
static int socket_open(struct listener *listener, struct socket *socket, const struct addrinfo *address) {
    const int on = 1;
    struct sockaddr_storage bound;
    struct message_source own;
    socklen_t len = sizeof bound;
    struct epoll_event event = {.events = EPOLLIN};
    /* Of IPv6 alone: so the two sockets without an address don't get into each other's way. */
    if (address->ai_family == AF_INET6 && setsockopt(socket->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0)
        return -1;
    /* A restart must not wait for the last connections' end. */
    if (socket->tcp && setsockopt(socket->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return -1;
    if (bind(socket->fd, address->ai_addr, address->ai_addrlen) != 0) return -1;
    if (socket->tcp && listen(socket->fd, BACKLOG) != 0) return -1;
    if (getsockname(socket->fd, (struct sockaddr *)&bound, &len) != 0) return -1;
    source_from_sockaddr(&own, &bound);
    socket->port = own.port;
    event.data.u32 = (uint32_t)(socket - listener->sockets);
    return epoll_ctl(listener->epoll, EPOLL_CTL_ADD, socket->fd, &event);
}

static int item_open(void *context, const struct item *item, struct error *error) {
    struct listener *listener = context;
    unsigned opened = 0, n = listener->n;
    if (sockets_count(&n, item, error) != 0) return -1;
    for (const struct addrinfo *address = item->addresses; address; address = address->ai_next) {
        struct socket *place = &listener->sockets[listener->n];
        *place = (struct socket){.tcp = item->tcp};
        memcpy(place->name, item->name, sizeof place->name);
        place->fd = socket(address->ai_family, address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        /* A host without IPv6, or without IPv4. */
        if (place->fd < 0 && errno == EAFNOSUPPORT && (opened || address->ai_next)) continue;
        if (place->fd >= 0) listener->n++; /* listener_close() closes it */
        if (place->fd < 0 || socket_open(listener, place, address) != 0)
            return error_set(error, "'%s': %s", item->name, strerror(errno));
        if (!place->tcp) buffer_size(listener, place);
        opened++;
    }
    return 0;
}

static void batch_init(struct listener *listener) {
    listener->room = mem_alloc((size_t)LISTENER_BATCH * DATAGRAM_ROOM);
    for (unsigned i = 0; i < LISTENER_BATCH; i++) {
        listener->places[i] = (struct iovec){listener->room + (size_t)i * DATAGRAM_ROOM, DATAGRAM_ROOM};
        listener->headers[i].msg_hdr.msg_name = &listener->sources[i];
        listener->headers[i].msg_hdr.msg_iov = &listener->places[i];
        listener->headers[i].msg_hdr.msg_iovlen = 1;
    }
}

struct listener *listener_open(const struct listener_config *config, const struct listener_handler *handler,
                               struct error *error) {
    struct listener *listener = mem_zalloc(1, sizeof *listener);
    listener->config = *config;
    listener->handler = *handler;
    listener->epoll = epoll_create1(EPOLL_CLOEXEC);
    batch_init(listener);
    listener->connections = connections_new(&(struct connections_owner){.config = &listener->config,
                                                                        .handler = &listener->handler,
                                                                        .counters = &listener->counters,
                                                                        .room = listener->room,
                                                                        .epoll = listener->epoll,
                                                                        .first = LISTENER_SOCKETS});
    int failed = 0;
    if (listener->epoll < 0)
        failed = error_set(error, "epoll: %s", strerror(errno));
    else
        failed = items_each(config->listen, item_open, listener, error);
    if (!failed) return listener;
    listener_close(listener);
    return NULL;
}

void listener_close(struct listener *listener) {
    if (!listener) return;
    connections_free(listener->connections);
    for (unsigned i = 0; i < listener->n; i++)
        close(listener->sockets[i].fd);
    if (listener->epoll >= 0) close(listener->epoll);
    free(listener->room);
    free(listener);
}

int listener_fd(const struct listener *listener) { return listener->epoll; }

uint16_t listener_port(const struct listener *listener, unsigned i) { return listener->sockets[i].port; }

/* --- what arrives --- */

/* What SO_RXQ_OVFL would tell with each datagram, counted up to when that arrived, is asked for: so it is known at
 * once, and without a datagram to tell it. The count wraps. */
static void drops_ask(struct listener *listener, struct socket *socket, int64_t now_us) {
    uint32_t memory[SK_MEMINFO_VARS];
    socklen_t len = sizeof memory;
    if (getsockopt(socket->fd, SOL_SOCKET, SO_MEMINFO, memory, &len) != 0 || len < sizeof memory) return;
    uint32_t more = memory[SK_MEMINFO_DROPS] - socket->drops;
    socket->drops = memory[SK_MEMINFO_DROPS];
    if (!more) return;
    listener->counters.dropped += more;
    listener->handler.dropped(listener->handler.context, socket->name, more, now_us);
}

static unsigned datagrams_read(struct listener *listener, struct socket *socket, int64_t now_us) {
    const struct listener_handler *handler = &listener->handler;
    for (unsigned i = 0; i < LISTENER_BATCH; i++)
        listener->headers[i].msg_hdr.msg_namelen = sizeof listener->sources[i];
    int n = recvmmsg(socket->fd, listener->headers, LISTENER_BATCH, MSG_DONTWAIT, NULL);
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        log_warning("collector", "%s: receive: %s", socket->name, strerror(errno));
    for (int i = 0; i < n; i++) {
        struct message_source source;
        size_t len = listener->headers[i].msg_len;
        source_from_sockaddr(&source, &listener->sources[i]);
        listener->counters.datagrams++;
        listener->counters.octets += len;
        /* What is no message is counted there; there is no connection to close. */
        (void)handler->message(handler->context, &source, listener->places[i].iov_base, len, now_us);
    }
    drops_ask(listener, socket, now_us);
    return n > 0 ? (unsigned)n : 0;
}

static void accepting_set(struct listener *listener, bool accepting) {
    for (unsigned i = 0; i < listener->n; i++) {
        struct epoll_event event = {.events = accepting ? EPOLLIN : 0, .data.u32 = i};
        if (listener->sockets[i].tcp) (void)epoll_ctl(listener->epoll, EPOLL_CTL_MOD, listener->sockets[i].fd, &event);
    }
    listener->paused = !accepting;
}

/* Where all file descriptors are in use, the socket stays readable: without a pause the loop would spin. */
static void connection_take(struct listener *listener, const struct socket *socket, int64_t now_us) {
    if (connections_accept(listener->connections, socket->fd, now_us) == 0) return;
    log_error("collector", "%s: accept: %s; trying again", socket->name, strerror(errno));
    accepting_set(listener, false);
    listener->paused_us = now_us;
}

/* At most once a second; a clock that was set back doesn't make it wait. */
static void timers_run(struct listener *listener, int64_t now_us) {
    if (listener->paused && (now_us < listener->paused_us || now_us - listener->paused_us >= PAUSE_US))
        accepting_set(listener, true);
    if (now_us >= listener->expired_us && now_us - listener->expired_us < PAUSE_US) return;
    listener->expired_us = now_us;
    connections_expire(listener->connections, now_us);
}

unsigned listener_turn(struct listener *listener, int wait_ms) {
    struct epoll_event events[LISTENER_SOCKETS + LISTENER_CONNECTIONS];
    int n = epoll_wait(listener->epoll, events, LISTENER_SOCKETS + LISTENER_CONNECTIONS, wait_ms);
    int64_t now_us = clock_now_us(listener->config.clock);
    unsigned messages = 0;
    for (int i = 0; i < n; i++) {
        uint32_t which = events[i].data.u32;
        if (which >= LISTENER_SOCKETS)
            messages += connections_read(listener->connections, which - LISTENER_SOCKETS, now_us);
        else if (listener->sockets[which].tcp)
            connection_take(listener, &listener->sockets[which], now_us);
        else
            messages += datagrams_read(listener, &listener->sockets[which], now_us);
    }
    timers_run(listener, now_us);
    return messages;
}

const struct listener_counters *listener_counters(const struct listener *listener) { return &listener->counters; }

void listener_show(const struct listener_counters *counters, struct show *show) {
    show_module(show, "listener");
    show_counter(show, "datagrams_total", "Datagrams received.", counters->datagrams);
    show_counter(show, "bytes_total", "Bytes received, in datagrams and over TCP.", counters->octets);
    show_counter(show, "dropped_total", "Datagrams that the kernel dropped because a socket's buffer was full.",
                 counters->dropped);
    show_counter(show, "connections_total", "TCP connections accepted.", counters->connections);
    show_counter(show, "refused_total", "TCP connections from addresses not in the list of exporters.",
                 counters->refused);
    show_counter(show, "closed_idle_total", "TCP connections closed because they were idle.", counters->closed_idle);
    show_gauge(show, "connections", "Open TCP connections.", counters->open);
    show_gauge(show, "buffer_bytes", "The smallest receive buffer of a UDP socket.", counters->buffer);
}
