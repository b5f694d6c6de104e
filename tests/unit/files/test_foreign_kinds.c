/* What Suricata, GoFlow2, pmacct, SiLK and clouds write: what each record becomes, to the byte. Suricata's and pmacct's
 * lines are those of real runs (8.0.7, 1.7.7), with other addresses. */
#include "foreign_case.h"

#include "files/both_ends.h"
#include "files/tuples.h"

#define HOSTS "{\"sourceIPv4Address\":3221225985,\"destinationIPv4Address\":3325256708,"
#define BACK "{\"sourceIPv4Address\":3325256708,\"destinationIPv4Address\":3221225985,"
#define TCP "\"protocolIdentifier\":6,\"sourceTransportPort\":51515,\"destinationTransportPort\":443,"
#define TIMES "\"flowStartMicroseconds\":1699999990123456,\"flowEndMicroseconds\":1699999999123456,"
#define MILLIS "\"flowStartMicroseconds\":1699999990123000,\"flowEndMicroseconds\":1699999999123000,"
#define ONE_WAY "\"packetDeltaCount\":10,\"octetDeltaCount\":1000"
#define TWO_WAYS ONE_WAY ",\"revPacketDeltaCount\":8,\"revOctetDeltaCount\":4000"

/* --- Suricata --- */

#define EVE_TIMES "\"start\":\"2023-11-14T22:13:10.123456+0000\",\"end\":\"2023-11-14T23:13:19.123456+0100\",\"age\":9"
#define EVE(type, from, to)                                                                                            \
    "{\"timestamp\":\"2023-11-14T22:13:20.458898+0000\",\"flow_id\":565435593601852,\"in_iface\":\"eth0\","            \
    "\"event_type\":\"" type "\",\"src_ip\":\"" from "\",\"src_port\":51515,\"dest_ip\":\"" to "\",\"dest_port\":443,"
#define EVE_FLOW                                                                                                       \
    EVE("flow", "192.0.2.1", "198.51.100.4")                                                                           \
    "\"ip_v\":4,\"proto\":\"TCP\",\"app_proto\":\"tls\",\"vlan\":[100,200],\"flow\":{\"pkts_toserver\":10,"            \
    "\"pkts_toclient\":8,\"bytes_toserver\":1000,\"bytes_toclient\":4000," EVE_TIMES ",\"state\":\"established\","     \
    "\"reason\":\"shutdown\",\"alerted\":false},\"tcp\":{\"tcp_flags\":\"1b\",\"tcp_flags_ts\":\"1a\","                \
    "\"tcp_flags_tc\":\"13\",\"syn\":true,\"ts_max_regions\":1}}\n"
#define EVE_NETFLOW                                                                                                    \
    EVE("netflow", "192.0.2.1", "198.51.100.4")                                                                        \
    "\"proto\":\"TCP\",\"app_proto\":\"unknown\",\"netflow\":{\"pkts\":10,\"bytes\":1000," EVE_TIMES                   \
    ",\"min_ttl\":64,\"max_ttl\":64},\"tcp\":{\"tcp_flags\":\"1a\",\"syn\":true}}\n"
#define EVE_OTHER                                                                                                      \
    "{\"timestamp\":\"2023-11-14T22:13:20.458898+0000\",\"event_type\":\"stats\",\"stats\":{\"uptime\":1,"             \
    "\"flow\":{\"start\":\"}\",\"bytes\":[1,{\"a\":2}]}}}\n"

static void suricata(void **state) {
    (void)state;
    static const char flow[] = HOSTS TCP TIMES TWO_WAYS ",\"vlanId\":100,\"tcpControlBits\":26,"
                                                        "\"revTcpControlBits\":19,\"applicationName\":\"tls\"}\n";
    static const char netflow[] = HOSTS TCP TIMES ONE_WAY ",\"tcpControlBits\":26}\n";
    char wanted[2048];
    snprintf(wanted, sizeof wanted, "%s%s", flow, flow);
    expect(FOREIGN_SURICATA, EVE_OTHER EVE_FLOW EVE_NETFLOW EVE_FLOW, wanted);
    snprintf(wanted, sizeof wanted, "%s%s", netflow, netflow);
    expect(FOREIGN_SURICATA, EVE_OTHER EVE_NETFLOW EVE_FLOW EVE_NETFLOW, wanted); /* the kind that comes first */
    struct foreign *foreign = foreign_new(FOREIGN_SURICATA, 0);
    free(read_all(foreign, EVE_OTHER EVE_FLOW EVE_NETFLOW EVE_NETFLOW));
    assert_int_equal(foreign_passed_over(foreign), 3);
    foreign_free(foreign);
    expect(FOREIGN_SURICATA, "{\"event_type\":\"flow\",\"src_ip\":\"192.0.2.1\"}\n", "! column 'dest_ip': no value\n");
}

/* Each direction of ICMP has a type of its own, also where only the answers were seen. */
static void suricata_icmp(void **state) {
    (void)state;
#define EVE_ICMP(types, there)                                                                                         \
    "{\"event_type\":\"flow\",\"src_ip\":\"192.0.2.1\",\"dest_ip\":\"198.51.100.4\",\"proto\":\"ICMP\"," types         \
    "\"flow\":{" there "," EVE_TIMES "}}\n"
#define EVE_PING "\"icmp_type\":8,\"icmp_code\":0,\"response_icmp_type\":0,\"response_icmp_code\":0,"
#define ICMP(type) "\"protocolIdentifier\":1,\"sourceTransportPort\":0,\"destinationTransportPort\":" #type ","
    expect(FOREIGN_SURICATA,
           EVE_ICMP(EVE_PING, "\"pkts_toserver\":10,\"pkts_toclient\":8,\"bytes_toserver\":1000,\"bytes_toclient\":800")
               EVE_ICMP(EVE_PING, "\"pkts_toserver\":0,\"pkts_toclient\":8,\"bytes_toserver\":0,\"bytes_toclient\":800")
                   EVE_ICMP("\"icmp_type\":3,\"icmp_code\":1,",
                            "\"pkts_toserver\":10,\"pkts_toclient\":0,\"bytes_toserver\":1000,\"bytes_toclient\":0"),
           "[" HOSTS ICMP(2048) TIMES ONE_WAY "}," BACK ICMP(0) TIMES
           "\"packetDeltaCount\":8,\"octetDeltaCount\":800}]\n" BACK ICMP(0) TIMES
           "\"packetDeltaCount\":8,\"octetDeltaCount\":800}\n" HOSTS ICMP(769) TIMES ONE_WAY "}\n");
}

