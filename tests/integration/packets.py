"""Packets made byte by byte, each with what a decoder must make of it; and captures of as many as wanted.

    packets.py cases                        every case as tests/unit/packets.txt has them
    packets.py seeds FOLDER                 the same for the fuzzer
    packets.py mix N [--pcapng] [--nano] [--big-endian] [--snaplen N] [--seed N] [--concurrent N] >FILE
                                            N packets of made-up traffic; their sums as JSON on standard error

The same arguments give the same bytes. Addresses are private or for documentation.
"""
import argparse
import ipaddress
import json
import pathlib
import random
import struct
import sys

ETHERNET, RAW, NULL, LOOP, PPP, PPP_HDLC, PPPOE, SLL, SLL2, NFLOG, IPV4, IPV6 = (1, 101, 0, 108, 9, 50, 51, 113, 276,
                                                                              239, 228, 229)
# The order is that of fuzz_packet.c.
C_HDLC, WIFI, FRAME_RELAY, RADIOTAP, IPOIB, FDDI, PPI, PKTAP = 104, 105, 107, 127, 242, 10, 192, 258
LINKS = (ETHERNET, SLL, SLL2, 12, 14, RAW, IPV4, IPV6, NULL, LOOP, PPP, PPP_HDLC, PPPOE, NFLOG, C_HDLC, WIFI, FRAME_RELAY,
         RADIOTAP, IPOIB, FDDI, PPI, PKTAP)
TUNNELS = ("none", "gre", "ip", "vxlan", "geneve", "gtpu", "teredo")
TCP, UDP, ICMP, ICMPV6, DCCP, SCTP, UDP_LITE, GRE, ESP, AH = 6, 17, 1, 58, 33, 132, 136, 47, 50, 51
HOP_BY_HOP, ROUTING, FRAGMENT, NONE, DESTINATION, MOBILITY, HIP, SHIM6 = 0, 43, 44, 59, 60, 135, 139, 140
MORE = 0x20
# As the unit test prints them: those that are not 0, in this order.
FIELDS = ("family source destination octets source_port destination_port protocol tcp_flags tos ttl header_bytes "
          "next_header flow_label fragment_id fragment_offset fragment_flags tunnel vlan customer_vlan vlan_tags "
          "mpls_labels tunnels outgoing mpls_top tunnel_id interface source_mac destination_mac ip_offset "
          "transport_offset").split()

A4, B4, C4, D4 = "192.0.2.1", "198.51.100.2", "203.0.113.3", "10.4.4.4"
A6, B6, C6, D6 = "2001:db8::1", "2001:db8:2::2", "2001:db8:3::3", "2001:db8:4::4"
MAC_A, MAC_B, MAC_C, MAC_D = ("02:00:00:00:00:%02x" % i for i in (0xa, 0xb, 0xc, 0xd))


class Part:
    """Bytes from some header on, and the fields that decode from them. `closed`: from what is around a tunnel, where
    there is one; `fields` is then what is inside. `framed`: the link's fields are already those of an inner frame."""

    def __init__(self, data, fields=None, closed=None, framed=False):
        self.data, self.fields, self.closed, self.framed = data, fields or {}, closed, framed

    def behind(self, header, own=None, link=None, trailer=b""):
        """With a header before it. `own`: fields of an IP or transport header; inside a tunnel they are the outer's."""
        def moved(fields):
            return {name: value + len(header) if name.endswith("_offset") and name != "fragment_offset" else value
                    for name, value in fields.items()}
        fields, closed = moved(self.fields), moved(self.closed) if self.closed is not None else None
        (fields if closed is None else closed).update(own or {})
        if link and not self.framed:
            fields.update(link(fields))
        if link and closed is not None:
            closed.update(link(closed))
        return Part(header + self.data + trailer, fields, closed, self.framed)

    def in_tunnel(self, header, kind, own, identifier=0, framed=False):
        """Inside a tunnel whose transport's own fields are those given."""
        inner = self.behind(header)
        fields = inner.fields
        if "tunnel" not in fields:
            fields.update(tunnel=TUNNELS.index(kind), tunnel_id=identifier)
        fields["tunnels"] = fields.get("tunnels", 0) + 1
        return Part(inner.data, fields, dict(own), framed or self.framed)


def packed(address):
    return ipaddress.ip_address(address).packed


def checksum(data):
    total = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


# Transport ----------------------------------------------------------------------------------------------------------


def ports(source, destination, protocol, rest, **more):
    fields = dict(source_port=source, destination_port=destination, protocol=protocol, transport_offset=0, **more)
    return Part(struct.pack(">HH", source, destination) + rest, fields)


def tcp(source=50001, destination=443, flags=0x18, payload=b"hello"):
    return ports(source, destination, TCP, struct.pack(">IIHHHH", 1000, 2000, 5 << 12 | flags, 512, 0, 0) + payload,
                 tcp_flags=flags)


def udp(source=50002, destination=53, payload=b"hello", protocol=UDP):
    return ports(source, destination, protocol, struct.pack(">HH", 8 + len(payload), 0) + payload)


def other(protocol, payload=b"\x01\x02\x03\x04" * 4):
    return Part(payload, dict(protocol=protocol, transport_offset=0))


def icmp(kind=8, code=0, protocol=ICMP):
    return Part(struct.pack(">BBHHH", kind, code, 0, 7, 1) + b"ping",
                dict(destination_port=kind * 256 + code, protocol=protocol, transport_offset=0))


def later(protocol, payload=b"x" * 32):
    """What is behind an offset: no transport header."""
    return Part(payload, dict(protocol=protocol))


# Internet -----------------------------------------------------------------------------------------------------------


def own_protocol(part):
    return (part.fields if part.closed is None else part.closed)["protocol"]


def ipv4(part, source=A4, destination=B4, options=b"", tos=0, ttl=64, ident=0, offset=0, flags=0x40, protocol=None,
         total=None, version=4, header=None):
    header = 20 + len(options) if header is None else header
    length = 20 + len(options) + len(part.data)
    protocol = own_protocol(part) if protocol is None else protocol
    head = struct.pack(">BBHHHBBH4s4s", version << 4 | header // 4, tos, min(length, 65535) if total is None else total,
                       ident, flags << 8 | offset, ttl, protocol, 0, packed(source), packed(destination)) + options
    head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
    return part.behind(head, dict(family=4, source=source, destination=destination, octets=total or length, tos=tos,
                                  ttl=ttl, header_bytes=header, next_header=protocol, fragment_id=ident,
                                  fragment_offset=offset, fragment_flags=flags, ip_offset=0))


def ipv6(part, source=A6, destination=B6, tos=0, ttl=64, label=0, following=None, payload=None, octets=None):
    following = own_protocol(part) if following is None else following
    length = len(part.data) if payload is None else payload
    head = struct.pack(">IHBB16s16s", 6 << 28 | tos << 20 | label, length, following, ttl, packed(source),
                       packed(destination))
    return part.behind(head, dict(family=6, source=source, destination=destination, octets=octets or 40 + length,
                                  tos=tos, ttl=ttl, header_bytes=40, next_header=following, flow_label=label,
                                  ip_offset=0))


