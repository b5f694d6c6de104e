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

struct plan_case {
    const char *what;
    unsigned n;
    struct partition partitions[6];
    unsigned n_days;
    uint32_t days[4]; /* chosen */
    uint32_t last;    /* 0: the last of them */
    const char *sql;
};

static const struct plan_case cases[] = {
    {"the first day of a new table",
     1,
     {{"d19700101", DAY, false}},
     1,
     {NOV_23},
     0,
     "ALTER TABLE t ADD PARTITION (\n  PARTITION gap20261123 VALUES LESS THAN (1795392000),\n"
     "  PARTITION d20261123 VALUES LESS THAN (1795478400));\n"},
    {"tomorrow, and the day behind it",
     2,
     {{"gap", 1795392000, false}, {"d20261123", 1795478400, false}},
     2,
     {NOV_23 + 1, NOV_23 + 2},
     0,
     "ALTER TABLE t ADD PARTITION (\n  PARTITION d20261124 VALUES LESS THAN (1795564800),\n"
     "  PARTITION d20261125 VALUES LESS THAN (1795651200));\n"},
    {"the middle of a gap",
     3,
     {{"d19700101", DAY, false}, {"gap20261123", 1795392000, false}, {"d20261123", 1795478400, false}},
     1,
     {NOV_23 - 10},
     0,
     "ALTER TABLE t REORGANIZE PARTITION gap20261123 INTO (\n  PARTITION gap20261113 VALUES LESS THAN (1794528000),\n"
     "  PARTITION d20261113 VALUES LESS THAN (1794614400),\n  PARTITION gap20261123_2 VALUES LESS THAN "
     "(1795392000));\n"},
    {"the end of a gap",
     3,
     {{"d19700101", DAY, false}, {"gap20261123", 1795392000, false}, {"d20261123", 1795478400, false}},
     1,
     {NOV_23 - 1},
     0,
     "ALTER TABLE t REORGANIZE PARTITION gap20261123 INTO (\n  PARTITION gap20261122 VALUES LESS THAN (1795305600),\n"
     "  PARTITION d20261122 VALUES LESS THAN (1795392000));\n"},
    {"the beginning of a gap, and behind all",
     3,
     {{"d19700101", DAY, false}, {"gap20261123", 1795392000, false}, {"d20261123", 1795478400, false}},
     2,
     {1, NOV_23 + 2},
     0,
     "ALTER TABLE t REORGANIZE PARTITION gap20261123 INTO (\n  PARTITION d19700102 VALUES LESS THAN (172800),\n"
     "  PARTITION gap20261123_2 VALUES LESS THAN (1795392000));\n"
     "ALTER TABLE t ADD PARTITION (\n  PARTITION gap20261125 VALUES LESS THAN (1795564800),\n"
     "  PARTITION d20261125 VALUES LESS THAN (1795651200));\n"},
    {"before the first day that retention left",
     1,
     {{"d20261123", 1795478400, false}},
     1,
     {NOV_23 - 2},
     0,
     "ALTER TABLE t REORGANIZE PARTITION d20261123 INTO (\n  PARTITION gap20261121 VALUES LESS THAN (1795219200),\n"
     "  PARTITION d20261121 VALUES LESS THAN (1795305600),\n  PARTITION gap20261123 VALUES LESS THAN (1795392000),\n"
     "  PARTITION d20261123_2 VALUES LESS THAN (1795478400));\n"},
    {"a gap that was split off from one of its name",
     2,
     {{"gap20261123_2", 1795392000, false}, {"d20261123", 1795478400, false}},
     1,
     {1},
     0,
     "ALTER TABLE t REORGANIZE PARTITION gap20261123_2 INTO (\n  PARTITION gap19700102 VALUES LESS THAN (86400),\n"
     "  PARTITION d19700102 VALUES LESS THAN (172800),\n  PARTITION gap20261123 VALUES LESS THAN (1795392000));\n"},
    {"before a day of a second name, which is its own",
     1,
     {{"d20261123_2", 1795478400, false}},
     1,
     {NOV_23 - 1},
     0,
     "ALTER TABLE t REORGANIZE PARTITION d20261123_2 INTO (\n  PARTITION gap20261122 VALUES LESS THAN (1795305600),\n"
     "  PARTITION d20261122 VALUES LESS THAN (1795392000),\n  PARTITION d20261123 VALUES LESS THAN (1795478400));\n"},
    {"somebody's catch-all",
     2,
     {{"d19700101", DAY, false}, {"rest", UINT64_MAX, false}},
     1,
     {NOV_23},
     0,
     "ALTER TABLE t REORGANIZE PARTITION rest INTO (\n  PARTITION gap20261123 VALUES LESS THAN (1795392000),\n"
     "  PARTITION d20261123 VALUES LESS THAN (1795478400),\n  PARTITION rest_2 VALUES LESS THAN MAXVALUE);\n"},
    {"the last day there can be",
     1,
     {{"d19700101", DAY, false}},
     1,
     {PARTITION_DAYS - 1},
     0,
     "ALTER TABLE t ADD PARTITION (\n  PARTITION gap21060207 VALUES LESS THAN (4294944000),\n"
     "  PARTITION d21060207 VALUES LESS THAN (4295030400));\n"},
    {"the middle of a common partition that is full, and behind all",
     3,
     {{"d19700101", DAY, false}, {"gap20261123", 1795392000, true}, {"d20261123", 1795478400, false}},
     3,
     {NOV_23 - 10, NOV_23 - 9, NOV_23 + 1},
     0,
     "ALTER TABLE t ADD PARTITION (\n  PARTITION d20261124 VALUES LESS THAN (1795564800));\n"},
    {"one day, and a later one that was not chosen",
     1,
     {{"d20261123", 1795478400, false}},
     1,
     {NOV_23 + 2},
     20818,
     "ALTER TABLE t ADD PARTITION (\n  PARTITION gap20261125 VALUES LESS THAN (1795564800),\n"
     "  PARTITION d20261125 VALUES LESS THAN (1795651200),\n  PARTITION gap20270101 VALUES LESS THAN (1798761600));\n"},
    {"a later one alone",
     1,
     {{"d20261123", 1795478400, false}},
     0,
     {0},
     NOV_23 + 1,
     "ALTER TABLE t ADD PARTITION (\n  PARTITION gap20261125 VALUES LESS THAN (1795564800));\n"},
    {"none chosen, and all there",
     2,
     {{"gap20261123", 1795392000, false}, {"d20261123", 1795478400, false}},
     0,
     {0},
     NOV_23 - 5,
     ""},
};

