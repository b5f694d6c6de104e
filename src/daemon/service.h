/* Importer, probe and collector on their event loop until they end: signals, readiness, watchdog. flowimportd's life,
 * and `flowimport --once` without files. */
#ifndef FLOWIMPORT_DAEMON_SERVICE_H
#define FLOWIMPORT_DAEMON_SERVICE_H

#include "daemon/collector.h"
#include "daemon/probe.h"
#include "daemon/reload.h"

/* What makes flows: opened, not started; NULL: there is none. */
struct service_fronts {
    struct probe *probe;
    struct collector *collector;
};

/* Returns the exit code: 0 done, 1 failed, 3 done with rejected entries (importer.queue.once alone, where a signal is a
 * failure, too). `fronts` are
 * taken; NULL: there are none. `reload` is what SIGHUP does to the two configurations; NULL leaves the signal alone.
 * `counters` may be NULL. */
int service_run(const struct pipeline *pipeline, const struct config *config, const struct service_fronts *fronts,
                struct reload *reload, struct importer_counters *counters);

#endif
