/* What an upgrade to other roll-ups must do on every store, as cmocka tests that a store's own test program includes:
 * it defines how a fresh store is named. */
#ifndef FLOWIMPORT_TESTS_UPGRADE_CASES_H
#define FLOWIMPORT_TESTS_UPGRADE_CASES_H

#include "store/settings.h"
#include "store/upgrade.h"

static const char *fresh_url(void);

#include "query_world.h"

static const char upgrade_wanted[] = "1d: src dst proto service; 1h: proto service";

/* Another connection to the store that the world opened, with these roll-ups. */
struct other {
    struct env env;
    struct error error;
};

static inline enum store_status other_open(struct other *other, const struct world *world, const char *rollups,
                                           bool upgrade) {
    struct store_config config = {.url = world->env.url, .upgrade = upgrade};
    memset(other, 0, sizeof *other);
    other->env.url = world->env.url;
    env_schema(&other->env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, world_sizes, 4);
    if (rollups_add(&other->env.schema, rollups, &other->error) != 0) fail_msg("%s", other->error.text);
    return store_open(&other->env.store, &config, &other->env.schema, &other->error);
}

static inline void audit_is_clean(struct env *env) {
    struct audit_result result;
    struct error error = {""};
    if (audit_run(env->store, &env->schema, 0, 0, &result, &error) != STORE_OK) fail_msg("%s", error.text);
    assert_string_equal(result.first, "");
    assert_int_equal(result.differences, 0);
}

static inline int64_t setting_number(struct env *env, const char *name) {
    struct error error = {""};
    int64_t number;
    assert_int_equal(settings_number(env->store, name, &number, &error), STORE_OK);
    return number;
}

static inline void upgraded(struct other *other, unsigned filled, unsigned dropped, uint64_t days) {
    struct upgrade_result result;
    if (upgrade_run(other->env.store, &other->env.schema, 1700001000, NULL, NULL, &result, &other->error) != STORE_OK)
        fail_msg("%s", other->error.text);
    assert_int_equal(result.filled, filled);
    assert_int_equal(result.dropped, dropped);
    assert_int_equal(result.days, days);
}

static inline void others_are_refused(void **state) {
    struct world world;
    struct other other;
    char expected[ERROR_TEXT_MAX];
    (void)state;
    world_init(&world, world_sizes, 4);
    assert_int_equal(other_open(&other, &world, upgrade_wanted, false), STORE_REFUSED);
    snprintf(expected, sizeof expected,
             "%s: the tables were created with rollups = none, but rollups = 3600: proto service; 86400: src dst proto "
             "service is configured; set it back, or run flowimport schema upgrade",
             store_name(world.env.store));
    assert_string_equal(other.error.text, expected);
    name_book_drop(world.book);
    env_release(&world.env);
}

/* What the roll-ups hold is what they would hold had they been there from the beginning; the next day's, too. */
static inline void new_ones_are_filled(void **state) {
    struct world world;
    struct other other;
    (void)state;
    world_init(&world, world_sizes, 4);
    assert_int_equal(other_open(&other, &world, upgrade_wanted, true), STORE_OK);
    /* Made, and said to be there; whole nowhere. */
    assert_true(setting_number(&other.env, "rollup_proto_service_3600_from") > QUERY_START + 100 * 86400);
    audit_is_clean(&other.env);
    upgraded(&other, 2, 0, 2 * 3);
    assert_int_equal(setting_number(&other.env, "rollup_proto_service_3600_from"), -1);
    assert_int_equal(setting_number(&other.env, "version"), SCHEMA_VERSION_ROLLUPS);
    audit_is_clean(&other.env);
    generation_write(&other.env, "b", 1, world.flows, 16);
    audit_is_clean(&other.env);
    upgraded(&other, 0, 0, 0);
    name_book_drop(world.book);
    env_release(&other.env);
    env_release(&world.env);
}

/* Who does not write them is refused, and nothing of its generation stands; who does may write at any moment. */
static inline void importers_meanwhile(void **state) {
    struct world world;
    struct other other, writer;
    struct error error = {""};
    (void)state;
    world_init(&world, world_sizes, 4);
    assert_int_equal(other_open(&other, &world, upgrade_wanted, true), STORE_OK);
    struct ledger_row row = ledger_make("old", 1, world.flows, 8);
    generation_put(&world.env, &row, world.flows, 8);
    assert_int_equal(store_commit(world.env.store, &error), STORE_REFUSED);
    assert_non_null(strstr(error.text, "the tables have rollups = 3600: proto service; 86400: src dst proto service "
                                       "now: set it, instead of rollups = none, and restart the importer"));
    assert_int_equal(other_open(&writer, &world, upgrade_wanted, false), STORE_OK);
    generation_write(&writer.env, "new", 1, world.flows, 16);
    audit_is_clean(&writer.env);
    upgraded(&other, 2, 0, 2 * 3);
    generation_write(&writer.env, "new", 2, world.flows + 16, 16);
    audit_is_clean(&writer.env);
    name_book_drop(world.book);
    env_release(&writer.env);
    env_release(&other.env);
    env_release(&world.env);
}

