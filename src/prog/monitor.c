/* The routes, and which modules show themselves. */
#include "prog/monitor.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/process.h"

enum { PATIENCE_MS = 30000 };

struct monitor {
    const struct service_parts *parts;
    struct http_server *server;
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
    http_server_show(monitor->server, &show);
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
    if (reply->body.len > 0)
        reply->status = 503;
    else
        buffer_add_text(&reply->body, "ok\n");
}

static const struct http_route routes[] = {
    {"/metrics", metrics_answer}, {"/healthz", health_answer}, {"/status", status_answer}};

struct monitor *monitor_new(struct event_base *base, const char *listen, int64_t retry_max_ms,
                            const struct service_parts *parts, const struct clock *clock) {
    struct monitor *monitor = mem_zalloc(1, sizeof *monitor);
    struct http_config config = {.listen = listen,
                                 .routes = routes,
                                 .n_routes = sizeof routes / sizeof routes[0],
                                 .context = monitor,
                                 .patience_ms = PATIENCE_MS,
                                 .retry_max_ms = retry_max_ms};
    monitor->parts = parts;
    monitor->started = clock_now(clock);
    monitor->server = http_server_new(base, &config);
    return monitor;
}

void monitor_free(struct monitor *monitor) {
    if (!monitor) return;
    http_server_free(monitor->server);
    free(monitor);
}
