/* flowimport status: how the import stands: the queue, the claims, the last commit of each consumer. */
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/pipeline.h"
#include "base/mem.h"
#include "tool/commands.h"
#include "tool/document.h"
#include "tool/units.h"
#include "queue/claim.h"
#include "queue/redis.h"
#include "queue/redis_settings.h"

struct status_row { /* one consumer */
    char name[CLAIM_CONSUMER_MAX];
    bool alive;
    uint64_t claims, claimed; /* lists, and entries in them */
    uint64_t generations, entries, imported, too_old, rejected;
    int64_t last_commit;
};

enum queue_kind {
    QUEUE_REDIS,
    QUEUE_DIRECT, /* flowimportd imports what it captures or collects itself */
    QUEUE_NONE    /* nobody has named one, and files alone have been imported */
};

struct status {
    struct status_row *rows;
    size_t n;
    enum queue_kind kind;
    char *server; /* for people; NULL: Redis is not asked */
    uint64_t waiting, rejected;
    char *store;    /* its name; NULL: it can't be read */
    unsigned found; /* enum redis_finding, as bits */
    char *queue_error, *store_error;
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
    struct store_config config = call->pipeline->importer.store;
    struct store *store = NULL;
    struct error error;
    config.read_only = true;
    enum store_status outcome = store_open(&store, &config, &call->pipeline->schema, &error);
    if (outcome == STORE_OK) outcome = store_query(store, sql, NULL, 0, ledger_row_read, status, &error);
    if (outcome == STORE_OK)
        status->store = mem_strdup(store_name(store));
    else
        status->store_error = mem_strdup(error.text);
    store_close(store);
    return outcome == STORE_OK ? EXIT_DONE : EXIT_FAILED;
}

static void reply_refuse(struct status *status, const redisContext *redis, const redisReply *reply, const char *command,
                         const char *key) {
    if (status->queue_error) return; /* the first says enough */
    status->queue_error = mem_printf("%s: %s %s: %s", status->server, command, key,
                                     !reply                             ? redis->errstr
                                     : reply->type == REDIS_REPLY_ERROR ? reply->str
                                                                        : "an answer of another type");
}

/* The integer of a command's reply; 0 where there is none, and it has been noted why. */
static uint64_t integer_ask(struct status *status, redisContext *redis, const char *command, const char *key) {
    redisReply *reply = redisCommand(redis, "%s %s", command, key);
    bool is_integer = reply && reply->type == REDIS_REPLY_INTEGER;
    uint64_t number = is_integer ? (uint64_t)reply->integer : 0;
    if (!is_integer) reply_refuse(status, redis, reply, command, key);
    if (reply) freeReplyObject(reply);
    return number;
}

static void claims_read(struct status *status, redisContext *redis, const char *prefix) {
    char key[QUEUE_NAME_MAX + 16];
    snprintf(key, sizeof key, "%s:claims", prefix);
    redisReply *members = redisCommand(redis, "SMEMBERS %s", key);
    bool is_array = members && members->type == REDIS_REPLY_ARRAY;
    if (!is_array) reply_refuse(status, redis, members, "SMEMBERS", key);
    for (size_t i = 0; is_array && i < members->elements; i++) {
        struct claim claim;
        if (!claim_parse(&claim, prefix, members->element[i]->str, members->element[i]->len)) continue;
        uint64_t len = integer_ask(status, redis, "LLEN", claim.key);
        struct status_row *row = row_of(status, claim.consumer);
        row->claims += len > 0;
        row->claimed += len;
    }
    if (members) freeReplyObject(members);
}

static void queue_ask(struct status *status, redisContext *redis, const struct config *config) {
    char prefix[QUEUE_NAME_MAX + 2], key[QUEUE_NAME_MAX + CLAIM_CONSUMER_MAX + 32];
    claim_prefix(prefix, sizeof prefix, config->queue.name);
    snprintf(key, sizeof key, "%s:rejected", prefix);
    status->waiting = integer_ask(status, redis, "LLEN", config->queue.name);
    status->rejected = integer_ask(status, redis, "LLEN", key);
    claims_read(status, redis, prefix);
    row_of(status, config->queue.consumer);
    for (size_t i = 0; i < status->n && !status->queue_error; i++) {
        snprintf(key, sizeof key, "%s:consumer:%s", prefix, status->rows[i].name);
        status->rows[i].alive = integer_ask(status, redis, "EXISTS", key) == 1;
    }
}

