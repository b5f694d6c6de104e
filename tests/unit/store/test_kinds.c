/* The URLs of stores: every word of every kind, good, bad and unknown; none is ignored. */
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/store.h"

enum { PLAIN, REQUIRED, AUTHORITY, SETTINGS }; /* what of TLS is configured beside the URL */

static const char *wrong_with(const char *url, unsigned setting) {
    static struct error error;
    struct store_config config = {
        .url = url, .tls_required = setting == REQUIRED, .tls_ca = setting == AUTHORITY ? "/ca.pem" : NULL};
    error = (struct error){""};
    int failed = store_url_check(&config, &error);
    assert_int_equal(failed, *error.text ? -1 : 0);
    return error.text;
}

static void kinds(void **state) {
    static const char *const goods[] = {"mysql://h/db",
                                        "mysql://u:p@h:3307/db",
                                        "mariadb:///db",
                                        "mysql://u@a:1,b,[::1]:3/db",
                                        "mysql://u@/db?socket=/run/s",
                                        "mysql://localhost/db?socket=/run/s",
                                        "sqlite:/x",
                                        "sqlite:///x",
                                        "sqlite:x",
                                        "sqlite:/a%3Fb",
                                        "memory:",
                                        "memory:x"};
    static const struct {
        const char *url, *wrong;
    } bads[] = {
#define NO_DATABASE "the URL has no database: expected mysql://user@host:port/database"
        {"mysql://h", NO_DATABASE},
        {"mysql://h/", NO_DATABASE},
        {"mysql:", NO_DATABASE},
        {"mysql://h/a/b", NO_DATABASE},
        {"mariadb://h?tls=no", NO_DATABASE},
#define NO_FILE "an SQLite store is sqlite:/path/of/file, with one slash or three"
        {"sqlite:", NO_FILE},
        {"sqlite://host/x", NO_FILE},
        {"sqlite://u@/x", NO_FILE},
        {"sqlite://u:p@/x", NO_FILE},
        {"sqlite://:1/x", NO_FILE},
        {"memory://h", "a store in memory is memory: or memory:name"},
        {"oracle://h/db", "unknown scheme 'oracle'; expected mysql, mariadb, sqlite or memory"},
        {"mysql://u@a,b/db?socket=/s", "?socket= is of one server, and the URL names several"},
        {"mysql://u@h/db?socket=/s", "?socket= is of this machine, and the URL names another host, or a port"},
        {"mysql://u@localhost:3306/db?socket=/s",
         "?socket= is of this machine, and the URL names another host, or a port"},
        {"mysql://u@/db?socket", "?socket= requires a path"},
        {"mysql://u@/db?socket=", "?socket= requires a path"},
        {"mysql://u:secret@h/db?tls=no&bulk=no&tls=verify",
         "URL 'mysql://u:***@h/db?tls=no&bulk=no&tls=verify': the parameter 'tls' stands there twice"},
        {"mysql://u@h:0/db", "URL 'mysql://u@h:0/db': port '0' is not a number from 1 to 65535"},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof goods / sizeof goods[0]; i++)
        for (unsigned setting = PLAIN; setting < SETTINGS; setting++)
            assert_string_equal(wrong_with(goods[i], setting), "");
    for (unsigned i = 0; i < sizeof bads / sizeof bads[0]; i++)
        for (unsigned setting = PLAIN; setting < SETTINGS; setting++)
            assert_string_equal(wrong_with(bads[i].url, setting), bads[i].wrong);
}

/* Each kind with each word that any of them knows, or might. */
static void every_word_of_every_kind(void **state) {
    enum { NEVER = 0, ALWAYS = 7, NOT_REQUIRED = 1 << PLAIN | 1 << AUTHORITY, UNSET = 1 << PLAIN };
    static const struct {
        const char *name, *value;
        unsigned good; /* with which settings, a bit each, in a MySQL URL */
    } words[] = {
        {"tls", "no", UNSET},
        {"tls", "preferred", NOT_REQUIRED},
        {"tls", "required", ALWAYS},
        {"tls", "verify-ca", ALWAYS},
        {"tls", "verify", ALWAYS},
        {"tls", "maybe", NEVER},
        {"tls", "yes", NEVER},
        {"tls", "No", NEVER},
        {"tls", "", NEVER},
        {"get-server-public-key", "yes", ALWAYS},
        {"get-server-public-key", "no", ALWAYS},
        {"get-server-public-key", "1", NEVER},
        {"get-server-public-key", "", NEVER},
        {"bulk", "yes", ALWAYS},
        {"bulk", "no", ALWAYS},
        {"bulk", "off", NEVER},
        {"bulk", "", NEVER},
        {"socket", "/run/s", ALWAYS},
        {"socket", "", NEVER},
        {"ssl", "yes", NEVER},
        {"TLS", "no", NEVER},
        {"charset", "utf8", NEVER},
        {"foo", "1", NEVER},
        {"", "", NEVER},
    };
    static const char *const bases[] = {"mysql://u@/db", "mariadb://u@/db", "sqlite:/x", "memory:x"};
    char url[100];
    (void)state;
    for (unsigned i = 0; i < sizeof bases / sizeof bases[0]; i++)
        for (unsigned k = 0; k < sizeof words / sizeof words[0]; k++)
            for (unsigned setting = PLAIN; setting < SETTINGS; setting++) {
                bool good = i < 2 && (words[k].good >> setting & 1) == 1;
                snprintf(url, sizeof url, "%s?%s=%s", bases[i], words[k].name, words[k].value);
                const char *wrong = wrong_with(url, setting);
                if (good) assert_string_equal(wrong, "");
                if (!good) assert_true(*wrong != '\0');
                if (!good && i < 2) assert_non_null(strstr(wrong, words[k].name)); /* it is named */
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds),
        cmocka_unit_test(every_word_of_every_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
