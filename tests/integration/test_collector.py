"""The collector of flowimportd by real sockets: what exporters of every kind send is in the tables, to the flow; what
they sent and was lost is counted; strangers cost the others nothing."""
import json
import random
import signal
import struct
import time

import pytest

import datagrams
import packets
import reference
import rig
from collecting import losses, unread
from datagrams import (COUNTS, FOUR, MILLISECONDS, REVERSE_COUNTS, SHORT_COUNTS, SIX, UPTIME, Netflow5, Sender, Sflow,
                       Templated, template)

SAMPLES = rig.TOP.parent / "shared/samples/datagrams"


# Every protocol ------------------------------------------------------------------------------------------------------


def split(given):
    """(IPv4, IPv6)"""
    return [[flow for flow in given if name in flow] for name in ("sourceIPv4Address", "sourceIPv6Address")]


def templated(version, four, six=None, size=16, **options):
    """Messages of both families by turns, templates first."""
    def messages(given):
        exporter = Templated(version, **options)
        chosen = [template(256 + 50 * i, words) for i, words in enumerate(filter(None, (four, six)))]
        yield exporter.message(exporter.templates(*chosen))
        for some in datagrams.batches(given, size):
            yield exporter.message(*(exporter.data(one, own) for one, own in zip(chosen, split(some)) if own))
    return messages


def odd(given):
    """All that a template may have that isn't wanted, before, between and behind what is; names long enough for either
    form of a length; templates that are replaced and that nobody uses; padding of every kind."""
    exporter = Templated(10, domain=2 ** 32 - 1)
    other = template(999, "applicationName/v " + FOUR)
    yield exporter.message(exporter.templates(other, template(256, FOUR)), *exporter.sampling(1))
    for i, some in enumerate(datagrams.batches(given, 5)):
        one = template(256, "6871:77/v applicationName/v paddingOctets/3 sourceIPv4Address 9:12/4 "
                            "destinationIPv4Address protocolIdentifier sourceTransportPort destinationTransportPort "
                            "%soctetDeltaCount/%d packetDeltaCount/%d interfaceName/v 35632:1/65" % (
                                MILLISECONDS, 4 + i % 5, 3 + i % 6))
        more = {"6871:77": b"\1" * (i % 5), "applicationName": "x" * (17 * i % 600), "paddingOctets": bytes(3),
                "9:12": bytes(4), "interfaceName": "eth%d" % i, "35632:1": bytes(65)}
        named = [dict(flow, **more) for flow in some]
        yield exporter.message(exporter.templates(one), exporter.data(one, named, padding=i % 4))


