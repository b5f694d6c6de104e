/* Who talks most: the rows behind `flowimport top`. */
#ifndef FLOWIMPORT_STORE_TOP_H
#define FLOWIMPORT_STORE_TOP_H

#include "store/store.h"

enum top_kind { TOP_HOSTS, TOP_PORTS, TOP_FLOWS };

struct top_row {
    char name[2 * 64 + 32]; /* "192.0.2.7", "443", "192.0.2.7:51515 -> 198.51.100.4:443 tcp" ([v6]:port) */
    int64_t port;           /* TOP_PORTS: the port; TOP_FLOWS: the lower of the two ports; else -1 */
    uint8_t protocol;       /* TOP_FLOWS: the protocol number; else 0 */
    uint64_t sums[FLOW_SUMS_MAX];
    uint64_t flows; /* FLOW_UNITs */
};

struct top_result {
    unsigned n;
    struct top_row *rows; /* by the order_by sum, descending, ties by name; freed by top_release */
    uint64_t total_sums[FLOW_SUMS_MAX], total_flows; /* of all, for the shares */
    uint32_t bucket_size;                            /* of the tables read; 0: all time */
};

/* The n largest in [from, to) by the sum `order_by` (index into the layout's sums), from the index tables for hosts and
 * ports. from = to = 0: all time; flows, which are kept by bucket alone, then come from all buckets there are. Read are
 * the tables of the largest size that reaches back to `from` and has buckets that begin at both ends, else of the
 * smallest; a bucket counts where it begins. Equals that don't all fit in n are cut off by address or port number. */
enum store_status top_read(struct store *store, const struct schema *schema, enum top_kind kind, uint32_t from,
                           uint32_t to, unsigned n, unsigned order_by, struct top_result *result, struct error *error)
    __attribute__((warn_unused_result));
void top_release(struct top_result *result);

#endif
