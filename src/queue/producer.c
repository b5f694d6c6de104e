/* The producer: entries out of the outbox to Redis, batch by batch, and what the marker says of them. */
#include "queue/producer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "queue/claim.h"
#include "queue/producer_impl.h"

enum {
    TICK_SECONDS = 1,
    TAKEN_AT_ONCE = 1 << 16, /* entries out of the feed */
    LOOK_MS = 250,           /* between looks at a queue that is too long */
    NUMBER_TEXT = 24,
    WAIT_MS = 1000, /* that Redis waits for its replicas before it says how many there are */
};

static void batch_send(struct producer *producer);

static void refuse(struct producer *producer, const char *command, const char *why) {
    char text[400];
    snprintf(text, sizeof text, "queue %s: %s: %s", producer->config->queue, command, why);
    redis_drop(producer->redis, text);
}

/* --- what has arrived --- */

static void batch_arrived(struct producer *producer) {
    producer->pushed += producer->batch;
    producer->batch = 0;
    outbox_arrived(&producer->outbox, producer->outbox.sent);
    if (producer->handler.arrived) producer->handler.arrived(producer->handler.context);
}

static void replicas_ask(struct producer *producer);

/* Nobody is told that a batch has arrived before so many replicas have it: Redis is asked until they do. */
static void on_replicas(void *context, const redisReply *reply) {
    struct producer *producer = context;
    if (reply->type != REDIS_REPLY_INTEGER) {
        refuse(producer, "WAIT", reply->type == REDIS_REPLY_ERROR ? reply->str : "the answer is not a number");
        return;
    }
    producer->replicas = (uint64_t)reply->integer;
    producer->unreplicated = producer->replicas < producer->config->wait_replicas;
    if (producer->unreplicated) {
        replicas_ask(producer);
        return;
    }
    batch_arrived(producer);
    batch_send(producer);
}

static void replicas_ask(struct producer *producer) {
    char n[NUMBER_TEXT], ms[NUMBER_TEXT];
    snprintf(n, sizeof n, "%" PRIu64, producer->config->wait_replicas);
    snprintf(ms, sizeof ms, "%d", WAIT_MS);
    redis_command(producer->redis, on_replicas, producer, "WAIT", n, ms, NULL);
}

/* Redis has the batch. */
static void batch_pushed(struct producer *producer) {
    if (producer->config->wait_replicas > 0) {
        replicas_ask(producer);
        return;
    }
    batch_arrived(producer);
    batch_send(producer);
}

/* What was sent and not confirmed is to be sent again. */
static void batch_forget(struct producer *producer) {
    producer->batch = 0;
    outbox_unsend(&producer->outbox);
}

/* --- batches --- */

static void on_marker_mended(void *context, const redisReply *reply) {
    struct producer *producer = context;
    (void)reply;
    refuse(producer, "RPUSH", producer->refusal);
}

/* RPUSH failed, on a key that has become something else than a list, and SET did not: the marker is to say again what
 * it said before. */
static void marker_mend(struct producer *producer, const char *why) {
    char value[PRODUCER_STREAM_MAX + NUMBER_TEXT];
    snprintf(producer->refusal, sizeof producer->refusal, "%s", why);
    snprintf(value, sizeof value, "%s %" PRIu64, producer->stream, producer->outbox.arrived);
    redis_command(producer->redis, on_marker_mended, producer, "SET", producer->marker, value, NULL);
}

/* If a command is refused before EXEC, for lack of memory for example, EXEC is refused for it. */
static void on_queued(void *context, const redisReply *reply) {
    struct producer *producer = context;
    if (reply->type == REDIS_REPLY_ERROR && !producer->refusal[0])
        snprintf(producer->refusal, sizeof producer->refusal, "%s", reply->str);
}

