/* flowimport: the hand tool. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/commands.h"
#include "tool/entries_table.h"
#include "tool/source.h"

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
    fprintf(stderr, "--from: '%s' is not accepted: expected %s\n", text, accepts.data);
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
    for (unsigned i = 0; i < n_commands; i++) {
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
                                           .options = command_options,
                                           .n_options = n_command_options,
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
