/* The capture thread and its surroundings. The thread shares two rings with the loop, and its counters. */
#include "daemon/probe.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "base/mem.h"
#include "export/exporter.h"
#include "meter/meter_entry.h"
#include "daemon/capture_set.h"
#include "daemon/loss.h"

enum {
    READ_MS = 100,      /* longest wait for a frame: how late a stop is noticed */
    LOOK_US = 500000,   /* between two looks at what is due */
    LATE_US = 200000,   /* how old a frame may be that is still in the kernel's ring */
    LEAVE_TICK_MS = 50, /* how often an end is looked for */
    LEAVE_MS = 20000,   /* how long the collectors have to take what is left */
};

/* A flow on its way to the exporter. */
struct exported {
    uint32_t rule;
    struct meter_flow flow;
};

struct probe {
    const struct config *config;
    const struct pipeline *pipeline;
    struct capture_set captured;
    struct meter_rules rules;
    struct meter_template templates[METER_RULES_MAX];
    struct meter *meter;
    struct meter_entry *entries[METER_RULES_MAX];
    struct feed *feed, *exports; /* queue entries; struct exported. NULL where nobody wants them */

    struct worker worker;
    struct error gone;                /* why it ended by itself; read when it is over */
    struct loss dropped, thrown_away; /* the thread's losses that were reported */
    pthread_mutex_t lock;             /* guards capture and meter; the thread holds it but while it waits for frames */

    /* the loop's */
    struct exporter *exporter;
    struct event *on_exports, *leaving;
    int waited_ms;
    void (*finished)(void *context, int exit_code);
    void *context;
};

/* The thread
 * ------------------------------------------------------------------------------------------------------------------ */

static void on_flow(void *context, unsigned rule, const struct meter_flow *flow) {
    struct probe *probe = context;
    if (probe->feed) {
        char text[METER_ENTRY_MAX];
        worker_feed(&probe->worker, probe->feed, text, meter_entry_write(probe->entries[rule], flow, text));
    }
    if (probe->exports) {
        struct exported exported = {.rule = rule, .flow = *flow};
        worker_feed(&probe->worker, probe->exports, &exported, sizeof exported);
    }
}

static void rings_flush(struct probe *probe) {
    if (probe->feed) feed_flush(probe->feed);
    if (probe->exports) feed_flush(probe->exports);
}

static void losses_tell(struct probe *probe, int64_t now, bool last) {
    if (!probe->feed) return;
    loss_tell(&probe->dropped, capture_set_counters(&probe->captured).dropped, now, last, &probe->worker, probe->feed);
    loss_tell(&probe->thrown_away, feed_lost(probe->feed), now, last, &probe->worker, probe->feed);
}

static void thread_run(void *context) {
    struct probe *probe = context;
    int64_t looked = 0, now = 0;
    pthread_mutex_lock(&probe->lock);
    while (!worker_stopping(&probe->worker)) {
        pthread_mutex_unlock(&probe->lock);
        capture_set_wait(&probe->captured, READ_MS);
        pthread_mutex_lock(&probe->lock);
        int status = capture_set_read(&probe->captured, &probe->gone);
        now = clock_now_us(&clock_system);
        if (status != 0) break;
        if (now - looked >= 0 && now - looked < LOOK_US) continue;
        looked = now;
        meter_tick(probe->meter, now - LATE_US);
        capture_set_look(&probe->captured);
        losses_tell(probe, now, false);
        rings_flush(probe);
    }
    worker_stop(&probe->worker); /* from here on a full ring is waited for */
    meter_end(probe->meter);
    capture_set_look(&probe->captured);
    losses_tell(probe, now, true);
    rings_flush(probe);
    pthread_mutex_unlock(&probe->lock);
}

static void on_over(void *context);

/* Opening
 * -------------------------------------------------------------------------------------------------------------------
 */

