"""flowimport export: what collectors make of it. Ours, by the letter of the standards; nfcapd; nfacctd; tshark."""
import calendar
import collections
import contextlib
import datetime
import ipaddress
import json
import re
import shutil
import signal
import socket
import subprocess
import threading

import pytest

import generator
import ipfix
import packets
import rig

TOOLS = rig.TOP / "build/tools"
FLOW = ("source", "destination", "source_port", "destination_port", "protocol", "start", "stop", "packets", "octets")
RATE = 50000  # records a second: what collectors read from a socket's default buffer


# Collectors ----------------------------------------------------------------------------------------------------------


class Receiver(threading.Thread):
    """A collector that keeps what comes: datagrams, or the streams of connections one after the other."""

    def __init__(self, tcp=False):
        super().__init__(daemon=True)
        self.tcp = tcp
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.received = []
        if tcp:
            self.socket.listen()
        self.start()

    def url(self):
        return "%s://127.0.0.1:%d" % ("tcp" if self.tcp else "udp", self.port)

    def run(self):
        while True:
            try:
                if not self.tcp:
                    self.received.append(self.socket.recv(65536))
                    continue
                connection = self.socket.accept()[0]
            except OSError:
                return
            with connection:
                self.received.append(b"".join(iter(lambda: connection.recv(65536), b"")))

    def until(self, done, version=10, domain=0):
        """Waits until done(session) of a session that has read all messages, which it returns."""
        def read():
            session = ipfix.Session(version, domain)
            for data in list(self.received):
                for message in ipfix.stream_messages(data) if self.tcp else [data]:
                    session.feed(message)
            return session if done(session) else None
        return rig.wait_for(read, "all messages", step=0.05)

    def messages(self, records, version=10, domain=0):
        """Waits for so many."""
        session = self.until(lambda session: len(session.records) >= records, version, domain)
        assert len(session.records) == records
        return session

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.join(rig.BOUND)


@pytest.fixture
def receiver():
    receivers = []

    def make(tcp=False):
        receivers.append(Receiver(tcp))
        return receivers[-1]
    yield make
    for one in receivers:
        one.close()


def udp_state(port):
    """(bytes that wait to be read, datagrams dropped) of the socket bound to the port; None: there is none."""
    with open("/proc/net/udp", encoding="ascii") as lines:
        for line in lines:
            words = line.split()
            if words[1].endswith(":%04X" % port):
                return int(words[4].split(":")[1], 16), int(words[-1])
    return None


class Collector:
    """A program that reads a UDP port of its own."""

    def __init__(self, folder, name, command, stop):
        if not (TOOLS / name).exists():
            pytest.skip("no %s: etc/install-deps.sh test" % name)
        self.port, self.stop = rig.free_port(), stop
        self.process = rig.Process([str(word).replace("PORT", str(self.port)) for word in [TOOLS / name, *command]],
                                   folder, name)
        rig.wait_for(lambda: udp_state(self.port), lambda: "%s to listen:\n%s" % (name, self.process.output()))

    def finish(self):
        """Everything was read, nothing dropped; then it ends and writes."""
        rig.wait_for(lambda: udp_state(self.port)[0] == 0, "the socket to be empty")
        assert udp_state(self.port)[1] == 0
        self.process.signal(self.stop)
        self.process.wait()
        return self.process.output()


class Nfcapd(Collector):
    def __init__(self, folder):
        self.files = folder / "nfcapd"
        self.files.mkdir()
        super().__init__(folder, "nfcapd", ["-w", self.files, "-p", "PORT", "-b", "127.0.0.1", "-t", "3600", "-S", "0"],
                         signal.SIGTERM)

    def flows(self):
        """(its own sums, the flows that nfdump prints)."""
        text = self.finish()
        names = "Flows", "Packets", "Bytes", "Sequence Errors", "Bad Packets"
        sums = re.search(", ".join(name + r": (\d+)" for name in names), text)
        assert sums, text
        printed = subprocess.run([TOOLS / "nfdump", "-R", self.files, "-o", "json"], stdout=subprocess.PIPE, check=True)
        return tuple(map(int, sums.groups())), json.loads(printed.stdout)


