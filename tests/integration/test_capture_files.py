"""Capture files into flows: made ones to the field, recorded ones to the octet, and what VERMONT made of the same."""
import collections
import gzip
import json
import os
import shutil
import signal
import struct
import subprocess
import zlib

import pytest

import packets
import reference
import rig

SHARED = rig.TOP.parent / "shared" / "samples"
recorded = pytest.mark.skipif(not (SHARED / "pcap" / "INDEX.tsv").exists(), reason="no recorded captures")
START = 1700002200  # of packets.mix()


def flowimport(*words, code=0, stdin=None):
    """Standard output and standard error."""
    done = subprocess.run([rig.BUILD / "flowimport", "-c", "/dev/null", *words], input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, timeout=rig.BOUND,
                          stdin=subprocess.DEVNULL if stdin is None else None)
    assert done.returncode == code, done.stderr.decode()
    return done.stdout, done.stderr.decode()


def flows_of(*words, **more):
    return [json.loads(line) for line in flowimport("print", *words, **more)[0].splitlines()]


def sums(flows):
    """[IPv4 packets, octets, IPv6 packets, octets]"""
    total = [0, 0, 0, 0]
    for flow in flows:
        first = 2 if "sourceIPv6Address" in flow else 0
        for prefix in ("p", "revP"):
            total[first] += flow.get(prefix + "acketDeltaCount", 0)
        for prefix in ("o", "revO"):
            total[first + 1] += flow.get(prefix + "ctetDeltaCount", 0)
    return total


def capture(path, frames, kind=packets.Pcap, **options):
    """`frames`: (seconds, bytes[, length on the wire])"""
    with open(path, "wb") as out:
        writer = kind(out, **options)
        for seconds, *frame in frames:
            writer.write(int(seconds * 1000000) * 1000, *frame)
    return path


def mix(path, count, kind=packets.Pcap, seed=1, concurrent=500, **options):
    """Returns its sums as sums() does."""
    total = [0, 0, 0, 0]
    with open(path, "wb") as out:
        writer = kind(out, packets.ETHERNET, **options)
        for time, octets, six, frame in packets.mix(count, seed, concurrent):
            writer.write(time, frame)
            total[2 if six else 0] += 1
            total[3 if six else 1] += octets
    return total


# Recorded captures ----------------------------------------------------------------------------------------------------


# Ours less tshark's, where they differ: packets and octets of IPv4, of IPv6.
DIFFERENCES = {
    "ndpi_fuzz-2006-09-29-28586.pcap": ([0, 30541 - 38758, 0, 0], "a length beyond the end of the frame is no length"),
    "zeek_trunc_ip6-ext.pcap": ([0, 0, 0, -20], "cut by a program that says of the frame that there was no more"),
    "zeek_trunc_ip4.pcap": ([-1, -32, 0, 0], "cut off before the addresses: no flow to count it in"),
    "zeek_trunc_ip6.pcap": ([0, 0, -1, -60], "cut off within the destination address"),
    "zeek_trunc_ipv4-broken.pcap": ([-1, -20, 0, 0], "20 octets in all with a header of 60: a receiver drops it"),
}


def index():
    path = SHARED / "pcap" / "INDEX.tsv"
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    return [(line.split("\t")[0], [int(field) for field in line.split("\t")[4:8]]) for line in lines]


@recorded
@pytest.mark.parametrize("rules", ["f: five-tuple", "f: five-tuple biflow", "f: sourceIPv4Address/8 flowDirection"])
def test_every_packet_and_octet_of_recorded_captures(rules):
    assert len(index()) > 40
    for name, wanted in index():
        differs = DIFFERENCES.get(name, ([0, 0, 0, 0],))[0]
        got = sums(flows_of("--rules", rules, SHARED / "pcap" / name))
        assert got == [a + b for a, b in zip(wanted, differs)], name