static void missing_days_are_split_off(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer sql = BUFFER_INIT;
        const struct plan_case *plan = &cases[i];
        print_message("%s\n", plan->what);
        partition_plan("t", plan->partitions, plan->n, plan->days, plan->n_days,
                       plan->last ? plan->last : plan->days[plan->n_days - 1], &sql);
        assert_string_equal(sql.len ? sql.data : "", plan->sql);
        buffer_release(&sql);
    }
}

static void known_days_are_known(void **state) {
    static const struct partition partitions[] = {{"d19700101", DAY, false},
                                                  {"gap20261123", 1795392000, false},
                                                  {"d20261123", 1795478400, false},
                                                  {"odd", 1795478400 + 3600, false},
                                                  {"d20261125", 1795651200, false}};
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

struct choice {
    const char *what;
    unsigned n; /* partitions there are */
    uint32_t from, days, step, today;
    uint32_t first, chosen; /* a day, and how many from it on */
};

static const struct choice choices[] = {
    {"none", 1, NOV_23, 0, 1, NOV_23, 0, 0},
    {"all", 1, NOV_23 - 5, 10, 1, NOV_23, NOV_23 - 5, 10},
    {"the present is in their midst", 1, NOV_23 - 100, 200, 1, NOV_23, NOV_23 - 7, 16},
    {"the present is behind them", 1, 0, 8200, 1, NOV_23, 8200 - 16, 16},
    {"the present is before them", 1, NOV_23, 8200, 1, NOV_23 - 1, NOV_23, 16},
    {"every third", 1, NOV_23 - 300, 200, 3, NOV_23, NOV_23 - 21, 16},
    {"in a table of many, the last two", PARTITION_FAR_MAX - 4, 0, 100, 1, NOV_23, 98, 2},
    {"in one of more, none", PARTITION_FAR_MAX - 1, 0, 100, 1, NOV_23, 0, 0},
    {"but those near the present", PARTITION_FAR_MAX, NOV_23 - 100, 200, 1, NOV_23, NOV_23 - 7, 15},
    {"in one of an older version, too", PARTITION_MAX - 5, NOV_23 - 100, 200, 1, NOV_23, NOV_23, 2},
    {"unless it is full", PARTITION_MAX - 2, NOV_23, 1, 1, NOV_23, 0, 0},
};

static void few_days_nearest_to_the_present_are_chosen(void **state) {
    static uint32_t days[8200];
    (void)state;
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        const struct choice *choice = &choices[i];
        unsigned first;
        print_message("%s\n", choice->what);
        for (uint32_t day = 0; day < choice->days; day++)
            days[day] = choice->from + day * choice->step;
        assert_int_equal(partition_choose(choice->n, days, choice->days, choice->today, &first), choice->chosen);
        if (choice->chosen) assert_int_equal(days[first], choice->first);
    }
}

