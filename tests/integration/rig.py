"""Private servers, the programs under test, and the tables read back: what every test here stands on.

Every server has its own folder, socket and process; each is ended by its process id. Waiting is always for a condition
with a bound. What this process has started ends with it, even where it is killed. `python3 rig.py mysql COMMAND...`
runs a command with a private MariaDB in FLOWIMPORT_TEST_MYSQL.
"""
import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

import pymysql
import redis

try:
    import MySQLdb as c_mysql  # in C: large tables are read ten times as fast
except ImportError:
    c_mysql = pymysql

from reference import CLASSES, TUPLE_KEYS, TUPLE_SUMS, Import, address_text

QUEUE = "entry:queue"
TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("FLOWIMPORT_BUILD", TOP / "build")).resolve()
# A sanitizer's build is slower, and its memory says nothing; bounds on time stretch with it.
SANITIZED = (BUILD / "flowimportd").exists() and b"__asan_init" in (BUILD / "flowimportd").read_bytes()
SLOW = float(os.environ.get("FLOWIMPORT_TEST_SLOW", "4" if SANITIZED else "1"))
# What ends a test that hangs. It costs nothing where things go well, and other load may take most of the machine.
BOUND = 300 * SLOW
# By when what happens of itself must have happened, where waiting for BOUND would hide that it came for another reason.
SOON = 30 * SLOW
# By when a daemon has ended by SIGTERM whose Redis does not answer: that is waited for 5 seconds (REDIS_STOP_MS).
STOP = 5 + 3 * SLOW


class TimeOut(AssertionError):
    pass


def wait_for(condition, what, bound=BOUND, step=0.01):
    """The condition's first true value."""
    end = time.monotonic() + bound
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeOut("waited %d s in vain for %s" % (bound, what() if callable(what) else what))
        time.sleep(step)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program(name):
    """Where a command is. The package redis-tools holds the server too, which knows itself by its name."""
    path = os.environ.get("PATH", "") + ":/usr/sbin"
    found = shutil.which(name, path=path)
    if not found and name == "redis-server":
        found = shutil.which("redis-check-rdb", path=path)
    return found or name


PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


