/* The hooks by which hiredis asks for events, and the large reads between the socket and its reader. */
#include "queue/redis_event.h"

#include <errno.h>
#include <hiredis/sds.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "queue/replies.h"

enum { READ_BYTES = 128 << 10 }; /* of one wake-up */

/* What redisAsyncHandleRead() does after it has read; exported for hiredis' own parts (TLS), declared in no header. */
void redisProcessCallbacks(redisAsyncContext *connection);

struct arrival;
struct redis_event {
    redisAsyncContext *connection;
    struct event *read, *write;
    struct redis_events events;
    struct replies replies;
    struct arrival *arrival; /* NULL: nothing is being taken */
    struct redis_secured secured;
    struct tls *tls;
    bool is_secure;   /* all goes through TLS */
    bool shaken;      /* hands: commands may go out */
    size_t sent;      /* of what hiredis has to send */
    char broken[256]; /* why TLS has failed; "": it has not */
    size_t kept;      /* of the buffer: what waits for more */
    char buffer[REPLIES_KEPT_MAX + READ_BYTES];
};

/* The bytes under way. The connection, and with it the event, may be freed meanwhile. */
struct arrival {
    struct redis_event *event;
    bool gone;
    bool unasked; /* a reply came that no command waits for */
};

static bool elements_wanted(void *context) {
    const struct redis_events *events = &((struct arrival *)context)->event->events;
    return events->wanted(events->context);
}

static void element_take(void *context, const char *text, size_t len) {
    const struct redis_events *events = &((struct arrival *)context)->event->events;
    events->element(events->context, text, len);
}

static int reader_feed(void *context, const char *bytes, size_t len) {
    redisAsyncContext *connection = ((struct arrival *)context)->event->connection;
    return redisReaderFeed(connection->c.reader, bytes, len) == REDIS_OK ? 0 : -1;
}

/* hiredis aborts the process at a reply that no command waits for, but for an error: that ends the connection. */
static bool is_unasked(const redisAsyncContext *connection) {
    const redisReader *reader = connection->c.reader;
    return !connection->replies.head && reader->pos < reader->len && reader->buf[reader->pos] != '-';
}

static int reply_whole(void *context) {
    struct arrival *arrival = context;
    redisAsyncContext *connection = arrival->event->connection;
    arrival->unasked = is_unasked(connection);
    if (arrival->unasked) return -1;
    redisProcessCallbacks(connection);
    return arrival->gone ? -1 : 0;
}

static void bytes_take(struct redis_event *event, size_t n) {
    struct arrival arrival = {event, false, false};
    const struct replies_handler handler = {&arrival, elements_wanted, element_take, reader_feed, reply_whole};
    size_t len = event->kept + n;
    event->arrival = &arrival;
    ssize_t used = replies_take(&event->replies, event->buffer, len, &handler);
    if (arrival.gone) return;
    event->arrival = NULL;
    if (used < 0) {
        event->events.broken(event->events.context, arrival.unasked             ? "a reply that no command waits for"
                                                    : used == REPLIES_TOO_LARGE ? "a reply larger than any of Redis"
                                                                                : "invalid reply, or out of memory");
        return;
    }
    event->kept = len - (size_t)used;
    if (event->kept > 0 && used > 0) memmove(event->buffer, event->buffer + used, event->kept);
}

/* --- TLS --- */

/* Told on the loop: here, hiredis may be in the middle of something. */
static void tls_break(struct redis_event *event, const char *why) {
    snprintf(event->broken, sizeof event->broken, "%s", why);
    event_active(event->read, EV_READ, 0);
}

static void tls_flush(struct redis_event *event) {
    char *text = event->connection->c.obuf;
    size_t len = sdslen(text);
    ssize_t n = 0;
    while (event->sent < len && (n = tls_write(event->tls, text + event->sent, len - event->sent)) > 0)
        event->sent += (size_t)n;
    if (event->sent == len) {
        sdssetlen(text, 0);
        text[0] = '\0';
        event->sent = 0;
    }
    if (n == TLS_FAILED) tls_break(event, tls_why(event->tls));
    if (n == TLS_AGAIN_WRITE)
        event_add(event->write, NULL);
    else
        event_del(event->write);
}

