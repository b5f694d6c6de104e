/* Human units. */
#include "tool/units.h"

#include <inttypes.h>
#include <stdio.h>

const char *units_count(sum_wide number, const char *unit, char *text, size_t size) {
    static const char prefixes[] = " kMGTPEZYRQ";
    unsigned power = 0;
    double scaled = (double)number;
    while (scaled >= 999.5 && prefixes[power + 1]) {
        scaled /= 1000;
        power++;
    }
    if (power == 0)
        snprintf(text, size, *unit ? "%u %s" : "%u%s", (unsigned)number, unit);
    else
        snprintf(text, size, "%.*f %c%s", scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0, scaled, prefixes[power], unit);
    return text;
}

const char *units_age(int64_t seconds, char *text, size_t size) {
    int64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;
    if (seconds < 60)
        snprintf(text, size, "%" PRId64 " s", seconds);
    else if (minutes < 60)
        snprintf(text, size, "%" PRId64 " min", minutes);
    else if (hours < 24)
        snprintf(text, size, "%" PRId64 " h %02" PRId64 " min", hours, minutes % 60);
    else
        snprintf(text, size, "%" PRId64 " d %" PRId64 " h", days, hours % 24);
    return text;
}
