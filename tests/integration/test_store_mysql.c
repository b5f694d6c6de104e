/* The MySQL store against a server: FLOWIMPORT_TEST_MYSQL=mysql://root@localhost/any?socket=/path, where databases
 * named flowimport_test_N are made and dropped; without it the tests are skipped. */
#include "audit_cases.h"
#include "query_cases.h"
#include "store_cases.h"
#include "sum_cases.h"
#include "upgrade_mysql_cases.h"

#include <mysql.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/url.h"
#include "store/mysql/mysql_store.h"

static struct url server;
static MYSQL *admin;
static unsigned n_databases;
static char database[64], url[512];
static bool without_bulk;

static void admin_run(const char *sql) {
    if (mysql_query(admin, sql) != 0) fail_msg("%s: %s", sql, mysql_error(admin));
    mysql_free_result(mysql_store_result(admin));
}

static void url_make(char *text, size_t size, const char *user, const char *name) {
    const char *socket = url_param(&server, "socket");
    snprintf(text, size, "mysql://%s@%s/%s?bulk=%s%s%s", user, server.host ? server.host : "", name,
             without_bulk ? "no" : "yes", socket ? "&socket=" : "", socket ? socket : "");
}

static const char *fresh_url(void) {
    char sql[160];
    snprintf(database, sizeof database, "flowimport_test_%u", ++n_databases);
    snprintf(sql, sizeof sql, "DROP DATABASE IF EXISTS %s", database);
    admin_run(sql);
    snprintf(sql, sizeof sql, "CREATE DATABASE %s", database);
    admin_run(sql);
    url_make(url, sizeof url, server.user ? server.user : "root", database);
    return url;
}

