/* Entries out of the queue: waited for, moved one by one, or renamed at once; and read from their claim. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "queue/consumer_impl.h"

static void entry_deliver(struct consumer *consumer, const char *text, size_t len) {
    if (consumer->stopped) return;
    if (consumer->handler.entry(consumer->handler.context, text, len))
        consumer->result.taken++;
    else
        consumer->stopped = true;
}

/* --- reading a claim --- */

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

static void on_page(void *context, const redisReply *reply);

static void page_ask(struct consumer *consumer) {
    int64_t last = consumer->end - consumer->next > consumer->page ? consumer->next + consumer->page : consumer->end;
    if (consumer->next == last) return;
    redis_range(consumer->redis, consumer->key, consumer->next, last - 1, on_element, on_page, consumer);
    consumer->pages[(consumer->first_page + consumer->pending) % CONSUMER_PAGES] =
        (struct paging){.asked = last - consumer->next};
    consumer->next = last;
    consumer->pending++;
}

static void on_page(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    consumer->pending--;
    if (consumer_refused(consumer, reply, "LRANGE")) return;
    struct paging page = consumer->pages[consumer->first_page];
    consumer->first_page = (consumer->first_page + 1) % CONSUMER_PAGES;
    if (reply->elements > 0) consumer->mean = 1 + page.bytes / reply->elements;
    if (reply->elements < (size_t)page.asked)
        consumer->ended = true;
    else
        consumer->page = paging_next(consumer->page, page.asked, page.bytes, (int64_t)consumer->config->page);
    if (!consumer->stopped && !consumer->ended) page_ask(consumer);
    if (consumer->pending > 0) return;
    consumer->result.ended = !consumer->stopped;
    consumer_finish(consumer);
}

void consumer_read(struct consumer *consumer, const struct claim *claim, int64_t limit) {
    if (!consumer_begin(consumer)) return;
    memcpy(consumer->key, claim->key, sizeof consumer->key);
    if (consumer->page == 0) consumer->page = CONSUMER_PAGE_FIRST;
    if (consumer->page > (int64_t)consumer->config->page) consumer->page = (int64_t)consumer->config->page;
    consumer->first_page = 0;
    consumer->next = claim->read;
    consumer->end = limit < INT64_MAX - claim->read ? claim->read + limit : INT64_MAX;
    consumer->pending = 0;
    consumer->stopped = consumer->ended = false;
    for (unsigned i = 0; i < CONSUMER_PAGES; i++)
        page_ask(consumer);
}

/* --- taking from the queue --- */

static void took(struct consumer *consumer, enum consumer_took what) {
    consumer->result.took = what;
    consumer_finish(consumer);
}

/* An entry that was moved or popped; anything else is passed over. */
static void entry_moved(struct consumer *consumer, const redisReply *entry) {
    size_t len;
    const char *text = redis_text(entry, &len);
    if (!text) return;
    fault_point("after-wait");
    consumer->result.took = CONSUMER_TOOK_SOME;
    consumer->result.moved++;
    consumer->moved_bytes += len;
    consumer->mean = 1 + consumer->moved_bytes / (uint64_t)consumer->result.moved;
    entry_deliver(consumer, text, len);
}

static void on_popped(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    consumer->pending--;
    if (consumer_refused(consumer, reply, "LPOP")) return;
    size_t len;
    bool listed = !redis_text(reply, &len) && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2;
    entry_moved(consumer, listed ? reply->element[1] : reply); /* BLPOP answers with list and entry */
    if (consumer->pending == 0) consumer_finish(consumer);
}

static void take_begin(struct consumer *consumer);

/* Whether a take's transaction has been done: not where it was refused, or (NIL) the sign of life has changed since it
 * was read. Then it is read again. */
static bool is_done(struct consumer *consumer, const redisReply *reply, const char *what) {
    if (consumer_exec_refused(consumer, reply, what)) return false;
    if (reply->type != REDIS_REPLY_NIL) return true;
    take_begin(consumer);
    return false;
}

static void on_moved(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    if (!is_done(consumer, reply, "LMOVE")) return;
    for (size_t i = 0; i < reply->elements; i++)
        entry_moved(consumer, reply->element[i]);
    consumer_finish(consumer);
}

