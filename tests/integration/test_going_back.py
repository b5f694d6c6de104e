"""Redis that goes back in time, is full, or is shared: nothing is counted twice, nothing is lost that Redis has not lost."""
import json
import random
import signal
import time

import pytest

import generator
import reference
import rig
import test_commands

START = 1700000000


def entry(number):
    """One for each number, with a row of its own in the tables."""
    return (b'{"sourceIPv4Address":%d,"destinationIPv4Address":134744072,"protocolIdentifier":6,"sourceTransportPort":%d,'
            b'"destinationTransportPort":443,"flowStartSeconds":%d,"flowEndSeconds":%d,"octetDeltaCount":%d,'
            b'"packetDeltaCount":1}' % (167772160 + number, number % 65536, START, START, 100 + number % 1000))


def counted(site):
    """How often each entry is counted, by its number."""
    flows = {}
    with site.store.cursor() as cursor:
        cursor.execute("SELECT sourceIPv4Address, SUM(flows) FROM flows_600 GROUP BY sourceIPv4Address")
        for address, number in cursor.fetchall():
            flows[int(address) - 167772160] = float(number)
    return flows


def drained(site, daemons):
    """Until nothing is in the queue nor in a claim, with flushes asked for meanwhile."""
    def done():
        for daemon in daemons:
            assert daemon.running(), daemon.output()[-4000:]
            daemon.flush()
        site.redis.wake()
        client = site.redis.client()
        return not client.exists(rig.QUEUE) and not site.claims(client)
    rig.wait_for(done, lambda: "the queue to be drained:\n" + "\n".join(each.output()[-2500:] for each in daemons),
                 step=0.02)


class Rounds:
    """Entries pushed, some of them after a snapshot with which Redis begins anew."""

    def __init__(self, site, seed):
        self.site, self.random, self.next = site, random.Random(seed), 0
        self.kept, self.doubtful = set(), set()

    def push(self, n, into):
        numbers = range(self.next, self.next + n)
        self.next += n
        self.site.redis.push([entry(number) for number in numbers])
        into.update(numbers)

    def pause(self, daemons):
        """Some time in which some of what was taken may be committed."""
        for daemon in daemons:
            if self.random.random() < 0.6:
                daemon.flush()
        time.sleep(self.random.choice([0, 0.02, 0.1, 0.3]))

    def go_back(self, daemons):
        """What was pushed before the snapshot, or after the start, is to be counted once; the rest at most once."""
        redis = self.site.redis
        asleep = daemons if self.random.random() < 0.6 else []  # what they leave in the queue is taken after the snapshot
        for daemon in asleep:
            daemon.signal(signal.SIGSTOP)
        self.push(self.random.choice([1, 30, 700, 5000]), self.kept)
        self.pause(daemons)
        redis.client().save()
        for daemon in asleep:
            daemon.signal(signal.SIGCONT)
        self.push(self.random.choice([1, 50, 3000]), self.doubtful)
        self.pause(daemons)
        if self.random.random() < 0.5:
            drained(self.site, daemons)
        redis.kill()
        if self.random.random() < 0.5:
            time.sleep(0.2)
        redis.start()
        self.push(self.random.choice([1, 40, 2000]), self.kept)

    def check(self):
        flows = counted(self.site)
        assert not {number: n for number, n in flows.items() if n != 1}, "counted twice"
        assert not self.kept - set(flows), "lost"
        assert set(flows) <= self.kept | self.doubtful
        self.site.verify()


@pytest.mark.parametrize("consumers", [1, 3])
def test_snapshots_at_random_instants(make_site, kind, consumers):
    site = make_site(kind, queue={"consumer_timeout": "3s"})
    daemons = [site.daemon(name="daemon%d" % i, queue={"consumer": "c%d" % i}) for i in range(consumers)]
    rounds = Rounds(site, 7 + consumers)
    # Of what was in Redis before an importer first came nothing is known.
    rig.wait_for(lambda: site.redis.client().exists("{entry:queue}:taken"), "the counting to begin")
    for _ in range(8):
        rounds.go_back(daemons)
    drained(site, daemons)
    for daemon in daemons:
        daemon.stop()
    rounds.check()
    assert "has gone back in time" in "".join(daemon.output() for daemon in daemons)


