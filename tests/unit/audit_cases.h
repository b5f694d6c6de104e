/* The audit, one case for each of its rules, for every kind of store: a fresh_url() stands before. */
#ifndef FLOWIMPORT_TESTS_AUDIT_CASES_H
#define FLOWIMPORT_TESTS_AUDIT_CASES_H

#include "store_env.h"

static const char *fresh_url(void);

static void the_audit_finds_what_is_wrong(void **state) {
    static const struct {
        const char *damage, *repair, *first;
    } cases[] = {
        {"UPDATE flows_600_data SET octetDeltaCount = octetDeltaCount + 1 WHERE bucket = 1700001000",
         "UPDATE flows_600_data SET octetDeltaCount = octetDeltaCount - 1 WHERE bucket = 1700001000",
         "flows_600 with flows6_600, bucket 1700001000 (2023-11-14T22:30:00Z): sum of octetDeltaCount is 61; by "
         "flows_aggr_600 it "
         "should be 60"},
        {"UPDATE flows6_60_data SET flows_millionths = flows_millionths - 1 WHERE protocolIdentifier = 6",
         "UPDATE flows6_60_data SET flows_millionths = flows_millionths + 1 WHERE protocolIdentifier = 6",
         "flows_60 with flows6_60, bucket 1700000520 (2023-11-14T22:22:00Z): sum of flows is 1.999999; by "
         "flows_aggr_60 it should "
         "be 2.000000"},
        {"UPDATE flows_aggr_60_data SET udp_packetDeltaCount = 4 WHERE bucket = 1700001000",
         "UPDATE flows_aggr_60_data SET udp_packetDeltaCount = 1 WHERE bucket = 1700001000",
         "flows_aggr_60, bucket 1700001000 (2023-11-14T22:30:00Z): packetDeltaCount is 1; by its tcp_, udp_, icmp_ and "
         "other_ it "
         "should be 4"},
        {"UPDATE index_nodes_600_data SET icmp_octetDeltaCount = 170 WHERE id = -1 AND bucket = 1700086800",
         "UPDATE index_nodes_600_data SET icmp_octetDeltaCount = 168 WHERE id = -1 AND bucket = 1700086800",
         "index_nodes_600, bucket 1700086800 (2023-11-15T22:20:00Z): total row's icmp_octetDeltaCount is 170; by "
         "flows_aggr_600 it "
         "should be 168"},
        {"UPDATE index_nodes_60_data SET dst_udp_octetDeltaCount = 59 WHERE id = 3221225987 AND bucket = 1700001000",
         "UPDATE index_nodes_60_data SET dst_udp_octetDeltaCount = 60 WHERE id = 3221225987 AND bucket = 1700001000",
         "index_nodes_60 with index_nodes6_60, bucket 1700001000 (2023-11-14T22:30:00Z): sum over all addresses of "
         "dst_udp_octetDeltaCount is 59; by flows_aggr_60 it should be 60"},
        {"UPDATE index_nodes6_600_data SET src_packetDeltaCount = src_packetDeltaCount + 2 WHERE src_packetDeltaCount "
         "> 0",
         "UPDATE index_nodes6_600_data SET src_packetDeltaCount = src_packetDeltaCount - 2 WHERE src_packetDeltaCount "
         "> 0",
         "index_nodes_600 with index_nodes6_600, bucket 1700000400 (2023-11-14T22:20:00Z): sum over all addresses of "
         "src_packetDeltaCount is 28; by flows_aggr_600 it should be 26"},
        {"UPDATE index_ports_600_data SET packetDeltaCount = 0 WHERE id = 53",
         "UPDATE index_ports_600_data SET packetDeltaCount = 1 "
         "WHERE id = 53",
         "index_ports_600, bucket 1700001000 (2023-11-14T22:30:00Z): sum over all ports of packetDeltaCount is 1; "
         "by flows_aggr_600 it should be 2"},
        {"UPDATE index_ports_60_data SET src_flows_millionths = 1 WHERE id = -1 AND bucket = 1700000460",
         "UPDATE index_ports_60_data SET src_flows_millionths = 0 WHERE id = -1 AND bucket = 1700000460",
         "index_ports_60, bucket 1700000460 (2023-11-14T22:21:00Z): total row's src_flows is 0.000001; by "
         "flows_aggr_60 it should be "
         "0.000000"},
        {"UPDATE index_nodes_data SET octetDeltaCount = 9094 WHERE id = -1",
         "UPDATE index_nodes_data SET octetDeltaCount = 9093 "
         "WHERE id = -1",
         "index_nodes' total row, all time: octetDeltaCount is 9094; by its tcp_, udp_, icmp_ and other_ it should be "
         "9093"},
        {"UPDATE index_nodes6_data SET dst_flows_millionths = 0",
         "UPDATE index_nodes6_data SET dst_flows_millionths = 2000000 WHERE "
         "src_flows_millionths = 0",
         "index_nodes with index_nodes6, all time: sum over all addresses of dst_flows is 3.083333; by "
         "index_nodes' total row it should be 5.083333"},
        {"UPDATE index_ports_data SET tcp_octetDeltaCount = 1 WHERE id = 443",
         "UPDATE index_ports_data SET tcp_octetDeltaCount = 8501 "
         "WHERE id = 443",
         "index_ports, all time: sum over all ports of tcp_octetDeltaCount is 8502; by index_nodes' total row it "
         "should be 17002"},
        {"UPDATE import_ledger SET octetDeltaCount = 9094", "UPDATE import_ledger SET octetDeltaCount = 9093",
         "import_ledger, all time: sum of octetDeltaCount is 9094; by index_nodes' total row it should be 9093"},
        {"UPDATE import_ledger SET rejected = 3", "UPDATE import_ledger SET rejected = 2",
         "import_ledger, generation 1 of 'a': entries is 10; imported, too_old and rejected add up to 11"},
        {"UPDATE flows_600_data SET protocolIdentifier = 132 WHERE protocolIdentifier = 47",
         "UPDATE flows_600_data SET protocolIdentifier = 47 WHERE protocolIdentifier = 132", ""}, /* both are other */
        {"UPDATE flows_600_data SET protocolIdentifier = 6 WHERE protocolIdentifier = 47",
         "UPDATE flows_600_data SET protocolIdentifier = 47 WHERE protocolIdentifier = 6 AND sourceTransportPort = 0",
         "flows_600 with flows6_600, bucket 1700000400 (2023-11-14T22:20:00Z): sum of tcp_packetDeltaCount is 25; by "
         "flows_aggr_600 it should be 22"},
        {"UPDATE flows_aggr_600_data SET bucket = 1700002200 WHERE bucket = 1700001000",
         "UPDATE flows_aggr_600_data SET bucket = 1700001000 WHERE bucket = 1700002200",
         "flows_600 with flows6_600, bucket 1700001000 (2023-11-14T22:30:00Z): sum of packetDeltaCount is 1; by "
         "flows_aggr_600 it should be 0"},
        {"UPDATE index_nodes_60_data SET id = -2 WHERE id = -1 AND bucket = 1700001000",
         "UPDATE index_nodes_60_data SET id = -1 WHERE id = -2",
         "index_nodes_60, bucket 1700001000 (2023-11-14T22:30:00Z): total row's packetDeltaCount is 0; by "
         "flows_aggr_60 it should be 1"},
        {"UPDATE import_ledger SET flows_millionths = flows_millionths - 83333",
         "UPDATE import_ledger SET flows_millionths = flows_millionths + 83333",
         "import_ledger, all time: sum of flows is 5.000000; by index_nodes' total row it should be 5.083333"},
        {"UPDATE import_ledger SET imported = 8", "UPDATE import_ledger SET imported = 7",
         "import_ledger, generation 1 of 'a': entries is 10; imported, too_old and rejected add up to 11"},
        {"INSERT INTO index_ports_60_data (id, bucket, octetDeltaCount) VALUES (7, 1700000700, 1)",
         "DELETE FROM index_ports_60_data WHERE id = 7",
         "index_ports_60, bucket 1700000700 (2023-11-14T22:25:00Z): sum over all "
         "ports of octetDeltaCount is 1; by flows_aggr_60 it should be 0"},
    };
    struct env env;
    struct audit_result result;
    struct error error = {""};
    (void)state;
    env_init(&env, fresh_url());
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    assert_int_equal(audit_run(env.store, &env.schema, 0, 0, &result, &error), STORE_OK);
    assert_string_equal(result.first, "");
    assert_int_equal(result.differences, 0);
    assert_int_equal(result.buckets, 5 + 3);
    assert_int_equal(result.generations, 1);
    /* A bucket: 3 of aggr, 15 of flows, 45 for each index's rows and total row; the 3 of 600 s against 60 s; all time;
     * the ledger. */
    assert_int_equal(result.checks, 8 * (3 + 15 + 4 * 45) + 3 * 15 + (3 + 4 * 45 + 3) + 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_run(&env, cases[i].damage);
        assert_int_equal(audit_run(env.store, &env.schema, 0, 0, &result, &error), STORE_OK);
        assert_string_equal(result.first, cases[i].first);
        assert_int_equal(result.differences > 0, cases[i].first[0] != '\0');
        assert_run(&env, cases[i].repair);
        assert_int_equal(audit_run(env.store, &env.schema, 0, 0, &result, &error), STORE_OK);
        assert_string_equal(result.first, "");
    }
    env_release(&env);
}

