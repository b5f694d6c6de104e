/* The commands of the hand tool, and which options of its command line each accepts. */
#ifndef FLOWIMPORT_TOOL_COMMANDS_H
#define FLOWIMPORT_TOOL_COMMANDS_H

#include "tool/command.h"

enum { COMMAND_VERBS_MAX = 5 };

struct command_verb { /* the word behind a command that says what it does: "retention install" */
    const char *name;
    const char *options;  /* besides the command's own; NULL: none */
    const char *operands; /* what else stands behind it; NULL: nothing */
    bool makes_store;
};

/* Options are flags separated by spaces, of command_options or of the configuration file; the latter are accepted
 * everywhere, and listed with the commands that they are for. One that must be given begins with '!'. */
struct command {
    const char *name; /* "top"; that of a flag for "--once", which stands in the place of a command */
    const char *help; /* what it is for, in a few words, for --help, the manual and completion */
    const char *options;
    const char *operands;                         /* as usage has it: "FILE ..."; NULL: none */
    struct command_verb verbs[COMMAND_VERBS_MAX]; /* one of which follows, to the first without a name */
    command_fn *run;
    bool reads_tables; /* as it reads files */
    bool makes_store;  /* where it isn't there; its folder must be */
};

extern const struct command commands[];
extern const unsigned n_commands;
/* Into struct command_options. */
extern const struct option command_options[];
extern const unsigned n_command_options;

/* A file each. */
command_fn command_convert, command_doctor, command_export, command_migrate, command_once, command_open, command_print,
    command_push, command_rejected, command_retention, command_schema, command_serve, command_status, command_top,
    command_verify;

#endif
