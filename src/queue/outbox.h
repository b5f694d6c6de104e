/* Entries that have not arrived in Redis, as one line: first those on disk, then those in memory. Decides what goes to
 * disk and what is lost; knows no connection and no event loop.
 *
 * Memory: `memory` bytes of entries, twice as many of address space; and what the spool takes (spool.h). */
#ifndef FLOWIMPORT_QUEUE_OUTBOX_H
#define FLOWIMPORT_QUEUE_OUTBOX_H

#include "queue/backlog.h"
#include "queue/spool.h"

struct outbox_config {
    const char *display; /* where entries go, for messages */
    size_t memory;
    const char *spool; /* the folder; NULL: none */
    uint64_t spool_max;
    uint64_t stream; /* a random number: names the entries where the spool has none from before */
};

struct outbox {
    const struct outbox_config *config;
    uint64_t stream;
    /* Positions: arrived <= sent <= position; those in the spool come before those in the backlog. */
    uint64_t arrived, sent, position;
    struct spool *spool; /* NULL: none, or it can't be opened yet */
    struct backlog backlog;
    uint64_t lost;
    uint64_t lost_lately; /* entries for which there was no room, since there was room */
    /* Of the last try; "": there was none. */
    struct error open_error, write_error, read_error;
    bool read_again; /* a second has passed since read_error */
};

/* The configuration is borrowed. A spool that can't be opened for a reason that may pass is tried again by
 * outbox_tick(). 0, or -1 with the error set: it can't be used at all. outbox_release() is called in both cases. */
int outbox_init(struct outbox *outbox, const struct outbox_config *config, struct error *error)
    __attribute__((warn_unused_result));
/* What has not arrived goes to the spool. Returns how many entries find no place there. */
uint64_t outbox_release(struct outbox *outbox);

/* Whether entries can be sent: what is in the spool is known, and the stream's name. */
bool outbox_is_ready(const struct outbox *outbox);
/* What keeps the spool from being used, as text; NULL: nothing. */
const char *outbox_problem(const struct outbox *outbox);

/* Where there is no room the entry is counted as lost. */
void outbox_put(struct outbox *outbox, const char *text, size_t len);
/* The position is above the last one's. false: no room in memory. */
bool outbox_put_at(struct outbox *outbox, uint64_t position, const char *text, size_t len)
    __attribute__((warn_unused_result));
/* What follows has positions above this one; all that was put before has arrived. */
void outbox_resume(struct outbox *outbox, uint64_t position);

bool outbox_is_empty(const struct outbox *outbox); /* all has arrived */
bool outbox_waits(const struct outbox *outbox);    /* there are entries that are not sent */
/* The next entries to be sent, at most n_max and about `bytes` of them: from then on they are sent. Returns how many: 0
 * also where the next ones can't be read back now, which the next outbox_tick() has tried again.
 * Borrowed until the next call but outbox_waits(). */
size_t outbox_send(struct outbox *outbox, const char **texts, size_t *lens, size_t n_max, size_t bytes);
/* What was sent and has not arrived is to be sent again. */
void outbox_unsend(struct outbox *outbox);
/* All up to this position has arrived. */
void outbox_arrived(struct outbox *outbox, uint64_t position);

/* Once a second. `stuck`: nothing can be sent now, so what is in memory goes to disk. */
void outbox_tick(struct outbox *outbox, bool stuck);

#endif
