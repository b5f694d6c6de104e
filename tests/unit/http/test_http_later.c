/* Answers that come later, who is let in, and what a request and a reply have besides path and body. */
#include "http_env.h"

#include "base/mem.h"

enum { PATIENCE_MS = 60, LARGE = 60 << 20 };

static struct http_exchange *waiting; /* the last one; NULL: none */
static unsigned n_gone;
static int refusal; /* the status that everybody gets; 0: none */

static void on_gone(void *context) {
    assert_ptr_equal(context, &n_gone);
    waiting = NULL;
    n_gone++;
}

static void later(void *context, struct http_exchange *exchange) {
    assert_ptr_equal(context, &waiting);
    waiting = exchange;
    http_later(exchange, on_gone, &n_gone);
}

static void admit(void *context, struct http_exchange *exchange) {
    struct http_reply reply = {.status = refusal, .type = "text/plain"};
    assert_ptr_equal(context, &waiting);
    if (refusal)
        http_answer(exchange, &reply);
    else
        http_go_on(exchange);
}

static void route_answer(void *context, struct http_reply *reply) {
    (void)context;
    buffer_add_text(&reply->body, "route");
}

static void large_answer(void *context, struct http_reply *reply) {
    (void)context;
    buffer_reserve(&reply->body, LARGE);
    memset(reply->body.data, 'x', LARGE);
    reply->body.len = LARGE;
}

static const struct http_route routes[] = {
    {"/route", route_answer, false}, {"/open", route_answer, true}, {"/large", large_answer, false}};

static void begin(int64_t patience_ms) {
    waiting = NULL;
    n_gone = 0;
    refusal = 0;
    env_begin((struct http_config){.routes = routes,
                                   .n_routes = 3,
                                   .admit = admit,
                                   .otherwise = later,
                                   .front = &waiting,
                                   .patience_ms = patience_ms});
}

