/* The service manager's protocol, on a real datagram socket. */
#include "base/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* A bound socket that never blocks; its name is written as in NOTIFY_SOCKET. */
static int manager_open(const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(name);
    memcpy(address.sun_path, name, len);
    if (*name == '@') address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    socklen_t address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (*name == '/'));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, address_len), 0);
    return fd;
}

static void expect_message(int fd, const char *expected) {
    char text[4096] = "";
    ssize_t len = recv(fd, text, sizeof text - 1, 0);
    assert_int_equal(len, (ssize_t)strlen(expected));
    assert_string_equal(text, expected);
}

static void messages_arrive_at_a_path(void **state) {
    (void)state;
    char folder[] = "/tmp/test-notify-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/socket", folder);
    int fd = manager_open(path);
    setenv("NOTIFY_SOCKET", path, 1);
    notify_send("READY=1");
    notify_send("WATCHDOG=1\nSTATUS=%d entries", 42);
    expect_message(fd, "READY=1");
    expect_message(fd, "WATCHDOG=1\nSTATUS=42 entries");
    close(fd);
    notify_send("STOPPING=1"); /* nobody listens: dropped */
    unlink(path);
    rmdir(folder);
}

static void messages_arrive_at_an_abstract_name(void **state) {
    (void)state;
    char name[64];
    snprintf(name, sizeof name, "@test-notify-%ld", (long)getpid());
    int fd = manager_open(name);
    setenv("NOTIFY_SOCKET", name, 1);
    notify_send("STOPPING=1");
    expect_message(fd, "STOPPING=1");
    unsetenv("NOTIFY_SOCKET");
    notify_send("READY=1");
    setenv("NOTIFY_SOCKET", "not-an-address", 1);
    notify_send("READY=1");
    assert_int_equal(recv(fd, name, sizeof name, 0), -1);
    close(fd);
}

static void watchdog_is_half_of_what_is_asked(void **state) {
    (void)state;
    char pid[32];
    unsetenv("WATCHDOG_PID");
    unsetenv("WATCHDOG_USEC");
    assert_int_equal(notify_watchdog_us(), 0);
    setenv("WATCHDOG_USEC", "30000000", 1);
    assert_int_equal(notify_watchdog_us(), 15000000);
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    assert_int_equal(notify_watchdog_us(), 15000000);
    setenv("WATCHDOG_PID", "1", 1);
    assert_int_equal(notify_watchdog_us(), 0);
    setenv("WATCHDOG_PID", pid, 1);
    static const char *const bads[] = {"", "-5", "5x", "99999999999999999999"};
    for (unsigned i = 0; i < sizeof bads / sizeof bads[0]; i++) {
        setenv("WATCHDOG_USEC", bads[i], 1);
        assert_int_equal(notify_watchdog_us(), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_arrive_at_a_path),
        cmocka_unit_test(messages_arrive_at_an_abstract_name),
        cmocka_unit_test(watchdog_is_half_of_what_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
