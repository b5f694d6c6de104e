/* flowimportd: the service. */
#include <signal.h>

#include "base/log.h"
#include "prog/privileges.h"
#include "prog/service.h"

static const char usage[] =
    "usage: flowimportd [-c FILE] [--OPTION VALUE ...]\n"
    "\n"
    "Takes JSON flows from a Redis list, folds them into time buckets, and writes these to MySQL or SQLite; makes\n"
    "flows of an interface's packets, and brings them to the list, to the tables, or to collectors.\n"
    "Runs in the foreground; SIGTERM and SIGINT flush and stop, SIGUSR1 flushes, SIGHUP reads the configuration "
    "again.\n";

/* Opens what takes privileges, and gives these up. 0, or the exit code. */
static int probe_begin(struct probe **probe, const struct config *config, const struct pipeline *pipeline) {
    struct error error = {""};
    if (!config->capture.interface) return 0;
    *probe = probe_open(config, pipeline, &error);
    if (*probe && privileges_drop(config->capture.user, &error) == 0) return 0;
    log_error("capture", "%s", error.text);
    int code = *probe ? 2 : 1;
    probe_free(*probe);
    return code;
}

int main(int argc, char **argv) {
    const struct config_program program = {.name = "flowimportd", .usage = usage, .no_operands = true};
    struct pipeline pipeline;
    struct probe *probe = NULL;
    struct config config;
    struct reload reload = {.program = &program, .argc = argc, .argv = argv, .config = &config, .pipeline = &pipeline};
    signal(SIGUSR1, SIG_IGN); /* until there is something to flush: its default would be the end */
    signal(SIGHUP, SIG_IGN);
    int code = config_load(&config, &program, argc, argv);
    if (code != CONFIG_RUN) return code;
    pipeline_init(&pipeline, &config, program.name);
    log_notice("main", "version " FLOWIMPORT_VERSION ", consumer '%s'", config.queue.consumer);
    code = probe_begin(&probe, &config, &pipeline);
    if (code == 0) code = service_run(&pipeline, &config, probe, &reload, NULL);
    config_release(&config);
    return code;
}