static void loop_until(bool (*holds)(void)) {
    int64_t until = clock_monotonic_us() + BOUND_MS * 1000LL;
    while (!holds()) {
        assert_true(clock_monotonic_us() < until);
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
}

static bool is_waiting(void) { return waiting != NULL; }
static bool is_gone(void) { return n_gone > 0; }
static bool one_is_dropped(void) { return is_shown("\nflowimport_http_dropped_total 1\n"); }

static int ask(const char *request) {
    int fd = connect_to();
    send_text(fd, request);
    return fd;
}

static int ask_and_wait(const char *request) {
    int fd = ask(request);
    loop_until(is_waiting);
    return fd;
}

static void answer(const char *body) {
    struct http_exchange *exchange = waiting;
    struct http_reply reply = {.status = 200, .type = "text/plain"};
    buffer_add_text(&reply.body, body);
    waiting = NULL;
    http_answer(exchange, &reply);
    buffer_release(&reply.body);
}

/* One whole reply, and no more. */
static void receives(int fd, const char *status, const char *body) {
    char text[2048];
    size_t len = 0;
    const char *end_of_head = NULL;
    while (!end_of_head || strlen(end_of_head + 4) < strtoul(strstr(text, "Content-Length: ") + 16, NULL, 10)) {
        assert_int_equal(receive(fd, text + len, 1), 1);
        text[++len] = '\0';
        end_of_head = strstr(text, "\r\n\r\n");
    }
    assert_memory_equal(text, "HTTP/1.1 ", 9);
    assert_memory_equal(text + 9, status, strlen(status));
    assert_string_equal(end_of_head + 4, body);
}

static void closed(int fd) {
    char byte;
    assert_int_equal(receive(fd, &byte, 1), 0);
}

#define LATER "GET /later HTTP/1.1\r\nHost: a\r\n\r\n"
#define ROUTE "GET /route HTTP/1.1\r\nHost: a\r\n\r\n"

/* With its patience over, as a silent client is shown that came afterwards; and what it sends meanwhile waits. */
static void an_answer_later(void **state) {
    (void)state;
    begin(PATIENCE_MS);
    int fd = ask_and_wait(LATER), silent = connect_to();
    loop_until(one_is_dropped);
    closed(silent);
    send_text(fd, ROUTE);
    answer("now");
    receives(fd, "200", "now");
    receives(fd, "200", "route");
    assert_int_equal(n_gone, 0);
    loop_until(one_is_dropped);
    close(fd);
    close(silent);
    end();
}

static void a_client_leaves(void **state) {
    (void)state;
    begin(BOUND_MS);
    int fd = ask_and_wait(LATER);
    close(fd);
    loop_until(is_gone);
    assert_null(waiting);
    /* Its side only: no way to tell it from the other. */
    n_gone = 0;
    fd = ask_and_wait(LATER);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    loop_until(is_gone);
    closed(fd);
    assert_int_equal(n_gone, 1);
    shown("\nflowimport_http_connections 0\n");
    shown("\nflowimport_http_dropped_total 0\n");
    close(fd);
    end();
}

static void a_client_that_waits_and_floods(void **state) {
    (void)state;
    static char zeros[1 << 16];
    begin(BOUND_MS);
    int fd = ask_and_wait(LATER);
    while (!is_gone()) {
        (void)!send(fd, zeros, sizeof zeros, MSG_DONTWAIT | MSG_NOSIGNAL);
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    shown("\nflowimport_http_dropped_total 1\n");
    close(fd);
    end();
}

/* Whom we keep waiting is not closed for a newcomer, however long it has been. */
static void who_waits_keeps_the_place(void **state) {
    (void)state;
    int fds[HTTP_CONNECTIONS + 1];
    begin(BOUND_MS);
    fds[0] = ask_and_wait(LATER);
    for (unsigned i = 1; i <= HTTP_CONNECTIONS; i++)
        fds[i] = connect_to();
    loop_until(one_is_dropped);
    closed(fds[1]);
    answer("now");
    receives(fds[0], "200", "now");
    for (unsigned i = 0; i <= HTTP_CONNECTIONS; i++)
        close(fds[i]);
    end();
}

static void freed_while_one_waits(void **state) {
    (void)state;
    begin(BOUND_MS);
    int fd = ask_and_wait(LATER);
    end();
    assert_int_equal(n_gone, 1);
    close(fd);
}

static void who_is_let_in(void **state) {
    (void)state;
    begin(BOUND_MS);
    refusal = 403;
    int fd = ask(LATER ROUTE "GET /open HTTP/1.1\r\nHost: a\r\n\r\n");
    receives(fd, "403", "");
    receives(fd, "403", "");
    receives(fd, "200", "route");
    close(fd);
    end();
}

static void too_much_is_read_slowly(void **state) {
    (void)state;
    enum { FIT = HTTP_REPLY_BYTES / LARGE };
    int fds[FIT + 1];
    char text[16];
    begin(BOUND_MS);
    for (unsigned i = 0; i <= FIT; i++) {
        fds[i] = ask("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_true(receive(fds[i], text, 12) == 12);
        assert_memory_equal(text, i < FIT ? "HTTP/1.1 200" : "HTTP/1.1 503", 12);
    }
    close(fds[0]); /* makes room */
    int fd = connect_to();
    while (!is_shown("\nflowimport_http_connections 5\n")) /* the newcomer for who has left */
        event_base_loop(base, EVLOOP_NONBLOCK);
    send_text(fd, "GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(receive(fd, text, 12) == 12);
    assert_memory_equal(text, "HTTP/1.1 200", 12);
    for (unsigned i = 1; i <= FIT; i++)
        close(fds[i]);
    close(fd);
    end();
}

static void what_a_request_says(void **state) {
    (void)state;
    begin(BOUND_MS);
    int fd = ask_and_wait("GET /a%20b/?n=%31&m=x HTTP/1.1\r\nHost: flows.example:8469\r\nX-Y: z\r\n\r\n");
    assert_string_equal(http_path(waiting), "/a%20b/");
    assert_string_equal(http_query(waiting), "n=%31&m=x");
    assert_string_equal(http_header_value(waiting, "x-y"), "z");
    assert_null(http_header_value(waiting, "X-Z"));
    assert_string_equal(http_host(waiting), "flows.example");
    assert_string_equal(http_client(waiting), "127.0.0.1");
    answer("");
    receives(fd, "200", "");
    send_text(fd, "GET http://[2001:db8::1]:80/x HTTP/1.1\r\nHost: a\r\n\r\n");
    loop_until(is_waiting);
    assert_string_equal(http_host(waiting), "[2001:db8::1]");
    assert_string_equal(http_path(waiting), "/x");
    assert_string_equal(http_query(waiting), "");
    answer("");
    receives(fd, "200", "");
    close(fd); /* evhttp takes it for a proxy's request, and says no more */
    fd = ask_and_wait("GET / HTTP/1.0\r\n\r\n");
    assert_null(http_host(waiting));
    close(fd);
    end();
}

static void lists(void **state) {
    (void)state;
    static const struct {
        const char *header;
        bool gzip, has;
    } cases[] = {
        {"X: y", false, false},
        {"Accept-Encoding: gzip", true, false},
        {"Accept-Encoding: deflate, GZIP;q=0.5, br", true, false},
        {"Accept-Encoding: gzip;q=0", false, false},
        {"Accept-Encoding: br,gzip; q=0.000", false, false},
        {"Accept-Encoding: gzip ; q=0.001", true, false},
        {"Accept-Encoding: xgzip, gzipx", false, false},
        {"Accept-Encoding: ,,gzip", true, false},
        {"If-None-Match: W/\"abc\"", false, true},
        {"If-None-Match: \"x\" ,W/\"abc\"", false, true},
        {"If-None-Match: *", false, true},
        {"If-None-Match: \"abc\"", false, false},
        {"If-None-Match: W/\"abcd\"", false, false},
        {"If-None-Match:", false, false},
    };
    begin(BOUND_MS);
    int fd = connect_to();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = mem_printf("GET / HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n", cases[i].header);
        send_text(fd, text);
        loop_until(is_waiting);
        if (http_accepts(waiting, "gzip") != cases[i].gzip || http_has_etag(waiting, "W/\"abc\"") != cases[i].has)
            fail_msg("%s", cases[i].header);
        answer("");
        receives(fd, "200", "");
        free(text);
    }
    close(fd);
    end();
}

static void headers_and_statuses(void **state) {
    (void)state;
    static const struct {
        const char *request;
        int status;
        const char *line, *body;
    } cases[] = {
        {"GET", 200, "HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nContent-Length: 3\r\n", "abc"},
        {"HEAD", 200, "HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nContent-Length: 3\r\n", ""},
        {"GET", 304, "HTTP/1.1 304 Not Modified\r\n", ""},
        {"HEAD", 304, "HTTP/1.1 304 Not Modified\r\n", ""},
        {"GET", 429, "HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/x\r\nContent-Length: 3\r\n", "abc"},
    };
    begin(BOUND_MS);
    int fd = connect_to();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_reply reply = {.status = cases[i].status, .type = "text/x"};
        char text[1024], expected[1024];
        snprintf(text, sizeof text, "%s / HTTP/1.1\r\nHost: a\r\n\r\n", cases[i].request);
        send_text(fd, text);
        loop_until(is_waiting);
        buffer_add_text(&reply.body, "abc");
        reply.headers[HTTP_ETAG] = "W/\"x\"";
        reply.headers[HTTP_CACHE_CONTROL] = "private";
        reply.headers[HTTP_CONTENT_DISPOSITION] = "a";
        reply.headers[HTTP_CONTENT_ENCODING] = "b";
        reply.headers[HTTP_CONTENT_SECURITY_POLICY] = "c";
        reply.headers[HTTP_REFERRER_POLICY] = "d";
        reply.headers[HTTP_RETRY_AFTER] = "e";
        reply.headers[HTTP_SERVER_TIMING] = "f";
        reply.headers[HTTP_VARY] = "g";
        reply.headers[HTTP_WWW_AUTHENTICATE] = "h";
        http_answer(waiting, &reply);
        waiting = NULL;
        buffer_release(&reply.body);
        ssize_t n = receive(fd, text, sizeof text - 1);
        assert_true(n > 0);
        text[n] = '\0';
        char *date = strstr(text, "Date: ");
        assert_non_null(date);
        memmove(date, strstr(date, "\r\n") + 2, strlen(strstr(date, "\r\n") + 2) + 1);
        snprintf(expected, sizeof expected,
                 "%sCache-Control: private\r\nContent-Disposition: a\r\nContent-Encoding: b\r\n"
                 "Content-Security-Policy: c\r\nETag: W/\"x\"\r\nReferrer-Policy: d\r\nRetry-After: e\r\n"
                 "Server-Timing: f\r\nVary: g\r\nWWW-Authenticate: h\r\nX-Content-Type-Options: nosniff\r\n\r\n%s",
                 cases[i].line, cases[i].body);
        assert_string_equal(text, expected);
    }
    close(fd);
    end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_later),
        cmocka_unit_test(a_client_leaves),
        cmocka_unit_test(a_client_that_waits_and_floods),
        cmocka_unit_test(who_waits_keeps_the_place),
        cmocka_unit_test(freed_while_one_waits),
        cmocka_unit_test(who_is_let_in),
        cmocka_unit_test(too_much_is_read_slowly),
        cmocka_unit_test(what_a_request_says),
        cmocka_unit_test(lists),
        cmocka_unit_test(headers_and_statuses),
    };
    log_init("test", LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
