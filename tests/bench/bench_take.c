/* Take, parse and fold against the floor: the same list drained by LPOP 1000 into nothing.
 *
 *   bench_take SOCKET ENTRIES ROUNDS      (a private redis-server listens on the UNIX socket)
 *   bench_take SOCKET ENTRIES fill        fills the queue and ends
 *
 * In turn, ROUNDS times: floor, ours. Prints medians of wall and CPU seconds of this process, and the ratio. */
#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "flow/names.h"
#include "flows.h"
#include "import/fold.h"
#include "import/known.h"
#include "queue/consumer.h"

enum { START = 1700000000, ROUNDS_MAX = 25, PUSH = 100 };

static double seconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

struct measure {
    double wall, cpu, redis; /* seconds; of CPU: of this process, of redis-server */
};

/* What redis-server says of its own CPU seconds. */
static double redis_cpu(redisContext *redis) {
    redisReply *reply = redisCommand(redis, "INFO cpu");
    double seconds = 0;
    static const char *const names[] = {"used_cpu_sys:", "used_cpu_user:"};
    for (unsigned i = 0; reply && i < 2; i++) {
        const char *at = strstr(reply->str, names[i]);
        if (at) seconds += strtod(at + strlen(names[i]), NULL);
    }
    freeReplyObject(reply);
    return seconds;
}

static struct measure measure_now(redisContext *redis) {
    return (struct measure){seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID), redis_cpu(redis)};
}

static struct measure measure_since(redisContext *redis, struct measure start) {
    struct measure now = measure_now(redis);
    return (struct measure){now.wall - start.wall, now.cpu - start.cpu, now.redis - start.redis};
}

static void must(redisContext *redis, int n) {
    for (; n > 0; n--) {
        redisReply *reply;
        if (redisGetReply(redis, (void **)&reply) != REDIS_OK || reply->type == REDIS_REPLY_ERROR) {
            fprintf(stderr, "bench_take: redis: %s\n", redis->errstr);
            exit(1);
        }
        freeReplyObject(reply);
    }
}

static void fill(redisContext *redis, uint64_t entries) {
    static char texts[PUSH][512];
    struct flows flows = {.state = 42, .start = START};
    for (uint64_t done = 0; done < entries;) {
        const char *words[PUSH + 2] = {"RPUSH", "entry:queue"};
        size_t lens[PUSH + 2] = {5, 11};
        int n = 2;
        for (; n < PUSH + 2 && done < entries; n++, done++) {
            lens[n] = flows_entry(&flows, texts[n - 2], sizeof texts[0]);
            words[n] = texts[n - 2];
        }
        redisAppendCommandArgv(redis, n, words, lens);
        must(redis, 1);
    }
}

static struct measure floor_run(redisContext *redis, uint64_t entries) {
    uint64_t taken = 0;
    fill(redis, entries);
    struct measure start = measure_now(redis);
    while (taken < entries) {
        redisReply *reply = redisCommand(redis, "LPOP entry:queue 1000");
        if (!reply || reply->type != REDIS_REPLY_ARRAY) exit(1);
        taken += reply->elements;
        freeReplyObject(reply);
    }
    return measure_since(redis, start);
}

/* --- ours --- */

struct ours {
    struct event_base *base;
    struct consumer *consumer;
    struct folder folder;
    struct generation generation;
    struct claim fresh; /* each take's claim */
    int64_t place;      /* of the next entry */
};

static void on_ready(void *context) {
    struct ours *ours = context;
    ours->fresh.n++;
    ours->fresh.queue_id[0] = '\0';
    claim_name(&ours->fresh, "{entry:queue}");
    consumer_take(ours->consumer, NULL, &ours->fresh, false);
}

static void on_lost(void *context) {
    (void)context;
    exit(1);
}

static void on_failed(void *context, const char *why) {
    (void)context;
    fprintf(stderr, "bench_take: %s\n", why);
    exit(1);
}

static bool on_entry(void *context, const char *text, size_t len) {
    struct ours *ours = context;
    uint32_t hash = known_hash(text, len);
    if (fold_entry(&ours->folder, &ours->generation, ours->fresh.epoch, text, len) == FOLD_TAKEN) {
        places_add(&ours->generation.places, ours->fresh.queue_id, ours->place++, hash, 0);
        return true;
    }
    fprintf(stderr, "bench_take: the cache is full\n");
    exit(1);
}

static void on_claimed(void *context, const struct consumer_claimed *claimed) {
    struct ours *ours = context;
    memcpy(ours->fresh.queue_id, claimed->queue_id, sizeof ours->fresh.queue_id);
    ours->fresh.place = ours->place = claimed->place;
    claim_name(&ours->fresh, "{entry:queue}");
}

