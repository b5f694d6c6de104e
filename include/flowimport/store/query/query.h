/* Questions about flows: who, how much, when. Answered from whichever tables do it cheapest, exactly.
 *
 * A flow belongs to the buckets it ran in. [from, to) is widened to whole buckets of the smallest size that is there at
 * each end; within, larger buckets are read wherever they fit, for they are exactly the sum of the smaller ones.
 * Without a filter, or with one on protocol classes alone, the sums come from flows_aggr_S; hosts and ports, with a
 * filter on nothing but the same end, from the index tables; all else from the flows tables. One query sees one state
 * of the store. */
#ifndef FLOWIMPORT_STORE_QUERY_QUERY_H
#define FLOWIMPORT_STORE_QUERY_QUERY_H

#include "store/query/distinct.h"
#include "store/query/filter.h"
#include "store/query/span.h"
#include "store/store.h"

enum {
    QUERY_GROUPS_MAX = FLOW_TUPLE_FIELDS,
    QUERY_TABLES_MAX = 32,
    QUERY_POINTS_MAX = 10000, /* times of a series */
    QUERY_CELLS_MAX = 100000, /* times of all series together: 1.6 MB */
    QUERY_VALUES_MAX = FLOW_SUMS_MAX + 1,
};

struct query {
    int64_t from, to; /* seconds since 1970 */
    /* In their place: all there is; of groups out of index tables what retention has dropped as well. Not together with
     * a filter or a series. */
    bool all_time;
    const struct filter *filter;
    unsigned n_group;
    const struct dimension *group[QUERY_GROUPS_MAX];
    unsigned metric;        /* what orders groups and makes the series: a sum's index, n_sums for flows */
    enum distinct distinct; /* what orders groups in its place; not together with a series or bounds */
    unsigned distinct_rows; /* that may be read for it; 0: DISTINCT_ROWS_MAX */
    unsigned n;             /* groups */
    bool series;
    uint32_t step; /* seconds between times; 0: so that there are at most `points` */
    unsigned points;
    bool before; /* also the time of the same length right before */
};

/* Sums in the layout's order, then flows in FLOW_UNITs: exact, but for rows of buckets that are cut. */
struct query_group {
    enum flow_family family;
    uint8_t key[QUERY_GROUPS_MAX][ELEMENT_TEXT_MAX]; /* packed, see dimension_text() */
    sum_wide values[QUERY_VALUES_MAX], before[QUERY_VALUES_MAX];
    uint64_t distinct; /* how many different ones, where that was asked */
};

struct query_result {
    /* Why it can't be answered as asked; parameter NULL: it was. */
    struct query_refusal {
        const char *parameter;
        char value[128], accepted[256];
    } refused;
    uint32_t size;     /* of the buckets that from and to were widened to */
    uint64_t from, to; /* what was read */
    unsigned n_tables;
    const struct table *tables[QUERY_TABLES_MAX];
    uint64_t rows; /* read from them */
    sum_wide total[QUERY_VALUES_MAX], before[QUERY_VALUES_MAX];
    /* False: a row of a bucket may be cut, so that sums from SUM_MOST on mean at least that much. */
    bool is_exact;
    bool is_partial; /* of what is different, not all rows were looked at: at least so many */
    bool has_before; /* false: not asked for, or the tables don't reach back so far */
    /* By the metric, descending, ties by key; classes of protocols: all four, in their order. */
    unsigned n_groups;
    struct query_group *groups;
    bool has_others; /* the total less the groups: not where a flow counts for two, nor of classes */
    sum_wide others[QUERY_VALUES_MAX], others_before[QUERY_VALUES_MAX];
    /* Series of n_times values each of the metric: the groups', then the others'; without groups the total's. */
    uint32_t step;
    uint64_t first_time; /* the first time: at or before from */
    unsigned n_times, n_series;
    sum_wide *series;
};

/* STORE_OK: the result is to be released, whether it was refused or not. */
enum store_status query_run(struct store *store, const struct schema *schema, const struct query *query,
                            struct query_result *result, struct error *error) __attribute__((warn_unused_result));
void query_release(struct query_result *result);

#endif
