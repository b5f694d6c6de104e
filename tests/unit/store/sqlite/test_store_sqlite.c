/* The SQLite store, in files of a temporary folder. */
#include "store_cases.h"
#include "sum_cases.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"

static char folder[] = "/tmp/flowimport-test-XXXXXX";
static unsigned n_files;
static char path[128], url[160];

static void path_next(void) {
    snprintf(path, sizeof path, "%s/%u.db", folder, ++n_files);
    snprintf(url, sizeof url, "sqlite:%s", path);
}

static const char *fresh_url(void) {
    path_next();
    return url;
}

static enum store_status open_status(const char *at, bool read_only, char *text) {
    static const uint32_t sizes[] = {60, 600};
    struct env env = {0};
    struct error error = {""};
    struct store_config config = {.url = at, .read_only = read_only};
    env_schema(&env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 2);
    enum store_status status = store_open(&env.store, &config, &env.schema, &error);
    if (status == STORE_OK) store_close(env.store);
    snprintf(text, ERROR_TEXT_MAX, "%s", error.text);
    return status;
}

static void what_can_not_be_opened_is_refused(void **state) {
    char text[ERROR_TEXT_MAX];
    (void)state;
    path_next();
    FILE *file = fopen(path, "w");
    for (unsigned i = 0; i < 100; i++)
        fputs("this is no database. ", file);
    fclose(file);
    assert_int_equal(open_status(url, false, text), STORE_REFUSED);
    assert_contains(text, path);
    assert_contains(text, "not a database");
    char nowhere[160];
    snprintf(nowhere, sizeof nowhere, "sqlite:%s/nowhere/flows.db", folder);
    assert_int_equal(open_status(nowhere, false, text), STORE_REFUSED);
    assert_contains(text, "/nowhere/flows.db: unable to open database file");
    path_next();
    assert_int_equal(open_status(url, true, text), STORE_REFUSED); /* a reader makes no file */
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(open_status("sqlite:", false, text), STORE_REFUSED);
    assert_string_equal(text, "sqlite:: an SQLite store is sqlite:/path/of/file, with one slash or three");
    assert_int_equal(open_status("oracle://x/y", false, text), STORE_REFUSED);
    assert_string_equal(text, "oracle://x/y: unknown scheme 'oracle'; expected mysql, mariadb, sqlite or memory");
}

enum { NOBODY = 65534 };

static void a_file_without_permission_is_refused(void **state) {
    char text[ERROR_TEXT_MAX];
    bool is_root = geteuid() == 0; /* to whom everything is permitted */
    (void)state;
    path_next();
    assert_int_equal(open_status(url, false, text), STORE_OK);
    assert_int_equal(chmod(path, 0444), 0);
    assert_int_equal(chmod(folder, 0755), 0);
    if (is_root) assert_int_equal(seteuid(NOBODY), 0);
    enum store_status status = open_status(url, false, text);
    if (is_root) assert_int_equal(seteuid(0), 0);
    assert_int_equal(status, STORE_REFUSED);
    assert_contains(text, path);
}

/* Times that the file beside the database could not be opened, until it belongs to whom it should. */
static unsigned beside_tries, beside_until;
static char beside[160];

static int beside_wait(const char *place) {
    if (strcmp(place, "sqlite-beside") != 0) return 0;
    if (++beside_tries < beside_until) return 0;
    if (beside_until == 0) return ETIMEDOUT; /* waited long enough */
    if (geteuid() == 0 || getuid() != 0) {
        assert_int_equal(chmod(beside, 0640), 0);
        return 0;
    }
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(chown(beside, NOBODY, (gid_t)-1), 0);
    assert_int_equal(seteuid(NOBODY), 0);
    return 0;
}

