"""kill -9 of a collector with queue = direct: what was written to its spool is counted, and counted once."""
import random
import threading
import time

import pytest

import datagrams
import rig
from collecting import Collector
from datagrams import Netflow5, Sender


def spooled(collector):
    return collector.client.status()["spool"]["entries_total"]


def wait_spooled(collector, entries):
    rig.wait_for(lambda: spooled(collector) >= entries, lambda: "%d entries in the spool: %r\n%s" % (
        entries, collector.client.status(), collector.daemon.output()[-3000:]), step=0.002)


@pytest.mark.parametrize("kind, kills", [("sqlite", 60), ("mysql", 60)])
def test_killed_at_random_instants(collect, kind, kills):
    """Also while a commit is under way, and while what is left of the processes before is counted."""
    chance = random.Random(kills)
    collector = collect(kind, queue="direct")
    given = []
    for i in range(kills):
        some = datagrams.flows(chance.randrange(1, 400), seed=100 + i)
        given += some
        collector.send(*Netflow5(engine=i).messages(some))
        wait_spooled(collector, len(some))
        if chance.random() < 0.7:
            collector.daemon.flush()
        time.sleep(chance.random() * 0.04)
        assert collector.daemon.running(), collector.daemon.output()
        collector.daemon.kill()
        collector = collector.again()
        if chance.random() < 0.4:  # the next one, before it has counted anything
            time.sleep(chance.random() * 0.02)
            collector.daemon.kill()
            collector = collector.again()
    collector.holds(given)
    assert not list((collector.site.folder / "spool").iterdir())


def flow(number):
    """The only one of its host."""
    return {"sourceIPv4Address": 0x0a000000 + number, "destinationIPv4Address": 0xc0000201, "protocolIdentifier": 17,
            "sourceTransportPort": 1000, "destinationTransportPort": 53, "octetDeltaCount": 100 + number % 50,
            "packetDeltaCount": 1, "flowStartMilliseconds": datagrams.now_ms() - 1000,
            "flowEndMilliseconds": datagrams.now_ms()}


class Exporter(threading.Thread):
    """Sends until it is told to stop, whether anybody listens or not."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.sent, self.over = port, 0, threading.Event()
        self.start()

    def run(self):
        exporter = Netflow5()
        with Sender(self.port) as sender:
            while not self.over.wait(0.005):
                some = [flow(self.sent + i) for i in range(48)]
                self.sent += len(some)
                try:
                    sender.send(*exporter.messages(some))
                except ConnectionError:
                    pass  # between two processes nobody has the port


@pytest.mark.parametrize("kind, kills", [("sqlite", 25), ("mysql", 25)])
def test_killed_while_receiving(collect, kind, kills):
    """What was still in memory is lost with the process; all else is counted, and nothing twice."""
    chance = random.Random(kills)
    collector = collect(kind, queue="direct")
    exporter, known = Exporter(collector.port), 0
    for _ in range(kills):
        wait_spooled(collector, 1)
        end, seen = time.monotonic() + chance.random() * 0.3, 0
        while time.monotonic() < end:
            if chance.random() < 0.3:
                collector.daemon.flush()
            seen = spooled(collector)
            time.sleep(chance.random() * 0.03)
        known += seen
        collector.daemon.kill()
        collector = collector.again()
    exporter.over.set()
    exporter.join()
    collector.imported(known)
    collector.stop()
    site = collector.site
    site.verify()
    assert known <= site.ledger()["imported"] <= exporter.sent
    with site.store.cursor() as cursor:
        cursor.execute("SELECT sourceIPv4Address, SUM(octetDeltaCount), SUM(packetDeltaCount) FROM flows_600 "
                       "GROUP BY sourceIPv4Address")
        rows = [tuple(map(int, row)) for row in cursor.fetchall()]
    assert [row for row in rows if row[1:] != (100 + (row[0] - 0x0a000000) % 50, 1)] == []
    assert len(rows) == site.ledger()["imported"]


def test_the_store_is_away(make_maria, make_store, make_site):
    """Flows wait on disk, also over a stop, and are counted when it is back."""
    server = make_maria()
    site = make_site(redis=rig.NoRedis(), store=make_store("mysql", server))
    collector = Collector(site, queue="direct")
    given = datagrams.flows(1000, seed=200)
    collector.send(*Netflow5(engine=1).messages(given[:300]))
    collector.imported(300)
    server.stop()
    collector.send(*Netflow5(engine=2).messages(given[300:600]))
    wait_spooled(collector, 600)
    collector.daemon.flush()
    rig.wait_for(lambda: "trying again" in collector.daemon.output(), "a commit that fails")
    collector.daemon.stop()
    assert "entries that are not committed stay in the spool" in collector.daemon.output()
    collector = collector.again()
    collector.send(*Netflow5(engine=3).messages(given[600:]))
    wait_spooled(collector, 400)
    collector.daemon.kill()
    server.start()
    collector = collector.again()
    collector.holds(given)


def test_at_most_once_has_no_spool(collect):
    collector = collect(queue="direct", sections={"queue": {"delivery": "at-most-once"}})
    given = datagrams.flows(100, seed=201)
    collector.send(*Netflow5().messages(given))
    collector.wait_shown(flows_total=100)
    assert "spool" not in collector.client.status()
    assert not (collector.site.folder / "spool").exists()
    collector.holds(given)
