/* A connection's look at Redis' settings: asked after each connect, logged where they have changed, shown. */
#ifndef FLOWIMPORT_QUEUE_REDIS_LOOK_H
#define FLOWIMPORT_QUEUE_REDIS_LOOK_H

#include "base/show.h"
#include "queue/redis.h"
#include "queue/redis_settings.h"

struct redis_look { /* begins as {0} */
    const char *display;
    struct redis_settings settings; /* as far as the answers have come */
    unsigned pending;
    unsigned found; /* as last judged: what is wrong has been logged */
};

/* To be called once after each connect; `display` names the server and is borrowed. */
void redis_look_ask(struct redis_look *look, struct redis *redis, const char *display);
void redis_look_show(const struct redis_look *look, struct show *show);

#endif