/* --- GoFlow2 --- */

static void goflow2(void **state) {
    (void)state;
#define GOFLOW2(rate, times, addresses, more)                                                                          \
    "{\"type\":\"SFLOW_5\",\"time_received_ns\":1700000000123456789,\"sequence_num\":1,\"sampling_rate\":" rate        \
    "," times "\"sampler_address\":\"192.0.2.254\",\"bytes\":1000,\"packets\":10," addresses                           \
    "\"etype\":\"IPv4\"," more "}\n"
#define GOFLOW2_HOSTS "\"src_addr\":\"192.0.2.1\",\"dst_addr\":\"198.51.100.4\","
#define GOFLOW2_TIMES "\"time_flow_start_ns\":1699999990123456000,\"time_flow_end_ns\":1699999999123456000,"
#define GOFLOW2_TCP                                                                                                    \
    "\"proto\":\"TCP\",\"src_port\":51515,\"dst_port\":443,\"in_if\":1,\"out_if\":2,\"src_mac\":\"00:1b:21:0a:ff:"     \
    "3c\","                                                                                                            \
    "\"dst_mac\":\"00:00:00:00:00:00\",\"tcp_flags\":27,\"icmp_type\":0,\"icmp_code\":0,\"as_path\":[]"
#define EXPORTER ",\"exporterIPv4Address\":3221226238"
    expect(FOREIGN_GOFLOW2,
           GOFLOW2("0", GOFLOW2_TIMES, GOFLOW2_HOSTS, GOFLOW2_TCP)
               GOFLOW2("512", "", GOFLOW2_HOSTS, "\"proto\":\"ICMP\",\"icmp_type\":3,\"icmp_code\":1")
                   GOFLOW2("1", "", "\"src_addr\":\"\",\"dst_addr\":\"<nil>\",", "\"proto\":\"HOPOPT\""),
           HOSTS TCP TIMES ONE_WAY EXPORTER
           ",\"ingressInterface\":1,\"egressInterface\":2,"
           "\"sourceMacAddress\":\"00:1b:21:0a:ff:3c\",\"tcpControlBits\":27}\n" HOSTS ICMP(
               769) "\"flowStartMicroseconds\":1700000000123456,\"flowEndMicroseconds\":1700000000123456,"
                    "\"packetDeltaCount\":5120,\"octetDeltaCount\":512000" EXPORTER "}\n");
    /* Version 1 has milliseconds or seconds; in capitals, addresses of IPv4 in ones of IPv6, and a date. */
    expect(
        FOREIGN_GOFLOW2,
        GOFLOW2(
            "0", "\"time_flow_start_ms\":1699999990123,\"time_flow_end_ms\":1699999999123,", GOFLOW2_HOSTS,
            "\"proto\":6,\"src_port\":51515,\"dst_port\":443") "{\"TimeReceived\":\"2023-11-14T22:13:20Z\","
                                                               "\"SamplingRate\":2,\"ExporterAddress\":\"::ffff:192.0."
                                                               "2.254\","
                                                               "\"SrcAddr\":\"::ffff:192.0.2.1\",\"DstAddr\":\"::ffff:"
                                                               "198.51.100.4\",\"SrcPort\":51515,\"DstPort\":443,"
                                                               "\"Proto\":6,\"Bytes\":500,\"Packets\":5}\n",
        HOSTS TCP MILLIS ONE_WAY EXPORTER
        "}\n" HOSTS TCP
        "\"flowStartMicroseconds\":1700000000000000,\"flowEndMicroseconds\":1700000000000000," ONE_WAY EXPORTER "}\n");
    expect(FOREIGN_GOFLOW2,
           "{\"time_received_ns\":1700000000123456789,\"sampling_rate\":4,\"bytes\":9223372036854775807,\"packets\":1,"
           "\"src_addr\":\"::1\",\"dst_addr\":\"::2\",\"proto\":\"UDP\"}\n",
           "! column 'sampling_rate': '4' is not a valid rate; expected one whose counts have 64 bits\n");
}

