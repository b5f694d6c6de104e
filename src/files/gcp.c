/* VPC flow logs of Google's cloud, as entries of its logging:
 * https://cloud.google.com/vpc/docs/about-flow-logs-records. One direction each; what was not sampled has been added to
 * the counts. Machines at both ends report a flow, and gateways between them. */
#include "files/foreign_impl.h"

static const struct column columns[] = {
    {{"jsonPayload.start_time"}, ROLE_START, NULL, NULL, NULL},
    {{"jsonPayload.end_time"}, ROLE_END, NULL, NULL, NULL},
    {{"jsonPayload.connection.protocol"}, ROLE_PROTOCOL, NULL, NULL, NULL},
    {{"jsonPayload.connection.src_ip"}, ROLE_SOURCE, NULL, NULL, NULL},
    {{"jsonPayload.connection.dest_ip"}, ROLE_DESTINATION, NULL, NULL, NULL},
    {{"jsonPayload.connection.src_port"}, ROLE_SOURCE_PORT, NULL, NULL, NULL},
    {{"jsonPayload.connection.dest_port"}, ROLE_DESTINATION_PORT, NULL, NULL, NULL},
    {{"jsonPayload.packets_sent"}, ROLE_PACKETS, NULL, NULL, NULL},
    {{"jsonPayload.bytes_sent"}, ROLE_OCTETS, NULL, NULL, NULL},
    {{"jsonPayload.reporter"}, ROLE_REPORTER, NULL, NULL, NULL},
    {{NULL}, ROLES, NULL, NULL, NULL},
};

_Static_assert(sizeof columns / sizeof columns[0] <= COLUMNS_MAX, "a place for each value");

const struct foreign_tool gcp_tool = {
    .columns = columns,
    .marks = {"\"jsonPayload\""},
    .hint = "it has objects alone",
    .counts = "",
    .times = "",
    .separators = "",
    .nested = true,
    .other_ones = true,
};
