/* Splitting the axis of days into partitions. */
#include "store/mysql/partition.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void day_name(const char *prefix, uint32_t day, char *name, size_t size) {
    time_t start = (time_t)day * DAY_SECONDS;
    struct tm date;
    gmtime_r(&start, &date);
    size_t len = (size_t)snprintf(name, size, "%s", prefix);
    strftime(name + len, size - len, "%Y%m%d", &date);
}

/* Behind a name where the partition that it is split off from has that name. */
#define SECOND "_2"

static bool is_second(const char *name) {
    size_t len = strlen(name);
    return len >= sizeof SECOND && strcmp(name + len - (sizeof SECOND - 1), SECOND) == 0;
}

/* A name that the partition has not, and that it has had or will have. Never the same: MariaDB (10.11) that is killed
 * while it gives a new partition the old one's name can't open the table any more (error 1932). */
static void other_name(const char *name, char other[65]) {
    if (is_second(name))
        snprintf(other, 65, "%.*s", (int)(strlen(name) - (sizeof SECOND - 1)), name);
    else
        snprintf(other, 65, "%.62s" SECOND, name);
}

/* Whether the partition is that of one day, whatever else it covers since those before it were dropped. */
static bool is_day(const struct partition *partition, uint32_t *day) {
    char name[16];
    if (partition->end == 0 || partition->end % DAY_SECONDS || partition->end / DAY_SECONDS > PARTITION_DAYS)
        return false;
    *day = (uint32_t)(partition->end / DAY_SECONDS) - 1;
    day_name("d", *day, name, sizeof name);
    size_t len = strlen(name);
    return strncmp(name, partition->name, len) == 0 &&
           (partition->name[len] == '\0' || strcmp(partition->name + len, SECOND) == 0);
}

void partition_known(const struct partition *partitions, unsigned n, struct partition_set *known) {
    uint64_t start = 0;
    for (unsigned i = 0; i < n; i++) {
        uint32_t day;
        if (is_day(&partitions[i], &day)) partition_set_add(known, day);
        /* A bound that isn't a midnight was set by somebody else; the days about it stay as they are. */
        if (start % DAY_SECONDS && start / DAY_SECONDS < PARTITION_DAYS)
            partition_set_add(known, (uint32_t)(start / DAY_SECONDS));
        start = partitions[i].end;
    }
    if (start % DAY_SECONDS && start != UINT64_MAX && start / DAY_SECONDS < PARTITION_DAYS)
        partition_set_add(known, (uint32_t)(start / DAY_SECONDS));
}

struct pieces {
    struct buffer *sql;
    unsigned n;
    uint64_t end; /* of the last piece */
};

static void piece_add(struct pieces *pieces, const char *name, uint64_t end) {
    buffer_printf(pieces->sql, "%s\n  PARTITION %s VALUES LESS THAN ", pieces->n++ ? "," : "", name);
    if (end == UINT64_MAX)
        buffer_add_text(pieces->sql, "MAXVALUE");
    else
        buffer_printf(pieces->sql, "(%" PRIu64 ")", end);
    pieces->end = end;
}

/* Where the last piece ends before the day, a gap. */
static void gap_add(struct pieces *pieces, uint32_t day) {
    char name[16];
    uint64_t start = (uint64_t)day * DAY_SECONDS;
    if (pieces->end >= start) return;
    day_name("gap", day, name, sizeof name);
    piece_add(pieces, name, start);
}

/* The day's partition, and a gap before it. */
static void day_add(struct pieces *pieces, uint32_t day) {
    char name[16];
    gap_add(pieces, day);
    day_name("d", day, name, sizeof name);
    piece_add(pieces, name, (uint64_t)(day + UINT64_C(1)) * DAY_SECONDS);
}

static uint32_t distance(uint32_t day, uint32_t today) { return day > today ? day - today : today - day; }

unsigned partition_choose(unsigned n, const uint32_t *days, unsigned n_days, uint32_t today, unsigned *first) {
    unsigned begin = 0, end, total = n;
    while (begin < n_days && days[begin] < today)
        begin++;
    for (end = begin; end - begin < PARTITION_NEW && (begin > 0 || end < n_days); total += 2) { /* with its gap */
        bool later = begin == 0 || (end < n_days && distance(days[end], today) <= distance(days[begin - 1], today));
        uint32_t away = distance(days[later ? end : begin - 1], today);
        /* one is left for the common partition behind all */
        if (total + 2 > (away > PARTITION_NEAR ? PARTITION_FAR_MAX : PARTITION_MAX - 1)) break;
        if (later)
            end++;
        else
            begin--;
    }
    *first = begin;
    return end - begin;
}

