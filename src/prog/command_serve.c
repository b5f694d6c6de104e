/* flowimport serve: page and API on a store, until a signal. */
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>

#include "prog/command.h"
#include "prog/monitor.h"

static void on_stop(evutil_socket_t number, short what, void *context) {
    (void)number, (void)what;
    event_base_loopbreak(context);
}

int serve_run(const struct web_config *web, void (*ready)(void *context, const char *address), void *context) {
    static const int ends[] = {SIGINT, SIGTERM};
    enum { N_ENDS = sizeof ends / sizeof ends[0] };
    static const struct service_parts no_parts;
    struct event_base *base = event_base_new();
    struct event *signals[N_ENDS];
    struct error error;
    int code = EXIT_DONE;
    signal(SIGPIPE, SIG_IGN);
    for (unsigned i = 0; i < N_ENDS; i++) {
        signals[i] = evsignal_new(base, ends[i], on_stop, base);
        evsignal_add(signals[i], NULL);
    }
    struct monitor *monitor = monitor_new(base, web, &no_parts, &error);
    if (!monitor) {
        code = command_fail(EXIT_USAGE, "%s", error.text);
    } else if (!monitor_address(monitor)) {
        code = EXIT_FAILED; /* it has been said why */
    } else {
        if (!web_has_page())
            fprintf(stderr, "flowimport: the page is not in this program, the API alone: make page all, with npm\n");
        ready(context, monitor_address(monitor));
        event_base_dispatch(base);
    }
    monitor_free(monitor);
    for (unsigned i = 0; i < N_ENDS; i++)
        event_free(signals[i]);
    event_base_free(base);
    return code;
}

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
    if (call->n_operands > 0) return command_usage("serve [--http-listen ADDRESS:PORT] [--store URL]");
    if (!web.listen) return command_fail(EXIT_USAGE, "[http] listen is empty: it takes an address and a port");
    /* What is wrong with the store is better said now than to each who asks. */
    config.read_only = true;
    if (store_open(&store, &config, &call->pipeline->schema, &error) != STORE_OK)
        return command_fail(EXIT_FAILED, "%s", error.text);
    store_close(store);
    web.retry_max_ms = 0;
    return serve_run(&web, address_tell, NULL);
}
