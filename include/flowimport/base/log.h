/* Log lines for a person and for a machine: a level, a subsystem token, a message that names its object.
 *
 *   2026-11-23T10:20:30Z flowimportd[812]: notice: queue: redis://localhost:6379/0: connected
 *
 * To stderr as above, or "<5>queue: ..." with the prefixes of sd-daemon(3) when journald reads it; or to syslog(3).
 * May be called from any thread. The same line (level, subsystem, text) said again within LOG_REPEAT_SECONDS is
 * counted instead of written; the count is written before its next appearance, the next other line, or at exit.
 * Control characters are written as '?'. */
#ifndef FLOWIMPORT_BASE_LOG_H
#define FLOWIMPORT_BASE_LOG_H

#include <stdbool.h>

#include "base/clock.h"

enum { LOG_REPEAT_SECONDS = 10 };

/* The numbers of syslog(3). */
enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_NOTICE = 5,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7,
};

enum log_target { LOG_TARGET_STDERR, LOG_TARGET_SYSLOG };

/* `program` is borrowed for the life of the process. Before the first call: stderr, LOG_LEVEL_NOTICE. */
void log_init(const char *program, enum log_target target, enum log_level level);
/* For tests: the clock of the lines and of the repetitions, borrowed. */
void log_set_clock(const struct clock *clock);
bool log_wants(enum log_level level);
void log_write(enum log_level level, const char *subsystem, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_error(subsystem, ...) log_write(LOG_LEVEL_ERROR, subsystem, __VA_ARGS__)
#define log_warning(subsystem, ...) log_write(LOG_LEVEL_WARNING, subsystem, __VA_ARGS__)
#define log_notice(subsystem, ...) log_write(LOG_LEVEL_NOTICE, subsystem, __VA_ARGS__)
#define log_info(subsystem, ...) log_write(LOG_LEVEL_INFO, subsystem, __VA_ARGS__)
#define log_debug(subsystem, ...) log_write(LOG_LEVEL_DEBUG, subsystem, __VA_ARGS__)

#endif
