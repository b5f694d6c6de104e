/* The configuration in the words of the parts: what both programs hand to importer, store and queue. */
#ifndef FLOWIMPORT_CONFIG_PIPELINE_H
#define FLOWIMPORT_CONFIG_PIPELINE_H

#include "http/web.h"
#include "import/importer.h"
#include "config/config.h"
#include "queue/producer.h"
#include "queue/redis_url.h"

struct pipeline {
    struct schema schema;
    struct importer_config importer;
    struct producer_config producer;
    struct store_config web_store;
    struct web_config web;
    char producer_marker[CLAIM_CONSUMER_MAX + 16];
};

/* Fills it from a loaded configuration, which is borrowed, and starts the log and the name tables. */
void pipeline_init(struct pipeline *pipeline, const struct config *config, const char *program);
/* Takes the values that may change while the importer runs (option.reload), and those of the log. */
void pipeline_tune(struct pipeline *pipeline, const struct config *config, const char *program);
/* A store for reading, or NULL: the error is on stderr. */
struct store *pipeline_store(const struct pipeline *pipeline, const char *program);
/* Where the queue is, for a command's own questions; borrows from the configuration. */
int queue_target(struct redis_target *target, const struct config *config, struct error *error)
    __attribute__((warn_unused_result));

#endif
