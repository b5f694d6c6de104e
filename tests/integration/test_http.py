"""/metrics, /healthz and /status of a real daemon: exact numbers, honest health, and a front that no client wears down."""
import contextlib
import http.client
import json
import re
import signal
import socket
import subprocess
import time

import pytest

import generator
import rig
from generator import one

PROMTOOL = rig.TOP / "build/tools/promtool"
LISTEN = {"listen": "127.0.0.1:0"}
MANUAL = rig.TOP / "src/daemon/flowimportd.8.in"
DASHBOARD = rig.TOP / "etc/grafana/flowimport.json"
ALERTS = rig.TOP / "etc/prometheus/flowimport-alerts.yml"


def port_of(daemon):
    found = rig.wait_for(lambda: re.search(r"http: listening on 127\.0\.0\.1:(\d+)\n", daemon.output()),
                         lambda: "the port in the log:\n" + daemon.output())
    return int(found.group(1))


class Client:
    """Asks one daemon, each time on a connection of its own."""

    def __init__(self, daemon, port=None):
        self.port = port or port_of(daemon)

    def ask(self, path, method="GET"):
        """(status, headers, body)"""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=rig.BOUND)) as connection:
            connection.request(method, path)
            reply = connection.getresponse()
            return reply.status, dict(reply.getheaders()), reply.read().decode()

    def metrics(self):
        status, headers, body = self.ask("/metrics")
        assert status == 200 and headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        return parse(body)

    def status(self):
        status, headers, body = self.ask("/status")
        assert status == 200 and headers["Content-Type"] == "application/json"
        return json.loads(body)

    def health(self):
        status, _, body = self.ask("/healthz")
        assert (status == 200) == (body == "ok\n")
        return status, body

    def wait_for_health(self, status, words=""):
        rig.wait_for(lambda: self.health()[0] == status and words in self.health()[1],
                     lambda: "%d %s: %r" % (status, words, self.health()))

    def socket(self):
        plug = socket.create_connection(("127.0.0.1", self.port), timeout=rig.BOUND)
        plug.settimeout(rig.BOUND)
        return plug

    def raw(self, *pieces, end=False):
        """Sends the bytes; all that comes back until the daemon closes. `end`: we say that no more will come."""
        with self.socket() as plug:
            for piece in pieces:
                plug.sendall(piece)
            if end:
                plug.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: plug.recv(65536), b""))


def parse(text):
    """{"name{label=...}": number}; HELP and TYPE must come once, before the samples, and all of a family together."""
    out, seen, family, kind = {}, set(), None, None
    assert text.endswith("\n")
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("# HELP "):
            family = line.split(" ", 3)[2]
            assert family not in seen and len(line.split(" ", 3)[3]) > 4, line
            seen.add(family)
            line = next(lines)
            assert line.startswith("# TYPE %s " % family)
            kind = line.split()[3]
            assert (kind == "counter") == family.endswith("_total")
            continue
        name, value = line.rsplit(" ", 1)
        bare = name.split("{")[0]
        assert bare == family or (kind == "histogram" and re.fullmatch(family + "_(bucket|sum|count)", bare)), line
        assert name not in out
        out[name] = float(value)
    return out


# Modules that a daemon without one does not show.
PROBE = ("capture", "meter", "fragments", "listener", "collector", "producer", "spool", "export")


def families(text):
    return set(re.findall(r"(?m)^# TYPE (\S+) ", text))


def outcome(name):
    return 'flowimport_import_entries_total{outcome="%s"}' % name


# Numbers --------------------------------------------------------------------------------------------------------------


def known_entries():
    """3 good ones, 2 too old, and of each reason one more than of the one before."""
    now = int(time.time())
    times = {"flowStartSeconds": now - 20, "flowEndSeconds": now - 10}
    entries = [one(**times), one(madeUp=1, alsoMadeUp=2, **times), one(sourceTransportPort=1, **times)]
    entries += [one(flowStartSeconds=1000, flowEndSeconds=1010)] * 2
    entries += [form % i for n, form in enumerate(generator.BAD.values(), 1) for i in range(n)]
    reasons = {reason: n for n, reason in enumerate(generator.BAD, 1)}
    return entries, reasons, now - 1700000000 + 86400  # an age that the rejected ones have not


