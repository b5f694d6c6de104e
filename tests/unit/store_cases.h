/* What every store must do, as cmocka tests that a store's own test program includes: it defines how a fresh store is
 * named. */
#ifndef FLOWIMPORT_TESTS_STORE_CASES_H
#define FLOWIMPORT_TESTS_STORE_CASES_H

#include "store_env.h"

/* The URL of a store that nobody has written to, kept by the callee; asked once by every test. */
static const char *fresh_url(void);

static void rows_are_added(void **state) {
    struct env env;
    (void)state;
    env_init(&env, fresh_url());
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    assert_query(
        &env,
        "SELECT bucket, sourceIPv4Address, destinationIPv4Address, sourceTransportPort, destinationTransportPort, "
        "protocolIdentifier, packetDeltaCount, octetDeltaCount, flows_millionths FROM flows_600_data "
        "ORDER BY 1, 2, 3, 4, 5, 6",
        "1700000400|3221225985|3221225986|51515|443|6|15|1501|1250000\n"
        "1700000400|3221225988|3221225989|0|0|47|3|300|500000\n"
        "1700001000|3221225986|3221225987|4000|53|17|1|60|1000000\n"
        "1700086800|3221225987|3221225987|0|2048|1|2|168|333333\n");
    generation_write(&env, "a", 2, test_flows, 1);
    assert_query(&env,
                 "SELECT packetDeltaCount, octetDeltaCount, flows_millionths FROM flows_60_data "
                 "WHERE bucket = 1700000400 AND sourceTransportPort = 51515",
                 "20|2000|2000000\n");
    assert_query(
        &env, "SELECT packetDeltaCount, octetDeltaCount, flows_millionths FROM flows_60_data WHERE bucket = 1700000460",
        "5|501|250000\n");
    assert_query(&env,
                 "SELECT id, octetDeltaCount, src_octetDeltaCount, dst_octetDeltaCount, src_icmp_flows_millionths, "
                 "dst_icmp_flows_millionths FROM index_nodes_data ORDER BY id",
                 "-1|10093|0|0|0|0\n3221225985|2501|2501|0|0|0\n3221225986|2561|60|2501|0|0\n"
                 "3221225987|396|168|228|333333|333333\n3221225988|300|300|0|0|0\n3221225989|300|0|300|0|0\n");
    assert_query(
        &env,
        "SELECT hex(id), octetDeltaCount, tcp_octetDeltaCount, icmp_octetDeltaCount FROM index_nodes6_600_data "
        "ORDER BY 1",
        "20010DB8000000000000000000000008|7064|7000|64\n20010DB8000000000000000000000009|7064|7000|64\n");
    assert_query(&env,
                 "SELECT bucket, flows_millionths, tcp_flows_millionths, udp_flows_millionths, icmp_flows_millionths, "
                 "other_flows_millionths FROM flows_aggr_600_data ORDER BY bucket",
                 "1700000400|4750000|3250000|0|1000000|500000\n1700001000|1000000|0|1000000|0|0\n"
                 "1700086800|333333|0|0|333333|0\n");
    env_release(&env);
}

static void views_answer_as_the_tables_of_old(void **state) {
    struct env env;
    (void)state;
    env_init(&env, fresh_url());
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    bool is_mysql = store_dialect(env.store) == DIALECT_MYSQL;
    assert_query(
        &env,
        "SELECT packetDeltaCount, octetDeltaCount, flows, tcp_packetDeltaCount, tcp_octetDeltaCount, tcp_flows, "
        "udp_octetDeltaCount, udp_flows, icmp_flows, other_octetDeltaCount FROM flows_600 "
        "WHERE bucket = 1700000400 ORDER BY sourceIPv4Address",
        is_mysql ? "15|1501|1.250000|15|1501|1.250000|0|0.000000|0.000000|0\n"
                   "3|300|0.500000|0|0|0.000000|0|0.000000|0.000000|300\n"
                 : "15|1501|1.25|15|1501|1.25|0|0.0|0.0|0\n3|300|0.5|0|0|0.0|0|0.0|0.0|300\n");
    assert_query(&env, "SELECT icmp_octetDeltaCount, other_octetDeltaCount FROM flows6_600 ORDER BY protocolIdentifier",
                 "0|0\n64|0\n");
    assert_query(&env, "SELECT id, src_flows, dst_flows FROM index_ports WHERE id IN (-1, 443, 2048) ORDER BY id",
                 is_mysql ? "-1|0.000000|0.000000\n443|1.000000|1.250000\n2048|0.000000|0.333333\n"
                          : "-1|0.0|0.0\n443|1.0|1.25\n2048|0.0|0.333333\n");
    assert_query(
        &env, "SELECT sourceAddress, destinationAddress, octetDeltaCount FROM flows_600_text ORDER BY octetDeltaCount",
        is_mysql ? "192.0.2.2|192.0.2.3|60\n2001:db8::9|2001:db8::8|64\n192.0.2.3|192.0.2.3|168\n"
                   "192.0.2.4|192.0.2.5|300\n192.0.2.1|192.0.2.2|1501\n2001:db8::9|2001:db8::8|7000\n"
                 : "192.0.2.2|192.0.2.3|60\n"
                   "2001:0db8:0000:0000:0000:0000:0000:0009|2001:0db8:0000:0000:0000:0000:0000:0008|64\n"
                   "192.0.2.3|192.0.2.3|168\n192.0.2.4|192.0.2.5|300\n192.0.2.1|192.0.2.2|1501\n"
                   "2001:0db8:0000:0000:0000:0000:0000:0009|2001:0db8:0000:0000:0000:0000:0000:0008|7000\n");
    assert_query(
        &env, "SELECT address, octetDeltaCount FROM index_nodes_text WHERE octetDeltaCount > 2501 ORDER BY 2, 1",
        is_mysql ? "2001:db8::8|7064\n2001:db8::9|7064\ntotal|9093\n"
                 : "2001:0db8:0000:0000:0000:0000:0000:0008|7064\n2001:0db8:0000:0000:0000:0000:0000:0009|7064\n"
                   "total|9093\n");
    env_release(&env);
}

