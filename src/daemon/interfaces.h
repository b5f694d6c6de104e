/* The interfaces that the probe captures, as one: read in turns into a meter, which is told whose frames come next. */
#ifndef FLOWIMPORT_DAEMON_INTERFACES_H
#define FLOWIMPORT_DAEMON_INTERFACES_H

#include "base/show.h"
#include "config/capture_options.h"
#include "packet/capture.h"

struct interfaces {
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
 * interfaces_close() in either case. */
int interfaces_open(struct interfaces *interfaces, const struct config *config, struct meter *meter,
                    struct error *error) __attribute__((warn_unused_result));
void interfaces_close(struct interfaces *interfaces);
/* Waits for frames of any of them. */
void interfaces_wait(struct interfaces *interfaces, int wait_ms);
/* The frames that are there, into the meter. 0, or -1 with the error set where an interface was removed. */
int interfaces_read(struct interfaces *interfaces, struct error *error) __attribute__((warn_unused_result));
/* To be called every half a second: states and counters, and what "any" shows twice. */
void interfaces_look(struct interfaces *interfaces);
/* The sums; `up`: all of them are. */
struct capture_counters interfaces_counters(const struct interfaces *interfaces);
void interfaces_show(const struct interfaces *interfaces, struct show *show); /* in the module that is open */
void interfaces_problems(const struct interfaces *interfaces, struct buffer *out);

#endif
