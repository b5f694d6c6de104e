/* flowimport schema print: the tables as SQL. */
#include <stdio.h>
#include <string.h>

#include "prog/command.h"

int command_schema(const struct command_call *call) {
    struct buffer out = BUFFER_INIT;
    if (call->n_operands != 1 || strcmp(call->operands[0], "print") != 0) return command_usage("schema print");
    enum dialect dialect = strncmp(call->config->store.url, "mysql:", 6) == 0 ? DIALECT_MYSQL : DIALECT_SQLITE;
    schema_print(&call->pipeline->schema, dialect, &out);
    fwrite(out.data, 1, out.len, stdout);
    buffer_release(&out);
    return EXIT_DONE;
}