static void a_generation_counts_once(void **state) {
    struct env env;
    struct error error = {""};
    (void)state;
    env_init(&env, fresh_url());
    generation_write(&env, "a", 5, test_flows, 1);
    struct ledger_row row = ledger_make("a", 5, test_flows, TEST_FLOWS);
    generation_put(&env, &row, test_flows, TEST_FLOWS);
    assert_int_equal(store_commit(env.store, &error), STORE_TAKEN);
    assert_contains(error.text, "import_ledger: generation 5 of 'a' is already committed");
    assert_query(&env, "SELECT SUM(octetDeltaCount), COUNT(*) FROM flows_60_data", "1000|1\n");
    assert_query(&env, "SELECT COUNT(*) FROM import_ledger", "1\n");
    generation_write(&env, "b", 5, test_flows, 1); /* another consumer's is another */
    assert_query(&env, "SELECT SUM(octetDeltaCount), COUNT(*) FROM flows_60_data", "2000|1\n");
    env_release(&env);
}

static void what_is_not_committed_is_not_there(void **state) {
    struct env env;
    struct error error = {""};
    (void)state;
    env_init(&env, fresh_url());
    struct ledger_row row = ledger_make("a", 1, test_flows, 2);
    generation_put(&env, &row, test_flows, 2);
    generation_put(&env, &row, test_flows, 1); /* begins anew */
    assert_int_equal(store_commit(env.store, &error), STORE_OK);
    assert_query(&env, "SELECT SUM(octetDeltaCount) FROM flows_60_data", "1000\n");
    row.id.generation = 2;
    generation_put(&env, &row, test_flows, 2);
    store_close(env.store);
    env_open(&env, env.url);
    assert_query(&env, "SELECT COUNT(*) FROM import_ledger WHERE generation = 2", "0\n");
    assert_int_equal(store_commit(env.store, &error), STORE_REFUSED);
    assert_contains(error.text, "commit without begin");
    env_release(&env);
}

static void the_ledger_is_read_back(void **state) {
    struct env env;
    struct ledger_row found;
    struct error error = {""};
    bool is_found = true;
    (void)state;
    env_init(&env, fresh_url());
    generation_write(&env, "file:0123'\"?", -3, test_flows, TEST_FLOWS);
    struct ledger_row row = ledger_make("file:0123'\"?", -3, test_flows, TEST_FLOWS);
    assert_int_equal(store_ledger_find(env.store, &row.id, &found, &is_found, &error), STORE_OK);
    assert_true(is_found);
    assert_memory_equal(&found, &row, sizeof row);
    row.id.generation = 4;
    assert_int_equal(store_ledger_find(env.store, &row.id, &found, &is_found, &error), STORE_OK);
    assert_false(is_found);
    env_release(&env);
}

