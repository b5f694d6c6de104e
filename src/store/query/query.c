/* A query's statements, one after the other, and their rows put together. */
#include "store/query/query.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "flow/sum.h"
#include "store/key.h"
#include "store/query/name_sql.h"
#include "store/query/query_sql.h"

enum { RANKED_MORE = 64, ALL_FAMILIES = 1 << FLOW_IPV4 | 1 << FLOW_IPV6 };

struct run {
    struct store *store;
    const struct schema *schema;
    const struct query *query;
    struct query_result *result;
    struct error *error;
    unsigned n_values;
    unsigned n_spans; /* the schema's sizes, then the roll-ups that may be read in place of flows */
    struct span spans[PLAN_SPANS_MAX];
    struct plan plan, plan_times, plan_before; /* with as large buckets as there are, or as a series needs them */
    struct source total_source, source;
    bool by_class;  /* grouped by protocol class alone: the groups are known before */
    bool is_either; /* grouped by something of which a flow has two */
    /* the statement under way */
    const struct selection *selection;
    enum flow_family family; /* of its rows' keys */
    bool is_before;
    /* by time: of all flows, where there are groups */
    sum_wide *total_series;
    struct query_group **sorted; /* the groups by key */
    unsigned n_ranked;           /* groups under way */
    bool is_cut;                 /* the first n of them are in order, and what is less than the last of those is out */
};

static uint64_t number(const char *text) { return text ? strtoull(text, NULL, 10) : 0; }

static int refuse(struct run *run, const char *parameter, const char *value, const char *accepted) {
    struct query_refusal *refused = &run->result->refused;
    refused->parameter = parameter;
    snprintf(refused->value, sizeof refused->value, "%s", value);
    snprintf(refused->accepted, sizeof refused->accepted, "%s", accepted);
    return -1;
}

/* Order
 * ----------------------------------------------------------------------------------------------------------------- */

static int key_compare(const struct query_group *a, const struct query_group *b) {
    if (a->family != b->family) return a->family < b->family ? -1 : 1;
    return memcmp(a->key, b->key, sizeof a->key);
}

static int rank_compare(const void *left, const void *right, void *metric) {
    const struct query_group *a = left, *b = right;
    bool is_distinct = *(unsigned *)metric == QUERY_VALUES_MAX;
    sum_wide x = is_distinct ? a->distinct : a->values[*(unsigned *)metric],
             y = is_distinct ? b->distinct : b->values[*(unsigned *)metric];
    if (x != y) return x > y ? -1 : 1;
    return key_compare(a, b);
}

static int pointer_compare(const void *a, const void *b) {
    return key_compare(*(struct query_group *const *)a, *(struct query_group *const *)b);
}

/* What groups are ordered by. */
static unsigned order_of(const struct query *query) { return query->distinct ? QUERY_VALUES_MAX : query->metric; }

static void groups_cut(struct run *run) {
    unsigned metric = order_of(run->query);
    if (run->n_ranked > 0)
        qsort_r(run->result->groups, run->n_ranked, sizeof run->result->groups[0], rank_compare, &metric);
    if (run->n_ranked > run->query->n) run->n_ranked = run->query->n;
    run->is_cut = run->n_ranked == run->query->n;
}

/* Keeps the n largest, and some more until they are sorted anew. */
static void group_rank(struct run *run, const struct query_group *group) {
    struct query_group *groups = run->result->groups;
    unsigned n = run->query->n, metric = order_of(run->query);
    if (run->is_cut && rank_compare(group, &groups[n - 1], &metric) > 0) return;
    groups[run->n_ranked++] = *group;
    if (run->n_ranked == 2 * n + RANKED_MORE) groups_cut(run);
}

static struct query_group *group_find(const struct run *run, const struct query_group *key) {
    struct query_group *const *found =
        bsearch(&key, run->sorted, run->result->n_groups, sizeof run->sorted[0], pointer_compare);
    return found ? *found : NULL;
}

static void groups_sort(struct run *run) {
    struct query_result *result = run->result;
    run->sorted = mem_alloc((result->n_groups + 1) * sizeof run->sorted[0]);
    for (unsigned i = 0; i < result->n_groups; i++)
        run->sorted[i] = &result->groups[i];
    qsort(run->sorted, result->n_groups, sizeof run->sorted[0], pointer_compare);
}

/* Rows
 * ------------------------------------------------------------------------------------------------------------------ */

