/* The plan of a migration, size by size, and the rows that can and can't be taken. */
#include "files/migration.h"

#include "records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { T = 1699920000 }; /* a midnight */

static const struct { /* zeros end the lists */
    uint32_t configured[4];
    struct {
        uint32_t size, first, last;
    } old[4];
    const char *plan;      /* "": nothing can be moved */
    const char *why;       /* of the first table that is not read; "": all are */
    uint32_t size_from[4]; /* of each configured size */
} plans[] = {
    {{600}, {{600, T + 600, T + 1200}}, "600=1699920600", "", {0}},
    /* One size is as old as the other: the finer has it all. */
    {{600, 3600},
     {{600, T + 600, T + 7200}, {3600, T, T + 7200}},
     "600=1699920600",
     "flows_600 reaches as far back",
     {0, 0}},
    /* Cut at the coarser size, where the finer has lost the beginning of a bucket. */
    {{600, 3600},
     {{600, T + 4200, T + 9000}, {3600, T, T + 7200}},
     "600=1699927200,3600=1699920000",
     "",
     {T + 86400, 0}},
    {{600, 3600},
     {{600, T + 7200, T + 9000}, {3600, T, T + 7200}},
     "600=1699927200,3600=1699920000",
     "",
     {T + 86400, 0}},
    {{600, 3600},
     {{600, T + 86400, T + 90000}, {3600, T, T + 86400}},
     "600=1700006400,3600=1699920000",
     "",
     {T + 86400, 0}},
    {{60, 600, 3600},
     {{60, T + 93660, T + 99000}, {600, T + 4200, T + 99000}, {3600, T, T + 97200}},
     "60=1700014200,600=1699927200,3600=1699920000",
     "",
     {T + 2 * 86400, T + 86400, 0}},
    /* The one in the middle adds nothing. */
    {{60, 600, 3600},
     {{60, T + 4260, T + 9000}, {600, T + 4200, T + 9000}, {3600, T, T + 7200}},
     "60=1699927200,3600=1699920000",
     "flows_60 reaches as far back",
     {T + 86400, T + 86400, 0}},
    /* Sizes that only one side has. */
    {{3600}, {{60, T + 4260, T + 9000}, {600, T, T + 9000}}, "60=1699924800,600=1699920000", "", {0}},
    {{60, 600}, {{600, T, T + 9000}}, "600=1699920000", "", {T + 86400, 0}},
    {{60, 600}, {{600, T, T + 85800}}, "600=1699920000", "", {T + 86400, 0}},
    {{600},
     {{600, T, T + 9000}, {3600, T - 7200, T + 7200}},
     "600=1699920000",
     "no configured bucket size is a multiple of it",
     {0}},
    {{60, 300}, {{600, T, T + 9000}}, "", "no configured bucket size is a multiple of it", {0}},
    {{600, 900, 1800},
     {{600, T, T + 9000}, {900, T - 9000, T + 9000}},
     "600=1699920000",
     "it is not a multiple of 600, the size that is read",
     {0, T + 86400, 0}},
    {{600}, {{600, 1, 0}}, "", "it has no rows", {0}},
    {{600}, {{60, 1, 0}, {600, T, T + 600}}, "600=1699920000", "it has no rows", {0}},
};

static unsigned length(const uint32_t *sizes) {
    unsigned n = 0;
    while (n < 4 && sizes[n])
        n++;
    return n;
}

static void migration_make(size_t row, struct migration *migration) {
    *migration = (struct migration){.n = 0};
    for (unsigned i = 0; i < 4 && plans[row].old[i].size; i++)
        migration->tables[migration->n++] = (struct migration_table){
            .size = plans[row].old[i].size, .first = plans[row].old[i].first, .last = plans[row].old[i].last};
}

static const char *first_why(const struct migration *migration) {
    for (unsigned i = 0; i < migration->n; i++)
        if (migration->tables[i].why[0]) return migration->tables[i].why;
    return "";
}

static void test_plans(void **state) {
    (void)state;
    struct flow_layout layout;
    layout_make(&layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS);
    for (size_t row = 0; row < sizeof plans / sizeof plans[0]; row++) {
        static struct migration migration, again;
        static struct schema schema;
        struct buffer plan = BUFFER_INIT, same = BUFFER_INIT;
        unsigned n = length(plans[row].configured);
        migration_make(row, &migration);
        schema_init(&schema, &layout, plans[row].configured, n);
        assert_int_equal(migration_plan(&migration, &schema), plans[row].plan[0] != '\0');
        migration_plan_print(&migration, &plan);
        assert_string_equal(plan.data ? plan.data : "", plans[row].plan);
        assert_string_equal(first_why(&migration), plans[row].why);
        if (plan.len == 0) continue;
        for (unsigned i = 0; i < n; i++)
            assert_int_equal(migration_size_from(&migration, plans[row].configured[i]), plans[row].size_from[i]);
        migration_make(row, &again);
        assert_true(migration_plan_parse(&again, &schema, plan.data));
        migration_plan_print(&again, &same);
        assert_string_equal(same.data, plan.data);
        for (unsigned i = 0; i < migration.n; i++)
            assert_int_equal(again.tables[i].to, migration.tables[i].to);
        buffer_release(&plan);
        buffer_release(&same);
    }
}

