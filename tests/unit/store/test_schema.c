/* The tables: which there are, their columns, and the statements that make them. */
#include "store/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/ddl.h"
#include "store/key.h"

static void schema_make(struct schema *schema, struct flow_layout *layout, const char *keys, const char *sums,
                        const uint32_t *sizes, unsigned n_sizes) {
    struct error error;
    if (flow_layout_init(layout, keys, sums, &error) != 0) fail_msg("%s", error.text);
    schema_init(schema, layout, sizes, n_sizes);
}

static void default_make(struct schema *schema, struct flow_layout *layout) {
    static const uint32_t sizes[] = {600};
    schema_make(schema, layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 1);
}

static void tables_of_two_sizes(void **state) {
    static const uint32_t sizes[] = {3600, 60, 3600};
    static const struct {
        const char *name, *data;
        unsigned n_keys, key_bytes, n_values;
    } expected[] = {
        {"flows_60", "flows_60_data", 6, 17, 3},
        {"flows6_60", "flows6_60_data", 6, 41, 3},
        {"index_nodes_60", "index_nodes_60_data", 2, 12, 45},
        {"index_nodes6_60", "index_nodes6_60_data", 2, 20, 45},
        {"index_ports_60", "index_ports_60_data", 2, 12, 45},
        {"flows_aggr_60", "flows_aggr_60_data", 1, 4, 15},
        {"flows_3600", "flows_3600_data", 6, 17, 3},
        {"flows6_3600", "flows6_3600_data", 6, 41, 3},
        {"index_nodes_3600", "index_nodes_3600_data", 2, 12, 45},
        {"index_nodes6_3600", "index_nodes6_3600_data", 2, 20, 45},
        {"index_ports_3600", "index_ports_3600_data", 2, 12, 45},
        {"flows_aggr_3600", "flows_aggr_3600_data", 1, 4, 15},
        {"index_nodes", "index_nodes_data", 1, 8, 45},
        {"index_nodes6", "index_nodes6_data", 1, 16, 45},
        {"index_ports", "index_ports_data", 1, 8, 45},
    };
    struct flow_layout layout;
    struct schema schema;
    (void)state;
    schema_make(&schema, &layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 3);
    assert_int_equal(schema.n_sizes, 2);
    assert_int_equal(schema.n_tables, sizeof expected / sizeof expected[0]);
    for (unsigned i = 0; i < schema.n_tables; i++) {
        const struct table *table = &schema.tables[i];
        assert_string_equal(table->name, expected[i].name);
        assert_string_equal(table->data, expected[i].data);
        assert_int_equal(table->n_keys, expected[i].n_keys);
        assert_int_equal(table->key_bytes, expected[i].key_bytes);
        assert_int_equal(table->n_values, expected[i].n_values);
        assert_ptr_equal(schema_table(&schema, table->kind, table->family, table->bucket_size), table);
    }
    assert_null(schema_table(&schema, TABLE_FLOWS, FLOW_IPV4, 0));
    assert_null(schema_table(&schema, TABLE_AGGR, FLOW_IPV4, 0));
    assert_null(schema_table(&schema, TABLE_PORTS, FLOW_IPV6, 60));
    assert_null(schema_table(&schema, TABLE_FLOWS, FLOW_IPV4, 600));
    const struct table *flows6 = schema_table(&schema, TABLE_FLOWS, FLOW_IPV6, 60);
    assert_string_equal(flows6->keys[2].name, "destinationIPv6Address");
    assert_int_equal(flows6->keys[2].offset, 20);
    assert_int_equal(flows6->keys[2].width, 16);
    assert_int_equal(flows6->keys[5].offset, 40);
    assert_int_equal(flows6->keys[5].type, ELEMENT_UNSIGNED8);
}

