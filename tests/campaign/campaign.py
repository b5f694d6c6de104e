"""A campaign of faults: private servers, one to three importers, a known stream of entries, and faults at instants that
the seed decides. At the end all is drained, and every table must equal a separate calculation."""
import heapq
import itertools
import json
import random
import signal
import time

import pymysql
import redis

import proxy
import rig
import stream
from faults import KINDS, TIMEOUT
from reference import Import, address_text

SIZES = (600, 3600)
CACHE = 16 << 20
# An importer's peak: its cache and a tenth, entries of 1 MiB and refused ones until their commit, and the program.
MEMORY_MOST = CACHE * 11 // 10 + (48 << 20)
PER_FAULT = 250  # entries that may be pushed for each fault
ENTRY_MOST = 1 << 20  # longer entries are refused unread
GAP = 0.35  # seconds between faults, at most


class Failed(AssertionError):
    pass


class Importer:
    """One consumer, on wires of its own, started again whenever it has ended."""

    def __init__(self, campaign, name):
        self.campaign, self.name, self.daemon, self.stopping = campaign, name, None, False
        folder, self.wires = campaign.folder, {}
        self.sections = {"queue": {"consumer": name, "consumer_timeout": "%ds" % TIMEOUT}}
        self.wires["queue"] = proxy.Proxy(folder / (name + ".queue"), campaign.redis.socket)
        self.sections["queue"]["url"] = "redis+unix://%s" % (folder / (name + ".queue"))
        if campaign.maria:
            self.wires["store"] = proxy.Proxy(folder / (name + ".store"), campaign.maria.socket)
            self.sections["store"] = {"url": campaign.site.store.url.replace(str(campaign.maria.socket),
                                                                             str(folder / (name + ".store")))}

    def start(self):
        self.stopping = False
        self.daemon = self.campaign.site.daemon(name=self.name, ready=False, **self.sections)

    def twin(self, under):
        daemon = self.campaign.site.daemon(name=self.name + "-twin", ready=False, under=under, **self.sections)
        return self, daemon

    def running(self):
        return self.daemon is not None and self.daemon.running()

    def signal(self, number):
        """Whether it was sent: not before the program handles it."""
        if not self.running() or not self.daemon.handles(signal.SIGUSR1):
            return False
        self.daemon.signal(number)
        return True

    def kill(self):
        self.measure()
        self.daemon.kill()
        self.daemon = None

    def measure(self):
        if self.running() and not rig.SANITIZED:
            try:
                self.campaign.peak = max(self.campaign.peak, self.daemon.peak_rss())
            except (AssertionError, FileNotFoundError, ProcessLookupError):
                pass  # it ended in this moment