static void statement(char *sql, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void statement(char *sql, size_t size, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(sql, size, format, args);
    va_end(args);
}

#define PARTITIONS                                                                                                     \
    "SELECT GROUP_CONCAT(partition_name ORDER BY partition_ordinal_position), "                                        \
    "GROUP_CONCAT(table_rows > 0 ORDER BY partition_ordinal_position) IS NOT NULL "                                    \
    "FROM information_schema.partitions WHERE table_schema = DATABASE() AND table_name = "

static void every_day_has_its_partition(void **state) {
    struct env env;
    struct test_flow flow = test_flows[0];
    (void)state;
    env_init(&env, fresh_url());
    assert_query(&env, PARTITIONS "'index_nodes6_600_data'", "d19700101|1\n");
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    assert_query(&env, PARTITIONS "'flows_600_data'", "d19700101,gap20231114,d20231114,d20231115|1\n");
    assert_query(&env, PARTITIONS "'index_ports_60_data'", "d19700101,gap20231114,d20231114,d20231115|1\n");
    flow.bucket = T0 - 5 * 86400; /* backfilled */
    generation_write(&env, "a", 2, &flow, 1);
    assert_query(&env, PARTITIONS "'flows_600_data'",
                 "d19700101,gap20231109,d20231109,gap20231114_2,d20231114,d20231115|1\n");
    flow.bucket = T0 - 86400; /* at the end of a gap */
    generation_write(&env, "a", 3, &flow, 1);
    flow.bucket = T0 - 4 * 86400; /* at its beginning */
    generation_write(&env, "a", 4, &flow, 1);
    flow.bucket = T0 + 3 * 86400; /* behind all */
    generation_write(&env, "a", 5, &flow, 1);
    assert_query(&env, PARTITIONS "'flows_600_data'",
                 "d19700101,gap20231109,d20231109,d20231110,gap20231113_2,d20231113,d20231114,d20231115,gap20231117,"
                 "d20231117|1\n");
    assert_query(&env, "SELECT COUNT(*), SUM(octetDeltaCount) FROM flows_60_data PARTITION (d20231113)", "1|1000\n");
    assert_query(&env,
                 "SELECT COUNT(*) FROM flows_60_data PARTITION (gap20231117, gap20231113_2, gap20231109, d19700101)",
                 "0\n");
    /* Retention drops the oldest while we think they are there; what comes for them later has its own day again. */
    assert_run(&env, "ALTER TABLE flows_60_data DROP PARTITION d19700101, gap20231109, d20231109, d20231110, "
                     "gap20231113_2, d20231113");
    store_close(env.store);
    env_open(&env, env.url);
    flow.bucket = T0 - 86400;
    generation_write(&env, "a", 6, &flow, 1);
    assert_query(&env, PARTITIONS "'flows_60_data'",
                 "gap20231113,d20231113,d20231114_2,d20231115,gap20231117,d20231117|1\n");
    assert_query(&env, "SELECT COUNT(*) FROM flows_60_data PARTITION (d20231114_2)", "4\n");
    env_release(&env);
}

static void a_dropped_partition_is_made_again(void **state) {
    struct env env;
    struct error error = {""};
    (void)state;
    env_init(&env, fresh_url());
    generation_write(&env, "a", 1, test_flows, 1);
    assert_run(&env, "ALTER TABLE flows_60_data DROP PARTITION d20231114");
    struct ledger_row row = ledger_make("a", 2, test_flows, 1);
    generation_put(&env, &row, test_flows, 1);
    assert_int_equal(store_commit(env.store, &error), STORE_RETRY);
    assert_contains(error.text, "flows_60_data: Table has no partition for value 1700000400 (error 1526)");
    generation_put(&env, &row, test_flows, 1);
    assert_int_equal(store_commit(env.store, &error), STORE_OK);
    assert_query(&env, "SELECT SUM(octetDeltaCount) FROM flows_60", "1000\n");
    assert_query(&env, "SELECT SUM(octetDeltaCount) FROM flows_600", "2000\n");
    env_release(&env);
}

static void views_take_deletes(void **state) {
    struct env env;
    (void)state;
    env_init(&env, fresh_url());
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    assert_run(&env, "DELETE FROM flows_600 WHERE bucket < 1700001000");
    assert_query(&env, "SELECT COUNT(*), SUM(icmp_octetDeltaCount) FROM flows_600", "2|168\n");
    env_release(&env);
}

/* Enough rows for several statements, and the last one shorter. */
static void many_rows_put(struct env *env, unsigned n) {
    const struct table *table = schema_table(&env->schema, TABLE_FLOWS, FLOW_IPV4, 600);
    const struct table *nodes = schema_table(&env->schema, TABLE_NODES, FLOW_IPV4, 600);
    uint64_t values[SCHEMA_VALUES_MAX];
    for (unsigned i = 0; i < n; i++) {
        uint8_t key[17] = {0};
        be_put(key, T0, 4);
        be_put(key + 4, i, 4);
        values[0] = 1;
        values[1] = i;
        values[2] = (uint64_t)INT64_MAX / n / 3;
        store_put(env->store, table, key, values);
    }
    for (unsigned i = 0; i < n / 4; i++) {
        uint8_t key[12] = {0};
        be_put(key, i, 8);
        be_put(key + 8, T0, 4);
        for (unsigned j = 0; j < nodes->n_values; j++)
            values[j] = j + i;
        store_put(env->store, nodes, key, values);
    }
}

static void many_rows(struct env *env, int64_t generation, unsigned n) {
    static const uint32_t buckets[] = {T0};
    struct ledger_row row = ledger_make("a", generation, NULL, 0);
    struct error error = {""};
    store_begin(env->store, &row, buckets, 1);
    many_rows_put(env, n);
    if (store_commit(env->store, &error) != STORE_OK) fail_msg("%s", error.text);
}

static void many_rows_come_in_chunks(void **state) {
    struct env env;
    (void)state;
    env_init(&env, fresh_url());
    many_rows(&env, 1, 5003);
    many_rows(&env, 2, 5003);
    assert_query(
        &env, "SELECT COUNT(*), SUM(packetDeltaCount), SUM(octetDeltaCount), MAX(flows_millionths) FROM flows_600_data",
        "5003|10006|25025006|1229045510940738\n");
    assert_query(&env,
                 "SELECT COUNT(*), SUM(packetDeltaCount), SUM(dst_other_flows_millionths) FROM index_nodes_600_data",
                 "1250|1561250|1671250\n");
    env_release(&env);
}

/* What an older version may have left: an UNSIGNED column has a bit more than a sum. */
static void rows_beyond_the_largest_sum(void **state) {
    struct env env;
    (void)state;
    env_init(&env, fresh_url());
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    assert_run(&env, "UPDATE index_ports_600_data SET octetDeltaCount = 18446744073709551614 WHERE id = 51515");
    generation_write(&env, "a", 2, test_flows, TEST_FLOWS);
    assert_query(&env, "SELECT octetDeltaCount, tcp_octetDeltaCount FROM index_ports_600_data WHERE id = 51515",
                 MOST "|3002\n");
    env_release(&env);
}

#define WIDE_TABLES                                                                                                    \
    "SELECT DISTINCT table_name FROM information_schema.columns WHERE table_schema = DATABASE() AND "                  \
    "column_type = 'decimal(36,0)' AND table_name LIKE '%data' ORDER BY 1"
#define FULL                                                                                                           \
    "UPDATE index_ports_data SET octetDeltaCount = 18446744073709551615, flows_millionths = 18446744073709551615"

/* Each table by itself, at the border of its columns and not before. */
static void a_table_becomes_wide_when_a_sum_outgrows_it(void **state) {
    struct env env, reader;
    struct error error = {""};
    (void)state;
    env_init(&env, fresh_url());
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    assert_run(&env, "UPDATE index_ports_data SET octetDeltaCount = 18446744073709550615 WHERE id = 443");
    generation_write(&env, "a", 2, test_flows, 1); /* 1000 octets, which just fit */
    assert_query(&env, WIDE_TABLES, "");
    assert_query(&env, "SELECT octetDeltaCount FROM index_ports_data WHERE id = 443", "18446744073709551615\n");
    /* A try that fails writes nothing, and the next one has the room. */
    struct ledger_row row = ledger_make("a", 3, test_flows, 1);
    generation_put(&env, &row, test_flows, 1);
    assert_int_equal(store_commit(env.store, &error), STORE_RETRY);
    assert_contains(error.text, "index_ports_data: ");
    assert_query(&env, "SELECT COUNT(*) FROM import_ledger", "2\n");
    generation_write(&env, "a", 3, test_flows, 1);
    assert_query(&env, WIDE_TABLES, "index_ports_data\n");
    assert_query(&env, "SELECT octetDeltaCount FROM index_ports_data WHERE id = 443", "18446744073709552615\n");
    /* Another value of another row, and the view. */
    assert_run(&env, FULL " WHERE id = 51515");
    generation_write(&env, "a", 4, test_flows, 1);
    assert_query(&env, "SELECT octetDeltaCount, flows FROM index_ports WHERE id = 51515",
                 "18446744073709552615|18446744073710.551615\n");
    /* Other programs take it as it is. */
    env_init(&reader, env.url);
    generation_write(&reader, "b", 1, test_flows, TEST_FLOWS);
    env_release(&reader);
    assert_query(&env, WIDE_TABLES, "index_ports_data\n");
    env_release(&env);
}

static void widening_ends(const char *place) {
    if (strcmp(place, "mid-widen") == 0) _exit(7);
}

static void a_widening_that_was_broken_off_comes_again(void **state) {
    struct env env;
    int status;
    (void)state;
    env_init(&env, fresh_url());
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    assert_run(&env, FULL " WHERE id = -1");
    const char *at = env.url;
    env_release(&env);
    pid_t child = fork();
    if (child == 0) {
        fault_hook = widening_ends;
        env_init(&env, at);
        generation_write(&env, "a", 2, test_flows, TEST_FLOWS);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 7);
    env_init(&env, at);
    assert_query(&env, WIDE_TABLES, "");
    generation_write(&env, "a", 2, test_flows, TEST_FLOWS);
    assert_query(&env, WIDE_TABLES, "index_ports_data\n");
    assert_query(&env, "SELECT octetDeltaCount FROM index_ports_data WHERE id = -1", "18446744073709560708\n");
    env_release(&env);
}

/* A generation's own sums may be more than the ledger's columns hold. */
static void the_ledger_becomes_wide(void **state) {
    struct env env;
    struct ledger_row found;
    struct error error = {""};
    bool is_there;
    (void)state;
    env_init(&env, fresh_url());
    struct ledger_row row = ledger_make("a", 1, NULL, 0);
    row.sums[1] = UINT64_MAX;
    for (unsigned i = 0; i < 2; i++) {
        store_begin(env.store, &row, NULL, 0);
        if (store_commit(env.store, &error) != STORE_OK) fail_msg("%s", error.text);
        assert_int_equal(store_ledger_find(env.store, &row.id, &found, &is_there, &error), STORE_OK);
        assert_true(is_there && found.sums[1] == row.sums[1]);
        row.sums[1]++;
        row.id.generation++;
    }
    assert_query(&env, "SELECT octetDeltaCount FROM import_ledger ORDER BY 1",
                 "18446744073709551615\n18446744073709551616\n");
    env_release(&env);
}

static void the_smallest_packet_is_enough(void **state) {
    struct env env;
    (void)state;
    const char *at = fresh_url();
    admin_run("SET GLOBAL max_allowed_packet = 1024");
    env_init(&env, at);
    many_rows(&env, 1, 5003); /* of many lengths, so that some statement would just not fit */
    admin_run("SET GLOBAL max_allowed_packet = 16777216");
    assert_query(&env, "SELECT COUNT(*), SUM(octetDeltaCount) FROM flows_600_data", "5003|12512503\n");
    assert_query(&env, "SELECT COUNT(*), SUM(packetDeltaCount) FROM index_nodes_600_data", "1250|780625\n");
    env_release(&env);
}

/* Without array binding. */
/* Views of addresses of before there was a row for ends without one. */
static void old_views_are_replaced(void **state) {
#define OLD_VIEW "' when -2 then ''no address'''"
    struct env env;
    (void)state;
    env_init(&env, fresh_url());
    env_release(&env);
    assert_int_equal(mysql_select_db(admin, database), 0);
    admin_run("SELECT CONCAT('CREATE OR REPLACE VIEW index_nodes_600_text AS ', REPLACE(view_definition, " OLD_VIEW
              ", '')) INTO @old FROM information_schema.views WHERE table_schema = DATABASE() AND table_name = "
              "'index_nodes_600_text'");
    admin_run("PREPARE old FROM @old");
    admin_run("EXECUTE old");
    admin_run("DEALLOCATE PREPARE old");
    env_init(&env, url);
    assert_query(&env,
                 "SELECT COUNT(*), SUM(security_type = 'INVOKER') FROM information_schema.views WHERE table_schema = "
                 "DATABASE() AND view_definition LIKE CONCAT('%', " OLD_VIEW ", '%')",
                 "3|3\n");
    env_release(&env);
}

static void a_server_that_prepares_nothing_gets_text(void **state) {
    struct env env;
    (void)state;
    without_bulk = true;
    const char *at = fresh_url();
    without_bulk = false;
    admin_run("SET GLOBAL max_prepared_stmt_count = 0");
    env_init(&env, at);
    many_rows(&env, 1, 5003);
    admin_run("SET GLOBAL max_prepared_stmt_count = 16382");
    many_rows(&env, 2, 5003); /* does not ask again */
    assert_query(&env, "SELECT COUNT(*), SUM(octetDeltaCount) FROM flows_600_data", "5003|25025006\n");
    assert_query(&env, "SELECT COUNT(*), SUM(packetDeltaCount) FROM index_nodes_600_data", "1250|1561250\n");
    env_release(&env);
}

static unsigned long connection_id(struct env *env) { return mysql_thread_id(mysql_own(env->store)->mysql); }

static void a_lost_connection_is_made_again(void **state) {
    struct env env;
    struct error error = {""};
    char sql[64];
    (void)state;
    env_init(&env, fresh_url());
    generation_write(&env, "a", 1, test_flows, 1);
    /* While nothing was under way: nobody notices. */
    statement(sql, sizeof sql, "KILL %lu", connection_id(&env));
    admin_run(sql);
    generation_write(&env, "a", 2, test_flows, 1);
    statement(sql, sizeof sql, "KILL %lu", connection_id(&env));
    admin_run(sql);
    assert_query(&env, "SELECT SUM(octetDeltaCount) FROM flows_600", "2000\n");
    /* Within a generation: it is to be written again. */
    struct ledger_row row = ledger_make("a", 3, test_flows, TEST_FLOWS);
    generation_put(&env, &row, test_flows, TEST_FLOWS);
    statement(sql, sizeof sql, "KILL %lu", connection_id(&env));
    admin_run(sql);
    assert_int_equal(store_commit(env.store, &error), STORE_RETRY);
    assert_contains(error.text, "mysql://");
    assert_query(&env, "SELECT SUM(octetDeltaCount) FROM flows_600", "2000\n");
    generation_put(&env, &row, test_flows, TEST_FLOWS);
    assert_int_equal(store_commit(env.store, &error), STORE_OK);
    assert_query(&env, "SELECT SUM(octetDeltaCount) FROM flows_aggr_600", "11093\n");
    env_release(&env);
}

/* As Galera does where another node's transaction comes first while an array of rows is executed: answered OK, and
 * what comes behind would be committed without what was before. */
static void a_transaction_that_ended_silently(void **state) {
    struct env env;
    struct error error = {""};
    (void)state;
    env_init(&env, fresh_url());
    generation_write(&env, "a", 1, test_flows, 1);
    struct ledger_row row = ledger_make("a", 2, test_flows, TEST_FLOWS);
    for (unsigned early = 0; early < 2; early++) {
        store_begin(env.store, &row, (const uint32_t[]){T0}, 1);
        assert_int_equal(env.store->status, STORE_OK);
        if (early) assert_int_equal(mysql_query(mysql_own(env.store)->mysql, "ROLLBACK"), 0);
        many_rows_put(&env, 5003);
        if (!early) assert_int_equal(env.store->ops->send(env.store, &error), STORE_OK);
        if (!early) assert_int_equal(mysql_query(mysql_own(env.store)->mysql, "ROLLBACK"), 0);
        assert_int_equal(store_commit(env.store, &error), STORE_RETRY);
        assert_contains(error.text, early ? "SAVEPOINT" : "the server has ended the transaction without an error");
        assert_query(&env, "SELECT COUNT(*), SUM(octetDeltaCount) FROM flows_600", "1|1000\n");
    }
    many_rows(&env, 2, 5003);
    assert_query(&env, "SELECT COUNT(*), SUM(octetDeltaCount) FROM flows_600", "5004|12513503\n");
    assert_query(&env, "SELECT @@autocommit", "1\n");
    env_release(&env);
}

static void two_that_write_one_generation(void **state) {
    struct env a, b;
    struct error error = {""};
    (void)state;
    env_init(&a, fresh_url());
    b = a;
    env_open(&b, a.url);
    assert_run(&b, "SET SESSION innodb_lock_wait_timeout = 1");
    struct ledger_row row = ledger_make("a", 1, test_flows, TEST_FLOWS);
    generation_put(&a, &row, test_flows, TEST_FLOWS);
    generation_put(&b, &row, test_flows, TEST_FLOWS); /* waits for a's ledger row */
    assert_int_equal(store_commit(b.store, &error), STORE_RETRY);
    assert_contains(error.text, "Lock wait timeout exceeded");
    assert_int_equal(store_commit(a.store, &error), STORE_OK);
    generation_put(&b, &row, test_flows, TEST_FLOWS);
    assert_int_equal(store_commit(b.store, &error), STORE_TAKEN);
    assert_query(&b, "SELECT SUM(octetDeltaCount) FROM flows_aggr_600", "9093\n");
    env_release(&a);
    env_release(&b);
}

enum { WRITERS = 3, GENERATIONS = 11 };

struct writer {
    struct env env;
    unsigned number;
    unsigned retries;
    enum store_status status;
    struct error error;
};

static void *writer_main(void *context) {
    struct writer *writer = context;
    char name[16];
    snprintf(name, sizeof name, "writer%u", writer->number);
    for (unsigned i = 1; i <= GENERATIONS; i++) {
        struct test_flow flows[TEST_FLOWS];
        memcpy(flows, test_flows, sizeof flows);
        /* All write the same days at about the same time, some behind the others, some in between. */
        for (unsigned j = 0; j < TEST_FLOWS; j++)
            flows[j].bucket = T0 + (i * 7 % GENERATIONS) * 86400 + j % 3 * 60;
        struct ledger_row row = ledger_make(name, i, flows, TEST_FLOWS);
        do {
            generation_put(&writer->env, &row, flows, TEST_FLOWS);
            writer->status = store_commit(writer->env.store, &writer->error);
        } while (writer->status == STORE_RETRY && ++writer->retries < 1000);
        if (writer->status != STORE_OK) return NULL;
    }
    return NULL;
}

static void writers_at_a_time_add_up(void **state) {
    static struct writer writers[WRITERS];
    pthread_t threads[WRITERS];
    struct audit_result result;
    struct error error = {""};
    (void)state;
    env_init(&writers[0].env, fresh_url());
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i].number = i;
        writers[i].retries = 0;
        if (i > 0) {
            writers[i].env = writers[0].env;
            env_open(&writers[i].env, writers[0].env.url);
        }
    }
    for (unsigned i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, writer_main, &writers[i]), 0);
    for (unsigned i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < WRITERS; i++)
        if (writers[i].status != STORE_OK) fail_msg("writer %u: %s", i, writers[i].error.text);
    struct env *env = &writers[0].env;
    assert_query(env, "SELECT SUM(octetDeltaCount), COUNT(*) FROM import_ledger", "300069|33\n");
    assert_query(env, "SELECT SUM(octetDeltaCount) FROM flows_aggr_60", "300069\n");
    assert_query(env,
                 "SELECT COUNT(*) FROM information_schema.partitions WHERE table_schema = DATABASE() AND table_name = "
                 "'flows_60_data' AND partition_name LIKE 'd2023%'",
                 "11\n");
    assert_int_equal(audit_run(env->store, &env->schema, 0, 0, &result, &error), STORE_OK);
    assert_string_equal(result.first, "");
    for (unsigned i = 0; i < WRITERS; i++)
        env_release(&writers[i].env);
}

