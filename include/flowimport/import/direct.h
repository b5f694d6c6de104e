/* The direct importer: entries of this process → generations → store, without a queue between.
 *
 * While one generation is written by the writer thread the next is folded. If both are full, for the store is slow or
 * away, entries wait in the feed, which counts what it has to throw away. Nobody else has the entries: those not yet
 * committed when the process crashes are lost, at most what came within a flush interval and a flush. Nothing is
 * counted twice: a generation keeps its number in the ledger however often it is tried, so a commit whose answer was
 * lost is known for one.
 *
 * A store that can't be used at the first call ends the importer. Later all is tried again, also where a person must
 * fix something first: the sums are nowhere else. */
#ifndef FLOWIMPORT_IMPORT_DIRECT_H
#define FLOWIMPORT_IMPORT_DIRECT_H

#include <event2/event.h>

#include "import/importer.h"
#include "queue/feed.h"

struct direct; /* opaque */

/* Besides queue entries the feed may hold flows that are read already: one or two, of one entry. Returns the length. */
enum { DIRECT_FLOWS_BYTES = 2 + 2 * sizeof(struct flow_record) };
size_t direct_flows_pack(const struct flow_layout *layout, const struct flow_record *flows, unsigned n,
                         char out[DIRECT_FLOWS_BYTES]);

/* All borrowed; direct_reconfigure() says what of the configuration may change. Of its queue only the name and
 * retry_max_ms are used: the ledger has the generations of the consumer "direct:<name>". `finished` is called once,
 * when the importer has stopped by itself (1) or as asked (0; 1 if the store refused the last generation). */
struct direct *direct_new(struct event_base *base, const struct importer_config *config,
                          const struct flow_layout *layout, const struct schema *schema, const struct clock *clock,
                          void (*finished)(void *context, int exit_code), void *context);
void direct_free(struct direct *direct); /* NULL does nothing; what is not committed is lost, and said */
/* Reads the feed, too, from now on, even after it has finished, so that a writer who waits for room goes on; the feed
 * must outlive it. At most FEEDS_MAX times. */
void direct_take(struct direct *direct, struct feed *feed);
void direct_start(struct direct *direct);
/* Hands the generation under way to the writer as soon as it can (SIGUSR1). */
void direct_flush(struct direct *direct);
/* Imports what was handed over in the feed, then finishes; while the store is away it goes on trying. */
void direct_stop(struct direct *direct);
/* To be called after these have changed in the configuration that was handed in, and no others may: rules,
 * flush_interval, retention, queue.retry_max_ms. */
void direct_reconfigure(struct direct *direct);
const struct importer_counters *direct_counters(const struct direct *direct);
/* The same modules as importer_show, without the queue. */
void direct_show(const struct direct *direct, struct show *show);
/* Adds a line for everything that keeps entries from being counted; none where all is well. */
void direct_problems(const struct direct *direct, struct buffer *out);

#endif
