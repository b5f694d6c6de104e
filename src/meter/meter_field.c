/* The table of what flows can have: information elements, where they stand in a flow, and where in a packet. */
#include "meter/meter_flow.h"

#include <stddef.h>

#include "meter/meter_subject.h"

enum { PACKET_FIELD = 1 << METER_FIELD_KEY | 1 << METER_FIELD_VALUE, COUNT = 1 << METER_FIELD_VALUE };

#define FLOW(member) .offset = offsetof(struct meter_flow, member), .width = sizeof((struct meter_flow *)0)->member
#define PACKET(member) .may_be = PACKET_FIELD, .subject = offsetof(struct subject, packet.member)
#define COUNTED(member) .may_be = COUNT, FLOW(forward.member), .reversible = true
#define WHOLE .mask = UINT32_MAX

/* clang-format off */
const struct meter_field meter_fields[] = {
    {"sourceIPv4Address", 8, ELEMENT_IPV4_ADDRESS, PACKET(source), FLOW(source), WHOLE,
     .name6 = "sourceIPv6Address", .id6 = 27},
    {"destinationIPv4Address", 12, ELEMENT_IPV4_ADDRESS, PACKET(destination), FLOW(destination), WHOLE,
     .name6 = "destinationIPv6Address", .id6 = 28},
    {"sourceTransportPort", 7, ELEMENT_UNSIGNED16, PACKET(source_port), FLOW(source_port), WHOLE},
    {"destinationTransportPort", 11, ELEMENT_UNSIGNED16, PACKET(destination_port), FLOW(destination_port), WHOLE},
    {"protocolIdentifier", 4, ELEMENT_UNSIGNED8, PACKET(protocol), FLOW(protocol), WHOLE},
    {"ipClassOfService", 5, ELEMENT_UNSIGNED8, PACKET(tos), FLOW(tos), WHOLE},
    {"ipTTL", 192, ELEMENT_UNSIGNED8, PACKET(ttl), FLOW(ttl), WHOLE},
    {"flowLabelIPv6", 31, ELEMENT_UNSIGNED32, PACKET(flow_label), FLOW(flow_label), WHOLE},
    {"icmpTypeCodeIPv4", 32, ELEMENT_UNSIGNED16, .may_be = PACKET_FIELD, .subject = offsetof(struct subject, icmp),
     FLOW(icmp), WHOLE, .name6 = "icmpTypeCodeIPv6", .id6 = 139},
    {"tcpControlBits", 6, ELEMENT_UNSIGNED16, PACKET(tcp_flags), FLOW(forward.tcp_flags), WHOLE, .reversible = true},
    {"dot1qVlanId", 243, ELEMENT_UNSIGNED16, PACKET(vlan), FLOW(vlan), .mask = PACKET_VLAN_MASK},
    {"dot1qCustomerVlanId", 245, ELEMENT_UNSIGNED16, PACKET(customer_vlan), FLOW(customer_vlan),
     .mask = PACKET_VLAN_MASK},
    {"mplsTopLabelStackSection", 70, ELEMENT_OCTET_ARRAY, PACKET(mpls_top), FLOW(mpls_label), .mask = 0xfffff000},
    {"sourceMacAddress", 56, ELEMENT_MAC_ADDRESS, PACKET(source_mac), FLOW(source_mac), WHOLE},
    {"destinationMacAddress", 80, ELEMENT_MAC_ADDRESS, PACKET(destination_mac), FLOW(destination_mac), WHOLE},
    {"ingressInterface", 10, ELEMENT_UNSIGNED32, PACKET(interface), FLOW(interface), WHOLE},
    {"flowDirection", 61, ELEMENT_UNSIGNED8, PACKET(outgoing), FLOW(direction), WHOLE},

    {"flowStartSeconds", 150, ELEMENT_DATE_TIME_SECONDS, COUNTED(start_us)},
    {"flowEndSeconds", 151, ELEMENT_DATE_TIME_SECONDS, COUNTED(end_us)},
    {"flowStartMilliseconds", 152, ELEMENT_DATE_TIME_MILLISECONDS, COUNTED(start_us)},
    {"flowEndMilliseconds", 153, ELEMENT_DATE_TIME_MILLISECONDS, COUNTED(end_us)},
    {"flowStartMicroseconds", 154, ELEMENT_DATE_TIME_MICROSECONDS, COUNTED(start_us)},
    {"flowEndMicroseconds", 155, ELEMENT_DATE_TIME_MICROSECONDS, COUNTED(end_us)},
    {"flowStartNanoseconds", 156, ELEMENT_DATE_TIME_NANOSECONDS, COUNTED(start_us)},
    {"flowEndNanoseconds", 157, ELEMENT_DATE_TIME_NANOSECONDS, COUNTED(end_us)},
    {"packetDeltaCount", 2, ELEMENT_UNSIGNED64, COUNTED(packets)},
    {"octetDeltaCount", 1, ELEMENT_UNSIGNED64, COUNTED(octets)},
    {"packetTotalCount", 86, ELEMENT_UNSIGNED64, COUNTED(packets)},
    {"octetTotalCount", 85, ELEMENT_UNSIGNED64, COUNTED(octets)},
    {"flowEndReason", 136, ELEMENT_UNSIGNED8, .may_be = COUNT, FLOW(end)},
    {"samplingPopulation", 310, ELEMENT_UNSIGNED32, .may_be = COUNT, FLOW(sampling)},
};
/* clang-format on */

const unsigned meter_n_fields = sizeof meter_fields / sizeof meter_fields[0];

void meter_fields_print(struct buffer *out) {
    static const char *const items[] = {[METER_FIELD_KEY] = "Keys\n", [METER_FIELD_VALUE] = "Values\nThe same, and\n"};
    static const uint8_t may_be[] = {[METER_FIELD_KEY] = PACKET_FIELD, [METER_FIELD_VALUE] = COUNT};
    buffer_add_text(out, ".Bl -tag -width Ds\n");
    for (unsigned of = METER_FIELD_KEY; of <= METER_FIELD_VALUE; of++) {
        const char *before = "";
        buffer_printf(out, ".It %s", items[of]);
        for (unsigned i = 0; i < meter_n_fields; i++) {
            if (meter_fields[i].may_be != may_be[of]) continue;
            buffer_printf(out, "%s.Cm %s", before, meter_fields[i].name);
            before = " ,\n";
        }
        buffer_add_text(out, "\n");
    }
    buffer_add_text(out, ".El\n");
}
