/* Lines of Zeek, Argus and nfdump: what each becomes, to the byte, and what is said of those that are wrong. */
#include "foreign_case.h"
/* --- Zeek --- */

#define ZEEK                                                                                                           \
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"                       \
    "#open\t2023-11-14-22-13-20\n"                                                                                     \
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes"   \
    "\tconn_state\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\tvlan\n"                                         \
    "#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\tcount\tcount\tcount"  \
    "\tcount\tint\n"
#define TIMES "\"flowStartMicroseconds\":1700000000123456,\"flowEndMicroseconds\":1700000001623456,"
#define MOMENT "\"flowStartMicroseconds\":1700000000123456,\"flowEndMicroseconds\":1700000000123456,"
#define HOSTS "{\"sourceIPv4Address\":3221225985,\"destinationIPv4Address\":3325256708,"
#define TCP "\"protocolIdentifier\":6,\"sourceTransportPort\":51515,\"destinationTransportPort\":443,"

static void zeek_text(void **state) {
    (void)state;
    /* Both directions, with the octets of IP. */
    expect(FOREIGN_ZEEK,
           ZEEK "1700000000.123456\tCx\t192.0.2.1\t51515\t198.51.100.4\t443\ttcp\tssl\t1.500000\t100\t9000\tSF\t10\t620"
                "\t12\t9620\t-\n#close\t2023-11-14-23-00-00\n",
           HOSTS TCP TIMES "\"packetDeltaCount\":10,\"octetDeltaCount\":620,\"revPacketDeltaCount\":12,"
                           "\"revOctetDeltaCount\":9620,\"applicationName\":\"ssl\"}\n");
    /* Unset and empty values; no answer; ICMP's type and code are the ports. */
    expect(FOREIGN_ZEEK,
           ZEEK "1700000000.123456\tCx\t192.0.2.1\t8\t198.51.100.4\t0\ticmp\t(empty)\t-\t-\t-\tOTH\t1\t84\t0\t0\t12\n"
                "1700000000.123456\tCx\t2001:db8::1\t128\t2001:db8::2\t0\ticmp\t-\t-\t-\t-\tOTH\t1\t84\t0\t0\t-\n",
           HOSTS "\"protocolIdentifier\":1,\"sourceTransportPort\":0,\"destinationTransportPort\":2048," MOMENT
                 "\"packetDeltaCount\":1,\"octetDeltaCount\":84,\"vlanId\":12}\n"
                 "{\"sourceIPv6Address\":\"2001:db8::1\",\"destinationIPv6Address\":\"2001:db8::2\","
                 "\"protocolIdentifier\":58,\"sourceTransportPort\":0,\"destinationTransportPort\":32768," MOMENT
                 "\"packetDeltaCount\":1,\"octetDeltaCount\":84}\n");
    /* Only the responder was heard: its flow. */
    expect(FOREIGN_ZEEK,
           ZEEK "1700000000.123456\tCx\t198.51.100.4\t443\t192.0.2.1\t51515\ttcp\t-\t-\t-\t-\tSHR\t0\t0\t2\t290\t-\n",
           HOSTS TCP MOMENT "\"packetDeltaCount\":2,\"octetDeltaCount\":290}\n");
}

#define REPLY "\"sourceIPv4Address\":3325256708,\"destinationIPv4Address\":3221225985,"
#define ICMP(type)                                                                                                     \
    "\"protocolIdentifier\":1,\"sourceTransportPort\":0,\"destinationTransportPort\":" #type "," TIMES                 \
    "\"packetDeltaCount\":3,\"octetDeltaCount\":300"

/* Of types that are answered the responder's port is the answer's type, of others the code. */
static void zeek_icmp(void **state) {
    (void)state;
#define PING(from, to, proto, packets, answers)                                                                        \
    "1700000000.123456\tCx\t192.0.2.1\t" from "\t198.51.100.4\t" to "\t" proto "\t-\t1.5\t-\t-\tOTH\t" packets         \
    "\t" answers "\t-\n"
    expect(FOREIGN_ZEEK,
           ZEEK PING("8", "0", "icmp", "3\t300", "3\t300") PING("13", "14", "icmp", "3\t300", "0\t0")
               PING("14", "13", "icmp", "0\t0", "3\t300") PING("3", "9", "icmp", "3\t300", "0\t0"),
           "[" HOSTS ICMP(2048) "},{" REPLY ICMP(0) "}]\n" HOSTS ICMP(3328) "}\n{" REPLY ICMP(3328) "}\n" HOSTS ICMP(
               777) "}\n");
    expect(FOREIGN_ZEEK,
           ZEEK "1700000000.123456\tCx\tfe80::1\t135\tfe80::2\t136\ticmp\t-\t1.5\t-\t-\tOTH\t1\t72\t0\t0\t-\n",
           "{\"sourceIPv6Address\":\"fe80::1\",\"destinationIPv6Address\":\"fe80::2\",\"protocolIdentifier\":58,"
           "\"sourceTransportPort\":0,\"destinationTransportPort\":34560," TIMES
           "\"packetDeltaCount\":1,\"octetDeltaCount\":72}\n");
#undef PING
}

