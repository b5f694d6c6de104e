"""HAProxy in front of the servers instead of a list of them in the URL, with the configuration that flowimport-cluster(7)
shows: importers come to the server that took over."""
import os
import pathlib
import re
import subprocess

import pytest

import importers
import rig
import test_redis_nodes
from test_outage import connections_kill
from test_replica import SEMI_SYNC, _pair, promoted  # pylint: disable=unused-import

MANUAL = rig.TOP / "src/tool/flowimport-cluster.7.in"


def program():
    """(words, environment), or None. It is unpacked by tests/check-cluster, or installed."""
    for top in (pathlib.Path(os.environ.get("FLOWIMPORT_TEST_PACKAGES", "/nowhere")), pathlib.Path("/")):
        if (top / "usr/sbin/haproxy").exists():
            libraries = ":".join(str(path) for path in (top / "usr/lib").glob("*-linux-gnu"))
            return top / "usr/sbin/haproxy", dict(os.environ, LD_LIBRARY_PATH=libraries)
    return None


def configuration(section, listen, servers):
    """A section of what the manual shows, with addresses of this test."""
    shown = re.search(r"\.Bd -literal\n(global\n.*?)\.Ed\n", MANUAL.read_text(), re.S).group(1).replace("\\e", "\\")
    parts = re.split(r"\n(?=listen )", shown)
    text = parts[0] + "\n" + next(part for part in parts if part.startswith("listen " + section))
    text = re.sub(r"bind \S+", "bind 127.0.0.1:%d" % listen, text)
    for name, server in zip("ab", servers):
        text, n = re.subn(r"server %s \S+" % name, "server %s 127.0.0.1:%d" % (name, server.port), text)
        assert n == 1
    return text + "\n"


@pytest.fixture(name="proxy")
def _proxy(folder):
    """proxy("mysql", [server, server]): its process, with its port."""
    found, started = program(), []
    if not found:
        pytest.skip("there is no haproxy here: make check-cluster unpacks it")
    haproxy, env = found

    def make(section, servers):
        port, path = rig.free_port(), folder / "haproxy.cfg"
        path.write_text(configuration(section, port, servers))
        checked = subprocess.run([haproxy, "-c", "-f", path], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 check=False)
        assert checked.returncode == 0 and b"WARNING" not in checked.stdout, checked.stdout.decode()
        started.append(rig.Process([haproxy, "-db", "-f", path], folder, "haproxy", env))
        started[-1].port = port
        return started[-1]
    yield make
    for process in started:
        process.kill()


def test_the_database_is_promoted(make_site, pair, proxy):
    primary, replica = servers = pair(SEMI_SYNC)
    primary.run("CREATE USER 'haproxy'@'127.0.0.1'")
    front = proxy("mysql", servers)
    made = importers.Importers(make_site, servers, (), lambda database, _: "mysql://importer@127.0.0.1:%d/%s" % (
        front.port, database), 1)
    made.work(lambda: made.committed() > 0)
    primary.kill()
    promoted(replica)
    made.site.store = rig.MySQLStore(replica, made.database)
    made.site.sections["store"]["url"] = made.site.store.url
    before = made.committed()
    made.work(lambda: made.committed() > before)
    primary.start()  # with what it had: nobody may be sent to it
    made.work(lambda: "Server mysql/a is UP" in front.output())
    assert connections_kill(replica, made.database) > 0
    made.work(lambda: True)
    made.settle()
    made.exact([replica])


class Proxied(test_redis_nodes.Nodes):
    """A master and a replica, which a person promotes, behind one address."""

    def __init__(self, servers, port):
        super().__init__(servers)
        self.port = port

    def push(self, entries):
        """Until the replica has them, too, if there still is one."""
        owner = self.owner()
        n = owner.push(entries)
        if owner is self.servers[0]:
            end = owner.client().info("replication")["master_repl_offset"]
            rig.wait_for(lambda: self.servers[1].client().info("replication").get("slave_repl_offset", 0) >= end,
                         lambda: str(self.servers[1].client().info("replication")))
        return n

    def owner(self):
        replica = self.servers[1].client()
        if not self.servers[0].process.running() and replica.role()[0] == b"slave":
            rig.wait_for(lambda: replica.info("replication")["master_link_status"] == "down",
                         "the replica to have read all that it was sent")
            replica.execute_command("REPLICAOF", "NO", "ONE")
        return super().owner()

    def url(self, db=0):
        return "redis://127.0.0.1:%d/%d" % (self.port, db)


def test_redis_is_promoted(make_site, make_redis, proxy):
    master = make_redis(tcp=True, options=["--repl-diskless-sync-delay", "0"])
    replica = make_redis(tcp=True, options=["--repl-diskless-sync-delay", "0", "--replicaof",
                                            "127.0.0.1 %d" % master.port])
    nodes = Proxied([master, replica], proxy("redis", [master, replica]).port)
    site = make_site(redis=nodes)
    test_redis_nodes.killed(site, [site.daemon(queue={"consumer_timeout": "10s"})])
