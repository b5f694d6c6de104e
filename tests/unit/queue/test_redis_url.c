/* The queue's URL: host or socket, login, database; and each refusal in its words, never with the password. */
#include "queue/redis_url.h"

#include <stdio.h>
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
    {"redis://u:secret@h", "", "h", NULL, 6379, "u", "", 0, "redis://u:***@h"},
    {"redis://u:@h", NULL, "h", NULL, 6379, "u", "", 0, "redis://u:***@h"},
    {"redis://u@h", "", "h", NULL, 6379, "u", "", 0, "redis://u@h"},
    {"redis://:@h", NULL, "h", NULL, 6379, NULL, NULL, 0, "redis://:***@h"},
    {"redis://@h", "", "h", NULL, 6379, NULL, NULL, 0, "redis://@h"},
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

static int target_parse(struct redis_target *target, const char *url, const char *password, const char *queue,
                        struct error *error) {
    return redis_target_parse(target, &(struct redis_access){.url = url, .password = password, .queue = queue}, error);
}

static void targets(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof goods / sizeof goods[0]; i++) {
        struct redis_target target;
        struct error error = {""};
        assert_int_equal(target_parse(&target, goods[i].url, goods[i].option, "entry:queue", &error), 0);
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

#define EXPECTED                                                                                                       \
    ": expected redis://host[:port][/db], redis+unix:///path[?db=N], "                                                 \
    "redis+sentinel://host[:port][,host...]/master[/db], redis+cluster://host[:port][,host...], or with TLS "          \
    "rediss:// and so on"

static void nodes_are(const struct redis_target *target, unsigned n, const struct redis_node nodes[]) {
    assert_int_equal(target->n_nodes, n);
    for (unsigned i = 0; i < n; i++) {
        assert_string_equal(target->nodes[i].host, nodes[i].host);
        assert_int_equal(target->nodes[i].port, nodes[i].port);
    }
}

static void sentinels(void **state) {
    static const struct redis_node two[] = {{"a", 26379}, {"::1", 5000}};
    struct redis_target target;
    (void)state;
    assert_int_equal(target_parse(&target, "redis+sentinel://u:secret@a,[::1]:5000/mymaster/3", NULL, "queue", NULL),
                     0);
    assert_int_equal(target.kind, REDIS_SENTINEL);
    nodes_are(&target, 2, two);
    assert_string_equal(target.master, "mymaster");
    assert_int_equal(target.database, 3);
    assert_string_equal(target.user, "u");
    assert_string_equal(target.password, "secret");
    assert_string_equal(target.display, "redis+sentinel://u:***@a,[::1]:5000/mymaster/3");
    assert_null(target.host);
    redis_target_release(&target);
}

static void clusters(void **state) {
    static const struct redis_node three[] = {{"a", 7000}, {"b", 6379}, {"c", 7002}};
    struct redis_target target;
    (void)state;
    assert_int_equal(target_parse(&target, "redis+cluster://a:7000,b,c:7002/0", NULL, "queue", NULL), 0);
    assert_int_equal(target.kind, REDIS_CLUSTER);
    nodes_are(&target, 3, three);
    assert_string_equal(target.key, "queue");
    redis_target_release(&target);
}

static void by_tls(void **state) {
    static const struct {
        const char *url;
        enum redis_kind kind;
        bool secure;
    } rows[] = {
        {"redis://h", REDIS_SERVER, false},
        {"rediss://h", REDIS_SERVER, true},
        {"rediss+sentinel://h/m", REDIS_SENTINEL, true},
        {"rediss+cluster://h", REDIS_CLUSTER, true},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct redis_access access = {.url = rows[i].url, .tls = {.ca = "/ca", .verify = TLS_VERIFY_AUTHORITY}};
        struct redis_target target;
        assert_int_equal(redis_target_parse(&target, &access, NULL), 0);
        assert_int_equal(target.kind, rows[i].kind);
        assert_int_equal(target.secure, rows[i].secure);
        assert_string_equal(target.tls.ca, "/ca");
        assert_int_equal(target.tls.verify, TLS_VERIFY_AUTHORITY);
        redis_target_release(&target);
    }
}

#define NO_PARAMETER                                                                                                   \
    "; expected none: the database is /N behind the host, TLS is rediss:// with [queue] tls_ca and so on"

#define NO_PASSWORD                                                                                                    \
    ": no password for the user 'u': set [queue] password or password_file, or write u:@ for a user who needs none"

static const struct {
    const char *url, *error;
} bads[] = {
    {"localhost:6379", "localhost:6379" EXPECTED},
    {"redisss://h", "redisss://h" EXPECTED},
    {"rediss+unix:/s", "rediss+unix:/s" EXPECTED},
    {"mysql://u:secret@h/db", "mysql://u:***@h/db" EXPECTED},
    {"redis+unix://", "redis+unix://: no path of a socket: redis+unix:///path[?db=N]"},
    {"redis+unix://host", "redis+unix://host: no path of a socket: redis+unix:///path[?db=N]"},
    {"redis+unix://run/s", "redis+unix://run/s: the path of the socket begins behind 'run': expected "
                           "redis+unix:///path[?db=N]"},
    {"redis+unix:/s?db=1&bd=2", "redis+unix:/s?db=1&bd=2: unknown parameter 'bd'; expected db"},
    {"redis://u:secret@h?tls=yes", "redis://u:***@h?tls=yes: unknown parameter 'tls'" NO_PARAMETER},
    {"rediss://h?db=2", "rediss://h?db=2: unknown parameter 'db'" NO_PARAMETER},
    {"redis+sentinel://h/m?x", "redis+sentinel://h/m?x: unknown parameter 'x'" NO_PARAMETER},
    {"redis+cluster://h/?x=1", "redis+cluster://h/?x=1: unknown parameter 'x'" NO_PARAMETER},
    {"redis://h/x", "redis://h/x: 'x' is not a database number"},
    {"redis://h/0/1", "redis://h/0/1: '0/1' is not a database number"},
    {"redis://h/-1", "redis://h/-1: '-1' is not a database number"},
    {"redis://h/1048577", "redis://h/1048577: '1048577' is not a database number"},
    {"redis://h/99999999999999999999",
     "redis://h/99999999999999999999: '99999999999999999999' is not a database number"},
    {"redis+unix:/s?db=one", "redis+unix:/s?db=one: 'one' is not a database number"},
    {"redis://a,b/0", "redis://a,b/0: several hosts: redis+sentinel://host,host/master asks the sentinels there, "
                      "redis+cluster://host,host is a Redis Cluster"},
    {"redis+sentinel://a,b", "redis+sentinel://a,b: no name of a master: "
                             "redis+sentinel://host[:26379][,host...]/master[/db]"},
    {"redis+sentinel://a//1", "redis+sentinel://a//1: no name of a master: "
                              "redis+sentinel://host[:26379][,host...]/master[/db]"},
    {"redis+sentinel:///m", "redis+sentinel:///m: no host"},
    {"redis+sentinel://a/m/x", "redis+sentinel://a/m/x: 'x' is not a database number"},
    {"redis+cluster://a/1", "redis+cluster://a/1: a Redis Cluster has no database but 0"},
    {"redis+cluster:", "redis+cluster:: no host"},
    {"redis://u@h", "redis://u@h" NO_PASSWORD},
    {"rediss://u@h/2", "rediss://u@h/2" NO_PASSWORD},
    {"redis+unix://u@/s?db=1", "redis+unix://u@/s?db=1" NO_PASSWORD},
    {"redis+sentinel://u@a,b/m", "redis+sentinel://u@a,b/m" NO_PASSWORD},
    {"redis+cluster://u@a,b", "redis+cluster://u@a,b" NO_PASSWORD},
    {"redis://h:0", "URL 'redis://h:0': port '0' is not a number from 1 to 65535"},
    {"", "URL '': no scheme, such as redis://, mysql:// or sqlite:"},
};

static void refusals(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof bads / sizeof bads[0]; i++) {
        struct redis_target target;
        struct error error = {""};
        assert_int_equal(target_parse(&target, bads[i].url, NULL, "entry:queue", &error), -1);
        assert_string_equal(error.text, bads[i].error);
        assert_null(target.host);
        assert_null(target.socket);
    }
}