/* A line as version 2 writes it with all of its columns. */
static void goflow2_with_all_columns(void **state) {
    (void)state;
#define GOFLOW2_ALL(net)                                                                                               \
    "{\"type\":\"SFLOW_5\",\"time_received_ns\":1700000000123456789,\"sequence_num\":47142,\"sampling_rate\":1024,"    \
    "\"sampler_address\":\"192.0.2.254\",\"time_flow_start_ns\":1700000000123456789,"                                  \
    "\"time_flow_end_ns\":1700000000123456789,\"bytes\":1518,\"packets\":1,\"src_addr\":\"192.0.2.1\","                \
    "\"dst_addr\":\"198.51.100.4\",\"etype\":\"IPv4\",\"proto\":\"TCP\",\"src_port\":51515,\"dst_port\":443,\"in_"     \
    "if\":0,"                                                                                                          \
    "\"out_if\":5031,\"src_mac\":\"3c:ec:ef:fc:f7:38\",\"dst_mac\":\"00:00:00:00:00:00\",\"src_vlan\":0,\"dst_vlan\":" \
    "0,"                                                                                                               \
    "\"vlan_id\":0,\"ip_tos\":0,\"forwarding_status\":0,\"ip_ttl\":64,\"ip_flags\":2,\"tcp_flags\":16,\"icmp_type\":"  \
    "0,"                                                                                                               \
    "\"icmp_code\":0,\"ipv6_flow_label\":0,\"fragment_id\":25350,\"fragment_offset\":0,\"src_as\":0,\"dst_as\":0,"     \
    "\"next_hop\":\"\",\"next_hop_as\":0,\"src_net\":\"0.0.0.0/0\",\"dst_net\":" net ",\"bgp_next_hop\":\"\","         \
    "\"bgp_communities\":[],\"as_path\":[],\"mpls_ttl\":[],\"mpls_label\":[],\"mpls_ip\":[],"                          \
    "\"observation_domain_id\":0,\"observation_point_id\":0}\n"
#define GOFLOW2_START                                                                                                  \
    HOSTS TCP "\"flowStartMicroseconds\":1700000000123456,\"flowEndMicroseconds\":1700000000123456,"                   \
              "\"packetDeltaCount\":1024,\"octetDeltaCount\":1554432" EXPORTER                                         \
              ",\"egressInterface\":5031,\"sourceMacAddress\":\"3c:ec:ef:fc:f7:38\",\"tcpControlBits\":16"
    expect(FOREIGN_GOFLOW2,
           GOFLOW2_ALL("\"198.51.100.0/24\"") GOFLOW2_ALL("\"0.0.0.0/0\"") GOFLOW2_ALL("16")
               GOFLOW2_ALL("\"198.51.100.0/\""),
           GOFLOW2_START ",\"destinationIPv4PrefixLength\":24}\n" GOFLOW2_START "}\n" GOFLOW2_START
                         ",\"destinationIPv4PrefixLength\":16}\n"
                         "! column 'dst_net': '198.51.100.0/' is not a valid prefix; expected one such as 10.0.0.0/8, "
                         "or its length\n");
}

/* --- pmacct --- */

#define PMACCT_JSON(times, proto, more)                                                                                \
    "{\"event_type\": \"purge\", \"tag\": 0, \"class\": \"unknown\", \"vlan\": 0, \"etype\": \"800\", "                \
    "\"ip_src\": \"192.0.2.1\", \"ip_dst\": \"198.51.100.4\", \"port_src\": 51515, \"port_dst\": 443, "                \
    "\"tcp_flags\": \"24\", \"ip_proto\": \"" proto "\", \"tos\": 0, " times "\"flows\": 1, " more                     \
    "\"packets\": 10, \"bytes\": 1000}\n"

static void pmacct(void **state) {
    (void)state;
    static const char row[] =
        HOSTS TCP "\"flowStartMicroseconds\":1699999990123456,\"flowEndMicroseconds\":1699999990123456," ONE_WAY
                  ",\"sourceMacAddress\":\"00:1b:21:0a:ff:3c\"}\n";
    setenv("TZ", "Europe/Berlin", 1);
    tzset();
    /* The interval that it counts in; a flow's own times, also without an end. */
    expect(FOREIGN_PMACCT,
           "{\"event_type\": \"purge_init\", \"writer_id\": \"default_print/18556\"}\n" PMACCT_JSON(
               "\"stamp_inserted\": \"2023-11-14 23:10:00\", \"stamp_updated\": \"2026-11-29 09:15:01\", ", "tcp", "")
               PMACCT_JSON("\"timestamp_start\": \"2023-11-14 23:13:10.123456\", "
                           "\"timestamp_end\": \"2023-11-14 23:13:19.123456\", ",
                           "tcp", "")
                   PMACCT_JSON("\"timestamp_start\": \"1699999990.123456\", \"timestamp_end\": \"0.000000\", ", "tcp",
                               "\"sampling_rate\": 2, ")
                       PMACCT_JSON("\"timestamp_start\": \"2023-11-14T22:13:10.123456Z\", "
                                   "\"timestamp_end\": \"0000-00-00T00:00:00.000000Z\", ",
                                   "udp", ""),
           HOSTS TCP "\"flowStartMicroseconds\":1699999800000000,\"flowEndMicroseconds\":1699999800000000," ONE_WAY
                     ",\"tcpControlBits\":24}\n" HOSTS TCP TIMES ONE_WAY ",\"tcpControlBits\":24}\n" HOSTS TCP
                     "\"flowStartMicroseconds\":1699999990123456,\"flowEndMicroseconds\":1699999990123456,"
                     "\"packetDeltaCount\":20,\"octetDeltaCount\":2000,\"tcpControlBits\":24}\n" HOSTS
                     "\"protocolIdentifier\":17,\"sourceTransportPort\":51515,\"destinationTransportPort\":443,"
                     "\"flowStartMicroseconds\":1699999990123456,\"flowEndMicroseconds\":1699999990123456," ONE_WAY
                     ",\"tcpControlBits\":24}\n");
    expect(FOREIGN_PMACCT,
           "TAG,SRC_MAC,SRC_IP,DST_IP,SRC_PORT,DST_PORT,PROTOCOL,TIMESTAMP_START,PACKETS,FLOWS,BYTES\n"
           "0,00:1b:21:0a:ff:3c,192.0.2.1,198.51.100.4,51515,443,tcp,2023-11-14 23:13:10.123456,10,1,1000\n",
           row);
    /* print_output: formatted */
    expect(FOREIGN_PMACCT,
           "SRC_MAC            SRC_IP                                         DST_IP           SRC_PORT  DST_PORT  "
           "PROTOCOL    TIMESTAMP_START                PACKETS               BYTES\n"
           "00:1b:21:0a:ff:3c  192.0.2.1                                      198.51.100.4     51515     443       "
           "tcp         2023-11-14 23:13:10.123456     10                    1000\n",
           row);
    expect(FOREIGN_PMACCT, "SRC_IP,DST_IP,PACKETS,BYTES\n192.0.2.1,192.0.2.2,1,2\n",
           "! column 'timestamp_start': not in the header: pmacct prints it if aggregate names src_host, dst_host and "
           "timestamp_start; --time says when all of them were\n");
    setenv("TZ", "UTC", 1);
    tzset();
}

