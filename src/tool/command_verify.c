/* flowimport verify: the audit. */
#include <inttypes.h>
#include <stdio.h>

#include "config/pipeline.h"
#include "tool/commands.h"
#include "flow/sum.h"
#include "store/audit.h"
#include "tool/document.h"
#include "tool/queue_audit.h"

static void document_write(const struct audit_result *result, const struct queue_audit *queue) {
    struct document document = {.depth = 0};
    document_object(&document, NULL);
    document_number(&document, "checks", result->checks);
    document_number(&document, "buckets", result->buckets);
    document_number(&document, "generations", result->generations);
    document_number(&document, "differences", result->differences);
    document_text(&document, "first", result->differences ? result->first : NULL);
    document_number(&document, "saturated", result->saturated);
    document_text(&document, "first_saturated", result->saturated ? result->first_saturated : NULL);
    if (queue->queue_id[0]) {
        document_object(&document, "queue");
        document_number(&document, "compared", queue->compared);
        document_number(&document, "counted", queue->counted);
        document_number(&document, "claimed", queue->claimed);
        document_number(&document, "missing", queue->missing);
        document_number(&document, "twice", queue->twice);
        document_close(&document);
    }
    document_close(&document);
}

static void text_print(const struct audit_result *result, const struct queue_audit *queue) {
    printf("%u checks over %" PRIu64 " bucket%s and %" PRIu64 " generation%s: ", result->checks, result->buckets,
           result->buckets == 1 ? "" : "s", result->generations, result->generations == 1 ? "" : "s");
    if (result->differences == 0)
        printf("all tables agree\n");
    else
        printf("%u differ\nfirst: %s\n", result->differences, result->first);
    if (result->saturated > 0)
        printf("warning: %" PRIu64 " row%s with a sum of " SUM_MOST_TEXT
               ", which means at least that much; the first in "
               "%s\n",
               result->saturated, result->saturated == 1 ? "" : "s", result->first_saturated);
    if (queue->queue_id[0])
        printf("queue: of the last %" PRIu64 " entries taken %" PRIu64 " are counted and %" PRIu64
               " still claimed; %" PRIu64 " are missing, %" PRIu64 " counted twice\n",
               queue->compared, queue->counted, queue->claimed, queue->missing, queue->twice);
}

/* Without Redis the tables are compared alone: where it was named, it is said. */
static void queue_look(const struct command_call *call, struct queue_audit *queue) {
    const struct config *config = call->config;
    bool named = options_origin(&config->options, "queue", "url").source != OPTION_DEFAULT;
    struct redis_target target;
    struct error error;
    if (queue_target(&target, config, &error) != 0) return;
    redisContext *redis = redis_open(&target, &error);
    if ((!redis || queue_audit_read(queue, redis, config->queue.name, &error) != 0) && named)
        fprintf(stderr, "flowimport: the queue is not compared: %s\n", error.text);
    if (redis) redisFree(redis);
    redis_target_release(&target);
}

static enum store_status both_run(const struct command_call *call, struct store *store, struct audit_result *result,
                                  struct queue_audit *queue, struct error *error) {
    bool whole = call->options->from == 0 && call->options->to == 0;
    if (store_is_head(store))
        fprintf(stderr, "flowimport: the queue is not compared: the store is a reading head; run flowimport verify on "
                        "each of its stores\n");
    else if (whole)
        queue_look(call, queue);
    enum store_status status = audit_run(store, &call->pipeline->schema, (uint32_t)call->options->from,
                                         (uint32_t)call->options->to, result, error);
    return status == STORE_OK ? queue_audit_compare(queue, store, error) : status;
}

int command_verify(const struct command_call *call) {
    struct audit_result result;
    struct queue_audit queue = {.n_claims = 0};
    struct error error;
    if (call->n_operands > 0) return command_usage(call);
    struct store *store = pipeline_store(call->pipeline, "flowimport");
    if (!store) return EXIT_FAILED;
    enum store_status status = both_run(call, store, &result, &queue, &error);
    store_close(store);
    queue_audit_release(&queue);
    if (status != STORE_OK) return command_fail(EXIT_FAILED, "%s", error.text);
    (call->options->json ? document_write : text_print)(&result, &queue);
    unsigned left_out = call->pipeline->schema.leave_out;
    if (left_out & SCHEMA_LEAVE_ALL_TIME)
        fprintf(stderr,
                "flowimport: the ledger is not compared: the store has no tables for all time "
                "(leave_out = %s)\n",
                schema_leave_names[left_out]);
    return result.differences + queue.missing + queue.twice == 0 ? EXIT_DONE : EXIT_FAILED;
}
