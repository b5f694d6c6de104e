/* What queries must answer on every store, as cmocka tests that a store's own test program includes: it defines how a
 * fresh store is named. Answers are compared with a calculation of their own over the flows that were put in. */
#ifndef FLOWIMPORT_TESTS_QUERY_CASES_H
#define FLOWIMPORT_TESTS_QUERY_CASES_H

#include "store/query/flow_list.h"
#include "store/settings.h"

/* The URL of a store that nobody has written to, kept by the callee; asked once by every test. */
static const char *fresh_url(void);

#include "query_world.h"

/* The comparison
 * ---------------------------------------------------------------------------------------------------------- */

static inline void group_key(const struct query *query, const struct query_group *group, char *key, size_t size) {
    struct buffer text = BUFFER_INIT;
    for (unsigned k = 0; k < query->n_group; k++) {
        if (k) buffer_add_text(&text, "|");
        dimension_text(query->group[k], group->family, group->key[k], &text);
    }
    snprintf(key, size, "%s", text.data);
    buffer_release(&text);
}

static inline void assert_values(const sum_wide *values, const uint64_t *expected) {
    for (unsigned i = 0; i < 3; i++)
        assert_true(values[i] == expected[i]);
}

static inline void assert_series(const struct query_result *result, unsigned series, const uint64_t *expected) {
    for (unsigned t = 0; t < result->n_times; t++)
        assert_true(result->series[(size_t)series * result->n_times + t] == expected[t]);
}

/* What is left of the total without the groups shown. */
static inline void assert_others(const struct query *query, const struct query_result *result,
                                 struct expectation *expectation) {
    struct expected *others = &expectation->total;
    for (unsigned g = 0; g < result->n_groups; g++) {
        char key[128];
        group_key(query, &result->groups[g], key, sizeof key);
        const struct expected *group = expected_of(expectation, key);
        for (unsigned i = 0; i < 3; i++) {
            others->values[i] -= group->values[i];
            others->before[i] -= group->before[i];
        }
        for (unsigned t = 0; t < result->n_times; t++)
            others->series[t] -= group->series[t];
    }
    assert_values(result->others, others->values);
    if (result->has_before) assert_values(result->others_before, others->before);
    if (query->series) assert_series(result, result->n_groups, others->series);
}

static inline void assert_answer(const struct query *query, const struct query_result *result,
                                 struct expectation *expectation) {
    bool is_class = query->n_group == 1 && query->group[0]->form == DIMENSION_CLASS, either = false;
    unsigned there = 0;
    uint64_t least = UINT64_MAX;
    assert_values(result->total, expectation->total.values);
    if (result->has_before) assert_values(result->before, expectation->total.before);
    if (query->series && query->n_group == 0) assert_series(result, 0, expectation->total.series);
    for (unsigned g = 0; g < result->n_groups; g++) {
        const struct query_group *group = &result->groups[g];
        char key[128];
        group_key(query, group, key, sizeof key);
        struct expected *expected = expected_of(expectation, key);
        assert_values(group->values, expected->values);
        if (result->has_before) assert_values(group->before, expected->before);
        if (query->series) assert_series(result, g, expected->series);
        if (!is_class) assert_true(group->values[query->metric] <= least);
        least = sum_cut(group->values[query->metric]);
    }
    for (unsigned k = 0; k < query->n_group; k++)
        either |= query->group[k]->is_either;
    for (unsigned i = 0; i < expectation->n; i++)
        there += expectation->groups[i].is_there;
    if (query->n_group > 0) assert_int_equal(result->n_groups, is_class ? 4 : there < query->n ? there : query->n);
    unsigned larger = 0; /* than the least that is shown: all of them must be */
    for (unsigned i = 0; i < expectation->n && !is_class; i++)
        larger += expectation->groups[i].values[query->metric] > least;
    if (query->n_group > 0 && !is_class) assert_true(larger <= result->n_groups);
    assert_int_equal(result->has_others, query->n_group > 0 && !is_class && !either);
    assert_int_equal(result->n_series,
                     query->series ? result->n_groups + (query->n_group == 0 || result->has_others) : 0);
    if (result->has_others) assert_others(query, result, expectation);
}

