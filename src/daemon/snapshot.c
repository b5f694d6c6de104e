/* Two snapshots, changing places. */
#include "daemon/snapshot.h"

#include <inttypes.h>
#include <string.h>

void snapshots_init(struct snapshots *snapshots) {
    memset(snapshots, 0, sizeof *snapshots);
    pthread_mutex_init(&snapshots->lock, NULL);
    snapshots->shown = &snapshots->both[0];
}

void snapshots_release(struct snapshots *snapshots) {
    for (unsigned i = 0; i < 2; i++)
        message_report_release(&snapshots->both[i].messages);
    pthread_mutex_destroy(&snapshots->lock);
}

void snapshots_take(struct snapshots *snapshots, const struct listener *listener, const struct message_decoder *decoder,
                    int64_t now_us) {
    struct snapshot *fresh = &snapshots->both[snapshots->shown == &snapshots->both[0]];
    fresh->listener = *listener_counters(listener);
    fresh->taken_us = now_us;
    message_report_take(decoder, &fresh->messages);
    pthread_mutex_lock(&snapshots->lock);
    snapshots->shown = fresh;
    pthread_mutex_unlock(&snapshots->lock);
}

void snapshots_show(struct snapshots *snapshots, struct show *show) {
    pthread_mutex_lock(&snapshots->lock);
    listener_show(&snapshots->shown->listener, show);
    message_report_show(&snapshots->shown->messages, show);
    pthread_mutex_unlock(&snapshots->lock);
}

void snapshots_problems(struct snapshots *snapshots, int64_t now_us, struct buffer *out) {
    pthread_mutex_lock(&snapshots->lock);
    const struct snapshot *shown = snapshots->shown;
    int64_t old_s = (now_us - shown->taken_us) / 1000000;
    if (shown->taken_us && old_s >= SNAPSHOT_STALE_S)
        buffer_printf(
            out, "collector: its thread has hung for %" PRId64 " s, possibly because its state file can't be written\n",
            old_s);
    if (shown->messages.problems.len) buffer_add(out, shown->messages.problems.data, shown->messages.problems.len);
    pthread_mutex_unlock(&snapshots->lock);
}
