/* The hooks by which hiredis asks for events, and the large reads between the socket and its parser. */
#include "queue/redis_event.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/mem.h"

enum { READ_BYTES = 128 << 10 }; /* of one wake-up, beside the 16 KiB that hiredis reads by itself */

struct redis_event {
    redisAsyncContext *connection;
    struct event *read, *write;
    char buffer[READ_BYTES];
};

/* What the socket holds goes to the parser; hiredis then reads on, sees the end or an error, and calls back. */
static void on_readable(evutil_socket_t fd, short what, void *context) {
    struct redis_event *event = context;
    redisContext *connection = &event->connection->c;
    (void)what;
    if (connection->flags & REDIS_CONNECTED) {
        ssize_t n = recv(fd, event->buffer, sizeof event->buffer, 0);
        if (n > 0 && redisReaderFeed(connection->reader, event->buffer, (size_t)n) != REDIS_OK) {
            redisAsyncDisconnect(event->connection); /* out of memory, or a reply that broke the protocol */
            return;
        }
    }
    redisAsyncHandleRead(event->connection);
}

static void on_writable(evutil_socket_t fd, short what, void *context) {
    const struct redis_event *event = context;
    (void)fd;
    (void)what;
    redisAsyncHandleWrite(event->connection);
}

static void read_add(void *context) { event_add(((struct redis_event *)context)->read, NULL); }
static void read_delete(void *context) { event_del(((struct redis_event *)context)->read); }
static void write_add(void *context) { event_add(((struct redis_event *)context)->write, NULL); }
static void write_delete(void *context) { event_del(((struct redis_event *)context)->write); }

static void cleanup(void *context) {
    struct redis_event *event = context;
    event_free(event->read);
    event_free(event->write);
    free(event);
}

void redis_event_attach(redisAsyncContext *connection, struct event_base *base) {
    struct redis_event *event = mem_alloc(sizeof *event);
    event->connection = connection;
    event->read = event_new(base, connection->c.fd, EV_READ | EV_PERSIST, on_readable, event);
    event->write = event_new(base, connection->c.fd, EV_WRITE | EV_PERSIST, on_writable, event);
    connection->ev.data = event;
    connection->ev.addRead = read_add;
    connection->ev.delRead = read_delete;
    connection->ev.addWrite = write_add;
    connection->ev.delWrite = write_delete;
    connection->ev.cleanup = cleanup;
}
