/* VERMONT's configurations: what of ours they become, and what is said to be lost. */
#include "tool/convert/vermont.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "tool/convert/xml_tree.h"

static void assert_converted(const char *modules, const char *config, const char *notes) {
    char text[8192];
    struct buffer made = BUFFER_INIT, told = BUFFER_INIT;
    struct error error;
    snprintf(text, sizeof text, "<ipfixConfig>%s</ipfixConfig>", modules);
    assert_int_equal(vermont_convert(text, strlen(text), &made, &told, &error), 0);
    assert_string_equal(made.data ? made.data : "", config);
    assert_string_equal(told.data ? told.data : "", notes);
    buffer_release(&made);
    buffer_release(&told);
}

/* An observer that leads straight to an aggregator (id 2), which leads to module 3: a writer to the queue. */
#define AGGREGATED(aggregator)                                                                                         \
    "<observer id='1'><interface>eth0</interface><next>2</next></observer>" aggregator                                 \
    "<ipfixFlowInspectorExporter id='3'><host>q</host><dbname>entry:queue</dbname></ipfixFlowInspectorExporter>"
#define RULE(parts)                                                                                                    \
    AGGREGATED("<packetAggregator id='2'><rule><templateId>7</templateId>" parts                                       \
               "</rule><next>3</next></packetAggregator>")
#define KEY(name) "<flowKey><ieName>" name "</ieName></flowKey>"
#define KEY_MATCH(name, match) "<flowKey><ieName>" name "</ieName><match>" match "</match></flowKey>"
#define KEY_MASK(name, bits) "<flowKey><ieName>" name "</ieName><modifier>mask/" bits "</modifier></flowKey>"
#define VALUE(name) "<nonFlowKey><ieName>" name "</ieName></nonFlowKey>"
#define FIVE                                                                                                           \
    KEY("sourceIPv4Address")                                                                                           \
    KEY("destinationIPv4Address")                                                                                      \
    KEY("protocolIdentifier") KEY("sourceTransportPort") KEY("destinationTransportPort")
#define STANDARD                                                                                                       \
    VALUE("flowStartMilliSeconds") VALUE("flowEndSeconds") VALUE("octetDeltaCount") VALUE("packetDeltaCount")
#define TO_QUEUE                                                                                                       \
    "flows go to the queue, as they did; with [import] enabled = yes this flowimportd takes them from there, too\n"

static void assert_rule(const char *document, const char *rule, const char *notes) {
    char config[2048], told[2048];
    snprintf(config, sizeof config,
             "[capture]\ninterface = eth0\npromiscuous = yes\n%s%s%squeue = redis\n\n"
             "[queue]\nurl = redis://q:6379/0\nname = entry:queue\n\n[import]\nenabled = no\n",
             *rule ? "rules = " : "", rule, *rule ? "\n" : "");
    snprintf(told, sizeof told, "%s" TO_QUEUE, notes);
    assert_converted(document, config, told);
}

static void test_keys_and_values(void **state) {
    (void)state;
    assert_rule(RULE(FIVE STANDARD), "rule7: five-tuple", "");
    assert_rule(RULE(FIVE STANDARD VALUE("tcpControlBits") VALUE("flowEndReason")),
                "rule7: five-tuple + tcpControlBits flowEndReason", "");
    assert_rule(RULE(KEY("sourceIPv4Address") KEY("destinationIPv4Address")),
                "rule7: sourceIPv4Address destinationIPv4Address", "");
    assert_rule(RULE(KEY_MASK("sourceIPv4Address", "24") KEY("classOfServiceIPv4") KEY("sourceMacAddress")),
                "rule7: sourceIPv4Address/24 ipClassOfService sourceMacAddress", "");
    assert_rule(RULE(KEY("protocolIdentifier") "<flowKey><ieName>sourceIPv4Address</ieName>"
                                               "<modifier>discard</modifier></flowKey>"),
                "rule7: protocolIdentifier", "");
    assert_rule(RULE(KEY("sourceIPv6Address")), "rule7: sourceIPv4Address", "");
    assert_rule(RULE(KEY("protocolIdentifier") KEY("frontPayload") VALUE("maxPacketGap") VALUE("revOctetDeltaCount")),
                "rule7: protocolIdentifier",
                "packetAggregator 2: rule7: the key frontPayload: no equivalent\n"
                "packetAggregator 2: rule7: maxPacketGap: no equivalent\n"
                "packetAggregator 2: rule7: revOctetDeltaCount requires biflowAggregation\n");
    assert_rule(RULE(KEY("frontPayload")), "",
                "packetAggregator 2: rule7: the key frontPayload: no equivalent\n"
                "packetAggregator 2: rule7: ignored: rule 'rule7': no key, such as 'five-tuple'\n");
}