static void values_are_named_by_group(void **state) {
    static const struct {
        unsigned index;
        const char *name, *stored;
    } expected[] = {
        {0, "packetDeltaCount", "packetDeltaCount"},
        {2, "flows", "flows_millionths"},
        {4, "tcp_octetDeltaCount", "tcp_octetDeltaCount"},
        {14, "other_flows", "other_flows_millionths"},
        {15, "src_packetDeltaCount", "src_packetDeltaCount"},
        {25, "src_icmp_octetDeltaCount", "src_icmp_octetDeltaCount"},
        {30, "dst_packetDeltaCount", "dst_packetDeltaCount"},
        {44, "dst_other_flows", "dst_other_flows_millionths"},
    };
    struct flow_layout layout;
    struct schema schema;
    char name[SCHEMA_NAME_MAX];
    (void)state;
    default_make(&schema, &layout);
    const struct table *nodes = schema_table(&schema, TABLE_NODES, FLOW_IPV4, 0);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        schema_value_name(&schema, nodes, expected[i].index, name, sizeof name);
        assert_string_equal(name, expected[i].name);
        schema_stored_name(&schema, nodes, expected[i].index, name, sizeof name);
        assert_string_equal(name, expected[i].stored);
    }
}

static void without_addresses_one_flows_table_takes_both_families(void **state) {
    static const uint32_t sizes[] = {600};
    struct flow_layout layout;
    struct schema schema;
    struct buffer columns = BUFFER_INIT;
    (void)state;
    schema_make(&schema, &layout, "destinationTransportPort,tcpControlBits", "octetDeltaCount", sizes, 1);
    assert_non_null(schema_table(&schema, TABLE_FLOWS, FLOW_IPV4, 600));
    assert_null(schema_table(&schema, TABLE_FLOWS, FLOW_IPV6, 600));
    assert_non_null(schema_table(&schema, TABLE_NODES, FLOW_IPV6, 600));
    char name[SCHEMA_NAME_MAX];
    for (unsigned i = 0; i < ddl_count(&schema); i++) {
        ddl_name(&schema, i, name, sizeof name);
        assert_string_not_equal(name, "flows_600_text");
        /* No protocol to compute the classes from. */
        if (strcmp(name, "flows_600") == 0) ddl_columns(&schema, i, DIALECT_MYSQL, &columns);
    }
    assert_string_equal(columns.data, "bucket\ndestinationTransportPort\ntcpControlBits\noctetDeltaCount\nflows\n");
    buffer_release(&columns);
}

static void object_create(const struct schema *schema, const char *wanted, enum dialect dialect, struct buffer *sql) {
    char name[SCHEMA_NAME_MAX];
    buffer_clear(sql);
    for (unsigned i = 0; i < ddl_count(schema); i++) {
        ddl_name(schema, i, name, sizeof name);
        if (strcmp(name, wanted) == 0) ddl_create(schema, i, dialect, sql);
    }
}

static void statements_of_mysql(void **state) {
    struct flow_layout layout;
    struct schema schema;
    struct buffer sql = BUFFER_INIT;
    (void)state;
    default_make(&schema, &layout);
    object_create(&schema, "flows6_600_data", DIALECT_MYSQL, &sql);
    assert_string_equal(sql.data,
                        "CREATE TABLE IF NOT EXISTS flows6_600_data (\n"
                        "  bucket INT UNSIGNED NOT NULL,\n"
                        "  sourceIPv6Address BINARY(16) NOT NULL,\n"
                        "  destinationIPv6Address BINARY(16) NOT NULL,\n"
                        "  sourceTransportPort SMALLINT UNSIGNED NOT NULL,\n"
                        "  destinationTransportPort SMALLINT UNSIGNED NOT NULL,\n"
                        "  protocolIdentifier TINYINT UNSIGNED NOT NULL,\n"
                        "  packetDeltaCount BIGINT UNSIGNED NOT NULL DEFAULT 0,\n"
                        "  octetDeltaCount BIGINT UNSIGNED NOT NULL DEFAULT 0,\n"
                        "  flows_millionths BIGINT UNSIGNED NOT NULL DEFAULT 0,\n"
                        "  PRIMARY KEY (bucket, sourceIPv6Address, destinationIPv6Address, sourceTransportPort, "
                        "destinationTransportPort, protocolIdentifier)\n"
                        ") ENGINE=InnoDB\n"
                        "PARTITION BY RANGE (bucket) (PARTITION d19700101 VALUES LESS THAN (86400))");
    object_create(&schema, "index_ports_600_data", DIALECT_MYSQL, &sql);
    assert_non_null(strstr(sql.data, "  id BIGINT NOT NULL,\n  bucket INT UNSIGNED NOT NULL,\n"));
    assert_non_null(
        strstr(sql.data, "  PRIMARY KEY (bucket, id),\n  KEY id (id, bucket)\n) ENGINE=InnoDB\nPARTITION BY"));
    object_create(&schema, "index_ports_data", DIALECT_MYSQL, &sql);
    assert_non_null(strstr(sql.data, "  PRIMARY KEY (id)\n) ENGINE=InnoDB"));
    assert_null(strstr(sql.data, "PARTITION BY"));
    object_create(&schema, "flows_aggr_600", DIALECT_MYSQL, &sql);
    assert_string_equal(sql.data, "CREATE OR REPLACE SQL SECURITY INVOKER VIEW flows_aggr_600 AS\n"
                                  "SELECT bucket,\n"
                                  "  packetDeltaCount,\n"
                                  "  octetDeltaCount,\n"
                                  "  CAST(flows_millionths * 0.000001 AS DECIMAL(20,6)) AS flows,\n"
                                  "  tcp_packetDeltaCount,\n"
                                  "  tcp_octetDeltaCount,\n"
                                  "  CAST(tcp_flows_millionths * 0.000001 AS DECIMAL(20,6)) AS tcp_flows,\n"
                                  "  udp_packetDeltaCount,\n"
                                  "  udp_octetDeltaCount,\n"
                                  "  CAST(udp_flows_millionths * 0.000001 AS DECIMAL(20,6)) AS udp_flows,\n"
                                  "  icmp_packetDeltaCount,\n"
                                  "  icmp_octetDeltaCount,\n"
                                  "  CAST(icmp_flows_millionths * 0.000001 AS DECIMAL(20,6)) AS icmp_flows,\n"
                                  "  other_packetDeltaCount,\n"
                                  "  other_octetDeltaCount,\n"
                                  "  CAST(other_flows_millionths * 0.000001 AS DECIMAL(20,6)) AS other_flows\n"
                                  "FROM flows_aggr_600_data");
    buffer_release(&sql);
}

