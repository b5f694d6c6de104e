/* The commands of the hand tool, and the options that they have besides those of the configuration. */
#ifndef FLOWIMPORT_TOOL_COMMANDS_H
#define FLOWIMPORT_TOOL_COMMANDS_H

#include "tool/command.h"

struct command {
    const char *name;
    command_fn *run;
    bool reads_tables; /* as it reads files */
};

extern const struct command commands[];
extern const unsigned n_commands;
/* Into struct command_options. */
extern const struct option command_options[];
extern const unsigned n_command_options;

/* A file each. */
command_fn command_convert, command_export, command_migrate, command_once, command_open, command_print, command_push,
    command_rejected, command_retention, command_schema, command_serve, command_status, command_top, command_verify;

#endif
