/* pmacct's plugins: JSON (print, kafka, amqp), and text of the print plugin with its header. Without timestamps of
 * flows, those of the interval that a row is of (print_history) stand in; all are local times, unless timestamps_utc or
 * timestamps_since_epoch are set: https://github.com/pmacct/pmacct/blob/master/CONFIG-KEYS. */
#include "files/foreign_impl.h"

static const struct column columns[] = {
    {{"TAG", "TAG2", "LABEL", "ETYPE"}, ROLE_NONE, NULL, NULL, NULL},
    {{"COMMS", "AS_PATH", "COS", "PREF"}, ROLE_NONE, NULL, NULL, NULL},
    {{"timestamp_start", "TIMESTAMP_START"}, ROLE_START, NULL, NULL, NULL},
    {{"timestamp_arrival", "TIMESTAMP_ARRIVAL"}, ROLE_START, NULL, NULL, NULL},
    {{"stamp_inserted", "STAMP_INSERTED"}, ROLE_START, NULL, NULL, NULL},
    {{"timestamp_end", "TIMESTAMP_END"}, ROLE_END, NULL, NULL, NULL},
    {{"ip_proto", "PROTOCOL"}, ROLE_PROTOCOL, NULL, NULL, NULL},
    {{"ip_src", "SRC_IP"}, ROLE_SOURCE, NULL, NULL, NULL},
    {{"ip_dst", "DST_IP"}, ROLE_DESTINATION, NULL, NULL, NULL},
    {{"port_src", "SRC_PORT"}, ROLE_SOURCE_PORT, NULL, NULL, NULL},
    {{"port_dst", "DST_PORT"}, ROLE_DESTINATION_PORT, NULL, NULL, NULL},
    {{"sampling_rate", "SAMPLING_RATE"}, ROLE_SAMPLING, NULL, NULL, NULL},
    {{"packets", "PACKETS"}, ROLE_PACKETS, NULL, NULL, NULL},
    {{"bytes", "BYTES"}, ROLE_OCTETS, NULL, NULL, NULL},
    {{"peer_ip_src", "PEER_SRC_IP"}, ROLE_ADDRESS, "exporterIPv4Address", "exporterIPv6Address", NULL},
    {{"iface_in", "IN_IFACE"}, ROLE_NUMBER, "ingressInterface", NULL, NULL},
    {{"iface_out", "OUT_IFACE"}, ROLE_NUMBER, "egressInterface", NULL, NULL},
    {{"mac_src", "SRC_MAC"}, ROLE_MAC, "sourceMacAddress", NULL, NULL},
    {{"mac_dst", "DST_MAC"}, ROLE_MAC, "destinationMacAddress", NULL, NULL},
    {{"vlan", "VLAN", "vlan_in", "IN_VLAN"}, ROLE_NUMBER, "vlanId", NULL, NULL},
    {{"vlan_out", "OUT_VLAN"}, ROLE_NUMBER, "postVlanId", NULL, NULL},
    {{"tos", "TOS"}, ROLE_NUMBER, "ipClassOfService", NULL, NULL},
    {{"tcp_flags", "TCP_FLAGS"}, ROLE_NUMBER, "tcpControlBits", NULL, NULL},
    {{"as_src", "SRC_AS"}, ROLE_NUMBER, "bgpSourceAsNumber", NULL, NULL},
    {{"as_dst", "DST_AS"}, ROLE_NUMBER, "bgpDestinationAsNumber", NULL, NULL},
    {{"mask_src", "SRC_MASK"}, ROLE_NUMBER, "sourceIPv4PrefixLength", "sourceIPv6PrefixLength", NULL},
    {{"mask_dst", "DST_MASK"}, ROLE_NUMBER, "destinationIPv4PrefixLength", "destinationIPv6PrefixLength", NULL},
    {{"class", "CLASS"}, ROLE_TEXT, "applicationName", NULL, NULL},
    {{NULL}, ROLES, NULL, NULL, NULL},
};

_Static_assert(sizeof columns / sizeof columns[0] <= COLUMNS_MAX, "a place for each value");

static const struct alias protocols[] = {{"icmp6", 58}, {"ipv6-icmp", 58}, {NULL, 0}};

const struct foreign_tool pmacct_tool = {
    .columns = columns,
    .marks = {"\"ip_src\"", "\"ip_dst\"", "\"stamp_inserted\"", "\"port_src\""},
    .needed = 1U << ROLE_START | 1U << ROLE_SOURCE | 1U << ROLE_DESTINATION | 1U << ROLE_PACKETS | 1U << ROLE_OCTETS,
    .hint = "pmacct prints it if aggregate names src_host, dst_host and timestamp_start",
    .counts = "",
    .times = "",
    .protocols = protocols,
    .separators = ",;\t|\v",
    .unset_texts = {"unknown"}, /* a class */
    .other_ones = true,         /* markers around those of a purge */
};