class Nfacctd(Collector):
    CONFIG = """
daemonize: false
nfacctd_ip: 127.0.0.1
nfacctd_port: PORT
nfacctd_renormalize: true
nfacctd_stitching: false
plugins: print
aggregate: src_host, dst_host, src_port, dst_port, proto, tcpflags, timestamp_start, timestamp_end
print_output: json
print_output_file: FOLDER/nfacctd.json
print_refresh_time: 86400
print_cache_entries: 16411
plugin_pipe_size: 67108864
plugin_buffer_size: 1048576
"""

    def __init__(self, folder):
        self.out = folder / "nfacctd.json"
        port = rig.free_port()
        config = folder / "nfacctd.conf"
        config.write_text(self.CONFIG.replace("FOLDER", str(folder)).replace("PORT", str(port)))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rig, "free_port", lambda: port)
            super().__init__(folder, "nfacctd", ["-f", config], signal.SIGINT)
        rig.wait_for(lambda: "JSON: setting object handlers" in self.process.output(), self.process.output)

    def flows(self):
        text = self.finish()
        assert "ERROR" not in text, text
        # Its writer is a process of its own, which outlives it.
        rig.wait_for(lambda: "Purging cache - END" in self.process.output(), self.process.output)
        return [json.loads(line) for line in self.out.read_text().splitlines()]


# Flows ---------------------------------------------------------------------------------------------------------------


def text_of(address):
    return str(ipaddress.ip_address(address))


def expected_of(entry):
    entry = json.loads(entry)
    six = "sourceIPv6Address" in entry
    return (text_of(entry["sourceIPv6Address" if six else "sourceIPv4Address"]),
            text_of(entry["destinationIPv6Address" if six else "destinationIPv4Address"]),
            entry["sourceTransportPort"], entry["destinationTransportPort"], entry["protocolIdentifier"],
            entry["flowStartSeconds"] * 1000, entry["flowEndSeconds"] * 1000, entry["packetDeltaCount"],
            entry["octetDeltaCount"])


def as_tuple(record):
    return tuple(record.get(name, 0) for name in FLOW)


def summed(flows):
    return sum(flow[7] for flow in flows), sum(flow[8] for flow in flows)


