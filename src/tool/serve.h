/* Page and API on a store, for serve and open. */
#ifndef FLOWIMPORT_TOOL_SERVE_H
#define FLOWIMPORT_TOOL_SERVE_H

#include "tool/command.h"

/* The page and the API of a store, until SIGINT or SIGTERM; SIGHUP has the users and the files of
 * names of the configuration, where there are some, read again. `ready` is told where they are. Returns an exit code;
 * what is wrong has been said. */
int serve_run(const struct web_config *web, const struct config *config,
              void (*ready)(void *context, const char *address), void *context);

#endif
