"""Importers on all nodes of a Galera cluster: exact through everything that happens to nodes."""
import re
import subprocess
import time

import pytest

import importers
import rig


@pytest.fixture(name="work")
def _work(make_site, cluster):
    """Three importers, each with another node first in its list. They are started at once in an empty database."""
    def make(n=3, **sections):
        return importers.Importers(make_site, cluster.nodes, cluster.network.hub.words(), cluster.url, n, **sections)
    return make


def exact(work, cluster, **options):
    work.settle()
    cluster.settled()
    work.exact(cluster.nodes, **options)


def killed(work, cluster, node):
    """Until the others know. A node that joins before may take the majority from them."""
    node.kill()
    work.work(lambda: cluster.nodes[0].status("cluster_size") == "2")


def test_load_on_all_nodes(work, cluster):
    """Rows that all write, so that nodes abort each other's transactions at all places."""
    made = work()
    made.push(40)
    exact(made, cluster)
    assert made.said("(error 1213)"), made.output()
    # The row of the lock that they created the tables under.
    assert cluster.nodes[0].run("SELECT value FROM %s.flowimport_schema WHERE name = 'setup_lock'" %
                                made.database) == (("",),)


def test_a_node_is_killed_and_comes_back(work, cluster):
    made = work()
    made.work(lambda: made.committed() > 0)
    node = cluster.nodes[1]
    killed(made, cluster, node)
    made.work(lambda: made.said("connected to 10.77.0.3:3306, of 3 servers", "flowimportd[%d]" % made.daemons[1].pid))
    node.start(wait=False)
    made.work(node.is_synced)
    exact(made, cluster)


@pytest.mark.parametrize("cables", [("peers",), ("peers", "clients")])
def test_a_node_is_cut_off(work, cluster, cables):
    """From the others, so that it refuses; or from everybody, so that it says nothing."""
    made = work()
    made.work(lambda: made.committed() > 0)
    for cable in cables:
        cluster.network.plug(2, cable, "down")
    made.work(lambda: made.said("connected to 10.77.0.3:3306, of 3 servers", "flowimportd[%d]" % made.daemons[1].pid))
    if len(cables) == 1:
        assert made.said("(error 1047)") or made.said("Not connected to Primary Component) (error 1180)"), made.output()
    made.work(lambda: cluster.nodes[0].status("cluster_size") == "2")
    for cable in cables:
        cluster.network.plug(2, cable, "up")
    made.work(cluster.nodes[1].is_back)
    exact(made, cluster)


def test_a_state_transfer(work, cluster):
    """A node that has lost its data gets all of it from another, which is read-only meanwhile."""
    made = work()
    made.work(lambda: made.committed() > 0)
    node = cluster.nodes[2]
    killed(made, cluster, node)
    node.empty()
    node.start(wait=False)
    made.work(node.is_synced)
    exact(made, cluster)


def test_a_program_was_killed_while_it_made_the_tables(make_site, cluster):
    """Another takes the lock once its row has not changed for a minute, and not while it changes."""
    node = cluster.nodes[0]
    site = make_site(store=rig.MySQLStore(node, node.new_database()))
    lock = "UPDATE %s.flowimport_schema SET value = '%%s' WHERE name = 'setup_lock'" % site.store.database
    site.run("schema", "install")
    node.run("DROP VIEW %s.flows_600" % site.store.database, lock % "gone 3")
    began = time.monotonic()
    waiting = rig.Process(site.command("schema", "install"), site.folder, "install")
    daemon = site.daemon(ready=False)
    rig.wait_for(lambda: node.run("SELECT COUNT(*) FROM information_schema.processlist WHERE db = '%s'" %
                                  site.store.database)[0][0] == 2, "both to wait", step=0.05)
    daemon.stop()
    assert time.monotonic() - began < 30  # it need not wait for the minute
    time.sleep(2)  # it looks every quarter of a second
    assert waiting.running()
    node.run(lock % "gone 4")
    assert waiting.wait() == 0, waiting.output()
    assert time.monotonic() - began > 60
    site.run("schema", "check")


def test_a_state_transfer_disables_the_event(make_site, cluster):
    """Of the node that ran it, and so of all; said, and healed by another install."""
    node = cluster.nodes[0]
    site = make_site(store=rig.MySQLStore(node, node.new_database()), retention={"keep": "600=30d"})
    node.run("CREATE USER 'flowimport_retention'@'localhost'", "GRANT ALL ON *.* TO 'flowimport_retention'@'localhost'")
    site.run("schema", "install")
    site.run("retention", "install", code=1)  # the event scheduler is off

    def states():
        cluster.settled()
        return [each.run("SELECT status FROM information_schema.events")[0][0] for each in cluster.nodes]
    assert states() == ["ENABLED", "SLAVESIDE_DISABLED", "SLAVESIDE_DISABLED"]
    node.kill()
    rig.wait_for(lambda: cluster.nodes[1].status("cluster_size") == "2", "the others to know", step=0.1)
    node.empty()
    node.start()
    assert states() == ["SLAVESIDE_DISABLED"] * 3
    out, _ = site.run("retention", "status", code=1)
    assert "disabled on this node of a Galera cluster, and no other node runs it" in out, out
    site.run("retention", "install", code=1)
    assert states() == ["ENABLED", "SLAVESIDE_DISABLED", "SLAVESIDE_DISABLED"]
    assert "Galera" not in site.run("retention", "status", code=1)[0]


# Deadlock, interrupted, lock wait; and of partitions: wrong name, there already, not consecutive, not the same range.
LOST = ("1213", "1317", "1205", "1507", "1517", "1519", "1520", "1735")


def test_retention_every_second(work, cluster):
    """Which empties partitions of one size that the importers write to."""
    made = work(retention={"keep": "60=1d"})
    made.work(lambda: made.committed() > 0)
    site = made.site
    cluster.nodes[0].run("CREATE USER 'flowimport_retention'@'localhost'",
                         "GRANT ALL ON *.* TO 'flowimport_retention'@'localhost'")
    site.run("retention", "install", code=1)  # the event scheduler is off
    succeeded = []

    def run():
        """A step that loses against an importer's transaction or partition is left to the next run."""
        done = subprocess.run(site.command("retention", "run"), capture_output=True, check=False)
        lost = [code for code in re.findall(r"error (\d+)", done.stderr.decode()) if code not in LOST]
        assert not lost and (done.returncode == 0 or done.stderr), done.stderr
        succeeded.append(done.returncode == 0)
    runs = importers.Every(1, run)
    try:
        made.work(lambda: succeeded.count(True) >= 3 or runs.failed)
        node = cluster.nodes[1]
        killed(made, cluster, node)
        node.start(wait=False)
        made.work(node.is_synced)
    finally:
        runs.stop()
    site.run("retention", "run")
    exact(made, cluster, sizes=(600, 3600))
