/* The connection: hiredis on libevent, with a login, a back-off, a watch on silence, and array elements taken in
 * flight. */
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

enum {
    EXPECTED_MAX = 1 << 14, /* commands without an answer; more is a mistake of the caller */
    WORDS_MAX = 16,
    SILENCE_SECONDS = 15, /* twice this long without an answer to a command: the connection is dead */
    RETRY_FIRST_MS = 100,
    CONNECT_MS = 5000, /* for each address; the kernel would try for two minutes */
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
    struct backoff backoff;
    redisAsyncContext *connection;       /* NULL: none */
    struct resolve *resolving;           /* the host's name; NULL: nobody is asked */
    struct addrinfo *addresses, *next;   /* the host's; the one to be tried if this one fails, NULL: none */
    redisReplyObjectFunctions functions; /* hiredis' own, but for what a sink takes */
    char refused[160];                   /* why the last command was refused whose answer nobody asked for */
    size_t cut_len;                      /* of the element whose head comes next */
    struct event *retry, *watch;
    struct event *deadline; /* of an address that has not answered yet */
    int64_t connect_ms;
    bool in_use;        /* logged in: the handler knows of it */
    unsigned first, n;  /* of the ring */
    unsigned silent_at; /* answers seen when the watch last looked */
    unsigned answers;
    struct expected expected[EXPECTED_MAX];
};

static const redisReplyObjectFunctions *default_functions; /* every reader has the same */
static redisReply taken; /* what stands for an element that a sink has taken; never in a tree */

/* Whose sink the task's part of a reply goes to; NULL: to nobody's, or it is the reply itself. */
static inline const struct expected *sink_find(const struct redis *redis, const redisReadTask *task) {
    const struct expected *expected = &redis->expected[redis->first];
    return task->parent && redis->n > 0 && expected->sink ? expected : NULL;
}

/* hiredis' createString, but elements of an array that has a sink go there without a copy. */
static void *element_create(const redisReadTask *task, char *text, size_t len) {
    const struct redis *redis = task->privdata;
    const struct expected *expected = task->type == REDIS_REPLY_STRING ? sink_find(redis, task) : NULL;
    if (!expected) return default_functions->createString(task, text, len);
    expected->sink(expected->context, text, task->parent->parent ? redis->cut_len : len);
    return &taken;
}

#if HIREDIS_MAJOR < 1
typedef int element_count;
#else
typedef size_t element_count;
#endif

/* An array within an array is an element that was cut (cutter.h): its length, then its head. */
static void *cut_begin(const redisReadTask *task, element_count n) {
    return sink_find(task->privdata, task) ? &taken : default_functions->createArray(task, n);
}

