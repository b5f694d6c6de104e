/* Argus' client ra: its text with a separator and the header line (ra -c , -u), and the JSON of newer ones. Columns are
 * those of ra(1), as the headers of 3.0 and 5.0 have them and as the option -s names them. */
#include "files/foreign_impl.h"

#include <netinet/ip_icmp.h>

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
static const struct alias protocols[] = {{"ipnip", 4}, {"swipe", 53}, {"mobile", 55}, {"ipv6-no", 59},
                                         {"pgm", 113}, {"stp", 118},  {"ptp", 123},   {NULL, 0}};

/* Names of 5.0 for types of ICMP and for codes of some of them; the others' codes it leaves out beside a name. */
static const struct alias icmp[] = {
    {"echoreply", 0},   {"dstunreach", 3},    {"srcquench", 4},  {"redirect", 5},    {"althostaddr", 6},
    {"unassigned", 7},  {"echo", 8},          {"rtrad", 9},      {"rtrsel", 10},     {"timeexceed", 11},
    {"param", 12},      {"tstamp", 13},       {"tstreply", 14},  {"inforeq", 15},    {"inforeply", 16},
    {"maskreq", 17},    {"maskreply", 18},    {"security", 19},  {"trace", 30},      {"datconverr", 31},
    {"mobhostred", 32}, {"ipv6way", 33},      {"ipv6iah", 34},   {"mrreq", 35},      {"mrreply", 36},
    {"dnsreq", 37},     {"dnsreply", 38},     {"skip", 39},      {"photuris", 40},   {"expmobile", 41},
    {"extecho", 42},    {"extechoreply", 43}, {"unrhost", 1},    {"unrproto", 2},    {"unrport", 3},
    {"unrfrag", 4},     {"unrsrc", 5},        {"unrnunk", 6},    {"unrhunk", 7},     {"unriso", 8},
    {"unrnpro", 9},     {"unrhpro", 10},      {"unrtosnet", 11}, {"unrtoshost", 12}, {"unrfilter", 13},
    {"unrpre", 14},     {"unrcut", 15},       {"redhost", 1},    {"redtosnet", 2},   {"redtoshost", 3},
    {NULL, 0},
};

/* Its own records, and those of what has addresses of IP, but is none. */
static const char *const strangers[] = {"man", "arp", "rarp", "evt", NULL};

/* RSVP is 46, and what is left of RSVP-E2E-IGNORE, 134. */
static const char *const ambiguous[] = {"rsvp", NULL};

/* Whether the messages of a type of ICMP carry an identifier, which 3.0 prints as the second port. */
static bool icmp_identifies(unsigned type) {
    return type == ICMP_ECHOREPLY || type == ICMP_ECHO || (type >= ICMP_TIMESTAMP && type <= ICMP_ADDRESSREPLY);
}

/* Of IPv6 the first port has the type and the second the code. So it is of IPv4 in 5.0, which leaves a code of 0 out.
 * In 3.0 the first has the code in the upper octet and the type in the lower, and the second what else the message has:
 * an identifier, or of a network's address, whose first octet is not 0. */
static unsigned icmp_port(unsigned source, unsigned destination, bool ipv6) {
    if (ipv6 || (source <= UINT8_MAX && destination <= UINT8_MAX && !icmp_identifies(source)))
        return source << 8 | (destination & 0xff);
    return (source & 0xff) << 8 | source >> 8;
}

const struct foreign_tool argus_tool = {
    .columns = columns,
    .marks = {"\"saddr\""},
    .needed = 1U << ROLE_START | 1U << ROLE_END | 1U << ROLE_PROTOCOL | 1U << ROLE_SOURCE | 1U << ROLE_DESTINATION |
              1U << ROLE_SOURCE_PORT | 1U << ROLE_DESTINATION_PORT | 1U << ROLE_PACKETS | 1U << ROLE_OCTETS |
              1U << ROLE_REVERSE_PACKETS | 1U << ROLE_REVERSE_OCTETS,
    .hint = "ra -c , -u -nn -s stime,ltime,proto,saddr,sport,dir,daddr,dport,spkts,dpkts,sbytes,dbytes prints it",
    .counts = "; not what ra -H prints",
    .times = "; ra -u prints the former",
    .protocols = protocols,
    .icmp = icmp,
    .strangers = strangers,
    .ethertypes = true, /* ra -nn: 2054 is arp */
    .ambiguous = ambiguous,
    .icmp_port = icmp_port,
    .separators = ",|;\t",
};
