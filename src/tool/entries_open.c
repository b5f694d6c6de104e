/* Which kind of source it is: a file, or a table of a database. */
#include "tool/entries_open.h"

#include "tool/entries_file.h"
#include "tool/entries_table.h"

struct entries *entries_open(const struct command_call *call, const char *path, bool lasting) {
    bool table = call->options->format >= FORMAT_VERMONT_DB;
    return (table ? entries_table_open : entries_file_open)(call, path, lasting);
}