@recorded
def test_recorded_captures_into_tables(make_site):
    """All but the one of the year 2107, whose time no table holds."""
    site = make_site("sqlite", import_={"max_flow_duration": "1d"})
    names = [(name, wanted) for name, wanted in index() if "2107" not in name]
    paths = [SHARED / "pcap" / name for name, _ in names]
    site.run("--once", *paths)
    wanted = [sum(column) for column in zip(*(wanted for _, wanted in names))]
    for differs, _ in DIFFERENCES.values():
        wanted = [a + b for a, b in zip(wanted, differs)]
    ledger = site.ledger()
    assert ledger["packetDeltaCount"] == wanted[0] + wanted[2]
    assert ledger["octetDeltaCount"] == wanted[1] + wanted[3]
    lines = [line for path in paths for line in flowimport("print", path)[0].splitlines()]
    assert ledger["entries"] == ledger["imported"] == len(lines)
    rig.assert_tables(site.tables(), reference.Import().add_all(lines).tables())
    site.verify()
    site.run("--once", SHARED / "pcap" / "tcpdump_time_2107.pcapng", code=3)


ADDRESSES = ("sourceIPv4Address", "destinationIPv4Address")
TUPLE = ADDRESSES + ("sourceTransportPort", "destinationTransportPort", "protocolIdentifier")
ICMP = "of ICMP it has no type and code in the destination port"
# VERMONT's file: capture, rules, keys, how many flows are its and ours alone, and why.
VERMONT = {
    "ndpi_KakaoTalk_chat.5t": ("ndpi_KakaoTalk_chat.pcap", "five-tuple", TUPLE, 1, 1, ICMP),
    "ndpi_dns_fragmented.5t": ("ndpi_dns_fragmented.pcap", "five-tuple", TUPLE, 4, 4, "it drops later fragments"),
    "ndpi_fuzz-2006-09-29-28586.5t": ("ndpi_fuzz-2006-09-29-28586.pcap", "five-tuple", TUPLE, 2, 7,
                                      "it drops later fragments, protocols but four, and what is behind IP options; it "
                                      "believes a length of 9587 in a frame of 1514"),
    "tcpdump_time_2107.5t": ("tcpdump_time_2107.pcapng", "five-tuple", TUPLE, 1, 1, "its seconds have 32 bits"),
    "vermont_mongo_test.5t": ("vermont_mongo_test.pcap", "five-tuple", TUPLE, 1, 1, ICMP),
    "zeek_Teredo.5t": ("zeek_Teredo.pcap", "five-tuple", TUPLE, 2, 4,
                       "it doesn't end flows with FIN; two servers say FIN again after 17 and 27 seconds"),
    "zeek_trunc_icmp.5t": ("zeek_trunc_icmp.pcap", "five-tuple", TUPLE, 1, 1, ICMP),
    "zeek_wikipedia.5t": ("zeek_wikipedia.pcap", "five-tuple", TUPLE, 0, 0, None),
    "wikipedia.hostpair": ("zeek_wikipedia.pcap", " ".join(ADDRESSES), ADDRESSES, 0, 0, None),
    "wikipedia.portsonly": ("zeek_wikipedia.pcap", "destinationTransportPort", TUPLE[3:4], 0, 0, None),
    "wikipedia.tos": ("zeek_wikipedia.pcap", "five-tuple ipClassOfService", TUPLE + ("ipClassOfService",), 0, 0, None),
    "wikipedia.icmp": ("zeek_wikipedia.pcap", " ".join(ADDRESSES) + " protocolIdentifier icmpTypeCodeIPv4",
                       ADDRESSES + ("protocolIdentifier", "icmpTypeCodeIPv4"), 0, 0, None),
    "wikipedia.total": ("zeek_wikipedia.pcap", "five-tuple + octetTotalCount packetTotalCount",
                        TUPLE + ("octetTotalCount", "packetTotalCount"), 0, 0, None),
    "wikipedia.msec": ("zeek_wikipedia.pcap", "five-tuple", TUPLE + ("flowStartMilliseconds", "flowEndMilliseconds"), 0,
                       0, None),
    "wikipedia.v2014.biflow_flags": ("zeek_wikipedia.pcap", "five-tuple biflow + tcpControlBits",
                                     TUPLE + ("revPacketDeltaCount", "revOctetDeltaCount", "tcpControlBits",
                                              "revTcpControlBits"), 0, 0, None),
}


