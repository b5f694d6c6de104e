"""SIGHUP: what of a changed configuration a running daemon takes, what it says of the rest, and what of a wrong one."""
import json
import re
import signal
import subprocess
import time

import pytest

import rig
from generator import one

TAKES_A_RESTART = {  # another value for each option that a running daemon doesn't take
    "queue": {"url": "rediss://localhost:1", "name": "other", "password": "x", "password_file": "PASSWORD",
              "consumer": "other", "delivery": "at-most-once", "consumer_timeout": "61s", "tls_ca": "PASSWORD",
              "tls_cert": "PASSWORD", "tls_key": "PASSWORD", "tls_verify": "none"},
    "import": {"bucket_sizes": "60,600", "aggr_values": "sourceIPv4Address", "aggr_sums": "octetDeltaCount",
               "cache_memory": "65M", "enabled": "no", "leave_out": "ports",
               "rollups": "1d: src"},
    "store": {"url": "sqlite:/other", "password": "x", "password_file": "PASSWORD", "tls_required": "yes",
              "tls_ca": "PASSWORD", "tls_cert": "PASSWORD", "tls_key": "PASSWORD"},
    "http": {"listen": "127.0.0.1:1", "auth": "USERS", "open": "yes", "names": "flows.example", "workers": "2",
             "query_timeout": "1s", "store": "sqlite:/other", "resolve": "yes", "asn_db": "PASSWORD",
             "country_db": "PASSWORD"},
    "collector": {"listen": "udp:127.0.0.1:4739", "queue": "direct", "elements": "all", "allow": "192.0.2.0/24",
                  "sampling": "192.0.2.1=10", "memory": "65M", "buffer": "33M", "template_lifetime": "13h",
                  "hold": "11m", "deduplicate": "1m", "max_skew": "6m", "state": "other",
                  "tunnel_ends": "outer", "count_denied": "yes"},
    "capture": {"interface": "other", "queue": "direct", "user": "other", "promiscuous": "yes", "snaplen": "128",
                "buffer": "1M", "rules": "other: five-tuple", "filter": "tcp", "active_timeout": "1m",
                "inactive_timeout": "1m", "memory": "1M", "sampling": "2", "sampling_by": "hash",
                "decapsulate": "gre", "vxlan_port": "1", "fragments": "4"},
    "export": {"collectors": "udp://127.0.0.1:1", "observation_domain": "1", "template_refresh": "1s", "mtu": "1000",
               "max_rate": "1"},
    "producer": {"max_queue": "1", "wait_replicas": "1", "spool": "/other", "spool_max": "1M"},
    "names": {"learned": "/other"},
}
TAKEN = {
    "log": {"target": "syslog", "level": "debug"},
    "queue": {"page": "7", "claim_entries": "5", "rejected_max": "3", "retry_max": "20ms"},
    "import": {"max_flow_age": "1h", "max_flow_duration": "2h", "max_future": "2h", "filter_unknown_ports": "yes",
               "flush_interval": "2s", "max_flow_octets": "1000000000000", "max_flow_packets": "1000000000"},
    "retention": {"keep": "600=30d", "max_size": "1G"},
    "names": {"files": "NAMES", "local": "10.0.0.0/8"},
}


def options_of_the_sample():
    """({(section, name)} that SIGHUP takes, {the others}), as the program's own sample file says."""
    sample = subprocess.run([rig.BUILD / "flowimportd", "--print", "sample"], stdout=subprocess.PIPE, check=True)
    taken, others, section, reload = set(), set(), None, False
    for line in sample.stdout.decode().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line == "# SIGHUP applies a new value.":
            reload = True
        elif re.match("#[a-z_]+ =", line):
            (taken if reload else others).add((section, line[1:line.index(" ")]))
            reload = False
    return taken, others


def names(table):
    return {(section, name) for section, options in table.items() for name in options}


def lines(daemon, since=0):
    """(level, text) of the log lines behind `since` characters."""
    return [tuple(re.match(r"\S+ flowimportd\[\d+\]: (\w+): (.*)", line).groups())
            for line in daemon.output()[since:].splitlines()]


def change(site, daemon, end="reloaded", **sections):
    """Rewrites the file, sends SIGHUP, and returns the log's lines about it."""
    path = site.config("flowimportd.conf", **sections)
    since = len(daemon.output())
    daemon.signal(signal.SIGHUP)
    rig.wait_for(lambda: "config: %s: %s" % (path, end) in daemon.output()[since:] or not daemon.running(),
                 lambda: "the end of the reload:\n" + daemon.output()[since:])
    return [line for line in lines(daemon, since) if line[1].startswith("config: ")]


