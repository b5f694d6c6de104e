"""The service manager's side: readiness, the watchdog, the sandbox of the unit, and SIGTERM with a database that hangs."""
import os
import pathlib
import pwd
import re
import select
import shutil
import signal
import socket
import sqlite3
import sys
import time
import urllib.request

import pytest

import generator
import reference
import rig

UNIT = rig.TOP / "etc/systemd/flowimportd.service"
SANDBOX = pathlib.Path(__file__).parent / "sandbox.py"


class Manager:
    """What listens at $NOTIFY_SOCKET."""

    def __init__(self, folder):
        self.path = folder / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.messages = []  # (time, text)

    def env(self, watchdog_us=None):
        return dict({"NOTIFY_SOCKET": str(self.path)}, **({"WATCHDOG_USEC": str(watchdog_us)} if watchdog_us else {}))

    def read(self):
        """All that has come since the last call."""
        while select.select([self.socket], [], [], 0)[0]:
            self.messages.append((time.monotonic(), self.socket.recv(4096).decode()))
        return [text for _, text in self.messages]

    def wait_for(self, text, count=1):
        rig.wait_for(lambda: self.read().count(text) >= count, lambda: "%s: %r" % (text, self.messages), step=0.002)


@pytest.fixture
def manager(folder):
    listening = Manager(folder)
    yield listening
    listening.socket.close()


def claimed(site):
    client = site.redis.client()
    rig.wait_for(lambda: not client.exists(rig.QUEUE) and site.claims(), "the queue to be claimed")


def assert_whole(site, entries):
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())
    site.verify()


# The account ----------------------------------------------------------------------------------------------------------

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another")


def status_of(daemon, name):
    with open("/proc/%d/status" % daemon.pid, encoding="ascii") as lines:
        return next(line.split()[1:] for line in lines if line.startswith(name + ":"))


@as_root
def test_root_gives_way_to_the_account(make_site, make_redis):
    """Without [capture] and [collector], too; all threads, for good."""
    entries = list(generator.flows(300, seed=91))
    site = make_site("sqlite", redis=make_redis(tcp=True))
    site.redis.push(entries)
    os.chown(site.store.path.parent, NOBODY, NOBODY)
    for folder in list(site.store.path.parents)[:3]:
        folder.chmod(0o755)
    daemon = site.daemon(queue={"url": "redis://127.0.0.1:%d" % site.redis.port}, capture={"user": "nobody"})
    for task in pathlib.Path("/proc/%d/task" % daemon.pid).iterdir():
        status = (task / "status").read_text()
        assert re.search(r"^Uid:(\t65534){4}$", status, re.M) and re.search(r"^Gid:(\t65534){4}$", status, re.M), status
        assert re.findall(r"^Cap(?:Inh|Prm|Eff|Amb):\t(0+)$", status, re.M) == ["0" * 16] * 4, status
    assert status_of(daemon, "NoNewPrivs") == ["1"]
    site.settle(len(entries), daemon)
    daemon.stop()
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())


@as_root
@pytest.mark.skipif(any(account.pw_name == "flowimport" for account in pwd.getpwall()), reason="there is an account")
def test_root_without_the_account_says_so_once(make_site):
    daemon = make_site("sqlite").daemon(capture={"user": None})
    daemon.stop()
    assert daemon.output().count("running as root: account 'flowimport' not found") == 1


@as_root
def test_root_stays_root_where_that_is_asked_for(make_site):
    daemon = make_site("sqlite").daemon()
    assert status_of(daemon, "Uid") == ["0"] * 4
    daemon.stop()
    assert "as root" not in daemon.output()


@as_root
def test_an_account_that_is_named_must_be_there(make_site):
    daemon = make_site("sqlite").daemon(ready=False, capture={"user": "nosuchuser"})
    assert daemon.wait() == 2
    assert "account 'nosuchuser' not found" in daemon.output()


