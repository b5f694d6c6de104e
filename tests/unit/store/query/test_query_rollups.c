/* The same questions of a store with roll-ups: they are answered as from the flows, and where it can be from a roll-up.
 */
#include "query_cases.h"

static const char *fresh_url(void) { return "memory:"; }

enum { DAY = 86400 };

/* Filter, groups, and the tables of a question about the world's second and third day, or of [from, to). */
static void each_reads_the_cheapest(void **state) {
    static const struct {
        const char *filter, *group[3];
        int64_t from, to;
        const char *tables;
    } cases[] = {
        {"", {"src", "dst"}, 0, 0, "rollup_src_dst_proto_service_86400 rollup6_src_dst_proto_service_86400"},
        /* Of fewer rows, though of smaller buckets. */
        {"", {"service"}, 0, 0, "rollup_service_3600"},
        /* The ends of less than a day, of less than an hour. */
        {"family=4", {"dst", "src"}, 3600, DAY, "rollup_dst_src_service_3600"},
        {"family=4", {"dst", "src"}, 3600, 2 * DAY, "rollup_dst_src_service_3600 rollup_src_dst_proto_service_86400"},
        {"family=4", {"dst", "src"}, 3660, 7200, "flows_60 flows_600"},
        {"family=4", {"dst", "src"}, 3000, 7200, "flows_600 rollup_dst_src_service_3600"},
        /* One without addresses has both families, and of two of a size that with fewer keys is read. */
        {"", {"service"}, 3600, 7200, "rollup_service_3600"},
        {"class=udp", {"service"}, 3600, 7200, "rollup_proto_service_3600"},
        {"service=443", {NULL}, 3600, 7200, "rollup_service_3600"},
        {"service=443 family=6", {NULL}, 3600, 7200, "rollup6_dst_src_service_3600"},
        /* A host's peers, either's; a filter on both ends. */
        {"src=192.0.2.1", {"dst"}, 0, 0, "rollup_src_dst_proto_service_86400"},
        {"host=192.0.2.1", {"host"}, 3600, 7200, "rollup_dst_src_service_3600"},
        {"direction=in", {NULL}, 0, DAY, "rollup_src_dst_proto_service_86400 rollup6_src_dst_proto_service_86400"},
        {"src=192.0.2.1 or service=53", {NULL}, 3600, 7200, "rollup_dst_src_service_3600 rollup6_dst_src_service_3600"},
        /* Words that no roll-up has together: the flows. */
        {"sport=53", {"service"}, 0, DAY, "flows_86400 flows6_86400"},
        {"sport=53", {"dport"}, 6 * 3600, 12 * 3600, "rollup_sport_dport_proto_21600"},
        /* Whether a source of 0 is an address the destination tells. */
        {"family=4 sport=53", {"src", "sport"}, 43200, DAY, "flows_3600"},
        /* What the index tables have stays theirs. */
        {"", {"host"}, 0, DAY, "flows_aggr_86400 index_nodes_86400 index_nodes6_86400"},
        {"", {NULL}, 0, DAY, "flows_aggr_86400"},
    };
    struct world world;
    (void)state;
    world_init(&world, world_sizes, 4);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct filter filter;
        struct filter_fault fault;
        struct query_result result;
        struct error error = {""};
        struct buffer tables = BUFFER_INIT;
        int64_t start = QUERY_START + DAY;
        assert_int_equal(filter_parse(&filter, &world.dimensions, cases[i].filter, &fault), 0);
        struct query query = {.from = start + cases[i].from, .to = start + cases[i].to, .filter = &filter, .n = 300};
        if (cases[i].to == 0) query.to = start + 2 * DAY;
        for (unsigned k = 0; k < 3 && cases[i].group[k]; k++)
            query.group[query.n_group++] =
                dimension_find(&world.dimensions, cases[i].group[k], strlen(cases[i].group[k]));
        assert_int_equal(query_run(world.env.store, &world.env.schema, &query, &result, &error), STORE_OK);
        for (unsigned t = 0; t < result.n_tables; t++)
            buffer_printf(&tables, "%s%s", t ? " " : "", result.tables[t]->name);
        if (strcmp(tables.data, cases[i].tables) != 0)
            fail_msg("%s by %s: %s", cases[i].filter, cases[i].group[0], tables.data);
        buffer_release(&tables);
        query_release(&result);
        filter_release(&filter);
    }
    name_book_drop(world.book);
    env_release(&world.env);
}

/* Before the sizes begin, or where nothing fills it yet. */
static void what_is_not_whole_is_not_read(void **state) {
    struct world world;
    struct span spans[ROLLUPS_MAX];
    struct error error = {""};
    unsigned n;
    (void)state;
    world_init(&world, world_sizes, 4);
    assert_int_equal(spans_read_rollups(world.env.store, &world.env.schema, 0x9, spans, &n, &error), STORE_OK);
    assert_int_equal(n, 2);
    assert_int_equal(spans[0].size, 3600);
    assert_int_equal(spans[1].rollup, 4);
    assert_int_equal(spans[1].from, QUERY_START - QUERY_START % 86400);
    assert_int_equal(settings_put(world.env.store, "rollup_dst_src_service_3600_from", "1700092800", &error), STORE_OK);
    assert_int_equal(spans_read_rollups(world.env.store, &world.env.schema, 1, spans, &n, &error), STORE_OK);
    assert_int_equal(spans[0].from, 1700092800);
    assert_run(&world.env, "DELETE FROM rollup_dst_src_service_3600_data");
    assert_run(&world.env, "DELETE FROM rollup6_dst_src_service_3600_data");
    assert_int_equal(spans_read_rollups(world.env.store, &world.env.schema, 1, spans, &n, &error), STORE_OK);
    assert_int_equal(n, 0);
    name_book_drop(world.book);
    env_release(&world.env);
}