static void *cut_measure(const redisReadTask *task, long long value) {
    struct redis *redis = task->privdata;
    if (!sink_find(redis, task)) return default_functions->createInteger(task, value);
    redis->cut_len = (size_t)value;
    return &taken;
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

/* Forgets the connection that is gone or going, tells the handler, and tries again later. */
static void connection_lost(struct redis *redis, const char *why) {
    char reason[256];
    snprintf(reason, sizeof reason, "%s", why);
    redisAsyncContext *connection = redis->connection;
    redis->connection = NULL;
    redis->in_use = false;
    redis->n = 0;
    addresses_forget(redis); /* the name is asked for again: it may have moved */
    evtimer_del(redis->watch);
    evtimer_del(redis->deadline);
    if (connection) {
        connection->data = NULL;
        redisAsyncFree(connection);
    }
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
    const char *words[WORDS_MAX];
    size_t lens[WORDS_MAX];
    int n = 0;
    va_list arguments;
    va_start(arguments, context);
    for (const char *word; n < WORDS_MAX && (word = va_arg(arguments, const char *));) {
        words[n] = word;
        lens[n++] = strlen(word);
    }
    va_end(arguments);
    redis_send(redis, reply, context, n, words, lens);
}

void redis_write(struct redis *redis) {
    int done;
    if (redis->connection) (void)redisBufferWrite(&redis->connection->c, &done);
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

/* The last answer of the login: without an error before it, the connection is good. */
static void on_ping(void *context, const redisReply *reply) {
    struct redis *redis = context;
    on_login(context, reply);
    if (!redis->connection) return;
    redis->in_use = true;
    redis->handler.connected(redis->handler.context);
}

static void connect_failed(struct redis *redis, const char *why);

static void on_connect(const redisAsyncContext *connection, int status) {
    struct redis *redis = connection->data;
    const struct redis_target *target = redis ? redis->target : NULL;
    char database[16];
    if (!redis) return;
    evtimer_del(redis->deadline);
    if (status != REDIS_OK) {
        char why[160];
        snprintf(why, sizeof why, "%s", connection->errstr);
        redis->connection = NULL;
        connect_failed(redis, why);
        return;
    }
    if (target->password && target->user)
        redis_command(redis, on_login, redis, "AUTH", target->user, target->password, NULL);
    else if (target->password)
        redis_command(redis, on_login, redis, "AUTH", target->password, NULL);
    snprintf(database, sizeof database, "%d", target->database);
    if (target->database) redis_command(redis, on_login, redis, "SELECT", database, NULL);
    redis_command(redis, on_ping, redis, "PING", NULL);
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
    redis->silent_at = redis->n > 0 ? redis->answers : redis->answers - 1;
    evtimer_add(redis->watch, &(struct timeval){.tv_sec = SILENCE_SECONDS});
}

/* An address that does not answer must not hold up the next one. */
static void on_deadline(evutil_socket_t fd, short what, void *context) {
    struct redis *redis = context;
    redisAsyncContext *connection = redis->connection;
    char why[64];
    (void)fd;
    (void)what;
    redis->connection = NULL;
    connection->data = NULL;
    redisAsyncFree(connection);
    snprintf(why, sizeof why, "no connection within %" PRId64 " ms", redis->connect_ms);
    connect_failed(redis, why);
}

/* Takes over what hiredis has begun. */
static void connection_begin(struct redis *redis, redisAsyncContext *connection) {
    redis->first = redis->n = 0;
    if (!connection || connection->err) {
        char why[160];
        snprintf(why, sizeof why, "%s", connection ? connection->errstr : "out of memory");
        if (connection) redisAsyncFree(connection);
        connect_failed(redis, why);
        return;
    }
    default_functions = connection->c.reader->fn;
    redis->functions = *default_functions;
    redis->functions.createString = element_create;
    redis->functions.createArray = cut_begin;
    redis->functions.createInteger = cut_measure;
    connection->c.reader->fn = &redis->functions;
    connection->c.reader->privdata = redis;
    connection->c.reader->maxbuf = 0; /* keep the read buffer */
    connection->data = redis;
    redis->connection = connection;
    redis->silent_at = redis->answers - 1;
    redis_event_attach(connection, redis->base);
    redisAsyncSetConnectCallback(connection, on_connect);
    redisAsyncSetDisconnectCallback(connection, on_disconnect);
    evtimer_add(redis->watch, &(struct timeval){.tv_sec = SILENCE_SECONDS});
    const struct timeval patience = {.tv_sec = redis->connect_ms / 1000, .tv_usec = redis->connect_ms % 1000 * 1000};
    evtimer_add(redis->deadline, &patience);
}

/* hiredis gets digits: a name it would ask for here and now, and the loop would stand still. */
static void address_try(struct redis *redis) {
    const struct addrinfo *address = redis->next;
    char host[NI_MAXHOST];
    redis->next = address->ai_next;
    if (getnameinfo(address->ai_addr, address->ai_addrlen, host, sizeof host, NULL, 0, NI_NUMERICHOST) != 0)
        connect_failed(redis, "invalid address");
    else
        connection_begin(redis, redisAsyncConnect(host, redis->target->port));
}

static void connect_failed(struct redis *redis, const char *why) {
    if (redis->next)
        address_try(redis);
    else
        connection_lost(redis, why);
}

static void on_resolved(void *context, struct addrinfo *found, const char *why) {
    struct redis *redis = context;
    redis->resolving = NULL;
    redis->addresses = redis->next = found;
    if (found)
        address_try(redis);
    else
        connection_lost(redis, why);
}

static void on_retry(evutil_socket_t fd, short what, void *context) {
    struct redis *redis = context;
    const struct redis_target *target = redis->target;
    (void)fd;
    (void)what;
    if (target->socket)
        connection_begin(redis, redisAsyncConnectUnix(target->socket));
    else
        redis->resolving = resolve_start(redis->base, target->host, target->port, SOCK_STREAM, on_resolved, redis);
}

/* From the loop, so that what fails at once is told there, too, and not while the caller is being made. */
void redis_connect(struct redis *redis) { event_active(redis->retry, EV_TIMEOUT, 0); }

struct redis *redis_new(struct event_base *base, const struct redis_target *target, int64_t retry_max_ms,
                        const struct redis_handler *handler) {
    struct redis *redis = mem_zalloc(1, sizeof *redis);
    redis->base = base;
    redis->target = target;
    redis->handler = *handler;
    redis->backoff = (struct backoff){.first_ms = RETRY_FIRST_MS, .max_ms = retry_max_ms};
    redis->retry = evtimer_new(base, on_retry, redis);
    redis->watch = evtimer_new(base, on_watch, redis);
    redis->deadline = evtimer_new(base, on_deadline, redis);
    redis->connect_ms = CONNECT_MS;
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
static redisContext *addresses_open(const struct redis_target *target, const struct timeval *timeout,
                                    struct error *error) {
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses;
    redisContext *context = NULL;
    char host[NI_MAXHOST], port[16];
    snprintf(port, sizeof port, "%d", target->port);
    int code = resolve_name(target->host, port, &hints, &addresses);
    if (code != 0) {
        error_set(error, "%s: %s", target->display, gai_strerror(code));
        return NULL;
    }
    for (const struct addrinfo *at = addresses; at && (!context || context->err); at = at->ai_next) {
        if (getnameinfo(at->ai_addr, at->ai_addrlen, host, sizeof host, NULL, 0, NI_NUMERICHOST) != 0) continue;
        if (context) redisFree(context);
        context = redisConnectWithTimeout(host, target->port, *timeout);
    }
    freeaddrinfo(addresses);
    if (!context) error_set(error, "%s: no address", target->display);
    return context;
}

redisContext *redis_open(const struct redis_target *target, struct error *error) {
    static const struct timeval timeout = {.tv_sec = CONNECT_MS / 1000};
    redisContext *context =
        target->socket ? redisConnectUnixWithTimeout(target->socket, timeout) : addresses_open(target, &timeout, error);
    char database[16];
    snprintf(database, sizeof database, "%d", target->database);
    int failed = 0;
    if (!context && !target->socket) return NULL;
    if (!context || context->err)
        failed = error_set(error, "%s: %s", target->display, context ? context->errstr : "out of memory");
    if (!failed && target->password) {
        const char *words[] = {"AUTH", target->user ? target->user : target->password, target->password};
        failed = login_word(context, target, error, target->user ? 3 : 2, words);
    }
    if (!failed && target->database)
        failed = login_word(context, target, error, 2, (const char *[]){"SELECT", database});
    if (failed && context) redisFree(context);
    return failed ? NULL : context;
}
