/* The table of commands, and what a command line is told by it: refusals, guesses, usage. */
#include "tool/command_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct command_options values;
static struct config config;
static struct options options;

static int set_up(void **state) {
    (void)state;
    options_init(&options, 0);
    options_add(&options, config_options, config_n_options, &config);
    options_add(&options, command_options, n_command_options, &values);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    options_release(&options);
    return 0;
}

/* The words behind the program's name are checked, with these errors. */
static void expect_errors(const char *line, const char *expected) {
    char text[256], *argv[16] = {(char *)"flowimport"};
    int argc = 1, n;
    snprintf(text, sizeof text, "%s", line);
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    tear_down(NULL);
    set_up(NULL);
    assert_int_equal(options_arguments(&options, argc, argv, &n), 0);
    assert_int_equal(command_line_check(&options, argv + 1, n), *expected ? -1 : 0);
    assert_string_equal(options.errors.data ? options.errors.data : "", expected);
}

/* A wrong flag in the table would be an option that nobody can give. */
static void every_listed_option_is_in_a_table(void **state) {
    (void)state;
    for (unsigned c = 0; c < n_commands; c++) {
        const struct command *command = &commands[c];
        const char *lists[1 + COMMAND_VERBS_MAX] = {command->options};
        for (unsigned v = 0; v < COMMAND_VERBS_MAX; v++)
            lists[1 + v] = command->verbs[v].options;
        for (unsigned l = 0; l < 1 + COMMAND_VERBS_MAX; l++) {
            struct command alone = {.name = command->name, .options = lists[l]};
            const struct option *rows[COMMAND_OPTIONS_MAX];
            unsigned words = 0;
            for (const char *at = lists[l]; at && *at; at += strcspn(at, " "), at += strspn(at, " "))
                words++;
            assert_int_equal(command_line_options(&alone, NULL, rows, NULL), words);
        }
    }
}

static void every_option_is_accepted_by_a_command(void **state) {
    (void)state;
    for (unsigned i = 0; i < n_command_options; i++) {
        bool is_listed = strcmp(command_options[i].flag, "once") == 0;
        for (unsigned c = 0; c < n_commands; c++) {
            const struct option *rows[COMMAND_OPTIONS_MAX];
            unsigned n = command_line_options(&commands[c], NULL, rows, NULL);
            for (unsigned r = 0; r < n; r++)
                is_listed |= rows[r] == &command_options[i];
        }
        if (!is_listed) fail_msg("--%s is accepted by no command", command_options[i].flag);
    }
}

static void options_of_the_command_are_accepted(void **state) {
    (void)state;
    expect_errors("top hosts --from -1h -n 5 --json", "");
    expect_errors("--from -1h top", ""); /* its kind is asked for later */
    expect_errors("retention run --dry-run --at now", "");
    expect_errors("retention --definer a@b", ""); /* of one of its verbs */
    expect_errors("--once --format json file", "");
    expect_errors("--once top", ""); /* a file of that name */
    expect_errors("status --flush-interval 5m --keep 600=1d", "");
    expect_errors("", "");
}

static void others_are_refused(void **state) {
    (void)state;
    expect_errors("top hosts --format json", "--format: 'top hosts' does not accept it; it accepts --from, --to, -n, "
                                             "--where, --metric, --json, and the options of "
                                             "flowimport.conf(5)\n");
    expect_errors("verify -n 5 --pretty",
                  "--pretty: 'verify' does not accept it; it accepts --from, --to, --json, and the options of "
                  "flowimport.conf(5)\n"
                  "-n: 'verify' does not accept it; it accepts --from, --to, --json, and the options of "
                  "flowimport.conf(5)\n");
    expect_errors("rejected clear --json",
                  "--json: 'rejected clear' does not accept it; it accepts the options of flowimport.conf(5)\n");
    expect_errors("--once --pretty f", "--pretty: '--once' does not accept it; it accepts --format, --time, "
                                       "--rejected, "
                                       "--from, --from-password-file, --again, --adopt, and the options of "
                                       "flowimport.conf(5)\n");
}

static void what_was_probably_meant_is_said(void **state) {
    (void)state;
    expect_errors("statsu", "'statsu': unknown command; did you mean 'status'?\n");
    expect_errors("once", "'once': unknown command; flowimport --help lists them\n");
    expect_errors("nonsense --json", "'nonsense': unknown command; flowimport --help lists them\n");
    expect_errors("rejected lst", "'rejected lst': unknown command; did you mean 'rejected list'?\n");
    expect_errors("retention purge",
                  "'retention purge': unknown command; retention has install, status, run, split, remove\n");
}

static void usage_is_made_of_the_table(void **state) {
    struct buffer out = BUFFER_INIT;
    char *words[] = {"rejected", "list"};
    (void)state;
    assert_true(command_line_help(&options, words, 1, &out));
    assert_non_null(strstr(out.data, "usage: flowimport rejected list [--json]\n"
                                     "       flowimport rejected retry\n"
                                     "       flowimport rejected clear\n"));
    buffer_clear(&out);
    assert_true(command_line_help(&options, words, 2, &out));
    assert_ptr_equal(strstr(out.data,
                            "usage: flowimport rejected list [--json]\n\n"
                            "flowimport rejected: list, retry or clear rejected entries\n\nOptions:\n  --json "),
                     out.data);
    buffer_clear(&out);
    words[0] = "export";
    assert_true(command_line_help(&options, words, 1, &out));
    assert_non_null(strstr(out.data, "export --collectors URL,... [--format FORMAT]"));
    assert_false(command_line_help(&options, words, 0, &out));
    buffer_release(&out);
}

static void overview_holds_every_command(void **state) {
    struct buffer out = BUFFER_INIT;
    (void)state;
    command_line_overview(&out);
    for (unsigned i = 0; i < n_commands; i++) {
        assert_non_null(strstr(out.data, commands[i].name));
        assert_non_null(strstr(out.data, commands[i].help));
    }
    buffer_release(&out);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_listed_option_is_in_a_table),   TEST(every_option_is_accepted_by_a_command),
        TEST(options_of_the_command_are_accepted), TEST(others_are_refused),
        TEST(what_was_probably_meant_is_said),     TEST(usage_is_made_of_the_table),
        TEST(overview_holds_every_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