static void on_pushed(void *context, const redisReply *reply) {
    struct producer *producer = context;
    fault_point("after-push");
    if (reply->type == REDIS_REPLY_ERROR) {
        refuse(producer, "RPUSH", producer->refusal[0] ? producer->refusal : reply->str);
    } else if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0) {
        refuse(producer, "EXEC", "the marker was changed by another");
    } else if (reply->element[0]->type != REDIS_REPLY_INTEGER) {
        marker_mend(producer, reply->element[0]->str);
    } else {
        producer->queue_length = (uint64_t)reply->element[0]->integer;
        batch_pushed(producer);
    }
}

/* Says in a transaction how far the queue has our entries, whatever was queued in it before. */
static void marker_commit(struct producer *producer, redis_reply_fn *committed) {
    char value[PRODUCER_STREAM_MAX + NUMBER_TEXT], seconds[NUMBER_TEXT];
    snprintf(value, sizeof value, "%s %" PRIu64, producer->stream, producer->outbox.sent);
    snprintf(seconds, sizeof seconds, "%" PRId64, producer->config->marker_seconds);
    redis_command(producer->redis, on_queued, producer, "SET", producer->marker, value,
                  producer->config->marker_seconds ? "EX" : NULL, seconds, NULL);
    redis_command(producer->redis, committed, producer, "EXEC", NULL);
    redis_command(producer->redis, NULL, NULL, "WATCH", producer->marker, NULL);
}

static void on_repeated(void *context, const redisReply *reply) {
    struct producer *producer = context;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements > 0)
        batch_pushed(producer);
    else
        refuse(producer, "EXEC", reply->type == REDIS_REPLY_ERROR ? reply->str : "the marker was changed by another");
}

/* A batch whose answer was lost with its connection is there. WAIT speaks of what its own connection has written, so
 * that the marker is written once more. */
static void batch_repeat(struct producer *producer) {
    producer->refusal[0] = '\0';
    redis_command(producer->redis, on_queued, producer, "MULTI", NULL);
    marker_commit(producer, on_repeated);
}

/* How many entries the queue may take. */
static size_t queue_room(const struct producer *producer) {
    uint64_t max = producer->config->max_queue;
    if (!max) return PRODUCER_BATCH;
    if (producer->queue_length >= max) return 0;
    return max - producer->queue_length < PRODUCER_BATCH ? (size_t)(max - producer->queue_length) : PRODUCER_BATCH;
}

/* Sends the next batch, if none is under way. */
static void batch_send(struct producer *producer) {
    const char **texts = producer->words + 2;
    size_t *lens = producer->lens + 2;
    if (!producer->connected || producer->failed || producer->batch > 0) return;
    size_t room = queue_room(producer);
    producer->held = room == 0 && outbox_waits(&producer->outbox);
    if (producer->held) {
        if (!evtimer_pending(producer->look, NULL))
            evtimer_add(producer->look, &(struct timeval){.tv_usec = LOOK_MS * 1000});
        return;
    }
    size_t n = outbox_send(&producer->outbox, texts, lens, room, PRODUCER_BATCH_BYTES);
    if (n == 0) return;
    producer->words[0] = "RPUSH";
    producer->lens[0] = strlen("RPUSH");
    producer->words[1] = producer->config->queue;
    producer->lens[1] = strlen(producer->config->queue);
    producer->batch = n;
    producer->refusal[0] = '\0';
    redis_command(producer->redis, on_queued, producer, "MULTI", NULL);
    redis_send(producer->redis, on_queued, producer, (int)n + 2, producer->words, producer->lens);
    marker_commit(producer, on_pushed);
}

static void on_work(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    batch_send(context);
}

/* --- the queue's length --- */

static void on_length(void *context, const redisReply *reply) {
    struct producer *producer = context;
    if (reply->type != REDIS_REPLY_INTEGER) {
        refuse(producer, "LLEN", reply->type == REDIS_REPLY_ERROR ? reply->str : "the answer is not a number");
        return;
    }
    producer->queue_length = (uint64_t)reply->integer;
    batch_send(producer);
}

static void length_ask(struct producer *producer) {
    redis_command(producer->redis, on_length, producer, "LLEN", producer->config->queue, NULL);
}

static void on_look(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    length_ask(context);
}

/* --- connecting --- */

