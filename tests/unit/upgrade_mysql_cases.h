/* What an upgrade to other roll-ups must do beside importers of the same server, as cmocka tests that the program of
 * MySQL's store includes: it defines how a statement is run as its administrator. */
#ifndef FLOWIMPORT_TESTS_UPGRADE_MYSQL_CASES_H
#define FLOWIMPORT_TESTS_UPGRADE_MYSQL_CASES_H

#include <pthread.h>

#include "query_cases.h"
#include "upgrade_cases.h"

static void admin_run(const char *sql);

static void any_query_is_exact_with_rollups(void **state) {
    world_rollups = "1d: src dst proto service; 1h: dst src service; 1h: service";
    any_query_is_exact(state);
    world_rollups = ROLLUPS_NONE;
}

/* Importers that write all the time, each to rows of its own and to those of others, while the store is upgraded. */
static void *rollups_write(void *context) {
    struct other *writer = context;
    for (int64_t generation = 1; generation <= 40; generation++) {
        struct test_flow flows[8];
        enum store_status status = STORE_RETRY;
        for (unsigned i = 0; i < 8; i++) {
            flows[i] = test_flows[i % TEST_FLOWS];
            flows[i].bucket = QUERY_START + 86400 * (uint32_t)(i % 3) + 60 * (uint32_t)(generation % 30);
            flows[i].source = (uint8_t)(generation * 8 + i);
        }
        struct ledger_row row = ledger_make("busy", generation, flows, 8);
        for (unsigned try = 0; status == STORE_RETRY && try < 50; try++) {
            generation_put(&writer->env, &row, flows, 8);
            status = store_commit(writer->env.store, &writer->error);
        }
        if (status != STORE_OK) return writer;
    }
    return NULL;
}

static void an_upgrade_beside_a_busy_importer(void **state) {
    struct world world;
    struct other other, writer;
    struct upgrade_result result;
    pthread_t thread;
    void *failed;
    (void)state;
    world_init(&world, world_sizes, 4);
    assert_int_equal(other_open(&other, &world, upgrade_wanted, true), STORE_OK);
    assert_int_equal(other_open(&writer, &world, upgrade_wanted, false), STORE_OK);
    assert_int_equal(pthread_create(&thread, NULL, rollups_write, &writer), 0);
    for (unsigned i = 0; i < 10; i++) {
        if (upgrade_run(other.env.store, &other.env.schema, 1700001000, NULL, NULL, &result, &other.error) != STORE_OK)
            fail_msg("%s", other.error.text);
        assert_run(&other.env, "REPLACE INTO flowimport_schema (name, value) VALUES "
                               "('rollup_proto_service_3600_from', '4294944000'), "
                               "('rollup_src_dst_proto_service_86400_from', '4294944000')");
    }
    assert_int_equal(pthread_join(thread, &failed), 0);
    if (failed) fail_msg("%s", writer.error.text);
    assert_run(&other.env, "DELETE FROM flowimport_schema WHERE name LIKE 'rollup%from'");
    audit_is_clean(&other.env); /* what the last round has filled, and what was written since */
    name_book_drop(world.book);
    env_release(&writer.env);
    env_release(&other.env);
    env_release(&world.env);
}

/* Also in a store of an older version, which says nothing of roll-ups: nothing of it could be left out of the filling.
 */
static void an_upgrade_waits_for_a_generation(void **state) {
    struct world world;
    struct other other;
    struct error error = {""};
    (void)state;
    world_init(&world, world_sizes, 4);
    assert_run(&world.env, "DELETE FROM flowimport_schema WHERE name = 'rollups'");
    struct ledger_row row = ledger_make("slow", 1, world.flows, 8);
    generation_put(&world.env, &row, world.flows, 8);
    admin_run("SET GLOBAL innodb_lock_wait_timeout = 1");
    assert_int_equal(other_open(&other, &world, upgrade_wanted, true), STORE_RETRY);
    admin_run("SET GLOBAL innodb_lock_wait_timeout = DEFAULT");
    assert_contains(other.error.text, "Lock wait timeout");
    if (store_commit(world.env.store, &error) != STORE_OK) fail_msg("%s", error.text);
    assert_int_equal(other_open(&other, &world, upgrade_wanted, true), STORE_OK);
    upgraded(&other, 2, 0, 2 * 3);
    audit_is_clean(&other.env);
    name_book_drop(world.book);
    env_release(&other.env);
    env_release(&world.env);
}

#define UPGRADE_MYSQL_CASES                                                                                            \
    cmocka_unit_test(any_query_is_exact_with_rollups), cmocka_unit_test(an_upgrade_beside_a_busy_importer),            \
        cmocka_unit_test(an_upgrade_waits_for_a_generation)

#endif