static void test_parts_meet(void **state) {
    (void)state;
    static struct migration migration;
    static struct schema schema;
    struct flow_layout layout;
    layout_make(&layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS);
    schema_init(&schema, &layout, plans[5].configured, 3);
    migration_make(5, &migration);
    assert_true(migration_plan(&migration, &schema));
    assert_int_equal(migration.tables[0].to, UINT64_C(1) << 32);
    assert_int_equal(migration.tables[1].to, migration.tables[0].from);
    assert_int_equal(migration.tables[2].to, migration.tables[1].from);
    assert_int_equal(migration.tables[0].n_targets, 3);
    assert_int_equal(migration.tables[1].n_targets, 2);
    assert_int_equal(migration.tables[2].n_targets, 1);
    assert_int_equal(migration.tables[2].targets[0], 3600);
}

static void test_a_damaged_plan_moves_nothing(void **state) {
    (void)state;
    static const char *const damaged[] = {"", "600", "x", "600:5", "300=5"};
    static struct migration migration;
    static struct schema schema;
    struct flow_layout layout;
    layout_make(&layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS);
    schema_init(&schema, &layout, plans[0].configured, 1);
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        migration_make(0, &migration);
        assert_false(migration_plan_parse(&migration, &schema, damaged[i]));
    }
}

static const struct {
    uint32_t bucket;
    const char *columns[8]; /* five keys, two sums, flows */
    uint64_t flows;
    const char *text;
} rows[] = {
    {T,
     {"167772161", "4294967295", "80", "65535", "255", "1", "9223372036854775807", "4294967295"},
     4294967295,
     "10.0.0.1:80 > 255.255.255.255:65535 255 1699920000-1699920000 1/9223372036854775807"},
    {T + 600, {"0", "0", "0", "0", "0", NULL, NULL, NULL}, 0, "0.0.0.0:0 > 0.0.0.0:0 0 1699920600-1699920600 0/0"},
    {T + 1, {"1", "2", "3", "4", "5", "6", "7", "8"}, 0, "out-of-range bucket '1699920001'"},
    {T, {"1", NULL, "3", "4", "5", "6", "7", "8"}, 0, "missing-field destinationIPv4Address 'NULL'"},
    {T, {"4294967296", "2", "3", "4", "5", "6", "7", "8"}, 0, "out-of-range sourceIPv4Address '4294967296'"},
    {T, {"1", "2", "65536", "4", "5", "6", "7", "8"}, 0, "out-of-range sourceTransportPort '65536'"},
    {T, {"1", "2", "3", "4", "-1", "6", "7", "8"}, 0, "wrong-type protocolIdentifier '-1'"},
    {T,
     {"1", "2", "3", "4", "5", "9223372036854775808", "7", "8"},
     0,
     "too-large packetDeltaCount '9223372036854775808'"},
    {T, {"1", "2", "3", "4", "5", "6", "7.5", "8"}, 0, "wrong-type octetDeltaCount '7.5'"},
    {T, {"1", "2", "3", "4", "5", "6", "7", "4294967296"}, 0, "out-of-range flows '4294967296'"},
};

static void test_rows(void **state) {
    (void)state;
    const struct migration_table table = {.size = 600};
    struct flow_layout layout;
    layout_make(&layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t lengths[8];
        struct flow_record record;
        struct reject reject;
        uint64_t flows;
        char text[RECORD_TEXT_MAX];
        for (unsigned c = 0; c < 8; c++)
            lengths[c] = rows[i].columns[c] ? strlen(rows[i].columns[c]) : 0;
        if (migration_row(&table, &layout, rows[i].bucket, rows[i].columns, lengths, &record, &flows, &reject) == 0) {
            record_show(&layout, &record, text);
            assert_int_equal(flows, rows[i].flows);
        } else {
            reject_show(&reject, text);
        }
        assert_string_equal(text, rows[i].text);
    }
}

static void test_query(void **state) {
    (void)state;
    const struct migration_table table = {.size = 3600};
    struct flow_layout layout;
    struct buffer sql = BUFFER_INIT;
    layout_make(&layout, "destinationTransportPort,sourceIPv4Address", FLOW_LAYOUT_SUMS);
    migration_query(&table, &layout, &sql);
    assert_string_equal(sql.data, "SELECT destinationTransportPort, sourceIPv4Address, packetDeltaCount, "
                                  "octetDeltaCount, flows FROM flows_3600 WHERE bucket = ? "
                                  "ORDER BY destinationTransportPort, sourceIPv4Address");
    buffer_release(&sql);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_plans), cmocka_unit_test(test_parts_meet),
                                       cmocka_unit_test(test_a_damaged_plan_moves_nothing), cmocka_unit_test(test_rows),
                                       cmocka_unit_test(test_query)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
