/* The producer's counters and state, and what keeps entries from the queue. */
#include <inttypes.h>
#include <stdio.h>

#include "queue/producer_impl.h"

void producer_show(const struct producer *producer, struct show *show) {
    const struct outbox *outbox = &producer->outbox;
    struct spool_counts spool = {.bytes = 0};
    if (outbox->spool) spool = spool_counts(outbox->spool);
    show_module(show, "producer");
    show_text(show, "url", producer->target.display);
    show_text(show, "name", producer->config->queue);
    show_gauge(show, "connected", "Whether Redis is connected to be pushed to.", producer->connected);
    show_counter(show, "losses_total", "Connections for pushing that were lost.", producer->losses);
    show_text(show, "last_loss", producer->lost_why[0] ? producer->lost_why : NULL);
    show_counter(show, "pushed_total", "Entries that Redis has confirmed.", producer->pushed);
    show_family(show, SHOW_COUNTER, "lost_total", "reason",
                "Entries that were lost: no room in spool and memory; the event loop stood still; the spool could not "
                "be read back (torn: the end of a segment, which counts as one).");
    show_member(show, "no-room", outbox->lost);
    show_member(show, "stalled", feeds_lost(&producer->feeds));
    show_member(show, "damaged", spool.damaged);
    show_member(show, "torn", spool.torn);
    show_gauge(show, "held", "Whether entries wait because the queue has max_queue entries.", producer->held);
    show_gauge(show, "memory_entries", "Entries that wait in memory.", outbox->backlog.n);
    show_gauge(show, "memory_bytes", "Bytes of the entries that wait in memory.", backlog_bytes(&outbox->backlog));
    show_gauge(show, "spool_entries", "Entries in the spool, with those of its first segment that have arrived.",
               spool.entries);
    show_gauge(show, "spool_bytes", "Bytes that the spool takes.", spool.bytes);
    show_gauge(show, "spool_limit_bytes", "The most bytes that the spool may take.", spool.max_bytes);
    show_gauge(show, "queue_length", "Entries in the queue, as last seen.", producer->queue_length);
    show_text(show, "spool_error", outbox_problem(outbox));
}

void producer_problems(const struct producer *producer, struct buffer *out) {
    const struct outbox *outbox = &producer->outbox;
    const char *why = producer->lost_why[0] ? producer->lost_why : "not connected yet";
    if (!producer->connected) buffer_printf(out, "producer: %s\n", why);
    if (producer->held)
        buffer_printf(out, "producer: %s has %" PRIu64 " entries, max_queue is %" PRIu64 "\n", producer->config->queue,
                      producer->queue_length, producer->config->max_queue);
    if (outbox_problem(outbox)) buffer_printf(out, "producer: spool: %s\n", outbox_problem(outbox));
    if (outbox->lost_lately > 0)
        buffer_printf(out, "producer: no room: %" PRIu64 " entries are lost\n", outbox->lost_lately);
}