def seconds(flow, which):
    for name, unit in (("Seconds", 1), ("Milliseconds", 1000), ("MilliSeconds", 1000)):
        if "flow" + which + name in flow:
            return flow["flow" + which + name] // unit
    raise KeyError(which)


@recorded
@pytest.mark.parametrize("name", sorted(VERMONT))
def test_flows_are_those_of_vermont(name):
    """But for IPv6, which it has not, and what the table says."""
    file, rule, keys, theirs_alone, ours_alone, _ = VERMONT[name]

    def counted(flows):
        return collections.Counter(tuple(flow.get(key, 0) for key in keys)
                                   + (seconds(flow, "Start"), seconds(flow, "End"), flow["packetDeltaCount"],
                                      flow["octetDeltaCount"]) for flow in flows)
    lines = (SHARED / "vermont" / (name + ".jsonl")).read_bytes().splitlines()
    theirs = counted(json.loads(line) for line in lines)
    ours = counted(flows_of("--rules", "f: ip -> " + rule, SHARED / "pcap" / file))
    assert sum((theirs - ours).values()) == theirs_alone, theirs - ours
    assert sum((ours - theirs).values()) == ours_alone, ours - theirs


# Captures of our own --------------------------------------------------------------------------------------------------


EVERY = ("f: five-tuple ipClassOfService ipTTL flowLabelIPv6 tcpControlBits dot1qVlanId dot1qCustomerVlanId "
         "mplsTopLabelStackSection sourceMacAddress destinationMacAddress ingressInterface flowDirection "
         "icmpTypeCodeIPv4")
UNCOUNTED = {"arp", "not-ip", "cut-link", "cut-ip", "bad-version", "bad-header-length", "bad-length", "unknown-link"}


def expected_flow(case, at):
    """The flow of a case's packet alone."""
    field = lambda name: case.fields.get(name, 0)
    version = field("family")
    packed = {end: packets.packed(field(end)) for end in ("source", "destination")}
    flow = {end + "IPv%dAddress" % version: int.from_bytes(packed[end], "big") if version == 4
            else str(packets.ipaddress.ip_address(packed[end])) for end in packed}
    icmp = field("destination_port") if field("protocol") in (packets.ICMP, packets.ICMPV6) else 0
    no_mac = ":".join(["00"] * 6)
    flow.update({"sourceTransportPort": field("source_port"), "destinationTransportPort": field("destination_port"),
                 "protocolIdentifier": field("protocol"), "ipClassOfService": field("tos"), "ipTTL": field("ttl"),
                 "flowLabelIPv6": field("flow_label"), "tcpControlBits": field("tcp_flags"),
                 "dot1qVlanId": field("vlan") & 0xfff, "dot1qCustomerVlanId": field("customer_vlan") & 0xfff,
                 "mplsTopLabelStackSection": "%06x" % (field("mpls_top") >> 12 << 4),
                 "sourceMacAddress": field("source_mac") or no_mac,
                 "destinationMacAddress": field("destination_mac") or no_mac, "ingressInterface": field("interface"),
                 "flowDirection": field("outgoing"), "icmpTypeCodeIPv%d" % version: icmp,
                 "flowStartMilliseconds": at * 1000, "flowEndMilliseconds": at * 1000, "packetDeltaCount": 1,
                 "octetDeltaCount": field("octets")})
    return flow


