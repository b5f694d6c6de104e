/* Sentinels, clusters and what their servers answer: where to connect next. */
#include "queue/redis_route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOPS_MAX = 8 }; /* of one attempt; nodes that send us round in a circle are not asked for ever */

static bool begins(const char *text, const char *prefix) { return strncmp(text, prefix, strlen(prefix)) == 0; }

static bool node_equals(const struct redis_node *node, const char *host, int port) {
    return node->port == port && strcmp(node->host, host) == 0;
}

/* false: no such host name, or port. */
static bool node_set(struct redis_node *node, const char *host, size_t len, long port) {
    if (len == 0 || len >= sizeof node->host || port < 1 || port > 65535) return false;
    memmove(node->host, host, len);
    node->host[len] = '\0';
    node->port = (int)port;
    return true;
}

void redis_route_init(struct redis_route *route, const struct redis_target *target) {
    *route = (struct redis_route){.target = target};
    for (; route->n_nodes < target->n_nodes; route->n_nodes++)
        route->nodes[route->n_nodes] = target->nodes[route->n_nodes];
}

static void node_try(struct redis_route *route) {
    route->at = route->nodes[(route->first + route->tried) % route->n_nodes];
    route->asking = route->target->kind == REDIS_SENTINEL;
    route->login = false;
}

void redis_route_begin(struct redis_route *route) {
    route->hops = route->tried = 0;
    if (route->target->kind == REDIS_SERVER) {
        if (route->target->host)
            node_set(&route->at, route->target->host, strlen(route->target->host), route->target->port);
        return;
    }
    node_try(route);
    if (route->hint.host[0]) route->at = route->hint;
}

/* A sentinel may name a master that is not there any more: the others are asked, too. */
bool redis_route_next(struct redis_route *route) {
    if (route->target->kind == REDIS_SERVER) return false;
    if (route->hint.host[0]) { /* it was tried first, beside the nodes */
        route->hint.host[0] = '\0';
    } else if (++route->tried >= route->n_nodes) {
        route->first = (route->first + 1) % route->n_nodes;
        return false;
    }
    route->hops = 0;
    node_try(route);
    return true;
}

bool redis_route_logs_in(const struct redis_route *route) { return !route->asking || route->login; }

static unsigned words_set(const char *words[3], const char *first, const char *second, const char *third) {
    words[0] = first;
    words[1] = second;
    words[2] = third;
    return third ? 3 : second ? 2 : 1;
}

unsigned redis_route_question(const struct redis_route *route, const char *words[3]) {
    if (route->asking) return words_set(words, "SENTINEL", "get-master-addr-by-name", route->target->master);
    if (route->target->kind == REDIS_CLUSTER) return words_set(words, "EXISTS", route->target->key, NULL);
    return words_set(words, "ROLE", NULL, NULL);
}

static enum redis_route_step failed(char *why, size_t size, const char *what, const struct redis_route *route) {
    snprintf(why, size, "%s:%d: %s", route->at.host, route->at.port, what);
    return REDIS_ROUTE_FAILED;
}

static bool is_text(const redisReply *reply, size_t i) {
    return reply->type == REDIS_REPLY_ARRAY && i < reply->elements && reply->element[i]->type == REDIS_REPLY_STRING;
}

static enum redis_route_step master_named(struct redis_route *route, const redisReply *reply, char *why, size_t size) {
    if (reply->type == REDIS_REPLY_ERROR && begins(reply->str, "NOAUTH") && !route->login && route->target->password) {
        route->login = true;
        return REDIS_ROUTE_ON;
    }
    if (reply->type == REDIS_REPLY_ERROR) return failed(why, size, reply->str, route);
    if (!is_text(reply, 0) || !is_text(reply, 1)) {
        char what[REDIS_HOST_MAX];
        snprintf(what, sizeof what, "the sentinel knows no master '%.200s'", route->target->master);
        return failed(why, size, what, route);
    }
    const redisReply *host = reply->element[0], *port = reply->element[1];
    if (!node_set(&route->at, host->str, host->len, strtol(port->str, NULL, 10)))
        return failed(why, size, "the sentinel names no address", route);
    route->asking = false;
    return REDIS_ROUTE_ON;
}