/* --- SiLK and YAF --- */

#define HOSTS6 "{\"sourceIPv6Address\":\"2001:db8::1\",\"destinationIPv6Address\":\"2001:db8::2\","
#define MOMENT "\"flowStartMicroseconds\":1699999990123000,\"flowEndMicroseconds\":1699999990123000,"
#define YAFSCII                                                                                                        \
    "2023-11-14 22:13:10.123 - 22:13:19.123 (9.000 sec) tcp 192.0.2.1:51515 => 198.51.100.4:443 00000001:00000002 "    \
    "S/APSF:AS/APSF (10/1000 <-> 8/4000) rtt 12 ms\n"

/* Of 1.7.8: VLANs by direction, and a first column that no element stands for. */
static void pmacct_columns(void **state) {
    (void)state;
    static const char wanted[] = HOSTS TCP "\"flowStartMicroseconds\":1700000000123456,"
                                           "\"flowEndMicroseconds\":1700000000123456," ONE_WAY;
    char with[512];
    snprintf(with, sizeof with, "%s,\"vlanId\":7,\"postVlanId\":8}\n", wanted);
#define PMACCT_ROW                                                                                                     \
    "192.0.2.1,198.51.100.4,51515,443,tcp,2023-11-14 22:13:20.123456,0000-00-00 00:00:00.000000,10,1000\n"
#define PMACCT_NAMES "SRC_IP,DST_IP,SRC_PORT,DST_PORT,PROTOCOL,TIMESTAMP_START,TIMESTAMP_END,PACKETS,BYTES\n"
    static const char vlans[] = "IN_VLAN,OUT_VLAN," PMACCT_NAMES "7,8," PMACCT_ROW,
                      other[] = "DST_ROA," PMACCT_NAMES "u," PMACCT_ROW;
    assert_int_equal(foreign_find(vlans, strlen(vlans)), FOREIGN_PMACCT);
    expect(FOREIGN_PMACCT, vlans, with);
    assert_int_equal(foreign_find(other, strlen(other)), FOREIGN_PMACCT);
    snprintf(with, sizeof with, "%s}\n", wanted);
    expect(FOREIGN_PMACCT, other, with);
}

/* Without times they are refused, or all of the moment that the user says. */
static void pmacct_without_times(void **state) {
    (void)state;
    static const char csv[] = "SRC_IP,DST_IP,SRC_PORT,DST_PORT,PROTOCOL,PACKETS,BYTES\n"
                              "192.0.2.1,198.51.100.4,51515,443,tcp,10,1000\n",
                      object[] = "{\"event_type\":\"purge\",\"ip_src\":\"192.0.2.1\",\"ip_dst\":\"198.51.100.4\","
                                 "\"port_src\":51515,\"port_dst\":443,\"ip_proto\":\"tcp\",\"packets\":10,"
                                 "\"bytes\":1000}\n",
                      wanted[] = HOSTS TCP "\"flowStartMicroseconds\":1700000000000000,"
                                           "\"flowEndMicroseconds\":1700000000000000," ONE_WAY "}\n";
    expect(FOREIGN_PMACCT, csv,
           "! column 'timestamp_start': not in the header: pmacct prints it if aggregate names src_host, dst_host and "
           "timestamp_start; --time says when all of them were\n");
    expect(FOREIGN_PMACCT, object,
           "! column 'timestamp_start': no value, nor another time; --time says when all of them were\n");
    for (unsigned i = 0; i < 2; i++) {
        struct foreign *foreign = foreign_new(FOREIGN_PMACCT, 1700000000);
        char *got = read_all(foreign, i ? object : csv);
        assert_string_equal(got, wanted);
        free(got);
        foreign_free(foreign);
    }
}