static void values_add(sum_wide *to, const sum_wide *values, unsigned n) {
    for (unsigned i = 0; i < n; i++)
        to[i] += values[i];
}

/* The place of a row's time in a series. */
static unsigned slot_of(const struct run *run, const char *column) {
    return (unsigned)(number(column) - run->result->first_time / run->result->step);
}

/* What a row of a class, of nothing in particular or of a wanted group brings. */
static void row_count(struct run *run, unsigned slot, struct query_group *group, const sum_wide *values) {
    struct query_result *result = run->result;
    const struct query *query = run->query;
    if (!group) {
        values_add(run->is_before ? result->before : result->total, values, run->n_values);
        if (run->selection->step) run->total_series[slot] += values[query->metric];
        return;
    }
    if (run->is_before)
        values_add(group->before, values, run->n_values);
    else if (run->selection->step)
        result->series[(size_t)(group - result->groups) * result->n_times + slot] += values[query->metric];
    else if (!run->by_class)
        values_add(group->values, values, run->n_values);
    if (!run->by_class) return;
    values_add(run->is_before ? result->before : result->total, values, run->n_values);
    if (!run->is_before) values_add(group->values, values, run->n_values);
}

static void values_read(const struct run *run, const char *const *columns, sum_wide *values) {
    for (unsigned i = 0; i < run->n_values; i++)
        values[i] = sum_read(columns[i]);
}

/* A row of a statement whose groups are known, or that has none. */
static int row_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct run *run = context;
    const struct selection *selection = run->selection;
    struct query_group key = {.family = run->family}, *group = NULL;
    unsigned at = 0, slot = 0;
    if (selection->step) slot = slot_of(run, columns[at++]);
    for (unsigned k = 0; k < selection->n_keys; k++, at++) {
        const struct key_column column = dimension_key(selection->keys[k], run->family);
        key_pack(&column, columns[at], lengths[at], key.key[k]);
    }
    run->result->rows += number(columns[n - 1]);
    if (selection->n_keys > 0 && !(group = group_find(run, &key))) return 0;
    unsigned n_groups = selection->by_class ? PROTO_CLASSES : 1;
    for (unsigned i = 0; i < n_groups; i++, at += run->n_values) {
        sum_wide values[QUERY_VALUES_MAX];
        values_read(run, columns + at, values);
        row_count(run, slot, selection->by_class ? &run->result->groups[i] : group, values);
    }
    return 0;
}

/* A row of the statement that finds the groups. */
static int group_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct run *run = context;
    const struct selection *selection = run->selection;
    struct query_group group = {.family = run->family};
    for (unsigned k = 0; k < selection->n_keys; k++) {
        const struct key_column column = dimension_key(selection->keys[k], run->family);
        key_pack(&column, columns[k], lengths[k], group.key[k]);
    }
    if (selection->distinct)
        group.distinct = number(columns[n - 1]);
    else
        values_read(run, columns + selection->n_keys, group.values);
    if (!selection->limit) run->result->rows += number(columns[n - 1]);
    group_rank(run, &group);
    return 0;
}

/* Statements
 * ------------------------------------------------------------------------------------------------------------ */

static void tables_note(struct query_result *result, const struct table *const *tables, unsigned n) {
    for (unsigned i = 0; i < n; i++) {
        unsigned known = 0;
        while (known < result->n_tables && result->tables[known] != tables[i])
            known++;
        if (known == result->n_tables && known < QUERY_TABLES_MAX) result->tables[result->n_tables++] = tables[i];
    }
}

static enum store_status selection_run(struct run *run, const struct selection *selection, store_row_fn *row) {
    struct statement statement = STATEMENT_INIT;
    const struct table *tables[QUERY_TABLES_MAX];
    enum store_status status = STORE_OK;
    unsigned n_tables = selection_write(selection, &statement, tables);
    run->selection = selection;
    if (n_tables > 0) {
        tables_note(run->result, tables, n_tables);
        status = statement_run(&statement, run->store, row, run, run->error);
    }
    statement_release(&statement);
    return status;
}

/* The families in whose tables a wanted group is. */
static unsigned families_of(const struct selection *selection) {
    unsigned families = 0;
    for (unsigned i = 0; i < selection->n_only; i++)
        families |= 1u << selection->only[i].family;
    return families;
}

