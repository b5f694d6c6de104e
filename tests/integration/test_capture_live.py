"""Live capture between two network namespaces with real traffic: every packet and octet that the interface counts is in
the tables."""
import json
import os
import re
import shutil
import subprocess
import time

import pytest

import rig
from namespace import Namespace

TOOLS = ("ip", "ping", "iperf3", "curl", "unshare", "nsenter")
pytestmark = pytest.mark.skipif(os.geteuid() != 0 or any(not shutil.which(tool, path="/bin:/sbin:/usr/bin:/usr/sbin")
                                                         for tool in TOOLS),
                                reason="takes root, and the tools of the network")
ETHERNET, TAG = 14, 4


@pytest.fixture
def pair():
    """Two hosts on one cable; the first is the probe's."""
    hosts = []
    try:
        hosts += [Namespace(), Namespace()]
        ours, theirs = hosts
        ours.run("ip", "link", "add", "va", "type", "veth", "peer", "name", "vb", "netns", theirs.holder.pid)
        for host, name, last in ((ours, "va", 1), (theirs, "vb", 2)):
            host.run("ip", "link", "set", "dev", "lo", "up")
            host.run("ip", "addr", "add", "10.9.0.%d/24" % last, "dev", name)
            host.run("ip", "addr", "add", "fd00:9::%d/64" % last, "dev", name, "nodad")
            host.run("ip", "link", "set", "dev", name, "up")
        yield ours, theirs
    finally:
        for host in hosts:
            host.close()


class Probe:
    """flowimportd in a namespace, with its HTTP there."""

    def __init__(self, site, host, **sections):
        self.host, self.site = host, site
        merged = {"capture": {"interface": "va", "user": "", "active_timeout": "10m"},
                  "http": {"listen": "127.0.0.1:8469"}, "producer": {"spool": site.folder / "spool"}}
        for section, options in sections.items():
            merged.setdefault(section.rstrip("_"), {}).update(options)
        self.config = site.config("probe.conf", **merged)
        self.process = rig.Process(host.words(rig.BUILD / "flowimportd", "-c", self.config), site.folder, "probe")
        site.processes.append(self.process)
        rig.wait_for(self.status, lambda: "the probe to answer:\n" + self.process.output())

    def status(self):
        assert self.process.running(), self.process.output()
        done = subprocess.run(self.host.words("curl", "-s", "-m", "5", "http://127.0.0.1:8469/status"),
                              stdout=subprocess.PIPE, check=False)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def stop(self, code=0):
        self.process.signal(15)
        end = time.monotonic() + rig.BOUND
        while self.process.running() and time.monotonic() < end:
            if self.site.redis:
                self.site.redis.wake()
            time.sleep(0.02)
        assert self.process.wait(1) == code, self.process.output()


# Frames of UDP in VLAN 10, straight onto the cable: not every kernel has VLAN interfaces.
TAGGED = '''
import socket, struct, sys
udp = struct.pack("!HHHH", 5000, 6000, 108, 0) + b"x" * 100
ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, bytes([10, 10, 0, 2]), bytes([10, 10, 0, 1]))
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind(("vb", 0))
for _ in range(int(sys.argv[1])):
    wire.send(b"\\xff" * 6 + b"\\x02" + b"\\0" * 5 + struct.pack("!HHH", 0x8100, 10, 0x0800) + ip + udp)
'''


def tagged(host, count):
    host.run("/usr/bin/python3", "-c", TAGGED, count)


def traffic(ours, theirs):
    theirs.run("ping", "-q", "-c", "20", "-i", "0.002", "10.9.0.1")
    theirs.run("ping", "-q", "-c", "10", "-i", "0.002", "-s", "4000", "10.9.0.1")  # in fragments
    theirs.run("ping", "-q", "-c", "10", "-i", "0.002", "fd00:9::1")
    tagged(theirs, 30)
    servers = [ours.start("iperf3", "-s", "-p", "5201"), ours.start("iperf3", "-s", "-p", "5202")]
    try:
        rig.wait_for(lambda: theirs.run("iperf3", "-c", "10.9.0.1", "-p", "5201", "-n", "8M", code=None).find(
            "iperf Done") > 0, "iperf3")
        rig.wait_for(lambda: theirs.run("iperf3", "-c", "fd00:9::1", "-p", "5202", "-n", "2M", "-R", code=None).find(
            "iperf Done") > 0, "iperf3 over IPv6")
        theirs.run("iperf3", "-c", "10.9.0.1", "-p", "5201", "-u", "-n", "1M", "-b", "200M")
        theirs.run("curl", "-s", "-m", "5", "http://10.9.0.1:9999/", code=7)  # an RST
    finally:
        for server in servers:
            server.terminate()
            server.wait()