/* A database of NOBODY's where we are root, else of ours, with an index of somebody else's beside it. */
static enum store_status open_beside(unsigned until, bool read_only, char *text) {
    bool is_root = geteuid() == 0;
    path_next();
    assert_int_equal(open_status(url, false, text), STORE_OK);
    snprintf(beside, sizeof beside, "%s-shm", path);
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL, is_root ? 0600 : 0); /* we may be of root's group */
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(chmod(folder, 0777), 0);
    beside_tries = 0;
    beside_until = until;
    fault_call_hook = beside_wait;
    if (is_root) assert_int_equal(chown(path, NOBODY, (gid_t)-1), 0);
    if (is_root) assert_int_equal(seteuid(NOBODY), 0);
    enum store_status status = open_status(url, read_only, text);
    if (is_root) assert_int_equal(seteuid(0), 0);
    fault_call_hook = NULL;
    unlink(beside);
    return status;
}

/* As root makes it: it is root's until SQLite has given it to the database's owner. */
static void a_file_beside_it_that_is_given_to_us_soon_is_waited_for(void **state) {
    char text[ERROR_TEXT_MAX];
    (void)state;
    assert_int_equal(open_beside(3, false, text), STORE_OK);
    assert_int_equal(beside_tries, 3);
    assert_int_equal(open_beside(5, true, text), STORE_OK);
    assert_int_equal(beside_tries, 5);
}

static void a_file_beside_it_that_is_not_ours_is_retried(void **state) {
    char text[ERROR_TEXT_MAX];
    (void)state;
    for (unsigned read_only = 0; read_only < 2; read_only++) {
        assert_int_equal(open_beside(0, read_only, text), STORE_RETRY);
        assert_contains(text, "-shm, which SQLite keeps beside the database: Permission denied; it belongs to user ");
    }
}

static void another_writer_is_waited_for_and_then_retried(void **state) {
    struct env env;
    struct error error = {""};
    sqlite3 *other;
    (void)state;
    env_init(&env, fresh_url());
    assert_run(&env, "PRAGMA busy_timeout = 50");
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    struct ledger_row row = ledger_make("a", 1, test_flows, 1);
    generation_put(&env, &row, test_flows, 1);
    assert_int_equal(store_commit(env.store, &error), STORE_RETRY);
    assert_contains(error.text, "database is locked");
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    generation_put(&env, &row, test_flows, 1);
    assert_int_equal(store_commit(env.store, &error), STORE_OK);
    assert_query(&env, "SELECT SUM(octetDeltaCount) FROM flows_60_data", "1000\n");
    /* A reader in the middle of its transaction is in nobody's way, and sees what it saw. */
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_exec(other, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(other, "SELECT SUM(octetDeltaCount) FROM flows_60", -1, &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(statement, 0), 1000);
    sqlite3_reset(statement);
    generation_write(&env, "a", 2, test_flows, 1);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(statement, 0), 1000);
    sqlite3_finalize(statement);
    sqlite3_close(other);
    assert_query(&env, "SELECT SUM(octetDeltaCount) FROM flows_60_data", "2000\n");
    env_release(&env);
}

/* SQLite's own limit on pages stands in for the disk's. */
static void a_full_disk_is_retried(void **state) {
    struct env env;
    struct error error = {""};
    (void)state;
    env_init(&env, fresh_url());
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    assert_run(&env, "PRAGMA max_page_count = 1"); /* the size it has is the least */
    struct ledger_row row = ledger_make("a", 2, test_flows, 1);
    store_begin(env.store, &row, &row.first_bucket, 1);
    const struct table *table = schema_table(&env.schema, TABLE_FLOWS, FLOW_IPV4, 60);
    for (unsigned i = 0; i < 2000; i++) {
        uint8_t key[17] = {0};
        const uint64_t values[3] = {1, 1, 1};
        be_put(key + 4, i, 4);
        store_put(env.store, table, key, values);
    }
    assert_int_equal(store_commit(env.store, &error), STORE_RETRY);
    assert_contains(error.text, "full");
    assert_query(&env, "SELECT COUNT(*) FROM flows_60_data", "5\n");
    assert_run(&env, "PRAGMA max_page_count = 1000000");
    generation_write(&env, "a", 2, test_flows, 1);
    assert_query(&env, "SELECT COUNT(*) FROM import_ledger", "2\n");
    env_release(&env);
}