static inline void terms_choose(uint64_t *seed, struct chosen *chosen) {
    static const char *const joints[] = {" ", " or "};
    chosen->n = (unsigned)random_below(seed, 4);
    chosen->way = random_below(seed, 3) ? 0 : 1 + (unsigned)random_below(seed, 2);
    bool is_bracket = chosen->way == 2 && chosen->n == 3;
    snprintf(chosen->text, sizeof chosen->text, "%s", is_bracket ? "!(" : "");
    for (unsigned i = 0; i < chosen->n; i++) {
        const char *joint = i == 0 ? "" : is_bracket ? (i == 1 ? " or " : ") ") : joints[chosen->way == 1];
        chosen->terms[i] = (unsigned)random_below(seed, WORLD_TERMS);
        chosen->is_not[i] = random_below(seed, 3) == 0;
        snprintf(chosen->text + strlen(chosen->text), sizeof chosen->text - strlen(chosen->text), "%s%s%s", joint,
                 chosen->is_not[i] ? "!" : "", world_terms[chosen->terms[i]].text);
    }
}

static inline void any_query_is_exact(void **state) {
    static const uint32_t steps[] = {0, 60, 300, 600, 3600, 5000, 86400};
    struct world world;
    uint64_t seed = 42;
    unsigned from_index = 0, from_flows = 0, from_aggr = 0, with_before = 0;
    (void)state;
    world_init(&world, world_sizes, 4);
    for (unsigned round = 0; round < 900; round++) {
        struct chosen chosen;
        struct filter filter;
        struct filter_fault fault = {.term = ""};
        struct query_result result;
        struct error error = {""};
        terms_choose(&seed, &chosen);
        if (filter_parse(&filter, &world.dimensions, chosen.text, &fault) != 0) fail_msg("%s", fault.accepted);
        struct query query = {.from = QUERY_START - 90000 + (int64_t)random_below(&seed, 4 * 86400),
                              .filter = &filter,
                              .n_group = (unsigned)random_below(&seed, 3),
                              .metric = (unsigned)random_below(&seed, 3),
                              .n = 1 + (unsigned)random_below(&seed, 8),
                              .series = random_below(&seed, 2),
                              .step = steps[random_below(&seed, 7)],
                              .points = 1 + (unsigned)random_below(&seed, 300),
                              .before = random_below(&seed, 2)};
        query.to = query.from + 1 + (int64_t)random_below(&seed, random_below(&seed, 2) ? 7200 : 4 * 86400);
        if (query.step && (query.to - query.from) / query.step > 800) query.step = 0;
        for (unsigned k = 0; k < query.n_group; k++)
            query.group[k] = &world.dimensions.list[random_below(&seed, world.dimensions.n)];
        assert_int_equal(query_run(world.env.store, &world.env.schema, &query, &result, &error), STORE_OK);
        assert_null(result.refused.parameter);
        assert_int_equal(result.from, query.from - query.from % 60);
        assert_int_equal(result.to, (query.to + 59) / 60 * 60);
        if (query.series && query.step) assert_int_equal(result.step, (query.step + 59) / 60 * 60);
        if (query.series && !query.step) assert_true(result.n_times <= query.points);
        struct expectation *expectation = expect(&world, &query, &result, &chosen);
        assert_answer(&query, &result, expectation);
        for (unsigned i = 0; i < result.n_tables; i++) {
            from_index += result.tables[i]->kind == TABLE_NODES || result.tables[i]->kind == TABLE_PORTS;
            from_flows += result.tables[i]->kind == TABLE_FLOWS;
            from_aggr += result.tables[i]->kind == TABLE_AGGR;
        }
        with_before += result.has_before;
        free(expectation);
        query_release(&result);
        filter_release(&filter);
    }
    assert_true(from_index > 50 && from_flows > 50 && from_aggr > 50 && with_before > 50);
    name_book_drop(world.book);
    env_release(&world.env);
}

