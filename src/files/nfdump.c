/* nfdump: -o csv of 1.6 and 1.7, of 1.7.4 and later with chosen columns or without, and -o json. Times are local ones,
 * those of csv before 1.7.4 in whole seconds; those of csv-fast are milliseconds since 1970.
 * Output counts are the other direction's, as nfdump -b and -B make them. */
#include "files/foreign_impl.h"

#include <string.h>

static const struct column columns[] = {
    {{"cnt", "af"}, ROLE_NONE, NULL, NULL, NULL},
    {{"ts", "first", "t_first", "firstSeen"}, ROLE_START, NULL, NULL, NULL},
    {{"te", "last", "t_last", "lastSeen"}, ROLE_END, NULL, NULL, NULL},
    {{"td", "duration"}, ROLE_DURATION, NULL, NULL, NULL},
    {{"pr", "proto"}, ROLE_PROTOCOL, NULL, NULL, NULL},
    {{"sa", "src4_addr", "src6_addr", "srcAddr"}, ROLE_SOURCE, NULL, NULL, NULL},
    {{"da", "dst4_addr", "dst6_addr", "dstAddr"}, ROLE_DESTINATION, NULL, NULL, NULL},
    {{"sp", "src_port", "srcPort"}, ROLE_SOURCE_PORT, NULL, NULL, NULL},
    {{"dp", "dst_port", "dstPort"}, ROLE_DESTINATION_PORT, NULL, NULL, NULL},
    {{"icmp_type"}, ROLE_ICMP_TYPE, NULL, NULL, NULL},
    {{"icmp_code"}, ROLE_ICMP_CODE, NULL, NULL, NULL},
    {{"ipkt", "in_packets", "packets", "inPackets"}, ROLE_PACKETS, NULL, NULL, NULL},
    {{"ibyt", "in_bytes", "bytes", "inBytes"}, ROLE_OCTETS, NULL, NULL, NULL},
    {{"opkt", "out_packets", "outPackets"}, ROLE_REVERSE_PACKETS, NULL, NULL, NULL},
    {{"obyt", "out_bytes", "outBytes"}, ROLE_REVERSE_OCTETS, NULL, NULL, NULL},
    {{"flg", "tcp_flags", "flags"}, ROLE_FLAGS, "tcpControlBits", NULL, NULL},
    {{"fwd", "fwd_status", "fwdStatus"}, ROLE_NUMBER, "forwardingStatus", NULL, NULL},
    {{"stos", "src_tos", "srcTos"}, ROLE_NUMBER, "ipClassOfService", NULL, NULL},
    {{"dtos", "dst_tos", "dstTos"}, ROLE_NUMBER, "postIpClassOfService", NULL, NULL},
    {{"in", "input_snmp", "input"}, ROLE_NUMBER, "ingressInterface", NULL, NULL},
    {{"out", "output_snmp", "output"}, ROLE_NUMBER, "egressInterface", NULL, NULL},
    {{"sas", "src_as", "srcAS"}, ROLE_NUMBER, "bgpSourceAsNumber", NULL, NULL},
    {{"das", "dst_as", "dstAS"}, ROLE_NUMBER, "bgpDestinationAsNumber", NULL, NULL},
    {{"smk", "src_mask", "srcMask"}, ROLE_NUMBER, "sourceIPv4PrefixLength", "sourceIPv6PrefixLength", NULL},
    {{"dmk", "dst_mask", "dstMask"}, ROLE_NUMBER, "destinationIPv4PrefixLength", "destinationIPv6PrefixLength", NULL},
    {{"dir", "direction"}, ROLE_NUMBER, "flowDirection", NULL, NULL},
    {{"nh", "ip4_next_hop", "ip6_next_hop", "nextIP"},
     ROLE_ADDRESS,
     "ipNextHopIPv4Address",
     "ipNextHopIPv6Address",
     NULL},
    {{"nhb", "bgp4_next_hop", "bgp6_next_hop", "bgpNextIP"},
     ROLE_ADDRESS,
     "bgpNextHopIPv4Address",
     "bgpNextHopIPv6Address",
     NULL},
    {{"svln", "src_vlan", "srcVlan"}, ROLE_NUMBER, "vlanId", NULL, NULL},
    {{"dvln", "dst_vlan", "dstVlan"}, ROLE_NUMBER, "postVlanId", NULL, NULL},
    {{"ismc", "in_src_mac", "inSrcMac"}, ROLE_MAC, "sourceMacAddress", NULL, NULL},
    {{"idmc", "in_dst_mac", "inDstMac"}, ROLE_MAC, "destinationMacAddress", NULL, NULL},
    {{"osmc", "out_src_mac", "outSrcMac"}, ROLE_MAC, "postSourceMacAddress", NULL, NULL},
    {{"odmc", "out_dst_mac", "outDstMac"}, ROLE_MAC, "postDestinationMacAddress", NULL, NULL},
    {{"ra", "ip4_router", "ip6_router", "routerIP"}, ROLE_ADDRESS, "exporterIPv4Address", "exporterIPv6Address", NULL},
    {{NULL}, ROLES, NULL, NULL, NULL},
};

