/* What can't be a flow's times, and what becomes of it: every rule, at its edges. */
#include "collect/flow_times.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"

#define S INT64_C(1000000000)
#define EXPORT (INT64_C(1700000000) * S)
#define DAY (DAY_SECONDS * S)
#define ROUND ((INT64_C(1) << 32) * 1000000)

enum kind { ABSOLUTE, BY_UPTIME, BEFORE_BOOT };

static void fixing(void **state) {
    (void)state;
    static const struct {
        enum kind kind;
        int64_t start, end, since, longest; /* the first two against the export time; since, too: 0 is none */
        unsigned noted;
        int64_t wanted_start, wanted_end;
    } cases[] = {
        /* As it should be. */
        {ABSOLUTE, -5 * S, -1 * S, 0, 0, 0, -5 * S, -1 * S},
        {BY_UPTIME, -5 * S, 0, 0, DAY, 0, -5 * S, 0},
        /* Beyond the exporter's uptime. Absolute times are for the importer. */
        {BY_UPTIME, -1 * S, S, 0, DAY, 0, -1 * S, S},
        {BY_UPTIME, -1 * S, S + 1, 0, DAY, TIMES_FIXED, -1 * S, 0},
        {BY_UPTIME, -1 * S, 10 * DAY, 0, DAY, TIMES_FIXED, -1 * S, 0},
        {BY_UPTIME, 7 * DAY, 7 * DAY + 4 * S, 0, DAY, TIMES_FIXED, -4 * S, 0},
        {BY_UPTIME, 7 * DAY + S, 7 * DAY, 0, DAY, TIMES_FIXED, 0, 0},
        {ABSOLUTE, 7 * DAY, 7 * DAY + 4 * S, 0, DAY, 0, 7 * DAY, 7 * DAY + 4 * S},
        /* The end before the start. */
        {ABSOLUTE, 0, -1, 0, DAY, TIMES_FIXED, -1, -1},
        {ABSOLUTE, 0, -60 * S, 0, DAY, TIMES_FIXED, -60 * S, -60 * S},
        {ABSOLUTE, 0, -60 * S - 1, 0, DAY, 0, 0, -60 * S - 1},
        {BY_UPTIME, -1 * S, -3 * S, 0, DAY, TIMES_FIXED, -3 * S, -3 * S},
        /* A start 30 days ago: 32 bits of milliseconds make that 19.7 days from now. */
        {BY_UPTIME, ROUND - 30 * DAY, 0, 0, 0, 0, -30 * DAY, 0},
        {BY_UPTIME, ROUND - 30 * DAY, 0, 0, 365 * DAY, 0, -30 * DAY, 0},
        {BY_UPTIME, ROUND - 30 * DAY, 0, 0, DAY, TIMES_CLIPPED, -1 * DAY, 0},
        {BY_UPTIME, ROUND - 30 * DAY, 0, -60 * S, DAY, TIMES_CLIPPED, -60 * S, 0},
        {BEFORE_BOOT, ROUND - 30 * DAY, 0, 0, DAY, 0, ROUND - 30 * DAY, 0},
        {BEFORE_BOOT, -2 * DAY, 0, 0, DAY, 0, -2 * DAY, 0},
        {BEFORE_BOOT, -60 * S, 0, 0, DAY, 0, -60 * S, 0}, /* its sysUpTime has begun again */
        {BEFORE_BOOT, -2 * DAY, 0, -60 * S, DAY, 0, -60 * S, 0},
        /* Longer than a flow can be. */
        {ABSOLUTE, -1 * DAY, 0, 0, DAY, 0, -1 * DAY, 0},
        {ABSOLUTE, -1 * DAY - 1, 0, 0, DAY, TIMES_CLIPPED, -1 * DAY, 0},
        {ABSOLUTE, -30 * DAY, -2 * S, 0, DAY, TIMES_CLIPPED, -1 * DAY - 2 * S, -2 * S},
        {ABSOLUTE, -30 * DAY, -2 * S, -60 * S, DAY, TIMES_CLIPPED, -60 * S, -2 * S},
        {ABSOLUTE, -30 * DAY, -2 * S, -3 * DAY, DAY, TIMES_CLIPPED, -1 * DAY - 2 * S, -2 * S},
        {ABSOLUTE, -30 * DAY, -2 * S, -1 * S, DAY, TIMES_CLIPPED, -2 * S, -2 * S}, /* none behind the end */
        {ABSOLUTE, -30 * DAY, -2 * S, 0, 0, 0, -30 * DAY, -2 * S},
        {ABSOLUTE, -30 * DAY, -3600 * S, 0, DAY, TIMES_CLIPPED, -1 * DAY - 3600 * S, -3600 * S},
        {ABSOLUTE, -30 * DAY, -3600 * S - 1, 0, DAY, 0, -30 * DAY, -3600 * S - 1},
        {BY_UPTIME, -30 * DAY, 2 * S, 0, DAY, TIMES_FIXED, -30 * DAY, 0},
        {ABSOLUTE, -366 * DAY, 0, 0, DAY, TIMES_CLIPPED, -1 * DAY, 0},
        {ABSOLUTE, -366 * DAY - 1, 0, 0, DAY, 0, -366 * DAY - 1, 0},
        /* What is counted came since then. */
        {ABSOLUTE, -600 * S, 0, -60 * S, DAY, 0, -60 * S, 0},
        {ABSOLUTE, -30 * S, 0, -60 * S, DAY, 0, -30 * S, 0},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t start = EXPORT + cases[i].start, end = EXPORT + cases[i].end;
        const struct times_limits limits = {.export_ns = EXPORT,
                                            .since_ns = cases[i].since ? EXPORT + cases[i].since : 0,
                                            .longest_ns = cases[i].longest,
                                            .start_uptime = cases[i].kind != ABSOLUTE,
                                            .before_boot = cases[i].kind == BEFORE_BOOT,
                                            .end_uptime = cases[i].kind != ABSOLUTE};
        unsigned noted = flow_times_fix(&start, &end, &limits);
        if (noted != cases[i].noted || start - EXPORT != cases[i].wanted_start || end - EXPORT != cases[i].wanted_end)
            fail_msg("case %u: %u, %lld to %lld", i, noted, (long long)(start - EXPORT), (long long)(end - EXPORT));
    }
}

