/* The interfaces that the probe captures, as one: read in turns into a meter, which is told whose frames come next. */
#ifndef FLOWIMPORT_DAEMON_CAPTURE_SET_H
#define FLOWIMPORT_DAEMON_CAPTURE_SET_H

#include "base/show.h"
#include "config/capture_options.h"
#include "packet/capture.h"

struct capture_set {
    struct capture_interfaces names;
    struct capture_config configs[CAPTURE_INTERFACES_MAX];
    struct capture *captures[CAPTURE_INTERFACES_MAX]; /* names.n of them, or NULL */
    char *filter;                                     /* of "any"; NULL: the configuration's */
    const char *wanted;                               /* the configuration's; NULL: none */
    unsigned looks;
    struct meter *meter; /* borrowed */
    int link_type;       /* that the meter was told last; -1: none */
};

/* All of them, each with a ring of its own. 0, or -1 with the error set. Must stay where it is; released by
 * capture_set_close() in either case. */
int capture_set_open(struct capture_set *set, const struct config *config, struct meter *meter, struct error *error)
    __attribute__((warn_unused_result));
void capture_set_close(struct capture_set *set);
/* Waits for frames of any of them. */
void capture_set_wait(struct capture_set *set, int wait_ms);
/* The frames that are there, into the meter. 0, or -1 with the error set where an interface was removed. */
int capture_set_read(struct capture_set *set, struct error *error) __attribute__((warn_unused_result));
/* To be called every half a second: states and counters, and what "any" shows twice. */
void capture_set_look(struct capture_set *set);
/* The sums; `up`: all of them are. */
struct capture_counters capture_set_counters(const struct capture_set *set);
void capture_set_show(const struct capture_set *set, struct show *show); /* in the module that is open */
void capture_set_problems(const struct capture_set *set, struct buffer *out);

#endif
