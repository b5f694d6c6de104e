/* flowimport --once: files, or the queue until it is empty. */
#include <inttypes.h>
#include <stdio.h>

#include "tool/backfill.h"
#include "tool/commands.h"
#include "daemon/service.h"

/* The queue; under a name of its own, so that a daemon on the same host keeps its. */
static int queue_drain(const struct command_call *call) {
    struct pipeline pipeline = *call->pipeline;
    struct importer_counters counters = {.entries = 0};
    char name[CLAIM_CONSUMER_MAX];
    snprintf(name, sizeof name, "%.100s-once", call->config->queue.consumer);
    pipeline.importer.queue.name = name;
    pipeline.importer.queue.once = true;
    int code = service_run(&pipeline, call->config, NULL, NULL, &counters);
    if (code != EXIT_FAILED || counters.entries > 0)
        printf("queue %s: %" PRIu64 " entries: %" PRIu64 " imported, %" PRIu64 " too old, %" PRIu64 " rejected\n",
               call->config->queue.name, counters.entries, counters.imported, counters.too_old, counters.rejected);
    if (code == EXIT_REJECTED)
        fprintf(stderr, "flowimport: %" PRIu64 " entries were rejected: flowimport rejected list\n", counters.rejected);
    return code;
}

int command_once(const struct command_call *call) {
    int worst = EXIT_DONE;
    if (call->n_operands == 0) return queue_drain(call);
    for (int i = 0; i < call->n_operands; i++) {
        int code = backfill_file(call, call->operands[i]);
        if (code == EXIT_FAILED || worst == EXIT_DONE) worst = code;
    }
    return worst;
}