/* Saturated times neither overflow nor become sound. */
static void at_the_ends(void **state) {
    (void)state;
    static const int64_t ends[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, EXPORT, INT64_MAX - 1, INT64_MAX};
    enum { ENDS = sizeof ends / sizeof ends[0] };
    for (unsigned i = 0; i < ENDS * ENDS * ENDS * 4; i++) {
        int64_t start = ends[i % ENDS], end = ends[i / ENDS % ENDS];
        const struct times_limits limits = {.export_ns = EXPORT,
                                            .since_ns = ends[i / ENDS / ENDS % ENDS],
                                            .longest_ns = i & 1 ? DAY : INT64_MAX,
                                            .start_uptime = i & 2,
                                            .end_uptime = i & 2};
        int64_t before = start, until = end;
        (void)flow_times_fix(&start, &end, &limits);
        if (before <= until) assert_true(start <= end);
    }
}

static void ntp_or_not(void **state) {
    (void)state;
    const uint64_t now = 1700000000, ntp = (now + NTP_EPOCH) << 32, half = UINT64_C(1) << 31;
    static const int64_t ms = 1000000;
    assert_int_equal(flow_time_ntp(ntp, EXPORT), EXPORT);
    assert_int_equal(flow_time_ntp(ntp | half, EXPORT), EXPORT + S / 2);
    assert_int_equal(flow_time_ntp(ntp + (UINT64_C(86400) << 32), EXPORT), EXPORT + DAY);
    assert_int_equal(flow_time_ntp(half << 1 | 1, EXPORT), INT64_C(2085978497) * S); /* 2036: nothing else is nearer */
    assert_int_equal(flow_time_ntp(now << 32, EXPORT), EXPORT);
    assert_int_equal(flow_time_ntp(now << 32 | 999999999, EXPORT), EXPORT + 999999999);
    assert_int_equal(flow_time_ntp(now << 32 | UINT64_C(3) << 30, EXPORT), EXPORT + 3 * S / 4);
    assert_int_equal(flow_time_ntp(now * 1000000000 + 5, EXPORT), EXPORT + 5);
    assert_int_equal(flow_time_ntp(now * 1000000 + 5, EXPORT), EXPORT + 5000);
    assert_int_equal(flow_time_ntp(now * 1000 + 5, EXPORT), EXPORT + 5 * ms);
    assert_int_equal(flow_time_ntp(now + 5, EXPORT), EXPORT + 5 * S);
    /* A recording of 1999. */
    assert_int_equal(flow_time_ntp((UINT64_C(930000000) + NTP_EPOCH) << 32, 930000000 * S), 930000000 * S);
    assert_int_equal(flow_time_ntp(UINT64_C(930000000) << 32, 930000000 * S), 930000000 * S);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixing),
        cmocka_unit_test(at_the_ends),
        cmocka_unit_test(ntp_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