enum { OPENERS = 4 };

static void *opener_main(void *context) {
    struct writer *writer = context;
    struct store_config config = {.url = writer->env.url};
    writer->status = store_open(&writer->env.store, &config, &writer->env.schema, &writer->error);
    return NULL;
}

static void many_may_make_the_tables_at_once(void **state) {
    static const uint32_t sizes[] = {60, 600};
    static struct writer writers[OPENERS];
    pthread_t threads[OPENERS];
    (void)state;
    for (unsigned round = 0; round < 5; round++) {
        const char *at = fresh_url();
        for (unsigned i = 0; i < OPENERS; i++) {
            memset(&writers[i], 0, sizeof writers[i]);
            env_schema(&writers[i].env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 2);
            writers[i].env.url = at;
        }
        for (unsigned i = 0; i < OPENERS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, opener_main, &writers[i]), 0);
        for (unsigned i = 0; i < OPENERS; i++)
            pthread_join(threads[i], NULL);
        for (unsigned i = 0; i < OPENERS; i++)
            if (writers[i].status != STORE_OK) fail_msg("opener %u: %s", i, writers[i].error.text);
        generation_write(&writers[0].env, "a", 1, test_flows, 1);
        for (unsigned i = 0; i < OPENERS; i++)
            env_release(&writers[i].env);
    }
}