/* No plan ends in more than the server takes, and every day has a place in the end. */
static void there_are_at_most_8192(void **state) {
    static struct partition partitions[PARTITION_MAX];
    const uint32_t last = PARTITION_MAX + 99;
    struct buffer sql = BUFFER_INIT;
    (void)state;
    for (unsigned i = 0; i < PARTITION_MAX; i++)
        partitions[i] = (struct partition){"d", (uint64_t)(i + 1) * DAY, false};
    partition_plan("t", partitions, PARTITION_FAR_MAX, NULL, 0, last, &sql);
    assert_string_equal(sql.data, "ALTER TABLE t ADD PARTITION (\n  PARTITION gap21060208 VALUES LESS THAN "
                                  "(4295030400));\n");
    buffer_clear(&sql);
    partition_plan("t", partitions, PARTITION_MAX, NULL, 0, last, &sql);
    assert_string_equal(sql.data,
                        "ALTER TABLE t REORGANIZE PARTITION d INTO (\n  PARTITION gap21060208 VALUES LESS THAN "
                        "(4295030400));\n");
    buffer_release(&sql);
}

/* --- plans carried out on a table that is none --- */

struct model {
    unsigned n;
    struct partition partitions[PARTITION_MAX + 64];
};

static unsigned pieces_read(const char *sql, const char *end, struct partition *pieces) {
    unsigned n = 0;
    while ((sql = strstr(sql, "\n  PARTITION ")) && sql < end) {
        assert_int_equal(sscanf(sql, "\n  PARTITION %64s VALUES LESS THAN (%lu)", pieces[n].name, &pieces[n].end), 2);
        pieces[n++].full = false;
        sql++;
    }
    return n;
}

/* As the server does: ADD behind the last, REORGANIZE in the place of one; bounds go up, and names are unique. */
static void plan_apply(struct model *model, const char *sql) {
    static struct partition pieces[256];
    for (const char *end; sql && (end = strstr(sql, ";\n")); sql = end + 2) {
        char name[65];
        unsigned at = model->n, replaced = 0, n = pieces_read(sql, end, pieces);
        assert_in_range(n, 1, 200);
        if (sscanf(sql, "ALTER TABLE t REORGANIZE PARTITION %64s INTO", name) == 1) {
            replaced = 1;
            for (at = 0; strcmp(model->partitions[at].name, name) != 0; at++)
                assert_true(at + 1 < model->n);
            assert_true(pieces[n - 1].end == model->partitions[at].end || at + 1 == model->n);
            for (unsigned i = 0; i < n; i++) /* a server that is killed meanwhile could not open the table */
                assert_string_not_equal(pieces[i].name, name);
        }
        memmove(&model->partitions[at + n], &model->partitions[at + replaced],
                (model->n - at - replaced) * sizeof model->partitions[0]);
        memcpy(&model->partitions[at], pieces, n * sizeof pieces[0]);
        model->n += n - replaced;
        assert_true(model->n <= PARTITION_MAX);
        for (unsigned i = at > 0 ? at : 1; i < model->n && i <= at + n; i++)
            assert_true(model->partitions[i - 1].end < model->partitions[i].end);
    }
}

