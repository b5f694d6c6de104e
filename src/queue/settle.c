/* Claims after the fact: listed, forgotten once committed, renamed, given back. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "queue/consumer_impl.h"

/* --- commands of many words --- */

/* "<command> [<key>] word word ...", cut into commands of bearable length; joint ones, or one by one. */
static void words_send(struct consumer *consumer, bool joint, const char *command, const char *key, size_t n,
                       const char *(*word)(const void *from, size_t i, size_t *len), const void *from) {
    const char *words[CONSUMER_PIECE + 2] = {command, key};
    size_t lens[CONSUMER_PIECE + 2] = {strlen(command), key ? strlen(key) : 0};
    int head = key ? 2 : 1;
    for (size_t i = 0; i < n;) {
        int words_n = head;
        for (; i < n && words_n < CONSUMER_PIECE; i++, words_n++)
            words[words_n] = word(from, i, &lens[words_n]);
        if (joint)
            consumer_join_words(consumer, words_n, words, lens);
        else
            redis_send(consumer->redis, NULL, NULL, words_n, words, lens);
    }
}

static const char *claim_word(const void *from, size_t i, size_t *len) {
    const struct claim *claim = (const struct claim *)from + i;
    *len = strlen(claim->key);
    return claim->key;
}

/* --- the list of claims --- */

static void life_key(const struct consumer *consumer, const struct claim *claim, char *key, size_t size) {
    snprintf(key, size, "%s:consumer:%s", consumer->prefix, claim->consumer);
}

static bool is_ours(const struct consumer *consumer, const struct claim *claim) {
    return strcmp(claim->consumer, consumer->config->name) == 0;
}

/* All lengths and signs of life are here: forgets what is empty and nobody's, sorts the rest. */
static void list_end(struct consumer *consumer) {
    struct claim *listed = consumer->listed, claim;
    size_t kept = 0, gone = 0; /* claims kept, and behind them those to be forgotten */
    for (size_t i = 0; i < consumer->n_listed; i++) {
        claim = listed[i];
        if (claim.len > 0) {
            listed[kept + gone] = listed[kept];
            listed[kept++] = claim;
        } else if (is_ours(consumer, &claim) || !claim.alive) {
            listed[kept + gone++] = claim;
        }
    }
    words_send(consumer, false, "SREM", consumer->claims_key, gone, claim_word, listed + kept);
    if (kept > 0) qsort(listed, kept, sizeof listed[0], claim_compare);
    consumer->result.claims = listed;
    consumer->result.n_claims = kept;
    consumer_finish(consumer);
}

static void list_answered(struct consumer *consumer) {
    if (--consumer->pending > 0) return;
    if (consumer->listed_at == consumer->n_listed) list_end(consumer);
}

static void list_ask(struct consumer *consumer);

/* The answers come in the order of the questions: for each claim its length, then its consumer's sign of life. */
static void on_claim_length(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    if (consumer_refused(consumer, reply, "LLEN")) return;
    consumer->listed[consumer->listed_at].len = reply->integer;
}

static void on_claim_alive(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    if (consumer_refused(consumer, reply, "EXISTS")) return;
    consumer->listed[consumer->listed_at++].alive = reply->integer == 1;
    list_answered(consumer);
    if (consumer->pending == 0 && consumer->listed_at < consumer->n_listed) list_ask(consumer);
}

/* Asks for some claims at a time, so that no number of them fills the pipeline. */
static void list_ask(struct consumer *consumer) {
    char key[CLAIM_KEY_MAX];
    for (size_t i = consumer->listed_at; i < consumer->n_listed && consumer->pending < CONSUMER_PIECE; i++) {
        const struct claim *claim = &consumer->listed[i];
        life_key(consumer, claim, key, sizeof key);
        redis_command(consumer->redis, on_claim_length, consumer, "LLEN", claim->key, NULL);
        redis_command(consumer->redis, on_claim_alive, consumer, "EXISTS", key, NULL);
        consumer->pending++;
    }
}

