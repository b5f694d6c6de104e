/* How a query is answered: which buckets of which sizes, out of which tables. No I/O. */
#ifndef FLOWIMPORT_STORE_QUERY_QUERY_PLAN_H
#define FLOWIMPORT_STORE_QUERY_QUERY_PLAN_H

#include "store/query/query.h"

enum { PLAN_SPANS_MAX = BUCKET_SIZES_MAX + ROLLUPS_MAX, PLAN_PIECES_MAX = 2 * PLAN_SPANS_MAX + 4 };

struct piece { /* buckets of one size */
    uint32_t size;
    unsigned rollup; /* as in a span */
    uint64_t from, to;
};

struct plan {
    uint32_t size; /* of the buckets that the ends were widened to: the larger of the two */
    uint64_t from, to;
    unsigned n;
    struct piece pieces[PLAN_PIECES_MAX];
};

/* The part of a range that can have buckets; at least a second. */
void plan_range(int64_t from, int64_t to, uint64_t *first, uint64_t *end);
/* Covers what there is of [from, to) without a gap or an overlap, with as large buckets as divide `step` (0: any).
 * Sizes that the next smaller one doesn't divide are not read. Roll-ups, which stand behind the sizes, ascending, are
 * read wherever they fit, the largest first; for the ends, where a size is whole, buckets of sizes. from < to. */
void plan_make(const struct span *spans, unsigned n_spans, uint64_t from, uint64_t to, uint32_t step,
               struct plan *plan);
/* The size of the buckets that `from` would be widened to: every step is a multiple of it. */
uint32_t plan_base(const struct span *spans, unsigned n_spans, uint64_t from);
/* A step of a round length for which [from, to) has at most `points` times. */
uint32_t plan_step(uint32_t base, uint64_t from, uint64_t to, unsigned points);

struct source { /* where the sums come from */
    enum table_kind kind;
    /* Of an index table: whose columns: 0 both ends', else 1 + enum side. */
    unsigned side;
    /* Of the tables with columns by class: the classes that the filter leaves, a bit each. */
    unsigned classes;
};

enum { ALL_CLASSES = (1 << PROTO_CLASSES) - 1 };

/* The roll-ups, a bit each, among these that have what the filter and the groups ask of flows; of those of one size the
 * one with the fewest keys. */
unsigned source_rollups(const struct schema *schema, const struct filter *filter, const struct dimension *const *group,
                        unsigned n_group, unsigned among);
/* Those that have the column of a field, a bit each. */
unsigned rollups_with(const struct schema *schema, const struct flow_field *field);
/* NULL, or a dimension that no table has together with the others. */
const struct dimension *source_choose(const struct schema *schema, const struct filter *filter,
                                      const struct dimension *const *group, unsigned n_group, struct source *source);

#endif
