"""kill -9 anywhere, consumers that vanish or freeze: nothing is lost, nothing is counted twice."""
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

import generator
import reference
import rig

FLOWS = 8500
BACKLOG = 4100  # a queue of more than 4000 entries is claimed as a whole, a shorter one entry by entry
PLACES = ("after-wait", "after-claim", "mid-fold", "mid-flush", "after-commit", "mid-unlink")


@pytest.fixture(scope="module")
def known():
    entries = list(generator.flows(FLOWS, seed=31, hosts=200)) + [raw for _, raw in generator.bad(40)]
    done = reference.Import().add_all(entries)
    return entries, done, done.tables()


def undisturbed(make_site, kind, entries):
    site = make_site(kind)
    site.import_all(entries)
    return site


def assert_same_as(site, other):
    rig.assert_tables(site.tables(), other.tables())
    assert site.ledger() == other.ledger()
    assert sorted(raw for _, raw in site.rejected()) == sorted(raw for _, raw in other.rejected())
    site.verify()


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("place", PLACES)
def test_killed_at_a_named_place(make_site, kind, place, nth, known):
    entries, done, tables = known
    site = make_site(kind)
    # Backlogs and single entries in turn: every place is passed more than once.
    pushed = site.redis.push(entries[:BACKLOG], batch=BACKLOG)
    daemon = site.daemon(fault="%s:%d" % (place, nth))
    client = site.redis.client()
    step = 0
    end = time.monotonic() + rig.BOUND
    while daemon.running():
        assert time.monotonic() < end, "the place was never passed\n" + daemon.output()
        daemon.flush()
        if pushed < len(entries) and not client.exists(rig.QUEUE):
            step += 1
            pushed += site.redis.push(entries[pushed:pushed + (BACKLOG if step == 3 else 5)], batch=BACKLOG)
        time.sleep(0.02)
    assert daemon.child.returncode == -signal.SIGKILL, daemon.output()
    if pushed < len(entries):
        site.redis.push(entries[pushed:])
    again = site.daemon()
    site.settle(len(entries), again)
    again.stop()
    rig.assert_tables(site.tables(), tables)
    ledger = site.ledger()
    assert [ledger[name] for name in rig.LEDGER_COUNTS] == [done.entries, done.imported, 0, sum(done.rejected.values())]
    assert sorted(raw for _, raw in site.rejected()) == sorted(
        raw for raw in entries if reference.Import().add(raw, int(time.time())))
    site.verify()


def test_killed_twice_while_replaying(make_site, kind, known):
    entries, _, tables = known
    site = make_site(kind)
    site.redis.push(entries)
    killed = 0
    for fault in ("after-claim", "mid-fold", "mid-fold:1000", "mid-flush", "mid-flush", "after-commit", "mid-unlink"):
        daemon = site.daemon(fault=fault)
        end = time.monotonic() + rig.BOUND
        while daemon.running():
            assert time.monotonic() < end, "never passed %s\n%s" % (fault, daemon.output())
            if site.caught_up(len(entries)):
                break  # an earlier kill left nothing of this kind to do
            daemon.flush()
            time.sleep(0.01)
        killed += not daemon.running()
        daemon.kill()
    assert killed >= 6
    again = site.daemon()
    site.settle(len(entries), again)
    again.stop()
    rig.assert_tables(site.tables(), tables)
    site.verify()


class Feeder(threading.Thread):
    """Pushes entries at a steady pace in the background."""

    def __init__(self, redis, entries, seconds):
        super().__init__(daemon=True)
        self.redis, self.entries, self.pause = redis, entries, seconds * 50 / len(entries)
        self.error = None
        self.start()

    def run(self):
        try:
            for at in range(0, len(self.entries), 50):
                self.redis.push(self.entries[at:at + 50])
                time.sleep(self.pause)
        except Exception as error:  # pylint: disable=broad-except
            self.error = error

    def finish(self):
        self.join()
        assert self.error is None, self.error


@pytest.mark.parametrize("kind, instants, seconds", [("sqlite", 130, 12), ("mysql", 70, 9)])
def test_killed_at_random_instants(make_site, kind, instants, seconds):
    rng = random.Random(instants)
    entries = list(generator.flows(20000, seed=33, hosts=300)) + [raw for _, raw in generator.bad(1000)]
    rng.shuffle(entries)
    other = undisturbed(make_site, kind, entries)
    site = make_site(kind)
    feeder = Feeder(site.redis, entries, seconds)
    for _ in range(instants):
        daemon = site.daemon()
        end = time.monotonic() + rng.random() * 0.15
        while time.monotonic() < end:
            daemon.flush()
            time.sleep(rng.random() * 0.03)
        assert daemon.running(), daemon.output()
        daemon.kill()
    feeder.finish()
    again = site.daemon()
    site.settle(len(entries), again)
    again.stop()
    assert_same_as(site, other)
    assert site.ledger()["entries"] == 21000


