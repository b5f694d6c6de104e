/* The connection's beginnings: what fails at once, a resolver that hangs, a name with two addresses. */
#include "queue/redis.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/resolve.h"

static struct event_base *base;
static unsigned n_connected, n_lost;
static char lost_why[256];
static sem_t gate, left;
static atomic_uint asked;

static void on_connected(void *context) {
    (void)context;
    n_connected++;
    event_base_loopbreak(base);
}

static void on_lost(void *context, const char *why) {
    (void)context;
    n_lost++;
    snprintf(lost_why, sizeof lost_why, "%s", why);
    event_base_loopbreak(base);
}

static const struct redis_handler handler = {NULL, on_connected, on_lost};

static int setup(void **state) {
    (void)state;
    base = event_base_new();
    n_connected = n_lost = 0;
    atomic_store(&asked, 0);
    sem_init(&gate, 0, 0);
    sem_init(&left, 0, 0);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    resolve_name = getaddrinfo;
    event_base_free(base);
    return 0;
}

/* Waits for the gate; then 127.0.0.2 and 127.0.0.1. */
static int two_addresses(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **found) {
    struct addrinfo digits = *hints, *second;
    (void)host;
    atomic_fetch_add(&asked, 1);
    sem_wait(&gate);
    digits.ai_flags |= AI_NUMERICHOST;
    int failed =
        getaddrinfo("127.0.0.2", port, &digits, found) != 0 || getaddrinfo("127.0.0.1", port, &digits, &second) != 0;
    if (!failed) (*found)->ai_next = second;
    sem_post(&left);
    return failed ? EAI_FAIL : 0;
}

/* Nothing is told to who is still being made. */
static void what_fails_at_once_is_told_on_the_loop(void **state) {
    char path[] = "/nowhere/redis.sock";
    const struct redis_target target = {.socket = path};
    (void)state;
    struct redis *redis = redis_new(base, &target, 1, &handler);
    redis_connect(redis);
    assert_int_equal(n_lost, 0);
    event_base_dispatch(base);
    assert_int_equal(n_lost, 1);
    assert_string_equal(lost_why, "No such file or directory");
    redis_free(redis);
}

static void a_resolver_that_hangs(void **state) {
    char host[] = "redis.test";
    const struct redis_target target = {.host = host, .port = 6379};
    (void)state;
    resolve_name = two_addresses;
    struct redis *redis = redis_new(base, &target, 1, &handler);
    redis_connect(redis);
    for (unsigned i = 0; i < 100; i++)
        event_base_loop(base, EVLOOP_NONBLOCK); /* the loop turns */
    assert_int_equal(n_connected + n_lost, 0);
    redis_free(redis); /* and the end is at once */
    sem_post(&gate);
    sem_wait(&left);
    assert_int_equal(atomic_load(&asked), 1);
}

static void a_name_that_is_not_there(void **state) {
    char host[] = "nowhere.invalid";
    const struct redis_target target = {.host = host, .port = 6379};
    (void)state;
    struct redis *redis = redis_new(base, &target, 1, &handler);
    redis_connect(redis);
    event_base_dispatch(base);
    assert_int_equal(n_lost, 1);
    assert_int_equal(strncmp(lost_why, "'nowhere.invalid': ", strlen("'nowhere.invalid': ")), 0);
    redis_free(redis);
}

/* What a server answers to the login. */
static const char greeting[] = "+PONG\r\n*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n";

static int listener_open(uint16_t *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

/* On 127.0.0.2 nobody listens: that is not told, and 127.0.0.1 is tried. */
static void the_second_address(void **state) {
    char host[] = "redis.test", command[128];
    struct redis_target target = {.host = host};
    (void)state;
    uint16_t port;
    int listener = listener_open(&port), fd = -1;
    target.port = port;
    resolve_name = two_addresses;
    sem_post(&gate);
    struct redis *redis = redis_new(base, &target, 1, &handler);
    redis_connect(redis);
    while ((fd = accept(listener, NULL, NULL)) < 0 && n_lost == 0)
        event_base_loop(base, EVLOOP_NONBLOCK);
    assert_int_equal(n_lost, 0);
    assert_int_equal(write(fd, greeting, strlen(greeting)), strlen(greeting));
    event_base_dispatch(base);
    assert_int_equal(n_connected, 1);
    assert_int_equal(read(fd, command, sizeof command), strlen("*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nROLE\r\n"));
    close(fd);
    close(listener);
    event_base_dispatch(base);
    assert_int_equal(n_lost, 1);
    redis_free(redis);
}

/* A port of 127.0.0.2 that answers nothing: its queue is full, and the kernel drops who comes next. */
static int full_open(uint16_t port, int fillers[4]) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1), .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 0), 0);
    for (unsigned i = 0; i < 4; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(fillers[i], (struct sockaddr *)&address, sizeof address);
    }
    return fd;
}

