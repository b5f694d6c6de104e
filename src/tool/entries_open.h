/* The kinds of sources that entries come from. */
#ifndef FLOWIMPORT_TOOL_ENTRIES_OPEN_H
#define FLOWIMPORT_TOOL_ENTRIES_OPEN_H

#include "tool/entries.h"

/* The file, or the table where --format says so; "-" is standard input. `lasting`: its identity will be asked for, and
 * progress is to be shown. NULL: it has been said why. */
struct entries *entries_open(const struct command_call *call, const char *path, bool lasting);

#endif