/* Where the octets of IP were not logged, those of the payload; a header may come again, and be another. */
static void zeek_headers(void **state) {
    (void)state;
    expect(FOREIGN_ZEEK,
           ZEEK "1700000000.123456\tCx\t192.0.2.1\t51515\t198.51.100.4\t443\ttcp\t-\t1.5\t-\t-\tS0\t1\t60\t0\t0\t-\n"
                "#separator \\x7c\n#unset_field|?\n"
                "#fields|ts|id.orig_h|id.orig_p|id.resp_h|id.resp_p|proto|duration|orig_bytes|resp_bytes|orig_pkts|"
                "resp_pkts|orig_l2_addr\n"
                "1700000000.123456|192.0.2.1|51515|198.51.100.4|443|6|1.5|100|?|3|0|00:1b:21:0a:ff:3c\n",
           HOSTS TCP TIMES "\"packetDeltaCount\":1,\"octetDeltaCount\":60}\n" HOSTS TCP TIMES
                           "\"packetDeltaCount\":3,\"octetDeltaCount\":100,"
                           "\"sourceMacAddress\":\"00:1b:21:0a:ff:3c\"}\n");
    expect(FOREIGN_ZEEK, "1700000000.1\tCx\n", "! no header line before it: conn.log has it\n");
    expect(FOREIGN_ZEEK, "#fields\tts\tquery\n1700000000.1\texample.org\n",
           "! column 'duration': not in the header: conn.log has it\n");
}

static void zeek_objects(void **state) {
    (void)state;
    expect(FOREIGN_ZEEK,
           "{\"ts\":1700000000.123456,\"uid\":\"Cx\",\"id.orig_h\":\"192.0.2.1\",\"id.orig_p\":51515,"
           "\"id.resp_h\":\"198.51.100.4\",\"id.resp_p\":443,\"proto\":\"tcp\",\"tunnel_parents\":[ ],"
           "\"duration\":1.4999999999999,\"local_orig\":true,\"orig_pkts\":10,\"orig_ip_bytes\":620,\"resp_pkts\":12,"
           "\"resp_ip_bytes\":9620}\n"
           "{\"ts\":1700000000.123456,\"id.orig_h\":\"192.0.2.1\",\"id.orig_p\":51515,\"id.resp_h\":\"198.51.100.4\","
           "\"id.resp_p\":443,\"proto\":\"tcp\",\"tunnel_parents\":[\"a\",\"}\"],\"orig_pkts\":10,\"resp_pkts\":1}\n"
           "{\"ts\":\"2023-11-14T22:13:20.123456Z\",\"id.orig_h\":\"192.0.2.1\",\"id.orig_p\":51515,"
           "\"id.resp_h\":\"198.51.100.4\",\"id.resp_p\":443,\"ip_proto\":6,\"proto\":\"unknown_transport\","
           "\"duration\":1.5e0,\"orig_pkts\":1,\"resp_pkts\":0}\n",
           HOSTS TCP TIMES "\"packetDeltaCount\":10,\"octetDeltaCount\":620,\"revPacketDeltaCount\":12,"
                           "\"revOctetDeltaCount\":9620}\n" HOSTS TCP TIMES
                           "\"packetDeltaCount\":1,\"octetDeltaCount\":0}\n");
    expect(FOREIGN_ZEEK, "{\"ts\":1,\"id.orig_h\":\"192.0.2.1\"}\n", "! column 'id.resp_h': no value\n");
    expect(FOREIGN_ZEEK, "{\"ts\":1,\"id.orig_h\":}\n", "! not a JSON object\n");
    expect(FOREIGN_ZEEK, "{\"ts\":1} {\"ts\":2}\n", "! column 'id.orig_h': no value\n! column 'id.orig_h': no value\n");
}

static void zeek_wrong_values(void **state) {
    (void)state;
#define ROW(ts, from, port, proto, packets)                                                                            \
    ts "\tCx\t" from "\t" port "\t198.51.100.4\t443\t" proto "\t-\t1.5\t-\t-\tS0\t" packets "\t60\t0\t0\t-\n"
    expect(FOREIGN_ZEEK,
           ZEEK ROW("yesterday", "192.0.2.1", "1", "tcp", "1") ROW("1", "192.0.2.256", "1", "tcp", "1")
               ROW("1", "192.0.2.1", "65536", "tcp", "1") ROW("1", "192.0.2.1", "1", "tpc", "1")
                   ROW("1", "192.0.2.1", "1", "tcp", "-1") ROW("1", "2001:db8::1", "1", "tcp", "1")
                       ROW("1", "192.0.2.1", "1", "tcp", "-") "1\t2\n",
           "! column 'ts': 'yesterday' is not a valid time; expected seconds since 1970, such as 1700000000.25, or a "
           "local time, such as 2023-11-14 22:13:20.25, or one with Z or +01:00\n"
           "! column 'id.orig_h': '192.0.2.256' is not a valid address; expected an address such as 192.0.2.1 or "
           "2001:db8::1\n"
           "! column 'id.orig_p': '65536' is not a valid port; expected 0 to 65535 or a name in /etc/services\n"
           "! column 'proto': 'tpc' is not a valid protocol; expected 0 to 255 or a name in /etc/protocols\n"
           "! column 'orig_pkts': '-1' is not a valid count; expected a whole number from 0 to 18446744073709551615\n"
           "! column 'id.resp_h': '198.51.100.4' is not a valid address of the source's family; expected two IPv4 or "
           "two IPv6 addresses\n"
           "! column 'orig_pkts': no value\n"
           "! the line has 2 columns; expected 17, as in the header\n");
}

