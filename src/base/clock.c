/* The clock of the machine. */
#include "base/clock.h"

#include <time.h>

static int64_t system_now_us(const struct clock *clock) {
    (void)clock;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

const struct clock clock_system = {system_now_us};
