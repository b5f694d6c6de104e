/* How long to wait before the next try: doubling from `first_ms` to `max_ms`. Pure arithmetic; the waiting is the
 * caller's. */
#ifndef FLOWIMPORT_BASE_BACKOFF_H
#define FLOWIMPORT_BASE_BACKOFF_H

#include <stdint.h>

struct backoff {
    int64_t first_ms, max_ms;
    int64_t next_ms; /* 0: no failure since the last reset */
};

/* The wait after one more failure: first, 2*first, 4*first, ... max, max. */
static inline int64_t backoff_failed(struct backoff *backoff) {
    int64_t wait = backoff->next_ms ? backoff->next_ms : backoff->first_ms;
    if (wait > backoff->max_ms) wait = backoff->max_ms;
    backoff->next_ms = wait > backoff->max_ms / 2 ? backoff->max_ms : wait * 2;
    return wait;
}

static inline void backoff_reset(struct backoff *backoff) { backoff->next_ms = 0; }

#endif