static void silk(void **state) {
    (void)state;
#define RWCUT                                                                                                          \
    "            sIP|            dIP|sPort|dPort|pro|   packets|     bytes|   flags|                  sTime| "         \
    "duration|"                                                                                                        \
    "                  eTime|sen|\n"
#define RWCUT_ROW                                                                                                      \
    "      192.0.2.1|   198.51.100.4|51515|  443|  6|        10|      1000|FS PA   |2023/11/14T22:13:10.123|    "      \
    "9.000|"                                                                                                           \
    "2023/11/14T22:13:19.123| S0|\n"
    static const char wanted[] = HOSTS TCP MILLIS ONE_WAY ",\"tcpControlBits\":27}\n";
    setenv("TZ", "Europe/Berlin", 1); /* its times are of UTC */
    tzset();
    expect(FOREIGN_SILK, RWCUT RWCUT_ROW, wanted);
    expect(FOREIGN_SILK, RWCUT_ROW, wanted); /* --no-titles */
    expect(FOREIGN_SILK, "\xef\xbb\xbf" RWCUT RWCUT_ROW, wanted);
    expect(FOREIGN_SILK,
           "sIP,dIP,sPort,dPort,pro,packets,bytes,flags,sTime,duration,iType,iCode\n"
           "192.0.2.1,198.51.100.4,51515,443,6,10,1000,FS PA,1699999990.123,9.000,,\n"
           "192.0.2.1,198.51.100.4,0,769,1,10,1000,,1699999990.123,9.000,3,1\n",
           HOSTS TCP MILLIS ONE_WAY ",\"tcpControlBits\":27}\n" HOSTS ICMP(769) MILLIS ONE_WAY "}\n");
    expect(
        FOREIGN_SILK,
        "start-time|end-time|duration|rtt|proto|sip|sp|dip|dp|iflags|uflags|riflags|ruflags|isn|risn|tag|rtag|pkt|oct|"
        "rpkt|roct|end-reason\n2023-11-14 22:13:10.123|2023-11-14 22:13:19.123|   9.000|   0.012|  6|192.0.2.1|51515|"
        "198.51.100.4|  443|       S|    APSF|      AS|     APS|00000001|00000002|000|000|      10|    1000|       8|"
        "    4000|\n",
        HOSTS TCP MILLIS TWO_WAYS ",\"tcpControlBits\":27,\"revTcpControlBits\":26}\n");
    expect(FOREIGN_SILK,
           YAFSCII "2023-11-14 22:13:10.123 icmp [8:0] 192.0.2.1 => 198.51.100.4 (10/1000 <-> 8/800) rtt 12 ms idle\n"
                   "2023-11-14 22:13:10.123 icmp6 [1:4] 2001:db8::1 => 2001:db8::2 vlan 064 (10/1000 ->)\n"
                   "2023-11-14 22:13:10.123 udp 2001:db8::1:53 => 2001:db8::2:5353 (10/1000 ->) idle\n"
                   "2023-11-14 22:13:10.123 ip 47 192.0.2.1 => 198.51.100.4 (10/1000 ->)\n"
                   "2023-11-14 22:13:10.123 tcp 192.0.2.1 => 198.51.100.4 (10/1000 ->)\n",
           HOSTS TCP MILLIS TWO_WAYS "}\n[" HOSTS ICMP(2048) MOMENT ONE_WAY "}," BACK ICMP(0) MOMENT
           "\"packetDeltaCount\":8,\"octetDeltaCount\":800}]\n" HOSTS6
           "\"protocolIdentifier\":58,\"sourceTransportPort\":0,\"destinationTransportPort\":260," MOMENT ONE_WAY
           "}\n" HOSTS6
           "\"protocolIdentifier\":17,\"sourceTransportPort\":53,\"destinationTransportPort\":5353," MOMENT ONE_WAY
           "}\n" HOSTS
           "\"protocolIdentifier\":47,\"sourceTransportPort\":0,\"destinationTransportPort\":0," MOMENT ONE_WAY
           "}\n! the line has 1 columns; expected 12, as in the header\n");
    expect(FOREIGN_SILK, "sIP|dIP|packets|bytes|\n", "");
    expect(FOREIGN_SILK, "sIP|dIP|packets|sTime|eTime|\n1|2|3|4|5|\n",
           "! column 'bytes': not in the header: rwcut "
           "--fields=sIP,dIP,sPort,dPort,protocol,packets,bytes,flags,sTime,duration,eTime prints it\n");
    expect(FOREIGN_SILK, RWCUT "192.0.2.1|\n", "! the line has 2 columns; expected 12, as in the header\n");
    setenv("TZ", "UTC", 1);
    tzset();
}

/* --- clouds --- */

static void gcp(void **state) {
    (void)state;
    expect(
        FOREIGN_GCP,
        "[{\n  \"insertId\": \"1\",\n  \"jsonPayload\": {\n    \"bytes_sent\": \"1000\",\n    \"connection\": {\n"
        "      \"dest_ip\": \"198.51.100.4\",\n      \"dest_port\": 443,\n      \"protocol\": 6,\n"
        "      \"src_ip\": \"192.0.2.1\",\n      \"src_port\": 51515\n    },\n    \"packets_sent\": \"10\",\n"
        "    \"start_time\": \"2023-11-14T22:13:10.123456001Z\",\n    \"end_time\": \"2023-11-14T22:13:19.123456Z\"\n"
        "  }\n}]\n"
        "{\"jsonPayload\":{\"message\":\"not a flow\"},\"severity\":\"INFO\"}\n",
        HOSTS TCP TIMES ONE_WAY "}\n");
}

