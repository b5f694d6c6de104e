/* What all commands of the hand tool share: what they are called with, exit codes, and how they say what is wrong. */
#ifndef FLOWIMPORT_TOOL_COMMAND_H
#define FLOWIMPORT_TOOL_COMMAND_H

#include "config/pipeline.h"

enum exit_code { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_REJECTED = 3 };

/* The options of the hand tool's command line. */
struct command_options {
    bool once, adopt, again, dry_run, end, follow, json, pretty, check;
    int format;       /* enum command_format */
    int64_t from, to; /* seconds since the epoch; 0: not given */
    int64_t time;     /* of flows that have none; 0: not given */
    uint64_t n;       /* rows */
    int64_t at;       /* of a retention run; 0: now */
    const char *definer;
    const char *where;              /* a filter; NULL: not given */
    const char *metric;             /* of top's rows; NULL: not given */
    const char *stores;             /* URLs; NULL: not given */
    const char *from_text;          /* as it was given, NULL: not; `from`, or: */
    char *from_url, *from_table;    /* NULL: none; owned. A pattern of fnmatch(3) */
    const char *from_password_file; /* NULL: not given */
    const char *rejected;           /* NULL: not given */
};

/* From FORMAT_JSON on those of enum foreign_format, in its order. */
enum command_format {
    FORMAT_AUTO,
    FORMAT_JSON,
    FORMAT_ZEEK,
    FORMAT_ARGUS,
    FORMAT_NFDUMP,
    FORMAT_VPC,
    FORMAT_PMACCT,
    FORMAT_SURICATA,
    FORMAT_GOFLOW2,
    FORMAT_SILK,
    FORMAT_GCP,
    FORMAT_AZURE,
    FORMAT_IANA,
    FORMAT_PCAP,
    FORMAT_VERMONT_DB, /* this and the next: tables of databases */
    FORMAT_ARGUS_DB
};

struct command_call {
    const struct config *config;
    const struct pipeline *pipeline;
    const struct command_options *options;
    char **operands; /* behind the command's own words */
    int n_operands;
    const char *usage; /* of the command, for command_usage() */
};

typedef int command_fn(const struct command_call *call);

/* One line on stderr, begun with the program's name. Returns `code`. */
int command_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* How the command is called, on stderr. Returns EXIT_USAGE. */
int command_usage(const struct command_call *call);

#endif
