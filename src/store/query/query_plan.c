/* The cheapest way to an answer. */
#include "store/query/query_plan.h"

#include <string.h>

#include "base/clock.h"
#include "flow/record.h"

/* Buckets
 * --------------------------------------------------------------------------------------------------------------- */

#define TIME_END (UINT64_C(1) << 32) /* behind every bucket */

void plan_range(int64_t from, int64_t to, uint64_t *first, uint64_t *end) {
    *first = from < 0 ? 0 : (uint64_t)from < TIME_END ? (uint64_t)from : TIME_END - 1;
    *end = to < 0 ? 0 : (uint64_t)to < TIME_END ? (uint64_t)to : TIME_END;
    if (*end <= *first) *end = *first + 1;
}

static uint64_t floor_to(uint64_t time, uint32_t size) { return time - time % size; }
static uint64_t ceil_to(uint64_t time, uint32_t size) { return floor_to(time + size - 1, size); }

/* The sizes of which each divides the next, from the smallest on; then the roll-ups. As these begin and end at
 * midnights, with them a size that does not divide a day is left out. */
static unsigned chain_make(const struct span *spans, unsigned n_spans, struct span *chain) {
    unsigned n = 0, last = 0;
    bool has_rollups = n_spans > 0 && spans[n_spans - 1].rollup;
    for (unsigned i = 0; i < n_spans; i++) {
        bool is_apart = n > 0 && spans[i].size % chain[spans[i].rollup ? 0 : last].size;
        bool crosses = n > 0 && has_rollups && DAY_SECONDS % spans[i].size;
        if (is_apart || crosses) continue;
        if (!spans[i].rollup) last = n;
        chain[n++] = spans[i];
    }
    return n;
}

/* The first in the chain, which is the smallest size, that is whole at `time`; where none is, the one that reaches back
 * furthest. */
static const struct span *smallest_whole(const struct span *chain, unsigned n, uint64_t time) {
    const struct span *furthest = &chain[0];
    for (unsigned i = 0; i < n; i++) {
        if (chain[i].from <= time) return &chain[i];
        if (chain[i].from < furthest->from) furthest = &chain[i];
    }
    return furthest;
}

struct walk {
    struct span chain[PLAN_SPANS_MAX]; /* the later, the better */
    unsigned n;
    uint64_t to;
    uint32_t step;
    uint64_t data_end; /* no bucket of any size has rows of times from here on */
};

/* Whether a bucket that begins at `time` holds nothing from before it was whole, and nothing behind the end. */
static bool fits(const struct walk *walk, const struct span *span, uint64_t time) {
    uint64_t end = time + span->size;
    return time % span->size == 0 && time >= span->from && time < walk->to &&
           (end <= walk->to || walk->to >= walk->data_end) && (walk->step == 0 || walk->step % span->size == 0);
}

/* The best of which a bucket at `time` fits; NULL: none does. */
static const struct span *best_fitting(const struct walk *walk, uint64_t time) {
    for (unsigned i = walk->n; i > 0; i--)
        if (fits(walk, &walk->chain[i - 1], time)) return &walk->chain[i - 1];
    return NULL;
}

/* Where, after `time`, a better one than the one that is read from there on begins to fit. */
static uint64_t better_from(const struct walk *walk, const struct span *span, uint64_t time) {
    uint64_t next = UINT64_MAX;
    for (const struct span *better = span + 1; better < walk->chain + walk->n; better++) {
        uint64_t at = ceil_to(time + 1 > better->from ? time + 1 : better->from, better->size);
        if (at < next && fits(walk, better, at)) next = at;
    }
    return next;
}

static void piece_add(struct plan *plan, const struct span *span, uint64_t from, uint64_t to) {
    struct piece *piece = plan->n > 0 ? &plan->pieces[plan->n - 1] : NULL;
    if (!piece || piece->size != span->size || piece->rollup != span->rollup) {
        piece = &plan->pieces[plan->n++];
        *piece = (struct piece){.size = span->size, .rollup = span->rollup, .from = from};
    }
    piece->to = to;
}

/* What ends before its size has a row is not read: sums of one piece alone need not be put together. */
static void empty_drop(const struct walk *walk, struct plan *plan) {
    unsigned n = 0;
    for (unsigned i = 0; i < plan->n; i++) {
        const struct span *span = walk->chain;
        while (span->size != plan->pieces[i].size || span->rollup != plan->pieces[i].rollup)
            span++;
        if (plan->pieces[i].to > span->first) plan->pieces[n++] = plan->pieces[i];
    }
    plan->n = n;
}