/* Both ends report a flow, or a gateway, each in its own intervals: the first counts, also where reading goes on. */
static void both_ends(void **state) {
    (void)state;
#define GCP(from, port, reporter)                                                                                      \
    "{\"jsonPayload\":{\"bytes_sent\":\"1000\",\"connection\":{\"dest_ip\":\"198.51.100.4\",\"dest_port\":443,"        \
    "\"protocol\":6,\"src_ip\":\"" from "\",\"src_port\":" port "},\"packets_sent\":\"10\",\"reporter\":\"" reporter   \
    "\",\"start_time\":\"2023-11-14T22:13:10.123456Z\",\"end_time\":\"2023-11-14T22:13:19.123456Z\"}}\n"
#define GCP_ENTRY HOSTS TCP TIMES ONE_WAY "}\n"
    static const char lines[] = GCP("192.0.2.1", "51515", "DEST") GCP("192.0.2.1", "51515", "SRC")
        GCP("192.0.2.1", "51515", "DEST") GCP("192.0.2.1", "51515", "SRC_GATEWAY") GCP("192.0.2.1", "51516", "SRC");
    char wanted[1024];
    snprintf(wanted, sizeof wanted, "%s", GCP_ENTRY GCP_ENTRY);
    size_t len = strlen(wanted);
    snprintf(wanted + len, sizeof wanted - len, "%s", GCP_ENTRY);
    memcpy(strstr(wanted + len, "51515"), "51516", 5);
    struct foreign *foreign = foreign_new(FOREIGN_GCP, 0);
    char *got = read_all(foreign, lines);
    assert_string_equal(got, wanted);
    assert_int_equal(foreign_passed_over(foreign), 2);
    free(got);
    foreign_free(foreign);
    foreign = foreign_new(FOREIGN_GCP, 0);
    foreign_skip(foreign, lines, strcspn(lines, "\n"));
    got = read_all(foreign, lines + strcspn(lines, "\n") + 1);
    assert_string_equal(got, wanted + len / 2);
    free(got);
    foreign_free(foreign);
#define VPC_ENTRY                                                                                                      \
    HOSTS TCP "\"flowStartMicroseconds\":1699999990000000,\"flowEndMicroseconds\":1699999999000000," ONE_WAY "}\n"
#define VPC_ROW(interface, port, direction)                                                                            \
    "5 " interface " 192.0.2.1 198.51.100.4 " port " 443 6 10 1000 1699999990 1699999999 ACCEPT OK " direction "\n"
    expect(FOREIGN_VPC,
           "version interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status "
           "flow-direction\n" VPC_ROW("eni-1", "51515", "egress") VPC_ROW("eni-2", "51515", "ingress")
               VPC_ROW("eni-1", "51515", "egress") VPC_ROW("eni-1", "51515", "-"),
           VPC_ENTRY VPC_ENTRY VPC_ENTRY);
    /* As tables have it. */
#define VPC_OBJECT(direction)                                                                                          \
    "{\"version\":5,\"interface_id\":\"eni-1\",\"srcaddr\":\"192.0.2.1\",\"dstaddr\":\"198.51.100.4\",\"srcport\":"    \
    "51515,"                                                                                                           \
    "\"dstport\":443,\"protocol\":6,\"packets\":10,\"bytes\":1000,\"start\":1699999990,\"end\":1699999999,"            \
    "\"flow_direction\":\"" direction "\"}\n"
    static const char objects[] = VPC_OBJECT("egress") VPC_OBJECT("ingress");
    assert_int_equal(foreign_find(objects, strlen(objects)), FOREIGN_VPC);
    expect(FOREIGN_VPC, objects, VPC_ENTRY);
}

/* Of so many flows the one that was not heard of for longest is forgotten, and may count twice. */
static void both_ends_of_many(void **state) {
    (void)state;
    struct both_ends *ends = NULL;
    unsigned found = 0;
    for (uint32_t i = 0; i < 1000000; i++) {
        uint32_t tuple = i / 2, old = 7;
        found += both_ends_found(&ends, &tuple, sizeof tuple, i % 2 ? "SRC" : "DEST", i % 2 ? 3 : 4);
        assert_false(both_ends_found(&ends, &old, sizeof old, "SRC", 3)); /* heard of all the time */
    }
    assert_int_equal(found, 500000);
    uint32_t first = 0;
    assert_false(both_ends_found(&ends, &first, sizeof first, "SRC", 3));
    both_ends_free(ends);
    both_ends_free(NULL);
}

/* Tuples of a security group and of a network; what begins or was denied has no counts. */
static void azure(void **state) {
    (void)state;
    static const char text[] =
        "{\"records\":[{\"time\":\"2023-11-14T22:13:20Z\",\"flowTuples\":{\"no\":\"list\"},\"properties\":{\"flows\":"
        "[{\"rule\":\"a\\\"[\",\"flows\":[{\"mac\":\"000D3AF87856\",\"flowTuples\" : [\n"
        "\"1700000000,192.0.2.1,198.51.100.4,51515,443,T,O,A,B,,,,\","
        "\"1700000000,192.0.2.1,198.51.100.4,51515,443,T,O,A,E,10,1000,8,4000\","
        "\"1700000000,192.0.2.1,198.51.100.4,51515,443,T,O,D,B,,,,\","
        "\"1700000000,192.0.2.1,198.51.100.4,51515,443,T,O,A\"],\"other\":[\"1,2\"]}]}]}},"
        "{\"flowRecords\":{\"flows\":[{\"flowGroups\":[{\"rule\":\"b\",\"flowTuples\":["
        "\"1699999999123,192.0.2.1,198.51.100.4,51515,443,6,O,C,NX,10,1000,8,4000\","
        "\"1699999999123,192.0.2.1,198.51.100.4,51515,443,6,I,B,NX,0,0,0,0\","
        "\"1699999999123,192.0.2.1,198.51.100.4,51515,443,6,I,D,NX,0,0,0,0\",\"x\"]}]}]}}]}";
    static const char wanted[] = HOSTS TCP
        "\"flowStartMicroseconds\":1700000000000000,\"flowEndMicroseconds\":1700000000000000," TWO_WAYS "}\n" HOSTS TCP
        "\"flowStartMicroseconds\":1699999999123000,\"flowEndMicroseconds\":1699999999123000," TWO_WAYS
        "}\n! the line has 1 columns; expected 13, as in the header\n";
    for (size_t piece = 1; piece < sizeof text; piece += 7) {
        struct tuples *tuples = tuples_new();
        struct tuple tuple;
        struct buffer lines = BUFFER_INIT;
        int64_t behind = 0;
        for (size_t at = 0; at < sizeof text - 1; at += piece) {
            tuples_feed(tuples, (int64_t)at, text + at, at + piece < sizeof text ? piece : sizeof text - 1 - at);
            while (tuples_next(tuples, &tuple)) {
                buffer_printf(&lines, "%.*s\n", (int)tuple.len, tuple.text);
                assert_int_equal(text[tuple.position - 1], '"');
                assert_true(tuple.position > behind);
                behind = tuple.position;
            }
        }
        struct foreign *foreign = foreign_new(FOREIGN_AZURE, 0);
        char *got = read_all(foreign, lines.data);
        assert_string_equal(got, wanted);
        assert_int_equal(foreign_passed_over(foreign), 5);
        assert_string_equal(foreign_header(foreign), "{\"flowTuples\":[\n"); /* so that tuples alone can be read */
        free(got);
        foreign_free(foreign);
        buffer_release(&lines);
        tuples_free(tuples);
    }
}

