/* Flow tuples of Azure's flow logs as entries. */
#ifndef FLOWIMPORT_TOOL_ENTRIES_TUPLES_H
#define FLOWIMPORT_TOOL_ENTRIES_TUPLES_H

#include "files/foreign.h"
#include "files/lines.h"
#include "tool/entries.h"

/* All that end behind `begin`, of the whole of `lines`; their number is that of the tuple. */
int entries_tuples(struct entries *entries, struct foreign *foreign, struct lines *lines, int64_t begin);

#endif