void plan_make(const struct span *spans, unsigned n_spans, uint64_t from, uint64_t to, uint32_t step,
               struct plan *plan) {
    struct walk walk = {.step = step, .data_end = UINT64_MAX};
    walk.n = chain_make(spans, n_spans, walk.chain);
    const struct span *finest = &walk.chain[0], *first = smallest_whole(walk.chain, walk.n, from),
                      *last = smallest_whole(walk.chain, walk.n, to - 1);
    if (finest->first <= finest->last && finest->from <= finest->last)
        walk.data_end = (uint64_t)finest->last + finest->size;
    plan->size = first->size > last->size ? first->size : last->size;
    plan->from = floor_to(from, first->size);
    walk.to = plan->to = ceil_to(to, last->size);
    plan->n = 0;
    /* The sizes grow and then shrink again, so that each stands in at most two pieces. */
    for (uint64_t at = plan->from; at < plan->to; at = plan->pieces[plan->n - 1].to) {
        const struct span *span = best_fitting(&walk, at);
        if (!span) span = at == plan->from ? first : smallest_whole(walk.chain, walk.n, at);
        uint64_t end = better_from(&walk, span, at);
        if (end > plan->to) end = plan->to;
        end = end - at < span->size ? at + span->size : floor_to(end - at, span->size) + at;
        piece_add(plan, span, at, end);
    }
    empty_drop(&walk, plan);
}

uint32_t plan_base(const struct span *spans, unsigned n_spans, uint64_t from) {
    struct span chain[PLAN_SPANS_MAX];
    unsigned n = chain_make(spans, n_spans, chain);
    return smallest_whole(chain, n, from)->size;
}

uint32_t plan_step(uint32_t base, uint64_t from, uint64_t to, unsigned points) {
    static const uint32_t round[] = {1,     2,     5,     10,    15,    20,     30,    60,   120,
                                     180,   300,   600,   900,   1200,  1800,   3600,  7200, 10800,
                                     14400, 21600, 28800, 43200, 86400, 172800, 604800};
    for (size_t i = 0; i < sizeof round / sizeof round[0]; i++)
        if (round[i] % base == 0 && (ceil_to(to, round[i]) - floor_to(from, round[i])) / round[i] <= points)
            return round[i];
    uint32_t unit = base > DAY_SECONDS ? base : (uint32_t)ceil_to(DAY_SECONDS, base);
    uint64_t wanted = ceil_to((to - from) / points + 1, unit);
    while ((ceil_to(to, (uint32_t)wanted) - floor_to(from, (uint32_t)wanted)) / wanted > points)
        wanted += unit;
    return (uint32_t)wanted;
}

/* Tables
 * ---------------------------------------------------------------------------------------------------------------- */

/* The classes that a term on nothing else lets through; false: it is on something else. */
static bool term_classes(const struct filter *filter, const struct filter_term *term, unsigned *classes) {
    enum dimension_form form = term->dimension->form;
    if (form != DIMENSION_CLASS && form != DIMENSION_PROTOCOL) return false;
    *classes = 0;
    for (unsigned i = term->first; i < term->first + term->n; i++) {
        const struct filter_value *value = &filter->values[i];
        enum proto_class class = form == DIMENSION_CLASS ? (enum proto_class)value->low[0] : proto_class(value->low[0]);
        /* The other two are of more than one protocol. */
        if (form == DIMENSION_PROTOCOL && (value->low[0] != value->high[0] || class > PROTO_UDP)) return false;
        *classes |= 1u << class;
    }
    if (term->is_not) *classes = ALL_CLASSES & ~*classes;
    return true;
}

/* What a query is about, besides classes of protocols. */
struct subjects {
    unsigned n;
    const struct dimension *list[FILTER_TERMS_MAX + QUERY_GROUPS_MAX];
    bool has_family;
};

static void subject_add(struct subjects *subjects, const struct dimension *dimension) {
    if (dimension->form == DIMENSION_FAMILY)
        subjects->has_family = true;
    else
        subjects->list[subjects->n++] = dimension;
}

/* Whether all are one end's address, or all one end's port, as an index table has them. */
static bool is_one_end(const struct subjects *subjects, struct source *source) {
    const struct dimension *first = subjects->list[0];
    if (subjects->n == 0 || !first->in_index) return false;
    for (unsigned i = 1; i < subjects->n; i++)
        if (!subjects->list[i]->in_index || subjects->list[i]->field[SIDE_SOURCE] != first->field[SIDE_SOURCE] ||
            subjects->list[i]->field[SIDE_DESTINATION] != first->field[SIDE_DESTINATION])
            return false;
    source->kind = first->form == DIMENSION_PORT ? TABLE_PORTS : TABLE_NODES;
    source->side = first->is_either ? 0 : 1 + (unsigned)first->side;
    return source->kind == TABLE_NODES || !subjects->has_family;
}