/* One statement, or where keys of the two families differ one for each. */
static enum store_status selections_run(struct run *run, struct selection selection, store_row_fn *row) {
    enum store_status status = STORE_OK;
    bool apart = false;
    for (unsigned i = 0; i < selection.n_keys; i++)
        apart |= dimension_is_by_family(selection.keys[i]);
    run->family = FLOW_IPV4;
    selection.families = ALL_FAMILIES;
    if (!apart) return selection_run(run, &selection, row);
    unsigned wanted = selection.only ? families_of(&selection) : ALL_FAMILIES;
    for (unsigned family = 0; family < FLOW_FAMILIES && status == STORE_OK; family++) {
        run->family = (enum flow_family)family;
        selection.families = 1u << family;
        if (wanted & selection.families) status = selection_run(run, &selection, row);
    }
    return status;
}

static struct selection selection_of(const struct run *run, const struct source *source, const struct plan *plan,
                                     bool by_time) {
    return (struct selection){.schema = run->schema,
                              .dialect = store_dialect(run->store),
                              .filter = run->query->filter,
                              .source = *source,
                              .plan = plan,
                              .step = by_time && run->query->series ? run->result->step : 0};
}

/* Totals that another table than the flows has come from that alone, wherever it is whole. */
static void totals_plan(const struct run *run, struct plan *plan) {
    struct plan own;
    unsigned n = run->schema->n_sizes;
    if (run->n_spans == n || run->by_class || run->total_source.kind == TABLE_FLOWS) return;
    for (unsigned i = 0; i < n; i++)
        if (run->spans[i].from <= plan->from && run->spans[i].first <= run->spans[i].last) {
            plan_make(run->spans, n, plan->from, plan->to, run->is_before ? 0 : run->result->step, &own);
            if (own.from == plan->from && own.to == plan->to) *plan = own;
            return;
        }
}

/* What has no keys: the totals; by class, the groups too. */
static enum store_status totals_run(struct run *run, const struct plan *wanted) {
    struct plan plan = *wanted;
    totals_plan(run, &plan);
    struct selection selection =
        selection_of(run, run->by_class ? &run->source : &run->total_source, &plan, !run->is_before);
    if (run->by_class && run->source.kind == TABLE_FLOWS) {
        selection.n_keys = 1;
        selection.keys = run->query->group;
    }
    selection.by_class = run->by_class && selection.n_keys == 0;
    return selections_run(run, selection, row_read);
}

/* Of the groups that were found: their times, or what they were before. */
static enum store_status wanted_run(struct run *run, const struct plan *plan) {
    struct selection selection = selection_of(run, &run->source, plan, !run->is_before);
    selection.n_keys = run->query->n_group;
    selection.keys = run->query->group;
    selection.only = run->result->groups;
    selection.n_only = run->result->n_groups;
    return selection.n_only > 0 ? selections_run(run, selection, row_read) : STORE_OK;
}

static int numbers_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    (void)lengths;
    for (unsigned i = 0; i < n; i++)
        ((sum_wide *)context)[i] = sum_read(columns[i]);
    return 1;
}

/* The table of the groups for all time; NULL: there is none, or it is left out. */
static const struct table *all_time_table(const struct run *run) {
    return schema_table(run->schema, run->source.kind, FLOW_IPV4, 0);
}

/* The sums of all flows there ever were. */
static enum store_status all_time_read(struct run *run, sum_wide *values) {
    const struct table *table = all_time_table(run);
    struct buffer sql = BUFFER_INIT;
    for (unsigned i = 0; i < run->n_values; i++) {
        char name[SCHEMA_NAME_MAX];
        schema_stored_name(run->schema, table, i, name, sizeof name);
        buffer_printf(&sql, "%sSUM(%s)", i ? ", " : "SELECT ", name);
    }
    buffer_printf(&sql, " FROM %s WHERE id = -1", table->data);
    enum store_status status = store_query(run->store, sql.data, NULL, 0, numbers_read, values, run->error);
    buffer_release(&sql);
    return status;
}

/* Whether what was asked for is all there ever was: then the tables for all time say the same as those of buckets, of
 * which no sum is cut. */
static enum store_status all_time_check(struct run *run, bool *is_all) {
    sum_wide values[QUERY_VALUES_MAX] = {0};
    enum store_status status = all_time_read(run, values);
    *is_all = true;
    for (unsigned i = 0; i < run->n_values; i++)
        *is_all &= values[i] == run->result->total[i];
    return status;
}