unsigned partition_of(const struct partition *partitions, unsigned n, uint32_t day) {
    unsigned i = 0;
    while (i < n && partitions[i].end <= (uint64_t)day * DAY_SECONDS)
        i++;
    return i;
}

unsigned partition_common_days(const struct partition *partition, uint64_t start, uint32_t *days, unsigned n) {
    unsigned left = 0;
    uint32_t own;
    bool has_own = is_day(partition, &own);
    for (unsigned i = 0; i < n; i++) {
        uint64_t begin = (uint64_t)days[i] * DAY_SECONDS;
        bool whole = begin >= start && begin + DAY_SECONDS <= partition->end;
        bool single = begin == start && begin + DAY_SECONDS == partition->end;
        if (whole && !single && !(has_own && days[i] == own)) days[left++] = days[i];
    }
    return left;
}

unsigned partition_split_next(unsigned n, unsigned n_days) {
    unsigned room = n < PARTITION_SPLIT_MAX ? (PARTITION_SPLIT_MAX - n) / 2 : 0; /* with its gap */
    unsigned most = room < PARTITION_SPLIT ? room : PARTITION_SPLIT;
    return n_days < most ? n_days : most;
}

/* Splits the days that the partition holds off from it. Returns how many they are. */
static unsigned partition_split(const char *table, const struct partition *partition, uint64_t start,
                                const uint32_t *days, unsigned n_days, struct buffer *sql) {
    struct pieces pieces = {.sql = sql, .end = start};
    unsigned n = 0;
    uint32_t own;
    while (n < n_days && (uint64_t)days[n] * DAY_SECONDS < partition->end)
        n++;
    if (n == 0 || partition->full) return n;
    buffer_printf(sql, "ALTER TABLE %s REORGANIZE PARTITION %s INTO (", table, partition->name);
    for (unsigned i = 0; i < n; i++)
        day_add(&pieces, days[i]);
    if (is_day(partition, &own)) gap_add(&pieces, own);
    if (pieces.end < partition->end) {
        char name[65];
        other_name(partition->name, name);
        piece_add(&pieces, name, partition->end);
    }
    buffer_add_text(sql, ");\n");
    return n;
}

/* Behind the last partition: the days, and a common one up to `last`. */
static void end_extend(const char *table, const struct partition *partitions, unsigned n, const uint32_t *days,
                       unsigned n_days, uint32_t last, struct buffer *sql) {
    struct pieces pieces = {.sql = sql, .end = n ? partitions[n - 1].end : 0};
    char name[16];
    /* A table with that many gets one for good. */
    uint32_t until = n < PARTITION_FAR_MAX ? last + 1 : PARTITION_DAYS;
    if ((uint64_t)last * DAY_SECONDS < pieces.end) return;
    if (n < PARTITION_MAX)
        buffer_printf(sql, "ALTER TABLE %s ADD PARTITION (", table);
    else /* the server lets the last one grow */
        buffer_printf(sql, "ALTER TABLE %s REORGANIZE PARTITION %s INTO (", table, partitions[n - 1].name);
    for (unsigned i = 0; i < n_days; i++)
        day_add(&pieces, days[i]);
    if (pieces.end <= (uint64_t)last * DAY_SECONDS) {
        day_name("gap", until, name, sizeof name);
        piece_add(&pieces, name, (uint64_t)until * DAY_SECONDS);
    }
    buffer_add_text(sql, ");\n");
}

void partition_plan(const char *table, const struct partition *partitions, unsigned n, const uint32_t *days,
                    unsigned n_days, uint32_t last, struct buffer *sql) {
    static const uint32_t none[1];
    unsigned next = 0;
    if (n_days == 0) days = none; /* NULL has no elements to point at */
    for (unsigned i = 0; i < n; i++)
        next += partition_split(table, &partitions[i], i ? partitions[i - 1].end : 0, days + next, n_days - next, sql);
    end_extend(table, partitions, n, days + next, n_days - next, last, sql);
}
