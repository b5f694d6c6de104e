/* A hiredis connection on a libevent loop, read in large pieces: hiredis' own adapter takes 16 KiB a wake-up; and TLS
 * for it, which hiredis has only in newer versions, and there without a look at the host's name. */
#ifndef FLOWIMPORT_QUEUE_REDIS_EVENT_H
#define FLOWIMPORT_QUEUE_REDIS_EVENT_H

#include <event2/event.h>
#include <hiredis/async.h>
#include <stdbool.h>

#include "base/tls.h"

/* Whose connection it is. */
struct redis_events {
    void *context;
    /* Whether somebody waits for the elements of the array that answers the next command, and them, one by one; its
     * reply is then an integer, how many they are. The connection must not be closed from here. */
    bool (*wanted)(void *context);
    void (*element)(void *context, const char *text, size_t len);
    void (*broken)(void *context, const char *why); /* what came is no reply; the connection is to be freed */
};

/* Called from the loop, never from within redis_event_secure(). */
struct redis_secured {
    void *context;
    void (*done)(void *context);                    /* the handshake: commands may be sent */
    void (*failed)(void *context, const char *why); /* it, or what follows; the connection is to be freed */
};

/* The connection's events are freed with it. */
void redis_event_attach(redisAsyncContext *connection, struct event_base *base, const struct redis_events *events);
/* Once it is connected, and before any command: all goes through TLS. `tls` is taken over; NULL: it could not be made,
 * `why` says so and goes to `failed`. */
void redis_event_secure(redisAsyncContext *connection, struct tls *tls, const char *why,
                        const struct redis_secured *secured);
/* What was sent goes out at once; an error shows on the loop. */
void redis_event_write(redisAsyncContext *connection);

#endif
