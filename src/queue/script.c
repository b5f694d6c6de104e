/* A take by a script: at once, and with all that must be true of it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "queue/consumer_impl.h"

/* KEYS: sign of life, queue, set of claims, count of what was taken, claim to be filled, name of a fresh one.
 * ARGV: our token, most entries that are a few, most of a take, an id for the count, place behind the claim to be
 * filled. Returns how many were taken; how many are left, whether they were filled in, the first one's place, the id,
 * and the entries where they are a few. -1 and whose the name is, where it isn't ours.
 *
 * SORT without an order is the fastest way to move the head of a list. It walks the whole list before Redis 7, which is
 * the first to tell scripts its version; and an ACL of -@dangerous forbids it. A command that an ACL forbids ends the
 * script, and what was done before stays: so each has been called once, to no effect, before an entry is moved. */
static const char take_script[] = CONSUMER_ANY_MEMORY
    "local holder = redis.call('GET', KEYS[1])\n"
    "if holder ~= ARGV[1] then return {-1, holder} end\n"
    "local length, few, most = redis.call('LLEN', KEYS[2]), tonumber(ARGV[2]), tonumber(ARGV[3])\n"
    "if length == 0 then return {0} end\n"
    "local n, key = math.min(length, most), KEYS[5]\n"
    "local ending = redis.pcall('LPOS', KEYS[2], 'END', 'MAXLEN', n)\n"
    "if type(ending) == 'number' then n = ending + 1 end\n"
    "redis.call('HSETNX', KEYS[4], 'id', ARGV[4])\n"
    "local id = redis.call('HGET', KEYS[4], 'id')\n"
    "local place = redis.call('HINCRBY', KEYS[4], 'n', n) - n\n"
    "local filled = n <= few and ARGV[5] == id .. string.format('.%.0f', place)\n"
    "if not filled then key = KEYS[6] .. '@' .. id .. string.format('.%.0f', place) end\n"
    "local answer = {n, length - n, filled and 1 or 0, place, id}\n"
    "if not filled and redis.call('EXISTS', key) == 1 then\n"
    "    return redis.error_reply('ERR the claim exists: ' .. key)\n"
    "end\n"
    "redis.call('SADD', KEYS[3], key)\n"
    "if n <= few then\n"
    "    for i = 1, n do answer[i + 5] = redis.call('LMOVE', KEYS[2], key, 'LEFT', 'RIGHT') end\n"
    "    return answer\n"
    "end\n"
    "redis.call('LTRIM', KEYS[2], 0, -1)\n"
    "local sorted = redis.REDIS_VERSION_NUM and\n"
    "    redis.pcall('SORT', KEYS[2], 'BY', 'nosort', 'LIMIT', 0, n, 'STORE', key)\n"
    "if type(sorted) ~= 'number' then\n"
    "    local entries = redis.call('LRANGE', KEYS[2], 0, n - 1)\n"
    "    for i = 1, n, 1000 do redis.call('RPUSH', key, unpack(entries, i, math.min(i + 999, n))) end\n"
    "end\n"
    "redis.call('LTRIM', KEYS[2], n, -1)\n"
    "return answer\n";

enum { TAKE_HEAD = 5 }; /* of the answer, before the entries */

static void place_text(char text[PLACE_TEXT_MAX], const char *queue_id, int64_t place) {
    snprintf(text, PLACE_TEXT_MAX, "%.16s.%" PRId64, queue_id, place);
}

/* Taken by commands instead; but reads ahead of a take that Redis refuses are of claims that will not be there. */
static void take_refused(struct consumer *consumer, const redisReply *reply) {
    bool alone = consumer->takes == 1 && consumer->pending == 0 && consumer->fill_key[0] == '\0';
    consumer_unscript(consumer, reply);
    if (alone)
        consumer_command_take(consumer);
    else
        redis_drop(consumer->redis, "the permissions of our user have changed");
}

static void take_send(struct consumer *consumer);

/* Whether another take may be sent before the entries of this one are folded: it must be known how long they are. */
static bool can_go_on(const struct consumer *consumer, const struct consumer_claimed *claimed, bool expected) {
    return expected && !consumer->stopped && claimed->moved == CONSUMER_TAKE_MAX &&
           consumer->queue_length > CONSUMER_FEW_MAX && consumer->takes < CONSUMER_TAKES;
}

/* Nothing more comes. */
static void take_end(struct consumer *consumer) {
    if (consumer->pending > 0 || consumer->takes_pending > 0) return;
    if (consumer->result.moved > 0)
        consumer_finish(consumer);
    else
        consumer_wait(consumer);
}

/* Redis has other data than it had at our last take, and has not closed the connection. */
static bool has_gone_back(const struct consumer *consumer, const struct consumer_claimed *claimed) {
    const char *next = consumer->next;
    return strncmp(next, claimed->queue_id, QUEUE_ID_MAX - 1) == 0 && next[QUEUE_ID_MAX - 1] == '.' &&
           claimed->place < strtoll(next + QUEUE_ID_MAX, NULL, 10);
}