/* Each way to write a URL with each word that any of them knows, and with one that none does: it is accepted where it
 * means something, and nowhere ignored. */
static void every_word_of_every_kind(void **state) {
    static const struct {
        const char *url, *word; /* the one word that it knows, or NULL */
    } kinds[] = {{"redis://h:1/2", NULL},         {"rediss://h:1/2", NULL},         {"redis+unix:/s", "db"},
                 {"redis+unix://u:p@/s", "db"},   {"redis+sentinel://a,b/m", NULL}, {"rediss+sentinel://a:1/m/3", NULL},
                 {"redis+cluster://a:1,b", NULL}, {"rediss+cluster://a", NULL}};
    static const struct {
        const char *name, *value;
        bool good;
    } words[] = {{"db", "1", true},       {"db", "", true},     {"db", "x", false},     {"db", "-1", false},
                 {"tls", "yes", false},   {"tls", "no", false}, {"DB", "1", false},     {"password", "x", false},
                 {"socket", "/s", false}, {"", "", false},      {"timeout", "5", false}};
    struct redis_target target;
    char url[100];
    (void)state;
    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        assert_int_equal(target_parse(&target, kinds[i].url, NULL, "queue", NULL), 0);
        redis_target_release(&target);
        for (unsigned k = 0; k < sizeof words / sizeof words[0]; k++) {
            struct error error = {""};
            bool good = words[k].good && kinds[i].word && strcmp(kinds[i].word, words[k].name) == 0;
            snprintf(url, sizeof url, "%s?%s=%s", kinds[i].url, words[k].name, words[k].value);
            assert_int_equal(target_parse(&target, url, NULL, "queue", &error), good ? 0 : -1);
            assert_int_equal(*error.text == '\0', good);
            if (good) redis_target_release(&target);
            if (!good) continue;
            snprintf(url, sizeof url, "%s?%s=%s&%s=%s", kinds[i].url, words[k].name, words[k].value, words[k].name,
                     words[k].value);
            assert_int_equal(target_parse(&target, url, NULL, "queue", &error), -1);
            assert_non_null(strstr(error.text, "the parameter 'db' stands there twice"));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets), cmocka_unit_test(sentinels), cmocka_unit_test(clusters),
        cmocka_unit_test(by_tls),  cmocka_unit_test(refusals),  cmocka_unit_test(every_word_of_every_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
