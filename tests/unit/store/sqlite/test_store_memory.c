/* The store in memory, and what it has for the tests of others. */
#include "store_env.h"

#include "base/bytes.h"
#include "base/fault.h"
#include "store/sqlite/memory.h"

struct walked {
    unsigned n;
    uint64_t ids[8], octets[8];
};

static int walked_add(void *context, const uint8_t *key, const uint64_t *values) {
    struct walked *walked = context;
    walked->ids[walked->n] = be64(key);
    walked->octets[walked->n++] = values[1];
    return walked->n == 8;
}

static void rows_can_be_walked(void **state) {
    static const uint64_t ids[] = {UINT64_MAX, 0xc0000201, 0xc0000202, 0xc0000203, 0xc0000204, 0xc0000205};
    static const uint64_t octets[] = {9093, 1501, 1561, 396, 300, 300};
    struct env env;
    struct walked walked = {0};
    struct error error = {""};
    (void)state;
    env_init(&env, "memory:");
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    const struct table *nodes = schema_table(&env.schema, TABLE_NODES, FLOW_IPV4, 0);
    assert_int_equal(memory_walk(env.store, nodes, walked_add, &walked, &error), STORE_OK);
    assert_int_equal(walked.n, 6);
    assert_memory_equal(walked.ids, ids, sizeof ids);
    assert_memory_equal(walked.octets, octets, sizeof octets);
    env_release(&env);
}

static void a_generation_counts_once(void **state) {
    struct env env;
    struct error error = {""};
    (void)state;
    env_init(&env, "memory:");
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    struct ledger_row row = ledger_make("a", 1, test_flows, TEST_FLOWS);
    generation_put(&env, &row, test_flows, TEST_FLOWS);
    assert_int_equal(store_commit(env.store, &error), STORE_TAKEN);
    assert_string_equal(error.text, "memory:: import_ledger: generation 1 of 'a' is already committed");
    assert_query(&env, "SELECT SUM(octetDeltaCount) FROM flows_aggr_60", "9093\n");
    env_release(&env);
}

static void commits_fail_on_demand(void **state) {
    struct env env;
    struct error error = {""};
    (void)state;
    env_init(&env, "memory:");
    struct ledger_row row = ledger_make("a", 1, test_flows, 1);
    memory_fail_commits(2, STORE_RETRY);
    for (unsigned try = 0; try < 3; try++) {
        generation_put(&env, &row, test_flows, 1);
        assert_int_equal(store_commit(env.store, &error), try < 2 ? STORE_RETRY : STORE_OK);
        assert_query(&env, "SELECT COUNT(*) FROM flows_60_data", try < 2 ? "0\n" : "1\n");
    }
    assert_query(&env, "SELECT SUM(octetDeltaCount) FROM flows_60_data", "1000\n");
    env_release(&env);
}

static void stores_of_one_name_are_one(void **state) {
    static const uint32_t sizes[] = {600};
    struct env a = {0}, b = {0}, c = {0};
    (void)state;
    env_schema(&a, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 1);
    env_schema(&b, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 1);
    env_schema(&c, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 1);
    env_open(&a, "memory:one");
    env_open(&b, "memory:one");
    env_open(&c, "memory:two");
    generation_write(&a, "a", 1, test_flows, 1);
    generation_write(&b, "a", 2, test_flows, 1);
    assert_query(&a, "SELECT SUM(octetDeltaCount) FROM flows_600", "2000\n");
    assert_query(&c, "SELECT COUNT(*) FROM flows_600", "0\n");
    env_release(&a);
    env_release(&b);
    env_release(&c);
}

static unsigned faults, faults_at_row;
static unsigned row_number;

static void fault_count(const char *place) {
    if (strcmp(place, "mid-flush") != 0) return;
    faults++;
    faults_at_row = row_number;
}

/* "mid-flush" is passed once a generation: after a thousand rows, or where there are fewer, before the commit. */
static void a_flush_can_be_cut_in_the_middle(void **state) {
    static const unsigned rows[] = {1500, 999, 0}, expected[] = {1000, 1000000, 1000000};
    struct env env;
    struct error error = {""};
    (void)state;
    env_init(&env, "memory:");
    const struct table *table = schema_table(&env.schema, TABLE_AGGR, FLOW_IPV4, 60);
    for (unsigned i = 0; i < 3; i++) {
        struct ledger_row row = ledger_make("a", i, NULL, 0);
        const uint64_t values[15] = {1};
        uint8_t key[4];
        faults = 0;
        fault_hook = fault_count;
        store_begin(env.store, &row, NULL, 0);
        for (row_number = 1; row_number <= rows[i]; row_number++) {
            be_put(key, row_number * 60, 4);
            store_put(env.store, table, key, values);
        }
        row_number = 1000000;
        assert_int_equal(store_commit(env.store, &error), STORE_OK);
        fault_hook = NULL;
        assert_int_equal(faults, 1);
        assert_int_equal(faults_at_row, expected[i]);
    }
    assert_query(&env, "SELECT COUNT(*), SUM(packetDeltaCount) FROM flows_aggr_60", "1500|2499\n");
    env_release(&env);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_generation_counts_once),         cmocka_unit_test(rows_can_be_walked),
        cmocka_unit_test(commits_fail_on_demand),           cmocka_unit_test(stores_of_one_name_are_one),
        cmocka_unit_test(a_flush_can_be_cut_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