def sums(site):
    with site.store.cursor() as cursor:
        cursor.execute("SELECT SUM(packetDeltaCount), SUM(octetDeltaCount) FROM flows_aggr_600")
        return tuple(int(value) for value in cursor.fetchone())


@pytest.mark.parametrize("queue, kind", [("redis", "mysql"), ("direct", "mysql"), ("direct", "sqlite")])
def test_all_that_the_interface_counts_is_in_the_tables(make_site, make_store, pair, queue, kind):
    ours, theirs = pair
    site = make_site(kind) if queue == "redis" else make_site(kind, redis=rig.NoRedis())
    spool = site.folder / "spool"
    theirs.run("ip", "link", "set", "dev", "vb", "down")  # nothing comes or goes until the probe has begun to count
    skipped = ours.counters("va")[0]
    probe = Probe(site, ours, capture={"queue": queue}, producer={"spool": spool})
    assert (probe.status()["capture"]["frames_total"], ours.counters("va")[0]) == (0, skipped)
    theirs.run("ip", "link", "set", "dev", "vb", "up")
    theirs.run("ip", "addr", "add", "fd00:9::2/64", "dev", "vb", "nodad")
    rig.wait_for(lambda: "1 received" in theirs.run("ping", "-q", "-c", "1", "-W", "1", "10.9.0.1", code=None),
                 "the link")
    rig.wait_for(lambda: "1 received" in theirs.run("ping", "-q", "-c", "1", "-W", "1", "fd00:9::1", code=None),
                 "the link, by IPv6")
    traffic(ours, theirs)
    last = [None]

    def settled():
        counted, status = ours.counters("va"), probe.status()
        same = last[0] == counted and status["capture"]["frames_total"] == counted[0] - skipped
        last[0] = counted
        return status if same else None
    status = rig.wait_for(settled, lambda: "the probe to see all of %r: %r" % (last[0], probe.status()["capture"]),
                          step=0.3)
    verdicts = status["meter"]["verdicts_total"]
    assert status["capture"]["kernel_dropped_total"] == 0 and status["capture"]["flows_lost_total"] == 0
    assert set(name for name, count in verdicts.items() if count) <= {"ok", "arp"}
    assert status["meter"]["packets_total"] > 500
    probe.stop()
    if queue == "redis":
        site.run("--once")
    # Neighbours are looked for until the end: the last line tells what was counted until the end.
    found = re.search(r"of which (\d+) packets with (\d+) bytes were counted; 0 frames dropped", probe.process.output())
    assert sums(site) == tuple(map(int, found.groups()))
    assert 0 <= int(found[1]) - status["meter"]["packets_total"] < 10
    site.verify()


def test_octets_are_the_interface_s_less_its_headers(make_site, pair):
    """The interface counts the Ethernet header, 14 octets a frame; a tag is 4 more, and the IP packet is the rest."""
    ours, theirs = pair
    site = make_site("sqlite", redis=rig.NoRedis())
    probe = Probe(site, ours, capture={"queue": "direct", "filter": "not ip6", "rules":
                                       "flows: five-tuple dot1qVlanId"})
    for host, name in ((ours, "va"), (theirs, "vb")):  # its neighbour discovery comes when it likes
        host.run("sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/%s/disable_ipv6" % name)
    theirs.run("ping", "-q", "-c", "1", "10.9.0.1")
    first = rig.wait_for(lambda: probe.status()["meter"]["packets_total"] == 2 and probe.status()["meter"], "two packets")
    counted = ours.counters("va")
    theirs.run("ping", "-q", "-c", "100", "-i", "0.002", "10.9.0.1")
    tagged(theirs, 100)

    def seen():
        meter = probe.status()["meter"]
        return meter if meter["packets_total"] - first["packets_total"] >= 300 else None
    meter = rig.wait_for(seen, "300 packets")
    assert meter["packets_total"] == 302
    octets = meter["octets_total"] - first["octets_total"]
    assert octets == 2 * 100 * (20 + 8 + 56) + 100 * (20 + 8 + 100)
    after = ours.counters("va")
    arp = after[0] - counted[0] - 300  # neighbours are asked after now and then
    assert 0 <= arp <= 4
    assert after[1] - counted[1] == octets + 300 * ETHERNET + 100 * TAG + arp * (ETHERNET + 28)
    probe.stop()
    site.verify()


