/* Page and API on a store, until a signal; SIGHUP has users and names read again. */
#include "tool/serve.h"

#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/monitor.h"

struct serve {
    struct event_base *base;
    struct monitor *monitor;
    const struct config *config;
    struct name_book *book; /* read again; NULL: still the configuration's */
    bool has_files;         /* of users or names */
    bool of_terminal;       /* ends with it */
};

static bool has_terminal(void) {
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0) close(fd);
    return fd >= 0;
}

static void on_stop(evutil_socket_t number, short what, void *context) {
    const struct serve *serve = context;
    (void)number, (void)what;
    event_base_loopbreak(serve->base);
}

/* A file that can't be used leaves the names as they were. */
static void names_reload(struct serve *serve) {
    struct error error;
    struct name_book *book = name_book_read(serve->config->names.files, serve->config->names.local, &error);
    if (book) {
        name_book_drop(serve->book);
        serve->book = book;
    } else {
        log_error("names", "%s; the names are unchanged", error.text);
    }
}

/* It is the end where there is nothing to be read again, or where a terminal that was closed sends it. */
static void on_hangup(evutil_socket_t number, short what, void *context) {
    struct serve *serve = context;
    bool is_closed = serve->of_terminal && !has_terminal();
    if (!serve->has_files || is_closed) {
        on_stop(number, what, context);
        return;
    }
    names_reload(serve);
    monitor_reload(serve->monitor, serve->book ? serve->book : serve->config->book);
}

int serve_run(const struct web_config *web, const struct config *config,
              void (*ready)(void *context, const char *address), void *context) {
    static const struct {
        int number;
        event_callback_fn run;
    } handled[] = {{SIGINT, on_stop}, {SIGTERM, on_stop}, {SIGHUP, on_hangup}};
    enum { N_HANDLED = sizeof handled / sizeof handled[0] };
    static const struct service_parts no_parts;
    struct serve serve = {.base = event_base_new(), .config = config, .has_files = web->users || config->names.files};
    struct event *signals[N_HANDLED] = {NULL};
    struct sigaction hangup;
    struct error error;
    int code = EXIT_DONE;
    signal(SIGPIPE, SIG_IGN);
    sigaction(SIGHUP, NULL, &hangup);
    bool is_ignored = hangup.sa_handler == SIG_IGN; /* as nohup(1) has it */
    serve.of_terminal = !is_ignored && has_terminal();
    for (unsigned i = 0; i < N_HANDLED; i++) {
        if (handled[i].number == SIGHUP && is_ignored && !serve.has_files) continue;
        signals[i] = evsignal_new(serve.base, handled[i].number, handled[i].run, &serve);
        evsignal_add(signals[i], NULL);
    }
    serve.monitor = monitor_new(serve.base, web, &no_parts, &error);
    if (!serve.monitor) {
        code = command_fail(EXIT_USAGE, "%s", error.text);
    } else if (!monitor_address(serve.monitor)) {
        code = EXIT_FAILED; /* it has been said why */
    } else {
        if (!web_has_page())
            fprintf(stderr, "flowimport: this program was built without the page, with the API only: run make page "
                            "all, which requires npm\n");
        ready(context, monitor_address(serve.monitor));
        event_base_dispatch(serve.base);
    }
    monitor_free(serve.monitor);
    for (unsigned i = 0; i < N_HANDLED; i++)
        if (signals[i]) event_free(signals[i]);
    event_base_free(serve.base);
    name_book_drop(serve.book);
    return code;
}