static int count_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct run *run = context;
    (void)lengths;
    run->result->rows += number(columns[n - 1]);
    if (!run->query->series) values_read(run, columns, run->result->total);
    return 0;
}

/* Flows are many groups, of which the database hands over the largest: what their rows are together is asked for
 * before, which takes less than to hand over all. */
static enum store_status flows_count(struct run *run) {
    return selections_run(run, selection_of(run, &run->source, &run->plan, false), count_read);
}

/* So many rows of each table and piece of time that all together are bounded. */
static unsigned rows_max_of(const struct run *run) {
    unsigned arms = run->plan.n * FLOW_FAMILIES * SIDES;
    unsigned most = run->query->distinct_rows ? run->query->distinct_rows : DISTINCT_ROWS_MAX;
    return run->result->rows > most ? most / (arms ? arms : 1) + 1 : 0;
}

/* Groups by what is different in them; then what is wanted of these. */
static enum store_status distinct_run(struct run *run) {
    const struct query *query = run->query;
    struct query_result *result = run->result;
    enum store_status status = flows_count(run);
    struct selection selection = selection_of(run, &run->source, &run->plan, false);
    selection.n_keys = query->n_group;
    selection.keys = query->group;
    selection.distinct = query->distinct;
    selection.rows_max = rows_max_of(run);
    selection.limit = query->n;
    result->is_partial = selection.rows_max > 0;
    result->groups = mem_zalloc(2 * (size_t)query->n + RANKED_MORE, sizeof result->groups[0]);
    if (status == STORE_OK) status = selections_run(run, selection, group_read);
    groups_cut(run);
    result->n_groups = run->n_ranked;
    groups_sort(run);
    uint64_t rows = result->rows;
    if (status == STORE_OK) status = wanted_run(run, &run->plan);
    result->rows = rows;
    return status;
}

static enum store_status groups_run(struct run *run) {
    const struct query *query = run->query;
    if (query->distinct) return distinct_run(run);
    struct query_result *result = run->result;
    struct selection selection = selection_of(run, &run->source, &run->plan, false);
    enum store_status status = STORE_OK;
    bool is_all = false, is_flows = run->source.kind == TABLE_FLOWS;
    if (is_flows) status = flows_count(run);
    if (all_time_table(run) && query->filter->n_terms == 0) status = all_time_check(run, &is_all);
    if (is_all) selection.plan = NULL;
    result->is_exact = is_all;
    selection.n_keys = query->n_group;
    selection.keys = query->group;
    selection.is_ranking = selection.is_bounded = true;
    selection.limit = is_flows ? query->n : 0;
    selection.value = query->metric;
    result->groups = mem_zalloc(2 * (size_t)query->n + RANKED_MORE, sizeof result->groups[0]);
    if (status == STORE_OK) status = selections_run(run, selection, group_read);
    groups_cut(run);
    result->n_groups = run->n_ranked;
    groups_sort(run);
    return status;
}

/* The query
 * -------------------------------------------------------------------------------------------------------------- */

static uint64_t times_from(uint64_t time, uint32_t step) { return time - time % step; }

static int series_prepare(struct run *run, uint64_t from, uint64_t to, uint32_t base) {
    const struct query *query = run->query;
    struct query_result *result = run->result;
    char value[32], accepted[128];
    result->step =
        query->step ? query->step + (base - query->step % base) % base : plan_step(base, from, to, query->points);
    result->first_time = times_from(from, result->step);
    uint64_t n_times = (to - result->first_time + result->step - 1) / result->step;
    unsigned n_series = run->by_class ? PROTO_CLASSES : query->n_group ? query->n + 1 : 1;
    if (n_times > QUERY_POINTS_MAX) {
        snprintf(value, sizeof value, "%" PRIu32, query->step);
        snprintf(accepted, sizeof accepted, "at least %" PRIu64 " seconds for a period of this length",
                 (to - from) / (QUERY_POINTS_MAX - 1) + 1);
        return refuse(run, "step", value, accepted);
    }
    if (n_times * n_series > QUERY_CELLS_MAX) {
        snprintf(value, sizeof value, "%u", query->n);
        snprintf(accepted, sizeof accepted, "at most %" PRIu64 " with %" PRIu64 " times each",
                 QUERY_CELLS_MAX / n_times - 1, n_times);
        return refuse(run, "n", value, accepted);
    }
    result->n_times = (unsigned)n_times;
    result->series = mem_zalloc((size_t)n_times * n_series, sizeof result->series[0]);
    run->total_series = mem_zalloc((size_t)n_times, sizeof run->total_series[0]);
    return 0;
}

