/* Claims of other importers, as seen by who drains a queue by hand. */
#include "tool/others.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void others_init(struct others *others, const char *queue) {
    static const uint8_t nobody[IDENTITY_RANDOM] = {0};
    *others = (struct others){.n = 0};
    identity_init(&others->self, nobody);
    claim_prefix(others->prefix, sizeof others->prefix, queue);
}

void others_release(struct others *others) {
    free(others->rows);
    others->rows = NULL;
    others->n = 0;
}

/* The answer; NULL with the error set. */
static redisReply *answer(redisContext *redis, redisReply *reply, const char *what, struct error *error) {
    if (reply && reply->type != REDIS_REPLY_ERROR) return reply;
    error_set(error, "%s: %s", what, reply ? reply->str : redis->errstr);
    if (reply) freeReplyObject(reply);
    return NULL;
}

static struct other *row_of(struct others *others, const char *name) {
    for (size_t i = 0; i < others->n; i++)
        if (strcmp(others->rows[i].name, name) == 0) return &others->rows[i];
    others->rows = mem_realloc(others->rows, others->n + 1, sizeof others->rows[0]);
    struct other *row = &others->rows[others->n++];
    *row = (struct other){.state = OTHER_SILENT, .valid_ms = -1};
    snprintf(row->name, sizeof row->name, "%s", name);
    return row;
}

static int claims_read(struct others *others, redisContext *redis, const char *name, struct error *error) {
    int result = 0;
    redisReply *members = answer(redis, redisCommand(redis, "SMEMBERS %s:claims", others->prefix), "SMEMBERS", error);
    if (!members) return -1;
    for (size_t i = 0; i < members->elements && result == 0; i++) {
        struct claim claim;
        if (!claim_parse(&claim, others->prefix, members->element[i]->str, members->element[i]->len) ||
            strcmp(claim.consumer, name) == 0)
            continue;
        redisReply *length = answer(redis, redisCommand(redis, "LLEN %s", claim.key), "LLEN", error);
        if (length && length->integer > 0) row_of(others, claim.consumer)->entries += (uint64_t)length->integer;
        if (length) freeReplyObject(length);
        result = length ? 0 : -1;
    }
    freeReplyObject(members);
    return result;
}

/* `valid_before`: how long the same sign was valid when it was read last, -1: it was not. */
static int sign_read(struct others *others, struct other *row, redisContext *redis, const char *token_before,
                     int64_t valid_before, struct error *error) {
    redisReply *token =
        answer(redis, redisCommand(redis, "GET %s:consumer:%s", others->prefix, row->name), "GET", error);
    redisReply *valid =
        token ? answer(redis, redisCommand(redis, "PTTL %s:consumer:%s", others->prefix, row->name), "PTTL", error)
              : NULL;
    if (valid && token->type == REDIS_REPLY_STRING && valid->integer != -2) {
        snprintf(row->token, sizeof row->token, "%s", token->str);
        identity_read(&row->holder, row->token);
        row->valid_ms = valid->integer;
        row->state = identity_is_dead(&others->self, &row->holder) ? OTHER_ENDED
                     : token_before && (row->valid_ms > valid_before || strcmp(row->token, token_before) != 0)
                         ? OTHER_ALIVE
                         : OTHER_SIGNED;
    }
    int result = valid ? 0 : -1;
    if (token) freeReplyObject(token);
    if (valid) freeReplyObject(valid);
    return result;
}

int others_read(struct others *others, redisContext *redis, const char *name, struct error *error) {
    struct others before = *others;
    others->rows = NULL;
    others->n = 0;
    int result = claims_read(others, redis, name, error);
    for (size_t i = 0; i < others->n && result == 0; i++) {
        struct other *row = &others->rows[i];
        const struct other *last = NULL;
        for (size_t j = 0; j < before.n; j++)
            if (strcmp(before.rows[j].name, row->name) == 0 && before.rows[j].valid_ms >= 0) last = &before.rows[j];
        result = sign_read(others, row, redis, last ? last->token : NULL, last ? last->valid_ms : -1, error);
        if (last && last->state == OTHER_ALIVE && row->state == OTHER_SIGNED) row->state = OTHER_ALIVE;
    }
    others_release(&before);
    return result;
}

/* The sign may have become another's since it was read: then it stays. */
static int sign_delete(const struct others *others, struct other *row, redisContext *redis, struct error *error) {
    char key[QUEUE_NAME_MAX + CLAIM_CONSUMER_MAX + 16];
    int result = -1;
    snprintf(key, sizeof key, "%s:consumer:%s", others->prefix, row->name);
    redisReply *watched = answer(redis, redisCommand(redis, "WATCH %s", key), "WATCH", error);
    redisReply *token = watched ? answer(redis, redisCommand(redis, "GET %s", key), "GET", error) : NULL;
    if (token && (token->type != REDIS_REPLY_STRING || strcmp(token->str, row->token) != 0)) {
        redisReply *done = redisCommand(redis, "UNWATCH");
        if (done) freeReplyObject(done);
        result = 0;
    } else if (token) {
        redisReply *multi = answer(redis, redisCommand(redis, "MULTI"), "MULTI", error);
        redisReply *queued = multi ? answer(redis, redisCommand(redis, "DEL %s", key), "DEL", error) : NULL;
        redisReply *done = queued ? answer(redis, redisCommand(redis, "EXEC"), "EXEC", error) : NULL;
        result = done ? 0 : -1;
        if (multi) freeReplyObject(multi);
        if (queued) freeReplyObject(queued);
        if (done) freeReplyObject(done);
    }
    if (watched) freeReplyObject(watched);
    if (token) freeReplyObject(token);
    return result;
}

int others_free_ended(struct others *others, redisContext *redis, struct error *error) {
    for (size_t i = 0; i < others->n; i++)
        if (others->rows[i].state == OTHER_ENDED && sign_delete(others, &others->rows[i], redis, error) != 0) return -1;
    return 0;
}

int64_t others_wait_ms(const struct others *others) {
    int64_t longest = -1;
    for (size_t i = 0; i < others->n; i++)
        if (others->rows[i].state == OTHER_SIGNED && others->rows[i].valid_ms > longest)
            longest = others->rows[i].valid_ms;
    return longest;
}
