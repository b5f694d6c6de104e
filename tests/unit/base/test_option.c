/* The option engine: each type's texts and bounds, which source wins, every error text, what is printed. */
#include "base/option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const int64_t now = 1795429230; /* 2026-11-23T10:20:30Z */

static const struct option_word colours[] = {{"red", 7}, {"green", 8}, {"blue", 9}, {NULL, 0}};
static const struct option_word schemes[] = {{"redis", 0}, {"redis+unix", 0}, {NULL, 0}};

struct values {
    const char *text, *secret, *url;
    bool yes;
    uint64_t count, bytes;
    int64_t seconds, milliseconds, time;
    int word;
    struct option_list list;
    struct option_map map;
    uint64_t n;
};

#define AT(field, type) OPTION_AT(values, field, type)

/* clang-format off */
static const struct option rows[] = {
    {.section = "a", .name = "text", .flag = "text", .type = OPTION_TEXT, .offset = AT(text, const char *),
     .standard = "hello", .environment = "TEST_TEXT", .help = "Some text. More of it.", .more = "Even more."},
    {.section = "a", .name = "secret", .flag = "secret", .type = OPTION_SECRET, .offset = AT(secret, const char *),
     .environment = "TEST_SECRET", .help = "A secret."},
    {.section = "a", .name = "url", .flag = "the-url", .type = OPTION_URL, .offset = AT(url, const char *),
     .standard = "redis://h", .words = schemes, .help = "A server."},
    {.section = "b", .name = "yes", .flag = "yes", .type = OPTION_BOOL, .offset = AT(yes, bool), .standard = "no",
     .help = "Whether."},
    {.section = "b", .name = "count", .flag = "count", .type = OPTION_COUNT, .offset = AT(count, uint64_t),
     .standard = "5", .min = 1, .max = 1000, .help = "How many."},
    {.section = "b", .name = "bytes", .flag = "bytes", .type = OPTION_BYTES, .offset = AT(bytes, uint64_t),
     .standard = "16M", .min = 1 << 20, .max = 1LL << 40, .help = "How large."},
    {.section = "b", .name = "seconds", .flag = "the-seconds", .type = OPTION_SECONDS, .offset = AT(seconds, int64_t),
     .standard = "300s", .min = 1, .max = 86400, .help = "How long."},
    {.section = "b", .name = "milliseconds", .type = OPTION_MILLISECONDS, .offset = AT(milliseconds, int64_t),
     .standard = "60s", .min = 10, .help = "How soon."},
    {.section = "b", .name = "word", .type = OPTION_WORD, .offset = AT(word, int), .standard = "green",
     .words = colours, .help = "Which."},
    {.section = "b", .name = "list", .type = OPTION_SECONDS_LIST, .offset = AT(list, struct option_list),
     .standard = "600", .min = 1, .max = 3600, .help = "Which lengths."},
    {.section = "b", .name = "map", .flag = "map", .type = OPTION_SECONDS_MAP, .offset = AT(map, struct option_map),
     .min = 60, .max = 86400, .help = "How long by length."},
};
enum { N_ROWS = sizeof rows / sizeof rows[0] };

static const struct option commands[] = {
    {.flag = "n", .type = OPTION_COUNT, .offset = AT(n, uint64_t), .standard = "10", .min = 1, .max = 100,
     .help = "Rows."},
    {.flag = "from", .type = OPTION_TIME, .offset = AT(time, int64_t), .help = "The first second."},
};
/* clang-format on */
enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static struct values values, command_values;
static struct options options;
static char path[] = "/tmp/test-option-XXXXXX";

static int set_up(void **state) {
    (void)state;
    unsetenv("TEST_TEXT");
    unsetenv("TEST_SECRET");
    options_init(&options, now);
    options_add(&options, rows, N_ROWS, &values);
    options_add(&options, commands, N_COMMANDS, &command_values);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    options_release(&options);
    return 0;
}

