/* Databases that are read: opened for reading alone, and asked again when the connection is lost. */
#ifndef FLOWIMPORT_TOOL_SOURCE_H
#define FLOWIMPORT_TOOL_SOURCE_H

#include "base/backoff.h"
#include "tool/command.h"

/* A copy of the URL without its parameter "table", which is not the connection's, and a copy of that in *table: NULL
 * where there is none. */
char *source_url(const char *text, char **table);
/* Another program's MySQL database, with the password of --from-password-file. An exit code; what is wrong has been
 * said. */
int source_open(const struct command_call *call, const char *url, struct store **source);

struct source_tries { /* of one question; begins as {0} */
    int failed;
    struct backoff backoff;
};

/* Whether to ask again, after a while: where the connection was lost, ten times at most. `who`: for the log. */
bool source_again(const struct command_call *call, const char *who, enum store_status status,
                  struct source_tries *tries, const struct error *error);

#endif
