/* Sums in SQLite at the border between its integers and our texts: added up by SUM(), one to another, and upserted. */
#include "store_env.h"

#include "flow/sum.h"

#define MOST SUM_MOST_TEXT                              /* 2^63 - 1 */
#define NEXT "000000000000000000009223372036854775808"  /* 2^63 */
#define TWICE "000000000000000000018446744073709551614" /* 2^64 - 2 */
#define WORD "000000000000000000018446744073709551616"  /* 2^64 */
#define VALUES "SELECT SUM(x), typeof(SUM(x)) FROM (SELECT column1 AS x FROM (VALUES "

static void sums_are_exact(void **state) {
    static const char *const cases[][2] = {
        {VALUES "(NULL)))", "-|null\n"},
        {VALUES "(0), (NULL)))", "0|integer\n"},
        {VALUES "(" MOST "), (0)))", MOST "|integer\n"},
        {VALUES "(" MOST "), (1)))", NEXT "|text\n"},
        {VALUES "(1), (" MOST ")))", NEXT "|text\n"},
        {VALUES "(" MOST "), (" MOST ")))", TWICE "|text\n"},
        {VALUES "(" MOST "), (" MOST "), (2)))", WORD "|text\n"},
        {VALUES "('" NEXT "')))", NEXT "|text\n"},
        {VALUES "('" NEXT "'), (-1)))", MOST "|integer\n"},
        {VALUES "('" NEXT "'), ('" NEXT "')))", WORD "|text\n"},
        {VALUES "('" MOST "')))", MOST "|integer\n"},
        {VALUES "(-5), (3)))", "-2|integer\n"},
        {VALUES "(-9223372036854775807 - 1), (-1)))", "-" MOST "|integer\n"},
        {VALUES "(0.5), (2)))", "2.5|real\n"},
        {"SELECT SUM(" MOST ", 1, NULL)", NEXT "\n"},
        {"SELECT SUM(a, b) FROM (SELECT " MOST " AS a, 2 AS b UNION ALL SELECT '" NEXT "', 0)",
         "000000000000000000018446744073709551617\n"},
        {"SELECT SUM(s) FROM (SELECT SUM(" MOST ", 1) AS s UNION ALL SELECT SUM(" MOST ", 1))", WORD "\n"},
        {"SELECT sum_wide(" MOST ", 0), sum_wide(" MOST ", 1), sum_wide('" NEXT "', " MOST ")",
         MOST "|" NEXT "|000000000000000000018446744073709551615\n"},
    };
    struct env env;
    (void)state;
    env_init(&env, "memory:");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_query(&env, cases[i][0], cases[i][1]);
    env_release(&env);
}

static void integers_and_texts_sort_as_numbers(void **state) {
    struct env env;
    (void)state;
    env_init(&env, "memory:");
    assert_query(&env,
                 "SELECT x FROM (SELECT column1 AS x FROM (VALUES ('" WORD "'), (0), (" MOST "), ('" NEXT
                 "'), (7), ('" TWICE "'))) WHERE x > 0 ORDER BY x DESC",
                 WORD "\n" TWICE "\n" NEXT "\n" MOST "\n7\n");
    env_release(&env);
}

/* Octets that are there, those that come, and what is there then: as port 443's for all time. */
static void upserts_carry_at_the_border(void **state) {
    static const struct {
        const char *there;
        uint64_t more;
        const char *then;
    } cases[] = {
        {"0", 0, "0|integer\n"},
        {"0", SUM_MOST, MOST "|integer\n"},
        {"1", SUM_MOST, NEXT "|text\n"},
        {"9223372036854775806", 1, MOST "|integer\n"},
        {"9223372036854775806", 2, NEXT "|text\n"},
        {MOST, 0, MOST "|integer\n"},
        {MOST, 1, NEXT "|text\n"},
        {MOST, SUM_MOST, TWICE "|text\n"},
        {"'" NEXT "'", 0, NEXT "|text\n"},
        {"'" TWICE "'", 2, WORD "|text\n"},
        {"'" WORD "'", SUM_MOST, "000000000000000000027670116110564327423|text\n"},
    };
    struct test_flow flow = {FLOW_IPV4, T0, 1, 2, 51515, 443, 6, 1, 0, 1000000};
    struct env env;
    char sql[160];
    (void)state;
    env_init(&env, "memory:");
    generation_write(&env, "a", 0, &flow, 1);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(sql, sizeof sql, "UPDATE index_ports_data SET octetDeltaCount = %s WHERE id = 443", cases[i].there);
        assert_run(&env, sql);
        flow.octets = cases[i].more;
        generation_write(&env, "a", i + 1, &flow, 1);
        assert_query(&env, "SELECT octetDeltaCount, typeof(octetDeltaCount) FROM index_ports WHERE id = 443",
                     cases[i].then);
    }
    env_release(&env);
}

/* A generation's sums, there and back. */
static void the_ledger_is_exact(void **state) {
    static const sum_wide sums[] = {0, SUM_MOST, (sum_wide)SUM_MOST + 1, (sum_wide)UINT64_MAX + 1,
                                    (sum_wide)UINT64_MAX << 40};
    struct env env;
    struct ledger_row found;
    struct error error;
    bool is_there;
    (void)state;
    env_init(&env, "memory:");
    for (unsigned i = 0; i < sizeof sums / sizeof sums[0]; i++) {
        struct ledger_row row = ledger_make("a", i, NULL, 0);
        row.sums[1] = sums[i];
        store_begin(env.store, &row, NULL, 0);
        assert_int_equal(store_commit(env.store, &error), STORE_OK);
        assert_int_equal(store_ledger_find(env.store, &row.id, &found, &is_there, &error), STORE_OK);
        assert_true(is_there && found.sums[1] == sums[i] && found.sums[0] == 0);
    }
    env_release(&env);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_exact),
        cmocka_unit_test(integers_and_texts_sort_as_numbers),
        cmocka_unit_test(upserts_carry_at_the_border),
        cmocka_unit_test(the_ledger_is_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
