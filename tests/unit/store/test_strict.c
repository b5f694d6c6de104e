/* SQLite's STRICT tables, in which no sum becomes a real number; and stores that were made before these. */
#include "store_env.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/fault.h"

static char folder[32];
static char path[64], url[80];
static sqlite3 *db; /* our own way to the store: what is in memory lasts as long as this is open */

/* Runs the statements past the store. */
static void file_run(const char *sql) {
    char *message = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) fail_msg("%s", message);
}

/* The tables as they were made before: the same statements without STRICT. */
static void old_tables_make(void) {
    static const uint32_t sizes[] = {600, 60};
    static const char word[] = " STRICT,";
    struct env env = {0};
    struct buffer sql = BUFFER_INIT;
    unsigned n = 0;
    env_schema(&env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 2);
    schema_print(&env.schema, DIALECT_SQLITE, &sql);
    for (char *at = sql.data; (at = strstr(at, word)); n++)
        memmove(at, at + sizeof word - 1, strlen(at + sizeof word - 1) + 1);
    assert_int_equal(n, 7 + 2 * 6 + 3);
    file_run(sql.data);
    buffer_release(&sql);
}

static void assert_audit(struct env *env, unsigned differences, const char *first) {
    struct audit_result result;
    struct error error = {""};
    if (audit_run(env->store, &env->schema, 0, 0, &result, &error) != STORE_OK) fail_msg("%s", error.text);
    assert_string_equal(result.first, first);
    if (differences != UINT32_MAX) assert_int_equal(result.differences, differences);
}

#define NOT_STRICT                                                                                                     \
    "SELECT COUNT(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite%' AND " \
    "strict = 0"
#define WIDE                                                                                                           \
    "SELECT COUNT(DISTINCT m.name) FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND "      \
    "c.type = 'ANY'"
#define PORT_443                                                                                                       \
    "SELECT octetDeltaCount, typeof(octetDeltaCount), flows_millionths / 1000000 FROM index_ports_data WHERE id = 443"
#define OVERFLOW "UPDATE flows_600_data SET octetDeltaCount = 9223372036854775807 WHERE bucket = 1700001000"

static void a_sum_that_is_all_a_column_holds_stays(void **state) {
    struct env env;
    (void)state;
    env_init(&env, "memory:");
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    assert_run(&env, OVERFLOW);
    generation_write(&env, "a", 2, &test_flows[2], 1);
    assert_query(&env,
                 "SELECT octetDeltaCount, typeof(octetDeltaCount), packetDeltaCount FROM flows_600_data "
                 "WHERE bucket = 1700001000",
                 "9223372036854775807|integer|2\n");
    env_release(&env);
}

static void an_old_store_is_rewritten(void **state) {
    struct env env, reader;
    (void)state;
    old_tables_make();
    env_init(&env, url); /* of empty tables */
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    env_release(&env);
    /* The same with rows. Nobody else's table or index is touched. */
    file_run("PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, ' STRICT,', ''); "
             "PRAGMA writable_schema = RESET; "
             "CREATE TABLE copied AS SELECT * FROM index_ports_600_data; CREATE TABLE mine (id INTEGER); "
             "CREATE INDEX \"my own\" ON index_ports_600_data (bucket); CREATE INDEX two ON flows_600_data (bucket)");
    env_init(&env, url);
    assert_query(&env, NOT_STRICT, "2\n");
    assert_query(&env, "SELECT * FROM index_ports_600_data EXCEPT SELECT * FROM copied", "");
    assert_query(&env, "SELECT COUNT(*) FROM index_ports_600_data", "12\n");
    assert_query(&env, "SELECT COUNT(*) FROM sqlite_master WHERE name LIKE '%before'", "0\n");
    assert_query(&env, "SELECT COUNT(*) FROM sqlite_master WHERE type = 'index' AND sql <> ''", "8\n");
    assert_query(&env, "SELECT tbl_name FROM sqlite_master WHERE name IN ('my own', 'two') ORDER BY 1",
                 "flows_600_data\nindex_ports_600_data\n");
    assert_query(&env, "SELECT SUM(octetDeltaCount), SUM(flows) FROM flows_600_text", "9093|5.083333\n");
    assert_query(&env, "PRAGMA integrity_check", "ok\n");
    assert_query(&env, "PRAGMA legacy_alter_table", "0\n");
    generation_write(&env, "a", 2, test_flows, 1);
    assert_audit(&env, 0, "");
    env_init(&reader, url);
    env_release(&reader);
    env_release(&env);
}

