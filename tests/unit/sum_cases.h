/* Sums that reach the largest, on every store, as cmocka tests that a store's own test program includes: it defines how
 * a fresh store is named. */
#ifndef FLOWIMPORT_TESTS_SUM_CASES_H
#define FLOWIMPORT_TESTS_SUM_CASES_H

#include "store_env.h"

#include "flow/sum.h"
#include "store/query/flow_list.h"
#include "store/query/query.h"
#include "store/query/tally.h"

/* The URL of a store that nobody has written to, kept by the callee; asked once by every test. */
static const char *fresh_url(void);

/* Three classes whose octets of one flow are all there can be, a host and a port that count them twice, and others. */
static const struct test_flow large_flows[] = {
    {FLOW_IPV4, T0, 1, 2, 51515, 443, 6, 10, SUM_MOST, 1000000},
    {FLOW_IPV4, T0, 1, 2, 51515, 443, 17, 5, SUM_MOST, 1000000},
    {FLOW_IPV4, T0, 3, 3, 53, 53, 17, 2, SUM_MOST, 1000000},
    {FLOW_IPV4, T0, 4, 5, 0, 2048, 1, 1, SUM_MOST - 1, 1000000},
    {FLOW_IPV4, T0 + 600, 4, 5, 0, 2048, 1, 1, 7, 1000000},
    {FLOW_IPV6, T0, 9, 8, 1, 2, 6, 1, 1000, 1000000},
};
enum { LARGE_FLOWS = sizeof large_flows / sizeof large_flows[0] };

/* Each flow in a generation of its own, `times` times. */
static inline void large_write(struct env *env, const char *consumer, unsigned times) {
    for (unsigned i = 0; i < times * LARGE_FLOWS; i++)
        generation_write(env, consumer, i, &large_flows[i % LARGE_FLOWS], 1);
}

static inline struct audit_result audit_of(struct env *env) {
    struct audit_result result;
    struct error error;
    if (audit_run(env->store, &env->schema, 0, 0, &result, &error) != STORE_OK) fail_msg("%s", error.text);
    assert_string_equal(result.first, "");
    assert_int_equal(result.differences, 0);
    return result;
}

#define MOST SUM_MOST_TEXT

/* Each row by itself: what has not come near the largest sum stays exact. */
static inline void large_check(struct env *env, unsigned times) {
    char expected[512];
    assert_query(env, "SELECT COUNT(*) FROM flows_600_data WHERE octetDeltaCount = " MOST, times > 1 ? "4\n" : "3\n");
    snprintf(expected, sizeof expected, "%u|%u\n", 7 * times, times);
    assert_query(env, "SELECT octetDeltaCount, packetDeltaCount FROM flows_600_data WHERE bucket > 1700000400",
                 expected);
    snprintf(expected, sizeof expected, MOST "|" MOST "|" MOST "|%s|0|%u|%u\n",
             times > 1 ? MOST : "9223372036854775806", 19 * times, times * 5 * 1000000);
    assert_query(env,
                 "SELECT octetDeltaCount, tcp_octetDeltaCount, udp_octetDeltaCount, icmp_octetDeltaCount, "
                 "other_octetDeltaCount, packetDeltaCount, flows_millionths FROM flows_aggr_600_data "
                 "WHERE bucket = 1700000400",
                 expected);
    assert_query(env,
                 "SELECT octetDeltaCount, src_octetDeltaCount, dst_octetDeltaCount FROM index_nodes_data "
                 "WHERE id = 3221225987",
                 MOST "|" MOST "|" MOST "\n");
    assert_query(env,
                 "SELECT octetDeltaCount, src_octetDeltaCount, icmp_octetDeltaCount FROM index_ports_data "
                 "WHERE id = -1",
                 MOST "|0|" MOST "\n");
    snprintf(expected, sizeof expected, "%u\n", 1000 * times);
    assert_query(env, "SELECT octetDeltaCount FROM flows6_60_data", expected);
}

static void sums_stay_at_the_largest(void **state) {
    struct env env;
    (void)state;
    env_init(&env, fresh_url());
    generation_write(&env, "a", 100, test_flows, TEST_FLOWS);
    assert_int_equal(audit_of(&env).saturated, 0);
    assert_string_equal(audit_of(&env).first_saturated, "");
    env_release(&env);
    env_init(&env, fresh_url());
    large_write(&env, "a", 1);
    large_check(&env, 1);
    large_write(&env, "b", 2);
    large_check(&env, 3);
    struct audit_result result = audit_of(&env);
    /* By size: 4 rows of flows, one of flows_aggr, hosts 1 to 5, ports 51515, 443, 53, 0 and 2048, two total rows. For
     * all time as many hosts, ports and total rows. Of the ledger's 18 rows three times three. */
    assert_int_equal(result.saturated, 2 * (4 + 1 + 5 + 5 + 2) + 5 + 5 + 2 + 9);
    assert_string_equal(result.first_saturated, "flows_aggr_60");
    env_release(&env);
}

/* A row that is wrong below the largest sum is found all the same. */
static void the_audit_sees_what_a_saturated_sum_leaves(void **state) {
    struct env env;
    struct audit_result result;
    struct error error;
    (void)state;
    env_init(&env, fresh_url());
    large_write(&env, "a", 1);
    assert_run(&env, "UPDATE flows_aggr_600_data SET octetDeltaCount = 5 WHERE bucket = 1700000400");
    assert_int_equal(audit_run(env.store, &env.schema, 0, 0, &result, &error), STORE_OK);
    assert_true(result.differences > 0);
    env_release(&env);
}