@pytest.fixture
def running(make_site):
    site = make_site("sqlite")
    daemon = site.daemon()
    yield site, daemon
    if daemon.running():
        daemon.stop()


def changed(path, section, name):
    return ("notice", "config: [%s] %s changed in %s" % (section, name, path))


def refused(path, section, name):
    return ("warning", "config: [%s] %s changed in %s: requires a restart" % (section, name, path))


# What is said -------------------------------------------------------------------------------------------------------


def test_every_option_is_one_or_the_other():
    """A new option comes with a line above."""
    taken, others = options_of_the_sample()
    assert (names(TAKEN), names(TAKES_A_RESTART)) == (taken, others)


@pytest.mark.parametrize("section, name", sorted(names(TAKES_A_RESTART)))
def test_what_takes_a_restart_is_said(running, section, name):
    site, daemon = running
    path = site.folder / "flowimportd.conf"
    (site.folder / "PASSWORD").write_text("secret\n")
    (site.folder / "USERS").write_text("anna:$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n")
    value = TAKES_A_RESTART[section][name]
    for file in ("PASSWORD", "USERS"):
        value = value.replace(file, str(site.folder / file))
    others = {"password_file": ["password"], "tls_cert": ["tls_key"], "tls_key": ["tls_cert"]}.get(name, [])
    options = {name: value}
    if name.startswith("tls_"):
        options.update({other: value for other in others})
    sections = {section + "_": options}
    expected = {refused(path, section, each) for each in [name] + others}
    if (section, name) == ("queue", "tls_ca"):  # without TLS nobody wants an authority
        options["url"] = "rediss://127.0.0.1:1"
        expected.add(refused(path, section, "url"))
    if name == "enabled":  # without importing there must be something to capture
        sections["capture"] = {"interface": "other"}
        expected.add(refused(path, "capture", "interface"))
    said = change(site, daemon, **sections)
    assert (set(said[:-1]), said[-1]) == (expected, ("notice", "config: %s: reloaded" % path))
    # It is said again until the restart.
    assert set(change(site, daemon, **sections)[:-1]) == expected
    # And not once the file is as it was.
    assert change(site, daemon) == [("notice", "config: %s: reloaded" % path)]


def test_what_is_taken_is_said_once(running):
    site, daemon = running
    path = site.folder / "flowimportd.conf"
    (site.folder / "NAMES").write_text("10.1.0.0/16 name=Berlin\n")
    options = {section + "_": values for section, values in TAKEN.items() if section != "log"}
    options["names_"] = {**TAKEN["names"], "files": str(site.folder / "NAMES")}
    said = change(site, daemon, log={"level": "debug"}, **options)
    expected = {changed(path, section, name) for section, name in names(TAKEN) - {("log", "target")}}
    assert (set(said[:-1]), said[-1]) == (expected, ("notice", "config: %s: reloaded" % path))
    assert change(site, daemon, log={"level": "debug"}, **options) == [("notice", "config: %s: reloaded" % path)]


def test_a_wrong_file_changes_nothing(running):
    site, daemon = running
    path = site.folder / "flowimportd.conf"
    said = change(site, daemon, end="reload refused; the running configuration is unchanged", queue={"page": "0"},
                  import_={"flush_interval": "1s", "max_future": "soon"}, log={"level": "error"})
    text = path.read_text().splitlines()
    assert said == [
        ("error", "config: %s:%d: [queue] page: '0' is not accepted: expected a number from 1 to 100000"
         % (path, text.index("page = 0") + 1)),
        ("error", "config: %s:%d: [import] max_future: 'soon' is not accepted: expected a time from 0 to 1y, such as 90, 90s, "
         "5m, 2h, 1d, 1w or 1y" % (path, text.index("max_future = soon") + 1)),
        ("error", "config: %s: reload refused; the running configuration is unchanged" % path)]
    path.unlink()
    since = len(daemon.output())
    daemon.signal(signal.SIGHUP)
    rig.wait_for(lambda: "reload refused" in daemon.output()[since:], "the refusal")
    said = [line for line in lines(daemon, since) if line[1].startswith("config: ")]
    assert said[0] == ("error", "config: %s: No such file or directory" % path)
    # Neither the flush_interval nor the level was taken.
    site.redis.push([one()])
    rig.wait_for(site.claims, "the claim")
    time.sleep(1.5)
    assert site.ledger()["entries"] == 0
    assert changed(path, "import", "flush_interval") in change(site, daemon, import_={"flush_interval": "1s"})
    site.settle(1, daemon, flush=False)


