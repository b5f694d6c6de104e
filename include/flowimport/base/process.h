/* The process shows itself by the names that every Prometheus exporter has. */
#ifndef FLOWIMPORT_BASE_PROCESS_H
#define FLOWIMPORT_BASE_PROCESS_H

#include "base/show.h"

/* `started`: seconds since the epoch. */
void process_show(int64_t started, struct show *show);

#endif
