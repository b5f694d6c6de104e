/* Files into the store, without a queue. */
#ifndef FLOWIMPORT_TOOL_BACKFILL_H
#define FLOWIMPORT_TOOL_BACKFILL_H

#include "tool/command.h"

/* The entries of a file, or of a table where --format says so. An exit code; what is wrong has been said. */
int backfill_file(const struct command_call *call, const char *path);

#endif