/* A roll-up's rows against the totals of the same time, by the smallest size; not where it is not filled. */
static void the_audit_covers_rollups(void **state) {
    static const struct {
        const char *damage, *repair, *first;
    } cases[] = {
        {"UPDATE rollup_src_service_3600_data SET octetDeltaCount = octetDeltaCount + 1 WHERE service = 443",
         "UPDATE rollup_src_service_3600_data SET octetDeltaCount = octetDeltaCount - 1 WHERE service = 443",
         "rollup_src_service_3600 with rollup6_src_service_3600, bucket 1699999200 (2023-11-14T22:00:00Z): sum of "
         "octetDeltaCount is "},
        {"UPDATE rollup6_src_service_3600_data SET flows_millionths = flows_millionths + 1",
         "UPDATE rollup6_src_service_3600_data SET flows_millionths = flows_millionths - 1",
         "rollup_src_service_3600 with rollup6_src_service_3600, bucket 1699999200 (2023-11-14T22:00:00Z): sum of "
         "flows is "},
        {"UPDATE rollup_proto_86400_data SET bucket = bucket - 86400 WHERE protocolIdentifier = 6",
         "UPDATE rollup_proto_86400_data SET bucket = bucket + 86400 WHERE protocolIdentifier = 6",
         "rollup_proto_86400, bucket 1699920000 (2023-11-14T00:00:00Z): sum of packetDeltaCount is "},
    };
    static const uint32_t sizes[] = {600, 60};
    struct env env;
    struct audit_result result;
    struct error error = {""};
    (void)state;
    memset(&env, 0, sizeof env);
    env_schema(&env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 2);
    assert_int_equal(rollups_add(&env.schema, "1h: src service; 1d: proto", &error), 0);
    env_open(&env, fresh_url());
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(audit_run(env.store, &env.schema, 0, 0, &result, &error), STORE_OK);
        assert_string_equal(result.first, "");
        assert_run(&env, cases[i].damage);
        assert_int_equal(audit_run(env.store, &env.schema, 0, 0, &result, &error), STORE_OK);
        assert_int_equal(strncmp(result.first, cases[i].first, strlen(cases[i].first)), 0);
        assert_run(&env, cases[i].repair);
    }
    /* A roll-up whose rows are gone is a difference, unlike a size, of which retention drops the first days. */
    assert_run(&env, "DELETE FROM rollup_proto_86400_data");
    assert_int_equal(audit_run(env.store, &env.schema, 0, 0, &result, &error), STORE_OK);
    assert_true(result.differences > 0);
    assert_run(&env, "INSERT INTO flowimport_schema (name, value) VALUES ('rollup_proto_86400_from', '1700092800')");
    assert_int_equal(audit_run(env.store, &env.schema, 0, 0, &result, &error), STORE_OK);
    assert_string_equal(result.first, "");
    env_release(&env);
}

