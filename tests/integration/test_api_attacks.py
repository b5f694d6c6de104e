"""Whatever is sent to it, the server answers as it should or not at all, lives on, and leaves the tables alone."""
import http.client
import json
import re
import urllib.parse

import pytest

import generator
import rig
import serving
from attacks import FOREIGN, MARK, PATHS, QUERIES, REQUESTS, UNFINISHED, VALUES

ORIGINAL = ["/api/bucket/query", "/api/index/nodes", "/api/index/ports", "/api/dynamic/index/nodes",
            "/api/dynamic/index/ports"]
ORIGINAL_PARAMS = ["bucket_size", "start_bucket", "end_bucket", "resolution", "limit", "sort", "fields",
                   "include_ports", "exclude_ports", "include_ips", "exclude_ips", "include_protos", "exclude_protos",
                   "biflow", "aggregate", "black_others"]
OURS = ["/api/meta", "/api/query", "/api/flows", "/api/loss", "/api/pipeline", "/api/names"]
STEP = 4
# 503 with a reason in JSON: the query took too long, or too many wait.
REFUSALS = {400, 401, 403, 404, 405, 411, 413, 414, 417, 429, 431}
HEADERS = {"Cache-Control", "Connection", "Content-Disposition", "Content-Encoding", "Content-Length",
           "Content-Security-Policy", "Content-Type", "Date", "ETag", "Referrer-Policy", "Retry-After", "Server-Timing",
           "Vary", "WWW-Authenticate", "X-Content-Type-Options", "X-Frame-Options", "Allow",
           "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Permissions-Policy"}
TYPES = {"application/json", "text/csv; charset=utf-8", "text/plain; charset=utf-8"}


@pytest.fixture
def site(make_site, kind):
    """A store with flows of both families, served."""
    site = make_site(kind, redis=rig.NoRedis(), sizes=(600, 3600))
    path = site.folder / "flows.jsonl"
    path.write_bytes(b"".join(entry + b"\n" for entry in generator.flows(300, hosts=20, ports=50)))
    site.run("--once", path)
    return site


def digest(site):
    """All tables with all their rows."""
    with site.store.cursor() as cursor:
        if site.store.kind == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        else:
            cursor.execute("SHOW FULL TABLES WHERE Table_type = 'BASE TABLE'")
        names = [row[0].decode() if isinstance(row[0], bytes) else row[0] for row in cursor.fetchall()]
        out = {}
        for name in names:
            cursor.execute("SELECT * FROM %s" % name)
            out[name] = sorted(map(repr, cursor.fetchall()))
    assert sum(map(len, out.values())) > 1000 and "flows_600_data" in out
    return out


def assert_harmless(what, status, headers, body, value=MARK):
    """An answer to the client that asked."""
    kind = headers.get("Content-Type")
    assert status in REFUSALS | {200, 304, 503}, (what, status, body[:300])
    assert set(headers) <= HEADERS, (what, headers)
    assert not any(MARK in text for header in headers.items() for text in header), (what, headers)
    if kind == "application/json":
        answer = json.loads(body)
        assert status != 503 or answer["error"]["message"], what
        assert b"<" not in body or status == 400, (what, body[:300])
    elif kind in TYPES:
        assert status != 503 or body, what
    elif body:  # evhttp's own
        assert kind == "text/html" and status in REFUSALS, (what, status, kind)
    if kind != "application/json":
        for shown in {value, urllib.parse.quote(value), MARK} - {""}:
            assert len(shown) < 4 or shown.encode() not in body, (what, body[:300])
    if kind not in (None, "text/html"):
        assert headers["X-Content-Type-Options"] == "nosniff", (what, headers)