/* All there ever was: with hosts and ports what the buckets no longer have, too; flows are there by bucket alone. */
static inline void all_time_is_what_there_is(void **state) {
    static const struct {
        const char *keys[QUERY_GROUPS_MAX], *tables;
    } cases[] = {{{"host"}, "index_nodes index_nodes6"},
                 {{"sport"}, "index_ports"},
                 {{"src", "dst", "sport", "dport", "proto"}, "flows_86400 flows6_86400"}};
    const struct chosen every_flow = {.n = 0};
    const struct filter filter = {.n_terms = 0};
    struct world world;
    (void)state;
    world_init(&world, world_sizes, 4);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 3 - round; i++) {
            struct query query = {.all_time = true, .filter = &filter, .metric = 1, .n = 300};
            struct query_result result;
            struct error error = {""};
            struct buffer tables = BUFFER_INIT;
            for (unsigned k = 0; k < QUERY_GROUPS_MAX && cases[i].keys[k]; k++)
                query.group[query.n_group++] =
                    dimension_find(&world.dimensions, cases[i].keys[k], strlen(cases[i].keys[k]));
            assert_int_equal(query_run(world.env.store, &world.env.schema, &query, &result, &error), STORE_OK);
            struct expectation *expectation = expect(&world, &query, &result, &every_flow);
            assert_answer(&query, &result, expectation);
            for (unsigned t = 0; t < result.n_tables; t++)
                buffer_printf(&tables, "%s%s", t ? " " : "", result.tables[t]->name);
            assert_string_equal(tables.data, cases[i].tables);
            buffer_release(&tables);
            free(expectation);
            query_release(&result);
        }
        for (unsigned i = 0; i < 4 && round == 0; i++) {
            static const char *const tables[] = {"flows_aggr", "index_nodes", "index_nodes6", "index_ports"};
            for (unsigned size = 0; size < 4; size++) {
                char sql[96];
                snprintf(sql, sizeof sql, "DELETE FROM %s_%u_data WHERE bucket < %d", tables[i], world_sizes[size],
                         QUERY_START + 86400);
                assert_run(&world.env, sql);
            }
        }
    }
    name_book_drop(world.book);
    env_release(&world.env);
}

/* Flows themselves
 * ------------------------------------------------------------------------------------------------------------ */

/* "bucket|src|dst|sport|dport|proto|packets|octets|flows" of rows that were added up by what is not the bucket. */
static inline void flow_text(const struct test_flow *flow, bool merge, char *text, size_t size) {
    snprintf(text, size,
             flow->family == FLOW_IPV4 ? "%u|192.0.2.%u|192.0.2.%u|%u|%u|%u" : "%u|2001:db8::%u|2001:db8::%u|%u|%u|%u",
             merge ? 0 : flow->bucket, flow->source, flow->destination, flow->source_port, flow->destination_port,
             flow->protocol);
}

static inline unsigned list_expect(const struct world *world, const struct chosen *chosen, const struct flow_list *list,
                                   bool merge, struct expected *rows) {
    unsigned n = 0;
    for (unsigned i = 0; i < QUERY_FLOWS; i++) {
        const struct test_flow *flow = &world->flows[i];
        char key[128];
        unsigned at = 0;
        if (!chosen_hold(chosen, flow) || flow->bucket < list->from || flow->bucket >= list->to) continue;
        flow_text(flow, merge, key, sizeof key);
        while (at < n && strcmp(rows[at].key, key) != 0)
            at++;
        if (at == n) n++;
        snprintf(rows[at].key, sizeof rows[at].key, "%s", key);
        rows[at].values[0] += flow->packets;
        rows[at].values[1] += flow->octets;
        rows[at].values[2] += flow->flows;
    }
    return n;
}

static inline void row_text(const struct flow_list *list, const struct flow_row *row, char *key, size_t size) {
    struct buffer text = BUFFER_INIT;
    buffer_printf(&text, "%u", (unsigned)row->bucket);
    for (unsigned i = 0; i < list->n_columns; i++) {
        buffer_add_text(&text, "|");
        dimension_text(list->columns[i].dimension, row->family, row->key + list->columns[i].offset, &text);
    }
    snprintf(key, size, "%s", text.data);
    buffer_release(&text);
}

