/* The loop that everything but the store's calls runs on. */
#include "daemon/service.h"

#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/notify.h"
#include "import/direct.h"
#include "daemon/monitor.h"
#include "daemon/privileges.h"

enum {
    LEAVE_TICK_MS = 50,
    LEAVE_MS = 20000, /* how long Redis has at the end to take what is left; then the spool has it */
};

struct service {
    struct event_base *base;
    struct service_parts parts;
    struct journal_config journal; /* of parts.direct */
    struct monitor *monitor;       /* NULL: no HTTP */
    struct reload *reload;
    struct event *leaving; /* at the end, until the producer has brought away what it can */
    unsigned fronts;       /* probe and collector, if they have not ended */
    int exit_code, waited_ms;
    bool stopping, importer_over;
    bool over;        /* the loop is to end, or not to begin */
    bool once;        /* until the queue is empty */
    bool interrupted; /* a signal came first */
};

/* libevent forgets a break that comes before the loop runs. */
static void loop_end(struct service *service) {
    service->over = true;
    event_base_loopbreak(service->base);
}

static void code_take(struct service *service, int exit_code) {
    if (exit_code > service->exit_code) service->exit_code = exit_code;
}

static void fronts_stop(struct service *service) {
    if (service->parts.probe) probe_stop(service->parts.probe);
    if (service->parts.collector) collector_stop(service->parts.collector);
}

/* The fronts first: what they still have is imported, too. */
static void stop(struct service *service) {
    struct service_parts *parts = &service->parts;
    if (parts->producer) producer_hurry(parts->producer);
    if (service->fronts > 0)
        fronts_stop(service);
    else if (parts->direct)
        direct_stop(parts->direct);
    if (parts->importer) importer_stop(parts->importer);
}

/* An importer has ended: by itself (END, or an error for good) it takes the others with it. */
static void on_finished(void *context, int exit_code) {
    struct service *service = context;
    code_take(service, exit_code);
    service->importer_over = true;
    if (service->fronts > 0) {
        service->stopping = true;
        fronts_stop(service);
    } else if (!service->leaving) {
        loop_end(service);
    }
}

/* Whether nothing is left that could still be brought to Redis. */
static bool producer_is_over(const struct producer *producer) {
    struct buffer problems = BUFFER_INIT;
    producer_problems(producer, &problems);
    bool away = problems.len > 0; /* then the spool takes it */
    buffer_release(&problems);
    return away || producer_is_done(producer);
}

static void on_leaving(evutil_socket_t fd, short what, void *context) {
    struct service *service = context;
    const struct service_parts *parts = &service->parts;
    (void)fd, (void)what;
    service->waited_ms += LEAVE_TICK_MS;
    if (parts->producer && !producer_is_over(parts->producer) && service->waited_ms < LEAVE_MS) return;
    event_free(service->leaving);
    service->leaving = NULL;
    if (service->importer_over || (!parts->importer && !parts->direct))
        loop_end(service);
    else
        stop(service);
}

static void on_front_finished(void *context, int exit_code) {
    struct service *service = context;
    const struct timeval tick = {.tv_usec = LEAVE_TICK_MS * 1000};
    code_take(service, exit_code);
    service->stopping = true;
    if (--service->fronts > 0) {
        fronts_stop(service);
        return;
    }
    service->leaving = event_new(service->base, -1, EV_PERSIST, on_leaving, service);
    event_add(service->leaving, &tick);
}

