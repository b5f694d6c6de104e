"""A Galera cluster of MariaDB servers, each on a host of its own."""
import os
import pathlib
import shutil

import pymysql

import namespace
import rig

NODES = 3


def packages():
    """Where Galera's packages are unpacked, as tests/check-cluster does it; or where they are installed."""
    for top in (pathlib.Path(os.environ.get("FLOWIMPORT_TEST_PACKAGES", "/nowhere")), pathlib.Path("/")):
        if (top / "usr/lib/galera/libgalera_smm.so").exists() and (top / "usr/bin/wsrep_sst_rsync").exists():
            return top
    return None


def missing():
    """Why there can be no cluster here, or None."""
    if rig.IS_ORACLE:
        return "MySQL has no Galera"
    if not packages():
        return "the packages galera-4, mariadb-server and rsync are not here: make check-cluster unpacks them"
    return namespace.missing()


def rsync_wrapped(folder, top):
    """A folder with an rsync that stays root: its daemon would become nobody, and servers of tests are root's."""
    script = folder / "bin" / "rsync"
    script.parent.mkdir(exist_ok=True)
    script.write_text('#!/bin/sh\n'
                      'case $1 in --daemon) shift; set -- --daemon --dparam=uid=0 --dparam=gid=0 "$@" ;; esac\n'
                      'exec %s "$@"\n' % (top / "usr/bin/rsync"))
    script.chmod(0o755)
    return script.parent


class Node(rig.MariaDB):
    """Reached by its socket from here, and at 10.77.0.n from the network's hub."""

    def __init__(self, folder, template, network, number, options=()):
        self.network, self.number, self.name = network, number, "node%d" % number
        self.host, self.is_first = network.hosts[number - 1], False
        folder.mkdir()
        self.folder, self.socket, self.port = folder, folder / "mysql.sock", 3306
        self.options, self.databases, self.process = list(options), 0, None
        if number == 1:
            shutil.copytree(template.data, folder / "data")
        else:  # all of it comes from another node
            (folder / "data").mkdir()

    def command(self):
        top = packages()
        library = top / "usr/lib/x86_64-linux-gnu"
        env = dict(os.environ, PATH="%s:%s:%s" % (rsync_wrapped(self.folder, top), top / "usr/bin", os.environ["PATH"]))
        if top != pathlib.Path("/"):
            env["LD_LIBRARY_PATH"] = str(library)
        address = "10.78.0.%d" % self.number
        peers = ",".join("10.78.0.%d" % i for i in range(1, NODES + 1) if i != self.number)
        words = ["mariadbd", "--no-defaults", "--user=root", "--datadir=%s" % (self.folder / "data"),
                 "--server-id=%d" % self.number,
                 "--socket=%s" % self.socket, "--pid-file=%s" % (self.folder / "mysql.pid"),
                 "--tmpdir=%s" % self.folder, "--bind-address=0.0.0.0", "--port=%d" % self.port,
                 "--innodb-log-file-size=64M", "--innodb-buffer-pool-size=128M", "--innodb-flush-method=nosync",
                 "--innodb-flush-log-at-trx-commit=2", "--innodb-autoinc-lock-mode=2", "--skip-log-bin",
                 "--binlog-format=ROW", "--performance-schema=off", "--skip-name-resolve", "--event-scheduler=off",
                 "--wsrep-on=ON", "--wsrep-provider=%s" % (top / "usr/lib/galera/libgalera_smm.so"),
                 "--wsrep-cluster-name=flows", "--wsrep-node-name=%s" % self.name, "--wsrep-node-address=%s" % address,
                 "--wsrep-cluster-address=gcomm://" + peers, "--wsrep-sst-method=rsync", "--wsrep-slave-threads=2",
                 "--wsrep-provider-options=gcache.size=32M;gmcast.listen_addr=tcp://%s:4567;evs.suspect_timeout=PT4S;"
                 "evs.inactive_timeout=PT8S;evs.install_timeout=PT4S" % address]
        return self.host.words(*words, *self.options, *(["--wsrep-new-cluster"] if self.is_first else [])), env

    def start(self, first=False, wait=True):
        """first: of a cluster that doesn't exist yet. Without wait, it is joining when this returns."""
        self.is_first = first
        words, env = self.command()
        self.process = rig.Process(words, self.folder, "mariadb", env)
        if wait:
            self.wait_synced()

    def empty(self):
        """As on a new disk."""
        shutil.rmtree(self.folder / "data")
        (self.folder / "data").mkdir()

    def status(self, name):
        """Of a status variable of Galera's; None where the server doesn't answer."""
        try:
            return self.run("SHOW STATUS LIKE 'wsrep_%s'" % name)[0][1]
        except (pymysql.err.Error, OSError):
            return None

    def is_synced(self):
        assert self.process.running(), self.process.output()[-6000:]
        return self.status("local_state_comment") == "Synced" and self.status("ready") == "ON"

    def is_back(self):
        """Of a node that was cut off: it may end when it can't get what it has missed, and is then started again."""
        if not self.process.running():
            self.start(wait=False)
        return self.is_synced()

    def wait_synced(self):
        rig.wait_for(self.is_synced, lambda: "%s to be synced:\n%s" % (self.name, self.process.output()[-6000:]),
                     step=0.1)


class Cluster:
    def __init__(self, folder, template, options=()):
        self.network = namespace.Network(NODES)
        self.nodes = [Node(folder / ("node%d" % i), template, self.network, i, options) for i in range(1, NODES + 1)]
        self.nodes[0].start(first=True)
        self.nodes[0].run("CREATE USER 'importer'@'%'", "GRANT ALL ON *.* TO 'importer'@'%' WITH GRANT OPTION")
        for node in self.nodes[1:]:
            node.start()

    def url(self, database, first=0):
        """A list of all, which begins with that node."""
        hosts = ["10.77.0.%d" % ((first + i) % NODES + 1) for i in range(NODES)]
        return "mysql://importer@%s/%s" % (",".join(host + ":3306" for host in hosts), database)

    def settled(self):
        """Until all nodes have applied what any of them had."""
        for node in self.nodes:
            node.wait_synced()
        for node in self.nodes:
            node.run("SET SESSION wsrep_sync_wait = 1", "SELECT 1")

    def close(self):
        for node in self.nodes:
            if node.process:
                node.process.kill()
        self.network.close()
