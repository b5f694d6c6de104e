/* Retention: the rules, the preview, and a run in slices. T0 is 2023-11-14T22:20Z: most flows are of that day, one is
 * of the next. */
#include "store_env.h"

#include <unistd.h>

#include "store/retention/retention.h"

enum { DAY = 86400, TODAY = T0 - T0 % DAY };

static const struct retention_rules a_day = {.n = 1, .sizes = {600}, .keep = {DAY}};

static void slices_run(struct env *env, const struct retention_rules *rules, int64_t at, unsigned limit,
                       unsigned expected) {
    struct retention_run_state run = {.at = at};
    struct error error = {""};
    unsigned n = 0;
    for (bool more = true; more; n++)
        if (retention_slice(env->store, &env->schema, rules, &run, limit, &more, &error) != STORE_OK)
            fail_msg("%s", error.text);
    assert_int_equal(n, expected);
}

static void rules_are_shown(void **state) {
    struct retention_rules rules = {.n = 3, .sizes = {60, 600, 3600}, .keep = {2 * DAY, 90061, 730 * DAY}};
    struct buffer text = BUFFER_INIT;
    (void)state;
    retention_rules_show(&rules, &text);
    assert_string_equal(text.data, "60=2d, 600=90061s, 3600=2y");
    buffer_clear(&text);
    rules.max_size = 1536LL << 20;
    rules.n = 1;
    retention_rules_show(&rules, &text);
    assert_string_equal(text.data, "60=2d; at most 1536M");
    buffer_clear(&text);
    rules = (struct retention_rules){.max_size = 1001};
    retention_rules_show(&rules, &text);
    assert_string_equal(text.data, "at most 1001 bytes");
    buffer_clear(&text);
    rules.max_size = 0;
    retention_rules_show(&rules, &text);
    assert_string_equal(text.data, "everything is kept");
    buffer_release(&text);
}

static void rules_are_kept_in_the_store(void **state) {
    struct retention_rules rules = {.n = 2, .sizes = {3600, 60}, .keep = {9 * DAY, DAY}, .max_size = 5}, read;
    struct error error;
    struct env env;
    bool changed;
    (void)state;
    env_init(&env, "memory:");
    assert_int_equal(retention_rules_read(env.store, &read, &error), STORE_OK);
    assert_true(retention_is_off(&read));
    assert_int_equal(retention_rules_write(env.store, &rules, &changed, &error), STORE_OK);
    assert_true(changed);
    assert_int_equal(retention_rules_write(env.store, &rules, &changed, &error), STORE_OK);
    assert_false(changed);
    assert_int_equal(retention_rules_read(env.store, &read, &error), STORE_OK);
    assert_true(retention_rules_equal(&rules, &read)); /* whatever their order */
    assert_query(&env, "SELECT * FROM flowimport_retention", "60|86400\n3600|777600\n");
    rules = (struct retention_rules){.n = 1, .sizes = {60}, .keep = {DAY}};
    assert_int_equal(retention_rules_write(env.store, &rules, &changed, &error), STORE_OK);
    assert_true(changed);
    assert_query(&env, "SELECT * FROM flowimport_retention", "60|86400\n");
    assert_query(&env, "SELECT COUNT(*) FROM flowimport_schema WHERE name = 'max_size'", "0\n");
    env_release(&env);
}

