/* flowimport serve: page and API on the configured store. */
#include <stdio.h>

#include "tool/commands.h"
#include "tool/serve.h"

static void address_tell(void *context, const char *address) {
    (void)context;
    printf("http://%s/\n", address);
    fflush(stdout);
}

int command_serve(const struct command_call *call) {
    struct web_config web = call->pipeline->web;
    struct store_config config = call->pipeline->web_store;
    struct store *store;
    struct error error;
    if (call->n_operands > 0) return command_usage(call);
    if (!web.listen) return command_fail(EXIT_USAGE, "[http] listen is empty: requires an address and a port");
    /* What is wrong with the store is better said now than to each who asks. */
    config.read_only = true;
    if (store_open(&store, &config, &call->pipeline->schema, &error) != STORE_OK)
        return command_fail(EXIT_FAILED, "%s", error.text);
    store_close(store);
    web.retry_max_ms = 0;
    return serve_run(&web, call->config, address_tell, NULL);
}
