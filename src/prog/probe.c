/* The capture thread and its surroundings. The thread shares two rings with the loop, and its counters. */
#include "prog/probe.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "input/capture.h"
#include "input/exporter.h"
#include "input/meter_entry.h"
#include "prog/capture_options.h"
#include "queue/feed.h"

enum {
    READ_MS = 100,      /* longest wait for a frame: how late a stop is noticed */
    LOOK_US = 500000,   /* between two looks at what is due */
    LATE_US = 200000,   /* how old a frame may be that is still in the kernel's ring */
    LEAVE_TICK_MS = 50, /* how often an end is looked for */
    LEAVE_MS = 20000,   /* how long Redis and the collectors have to take what is left; then the spool has it */
};

/* A flow on its way to the exporter. */
struct exported {
    uint32_t rule;
    struct meter_flow flow;
};

struct probe {
    const struct config *config;
    const struct pipeline *pipeline;
    struct capture_config capture_config;
    struct capture *capture;
    struct meter_rules rules;
    struct meter_template templates[METER_RULES_MAX];
    struct meter *meter;
    struct meter_entry *entries[METER_RULES_MAX];
    struct feed *feed, *exports; /* queue entries; struct exported. NULL where nobody wants them */

    pthread_t thread;
    bool started;
    atomic_bool stop;     /* asks the thread to end */
    struct error gone;    /* why it ended by itself; read when it is over */
    int ended;            /* eventfd: the thread is over */
    pthread_mutex_t lock; /* guards capture and meter; the thread holds it but while it waits for frames */

    /* the loop's */
    struct producer *producer;
    struct exporter *exporter;
    struct event *on_exports, *on_ended, *leaving;
    int waited_ms;
    void (*finished)(void *context, int exit_code);
    void *context;
};

/* The thread
 * ------------------------------------------------------------------------------------------------------------------ */

/* While it runs a full ring costs flows, which are counted; at its end there is time to wait for the loop. */
static void ring_put(struct probe *probe, struct feed *ring, const void *bytes, size_t len) {
    for (int ms = 0; atomic_load(&probe->stop) && ms < LEAVE_MS && !feed_has_room(ring, len); ms++) {
        feed_flush(ring);
        usleep(1000);
    }
    feed_put(ring, bytes, len);
}

static void on_flow(void *context, unsigned rule, const struct meter_flow *flow) {
    struct probe *probe = context;
    if (probe->feed) {
        char text[METER_ENTRY_MAX];
        ring_put(probe, probe->feed, text, meter_entry_write(probe->entries[rule], flow, text));
    }
    if (probe->exports) {
        struct exported exported = {.rule = rule, .flow = *flow};
        ring_put(probe, probe->exports, &exported, sizeof exported);
    }
}

static void on_frame(void *context, const struct capture_frame *frame) {
    const struct probe *probe = context;
    meter_frame(probe->meter, frame->bytes, frame->captured, frame->original, frame->time_us);
}

static void rings_flush(struct probe *probe) {
    if (probe->feed) feed_flush(probe->feed);
    if (probe->exports) feed_flush(probe->exports);
}

static void *thread_main(void *context) {
    struct probe *probe = context;
    int64_t looked = 0;
    pthread_mutex_lock(&probe->lock);
    while (!atomic_load(&probe->stop)) {
        pthread_mutex_unlock(&probe->lock);
        capture_wait(probe->capture, READ_MS);
        pthread_mutex_lock(&probe->lock);
        int n = capture_read(probe->capture, on_frame, probe, &probe->gone);
        int64_t now = clock_now_us(&clock_system);
        if (n < 0) break;
        if (now - looked >= 0 && now - looked < LOOK_US) continue;
        looked = now;
        meter_tick(probe->meter, now - LATE_US);
        rings_flush(probe);
        capture_look(probe->capture);
    }
    atomic_store(&probe->stop, true); /* from here on a full ring is waited for */
    meter_end(probe->meter);
    rings_flush(probe);
    capture_look(probe->capture);
    pthread_mutex_unlock(&probe->lock);
    if (eventfd_write(probe->ended, 1) != 0) log_error("capture", "eventfd: can't wake the event loop");
    return NULL;
}

/* Opening
 * -------------------------------------------------------------------------------------------------------------------
 */

