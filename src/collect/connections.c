/* IPFIX over TCP: a message's header tells its length; what is of another version is no exporter's. */
#include "collect/connections.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"

enum { IPFIX_VERSION = 10, IPFIX_HEADER = 16, PEER_TEXT = INET6_ADDRSTRLEN + 8, AND_MORE_TEXT = 64 };

struct connection {
    int fd; /* -1: a free place */
    struct message_source source;
    int64_t heard_us;
    bool proven;    /* it has sent a message */
    uint8_t *begun; /* a message that is not yet whole: as far as it has come */
    size_t len, size;
};

/* Lines in the log that anybody can cause, by connecting: of each kind one in SAY_US, which counts the others. */
#define SAY_US (INT64_C(60) * 1000000)
struct seldom {
    bool said;
    int64_t said_us;
    uint64_t unsaid;
};

struct connections {
    struct connections_owner owner;
    struct seldom refused, closed;
    uint64_t number; /* of the last connection */
    struct connection places[LISTENER_CONNECTIONS];
};

void source_from_sockaddr(struct message_source *source, const struct sockaddr_storage *address) {
    memset(source, 0, sizeof *source);
    if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
        source->family = FLOW_IPV6;
        source->port = ntohs(six->sin6_port);
        memcpy(source->address, &six->sin6_addr, 16);
    } else {
        const struct sockaddr_in *four = (const struct sockaddr_in *)address;
        source->family = FLOW_IPV4;
        source->port = ntohs(four->sin_port);
        memcpy(source->address, &four->sin_addr, 4);
    }
}

/* "192.0.2.1:4739", "[2001:db8::1]:4739" */
static const char *peer_text(const struct message_source *source, char text[PEER_TEXT]) {
    char address[INET6_ADDRSTRLEN];
    bool six = source->family == FLOW_IPV6;
    inet_ntop(six ? AF_INET6 : AF_INET, source->address, address, sizeof address);
    snprintf(text, PEER_TEXT, six ? "[%s]:%u" : "%s:%u", address, source->port);
    return text;
}

/* Whether a line may be said now; *and_more is what to say behind it. */
static bool seldom_may(struct seldom *seldom, int64_t now_us, char and_more[AND_MORE_TEXT]) {
    if (seldom->said && now_us >= seldom->said_us && now_us - seldom->said_us < SAY_US) {
        seldom->unsaid++;
        return false;
    }
    and_more[0] = '\0';
    if (seldom->unsaid > 0)
        snprintf(and_more, AND_MORE_TEXT, "; %" PRIu64 " others since the last such message", seldom->unsaid);
    *seldom = (struct seldom){.said = true, .said_us = now_us};
    return true;
}

struct connections *connections_new(const struct connections_owner *owner) {
    struct connections *connections = mem_zalloc(1, sizeof *connections);
    connections->owner = *owner;
    for (unsigned i = 0; i < LISTENER_CONNECTIONS; i++)
        connections->places[i].fd = -1;
    return connections;
}

/* Its place is free then. */
static void connection_release(struct connection *connection) {
    if (connection->fd >= 0) close(connection->fd);
    free(connection->begun);
    *connection = (struct connection){.fd = -1};
}

void connections_free(struct connections *connections) {
    if (!connections) return;
    for (unsigned i = 0; i < LISTENER_CONNECTIONS; i++)
        connection_release(&connections->places[i]);
    free(connections);
}

/* `why` NULL: the exporter itself has ended it. */
static void connection_close(struct connections *connections, struct connection *connection, int64_t now_us,
                             const char *why) {
    const struct listener_handler *handler = connections->owner.handler;
    char peer[PEER_TEXT], and_more[AND_MORE_TEXT];
    peer_text(&connection->source, peer);
    if (why && seldom_may(&connections->closed, now_us, and_more))
        log_warning("collector", "%s: connection closed: %s%s", peer, why, and_more);
    else if (!why)
        log_info("collector", "%s: disconnected", peer);
    handler->over(handler->context, &connection->source);
    connections->owner.counters->open--;
    connection_release(connection);
}

/* --- new ones --- */

/* Whether it is rather the one that gives way: opening many connections drives out no exporter. */
static bool gives_way(const struct connection *connection, const struct connection *other) {
    if (connection->proven != other->proven) return other->proven;
    return connection->heard_us < other->heard_us;
}

/* A free place, or one that is made free. */
static struct connection *place_find(struct connections *connections, int64_t now_us) {
    struct connection *silent = &connections->places[0];
    for (unsigned i = 0; i < LISTENER_CONNECTIONS; i++) {
        struct connection *connection = &connections->places[i];
        if (connection->fd < 0) return connection;
        if (gives_way(connection, silent)) silent = connection;
    }
    connections->owner.counters->closed_idle++;
    connection_close(connections, silent, now_us, "too many connections, and this one was silent for longest");
    return silent;
}