static void full_close(int fd, const int fillers[4]) {
    for (unsigned i = 0; i < 4; i++)
        close(fillers[i]);
    close(fd);
}

/* The first address of the name does not answer; the second is tried, and without it the loss is told. */
static void an_address_that_does_not_answer(void **state) {
    char host[] = "redis.test";
    struct redis_target target = {.host = host};
    (void)state;
    for (unsigned second = 0; second < 2; second++) {
        uint16_t port;
        int listener = listener_open(&port), fd = -1, fillers[4], full = full_open(port, fillers);
        n_connected = n_lost = 0;
        target.port = port;
        if (!second) close(listener);
        resolve_name = two_addresses;
        sem_post(&gate);
        struct redis *redis = redis_new(base, &target, 60000, &handler);
        redis_set_connect_max(redis, 20);
        redis_connect(redis);
        while (second && (fd = accept(listener, NULL, NULL)) < 0 && n_lost == 0)
            event_base_loop(base, EVLOOP_NONBLOCK);
        if (second) assert_int_equal(write(fd, greeting, strlen(greeting)), strlen(greeting));
        event_base_dispatch(base);
        assert_int_equal(n_connected, second);
        assert_int_equal(n_lost, !second);
        if (!second) assert_string_equal(lost_why, "Connection refused");
        redis_free(redis);
        full_close(full, fillers);
        if (second) {
            close(fd);
            close(listener);
        }
    }
}

static int silent_address(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **found) {
    struct addrinfo digits = *hints;
    (void)host;
    digits.ai_flags |= AI_NUMERICHOST;
    return getaddrinfo("127.0.0.2", port, &digits, found);
}

/* Also the only one is given up, and tried again. */
static void the_only_address_does_not_answer(void **state) {
    char host[] = "redis.test";
    uint16_t port;
    int listener = listener_open(&port), fillers[4], full = full_open(port, fillers);
    const struct redis_target target = {.host = host, .port = port};
    (void)state;
    close(listener);
    resolve_name = silent_address;
    struct redis *redis = redis_new(base, &target, 1, &handler);
    redis_set_connect_max(redis, 20);
    redis_connect(redis);
    for (unsigned times = 1; times <= 3; times++) {
        event_base_dispatch(base);
        assert_int_equal(n_lost, times);
        assert_string_equal(lost_why, "no connection within 20 ms");
    }
    redis_free(redis);
    full_close(full, fillers);
}

/* The server's end of the connection. */
static int server_connect(struct redis *redis, int listener) {
    struct pollfd waiting = {.fd = listener, .events = POLLIN};
    redis_connect(redis);
    while (poll(&waiting, 1, 0) == 0)
        event_base_loop(base, EVLOOP_ONCE);
    return accept(listener, NULL, NULL);
}

/* What comes behind the last answer, in the same piece or alone. An error says what it is. */
static void a_reply_that_no_command_waits_for(void **state) {
    static const struct {
        const char *reply, *why;
    } cases[] = {{"+OK\r\n", "a reply that no command waits for"},
                 {":1\r\n", "a reply that no command waits for"},
                 {"$-1\r\n", "a reply that no command waits for"},
                 {"*0\r\n", "a reply that no command waits for"},
                 {"-ERR going down\r\n", "ERR going down"}};
    char host[] = "127.0.0.1";
    uint16_t port;
    int listener = listener_open(&port);
    const struct redis_target target = {.host = host, .port = port};
    (void)state;
    for (unsigned i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        const char *reply = cases[i / 2].reply, *at_once = i % 2 ? reply : "";
        n_connected = n_lost = 0;
        struct redis *redis = redis_new(base, &target, 1, &handler);
        int fd = server_connect(redis, listener);
        dprintf(fd, "%s%s", greeting, at_once);
        event_base_dispatch(base);
        assert_int_equal(n_connected, 1);
        if (!*at_once) dprintf(fd, "%s", reply);
        if (n_lost == 0) event_base_dispatch(base);
        assert_int_equal(n_lost, 1);
        assert_string_equal(lost_why, cases[i / 2].why);
        redis_free(redis);
        close(fd);
    }
    close(listener);
}

