/* The consumer's operations on the queue and its claims. */
#include "queue/consumer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "queue/consumer_impl.h"

void consumer_finish(struct consumer *consumer) {
    struct consumer_result result = consumer->result; /* the next operation may begin in the handler */
    consumer->taken += (uint64_t)result.taken;
    consumer->handler.done(consumer->handler.context, &result);
}

bool consumer_refused(struct consumer *consumer, const redisReply *reply, const char *what) {
    char why[400];
    if (reply->type != REDIS_REPLY_ERROR) return false;
    const struct consumer_config *config = consumer->config;
    snprintf(why, sizeof why, "%s: queue %s: %s: %s", consumer->target.display, config->queue, what, reply->str);
    if (strstr(reply->str, "unknown command")) {
        log_error("queue", "%s; exactly-once delivery requires Redis 6.2 or newer; delivery = at-most-once does not",
                  why);
        consumer->handler.failed(consumer->handler.context, why);
    } else {
        redis_drop(consumer->redis, why);
    }
    return true;
}

bool consumer_exec_refused(struct consumer *consumer, const redisReply *reply, const char *what) {
    if (consumer_refused(consumer, reply, what)) return true;
    for (size_t i = 0; i < reply->elements; i++)
        if (reply->element[i]->type == REDIS_REPLY_ERROR && !strstr(reply->element[i]->str, "no such key"))
            return consumer_refused(consumer, reply->element[i], what);
    return false;
}

static void on_watched(void *context, const redisReply *reply) { consumer_refused(context, reply, "WATCH"); }

void consumer_watch(struct consumer *consumer, const char *key) {
    redis_command(consumer->redis, on_watched, consumer, "WATCH", key, NULL);
}

static int64_t monotonic_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_BOOTTIME, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

bool consumer_begin(struct consumer *consumer) {
    consumer->result = (struct consumer_result){.moved = 0};
    if (!consumer->named) return false;
    if (consumer->config->at_most_once || monotonic_ms() - consumer->life_ms < consumer->config->timeout * 1000 * 2 / 3)
        return true;
    redis_drop(consumer->redis, "our sign of life came too late: other importers may have adopted our claims");
    return false;
}

/* What an operator can do about a name that two have. */
static void name_failed(struct consumer *consumer, const char *token, const char *what) {
    struct identity other;
    char why[1200];
    identity_read(&other, token);
    snprintf(why, sizeof why,
             "%s: queue %s: the consumer name '%s' %s process %" PRId64 " on host '%s'; this is process %" PRId64
             " on host '%s'. Give each importer its own name: [queue] consumer, or --consumer",
             consumer->target.display, consumer->config->queue, consumer->config->name, what, other.pid, other.host,
             consumer->self.pid, consumer->self.host);
    consumer->handler.failed(consumer->handler.context, why);
}

bool consumer_displaced(struct consumer *consumer, const redisReply *holder) {
    if (holder->type == REDIS_REPLY_STRING && strcmp(holder->str, consumer->token) == 0) return false;
    if (holder->type == REDIS_REPLY_STRING) {
        consumer->named = false;
        evtimer_del(consumer->life);
        name_failed(consumer, holder->str, "was taken over by");
    } else if (!consumer_refused(consumer, holder, "GET")) {
        redis_drop(consumer->redis, "our sign of life had expired: other importers may have adopted our claims");
    }
    return true;
}

static bool token_is_dead(const struct consumer *consumer, const char *token) {
    struct identity other;
    return identity_read(&other, token) && identity_is_dead(&consumer->self, &other);
}

static void on_holder(void *context, const redisReply *reply);

/* Asks whose the name is; watched, so that it is taken from nobody else. */
static void name_ask(struct consumer *consumer) {
    consumer->asked_ms = monotonic_ms();
    consumer->naming = true;
    consumer_watch(consumer, consumer->life_key);
    redis_command(consumer->redis, on_holder, consumer, "GET", consumer->life_key, NULL);
}

static void on_named(void *context, const redisReply *reply);

/* `holder`: whose it was; NULL: nobody's. */
static void name_take(struct consumer *consumer, const char *holder) {
    char seconds[24];
    snprintf(seconds, sizeof seconds, "%" PRId64, consumer->config->timeout);
    consumer_join(consumer);
    consumer_join_expect(consumer, "GET", consumer->life_key, holder);
    consumer_join_add(consumer, "SET", consumer->life_key, consumer->token, "EX", seconds, NULL);
    consumer_join_send(consumer, on_named);
}

