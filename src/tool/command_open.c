/* flowimport open: files into a store that is gone afterwards, and the page on it. */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tool/backfill.h"
#include "tool/commands.h"
#include "tool/serve.h"

extern char **environ;

/* With the desktop's own program; whether one was started. */
static void browser_start(const char *url) {
    const char *const words[] = {"xdg-open", url, NULL};
    posix_spawnattr_t attributes;
    sigset_t none;
    pid_t pid;
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0); /* the terminal's Ctrl-C is for us */
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    int failed = posix_spawnp(&pid, words[0], NULL, &attributes, (char *const *)(uintptr_t)words, environ);
    posix_spawnattr_destroy(&attributes);
    if (failed) fprintf(stderr, "flowimport: xdg-open: %s; open the address yourself\n", strerror(failed));
}

static void page_show(void *context, const char *address) {
    char *url = mem_printf("http://%s/", address);
    (void)context;
    printf("%s   (Ctrl-C to stop)\n", url);
    fflush(stdout);
    if (getenv("DISPLAY") || getenv("WAYLAND_DISPLAY")) browser_start(url);
    free(url);
}

/* The same configuration, but for the store, and for what keeps old flows out. */
static int files_import(const struct command_call *call, struct pipeline *pipeline) {
    struct command_call import = *call;
    int worst = EXIT_DONE;
    pipeline->importer.rules.max_flow_age = 0;
    import.pipeline = pipeline;
    for (int i = 0; i < call->n_operands; i++) {
        int code = backfill_file(&import, call->operands[i]);
        if (code == EXIT_FAILED || worst == EXIT_DONE) worst = code;
    }
    return worst;
}

/* SQLite's log and its index have names of their own; the folder comes last. */
static const char *const leftovers[] = {"/flows.db", "/flows.db-wal", "/flows.db-shm", "/flows.db-journal", ""};
enum { N_LEFTOVERS = sizeof leftovers / sizeof leftovers[0] };
static char *leftover_paths[N_LEFTOVERS]; /* for a signal during the import, where nothing may be allocated */

static void store_remove(void) {
    for (int i = 0; i < N_LEFTOVERS - 1; i++)
        unlink(leftover_paths[i]);
    rmdir(leftover_paths[N_LEFTOVERS - 1]);
}

static void on_end(int number) {
    store_remove();
    _exit(128 + number);
}

static int page_open(const struct command_call *call, const char *folder) {
    struct pipeline pipeline = *call->pipeline;
    char *url = mem_printf("sqlite:%s/flows.db", folder);
    struct options *options = (struct options *)(uintptr_t)&call->config->options;
    bool anywhere = options_origin(options, "http", "listen").source != OPTION_COMMAND_LINE;
    pipeline.importer.store.url = url;
    pipeline.web_store = pipeline.importer.store;
    pipeline.web.workers.store = &pipeline.web_store;
    pipeline.web.workers.schema = &pipeline.schema;
    pipeline.web.retry_max_ms = 0;
    if (anywhere) {
        pipeline.web.listen = "127.0.0.1:0";
        pipeline.web.users = NULL;
    }
    int code = files_import(call, &pipeline);
    if (code != EXIT_FAILED) {
        int served = serve_run(&pipeline.web, call->config, page_show, NULL);
        if (served != EXIT_DONE) code = served;
    }
    free(url);
    return code;
}

int command_open(const struct command_call *call) {
    const char *parent = getenv("TMPDIR");
    if (call->n_operands == 0) return command_usage(call);
    char *folder = mem_printf("%s/flowimport-XXXXXX", parent && *parent ? parent : "/tmp");
    if (!mkdtemp(folder)) {
        int failed = command_fail(EXIT_FAILED, "%s: %s", folder, strerror(errno));
        free(folder);
        return failed;
    }
    for (int i = 0; i < N_LEFTOVERS; i++)
        leftover_paths[i] = mem_printf("%s%s", folder, leftovers[i]);
    signal(SIGINT, on_end);
    signal(SIGTERM, on_end);
    if (signal(SIGHUP, on_end) == SIG_IGN) signal(SIGHUP, SIG_IGN); /* under nohup(1) */
    int code = page_open(call, folder);
    store_remove();
    for (int i = 0; i < N_LEFTOVERS; i++)
        free(leftover_paths[i]);
    free(folder);
    return code;
}
