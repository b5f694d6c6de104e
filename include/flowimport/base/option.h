/* Options: one table row each, and everything else read from the table: defaults, the configuration file, the
 * environment, the command line, checks, error texts, --help, the sample file and the manual.
 *
 * A value's place in the order default < file < environment < command line decides, whatever the order of the calls;
 * a value that loses is checked all the same. All errors are collected, one line each, for the person who can fix
 * them: file and line, option, value, what is accepted. */
#ifndef FLOWIMPORT_BASE_OPTION_H
#define FLOWIMPORT_BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

enum {
    OPTION_LIST_MAX = 8,   /* values of a list */
    OPTION_GROUPS_MAX = 4, /* tables of one program */
};

struct option_list {
    unsigned n;
    uint32_t values[OPTION_LIST_MAX];
};

struct option_map {
    unsigned n;
    uint32_t keys[OPTION_LIST_MAX];
    int64_t values[OPTION_LIST_MAX];
};

/* How the text is read, and what stands at the option's offset. */
enum option_type {
    OPTION_TEXT,         /* const char *: owned; NULL where the text is empty */
    OPTION_SECRET,       /* the same, never shown, never taken from the command line */
    OPTION_URL,          /* the same; its scheme is one of `words`; empty if `standard` is; no password in arguments */
    OPTION_BOOL,         /* bool: yes, no, true, false, on, off, 1, 0 */
    OPTION_COUNT,        /* uint64_t */
    OPTION_BYTES,        /* uint64_t; with K, M, G or T (1024) */
    OPTION_SECONDS,      /* int64_t; with ms, s, m, h, d, w or y (365 days), a bare number is seconds; whole seconds */
    OPTION_MILLISECONDS, /* the same in int64_t milliseconds; a bare number is seconds all the same */
    OPTION_WORD,         /* int: the value of one of `words` */
    OPTION_SECONDS_LIST, /* struct option_list: times as above, separated by commas or spaces, no two equal */
    /* struct option_map: 60=2d, 600=30d; both are times as above, the bounds are those of the second, no two keys are
     * equal. Given again on the command line, it adds to what was given before. */
    OPTION_SECONDS_MAP,
    OPTION_TIME, /* int64_t seconds since the epoch: a number, 2026-11-23, 2026-11-23T03:10[:00][Z], -2h, now */
};

struct option_word {
    const char *word; /* NULL ends the list */
    int value;
};

struct option {
    const char *section, *name; /* in the file; NULL: an option of the command line alone */
    const char *flag;           /* on the command line: "flush-interval" is --flush-interval, "n" is -n; NULL: none */
    enum option_type type;
    size_t offset;        /* in the target; see OPTION_AT */
    const char *standard; /* the default, as text; NULL: empty, zero, no */
    int64_t min, max;     /* of numbers, in the unit of the target; max 0: no bound */
    const struct option_word *words;
    const char *environment; /* the variable that sets it, or NULL */
    const char *placeholder; /* of the value in help texts: "URL"; NULL: by type */
    const char *help;        /* one sentence */
    const char *more;        /* further sentences for the manual and the sample file, or NULL */
    bool reload;             /* a running program takes a new value when it reads the file again */
};

/* The offset of a field, and a compile-time error where the field has another type than the option's type needs. */
#define OPTION_AT(target, field, type)                                                                                 \
    (offsetof(struct target, field) + 0 * sizeof(1 ? &((struct target *)0)->field : (type *)0))

enum option_source { OPTION_DEFAULT, OPTION_FILE, OPTION_ENVIRONMENT, OPTION_COMMAND_LINE };

struct option_origin {
    enum option_source source;
    unsigned line; /* of the file, where it stands in the file; else 0 */
    bool refused;  /* a text was given for it that was not accepted: the value is not what was meant */
};

struct option_group { /* one table and where its values go */
    const struct option *rows;
    unsigned n;
    void *target;
    struct option_origin *origins;
};

struct options {
    unsigned n_groups;
    struct option_group groups[OPTION_GROUPS_MAX];
    int64_t now;          /* seconds since the epoch, for OPTION_TIME; set by the caller */
    const char *path;     /* of the file that was read; borrowed */
    struct buffer errors; /* one line each, each ended by '\n' */
    unsigned n_errors;
};

void options_init(struct options *options, int64_t now);
/* Adds a table and sets its defaults in the target. Rows and target are borrowed; a default that its own row refuses
 * aborts. */
void options_add(struct options *options, const struct option *rows, unsigned n, void *target);
/* Frees the texts of all targets and the errors. */
void options_release(struct options *options);

/* Each returns 0, or -1 when errors were added. */
int options_file(struct options *options, const char *path) __attribute__((warn_unused_result));
int options_environment(struct options *options) __attribute__((warn_unused_result));
/* Options may stand anywhere before "--"; the operands are moved together to the front of argv + 1, `*n_operands` of
 * them. */
int options_arguments(struct options *options, int argc, char **argv, int *n_operands)
    __attribute__((warn_unused_result));

/* Adds an error line. Returns -1. */
int options_error(struct options *options, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Where the value of an option came from: never fails, an option that isn't there aborts. */
struct option_origin options_origin(const struct options *options, const char *section, const char *name);
/* Adds an error about an option's value: "FILE:LINE: [section] name: ..." or "--flag: ...", as its origin is. Nothing
 * where the option was refused: its own error says more. Returns -1. */
int options_complain(struct options *options, const char *section, const char *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* For a program that reads its configuration again, into another set of the same tables. `differs` is called for each
 * option whose values are not the same in the two. */
void options_compare(const struct options *running, const struct options *fresh,
                     void (*differs)(void *context, const struct option *option), void *context);
/* The values of those options that a running program takes change places, with their origins. Done again, all is as it
 * was. */
void options_exchange(struct options *running, struct options *fresh);

/* Reads one value into *value, which has the type that enum option_type says. 0; or -1, nothing written. */
int option_parse(const struct option *option, const char *text, int64_t now, void *value)
    __attribute__((warn_unused_result));
/* A time as OPTION_SECONDS has it, of `len` characters. 0, or -1. */
int option_seconds(const char *text, size_t len, int64_t *seconds) __attribute__((warn_unused_result));
size_t option_size(enum option_type type);
/* "a time from 1s to 1d, as 90, 90s, 5m, 2h or 1d": what option_parse takes. */
void option_accepts(const struct option *option, struct buffer *out);

/* "--format FORMAT", "-n N", "--once": an option that has a flag, as it is written. */
void option_print_flag(const struct option *option, struct buffer *out);
/* The lines of --help for those rows that have a flag. */
void option_print_help(const struct option *rows, unsigned n, struct buffer *out);
/* The configuration file with every option commented out at its default. */
void option_print_sample(const struct option *rows, unsigned n, struct buffer *out);
/* mdoc(7): the file's options, a list for each section; or the command line's, as items of the caller's list. */
void option_print_manual(const struct option *rows, unsigned n, bool command_line, struct buffer *out);

#endif
