/* A hiredis connection on a libevent loop, read in large pieces: hiredis' own adapter takes 16 KiB a wake-up. */
#ifndef FLOWIMPORT_QUEUE_REDIS_EVENT_H
#define FLOWIMPORT_QUEUE_REDIS_EVENT_H

#include <event2/event.h>
#include <hiredis/async.h>

/* The connection's events are freed with it. */
void redis_event_attach(redisAsyncContext *connection, struct event_base *base);

#endif
