/* From options to parts. */
#include "config/pipeline.h"

#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "flow/names.h"

enum { STORE_SHARE = 8 }; /* an eighth of cache_memory is SQLite's page cache */

static void retention_fill(const struct config *config, struct retention_rules *rules) {
    const struct option_map *keep = &config->retention.keep;
    *rules = (struct retention_rules){.n = keep->n, .max_size = config->retention.max_size};
    for (unsigned i = 0; i < keep->n; i++) {
        rules->sizes[i] = keep->keys[i];
        rules->keep[i] = keep->values[i];
    }
}

void pipeline_tune(struct pipeline *pipeline, const struct config *config, const char *program) {
    struct importer_config *importer = &pipeline->importer;
    log_init(program, (enum log_target)config->log.target, (enum log_level)config->log.level);
    importer->queue.page = config->queue.page;
    importer->queue.rejected_max = config->queue.rejected_max;
    importer->queue.retry_max_ms = pipeline->producer.retry_max_ms = config->queue.retry_max_ms;
    importer->rules = (struct check_rules){.max_flow_age = config->import.max_flow_age,
                                           .max_flow_duration = config->import.max_flow_duration,
                                           .max_future = config->import.max_future,
                                           .filter_unknown_ports = config->import.filter_unknown_ports};
    check_limit(&importer->rules, &config->layout, config->import.max_flow_octets, config->import.max_flow_packets);
    importer->flush_interval = config->import.flush_interval;
    importer->claim_entries = config->queue.claim_entries;
    retention_fill(config, &importer->retention);
}

/* A server on this machine knows nothing of our threads' priority: their number alone bounds what they take from the
 * import. */
static unsigned worker_count(const struct config *config) {
    enum { MOST = 4 };
    if (config->http.workers > 0) return (unsigned)config->http.workers;
    long half = sysconf(_SC_NPROCESSORS_ONLN) / 2;
    return half < 1 ? 1 : half > MOST ? MOST : (unsigned)half;
}

static void web_fill(const struct config *config, struct pipeline *pipeline) {
    pipeline->web_store = config->store;
    if (config->http.store) {
        pipeline->web_store.url = config->http.store;
        pipeline->web_store.password = NULL;
    }
    pipeline->web = (struct web_config){
        .listen = config->http.listen,
        .retry_max_ms = config->queue.retry_max_ms,
        .hosts = config->http.names,
        .users = config->http.auth,
        .workers = {.store = &pipeline->web_store, .schema = &pipeline->schema, .n = worker_count(config)},
        .query_ms = config->http.query_timeout_ms,
        .names = {.resolve = config->http.resolve,
                  .asn_db = config->http.asn_db,
                  .country_db = config->http.country_db,
                  .clock = &clock_system},
        .book = config->book,
        .learned = config->names.learned,
        .clock = &clock_system,
    };
}

void pipeline_init(struct pipeline *pipeline, const struct config *config, const char *program) {
    names_init();
    struct error ignored; /* it was checked with the configuration */
    (void)config_schema(config, &pipeline->schema, &ignored);
    pipeline->importer = (struct importer_config){
        .queue = {.url = config->queue.url,
                  .password = config->queue.password,
                  .tls = config->queue.tls,
                  .queue = config->queue.name,
                  .name = config->queue.consumer,
                  .at_most_once = config->queue.delivery == DELIVERY_AT_MOST_ONCE,
                  .timeout = config->queue.consumer_timeout},
        .store = config->store,
        .cache_memory = config->import.cache_memory - config->import.cache_memory / STORE_SHARE,
    };
    snprintf(pipeline->producer_marker, sizeof pipeline->producer_marker, "producer:%s", config->queue.consumer);
    pipeline->producer = (struct producer_config){.url = config->queue.url,
                                                  .password = config->queue.password,
                                                  .tls = config->queue.tls,
                                                  .queue = config->queue.name,
                                                  .marker = pipeline->producer_marker,
                                                  .max_queue = config->producer.max_queue,
                                                  .wait_replicas = config->producer.wait_replicas,
                                                  .spool = config->producer.spool,
                                                  .spool_max = config->producer.spool_max};
    web_fill(config, pipeline);
    pipeline_tune(pipeline, config, program);
    fault_init();
    pipeline->importer.store.memory = config->import.cache_memory / STORE_SHARE;
    if (getrandom(&pipeline->importer.seed, sizeof pipeline->importer.seed, GRND_NONBLOCK) < 0)
        pipeline->importer.seed = 0;
    if (getrandom(pipeline->importer.queue.random, IDENTITY_RANDOM, 0) != IDENTITY_RANDOM) /* waits for an early boot */
        log_error("queue", "getrandom failed: a consumer of the same name, host and PID can't be told from this one");
}

struct store *pipeline_store(const struct pipeline *pipeline, const char *program) {
    struct store_config config = pipeline->importer.store;
    struct store *store;
    struct error error;
    config.read_only = true;
    if (store_open(&store, &config, &pipeline->schema, &error) == STORE_OK) return store;
    fprintf(stderr, "%s: %s\n", program, error.text);
    return NULL;
}

int queue_target(struct redis_target *target, const struct config *config, struct error *error) {
    const struct redis_access access = {config->queue.url, config->queue.password, config->queue.name,
                                        config->queue.tls};
    return redis_target_parse(target, &access, error);
}
