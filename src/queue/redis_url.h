/* Where Redis is and how to log in: the queue's URL taken apart. */
#ifndef FLOWIMPORT_QUEUE_REDIS_URL_H
#define FLOWIMPORT_QUEUE_REDIS_URL_H

#include "base/error.h"

struct redis_target {
    char *host, *socket; /* one of the two */
    int port;
    char *user, *password; /* NULL: no login; no user: the default user */
    int database;
    char *display; /* for messages: without the password */
};

/* redis://[user:password@]host[:port][/db] or redis+unix:[//[user:password@]]/path[?db=N]. `password` (may be NULL)
 * wins over the URL's. */
int redis_target_parse(struct redis_target *target, const char *url, const char *password, struct error *error)
    __attribute__((warn_unused_result));
void redis_target_release(struct redis_target *target);

#endif