def die_with(parent):
    """In a child before it executes: kill -9 as soon as the thread that has started it ends, which is the main one."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it has ended already
        os._exit(1)


class Process:
    """A child process with its output in files."""

    def __init__(self, command, folder, name, env=None, stdin=subprocess.DEVNULL):
        self.name, self.log = name, folder / (name + ".log")
        with open(self.log, "ab") as out:
            self.log_start = out.tell()
            parent = os.getpid()
            self.child = subprocess.Popen([str(word) for word in command], executable=program(command[0]), stdin=stdin,
                                          stdout=out, stderr=out, env=env, preexec_fn=lambda: die_with(parent))
        self.pid = self.child.pid

    def running(self):
        return self.child.poll() is None

    def output(self):
        with open(self.log, "rb") as out:
            out.seek(self.log_start)
            return out.read().decode("utf-8", "replace")

    def signal(self, number):
        self.child.send_signal(number)

    def wait(self, bound=BOUND):
        try:
            return self.child.wait(bound)
        except subprocess.TimeoutExpired:
            raise TimeOut("%s did not end within %d s:\n%s" % (self.name, bound, self.output()[-4000:])) from None

    def kill(self):
        """kill -9; a process that has ended already is fine."""
        if self.running():
            self.child.kill()
        self.child.wait()

    def _status(self, field):
        with open("/proc/%d/status" % self.pid, encoding="ascii") as lines:
            for line in lines:
                if line.startswith(field + ":"):
                    return line.split()[1]
        raise AssertionError("no %s in /proc/%d/status" % (field, self.pid))

    def peak_rss(self):
        return int(self._status("VmHWM")) * 1024

    def cpu_ticks(self):
        with open("/proc/%d/stat" % self.pid, encoding="ascii") as line:
            fields = line.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def context_switches(self):
        """Voluntary ones, of all threads."""
        total = 0
        for task in pathlib.Path("/proc/%d/task" % self.pid).iterdir():
            for line in (task / "status").read_text().splitlines():
                if line.startswith("voluntary_ctxt_switches:"):
                    total += int(line.split()[1])
        return total

    def handles(self, number):
        """Whether the process has a handler for the signal, so that sending it is no execution."""
        try:
            return bool(int(self._status("SigCgt"), 16) >> (number - 1) & 1)
        except (FileNotFoundError, AssertionError, ProcessLookupError):
            return False


# Redis ---------------------------------------------------------------------------------------------------------------


class Redis:
    def __init__(self, folder, appendonly=False, tcp=False, options=()):
        self.folder, self.socket = folder, folder / "redis.sock"
        self.port = free_port() if tcp else 0
        self.options = list(options)
        self.appendonly = appendonly
        self.process = None
        self.password = None  # of the rig's own connection
        self.start()

    def start(self):
        """Starts, with the data on disk if appendonly."""
        command = ["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--unixsocket", self.socket, "--save",
                   "",
                   "--dir", self.folder, "--daemonize", "no", "--appendonly", "yes" if self.appendonly else "no",
                   "--appendfsync", "everysec", "--loglevel", "warning"] + self.options
        self.process = Process(command, self.folder, "redis")
        wait_for(self._answers, lambda: "redis-server to answer:\n" + self.process.output())

    def _answers(self):
        assert self.process.running(), self.process.output()
        try:
            return self.client().ping()
        except redis.exceptions.AuthenticationError:
            return True
        except redis.exceptions.ConnectionError:
            return False

    def client(self, db=0, **options):
        return redis.Redis(unix_socket_path=str(self.socket), db=db, password=self.password, **options)

    def stop(self, bound=BOUND):
        """As `shutdown` of the init system: what appendonly has is on disk."""
        if self.process.running():
            self.process.signal(signal.SIGTERM)
            self.process.wait(bound)

    def kill(self):
        self.process.kill()

    def wake(self):
        """Ends every blocking wait as if its time were over: a consumer that waits answers a signal within a second."""
        with contextlib.suppress(redis.exceptions.RedisError):
            client = self.client()
            for other in client.client_list():
                if "b" in other["flags"]:
                    client.client_unblock(int(other["id"]))

    def url(self, db=0):
        return "redis+unix://%s%s" % (self.socket, "?db=%d" % db if db else "")

    def push(self, entries, name=QUEUE, db=0, batch=2000):
        """RPUSHes all entries; returns how many. Packs by hand: redis-py needs ten times as long."""
        name = name.encode()
        count = 0
        with socket.socket(socket.AF_UNIX) as wire:
            wire.connect(str(self.socket))
            replies = wire.makefile("rb")

            def ask(*words):
                wire.sendall(b"*%d\r\n" % len(words)
                             + b"".join([b"$%d\r\n%s\r\n" % (len(word), word) for word in words]))
                reply = replies.readline()
                assert reply[:1] != b"-", reply
            if self.password:
                ask(b"AUTH", self.password.encode())
            if db:
                ask(b"SELECT", b"%d" % db)
            block = []
            for entry in entries:
                block.append(entry)
                if len(block) == batch:
                    ask(b"RPUSH", name, *block)
                    count += len(block)
                    block = []
            if block:
                ask(b"RPUSH", name, *block)
                count += len(block)
        return count


class NoRedis:
    """Where nothing may ask for one."""

    @staticmethod
    def url():
        return "redis://127.0.0.1:1/0"

    @staticmethod
    def wake():
        pass


# MariaDB, or MySQL where there is no MariaDB -------------------------------------------------------------------------

# MySQL's own server has another bootstrap and other options; what tests ask of both has one name here.
IS_ORACLE = not shutil.which("mariadbd", path=os.environ.get("PATH", "") + ":/usr/sbin")


class MariaTemplate:
    """A data directory with the system tables alone: made once, copied for every server.

    By the server's own bootstrap, because mariadb-install-db calls a program of the client's package. The time zone,
    help, and performance tables are left out: nothing here asks them.
    """

    def __init__(self, folder):
        self.data = folder / "template"
        if IS_ORACLE:
            script, command = "", ["mysqld", "--no-defaults", "--initialize-insecure", "--innodb-redo-log-capacity=16M",
                                   "--secure-file-priv=NULL"]
        else:
            self.data.mkdir()
            script = self._system_tables()
            command = ["mariadbd", "--no-defaults", "--bootstrap", "--innodb-log-file-size=16M"]
        done = subprocess.run([program(command[0])] + command[1:] + [
            "--skip-log-bin", "--datadir=%s" % self.data, "--tmpdir=%s" % folder] + maria_user(),
                              input=script.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        assert done.returncode == 0, done.stdout.decode("utf-8", "replace")

    @staticmethod
    def _system_tables():
        tables = next(path for name in ("mysql", "mariadb") for path in
                      pathlib.Path("/usr/share", name).glob("*_system_tables.sql"))  # mysql_…, since 11: mariadb_…
        scripts = tables, tables.with_name(tables.stem + "_data.sql")
        script = "create database mysql;\nuse mysql;\nSET @auth_root_socket=NULL;\n"
        return script + "".join(path.read_text() for path in scripts)


def maria_user():
    return ["--user=root"] if os.geteuid() == 0 else []


class MariaDB:
    def __init__(self, folder, template, tcp=False, options=()):
        self.folder, self.socket = folder, folder / "mysql.sock"
        self.port = free_port() if tcp else 0
        self.options = list(options)
        self.databases = 0
        self.process = None
        shutil.copytree(template.data, folder / "data")
        self.start()

    def start(self):
        command = ["mysqld", "--no-defaults", "--innodb-redo-log-capacity=64M", "--mysqlx=off",
                   "--secure-file-priv=NULL"] if IS_ORACLE else [
                       "mariadbd", "--no-defaults", "--innodb-log-file-size=64M"]
        command += ["--datadir=%s" % (self.folder / "data"), "--socket=%s" % self.socket,
                    "--pid-file=%s" % (self.folder / "mysql.pid"), "--innodb-buffer-pool-size=256M",
                    "--skip-log-bin", "--performance-schema=off", "--innodb-flush-log-at-trx-commit=2",
                    "--innodb-flush-method=nosync", "--skip-name-resolve", "--tmpdir=%s" % self.folder,
                    "--event-scheduler=off"]
        command += ["--bind-address=127.0.0.1", "--port=%d" % self.port] if self.port else ["--skip-networking"]
        options = [option.replace("--innodb-log-file-size", "--innodb-redo-log-capacity") for option in self.options
                   ] if IS_ORACLE else self.options
        self.process = Process(command + maria_user() + options, self.folder, "mariadb")
        wait_for(self._answers, lambda: "the database server to answer:\n" + self.process.output(), step=0.05)

    def _answers(self):
        assert self.process.running(), self.process.output()
        try:
            self.connect().close()
            return True
        except pymysql.err.OperationalError:
            return False

    def connect(self, database=None):
        return pymysql.connect(unix_socket=str(self.socket), user="root", database=database, autocommit=True)

    def run(self, *statements):
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall()

    @contextlib.contextmanager
    def locked(self, database, table):
        """Holds locks on all rows of the table: a flush that comes to it waits, in the middle of its transaction."""
        connection = self.connect(database)
        try:
            with connection.cursor() as cursor:
                cursor.execute("BEGIN")
                cursor.execute("SELECT * FROM %s FOR UPDATE" % table)
            yield
        finally:
            with contextlib.suppress(pymysql.err.Error):  # the server may be gone
                connection.close()

    def wait_for_waiter(self):
        """Until a transaction waits for a lock. The table is a cache, renewed only if it was not read for 0.1 s."""
        wait_for(self._somebody_waits, "a transaction to wait for a lock", step=0.15)

    def _somebody_waits(self):
        return self.run("SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'")[0][0] > 0

    def new_database(self):
        self.databases += 1
        name = "flows_%d" % self.databases
        self.run("CREATE DATABASE %s" % name)
        return name

    def stop(self, bound=BOUND):
        if self.process.running():
            self.process.signal(signal.SIGTERM)
            self.process.wait(bound)

    def kill(self):
        self.process.kill()


# Stores: how to name one to the programs, and how to read it back -----------------------------------------------------


class SQLiteStore:
    kind = "sqlite"

    def __init__(self, folder):
        self.path = folder / "flows.db"
        self.url = "sqlite:%s" % self.path

    @contextlib.contextmanager
    def cursor(self):
        if not self.path.exists():
            raise LookupError("no store yet")
        with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % self.path, uri=True, timeout=BOUND)) as connection:
            connection.text_factory = bytes
            yield connection.cursor()

    def rows(self, query):
        with self.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()

    def absent(self, error):
        return isinstance(error, LookupError) or isinstance(error, sqlite3.OperationalError)

    def flows_column(self, name):
        """The stored count in millionths."""
        return name + "_millionths"

    def computed(self, name):
        """A computed flow count of a flows table: a real number of flows."""
        return "CAST(ROUND(%s * 1000000) AS INTEGER)" % name


class MySQLStore:
    kind = "mysql"

    def __init__(self, server, database, options=""):
        self.server, self.database = server, database
        self.url = "mysql://root@localhost/%s?socket=%s%s" % (database, server.socket, options)

    @contextlib.contextmanager
    def cursor(self):
        with contextlib.closing(self.server.connect(self.database)) as connection, connection.cursor() as cursor:
            yield cursor

    def rows(self, query):
        """All of a result, which may be large."""
        with contextlib.closing(c_mysql.connect(unix_socket=str(self.server.socket), user="root", db=self.database,
                                                charset="utf8mb4")) as connection:
            with contextlib.closing(connection.cursor()) as cursor:
                cursor.execute(query)
                return cursor.fetchall()

    def absent(self, error):
        return isinstance(error, (pymysql.err.ProgrammingError, c_mysql.ProgrammingError)) and error.args[0] == 1146

    def flows_column(self, name):
        return "%s * 1000000" % name

    computed = flows_column


class Dump:
    """Reads the tables of a store in the reference's canonical form."""

    def __init__(self, keys=TUPLE_KEYS, sums=TUPLE_SUMS, sizes=(600,)):
        self.keys, self.sums, self.sizes = tuple(keys), tuple(sums), tuple(sizes)

    def tables(self, store, without=()):
        out = {}
        for name, keys, groups, computed in self._layout():
            if name in without:
                continue
            out[name] = self._read(store, name, keys, groups, computed)
        return out

    def _layout(self):
        """(table, key columns, prefixes of stored value groups, prefixes of computed ones)"""
        by_class = ["%s_" % name for name in CLASSES]
        index = [""] + by_class + [end + name for end in ("src_", "dst_") for name in [""] + by_class]
        has_addresses = any(key in TUPLE_KEYS[:2] for key in self.keys)
        computed = by_class if "protocolIdentifier" in self.keys else []
        for size in self.sizes:
            yield "flows_%d" % size, ["bucket"] + list(self.keys), [""], computed
            if has_addresses:
                keys = [key.replace("IPv4", "IPv6") if key in TUPLE_KEYS[:2] else key for key in self.keys]
                yield "flows6_%d" % size, ["bucket"] + keys, [""], computed
            yield "flows_aggr_%d" % size, ["bucket"], [""] + by_class, []
            for name in ("index_nodes", "index_nodes6", "index_ports"):
                yield "%s_%d" % (name, size), ["id", "bucket"], index, []
        for name in ("index_nodes", "index_nodes6", "index_ports"):
            yield name, ["id"], index, []

    def _read(self, store, name, keys, groups, computed):
        columns, readers = list(keys), [_key_reader(name, key) for key in keys]
        for column, prefixes in ((store.flows_column, groups), (store.computed, computed)):
            for prefix in prefixes:
                columns += [prefix + value for value in self.sums] + [column(prefix + "flows")]
        n = len(keys)
        return sorted(tuple(reader(value) for reader, value in zip(readers, row)) + tuple(map(int, row[n:]))
                      for row in store.rows("SELECT %s FROM %s" % (", ".join(columns), name)))