/* The time of the same length before, where the tables have buckets that begin and end as it does. */
static void before_prepare(struct run *run) {
    struct query_result *result = run->result;
    uint64_t length = result->to - result->from;
    unsigned n = run->n_spans;
    uint64_t earliest = UINT64_MAX;
    for (unsigned i = 0; i < n; i++)
        if (run->spans[i].first <= run->spans[i].last && run->spans[i].first < earliest) earliest = run->spans[i].first;
    if (!run->query->before || length > result->from || result->from - length < earliest) return;
    plan_make(run->spans, n, result->from - length, result->from, 0, &run->plan_before);
    result->has_before = run->plan_before.from == result->from - length && run->plan_before.to == result->from;
}

/* -1: refused. */
static int prepare(struct run *run) {
    const struct query *query = run->query;
    struct query_result *result = run->result;
    unsigned n = run->n_spans;
    uint64_t from, to;
    plan_range(query->all_time ? 0 : query->from, query->all_time ? INT64_MAX : query->to, &from, &to);
    uint32_t base = plan_base(run->spans, n, from);
    plan_make(run->spans, n, from, to, 0, &run->plan);
    if (query->series && series_prepare(run, run->plan.from, run->plan.to, base) != 0) return -1;
    run->plan_times = run->plan;
    if (query->series) plan_make(run->spans, n, from, to, result->step, &run->plan_times);
    result->size = run->plan.size;
    result->from = run->plan.from;
    result->to = run->plan.to;
    before_prepare(run);
    if (!run->by_class) return 0;
    result->n_groups = PROTO_CLASSES;
    result->groups = mem_zalloc(PROTO_CLASSES, sizeof result->groups[0]);
    for (unsigned class = 0; class < PROTO_CLASSES; class ++)
        result->groups[class].key[0][0] = (uint8_t)class;
    groups_sort(run);
    return 0;
}

/* What the groups leave of the total. */
static void others_find(struct run *run) {
    struct query_result *result = run->result;
    const struct query *query = run->query;
    result->has_others = query->n_group > 0 && !run->is_either && !run->by_class;
    result->n_series = !query->series ? 0 : result->n_groups + (query->n_group == 0 || result->has_others);
    if (query->series && query->n_group == 0)
        memcpy(result->series, run->total_series, result->n_times * sizeof result->series[0]);
    if (!result->has_others) return;
    memcpy(result->others, result->total, sizeof result->others);
    memcpy(result->others_before, result->before, sizeof result->others_before);
    for (unsigned g = 0; g < result->n_groups; g++)
        for (unsigned i = 0; i < run->n_values; i++) {
            result->others[i] = sum_less(result->others[i], result->groups[g].values[i]);
            result->others_before[i] = sum_less(result->others_before[i], result->groups[g].before[i]);
        }
    for (unsigned t = 0; t < result->n_times; t++) {
        sum_wide *others = &result->series[(size_t)result->n_groups * result->n_times + t];
        *others = run->total_series[t];
        for (unsigned g = 0; g < result->n_groups; g++)
            *others = sum_less(*others, result->series[(size_t)g * result->n_times + t]);
    }
}

static enum store_status run_spans_read(struct run *run) {
    const struct query *query = run->query;
    unsigned set = 0, n = 0, among = UINT_MAX;
    enum store_status status = spans_read(run->store, run->schema, run->spans, run->error);
    for (unsigned side = 0; query->distinct && side < SIDES; side++)
        among &= rollups_with(run->schema,
                              distinct_field(query->distinct, run->schema->layout, query->group, query->n_group, side));
    if (run->source.kind == TABLE_FLOWS)
        set = source_rollups(run->schema, query->filter, query->group, query->n_group, among);
    run->n_spans = run->schema->n_sizes;
    if (status == STORE_OK)
        status = spans_read_rollups(run->store, run->schema, set, run->spans + run->n_spans, &n, run->error);
    run->n_spans += n;
    return status;
}