static void test_matches(void **state) {
    (void)state;
    assert_rule(RULE(KEY_MATCH("protocolIdentifier", "TCP")), "rule7: tcp -> protocolIdentifier", "");
    assert_rule(RULE(KEY_MATCH("protocolIdentifier", "47")), "rule7: ip proto 47 -> protocolIdentifier", "");
    assert_rule(RULE(KEY_MATCH("protocolIdentifier", "RAW")), "rule7: ip proto 255 -> protocolIdentifier", "");
    assert_rule(RULE(KEY_MATCH("sourceIPv4Address", "131.159.20.7/24")),
                "rule7: src net 131.159.20.0/24 -> sourceIPv4Address", "");
    assert_rule(RULE(KEY_MATCH("destinationIPv4Address", "131.159.20.7")),
                "rule7: dst host 131.159.20.7 -> destinationIPv4Address", "");
    assert_rule(RULE(KEY_MATCH("destinationTransportPort", "80,443,1000:2000") KEY("protocolIdentifier")),
                "rule7: (dst port 80 or dst port 443 or dst portrange 1000-2000) -> destinationTransportPort\n"
                "    protocolIdentifier",
                "");
    assert_rule(RULE(KEY_MATCH("tcpControlBits", "SYN,ACK")),
                "rule7: (tcp[13] > 17 and tcp[13] < 19) -> tcpControlBits", "");
    assert_rule(RULE(KEY_MATCH("udpSourcePort", "53")), "rule7: src port 53 and udp -> sourceTransportPort", "");
    /* Ports alone are of the protocols that have them. */
    assert_rule(RULE(KEY("sourceTransportPort")), "rule7: (tcp or udp or sctp) -> sourceTransportPort", "");
    assert_rule(RULE(KEY_MATCH("ipClassOfService", "3")), "rule7: ipClassOfService",
                "packetAggregator 2: rule7: the match '3' of ipClassOfService is not supported\n");
    assert_rule(RULE(KEY_MATCH("protocolIdentifier", "TCQ")), "rule7: protocolIdentifier",
                "packetAggregator 2: rule7: the match 'TCQ' of protocolIdentifier is not supported\n");
    static const char *const bad_ports[] = {"x", "1:", "70000", "3:2", "1,,2", "1;2"};
    for (unsigned i = 0; i < sizeof bad_ports / sizeof bad_ports[0]; i++) {
        char document[1024], note[256];
        snprintf(document, sizeof document,
                 RULE("<flowKey><ieName>protocolIdentifier</ieName></flowKey><flowKey><ieName>sourceTransportPort"
                      "</ieName><match>%s</match></flowKey>"),
                 bad_ports[i]);
        snprintf(note, sizeof note,
                 "packetAggregator 2: rule7: the match '%s' of sourceTransportPort is not supported\n", bad_ports[i]);
        assert_rule(document, "rule7: sourceTransportPort protocolIdentifier", note);
    }
}

static void test_biflows(void **state) {
    (void)state;
    assert_rule(RULE("<biflowAggregation>1</biflowAggregation>" FIVE STANDARD VALUE("revflowStartMilliSeconds")
                         VALUE("revoctetDeltaCount") VALUE("tcpControlBits") VALUE("revtcpControlBits")),
                "rule7: five-tuple biflow + tcpControlBits", "");
    assert_rule(RULE("<biflowAggregation>1</biflowAggregation>" KEY("sourceIPv4Address")
                         KEY_MATCH("destinationIPv4Address", "10.0.0.1")),
                "rule7: sourceIPv4Address destinationIPv4Address biflow",
                "packetAggregator 2: rule7: the match of destinationIPv4Address is ignored, as in VERMONT with "
                "biflowAggregation\n");
}

/* Lines of a file have an end: long rules go on in the next one. */
/* clang-format off */
static void test_several_rules(void **state) {
    (void)state;
    assert_rule(AGGREGATED("<packetAggregator id='2'>"
                           "<rule><templateId>7</templateId>" KEY("protocolIdentifier") "</rule>"
                           "<rule><templateId>7</templateId>" KEY("ipTTL") "</rule>"
                           "<rule>" FIVE VALUE("ipTTL") VALUE("tcpControlBits") VALUE("flowEndReason")
                           VALUE("dot1qVlanId") VALUE("sourceMacAddress") VALUE("destinationMacAddress")
                           VALUE("ingressInterface") "</rule><next>3</next></packetAggregator>"),
                "rule7: protocolIdentifier,\n"
                "    rule7.2: ipTTL,\n"
                "    rule0: five-tuple + ipTTL tcpControlBits flowEndReason dot1qVlanId sourceMacAddress "
                "destinationMacAddress\n"
                "    ingressInterface",
                "");
}
/* clang-format on */

