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

/* Whether the partition is that of one day, whatever else it covers since those before it were dropped. */
static bool is_day(const struct partition *partition, uint32_t *day) {
    char name[16];
    if (partition->end == 0 || partition->end % DAY_SECONDS || partition->end / DAY_SECONDS > PARTITION_DAYS)
        return false;
    *day = (uint32_t)(partition->end / DAY_SECONDS) - 1;
    day_name("d", *day, name, sizeof name);
    return strcmp(name, partition->name) == 0;
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

/* The day's partition, and where the last piece ends before it, a gap. */
static void day_add(struct pieces *pieces, uint32_t day) {
    char name[16];
    uint64_t start = (uint64_t)day * DAY_SECONDS;
    if (pieces->end < start) {
        day_name("gap", day, name, sizeof name);
        piece_add(pieces, name, start);
    }
    day_name("d", day, name, sizeof name);
    piece_add(pieces, name, start + DAY_SECONDS);
}

int partition_plan(const char *table, const struct partition *partitions, unsigned n, const uint32_t *days,
                   unsigned n_days, struct buffer *sql, struct error *error) {
    unsigned next = 0, total = n;
    struct pieces pieces = {.sql = sql};
    for (unsigned i = 0; i < n && next < n_days; i++) {
        const struct partition *partition = &partitions[i];
        uint64_t start = i ? partitions[i - 1].end : 0;
        uint32_t own;
        if ((uint64_t)days[next] * DAY_SECONDS >= partition->end) continue;
        buffer_printf(sql, "ALTER TABLE %s REORGANIZE PARTITION %s INTO (", table, partition->name);
        pieces.n = 0;
        pieces.end = start;
        while (next < n_days && (uint64_t)days[next] * DAY_SECONDS < partition->end)
            day_add(&pieces, days[next++]);
        if (is_day(partition, &own))
            day_add(&pieces, own);
        else if (pieces.end < partition->end)
            piece_add(&pieces, partition->name, partition->end);
        buffer_add_text(sql, ");\n");
        total += pieces.n - 1;
    }
    if (next < n_days) {
        buffer_printf(sql, "ALTER TABLE %s ADD PARTITION (", table);
        pieces.n = 0;
        pieces.end = n ? partitions[n - 1].end : 0;
        while (next < n_days)
            day_add(&pieces, days[next++]);
        buffer_add_text(sql, ");\n");
        total += pieces.n;
    }
    if (total <= PARTITION_MAX) return 0;
    return error_set(error,
                     "%s: too many partitions, %u of at most %d: it has %u, and %u more days must be written; drop old "
                     "ones (retention), or refuse old flows (max_flow_age)",
                     table, total, PARTITION_MAX, n, n_days);
}