static void losses_stay_at_the_largest(void **state) {
    static const uint32_t buckets[] = {T0};
    struct env env;
    struct error error = {""};
    (void)state;
    env_init(&env, fresh_url());
    struct ledger_row row = ledger_make("a", 1, NULL, 0);
    store_begin(env.store, &row, buckets, 1);
    store_put_loss(env.store, T0, "here", "flows", SUM_MOST - 1);
    store_put_loss(env.store, T0, "here", "flows", 1);
    store_put_loss(env.store, T0, "here", "flows", SUM_MOST);
    store_put_loss(env.store, T0, "there", "flows", 7);
    if (store_commit(env.store, &error) != STORE_OK) fail_msg("%s", error.text);
    assert_query(&env, "SELECT source, lost FROM loss ORDER BY source", "here|" MOST "\nthere|7\n");
    env_release(&env);
}

/* Queries
 * ------------------------------------------------------------------------------------------------------------- */

struct large { /* what is asked, and the octets of the total and of the groups that it gives */
    const char *group, *filter;
    bool all_time, series;
    uint64_t total, groups[5];
};

static inline void large_ask(struct env *env, const struct dimensions *dimensions, const struct large *large) {
    struct filter filter;
    struct filter_fault fault;
    struct query_result result;
    struct error error;
    assert_int_equal(filter_parse(&filter, dimensions, large->filter, &fault), 0);
    struct query query = {.from = T0, .to = T0 + 3600, .filter = &filter, .metric = 1, .n = 4, .points = 10};
    query.all_time = large->all_time;
    query.series = large->series;
    if (large->group) query.group[query.n_group++] = dimension_find(dimensions, large->group, strlen(large->group));
    if (query_run(env->store, &env->schema, &query, &result, &error) != STORE_OK) fail_msg("%s", error.text);
    assert_null(result.refused.parameter);
    assert_int_equal(result.total[1], large->total);
    for (unsigned i = 0; i < result.n_groups; i++) {
        assert_int_equal(result.groups[i].values[1], large->groups[i]);
        assert_true(result.groups[i].values[1] <= result.total[1]);
    }
    if (result.has_others) assert_int_equal(result.others[1], 0);
    if (large->series) assert_int_equal(result.series[0], large->group ? large->groups[0] : large->total);
    query_release(&result);
    filter_release(&filter);
}

static void tally_read(void *context, const struct tally_row *row) { *(uint64_t *)context = row->values[1]; }

static void answers_stay_at_the_largest(void **state) {
    static const struct large cases[] = {
        {NULL, "", false, false, SUM_MOST, {0}},
        {NULL, "", true, false, SUM_MOST, {0}},
        {NULL, "class=tcp,udp,icmp", false, true, SUM_MOST, {0}},
        {NULL, "src=192.0.2.4", false, true, SUM_MOST, {0}},
        {NULL, "family=6", false, false, 2000, {0}},
        {"class", "", false, false, SUM_MOST, {SUM_MOST, SUM_MOST, SUM_MOST, 0}},
        {"class", "dst=192.0.2.2", false, false, SUM_MOST, {SUM_MOST, SUM_MOST, 0, 0}},
        {"host", "", false, false, SUM_MOST, {SUM_MOST, SUM_MOST, SUM_MOST, SUM_MOST}},
        {"host", "", true, false, SUM_MOST, {SUM_MOST, SUM_MOST, SUM_MOST, SUM_MOST}},
        {"port", "class=tcp,udp,icmp", false, true, SUM_MOST, {SUM_MOST, SUM_MOST, SUM_MOST, SUM_MOST}},
        {"src", "class=tcp,udp", false, false, SUM_MOST, {SUM_MOST, SUM_MOST, 2000}},
        {"src", "proto=6,17", false, true, SUM_MOST, {SUM_MOST, SUM_MOST, 2000}},
        {"proto", "", false, true, SUM_MOST, {SUM_MOST, SUM_MOST, SUM_MOST}},
    };
    struct env env;
    struct dimensions dimensions;
    struct error error;
    (void)state;
    names_init();
    env_init(&env, fresh_url());
    dimensions_init(&dimensions, &env.layout);
    large_write(&env, "a", 2);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        large_ask(&env, &dimensions, &cases[i]);
    /* The flows themselves, added up. */
    struct filter every = {.n_terms = 0};
    struct flow_list list;
    struct flow_list_query flows = {.to = INT64_MAX, .filter = &every, .dimensions = &dimensions, .merge = true};
    flows.n = 10;
    flows.sort_value = 1;
    assert_int_equal(flow_list_read(env.store, &env.schema, &flows, &list, &error), STORE_OK);
    assert_int_equal(list.n, 5);
    assert_int_equal(list.list[3]->values[1], SUM_MOST);
    assert_int_equal(list.list[4]->values[1], 2000);
    flow_list_release(&list);
    /* What flow-inspector's API asks. */
    uint64_t octets = 0;
    struct tally tally = {.kind = TABLE_FLOWS, .size = 600, .last = INT64_MAX, .filter = &every, .limit = 10};
    tally.keys[tally.n_keys++] = (struct tally_key){.column = 0, .is_largest = true};
    assert_int_equal(tally_run(env.store, &env.schema, &tally, tally_read, &octets, &error), STORE_OK);
    assert_int_equal(octets, SUM_MOST);
    env_release(&env);
}

#define SUM_CASES                                                                                                      \
    cmocka_unit_test(sums_stay_at_the_largest), cmocka_unit_test(the_audit_sees_what_a_saturated_sum_leaves),          \
        cmocka_unit_test(losses_stay_at_the_largest), cmocka_unit_test(answers_stay_at_the_largest)

#endif
