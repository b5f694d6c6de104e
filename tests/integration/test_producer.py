"""The producer of a probe, with its feed and its spool, by the program test_producer: what is put comes onto the queue
once and in order; what may be lost is, and is counted."""
import json
import random
import resource
import signal
import time

import pytest

import rig

PROGRAM = rig.BUILD / "tests" / "integration" / "test_producer"
pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="the tests' programs are not built")


class Producer(rig.Process):
    """Puts the numbers from `first` on, `rate` a second."""

    def __init__(self, folder, server, first=1, rate=20000, spool_max=64 << 20, max_queue=0):
        super().__init__([PROGRAM, server.url(), folder / "spool", spool_max, max_queue, first, rate], folder,
                         "producer")

    def shown(self, bound=rig.BOUND):
        """(how many were put, what the producer shows): when asked, or at its end."""
        before = self.output().count("\n--\n")
        if self.running():
            rig.wait_for(lambda: self.handles(signal.SIGUSR1) or not self.running(), "the program to be up")
            self.signal(signal.SIGUSR1)
            rig.wait_for(lambda: self.output().count("\n--\n") > before, lambda: "an answer:\n" + self.output(), bound)
        number, text = self.output().split("\n--\n")[-2].split("\n{\n", 1)
        return int(number.rsplit("\n", 1)[-1]), json.loads("{" + text)["producer"]

    def stop(self):
        """SIGTERM; how many were put, and what was shown last."""
        self.shown()
        self.signal(signal.SIGTERM)
        assert self.wait() == 0, self.output()
        return self.shown()


@pytest.fixture
def make_producer(folder):
    made = []

    def make(server, **options):
        made.append(Producer(folder, server, **options))
        return made[-1]
    yield make
    for producer in made:
        producer.kill()


def numbers(server, key=rig.QUEUE):
    return [int(entry.split()[0]) for entry in server.client().lrange(key, 0, -1)]


def spooled(producer):
    return producer.shown()[1]["spool_entries"]


def test_all_arrives_and_nothing_is_spooled(make_redis, make_producer):
    server = make_redis()
    producer = make_producer(server, rate=100000)
    rig.wait_for(lambda: server.client().llen(rig.QUEUE) > 100000, "entries")
    _, shown = producer.shown()
    assert shown["connected"] == 1 and shown["spool_bytes"] == 0
    n, shown = producer.stop()
    make_producer(server, first=n + 1, rate=1)  # what was under way at the end
    rig.wait_for(lambda: server.client().llen(rig.QUEUE) >= n, "the last entries")
    assert numbers(server)[:n] == list(range(1, n + 1))
    assert set(shown["lost_total"].values()) == {0}


def test_redis_comes_later(make_redis, make_producer):
    server = make_redis()
    server.stop()
    producer = make_producer(server)
    rig.wait_for(lambda: spooled(producer) > 40000, "entries in the spool")
    server.start()
    rig.wait_for(lambda: producer.shown()[1]["spool_bytes"] == 0, "the spool to be empty")
    n, shown = producer.stop()
    got = numbers(server)
    assert got == list(range(1, len(got) + 1))
    assert 40000 < len(got) <= n
    assert set(shown["lost_total"].values()) == {0}


def test_redis_killed_again_and_again(make_redis, make_producer):
    """Redis keeps what it has confirmed; nothing is missing, nothing stands twice."""
    server = make_redis(appendonly=True, options=["--appendfsync", "always"])
    chance = random.Random(3)
    producer = make_producer(server, rate=50000)
    for _ in range(8):
        time.sleep(chance.uniform(0.01, 0.4))
        server.kill()
        time.sleep(chance.uniform(0, 0.3))
        server.start()
    assert producer.shown()[1]["losses_total"] >= 4
    n, _ = producer.stop()
    rest = make_producer(server, first=n + 1)
    rig.wait_for(lambda: server.client().llen(rig.QUEUE) > n, "all entries")
    rest.kill()
    got = numbers(server)
    assert got == list(range(1, len(got) + 1))


def test_connections_cut_again_and_again(make_redis, make_producer):
    server = make_redis()
    client, chance = server.client(), random.Random(4)
    producer = make_producer(server, rate=200000)
    cut = 0
    for _ in range(60):
        time.sleep(chance.uniform(0.001, 0.03))
        cut += client.client_kill_filter(_type="normal", skipme=True)
    assert cut >= 5
    n, _ = producer.stop()
    rest = make_producer(server, first=n + 1)
    rig.wait_for(lambda: client.llen(rig.QUEUE) > n, "all entries")
    rest.kill()
    got = numbers(server)
    assert got == list(range(1, len(got) + 1))


