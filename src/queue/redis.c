/* The connection: hiredis on libevent, with a login, a back-off, a watch on silence. */
#include "queue/redis.h"

#include <errno.h>
#include <hiredis/async.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/resolve.h"
#include "queue/redis_event.h"
#include "queue/redis_route.h"

enum {
    EXPECTED_MAX = 1 << 14, /* commands without an answer; more is a mistake of the caller */
    SILENCE_MS = 30000,     /* without an answer to a command: the connection is dead */
    RETRY_FIRST_MS = 100,
};

struct expected { /* an answer that is to come; answers come in the order of the commands */
    redis_reply_fn *reply;
    redis_sink_fn *sink;
    void *context;
};

struct redis {
    struct event_base *base;
    const struct redis_target *target;
    struct redis_handler handler;
    struct redis_route route;
    struct backoff backoff;
    redisAsyncContext *connection;     /* NULL: none */
    struct resolve *resolving;         /* the host's name; NULL: nobody is asked */
    struct addrinfo *addresses, *next; /* the host's; the one to be tried if this one fails, NULL: none */
    char refused[160];                 /* why the last command was refused whose answer nobody asked for */
    struct event *retry, *watch;
    struct event *deadline; /* of an address that has not answered yet */
    int64_t connect_ms, silence_ms;
    bool in_use;        /* logged in: the handler knows of it */
    unsigned first, n;  /* of the ring */
    unsigned silent_at; /* answers seen when the watch last looked */
    unsigned answers;
    struct expected expected[EXPECTED_MAX];
};

static bool elements_wanted(void *context) {
    const struct redis *redis = context;
    return redis->n > 0 && redis->expected[redis->first].sink;
}

static void element_take(void *context, const char *text, size_t len) {
    const struct redis *redis = context;
    const struct expected *expected = &redis->expected[redis->first];
    expected->sink(expected->context, text, len);
}

static void addresses_forget(struct redis *redis) {
    if (redis->addresses) freeaddrinfo(redis->addresses);
    redis->addresses = redis->next = NULL;
}

static void retry_later(struct redis *redis) {
    int64_t wait = backoff_failed(&redis->backoff);
    struct timeval time = {.tv_sec = wait / 1000, .tv_usec = wait % 1000 * 1000};
    evtimer_add(redis->retry, &time);
}

/* Forgets the connection that is gone or going, and the name's addresses: it may have moved. */
static void connection_close(struct redis *redis) {
    redisAsyncContext *connection = redis->connection;
    redis->connection = NULL;
    redis->in_use = false;
    redis->n = 0;
    addresses_forget(redis);
    evtimer_del(redis->watch);
    evtimer_del(redis->deadline);
    if (connection) {
        connection->data = NULL;
        redisAsyncFree(connection);
    }
}

/* Tells the handler, and tries again later. */
static void connection_lost(struct redis *redis, const char *why) {
    char reason[500];
    snprintf(reason, sizeof reason, "%s", why);
    connection_close(redis);
    retry_later(redis);
    redis->handler.lost(redis->handler.context, reason);
}

void redis_drop(struct redis *redis, const char *why) { connection_lost(redis, why); }

static void on_disconnect(const redisAsyncContext *connection, int status) {
    struct redis *redis = connection->data;
    if (!redis || redis->connection != connection) return;
    char why[160];
    snprintf(why, sizeof why, "%s", status == REDIS_OK ? "connection closed" : connection->errstr);
    redis->connection = NULL; /* hiredis frees it after this call */
    connection_lost(redis, why);
}

