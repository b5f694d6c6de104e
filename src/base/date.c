/* Dates of ISO 8601, part by part. */
#include "base/date.h"

#include <string.h>

static int is_digit(char c) { return c >= '0' && c <= '9'; }

/* `digits` decimal digits, and what stands behind them (any of `behind`, "" for nothing). */
static const char *part_read(const char *at, const char *end, int digits, const char *behind, int *part) {
    *part = 0;
    if (!at || end - at < digits) return NULL;
    for (int i = 0; i < digits; i++, at++) {
        if (!is_digit(*at)) return NULL;
        *part = *part * 10 + (*at - '0');
    }
    if (!*behind) return at;
    return at < end && *at && strchr(behind, *at) ? at + 1 : NULL;
}

const char *date_fraction(const char *at, const char *end, int64_t *us) {
    int64_t weight = 100000;
    for (; at < end && is_digit(*at); at++, weight /= 10) {
        *us += (*at - '0') * weight;
        if (weight == 0) break;
    }
    if (at < end && *at >= '5' && is_digit(*at)) ++*us;
    while (at < end && is_digit(*at))
        at++;
    return at;
}

static int days_in(int year, int month) {
    if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

const char *date_read(const char *at, const char *end, struct date *date) {
    at = part_read(at, end, 4, "-/", &date->year);
    at = part_read(at, end, 2, "-/", &date->month);
    at = part_read(at, end, 2, " T.", &date->day);
    at = part_read(at, end, 2, ":", &date->hour);
    at = part_read(at, end, 2, ":", &date->minute);
    at = part_read(at, end, 2, "", &date->second);
    if (!at || date->year < 1970 || date->month < 1 || date->month > 12 || date->day < 1 ||
        date->day > days_in(date->year, date->month) || date->hour > 23 || date->minute > 59 || date->second > 60)
        return NULL;
    date->us = 0;
    return at < end && *at == '.' ? date_fraction(at + 1, end, &date->us) : at;
}

int date_zone(const char *at, const char *end, int64_t *ahead) {
    int hours, minutes;
    if (at == end) return 0;
    *ahead = 0;
    if (end - at == 1 && *at == 'Z') return 1;
    if (*at != '+' && *at != '-') return -1;
    int sign = *at == '-' ? -1 : 1;
    const char *behind = part_read(at + 1, end, 2, "", &hours);
    if (behind && behind < end && *behind == ':') behind++;
    if (part_read(behind, end, 2, "", &minutes) != end || hours > 23 || minutes > 59) return -1;
    *ahead = sign * (hours * 3600 + minutes * 60);
    return 1;
}

/* Days since 1970-01-01 of a date of the Gregorian calendar: years begin in March, so that leap days come last. */
static int64_t days_of(const struct date *date) {
    int64_t y = date->month <= 2 ? date->year - 1 : date->year, m = (date->month + 9) % 12;
    return 365 * y + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + date->day - 1 - 719468;
}

int64_t date_minutes(const struct date *date) { return (days_of(date) * 24 + date->hour) * 60 + date->minute; }
