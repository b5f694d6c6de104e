/* The collector: a thread that reads export messages off its sockets. Its feed is what the service takes to the queue,
 * or to the importer of this process. */
#ifndef FLOWIMPORT_DAEMON_COLLECTOR_H
#define FLOWIMPORT_DAEMON_COLLECTOR_H

#include <event2/event.h>

#include "config/pipeline.h"
#include "queue/feed.h"

struct collector; /* opaque */

/* Opens the sockets, for which the process may need its privileges, and reads the state file. All borrowed. NULL with
 * the error set. */
struct collector *collector_open(const struct config *config, const struct pipeline *pipeline, struct error *error);
/* Starts the thread. `finished` is called once, on the loop, when all is over after collector_stop(). 0, or -1 with the
 * error set. */
int collector_start(struct collector *collector, struct event_base *base,
                    void (*finished)(void *context, int exit_code), void *context, struct error *error)
    __attribute__((warn_unused_result));
struct feed *collector_feed(struct collector *collector);
/* What the sockets still have is read first. */
void collector_stop(struct collector *collector);
void collector_free(struct collector *collector); /* NULL does nothing */

void collector_show(struct collector *collector, struct show *show);
void collector_problems(struct collector *collector, struct buffer *out);

#endif
