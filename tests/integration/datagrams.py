"""Export messages of NetFlow v5, v7, v9, IPFIX and sFlow v5, made byte by byte from flows; and their sender.

A flow is a dictionary of element names and values, as a queue entry is: addresses are numbers (IPv4) or text (IPv6),
times flowStartMilliseconds and flowEndMilliseconds. entries() of the flows are what a collector must make of them, and
reference.Import of those its tables. An exporter below holds what a real one does: its sequence number, and when it
was started.
"""
import collections
import ipaddress
import json
import random
import socket
import struct
import time

import generator

VARIABLE = 65535
REVERSE = 29305  # RFC 5103
NTP_EPOCH = 2208988800
IDS = {"octetDeltaCount": 1, "packetDeltaCount": 2, "protocolIdentifier": 4, "ipClassOfService": 5, "tcpControlBits": 6,
       "sourceTransportPort": 7, "sourceIPv4Address": 8, "ingressInterface": 10, "destinationTransportPort": 11,
       "destinationIPv4Address": 12, "egressInterface": 14, "ipNextHopIPv4Address": 15, "bgpSourceAsNumber": 16,
       "bgpDestinationAsNumber": 17, "flowEndSysUpTime": 21, "flowStartSysUpTime": 22, "postOctetDeltaCount": 23,
       "sourceIPv6Address": 27, "destinationIPv6Address": 28, "samplingInterval": 34, "samplingAlgorithm": 35,
       "interfaceDescription": 83, "applicationDescription": 94, "applicationId": 95,
       "ingressVRFID": 234, "egressVRFID": 235, "VRFname": 236, "samplerId": 48, "samplerRandomInterval": 50, "vlanId": 58, "ipVersion": 60, "interfaceName": 82,
       "applicationName": 96, "exporterIPv4Address": 130, "observationDomainId": 149, "flowStartSeconds": 150,
       "flowEndSeconds": 151, "flowStartMilliseconds": 152, "flowEndMilliseconds": 153, "flowStartMicroseconds": 154,
       "flowEndMicroseconds": 155, "flowStartDeltaMicroseconds": 158, "flowEndDeltaMicroseconds": 159,
       "systemInitTimeMilliseconds": 160, "flowDurationMilliseconds": 161, "paddingOctets": 210,
       "samplingPacketInterval": 305, "samplingPacketSpace": 306, "initiatorOctets": 231, "responderOctets": 232,
       "initiatorPackets": 298, "responderPackets": 299}
BYTES = {"protocolIdentifier": 1, "ipClassOfService": 1, "samplingAlgorithm": 1, "ipVersion": 1, "tcpControlBits": 2,
         "sourceTransportPort": 2, "destinationTransportPort": 2, "samplerId": 2, "vlanId": 2, "sourceIPv6Address": 16,
         "destinationIPv6Address": 16, "interfaceName": VARIABLE, "applicationName": VARIABLE, "octetDeltaCount": 8,
         "packetDeltaCount": 8}
BYTES.update((name, 8) for name in IDS if name.endswith(("Octets", "Packets")))
BYTES.update((name, 8) for name in IDS if name.endswith(("Milliseconds", "Microseconds")) and "Delta" not in name
             and "Duration" not in name)

Field = collections.namedtuple("Field", "name id bytes enterprise")
Template = collections.namedtuple("Template", "id fields scopes")
Set = collections.namedtuple("Set", "data records flows")  # flows: its data records


def field(word):
    """"octetDeltaCount", "octetDeltaCount/4", "applicationName/v", "reverseOctetDeltaCount", "6871:77/3"."""
    name, _, length = word.partition("/")
    enterprise, plain = 0, name
    if ":" in name:
        enterprise, number = map(int, name.split(":"))
        return Field(name, number, VARIABLE if length == "v" else int(length), enterprise)
    if name.startswith("reverse"):
        enterprise, plain = REVERSE, name[7].lower() + name[8:]
    length = VARIABLE if length == "v" else int(length or BYTES.get(plain, 4))
    return Field(name, IDS[plain], length, enterprise)


def template(number, words, scopes=0):
    """`scopes`: of an options template, how many of the first fields."""
    return Template(number, [field(word) for word in words.split()], scopes)


COMMON = "protocolIdentifier sourceTransportPort destinationTransportPort ipClassOfService tcpControlBits/1 "
FOUR = "sourceIPv4Address destinationIPv4Address " + COMMON
SIX = "sourceIPv6Address destinationIPv6Address " + COMMON
UPTIME = "flowStartSysUpTime flowEndSysUpTime "
MILLISECONDS = "flowStartMilliseconds flowEndMilliseconds "
COUNTS = "octetDeltaCount packetDeltaCount "
SHORT_COUNTS = "octetDeltaCount/4 packetDeltaCount/4 "
REVERSE_COUNTS = "reverseOctetDeltaCount reversePacketDeltaCount"


