/* What a program tells over HTTP beside page and API: /metrics for Prometheus, /healthz for a supervisor, /status for a
 * person. */
#ifndef FLOWIMPORT_DAEMON_MONITOR_H
#define FLOWIMPORT_DAEMON_MONITOR_H

#include "http/web.h"
#include "import/direct.h"
#include "import/importer.h"
#include "daemon/collector.h"
#include "daemon/probe.h"
#include "queue/producer.h"

struct monitor; /* opaque */

/* What runs in the process; NULL what does not. */
struct service_parts {
    struct importer *importer;
    struct direct *direct;
    struct probe *probe;
    struct collector *collector;
    struct producer *producer; /* what probe and collector have for the queue */
};

/* All borrowed; the configuration's routes are the monitor's. NULL with the error set, as web_new. */
struct monitor *monitor_new(struct event_base *base, const struct web_config *config, const struct service_parts *parts,
                            struct error *error);
/* As web_reload. */
void monitor_reload(struct monitor *monitor, struct name_book *book);
/* As web_address. */
const char *monitor_address(struct monitor *monitor);
void monitor_free(struct monitor *monitor); /* NULL does nothing */

#endif