/* What the marker says after a lost connection. All is well if that is where we were before the last batch, or behind
 * it. */
static void marker_compare(struct producer *producer, uint64_t position) {
    char why[400];
    bool is_there = producer->batch > 0 && position == producer->outbox.sent;
    if (is_there && producer->config->wait_replicas > 0) {
        batch_repeat(producer);
        return;
    }
    if (is_there) batch_arrived(producer);
    batch_forget(producer);
    if (position == producer->outbox.arrived) return;
    snprintf(why, sizeof why,
             "%s: %s is at %" PRIu64 " and was left at %" PRIu64 ": others push the same, or Redis has lost data",
             producer->target.display, producer->marker, position, producer->outbox.arrived);
    producer->failed = producer->handler.failed != NULL;
    if (producer->failed)
        producer->handler.failed(producer->handler.context, why);
    else
        log_warning("queue", "%s", why);
}

/* The answer to GET: "<stream> <position>", or nothing. */
static void on_marker(void *context, const redisReply *reply) {
    struct producer *producer = context;
    char stream[PRODUCER_STREAM_MAX] = "";
    const char *space = reply->type == REDIS_REPLY_STRING ? strrchr(reply->str, ' ') : NULL;
    if (reply->type == REDIS_REPLY_ERROR) {
        refuse(producer, "GET", reply->str);
        return;
    }
    uint64_t position = space ? strtoull(space + 1, NULL, 10) : 0;
    if (space && space - reply->str < PRODUCER_STREAM_MAX) memcpy(stream, reply->str, (size_t)(space - reply->str));
    uint64_t ours = strcmp(stream, producer->stream) == 0 ? position : 0;
    producer->connected = true;
    if (producer->resumed) {
        marker_compare(producer, ours);
    } else {
        producer->resumed = true;
        if (ours > 0) outbox_arrived(&producer->outbox, ours); /* the spool's, from a run before */
        if (producer->handler.ready) producer->handler.ready(producer->handler.context, stream, position);
    }
    batch_send(producer);
}

static void on_connected(void *context) {
    struct producer *producer = context;
    redis_command(producer->redis, NULL, NULL, "WATCH", producer->marker, NULL);
    length_ask(producer); /* first: it tells whether the queue is a list */
    redis_command(producer->redis, on_marker, producer, "GET", producer->marker, NULL);
    log_info("queue", "%s: connected for pushing", producer->target.display);
}

static void on_lost(void *context, const char *why) {
    struct producer *producer = context;
    producer->losses += producer->connected;
    producer->connected = producer->held = producer->unreplicated = false;
    evtimer_del(producer->look);
    snprintf(producer->lost_why, sizeof producer->lost_why, "%s: %s", producer->target.display, why);
    if (!producer->handler.lost || producer->handler.lost(producer->handler.context, producer->lost_why))
        log_warning("queue", "%s; trying again", producer->lost_why);
}

/* --- entries in --- */

static void work_ask(struct producer *producer) {
    if (producer->batch == 0 && producer->connected) event_active(producer->work, 0, 0);
}

void producer_put(struct producer *producer, const char *text, size_t len) {
    outbox_put(&producer->outbox, text, len);
    work_ask(producer);
}

bool producer_put_at(struct producer *producer, uint64_t position, const char *text, size_t len) {
    if (!outbox_put_at(&producer->outbox, position, text, len)) return false;
    work_ask(producer);
    return true;
}

static void on_fed(evutil_socket_t fd, short what, void *context) {
    struct producer *producer = context;
    const char *text;
    size_t len;
    unsigned n = 0;
    (void)fd;
    (void)what;
    feeds_woken(&producer->feeds);
    while (n < TAKEN_AT_ONCE && feeds_next(&producer->feeds, &text, &len)) {
        producer_put(producer, text, len);
        n++;
    }
    if (n == TAKEN_AT_ONCE) event_active(producer->fed[0], EV_READ, 0); /* after what else the loop has to do */
}

