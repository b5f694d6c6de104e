/* The direct importer: entries of this process → generations → store, without a queue between.
 *
 * While one generation is written by the writer thread the next is folded. Entries are in a journal on disk
 * (queue/journal.h) until they are committed, and a generation's ledger row has its place in it: after a crash they are
 * folded again from there. If both generations are full, for the store is slow or away, entries wait in the journal,
 * then in the feed, which counts what it has to throw away.
 *
 * Without a journal, or where it can't be written, nobody else has the entries: those not yet committed when the
 * process crashes are lost, at most what came within a flush interval and a flush. Such entries have generations of
 * their own. Nothing is counted twice in either case: a generation keeps its number in the ledger however often it is
 * tried, so a commit whose answer was lost is known for one; and entries that are folded again get the same number, so
 * that a commit which the process before had begun, and the server ends late, is known, too.
 *
 * A store that can't be used at the first call ends the importer. Later all is tried again, also where a person must
 * fix something first: the sums are nowhere else. */
#ifndef FLOWIMPORT_IMPORT_DIRECT_H
#define FLOWIMPORT_IMPORT_DIRECT_H

#include <event2/event.h>

#include "import/importer.h"
#include "queue/feed.h"
#include "queue/journal.h"

struct direct; /* opaque */

/* Besides queue entries the feed may hold flows that are read already: one or two, of one entry. Returns the length. */
enum { DIRECT_FLOWS_BYTES = 2 + 2 * sizeof(struct flow_record) };
size_t direct_flows_pack(const struct flow_layout *layout, const struct flow_record *flows, unsigned n,
                         char out[DIRECT_FLOWS_BYTES]);

/* What packed flows of a process can be read by: for journal_config. */
uint32_t direct_flows_layout(const struct flow_layout *layout);

/* `journal`: NULL: none, and *error is not set. NULL with the error set: the journal can't be used until a person fixes
 * something. All borrowed; direct_reconfigure() says what of the configuration may change. Of its queue only the name
 * and retry_max_ms are used: the ledger has the generations of the consumer "direct:<name>". `finished` is called once,
 * when the importer has stopped by itself (1) or as asked (0; 1 if the store refused the last generation). */
struct direct *direct_new(struct event_base *base, const struct importer_config *config,
                          const struct journal_config *journal, const struct flow_layout *layout,
                          const struct schema *schema, const struct clock *clock,
                          void (*finished)(void *context, int exit_code), void *context, struct error *error);
/* NULL does nothing; what is neither committed nor in the journal is lost, and said. */
void direct_free(struct direct *direct);
/* Reads the feed, too, from now on, even after it has finished, so that a writer who waits for room goes on; the feed
 * must outlive it. At most FEEDS_MAX times. */
void direct_take(struct direct *direct, struct feed *feed);
void direct_start(struct direct *direct);
/* Hands the generation under way to the writer as soon as it can (SIGUSR1). */
void direct_flush(struct direct *direct);
/* Imports what was handed over in the feed, then finishes; while the store is away it leaves them in the
 * journal, or goes on trying where they are not there. */
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
