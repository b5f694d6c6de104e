/* The hooks by which hiredis asks for events, and the large reads between the socket and its parser. */
#include "queue/redis_event.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "queue/cutter.h"

enum { READ_BYTES = 128 << 10 }; /* of one wake-up */

/* What redisAsyncHandleRead() does after it has read; exported for hiredis' own parts (TLS), declared in no header. */
void redisProcessCallbacks(redisAsyncContext *connection);

struct redis_event {
    redisAsyncContext *connection;
    struct event *read, *write;
    struct cutter cutter;
    char buffer[READ_BYTES];
};

static int reader_feed(void *context, const char *bytes, size_t len) {
    return redisReaderFeed(context, bytes, len) == REDIS_OK ? 0 : -1;
}

/* What the socket holds goes to the parser by way of the cutter, so hiredis itself must read nothing but the end or an
 * error. */
static void on_readable(evutil_socket_t fd, short what, void *context) {
    struct redis_event *event = context;
    redisContext *connection = &event->connection->c;
    (void)what;
    if (connection->flags & REDIS_CONNECTED) {
        ssize_t n = recv(fd, event->buffer, sizeof event->buffer, 0);
        if (n > 0) {
            if (cutter_pass(&event->cutter, event->buffer, (size_t)n, reader_feed, connection->reader) != 0)
                redisAsyncDisconnect(event->connection); /* out of memory, or a reply that broke the protocol */
            else
                redisProcessCallbacks(event->connection);
            return;
        }
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
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
    event->cutter = (struct cutter){.state = CUTTER_BEGIN};
    event->read = event_new(base, connection->c.fd, EV_READ | EV_PERSIST, on_readable, event);
    event->write = event_new(base, connection->c.fd, EV_WRITE | EV_PERSIST, on_writable, event);
    connection->ev.data = event;
    connection->ev.addRead = read_add;
    connection->ev.delRead = read_delete;
    connection->ev.addWrite = write_add;
    connection->ev.delWrite = write_delete;
    connection->ev.cleanup = cleanup;
}