def _key_reader(table, key):
    if key in ("sourceIPv4Address", "destinationIPv4Address"):
        return lambda value: address_text(4, value)
    if key in ("sourceIPv6Address", "destinationIPv6Address") or (key == "id" and table.startswith("index_nodes6")):
        return lambda value: address_text(6, int.from_bytes(value, "big"))
    if key == "id" and table.startswith("index_nodes"):
        return lambda value: {-1: "total", -2: "no address"}.get(value) or address_text(4, value)
    return int


LEDGER_COUNTS = ("entries", "imported", "too_old", "rejected")


def read_ledger(store, sums=TUPLE_SUMS):
    """The ledger's rows as dictionaries; none where there is no ledger yet."""
    columns = ("consumer", "generation", "committed_at") + LEDGER_COUNTS + tuple(sums) + (
        "flows", "first_bucket", "last_bucket", "claim", "position", "adopted")
    chosen = [store.flows_column(name) if name == "flows" else name for name in columns]
    try:
        with store.cursor() as cursor:
            cursor.execute("SELECT %s FROM import_ledger ORDER BY consumer, generation" % ", ".join(chosen))
            rows = cursor.fetchall()
    except Exception as error:  # pylint: disable=broad-except
        if store.absent(error):
            return []
        raise
    out = []
    for row in rows:
        row = dict(zip(columns, row))
        row["consumer"] = row["consumer"].decode() if isinstance(row["consumer"], bytes) else row["consumer"]
        out.append({name: value if name == "consumer" else int(value) for name, value in row.items()})
    return out


