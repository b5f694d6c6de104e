/* A hiredis connection on a libevent loop, read in large pieces: hiredis' own adapter takes 16 KiB a wake-up; and TLS
 * for it, which hiredis has only in newer versions, and there without a look at the host's name. */
#ifndef FLOWIMPORT_QUEUE_REDIS_EVENT_H
#define FLOWIMPORT_QUEUE_REDIS_EVENT_H

#include <event2/event.h>
#include <hiredis/async.h>

#include "base/tls.h"

/* Called from the loop, never from within redis_event_secure(). */
struct redis_secured {
    void *context;
    void (*done)(void *context);                    /* the handshake: commands may be sent */
    void (*failed)(void *context, const char *why); /* it, or what follows; the connection is to be freed */
};

/* The connection's events are freed with it. */
void redis_event_attach(redisAsyncContext *connection, struct event_base *base);
/* Once it is connected, and before any command: all goes through TLS. `tls` is taken over; NULL: it could not be made,
 * `why` says so and goes to `failed`. */
void redis_event_secure(redisAsyncContext *connection, struct tls *tls, const char *why,
                        const struct redis_secured *secured);
/* What was sent goes out at once; an error shows on the loop. */
void redis_event_write(redisAsyncContext *connection);

#endif