class Asker:
    """One connection for many requests."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=rig.BOUND)

    def ask(self, target):
        for again in (True, False):
            try:
                self.connection.putrequest("GET", target, skip_accept_encoding=True)
                self.connection.endheaders()
                reply = self.connection.getresponse()
                return reply.status, dict(reply.getheaders()), reply.read()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self.connection.close()
                assert again, target
        return None


def params_of(server, path):
    """What the path says that it takes."""
    if path in ORIGINAL:
        return ORIGINAL_PARAMS
    accepted = server.json(path + "?nosuch=1", 400)["error"]["accepted"]
    return accepted.replace("the parameters ", "").split(", ") if accepted != "no parameters" else ["n"]


def assert_alive(server):
    assert server.running(), server.output()[-4000:]
    assert server.json("/api/index/nodes?limit=1")["results"]


def test_attacks_on_every_parameter(site):
    server = serving.Server(site)
    before = digest(site)
    asker = Asker(server)
    statuses = set()
    assert len(VALUES) == len(set(VALUES))
    for path in OURS + ORIGINAL:
        tried = set()
        params = params_of(server, path)
        for i, name in enumerate(params):
            # Every path gets all values; of many parameters each gets its share of them.
            for value in VALUES[i % STEP::STEP] if len(params) >= STEP else VALUES:
                target = "%s?%s=%s" % (path, name, urllib.parse.quote(value, safe=""))
                # An aggregate has the original's lists of addresses and ports come into SQL.
                target += "&aggregate=bucket" if path in ORIGINAL and name[:7] in ("include", "exclude") else ""
                status, headers, body = asker.ask(target)
                assert_harmless(target, status, headers, body, value)
                statuses.add(status)
                tried.add(value)
        assert tried == set(VALUES)
    assert statuses >= {200, 400}
    assert digest(site) == before
    assert_alive(server)
    server.stop()


def test_attacks_on_queries_and_paths(site):
    server = serving.Server(site)
    before = digest(site)
    for path in OURS + ORIGINAL:
        for query in QUERIES:
            assert_harmless((path, query), *server.ask("%s?%s" % (path, query)))
    for path in PATHS:
        status, headers, body = answer_of(server.raw(b"GET " + path.encode("latin-1")
                                                     + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 1))
        assert status in REFUSALS, (path, status)
        assert_harmless(path, status, headers, body)
        assert b"root:" not in body
    assert digest(site) == before
    assert_alive(server)
    server.stop()


def answer_of(raw):
    """(status, headers, body) of an answer that came as bytes; (None, {}, b"") of none."""
    if not raw:
        return None, {}, b""
    head, blank, body = raw.partition(b"\r\n\r\n")
    assert blank, raw[:500]
    lines = head.decode("ascii").split("\r\n")
    status = int(re.fullmatch(r"HTTP/(?:0\.9|1\.1) (\d{3}) [A-Za-z ]+", lines[0]).group(1))
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(": ")
        assert name not in headers, line
        headers[name] = value
    return status, headers, body


def answers_of(raw):
    """Of all the answers on a connection."""
    while raw:
        status, headers, body = answer_of(raw)
        length = int(headers.get("Content-Length", 0 if status == 304 else len(body)))
        assert len(body) >= length
        yield status, headers, body[:length]
        raw = body[length:]


def test_attacks_to_the_byte(site):
    server = serving.Server(site)
    before = digest(site)
    for request in REQUESTS:
        # What is behind a request in doubt is no request of its own.
        [(status, headers, body)] = answers_of(server.raw(request.encode("latin-1"), 1))
        assert_harmless(request[:200], status, headers, body)
    for host in FOREIGN:
        [(status, headers, body)] = answers_of(server.raw(
            b"GET /api/meta HTTP/1.1\r\n" + host.encode("latin-1") + b"\r\n\r\n", 1))
        assert status in (400, 403), (host[:200], status)
        assert_harmless(host[:200], status, headers, body)
    for request in UNFINISHED:
        for answer in answers_of(server.raw(request.encode("latin-1"))):
            assert answer[0] in REFUSALS, (request[:200], answer)
            assert_harmless(request[:200], *answer)
    assert digest(site) == before
    assert_alive(server)
    server.stop()


def test_the_list_is_long_enough():
    assert len(VALUES) + len(QUERIES) + len(PATHS) + len(REQUESTS) + len(FOREIGN) + len(UNFINISHED) >= 400