static void on_done(void *context, const struct consumer_result *result) {
    struct ours *ours = context;
    if (result->taken < result->moved)
        consumer_read(ours->consumer, &ours->fresh, INT64_MAX);
    else if (result->taken > 0)
        on_ready(ours);
    else
        event_base_loopbreak(ours->base);
}

static struct measure ours_run(redisContext *redis, const char *socket, uint64_t entries,
                               const struct flow_layout *layout, const struct schema *schema) {
    const struct check_rules rules = {.max_flow_duration = 86400, .max_future = 3600};
    char url[256];
    snprintf(url, sizeof url, "redis+unix://%s", socket);
    struct consumer_config config = {.url = url,
                                     .queue = "entry:queue",
                                     .name = "bench",
                                     .page = 5000,
                                     .timeout = 60,
                                     .rejected_max = 10,
                                     .retry_max_ms = 1000};
    struct ours ours = {.base = event_base_new()};
    struct consumer_handler handler = {.context = &ours,
                                       .ready = on_ready,
                                       .lost = on_lost,
                                       .failed = on_failed,
                                       .entry = on_entry,
                                       .claimed = on_claimed,
                                       .done = on_done};
    ours.fresh = (struct claim){.consumer = "bench", .generation = 1, .epoch = START + 7200};
    fill(redis, entries);
    folder_init(&ours.folder, layout, &rules);
    generation_init(&ours.generation, cache_new(layout, schema, (size_t)1 << 30, 1));
    generation_start(&ours.generation, &(struct generation_id){.consumer = "bench"});
    ours.consumer = consumer_new(ours.base, &config, &handler, NULL);
    struct measure start = measure_now(redis);
    consumer_start(ours.consumer);
    event_base_dispatch(ours.base);
    struct measure measure = measure_since(redis, start);
    if (ours.generation.ledger.imported != entries) {
        fprintf(stderr, "bench_take: %" PRIu64 " of %" PRIu64 " entries imported\n", ours.generation.ledger.imported,
                entries);
        exit(1);
    }
    printf("#   %zu rows\n", cache_row_count(ours.generation.cache));
    consumer_free(ours.consumer);
    generation_release(&ours.generation);
    folder_release(&ours.folder);
    event_base_free(ours.base);
    must(redis, (redisAppendCommand(redis, "FLUSHALL"), 1));
    return measure;
}

static int compare(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double *values, int n) {
    qsort(values, (size_t)n, sizeof values[0], compare);
    return values[n / 2];
}

int main(int argc, char **argv) {
    if (argc != 4) return fprintf(stderr, "usage: bench_take SOCKET ENTRIES ROUNDS\n"), 2;
    uint64_t entries = strtoull(argv[2], NULL, 10);
    int rounds = atoi(argv[3]);
    double floor_wall[ROUNDS_MAX], our_wall[ROUNDS_MAX], our_cpu[ROUNDS_MAX], ratio[ROUNDS_MAX];
    double floor_redis[ROUNDS_MAX], our_redis[ROUNDS_MAX];
    static const uint32_t sizes[] = {600};
    struct flow_layout layout;
    struct schema schema;
    struct error error;
    /* Else what one side frees decides how often the other must ask the system for memory. */
    mallopt(M_MMAP_THRESHOLD, 64 << 20);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    redisContext *redis = redisConnectUnix(argv[1]);
    if (!redis || redis->err) return fprintf(stderr, "bench_take: %s: no redis-server\n", argv[1]), 1;
    if (strcmp(argv[3], "fill") == 0) {
        fill(redis, entries);
        redisFree(redis);
        return 0;
    }
    if (rounds < 1 || rounds > ROUNDS_MAX || flow_layout_init(&layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, &error) != 0)
        return 2;
    names_init();
    schema_init(&schema, &layout, sizes, 1);
    for (int i = 0; i < rounds; i++) {
        struct measure floor = floor_run(redis, entries), ours = ours_run(redis, argv[1], entries, &layout, &schema);
        floor_wall[i] = floor.wall;
        our_wall[i] = ours.wall;
        our_cpu[i] = ours.cpu;
        floor_redis[i] = floor.redis;
        our_redis[i] = ours.redis;
        ratio[i] = floor.wall / ours.wall;
    }
    double n = (double)entries;
    printf("drain by LPOP 1000, nothing done     %10.0f entries/s\n", n / median(floor_wall, rounds));
    printf("take + parse + fold                  %10.0f entries/s, %.0f per CPU-second\n", n / median(our_wall, rounds),
           n / median(our_cpu, rounds));
    printf("ratio to the floor                   %10.2f\n", median(ratio, rounds));
    printf("CPU of redis-server for an entry     %10.2f us, for the floor %.2f us\n",
           1e6 * median(our_redis, rounds) / n, 1e6 * median(floor_redis, rounds) / n);
    redisFree(redis);
    return 0;
}
