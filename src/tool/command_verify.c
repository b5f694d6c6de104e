/* flowimport verify: the audit. */
#include <inttypes.h>
#include <stdio.h>

#include "tool/commands.h"
#include "store/audit.h"

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
    printf("%u checks over %" PRIu64 " bucket%s and %" PRIu64 " generation%s: ", result.checks, result.buckets,
           result.buckets == 1 ? "" : "s", result.generations, result.generations == 1 ? "" : "s");
    if (result.differences == 0) {
        printf("all tables agree\n");
        return EXIT_DONE;
    }
    printf("%u differ\nfirst: %s\n", result.differences, result.first);
    return EXIT_FAILED;
}
