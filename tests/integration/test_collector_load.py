"""The collector at 100,000 flows a second, and at more than its socket holds: what was sent is what is stored and what is
counted as lost, to the flow. FLOWIMPORT_LOAD_SECONDS says for how long."""
import os
import subprocess

import pytest

import reference
import rig
from collecting import losses
from datagrams import Sflow

SEND = rig.BUILD / "tests/bench/bench_send"
SECONDS = float(os.environ.get("FLOWIMPORT_LOAD_SECONDS", "10"))
PER_DATAGRAM = 24
pytestmark = pytest.mark.skipif(not SEND.exists(), reason="the benches are not built")


def send(collector, *words):
    """(datagrams, flows, packets, octets) of IPFIX that were sent, over 100,000 keys."""
    version, rate, seconds, *more = words
    done = subprocess.run([SEND, *map(str, (version, collector.port, rate, seconds, PER_DATAGRAM, 100000, *more))],
                          stdout=subprocess.PIPE, timeout=rig.BOUND + SECONDS, check=True)
    return tuple(map(int, done.stdout.split()[:4]))


def balance(collector, sent, others=None):
    """Everything that was sent is accounted for; returns what was lost: (flows, datagrams that the kernel dropped)."""
    collector.stop()
    site, lost = collector.site, losses(collector.site)
    flows, dropped = lost.pop(("127.0.0.1/0", "flows"), 0), lost.pop(("udp:%d" % collector.port, "datagrams"), 0)
    assert lost == (others or {})
    ledger = site.ledger()
    assert ledger["flows"] + flows * reference.FLOW_UNIT == sent[1] * reference.FLOW_UNIT
    assert ledger["rejected"] == ledger["too_old"] == 0
    assert flows <= dropped * PER_DATAGRAM
    if not flows:
        assert (ledger["packetDeltaCount"], ledger["octetDeltaCount"]) == sent[2:]
    site.verify()
    return flows, dropped


@pytest.mark.parametrize("queue", ["redis", "direct"])
def test_a_hundred_thousand_a_second(collect, queue):
    """With another exporter, of whose loss the metrics tell meanwhile."""
    collector = collect(queue=queue, sections={"import_": {"cache_memory": "256M"}})
    other = Sflow("192.0.2.1", 7)
    messages = [other.message(other.counters()) for _ in range(10)]
    collector.send(*messages[:3], *messages[7:])
    sent = send(collector, 10, 100000, SECONDS)
    assert sent[1] >= 100000 * SECONDS
    rig.wait_for(lambda: collector.shown()["lost_total"]["messages"] == 4, lambda: repr(collector.shown()))
    assert collector.client.metrics()['flowimport_collector_lost_total{what="messages"}'] == 4

    def come():
        shown = collector.client.status()
        return shown["collector"]["messages_total"] + shown["listener"]["dropped_total"]
    rig.wait_for(lambda: come() == sent[0] + 6, lambda: "%d of %d datagrams" % (come(), sent[0] + 6))
    flows, dropped = balance(collector, sent, {("192.0.2.1/7", "messages"): 4})
    print("queue=%s: %d flows sent, %d lost, %d datagrams dropped" % (
        queue, sent[1], flows, dropped))


@pytest.mark.parametrize("queue", ["redis", "direct"])
def test_more_than_the_socket_holds(collect, queue):
    collector = collect(queue=queue, buffer="64K")
    flows, dropped = balance(collector, send(collector, 10, 0, 1))
    assert flows > 0 and dropped > 0