def test_killed_while_redis_goes_back(make_site, kind):
    """The claims of a consumer that is killed stand in the snapshot, and are committed by another afterwards."""
    site = make_site(kind, queue={"consumer_timeout": "1s"})
    rounds = Rounds(site, 3)
    daemon = site.daemon(name="daemon1", queue={"consumer": "c1"})
    other = site.daemon(name="daemon2", queue={"consumer": "c2"})
    rounds.push(3000, rounds.kept)
    site.wait_claimed()
    site.redis.client().save()
    daemon.kill()
    drained(site, [other])
    assert len(counted(site)) == 3000
    site.redis.kill()
    site.redis.start()
    rounds.push(10, rounds.kept)
    daemon = site.daemon(name="daemon3", queue={"consumer": "c1"})
    drained(site, [daemon, other])
    for each in (daemon, other):
        each.stop()
    rounds.check()


def test_an_end_is_not_obeyed_twice(make_site, kind):
    site = make_site(kind)
    rounds = Rounds(site, 4)
    daemon = site.daemon()
    rounds.push(5, rounds.kept)
    drained(site, [daemon])
    site.redis.client().save()  # it has counted five
    rounds.push(5, rounds.kept)
    site.redis.client().rpush(rig.QUEUE, "END")
    assert daemon.wait() == 0
    assert site.ledger()["entries"] == 10
    site.redis.kill()
    site.redis.start()
    rounds.next -= 5
    site.redis.push([entry(number) for number in range(5, 10)])  # as if they had stood there
    site.redis.client().rpush(rig.QUEUE, "END")
    rounds.next += 5
    daemon = site.daemon()
    rounds.push(7, rounds.kept)
    drained(site, [daemon])  # it runs
    daemon.stop()
    rounds.check()
    assert site.ledger()["entries"] == 17


def test_back_without_a_lost_connection(make_site, make_redis, kind):
    """What is folded and not yet committed comes again, in the same generation."""
    redis = make_redis(options=["--enable-debug-command", "yes"])
    site = make_site(kind, redis=redis, import_={"flush_interval": "1h"})
    rounds, client = Rounds(site, 5), redis.client()
    daemon = site.daemon()
    rounds.push(10, rounds.kept)
    drained(site, [daemon])
    daemon.signal(signal.SIGSTOP)
    rounds.push(100, rounds.kept)
    client.save()
    daemon.signal(signal.SIGCONT)
    site.wait_claimed()
    daemon.signal(signal.SIGSTOP)
    client.execute_command("DEBUG", "RELOAD", "NOSAVE")
    daemon.signal(signal.SIGCONT)
    site.wait_claimed()
    drained(site, [daemon])
    daemon.stop()
    rounds.check()


def test_another_redis_counts_anew(make_site, kind):
    """Without its data, or emptied, it has another count: the same entries are new ones."""
    site = make_site(kind)
    daemon = site.daemon()
    site.redis.push([entry(1), entry(2)])
    drained(site, [daemon])
    site.redis.kill()
    site.redis.start()
    site.redis.push([entry(1), entry(2)])
    drained(site, [daemon])
    site.redis.client().flushall()
    site.redis.push([entry(1), entry(2)])
    drained(site, [daemon])
    daemon.stop()
    assert counted(site) == {1: 3, 2: 3}


# The audit ------------------------------------------------------------------------------------------------------------


def queue_line(site, code=0):
    out, _ = site.run("verify", code=code)
    return out.splitlines()[-1]


LINE = "queue: of the last %d entries taken %d are counted and %d still claimed; %d are missing, %d counted twice"


