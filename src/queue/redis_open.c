/* A blocking connection: for the hand tool's short questions. */
#include <netdb.h>
#include <stdio.h>

#include "base/resolve.h"
#include "queue/redis.h"
#include "queue/redis_route.h"
#include "queue/redis_tunnel.h"

/* One blocking command of the login; -1 with the error set. */
static int login_word(redisContext *context, const struct redis_target *target, struct error *error, int argc,
                      const char **argv) {
    redisReply *reply = redisCommandArgv(context, argc, argv, NULL);
    int failed = 0;
    if (!reply)
        failed = error_set(error, "%s: %s", target->display, context->errstr);
    else if (reply->type == REDIS_REPLY_ERROR)
        failed = error_set(error, "%s: login refused: %s", target->display, reply->str);
    if (reply) freeReplyObject(reply);
    return failed;
}

/* Connected to the first of the name's addresses that answers: hiredis would wait for one in vain, and try no other. If
 * none does, the last one's failure; NULL with the error set where there is none. */
static redisContext *addresses_open(const struct redis_target *target, const struct redis_node *node,
                                    const struct timeval *timeout, struct error *error) {
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses;
    redisContext *context = NULL;
    char host[NI_MAXHOST], port[16];
    snprintf(port, sizeof port, "%d", node->port);
    int code = resolve_name(node->host, port, &hints, &addresses);
    if (code != 0) {
        error_set(error, "%s: %s", target->display, gai_strerror(code));
        return NULL;
    }
    for (const struct addrinfo *at = addresses; at && (!context || context->err); at = at->ai_next) {
        if (getnameinfo(at->ai_addr, at->ai_addrlen, host, sizeof host, NULL, 0, NI_NUMERICHOST) != 0) continue;
        if (context) redisFree(context);
        context = redisConnectWithTimeout(host, node->port, *timeout);
    }
    freeaddrinfo(addresses);
    if (!context) error_set(error, "%s: no address", target->display);
    return context;
}

static redisContext *node_connect(const struct redis_target *target, const struct redis_node *node,
                                  struct error *error) {
    static const struct timeval timeout = {.tv_sec = REDIS_CONNECT_MS / 1000};
    redisContext *context = target->socket ? redisConnectUnixWithTimeout(target->socket, timeout)
                                           : addresses_open(target, node, &timeout, error);
    if (!context && target->socket) error_set(error, "%s: out of memory", target->display);
    if (!context) return NULL;
    if (!context->err) return target->secure ? redis_tunnel(context, target, node, error) : context;
    error_set(error, "%s: %s", target->display, context->errstr);
    redisFree(context);
    return NULL;
}

static int login(redisContext *context, const struct redis_target *target, const struct redis_route *route,
                 struct error *error) {
    char database[16];
    snprintf(database, sizeof database, "%d", target->database);
    if (!redis_route_logs_in(route)) return 0;
    if (target->password) {
        const char *words[] = {"AUTH", target->user ? target->user : target->password, target->password};
        if (login_word(context, target, error, target->user ? 3 : 2, words) != 0) return -1;
    }
    if (!target->database || route->asking) return 0;
    return login_word(context, target, error, 2, (const char *[]){"SELECT", database});
}

static enum redis_route_step question_ask(redisContext *context, struct redis_route *route, struct error *error) {
    const char *words[3];
    char why[400];
    int n = (int)redis_route_question(route, words);
    redisReply *reply = redisCommandArgv(context, n, words, NULL);
    if (!reply) {
        error_set(error, "%s: %s", route->target->display, context->errstr);
        return REDIS_ROUTE_FAILED;
    }
    enum redis_route_step step = redis_route_answer(route, reply, why, sizeof why);
    if (step == REDIS_ROUTE_FAILED) error_set(error, "%s: %s", route->target->display, why);
    freeReplyObject(reply);
    return step;
}

redisContext *redis_open(const struct redis_target *target, struct error *error) {
    static const struct timeval patience = {.tv_sec = REDIS_CONNECT_MS / 1000}, for_ever = {.tv_sec = 0};
    struct redis_route route;
    redis_route_init(&route, target);
    redis_route_begin(&route);
    for (;;) {
        enum redis_route_step step = REDIS_ROUTE_FAILED;
        redisContext *context = node_connect(target, &route.at, error);
        if (context) redisSetTimeout(context, patience);
        if (context && login(context, target, &route, error) == 0) step = question_ask(context, &route, error);
        if (step == REDIS_ROUTE_HERE) {
            redisSetTimeout(context, for_ever);
            return context;
        }
        if (context) redisFree(context);
        if (step == REDIS_ROUTE_FAILED && !redis_route_next(&route)) return NULL;
    }
}
