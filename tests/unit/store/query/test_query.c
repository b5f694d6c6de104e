/* Queries of a store in memory, and how they are planned. */
#include "query_cases.h"

#include "store/query/query_plan.h"

static const char *fresh_url(void) { return "memory:"; }

/* "60:0-600 600:600-86400": the pieces. */
static void assert_plan(const struct span *spans, unsigned n, uint64_t from, uint64_t to, uint32_t step,
                        const char *expected) {
    struct plan plan;
    struct buffer text = BUFFER_INIT;
    plan_make(spans, n, from, to, step, &plan);
    buffer_printf(&text, "%u:", plan.size);
    for (unsigned i = 0; i < plan.n; i++)
        buffer_printf(&text, " %u:%u-%u", plan.pieces[i].size, (unsigned)plan.pieces[i].from,
                      (unsigned)plan.pieces[i].to);
    assert_string_equal(text.data, expected);
    buffer_release(&text);
}

static void times_are_cut_into_the_largest_buckets(void **state) {
    static const struct span all[] = {{60, 0, 0, 0, 999960}, {600, 0, 0, 0, 999600}, {3600, 0, 0, 0, 997200}};
    static const struct span kept[] = {{60, 0, 86400, 86400, 999960}, {600, 0, 0, 0, 999600}};
    static const struct span added[] = {{60, 0, 0, 0, 999960}, {600, 0, 86400, 86400, 999600}};
    static const struct span odd[] = {{60, 0, 0, 0, 999960}, {90, 0, 0, 0, 999960}, {120, 0, 0, 0, 999960}};
    static const struct span empty[] = {{60, 0, 0, 1, 0}, {600, 0, 0, 1, 0}};
    (void)state;
    assert_plan(all, 3, 3600, 7200, 0, "60: 3600:3600-7200");
    assert_plan(all, 3, 3601, 7199, 0, "60: 3600:3600-7200");
    assert_plan(all, 3, 540, 7260, 0, "60: 60:540-600 600:600-3600 3600:3600-7200 60:7200-7260");
    assert_plan(all, 3, 540, 7260, 600, "60: 60:540-600 600:600-7200 60:7200-7260");
    assert_plan(all, 3, 540, 7260, 60, "60: 60:540-7260");
    assert_plan(all, 3, 0, 120, 0, "60: 60:0-120");
    /* Behind the last bucket a larger one holds no more than the smaller ones. */
    assert_plan(all, 3, 990000, 1000020, 0, "60: 3600:990000-1000800");
    assert_plan(all, 3, 990000, 1000020 - 1, 0, "60: 3600:990000-1000800");
    assert_plan(all, 3, 990000, 999900, 0, "60: 3600:990000-997200 600:997200-999600 60:999600-999900");
    /* Before the smallest is whole the larger is read, and from then on, too, as long as it fits. */
    assert_plan(kept, 2, 1000, 87060, 0, "600: 600:600-87000 60:87000-87060");
    assert_plan(kept, 2, 86460, 87060, 0, "60: 60:86460-87060");
    assert_plan(kept, 2, 1000, 2000, 0, "600: 600:600-2400");
    assert_plan(added, 2, 0, 87000, 0, "60: 60:0-86400 600:86400-87000");
    assert_plan(odd, 3, 0, 360, 0, "60: 120:0-360");
    assert_plan(empty, 2, 61, 4000000000, 0, "60: 60:60-600 600:600-3999999600 60:3999999600-4000000020");
}

static void steps_are_round(void **state) {
    (void)state;
    assert_int_equal(plan_step(60, 0, 3600, 60), 60);
    assert_int_equal(plan_step(60, 0, 3601, 60), 120);
    assert_int_equal(plan_step(600, 0, 86400, 300), 600);
    assert_int_equal(plan_step(600, 300, 30 * 86400 + 300, 300), 10800);
    assert_int_equal(plan_step(3600, 0, 60, 1), 3600);
    assert_int_equal(plan_step(7, 0, 700, 100), 7 * 86400);
    assert_int_equal(plan_step(86400, 0, 3650 * 86400ULL, 100), 37 * 86400);
}

static void long_series_are_refused(void **state) {
    struct world world;
    struct filter filter = {.n_terms = 0};
    struct query_result result;
    struct error error = {""};
    (void)state;
    world_init(&world, world_sizes, 4);
    struct query query = {
        .from = QUERY_START, .to = QUERY_START + 10001 * 60, .filter = &filter, .n = 9, .series = true, .step = 60};
    assert_int_equal(query_run(world.env.store, &world.env.schema, &query, &result, &error), STORE_OK);
    assert_string_equal(result.refused.parameter, "step");
    assert_string_equal(result.refused.value, "60");
    assert_string_equal(result.refused.accepted, "at least 61 seconds for a period of this length");
    query_release(&result);
    query.to = QUERY_START + 10000 * 60;
    query.group[query.n_group++] = dimension_find(&world.dimensions, "src", 3);
    assert_int_equal(query_run(world.env.store, &world.env.schema, &query, &result, &error), STORE_OK);
    assert_null(result.refused.parameter);
    query_release(&result);
    query.n = 10;
    assert_int_equal(query_run(world.env.store, &world.env.schema, &query, &result, &error), STORE_OK);
    assert_string_equal(result.refused.parameter, "n");
    assert_string_equal(result.refused.accepted, "at most 9 with 10000 times each");
    query_release(&result);
    name_book_drop(world.book);
    env_release(&world.env);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        QUERY_CASES,
        cmocka_unit_test(times_are_cut_into_the_largest_buckets),
        cmocka_unit_test(steps_are_round),
        cmocka_unit_test(long_series_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