static inline void lists_are_exact(void **state) {
    struct world world;
    uint64_t seed = 43;
    (void)state;
    world_init(&world, world_sizes, 4);
    for (unsigned round = 0; round < 150; round++) {
        struct chosen chosen;
        struct filter filter;
        struct filter_fault fault;
        struct flow_list all, list;
        struct error error = {""};
        terms_choose(&seed, &chosen);
        assert_int_equal(filter_parse(&filter, &world.dimensions, chosen.text, &fault), 0);
        struct flow_list_query query = {.from = QUERY_START + (int64_t)random_below(&seed, 3 * 86400),
                                        .filter = &filter,
                                        .dimensions = &world.dimensions,
                                        .sort_value = (int)random_below(&seed, 4) - 1,
                                        .is_ascending = random_below(&seed, 2),
                                        .merge = random_below(&seed, 2),
                                        .n = 1000};
        query.to = query.from + 1 + (int64_t)random_below(&seed, 3 * 86400);
        if (query.merge && query.sort_value < 0) query.sort_value = 0; /* there is no bucket then */
        if (random_below(&seed, 2)) query.sort = dimension_find(&world.dimensions, "dst", 3);
        assert_int_equal(flow_list_read(world.env.store, &world.env.schema, &query, &all, &error), STORE_OK);
        struct expected *rows = calloc(QUERY_FLOWS, sizeof rows[0]);
        assert_int_equal(all.n, list_expect(&world, &chosen, &all, query.merge, rows));
        assert_false(all.has_more);
        for (unsigned i = 0; i < all.n; i++) {
            char key[128];
            unsigned at = 0;
            row_text(&all, all.list[i], key, sizeof key);
            while (at < all.n && strcmp(rows[at].key, key) != 0)
                at++;
            assert_true(at < all.n);
            assert_values(all.list[i]->values, rows[at].values);
            if (i == 0 || query.sort || query.sort_value < 0) continue;
            sum_wide a = all.list[i - 1]->values[query.sort_value], b = all.list[i]->values[query.sort_value];
            assert_true(query.is_ascending ? a <= b : a >= b);
        }
        /* A page is the same rows in the same order. */
        query.offset = (unsigned)random_below(&seed, 20);
        query.n = 1 + (unsigned)random_below(&seed, 20);
        assert_int_equal(flow_list_read(world.env.store, &world.env.schema, &query, &list, &error), STORE_OK);
        unsigned left = all.n > query.offset ? all.n - query.offset : 0;
        assert_int_equal(list.n, left < query.n ? left : query.n);
        assert_int_equal(list.has_more, left > query.n);
        for (unsigned i = 0; i < list.n; i++) {
            char key[128], same[128];
            row_text(&list, list.list[i], key, sizeof key);
            row_text(&all, all.list[query.offset + i], same, sizeof same);
            assert_string_equal(key, same);
        }
        free(rows);
        flow_list_release(&list);
        flow_list_release(&all);
        filter_release(&filter);
    }
    name_book_drop(world.book);
    env_release(&world.env);
}

/* Which tables
 * ---------------------------------------------------------------------------------------------------------------- */

/* "flows_aggr_60 index_nodes_60 ...: total octets" of a query by one dimension, or none. */
static inline void tables_are(struct world *world, int64_t from, int64_t to, const char *group, const char *text,
                              bool series, const char *expected) {
    struct filter filter;
    struct filter_fault fault;
    struct query_result result;
    struct error error = {""};
    struct buffer tables = BUFFER_INIT;
    assert_int_equal(filter_parse(&filter, &world->dimensions, text, &fault), 0);
    struct query query = {
        .from = from, .to = to, .filter = &filter, .metric = 1, .n = 3, .series = series, .step = series ? 600 : 0};
    if (group) query.group[query.n_group++] = dimension_find(&world->dimensions, group, strlen(group));
    assert_int_equal(query_run(world->env.store, &world->env.schema, &query, &result, &error), STORE_OK);
    if (result.refused.parameter) buffer_printf(&tables, "%s=%s", result.refused.parameter, result.refused.value);
    for (unsigned i = 0; i < result.n_tables; i++)
        buffer_printf(&tables, "%s%s", i ? " " : "", result.tables[i]->name);
    assert_string_equal(tables.data, expected);
    buffer_release(&tables);
    query_release(&result);
    filter_release(&filter);
}