static void on_renamed(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    if (!is_done(consumer, reply, "RENAMENX")) return;
    const redisReply *renamed = reply->elements == 2 ? reply->element[1] : NULL;
    fault_point("after-claim");
    /* Another consumer was faster: an error "no such key". The name in the set of claims is forgotten with the
     * generation. */
    took(consumer, renamed && renamed->type == REDIS_REPLY_INTEGER && renamed->integer == 1 ? CONSUMER_TOOK_ALL
                                                                                            : CONSUMER_TOOK_NOTHING);
}

/* An entry is there, or the time is over: the next take sees. */
static void on_waited(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    if (consumer_refused(consumer, reply, "BLMOVE")) return;
    took(consumer, CONSUMER_TOOK_NOTHING);
}

/* Waits without taking: the entry at the head goes to the head. */
static void entry_wait(struct consumer *consumer) {
    const char *queue = consumer->config->queue;
    char seconds[48];
    int64_t ms = CONSUMER_WAIT_MS;
    consumer->pending = 1;
    if (consumer->config->at_most_once) {
        redis_command(consumer->redis, on_popped, consumer, "BLPOP", queue, "1", NULL);
        return;
    }
    if (ms > consumer->config->timeout * 1000 / 6) ms = consumer->config->timeout * 1000 / 6;
    snprintf(seconds, sizeof seconds, "%" PRId64 ".%03" PRId64, ms / 1000, ms % 1000);
    redis_command(consumer->redis, NULL, NULL, "UNWATCH", NULL);
    redis_command(consumer->redis, on_waited, consumer, "BLMOVE", queue, queue, "LEFT", "LEFT", seconds, NULL);
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
            redis_command(consumer->redis, on_popped, consumer, "LPOP", queue, NULL);
        return;
    }
    claim_begin(consumer, consumer->key);
    for (; n > 0; n--)
        redis_command(consumer->redis, NULL, NULL, "LMOVE", queue, consumer->key, "LEFT", "RIGHT", NULL);
    redis_command(consumer->redis, on_moved, consumer, "EXEC", NULL);
}

static void all_take(struct consumer *consumer) {
    claim_begin(consumer, consumer->all_key);
    redis_command(consumer->redis, NULL, NULL, "RENAMENX", consumer->config->queue, consumer->all_key, NULL);
    redis_command(consumer->redis, on_renamed, consumer, "EXEC", NULL);
}

static void on_length(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    if (consumer_refused(consumer, reply, "LLEN")) return;
    int64_t most = consumer->config->at_most_once ? CONSUMER_SOME_MAX : paging_some(consumer->mean);
    int64_t some = reply->integer < most ? reply->integer : most;
    bool all = reply->integer > some && !consumer->config->at_most_once;
    consumer->queue_length = all ? 0 : (uint64_t)(reply->integer - some); /* what is left */
    if (all)
        all_take(consumer);
    else if (some > 0)
        some_take(consumer, some);
    else if (consumer->wait)
        entry_wait(consumer);
    else
        took(consumer, CONSUMER_TOOK_NOTHING);
}

/* Whose the name is, watched until the transaction of the take. */
static void on_holder(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    if (consumer_displaced(consumer, reply)) return;
    redis_command(consumer->redis, on_length, consumer, "LLEN", consumer->config->queue, NULL);
}

static void take_begin(struct consumer *consumer) {
    consumer_watch(consumer, consumer->life_key);
    redis_command(consumer->redis, on_holder, consumer, "GET", consumer->life_key, NULL);
}

void consumer_take(struct consumer *consumer, const struct claim *some, const struct claim *all, bool wait) {
    if (!consumer_begin(consumer)) return;
    memcpy(consumer->key, some->key, sizeof consumer->key);
    memcpy(consumer->all_key, all->key, sizeof consumer->all_key);
    consumer->wait = wait;
    consumer->moved_bytes = 0;
    consumer->stopped = false;
    if (consumer->config->at_most_once) {
        redis_command(consumer->redis, on_length, consumer, "LLEN", consumer->config->queue, NULL);
        return;
    }
    take_begin(consumer);
}