static int file(const char *text) {
    snprintf(path, sizeof path, "/tmp/test-option-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    int status = options_file(&options, path);
    unlink(path);
    return status;
}

static int arguments(int *n_operands, char **argv) {
    int argc = 0;
    while (argv[argc])
        argc++;
    return options_arguments(&options, argc, argv, n_operands);
}

/* The collected errors; in the expected text FILE is the file's path. */
static void expect_errors(const char *expected) {
    char text[8192] = "";
    for (const char *c = expected; *c;) {
        size_t len = strlen(text);
        bool is_file = strncmp(c, "FILE", 4) == 0;
        snprintf(text + len, sizeof text - len, "%.*s", is_file ? (int)strlen(path) : 1, is_file ? path : c);
        c += is_file ? 4 : 1;
    }
    assert_string_equal(options.errors.data ? options.errors.data : "", text);
}

static void defaults_are_parsed(void **state) {
    (void)state;
    assert_string_equal(values.text, "hello");
    assert_null(values.secret);
    assert_string_equal(values.url, "redis://h");
    assert_false(values.yes);
    assert_int_equal(values.count, 5);
    assert_int_equal(values.bytes, 16777216);
    assert_int_equal(values.seconds, 300);
    assert_int_equal(values.milliseconds, 60000);
    assert_int_equal(values.word, 8);
    assert_int_equal(values.list.n, 1);
    assert_int_equal(values.list.values[0], 600);
    assert_int_equal(command_values.n, 10);
    assert_int_equal(command_values.time, 0);
    assert_int_equal(options_origin(&options, "a", "text").source, OPTION_DEFAULT);
}

struct number {
    const char *text;
    int64_t value; /* -1: refused */
};

static void expect_numbers(const struct option *option, const struct number *numbers) {
    for (; numbers->text; numbers++) {
        int64_t value = -2;
        int status = option_parse(option, numbers->text, now, &value);
        if (status != (numbers->value < 0 ? -1 : 0) || (status == 0 && value != numbers->value))
            fail_msg("'%s': status %d, value %lld", numbers->text, status, (long long)value);
        if (status) assert_int_equal(value, -2);
    }
}

static void numbers_are_read_within_bounds(void **state) {
    (void)state;
    static const struct number counts[] = {{"1", 1},
                                           {"1000", 1000},
                                           {"0007", 7},
                                           {"0", -1},
                                           {"1001", -1},
                                           {"", -1},
                                           {"-1", -1},
                                           {"+1", -1},
                                           {"1.0", -1},
                                           {" 1", -1},
                                           {"1 ", -1},
                                           {"1k", -1},
                                           {"99999999999999999999", -1},
                                           {NULL, 0}};
    static const struct number bytes[] = {{"1048576", 1048576},
                                          {"1M", 1048576},
                                          {"1024K", 1048576},
                                          {"2G", 2147483648},
                                          {"1T", 1099511627776},
                                          {"1048575", -1},
                                          {"1025G", -1},
                                          {"1MB", -1},
                                          {"1m", -1},
                                          {"M", -1},
                                          {"8388608T", -1},
                                          {"9223372036854775807T", -1},
                                          {NULL, 0}};
    static const struct number seconds[] = {{"1", 1},      {"90s", 90},   {"5m", 300},   {"2h", 7200},
                                            {"1d", 86400}, {"1w", -1},    {"2000ms", 2}, {"1500ms", -1},
                                            {"0", -1},     {"86401", -1}, {"5 m", -1},   {"m", -1},
                                            {"5x", -1},    {"5ms5s", -1}, {"1.5h", -1},  {"9223372036854775807", -1},
                                            {NULL, 0}};
    static const struct number milliseconds[] = {{"10ms", 10},      {"9ms", -1}, {"1", 1000}, {"1y", 31536000000},
                                                 {"1w", 604800000}, {"0", -1},   {"", -1},    {NULL, 0}};
    expect_numbers(&rows[4], counts);
    expect_numbers(&rows[5], bytes);
    expect_numbers(&rows[6], seconds);
    expect_numbers(&rows[7], milliseconds);
}

static void times_are_read_in_every_form(void **state) {
    (void)state;
    setenv("TZ", "XYZ-1", 1); /* one hour east of Greenwich */
    tzset();
    static const struct number times[] = {{"1795429230", 1795429230},
                                          {"0", 0},
                                          {"-2h", 1795422030},
                                          {"-0", 1795429230},
                                          {"2026-11-23T10:20:30Z", 1795429230},
                                          {"2026-11-23 10:20Z", 1795429200},
                                          {"2026-11-23Z", 1795392000},
                                          {"2026-11-23", 1795388400},
                                          {"2026-11-23T11:20:30", 1795429230},
                                          {"2026-11-23 11:20", 1795429200},
                                          {"2026-02-31", -1},
                                          {"2026-13-01", -1},
                                          {"2026-11-23T25:00", -1},
                                          {"2026-11-23T10:20x", -1},
                                          {"2026-11-23ZZ", -1},
                                          {"2h", -1},
                                          {"", -1},
                                          {"-", -1},
                                          {"now", 1795429230},
                                          {"nowadays", -1},
                                          {"-9999999999", -1},
                                          {NULL, 0}};
    expect_numbers(&commands[1], times);
    unsetenv("TZ");
    tzset();
}

static void words_bools_and_lists(void **state) {
    (void)state;
    int word = 0;
    assert_int_equal(option_parse(&rows[8], "blue", now, &word), 0);
    assert_int_equal(word, 9);
    assert_int_equal(option_parse(&rows[8], "pink", now, &word), -1);
    assert_int_equal(word, 9);
    static const struct number bools[] = {{"yes", 1}, {"TRUE", 1}, {"on", 1}, {"1", 1},  {"no", 0}, {"False", 0},
                                          {"off", 0}, {"0", 0},    {"", -1},  {"2", -1}, {"y", -1}, {NULL, 0}};
    for (const struct number *b = bools; b->text; b++) {
        bool value = b->value != 1;
        assert_int_equal(option_parse(&rows[3], b->text, now, &value), b->value < 0 ? -1 : 0);
        assert_int_equal(value, b->value < 0 ? true : b->value);
    }
    struct option_list list = {0};
    assert_int_equal(option_parse(&rows[9], " 60, 10m  1h,", now, &list), 0);
    assert_int_equal(list.n, 3);
    assert_int_equal(list.values[0], 60);
    assert_int_equal(list.values[1], 600);
    assert_int_equal(list.values[2], 3600);
    assert_int_equal(option_parse(&rows[9], "1 2 3 4 5 6 7 8", now, &list), 0);
    assert_int_equal(list.n, 8);
    static const char *const bads[] = {"", ",", "60,60", "60,1m", "0", "2h", "1 2 3 4 5 6 7 8 9", "60;600", "x"};
    for (unsigned i = 0; i < sizeof bads / sizeof bads[0]; i++)
        assert_int_equal(option_parse(&rows[9], bads[i], now, &list), -1);
    assert_int_equal(list.n, 8);
}

static void file_is_read(void **state) {
    (void)state;
    int status = file(
        "\xEF\xBB\xBF# comment\n; comment\n\n[a]\ntext = some words ; comment\nurl= redis+unix:///x=y\nsecret :s#1\n"
        "[b]\r\nyes=on\r\nlist = 1m,\n    10m\n\n  # comment\n\t1h\nword = RED\ncount=6");
    expect_errors("");
    assert_int_equal(status, 0);
    assert_string_equal(values.text, "some words");
    assert_string_equal(values.url, "redis+unix:///x=y");
    assert_string_equal(values.secret, "s#1");
    assert_true(values.yes);
    assert_int_equal(values.list.n, 3);
    assert_int_equal(values.list.values[2], 3600);
    assert_int_equal(values.word, 7);
    assert_int_equal(values.count, 6);
    assert_int_equal(options_origin(&options, "b", "word").source, OPTION_FILE);
    assert_int_equal(options_origin(&options, "b", "word").line, 15);
    assert_int_equal(options_origin(&options, "b", "bytes").source, OPTION_DEFAULT);
}

static void file_errors_are_all_reported(void **state) {
    (void)state;
    assert_int_equal(file("text = early\n[a]\nurl = mysql://u:secret@h\nurl = redis://h\nurls = x\n[c]\nx = 1\ny = "
                          "2\n[b]\nrubbish\n[a\n"
                          "count = 0 # hm\nlist = 60,\n 60\nyes = maybe\n   word = red\nseconds = 2d\nbytes = "
                          "5\nmilliseconds = 1ms\nword = pink\n"),
                     -1);
    expect_errors(
        "FILE:1: text: no section before it; the sections are a, b\n"
        "FILE:3: [a] url: 'mysql://u:***@h' is not accepted: expected a URL that starts with redis: or redis+unix:\n"
        "FILE:4: [a] url: repeated; first set in line 3\n"
        "FILE:5: [a] urls: unknown option; did you mean url?\n"
        "FILE:7: [c]: unknown section; the sections are a, b\n"
        "FILE:10: neither 'name = value' nor '[section]'\n"
        "FILE:11: neither 'name = value' nor '[section]'\n"
        "FILE:12: [b] count: '0 # hm' is not accepted: expected a number from 1 to 1000 (a comment after a value "
        "starts with ';')\n"
        "FILE:13: [b] list: '60, 60' is not accepted: expected 1 to 8 different times, each from 1s to 1h, such as 60, "
        "10m, "
        "1h\n"
        "FILE:15: [b] yes: 'maybe' is not accepted: expected yes or no\n"
        "FILE:16: an indented line continues a value; options must not be indented\n"
        "FILE:17: [b] seconds: '2d' is not accepted: expected a time from 1s to 1d, such as 90, 90s, 5m, 2h, 1d, 1w or "
        "1y\n"
        "FILE:18: [b] bytes: '5' is not accepted: expected a size from 1M to 1T, in bytes or with the suffix K, M, G "
        "or T\n"
        "FILE:19: [b] milliseconds: '1ms' is not accepted: expected a time from 10ms upwards, such as 250ms, 90, 90s, "
        "5m or 2h\n"
        "FILE:20: [b] word: 'pink' is not accepted: expected red, green or blue\n");
    assert_int_equal(options.n_errors, 15);
    assert_int_equal(values.count, 5);
    assert_string_equal(values.url, "redis://h");
}

static void long_lines_are_refused_and_may_be_broken(void **state) {
    (void)state;
    char text[1000];
    snprintf(text, sizeof text, "[a]\ntext = %0190d\n[b]\ncount = 7\n", 0);
    assert_int_equal(file(text), 0);
    assert_int_equal(strlen(values.text), 190);
    assert_int_equal(values.count, 7);
    tear_down(state);
    set_up(state);
    snprintf(text, sizeof text, "[a]\ntext = %0300d\n[b]\ncount = 8\n", 0);
    assert_int_equal(file(text), -1);
    expect_errors("FILE:2: longer than 198 bytes; continue the value on indented lines\n");
    assert_string_equal(values.text, "hello");
    assert_int_equal(values.count, 8);
}

static void missing_file_is_named(void **state) {
    (void)state;
    snprintf(path, sizeof path, "/nonexistent/x");
    assert_int_equal(options_file(&options, "/nonexistent/x"), -1);
    expect_errors("FILE: No such file or directory\n");
    tear_down(state);
    set_up(state);
    snprintf(path, sizeof path, "/tmp");
    assert_int_equal(options_file(&options, "/tmp"), -1);
    expect_errors("FILE: Is a directory\n");
}

static void later_sources_win_in_any_order(void **state) {
    (void)state;
    int n;
    setenv("TEST_TEXT", "from environment", 1);
    assert_int_equal(arguments(&n, (char *[]){"p", "--count", "9", NULL}), 0);
    assert_int_equal(options_environment(&options), 0);
    assert_int_equal(file("[a]\ntext = from file\n[b]\ncount = 8\nbytes = 2M\n"), 0);
    assert_string_equal(values.text, "from environment");
    assert_int_equal(values.count, 9);
    assert_int_equal(values.bytes, 2097152);
    assert_int_equal(options_origin(&options, "a", "text").source, OPTION_ENVIRONMENT);
    assert_int_equal(options_origin(&options, "b", "count").source, OPTION_COMMAND_LINE);
    options_complain(&options, "a", "text", "is %d", 1);
    options_complain(&options, "b", "count", "is %d", 2);
    options_complain(&options, "b", "bytes", "is %d", 3);
    options_complain(&options, "b", "word", "is %d", 4);
    expect_errors("TEST_TEXT: is 1\n--count: is 2\nFILE:5: [b] bytes: is 3\n[b] word (its default): is 4\n");
}

static void maps_add_up_on_the_command_line(void **state) {
    const char *const given[] = {"prog", "--map", "60=2d,10m=60s", "--map=1h=1h", NULL};
    char *argv[5];
    int n;
    (void)state;
    memcpy(argv, given, sizeof given);
    assert_int_equal(options_arguments(&options, 4, argv, &n), -1);
    expect_errors("--map: '60=2d,10m=60s' is not accepted: expected up to 8 different times, each followed by '=' and "
                  "a time from "
                  "1m to 1d, such as 60=2d, 600=30d, 1h=1y\n");
    assert_int_equal(values.map.n, 1);
    const char *const more[] = {"prog", "--map", "60=1d 10m=60s", "--map", "3600=1m", NULL};
    memcpy(argv, more, sizeof argv);
    assert_int_equal(options_arguments(&options, 5, argv, &n), -1); /* 3600 is there already */
    assert_int_equal(values.map.n, 3);
    assert_int_equal(values.map.keys[0], 3600);
    assert_int_equal(values.map.values[0], 3600);
    assert_int_equal(values.map.keys[2], 600);
    assert_int_equal(values.map.values[2], 60);
}

static void losing_values_are_checked_too(void **state) {
    (void)state;
    int n;
    assert_int_equal(arguments(&n, (char *[]){"p", "--count=9", NULL}), 0);
    assert_int_equal(file("[b]\ncount = many\n"), -1);
    expect_errors("FILE:2: [b] count: 'many' is not accepted: expected a number from 1 to 1000\n");
    assert_int_equal(values.count, 9);
}

static void arguments_in_every_form(void **state) {
    (void)state;
    int n;
    char *argv[] = {"p",          "top", "--the-seconds",       "1h", "-",       "--yes", "hosts",
                    "--text=a=b", "-n7", "--the_url=redis://x", "--", "--count", NULL};
    assert_int_equal(arguments(&n, argv), 0);
    assert_int_equal(n, 4);
    assert_string_equal(argv[1], "top");
    assert_string_equal(argv[2], "-");
    assert_string_equal(argv[3], "hosts");
    assert_string_equal(argv[4], "--count");
    assert_int_equal(values.seconds, 3600);
    assert_true(values.yes);
    assert_string_equal(values.text, "a=b");
    assert_string_equal(values.url, "redis://x");
    assert_int_equal(command_values.n, 7);
    assert_int_equal(arguments(&n, (char *[]){"p", "--yes=no", "-n", "8", "--text", "", "--text=--yes", NULL}), 0);
    assert_false(values.yes);
    assert_int_equal(command_values.n, 8);
    assert_string_equal(values.text, "--yes");
    assert_int_equal(n, 0);
}

static void bad_arguments_are_all_reported(void **state) {
    (void)state;
    int n;
    char *argv[] = {"p",
                    "--nope=1",
                    "-x",
                    "-count",
                    "--secret",
                    "s3cret",
                    "--the-url=redis://:pw@h",
                    "--the-url",
                    "http://u:pw@h",
                    "--the-url=redis://h:x",
                    "--yes=perhaps",
                    "-n0",
                    "file",
                    "--from=soon",
                    "--count",
                    NULL};
    assert_int_equal(arguments(&n, argv), -1);
    assert_int_equal(n, 1);
    assert_string_equal(argv[1], "file");
#define NO_PASSWORDS                                                                                                   \
    ": a password on the command line is visible to every user of the machine; use the configuration file, a "         \
    "password file or the environment\n"
    expect_errors("--nope: unknown option; see --help\n"
                  "-x: unknown option; see --help\n"
                  "-c: unknown option; did you mean --count?\n"
                  "--secret" NO_PASSWORDS "--the-url" NO_PASSWORDS "--the-url" NO_PASSWORDS
                  "--the-url: URL 'redis://h:x': port 'x' is not a number from 1 to 65535; expected a URL that starts "
                  "with redis: or redis+unix:\n"
                  "--yes: 'perhaps' is not accepted: expected yes or no\n"
                  "-n: '0' is not accepted: expected a number from 1 to 100\n"
                  "--from: 'soon' is not accepted: expected a time such as 2026-11-23, 2026-11-23T03:10 (local), "
                  "2026-11-23T03:10Z, -2h (before now), now or seconds since 1970\n"
                  "--count: requires a value\n");
    assert_null(values.secret);
    assert_string_equal(values.url, "redis://h");
}

static void name_add(void *context, const struct option *option) {
    buffer_printf(context, "%s%s ", option->name, option->reload ? "+" : "");
}

static void expect_difference(const struct options *fresh, const char *expected) {
    struct buffer names = BUFFER_INIT;
    options_compare(&options, fresh, name_add, &names);
    assert_string_equal(names.data ? names.data : "", expected);
    buffer_release(&names);
}

/* Every row but the URL is one that a running program takes. */
static void a_second_reading_is_compared_and_taken(void **state) {
    /* They are released with the options, when the test is over. */
    static struct option again[N_ROWS];
    static struct values before, after;
    struct options fresh;
    memcpy(again, rows, sizeof again);
    for (unsigned i = 0; i < N_ROWS; i++)
        again[i].reload = strcmp(again[i].name, "url") != 0;
    tear_down(state);
    options_init(&options, now);
    options_add(&options, again, N_ROWS, &before);
    options_init(&fresh, now);
    options_add(&fresh, again, N_ROWS, &after);
    expect_difference(&fresh, "");
    assert_int_equal(file("[b]\ncount = 7\nlist = 600\nmap = 60=1d\n"), 0);
    expect_difference(&fresh, "count+ map+ ");
    struct options running = options;
    options = fresh;
    assert_int_equal(file("[a]\ntext = other\nurl = redis://i\n[b]\n\ncount = 8\nlist = 600, 60\n"), 0);
    fresh = options;
    options = running;
    expect_difference(&fresh, "text+ url count+ list+ map+ ");
    for (unsigned times = 1; times <= 3; times++) {
        bool taken = times % 2;
        options_exchange(&options, &fresh);
        expect_difference(&fresh, "text+ url count+ list+ map+ ");
        assert_string_equal(before.text, taken ? "other" : "hello");
        assert_string_equal(after.text, taken ? "hello" : "other");
        assert_string_equal(before.url, "redis://h");
        assert_int_equal(before.count, taken ? 8 : 7);
        assert_int_equal(before.list.n, taken ? 2 : 1);
        assert_int_equal(before.map.n, taken ? 0 : 1);
        assert_int_equal(options_origin(&options, "b", "count").line, taken ? 6 : 2);
        assert_int_equal(options_origin(&options, "a", "url").source, OPTION_DEFAULT);
    }
    options_release(&fresh);
}

static void help_lists_flags_and_defaults(void **state) {
    (void)state;
    struct buffer text = BUFFER_INIT;
    option_print_help(rows, N_ROWS, &text);
    option_print_help(commands, N_COMMANDS, &text);
    assert_string_equal(text.data, "  --text TEXT                 Some text. More of it. (hello)\n"
                                   "  --the-url URL               A server. (redis://h)\n"
                                   "  --yes                       Whether. (no)\n"
                                   "  --count N                   How many. (5)\n"
                                   "  --bytes SIZE                How large. (16M)\n"
                                   "  --the-seconds TIME          How long. (300s)\n"
                                   "  --map SIZE=TIME,...         How long by length.\n"
                                   "  -n N                        Rows.\n"
                                   "  --from TIME                 The first second.\n");
    buffer_release(&text);
}

static void sample_holds_every_option_at_its_default(void **state) {
    (void)state;
    struct buffer text = BUFFER_INIT;
    option_print_sample(rows, 4, &text);
    assert_string_equal(
        text.data,
        "\n[a]\n\n# Some text. More of it. Even more.\n#text = hello\n\n# A secret.\n#secret =\n\n# A server.\n"
        "# Accepts a URL that starts with redis: or redis+unix:.\n#url = redis://h\n"
        "\n[b]\n\n# Whether.\n# Accepts yes or no.\n#yes = no\n");
    buffer_clear(&text);
    /* What is commented out is accepted when it is not. */
    option_print_sample(rows, N_ROWS, &text);
    for (char *c = text.data; (c = strstr(c, "\n#")); c++)
        if (c[2] != ' ') c[1] = ' ';
    for (char *c = text.data; (c = strstr(c, "\n ")); c++)
        memmove(c + 1, c + 2, strlen(c + 1));
    assert_int_equal(file(text.data), 0);
    assert_int_equal(options_origin(&options, "b", "list").source, OPTION_FILE);
    buffer_release(&text);
}

static void manual_is_mdoc(void **state) {
    (void)state;
    struct buffer text = BUFFER_INIT;
    option_print_manual(rows, 2, false, &text);
    assert_string_equal(
        text.data,
        ".Ss [a]\n.Bl -tag -width Ds\n.It Cm \"text\" Ns = Ns Ar \"TEXT\"\nSome text.\nMore of it.\nEven more.\n"
        "The default is\n.Ql \"hello\" .\nOn the command line:\n.Fl \"\\-text\" .\nIn the environment:\n.Ev TEST_TEXT "
        ".\n"
        ".It Cm \"secret\" Ns = Ns Ar \"TEXT\"\nA secret.\nIn the environment:\n.Ev TEST_SECRET .\n.El\n");
    buffer_clear(&text);
    option_print_manual(commands, 1, true, &text);
    assert_string_equal(text.data, ".It Fl \"n\" Ar \"N\"\nRows.\nAccepts a number from 1 to 100.\n");
    buffer_release(&text);
}

static void what_was_probably_meant_is_said(void **state) {
    (void)state;
    int n;
    char *argv[] = {"prog", "--cuont=1", "--n", "4", "-yes", "--the_secnods", "--sceret", NULL};
    assert_int_equal(arguments(&n, argv), -1);
    expect_errors("--cuont: unknown option; did you mean --count?\n"
                  "--n: unknown option; did you mean -n?\n"
                  "-y: unknown option; did you mean --yes?\n"
                  "--the_secnods: unknown option; did you mean --the-seconds?\n"
                  "--sceret: unknown option; see --help\n"); /* not good on a command line */
}

static void sections_that_were_probably_meant(void **state) {
    static const struct option sections[] = {
        {.section = "queue", .name = "url", .type = OPTION_TEXT},
        {.section = "import", .name = "flush_interval", .type = OPTION_TEXT},
        {.section = "import", .name = "bucket_sizes", .type = OPTION_TEXT},
    };
    (void)state;
    options_release(&options);
    options_add(&options, sections, 3, &values);
    assert_int_equal(file("[improt]\nflush_interval = 1\n[queue]\nflush_interval = 1\n[import]\nflush_intreval = "
                          "1\nother = 2\n"),
                     -1);
    expect_errors("FILE:2: [improt]: unknown section; did you mean [import]?\n"
                  "FILE:4: [queue] flush_interval: unknown option; did you mean that of [import]?\n"
                  "FILE:6: [import] flush_intreval: unknown option; did you mean flush_interval?\n"
                  "FILE:7: [import] other: unknown option; [import] has flush_interval, bucket_sizes\n");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(defaults_are_parsed),
        TEST(numbers_are_read_within_bounds),
        TEST(times_are_read_in_every_form),
        TEST(words_bools_and_lists),
        TEST(file_is_read),
        TEST(file_errors_are_all_reported),
        TEST(long_lines_are_refused_and_may_be_broken),
        TEST(missing_file_is_named),
        TEST(later_sources_win_in_any_order),
        TEST(maps_add_up_on_the_command_line),
        TEST(losing_values_are_checked_too),
        TEST(arguments_in_every_form),
        TEST(bad_arguments_are_all_reported),
        TEST(what_was_probably_meant_is_said),
        TEST(sections_that_were_probably_meant),
        TEST(a_second_reading_is_compared_and_taken),
        TEST(help_lists_flags_and_defaults),
        TEST(sample_holds_every_option_at_its_default),
        TEST(manual_is_mdoc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
