/* Dates as ISO 8601 and RFC 3339 write them, read without the C library's tables, so that it is fast and needs no NUL.
 */
#ifndef FLOWIMPORT_BASE_DATE_H
#define FLOWIMPORT_BASE_DATE_H

#include <stddef.h>
#include <stdint.h>

struct date {
    int year, month, day, hour, minute, second; /* 1970 on; 1 to 12; 1 to 31; a leap second is 60 */
    int64_t us;                                 /* of the fraction; 0 to 1,000,000, for the seventh digit rounds */
};

/* Reads "2026-11-28T16:00:00.123" at `at`: date parts with '-' or '/', then 'T', ' ' or '.', then the time; the
 * fraction may be left out. Returns what follows it, or NULL: not a date. */
const char *date_read(const char *at, const char *end, struct date *date);
/* Reads the zone at `at`: "Z", "+01:00", "-0500". 1: *ahead are the seconds that local time is ahead of UTC; 0: there
 * is none; -1: what stands there is not a zone, or not all of it is. */
int date_zone(const char *at, const char *end, int64_t *ahead);
/* Minutes since 1970 of the date's minute, in the date's own zone. */
int64_t date_minutes(const struct date *date);
/* Reads a fraction's digits behind its point as microseconds, which are added to *us; the seventh digit rounds. Returns
 * what follows them. */
const char *date_fraction(const char *at, const char *end, int64_t *us);

#endif
