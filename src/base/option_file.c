/* Options from an INI file, read by inih, with what inih leaves out: line numbers, and every error instead of the
 * first. */
#include "base/option.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/nearest.h"
#include "base/option_set.h"

enum { SECTION_MAX = 50 }; /* inih cuts section names to this */

/* The file under way. inih asks for a line, then hands over what was in it; between the two stands this. */
struct option_file {
    struct options *options;
    const char *path;
    FILE *stream;
    unsigned line;
    bool expected;                     /* the line looks like an option, and the handler hasn't seen it yet */
    bool indented;                     /* the line goes on with the value of the line before */
    char unknown_section[SECTION_MAX]; /* complained of already */
    /* The option whose value may go on in the next line. */
    bool open;
    struct option_ref ref;
    unsigned first_line;
    struct buffer value;
};

static void names_list(const struct options *options, const char *section, struct buffer *out) {
    const char *last = "";
    for (unsigned g = 0; g < options->n_groups; g++) {
        for (unsigned i = 0; i < options->groups[g].n; i++) {
            const struct option *option = &options->groups[g].rows[i];
            if (!option->section) continue;
            if (section ? strcmp(option->section, section) != 0 : strcmp(option->section, last) == 0) continue;
            last = option->section;
            buffer_printf(out, "%s%s", out->len ? ", " : "", section ? option->name : last);
        }
    }
}

/* The section that has an option of that name; NULL: none. */
static const char *section_of(const struct options *options, const char *name) {
    for (unsigned g = 0; g < options->n_groups; g++)
        for (unsigned i = 0; i < options->groups[g].n; i++) {
            const struct option *option = &options->groups[g].rows[i];
            if (option->section && strcmp(option->name, name) == 0) return option->section;
        }
    return NULL;
}

/* The name of a section, or with `section` of an option in it, that is nearest; NULL: none is near. */
static const char *name_guess(const struct options *options, const char *section, const char *name) {
    struct nearest nearest;
    nearest_init(&nearest, name, strlen(name));
    for (unsigned g = 0; g < options->n_groups; g++)
        for (unsigned i = 0; i < options->groups[g].n; i++) {
            const struct option *option = &options->groups[g].rows[i];
            if (!option->section || (section && strcmp(option->section, section) != 0)) continue;
            nearest_offer(&nearest, section ? option->name : option->section);
        }
    return nearest.word;
}

/* In a section that there is. */
static void unknown_option_report(struct option_file *file, const char *section, const char *name, const char *names) {
    const char *guess = name_guess(file->options, section, name), *other = section_of(file->options, name);
    char *start = mem_printf("%s:%u: [%s] %s: unknown option", file->path, file->line, section, name);
    if (guess)
        options_error(file->options, "%s; did you mean %s?", start, guess);
    else if (other)
        options_error(file->options, "%s; did you mean that of [%s]?", start, other);
    else
        options_error(file->options, "%s; [%s] has %s", start, section, names);
    free(start);
}

static void unknown_section_report(struct option_file *file, const char *section, const char *names) {
    const char *guess = name_guess(file->options, NULL, section);
    if (guess)
        options_error(file->options, "%s:%u: [%s]: unknown section; did you mean [%s]?", file->path, file->line,
                      section, guess);
    else
        options_error(file->options, "%s:%u: [%s]: unknown section; the sections are %s", file->path, file->line,
                      section, names);
}

/* A missing section is reported once, not for each of its options. */
static void unknown_report(struct option_file *file, const char *section, const char *name) {
    struct buffer names = BUFFER_INIT;
    names_list(file->options, section, &names);
    if (names.len) {
        unknown_option_report(file, section, name, names.data);
    } else if (strcmp(file->unknown_section, section) != 0 || !*section) {
        names_list(file->options, NULL, &names);
        snprintf(file->unknown_section, sizeof file->unknown_section, "%s", section);
        if (*section)
            unknown_section_report(file, section, names.data);
        else
            options_error(file->options, "%s:%u: %s: no section before it; the sections are %s", file->path, file->line,
                          name, names.data);
    }
    buffer_release(&names);
}

