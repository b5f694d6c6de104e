/* A counter of what is lost, told on the queue as it grows: an entry each ten seconds at most. */
#ifndef FLOWIMPORT_DAEMON_LOSS_H
#define FLOWIMPORT_DAEMON_LOSS_H

#include "flow/lost.h"
#include "daemon/worker.h"

struct loss {
    enum lost_what what;
    const char *source; /* borrowed */
    uint64_t told;      /* of the counter */
    int64_t since_us;   /* of the last look; 0: none yet */
};

/* `total`: the counter as it stands at now_us; `last`: there will be no other look, so that nothing waits. In the
 * thread that feeds. */
void loss_tell(struct loss *loss, uint64_t total, int64_t now_us, bool last, const struct worker *worker,
               struct feed *feed);

#endif