static void on_reply(redisAsyncContext *connection, void *reply, void *unused) {
    struct redis *redis = connection->data;
    (void)unused;
    if (!redis || redis->connection != connection || !reply) return;
    struct expected expected = redis->expected[redis->first];
    redis->first = (redis->first + 1) % EXPECTED_MAX;
    redis->n--;
    redis->answers++;
    redisReply answer = *(const redisReply *)reply;
    bool error = answer.type == REDIS_REPLY_ERROR;
    char why[400];
    if (error && redis->in_use && redis_route_left(&redis->route, answer.str, why, sizeof why)) {
        connection_lost(redis, why);
        return;
    }
    if (expected.sink && !error && answer.type != REDIS_REPLY_INTEGER) { /* else that would be an empty list */
        connection_lost(redis, "LRANGE: an answer of another type");
        return;
    }
    if (error && !expected.reply) snprintf(redis->refused, sizeof redis->refused, "%s", answer.str);
    if (error && strncmp(answer.str, "EXECABORT", 9) == 0 && *redis->refused) {
        answer.str = redis->refused;
        answer.len = strlen(redis->refused);
    }
    if (expected.reply) expected.reply(expected.context, &answer);
}

static void expected_add(struct redis *redis, redis_reply_fn *reply, redis_sink_fn *sink, void *context) {
    if (redis->n == EXPECTED_MAX) {
        log_error("queue", "%s: %d outstanding commands: a bug", redis->target->display, EXPECTED_MAX);
        abort();
    }
    redis->expected[(redis->first + redis->n++) % EXPECTED_MAX] = (struct expected){reply, sink, context};
}

void redis_send(struct redis *redis, redis_reply_fn *reply, void *context, int argc, const char *const *argv,
                const size_t *lens) {
    if (!redis->connection) return;
    expected_add(redis, reply, NULL, context);
    if (redisAsyncCommandArgv(redis->connection, on_reply, NULL, argc, (const char **)(uintptr_t)argv, lens) !=
        REDIS_OK)
        redis->n--; /* going down: on_disconnect follows */
}

void redis_command(struct redis *redis, redis_reply_fn *reply, void *context, ...) {
    const char *words[REDIS_WORDS_MAX];
    size_t lens[REDIS_WORDS_MAX];
    va_list arguments;
    va_start(arguments, context);
    int n = redis_words(arguments, words, lens);
    va_end(arguments);
    redis_send(redis, reply, context, n, words, lens);
}

void redis_write(struct redis *redis) {
    if (redis->connection) redis_event_write(redis->connection);
}

void redis_range(struct redis *redis, const char *key, int64_t first, int64_t last, redis_sink_fn *sink,
                 redis_reply_fn *done, void *context) {
    char from[24], to[24];
    snprintf(from, sizeof from, "%" PRId64, first);
    snprintf(to, sizeof to, "%" PRId64, last);
    unsigned n = redis->n;
    redis_command(redis, done, context, "LRANGE", key, from, to, NULL);
    if (redis->n > n) redis->expected[(redis->first + n) % EXPECTED_MAX].sink = sink;
}

/* An answer of the login: an error ends the connection. */
static void on_login(void *context, const redisReply *reply) {
    struct redis *redis = context;
    char why[200];
    if (reply->type != REDIS_REPLY_ERROR) return;
    snprintf(why, sizeof why, "login refused: %s", reply->str);
    connection_lost(redis, why);
}

static void node_begin(struct redis *redis);
static void connect_failed(struct redis *redis, const char *why);

static void on_slots(void *context, const redisReply *reply) {
    struct redis *redis = context;
    redis_route_learn(&redis->route, reply);
}

static void use_begin(struct redis *redis) {
    const struct redis_route *route = &redis->route;
    evtimer_del(redis->deadline);
    redis->in_use = true;
    if (redis->target->kind != REDIS_SERVER)
        log_notice("queue", "%s: using %s:%d", redis->target->display, route->at.host, route->at.port);
    if (redis_route_learns(route)) redis_command(redis, on_slots, redis, "CLUSTER", "SLOTS", NULL);
    redis->handler.connected(redis->handler.context);
}

/* The last answer of the login: without an error before it, the connection is good, if it is to the right server. */
static void on_question(void *context, const redisReply *reply) {
    struct redis *redis = context;
    char why[400];
    switch (redis_route_answer(&redis->route, reply, why, sizeof why)) {
    case REDIS_ROUTE_HERE: use_begin(redis); break;
    case REDIS_ROUTE_ON:
        connection_close(redis);
        node_begin(redis);
        break;
    case REDIS_ROUTE_FAILED:
        connection_close(redis);
        connect_failed(redis, why);
        break;
    }
}

