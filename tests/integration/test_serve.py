"""flowimport serve and open: who is answered, what is sent, and what becomes of a question whose client leaves or that
takes too long."""
import base64
import concurrent.futures
import contextlib
import gzip
import http.client
import json
import os
import pty
import re
import signal
import socket
import subprocess
import time

import pytest

import generator
import rig
from generator import one

# All of the password "secret".
USERS = ("# who may\nanna:$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n"
         "bert:$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1\n")
SPAN = "from=%d&to=%d" % (generator.START - 3600, generator.START + 7200)
QUERY = "/api/query?" + SPAN
STORE_FAILED = "the store can't answer; the log of the program says why"


class Web:
    """A `flowimport serve`, or a daemon, to be asked."""

    def __init__(self, process):
        self.process = process
        found = rig.wait_for(lambda: re.search(r"http: listening on 127\.0\.0\.1:(\d+)\n", process.output())
                             or not process.running(), lambda: "the address:\n" + process.output())
        assert found is not True, process.output()
        self.port = int(found.group(1))

    def connection(self):
        return contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=rig.BOUND))

    def ask(self, path, method="GET", **headers):
        """(status, headers, body as bytes)"""
        with self.connection() as connection:
            connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            reply = connection.getresponse()
            return reply.status, dict(reply.getheaders()), reply.read()

    def status(self, path, **headers):
        return self.ask(path, **headers)[0]

    def json(self, path, **headers):
        status, sent, body = self.ask(path, **headers)
        assert (status, sent["Content-Type"]) == (200, "application/json"), body
        return json.loads(body)

    def error(self, path, expected):
        status, sent, body = self.ask(path)
        assert (status, sent["Content-Type"], sent["Cache-Control"]) == (expected, "application/json", "no-store"), body
        return json.loads(body)["error"]

    def metric(self, name, **headers):
        text = self.ask("/metrics", **headers)[2].decode()
        return float(re.search(r"(?m)^flowimport_%s (.*)$" % re.escape(name), text).group(1))

    def idle(self):
        rig.wait_for(lambda: self.metric("queries_running") == 0, "no query to run")


@pytest.fixture
def serve(make_site):
    """serve(site, **sections): the site's store as a page."""
    def start(site, **sections):
        sections.setdefault("http", {}).setdefault("listen", "127.0.0.1:0")
        process = rig.Process(site.command("serve", **sections), site.folder, "serve")
        site.processes.append(process)
        return Web(process)
    return start


@pytest.fixture
def filled(make_site):
    """A site whose store has flows."""
    def make(kind="sqlite", count=1000, **sections):
        site = make_site(kind, **sections)
        site.run("--once", "-", stdin=b"\n".join(generator.flows(count)) + b"\n")
        return site
    return make


def basic(user, password="secret"):
    return {"Authorization": "Basic " + base64.b64encode(("%s:%s" % (user, password)).encode()).decode()}


# What is sent ---------------------------------------------------------------------------------------------------------


def test_the_page(filled, serve):
    web = serve(filled())
    status, headers, body = web.ask("/")
    assert status == 200 and headers["Content-Type"] == "text/html; charset=utf-8" and b"<title>" in body
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
    assert headers["Vary"] == "Accept-Encoding" and headers["Cache-Control"] == "private, no-cache"
    for view in ("/explore?x=y", "/flows", "/host/192.0.2.7", "/host/2001:db8::1", "/graph", "/pipeline"):
        assert web.ask(view)[2] == body
    packed = web.ask("/", Accept_Encoding="br, gzip")
    assert packed[1]["Content-Encoding"] == "gzip" and gzip.decompress(packed[2]) == body
    assert int(packed[1]["Content-Length"]) == len(packed[2]) < len(body)
    assert web.ask("/", If_None_Match=headers["ETag"])[::2] == (304, b"")
    assert web.ask("/", If_None_Match='W/"x"')[0] == 200
    head = web.ask("/", "HEAD")
    assert (head[0], head[2], head[1]["Content-Length"]) == (200, b"", str(len(body)))
    # The program says what it lacks, and where it is.
    told = "the page is not in this program" in web.process.output()
    assert told == (b"The page is not in this program" in body)
    assert "\nhttp://127.0.0.1:%d/\n" % web.port in "\n" + web.process.output()
    web.process.signal(signal.SIGTERM)
    assert web.process.wait() == 0


