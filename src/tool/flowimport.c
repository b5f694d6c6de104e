/* flowimport: the hand tool. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/entries_table.h"
#include "tool/source.h"
#include "store/retention/retention.h"

static const char usage[] =
    "usage: flowimport [-c FILE] [--OPTION VALUE ...] --once [FILE ...]   drain the queue, or import files\n"
    "       flowimport [...] print FILE ...             flows of files as queue entries, a line each\n"
    "       flowimport [...] open FILE ...              files as a page in the browser; nothing is kept\n"
    "       flowimport [...] serve                      the page and the API of the store\n"
    "       flowimport [...] --once|push|print --format vermont-db|argus-db --from URL   other programs' tables\n"
    "       flowimport [...] top hosts|ports|flows      who talks most\n"
    "       flowimport [...] status                     queue, claims, last commits\n"
    "       flowimport [...] verify                     the audit of all tables\n"
    "       flowimport [...] rejected list|retry|clear  entries that could not be counted\n"
    "       flowimport [...] migrate FROM_URL           flow-inspector's database into the store\n"
    "       flowimport [...] export --collectors URL,... FILE ...   flows of files as IPFIX or NetFlow v9\n"
    "       flowimport [...] convert VERMONT.xml        a configuration of VERMONT's as one of ours\n"
    "       flowimport [...] push FILE ...              files onto the queue\n"
    "       flowimport [...] push --follow FILE         a file that grows, too\n"
    "       flowimport [...] schema install|check|print [tables|grants|retention]   the tables, and their SQL\n"
    "       flowimport [...] retention install|status|run|remove   dropping what is older than --keep says\n"
    "\n"
    "Exit codes: 0 done, 1 failed, 2 bad usage or configuration, 3 done, but entries were rejected.\n";

/* clang-format off */
static const struct option_word formats[] = {
    {"auto", FORMAT_AUTO},   {"json", FORMAT_JSON},     {"zeek", FORMAT_ZEEK},
    {"argus", FORMAT_ARGUS}, {"nfdump", FORMAT_NFDUMP}, {"pcap", FORMAT_PCAP},
    {"vermont-db", FORMAT_VERMONT_DB}, {"argus-db", FORMAT_ARGUS_DB}, {NULL, 0}};

#define AT(field, type) OPTION_AT(command_options, field, type)
static const struct option options[] = {
    {.flag = "once",
     .type = OPTION_BOOL,
     .offset = AT(once, bool),
     .help = "Imports the given files, or without any drains the queue, then exits."},
    {.flag = "again",
     .type = OPTION_BOOL,
     .offset = AT(again, bool),
     .help = "Imports or pushes a file even if the same contents have been before."},
    {.flag = "end",
     .type = OPTION_BOOL,
     .offset = AT(end, bool),
     .help = "Pushes END behind the last file: it ends the importer that comes to it."},
    {.flag = "follow",
     .type = OPTION_BOOL,
     .offset = AT(follow, bool),
     .help = "Goes on pushing what is added to the file, across its rotation."},
    {.flag = "format",
     .type = OPTION_WORD,
     .offset = AT(format, int),
     .standard = "auto",
     .words = formats,
     .placeholder = "FORMAT",
     .help = "The format of the files; auto finds it by looking. vermont-db and argus-db: tables of a database."},
    {.flag = "rejected",
     .type = OPTION_TEXT,
     .offset = AT(rejected, const char *),
     .placeholder = "FILE",
     .help = "Appends records of files that are no entries to this file, as they were."},
    {.flag = "pretty",
     .type = OPTION_BOOL,
     .offset = AT(pretty, bool),
     .help = "Prints flows for people."},
    {.flag = "from",
     .type = OPTION_TEXT,
     .offset = AT(from_text, const char *),
     .placeholder = "TIME|URL",
     .help = "Looks at what was from this time on, in whole buckets; or the database that is read, "
             "mysql://user@host/database[?table=PATTERN]."},
    {.flag = "to",
     .type = OPTION_TIME,
     .offset = AT(to, int64_t),
     .placeholder = "TIME",
     .help = "Looks at what was before this time, in whole buckets."},
    {.flag = "n",
     .type = OPTION_COUNT,
     .offset = AT(n, uint64_t),
     .standard = "10",
     .min = 1,
     .max = 100000,
     .help = "Shows this many rows."},
    {.flag = "dry-run",
     .type = OPTION_BOOL,
     .offset = AT(dry_run, bool),
     .help = "Shows what would be done, and does nothing."},
    {.flag = "at",
     .type = OPTION_TIME,
     .offset = AT(at, int64_t),
     .placeholder = "TIME",
     .help = "Runs retention as if it were this time."},
    {.flag = "definer",
     .type = OPTION_TEXT,
     .offset = AT(definer, const char *),
     .standard = RETENTION_DEFINER,
     .placeholder = "USER@HOST",
     .help = "The account in whose name the retention event runs."},
    {.flag = "from-password-file",
     .type = OPTION_TEXT,
     .offset = AT(from_password_file, const char *),
     .placeholder = "FILE",
     .help = "A file whose first line is the password for the database that is moved or read from."},
};

