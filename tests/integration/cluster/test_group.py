"""MySQL's Group Replication with a single primary, which is killed; transactions that are too large for it."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import pytest

import importers
import rig

NODES = 3
GROUP = "6f9a2f5e-2f0f-4f0c-9a53-0c2d3b8a7e11"


def root():
    """Debian's root with MySQL's server, as tests/check-mysql makes it; None: there is none."""
    path = pathlib.Path(os.environ.get("FLOWIMPORT_TEST_MYSQL_ROOT", "/nowhere"))
    return path if (path / "usr/lib/mysql/plugin/group_replication.so").exists() else None


class Member(rig.MariaDB):
    """mysqld in that root, in a folder of its /tmp."""

    def __init__(self, folder, number, ports):
        self.folder, self.socket, self.number, self.ports = folder, folder / "mysql.sock", number, ports
        self.port, self.options, self.databases, self.process = rig.free_port(), [], 0, None
        self.inside = "/tmp/%s" % folder.relative_to(root() / "tmp")
        subprocess.run(self.words("--initialize-insecure"), check=True, stderr=subprocess.DEVNULL)

    def words(self, *options):
        return ["chroot", root(), "/usr/sbin/mysqld", "--no-defaults", "--user=root", "--datadir=%s/data" % self.inside,
                "--tmpdir=%s" % self.inside, "--innodb-redo-log-capacity=64M", *options]

    def start(self):
        self.process = rig.Process(self.words(
            "--socket=%s/mysql.sock" % self.inside, "--pid-file=%s/mysql.pid" % self.inside, "--mysqlx=OFF",
            "--secure-file-priv=NULL", "--bind-address=127.0.0.1", "--port=%d" % self.port, "--report-host=127.0.0.1",
            "--server-id=%d" % self.number, "--gtid-mode=ON", "--enforce-gtid-consistency=ON", "--log-bin=bin",
            "--event-scheduler=OFF", "--innodb-flush-method=nosync", "--innodb-flush-log-at-trx-commit=2",
            "--sync-binlog=0",
            "--plugin-load-add=group_replication.so", "--loose-group-replication-group-name=" + GROUP,
            "--loose-group-replication-start-on-boot=OFF", "--loose-group-replication-recovery-get-public-key=ON",
            "--loose-group-replication-local-address=127.0.0.1:%d" % self.ports[self.number - 1],
            "--loose-group-replication-group-seeds=" + ",".join("127.0.0.1:%d" % port for port in self.ports)),
                                   self.folder, "mysqld")
        rig.wait_for(self._answers, lambda: "mysqld to answer:\n" + self.process.output(), step=0.05)

    def join(self, first):
        self.run("SET SQL_LOG_BIN = 0", "CREATE USER 'importer'@'127.0.0.1'",
                 "GRANT ALL ON *.* TO 'importer'@'127.0.0.1'",
                 "REVOKE SUPER, CONNECTION_ADMIN ON *.* FROM 'importer'@'127.0.0.1'", "SET SQL_LOG_BIN = 1",
                 "CHANGE REPLICATION SOURCE TO SOURCE_USER = 'importer' FOR CHANNEL 'group_replication_recovery'",
                 "SET GLOBAL group_replication_bootstrap_group = %s" % ("ON" if first else "OFF"),
                 "START GROUP_REPLICATION", "SET GLOBAL group_replication_bootstrap_group = OFF")
        rig.wait_for(lambda: self.states().get(self.port) == "ONLINE",
                     lambda: str(self.states()) + self.process.output()[-3000:], step=0.1)

    def states(self):
        return dict(self.run("SELECT member_port, member_state FROM performance_schema.replication_group_members"))


@pytest.fixture(name="group")
def _group():
    if os.geteuid() != 0 or not root():
        pytest.skip("no root with MySQL's server here: make check-mysql makes it, by root")
    (root() / "tmp").mkdir(exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(dir=root() / "tmp", prefix="flowimport-"))
    ports, members = [rig.free_port() for _ in range(NODES)], []
    try:
        for number in range(1, NODES + 1):
            (folder / str(number)).mkdir()
            members.append(Member(folder / str(number), number, ports))
            members[-1].start()
            members[-1].join(number == 1)
        yield members
    finally:
        for member in members:
            if member.process:
                member.process.kill()
        shutil.rmtree(folder)


def url_of(group):
    def url(database, first):
        ports = [group[(first + i) % NODES].port for i in range(NODES)]
        return "mysql://importer@%s/%s" % (",".join("127.0.0.1:%d" % port for port in ports), database)
    return url


def test_a_group(make_site, group):
    made = importers.Importers(make_site, group, (), url_of(group), 2, retention={"keep": "600=100y"})
    made.work(lambda: made.committed() > 0)
    primary, survivor = group[0], group[1]
    primary.run("CREATE USER 'flowimport_retention'@'localhost'",
                "GRANT ALL ON *.* TO 'flowimport_retention'@'localhost'")
    made.site.run("retention", "install", code=1)  # the event scheduler is off
    made.site.run("retention", "run")
    for member in group:
        member.run("SET GLOBAL group_replication_transaction_size_limit = 1000000")
    made.work(lambda: made.said("(error 3100)", "group_replication_transaction_size_limit", "too many for one"))
    assert not made.said("left its group")
    for member in group:
        member.run("SET GLOBAL group_replication_transaction_size_limit = DEFAULT")
    primary.kill()
    made.site.store = rig.MySQLStore(survivor, made.database)
    made.site.sections["store"]["url"] = made.site.store.url
    made.work(lambda: survivor.run("SELECT COUNT(*) FROM performance_schema.replication_group_members")[0][0] == 2)
    made.settle()
    rig.wait_for(lambda: made.committed(group[2]) == len(made.entries), "the other to apply it", step=0.1)
    made.exact(group[1:])


def test_a_primary_without_a_majority(make_site, group):
    """Its transactions get the same error 3100, and are too large for nobody: they go to the next primary."""
    made = importers.Importers(make_site, group, (), url_of(group), 2)
    made.work(lambda: made.committed() > 0)
    group[0].run("SET GLOBAL group_replication_unreachable_majority_timeout = 2")
    for member in group[1:]:
        member.process.signal(signal.SIGSTOP)
    made.push()

    def flushed():
        for daemon in made.daemons:
            daemon.flush()
        return made.said("left its group") or group[0].states().get(group[0].port) == "ERROR"
    rig.wait_for(flushed, made.output, step=0.1)
    for member in group[1:]:
        member.process.signal(signal.SIGCONT)
    made.site.store = rig.MySQLStore(group[1], made.database)
    made.site.sections["store"]["url"] = made.site.store.url
    made.work(lambda: len(group[1].states()) == 2)
    made.settle()
    rig.wait_for(lambda: made.committed(group[2]) == len(made.entries), "the other to apply it", step=0.1)
    made.exact(group[1:])
    assert made.said("left its group")
    assert not made.said("too many for one transaction")
