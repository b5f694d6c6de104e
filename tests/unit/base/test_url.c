/* URLs of servers and files: what they come apart into, what is refused, what is shown. */
#include "base/url.h"

#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

struct good {
    const char *text, *scheme, *user, *password, *host;
    int port;
    const char *path;
};

static const struct good goods[] = {
    {"redis://localhost:6379/0", "redis", NULL, NULL, "localhost", 6379, "/0"},
    {"redis://localhost", "redis", NULL, NULL, "localhost", 0, NULL},
    {"REDIS://Host/", "redis", NULL, NULL, "Host", 0, "/"},
    {"redis://user:pass@h:1/2", "redis", "user", "pass", "h", 1, "/2"},
    {"redis://:pass@h", "redis", NULL, "pass", "h", 0, NULL},
    {"redis://user:@h", "redis", "user", "", "h", 0, NULL},
    {"redis://u%40x:p%3A%2F%25@h", "redis", "u@x", "p:/%", "h", 0, NULL},
    {"redis://u:p@ss@h", "redis", "u", "p@ss", "h", 0, NULL},
    {"redis://u:a:b@h", "redis", "u", "a:b", "h", 0, NULL},
    {"redis+unix:///run/redis.sock", "redis+unix", NULL, NULL, NULL, 0, "/run/redis.sock"},
    {"mysql://user@/db?socket=/x", "mysql", "user", NULL, NULL, 0, "/db"},
    {"mysql://[2001:db8::1]:3306/db", "mysql", NULL, NULL, "2001:db8::1", 3306, "/db"},
    {"mysql://[::1]/db", "mysql", NULL, NULL, "::1", 0, "/db"},
    {"mysql://h:/db", "mysql", NULL, NULL, "h", 0, "/db"},
    {"sqlite:/var/lib/flows.db", "sqlite", NULL, NULL, NULL, 0, "/var/lib/flows.db"},
    {"sqlite:///var/lib/flows.db", "sqlite", NULL, NULL, NULL, 0, "/var/lib/flows.db"},
    {"sqlite:flows%20of%20today.db", "sqlite", NULL, NULL, NULL, 0, "flows of today.db"},
    {"memory:", "memory", NULL, NULL, NULL, 0, NULL},
};

static void same(const char *actual, const char *expected) {
    if (expected) {
        assert_non_null(actual);
        assert_string_equal(actual, expected);
    } else {
        assert_null(actual);
    }
}

static void parts_come_apart(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof goods / sizeof goods[0]; i++) {
        struct url url;
        struct error error = {""};
        assert_int_equal(url_parse(&url, goods[i].text, &error), 0);
        same(url.scheme, goods[i].scheme);
        same(url.user, goods[i].user);
        same(url.password, goods[i].password);
        same(url.host, goods[i].host);
        assert_int_equal(url.port, goods[i].port);
        same(url.path, goods[i].path);
        url_release(&url);
    }
}

static void hosts_may_follow_the_first(void **state) {
    (void)state;
    struct url url;
    assert_int_equal(url_parse(&url, "redis+sentinel://u:p,w@a:1,[::1]:2,[2001:db8::1],c/master", NULL), 0);
    assert_string_equal(url.password, "p,w");
    assert_string_equal(url.host, "a");
    assert_int_equal(url.port, 1);
    assert_int_equal(url.n_more, 3);
    assert_string_equal(url.more[0].name, "::1");
    assert_int_equal(url.more[0].port, 2);
    assert_string_equal(url.more[1].name, "2001:db8::1");
    assert_int_equal(url.more[1].port, 0);
    assert_string_equal(url.more[2].name, "c");
    assert_string_equal(url.path, "/master");
    url_release(&url);
}

static void parameters_are_found_by_name(void **state) {
    (void)state;
    struct url url;
    assert_int_equal(url_parse(&url, "mysql://u@/db?socket=/run/my%20sql.sock&&tls&bulk=no&x==", NULL), 0);
    assert_int_equal(url.n_params, 4);
    assert_string_equal(url_param(&url, "socket"), "/run/my sql.sock");
    assert_string_equal(url_param(&url, "tls"), "");
    assert_string_equal(url_param(&url, "bulk"), "no");
    assert_string_equal(url_param(&url, "x"), "=");
    assert_null(url_param(&url, "sock"));
    url_release(&url);
    assert_int_equal(url.n_params, 0);
    assert_int_equal(url_parse(&url, "memory:?", NULL), 0);
    assert_int_equal(url.n_params, 0);
    url_release(&url);
}

