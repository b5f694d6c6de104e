/* A server on the test's own loop, and its clients. */
#ifndef FLOWIMPORT_TESTS_HTTP_ENV_H
#define FLOWIMPORT_TESTS_HTTP_ENV_H

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/server.h"

enum { BOUND_MS = 20000 };

static struct event_base *base;
static struct http_server *server;
static uint16_t port;

static inline int connect_to(void) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* A server on a free port. */
static inline void env_begin(struct http_config config) {
    config.listen = "127.0.0.1:0";
    config.retry_max_ms = 100;
    base = event_base_new();
    server = http_server_new(base, &config);
    port = (uint16_t)atoi(strchr(http_server_address(server), ':') + 1);
}

static inline void end(void) {
    http_server_free(server);
    event_base_free(base);
}

/* Runs the loop until the client has something to read; returns what recv says, with errno. */
static inline ssize_t receive(int fd, char *text, size_t size) {
    int64_t until = clock_monotonic_us() + BOUND_MS * 1000LL;
    for (;;) {
        ssize_t n = recv(fd, text, size, MSG_DONTWAIT);
        if (n >= 0 || errno != EAGAIN) return n;
        assert_true(clock_monotonic_us() < until);
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
}

static inline void send_text(int fd, const char *text) {
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static inline bool is_shown(const char *line) {
    struct buffer out = BUFFER_INIT;
    struct show show;
    show_begin(&show, SHOW_PROMETHEUS, &out);
    http_server_show(server, &show);
    show_end(&show);
    bool found = strstr(out.data, line) != NULL;
    buffer_release(&out);
    return found;
}

static inline void shown(const char *line) { assert_true(is_shown(line)); }

#endif
