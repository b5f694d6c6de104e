/* The probe: an interface, a thread that makes flows of its packets, and the collectors that they go to. Its feed is
 * what the service takes to the queue, or to the importer of this process. */
#ifndef FLOWIMPORT_DAEMON_PROBE_H
#define FLOWIMPORT_DAEMON_PROBE_H

#include <event2/event.h>

#include "config/pipeline.h"
#include "queue/feed.h"

struct probe; /* opaque */

/* Opens the interface, for which the process needs its privileges. All borrowed. NULL with the error set. */
struct probe *probe_open(const struct config *config, const struct pipeline *pipeline, struct error *error);
/* Starts the thread, and what takes its flows to collectors. `finished` is called once, on the loop, when
 * all is over: after probe_stop(), or when the interface is gone (exit code 1). 0, or -1 with the error set. */
int probe_start(struct probe *probe, struct event_base *base, void (*finished)(void *context, int exit_code),
                void *context, struct error *error) __attribute__((warn_unused_result));
/* The flows as queue entries; NULL where they go to collectors alone. */
struct feed *probe_feed(struct probe *probe);
/* Ends the flows under way: they are in the feed, and with the collectors, when it has finished. */
void probe_stop(struct probe *probe);
void probe_free(struct probe *probe); /* NULL does nothing */

void probe_show(struct probe *probe, struct show *show);
void probe_problems(struct probe *probe, struct buffer *out);

#endif