static void test_more_rules_than_there_may_be(void **state) {
    char document[8192] = "<packetAggregator id='2'>";
    struct buffer made = BUFFER_INIT, told = BUFFER_INIT;
    struct error error;
    (void)state;
    for (unsigned i = 0; i < 18; i++)
        strcat(document, "<rule><templateId>7</templateId>" KEY("protocolIdentifier") "</rule>");
    strcat(document, "<next>3</next></packetAggregator>");
    char text[10000];
    snprintf(text, sizeof text, "<ipfixConfig>" AGGREGATED("%s") "</ipfixConfig>", document);
    assert_int_equal(vermont_convert(text, strlen(text), &made, &told, &error), 0);
    assert_non_null(strstr(made.data, "rule7.16: protocolIdentifier\n"));
    assert_string_equal(told.data, "packetAggregator 2: rule7.17: one too many: at most 16 rules\n"
                                   "packetAggregator 2: rule7.17: one too many: at most 16 rules\n" TO_QUEUE);
    buffer_release(&made);
    buffer_release(&told);
}

static void test_timeouts(void **state) {
    (void)state;
    assert_converted(
        AGGREGATED("<packetAggregator id='2'><rule><templateId>1</templateId>" FIVE "</rule>"
                   "<expiration><inactiveTimeout unit='msec'>1500</inactiveTimeout>"
                   "<activeTimeout unit='usec'>10000000</activeTimeout></expiration><pollInterval unit='msec'>1000"
                   "</pollInterval><hashtableBits>17</hashtableBits><next>3</next></packetAggregator>"),
        "[capture]\ninterface = eth0\npromiscuous = yes\nrules = rule1: five-tuple\nactive_timeout = 10s\n"
        "inactive_timeout = 1s\nqueue = redis\n\n[queue]\nurl = redis://q:6379/0\nname = entry:queue\n\n"
        "[import]\nenabled = no\n",
        "packetAggregator 2: inactiveTimeout: 1500msec becomes 1s\n" TO_QUEUE);
}

/* Of what an observer reaches; packets that a filter lets through are those of the rules behind it. */
static void test_graph(void **state) {
    (void)state;
    assert_converted(
        "<observer id='1'><interface>eth0</interface><pcap_filter>ip and\n  tcp</pcap_filter><captureLength>20"
        "</captureLength><next>2</next><next>77</next></observer>"
        "<packetQueue id='2'><maxSize>10</maxSize><next>3</next><next>4</next></packetQueue>"
        "<filter id='3'><hostBased><addrFilter>src</addrFilter><ip>10.0.0.1</ip><ip>10.0.0.2</ip></hostBased>"
        "<countBased><interval>100</interval><spacing>2</spacing></countBased>"
        "<regexBased><matchPattern>x</matchPattern></regexBased><next>5</next></filter>"
        "<packetAggregator id='4'><rule><templateId>4</templateId>" KEY(
            "ipTTL") "</rule><next>6</next></packetAggregator>"
                     "<packetAggregator id='5'><rule><templateId>5</templateId>" KEY_MATCH(
                         "protocolIdentifier",
                         "UDP") "</rule><next>6</next><next>2</next></packetAggregator>"
                                "<ipfixAggregator id='6'><rule><templateId>6</templateId>" KEY(
                                    "protocolIdentifier") "</rule><next>7</next></ipfixAggregator>"
                                                          "<packetAggregator id='8'><rule>" FIVE
                                                          "</rule></packetAggregator>"
                                                          "<observer "
                                                          "id='9'><interface>eth1</interface><next>5</next></observer>"
                                                          "<ipfixDbWriter "
                                                          "id='7'><host>db</host><port>3307</port><dbname>f</"
                                                          "dbname><username>u</username>"
                                                          "<password>p "
                                                          "w</password><bufferrecords>30</bufferrecords></"
                                                          "ipfixDbWriter><ipfixPrinter/>",
        "[capture]\ninterface = eth0\npromiscuous = yes\nsnaplen = 64\nfilter = ip and tcp\n"
        "rules = rule6: protocolIdentifier\nsampling = 50\nqueue = direct\n\n[import]\nenabled = yes\n\n"
        "[store]\nurl = mysql://u@db:3307/f\npassword = p w\n",
        "ipfixAggregator 6: packets reach it on several paths: the filters before it are ignored\n"
        "observer 1: next: module 77 not found\n"
        "packetAggregator 5: packets reach it on several paths: the filters before it are ignored\n"
        "observer 1: captureLength: 20 becomes 64\n"
        "filter 3: countBased: 2 of 100 packets become one of 50\n"
        "filter 3: regexBased: packets are not filtered by it\n"
        "packetAggregator 4: it feeds another aggregator, whose rules and timeouts replace its own\n"
        "packetAggregator 5: it feeds another aggregator, whose rules and timeouts replace its own\n"
        "packetAggregator 8: no observer leads to it\n"
        "observer 9: [capture] interface is already eth0; eth1 is ignored\n"
        "ipfixDbWriter 7: the tables are those of flowimport-tables(7), next to the old ones\n"
        "ipfixPrinter: flows are printed by hand: flowimport print FILE\n");
}