def test_all_interfaces(make_site, pair):
    """`any`, with a filter, and a rule of two keys."""
    ours, theirs = pair
    site = make_site("sqlite", redis=rig.NoRedis(), keys=("sourceIPv4Address", "protocolIdentifier"))
    probe = Probe(site, ours, capture={"interface": "any", "queue": "direct", "filter": "icmp", "rules":
                                       "hosts: sourceIPv4Address protocolIdentifier"})
    theirs.run("ping", "-q", "-c", "10", "-i", "0.002", "10.9.0.1")
    ours.run("ping", "-q", "-c", "5", "-i", "0.002", "127.0.0.1")
    # libpcap shows each of the loopback's packets once.
    rig.wait_for(lambda: probe.status()["meter"]["packets_total"] == 30, lambda: repr(probe.status()["meter"]))
    probe.stop()
    rows = [row[1:5] for row in site.tables()["flows_600"]]
    assert {row[0]: row[2] for row in rows} == {"10.9.0.1": 10, "10.9.0.2": 10, "127.0.0.1": 10}, rows
    site.verify()


def flows(site, *keys):
    """{keys: packets} of the first table."""
    with site.store.cursor() as cursor:
        cursor.execute("SELECT %s, SUM(packetDeltaCount) FROM flows_600 GROUP BY %s" % (", ".join(keys), ", ".join(keys)))
        return {tuple(int(value) for value in row[:-1]): int(row[-1]) for row in cursor.fetchall()}


def index_of(host, interface):
    return json.loads(host.run("ip", "-j", "link", "show", "dev", interface))[0]["ifindex"]


def test_two_interfaces(make_site, pair):
    """Each frame has its interface and its direction; each interface its ring and its counters."""
    ours, theirs = pair
    ours.run("ip", "link", "add", "vc", "type", "veth", "peer", "name", "vd", "netns", theirs.holder.pid)
    for host, name, last in ((ours, "vc", 1), (theirs, "vd", 2)):
        host.run("ip", "addr", "add", "10.10.0.%d/24" % last, "dev", name)
        host.run("ip", "link", "set", "dev", name, "up")
    keys = ("protocolIdentifier", "ingressInterface", "flowDirection")
    site = make_site("sqlite", redis=rig.NoRedis(), keys=keys)
    probe = Probe(site, ours, capture={"interface": "va, vc", "queue": "direct", "filter": "icmp",
                                       "rules": "all: " + " ".join(keys)})
    theirs.run("ping", "-q", "-c", "10", "-i", "0.002", "10.9.0.1")
    theirs.run("ping", "-q", "-c", "7", "-i", "0.002", "10.10.0.1")
    rig.wait_for(lambda: probe.status()["meter"]["packets_total"] == 34, lambda: repr(probe.status()["meter"]))
    status = probe.status()["capture"]
    assert status["frames_by_interface_total"] == {"va": 20, "vc": 14} and status["frames_total"] == 34
    ours.run("ip", "link", "set", "dev", "vc", "down")
    rig.wait_for(lambda: probe.status()["capture"]["up"] == 0, "the interface to be seen down")
    assert "interface 'vc' is down; waiting for it" in probe.process.output()
    theirs.run("ping", "-q", "-c", "5", "-i", "0.002", "10.9.0.1")  # the other goes on
    rig.wait_for(lambda: probe.status()["meter"]["packets_total"] == 44, lambda: repr(probe.status()["meter"]))
    numbers = {name: index_of(ours, name) for name in ("va", "vc")}
    ours.run("ip", "link", "del", "dev", "vc")
    assert probe.process.wait() == 1
    assert "interface 'vc': removed" in probe.process.output()
    assert flows(site, *keys) == {(1, numbers["va"], 0): 15, (1, numbers["va"], 1): 15, (1, numbers["vc"], 0): 7,
                                  (1, numbers["vc"], 1): 7}
    site.verify()


