/* How many different things the flows of a group have: "who talks to most hosts" finds a scan. Counted exactly, out of
 * the rows of the flows tables, as long as these are at most DISTINCT_ROWS_MAX; of more, only so many are looked at,
 * and what is told is the least that there are. */
#ifndef FLOWIMPORT_STORE_QUERY_DISTINCT_H
#define FLOWIMPORT_STORE_QUERY_DISTINCT_H

#include "store/query/dimension.h"

enum { DISTINCT_ROWS_MAX = 5000000 };

enum distinct {
    DISTINCT_NONE,
    DISTINCT_PEERS, /* addresses at the other end than the group's */
    DISTINCT_PORTS, /* destination ports */
    DISTINCT_HOSTS, /* addresses at either end */
    DISTINCTS
};

/* By its name; DISTINCT_NONE: there is none. */
enum distinct distinct_find(const char *name);
const char *distinct_name(enum distinct distinct);
/* "peers, ports, hosts" */
void distincts_show(struct buffer *out);
/* NULL, or what is accepted in place of these groups. */
const char *distinct_refuses(enum distinct distinct, const struct dimension *const *group, unsigned n_group);
/* The field that is counted, where the group's key is that of `side`. */
const struct flow_field *distinct_field(enum distinct distinct, const struct flow_layout *layout,
                                        const struct dimension *const *group, unsigned n_group, unsigned side);

#endif