static void statements_of_sqlite(void **state) {
    struct flow_layout layout;
    struct schema schema;
    struct buffer sql = BUFFER_INIT;
    (void)state;
    default_make(&schema, &layout);
    object_create(&schema, "flows_600_data", DIALECT_SQLITE, &sql);
    assert_string_equal(sql.data,
                        "CREATE TABLE IF NOT EXISTS flows_600_data (\n"
                        "  bucket INTEGER NOT NULL,\n"
                        "  sourceIPv4Address INTEGER NOT NULL,\n"
                        "  destinationIPv4Address INTEGER NOT NULL,\n"
                        "  sourceTransportPort INTEGER NOT NULL,\n"
                        "  destinationTransportPort INTEGER NOT NULL,\n"
                        "  protocolIdentifier INTEGER NOT NULL,\n"
                        "  packetDeltaCount INTEGER NOT NULL DEFAULT 0,\n"
                        "  octetDeltaCount INTEGER NOT NULL DEFAULT 0,\n"
                        "  flows_millionths INTEGER NOT NULL DEFAULT 0,\n"
                        "  PRIMARY KEY (bucket, sourceIPv4Address, destinationIPv4Address, sourceTransportPort, "
                        "destinationTransportPort, protocolIdentifier)\n"
                        ") STRICT, WITHOUT ROWID");
    object_create(&schema, "index_nodes6_600_data", DIALECT_SQLITE, &sql);
    assert_non_null(strstr(sql.data, "  id BLOB NOT NULL,\n"));
    assert_non_null(strstr(sql.data, ") STRICT, WITHOUT ROWID;\nCREATE INDEX IF NOT EXISTS index_nodes6_600_id ON "
                                     "index_nodes6_600_data (id, bucket)"));
    object_create(&schema, "flows_600", DIALECT_SQLITE, &sql);
    assert_non_null(strstr(sql.data, ",\n  flows_millionths,\n  flows_millionths / 1000000.0 AS flows,\n"
                                     "  packetDeltaCount * (protocolIdentifier = 6) AS tcp_packetDeltaCount,\n"));
    assert_non_null(strstr(
        sql.data, ",\n  flows_millionths * (protocolIdentifier NOT IN (6, 17, 1, 58)) / 1000000.0 AS other_flows\n"
                  "FROM flows_600_data"));
    buffer_release(&sql);
}

