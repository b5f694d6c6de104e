"""flowimport convert: whatever VERMONT's configuration says, what is made of it is a configuration."""
import random
import re
import subprocess
from xml.sax.saxutils import escape

import pytest

import rig

# What probes of a flow-inspector site were set up with: packets to the queue, and to a collector.
PROBE = """<?xml version="1.0" encoding="UTF-8"?>
<ipfixConfig>
  <sensorManager id="99"><checkinterval>2</checkinterval></sensorManager>
  <observer id="1"><interface>eth0</interface><pcap_filter>ip</pcap_filter><next>2</next></observer>
  <packetQueue id="2"><maxSize>1000</maxSize><next>6</next></packetQueue>
  <packetAggregator id="6">
    <rule>
      <templateId>998</templateId>
      <flowKey><ieName>sourceIPv4Address</ieName></flowKey>
      <flowKey><ieName>destinationIPv4Address</ieName></flowKey>
      <flowKey><ieName>protocolIdentifier</ieName></flowKey>
      <flowKey><ieName>sourceTransportPort</ieName></flowKey>
      <flowKey><ieName>destinationTransportPort</ieName></flowKey>
      <nonFlowKey><ieName>flowStartSeconds</ieName></nonFlowKey>
      <nonFlowKey><ieName>flowEndSeconds</ieName></nonFlowKey>
      <nonFlowKey><ieName>octetDeltaCount</ieName></nonFlowKey>
      <nonFlowKey><ieName>packetDeltaCount</ieName></nonFlowKey>
    </rule>
    <expiration><inactiveTimeout unit="sec">300</inactiveTimeout><activeTimeout unit="sec">600</activeTimeout></expiration>
    <pollInterval unit="msec">1000</pollInterval>
    <next>7</next>
  </packetAggregator>
  <ipfixQueue id="7"><maxSize>1000</maxSize><next>8</next><next>9</next></ipfixQueue>
  <ipfixExporter id="8"><collector><ipAddress>192.0.2.1</ipAddress><transportProtocol>17</transportProtocol>
    <port>4739</port></collector></ipfixExporter>
  <ipfixFlowInspectorExporter id="9"><host>127.0.0.1</host><dbname>entry:queue</dbname></ipfixFlowInspectorExporter>
</ipfixConfig>
"""


