/* Completion for bash, zsh and fish: commands, their verbs, options and files, and the options' values. */
#include "tool/completion.h"

#include <string.h>

#include "tool/command_line.h"

/* --- what all shells want to know --- */

/* The options that every command accepts. */
static const struct {
    const struct option *rows;
    const unsigned *n;
} general[] = {{config_options, &config_n_options}, {config_standard_options, &config_n_standard_options}};

typedef void option_fn(const struct option *option, struct buffer *out);

static void general_each(option_fn *each, struct buffer *out) {
    for (unsigned g = 0; g < 2; g++)
        for (unsigned i = 0; i < *general[g].n; i++) {
            const struct option *option = &general[g].rows[i];
            if (option->flag && option->help && option->type != OPTION_SECRET) each(option, out);
        }
}

/* And of them all, those of the commands too, each once. */
static void all_each(option_fn *each, struct buffer *out) {
    for (unsigned i = 0; i < n_command_options; i++)
        each(&command_options[i], out);
    general_each(each, out);
}

/* What a command lists and not every one accepts; the verb's, or with NULL those of all verbs. */
static void own_each(const struct command *command, const struct command_verb *verb, option_fn *each,
                     struct buffer *out) {
    const struct option *rows[COMMAND_OPTIONS_MAX];
    unsigned n = command_line_options(command, verb, rows, NULL);
    for (unsigned i = 0; i < n; i++)
        if (!rows[i]->section) each(rows[i], out);
}

static const char *dashes(const struct option *option) { return strlen(option->flag) > 1 ? "--" : "-"; }

enum value { VALUE_NONE, VALUE_ANY, VALUE_FILE, VALUE_FOLDER, VALUE_WORDS };

static enum value value_of(const struct option *option) {
    if (option->type == OPTION_BOOL) return VALUE_NONE;
    if (option->type == OPTION_WORD) return VALUE_WORDS;
    if (option->placeholder && strcmp(option->placeholder, "FILE") == 0) return VALUE_FILE;
    if (option->placeholder && strcmp(option->placeholder, "FOLDER") == 0) return VALUE_FOLDER;
    return VALUE_ANY;
}

static void words_add(const struct option *option, struct buffer *out) {
    for (const struct option_word *word = option->words; word->word; word++)
        buffer_printf(out, "%s%s", word == option->words ? "" : " ", word->word);
}

static void verbs_add(const struct command *command, struct buffer *out) {
    for (unsigned i = 0; i < COMMAND_VERBS_MAX && command->verbs[i].name; i++)
        buffer_printf(out, "%s%s", i ? " " : "", command->verbs[i].name);
}

/* "[tables|grants|retention]" as words. */
static void choice_add(const char *operands, struct buffer *out) {
    for (; *operands; operands++)
        if (!strchr("[]", *operands)) buffer_add(out, *operands == '|' ? " " : operands, 1);
}

static bool reads_files(const struct command *command) {
    return command->operands && (strstr(command->operands, "FILE") || strstr(command->operands, ".xml"));
}

static bool is_flag(const struct command *command) { return command->name[0] == '-'; }

/* In single quotes, with a backslash before each of `escaped`, and without the last stop. */
static void quoted_add(const char *text, const char *escaped, struct buffer *out) {
    size_t len = strlen(text);
    if (len > 0 && text[len - 1] == '.') len--;
    for (size_t i = 0; i < len; i++) {
        if (strchr(escaped, text[i])) buffer_add_text(out, "\\");
        if (text[i] == '\'')
            buffer_add_text(out, "'\\''");
        else
            buffer_add(out, text + i, 1);
    }
}

static void head_add(const char *shell, struct buffer *out) {
    buffer_printf(out, "# Completion of flowimport(1) for %s: flowimport --print completion-%s\n", shell, shell);
}

/* --- bash --- */

static void bash_flag(const struct option *option, struct buffer *out) {
    buffer_printf(out, " %s%s", dashes(option), option->flag);
}

