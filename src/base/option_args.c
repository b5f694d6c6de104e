/* Options from the command line: --flag VALUE, --flag=VALUE, --flag of a bool, -n VALUE, -nVALUE. */
#include "base/option.h"

#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "base/option_set.h"
#include "base/url.h"

/* Whether the first `len` bytes of an argument name the flag: '-' and '_' are the same there. */
static bool flag_matches(const char *flag, const char *argument, size_t len) {
    if (!flag || strlen(flag) != len) return false;
    for (size_t i = 0; i < len; i++)
        if (flag[i] != (argument[i] == '_' ? '-' : argument[i])) return false;
    return true;
}

static const struct option *flag_find(const struct options *options, const char *argument, size_t len,
                                      struct option_ref *ref) {
    for (ref->group = 0; ref->group < options->n_groups; ref->group++) {
        const struct option_group *group = &options->groups[ref->group];
        for (ref->row = 0; ref->row < group->n; ref->row++)
            if (flag_matches(group->rows[ref->row].flag, argument, len)) return &group->rows[ref->row];
    }
    return NULL;
}

static bool has_password(const char *text) {
    struct url url;
    if (url_parse(&url, text, NULL)) return false;
    bool has = url.password != NULL;
    url_release(&url);
    return has;
}

/* `argument` is a whole one, of whose name `len` bytes stand behind the dashes. Returns -1. */
static int unknown_report(struct options *options, const char *argument, const char *name, size_t len) {
    struct option_ref ref;
    struct nearest nearest;
    /* A dash too much, or too few. */
    const char *meant = name - argument == 1 ? argument + 1 : name;
    size_t meant_len = strcspn(meant, "=");
    const struct option *option = flag_find(options, meant, meant_len, &ref);
    nearest_init(&nearest, name, len);
    for (unsigned g = 0; g < options->n_groups; g++)
        for (unsigned i = 0; i < options->groups[g].n; i++) {
            const struct option *row = &options->groups[g].rows[i];
            if (row->flag && row->help && row->type != OPTION_SECRET) nearest_offer(&nearest, row->flag);
        }
    const char *flag = option ? option->flag : nearest.word;
    int dashes = (int)(name - argument);
    if (!flag) return options_error(options, "%.*s%.*s: unknown option; see --help", dashes, "--", (int)len, name);
    return options_error(options, "%.*s%.*s: unknown option; did you mean %s%s?", dashes, "--", (int)len, name,
                         strlen(flag) > 1 ? "--" : "-", flag);
}

/* The option of argv[at]; *used becomes how many arguments it is. */
static int argument_take(struct options *options, int argc, char **argv, int at, int *used) {
    bool is_long = argv[at][1] == '-';
    const char *name = argv[at] + (is_long ? 2 : 1);
    size_t len = is_long ? strcspn(name, "=") : 1;
    const char *value = is_long ? (name[len] ? name + len + 1 : NULL) : (name[1] ? name + 1 : NULL);
    struct option_ref ref;
    const struct option *option = flag_find(options, name, len, &ref);
    if (!option || is_long != (strlen(option->flag) > 1)) return unknown_report(options, argv[at], name, len);
    char where[128];
    snprintf(where, sizeof where, "%s%s", is_long ? "--" : "-", option->flag);
    if (!value && option->type == OPTION_BOOL) {
        value = "yes";
    } else if (!value) {
        if (at + 1 == argc) return options_error(options, "%s: requires a value", where);
        value = argv[at + 1];
        *used = 2;
    }
    if (option->type == OPTION_SECRET || (option->type == OPTION_URL && has_password(value)))
        return options_error(options,
                             "%s: a password on the command line is visible to every user of the machine; use the "
                             "configuration file, a password file or the environment",
                             where);
    return options_set(options, ref, OPTION_COMMAND_LINE, where, value);
}

int options_arguments(struct options *options, int argc, char **argv, int *n_operands) {
    unsigned before = options->n_errors;
    bool ended = false;
    *n_operands = 0;
    for (int at = 1, used; at < argc; at += used) {
        used = 1;
        if (ended || argv[at][0] != '-' || argv[at][1] == '\0')
            argv[1 + (*n_operands)++] = argv[at]; /* never ahead of `at` */
        else if (strcmp(argv[at], "--") == 0)
            ended = true;
        else if (argument_take(options, argc, argv, at, &used))
            continue; /* the error is in the list; the rest is checked too */
    }
    return options->n_errors == before ? 0 : -1;
}