/* A filter is that of the rules behind it alone. */
static void test_hosts(void **state) {
    (void)state;
    assert_rule(
        "<observer id='1'><interface>eth0</interface><next>9</next><next>4</next></observer>"
        "<filter id='9'><hostBased><addrFilter>both</addrFilter><ip>10.0.0.1</ip></hostBased><next>8</next></filter>"
        "<filter id='8'><hostBased><addrFilter>dst</addrFilter><ip>10.0.0.2</ip></hostBased><next>2</next></filter>"
        "<packetAggregator id='2'><rule><templateId>2</templateId>" KEY_MATCH(
            "protocolIdentifier",
            "UDP") "</rule><next>3</next></packetAggregator>"
                   "<packetAggregator id='4'><rule><templateId>4</templateId>" KEY(
                       "ipTTL") "</rule><next>3</next></packetAggregator>"
                                "<ipfixFlowInspectorExporter id='3'><host>q</host></ipfixFlowInspectorExporter>",
        "rule2: ((host 10.0.0.1) and (dst host 10.0.0.2)) and udp -> protocolIdentifier,\n"
        "    rule4: ipTTL",
        "");
}

static void test_exporters(void **state) {
    (void)state;
    assert_converted(
        "<observer id='1'><interface>eth0</interface><next>2</next></observer>"
        "<packetAggregator id='2'><rule><templateId>1</templateId>" FIVE "</rule><next>3</next><next>4</next>"
        "</packetAggregator>"
        "<ipfixExporter id='3'><observationDomainId>5</observationDomainId><templateRefreshInterval unit='sec'>10"
        "</templateRefreshInterval><templateRefreshRate>100</templateRefreshRate><maxRecordRate>5000</maxRecordRate>"
        "<sctpDataLifetime unit='msec'>10000</sctpDataLifetime><ipfixPacketRestrictions><maxPacketSize>200"
        "</maxPacketSize></ipfixPacketRestrictions><collector><ipAddressType>4</ipAddressType><ipAddress>10.0.0.1"
        "</ipAddress><transportProtocol>17</transportProtocol><port>1500</port></collector><collector><ipAddress>"
        "2001:db8::1</ipAddress><transportProtocol>TCP</transportProtocol></collector><collector><ipAddress>10.0.0.3"
        "</ipAddress><transportProtocol>132</transportProtocol></collector><collector/><cert>c</cert></ipfixExporter>"
        "<ipfixNetflowExporter id='4'><ipAddress>10.0.0.4</ipAddress><port>2055</port></ipfixNetflowExporter>",
        "[capture]\ninterface = eth0\npromiscuous = yes\nrules = rule1: five-tuple\nqueue = none\n\n[export]\n"
        "collectors = udp://10.0.0.1:1500, tcp://[2001:db8::1]:4739, udp://10.0.0.4:2055?v9\nobservation_domain = 5\n"
        "template_refresh = 10s\nmtu = 640\nmax_rate = 5000\n\n[import]\nenabled = no\n",
        "ipfixExporter 3: templateRefreshRate: templates come again every 1000 messages\n"
        "ipfixExporter 3: maxPacketSize: 200 becomes 640\n"
        "ipfixExporter 3: collector: SCTP is not supported; use UDP or TCP\n"
        "ipfixExporter 3: collector: no ipAddress\n"
        "ipfixExporter 3: cert: no equivalent\n");
}