def test_every_number_after_known_entries(make_site, kind):
    entries, reasons, age = known_entries()
    site = make_site(kind, http=LISTEN, import_={"max_flow_age": age})
    site.redis.push(entries)
    daemon = site.daemon()
    client = Client(daemon)
    rig.wait_for(lambda: client.metrics()["flowimport_import_uncommitted_entries"] == len(entries), "all to be taken")
    before = client.metrics()
    assert before["flowimport_import_cache_limit_bytes"] == 56 << 20
    assert before["flowimport_store_transactions_total"] == 0
    assert before["flowimport_import_last_commit_timestamp_seconds"] == 0
    assert client.status()["import"]["folding"] is True
    # Counted when committed, not before.
    assert before[outcome("imported")] == 0 and before['flowimport_import_rejected_total{reason="not-json"}'] == 0
    asked = time.time()
    daemon.flush()
    site.redis.wake()
    rig.wait_for(lambda: site.caught_up(len(entries)), "the commit")
    after = client.metrics()
    rejected = sum(reasons.values())
    assert [after[outcome(name)] for name in ("imported", "too_old", "rejected")] == [3, 2, rejected]
    assert rejected == len(entries) - 5 == 55
    for reason, count in reasons.items():
        assert after.pop('flowimport_import_rejected_total{reason="%s"}' % reason) == count
    assert after.pop('flowimport_import_rejected_total{reason="too-big"}') == 0
    assert not [name for name in after if "rejected_total" in name]
    assert after["flowimport_import_unknown_names_total"] == 2
    assert after["flowimport_queue_taken_total"] == len(entries)
    assert after["flowimport_import_generations_total"] == after["flowimport_store_transactions_total"] == 1
    assert {name: value for name, value in after.items() if "flushes_total" in name and value} == {
        'flowimport_import_flushes_total{cause="signal"}': 1}
    rows = sum(len(table) for table in site.tables().values())
    assert after["flowimport_store_rows_total"] == after["flowimport_store_last_flush_rows"] == rows
    assert after["flowimport_store_flush_duration_seconds_count"] == 1
    assert after['flowimport_store_flush_duration_seconds_bucket{le="+Inf"}'] == 1
    assert after["flowimport_store_flush_duration_seconds_sum"] == after["flowimport_store_last_flush_duration_seconds"] > 0
    assert asked - 1 <= after["flowimport_import_last_commit_timestamp_seconds"] <= time.time()
    assert after["flowimport_store_failures_total"] == after["flowimport_queue_losses_total"] == 0
    rig.wait_for(lambda: client.metrics()["flowimport_import_uncommitted_entries"] == 0, "the settlement")
    after = client.metrics()
    for name in ("import_cache_rows", "import_cache_bytes", "import_lag_seconds", "store_busy_seconds", "queue_length"):
        assert after["flowimport_" + name] == 0, name
    rig.wait_for(lambda: client.metrics()["flowimport_queue_rejected_length"] == rejected, "a look at the lengths")
    assert client.health()[0] == 503 and "57 of 60 entries were refused" in client.health()[1]
    daemon.stop()


def test_status_says_the_same_as_metrics(make_site):
    site = make_site(http=LISTEN)
    daemon = site.daemon()
    site.redis.push([one(), b"x"])
    site.settle(2, daemon)
    client = Client(daemon)
    status, metrics = client.status(), client.metrics()
    text = client.ask("/metrics")[2]
    for module, values in status.items():
        prefix = module + "_" if module == "process" else "flowimport_%s_" % module
        for name, value in values.items():
            if module in ("http", "process") and not name.startswith(("start", "max")):
                assert prefix + name in families(text)  # moves from one request to the next
            elif isinstance(value, dict) and "count" in value:
                assert value["count"] == metrics[prefix + name + "_count"]
                assert value["0.1"] == metrics[prefix + name + '_bucket{le="0.1"}']
            elif isinstance(value, dict):
                for label, number in value.items():
                    found = [each for each in metrics if each.startswith(prefix + name) and '="%s"' % label in each]
                    assert [metrics[each] for each in found] == [number]
            elif isinstance(value, (int, float)) and not isinstance(value, bool):
                assert value == metrics[prefix + name], prefix + name
    assert status["queue"]["consumer"] == "one" and status["store"]["url"] == site.store.url
    assert status["import"]["recovery"] == "none" and status["store"]["last_failure"] is None
    assert status["import"]["entries_total"] == {"imported": 1, "too_old": 0, "rejected": 1}
    with open("/proc/%d/status" % daemon.pid, encoding="ascii") as lines:
        threads = next(int(line.split()[1]) for line in lines if line.startswith("Threads:"))
    assert status["process"]["threads"] == threads
    assert abs(status["process"]["start_time_seconds"] - time.time()) < rig.BOUND
    daemon.stop()