/* What of Redis' settings can lose entries; who may not ask finds nothing. */
static unsigned settings_ask(redisContext *redis) {
    struct redis_settings settings = {.limited = REDIS_UNKNOWN};
    for (unsigned i = 0; i < REDIS_SETTINGS_QUESTIONS; i++) {
        const char *words[REDIS_SETTINGS_WORDS];
        int n = 0;
        while (n < REDIS_SETTINGS_WORDS && (words[n] = redis_settings_questions[i][n]))
            n++;
        redisReply *reply = redisCommandArgv(redis, n, words, NULL);
        if (!reply) break;
        redis_settings_read(&settings, reply);
        freeReplyObject(reply);
    }
    return redis_settings_judge(&settings);
}

static bool is_direct(const struct config *config) {
    return (config->capture.interface && config->capture.queue == CAPTURE_DIRECT) ||
           (config->collector.listen && config->collector.queue == CAPTURE_DIRECT);
}

/* Whether the ledger has rows, and they are of files or of a migration alone. */
static bool has_files_alone(const struct status *status) {
    for (size_t i = 0; i < status->n; i++)
        if (strcmp(status->rows[i].name, "files") != 0 && strcmp(status->rows[i].name, "migration") != 0) return false;
    return status->n > 0;
}

/* Behind ledger_read(): who has never named a Redis, and imported files alone, needs none. */
static int queue_read(struct status *status, const struct command_call *call) {
    const struct config *config = call->config;
    struct redis_target target;
    struct error error;
    if (is_direct(config)) {
        status->kind = QUEUE_DIRECT;
        return EXIT_DONE;
    }
    if (queue_target(&target, config, &error) != 0) {
        status->queue_error = mem_strdup(error.text);
        return EXIT_USAGE;
    }
    status->server = mem_strdup(target.display);
    redisContext *redis = redis_open(&target, &error);
    if (redis) {
        queue_ask(status, redis, config);
        if (!status->queue_error) status->found = settings_ask(redis);
        redisFree(redis);
    } else if (options_origin(&config->options, "queue", "url").source == OPTION_DEFAULT && has_files_alone(status)) {
        status->kind = QUEUE_NONE;
    } else {
        status->queue_error = mem_strdup(error.text);
    }
    redis_target_release(&target);
    return status->queue_error ? EXIT_FAILED : EXIT_DONE;
}

/* Text and document
 * ------------------------------------------------------------------------------------------------------------------ */

static const char *state_of(const struct status_row *row) {
    return row->alive ? "alive" : row->claims ? "silent" : NULL;
}

static void head_print(const struct status *status, const struct config *config) {
    if (status->queue_error)
        command_fail(EXIT_FAILED, "%s", status->queue_error);
    else if (status->kind == QUEUE_DIRECT)
        printf("queue   none: flowimportd writes straight to the store (queue = direct)\n");
    else if (status->kind == QUEUE_NONE)
        printf("queue   none: only files were imported, and the default %s does not answer\n", status->server);
    else
        printf("queue   %s %s: %" PRIu64 " entries waiting, %" PRIu64 " rejected kept\n", status->server,
               config->queue.name, status->waiting, status->rejected);
    if (status->store)
        printf("store   %s\n", status->store);
    else
        command_fail(EXIT_FAILED, "%s", status->store_error);
}