/* A branch of the case over the option that the word is the value of. */
static void bash_value(const struct option *option, struct buffer *out) {
    static const char *const actions[] = {[VALUE_ANY] = "return",
                                          [VALUE_FILE] = "_flowimport_files -f; return",
                                          [VALUE_FOLDER] = "_flowimport_files -d; return"};
    enum value value = value_of(option);
    if (value == VALUE_NONE) return;
    buffer_printf(out, "    %s%s) ", dashes(option), option->flag);
    if (value == VALUE_WORDS) {
        buffer_add_text(out, "mapfile -t COMPREPLY < <(compgen -W '");
        words_add(option, out);
        buffer_add_text(out, "' -- \"$word\"); return");
    } else {
        buffer_add_text(out, actions[value]);
    }
    buffer_add_text(out, " ;;\n");
}

static void bash_valued(const struct option *option, struct buffer *out) {
    if (value_of(option) != VALUE_NONE) buffer_printf(out, "|%s%s", dashes(option), option->flag);
}

/* What may follow: `operands`, options of the command's own, files. */
static void bash_branch(const struct command *command, const struct command_verb *verb, struct buffer *out) {
    buffer_printf(out, "    '%s%s%s') operands='", command->name, verb ? " " : "", verb ? verb->name : "");
    if (!verb) verbs_add(command, out);
    if (verb && verb->operands) choice_add(verb->operands, out);
    buffer_add_text(out, "' options='");
    own_each(command, verb, bash_flag, out);
    buffer_printf(out, "'%s ;;\n", reads_files(command) ? " files=yes" : "");
}

static void bash_print(struct buffer *out) {
    head_add("bash", out);
    buffer_add_text(out, "_flowimport_files() {\n"
                         "    compopt -o filenames\n"
                         "    mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$word\")\n"
                         "}\n"
                         "_flowimport() {\n"
                         "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
                         "    local at=1 command='' verb='' operands='' options='' files=''\n"
                         "    COMPREPLY=()\n"
                         "    # Bash makes three words of --option=value.\n"
                         "    if [ \"$word\" = = ]; then word=''\n"
                         "    elif [ \"$before\" = = ] && [ \"$COMP_CWORD\" -gt 2 ]; then "
                         "before=${COMP_WORDS[COMP_CWORD - 2]}\n"
                         "    fi\n"
                         "    case $before in\n"
                         "    -c) _flowimport_files -f; return ;;\n");
    all_each(bash_value, out);
    buffer_add_text(out, "    esac\n"
                         "    # The command, and its verb, among the words before this one.\n"
                         "    while [ \"$at\" -lt \"$COMP_CWORD\" ]; do\n"
                         "        case ${COMP_WORDS[at]} in\n"
                         "        --once) command=--once ;;\n"
                         "        -c");
    all_each(bash_valued, out);
    buffer_add_text(out, ") at=$((at + 1)); [ \"${COMP_WORDS[at]}\" != = ] || at=$((at + 1)) ;;\n"
                         "        -*) ;;\n"
                         "        *) if [ -z \"$command\" ]; then command=${COMP_WORDS[at]}\n"
                         "           elif [ -z \"$verb\" ]; then verb=${COMP_WORDS[at]}\n"
                         "           fi ;;\n"
                         "        esac\n"
                         "        at=$((at + 1))\n"
                         "    done\n"
                         "    case \"$command\" in\n"
                         "    '') operands='");
    for (unsigned i = 0; i < n_commands; i++)
        if (!is_flag(&commands[i])) buffer_printf(out, " %s", commands[i].name);
    buffer_add_text(out, "' options=--once ;;\n");
    for (unsigned i = 0; i < n_commands; i++)
        if (!commands[i].verbs[0].name) bash_branch(&commands[i], NULL, out);
    buffer_add_text(out, "    *) case \"$command${verb:+ $verb}\" in\n");
    for (unsigned i = 0; i < n_commands; i++) {
        if (!commands[i].verbs[0].name) continue;
        bash_branch(&commands[i], NULL, out);
        for (unsigned v = 0; v < COMMAND_VERBS_MAX && commands[i].verbs[v].name; v++)
            bash_branch(&commands[i], &commands[i].verbs[v], out);
    }
    buffer_add_text(out, "    esac ;;\n"
                         "    esac\n"
                         "    case $word in\n"
                         "    -*) mapfile -t COMPREPLY < <(compgen -W \"$options");
    general_each(bash_flag, out);
    buffer_add_text(out, "\" -- \"$word\") ;;\n"
                         "    *) if [ -n \"$files\" ]; then _flowimport_files -f\n"
                         "       else mapfile -t COMPREPLY < <(compgen -W \"$operands\" -- \"$word\")\n"
                         "       fi ;;\n"
                         "    esac\n"
                         "}\n"
                         "complete -F _flowimport flowimport\n");
}