/* Every statement ends in ";\n" and has none within; the last ones say what the tables were made for. */
static void all_is_printed(void **state) {
    struct flow_layout layout;
    struct schema schema;
    struct buffer sql = BUFFER_INIT;
    unsigned n = 0;
    (void)state;
    default_make(&schema, &layout);
    schema_print(&schema, DIALECT_MYSQL, &sql);
    for (const char *at = sql.data; (at = strstr(at, ";\n")); at += 2)
        n++;
    /* settings, retention, its log, ledger, queues, places, loss; 9 tables and views; 3 with texts; 5 settings */
    assert_int_equal(n, 7 + 2 * 9 + 3 + 5);
    assert_string_equal(strstr(sql.data, "INSERT"),
                        "INSERT IGNORE INTO flowimport_schema (name, value) VALUES ('leave_out', 'none');\n"
                        "INSERT IGNORE INTO flowimport_schema (name, value) VALUES ('rollups', 'none');\n"
                        "INSERT IGNORE INTO flowimport_schema (name, value) VALUES ('version', '1');\n"
                        "INSERT IGNORE INTO flowimport_schema (name, value) VALUES ('aggr_values', 'sourceIPv4Address, "
                        "destinationIPv4Address, sourceTransportPort, destinationTransportPort, protocolIdentifier');\n"
                        "INSERT IGNORE INTO flowimport_schema (name, value) VALUES ('aggr_sums', 'packetDeltaCount, "
                        "octetDeltaCount');\n");
    buffer_release(&sql);
}

/* Of two sizes: 2 * 6 tables, and 3 for all time. */
static void tables_are_left_out(void **state) {
    static const struct {
        unsigned set, n_tables;
        bool has_ports, has_all_time;
    } cases[] = {
        {SCHEMA_LEAVE_NONE, 15, true, true},
        {SCHEMA_LEAVE_PORTS, 12, false, true},
        {SCHEMA_LEAVE_ALL_TIME, 12, true, false},
        {SCHEMA_LEAVE_PORTS | SCHEMA_LEAVE_ALL_TIME, 10, false, false},
    };
    static const uint32_t sizes[] = {60, 600};
    struct flow_layout layout;
    struct schema schema;
    struct error error;
    (void)state;
    assert_int_equal(flow_layout_init(&layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, &error), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        schema_init(&schema, &layout, sizes, 2);
        schema_leave_out(&schema, cases[i].set);
        assert_int_equal(schema.n_tables, cases[i].n_tables);
        assert_int_equal(schema_table(&schema, TABLE_PORTS, FLOW_IPV4, 600) != NULL, cases[i].has_ports);
        assert_int_equal(schema_table(&schema, TABLE_PORTS, FLOW_IPV4, 0) != NULL,
                         cases[i].has_ports && cases[i].has_all_time);
        assert_int_equal(schema_table(&schema, TABLE_NODES, FLOW_IPV6, 0) != NULL, cases[i].has_all_time);
        assert_non_null(schema_table(&schema, TABLE_NODES, FLOW_IPV4, 600));
        assert_non_null(schema_table(&schema, TABLE_AGGR, FLOW_IPV4, 60));
    }
}

static void packed_keys_are_numbers(void **state) {
    static const uint8_t bytes[] = {0xff, 0xfe, 0, 0, 0, 0, 0, 1};
    static const struct key_column text = {.type = ELEMENT_STRING, .width = 6};
    static const struct key_column octets = {.type = ELEMENT_MAC_ADDRESS, .width = 6};
    (void)state;
    assert_int_equal(be_number(bytes, 2), 65534);
    assert_int_equal(key_signed(bytes, 2), -2);
    assert_int_equal(key_signed(bytes, 1), -1);
    assert_int_equal(key_signed(bytes + 2, 6), 1);
    assert_true(be_number(bytes, 8) == 0xfffe000000000001u);
    assert_true(key_signed(bytes, 8) == -0x1ffffffffffff);
    assert_true(key_real((const uint8_t *)"\x40\x09\0\0\0\0\0\0") == 3.125);
    assert_int_equal(key_length(&text, (const uint8_t *)"eth0\0\0"), 4);
    assert_int_equal(key_length(&octets, (const uint8_t *)"eth0\0\0"), 6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_of_two_sizes),
        cmocka_unit_test(values_are_named_by_group),
        cmocka_unit_test(without_addresses_one_flows_table_takes_both_families),
        cmocka_unit_test(statements_of_mysql),
        cmocka_unit_test(statements_of_sqlite),
        cmocka_unit_test(all_is_printed),
        cmocka_unit_test(tables_are_left_out),
        cmocka_unit_test(packed_keys_are_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