static inline void the_cheapest_tables_answer(void **state) {
    const int64_t day = QUERY_START + 86400, end = QUERY_START + QUERY_DAYS * 86400;
    struct world world;
    (void)state;
    world_init(&world, world_sizes, 4);
    tables_are(&world, day, day + 86400, NULL, "", false, "flows_aggr_86400");
    tables_are(&world, day + 60, day + 86400, NULL, "", false, "flows_aggr_60 flows_aggr_600 flows_aggr_3600");
    tables_are(&world, day, day + 86400, NULL, "class=tcp", false, "flows_aggr_86400");
    tables_are(&world, day, day + 86400, NULL, "proto=tcp,udp", false, "flows_aggr_86400");
    tables_are(&world, day, day + 86400, NULL, "proto=1", false, "flows_86400 flows6_86400");
    tables_are(&world, day, day + 86400, NULL, "family=4", false, "flows_86400");
    tables_are(&world, day, day + 86400, "class", "!class=udp", true, "flows_aggr_600");
    tables_are(&world, day, day + 86400, "class", "src=192.0.2.1", true, "index_nodes_600");
    tables_are(&world, day, day + 86400, NULL, "dport=443,80", false, "index_ports_86400");
    tables_are(&world, day, day + 86400, "dst", "dst=192.0.2.0/24 class=tcp", false, "index_nodes_86400");
    tables_are(&world, day, day + 86400, "dst", "src=192.0.2.1", false, "flows_86400");
    tables_are(&world, day, day + 86400, "host", "host=192.0.2.1", false, "flows_86400");
    tables_are(&world, day, day + 86400, "host", "", false, "flows_aggr_86400 index_nodes_86400 index_nodes6_86400");
    /* All there is: the tables for all time. With a series its buckets, too; not where one flow is left out. */
    tables_are(&world, 0, end, "port", "", false, "flows_aggr_86400 index_ports");
    tables_are(&world, QUERY_START, end, "src", "", false, "flows_aggr_86400 index_nodes index_nodes6");
    tables_are(&world, QUERY_START, end, "port", "", true, "flows_aggr_600 index_ports index_ports_600");
    tables_are(&world, day - 60, end, "port", "", false,
               "flows_aggr_60 flows_aggr_86400 index_ports_60 index_ports_86400");
    name_book_drop(world.book);
    env_release(&world.env);
}

/* A size that retention has dropped days of is read from where it is whole. */
static inline void dropped_days_are_read_from_larger_buckets(void **state) {
    struct world world;
    struct error error = {""};
    (void)state;
    world_init(&world, world_sizes, 4);
    for (unsigned i = 0; i < 2; i++) {
        char sql[96], kept[16], name[32];
        static const unsigned dropped[] = {60, 600};
        snprintf(kept, sizeof kept, "%d", (int)(QUERY_START + 86400 * (2 - i)));
        snprintf(sql, sizeof sql, "DELETE FROM flows_aggr_%u_data WHERE bucket < %s", dropped[i], kept);
        assert_run(&world.env, sql);
        snprintf(name, sizeof name, "size_%u_expired", dropped[i]);
        assert_int_equal(settings_put(world.env.store, name, kept, &error), STORE_OK);
    }
    struct filter filter = {.n_terms = 0};
    struct query_result result;
    static const struct {
        int64_t from, to;
        uint32_t size;
        uint64_t first, end;
        const char *tables;
    } cases[] = {
        {4000, 90600, 3600, 3600, 90600, "flows_aggr_3600 flows_aggr_600"},
        {86400 + 700, 86400 + 1300, 600, 86400 + 600, 86400 + 1800, "flows_aggr_600"},
        {86400 + 700, 2 * 86400 + 61, 600, 86400 + 600, 2 * 86400 + 120,
         "flows_aggr_600 flows_aggr_3600 flows_aggr_60"},
    };
    for (unsigned i = 0; i < 3; i++) {
        struct query query = {.from = QUERY_START + cases[i].from, .to = QUERY_START + cases[i].to, .filter = &filter};
        struct buffer tables = BUFFER_INIT;
        uint64_t octets = 0;
        assert_int_equal(query_run(world.env.store, &world.env.schema, &query, &result, &error), STORE_OK);
        assert_int_equal(result.size, cases[i].size);
        assert_int_equal(result.from, QUERY_START + cases[i].first);
        assert_int_equal(result.to, QUERY_START + cases[i].end);
        for (unsigned t = 0; t < result.n_tables; t++)
            buffer_printf(&tables, "%s%s", t ? " " : "", result.tables[t]->name);
        assert_string_equal(tables.data, cases[i].tables);
        for (unsigned f = 0; f < QUERY_FLOWS; f++)
            if (world.flows[f].bucket >= result.from && world.flows[f].bucket < result.to)
                octets += world.flows[f].octets;
        assert_int_equal(result.total[1], octets);
        buffer_release(&tables);
        query_release(&result);
    }
    name_book_drop(world.book);
    env_release(&world.env);
}