# Flows ---------------------------------------------------------------------------------------------------------------


def now_ms():
    return int(time.time() * 1000)


def flows(count, seed=1, six=0.0, span=60, end_ms=None, **more):
    """`count` flows, the last of which ended before `end_ms`. `more`: elements with a list of values to choose from."""
    rng = random.Random(seed)
    last = (end_ms or now_ms()) // 1000
    out = []
    for raw in generator.flows(count, seed, hosts=300, span=span, six=six, long_share=0, start=last - span - 10):
        flow = json.loads(raw)
        start = flow.pop("flowStartSeconds") * 1000 + rng.randrange(1000)
        flow["flowStartMilliseconds"] = start
        flow["flowEndMilliseconds"] = max(start, flow.pop("flowEndSeconds") * 1000 + rng.randrange(1000))
        flow["tcpControlBits"] = 0x1b if flow["protocolIdentifier"] == 6 else 0
        flow["ipClassOfService"] = rng.choice((0, 0, 0x28, 0xb8))
        for name, values in more.items():
            flow[name] = rng.choice(values)
        out.append(flow)
    return out


def both_ways(given, seed=1):
    """The same as biflows: each has counts of its other direction, but for a few, which have none."""
    rng = random.Random(seed)
    return [dict(flow, reversePacketDeltaCount=n, reverseOctetDeltaCount=n * rng.randrange(40, 1500))
            for flow, n in ((flow, rng.choice((0, 1, 7, 300))) for flow in given)]


def scaled(given, rate):
    """As they were before one packet in `rate` was taken."""
    return [dict(flow, **{name: value * rate for name, value in flow.items() if name.endswith("DeltaCount")})
            for flow in given]


def entries(given):
    return [json.dumps(flow).encode() for flow in given]


def batches(given, size):
    for i in range(0, len(given), size):
        yield given[i:i + size]


# NetFlow v5 and v7 ---------------------------------------------------------------------------------------------------


class Netflow5:
    """NetFlow v5, or v7. `sampling`: the header says that one packet in so many was taken."""

    def __init__(self, version=5, engine=0, sampling=0, up_ms=10 ** 7, clock=now_ms):
        self.version, self.engine, self.sampling, self.clock = version, engine, sampling, clock
        self.boot = clock() - up_ms
        self.sequence = 0

    def message(self, given, skew_ms=0):
        """`skew_ms`: so much the exporter's clock is ahead."""
        now = self.clock()
        seconds, ms = divmod(now + skew_ms, 1000)
        head = struct.pack("!HHIIII", self.version, len(given), (now - self.boot) % 2 ** 32, seconds, ms * 10 ** 6,
                           self.sequence)
        if self.version == 5:
            head += struct.pack("!HH", self.engine, (1 << 14 | self.sampling) if self.sampling else 0)
        else:
            head += bytes(4)
        self.sequence = (self.sequence + len(given)) % 2 ** 32
        return head + b"".join(map(self._record, given))

    def _record(self, flow):
        def get(name):
            return flow.get(name, 0)
        start, end = ((flow[name] - self.boot) % 2 ** 32 for name in ("flowStartMilliseconds", "flowEndMilliseconds"))
        record = struct.pack("!IIIHHIIIIHHBBBBHHBBH", get("sourceIPv4Address"), get("destinationIPv4Address"),
                             get("ipNextHopIPv4Address"), get("ingressInterface"), get("egressInterface"),
                             get("packetDeltaCount"), get("octetDeltaCount"), start, end, get("sourceTransportPort"),
                             get("destinationTransportPort"), 0, get("tcpControlBits"), get("protocolIdentifier"),
                             get("ipClassOfService"), get("bgpSourceAsNumber"), get("bgpDestinationAsNumber"), 24, 16, 0)
        if self.version == 7:
            record += bytes(4)  # the router that was bypassed
        return record

    def messages(self, given, size=24):
        return [self.message(some) for some in batches(given, size)]


# NetFlow v9 and IPFIX ------------------------------------------------------------------------------------------------


