/* Collectors that are there, away, closed in between, deaf: which flows come, in which order, and what is counted. */
#include "export/exporter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/resolve.h"

enum { BOUND_MS = 20000, FLOWS_MAX = 1 << 20, RECORD = 8 };

/* A flow is its number, in packetDeltaCount. */
static struct meter_template template;
static struct event_base *base;
static struct exporter *exporter;
static char url[64];

static void begin_at(const char *collectors, struct exporter_config config) {
    struct error error;
    template = (struct meter_template){.rule = "all"};
    for (unsigned i = 0; i < meter_n_fields; i++)
        if (meter_fields[i].id == 2) template.fields[template.n++] = &meter_fields[i];
    config.collectors = collectors;
    config.sampling = 1;
    config.mtu = 1000;
    if (!config.template_refresh) config.template_refresh = 86400;
    config.retry_max_ms = 50;
    config.templates = &template;
    config.n_templates = 1;
    config.clock = &clock_system;
    base = event_base_new();
    exporter = exporter_new(base, &config, &error);
    assert_non_null(exporter);
    event_base_loop(base, EVLOOP_NONBLOCK); /* its address is read on the loop */
}

static void begin(const char *scheme, uint16_t port, struct exporter_config config) {
    snprintf(url, sizeof url, "%s://127.0.0.1:%u", scheme, port);
    begin_at(url, config);
}

static void end(void) {
    exporter_free(exporter);
    event_base_free(base);
}

static void flows_put(unsigned from, unsigned to) {
    for (unsigned i = from; i < to; i++) {
        struct meter_flow flow = {.sampling = 1, .forward = {.packets = i}};
        exporter_put(exporter, 0, &flow);
    }
    exporter_flush(exporter);
}

/* --- a collector --- */

struct reader { /* of messages */
    int fd;
    uint8_t bytes[70000];
    size_t len;
    unsigned flows, messages, templates;
    unsigned expected;    /* sequence number of the next message */
    unsigned gaps;        /* flows that the sequence numbers show as lost */
    unsigned first, last; /* flow read */
};

/* Every flow comes once and in its order, behind a template. */
static void message_read(struct reader *reader, const uint8_t *message, size_t len) {
    unsigned sequence = be32(message + 8);
    assert_int_equal(be16(message), 10);
    reader->gaps += sequence - reader->expected;
    reader->expected = sequence;
    reader->messages++;
    for (size_t at = 16; at < len; at += be16(message + at + 2)) {
        unsigned set = be16(message + at), bytes = be16(message + at + 2);
        assert_in_range(bytes, 5, len - at);
        reader->templates += set == 2;
        if (set != 256) continue;
        assert_true(reader->templates > 0);
        for (unsigned record = 4; record + RECORD <= bytes; record += RECORD) {
            unsigned flow = be32(message + at + record + 4);
            assert_true(reader->flows == 0 || flow > reader->last);
            if (reader->flows == 0) reader->first = flow;
            reader->last = flow;
            reader->flows++;
            reader->expected++;
        }
    }
}

static void stream_read(struct reader *reader) {
    ssize_t n = recv(reader->fd, reader->bytes + reader->len, sizeof reader->bytes - reader->len, MSG_DONTWAIT);
    if (n <= 0) return;
    reader->len += (size_t)n;
    size_t at = 0;
    while (reader->len - at >= 16 && reader->len - at >= be16(reader->bytes + at + 2)) {
        size_t len = be16(reader->bytes + at + 2);
        message_read(reader, reader->bytes + at, len);
        at += len;
    }
    reader->len -= at;
    memmove(reader->bytes, reader->bytes + at, reader->len);
}

static void datagram_read(struct reader *reader) {
    ssize_t n = recv(reader->fd, reader->bytes, sizeof reader->bytes, MSG_DONTWAIT);
    if (n <= 0) return;
    assert_in_range(n, 17, 1000);
    assert_int_equal(be16(reader->bytes + 2), n);
    message_read(reader, reader->bytes, (size_t)n);
}