/* A day goes when its last bucket began longer ago than the time: not a second earlier. */
static void days_expire_whole(void **state) {
    struct retention_plan plan;
    struct error error;
    struct env env;
    (void)state;
    env_init(&env, "memory:");
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    assert_int_equal(retention_plan(env.store, &env.schema, &a_day, TODAY + 2 * DAY - 1, &plan, &error), STORE_OK);
    assert_int_equal(plan.n, 0);
    slices_run(&env, &a_day, TODAY + 2 * DAY - 1, 100, 1);
    assert_query(&env, "SELECT COUNT(*) FROM flows_600", "4\n");
    assert_int_equal(retention_plan(env.store, &env.schema, &a_day, TODAY + 2 * DAY, &plan, &error), STORE_OK);
    assert_int_equal(plan.n, 6); /* every table of 600 s */
    for (unsigned i = 0; i < plan.n; i++) {
        const struct retention_drop *drop = &plan.drops[i];
        uint64_t rows = strcmp(drop->table->name, "flows_600") == 0 ? 3 : drop->rows;
        assert_int_equal(drop->table->bucket_size, 600);
        assert_int_equal(drop->first, TODAY);
        assert_int_equal(drop->cutoff, TODAY + DAY);
        assert_int_equal(drop->rows, rows);
    }
    slices_run(&env, &a_day, TODAY + 2 * DAY, 100, 2);
    assert_query(&env, "SELECT bucket FROM flows_600", "1700086800\n");
    assert_query(&env, "SELECT COUNT(*) FROM flows6_600", "0\n");
    assert_query(&env, "SELECT COUNT(*) FROM flows_60", "5\n");
    assert_query(&env, "SELECT value FROM flowimport_schema WHERE name = 'size_600_expired'", "1700006400\n");
    env_release(&env);
}

/* No transaction deletes more rows than it may, and between two of them the audit finds no difference. */
static void slices_are_small(void **state) {
    struct retention_run_state run = {.at = TODAY + 2 * DAY};
    struct audit_result result;
    struct error error = {""};
    struct env env;
    int64_t rows = 0, before;
    bool more = true;
    (void)state;
    env_init(&env, "memory:");
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    for (unsigned i = 0; i < env.schema.n_tables; i++) {
        char sql[160];
        struct buffer text = BUFFER_INIT;
        if (env.schema.tables[i].bucket_size != 600) continue;
        snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM %s WHERE bucket < %d", env.schema.tables[i].data, TODAY + DAY);
        assert_int_equal(store_query(env.store, sql, NULL, 0, text_row, &text, &error), STORE_OK);
        rows += atoi(text.data);
        buffer_release(&text);
    }
    assert_true(rows > 20);
    unsigned n = 0;
    for (; more; n++) {
        struct buffer text = BUFFER_INIT;
        assert_int_equal(retention_slice(env.store, &env.schema, &a_day, &run, 3, &more, &error), STORE_OK);
        assert_int_equal(
            store_query(env.store, "SELECT COALESCE(SUM(n_rows), 0) FROM flowimport_retention_log WHERE what = 'drop'",
                        NULL, 0, text_row, &text, &error),
            STORE_OK);
        before = n * 3;
        assert_int_equal(atoi(text.data), before + 3 < rows ? before + 3 : rows);
        assert_int_equal(audit_run(env.store, &env.schema, 0, 0, &result, &error), STORE_OK);
        assert_string_equal(result.first, "");
        buffer_release(&text);
        assert_query(&env, "SELECT error FROM flowimport_retention_log WHERE what = 'run'",
                     more ? "it was broken off\n" : "-\n");
    }
    assert_int_equal(n, (rows + 2) / 3 + 1); /* the last finds nothing left */
    env_release(&env);
}

static void max_size_spares_today(void **state) {
    struct retention_rules rules = {.max_size = 1};
    struct env env;
    (void)state;
    env_init(&env, "memory:");
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    slices_run(&env, &rules, TODAY + DAY + 100, 1000, 3); /* sees the size, deletes a day, sees the size */
    assert_query(&env, "SELECT bucket FROM flows_600", "1700086800\n");
    assert_query(&env, "SELECT bucket FROM flows_60", "1700086800\n");
    assert_query(&env,
                 "SELECT object, error LIKE 'the tables take % bytes of 1, and no full day is left%' "
                 "FROM flowimport_retention_log WHERE what = 'error'",
                 "max_size|1\n");
    env_release(&env);
}

