/* Turns a growing counter into entries that report it. */
#include "daemon/loss.h"

#include <stdio.h>

enum { TELL_US = 10 * 1000000 };

void loss_tell(struct loss *loss, uint64_t total, int64_t now_us, bool last, const struct worker *worker,
               struct feed *feed) {
    char text[LOST_ENTRY_MAX];
    if (loss->since_us == 0 || loss->since_us > now_us) loss->since_us = now_us;
    if (!last && now_us - loss->since_us < TELL_US) return;
    if (total > loss->told) {
        struct lost lost = {.what = loss->what,
                            .n = total - loss->told,
                            .start = (uint32_t)(loss->since_us / 1000000),
                            .end = (uint32_t)(now_us / 1000000)};
        snprintf(lost.source, sizeof lost.source, "%s", loss->source);
        worker_feed(worker, feed, text, lost_write(&lost, text));
        loss->told = total;
    }
    loss->since_us = now_us;
}