static void on_members(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    if (consumer_refused(consumer, reply, "SMEMBERS")) return;
    if (reply->elements > consumer->listed_room) {
        consumer->listed_room = reply->elements;
        consumer->listed = mem_realloc(consumer->listed, reply->elements, sizeof consumer->listed[0]);
    }
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *key = reply->element[i];
        if (key->type != REDIS_REPLY_STRING) continue; /* nobody's claim has a name of megabytes */
        if (claim_parse(&consumer->listed[consumer->n_listed], consumer->prefix, key->str, key->len))
            consumer->n_listed++;
        else
            log_warning("queue", "%s: '%s' is not a claim's name; ignored", consumer->claims_key, key->str);
    }
    if (consumer->n_listed == 0)
        consumer_finish(consumer);
    else
        list_ask(consumer);
}

/* What the queue counts, read before the claims are: a place in them that is not below it was given later. */
static void on_counted(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    if (consumer_is_forbidden(reply)) { /* the list goes on */
        consumer_unscript(consumer, reply);
        return;
    }
    if (consumer_refused(consumer, reply, "HMGET")) return;
    if (reply->elements != 2 || reply->element[0]->type != REDIS_REPLY_STRING) return;
    snprintf(consumer->result.queue_id, sizeof consumer->result.queue_id, "%.16s", reply->element[0]->str);
    if (reply->element[1]->type == REDIS_REPLY_STRING)
        consumer->result.counted = strtoll(reply->element[1]->str, NULL, 10);
}

void consumer_list(struct consumer *consumer) {
    if (!consumer_begin(consumer)) return;
    consumer->n_listed = consumer->listed_at = 0;
    consumer->pending = 0;
    if (consumer->config->at_most_once) {
        consumer_finish(consumer);
        return;
    }
    if (consumer->scripts !=
        SCRIPTS_NONE) { /* counted from now on, so that a snapshot has it before entries are taken */
        char queue_id[QUEUE_ID_MAX];
        consumer_draw(consumer, queue_id);
        consumer_write(consumer, NULL, NULL, "HSETNX", consumer->taken_key, "id", queue_id, NULL);
        redis_command(consumer->redis, on_counted, consumer, "HMGET", consumer->taken_key, "id", "n", NULL);
    }
    redis_command(consumer->redis, on_members, consumer, "SMEMBERS", consumer->claims_key, NULL);
}

/* --- after a commit --- */

static const char *reject_word(const void *from, size_t i, size_t *len) {
    const struct consumer_settlement *settlement = from;
    size_t start = i ? settlement->reject_ends[i - 1] : 0;
    *len = settlement->reject_ends[i] - start;
    return settlement->rejects + start;
}

static void rest_rename(struct consumer *consumer, const struct claim *rest, const struct claim *to) {
    char first[24];
    snprintf(first, sizeof first, "%" PRId64, rest->read);
    if (rest->read > 0) consumer_join_add(consumer, "LTRIM", rest->key, first, "-1", NULL);
    consumer_join_add(consumer, "SADD", consumer->claims_key, to->key, NULL);
    consumer_join_add(consumer, "SREM", consumer->claims_key, rest->key, NULL);
    consumer_join_add(consumer, "RENAMENX", rest->key, to->key, NULL);
}

static void on_done(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    if (consumer_refused(consumer, reply, "PING")) return;
    consumer_finish(consumer);
}

/* EXEC of a transaction in which single commands may find nothing: a claim that another has settled is gone. false: the
 * operation has ended; what Redis holds is read again. */
static bool exec_is_done(struct consumer *consumer, const redisReply *reply) {
    if (consumer_exec_refused(consumer, reply, "EXEC")) return false;
    if (reply->type != REDIS_REPLY_NIL) return true;
    redis_drop(consumer->redis, "another has changed a claim of ours, or taken our name");
    return false;
}

/* --- in pieces --- */

static void rests_ask(struct consumer *consumer);

static void on_rests(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    if (!exec_is_done(consumer, reply)) return;
    if (consumer->to_go > 0)
        rests_ask(consumer);
    else
        consumer_finish(consumer);
}

