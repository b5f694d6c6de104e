/* Flows that somebody else has reported: who was first to report a five-tuple, remembered for a while.
 *
 * Somebody else is another exporter; and of one router, that reports each flow where it comes in and where it goes out:
 * the other flowDirection, another observation point, and interfaces that only two places can have. The output of one
 * is the input of the other (a packet that passes twice, as in and out of a tunnel), or one has an input alone and the
 * other an output alone. Other interfaces are no sign: a flow may come in by several links.
 *
 * Sets of four entries of 24 bytes, found by a hash whose seed strangers don't know, the oldest overwritten. Tuples are
 * known by 64 bits of that hash: of 10^9 flows in a window of 10^6 others, one in 18,000 runs finds a wrong one. */
#ifndef FLOWIMPORT_COLLECT_DUPLICATE_H
#define FLOWIMPORT_COLLECT_DUPLICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/data_record.h"

struct duplicates; /* opaque */

/* Takes at most `bytes`, at least one set. */
struct duplicates *duplicates_new(size_t bytes, uint64_t seed);
void duplicates_free(struct duplicates *duplicates); /* NULL does nothing */
size_t duplicates_bytes(const struct duplicates *duplicates);
/* Who reports a flow, and where it was seen. */
struct reporter {
    uint64_t exporter;      /* a hash, with that of the observation point */
    uint32_t input, output; /* interfaces; 0: not known */
    uint8_t direction;      /* enum data_record_direction */
};
/* Whether both can have reported the same packets. Of `exporter` the lower 30 bits count. */
bool reporters_differ(const struct reporter *one, const struct reporter *other);
/* Whether somebody else reported the tuple within `window` seconds; if not, this one is recorded as its reporter. */
bool duplicates_found(struct duplicates *duplicates, const void *tuple, size_t len, const struct reporter *reporter,
                      uint32_t now, uint32_t window);

#endif
