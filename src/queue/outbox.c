/* The line of entries before Redis: which go to disk, and when one is lost. */
#include "queue/outbox.h"

#include <inttypes.h>

#include "base/log.h"

static bool spool_waits(const struct outbox *outbox) { return outbox->spool && spool_has(outbox->spool, outbox->sent); }

static bool is_half_full(const struct outbox *outbox) {
    return backlog_bytes(&outbox->backlog) > outbox->config->memory / 2;
}

/* --- to disk --- */

static void write_failed(struct outbox *outbox, const struct error *error) {
    if (!outbox->write_error.text[0])
        log_error("spool", "%s; entries are kept in memory while there is room", error->text);
    outbox->write_error = *error;
}

static void write_done(struct outbox *outbox) {
    if (outbox->write_error.text[0]) log_notice("spool", "%s: writable again", outbox->config->spool);
    outbox->write_error.text[0] = '\0';
}

/* Moves what is in memory to the spool, sent or not, as far as there is room. */
static void backlog_spool(struct outbox *outbox) {
    struct backlog *backlog = &outbox->backlog;
    const char *text;
    struct error error;
    while (backlog->begin < backlog->end) {
        size_t next;
        uint64_t last = 0;
        for (size_t at = backlog->begin; at < backlog->end && at - backlog->begin < SPOOL_CHUNK; at = next) {
            struct backlog_head head = backlog_at(backlog, at, &text, &next);
            if (!spool_stage(outbox->spool, head.position, text, head.len)) break;
            last = head.position;
        }
        if (last == 0) return; /* the bound is reached */
        if (spool_write(outbox->spool, &error) != 0) {
            write_failed(outbox, &error);
            return;
        }
        write_done(outbox);
        backlog_drop(backlog, last);
    }
}

/* What came before the spool could be opened gets positions behind what is in it. 0, or -1 with the error set and
 * *again. */
static int spool_begin(struct outbox *outbox, bool *again, struct error *error) {
    const struct outbox_config *config = outbox->config;
    outbox->spool = spool_open(&spool_of_entries, config->spool, config->spool_max, config->stream, again, error);
    if (!outbox->spool) return -1;
    outbox->stream = spool_stream(outbox->spool);
    outbox->position += spool_base(outbox->spool);
    backlog_renumber(&outbox->backlog, spool_base(outbox->spool));
    return 0;
}

static void spool_try(struct outbox *outbox) {
    bool again;
    if (outbox_is_ready(outbox) || spool_begin(outbox, &again, &outbox->open_error) != 0) return;
    outbox->open_error.text[0] = '\0';
    log_notice("spool", "%s: opened", outbox->config->spool);
}

void outbox_tick(struct outbox *outbox, bool stuck) {
    outbox->read_again = true;
    spool_try(outbox);
    if (outbox->spool) {
        if (stuck || spool_waits(outbox)) backlog_spool(outbox);
        spool_forget(outbox->spool, outbox->arrived); /* what could not be read back and ends there */
    }
    if (outbox->lost_lately == 0 || is_half_full(outbox)) return;
    log_notice("queue", "%s: room for entries again; %" PRIu64 " were lost", outbox->config->display,
               outbox->lost_lately);
    outbox->lost_lately = 0;
}

/* --- in --- */

bool outbox_put_at(struct outbox *outbox, uint64_t position, const char *text, size_t len) {
    if (!backlog_add(&outbox->backlog, position, text, len)) return false;
    outbox->position = position;
    return true;
}

void outbox_put(struct outbox *outbox, const char *text, size_t len) {
    /* A disk that failed is tried again once a second. */
    if (is_half_full(outbox) && outbox->spool && !outbox->write_error.text[0]) backlog_spool(outbox);
    if (outbox_put_at(outbox, outbox->position + 1, text, len)) return;
    outbox->lost++;
    if (outbox->lost_lately++ == 0)
        log_error("queue", "%s: no room for more entries: they are lost", outbox->config->display);
}

void outbox_resume(struct outbox *outbox, uint64_t position) {
    outbox->arrived = outbox->sent = outbox->position = position;
}

/* --- out --- */

bool outbox_is_empty(const struct outbox *outbox) { return outbox->backlog.n == 0 && !spool_waits(outbox); }

bool outbox_waits(const struct outbox *outbox) {
    return spool_waits(outbox) || outbox->backlog.unsent < outbox->backlog.end;
}

/* As spool_read(), but once a second after an error, and silent about it. */
static int spool_next(struct outbox *outbox, const char **texts, size_t *lens, size_t n_max, uint64_t *last) {
    struct error error, *known = &outbox->read_error;
    if (!outbox->spool) return 0;
    if (known->text[0] && !outbox->read_again) return -1;
    outbox->read_again = false;
    int n = spool_read(outbox->spool, outbox->sent, texts, lens, n_max, last, &error);
    if (n < 0 && !known->text[0]) log_error("spool", "%s; its entries wait, and reading is retried", error.text);
    if (n >= 0 && known->text[0]) log_notice("spool", "%s: readable again", outbox->config->spool);
    if (n < 0)
        *known = error;
    else
        known->text[0] = '\0';
    return n;
}

size_t outbox_send(struct outbox *outbox, const char **texts, size_t *lens, size_t n_max, size_t bytes) {
    uint64_t last = outbox->sent;
    if (!outbox_is_ready(outbox)) return 0;
    int found = spool_next(outbox, texts, lens, n_max, &last);
    if (found < 0) return 0; /* what is in memory comes behind it */
    size_t n = (size_t)found;
    if (n == 0) n = backlog_send(&outbox->backlog, texts, lens, n_max, bytes, &last);
    if (n > 0) outbox->sent = last;
    return n;
}

void outbox_unsend(struct outbox *outbox) {
    outbox->sent = outbox->arrived;
    backlog_unsend(&outbox->backlog);
}

void outbox_arrived(struct outbox *outbox, uint64_t position) {
    outbox->arrived = position;
    if (outbox->sent < position) outbox->sent = position;
    backlog_drop(&outbox->backlog, position);
    if (outbox->spool) spool_forget(outbox->spool, position);
}

/* --- its life --- */

int outbox_init(struct outbox *outbox, const struct outbox_config *config, struct error *error) {
    bool again;
    *outbox = (struct outbox){.config = config, .stream = config->stream};
    backlog_init(&outbox->backlog, config->memory);
    if (!config->spool || spool_begin(outbox, &again, error) == 0) return 0;
    if (!again) return -1;
    outbox->open_error = *error;
    log_error("spool", "%s; nothing is sent until it can be read; entries are kept in memory", error->text);
    return 0;
}

bool outbox_is_ready(const struct outbox *outbox) { return !outbox->config->spool || outbox->spool; }

const char *outbox_problem(const struct outbox *outbox) {
    const struct error *errors[] = {&outbox->open_error, &outbox->read_error, &outbox->write_error};
    for (unsigned i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (errors[i]->text[0]) return errors[i]->text;
    return NULL;
}

uint64_t outbox_release(struct outbox *outbox) {
    if (!outbox->config) return 0;
    spool_try(outbox);
    if (outbox->spool) backlog_spool(outbox);
    uint64_t left = outbox->backlog.n;
    spool_close(outbox->spool);
    backlog_release(&outbox->backlog);
    return left;
}
