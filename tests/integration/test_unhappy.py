"""What goes wrong around it: a state directory it can't write, full disks, clocks that jump, a database made by a newer
version, syslog."""
import contextlib
import glob
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest

import generator
import reference
import rig
from generator import one


# The state directory ------------------------------------------------------------------------------------------------


@pytest.fixture
def nobody(folder):
    """The words that make the program run as nobody, and a folder that nobody may write."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root becomes nobody")
    for path in (folder, folder.parent):
        path.chmod(0o711)
    state = folder / "state"
    state.mkdir()
    os.chown(state, 65534, 65534)
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"], state


@pytest.mark.parametrize("wrong, code, said", [
    ("folder", 2, "nobody may not write to FOLDER, the folder of the SQLite file (Permission denied): "
                  "chown nobody FOLDER"),
    ("file", 1, "error: store: sqlite:FOLDER/flows.db: FOLDER/flows.db: no permission to write to it"),
    ("absent", 2, "the folder of the SQLite file is missing: mkdir -p FOLDER && chown nobody FOLDER"),
    ("unreadable", 2, "nobody may not write to FOLDER, the folder of the SQLite file (Permission denied): "
                      "chown nobody FOLDER")])
def test_unwritable_state_directory(make_site, folder, nobody, wrong, code, said):
    """Said with the path and what to do, and the queue stays as it is."""
    under, state = nobody
    site = make_site(store=rig.SQLiteStore(state))
    site.redis.socket.parent.chmod(0o711)
    site.redis.socket.chmod(0o666)
    site.folder.chmod(0o711)
    entries = list(generator.flows(100, seed=111))
    if wrong != "absent":
        site.import_all(entries)  # by root
        os.chown(site.store.path, 65534, 65534)
    if wrong == "folder":
        os.chown(state, 0, 0)
    elif wrong == "file":
        os.chown(site.store.path, 0, 0)
        site.store.path.chmod(0o644)
    elif wrong == "absent":
        state.rmdir()
    else:
        state.chmod(0)
    site.redis.push(entries)
    daemon = site.daemon(under=under, ready=False, name="denied")
    assert daemon.wait() == code
    assert said.replace("FOLDER", str(state)) in daemon.output(), daemon.output()
    assert len(daemon.output()) < 1000
    assert site.redis.client().llen(rig.QUEUE) == len(entries) and not site.claims()


# Full disks -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(folder):
    """small_disk(SIZE): a file system of that size, where this user may mount one."""
    path = folder / "disk"
    path.mkdir()

    def make(size):
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", path], stderr=subprocess.PIPE,
                              check=False)
        if done.returncode:
            pytest.skip("no permission to mount a file system")
        return path
    yield make
    subprocess.run(["umount", "--lazy", path], check=False)


def fill(path):
    with open(path / "ballast", "wb", buffering=0) as ballast, contextlib.suppress(OSError):
        while ballast.write(bytes(4096)):
            pass


def test_full_disk_is_waited_for_with_growing_pauses(make_site, small_disk):
    """What can't be written is kept, what comes meanwhile stays in the queue, for others; nothing is lost or doubled."""
    entries = list(generator.flows(6000, seed=112, hosts=2000))
    disk = small_disk("24M")
    site = make_site("sqlite", store=rig.SQLiteStore(disk), queue={"retry_max": "300ms"})
    daemon = site.daemon()
    site.redis.push(entries[:10])
    site.settle(10, daemon)
    fill(disk)
    site.redis.push(entries[10:3000])
    site.wait_claimed()
    said = len(daemon.output())
    daemon.flush()

    def waits():
        return re.findall(r"warning: store: sqlite:\S+: .* \(SQLite \d+\); trying again in (\S+) s", daemon.output()[said:])
    rig.wait_for(lambda: "0.300" in waits() or not daemon.running(), lambda: daemon.output()[said:])
    assert waits()[:3] == ["0.100", "0.200", "0.300"]
    site.redis.push(entries[3000:])
    tries = len(waits())
    rig.wait_for(lambda: len(daemon.output()[said:].splitlines()) > 4 or len(waits()) > tries, "another try")
    assert site.redis.client().llen(rig.QUEUE) == 3000 and site.ledger()["entries"] == 10
    (disk / "ballast").unlink()
    site.settled_equals(entries, daemon)