/* What a stores' tables can't answer together is said by name. */
static inline void what_no_table_has_is_refused(void **state) {
    static const uint32_t sizes[] = {60};
    struct world world;
    (void)state;
    memset(&world, 0, sizeof world);
    env_schema(&world.env, "destinationTransportPort,ingressInterface", FLOW_LAYOUT_SUMS, sizes, 1);
    env_open(&world.env, fresh_url());
    dimensions_init(&world.dimensions, &world.env.layout, NULL);
    tables_are(&world, T0, T0 + 60, "src", "", false, "flows_aggr_60 index_nodes index_nodes6");
    tables_are(&world, T0, T0 + 60, "ingressInterface", "", false, "flows_60");
    tables_are(&world, T0, T0 + 60, "ingressInterface", "dport=80", false, "flows_60");
    tables_are(&world, T0, T0 + 60, NULL, "class=tcp dport=80", false, "index_ports_60");
    tables_are(&world, T0, T0 + 60, "src", "dport=80", false, "group=src");
    tables_are(&world, T0, T0 + 60, "ingressInterface", "class=tcp", false, "filter=class");
    tables_are(&world, T0, T0 + 60, NULL, "host=192.0.2.1", false, "filter=host");
    tables_are(&world, T0, T0 + 60, NULL, "sport=80", false, "index_ports_60");
    assert_null(dimension_find(&world.dimensions, "proto", 5));
    assert_null(dimension_find(&world.dimensions, "family", 6));
    env_release(&world.env);
}

