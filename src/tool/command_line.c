/* Commands and their options found, refused and explained, by the one table. */
#include "tool/command_line.h"

#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"

enum { HELP_COLUMN = 30, LINE_WIDTH = 100 };

/* --- the tables --- */

static const struct command_options *values_of(const struct options *options) {
    for (unsigned g = 0; g < options->n_groups; g++)
        if (options->groups[g].rows == command_options) return options->groups[g].target;
    return NULL;
}

static const struct command *command_named(const char *name) {
    for (unsigned i = 0; i < n_commands; i++)
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    return NULL;
}

static const struct command_verb *verb_named(const struct command *command, const char *name) {
    for (unsigned i = 0; i < COMMAND_VERBS_MAX && command->verbs[i].name; i++)
        if (strcmp(command->verbs[i].name, name) == 0) return &command->verbs[i];
    return NULL;
}

static const struct option *flag_named(const char *flag, size_t len) {
    const struct option *const tables[] = {command_options, config_options};
    const unsigned counts[] = {n_command_options, config_n_options};
    for (unsigned t = 0; t < 2; t++)
        for (unsigned i = 0; i < counts[t]; i++) {
            const char *name = tables[t][i].flag;
            if (name && strlen(name) == len && memcmp(name, flag, len) == 0) return &tables[t][i];
        }
    return NULL;
}

const struct command *command_line_find(const struct options *options, char **operands, int n_operands,
                                        const struct command_verb **verb) {
    const struct command_options *values = values_of(options);
    *verb = NULL;
    if (values && values->once) return command_named("--once");
    const struct command *command = n_operands > 0 ? command_named(operands[0]) : NULL;
    if (command && n_operands > 1) *verb = verb_named(command, operands[1]);
    return command;
}

struct listed {
    const struct option **rows;
    bool *required;
    unsigned n;
};

static void flags_list(const char *flags, struct listed *listed) {
    for (; flags && *flags; flags += strspn(flags, " ")) {
        bool required = *flags == '!';
        size_t len = strcspn(flags += required, " ");
        const struct option *option = flag_named(flags, len);
        flags += len;
        for (unsigned i = 0; i < listed->n; i++)
            if (listed->rows[i] == option) option = NULL; /* by another verb */
        if (!option || listed->n == COMMAND_OPTIONS_MAX) continue;
        if (listed->required) listed->required[listed->n] = required;
        listed->rows[listed->n++] = option;
    }
}

unsigned command_line_options(const struct command *command, const struct command_verb *verb,
                              const struct option *rows[COMMAND_OPTIONS_MAX], bool required[COMMAND_OPTIONS_MAX]) {
    struct listed listed = {.rows = rows, .required = required};
    flags_list(command->options, &listed);
    for (unsigned i = 0; i < COMMAND_VERBS_MAX && command->verbs[i].name; i++)
        if (!verb || verb == &command->verbs[i]) flags_list(command->verbs[i].options, &listed);
    return listed.n;
}

/* --- the check --- */

static int command_refuse(struct options *options, const char *name) {
    struct nearest nearest;
    nearest_init(&nearest, name, strlen(name));
    for (unsigned i = 0; i < n_commands; i++)
        nearest_offer(&nearest, commands[i].name);
    if (nearest.word) return options_error(options, "'%s': unknown command; did you mean '%s'?", name, nearest.word);
    return options_error(options, "'%s': unknown command; flowimport --help lists them", name);
}

static int verb_refuse(struct options *options, const struct command *command, const char *name) {
    struct buffer all = BUFFER_INIT;
    struct nearest nearest;
    nearest_init(&nearest, name, strlen(name));
    for (unsigned i = 0; i < COMMAND_VERBS_MAX && command->verbs[i].name; i++) {
        nearest_offer(&nearest, command->verbs[i].name);
        buffer_printf(&all, "%s%s", i ? ", " : "", command->verbs[i].name);
    }
    if (nearest.word)
        options_error(options, "'%s %s': unknown command; did you mean '%s %s'?", command->name, name, command->name,
                      nearest.word);
    else
        options_error(options, "'%s %s': unknown command; %s has %s", command->name, name, command->name, all.data);
    buffer_release(&all);
    return -1;
}

static int option_refuse(struct options *options, const struct option *option, const struct command *command,
                         const struct command_verb *verb) {
    const struct option *rows[COMMAND_OPTIONS_MAX];
    unsigned n = command_line_options(command, verb, rows, NULL);
    struct buffer accepts = BUFFER_INIT;
    for (unsigned i = 0; i < n; i++)
        buffer_printf(&accepts, "%s%s, ", strlen(rows[i]->flag) > 1 ? "--" : "-", rows[i]->flag);
    options_error(options, "%s%s: '%s%s%s' does not accept it; it accepts %s%sthe options of flowimport.conf(5)",
                  strlen(option->flag) > 1 ? "--" : "-", option->flag, command->name, verb ? " " : "",
                  verb ? verb->name : "", accepts.data ? accepts.data : "", n ? "and " : "");
    buffer_release(&accepts);
    return -1;
}

static bool is_accepted(const struct option *option, const struct command *command, const struct command_verb *verb) {
    const struct option *rows[COMMAND_OPTIONS_MAX];
    unsigned n = command_line_options(command, verb, rows, NULL);
    if (strcmp(option->flag, "once") == 0) return true; /* it is what has found the command */
    for (unsigned i = 0; i < n; i++)
        if (rows[i] == option) return true;
    return false;
}

