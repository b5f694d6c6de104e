/* How far the queue has counted, to find entries that Redis has lost; and how many are, as an entry of the queue. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "queue/consumer_impl.h"

/* KEYS: the count, the set of claims. Returns its id; up to which place no claim holds any entry; up to which place it
 * was looked; how many entries were given back, and how many of these were looked at. */
static const char ask_script[] =
    "local answer = redis.call('HMGET', KEYS[1], 'id', 'n', 'looked', 'back', 'looked-back')\n"
    "if not answer[1] then return {} end\n"
    "local to = tonumber(answer[2] or 0)\n"
    "for _, key in ipairs(redis.call('SMEMBERS', KEYS[2])) do\n"
    "    local place = tonumber(key:match('.*@' .. answer[1] .. '%.(%d+)'))\n"
    "    if place and place < to and redis.call('LLEN', key) > 0 then to = place end\n"
    "end\n"
    "answer[2] = string.format('%.0f', to)\n"
    "return answer\n";

/* KEYS: the count, the queue. ARGV: the id, up to where it was looked ("": never), how many places and how many given
 * back were looked at now, and an entry that says what is lost ("": nothing). What another has told in between is not
 * told again. */
static const char tell_script[] =
    CONSUMER_ANY_MEMORY "local now = redis.call('HMGET', KEYS[1], 'id', 'looked')\n"
                        "if now[1] ~= ARGV[1] or (now[2] or '') ~= ARGV[2] then return 0 end\n"
                        "if ARGV[5] ~= '' then redis.call('RPUSH', KEYS[2], ARGV[5]) end\n"
                        "redis.call('HINCRBY', KEYS[1], 'looked', ARGV[3])\n"
                        "redis.call('HINCRBY', KEYS[1], 'looked-back', ARGV[4])\n"
                        "return 1\n";

static bool may_ask(const struct consumer *consumer) {
    return consumer->named && !consumer->config->at_most_once && consumer->scripts != SCRIPTS_NONE;
}

/* Nothing hangs on it: an error is said, and there is another look later. */
static bool is_error(const struct consumer *consumer, const redisReply *reply) {
    if (reply->type == REDIS_REPLY_ERROR)
        log_warning("queue", "%s: queue %s: looking for lost entries: %s", consumer->target.display,
                    consumer->config->queue, reply->str);
    return reply->type == REDIS_REPLY_ERROR;
}

static int64_t number_of(const redisReply *reply) {
    return reply->type == REDIS_REPLY_STRING ? strtoll(reply->str, NULL, 10) : 0;
}

static void on_counted(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    struct consumer_count count = {.from = -1};
    if (is_error(consumer, reply) || reply->elements != 5 || reply->element[0]->type != REDIS_REPLY_STRING) return;
    snprintf(count.queue_id, sizeof count.queue_id, "%.16s", reply->element[0]->str);
    count.to = number_of(reply->element[1]);
    if (reply->element[2]->type == REDIS_REPLY_STRING) count.from = number_of(reply->element[2]);
    count.back = number_of(reply->element[3]) - number_of(reply->element[4]);
    consumer->handler.counted(consumer->handler.context, &count);
}

void consumer_count(struct consumer *consumer) {
    if (!may_ask(consumer) || !consumer->handler.counted) return;
    redis_command(consumer->redis, on_counted, consumer, "EVAL", ask_script, "2", consumer->taken_key,
                  consumer->claims_key, NULL);
}

static void on_told(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    if (is_error(consumer, reply)) return;
    consumer->handler.looked(consumer->handler.context, reply->type == REDIS_REPLY_INTEGER && reply->integer == 1);
}

void consumer_looked(struct consumer *consumer, const struct consumer_count *count, int64_t back, const char *lost) {
    const char *script = consumer->scripts == SCRIPTS_ALL ? tell_script : tell_script + sizeof CONSUMER_ANY_MEMORY - 1;
    char looked[24] = "", places[24], returned[24];
    if (!may_ask(consumer)) return;
    if (count->from >= 0) snprintf(looked, sizeof looked, "%" PRId64, count->from);
    snprintf(places, sizeof places, "%" PRId64, count->to - (count->from > 0 ? count->from : 0));
    snprintf(returned, sizeof returned, "%" PRId64, back);
    redis_command(consumer->redis, on_told, consumer, "EVAL", script, "2", consumer->taken_key, consumer->config->queue,
                  count->queue_id, looked, places, returned, lost, NULL);
}
