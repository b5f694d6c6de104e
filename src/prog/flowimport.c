/* flowimport: the hand tool. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "prog/command.h"
#include "store/retention.h"

static const char usage[] =
    "usage: flowimport [-c FILE] [--OPTION VALUE ...] --once [FILE ...]   drain the queue, or import files\n"
    "       flowimport [...] print FILE ...             flows of files as queue entries, a line each\n"
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

static const struct option_word formats[] = {
    {"auto", FORMAT_AUTO}, {"json", FORMAT_JSON}, {"pcap", FORMAT_PCAP}, {NULL, 0}};

#define AT(field, type) OPTION_AT(command_options, field, type)
/* clang-format off */
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
     .help = "The format of the files; auto finds it by looking."},
    {.flag = "from",
     .type = OPTION_TIME,
     .offset = AT(from, int64_t),
     .placeholder = "TIME",
     .help = "Looks at buckets that begin at this time or later."},
    {.flag = "to",
     .type = OPTION_TIME,
     .offset = AT(to, int64_t),
     .placeholder = "TIME",
     .help = "Looks at buckets that begin before this time."},
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
     .help = "A file whose first line is the password for the database that is moved from."},
};

static const struct {
    const char *name;
    command_fn *run;
} commands[] = {
    {"top", command_top},
    {"status", command_status},
    {"verify", command_verify},
    {"rejected", command_rejected},
    {"migrate", command_migrate},
    {"print", command_print},
    {"export", command_export},
    {"convert", command_convert},
    {"push", command_push},
    {"schema", command_schema},
    {"retention", command_retention},
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

static int command_run(struct command_call *call) {
    if (call->options->once) return command_once(call);
    if (call->n_operands == 0) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    const char *name = call->operands[0];
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, name) != 0) continue;
        call->operands++;
        call->n_operands--;
        return commands[i].run(call);
    }
    return command_fail(EXIT_USAGE, "'%s' is no command; flowimport --help lists them", name);
}

int main(int argc, char **argv) {
    struct command_options values;
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
    code = command_run(&call);
    config_release(&config);
    return code;
}
