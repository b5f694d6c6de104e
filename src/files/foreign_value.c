/* What the texts of other tools mean: numbers, moments, addresses. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/date.h"
#include "flow/layout.h"
#include "files/foreign_impl.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static int digit_of(char c) { return is_digit(c) ? c - '0' : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10 : 16; }

int value_number(const struct cell *cell, uint64_t *number) {
    bool hex = cell->len > 2 && cell->text[0] == '0' && (cell->text[1] | 32) == 'x';
    const char *at = cell->text + (hex ? 2 : 0), *end = cell->text + cell->len;
    uint64_t base = hex ? 16 : 10;
    *number = 0;
    if (at == end) return -1;
    for (; at < end; at++) {
        unsigned digit = (unsigned)digit_of(*at);
        if (digit >= base || __builtin_mul_overflow(*number, base, number) ||
            __builtin_add_overflow(*number, digit, number))
            return -1;
    }
    return 0;
}

int value_bits(const struct cell *cell, uint64_t *number) {
    const char *slash = memrchr(cell->text, '/', cell->len);
    struct cell bits = *cell;
    if (slash) bits = (struct cell){slash + 1, cell->len - (size_t)(slash + 1 - cell->text)};
    return value_number(&bits, number) == 0 && *number <= 128 ? 0 : -1;
}

int value_hex(const struct cell *cell, uint64_t *number) {
    *number = 0;
    if (cell->len == 0 || cell->len > 16) return -1;
    for (size_t i = 0; i < cell->len; i++) {
        unsigned digit = (unsigned)digit_of(cell->text[i]);
        if (digit > 15) return -1;
        *number = *number << 4 | digit;
    }
    return 0;
}

/* "1e-05": what JSON makes of short times. */
static int exponent_read(const struct cell *cell, int64_t *us) {
    char text[48], *end;
    if (cell->len >= sizeof text) return -1;
    memcpy(text, cell->text, cell->len);
    text[cell->len] = '\0';
    if (strspn(text, "0123456789.eE+-") != cell->len || text[0] == '-') return -1;
    double seconds = strtod(text, &end);
    if (*end || !(seconds >= 0 && seconds < 1e12)) return -1;
    *us = (int64_t)(seconds * 1e6 + 0.5);
    return 0;
}

int value_seconds(const struct cell *cell, int64_t *us) {
    enum { DIGITS = 12 }; /* so the microseconds fit in 63 bits */
    const char *at = cell->text, *end = at + cell->len;
    int64_t whole = 0, fraction = 0;
    while (at < end && is_digit(*at) && at - cell->text < DIGITS)
        whole = whole * 10 + (*at++ - '0');
    if (at == cell->text) return -1;
    if (at < end && *at == '.') at = date_fraction(at + 1, end, &fraction);
    if (at < end) return exponent_read(cell, us);
    *us = whole * 1000000 + fraction;
    return 0;
}

/* Whole milli-, micro- or nanoseconds since 1970: in seconds, each would be after the year 5000, and so it is in the
 * unit before its own. */
static bool is_fine(const struct cell *cell, int64_t *us) {
    uint64_t n;
    if (cell->len < 12 || cell->len > 19 || cell->text[0] == '0' || value_number(cell, &n) != 0 || n > INT64_MAX)
        return false;
    *us = (int64_t)(cell->len < 15 ? n * 1000 : cell->len < 18 ? n : n / 1000);
    return true;
}

/* Seconds since 1970 of a minute of local time. */
static int64_t local_seconds(struct local_minute *local, const struct date *date) {
    int64_t this_minute = date_minutes(date);
    if (this_minute != local->minute) {
        struct tm tm = {.tm_year = date->year - 1900,
                        .tm_mon = date->month - 1,
                        .tm_mday = date->day,
                        .tm_hour = date->hour,
                        .tm_min = date->minute,
                        .tm_isdst = -1};
        local->seconds = mktime(&tm);
        local->minute = this_minute;
    }
    return local->seconds;
}

int value_time(const struct cell *cell, struct local_minute *local, int64_t *us) {
    const char *at = cell->text, *end = at + cell->len;
    struct date date;
    int64_t ahead;
    if (is_fine(cell, us)) return 0;
    if (cell->len < 5 || (at[4] != '-' && at[4] != '/')) return value_seconds(cell, us);
    at = date_read(at, end, &date);
    int zone = at ? date_zone(at, end, &ahead) : -1;
    if (zone < 0) return -1;
    if (zone == 0) ahead = 0;
    int64_t seconds = zone || !local ? date_minutes(&date) * 60 - ahead : local_seconds(local, &date);
    if (seconds < 0) return -1;
    *us = (seconds + date.second) * 1000000 + date.us;
    return 0;
}

int value_address(const struct cell *cell, uint8_t address[16]) {
    char text[INET6_ADDRSTRLEN];
    if (cell->len >= sizeof text) return -1;
    memcpy(text, cell->text, cell->len);
    text[cell->len] = '\0';
    if (strlen(text) != cell->len) return -1;
    int family = strchr(text, ':') ? AF_INET6 : AF_INET;
    if (inet_pton(family, text, address) != 1) return -1;
    return family == AF_INET6 ? FLOW_IPV6 : FLOW_IPV4;
}

bool value_address_unmap(uint8_t address[16]) {
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    if (memcmp(address, prefix, sizeof prefix) != 0) return false;
    memcpy(address, address + sizeof prefix, 4);
    return true;
}

int value_mac(const struct cell *cell, uint8_t octets[6]) {
    if (cell->len != 17) return -1;
    for (size_t i = 0; i < 6; i++) {
        int high = digit_of(cell->text[3 * i]), low = digit_of(cell->text[3 * i + 1]);
        if (high > 15 || low > 15 || (i < 5 && cell->text[3 * i + 2] != ':' && cell->text[3 * i + 2] != '-')) return -1;
        octets[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

int value_flags(const struct cell *cell, uint64_t *flags) {
    static const char letters[] = "FSRPAUEC"; /* FIN is bit 0 */
    *flags = 0;
    for (size_t i = 0; i < cell->len; i++) {
        const char *letter = cell->text[i] ? strchr(letters, cell->text[i]) : NULL;
        if (!letter && cell->text[i] != '.' && cell->text[i] != ' ') return value_number(cell, flags);
        if (letter) *flags |= UINT64_C(1) << (letter - letters);
    }
    return 0;
}