/* --- Argus --- */

#define ARGUS "StartTime,LastTime,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,SrcPkts,DstPkts,SrcBytes,DstBytes,State,sVid\n"

static void argus_text(void **state) {
    (void)state;
    expect(
        FOREIGN_ARGUS,
        ARGUS "1700000009.282273,1700000008.281493,man,0,0,,0,0,0,0,0,0,STA,\n"
              "1700000000.123456,1700000001.623456,tcp,192.0.2.1,51515,   ->,198.51.100.4,https,10,12,760,9788,FIN,7\n"
              "1700000000.123456,1700000000.123456,icmp,192.0.2.1,0x0108,  <->,198.51.100.4,0x1c88,1,0,98,0,ECO,\n"
              "1700000000.123456,1700000000.123456,ipv6-icmp,2001:db8::1,0x0001,->,2001:db8::2,0x0004,1,0,110,0,URP,\n"
              "1700000000.123456,1700000000.123456,esp,192.0.2.1,,   ->,198.51.100.4,0x20200100,1,0,54,0,INT,\n"
              "1700000000.123456,1700000000.123456,arp,192.0.2.1,,  who,192.0.2.9,,1,0,42,0,INT,\n"
              "1700000000.123456,1700000000.123456,pppoe,00:02:18:03:00:07,,->,00:04:23:a9:5d:8e,,1,0,34,0,INT,\n",
        HOSTS TCP TIMES
        "\"packetDeltaCount\":10,\"octetDeltaCount\":760,\"revPacketDeltaCount\":12,\"revOctetDeltaCount\":9788,"
        "\"vlanId\":7}\n" HOSTS
        "\"protocolIdentifier\":1,\"sourceTransportPort\":0,\"destinationTransportPort\":2049," MOMENT
        "\"packetDeltaCount\":1,\"octetDeltaCount\":98}\n"
        "{\"sourceIPv6Address\":\"2001:db8::1\",\"destinationIPv6Address\":\"2001:db8::2\",\"protocolIdentifier\":58,"
        "\"sourceTransportPort\":0,\"destinationTransportPort\":260," MOMENT
        "\"packetDeltaCount\":1,\"octetDeltaCount\":110}\n" HOSTS
        "\"protocolIdentifier\":50,\"sourceTransportPort\":0,\"destinationTransportPort\":0," MOMENT
        "\"packetDeltaCount\":1,\"octetDeltaCount\":54}\n");
}

/* As ra prints them: 3.0 with what else the message has, 5.0 with the code alone, or with names. */
static void argus_icmp(void **state) {
    (void)state;
    static const struct {
        const char *source, *destination;
        unsigned type, code;
    } ports[] = {
        {"0x0008", "0x0100", 8, 0},    {"0x0008", "0x0001", 8, 0},  {"0x000d", "0x0002", 13, 0},
        {"0x0103", "0x0a00", 3, 1},    {"0x0003", "0x0a00", 3, 0},  {"0x0303", "0x3500", 3, 3},
        {"0x010b", "0x0000", 11, 1},   {"0x0228", "0x0000", 40, 2}, {"0x0008", "", 8, 0},
        {"0x0003", "", 3, 0},          {"0x0003", "0x0001", 3, 1},  {"0x0003", "0x000d", 3, 13},
        {"0x000b", "0x0001", 11, 1},   {"0x0028", "0x0002", 40, 2}, {"echo", "", 8, 0},
        {"tstamp", "", 13, 0},         {"dstunreach", "", 3, 0},    {"dstunreach", "unrcut", 3, 15},
        {"redirect", "redhost", 5, 1},
    };
    for (unsigned i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        char lines[512], wanted[512];
        snprintf(lines, sizeof lines,
                 ARGUS "1700000000.123456,1700000000.123456,icmp,192.0.2.1,%s, ->,198.51.100.4,%s,1,0,98,0,ECO,\n",
                 ports[i].source, ports[i].destination);
        snprintf(wanted, sizeof wanted,
                 HOSTS "\"protocolIdentifier\":1,\"sourceTransportPort\":0,\"destinationTransportPort\":%u," MOMENT
                       "\"packetDeltaCount\":1,\"octetDeltaCount\":98}\n",
                 ports[i].type << 8 | ports[i].code);
        expect(FOREIGN_ARGUS, lines, wanted);
    }
    /* The name of a service is none of a type. */
    expect(FOREIGN_ARGUS, ARGUS "1,1,icmp,192.0.2.1,https,->,198.51.100.4,,1,0,98,0,ECO,\n",
           "! column 'Sport': 'https' is not a valid type or code of ICMP; expected a number, or two such as 3.1\n");
}

static void argus_passes_over(void **state) {
    (void)state;
    struct foreign *foreign = foreign_new(FOREIGN_ARGUS, 0);
    char *got =
        read_all(foreign, ARGUS "1,1,man,0,0,,0,0,0,0,0,0,STA,\n1,1,arp,192.0.2.1,,who,192.0.2.9,,1,0,42,0,INT,\n"
                                "1,1,2054,192.0.2.1,,who,192.0.2.9,,1,0,42,0,INT,\n"
                                "1,1,llc,00:02:18:03:00:07,stp,->,00:04:23:a9:5d:8e,stp,1,0,34,0,INT,\n");
    assert_string_equal(got, "");
    assert_int_equal(foreign_passed_over(foreign), 4);
    free(got);
    foreign_free(foreign);
}

