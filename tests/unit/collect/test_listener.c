/* Sockets of the loopback: every datagram and every message arrives once, as it was sent, from where it was sent; what
 * strangers may do, and what the kernel drops. */
#include "collect/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"

enum { TURNS_MAX = 2000, WAIT_MS = 1000, KEPT = 300, BUFFER = 1 << 20 };
#define START INT64_C(1700000000000000)
#define SECOND INT64_C(1000000)

/* --- the clock, and what the listener hands on --- */

static int64_t now_us;
static int64_t told_time(const struct clock *clock) {
    (void)clock;
    return now_us;
}
static const struct clock test_clock = {told_time};

static struct told {
    unsigned messages, overs;
    struct message_source sources[KEPT], over; /* the last one */
    size_t lengths[KEPT];
    uint8_t last[MESSAGE_MAX];
    int answer; /* to each message */
    uint64_t dropped;
    char socket[64];
} told;

static int on_message(void *context, const struct message_source *source, const uint8_t *bytes, size_t len,
                      int64_t time_us) {
    assert_ptr_equal(context, &told);
    assert_int_equal(time_us, now_us);
    assert_true(told.messages < KEPT && len <= sizeof told.last);
    told.sources[told.messages] = *source;
    told.lengths[told.messages++] = len;
    memcpy(told.last, bytes, len);
    return told.answer;
}

static void on_over(void *context, const struct message_source *source) {
    assert_ptr_equal(context, &told);
    told.overs++;
    told.over = *source;
}

static void on_dropped(void *context, const char *socket_name, uint64_t n, int64_t time_us) {
    assert_ptr_equal(context, &told);
    assert_int_equal(time_us, now_us);
    assert_true(n > 0);
    told.dropped += n;
    snprintf(told.socket, sizeof told.socket, "%s", socket_name);
}

static const struct listener_handler handler = {&told, on_message, on_over, on_dropped};

static struct listener *open_with(struct listener_config config) {
    struct error error = {""};
    memset(&told, 0, sizeof told);
    now_us = START;
    config.clock = &test_clock;
    if (!config.buffer) config.buffer = BUFFER;
    struct listener *listener = listener_open(&config, &handler, &error);
    if (!listener) fail_msg("%s", error.text);
    return listener;
}

static struct listener *open_on(const char *text) { return open_with((struct listener_config){.listen = text}); }

/* Turns until the number, which only grows, is as high as that; then none more is there. */
static void turn_until(struct listener *listener, const unsigned *number, unsigned expected) {
    for (unsigned i = 0; *number < expected && i < TURNS_MAX; i++)
        listener_turn(listener, WAIT_MS);
    assert_int_equal(*number, expected);
    listener_turn(listener, 0);
    assert_int_equal(*number, expected);
}

static void turn_until_octets(struct listener *listener, uint64_t octets) {
    for (unsigned i = 0; listener_counters(listener)->octets < octets && i < TURNS_MAX; i++)
        listener_turn(listener, WAIT_MS);
    assert_int_equal(listener_counters(listener)->octets, octets);
}

static void turn_until_open(struct listener *listener, unsigned open) {
    for (unsigned i = 0; listener_counters(listener)->open != open && i < TURNS_MAX; i++)
        listener_turn(listener, WAIT_MS);
    assert_int_equal(listener_counters(listener)->open, open);
}

/* --- the exporters' side --- */

struct peer {
    int fd;
    struct message_source source; /* as it must be told */
};

static socklen_t address_of(struct sockaddr_storage *address, const char *text, uint16_t port) {
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;
    struct sockaddr_in *four = (struct sockaddr_in *)address;
    memset(address, 0, sizeof *address);
    if (strchr(text, ':')) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(port);
        assert_int_equal(inet_pton(AF_INET6, text, &six->sin6_addr), 1);
        return sizeof *six;
    }
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    assert_int_equal(inet_pton(AF_INET, text, &four->sin_addr), 1);
    return sizeof *four;
}