/* Who holds our name: nobody, we ourselves, or a dead process of this machine (then it is ours), or a living one. */
static void on_holder(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    if (consumer_refused(consumer, reply, "GET")) return;
    if (reply->type != REDIS_REPLY_STRING || strcmp(reply->str, consumer->token) == 0 ||
        token_is_dead(consumer, reply->str)) {
        name_take(consumer, reply->type == REDIS_REPLY_STRING ? reply->str : NULL);
        return;
    }
    redis_command(consumer->redis, NULL, NULL, "UNWATCH", NULL);
    consumer->naming = false;
    if (++consumer->name_tries > consumer->config->timeout + 5) {
        name_failed(consumer, reply->str, "is in use by");
        return;
    }
    if (consumer->name_tries == 1) {
        struct identity other;
        identity_read(&other, reply->str);
        log_warning("queue",
                    "%s: queue %s: the consumer name '%s' is held by process %" PRId64
                    " on host '%s'; waiting for it to expire",
                    consumer->target.display, consumer->config->queue, consumer->config->name, other.pid, other.host);
    }
    evtimer_add(consumer->life, &(struct timeval){.tv_sec = 1});
}

static void life_again(struct consumer *consumer) {
    int64_t ms = consumer->config->timeout * 1000 / 3;
    struct timeval time = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    evtimer_add(consumer->life, &time);
}

/* A number that is shown; an error, as of a user who may not ask, leaves it as it is. */
static void on_length(void *context, const redisReply *reply) {
    uint64_t *length = context;
    if (reply->type == REDIS_REPLY_INTEGER) *length = (uint64_t)reply->integer;
}

/* The queue is asked here, too: while nothing is taken, nobody else asks. */
static void lengths_ask(struct consumer *consumer) {
    if (!consumer->named || consumer->config->once) return;
    redis_command(consumer->redis, on_length, &consumer->queue_length, "LLEN", consumer->config->queue, NULL);
    redis_command(consumer->redis, on_length, &consumer->n_claims, "SCARD", consumer->claims_key, NULL);
    redis_command(consumer->redis, on_length, &consumer->rejected_length, "LLEN", consumer->rejected_key, NULL);
}

static void on_lengths(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    lengths_ask(context);
}

/* The name is ours: asks for what is shown, then lets the importer begin. */
static void begin_using(struct consumer *consumer) {
    consumer->named = true;
    if (!consumer->config->once) redis_look_ask(&consumer->look, consumer->redis, consumer->target.display);
    lengths_ask(consumer);
    consumer->handler.ready(consumer->handler.context);
}

static void on_named(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    if (consumer_exec_refused(consumer, reply, "SET")) return;
    if (reply->type == REDIS_REPLY_NIL) { /* another came between: it holds the name, or gave it free */
        name_ask(consumer);
        return;
    }
    consumer->naming = false;
    consumer->life_ms = consumer->asked_ms;
    consumer->name_tries = 0;
    life_again(consumer);
    begin_using(consumer);
}

static void on_life_shown(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    if (consumer_exec_refused(consumer, reply, "EXPIRE")) return;
    if (reply->elements != 2) { /* what an operation had watched has changed */
        event_active(consumer->life, EV_TIMEOUT, 0);
        return;
    }
    if (consumer_displaced(consumer, reply->element[0])) return;
    consumer->life_ms = consumer->asked_ms;
    life_again(consumer);
}

/* Time to show life, or to ask again for a name that is held. Read and renewed at once: where it is another's, or has
 * lapsed, the answer tells. */
static void on_life(evutil_socket_t fd, short what, void *context) {
    struct consumer *consumer = context;
    char seconds[24];
    (void)fd;
    (void)what;
    if (!consumer->named) {
        name_ask(consumer);
        return;
    }
    snprintf(seconds, sizeof seconds, "%" PRId64, consumer->config->timeout);
    consumer->asked_ms = monotonic_ms();
    consumer_join(consumer);
    consumer_join_add(consumer, "GET", consumer->life_key, NULL);
    consumer_join_add(consumer, "EXPIRE", consumer->life_key, seconds, NULL);
    consumer_join_send(consumer, on_life_shown);
}

static void on_connected(void *context) {
    struct consumer *consumer = context;
    log_notice("queue", "%s: connected", consumer->target.display);
    if (consumer->config->at_most_once) {
        begin_using(consumer);
        return;
    }
    consumer_ask_scripts(consumer);
    name_ask(consumer);
}

static void on_lost(void *context, const char *why) {
    struct consumer *consumer = context;
    consumer->losses += consumer->named;
    snprintf(consumer->lost_why, sizeof consumer->lost_why, "%s", why);
    consumer->named = consumer->naming = false;
    evtimer_del(consumer->life);
    if (consumer->config->once && !consumer->freeing) {
        char text[400];
        snprintf(text, sizeof text, "%s: %s", consumer->target.display, why);
        consumer->handler.failed(consumer->handler.context, text);
        return;
    }
    log_warning("queue", "%s: %s; trying again", consumer->target.display, why);
    consumer->handler.lost(consumer->handler.context);
}

