/* The TCP connections of a listener: IPFIX messages out of streams (RFC 7011, section 10.4). */
#ifndef FLOWIMPORT_COLLECT_CONNECTIONS_H
#define FLOWIMPORT_COLLECT_CONNECTIONS_H

#include <sys/socket.h>

#include "collect/listener.h"

enum {
    CONNECTION_READ = 256 << 10,                     /* bytes, of one system call */
    CONNECTION_ROOM = CONNECTION_READ + MESSAGE_MAX, /* with a message that is begun */
};

struct connections; /* opaque */

/* What belongs to the listener, and is borrowed. Connections are watched in `epoll` by `first` + their place. */
struct connections_owner {
    const struct listener_config *config;
    const struct listener_handler *handler;
    struct listener_counters *counters;
    uint8_t *room; /* CONNECTION_ROOM bytes, good for the length of a call */
    int epoll;
    uint32_t first;
};

struct connections *connections_new(const struct connections_owner *owner);
void connections_free(struct connections *connections); /* closes all; the handler hears nothing of it */
/* One that waits at the socket `fd`, if there is any. 0; -1 with errno set where none can be taken: try again later. */
int connections_accept(struct connections *connections, int fd, int64_t now_us) __attribute__((warn_unused_result));
/* What has arrived at a place. Returns the number of messages. */
unsigned connections_read(struct connections *connections, unsigned place, int64_t now_us);
/* Closes those that are silent for too long. */
void connections_expire(struct connections *connections, int64_t now_us);

/* The address of a socket, as a source of messages; the rest of *source is 0. */
void source_from_sockaddr(struct message_source *source, const struct sockaddr_storage *address);

#endif