static void on_stop(evutil_socket_t number, short what, void *context) {
    struct service *service = context;
    (void)what;
    if (service->stopping) {
        log_warning("main", "a second %s: stopping without a flush", strsignal((int)number));
        _exit(1); /* not after the database's answer, which may take its time; what was claimed is found again */
    }
    service->stopping = service->interrupted = true;
    log_notice("main", "%s: flushing and stopping%s", strsignal((int)number),
               service->once ? "; the queue may hold more" : "");
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
    log_notice("main", "%s: reloading the configuration", strsignal((int)number));
    clock_gettime(CLOCK_MONOTONIC, &now);
    notify_send("RELOADING=1\nMONOTONIC_USEC=%lld%06ld", (long long)now.tv_sec, now.tv_nsec / 1000);
    if (reload_run(service->reload)) {
        if (service->parts.importer) importer_reconfigure(service->parts.importer);
        if (service->parts.direct) direct_reconfigure(service->parts.direct);
        if (service->monitor) monitor_reload(service->monitor, service->reload->config->book);
    }
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

static struct direct *direct_make(struct service *service, const struct pipeline *pipeline, const struct config *config,
                                  struct error *error) {
    const struct importer_config *importer = &pipeline->importer;
    service->journal = (struct journal_config){.folder = pipeline->producer.spool,
                                               .max_bytes = pipeline->producer.spool_max,
                                               .layout = direct_flows_layout(&config->layout)};
    bool journaled = service->journal.folder && !importer->queue.at_most_once;
    return direct_new(service->base, importer, journaled ? &service->journal : NULL, &config->layout, &pipeline->schema,
                      &clock_system, on_finished, service, error);
}

/* To the queue, or to the importer of this process; both fronts go the same way. */
static int fronts_begin(struct service *service, const struct pipeline *pipeline, const struct config *config,
                        struct error *error) {
    struct service_parts *parts = &service->parts;
    struct feed *feeds[] = {parts->probe ? probe_feed(parts->probe) : NULL,
                            parts->collector ? collector_feed(parts->collector) : NULL};
    bool any = feeds[0] || feeds[1];
    bool direct = feeds[1] ? config->collector.queue == CAPTURE_DIRECT : config->capture.queue == CAPTURE_DIRECT;
    if (any && direct && !(parts->direct = direct_make(service, pipeline, config, error))) return -1;
    if (any && !direct && !(parts->producer = producer_new(service->base, &pipeline->producer, NULL, error))) return -1;
    for (unsigned i = 0; i < sizeof feeds / sizeof feeds[0]; i++) {
        if (feeds[i] && parts->direct) direct_take(parts->direct, feeds[i]);
        if (feeds[i] && parts->producer) producer_take(parts->producer, feeds[i]);
    }
    if (parts->direct) direct_start(parts->direct);
    if (parts->producer) producer_start(parts->producer);
    if (parts->probe && probe_start(parts->probe, service->base, on_front_finished, service, error) != 0) return -1;
    if (parts->collector && collector_start(parts->collector, service->base, on_front_finished, service, error) != 0)
        return -1;
    service->fronts = (parts->probe ? 1u : 0u) + (parts->collector ? 1u : 0u);
    return 0;
}

/* 0, or -1 with the error set. */
static int parts_new(struct service *service, const struct pipeline *pipeline, const struct config *config,
                     struct error *error) {
    struct service_parts *parts = &service->parts;
    const struct importer_config *importer = &pipeline->importer;
    if (fronts_begin(service, pipeline, config, error) != 0) return -1;
    if (!parts->direct && (config->import.enabled || importer->queue.once)) {
        parts->importer = importer_new(service->base, importer, &config->layout, &pipeline->schema, &clock_system,
                                       on_finished, service, error);
        if (!parts->importer) return -1;
        importer_start(parts->importer);
    }
    return 0;
}

/* Readers of feeds go before the feeds; the threads that write into them have ended by then. */
static void parts_free(struct service *service) {
    struct service_parts *parts = &service->parts;
    direct_free(parts->direct);
    producer_free(parts->producer);
    probe_free(parts->probe);
    collector_free(parts->collector);
    importer_free(parts->importer);
    if (service->leaving) event_free(service->leaving);
}

static void loop_run(struct service *service, const struct pipeline *pipeline, const struct config *config) {
    struct event *watchdog = NULL;
    struct error error;
    int64_t period = notify_watchdog_us();
    if (period > 0) {
        struct timeval time = {.tv_sec = period / 1000000, .tv_usec = period % 1000000};
        watchdog = event_new(service->base, -1, EV_PERSIST, on_watchdog, service);
        event_add(watchdog, &time);
    }
    if (config->http.listen && !pipeline->importer.queue.once &&
        !(service->monitor = monitor_new(service->base, &pipeline->web, &service->parts, &error))) {
        log_error("http", "%s", error.text);
        code_take(service, 2);
    } else {
        notify_send("READY=1");
        if (!service->over) event_base_dispatch(service->base);
    }
    monitor_free(service->monitor);
    if (watchdog) event_free(watchdog);
}

int service_run(const struct pipeline *pipeline, const struct config *config, const struct service_fronts *fronts,
                struct reload *reload, struct importer_counters *counters) {
    static const struct {
        int number;
        event_callback_fn run;
    } handled[] = {{SIGTERM, on_stop}, {SIGINT, on_stop}, {SIGHUP, on_reload}, {SIGUSR1, on_flush}};
    enum { N_HANDLED = sizeof handled / sizeof handled[0] };
    struct service service = {.base = event_base_new(), .reload = reload, .once = pipeline->importer.queue.once};
    struct event *signals[N_HANDLED] = {NULL};
    struct error error;
    if (fronts) {
        service.parts.probe = fronts->probe;
        service.parts.collector = fronts->collector;
    }
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
    parts_free(&service);
    /* A signal that comes now is too late, and no reason to end by it; but Ctrl-C stays a way out. */
    sigset_t late;
    sigemptyset(&late);
    for (unsigned i = 0; i < N_HANDLED; i++)
        if (handled[i].number != SIGINT) sigaddset(&late, handled[i].number);
    pthread_sigmask(SIG_BLOCK, &late, NULL);
    for (unsigned i = 0; i < N_HANDLED; i++)
        if (signals[i]) event_free(signals[i]);
    event_base_free(service.base);
    return service.once && service.interrupted ? 1 : service.exit_code;
}
