/* The time, handed in: whatever decides something by the time asks the clock it was given, so that tests don't sleep
 * and a replay decides as the first run did. */
#ifndef FLOWIMPORT_BASE_CLOCK_H
#define FLOWIMPORT_BASE_CLOCK_H

#include <stdint.h>

enum { DAY_SECONDS = 86400 };
#define NTP_EPOCH INT64_C(2208988800) /* seconds from 1900, where NTP's time begins, to 1970 */

struct clock {
    int64_t (*now_us)(const struct clock *clock); /* microseconds since 1970-01-01T00:00:00Z */
};

extern const struct clock clock_system;

/* Microseconds of a clock that nobody sets, since some moment: for how long something took, which decides nothing. */
int64_t clock_monotonic_us(void);

/* "2026-11-23T03:10:00Z" in a text of CLOCK_TEXT bytes. Returns it. */
enum { CLOCK_TEXT = 32 };
const char *clock_show(int64_t seconds, char *text);

static inline int64_t clock_now_us(const struct clock *clock) { return clock->now_us(clock); }
static inline int64_t clock_now(const struct clock *clock) { return clock->now_us(clock) / 1000000; }

#endif
