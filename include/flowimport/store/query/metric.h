/* What flows are counted in: the words for the configured sums, and for the number of flows. */
#ifndef FLOWIMPORT_STORE_QUERY_METRIC_H
#define FLOWIMPORT_STORE_QUERY_METRIC_H

#include "base/buffer.h"
#include "flow/layout.h"

/* A metric by name: a sum's index, n_sums for flows; NULL is the first of octets, the first sum. -1: there is none. */
int metric_find(const struct flow_layout *layout, const char *name);
/* "octets", "packets", "flows", or the sum's element. */
const char *metric_name(const struct flow_layout *layout, unsigned metric);
/* "packets, octets, flows": the names. */
void metrics_show(const struct flow_layout *layout, struct buffer *out);

#endif