@pytest.mark.parametrize("cause", ["interval", "full", "end", "stop"])
def test_why_generations_were_written(make_site, cause):
    """The last look is taken while the writer waits for a lock that another holds."""
    options = {"interval": {"import_": {"flush_interval": 1}}, "full": {"queue": {"claim_entries": 10}}}.get(cause, {})
    site = make_site("mysql", http=LISTEN, **options)
    site.import_all([one()])
    daemon = site.daemon()
    client = Client(daemon)
    client.wait_for_health(200)
    name = 'flowimport_import_flushes_total{cause="%s"}' % cause
    with site.store.server.locked(site.store.database, "flows_600_data"):
        site.redis.push([one()] * 10 + [b"END" if cause == "end" else one()])
        if cause == "stop":
            rig.wait_for(lambda: client.metrics()["flowimport_import_uncommitted_entries"] == 11, "all to be taken")
            daemon.signal(signal.SIGTERM)
            site.redis.wake()
        rig.wait_for(lambda: client.metrics()[name] == 1, name)
        assert client.status()["import"]["writing"] is True
        rig.wait_for(lambda: client.metrics()["flowimport_store_busy_seconds"] > 0.1, "the time to pass")
    if cause == "interval" or cause == "full":
        daemon.stop()
    else:
        assert daemon.wait() == 0


def test_a_backlog_is_seen_while_nothing_is_taken(make_site):
    """The store holds up the import; the queue grows, and its length is told all the same."""
    site = make_site("mysql", http=LISTEN, queue={"claim_entries": 10})
    site.import_all([one()])
    daemon = site.daemon()
    client = Client(daemon)
    client.wait_for_health(200)
    with site.store.server.locked(site.store.database, "flows_600_data"):
        site.redis.push([one()] * 21)
        rig.wait_for(lambda: client.metrics()["flowimport_import_uncommitted_entries"] == 20, "two generations")
        rig.wait_for(lambda: not site.redis.client().exists(rig.QUEUE), "the entry that found no room to be claimed")
        site.redis.push([one()] * 777)
        rig.wait_for(lambda: client.metrics()["flowimport_queue_length"] == 777, "the length of the queue")
        rig.wait_for(lambda: client.metrics()["flowimport_queue_claims"] >= 1, "the number of claims")
        assert site.redis.client().llen(rig.QUEUE) == 777
    site.settle(799, daemon)
    daemon.stop()


def test_scraped_during_a_large_import(make_site):
    """Every answer whole, counters never fall, and the sums at the end are exact; answers cost no memory."""
    count = 300000
    site = make_site("sqlite", http=LISTEN)
    site.redis.push(generator.flows(count, seed=91))
    daemon = site.daemon()
    client = Client(daemon)
    last, scrapes, slowest, rows = {}, 0, 0.0, 0
    while last.get(outcome("imported"), 0) < count:
        began = time.monotonic()
        now = client.metrics()
        slowest = max(slowest, time.monotonic() - began)
        for name, value in now.items():
            if name.split("{")[0].endswith(("_total", "_count", "_bucket")):
                assert value >= last.get(name, 0), name
        assert now["flowimport_import_cache_bytes"] <= now["flowimport_import_cache_limit_bytes"] == 56 << 20
        last, scrapes, rows = now, scrapes + 1, max(rows, now["flowimport_import_cache_rows"])
        if last["flowimport_queue_taken_total"] >= count:
            daemon.flush()
            site.redis.wake()
    print("%d scrapes, the slowest took %.3f s" % (scrapes, slowest))
    assert scrapes > 3 and slowest < rig.SOON and rows > 1000
    assert last["flowimport_queue_taken_total"] == count
    before = last["process_resident_memory_bytes"]
    for _ in range(1000):
        client.ask("/metrics")
        client.ask("/status")
    grown = client.metrics()["process_resident_memory_bytes"] - before
    print("2000 answers: %d KiB more" % (grown / 1024))
    assert rig.SANITIZED or grown < 2 << 20
    daemon.stop()
    site.verify()


# Health ---------------------------------------------------------------------------------------------------------------