static void argus_wrong_values(void **state) {
    (void)state;
    expect(FOREIGN_ARGUS,
           ARGUS "22:50:00.000003,1,tcp,192.0.2.1,1,->,198.51.100.4,2,1,1,1,1,CON,\n"
                 "1,1,tcp,192.0.2.1,1,->,198.51.100.4,2,1.2K,1,1,1,CON,\n"
                 "1,1,tcp,192.0.2.1,no-such-service,->,198.51.100.4,2,1,1,1,1,CON,\n",
           "! column 'StartTime': '22:50:00.000003' is not a valid time; expected seconds since 1970, such as "
           "1700000000.25, or a local time, such as 2023-11-14 22:13:20.25, or one with Z or +01:00; ra -u prints the "
           "former\n"
           "! column 'SrcPkts': '1.2K' is not a valid count; expected a whole number from 0 to 18446744073709551615; "
           "not what "
           "ra -H prints\n"
           "! column 'Sport': 'no-such-service' is not a valid port; expected 0 to 65535 or a name in /etc/services\n");
    /* What ra prints by itself has sums of both directions alone. */
    expect(FOREIGN_ARGUS, "StartTime,Flgs,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,TotPkts,TotBytes,State\n1,,,,,,,,,,\n",
           "! column 'LastTime': not in the header: ra -c , -u -nn -s "
           "stime,ltime,proto,saddr,sport,dir,daddr,dport,spkts,dpkts,sbytes,dbytes prints it\n");
}

/* --- nfdump --- */

#define NFDUMP                                                                                                         \
    "ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt,in,out,sas,das,smk,dmk,dtos,dir,nh,nhb,svln,dvln,ismc,"  \
    "odmc,idmc,osmc,mpls1,cl,ra,eng,exid,tr\n"
#define SECONDS "\"flowStartMicroseconds\":1700000000000000,\"flowEndMicroseconds\":1700000001000000,"

/* Its times are local ones. */
static void nfdump_text(void **state) {
    (void)state;
    setenv("TZ", "America/New_York", 1);
    tzset();
    expect(
        FOREIGN_NFDUMP,
        NFDUMP
        "2023-11-14 17:13:20,2023-11-14 17:13:21,1.000,192.0.2.1,198.51.100.4,51515,443,TCP  ,...AP.SF,64,8,10,620,"
        "12,9620,3,4,64496,64497,24,16,9,1,192.0.2.254,192.0.2.253,5,6,00:00:00:00:00:01,00:00:00:00:00:02,"
        "00:00:00:00:00:03,00:00:00:00:00:04,0-0-0,    0.000,192.0.2.250,17/1,0,2023-11-14 17:13:22.246\n"
        "2023-11-14 17:13:20,2023-11-14 17:13:21,1.000,2001:db8::1,2001:db8::2,0,32768,ICMP6,........,0,0,1,96,"
        "0,0,0,0,0,0,64,0,0,0,0.0.0.0,0.0.0.0,0,0,00:00:00:00:00:00,00:00:00:00:00:00,00:00:00:00:00:00,"
        "00:00:00:00:00:00,0-0-0,    0.000,0.0.0.0,17/1,0,2023-11-14 17:13:22.246\n"
        "Summary\nflows,bytes,packets,avg_bps,avg_pps,avg_bpp\n2,716,11,1,2,3\n" NFDUMP "No matching flows\n",
        HOSTS TCP SECONDS
        "\"packetDeltaCount\":10,\"octetDeltaCount\":620,\"revPacketDeltaCount\":12,\"revOctetDeltaCount\":9620,"
        "\"tcpControlBits\":27,\"forwardingStatus\":64,\"ipClassOfService\":8,\"postIpClassOfService\":9,"
        "\"ingressInterface\":3,\"egressInterface\":4,\"bgpSourceAsNumber\":64496,\"bgpDestinationAsNumber\":64497,"
        "\"sourceIPv4PrefixLength\":24,\"destinationIPv4PrefixLength\":16,\"flowDirection\":1,"
        "\"ipNextHopIPv4Address\":3221226238,\"bgpNextHopIPv4Address\":3221226237,\"vlanId\":5,\"postVlanId\":6,"
        "\"sourceMacAddress\":\"00:00:00:00:00:01\",\"destinationMacAddress\":\"00:00:00:00:00:03\","
        "\"postSourceMacAddress\":\"00:00:00:00:00:04\",\"postDestinationMacAddress\":\"00:00:00:00:00:02\","
        "\"exporterIPv4Address\":3221226234}\n"
        "{\"sourceIPv6Address\":\"2001:db8::1\",\"destinationIPv6Address\":\"2001:db8::2\",\"protocolIdentifier\":58,"
        "\"sourceTransportPort\":0,\"destinationTransportPort\":32768," SECONDS
        "\"packetDeltaCount\":1,\"octetDeltaCount\":96,\"sourceIPv6PrefixLength\":64}\n");
    /* That of 1.7.4 and later; ICMP's type and code with a point between. */
    expect(FOREIGN_NFDUMP,
           "firstSeen,duration,proto,srcAddr,srcPort,dstAddr,dstPort,packets,bytes,flows\n"
           "2023-11-14 17:13:20.000,1.000,TCP,192.0.2.1,51515,198.51.100.4,443,10,620,1\n"
           "2023-11-14 17:13:20.000,1.000,ICMP,192.0.2.1,0,198.51.100.4,8.1,10,620,1\n",
           HOSTS TCP SECONDS
           "\"packetDeltaCount\":10,\"octetDeltaCount\":620}\n" HOSTS
           "\"protocolIdentifier\":1,\"sourceTransportPort\":0,\"destinationTransportPort\":2049," SECONDS
           "\"packetDeltaCount\":10,\"octetDeltaCount\":620}\n");
    /* Columns that were chosen: nfdump -b -o csv:%ts,%te,... */
    expect(FOREIGN_NFDUMP,
           "firstSeen,lastSeen,proto,srcAddr,srcPort,dstAddr,dstPort,inPackets,inBytes,outPackets,outBytes,flags,srcAS,"
           "routerIP,fwdStatus\n"
           "2023-11-14 17:13:20.000,2023-11-14 17:13:21.000,6,192.0.2.1,51515,198.51.100.4,443,10,620,12,9620,...AP.SF,"
           "64496,192.0.2.250,64\n",
           HOSTS TCP SECONDS
           "\"packetDeltaCount\":10,\"octetDeltaCount\":620,\"revPacketDeltaCount\":12,\"revOctetDeltaCount\":9620,"
           "\"tcpControlBits\":27,\"forwardingStatus\":64,\"bgpSourceAsNumber\":64496,"
           "\"exporterIPv4Address\":3221226234}\n");
    setenv("TZ", "UTC", 1);
    tzset();
}

