/* flowimport verify: the audit. */
#include <inttypes.h>
#include <stdio.h>

#include "tool/commands.h"
#include "flow/sum.h"
#include "tool/document.h"
#include "store/audit.h"

static void document_write(const struct audit_result *result) {
    struct document document = {.depth = 0};
    document_object(&document, NULL);
    document_number(&document, "checks", result->checks);
    document_number(&document, "buckets", result->buckets);
    document_number(&document, "generations", result->generations);
    document_number(&document, "differences", result->differences);
    document_text(&document, "first", result->differences ? result->first : NULL);
    document_number(&document, "saturated", result->saturated);
    document_text(&document, "first_saturated", result->saturated ? result->first_saturated : NULL);
    document_close(&document);
}

static void text_print(const struct audit_result *result) {
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
}

int command_verify(const struct command_call *call) {
    struct audit_result result;
    struct error error;
    if (call->n_operands > 0) return command_usage(call);
    struct store *store = pipeline_store(call->pipeline, "flowimport");
    if (!store) return EXIT_FAILED;
    enum store_status status = audit_run(store, &call->pipeline->schema, (uint32_t)call->options->from,
                                         (uint32_t)call->options->to, &result, &error);
    store_close(store);
    if (status != STORE_OK) return command_fail(EXIT_FAILED, "%s", error.text);
    (call->options->json ? document_write : text_print)(&result);
    return result.differences == 0 ? EXIT_DONE : EXIT_FAILED;
}