/* All that a size's tables say of a bucket is off by the same: only the other size can tell. */
static void the_audit_compares_sizes(void **state) {
    static const char *const tables[] = {"flows_600_data", "flows_aggr_600_data", "index_nodes_600_data",
                                         "index_ports_600_data"};
    struct env env;
    struct audit_result result;
    struct error error = {""};
    char sql[256];
    (void)state;
    env_init(&env, fresh_url());
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    for (size_t i = 0; i < 4; i++) {
        snprintf(sql, sizeof sql, "DELETE FROM %s WHERE bucket = 1700001000", tables[i]);
        assert_run(&env, sql);
    }
    assert_int_equal(audit_run(env.store, &env.schema, 0, 0, &result, &error), STORE_OK);
    assert_string_equal(result.first,
                        "flows_aggr_600, bucket 1700001000 (2023-11-14T22:30:00Z): packetDeltaCount is 0; by "
                        "flows_aggr_60 it should be 1");
    assert_int_equal(result.differences, 6); /* the three values, in total and as udp */
    /* Outside its range nothing is looked at. */
    assert_int_equal(audit_run(env.store, &env.schema, 1700001600, 0, &result, &error), STORE_OK);
    assert_int_equal(result.differences, 0);
    assert_int_equal(result.buckets, 2);
    /* Retention: a size that has lost its first day whole is compared from the next on. */
    static const char *const fine[] = {"flows_60_data",       "flows6_60_data",       "flows_aggr_60_data",
                                       "index_nodes_60_data", "index_nodes6_60_data", "index_ports_60_data"};
    for (size_t i = 0; i < 6; i++) {
        snprintf(sql, sizeof sql, "DELETE FROM %s WHERE bucket < 1700006400", fine[i]);
        assert_run(&env, sql);
    }
    assert_int_equal(audit_run(env.store, &env.schema, 0, 0, &result, &error), STORE_OK);
    assert_string_equal(result.first, "");
    env_release(&env);
}

#define AUDIT_CASES                                                                                                    \
    cmocka_unit_test(the_audit_finds_what_is_wrong), cmocka_unit_test(the_audit_compares_sizes),                       \
        cmocka_unit_test(the_audit_covers_rollups)

#endif