@as_root
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_store_that_the_account_cannot_write(make_site, what):
    """Said at the start, before anything is taken from the queue."""
    site = make_site("sqlite")
    site.run("schema", "install")
    for folder in list(site.store.path.parents)[:3]:
        folder.chmod(0o755)
    if what == "folder":
        os.chown(site.store.path, NOBODY, NOBODY)
    path = site.store.path if what == "file" else site.store.path.parent
    daemon = site.daemon(ready=False, capture={"user": "nobody"})
    assert daemon.wait() == 2
    assert "'%s' can't be written by 'nobody'" % path in daemon.output()


@as_root
def test_a_file_beside_the_store_that_is_still_of_root(make_site, make_redis):
    """As where `sudo flowimport top` opens the database in the same moment: waited for, with the reason."""
    entries = list(generator.flows(300, seed=92))
    site = make_site("sqlite", redis=make_redis(tcp=True))
    site.run("schema", "install")
    site.redis.push(entries)
    for folder in list(site.store.path.parents)[:3]:
        folder.chmod(0o755)
    index = site.store.path.with_name(site.store.path.name + "-shm")
    index.touch(0o600)
    for path in site.store.path.parent, site.store.path:
        os.chown(path, NOBODY, NOBODY)
    daemon = site.daemon(queue={"url": "redis://127.0.0.1:%d" % site.redis.port}, capture={"user": "nobody"})
    rig.wait_for(lambda: "%s, which SQLite keeps beside the database: Permission denied; it belongs to user 0; "
                 "trying again" % index in daemon.output(), daemon.output)
    os.chown(index, NOBODY, NOBODY)
    site.settle(len(entries), daemon)
    daemon.stop()
    assert_whole(site, entries)


# Readiness ------------------------------------------------------------------------------------------------------------


def test_ready_when_signals_are_handled_and_stopping_when_it_stops(make_site, manager):
    """Not later: a Redis that is away at boot is waited for, and is no reason to start the service again."""
    site = make_site("sqlite")
    site.redis.kill()
    daemon = site.daemon(env=manager.env(), ready=False)
    manager.wait_for("READY=1")
    assert all(daemon.handles(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1))
    daemon.stop()
    assert manager.read() == ["READY=1", "STOPPING=1"]


def test_no_readiness_with_a_bad_configuration(make_site, manager):
    site = make_site("sqlite", import_={"flush_interval": "soon"})
    assert site.daemon(env=manager.env(), ready=False).wait() == 2
    assert manager.read() == []


def test_watchdog_is_fed_while_a_backlog_is_imported(make_site, manager):
    """And says how far it has come."""
    entries = list(generator.flows(10000, seed=91)) * 40
    site = make_site("sqlite", queue={"claim_entries": 50000})
    site.redis.push(entries)
    daemon = site.daemon(env=manager.env(watchdog_us=200000))
    site.settle(len(entries), daemon)
    manager.wait_for("WATCHDOG=1\nSTATUS=400000 entries imported, 0 rejected, 0 too old")
    fed = [at for at, text in manager.messages if text.startswith("WATCHDOG=1") or text == "READY=1"]
    assert len(fed) >= 5
    # As a loop that a part of the import blocked would not be; on a busy machine all takes longer, and so does each gap.
    assert max(later - earlier for earlier, later in zip(fed, fed[1:])) < max(0.5, (fed[-1] - fed[0]) / 2)
    daemon.stop()


def test_killed_by_the_watchdog_in_mid_flush(make_site, maria, manager):
    entries = list(generator.flows(3000, seed=92))
    site = make_site("mysql")
    daemon = site.daemon(env=manager.env(watchdog_us=60000000))
    site.redis.push(entries[:1000])
    site.settle(1000, daemon)
    with maria.locked(site.store.database, "flows_aggr_600"):
        site.redis.push(entries[1000:])
        claimed(site)
        daemon.flush()
        maria.wait_for_waiter()
        daemon.signal(signal.SIGABRT)
        assert daemon.wait() == -signal.SIGABRT
    assert site.ledger()["entries"] == 1000
    again = site.daemon(env=manager.env())
    site.settle(len(entries), again)
    again.stop()
    assert_whole(site, entries)


