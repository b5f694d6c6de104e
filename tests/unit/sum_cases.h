/* Sums that reach the largest of a bucket, and exact ones beyond it, on every store, as cmocka tests that a store's own
 * test program includes: it defines how a fresh store is named. */
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

static inline int wide_row(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    char text[SUM_DIGITS + 1];
    (void)lengths;
    for (unsigned i = 0; i < n; i++)
        buffer_printf(context, "%s%s", i ? "|" : "", sum_text(sum_read(columns[i]), 0, text));
    buffer_add_text(context, "\n");
    return 0;
}

/* As assert_query(), of sums that SQLite shows with zeros before them. */
static inline void assert_wide(struct env *env, const char *sql, const char *expected) {
    struct buffer text = BUFFER_INIT;
    struct error error = {""};
    if (store_query(env->store, sql, NULL, 0, wide_row, &text, &error) != STORE_OK) fail_msg("%s", error.text);
    assert_string_equal(text.data, expected);
    buffer_release(&text);
}

/* Each row by itself: what has not come near the largest sum stays exact, and so does what is for all time. */
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
                 "SELECT octetDeltaCount, src_octetDeltaCount, dst_octetDeltaCount FROM index_nodes_600_data "
                 "WHERE id = 3221225987",
                 MOST "|" MOST "|" MOST "\n");
    assert_wide(env,
                "SELECT octetDeltaCount, src_octetDeltaCount, dst_octetDeltaCount FROM index_nodes_data "
                "WHERE id = 3221225987",
                times == 1 ? "18446744073709551614|" MOST "|" MOST "\n"
                           : "55340232221128654842|27670116110564327421|27670116110564327421\n");
    assert_wide(env,
                "SELECT octetDeltaCount, src_octetDeltaCount, icmp_octetDeltaCount FROM index_ports_data "
                "WHERE id = -1",
                times == 1 ? "36893488147419104234|0|9223372036854775813\n"
                           : "110680464442257312702|0|27670116110564327439\n");
    assert_wide(env, "SELECT SUM(octetDeltaCount) FROM import_ledger",
                times == 1 ? "36893488147419104234\n" : "110680464442257312702\n");
    /* Sums are in order, the numbers and the texts of SQLite. */
    assert_query(env, "SELECT id FROM index_ports_data WHERE octetDeltaCount > 0 ORDER BY octetDeltaCount DESC, id",
                 "-1\n53\n443\n51515\n0\n2048\n1\n2\n");
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
    /* By size: 4 rows of flows, one of flows_aggr, hosts 1 to 5, ports 51515, 443, 53, 0 and 2048, two total rows. */
    assert_int_equal(result.saturated, 2 * (4 + 1 + 5 + 5 + 2));
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

struct large { /* what is asked, and the octets of the total and of the groups that it gives, and of the first time */
    const char *group, *filter;
    bool all_time, series;
    sum_wide total, groups[4], first;
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
    assert_true(result.total[1] == large->total);
    for (unsigned i = 0; i < result.n_groups; i++)
        assert_true(result.groups[i].values[1] == large->groups[i]);
    if (result.has_others) assert_true(result.others[1] == 0);
    if (large->series) assert_true(result.series[0] == large->first);
    assert_int_equal(result.is_exact, large->all_time && large->group);
    query_release(&result);
    filter_release(&filter);
}

static void tally_read(void *context, const struct tally_row *row) { *(sum_wide *)context = row->values[1]; }

#define M ((sum_wide)SUM_MOST)

/* Rows of a bucket are cut, and what is added up of them is exact; so is what is for all time. */
static void answers_are_exact_sums_of_rows(void **state) {
    static const struct large cases[] = {
        {NULL, "", false, false, M + 14, {0}, 0},
        {NULL, "", true, false, M + 14, {0}, 0},
        {NULL, "class=tcp,udp,icmp", false, true, 3 * M + 14, {0}, 3 * M},
        {NULL, "src=192.0.2.4", false, true, M + 14, {0}, M},
        {NULL, "family=6", false, false, 2000, {0}, 0},
        {"class", "", false, false, 3 * M + 14, {M, M, M + 14, 0}, 0},
        {"class", "dst=192.0.2.2", false, false, 2 * M, {M, M, 0, 0}, 0},
        {"host", "", false, false, M + 14, {M + 14, M + 14, M, M}, 0},
        {"host", "", true, false, 8 * M + 2012, {4 * M, 4 * M, 4 * M, 2 * M + 12}, 0},
        {"port", "class=tcp,udp,icmp", false, true, 3 * M + 14, {2 * M, 2 * M, M + 14, M + 14}, 2 * M},
        {"src", "class=tcp,udp", false, false, 2 * M, {2 * M, M, 2000}, 0},
        {"src", "proto=6,17", false, true, 2 * M, {2 * M, M, 2000}, 2 * M},
        {"proto", "", false, true, M + 14, {2 * M, M + 2000, M + 14}, 2 * M},
    };
    struct env env;
    struct dimensions dimensions;
    struct error error;
    (void)state;
    names_init();
    env_init(&env, fresh_url());
    dimensions_init(&dimensions, &env.layout, NULL);
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
    assert_true(list.list[0]->values[1] == M + 14);
    assert_true(list.list[3]->values[1] == M);
    assert_true(list.list[4]->values[1] == 2000);
    flow_list_release(&list);
    /* What flow-inspector's API asks. */
    sum_wide octets = 0;
    struct tally tally = {.kind = TABLE_FLOWS, .size = 600, .last = INT64_MAX, .filter = &every, .limit = 10};
    tally.keys[tally.n_keys++] = (struct tally_key){.column = 0, .is_largest = true};
    assert_int_equal(tally_run(env.store, &env.schema, &tally, tally_read, &octets, &error), STORE_OK);
    assert_true(octets == 4 * M + 2014);
    env_release(&env);
}

#define SUM_CASES                                                                                                      \
    cmocka_unit_test(sums_stay_at_the_largest), cmocka_unit_test(the_audit_sees_what_a_saturated_sum_leaves),          \
        cmocka_unit_test(losses_stay_at_the_largest), cmocka_unit_test(answers_are_exact_sums_of_rows)

#endif