static const struct {
    const char *name;
    command_fn *run;
    bool reads_tables; /* as it reads files */
} commands[] = {
    {"top", command_top, false},
    {"status", command_status, false},
    {"verify", command_verify, false},
    {"rejected", command_rejected, false},
    {"migrate", command_migrate, false},
    {"print", command_print, true},
    {"export", command_export, false},
    {"convert", command_convert, false},
    {"push", command_push, true},
    {"serve", command_serve, false},
    {"open", command_open, true},
    {"schema", command_schema, false},
    {"retention", command_retention, false},
};
/* clang-format on */

int command_fail(int code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("flowimport: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return code;
}

int command_usage(const char *line) {
    fprintf(stderr, "usage: flowimport %s\n", line);
    return EXIT_USAGE;
}

/* A time, or the URL of a database. */
static int from_read(const struct config *config, struct command_options *values) {
    static const struct option time = {.flag = "from", .type = OPTION_TIME};
    const char *text = values->from_text;
    struct buffer accepts = BUFFER_INIT;
    if (!text) return EXIT_DONE;
    if (strstr(text, "://")) {
        values->from_url = source_url(text, &values->from_table);
        return EXIT_DONE;
    }
    if (option_parse(&time, text, config->options.now, &values->from) == 0) return EXIT_DONE;
    option_accepts(&time, &accepts);
    fprintf(stderr, "--from: '%s' is not accepted: it takes %s\n", text, accepts.data);
    buffer_release(&accepts);
    return EXIT_USAGE;
}

/* With the tables of --from as operands, where they are asked for. */
static int call_run(const struct command_call *call, command_fn *run, bool reads_tables) {
    bool tables = call->options->format >= FORMAT_VERMONT_DB, url = call->options->from_url;
    if (!tables && !url) return run(call);
    if (!tables || !url || !reads_tables)
        return command_fail(EXIT_USAGE,
                            "--once, open, push and print read databases, with --format vermont-db or argus-db "
                            "and --from mysql://user@host/database");
    return entries_tables_run(call, run);
}

static int command_run(struct command_call *call) {
    if (call->options->once) return call_run(call, command_once, true);
    if (call->n_operands == 0) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    const char *name = call->operands[0];
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, name) != 0) continue;
        call->operands++;
        call->n_operands--;
        return call_run(call, commands[i].run, commands[i].reads_tables);
    }
    return command_fail(EXIT_USAGE, "'%s' is no command; flowimport --help lists them", name);
}

int main(int argc, char **argv) {
    struct command_options values = {.from = 0};
    const struct config_program program = {.name = "flowimport",
                                           .usage = usage,
                                           .options = options,
                                           .n_options = sizeof options / sizeof options[0],
                                           .values = &values};
    struct pipeline pipeline;
    struct config config;
    int code = config_load(&config, &program, argc, argv);
    if (code != CONFIG_RUN) return code;
    pipeline_init(&pipeline, &config, program.name);
    struct command_call call = {.config = &config,
                                .pipeline = &pipeline,
                                .options = &values,
                                .operands = config.operands,
                                .n_operands = config.n_operands};
    code = from_read(&config, &values);
    if (code == EXIT_DONE) code = command_run(&call);
    free(values.from_url);
    free(values.from_table);
    config_release(&config);
    return code;
}
