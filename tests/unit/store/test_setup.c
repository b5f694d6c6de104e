/* Opening a database: what is missing is made, what is wrong is refused, each with its message. */
#include "store_env.h"

#include <sqlite3.h>

#include "store/ddl.h"

static const uint32_t sizes[] = {60, 600};
static sqlite3 *db; /* keeps the store in memory, and changes it past the program */

static void change(const char *sql) {
    char *message = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) fail_msg("%s: %s", sql, message);
}

static void empty(void) {
    sqlite3_close(db);
    assert_int_equal(sqlite3_open_v2("file:setup?mode=memory&cache=shared", &db,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI, NULL),
                     SQLITE_OK);
}

static int count(const char *sql) {
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int n = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return n;
}

#define OBJECTS "SELECT COUNT(*) FROM sqlite_master WHERE type IN ('table', 'view')"

static enum store_status open_as(struct env *env, bool read_only, char *text) {
    struct store_config config = {.url = "memory:setup", .read_only = read_only};
    struct error error = {""};
    enum store_status status = store_open(&env->store, &config, &env->schema, &error);
    snprintf(text, ERROR_TEXT_MAX, "%s", error.text);
    if (status == STORE_OK) store_close(env->store);
    return status;
}

static void what_is_missing_is_made(void **state) {
    static const char *const dropped[] = {
        "",
        "DROP VIEW flows_600",
        "DROP VIEW index_nodes_text",
        "DROP TABLE loss",
        "DELETE FROM flowimport_schema",
        "DROP TABLE flowimport_retention; DROP TABLE flowimport_retention_log; DROP VIEW flows_60_text",
    };
    struct env env = {0};
    char text[ERROR_TEXT_MAX];
    (void)state;
    env_schema(&env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 2);
    for (size_t i = 0; i < sizeof dropped / sizeof dropped[0]; i++) {
        change(dropped[i]);
        if (open_as(&env, false, text) != STORE_OK) fail_msg("%s: %s", dropped[i], text);
        assert_int_equal(count(OBJECTS), ddl_count(&env.schema));
    }
    /* What was deleted of it is said again with the next object that is made. */
    assert_int_equal(count("SELECT COUNT(*) FROM flowimport_schema"), 5);
}

/* Tables of a version without the setting are all there. */
static void tables_without_a_choice_leave_none_out(void **state) {
    struct env env = {0};
    char text[ERROR_TEXT_MAX];
    (void)state;
    env_schema(&env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 2);
    assert_int_equal(open_as(&env, false, text), STORE_OK);
    change("DELETE FROM flowimport_schema WHERE name = 'leave_out'");
    assert_int_equal(open_as(&env, false, text), STORE_OK);
    schema_leave_out(&env.schema, SCHEMA_LEAVE_PORTS);
    assert_int_equal(open_as(&env, false, text), STORE_REFUSED);
    assert_string_equal(text, "memory:setup: the tables were created with leave_out = none, but leave_out = ports is "
                              "configured; set it back, or use another database");
}

/* Programs of before the setting compare the version alone, and know the first. */
static void tables_left_out_have_a_version_of_their_own(void **state) {
    struct env env = {0};
    char text[ERROR_TEXT_MAX];
    (void)state;
    for (unsigned set = SCHEMA_LEAVE_NONE; set <= (SCHEMA_LEAVE_PORTS | SCHEMA_LEAVE_ALL_TIME); set++) {
        empty();
        env_schema(&env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 2);
        schema_leave_out(&env.schema, set);
        assert_int_equal(open_as(&env, false, text), STORE_OK);
        assert_int_equal(count("SELECT value FROM flowimport_schema WHERE name = 'version'"), set ? 2 : 1);
        assert_int_equal(open_as(&env, false, text), STORE_OK);
        change("UPDATE flowimport_schema SET value = '1' WHERE name = 'version'"); /* as development versions had it */
        assert_int_equal(open_as(&env, true, text), STORE_OK);
    }
}

static void a_reader_makes_nothing(void **state) {
    struct env env = {0};
    char text[ERROR_TEXT_MAX];
    (void)state;
    env_schema(&env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 2);
    change("CREATE TABLE mine (id INTEGER)");
    assert_int_equal(open_as(&env, true, text), STORE_REFUSED);
    assert_string_equal(text,
                        "memory:setup: flowimport_schema not found; the importer creates it with its first write");
    assert_int_equal(open_as(&env, false, text), STORE_OK);
    assert_int_equal(open_as(&env, true, text), STORE_OK);
    change("DROP VIEW flows_60");
    assert_int_equal(open_as(&env, true, text), STORE_REFUSED);
    assert_string_equal(text, "memory:setup: flows_60 not found; the importer creates it with its first write");
    assert_int_equal(count("SELECT COUNT(*) FROM sqlite_master WHERE name = 'flows_60'"), 0);
}

struct wrong {
    const char *change, *text;
};