static void other_keys_sums_and_versions_are_refused(void **state) {
    static const uint32_t sizes[] = {60, 600};
    static const struct {
        const char *keys, *sums, *text;
    } cases[] = {
        {"sourceIPv4Address,protocolIdentifier", FLOW_LAYOUT_SUMS,
         ": the tables were created with aggr_values = sourceIPv4Address, destinationIPv4Address, sourceTransportPort, "
         "destinationTransportPort, protocolIdentifier, but aggr_values = sourceIPv4Address, protocolIdentifier is "
         "configured; set it back, or use another database"},
        {FLOW_LAYOUT_KEYS, "octetDeltaCount",
         ": the tables were created with aggr_sums = packetDeltaCount, octetDeltaCount, but aggr_sums = "
         "octetDeltaCount is configured; set it back, or use another database"},
        {FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, ": the tables have schema version 2; this program knows version 1"},
    };
    struct env env;
    struct store *store = NULL;
    struct error error = {""};
    (void)state;
    env_init(&env, fresh_url());
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct env other = {0};
        struct store_config config = {.url = env.url};
        if (i == 2) assert_run(&env, "UPDATE flowimport_schema SET value = '2' WHERE name = 'version'");
        env_schema(&other, cases[i].keys, cases[i].sums, sizes, 2);
        assert_int_equal(store_open(&store, &config, &other.schema, &error), STORE_REFUSED);
        assert_string_equal(error.text + strlen(store_name(env.store)), cases[i].text);
        assert_null(store);
    }
    env_release(&env);
}

static void tables_of_others_are_refused(void **state) {
    static const struct {
        const char *drop, *create, *text;
    } cases[] = {
        {"DROP VIEW flows_600", "CREATE TABLE flows_600 (bucket INT, sourceIPv4Address INT, tcp_flows INT)",
         ": flows_600 is a table, not flowimport's view of that name; use another database, or rename it; missing "
         "columns: "
         "destinationIPv4Address, sourceTransportPort"},
        {"ALTER TABLE import_ledger DROP COLUMN adopted", "ALTER TABLE import_ledger ADD COLUMN note INT",
         ": import_ledger does not match this program and configuration; missing columns: adopted "},
    };
    struct error error = {""};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct env env;
        struct store *store = NULL;
        env_init(&env, fresh_url());
        struct store_config config = {.url = env.url};
        assert_run(&env, cases[i].drop);
        assert_run(&env, cases[i].create);
        assert_int_equal(store_open(&store, &config, &env.schema, &error), STORE_REFUSED);
        assert_contains(error.text, cases[i].text);
        env_release(&env);
    }
    assert_contains(error.text, "; additional columns: note int");
}

static void a_size_can_be_added(void **state) {
    static const uint32_t sizes[] = {60, 600, 3600};
    struct env env;
    struct audit_result result;
    struct error error = {""};
    (void)state;
    env_init(&env, fresh_url());
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    store_close(env.store);
    env_schema(&env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 3);
    env_open(&env, env.url);
    /* The day after 1700086800, which is 2023-11-15. */
    assert_query(&env, "SELECT name, value FROM flowimport_schema WHERE name LIKE 'size%'",
                 "size_3600_from|1700092800\n");
    generation_write(&env, "a", 2, test_flows, 1);
    assert_query(&env, "SELECT SUM(octetDeltaCount) FROM flows_3600_data", "1000\n");
    assert_query(&env, "SELECT SUM(octetDeltaCount) FROM flows_600_data", "3029\n");
    assert_int_equal(audit_run(env.store, &env.schema, 0, 0, &result, &error), STORE_OK);
    assert_string_equal(result.first, "");
    env_release(&env);
}

static void a_reader_writes_nothing(void **state) {
    static const uint32_t sizes[] = {60, 600, 3600};
    struct env env, more = {0};
    struct error error = {""};
    struct store *store = NULL;
    (void)state;
    env_init(&env, fresh_url());
    generation_write(&env, "a", 1, test_flows, 1);
    struct store_config config = {.url = env.url, .read_only = true};
    assert_int_equal(store_open(&store, &config, &env.schema, &error), STORE_OK);
    assert_int_not_equal(store_query(store, "DELETE FROM flows_60_data", NULL, 0, NULL, NULL, &error), STORE_OK);
    struct ledger_row row = ledger_make("a", 2, test_flows, 1);
    struct env reader = env;
    reader.store = store;
    generation_put(&reader, &row, test_flows, 1);
    assert_int_not_equal(store_commit(store, &error), STORE_OK);
    store_close(store);
    store = NULL;
    env_schema(&more, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 3);
    assert_int_equal(store_open(&store, &config, &more.schema, &error), STORE_REFUSED);
    assert_contains(error.text, "flows_3600_data not found; the importer creates it");
    assert_query(&env, "SELECT SUM(octetDeltaCount) FROM flows_60_data", "1000\n");
    env_release(&env);
}

static int stop_after_two(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    (void)n, (void)columns, (void)lengths;
    return ++*(int *)context == 2;
}

