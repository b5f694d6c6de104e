/* The stores of a reading head, as --stores names them. */
#ifndef FLOWIMPORT_TOOL_HEAD_STORES_H
#define FLOWIMPORT_TOOL_HEAD_STORES_H

#include "tool/command.h"

/* The statements that make the database `name` a head over them. A store that answers and does not have the configured
 * tables, and a URL that no head can read, fail before anything is written. Returns an exit code. */
int head_stores_print(const struct command_call *call, const char *name, struct buffer *out);

#endif
