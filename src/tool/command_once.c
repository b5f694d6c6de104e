/* flowimport --once: files, or the queue until it is empty. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "config/pipeline.h"
#include "tool/backfill.h"
#include "tool/commands.h"
#include "tool/others.h"
#include "daemon/service.h"

enum { LOOK_MS = 200 }; /* between looks at signs of life */

static void pause_ms(int64_t ms) {
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static redisContext *queue_open(const struct command_call *call, struct error *error) {
    struct redis_target target;
    if (queue_target(&target, call->config, error) != 0) return NULL;
    redisContext *redis = redis_open(&target, error);
    redis_target_release(&target);
    return redis;
}

/* Until each importer with claims has renewed its sign of life, or has none any more. A sign that is not renewed lapses
 * by itself, so this takes no longer than it was valid. */
static int others_await(struct others *others, redisContext *redis, const char *name, struct error *error) {
    bool told = false;
    for (;;) {
        if (others_read(others, redis, name, error) != 0 || others_free_ended(others, redis, error) != 0) return -1;
        int64_t ms = others_wait_ms(others);
        if (ms < 0) return 0;
        if (!told)
            fprintf(stderr, "flowimport: waiting for signs of life of importers with claims, up to %" PRId64 " s\n",
                    (ms + 999) / 1000);
        told = true;
        pause_ms(LOOK_MS);
    }
}

static void other_print(const struct other *other) {
    fprintf(stderr, "flowimport: %" PRIu64 " entries are still in claims of importer '%s'", other->entries,
            other->name);
    if (other->state != OTHER_SILENT)
        fprintf(stderr, ", process %" PRId64 " on host '%s'", other->holder.pid, other->holder.host);
    switch (other->state) {
    case OTHER_SILENT: fprintf(stderr, ", which is silent: run the command again\n"); break;
    case OTHER_ENDED: fprintf(stderr, ", which has ended: flowimport --once --adopt imports them\n"); break;
    case OTHER_SIGNED:
        fprintf(stderr, ": if it has ended, flowimport --once --adopt imports them in %" PRId64 " s\n",
                (other->valid_ms + 999) / 1000);
        break;
    case OTHER_ALIVE: fprintf(stderr, ", which is alive and imports them itself\n"); break;
    }
}

/* The claims of others. Before the queue is drained (`adopt`) those of the dead are freed; afterwards what is left is
 * reported: "0 entries" alone would look as if all were imported. */
static int others_see(const struct command_call *call, struct others *others, const char *name, bool adopt) {
    struct error error;
    redisContext *redis = queue_open(call, &error);
    if (!redis) return command_fail(EXIT_FAILED, "%s", error.text);
    int result = adopt ? others_await(others, redis, name, &error) : others_read(others, redis, name, &error);
    redisFree(redis);
    if (result != 0) return command_fail(EXIT_FAILED, "%s", error.text);
    for (size_t i = 0; !adopt && i < others->n; i++)
        other_print(&others->rows[i]);
    return EXIT_DONE;
}

/* The queue; under a name of its own, so that a daemon on the same host keeps its. */
static int queue_drain(const struct command_call *call) {
    struct pipeline pipeline = *call->pipeline;
    struct importer_counters counters = {.entries = 0};
    struct others others;
    char name[CLAIM_CONSUMER_MAX];
    int code = EXIT_DONE;
    snprintf(name, sizeof name, "%.100s-once", call->config->queue.consumer);
    pipeline.importer.queue.name = name;
    pipeline.importer.queue.once = true;
    others_init(&others, call->config->queue.name);
    if (call->options->adopt) code = others_see(call, &others, name, true);
    if (code == EXIT_DONE) {
        code = service_run(&pipeline, call->config, NULL, NULL, &counters);
        if (code != EXIT_FAILED || counters.entries > 0)
            printf("queue %s: %" PRIu64 " entries: %" PRIu64 " imported, %" PRIu64 " too old, %" PRIu64 " rejected\n",
                   call->config->queue.name, counters.entries, counters.imported, counters.too_old, counters.rejected);
        if (code == EXIT_REJECTED)
            fprintf(stderr, "flowimport: %" PRIu64 " entries were rejected: flowimport rejected list\n",
                    counters.rejected);
        if (code == EXIT_DONE || code == EXIT_REJECTED) (void)others_see(call, &others, name, false);
    }
    others_release(&others);
    return code;
}

int command_once(const struct command_call *call) {
    int worst = EXIT_DONE;
    if (call->n_operands == 0) return queue_drain(call);
    if (call->options->adopt) return command_fail(EXIT_USAGE, "--adopt is for the queue: call it without files");
    for (int i = 0; i < call->n_operands; i++) {
        int code = backfill_file(call, call->operands[i]);
        if (code == EXIT_FAILED || worst == EXIT_DONE) worst = code;
    }
    return worst;
}
