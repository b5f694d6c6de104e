/* Argus' client ra: its text with a separator and the header line (ra -c , -u), and the JSON of newer ones. Columns are
 * those of ra(1), as the headers of 3.0 have them and as the option -s names them. */
#include "files/foreign_impl.h"

/* Octets are those of the whole frame, as Argus counts them: an Ethernet header is 14 more than the IP packet, and
 * short frames count with the padding that was captured. */
static const struct column columns[] = {
    {{"StartTime", "stime"}, ROLE_START, NULL, NULL, NULL},
    {{"LastTime", "ltime"}, ROLE_END, NULL, NULL, NULL},
    {{"Dur", "dur"}, ROLE_DURATION, NULL, NULL, NULL},
    {{"Proto", "proto"}, ROLE_PROTOCOL, NULL, NULL, NULL},
    {{"SrcAddr", "saddr"}, ROLE_SOURCE, NULL, NULL, NULL},
    {{"DstAddr", "daddr"}, ROLE_DESTINATION, NULL, NULL, NULL},
    {{"Sport", "sport"}, ROLE_SOURCE_PORT, NULL, NULL, NULL},
    {{"Dport", "dport"}, ROLE_DESTINATION_PORT, NULL, NULL, NULL},
    {{"SrcPkts", "spkts"}, ROLE_PACKETS, NULL, NULL, NULL},
    {{"SrcBytes", "sbytes"}, ROLE_OCTETS, NULL, NULL, NULL},
    {{"DstPkts", "dpkts"}, ROLE_REVERSE_PACKETS, NULL, NULL, NULL},
    {{"DstBytes", "dbytes"}, ROLE_REVERSE_OCTETS, NULL, NULL, NULL},
    {{"sVid", "svid"}, ROLE_NUMBER, "vlanId", NULL, NULL},
    {{"SrcMac", "smac"}, ROLE_MAC, "sourceMacAddress", NULL, "destinationMacAddress"},
    {{"DstMac", "dmac"}, ROLE_MAC, "destinationMacAddress", NULL, "sourceMacAddress"},
    {{"sTos", "stos"}, ROLE_NUMBER, "ipClassOfService", NULL, "revIpClassOfService"},
    {{"dTos", "dtos"}, ROLE_NUMBER, "revIpClassOfService", NULL, "ipClassOfService"},
    {{"sAS", "sas"}, ROLE_NUMBER, "bgpSourceAsNumber", NULL, "bgpDestinationAsNumber"},
    {{"dAS", "das"}, ROLE_NUMBER, "bgpDestinationAsNumber", NULL, "bgpSourceAsNumber"},
    {{NULL}, ROLES, NULL, NULL, NULL},
};

_Static_assert(sizeof columns / sizeof columns[0] <= COLUMNS_MAX, "a place for each value");

/* Names of ra's that /etc/protocols has not. */
static const struct protocol_alias protocols[] = {{"ipnip", 4}, {"swipe", 53}, {"mobile", 55}, {"ipv6-no", 59},
                                                  {"pgm", 113}, {"stp", 118},  {"ptp", 123},   {NULL, 0}};

/* Its own records, and those of what has addresses of IP, but is none. */
static const char *const strangers[] = {"man", "arp", "rarp", "evt", NULL};

/* Of IPv4 the first port has the code in the upper octet and the type in the lower; of IPv6 there is one in each. */
static unsigned icmp_port(unsigned source, unsigned destination, bool ipv6) {
    return ipv6 ? source << 8 | (destination & 0xff) : (source & 0xff) << 8 | source >> 8;
}

static bool comment(struct foreign *foreign, const char *line, size_t len) {
    (void)foreign, (void)line;
    return len == 0;
}

const struct foreign_tool argus_tool = {
    .columns = columns,
    .mark = "\"saddr\"",
    .needed = 1U << ROLE_START | 1U << ROLE_END | 1U << ROLE_PROTOCOL | 1U << ROLE_SOURCE | 1U << ROLE_DESTINATION |
              1U << ROLE_SOURCE_PORT | 1U << ROLE_DESTINATION_PORT | 1U << ROLE_PACKETS | 1U << ROLE_OCTETS |
              1U << ROLE_REVERSE_PACKETS | 1U << ROLE_REVERSE_OCTETS,
    .hint = "ra -c , -u -n -s stime,ltime,proto,saddr,sport,dir,daddr,dport,spkts,dpkts,sbytes,dbytes prints it",
    .counts = "; not what ra -H prints",
    .times = "; ra -u prints the former",
    .protocols = protocols,
    .strangers = strangers,
    .icmp_port = icmp_port,
    .comment = comment,
    .separators = ",|;\t",
};
