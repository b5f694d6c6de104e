/* How other programs' tables are asked for their rows, and where the reading of one is. */
#include "files/source_table.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { ROW = 2 }; /* columns */

static void query_is(const struct source_table *table, int64_t begin, const char *expected) {
    struct buffer sql = BUFFER_INIT;
    source_table_query(table, begin, &sql);
    assert_string_equal(sql.data, expected);
    buffer_release(&sql);
}

static void test_query(void **state) {
    struct source_table table = {.name = "odd `name"};
    (void)state;
    source_table_add(&table, "srcIP", "`srcIP`");
    source_table_add(&table, "exporterIPv4Address", "(SELECT 1)");
    query_is(&table, 7, "SELECT `srcIP`, (SELECT 1) FROM `odd ``name` USE INDEX ()");
    strcpy(table.key, "`autoid`");
    query_is(&table, 7, "SELECT `autoid`, `srcIP`, (SELECT 1) FROM `odd ``name` WHERE `autoid` > 7 ORDER BY `autoid`");
    assert_true(source_table_has(&table, "SRCIP"));
    assert_false(source_table_has(&table, "src"));
}

static void test_columns_without_room(void **state) {
    struct source_table table = {.n = 0};
    (void)state;
    for (unsigned i = 0; i < SOURCE_COLUMNS_MAX + 3; i++)
        source_table_add(&table, "x", "`x`");
    assert_int_equal(table.n, SOURCE_COLUMNS_MAX);
}

static int64_t position_of(const struct source_table *table, const char *const rows[][ROW], unsigned n) {
    struct source_place place = {.rows = 0};
    int64_t before = 0;
    for (unsigned i = 0; i < n; i++) {
        size_t lengths[ROW];
        for (unsigned column = 0; column < ROW; column++)
            lengths[column] = rows[i][column] ? strlen(rows[i][column]) : 0;
        source_place_next(&place, table, ROW, rows[i], lengths);
        assert_int_equal(place.rows, i + 1);
        assert_true(place.position > before);
        before = place.position;
    }
    return place.position;
}

static void test_positions_by_key(void **state) {
    static const char *const rows[][ROW] = {{"3", "a"}, {"4", "a"}, {"9223372036854775807", NULL}};
    const struct source_table table = {.key = "`autoid`"};
    (void)state;
    assert_int_equal(position_of(&table, rows, 2), 4);
    assert_int_equal(position_of(&table, rows, 3), INT64_MAX);
}

static void test_positions_by_rows(void **state) {
    static const char *const rows[][ROW] = {{"1", "23"}, {"4", "5"}}, *const others[][2][ROW] = {
                                                                          {{"12", "3"}, {"4", "5"}},
                                                                          {{"1", "23"}, {"4", "6"}},
                                                                          {{"4", "5"}, {"1", "23"}},
                                                                          {{"1", "23"}, {"4", ""}},
                                                                          {{"1", "23"}, {"4", NULL}},
                                                                          {{"1", "23"}, {NULL, "4"}},
                                                                      };
    const struct source_table table = {.n = 0};
    int64_t position = position_of(&table, rows, 2);
    (void)state;
    assert_int_equal(source_position_rows(position), 2);
    assert_int_equal(source_position_rows(0), 0);
    assert_int_equal(position, position_of(&table, rows, 2));
    for (unsigned i = 0; i < sizeof others / sizeof others[0]; i++) {
        int64_t other = position_of(&table, others[i], 2);
        assert_int_equal(source_position_rows(other), 2);
        assert_true(other != position);
        for (unsigned j = 0; j < i; j++)
            assert_true(other != position_of(&table, others[j], 2));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_columns_without_room),
        cmocka_unit_test(test_positions_by_key),
        cmocka_unit_test(test_positions_by_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
