/* JSON with IANA's names or NetFlow v9's: what each record becomes, to the byte. */
#include "foreign_case.h"

#define HOSTS "{\"sourceIPv4Address\":3221225985,\"destinationIPv4Address\":3325256708,"
#define BACK "{\"sourceIPv4Address\":3325256708,\"destinationIPv4Address\":3221225985,"
#define TCP "\"protocolIdentifier\":6,\"sourceTransportPort\":51515,\"destinationTransportPort\":443,"
#define MILLIS "\"flowStartMicroseconds\":1699999990123000,\"flowEndMicroseconds\":1699999999123000,"
#define ONE_WAY "\"packetDeltaCount\":10,\"octetDeltaCount\":1000"
#define TWO_WAYS ONE_WAY ",\"revPacketDeltaCount\":8,\"revOctetDeltaCount\":4000"
#define HOSTS6 "{\"sourceIPv6Address\":\"2001:db8::1\",\"destinationIPv6Address\":\"2001:db8::2\","
#define ICMP(type) "\"protocolIdentifier\":1,\"sourceTransportPort\":0,\"destinationTransportPort\":" #type ","

/* --- IANA's names --- */

static void iana(void **state) {
    (void)state;
    static const char both[] = HOSTS TCP MILLIS TWO_WAYS "}\n", one[] = HOSTS TCP MILLIS ONE_WAY "}\n";
    static const struct {
        const char *line, *wanted;
    } lines[] = {
        /* ipfixcol2 */
        {"{\"@type\":\"ipfix.entry\",\"iana:octetDeltaCount\":1000,\"iana:packetDeltaCount\":10,"
         "\"iana:sourceIPv4Address\":\"192.0.2.1\",\"iana:destinationIPv4Address\":\"198.51.100.4\","
         "\"iana:sourceTransportPort\":51515,\"iana:destinationTransportPort\":443,\"iana:protocolIdentifier\":\"TCP\","
         "\"iana:flowStartMilliseconds\":\"2023-11-14T22:13:10.123Z\",\"iana:flowEndMilliseconds\":1699999999123,"
         "\"iana@reverse:octetDeltaCount\":4000,\"iana@reverse:packetDeltaCount\":8,\"en8057:octetDeltaCount2\":7}\n",
         both},
        {"{\"@type\":\"ipfix.template\",\"ipfix:templateId\":256,\"ipfix:fields\":[{\"ipfix:elementId\":8}]}\n", ""},
        /* super_mediator */
        {"{\"flows\":{\"flowStartMilliseconds\":\"2023-11-14 22:13:10.123Z\","
         "\"flowEndMilliseconds\":\"2023-11-14 22:13:19.123\",\"flowDurationMilliseconds\":9.000,"
         "\"sourceIPv4Address\":\"192.0.2.1\",\"destinationIPv4Address\":\"198.51.100.4\","
         "\"sourceTransportPort\":51515,\"destinationTransportPort\":443,\"protocolIdentifier\":6,"
         "\"initialTCPFlags\":\"S\",\"octetTotalCount\":1000,\"packetTotalCount\":10,"
         "\"reverseOctetTotalCount\":4000,\"reversePacketTotalCount\":8}}\n",
         both},
        /* Filebeat, whose parts of the Elastic Common Schema may stand alone */
        {"{\"@timestamp\":\"2023-11-14T22:13:20.000Z\",\"event\":{\"start\":\"2023-11-14T22:13:10.123Z\","
         "\"end\":\"2023-11-14T22:13:19.123Z\",\"duration\":9000000000},\"network\":{\"protocol\":\"x\","
         "\"bytes\":5000,\"packets\":18},\"netflow\":{\"exporter\":{\"address\":\"192.0.2.254:2055\",\"version\":9},"
         "\"source_ipv4_address\":\"192.0.2.1\",\"destination_ipv4_address\":\"198.51.100.4\","
         "\"source_transport_port\":51515,\"destination_transport_port\":443,\"protocol_identifier\":6,"
         "\"packet_delta_count\":10,\"octet_delta_count\":1000,\"post_octet_delta_count\":1,"
         "\"type\":\"netflow_flow\"},\"source\":{\"ip\":\"192.0.2.99\",\"bytes\":1}}\n",
         one},
        {"{\"event\":{\"start\":\"2023-11-14T22:13:10.123Z\",\"end\":\"2023-11-14T22:13:19.123Z\"},"
         "\"network\":{\"iana_number\":\"6\",\"transport\":\"tcp\"},\"source\":{\"ip\":\"192.0.2.1\",\"port\":51515,"
         "\"bytes\":1000,\"packets\":10},\"destination\":{\"ip\":\"198.51.100.4\",\"port\":443,\"bytes\":4000,"
         "\"packets\":8},\"@timestamp\":\"2023-11-14T22:13:20.000Z\"}\n",
         both},
        /* Logstash's codec, and nProbe, whose OUT is the way back */
        {"{\"@timestamp\":\"2023-11-14T22:13:20.000Z\",\"host\":\"192.0.2.254\",\"netflow\":{\"version\":9,"
         "\"ipv4_src_addr\":\"192.0.2.1\",\"ipv4_dst_addr\":\"198.51.100.4\",\"l4_src_port\":51515,"
         "\"l4_dst_port\":443,\"protocol\":6,\"in_pkts\":10,\"in_bytes\":1000,\"out_bytes\":999,"
         "\"first_switched\":\"2023-11-14T22:13:10.123Z\",\"last_switched\":\"2023-11-14T22:13:19.123Z\","
         "\"ipv4_ident\":1}}\n",
         one},
        {"{\"IPV4_SRC_ADDR\":\"192.0.2.1\",\"L4_SRC_PORT\":51515,\"IPV4_DST_ADDR\":\"198.51.100.4\",\"L4_DST_PORT\":"
         "443,"
         "\"PROTOCOL\":6,\"IN_PKTS\":10,\"IN_BYTES\":1000,\"OUT_PKTS\":8,\"OUT_BYTES\":4000,"
         "\"FIRST_SWITCHED\":1699999990.123,\"LAST_SWITCHED\":1699999999.123}\n",
         both},
        {"{\"iana_sourceIPv4Address\":\"192.0.2.1\",\"iana_destinationIPv4Address\":\"198.51.100.4\","
         "\"netflow.source_transport_port\":51515,\"netflow.destination_transport_port\":443,"
         "\"netflow.protocol\":6,\"iana_packetDeltaCount\":10,\"iana_octetDeltaCount\":1000,"
         "\"iana_flowStartMilliseconds\":1699999990123,\"iana_flowEndMilliseconds\":1699999999123}\n",
         one},
        {"{\"netflow\":{\"ipv4_src_addr\":\"192.0.2.1\",\"ipv4_dst_addr\":\"198.51.100.4\",\"protocol\":6,"
         "\"in_pkts\":10,\"in_bytes\":1000,\"first_switched\":90000,\"last_switched\":99000}}\n",
         "! column 'first_switched': '90000' is not a valid time; expected seconds since 1970, such as 1700000000.25, "
         "or "
         "a UTC time, such as 2023-11-14 22:13:20.25, or one with Z or +01:00\n"},
    };
    for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++)
        expect(FOREIGN_IANA, lines[i].line, lines[i].wanted);
}

