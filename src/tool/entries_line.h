/* Records of other tools that stand in lines, of a file or made of a table's row, as entries. */
#ifndef FLOWIMPORT_TOOL_ENTRIES_LINE_H
#define FLOWIMPORT_TOOL_ENTRIES_LINE_H

#include "files/foreign.h"
#include "tool/entries.h"

/* A line, and the position behind it: gives its entry, or refuses it. */
int entries_line(struct entries *entries, struct foreign *foreign, int64_t position, const char *line, size_t len);
/* Refuses a line that is too long for an entry, and is held as entry_held() says. `header`: what is kept with it. */
int entries_line_refuse(struct entries *entries, int64_t position, const char *line, size_t len, const char *header);
/* Says on stderr how many records were passed over. */
void entries_passed_over(const struct entries *entries, const struct foreign *foreign);
/* The format of the lines, by --format or by how they begin. */
enum foreign_format entries_line_format(const struct command_call *call, const char *head, size_t len);

#endif