_Static_assert(sizeof columns / sizeof columns[0] <= COLUMNS_MAX, "a place for each value");

/* All of its names, as some mean another protocol in /etc/protocols. It has IPIP for 94, too, and IDPR for 38. */
static const struct alias protocols[] = {
    {"ICMP", 1},   {"IGMP", 2},    {"GGP", 3},     {"IPIP", 4},    {"ST", 5},      {"TCP", 6},    {"CBT", 7},
    {"EGP", 8},    {"IGP", 9},     {"BBN", 10},    {"NVPII", 11},  {"PUP", 12},    {"ARGUS", 13}, {"ENCOM", 14},
    {"XNET", 15},  {"CHAOS", 16},  {"UDP", 17},    {"MUX", 18},    {"DCN", 19},    {"HMP", 20},   {"PRM", 21},
    {"XNS", 22},   {"Trnk1", 23},  {"Trnk2", 24},  {"Leaf1", 25},  {"Leaf2", 26},  {"RDP", 27},   {"IRTP", 28},
    {"ISO-4", 29}, {"NETBK", 30},  {"MFESP", 31},  {"MEINP", 32},  {"DCCP", 33},   {"3PC", 34},   {"IDPR", 35},
    {"XTP", 36},   {"DDP", 37},    {"TP++", 39},   {"IL", 40},     {"IPv6", 41},   {"SDRP", 42},  {"Rte6", 43},
    {"Frag6", 44}, {"IDRP", 45},   {"RSVP", 46},   {"GRE", 47},    {"MHRP", 48},   {"BNA", 49},   {"ESP", 50},
    {"AH", 51},    {"INLSP", 52},  {"SWIPE", 53},  {"NARP", 54},   {"MOBIL", 55},  {"TLSP", 56},  {"SKIP", 57},
    {"ICMP6", 58}, {"NOHE6", 59},  {"OPTS6", 60},  {"HOST", 61},   {"CFTP", 62},   {"NET", 63},   {"SATNT", 64},
    {"KLAN", 65},  {"RVD", 66},    {"IPPC", 67},   {"FS", 68},     {"SATM", 69},   {"VISA", 70},  {"IPCV", 71},
    {"CPNX", 72},  {"CPHB", 73},   {"WSN", 74},    {"PVP", 75},    {"BSATM", 76},  {"SUNND", 77}, {"WBMON", 78},
    {"WBEXP", 79}, {"ISOIP", 80},  {"VMTP", 81},   {"SVMTP", 82},  {"VINES", 83},  {"TTP", 84},   {"NSIGP", 85},
    {"DGP", 86},   {"TCF", 87},    {"EIGRP", 88},  {"OSPF", 89},   {"S-RPC", 90},  {"LARP", 91},  {"MTP", 92},
    {"AX.25", 93}, {"MICP", 95},   {"SCCSP", 96},  {"ETHIP", 97},  {"ENCAP", 98},  {"GMTP", 100}, {"IFMP", 101},
    {"PNNI", 102}, {"PIM", 103},   {"ARIS", 104},  {"SCPS", 105},  {"QNX", 106},   {"A/N", 107},  {"IPcmp", 108},
    {"SNP", 109},  {"CpqPP", 110}, {"IPXIP", 111}, {"VRRP", 112},  {"PGM", 113},   {"0hop", 114}, {"L2TP", 115},
    {"DDX", 116},  {"IATP", 117},  {"STP", 118},   {"SRP", 119},   {"UTI", 120},   {"SMP", 121},  {"SM", 122},
    {"PTP", 123},  {"ISIS4", 124}, {"FIRE", 125},  {"CRTP", 126},  {"CRUDP", 127}, {"IPLT", 129}, {"SPS", 130},
    {"PIPE", 131}, {"SCTP", 132},  {"FC", 133},    {"MHEAD", 135}, {"UDP-L", 136}, {"MPLS", 137}, {NULL, 0}};

static bool line_begins(const char *line, size_t len, const char *with) {
    return len >= strlen(with) && memcmp(line, with, strlen(with)) == 0;
}

/* The sums at the end have a header of their own. */
static bool comment(struct foreign *foreign, const char *line, size_t len) {
    if (line_begins(line, len, "Summary")) foreign->summary = true;
    return foreign->summary || len == 0 || line_begins(line, len, "No matching flows");
}

const struct foreign_tool nfdump_tool = {
    .columns = columns,
    .marks = {"\"export_sysid\""},
    .needed = 1U << ROLE_START | 1U << ROLE_END | 1U << ROLE_SOURCE | 1U << ROLE_DESTINATION | 1U << ROLE_PACKETS |
              1U << ROLE_OCTETS,
    .hint = "nfdump -o csv prints it, but not with -s, nor with -q; both directions, since 1.7.4: nfdump -b -o json",
    .counts = "",
    .times = "",
    .protocols = protocols,
    .comment = comment,
    .report = "Date first seen ",
    .separators = ",\t",
};