def test_nothing_else_is_found(filled, serve):
    web = serve(filled(count=1))
    for path in ("/../etc/passwd", "/..", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "/etc/passwd", "/./index.html",
                 "/index.html/", "/index.html%00", "/index.htm", "/app.js/..", "/..\\x", "/explorer", "/api", "/apix",
                 "/flowsx", "/hos", "/%", "/%zz", "/~root", "/static/../app.js", "/.git/config", "/src/"):
        assert web.status(path) == 404, path
    assert web.status("//etc/passwd") == 403  # a host


def test_an_answer_of_the_api(filled, serve, kind):
    site = filled(kind)
    web = serve(site)
    status, headers, body = web.ask(QUERY)
    assert status == 200 and headers["Content-Type"] == "application/json"
    assert re.fullmatch(r'W/"[0-9a-f]{32}"', headers["ETag"])
    assert re.fullmatch(r"db;dur=\d+\.\d{3}", headers["Server-Timing"])
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"].startswith("private, ")
    with site.store.cursor() as cursor:
        cursor.execute("SELECT SUM(octetDeltaCount) FROM flows_aggr_600")
        octets = int(cursor.fetchone()[0])
    assert json.loads(body)["total"]["octets"] == octets > 0
    again = web.ask(QUERY, If_None_Match=headers["ETag"])
    assert again[0] == 304 and again[2] == b"" and again[1]["ETag"] == headers["ETag"]
    assert "Content-Length" not in again[1] or again[1]["Content-Length"] == "0"
    # Other flows, another tag.
    site.run("--once", "-", stdin=generator.one(flowStartSeconds=generator.START, flowEndSeconds=generator.START) + b"\n")
    assert web.status(QUERY, If_None_Match=headers["ETag"]) == 200
    head = web.ask(QUERY, "HEAD")
    assert head[0] == 200 and head[2] == b"" and int(head[1]["Content-Length"]) > 100
    csv = web.ask("/api/flows?format=csv&" + SPAN)
    assert csv[0] == 200 and csv[1]["Content-Type"].startswith("text/csv")
    assert csv[1]["Content-Disposition"] == 'attachment; filename="flows.csv"'
    assert "Content-Disposition" not in headers


def test_large_answers_are_packed(filled, serve):
    web = serve(filled())
    span = "?from_time=%d&to_time=%d" % (generator.START - 3600, generator.START + 7200)
    for path in (QUERY + "&group=src,dst&n=200", "/api/flows?format=csv&" + SPAN, "/api/flows?" + SPAN,
                 "/api/index/nodes" + span):
        plain, packed = web.ask(path), web.ask(path, Accept_Encoding="deflate, gzip;q=0.5")
        assert plain[0] == packed[0] == 200 and len(plain[2]) > 1024
        unpacked = gzip.decompress(packed[2])
        if path.startswith("/api/flows?format=csv"):
            assert unpacked == plain[2]
        else:  # all but the time it took, and when it was
            for text in (plain[2], unpacked):
                assert json.loads(text)
            assert re.sub(rb'"(ms|now)":[0-9.]+', b"", unpacked) == re.sub(rb'"(ms|now)":[0-9.]+', b"", plain[2])
        assert int(packed[1]["Content-Length"]) == len(packed[2]) < len(plain[2]) / 2
        assert int(plain[1]["Content-Length"]) == len(plain[2])
        assert packed[1]["Content-Encoding"] == "gzip" and "Content-Encoding" not in plain[1]
        for name in ("Content-Type", "Cache-Control", "ETag", "Content-Disposition"):
            assert packed[1].get(name) == plain[1].get(name)
        assert packed[1]["Vary"] == plain[1]["Vary"] == "Accept-Encoding" and packed[1]["ETag"].startswith('W/"')
        head = web.ask(path, "HEAD", Accept_Encoding="gzip")
        assert (head[0], head[2], head[1]["Content-Encoding"]) == (200, b"", "gzip")
        assert abs(int(head[1]["Content-Length"]) - len(packed[2])) < 10
        assert "Content-Encoding" not in web.ask(path, Accept_Encoding="gzip;q=0, br")[1]
        for headers in ({}, {"Accept_Encoding": "gzip"}):  # what one has, the other need not fetch
            again = web.ask(path, If_None_Match=packed[1]["ETag"], **headers)
            assert again[::2] == (304, b"") and again[1]["Vary"] == "Accept-Encoding"
            assert "Content-Encoding" not in again[1]  # it would be taken for that of the answer it has
    # What is small is sent as it is, and so is what went wrong.
    small = web.ask(QUERY, Accept_Encoding="gzip")
    assert small[1]["Vary"] == "Accept-Encoding" and "Content-Encoding" not in small[1] and json.loads(small[2])
    refusal = web.ask("/api/query?filter=" + "x" * 3000, Accept_Encoding="gzip")
    assert refusal[0] == 400 and "Content-Encoding" not in refusal[1] and json.loads(refusal[2])


