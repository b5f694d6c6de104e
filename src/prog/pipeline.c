/* From options to parts. */
#include "prog/pipeline.h"

#include <stdio.h>
#include <sys/random.h>

#include "base/fault.h"
#include "base/log.h"
#include "flow/names.h"

enum { STORE_SHARE = 8 }; /* an eighth of cache_memory is SQLite's page cache */

void pipeline_init(struct pipeline *pipeline, const struct config *config, const char *program) {
    log_init(program, (enum log_target)config->log.target, (enum log_level)config->log.level);
    fault_init();
    names_init();
    schema_init(&pipeline->schema, &config->layout, config->import.bucket_sizes.values, config->import.bucket_sizes.n);
    pipeline->importer = (struct importer_config){
        .queue = {.url = config->queue.url,
                  .password = config->queue.password,
                  .queue = config->queue.name,
                  .name = config->queue.consumer,
                  .at_most_once = config->queue.delivery == DELIVERY_AT_MOST_ONCE,
                  .page = config->queue.page,
                  .timeout = config->queue.consumer_timeout,
                  .rejected_max = config->queue.rejected_max,
                  .retry_max_ms = config->queue.retry_max_ms},
        .store = config->store,
        .rules = {.max_flow_age = config->import.max_flow_age,
                  .max_flow_duration = config->import.max_flow_duration,
                  .max_future = config->import.max_future,
                  .filter_unknown_ports = config->import.filter_unknown_ports},
        .flush_interval = config->import.flush_interval,
        .cache_memory = config->import.cache_memory - config->import.cache_memory / STORE_SHARE,
        .claim_entries = config->queue.claim_entries,
    };
    pipeline->importer.store.memory = config->import.cache_memory / STORE_SHARE;
    if (getrandom(&pipeline->importer.seed, sizeof pipeline->importer.seed, GRND_NONBLOCK) < 0)
        pipeline->importer.seed = 0;
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
