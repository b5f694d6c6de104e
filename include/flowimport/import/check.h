/* Whether a flow may be counted: its times against each other and against the claim's clock, what it claims of each
 * sum, and the port filter. */
#ifndef FLOWIMPORT_IMPORT_CHECK_H
#define FLOWIMPORT_IMPORT_CHECK_H

#include <stdbool.h>

#include "flow/record.h"
#include "flow/reject.h"

struct check_rules {
    int64_t max_flow_age;             /* seconds; 0: any age. Older flows (by their start) are dropped and counted */
    int64_t max_flow_duration;        /* seconds between start and end */
    int64_t max_future;               /* seconds that a start or end may lie ahead of the claim's time */
    uint64_t max_sums[FLOW_SUMS_MAX]; /* what one flow can claim of each sum; 0: 63 bits (check_limit()) */
    bool filter_unknown_ports;        /* a port without a registered service (names.h) becomes 0 */
};

enum check_verdict { CHECK_IMPORT, CHECK_TOO_OLD, CHECK_REJECT };

/* Sets max_sums: `octets` for sums that count octets, `packets` for all others. */
void check_limit(struct check_rules *rules, const struct flow_layout *layout, uint64_t octets, uint64_t packets);
/* Judges a record at `now` (seconds since the epoch, the time of its claim). CHECK_REJECT fills *reject. */
enum check_verdict check_record(const struct check_rules *rules, const struct flow_layout *layout, int64_t now,
                                struct flow_record *record, struct reject *reject);

#endif