/* Views of addresses of before there was a row for ends without one. */
static void old_views_are_replaced(void **state) {
    struct env env;
    (void)state;
    env_init(&env, url);
    env_release(&env);
    file_run("PRAGMA writable_schema = ON; "
             "UPDATE sqlite_master SET sql = replace(sql, ' WHEN -2 THEN ''no address''', '') WHERE type = 'view'; "
             "PRAGMA writable_schema = RESET");
    env_init(&env, url);
    assert_query(&env, "SELECT name FROM sqlite_master WHERE type = 'view' AND sql LIKE '%''no address''%' ORDER BY 1",
                 "index_nodes_600_text\nindex_nodes_60_text\nindex_nodes_text\n");
    assert_query(&env, "SELECT COUNT(*) FROM index_nodes_text", "0\n");
    env_release(&env);
}

/* A store of old with rows, some of them already wrong. */
static void a_sum_that_is_a_real_number_already(void **state) {
    struct env env;
    (void)state;
    env_init(&env, url);
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    env_release(&env);
    file_run("CREATE TABLE kept AS SELECT * FROM flows_600_data; DROP TABLE flows_600_data");
    old_tables_make(); /* the one that is missing */
    file_run("INSERT INTO flows_600_data SELECT * FROM kept; DROP TABLE kept; " OVERFLOW "; "
             "UPDATE flows_600_data SET octetDeltaCount = octetDeltaCount + 1 WHERE bucket = 1700001000");
    file_run("UPDATE flows_600_data SET packetDeltaCount = 'many' WHERE bucket = 1700001000"); /* by somebody else */
    for (unsigned round = 0; round < 2; round++) { /* it works as before, and each opening tries again */
        env_init(&env, url);
        assert_query(&env, NOT_STRICT, "1\n");
        assert_query(&env, "SELECT COUNT(*) FROM sqlite_master WHERE name LIKE '%before'", "0\n");
        generation_write(&env, "b", round, test_flows, 1);
        env_release(&env);
    }
    file_run("UPDATE flows_600_data SET packetDeltaCount = 1 WHERE bucket = 1700001000");
    env_init(&env, url);
    assert_query(&env, NOT_STRICT, "0\n");
    assert_query(&env, "SELECT octetDeltaCount, typeof(octetDeltaCount) FROM flows_600_data WHERE bucket = 1700001000",
                 "9223372036854775807|integer\n");
    assert_audit(&env, 2, /* in all, and as UDP */
                 "flows_600 with flows6_600, bucket 1700001000 (2023-11-14T22:30:00Z): sum of octetDeltaCount is "
                 "9223372036854775807; by flows_aggr_600 it should be 60");
    env_release(&env);
}

static unsigned passed;

static void third_ends(const char *place) {
    if (strcmp(place, "mid-strict") == 0 && ++passed == 3) _exit(7);
}

static void what_was_broken_off_is_gone_on_with(void **state) {
    struct env env;
    int status;
    (void)state;
    old_tables_make();
    pid_t child = fork();
    if (child == 0) {
        fault_hook = third_ends;
        env_init(&env, url);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 7);
    struct store_config config = {.url = url, .read_only = true};
    struct error error = {""};
    static const uint32_t sizes[] = {600, 60};
    memset(&env, 0, sizeof env);
    env_schema(&env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 2);
    assert_int_equal(store_open(&env.store, &config, &env.schema, &error),
                     STORE_OK); /* and a reader leaves all alone */
    assert_query(&env, NOT_STRICT, "20\n");
    env_release(&env);
    env_init(&env, url);
    assert_query(&env, NOT_STRICT, "0\n");
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    assert_audit(&env, 0, "");
    env_release(&env);
}

