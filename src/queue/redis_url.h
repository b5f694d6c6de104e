/* Where Redis is and how to log in: the queue's URL taken apart. */
#ifndef FLOWIMPORT_QUEUE_REDIS_URL_H
#define FLOWIMPORT_QUEUE_REDIS_URL_H

#include "base/error.h"

enum { REDIS_HOST_MAX = 256, REDIS_NODES_MAX = 64 };

/* What the hosts of the URL are. */
enum redis_kind {
    REDIS_SERVER,   /* the server itself */
    REDIS_SENTINEL, /* they know which server is the master */
    REDIS_CLUSTER,  /* nodes that know which of them holds a key */
};

struct redis_node {
    char host[REDIS_HOST_MAX];
    int port;
};

struct redis_target {
    enum redis_kind kind;
    char *host, *socket; /* of a server: one of the two */
    int port;
    struct redis_node *nodes; /* else: the hosts of the URL */
    unsigned n_nodes;
    char *master;          /* its name, for the sentinels */
    const char *key;       /* the node of a cluster is the one that holds it; borrowed */
    char *user, *password; /* NULL: no login; no user: the default user */
    int database;
    char *display; /* for messages: without the password */
};

/* redis://[user:password@]host[:port][/db], redis+unix:[//[user:password@]]/path[?db=N],
 * redis+sentinel://[user:password@]host[:26379][,host...]/master[/db] or
 * redis+cluster://[user:password@]host[:6379][,host...]. `password` (may be NULL) wins over the URL's. `key` is the
 * queue, and is borrowed. */
int redis_target_parse(struct redis_target *target, const char *url, const char *password, const char *key,
                       struct error *error) __attribute__((warn_unused_result));
void redis_target_release(struct redis_target *target);

#endif
