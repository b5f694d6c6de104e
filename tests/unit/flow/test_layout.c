/* The layout of flow keys and sums: offsets to the byte, and each refusal in its words. */
#include "flow/layout.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void field_is(const struct flow_layout *layout, unsigned i, const char *ipv4, const char *ipv6, unsigned at4,
                     unsigned at6, unsigned width4, unsigned width6) {
    const struct flow_field *field = &layout->fields[i];
    assert_string_equal(field->element[FLOW_IPV4]->name, ipv4);
    assert_string_equal(field->element[FLOW_IPV6]->name, ipv6);
    assert_int_equal(field->offset[FLOW_IPV4], at4);
    assert_int_equal(field->offset[FLOW_IPV6], at6);
    assert_int_equal(field->width[FLOW_IPV4], width4);
    assert_int_equal(field->width[FLOW_IPV6], width6);
}

static void tuple_is(const struct flow_layout *layout) {
    field_is(layout, TUPLE_SOURCE, "sourceIPv4Address", "sourceIPv6Address", 0, 0, 4, 16);
    field_is(layout, TUPLE_DESTINATION, "destinationIPv4Address", "destinationIPv6Address", 4, 16, 4, 16);
    field_is(layout, TUPLE_SOURCE_PORT, "sourceTransportPort", "sourceTransportPort", 8, 32, 2, 2);
    field_is(layout, TUPLE_DESTINATION_PORT, "destinationTransportPort", "destinationTransportPort", 10, 34, 2, 2);
    field_is(layout, TUPLE_PROTOCOL, "protocolIdentifier", "protocolIdentifier", 12, 36, 1, 1);
}

static void keys_are(const struct flow_layout *layout, unsigned n, const uint8_t *keys) {
    assert_int_equal(layout->n_keys, n);
    assert_memory_equal(layout->keys, keys, n);
}

static void the_default(void **state) {
    (void)state;
    struct flow_layout layout;
    assert_int_equal(flow_layout_init(&layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, NULL), 0);
    assert_int_equal(layout.n_fields, 5);
    tuple_is(&layout);
    assert_int_equal(layout.key_bytes[FLOW_IPV4], 13);
    assert_int_equal(layout.key_bytes[FLOW_IPV6], 37);
    keys_are(&layout, 5, (const uint8_t[]){0, 1, 2, 3, 4});
    assert_true(layout.has_addresses);
    assert_int_equal(layout.n_sums, 2);
    assert_string_equal(layout.sums[0]->name, "packetDeltaCount");
    assert_string_equal(layout.sums[1]->name, "octetDeltaCount");
    assert_int_equal(flow_layout_sum(&layout, 2), 0);
    assert_int_equal(flow_layout_sum(&layout, 1), 1);
    assert_int_equal(flow_layout_sum(&layout, 3), -1);
    assert_int_equal(flow_layout_sum(&layout, 4), -1);
}

static void more_keys_stand_behind_the_tuple(void **state) {
    (void)state;
    struct flow_layout layout;
    static const char keys[] = "  tcpControlBits, sourceMacAddress,destinationIPv4Address\tinterfaceName ,, "
                               "observationTimeSeconds,protocolIdentifier,ipNextHopIPv6Address ";
    assert_int_equal(flow_layout_init(&layout, keys, "octetDeltaCount", NULL), 0);
    assert_int_equal(layout.n_fields, 10);
    tuple_is(&layout);
    field_is(&layout, 5, "tcpControlBits", "tcpControlBits", 13, 37, 2, 2);
    field_is(&layout, 6, "sourceMacAddress", "sourceMacAddress", 15, 39, 6, 6);
    field_is(&layout, 7, "interfaceName", "interfaceName", 21, 45, 64, 64);
    field_is(&layout, 8, "observationTimeSeconds", "observationTimeSeconds", 85, 109, 4, 4);
    field_is(&layout, 9, "ipNextHopIPv6Address", "ipNextHopIPv6Address", 89, 113, 16, 16);
    assert_int_equal(layout.key_bytes[FLOW_IPV4], 105);
    assert_int_equal(layout.key_bytes[FLOW_IPV6], 129);
    keys_are(&layout, 7, (const uint8_t[]){5, 6, 1, 7, 8, 4, 9});
    assert_true(layout.has_addresses);
    assert_int_equal(layout.n_sums, 1);
}

static void an_ipv6_address_stands_for_its_end(void **state) {
    (void)state;
    struct flow_layout layout;
    assert_int_equal(flow_layout_init(&layout, "destinationIPv6Address", "octetDeltaCount", NULL), 0);
    keys_are(&layout, 1, (const uint8_t[]){TUPLE_DESTINATION});
    assert_int_equal(layout.n_fields, 5);
    assert_true(layout.has_addresses);
}

static void without_addresses(void **state) {
    (void)state;
    struct flow_layout layout;
    static const char keys[] = "destinationTransportPort sourceTransportPort ipNextHopIPv4Address";
    assert_int_equal(flow_layout_init(&layout, keys, "octetDeltaCount", NULL), 0);
    keys_are(&layout, 3, (const uint8_t[]){3, 2, 5});
    assert_false(layout.has_addresses);
}

