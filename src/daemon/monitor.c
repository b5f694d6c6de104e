/* The routes, and which modules show themselves. */
#include "daemon/monitor.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/process.h"

struct monitor {
    const struct service_parts *parts;
    struct web *web;
    int64_t started; /* seconds since the epoch */
};

static void all_show(const struct monitor *monitor, enum show_format format, struct buffer *out) {
    struct show show;
    show_begin(&show, format, out);
    show_module(&show, "build");
    show_info(&show, "info", "version", "The version of flowimport.", FLOWIMPORT_VERSION);
    process_show(monitor->started, &show);
    if (monitor->parts->importer) importer_show(monitor->parts->importer, &show);
    if (monitor->parts->direct) direct_show(monitor->parts->direct, &show);
    if (monitor->parts->probe) probe_show(monitor->parts->probe, &show);
    if (monitor->parts->collector) collector_show(monitor->parts->collector, &show);
    if (monitor->parts->producer) producer_show(monitor->parts->producer, &show);
    web_show(monitor->web, &show);
    show_end(&show);
}

static void metrics_answer(void *context, struct http_reply *reply) {
    reply->type = "text/plain; version=0.0.4; charset=utf-8";
    all_show(context, SHOW_PROMETHEUS, &reply->body);
}

static void status_answer(void *context, struct http_reply *reply) {
    reply->type = "application/json";
    all_show(context, SHOW_JSON, &reply->body);
}

static void health_answer(void *context, struct http_reply *reply) {
    const struct monitor *monitor = context;
    reply->type = "text/plain; charset=utf-8";
    if (monitor->parts->importer) importer_problems(monitor->parts->importer, &reply->body);
    if (monitor->parts->direct) direct_problems(monitor->parts->direct, &reply->body);
    if (monitor->parts->probe) probe_problems(monitor->parts->probe, &reply->body);
    if (monitor->parts->collector) collector_problems(monitor->parts->collector, &reply->body);
    if (monitor->parts->producer) producer_problems(monitor->parts->producer, &reply->body);
    if (reply->body.len > 0)
        reply->status = 503;
    else
        buffer_add_text(&reply->body, "ok\n");
}

static const struct http_route routes[] = {
    {"/metrics", metrics_answer, false}, {"/healthz", health_answer, true}, {"/status", status_answer, false}};

struct monitor *monitor_new(struct event_base *base, const struct web_config *config, const struct service_parts *parts,
                            struct error *error) {
    struct monitor *monitor = mem_zalloc(1, sizeof *monitor);
    struct web_config web = *config;
    web.routes = routes;
    web.n_routes = sizeof routes / sizeof routes[0];
    web.context = monitor;
    monitor->parts = parts;
    monitor->started = clock_now(config->clock);
    monitor->web = web_new(base, &web, error);
    if (monitor->web) return monitor;
    free(monitor);
    return NULL;
}

void monitor_reload(struct monitor *monitor, struct name_book *book) { web_reload(monitor->web, book); }

const char *monitor_address(struct monitor *monitor) { return web_address(monitor->web); }

void monitor_free(struct monitor *monitor) {
    if (!monitor) return;
    web_free(monitor->web);
    free(monitor);
}