/* --- zsh --- */

static void zsh_option(const struct option *option, struct buffer *out) {
    static const char *const actions[] = {[VALUE_ANY] = " ", [VALUE_FILE] = "_files", [VALUE_FOLDER] = "_files -/"};
    enum value value = value_of(option);
    bool is_long = strlen(option->flag) > 1;
    buffer_printf(out, "        '%s%s%s[", dashes(option), option->flag,
                  value == VALUE_NONE ? ""
                  : is_long           ? "="
                                      : "+");
    quoted_add(option->help, "[]:\\", out);
    buffer_add_text(out, "]");
    if (value != VALUE_NONE) {
        buffer_add_text(out, ":");
        quoted_add(option->placeholder ? option->placeholder : "value", ":\\", out);
        buffer_add_text(out, ":");
        if (value == VALUE_WORDS) {
            buffer_add_text(out, "(");
            words_add(option, out);
            buffer_add_text(out, ")");
        } else {
            buffer_add_text(out, actions[value]);
        }
    }
    buffer_add_text(out, "'\n");
}

static void zsh_branch(const struct command *command, struct buffer *out) {
    buffer_printf(out, "    %s) own=(\n", command->name);
    own_each(command, NULL, zsh_option, out);
    if (command->verbs[0].name) {
        buffer_add_text(out, "        '1:what:(");
        verbs_add(command, out);
        buffer_add_text(out, ")'\n");
    }
    for (unsigned i = 0; i < COMMAND_VERBS_MAX && command->verbs[i].name; i++)
        if (command->verbs[i].operands) {
            buffer_add_text(out, "        '2:what:(");
            choice_add(command->verbs[i].operands, out);
            buffer_add_text(out, ")'\n");
        }
    if (reads_files(command)) buffer_add_text(out, "        '*:file:_files'\n");
    buffer_add_text(out, "    ) ;;\n");
}

static void zsh_print(struct buffer *out) {
    buffer_add_text(out, "#compdef flowimport\n");
    head_add("zsh", out);
    buffer_add_text(out, "_flowimport() {\n"
                         "    local curcontext=$curcontext state line\n"
                         "    typeset -A opt_args\n"
                         "    local -a general own commands\n"
                         "    general=(\n"
                         "        '-c+[Reads this configuration file]:FILE:_files'\n");
    general_each(zsh_option, out);
    buffer_add_text(out, "    )\n    commands=(\n");
    for (unsigned i = 0; i < n_commands; i++) {
        if (is_flag(&commands[i])) continue;
        buffer_printf(out, "        '%s:", commands[i].name);
        quoted_add(commands[i].help, "", out);
        buffer_add_text(out, "'\n");
    }
    buffer_add_text(out, "    )\n"
                         "    state=--once\n"
                         "    if (( ! ${words[(I)--once]} )); then\n"
                         "        _arguments -C -S $general '--once[Imports files or drains the queue]' "
                         "'1:command:->command' '*::argument:->argument' && return\n"
                         "        case $state in\n"
                         "        command) _describe -t commands command commands; return ;;\n"
                         "        argument) state=$words[1] ;;\n"
                         "        *) return 1 ;;\n"
                         "        esac\n"
                         "    fi\n"
                         "    case $state in\n");
    for (unsigned i = 0; i < n_commands; i++)
        zsh_branch(&commands[i], out);
    buffer_add_text(out, "    esac\n"
                         "    _arguments -S $general $own\n"
                         "}\n"
                         "_flowimport \"$@\"\n");
}

/* --- fish --- */

static void fish_option(const struct option *option, const char *condition, struct buffer *out) {
    enum value value = value_of(option);
    buffer_printf(out, "complete -c flowimport%s -%c %s", condition, strlen(option->flag) > 1 ? 'l' : 's',
                  option->flag);
    if (value == VALUE_FILE) buffer_add_text(out, " -r -F");
    if (value == VALUE_FOLDER) buffer_add_text(out, " -x -a '(__fish_complete_directories)'");
    if (value == VALUE_ANY) buffer_add_text(out, " -x");
    if (value == VALUE_WORDS) {
        buffer_add_text(out, " -x -a '");
        words_add(option, out);
        buffer_add_text(out, "'");
    }
    buffer_add_text(out, " -d '");
    for (const char *c = option->help; *c && (*c != '.' || c[1]); c++)
        buffer_printf(out, "%s%c", strchr("'\\", *c) ? "\\" : "", *c);
    buffer_add_text(out, "'\n");
}