/* The value is whole: sets it. */
static void option_close(struct option_file *file) {
    if (!file->open) return;
    file->open = false;
    const struct option_group *group = &file->options->groups[file->ref.group];
    const struct option *option = &group->rows[file->ref.row];
    struct option_origin *origin = &group->origins[file->ref.row];
    if (origin->line) {
        options_error(file->options, "%s:%u: [%s] %s: repeated; first set in line %u", file->path, file->first_line,
                      option->section, option->name, origin->line);
        return;
    }
    origin->line = file->first_line;
    char *where = mem_printf("%s:%u: [%s] %s", file->path, file->first_line, option->section, option->name);
    const char *text = file->value.data ? file->value.data : "";
    if (options_set(file->options, file->ref, OPTION_FILE, where, text)) origin->source = OPTION_FILE;
    free(where);
}

/* inih's handler: not 0 means go on. */
static int option_handle(void *context, const char *section, const char *name, const char *value) {
    struct option_file *file = context;
    file->expected = false;
    if (file->indented) {
        if (strchr(value, '=')) {
            option_close(file); /* its errors first: errors stand in the order of lines */
            options_error(file->options, "%s:%u: an indented line continues a value; options must not be indented",
                          file->path, file->line);
        } else if (file->open) {
            buffer_printf(&file->value, " %s", value);
        }
        return 1;
    }
    option_close(file);
    if (!options_find(file->options, section, name, &file->ref)) {
        unknown_report(file, section, name);
        return 1;
    }
    file->open = true;
    file->first_line = file->line;
    buffer_clear(&file->value);
    buffer_add_text(&file->value, value);
    return 1;
}

/* What inih made nothing of, it skips: that is an error here. */
static void line_finish(struct option_file *file) {
    if (!file->expected) return;
    option_close(file);
    options_error(file->options, "%s:%u: neither 'name = value' nor '[section]'", file->path, file->line);
    file->expected = false;
}

/* inih's reader: the next line, at most `size` - 1 bytes of it. */
static char *line_read(char *line, int size, void *context) {
    struct option_file *file = context;
    line_finish(file);
    if (!fgets(line, size, file->stream)) return NULL;
    file->line++;
    size_t len = strlen(line);
    if (len && line[len - 1] != '\n' && !feof(file->stream)) {
        int c;
        while ((c = getc(file->stream)) != EOF && c != '\n') {}
        options_error(file->options, "%s:%u: longer than %d bytes; continue the value on indented lines", file->path,
                      file->line, size - 2);
        line[0] = '\0';
        return line;
    }
    size_t start = strspn(line, " \t\r\n");
    if (file->line == 1 && strncmp(line, "\xEF\xBB\xBF", 3) == 0)
        start += 3; /* a byte order mark, which inih skips too */
    const char *text = line + start;
    bool is_section = *text == '[' && strchr(text, ']');
    bool blank = !*text || *text == '#' || *text == ';' || *text == '\n';
    file->expected = !blank && !is_section;
    file->indented = file->expected && start > 0 && (*line == ' ' || *line == '\t') && file->open;
    if (is_section) option_close(file);
    /* Without an option above there is nothing to go on with: inih would call it an error. */
    if (!file->indented && start > 0) memmove(line, line + start, len - start + 1);
    return line;
}

int options_file(struct options *options, const char *path) {
    unsigned before = options->n_errors;
    struct option_file file = {.options = options, .path = path, .stream = fopen(path, "re")};
    options->path = path;
    if (!file.stream) return options_error(options, "%s: %s", path, strerror(errno));
    int status = ini_parse_stream(line_read, &file, option_handle, &file);
    line_finish(&file);
    option_close(&file);
    if (ferror(file.stream))
        options_error(options, "%s: %s", path, strerror(errno));
    else if (status < 0)
        options_error(options, "%s: can't be read", path);
    fclose(file.stream);
    buffer_release(&file.value);
    return options->n_errors == before ? 0 : -1;
}
