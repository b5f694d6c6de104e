/* Suricata's eve.json: events of the type flow, of both directions, and of the type netflow, of one each:
 * https://docs.suricata.io/en/latest/output/eve/eve-json-format.html. Octets are those of frames. */
#include "files/foreign_impl.h"

static const struct column columns[] = {
    {{"event_type"}, ROLE_KIND, NULL, NULL, NULL},
    {{"flow.start", "netflow.start"}, ROLE_START, NULL, NULL, NULL},
    {{"flow.end", "netflow.end"}, ROLE_END, NULL, NULL, NULL},
    {{"proto"}, ROLE_PROTOCOL, NULL, NULL, NULL},
    {{"src_ip"}, ROLE_SOURCE, NULL, NULL, NULL},
    {{"dest_ip"}, ROLE_DESTINATION, NULL, NULL, NULL},
    {{"src_port"}, ROLE_SOURCE_PORT, NULL, NULL, NULL},
    {{"dest_port"}, ROLE_DESTINATION_PORT, NULL, NULL, NULL},
    {{"icmp_type"}, ROLE_ICMP_TYPE, NULL, NULL, NULL},
    {{"icmp_code"}, ROLE_ICMP_CODE, NULL, NULL, NULL},
    {{"response_icmp_type"}, ROLE_REPLY_TYPE, NULL, NULL, NULL},
    {{"response_icmp_code"}, ROLE_REPLY_CODE, NULL, NULL, NULL},
    {{"flow.pkts_toserver", "netflow.pkts"}, ROLE_PACKETS, NULL, NULL, NULL},
    {{"flow.bytes_toserver", "netflow.bytes"}, ROLE_OCTETS, NULL, NULL, NULL},
    {{"flow.pkts_toclient"}, ROLE_REVERSE_PACKETS, NULL, NULL, NULL},
    {{"flow.bytes_toclient"}, ROLE_REVERSE_OCTETS, NULL, NULL, NULL},
    {{"vlan"}, ROLE_NUMBER, "vlanId", NULL, NULL},
    {{"tcp.tcp_flags", "tcp.tcp_flags_ts"}, ROLE_HEX, "tcpControlBits", NULL, "revTcpControlBits"},
    {{"tcp.tcp_flags_tc"}, ROLE_HEX, "revTcpControlBits", NULL, "tcpControlBits"},
    {{"app_proto"}, ROLE_TEXT, "applicationName", NULL, NULL},
    {{NULL}, ROLES, NULL, NULL, NULL},
};

_Static_assert(sizeof columns / sizeof columns[0] <= COLUMNS_MAX, "a place for each value");

static const struct alias protocols[] = {{"IPv6-ICMP", 58}, {"ICMPv6", 58}, {NULL, 0}};

/* Where both are logged, two netflow events describe the same as one flow event. */
static const char *const kinds[] = {"flow", "netflow", NULL};

const struct foreign_tool suricata_tool = {
    .columns = columns,
    .marks = {"\"event_type\""},
    .hint = "it has objects alone",
    .counts = "",
    .times = "",
    .protocols = protocols,
    .separators = "",
    .unset_texts = {"unknown", "failed"}, /* app_proto */
    .kinds = kinds,
    .nested = true,
};