static int socket_bind(int type, uint16_t *port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(*port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, type | SOCK_NONBLOCK, 0), on = 1;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

/* Turns the loop until the condition holds. */
#define UNTIL(condition)                                                                                               \
    do {                                                                                                               \
        int64_t until_end = clock_monotonic_us() + BOUND_MS * 1000LL;                                                  \
        while (!(condition)) {                                                                                         \
            assert_true(clock_monotonic_us() < until_end);                                                             \
            event_base_loop(base, EVLOOP_NONBLOCK);                                                                    \
        }                                                                                                              \
    } while (0)
#define READ(read, reader, condition) UNTIL((read(reader), (condition)))

/* A listener that is not read from unless the test does. */
static int connection_accept(int listener) {
    int fd = -1;
    UNTIL((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0);
    return fd;
}

static const char *problems(void) {
    static char text[512];
    struct buffer out = BUFFER_INIT;
    exporter_problems(exporter, &out);
    snprintf(text, sizeof text, "%s", out.data ? out.data : "");
    buffer_release(&out);
    return text;
}

/* --- tests --- */

static void test_udp(void **state) {
    uint16_t port = 0;
    int fd = socket_bind(SOCK_DGRAM, &port);
    struct reader *reader = mem_zalloc(1, sizeof *reader);
    (void)state;
    reader->fd = fd;
    begin("udp", port, (struct exporter_config){.domain = 0});
    for (unsigned i = 0; i < 2100; i++) {
        flows_put(i, i + 1);
        READ(datagram_read, reader, reader->flows == i + 1);
        assert_int_equal(reader->templates, 1 + i / EXPORTER_TEMPLATE_MESSAGES);
    }
    assert_int_equal(reader->gaps, 0);
    assert_int_equal(reader->messages, 2100);
    assert_int_equal(exporter_lost(exporter), 0);
    assert_int_equal(exporter_backlog(exporter), 0);
    assert_string_equal(problems(), "");
    end();
    close(fd);
    free(reader);
}

/* Without a flow, too: by the clock. What is begun goes within EXPORTER_DELAY_MS. */
static void test_template_refresh(void **state) {
    uint16_t port = 0;
    int fd = socket_bind(SOCK_DGRAM, &port);
    struct reader *reader = mem_zalloc(1, sizeof *reader);
    (void)state;
    reader->fd = fd;
    begin("udp", port, (struct exporter_config){.template_refresh = 1});
    struct meter_flow flow = {.sampling = 1};
    exporter_put(exporter, 0, &flow);
    assert_true(exporter_backlog(exporter) > 0);
    READ(datagram_read, reader, reader->flows == 1);
    READ(datagram_read, reader, reader->templates == 3);
    end();
    close(fd);
    free(reader);
}

static void test_udp_refused(void **state) {
    char expected[128];
    uint16_t port = 0;
    int fd = socket_bind(SOCK_DGRAM, &port);
    (void)state;
    close(fd);
    begin("udp", port, (struct exporter_config){.domain = 0});
    for (unsigned i = 0; i < 3; i++)
        flows_put(i, i + 1);
    UNTIL(*problems());
    snprintf(expected, sizeof expected, "export: %s: send: Connection refused\n", url);
    assert_string_equal(problems(), expected);
    end();
}

static void test_max_rate(void **state) {
    uint16_t port = 0;
    int fd = socket_bind(SOCK_DGRAM, &port);
    struct reader *reader = mem_zalloc(1, sizeof *reader);
    (void)state;
    reader->fd = fd;
    int64_t started = clock_monotonic_us();
    begin("udp", port, (struct exporter_config){.max_rate = 20000});
    flows_put(0, 10000);
    assert_true(exporter_backlog(exporter) > 0);
    READ(datagram_read, reader, reader->flows == 10000);
    /* Half a second, but for the last message, which may go as soon as one record of it may. */
    assert_true(clock_monotonic_us() - started >= 480000);
    assert_int_equal(reader->gaps, 0);
    end();
    close(fd);
    free(reader);
}

/* What comes while the collector is away waits. A connection begins with its templates and with sequence number 0. */
static void test_tcp_reconnect(void **state) {
    uint16_t port = 0;
    int listener = socket_bind(SOCK_STREAM, &port);
    struct reader *reader = mem_zalloc(1, sizeof *reader);
    (void)state;
    begin("tcp", port, (struct exporter_config){.domain = 0});
    flows_put(0, 3000);
    UNTIL(strstr(problems(), "connect: Connection refused"));
    assert_int_equal(listen(listener, 1), 0);
    for (unsigned round = 1; round <= 3; round++) {
        *reader = (struct reader){.fd = connection_accept(listener)};
        READ(stream_read, reader, reader->flows == 3000 && reader->last == 3000 * round - 1);
        assert_int_equal(reader->templates, 1);
        assert_int_equal(reader->gaps, 0);
        assert_string_equal(problems(), "");
        close(reader->fd);
        UNTIL(*problems());
        flows_put(3000 * round, 3000 * (round + 1));
    }
    assert_int_equal(exporter_lost(exporter), 0);
    end();
    close(listener);
    free(reader);
}

/* A message that was cut off comes again, whole. */
static void test_tcp_cut_off(void **state) {
    uint16_t port = 0;
    int listener = socket_bind(SOCK_STREAM, &port), small = 4096;
    struct reader *reader = mem_zalloc(1, sizeof *reader);
    (void)state;
    assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    assert_int_equal(listen(listener, 1), 0);
    begin("tcp", port, (struct exporter_config){.domain = 0});
    int fd = connection_accept(listener);
    unsigned put = 0;
    size_t before;
    do { /* until the kernel takes no more, in the midst of a message */
        before = exporter_backlog(exporter);
        flows_put(put, put + 1000);
        put += 1000;
        event_base_loop(base, EVLOOP_NONBLOCK);
    } while (exporter_backlog(exporter) - before < 8000);
    close(fd);
    *reader = (struct reader){.fd = connection_accept(listener)};
    READ(stream_read, reader, exporter_backlog(exporter) == 0 && reader->last == put - 1);
    assert_int_equal(reader->flows, put - reader->first);
    assert_int_equal(reader->templates, 1);
    assert_int_equal(reader->gaps, 0);
    end();
    close(reader->fd);
    close(listener);
    free(reader);
}

/* A collector that reads nothing: the bound holds, what goes beyond is counted, and the numbers tell it. */
static void test_tcp_deaf(void **state) {
    uint16_t port = 0;
    int listener = socket_bind(SOCK_STREAM, &port);
    struct reader *reader = mem_zalloc(1, sizeof *reader);
    unsigned put = 0;
    (void)state;
    assert_int_equal(listen(listener, 1), 0);
    begin("tcp", port, (struct exporter_config){.domain = 0});
    reader->fd = connection_accept(listener);
    while (exporter_lost(exporter) == 0) {
        assert_true(put < FLOWS_MAX * 16);
        flows_put(put, put + 1000);
        put += 1000;
        event_base_loop(base, EVLOOP_NONBLOCK);
        assert_in_range(exporter_backlog(exporter), 0, EXPORTER_BUFFER);
    }
    uint64_t lost = exporter_lost(exporter);
    READ(stream_read, reader, exporter_backlog(exporter) == 0 && reader->flows + lost == put);
    flows_put(put, put + 1);
    READ(stream_read, reader, reader->last == put);
    assert_int_equal(reader->gaps, lost);
    assert_int_equal(exporter_lost(exporter), lost);
    end();
    close(reader->fd);
    close(listener);
    free(reader);
}

static void test_urls(void **state) {
    static const char *const good[] = {"",
                                       "udp://h",
                                       "udp://[::1]:1",
                                       "tcp://a.b:4739 , udp://c?v9",
                                       "tcp://h?uniflows",
                                       "udp://a,udp://b,udp://c,udp://d,udp://e,udp://f,udp://g,udp://h"};
    static const char *const bad[] = {"h",
                                      "udp:h",
                                      "sctp://h",
                                      "udp://",
                                      "udp://h/p",
                                      "udp://u@h",
                                      "tcp://h?v9",
                                      "udp://h?x",
                                      "udp://h?v9&uniflows",
                                      "udp://h?v9&v9",
                                      "udp://h:70000",
                                      "udp://a,udp://b,udp://c,udp://d,udp://e,udp://f,udp://g,udp://h,udp://i"};
    struct error error;
    (void)state;
    for (unsigned i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(exporter_check(good[i], &error), 0);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(exporter_check(bad[i], &error), -1);
    assert_int_equal(exporter_check("udp://h,sctp://x", &error), -1);
    assert_string_equal(error.text, "'sctp://x' is not accepted: expected udp://host[:4739], tcp://host[:4739], either "
                                    "with ?uniflows, or udp://host[:2055]?v9");
    assert_int_equal(exporter_check(bad[11], &error), -1);
    assert_string_equal(error.text, "more than 8 collectors");
}

/* --- names --- */

static atomic_uint asked;
static sem_t gate, left;  /* what the resolver waits for; that it has ended */
static atomic_int answer; /* EAI_..., or 0: the loopback addresses that nobody and somebody listens on */
static uint16_t silent_port, heard_port;

/* The first address is one where nobody listens. */
static int name_resolve(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **found) {
    (void)hints, (void)port;
    atomic_fetch_add(&asked, 1);
    sem_wait(&gate);
    sem_post(&left); /* the rest is the caller's stack */
    if (strcmp(host, "collector.test") != 0) return EAI_NONAME;
    if (answer != 0) return answer;
    char ports[2][8];
    struct addrinfo digits = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST}, *first, *second;
    snprintf(ports[0], sizeof ports[0], "%u", silent_port);
    snprintf(ports[1], sizeof ports[1], "%u", heard_port);
    assert_int_equal(getaddrinfo("127.0.0.1", ports[0], &digits, &first), 0);
    assert_int_equal(getaddrinfo("127.0.0.1", ports[1], &digits, &second), 0);
    first->ai_next = second;
    *found = first;
    return 0;
}

static void named_begin(void) {
    atomic_store(&asked, 0);
    sem_init(&gate, 0, 0);
    sem_init(&left, 0, 0);
    resolve_name = name_resolve;
    begin_at("tcp://collector.test:4739", (struct exporter_config){.domain = 0});
}

/* The loop turns, flows wait, and the end is at once, while nobody answers. */
static void test_resolver_hangs(void **state) {
    (void)state;
    answer = EAI_AGAIN;
    named_begin();
    for (unsigned i = 0; i < 1000; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    flows_put(0, 5);
    assert_true(exporter_backlog(exporter) > 0);
    UNTIL(atomic_load(&asked) == 1);
    end();
    sem_post(&gate); /* the thread ends, and touches nothing of the exporter's */
    sem_wait(&left);
    resolve_name = getaddrinfo;
}

/* A name that isn't there is asked for again, and said; of its addresses, the next one is tried. */
static void test_name_that_comes_and_has_two_addresses(void **state) {
    struct buffer problems = BUFFER_INIT;
    struct reader reader = {.fd = -1};
    (void)state;
    silent_port = heard_port = 0;
    close(socket_bind(SOCK_STREAM, &silent_port)); /* nobody listens there */
    int listener = socket_bind(SOCK_STREAM, &heard_port);
    listen(listener, 1);
    answer = EAI_AGAIN;
    named_begin();
    flows_put(0, 5);
    sem_post(&gate);
    UNTIL(atomic_load(&asked) == 2);
    exporter_problems(exporter, &problems);
    char expected[160];
    snprintf(expected, sizeof expected, "export: tcp://collector.test:4739: name: 'collector.test': %s\n",
             gai_strerror(EAI_AGAIN));
    assert_string_equal(problems.data, expected);
    buffer_release(&problems);
    answer = 0;
    for (unsigned i = 0; i < 8; i++)
        sem_post(&gate);
    UNTIL((reader.fd = accept(listener, NULL, NULL)) >= 0);
    UNTIL((stream_read(&reader), reader.flows == 5));
    assert_int_equal(exporter_lost(exporter), 0);
    close(reader.fd);
    close(listener);
    end();
    resolve_name = getaddrinfo;
}

static void test_unknown_host(void **state) {
    struct error error;
    (void)state;
    assert_int_equal(exporter_find("udp://127.0.0.1,tcp://nowhere.invalid", &error), -1);
    assert_int_equal(strncmp(error.text, "'nowhere.invalid': ", strlen("'nowhere.invalid': ")), 0);
    assert_int_equal(exporter_find("udp://127.0.0.1,tcp://[::1]", &error), 0);
}

/* Every module shows itself. */
static void test_show(void **state) {
    uint16_t port = 0;
    int fd = socket_bind(SOCK_DGRAM, &port);
    struct buffer out = BUFFER_INIT;
    struct show show;
    char line[128];
    (void)state;
    begin("udp", port, (struct exporter_config){.domain = 0});
    flows_put(0, 5);
    show_begin(&show, SHOW_PROMETHEUS, &out);
    exporter_show(exporter, &show);
    show_end(&show);
    snprintf(line, sizeof line, "flowimport_export_records_total{collector=\"%s\"} 5\n", url);
    assert_non_null(strstr(out.data, line));
    snprintf(line, sizeof line, "flowimport_export_messages_total{collector=\"%s\"} 1\n", url);
    assert_non_null(strstr(out.data, line));
    snprintf(line, sizeof line, "flowimport_export_lost_total{collector=\"%s\"} 0\n", url);
    assert_non_null(strstr(out.data, line));
    buffer_release(&out);
    end();
    close(fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_udp),
        cmocka_unit_test(test_template_refresh),
        cmocka_unit_test(test_udp_refused),
        cmocka_unit_test(test_max_rate),
        cmocka_unit_test(test_tcp_reconnect),
        cmocka_unit_test(test_tcp_cut_off),
        cmocka_unit_test(test_tcp_deaf),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_unknown_host),
        cmocka_unit_test(test_resolver_hangs),
        cmocka_unit_test(test_name_that_comes_and_has_two_addresses),
        cmocka_unit_test(test_show),
    };
    log_init("test", LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
