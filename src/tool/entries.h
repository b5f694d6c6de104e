/* From any source to its queue entries: files of lines, of any format, captures, databases; one way for print, push,
 * --once and export.
 *
 * A source is a table of functions and a state. Entries come in an order that depends on nothing but the source's
 * contents, and each with a position by which a later run goes on behind it. Records that are no entries are reported
 * on stderr, the first REPORTED_MAX one by one, and appended to the file of --rejected as they were. */
#ifndef FLOWIMPORT_TOOL_ENTRIES_H
#define FLOWIMPORT_TOOL_ENTRIES_H

#include <stdio.h>

#include "flow/reject.h"
#include "tool/command.h"

enum { REPORTED_MAX = 10 };

/* Each returns an exit code; with anything but EXIT_DONE the reading ends, and that is returned. */
struct entries_handler {
    void *context;
    /* An entry, borrowed. `position` lies behind it. */
    int (*each)(void *context, int64_t position, const char *text, size_t len);
    /* A record that is no entry; it has been reported and kept. NULL: nothing is done with it. */
    int (*refused)(void *context, int64_t position, enum reject_reason reason);
};

struct entries;

struct entries_source {
    const char *noun; /* what entries are made of: "line", "flow", "row"; for messages, with their number */
    const char *unit; /* of positions: "bytes", "flows" */
    /* What the contents are known by: 32 hexadecimal digits, into entries->identity. NULL with a source that has set
     * it when it was opened. */
    int (*identify)(struct entries *entries);
    /* Calls entries_give() or entries_refuse() for each record that ends behind `begin`; their code, if it isn't
     * EXIT_DONE, ends the reading and is returned. */
    int (*read)(struct entries *entries, int64_t begin);
    void (*close)(struct entries *entries);
    int64_t (*count)(int64_t position); /* of units before it; NULL: the position itself */
};

struct entries {
    const struct entries_source *source;
    void *state; /* the source's own */
    const struct command_call *call;
    const char *name;   /* for messages; the file as it was named */
    char identity[33];  /* "" until entries_identify() */
    int64_t way;        /* what positions depend on besides the contents, not 0 of captures; 0: nothing */
    bool lasting;       /* progress is shown */
    int64_t number;     /* of the record under way: a line, a flow, a row */
    int64_t column;     /* where it begins in the line, from 1 on; 0 or 1: with it */
    uint64_t refused;   /* records that were */
    uint64_t known;     /* of these, from the first on, were reported and kept in an earlier reading */
    uint64_t damaged;   /* parts of a capture that are missing, of which it has been told */
    FILE *report;       /* where rejected records are named; NULL: standard error, and the first REPORTED_MAX alone */
    FILE *kept;         /* of --rejected; NULL */
    const char *record; /* under way, as it stands in the source, for --rejected; NULL: as the entry has it */
    size_t record_len;
    const char *header; /* what records need in front of them to be read again */
    char *kept_header;  /* that was written last */
    const struct entries_handler *handler;
};

/* With the code so far. Returns it, or if that is EXIT_DONE: EXIT_REJECTED where records were refused, which it says,
 * or blocks ignored; EXIT_FAILED where they could not be kept. NULL: EXIT_FAILED. */
int entries_close(struct entries *entries, int code);
/* To be read again from a record on: `refused` of those before it were refused. Takes *entries over, or leaves it alone
 * where `fresh`, the same source opened anew, is NULL. Returns `fresh`. */
struct entries *entries_continue(struct entries *fresh, struct entries *entries, uint64_t refused);
/* An exit code, and entries->identity. */
int entries_identify(struct entries *entries);
/* From the record behind position `begin` to the last. EXIT_DONE; EXIT_FAILED, and it has been said why; or what the
 * handler returned. */
int entries_read(struct entries *entries, int64_t begin, const struct entries_handler *handler);
/* How many of its source's units lie before a position. */
int64_t entries_count(const struct entries *entries, int64_t position);
/* Of the entry that is being given: reports, counts and keeps it. EXIT_DONE, or EXIT_FAILED. */
int entries_reject(struct entries *entries, const char *why);

/* --- for sources --- */

/* A new one, whose number is 0. `name` is borrowed. */
struct entries *entries_new(const struct command_call *call, const char *name, const struct entries_source *source,
                            void *state, bool lasting);
int entries_give(struct entries *entries, int64_t position, const char *text, size_t len);
/* The record under way is wrong. */
int entries_refuse(struct entries *entries, int64_t position, enum reject_reason reason, const char *why);

#endif