static void login_send(struct redis *redis) {
    const struct redis_target *target = redis->target;
    const char *words[3] = {NULL};
    char database[16];
    snprintf(database, sizeof database, "%d", target->database);
    bool login = redis_route_logs_in(&redis->route);
    if (login && target->password && target->user)
        redis_command(redis, on_login, redis, "AUTH", target->user, target->password, NULL);
    else if (login && target->password)
        redis_command(redis, on_login, redis, "AUTH", target->password, NULL);
    if (login && target->database && !redis->route.asking)
        redis_command(redis, on_login, redis, "SELECT", database, NULL);
    if (login) redis_command(redis, on_login, redis, "PING", NULL);
    redis_route_question(&redis->route, words);
    redis_command(redis, on_question, redis, words[0], words[1], words[2], NULL);
}

static void patience_begin(struct redis *redis) {
    const struct timeval patience = {.tv_sec = redis->connect_ms / 1000, .tv_usec = redis->connect_ms % 1000 * 1000};
    evtimer_add(redis->deadline, &patience);
}

static void on_secured(void *context) { login_send(context); }

static void on_broken(void *context, const char *why) {
    struct redis *redis = context;
    char reason[300];
    snprintf(reason, sizeof reason, "%s", why);
    if (redis->in_use) {
        connection_lost(redis, reason);
        return;
    }
    connection_close(redis);
    connect_failed(redis, reason);
}

static void secure(struct redis *redis) {
    const struct redis_secured secured = {redis, on_secured, on_broken};
    struct error error = {""};
    struct tls *tls = tls_new(&redis->target->tls, redis->connection->c.fd, redis->route.at.host, &error);
    redis_event_secure(redis->connection, tls, error.text, &secured);
}

static void on_connect(const redisAsyncContext *connection, int status) {
    struct redis *redis = connection->data;
    if (!redis) return;
    evtimer_del(redis->deadline);
    if (status != REDIS_OK) {
        char why[160];
        snprintf(why, sizeof why, "%s", connection->errstr);
        redis->connection = NULL;
        connect_failed(redis, why);
        return;
    }
    if (redis->target->kind != REDIS_SERVER || redis->target->secure) patience_begin(redis);
    if (redis->target->secure)
        secure(redis);
    else
        login_send(redis);
}

/* Looks twice, so that a command sent just before the first look has half the time at least. */
static void watch_begin(struct redis *redis) {
    int64_t ms = redis->silence_ms / 2;
    struct timeval time = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    redis->silent_at = redis->n > 0 ? redis->answers : redis->answers - 1;
    evtimer_add(redis->watch, &time);
}

static void on_watch(evutil_socket_t fd, short what, void *context) {
    struct redis *redis = context;
    (void)fd;
    (void)what;
    if (redis->n > 0 && redis->answers == redis->silent_at) {
        connection_lost(redis, "no answer");
        return;
    }
    if (redis->in_use)
        backoff_reset(&redis->backoff); /* good for a while, not just until the first command was refused */
    watch_begin(redis);
}

void redis_hurry(struct redis *redis, int64_t ms) {
    redis->silence_ms = ms;
    if (redis->connection) watch_begin(redis);
}

/* An address that does not answer must not hold up the next one. */
static void on_deadline(evutil_socket_t fd, short what, void *context) {
    struct redis *redis = context;
    redisAsyncContext *connection = redis->connection;
    char why[64];
    (void)fd;
    (void)what;
    snprintf(why, sizeof why, "no %s within %" PRId64 " ms",
             connection->c.flags & REDIS_CONNECTED ? "answer" : "connection", redis->connect_ms);
    redis->connection = NULL;
    connection->data = NULL;
    redisAsyncFree(connection);
    redis->n = 0;
    connect_failed(redis, why);
}

