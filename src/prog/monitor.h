/* What flowimportd tells over HTTP: /metrics for Prometheus, /healthz for a supervisor, /status for a person. */
#ifndef FLOWIMPORT_PROG_MONITOR_H
#define FLOWIMPORT_PROG_MONITOR_H

#include "http/server.h"
#include "import/importer.h"

struct monitor; /* opaque */

/* All borrowed; `listen` as in http_config. */
struct monitor *monitor_new(struct event_base *base, const char *listen, int64_t retry_max_ms,
                            const struct importer *importer, const struct clock *clock);
void monitor_free(struct monitor *monitor); /* NULL does nothing */

#endif