static const struct {
    const char *text, *error;
} bads[] = {
    {"", "URL '': no scheme, such as redis://, mysql:// or sqlite:"},
    {"localhost", "URL 'localhost': no scheme, such as redis://, mysql:// or sqlite:"},
    {"/var/lib/x", "URL '/var/lib/x': no scheme, such as redis://, mysql:// or sqlite:"},
    {"9a://h", "URL '9a://h': no scheme, such as redis://, mysql:// or sqlite:"},
    {"redis://h:0", "URL 'redis://h:0': port '0' is not a number from 1 to 65535"},
    {"redis://h:65536", "URL 'redis://h:65536': port '65536' is not a number from 1 to 65535"},
    {"redis://h:99999999999999999999",
     "URL 'redis://h:99999999999999999999': port '99999999999999999999' is not a number from 1 to 65535"},
    {"redis://h:1x", "URL 'redis://h:1x': port '1x' is not a number from 1 to 65535"},
    {"redis://::1", "URL 'redis://::1': an IPv6 address must be in brackets, as in [::1]"},
    {"redis://[::1", "URL 'redis://[::1': '[' without ']' around an IPv6 address"},
    {"redis://[::1]x:1", "URL 'redis://[::1]x:1': text between ']' and the port"},
    {"sqlite:/a%", "URL 'sqlite:/a%': '%' must be followed by two hexadecimal digits (a '%' itself is written %25)"},
    {"sqlite:/a%2", "URL 'sqlite:/a%2': '%' must be followed by two hexadecimal digits (a '%' itself is written %25)"},
    {"sqlite:/a%gg",
     "URL 'sqlite:/a%gg': '%' must be followed by two hexadecimal digits (a '%' itself is written %25)"},
    {"sqlite:/a%00b", "URL 'sqlite:/a%00b': %00 is not allowed"},
    {"redis://me:secret@h:x", "URL 'redis://me:***@h:x': port 'x' is not a number from 1 to 65535"},
    {"redis://,b", "URL 'redis://,b': no host before a ','"},
    {"redis://a,", "URL 'redis://a,': no host behind a ','"},
    {"redis://a,,b", "URL 'redis://a,,b': no host behind a ','"},
    {"redis://a,:6379", "URL 'redis://a,:6379': no host behind a ','"},
    {"redis://a,b:x", "URL 'redis://a,b:x': port 'x' is not a number from 1 to 65535"},
    {"redis://a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,0,1,2,3,4,5,6",
     "URL 'redis://a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,0,1,2,3,4,5,6': more than 32 hosts"},
    {"m:?1&2&3&4&5&6&7&8&9&a&b&c&d&e&f&g&h", "URL 'm:?1&2&3&4&5&6&7&8&9&a&b&c&d&e&f&g&h': more than 16 parameters"},
};

static void bad_urls_are_refused_in_words(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof bads / sizeof bads[0]; i++) {
        struct url url;
        struct error error = {""};
        assert_int_equal(url_parse(&url, bads[i].text, &error), -1);
        assert_string_equal(error.text, bads[i].error);
        assert_null(url.scheme);
    }
}

static void shown_without_password(void **state) {
    (void)state;
    static const char *const pairs[][2] = {
        {"mysql://user:secret@host/db", "mysql://user:***@host/db"},
        {"redis://:secret@host", "redis://:***@host"},
        {"redis://u:p@ss:x@host/a@b", "redis://u:***@host/a@b"},
        {"mysql://user@host/db?x=a:b@c", "mysql://user@host/db?x=a:b@c"},
        {"sqlite:/a:b@c", "sqlite:/a:b@c"},
        {"nothing", "nothing"},
    };
    for (unsigned i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char *display = url_display(pairs[i][0]);
        assert_string_equal(display, pairs[i][1]);
        free(display);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_come_apart),
        cmocka_unit_test(hosts_may_follow_the_first),
        cmocka_unit_test(parameters_are_found_by_name),
        cmocka_unit_test(bad_urls_are_refused_in_words),
        cmocka_unit_test(shown_without_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
