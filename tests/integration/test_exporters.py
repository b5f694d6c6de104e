"""Exporters that send what they should not, through the real collector: what is counted, what is said, what `flowimport
doctor` makes of it. The datagrams have the shape that real ones have, byte by byte."""
import json
import struct

import datagrams
import rig
from datagrams import Sender

ADDRESSES = "0a0000010a000002"
PORTS = "03e8005006"
TUPLE = "00080004000c000400070002000b000200040001"


def v9(records, uptime_ms, sequence=1, domain=7):
    seconds = datagrams.now_ms() // 1000
    return struct.pack(">HHIIII", 9, 2, uptime_ms, seconds, sequence, domain) + bytes.fromhex(records)


def ipfix(sets, domain=7, sequence=0):
    body = bytes.fromhex(sets)
    return struct.pack(">HHIII", 10, 16 + len(body), datagrams.now_ms() // 1000, sequence, domain) + body


def uptime_template():
    return "0000002c01000009%s000100040002000400160004001500" % TUPLE + "04"


def uptime_record(octets, packets, start_ms, end_ms):
    return "01000024%s%s%08x%08x%08x%08x000000" % (ADDRESSES, PORTS, octets, packets, start_ms, end_ms)


def buckets_of(site):
    with site.store.cursor() as cursor:
        cursor.execute("SELECT DISTINCT bucket FROM flows_%d ORDER BY bucket" % min(site.sizes))
        return [int(row[0]) for row in cursor.fetchall()]


def test_times_that_cannot_be(collect):
    """Beyond the exporter's uptime; 0 and 0; and a flow that has lasted for weeks, reported each minute."""
    collector = collect(queue="direct")
    uptime = 40 * 86400 * 1000
    before = datagrams.now_ms() // 1000
    with Sender(collector.port) as sender:
        sender.send(v9(uptime_template(), uptime))
        sender.send(v9(uptime_record(1000, 10, uptime + 7 * 86400000, uptime + 7 * 86400000 + 4000), uptime, 2))
        sender.send(v9(uptime_record(1000, 10, 0, 0), uptime, 3))
        for sequence in (4, 5):
            sender.send(v9(uptime_record(1000, 10, uptime - 30 * 86400000, uptime), uptime, sequence))
    collector.wait_shown(flows_total=4)
    shown = collector.shown()
    assert shown["times_total"] == {"unset": 1, "fixed": 1, "clipped": 2}
    assert shown["exporter_times_fixed_total"] == {"127.0.0.1/7": 1}
    collector.imported(4)
    collector.stop()
    sums = collector.site.ledger()
    assert (sums["octetDeltaCount"], sums["packetDeltaCount"]) == (4000, 40)
    after = datagrams.now_ms() // 1000
    buckets = buckets_of(collector.site)
    assert before - 86400 - min(collector.site.sizes) <= buckets[0] and buckets[-1] <= after
    collector.site.verify()


def test_totals_count_once(collect):
    collector = collect()
    now = datagrams.now_ms()
    fields = "0002002c01000009%s00550008005600080098000800990008" % TUPLE

    def record(octets, packets, start=now - 90000):
        return "01000034%s%s%016x%016x%016x%016x000000" % (ADDRESSES, PORTS, octets, packets, start, now)

    with Sender(collector.port) as sender:
        sender.send(ipfix(fields + record(1000, 10)))
        for octets, packets in ((2500, 25), (2500, 25), (2600, 26)):
            sender.send(ipfix(record(octets, packets)))
        sender.send(ipfix(record(500, 5, now - 1000)))
    collector.wait_shown(messages_total=5, flows_total=4)
    assert collector.shown()["ignored_records_total"]["counted-before"] == 1
    collector.imported(4)
    collector.stop()
    sums = collector.site.ledger()
    assert (sums["octetDeltaCount"], sums["packetDeltaCount"]) == (3100, 31)
    collector.site.verify()


def sflow(sample):
    return struct.pack(">IIIIIII", 5, 1, 0x0a090909, 0, 1, 1000, 1) + bytes.fromhex(sample)


def test_sflow_agents(collect):
    """MPLS headers, discarded packets, and the speed of an interface."""
    collector = collect(queue="direct")
    mpls = ("000000010000005800000001000000020000000a000000640000000000000003000000040000000100000001000000300000000d"
            "0000002000000000000000200001213f450000608f0000007711e9b03333333334343434d8cd2e01004cda0f")
    dropped = "0000000500000020000000010000000000000007000000000000000700000000" + "00000102" + "00000000"
    counters = ("00000002" + "%08x" % 108 + "000000010000000700000001" + "00000001" + "%08x" % 88 + "00000007" +
                "00000006" + "%016x" % 10 ** 9 + "0000000100000003" + "%016x" % 5000 + "00" * 24 + "%016x" % 6000 +
                "00" * 24)
    with Sender(collector.port) as sender:
        for sample in (mpls, dropped, counters):
            sender.send(sflow(sample))
    collector.wait_shown(messages_total=3, flows_total=1)
    rig.wait_for(lambda: collector.shown().get("interface_speed_bits"), lambda: repr(collector.shown()))
    shown = collector.shown()
    assert shown["interface_speed_bits"] == {"10.9.9.9 7": 10 ** 9}
    assert shown["interface_out_octets_total"] == {"10.9.9.9 7": 6000}
    assert shown["discarded_packets_total"] == {"acl": 1}
    collector.imported(1)
    collector.stop()
    assert collector.site.ledger()["octetDeltaCount"] == 960


def test_doctor(collect):
    collector = collect(queue="direct")
    site, http = collector.site, {"http": {"listen": "127.0.0.1:%d" % collector.client.port}}
    out, _ = site.run("doctor", code=1, **http)
    assert out.startswith("flowimportd: exporters: no exporter has sent anything\n    Fix: ")
    with Sender(collector.port) as sender:
        sender.send(v9(uptime_template(), 86400000))
        sender.send(v9(uptime_record(1000, 10, 86300000, 86390000), 86400000, 2))
    collector.wait_shown(flows_total=1)
    rig.wait_for(lambda: collector.shown()["exporter_messages_total"], lambda: repr(collector.shown()))
    assert site.run("doctor", **http)[0] == "1 exporter, nothing is wrong\n"
    with Sender(collector.port, source="127.0.0.2") as sender:  # records name a sampler; times of 0; a wrong clock
        sender.send(v9("000000300100000a" + TUPLE +
                       "0001000400020004001600040015000400300001", 5000))
        message = v9("01000024%s%s%08x%08x%08x%08x01" % (ADDRESSES, PORTS, 1000, 10, 0, 0) + "0000", 5000, 2)
        sender.send(message)
    collector.wait_shown(flows_total=2)
    rig.wait_for(lambda: "127.0.0.2/7" in collector.shown()["exporter_unscaled_sets_total"],
                 lambda: repr(collector.shown()))
    found = json.loads(site.run("doctor", "--json", code=1, **http)[0])
    assert found["exporters"] == 2
    assert [(one["exporter"], one["kind"]) for one in found["findings"]] == [("127.0.0.2/7", "sampling"),
                                                                          ("127.0.0.2/7", "times")]
    assert all(one["fix"] and one["meaning"] for one in found["findings"])
    # The same of a file, and what can't be asked.
    document = json.dumps(collector.client.status()).encode()
    assert json.loads(site.run("doctor", "-", "--json", stdin=document, code=1)[0]) == found
    assert "not a status document" in site.run("doctor", "-", stdin=b"{}", code=1)[1]
    assert "not a status document" in site.run("doctor", "-", stdin=b"flows", code=1)[1]
    collector.stop()
    assert "does not answer" in site.run("doctor", code=1, **http)[1]
