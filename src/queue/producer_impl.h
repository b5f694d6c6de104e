/* What the files of the producer share: its state. */
#ifndef FLOWIMPORT_QUEUE_PRODUCER_IMPL_H
#define FLOWIMPORT_QUEUE_PRODUCER_IMPL_H

#include "queue/backlog.h"
#include "queue/producer.h"
#include "queue/redis.h"
#include "queue/spool.h"

enum {
    PRODUCER_BATCH = 2000,            /* entries */
    PRODUCER_BATCH_BYTES = 256 << 10, /* or one entry */
};

struct producer {
    const struct producer_config *config;
    struct producer_handler handler;
    struct event_base *base;
    struct event *work, *look, *tick;
    struct event *fed[FEEDS_MAX]; /* of each feed */
    struct feeds feeds;
    struct redis_target target;
    struct redis *redis;
    char *marker; /* the key */
    char stream[PRODUCER_STREAM_MAX];

    /* Positions: arrived <= sent <= position; those in the spool come before those in the backlog. */
    uint64_t arrived, sent, position;
    struct spool *spool; /* NULL: none */
    struct backlog backlog;

    size_t batch;                          /* entries of the batch under way; 0: none */
    const char *words[PRODUCER_BATCH + 2]; /* of its RPUSH */
    size_t lens[PRODUCER_BATCH + 2];
    char refusal[256];     /* of one of its commands */
    bool connected;        /* and the marker is known */
    bool resumed;          /* the marker was read once */
    bool held;             /* entries wait because the queue is too long */
    bool failed;           /* nothing more will be pushed */
    uint64_t queue_length; /* when last seen */

    uint64_t pushed, lost, losses;
    uint64_t lost_lately; /* entries for which there was no room, since there was room */
    char lost_why[512];
    struct error spool_error; /* of the last try to write; "": there was none */
};

/* Whether the spool has entries that are not sent. */
bool producer_spool_waits(const struct producer *producer);
/* Moves what is in the backlog to the spool, sent or not, as far as there is room. */
void producer_spool(struct producer *producer);
/* Once a second: what can't be sent goes to disk. */
void producer_tick(struct producer *producer);

#endif
