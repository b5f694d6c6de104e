/* Options for people: the lines of --help, the sample file, the lists of the manual. */
#include "base/option.h"

#include <stdio.h>
#include <string.h>

#include "base/mdoc.h"

enum { HELP_COLUMN = 30, LINE_WIDTH = 100 };

static const char *option_placeholder(const struct option *option) {
    if (option->placeholder) return option->placeholder;
    switch (option->type) {
    case OPTION_TEXT:
    case OPTION_SECRET: return "TEXT";
    case OPTION_URL: return "URL";
    case OPTION_BOOL: return "yes|no";
    case OPTION_COUNT: return "N";
    case OPTION_BYTES: return "SIZE";
    case OPTION_SECONDS:
    case OPTION_MILLISECONDS:
    case OPTION_TIME: return "TIME";
    case OPTION_WORD: return "WORD";
    case OPTION_SECONDS_LIST: return "TIME,...";
    case OPTION_SECONDS_MAP: return "SIZE=TIME,...";
    }
    return "";
}

static bool takes_value(const struct option *option) { return option->type != OPTION_BOOL; }

/* Words broken into lines, each begun by `prefix`; `column` is where the first one starts. */
static void text_wrap(const char *text, size_t column, const char *prefix, struct buffer *out) {
    size_t width = column;
    while (*text) {
        size_t len = strcspn(text, " ");
        if (width > strlen(prefix) && width + 1 + len > LINE_WIDTH) {
            buffer_printf(out, "\n%s", prefix);
            width = strlen(prefix);
        } else if (width > column || column > strlen(prefix)) {
            buffer_add_text(out, " ");
            width++;
        }
        buffer_add(out, text, len);
        width += len;
        text += len + strspn(text + len, " ");
    }
    buffer_add_text(out, "\n");
}

void option_print_flag(const struct option *option, struct buffer *out) {
    buffer_printf(out, "%s%s", strlen(option->flag) == 1 ? "-" : "--", option->flag);
    if (takes_value(option)) buffer_printf(out, " %s", option_placeholder(option));
}

void option_print_help(const struct option *rows, unsigned n, struct buffer *out) {
    char prefix[HELP_COLUMN + 1];
    snprintf(prefix, sizeof prefix, "%*s", HELP_COLUMN, "");
    for (unsigned i = 0; i < n; i++) {
        const struct option *option = &rows[i];
        if (!option->flag || !option->help || option->type == OPTION_SECRET) continue;
        size_t start = out->len;
        buffer_add_text(out, "  ");
        option_print_flag(option, out);
        if (out->len - start >= HELP_COLUMN) {
            buffer_add_text(out, "\n");
            start = out->len;
        }
        buffer_printf(out, "%*s", (int)(HELP_COLUMN - (out->len - start)), "");
        struct buffer text = BUFFER_INIT;
        buffer_add_text(&text, option->help);
        if (option->standard && option->section) buffer_printf(&text, " (%s)", option->standard);
        text_wrap(text.data, HELP_COLUMN, prefix, out);
        buffer_release(&text);
    }
}

void option_print_sample(const struct option *rows, unsigned n, struct buffer *out) {
    const char *section = NULL;
    for (unsigned i = 0; i < n; i++) {
        const struct option *option = &rows[i];
        if (!option->section) continue;
        if (!section || strcmp(section, option->section) != 0) buffer_printf(out, "\n[%s]\n", option->section);
        section = option->section;
        struct buffer text = BUFFER_INIT;
        buffer_printf(&text, "# %s%s%s", option->help, option->more ? " " : "", option->more ? option->more : "");
        buffer_add_text(out, "\n");
        text_wrap(text.data, 0, "# ", out);
        buffer_clear(&text);
        if (option->type != OPTION_TEXT && option->type != OPTION_SECRET) {
            buffer_add_text(&text, "# Accepts ");
            option_accepts(option, &text);
            buffer_add_text(&text, ".");
            text_wrap(text.data, 0, "# ", out);
        }
        if (option->reload) buffer_add_text(out, "# SIGHUP applies a new value.\n");
        buffer_release(&text);
        buffer_printf(out, "#%s =%s%s\n", option->name, option->standard ? " " : "",
                      option->standard ? option->standard : "");
    }
}

static void manual_item(const struct option *option, bool command_line, struct buffer *out) {
    bool is_short = option->flag && strlen(option->flag) == 1;
    if (command_line) {
        buffer_add_text(out, ".It Fl ");
        char flag[64];
        snprintf(flag, sizeof flag, "%s%s", is_short ? "" : "-", option->flag);
        mdoc_argument(flag, out);
        if (takes_value(option)) {
            buffer_add_text(out, " Ar ");
            mdoc_argument(option_placeholder(option), out);
        }
    } else {
        buffer_add_text(out, ".It Cm ");
        mdoc_argument(option->name, out);
        buffer_add_text(out, " Ns = Ns Ar ");
        mdoc_argument(option_placeholder(option), out);
    }
    buffer_add_text(out, "\n");
    mdoc_text(option->help, out);
    if (option->more) mdoc_text(option->more, out);
    if (option->type != OPTION_TEXT && option->type != OPTION_SECRET && option->type != OPTION_BOOL) {
        struct buffer accepts = BUFFER_INIT;
        buffer_add_text(&accepts, "Accepts ");
        option_accepts(option, &accepts);
        buffer_add_text(&accepts, ".");
        mdoc_text(accepts.data, out);
        buffer_release(&accepts);
    }
    if (command_line) return;
    if (option->standard) {
        buffer_add_text(out, "The default is\n.Ql ");
        mdoc_argument(option->standard, out);
        buffer_add_text(out, " .\n");
    }
    if (option->flag && option->type != OPTION_SECRET) {
        buffer_add_text(out, "On the command line:\n.Fl ");
        char flag[64];
        snprintf(flag, sizeof flag, "%s%s", is_short ? "" : "-", option->flag);
        mdoc_argument(flag, out);
        buffer_add_text(out, " .\n");
    }
    if (option->reload) buffer_add_text(out, ".Dv SIGHUP\napplies a new value.\n");
    if (option->environment) buffer_printf(out, "In the environment:\n.Ev %s .\n", option->environment);
}

void option_print_manual(const struct option *rows, unsigned n, bool command_line, struct buffer *out) {
    const char *section = NULL;
    for (unsigned i = 0; i < n; i++) {
        const struct option *option = &rows[i];
        if (!option->help || (command_line ? !option->flag : !option->section)) continue;
        if (!command_line && (!section || strcmp(section, option->section) != 0)) {
            if (section) buffer_add_text(out, ".El\n");
            buffer_printf(out, ".Ss [%s]\n.Bl -tag -width Ds\n", option->section);
            section = option->section;
        }
        manual_item(option, command_line, out);
    }
    if (section) buffer_add_text(out, ".El\n");
}
