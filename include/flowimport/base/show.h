/* How a module shows itself: counters and state from one function of its own, `x_show(x, show)`, rendered as
 * Prometheus text (format 0.0.4) or as JSON.
 *
 *   show_module(show, "queue");
 *   show_gauge(show, "length", "Entries that wait.", 12);
 *
 * is `flowimport_queue_length 12` with its HELP and TYPE lines, and `{"queue": {"length": 12}}`. Units are bytes and
 * seconds, said at the end of the name; names of counters end in _total. Names are ours and need no escaping; texts
 * and label values may hold anything. Nothing is allocated but the output. */
#ifndef FLOWIMPORT_BASE_SHOW_H
#define FLOWIMPORT_BASE_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

enum show_format { SHOW_PROMETHEUS, SHOW_JSON };
enum show_type { SHOW_COUNTER, SHOW_GAUGE };

struct show { /* on the caller's stack; the members are show.c's */
    enum show_format format;
    struct buffer *out;
    const char *prefix, *module, *family, *label; /* NULL: none open */
};

void show_begin(struct show *show, enum show_format format, struct buffer *out);
void show_end(struct show *show);

/* What follows belongs to this module; every module comes once. */
void show_module(struct show *show, const char *module);
/* The same for names that every Prometheus exporter has: process_..., without our prefix. */
void show_standard_module(struct show *show, const char *module);

void show_counter(struct show *show, const char *name, const char *help, uint64_t value);
void show_gauge(struct show *show, const char *name, const char *help, uint64_t value);
/* A time in microseconds, shown in seconds. One below 0, as a clock that was set back makes it, is 0. */
void show_seconds(struct show *show, enum show_type type, const char *name, const char *help, int64_t us);

/* One value for each of some label values: show_family, then a show_member for each. */
void show_family(struct show *show, enum show_type type, const char *name, const char *label, const char *help);
void show_member(struct show *show, const char *label_value, uint64_t value);

/* How often something took how long. */
enum { SHOW_DURATIONS = 7 }; /* bounds: 0.1, 0.5, 1, 5, 30, 60 and 300 seconds */
struct show_durations {
    uint64_t counts[SHOW_DURATIONS + 1]; /* up to each bound and above the one before; the last: above all */
    int64_t sum_us;
};
void show_durations_add(struct show_durations *durations, int64_t us);
void show_histogram(struct show *show, const char *name, const char *help, const struct show_durations *durations);

/* A text that is good for a label: `flowimport_<module>_<name>{<label>="<text>"} 1`, and `"<label>": "<text>"`. */
void show_info(struct show *show, const char *name, const char *label, const char *help, const char *text);
/* In JSON alone. A text of NULL is null. */
void show_text(struct show *show, const char *name, const char *text);
void show_bool(struct show *show, const char *name, bool value);

/* The text in quotes, escaped as both a label value and a JSON string want it; control characters and what is no UTF-8
 * become '?'. */
void show_quoted(struct buffer *out, const char *text);

#endif
