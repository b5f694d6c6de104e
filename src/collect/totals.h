/* Totals: octetTotalCount, packetTotalCount and their like have all that came of a flow, each time that it is reported.
 * What has been counted before is taken off, for flows that are remembered (collect/counted.h); one that is not counts
 * as it stands.
 *
 * A flow is one as long as it has the same begin. Where it has a begin, a total below the last one came late, or twice,
 * and is ignored; where it has none, another flow has begun. A counter of less than 8 bytes may have begun again at 0.
 */
#ifndef FLOWIMPORT_COLLECT_TOTALS_H
#define FLOWIMPORT_COLLECT_TOTALS_H

#include "collect/counted.h"

/* Of a record whose plan has totals. Whether there is something to count: *bytes is the record, or a copy with the
 * difference, good until the next call; context->since_us is when the last one was told. `now`: seconds. */
bool totals_record(struct counted *counted, const struct data_record_plan *plan, struct data_record_context *context,
                   const uint8_t **bytes, size_t len, uint32_t now);

#endif