def test_verify_holds_the_queue_against_the_ledger(make_site, kind):
    site = make_site(kind, import_={"flush_interval": "1h"})
    client = site.redis.client()
    daemon = site.daemon()
    site.redis.push([entry(number) for number in range(9000)])
    drained(site, [daemon])
    assert queue_line(site) == LINE % (9000, 9000, 0, 0, 0)
    site.redis.push([entry(number) for number in range(9000, 9700)])
    site.wait_claimed()
    assert queue_line(site) == LINE % (9700, 9000, 700, 0, 0)
    for claim in site.claims():  # somebody deletes what is under way
        client.delete(claim)
    daemon.kill()
    assert queue_line(site, code=1) == LINE % (9700, 9000, 0, 700, 0)
    # A row of the ring that is there twice; it is a run of 8 bytes and 4 for each entry.
    with site.store.cursor() as cursor:
        cursor.execute("SELECT LENGTH(entries) FROM import_places WHERE place = 0")
        twice = (cursor.fetchone()[0] - 8) // 4
    test_commands.plant(site, "INSERT INTO import_places (slot, ring, queue, place, entries) "
                              "SELECT 9000, 9000, queue, place, entries FROM import_places WHERE place = 0")
    test_commands.plant(site, "UPDATE import_queues SET ring = 9001 WHERE queue = ''")
    assert queue_line(site, code=1) == LINE % (9700, 9000, 0, 700, twice)
    document = json.loads(site.run("--json", "verify", code=1)[0])
    assert document["queue"] == {"compared": 9700, "counted": 9000, "claimed": 0, "missing": 700, "twice": twice}
    assert document["differences"] == 0
    site.redis.kill()
    assert "the queue is not compared" in site.run("verify")[1]


# Full ----------------------------------------------------------------------------------------------------------------


def fill(client):
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("maxmemory", max(1 << 20, client.info("memory")["used_memory"] - (64 << 10)))
    with pytest.raises(Exception, match="OOM|memory"):
        client.rpush("another", "x")


@pytest.mark.parametrize("late", [False, True])
def test_a_full_redis_is_drained(make_site, kind, late):
    """Before the importer comes, or while it runs; entries that it refuses are kept all the same."""
    site = make_site(kind)
    good = list(generator.flows(9000, seed=5, hosts=50))
    entries = good + [b"not JSON", b'{"x":1}']
    client = site.redis.client()
    if late:
        daemon = site.daemon()
        daemon.signal(signal.SIGSTOP)
    site.redis.push(entries)
    fill(client)
    if late:
        daemon.signal(signal.SIGCONT)
    else:
        daemon = site.daemon()
    site.settle(len(entries), daemon)
    assert sorted(raw for _, raw in site.rejected()) == sorted(entries[-2:])
    client.config_set("maxmemory", 0)
    site.redis.push(good[:10])
    site.settle(len(entries) + 10, daemon)
    daemon.stop()
    done = reference.Import().add_all(entries + good[:10])
    rig.assert_tables(site.tables(), done.tables())
    site.verify()


# Shared --------------------------------------------------------------------------------------------------------------


def test_a_backlog_is_shared(make_site):
    """Each of four that come to 60,000 entries gets some."""
    site = make_site("sqlite")
    daemons = [site.daemon(name="daemon%d" % i, queue={"consumer": "c%d" % i}) for i in range(4)]
    total = 0
    for _ in range(5):
        for daemon in daemons:
            daemon.signal(signal.SIGSTOP)
        total += site.redis.push([entry(number) for number in range(total, total + 60000)])
        for daemon in daemons:
            daemon.signal(signal.SIGCONT)
        drained(site, daemons)
        with site.store.cursor() as cursor:
            cursor.execute("SELECT consumer, SUM(entries) FROM import_ledger GROUP BY consumer")
            shares = {consumer.decode() if isinstance(consumer, bytes) else consumer: int(n)
                      for consumer, n in cursor.fetchall() if n}
        if len(shares) == 4:
            break
    assert sorted(shares) == ["c0", "c1", "c2", "c3"]
    assert sum(shares.values()) == total
    for daemon in daemons:
        daemon.stop()
    site.verify()