static void second_ends(const char *place) {
    if (strcmp(place, "mid-strict") == 0 && ++passed == 2) _exit(7);
}

/* A store whose sums were not wide: STRICT, and INTEGER. Its rewriting is broken off once. */
static void narrow_sums_become_wide(void **state) {
    static const uint32_t sizes[] = {600, 60};
    struct store_config config = {.url = url, .read_only = true};
    struct error error = {""};
    struct env env;
    int status;
    (void)state;
    env_init(&env, url);
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    env_release(&env);
    file_run("PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, ' ANY ', ' INTEGER '); "
             "PRAGMA writable_schema = RESET; CREATE TABLE copied AS SELECT * FROM index_ports_data; "
             "UPDATE index_ports_data SET octetDeltaCount = " SUM_MOST_TEXT " - 1000 WHERE id = 443");
    pid_t child = fork();
    if (child == 0) {
        fault_hook = second_ends;
        env_init(&env, url);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 7);
    /* A reader accepts either. */
    memset(&env, 0, sizeof env);
    env_schema(&env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 2);
    if (store_open(&env.store, &config, &env.schema, &error) != STORE_OK) fail_msg("%s", error.text);
    assert_query(&env, WIDE, "1\n");
    env_release(&env);
    env_init(&env, url);
    assert_query(&env, WIDE, "4\n");
    assert_query(&env, "SELECT id FROM (SELECT * FROM index_ports_data EXCEPT SELECT * FROM copied)", "443\n");
    assert_query(&env, "PRAGMA integrity_check", "ok\n");
    generation_write(&env, "a", 2, test_flows, 1); /* of 1000 octets: SUM_MOST */
    assert_query(&env, PORT_443, SUM_MOST_TEXT "|integer|3\n");
    generation_write(&env, "a", 3, test_flows, 1);
    assert_query(&env, PORT_443, "000000000000000000009223372036854776807|text|4\n");
    generation_write(&env, "a", 4, test_flows, 1);
    assert_query(&env, PORT_443, "000000000000000000009223372036854777807|text|5\n");
    env_release(&env);
}

enum { DB_FLAGS = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI };

static int memory_open(void **state) {
    (void)state;
    snprintf(url, sizeof url, "memory:old");
    return sqlite3_open_v2("file:old?mode=memory&cache=shared", &db, DB_FLAGS, NULL);
}

static int memory_close(void **state) {
    (void)state;
    return sqlite3_close(db);
}

static int file_open(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/flowimport-test-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/flows.db", folder);
    snprintf(url, sizeof url, "sqlite:%s", path);
    return sqlite3_open_v2(path, &db, DB_FLAGS, NULL);
}

static int file_remove(void **state) {
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    char file[80];
    (void)state;
    sqlite3_close(db);
    for (unsigned i = 0; i < 3; i++) {
        snprintf(file, sizeof file, "%s%s", path, suffixes[i]);
        unlink(file);
    }
    return rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sum_that_is_all_a_column_holds_stays),
        cmocka_unit_test_setup_teardown(an_old_store_is_rewritten, memory_open, memory_close),
        cmocka_unit_test_setup_teardown(old_views_are_replaced, memory_open, memory_close),
        cmocka_unit_test_setup_teardown(a_sum_that_is_a_real_number_already, memory_open, memory_close),
        cmocka_unit_test_setup_teardown(narrow_sums_become_wide, file_open, file_remove),
        cmocka_unit_test_setup_teardown(what_was_broken_off_is_gone_on_with, file_open, file_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