def test_the_store_goes_and_comes(make_site, make_store, make_maria):
    server = make_maria()
    site = make_site(store=make_store("mysql", server), http=LISTEN)
    daemon = site.daemon()
    client = Client(daemon)
    site.redis.push([one()] * 5)
    rig.wait_for(lambda: client.metrics()["flowimport_import_uncommitted_entries"] == 5, "all to be taken")
    site.settle(5, daemon)
    client.wait_for_health(200)
    server.stop()
    site.redis.push([one()] * 7)
    rig.wait_for(lambda: client.metrics()["flowimport_import_uncommitted_entries"] == 7, "all to be taken")
    assert client.health()[0] == 200  # nobody has asked the store since
    daemon.flush()
    site.redis.wake()
    client.wait_for_health(503, "store: mysql://")
    away = client.metrics()
    assert away["flowimport_store_up"] == 0 and away["flowimport_store_failures_total"] >= 2
    assert away["flowimport_import_uncommitted_entries"] == 7 and away[outcome("imported")] == 5
    assert time.time() - away["flowimport_store_last_failure_timestamp_seconds"] < rig.BOUND
    assert client.health()[1] == "store: %s\n" % client.status()["store"]["last_failure"]
    server.start()
    client.wait_for_health(200)
    site.settle(12, daemon)
    back = client.metrics()
    assert back["flowimport_store_up"] == 1 and back[outcome("imported")] == 12
    assert back["flowimport_store_transactions_total"] == back["flowimport_import_generations_total"] == 2
    daemon.stop()


def test_redis_goes_and_comes(make_site, make_redis):
    server = make_redis(appendonly=True)
    site = make_site(redis=server, http=LISTEN)
    daemon = site.daemon()
    client = Client(daemon)
    client.wait_for_health(200)
    server.push([one()] * 3)
    rig.wait_for(lambda: client.metrics()["flowimport_queue_taken_total"] == 3, "all to be taken")
    server.stop()
    client.wait_for_health(503, "queue: %s: " % server.url())
    assert client.metrics()["flowimport_queue_connected"] == 0
    server.start()
    client.wait_for_health(200)
    site.settle(3, daemon)
    back = client.metrics()
    assert back["flowimport_queue_connected"] == 1 and back["flowimport_queue_losses_total"] == 1
    # Taken again, counted once.
    assert back["flowimport_queue_taken_total"] == 6 and back[outcome("imported")] == 3
    assert client.status()["queue"]["last_loss"]
    daemon.stop()


def test_neither_is_there_at_the_start(make_site, make_redis, make_maria, make_store):
    redis_server, maria = make_redis(), make_maria()
    site = make_site(redis=redis_server, store=make_store("mysql", maria), http=LISTEN)
    redis_server.stop()
    maria.stop()
    daemon = site.daemon()
    client = Client(daemon)
    client.wait_for_health(503, "store: mysql://")
    client.wait_for_health(503, "queue: redis+unix://")
    assert len(client.health()[1].splitlines()) == 2
    redis_server.start()
    maria.start()
    client.wait_for_health(200)
    daemon.stop()


def test_a_name_in_use(make_site):
    site = make_site(http=LISTEN)
    first = site.daemon()
    Client(first).wait_for_health(200)
    second = site.daemon(name="second")
    Client(second).wait_for_health(503, "another importer has our consumer name")
    second.stop()
    first.stop()


def test_entries_that_wait_too_long(make_site):
    """A claim from long ago is replayed, and its commit hangs on a lock."""
    site = make_site("mysql", http=LISTEN)
    site.import_all([one()])
    ago = int(time.time()) - 5000
    key = "{%s}:claim:one:1:0:%d" % (rig.QUEUE, ago)
    site.redis.push([one()] * 4, name=key)
    site.redis.client().sadd("{%s}:claims" % rig.QUEUE, key)
    with site.store.server.locked(site.store.database, "flows_600_data"):
        daemon = site.daemon()
        client = Client(daemon)
        client.wait_for_health(503, "import: entries have waited 50")
        assert client.health()[1].endswith(" s to be committed; flush_interval is 300 s\n")
        assert 5000 <= client.metrics()["flowimport_import_lag_seconds"] < 5000 + rig.BOUND
        assert client.status()["import"]["recovery"] == "replaying"
    site.settle(5, daemon)
    client.wait_for_health(200)
    assert client.metrics()['flowimport_import_flushes_total{cause="recovery"}'] == 1
    assert client.metrics()["flowimport_import_lag_seconds"] == 0
    daemon.stop()