static inline void keys_of_every_type_are_told_apart(void **state) {
    static const uint32_t sizes[] = {60};
    static const uint8_t names[2][ELEMENT_TEXT_MAX] = {"eth 0,1", "-"};
    static const uint8_t macs[2][6] = {{0, 0x1b, 0x21, 0x0a, 0xff, 0x3c}, {0x80, 1, 2, 3, 4, 5}};
    static const struct {
        const char *filter;
        uint64_t octets;
    } cases[] = {{"interfaceName=\"eth 0,1\"", 1}, {"interfaceName=-", 2},
                 {"!interfaceName=-", 1},          {"sourceMacAddress=00:1b:21:0a:ff:3c", 1},
                 {"mibObjectValueInteger=-5", 2},  {"mibObjectValueInteger=-7-7", 3},
                 {"mibObjectValueInteger=7", 1},   {"flowId=3-9", 3},
                 {"interfaceName=\"\"", 0}};
    struct world world;
    struct ledger_row ledger = ledger_make("a", 1, NULL, 0);
    struct error error = {""};
    (void)state;
    memset(&world, 0, sizeof world);
    env_schema(&world.env, "interfaceName,sourceMacAddress,mibObjectValueInteger,flowId", FLOW_LAYOUT_SUMS, sizes, 1);
    env_open(&world.env, fresh_url());
    dimensions_init(&world.dimensions, &world.env.layout, NULL);
    const struct table *table = schema_table(&world.env.schema, TABLE_FLOWS, FLOW_IPV4, 60);
    const uint32_t bucket = T0;
    store_begin(world.env.store, &ledger, &bucket, 1);
    for (unsigned i = 0; i < 2; i++) {
        uint8_t key[128] = {0};
        const uint64_t values[] = {1, 1 + i, 1000000};
        be_put(key, T0, 4);
        memcpy(key + table->keys[1].offset, names[i], sizeof names[i]);
        memcpy(key + table->keys[2].offset, macs[i], 6);
        be_put(key + table->keys[3].offset, i ? (uint64_t)-5 : 7, table->keys[3].width);
        be_put(key + table->keys[4].offset, 3 + i, 8);
        store_put(world.env.store, table, key, values);
    }
    if (store_commit(world.env.store, &error) != STORE_OK) fail_msg("%s", error.text);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct filter filter;
        struct filter_fault fault = {.term = ""};
        struct flow_list list;
        if (filter_parse(&filter, &world.dimensions, cases[i].filter, &fault) != 0)
            fail_msg("%s: %s", cases[i].filter, fault.accepted);
        const struct flow_list_query query = {.from = T0,
                                              .to = T0 + 60,
                                              .filter = &filter,
                                              .dimensions = &world.dimensions,
                                              .sort_value = 1,
                                              .is_ascending = true,
                                              .n = 10};
        assert_int_equal(flow_list_read(world.env.store, &world.env.schema, &query, &list, &error), STORE_OK);
        sum_wide octets = 0;
        for (unsigned r = 0; r < list.n; r++)
            octets += list.list[r]->values[1];
        assert_int_equal(octets, cases[i].octets);
        flow_list_release(&list);
        filter_release(&filter);
    }
    env_release(&world.env);
}

/* Peers of each source, and what is left of them where only some rows may be read. */
static inline void different_ones_are_counted(void **state) {
    struct world world;
    struct filter filter = {.n_terms = 0};
    struct query_result all, some;
    struct error error = {""};
    (void)state;
    world_init(&world, world_sizes, 4);
    struct query query = {.from = QUERY_START, .to = QUERY_START + 86400, .filter = &filter, .n = 1000};
    query.group[query.n_group++] = dimension_find(&world.dimensions, "src", 3);
    query.distinct = DISTINCT_PEERS;
    if (query_run(world.env.store, &world.env.schema, &query, &all, &error) != STORE_OK) fail_msg("%s", error.text);
    assert_null(all.refused.parameter);
    assert_false(all.is_partial);
    assert_true(all.n_groups > 1 && all.rows > 100 && all.groups[0].distinct > 1);
    query.distinct_rows = 40;
    if (query_run(world.env.store, &world.env.schema, &query, &some, &error) != STORE_OK) fail_msg("%s", error.text);
    assert_true(some.is_partial);
    assert_true(some.n_groups > 0 && some.groups[0].distinct <= all.groups[0].distinct);
    uint64_t told = 0, there = 0;
    for (unsigned i = 0; i < some.n_groups; i++)
        told += some.groups[i].distinct;
    for (unsigned i = 0; i < all.n_groups; i++)
        there += all.groups[i].distinct;
    assert_true(told < there);
    assert_true(some.total[0] == all.total[0]);
    query_release(&some);
    query_release(&all);
    name_book_drop(world.book);
    env_release(&world.env);
}

#define QUERY_CASES                                                                                                    \
    cmocka_unit_test(any_query_is_exact), cmocka_unit_test(all_time_is_what_there_is),                                 \
        cmocka_unit_test(lists_are_exact), cmocka_unit_test(the_cheapest_tables_answer),                               \
        cmocka_unit_test(dropped_days_are_read_from_larger_buckets), cmocka_unit_test(what_no_table_has_is_refused),   \
        cmocka_unit_test(keys_of_every_type_are_told_apart), cmocka_unit_test(different_ones_are_counted)

#endif
