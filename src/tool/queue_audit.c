/* Places of the queue, held against those of the store, a million at a time. */
#include "tool/queue_audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "import/known.h"
#include "store/places.h"

enum { WINDOW = 1 << 20 };

void queue_audit_release(struct queue_audit *audit) {
    free(audit->claims);
    audit->claims = NULL;
    audit->n_claims = 0;
}

/* --- the queue's side --- */

static int place_compare(const void *a, const void *b) {
    const struct claim *left = a, *right = b;
    return (left->place > right->place) - (left->place < right->place);
}

static int64_t number_of(const redisReply *reply) {
    return reply->type == REDIS_REPLY_STRING ? strtoll(reply->str, NULL, 10) : 0;
}

/* id, count, given back, then of each claim its key and length. */
static void answer_read(struct queue_audit *audit, const char *prefix, const redisReply *reply) {
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 3 || reply->element[0]->type != REDIS_REPLY_STRING)
        return;
    snprintf(audit->queue_id, sizeof audit->queue_id, "%.16s", reply->element[0]->str);
    audit->taken = number_of(reply->element[1]);
    audit->back = number_of(reply->element[2]);
    audit->claims = mem_zalloc(reply->elements, sizeof audit->claims[0]);
    for (size_t i = 3; i + 1 < reply->elements; i += 2) {
        struct claim *claim = &audit->claims[audit->n_claims];
        if (!claim_parse(claim, prefix, reply->element[i]->str, reply->element[i]->len)) continue;
        claim->len = reply->element[i + 1]->integer;
        audit->n_claims += strcmp(claim->queue_id, audit->queue_id) == 0 && claim->len > 0;
    }
    qsort(audit->claims, audit->n_claims, sizeof audit->claims[0], place_compare);
}

int queue_audit_read(struct queue_audit *audit, redisContext *redis, const char *queue, struct error *error) {
    static const char script[] = "local answer = redis.call('HMGET', KEYS[1], 'id', 'n', 'back')\n"
                                 "for _, key in ipairs(redis.call('SMEMBERS', KEYS[2])) do\n"
                                 "    answer[#answer + 1] = key\n"
                                 "    answer[#answer + 1] = redis.call('LLEN', key)\n"
                                 "end\n"
                                 "return answer\n";
    char prefix[QUEUE_NAME_MAX + 2];
    claim_prefix(prefix, sizeof prefix, queue);
    redisReply *reply = redisCommand(redis, "EVAL %s 2 %s:taken %s:claims", script, prefix, prefix);
    if (!reply || reply->type == REDIS_REPLY_ERROR) {
        error_set(error, "EVAL: %s", reply ? reply->str : redis->errstr);
        if (reply) freeReplyObject(reply);
        return -1;
    }
    answer_read(audit, prefix, reply);
    freeReplyObject(reply);
    return 0;
}

/* --- the store's --- */

struct window {
    struct queue_audit *audit;
    struct known known;
};

static void on_run(void *context, int64_t first, size_t n, const uint8_t *hashes) {
    struct window *window = context;
    for (size_t i = 0; i < n; i++)
        window->audit->twice += known_has(&window->known, first + (int64_t)i, le32(hashes + 4 * i));
    known_add(&window->known, first, n, hashes);
}

static void window_count(const struct window *window, size_t *claim) {
    struct queue_audit *audit = window->audit;
    for (int64_t place = window->known.from; place < window->known.to; place++) {
        while (*claim < audit->n_claims && audit->claims[*claim].place + audit->claims[*claim].len <= place)
            ++*claim;
        bool claimed = *claim < audit->n_claims && audit->claims[*claim].place <= place;
        if (known_covers(&window->known, place))
            audit->counted++;
        else if (claimed)
            audit->claimed++;
        else
            audit->missing++;
    }
}

enum store_status queue_audit_compare(struct queue_audit *audit, struct store *store, struct error *error) {
    struct window window = {.audit = audit};
    int64_t from = 0, end, ring;
    size_t claim = 0;
    if (!audit->queue_id[0]) return STORE_OK;
    enum store_status status = store_places_first(store, audit->queue_id, audit->taken, &from, error);
    audit->compared = (uint64_t)(audit->taken - from);
    while (status == STORE_OK && from < audit->taken) {
        int64_t to = audit->taken - from > WINDOW ? from + WINDOW : audit->taken;
        known_clear(&window.known, from, to);
        status = store_places_read(store, audit->queue_id, from, to, &end, &ring, on_run, &window, error);
        if (status == STORE_OK) window_count(&window, &claim);
        from = to;
    }
    known_release(&window.known);
    audit->missing -= audit->missing < (uint64_t)audit->back ? audit->missing : (uint64_t)audit->back;
    return status;
}