/* MySQL's client library looks once, as it is initialized, where HOME is. */
static char home[] = "/tmp/flowimport-test-XXXXXX";

static void an_option_file_has_the_password(void **state) {
    char path[64], sql[256], other[512];
    static const uint32_t sizes[] = {60, 600};
    struct env env = {0};
    struct error error = {""};
    (void)state;
    env_init(&env, fresh_url());
    env_release(&env);
    admin_run("DROP USER IF EXISTS 'flowimport_writer'@'localhost'");
    admin_run("CREATE USER 'flowimport_writer'@'localhost' IDENTIFIED BY 'secret of the file'");
    statement(sql, sizeof sql, "GRANT ALL ON %s.* TO 'flowimport_writer'@'localhost'", database);
    admin_run(sql);
    url_make(other, sizeof other, "flowimport_writer", database);
    struct store_config config = {.url = other};
    env_schema(&env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 2);
    assert_int_equal(store_open(&env.store, &config, &env.schema, &error), STORE_REFUSED);
    snprintf(path, sizeof path, "%s/.my.cnf", home);
    FILE *file = fopen(path, "w");
    fputs("[client]\npassword=another\n[flowimport]\npassword=\"secret of the file\"\n", file);
    fclose(file);
    enum store_status status = store_open(&env.store, &config, &env.schema, &error);
    unlink(path);
    if (status != STORE_OK) fail_msg("%s", error.text);
    assert_query(&env, "SELECT CURRENT_USER()", "flowimport_writer@localhost\n");
    env_release(&env);
    admin_run("DROP USER 'flowimport_writer'@'localhost'");
}