def export(folder, *words, code=0):
    done = subprocess.run([rig.BUILD / "flowimport", "-c", "/dev/null", "export", "--max-rate", str(RATE),
                           *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                          timeout=rig.BOUND, check=False)
    out, err = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == code, (done.returncode, out, err)
    return out, err


def write(path, entries):
    path.write_bytes(b"".join(raw + b"\n" for raw in entries))
    return path


@pytest.fixture(scope="module")
def entries():
    return list(generator.flows(6000, seed=401, six=0.3))


@pytest.fixture(scope="module")
def expected(entries):
    return [expected_of(entry) for entry in entries]


@pytest.fixture
def file(folder, entries):
    return write(folder / "flows.jsonl", entries)


def capture_write(path, count=20000, seed=7):
    with open(path, "wb") as out:
        capture = packets.Pcap(out)
        sums = [0, 0]
        for time, octets, _, frame in packets.mix(count, seed, concurrent=500):
            capture.write(time, frame)
            sums[0] += 1
            sums[1] += octets
    return tuple(sums)


# To the letter -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["udp", "tcp", "v9"])
def test_every_flow_comes_as_it_is(folder, receiver, file, expected, kind):
    collector = receiver(tcp=kind == "tcp")
    out, _ = export(folder, "--collectors", collector.url() + ("?v9" if kind == "v9" else ""), "--observation-domain",
                    70000, file)
    session = collector.messages(len(expected), 9 if kind == "v9" else 10, 70000)
    assert [as_tuple(record) for record in session.records] == expected
    assert out == "6000 flows sent; 0 entries too old, 0 rejected\n"
    # The export time is that of the latest flow.
    assert session.export_time == max(flow[6] for flow in expected) // 1000


@pytest.mark.parametrize("mtu", [640, 1400, 9000, 65507])
def test_no_message_is_longer_than_the_mtu(folder, receiver, file, expected, mtu):
    collector = receiver()
    export(folder, "--collectors", collector.url(), "--mtu", mtu, file)
    assert [as_tuple(record) for record in collector.messages(len(expected)).records] == expected
    assert max(map(len, collector.received)) <= mtu
    assert max(map(len, collector.received)) > mtu - 80


def test_several_collectors_get_the_same(folder, receiver, file, expected):
    first, second, third = receiver(), receiver(tcp=True), receiver()
    export(folder, "--collectors", "%s, %s,%s?v9" % (first.url(), second.url(), third.url()), file)
    for collector, version in (first, 10), (second, 10), (third, 9):
        assert [as_tuple(record) for record in collector.messages(len(expected), version).records] == expected


def test_configured_keys_are_the_template(folder, receiver):
    collector = receiver()
    file = write(folder / "flows.jsonl", [generator.one(ipClassOfService=184, sourceMacAddress="02:00:00:00:00:01"),
                                          generator.one(flowStartSeconds=1700002809)])
    export(folder, "--collectors", collector.url(), "--aggr-values", "destinationTransportPort,ipClassOfService,"
           "sourceMacAddress", file)
    assert collector.messages(2).records == [
        {"destination_port": 443, "5": tos, "56": mac, "start": start * 1000, "stop": 1700002820000, "packets": 10,
         "octets": 1000} for tos, mac, start in ((184, 0x020000000001, 1700002810), (0, 0, 1700002809))]
    _, err = export(folder, "--collectors", collector.url(), "--aggr-values", "bgpSourceAsNumber", file, code=2)
    assert err == "flowimport: aggr_values: bgpSourceAsNumber can't be exported\n"


def test_rejected_entries_are_named(folder, receiver):
    collector = receiver()
    file = write(folder / "flows.jsonl", [generator.one(), b"not json", generator.one(octetDeltaCount=None), b"",
                                          generator.one(flowEndSeconds=1),
                                          generator.one(flowStartSeconds=1600000000, flowEndSeconds=1600000001)])
    out, err = export(folder, "--collectors", collector.url(), "--max-flow-age", "5y", file, code=3)
    assert out == "1 flows sent; 1 entries too old, 3 rejected\n"
    assert err.splitlines() == ["%s:%s" % (file, told) for told in (
        "2: rejected: not-json ", "3: rejected: missing-field octetDeltaCount",
        "5: rejected: ends-before-start flowEndSeconds")]
    assert len(collector.messages(1).records) == 1


def test_nobody_listens(folder, file):
    url = "udp://127.0.0.1:%d" % rig.free_port()
    _, err = export(folder, "--collectors", url, file, code=1)
    assert "export: %s: send: Connection refused\n" % url in err


def test_a_connection_is_waited_for(folder, file, expected):
    """The collector comes up late."""
    port = rig.free_port()
    url = "tcp://127.0.0.1:%d" % port
    process = rig.Process([rig.BUILD / "flowimport", "-c", "/dev/null", "export", "--retry-max", "50ms", "--collectors",
                           url, file], folder, "export")
    rig.wait_for(lambda: "connect: Connection refused; trying again" in process.output(), process.output)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        listener.settimeout(rig.BOUND)
        with listener.accept()[0] as connection:
            data = b"".join(iter(lambda: connection.recv(65536), b""))
    assert process.wait() == 0, process.output()
    session = ipfix.Session(10)
    for message in ipfix.stream_messages(data):
        session.feed(message)
    assert [as_tuple(record) for record in session.records] == expected
    assert session.template_sets == 1


@pytest.mark.parametrize("words, message", [
    (["sctp://localhost"], "[export] collectors"), (["udp://localhost/x"], "expected udp://host[:4739]"),
    (["tcp://localhost?v9"], "expected udp://host[:4739]")])
def test_a_wrong_url_is_refused(folder, file, words, message):
    _, err = export(folder, "--collectors", *words, file, code=2)
    assert message.split("] ")[-1] in err and words[0] in err
    _, err = export(folder, "--collectors", "udp://nowhere.invalid", file, code=1)
    assert err.startswith("flowimport: 'nowhere.invalid': ")


# Captures ------------------------------------------------------------------------------------------------------------


def test_biflows(folder, receiver):
    """Both directions' counts, in reverse elements or as two flows."""
    path = folder / "mix.pcap"
    sums = capture_write(path)
    rules = "both: five-tuple biflow + tcpControlBits flowEndReason"
    collector, apart, nine = receiver(), receiver(), receiver()
    urls = "%s,%s?uniflows,%s?v9" % (collector.url(), apart.url(), nine.url())
    out, _ = export(folder, "--rules", rules, "--collectors", urls, path)
    count = int(out.split()[0])
    records = collector.messages(count).records
    assert sum(record["packets"] + record.get("reverse_packets", 0) for record in records) == sums[0]
    assert sum(record["octets"] + record.get("reverse_octets", 0) for record in records) == sums[1]
    two_sided = [record for record in records if "reverse_packets" in record]
    assert 0 < len(two_sided) < count
    assert all(record["reverse_packets"] > 0 and record["reverse_start"] >= record["start"] for record in two_sided)
    expected = []
    for record in records:
        expected.append(as_tuple(record))
        if "reverse_packets" in record:
            expected.append((record["destination"], record["source"], record["destination_port"], record["source_port"],
                             record["protocol"], *(record["reverse_" + name] for name in FLOW[5:])))
    for other, version in (apart, 10), (nine, 9):
        assert [as_tuple(record) for record in other.messages(len(expected), version).records] == expected


def test_several_rules(folder, receiver):
    path = folder / "mix.pcap"
    sums = capture_write(path, 3000)
    collector = receiver()
    out, _ = export(folder, "--rules", "one: sourceIPv4Address destinationIPv4Address, two: protocolIdentifier",
                    "--collectors", collector.url(), path)
    records = collector.messages(int(out.split()[0])).records
    for rule in ([record for record in records if "source" in record],
                 [record for record in records if "protocol" in record]):
        assert (sum(record["packets"] for record in rule), sum(record["octets"] for record in rule)) == sums


@pytest.mark.parametrize("version", [9, 10])
def test_sampling_is_told(folder, receiver, version):
    """Counts go out as they were seen."""
    path = folder / "mix.pcap"
    sums = capture_write(path, 5000)
    collector = receiver()
    out, _ = export(folder, "--sampling", 5, "--collectors", collector.url() + ("?v9" if version == 9 else ""), path)
    session = collector.messages(int(out.split()[0]), version)
    assert sum(record["packets"] for record in session.records) == sums[0] / 5
    plain = {"scope 1": 0, "interval": 5} if version == 9 else {"scope 149": 0, "interval": 1, "space": 4}
    assert session.options == [plain, dict(plain, algorithm=1)]
    entries = write(folder / "entries.jsonl", [generator.one()])
    _, err = export(folder, "--sampling", 5, "--collectors", collector.url(), entries, code=2)
    assert err.endswith("contains entries, whose counts are complete: sampling must be 1\n")


# Other people's collectors -------------------------------------------------------------------------------------------


def milliseconds(text):
    """"2023-11-14T22:15:00.250" or with a blank, in UTC."""
    time = datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc)
    return calendar.timegm(time.timetuple()) * 1000 + time.microsecond // 1000


