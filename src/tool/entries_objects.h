/* JSON of any layout as entries, our own or another tool's. */
#ifndef FLOWIMPORT_TOOL_ENTRIES_OBJECTS_H
#define FLOWIMPORT_TOOL_ENTRIES_OBJECTS_H

#include "files/foreign.h"
#include "files/objects.h"
#include "tool/entries.h"

/* What has been fed to `objects`: gives the entries in it that end behind `begin`, and refuses what is none. `foreign`:
 * reads them as another tool's; NULL: they are entries. */
int entries_objects(struct entries *entries, struct objects *objects, struct foreign *foreign, int64_t begin);

#endif
