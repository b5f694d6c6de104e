/* GoFlow2's JSON, of both of its versions, and that of programs with the same messages in capitals (goflow, Akvorado).
 * Counts are those of the sample: sampling_rate applies. Members:
 * https://github.com/netsampler/goflow2/blob/main/docs/protocols.md. */
#include "files/foreign_impl.h"

static const struct column columns[] = {
    {{"time_flow_start_ns", "time_flow_start_ms", "time_flow_start", "TimeFlowStart"}, ROLE_START, NULL, NULL, NULL},
    {{"time_received_ns", "time_received", "TimeReceived"}, ROLE_START, NULL, NULL, NULL},
    {{"time_flow_end_ns", "time_flow_end_ms", "time_flow_end", "TimeFlowEnd"}, ROLE_END, NULL, NULL, NULL},
    {{"proto", "Proto"}, ROLE_PROTOCOL, NULL, NULL, NULL},
    {{"src_addr", "SrcAddr"}, ROLE_SOURCE, NULL, NULL, NULL},
    {{"dst_addr", "DstAddr"}, ROLE_DESTINATION, NULL, NULL, NULL},
    {{"src_port", "SrcPort"}, ROLE_SOURCE_PORT, NULL, NULL, NULL},
    {{"dst_port", "DstPort"}, ROLE_DESTINATION_PORT, NULL, NULL, NULL},
    {{"icmp_type", "IcmpType"}, ROLE_ICMP_TYPE, NULL, NULL, NULL},
    {{"icmp_code", "IcmpCode"}, ROLE_ICMP_CODE, NULL, NULL, NULL},
    {{"sampling_rate", "SamplingRate"}, ROLE_SAMPLING, NULL, NULL, NULL},
    {{"packets", "Packets"}, ROLE_PACKETS, NULL, NULL, NULL},
    {{"bytes", "Bytes"}, ROLE_OCTETS, NULL, NULL, NULL},
    {{"sampler_address", "SamplerAddress", "ExporterAddress"},
     ROLE_ADDRESS,
     "exporterIPv4Address",
     "exporterIPv6Address",
     NULL},
    {{"in_if", "InIf"}, ROLE_NUMBER, "ingressInterface", NULL, NULL},
    {{"out_if", "OutIf"}, ROLE_NUMBER, "egressInterface", NULL, NULL},
    {{"src_mac", "SrcMac"}, ROLE_MAC, "sourceMacAddress", NULL, NULL},
    {{"dst_mac", "DstMac"}, ROLE_MAC, "destinationMacAddress", NULL, NULL},
    {{"src_vlan", "SrcVlan"}, ROLE_NUMBER, "vlanId", NULL, NULL},
    {{"dst_vlan", "DstVlan"}, ROLE_NUMBER, "postVlanId", NULL, NULL},
    {{"ip_tos", "IPTos"}, ROLE_NUMBER, "ipClassOfService", NULL, NULL},
    {{"tcp_flags", "TCPFlags"}, ROLE_NUMBER, "tcpControlBits", NULL, NULL},
    {{"forwarding_status", "ForwardingStatus"}, ROLE_NUMBER, "forwardingStatus", NULL, NULL},
    {{"src_as", "SrcAS"}, ROLE_NUMBER, "bgpSourceAsNumber", NULL, NULL},
    {{"dst_as", "DstAS"}, ROLE_NUMBER, "bgpDestinationAsNumber", NULL, NULL},
    {{"src_net", "SrcNet"}, ROLE_BITS, "sourceIPv4PrefixLength", "sourceIPv6PrefixLength", NULL},
    {{"dst_net", "DstNet"}, ROLE_BITS, "destinationIPv4PrefixLength", "destinationIPv6PrefixLength", NULL},
    {{"next_hop", "NextHop"}, ROLE_ADDRESS, "ipNextHopIPv4Address", "ipNextHopIPv6Address", NULL},
    {{NULL}, ROLES, NULL, NULL, NULL},
};

_Static_assert(sizeof columns / sizeof columns[0] <= COLUMNS_MAX, "a place for each value");

static const struct alias protocols[] = {{"IPv6-ICMP", 58}, {"ICMPv6", 58}, {"IPv6", 41}, {NULL, 0}};

const struct foreign_tool goflow2_tool = {
    .columns = columns,
    .marks = {"\"sampler_address\"", "\"time_received", "\"TimeReceived\"", "\"time_flow_start"},
    .hint = "-format json has objects alone",
    .counts = "",
    .times = "",
    .protocols = protocols,
    .separators = "",
    .unset_texts = {"<nil>", "invalid IP"}, /* of what has no address of IP, such as ARP */
    .other_ones = true,
};