static void nfdump_oddities(void **state) {
    (void)state;
    /* Names of its own, which mean something else elsewhere or nothing. */
    expect(FOREIGN_NFDUMP,
           "ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt\n"
           "2023-11-14 22:13:20,2023-11-14 22:13:20,0,::1,::2,0,0,IPIP,........,0,0,7,700\n"
           "2023-11-14 22:13:20,2023-11-14 22:13:20,0,::1,::2,0,0,CpqPP,........,0,0,7,700\n"
           "2023-11-14 22:13:20,2023-11-14 22:13:20,0,::1,::2,0,0,MPLS,........,0,0,7,700\n",
#define LOOPS(protocol)                                                                                                \
    "{\"sourceIPv6Address\":\"::1\",\"destinationIPv6Address\":\"::2\",\"protocolIdentifier\":" #protocol              \
    ",\"sourceTransportPort\":0,\"destinationTransportPort\":0,\"flowStartMicroseconds\":1700000000000000,"            \
    "\"flowEndMicroseconds\":1700000000000000,\"packetDeltaCount\":7,\"octetDeltaCount\":700}\n"
           LOOPS(4) LOOPS(110) LOOPS(137));
    /* csv-fast: a counter before the rest, times in milliseconds. */
    static const char fast[] = "cnt,af,firstSeen,lastSeen,proto,srcAddr,srcPort,dstAddr,dstPort,packets,bytes\n"
                               "1,2,1700000000000,1700000000000,4,::1,0,::2,0,7,700\n";
    assert_int_equal(foreign_find(fast, strlen(fast)), FOREIGN_NFDUMP);
    expect(FOREIGN_NFDUMP, fast, LOOPS(4));
    /* The clocks were put back between start and end. */
    setenv("TZ", "Europe/Berlin", 1);
    tzset();
    expect(FOREIGN_NFDUMP,
           "ts,te,td,sa,da,sp,dp,pr,ipkt,ibyt\n2023-10-29 02:50:00,2023-10-29 02:10:00,1200.000,::1,::2,0,0,4,7,700\n",
           "{\"sourceIPv6Address\":\"::1\",\"destinationIPv6Address\":\"::2\",\"protocolIdentifier\":4,"
           "\"sourceTransportPort\":0,\"destinationTransportPort\":0,\"flowStartMicroseconds\":1698544200000000,"
           "\"flowEndMicroseconds\":1698545400000000,\"packetDeltaCount\":7,\"octetDeltaCount\":700}\n");
    setenv("TZ", "UTC", 1);
    tzset();
}

/* Connections inside of a tunnel, whose own is there, too; times in milliseconds. */
static void zeek_oddities(void **state) {
    (void)state;
    struct foreign *foreign = foreign_new(FOREIGN_ZEEK, 0);
    char *got =
        read_all(foreign, "#fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tduration\torig_pkts\t"
                          "orig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents\n"
                          "1700000000000\t::1\t0\t::2\t0\t4\t0\t7\t700\t0\t0\t(empty)\n"
                          "1700000000\t::1\t0\t::2\t0\t4\t0\t7\t700\t0\t0\t-\n"
                          "1700000000\t::1\t0\t::2\t0\t4\t0\t7\t700\t0\t0\tCa,Cb\n");
    assert_string_equal(got, LOOPS(4) LOOPS(4));
    assert_int_equal(foreign_passed_over(foreign), 1);
    free(got);
    foreign_free(foreign);
}

