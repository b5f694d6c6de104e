/* flowimport: the hand tool. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/folders.h"
#include "tool/command_line.h"
#include "tool/completion.h"
#include "tool/entries_table.h"
#include "tool/source.h"
#include "tool/synopsis.h"

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

static int folder_check(struct config *config) {
    if (folders_check_store(config) == 0) return EXIT_DONE;
    fwrite(config->options.errors.data, 1, config->options.errors.len, stderr);
    return EXIT_USAGE;
}

static int command_run(struct command_call *call, struct config *config, const char *overview) {
    const struct command_verb *verb;
    struct buffer usage = BUFFER_INIT;
    const struct command *command = command_line_find(&call->config->options, call->operands, call->n_operands, &verb);
    if (!command) { /* one that there isn't has been refused */
        fputs(overview, stderr);
        return EXIT_USAGE;
    }
    if (!call->options->once) {
        call->operands++;
        call->n_operands--;
    }
    command_line_usage(command, verb, &usage);
    call->usage = usage.data;
    int code = command->makes_store || (verb && verb->makes_store) ? folder_check(config) : EXIT_DONE;
    if (code == EXIT_DONE) code = call_run(call, command->run, command->reads_tables);
    buffer_release(&usage);
    return code;
}

static bool what_print(const char *what, struct buffer *out) {
    return synopsis_print(what, out) || completion_print(what, out);
}

int main(int argc, char **argv) {
    struct command_options values = {.from = 0};
    struct buffer overview = BUFFER_INIT;
    struct pipeline pipeline;
    struct config config;
    command_line_overview(&overview);
    const struct config_program program = {.name = "flowimport",
                                           .usage = overview.data,
                                           .options = command_options,
                                           .n_options = n_command_options,
                                           .values = &values,
                                           .check = command_line_check,
                                           .help = command_line_help,
                                           .print = what_print};
    int code = config_load(&config, &program, argc, argv);
    if (code == CONFIG_RUN) {
        pipeline_init(&pipeline, &config, program.name);
        struct command_call call = {.config = &config,
                                    .pipeline = &pipeline,
                                    .options = &values,
                                    .operands = config.operands,
                                    .n_operands = config.n_operands};
        code = from_read(&config, &values);
        if (code == EXIT_DONE) code = command_run(&call, &config, overview.data);
        free(values.from_url);
        free(values.from_table);
        config_release(&config);
    }
    buffer_release(&overview);
    return code;
}