PROTOCOLS = {
    "v5": (0, lambda given: Netflow5().messages(given)),
    "v5 across the rollover": (0, lambda given: Netflow5(up_ms=30000).messages(given)),
    "v7": (0, lambda given: Netflow5(7).messages(given)),
    "v9": (0.3, templated(9, FOUR + UPTIME + SHORT_COUNTS, SIX + UPTIME + COUNTS)),
    "v9 across the rollover": (0.3, templated(9, FOUR + UPTIME + COUNTS, SIX + UPTIME + COUNTS, up_ms=30000)),
    "IPFIX": (0.3, templated(10, FOUR + MILLISECONDS + COUNTS, SIX + MILLISECONDS + COUNTS)),
    "IPFIX, seconds": (0.3, templated(10, FOUR + "flowStartSeconds flowEndSeconds " + SHORT_COUNTS,
                                      COUNTS + "flowEndSeconds flowStartSeconds " + SIX)),
    "IPFIX, microseconds": (0.3, templated(10, FOUR + "flowStartMicroseconds flowEndMicroseconds " + SHORT_COUNTS,
                                           SIX + "flowStartDeltaMicroseconds flowEndDeltaMicroseconds " + COUNTS)),
    "IPFIX, a duration": (0.3, templated(10, FOUR + "flowStartMilliseconds flowDurationMilliseconds " + COUNTS,
                                         SIX + "flowEndMilliseconds flowDurationMilliseconds " + COUNTS)),
    "IPFIX, all that is odd": (0, odd),
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_flow_of_every_protocol(collect, protocol):
    six, messages = PROTOCOLS[protocol]
    collector = collect()
    given = datagrams.flows(500, seed=11, six=six)
    collector.send(*messages(given))
    collector.holds(given)


@pytest.mark.parametrize("kind, queue", [("mysql", "redis"), ("mysql", "direct"), ("sqlite", "direct")])
def test_all_together(collect, kind, queue):
    """On one port, over IPv4 and IPv6, and connections of TCP among them whose messages come in pieces."""
    collector = collect(kind, queue=queue)
    given = []
    for i, (six, messages) in enumerate(PROTOCOLS.values()):
        given += datagrams.flows(300, seed=20 + i, six=six)
        collector.send(*messages(given[-300:]), host=("127.0.0.1", "::1")[i % 2])
    given += datagrams.flows(1000, seed=30, six=0.3)
    stream = b"".join(PROTOCOLS["IPFIX"][1](given[-1000:]))
    with Sender(collector.port, tcp=True) as one, Sender(collector.port, "::1", tcp=True) as other:
        for at in range(0, len(stream), 777):
            one.send(stream[at:at + 777])
            other.send(stream[at:at + 777])
        given += given[-1000:]
        collector.holds(given)


def test_both_directions(collect):
    """Reverse elements over UDP; initiator and responder, as NetFlow v9 has them."""
    collector = collect()
    given = datagrams.both_ways(datagrams.flows(400, seed=31, six=0.3), seed=31)
    reverse = COUNTS + REVERSE_COUNTS
    collector.send(*templated(10, FOUR + MILLISECONDS + reverse, SIX + MILLISECONDS + reverse)(given[:200]))
    words = UPTIME + "initiatorOctets responderOctets initiatorPackets responderPackets"
    collector.send(*templated(9, FOUR + words, SIX + words)([
        dict(flow, initiatorOctets=flow["octetDeltaCount"], initiatorPackets=flow["packetDeltaCount"],
             responderOctets=flow["reverseOctetDeltaCount"], responderPackets=flow["reversePacketDeltaCount"])
        for flow in given[200:]]))
    collector.holds(given)


def sampled_frames(count, seed):
    """(frame, flow without its counts and times, octets)"""
    rng = random.Random(seed)
    for _ in range(count):
        make = rng.choice((packets.tcp, packets.udp))
        part = make(rng.randrange(1024, 65536), rng.choice((53, 443)), payload=bytes(rng.randrange(10, 1200)))
        host = rng.randrange(1, 200)
        whole = (packets.ipv4(part, "192.0.2.%d" % host, "198.51.100.7") if rng.random() < 0.7 else
                 packets.ipv6(part, "2001:db8::%x" % host, "2001:db8:2::7"))
        version = "IPv%d" % whole.fields["family"]
        yield packets.ether(whole).data, {
            "source%sAddress" % version: whole.fields["source"],
            "destination%sAddress" % version: whole.fields["destination"],
            "sourceTransportPort": whole.fields["source_port"],
            "destinationTransportPort": whole.fields["destination_port"],
            "protocolIdentifier": whole.fields["protocol"]}, whole.fields["octets"]


def test_sflow(collect):
    collector = collect()
    agent, given, messages = Sflow(), [], []
    for i, some in enumerate(datagrams.batches(list(sampled_frames(500, 32)), 5)):
        rate = (1, 64, 1000)[i % 3]
        samples = [agent.sample(frame, rate, i % 2 == 1, *[Sflow.gateway("192.0.2.1", 64501, 64502)] * (i % 4 == 0))
                   for frame, _, _ in some]
        messages.append(agent.message(agent.counters(), *samples))
        now = datagrams.now_ms()
        given += [dict(flow, packetDeltaCount=rate, octetDeltaCount=octets * rate, flowStartMilliseconds=now,
                       flowEndMilliseconds=now) for _, flow, octets in some]
    collector.send(*messages)
    collector.holds(given, all_time=True)


# Sampling ------------------------------------------------------------------------------------------------------------


def scaled_parts(given, *rates):
    """Each equal part by its own rate."""
    size = len(given) // len(rates)
    return sum((datagrams.scaled(some, rate) for some, rate in zip(datagrams.batches(given, size), rates)), [])


def test_sampled_counts_are_multiplied(collect):
    """By the header of NetFlow v5, by options, which come before or behind the template; each for its own domain."""
    collector = collect()
    given = datagrams.flows(600, seed=33)
    v5, v9, ipfix, none = Netflow5(sampling=10), Templated(9, 5), Templated(10, 5), Templated(10, 6)
    collector.send(*v5.messages(given[:150]))
    one = template(256, FOUR + UPTIME + COUNTS)
    collector.send(v9.message(*v9.sampling(100)), *v9.messages(one, given[150:300]))
    one = template(256, FOUR + MILLISECONDS + COUNTS)
    collector.send(ipfix.message(ipfix.templates(one)), ipfix.message(*ipfix.sampling(1000)),
                   *ipfix.messages(one, given[300:450]), *none.messages(one, given[450:]))
    collector.imported(600)
    assert collector.shown()["scaled_flows_total"] == 450
    collector.holds(scaled_parts(given, 10, 100, 1000, 1))


def test_a_configured_rate_counts_whatever_is_said(collect):
    collector = collect(sampling="127.0.0.0/24=512, 127.0.0.9=2, ::1=3")
    given = datagrams.flows(300, seed=34)
    collector.send(*Netflow5(sampling=10).messages(given[:100]))
    collector.send(*Netflow5().messages(given[100:200]), source="127.0.0.9")
    collector.send(*Netflow5(sampling=7).messages(given[200:]), host="::1")
    collector.holds(scaled_parts(given, 512, 2, 3))


# Templates -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [9, 10])
def test_data_before_its_template(collect, version):
    collector = collect()
    given = datagrams.flows(500, seed=35)
    first, *data = templated(version, FOUR + (UPTIME if version == 9 else MILLISECONDS) + COUNTS)(given)
    with Sender(collector.port) as sender:
        sender.send(*data[:20])
        collector.wait_shown(held_sets=20)
        sender.send(*data[20:], first)
        collector.holds(given)


def test_data_whose_template_never_comes(collect):
    """They are lost, by their number, and by that of the flows as the sequence says; the others are not."""
    collector = collect(hold="1s")
    given = datagrams.flows(200, seed=36)
    exporter = Templated(10, 9)
    one, never = template(256, FOUR + MILLISECONDS + COUNTS), template(257, FOUR)
    collector.send(*[exporter.message(exporter.templates(one)), exporter.message(
        exporter.data(never, given[:3]), exporter.data(one, given), exporter.data(never, given[:2]))])
    rig.wait_for(lambda: collector.shown()["lost_total"]["sets"] == 2, "the end of the time")
    assert collector.shown()["held_sets"] == 0
    collector.holds(given, {("127.0.0.1/9", "sets"): 2})


def test_a_template_is_withdrawn_and_defined_anew(collect):
    collector = collect()
    given = datagrams.flows(300, seed=37)
    exporter = Templated(10)
    one, two = (template(256, words) for words in (FOUR + MILLISECONDS + COUNTS, SHORT_COUNTS + MILLISECONDS + FOUR))
    with Sender(collector.port, tcp=True) as sender:
        for chosen, some in zip((one, two, one), datagrams.batches(given, 100)):
            sender.send(*exporter.messages(chosen, some), exporter.message(exporter.withdrawal(256)))
        collector.imported(300)
        assert collector.shown()["withdrawn_templates_total"] == 3
        collector.holds(given)


@pytest.mark.parametrize("version", [9, 10])
def test_templates_survive_a_restart(collect, version):
    """And sampling rates, and sequence numbers: data sent right after it, without any template, is counted."""
    collector = collect()
    given = datagrams.flows(400, seed=38)
    exporter = Templated(version, 3)
    one = template(256, FOUR + (UPTIME if version == 9 else MILLISECONDS) + COUNTS)
    with Sender(collector.port) as sender:
        sender.send(exporter.message(*exporter.sampling(10)), *exporter.messages(one, given[:200]))
        collector.imported(200)
        collector.stop()
        collector = collector.again()
        sender.send(*(exporter.message(exporter.data(one, some)) for some in datagrams.batches(given[200:], 20)))
        collector.holds(datagrams.scaled(given, 10))


# Loss ----------------------------------------------------------------------------------------------------------------


def without(messages, *gone):
    return [message for i, message in enumerate(messages) if i not in gone]


def test_gaps_are_counted(collect):
    """Of every protocol by its own measure. Their last message is not missed by anybody; of IPFIX there are more."""
    collector = collect("mysql")
    given = datagrams.flows(4 * 600, seed=39)
    parts = list(datagrams.batches(given, 600))
    v5, ipfix, v9 = Netflow5(engine=0x0102), Templated(10, 11), Templated(9, 12)
    v5.sequence = ipfix.sequence = v9.sequence = 2 ** 32 - 200  # they go through 0
    gone = (3, 4, 9, 24)
    collector.send(*without(v5.messages(parts[0]), *gone), source="127.0.1.1")
    one = template(256, FOUR + MILLISECONDS + COUNTS)
    with Sender(collector.port, source="127.0.1.2") as sender:
        sender.send(*without(ipfix.messages(one, parts[1]), *(i + 1 for i in gone)))
    collector.send(*without(v9.messages(template(256, FOUR + UPTIME + COUNTS), parts[2], 24), *(i + 1 for i in gone)),
                   source="127.0.1.3")
    agent = Sflow("192.0.2.77", 5)
    collector.send(*without([agent.message(agent.counters()) for _ in range(30)], *gone), source="127.0.1.4")
    there = sum((sum(without(list(datagrams.batches(part, size)), *gone), [])
                 for part, size in zip(parts, (24, 20, 24))), [])
    collector.holds(there, {("127.0.1.1/258", "flows"): 3 * 24, ("127.0.1.2/11", "flows"): 4 * 20,
                            ("127.0.1.3/12", "messages"): 3, ("192.0.2.77/5", "messages"): 4})


def test_exporters_are_shown_one_by_one(collect):
    """An exporter with two ports is one; without a gap that is sure, nothing of it is lost."""
    collector = collect()
    given = datagrams.flows(180, seed=71)
    one, other = Netflow5(engine=0x0102), Netflow5(engine=7)
    collector.send(*one.messages(given[:60]), source="127.0.1.1")
    collector.send(*other.messages(given[60:120]), source="127.0.1.2")
    collector.send(*other.messages(given[120:]), source="127.0.1.2")
    collector.wait_shown(flows_total=180)
    shown = collector.shown()
    assert shown["exporter_records_total"] == {"127.0.1.1/258": 60, "127.0.1.2/7": 120}
    assert shown["exporter_messages_total"] == {"127.0.1.1/258": 3, "127.0.1.2/7": 6}
    assert shown["exporter_lost_total"] == {"127.0.1.1/258": 0, "127.0.1.2/7": 0}
    assert all(abs(time.time() - heard) < 60 for heard in shown["exporter_heard_timestamp_seconds"].values())
    collector.holds(given)


def test_disorder_is_no_loss(collect):
    collector = collect()
    given = datagrams.flows(900, seed=40)
    chance = random.Random(40)
    parts = list(datagrams.batches(given, 300))
    kinds = [Netflow5().messages(parts[0], 10),
             Templated(9).messages(template(256, FOUR + UPTIME + COUNTS), parts[1], 10),
             Templated(10).messages(template(256, FOUR + MILLISECONDS + COUNTS), parts[2], 10)]
    for i, messages in enumerate(kinds):
        mixed = messages[:1]
        for some in datagrams.batches(messages[1:], 6):
            mixed += chance.sample(some, len(some))
        collector.send(*mixed, source="127.0.2.%d" % (i + 1))
    collector.holds(given)


def test_a_restart_of_the_exporter_is_no_loss(collect):
    """Its numbers begin anew, with the same socket; its templates differ from those before."""
    collector = collect()
    given = datagrams.flows(600, seed=41)
    for i, version in enumerate((5, 9, 10)):
        time = UPTIME if version == 9 else MILLISECONDS
        with Sender(collector.port, source="127.0.3.%d" % (i + 1)) as sender:
            for n, words in enumerate((FOUR + time + COUNTS, COUNTS + time + FOUR)):
                some = given[200 * i + 100 * n:][:100]
                exporter = (Netflow5 if version == 5 else Templated)(version, up_ms=10 ** (9 - 3 * n))
                exporter.sequence = 123456789 * (1 - n)
                sender.send(*(exporter.messages(some) if version == 5 else
                              exporter.messages(template(256, words), some)))
    collector.holds(given)


def test_a_wrong_clock_is_put_right(collect):
    collector = collect(max_skew="1m")
    given = datagrams.flows(200, seed=42)
    exporter = Netflow5()
    collector.send(*(exporter.message(some, skew_ms=86400000) for some in datagrams.batches(given[:100], 20)))
    collector.send(*(exporter.message(some, skew_ms=-10 ** 11) for some in datagrams.batches(given[100:], 20)),
                   source="127.0.0.2")
    collector.imported(200)
    assert collector.shown()["wrong_clocks"] == 2
    buckets = {flow["flowStartMilliseconds"] // 600000 * 600 for flow in given}
    collector.holds(given, all_time=True)
    assert {row[0] for row in collector.site.tables()["flows_600"]} <= {
        bucket + near for bucket in buckets for near in (-600, 0, 600)}


# Strangers -----------------------------------------------------------------------------------------------------------


def test_only_those_on_the_list_are_heard(collect):
    collector = collect(allow="127.0.0.2, 127.0.4.0/24")
    given = datagrams.flows(200, seed=43)
    collector.send(*Netflow5().messages(given[:100]), source="127.0.0.2")
    collector.send(*PROTOCOLS["IPFIX"][1](given[100:150]), source="127.0.4.77")
    collector.send(*Netflow5().messages(given[:48]), source="127.0.0.1")
    collector.send(*Netflow5().messages(given[:24]), host="::1")
    collector.wait_shown(refused_messages_total=3)
    with Sender(collector.port, tcp=True, source="127.0.0.1") as stranger:
        assert stranger.socket.recv(1) == b""
    with Sender(collector.port, tcp=True, source="127.0.4.1") as known:
        known.send(*PROTOCOLS["IPFIX"][1](given[150:]))
        collector.holds(given)


def test_a_flood_of_strangers_costs_the_others_nothing(collect):
    """20,000 made-up exporters, each with a domain, templates and data without template; a real one among them."""
    collector = collect(queue="direct", memory="16M")
    given = datagrams.flows(4000, seed=44)
    exporter, chance = Templated(10, 1), random.Random(44)
    one = template(256, FOUR + MILLISECONDS + COUNTS)
    data = [exporter.message(exporter.templates(one))]
    data += [exporter.message(exporter.data(one, some)) for some in datagrams.batches(given, 20)]
    flood = 20000
    with Sender(collector.port) as sender:
        for i in range(flood):
            if i % 100 == 0:
                rig.wait_for(lambda: unread(collector.port) < 50000, "the collector to read")
                sender.send(data[i // 100])
            stranger = Templated(chance.choice((9, 10)), chance.getrandbits(32))
            chosen = [template(256 + n, FOUR * 3 + COUNTS) for n in range(chance.randrange(1, 8))]
            collector.send(stranger.message(stranger.templates(*chosen)),
                           stranger.message(stranger.data(template(999, FOUR), given[:2])),
                           source="127.%d.%d.%d" % tuple(chance.randrange(1, 255) for _ in range(3)))
        sender.send(*data[flood // 100:])
        collector.imported(4000)
        shown = collector.shown()
        assert shown["memory_bytes"] <= 16 << 20 and shown["evicted_total"] > 0
        assert sum(shown["lost_total"].values()) == shown["lost_total"]["sets"]
    collector.stop()
    expected = reference.Import().add_all(datagrams.entries(given))
    rig.assert_tables(collector.site.tables(), expected.tables())
    assert not [source for source, _ in losses(collector.site) if source.startswith("127.0.0.1/")]
    collector.site.verify()


def mangled(chance, message):
    """Cut, lengthened, or with some bytes changed."""
    how = chance.randrange(3)
    if how == 0:
        return message[:chance.randrange(len(message))]
    message = bytearray(message)
    if how == 1:
        message += chance.randbytes(chance.randrange(1, 200))
    for _ in range(chance.randrange(1, 8)):
        message[chance.randrange(len(message))] = chance.randrange(256)
    return bytes(message)


def test_what_is_broken_ends_nothing(collect):
    collector = collect(queue="direct", keys=("sourceIPv4Address",))
    chance = random.Random(45)
    given = datagrams.flows(300, seed=45)
    agent = Sflow()
    whole = [message for six, messages in PROTOCOLS.values() for message in messages(given)]
    whole += [agent.message(*(agent.sample(frame) for frame, _, _ in sampled_frames(5, i))) for i in range(20)]
    with Sender(collector.port, rate=20000) as sender:
        sender.send(*(mangled(chance, chance.choice(whole)) for _ in range(5000)))
        sender.send(*(chance.randbytes(chance.randrange(1500)) for _ in range(2000)))
        sender.send(*(struct.pack("!H", chance.choice((5, 7, 9, 10, 0))) + chance.randbytes(chance.randrange(1500))
                      for _ in range(2000)))
    for _ in range(20):  # what is no message closes the connection
        with Sender(collector.port, tcp=True) as sender:
            try:
                sender.send(*whole[:2], struct.pack("!HH", chance.choice((9, 11)), 100) + bytes(96))
                sender.socket.settimeout(rig.BOUND)
                assert sender.socket.recv(1) == b""
            except ConnectionError:
                pass
    rig.wait_for(lambda: unread(collector.port) == 0, "the collector to read")
    before = collector.shown()
    assert before["malformed_total"] > 1000 and before["unknown_messages_total"] > 1000
    good = [dict(flow, sourceIPv4Address=0xc0a84d01 + i % 200) for i, flow in enumerate(given)]
    collector.send(*PROTOCOLS["IPFIX"][1](good), source="127.0.0.5")
    collector.wait_shown(flows_total=before["flows_total"] + 300)
    collector.stop()
    with collector.site.store.cursor() as cursor:
        cursor.execute("SELECT SUM(flows), SUM(packetDeltaCount), SUM(octetDeltaCount) FROM flows_600 "
                       "WHERE sourceIPv4Address BETWEEN %d AND %d" % (0xc0a84d01, 0xc0a84dff))
        assert tuple(map(round, cursor.fetchone())) == (300, *(sum(flow[name] for flow in good) for name in
                                                             ("packetDeltaCount", "octetDeltaCount")))
    collector.site.verify()


def test_poison_among_good_exporters(collect):
    """Some thousands of forged datagrams a second, random and mutated, from many addresses, while ten exporters of every
    protocol send: these count to the flow, memory stays as it is, and the log is short."""
    collector = collect(queue="direct", memory="16M", keys=("sourceIPv4Address",))
    chance = random.Random(53)
    seen = datagrams.flows(200, seed=54)
    whole = [message for six, messages in PROTOCOLS.values() for message in messages(seen)]
    whole += [Sflow().message(*(Sflow().sample(frame) for frame, _, _ in sampled_frames(5, i))) for i in range(20)]
    given, good = [], []  # of each exporter its flows, and its messages
    for i, (_, messages) in enumerate(PROTOCOLS.values()):
        given += [dict(flow, sourceIPv4Address=0xc0a84d01 + n % 200)
                  for n, flow in enumerate(datagrams.flows(600, seed=60 + i))]
        good.append(list(messages(given[-600:])))
    senders = [Sender(collector.port, source="127.1.0.%d" % (i + 1), rate=10 ** 6) for i in range(len(good))]
    forgers = [Sender(collector.port, source="127.2.%d.%d" % (i, i + 1), rate=10 ** 6) for i in range(40)]
    rounds, forged = max(map(len, good)), 0

    def poison(n):
        nonlocal forged
        for _ in range(n):
            kind, version = chance.randrange(4), struct.pack("!H", chance.choice((5, 7, 9, 10, 0)))
            chance.choice(forgers).send(mangled(chance, chance.choice(whole)) if kind > 1 else
                                        version * kind + chance.randbytes(chance.randrange(1400)))
            forged += 1
        rig.wait_for(lambda: unread(collector.port) < 50000, "the collector to read", step=0.001)
    begin = time.monotonic()
    poison(3000)
    before = collector.daemon.peak_rss()
    for i in range(rounds):
        poison(200)
        for sender, messages in zip(senders, good):
            sender.send(*messages[i:i + 1])
    poison(1000)
    rate = forged / (time.monotonic() - begin)
    for sender in senders + forgers:
        sender.close()
    rig.wait_for(lambda: unread(collector.port) == 0, "the collector to read")
    shown = collector.shown()
    assert shown["malformed_total"] > forged / 20 and shown["memory_bytes"] <= 16 << 20
    assert rig.SANITIZED or collector.daemon.peak_rss() < before + (24 << 20)
    collector.stop()
    with collector.site.store.cursor() as cursor:
        cursor.execute("SELECT SUM(flows), SUM(packetDeltaCount), SUM(octetDeltaCount) FROM flows_600 "
                       "WHERE sourceIPv4Address BETWEEN %d AND %d" % (0xc0a84d01, 0xc0a84dff))
        assert tuple(map(round, cursor.fetchone())) == (len(given), *(sum(flow[name] for flow in given) for name in
                                                                      ("packetDeltaCount", "octetDeltaCount")))
    collector.site.verify()
    lines = collector.daemon.output().count("\n")
    print("%d forged, %d a second, %d lines of log" % (forged, rate, lines))
    assert lines < 1000


# Nothing is lost on the way ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("queue", ["redis", "direct"])
def test_an_end_loses_nothing_that_was_received(collect, queue):
    collector = collect(queue=queue)
    given = datagrams.flows(5000, seed=46, six=0.2)
    with Sender(collector.port) as sender, Sender(collector.port, tcp=True) as stream:
        sender.send(*PROTOCOLS["IPFIX"][1](given))
        stream.send(*PROTOCOLS["IPFIX"][1](given))
        collector.stop()  # the last messages are still in the sockets
    rig.assert_tables(collector.site.tables(), reference.Import().add_all(datagrams.entries(given * 2)).tables())
    assert losses(collector.site) == {}
    collector.site.verify()


def test_redis_is_away(collect):
    """What comes meanwhile goes to the spool, and from there to the queue; also in the next process."""
    collector = collect("mysql")
    given = datagrams.flows(3000, seed=47)
    redis = collector.site.redis
    collector.send(*Netflow5(engine=1).messages(given[:1000]))
    collector.imported(1000)
    redis.stop()
    collector.send(*Netflow5(engine=2).messages(given[1000:2000]))
    collector.wait_shown(flows_total=2000)
    redis.start()
    collector.imported(2000)
    redis.stop()
    collector.send(*Netflow5(engine=3).messages(given[2000:]))
    collector.wait_shown(flows_total=3000)
    collector.daemon.stop()
    redis.start()
    collector = collector.again()
    collector.holds(given)


def test_stopped_while_redis_is_frozen(collect):
    """Neither the entries on their way there nor those behind them are lost or counted twice."""
    collector = collect()
    given = datagrams.flows(2000, seed=49)
    redis = collector.site.redis
    collector.send(*Netflow5(engine=1).messages(given[:1000]))
    collector.imported(1000)
    redis.process.signal(signal.SIGSTOP)
    try:
        collector.send(*Netflow5(engine=2).messages(given[1000:]))
        rig.wait_for(lambda: unread(collector.port) == 0, "all to be read")
        collector.daemon.signal(signal.SIGTERM)
        assert collector.daemon.wait(rig.STOP) == 0, collector.daemon.output()
    finally:
        redis.process.signal(signal.SIGCONT)
    assert "not confirmed are lost" not in collector.daemon.output()
    collector.again().holds(given)


# What else is told ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind, queue", [("mysql", "redis"), ("sqlite", "direct")])
def test_keys_beyond_the_five_tuple(collect, kind, queue):
    keys = ("sourceIPv4Address", "protocolIdentifier", "exporterIPv4Address", "ingressInterface", "bgpSourceAsNumber",
            "vlanId", "ipNextHopIPv4Address", "ipClassOfService")
    collector = collect(kind, queue=queue, keys=keys)
    given = datagrams.flows(400, seed=48, ingressInterface=[0, 1, 65535], bgpSourceAsNumber=[0, 64500, 65535],
                            ipNextHopIPv4Address=[0, 0xc0000201], vlanId=[0, 1, 4095])
    collector.send(*Netflow5().messages(given[:200]), source="127.0.0.2")
    words = FOUR + MILLISECONDS + COUNTS + "ingressInterface/2 bgpSourceAsNumber vlanId ipNextHopIPv4Address"
    collector.send(*templated(10, words)(given[200:]), source="127.0.0.3")
    collector.holds([dict(flow, exporterIPv4Address=0x7f000002, vlanId=0) for flow in given[:200]] +  # v5 has none
                    [dict(flow, exporterIPv4Address=0x7f000003) for flow in given[200:]])


def test_all_elements_on_the_queue(collect):
    """For other readers: all that an exporter says and has a name, and who said it; counts are multiplied."""
    collector = collect(sections={"import_": {"enabled": "no"}}, elements="all")
    given = datagrams.flows(50, seed=50, ingressInterface=[1, 2], vlanId=[7], applicationName=["http é\"\\", ""])
    collector.send(*templated(10, FOUR + MILLISECONDS + COUNTS + "ingressInterface vlanId applicationName/v 6871:77/v",
                              domain=9)(given))
    collector.send(*Netflow5(sampling=10).messages(given))
    queue = collector.site.redis.client()
    rig.wait_for(lambda: queue.llen(rig.QUEUE) == 100, "the entries")
    got = [json.loads(entry) for entry in queue.lrange(rig.QUEUE, 0, -1)]
    assert got[:50] == [dict(flow, exporterIPv4Address=0x7f000001, observationDomainId=9) for flow in given]
    for entry, flow in zip(got[50:], datagrams.scaled(given, 10)):
        flow = {name: value for name, value in flow.items() if name not in ("vlanId", "applicationName")}
        assert entry | flow == entry
        assert set(entry) - set(flow) == {
            "egressInterface", "ipNextHopIPv4Address", "bgpSourceAsNumber", "bgpDestinationAsNumber", "observationDomainId",
            "sourceIPv4PrefixLength", "destinationIPv4PrefixLength", "exporterIPv4Address", "samplingPopulation",
            "flowStartSysUpTime", "flowEndSysUpTime"}
        assert entry["samplingPopulation"] == 10


@pytest.mark.parametrize("queue", ["redis", "direct"])
def test_what_two_exporters_tell_counts_once(collect, queue):
    collector = collect(queue=queue, deduplicate="10s")
    given = datagrams.flows(300, seed=49, six=0.3)
    for source in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
        collector.send(*PROTOCOLS["IPFIX"][1](given), source=source)
    collector.wait_shown(flows_total=300, duplicate_flows_total=600)
    collector.holds(given)


def index_lines():
    if not (SAMPLES / "INDEX.tsv").exists():
        return []
    head, *lines = (line.split("\t") for line in (SAMPLES / "INDEX.tsv").read_text().splitlines())
    return [dict(zip(head, line)) for line in lines]


@pytest.mark.skipif(not index_lines(), reason="takes ../shared/samples/datagrams")
@pytest.mark.parametrize("line", index_lines(), ids=[line["file"] for line in index_lines()])
def test_recorded_datagrams(collect, line):
    """Of exporters made by others, sent again as they were."""
    collector = collect(queue="direct", max_skew="0")
    recorded = list(datagrams.payloads(SAMPLES / line["file"]))
    assert len(recorded) == int(line["datagrams"])
    collector.send(*(message for _, _, message in recorded), host="::1" if ":" in recorded[0][0] else "127.0.0.1")
    collector.wait_shown(messages_total=len(recorded), flows_total=int(line["flow_records"]))
    shown = collector.shown()
    assert (shown["messages_total"], shown["flows_total"]) == (len(recorded), int(line["flow_records"]))
    if shown["flows_total"] > 0:  # told to stop before the store has answered, it leaves them in the spool
        rig.wait_for(lambda: collector.client.status()["import"]["folding"], "the store to be there")
    collector.stop()
    sums = collector.site.ledger()
    if line["what"].startswith("IPFIX"):  # one of them tells in its options that it looks at one packet in 256
        rate = 256 if "sampling option" in line["what"] else 1
        assert (sums["octetDeltaCount"], sums["packetDeltaCount"]) == (int(line["octets"]) * rate,
                                                                       int(line["packets"]) * rate)
    collector.site.verify()
