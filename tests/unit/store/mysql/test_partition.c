/* Which partitions are made for which days, and what MySQL's errors mean: all that needs no server. */
#include "store/mysql/partition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/mysql/error_code.h"

enum { DAY = 86400, NOV_23 = 20780 }; /* 2026-11-23 */

static const struct partition first = {"d19700101", DAY};

struct plan_case {
    const char *what;
    unsigned n;
    struct partition partitions[6];
    unsigned n_days;
    uint32_t days[4];
    const char *sql;
};

static const struct plan_case cases[] = {
    {"the first day of a new table",
     1,
     {{"d19700101", DAY}},
     1,
     {NOV_23},
     "ALTER TABLE t ADD PARTITION (\n  PARTITION gap20261123 VALUES LESS THAN (1795392000),\n"
     "  PARTITION d20261123 VALUES LESS THAN (1795478400));\n"},
    {"tomorrow, and the day behind it",
     2,
     {{"gap", 1795392000}, {"d20261123", 1795478400}},
     2,
     {NOV_23 + 1, NOV_23 + 2},
     "ALTER TABLE t ADD PARTITION (\n  PARTITION d20261124 VALUES LESS THAN (1795564800),\n"
     "  PARTITION d20261125 VALUES LESS THAN (1795651200));\n"},
    {"the middle of a gap",
     3,
     {{"d19700101", DAY}, {"gap20261123", 1795392000}, {"d20261123", 1795478400}},
     1,
     {NOV_23 - 10},
     "ALTER TABLE t REORGANIZE PARTITION gap20261123 INTO (\n  PARTITION gap20261113 VALUES LESS THAN (1794528000),\n"
     "  PARTITION d20261113 VALUES LESS THAN (1794614400),\n  PARTITION gap20261123 VALUES LESS THAN (1795392000));\n"},
    {"the end of a gap",
     3,
     {{"d19700101", DAY}, {"gap20261123", 1795392000}, {"d20261123", 1795478400}},
     1,
     {NOV_23 - 1},
     "ALTER TABLE t REORGANIZE PARTITION gap20261123 INTO (\n  PARTITION gap20261122 VALUES LESS THAN (1795305600),\n"
     "  PARTITION d20261122 VALUES LESS THAN (1795392000));\n"},
    {"the beginning of a gap, and behind all",
     3,
     {{"d19700101", DAY}, {"gap20261123", 1795392000}, {"d20261123", 1795478400}},
     2,
     {1, NOV_23 + 2},
     "ALTER TABLE t REORGANIZE PARTITION gap20261123 INTO (\n  PARTITION d19700102 VALUES LESS THAN (172800),\n"
     "  PARTITION gap20261123 VALUES LESS THAN (1795392000));\n"
     "ALTER TABLE t ADD PARTITION (\n  PARTITION gap20261125 VALUES LESS THAN (1795564800),\n"
     "  PARTITION d20261125 VALUES LESS THAN (1795651200));\n"},
    {"before the first day that retention left",
     1,
     {{"d20261123", 1795478400}},
     1,
     {NOV_23 - 2},
     "ALTER TABLE t REORGANIZE PARTITION d20261123 INTO (\n  PARTITION gap20261121 VALUES LESS THAN (1795219200),\n"
     "  PARTITION d20261121 VALUES LESS THAN (1795305600),\n  PARTITION gap20261123 VALUES LESS THAN (1795392000),\n"
     "  PARTITION d20261123 VALUES LESS THAN (1795478400));\n"},
    {"somebody's catch-all",
     2,
     {{"d19700101", DAY}, {"rest", UINT64_MAX}},
     1,
     {NOV_23},
     "ALTER TABLE t REORGANIZE PARTITION rest INTO (\n  PARTITION gap20261123 VALUES LESS THAN (1795392000),\n"
     "  PARTITION d20261123 VALUES LESS THAN (1795478400),\n  PARTITION rest VALUES LESS THAN MAXVALUE);\n"},
    {"the last day there can be",
     1,
     {{"d19700101", DAY}},
     1,
     {PARTITION_DAYS - 1},
     "ALTER TABLE t ADD PARTITION (\n  PARTITION gap21060207 VALUES LESS THAN (4294944000),\n"
     "  PARTITION d21060207 VALUES LESS THAN (4295030400));\n"},
};