def chain(part, *headers):
    """Extension headers, each (number, bytes behind its first); returns the number of the first and the part."""
    following = own_protocol(part)
    for number, rest, *own in reversed(headers):
        part = part.behind(bytes([following]) + rest, *own)
        following = number
    return following, part


def options(words=1, content=b""):
    """Behind the next header: length and contents of an options header, padded."""
    return bytes([words - 1]) + content.ljust(words * 8 - 2, b"\0")


def fragment(offset=0, more=False, ident=0):
    return (FRAGMENT, struct.pack(">BHI", 0, offset << 3 | more, ident),
            dict(fragment_id=ident, fragment_offset=offset, fragment_flags=MORE if more else 0))


def extended(part, *headers, **ip):
    following, part = chain(part, *headers)
    return ipv6(part, following=following, **ip)


def authentication(words=4):
    """With `words` of 4 bytes in all."""
    return bytes([words - 2]) + b"\0" * (words * 4 - 2)


# Links --------------------------------------------------------------------------------------------------------------


def ethertype(part):
    family = (part.fields if part.closed is None else part.closed).get("family")
    return {4: 0x0800, 6: 0x86dd}[family]


def ether(part, kind=None, source=MAC_A, destination=MAC_B, pad=0):
    head = bytes.fromhex((destination + source).replace(":", "")) + struct.pack(">H", kind or ethertype(part))
    return part.behind(head, link=lambda fields: dict(source_mac=source, destination_mac=destination),
                       trailer=b"\0" * max(0, pad - 14 - len(part.data)))


def vlan(part, tci, kind=None):
    """A tag's TCI and the type behind it. The type before it is the caller's."""
    def tagged(fields):
        tags = fields.get("vlan_tags", 0)
        if not tags:
            return dict(vlan=tci, vlan_tags=1)
        return dict(vlan=tci, customer_vlan=fields["customer_vlan" if tags > 1 else "vlan"], vlan_tags=tags + 1)
    return part.behind(struct.pack(">HH", tci, kind or ethertype(part)), link=tagged)


def mpls(part, label, bottom=True, ttl=63):
    entry = label << 12 | bottom << 8 | ttl
    return part.behind(struct.pack(">I", entry),
                       link=lambda fields: dict(mpls_top=entry, mpls_labels=fields.get("mpls_labels", 0) + 1))


def snap(part, oui=b"\0\0\0"):
    return part.behind(b"\xaa\xaa\x03" + oui + struct.pack(">H", ethertype(part)))


def pppoe(part, protocol=b"\0\x21", code=0):
    return part.behind(struct.pack(">BBHH", 0x11, code, 1, len(protocol) + len(part.data)) + protocol)


def quiet_ether(part, first=0x02):
    """The frame in a backbone's or a pseudowire's: its addresses are not the frame's."""
    return part.behind(bytes([first]) + b"\x11" * 11 + struct.pack(">H", ethertype(part)))


def sll(part, kind=None, outgoing=False):
    head = struct.pack(">HHH8sH", 4 if outgoing else 0, 1, 6, bytes.fromhex(MAC_A.replace(":", "")),
                       ethertype(part) if kind is None else kind)
    return part.behind(head, link=lambda fields: dict(source_mac=MAC_A, outgoing=int(outgoing)))


def sll2(part, kind=None, interface=3, outgoing=False):
    head = struct.pack(">HHIHBB8s", ethertype(part) if kind is None else kind, 0, interface, 1, 4 if outgoing else 0, 6,
                       bytes.fromhex(MAC_A.replace(":", "")))
    return part.behind(head, link=lambda fields: dict(source_mac=MAC_A, outgoing=int(outgoing), interface=interface))


def nflog(part, interface=5):
    """In the byte order of most hosts; that of the others is the reader's business."""
    head = struct.pack("<BBH", 2, 0, 0) + struct.pack("<HH", 8, 4) + struct.pack(">I", interface)
    head += struct.pack("<HHHBB", 8, 1, 0x0008, 0, 0) + struct.pack("<HH5s3x", 9, 10, b"test")
    head += struct.pack("<HH", 4 + len(part.data), 9)
    return part.behind(head, link=lambda fields: dict(interface=interface))


# Tunnels ------------------------------------------------------------------------------------------------------------


def wifi(part, control, pad=0):
    """A data frame from A to B, by access points or not."""
    mac_a, mac_b, point = (bytes.fromhex(mac.replace(":", "")) for mac in (MAC_A, MAC_B, MAC_C))
    ends = {0: (mac_b, mac_a, point), 1: (point, mac_a, mac_b), 2: (mac_b, point, mac_a), 3: (point, point, mac_b)}
    head = struct.pack("<HH", control, 0) + b"".join(ends[control >> 8 & 3]) + b"\x10\0"
    head += mac_a if control & 0x300 == 0x300 else b""
    head += b"\6\0" if control & 0x80 else b""
    head += b"\0" * 4 if control & 0x8000 else b""
    return snap(part).behind(head + b"\0" * pad, link=lambda fields: dict(source_mac=MAC_A, destination_mac=MAC_B))


def fabric_path(part, kind=None):
    """The addresses are those inside."""
    whole = ether(ether(part, kind, MAC_C, MAC_D).behind(b"\x04\x40"), 0x8903)
    whole.fields.update(source_mac=MAC_C, destination_mac=MAC_D)
    return whole


def pktap(link, flags, kind=1, length=108):
    return struct.pack("<III24sI", length, kind, link, b"en0", flags).ljust(length, b"\0")


def gre(part, kind=None, flags=0, key=0, routes=b"", between=b""):
    head = struct.pack(">HH", flags, kind or ethertype(part))
    head += b"\0\0\0\0" if flags & 0xc000 else b""
    head += struct.pack(">I", key) if flags & 0x2000 else b""
    head += b"\0\0\0\1" if flags & 0x1000 else b""
    head += b"\0\0\0\2" if flags & 0x0080 else b""
    return part.in_tunnel(head + routes + between, "gre", dict(protocol=GRE, transport_offset=0), key,
                          framed="source_mac" in part.fields)


def shorter(part, octets):
    """That is believed to have so many."""
    return Part(part.data, {**part.fields, "octets": octets}, part.closed, part.framed)


def ip_in_ip(part):
    protocol = 4 if ethertype(part) == 0x0800 else 41
    return part.in_tunnel(b"", "ip", dict(protocol=protocol, transport_offset=0))


def in_udp(part, kind, port, head, identifier=0, source=40000, framed=False):
    outer = udp(source, port, head + part.data)
    return part.in_tunnel(outer.data[:8] + head, kind, outer.fields, identifier, framed)


def vxlan(part, vni=0x123456, port=4789, flags=8):
    return in_udp(part, "vxlan", port, struct.pack(">II", flags << 24, vni << 8), vni, framed=True)


def geneve(part, vni=0x654321, kind=0x6558, option_words=0, framed=True):
    head = struct.pack(">BBHI", option_words, 0, kind, vni << 8) + b"\0" * (option_words % 64 * 4)
    return in_udp(part, "geneve", 6081, head, vni, framed=framed)


def gtpu(part, teid=0xcafe, flags=0x30, kind=255, optional=b""):
    head = struct.pack(">BBHI", flags, kind, len(optional) + len(part.data), teid) + optional
    return in_udp(part, "gtpu", 2152, head, teid)


