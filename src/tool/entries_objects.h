/* JSON of any layout as entries. */
#ifndef FLOWIMPORT_TOOL_ENTRIES_OBJECTS_H
#define FLOWIMPORT_TOOL_ENTRIES_OBJECTS_H

#include "files/objects.h"
#include "tool/entries.h"

/* What has been fed to `objects`: gives the entries in it that end behind `begin`, and refuses what is none. */
int entries_objects(struct entries *entries, struct objects *objects, int64_t begin);

#endif