static void long_tuples(void **state) {
    (void)state;
    char text[2 * TUPLE_MAX] = "\"flowTuples\":[\"";
    struct tuples *tuples = tuples_new();
    struct tuple tuple;
    memset(text + strlen(text), '1', sizeof text - strlen(text) - 1);
    text[sizeof text - 1] = '"';
    tuples_feed(tuples, 0, text, sizeof text);
    assert_true(tuples_next(tuples, &tuple));
    assert_int_equal(tuple.len, TUPLE_MAX);
    assert_int_equal(tuple.position, sizeof text);
    assert_false(tuples_next(tuples, &tuple));
    tuples_free(tuples);
    tuples_free(NULL);
}

/* nfdump -B */
static void nfdump_icmp(void **state) {
    (void)state;
    expect(FOREIGN_NFDUMP,
           "ts,te,sa,da,sp,dp,pr,ipkt,ibyt,opkt,obyt\n"
           "1699999990.123,1699999999.123,192.0.2.1,198.51.100.4,0,8.0,ICMP,10,1000,8,800\n"
           "1699999990.123,1699999999.123,192.0.2.1,198.51.100.4,0,3.1,ICMP,10,1000,0,0\n"
           "1699999990.123,1699999999.123,192.0.2.1,198.51.100.4,0,0,ICMP,10,1000,8,800\n",
           "[" HOSTS ICMP(2048) MILLIS ONE_WAY "}," BACK ICMP(0) MILLIS
           "\"packetDeltaCount\":8,\"octetDeltaCount\":800}]\n" HOSTS ICMP(769) MILLIS ONE_WAY "}\n" HOSTS ICMP(0)
               MILLIS ONE_WAY ",\"revPacketDeltaCount\":8,\"revOctetDeltaCount\":800}\n");
}

/* --- all of them --- */

static void formats_are_found(void **state) {
    (void)state;
    static const struct {
        const char *head;
        enum foreign_format format;
    } heads[] = {
        {EVE_OTHER, FOREIGN_SURICATA},
        {EVE_FLOW, FOREIGN_SURICATA},
        {EVE_NETFLOW, FOREIGN_SURICATA},
        {"{\"event_type\":\"purge\",\"ip_src\":\"192.0.2.1\"", FOREIGN_PMACCT},
        {"SRC_IP,DST_IP,PACKETS\n", FOREIGN_PMACCT},
        {"SRC_IP        DST_IP     PACKETS    BYTES\n", FOREIGN_PMACCT},
        {"{\"type\":\"SFLOW_5\",\"time_received_ns\":1", FOREIGN_GOFLOW2},
        {"{\"TimeReceived\":1700000000", FOREIGN_GOFLOW2},
        {RWCUT, FOREIGN_SILK},
        {"sIP,dIP,sPort\n", FOREIGN_SILK},
        {"\xef\xbb\xbfsIP,dIP,sPort\n", FOREIGN_SILK},
        {"\xef\xbb\xbf{\"iana:octetDeltaCount\":1", FOREIGN_IANA},
        {"start-time|end-time|duration|rtt\n", FOREIGN_SILK},
        {YAFSCII, FOREIGN_SILK},
        {"[\n{\n\"insertId\": \"1\",\"jsonPayload\":", FOREIGN_GCP},
        {"{\"records\":[{\"category\":\"NetworkSecurityGroupFlowEvent\"", FOREIGN_AZURE},
        {"{\"flowTuples\":[\n\"1", FOREIGN_AZURE},
        {"{\"@type\":\"ipfix.entry\",\"iana:octetDeltaCount\":1", FOREIGN_IANA},
        {"{\"@type\":\"ipfix.entry\",\"en0:id8\":\"192.0.2.1\"", FOREIGN_IANA},
        {"{\"flows\" : {\"sourceIPv4Address\":\"192.0.2.1\"", FOREIGN_IANA},
        {"{\"netflow\":{\"in_bytes\":1", FOREIGN_IANA},
        {"{\"source_ipv6_address\":\"::1\"", FOREIGN_IANA},
        {"{\"IPV4_SRC_ADDR\":\"", FOREIGN_IANA},
        {"{\"firstPacket\":1,\"source\":{\"ip\"", FOREIGN_IANA},
        /* Entries are read as such, whatever else is in them. */
        {"{\"sourceIPv4Address\":\"192.0.2.1\",\"iana:octetDeltaCount\":1", FOREIGN_ENTRIES},
        {"{\"event_type\":\"flow\",\"octetDeltaCount\":1", FOREIGN_ENTRIES},
        {"[{\"a\":{\"b\":\"}\"},\"packetDeltaCount\":1", FOREIGN_ENTRIES},
        {"{\"a\":1}{\"iana:octetDeltaCount\":1}", FOREIGN_ENTRIES},
        {"{\"a\":\"octet_delta_count\",\"octet_delta_count", FOREIGN_ENTRIES},
        {"sIP,x,y", FOREIGN_ENTRIES},
    };
    for (unsigned i = 0; i < sizeof heads / sizeof heads[0]; i++)
        if (foreign_find(heads[i].head, strlen(heads[i].head)) != heads[i].format) fail_msg("%s", heads[i].head);
}

/* Lines that are skipped leave which kind comes first. */
static void reading_goes_on_behind_a_kind(void **state) {
    (void)state;
    struct foreign *foreign = foreign_new(FOREIGN_SURICATA, 0);
    foreign_skip(foreign, EVE_FLOW, strlen(EVE_FLOW) - 1);
    char *got = read_all(foreign, EVE_NETFLOW);
    assert_string_equal(got, "");
    assert_int_equal(foreign_passed_over(foreign), 1);
    free(got);
    foreign_free(foreign);
}