# The unit's sandbox -------------------------------------------------------------------------------------------------


def test_all_of_its_life_under_the_filters_of_the_unit(make_site, make_redis, manager, kind):
    """TCP and host names, tables made, flushes, a reload, a restart of Redis, the end."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd-analyze, which knows the groups of system calls")
    if rig.SANITIZED:
        pytest.skip("the leak sanitizer makes calls that the unit forbids")
    entries = list(generator.flows(3000, seed=93)) + [raw for _, raw in generator.bad(10)]
    server = make_redis(appendonly=True, tcp=True)
    listen = "127.0.0.1:%d" % rig.free_port()
    site = make_site(kind, redis=server, queue={"url": "redis://localhost:%d" % server.port}, http={"listen": listen})
    under = [sys.executable, SANDBOX, UNIT]
    daemon = site.daemon(env=manager.env(watchdog_us=200000), under=under, ready=False)
    rig.wait_for(lambda: "READY=1" in manager.read() or not daemon.running(), "READY=1")
    if not daemon.running() and daemon.child.returncode == 77:
        pytest.skip(daemon.output())
    assert "Seccomp:\t2\n" in pathlib.Path("/proc/%d/status" % daemon.pid).read_text()
    site.redis.push(entries[:1000])
    site.settle(1000, daemon)
    with urllib.request.urlopen("http://%s/metrics" % listen, timeout=rig.BOUND) as page:
        metrics = page.read().decode()
    assert all(re.search("^%s [1-9]" % name, metrics, re.M) for name in (
        "process_resident_memory_bytes", "process_open_fds", "process_max_fds", "process_start_time_seconds"))
    server.stop()
    server.start()
    site.redis.push(entries[1000:])
    daemon.signal(signal.SIGHUP)
    site.settle(len(entries), daemon)
    daemon.stop()
    assert_whole(site, entries)
    assert not re.search("not permitted|not supported", daemon.output()), daemon.output()


# SIGTERM ------------------------------------------------------------------------------------------------------------


def stop_timeout():
    minutes = re.search(r"^TimeoutStopSec=(\d+)min$", UNIT.read_text(), re.M)
    return int(minutes[1]) * 60


def test_sigterm_while_somebody_locks_the_database(make_site):
    """It waits as long as a writer does, then leaves the generation in its claims."""
    entries = list(generator.flows(1000, seed=94))
    site = make_site("sqlite")
    daemon = site.daemon()
    site.redis.push(entries[:500])
    site.settle(500, daemon)
    other = sqlite3.connect(site.store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    site.redis.push(entries[500:])
    claimed(site)
    begin = time.monotonic()
    daemon.signal(signal.SIGTERM)
    assert daemon.wait() == 0
    print("ended after %.1f s" % (time.monotonic() - begin))
    assert "stopping: the generation stays in its claims for the next start" in daemon.output()
    assert time.monotonic() - begin < stop_timeout()
    other.close()
    assert (site.ledger()["entries"], bool(site.claims())) == (500, True)
    again = site.daemon()
    site.settle(len(entries), again)
    again.stop()
    assert_whole(site, entries)


def test_sigterm_while_a_row_is_locked(make_site, maria):
    """The same in mid-transaction; the second SIGTERM does not wait."""
    entries = list(generator.flows(1000, seed=95))
    site = make_site("mysql")
    daemon = site.daemon()
    site.redis.push(entries[:500])
    site.settle(500, daemon)
    with maria.locked(site.store.database, "flows_aggr_600"):
        site.redis.push(entries[500:])
        claimed(site)
        daemon.signal(signal.SIGTERM)
        maria.wait_for_waiter()
        daemon.signal(signal.SIGTERM)
        begin = time.monotonic()
        assert daemon.wait() == 1
        assert time.monotonic() - begin < rig.SOON
        assert "a second Terminated: stopping without a flush" in daemon.output()
    again = site.daemon()
    site.settle(len(entries), again)
    again.stop()
    assert_whole(site, entries)