def teredo(part, head=b"", port=3544, source=40000):
    return in_udp(part, "teredo", port, head, source=source)


# Cases --------------------------------------------------------------------------------------------------------------


class Case:
    def __init__(self, name, link, part, verdict="ok", tunnels=(), captured=None, wire=None, fields=None):
        self.name, self.link, self.verdict, self.tunnels = name, link, verdict, tunnels
        self.data = part.data[:captured]
        self.wire = wire or len(part.data)
        self.fields = part.fields if tunnels or part.closed is None else part.closed
        self.fields = {**self.fields, **(fields or {})}

    def expected(self):
        values = ((name, self.fields.get(name, 0)) for name in FIELDS)
        return " ".join([self.verdict] + ["%s=%s" % pair for pair in values if pair[1] != 0])

    def text(self):
        return "= %s %d %d %d\n%s\n%s\n" % (self.name, self.link, sum(1 << TUNNELS.index(name) for name in self.tunnels),
                                            self.wire, self.data.hex(), self.expected())


def link_cases():
    inner4, inner6 = ipv4(tcp()), ipv6(udp())
    yield "ethernet", ETHERNET, ether(inner4)
    yield "ethernet-ipv6", ETHERNET, ether(inner6)
    yield "ethernet-padded", ETHERNET, ether(ipv4(icmp()), pad=60)
    yield "snap", ETHERNET, ether(snap(inner4), 8 + len(inner4.data))
    yield "snap-bridged", ETHERNET, ether(snap(inner6, b"\0\0\xf8"), 8 + len(inner6.data))
    yield "vlan", ETHERNET, ether(vlan(inner4, 0x6064), 0x8100)
    yield "vlan-0", ETHERNET, ether(vlan(inner4, 0xe000), 0x8100)
    yield "vlan-snap", ETHERNET, ether(vlan(snap(inner4), 100, 8 + len(inner4.data)), 0x8100)
    for service in (0x88a8, 0x9100, 0x9200, 0x9300):
        yield "vlan-stacked-%x" % service, ETHERNET, ether(vlan(vlan(inner6, 7), 200, 0x8100), service)
    deep = vlan(inner4, 1)
    for tci in range(2, 13):
        deep = vlan(deep, tci, 0x8100)
    yield "vlan-twelve", ETHERNET, ether(deep, 0x8100)
    backbone = quiet_ether(vlan(inner4, 9), 2)
    backbone.data = backbone.data[:12] + b"\x81\0" + backbone.data[14:]
    yield "backbone", ETHERNET, ether(vlan(backbone.behind(b"\x00\x00\x12\x34"), 300, 0x88e7), 0x88a8)
    yield "vn-tag", ETHERNET, ether(inner4.behind(b"\0\0\0\0\x08\0"), 0x8926)
    yield "vn-tag-vlan", ETHERNET, ether(vlan(inner4, 11).behind(b"\0\0\0\0\x81\0"), 0x8926)
    yield "backbone-untagged", ETHERNET, ether(quiet_ether(inner4).behind(b"\x00\x00\x12\x34"), 0x88e7)
    yield "e-tag", ETHERNET, ether(inner4.behind(b"\0\0\0\1\0\0\x08\0"), 0x893f)
    yield "e-tag-vlan", ETHERNET, ether(vlan(inner4, 11).behind(b"\0\0\0\1\0\0\x81\0"), 0x893f)
    yield "metadata", ETHERNET, ether(inner4.behind(b"\1\1\0\1\0\7\x08\0"), 0x8909)
    yield "metadata-in-vlan", ETHERNET, ether(vlan(inner6.behind(b"\1\1\0\1\0\7\x86\xdd"), 11, 0x8909), 0x8100)
    yield "macsec", ETHERNET, ether(Part(inner4.data + b"\xcc" * 16, inner4.fields).behind(b"\0\0\0\0\0\1\x08\0"), 0x88e5)
    yield "macsec-sender", ETHERNET, ether(Part(inner6.data + b"\xcc" * 16, inner6.fields).behind(
        b"\x20\0\0\0\0\1" + b"\2\0\0\0\0\x0a\0\1" + b"\x86\xdd"), 0x88e5)
    yield "nsh", ETHERNET, ether(inner4.behind(b"\x0f\xc6\1\1\0\0\1\xff" + b"\0" * 16), 0x894f)
    yield "nsh-ipv6", ETHERNET, ether(inner6.behind(b"\x0f\xc2\2\2\0\0\1\xff"), 0x894f)
    yield "nsh-mpls", ETHERNET, ether(mpls(inner4, 16).behind(b"\x0f\xc2\2\5\0\0\1\xff"), 0x894f)
    yield "fabric-path", ETHERNET, fabric_path(inner4)
    yield "fabric-path-vlan", ETHERNET, fabric_path(vlan(inner6, 33), 0x8100)
    yield "arista", ETHERNET, ether(inner4.behind(b"\0\1\0\x10" + b"\1" * 8 + b"\x08\0"), 0xd28b)
    yield "arista-short-vlan", ETHERNET, ether(vlan(inner6, 33).behind(b"\0\1\1\x21" + b"\1" * 6 + b"\x81\0"), 0xd28b)
    for control in (0x50, 0x57, 0xd0):
        yield "fddi-%x" % control, FDDI, snap(inner4).behind(
            bytes([control]) + ether(inner4).data[:12], link=lambda fields: dict(source_mac=MAC_A, destination_mac=MAC_B))
    yield "ppi-ethernet", PPI, ether(inner4).behind(struct.pack("<BBHI", 0, 0, 8, ETHERNET))
    yield "ppi-wifi", PPI, wifi(inner6, 0x0188).behind(struct.pack("<BBHIHH20x", 0, 0, 32, WIFI, 2, 20))
    yield "pktap-ethernet", PKTAP, ether(vlan(inner4, 5), 0x8100).behind(pktap(ETHERNET, 1))
    yield "pktap-outgoing-raw", PKTAP, inner6.behind(pktap(RAW, 2), link=lambda fields: dict(outgoing=1))
    yield "c-hdlc", C_HDLC, inner4.behind(b"\x0f\0\x08\0")
    yield "c-hdlc-multicast-ipv6", C_HDLC, inner6.behind(b"\x8f\0\x86\xdd")
    yield "frame-relay", FRAME_RELAY, inner4.behind(b"\x18\x41\3\xcc")
    yield "frame-relay-pad-ipv6", FRAME_RELAY, inner6.behind(b"\x18\x41\3\0\x8e")
    yield "frame-relay-snap", FRAME_RELAY, inner4.behind(b"\x18\x41\3\0\x80\0\0\0\x08\0")
    yield "frame-relay-bridged", FRAME_RELAY, ether(inner4).behind(b"\x18\x41\3\0\x80\0\x80\xc2\0\7")
    yield "frame-relay-of-cisco", FRAME_RELAY, inner4.behind(b"\x18\x41\x08\0")
    yield "frame-relay-long-address", FRAME_RELAY, inner4.behind(b"\x18\x40\x40\x41\3\xcc")
    yield "ipoib", IPOIB, inner4.behind(b"\0" * 40 + b"\x08\0\0\0")
    for name, control, part in (("station", 0x0108, inner4), ("access-point", 0x0208, inner6), ("ad-hoc", 0x0008, inner4),
                                ("bridge", 0x0308, inner4), ("qos", 0x0188, inner6), ("qos-ht", 0x8288, inner4),
                                ("qos-bridge", 0x0388, inner4)):
        yield "wifi-" + name, WIFI, wifi(part, control)
        yield "radiotap-" + name, RADIOTAP, wifi(part, control).behind(b"\0\0\x0b\0\4\0\1\0" + b"\x0c\x64\0")
    more = struct.pack("<BBHII4xQB7x", 0, 0, 32, 0x80000003, 0, 1, 0x20)
    yield "radiotap-padded", RADIOTAP, wifi(inner4, 0x0188, 2).behind(more)
    yield "mpls", ETHERNET, ether(mpls(inner4, 16), 0x8847)
    yield "mpls-three", ETHERNET, ether(mpls(mpls(mpls(inner6, 16), 17, False), 18, False), 0x8848)
    yield "mpls-in-vlan", ETHERNET, ether(vlan(mpls(inner4, 16), 100, 0x8847), 0x8100)
    yield "pseudowire", ETHERNET, ether(mpls(quiet_ether(inner4, 0).behind(b"\0\0\0\1"), 99), 0x8847)
    yield "pseudowire-no-word", ETHERNET, ether(mpls(quiet_ether(inner4, 0), 99), 0x8847)
    yield "pseudowire-no-word-bit", ETHERNET, ether(mpls(quiet_ether(inner6, 0x92), 99), 0x8847)
    yield "pppoe", ETHERNET, ether(pppoe(inner4), 0x8864)
    yield "pppoe-ipv6", ETHERNET, ether(vlan(pppoe(inner6, b"\0\x57"), 100, 0x8864), 0x8100)
    yield "pppoe-mpls", ETHERNET, ether(pppoe(mpls(inner4, 20), b"\x02\x81"), 0x8864)
    yield "ppp-mpls-multicast", PPP, mpls(inner6, 20).behind(b"\x02\x83")
    yield "ppp", PPP, inner4.behind(b"\0\x21")
    yield "ppp-address", PPP, inner6.behind(b"\xff\x03\0\x57")
    yield "ppp-compressed", PPP_HDLC, inner4.behind(b"\xff\x03\x21")
    yield "pppoe-link", PPPOE, pppoe(inner4)
    yield "sll", SLL, sll(inner4)
    yield "sll-outgoing-vlan", SLL, sll(vlan(inner4, 5), 0x8100, True)
    yield "sll-llc", SLL, sll(snap(inner6), 4)
    yield "sll2", SLL2, sll2(inner6)
    yield "sll2-outgoing-vlan", SLL2, sll2(vlan(inner4, 5), 0x8100, 70000, True)
    for link in (12, 14, RAW):
        yield "raw-%d" % link, link, inner4
    yield "raw-ipv6", RAW, inner6
    yield "raw-ipv4-alone", IPV4, inner4
    yield "raw-ipv6-alone", IPV6, inner6
    for family in (10, 24, 28, 30):
        yield "null-%d-little" % family, NULL, inner6.behind(struct.pack("<I", family))
        yield "null-%d-big" % family, NULL, inner6.behind(struct.pack(">I", family))
    yield "null-ipv4", NULL, inner4.behind(struct.pack("<I", 2))
    yield "loop", LOOP, inner4.behind(struct.pack(">I", 2))
    yield "nflog", NFLOG, nflog(inner4)
    yield "nflog-ipv6", NFLOG, nflog(inner6)