static struct peer peer_from(const char *from, const char *to, uint16_t port, int type) {
    struct sockaddr_storage address;
    socklen_t len = address_of(&address, from, 0);
    struct peer peer = {.fd = socket(address.ss_family, type | SOCK_CLOEXEC, 0)};
    assert_true(peer.fd >= 0);
    if (type == SOCK_STREAM) setsockopt(peer.fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    assert_int_equal(bind(peer.fd, (struct sockaddr *)&address, len), 0);
    len = address_of(&address, to, port);
    assert_int_equal(connect(peer.fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(peer.fd, (struct sockaddr *)&address, &len), 0);
    peer.source.transport = type == SOCK_STREAM ? MESSAGE_TCP : MESSAGE_UDP;
    peer.source.family = strchr(from, ':') ? FLOW_IPV6 : FLOW_IPV4;
    peer.source.port = ntohs(peer.source.family == FLOW_IPV6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                                             : ((struct sockaddr_in *)&address)->sin_port);
    assert_int_equal(inet_pton(address.ss_family, from, peer.source.address), 1);
    return peer;
}

static struct peer peer_udp(const char *to, uint16_t port) { return peer_from(to, to, port, SOCK_DGRAM); }
static struct peer peer_tcp(const struct listener *listener) {
    return peer_from("127.0.0.1", "127.0.0.1", listener_port(listener, 0), SOCK_STREAM);
}

static void peer_send(const struct peer *peer, const void *bytes, size_t len) {
    assert_int_equal(send(peer->fd, bytes, len, MSG_NOSIGNAL), len);
}

static void assert_source(const struct message_source *told_source, struct message_source expected,
                          uint64_t connection) {
    expected.connection = connection;
    assert_memory_equal(told_source, &expected, sizeof expected);
}

/* The listener has closed the connection. */
static void assert_closed(const struct peer *peer) {
    char byte;
    struct timeval patience = {.tv_sec = 10};
    assert_int_equal(setsockopt(peer->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    ssize_t n = recv(peer->fd, &byte, 1, 0);
    assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
}

static void assert_open(const struct peer *peer) {
    char byte;
    assert_int_equal(recv(peer->fd, &byte, 1, MSG_DONTWAIT), -1);
    assert_int_equal(errno, EAGAIN);
}

/* An IPFIX message of so many bytes, which differ. */
static size_t message_put(uint8_t *out, size_t len, uint8_t mark) {
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(mark + i);
    be16_put(out, 10);
    be16_put(out + 2, (uint16_t)len);
    return len;
}

/* --- UDP --- */

static void datagrams(void **state) {
    (void)state;
    static const struct {
        const char *listen, *address;
    } cases[] = {{"udp:127.0.0.1:0", "127.0.0.1"}, {"udp:[::1]:0", "::1"}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct listener *listener = open_on(cases[i].listen);
        struct peer peer = peer_udp(cases[i].address, listener_port(listener, 0));
        uint8_t longest[65507];
        assert_true(listener_port(listener, 0) > 0);
        assert_int_equal(listener_turn(listener, 0), 0);
        peer_send(&peer, "hello", 5);
        turn_until(listener, &told.messages, 1);
        assert_int_equal(told.lengths[0], 5);
        assert_memory_equal(told.last, "hello", 5);
        assert_source(&told.sources[0], peer.source, 0);
        peer_send(&peer, "", 0);
        turn_until(listener, &told.messages, 2);
        assert_int_equal(told.lengths[1], 0);
        message_put(longest, sizeof longest, 7);
        peer_send(&peer, longest, sizeof longest);
        turn_until(listener, &told.messages, 3);
        assert_int_equal(told.lengths[2], sizeof longest);
        assert_memory_equal(told.last, longest, sizeof longest);
        const struct listener_counters *counters = listener_counters(listener);
        assert_int_equal(counters->datagrams, 3);
        assert_int_equal(counters->octets, 5 + sizeof longest);
        assert_int_equal(counters->dropped, 0);
        assert_int_equal(counters->connections, 0);
        assert_int_equal(counters->buffer, BUFFER);
        close(peer.fd);
        listener_close(listener);
    }
}

/* A turn takes LISTENER_BATCH at most, in their order. */
static void batches(void **state) {
    (void)state;
    struct listener *listener = open_on("udp:127.0.0.1:0");
    struct peer peer = peer_udp("127.0.0.1", listener_port(listener, 0));
    for (size_t i = 0; i < 2 * LISTENER_BATCH + 5; i++)
        peer_send(&peer, told.last, i + 1);
    for (unsigned i = 0; told.messages < 2 * LISTENER_BATCH + 5 && i < TURNS_MAX; i++)
        assert_in_range(listener_turn(listener, WAIT_MS), 1, LISTENER_BATCH);
    assert_int_equal(listener_turn(listener, 0), 0);
    assert_int_equal(told.messages, 2 * LISTENER_BATCH + 5);
    for (unsigned i = 0; i < told.messages; i++)
        assert_int_equal(told.lengths[i], i + 1);
    close(peer.fd);
    listener_close(listener);
}

/* A port that nobody has in either family, as far as can be known. */
static uint16_t port_free(void) {
    struct listener *listener = open_on("udp:[::1]:0");
    uint16_t port = listener_port(listener, 0);
    listener_close(listener);
    return port;
}

static void all_addresses(void **state) {
    (void)state;
    char text[64];
    uint16_t port = port_free();
    snprintf(text, sizeof text, "udp:%u", port);
    struct listener *listener = open_on(text);
    assert_int_equal(listener_port(listener, 0), port);
    assert_int_equal(listener_port(listener, 1), port);
    struct peer four = peer_udp("127.0.0.1", port), six = peer_udp("::1", port);
    peer_send(&four, "4", 1);
    turn_until(listener, &told.messages, 1);
    assert_source(&told.sources[0], four.source, 0);
    peer_send(&six, "6", 1);
    turn_until(listener, &told.messages, 2);
    assert_source(&told.sources[1], six.source, 0);
    close(four.fd);
    close(six.fd);
    listener_close(listener);
}

/* The smallest buffer: what was sent is what arrives and what was dropped, twice over. */
static void drops_are_counted(void **state) {
    (void)state;
    enum { SENT = 100, LEN = 1000 };
    struct listener *listener = open_with((struct listener_config){.listen = "udp:127.0.0.1:0", .buffer = 1});
    struct peer peer = peer_udp("127.0.0.1", listener_port(listener, 0));
    uint8_t bytes[LEN] = {0};
    for (unsigned round = 1; round <= 2; round++) {
        for (unsigned i = 0; i < SENT; i++)
            peer_send(&peer, bytes, sizeof bytes);
        for (unsigned i = 0; told.messages + told.dropped < round * SENT && i < 100; i++)
            listener_turn(listener, 100);
        assert_true(told.messages > 0 && told.messages < round * SENT);
        assert_int_equal(told.messages + told.dropped, round * SENT);
        assert_string_equal(told.socket, "udp:127.0.0.1:0");
        assert_int_equal(listener_counters(listener)->dropped, told.dropped);
        assert_int_equal(listener_counters(listener)->datagrams, told.messages);
    }
    uint64_t dropped = told.dropped;
    unsigned messages = told.messages;
    peer_send(&peer, bytes, sizeof bytes);
    turn_until(listener, &told.messages, messages + 1);
    assert_int_equal(told.dropped, dropped);
    close(peer.fd);
    listener_close(listener);
}

/* Without privileges the kernel gives no more than its limit, and that is said. */
static void small_buffers_are_told(void **state) {
    (void)state;
    enum { WANTED = 1 << 30 };
    unsigned limit = WANTED;
    char text[4096] = "", expected[256];
    FILE *file = fopen("/proc/sys/net/core/rmem_max", "r"), *said = tmpfile();
    uid_t user = geteuid();
    int stderr_copy = dup(STDERR_FILENO);
    if (file && fscanf(file, "%u", &limit) == 1) fclose(file);
    if (limit >= WANTED) skip();
    assert_int_equal(dup2(fileno(said), STDERR_FILENO), STDERR_FILENO);
    if (user == 0) assert_int_equal(seteuid(65534), 0);
    struct listener *listener =
        open_with((struct listener_config){.listen = "udp:[::1]:0, udp:127.0.0.1:0", .buffer = WANTED});
    if (user == 0) assert_int_equal(seteuid(0), 0);
    assert_int_equal(dup2(stderr_copy, STDERR_FILENO), STDERR_FILENO);
    close(stderr_copy);
    assert_int_equal(listener_counters(listener)->buffer, limit);
    rewind(said);
    assert_true(fread(text, 1, sizeof text - 1, said) > 0);
    snprintf(expected, sizeof expected,
             "warning: collector: udp:[::1]:0: the kernel limits the buffer to %u instead of %u bytes: raise "
             "net.core.rmem_max\n",
             limit, WANTED);
    assert_non_null(strstr(text, expected));
    fclose(said);
    listener_close(listener);
}

/* --- TCP --- */

/* Two messages, cut in two at every byte. */
static void messages_in_pieces(void **state) {
    (void)state;
    uint8_t bytes[64];
    size_t first = message_put(bytes, 17, 1), len = first + message_put(bytes + first, 24, 101);
    struct listener *listener = open_on("tcp:127.0.0.1:0");
    struct peer peer = peer_tcp(listener);
    turn_until_open(listener, 1);
    uint64_t octets = 0;
    for (size_t cut = 1; cut < len; cut++) {
        told.messages = 0;
        peer_send(&peer, bytes, cut);
        turn_until_octets(listener, octets += cut);
        assert_int_equal(told.messages, cut >= first);
        if (cut >= first) assert_memory_equal(told.last, bytes, first);
        peer_send(&peer, bytes + cut, len - cut);
        turn_until_octets(listener, octets += len - cut);
        assert_int_equal(told.messages, 2);
        assert_int_equal(told.lengths[0], first);
        assert_int_equal(told.lengths[1], len - first);
        assert_memory_equal(told.last, bytes + first, len - first);
        assert_source(&told.sources[0], peer.source, 1);
    }
    assert_int_equal(told.overs, 0);
    close(peer.fd);
    turn_until(listener, &told.overs, 1);
    assert_source(&told.over, peer.source, 1);
    assert_int_equal(listener_counters(listener)->connections, 1);
    assert_int_equal(listener_counters(listener)->open, 0);
    listener_close(listener);
}

/* Byte by byte, and the longest. */
static void long_messages(void **state) {
    (void)state;
    uint8_t *bytes = mem_alloc(3 * MESSAGE_MAX);
    struct listener *listener = open_on("tcp:[::1]:0");
    struct peer peer = peer_from("::1", "::1", listener_port(listener, 0), SOCK_STREAM);
    size_t len = message_put(bytes, 300, 3);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(told.messages, 0);
        peer_send(&peer, bytes + i, 1);
        turn_until_octets(listener, i + 1);
    }
    turn_until(listener, &told.messages, 1);
    assert_memory_equal(told.last, bytes, len);
    assert_source(&told.sources[0], peer.source, 1);
    for (unsigned i = 0; i < 3; i++)
        message_put(bytes + i * MESSAGE_MAX, MESSAGE_MAX, (uint8_t)(i + 1));
    for (size_t at = 0, step = 40000; at < 3 * MESSAGE_MAX; at += step) {
        if (step > 3 * MESSAGE_MAX - at) step = 3 * MESSAGE_MAX - at;
        peer_send(&peer, bytes + at, step);
        turn_until_octets(listener, len + at + step);
    }
    assert_int_equal(told.messages, 4);
    for (unsigned i = 1; i < 4; i++)
        assert_int_equal(told.lengths[i], MESSAGE_MAX);
    assert_memory_equal(told.last, bytes + 2 * (size_t)MESSAGE_MAX, MESSAGE_MAX);
    close(peer.fd);
    listener_close(listener);
    free(bytes);
}

/* Many at once: one segment, one turn. */
static void messages_in_one_segment(void **state) {
    (void)state;
    uint8_t bytes[20 * 100];
    struct listener *listener = open_on("tcp:127.0.0.1:0");
    struct peer peer = peer_tcp(listener);
    turn_until_open(listener, 1);
    for (unsigned i = 0; i < 100; i++)
        message_put(bytes + i * 20, 20, (uint8_t)i);
    peer_send(&peer, bytes, sizeof bytes);
    turn_until(listener, &told.messages, 100);
    assert_memory_equal(told.last, bytes + 99 * 20, 20);
    close(peer.fd);
    listener_close(listener);
}

/* What is no IPFIX message closes the connection, at once; what came before it counts. */
static void strange_streams(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        unsigned messages;
        int answer;
    } cases[] = {
        {"\0\x9", 2, 0, 0},
        {"GET / HTTP/1.1\r\n\r\n", 18, 0, 0},
        {"\0\xa\0\xf", 4, 0, 0},
        {"\0\xa\0\0", 4, 0, 0},
        {"\0\xa\0\x10............\0\x5", 18, 1, 0},
        {"\0\xa\0\x10............\0\xa\0\x10............", 32, 1, -1}, /* the reader finds it is none */
    };
    struct listener *listener = open_on("tcp:127.0.0.1:0");
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct peer peer = peer_tcp(listener);
        turn_until_open(listener, 1);
        told.messages = 0;
        told.answer = cases[i].answer;
        peer_send(&peer, cases[i].bytes, cases[i].len);
        turn_until(listener, &told.overs, i + 1);
        assert_int_equal(told.messages, cases[i].messages);
        assert_source(&told.over, peer.source, i + 1);
        assert_int_equal(listener_counters(listener)->open, 0);
        assert_closed(&peer);
        close(peer.fd);
    }
    listener_close(listener);
}

static void silence(void **state) {
    (void)state;
    uint8_t message[20];
    struct listener *listener = open_on("tcp:127.0.0.1:0");
    struct peer early = peer_tcp(listener);
    turn_until_open(listener, 1);
    now_us += LISTENER_IDLE_US - 5 * SECOND;
    struct peer late = peer_tcp(listener);
    turn_until_open(listener, 2);
    message_put(message, sizeof message, 0);
    peer_send(&late, message, sizeof message - 1);
    turn_until_octets(listener, sizeof message - 1);
    now_us += 5 * SECOND - 1;
    listener_turn(listener, 0);
    assert_open(&early);
    now_us += SECOND;
    listener_turn(listener, 0);
    assert_int_equal(told.overs, 1);
    assert_source(&told.over, early.source, 1);
    assert_closed(&early);
    assert_open(&late);
    assert_int_equal(listener_counters(listener)->closed_idle, 1);
    now_us += LISTENER_IDLE_US - 10 * SECOND;
    peer_send(&late, message, 1); /* the last byte: it is not silent */
    turn_until(listener, &told.messages, 1);
    now_us += LISTENER_IDLE_US - SECOND;
    listener_turn(listener, 0);
    assert_open(&late);
    now_us += SECOND;
    listener_turn(listener, 0);
    assert_closed(&late);
    assert_int_equal(told.overs, 2);
    assert_int_equal(listener_counters(listener)->closed_idle, 2);
    close(early.fd);
    close(late.fd);
    listener_close(listener);
}

static void strangers(void **state) {
    (void)state;
    struct prefixes allow;
    uint8_t message[16];
    assert_int_equal(prefixes_parse(&allow, "127.0.0.2, 2001:db8::/32", false, NULL), 0);
    struct listener *listener = open_with((struct listener_config){.listen = "tcp:127.0.0.1:0", .allow = &allow});
    struct peer stranger = peer_tcp(listener);
    struct peer exporter = peer_from("127.0.0.2", "127.0.0.1", listener_port(listener, 0), SOCK_STREAM);
    message_put(message, sizeof message, 0);
    peer_send(&exporter, message, sizeof message);
    turn_until(listener, &told.messages, 1);
    assert_source(&told.sources[0], exporter.source, 1);
    assert_closed(&stranger);
    assert_int_equal(told.overs, 0);
    assert_int_equal(listener_counters(listener)->refused, 1);
    assert_int_equal(listener_counters(listener)->connections, 1);
    close(stranger.fd);
    close(exporter.fd);
    listener_close(listener);
}

/* One too many: the longest silent of those that have sent no message gives way; then the longest silent. */
static void crowds(void **state) {
    (void)state;
    struct peer *peers = mem_zalloc(LISTENER_CONNECTIONS, sizeof *peers), more[2];
    uint8_t message[16];
    struct listener *listener = open_on("tcp:127.0.0.1:0");
    message_put(message, sizeof message, 0);
    for (unsigned i = 0; i < LISTENER_CONNECTIONS; i++) {
        peers[i] = peer_tcp(listener);
        turn_until_open(listener, i + 1);
        now_us += SECOND;
        if (i != 100) peer_send(&peers[i], message, sizeof message);
        turn_until_octets(listener, (i + (i < 100)) * sizeof message);
    }
    assert_int_equal(told.messages, LISTENER_CONNECTIONS - 1);
    more[0] = peer_tcp(listener);
    turn_until(listener, &told.overs, 1);
    assert_source(&told.over, peers[100].source, 101);
    assert_closed(&peers[100]);
    peer_send(&more[0], message, sizeof message);
    turn_until(listener, &told.messages, LISTENER_CONNECTIONS);
    assert_source(&told.sources[LISTENER_CONNECTIONS - 1], more[0].source, LISTENER_CONNECTIONS + 1);
    peer_send(&peers[0], message, sizeof message); /* now the second is the longest silent one */
    turn_until(listener, &told.messages, LISTENER_CONNECTIONS + 1);
    more[1] = peer_tcp(listener);
    turn_until(listener, &told.overs, 2);
    assert_source(&told.over, peers[1].source, 2);
    assert_open(&peers[0]);
    assert_open(&peers[2]);
    assert_int_equal(listener_counters(listener)->open, LISTENER_CONNECTIONS);
    assert_int_equal(listener_counters(listener)->connections, LISTENER_CONNECTIONS + 2);
    assert_int_equal(listener_counters(listener)->closed_idle, 2);
    for (unsigned i = 0; i < LISTENER_CONNECTIONS; i++)
        close(peers[i].fd);
    close(more[0].fd);
    close(more[1].fd);
    turn_until(listener, &told.overs, LISTENER_CONNECTIONS + 2);
    listener_close(listener);
    free(peers);
}

/* With all file descriptors in use nothing is accepted for a second, and datagrams arrive all the same. */
static void no_more_files(void **state) {
    (void)state;
    struct rlimit limit, low;
    struct listener *listener = open_on("tcp:127.0.0.1:0, udp:127.0.0.1:0");
    struct peer peer = peer_tcp(listener), other = peer_udp("127.0.0.1", listener_port(listener, 1));
    int next = dup(peer.fd); /* the number that the connection would have */
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    low = (struct rlimit){(rlim_t)next, limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    assert_int_equal(listener_turn(listener, WAIT_MS), 0);
    peer_send(&other, "hello", 5);
    turn_until(listener, &told.messages, 1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    now_us += SECOND - 1;
    for (unsigned i = 0; i < 3; i++)
        listener_turn(listener, 0);
    assert_int_equal(listener_counters(listener)->open, 0);
    now_us += 1;
    turn_until_open(listener, 1);
    assert_open(&peer);
    close(peer.fd);
    close(other.fd);
    listener_close(listener);
}

/* --- what is configured --- */

static void items(void **state) {
    (void)state;
    static const char *const good[] = {"udp:4739",
                                       "udp:4739, udp:2055,udp:6343\ttcp:4739",
                                       "udp:192.0.2.1:2055",
                                       "tcp:[::1]:4739",
                                       "udp:[::]:65535",
                                       "udp:1,udp:2,udp:3,udp:4,udp:5,udp:6,udp:7,udp:8",
                                       ""};
    static const char *const bad[] = {
        "4739",          "udp:",
        "udp:x",         "udp:65536",
        "udp:123456",    "udp:-1",
        "udp:+1",        "udp:1x",
        "sctp:4739",     "udp",
        "udp:host:1",    "udp::4739",
        "udp:[]:4739",   "udp:[::1]",
        "udp:::1:4739",  "udp:[::1:1",
        "udp:192.0.2.1", "udp://0.0.0.0:1",
        "UDP:4739",      "udp:[2001:db8:2001:db8:2001:db8:2001:db8:2001:db8:2001:db8:2001:db8:2001:db8::]:4739"};
    struct error error;
    char expected[512];
    for (unsigned i = 0; i < sizeof good / sizeof good[0]; i++)
        if (listener_check(good[i], &error) != 0) fail_msg("%s: %s", good[i], error.text);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "udp:4739, %s,tcp:1", bad[i]);
        assert_int_equal(listener_check(text, &error), -1);
        snprintf(expected, sizeof expected,
                 "'%s' is not accepted: expected udp:port, udp:address:port, tcp:port or tcp:address:port, as "
                 "udp:4739 or tcp:[::1]:4739",
                 bad[i]);
        assert_string_equal(error.text, expected);
    }
    assert_int_equal(listener_check("udp:1,udp:2,udp:3,udp:4,udp:5,udp:6,udp:7,udp:[::1]:8,udp:9", &error), -1);
    assert_string_equal(error.text,
                        "'udp:9' is one too many: at most 16 sockets are allowed, and a port without an address "
                        "counts as two");
}

static void addresses_that_are_taken(void **state) {
    (void)state;
    static const char *const schemes[] = {"udp", "tcp"};
    for (unsigned i = 0; i < 2; i++) {
        char text[64], expected[128];
        struct error error = {""};
        snprintf(text, sizeof text, "%s:127.0.0.1:0", schemes[i]);
        struct listener *listener = open_on(text);
        snprintf(text, sizeof text, "tcp:[::1]:0, %s:127.0.0.1:%u", schemes[i], listener_port(listener, 0));
        const struct listener_config config = {.listen = text, .buffer = BUFFER, .clock = &test_clock};
        assert_null(listener_open(&config, &handler, &error));
        snprintf(expected, sizeof expected, "'%s': Address already in use", text + strlen("tcp:[::1]:0, "));
        assert_string_equal(error.text, expected);
        snprintf(text, sizeof text, "%s:192.0.2.1:4739", schemes[i]);
        assert_null(listener_open(&config, &handler, &error));
        snprintf(expected, sizeof expected, "'%s': Cannot assign requested address", text);
        assert_string_equal(error.text, expected);
        listener_close(listener);
    }
}

static void show(void **state) {
    (void)state;
    struct listener *listener = open_on("udp:127.0.0.1:0, tcp:127.0.0.1:0");
    struct peer peer = peer_udp("127.0.0.1", listener_port(listener, 0));
    struct buffer out = BUFFER_INIT;
    struct show shown;
    peer_send(&peer, "hello", 5);
    turn_until(listener, &told.messages, 1);
    show_begin(&shown, SHOW_JSON, &out);
    listener_show(listener_counters(listener), &shown);
    show_end(&shown);
    assert_non_null(strstr(out.data, "\"listener\""));
    static const char *const parts[] = {
        "\"datagrams_total\": 1", "\"bytes_total\": 5",       "\"dropped_total\": 0", "\"connections_total\": 0",
        "\"refused_total\": 0",   "\"closed_idle_total\": 0", "\"connections\": 0",   "\"buffer_bytes\": 1048576"};
    for (unsigned i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (!strstr(out.data, parts[i])) fail_msg("%s is not in %s", parts[i], out.data);
    buffer_release(&out);
    close(peer.fd);
    listener_close(listener);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datagrams),
        cmocka_unit_test(batches),
        cmocka_unit_test(all_addresses),
        cmocka_unit_test(drops_are_counted),
        cmocka_unit_test(small_buffers_are_told),
        cmocka_unit_test(messages_in_pieces),
        cmocka_unit_test(long_messages),
        cmocka_unit_test(messages_in_one_segment),
        cmocka_unit_test(strange_streams),
        cmocka_unit_test(silence),
        cmocka_unit_test(strangers),
        cmocka_unit_test(crowds),
        cmocka_unit_test(no_more_files),
        cmocka_unit_test(items),
        cmocka_unit_test(addresses_that_are_taken),
        cmocka_unit_test(show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
