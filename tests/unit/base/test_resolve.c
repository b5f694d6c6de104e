/* Questions for addresses: answered once and on the loop, cancelled, while the resolver hangs. */
#include "base/resolve.h"

#include <errno.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct event_base *base;
static sem_t gate, begun, ended;
static atomic_bool signals_blocked;

struct answer {
    unsigned n;
    struct addrinfo *found;
    char why[128];
};

/* Waits for the gate; "there" is 192.0.2.1, "broken" an error of the system's. */
static int hanging(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **found) {
    struct addrinfo digits = *hints;
    sigset_t blocked;
    int code = EAI_NONAME;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    atomic_store(&signals_blocked, sigismember(&blocked, SIGTERM));
    sem_post(&begun);
    sem_wait(&gate);
    digits.ai_flags |= AI_NUMERICHOST;
    if (strcmp(host, "there") == 0) code = getaddrinfo("192.0.2.1", port, &digits, found);
    if (strcmp(host, "broken") == 0) {
        code = EAI_SYSTEM;
        errno = EMFILE;
    }
    sem_post(&ended);
    return code;
}

static void on_answer(void *context, struct addrinfo *found, const char *why) {
    struct answer *answer = context;
    answer->n++;
    answer->found = found;
    if (why) strncpy(answer->why, why, sizeof answer->why - 1);
}

static int setup(void **state) {
    (void)state;
    base = event_base_new();
    sem_init(&gate, 0, 0);
    sem_init(&begun, 0, 0);
    sem_init(&ended, 0, 0);
    resolve_name = hanging;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    event_base_free(base);
    resolve_name = getaddrinfo;
    return 0;
}

static void on_tick(evutil_socket_t fd, short what, void *context) {
    unsigned *ticks = context;
    (void)fd;
    (void)what;
    if (++*ticks == 20) event_base_loopbreak(base);
}

static void the_loop_goes_on_while_the_resolver_hangs(void **state) {
    struct answer answer = {.n = 0};
    unsigned ticks = 0;
    (void)state;
    struct event *tick = event_new(base, -1, EV_PERSIST, on_tick, &ticks);
    event_add(tick, &(struct timeval){.tv_usec = 100});
    resolve_start(base, "there", 6379, SOCK_STREAM, on_answer, &answer);
    sem_wait(&begun);
    event_base_dispatch(base);
    assert_int_equal(ticks, 20);
    assert_int_equal(answer.n, 0);
    assert_true(signals_blocked);
    event_free(tick);
    sem_post(&gate);
    event_base_dispatch(base); /* ends when nothing is waited for */
    assert_int_equal(answer.n, 1);
    assert_non_null(answer.found);
    const struct sockaddr_in *address = (const struct sockaddr_in *)(const void *)answer.found->ai_addr;
    assert_int_equal(ntohl(address->sin_addr.s_addr), 0xc0000201);
    assert_int_equal(ntohs(address->sin_port), 6379);
    assert_int_equal(answer.found->ai_socktype, SOCK_STREAM);
    freeaddrinfo(answer.found);
}

static void a_cancelled_question_answers_nobody(void **state) {
    struct answer answer = {.n = 0};
    (void)state;
    resolve_cancel(NULL);
    for (unsigned i = 0; i < 3; i++) { /* before the answer, at it, and after it */
        struct resolve *resolve = resolve_start(base, "there", 1, SOCK_DGRAM, on_answer, &answer);
        sem_wait(&begun);
        if (i > 0) sem_post(&gate);
        if (i > 1) sem_wait(&ended);
        resolve_cancel(resolve);
        event_base_dispatch(base);
        if (i == 0) sem_post(&gate);
        if (i < 2) sem_wait(&ended);
        assert_int_equal(answer.n, 0);
    }
}

static void what_is_wrong_is_said(void **state) {
    const struct {
        const char *host, *why;
    } cases[] = {{"nowhere", gai_strerror(EAI_NONAME)}, {"broken", strerror(EMFILE)}};
    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct answer answer = {.n = 0};
        char expected[128];
        sem_post(&gate);
        resolve_start(base, cases[i].host, 1, SOCK_STREAM, on_answer, &answer);
        event_base_dispatch(base);
        assert_int_equal(answer.n, 1);
        assert_null(answer.found);
        snprintf(expected, sizeof expected, "'%s': %s", cases[i].host, cases[i].why);
        assert_string_equal(answer.why, expected);
    }
}

/* Nobody is asked; the answer comes from the loop all the same. */
static void digits_need_no_thread(void **state) {
    static const char *const hosts[] = {"192.0.2.7", "2001:db8::7"};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct answer answer = {.n = 0};
        resolve_start(base, hosts[i], 4739, SOCK_DGRAM, on_answer, &answer);
        assert_int_equal(answer.n, 0);
        event_base_dispatch(base);
        assert_int_equal(answer.n, 1);
        assert_int_equal(answer.found->ai_family, i ? AF_INET6 : AF_INET);
        freeaddrinfo(answer.found);
        resolve_cancel(resolve_start(base, hosts[i], 4739, SOCK_DGRAM, on_answer, &answer));
        event_base_dispatch(base);
        assert_int_equal(answer.n, 1);
    }
    assert_int_equal(sem_trywait(&begun), -1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_loop_goes_on_while_the_resolver_hangs),
        TEST(a_cancelled_question_answers_nobody),
        TEST(what_is_wrong_is_said),
        TEST(digits_need_no_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
