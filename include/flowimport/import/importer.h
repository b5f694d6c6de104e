/* The importer: queue → generations → store, on the event loop, with the writer thread behind it.
 *
 * While one generation is written the next is folded. Entries leave Redis after their generation has committed; what a
 * crash leaves behind is found in the claims and replayed, here or by another consumer, under its own identity, and the
 * ledger lets each generation commit once. */
#ifndef FLOWIMPORT_IMPORT_IMPORTER_H
#define FLOWIMPORT_IMPORT_IMPORTER_H

#include <event2/event.h>

#include "import/committer.h"

struct importer; /* opaque */

/* All borrowed; importer_reconfigure() says what of the configuration may change. `finished` is called once, when the
 * importer has stopped by itself or as asked; it may end the loop. NULL with the error set. */
struct importer *importer_new(struct event_base *base, const struct importer_config *config,
                              const struct flow_layout *layout, const struct schema *schema, const struct clock *clock,
                              void (*finished)(void *context, int exit_code), void *context, struct error *error);
void importer_free(struct importer *importer);
void importer_start(struct importer *importer);
/* Ends the generation under way as soon as it can (SIGUSR1). */
void importer_flush(struct importer *importer);
/* Flushes, then finishes. If the store is away, the generation stays in its claims for the next start. */
void importer_stop(struct importer *importer);
/* To be called after these have changed in the configuration that was handed in, and no others may: rules,
 * flush_interval, claim_entries, retention, queue.page, queue.rejected_max, queue.retry_max_ms. Entries are judged by
 * the rules of the time when they are folded. */
void importer_reconfigure(struct importer *importer);
const struct importer_counters *importer_counters(const struct importer *importer);
/* The importer, and with it its queue and its store. */
void importer_show(const struct importer *importer, struct show *show);
/* Adds a line for everything that keeps entries from being counted, in words for a person; none where all is well. */
void importer_problems(const struct importer *importer, struct buffer *out);

#endif
