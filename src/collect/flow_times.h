/* A flow's times where exporters send what can't be. Pure: nanoseconds since 1970, saturated at the ends of int64_t.
 *
 *   - No flow ends after its report: an end of sysUpTime that is more than a second beyond the message's is put at the
 *     export time, and a start that is beyond it as long before that as it was.
 *   - sysUpTime has 32 bits of milliseconds: a start that is more than 24.8 days before the export time looks like the
 *     future, and is put 49.7 days back; unless it were before the exporter's start then.
 *   - A start that is up to TIMES_JITTER_S behind its end (two clocks, or one that was set) is put at the end.
 *   - Counters of what came since the last record go with a start of the whole flow in some exporters (firewalls,
 *     tunnels that stand for weeks): such a start is put where the last record of the flow ended, where that is known,
 *     else `longest` before the end. Garbage must not get the length of a day, and rows in all its buckets: where the
 *     end is more than TIMES_RECENT_S from the export time, or had to be fixed, where the start is more than
 *     TIMES_CLIPPED_MAX_S before it, or before the exporter's own, nothing is clipped, and the importer refuses it.
 *   - Elements of nanoseconds or microseconds that hold no NTP time: which of the others it is says the export time,
 *     which it has to be near. */
#ifndef FLOWIMPORT_COLLECT_FLOW_TIMES_H
#define FLOWIMPORT_COLLECT_FLOW_TIMES_H

#include <stdbool.h>
#include <stdint.h>

enum { TIMES_JITTER_S = 60, TIMES_CLIPPED_MAX_S = 366 * 86400, TIMES_RECENT_S = 3600 };

/* What was found, as bits. */
enum times_noted {
    TIMES_UNSET = 1,   /* the record has fields of times, and they are 0: it counts at the export time */
    TIMES_FIXED = 2,   /* beyond the exporter's uptime, or the end before the start */
    TIMES_CLIPPED = 4, /* longer than a flow can be */
};

struct times_limits {
    int64_t export_ns;
    int64_t since_ns;              /* the flow's last record was of then; 0: none is known */
    int64_t longest_ns;            /* that a flow can be; 0: any. Of totals, which are of the whole time, 0, too */
    bool start_uptime, end_uptime; /* they are of sysUpTime */
    bool before_boot;              /* the start's sysUpTime is above the message's: before it was 0 */
};

/* Returns what was done, of enum times_noted. An end that stays before its start is for the importer to refuse. */
unsigned flow_times_fix(int64_t *start, int64_t *end, const struct times_limits *limits);

/* Eight bytes of a time element (RFC 7011, sections 6.1.9 and 6.1.10): 32 bits of seconds since 1900, of which those
 * below 2^31 are of the era that begins in 2036 (RFC 4330, section 3), and a fraction, rounded to the nanosecond. Where
 * that is more than a year from the export time, what is nearest to it: the same with seconds since 1970 and
 * nanoseconds (VPP); a number of nanoseconds, microseconds, milliseconds or seconds since 1970. */
int64_t flow_time_ntp(uint64_t value, int64_t export_ns);

#endif
