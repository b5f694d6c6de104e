/* flowimport status: how the import stands: the queue, the claims, the last commit of each consumer. */
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tool/commands.h"
#include "tool/units.h"
#include "queue/claim.h"
#include "queue/redis.h"

struct status_row { /* one consumer */
    char name[CLAIM_CONSUMER_MAX];
    bool alive;
    uint64_t claims, claimed; /* lists, and entries in them */
    uint64_t generations, entries, imported, too_old, rejected;
    int64_t last_commit;
};

struct status {
    struct status_row *rows;
    size_t n;
};

static struct status_row *row_of(struct status *status, const char *name) {
    for (size_t i = 0; i < status->n; i++)
        if (strcmp(status->rows[i].name, name) == 0) return &status->rows[i];
    status->rows = mem_realloc(status->rows, status->n + 1, sizeof status->rows[0]);
    struct status_row *row = &status->rows[status->n++];
    *row = (struct status_row){.alive = false};
    snprintf(row->name, sizeof row->name, "%s", name);
    return row;
}

static int ledger_row_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct status_row *row = row_of(context, columns[0]);
    (void)n;
    (void)lengths;
    row->generations = strtoull(columns[1], NULL, 10);
    row->last_commit = strtoll(columns[2], NULL, 10);
    row->entries = strtoull(columns[3], NULL, 10);
    row->imported = strtoull(columns[4], NULL, 10);
    row->too_old = strtoull(columns[5], NULL, 10);
    row->rejected = strtoull(columns[6], NULL, 10);
    return 0;
}

/* Files that were imported are one line together, for there may be thousands; and so are the tables of a migration. */
static int ledger_read(struct status *status, const struct command_call *call) {
    static const char sql[] =
        "SELECT CASE WHEN consumer LIKE 'file:%' THEN 'files' WHEN consumer LIKE 'migration:%' THEN 'migration' "
        "ELSE consumer END AS name, COUNT(*), MAX(committed_at), "
        "SUM(entries), "
        "SUM(imported), SUM(too_old), SUM(rejected) FROM import_ledger GROUP BY name ORDER BY name";
    struct error error;
    struct store *store = pipeline_store(call->pipeline, "flowimport");
    if (!store) return EXIT_FAILED;
    enum store_status outcome = store_query(store, sql, NULL, 0, ledger_row_read, status, &error);
    if (outcome == STORE_OK) printf("store   %s\n", store_name(store));
    store_close(store);
    return outcome == STORE_OK ? EXIT_DONE : command_fail(EXIT_FAILED, "%s", error.text);
}

/* The integer of a command's reply, or -1. */
static int64_t integer_ask(redisContext *redis, const char *command, const char *key) {
    redisReply *reply = redisCommand(redis, "%s %s", command, key);
    int64_t number = reply && reply->type == REDIS_REPLY_INTEGER ? reply->integer : -1;
    if (reply) freeReplyObject(reply);
    return number;
}

static void claims_read(struct status *status, redisContext *redis, const char *prefix) {
    redisReply *members = redisCommand(redis, "SMEMBERS %s:claims", prefix);
    for (size_t i = 0; members && members->type == REDIS_REPLY_ARRAY && i < members->elements; i++) {
        struct claim claim;
        if (!claim_parse(&claim, prefix, members->element[i]->str, members->element[i]->len)) continue;
        int64_t len = integer_ask(redis, "LLEN", claim.key);
        struct status_row *row = row_of(status, claim.consumer);
        row->claims += len > 0;
        row->claimed += len > 0 ? (uint64_t)len : 0;
    }
    if (members) freeReplyObject(members);
}

static int queue_read(struct status *status, const struct command_call *call) {
    char prefix[QUEUE_NAME_MAX + 2], key[QUEUE_NAME_MAX + CLAIM_CONSUMER_MAX + 32];
    struct redis_target target;
    struct error error;
    if (redis_target_parse(&target, call->config->queue.url, call->config->queue.password, &error) != 0)
        return command_fail(EXIT_USAGE, "%s", error.text);
    redisContext *redis = redis_open(&target, &error);
    int code = EXIT_DONE;
    if (redis) {
        claim_prefix(prefix, sizeof prefix, call->config->queue.name);
        snprintf(key, sizeof key, "%s:rejected", prefix);
        printf("queue   %s %s: %" PRId64 " entries waiting, %" PRId64 " rejected kept\n", target.display,
               call->config->queue.name, integer_ask(redis, "LLEN", call->config->queue.name),
               integer_ask(redis, "LLEN", key));
        claims_read(status, redis, prefix);
        row_of(status, call->config->queue.consumer);
        for (size_t i = 0; i < status->n; i++) {
            snprintf(key, sizeof key, "%s:consumer:%s", prefix, status->rows[i].name);
            status->rows[i].alive = integer_ask(redis, "EXISTS", key) == 1;
        }
        redisFree(redis);
    } else {
        code = command_fail(EXIT_FAILED, "%s", error.text);
    }
    redis_target_release(&target);
    return code;
}

static void rows_print(const struct status *status, int64_t now) {
    char age[40];
    printf("\n%-24s  %-7s  %12s  %12s  %12s  %9s  %9s  %s\n", "consumer", "state", "claimed", "entries", "imported",
           "too old", "rejected", "last commit");
    for (size_t i = 0; i < status->n; i++) {
        const struct status_row *row = &status->rows[i];
        const char *state = row->alive ? "alive" : row->claims ? "silent" : "-";
        printf("%-24s  %-7s  %12" PRIu64 "  %12" PRIu64 "  %12" PRIu64 "  %9" PRIu64 "  %9" PRIu64 "  ", row->name,
               state, row->claimed, row->entries, row->imported, row->too_old, row->rejected);
        if (row->last_commit)
            printf("%s ago\n", units_age(now - row->last_commit, age, sizeof age));
        else
            printf("never\n");
    }
}

int command_status(const struct command_call *call) {
    struct status status = {.n = 0};
    if (call->n_operands > 0) return command_usage(call);
    int queue = queue_read(&status, call), ledger = ledger_read(&status, call);
    if (queue == EXIT_DONE || ledger == EXIT_DONE) rows_print(&status, clock_now(&clock_system));
    free(status.rows);
    return queue != EXIT_DONE ? queue : ledger;
}