/* What an import of these days makes. */
static void days_import(struct model *model, const uint32_t *days, unsigned n, uint32_t today) {
    static struct partition_set known;
    struct buffer sql = BUFFER_INIT;
    uint32_t missing[32];
    unsigned first, n_missing = 0;
    memset(&known, 0, sizeof known);
    partition_known(model->partitions, model->n, &known);
    for (unsigned i = 0; i < n; i++)
        if (!partition_set_has(&known, days[i])) missing[n_missing++] = days[i];
    if (n_missing > 0) {
        unsigned chosen = partition_choose(model->n, missing, n_missing, today, &first);
        partition_plan("t", model->partitions, model->n, missing + first, chosen, missing[n_missing - 1], &sql);
        plan_apply(model, sql.data);
    }
    buffer_release(&sql);
    assert_true(partition_of(model->partitions, model->n, days[n - 1]) < model->n);
}

/* Every other day, split off from what they have in common; then thousands of days go by. */
static void no_path_leads_beyond_8192(void **state) {
    static struct model model = {2, {{"d19700101", DAY, false}, {"gap21000101", (uint64_t)47482 * DAY, false}}};
    static uint32_t days[20000];
    unsigned n_days = 0;
    (void)state;
    for (uint32_t day = 3; day < 40000; day += 2)
        days[n_days++] = day;
    for (unsigned done = 0, next; (next = partition_split_next(model.n, n_days - done)) > 0; done += next) {
        struct buffer sql = BUFFER_INIT;
        unsigned at = partition_of(model.partitions, model.n, days[done]);
        assert_int_equal(
            partition_common_days(&model.partitions[at], model.partitions[at - 1].end, days + done, n_days - done),
            n_days - done);
        partition_plan("t", model.partitions, model.n, days + done, next, days[done + next - 1], &sql);
        plan_apply(&model, sql.data);
        buffer_release(&sql);
    }
    assert_in_range(model.n, PARTITION_SPLIT_MAX - 1, PARTITION_SPLIT_MAX);
    for (uint32_t today = 20001; today < 26000; today++) {
        const uint32_t some[] = {today - 6001, today - 3, today - 1, today, today + 1};
        days_import(&model, some, 5, today);
    }
    assert_in_range(model.n, PARTITION_MAX - 2, PARTITION_MAX - 1); /* one is left for a common one behind all */
    days_import(&model, (const uint32_t[]){49000}, 1, 26000);
    days_import(&model, (const uint32_t[]){49500}, 1, 26000);
    assert_in_range(model.n, PARTITION_MAX - 1, PARTITION_MAX);
}

static const struct {
    const char *what;
    struct partition partition;
    uint64_t start;
    unsigned n;
    uint32_t days[6];
    unsigned left;
    uint32_t common[6];
} common[] = {
    {"a day's own", {"d19700111", 11 * DAY, false}, 10 * DAY, 1, {10}, 0, {0}},
    {"a day's whatever its name", {"p7", 11 * DAY, false}, 10 * DAY, 1, {10}, 0, {0}},
    {"those before a day in its partition", {"d19700111", 11 * DAY, false}, 8 * DAY, 3, {8, 9, 10}, 2, {8, 9}},
    {"all of a gap", {"gap19700111", 11 * DAY, false}, 8 * DAY, 2, {8, 10}, 2, {8, 10}},
    {"not those about odd bounds", {"p", 11 * DAY - 1, false}, 8 * DAY + 1, 3, {8, 9, 10}, 1, {9}},
    {"of one without an end", {"rest", UINT64_MAX, false}, 8 * DAY, 2, {8, 49709}, 2, {8, 49709}},
};