/* A ping's two directions; a name that ra prints for two protocols. */
static void argus_oddities(void **state) {
    (void)state;
#define HEAD "StartTime,LastTime,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,SrcPkts,DstPkts,SrcBytes,DstBytes\n"
#define PING_ROW(proto, packets) "1700000000,1700000000," proto ",::1,128,<->,::2,0,4," packets ",376,376\n"
#define ECHO(from, to, type)                                                                                           \
    "{\"sourceIPv6Address\":\"" from "\",\"destinationIPv6Address\":\"" to                                             \
    "\",\"protocolIdentifier\":58,\"sourceTransportPort\":0,\"destinationTransportPort\":" type                        \
    ",\"flowStartMicroseconds\":1700000000000000,\"flowEndMicroseconds\":1700000000000000,\"packetDeltaCount\":4,"     \
    "\"octetDeltaCount\":376}"
    expect(FOREIGN_ARGUS, HEAD PING_ROW("ipv6-icmp", "4"),
           "[" ECHO("::1", "::2", "32768") "," ECHO("::2", "::1", "33024") "]\n");
    expect(
        FOREIGN_ARGUS, HEAD PING_ROW("rsvp", "4"),
        "! column 'Proto': 'rsvp' is not a valid protocol; expected its number, as ra -nn prints it: several have this "
        "name\n");
}

/* Version 2 by its header and without one, and chosen fields. */
static void vpc(void **state) {
    (void)state;
#define FLOW "2 123456789010 eni-1235b8ca 192.0.2.1 198.51.100.4 51515 443 6 20 4249 1700000000 1700000001 ACCEPT OK\n"
    static const char nothing[] = "2 123456789010 eni-1235b8ca - - - - - - - 1700000000 1700000001 - NODATA\n";
    static const char header[] =
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes "
        "start end action log-status\n";
    static const char chosen[] =
        "start end log-status srcaddr dstaddr srcport dstport protocol packets bytes tcp-flags pkt-srcaddr\n"
        "1700000000 1700000001 OK 192.0.2.1 198.51.100.4 51515 443 6 20 4249 19 192.0.2.77\n"
        "1700000000 1700000001 SKIPDATA - - - - - - - - -\n1 2\n";
    static const char wanted[] = HOSTS TCP "\"flowStartMicroseconds\":1700000000000000,"
                                           "\"flowEndMicroseconds\":1700000001000000,\"packetDeltaCount\":20,"
                                           "\"octetDeltaCount\":4249}\n";
    char lines[1024];
    assert_int_equal(foreign_find(header, strlen(header)), FOREIGN_VPC);
    assert_int_equal(foreign_find(chosen, strlen(chosen)), FOREIGN_VPC);
    snprintf(lines, sizeof lines, "%s%s%s", header, FLOW, nothing);
    expect(FOREIGN_VPC, lines, wanted);
    snprintf(lines, sizeof lines, "%s%s", nothing, FLOW);
    expect(FOREIGN_VPC, lines, wanted);
    expect(FOREIGN_VPC, chosen,
           HOSTS TCP "\"flowStartMicroseconds\":1700000000000000,\"flowEndMicroseconds\":1700000001000000,"
                     "\"packetDeltaCount\":20,\"octetDeltaCount\":4249,\"tcpControlBits\":19}\n"
                     "! the line has 2 columns; expected 12, as in the header\n");
    expect(FOREIGN_VPC, "version start end srcaddr dstaddr protocol packets\n1 2 3 4 5 6 7\n",
           "! column 'bytes': not in the header: version 2 has it, and so has every format that includes its fields\n");
}

/* On both sides of the hours that come twice and never, and with a zone. */
static void local_times(void **state) {
    (void)state;
    static const struct {
        const char *text;
        long long seconds;
    } times[] = {{"2023-10-29 01:59:59", 1698537599},       {"2023-10-29 03:00:00", 1698544800},
                 {"2023-03-26 01:59:59", 1679792399},       {"2023-03-26 03:00:00", 1679792400},
                 {"2024-02-29T12:00:00", 1709204400},       {"2024-02-29T12:00:00Z", 1709208000},
                 {"2024-02-29T12:00:00+05:30", 1709188200}, {"2024-02-29T12:00:00-0100", 1709211600},
                 {"2024/02/29.12:00:60", 1709204460},       {"0000000001", 1}};
    setenv("TZ", "Europe/Berlin", 1);
    tzset();
    for (unsigned i = 0; i < sizeof times / sizeof times[0]; i++) {
        char lines[256], wanted[512];
        snprintf(lines, sizeof lines,
                 "firstSeen,duration,proto,srcAddr,dstAddr,packets,bytes\n%s,0.0,TCP,::1,::2,1,2\n", times[i].text);
        snprintf(wanted, sizeof wanted,
                 "{\"sourceIPv6Address\":\"::1\",\"destinationIPv6Address\":\"::2\",\"protocolIdentifier\":6,"
                 "\"sourceTransportPort\":0,\"destinationTransportPort\":0,\"flowStartMicroseconds\":%lld000000,"
                 "\"flowEndMicroseconds\":%lld000000,\"packetDeltaCount\":1,\"octetDeltaCount\":2}\n",
                 times[i].seconds, times[i].seconds);
        expect(FOREIGN_NFDUMP, lines, wanted);
    }
    setenv("TZ", "UTC", 1);
    tzset();
}

