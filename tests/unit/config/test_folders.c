/* Folders that are missing, or no folders, with the line of the option that names them. */
#include "config/folders.h"

#include <pwd.h>
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

static const struct config_program program = {.name = "prog", .usage = "usage: prog\n"};
static char folder[64], path[128];

static int set_up(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test-folders-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/test.conf", folder);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    unlink(path);
    return rmdir(folder);
}

/* In both texts FOLDER stands for the test's folder, USER for who runs it. */
static char *fill(const char *text) {
    const struct passwd *account = getpwuid(geteuid());
    char *filled = calloc(1, 4096);
    for (size_t len = 0; *text && len < 4000; len = strlen(filled)) {
        if (strncmp(text, "FOLDER", 6) == 0)
            strcat(filled, folder), text += 6;
        else if (strncmp(text, "USER", 4) == 0)
            strcat(filled, account ? account->pw_name : "?"), text += 4;
        else
            filled[len] = *text++;
    }
    return filled;
}

static void expect(int (*check)(struct config *config), const char *text, const char *expected) {
    struct config config;
    char *argv[] = {(char *)"prog", (char *)"-c", path}, *filled = fill(text), *errors = fill(expected);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(filled, file);
    fclose(file);
    assert_int_equal(config_load(&config, &program, 3, argv), CONFIG_RUN);
    assert_int_equal(check(&config), *expected ? -1 : 0);
    assert_string_equal(config.options.errors.data ? config.options.errors.data : "", errors);
    config_release(&config);
    free(errors);
    free(filled);
}

static void folder_of_the_store(void **state) {
    (void)state;
    expect(folders_check_store, "[store]\nurl = sqlite:FOLDER/flows.db\n", "");
    expect(folders_check_store, "[store]\n\nurl = sqlite:FOLDER/no/such/flows.db\n",
           "FOLDER/test.conf:3: [store] url: the folder of the SQLite file is missing: mkdir -p FOLDER/no/such && "
           "chown USER FOLDER/no/such\n");
    expect(folders_check_store, "[store]\nurl = sqlite:///tmp/flows.db\n", "");
    expect(folders_check_store, "[store]\nurl = sqlite:flows.db\n", "");
    expect(folders_check_store, "[store]\nurl = sqlite:FOLDER/test.conf/flows.db\n",
           "FOLDER/test.conf:2: [store] url: FOLDER/test.conf, for the SQLite file, is not a folder\n");
    expect(folders_check_store, "[store]\nurl = mysql://localhost/such\n", "");
    expect(folders_check_store, "[store]\nurl = memory:\n", "");
}

/* Only what the service uses must be there. */
static void folders_of_the_service(void **state) {
    (void)state;
#define STORE "[store]\nurl = sqlite:FOLDER/a/flows.db\n"
#define SPOOL "[producer]\nspool = FOLDER/b/spool\n"
#define STORE_MISSING                                                                                                  \
    "FOLDER/test.conf:2: [store] url: the folder of the SQLite file is missing: mkdir -p FOLDER/a && chown USER "      \
    "FOLDER/a\n"
#define SPOOL_MISSING                                                                                                  \
    "FOLDER/test.conf:4: [producer] spool: the folder of the spool is missing: mkdir -p FOLDER/b && chown USER "       \
    "FOLDER/b\n"
    expect(folders_check_service, STORE SPOOL, STORE_MISSING);
    expect(folders_check_service, STORE SPOOL "[collector]\nlisten = udp:4739\nstate = FOLDER/c/state\n",
           STORE_MISSING SPOOL_MISSING
           "FOLDER/test.conf:7: [collector] state: the folder of the state file is missing: mkdir -p FOLDER/c && chown "
           "USER FOLDER/c\n");
    expect(folders_check_service, STORE SPOOL "[collector]\nlisten = udp:4739\nqueue = direct\nstate =\n",
           STORE_MISSING SPOOL_MISSING);
    expect(folders_check_service,
           STORE SPOOL "[collector]\nlisten = udp:4739\nqueue = direct\nstate =\n[queue]\ndelivery = at-most-once\n",
           STORE_MISSING);
    expect(folders_check_service,
           STORE SPOOL "[collector]\nlisten = udp:4739\nstate = FOLDER/state\n[import]\nenabled = no\n", SPOOL_MISSING);
    expect(folders_check_service,
           STORE "[producer]\nspool = FOLDER/spool\n[collector]\nlisten = udp:4739\nstate =\n[import]\nenabled = no\n",
           "");
    expect(folders_check_service, STORE "[producer]\nspool =\n[collector]\nlisten = udp:4739\nstate =\n",
           STORE_MISSING);
}

static void folders_that_may_not_be_written_to(void **state) {
    (void)state;
    if (geteuid() == 0) skip(); /* root may */
    chmod(folder, 0500);
    struct config config;
    char *argv[] = {(char *)"prog", (char *)"-c", (char *)"/dev/null", (char *)"--store", path};
    snprintf(path, sizeof path, "sqlite:%s/flows.db", folder);
    assert_int_equal(config_load(&config, &program, 5, argv), CONFIG_RUN);
    assert_int_equal(folders_check_store(&config), -1);
    assert_non_null(strstr(config.options.errors.data, "may not write to"));
    config_release(&config);
    chmod(folder, 0700);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {TEST(folder_of_the_store), TEST(folders_of_the_service),
                                       TEST(folders_that_may_not_be_written_to)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