def run(*words, code=0, program="flowimport", **options):
    done = subprocess.run([rig.BUILD / program, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=rig.BOUND, check=False, **options)
    assert done.returncode == code, done
    return done.stdout.decode(), done.stderr.decode()


def convert(folder, text, code=0):
    path = folder / "vermont.xml"
    path.write_text(text)
    return run("-c", "/dev/null", "convert", path, code=code)


def check(folder, config):
    path = folder / "flowimport.conf"
    path.write_text(config)
    for program in "flowimportd", "flowimport":
        out, err = run("-c", path, "--check-config", program=program)
        assert out == "configuration ok: %s\n" % path and err == "", (config, out, err)


def test_a_probe(folder):
    config, notes = convert(folder, PROBE)
    assert config == """# Converted from %s by flowimport convert.
[capture]
interface = eth0
promiscuous = yes
filter = ip
rules = rule998: five-tuple
active_timeout = 600s
inactive_timeout = 300s
queue = redis

[export]
collectors = udp://192.0.2.1:4739

[queue]
url = redis://127.0.0.1:6379/0
name = entry:queue

[import]
enabled = no
""" % (folder / "vermont.xml")
    assert notes == """sensorManager 99: flowimportd answers /metrics and /status, see [http] listen
flows go to the queue, as they did; with [import] enabled = yes this flowimportd takes them from there, too
"""
    check(folder, config)


def test_standard_input(folder):
    assert run("-c", "/dev/null", "convert", "-", input=PROBE.encode())[0].splitlines()[1:] == convert(
        folder, PROBE)[0].splitlines()[1:]


@pytest.mark.parametrize("text, message", [
    ("", "line 1: no element found"), ("<ipfixConfig>\n<observer>", "line 2: no element found"),
    ("<a/>", "the document is <a>; VERMONT's is <ipfixConfig>")])
def test_what_is_none_of_vermonts(folder, text, message):
    out, err = convert(folder, text, code=1)
    assert out == "" and err == "flowimport: %s: %s\n" % (folder / "vermont.xml", message)


def test_usage(folder):
    assert run("-c", "/dev/null", "convert", code=2)[1] == "usage: flowimport convert VERMONT.xml\n"
    _, err = run("-c", "/dev/null", "convert", folder / "none.xml", code=1)
    assert "none.xml: No such file or directory" in err


def test_the_manuals_example(folder):
    page = (rig.BUILD / "man/flowimport-vermont.7").read_text().split(".Sh EXAMPLES")[1]
    rule, config = re.findall(r"^\.Bd [^\n]*\n(.*?)\n\.Ed$", page, re.M | re.S)
    converted, _ = convert(folder, re.sub("<rule>.*</rule>", lambda _: rule, PROBE, flags=re.S))
    assert " ".join(config.split("\n", 1)[1].split()) in " ".join(converted.split())


# Configurations by chance --------------------------------------------------------------------------------------------

KEYS = ("sourceIPv4Address", "destinationIPv4Address", "protocolIdentifier", "sourceTransportPort",
        "destinationTransportPort", "classOfServiceIPv4", "tcpControlBits", "sourceMacAddress", "udpSourcePort",
        "icmpTypeCodeIPv4", "ingressInterface", "frontPayload")
VALUES = ("flowStartMilliSeconds", "flowEndMilliSeconds", "octetDeltaCount", "packetDeltaCount", "tcpControlBits",
          "revflowStartMilliSeconds", "revoctetDeltaCount", "maxPacketGap", "flowEndReason", "ipTTL")
MATCHES = ("TCP", "17", "10.1.2.3/8", "192.0.2.1", "80", "1:1024,8080", "SYN,ACK", "FIN", "10.0.0.0/33", "a;b", "=", ",")
SINKS = ("ipfixExporter", "ipfixFlowInspectorExporter", "ipfixDbWriter", "ipfixPrinter", "ipfixNetflowExporter")
MODULES = ("observer", "packetQueue", "filter", "packetAggregator", "ipfixAggregator", "ipfixQueue", "ipfixCollector",
           "sensorManager", "psampExporter") + SINKS
ODD = ("", "x", "-1", "0", "1", "99999999999999999999", "a ;b", "a\nb", "<&>", "\u00e4", "50%")


def element(name, text="", **attributes):
    return "<%s%s>%s</%s>" % (name, "".join(' %s="%s"' % pair for pair in attributes.items()), text, name)


class Chance:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def odd(self, good):
        """Now and then what nobody would write."""
        return escape(self.random.choice(ODD) if self.random.random() < 0.1 else good)

    def some(self, *choices):
        return "".join(choice for choice in choices if self.random.random() < 0.6)

    def rule(self):
        chance, parts = self.random, []
        for name in chance.sample(KEYS, chance.randint(0, 6)):
            parts.append(element("flowKey", element("ieName", name) + self.some(
                element("match", self.odd(chance.choice(MATCHES))) if chance.random() < 0.5 else "",
                element("modifier", self.odd("mask/%d" % chance.randint(0, 33))) if chance.random() < 0.2 else "")))
        parts += [element("nonFlowKey", element("ieName", name)) for name in chance.sample(VALUES, chance.randint(0, 6))]
        return element("rule", element("templateId", self.odd(str(chance.randint(1, 4)))) + self.some(
            element("biflowAggregation", "1") if chance.random() < 0.3 else "") + "".join(parts))

    def body(self, name):
        chance = self.random
        if name == "observer":
            return self.some(element("interface", self.odd("eth%d" % chance.randint(0, 2))),
                             element("pcap_filter", self.odd("ip and not port 22")),
                             element("captureLength", self.odd(str(chance.randint(1, 70000)))),
                             element("filename", "x.pcap") if chance.random() < 0.2 else "", element("maxPackets", "1"))
        if name.endswith("Aggregator"):
            unit = chance.choice(("sec", "msec", "usec", "h"))
            return "".join(self.rule() for _ in range(chance.randint(0, 3))) + element("expiration", self.some(
                element("inactiveTimeout", self.odd("5000"), unit=unit),
                element("activeTimeout", self.odd("10"), unit=unit)))
        if name == "filter":
            return self.some(element("countBased", element("interval", self.odd("10")) + element("spacing", self.odd("3"))),
                             element("hostBased", element("addrFilter", chance.choice(("src", "dst", "both"))) + "".join(
                                 element("ip", self.odd("10.0.0.%d" % i)) for i in range(chance.randint(0, 3)))),
                             element("stringBased"))
        if name == "ipfixExporter":
            return self.some(element("templateRefreshInterval", self.odd("20"), unit="sec"),
                             element("observationDomainId", self.odd("7")), element("maxRecordRate", self.odd("5000")),
                             *(element("collector", self.some(element("ipAddress", self.odd("192.0.2.%d" % i)), element(
                                 "transportProtocol", self.odd(chance.choice(("17", "TCP", "132")))), element(
                                     "port", self.odd("4739")), element("mtu", self.odd("1500")))) for i in range(3)))
        return self.some(*(element(option, self.odd(text)) for option, text in (
            ("host", "localhost"), ("port", "3306"), ("dbname", "flows"), ("username", "vermont"), ("password", "p&w"),
            ("ipAddress", "192.0.2.9"), ("maxSize", "10"), ("unheardOf", "1"))))

    def document(self):
        names = ["observer", self.random.choice(MODULES), "packetAggregator", self.random.choice(SINKS)]
        names += [self.random.choice(MODULES) for _ in range(self.random.randint(0, 9))]
        return element("ipfixConfig", "\n".join(element(name, self.body(name) + "".join(
            element("next", str(next_id)) for next_id in [i + 1] * (i < 3) + [
                self.random.randrange(len(names) + 1) for _ in range(self.random.randint(0, 2))]), id=i)
            for i, name in enumerate(names)))


def test_whatever_it_says(folder):
    """Every document has a configuration that is accepted."""
    carried = 0
    for seed in range(150 if not rig.SANITIZED else 40):
        config, notes = convert(folder, Chance(seed).document())
        assert notes.replace("\n", "").isprintable() and "\n\n" not in notes, notes
        path = folder / "flowimport.conf"
        path.write_text(config)
        done = subprocess.run([rig.BUILD / "flowimportd", "-c", path, "--check-config"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=rig.BOUND, check=False)
        assert done.returncode == 0, (seed, done.stdout.decode(), config, notes)
        carried += "rules = " in config
    assert carried >= 15