def nfdump_tuple(flow):
    return (text_of(flow.get("src4_addr") or flow["src6_addr"]), text_of(flow.get("dst4_addr") or flow["dst6_addr"]),
            flow.get("src_port", 0), flow.get("dst_port", 0), flow["proto"], milliseconds(flow["first"]),
            milliseconds(flow["last"]), flow["in_packets"], flow["in_bytes"])


def nfacctd_tuple(flow):
    return (text_of(flow["ip_src"]), text_of(flow["ip_dst"]), flow["port_src"], flow["port_dst"],
            socket.getprotobyname(flow["ip_proto"]), milliseconds(flow["timestamp_start"]),
            milliseconds(flow["timestamp_end"]), flow["packets"], flow["bytes"])


def merged(flows):
    """Flows of equal keys and times as one."""
    sums = collections.defaultdict(lambda: [0, 0])
    for flow in flows:
        sums[flow[:7]][0] += flow[7]
        sums[flow[:7]][1] += flow[8]
    return sums


@pytest.fixture(params=["ipfix", "v9"])
def version(request):
    return "?v9" if request.param == "v9" else ""


def test_nfcapd(folder, file, expected, version):
    collector = Nfcapd(folder)
    export(folder, "--collectors", "udp://127.0.0.1:%d%s" % (collector.port, version), file)
    sums, flows = collector.flows()
    assert sums == (len(expected), *summed(expected), 0, 0)
    assert collections.Counter(map(nfdump_tuple, flows)) == collections.Counter(expected)


def test_nfacctd(folder, file, expected, version):
    collector = Nfacctd(folder)
    export(folder, "--collectors", "udp://127.0.0.1:%d%s" % (collector.port, version), file)
    assert merged(map(nfacctd_tuple, collector.flows())) == merged(expected)


def test_both_scale_samples(folder, receiver, version):
    path = folder / "mix.pcap"
    capture_write(path, 10000)
    ours, nfcapd, nfacctd = receiver(), Nfcapd(folder), Nfacctd(folder)
    urls = ",".join("udp://127.0.0.1:%d%s" % (port, version) for port in (ours.port, nfcapd.port, nfacctd.port))
    out, _ = export(folder, "--sampling", 4, "--collectors", urls, path)
    seen = summed([as_tuple(record) for record in ours.messages(int(out.split()[0]), 9 if version else 10).records])
    assert seen[0] == 2500
    sums, flows = nfcapd.flows()
    # Options records are data records, and count (RFC 7011, 3.1); nfcapd does not count them.
    assert sums[1:] == (4 * seen[0], 4 * seen[1], 0 if version else 1, 0)
    assert all(flow["sampled"] for flow in flows)
    flows = nfacctd.flows()
    assert (sum(flow["packets"] for flow in flows), sum(flow["bytes"] for flow in flows)) == (4 * seen[0], 4 * seen[1])


