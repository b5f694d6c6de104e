/* The producer's memory and disk: when entries go to the spool, and when they are lost. */
#include <inttypes.h>

#include "base/log.h"
#include "queue/producer_impl.h"

bool producer_spool_waits(const struct producer *producer) {
    return producer->spool && spool_has(producer->spool, producer->sent);
}

static void write_failed(struct producer *producer, const struct error *error) {
    if (!producer->spool_error.text[0])
        log_error("spool", "%s; entries stay in memory while there is room", error->text);
    producer->spool_error = *error;
}

static void write_done(struct producer *producer) {
    if (producer->spool_error.text[0]) log_notice("spool", "%s: can be written again", producer->config->spool);
    producer->spool_error.text[0] = '\0';
}

void producer_spool(struct producer *producer) {
    struct backlog *backlog = &producer->backlog;
    const char *text;
    struct error error;
    while (backlog->begin < backlog->end) {
        size_t next;
        uint64_t last = 0;
        for (size_t at = backlog->begin; at < backlog->end && at - backlog->begin < SPOOL_CHUNK; at = next) {
            struct backlog_head head = backlog_at(backlog, at, &text, &next);
            if (!spool_stage(producer->spool, head.position, text, head.len)) break;
            last = head.position;
        }
        if (last == 0) return; /* the bound is reached */
        if (spool_write(producer->spool, &error) != 0) {
            write_failed(producer, &error);
            return;
        }
        write_done(producer);
        backlog_drop(backlog, last);
    }
}

void producer_put(struct producer *producer, const char *text, size_t len) {
    bool half = backlog_bytes(&producer->backlog) > PRODUCER_MEMORY / 2;
    /* A disk that failed is tried again once a second. */
    if (half && producer->spool && !producer->spool_error.text[0]) producer_spool(producer);
    if (producer_put_at(producer, producer->position + 1, text, len)) return;
    producer->lost++;
    if (producer->lost_lately++ == 0)
        log_error("queue", "%s: no room for more entries to be pushed: they are lost", producer->target.display);
}

void producer_tick(struct producer *producer) {
    if (producer->spool) {
        if (!producer->connected || producer->held || producer_spool_waits(producer)) producer_spool(producer);
        spool_forget(producer->spool, producer->arrived); /* what could not be read back and ends there */
    }
    if (producer->lost_lately == 0 || backlog_bytes(&producer->backlog) > PRODUCER_MEMORY / 2) return;
    log_notice("queue", "%s: there is room for entries again; %" PRIu64 " were lost", producer->target.display,
               producer->lost_lately);
    producer->lost_lately = 0;
}
