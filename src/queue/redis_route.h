/* Which server to connect to: the URL's own, the master that sentinels name, the node of a cluster that holds the key.
 * Decides alone; who connects and asks does it as redis_route_step says, on the event loop or blocking.
 *
 * Sentinels: https://redis.io/docs/latest/develop/reference/sentinel-clients/. They are asked anew for each connection,
 * and the server says itself that it is a master. Clusters:
 * https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/. A node says MOVED and where to; while a
 * slot is on its way to another node (ASK, TRYAGAIN), we wait: a script is refused there until all of its keys have
 * arrived. */
#ifndef FLOWIMPORT_QUEUE_REDIS_ROUTE_H
#define FLOWIMPORT_QUEUE_REDIS_ROUTE_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>

#include "queue/redis_url.h"

struct redis_route {
    const struct redis_target *target;
    struct redis_node at;                     /* to be connected to, where it has no socket */
    struct redis_node nodes[REDIS_NODES_MAX]; /* the sentinels; the nodes of the cluster that are known */
    unsigned n_nodes, first, tried;
    struct redis_node hint; /* where the key was said to be; no host: unknown */
    bool asking;            /* `at` is a sentinel */
    bool login;             /* and wants to know who we are */
    unsigned hops;
};

enum redis_route_step {
    REDIS_ROUTE_HERE,   /* this is it */
    REDIS_ROUTE_ON,     /* connect to `at` */
    REDIS_ROUTE_FAILED, /* not this one: redis_route_next() */
};

/* The target is borrowed. */
void redis_route_init(struct redis_route *route, const struct redis_target *target);
/* A new attempt: `at` is the first to be tried. */
void redis_route_begin(struct redis_route *route);
/* No connection, or no answer: `at` is the next to be tried in this attempt; false: there is none. */
bool redis_route_next(struct redis_route *route);
/* Whether to log in at `at`, and to choose the database. */
bool redis_route_logs_in(const struct redis_route *route);
/* The question behind the login, as words. */
unsigned redis_route_question(const struct redis_route *route, const char *words[3]);
/* What its answer means; `why` is for FAILED. */
enum redis_route_step redis_route_answer(struct redis_route *route, const redisReply *reply, char *why, size_t size);
/* Whether the question for the nodes of a cluster is to be sent, once a server is found, and its answer. */
bool redis_route_learns(const struct redis_route *route);
void redis_route_learn(struct redis_route *route, const redisReply *slots);
/* An error reply while the connection is in use: whether the server is no longer the one to be asked, or not now. Then
 * `why` says so in words, and the connection is to be dropped: whatever the command was, it was not executed. */
bool redis_route_left(struct redis_route *route, const char *error, char *why, size_t size);

#endif