class Templated:
    """NetFlow v9 (version 9) or IPFIX (10): sets, and messages of sets."""

    def __init__(self, version, domain=0, up_ms=10 ** 7, clock=now_ms):
        self.version, self.domain, self.clock = version, domain, clock
        self.boot = clock() // 1000 * 1000 - up_ms
        self.sequence = 0

    def templates(self, *given):
        body = b"".join(struct.pack("!HH", one.id, len(one.fields)) + self._specifiers(one.fields) for one in given)
        return self._set(0 if self.version == 9 else 2, body, len(given))

    def options_templates(self, *given):
        """NetFlow v9 has scopes of its own (1 is the system), and counts bytes."""
        body = b""
        for one in given:
            scope, rest = one.fields[:one.scopes], one.fields[one.scopes:]
            if self.version == 9:
                body += struct.pack("!HHH", one.id, 4 * len(scope), 4 * len(rest))
                body += b"".join(struct.pack("!HH", 1, each.bytes) for each in scope) + self._specifiers(rest)
            else:
                body += struct.pack("!HHH", one.id, len(one.fields), one.scopes) + self._specifiers(one.fields)
        return self._set(1 if self.version == 9 else 3, body, len(given))

    def withdrawal(self, *numbers):
        """IPFIX alone. Without a number: of all templates."""
        return self._set(2, b"".join(struct.pack("!HH", number, 0) for number in numbers or (2,)), 0)

    def data(self, chosen, given, padding=None):
        """`padding`: bytes behind the records; those up to the next 4 if not said."""
        body = b"".join(self._value(one, flow) for flow in given for one in chosen.fields)
        return self._set(chosen.id, body, len(given), len(given), padding)

    def message(self, *sets, skew_ms=0):
        now = self.clock()
        seconds = (now + skew_ms) // 1000
        body = b"".join(each.data for each in sets)
        if self.version == 9:  # the uptime is that of the whole second: the boot comes out to the millisecond
            head = struct.pack("!HHIIII", 9, sum(each.records for each in sets),
                               (now // 1000 * 1000 - self.boot) % 2 ** 32, seconds, self.sequence, self.domain)
            self.sequence += 1
        else:
            head = struct.pack("!HHIII", 10, 16 + len(body), seconds, self.sequence, self.domain)
            self.sequence += sum(each.flows for each in sets)
        self.sequence %= 2 ** 32
        return head + body

    def messages(self, chosen, given, size=20):
        """The template, then the flows."""
        return [self.message(self.templates(chosen))] + [self.message(self.data(chosen, some))
                                                          for some in batches(given, size)]

    def sampling(self, rate, number=300):
        """Sets by which the domain says that one packet in `rate` was taken."""
        if self.version == 9:
            chosen = template(number, "observationDomainId samplingInterval samplingAlgorithm", scopes=1)
        else:
            chosen = template(number, "observationDomainId samplingPacketInterval samplingPacketSpace", scopes=1)
        said = {"observationDomainId": self.domain, "samplingInterval": rate, "samplingAlgorithm": 1,
                "samplingPacketInterval": 1, "samplingPacketSpace": rate - 1}
        return self.options_templates(chosen), self.data(chosen, [said])

    @staticmethod
    def _set(number, body, records, data=0, padding=None):
        body += bytes(-len(body) % 4 if padding is None else padding)
        return Set(struct.pack("!HH", number, 4 + len(body)) + body, records, data)

    @staticmethod
    def _specifiers(given):
        return b"".join(struct.pack("!HHI", one.id | 0x8000, one.bytes, one.enterprise) if one.enterprise else
                        struct.pack("!HH", one.id, one.bytes) for one in given)

    def _value(self, one, flow):
        value = self._known(one.name, flow)
        if one.bytes == VARIABLE:
            value = value.encode() if isinstance(value, str) else value or b""
            head = bytes([len(value)]) if len(value) < 255 else struct.pack("!BH", 255, len(value))
            return head + value
        if isinstance(value, str):
            value = int(ipaddress.ip_address(value)) if ":" in value else value.encode().ljust(one.bytes, b"\0")
        return value if isinstance(value, bytes) else value.to_bytes(one.bytes, "big")

    def _known(self, name, flow):
        if name in flow:
            return flow[name]
        if not name.startswith(("flowStart", "flowEnd", "flowDuration")):
            return 0
        start, end = flow["flowStartMilliseconds"], flow["flowEndMilliseconds"]
        ms = end if "End" in name else start
        if name.endswith("SysUpTime"):
            return (ms - self.boot) % 2 ** 32
        if name.endswith("DeltaMicroseconds"):  # before the export time, which is whole seconds
            return (self.clock() // 1000 * 1000 - ms) * 1000
        if name.endswith("Microseconds"):
            return (ms // 1000 + NTP_EPOCH) << 32 | ((ms % 1000 << 32) + 999) // 1000
        return end - start if name.startswith("flowDuration") else ms // 1000


# sFlow v5 ------------------------------------------------------------------------------------------------------------


def _padded(data):
    return data + bytes(-len(data) % 4)


class Sflow:
    """An agent; its samples are frames as packets.ether() makes them."""

    def __init__(self, agent="192.0.2.250", sub_agent=0, rate=100):
        self.agent, self.sub_agent, self.rate = ipaddress.ip_address(agent), sub_agent, rate
        self.sequence = self.samples = 0

    def sample(self, frame, rate=None, expanded=False, *more, source=3, output=7):
        """A flow sample with the frame's first 128 bytes; `more`: further records of it."""
        rate = rate or self.rate
        self.samples += 1
        header = frame[:128]
        records = [self.record(1, struct.pack("!IIII", 1, len(frame) + 4, 4, len(header)) + _padded(header)), *more]
        pool = self.samples * rate
        if expanded:
            body = struct.pack("!IIIIIIIIII", self.samples, 0, source, rate, pool, 0, 0, source, 0, output)
        else:
            body = struct.pack("!IIIIIII", self.samples, source, rate, pool, 0, source, output)
        return self.record(3 if expanded else 1, body + struct.pack("!I", len(records)) + b"".join(records))

    def counters(self, index=0, speed=0, octets_in=0, octets_out=0, name=None):
        """A counter sample, with the counters of an interface, and what it is called."""
        records = [self.record(1, struct.pack("!IIQIIQ", index, 6, speed, 1, 3, octets_in) + bytes(24) +
                               struct.pack("!Q", octets_out) + bytes(24))]
        if name is not None:
            records.append(self.record(1005, struct.pack("!I", len(name)) + _padded(name)))
        return self.record(2, struct.pack("!III", 1, index or 3, len(records)) + b"".join(records))

    @staticmethod
    def gateway(next_hop, source_as, destination_as):
        """Extended gateway data; the AS path is one segment."""
        return Sflow.record(1003, struct.pack("!I4sIIIIIIIII", 1, ipaddress.ip_address(next_hop).packed, 64500, source_as,
                                              source_as, 1, 2, 1, destination_as, 0, 100))

    @staticmethod
    def switch(vlan):
        return Sflow.record(1001, struct.pack("!IIII", vlan, 0, vlan, 0))

    @staticmethod
    def record(kind, body):
        return struct.pack("!II", kind, len(body)) + body

    def message(self, *samples):
        self.sequence += 1
        return struct.pack("!II", 5, 1 if self.agent.version == 4 else 2) + self.agent.packed + struct.pack(
            "!IIII", self.sub_agent, self.sequence, 1000 * self.sequence, len(samples)) + b"".join(samples)


# Sending -------------------------------------------------------------------------------------------------------------


class Sender:
    """A socket to a collector on the loopback. `rate`: messages a second, so that the collector's socket holds them."""

    def __init__(self, port, host="127.0.0.1", tcp=False, source=None, rate=5000):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect((host, port))
        self.tcp, self.rate = tcp, rate
        self.sent = 0

    def send(self, *messages):
        begin, first = time.monotonic(), self.sent
        for message in messages:
            self.socket.sendall(message)
            self.sent += 1
            if (self.sent - first) % 32 == 0:
                ahead = (self.sent - first) / self.rate - (time.monotonic() - begin)
                if ahead > 0:
                    time.sleep(ahead)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def payloads(path):
    """UDP payloads of a capture file in order: (source address, destination port, bytes). Ethernet, no fragments."""
    data = path.read_bytes()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    link, at = struct.unpack_from(order + "I", data, 20)[0], 24
    while at < len(data):
        length = struct.unpack_from(order + "I", data, at + 8)[0]
        frame = data[at + 16:at + 16 + length]
        at += 16 + length
        assert link == 1, "link type %d" % link
        kind, ip = struct.unpack_from("!H", frame, 12)[0], 14
        while kind in (0x8100, 0x88a8):
            kind, ip = struct.unpack_from("!H", frame, ip + 2)[0], ip + 4
        if kind == 0x86dd:
            source, udp = frame[ip + 8:ip + 24], ip + 40
            protocol = frame[ip + 6]
        else:
            source, udp = frame[ip + 12:ip + 16], ip + 4 * (frame[ip] & 15)
            protocol = frame[ip + 9]
        if protocol == 17:
            port, size = struct.unpack_from("!HH", frame, udp + 2)
            yield str(ipaddress.ip_address(source)), port, frame[udp + 8:udp + size]