static enum store_status answer(struct run *run) {
    const struct query *query = run->query;
    bool grouped = query->n_group > 0 && !run->by_class, is_flows = run->source.kind == TABLE_FLOWS;
    bool has_all_time = query->all_time && grouped && all_time_table(run);
    enum store_status status = run_spans_read(run);
    if (status != STORE_OK || prepare(run) != 0) return status;
    if (has_all_time) status = all_time_read(run, run->result->total);
    /* Without a series the statement that counts the flows' rows has the totals, too. */
    else if (!grouped || query->series || !is_flows)
        status = totals_run(run, &run->plan_times);
    if (status == STORE_OK && grouped) status = groups_run(run);
    if (status == STORE_OK && grouped && query->series) status = wanted_run(run, &run->plan_times);
    run->is_before = true;
    if (status == STORE_OK && run->result->has_before) status = totals_run(run, &run->plan_before);
    if (status == STORE_OK && run->result->has_before && grouped) status = wanted_run(run, &run->plan_before);
    if (status == STORE_OK) others_find(run);
    return status;
}

/* Whether what is to be counted stands in the flows tables. */
static int distinct_check(struct run *run) {
    const struct query *query = run->query;
    const char *name = distinct_name(query->distinct);
    const struct flow_layout *layout = run->schema->layout;
    const char *accepted = distinct_refuses(query->distinct, query->group, query->n_group);
    if (accepted) return refuse(run, "metric", name, accepted);
    if (query->series) return refuse(run, "metric", name, "octets, packets and flows, of which there are series");
    if (query->filter->n_bounds > 0) return refuse(run, "filter", name, "a filter without comparisons of sums");
    for (unsigned side = 0; side < SIDES; side++) {
        const struct flow_field *field = distinct_field(query->distinct, layout, query->group, query->n_group, side);
        bool is_key = false;
        for (unsigned i = 0; i < layout->n_keys; i++)
            is_key |= &layout->fields[layout->keys[i]] == field;
        if (!is_key)
            return refuse(run, "metric", name, "what flow keys (aggr_values) tell: it requires addresses or ports");
    }
    return 0;
}

/* Refuses what no tables have together. */
static int sources_find(struct run *run) {
    const struct query *query = run->query;
    static const char accepted[] = "flow keys of these tables (aggr_values); other addresses and ports only with a "
                                   "filter on nothing but themselves and class";
    if (query->distinct && distinct_check(run) != 0) return -1;
    const struct dimension *lacking =
        source_choose(run->schema, query->filter, query->group, query->n_group, &run->source);
    if (query->distinct) {
        run->source = (struct source){.kind = TABLE_FLOWS, .classes = ALL_CLASSES};
        for (unsigned i = 0; i < query->filter->n_terms && !lacking; i++)
            if (!query->filter->terms[i].dimension->in_flows) lacking = query->filter->terms[i].dimension;
    }
    if (lacking) {
        bool is_grouped = false;
        for (unsigned i = 0; i < query->n_group; i++)
            is_grouped |= query->group[i] == lacking;
        return refuse(run, is_grouped ? "group" : "filter", lacking->name, accepted);
    }
    lacking = source_choose(run->schema, query->filter, NULL, 0, &run->total_source);
    if (lacking) return refuse(run, "filter", lacking->name, accepted);
    for (unsigned i = 0; i < query->n_group; i++)
        if (!name_value_fits(query->group[i])) return refuse(run, "group", query->group[i]->name, name_fits_accepted);
    for (unsigned i = 0; i < query->filter->n_terms; i++)
        if (!name_condition_fits(query->filter, &query->filter->terms[i]))
            return refuse(run, "filter", query->filter->terms[i].dimension->name, name_fits_accepted);
    return 0;
}

enum store_status query_run(struct store *store, const struct schema *schema, const struct query *query,
                            struct query_result *result, struct error *error) {
    struct run run = {.store = store,
                      .schema = schema,
                      .query = query,
                      .result = result,
                      .error = error,
                      .n_values = schema->layout->n_sums + 1,
                      .by_class = query->n_group == 1 && query->group[0]->form == DIMENSION_CLASS && !query->distinct};
    for (unsigned i = 0; i < query->n_group; i++)
        run.is_either |= query->group[i]->is_either;
    memset(result, 0, sizeof *result);
    if (sources_find(&run) != 0) return STORE_OK;
    enum store_status status = store_snapshot_begin(store, error);
    if (status == STORE_OK) status = answer(&run);
    status = store_snapshot_end(store, status, error);
    free(run.total_series);
    free(run.sorted);
    if (status != STORE_OK) query_release(result);
    return status;
}

void query_release(struct query_result *result) {
    free(result->groups);
    free(result->series);
    memset(result, 0, sizeof *result);
}