/* Takes over what hiredis has begun. */
static void connection_begin(struct redis *redis, redisAsyncContext *connection) {
    const struct redis_events events = {redis, elements_wanted, element_take, on_broken};
    redis->first = redis->n = 0;
    if (!connection || connection->err) {
        char why[160];
        snprintf(why, sizeof why, "%s", connection ? connection->errstr : "out of memory");
        if (connection) redisAsyncFree(connection);
        connect_failed(redis, why);
        return;
    }
    connection->c.reader->maxbuf = 0; /* keep the read buffer */
    connection->data = redis;
    redis->connection = connection;
    redis_event_attach(connection, redis->base, &events);
    redisAsyncSetConnectCallback(connection, on_connect);
    redisAsyncSetDisconnectCallback(connection, on_disconnect);
    watch_begin(redis);
    patience_begin(redis);
}

/* hiredis gets digits: a name it would ask for here and now, and the loop would stand still. */
static void address_try(struct redis *redis) {
    const struct addrinfo *address = redis->next;
    char host[NI_MAXHOST];
    redis->next = address->ai_next;
    if (getnameinfo(address->ai_addr, address->ai_addrlen, host, sizeof host, NULL, 0, NI_NUMERICHOST) != 0)
        connect_failed(redis, "invalid address");
    else
        connection_begin(redis, redisAsyncConnect(host, redis->route.at.port));
}

static void connect_failed(struct redis *redis, const char *why) {
    if (redis->next) {
        address_try(redis);
    } else if (redis_route_next(&redis->route)) {
        log_info("queue", "%s: %s; asking another", redis->target->display, why);
        addresses_forget(redis);
        node_begin(redis);
    } else {
        connection_lost(redis, why);
    }
}

static void on_resolved(void *context, struct addrinfo *found, const char *why) {
    struct redis *redis = context;
    redis->resolving = NULL;
    redis->addresses = redis->next = found;
    if (found)
        address_try(redis);
    else
        connect_failed(redis, why);
}

static void node_begin(struct redis *redis) {
    const struct redis_node *at = &redis->route.at;
    if (redis->target->socket)
        connection_begin(redis, redisAsyncConnectUnix(redis->target->socket));
    else
        redis->resolving = resolve_start(redis->base, at->host, at->port, SOCK_STREAM, on_resolved, redis);
}

static void on_retry(evutil_socket_t fd, short what, void *context) {
    struct redis *redis = context;
    (void)fd;
    (void)what;
    redis_route_begin(&redis->route);
    node_begin(redis);
}

/* From the loop, so that what fails at once is told there, too, and not while the caller is being made. */
void redis_connect(struct redis *redis) { event_active(redis->retry, EV_TIMEOUT, 0); }

struct redis *redis_new(struct event_base *base, const struct redis_target *target, int64_t retry_max_ms,
                        const struct redis_handler *handler) {
    struct redis *redis = mem_zalloc(1, sizeof *redis);
    redis->base = base;
    redis->target = target;
    redis->handler = *handler;
    redis_route_init(&redis->route, target);
    redis->backoff = (struct backoff){.first_ms = RETRY_FIRST_MS, .max_ms = retry_max_ms};
    redis->retry = evtimer_new(base, on_retry, redis);
    redis->watch = evtimer_new(base, on_watch, redis);
    redis->deadline = evtimer_new(base, on_deadline, redis);
    redis->connect_ms = REDIS_CONNECT_MS;
    redis->silence_ms = SILENCE_MS;
    return redis;
}

void redis_set_retry_max(struct redis *redis, int64_t ms) { redis->backoff.max_ms = ms; }

void redis_set_connect_max(struct redis *redis, int64_t ms) { redis->connect_ms = ms; }

void redis_free(struct redis *redis) {
    if (!redis) return;
    if (redis->connection) {
        redis->connection->data = NULL;
        redisAsyncFree(redis->connection);
    }
    resolve_cancel(redis->resolving);
    addresses_forget(redis);
    event_free(redis->retry);
    event_free(redis->watch);
    event_free(redis->deadline);
    free(redis);
}
