/* SiLK's rwcut, with its titles or the columns that it has by default, and YAF's yafscii. Columns separated
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

/* The line's parts to the first columns of their roles. */
static bool prose(struct foreign *foreign, const char *line, size_t len) {
    struct yaf_line parts;
    if (!yaf_line_read(line, len, &parts)) return false;
    const struct {
        enum column_role role;
        const struct cell *cell;
    } cells[] = {
        {ROLE_START, &parts.start},
        {ROLE_DURATION, &parts.duration},
        {ROLE_PROTOCOL, &parts.protocol},
        {ROLE_ICMP_TYPE, &parts.type},
        {ROLE_ICMP_CODE, &parts.code},
        {ROLE_SOURCE, &parts.source},
        {ROLE_DESTINATION, &parts.destination},
        {ROLE_SOURCE_PORT, &parts.source_port},
        {ROLE_DESTINATION_PORT, &parts.destination_port},
        {ROLE_PACKETS, &parts.packets},
        {ROLE_OCTETS, &parts.octets},
        {ROLE_REVERSE_PACKETS, &parts.reverse_packets},
        {ROLE_REVERSE_OCTETS, &parts.reverse_octets},
    };
    for (unsigned i = 0; i < sizeof cells / sizeof cells[0]; i++)
        foreign->cells.at[foreign->first[cells[i].role]] = *cells[i].cell;
    return true;
}

static const struct alias protocols[] = {{"icmp6", 58}, {NULL, 0}};

const struct foreign_tool silk_tool = {
    .columns = columns,
    .needed = 1U << ROLE_START | 1U << ROLE_END | 1U << ROLE_SOURCE | 1U << ROLE_DESTINATION | 1U << ROLE_PACKETS |
              1U << ROLE_OCTETS,
    .hint = "rwcut --fields=sIP,dIP,sPort,dPort,protocol,packets,bytes,flags,sTime,duration,eTime prints it",
    .counts = "",
    .times = "",
    .protocols = protocols,
    .prose = prose,
    .separators = "|,;\t",
    .default_header = "sIP|dIP|sPort|dPort|pro|packets|bytes|flags|sTime|duration|eTime|sen",
    .utc = true,
    .ends_open = true,
};