/* "MOVED 3999 127.0.0.1:6381", with an empty host where it is the one that was asked, and IPv6 without brackets. */
static bool moved_read(const char *error, const struct redis_node *from, struct redis_node *to) {
    const char *space = begins(error, "MOVED ") ? strchr(error + 6, ' ') : NULL;
    const char *colon = space ? strrchr(space, ':') : NULL;
    if (!colon) return false;
    long port = strtol(colon + 1, NULL, 10);
    if (colon == space + 1) return node_set(to, from->host, strlen(from->host), port);
    return node_set(to, space + 1, (size_t)(colon - space - 1), port);
}

static enum redis_route_step slot_found(struct redis_route *route, const redisReply *reply, char *why, size_t size) {
    if (reply->type != REDIS_REPLY_ERROR) return REDIS_ROUTE_HERE;
    if (begins(reply->str, "NOPERM") || strstr(reply->str, "no permissions"))
        return REDIS_ROUTE_HERE; /* use will tell */
    if (route->hops++ < HOPS_MAX && moved_read(reply->str, &route->at, &route->at)) return REDIS_ROUTE_ON;
    return failed(why, size, reply->str, route);
}

enum redis_route_step redis_route_answer(struct redis_route *route, const redisReply *reply, char *why, size_t size) {
    const char *role = is_text(reply, 0) ? reply->element[0]->str : "";
    if (route->asking) return master_named(route, reply, why, size);
    if (route->target->kind == REDIS_CLUSTER) return slot_found(route, reply, why, size);
    if (strcmp(role, "sentinel") == 0) {
        snprintf(why, size,
                 "this is a sentinel, not a server: redis+sentinel://host[,host...]/master asks it for the master");
        return REDIS_ROUTE_FAILED;
    }
    if (route->target->kind == REDIS_SENTINEL && strcmp(role, "slave") == 0)
        return failed(why, size, "the sentinels call it the master, it calls itself a replica", route);
    return REDIS_ROUTE_HERE; /* also where we may not ask */
}

bool redis_route_learns(const struct redis_route *route) { return route->target->kind == REDIS_CLUSTER; }

static void node_learn(struct redis_route *route, const redisReply *node) {
    if (!is_text(node, 0) || node->elements < 2 || node->element[1]->type != REDIS_REPLY_INTEGER) return;
    const char *host = node->element[0]->str;
    int port = (int)node->element[1]->integer;
    for (unsigned i = 0; i < route->n_nodes; i++)
        if (node_equals(&route->nodes[i], host, port)) return;
    if (route->n_nodes < REDIS_NODES_MAX && strcmp(host, "?") != 0 &&
        node_set(&route->nodes[route->n_nodes], host, node->element[0]->len, port))
        route->n_nodes++;
}

/* The URL's own stay, as the way back to a cluster that has moved altogether; what was learned before goes. */
void redis_route_learn(struct redis_route *route, const redisReply *slots) {
    if (slots->type != REDIS_REPLY_ARRAY) return;
    route->n_nodes = route->target->n_nodes;
    for (size_t i = 0; i < slots->elements; i++) {
        const redisReply *range = slots->element[i];
        for (size_t j = 2; range->type == REDIS_REPLY_ARRAY && j < range->elements; j++)
            node_learn(route, range->element[j]);
    }
    route->first %= route->n_nodes;
}

bool redis_route_left(struct redis_route *route, const char *error, char *why, size_t size) {
    static const struct {
        const char *prefix, *words;
    } lefts[] = {
        {"MOVED ", "another node of the cluster has the queue now"},
        {"ASK ", "the queue is on its way to another node of the cluster"},
        {"TRYAGAIN", "the queue is on its way to another node of the cluster"},
        {"CLUSTERDOWN", "the cluster is down"},
        {"READONLY", "this is a replica, which refuses writes"},
        {"MASTERDOWN", "this is a replica that has lost its master"},
        {"LOADING", "it is loading its data"},
    };
    bool cluster = route->target->kind == REDIS_CLUSTER;
    for (unsigned i = 0; i < sizeof lefts / sizeof lefts[0]; i++) {
        if (!begins(error, lefts[i].prefix)) continue;
        bool moved = begins(error, "MOVED ") && moved_read(error, &route->at, &route->hint);
        if (!moved || !cluster) route->hint.host[0] = '\0';
        snprintf(why, size, "%s (%.200s)",
                 begins(error, "MOVED ") && !cluster ? "this is a node of a Redis Cluster that does not have the "
                                                       "queue; redis+cluster://host[,host...] finds it"
                                                     : lefts[i].words,
                 error);
        return true;
    }
    return false;
}