def oddities():
    """An entry of each kind of JSON that producers, or their mistakes, have ever made, and of none."""
    good = next(generator.flows(1, seed=35, six=0)).decode()
    inside = good[good.index("{") + 1:good.rindex("}")]
    octets = re.search(r'"octetDeltaCount" ?: ?\d+', good).group()
    values = ["1e3", "1E+3", "1e400", "-0", "-1", "0.5", "5.0", "18446744073709551615", "18446744073709551616",
              "9" * 400, "0x10", "010", "+1", ".5", "5.", "NaN", "Infinity", "nul", "null", "true", "[]", "{}", "[5]",
              '{"a":5}', '"5"', '" 5"', '"5 "', '""', '"\\u0035"', '"\\ud800"', '"\\u0000"', "'5'", "5 5", ""]
    for value in values:
        yield good.replace(octets, '"octetDeltaCount":%s' % value)
    yield from ("{%s}" % text for text in (
        inside + "," + octets, octets.replace("octet", "\\u006fctet") + "," + inside, inside + ",", "," + inside,
        inside.replace(",", ";"), inside.replace(":", "="), inside.replace('"', "'"), inside + ",'a':1",
        inside + ',"' + "k" * 70000 + '":1', inside + ',"k":"' + "v" * 200000 + '"', inside + ',"k":' + "[" * 5000,
        inside + ',"k":' + "[" * 500 + "]" * 500, inside + ",".join([""] + ['"k%d":%d' % (n, n) for n in range(5000)]),
        inside + ' /* a comment */', inside + " // another\n", "", '"a"', '"":1', inside + ',"":{"":[{}]}'))
    yield from (good + good, good + "\n" + good, "[%s,%s]" % (good, good), "[[%s]]" % good, "[%s" % good, good[:-1],
                good[:len(good) // 2], good + "}", "\ufeff" + good, "\r\n\t " + good + " \r\n", good + "\0", "\0" + good,
                "", " ", "\n", "null", "true", "0", '"x"', "[]", "[[[]]]", "[" * 100000, "{" * 100000, '{"a":' * 20000,
                '"END"', "END ", " END", "end", "END\n", '["END"]', "<xml/>", "a=b&c=d", "%s%n%s", "\x1b[2J", "\U0001f600")
    yield good.encode("utf-16")
    yield good.encode("utf-32-le")
    yield from (good.encode().replace(b"{", b"{" + odd) for odd in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\0"))
    yield from (good.encode().replace(b'octetDeltaCount', b'octetDeltaCount' + odd) for odd in (b"\xff", b"\0", b"\\u0000"))
    yield bytes(range(256))
    yield good.encode() + b" " * ((1 << 20) - len(good))
    yield good.encode() + b" " * (1 << 20)


def test_killed_among_all_oddities(make_site):
    """They are refused or counted as in a run that nobody disturbs."""
    rng = random.Random(36)
    odd = [entry if isinstance(entry, bytes) else entry.encode("utf-8") for entry in oddities()]
    entries = list(generator.flows(3000, seed=36, hosts=100)) + odd * 2
    rng.shuffle(entries)
    other = undisturbed(make_site, "sqlite", entries)
    assert other.ledger()["imported"] > 3000 and other.ledger()["rejected"] > len(odd)
    site = make_site("sqlite")
    feeder = Feeder(site.redis, entries, 3)
    for _ in range(30):
        daemon = site.daemon()
        daemon.flush()
        time.sleep(rng.random() * 0.12)
        daemon.flush()
        time.sleep(rng.random() * 0.03)
        daemon.kill()
    feeder.finish()
    again = site.daemon()
    site.settle(len(entries), again)
    again.stop()
    assert_same_as(site, other)


def test_three_consumers_of_which_one_never_comes_back(make_site, kind):
    rng = random.Random(4)
    entries = list(generator.flows(15000, seed=34, hosts=300))
    rng.shuffle(entries)
    site = make_site(kind)
    options = {"consumer_timeout": "2s", "page": 100}

    def start(name, fault=None):
        return site.daemon(name=name, fault=fault, queue=dict(options, consumer=name))
    feeder = Feeder(site.redis, entries, 4)
    consumers = {name: start(name, "mid-flush:4" if name == "c" else None) for name in "abc"}
    end = time.monotonic() + rig.BOUND
    while consumers["c"].running() or feeder.is_alive():
        assert time.monotonic() < end, "consumer c never reached its fault\n" + consumers["c"].output()
        for name, daemon in consumers.items():
            daemon.flush()
            if name != "c" and rng.random() < 0.1:
                daemon.kill()
                consumers[name] = start(name)
        time.sleep(0.05)
    feeder.finish()
    assert consumers["c"].child.returncode == -signal.SIGKILL
    alive = [consumers["a"], consumers["b"]]
    site.settle(len(entries), alive)
    for daemon in alive:
        daemon.stop()
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())
    rows = rig.read_ledger(site.store)
    assert {row["consumer"] for row in rows} == {"a", "b", "c"}
    assert [row["consumer"] for row in rows if row["adopted"]] and all(
        row["consumer"] == "c" for row in rows if row["adopted"] and row["consumer"] not in "ab")
    assert any(row["adopted"] and row["consumer"] == "c" for row in rows)
    site.verify()


def test_frozen_consumer_is_adopted_and_wakes_without_harm(make_site, kind):
    entries = list(generator.flows(6000, seed=35, hosts=300))
    site = make_site(kind)

    def start(name):
        return site.daemon(name=name, queue={"consumer": name, "consumer_timeout": "2s"})
    frozen = start("frozen")
    client = site.redis.client()
    site.redis.push(entries[:4000])
    # It holds claims that no flush has written yet.
    rig.wait_for(lambda: not client.exists(rig.QUEUE) and site.claims(), "the queue to be claimed")
    frozen.signal(signal.SIGSTOP)
    other = start("other")
    site.redis.push(entries[4000:5000])
    site.settle(5000, other)
    frozen.signal(signal.SIGCONT)
    site.redis.push(entries[5000:])
    site.settle(6000, [frozen, other])
    frozen.stop()
    other.stop()
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())
    assert site.ledger()["entries"] == 6000
    assert sum(row["entries"] for row in rig.read_ledger(site.store) if row["adopted"]) == 4000
    site.verify()


