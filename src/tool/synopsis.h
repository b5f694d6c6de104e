/* The commands in the manual flowimport(1), from their table. */
#ifndef FLOWIMPORT_TOOL_SYNOPSIS_H
#define FLOWIMPORT_TOOL_SYNOPSIS_H

#include <stdbool.h>

#include "base/buffer.h"

/* In mdoc(7): of "manual-synopsis" how each command is called, of "manual-commands" a list of what each is for. False:
 * another name. */
bool synopsis_print(const char *what, struct buffer *out);

#endif