static void rows_print(const struct status *status, int64_t now) {
    char age[40];
    printf("\n%-24s  %-7s  %12s  %12s  %12s  %9s  %9s  %s\n", "consumer", "state", "claimed", "entries", "imported",
           "too old", "rejected", "last commit");
    for (size_t i = 0; i < status->n; i++) {
        const struct status_row *row = &status->rows[i];
        printf("%-24s  %-7s  %12" PRIu64 "  %12" PRIu64 "  %12" PRIu64 "  %9" PRIu64 "  %9" PRIu64 "  ", row->name,
               state_of(row) ? state_of(row) : "-", row->claimed, row->entries, row->imported, row->too_old,
               row->rejected);
        if (row->last_commit)
            printf("%s ago\n", units_age(now - row->last_commit, age, sizeof age));
        else
            printf("never\n");
    }
}

static void settings_print(const struct status *status) {
    if (status->found) printf("\n");
    for (unsigned i = 0; i < REDIS_FINDINGS; i++)
        if (status->found >> i & 1)
            printf("%s. Fix: %s\n", redis_finding_meaning((enum redis_finding)i),
                   redis_finding_fix((enum redis_finding)i));
}

static void queue_write(struct document *document, const struct status *status, const struct config *config) {
    static const char *const kinds[] = {[QUEUE_REDIS] = "redis", [QUEUE_DIRECT] = "direct", [QUEUE_NONE] = "none"};
    document_object(document, "queue");
    document_text(document, "kind", kinds[status->kind]);
    document_text(document, "server", status->server);
    document_text(document, "name", status->kind == QUEUE_REDIS ? config->queue.name : NULL);
    if (status->kind == QUEUE_REDIS && !status->queue_error) {
        document_number(document, "waiting", status->waiting);
        document_number(document, "rejected", status->rejected);
    } else {
        document_text(document, "waiting", NULL);
        document_text(document, "rejected", NULL);
    }
    document_text(document, "error", status->queue_error);
    document_array(document, "redis_problems");
    for (unsigned i = 0; i < REDIS_FINDINGS; i++) {
        if (!(status->found >> i & 1)) continue;
        document_object(document, NULL);
        document_text(document, "name", redis_finding_name((enum redis_finding)i));
        document_text(document, "meaning", redis_finding_meaning((enum redis_finding)i));
        document_text(document, "fix", redis_finding_fix((enum redis_finding)i));
        document_close(document);
    }
    document_close(document);
    document_close(document);
}

static void document_write(const struct status *status, const struct config *config) {
    struct document document = {.depth = 0};
    document_object(&document, NULL);
    queue_write(&document, status, config);
    document_object(&document, "store");
    document_text(&document, "name", status->store);
    document_text(&document, "error", status->store_error);
    document_close(&document);
    document_array(&document, "consumers");
    for (size_t i = 0; i < status->n; i++) {
        const struct status_row *row = &status->rows[i];
        document_object(&document, NULL);
        document_text(&document, "name", row->name);
        document_text(&document, "state", state_of(row));
        document_number(&document, "claimed", row->claimed);
        document_number(&document, "entries", row->entries);
        document_number(&document, "imported", row->imported);
        document_number(&document, "too_old", row->too_old);
        document_number(&document, "rejected", row->rejected);
        document_time(&document, "last_commit", row->last_commit);
        document_close(&document);
    }
    document_close(&document);
    document_close(&document);
    if (status->queue_error) command_fail(EXIT_FAILED, "%s", status->queue_error);
    if (status->store_error) command_fail(EXIT_FAILED, "%s", status->store_error);
}

static void status_release(struct status *status) {
    free(status->rows);
    free(status->server);
    free(status->store);
    free(status->queue_error);
    free(status->store_error);
}

int command_status(const struct command_call *call) {
    struct status status = {.n = 0};
    if (call->n_operands > 0) return command_usage(call);
    int ledger = ledger_read(&status, call), queue = queue_read(&status, call);
    if (call->options->json) {
        document_write(&status, call->config);
    } else {
        head_print(&status, call->config);
        if (queue == EXIT_DONE || ledger == EXIT_DONE) rows_print(&status, clock_now(&clock_system));
        settings_print(&status);
    }
    status_release(&status);
    return queue != EXIT_DONE ? queue : ledger;
}
