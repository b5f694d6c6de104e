/* What a client can't do to the server: stay for ever, silent, slow or deaf; or shut others out. Its addresses. */
#include "http_env.h"

#include <sys/resource.h>

enum { LARGE = 32 << 20, PATIENCE_MS = 60 };

static void large_answer(void *context, struct http_reply *reply) {
    (void)context;
    reply->type = "text/plain";
    buffer_reserve(&reply->body, LARGE);
    memset(reply->body.data, 'x', LARGE);
    reply->body.len = LARGE;
}

static void small_answer(void *context, struct http_reply *reply) {
    (void)context;
    reply->type = "text/plain";
    buffer_add_text(&reply->body, "abc");
}

static const struct http_route routes[] = {{"/large", large_answer, false}, {"/small", small_answer, false}};

static void begin(int64_t patience_ms) {
    env_begin((struct http_config){.routes = routes, .n_routes = 2, .patience_ms = patience_ms});
}

static void a_whole_reply(void **state) {
    (void)state;
    char text[1024];
    begin(BOUND_MS);
    int fd = connect_to();
    send_text(fd, "GET /small?a HTTP/1.1\r\nHost: a\r\n\r\n");
    ssize_t n = receive(fd, text, sizeof text - 1);
    assert_true(n > 0);
    text[n] = '\0';
    char *date = strstr(text, "Date: ");
    assert_non_null(date);
    memmove(date, strstr(date, "\r\n") + 2, strlen(strstr(date, "\r\n") + 2) + 1);
    assert_string_equal(text, "HTTP/1.1 200 OK\r\n"
                              "Content-Type: text/plain\r\n"
                              "Content-Length: 3\r\n"
                              "Cache-Control: no-store\r\n"
                              "X-Content-Type-Options: nosniff\r\n"
                              "\r\n"
                              "abc");
    shown("\nflowimport_http_requests_total{status=\"200\"} 1\n");
    shown("\nflowimport_http_connections 1\n");
    close(fd);
    end();
}

static void the_silent_are_dropped(void **state) {
    (void)state;
    char text[16];
    begin(PATIENCE_MS);
    int fd = connect_to();
    assert_int_equal(receive(fd, text, sizeof text), 0);
    shown("\nflowimport_http_dropped_total 1\n");
    shown("\nflowimport_http_connections 0\n");
    close(fd);
    end();
}

/* Bytes that come do not prolong the time for the whole. */
static void the_slow_are_dropped(void **state) {
    (void)state;
    char text[16];
    begin(PATIENCE_MS);
    int64_t until = clock_monotonic_us() + BOUND_MS * 1000LL;
    int fd = connect_to();
    while (recv(fd, text, sizeof text, MSG_DONTWAIT) != 0 && errno == EAGAIN) {
        assert_true(clock_monotonic_us() < until);
        (void)!send(fd, "G", 1, MSG_NOSIGNAL);
        event_base_loop(base, EVLOOP_NONBLOCK);
        usleep(1000);
    }
    shown("\nflowimport_http_dropped_total 1\n");
    close(fd);
    end();
}

static void those_who_take_no_reply_are_dropped(void **state) {
    (void)state;
    int64_t until = clock_monotonic_us() + BOUND_MS * 1000LL;
    begin(PATIENCE_MS);
    int fd = connect_to();
    send_text(fd, "GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    while (!is_shown("\nflowimport_http_dropped_total 1\n")) {
        assert_true(clock_monotonic_us() < until);
        event_base_loop(base, EVLOOP_ONCE);
    }
    shown("\nflowimport_http_requests_total{status=\"200\"} 1\n");
    shown("\nflowimport_http_connections 0\n");
    close(fd);
    end();
}