static void fish_general(const struct option *option, struct buffer *out) { fish_option(option, "", out); }

static bool lists(const struct command *command, const struct option *option) {
    const struct option *rows[COMMAND_OPTIONS_MAX];
    unsigned n = command_line_options(command, NULL, rows, NULL);
    for (unsigned i = 0; i < n; i++)
        if (rows[i] == option) return true;
    return false;
}

/* With the commands that accept it, or with --once. */
static void fish_own(const struct option *option, struct buffer *out) {
    struct buffer condition = BUFFER_INIT;
    const char *begin = "__fish_seen_subcommand_from";
    bool once = false;
    for (unsigned i = 0; i < n_commands; i++) {
        if (!lists(&commands[i], option)) continue;
        once |= is_flag(&commands[i]);
        if (is_flag(&commands[i])) continue;
        buffer_printf(&condition, "%s%s %s", condition.len ? "" : " -n '", condition.len ? "" : begin,
                      commands[i].name);
    }
    if (once) buffer_printf(&condition, "%s__fish_contains_opt once", condition.len ? "; or " : " -n '");
    if (condition.len) buffer_add_text(&condition, "'");
    fish_option(option, condition.len ? condition.data : "", out);
    buffer_release(&condition);
}

static void fish_print(struct buffer *out) {
    struct buffer names = BUFFER_INIT;
    head_add("fish", out);
    buffer_add_text(out, "complete -c flowimport -f\n");
    for (unsigned i = 0; i < n_commands; i++)
        if (!is_flag(&commands[i])) buffer_printf(&names, " %s", commands[i].name);
    for (unsigned i = 0; i < n_commands; i++) {
        const struct command *command = &commands[i];
        if (is_flag(command)) continue;
        buffer_printf(out,
                      "complete -c flowimport -n 'not __fish_seen_subcommand_from%s; and not __fish_contains_opt once' "
                      "-a %s -d '",
                      names.data, command->name);
        quoted_add(command->help, "", out);
        buffer_add_text(out, "'\n");
        if (command->verbs[0].name) {
            buffer_printf(out,
                          "complete -c flowimport -n '__fish_seen_subcommand_from %s; and not "
                          "__fish_seen_subcommand_from ",
                          command->name);
            verbs_add(command, out);
            buffer_add_text(out, "' -a '");
            verbs_add(command, out);
            buffer_add_text(out, "'\n");
        }
        for (unsigned v = 0; v < COMMAND_VERBS_MAX && command->verbs[v].name; v++)
            if (command->verbs[v].operands) {
                buffer_printf(out,
                              "complete -c flowimport -n '__fish_seen_subcommand_from %s; and "
                              "__fish_seen_subcommand_from %s' -a '",
                              command->name, command->verbs[v].name);
                choice_add(command->verbs[v].operands, out);
                buffer_add_text(out, "'\n");
            }
        /* "print" is a verb of schema's, too. */
        if (reads_files(command))
            buffer_printf(out,
                          "complete -c flowimport -n '__fish_seen_subcommand_from %s; and not "
                          "__fish_seen_subcommand_from schema' -F\n",
                          command->name);
    }
    buffer_add_text(out, "complete -c flowimport -n '__fish_contains_opt once' -F\n"
                         "complete -c flowimport -s c -r -F\n");
    for (unsigned i = 0; i < n_command_options; i++)
        fish_own(&command_options[i], out);
    general_each(fish_general, out);
    buffer_release(&names);
}

bool completion_print(const char *what, struct buffer *out) {
    static const struct {
        const char *what;
        void (*print)(struct buffer *out);
    } shells[] = {{"completion-bash", bash_print}, {"completion-zsh", zsh_print}, {"completion-fish", fish_print}};
    for (unsigned i = 0; i < sizeof shells / sizeof shells[0]; i++) {
        if (strcmp(shells[i].what, what) != 0) continue;
        shells[i].print(out);
        return true;
    }
    return false;
}