def test_most_of_what_comes_is_refused(make_site):
    """Said at once in the log, by /healthz, /metrics and /status, until a generation is fine again."""
    site = make_site(http=LISTEN)
    daemon = site.daemon()
    asking = Client(daemon)
    asking.wait_for_health(200)
    site.redis.push([one(flowStartSeconds=4102444700, flowEndSeconds=4102444800)] * 1500 + [one()] * 500)
    asking.wait_for_health(503, " entries were refused, most as in-future, such as flowEndSeconds = '4102444800'; "
                                "probably a producer's clock is ahead, or this host's is behind\n")
    assert asking.health()[1].startswith("import: ")
    assert asking.status()["import"]["refusals"] in asking.health()[1]
    assert asking.metrics()["flowimport_import_mostly_refused"] == 1
    site.settle(2000, daemon)
    assert daemon.output().count("most as in-future") == 1  # one line, however many pages and generations
    asking.wait_for_health(503, "of 2000 entries were refused")
    site.redis.push([one()] * 5)
    site.settle(2005, daemon)
    assert asking.health()[0] == 503  # too few to say
    site.redis.push([one()] * 20)
    site.settle(2025, daemon)
    asking.wait_for_health(200)
    assert "entries are accepted again" in daemon.output()
    assert asking.metrics()["flowimport_import_mostly_refused"] == 0
    daemon.stop()


# The front ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def client(make_site):
    site = make_site(http=LISTEN)
    daemon = site.daemon()
    asking = Client(daemon)
    asking.wait_for_health(200)
    yield asking
    daemon.stop()


def test_head_is_get_without_a_body(client):
    for path in ("/healthz", "/status", "/metrics", "/nowhere"):
        got, head = client.ask(path), client.ask(path, "HEAD")
        assert head[0] == got[0] and head[2] == ""
        assert head[1]["Content-Type"] == got[1]["Content-Type"] and head[1]["Cache-Control"] == "no-store"
        assert got[1]["Content-Length"] == str(len(got[2].encode()))
        assert abs(int(head[1]["Content-Length"]) - len(got[2])) < 20  # numbers that have grown meanwhile


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"])
def test_other_methods(client, method):
    status, headers, _ = client.ask("/metrics", method)
    assert status == 405 and headers["Allow"] == "GET, HEAD"
    assert client.metrics()['flowimport_http_requests_total{status="405"}'] == 1


def test_other_paths(client):
    status, _, body = client.ask("/metric")
    assert status == 404 and body == "Not Found\n/metrics\n/healthz\n/status\n"
    assert client.ask("/metrics?name=x")[0] == 200
    assert client.ask("/metrics/")[0] == 404
    assert client.ask("/../metrics")[0] == 404