/* Events of other types may be long; what is longer than a record over many lines is one where it is in one line. */
static void long_objects(void **state) {
    (void)state;
    char *line = malloc(2 * FOREIGN_RECORD_MAX + 64);
    strcpy(line, "{\"event_type\":\"stats\",\"x\":\"");
    size_t len = strlen(line);
    memset(line + len, 'x', 2 * FOREIGN_RECORD_MAX);
    strcpy(line + len + 2 * FOREIGN_RECORD_MAX, "\"}\n");
    expect(FOREIGN_SURICATA, line, "");
    free(line);
}

/* What is no number is refused and not left out, as a count that is missing is 0. */
static void lists_for_counts(void **state) {
    (void)state;
#define COUNTED(bytes)                                                                                                 \
    "{\"time_received_ns\":1700000000123456789,\"sampling_rate\":1,\"bytes\":" bytes ",\"packets\":1,"                 \
    "\"src_addr\":\"::1\",\"dst_addr\":\"::2\",\"proto\":\"UDP\"}\n"
#define NO_COUNT(bytes)                                                                                                \
    "! column 'bytes': '" bytes "' is not a valid count; expected a whole number from 0 to 18446744073709551615\n"
    expect(FOREIGN_GOFLOW2, COUNTED("[7]") COUNTED("{\"a\":7}") COUNTED("true"),
           NO_COUNT("[7]") NO_COUNT("{\"a\":7}") NO_COUNT("true"));
    char *none[2] = {NULL, NULL};
    for (unsigned i = 0; i < 2; i++) {
        struct foreign *foreign = foreign_new(FOREIGN_GOFLOW2, 0);
        none[i] = read_all(foreign, i ? COUNTED("[ ]") : COUNTED("null"));
        assert_non_null(strstr(none[i], "\"octetDeltaCount\":0"));
        foreign_free(foreign);
    }
    assert_string_equal(none[0], none[1]);
    free(none[0]);
    free(none[1]);
}

/* Deeper, or with longer names, than anything that is wanted. */
static void nested_objects(void **state) {
    (void)state;
    char line[4096] = "";
    for (unsigned i = 0; i < 200; i++)
        strcat(line, "{\"flow\":");
    strcat(line, "1");
    for (unsigned i = 0; i < 200; i++)
        strcat(line, "}");
    expect(FOREIGN_SURICATA, line, "");
    expect(FOREIGN_SURICATA, "{\"event_type\":\"flow\",\"flow\":{\"a\" 1}}\n", "! expected ':', not '1'\n");
    memset(line, 'x', 300);
    memcpy(line, "{\"", 2);
    strcpy(line + 300, "\":{\"start\":1}}\n");
    expect(FOREIGN_SURICATA, line, "");
}

/* Objects of any layout, as of entries: several in a line, lists of them, over many lines. */
static void objects_of_any_layout(void **state) {
    (void)state;
#define ARKIME "{\"firstPacket\":1699999990123,\"lastPacket\":1699999999123,\"ipProtocol\":6,"
#define ARKIME_ENDS "\"source\":{\"ip\":\"192.0.2.1\",\"port\":51515,\"packets\":10,\"bytes\":1000},"
#define ARKIME_FLOW ARKIME ARKIME_ENDS "\"destination\":{\"ip\":\"198.51.100.4\",\"port\":443}}"
#define ARKIME_ENTRY HOSTS TCP MILLIS ONE_WAY "}\n"
    static const struct {
        const char *text, *wanted;
    } files[] = {
        {ARKIME_FLOW ARKIME_FLOW "\n" ARKIME_FLOW " " ARKIME_FLOW "\n",
         ARKIME_ENTRY ARKIME_ENTRY ARKIME_ENTRY ARKIME_ENTRY},
        {"[" ARKIME_FLOW ", " ARKIME_FLOW "]\n", ARKIME_ENTRY ARKIME_ENTRY},
        {"[" ARKIME_FLOW ",\n" ARKIME_FLOW "]", ARKIME_ENTRY ARKIME_ENTRY},
        {"[\n  " ARKIME "\n    " ARKIME_ENDS "\n    \"destination\": {\n      \"ip\": \"198.51.100.4\",\n"
         "      \"port\": 443\n    }\n  }\n]\n",
         ARKIME_ENTRY},
        {"[" ARKIME_FLOW "," ARKIME "x}," ARKIME_FLOW "]\n", ARKIME_ENTRY "! expected a name, not 'x'\n" ARKIME_ENTRY},
        {"[" ARKIME_FLOW "," ARKIME, ARKIME_ENTRY "! the object that begins in line 1 is cut off: the file ends\n"},
    };
    for (unsigned i = 0; i < sizeof files / sizeof files[0]; i++)
        expect(FOREIGN_IANA, files[i].text, files[i].wanted);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(suricata),
        cmocka_unit_test(suricata_icmp),
        cmocka_unit_test(goflow2),
        cmocka_unit_test(goflow2_with_all_columns),
        cmocka_unit_test(pmacct),
        cmocka_unit_test(pmacct_columns),
        cmocka_unit_test(pmacct_without_times),
        cmocka_unit_test(silk),
        cmocka_unit_test(gcp),
        cmocka_unit_test(both_ends),
        cmocka_unit_test(both_ends_of_many),
        cmocka_unit_test(azure),
        cmocka_unit_test(long_tuples),
        cmocka_unit_test(nfdump_icmp),
        cmocka_unit_test(formats_are_found),
        cmocka_unit_test(reading_goes_on_behind_a_kind),
        cmocka_unit_test(lists_for_counts),
        cmocka_unit_test(nested_objects),
        cmocka_unit_test(objects_of_any_layout),
        cmocka_unit_test(long_objects),
    };
    return cmocka_run_group_tests(tests, utc_setup, NULL);
}
