/* Entries on their way to the handler: of a page, of a take, popped; and waiting for one. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "flow/entry.h"
#include "queue/consumer_impl.h"

static void entry_deliver(struct consumer *consumer, const char *text, size_t len) {
    if (consumer->stopped) return;
    if (consumer->handler.entry(consumer->handler.context, text, len))
        consumer->result.taken++;
    else
        consumer->stopped = true;
}

int64_t paging_next(int64_t page, int64_t asked, uint64_t bytes, int64_t most) {
    if (asked == page && bytes < CONSUMER_PAGE_LOW) page *= 2; /* else it was asked before the size was changed */
    if (bytes > CONSUMER_PAGE_HIGH) {
        int64_t fit = (int64_t)((uint64_t)asked * CONSUMER_PAGE_LOW / bytes);
        if (fit < page) page = fit;
    }
    return page < 1 ? 1 : page > most ? most : page;
}

int64_t paging_some(uint64_t mean) {
    if (mean == 0) return CONSUMER_SOME_FIRST;
    uint64_t fit = CONSUMER_SOME_BYTES / mean;
    return fit < 1 ? 1 : fit > CONSUMER_SOME_MAX ? CONSUMER_SOME_MAX : (int64_t)fit;
}

static void on_element(void *context, const char *text, size_t len) {
    struct consumer *consumer = context;
    consumer->pages[consumer->first_page].bytes += len;
    entry_deliver(consumer, text, len);
}

void consumer_page_ask(struct consumer *consumer, const char *key, int64_t first, int64_t last, redis_reply_fn *done) {
    redis_range(consumer->redis, key, first, last, on_element, done, consumer);
}

void consumer_ahead_deliver(struct consumer *consumer) {
    struct buffer *ahead = &consumer->ahead;
    size_t len;
    for (size_t at = 0; at < ahead->len; at += sizeof len + entry_held(len)) {
        memcpy(&len, ahead->data + at, sizeof len);
        entry_deliver(consumer, ahead->data + at + sizeof len, len);
    }
    buffer_clear(ahead);
}

static void on_element_ahead(void *context, const char *text, size_t len) {
    struct consumer *consumer = context;
    consumer->pages[0].bytes += len;
    buffer_add(&consumer->ahead, &len, sizeof len);
    buffer_add(&consumer->ahead, text, entry_held(len));
    if (consumer->ahead.len > CONSUMER_PAGE_HIGH) consumer_ahead_deliver(consumer);
}

void consumer_ahead_ask(struct consumer *consumer, const char *key, int64_t first, int64_t last, redis_reply_fn *done) {
    redis_range(consumer->redis, key, first, last, on_element_ahead, done, consumer);
}

void consumer_claimed(struct consumer *consumer, const struct consumer_claimed *claimed) {
    consumer->result.moved += claimed->moved;
    consumer->result.left = consumer->queue_length;
    fault_point("after-claim");
    consumer->handler.claimed(consumer->handler.context, claimed);
}

void consumer_entry(struct consumer *consumer, const redisReply *entry) {
    size_t len;
    const char *text = redis_text(entry, &len);
    if (!text) return; /* there was none left */
    fault_point("after-wait");
    consumer->moved_bytes += len;
    consumer->mean = 1 + consumer->moved_bytes / ++consumer->came;
    entry_deliver(consumer, text, len);
}

void consumer_popped(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    consumer->pending--;
    if (consumer_refused(consumer, reply, "LPOP")) return;
    size_t len;
    bool listed = !redis_text(reply, &len) && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2;
    const redisReply *entry = listed ? reply->element[1] : reply; /* BLPOP answers with list and entry */
    consumer->result.moved += redis_text(entry, &len) != NULL;
    consumer_entry(consumer, entry);
    if (consumer->pending == 0) consumer_finish(consumer);
}

static void wait_seconds(const struct consumer *consumer, char seconds[48]) {
    int64_t ms = CONSUMER_WAIT_MS;
    if (ms > consumer->config->timeout * 1000 / 6) ms = consumer->config->timeout * 1000 / 6;
    snprintf(seconds, 48, "%" PRId64 ".%03" PRId64, ms / 1000, ms % 1000);
}

static void on_time_over(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    if (!consumer_refused(consumer, reply, "BLPOP")) consumer_finish(consumer);
}

/* An entry is there, or the time is over: the next take sees. A full Redis moves nothing, and a script can't wait: then
 * the time passes at a list that is never there. */
static void on_waited(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    char seconds[48], nothing[QUEUE_NAME_MAX + 16];
    if (reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "OOM", 3) == 0 && consumer->scripts == SCRIPTS_ALL) {
        wait_seconds(consumer, seconds);
        snprintf(nothing, sizeof nothing, "%s:nothing", consumer->prefix);
        redis_command(consumer->redis, on_time_over, consumer, "BLPOP", nothing, seconds, NULL);
    } else if (!consumer_refused(consumer, reply, "BLMOVE")) {
        consumer_finish(consumer);
    }
}

/* Waits without taking: the entry at the head goes to the head. */
void consumer_wait(struct consumer *consumer) {
    const char *queue = consumer->config->queue;
    char seconds[48];
    if (!consumer->wait) {
        consumer_finish(consumer);
        return;
    }
    consumer->pending = 1;
    if (consumer->config->at_most_once) {
        redis_command(consumer->redis, consumer_popped, consumer, "BLPOP", queue, "1", NULL);
        return;
    }
    wait_seconds(consumer, seconds);
    if (consumer->scripts == SCRIPTS_NONE) redis_command(consumer->redis, NULL, NULL, "UNWATCH", NULL);
    redis_command(consumer->redis, on_waited, consumer, "BLMOVE", queue, queue, "LEFT", "LEFT", seconds, NULL);
}
