/* Shell completion of flowimport, generated from the table of commands. */
#ifndef FLOWIMPORT_TOOL_COMPLETION_H
#define FLOWIMPORT_TOOL_COMPLETION_H

#include <stdbool.h>

#include "base/buffer.h"

/* Of "completion-bash", "completion-zsh" and "completion-fish" the script. False: another name. */
bool completion_print(const char *what, struct buffer *out);

#endif