struct probe *probe_open(const struct config *config, const struct pipeline *pipeline, struct error *error) {
    struct probe *probe = mem_zalloc(1, sizeof *probe);
    struct meter_config meter;
    probe->config = config;
    probe->pipeline = pipeline;
    probe->ended = -1;
    probe->capture_config = (struct capture_config){.interface = config->capture.interface,
                                                    .filter = config->capture.filter,
                                                    .promiscuous = config->capture.promiscuous,
                                                    .snaplen = (uint32_t)config->capture.snaplen,
                                                    .buffer = config->capture.buffer};
    pthread_mutex_init(&probe->lock, NULL);
    capture_options_meter(config, &probe->rules, &meter);
    if (getrandom(&meter.seed, sizeof meter.seed, GRND_NONBLOCK) < 0) meter.seed = 0;
    probe->meter = meter_new(&meter, on_flow, probe);
    probe->capture = capture_open(&probe->capture_config, error);
    if (!probe->capture || meter_link_type(probe->meter, capture_link_type(probe->capture), error) != 0 ||
        (config->capture.queue != CAPTURE_NONE && !(probe->feed = feed_new(error))) ||
        (config->export.collectors && !(probe->exports = feed_new(error))) ||
        (probe->ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) {
        probe_free(probe);
        return NULL;
    }
    for (unsigned i = 0; i < probe->rules.n; i++) {
        probe->templates[i] = probe->rules.rules[i].fields;
        probe->entries[i] = meter_entry_new(&probe->rules.rules[i].fields);
    }
    return probe;
}

void probe_free(struct probe *probe) {
    if (!probe) return;
    if (probe->started) {
        atomic_store(&probe->stop, true);
        pthread_join(probe->thread, NULL);
    }
    producer_free(probe->producer);
    exporter_free(probe->exporter);
    if (probe->on_exports) event_free(probe->on_exports);
    if (probe->on_ended) event_free(probe->on_ended);
    if (probe->leaving) event_free(probe->leaving);
    feed_free(probe->feed);
    feed_free(probe->exports);
    for (unsigned i = 0; i < probe->rules.n; i++)
        meter_entry_free(probe->entries[i]);
    meter_free(probe->meter);
    meter_rules_release(&probe->rules);
    capture_close(probe->capture);
    if (probe->ended >= 0) close(probe->ended);
    pthread_mutex_destroy(&probe->lock);
    free(probe);
}

/* The loop's side
 * ------------------------------------------------------------------------------------------------------------- */

static void on_exports(evutil_socket_t fd, short what, void *context) {
    struct probe *probe = context;
    struct exported exported;
    const char *bytes;
    size_t len;
    (void)fd, (void)what;
    feed_woken(probe->exports);
    while (feed_next(probe->exports, &bytes, &len)) {
        memcpy(&exported, bytes, sizeof exported);
        exporter_put(probe->exporter, exported.rule, &exported.flow);
    }
}

/* Whether nothing is left that could still be brought away. */
static bool is_empty(struct probe *probe) {
    struct buffer problems = BUFFER_INIT;
    if (probe->producer) producer_problems(probe->producer, &problems);
    bool away = problems.len > 0; /* then the spool takes it */
    buffer_release(&problems);
    return (!probe->producer || away || producer_is_done(probe->producer)) &&
           (!probe->exporter || exporter_backlog(probe->exporter) == 0);
}

static void on_leaving(evutil_socket_t fd, short what, void *context) {
    struct probe *probe = context;
    (void)fd, (void)what;
    probe->waited_ms += LEAVE_TICK_MS;
    if (!is_empty(probe) && probe->waited_ms < LEAVE_MS) return;
    event_del(probe->leaving);
    probe->finished(probe->context, probe->gone.text[0] ? 1 : 0);
}

static void on_ended(evutil_socket_t fd, short what, void *context) {
    struct probe *probe = context;
    const struct timeval tick = {.tv_usec = LEAVE_TICK_MS * 1000};
    (void)fd, (void)what;
    event_del(probe->on_ended);
    if (probe->gone.text[0]) log_error("capture", "%s", probe->gone.text);
    const struct meter_totals *totals = meter_totals(probe->meter);
    const struct capture_counters *counters = capture_counters(probe->capture);
    log_notice("capture",
               "interface '%s': %" PRIu64 " frames, of which %" PRIu64 " packets with %" PRIu64
               " octets were counted; %" PRIu64 " frames dropped by the kernel, %" PRIu64 " by the interface",
               probe->capture_config.interface, counters->frames, totals->packets, totals->octets, counters->dropped,
               counters->interface_dropped);
    if (probe->exporter) {
        on_exports(-1, 0, probe);
        exporter_flush(probe->exporter);
    }
    event_add(probe->leaving, &tick);
}

static int producer_begin(struct probe *probe, struct event_base *base, struct error *error) {
    if (probe->config->capture.queue != CAPTURE_REDIS) return 0;
    probe->producer = producer_new(base, &probe->pipeline->producer, NULL, error);
    if (!probe->producer) return -1;
    producer_take(probe->producer, probe->feed);
    producer_start(probe->producer);
    return 0;
}

static int exporter_begin(struct probe *probe, struct event_base *base, struct error *error) {
    struct exporter_config exporter;
    if (!probe->exports) return 0;
    capture_options_exporter(probe->config, probe->templates, probe->rules.n, &clock_system, &exporter);
    probe->exporter = exporter_new(base, &exporter, error);
    if (!probe->exporter) return -1;
    probe->on_exports = event_new(base, feed_fd(probe->exports), EV_READ | EV_PERSIST, on_exports, probe);
    event_add(probe->on_exports, NULL);
    return 0;
}

int probe_start(struct probe *probe, struct event_base *base, void (*finished)(void *context, int exit_code),
                void *context, struct error *error) {
    sigset_t all, before;
    probe->finished = finished;
    probe->context = context;
    if (producer_begin(probe, base, error) != 0 || exporter_begin(probe, base, error) != 0) return -1;
    probe->leaving = event_new(base, -1, EV_PERSIST, on_leaving, probe);
    probe->on_ended = event_new(base, probe->ended, EV_READ, on_ended, probe);
    event_add(probe->on_ended, NULL);
    sigfillset(&all); /* signals are the event loop's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&probe->thread, NULL, thread_main, probe);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) return error_set(error, "interface '%s': can't start its thread", probe->capture_config.interface);
    probe->started = true;
    log_notice("capture", "interface '%s': capturing, %u rule%s", probe->capture_config.interface, probe->rules.n,
               probe->rules.n == 1 ? "" : "s");
    return 0;
}

struct feed *probe_feed(struct probe *probe) {
    return probe->config->capture.queue == CAPTURE_DIRECT ? probe->feed : NULL;
}

void probe_stop(struct probe *probe) { atomic_store(&probe->stop, true); }

void probe_show(struct probe *probe, struct show *show) {
    pthread_mutex_lock(&probe->lock);
    const struct capture_counters *counters = capture_counters(probe->capture);
    show_module(show, "capture");
    show_info(show, "info", "interface", "The interface that is captured.", probe->capture_config.interface);
    show_gauge(show, "up", "Whether the interface is up.", counters->up);
    show_counter(show, "downs_total", "Times that the interface went down.", counters->downs);
    show_counter(show, "frames_total", "Frames captured.", counters->frames);
    show_counter(show, "kernel_dropped_total", "Frames that the kernel dropped, its ring being full.",
                 counters->dropped);
    show_counter(show, "interface_dropped_total", "Frames that the interface dropped, where it tells.",
                 counters->interface_dropped);
    show_counter(show, "flows_lost_total", "Flows thrown away because the event loop did not take them.",
                 (probe->feed ? feed_lost(probe->feed) : 0) + (probe->exports ? feed_lost(probe->exports) : 0));
    meter_show(probe->meter, show);
    pthread_mutex_unlock(&probe->lock);
    if (probe->producer) producer_show(probe->producer, show);
    if (probe->exporter) exporter_show(probe->exporter, show);
}

void probe_problems(struct probe *probe, struct buffer *out) {
    pthread_mutex_lock(&probe->lock);
    bool up = capture_counters(probe->capture)->up;
    pthread_mutex_unlock(&probe->lock);
    if (!up) buffer_printf(out, "capture: interface '%s' is down\n", probe->capture_config.interface);
    if (probe->producer) producer_problems(probe->producer, out);
    if (probe->exporter) exporter_problems(probe->exporter, out);
}