/* A transaction's last commands: the next of the rests that are renamed whole, and EXEC. */
static void rests_send(struct consumer *consumer) {
    for (unsigned n = 0; n < CONSUMER_PIECE && consumer->to_go > 0; consumer->to_go--, consumer->from++, consumer->to++)
        if (consumer->from->read == 0) {
            rest_rename(consumer, consumer->from, consumer->to);
            n++;
        }
    consumer_join_send(consumer, on_rests);
}

static void on_rests_holder(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    if (consumer_displaced(consumer, reply)) return;
    consumer_join(consumer);
    consumer_join_expect(consumer, "GET", consumer->life_key, consumer->token);
    rests_send(consumer);
}

static void rests_ask(struct consumer *consumer) {
    consumer_watch(consumer, consumer->life_key);
    redis_command(consumer->redis, on_rests_holder, consumer, "GET", consumer->life_key, NULL);
}

/* The transaction, its end included. */
static void settlement_send(struct consumer *consumer) {
    const struct consumer_settlement *settlement = &consumer->settlement;
    char oldest[24];
    snprintf(oldest, sizeof oldest, "-%" PRIu64, consumer->config->rejected_max);
    consumer_join(consumer);
    for (size_t i = 0; i < settlement->n_rests; i++)
        if (settlement->rests[i].read > 0) {
            char length[24];
            snprintf(length, sizeof length, "%" PRId64, consumer->rest_lengths[i]);
            consumer_join_expect(consumer, "LLEN", settlement->rests[i].key, length);
        }
    if (settlement->n_rests > 0) consumer_join_expect(consumer, "GET", consumer->life_key, consumer->token);
    words_send(consumer, true, "UNLINK", NULL, settlement->n_finished, claim_word, settlement->finished);
    words_send(consumer, true, "SREM", consumer->claims_key, settlement->n_finished, claim_word, settlement->finished);
    fault_point("mid-unlink");
    for (size_t i = 0; i < settlement->n_rests; i++)
        if (settlement->rests[i].read > 0) rest_rename(consumer, &settlement->rests[i], &settlement->rests_to[i]);
    if (settlement->n_rejects > 0 && consumer->config->rejected_max > 0) {
        words_send(consumer, true, "RPUSH", consumer->rejected_key, settlement->n_rejects, reject_word, settlement);
        consumer_join_add(consumer, "LTRIM", consumer->rejected_key, oldest, "-1", NULL);
    }
    consumer->from = settlement->rests;
    consumer->to = settlement->rests_to;
    consumer->to_go = settlement->n_rests;
    rests_send(consumer);
}

/* Of a rest that is to be cut: another list of that name, or a longer one, was not what was counted in. */
static void on_rest_length(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    if (!consumer->named || consumer_refused(consumer, reply, "LLEN")) return;
    while (consumer->from->read == 0)
        consumer->from++;
    const struct claim *rest = consumer->from++;
    consumer->rest_lengths[rest - consumer->settlement.rests] = reply->integer;
    consumer->pending--;
    if (reply->integer != 0 && rest->len > 0 && reply->integer != rest->len)
        redis_drop(consumer->redis, "a claim has not the length it had: it was added to, or it is another's");
    else if (consumer->pending == 0)
        settlement_send(consumer);
}

static void on_holder(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    if (!consumer_displaced(consumer, reply) && consumer->pending == 0) settlement_send(consumer);
}

/* Before anything is cut or renamed: whether the name is ours, as entries of the rests may be folded already that
 * another would have taken over with them, and whether the claims are as they were; watched until it is done. */
void consumer_settle(struct consumer *consumer, const struct consumer_settlement *settlement) {
    if (!consumer_begin(consumer)) return;
    consumer->settlement = *settlement;
    consumer->from = settlement->rests;
    consumer->pending = 0;
    for (size_t i = 0; i < settlement->n_rests; i++)
        consumer->pending += settlement->rests[i].read > 0;
    if (settlement->n_rests == 0) {
        settlement_send(consumer);
        return;
    }
    consumer->rest_lengths = mem_realloc(consumer->rest_lengths, settlement->n_rests, sizeof consumer->rest_lengths[0]);
    consumer_watch(consumer, consumer->life_key);
    redis_command(consumer->redis, on_holder, consumer, "GET", consumer->life_key, NULL);
    for (size_t i = 0; i < settlement->n_rests; i++)
        if (settlement->rests[i].read > 0) {
            consumer_watch(consumer, settlement->rests[i].key);
            redis_command(consumer->redis, on_rest_length, consumer, "LLEN", settlement->rests[i].key, NULL);
        }
}