def test_parameters_that_cannot_be_read(filled, serve):
    web = serve(filled(count=1))
    for query, error in {
            "n=%zz": {"parameter": "n", "value": "%zz",
                      "accepted": "text in which each % is followed by two hexadecimal digits other than 00"},
            "filter=a%00b": {"parameter": "filter", "value": "a%00b",
                             "accepted": "text in which each % is followed by two hexadecimal digits other than 00"},
            "filter=%ff": {"parameter": "filter", "value": "%ff", "accepted": "text in UTF-8"},
            "filter=" + "x" * 4097: {"parameter": "filter", "value": "x" * 4097, "accepted": "up to 4096 bytes"},
            "&".join("p%d=" % i for i in range(33)): {"parameter": "p32", "value": "",
                                                      "accepted": "up to 32 parameters"}}.items():
        assert web.error("/api/query?" + query, 400) == error
    assert web.error("/api/quer", 404) == {"message": "path not found; flowimport-api(7) lists the paths"}
    assert web.status("/api/") == web.status("/api/../metrics") == web.status("/api/query/") == 404
    assert web.status("/api/query?" + "x" * 9000) == 400  # evhttp's own
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        status, headers, _ = web.ask(QUERY, method)
        assert (status, headers["Allow"]) == (405, "GET, HEAD")


# Who is answered ------------------------------------------------------------------------------------------------------


def test_users(filled, serve):
    site = filled(count=1)
    (site.folder / "users").write_text(USERS)
    web = serve(site, http={"auth": site.folder / "users"})
    for path in ("/", QUERY, "/metrics", "/status", "/nowhere", "/api/nowhere"):
        status, headers, _ = web.ask(path)
        assert status == 401 and headers["WWW-Authenticate"] == 'Basic realm="flowimport", charset="UTF-8"'
    assert web.ask("/healthz")[::2] == (200, b"ok\n")
    for user in ("anna", "bert"):
        for path in ("/", QUERY, "/metrics", "/status"):
            assert web.status(path, **basic(user)) == 200
        assert web.status("/", **basic(user, "Secret")) == 401
    assert web.status("/nowhere", **basic("anna")) == 404
    assert web.status("/", **basic("carl")) == 401
    assert web.status("/", Authorization="Basic !") == web.status("/", Authorization="Bearer x") == 401


def test_who_guesses_waits(filled, serve):
    site = filled(count=1)
    (site.folder / "users").write_text(USERS)
    web = serve(site, http={"auth": site.folder / "users"})
    assert web.status("/", **basic("anna")) == 200
    statuses = [web.status("/", **basic("bert", "guess%d" % i)) for i in range(14)]
    assert statuses[:10] == [401] * 10 and statuses[10:] in ([429] * 4, [401] + [429] * 3)
    status, headers, _ = web.ask("/", **basic("bert"))
    assert status == 429 and 1 <= int(headers["Retry-After"]) <= 6
    assert web.status("/", **basic("anna")) == 200  # who was right before
    assert web.status("/") == 401 and web.status("/healthz") == 200