/* Retention may keep a roll-up longer than all else: it answers what it has, by itself. */
static void older_than_the_flows(void **state) {
    static const char *const kinds[] = {"flows", "flows6", "flows_aggr", "index_nodes", "index_nodes6", "index_ports"};
    struct world world;
    struct filter filter = {.n_terms = 0};
    struct query_result before, after;
    struct error error = {""};
    (void)state;
    world_init(&world, world_sizes, 4);
    struct query query = {
        .from = QUERY_START, .to = QUERY_START + 2 * DAY, .filter = &filter, .n = 300, .series = true, .step = DAY};
    query.group[query.n_group++] = dimension_find(&world.dimensions, "service", 7);
    assert_int_equal(query_run(world.env.store, &world.env.schema, &query, &before, &error), STORE_OK);
    for (unsigned size = 0; size < 4; size++)
        for (unsigned i = 0; i < 6; i++) {
            char sql[96];
            snprintf(sql, sizeof sql, "DELETE FROM %s_%u_data WHERE bucket < %d", kinds[i], world_sizes[size],
                     QUERY_START + 2 * DAY);
            assert_run(&world.env, sql);
        }
    assert_int_equal(query_run(world.env.store, &world.env.schema, &query, &after, &error), STORE_OK);
    assert_int_equal(after.n_groups, before.n_groups);
    for (unsigned i = 0; i < 3; i++)
        assert_true(after.total[i] == before.total[i]);
    for (unsigned g = 0; g < after.n_groups; g++)
        assert_true(after.groups[g].values[0] == before.groups[g].values[0] && after.groups[g].values[0] > 0);
    for (unsigned i = 0; i < after.n_series * after.n_times; i++)
        assert_true(after.series[i] == before.series[i]);
    query_release(&before);
    query_release(&after);
    name_book_drop(world.book);
    env_release(&world.env);
}

/* Out of a roll-up that has what is counted, or else of the flows. */
static void different_ones_are_those_of_flows(void **state) {
    static const struct {
        enum distinct what;
        const char *group, *from_rollups;
    } cases[] = {{DISTINCT_PEERS, "src", "rollup_dst_src_service_3600"},
                 {DISTINCT_HOSTS, "service", "rollup_dst_src_service_3600"},
                 {DISTINCT_PORTS, "src", "flows_600"},
                 {DISTINCT_PORTS, "proto", "rollup_sport_dport_proto_21600"}};
    const char *const wanted = world_rollups;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct query_result results[2];
        struct world worlds[2];
        struct filter filter = {.n_terms = 0};
        bool is_read = false;
        for (unsigned w = 0; w < 2; w++) {
            struct error error = {""};
            world_rollups = w ? wanted : ROLLUPS_NONE;
            world_init(&worlds[w], world_sizes, 4);
            struct query query = {.from = QUERY_START + 3000,
                                  .to = QUERY_START + 2 * DAY + 7800,
                                  .filter = &filter,
                                  .n = 300,
                                  .n_group = 1,
                                  .distinct = cases[i].what};
            query.group[0] = dimension_find(&worlds[w].dimensions, cases[i].group, strlen(cases[i].group));
            assert_int_equal(query_run(worlds[w].env.store, &worlds[w].env.schema, &query, &results[w], &error),
                             STORE_OK);
            assert_null(results[w].refused.parameter);
        }
        assert_int_equal(results[0].n_groups, results[1].n_groups);
        for (unsigned g = 0; g < results[0].n_groups; g++) {
            assert_int_equal(results[0].groups[g].distinct, results[1].groups[g].distinct);
            assert_true(results[0].groups[g].values[1] == results[1].groups[g].values[1]);
        }
        for (unsigned t = 0; t < results[1].n_tables; t++)
            is_read |= strcmp(results[1].tables[t]->name, cases[i].from_rollups) == 0;
        assert_true(is_read && results[0].n_groups > 1);
        for (unsigned w = 0; w < 2; w++) {
            query_release(&results[w]);
            name_book_drop(worlds[w].book);
            env_release(&worlds[w].env);
        }
    }
    world_rollups = wanted;
}

int main(void) {
    world_rollups = "1d: src dst proto service; 1h: dst src service; 1h: proto service; 1h: service; 6h: sport dport "
                    "proto; 12h: src sport";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_query_is_exact),
        cmocka_unit_test(lists_are_exact),
        cmocka_unit_test(different_ones_are_those_of_flows),
        cmocka_unit_test(each_reads_the_cheapest),
        cmocka_unit_test(what_is_not_whole_is_not_read),
        cmocka_unit_test(older_than_the_flows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