def ip_cases():
    yield "tcp-syn", RAW, ipv4(tcp(flags=2, payload=b""), tos=0xb8, ttl=1, ident=0x1234)
    yield "tcp-all-flags", RAW, ipv4(tcp(flags=0xfff))
    yield "udp", RAW, ipv4(udp())
    yield "udp-lite", RAW, ipv4(udp(protocol=UDP_LITE))
    yield "sctp", RAW, ipv6(ports(5000, 3868, SCTP, b"\0" * 8))
    yield "dccp", RAW, ipv6(ports(5000, 5001, DCCP, b"\0" * 12))
    yield "icmp", RAW, ipv4(icmp(3, 1))
    yield "icmpv6", RAW, ipv6(icmp(136, 0, ICMPV6), ttl=255)
    yield "esp", RAW, ipv4(other(ESP))
    yield "ospf", RAW, ipv4(other(89))
    yield "igmp", RAW, ipv4(other(2), options=b"\x94\x04\0\0")
    yield "options-40", RAW, ipv4(udp(), options=b"\1" * 40)
    yield "first-fragment", RAW, ipv4(udp(), ident=77, flags=MORE)
    yield "middle-fragment", RAW, ipv4(later(UDP), ident=77, flags=MORE, offset=3)
    yield "last-fragment", RAW, ipv4(later(UDP), ident=77, flags=0, offset=185)
    yield "last-offset", RAW, ipv4(later(UDP, b"x"), ident=77, flags=0, offset=8191)
    head = tcp(flags=2)
    yield "tcp-split-first", RAW, ipv4(Part(head.data[:8], {**head.fields, "tcp_flags": 0}), ident=9, flags=MORE)
    split = later(TCP, head.data[8:])
    split.fields["tcp_flags"] = 2
    yield "tcp-split-rest", RAW, ipv4(split, ident=9, flags=0, offset=1)
    yield "tcp-split-flags", RAW, ipv4(Part(split.data[:6], dict(split.fields)), ident=9, flags=MORE, offset=1)
    yield "first-fragment-icmp", RAW, ipv4(icmp(), ident=78, flags=MORE)
    yield "last-fragment-icmp", RAW, ipv4(later(ICMP), ident=78, flags=0, offset=2)
    yield "first-fragment-esp", RAW, ipv4(other(ESP), ident=79, flags=MORE)
    yield "last-fragment-esp", RAW, ipv4(later(ESP), ident=79, flags=0, offset=2)
    yield "first-fragment-ah", RAW, ipv4(chain(udp(), (AH, authentication(6)))[1], ident=80, flags=MORE, protocol=AH)
    yield "last-fragment-ah", RAW, ipv4(later(AH), ident=80, flags=0, offset=20)
    yield "ah", RAW, ipv4(chain(tcp(), (AH, authentication(6)))[1], protocol=AH)
    yield "ah-esp", RAW, ipv4(chain(other(ESP), (AH, authentication(6)))[1], protocol=AH)
    yield "ipv4-hop-by-hop-is-none", RAW, ipv4(other(HOP_BY_HOP))
    yield "ipv6", RAW, ipv6(tcp(), tos=0xb8, label=0xabcde, ttl=3)
    yield "no-next-header", RAW, ipv6(other(NONE, b"ignored"))
    yield "no-next-header-padded", ETHERNET, ether(ipv6(other(NONE, b""), payload=0), pad=60)
    every = ((HOP_BY_HOP, options(2)), (DESTINATION, options()), (ROUTING, options(3)), (AH, authentication(4)),
             (DESTINATION, options(4)))
    yield "every-extension", RAW, extended(tcp(), *every)
    yield "every-extension-icmpv6", RAW, extended(icmp(128, 0, ICMPV6), *every)
    yield "shim6", RAW, extended(udp(), (SHIM6, options()))
    yield "longest-extension", RAW, extended(udp(), (DESTINATION, options(256)))
    yield "sixteen-extensions", RAW, extended(udp(), *[(DESTINATION, options())] * 16)
    yield "atomic-fragment", RAW, extended(tcp(), fragment(ident=0x89abcdef))
    yield "first-fragment-ipv6", RAW, extended(udp(), (HOP_BY_HOP, options()), fragment(0, True, 0x89abcdef),
                                               (DESTINATION, options()))
    yield "last-fragment-ipv6", RAW, extended(later(DESTINATION), (HOP_BY_HOP, options()),
                                              fragment(181, False, 0x89abcdef))
    yield "ah-zero-length", RAW, extended(udp(), (AH, authentication(2)))
    yield "esp-ipv6", RAW, extended(other(ESP), (HOP_BY_HOP, options()))