static void common_days_are_split_off(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++) {
        uint32_t days[6];
        memcpy(days, common[i].days, sizeof days);
        print_message("%s\n", common[i].what);
        assert_int_equal(partition_common_days(&common[i].partition, common[i].start, days, common[i].n),
                         common[i].left);
        assert_memory_equal(days, common[i].common, common[i].left * sizeof days[0]);
    }
    assert_int_equal(partition_split_next(2, 3), 3);
    assert_int_equal(partition_split_next(2, 300), PARTITION_SPLIT);
    assert_int_equal(partition_split_next(PARTITION_SPLIT_MAX - 5, 300), 2);
    assert_int_equal(partition_split_next(PARTITION_SPLIT_MAX - 1, 300), 0);
    assert_int_equal(partition_split_next(PARTITION_MAX, 300), 0);
}

static void a_day_is_found_in_its_partition(void **state) {
    static const struct partition partitions[] = {{"d19700101", DAY, false}, {"gap19700111", 10 * DAY, false}};
    (void)state;
    assert_int_equal(partition_of(partitions, 2, 0), 0);
    assert_int_equal(partition_of(partitions, 2, 1), 1);
    assert_int_equal(partition_of(partitions, 2, 9), 1);
    assert_int_equal(partition_of(partitions, 2, 10), 2);
}

