/* Log lines: made in one buffer under one lock, written by one call, repetitions counted. */
#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

enum { LOG_TEXT_MAX = 2048, LOG_SUBSYSTEM_MAX = 32 };

/* One log a process: its place, and the last line for the repetitions. */
static struct {
    pthread_mutex_t lock;
    const char *program;
    const struct clock *clock;
    enum log_target target;
    _Atomic enum log_level level; /* asked without the lock, and may change (SIGHUP) */
    bool journal;                 /* stderr is read by journald */
    enum log_level last_level;
    char last_subsystem[LOG_SUBSYSTEM_MAX];
    char last_text[LOG_TEXT_MAX];
    int64_t last_written; /* seconds since the epoch */
    unsigned long repeats;
} logger = {
    .lock = PTHREAD_MUTEX_INITIALIZER, .program = "flowimport", .clock = &clock_system, .level = LOG_LEVEL_NOTICE};

static const char *const level_names[] = {
    [LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARNING] = "warning", [LOG_LEVEL_NOTICE] = "notice",
    [LOG_LEVEL_INFO] = "info",   [LOG_LEVEL_DEBUG] = "debug",
};

/* Whether stderr is the journal's socket: $JOURNAL_STREAM is "DEVICE:INODE" of it (systemd.exec(5)). */
static bool stderr_is_journal(void) {
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat status;
    if (!stream || sscanf(stream, "%llu:%llu", &device, &inode) != 2) return false;
    return fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

/* Writes one line. The lock is held. */
static void line_write(enum log_level level, const char *subsystem, const char *text, int64_t now) {
    if (logger.target == LOG_TARGET_SYSLOG) {
        syslog((int)level, "%s: %s", subsystem, text);
        return;
    }
    char line[LOG_TEXT_MAX + 256];
    if (logger.journal) {
        snprintf(line, sizeof line, "<%d>%s: %s\n", (int)level, subsystem, text);
    } else {
        char date[CLOCK_TEXT];
        snprintf(line, sizeof line, "%s %s[%ld]: %s: %s: %s\n", clock_show(now, date), logger.program, (long)getpid(),
                 level_names[level], subsystem, text);
    }
    /* One write a line, so that lines of several processes don't mix. Where it fails there is nobody to tell. */
    if (write(STDERR_FILENO, line, strlen(line)) < 0) return;
}

static void repeats_write(int64_t now) {
    if (!logger.repeats) return;
    char text[64];
    snprintf(text, sizeof text, "the last line was repeated %lu time%s", logger.repeats,
             logger.repeats == 1 ? "" : "s");
    logger.repeats = 0;
    line_write(logger.last_level, logger.last_subsystem, text, now);
}

static void log_finish(void) {
    pthread_mutex_lock(&logger.lock);
    repeats_write(clock_now(logger.clock));
    pthread_mutex_unlock(&logger.lock);
}

/* What a stranger sent may stand in a line: it must neither start a new line nor steer a terminal. */
static void text_mask(char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f) *text = '?';
}

void log_init(const char *program, enum log_target target, enum log_level level) {
    static bool registered;
    pthread_mutex_lock(&logger.lock);
    logger.program = program;
    logger.target = target;
    logger.level = level;
    logger.journal = target == LOG_TARGET_STDERR && stderr_is_journal();
    if (target == LOG_TARGET_SYSLOG) openlog(program, LOG_PID, LOG_DAEMON);
    if (!registered) registered = atexit(log_finish) == 0;
    pthread_mutex_unlock(&logger.lock);
}

void log_set_clock(const struct clock *clock) {
    pthread_mutex_lock(&logger.lock);
    logger.clock = clock;
    pthread_mutex_unlock(&logger.lock);
}

bool log_wants(enum log_level level) { return level <= logger.level; }

void log_write(enum log_level level, const char *subsystem, const char *format, ...) {
    if (!log_wants(level)) return;
    char text[LOG_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    text_mask(text);

    pthread_mutex_lock(&logger.lock);
    int64_t now = clock_now(logger.clock);
    bool same = logger.last_written && level == logger.last_level && strcmp(text, logger.last_text) == 0 &&
                strncmp(subsystem, logger.last_subsystem, LOG_SUBSYSTEM_MAX - 1) == 0;
    /* A clock that was set back would hold the line for as long as it was set back: then it is written. */
    if (same && now >= logger.last_written && now - logger.last_written < LOG_REPEAT_SECONDS) {
        logger.repeats++;
    } else {
        repeats_write(now);
        line_write(level, subsystem, text, now);
        logger.last_level = level;
        logger.last_written = now;
        snprintf(logger.last_subsystem, sizeof logger.last_subsystem, "%s", subsystem);
        memcpy(logger.last_text, text, sizeof text);
    }
    pthread_mutex_unlock(&logger.lock);
}
