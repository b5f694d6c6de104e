/* What the collector shows of itself: left by its thread, read by the loop, which never waits for the thread. The lock
 * is held to exchange two pointers, or while a snapshot is put into text: never for a file, a socket or a message. */
#ifndef FLOWIMPORT_DAEMON_SNAPSHOT_H
#define FLOWIMPORT_DAEMON_SNAPSHOT_H

#include <pthread.h>

#include "collect/listener.h"

enum { SNAPSHOT_STALE_S = 10 }; /* an older one means that the thread hangs */

struct snapshot {
    struct listener_counters listener;
    struct message_report messages;
    int64_t taken_us;
};

struct snapshots {
    pthread_mutex_t lock;   /* guards `shown` */
    struct snapshot *shown; /* one of these two; the other is the thread's */
    struct snapshot both[2];
};

void snapshots_init(struct snapshots *snapshots);
void snapshots_release(struct snapshots *snapshots);
/* The thread's: takes a new one, and lets it be shown. */
void snapshots_take(struct snapshots *snapshots, const struct listener *listener, const struct message_decoder *decoder,
                    int64_t now_us);
/* Any other thread's: modules "listener" and "collector", of which the latter is open then. */
void snapshots_show(struct snapshots *snapshots, struct show *show);
/* What is wrong with exporters, and whether the snapshot is stale. */
void snapshots_problems(struct snapshots *snapshots, int64_t now_us, struct buffer *out);

#endif
