/* What strangers can write into the log by connecting: one line a minute of each kind, which counts the others. */
#include "collect/connections.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <cmocka.h>

#include "capture.h"

enum { PEERS = 13 };
#define SECOND INT64_C(1000000)
#define START INT64_C(1700000000000000)

static int on_message(void *context, const struct message_source *source, const uint8_t *bytes, size_t len,
                      int64_t now_us) {
    (void)context, (void)source, (void)bytes, (void)len, (void)now_us;
    return 0;
}

static void on_over(void *context, const struct message_source *source) { (void)context, (void)source; }

/* The kernel has a connection for accept4() before connect() returns. */
static int listening(struct sockaddr_in *address) {
    socklen_t len = sizeof *address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(bind(fd, (struct sockaddr *)address, len), 0);
    assert_int_equal(listen(fd, PEERS), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)address, &len), 0);
    return fd;
}

static int peer_connect(const struct sockaddr_in *to, unsigned *port) {
    struct sockaddr_in own;
    socklen_t len = sizeof own;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)to, sizeof *to), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &len), 0);
    *port = ntohs(own.sin_port);
    return fd;
}

/* Peers that come every ten seconds, for two minutes; allowed, they send what is no message. What the log has of it. */
static char *peers_come(bool allowed, unsigned ports[PEERS]) {
    static uint8_t room[CONNECTION_ROOM];
    struct prefixes allow;
    struct sockaddr_in address;
    assert_int_equal(prefixes_parse(&allow, allowed ? "127.0.0.1" : "127.0.0.2", false, NULL), 0);
    const struct listener_config config = {.allow = &allow};
    const struct listener_handler handler = {.message = on_message, .over = on_over};
    struct listener_counters counters = {.open = 0};
    const struct connections_owner owner = {&config, &handler, &counters, room, epoll_create1(0), 0};
    struct connections *connections = connections_new(&owner);
    int fd = listening(&address);
    struct capture log = capture_begin(STDERR_FILENO);
    for (unsigned i = 0; i < PEERS; i++) {
        int peer = peer_connect(&address, &ports[i]);
        int64_t now_us = START + i * 10 * SECOND;
        assert_int_equal(connections_accept(connections, fd, now_us), 0);
        if (allowed) {
            struct epoll_event event;
            assert_int_equal(send(peer, "GET / HTTP/1.0\r\n", 16, 0), 16);
            assert_int_equal(epoll_wait(owner.epoll, &event, 1, 10000), 1);
            assert_int_equal(connections_read(connections, event.data.u32, now_us), 0);
        }
        close(peer);
    }
    char *text = capture_end(&log);
    assert_int_equal(counters.refused, allowed ? 0 : PEERS);
    assert_int_equal(counters.open, 0);
    connections_free(connections);
    close(owner.epoll);
    close(fd);
    return text;
}

/* A line each of the first, the seventh and the thirteenth. */
static void assert_lines(char *text, const unsigned ports[PEERS], const char *level, const char *what) {
    char expected[256], *line = text;
    for (unsigned i = 0; i < PEERS; i += 6) {
        char *end = strchr(line, '\n');
        assert_non_null(end);
        *end = '\0';
        snprintf(expected, sizeof expected, ": %s: collector: 127.0.0.1:%u: %s%s", level, ports[i], what,
                 i ? "; 5 others since the last such message" : "");
        assert_string_equal(strlen(line) > strlen(expected) ? end - strlen(expected) : line, expected);
        line = end + 1;
    }
    assert_string_equal(line, "");
    free(text);
}

static void refused(void **state) {
    (void)state;
    unsigned ports[PEERS];
    assert_lines(peers_come(false, ports), ports, "notice", "connection refused: not in the list of allowed exporters");
}

static void closed(void **state) {
    (void)state;
    unsigned ports[PEERS];
    assert_lines(peers_come(true, ports), ports, "warning", "connection closed: what it sent is not an IPFIX message");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(refused), cmocka_unit_test(closed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
