"""Files of Zeek, Argus and nfdump: what the tools say of a capture is what the capture holds, and each line counts once."""
import collections
import gzip
import ipaddress
import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import time

import pytest

import packets
import reference
import rig
from test_capture_files import flowimport
from test_push import make_pusher, pusher, write  # noqa: F401  pylint: disable=unused-import

TOOLS = rig.TOP / "build/tools"
START = 1700002200


def tool(*names):
    return pytest.mark.skipif(not all((TOOLS / name).exists() for name in names),
                              reason="no %s: etc/install-deps.sh test" % " and ".join(names))


def run(name, *words, **env):
    return subprocess.run([TOOLS / name, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=True, timeout=rig.BOUND, env=dict(os.environ, **env)).stdout


# Tools' files of a capture --------------------------------------------------------------------------------------------


def ip_of(frame):
    """The type and the place of the IP header of a frame as packets.mix makes them."""
    kind, at = struct.unpack_from("!H", frame, 12)[0], 14
    while kind == 0x8100:
        kind, at = struct.unpack_from("!H", frame, at + 2)[0], at + 4
    return kind, at


def ends(frame):
    """(whether it is a fragment, source, destination) of such a frame."""
    kind, at = ip_of(frame)
    first, size, part = (at + 8, 16, frame[at + 6] == 44) if kind == 0x86dd else \
        (at + 12, 4, struct.unpack_from("!H", frame, at + 6)[0] & 0x3fff != 0)
    return (part, *(str(ipaddress.ip_address(frame[i:i + size])) for i in (first, first + size)))


def capture_write(path, octets_of, fragments=True, others=(), ends_of=ends):
    """{address: [packets and octets sent, packets and octets received]}, the octets by octets_of(octets of IP, frame);
    before them `others`, frames without IP."""
    hosts = collections.defaultdict(lambda: [0, 0, 0, 0])
    with open(path, "wb") as out:
        capture = packets.Pcap(out)
        for frame in others:
            capture.write(START * 10 ** 9, frame)
        for nanoseconds, octets, _, frame in packets.mix(20000, 51, 500, gap_ns=10 ** 5):
            part, *both = ends_of(frame)
            if part and not fragments:
                continue
            capture.write(nanoseconds, frame)
            for i, end in enumerate(both):
                hosts[end][2 * i] += 1
                hosts[end][2 * i + 1] += octets_of(octets, frame)
    return dict(hosts)


def address(flow, which):
    return str(ipaddress.ip_address(flow.get(which + "IPv4Address", flow.get(which + "IPv6Address"))))


def flows_of(lines):
    """Of queue entries, which may be lists of flows."""
    for line in lines:
        entry = json.loads(line)
        yield from entry if isinstance(entry, list) else [entry]


def hosts_of(lines):
    """The same from queue entries."""
    hosts = collections.defaultdict(lambda: [0, 0, 0, 0])
    for flow in flows_of(lines):
        both = address(flow, "source"), address(flow, "destination")
        for source, destination, prefix in (*both, "p"), (*both[::-1], "revP"):
            counts = [flow.get(prefix + "acketDeltaCount", 0),
                      flow.get(prefix.replace("p", "o").replace("P", "O") + "ctetDeltaCount", 0)]
            for i, count in enumerate(counts):
                hosts[source][i] += count
                hosts[destination][2 + i] += count
    return dict(hosts)


def tables_expect(site, path, lines):
    """--once makes of a file what the entries that print shows of it make."""
    site.run("--once", path)
    rig.assert_tables(site.tables(), reference.Import().add_all(lines).tables())
    site.verify()


def print_with(*words, code=0, **env):
    done = subprocess.run([rig.BUILD / "flowimport", "-c", "/dev/null", "print", *words], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=rig.BOUND,
                          env=dict(os.environ, **env))
    assert done.returncode == code, done.stderr.decode()
    return done.stdout, done.stderr.decode()


# Its own configuration, for what a machine has in /etc/ra.conf decides what it prints.
RA_CONF = 'RA_PRINT_MAN_RECORDS=yes\nRA_PRINT_EVENT_RECORDS=yes\nRA_PORT_DIRECTION="services,wellknown"\n'
RA = "stime,ltime,proto,saddr,sport,dir,daddr,dport,spkts,dpkts,sbytes,dbytes,state,svid"


MAC = b"\x02\0\0\0\0\x01"
ARP = b"\xff" * 6 + MAC + struct.pack("!HHHBBH6sIHII", 0x806, 1, 0x800, 6, 4, 1, MAC, 0xc0000201, 0, 0, 0xc0000209)
LLDP = b"\x01\x80\xc2\0\0\x0e" + MAC + b"\x88\xcc\x02\x07\x04" + MAC + b"\x04\x03\x07ab\x06\x02\0\x78\0\0"
STP = b"\x01\x80\xc2\0\0\0" + MAC + struct.pack("!HBBB", 38, 0x42, 0x42, 3) + bytes(35)
OTHERS = [frame.ljust(60, b"\0") for frame in (ARP, LLDP, STP)]


def argus_version():
    said = subprocess.run([TOOLS / "ra", "-h"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False).stdout
    return int(re.search(rb"Version (\d+)", said).group(1))


def ends_without_icmpv6(frame):
    """As Argus 5.0 has them, which loses the addresses of ICMPv6."""
    kind, at = ip_of(frame)
    return (False, "::", "::") if kind == 0x86dd and frame[at + 6] == 58 else ends(frame)


def icmp_of(lines, families=(1, 58)):
    """{(source, destination, type and code)} of queue entries."""
    return {(address(flow, "source"), address(flow, "destination"), flow["destinationTransportPort"])
            for flow in flows_of(lines) if flow["protocolIdentifier"] in families}


@tool("argus", "ra")
@pytest.mark.parametrize("words", [["-c", ",", "-u", "-n"], ["-c", ",", "-u"], ["-c", "|", "-u"], ["-c", ","]],
                         ids=["numbers", "names", "bars", "dates"])
def test_argus(make_site, folder, words):
    """To the octet; they are those of the frames, whose padding and tags Argus counts, too."""
    old = argus_version() < 5
    hosts = capture_write(folder / "capture", lambda octets, frame: len(frame), others=OTHERS,
                          ends_of=ends if old else ends_without_icmpv6)
    (folder / "rc").write_text(RA_CONF + 'RA_TIME_FORMAT="%Y-%m-%d %T.%f"\n')
    run("argus", "-F", "/dev/null", "-r", folder / "capture", "-w", folder / "argus")
    (folder / "ra").write_bytes(run("ra", "-F", folder / "rc", "-r", folder / "argus", *words, "-s", RA, TZ="Asia/Tokyo"))
    out, err = print_with(folder / "ra", TZ="Asia/Tokyo")
    assert err == "%s: %d records skipped: not IP flows, or counted elsewhere\n" % (folder / "ra", len(OTHERS) + 2 * old)  # its own, of start and end
    lines = out.splitlines()
    assert hosts_of(lines) == hosts
    icmp, captured = (icmp_of(all_lines, (1, 58)[:1 + old])
                      for all_lines in (lines, flowimport("print", folder / "capture")[0].splitlines()))
    assert icmp and icmp <= captured
    times = [flow[name] for flow in flows_of(lines) for name in ("flowStartMicroseconds", "flowEndMicroseconds")]
    assert START * 10 ** 6 <= min(times) and max(times) < (START + 3) * 10 ** 6
    if "-u" in words:
        tables_expect(make_site("sqlite"), folder / "ra", lines)


@tool("argus", "ra")
def test_argus_without_what_is_needed(folder):
    capture_write(folder / "capture", lambda octets, frame: 0)
    run("argus", "-F", "/dev/null", "-r", folder / "capture", "-w", folder / "argus")
    (folder / "rc").write_text(RA_CONF)
    (folder / "plain").write_bytes(run("ra", "-F", folder / "rc", "-r", folder / "argus", "-c", ","))
    _, err = flowimport("print", folder / "plain", code=3)
    assert err.startswith("%s:2: column 'LastTime': not in the header: ra -c , -u -nn -s stime," % (folder / "plain"))
    (folder / "undated").write_bytes(run("ra", "-F", folder / "rc", "-r", folder / "argus", "-c", ",", "-s", RA))
    _, err = flowimport("print", folder / "undated", code=3)
    assert "%s:3: column 'StartTime': '" % (folder / "undated") in err
    assert "; ra -u prints the former\n" in err


def nfdump_version():
    said = subprocess.run([TOOLS / "nfdump", "-V"], stdout=subprocess.PIPE, check=True).stdout.decode()
    return tuple(map(int, re.search(r"(\d+)\.(\d+)\.(\d+)", said).groups()))


def nfdump_times(path, lines):
    """To the millisecond, but in whole seconds in csv of versions before 1.7.4, which has another header."""
    first = min(json.loads(line)["flowStartMicroseconds"] for line in lines)
    last = max(json.loads(line)["flowEndMicroseconds"] for line in lines)
    seconds = path.read_bytes().startswith(b"ts,")
    assert first == START * 10 ** 6
    assert last // 10 ** 6 == START + 2 and last % 1000 == 0 and (last % 10 ** 6 == 0) == seconds


CHOSEN = "csv:%ts,%te,%pr,%sa,%sp,%da,%dp,%ipkt,%ibyt,%opkt,%obyt"


@tool("nfpcapd", "nfdump")
@pytest.mark.parametrize("words", [["-o", "csv"], ["-o", "csv", "-q"], ["-o", "json"], ["-o", "csv", "-B"],
                                   ["-b", "-o", "json"], ["-b", "-o", CHOSEN], ["-o", "json", "-a"],
                                   ["-o", "csv", "-O", "tstart"]],
                         ids=lambda words: " ".join(words).replace(CHOSEN, "chosen"))
def test_nfdump(make_site, folder, words):
    """To the octet of IP; but nfpcapd counts fragments in a way of its own, so there are none. -B of newer versions swaps
    the addresses of flows without an answer, and not their counts, so both directions are those of -b."""
    new = nfdump_version() >= (1, 7, 4)
    if "-b" in words and not new:
        pytest.skip("nfdump before 1.7.4 has no csv of chosen columns, and only one direction in json")
    hosts = capture_write(folder / "capture", lambda octets, frame: octets, fragments=False)
    (folder / "flows").mkdir()
    run("nfpcapd", "-r", folder / "capture", "-w", folder / "flows")
    path = folder / "nfdump"
    path.write_bytes(run("nfdump", "-R", folder / "flows", *words, TZ="America/New_York"))
    # Nothing that could be known: csv without its header, or, since 1.7.4, an output for people.
    if ("-q" in words and not new) or (words == ["-o", "csv", "-B"] and new):
        _, err = flowimport("print", *["--format", "nfdump"] if "-q" in words else [], path, code=3)
        assert err.startswith("%s:1: no header line before it: nfdump -o csv prints it" % path)
        return
    out, err = print_with(path, TZ="America/New_York")
    assert err == ""
    lines = out.splitlines()
    assert hosts_of(lines) == hosts
    assert bool({"-b", "-B"} & set(words)) == any(b"revPacketDeltaCount" in line for line in lines)
    icmp = icmp_of(lines)
    assert icmp and icmp <= icmp_of(flowimport("print", folder / "capture")[0].splitlines())
    nfdump_times(path, lines)
    site = make_site("sqlite")
    site.run("--once", path, env={"TZ": "America/New_York"})
    rig.assert_tables(site.tables(), reference.Import().add_all(lines).tables())
    site.verify()


# Zeek's logs, as its manual describes them ----------------------------------------------------------------------------

FIELDS = (("ts", "time"), ("uid", "string"), ("id.orig_h", "addr"), ("id.orig_p", "port"), ("id.resp_h", "addr"),
          ("id.resp_p", "port"), ("proto", "enum"), ("service", "string"), ("duration", "interval"),
          ("orig_bytes", "count"), ("resp_bytes", "count"), ("conn_state", "string"), ("missed_bytes", "count"),
          ("history", "string"), ("orig_pkts", "count"), ("orig_ip_bytes", "count"), ("resp_pkts", "count"),
          ("resp_ip_bytes", "count"), ("tunnel_parents", "set[string]"))
HEADER = ("#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
          "#open\t2023-11-14-22-50-00\n#fields\t%s\n#types\t%s\n" %
          tuple("\t".join(field[i] for field in FIELDS) for i in (0, 1))).encode()
CLOSE = b"#close\t2023-11-15-00-00-00\n"


def connection(i):
    """The i-th connection: Zeek's values, None where one is unset."""
    draw = random.Random(i)
    six = draw.random() < 0.2
    hosts = [("2001:db8::%x" if six else "10.0.0.%d") % draw.randrange(1, 200) for _ in range(2)]
    start, tcp, answered = START + draw.randrange(3600 * 10 ** 6) / 10 ** 6, draw.random() < 0.5, draw.random() < 0.8
    duration = draw.randrange(60 * 10 ** 6) / 10 ** 6 if answered else None
    sent, got = draw.randrange(1, 90), draw.randrange(1, 90) if answered else 0
    return dict(zip((name for name, _ in FIELDS), (
        start, "C%d" % i, hosts[0], 1024 + draw.randrange(60000), hosts[1], draw.choice((53, 80, 443)),
        "tcp" if tcp else "udp", "dns" if draw.random() < 0.2 else None, duration, sent * 10 if answered else None,
        got * 20 if answered else None, "SF" if answered else "S0", 0, "Dd", sent, sent * 60, got, got * 70, ())))


def as_text(row):
    def value(name, kind):
        if row[name] is None:
            return "-"
        if name == "tunnel_parents":
            return "(empty)"
        return "%.6f" % row[name] if kind in ("time", "interval") else str(row[name])
    return "\t".join(value(*field) for field in FIELDS).encode()


def as_object(row):
    return json.dumps({name: row[name] for name, _ in FIELDS if row[name] is not None}).encode()


def as_entry(row):
    six, protocol = "v6" if ":" in row["id.orig_h"] else "v4", {"tcp": 6, "udp": 17}[row["proto"]]

    def host(name):
        return row[name] if six == "v6" else int(ipaddress.ip_address(row[name]))
    start = round(row["ts"] * 10 ** 6)
    entry = {"sourceIP%sAddress" % six: host("id.orig_h"), "destinationIP%sAddress" % six: host("id.resp_h"),
             "protocolIdentifier": protocol, "sourceTransportPort": row["id.orig_p"],
             "destinationTransportPort": row["id.resp_p"], "flowStartMicroseconds": start,
             "flowEndMicroseconds": start + round((row["duration"] or 0) * 10 ** 6),
             "packetDeltaCount": row["orig_pkts"], "octetDeltaCount": row["orig_ip_bytes"]}
    if row["resp_pkts"]:
        entry.update(revPacketDeltaCount=row["resp_pkts"], revOctetDeltaCount=row["resp_ip_bytes"])
    if row["service"]:
        entry["applicationName"] = row["service"]
    return json.dumps(entry, separators=(",", ":")).encode()


ROWS = [connection(i) for i in range(6000)]
ENTRIES = [as_entry(row) for row in ROWS]


def zeek_log(rows, sort="text"):
    if sort == "object":
        return b"".join(as_object(row) + b"\n" for row in rows)
    # Two logs behind each other, as they are when days are put together: the header comes again.
    middle = len(rows) // 2
    return b"".join(HEADER + b"".join(as_text(row) + b"\n" for row in part) + CLOSE
                    for part in (rows[:middle], rows[middle:]))


def packed(path, data, packing):
    if packing == "gzip":
        data = gzip.compress(data, 1)
    if packing == "zstd":
        data = subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("packing", ["plain", "gzip", "zstd"])
@pytest.mark.parametrize("sort", ["text", "object"])
def test_zeek(make_site, folder, sort, packing):
    if packing == "zstd" and not shutil.which("zstd"):
        pytest.skip("no zstd: etc/install-deps.sh test")
    path = packed(folder / "conn.log", zeek_log(ROWS, sort), packing)
    out, err = flowimport("print", path)
    assert (out.splitlines(), err) == (ENTRIES, "")
    assert flowimport("print", "-", stdin=path.read_bytes())[0] == out
    assert flowimport("print", "--format", "zeek", path)[0] == out
    tables_expect(make_site("sqlite"), path, ENTRIES)


def test_zstd_of_entries_and_captures(folder):
    if not shutil.which("zstd"):
        pytest.skip("no zstd: etc/install-deps.sh test")
    path = packed(folder / "entries", b"\n".join(ENTRIES), "zstd")
    assert flowimport("print", path)[0].splitlines() == ENTRIES
    capture_write(folder / "capture", lambda octets, frame: octets)
    path = packed(folder / "packed", (folder / "capture").read_bytes(), "zstd")
    assert flowimport("print", path)[0] == flowimport("print", folder / "capture")[0]
    whole = path.read_bytes()
    path.write_bytes(whole[:len(whole) // 2])
    _, err = flowimport("print", path, code=3)
    assert "of its contents: unexpected end of file; the rest is missing\n" in err
    path.write_bytes(whole[:100] + bytes(40) + whole[140:])
    _, err = flowimport("print", path, code=1)
    assert "flowimport: %s: at byte " % path in err
    path = folder / "frames"  # two behind each other
    path.write_bytes(packed(folder / "a", ENTRIES[0] + b"\n", "zstd").read_bytes()
                     + packed(folder / "b", ENTRIES[1], "zstd").read_bytes())
    assert flowimport("print", path)[0].splitlines() == ENTRIES[:2]


# Lines that are wrong ------------------------------------------------------------------------------------------------


def bad_log():
    """12 of 40 lines are wrong."""
    lines = [as_text(row) for row in ROWS[:40]]
    for i in range(0, 36, 3):
        lines[i] = lines[i].replace(b"\t" + ROWS[i]["proto"].encode() + b"\t", b"\ttpc\t")
    return lines, [lines[i] for i in range(0, 36, 3)], [ENTRIES[i] for i in range(40) if i >= 36 or i % 3]


def said_of(path, bad):
    """The first ten by one, the rest by its number."""
    return "".join("%s:%d: column 'proto': 'tpc' is not a valid protocol; expected 0 to 255 or a name in /etc/protocols\n"
                   % (path, 9 + 3 * i) for i in range(10)) + \
        "%s: more rejected entries are counted, not shown\n%s: %d entries were rejected\n" % (path, path, len(bad))


def test_bad_lines_are_said_kept_and_mended(make_site, folder):
    lines, bad, good = bad_log()
    path, aside = folder / "conn.log", folder / "aside"
    path.write_bytes(HEADER + b"\n".join(lines) + b"\n" + CLOSE)
    site = make_site("sqlite")
    _, err = site.run("--once", "--rejected", aside, path, code=3)
    assert err == said_of(path, bad)
    assert (site.ledger()["entries"], site.ledger()["imported"], site.ledger()["rejected"]) == (40, 28, 12)
    kept = HEADER.replace(b"#open\t2023-11-14-22-50-00\n", b"")
    assert aside.read_bytes() == kept + b"\n".join(bad) + b"\n"
    fixed = folder / "fixed"
    fixed.write_bytes(aside.read_bytes().replace(b"\ttpc\t", b"\t6\t"))
    site.run("--once", fixed)
    assert site.ledger()["imported"] == 40
    wanted = good + [line.replace(b'"protocolIdentifier":17', b'"protocolIdentifier":6') for line in ENTRIES[0:36:3]]
    rig.assert_tables(site.tables(), reference.Import().add_all(wanted).tables())
    site.run("--once", path)  # nothing more
    assert site.ledger()["entries"] == 52


def test_bad_lines_are_said_and_kept_by_print_and_push(pusher, folder):  # noqa: F811
    lines, bad, good = bad_log()
    path, aside = folder / "conn.log", folder / "aside"
    path.write_bytes(HEADER + b"\n".join(lines))
    out, err = flowimport("print", "--rejected", aside, path, code=3)
    assert (out.splitlines(), err) == (good, said_of(path, bad))
    first = aside.read_bytes()
    out, err = pusher.run("--rejected", aside, path, code=3)
    assert (out, err) == ("%s: 28 entries pushed onto entry:queue\n" % path, said_of(path, bad))
    pusher.expect(good)
    assert aside.read_bytes() == first * 2
    _, err = flowimport("print", "--rejected", folder / "no" / "such", path, code=1)
    assert "%s: No such file or directory" % (folder / "no" / "such") in err


def test_entries_that_are_refused_are_kept(make_site, folder):
    site = make_site("sqlite")
    bad = [b"no JSON", b'{"flowStartSeconds":1}', ENTRIES[0].replace(b'"packetDeltaCount":', b'"packetDeltaCount":-')]
    path = write(folder / "entries", [ENTRIES[0], *bad, ENTRIES[1]])
    site.run("--once", "--rejected", folder / "aside", path, code=3)
    assert (folder / "aside").read_bytes() == b"\n".join(bad) + b"\n"
    # Zeek's line is what is kept, not what was made of it.
    late = dict(ROWS[0], duration=90000.0)
    path = folder / "conn.log"
    path.write_bytes(as_object(ROWS[1]) + b"\n" + as_object(late) + b"\n")
    _, err = site.run("--once", "--rejected", folder / "long", path, code=3)
    assert '%s:2: rejected: {"reason":"too-long"' % path in err
    assert (folder / "long").read_bytes() == as_object(late) + b"\n"


def test_tuples_that_are_refused_can_be_read_again(make_site, folder):
    site, path, aside = make_site("sqlite"), folder / "PT1H.json", folder / "aside"
    text, entries = azure_log(9)
    path.write_bytes(text.replace(b",5,443,", b",y,443,"))
    _, err = site.run("--once", "--rejected", aside, path, code=3)
    assert err == "%s:6: column 'source port': 'y' is not a valid port; expected 0 to 65535 or a name in /etc/services\n" \
        "%s: 3 records skipped: not IP flows, or counted elsewhere\n%s: 1 entries were rejected\n" % (path, path, path)
    fixed = folder / "fixed"
    fixed.write_bytes(aside.read_bytes().replace(b",y,", b",5,"))
    site.run("--once", fixed)
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())


def test_times_that_a_file_lacks(make_site, folder):
    """The same contents at another time are other flows; at the same time they are the same."""
    site = make_site("sqlite")
    path = write(folder / "pmacct.csv", [b"SRC_IP,DST_IP,SRC_PORT,DST_PORT,PROTOCOL,PACKETS,BYTES",
                                         b"192.0.2.1,198.51.100.4,51515,443,tcp,10,1000"])
    assert "column 'timestamp_start'" in site.run("--once", path, code=3)[1]
    entries = [b'{"sourceIPv4Address":3221225985,"destinationIPv4Address":3325256708,"protocolIdentifier":6,'
               b'"sourceTransportPort":51515,"destinationTransportPort":443,"flowStartSeconds":%d,"flowEndSeconds":%d,'
               b'"packetDeltaCount":10,"octetDeltaCount":1000}' % (time_of, time_of) for time_of in (START, START + 300)]
    for _ in range(2):
        site.run("--once", "--time", "2023-11-14T22:50:00Z", path)
        site.run("--once", "--time", str(START + 300), path)
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())
    out, _ = flowimport("print", "--time", str(START), path)
    assert json.loads(out)["flowStartMicroseconds"] == START * 1000000


# Runs that are broken off -------------------------------------------------------------------------------------------


def nfdump_objects(n):
    """As nfdump -o json prints them, and their entries."""
    objects, entries = [], []
    for i in range(n):
        objects.append(b'{\n\t"type" : "FLOW",\n\t"export_sysid" : 0,\n\t"first" : "2023-11-14T22:50:00.%03dZ",\n'
                       b'\t"last" : "2023-11-14T22:50:01.000Z",\n\t"in_packets" : %d,\n\t"in_bytes" : %d,\n\t"proto" : 6,\n'
                       b'\t"src_port" : %d,\n\t"dst_port" : 443,\n\t"src4_addr" : "192.0.2.1",\n'
                       b'\t"dst4_addr" : "198.51.100.4"\n}' % (i % 1000, i + 1, 100 * i, i % 60000))
        entries.append(b'{"sourceIPv4Address":3221225985,"destinationIPv4Address":3325256708,"protocolIdentifier":6,'
                       b'"sourceTransportPort":%d,"destinationTransportPort":443,"flowStartMicroseconds":1700002200%03d000,'
                       b'"flowEndMicroseconds":1700002201000000,"packetDeltaCount":%d,"octetDeltaCount":%d}'
                       % (i % 60000, i % 1000, i + 1, 100 * i))
    return b"[\n" + b",\n".join(objects) + b"]\n", entries


def one_line(data, entries):
    """The same list in one line, longer than an entry may be."""
    data = re.sub(rb"\n\t*", b"", data)
    assert len(data) > 1 << 20
    return data, entries


def azure_log(n):
    """One line that is longer than any piece of it that is read."""
    tuples, entries = [], []
    for i in range(n):
        tuples.append(b'"1700002200,192.0.2.1,198.51.100.4,%d,443,T,O,A,%s"'
                      % (i % 60000, b"E,1,%d,2,%d" % (100 * i, i) if i % 3 else b"B,,,,"))
        if i % 3:
            entries.append(b'{"sourceIPv4Address":3221225985,"destinationIPv4Address":3325256708,"protocolIdentifier":6,'
                           b'"sourceTransportPort":%d,"destinationTransportPort":443,'
                           b'"flowStartMicroseconds":1700002200000000,"flowEndMicroseconds":1700002200000000,'
                           b'"packetDeltaCount":1,"octetDeltaCount":%d,"revPacketDeltaCount":2,"revOctetDeltaCount":%d}'
                           % (i % 60000, 100 * i, i))
    return b'{"records":[{"category":"NetworkSecurityGroupFlowEvent","properties":{"flows":[{"rule":"%s","flows":[{"flowTuples":[%s]}]}]}}]}' \
        % (bytes(1300000).replace(b"\0", b"x"), b",".join(tuples)), entries


def sources():
    return {"zeek": (zeek_log(ROWS), ENTRIES), "objects": (zeek_log(ROWS, "object"), ENTRIES),
            "nfdump": nfdump_objects(6000), "line": one_line(*nfdump_objects(6000)), "azure": azure_log(9000)}


@pytest.mark.parametrize("name", ["zeek", "objects", "nfdump", "line", "azure"])
@pytest.mark.parametrize("packing", ["plain", "gzip"])
def test_once_killed_half_way_and_resumed(make_site, folder, name, packing):
    data, entries = sources()[name]
    site = make_site("sqlite", queue={"claim_entries": 700})
    path = packed(folder / name, data, packing)
    for nth in (1, 3, 2):
        done = subprocess.run(site.command("--once", path), env=dict(os.environ, FLOWIMPORT_FAULT="mid-flush:%d" % nth),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        assert done.returncode == -signal.SIGKILL, done.stdout
    assert 0 < site.ledger()["entries"] < 6000
    site.run("--once", path)
    assert site.ledger()["entries"] == 6000
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())
    site.verify()


@pytest.mark.parametrize("name", ["zeek", "objects", "nfdump", "line", "azure"])
def test_push_killed_half_way_and_resumed(pusher, folder, name):  # noqa: F811
    data, entries = sources()[name]
    path = packed(folder / name, data, "plain")
    for nth in (1, 1):
        pusher.run(path, code=-signal.SIGKILL, env={"FLOWIMPORT_FAULT": "after-push:%d" % nth})
    pushed = pusher.length()
    assert 0 < pushed < 6000
    out, err = pusher.run(path)
    assert out == "%s: %d entries pushed onto entry:queue\n" % (path, 6000 - pushed)
    assert "bytes were already pushed; --again pushes them again\n" in err
    pusher.expect(entries)


# A log that grows -----------------------------------------------------------------------------------------------------


def add(path, rows, header=False):
    with open(path, "ab") as out:
        out.write((HEADER if header else b"") + b"".join(as_text(row) + b"\n" for row in rows))


def test_log_is_followed_across_rotation_and_restarts(pusher, folder):  # noqa: F811
    path = folder / "conn.log"
    add(path, ROWS[:100], header=True)
    child = pusher.begin("--follow", path)
    pusher.wait_for(100)
    add(path, ROWS[100:200])
    pusher.wait_for(200)
    child.signal(signal.SIGTERM)
    assert child.wait() == 0, child.output()
    add(path, ROWS[200:300])
    child = pusher.begin("--follow", path)  # in mid-file: the header lies before
    pusher.wait_for(300)
    os.rename(path, folder / "conn.log.1")
    # The next one has its columns in another order.
    names = "\t".join(name for name, _ in FIELDS[::-1])
    with open(path, "wb") as out:
        out.write(b"#separator \\x09\n#unset_field\t-\n#fields\t" + names.encode() + b"\n")
        for row in ROWS[300:400]:
            out.write(b"\t".join(as_text(row).split(b"\t")[::-1]) + b"\n")
    pusher.wait_for(400)
    child.kill()  # at any moment
    with open(path, "ab") as out:
        out.write(b"x\n")
        for row in ROWS[400:500]:
            out.write(b"\t".join(as_text(row).split(b"\t")[::-1]) + b"\n")
    child = pusher.begin("--follow", "--rejected", folder / "aside", path)
    pusher.wait_for(500)
    child.signal(signal.SIGINT)
    assert child.wait() == 3, child.output()
    assert "%s:104: the line has 1 columns; expected 19, as in the header\n" % path in child.output()
    assert (folder / "aside").read_bytes().endswith(b"\nx\n")
    pusher.expect(ENTRIES[:500])


# For people -----------------------------------------------------------------------------------------------------------


def test_check(folder):
    """What an import would say of each line; nothing is written, and no store or queue is needed."""
    now = int(time.time())
    good = ENTRIES[0]
    bad = [b"no JSON", b'{"flowStartSeconds":1}', good.replace(b'"packetDeltaCount":', b'"packetDeltaCount":-'),
           b'{"flowStartSeconds":%d,"flowEndSeconds":%d,"octetDeltaCount":1,"packetDeltaCount":1}' % (now, now + 90000)]
    path = write(folder / "entries", [good, b"[%s,%s]" % (good, good), *bad, b"END", *bad[:1] * 12,
                                      b"[%s,{}]" % good])
    out, err = flowimport("print", "--check", path, code=3)
    lines = out.decode().splitlines()
    assert lines[:2] == ["%s:3: not-json byte 2: invalid token near 'no': the entry is not valid JSON" % path,
                         "%s:4: missing-field flowEndSeconds: a required field is missing or null" % path]
    assert lines[2].startswith("%s:5: out-of-range packetDeltaCount -" % path)
    assert lines[3] == "%s:6: too-long flowEndSeconds %d: the flow is longer than max_flow_duration" % (path, now + 90000)
    assert len(lines) == 4 + 12 + 1 + 1
    assert lines[-2] == "%s:20: missing-field [1].flowStartSeconds: a required field is missing or null" % path
    assert lines[-1] == "%s: 2 entries (6 flows) can be imported, 0 are too old, 17 would be rejected: 13 not-json, " \
        "2 missing-field, 1 out-of-range, 1 too-long" % path
    assert err == "%s: 17 entries were rejected\n" % path
    # By the configuration: its keys' values, its rules.
    write(folder / "one", [good])
    out, _ = flowimport("print", "--check", "--max-flow-age", "1h", folder / "one")
    assert out.decode() == "%s: 0 entries (0 flows) can be imported, 1 are too old, 0 would be rejected\n" % (folder / "one")
    # Other tools' records, and files that are none.
    log = folder / "conn.log"
    log.write_bytes(HEADER + b"\n".join(bad_log()[0]) + b"\n")
    out, _ = flowimport("print", "--check", log, code=3)
    assert out.decode().splitlines()[-1] == \
        "%s: 28 entries (%d flows) can be imported, 0 are too old, 12 would be rejected: 12 wrong-type" \
        % (log, sum(1 + (b"revPacketDeltaCount" in entry) for entry in bad_log()[2]))
    (folder / "none").write_bytes(b"\x7fELF")
    assert "unknown format" in flowimport("print", "--check", folder / "none", code=1)[1]
    assert "either --pretty or --check" in flowimport("print", "--check", "--pretty", path, code=2)[1]


def test_pretty(folder):
    path = folder / "conn.log"
    row = dict(ROWS[0], ts=1700000000.5, duration=75.25, proto="tcp", orig_pkts=12345, orig_ip_bytes=620, resp_pkts=3,
               resp_ip_bytes=9620000, **{"id.orig_h": "192.0.2.1", "id.orig_p": 51515, "id.resp_h": "198.51.100.4",
                                         "id.resp_p": 443})
    ping = dict(row, proto="icmp", resp_pkts=0, resp_ip_bytes=0, duration=None,
                **{"id.orig_h": "2001:db8::1", "id.orig_p": 128, "id.resp_h": "2001:db8::2", "id.resp_p": 0})
    path.write_bytes(as_object(row) + b"\n" + as_object(ping) + b"\n")
    out, err = flowimport("--pretty", "print", path)
    assert err == ""
    assert out.decode() == (
        "start                   length  protocol    packets    octets                   from > to\n"
        "2023-11-14T22:13:20Z     1 min  tcp          12.3 k     620 B        192.0.2.1:51515 > 198.51.100.4:443  https\n"
        "2023-11-14T22:13:20Z     1 min  tcp               3   9.62 MB       198.51.100.4:443 > 192.0.2.1:51515\n"
        "2023-11-14T22:13:20Z       0 s  ipv6-icmp    12.3 k     620 B            2001:db8::1 > 2001:db8::2  "
        "type 128 code 0\n")
    path.write_bytes(b"no JSON\n" + ENTRIES[0] + b"\n")
    out, err = flowimport("--pretty", "print", path, code=3)
    assert len(out.splitlines()) >= 2
    assert err.startswith("%s:1: rejected: not-json" % path)