def test_both_count_biflows(folder):
    """nfcapd reads reverse elements; nfacctd doesn't, and gets two flows."""
    path = folder / "mix.pcap"
    octets = capture_write(path)
    nfcapd, nfacctd = Nfcapd(folder), Nfacctd(folder)
    out, _ = export(folder, "--rules", "both: five-tuple biflow + tcpControlBits", "--collectors",
                    "udp://127.0.0.1:%d,udp://127.0.0.1:%d?uniflows" % (nfcapd.port, nfacctd.port), path)
    sums, flows = nfcapd.flows()
    assert sums == (int(out.split()[0]), *octets, 0, 0)
    assert any(flow.get("out_packets") for flow in flows)
    assert all(milliseconds(flow["first"]) <= milliseconds(flow["last"]) for flow in flows)
    flows = nfacctd.flows()
    assert (sum(flow["packets"] for flow in flows), sum(flow["bytes"] for flow in flows)) == octets
    # SYN and ACK of a client, PSH and ACK of a server.
    assert {flow["tcp_flags"] for flow in flows if flow["ip_proto"] == "tcp"} >= {"18", "24"}


def tshark(path, *words):
    done = subprocess.run(["tshark", "-n", "-r", path, "-d", "udp.port==4739,cflow", *words], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=True, timeout=rig.BOUND)
    return done.stdout.decode().splitlines()


def datagrams_write(path, messages):
    with open(path, "wb") as out:
        capture = packets.Pcap(out)
        for i, message in enumerate(messages):
            capture.write(i, packets.ether(packets.ipv4(packets.udp(40000, 4739, message))).data)


@pytest.mark.skipif(not shutil.which("tshark"), reason="no tshark")
def test_tshark(folder, receiver, file, expected, version):
    collector, path = receiver(), folder / "export.pcap"
    export(folder, "--collectors", collector.url() + version, file)
    collector.messages(len(expected), 9 if version else 10)
    datagrams_write(path, collector.received)
    assert tshark(path, "-Y", "_ws.malformed || _ws.expert") == []
    fields = "srcaddr", "srcaddrv6", "dstaddr", "dstaddrv6", "srcport", "dstport", "protocol", "packets", "octets"
    columns = [[value for cell in column for value in cell.split(",") if value] for column in zip(*(
        line.split("\t") for line in tshark(path, "-T", "fields", *(
            word for name in fields for word in ("-e", "cflow." + name)))))]
    found = dict(zip(fields, columns))
    assert sorted(found["srcaddr"] + found["srcaddrv6"]) == sorted(flow[0] for flow in expected)
    assert sorted(found["dstaddr"] + found["dstaddrv6"]) == sorted(flow[1] for flow in expected)
    for name, place in ("srcport", 2), ("dstport", 3), ("protocol", 4), ("packets", 7), ("octets", 8):
        assert list(map(int, found[name])) == [flow[place] for flow in expected], name


@pytest.mark.skipif(not shutil.which("tshark"), reason="no tshark")
def test_tshark_finds_nothing_wrong_with_options_and_biflows(folder, receiver, version):
    capture, path, collector = folder / "mix.pcap", folder / "export.pcap", receiver()
    packets_of_both_rules = 2 * capture_write(capture)[0]
    rules = ("both: five-tuple biflow + tcpControlBits ipTTL dot1qVlanId, "
             "times: five-tuple + flowStartMicroseconds flowEndNanoseconds")
    for sampling, options in (1, 0), (4, 1):
        collector.received.clear()
        export(folder, "--sampling", sampling, "--rules", rules, "--collectors", collector.url() + version, capture)
        collector.until(lambda session: sum(record["packets"] + record.get("reverse_packets", 0)
                                            for record in session.records) * sampling == packets_of_both_rules,
                        9 if version else 10)
        datagrams_write(path, collector.received)
        assert tshark(path, "-Y", "_ws.malformed || _ws.expert") == []
        assert len(tshark(path, "-Y", "cflow.flowset_id == %d" % (1 if version else 3))) == options