@pytest.mark.parametrize("late", [False, True], ids=["woken before the adoption", "woken after it"])
def test_frozen_in_mid_flush(make_site, make_maria, make_store, late):
    """Its transaction is open and holds locks; of owner and survivor only one commits the generation."""
    server = make_maria(options=["--innodb-lock-wait-timeout=1"])
    entries = list(generator.flows(12000, seed=36, hosts=1000))
    site = make_site(store=make_store("mysql", server))

    def start(name):
        return site.daemon(name=name, queue={"consumer": name, "consumer_timeout": "2s"})
    frozen = start("frozen")
    client = site.redis.client()
    site.redis.push(entries[:6000])
    site.settle(6000, frozen)
    with server.locked(site.store.database, "flows_aggr_600"):
        site.redis.push(entries[6000:], batch=6000)
        rig.wait_for(lambda: not client.exists(rig.QUEUE) and site.claims(), "the queue to be claimed")
        frozen.flush()
        server.wait_for_waiter()
        frozen.signal(signal.SIGSTOP)
    other = start("other")
    rig.wait_for(lambda: not client.exists("{%s}:consumer:frozen" % rig.QUEUE), "the frozen consumer's key to lapse")
    if late:  # the survivor has taken the claims over and waits for the locks
        rig.wait_for(lambda: any(b":adopted" in key for key in site.claims()),
                     lambda: "the adoption: %r\n%s" % (site.claims(), other.output()))
    frozen.signal(signal.SIGCONT)
    site.settle(len(entries), [frozen, other])
    frozen.stop()
    other.stop()
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())
    site.verify()


def test_more_claims_than_commands_fit_on_their_way(make_site):
    """A dead consumer that took a trickle for days, and never flushed: none of those who adopt it may die of it."""
    entries = list(generator.flows(17000, seed=39))
    site = make_site("sqlite")
    client = site.redis.client()
    with client.pipeline(transaction=False) as pipeline:
        for i, raw in enumerate(entries):
            key = "{%s}:claim:dead:1700000000000000:%d:%d" % (rig.QUEUE, i, 1700100000)
            pipeline.rpush(key, raw)
            pipeline.sadd("{%s}:claims" % rig.QUEUE, key)
        pipeline.execute()
    daemon = site.daemon()
    site.settle(len(entries), daemon)
    daemon.stop()
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())
    assert {(row["consumer"], bool(row["adopted"])) for row in rig.read_ledger(site.store) if row["entries"]} == {("dead", True)}
    site.verify()


