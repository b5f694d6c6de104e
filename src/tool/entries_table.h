/* Tables of other programs' databases as sources of entries: --format vermont-db and argus-db. */
#ifndef FLOWIMPORT_TOOL_ENTRIES_TABLE_H
#define FLOWIMPORT_TOOL_ENTRIES_TABLE_H

#include "tool/entries.h"

/* What entries_open() does with a table of the database that --from names. */
struct entries *entries_table_open(const struct command_call *call, const char *name, bool lasting);
/* Runs a command with the tables of that database as its operands: those that hold flows, or of them the ones that
 * ?table=PATTERN names. Its exit code. */
int entries_tables_run(const struct command_call *call, command_fn *run);

#endif
