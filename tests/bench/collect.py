"""Export messages into flows: this collector against nfcapd and nfacctd, on the same made-up datagrams.

    collect.py SECONDS RATE ROUNDS

Each is sent RATE flows a second for SECONDS, of 100,000 keys that repeat, in datagrams of 24 flows, and must lose none, by
its own count. CPU time is that of all its processes, the kernel's part of receiving in it: while it receives, and at its
end, when it writes what it has added up. All of them do that every five minutes, and so the end counts once in as many flows
as come in that time. The peers are those of build/tools; what is not there is left out (etc/install-deps.sh bench).
"""
import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "integration"))
import rig  # noqa: E402
from collecting import free_port, unread  # noqa: E402

TOOLS = TOP / "build" / "tools"
KEYS, PER_DATAGRAM = 100000, 24
PR_SET_CHILD_SUBREAPER = 36
VERMONT = 37000  # flows per CPU-second onto Redis, measured elsewhere
INTERVAL = 300  # seconds between two writings


def cpu_seconds(pid):
    """Until now, of the process and of those that it has started and that are still there."""
    used = 0.0
    for task in pathlib.Path("/proc/%d/task" % pid).iterdir():
        used += int((task / "schedstat").read_text().split()[0]) / 1e9
        used += sum(cpu_seconds(int(child)) for child in (task / "children").read_text().split())
    return used


