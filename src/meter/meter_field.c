/* The table of what flows can have: information elements, where they stand in a flow, and where in a packet. */
#include "meter/meter_flow.h"

#include <stddef.h>

#include "meter/meter_subject.h"

enum { PACKET_FIELD = 1 << METER_FIELD_KEY | 1 << METER_FIELD_VALUE, COUNT = 1 << METER_FIELD_VALUE };

#define NAMED(element) #element, IE_##element
#define NAMED6(element) .name6 = #element, .id6 = IE_##element
#define FLOW(member) .offset = offsetof(struct meter_flow, member), .width = sizeof((struct meter_flow *)0)->member
#define PACKET(member) .may_be = PACKET_FIELD, .subject = offsetof(struct subject, packet.member)
#define COUNTED(member) .may_be = COUNT, FLOW(forward.member), .reversible = true
#define WHOLE .mask = UINT32_MAX

/* clang-format off */
const struct meter_field meter_fields[] = {
    {NAMED(sourceIPv4Address), ELEMENT_IPV4_ADDRESS, PACKET(source), FLOW(source), WHOLE,
     NAMED6(sourceIPv6Address)},
    {NAMED(destinationIPv4Address), ELEMENT_IPV4_ADDRESS, PACKET(destination), FLOW(destination), WHOLE,
     NAMED6(destinationIPv6Address)},
    {NAMED(sourceTransportPort), ELEMENT_UNSIGNED16, PACKET(source_port), FLOW(source_port), WHOLE},
    {NAMED(destinationTransportPort), ELEMENT_UNSIGNED16, PACKET(destination_port), FLOW(destination_port), WHOLE},
    {NAMED(protocolIdentifier), ELEMENT_UNSIGNED8, PACKET(protocol), FLOW(protocol), WHOLE},
    {NAMED(ipClassOfService), ELEMENT_UNSIGNED8, PACKET(tos), FLOW(tos), WHOLE},
    {NAMED(ipTTL), ELEMENT_UNSIGNED8, PACKET(ttl), FLOW(ttl), WHOLE},
    {NAMED(flowLabelIPv6), ELEMENT_UNSIGNED32, PACKET(flow_label), FLOW(flow_label), WHOLE},
    {NAMED(icmpTypeCodeIPv4), ELEMENT_UNSIGNED16, .may_be = PACKET_FIELD, .subject = offsetof(struct subject, icmp),
     FLOW(icmp), WHOLE, NAMED6(icmpTypeCodeIPv6)},
    {NAMED(tcpControlBits), ELEMENT_UNSIGNED16, PACKET(tcp_flags), FLOW(forward.tcp_flags), WHOLE, .reversible = true},
    {NAMED(dot1qVlanId), ELEMENT_UNSIGNED16, PACKET(vlan), FLOW(vlan), .mask = PACKET_VLAN_MASK},
    {NAMED(dot1qCustomerVlanId), ELEMENT_UNSIGNED16, PACKET(customer_vlan), FLOW(customer_vlan),
     .mask = PACKET_VLAN_MASK},
    {NAMED(mplsTopLabelStackSection), ELEMENT_OCTET_ARRAY, PACKET(mpls_top), FLOW(mpls_label), .mask = 0xfffff000},
    {NAMED(sourceMacAddress), ELEMENT_MAC_ADDRESS, PACKET(source_mac), FLOW(source_mac), WHOLE},
    {NAMED(destinationMacAddress), ELEMENT_MAC_ADDRESS, PACKET(destination_mac), FLOW(destination_mac), WHOLE},
    {NAMED(ingressInterface), ELEMENT_UNSIGNED32, PACKET(interface), FLOW(interface), WHOLE},
    {NAMED(flowDirection), ELEMENT_UNSIGNED8, PACKET(outgoing), FLOW(direction), WHOLE},

    {NAMED(flowStartSeconds), ELEMENT_DATE_TIME_SECONDS, COUNTED(start_us)},
    {NAMED(flowEndSeconds), ELEMENT_DATE_TIME_SECONDS, COUNTED(end_us)},
    {NAMED(flowStartMilliseconds), ELEMENT_DATE_TIME_MILLISECONDS, COUNTED(start_us)},
    {NAMED(flowEndMilliseconds), ELEMENT_DATE_TIME_MILLISECONDS, COUNTED(end_us)},
    {NAMED(flowStartMicroseconds), ELEMENT_DATE_TIME_MICROSECONDS, COUNTED(start_us)},
    {NAMED(flowEndMicroseconds), ELEMENT_DATE_TIME_MICROSECONDS, COUNTED(end_us)},
    {NAMED(flowStartNanoseconds), ELEMENT_DATE_TIME_NANOSECONDS, COUNTED(start_us)},
    {NAMED(flowEndNanoseconds), ELEMENT_DATE_TIME_NANOSECONDS, COUNTED(end_us)},
    {NAMED(packetDeltaCount), ELEMENT_UNSIGNED64, COUNTED(packets)},
    {NAMED(octetDeltaCount), ELEMENT_UNSIGNED64, COUNTED(octets)},
    {NAMED(packetTotalCount), ELEMENT_UNSIGNED64, COUNTED(packets)},
    {NAMED(octetTotalCount), ELEMENT_UNSIGNED64, COUNTED(octets)},
    {NAMED(flowEndReason), ELEMENT_UNSIGNED8, .may_be = COUNT, FLOW(end)},
    {NAMED(samplingPopulation), ELEMENT_UNSIGNED32, .may_be = COUNT, FLOW(sampling)},
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
