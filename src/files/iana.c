/* JSON of many programs whose members are IANA's elements or NetFlow v9's fields in their own spelling: ipfixcol2
 * ("iana:octetDeltaCount"), super_mediator ({"flows":{"octetTotalCount"...), Filebeat
 * ("netflow":{"octet_delta_count"... and the Elastic Common Schema), Logstash ("netflow":{"in_bytes"...), nProbe and
 * ntopng ("IN_BYTES"). One table of aliases: neither case nor '_' count, nor what stands before a name; ipfixcol2's
 * numbers ("en0:id1") are names, too (foreign_header.c). */
#include "files/foreign_impl.h"

#include <ctype.h>
#include <string.h>

#include "flow/element.h"

enum { STRANGE_MIN = 3 }; /* names by which an object is known to be no entry */

static const struct column columns[] = {
    {{"flowStartNanoseconds", "flowStartMicroseconds", "flowStartMilliseconds", "flowStartSeconds"},
     ROLE_START,
     NULL,
     NULL,
     NULL},
    {{"first_switched", "event.start", "firstPacket"}, ROLE_START, NULL, NULL, NULL},
    {{"flow_start_msec"}, ROLE_START, NULL, NULL, NULL},
    {{"@timestamp", "exportTime"}, ROLE_START, NULL, NULL, NULL}, /* the least that is known */
    {{"flowEndNanoseconds", "flowEndMicroseconds", "flowEndMilliseconds", "flowEndSeconds"},
     ROLE_END,
     NULL,
     NULL,
     NULL},
    {{"last_switched", "event.end", "lastPacket"}, ROLE_END, NULL, NULL, NULL},
    {{"protocolIdentifier", "netflow.protocol", "protocol"}, ROLE_PROTOCOL, NULL, NULL, NULL},
    {{"network.iana_number", "ipProtocol", "network.transport"}, ROLE_PROTOCOL, NULL, NULL, NULL},
    {{"sourceIPv4Address", "ipv4_src_addr"}, ROLE_SOURCE, NULL, NULL, NULL},
    {{"sourceIPv6Address", "ipv6_src_addr"}, ROLE_SOURCE, NULL, NULL, NULL},
    {{"source.ip"}, ROLE_SOURCE, NULL, NULL, NULL},
    {{"destinationIPv4Address", "ipv4_dst_addr"}, ROLE_DESTINATION, NULL, NULL, NULL},
    {{"destinationIPv6Address", "ipv6_dst_addr"}, ROLE_DESTINATION, NULL, NULL, NULL},
    {{"destination.ip"}, ROLE_DESTINATION, NULL, NULL, NULL},
    {{"sourceTransportPort", "l4_src_port", "source.port"}, ROLE_SOURCE_PORT, NULL, NULL, NULL},
    {{"destinationTransportPort", "l4_dst_port", "destination.port"}, ROLE_DESTINATION_PORT, NULL, NULL, NULL},
    {{"icmpTypeIPv4", "icmpTypeIPv6"}, ROLE_ICMP_TYPE, NULL, NULL, NULL},
    {{"icmpCodeIPv4", "icmpCodeIPv6", "icmp_code"}, ROLE_ICMP_CODE, NULL, NULL, NULL},
    {{"icmpTypeCodeIPv4", "icmpTypeCodeIPv6", "icmp_type"}, ROLE_ICMP_BOTH, NULL, NULL, NULL},
    {{"packetDeltaCount", "packetTotalCount", "in_pkts"}, ROLE_PACKETS, NULL, NULL, NULL},
    {{"initiatorPackets", "source.packets", "in_permanent_pkts"}, ROLE_PACKETS, NULL, NULL, NULL},
    {{"octetDeltaCount", "octetTotalCount", "in_bytes"}, ROLE_OCTETS, NULL, NULL, NULL},
    {{"initiatorOctets", "source.bytes", "in_permanent_bytes", "fwd_flow_delta_bytes"}, ROLE_OCTETS, NULL, NULL, NULL},
    {{"reversePacketDeltaCount", "reversePacketTotalCount", "responderPackets", "destination.packets"},
     ROLE_REVERSE_PACKETS,
     NULL,
     NULL,
     NULL},
    {{"=OUT_PKTS"}, ROLE_REVERSE_PACKETS, NULL, NULL, NULL}, /* of nProbe; in NetFlow v9 they are what has left */
    {{"reverseOctetDeltaCount", "reverseOctetTotalCount", "responderOctets", "destination.bytes"},
     ROLE_REVERSE_OCTETS,
     NULL,
     NULL,
     NULL},
    {{"=OUT_BYTES", "rev_flow_delta_bytes"}, ROLE_REVERSE_OCTETS, NULL, NULL, NULL},
    {{"tcpControlBits", "tcp_flags"}, ROLE_FLAGS, "tcpControlBits", NULL, NULL},
    {{"ipClassOfService", "src_tos"}, ROLE_NUMBER, "ipClassOfService", NULL, NULL},
    {{"ingressInterface", "input_snmp"}, ROLE_NUMBER, "ingressInterface", NULL, NULL},
    {{"egressInterface", "output_snmp"}, ROLE_NUMBER, "egressInterface", NULL, NULL},
    {{"bgpSourceAsNumber", "src_as"}, ROLE_NUMBER, "bgpSourceAsNumber", NULL, NULL},
    {{"bgpDestinationAsNumber", "dst_as"}, ROLE_NUMBER, "bgpDestinationAsNumber", NULL, NULL},
    {{"sourceIPv4PrefixLength", "sourceIPv6PrefixLength", "src_mask", "ipv6_src_mask"},
     ROLE_NUMBER,
     "sourceIPv4PrefixLength",
     "sourceIPv6PrefixLength",
     NULL},
    {{"destinationIPv4PrefixLength", "destinationIPv6PrefixLength", "dst_mask", "ipv6_dst_mask"},
     ROLE_NUMBER,
     "destinationIPv4PrefixLength",
     "destinationIPv6PrefixLength",
     NULL},
    {{"ipNextHopIPv4Address", "ipNextHopIPv6Address", "ipv4_next_hop", "ipv6_next_hop"},
     ROLE_ADDRESS,
     "ipNextHopIPv4Address",
     "ipNextHopIPv6Address",
     NULL},
    {{"exporterIPv4Address", "exporterIPv6Address"}, ROLE_ADDRESS, "exporterIPv4Address", "exporterIPv6Address", NULL},
    {{"vlanId", "src_vlan"}, ROLE_NUMBER, "vlanId", NULL, NULL},
    {{"postVlanId", "dst_vlan"}, ROLE_NUMBER, "postVlanId", NULL, NULL},
    {{"sourceMacAddress", "in_src_mac"}, ROLE_MAC, "sourceMacAddress", NULL, "destinationMacAddress"},
    {{"destinationMacAddress", "in_dst_mac"}, ROLE_MAC, "destinationMacAddress", NULL, "sourceMacAddress"},
    {{NULL}, ROLES, NULL, NULL, NULL},
};

