/* The loop that everything but the store's calls runs on. */
#include "prog/service.h"

#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/notify.h"
#include "import/direct.h"
#include "prog/monitor.h"
#include "prog/privileges.h"

struct service {
    struct event_base *base;
    struct service_parts parts;
    struct reload *reload;
    int exit_code;
    bool stopping, probe_over, importer_over;
};

static void stop(struct service *service) {
    struct service_parts *parts = &service->parts;
    if (parts->probe && !service->probe_over)
        probe_stop(parts->probe); /* what it still has is imported, too */
    else if (parts->direct)
        direct_stop(parts->direct);
    if (parts->importer) importer_stop(parts->importer);
}

/* An importer has ended: by itself (END, or what can't be mended) it takes the others with it. */
static void on_finished(void *context, int exit_code) {
    struct service *service = context;
    if (exit_code > service->exit_code) service->exit_code = exit_code;
    service->importer_over = true;
    if (service->parts.probe && !service->probe_over) {
        service->stopping = true;
        probe_stop(service->parts.probe);
        return;
    }
    event_base_loopbreak(service->base);
}

static void on_probe_finished(void *context, int exit_code) {
    struct service *service = context;
    const struct service_parts *parts = &service->parts;
    if (exit_code > service->exit_code) service->exit_code = exit_code;
    service->probe_over = service->stopping = true;
    if (service->importer_over || (!parts->importer && !parts->direct))
        event_base_loopbreak(service->base);
    else
        stop(service);
}

static void on_stop(evutil_socket_t number, short what, void *context) {
    struct service *service = context;
    (void)what;
    if (service->stopping) {
        log_warning("main", "a second %s: stopping without a flush", strsignal((int)number));
        _exit(1); /* not after the database's answer, which may take its time; what was claimed is found again */
    }
    service->stopping = true;
    log_notice("main", "%s: flushing and stopping", strsignal((int)number));
    notify_send("STOPPING=1");
    stop(service);
}

static void on_flush(evutil_socket_t number, short what, void *context) {
    struct service *service = context;
    (void)number;
    (void)what;
    if (service->parts.importer) importer_flush(service->parts.importer);
    if (service->parts.direct) direct_flush(service->parts.direct);
}

static void on_reload(evutil_socket_t number, short what, void *context) {
    struct service *service = context;
    struct timespec now;
    (void)what;
    if (service->stopping) return;
    log_notice("main", "%s: reading the configuration again", strsignal((int)number));
    clock_gettime(CLOCK_MONOTONIC, &now);
    notify_send("RELOADING=1\nMONOTONIC_USEC=%lld%06ld", (long long)now.tv_sec, now.tv_nsec / 1000);
    reload_run(service->reload);
    if (service->parts.importer) importer_reconfigure(service->parts.importer);
    if (service->parts.direct) direct_reconfigure(service->parts.direct);
    notify_send("READY=1");
}

static void on_watchdog(evutil_socket_t fd, short what, void *context) {
    const struct service *service = context;
    (void)fd;
    (void)what;
    const struct importer_counters *counters = service->parts.importer ? importer_counters(service->parts.importer)
                                               : service->parts.direct ? direct_counters(service->parts.direct)
                                                                       : NULL;
    if (!counters) {
        notify_send("WATCHDOG=1");
        return;
    }
    notify_send("WATCHDOG=1\nSTATUS=%" PRIu64 " entries imported, %" PRIu64 " rejected, %" PRIu64 " too old",
                counters->imported, counters->rejected, counters->too_old);
}

/* The importer of the queue, or of the probe; or none. 0, or -1 with the error set. */
static int parts_new(struct service *service, const struct pipeline *pipeline, const struct config *config,
                     struct error *error) {
    struct service_parts *parts = &service->parts;
    const struct importer_config *importer = &pipeline->importer;
    if (parts->probe && probe_start(parts->probe, service->base, on_probe_finished, service, error) != 0) return -1;
    if (parts->probe && probe_feed(parts->probe)) {
        parts->direct = direct_new(service->base, importer, &config->layout, &pipeline->schema, &clock_system,
                                   on_finished, service);
        direct_take(parts->direct, probe_feed(parts->probe));
        direct_start(parts->direct);
    } else if (config->import.enabled || importer->queue.once) {
        parts->importer = importer_new(service->base, importer, &config->layout, &pipeline->schema, &clock_system,
                                       on_finished, service, error);
        if (!parts->importer) return -1;
        importer_start(parts->importer);
    }
    return 0;
}

static void parts_free(struct service_parts *parts) {
    direct_free(parts->direct);
    probe_free(parts->probe);
    importer_free(parts->importer);
}

static void loop_run(struct service *service, const struct pipeline *pipeline, const struct config *config) {
    struct event *watchdog = NULL;
    struct monitor *monitor = NULL;
    int64_t period = notify_watchdog_us();
    if (period > 0) {
        struct timeval time = {.tv_sec = period / 1000000, .tv_usec = period % 1000000};
        watchdog = event_new(service->base, -1, EV_PERSIST, on_watchdog, service);
        event_add(watchdog, &time);
    }
    if (config->http.listen && !pipeline->importer.queue.once)
        monitor =
            monitor_new(service->base, config->http.listen, config->queue.retry_max_ms, &service->parts, &clock_system);
    notify_send("READY=1");
    event_base_dispatch(service->base);
    monitor_free(monitor);
    if (watchdog) event_free(watchdog);
}

int service_run(const struct pipeline *pipeline, const struct config *config, struct probe *probe,
                struct reload *reload, struct importer_counters *counters) {
    static const struct {
        int number;
        event_callback_fn run;
    } handled[] = {{SIGTERM, on_stop}, {SIGINT, on_stop}, {SIGHUP, on_reload}, {SIGUSR1, on_flush}};
    enum { N_HANDLED = sizeof handled / sizeof handled[0] };
    struct service service = {.base = event_base_new(), .parts.probe = probe, .reload = reload};
    struct event *signals[N_HANDLED] = {NULL};
    struct error error;
    signal(SIGPIPE, SIG_IGN);
    for (unsigned i = 0; i < N_HANDLED; i++) {
        if (handled[i].number == SIGHUP && !reload) continue;
        signals[i] = evsignal_new(service.base, handled[i].number, handled[i].run, &service);
        evsignal_add(signals[i], NULL);
    }
    if (parts_new(&service, pipeline, config, &error) == 0) {
        loop_run(&service, pipeline, config);
        if (counters && service.parts.importer) *counters = *importer_counters(service.parts.importer);
    } else {
        log_error("main", "%s", error.text);
        service.exit_code = 2;
    }
    parts_free(&service.parts);
    for (unsigned i = 0; i < N_HANDLED; i++)
        if (signals[i]) event_free(signals[i]);
    event_base_free(service.base);
    return service.exit_code;
}