static void what_is_wrong_is_refused(void **state) {
    static const struct wrong cases[] = {
        {"ALTER TABLE loss DROP COLUMN lost",
         "loss does not match this program and configuration; missing columns: lost integer"},
        {"ALTER TABLE loss ADD COLUMN note TEXT",
         "loss does not match this program and configuration; additional columns: note text"},
        {"ALTER TABLE flows_aggr_600_data RENAME COLUMN octetDeltaCount TO octets",
         "flows_aggr_600_data does not match this program and configuration; missing columns: octetDeltaCount "
         "integer; additional columns: octets integer"},
        {"DROP TABLE flowimport_retention; CREATE TABLE flowimport_retention (bucket_size TEXT, keep_seconds INTEGER)",
         "flowimport_retention does not match this program and configuration; missing columns: bucket_size "
         "integer; "
         "additional columns: bucket_size text"},
        {"DROP TABLE flowimport_retention; CREATE TABLE flowimport_retention (keep_seconds INTEGER, "
         "bucket_size INTEGER)",
         "flowimport_retention does not match this program and configuration; its columns are in another order"},
        {"DROP VIEW flows_aggr_60; CREATE VIEW flows_aggr_60 AS SELECT bucket FROM flows_aggr_60_data",
         "flows_aggr_60 does not match this program and configuration; missing columns: packetDeltaCount, "
         "octetDeltaCount, flows_millionths, flows, tcp_packetDeltaCount"},
        {"DROP VIEW flows_aggr_60; CREATE TABLE flows_aggr_60 (bucket INTEGER, octets INTEGER)",
         "flows_aggr_60 is a table, not flowimport's view of that name; use another database, or rename it; missing "
         "columns: packetDeltaCount, "},
        {"DROP TABLE loss; CREATE VIEW loss AS SELECT 1 AS lost",
         "loss is a view, not flowimport's table of that name; use another database, or rename it"},
        {"UPDATE flowimport_schema SET value = '7' WHERE name = 'version'",
         "the tables have schema version 7; this program knows version 1"},
        {"UPDATE flowimport_schema SET value = 'ports' WHERE name = 'leave_out'",
         "the tables were created with leave_out = ports, but leave_out = none is configured; set it back, or use "
         "another database"},
        {"UPDATE flowimport_schema SET value = 'octetDeltaCount' WHERE name = 'aggr_sums'",
         "the tables were created with aggr_sums = octetDeltaCount, but aggr_sums = packetDeltaCount, "
         "octetDeltaCount is configured; set it back, or use another database"},
        {"UPDATE flowimport_schema SET value = 'protocolIdentifier' WHERE name = 'aggr_values'",
         "the tables were created with aggr_values = protocolIdentifier, but aggr_values = sourceIPv4Address, "
         "destinationIPv4Address, sourceTransportPort, destinationTransportPort, protocolIdentifier is configured; set "
         "it back, "
         "or use another database"},
    };
    struct env env = {0};
    char text[ERROR_TEXT_MAX], expected[ERROR_TEXT_MAX];
    (void)state;
    env_schema(&env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 2);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        empty();
        if (open_as(&env, false, text) != STORE_OK) fail_msg("%s", text);
        change(cases[i].change);
        /* What is missing besides is not made where anything is refused. */
        change("DROP VIEW index_ports_600");
        for (unsigned read_only = 0; read_only < 2; read_only++) {
            assert_int_equal(open_as(&env, read_only, text), STORE_REFUSED);
            snprintf(expected, sizeof expected, "memory:setup: %s", cases[i].text);
            text[strlen(expected)] = '\0'; /* of long lists of columns the beginning */
            assert_string_equal(text, expected);
            assert_int_equal(count("SELECT COUNT(*) FROM sqlite_master WHERE name = 'index_ports_600'"), 0);
        }
    }
}

static void others_tables_are_left_alone(void **state) {
    struct env env = {0};
    char text[ERROR_TEXT_MAX];
    (void)state;
    env_schema(&env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 2);
    change("CREATE TABLE flows_3600_data (note TEXT); CREATE VIEW hosts AS SELECT 1");
    assert_int_equal(open_as(&env, false, text), STORE_OK);
    assert_int_equal(count(OBJECTS), ddl_count(&env.schema) + 2);
}

/* A size that is added to tables with rows is complete from the day after the last of them on. */
static void a_size_that_is_added_begins_with_the_next_day(void **state) {
    static const uint32_t more[] = {60, 600, 3600, 86400};
    struct env env = {0};
    char text[ERROR_TEXT_MAX];
    (void)state;
    env_schema(&env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 2);
    env_open(&env, "memory:setup");
    assert_int_equal(count("SELECT COUNT(*) FROM flowimport_schema WHERE name LIKE 'size%'"), 0);
    env_schema(&env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, more, 3);
    store_close(env.store);
    env_open(&env, "memory:setup"); /* nothing was imported yet: it is complete */
    assert_int_equal(count("SELECT COUNT(*) FROM flowimport_schema WHERE name LIKE 'size%'"), 0);
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    store_close(env.store);
    env_schema(&env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, more, 4);
    assert_int_equal(open_as(&env, false, text), STORE_OK);
    assert_int_equal(count("SELECT value FROM flowimport_schema WHERE name = 'size_86400_from'"), 1700092800);
    assert_int_equal(count("SELECT COUNT(*) FROM flowimport_schema WHERE name LIKE 'size%'"), 1);
}

static int memory_open(void **state) {
    (void)state;
    empty();
    return 0;
}

static int memory_close(void **state) {
    (void)state;
    return sqlite3_close(db);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, memory_open, memory_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(what_is_missing_is_made),
        CASE(tables_without_a_choice_leave_none_out),
        CASE(tables_left_out_have_a_version_of_their_own),
        CASE(a_reader_makes_nothing),
        CASE(what_is_wrong_is_refused),
        CASE(others_tables_are_left_alone),
        CASE(a_size_that_is_added_begins_with_the_next_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
