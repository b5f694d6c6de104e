/* Where Redis is and how to log in: the queue's URL taken apart. */
#ifndef FLOWIMPORT_QUEUE_REDIS_URL_H
#define FLOWIMPORT_QUEUE_REDIS_URL_H

#include "base/error.h"
#include "base/tls.h"

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
    bool secure;           /* by TLS, */
    struct tls_rules tls;  /* whose paths are borrowed */
    char *user, *password; /* NULL: no login; no user: the default user; "": of a user who needs none */
    int database;
    char *display; /* for messages: without the password */
};

/* What is configured. All is borrowed; the target keeps the key and the paths of `tls`. */
struct redis_access {
    const char *url, *password; /* the URL's password counts where `password` is NULL */
    const char *queue;          /* the key by which the node of a cluster is found */
    struct tls_rules tls;       /* of a URL that asks for TLS */
};

/* redis://[user:password@]host[:port][/db], redis+unix:[//[user:password@]]/path[?db=N],
 * redis+sentinel://[user:password@]host[:26379][,host...]/master[/db] or
 * redis+cluster://[user:password@]host[:6379][,host...]; rediss://, rediss+sentinel://, rediss+cluster:// with TLS. */
int redis_target_parse(struct redis_target *target, const struct redis_access *access, struct error *error)
    __attribute__((warn_unused_result));
void redis_target_release(struct redis_target *target);

#endif
