/* What has been counted of flows that are reported again and again: totals (octetTotalCount), of which each record has
 * all that came so far; connections of firewalls (collect/nsel.h); flows that stand for longer than a flow can be, of
 * which the last record's time is wanted. One table for all of them, made when the first such record comes.
 *
 * Sets of four entries of 56 bytes, found by a hash whose seed strangers don't know, the longest silent one
 * overwritten: then a flow counts as if it were new, no other takes harm. Two flows are taken for one by 64 bits of
 * that hash: of 10^6 that are known, one of 10^9 others in 18,000 runs. */
#ifndef FLOWIMPORT_COLLECT_COUNTED_H
#define FLOWIMPORT_COLLECT_COUNTED_H

#include "collect/data_record.h"

enum {
    COUNTED_RECORD_MAX = 4096
}; /* bytes of a record of which something is taken off; longer ones count as they stand */

struct counted_flow {
    uint64_t flow; /* hash; 0: an empty entry */
    uint64_t counts[DATA_RECORD_COUNTERS];
    uint32_t heard; /* seconds since 1970, by our clock */
    uint32_t told;  /* of the last record's message, by the exporter's */
};

struct counted; /* opaque */

/* At most `bytes`, at least one set. */
struct counted *counted_new(size_t bytes, uint64_t seed);
void counted_free(struct counted *counted); /* NULL does nothing */
size_t counted_bytes(const struct counted *counted);

/* By exporter, domain and flowId, or where that is missing by five-tuple, interface, direction and observation point.
 * `started`: flows that have begun at another time are others, too. */
uint64_t counted_key(const struct counted *counted, const struct data_record_plan *plan,
                     const struct data_record_context *context, const uint8_t *bytes, size_t len, bool started);
/* The flow's entry; where there is none, it takes the place of another: *known says which, and its counts are 0 then.
 */
struct counted_flow *counted_find(struct counted *counted, uint64_t flow, bool *known);
void counted_forget(struct counted_flow *flow);
/* Heard now, and told by this message. */
void counted_heard(struct counted_flow *flow, const struct data_record_context *context, uint32_t now);
/* The record with these counts in place of its own, good until the next call. NULL: it is too long. */
const uint8_t *counted_copy(struct counted *counted, const struct data_record_counter counters[DATA_RECORD_COUNTERS],
                            const uint64_t counts[DATA_RECORD_COUNTERS], const uint8_t *bytes, size_t len);

#endif
