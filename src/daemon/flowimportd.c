/* flowimportd: the service. */
#include <signal.h>
#include <stdio.h>

#include "base/log.h"
#include "config/folders.h"
#include "daemon/account.h"
#include "daemon/service.h"

static const char usage[] =
    "usage: flowimportd [-c FILE] [--OPTION VALUE ...]\n"
    "\n"
    "Takes JSON flows from a Redis list, folds them into time buckets, and writes these to MySQL or SQLite; makes\n"
    "flows of an interface's packets, and collects NetFlow, IPFIX and sFlow, for the list, or straight for the "
    "tables.\n"
    "Runs in the foreground; SIGTERM and SIGINT flush and stop, SIGUSR1 flushes, SIGHUP reads the configuration "
    "again.\n";

/* Opens what takes privileges, and gives these up. 0, or the exit code. */
static int fronts_open(struct service_fronts *fronts, const struct config *config, const struct pipeline *pipeline) {
    struct error error = {""};
    const char *part = "capture";
    int code = 1;
    if (config->capture.interface && !(fronts->probe = probe_open(config, pipeline, &error))) goto failed;
    part = "collector";
    if (config->collector.listen && !(fronts->collector = collector_open(config, pipeline, &error))) goto failed;
    part = "main";
    code = 2;
    if (account_settle(config, fronts->probe || fronts->collector, &error) != 0) goto failed;
    return 0;
failed:
    log_error(part, "%s", error.text);
    probe_free(fronts->probe);
    collector_free(fronts->collector);
    return code;
}

int main(int argc, char **argv) {
    const struct config_program program = {.name = "flowimportd", .usage = usage, .no_operands = true};
    struct pipeline pipeline;
    struct service_fronts fronts = {NULL, NULL};
    struct config config;
    struct reload reload = {.program = &program, .argc = argc, .argv = argv, .config = &config, .pipeline = &pipeline};
    signal(SIGUSR1, SIG_IGN); /* until there is something to flush: its default would be the end */
    signal(SIGHUP, SIG_IGN);
    int code = config_load(&config, &program, argc, argv);
    if (code != CONFIG_RUN) return code;
    pipeline_init(&pipeline, &config, program.name);
    log_notice("main", "version " FLOWIMPORT_VERSION ", consumer '%s'", config.queue.consumer);
    code = fronts_open(&fronts, &config, &pipeline);
    if (code == 0 && folders_check_service(&config) != 0) { /* as who it is now */
        fwrite(config.options.errors.data, 1, config.options.errors.len, stderr);
        probe_free(fronts.probe);
        collector_free(fronts.collector);
        code = 2;
    }
    if (code == 0) code = service_run(&pipeline, &config, &fronts, &reload, NULL);
    config_release(&config);
    return code;
}
