/* The /status of a running flowimportd, asked over HTTP. */
#ifndef FLOWIMPORT_TOOL_STATUS_ASK_H
#define FLOWIMPORT_TOOL_STATUS_ASK_H

#include <jansson.h>

#include "base/error.h"

/* The document of the flowimportd that listens at `listen`, as [http] listen has it; asked for ten seconds at most.
 * NULL: the error says why. */
json_t *status_ask(const char *listen, struct error *error);
/* The document of a file; "-": of standard input. */
json_t *status_load(const char *path, struct error *error);

#endif