def test_full_disk_under_mariadb(make_site, folder, maria_template, make_store, small_disk):
    """The server itself waits for room, or refuses; either way each flow is counted once."""
    disk = small_disk("300M")
    server = rig.MariaDB(disk, maria_template, options=["--innodb-log-file-size=8M", "--innodb-buffer-pool-size=16M"])
    try:
        entries = list(generator.flows(40000, seed=113, hosts=20000))
        site = make_site(store=make_store("mysql", server))
        daemon = site.daemon()
        site.redis.push(entries[:10])
        site.settle(10, daemon)
        fill(disk)
        site.redis.push(entries[10:])
        site.wait_claimed()
        said = len(daemon.output())
        daemon.flush()
        rig.wait_for(lambda: "trying again" in daemon.output()[said:] or not daemon.running(),
                     lambda: daemon.output()[said:] + server.process.output())
        assert site.ledger()["entries"] == 10
        (disk / "ballast").unlink()
        site.settled_equals(entries, daemon)
    finally:
        server.kill()


# The clock --------------------------------------------------------------------------------------------------------


class Clock:
    """The time of day as a daemon sees it; the machine's steady clocks stay as they are, as when somebody sets it."""

    def __init__(self, folder):
        library = next(iter(glob.glob("/usr/lib/*/faketime/libfaketime.so.1")), None)
        if not library or rig.SANITIZED:
            pytest.skip("no libfaketime, or not together with a sanitizer")
        self.file = folder / "clock"
        self.set(0)
        self.env = {"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1",
                    "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}

    def set(self, seconds):
        temporary = self.file.with_suffix(".new")
        temporary.write_text("%+d\n" % seconds)
        temporary.rename(self.file)


def test_clock_jumps_an_hour_back_and_forth(make_site, folder):
    """Flushes come when they would have, generations keep their order, nothing is lost and nothing counted twice."""
    clock = Clock(folder)
    offsets = [0, 3600, -3600, 0, -7200]
    entries = list(generator.flows(1000 * len(offsets), seed=114, hosts=300))
    site = make_site("sqlite", import_={"flush_interval": "1s"})
    begin = int(time.time())
    daemon = site.daemon(env=clock.env)
    for at, offset in zip(range(0, len(entries), 1000), offsets):
        site.redis.push(entries[at:at + 500])
        site.wait_claimed()
        clock.set(offset)  # in the middle of a generation
        site.redis.push(entries[at + 500:at + 1000])
        site.settle(at + 1000, daemon, bound=rig.SOON, flush=False)
    daemon.stop()
    rows = rig.read_ledger(site.store)
    seen = {min(offsets, key=lambda offset, row=row: abs(row["committed_at"] - begin - offset)) for row in rows}
    assert seen == set(offsets), "the daemon saw no jump"
    committed = [int(number) for number in re.findall(r"generation one/(\d+): committed:", daemon.output())]
    assert committed == sorted(set(committed)) == [row["generation"] for row in rows]
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())
    site.verify()


def test_a_clock_that_is_plainly_wrong(make_site, folder):
    """A machine that boots in 1970, or days before the last commit: entries wait in the queue until it is right."""
    clock = Clock(folder)
    site = make_site("sqlite", http={"listen": "127.0.0.1:%d" % rig.free_port()})
    entries = list(generator.flows(300, seed=7))

    def health():
        try:
            with urllib.request.urlopen("http://%s/healthz" % site.sections["http"]["listen"]) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.read().decode()
        except urllib.error.URLError as error:  # not yet
            return str(error)

    for at, wrong, words in (0, -int(time.time()) + 1000, "is before the program was built ("), \
            (100, 0, "is before the last commit in import_ledger ("):
        clock.set(wrong)
        site.redis.push(entries[at:at + 100])
        daemon = site.daemon(env=clock.env)
        rig.wait_for(lambda words=words: words in health(), health)
        assert words in daemon.output() and "; entries wait in the queue until it is right\n" in daemon.output()
        assert site.redis.client().llen(rig.QUEUE) == 100 and not site.claims()
        clock.set(5 * 86400)
        site.settle(at + 100, daemon)
        assert health() == "ok\n" and "this host's clock is right again" in daemon.output()
        daemon.stop()
    clock.set(0)  # the hand tool says so instead of waiting
    site.redis.push(entries[200:])
    _, err = site.run("--once", code=1, env=clock.env)
    assert "clock is wrong" in err and err.count("\n") < 5 and site.redis.client().llen(rig.QUEUE) == 100
    clock.set(5 * 86400)
    site.run("--once", env=clock.env)
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())
    assert site.ledger()["rejected"] == 0


def test_a_claim_gets_the_time_that_it_is_after_a_jump_back(make_site, folder):
    """A flow of now is not too old because the clock was an hour ahead when the last entry came."""
    clock = Clock(folder)
    clock.set(3600)
    site = make_site("sqlite", import_={"max_flow_age": "10m"})
    daemon = site.daemon(env=clock.env)
    now = int(time.time())
    site.redis.push([one(flowStartSeconds=now + 3600, flowEndSeconds=now + 3600)])
    site.wait_claimed()
    clock.set(0)
    site.redis.push([one(flowStartSeconds=now, flowEndSeconds=now)])
    site.settle(2, daemon)
    daemon.stop()
    assert [site.ledger()[name] for name in rig.LEDGER_COUNTS] == [2, 2, 0, 0]


