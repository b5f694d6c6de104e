/* A direct importer on a feed of the test's, its clock, and what it shows. */
#ifndef FLOWIMPORT_TESTS_DIRECT_CASE_H
#define FLOWIMPORT_TESTS_DIRECT_CASE_H

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "entry_check.h"
#include "import/direct.h"
#include "store_env.h"

enum { NOW = 1700003000, BOUND_SECONDS = 60, THREE_ROWS = 2 * (3 * 80 + 4 * 4096), ROOMY = 16 << 20, LONG = 60000 };

struct set_clock {
    struct clock clock;
    _Atomic int64_t us; /* the writer's thread asks, too */
};

static inline int64_t set_clock_now(const struct clock *clock) { return ((const struct set_clock *)clock)->us; }

static struct set_clock now = {.clock = {set_clock_now}};
static struct env env;
static struct importer_config config;
static const struct journal_config *spool; /* NULL: none */
static struct event_base *base;
static struct event *tick;
static struct feed *feed;
static struct direct *direct;
static unsigned finished;
static int exit_code;

static inline void on_finished(void *context, int code) {
    assert_ptr_equal(context, &config);
    finished++;
    exit_code = code;
}

static inline void on_tick(evutil_socket_t fd, short what, void *context) { (void)fd, (void)what, (void)context; }

static inline struct direct *direct_make(struct error *error) {
    return direct_new(base, &config, spool, &env.layout, &env.schema, &now.clock, on_finished, &config, error);
}

/* The configuration and the store are there. */
static inline void direct_begin(void) {
    struct error error = {""};
    base = event_base_new();
    tick = event_new(base, -1, EV_PERSIST, on_tick, NULL);
    event_add(tick, &(struct timeval){.tv_usec = 1000});
    feed = feed_new(&error);
    assert_non_null(feed);
    direct = direct_make(&error);
    if (!direct) fail_msg("%s", error.text);
    direct_take(direct, feed);
    direct_start(direct);
    finished = 0;
    exit_code = -1;
}

static inline void direct_end(void) {
    direct_free(direct);
    direct = NULL;
    feed_free(feed);
    event_free(tick);
    event_base_free(base);
}

/* --- entries --- */

static inline void put(const char *changes) {
    char json[1024];
    entry_make(json, "", changes);
    feed_put(feed, json, strlen(json));
}

static inline void port_text(unsigned port, char changes[64]) { sprintf(changes, "\"sourceTransportPort\":%u", port); }

/* In as few blocks as hold them. */
static inline void put_ports(unsigned first, unsigned n) {
    for (unsigned i = first; i < first + n; i++) {
        char changes[64];
        port_text(i, changes);
        put(changes);
    }
    feed_flush(feed);
}

/* Of LONG bytes: as good as a block of its own. */
static inline void put_long(unsigned port) {
    char text[LONG + 1], changes[64];
    port_text(port, changes);
    entry_make(text, "", changes);
    size_t len = strlen(text);
    memset(text + len, ' ', LONG - len);
    feed_put(feed, text, LONG);
    feed_flush(feed);
}

/* --- what it shows --- */

/* Whether a line of the metrics is there. */
static inline bool shows(const char *line) {
    struct buffer text = BUFFER_INIT;
    struct show show;
    char whole[160];
    show_begin(&show, SHOW_PROMETHEUS, &text);
    direct_show(direct, &show);
    show_end(&show);
    snprintf(whole, sizeof whole, "\nflowimport_%s\n", line);
    bool found = strstr(text.data, whole) != NULL;
    buffer_release(&text);
    return found;
}

/* Runs the loop until it is. */
static inline void run_until(const char *line) {
    int64_t end = clock_monotonic_us() + BOUND_SECONDS * INT64_C(1000000);
    while (!shows(line)) {
        if (clock_monotonic_us() > end) fail_msg("'%s' does not come", line);
        event_base_loop(base, EVLOOP_ONCE);
    }
}

static inline void run_until_finished(void) {
    int64_t end = clock_monotonic_us() + BOUND_SECONDS * INT64_C(1000000);
    while (!finished) {
        if (clock_monotonic_us() > end) fail_msg("it does not finish");
        event_base_loop(base, EVLOOP_ONCE);
    }
}

#endif
