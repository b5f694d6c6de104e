/* SiLK's rwcut, with its titles or the columns that it has by default, and yafscii --tabular of YAF: columns separated
 * by '|', or by what --column-separator and --delimited say; times of UTC or since 1970 (--epoch-time). rwcut's records
 * are of one direction; fields: https://tools.netsa.cert.org/silk/rwcut.html. */
#include "files/foreign_impl.h"

static const struct column columns[] = {
    {{"sen", "sensor", "class", "attribut"}, ROLE_NONE, NULL, NULL, NULL},
    {{"rtt", "isn", "risn", "end-reason"}, ROLE_NONE, NULL, NULL, NULL},
    {{"sTime", "start-time", "sTime+msec"}, ROLE_START, NULL, NULL, NULL},
    {{"eTime", "end-time", "eTime+msec"}, ROLE_END, NULL, NULL, NULL},
    {{"duration", "dur", "dur+msec"}, ROLE_DURATION, NULL, NULL, NULL},
    {{"pro", "proto", "protocol"}, ROLE_PROTOCOL, NULL, NULL, NULL},
    {{"sIP", "sip"}, ROLE_SOURCE, NULL, NULL, NULL},
    {{"dIP", "dip"}, ROLE_DESTINATION, NULL, NULL, NULL},
    {{"sPort", "sp"}, ROLE_SOURCE_PORT, NULL, NULL, NULL},
    {{"dPort", "dp"}, ROLE_DESTINATION_PORT, NULL, NULL, NULL},
    {{"iType"}, ROLE_ICMP_TYPE, NULL, NULL, NULL},
    {{"iCode"}, ROLE_ICMP_CODE, NULL, NULL, NULL},
    {{"packets", "pkt"}, ROLE_PACKETS, NULL, NULL, NULL},
    {{"bytes", "oct"}, ROLE_OCTETS, NULL, NULL, NULL},
    {{"rpkt"}, ROLE_REVERSE_PACKETS, NULL, NULL, NULL},
    {{"roct"}, ROLE_REVERSE_OCTETS, NULL, NULL, NULL},
    {{"flags", "uflags"}, ROLE_FLAGS, "tcpControlBits", NULL, "revTcpControlBits"},
    {{"ruflags"}, ROLE_FLAGS, "revTcpControlBits", NULL, "tcpControlBits"},
    {{"in"}, ROLE_NUMBER, "ingressInterface", NULL, NULL},
    {{"out"}, ROLE_NUMBER, "egressInterface", NULL, NULL},
    {{"nhIP"}, ROLE_ADDRESS, "ipNextHopIPv4Address", "ipNextHopIPv6Address", NULL},
    {{NULL}, ROLES, NULL, NULL, NULL},
};

_Static_assert(sizeof columns / sizeof columns[0] <= COLUMNS_MAX, "a place for each value");

const struct foreign_tool silk_tool = {
    .columns = columns,
    .needed = 1U << ROLE_START | 1U << ROLE_END | 1U << ROLE_SOURCE | 1U << ROLE_DESTINATION | 1U << ROLE_PACKETS |
              1U << ROLE_OCTETS,
    .hint = "rwcut --fields=sIP,dIP,sPort,dPort,protocol,packets,bytes,flags,sTime,duration,eTime prints it",
    .counts = "",
    .times = "",
    .separators = "|,;\t",
    .default_header = "sIP|dIP|sPort|dPort|pro|packets|bytes|flags|sTime|duration|eTime|sen",
    .utc = true,
    .ends_open = true,
};