def special_cases():
    """(name, link, part, changes to the case)"""
    for number in (MOBILITY, HIP, SHIM6):
        part = Part(bytes([NONE]) + options(2), dict(protocol=number))
        yield "nothing-behind-%d" % number, RAW, ipv6(part), {}
    tagged, labelled = vlan(ipv4(tcp()), 1), mpls(ipv4(tcp()), 16)
    for _ in range(299):
        tagged, labelled = vlan(tagged, 1, 0x8100), mpls(labelled, 16, False)
    yield "vlan-300", ETHERNET, ether(tagged, 0x8100), dict(fields=dict(vlan_tags=255))
    yield "mpls-300", ETHERNET, ether(labelled, 0x8847), dict(fields=dict(mpls_labels=255))
    yield "seventeen-extensions", RAW, extended(Part(udp().data, dict(protocol=UDP)), *[(DESTINATION, options())] * 17), \
        dict(verdict="too-many-headers", fields=dict(protocol=DESTINATION))
    whole = ipv4(tcp(payload=b"x" * 70000), total=0)
    yield "big-tcp-ipv4", RAW, whole, dict(fields=dict(octets=70040), captured=100)
    yield "big-tcp-ipv4-ethernet", ETHERNET, ether(whole), dict(fields=dict(octets=70040), captured=64)
    yield "offload-ipv6", ETHERNET, ether(ipv6(tcp(payload=b"x" * 70000), payload=0)), \
        dict(fields=dict(octets=70060), captured=80)
    jumbo = struct.pack(">BBI", 0xc2, 4, 90028)
    behind = extended(tcp(payload=b"x" * 90000), (HOP_BY_HOP, options(1, jumbo)), payload=0, octets=90068)
    yield "jumbo", RAW, behind, dict(captured=80)
    padded = extended(tcp(payload=b"x" * 90000), (HOP_BY_HOP, options(3, b"\0\1\0\x1e\4abcd" + jumbo)), payload=0,
                      octets=90068)
    yield "jumbo-behind-others", RAW, padded, dict(captured=96)
    lie = extended(udp(), (HOP_BY_HOP, options(1, struct.pack(">BBI", 0xc2, 4, (1 << 32) - 16))), payload=0)
    yield "jumbo-beyond-the-wire", ETHERNET, ether(lie), dict(fields=dict(octets=len(lie.data)))
    padded = extended(udp(), (HOP_BY_HOP, options(1, struct.pack(">BBI", 0xc2, 4, 21))), payload=0)
    yield "jumbo-in-a-padded-frame", ETHERNET, ether(padded, pad=100), dict(fields=dict(octets=len(padded.data)))
    yield "jumbo-with-a-length", RAW, extended(tcp(), (HOP_BY_HOP, options(1, jumbo))), {}
    no_jumbo = extended(tcp(), (HOP_BY_HOP, options()), payload=0)
    yield "hop-by-hop-without-jumbo", RAW, no_jumbo, dict(fields=dict(octets=len(no_jumbo.data)))
    yield "longer-than-the-wire", RAW, ipv4(udp(), total=1500), dict(fields=dict(octets=33))
    yield "longer-than-the-wire-ipv6", ETHERNET, ether(ipv6(udp(), payload=65535)), dict(fields=dict(octets=53))
    yield "longer-than-the-wire-cut", ETHERNET, ether(ipv4(udp(payload=b"x" * 90), total=1500)), \
        dict(fields=dict(octets=118), captured=60)
    yield "nflog-of-a-part", NFLOG, nflog(ipv4(udp(), total=1500)), dict(fields=dict(octets=1500))
    yield "ports-in-the-padding", ETHERNET, ether(ipv4(other(TCP, b"")), pad=60), dict(verdict="cut-transport")
    yield "udp-of-three", RAW, ipv4(other(UDP, b"\0\1\0")), dict(verdict="cut-transport")
    yield "udp-of-four", RAW, ipv4(ports(1, 2, UDP, b"")), {}
    yield "icmp-of-two", RAW, ipv4(Part(b"\x08\1", dict(protocol=ICMP, transport_offset=0, destination_port=2049))), {}
    yield "icmp-of-one", RAW, ipv4(other(ICMP, b"\x08")), dict(verdict="cut-transport")
    yield "tcp-of-thirteen", RAW, ipv4(Part(tcp().data[:13], {**tcp().fields, "tcp_flags": 0})), \
        dict(verdict="cut-transport")
    yield "extension-beyond-the-packet", RAW, ipv6(Part(b"\6\1" + b"\0" * 10, dict(protocol=ROUTING))), \
        dict(verdict="cut-headers")
    yield "ah-beyond-the-packet", RAW, ipv4(Part(b"\6\4" + b"\0" * 10, dict(protocol=AH))), dict(verdict="cut-headers")