#define OBJECT                                                                                                         \
    "{\n\t\"type\" : \"FLOW\",\n\t\"export_sysid\" : 0,\n\t\"first\" : \"2023-11-14T22:13:20.000\",\n"                 \
    "\t\"last\" : \"2023-11-14T22:13:21.000\",\n\t\"in_packets\" : 10,\n\t\"in_bytes\" : 620,\n\t\"proto\" : 6,\n"     \
    "\t\"tcp_flags\" : \"........\",\n\t\"src_port\" : 51515,\n\t\"dst_port\" : 443,\n"                                \
    "\t\"src4_addr\" : \"192.0.2.1\",\n\t\"dst4_addr\" : \"198.51.100.4\",\n\t\"label\" : \"<}\\\"{>\"\n}"
#define OBJECT_ENTRY HOSTS TCP SECONDS "\"packetDeltaCount\":10,\"octetDeltaCount\":620}\n"

static void nfdump_objects(void **state) {
    (void)state;
    expect(FOREIGN_NFDUMP, "[\n" OBJECT ",\n" OBJECT "]\n", OBJECT_ENTRY OBJECT_ENTRY);
    expect(FOREIGN_NFDUMP, "[\nNo matching flows\n]\n", "");
    expect(FOREIGN_NFDUMP,
           "[{\"first\":\"1700000000\",\"last\":\"1700000001\",\"in_packets\":1,\"in_bytes\":2,\"proto\":1,"
           "\"icmp_type\":3,\"icmp_code\":1,\"src4_addr\":\"192.0.2.1\",\"dst4_addr\":\"198.51.100.4\"}]\n",
           HOSTS "\"protocolIdentifier\":1,\"sourceTransportPort\":0,\"destinationTransportPort\":769," SECONDS
                 "\"packetDeltaCount\":1,\"octetDeltaCount\":2}\n");
    /* One that is cut off costs no other. */
    expect(FOREIGN_NFDUMP, "[\n{\n\t\"type\" : \"FLOW\",\n" OBJECT "]\n",
           "! the object that begins in line 2 is cut off: another one begins\n" OBJECT_ENTRY);
    expect(FOREIGN_NFDUMP, "[\n" OBJECT ",\n{\n\t\"type\" : \"FLOW\",\n",
           OBJECT_ENTRY "! the object that begins in line 17 is cut off: the file ends\n");
    /* What -A sums up has no times. */
    expect(FOREIGN_NFDUMP,
           "[\n{\n\t\"type\" : \"FLOW\",\n\t\"src4_addr\" : \"1.2.3.4\",\n\t\"dst4_addr\" : \"1.2.3.4\"\n}]\n",
           "! column 'ts': no value, nor another time; --time says when all of them were\n");
}

static void nfdump_wrong_values(void **state) {
    (void)state;
    expect(FOREIGN_NFDUMP, "2023-11-14 22:13:20,x\n",
           "! no header line before it: nfdump -o csv prints it, but not with -s, nor with -q; both directions, "
           "since 1.7.4: nfdump -b -o json\n");
    expect(FOREIGN_NFDUMP, "ts,te,td,pr,val,fl,ipkt,ibyt\n1,2,3,4,5,6,7,8\n",
           "! column 'sa': not in the header: nfdump -o csv prints it, but not with -s, nor with -q; both "
           "directions, since 1.7.4: nfdump -b -o json\n");
    expect(
        FOREIGN_NFDUMP,
        "ts,te,sa,da,flg,ipkt,ibyt,ismc,nh\n1,2,::1,::2,..X,1,1,,\n1,2,::1,::2,0x1b,1,1,00:1,\n1,2,::1,::2,,1,1,,hop\n"
        "2023-11-31 25:00:00,2,::1,::2,,1,1,,\n",
        "! column 'flg': '..X' is not a valid set of flags; expected flags such as ...AP.SF\n"
        "! column 'ismc': '00:1' is not a valid address; expected an address such as 00:1b:21:0a:ff:3c\n"
        "! column 'nh': 'hop' is not a valid address; expected an address such as 192.0.2.1 or 2001:db8::1\n"
        "! column 'ts': '2023-11-31 25:00:00' is not a valid time; expected seconds since 1970, such as 1700000000.25, "
        "or a local time, such as 2023-11-14 22:13:20.25, or one with Z or +01:00\n");
}

/* --- all of them --- */

static void formats_are_found(void **state) {
    (void)state;
    static const struct {
        const char *head;
        enum foreign_format format;
    } heads[] = {
        {ZEEK, FOREIGN_ZEEK},
        {"#fields\tts\tuid\n", FOREIGN_ZEEK},
        {"\n{\"ts\":1,\"id.orig_h\":\"::\"", FOREIGN_ZEEK},
        {ARGUS, FOREIGN_ARGUS},
        {"SrcAddr|DstAddr|SrcPkts\r\n1", FOREIGN_ARGUS},
        {"{\"type\":\"flow\",\"saddr\":\"::\"", FOREIGN_ARGUS},
        {NFDUMP, FOREIGN_NFDUMP},
        {"[\n" OBJECT, FOREIGN_NFDUMP},
        {"firstSeen,duration,proto,srcAddr", FOREIGN_NFDUMP},
        {"Date first seen         Duration         Proto      Src IP Addr:Port", FOREIGN_NFDUMP},
        {"{\"sourceIPv4Address\":1}", FOREIGN_ENTRIES},
        {"[]", FOREIGN_ENTRIES},
        {"ts,x,y", FOREIGN_ENTRIES},
        {"# a comment", FOREIGN_ENTRIES},
        {" \n ", FOREIGN_ENTRIES},
        {"", FOREIGN_ENTRIES},
    };
    for (unsigned i = 0; i < sizeof heads / sizeof heads[0]; i++)
        if (foreign_find(heads[i].head, strlen(heads[i].head)) != heads[i].format) fail_msg("%s", heads[i].head);
}