struct consumer *consumer_new(struct event_base *base, const struct consumer_config *config,
                              const struct consumer_handler *handler, struct error *error) {
    const struct redis_access access = {config->url, config->password, config->queue, config->tls};
    struct redis_target target;
    if (redis_target_parse(&target, &access, error) != 0) return NULL;
    struct consumer *consumer = mem_zalloc(1, sizeof *consumer);
    consumer->config = config;
    consumer->handler = *handler;
    consumer->target = target;
    claim_prefix(consumer->prefix, sizeof consumer->prefix, config->queue);
    snprintf(consumer->claims_key, sizeof consumer->claims_key, "%s:claims", consumer->prefix);
    snprintf(consumer->taken_key, sizeof consumer->taken_key, "%s:taken", consumer->prefix);
    snprintf(consumer->rejected_key, sizeof consumer->rejected_key, "%s:rejected", consumer->prefix);
    snprintf(consumer->life_key, sizeof consumer->life_key, "%s:consumer:%s", consumer->prefix, config->name);
    identity_init(&consumer->self, config->random);
    identity_write(&consumer->self, consumer->token);
    struct redis_handler redis = {consumer, on_connected, on_lost};
    consumer->redis = redis_new(base, &consumer->target, config->retry_max_ms, &redis);
    consumer->life = evtimer_new(base, on_life, consumer);
    consumer->lengths = event_new(base, -1, EV_PERSIST, on_lengths, consumer);
    return consumer;
}

void consumer_free(struct consumer *consumer) {
    if (!consumer) return;
    consumer->freeing = true;
    redis_free(consumer->redis);
    event_free(consumer->life);
    event_free(consumer->lengths);
    redis_target_release(&consumer->target);
    free(consumer->listed);
    buffer_release(&consumer->joint.words);
    buffer_release(&consumer->ahead);
    free(consumer->joint.ends);
    free(consumer->rest_lengths);
    free(consumer);
}

void consumer_start(struct consumer *consumer) {
    if (!consumer->config->once) event_add(consumer->lengths, &(struct timeval){.tv_sec = CONSUMER_LENGTHS});
    redis_connect(consumer->redis);
}

void consumer_reconfigure(struct consumer *consumer) {
    redis_set_retry_max(consumer->redis, consumer->config->retry_max_ms);
}

void consumer_hurry(struct consumer *consumer) { redis_hurry(consumer->redis, REDIS_STOP_MS); }

static void on_left(void *context, const redisReply *reply) {
    (void)reply;
    consumer_finish(context);
}

/* What another holds by now is left to it. */
static void on_leaving(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    bool ours = reply->type == REDIS_REPLY_STRING && strcmp(reply->str, consumer->token) == 0;
    consumer_join(consumer);
    if (ours) consumer_join_expect(consumer, "GET", consumer->life_key, consumer->token);
    if (ours) consumer_join_add(consumer, "DEL", consumer->life_key, NULL);
    consumer_join_send(consumer, on_left);
}

void consumer_leave(struct consumer *consumer) {
    if (!consumer_begin(consumer)) return;
    evtimer_del(consumer->life);
    if (consumer->config->at_most_once) {
        consumer_finish(consumer);
        return;
    }
    consumer_watch(consumer, consumer->life_key);
    redis_command(consumer->redis, on_leaving, consumer, "GET", consumer->life_key, NULL);
}

bool consumer_is_naming(const struct consumer *consumer) { return consumer->naming; }

const char *consumer_prefix(const struct consumer *consumer) { return consumer->prefix; }

void consumer_show(const struct consumer *consumer, struct show *show) {
    show_module(show, "queue");
    show_text(show, "url", consumer->target.display);
    show_text(show, "name", consumer->config->queue);
    show_info(show, "info", "consumer", "The name of this importer among those that share the queue.",
              consumer->config->name);
    show_gauge(show, "connected", "Whether Redis is connected and has accepted the consumer name.", consumer->named);
    show_counter(show, "losses_total", "Lost connections to Redis.", consumer->losses);
    show_text(show, "last_loss", consumer->lost_why[0] ? consumer->lost_why : NULL);
    show_counter(show, "taken_total", "Entries taken, including those taken again after a lost connection.",
                 consumer->taken);
    show_gauge(show, "length", "Entries in the queue, as last seen.", consumer->queue_length);
    show_gauge(show, "claims", "Claims of all consumers, as last seen; a waiting consumer has one ready.",
               consumer->n_claims);
    show_gauge(show, "rejected_length", "Entries in the list of rejected entries, as last seen.",
               consumer->rejected_length);
    redis_look_show(&consumer->look, show);
}

void consumer_problems(const struct consumer *consumer, struct buffer *out) {
    if (consumer->named) return;
    const char *why = consumer->lost_why[0] ? consumer->lost_why : "not connected yet";
    if (consumer->name_tries) why = "another importer has our consumer name";
    buffer_printf(out, "queue: %s: %s\n", consumer->target.display, why);
}