def test_a_wrong_line_keeps_the_names(make_site):
    site = make_site("sqlite", http={"listen": "127.0.0.1:0"})
    daemon = site.daemon()
    path, file = site.folder / "flowimportd.conf", site.folder / "NAMES"
    file.write_text("10.1.0.0/16 name=Berlin\nexporter 192.0.2.1 name=edge\n")
    assert changed(path, "names", "files") in change(site, daemon, names={"files": str(file)})
    assert ("notice", "names: 1 networks and hosts, 1 exporters, 0 interfaces") in lines(daemon)
    file.write_text("10.1.0.0/16 name=Berlin\n10.1.0.1/16 name=Bonn\n")
    line = path.read_text().splitlines().index("files = %s" % file) + 1
    assert change(site, daemon, end="reload refused; the running configuration is unchanged", names={"files": str(file)}) == [
        ("error", "config: %s:%d: [names] files: %s:2: '10.1.0.1/16' has bits after its prefix length: use 10.1.0.0/16"
         % (path, line, file)),
        ("error", "config: %s: reload refused; the running configuration is unchanged" % path)]
    file.write_text("10.1.0.0/16 name=Berlin\n10.2.0.0/16 name=Bonn\n")
    since = len(daemon.output())
    change(site, daemon, names={"files": str(file)})
    assert ("notice", "names: 2 networks and hosts, 0 exporters, 0 interfaces") in lines(daemon, since)
    daemon.stop()


def test_what_is_right_alone_but_not_with_what_takes_a_restart(running):
    """The flow's length would do with the new cache_memory, but that requires a restart."""
    site, daemon = running
    path = site.folder / "flowimportd.conf"
    options = {"max_flow_duration": "365d", "cache_memory": "1G", "bucket_sizes": "60"}
    said = change(site, daemon, import_=options)
    assert {line for line in said if "restart" in line[1]} == {
        refused(path, "import", "cache_memory"), refused(path, "import", "bucket_sizes")}
    assert changed(path, "import", "max_flow_duration") in said  # 64M are enough for the buckets of 600 s that it has


def test_the_mix_is_checked(make_site):
    site = make_site("sqlite", sizes=(60,), import_={"cache_memory": "16M"})
    daemon = site.daemon()
    path = site.folder / "flowimportd.conf"
    line = path.read_text().splitlines().index("cache_memory = 16M") + 1
    said = change(site, daemon, end="reload refused; the running configuration is unchanged",
                  import_={"max_flow_duration": "365d", "cache_memory": "1G", "flush_interval": "1s"})
    assert said == [
        ("error", "config: %s:%d: [import] cache_memory: too small for one flow of max_flow_duration 31536000s, which "
         "spans 525602 buckets of 60s: requires at least 129M" % (path, line)),
        ("error", "config: %s: reload refused; the running configuration is unchanged" % path)]
    assert changed(path, "import", "flush_interval") in change(site, daemon, import_={"flush_interval": "1s"})
    daemon.stop()


def test_the_command_line_and_the_environment_still_win(make_site):
    site = make_site("sqlite", queue={"url": None}, import_={"flush_interval": "10m"})
    path = site.config()
    daemon = rig.Process([rig.BUILD / "flowimportd", "--config=%s" % path, "--flush-interval", "1h", "--queue",
                          site.redis.url()], site.folder, "flowimportd")
    site.processes.append(daemon)
    rig.wait_for(lambda: daemon.handles(signal.SIGUSR1), "flowimportd to be up")
    site.config(import_={"flush_interval": "1s", "max_flow_age": "1h"}, queue={"url": "redis://localhost:1"})
    daemon.signal(signal.SIGHUP)
    rig.wait_for(lambda: "reloaded" in daemon.output(), "the end of the reload")
    assert [line for line in lines(daemon) if line[1].startswith("config: ")] == [
        changed(path, "import", "max_flow_age"), ("notice", "config: %s: reloaded" % path)]


# What takes effect --------------------------------------------------------------------------------------------------