def bad_cases():
    """(name, link, bytes, verdict)"""
    good = ipv4(tcp()).data
    yield "arp", ETHERNET, ether(Part(b"\0\1\x08\0\6\4\0\1".ljust(28, b"\0")), 0x0806).data, "arp"
    yield "rarp", ETHERNET, ether(Part(b"\0" * 28), 0x8035).data, "arp"
    yield "arp-in-vlan", ETHERNET, ether(vlan(Part(b"\0" * 28), 1, 0x0806), 0x8100).data, "arp"
    for name, kind, rest in (("lldp", 0x88cc, b"\2\7\4"), ("loopback-test", 0x9000, b"\0" * 46),
                             ("undefined-type", 1501, good), ("reserved-type", 0xffff, good),
                             ("spanning-tree", 38, b"\x42\x42\3" + b"\0" * 35), ("novell", 30, b"\xff\xff" + good),
                             ("other-oui", 48, b"\xaa\xaa\3\0\0\x0c\x20\0" + good),
                             ("pppoe-control", 0x8864, pppoe(Part(b"\1\1\0\4"), b"\xc0\x21").data),
                             ("pppoe-other-code", 0x8864, pppoe(Part(good), code=9).data),
                             ("pppoe-discovery", 0x8863, b"\x11\x09\0\0\0\0"),
                             ("pseudowire-of-what", 0x8847, mpls(Part(b"\x10\0\0\1" + b"\0" * 40), 9).data)):
        yield name, ETHERNET, ether(Part(rest), kind).data, "not-ip"
    yield "ppp-lcp", PPP, b"\xff\x03\xc0\x21\1\1\0\4", "not-ip"
    yield "raw-version-5", RAW, b"\x55" + good[1:], "not-ip"
    yield "null-appletalk", NULL, b"\x10\0\0\0" + good, "not-ip"
    yield "nflog-other-version", NFLOG, b"\2\1\0\0", "not-ip"
    yield "nflog-attribute-too-short", NFLOG, b"\2\0\0\0\3\0\x09\0" + good, "not-ip"
    for name, control, sequence in (("beacon", 0x0080, 0), ("null", 0x0048, 0), ("encrypted", 0x4108, 0),
                                    ("first-fragment", 0x0508, 0), ("later-fragment", 0x0108, 1)):
        data = wifi(ipv4(tcp()), control).data
        yield "wifi-" + name, WIFI, data[:22] + bytes([sequence]) + data[23:], "not-ip"
    data = wifi(ipv4(tcp()), 0x0188).data
    yield "wifi-aggregate", WIFI, data[:24] + b"\x80" + data[25:], "not-ip"
    yield "radiotap-of-7", RADIOTAP, b"\0\0\7\0\0\0\0\0" + data, "not-ip"
    yield "macsec-encrypted", ETHERNET, ether(Part(b"\x0c\0\0\0\0\1" + good), 0x88e5).data, "not-ip"
    yield "nsh-of-4", ETHERNET, ether(Part(b"\x0f\xc1\2\1" + good), 0x894f).data, "not-ip"
    yield "metadata-version-2", ETHERNET, ether(Part(b"\2\1\0\1\0\7\x08\0" + good), 0x8909).data, "not-ip"
    yield "arista-other", ETHERNET, ether(Part(b"\0\2\0\x10" + b"\1" * 8 + b"\x08\0" + good), 0xd28b).data, "not-ip"
    yield "arista-format-3", ETHERNET, ether(Part(b"\0\1\0\x30" + b"\1" * 8 + b"\x08\0" + good), 0xd28b).data, "not-ip"
    yield "fddi-token", FDDI, b"\x80" + ether(Part(good), 0x0800).data[:12] + b"\xaa\xaa\3\0\0\0\x08\0" + good, "not-ip"
    yield "ppi-in-ppi", PPI, struct.pack("<BBHI", 0, 0, 8, PPI) + struct.pack("<BBHI", 0, 0, 8, RAW) + good, "not-ip"
    yield "ppi-of-what", PPI, struct.pack("<BBHI", 0, 0, 8, 0x10001) + good, "not-ip"
    yield "ppi-of-4", PPI, struct.pack("<BBHI", 0, 0, 4, RAW) + good, "not-ip"
    yield "pktap-no-packet", PKTAP, pktap(RAW, 1, 0) + good, "not-ip"
    yield "frame-relay-lmi", FRAME_RELAY, b"\0\1\3\x08" + good, "not-ip"
    yield "empty", ETHERNET, b"", "cut-link"
    yield "empty-raw", RAW, b"", "cut-link"
    yield "empty-ipv4", IPV4, b"", "cut-ip"
    yield "nothing-in-ethernet", ETHERNET, ether(Part(b""), 0x0800).data, "cut-ip"
    yield "labels-without-end", ETHERNET, ether(Part(b"\0\1\0\1" * 400), 0x8847).data, "cut-link"
    yield "tags-without-end", ETHERNET, ether(Part(b"\0\1\x81\0" * 400), 0x8100).data, "cut-link"
    yield "version-6-for-4", ETHERNET, ether(Part(ipv6(tcp()).data), 0x0800).data, "bad-version"
    yield "version-4-for-6", IPV6, good, "bad-version"
    yield "version-0", ETHERNET, ether(Part(b"\0" * 20), 0x0800).data, "bad-version"
    yield "header-of-16", RAW, b"\x44" + good[1:], "bad-header-length"
    yield "header-of-60-in-20", RAW, b"\x4f" + good[1:], "bad-length"
    yield "total-of-19", RAW, ipv4(tcp(), total=19).data, "bad-length"
    yield "total-of-0-in-20", RAW, ipv4(Part(b"", dict(protocol=6)), total=0, header=24).data, "bad-length"
    yield "unknown-link", 147, ether(ipv4(tcp())).data, "unknown-link"


def tunnel_cases():
    inner4, inner6 = ipv4(tcp(), C4, D4), ipv6(udp(), C6, D6)
    frame4, frame6 = ether(inner4, None, MAC_C, MAC_D), ether(vlan(inner6, 33), 0x8100, MAC_C, MAC_D)
    route = struct.pack(">HBB", 2, 0, 8) + b"\0" * 8 + struct.pack(">HBB", 0, 0, 0)
    for name, part in (
            ("gre", gre(inner4)), ("gre-ipv6", gre(inner6)), ("gre-checksum", gre(inner4, flags=0x8000)),
            ("gre-key", gre(inner4, flags=0x2000, key=0xdeadbeef)), ("gre-sequence", gre(inner4, flags=0x1000)),
            ("gre-all", gre(inner4, flags=0xb000, key=5)), ("gre-routes", gre(inner4, flags=0x4000, routes=route)),
            ("gre-all-routes", gre(inner4, flags=0xf000, key=5, routes=route)),
            ("gre-of-fragment", gre(ipv4(later(UDP), ident=8, flags=0, offset=9))),
            ("gre-ethernet", gre(frame6, 0x6558)), ("gre-mpls", gre(mpls(inner4, 55), 0x8847)),
            ("gre-ppp", gre(inner4.behind(b"\xff\x03\0\x21"), 0x880b)),
            ("pptp", gre(inner4.behind(b"\x21"), 0x880b, 0x3081, 0x00200001)),
            ("pptp-no-data-ack", gre(inner4.behind(b"\0\x21"), 0x880b, 0x2001, 7)),
            ("erspan-1", gre(frame4, 0x88be)), ("erspan-2", gre(frame4, 0x88be, 0x1000, between=b"\x10" + b"\0" * 7)),
            ("erspan-3", gre(frame6, 0x22eb, 0x1000, between=b"\x20" + b"\0" * 11)),
            ("erspan-3-platform", gre(frame6, 0x22eb, 0x1000, between=b"\x20" + b"\0" * 10 + b"\1" + b"\0" * 8)),
            ("erspan-2-truncated", gre(ether(ipv4(tcp(), C4, D4, total=1500), None, MAC_C, MAC_D), 0x88be, 0x1000,
                                       between=b"\x10\0\4\0" + b"\0" * 4)),
            ("erspan-3-truncated", gre(ether(ipv4(tcp(), C4, D4, total=1500), None, MAC_C, MAC_D), 0x22eb, 0x1000,
                                       between=b"\x20\0\4\0" + b"\0" * 8)),
            ("gre-longer-than-the-wire", gre(shorter(ipv4(tcp(), C4, D4, total=1500), 45))),
            ("gre-in-udp", in_udp(inner4, "gre", 4754, b"\0\0\x08\0")),
            ("gre-in-udp-key", in_udp(frame6, "gre", 4754, b"\x20\0\x65\x58\0\0\0\7", 7, framed=True)),
            ("4in4", ip_in_ip(inner4)), ("6in4", ip_in_ip(inner6)), ("vxlan", vxlan(frame4)),
            ("vxlan-vlan", vxlan(frame6)), ("vxlan-gpe", vxlan(frame4, port=4790)),
            ("vxlan-gpe-ip", in_udp(inner4, "vxlan", 4790, b"\x0c\0\0\1\0\0\7\0", 7)),
            ("vxlan-gpe-ipv6", in_udp(inner6, "vxlan", 4790, b"\x0c\0\0\2\0\0\7\0", 7)),
            ("vxlan-gpe-ethernet", in_udp(frame4, "vxlan", 4790, b"\x0c\0\0\3\0\0\7\0", 7, framed=True)),
            ("vxlan-gpe-nsh", in_udp(inner4.behind(b"\x0f\xc2\2\1\0\0\1\xff"), "vxlan", 4790,
                                     b"\x0c\0\0\4\0\0\7\0", 7)),
            ("geneve", geneve(frame4)), ("geneve-options", geneve(frame6, option_words=3)),
            ("geneve-ip", geneve(inner4, kind=0x0800, framed=False)), ("gtpu", gtpu(inner4)),
            ("gtpu-ipv6", gtpu(inner6)), ("gtpu-sequence", gtpu(inner4, flags=0x32, optional=b"\0\1\0\0")),
            ("gtpu-number", gtpu(inner4, flags=0x31, optional=b"\0\0\7\x85")),
            ("gtpu-no-extension", gtpu(inner4, flags=0x34, optional=b"\0\0\0\0")),
            ("gtpu-extensions", gtpu(inner4, flags=0x34, optional=b"\0\0\0\x85\1\0\0\xc0\2\0\0\0\0\0\0\0")),
            ("teredo", teredo(inner6)), ("teredo-from-server", teredo(inner6, port=40000, source=3544)),
            ("teredo-origin", teredo(inner6, b"\0\0" + b"\xff" * 6)),
            ("teredo-authentication", teredo(inner6, b"\0\1\2\3" + b"\xee" * 14)),
            ("teredo-both", teredo(inner6, b"\0\1\0\0" + b"\xee" * 9 + b"\0\0" + b"\xff" * 6)),
            ("vxlan-in-gre", gre(ipv4(vxlan(frame4), "10.0.0.1", "10.0.0.2")))):
        yield name, ether(vlan(ipv4(part), 44), 0x8100)
        yield name + "-over-ipv6", ether(ipv6(part))
    fifth = ipv4(ip_in_ip(inner4), C4, D4)
    for name, part in ("four-deep", inner4), ("five-deep", Part(fifth.data, fifth.closed)):
        for _ in range(4):
            part = ipv4(ip_in_ip(part))
        yield name, ether(part)


