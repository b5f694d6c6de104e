/* The clock of the machine. */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t system_now_us(const struct clock *clock) {
    (void)clock;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_monotonic_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

const char *clock_show(int64_t seconds, char *text) {
    time_t time = (time_t)seconds;
    struct tm utc;
    if (!gmtime_r(&time, &utc) || strftime(text, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        snprintf(text, CLOCK_TEXT, "%lld", (long long)seconds);
    return text;
}

const struct clock clock_system = {system_now_us};