class Receiver:
    """A process that reads a UDP port, in a folder of its own."""

    command = stop = None
    redis_seconds = 0.0

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.prepare()
        self.log = open(folder / "log", "w+", encoding="utf-8")
        words = [str(word) for word in self.command]
        self.child = subprocess.Popen(words, cwd=folder, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        rig.wait_for(self.ready, lambda: "%s to listen:\n%s" % (words[0], self.output()))

    def prepare(self):
        """Sets the command."""

    def ready(self):
        assert self.child.poll() is None, self.output()
        try:
            return unread(self.port) is not None
        except AssertionError:
            return False

    def output(self):
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def settle(self):
        """Until all is read that was sent; CPU seconds from the start."""
        rig.wait_for(lambda: unread(self.port) == 0, "the socket to be empty")
        return cpu_seconds(self.child.pid)

    def finish(self):
        """CPU seconds of it and of all processes that it has started, which may outlive it."""
        self.child.send_signal(self.stop)
        seconds, pid = 0.0, self.child.pid
        while True:
            try:
                _, _, usage = os.wait4(pid, 0)
            except ChildProcessError:
                break
            seconds += usage.ru_utime + usage.ru_stime
            pid = self.orphans()
        self.log.close()
        return seconds

    def orphans(self):
        """Which children to wait for further."""
        return -1

    def flows(self):
        """How many it has counted."""


class Nfcapd(Receiver):
    stop = signal.SIGTERM

    def prepare(self):
        (self.folder / "files").mkdir()
        self.command = [TOOLS / "nfcapd", "-w", self.folder / "files", "-p", self.port, "-b", "127.0.0.1", "-t", "3600",
                        "-S", "0", "-B", 4 << 20]

    def flows(self):
        return sum(map(int, re.findall(r"Flows: (\d+)", self.output())))


class Nfacctd(Receiver):
    stop = signal.SIGINT

    def prepare(self):
        (self.folder / "config").write_text("\n".join((
            "daemonize: false", "nfacctd_ip: 127.0.0.1", "nfacctd_port: %d" % self.port, "nfacctd_pipe_size: 4194304",
            "nfacctd_renormalize: true", "nfacctd_stitching: false", "plugins: print",
            "aggregate: src_host, dst_host, src_port, dst_port, proto, flows", "print_output: json",
            "print_output_file: out.json", "print_refresh_time: 86400", "print_cache_entries: 524287",
            "plugin_pipe_size: 67108864", "plugin_buffer_size: 1048576")) + "\n")
        self.command = [TOOLS / "nfacctd", "-f", self.folder / "config"]

    def ready(self):
        return super().ready() and "JSON: setting object handlers" in self.output()

    def flows(self):
        with open(self.folder / "out.json", encoding="utf-8") as lines:
            return sum(json.loads(line)["flows"] for line in lines)


class Ours(Receiver):
    """Into `store`, or onto Redis."""

    stop = signal.SIGTERM
    store, redis, delivery = None, None, "exactly-once"

    def prepare(self):
        sections = {"collector": {"listen": "udp:127.0.0.1:%d" % self.port, "queue": "direct", "state": "state"},
                    "names": {"learned": "learned"}, "import": {"cache_memory": "1G"}, "http": {"listen": ""}, "producer": {"spool": "spool"},
                    "capture": {"user": ""}, "store": {"url": self.store}, "queue": {"consumer": "bench", "delivery": self.delivery}}
        if self.redis:
            sections["collector"]["queue"] = "redis"
            sections["import"]["enabled"] = "no"
            sections["queue"]["url"] = self.redis.url()
            sections["producer"]["max_queue"] = 0
        self.command = [rig.BUILD / "flowimportd", "-c", rig.write_config(self.folder / "config", sections)]

    def flows(self):
        return int(re.search(r"messages with (\d+) flows; lost: 0 flows, 0 messages, 0 data sets, 0 datagrams",
                             self.output()).group(1))


class Direct(Ours):
    store = "sqlite:flows.db"


class Memory(Ours):
    store = "memory:"


class Unspooled(Direct):
    """What the spool costs: the difference."""

    delivery = "at-most-once"


class OntoRedis(Ours):
    """What comes onto the queue is taken away twice a second, so that memory doesn't end."""

    store = "memory:"

    def prepare(self):
        server = self.folder / "redis"
        server.mkdir()
        self.redis = rig.Redis(server)
        self.taken, self.ended = 0, threading.Event()
        self.taker = threading.Thread(target=self.take, daemon=True)
        self.taker.start()
        self.redis_begin = cpu_seconds(self.redis.process.pid)
        super().prepare()

    def take(self):
        client = self.redis.client()
        while not self.ended.wait(0.5):
            with client.pipeline() as pipe:
                self.taken += pipe.llen(rig.QUEUE).unlink(rig.QUEUE).execute()[0]

    def orphans(self):
        return 0x7fffffff  # nobody: Redis lives on

    def finish(self):
        seconds = super().finish()
        self.ended.set()
        self.taker.join()
        self.redis_seconds = cpu_seconds(self.redis.process.pid) - self.redis_begin
        self.taken += self.redis.client().llen(rig.QUEUE)
        self.redis.kill()
        return seconds

    def flows(self):
        assert super().flows() == self.taken
        return self.taken


RECEIVERS = {"nfcapd, files": Nfcapd, "nfacctd, print": Nfacctd, "queue=direct, memory:": Memory,
             "queue=direct, SQLite": Direct, "the same, no spool": Unspooled, "queue=redis": OntoRedis}


def measure(kind, version, rate, seconds, folder):
    """{"receiving": nanoseconds a flow, "end": seconds, "speed": flows per CPU-second, "redis": nanoseconds a flow}"""
    receiver = kind(pathlib.Path(tempfile.mkdtemp(dir=folder)))
    begin = cpu_seconds(receiver.child.pid)
    done = subprocess.run([rig.BUILD / "tests/bench/bench_send", *map(str, (version, receiver.port, rate, seconds,
                                                                          PER_DATAGRAM, KEYS))],
                          stdout=subprocess.PIPE, check=True)
    received = receiver.settle()
    end = receiver.finish() - received
    sent, got = int(done.stdout.split()[1]), receiver.flows()
    assert got == sent, "%d flows sent, %d received:\n%s" % (sent, got, receiver.output())
    shutil.rmtree(receiver.folder)
    each = (received - begin) / sent
    return {"receiving": each * 1e9, "end": end, "speed": 1 / (each + end / (rate * INTERVAL)),
            "redis": receiver.redis_seconds * 1e9 / sent}


def protocol(version, rate, seconds, rounds, folder):
    kinds = {}
    for what, kind in RECEIVERS.items():
        if issubclass(kind, Ours) or (TOOLS / kind.__name__.lower()).exists():
            kinds[kind] = what
        else:
            print("%-22s not there" % what)
    used = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for kind in kinds:
            used[kind].append(measure(kind, version, rate, seconds, folder))
    middle = {kind: sorted(found, key=lambda one: one["speed"])[rounds // 2] for kind, found in used.items()}
    for kind, what in kinds.items():
        one = middle[kind]
        print("%-22s %5.2f M flows per CPU-second: %4.0f ns a flow, and %.2f s every %d s%s" % (
            what, one["speed"] / 1e6, one["receiving"], one["end"], INTERVAL,
            "; Redis itself %.0f ns a flow" % one["redis"] if kind is OntoRedis else ""))
    for peer, wanted in ((Nfcapd, 1), (Nfacctd, 5)):
        if peer in middle:
            print("queue=direct into SQLite: %.2f times %s (wanted: at least %d)" % (
                middle[Direct]["speed"] / middle[peer]["speed"], peer.__name__.lower(), wanted))
    print("queue=direct into SQLite: %.2f times the same without a spool (wanted: at least 0.9)" % (
        middle[Direct]["speed"] / middle[Unspooled]["speed"]))
    print("onto Redis: %.1f times VERMONT, which reached %d flows per CPU-second elsewhere (wanted: at least 20)" % (
        middle[OntoRedis]["speed"] / VERMONT, VERMONT), flush=True)


def main(seconds, rate, rounds):
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory(prefix="flowimport-") as folder:
        for version, name in ((5, "NetFlow v5"), (9, "NetFlow v9"), (10, "IPFIX")):
            print("--- %s: %d flows a second for %d seconds, medians of %d rounds" % (name, rate, seconds, rounds),
                  flush=True)
            protocol(version, rate, seconds, rounds, folder)


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
