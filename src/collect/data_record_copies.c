/* A plan's way to flow records: items that are copied as they stand, in runs, and those that have to be looked at. */
#include "collect/data_record_impl.h"

#include "base/mem.h"

static bool continues(const struct copy *copy, const struct item *item) {
    const struct source *source = &copy->source;
    return item->source.anchor == source->anchor && item->source.offset == source->offset + source->length &&
           item->place == copy->place + source->length;
}

/* Items [first, end), which are of one direction. */
static void flows_plan(struct data_record_plan *plan, unsigned first, unsigned end) {
    struct copy *copy = NULL;
    for (unsigned i = first; i < end; i++) {
        const struct item *item = &plan->items[i];
        if (!item->copied) {
            plan->looked_at[plan->n_looked_at++] = (uint16_t)i;
        } else if (copy && continues(copy, item)) {
            copy->source.length += item->copied;
        } else {
            copy = &plan->copies[plan->n_copies++];
            *copy = (struct copy){item->source, item->place};
        }
    }
}

static void family_flows_plan(struct data_record_plan *plan, enum flow_family family) {
    struct bounds *items = &plan->lists[family].items, *copies = &plan->lists[family].copies,
                  *looked_at = &plan->lists[family].looked_at;
    copies->first = plan->n_copies;
    looked_at->first = plan->n_looked_at;
    flows_plan(plan, items->first, items->reverse);
    copies->reverse = plan->n_copies;
    looked_at->reverse = plan->n_looked_at;
    flows_plan(plan, items->reverse, items->end);
    copies->end = plan->n_copies;
    looked_at->end = plan->n_looked_at;
}

void copies_make(struct data_record_plan *plan) {
    plan->copies = mem_zalloc(plan->n_items + 1, sizeof *plan->copies);
    plan->looked_at = mem_zalloc(plan->n_items + 1, sizeof *plan->looked_at);
    for (unsigned family = 0; family < FLOW_FAMILIES; family++)
        family_flows_plan(plan, (enum flow_family)family);
}