/* SQLite's write-ahead log counts where it can't be emptied before the run: beside a reader that holds it. */
static void max_size_counts_the_write_ahead_log(void **state) {
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    enum { SLACK = 10 * 4096 };
    char folder[] = "/tmp/flowimport-test-XXXXXX", url[96], file[96];
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(url, sizeof url, "sqlite:%s/flows.db", folder);
    for (unsigned held = 0; held < 2; held++) {
        struct retention_rules rules = {.max_size = UINT64_MAX};
        struct retention_plan before, after;
        struct error error = {""};
        struct env env;
        struct store *reader = NULL;
        env_init(&env, url);
        struct store_config config = {.url = url, .read_only = true};
        generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
        store_idle(env.store);
        assert_int_equal(retention_plan(env.store, &env.schema, &rules, TODAY + DAY, &before, &error), STORE_OK);
        assert_int_equal(store_open(&reader, &config, &env.schema, &error), STORE_OK);
        assert_int_equal(store_snapshot_begin(reader, &error), STORE_OK);
        assert_int_equal(store_query(reader, "SELECT COUNT(*) FROM loss", NULL, 0, NULL, NULL, &error), STORE_OK);
        generation_write(&env, "a", 2, test_flows, TEST_FLOWS);
        assert_int_equal(retention_plan(env.store, &env.schema, &rules, TODAY + DAY, &after, &error), STORE_OK);
        assert_true(after.size > before.size + SLACK);
        if (!held) store_close(reader);
        rules.max_size = before.size + SLACK;
        slices_run(&env, &rules, TODAY + DAY, 1000, held ? 3 : 1); /* sees the size, deletes a day, sees the size */
        assert_query(&env, "SELECT COUNT(*) FROM flows_600", held ? "1\n" : "4\n");
        if (held) store_close(reader);
        env_release(&env);
        for (unsigned i = 0; i < 3; i++) {
            snprintf(file, sizeof file, "%s/flows.db%s", folder, suffixes[i]);
            unlink(file);
        }
    }
    assert_int_equal(rmdir(folder), 0);
}

static void the_log_is_kept_for_a_while(void **state) {
    struct env env;
    (void)state;
    env_init(&env, "memory:");
    slices_run(&env, &a_day, TODAY, 1000, 1);
    slices_run(&env, &a_day, TODAY, 1000, 1); /* at the same time: another line */
    slices_run(&env, &a_day, TODAY + RETENTION_LOG_DAYS * DAY, 1000, 1);
    assert_query(&env, "SELECT run_at - 1699920000, number FROM flowimport_retention_log", "0|1\n0|2\n7776000|1\n");
    slices_run(&env, &a_day, TODAY + RETENTION_LOG_DAYS * DAY + 1, 1000, 1);
    assert_query(&env, "SELECT run_at - 1699920000 FROM flowimport_retention_log", "7776000\n7776001\n");
    env_release(&env);
}

/* As long as the size that is kept longest; for ever where one is. */
static void loss_expires_last(void **state) {
    static const struct retention_rules rules[] = {{.n = 1, .sizes = {60}, .keep = {DAY}},
                                                   {.n = 2, .sizes = {60, 600}, .keep = {DAY, 3 * DAY}}};
    struct error error;
    struct env env;
    (void)state;
    env_init(&env, "memory:");
    for (int day = -4; day <= 0; day++) {
        const struct store_param bucket = store_integer(TODAY + day * DAY);
        assert_int_equal(
            store_query(env.store, "INSERT INTO loss VALUES (?, 'a', 'flows', 1)", &bucket, 1, NULL, NULL, &error),
            STORE_OK);
    }
    slices_run(&env, &rules[0], TODAY, 1000, 1);
    assert_query(&env, "SELECT COUNT(*) FROM loss", "5\n");
    slices_run(&env, &rules[1], TODAY, 1000, 1);
    assert_query(&env, "SELECT MIN(bucket) FROM loss", "1699660800\n");
    env_release(&env);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_are_shown),
        cmocka_unit_test(rules_are_kept_in_the_store),
        cmocka_unit_test(days_expire_whole),
        cmocka_unit_test(slices_are_small),
        cmocka_unit_test(max_size_spares_today),
        cmocka_unit_test(max_size_counts_the_write_ahead_log),
        cmocka_unit_test(the_log_is_kept_for_a_while),
        cmocka_unit_test(loss_expires_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