# A newer version --------------------------------------------------------------------------------------------------


def test_database_of_a_newer_version(make_site, kind):
    """Refused by all programs; what had been claimed stays for the version that knows it."""
    entries = list(generator.flows(1000, seed=115))
    site = make_site(kind)
    first = site.daemon()
    site.redis.push(entries[:500])
    site.settle(500, first)
    site.redis.push(entries[500:])
    site.wait_claimed()
    first.kill()
    claims = sorted(site.claims())

    def set_version(version):
        statement = "UPDATE flowimport_schema SET value = '%s' WHERE name = 'version'" % version
        if kind == "sqlite":
            with contextlib.closing(sqlite3.connect(site.store.path, isolation_level=None)) as connection:
                connection.execute(statement)
        else:
            site.store.server.run("USE " + site.store.database, statement)
    with site.store.cursor() as cursor:
        cursor.execute("SELECT value FROM flowimport_schema WHERE name = 'version'")
        known, = cursor.fetchone()
        known = known.decode() if isinstance(known, bytes) else known
    set_version(int(known) + 1)
    text = "the tables have schema version %d; this program knows version %s" % (int(known) + 1, known)
    newer = site.daemon(ready=False)
    assert newer.wait() == 1
    assert re.search("error: store: %s.*: %s" % (kind, text), newer.output()), newer.output()
    assert sorted(site.claims()) == claims and site.ledger()["entries"] == 500
    for words in (["--once"], ["top", "hosts"], ["verify"]):
        _, err = site.run(*words, code=1)
        assert text in err
    set_version(known)
    again = site.daemon()
    site.settled_equals(entries, again)


# Syslog -----------------------------------------------------------------------------------------------------------


def test_log_to_syslog(make_site, folder):
    """/dev/log of a mount name space of its own."""
    if subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        pytest.skip("no permission for a mount name space")
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.settimeout(0.1)
    dev = folder / "dev"
    dev.mkdir()
    listening.bind(str(dev / "log"))
    lines, ended = [], threading.Event()

    def listen():
        while not ended.is_set():
            with contextlib.suppress(socket.timeout):
                lines.append(listening.recv(4096).decode().rstrip("\0"))
    thread = threading.Thread(target=listen)
    thread.start()
    site = make_site("sqlite", log={"target": "syslog"})
    (dev / "null").touch()
    mount = "mount --bind /dev/null %s/null && mount --rbind %s /dev && exec \"$0\" \"$@\"" % (dev, dev)
    daemon = site.daemon(under=["unshare", "--mount", "sh", "-c", mount], ready=False)
    rig.wait_for(lambda: any("connected" in line for line in lines) or not daemon.running(), daemon.output)
    site.redis.push([one()])
    site.settle(1, daemon)
    daemon.stop()
    ended.set()
    thread.join()
    listening.close()
    assert daemon.output() == ""
    # <facility * 8 + level>: daemon is 3, notice 5, info 6.
    start = r"<%%d>\w{3} [ \d]\d \d\d:\d\d:\d\d flowimportd\[%d\]: " % daemon.pid
    assert re.fullmatch(start % 29 + r"main: version \S+, consumer 'one'", lines[0])
    assert [line for line in lines if re.fullmatch(start % 30 + "import: generation one/.*: committed: 1 entries, .*", line)]
    assert re.fullmatch(start % 29 + "main: Terminated: flushing and stopping", lines[-1])


# A second daemon --------------------------------------------------------------------------------------------------


def test_second_daemon_with_the_same_name_is_refused(make_site):
    """It names the holder, waits for its sign of life to lapse, then gives up; the first goes on."""
    site = make_site("sqlite", queue={"consumer_timeout": "1s"})
    first = site.daemon(name="first")
    site.redis.push([one()])
    site.settle(1, first)
    second = site.daemon(name="second", ready=False)
    assert second.wait() == 1
    holder = "process %d on host '%s'" % (first.pid, socket.gethostname())
    assert "warning: queue: %s: queue %s: the consumer name 'one' is held by %s; waiting for it to expire\n" % (
        site.redis.url(), rig.QUEUE, holder) in second.output()
    assert "error: queue: %s: queue %s: the consumer name 'one' is in use by %s; this is process %d on host '%s'. Give " \
        "each importer its own name: [queue] consumer, or --consumer\n" % (
            site.redis.url(), rig.QUEUE, holder, second.pid, socket.gethostname()) in second.output()
    site.redis.push([one()])
    site.settle(2, first)
    first.stop()
