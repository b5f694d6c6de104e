/* Files as sources of entries. */
#ifndef FLOWIMPORT_TOOL_ENTRIES_FILE_H
#define FLOWIMPORT_TOOL_ENTRIES_FILE_H

#include "files/contents.h"
#include "tool/entries.h"

/* What entries_open() does with a file. */
struct entries *entries_file_open(const struct command_call *call, const char *path, bool lasting);
/* The contents of a capture, from their first byte on; NULL of another source. */
struct contents *entries_file_capture(struct entries *entries);

#endif
