/* What Redis lets our user do by scripts; and by one of them writes where it is full. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "queue/consumer_impl.h"

/* --- which scripts there are --- */

bool consumer_is_forbidden(const redisReply *reply) {
    return reply->type == REDIS_REPLY_ERROR &&
           (strstr(reply->str, "NOPERM") || strstr(reply->str, "can't run this command") ||
            strstr(reply->str, "has no permissions to run") || strstr(reply->str, "unknown command"));
}

void consumer_unscript(struct consumer *consumer, const redisReply *reply) {
    log_warning("queue",
                "%s: queue %s: %s; a backlog is taken as a whole and not shared with other importers, and entries that "
                "Redis hands out again after a crash are counted again, until the user may run +eval +get +exists "
                "+llen +lpos +lmove +sadd +sort +ltrim +lrange +rpush +hget +hmget +hsetnx +hincrby",
                consumer->target.display, consumer->config->queue, reply->str);
    consumer->scripts = SCRIPTS_NONE;
}

static void on_scripts(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    if (consumer_is_forbidden(reply))
        consumer_unscript(consumer, reply);
    else
        consumer->scripts = reply->type == REDIS_REPLY_INTEGER ? SCRIPTS_ALL : SCRIPTS_SOME;
}

void consumer_ask_scripts(struct consumer *consumer) {
    consumer->scripts = SCRIPTS_NONE;
    consumer->next[0] = '\0';
    consumer->read_ahead = false;
    redis_command(consumer->redis, on_scripts, consumer, "EVAL", CONSUMER_ANY_MEMORY "return 1", "0", NULL);
}

void consumer_draw(struct consumer *consumer, char queue_id[QUEUE_ID_MAX]) {
    snprintf(queue_id, QUEUE_ID_MAX, "%.8s%08" PRIx32, consumer->self.random, ++consumer->drawn);
}

/* --- a single write --- */

void consumer_write(struct consumer *consumer, redis_reply_fn *reply, void *context, ...) {
    static const char script[] = CONSUMER_ANY_MEMORY "return redis.call(unpack(ARGV))";
    const char *words[REDIS_WORDS_MAX + 4] = {"EVAL", script, "1"};
    size_t lens[REDIS_WORDS_MAX + 4] = {4, sizeof script - 1, 1};
    va_list arguments;
    va_start(arguments, context);
    int n = redis_words(arguments, words + 4, lens + 4);
    va_end(arguments);
    words[3] = words[5];
    lens[3] = lens[5];
    int head = consumer->scripts == SCRIPTS_ALL ? 0 : 4;
    redis_send(consumer->redis, reply, context, n + 4 - head, words + head, lens + head);
}

/* --- several at once --- */

/* ARGV: how many conditions; of each a command, its key, and "=" with what it must answer, or "-" for nothing; then of
 * each command its number of words and these. As in a
 * transaction, nothing is done where an ACL forbids one of them, and an error of one does not end the others. */
static const char joint_script[] =
    CONSUMER_ANY_MEMORY "local at, answer = 2, {}\n"
                        "for i = 1, ARGV[1] do\n"
                        "    local value = redis.call(ARGV[at], ARGV[at + 1])\n"
                        "    if (value and '=' .. value or '-') ~= ARGV[at + 2] then return false end\n"
                        "    at = at + 3\n"
                        "end\n"
                        "local first = at\n"
                        "while at <= #ARGV do\n"
                        "    local n = tonumber(ARGV[at])\n"
                        "    if not redis.acl_check_cmd(unpack(ARGV, at + 1, at + n)) then\n"
                        "        return redis.error_reply('NOPERM this user may not run ' .. ARGV[at + 1])\n"
                        "    end\n"
                        "    at = at + n + 1\n"
                        "end\n"
                        "at = first\n"
                        "while at <= #ARGV do\n"
                        "    local n = tonumber(ARGV[at])\n"
                        "    answer[#answer + 1] = redis.pcall(unpack(ARGV, at + 1, at + n))\n"
                        "    at = at + n + 1\n"
                        "end\n"
                        "return answer\n";

static void joint_word(struct joint *joint, const char *word, size_t len) {
    buffer_add(&joint->words, word, len);
    buffer_add(&joint->words, "", 1);
    if (joint->n == joint->room) {
        joint->room = joint->room ? joint->room * 2 : 64;
        joint->ends = mem_realloc(joint->ends, joint->room, sizeof joint->ends[0]);
    }
    joint->ends[joint->n++] = joint->words.len;
}

void consumer_join(struct consumer *consumer) {
    struct joint *joint = &consumer->joint;
    if (consumer->scripts != SCRIPTS_ALL) {
        redis_command(consumer->redis, NULL, NULL, "MULTI", NULL);
        return;
    }
    buffer_clear(&joint->words);
    joint->n = joint->n_expected = 0;
}

void consumer_join_expect(struct consumer *consumer, const char *verb, const char *key, const char *value) {
    struct joint *joint = &consumer->joint;
    char text[IDENTITY_TOKEN_MAX + 2];
    if (consumer->scripts != SCRIPTS_ALL) return;
    int len = snprintf(text, sizeof text, "%s%s", value ? "=" : "-", value ? value : "");
    joint_word(joint, verb, strlen(verb));
    joint_word(joint, key, strlen(key));
    joint_word(joint, text, (size_t)len);
    joint->n_expected++;
}

void consumer_join_words(struct consumer *consumer, int n, const char *const *words, const size_t *lens) {
    char count[16];
    if (consumer->scripts != SCRIPTS_ALL) {
        redis_send(consumer->redis, NULL, NULL, n, words, lens);
        return;
    }
    int len = snprintf(count, sizeof count, "%d", n);
    joint_word(&consumer->joint, count, (size_t)len);
    for (int i = 0; i < n; i++)
        joint_word(&consumer->joint, words[i], lens[i]);
}

void consumer_join_add(struct consumer *consumer, ...) {
    const char *words[REDIS_WORDS_MAX];
    size_t lens[REDIS_WORDS_MAX];
    va_list arguments;
    va_start(arguments, consumer);
    int n = redis_words(arguments, words, lens);
    va_end(arguments);
    consumer_join_words(consumer, n, words, lens);
}

void consumer_join_send(struct consumer *consumer, redis_reply_fn *reply) {
    struct joint *joint = &consumer->joint;
    enum { HEAD = 5 };
    char expected[16];
    if (consumer->scripts != SCRIPTS_ALL) {
        redis_command(consumer->redis, reply, consumer, "EXEC", NULL);
        return;
    }
    const char **words = mem_alloc((joint->n + HEAD) * sizeof words[0]);
    size_t *lens = mem_alloc((joint->n + HEAD) * sizeof lens[0]);
    snprintf(expected, sizeof expected, "%u", joint->n_expected);
    const char *head[HEAD] = {"EVAL", joint_script, "1", consumer->life_key, expected};
    for (size_t i = 0; i < HEAD; i++) {
        words[i] = head[i];
        lens[i] = strlen(head[i]);
    }
    for (size_t i = 0, start = 0; i < joint->n; start = joint->ends[i++]) {
        words[HEAD + i] = joint->words.data + start;
        lens[HEAD + i] = joint->ends[i] - start - 1;
    }
    redis_send(consumer->redis, reply, consumer, (int)(joint->n + HEAD), words, lens);
    free(words);
    free(lens);
}
