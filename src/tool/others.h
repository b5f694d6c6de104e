/* What other importers have claimed: counted, and freed for adoption where they are dead. */
#ifndef FLOWIMPORT_TOOL_OTHERS_H
#define FLOWIMPORT_TOOL_OTHERS_H

#include "queue/claim.h"
#include "queue/identity.h"
#include "queue/redis.h"

enum other_state {
    OTHER_SILENT, /* no sign of life: the next importer that looks adopts its claims */
    OTHER_ENDED,  /* its sign is valid, its process has ended on this host */
    OTHER_SIGNED, /* its sign is valid; whether it is alive is not known */
    OTHER_ALIVE,  /* its sign was renewed while we looked */
};

struct other {
    char name[CLAIM_CONSUMER_MAX];
    uint64_t entries; /* in its claims; those without any are left out */
    enum other_state state;
    struct identity holder; /* unless silent */
    char token[IDENTITY_TOKEN_MAX];
    int64_t valid_ms; /* how much longer the sign is valid */
};

struct others { /* begins as {0} */
    struct identity self;
    char prefix[QUEUE_NAME_MAX + 2];
    struct other *rows;
    size_t n;
};

void others_init(struct others *others, const char *queue);
void others_release(struct others *others);

/* Reads them again; `name` is ours. An importer that has renewed its sign since the last call is alive. 0, or -1 with
 * the error set. */
int others_read(struct others *others, redisContext *redis, const char *name, struct error *error)
    __attribute__((warn_unused_result));
/* Deletes the signs of life of those that have ended. 0, or -1 with the error set. */
int others_free_ended(struct others *others, redisContext *redis, struct error *error)
    __attribute__((warn_unused_result));
/* The longest time that a sign of those who may be dead is valid; -1: there is none. */
int64_t others_wait_ms(const struct others *others);

#endif