def test_killed_again_and_again(make_redis, make_producer):
    """Redis comes and goes, and the producer dies at any instant: what was spooled arrives once, in order, first; what is
    missing is the end of what a run has put, a second and a bit of it."""
    server = make_redis(appendonly=True, options=["--appendfsync", "always"])
    chance = random.Random(5)
    first, runs = 1, []
    for _ in range(8):
        up = chance.random() < 0.5
        if up:
            server.start()
        producer = make_producer(server, first=first)
        time.sleep(chance.uniform(0.05, 1.8))
        producer.kill()
        if up:
            server.kill()
        runs.append(first)
        first += 1000000
    server.start()
    producer = make_producer(server, first=first)
    rig.wait_for(lambda: producer.shown()[1]["spool_bytes"] == 0 and server.client().llen(rig.QUEUE),
                 "the spool to be empty")
    n, _ = producer.stop()
    got = numbers(server)
    assert got == sorted(set(got))
    for start in runs + [first]:
        of_run = [number for number in got if start <= number < start + 1000000]
        assert of_run == list(range(start, start + len(of_run)))
    assert sum(number >= first for number in got) <= n
    assert sum(number < first for number in got) > 40000


def test_killed_with_a_spool_loses_the_last_second_alone(make_redis, make_producer):
    server = make_redis()
    server.stop()
    producer = make_producer(server, rate=10000)
    rig.wait_for(lambda: spooled(producer) > 20000, "entries in the spool")
    put, shown = producer.shown()
    producer.kill()
    assert put - shown["spool_entries"] <= 10000 * 1.5 * rig.SLOW
    server.start()
    make_producer(server, first=10000000, rate=1)
    rig.wait_for(lambda: server.client().llen(rig.QUEUE) > 20000 and numbers(server)[-1] >= 10000000, "all entries")
    got = [number for number in numbers(server) if number < 10000000]
    assert got == list(range(1, len(got) + 1))
    assert len(got) >= shown["spool_entries"]


def test_long_queue_is_held_back(make_redis, make_producer):
    server = make_redis()
    client, got = server.client(), []
    producer = make_producer(server, rate=20000, max_queue=5000)
    rig.wait_for(lambda: producer.shown()[1]["held"] == 1 and spooled(producer) > 10000, "entries in the spool")
    while len(got) < 40000:
        rig.wait_for(lambda: client.llen(rig.QUEUE) >= 4000, "entries")
        assert client.llen(rig.QUEUE) <= 5000
        got += [int(entry.split()[0]) for entry in client.lpop(rig.QUEUE, 5000)]
    producer.kill()
    assert got == list(range(1, len(got) + 1))


def test_what_the_bound_throws_away_is_counted(make_redis, make_producer):
    """The newest is lost: with 1 MiB of disk and 32 MiB of memory, after about a million entries."""
    server = make_redis()
    server.stop()
    producer = make_producer(server, rate=400000, spool_max=1 << 20)
    rig.wait_for(lambda: producer.shown()[1]["lost_total"]["no-room"] > 1000, "a loss")
    assert producer.shown()[1]["spool_bytes"] <= 1 << 20
    assert "no room for more entries" in producer.output()
    server.start()
    rig.wait_for(lambda: producer.shown()[1]["spool_bytes"] == 0 and producer.shown()[1]["memory_entries"] < 20000,
                 "the spool to be empty")
    n, shown = producer.stop()
    rest = make_producer(server, first=n + 1, rate=1)
    rig.wait_for(lambda: numbers(server)[-1] > n, "all entries")
    rest.kill()
    got = [number for number in numbers(server) if number <= n]
    assert got == sorted(set(got))
    assert n - len(got) == shown["lost_total"]["no-room"] + shown["lost_total"]["stalled"]
    missing = set(range(1, n + 1)) - set(got)
    assert min(missing) > 500000  # what came first has stayed


def test_full_disk(make_redis, make_producer):
    """Entries stay in memory, the log says it once, and nothing is lost when there is room again in time."""
    server = make_redis()
    server.stop()
    producer = make_producer(server, rate=50000)
    # Beyond what the program says, which goes to a file, too.
    resource.prlimit(producer.pid, resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
    rig.wait_for(lambda: producer.shown()[1]["spool_error"], "the failure", step=0.1)
    before = spooled(producer)
    time.sleep(2.5)  # for more than one try
    assert spooled(producer) == before
    assert producer.output().count("entries are kept in memory while there is room") == 1
    resource.prlimit(producer.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    rig.wait_for(lambda: spooled(producer) > before, "entries in the spool again", step=0.1)
    assert producer.shown()[1]["spool_error"] is None
    server.start()
    rig.wait_for(lambda: producer.shown()[1]["spool_bytes"] == 0, "the spool to be empty")
    n, shown = producer.stop()
    got = numbers(server)
    assert got == list(range(1, len(got) + 1))
    assert before < len(got) <= n
    assert set(shown["lost_total"].values()) == {0}


def test_second_process_on_the_spool_is_refused(make_redis, make_producer, folder):
    server = make_redis()
    producer = make_producer(server)
    producer.shown()
    second = make_producer(server)
    assert second.wait() == 1
    assert "%s: in use by another process" % (folder / "spool") in second.output()
    assert producer.running()