/* A run that was broken off: days that are filled stay, the rest follows. */
static inline void the_rest_follows(void **state) {
    struct world world;
    struct other other;
    char value[16];
    struct error error = {""};
    (void)state;
    world_init(&world, world_sizes, 4);
    assert_int_equal(other_open(&other, &world, upgrade_wanted, true), STORE_OK);
    upgraded(&other, 2, 0, 2 * 3);
    snprintf(value, sizeof value, "%d", QUERY_START + 86400);
    assert_int_equal(settings_put(other.env.store, "rollup_proto_service_3600_from", value, &error), STORE_OK);
    assert_run(&other.env, "DELETE FROM rollup_proto_service_3600_data WHERE bucket < 1700092800");
    audit_is_clean(&other.env);
    upgraded(&other, 1, 0, 1);
    audit_is_clean(&other.env);
    assert_int_equal(setting_number(&other.env, "rollup_proto_service_3600_from"), -1);
    name_book_drop(world.book);
    env_release(&other.env);
    env_release(&world.env);
}

/* Those that are no longer wanted go; one that comes back is made anew. */
static inline void others_are_dropped(void **state) {
    struct world world;
    struct other other;
    (void)state;
    world_init(&world, world_sizes, 4);
    assert_int_equal(other_open(&other, &world, upgrade_wanted, true), STORE_OK);
    upgraded(&other, 2, 0, 2 * 3);
    env_release(&other.env);
    assert_int_equal(other_open(&other, &world, "1h: proto service", true), STORE_OK);
    env_release(&other.env); /* broken off before anything is dropped */
    assert_int_equal(other_open(&other, &world, "1h: proto service", false), STORE_OK);
    generation_write(&other.env, "b", 1, world.flows, 16);
    env_release(&other.env);
    assert_int_equal(other_open(&other, &world, upgrade_wanted, true), STORE_OK);
    audit_is_clean(&other.env);
    upgraded(&other, 1, 0, 3);
    audit_is_clean(&other.env);
    env_release(&other.env);
    assert_int_equal(other_open(&other, &world, "none", true), STORE_OK);
    upgraded(&other, 0, 2, 0);
    assert_int_equal(setting_number(&other.env, "version"), SCHEMA_VERSION);
    env_release(&other.env);
    generation_write(&world.env, "a", 99, world.flows, 16); /* as before */
    audit_is_clean(&world.env);
    name_book_drop(world.book);
    env_release(&world.env);
}

/* As far back as the flows of a size that divides its own; the largest of those that reach as far. */
static inline void filled_from_the_oldest_flows(void **state) {
    struct world world;
    struct other other;
    struct error error = {""};
    char value[16];
    (void)state;
    world_init(&world, world_sizes, 4);
    snprintf(value, sizeof value, "%d", QUERY_START + 86400);
    for (unsigned i = 0; i < 4; i++) {
        static const char *const kinds[] = {"flows",       "flows6",       "flows_aggr",
                                            "index_nodes", "index_nodes6", "index_ports"};
        char sql[128];
        if (world_sizes[i] == 86400) continue; /* retention keeps it */
        for (unsigned k = 0; k < 6; k++) {
            snprintf(sql, sizeof sql, "DELETE FROM %s_%u_data WHERE bucket < %s", kinds[k], world_sizes[i], value);
            assert_run(&world.env, sql);
        }
        snprintf(sql, sizeof sql, "size_%u_expired", world_sizes[i]);
        assert_int_equal(settings_put(world.env.store, sql, value, &error), STORE_OK);
    }
    assert_int_equal(other_open(&other, &world, upgrade_wanted, true), STORE_OK);
    upgraded(&other, 2, 0, 3 + 2);
    assert_int_equal(setting_number(&other.env, "rollup_src_dst_proto_service_86400_from"), -1);
    assert_int_equal(setting_number(&other.env, "rollup_proto_service_3600_from"), QUERY_START + 86400);
    audit_is_clean(&other.env);
    upgraded(&other, 0, 0, 0);
    name_book_drop(world.book);
    env_release(&other.env);
    env_release(&world.env);
}

#define UPGRADE_CASES                                                                                                  \
    cmocka_unit_test(others_are_refused), cmocka_unit_test(new_ones_are_filled),                                       \
        cmocka_unit_test(importers_meanwhile), cmocka_unit_test(the_rest_follows),                                     \
        cmocka_unit_test(others_are_dropped), cmocka_unit_test(filled_from_the_oldest_flows)

#endif