struct probe *probe_open(const struct config *config, const struct pipeline *pipeline, struct error *error) {
    struct probe *probe = mem_zalloc(1, sizeof *probe);
    struct meter_config meter;
    probe->config = config;
    probe->pipeline = pipeline;
    probe->worker = (struct worker){.run = thread_run, .over = on_over, .context = probe};
    probe->dropped = (struct loss){.what = LOST_FRAMES, .source = config->capture.interface};
    probe->thrown_away = (struct loss){.what = LOST_ENTRIES, .source = config->capture.interface};
    pthread_mutex_init(&probe->lock, NULL);
    capture_options_meter(config, &probe->rules, &meter);
    if (getrandom(&meter.seed, sizeof meter.seed, GRND_NONBLOCK) < 0) meter.seed = 0;
    probe->meter = meter_new(&meter, on_flow, probe);
    if (capture_set_open(&probe->captured, config, probe->meter, error) != 0 ||
        (config->capture.queue != CAPTURE_NONE && !(probe->feed = feed_new(error))) ||
        (config->export.collectors && !(probe->exports = feed_new(error)))) {
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
    worker_join(&probe->worker);
    exporter_free(probe->exporter);
    if (probe->on_exports) event_free(probe->on_exports);
    if (probe->leaving) event_free(probe->leaving);
    feed_free(probe->feed);
    feed_free(probe->exports);
    for (unsigned i = 0; i < probe->rules.n; i++)
        meter_entry_free(probe->entries[i]);
    meter_free(probe->meter);
    meter_rules_release(&probe->rules);
    capture_set_close(&probe->captured);
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

static void on_leaving(evutil_socket_t fd, short what, void *context) {
    struct probe *probe = context;
    (void)fd, (void)what;
    probe->waited_ms += LEAVE_TICK_MS;
    if (probe->exporter && exporter_backlog(probe->exporter) > 0 && probe->waited_ms < LEAVE_MS) return;
    event_del(probe->leaving);
    probe->finished(probe->context, probe->gone.text[0] ? 1 : 0);
}

static void on_over(void *context) {
    struct probe *probe = context;
    const struct timeval tick = {.tv_usec = LEAVE_TICK_MS * 1000};
    if (probe->gone.text[0]) log_error("capture", "%s", probe->gone.text);
    const struct meter_totals *totals = meter_totals(probe->meter);
    const struct capture_counters counters = capture_set_counters(&probe->captured);
    log_notice("capture",
               "interface '%s': %" PRIu64 " frames, of which %" PRIu64 " packets with %" PRIu64
               " bytes were counted; %" PRIu64 " frames dropped by the kernel, %" PRIu64 " by the interface",
               probe->config->capture.interface, counters.frames, totals->packets, totals->octets, counters.dropped,
               counters.interface_dropped);
    if (probe->exporter) {
        on_exports(-1, 0, probe);
        exporter_flush(probe->exporter);
    }
    event_add(probe->leaving, &tick);
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
    probe->finished = finished;
    probe->context = context;
    if (exporter_begin(probe, base, error) != 0) return -1;
    probe->leaving = event_new(base, -1, EV_PERSIST, on_leaving, probe);
    if (worker_start(&probe->worker, base, error) != 0) return -1;
    log_notice("capture", "interface '%s': capturing, %u rule%s", probe->config->capture.interface, probe->rules.n,
               probe->rules.n == 1 ? "" : "s");
    return 0;
}

struct feed *probe_feed(struct probe *probe) { return probe->feed; }

void probe_stop(struct probe *probe) { worker_stop(&probe->worker); }

void probe_show(struct probe *probe, struct show *show) {
    pthread_mutex_lock(&probe->lock);
    show_module(show, "capture");
    show_info(show, "info", "interface", "The captured interface.", probe->config->capture.interface);
    capture_set_show(&probe->captured, show);
    show_counter(show, "flows_lost_total", "Flows discarded because the event loop did not take them in time.",
                 (probe->feed ? feed_lost(probe->feed) : 0) + (probe->exports ? feed_lost(probe->exports) : 0));
    meter_show(probe->meter, show);
    pthread_mutex_unlock(&probe->lock);
    if (probe->exporter) exporter_show(probe->exporter, show);
}

void probe_problems(struct probe *probe, struct buffer *out) {
    pthread_mutex_lock(&probe->lock);
    capture_set_problems(&probe->captured, out);
    pthread_mutex_unlock(&probe->lock);
    if (probe->exporter) exporter_problems(probe->exporter, out);
}
