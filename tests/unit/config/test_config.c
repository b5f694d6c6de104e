/* The programs' configuration: what both read, what options say about each other, exit codes and what is printed. */
#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/log.h"
#include "capture.h"

struct values {
    bool once;
    const char *format;
};

static const struct option own[] = {
    {.flag = "once", .type = OPTION_BOOL, .offset = OPTION_AT(values, once, bool), .help = "Once."},
    {.flag = "format",
     .type = OPTION_TEXT,
     .offset = OPTION_AT(values, format, const char *),
     .standard = "auto",
     .help = "Which format."},
};

static struct values values;
static const struct config_program program = {
    .name = "prog", .usage = "usage: prog [FILE...]\n", .options = own, .n_options = 2, .values = &values};
static struct config config;
static char folder[] = "/tmp/test-config-XXXXXX", path[64], secret_path[64];

static int set_up(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test-config-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/flow.conf", folder);
    snprintf(secret_path, sizeof secret_path, "%s/secret", folder);
    unsetenv("FLOWIMPORT_QUEUE_PASSWORD");
    unsetenv("FLOWIMPORT_STORE_PASSWORD");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    unlink(path);
    unlink(secret_path);
    return rmdir(folder);
}

static void file_write(const char *at, const char *text) {
    FILE *file = fopen(at, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* Loads a file with this text and the further arguments; *errors, *output are freed by the caller. */
static int load(const char *text, char *const *arguments, char **output, char **errors) {
    static char *argv[16]; /* the configuration keeps its operands */
    int argc = 3;
    argv[0] = (char *)"prog", argv[1] = (char *)"-c", argv[2] = path;
    for (; arguments && *arguments; arguments++)
        argv[argc++] = *arguments;
    argv[argc] = NULL;
    file_write(path, text);
    struct capture out = capture_begin(STDOUT_FILENO), err = capture_begin(STDERR_FILENO);
    int status = config_load(&config, &program, argc, argv);
    *errors = capture_end(&err);
    *output = capture_end(&out);
    return status;
}

/* The file is refused with exactly these errors; CONF stands for its path, SECRET for the password file's. */
static void expect_refused(const char *text, const char *expected) {
    char *output, *errors, filled[4096] = "";
    for (const char *c = expected; *c;) {
        size_t len = strlen(filled);
        const char *from = c;
        int n = 1;
        if (strncmp(c, "CONF", 4) == 0)
            from = path, n = (int)strlen(path), c += 4;
        else if (strncmp(c, "SECRET", 6) == 0)
            from = secret_path, n = (int)strlen(secret_path), c += 6;
        else
            c++;
        snprintf(filled + len, sizeof filled - len, "%.*s", n, from);
    }
    assert_int_equal(load(text, NULL, &output, &errors), 2);
    assert_string_equal(errors, filled);
    assert_string_equal(output, "");
    free(errors);
    free(output);
}

static void expect_loaded(const char *text, char *const *arguments) {
    char *output, *errors;
    int status = load(text, arguments, &output, &errors);
    assert_string_equal(errors, "");
    assert_string_equal(output, "");
    assert_int_equal(status, CONFIG_RUN);
    free(errors);
    free(output);
}

static void defaults(void **state) {
    (void)state;
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    expect_loaded("", NULL);
    assert_int_equal(config.log.target, LOG_TARGET_STDERR);
    assert_int_equal(config.log.level, LOG_LEVEL_NOTICE);
    assert_string_equal(config.queue.url, "redis://localhost:6379/0");
    assert_string_equal(config.queue.name, "entry:queue");
    assert_null(config.queue.password);
    assert_string_equal(config.queue.consumer, host);
    assert_int_equal(config.queue.delivery, DELIVERY_EXACTLY_ONCE);
    assert_int_equal(config.queue.page, 5000);
    assert_int_equal(config.queue.claim_entries, 4000000);
    assert_int_equal(config.queue.consumer_timeout, 60);
    assert_int_equal(config.queue.rejected_max, 100000);
    assert_int_equal(config.queue.retry_max_ms, 60000);
    assert_int_equal(config.import.bucket_sizes.n, 1);
    assert_int_equal(config.import.bucket_sizes.values[0], 600);
    assert_string_equal(config.import.aggr_values, FLOW_LAYOUT_KEYS);
    assert_string_equal(config.import.aggr_sums, FLOW_LAYOUT_SUMS);
    assert_int_equal(config.import.max_flow_age, 0);
    assert_int_equal(config.import.max_flow_duration, 86400);
    assert_int_equal(config.import.max_future, 3600);
    assert_false(config.import.filter_unknown_ports);
    assert_int_equal(config.import.flush_interval, 300);
    assert_int_equal(config.import.cache_memory, 512 << 20);
    assert_string_equal(config.store.url, "sqlite:/var/lib/flowimport/flows.db");
    assert_null(config.store.password);
    assert_null(config.store.tls_ca);
    assert_false(config.store.tls_required);
    assert_int_equal(config.layout.n_keys, 5);
    assert_int_equal(config.layout.n_sums, 2);
    assert_int_equal(config.n_operands, 0);
    assert_string_equal(values.format, "auto");
    config_release(&config);
}

static void file_and_arguments(void **state) {
    (void)state;
    expect_loaded("[log]\nlevel = debug\ntarget = syslog\n[queue]\nurl = redis+unix:///run/r.sock\nconsumer = "
                  "a-1.b_c\ndelivery = at-most-once\nretry_max = 100ms\n"
                  "[import]\nbucket_sizes = 60, 10m, 1h\naggr_values = sourceIPv4Address "
                  "destinationIPv4Address\nflush_interval = 60\n"
                  "[store]\nurl = mysql://u:pw@h/db\ntls_required = yes\n",
                  (char *[]){"top", "--flush_interval=1s", "--once", "--store", "memory:", "hosts", NULL});
    assert_int_equal(config.log.level, LOG_LEVEL_DEBUG);
    assert_int_equal(config.log.target, LOG_TARGET_SYSLOG);
    assert_string_equal(config.queue.url, "redis+unix:///run/r.sock");
    assert_string_equal(config.queue.consumer, "a-1.b_c");
    assert_int_equal(config.queue.delivery, DELIVERY_AT_MOST_ONCE);
    assert_int_equal(config.queue.retry_max_ms, 100);
    assert_int_equal(config.import.bucket_sizes.n, 3);
    assert_int_equal(config.import.bucket_sizes.values[2], 3600);
    assert_int_equal(config.import.flush_interval, 1);
    assert_string_equal(config.store.url, "memory:");
    assert_true(config.store.tls_required);
    assert_int_equal(config.layout.n_keys, 2);
    assert_true(values.once);
    assert_int_equal(config.n_operands, 2);
    assert_string_equal(config.operands[0], "top");
    assert_string_equal(config.operands[1], "hosts");
    config_release(&config);
}

static void passwords_have_one_source(void **state) {
    (void)state;
    file_write(secret_path, "from file\r\nsecond line\n");
    char text[512];
    snprintf(text, sizeof text, "[queue]\npassword_file = %s\n[store]\npassword = in clear\n", secret_path);
    expect_loaded(text, NULL);
    assert_string_equal(config.queue.password, "from file");
    assert_string_equal(config.store.password, "in clear");
    config_release(&config);

    setenv("FLOWIMPORT_QUEUE_PASSWORD", "from environment", 1);
    setenv("FLOWIMPORT_STORE_PASSWORD", "other", 1);
    expect_loaded(text, NULL);
    assert_string_equal(config.queue.password, "from environment");
    assert_string_equal(config.store.password, "other");
    config_release(&config);
    unsetenv("FLOWIMPORT_QUEUE_PASSWORD");
    unsetenv("FLOWIMPORT_STORE_PASSWORD");

    snprintf(text, sizeof text,
             "[queue]\npassword = a\npassword_file = %s\n[store]\nurl = mysql://u:pw@h/db\npassword = b\n",
             secret_path);
    expect_refused(text, "CONF:3: [queue] password_file: there is also a password; set only one of them\n"
                         "CONF:6: [store] password: there is also a password in the url; set only one of them\n");
    snprintf(text, sizeof text, "[store]\npassword_file = %s\n", secret_path);
    file_write(secret_path, "");
    expect_refused(text, "CONF:2: [store] password_file: SECRET: the file is empty\n");
    unlink(secret_path);
    expect_refused(text, "CONF:2: [store] password_file: SECRET: No such file or directory\n");
    char *output, *errors;
    assert_int_equal(load("", (char *[]){"--store-password", "x", NULL}, &output, &errors), 2);
    assert_string_equal(errors, "--store-password: a password on the command line is visible to every user of the "
                                "machine; use the configuration file, a password file or the environment\n");
    free(output);
    free(errors);
}

/* Before anything is opened, with the line; what would be ignored is refused, too. */
static void urls_are_checked(void **state) {
    (void)state;
    expect_refused("[queue]\n"
                   "url = redis://u@h/0\n"
                   "[store]\n"
                   "url = mysql://u@h/db?tls=maybe\n"
                   "[http]\n"
                   "store = sqlite:/x?foo=1\n",
                   "CONF:2: [queue] url: redis://u@h/0: no password for the user 'u': set [queue] password or "
                   "password_file, or write u:@ for a user who needs none\n"
                   "CONF:4: [store] url: ?tls=maybe: expected 'no', 'preferred', 'required', 'verify-ca' or 'verify'\n"
                   "CONF:6: [http] store: unknown parameter 'foo'; expected none (a '?' in the name of the file is "
                   "written %3F)\n");
    expect_refused("[queue]\nurl = redis://h/x\n[store]\nurl = mysql://u@h\n",
                   "CONF:2: [queue] url: redis://h/x: 'x' is not a database number\n"
                   "CONF:4: [store] url: the URL has no database: expected mysql://user@host:port/database\n");
    expect_refused("[store]\nurl = mysql://a,b/db?socket=/s\n",
                   "CONF:2: [store] url: ?socket= is of one server, and the URL names several\n");
    expect_refused("[store]\nurl = mysql://u@h/db?tls=no\ntls_required = yes\n",
                   "CONF:2: [store] url: ?tls=no contradicts tls_required\n");
    expect_refused("[queue]\nurl = redis://h\ntls_ca = /dev/null\n",
                   "CONF:3: [queue] tls_ca: requires a url with TLS: rediss://host, and so on\n");
    /* One mistake is told once. */
    expect_refused("[queue]\nurl = redis://u@h\npassword_file = /nonexistent/pw\n",
                   "CONF:3: [queue] password_file: /nonexistent/pw: No such file or directory\n");
    expect_loaded("[queue]\nurl = rediss://u:@h\ntls_ca = /dev/null\n[http]\nstore =\n", NULL);
    config_release(&config);
    expect_loaded("[queue]\nurl = redis://u@h\npassword = x\n", NULL);
    config_release(&config);
    char *output, *errors;
    assert_int_equal(load("", (char *[]){"--store", "mysql://u@h", NULL}, &output, &errors), 2);
    assert_string_equal(errors, "--store: the URL has no database: expected mysql://user@host:port/database\n");
    free(output);
    free(errors);
}

static void options_are_checked_against_each_other(void **state) {
    (void)state;
    expect_refused(
        "[queue]\nname =\nconsumer = a:b\n[import]\naggr_values = sourceIPv4Address, foo\ncache_memory = "
        "16M\nbucket_sizes = 600 1\n"
        "[store]\ntls_cert = /nonexistent/cert\n",
        "CONF:2: [queue] name: must not be empty\n"
        "CONF:3: [queue] consumer: 'a:b' is not accepted: expected up to 127 letters, digits, '.', '_' and '-'\n"
        "CONF:5: [import] aggr_values: 'foo' is not an IPFIX information element\n"
        "CONF:6: [import] cache_memory: too small for one flow of max_flow_duration 86400s, which spans 86402 "
        "buckets of 1s: requires at least 22M\n"
        "CONF:9: [store] tls_cert: /nonexistent/cert: No such file or directory\n"
        "CONF:9: [store] tls_cert: requires tls_key\n");
    expect_refused(
        "[import]\naggr_sums = octetDeltaCount sourceIPv4Address\n",
        "CONF:2: [import] aggr_sums: 'sourceIPv4Address' is a ipv4Address; a sum must be an unsigned integer\n");
    expect_refused("[import]\nbucket_sizes = 60, 600\n[retention]\nkeep = 60=2d, 3600=1y\n",
                   "CONF:4: [retention] keep: 3600s is not one of bucket_sizes or rollups\n");
    expect_refused("[import]\ncache_memory = 22M\nbucket_sizes = 1\nmax_flow_duration = 30d\n",
                   "CONF:2: [import] cache_memory: too small for one flow of max_flow_duration 2592000s, which spans "
                   "2592002 buckets of 1s: requires at least 633M\n");
    expect_loaded("[import]\ncache_memory = 22M\nbucket_sizes = 1\n", NULL);
    config_release(&config);
}

/* Each kind of mistake, in one round; what was refused is not held against anything else. */
static void mistakes_are_all_told(void **state) {
    (void)state;
    expect_refused(
        "[queue]\n"
        "nmae = a\n"                        /* 2: unknown, near */
        "name =\n"                          /* 3: empty */
        "consumer = a b\n"                  /* 4: refused by a check of its own */
        "page = none\n"                     /* 5: no number */
        "password_file = /nonexistent/pw\n" /* 6: no such file */
        "[improt]\n"
        "enabled = no\n" /* 8: of a section that there is not */
        "[import]\n"
        "bucket_sizes = 0\n" /* 10: out of range, so keep and cache_memory are left alone */
        "max_flow_duration = 365d\n"
        "cache_memory = 16M\n"
        "aggr_values = colour\n" /* 13: no element */
        "[retention]\n"
        "keep = 60=2d\n"
        "[capture]\n"
        "queue = dircet\n" /* 17: no such word, so nothing is said of collector's */
        "interface = lo\n"
        "filter = no filter\n" /* 19 */
        "[collector]\n"
        "queue = direct\n"
        "listen = tcp\n" /* 22 */
        "[store]\n"
        "tls_key = /nonexistent/key\n" /* 24: no such file, and no tls_cert */
        "[http]\n"
        "listen = 0.0.0.0:8469\n" /* 26: open to all */
        "neither\n",
        "CONF:2: [queue] nmae: unknown option; did you mean name?\n"
        "CONF:5: [queue] page: 'none' is not accepted: expected a number from 1 to 100000\n"
        "CONF:8: [improt]: unknown section; did you mean [import]?\n"
        "CONF:10: [import] bucket_sizes: '0' is not accepted: expected 1 to 8 different times, each from 1s to 1d, "
        "such as "
        "60, 10m, 1h\n"
        "CONF:17: [capture] queue: 'dircet' is not accepted: expected redis, direct or none\n"
        "CONF:27: neither 'name = value' nor '[section]'\n"
        "CONF:3: [queue] name: must not be empty\n"
        "CONF:6: [queue] password_file: /nonexistent/pw: No such file or directory\n"
        "CONF:4: [queue] consumer: 'a b' is not accepted: expected up to 127 letters, digits, '.', '_' and '-'\n"
        "CONF:13: [import] aggr_values: 'colour' is not an IPFIX information element\n"
        "CONF:26: [http] listen: '0.0.0.0:8469' can be reached from other hosts: requires auth, a file of users, or "
        "open = yes\n"
        "CONF:19: [capture] filter: 'no filter': can't parse filter expression: syntax error\n"
        "CONF:22: [collector] listen: 'tcp' is not accepted: expected udp:port, udp:address:port, tcp:port or "
        "tcp:address:port, as udp:4739 or tcp:[::1]:4739\n"
        "CONF:24: [store] tls_key: /nonexistent/key: No such file or directory\n"
        "CONF:24: [store] tls_key: requires tls_cert\n");
}

static void check_config_says_ok(void **state) {
    (void)state;
    char *output, *errors, expected[256];
    snprintf(expected, sizeof expected, "configuration ok: %s\n", path);
    assert_int_equal(load("[log]\nlevel = info\n", (char *[]){"--check-config", NULL}, &output, &errors), 0);
    assert_string_equal(output, expected);
    assert_string_equal(errors, "");
    free(output);
    free(errors);
    snprintf(expected, sizeof expected,
             "%s:2: [log] level: 'loud' is not accepted: expected error, warning, notice, info or debug\n", path);
    assert_int_equal(load("[log]\nlevel = loud\n", (char *[]){"--check-config", NULL}, &output, &errors), 2);
    assert_string_equal(output, "");
    assert_string_equal(errors, expected);
    free(output);
    free(errors);
}

static void help_and_version_need_no_file(void **state) {
    (void)state;
    char *output, *errors;
    assert_int_equal(load("rubbish", (char *[]){"--version", NULL}, &output, &errors), 0);
    assert_string_equal(output, "prog " FLOWIMPORT_VERSION "\n");
    assert_string_equal(errors, "");
    free(output);
    free(errors);
    assert_int_equal(load("rubbish", (char *[]){"--help", NULL}, &output, &errors), 0);
    assert_int_equal(strncmp(output, "usage: prog [FILE...]\n\nOptions:\n  --once ", 40), 0);
    for (unsigned i = 0; i < config_n_options; i++) {
        char flag[80];
        snprintf(flag, sizeof flag, "\n  --%s ", config_options[i].flag);
        if (config_options[i].type == OPTION_SECRET)
            assert_null(strstr(output, flag));
        else
            assert_non_null(strstr(output, flag));
    }
    assert_string_equal(errors, "");
    free(output);
    free(errors);
}

static void arguments_are_refused_where_there_are_none(void **state) {
    (void)state;
    static const struct config_program bare = {.name = "prog", .usage = "usage: prog\n", .no_operands = true};
    char *argv[] = {"prog", "-c", "/dev/null", "--filter-unknown-ports", "yes", "more", NULL};
    struct capture err = capture_begin(STDERR_FILENO);
    int status = config_load(&config, &bare, 6, argv);
    char *errors = capture_end(&err);
    assert_int_equal(status, 2);
    assert_string_equal(errors, "'yes': prog accepts options only\n");
    free(errors);
}

/* The sample is the file of the defaults: read with every option in force, it changes none of them. */
static void sample_is_accepted(void **state) {
    (void)state;
    char *output, *errors;
    assert_int_equal(load("", (char *[]){"--print", "sample", NULL}, &output, &errors), 0);
    free(errors);
    unsigned n = 0;
    for (char *c = output; (c = strstr(c, "\n#")); c++) {
        if (c[2] == ' ') continue;
        memmove(c + 1, c + 2, strlen(c + 1));
        n++;
    }
    assert_int_equal(n, config_n_options);
    expect_loaded(output, NULL);
    assert_int_equal(config.import.cache_memory, 512 << 20);
    assert_string_equal(config.import.aggr_values, FLOW_LAYOUT_KEYS);
    for (unsigned i = 0; i < config_n_options; i++)
        assert_int_equal(options_origin(&config.options, config_options[i].section, config_options[i].name).source,
                         OPTION_FILE);
    config_release(&config);
    free(output);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(defaults),
        TEST(file_and_arguments),
        TEST(passwords_have_one_source),
        TEST(urls_are_checked),
        TEST(options_are_checked_against_each_other),
        TEST(mistakes_are_all_told),
        TEST(check_config_says_ok),
        TEST(help_and_version_need_no_file),
        TEST(arguments_are_refused_where_there_are_none),
        TEST(sample_is_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
