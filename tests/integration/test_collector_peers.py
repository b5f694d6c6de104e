"""Exporters that others use, and our own, into the collector: what they say of a capture is what the capture holds."""
import collections
import contextlib
import ipaddress
import os
import re
import shutil
import struct
import subprocess

import pytest

import datagrams
import generator
import packets
import reference
import rig
from collecting import losses
from test_ipfix_export import TOOLS, export, write

SOFTFLOWD = TOOLS / "softflowd"
NOBODY = 65534


def ends(frame):
    """(tags, source, destination) of a frame as packets.mix makes them."""
    kind, at, tags = struct.unpack_from("!H", frame, 12)[0], 14, 0
    while kind == 0x8100:
        kind, at, tags = struct.unpack_from("!H", frame, at + 2)[0], at + 4, tags + 1
    first, size = (at + 8, 16) if kind == 0x86dd else (at + 12, 4)
    return tags, *(str(ipaddress.ip_address(frame[i:i + size])) for i in (first, first + size))


def capture_write(path, start_ms, six, count=20000):
    """A capture of so many packets in two seconds; {address: [packets and octets sent, packets and octets received]}.
    softflowd doesn't read what has two tags, nor IPv6 for NetFlow v5: that is left out of the sums."""
    hosts = collections.defaultdict(lambda: [0, 0, 0, 0])
    with open(path, "wb") as out:
        capture = packets.Pcap(out)
        for time, octets, is_six, frame in packets.mix(count, 51, 500, start_ms * 10 ** 6, 10 ** 5):
            capture.write(time, frame)
            tags, *both = ends(frame)
            if tags > 1 or (is_six and not six):
                continue
            for i, end in enumerate(both):
                hosts[end][2 * i] += 1
                hosts[end][2 * i + 1] += octets
    return dict(hosts)


def hosts_of(site):
    """The same from the tables."""
    hosts = {}
    with site.store.cursor() as cursor:
        for table, family in (("index_nodes", 4), ("index_nodes6", 6)):
            cursor.execute("SELECT id, src_packetDeltaCount, src_octetDeltaCount, dst_packetDeltaCount, "
                           "dst_octetDeltaCount FROM %s WHERE id <> -1" % table)
            for host, *sums in cursor.fetchall():
                number = host if family == 4 else int.from_bytes(host, "big")
                hosts[reference.address_text(family, number)] = [int(value) for value in sums]
    return hosts


needs_softflowd = pytest.mark.skipif(not SOFTFLOWD.exists(), reason="no softflowd: etc/install-deps.sh test")


@contextlib.contextmanager
def skipping_a_hang(known):
    try:
        yield
    except subprocess.TimeoutExpired as error:
        if known:
            pytest.skip("%s hung, as its version 1.1.1 does" % " ".join(error.cmd))
        raise


def softflowd(folder, file, port, words):
    """Without privileges; returns what it says. Version 1.1.1 (Debian 13) hangs on files for some of what it can send."""
    hangs = b"version 1.1.1." in subprocess.run([SOFTFLOWD, "-h"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                                check=False, timeout=rig.BOUND).stdout
    own, user = folder / "softflowd", NOBODY if os.geteuid() == 0 else None
    own.mkdir()
    if user:
        os.chown(own, user, user)
    # A copy, because it may stand where others may not go.
    shutil.copy(SOFTFLOWD, own)
    with open(file, "rb") as frames, skipping_a_hang(hangs):
        done = subprocess.run(["./softflowd", "-d", "-r", "-", "-n", "127.0.0.1:%d" % port, "-p", "pid", "-c", "none", "-m",
                               "1000000", *words.split()], cwd=own, stdin=frames, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=rig.SOON if hangs else rig.BOUND, check=True,
                              user=user)
    said = done.stdout.decode()
    assert "(0 failures)" in said, said
    return said


def wait_packets(collector, packets_wanted):
    rig.wait_for(lambda: collector.imported(1) or collector.site.ledger()["packetDeltaCount"] >= packets_wanted,
                 lambda: "%d packets: %r" % (packets_wanted, collector.site.ledger()))
    collector.stop()


@needs_softflowd
@pytest.mark.parametrize("words", ["-v 5", "-v 9", "-v 10", "-v 10 -A milli", "-v 10 -b", "-v 10 -P tcp"])
def test_softflowd(collect, folder, words):
    """Its IPFIX numbers a message by the records up to its end, those of options left out, where the standard has all that
    were before it: that is no loss."""
    collector = collect("mysql")
    start = datagrams.now_ms() - 30000
    file = folder / "capture"
    hosts = capture_write(file, start, "-v 5" not in words)
    said = softflowd(folder, file, collector.port, words)
    total = [sum(sums[i] for sums in hosts.values()) for i in range(2)]
    assert "Packets processed: %d\n" % total[0] in said, said
    wait_packets(collector, total[0])
    site = collector.site
    ledger = site.ledger()
    assert [ledger["packetDeltaCount"], ledger["octetDeltaCount"], ledger["rejected"]] == total + [0]
    assert hosts_of(site) == hosts
    assert losses(site) == {}
    first = (start // 1000 - 1) // 600 * 600  # one second: v9's clock drops the milliseconds
    assert {row[0] for row in site.tables()["flows_aggr_600"]} <= {first, first + 600}
    site.verify()


@needs_softflowd
@pytest.mark.parametrize("version", [5, 9, 10])
def test_softflowd_samples(collect, folder, version):
    """It says so in the header of NetFlow v5, and in options of the others. How many of the packets it took, and their
    octets, it says at its end."""
    collector = collect()
    file = folder / "capture"
    capture_write(file, datagrams.now_ms() - 30000, True)
    said = softflowd(folder, file, collector.port, "-s 10 -v %d" % version)
    lines = re.findall(r"^ *[a-z0-9-]+ \(\d+\): +(\d+) +(\d+) ", said, re.M)
    octets, taken = (sum(int(line[i]) for line in lines) for i in range(2))
    assert 1500 < taken < 2500 and "Packets processed: %d\n" % taken in said, said
    wait_packets(collector, 10 * taken)
    ledger = collector.site.ledger()
    assert (ledger["packetDeltaCount"], ledger["octetDeltaCount"]) == (10 * taken, 10 * octets)
    assert losses(collector.site) == {}
    collector.site.verify()


@pytest.mark.parametrize("kind", ["udp://127.0.0.1:%d", "tcp://[::1]:%d", "udp://[::1]:%d?v9"])
def test_our_own_exporter(collect, folder, kind):
    entries = list(generator.flows(3000, seed=52, six=0.3))
    collector = collect(max_skew=0)  # the messages' times are the flows', of long ago
    export(folder, "--collectors", kind % collector.port, write(folder / "flows.jsonl", entries))
    collector.imported(len(entries))
    collector.stop()
    rig.assert_tables(collector.site.tables(), reference.Import().add_all(entries).tables())
    assert losses(collector.site) == {}
    collector.site.verify()
