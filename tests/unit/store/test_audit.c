/* How `flowimport verify` finds and names each kind of difference, and what it accepts. */
#include "audit_cases.h"

static const char *fresh_url(void) { return "memory:"; }

static struct audit_result audit(struct env *env, uint32_t from, uint32_t to) {
    struct audit_result result;
    struct error error = {""};
    if (audit_run(env->store, &env->schema, from, to, &result, &error) != STORE_OK) fail_msg("%s", error.text);
    return result;
}

static void an_empty_store_agrees(void **state) {
    struct env env;
    (void)state;
    env_init(&env, "memory:");
    struct audit_result result = audit(&env, 0, 0);
    assert_string_equal(result.first, "");
    assert_int_equal(result.buckets, 0);
    assert_int_equal(result.generations, 0);
    env_release(&env);
}

/* Buckets from `from` on, before `to`. */
static void a_range_is_kept_to(void **state) {
    static const struct {
        uint32_t from, to;
        unsigned buckets, differences;
    } cases[] = {
        {0, 0, 8, 1},        {T0, T0 + 600, 4, 0}, {T0 + 600, T0 + 1200, 2, 1}, {T0 + 600, T0 + 601, 2, 1},
        {T0 + 601, 0, 2, 0}, {0, T0 + 600, 4, 0},  {T0 + 86401, 0, 0, 0},       {T0 + 86400, T0 + 86401, 2, 0},
    };
    struct env env;
    (void)state;
    env_init(&env, "memory:");
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    assert_run(&env, "UPDATE index_ports_600_data SET src_octetDeltaCount = src_octetDeltaCount + 1 "
                     "WHERE id = 4000 AND bucket = 1700001000");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct audit_result result = audit(&env, cases[i].from, cases[i].to);
        assert_int_equal(result.buckets, cases[i].buckets);
        assert_int_equal(result.differences, cases[i].differences);
    }
    env_release(&env);
}

/* Windows of 8,192 buckets: what is in a later one is found, too. */
static void months_are_looked_at_in_windows(void **state) {
    struct test_flow flow = test_flows[0];
    struct env env;
    (void)state;
    env_init(&env, "memory:");
    for (unsigned month = 0; month < 8; month++) {
        flow.bucket = T0 + month * 30 * 86400;
        generation_write(&env, "a", month, &flow, 1);
    }
    struct audit_result result = audit(&env, 0, 0);
    assert_string_equal(result.first, "");
    assert_int_equal(result.buckets, 16);
    assert_int_equal(result.generations, 8);
    assert_run(&env, "DELETE FROM flows_60_data WHERE bucket = 1718144400"); /* of the last month */
    result = audit(&env, 0, 0);
    assert_string_equal(result.first, "flows_60 with flows6_60, bucket 1718144400 (2024-06-11T22:20:00Z): sum of "
                                      "packetDeltaCount is 0; by flows_aggr_60 it should be 10");
    env_release(&env);
}

/* Days that retention drops go from one table after the other. */
static void days_that_expire_are_no_difference(void **state) {
    struct env env;
    (void)state;
    env_init(&env, "memory:");
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    assert_run(&env, "DELETE FROM flows_600_data WHERE bucket < 1700006400");
    assert_int_not_equal(audit(&env, 0, 0).differences, 0);
    assert_run(&env, "INSERT INTO flowimport_schema VALUES ('size_600_expired', '1700006400')");
    struct audit_result result = audit(&env, 0, 0);
    assert_string_equal(result.first, "");
    assert_int_equal(result.buckets, 5 + 1);
    env_release(&env);
}

/* Of a size that was added, earlier buckets are not compared with the other's. */
static void a_size_that_was_added_is_whole_later(void **state) {
    struct env env;
    (void)state;
    env_init(&env, "memory:");
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    for (unsigned i = 0; i < env.schema.n_tables; i++) {
        char sql[128];
        snprintf(sql, sizeof sql, "DELETE FROM %s WHERE bucket = 1700001000", env.schema.tables[i].data);
        if (env.schema.tables[i].bucket_size == 600) assert_run(&env, sql);
    }
    assert_int_not_equal(audit(&env, 0, 0).differences, 0);
    assert_run(&env, "INSERT INTO flowimport_schema VALUES ('size_600_from', '1700006400')");
    assert_string_equal(audit(&env, 0, 0).first, "");
    env_release(&env);
}

/* Without the protocol as a key a flows table says nothing of it; both families are in one. */
static void without_a_protocol_it_is_not_compared(void **state) {
    static const uint32_t sizes[] = {600}, buckets[] = {T0};
    struct env env = {0};
    struct error error = {""};
    (void)state;
    env_schema(&env, "sourceTransportPort", "octetDeltaCount", sizes, 1);
    env_open(&env, "memory:");
    struct ledger_row row = ledger_make("a", 1, NULL, 0);
    uint8_t key[6] = {0};
    const uint64_t values[10] = {1, 1};
    be_put(key, T0, 4);
    store_begin(env.store, &row, buckets, 1);
    store_put(env.store, schema_table(&env.schema, TABLE_FLOWS, FLOW_IPV4, 600), key, values);
    if (store_commit(env.store, &error) != STORE_OK) fail_msg("%s", error.text);
    struct audit_result result = audit(&env, 0, 0);
    assert_int_equal(result.differences, 2); /* in flows, not by class */
    assert_string_equal(result.first, "flows_600, bucket 1700000400 (2023-11-14T22:20:00Z): sum of octetDeltaCount is "
                                      "1; by flows_aggr_600 it should be 0");
    env_release(&env);
}

/* SQLite's own SUM() ends with an error there. */
static void sums_beyond_63_bits_are_a_difference_where_others_are_not(void **state) {
    struct env env;
    (void)state;
    env_init(&env, "memory:");
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    assert_run(&env, "UPDATE flows_600_data SET octetDeltaCount = 9223372036854775807 WHERE bucket = 1700000400");
    struct audit_result result = audit(&env, 0, 0);
    assert_string_equal(result.first,
                        "flows_600 with flows6_600, bucket 1700000400 (2023-11-14T22:20:00Z): sum of octetDeltaCount "
                        "is 9223372036854775807; by flows_aggr_600 it should be 8865");
    assert_run(&env, "UPDATE flows_aggr_60_data SET octetDeltaCount = 9223372036854775807 WHERE bucket < 1700001000");
    assert_run(&env, "INSERT INTO import_ledger SELECT 'b', generation, committed_at, entries, imported, too_old, "
                     "rejected, 9223372036854775807, 9223372036854775807, flows_millionths, first_bucket, last_bucket, "
                     "claim, position, adopted FROM import_ledger");
    assert_true(audit(&env, 0, 0).differences > 3);
    env_release(&env);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        AUDIT_CASES,
        cmocka_unit_test(an_empty_store_agrees),
        cmocka_unit_test(a_range_is_kept_to),
        cmocka_unit_test(months_are_looked_at_in_windows),
        cmocka_unit_test(days_that_expire_are_no_difference),
        cmocka_unit_test(a_size_that_was_added_is_whole_later),
        cmocka_unit_test(without_a_protocol_it_is_not_compared),
        cmocka_unit_test(sums_beyond_63_bits_are_a_difference_where_others_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
