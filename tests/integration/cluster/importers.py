"""Importers on a cluster of database servers, under load while things happen, and held against the reference."""
import itertools
import signal
import threading

import generator
import reference
import rig

SIZES = (60, 600, 3600)
CHUNK = 500  # entries


class Importers:
    """flowimportds that share a Redis, each with another server first in its list."""

    def __init__(self, make_site, servers, under, url, n, **sections):
        """servers: rig.MariaDB, the first of which is asked; url(database, i): for importer i."""
        self.servers, self.under, self.url = servers, under, url
        self.database, self.entries, self.chunks = servers[0].new_database(), [], itertools.count()
        self.site = make_site(store=rig.MySQLStore(servers[0], self.database), sizes=SIZES,
                              queue_={"consumer_timeout": "5s", "claim_entries": CHUNK}, **sections)
        self.daemons = []
        for i in range(n):  # at once
            self.start(i)
        for daemon in self.daemons:
            rig.wait_for(lambda daemon=daemon: daemon.handles(signal.SIGUSR1), daemon.output)

    def start(self, i):
        self.daemons.append(self.site.daemon(
            name="flowimportd%d" % i, under=self.under, ready=False, queue_={"consumer": "c%d" % i},
            store_={"url": self.url(self.database, i)}))

    def push(self, chunks=1):
        for _ in range(chunks):
            entries = list(generator.flows(CHUNK, seed=next(self.chunks), hosts=40, span=1200, long_share=0.01))
            self.entries += entries
            self.site.redis.push(entries)

    def committed(self, server=None):
        return rig.ledger_sums(rig.MySQLStore(server or self.site.store.server, self.database))["entries"]

    def work(self, until, chunks=8):
        """Under load until that is true, and until so many more chunks have been committed."""
        def running():
            for daemon in self.daemons:
                assert daemon.running(), daemon.output()[-4000:]
                daemon.flush()
            if self.site.redis.client().llen(rig.QUEUE) < 4 * CHUNK:
                self.push()
            return until()
        rig.wait_for(running, self.output, step=0.05)
        until, wanted = lambda: self.committed() >= wanted, self.committed() + chunks * CHUNK
        rig.wait_for(running, self.output, step=0.05)

    def output(self):
        return "\n".join(daemon.output()[-3000:] for daemon in self.daemons)

    def said(self, *words):
        return [line for daemon in self.daemons for line in daemon.output().splitlines()
                if all(word in line for word in words)]

    def settle(self):
        self.site.settle(len(self.entries), self.daemons)
        for daemon in self.daemons:
            daemon.stop()

    def expected(self, sizes=SIZES):
        return reference.Import(sizes=sizes).add_all(self.entries).tables()

    def exact(self, servers, sizes=SIZES):
        """Every row on each of the servers is as the separate calculation has it."""
        expected = self.expected(sizes)
        for server in servers:
            rig.assert_tables(rig.Dump(sizes=sizes).tables(rig.MySQLStore(server, self.database)), expected)
        self.site.verify()
        assert not self.said("are missing")


class Every:
    """Calls something again and again, beside the test."""

    def __init__(self, seconds, call):
        self.seconds, self.call, self.failed = seconds, call, None
        self.end = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.end.wait(self.seconds):
            try:
                self.call()
            except Exception as error:  # pylint: disable=broad-except
                self.failed = error
                return

    def stop(self):
        self.end.set()
        self.thread.join()
        if self.failed:
            raise self.failed
