/* Bounds on sums: "octets>1M", "packets>=1000", "flows<3". They choose among what an answer lists: groups by their sums
 * over the whole period, rows of a list of flows by their own. Totals, others and series of all flows don't know them.
 */
#ifndef FLOWIMPORT_STORE_QUERY_BOUND_H
#define FLOWIMPORT_STORE_QUERY_BOUND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "flow/layout.h"

enum bound_sign { BOUND_LESS, BOUND_AT_MOST, BOUND_GREATER, BOUND_AT_LEAST };
extern const char *const bound_signs[]; /* "<", "<=", ... */

struct bound {
    unsigned metric; /* a sum's index, n_sums for flows */
    enum bound_sign sign;
    int64_t value; /* from 0 on; of flows in FLOW_UNITs */
};

/* Whether a term is meant as a bound: a name, and behind it '<' or '>'. */
bool bound_is(const char *term);
/* Reads "NAME SIGN NUMBER" without blanks, all of `len` bytes. Numbers may have k, M, G or T (of 1000 each) and a
 * fraction, where that makes a whole number; of flows six places. 0; -1: it is none. */
int bound_parse(struct bound *bound, const struct flow_layout *layout, const char *term, size_t len)
    __attribute__((warn_unused_result));
/* What is accepted, in words. */
void bound_accepts(const struct flow_layout *layout, struct buffer *out);

#endif