def test_every_case_is_one_exact_flow(folder):
    """So far from each other in time that no two are in one flow."""
    groups = collections.defaultdict(list)
    for case in packets.cases():
        groups[case.link, tuple(case.tunnels)].append(case)
    assert len(groups) > 10
    for (link, tunnels), cases in groups.items():
        times = [START + 1000 * i for i in range(len(cases))]
        path = capture(folder / "cases.pcap", [(at, case.data, case.wire) for at, case in zip(times, cases)], link=link)
        out, err = flowimport("--rules", EVERY, "--decapsulate", ",".join(tunnels), "print", path,
                              code=3 if link == 147 else 0)
        wanted = [(case, expected_flow(case, at)) for at, case in zip(times, cases) if case.verdict not in UNCOUNTED]
        got = [json.loads(line) for line in out.splitlines()]
        for (case, flow), ours in zip(wanted, got):
            assert ours == flow, case.name
        assert len(got) == len(wanted), (link, tunnels)
        for verdict, number in collections.Counter(case.verdict for case in cases).items():
            assert verdict == "ok" or ": %d " % number in err, err


@pytest.mark.parametrize("kind", [packets.Pcap, packets.Pcapng])
def test_all_kinds_of_files_hold_the_same(folder, kind):
    mix(folder / "plain", 3000)
    plain, err = flowimport("print", folder / "plain")
    assert "3000 packets" in err
    for big in (False, True):
        for nano in (False, True):
            path = folder / "other"
            mix(path, 3000, kind, big=big, nano=nano)
            assert flowimport("print", path)[0] == plain
    data = path.read_bytes()
    (folder / "packed.gz").write_bytes(gzip.compress(data, 1))
    assert flowimport("print", folder / "packed.gz")[0] == plain
    assert flowimport("print", "--format", "pcap", "-", stdin=data)[0] == plain
    assert flowimport("print", "-", stdin=gzip.compress(data, 1))[0] == plain
    assert flowimport("print", folder / "plain", path)[0] == plain * 2


def test_lines_are_printed_as_they_are(folder):
    (folder / "lines").write_bytes(b'{"a":1}\r\n\n{"b" : 2}\nnot JSON')
    assert flowimport("print", folder / "lines")[0] == b'{"a":1}\n{"b" : 2}\nnot JSON\n'
    mix(folder / "capture", 100)
    flowimport("print", code=2)
    _, err = flowimport("print", folder / "nowhere", code=1)
    assert "nowhere: No such file" in err
    _, err = flowimport("print", "--format", "pcap", folder / "lines", code=1)
    assert "lines: at byte 0: not a capture: it starts with neither pcap's nor pcapng's magic number" in err


@pytest.mark.parametrize("words, complaint", [
    (("--rules", "flows"), "--rules: 'flows': a rule must begin with its name and ':'"),
    (("--rules", "a: tcp port -> five-tuple"), "--rules: rule 'a': 'tcp port': "),
    (("--filter", "ip nonsense"), "--filter: 'ip nonsense': "),
    (("--decapsulate", "gre, ipsec"), "--decapsulate: 'ipsec' is not a tunnel; expected gre, ip, vxlan"),
    (("--sampling", "0"), "--sampling: "),
    (("--inactive-timeout", "0"), "--inactive-timeout: "),
])
def test_options_that_cannot_be(words, complaint):
    _, err = flowimport(*words, "print", "nowhere", code=2)
    assert complaint in err


