/* What flowimportd tells over HTTP: /metrics for Prometheus, /healthz for a supervisor, /status for a person. */
#ifndef FLOWIMPORT_PROG_MONITOR_H
#define FLOWIMPORT_PROG_MONITOR_H

#include "http/server.h"
#include "import/direct.h"
#include "import/importer.h"
#include "prog/probe.h"

struct monitor; /* opaque */

/* What runs in the process; NULL what does not. */
struct service_parts {
    struct importer *importer;
    struct direct *direct;
    struct probe *probe;
};

/* All borrowed; `listen` as in http_config. */
struct monitor *monitor_new(struct event_base *base, const char *listen, int64_t retry_max_ms,
                            const struct service_parts *parts, const struct clock *clock);
void monitor_free(struct monitor *monitor); /* NULL does nothing */

#endif