def test_any_on_a_bridge_counts_each_frame_once(make_site, pair):
    """Between two hosts on a bridge, and between each of them and the bridge's own host."""
    ours, theirs = pair
    other, third = Namespace(), Namespace()
    try:
        ours.run("ip", "link", "add", "vc", "type", "veth", "peer", "name", "vd", "netns", other.holder.pid)
        other.run("ip", "addr", "add", "10.9.0.3/24", "dev", "vd")
        other.run("ip", "link", "set", "dev", "vd", "up")
        ours.run("ip", "link", "add", "br0", "type", "bridge")
        ours.run("ip", "addr", "flush", "dev", "va")
        for name in ("va", "vc"):
            ours.run("ip", "link", "set", "dev", name, "master", "br0", "up")
        ours.run("ip", "addr", "add", "10.9.0.1/24", "dev", "br0")
        ours.run("ip", "link", "set", "dev", "br0", "up")
        rig.wait_for(lambda: "1 received" in theirs.run("ping", "-q", "-c", "1", "-W", "1", "10.9.0.3", code=None),
                     "the bridge")
        site = make_site("sqlite", redis=rig.NoRedis())
        probe = Probe(site, ours, capture={"interface": "any", "queue": "direct", "filter": "icmp"})
        theirs.run("ping", "-q", "-c", "10", "-i", "0.002", "10.9.0.3")
        theirs.run("ping", "-q", "-c", "5", "-i", "0.002", "10.9.0.1")
        ours.run("ping", "-q", "-c", "3", "-i", "0.002", "10.9.0.3")
        ours.run("ping", "-q", "-c", "2", "-i", "0.002", "127.0.0.1")
        rig.wait_for(lambda: probe.status()["meter"]["packets_total"] >= 40, lambda: repr(probe.status()["meter"]))
        time.sleep(0.3)  # for what comes twice
        assert probe.status()["meter"]["packets_total"] == 40
        assert "interface 'any': br0 (va, vc): frames count where they come in" in probe.process.output()
        # A port that comes later.
        third.run("ip", "link", "add", "vg", "type", "veth", "peer", "name", "ve", "netns", ours.holder.pid)
        third.run("ip", "addr", "add", "10.9.0.4/24", "dev", "vg")
        third.run("ip", "link", "set", "dev", "vg", "up")
        ours.run("ip", "link", "set", "dev", "ve", "master", "br0", "up")
        rig.wait_for(lambda: "br0 (va, vc, ve): frames" in probe.process.output(), "the port to be noticed")
        rig.wait_for(lambda: "1 received" in third.run("ping", "-q", "-c", "1", "-W", "1", "10.9.0.3", code=None),
                     "the bridge")
        time.sleep(0.3)
        before = probe.status()["meter"]["packets_total"]
        third.run("ping", "-q", "-c", "10", "-i", "0.002", "10.9.0.3")
        rig.wait_for(lambda: probe.status()["meter"]["packets_total"] >= before + 20, "the packets")
        time.sleep(0.3)
        assert probe.status()["meter"]["packets_total"] == before + 20
        probe.stop()
        site.verify()
    finally:
        other.close()
        third.close()


def test_down_and_up_and_gone(make_site, pair):
    ours, theirs = pair
    site = make_site("sqlite", redis=rig.NoRedis())
    probe = Probe(site, ours, capture={"queue": "direct"})
    theirs.run("ping", "-q", "-c", "5", "-i", "0.002", "10.9.0.1")
    ours.run("ip", "link", "set", "dev", "va", "down")
    rig.wait_for(lambda: probe.status()["capture"]["up"] == 0, "the interface to be seen down")
    assert "interface 'va' is down; waiting for it" in probe.process.output()
    ours.run("ip", "link", "set", "dev", "va", "up")
    rig.wait_for(lambda: probe.status()["capture"]["up"] == 1, "the interface to be seen up")
    theirs.run("ping", "-q", "-c", "5", "-i", "0.002", "10.9.0.1")
    rig.wait_for(lambda: probe.status()["meter"]["packets_total"] >= 20, "the packets")
    assert probe.status()["capture"]["downs_total"] == 1
    packets = probe.status()["meter"]["packets_total"]
    ours.run("ip", "link", "del", "dev", "va")
    assert probe.process.wait() == 1
    assert "interface 'va': removed" in probe.process.output()
    assert sums(site)[0] >= packets  # what it had is written all the same
    site.verify()