@pytest.fixture(params=["serve", "daemon"])
def guarded(request, filled, serve):
    """(the users' file, the program that answers by it)"""
    site = filled(count=1)
    users = site.folder / "users"
    users.write_text(USERS)
    if request.param == "serve":
        return users, serve(site, http={"auth": users})
    daemon = site.daemon(http={"listen": "127.0.0.1:0", "auth": users})
    return users, Web(daemon)


def reread(web, said):
    since = len(web.process.output())
    web.process.signal(signal.SIGHUP)
    rig.wait_for(lambda: said in web.process.output()[since:], lambda: "%s:\n%s" % (said, web.process.output()[since:]))


def test_users_are_read_again(guarded):
    users, web = guarded
    assert [web.status(QUERY, **basic(user)) for user in ("anna", "bert", "carl")] == [200, 200, 401]
    guesses = [web.status("/", **basic("bert", "guess%d" % i)) for i in range(12)]
    assert guesses[-1] == 429
    users.write_text(USERS.replace("anna", "carl"))
    reread(web, "http: %s: reloaded" % users)
    assert web.status(QUERY, **basic("bert")) == 200  # who was right before, and is there still
    assert web.status("/", **basic("anna")) in (401, 429)  # who was right and is gone: it counts as a guess
    rig.wait_for(lambda: web.status("/", **basic("carl")) == 200, "the new user to be let in", step=1)
    rig.wait_for(lambda: web.status("/", **basic("anna")) == 401, "the old one to be refused", step=1)


def test_users_of_a_wrong_file_are_not_taken(guarded):
    users, web = guarded
    assert web.status("/", **basic("anna")) == 200
    for text, said in ((USERS.replace("anna", "carl") + "dora", ":4: expected a line user:hash"),
                       ("", ": the file contains no users"), (None, ": No such file or directory")):
        if text is None:
            users.unlink()
        else:
            users.write_text(text)
        reread(web, "%s%s" % (users, said))
        assert web.process.running()
        assert [web.status("/", **basic(user)) for user in ("anna", "bert", "carl")] == [200, 200, 401]
    users.write_text(USERS.replace("anna", "carl"))
    reread(web, "http: %s: reloaded" % users)
    assert [web.status("/", **basic(user)) for user in ("anna", "bert", "carl")] == [401, 200, 200]


def test_users_are_read_again_under_way(guarded):
    """While many ask: who stays is never refused, and nothing breaks."""
    users, web = guarded
    assert web.status("/", **basic("bert")) == 200

    def ask(_):
        return [web.status(QUERY, **basic("bert")) for _ in range(10)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask, i) for i in range(4)]
        for i in range(20):
            users.write_text(USERS.replace("anna", "carl") if i % 2 == 0 else USERS)
            web.process.signal(signal.SIGHUP)
            web.status("/", **basic("anna"))
        assert [each.result() for each in asked] == [[200] * 10] * 4
    assert web.process.running()


def test_without_users_or_terminal_a_hangup_ends_it(filled, serve):
    site = filled(count=1)
    web = serve(site)
    web.process.signal(signal.SIGHUP)
    assert web.process.wait() == 0
    (site.folder / "users").write_text(USERS)
    words = site.command("serve", http={"listen": "127.0.0.1:0", "auth": site.folder / "users"})
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(words[0], words)
    said = b""
    while b"http://127.0.0.1:" not in said:
        said += os.read(terminal, 1000)
    os.kill(pid, signal.SIGHUP)
    while b"reloaded" not in said:
        said += os.read(terminal, 1000)
    os.close(terminal)
    ended = []
    rig.wait_for(lambda: ended.append(os.waitpid(pid, os.WNOHANG)) or ended[-1][0], "the end with the terminal")
    assert os.waitstatus_to_exitcode(ended[-1][1]) == 0


def test_a_users_file_that_is_wrong(filled):
    site = filled(count=1)
    users = site.folder / "users"
    for text, reason in (("anna:" + "x" * 5, "the hash is too weak or not a hash; use mkpasswd -m yescrypt"),
                         ("\nanna", "expected a line user:hash, as htpasswd -nB prints it")):
        users.write_text(text + "\n")
        err = site.run("serve", code=2, http={"listen": "127.0.0.1:0", "auth": users})[1]
        assert re.fullmatch(r"\S+/command\.conf:\d+: \[http\] auth: %s:%d: %s\n"
                            % (re.escape(str(users)), text.count("\n") + 1, re.escape(reason)), err)
    users.unlink()
    err = site.run("serve", code=2, http={"listen": "127.0.0.1:0", "auth": users})[1]
    assert "[http] auth: %s: No such file or directory" % users in err