static void errors_say_whether_to_try_again(void **state) {
    static const struct {
        unsigned code;
        const char *sqlstate;
        enum store_status status;
        const char *text, *variable;
    } errors[] = {
        {1197, "HY000", STORE_TOO_LARGE, "", "max_binlog_cache_size"},
        {1206, "HY000", STORE_TOO_LARGE, "", "innodb_buffer_pool_size"},
        {1534, "HY000", STORE_TOO_LARGE, "", "max_binlog_cache_size"},
        {1705, "HY000", STORE_TOO_LARGE, "", "max_binlog_stmt_cache_size"},
        {3100, "HY000", STORE_TOO_LARGE, "", "group_replication_transaction_size_limit"},
        {1105, "HY000", STORE_TOO_LARGE, "Maximum writeset size exceeded", "wsrep_max_ws_size"},
        {1180, "HY000", STORE_TOO_LARGE, "Got error 90 \"Message too long\" during COMMIT", "wsrep_max_ws_size"},
        {1105, "HY000", STORE_RETRY, "Information schema is changed", NULL},
        {1180, "HY000", STORE_RETRY, "Got error 28 during COMMIT", NULL},
        {3, "HY000", STORE_RETRY, "Error writing file", NULL},
        {20, "HY000", STORE_RETRY, "Disk is full", NULL},
        {28, "HY000", STORE_RETRY, "", NULL},
        {3675, "HY000", STORE_RETRY, "", NULL},
        {1026, "HY000", STORE_RETRY, "", NULL},
        {0, "00000", STORE_OK, "", NULL},
        {1213, "40001", STORE_RETRY, "", NULL},
        {1205, "HY000", STORE_RETRY, "", NULL},
        {2006, "HY000", STORE_RETRY, "", NULL},
        {2013, "HY000", STORE_RETRY, "", NULL},
        {2002, "HY000", STORE_RETRY, "", NULL},
        {1053, "08S01", STORE_RETRY, "", NULL},
        {1040, "08004", STORE_RETRY, "", NULL},
        {1021, "HY000", STORE_RETRY, "", NULL},
        {1114, "HY000", STORE_RETRY, "", NULL},
        {1290, "HY000", STORE_RETRY, "", NULL},
        {1836, "HY000", STORE_RETRY, "", NULL},
        {1526, "HY000", STORE_RETRY, "", NULL},
        {1305, "42000", STORE_RETRY, "SAVEPOINT generation does not exist", NULL},
        {1305, "42000", STORE_REFUSED, "PROCEDURE flows.x does not exist", NULL},
        {1062, "23000", STORE_TAKEN, "", NULL},
        {1045, "28000", STORE_REFUSED, "", NULL},
        {1044, "42000", STORE_REFUSED, "", NULL},
        {1049, "42000", STORE_REFUSED, "", NULL},
        {3159, "08004", STORE_REFUSED, "", NULL},
        {2061, "HY000", STORE_REFUSED, "", NULL},
        {1142, "42000", STORE_REFUSED, "", NULL},
        {1146, "42S02", STORE_REFUSED, "", NULL},
        {1264, "22003", STORE_REFUSED, "", NULL},
        {1153, "08S01", STORE_RETRY, "", NULL},
        {2020, "HY000", STORE_RETRY, "", NULL},
        {9999, "40001", STORE_RETRY, "", NULL},
        {9999, "HY000", STORE_REFUSED, "", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        print_message("%u\n", errors[i].code);
        assert_int_equal(mysql_status(errors[i].code, errors[i].sqlstate, errors[i].text), errors[i].status);
        if (errors[i].variable) assert_null(mysql_remedy(errors[i].code, errors[i].text));
        const char *variable = mysql_size_variable(errors[i].code, errors[i].text);
        assert_string_equal(variable ? variable : "", errors[i].variable ? errors[i].variable : "");
    }
}

static void what_another_server_may_do(void **state) {
    static const unsigned codes[] = {1047, 1290, 1836};
    (void)state;
    for (unsigned code = 0, n = 0; code < 10000; code++) {
        bool expected = n < sizeof codes / sizeof codes[0] && codes[n] == code;
        assert_int_equal(mysql_is_of_node(code), expected);
        assert_int_equal(mysql_is_of_hook(code), code == 3100);
        n += expected;
    }
}

static void what_another_connection_may_do(void **state) {
    static const unsigned codes[] = {1044, 1142, 1143, 1227};
    (void)state;
    for (unsigned code = 0, n = 0; code < 10000; code++) {
        bool expected = n < sizeof codes / sizeof codes[0] && codes[n] == code;
        assert_int_equal(mysql_is_denied(code), expected);
        n += expected;
    }
}

static void errors_name_their_remedy(void **state) {
    struct error error;
    (void)state;
    mysql_error_show(&error, "flows_600_data", 1142, "CREATE command denied to user 'x'@'y'");
    assert_string_equal(error.text, "flows_600_data: CREATE command denied to user 'x'@'y' (error 1142); fix: run "
                                    "flowimport schema install as a user that may create tables");
    mysql_error_show(&error, "a", 1142, "SELECT command denied");
    assert_string_equal(error.text, "a: SELECT command denied (error 1142)");
    static const char *const writes[] = {"ALTER command denied", "INSERT command denied", "UPDATE command denied"};
    for (unsigned i = 0; i < sizeof writes / sizeof writes[0]; i++)
        assert_string_equal(mysql_remedy(1142, writes[i]),
                            "GRANT SELECT, INSERT, UPDATE, ALTER on the database to this account");
    mysql_error_show(&error, "a", 1197, "too large");
    assert_string_equal(error.text, "a: too large (error 1197); the server's limit is max_binlog_cache_size");
    assert_non_null(strstr(mysql_remedy(2061, ""), "?get-server-public-key=yes"));
    assert_non_null(strstr(mysql_remedy(3159, ""), "?tls=required"));
    assert_non_null(strstr(mysql_remedy(1932, ""), "restore the table"));
    assert_non_null(strstr(mysql_remedy(1050, ""), "DROP TABLE"));
    assert_null(mysql_remedy(1205, ""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_days_are_split_off),
        cmocka_unit_test(known_days_are_known),
        cmocka_unit_test(few_days_nearest_to_the_present_are_chosen),
        cmocka_unit_test(a_day_is_found_in_its_partition),
        cmocka_unit_test(what_another_server_may_do),
        cmocka_unit_test(what_another_connection_may_do),
        cmocka_unit_test(errors_name_their_remedy),
        cmocka_unit_test(there_are_at_most_8192),
        cmocka_unit_test(no_path_leads_beyond_8192),
        cmocka_unit_test(common_days_are_split_off),
        cmocka_unit_test(errors_say_whether_to_try_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