def shut_tunnel_cases():
    """What looks like a tunnel and is none, or can't be opened: counts as what is around it."""
    inner4 = ipv4(tcp(), C4, D4)
    frame4 = ether(inner4, None, MAC_C, MAC_D)
    for name, part in (("gre-version-2", gre(inner4, flags=2)), ("gre-version-1-of-ip", gre(inner4, flags=0x2001)),
                       ("gre-of-arp", gre(ether(Part(b"\0" * 28), 0x0806), 0x6558)), ("gre-of-cdp", gre(inner4, 0x2000)),
                       ("vxlan-no-vni", vxlan(frame4, flags=0)), ("vxlan-of-nothing", vxlan(Part(b""))),
                       ("geneve-version-1", geneve(frame4, option_words=64)), ("gtp-prime", gtpu(inner4, flags=0x20)),
                       ("gtpu-echo", gtpu(inner4, kind=1)), ("gtpu-of-what", gtpu(Part(b"\x50" * 30))),
                       ("gtpu-extension-of-0", gtpu(inner4, flags=0x34, optional=b"\0\0\0\x85\0\0\0\0")),
                       ("teredo-of-ipv4", teredo(inner4)), ("4in4-bad", ip_in_ip(ipv4(tcp(), total=19)))):
        yield name, ether(ipv4(part))
    yield "fragment-of-gre", ether(ipv4(gre(inner4), ident=5, flags=MORE))
    yield "fragment-of-vxlan", ether(ipv4(vxlan(frame4), ident=5, flags=MORE))


def cases():
    for name, link, part in [*link_cases(), *ip_cases()]:
        yield Case(name, link, part)
    for name, link, part, changes in special_cases():
        yield Case(name, link, part, **changes)
    for name, link, data, verdict in bad_cases():
        yield Case(name, link, Part(data), verdict)
    for name, part in tunnel_cases():
        yield Case(name, ETHERNET, part, tunnels=TUNNELS[1:])
        yield Case(name + "-shut", ETHERNET, part)
    for name, part in shut_tunnel_cases():
        yield Case(name, ETHERNET, Part(part.data, part.closed), tunnels=TUNNELS[1:])


# Captures -----------------------------------------------------------------------------------------------------------