/* As real runs of ipfixcol2 2.9 write (without times but those since the exporter's boot: when it was sent), its
 * numbers, and what Filebeat and Logstash make of a Cisco ASA's records, which have no packets. */
static void iana_of_other_exporters(void **state) {
    (void)state;
#define SENT "\"flowStartMicroseconds\":1700000000000000,\"flowEndMicroseconds\":1700000000000000,"
    static const struct {
        const char *line, *wanted;
    } lines[] = {
        {"{\"@type\":\"ipfix.entry\",\"iana:sourceIPv4Address\":\"192.0.2.1\",\"iana:destinationIPv4Address\":"
         "\"198.51.100.4\",\"iana:flowStartSysUpTime\":1700000001,\"iana:flowEndSysUpTime\":1700000002,"
         "\"iana:octetDeltaCount\":1000,\"iana:packetDeltaCount\":10,\"iana:sourceTransportPort\":51515,"
         "\"iana:destinationTransportPort\":443,\"iana:protocolIdentifier\":\"TCP\",\"iana:ipVersion\":4,"
         "\"ipfix:exportTime\":1700000000,\"ipfix:seqNumber\":23,\"ipfix:odid\":0}\n",
         HOSTS TCP SENT ONE_WAY "}\n"},
        {"{\"@type\":\"ipfix.entry\",\"en0:id8\":\"192.0.2.1\",\"en0:id12\":\"198.51.100.4\",\"en0:id2\":10,"
         "\"en0:id1\":1000,\"en29305:id1\":4000,\"en29305:id2\":8,\"en0:id152\":1699999990123,"
         "\"en0:id153\":1699999999123,\"en0:id7\":51515,\"en0:id11\":443,\"en0:id4\":6,\"en6871:id8\":1,"
         "\"en0:id70000\":1,\"en0:id\":1}\n",
         HOSTS TCP MILLIS TWO_WAYS "}\n"},
        {"{\"@timestamp\":\"2023-11-14T22:13:20Z\",\"netflow\":{\"destination_ipv4_address\":\"198.51.100.4\","
         "\"destination_transport_port\":0,\"flow_start_milliseconds\":\"2023-11-14T22:13:20Z\",\"icmp_code_ipv4\":0,"
         "\"icmp_type_ipv4\":8,\"octet_total_count\":56,\"protocol_identifier\":1,\"source_ipv4_address\":"
         "\"192.0.2.1\",\"source_transport_port\":17549},\"source_ecs\":{\"ip\":\"192.0.2.1\"}}\n",
         HOSTS ICMP(2048) SENT "\"packetDeltaCount\":1,\"octetDeltaCount\":56}\n"},
        {"{\"@timestamp\":\"2023-11-14T22:13:21.000Z\",\"netflow\":{\"version\":9,\"conn_id\":8501,"
         "\"ipv4_src_addr\":\"192.0.2.1\",\"l4_src_port\":17549,\"ipv4_dst_addr\":\"198.51.100.4\",\"l4_dst_port\":0,"
         "\"protocol\":1,\"icmp_type\":3,\"icmp_code\":1,\"in_permanent_bytes\":56,"
         "\"flow_start_msec\":1700000000000}}\n",
         HOSTS ICMP(769) SENT "\"packetDeltaCount\":1,\"octetDeltaCount\":56}\n"},
        {"{\"netflow\":{\"ipv4_src_addr\":\"192.0.2.1\",\"ipv4_dst_addr\":\"198.51.100.4\",\"protocol\":1,"
         "\"icmp_type\":769,\"in_bytes\":0,\"first_switched\":1700000000}}\n",
         HOSTS ICMP(769) SENT "\"packetDeltaCount\":0,\"octetDeltaCount\":0}\n"},
        {"{\"netflow\":{\"ipv4_src_addr\":\"192.0.2.1\",\"ipv4_dst_addr\":\"198.51.100.4\",\"protocol\":6,"
         "\"first_switched\":1700000000}}\n",
         "! column 'packetDeltaCount': no value\n"},
    };
    for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++)
        expect(FOREIGN_IANA, lines[i].line, lines[i].wanted);
}