/* A line that is skipped leaves its header. */
static void reading_goes_on_anywhere(void **state) {
    (void)state;
    static const struct {
        enum foreign_format format;
        const char *lines;
    } files[] = {{FOREIGN_NFDUMP,
                  "firstSeen,duration,srcAddr,dstAddr,packets,bytes\n1,1,::1,::2,1,1\n2,1,::1,::2,1,1\nSummary\nx\n"
                  "ts,te,sa,da,ipkt,ibyt\n3,4,::1,::2,1,1\n"},
                 {FOREIGN_ZEEK,
                  ZEEK "1\tCx\t::1\t1\t::2\t2\ttcp\t-\t1.5\t-\t-\tS0\t1\t60\t0\t0\t-\n"
                       "#separator \\x7c\n#fields|ts|id.orig_h|id.resp_h|proto|duration|orig_bytes|resp_bytes|"
                       "orig_pkts|resp_pkts\n1|::1|::2|6|1.5|100|1|3|1\n"}};
    for (unsigned i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct foreign *foreign = foreign_new(files[i].format, 0);
        char *whole = read_all(foreign, files[i].lines);
        foreign_free(foreign);
        for (const char *cut = files[i].lines; cut[0]; cut += strcspn(cut, "\n") + 1) {
            foreign = foreign_new(files[i].format, 0);
            for (const char *at = files[i].lines; at < cut; at += strcspn(at, "\n") + 1)
                if (*at != '\n') foreign_skip(foreign, at, strcspn(at, "\n"));
            char *rest = read_all(foreign, cut);
            size_t len = strlen(rest);
            assert_true(len <= strlen(whole));
            assert_string_equal(whole + strlen(whole) - len, rest);
            free(rest);
            foreign_free(foreign);
        }
        free(whole);
    }
}

/* What is kept aside can be read again: the header, and the record as it stood. */
static void records_as_they_stood(void **state) {
    (void)state;
    struct error error;
    const char *text, line[] = "x,1,::1,::2,1,1";
    size_t len;
    struct foreign *foreign = foreign_new(FOREIGN_NFDUMP, 0);
    free(read_all(foreign, "firstSeen,duration,srcAddr,dstAddr,packets,bytes"));
    assert_int_equal(foreign_line(foreign, line, strlen(line), &text, &len, &error), -1);
    text = foreign_record(foreign, &len);
    assert_int_equal(len, strlen(line));
    assert_memory_equal(text, line, len);
    assert_string_equal(foreign_header(foreign), "firstSeen,duration,srcAddr,dstAddr,packets,bytes\n");
    foreign_free(foreign);
    foreign = foreign_new(FOREIGN_NFDUMP, 0);
    const char object[] = "{\"type\" : 1}";
    assert_int_equal(foreign_line(foreign, object, strlen(object), &text, &len, &error), -1);
    text = foreign_record(foreign, &len);
    assert_int_equal(len, strlen(object));
    assert_memory_equal(text, object, len);
    foreign_free(foreign);
    foreign_free(NULL);
}

static void overlong_records(void **state) {
    (void)state;
    char *lines = malloc(3 * FOREIGN_RECORD_MAX);
    memset(lines, 'x', 2 * FOREIGN_RECORD_MAX);
    strcpy(lines + 2 * FOREIGN_RECORD_MAX, "\n");
    expect(FOREIGN_ARGUS, lines, "! the line is longer than 65536 bytes\n");
    free(lines);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeek_text),
        cmocka_unit_test(vpc),
        cmocka_unit_test(nfdump_oddities),
        cmocka_unit_test(zeek_oddities),
        cmocka_unit_test(argus_oddities),
        cmocka_unit_test(zeek_icmp),
        cmocka_unit_test(zeek_headers),
        cmocka_unit_test(zeek_objects),
        cmocka_unit_test(zeek_wrong_values),
        cmocka_unit_test(argus_text),
        cmocka_unit_test(argus_icmp),
        cmocka_unit_test(argus_passes_over),
        cmocka_unit_test(argus_wrong_values),
        cmocka_unit_test(nfdump_text),
        cmocka_unit_test(local_times),
        cmocka_unit_test(nfdump_objects),
        cmocka_unit_test(nfdump_wrong_values),
        cmocka_unit_test(formats_are_found),
        cmocka_unit_test(reading_goes_on_anywhere),
        cmocka_unit_test(records_as_they_stood),
        cmocka_unit_test(overlong_records),
    };
    return cmocka_run_group_tests(tests, utc_setup, NULL);
}
