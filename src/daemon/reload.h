/* SIGHUP: the configuration read again. */
#ifndef FLOWIMPORT_DAEMON_RELOAD_H
#define FLOWIMPORT_DAEMON_RELOAD_H

#include "config/pipeline.h"

/* All borrowed: what the running configuration was read with. */
struct reload {
    const struct config_program *program;
    int argc;
    char **argv;
    struct config *config;
    struct pipeline *pipeline;
};

/* Reads file and environment again, with the command line of the start. Takes the reloadable options into
 * *config and *pipeline, and says which others have changed in vain. If anything is wrong nothing is taken, the log
 * says what, and false is returned. For the thread that uses the two: afterwards it tells the importer
 * (importer_reconfigure) and page and API (web_reload). */
bool reload_run(struct reload *reload);

#endif