def test_redis_away_goes_to_the_spool(make_site, pair):
    ours, theirs = pair
    site = make_site("sqlite")
    probe = Probe(site, ours, capture={"active_timeout": "1s"}, import_={"enabled": "no"},
                  producer={"spool": site.folder / "spool"})
    site.redis.stop()
    for _ in range(3):
        theirs.run("ping", "-q", "-c", "20", "-i", "0.1", "10.9.0.1")
    site.redis.start()
    probe.stop()
    site.run("--once")
    with site.store.cursor() as cursor:
        cursor.execute("SELECT SUM(packetDeltaCount) FROM flows_600 WHERE protocolIdentifier = 1")
        assert cursor.fetchone()[0] == 120
    site.verify()


def test_the_manual_says_what_the_help_lines_say(make_site, pair):
    ours, _ = pair
    site = make_site("sqlite")
    probe = Probe(site, ours, export={"collectors": "udp://127.0.0.1:4739"}, producer={"spool": site.folder / "spool"},
                  collector={"listen": "udp:127.0.0.1:2055", "state": site.folder / "state"})
    help_line, there = re.compile(r"(?m)^# HELP (\S+) (.*)"), {}
    there.update(help_line.findall(ours.run("curl", "-s", "http://127.0.0.1:8469/metrics")))
    probe.stop()
    probe = Probe(site, ours, capture={"queue": "direct"})
    there.update(help_line.findall(ours.run("curl", "-s", "http://127.0.0.1:8469/metrics")))
    manual = (rig.TOP / "src" / "daemon" / "flowimportd.8.in").read_text()
    assert dict(re.findall(r"(?m)^\.It Cm ((?:flowimport|process)_\w+).*\n(.*)", manual)) == there
    probe.stop()


def test_privileges_are_given_up(make_site, pair):
    ours, _ = pair
    site = make_site("sqlite", redis=rig.NoRedis())
    os.chown(site.store.path.parent, 65534, 65534)
    for folder in list(site.store.path.parents)[:3]:
        folder.chmod(0o755)
    probe = Probe(site, ours, capture={"queue": "direct", "user": "nobody"},
                  producer={"spool": site.store.path.parent / "spool"})
    status = open("/proc/%d/status" % probe.process.pid, encoding="ascii").read()
    assert re.search(r"^Uid:\t65534\t65534\t65534\t65534$", status, re.M)
    for kind in ("Inh", "Prm", "Eff", "Amb"):
        assert re.search(r"^Cap%s:\t0+$" % kind, status, re.M), status
    for task in os.listdir("/proc/%d/task" % probe.process.pid):
        task_status = open("/proc/%d/task/%s/status" % (probe.process.pid, task), encoding="ascii").read()
        assert re.search(r"^CapEff:\t0+$", task_status, re.M)
    probe.stop()


def test_what_cannot_be_opened(make_site, pair):
    ours, _ = pair
    site = make_site("sqlite", redis=rig.NoRedis())

    def fails(code, text, **options):
        config = site.config("bad.conf", capture=dict({"interface": "va", "user": "", "queue": "direct"}, **options))
        done = subprocess.run(ours.words(rig.BUILD / "flowimportd", "-c", config), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=rig.BOUND, check=False)
        assert (done.returncode, text in done.stdout.decode()) == (code, True), done.stdout.decode()
    fails(1, "interface 'nosuch': No such device exists", interface="nosuch")
    fails(1, "interface 'nosuch': No such device exists", interface="va, nosuch")
    fails(2, "interface: 'va' is repeated", interface="va va")
    fails(2, "interface: 'any' includes all others", interface="va, any")
    fails(2, "interface: 'interface-sixteen' is not the name of an interface", interface="interface-sixteen")
    fails(2, "interface: at most 16 interfaces", interface=",".join("v%d" % i for i in range(17)))
    fails(2, "account 'nosuchuser' not found", user="nosuchuser")
    fails(2, "[capture] filter: ", filter="tcp prot")
    fails(2, "[capture] queue: none requires [export] collectors", queue="none")
