/* Entries out of the queue: waited for, popped, moved by commands where there are no scripts; and read from their
 * claim.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "queue/consumer_impl.h"

/* --- reading a claim --- */

static void on_page(void *context, const redisReply *reply);

static void page_ask(struct consumer *consumer) {
    int64_t last =
        consumer->end - consumer->next_entry > consumer->page ? consumer->next_entry + consumer->page : consumer->end;
    if (consumer->next_entry == last) return;
    consumer_page_ask(consumer, consumer->key, consumer->next_entry, last - 1, on_page);
    consumer->pages[(consumer->first_page + consumer->pending) % CONSUMER_PAGES] =
        (struct paging){.asked = last - consumer->next_entry};
    consumer->next_entry = last;
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
    consumer->next_entry = claim->read;
    consumer->end = limit < INT64_MAX - claim->read ? claim->read + limit : INT64_MAX;
    consumer->pending = 0;
    consumer->stopped = consumer->ended = false;
    for (unsigned i = 0; i < CONSUMER_PAGES; i++)
        page_ask(consumer);
}

/* --- taking from the queue --- */

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

static void take_begin(struct consumer *consumer) {
    consumer_watch(consumer, consumer->life_key);
    redis_command(consumer->redis, on_holder, consumer, "GET", consumer->life_key, NULL);
}

void consumer_take(struct consumer *consumer, const struct claim *fill, const struct claim *fresh, bool wait) {
    if (!consumer_begin(consumer)) return;
    consumer->fresh = *fresh;
    consumer->fill_key[0] = consumer->fill_end[0] = '\0';
    if (fill) memcpy(consumer->fill_key, fill->key, sizeof consumer->fill_key);
    if (fill)
        snprintf(consumer->fill_end, sizeof consumer->fill_end, "%s.%" PRId64, fill->queue_id, fill->place + fill->len);
    consumer->wait = wait;
    consumer->moved_bytes = consumer->came = 0;
    consumer->stopped = false;
    if (consumer->config->at_most_once)
        redis_command(consumer->redis, on_length, consumer, "LLEN", consumer->config->queue, NULL);
    else if (consumer->scripts == SCRIPTS_NONE)
        take_begin(consumer);
    else
        consumer_script_take(consumer);
}