static void taken_read(struct consumer *consumer, const redisReply *reply, size_t n_entries) {
    const redisReply *id = reply->element[4];
    char at[PLACE_TEXT_MAX];
    struct consumer_claimed claimed = {.moved = reply->element[0]->integer,
                                       .filled = reply->element[2]->integer == 1,
                                       .place = reply->element[3]->integer};
    snprintf(claimed.queue_id, sizeof claimed.queue_id, "%.16s", id->type == REDIS_REPLY_STRING ? id->str : "");
    if (has_gone_back(consumer, &claimed)) { /* what is folded and not committed may be among what it holds */
        redis_drop(consumer->redis, "Redis has gone back in time");
        return;
    }
    place_text(at, claimed.queue_id, claimed.place);
    bool expected = consumer->pages_ahead && strcmp(at, consumer->next) == 0; /* its entries come next */
    consumer->queue_length = (uint64_t)reply->element[1]->integer;
    place_text(consumer->next, claimed.queue_id, claimed.place + claimed.moved);
    consumer_claimed(consumer, &claimed);
    consumer->read_ahead = consumer->queue_length > CONSUMER_FEW_MAX;
    if (!claimed.filled) consumer->fresh.n++;
    consumer->goes_on = can_go_on(consumer, &claimed, expected);
    for (size_t i = 0; i < n_entries; i++)
        consumer_entry(consumer, reply->element[TAKE_HEAD + i]);
    /* Those of a claim that is not read ahead are read before any other's; those that are here don't come again. */
    if (n_entries > 0 ? consumer->pending > 0 : !expected) consumer->stopped = true;
    take_end(consumer);
}

static void on_taken(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    consumer->takes_pending--;
    if (consumer_is_forbidden(reply)) {
        take_refused(consumer, reply);
    } else if (consumer_refused(consumer, reply, "EVAL")) {
        return;
    } else if (reply->elements == 2) {
        consumer_displaced(consumer, reply->element[1]);
    } else if (reply->elements >= TAKE_HEAD) {
        taken_read(consumer, reply, reply->elements - TAKE_HEAD);
    } else {
        consumer->queue_length = 0;
        consumer->read_ahead = false;
        take_end(consumer);
    }
}

/* Of the claim that the take was to make, if nobody else took in between; else there is no such list. Only when all of
 * them are here may Redis begin another take, for it sends nothing meanwhile; then we fold them. */
static void on_page_ahead(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    if (!consumer->named || consumer_refused(consumer, reply, "LRANGE")) return;
    if (reply->integer > 0) consumer->mean = 1 + consumer->pages[0].bytes / (uint64_t)reply->integer;
    consumer->pages[0].bytes = 0;
    if (--consumer->pending > 0) return;
    if (consumer->goes_on && !consumer->stopped) {
        consumer->goes_on = false;
        take_send(consumer);
        redis_write(consumer->redis);
    }
    consumer_ahead_deliver(consumer);
    take_end(consumer);
}

/* Where the last take has left enough for another, its claim is read in the same breath. */
static void take_send(struct consumer *consumer) {
    const char *script = consumer->scripts == SCRIPTS_ALL ? take_script : take_script + sizeof CONSUMER_ANY_MEMORY - 1;
    char few[24], most[24], ahead_key[CLAIM_KEY_MAX], queue_id[QUEUE_ID_MAX];
    int64_t page = consumer->config->page < CONSUMER_PIECE ? (int64_t)consumer->config->page : CONSUMER_PIECE;
    int64_t some = paging_some(consumer->mean);
    bool first = consumer->takes == 0;
    consumer->pages_ahead = consumer->read_ahead && consumer->next[0] && consumer->mean > 0 &&
                            consumer->mean * (uint64_t)page <= CONSUMER_PAGE_HIGH;
    claim_name(&consumer->fresh, consumer->prefix);
    consumer_draw(consumer, queue_id);
    snprintf(few, sizeof few, "%" PRId64, some < CONSUMER_FEW_MAX ? some : CONSUMER_FEW_MAX);
    snprintf(most, sizeof most, "%d", CONSUMER_TAKE_MAX);
    snprintf(ahead_key, sizeof ahead_key, "%.590s@%s", consumer->fresh.key, consumer->next);
    consumer->takes++;
    consumer->takes_pending++;
    redis_command(consumer->redis, on_taken, consumer, "EVAL", script, "6", consumer->life_key, consumer->config->queue,
                  consumer->claims_key, consumer->taken_key,
                  first && consumer->fill_key[0] ? consumer->fill_key : consumer->fresh.key, consumer->fresh.key,
                  consumer->token, few, most, queue_id, first ? consumer->fill_end : "", NULL);
    for (int64_t at = 0; consumer->pages_ahead && at < CONSUMER_TAKE_MAX; at += page, consumer->pending++)
        consumer_ahead_ask(consumer, ahead_key, at, at + page - 1, on_page_ahead);
}

void consumer_script_take(struct consumer *consumer) {
    consumer->pending = consumer->first_page = consumer->takes = consumer->takes_pending = 0;
    consumer->pages[0].bytes = 0;
    consumer->goes_on = false;
    buffer_clear(&consumer->ahead);
    take_send(consumer);
}
