/* The options of a program: which value stands, where it came from, and the errors about them. */
#include "base/option.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/option_set.h"
#include "base/url.h"

static void *option_place(const struct option_group *group, unsigned row) {
    return (char *)group->target + group->rows[row].offset;
}

static bool option_is_text(const struct option *option) {
    return option->type == OPTION_TEXT || option->type == OPTION_SECRET || option->type == OPTION_URL;
}

static void option_free(const struct option_group *group, unsigned row) {
    if (!option_is_text(&group->rows[row])) return;
    char **text = option_place(group, row);
    free(*text);
    *text = NULL;
}

void options_init(struct options *options, int64_t now) { *options = (struct options){.now = now}; }

void options_add(struct options *options, const struct option *rows, unsigned n, void *target) {
    if (options->n_groups == OPTION_GROUPS_MAX) abort();
    struct option_group *group = &options->groups[options->n_groups++];
    *group = (struct option_group){rows, n, target, mem_zalloc(n, sizeof *group->origins)};
    for (unsigned i = 0; i < n; i++) {
        void *value = option_place(group, i);
        memset(value, 0, option_size(rows[i].type));
        if (!rows[i].standard || !option_parse(&rows[i], rows[i].standard, options->now, value)) continue;
        log_error("option", "%s: the default '%s' is not accepted", rows[i].name, rows[i].standard);
        abort();
    }
}

void options_release(struct options *options) {
    for (unsigned g = 0; g < options->n_groups; g++) {
        for (unsigned i = 0; i < options->groups[g].n; i++)
            option_free(&options->groups[g], i);
        free(options->groups[g].origins);
    }
    buffer_release(&options->errors);
    *options = (struct options){0};
}

int options_error(struct options *options, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    char *text = mem_alloc((size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    buffer_printf(&options->errors, "%s\n", text);
    free(text);
    options->n_errors++;
    return -1;
}

/* Says what is wrong with a text that option_parse refused, without showing a URL's password. Returns -1. */
static int options_refuse(struct options *options, const struct option *option, const char *where, const char *text) {
    struct buffer accepts = BUFFER_INIT;
    struct url url;
    struct error error;
    option_accepts(option, &accepts);
    if (option->type == OPTION_URL && url_parse(&url, text, &error)) {
        options_error(options, "%s: %s; expected %s", where, error.text, accepts.data);
    } else {
        if (option->type == OPTION_URL) url_release(&url);
        char *display = option->type == OPTION_URL ? url_display(text) : mem_strdup(text);
        /* Not every writer of a file knows that only ';' starts a comment behind a value. */
        const char *hint = strstr(text, " #") ? " (a comment after a value starts with ';')" : "";
        options_error(options, "%s: '%s' is not accepted: expected %s%s", where, display, accepts.data, hint);
        free(display);
    }
    buffer_release(&accepts);
    return -1;
}

/* Puts what was given before in front. */
static bool map_extend(struct option_map *map, const struct option_map *before) {
    struct option_map sum = *before;
    for (unsigned i = 0; i < map->n; i++) {
        for (unsigned j = 0; j < sum.n; j++)
            if (sum.keys[j] == map->keys[i]) return false;
        if (sum.n == OPTION_LIST_MAX) return false;
        sum.keys[sum.n] = map->keys[i];
        sum.values[sum.n++] = map->values[i];
    }
    *map = sum;
    return true;
}

int options_set(struct options *options, struct option_ref ref, enum option_source source, const char *where,
                const char *text) {
    const struct option_group *group = &options->groups[ref.group];
    const struct option *option = &group->rows[ref.row];
    struct option_origin *origin = &group->origins[ref.row];
    union { /* any option's value */
        const char *text;
        struct option_list list;
        struct option_map map;
    } value;
    if (option_parse(option, text, options->now, &value)) {
        origin->refused = true;
        return options_refuse(options, option, where, text);
    }
    if (source < origin->source) {
        if (option_is_text(option)) free((char *)value.text);
        return 0;
    }
    if (option->type == OPTION_SECONDS_MAP && source == OPTION_COMMAND_LINE && origin->source == source &&
        !map_extend(&value.map, option_place(group, ref.row)))
        return options_refuse(options, option, where, text);
    option_free(group, ref.row);
    memcpy(option_place(group, ref.row), &value, option_size(option->type));
    origin->source = source;
    return 0;
}

bool options_find(const struct options *options, const char *section, const char *name, struct option_ref *ref) {
    for (ref->group = 0; ref->group < options->n_groups; ref->group++) {
        const struct option_group *group = &options->groups[ref->group];
        for (ref->row = 0; ref->row < group->n; ref->row++) {
            const struct option *option = &group->rows[ref->row];
            if (option->section && strcmp(option->section, section) == 0 && strcmp(option->name, name) == 0)
                return true;
        }
    }
    return false;
}

static struct option_ref option_must_find(const struct options *options, const char *section, const char *name) {
    struct option_ref ref;
    if (options_find(options, section, name, &ref)) return ref;
    log_error("option", "[%s] %s: unknown option", section, name);
    abort();
}

struct option_origin options_origin(const struct options *options, const char *section, const char *name) {
    struct option_ref ref = option_must_find(options, section, name);
    return options->groups[ref.group].origins[ref.row];
}

int options_complain(struct options *options, const char *section, const char *name, const char *format, ...) {
    struct option_ref ref = option_must_find(options, section, name);
    struct option_origin origin = options->groups[ref.group].origins[ref.row];
    const struct option *option = &options->groups[ref.group].rows[ref.row];
    char text[1024];
    if (origin.refused) return -1;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    switch (origin.source) {
    case OPTION_FILE:
        return options_error(options, "%s:%u: [%s] %s: %s", options->path, origin.line, section, name, text);
    case OPTION_ENVIRONMENT: return options_error(options, "%s: %s", option->environment, text);
    case OPTION_COMMAND_LINE: return options_error(options, "--%s: %s", option->flag, text);
    case OPTION_DEFAULT: break;
    }
    return options_error(options, "[%s] %s (its default): %s", section, name, text);
}

int options_environment(struct options *options) {
    unsigned before = options->n_errors;
    struct option_ref ref;
    for (ref.group = 0; ref.group < options->n_groups; ref.group++) {
        const struct option_group *group = &options->groups[ref.group];
        for (ref.row = 0; ref.row < group->n; ref.row++) {
            const char *variable = group->rows[ref.row].environment;
            const char *text = variable ? getenv(variable) : NULL;
            /* The error is in the list; the count below includes it. */
            if (text && options_set(options, ref, OPTION_ENVIRONMENT, variable, text)) continue;
        }
    }
    return options->n_errors == before ? 0 : -1;
}
