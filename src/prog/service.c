/* The loop that everything but the store's calls runs on. */
#include "prog/service.h"

#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "base/log.h"
#include "base/notify.h"

struct service {
    struct event_base *base;
    struct importer *importer;
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
        on_finished(service, 1);
        return;
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

static void on_watchdog(evutil_socket_t fd, short what, void *context) {
    const struct service *service = context;
    const struct importer_counters *counters = importer_counters(service->importer);
    (void)fd;
    (void)what;
    notify_send("WATCHDOG=1\nSTATUS=%" PRIu64 " entries imported, %" PRIu64 " rejected, %" PRIu64 " too old",
                counters->imported, counters->rejected, counters->too_old);
}

int service_run(const struct pipeline *pipeline, const struct config *config, struct importer_counters *counters) {
    static const int stops[] = {SIGTERM, SIGINT};
    struct service service = {.base = event_base_new(), .exit_code = 1};
    struct event *signals[3] = {NULL}, *watchdog = NULL;
    struct error error;
    signal(SIGPIPE, SIG_IGN);
    service.importer = importer_new(service.base, &pipeline->importer, &config->layout, &pipeline->schema,
                                    &clock_system, on_finished, &service, &error);
    if (!service.importer) {
        log_error("queue", "%s", error.text);
        event_base_free(service.base);
        return 2;
    }
    for (unsigned i = 0; i < 2; i++)
        signals[i] = evsignal_new(service.base, stops[i], on_stop, &service);
    signals[2] = evsignal_new(service.base, SIGUSR1, on_flush, &service);
    for (unsigned i = 0; i < 3; i++)
        evsignal_add(signals[i], NULL);
    int64_t period = notify_watchdog_us();
    if (period > 0) {
        struct timeval time = {.tv_sec = period / 1000000, .tv_usec = period % 1000000};
        watchdog = event_new(service.base, -1, EV_PERSIST, on_watchdog, &service);
        event_add(watchdog, &time);
    }
    importer_start(service.importer);
    notify_send("READY=1");
    event_base_dispatch(service.base);
    if (counters) *counters = *importer_counters(service.importer);
    importer_free(service.importer);
    for (unsigned i = 0; i < 3; i++)
        event_free(signals[i]);
    if (watchdog) event_free(watchdog);
    event_base_free(service.base);
    return service.exit_code;
}
