/* The queue's URL: host or socket, login, database; and each refusal in its words, never with the password. */
#include "queue/redis_url.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct {
    const char *url, *option; /* the password beside the URL, or NULL */
    const char *host, *socket;
    int port;
    const char *user, *password;
    int database;
    const char *display;
} goods[] = {
    {"redis://localhost:6379/0", NULL, "localhost", NULL, 6379, NULL, NULL, 0, "redis://localhost:6379/0"},
    {"redis://h", NULL, "h", NULL, 6379, NULL, NULL, 0, "redis://h"},
    {"redis://h/", NULL, "h", NULL, 6379, NULL, NULL, 0, "redis://h/"},
    {"redis://", NULL, "localhost", NULL, 6379, NULL, NULL, 0, "redis://"},
    {"redis://:7000/3", NULL, "localhost", NULL, 7000, NULL, NULL, 3, "redis://:7000/3"},
    {"redis://[::1]:7000/15", NULL, "::1", NULL, 7000, NULL, NULL, 15, "redis://[::1]:7000/15"},
    {"redis://h/1048576", NULL, "h", NULL, 6379, NULL, NULL, 1048576, "redis://h/1048576"},
    {"redis://u:secret@h", NULL, "h", NULL, 6379, "u", "secret", 0, "redis://u:***@h"},
    {"redis://:secret@h", NULL, "h", NULL, 6379, NULL, "secret", 0, "redis://:***@h"},
    {"redis://u:secret@h", "better", "h", NULL, 6379, "u", "better", 0, "redis://u:***@h"},
    {"redis://u@h", "better", "h", NULL, 6379, "u", "better", 0, "redis://u@h"},
    {"redis://u:secret@h", "", "h", NULL, 6379, "u", NULL, 0, "redis://u:***@h"},
    {"redis+unix:///run/redis.sock", NULL, NULL, "/run/redis.sock", 6379, NULL, NULL, 0,
     "redis+unix:///run/redis.sock"},
    {"redis+unix:/run/redis.sock?db=2", NULL, NULL, "/run/redis.sock", 6379, NULL, NULL, 2,
     "redis+unix:/run/redis.sock?db=2"},
    {"redis+unix://u:secret@/run/redis.sock?db=", NULL, NULL, "/run/redis.sock", 6379, "u", "secret", 0,
     "redis+unix://u:***@/run/redis.sock?db="},
};

static void same(const char *actual, const char *expected) {
    if (expected) {
        assert_non_null(actual);
        assert_string_equal(actual, expected);
    } else {
        assert_null(actual);
    }
}

static void targets(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof goods / sizeof goods[0]; i++) {
        struct redis_target target;
        struct error error = {""};
        assert_int_equal(redis_target_parse(&target, goods[i].url, goods[i].option, &error), 0);
        same(target.host, goods[i].host);
        same(target.socket, goods[i].socket);
        assert_int_equal(target.port, goods[i].port);
        same(target.user, goods[i].user);
        same(target.password, goods[i].password);
        assert_int_equal(target.database, goods[i].database);
        same(target.display, goods[i].display);
        redis_target_release(&target);
        assert_null(target.host);
        assert_null(target.display);
    }
}

#define EXPECTED ": expected redis://host[:port][/db] or redis+unix:///path[?db=N]"

static const struct {
    const char *url, *error;
} bads[] = {
    {"localhost:6379", "localhost:6379" EXPECTED},
    {"rediss://h", "rediss://h" EXPECTED},
    {"mysql://u:secret@h/db", "mysql://u:***@h/db" EXPECTED},
    {"redis+unix://", "redis+unix://" EXPECTED},
    {"redis+unix://host", "redis+unix://host" EXPECTED},
    {"redis://h/x", "redis://h/x: 'x' is not a database number"},
    {"redis://h/0/1", "redis://h/0/1: '0/1' is not a database number"},
    {"redis://h/-1", "redis://h/-1: '-1' is not a database number"},
    {"redis://h/1048577", "redis://h/1048577: '1048577' is not a database number"},
    {"redis://h/99999999999999999999",
     "redis://h/99999999999999999999: '99999999999999999999' is not a database number"},
    {"redis+unix:/s?db=one", "redis+unix:/s?db=one: 'one' is not a database number"},
    {"redis://h:0", "URL 'redis://h:0': port '0' is not a number from 1 to 65535"},
    {"", "URL '': no scheme, such as redis://, mysql:// or sqlite:"},
};

static void refusals(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof bads / sizeof bads[0]; i++) {
        struct redis_target target;
        struct error error = {""};
        assert_int_equal(redis_target_parse(&target, bads[i].url, NULL, &error), -1);
        assert_string_equal(error.text, bads[i].error);
        assert_null(target.host);
        assert_null(target.socket);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