int command_line_check(struct options *options, char **operands, int n_operands) {
    const struct command_verb *verb;
    const struct command *command = command_line_find(options, operands, n_operands, &verb);
    int status = 0;
    if (!command) return n_operands > 0 ? command_refuse(options, operands[0]) : 0;
    if (command->verbs[0].name && n_operands > 1 && !verb) return verb_refuse(options, command, operands[1]);
    for (unsigned g = 0; g < options->n_groups; g++) {
        const struct option_group *group = &options->groups[g];
        if (group->rows != command_options) continue;
        for (unsigned i = 0; i < group->n; i++)
            if (group->origins[i].source == OPTION_COMMAND_LINE && !is_accepted(&group->rows[i], command, verb))
                status = option_refuse(options, &group->rows[i], command, verb);
    }
    return status;
}

/* --- for people --- */

/* A word of a usage line, in the next line where it doesn't fit. */
static void word_add(struct buffer *out, size_t *start, const char *word) {
    if (out->len - *start + 1 + strlen(word) > LINE_WIDTH) {
        buffer_add_text(out, "\n          ");
        *start = out->len - 10;
    }
    buffer_printf(out, " %s", word);
}

static void options_add_words(struct buffer *out, size_t *start, const struct command *command,
                              const struct command_verb *verb) {
    const struct option *rows[COMMAND_OPTIONS_MAX];
    bool required[COMMAND_OPTIONS_MAX];
    unsigned n = command_line_options(command, verb, rows, required);
    struct buffer word = BUFFER_INIT;
    for (unsigned i = 0; i < n; i++) {
        buffer_clear(&word);
        buffer_add_text(&word, required[i] ? "" : "[");
        option_print_flag(rows[i], &word);
        buffer_add_text(&word, required[i] ? "" : "]");
        word_add(out, start, word.data);
    }
    buffer_release(&word);
}

/* "hosts|ports|flows" */
static void verbs_add(const struct command *command, struct buffer *out) {
    for (unsigned i = 0; i < COMMAND_VERBS_MAX && command->verbs[i].name; i++)
        buffer_printf(out, "%s%s", i ? "|" : "", command->verbs[i].name);
}

/* Of one verb, or of all of them together. */
static void usage_line(const char *begin, const struct command *command, const struct command_verb *verb,
                       struct buffer *out) {
    size_t start = out->len;
    buffer_printf(out, "%s flowimport %s", begin, command->name);
    if (verb) {
        buffer_printf(out, " %s", verb->name);
    } else if (command->verbs[0].name) {
        buffer_add_text(out, " ");
        verbs_add(command, out);
    }
    options_add_words(out, &start, command, verb);
    if (verb && verb->operands) word_add(out, &start, verb->operands);
    if (command->operands) word_add(out, &start, command->operands);
    buffer_add_text(out, "\n");
}

/* Whether each has a usage of its own. */
static bool verbs_differ(const struct command *command) {
    for (unsigned i = 0; i < COMMAND_VERBS_MAX && command->verbs[i].name; i++)
        if (command->verbs[i].options || command->verbs[i].operands) return true;
    return false;
}

void command_line_usage(const struct command *command, const struct command_verb *verb, struct buffer *out) {
    if (verb || !verbs_differ(command)) {
        usage_line("usage:", command, verb, out);
        return;
    }
    for (unsigned i = 0; i < COMMAND_VERBS_MAX && command->verbs[i].name; i++)
        usage_line(i ? "      " : "usage:", command, &command->verbs[i], out);
}

bool command_line_help(const struct options *options, char **operands, int n_operands, struct buffer *out) {
    const struct command_verb *verb;
    const struct command *command = command_line_find(options, operands, n_operands, &verb);
    const struct option *rows[COMMAND_OPTIONS_MAX];
    if (!command) return false;
    command_line_usage(command, verb, out);
    buffer_printf(out, "\nflowimport %s: %s\n\nOptions:\n", command->name, command->help);
    unsigned n = command_line_options(command, verb, rows, NULL);
    for (unsigned i = 0; i < n; i++)
        option_print_help(rows[i], 1, out);
    option_print_help(config_standard_options, config_n_standard_options, out);
    buffer_add_text(out, "\nAnd the options of the configuration file, which flowimport --help lists; flowimport(1) "
                         "says more.\n");
    return true;
}

/* The first column of the overview: the command with its verbs and operands. */
static void call_add(const struct command *command, struct buffer *out) {
    const char *operands = command->operands;
    buffer_add_text(out, command->name);
    if (command->verbs[0].name) buffer_add_text(out, " ");
    verbs_add(command, out);
    for (unsigned i = 0; i < COMMAND_VERBS_MAX && command->verbs[i].name; i++)
        if (command->verbs[i].operands) operands = command->verbs[i].operands;
    if (operands) buffer_printf(out, " %s", operands);
}

void command_line_overview(struct buffer *out) {
    buffer_add_text(out, "usage: flowimport [-c FILE] [--OPTION VALUE ...] COMMAND\n\nCommands:\n");
    for (unsigned i = 0; i < n_commands; i++) {
        size_t start = out->len;
        buffer_add_text(out, "  ");
        call_add(&commands[i], out);
        if (out->len - start >= HELP_COLUMN) {
            buffer_add_text(out, "\n");
            start = out->len;
        }
        buffer_printf(out, "%*s %s\n", (int)(HELP_COLUMN - (out->len - start)), "", commands[i].help);
    }
    buffer_add_text(out,
                    "\n"
                    "--once, open, push and print read tables of other programs, too: --format vermont-db|argus-db "
                    "--from URL.\n"
                    "flowimport COMMAND --help shows the options of a command.\n"
                    "Exit codes: 0 done, 1 failed, 2 bad usage or configuration, 3 done, but entries were rejected.\n");
}