def test_the_rules_are_taken(running):
    site, daemon = running
    now = int(time.time())

    def flow(**fields):
        return one(**dict({"flowStartSeconds": now, "flowEndSeconds": now}, **fields))
    entries = [flow(flowStartSeconds=now - 5000, flowEndSeconds=now - 4990),  # too old after the change
               flow(flowStartSeconds=now - 2000, flowEndSeconds=now),         # too long
               flow(flowEndSeconds=now + 1000),                               # too far ahead
               flow(destinationTransportPort=44444, sourceTransportPort=55555)]
    site.redis.push(entries)
    site.settle(4, daemon)
    assert [site.ledger()[name] for name in rig.LEDGER_COUNTS] == [4, 4, 0, 0]
    change(site, daemon, import_={"max_flow_age": "1h", "max_flow_duration": "20m", "max_future": "10m",
                                  "filter_unknown_ports": "yes"})
    site.redis.push(entries)
    site.settle(8, daemon)
    assert [site.ledger()[name] for name in rig.LEDGER_COUNTS] == [8, 5, 1, 2]
    assert sorted(json.loads(header)["reason"] for header, _ in site.rejected()) == ["in-future", "too-long"]
    with site.store.cursor() as cursor:
        cursor.execute("SELECT sourceTransportPort, destinationTransportPort FROM flows_600 WHERE "
                       "sourceTransportPort IN (0, 55555) ORDER BY 1")
        assert cursor.fetchall() == [(0, 0), (55555, 44444)]


def test_limits_are_taken(running):
    """Also in the middle of a claim: the page under way is read to its end."""
    site, daemon = running
    change(site, daemon, queue={"claim_entries": "5", "rejected_max": "3", "page": "2"})
    site.redis.push([one()] * 12 + [b"{}"] * 5)
    site.settle(17, daemon)
    entries = [row["entries"] for row in rig.read_ledger(site.store)]
    assert (max(entries), sum(entries)) == (5, 17)  # a flush may come while the first is taken
    assert len(site.rejected()) == 3
    change(site, daemon, queue={"claim_entries": "1000000", "rejected_max": "100"})
    site.redis.push([one()] * 20000, batch=20000)
    for page in range(1, 200):
        site.config("flowimportd.conf", queue={"page": str(page * 7)})
        daemon.signal(signal.SIGHUP)
    site.settle(20017, daemon)
    assert site.ledger()["imported"] == 20012


def test_the_interval_is_taken_and_the_time_of_the_next_flush_kept(running):
    site, daemon = running
    site.redis.push([one()])
    rig.wait_for(site.claims, "the claim")
    change(site, daemon, import_={"flush_interval": "1s"})
    site.settle(1, daemon, bound=rig.SOON, flush=False)
    # SIGHUP alone, more often than the interval, does not put the flush off.
    site.redis.push([one()])

    def committed():
        daemon.signal(signal.SIGHUP)
        return site.ledger()["entries"] == 2
    rig.wait_for(committed, "the flush", bound=rig.SOON, step=0.1)


def test_the_longest_wait_is_taken(make_site, make_maria, make_store):
    server = make_maria()
    site = make_site(store=make_store("mysql", server), queue={"retry_max": "1h"})
    daemon = site.daemon()
    site.redis.push([one()])
    site.settle(1, daemon)
    server.stop()
    change(site, daemon, queue={"retry_max": "10ms"})
    site.redis.push([one()])
    rig.wait_for(site.claims, "the claim")
    daemon.flush()
    rig.wait_for(lambda: daemon.output().count("trying again in 0.010 s") >= 1, lambda: daemon.output())
    server.start()
    site.settle(2, daemon)
    daemon.stop()


def test_the_level_is_taken(running):
    site, daemon = running
    site.redis.push([one()])
    site.settle(1, daemon)
    assert ": committed: 1 entries" in daemon.output()  # a line of level info
    site.config("flowimportd.conf", log={"level": "warning"})
    daemon.signal(signal.SIGHUP)
    site.redis.push([one()])
    site.settle(2, daemon)
    said = daemon.output()
    assert said.endswith("notice: main: Hangup: reloading the configuration\n")
    change(site, daemon, log={"level": "info"})
    site.redis.push([one()])
    site.settle(3, daemon)
    assert daemon.output()[len(said):].count(": committed: 1 entries") == 1


def test_the_service_manager_is_told(make_site, folder):
    import test_service
    manager = test_service.Manager(folder)
    site = make_site("sqlite")
    daemon = site.daemon(env=manager.env())
    manager.wait_for("READY=1")
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    change(site, daemon)
    manager.wait_for("READY=1", 2)
    after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert len(manager.messages) == 3
    started = re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=(\d+)", manager.read()[1])
    assert before <= int(started[1]) <= after
    daemon.stop()
