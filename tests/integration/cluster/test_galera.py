"""Importers on all nodes of a Galera cluster: exact through everything that happens to nodes."""
import signal
import time

import pytest

import generator
import reference
import rig

SIZES = (60, 600, 3600)


class Importers:
    """flowimportds, each with another node first in its list, and one Redis."""

    def __init__(self, make_site, cluster, n=3, **sections):
        self.cluster, self.database, self.entries = cluster, cluster.nodes[0].new_database(), []
        self.site = make_site(store=rig.MySQLStore(cluster.nodes[0], self.database), sizes=SIZES,
                              queue_={"consumer_timeout": "5s", "claim_entries": 500}, **sections)
        self.daemons = [self.daemon(i) for i in range(n)]  # at once
        for daemon in self.daemons:
            rig.wait_for(lambda daemon=daemon: daemon.handles(signal.SIGUSR1), daemon.output)

    def daemon(self, i):
        return self.site.daemon(name="flowimportd%d" % i, under=self.cluster.network.hub.words(), queue_={"consumer": "c%d" % i},
                                store_={"url": self.cluster.url(self.database, i)}, ready=False)

    def push(self, n, seed, span=3600):
        entries = list(generator.flows(n, seed=seed, hosts=60, span=span))
        self.entries += entries
        self.site.redis.push(entries)

    def settle(self):
        self.site.settle(len(self.entries), self.daemons)

    def output(self):
        return "\n".join(daemon.output() for daemon in self.daemons)

    def exact(self):
        """Settled, and each node has every row as the separate calculation has it."""
        self.settle()
        for daemon in self.daemons:
            daemon.stop()
        self.cluster.settled()
        expected = reference.Import(sizes=SIZES).add_all(self.entries).tables()
        for node in self.cluster.nodes:
            store = rig.MySQLStore(node, self.database)
            rig.assert_tables(rig.Dump(sizes=SIZES).tables(store), expected)
        self.site.verify()


def test_load_on_all_nodes(make_site, cluster):
    importers = Importers(make_site, cluster)
    for seed in range(10):
        importers.push(2000, seed)
    importers.exact()
