/* Places that the queue has counted, held against those of the store. */
#include "import/missing.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"

static bool is_first_again(const struct missing *missing, const struct consumer_count *count) {
    const struct places_gap *first = &missing->first;
    return first->to > 0 && first->from == count->from && first->to <= count->to &&
           strcmp(first->queue_id, count->queue_id) == 0;
}

enum missing_next missing_counted(struct missing *missing, const struct consumer_count *count, struct places_gap *gap) {
    missing->count = *count;
    missing->telling = 0;
    if (!is_first_again(missing, count)) missing->first.to = 0;
    if (count->from < 0) return MISSING_TELL; /* from here on */
    if (count->to <= count->from) return MISSING_NOTHING;
    if (count->to - count->from > MISSING_MOST) missing->count.to = count->from + MISSING_MOST;
    if (missing->first.to > 0) missing->count.to = missing->first.to;
    *gap = (struct places_gap){.from = count->from, .to = missing->count.to};
    memcpy(gap->queue_id, count->queue_id, sizeof gap->queue_id);
    return MISSING_ASK;
}

enum missing_next missing_answered(struct missing *missing, const struct places_gap *gap, int64_t *back) {
    uint64_t given_back = missing->count.back > 0 ? (uint64_t)missing->count.back : 0;
    if (gap->failed) return MISSING_NOTHING;
    *back = (int64_t)(gap->missing < given_back ? gap->missing : given_back);
    missing->telling = gap->missing - (uint64_t)*back;
    bool is_first = missing->first.to == 0;
    missing->first = *gap;
    if (missing->telling > 0 && is_first) return MISSING_NOTHING;
    missing->first.to = 0;
    return MISSING_TELL;
}

void missing_told(struct missing *missing, int64_t now, const char *queue) {
    if (missing->telling == 0) return;
    missing->lost += missing->telling;
    missing->lost_at = now;
    log_error("queue",
              "queue %s: Redis has lost %" PRIu64 " entries: of those taken as number %" PRId64 " to %" PRId64
              ", they are in no claim and not in the store; the table loss has them",
              queue, missing->telling, missing->count.from, missing->count.to - 1);
}

void missing_went_back(struct missing *missing, int64_t n, int64_t now) {
    missing->again = n;
    missing->again_at = now;
}

void missing_show(const struct missing *missing, struct show *show) {
    show_counter(show, "lost_total",
                 "Entries that Redis has lost: they were taken, and are in no claim nor in the store.", missing->lost);
}

static bool is_shown(int64_t at, int64_t now) { return at > 0 && now - at < MISSING_SHOWN; }

void missing_problems(const struct missing *missing, int64_t now, struct buffer *out) {
    if (is_shown(missing->lost_at, now))
        buffer_printf(out, "queue: Redis has lost %" PRIu64 " entries; the table loss has them\n", missing->lost);
    if (is_shown(missing->again_at, now))
        buffer_printf(out,
                      "queue: Redis has gone back in time, by %" PRId64
                      " entries that were counted already; how many it has lost that were not, nobody can know\n",
                      missing->again);
}