/* Nothing more will come from the client, and its reply takes many a turn. */
static void who_has_said_all_gets_all(void **state) {
    (void)state;
    static char text[1 << 16];
    size_t got = 0;
    ssize_t n;
    begin(BOUND_MS);
    int fd = connect_to();
    send_text(fd, "GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    while ((n = receive(fd, text, sizeof text)) > 0)
        got += (size_t)n;
    assert_int_equal(n, 0);
    assert_in_range(got, LARGE, LARGE + 1000);
    close(fd);
    end();
}

/* The length of a chunk. */
static void a_line_without_end_is_cut_off(void **state) {
    (void)state;
    static char zeros[1 << 16];
    size_t sent = 0;
    begin(BOUND_MS);
    int fd = connect_to();
    memset(zeros, '0', sizeof zeros);
    send_text(fd, "GET /small HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (!is_shown("\nflowimport_http_dropped_total 1\n")) {
        ssize_t n = send(fd, zeros, sizeof zeros, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) sent += (size_t)n;
        assert_true(sent < LARGE);
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    close(fd);
    end();
}

/* One connection too many: the one that has been silent longest goes, not the newest, and not one that asked since. */
static void the_longest_silent_makes_room(void **state) {
    (void)state;
    int fds[HTTP_CONNECTIONS + 1];
    char text[1024];
    begin(BOUND_MS);
    for (unsigned i = 0; i < HTTP_CONNECTIONS; i++)
        fds[i] = connect_to();
    send_text(fds[0], "GET /small?a HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(receive(fds[0], text, sizeof text) > 0);
    shown("\nflowimport_http_connections 64\n");
    fds[HTTP_CONNECTIONS] = connect_to();
    send_text(fds[HTTP_CONNECTIONS], "GET /small?b HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(receive(fds[HTTP_CONNECTIONS], text, sizeof text) > 0);
    assert_int_equal(receive(fds[1], text, sizeof text), 0);
    send_text(fds[0], "GET /small?c HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(receive(fds[0], text, sizeof text) > 0);
    shown("\nflowimport_http_connections 64\n");
    shown("\nflowimport_http_connections_total 65\n");
    shown("\nflowimport_http_dropped_total 1\n");
    for (unsigned i = 0; i <= HTTP_CONNECTIONS; i++)
        close(fds[i]);
    end();
}

/* The newcomer is seen before another's end is: it gets that one's place, not that of who has been silent longest. */
static void who_has_left_makes_room(void **state) {
    (void)state;
    int fds[HTTP_CONNECTIONS + 1];
    char text[1024];
    begin(BOUND_MS);
    for (unsigned i = 0; i < HTTP_CONNECTIONS; i++)
        fds[i] = connect_to();
    for (unsigned i = 1; i < HTTP_CONNECTIONS; i++) {
        send_text(fds[i], "GET /small HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_true(receive(fds[i], text, sizeof text) > 0);
    }
    event_base_loop(base, EVLOOP_NONBLOCK);
    fds[HTTP_CONNECTIONS] = connect_to();
    close(fds[5]);
    send_text(fds[HTTP_CONNECTIONS], "GET /small HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(receive(fds[HTTP_CONNECTIONS], text, sizeof text) > 0);
    send_text(fds[0], "GET /small HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(receive(fds[0], text, sizeof text) > 0);
    shown("\nflowimport_http_connections 64\n");
    shown("\nflowimport_http_dropped_total 0\n");
    for (unsigned i = 0; i <= HTTP_CONNECTIONS; i++)
        if (i != 5) close(fds[i]);
    end();
}

/* The connection waits at the listener, and is accepted when there is a descriptor again. */
static void no_descriptors_left(void **state) {
    (void)state;
    char text[1024];
    struct rlimit limit, less;
    begin(BOUND_MS);
    int fd = connect_to();
    int next = dup(fd);
    close(next);
    send_text(fd, "GET /small HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    less = (struct rlimit){.rlim_cur = (rlim_t)next, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &less), 0);
    event_base_loop(base, EVLOOP_ONCE);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    event_base_loop(base, EVLOOP_NONBLOCK); /* the listener rests */
    shown("\nflowimport_http_connections_total 0\n");
    assert_true(receive(fd, text, sizeof text) > 0);
    close(fd);
    end();
}

/* Silent, asking, and with a reply under way. */
static void freed_with_open_connections(void **state) {
    (void)state;
    begin(BOUND_MS);
    int fds[4];
    for (unsigned i = 0; i < 4; i++)
        fds[i] = connect_to();
    send_text(fds[1], "GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    send_text(fds[2], "GET /sm");
    while (!is_shown("\nflowimport_http_requests_total{status=\"200\"} 1\n"))
        event_base_loop(base, EVLOOP_ONCE);
    end();
    for (unsigned i = 0; i < 4; i++)
        close(fds[i]);
}

static void addresses(void **state) {
    (void)state;
    static const char *const good[] = {"127.0.0.1:8469", "[::1]:8469", "0.0.0.0:1", "[::]:65535", "127.0.0.1:0"};
    static const char *const bad[] = {"127.0.0.1",      "127.0.0.1:",      "8469",           ":8469",
                                      "localhost:8469", "::1:8469",        "[::1]",          "[]:1",
                                      "[::1]x:1",       "127.0.0.1:65536", "127.0.0.1:-1",   "127.0.0.1:80x",
                                      "127.0.0.1: 80",  "[::1:80",         "127.0.0.256:80", "127.0.0.1:000080"};
    for (unsigned i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(http_listen_check(good[i], NULL), 0);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct error error;
        assert_int_equal(http_listen_check(bad[i], &error), -1);
        assert_non_null(strstr(error.text, bad[i]));
        assert_non_null(strstr(error.text, "127.0.0.1:8469"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_reply),
        cmocka_unit_test(the_silent_are_dropped),
        cmocka_unit_test(the_slow_are_dropped),
        cmocka_unit_test(those_who_take_no_reply_are_dropped),
        cmocka_unit_test(who_has_said_all_gets_all),
        cmocka_unit_test(a_line_without_end_is_cut_off),
        cmocka_unit_test(the_longest_silent_makes_room),
        cmocka_unit_test(who_has_left_makes_room),
        cmocka_unit_test(no_descriptors_left),
        cmocka_unit_test(freed_with_open_connections),
        cmocka_unit_test(addresses),
    };
    log_init("test", LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