HEAD = b"GET /healthz HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize("status, pieces", [
    (400, [b"GET\r\n\r\n"]),
    (400, [HEAD + b"no colon\r\n\r\n"]),
    (400, [HEAD + b"A: " + b"x" * 9000 + b"\r\n\r\n"]),
    (400, [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"]),
    (400, [b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"]),
    (413, [HEAD + b"Content-Length: 1\r\n\r\nx"]),
    (413, [HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n"]),
    (413, [HEAD + b"Content-Length: 1000000\r\n\r\n"] + [b"x" * 100000] * 10),
    (413, [b"POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"] + [b"x" * 100000] * 10),
], ids=lambda value: str(value) if isinstance(value, int) else value[0][:40].decode("latin-1").encode("unicode_escape"))
def test_what_is_refused_is_answered_and_closed(client, status, pieces):
    """The answer arrives even where the client goes on sending a body of the length it said."""
    reply = client.raw(*pieces, end=True)
    assert reply.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nConnection: close\r\n" in reply


@pytest.mark.parametrize("start, more", [(b"GET /", b"x" * 1000), (HEAD, b"A: b\r\n" * 100), (HEAD, b"A: b" * 100)],
                         ids=["path", "headers", "header"])
def test_a_head_without_end_is_cut_off(client, start, more):
    with client.socket() as plug, pytest.raises(ConnectionError):
        plug.sendall(start)
        for _ in range(100000):
            plug.sendall(more)
    assert client.health()[0] == 200


def test_a_head_of_the_largest_size(client):
    room = 8192 - len((HEAD + b"A: ").replace(b"\r\n", b""))  # line ends are not counted
    reply = client.raw(HEAD + b"A: " + b"x" * room + b"\r\n\r\n", end=True)
    assert reply.startswith(b"HTTP/1.1 200 ")
    reply = client.raw(HEAD + b"A: " + b"x" * (room + 1) + b"\r\n\r\n", end=True)
    assert reply.startswith(b"HTTP/1.1 400 ")


def test_connections_are_kept_and_closed(client):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", client.port, timeout=rig.BOUND)) as kept:
        before = client.metrics()["flowimport_http_connections_total"]
        for _ in range(100):
            kept.request("GET", "/healthz")
            assert kept.getresponse().read()
    assert client.metrics()["flowimport_http_connections_total"] == before + 2
    # Several at a time are answered in their order; the last says that it is the last.
    replies = client.raw(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n"
                         b"HEAD /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\nGET /late HTTP/1.1\r\n")
    assert re.findall(rb"HTTP/1.1 (\d+)", replies) == [b"200", b"404", b"200"]
    assert replies.count(b"\r\nConnection: close\r\n") == 1
    assert b"\r\nConnection: close\r\n" in replies[replies.rindex(b"HTTP/1.1 "):]
    assert client.raw(b"GET /healthz HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 200 ")
    # Who has said all still gets all its answers.
    assert client.raw(HEAD + b"\r\n", end=True).endswith(b"\r\n\r\nok\n")
    assert client.raw((HEAD + b"\r\n") * 2000, end=True).count(b"HTTP/1.1 200 ") == 2000
    assert client.raw(b"GET /heal", end=True) == b""
    assert client.raw(end=True) == b""


def test_byte_by_byte(client):
    with client.socket() as plug:
        plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in HEAD + b"Connection: close\r\n\r\n":
            plug.sendall(bytes([byte]))
        assert b"".join(iter(lambda: plug.recv(65536), b"")).startswith(b"HTTP/1.1 ")


def test_slow_clients_hold_nothing_but_their_places(make_site):
    """200 clients send a byte and wait: 64 stay, the oldest go, and everybody who asks is answered at once."""
    site = make_site(http=LISTEN)
    daemon = site.daemon()
    client = Client(daemon)
    slow = []
    for _ in range(200):
        slow.append(client.socket())
        slow[-1].sendall(b"G")
    for i in range(1, 21):
        began = time.monotonic()
        metrics = client.metrics()
        assert time.monotonic() - began < rig.SOON
        assert metrics["flowimport_http_connections_total"] == 200 + i
        assert metrics["flowimport_http_connections"] <= 64
    # Each of ours has left its place to the next, or the next came before that was noticed.
    assert 200 + 1 - 64 <= metrics["flowimport_http_dropped_total"] <= 200 + 20 - 64
    assert metrics["process_open_fds"] < 64 + 40
    site.redis.push([one()])
    site.settle(1, daemon)
    with contextlib.suppress(ConnectionResetError):  # as its byte was not read
        assert slow[0].recv(1) == b""
    for plug in slow:
        plug.close()
    daemon.stop()


def test_clients_that_ask_and_never_read(make_site):
    """Each may fill its place, not the memory: one reply at a time."""
    site = make_site(http=LISTEN)
    daemon = site.daemon()
    client = Client(daemon)
    before = client.metrics()["process_resident_memory_bytes"]
    deaf = []
    for _ in range(60):
        plug = client.socket()
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plug.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            for _ in range(10000):
                plug.send(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100)
        deaf.append(plug)
    after = client.metrics()
    grown = after["process_resident_memory_bytes"] - before
    print("60 deaf clients: %d KiB more" % (grown / 1024))
    assert rig.SANITIZED or grown < 60 * (128 << 10)
    for plug in deaf:
        plug.close()
    rig.wait_for(lambda: client.metrics()["flowimport_http_connections"] == 1, "the places to be free")
    daemon.stop()


def test_two_daemons_and_one_port(make_site):
    """The second says what is the matter, imports nevertheless, and listens when the first is gone."""
    first_site, second_site = make_site(http=LISTEN), make_site()
    first = first_site.daemon()
    port = port_of(first)
    second = second_site.daemon(http={"listen": "127.0.0.1:%d" % port})
    rig.wait_for(lambda: "error: http: 127.0.0.1:%d: listen: Address already in use; trying again" % port
                 in second.output(), lambda: second.output())
    second_site.redis.push([one()] * 3)
    second_site.settle(3, second)
    first.stop()
    client = Client(second, port_of(second))
    assert client.port == port and client.metrics()[outcome("imported")] == 3
    second.stop()


def test_other_addresses(make_site):
    site = make_site()
    daemon = site.daemon(http={"listen": "0.0.0.0:0", "open": "yes"})
    rig.wait_for(lambda: "warning: http: 0.0.0.0:0 can be reached from other hosts" in daemon.output(), daemon.output)
    daemon.stop()
    quiet = site.daemon(name="quiet", http={"listen": ""})
    site.redis.push([one()])
    site.settle(1, quiet)
    quiet.stop()
    assert "http" not in quiet.output()
    # The hand tool doesn't listen, whatever the file says.
    site.redis.push([one()])
    assert "http" not in "".join(site.run("--once", http=LISTEN))


def test_ipv6(make_site):
    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("no ::1")
    site = make_site()
    daemon = site.daemon(http={"listen": "[::1]:0"})
    found = rig.wait_for(lambda: re.search(r"http: listening on \[::1\]:(\d+)\n", daemon.output()), daemon.output)
    with contextlib.closing(http.client.HTTPConnection("::1", int(found.group(1)), timeout=rig.BOUND)) as connection:
        connection.request("GET", "/metrics")
        assert parse(connection.getresponse().read().decode())
    assert "can be reached" not in daemon.output()
    daemon.stop()


# What stands beside it: the manual, promtool, the dashboard, the alerts ------------------------------------------------


def test_promtool_finds_nothing(client):
    if not PROMTOOL.exists():
        pytest.skip("no promtool: etc/install-deps.sh test")
    done = subprocess.run([PROMTOOL, "check", "metrics"], input=client.ask("/metrics")[2].encode(), check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert (done.returncode, done.stdout) == (0, b"")


def test_the_manual_says_what_the_help_lines_say(client):
    there = dict(re.findall(r"(?m)^# HELP (\S+) (.*)", client.ask("/metrics")[2]))
    said = dict(re.findall(r"(?m)^\.It Cm ((?:flowimport|process)_\w+).*\n(.*)", MANUAL.read_text()))
    # Those of a probe are compared where there is one: test_capture_live.py.
    assert {name: text for name, text in said.items() if name.split("_")[1] not in PROBE} == there


def names_in(text):
    """Metrics that are asked for; those of other programs that dashboards may use are none of ours."""
    return set(re.findall(r"\b(?:flowimport|process)_[a-z_]+\b", text))


@pytest.mark.parametrize("path", [DASHBOARD, ALERTS], ids=lambda path: path.name)
def test_what_is_asked_for_is_there(client, path):
    asked = path.read_text()
    there = {name.split("{")[0] for name in client.metrics()}
    # A probe's are in the manual, and test_capture_live.py compares that with what a probe shows.
    there |= {name for name in names_in(MANUAL.read_text()) if name.split("_")[1] in PROBE}
    assert names_in(asked) and names_in(asked) <= there


def test_promtool_understands_the_dashboard(folder):
    if not PROMTOOL.exists():
        pytest.skip("no promtool: etc/install-deps.sh test")
    expressions = [target["expr"] for panel in panels(json.loads(DASHBOARD.read_text()))
                   for target in panel.get("targets", [])]
    assert len(expressions) > 20
    rules = [{"record": "expression:%d" % i, "expr": text.replace("$__rate_interval", "5m").replace("$instance", "a|b")}
             for i, text in enumerate(expressions)]
    (folder / "rules.yml").write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = subprocess.run([PROMTOOL, "check", "rules", folder / "rules.yml"], check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout.decode()


def panels(dashboard):
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def test_the_dashboard_is_whole():
    dashboard = json.loads(DASHBOARD.read_text())
    assert dashboard["schemaVersion"] >= 36 and dashboard["uid"] == "flowimport" and dashboard["id"] is None
    variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    ids, places = set(), set()
    for panel in panels(dashboard):
        assert panel["id"] not in ids
        ids.add(panel["id"])
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        assert place["x"] + place["w"] <= 24 and not cells & places, panel["title"]
        places |= cells
        if panel["type"] == "row":
            continue
        assert panel["title"] and panel["description"] and panel["datasource"]["uid"] == "${datasource}"
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}" and "$instance" in target["expr"]
            for variable in re.findall(r"\$\{?(\w+)", target["expr"]):
                assert variable in variables or variable.startswith("__"), variable
