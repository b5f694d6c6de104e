/* Files as sources of entries. */
#ifndef FLOWIMPORT_TOOL_ENTRIES_FILE_H
#define FLOWIMPORT_TOOL_ENTRIES_FILE_H

#include "files/contents.h"
#include "files/foreign.h"
#include "tool/entries.h"

/* What entries_open() is for a file. */
struct entries *entries_file_open(const struct command_call *call, const char *path, bool lasting);
/* The contents of a capture, from their first byte on; NULL of another source. */
struct contents *entries_file_capture(struct entries *entries);
/* A line of a file, and the position behind it: gives its entry, or refuses it. */
int entries_line(struct entries *entries, struct foreign *foreign, int64_t position, const char *line, size_t len);
/* Says on stderr how many records were passed over. */
void entries_passed_over(const struct entries *entries, const struct foreign *foreign);
/* The format of the lines, by --format or by how they begin. */
enum foreign_format entries_line_format(const struct command_call *call, const char *head, size_t len);

#endif