static void missing_days_are_split_off(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer sql = BUFFER_INIT;
        struct error error = {""};
        print_message("%s\n", cases[i].what);
        assert_int_equal(
            partition_plan("t", cases[i].partitions, cases[i].n, cases[i].days, cases[i].n_days, &sql, &error), 0);
        assert_string_equal(sql.data, cases[i].sql);
        buffer_release(&sql);
    }
}

static void known_days_are_known(void **state) {
    static const struct partition partitions[] = {{"d19700101", DAY},
                                                  {"gap20261123", 1795392000},
                                                  {"d20261123", 1795478400},
                                                  {"odd", 1795478400 + 3600},
                                                  {"d20261125", 1795651200}};
    struct partition_set known = {{0}};
    (void)state;
    partition_known(partitions, 5, &known);
    assert_true(partition_set_has(&known, 0));
    assert_false(partition_set_has(&known, 1));
    assert_false(partition_set_has(&known, NOV_23 - 1));
    assert_true(partition_set_has(&known, NOV_23));
    assert_true(partition_set_has(&known, NOV_23 + 1)); /* a bound within it: left as it is */
    assert_true(partition_set_has(&known, NOV_23 + 2));
    assert_false(partition_set_has(&known, NOV_23 + 3));
}

static void there_are_at_most_8192(void **state) {
    static uint32_t days[PARTITION_MAX];
    struct buffer sql = BUFFER_INIT;
    struct error error = {""};
    (void)state;
    for (unsigned i = 0; i < PARTITION_MAX; i++)
        days[i] = i + 1;
    assert_int_equal(partition_plan("t", &first, 1, days, PARTITION_MAX - 1, &sql, &error), 0);
    assert_int_equal(partition_plan("t", &first, 1, days, PARTITION_MAX, &sql, &error), -1);
    assert_string_equal(error.text, "t: too many partitions, 8193 of at most 8192: it has 1, and 8192 more days must "
                                    "be written; drop old ones (retention), or refuse old flows (max_flow_age)");
    buffer_release(&sql);
}

static void errors_say_whether_to_try_again(void **state) {
    static const struct {
        unsigned code;
        const char *sqlstate;
        enum store_status status;
    } errors[] = {
        {0, "00000", STORE_OK},         {1213, "40001", STORE_RETRY},   {1205, "HY000", STORE_RETRY},
        {2006, "HY000", STORE_RETRY},   {2013, "HY000", STORE_RETRY},   {2002, "HY000", STORE_RETRY},
        {1053, "08S01", STORE_RETRY},   {1040, "08004", STORE_RETRY},   {1021, "HY000", STORE_RETRY},
        {1114, "HY000", STORE_RETRY},   {1290, "HY000", STORE_RETRY},   {1836, "HY000", STORE_RETRY},
        {1526, "HY000", STORE_RETRY},   {1062, "23000", STORE_TAKEN},   {1045, "28000", STORE_REFUSED},
        {1044, "42000", STORE_REFUSED}, {1049, "42000", STORE_REFUSED}, {1142, "42000", STORE_REFUSED},
        {1146, "42S02", STORE_REFUSED}, {1264, "22003", STORE_REFUSED}, {1153, "08S01", STORE_RETRY},
        {2020, "HY000", STORE_REFUSED}, {9999, "40001", STORE_RETRY},   {9999, "HY000", STORE_REFUSED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        print_message("%u\n", errors[i].code);
        assert_int_equal(mysql_status(errors[i].code, errors[i].sqlstate), errors[i].status);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_days_are_split_off),
        cmocka_unit_test(known_days_are_known),
        cmocka_unit_test(there_are_at_most_8192),
        cmocka_unit_test(errors_say_whether_to_try_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
