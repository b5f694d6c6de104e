/* What can be counted as different things, of which groups. */
#include "store/query/distinct.h"

#include <string.h>

static const char *const names[DISTINCTS] = {
    [DISTINCT_PEERS] = "peers", [DISTINCT_PORTS] = "ports", [DISTINCT_HOSTS] = "hosts"};

enum distinct distinct_find(const char *name) {
    for (unsigned i = DISTINCT_PEERS; name && i < DISTINCTS; i++)
        if (strcmp(names[i], name) == 0) return (enum distinct)i;
    return DISTINCT_NONE;
}

const char *distinct_name(enum distinct distinct) { return names[distinct]; }

void distincts_show(struct buffer *out) {
    for (unsigned i = DISTINCT_PEERS; i < DISTINCTS; i++)
        buffer_printf(out, "%s%s", i > DISTINCT_PEERS ? ", " : "", names[i]);
}

/* Whether it is about one end of a flow, or about either. */
static bool has_end(const struct dimension *dimension) {
    switch (dimension->form) {
    case DIMENSION_ADDRESS: return dimension->in_index;
    case DIMENSION_PORT:
    case DIMENSION_PREFIX:
    case DIMENSION_NAME: return true;
    default: return false;
    }
}

static const struct dimension *ended(const struct dimension *const *group, unsigned n_group) {
    for (unsigned i = 0; i < n_group; i++)
        if (has_end(group[i])) return group[i];
    return NULL;
}

const char *distinct_refuses(enum distinct distinct, const struct dimension *const *group, unsigned n_group) {
    const struct dimension *first = ended(group, n_group);
    if (n_group == 0) return "a group whose peers, ports or hosts are counted";
    for (unsigned i = 0; i < n_group; i++) {
        if (!group[i]->in_flows) return "flow keys of these tables (aggr_values)";
        if (distinct == DISTINCT_HOSTS && group[i]->is_either) return "groups that are not about either end: use peers";
        if (distinct == DISTINCT_PEERS && has_end(group[i]) &&
            (group[i]->side != first->side || group[i]->is_either != first->is_either))
            return "groups of one end of flows";
    }
    return distinct == DISTINCT_PEERS && !first ? "groups of one end of flows, such as src, host or dst_network" : NULL;
}

const struct flow_field *distinct_field(enum distinct distinct, const struct flow_layout *layout,
                                        const struct dimension *const *group, unsigned n_group, unsigned side) {
    static const enum flow_tuple addresses[] = {TUPLE_SOURCE, TUPLE_DESTINATION};
    if (distinct == DISTINCT_PORTS) return &layout->fields[TUPLE_DESTINATION_PORT];
    if (distinct == DISTINCT_HOSTS) return &layout->fields[addresses[side]];
    const struct dimension *first = ended(group, n_group);
    bool is_source = first->is_either ? side == SIDE_SOURCE : first->side == SIDE_SOURCE;
    return &layout->fields[addresses[is_source ? SIDE_DESTINATION : SIDE_SOURCE]];
}