static void at_most_so_many(void **state) {
    (void)state;
    struct flow_layout layout;
    static const char fifteen[] =
        "sourceIPv4Address,destinationIPv4Address,sourceTransportPort,destinationTransportPort,"
        "protocolIdentifier,ipClassOfService,tcpControlBits,ingressInterface,egressInterface,"
        "bgpSourceAsNumber,bgpDestinationAsNumber,vlanId,ipVersion,flowEndReason,minimumTTL";
    static const char eight[] =
        "octetDeltaCount,packetDeltaCount,deltaFlowCount,postOctetDeltaCount,postPacketDeltaCount,"
        "octetTotalCount,packetTotalCount,tcpSynTotalCount";
    assert_int_equal(flow_layout_init(&layout, fifteen, eight, NULL), 0);
    assert_int_equal(layout.n_keys, FLOW_KEYS_MAX);
    assert_int_equal(layout.n_sums, FLOW_SUMS_MAX);
    assert_int_equal(layout.n_fields, 15);
    assert_string_equal(layout.sums[7]->name, "tcpSynTotalCount");
}

#define FIVE_TEXTS "interfaceName,interfaceDescription,applicationName,userName,wlanSSID"

static const struct {
    const char *keys, *sums, *error;
} refusals[] = {
    {"sourceIPAddress", "octetDeltaCount", "aggr_values: 'sourceIPAddress' is not an IPFIX information element"},
    {"protocolIdentifier,SourceTransportPort", "octetDeltaCount",
     "aggr_values: 'SourceTransportPort' is not an IPFIX information element"},
    {"vlanId,vlanId", "octetDeltaCount", "aggr_values: 'vlanId' is repeated"},
    {"sourceIPv4Address,vlanId,sourceIPv6Address", "octetDeltaCount", "aggr_values: 'sourceIPv6Address' is repeated"},
    {"protocolIdentifier protocolIdentifier", "octetDeltaCount", "aggr_values: 'protocolIdentifier' is repeated"},
    {"basicList", "octetDeltaCount", "aggr_values: 'basicList' is a basicList and can't be a flow key"},
    {"subTemplateList", "octetDeltaCount",
     "aggr_values: 'subTemplateList' is a subTemplateList and can't be a flow key"},
    {"subTemplateMultiList", "octetDeltaCount",
     "aggr_values: 'subTemplateMultiList' is a subTemplateMultiList and can't be a flow key"},
    {"", "octetDeltaCount", "aggr_values: requires a flow key"},
    {" , ", "octetDeltaCount", "aggr_values: requires a flow key"},
    {"vlanId", "", "aggr_sums: requires a sum"},
    {"vlanId", "octets", "aggr_sums: 'octets' is not an IPFIX information element"},
    {"vlanId", "octetDeltaCount,octetDeltaCount", "aggr_sums: 'octetDeltaCount' is repeated"},
    {"vlanId", "interfaceName", "aggr_sums: 'interfaceName' is a string; a sum must be an unsigned integer"},
    {"vlanId", "flowStartSeconds",
     "aggr_sums: 'flowStartSeconds' is a dateTimeSeconds; a sum must be an unsigned integer"},
    {"vlanId", "sourceIPv4Address",
     "aggr_sums: 'sourceIPv4Address' is a ipv4Address; a sum must be an unsigned integer"},
    {"vlanId", "mibObjectValueInteger",
     "aggr_sums: 'mibObjectValueInteger' is a signed32; a sum must be an unsigned integer"},
    {"vlanId", "octetDeltaCount,vlanId", "aggr_sums: 'vlanId' is already a flow key"},
    {"vlanId", "sourceTransportPort", "aggr_sums: 'sourceTransportPort' is already a flow key"},
    {"vlanId", "protocolIdentifier", "aggr_sums: 'protocolIdentifier' is already a flow key"},
    {"sourceIPv4Address,destinationIPv4Address,sourceTransportPort,destinationTransportPort,protocolIdentifier,"
     "ipClassOfService,tcpControlBits,ingressInterface,egressInterface,bgpSourceAsNumber,bgpDestinationAsNumber,vlanId,"
     "ipVersion,flowEndReason,minimumTTL,maximumTTL,flowId",
     "octetDeltaCount", "aggr_values: 'maximumTTL' is one too many: at most 15 keys"},
    {"vlanId",
     "octetDeltaCount,packetDeltaCount,deltaFlowCount,postOctetDeltaCount,postPacketDeltaCount,octetTotalCount,"
     "packetTotalCount,tcpSynTotalCount,tcpFinTotalCount",
     "aggr_sums: 'tcpFinTotalCount' is one too many: at most 8 sums"},
    {FIVE_TEXTS ",selectorName", "octetDeltaCount", "aggr_values: 'selectorName' makes the key longer than 360 bytes"},
};

static void refusals_name_the_element(void **state) {
    (void)state;
    struct flow_layout layout;
    for (unsigned i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        struct error error = {""};
        assert_int_equal(flow_layout_init(&layout, refusals[i].keys, refusals[i].sums, &error), -1);
        assert_string_equal(error.text, refusals[i].error);
    }
    assert_int_equal(flow_layout_init(&layout, FIVE_TEXTS, "octetDeltaCount", NULL), 0);
    assert_int_equal(layout.key_bytes[FLOW_IPV6], 37 + 5 * 64);
    assert_int_equal(flow_layout_init(&layout, FIVE_TEXTS ",vlanId,ipVersion", "octetDeltaCount", NULL), 0);
    assert_int_equal(layout.key_bytes[FLOW_IPV6], FLOW_KEY_BYTES);
    assert_int_equal(flow_layout_init(&layout, FIVE_TEXTS ",vlanId,dot1qVlanId", "octetDeltaCount", NULL), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default),
        cmocka_unit_test(more_keys_stand_behind_the_tuple),
        cmocka_unit_test(an_ipv6_address_stands_for_its_end),
        cmocka_unit_test(without_addresses),
        cmocka_unit_test(at_most_so_many),
        cmocka_unit_test(refusals_name_the_element),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