/* The first that the flows tables don't have. */
static const struct dimension *flows_lack(const struct filter *filter, const struct dimension *const *group,
                                          unsigned n_group) {
    for (unsigned i = 0; i < filter->n_terms; i++)
        if (!filter->terms[i].dimension->in_flows) return filter->terms[i].dimension;
    for (unsigned i = 0; i < n_group; i++)
        if (!group[i]->in_flows) return group[i];
    return NULL;
}

/* Whether a roll-up has the columns of a dimension. The destination tells whether a source of 0 is an address. */
static bool rollup_has(const struct schema *schema, const struct rollup *rollup, const struct table *table,
                       const struct dimension *dimension) {
    bool is_end = dimension->form == DIMENSION_ADDRESS && dimension->in_index;
    if (is_end && flow_layout_has_key(schema->layout, TUPLE_DESTINATION) &&
        !schema_has_key(table, "destinationIPv4Address"))
        return false;
    if (dimension->form == DIMENSION_SERVICE) return schema_has_key(table, "service");
    if (dimension->form == DIMENSION_FAMILY) return rollup->has_addresses;
    for (unsigned side = 0; side < SIDES; side++)
        if (!schema_has_key(table, dimension->field[side]->element[FLOW_IPV4]->name)) return false;
    return true;
}

static bool rollup_answers(const struct schema *schema, unsigned i, const struct filter *filter,
                           const struct dimension *const *group, unsigned n_group) {
    const struct rollup *rollup = &schema->rollups[i];
    const struct table *table = schema_rollup_table(schema, i, FLOW_IPV4);
    for (unsigned k = 0; k < n_group; k++)
        if (!rollup_has(schema, rollup, table, group[k])) return false;
    for (unsigned k = 0; k < filter->n_terms; k++)
        if (!rollup_has(schema, rollup, table, filter->terms[k].dimension)) return false;
    for (unsigned k = 0; k < filter->n_values; k++)
        if (filter->values[k].exporter && !rollup_has(schema, rollup, table, filter->values[k].exporter)) return false;
    return true;
}

unsigned rollups_with(const struct schema *schema, const struct flow_field *field) {
    unsigned set = 0;
    for (unsigned i = 0; i < schema->n_rollups; i++)
        if (schema_has_key(schema_rollup_table(schema, i, FLOW_IPV4), field->element[FLOW_IPV4]->name)) set |= 1u << i;
    return set;
}

unsigned source_rollups(const struct schema *schema, const struct filter *filter, const struct dimension *const *group,
                        unsigned n_group, unsigned among) {
    unsigned set = 0, best = 0;
    for (unsigned i = 0; i < schema->n_rollups; i++) {
        const struct rollup *rollup = &schema->rollups[i];
        if (!(among >> i & 1) || !rollup_answers(schema, i, filter, group, n_group)) continue;
        bool is_first = set == 0 || schema->rollups[best].size != rollup->size;
        if (!is_first && schema->rollups[best].n_keys <= rollup->n_keys) continue;
        if (!is_first) set &= ~(1u << best);
        set |= 1u << i;
        best = i;
    }
    return set;
}

const struct dimension *source_choose(const struct schema *schema, const struct filter *filter,
                                      const struct dimension *const *group, unsigned n_group, struct source *source) {
    struct subjects subjects = {0};
    bool either_filtered = false, family_grouped = false;
    unsigned classes;
    *source = (struct source){.kind = TABLE_FLOWS, .classes = ALL_CLASSES};
    if (filter->is_nested) return flows_lack(filter, group, n_group);
    source->kind = TABLE_AGGR;
    for (unsigned i = 0; i < filter->n_terms; i++) {
        const struct filter_term *term = &filter->terms[i];
        if (term_classes(filter, term, &classes)) {
            source->classes &= classes;
            continue;
        }
        subject_add(&subjects, term->dimension);
        either_filtered |= term->dimension->is_either;
    }
    for (unsigned i = 0; i < n_group; i++) {
        family_grouped |= group[i]->form == DIMENSION_FAMILY;
        if (group[i]->form != DIMENSION_CLASS) subject_add(&subjects, group[i]);
    }
    if (n_group <= 1 && !family_grouped) {
        if (subjects.n == 0 && !subjects.has_family) return NULL;
        /* An index table's row of a host counts a flow within it twice, and says nothing of whom it talked to. */
        if (!either_filtered && is_one_end(&subjects, source) &&
            schema_table(schema, source->kind, FLOW_IPV4, schema->sizes[0]))
            return NULL;
    }
    *source = (struct source){.kind = TABLE_FLOWS, .classes = ALL_CLASSES};
    return flows_lack(filter, group, n_group);
}