_Static_assert(sizeof columns / sizeof columns[0] <= COLUMNS_MAX, "a place for each value");

static const struct alias protocols[] = {{"ICMPv6", 58}, {"ICMP6", 58}, {NULL, 0}};

const struct foreign_tool iana_tool = {
    .columns = columns,
    .marks = {"\"firstPacket\"", "\"iana_number\"", "\"network_traffic\""}, /* Arkime, Packetbeat */
    .hint = "it has objects alone",
    .counts = "",
    .times = "",
    .protocols = protocols,
    .separators = "",
    .nested = true,
    .loose = true,
    .least = true,
    .utc = true,
    .uptimes = true,
    .other_ones = true,
};

/* --- whether it is such JSON --- */

/* Behind the string that begins at `at`, behind its opening quote; NULL: it is cut off. */
static const char *string_skip(const char *at, const char *end) {
    for (; at < end; at++) {
        if (*at == '"') return at + 1;
        if (*at == '\\') at++;
    }
    return NULL;
}

static bool is_name(const char *at, const char *end) {
    while (at < end && isspace((unsigned char)*at))
        at++;
    return at < end && *at == ':';
}

/* Whether an element that flows have is meant, in which spelling ever. */
static bool is_of_flow(const struct cell *name) {
    int column = foreign_column_find(&iana_tool, name);
    if (column < 0) return false;
    enum column_role role = columns[column].role;
    return role == ROLE_SOURCE || role == ROLE_DESTINATION || role == ROLE_OCTETS || role == ROLE_PACKETS;
}

/* As a queue entry may have it: an element's own name, exactly. */
static bool is_own(const struct cell *name) {
    int column = foreign_column_find(&iana_tool, name);
    for (unsigned i = 0; i < NAMES_MAX && columns[column].names[i]; i++)
        if (strlen(columns[column].names[i]) == name->len &&
            memcmp(columns[column].names[i], name->text, name->len) == 0)
            return !memchr(name->text, '_', name->len) && !memchr(name->text, '.', name->len);
    return false;
}

/* As an entry may have it: an element's, or of the other direction. */
static bool is_of_entry(const struct cell *name) {
    size_t reverse = name->len > 3 && memcmp(name->text, "rev", 3) == 0 ? 3 : 0;
    return reverse || element_by_name(name->text, name->len) || (name->len == 4 && memcmp(name->text, "lost", 4) == 0);
}

enum foreign_names foreign_names_look(const char *head, size_t len) {
    const char *end = head + len;
    enum foreign_names found = NAMES_OTHER;
    unsigned depth = 0, strange = 0;
    bool known = false;
    for (const char *at = head; at < end; at++) {
        if (*at == '{') depth++;
        if (*at == '}' && depth-- <= 1) break; /* the first object tells */
        if (*at != '"') continue;
        const char *behind = string_skip(at + 1, end);
        if (!behind) break;
        struct cell name = {at + 1, (size_t)(behind - at) - 2};
        at = behind - 1;
        if (!is_name(behind, end)) continue;
        known |= depth == 1 && is_of_entry(&name);
        strange += depth == 1;
        if (!is_of_flow(&name)) continue;
        if (depth == 1 && is_own(&name)) return NAMES_OF_ENTRIES;
        found = NAMES_LIKE_IANA;
    }
    return found == NAMES_OTHER && !known && strange >= STRANGE_MIN ? NAMES_OF_STRANGERS : found;
}