def ledger_sums(store, sums=TUPLE_SUMS):
    """The columns that add up, added up."""
    rows = read_ledger(store, sums)
    return {name: sum(row[name] for row in rows) for name in LEDGER_COUNTS + tuple(sums) + ("flows",)}


def differences(got, expected, limit=5):
    """What differs, in few words: a diff of a hundred thousand rows helps nobody."""
    out = []
    for name in sorted(set(got) | set(expected)):
        if name not in got or name not in expected:
            out.append("table %s only in %s" % (name, "the store" if name in got else "the expectation"))
        elif got[name] != expected[name]:
            mine, theirs = set(got[name]), set(expected[name])
            out.append("table %s: %d rows, expected %d; %d differ:" % (name, len(got[name]), len(expected[name]),
                                                                    len(mine ^ theirs)))
            out += ["  got      %r" % (row,) for row in sorted(mine - theirs)[:limit]]
            out += ["  expected %r" % (row,) for row in sorted(theirs - mine)[:limit]]
            if not mine ^ theirs:
                out.append("  a row stands twice")
    return "\n".join(out)


def assert_tables(got, expected):
    text = differences(got, expected)
    assert not text, "tables differ\n" + text


# The programs --------------------------------------------------------------------------------------------------------


def write_config(path, sections):
    lines = []
    for section, options in sections.items():
        lines.append("[%s]" % section)
        lines += ["%s = %s" % (name, value) for name, value in options.items() if value is not None]
    fresh = path.with_name("%s.%d" % (path.name, threading.get_ident()))
    fresh.write_text("\n".join(lines) + "\n")
    fresh.rename(path)  # at once: a program that was started before may still be reading it
    return path


