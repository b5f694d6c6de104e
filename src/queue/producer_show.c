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
    show_gauge(show, "connected", "Whether the connection for pushing to Redis is up.", producer->connected);
    show_counter(show, "losses_total", "Lost connections for pushing.", producer->losses);
    show_text(show, "last_loss", producer->lost_why[0] ? producer->lost_why : NULL);
    show_counter(show, "pushed_total", "Pushed entries that Redis has confirmed.", producer->pushed);
    show_family(show, SHOW_COUNTER, "lost_total", "reason",
                "Lost entries: no room in spool and memory; the event loop was stalled; the spool could not be read "
                "back (torn: the end of a segment, counted as one).");
    show_member(show, "no-room", outbox->lost);
    show_member(show, "stalled", feeds_lost(&producer->feeds));
    show_member(show, "damaged", spool.damaged);
    show_member(show, "torn", spool.torn);
    show_gauge(show, "held", "Whether pushing pauses because the queue has max_queue entries.", producer->held);
    show_gauge(show, "unreplicated", "Whether pushing pauses because fewer than wait_replicas replicas have confirmed.",
               producer->unreplicated);
    show_gauge(show, "memory_entries", "Entries waiting in memory.", outbox->backlog.n);
    show_gauge(show, "memory_bytes", "Bytes of the entries waiting in memory.", backlog_bytes(&outbox->backlog));
    show_gauge(show, "spool_entries",
               "Entries in the spool, including those of its first segment that are already pushed.", spool.entries);
    show_gauge(show, "spool_bytes", "The size of the spool in bytes.", spool.bytes);
    show_gauge(show, "spool_limit_bytes", "The maximum size of the spool in bytes.", spool.max_bytes);
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
    if (producer->unreplicated)
        buffer_printf(out,
                      "producer: %" PRIu64
                      " replicas of Redis have confirmed what was pushed; wait_replicas is %" PRIu64 "\n",
                      producer->replicas, producer->config->wait_replicas);
    if (outbox_problem(outbox)) buffer_printf(out, "producer: spool: %s\n", outbox_problem(outbox));
    if (outbox->lost_lately > 0)
        buffer_printf(out, "producer: no room: %" PRIu64 " entries lost\n", outbox->lost_lately);
}