void producer_take(struct producer *producer, struct feed *feed) {
    unsigned i = producer->feeds.n++;
    producer->feeds.list[i] = feed;
    producer->fed[i] = event_new(producer->base, feed_fd(feed), EV_READ | EV_PERSIST, on_fed, producer);
    event_add(producer->fed[i], NULL);
}

/* --- its life --- */

/* Once the stream's name is known, which may be the spool's. */
static void connect_begin(struct producer *producer) {
    if (!producer->stream[0])
        snprintf(producer->stream, sizeof producer->stream, "%016" PRIx64, producer->outbox.stream);
    redis_connect(producer->redis);
}

void producer_tick(struct producer *producer) {
    bool was_ready = outbox_is_ready(&producer->outbox);
    outbox_tick(&producer->outbox, !producer->connected || producer->held);
    if (!was_ready && outbox_is_ready(&producer->outbox)) connect_begin(producer);
    batch_send(producer); /* what could not be read back is tried again */
}

static void on_tick(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    producer_tick(context);
}

static int outbox_begin(struct producer *producer, struct error *error) {
    struct outbox_config *config = &producer->outbox_config;
    *config = (struct outbox_config){.display = producer->target.display,
                                     .memory = PRODUCER_MEMORY,
                                     .spool = producer->config->spool,
                                     .spool_max = producer->config->spool_max};
    if (getrandom(&config->stream, sizeof config->stream, 0) != sizeof config->stream)
        return error_set(error, "getrandom failed");
    return outbox_init(&producer->outbox, config, error);
}

struct producer *producer_new(struct event_base *base, const struct producer_config *config,
                              const struct producer_handler *handler, struct error *error) {
    struct redis_target target;
    char prefix[QUEUE_NAME_MAX + 2];
    const struct redis_access access = {config->url, config->password, config->queue, config->tls};
    if (redis_target_parse(&target, &access, error) != 0) return NULL;
    struct producer *producer = mem_zalloc(1, sizeof *producer);
    producer->config = config;
    if (handler) producer->handler = *handler;
    producer->base = base;
    producer->target = target;
    claim_prefix(prefix, sizeof prefix, config->queue);
    producer->marker = mem_printf("%s:%s", prefix, config->marker);
    struct redis_handler redis = {producer, on_connected, on_lost};
    producer->redis = redis_new(base, &producer->target, config->retry_max_ms, &redis);
    producer->work = event_new(base, -1, 0, on_work, producer);
    producer->look = evtimer_new(base, on_look, producer);
    producer->tick = event_new(base, -1, EV_PERSIST, on_tick, producer);
    if (outbox_begin(producer, error) == 0) return producer;
    producer_free(producer);
    return NULL;
}

void producer_free(struct producer *producer) {
    const char *text;
    size_t len;
    if (!producer) return;
    while (feeds_next(&producer->feeds, &text, &len))
        outbox_put(&producer->outbox, text, len);
    uint64_t left = outbox_release(&producer->outbox);
    if (left > 0 && !producer->handler.failed)
        log_error("queue", "%s: %" PRIu64 " entries that were not confirmed are lost", producer->target.display, left);
    for (unsigned i = 0; i < producer->feeds.n; i++)
        event_free(producer->fed[i]);
    event_free(producer->work);
    event_free(producer->look);
    event_free(producer->tick);
    redis_free(producer->redis);
    redis_target_release(&producer->target);
    free(producer->marker);
    free(producer);
}

void producer_start(struct producer *producer) {
    event_add(producer->tick, &(struct timeval){.tv_sec = TICK_SECONDS});
    if (outbox_is_ready(&producer->outbox)) connect_begin(producer);
}

void producer_resume(struct producer *producer, const char *stream, uint64_t position) {
    snprintf(producer->stream, sizeof producer->stream, "%s", stream);
    outbox_resume(&producer->outbox, position);
}

void producer_hurry(struct producer *producer) { redis_hurry(producer->redis, REDIS_STOP_MS); }

bool producer_is_done(const struct producer *producer) {
    return outbox_is_empty(&producer->outbox) && feeds_is_empty(&producer->feeds);
}

uint64_t producer_pushed(const struct producer *producer) { return producer->pushed; }
