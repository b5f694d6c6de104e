/* The importer on its event loop until it ends: signals, readiness, watchdog. flowimportd's life, and `flowimport
 * --once` without files. */
#ifndef FLOWIMPORT_PROG_SERVICE_H
#define FLOWIMPORT_PROG_SERVICE_H

#include "prog/reload.h"

/* Returns the exit code: 0 done, 1 failed, 3 done with rejected entries (importer.queue.once alone). `reload` is
 * what SIGHUP does to the two configurations; NULL leaves the signal alone. `counters` may be NULL. */
int service_run(const struct pipeline *pipeline, const struct config *config, struct reload *reload,
                struct importer_counters *counters);

#endif
