/* What a command line of the hand tool asks for, held against the table of commands. */
#ifndef FLOWIMPORT_TOOL_COMMAND_LINE_H
#define FLOWIMPORT_TOOL_COMMAND_LINE_H

#include "tool/commands.h"

/* `options` has the group of command_options, whose target says whether --once is given. */

/* The command, and in *verb the one of its verbs, NULL: none. NULL: no command is named, or none that there is. */
const struct command *command_line_find(const struct options *options, char **operands, int n_operands,
                                        const struct command_verb **verb);
/* Adds an error where there is no such command, and for each option that the command does not accept. 0 or -1. */
int command_line_check(struct options *options, char **operands, int n_operands) __attribute__((warn_unused_result));
/* Of a command: how it is called, what it is for, its options. False: no command is named. */
bool command_line_help(const struct options *options, char **operands, int n_operands, struct buffer *out);

/* "usage: flowimport ... COMMAND ..." of all verbs, or of one. */
void command_line_usage(const struct command *command, const struct command_verb *verb, struct buffer *out);
/* How to call the program: all commands, a line each. */
void command_line_overview(struct buffer *out);

/* The options that a command lists, its verb's behind them (NULL: those of all its verbs): pointers into the tables of
 * command_options and of the configuration. The number; `required` may be NULL. */
enum { COMMAND_OPTIONS_MAX = 24 };
unsigned command_line_options(const struct command *command, const struct command_verb *verb,
                              const struct option *rows[COMMAND_OPTIONS_MAX], bool required[COMMAND_OPTIONS_MAX]);

#endif
