/* How far a long work has come, on a terminal. */
#ifndef FLOWIMPORT_TOOL_PROGRESS_H
#define FLOWIMPORT_TOOL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* A bar on stderr where that is a terminal: "SOURCE [###   ] 42 %, 1000 lines". `done` is from 0 to 1. */
void progress_show(const char *source, double done, int64_t n, const char *unit, bool last);

#endif
