/* The bar of a long work. */
#include "tool/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

void progress_show(const char *source, double done, int64_t n, const char *unit, bool last) {
    enum { WIDTH = 40 };
    int full = (int)(done * (double)WIDTH);
    if (!isatty(STDERR_FILENO)) return;
    fprintf(stderr, "\r%s [%.*s%*s] %3d %%, %" PRId64 " %s%s", source, full, "########################################",
            WIDTH - full, "", (int)(done * 100), n, unit, last ? "\n" : "");
}