static void tls_shake(struct redis_event *event) {
    switch (tls_handshake(event->tls)) {
    case 1:
        event_del(event->write);
        event->shaken = true;
        event->secured.done(event->secured.context);
        break;
    case TLS_AGAIN_READ: event_del(event->write); break;
    case TLS_AGAIN_WRITE: event_add(event->write, NULL); break;
    default: tls_break(event, tls_why(event->tls));
    }
}

/* As much as there is: what TLS holds back wakes nobody. */
static void tls_take(struct redis_event *event) {
    size_t len = 0;
    ssize_t n = 0;
    while (len < READ_BYTES && (n = tls_read(event->tls, event->buffer + event->kept + len, READ_BYTES - len)) > 0)
        len += (size_t)n;
    if (len == READ_BYTES) event_active(event->read, EV_READ, 0);
    if (n == 0) tls_break(event, "connection closed");
    if (n == TLS_FAILED) tls_break(event, tls_why(event->tls));
    if (sdslen(event->connection->c.obuf) > event->sent) event_add(event->write, NULL);
    if (len > 0) bytes_take(event, len);
}

static void tls_readable(struct redis_event *event) {
    if (event->broken[0])
        event->secured.failed(event->secured.context, event->broken);
    else if (event->shaken)
        tls_take(event);
    else
        tls_shake(event);
}

void redis_event_secure(redisAsyncContext *connection, struct tls *tls, const char *why,
                        const struct redis_secured *secured) {
    struct redis_event *event = connection->ev.data;
    event->secured = *secured;
    event->tls = tls;
    event->is_secure = true;
    if (!tls) tls_break(event, why);
    event_add(event->read, NULL);
    event_active(event->read, EV_READ, 0);
}

/* --- events --- */

/* hiredis itself reads nothing but the end or an error. */
static void on_readable(evutil_socket_t fd, short what, void *context) {
    struct redis_event *event = context;
    redisContext *connection = &event->connection->c;
    (void)what;
    if (event->is_secure) {
        tls_readable(event);
        return;
    }
    if (connection->flags & REDIS_CONNECTED) {
        ssize_t n = recv(fd, event->buffer + event->kept, READ_BYTES, 0);
        if (n > 0) {
            bytes_take(event, (size_t)n);
            return;
        }
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    }
    redisAsyncHandleRead(event->connection);
}

static void on_writable(evutil_socket_t fd, short what, void *context) {
    struct redis_event *event = context;
    (void)fd;
    (void)what;
    if (!event->is_secure)
        redisAsyncHandleWrite(event->connection);
    else if (event->shaken)
        tls_flush(event);
    else
        tls_shake(event);
}

void redis_event_write(redisAsyncContext *connection) {
    struct redis_event *event = connection->ev.data;
    int done;
    if (event->is_secure && event->shaken)
        tls_flush(event);
    else if (!event->is_secure)
        (void)redisBufferWrite(&connection->c, &done);
}

static void read_add(void *context) { event_add(((struct redis_event *)context)->read, NULL); }
static void read_delete(void *context) { event_del(((struct redis_event *)context)->read); }
static void write_add(void *context) { event_add(((struct redis_event *)context)->write, NULL); }
static void write_delete(void *context) { event_del(((struct redis_event *)context)->write); }

static void cleanup(void *context) {
    struct redis_event *event = context;
    if (event->arrival) event->arrival->gone = true;
    event_free(event->read);
    event_free(event->write);
    tls_free(event->tls);
    free(event);
}

void redis_event_attach(redisAsyncContext *connection, struct event_base *base, const struct redis_events *events) {
    struct redis_event *event = mem_zalloc(1, sizeof *event);
    event->connection = connection;
    event->events = *events;
    event->read = event_new(base, connection->c.fd, EV_READ | EV_PERSIST, on_readable, event);
    event->write = event_new(base, connection->c.fd, EV_WRITE | EV_PERSIST, on_writable, event);
    connection->ev.data = event;
    connection->ev.addRead = read_add;
    connection->ev.delRead = read_delete;
    connection->ev.addWrite = write_add;
    connection->ev.delWrite = write_delete;
    connection->ev.cleanup = cleanup;
}