def test_other_addresses_take_users_or_the_word(filled, serve):
    site = filled(count=1)
    (site.folder / "users").write_text(USERS)
    for listen in ("0.0.0.0:0", "[::]:0", "192.0.2.1:0"):
        err = site.run("serve", code=2, http={"listen": listen})[1]
        assert re.fullmatch(r"\S+/command\.conf:\d+: \[http\] listen: '%s' can be reached from other hosts: requires auth, "
                            r"a file of users, or open = yes\n" % re.escape(listen), err)
    for options in ({"auth": site.folder / "users"}, {"open": "yes"}):
        process = rig.Process(site.command("serve", http={"listen": "0.0.0.0:0", **options}), site.folder, "everywhere")
        site.processes.append(process)
        rig.wait_for(lambda: "warning: http: 0.0.0.0:0 can be reached from other hosts" in process.output(),
                     process.output)
        process.signal(signal.SIGINT)
        assert process.wait() == 0


def test_hosts(filled, serve):
    web = serve(filled(count=1), http={"names": "flows.example, other"})
    for host in ("localhost", "127.0.0.1:%d" % web.port, "[::1]:1", "192.0.2.7", "flows.example", "Other:80",
                 socket.gethostname()):
        assert web.status(QUERY, Host=host) == 200, host
    for host in ("evil.example", "flows.example.evil.example", "127.0.0.1.evil.example", "", "localhost.evil:80"):
        for path in ("/", QUERY, "/metrics", "/status"):
            assert web.status(path, Host=host) == 403, host
        assert web.status("/healthz", Host=host) == 200
    with web.connection() as connection:  # in the request line, too
        connection.request("GET", "http://evil.example/", headers={"Host": "localhost"})
        assert connection.getresponse().status == 403


# Many, slow, gone -----------------------------------------------------------------------------------------------------


def test_fifty_at_a_time(filled, serve, kind):
    web = serve(filled(kind))
    expected = web.json(QUERY)["total"]
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda i: web.json("%s&n=%d" % (QUERY, i % 20 + 1))["total"], range(500)))
    assert answers == [expected] * 500
    web.idle()
    assert web.metric("queries_total") == 501 and web.metric("queries_refused_total") == 0


@contextlib.contextmanager
def blocked(site):
    """Readers of the sums wait: the table is locked."""
    connection = site.store.server.connect(site.store.database)
    try:
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLES flows_aggr_600_data WRITE")
        yield
    finally:
        connection.close()


def queries_in_server(site):
    return site.store.server.run("SELECT COUNT(*) FROM information_schema.processlist WHERE db = '%s' AND "
                                 "state LIKE 'Waiting for table%%'" % site.store.database)[0][0]


