/* SYNOPSIS and the list of commands, in mdoc(7). */
#include "tool/synopsis.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/mdoc.h"
#include "tool/command_line.h"

/* "FILE ...", "[tables|grants]": what is replaced is written in capital letters. */
static void operands_print(const char *operands, struct buffer *out) {
    bool optional = operands[0] == '[', replaced = isupper((unsigned char)operands[optional]);
    buffer_add_text(out, optional ? ".Op " : ".");
    buffer_add_text(out, replaced ? "Ar" : "Cm");
    for (const char *c = operands + optional; *c && *c != ']';) {
        char word[32];
        size_t len = strcspn(c, "| ]");
        snprintf(word, sizeof word, "%.*s", (int)len, c);
        for (char *letter = word; *letter; letter++)
            *letter = (char)tolower((unsigned char)*letter);
        buffer_printf(out, " %s", word);
        c += len;
        if (*c == '|') buffer_add_text(out, " |");
        c += *c == '|' || *c == ' ';
    }
    buffer_add_text(out, "\n");
}

static void option_print(const struct option *option, bool required, struct buffer *out) {
    struct buffer text = BUFFER_INIT;
    option_print_flag(option, &text);
    char *value = strchr(text.data, ' ');
    if (value) *value++ = '\0';
    buffer_add_text(out, required ? ".Fl " : ".Op Fl ");
    mdoc_argument(text.data + 1, out); /* Fl brings a dash along */
    if (value) {
        for (char *letter = value; *letter; letter++)
            *letter = (char)tolower((unsigned char)*letter);
        buffer_add_text(out, " Ar ");
        mdoc_argument(value, out);
    }
    buffer_add_text(out, "\n");
    buffer_release(&text);
}

static void call_print(const struct command *command, const struct command_verb *verb, struct buffer *out) {
    const struct option *rows[COMMAND_OPTIONS_MAX];
    bool required[COMMAND_OPTIONS_MAX];
    unsigned n = command_line_options(command, verb, rows, required);
    buffer_add_text(out, ".Nm\n.Op Fl c Ar file\n");
    if (command->name[0] == '-')
        buffer_printf(out, ".Fl \\%s\n", command->name + 1);
    else
        buffer_printf(out, ".Cm %s\n", command->name);
    if (verb) buffer_printf(out, ".Cm %s\n", verb->name);
    for (unsigned i = 0; i < n; i++)
        option_print(rows[i], required[i], out);
    if (verb && verb->operands) operands_print(verb->operands, out);
    if (command->operands) operands_print(command->operands, out);
}

/* Verbs with the same options stand together: "hosts | ports | flows". */
static void verbs_print(const struct command *command, struct buffer *out) {
    struct command_verb together = {.name = NULL};
    char names[64] = "";
    for (unsigned i = 0; i < COMMAND_VERBS_MAX && command->verbs[i].name; i++) {
        const struct command_verb *verb = &command->verbs[i];
        if (verb->options || verb->operands) {
            call_print(command, verb, out);
            continue;
        }
        size_t len = strlen(names);
        snprintf(names + len, sizeof names - len, "%s%s", len ? " | " : "", verb->name);
        together.name = names;
    }
    if (together.name) call_print(command, &together, out);
}

static void list_print(struct buffer *out) {
    buffer_add_text(out, ".Bl -tag -compact -width retention\n");
    for (unsigned i = 0; i < n_commands; i++) {
        const struct command *command = &commands[i];
        buffer_printf(out, command->name[0] == '-' ? ".It Fl \\%s\n" : ".It Cm %s\n",
                      command->name + (command->name[0] == '-'));
        mdoc_text(command->help, out);
    }
    buffer_add_text(out, ".El\n");
}

bool synopsis_print(const char *what, struct buffer *out) {
    if (strcmp(what, "manual-commands") == 0) {
        list_print(out);
        return true;
    }
    if (strcmp(what, "manual-synopsis") != 0) return false;
    for (unsigned i = 0; i < n_commands; i++) {
        if (commands[i].verbs[0].name)
            verbs_print(&commands[i], out);
        else
            call_print(&commands[i], NULL, out);
    }
    return true;
}