class Pcap:
    def __init__(self, out, link=ETHERNET, nano=False, big=False, snaplen=262144):
        self.out, self.snaplen, self.unit = out, snaplen, 1 if nano else 1000
        order = ">" if big else "<"
        self.head = struct.Struct(order + "IIII").pack
        out.write(struct.pack(order + "IHHiIII", 0xa1b23c4d if nano else 0xa1b2c3d4, 2, 4, 0, 0, snaplen, link))

    def write(self, time_ns, data, wire=None):
        """`wire`: the frame's length, where it is more than the data."""
        seconds, rest = divmod(time_ns, 1000000000)
        captured = data[:self.snaplen]
        self.out.write(self.head(seconds, rest // self.unit, len(captured), wire or len(data)) + captured)


class Pcapng:
    def __init__(self, out, link=ETHERNET, nano=False, big=False, snaplen=262144):
        self.out, self.snaplen, self.unit = out, snaplen, 1 if nano else 1000
        self.order = ">" if big else "<"
        out.write(self._block(0x0a0d0d0a, struct.pack(self.order + "IHHq", 0x1a2b3c4d, 1, 0, -1)))
        resolution = struct.pack(self.order + "HHB3xHH", 9, 1, 9 if nano else 6, 0, 0)
        out.write(self._block(1, struct.pack(self.order + "HHI", link, 0, snaplen) + resolution))

    def _block(self, kind, body):
        length = struct.pack(self.order + "I", 12 + len(body))
        return struct.pack(self.order + "I", kind) + length + body + length

    def write(self, time_ns, data, wire=None):
        captured = data[:self.snaplen]
        time = time_ns // self.unit
        head = struct.pack(self.order + "IIIII", 0, time >> 32, time & 0xffffffff, len(captured), wire or len(data))
        self.out.write(self._block(6, head + captured + b"\0" * (-len(captured) % 4)))


FRAGMENTED = 2049  # the port whose datagrams come in two fragments, from the client alone
# (share, protocol, server port, octets that the server sends in a packet, mean packets)
SERVICES = ((51, TCP, 443, 1500, 40), (9, TCP, 80, 1500, 20), (2, TCP, 22, 200, 60), (2, TCP, 25, 900, 12),
            (18, UDP, 53, 180, 2), (9, UDP, 443, 1280, 50), (3, UDP, 123, 76, 2), (3, UDP, 40000, 1052, 80),
            (2, ICMP, 0, 84, 5), (1, UDP, FRAGMENTED, 1824, 20))


class Flow:
    """A connection's frames, made once: (octets, frame) of the first, of either direction, and of the last."""

    def __init__(self, draw):
        self.six, tags, service = draw() < 0.12, int(draw() * 50), draw() * 100
        for share, self.protocol, port, bulk, mean in SERVICES:
            service -= share
            if service < 0:
                break
        client, server = 0x0a000000 + int(draw() * 0x40000), 0xac100000 + int(draw() ** 3 * 0x2000)
        self.ends = ["2001:db8::%x:%x" % divmod(end, 65536) if self.six else str(ipaddress.IPv4Address(end))
                     for end in (client, server)]
        self.tags = [int(draw() * 20) + 1 for _ in range((tags < 5) + (tags < 1))]  # of 50 flows 4 have one, 1 has two
        self.ports = 1024 + int(draw() * 64000), port
        self.left = 1 + int(draw() * 2 * mean)
        small = {TCP: 52, UDP: 80, ICMP: 84}[self.protocol]
        small += 20 if self.six and self.protocol == TCP else 0
        if port == FRAGMENTED:
            self.opening, self.closing = self.fragments(bulk, int(draw() * 65536))
            self.directions = self.opening, self.closing
            return
        self.opening = self.frame(0, small, 2)
        self.directions = (self.frame(0, small, 0x10), self.frame(1, max(bulk, small), 0x18))
        self.closing = self.frame(0, small, 0x11)

    def frame(self, sender, octets, flags):
        source, destination = self.ends[sender], self.ends[1 - sender]
        ends = self.ports[sender], self.ports[1 - sender]
        head = 40 if self.six else 20
        if self.protocol == TCP:
            part = tcp(*ends, flags, b"\0" * (octets - head - 20))
        elif self.protocol == UDP:
            part = udp(*ends, b"\0" * (octets - head - 8))
        else:
            part = Part(bytes([(128 if self.six else 8) if sender == 0 else (129 if self.six else 0)])
                        + b"\0" * (octets - head - 1), dict(protocol=ICMPV6 if self.six else ICMP))
        return self.framed(ipv6(part, source, destination) if self.six else ipv4(part, source, destination))

    def fragments(self, octets, ident):
        """Of a datagram of so many octets, a multiple of 16 without the IP header."""
        whole = udp(*self.ports, b"\0" * (octets - 8))
        half = octets // 2
        for part, offset in (Part(whole.data[:half], whole.fields), 0), (later(UDP, whole.data[half:]), half // 8):
            if self.six:
                yield self.framed(extended(part, fragment(offset, offset == 0, ident), source=self.ends[0],
                                           destination=self.ends[1]))
            else:
                yield self.framed(ipv4(part, *self.ends, ident=ident, offset=offset, flags=0 if offset else MORE))

    def framed(self, part):
        octets, kind = len(part.data), None
        for tag in self.tags:
            part, kind = vlan(part, tag, kind), 0x8100
        return octets, ether(part, kind, pad=60).data


def mix(count, seed=1, concurrent=20000, start_ns=1700002200 * 10 ** 9, gap_ns=2000):
    """(time in ns, octets, whether IPv6, frame): `concurrent` connections at a time, a packet each `gap_ns` on average."""
    draw = random.Random(seed).random
    flows = [Flow(draw) for _ in range(concurrent)]
    opened = [False] * concurrent
    time = start_ns
    for _ in range(count):
        time += 1 + int(draw() * 2 * gap_ns)
        i = int(draw() * concurrent)
        flow = flows[i]
        if not opened[i]:
            opened[i] = True
            frame = flow.opening
        elif flow.left > 0:
            flow.left -= 1
            frame = flow.directions[draw() < 0.6]
        else:
            frame = flow.closing
            flows[i], opened[i] = Flow(draw), False
        yield time, frame[0], flow.six, frame[1]


# Command line -------------------------------------------------------------------------------------------------------


SEEDS = ("ethernet", "snap", "vlan-stacked-88a8", "backbone", "mpls-three", "pseudowire", "pppoe-mpls", "ppp-compressed",
         "sll", "sll2", "raw-ipv6", "null-30-big", "nflog", "options-40", "tcp-split-rest", "ah", "icmp",
         "every-extension", "first-fragment-ipv6", "jumbo", "gre-all-routes", "erspan-3-platform", "pptp", "6in4",
         "vxlan-vlan", "geneve-options", "gtpu-extensions", "teredo-both", "four-deep", "e-tag-vlan", "metadata", "macsec-sender",
         "nsh-mpls", "wifi-qos-bridge", "wifi-qos-ht", "radiotap-padded", "frame-relay-bridged", "ipoib", "vxlan-gpe-nsh",
         "fabric-path-vlan", "arista-short-vlan", "fddi-50", "ppi-wifi", "pktap-outgoing-raw", "gre-in-udp-key")
FOUND = ("options-beyond-the-wire",)  # by the fuzzer


def write_seeds(folder):
    """As fuzz_packet.c reads them: link type, tunnels, bytes of the wire not captured (at most 255), frame."""
    for case in cases():
        if case.name in SEEDS:
            head = (LINKS.index(case.link), sum(1 << TUNNELS.index(name) for name in case.tunnels),
                    min(case.wire - len(case.data), 255))
            (folder / case.name).write_bytes(bytes(head) + case.data)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("cases")
    commands.add_parser("seeds").add_argument("folder", type=pathlib.Path)
    maker = commands.add_parser("mix")
    maker.add_argument("count", type=int)
    maker.add_argument("--pcapng", action="store_true")
    maker.add_argument("--nano", action="store_true")
    maker.add_argument("--big-endian", action="store_true")
    maker.add_argument("--snaplen", type=int, default=96)
    maker.add_argument("--seed", type=int, default=1)
    maker.add_argument("--gap", type=int, default=2000, metavar="NS", help="between two packets, on average")
    maker.add_argument("--concurrent", type=int, default=20000, metavar="CONNECTIONS")
    chosen = parser.parse_args()
    if chosen.command == "cases":
        print("# Made by tests/integration/packets.py cases. = NAME LINK-TYPE TUNNELS WIRE-LENGTH, bytes, what they are.")
        for case in cases():
            print(case.text(), end="")
    elif chosen.command == "seeds":
        write_seeds(chosen.folder)
    else:
        capture = (Pcapng if chosen.pcapng else Pcap)(sys.stdout.buffer, ETHERNET, chosen.nano, chosen.big_endian,
                                                      chosen.snaplen)
        sums = {"ipv4": [0, 0], "ipv6": [0, 0]}
        for time, octets, six, frame in mix(chosen.count, chosen.seed, chosen.concurrent, gap_ns=chosen.gap):
            capture.write(time, frame)
            family = sums["ipv6" if six else "ipv4"]
            family[0] += 1
            family[1] += octets
        print(json.dumps({name: dict(zip(("packets", "octets"), both)) for name, both in sums.items()}),
              file=sys.stderr)


if __name__ == "__main__":
    main()
