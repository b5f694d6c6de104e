/* A take by commands: pops, or a transaction where there are no scripts. */
#include <stdio.h>

#include "queue/consumer_impl.h"

static void transaction_begin(struct consumer *consumer);

/* Whether a take's transaction has been done: not where it was refused, or (NIL) the sign of life has changed since it
 * was read. Then it is read again. */
static bool is_done(struct consumer *consumer, const redisReply *reply, const char *what) {
    if (consumer_exec_refused(consumer, reply, what)) return false;
    if (reply->type != REDIS_REPLY_NIL) return true;
    transaction_begin(consumer);
    return false;
}

static void on_moved(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    struct consumer_claimed claimed = {.filled = consumer->fill_end[0] != '\0'};
    size_t len;
    if (!is_done(consumer, reply, "LMOVE")) return;
    for (size_t i = 0; i < reply->elements; i++)
        claimed.moved += redis_text(reply->element[i], &len) != NULL;
    if (claimed.moved > 0) consumer_claimed(consumer, &claimed);
    for (size_t i = 0; i < reply->elements; i++)
        consumer_entry(consumer, reply->element[i]);
    consumer_finish(consumer);
}

static void on_renamed(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    if (!is_done(consumer, reply, "RENAMENX")) return;
    const redisReply *renamed = reply->elements == 3 ? reply->element[1] : NULL;
    /* Another consumer was faster: an error "no such key". The name in the set of claims is forgotten when the claims
     * are listed. */
    if (renamed && renamed->type == REDIS_REPLY_INTEGER && renamed->integer == 1) {
        struct consumer_claimed claimed = {.moved = reply->element[2]->integer};
        consumer_claimed(consumer, &claimed);
    }
    consumer_finish(consumer);
}

/* A claim is registered and filled at once, or not at all. */
static void claim_begin(struct consumer *consumer, const char *key) {
    redis_command(consumer->redis, NULL, NULL, "MULTI", NULL);
    redis_command(consumer->redis, NULL, NULL, "SADD", consumer->claims_key, key, NULL);
}

static void some_take(struct consumer *consumer, int64_t n) {
    const char *queue = consumer->config->queue;
    consumer->pending = (unsigned)n;
    if (consumer->config->at_most_once) {
        for (; n > 0; n--)
            redis_command(consumer->redis, consumer_popped, consumer, "LPOP", queue, NULL);
        return;
    }
    const char *key = consumer->fill_key[0] ? consumer->fill_key : consumer->fresh.key;
    claim_begin(consumer, key);
    for (; n > 0; n--)
        redis_command(consumer->redis, NULL, NULL, "LMOVE", queue, key, "LEFT", "RIGHT", NULL);
    redis_command(consumer->redis, on_moved, consumer, "EXEC", NULL);
}

static void all_take(struct consumer *consumer) {
    claim_begin(consumer, consumer->fresh.key);
    redis_command(consumer->redis, NULL, NULL, "RENAMENX", consumer->config->queue, consumer->fresh.key, NULL);
    redis_command(consumer->redis, NULL, NULL, "LLEN", consumer->fresh.key, NULL);
    redis_command(consumer->redis, on_renamed, consumer, "EXEC", NULL);
}

static void on_length(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    if (consumer_refused(consumer, reply, "LLEN")) return;
    int64_t most = consumer->config->at_most_once ? CONSUMER_SOME_MAX : paging_some(consumer->mean);
    int64_t some = reply->integer < most ? reply->integer : most;
    bool all = reply->integer > some && !consumer->config->at_most_once;
    consumer->queue_length = consumer->result.left = all ? 0 : (uint64_t)(reply->integer - some);
    if (all)
        all_take(consumer);
    else if (some > 0)
        some_take(consumer, some);
    else
        consumer_wait(consumer);
}

/* Whose the name is, watched until the transaction of the take. */
static void on_holder(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    if (consumer_displaced(consumer, reply)) return;
    redis_command(consumer->redis, on_length, consumer, "LLEN", consumer->config->queue, NULL);
}

static void transaction_begin(struct consumer *consumer) {
    consumer_watch(consumer, consumer->life_key);
    redis_command(consumer->redis, on_holder, consumer, "GET", consumer->life_key, NULL);
}

void consumer_command_take(struct consumer *consumer) {
    if (consumer->config->at_most_once)
        redis_command(consumer->redis, on_length, consumer, "LLEN", consumer->config->queue, NULL);
    else
        transaction_begin(consumer);
}