def test_a_client_that_leaves(filled, serve):
    """Its query ends in the server, too, long before its time."""
    site = filled("mysql")
    web = serve(site, http={"query_timeout": "1h", "workers": "4"})
    assert web.status(QUERY) == 200
    with blocked(site):
        plugs = []
        for _ in range(6):  # four run, two wait
            plugs.append(socket.create_connection(("127.0.0.1", web.port), timeout=rig.BOUND))
            plugs[-1].sendall(("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % QUERY).encode())
        rig.wait_for(lambda: queries_in_server(site) == 4, "four queries to wait")
        rig.wait_for(lambda: web.metric("queries_waiting") == 2, "two more to wait for a thread")
        for plug in plugs:
            plug.close()
        rig.wait_for(lambda: queries_in_server(site) == 0, "the queries to end")
        web.idle()
        assert web.metric("queries_cancelled_total") == 6 and web.metric("queries_waiting") == 0
    assert web.status(QUERY) == 200


def test_a_query_that_takes_too_long(filled, serve):
    site = filled("mysql")
    web = serve(site, http={"query_timeout": "500ms"})
    rig.wait_for(lambda: web.status(QUERY) == 200, "an answer in time")
    with blocked(site):
        began = time.monotonic()
        status, headers, body = web.ask(QUERY)
        assert status == 503 and 0.45 < time.monotonic() - began < rig.SOON and headers["Retry-After"] == "2"
        assert json.loads(body)["error"]["message"] == (
            "the query exceeded 0.5 s and was stopped; choose a shorter period or a narrower filter")
        rig.wait_for(lambda: queries_in_server(site) == 0, "the query to end")
    rig.wait_for(lambda: web.status(QUERY) == 200, "an answer in time")


def test_too_many_questions(filled, serve):
    """One runs, 39 wait; page and numbers are answered meanwhile, and all of them when the way is free."""
    site = filled("mysql")
    web = serve(site, http={"query_timeout": "1h", "workers": "1"})
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        with blocked(site):
            asked = [pool.submit(web.status, QUERY) for _ in range(40)]
            rig.wait_for(lambda: web.metric("queries_waiting") == 39, "39 to wait")
            began = time.monotonic()
            assert web.status("/") == web.status("/healthz") == web.status("/status") == 200
            assert time.monotonic() - began < rig.SOON
        assert [each.result() for each in asked] == [200] * 40


def test_half_of_the_processors_are_for_questions(filled, serve):
    """At least one, at most four, where `workers` says nothing."""
    site = filled("mysql")
    web = serve(site, http={"query_timeout": "1h"})
    expected = min(4, max(1, os.cpu_count() // 2))
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        with blocked(site):
            asked = [pool.submit(web.status, QUERY) for _ in range(6)]
            rig.wait_for(lambda: (web.metric("queries_running"), web.metric("queries_waiting")) == (
                expected, 6 - expected), "the others to wait")
        assert [each.result() for each in asked] == [200] * 6


def test_the_store_goes_and_comes(make_site, make_store, make_maria, serve):
    server = make_maria()
    site = make_site(store=make_store("mysql", server))
    site.run("--once", "-", stdin=b"\n".join(generator.flows(10)) + b"\n")
    web = serve(site)
    assert web.status(QUERY) == 200
    server.stop()
    for _ in range(2):  # on the connection that is lost, and where none can be made
        assert web.error(QUERY, 503) == {"message": STORE_FAILED}
        rig.wait_for(lambda: "warning: " in web.process.output() and "mysql://" in web.process.output(), web.process.output)
    server.start()
    assert web.status(QUERY) == 200


# The programs ---------------------------------------------------------------------------------------------------------


def test_serve_that_cannot(make_site, filled, serve):
    empty = make_site()
    out, err = empty.run("serve", code=1, http={"listen": "127.0.0.1:0"})
    assert out == "" and err.startswith("flowimport: sqlite:")
    site = filled(count=1)
    web = serve(site)
    err = site.run("serve", code=1, http={"listen": "127.0.0.1:%d" % web.port})[1]
    assert err.endswith("error: http: 127.0.0.1:%d: listen: Address already in use\n" % web.port)
    assert site.run("serve", code=2, http={"listen": ""})[1] == (
        "flowimport: [http] listen is empty: requires an address and a port\n")
    assert site.run("serve", "x", code=2)[1].startswith("usage: flowimport serve")


def test_the_daemon_shows_what_it_imports(make_site):
    site = make_site(http={"listen": "127.0.0.1:0"})
    daemon = site.daemon()
    web = Web(daemon)
    status, _, body = web.ask(QUERY)  # before the first commit, the store may be there or not
    assert (status, json.loads(body).get("error", {}).get("message")) in ((200, None), (503, STORE_FAILED))
    entries = list(generator.flows(500))
    site.redis.push(entries)
    site.settle(500, daemon)
    octets = sum(json.loads(entry)["octetDeltaCount"] for entry in entries)
    assert web.json(QUERY)["total"]["octets"] == octets
    assert web.metric("import_generations_total") >= 1
    daemon.stop()


def test_a_store_account_that_may_only_read(filled, serve):
    """[http] store: the page asks with another account than the importer has."""
    site = filled("mysql")
    server, database = site.store.server, site.store.database
    server.run("CREATE USER 'reader_%s'@'localhost' IDENTIFIED BY 'p'" % database,
               "GRANT SELECT ON `%s`.* TO 'reader_%s'@'localhost'" % (database, database))
    web = serve(site, http={"store": "mysql://reader_%s:p@localhost/%s?socket=%s" % (database, database, server.socket)})
    assert web.status(QUERY) == 200
    users = {row[0] for row in server.run("SELECT user FROM information_schema.processlist WHERE db = '%s'" % database)}
    assert users == {"reader_" + database}
    server.run("DROP USER 'reader_%s'@'localhost'" % database)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGHUP], ids=lambda end: end.name)
def test_open(make_site, folder, end):
    """From files to a page, and nothing left."""
    site = make_site(import_={"max_flow_age": "1h"})
    flows = list(generator.flows(300))
    (folder / "flows.json").write_bytes(b"\n".join(flows) + b"\n")
    (folder / "more.json").write_bytes(one(flowStartSeconds=generator.START, flowEndSeconds=generator.START,
                                           octetDeltaCount=1000) + b"\n")
    temporary = folder / "tmp"
    temporary.mkdir()
    env = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    process = rig.Process(site.command("open", folder / "flows.json", folder / "more.json"), site.folder, "open",
                          env=dict(env, TMPDIR=str(temporary)))
    site.processes.append(process)
    web = Web(process)
    rig.wait_for(lambda: "http://127.0.0.1:%d/   (Ctrl-C to stop)\n" % web.port in process.output(), process.output)
    octets = sum(json.loads(entry)["octetDeltaCount"] for entry in flows) + 1000
    assert web.json(QUERY)["total"]["octets"] == octets
    assert ": 300 entries: 300 imported, 0 too old" in process.output()
    assert len(list(temporary.iterdir())) == 1
    process.signal(end)
    assert process.wait() == 0
    assert not list(temporary.iterdir())


def test_open_a_capture_in_a_browser(make_site, folder):
    """With a display, xdg-open gets the address."""
    samples = sorted((rig.TOP.parent / "shared/samples/pcap").glob("*.pcap"))
    if not samples:
        pytest.skip("no captures beside this tree")
    site = make_site()
    tools = folder / "bin"
    tools.mkdir()
    (tools / "xdg-open").write_text("#!/bin/sh\necho \"$1\" >%s/told.new && mv %s/told.new %s/told\n" % ((folder,) * 3))
    (tools / "xdg-open").chmod(0o755)
    process = rig.Process(site.command("open", samples[0]), site.folder, "open",
                          env=dict(os.environ, DISPLAY=":99", PATH="%s:%s" % (tools, os.environ["PATH"])))
    site.processes.append(process)
    web = Web(process)
    rig.wait_for((folder / "told").exists, process.output)
    assert (folder / "told").read_text() == "http://127.0.0.1:%d/\n" % web.port
    assert web.json("/api/meta")["store"] == "sqlite"
    process.signal(signal.SIGTERM)
    assert process.wait() == 0


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGHUP], ids=lambda end: end.name)
def test_open_is_ended_while_it_reads(make_site, folder, end):
    site = make_site()
    temporary = folder / "tmp"
    temporary.mkdir()
    process = rig.Process(site.command("open", "-", "--format", "json"), site.folder, "open", stdin=subprocess.PIPE,
                          env=dict(os.environ, TMPDIR=str(temporary)))
    site.processes.append(process)
    process.child.stdin.write(one() + b"\n")
    process.child.stdin.flush()
    rig.wait_for(lambda: process.handles(end) and list(temporary.iterdir()), "the folder")
    process.signal(end)
    assert process.wait() == 128 + end
    process.child.stdin.close()
    assert not list(temporary.iterdir())


def test_open_what_cannot_be_read(make_site, folder):
    site = make_site()
    env = {"TMPDIR": str(folder)}
    before = sorted(folder.iterdir())
    err = site.run("open", folder / "nowhere.pcap", code=1, env=env)[1]
    assert "nowhere.pcap" in err and sorted(folder.iterdir()) == before
    assert site.run("open", code=2)[1].startswith("usage: flowimport open ")