static void open_refused(const char *at, enum store_status expected, const char *password, const char *part) {
    static const uint32_t sizes[] = {60, 600};
    struct env env = {0};
    struct error error = {""};
    struct store_config config = {.url = at, .password = password};
    env_schema(&env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 2);
    assert_int_equal(store_open(&env.store, &config, &env.schema, &error), expected);
    assert_contains(error.text, part);
    assert_null(strstr(error.text, "secret"));
}

static void what_a_person_must_mend_is_refused(void **state) {
    struct env env;
    struct error error = {""};
    char sql[256], other[512];
    (void)state;
    env_init(&env, fresh_url());
    admin_run("DROP USER IF EXISTS 'flowimport_reader'@'localhost'");
    admin_run("CREATE USER 'flowimport_reader'@'localhost' IDENTIFIED BY 'secret1'");
    statement(sql, sizeof sql, "GRANT SELECT, SHOW VIEW ON %s.* TO 'flowimport_reader'@'localhost'", database);
    admin_run(sql);
    url_make(other, sizeof other, "flowimport_reader", database);
    open_refused(other, STORE_REFUSED, "secret2", "Access denied for user 'flowimport_reader'@'localhost'");
    url_make(other, sizeof other, "root", "flowimport_nowhere");
    open_refused(other, STORE_REFUSED, NULL, "Unknown database 'flowimport_nowhere'");
    open_refused("mysql://root@localhost", STORE_REFUSED, NULL, "the URL has no database");
    open_refused("mysql://root@localhost/x?sock=/y", STORE_REFUSED, NULL,
                 "unknown parameter 'sock'; expected socket, tls, get-server-public-key or bulk");
    open_refused("mysql://root@localhost/x?bulk=maybe", STORE_REFUSED, NULL, "?bulk=maybe: expected 'no' or 'yes'");
    open_refused("mysql://root@localhost/x?tls=maybe", STORE_REFUSED, NULL,
                 "?tls=maybe: expected 'no', 'preferred', 'required', 'verify-ca' or 'verify'");
    open_refused("mysql://root@a,b/x?socket=/y", STORE_REFUSED, NULL, "?socket= is of one server");
    open_refused("mysql://root@localhost/x?socket=/nowhere/mysql.sock", STORE_RETRY, NULL, "/nowhere/mysql.sock");
    url_make(other, sizeof other, "flowimport_reader", database);
    struct env reader = env;
    struct store_config config = {.url = other, .password = "secret1"};
    assert_int_equal(store_open(&reader.store, &config, &env.schema, &error),
                     STORE_OK); /* nothing is missing: no DDL is run */
    struct ledger_row row = ledger_make("a", 1, test_flows, 1);
    row.first_bucket = 0;
    store_begin(reader.store, &row, NULL, 0);
    assert_int_equal(store_commit(reader.store, &error), STORE_REFUSED);
    assert_contains(error.text, "INSERT command denied to user 'flowimport_reader'@'localhost' for table");
    assert_contains(error.text, "import_ledger");
    statement(sql, sizeof sql, "GRANT ALL ON %s.* TO 'flowimport_reader'@'localhost'", database);
    admin_run(sql);
    admin_run("SET GLOBAL read_only = 1");
    generation_put(&reader, &row, test_flows, 1);
    assert_int_equal(store_commit(reader.store, &error), STORE_RETRY);
    admin_run("SET GLOBAL read_only = 0");
    assert_contains(error.text, "(error 1290)");
    store_close(reader.store);
    env_release(&env);
    admin_run("DROP USER 'flowimport_reader'@'localhost'");
}