/* nProbe and others fill the fields of both families: the one that isn't 0 counts. */
static void iana_of_both_families(void **state) {
    (void)state;
#define NPROBE(source, destination, source6, destination6)                                                             \
    "{\"IN_SRC_MAC\":\"00:00:00:00:00:00\",\"IPV4_SRC_ADDR\":\"" source "\",\"IPV4_DST_ADDR\":\"" destination          \
    "\",\"L4_SRC_PORT\":51515,\"L4_DST_PORT\":443,\"IPV6_SRC_ADDR\":\"" source6 "\",\"IPV6_DST_ADDR\":\"" destination6 \
    "\",\"IP_PROTOCOL_VERSION\":4,\"PROTOCOL\":6,\"L7_PROTO\":\"7\",\"IN_BYTES\":1000,\"IN_PKTS\":10,\"OUT_BYTES\":"   \
    "4000,"                                                                                                            \
    "\"OUT_PKTS\":8,\"FIRST_SWITCHED\":1700000000,\"LAST_SWITCHED\":1700000000,\"42\":9}"
#define NPROBE_REST TCP SENT TWO_WAYS "}\n"
    expect(FOREIGN_IANA,
           "[" NPROBE("192.0.2.1", "198.51.100.4", "::", "::") "," NPROBE(
               "0.0.0.0", "0.0.0.0", "2001:db8::1",
               "2001:db8::2") "," NPROBE("0.0.0.0", "0.0.0.0",
                                         "::", "ff02::1") "," NPROBE("0.0.0.0", "255.255.255.255",
                                                                     "::", "::") "," NPROBE("0.0.0.0", "0.0.0.0",
                                                                                            "::", "::") "]\n",
           HOSTS NPROBE_REST HOSTS6 NPROBE_REST
           "{\"sourceIPv6Address\":\"::\",\"destinationIPv6Address\":\"ff02::1\"," NPROBE_REST
           "{\"sourceIPv4Address\":0,\"destinationIPv4Address\":4294967295," NPROBE_REST
           "{\"sourceIPv4Address\":0,\"destinationIPv4Address\":0," NPROBE_REST);
}

/* ICMP's two bytes under all of their names; of a biflow the answer's type. */
static void iana_icmp(void **state) {
    (void)state;
#define IANA_ICMP(more)                                                                                                \
    "{\"flows\":{\"flowStartMilliseconds\":1699999990123,\"flowEndMilliseconds\":1699999999123,"                       \
    "\"sourceIPv4Address\":\"192.0.2.1\",\"destinationIPv4Address\":\"198.51.100.4\",\"protocolIdentifier\":1,"        \
    "\"octetTotalCount\":1000,\"packetTotalCount\":10," more "}}\n"
    expect(FOREIGN_IANA,
           IANA_ICMP("\"icmpTypeIPv4\":3,\"icmpCodeIPv4\":1") IANA_ICMP("\"icmpTypeCodeIPv4\":769")
               IANA_ICMP("\"icmpTypeIPv4\":8,\"icmpCodeIPv4\":0,\"reversePacketTotalCount\":8,"
                         "\"reverseOctetTotalCount\":4000"),
           HOSTS ICMP(769) MILLIS ONE_WAY "}\n" HOSTS ICMP(769) MILLIS ONE_WAY "}\n[" HOSTS ICMP(2048) MILLIS ONE_WAY
           "}," BACK ICMP(0) MILLIS "\"packetDeltaCount\":8,\"octetDeltaCount\":4000}]\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(iana),
        cmocka_unit_test(iana_of_other_exporters),
        cmocka_unit_test(iana_of_both_families),
        cmocka_unit_test(iana_icmp),
    };
    return cmocka_run_group_tests(tests, utc_setup, NULL);
}