def test_consumer_comes_back_under_its_name_and_takes_its_own_claims(make_site):
    entries = list(generator.flows(2000, seed=37))
    site = make_site("sqlite")
    first = site.daemon()
    site.redis.push(entries)
    client = site.redis.client()
    rig.wait_for(lambda: not client.exists(rig.QUEUE) and site.claims(), "the queue to be claimed")
    first.kill()
    assert site.ledger()["entries"] == 0
    again = site.daemon()
    site.settle(len(entries), again, bound=rig.SOON)
    again.stop()
    assert [row["consumer"] for row in rig.read_ledger(site.store)] == ["one"]
    assert not any(row["adopted"] for row in rig.read_ledger(site.store))
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())


def test_a_replay_decides_by_the_time_of_the_claim(make_site):
    """Entries that were young enough when they were claimed are imported, however late the replay is."""
    site = make_site("sqlite", import_={"max_flow_age": "3s"})
    first = site.daemon()
    now = int(time.time())
    entries = [generator.one(flowStartSeconds=now - age, flowEndSeconds=now) for age in (0, 1, 100)]
    site.redis.push(entries)
    rig.wait_for(lambda: not site.redis.client().exists(rig.QUEUE) and site.claims(), "the queue to be claimed")
    first.kill()
    rig.wait_for(lambda: time.time() > now + 5, "the flows to be old")
    again = site.daemon()
    site.settle(3, again)
    again.stop()
    assert (site.ledger()["imported"], site.ledger()["too_old"]) == (2, 1)


def test_two_daemons_with_one_name(make_site):
    """A mistake that must not corrupt: the second says so and ends or waits; every entry counts once."""
    entries = list(generator.flows(3000, seed=38))
    site = make_site("sqlite")
    first = site.daemon(name="first")
    site.redis.push(entries[:1500])
    second = site.daemon(name="second", ready=False)
    site.redis.push(entries[1500:])
    first.flush()
    end = time.monotonic() + rig.BOUND
    while not site.caught_up(3000):
        assert time.monotonic() < end, first.output() + second.output()
        for daemon in (first, second):
            if daemon.handles(signal.SIGUSR1):
                daemon.flush()
        time.sleep(0.05)
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())
    site.verify()


def unshared():
    """The words of a command in a PID namespace of its own, as a container's."""
    words = ["unshare", "-p", "-f", "--mount-proc", "--kill-child"]
    if not shutil.which("unshare"):
        pytest.skip("no unshare (util-linux) here")
    done = subprocess.run(words + ["true"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        pytest.skip("no PID namespace may be made here: " + done.stdout.decode().strip())
    return words


def test_two_daemons_of_one_name_that_do_not_see_each_other(make_site):
    """Two containers with one host name: both are process 1. One stops and says so; every entry counts once."""
    under = unshared()
    entries = list(generator.flows(20000, seed=40))
    site = make_site("sqlite", queue={"consumer_timeout": "2s"})
    daemons = [site.daemon(name=name, ready=False, under=under) for name in ("first", "second")]
    feeder = Feeder(site.redis, entries, 3)
    rig.wait_for(lambda: not all(daemon.running() for daemon in daemons),
                 lambda: "one to stop:\n" + "".join(daemon.output() for daemon in daemons), bound=rig.SOON)
    feeder.finish()
    (stopped,) = [daemon for daemon in daemons if not daemon.running()]
    (other,) = [daemon for daemon in daemons if daemon is not stopped]
    assert stopped.wait() == 1
    assert "the consumer name 'one' is in use by process 1 on host '%s'" % socket.gethostname() in stopped.output()
    assert "this is process 1 on host '%s'. Give each importer its own name: [queue] consumer" % (
        socket.gethostname()) in stopped.output()
    (inner,) = pathlib.Path("/proc/%d/task/%d/children" % (other.pid, other.pid)).read_text().split()

    def done():
        os.kill(int(inner), signal.SIGUSR1)
        return site.caught_up(len(entries))
    rig.wait_for(done, other.output, bound=rig.SOON, step=0.1)
    os.kill(int(inner), signal.SIGTERM)
    other.wait()
    assert site.ledger()["entries"] == len(entries)
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())
    site.verify()
