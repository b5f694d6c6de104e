/* flowimportd: the service. */
#include <signal.h>

#include "base/log.h"
#include "prog/service.h"

static const char usage[] =
    "usage: flowimportd [-c FILE] [--OPTION VALUE ...]\n"
    "\n"
    "Takes JSON flows from a Redis list, folds them into time buckets, and writes these to MySQL or SQLite.\n"
    "Runs in the foreground; SIGTERM and SIGINT flush and stop, SIGUSR1 flushes, SIGHUP reads the configuration "
    "again.\n";

int main(int argc, char **argv) {
    const struct config_program program = {.name = "flowimportd", .usage = usage, .no_operands = true};
    struct pipeline pipeline;
    struct config config;
    struct reload reload = {.program = &program, .argc = argc, .argv = argv, .config = &config, .pipeline = &pipeline};
    signal(SIGUSR1, SIG_IGN); /* until there is something to flush: its default would be the end */
    signal(SIGHUP, SIG_IGN);
    int code = config_load(&config, &program, argc, argv);
    if (code != CONFIG_RUN) return code;
    pipeline_init(&pipeline, &config, program.name);
    log_notice("main", "version " FLOWIMPORT_VERSION ", consumer '%s'", config.queue.consumer);
    code = service_run(&pipeline, &config, &reload, NULL);
    config_release(&config);
    return code;
}