int connections_accept(struct connections *connections, int fd, int64_t now_us) {
    const struct connections_owner *owner = &connections->owner;
    const struct prefixes *allow = owner->config->allow;
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    struct message_source source;
    char peer[PEER_TEXT], and_more[AND_MORE_TEXT];
    int accepted = accept4(fd, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
    if (accepted < 0) return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED ? 0 : -1;
    source_from_sockaddr(&source, &address);
    source.transport = MESSAGE_TCP;
    if (allow && !prefixes_find(allow, source.family, source.address)) {
        owner->counters->refused++;
        if (seldom_may(&connections->refused, now_us, and_more))
            log_notice("collector", "%s: connection refused: not in the list of allowed exporters%s",
                       peer_text(&source, peer), and_more);
        close(accepted);
        return 0;
    }
    struct connection *connection = place_find(connections, now_us);
    struct epoll_event event = {.events = EPOLLIN};
    event.data.u32 = owner->first + (uint32_t)(connection - connections->places);
    if (epoll_ctl(owner->epoll, EPOLL_CTL_ADD, accepted, &event) != 0) {
        int number = errno;
        close(accepted);
        errno = number;
        return -1;
    }
    /* An exporter that vanished without a word shall not keep its templates. */
    (void)setsockopt(accepted, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    source.connection = ++connections->number;
    *connection = (struct connection){.fd = accepted, .source = source, .heard_us = now_us};
    owner->counters->connections++;
    owner->counters->open++;
    log_info("collector", "%s: connected", peer_text(&source, peer));
    return 0;
}

/* --- messages --- */

/* Hands on what is whole, and returns how many bytes that was; *why is set where the connection has to end. */
static size_t messages_hand(struct connections *connections, const struct connection *connection, const uint8_t *bytes,
                            size_t len, int64_t now_us, unsigned *messages, const char **why) {
    const struct listener_handler *handler = connections->owner.handler;
    size_t at = 0;
    while (len - at >= 2) {
        if (be16(bytes + at) != IPFIX_VERSION) {
            *why = "what it sent is not an IPFIX message";
            break;
        }
        if (len - at < 4) break;
        size_t length = be16(bytes + at + 2);
        if (length < IPFIX_HEADER) {
            *why = "a message has a length shorter than its header";
            break;
        }
        if (len - at < length) break;
        ++*messages;
        if (handler->message(handler->context, &connection->source, bytes + at, length, now_us) != 0) {
            *why = "what it sent is not a readable message";
            break;
        }
        at += length;
    }
    return at;
}

/* Keeps the begin of a message, with room for all of it: what comes byte by byte is not allocated byte by byte. */
static void begun_keep(struct connection *connection, const uint8_t *bytes, size_t len) {
    size_t size = len >= 4 ? be16(bytes + 2) : len;
    if (size > connection->size) {
        connection->begun = mem_realloc(connection->begun, size, 1);
        connection->size = size;
    }
    if (len) memcpy(connection->begun, bytes, len);
    connection->len = len;
}

unsigned connections_read(struct connections *connections, unsigned place, int64_t now_us) {
    struct connection *connection = &connections->places[place];
    uint8_t *room = connections->owner.room;
    const char *why = NULL;
    unsigned messages = 0;
    if (connection->fd < 0) return 0; /* closed since it was heard of */
    if (connection->len) memcpy(room, connection->begun, connection->len);
    ssize_t n = recv(connection->fd, room + connection->len, CONNECTION_READ, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (n <= 0) {
        connection_close(connections, connection, now_us, n < 0 ? strerror(errno) : NULL);
        return 0;
    }
    connection->heard_us = now_us;
    connections->owner.counters->octets += (uint64_t)n;
    size_t len = connection->len + (size_t)n;
    size_t done = messages_hand(connections, connection, room, len, now_us, &messages, &why);
    connection->proven |= done > 0;
    if (why)
        connection_close(connections, connection, now_us, why);
    else
        begun_keep(connection, room + done, len - done);
    return messages;
}

void connections_expire(struct connections *connections, int64_t now_us) {
    for (unsigned i = 0; i < LISTENER_CONNECTIONS; i++) {
        struct connection *connection = &connections->places[i];
        if (connection->fd < 0 || now_us - connection->heard_us < LISTENER_IDLE_US) continue;
        connections->owner.counters->closed_idle++;
        connection_close(connections, connection, now_us, "silent for too long");
    }
}