static void on_renamed(void *context, const redisReply *reply);

static void claims_rename(struct consumer *consumer) {
    size_t n = consumer->to_go < CONSUMER_PIECE ? consumer->to_go : CONSUMER_PIECE;
    consumer_join(consumer);
    words_send(consumer, true, "SADD", consumer->claims_key, n, claim_word, consumer->to);
    words_send(consumer, true, "SREM", consumer->claims_key, n, claim_word, consumer->from);
    consumer->to_go -= n;
    for (; n > 0; n--)
        consumer_join_add(consumer, "RENAMENX", (consumer->from++)->key, (consumer->to++)->key, NULL);
    consumer_join_send(consumer, on_renamed);
}

static void on_renamed(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    if (!exec_is_done(consumer, reply)) return;
    if (consumer->to_go > 0)
        claims_rename(consumer);
    else
        consumer_finish(consumer);
}

void consumer_rename(struct consumer *consumer, const struct claim *from, const struct claim *to, size_t n) {
    if (!consumer_begin(consumer)) return;
    consumer->from = from;
    consumer->to = to;
    consumer->to_go = n;
    claims_rename(consumer);
}

/* --- giving back --- */

static void return_ask(struct consumer *consumer);

/* KEYS: the claim, the queue, the count. It will be counted again when it is taken again. */
static const char return_script[] = CONSUMER_ANY_MEMORY "local entry = redis.call('RPOPLPUSH', KEYS[1], KEYS[2])\n"
                                                        "if entry then redis.call('HINCRBY', KEYS[3], 'back', 1) end\n"
                                                        "return entry and 1\n";

static void on_returned(void *context, const redisReply *reply) {
    struct consumer *consumer = context;
    consumer->pending--;
    if (consumer_refused(consumer, reply, "RPOPLPUSH")) return;
    if (reply->type == REDIS_REPLY_NIL) consumer->ended = true;
    if (consumer->pending > 0) return;
    if (consumer->ended)
        consumer_finish(consumer);
    else
        return_ask(consumer);
}

static void return_ask(struct consumer *consumer) {
    const char *script =
        consumer->scripts == SCRIPTS_ALL ? return_script : return_script + sizeof CONSUMER_ANY_MEMORY - 1;
    const char *queue = consumer->config->queue;
    if (!consumer_begin(consumer)) return;
    for (consumer->pending = 0; consumer->pending < CONSUMER_SOME_MAX; consumer->pending++)
        if (consumer->scripts == SCRIPTS_NONE)
            redis_command(consumer->redis, on_returned, consumer, "RPOPLPUSH", consumer->key, queue, NULL);
        else
            redis_command(consumer->redis, on_returned, consumer, "EVAL", script, "3", consumer->key, queue,
                          consumer->taken_key, NULL);
}

void consumer_return(struct consumer *consumer, const struct claim *claim) {
    memcpy(consumer->key, claim->key, sizeof consumer->key);
    consumer->ended = false;
    return_ask(consumer);
}

struct popped {
    const char *entries;
    const size_t *ends;
    size_t n;
};

/* The last first: each LPUSH word comes to stand before the one before it. */
static const char *popped_word(const void *from, size_t i, size_t *len) {
    const struct popped *popped = from;
    size_t at = popped->n - 1 - i, start = at ? popped->ends[at - 1] : 0;
    *len = popped->ends[at] - start;
    return popped->entries + start;
}

void consumer_push_back(struct consumer *consumer, const char *entries, const size_t *ends, size_t n) {
    struct popped popped = {entries, ends, n};
    if (!consumer_begin(consumer)) return;
    words_send(consumer, false, "LPUSH", consumer->config->queue, n, popped_word, &popped);
    redis_command(consumer->redis, on_done, consumer, "PING", NULL);
}
