/* What the files of the producer share: its state. */
#ifndef FLOWIMPORT_QUEUE_PRODUCER_IMPL_H
#define FLOWIMPORT_QUEUE_PRODUCER_IMPL_H

#include "queue/outbox.h"
#include "queue/producer.h"
#include "queue/redis.h"

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

    struct outbox_config outbox_config;
    struct outbox outbox;

    size_t batch;                          /* entries of the batch under way; 0: none */
    const char *words[PRODUCER_BATCH + 2]; /* of its RPUSH */
    size_t lens[PRODUCER_BATCH + 2];
    char refusal[256];     /* of one of its commands */
    bool connected;        /* and the marker is known */
    bool resumed;          /* the marker was read once */
    bool held;             /* entries wait because the queue is too long */
    bool unreplicated;     /* the batch waits for replicas to have it, */
    uint64_t replicas;     /* and so many do, as last seen */
    bool failed;           /* nothing more will be pushed */
    uint64_t queue_length; /* when last seen */

    uint64_t pushed, losses;
    char lost_why[512];
};

/* Once a second, also by tests: entries that can't be sent go to disk, and what the disk refused is tried again. */
void producer_tick(struct producer *producer);

#endif