static int setup(void **state) {
    struct error error;
    (void)state;
    admin = mysql_init(NULL);
    if (url_parse(&server, getenv("FLOWIMPORT_TEST_MYSQL"), &error) != 0) return -1;
    return mysql_real_connect(admin, server.host, server.user, server.password, NULL, (unsigned)server.port,
                              url_param(&server, "socket"), 0)
               ? 0
               : -1;
}

static int teardown(void **state) {
    char sql[160];
    (void)state;
    for (; n_databases > 0; n_databases--) {
        snprintf(sql, sizeof sql, "DROP DATABASE IF EXISTS flowimport_test_%u", n_databases);
        admin_run(sql);
    }
    mysql_close(admin);
    url_release(&server);
    return 0;
}

int main(void) {
    const struct CMUnitTest both[] = {
        STORE_CASES,
        SUM_CASES,
        cmocka_unit_test(rows_beyond_the_largest_sum),
        cmocka_unit_test(a_table_becomes_wide_when_a_sum_outgrows_it),
        cmocka_unit_test(a_widening_that_was_broken_off_comes_again),
        cmocka_unit_test(the_ledger_becomes_wide),
        AUDIT_CASES,
        cmocka_unit_test(every_day_has_its_partition),
        cmocka_unit_test(many_rows_come_in_chunks),
        cmocka_unit_test(the_smallest_packet_is_enough),
        cmocka_unit_test(a_transaction_that_ended_silently),
        cmocka_unit_test(writers_at_a_time_add_up),
    };
    const struct CMUnitTest once[] = {
        QUERY_CASES,
        UPGRADE_CASES,
        UPGRADE_MYSQL_CASES,
        cmocka_unit_test(a_dropped_partition_is_made_again),
        cmocka_unit_test(a_server_that_prepares_nothing_gets_text),
        cmocka_unit_test(old_views_are_replaced),
        cmocka_unit_test(views_take_deletes),
        cmocka_unit_test(a_lost_connection_is_made_again),
        cmocka_unit_test(two_that_write_one_generation),
        cmocka_unit_test(what_a_person_must_mend_is_refused),
        cmocka_unit_test(many_may_make_the_tables_at_once),
        cmocka_unit_test(an_option_file_has_the_password),
    };
    if (!getenv("FLOWIMPORT_TEST_MYSQL")) {
        puts("1..1\nok 1 - test_store_mysql # skipped: FLOWIMPORT_TEST_MYSQL names no server");
        return 0;
    }
    if (!mkdtemp(home) || setenv("HOME", home, 1) != 0) return 1;
    int failed = cmocka_run_group_tests_name("array binding", both, setup, teardown);
    failed += cmocka_run_group_tests_name("array binding, once", once, setup, teardown);
    without_bulk = true;
    failed += cmocka_run_group_tests_name("text", both, setup, teardown);
    rmdir(home);
    return failed;
}