class Campaign:
    def __init__(self, folder, template, seed, faults, store, consumers, kinds, seconds=None):
        self.folder, self.seed, self.rng = folder, seed, random.Random(seed)
        self.kinds = [name for name in kinds if KINDS[name].store in (None, store)]
        self.faults, self.seconds = faults, seconds
        self.rewinds = "rewind" in self.kinds
        self.began = time.monotonic()
        self.log, self.due, self.order = [], [], itertools.count()  # due: a heap of (time, order, what)
        self.peak = self.ends = self.exits = 0
        self.snapshot, self.lost, self.full, self.lock, self.twin, self.twin_over = None, set(), False, None, None, 0
        self.maria = None
        for name in ("redis", "mariadb", "site"):
            (folder / name).mkdir()
        # Where it is to go back in time a snapshot is all it has; else it loses nothing that it has answered for.
        durable = [] if self.rewinds else ["--appendfsync", "no"]
        self.redis = rig.Redis(folder / "redis", appendonly=not self.rewinds, options=durable)
        if store == "mysql":
            self.maria = rig.MariaDB(folder / "mariadb", template())
            where = rig.MySQLStore(self.maria, self.maria.new_database())
        else:
            where = rig.SQLiteStore(folder / "site")
        self.site = rig.Site(folder / "site", self.redis, where, sizes=SIZES,
                             import_={"cache_memory": CACHE, "flush_interval": "1s"})
        self.importers = [Importer(self, name) for name in ("one", "two", "three")[:consumers]]
        self.entries = stream.entries(seed, faults * PER_FAULT, "poison" in self.kinds, self.rewinds)
        self.producer = stream.Producer(self.redis, self.entries, seed)

    # faults ------------------------------------------------------------------------------------------------------

    def plan(self):
        """[(gap, kind, importer, draw)], all that the seed decides of the faults."""
        usable = [name for name in self.kinds if KINDS[name].begin]
        return [(self.rng.random() * GAP, self.rng.choice(usable), self.rng.choice(self.importers), self.rng.random())
                for _ in range(self.faults)]

    def tell(self, what):
        self.log.append("%8.3f  %s" % (time.monotonic() - self.began, what))

    def later(self, seconds, what):
        heapq.heappush(self.due, (time.monotonic() + seconds, next(self.order), what))

    def run(self):
        for importer in self.importers:
            importer.start()
        # Tables first: MariaDB's CREATE TABLE of a partitioned table is not atomic, and a kill there leaves half of one.
        self.producer.allow(1)
        self.wait(lambda: self.site.ledger()["entries"], "the tables and a first commit")
        stop_at = time.monotonic() + self.seconds if self.seconds else None
        done = 0
        for i, (gap, kind, importer, draw) in enumerate(self.plan()):
            self.producer.allow((i + 1) * PER_FAULT)
            self.pass_time(gap)
            if stop_at and time.monotonic() > stop_at:
                break
            try:
                begun = KINDS[kind].begin(self, importer, draw)
            except redis.exceptions.ConnectionError:  # it was killed, and is about to come back
                begun = None
            if not begun:
                continue
            what, seconds, end = begun
            self.tell("%-10s %-5s %s" % (kind, importer.name, what))
            if end:
                self.later(seconds, end)
            done += 1
        self.finish()
        return done

    def pass_time(self, seconds):
        end = time.monotonic() + seconds
        while True:
            now = time.monotonic()
            while self.due and self.due[0][0] <= now:
                what = heapq.heappop(self.due)[2]
                try:
                    what()
                except redis.exceptions.ConnectionError:
                    self.later(0.1, what)
            self.supervise()
            if now >= end:
                return
            time.sleep(min(0.01, end - now))

    def supervise(self):
        """What has ended by itself had a reason, and is started again."""
        for importer in self.importers:
            if importer.daemon is None or importer.daemon.running():
                continue
            self._judge(importer.name, importer.daemon)
            importer.daemon = None
            self.later(self.rng.random(), importer.start)
        if self.twin and not self.twin[1].running():
            self._judge(self.twin[0].name + "-twin", self.twin[1])
            self.twin, self.twin_over = None, time.monotonic()

    def _judge(self, name, daemon):
        code, text = daemon.child.returncode, daemon.output()
        twins = self.twin or time.monotonic() - self.twin_over < 10 + TIMEOUT * 2
        self.tell("%s ended with %d" % (name, code))
        if code == 0 and ("stopping" in text or self.ends):
            self.exits += 1
        elif code != 1 or not twins or not any(word in text for word in ("is in use by", "was taken over by")):
            raise Failed("%s ended with %d:\n%s" % (name, code, text[-3000:]))

    def twin_end(self):
        if self.twin:
            self.twin[1].kill()
            self.twin, self.twin_over = None, time.monotonic()

    def unlock(self):
        if self.lock:
            self.lock.close()
            self.lock = None

    def more_memory(self):
        self.redis.client().config_set("maxmemory", 0)
        self.full = False

    def restore(self):
        """Redis goes back to the snapshot. What was pushed since is in it no more; what of it was committed counts."""
        with self.producer.lock:
            wires = [importer.wires["queue"] for importer in self.importers]
            for wire in wires:
                wire.set(proxy.SHUT)
            self.redis.kill()
            self.redis.start()
            since = self.entries[self.snapshot:self.producer.at]
            held = self.held()
            assert not held & set(since), "the snapshot holds what was pushed after it"
            self.tell("back to the snapshot: %d entries in Redis, %d pushed since" % (len(held), len(since)))
            self.lost.update(since)
            self.snapshot, self.full = None, False
            for wire in wires:
                wire.set(proxy.OPEN)

    def held(self):
        client, keys = self.redis.client(), [rig.QUEUE] + self.site.claims()
        return {raw for key in keys for raw in client.lrange(key, 0, -1)}

    # the end -----------------------------------------------------------------------------------------------------

    def finish(self):
        """Ends the faults that last, lets the rest be pushed, drains, and compares."""
        self.tell("no more faults")
        self.producer.allow(len(self.entries))
        while self.due:
            self.pass_time(0.05)
        self.twin_end()
        self.wait(self.producer.is_done, "all to be pushed")
        self.wait_drained("all to be drained")
        for importer in self.importers:
            importer.measure()
            if importer.running() and not importer.stopping:
                importer.daemon.stop()
        self.compare()

    def wait(self, condition, what):
        def look():
            self.pass_time(0)
            return condition()
        rig.wait_for(look, lambda: "%s: queue %d, claims %r, ledger %r\n%s" % (
            what, self.redis.client().llen(rig.QUEUE), self.site.claims(), self.site.ledger(), "\n".join(
                importer.daemon.output()[-3000:] for importer in self.importers if importer.daemon)))

    def wait_drained(self, what):
        """As long as something is committed every now and then: MariaDB is slow with entries of many odd days."""
        seen = -1
        while not self._is_drained():
            self.wait(lambda last=seen: self._is_drained() or self._committed() != last, what)
            seen = self._committed()

    def _committed(self):
        try:
            return self.site.ledger()["entries"]
        except pymysql.err.OperationalError:  # killed, and about to come back
            return -1

    def _is_drained(self):
        try:
            client = self.redis.client()
            if not client.exists(rig.QUEUE) and not self.site.claims(client):
                return True
            for importer in self.importers:
                importer.signal(signal.SIGUSR1)
            time.sleep(0.05)
        except redis.exceptions.ConnectionError:
            pass  # killed, and about to come back
        return False

    def compare(self):
        entries = self._expected()
        expected = Import(sizes=SIZES).add_all(raw for raw in entries if len(raw) <= ENTRY_MOST)
        differing = rig.differences(self.site.tables(), expected.tables(), limit=1)
        assert not differing, "tables differ\n" + "\n".join(line[:160] for line in differing.splitlines())
        ledger = self.site.ledger()
        assert ledger["imported"] == expected.imported, "imported: %r, expected %d" % (ledger, expected.imported)
        if not self.lost:
            rejected = sum(expected.rejected.values()) + sum(len(raw) > ENTRY_MOST for raw in entries)
            assert ledger["rejected"] == rejected, "rejected: %r, expected %d" % (ledger, rejected)
        self.site.verify()
        with self.site.store.cursor() as cursor:
            cursor.execute("SELECT bucket, source, what, lost FROM loss")
            told = cursor.fetchall()
        assert not told, "told as lost, and was not: %r" % (told,)  # claims and their count go back together
        assert self.peak <= MEMORY_MOST, "an importer's peak was %.1f MiB, allowed are %.1f MiB" % (
            self.peak / 2**20, MEMORY_MOST / 2**20)

    def _expected(self):
        """All that was pushed; of what a rewind has lost, what had been committed before it."""
        if not self.lost:
            return self.entries
        size = SIZES[0]
        counted = {row[1] for row in self.site.tables()["flows_%d" % size]}
        return [raw for raw in self.entries if raw not in self.lost or _source(raw) in counted]

    def close(self):
        self.producer.over = True
        self.unlock()
        if self.twin:
            self.twin[1].kill()
        self.site.close()
        for importer in self.importers:
            for wire in importer.wires.values():
                wire.end()
        self.redis.kill()
        if self.maria:
            self.maria.kill()

    def report(self):
        return "\n".join(["seed %d, %d faults, kinds %s" % (self.seed, len(self.log), ",".join(self.kinds))] + self.log)


def _source(raw):
    """The source address of an entry that a unique stream made, as text."""
    try:
        return address_text(4, json.loads(raw)["sourceIPv4Address"])
    except (ValueError, KeyError, TypeError):
        return None
