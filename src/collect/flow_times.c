/* What of a flow's times can't be, and what is made of it. */
#include "collect/flow_times.h"

#include "base/clock.h"

enum { NS_PER_S = 1000000000, NS_PER_MS = 1000000 };

#define UPTIME_ROUND_NS ((INT64_C(1) << 32) * NS_PER_MS)
#define YEAR_NS (INT64_C(366) * DAY_SECONDS * NS_PER_S)

/* How far apart, without overflow. */
static uint64_t apart(int64_t a, int64_t b) { return a < b ? (uint64_t)b - (uint64_t)a : (uint64_t)a - (uint64_t)b; }

static int64_t ns_before(int64_t ns, uint64_t by) {
    uint64_t room = (uint64_t)ns - (uint64_t)INT64_MIN;
    return by > room ? INT64_MIN : (int64_t)((uint64_t)ns - by);
}

/* --- times that can't be --- */

static unsigned end_fix(int64_t *start, int64_t *end, const struct times_limits *limits) {
    if (!limits->end_uptime || *end <= limits->export_ns || apart(*end, limits->export_ns) <= NS_PER_S) return 0;
    if (*start > *end)
        *start = limits->export_ns;
    else if (*start > limits->export_ns) /* both are; how long it lasted can be right */
        *start = ns_before(limits->export_ns, apart(*start, *end));
    *end = limits->export_ns;
    return TIMES_FIXED;
}

static unsigned start_fix(int64_t *start, int64_t end, const struct times_limits *limits) {
    if (*start <= end) return 0;
    if (apart(*start, end) <= (uint64_t)TIMES_JITTER_S * NS_PER_S) {
        *start = end;
        return TIMES_FIXED;
    }
    if (limits->start_uptime && !limits->before_boot && apart(*start, end) < (uint64_t)UPTIME_ROUND_NS)
        *start = ns_before(*start, (uint64_t)UPTIME_ROUND_NS);
    return 0;
}

static unsigned start_clip(int64_t *start, int64_t end, unsigned noted, const struct times_limits *limits) {
    bool longer = limits->longest_ns > 0 && apart(*start, end) > (uint64_t)limits->longest_ns;
    bool is_start = !limits->before_boot && apart(*start, end) <= (uint64_t)TIMES_CLIPPED_MAX_S * NS_PER_S &&
                    apart(end, limits->export_ns) <= (uint64_t)TIMES_RECENT_S * NS_PER_S;
    if (limits->since_ns > 0 && *start < limits->since_ns) *start = limits->since_ns < end ? limits->since_ns : end;
    if (!longer || !is_start || noted) return 0;
    if (apart(*start, end) > (uint64_t)limits->longest_ns) *start = ns_before(end, (uint64_t)limits->longest_ns);
    return TIMES_CLIPPED;
}

unsigned flow_times_fix(int64_t *start, int64_t *end, const struct times_limits *limits) {
    unsigned noted = end_fix(start, end, limits);
    noted |= start_fix(start, *end, limits);
    if (*start > *end) return noted;
    return noted | start_clip(start, *end, noted, limits);
}

/* --- 64 bits of a time --- */

static int64_t since_1970(uint64_t number, uint64_t unit_ns) {
    return number > (uint64_t)INT64_MAX / unit_ns ? INT64_MAX : (int64_t)(number * unit_ns);
}

static int64_t fraction_ns(uint64_t value) {
    return (int64_t)(((value & UINT32_MAX) * NS_PER_S + (UINT64_C(1) << 31)) >> 32);
}

static int64_t ntp_ns(uint64_t value) {
    int64_t seconds = (int64_t)(value >> 32);
    if (seconds < INT64_C(1) << 31) seconds += INT64_C(1) << 32;
    return (seconds - NTP_EPOCH) * NS_PER_S + fraction_ns(value);
}

/* Seconds since 1970 in the upper half; the lower one is of nanoseconds, or where there are more of them than a second
 * has, a fraction. */
static int64_t halves_ns(uint64_t value) {
    uint64_t low = value & UINT32_MAX;
    return (int64_t)(value >> 32) * NS_PER_S + (low < NS_PER_S ? (int64_t)low : fraction_ns(value));
}

int64_t flow_time_ntp(uint64_t value, int64_t export_ns) {
    int64_t best = ntp_ns(value);
    if (apart(best, export_ns) <= YEAR_NS) return best;
    const int64_t others[] = {halves_ns(value), since_1970(value, 1), since_1970(value, 1000),
                              since_1970(value, NS_PER_MS), since_1970(value, NS_PER_S)};
    for (unsigned i = 0; i < sizeof others / sizeof others[0]; i++)
        if (apart(others[i], export_ns) < apart(best, export_ns)) best = others[i];
    return best;
}