def test_rules_of_a_file_with_continued_lines(folder):
    """A match sees the frame as it is: what is in a VLAN has to be asked for."""
    wanted = mix(folder / "capture", 1000)
    (folder / "conf").write_text("[capture]\nrules = all: five-tuple,\n  nets: ip or (vlan and (ip or (vlan and ip))) ->\n"
                                 "  sourceIPv4Address/14 destinationIPv4Address/20/56,\n"
                                 "  six: ip6 or (vlan and (ip6 or (vlan and ip6))) -> protocolIdentifier\n")
    done = subprocess.run([rig.BUILD / "flowimport", "-c", folder / "conf", "print", folder / "capture"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    flows = [json.loads(line) for line in done.stdout.splitlines()]
    every = [flow for flow in flows if "sourceTransportPort" in flow]
    nets = [flow for flow in flows if "sourceIPv4Address" in flow and "sourceTransportPort" not in flow]
    six = [flow for flow in flows if {"sourceIPv4Address", "sourceIPv6Address"}.isdisjoint(flow)]
    assert len(every) + len(nets) + len(six) == len(flows)
    assert sums(every) == wanted
    assert sums(nets) == wanted[:2] + [0, 0]
    assert sum(flow["octetDeltaCount"] for flow in six) == wanted[3]
    assert nets and all(flow["sourceIPv4Address"] % (1 << 18) == flow["destinationIPv4Address"] % (1 << 12) == 0
                        for flow in nets)
    assert all("protocolIdentifier" in flow for flow in six)


def test_timeouts_and_ends(folder):
    frame = packets.ether(packets.ipv4(packets.udp())).data
    path = capture(folder / "capture", [(START + at, frame) for at in (0, 5, 20, 29, 38, 39)])
    flows = flows_of("--inactive-timeout", "10s", "--active-timeout", "19s", "--rules", "f: five-tuple + flowEndReason",
                     path)
    assert [(flow["flowStartMilliseconds"] // 1000 - START, flow["flowEndMilliseconds"] // 1000 - START,
             flow["packetDeltaCount"], flow["flowEndReason"]) for flow in flows] == [(0, 5, 2, 1), (20, 38, 3, 2),
                                                                                   (39, 39, 1, 4)]


def test_fragments_find_their_ports(folder):
    """Those that come after their first one, and before another minute."""
    first = packets.ether(packets.ipv4(packets.udp(), ident=7, flags=packets.MORE)).data
    later = packets.ether(packets.ipv4(packets.later(packets.UDP), ident=7, offset=100, flags=0)).data
    path = capture(folder / "capture", [(START, later), (START + 1, first), (START + 2, later), (START + 70, later)])
    flows = flows_of(path)
    assert [(flow["destinationTransportPort"], flow["packetDeltaCount"]) for flow in flows] == [(0, 2), (53, 2)]


def test_sampling_is_scaled_and_marked(folder):
    wanted = mix(folder / "capture", 20000, concurrent=50)
    for by in ("count", "hash"):
        flows = flows_of("--sampling", "10", "--sampling-by", by, "--rules", "f: five-tuple + samplingPopulation",
                         folder / "capture")
        assert all(flow["samplingPopulation"] == 10 and flow["packetDeltaCount"] % 10 == 0 for flow in flows)
        got = sums(flows)
        assert 0.8 < (got[0] + got[2]) / (wanted[0] + wanted[2]) < 1.25
        assert by == "hash" or got[0] + got[2] == 20000


def test_memory_is_bounded_and_its_end_is_told(folder):
    wanted = mix(folder / "capture", 60000, concurrent=30000)
    out, err = flowimport("print", "--capture-memory", "1M", folder / "capture")
    assert "flows ended early: [capture] memory is full" in err
    assert sums(json.loads(line) for line in out.splitlines()) == wanted


@pytest.mark.skipif(rig.SANITIZED, reason="a sanitizer's memory is not the program's")
def test_a_million_flows_within_the_memory(folder):
    """Each has two packets, far from each other in the file."""
    count, memory = 1000000, 100 << 20
    frame = packets.ether(packets.ipv4(packets.udp())).data
    source = frame.index(packets.packed(packets.A4))
    head, tail = frame[:source], frame[source + 4:]
    record = struct.Struct("<IIII").pack
    with open(folder / "capture", "wb", buffering=1 << 20) as out:
        packets.Pcap(out)
        for second in range(2):
            for i in range(count):
                out.write(record(START + second, i, len(frame), len(frame)) + head + struct.pack(">I", i) + tail)
    child = subprocess.Popen([rig.BUILD / "flowimport", "-c", "/dev/null", "--capture-memory", str(memory), "print",
                              folder / "capture"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    first = child.stdout.readline()  # the table is full, and waits to be printed
    with open("/proc/%d/status" % child.pid, encoding="ascii") as lines:
        peak = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    rest = child.communicate()[0].splitlines()
    assert child.returncode == 0
    assert [b'"packetDeltaCount":2,' in line for line in [first, *rest]] == [True] * count
    assert peak < memory + (16 << 20)


def test_damaged_blocks_are_told_of_and_cost_only_their_packets(folder, make_site):
    def block(kind, contents):
        contents += b"\0" * (-len(contents) % 4)
        return struct.pack("<II", kind, len(contents) + 12) + contents + struct.pack("<I", len(contents) + 12)

    def packet(interface=0, captured=None):
        frame = packets.ipv4(packets.udp()).data
        head = struct.pack("<IIIII", interface, 395939, 0, captured or len(frame), len(frame))
        return block(6, head + frame)
    blocks = [block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)), block(1, struct.pack("<HHI", 101, 0, 0)),
              packet(), packet(interface=3), packet(), packet(captured=2000), packet(interface=7), packet()]
    places = [sum(map(len, blocks[:i])) for i in range(len(blocks))]
    (folder / "capture").write_bytes(b"".join(blocks))
    site = make_site("sqlite")
    for err in flowimport("print", folder / "capture", code=3)[1], site.run("--once", folder / "capture", code=3)[1]:
        assert "capture: 3 packets, " in err
        for text, place in (("2 damaged blocks ignored, the first at byte %d: no block describes the packet's interface", 3),
                            ("1 damaged block ignored, at byte %d: the packet is longer than its block", 5)):
            assert text % places[place] in err
    assert site.ledger()["packetDeltaCount"] == 3
    site.verify()


def test_a_file_that_is_cut_off_is_counted_up_to_there(folder, make_site):
    wanted = mix(folder / "capture", 1000)
    data = (folder / "capture").read_bytes()
    (folder / "cut").write_bytes(data[:-5])
    out, err = flowimport("print", folder / "cut", code=3)
    assert "999 packets" in err and "cut: at byte " in err and ": truncated within a frame" in err
    got = sums(json.loads(line) for line in out.splitlines())
    assert wanted[0] + wanted[2] - got[0] - got[2] == 1
    site = make_site("sqlite")
    site.run("--once", folder / "cut", code=3)
    assert site.ledger()["packetDeltaCount"] == 999
    site.verify()


def packed_cut(folder, packing):
    """A packed capture that is cut in the middle, and what can be unpacked of it as a capture of its own."""
    mix(folder / "capture", 20000)
    data, cut = (folder / "capture").read_bytes(), folder / ("cut." + packing)
    if packing == "gz":
        whole = gzip.compress(data, 1)
        part = zlib.decompressobj(31).decompress(whole[:len(whole) // 2])
    else:
        whole = subprocess.run(["zstd", "-qc", folder / "capture"], check=True, stdout=subprocess.PIPE).stdout
        part = subprocess.run(["zstd", "-qdc"], input=whole[:len(whole) // 2], check=False, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL).stdout
        part = data[:len(part)]
    cut.write_bytes(whole[:len(whole) // 2])
    (folder / "part").write_bytes(part)
    return cut


@pytest.mark.parametrize("packing", ["gz", "zst"])
def test_a_packed_capture_that_is_cut_off_is_counted_as_far_as_it_goes(folder, make_site, make_redis, packing):
    if packing == "zst" and not shutil.which("zstd"):
        pytest.skip("no zstd")
    cut = packed_cut(folder, packing)
    flows, _ = flowimport("print", folder / "part", code=3)
    wanted = sums(json.loads(line) for line in flows.splitlines())
    assert wanted[0] + wanted[2] > 1000
    out, err = flowimport("print", cut, code=3)
    assert out == flows and "of its contents: unexpected end of file; the rest is missing\n" in err
    site = make_site("sqlite")
    for _ in range(2):
        _, err = site.run("--once", cut, code=3)
        assert "of its contents: unexpected end of file; the rest is missing\n" in err
    assert site.ledger()["packetDeltaCount"] == wanted[0] + wanted[2]
    site.verify()
    redis = make_redis()
    out, err = flowimport("--queue", redis.url(), "push", cut, code=3)
    assert out == b"%s: %d entries pushed onto entry:queue\n" % (os.fsencode(cut), flows.count(b"\n"))
    assert "of its contents: unexpected end of file; the rest is missing\n" in err


def test_link_types_that_are_not_supported_are_named(folder, make_site):
    frame = b"\0" * 60
    alone = capture(folder / "alone", [(START, frame)] * 3, link=195)
    _, err = flowimport("print", "--filter", "ip", alone, code=3)
    assert "alone: 3 not counted: link type 195 (IEEE802_15_4) is not supported\n" in err
    site = make_site("sqlite")
    _, err = site.run("--once", alone, code=3)
    assert "alone: 3 not counted: link type 195 (IEEE802_15_4) is not supported\n" in err
    nameless = capture(folder / "nameless", [(START, frame)], link=60000)
    assert "nameless: 1 not counted: link type 60000 is not supported\n" in flowimport("print", nameless, code=3)[1]


# Into tables ----------------------------------------------------------------------------------------------------------


def expect(site, path, times=1):
    lines = flowimport("print", path)[0].splitlines()
    assert site.ledger()["entries"] == times * len(lines)
    rig.assert_tables(site.tables(), reference.Import().add_all(lines * times).tables())
    site.verify()


def test_a_capture_into_tables(make_site, kind, folder):
    site = make_site(kind)
    wanted = mix(folder / "capture", 20000)
    _, err = site.run("--once", folder / "capture")
    assert "20000 packets, %d bytes" % (wanted[1] + wanted[3]) in err
    ledger = site.ledger()
    assert (ledger["packetDeltaCount"], ledger["octetDeltaCount"]) == (20000, wanted[1] + wanted[3])
    expect(site, folder / "capture")
    # The same contents under another name, packed or piped in, add nothing.
    data = (folder / "capture").read_bytes()
    (folder / "packed.gz").write_bytes(gzip.compress(data, 1))
    for path in folder / "packed.gz", "-":
        _, err = site.run("--once", path, stdin=data if path == "-" else None)
        assert "flows (%d entries) were already imported" % ledger["entries"] in err
    expect(site, folder / "capture")
    # With other options its flows are others: that they are in the tables has to be said again.
    _, err = site.run("--once", "--rules", "f: five-tuple biflow", folder / "capture", code=1)
    assert "were imported before with other [capture] options" in err
    expect(site, folder / "capture")
    site.run("--once", "--again", folder / "capture")
    expect(site, folder / "capture", 2)


def test_biflows_into_tables(make_site, folder):
    site = make_site("sqlite", capture={"rules": "f: five-tuple biflow + tcpControlBits"})
    wanted = mix(folder / "capture", 5000)
    site.run("--once", folder / "capture")
    ledger = site.ledger()
    assert (ledger["packetDeltaCount"], ledger["octetDeltaCount"]) == (5000, wanted[1] + wanted[3])
    assert ledger["flows"] > ledger["entries"]
    site.verify()


def test_killed_and_resumed(make_site, folder):
    site = make_site("sqlite", queue={"claim_entries": 500})
    mix(folder / "capture", 40000, concurrent=3000)
    for fault in ("mid-fold:700", "after-commit:1", "mid-flush:1"):
        done = subprocess.run(site.command("--once", folder / "capture"), check=False, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=dict(os.environ, FLOWIMPORT_FAULT=fault))
        assert done.returncode == -signal.SIGKILL, done.stdout
    _, err = site.run("--once", folder / "capture")
    assert "were already imported" in err
    expect(site, folder / "capture")