static void no_element(void *context, const char *text, size_t len) {
    (void)context, (void)text, (void)len;
    fail();
}

static void no_list(void *context, const redisReply *reply) {
    (void)context, (void)reply;
    fail();
}

/* It must not count as an empty one: a claim would be settled of which nothing was read. */
static void a_list_that_is_none(void **state) {
    static const char *const replies[] = {"$-1\r\n", "*-1\r\n", "+OK\r\n", "$1\r\na\r\n"};
    char host[] = "127.0.0.1";
    uint16_t port;
    int listener = listener_open(&port);
    const struct redis_target target = {.host = host, .port = port};
    (void)state;
    for (unsigned i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        n_connected = n_lost = 0;
        struct redis *redis = redis_new(base, &target, 1, &handler);
        int fd = server_connect(redis, listener);
        dprintf(fd, "%s", greeting);
        event_base_dispatch(base);
        assert_int_equal(n_connected, 1);
        redis_range(redis, "claim", 0, 9, no_element, no_list, NULL);
        dprintf(fd, "%s", replies[i]);
        event_base_dispatch(base);
        assert_int_equal(n_lost, 1);
        assert_string_equal(lost_why, "LRANGE: an answer of another type");
        redis_free(redis);
        close(fd);
    }
    close(listener);
}

/* Of one that is to end: the answer that is waited for already, or one of a question that is asked later. */
static void silence_near_the_end(void **state) {
    char host[] = "127.0.0.1";
    uint16_t port;
    int listener = listener_open(&port);
    const struct redis_target target = {.host = host, .port = port};
    (void)state;
    for (unsigned later = 0; later < 2; later++) {
        n_connected = n_lost = 0;
        struct redis *redis = redis_new(base, &target, 60000, &handler);
        int fd = server_connect(redis, listener);
        dprintf(fd, "%s", greeting);
        event_base_dispatch(base);
        assert_int_equal(n_connected, 1);
        if (!later) redis_command(redis, no_list, NULL, "PING", NULL);
        redis_hurry(redis, 20);
        if (later) redis_command(redis, no_list, NULL, "PING", NULL);
        event_base_dispatch(base);
        assert_int_equal(n_lost, 1);
        assert_string_equal(lost_why, "no answer");
        redis_free(redis);
        close(fd);
    }
    close(listener);
}

/* Accepts one connection, and answers before it is asked. */
static void *server_run(void *context) {
    struct pollfd listener = {.fd = *(const int *)context, .events = POLLIN};
    const char *role = strchr(greeting, '*');
    poll(&listener, 1, -1);
    int fd = accept(listener.fd, NULL, NULL);
    (void)!write(fd, role, strlen(role));
    close(fd);
    return NULL;
}

/* The hand tool's connection, too, tries each address. */
static void a_blocking_connection(void **state) {
    char host[] = "redis.test", display[] = "redis://redis.test";
    struct redis_target target = {.host = host, .display = display};
    struct error error;
    uint16_t port;
    (void)state;
    pthread_t server;
    int listener = listener_open(&port);
    target.port = port;
    resolve_name = two_addresses;
    sem_post(&gate);
    assert_int_equal(pthread_create(&server, NULL, server_run, &listener), 0);
    redisContext *context = redis_open(&target, &error);
    pthread_join(server, NULL);
    assert_non_null(context);
    redisFree(context);
    close(listener);
    sem_post(&gate);
    assert_null(redis_open(&target, &error));
    assert_string_equal(error.text, "redis://redis.test: Connection refused");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_fails_at_once_is_told_on_the_loop),
        TEST(a_resolver_that_hangs),
        TEST(a_name_that_is_not_there),
        TEST(the_second_address),
        TEST(an_address_that_does_not_answer),
        TEST(the_only_address_does_not_answer),
        TEST(a_reply_that_no_command_waits_for),
        TEST(a_list_that_is_none),
        TEST(silence_near_the_end),
        TEST(a_blocking_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
