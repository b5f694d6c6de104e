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
#include "prog/monitor.h"

struct service {
    struct event_base *base;
    struct importer *importer;
    struct reload *reload;
    int exit_code;
    bool stopping;
};

static void on_finished(void *context, int exit_code) {
    struct service *service = context;
    service->exit_code = exit_code;
    event_base_loopbreak(service->base);
}

static void on_stop(evutil_socket_t number, short what, void *context) {
    struct service *service = context;
    (void)what;
    if (service->stopping) {
        log_warning("main", "a second %s: stopping without a flush", strsignal((int)number));
        _exit(1); /* not after the database's answer, which may take its time; what was taken is in its claims */
    }
    service->stopping = true;
    log_notice("main", "%s: flushing and stopping", strsignal((int)number));
    notify_send("STOPPING=1");
    importer_stop(service->importer);
}

static void on_flush(evutil_socket_t number, short what, void *context) {
    struct service *service = context;
    (void)number;
    (void)what;
    importer_flush(service->importer);
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
    importer_reconfigure(service->importer);
    notify_send("READY=1");
}

static void on_watchdog(evutil_socket_t fd, short what, void *context) {
    const struct service *service = context;
    const struct importer_counters *counters = importer_counters(service->importer);
    (void)fd;
    (void)what;
    notify_send("WATCHDOG=1\nSTATUS=%" PRIu64 " entries imported, %" PRIu64 " rejected, %" PRIu64 " too old",
                counters->imported, counters->rejected, counters->too_old);
}

int service_run(const struct pipeline *pipeline, const struct config *config, struct reload *reload,
                struct importer_counters *counters) {
    static const struct {
        int number;
        event_callback_fn run;
    } handled[] = {{SIGTERM, on_stop}, {SIGINT, on_stop}, {SIGHUP, on_reload}, {SIGUSR1, on_flush}};
    enum { N_HANDLED = sizeof handled / sizeof handled[0] };
    struct monitor *monitor = NULL;
    struct service service = {.base = event_base_new(), .reload = reload, .exit_code = 1};
    struct event *signals[N_HANDLED] = {NULL}, *watchdog = NULL;
    struct error error;
    signal(SIGPIPE, SIG_IGN);
    service.importer = importer_new(service.base, &pipeline->importer, &config->layout, &pipeline->schema,
                                    &clock_system, on_finished, &service, &error);
    if (!service.importer) {
        log_error("queue", "%s", error.text);
        event_base_free(service.base);
        return 2;
    }
    for (unsigned i = 0; i < N_HANDLED; i++) {
        if (handled[i].number == SIGHUP && !reload) continue;
        signals[i] = evsignal_new(service.base, handled[i].number, handled[i].run, &service);
        evsignal_add(signals[i], NULL);
    }
    int64_t period = notify_watchdog_us();
    if (period > 0) {
        struct timeval time = {.tv_sec = period / 1000000, .tv_usec = period % 1000000};
        watchdog = event_new(service.base, -1, EV_PERSIST, on_watchdog, &service);
        event_add(watchdog, &time);
    }
    if (config->http.listen && !pipeline->importer.queue.once)
        monitor =
            monitor_new(service.base, config->http.listen, config->queue.retry_max_ms, service.importer, &clock_system);
    importer_start(service.importer);
    notify_send("READY=1");
    event_base_dispatch(service.base);
    if (counters) *counters = *importer_counters(service.importer);
    monitor_free(monitor);
    importer_free(service.importer);
    for (unsigned i = 0; i < N_HANDLED; i++)
        if (signals[i]) event_free(signals[i]);
    if (watchdog) event_free(watchdog);
    event_base_free(service.base);
    return service.exit_code;
}