static void test_collector(void **state) {
    (void)state;
    assert_converted(
        "<ipfixCollector id='1'><listener><ipAddress>0.0.0.0</ipAddress><port>4739</port></listener>"
        "<listener><ipAddress>2001:db8::1</ipAddress><transportProtocol>TCP</transportProtocol></listener>"
        "<listener><transportProtocol>132</transportProtocol></listener>"
        "<templateLifetime unit='sec'>1800</templateLifetime><next>2</next></ipfixCollector>"
        "<ipfixQueue id='2'><maxSize>10</maxSize><next>3</next><next>4</next><next>5</next></ipfixQueue>"
        "<ipfixAggregator id='3'><rule><templateId>1</templateId>" FIVE "</rule><next>4</next></ipfixAggregator>"
        "<ipfixFlowInspectorExporter id='4'><host>10.0.0.9</host></ipfixFlowInspectorExporter>"
        "<ipfixExporter id='5'><collector><ipAddress>10.0.0.1</ipAddress></collector></ipfixExporter>",
        "[collector]\nlisten = udp:4739, tcp:[2001:db8::1]:4739\nqueue = redis\ntemplate_lifetime = 1800s\n\n"
        "[queue]\nurl = redis://10.0.0.9:6379/0\nname = entry:queue\n\n[import]\nenabled = no\n",
        "ipfixCollector 1: listener: SCTP is not supported; use UDP or TCP\n"
        "ipfixAggregator 3: collected records are not aggregated: its rules are ignored\n"
        "ipfixExporter 5: collected records are not forwarded\n");
}

static void test_what_is_not_there(void **state) {
    (void)state;
    assert_converted("<sensorManager id='99'><checkinterval>2</checkinterval></sensorManager>"
                     "<ipfixDbWriter id='2'/><trwPortscanDetector id='8'/>",
                     "",
                     "sensorManager 99: flowimportd answers /metrics and /status, see [http] listen\n"
                     "ipfixDbWriter 2: no observer leads to it\n"
                     "trwPortscanDetector 8: no equivalent\n"
                     "no observer: nothing is captured\n");
    assert_converted("<observer id='1'><filename>x.pcap</filename><interface>a ;b</interface></observer>", "",
                     "observer 1: filename: files are read by hand: flowimport --once FILE\n"
                     "observer 1: [capture] interface: 'a ;b' can't be written to a configuration file\n");
}

static void test_no_configuration(void **state) {
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"", "line 1: no element found"},
        {"<ipfixConfig>\n<a></b></ipfixConfig>", "line 2: mismatched tag"},
        {"<html></html>", "the document is <html>; VERMONT's is <ipfixConfig>"},
    };
    struct buffer config = BUFFER_INIT, notes = BUFFER_INIT;
    struct error error;
    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(vermont_convert(cases[i].text, strlen(cases[i].text), &config, &notes, &error), -1);
        assert_string_equal(error.text, cases[i].error);
    }
    assert_null(config.data);
    assert_null(notes.data);
}

static void test_xml(void **state) {
    static const char text[] = "<!DOCTYPE a [<!ENTITY e 'x y'>]><a b='1' c=\"2\">\n t1 <!-- no --><d> &e;&#65; </d>"
                               "<![CDATA[<&]]> t2 <d n='2'/>\n</a>";
    char deep[4096] = "";
    struct error error;
    (void)state;
    struct xml_node *root = xml_parse(text, strlen(text), &error);
    assert_non_null(root);
    assert_string_equal(root->text, "t1 <& t2");
    assert_string_equal(xml_attribute(root, "c"), "2");
    assert_null(xml_attribute(root, "d"));
    assert_string_equal(xml_child_text(root, "d"), "x yA");
    assert_int_equal(root->last->line, 2);
    assert_string_equal(xml_attribute(root->last, "n"), "2");
    assert_null(xml_child(root, "e"));
    assert_null(xml_child_text(root, "e"));
    xml_free(root);
    for (unsigned i = 0; i < XML_DEPTH_MAX + 1; i++)
        strcat(deep, "<a>");
    assert_null(xml_parse(deep, strlen(deep), &error));
    assert_string_equal(error.text, "line 1: elements in each other too deep");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_and_values),
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_biflows),
        cmocka_unit_test(test_several_rules),
        cmocka_unit_test(test_more_rules_than_there_may_be),
        cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_graph),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_exporters),
        cmocka_unit_test(test_collector),
        cmocka_unit_test(test_what_is_not_there),
        cmocka_unit_test(test_no_configuration),
        cmocka_unit_test(test_xml),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