static void it_survives_power_cuts_by_its_settings(void **state) {
    struct env env;
    (void)state;
    env_init(&env, fresh_url());
    assert_query(&env, "PRAGMA journal_mode", "wal\n");
    assert_query(&env, "PRAGMA synchronous", "2\n");
    env_release(&env);
}

static unsigned mode_of(const char *suffix) {
    char file[160];
    struct stat status;
    snprintf(file, sizeof file, "%s%s", path, suffix);
    assert_int_equal(stat(file, &status), 0);
    return status.st_mode & 07777;
}

static void its_files_are_for_owner_and_group(void **state) {
    struct env env;
    mode_t before = umask(022);
    (void)state;
    env_init(&env, fresh_url());
    generation_write(&env, "a", 1, test_flows, 1);
    assert_int_equal(mode_of(""), 0640);
    assert_int_equal(mode_of("-wal"), 0640);
    assert_int_equal(mode_of("-shm"), 0640);
    env_release(&env);
    umask(before);
}

static void a_file_that_was_moved_away_is_noticed(void **state) {
    static const char *const texts[] = {"; put it back, or restart to create a new one",
                                        ", and another file is in its place; put it back, or restart to use the new "
                                        "one"};
    struct env env;
    struct error error = {""};
    char away[160], expected[512];
    (void)state;
    env_init(&env, fresh_url());
    generation_write(&env, "a", 1, test_flows, 1);
    snprintf(away, sizeof away, "%s.away", path);
    for (unsigned i = 0; i < 2; i++) {
        struct ledger_row row = ledger_make("a", 2 + i, test_flows, 1);
        assert_int_equal(rename(path, away), 0);
        if (i == 1) fclose(fopen(path, "w"));
        generation_put(&env, &row, test_flows, 1);
        assert_int_equal(store_commit(env.store, &error), STORE_RETRY);
        snprintf(expected, sizeof expected, "%s: %s was moved or removed while it was open%s", url, path, texts[i]);
        assert_string_equal(error.text, expected);
        assert_int_equal(rename(away, path), 0);
        generation_put(&env, &row, test_flows, 1);
        assert_int_equal(store_commit(env.store, &error), STORE_OK);
    }
    assert_query(&env, "SELECT COUNT(*), SUM(octetDeltaCount) FROM import_ledger", "3|3000\n");
    env_release(&env);
}

static void idle_moments_empty_its_log(void **state) {
    struct env env;
    struct stat status;
    char log[160];
    (void)state;
    env_init(&env, fresh_url());
    assert_query(&env, "PRAGMA journal_size_limit", "4194304\n");
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    snprintf(log, sizeof log, "%s-wal", path);
    assert_int_equal(stat(log, &status), 0);
    assert_true(status.st_size > 0);
    store_idle(env.store);
    assert_int_equal(stat(log, &status), 0);
    assert_int_equal(status.st_size, 0);
    env_release(&env);
}

static int folder_make(void **state) {
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int folder_remove(void **state) {
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    char file[160];
    (void)state;
    for (unsigned i = 1; i <= n_files; i++)
        for (unsigned j = 0; j < 3; j++) {
            snprintf(file, sizeof file, "%s/%u.db%s", folder, i, suffixes[j]);
            unlink(file);
        }
    return rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        STORE_CASES,
        SUM_CASES,
        cmocka_unit_test(what_can_not_be_opened_is_refused),
        cmocka_unit_test(a_file_without_permission_is_refused),
        cmocka_unit_test(another_writer_is_waited_for_and_then_retried),
        cmocka_unit_test(a_file_beside_it_that_is_given_to_us_soon_is_waited_for),
        cmocka_unit_test(a_file_beside_it_that_is_not_ours_is_retried),
        cmocka_unit_test(a_full_disk_is_retried),
        cmocka_unit_test(it_survives_power_cuts_by_its_settings),
        cmocka_unit_test(its_files_are_for_owner_and_group),
        cmocka_unit_test(a_file_that_was_moved_away_is_noticed),
        cmocka_unit_test(idle_moments_empty_its_log),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