static void queries_take_values(void **state) {
    static const char text[] = "it's a \"?\" \\ ` \xc3\xa4";
    static const char bytes[] = "a\0b\xff";
    struct env env;
    struct error error = {""};
    struct buffer rows = BUFFER_INIT;
    int count = 0;
    (void)state;
    env_init(&env, fresh_url());
    struct store_param params[] = {{.type = STORE_PARAM_INTEGER, .integer = INT64_MIN},
                                   {.type = STORE_PARAM_TEXT, .bytes = text, .len = sizeof text - 1},
                                   {.type = STORE_PARAM_BYTES, .bytes = bytes, .len = 4},
                                   {.type = STORE_PARAM_TEXT, .bytes = "", .len = 0}};
    assert_int_equal(store_query(env.store, "SELECT ?, ?, '?', ?, NULL, ?", params, 4, text_row, &rows, &error),
                     STORE_OK);
    static const char expected[] = "-9223372036854775808|it's a \"?\" \\ ` \xc3\xa4|?|a\0b\xff|-|\n";
    assert_int_equal(rows.len, sizeof expected - 1);
    assert_memory_equal(rows.data, expected, sizeof expected - 1);
    assert_int_equal(store_query(env.store, "SELECT ?", params, 2, text_row, &rows, &error), STORE_REFUSED);
    assert_contains(error.text, ": 1 values required, 2 given: SELECT ?");
    assert_int_equal(store_query(env.store, "SELECT nonsense FROM nowhere", NULL, 0, text_row, &rows, &error),
                     STORE_REFUSED);
    assert_contains(error.text, "nowhere");
    assert_int_equal(
        store_query(env.store, "SELECT 1 UNION SELECT 2 UNION SELECT 3", NULL, 0, stop_after_two, &count, &error),
        STORE_OK);
    assert_int_equal(count, 2);
    assert_query(&env, "SELECT 1", "1\n");
    buffer_release(&rows);
    env_release(&env);
}

static void keys_of_every_type(void **state) {
    static const uint32_t sizes[] = {600}, buckets[] = {T0};
    static const char keys[] =
        "interfaceName,sourceMacAddress,samplingProbability,tcpControlBits,flowStartMicroseconds,"
        "applicationId,egressInterface,dataRecordsReliability,mibObjectValueInteger";
    struct env env = {0};
    struct error error = {""};
    (void)state;
    env_schema(&env, keys, "octetDeltaCount", sizes, 1);
    env_open(&env, fresh_url());
    const struct table *table = schema_table(&env.schema, TABLE_FLOWS, FLOW_IPV4, 600);
    assert_null(schema_table(&env.schema, TABLE_FLOWS, FLOW_IPV6, 600));
    struct ledger_row row = ledger_make("a", 1, NULL, 0);
    uint64_t values[2] = {INT64_MAX - 1, 1};
    for (unsigned round = 1; round <= 2; round++) {
        uint8_t key[4 + FLOW_KEY_BYTES] = {0};
        row.id.generation = round;
        store_begin(env.store, &row, buckets, 1);
        be_put(key, T0, 4);
        memcpy(key + table->keys[1].offset, "eth0", 4);
        memcpy(key + table->keys[2].offset, "\0\x1b\x21\0\xff\0", 6);
        memcpy(key + table->keys[3].offset, "\xbf\xc0\0\0\0\0\0\0", 8); /* -0.125 */
        be_put(key + table->keys[4].offset, 0xfff, 2);
        be_put(key + table->keys[5].offset, 1700000400123456, 8);
        memcpy(key + table->keys[6].offset, "\3\0\0\0\x0d\0", 6);
        be_put(key + table->keys[7].offset, UINT32_MAX, 4);
        key[table->keys[8].offset] = 2;
        be_put(key + table->keys[9].offset, (uint64_t)-5, 4);
        store_put(env.store, table, key, values);
        if (store_commit(env.store, &error) != STORE_OK) fail_msg("%s", error.text);
        values[0] = 1;
    }
    assert_query(
        &env,
        "SELECT interfaceName, hex(sourceMacAddress), samplingProbability, tcpControlBits, flowStartMicroseconds, "
        "hex(substr(applicationId, 1, 6)), length(applicationId), egressInterface, dataRecordsReliability, "
        "mibObjectValueInteger, octetDeltaCount, flows_millionths FROM flows_600_data",
        "eth0|001B2100FF00|-0.125|4095|1700000400123456|030000000D00|64|4294967295|2|-5|9223372036854775807|2\n");
    env_release(&env);
}

#define STORE_CASES                                                                                                    \
    cmocka_unit_test(rows_are_added), cmocka_unit_test(views_answer_as_the_tables_of_old),                             \
        cmocka_unit_test(a_generation_counts_once), cmocka_unit_test(what_is_not_committed_is_not_there),              \
        cmocka_unit_test(the_ledger_is_read_back), cmocka_unit_test(other_keys_sums_and_versions_are_refused),         \
        cmocka_unit_test(tables_of_others_are_refused), cmocka_unit_test(a_size_can_be_added),                         \
        cmocka_unit_test(a_reader_writes_nothing), cmocka_unit_test(queries_take_values),                              \
        cmocka_unit_test(keys_of_every_type)

#endif