class Daemon(Process):
    def __init__(self, config, folder, name="flowimportd", fault=None, ready=True, env=None, under=()):
        """`under`: words of a command that executes the program."""
        env = dict(os.environ, **(env or {}))
        env.pop("FLOWIMPORT_FAULT", None)
        if fault:
            env["FLOWIMPORT_FAULT"] = fault
        self.redis = None  # to be woken where it is known
        super().__init__([*under, BUILD / "flowimportd", "-c", config], folder, name, env)
        if ready:
            wait_for(lambda: self.handles(signal.SIGUSR1) or not self.running(), lambda: "%s to be up:\n%s" %
                     (name, self.output()), step=0.002)

    def flush(self):
        if self.running():
            self.signal(signal.SIGUSR1)

    def stop(self, bound=BOUND):
        """SIGTERM; the exit code must be 0."""
        self.signal(signal.SIGTERM)
        end = time.monotonic() + bound
        while self.running() and time.monotonic() < end:
            if self.redis:
                self.redis.wake()
            time.sleep(0.005)
        code = self.wait(0.1)
        assert code == 0, "%s: exit code %d after SIGTERM\n%s" % (self.name, code, self.output()[-4000:])


class Site:
    """One queue, one store, a folder: where programs are run and looked at."""

    def __init__(self, folder, redis_server, store, keys=TUPLE_KEYS, sums=TUPLE_SUMS, sizes=(600,), **sections):
        self.folder, self.redis, self.store = folder, redis_server, store
        self.keys, self.sums, self.sizes = tuple(keys), tuple(sums), tuple(sizes)
        self.sections = {"log": {"level": "info"},
                         "queue": {"url": redis_server.url() if redis_server else None, "consumer": "one",
                                   "retry_max": "100ms"},
                         "import": {"bucket_sizes": ",".join(map(str, sizes)), "cache_memory": "64M"},
                         "store": {"url": store.url},
                         "http": {"listen": ""},
                         "names": {"learned": folder / "learned"},
                         "capture": {"user": ""}}  # tests run by root stay root
        if self.keys != TUPLE_KEYS:
            self.sections["import"]["aggr_values"] = ",".join(self.keys)
        if self.sums != TUPLE_SUMS:
            self.sections["import"]["aggr_sums"] = ",".join(self.sums)
        for section, options in sections.items():
            self.sections.setdefault(section.rstrip("_"), {}).update(options)
        self.processes = []
        self.runs = 0

    def config(self, name="flowimport.conf", **sections):
        merged = {section: dict(options) for section, options in self.sections.items()}
        for section, options in sections.items():
            merged.setdefault(section.rstrip("_"), {}).update(options)
        return write_config(self.folder / name, merged)

    def daemon(self, fault=None, ready=True, name="flowimportd", env=None, under=(), **sections):
        config = self.config(name + ".conf", **sections)
        daemon = Daemon(config, self.folder, name, fault, ready, env, under)
        daemon.redis = self.redis
        self.processes.append(daemon)
        return daemon

    def command(self, *words, env=None, stdin=subprocess.DEVNULL, **sections):
        """The words of a `flowimport` call with this site's configuration."""
        return [str(BUILD / "flowimport"), "-c",
                str(self.config("command.conf", **sections))] + [str(word) for word in words]

    def run(self, *words, code=0, stdin=None, bound=BOUND, env=None, **sections):
        """Runs flowimport; its exit code must be `code`. Returns (stdout, stderr) as text."""
        done = subprocess.run(self.command(*words, **sections), input=stdin, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE,
                              timeout=bound, check=False, env=dict(os.environ, **(env or {})),
                              stdin=subprocess.DEVNULL if stdin is None else None)
        out, err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        assert done.returncode == code, "flowimport %s: exit code %d, expected %d\n%s\n%s" % (
            " ".join(map(str, words)), done.returncode, code, out[-3000:], err[-3000:])
        return out, err

    def claims(self, client=None, name=QUEUE):
        """The keys of the claims that hold entries. (The set of claims lists what a waiting consumer will use, too.)"""
        client = client or self.redis.client()
        return list(client.scan_iter(match="{%s}:claim:*" % name, count=1000))

    def caught_up(self, entries, db=0):
        client = self.redis.client(db)
        return not client.exists(QUEUE) and not self.claims(client) and self.ledger()["entries"] == entries

    def settle(self, entries, daemons, bound=BOUND, db=0, flush=True):
        """Until all entries are accounted for, with flushes asked for meanwhile. A daemon that ends fails the test."""
        daemons = [daemons] if isinstance(daemons, Daemon) else list(daemons)
        last = [0.0]

        def done():
            for daemon in daemons:
                assert daemon.running(), "%s ended with %s\n%s" % (daemon.name, daemon.child.returncode,
                                                                   daemon.output()[-4000:])
            if self.caught_up(entries, db):
                return True
            if flush and time.monotonic() - last[0] > 0.04:
                last[0] = time.monotonic()
                for daemon in daemons:
                    daemon.flush()
                self.redis.wake()
            return False

        def what():
            return "%d entries to be committed: queue %d, claims %r, ledger %r\n%s" % (
                entries, self.redis.client(db).llen(QUEUE), self.claims(self.redis.client(db)), self.ledger(),
                "\n".join(daemon.output()[-3000:] for daemon in daemons))
        wait_for(done, what, bound, 0.02)

    def wait_claimed(self):
        """Until a daemon has taken all that is queued, and committed none of the last of it."""
        client = self.redis.client()
        wait_for(lambda: not client.exists(QUEUE) and self.claims(), "the queue to be claimed")

    def settled_equals(self, entries, daemon):
        """Settles, stops the daemon, and holds the tables against the separate calculation."""
        self.settle(len(entries), daemon)
        daemon.stop()
        assert_tables(self.tables(), Import().add_all(entries).tables())
        self.verify()

    def import_all(self, entries, **sections):
        """Pushes, imports with one daemon, stops it; returns how many entries there were."""
        count = self.redis.push(entries)
        daemon = self.daemon(**sections)
        self.settle(count, daemon)
        daemon.stop()
        return count

    def import_at_once(self, entries):
        """The same as one generation, however slow the machine is: END behind them says when to commit."""
        count = self.redis.push(entries)
        self.redis.push([b"END"])
        daemon = self.daemon(ready=False)
        assert daemon.wait() == 0, daemon.output()
        assert self.ledger()["entries"] == count and len(read_ledger(self.store, self.sums)) == 1
        return count

    def ledger(self):
        return ledger_sums(self.store, self.sums)

    def tables(self):
        return Dump(self.keys, self.sums, self.sizes).tables(self.store)

    def rejected(self):
        """[(header as JSON text, raw bytes)] of the list of rejected entries."""
        return [tuple(item.split(b"\n", 1)) for item in self.redis.client().lrange("{%s}:rejected" % QUEUE, 0, -1)]

    def verify(self):
        return self.run("verify")

    def close(self):
        for process in self.processes:
            process.kill()


def main(words):
    if len(words) < 2 or words[0] != "mysql":
        sys.exit("usage: rig.py mysql COMMAND...")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="flowimport-"))
    server = None
    try:
        server = MariaDB(folder, MariaTemplate(folder))
        url = "mysql://root@localhost/%s?socket=%s" % (server.new_database(), server.socket)
        return subprocess.run(words[1:], env=dict(os.environ, FLOWIMPORT_TEST_MYSQL=url), check=False).returncode
    finally:
        if server:
            server.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
