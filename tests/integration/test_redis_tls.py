"""Redis by TLS: for importer, producer and tool; whose certificate is taken and whose is not."""
import signal
import socket
import ssl

import pytest

import rig
import test_going_back
import test_mysql

# What OpenSSL calls it, of versions that are told apart.
UNKNOWN = ("self-signed certificate", "self signed certificate", "unable to get local issuer certificate")


class Server:
    """Only by TLS, to which clients bring a certificate; and, for the tests themselves, by a socket file."""

    def __init__(self, make_redis, folder, name="server", clients="yes"):
        self.key, self.cert = test_mysql.certificate(folder, name)
        self.tls_port = rig.free_port()
        self.server = make_redis(options=[
            "--tls-port", self.tls_port, "--tls-cert-file", self.cert, "--tls-key-file", self.key,
            "--tls-ca-cert-file", self.cert, "--tls-auth-clients", clients])

    def __getattr__(self, name):
        return getattr(self.server, name)

    def url(self, db=0, host="127.0.0.1"):
        return "rediss://%s:%d/%d" % (host, self.tls_port, db)

    def options(self, **more):
        return dict({"tls_ca": self.cert, "tls_cert": self.cert, "tls_key": self.key, "retry_max": "100ms"}, **more)


@pytest.fixture(name="server")
def _server(make_redis, folder):
    return Server(make_redis, folder)


def each_once(site, n):
    assert test_going_back.counted(site) == {number: 1 for number in range(n)}


def test_all_programs(make_site, server):
    """More than any buffer holds, in both directions, over a lost server."""
    site = make_site(redis=server, queue=server.options())
    lines = b"\n".join(test_going_back.entry(number) for number in range(30000)) + b"\n"
    assert "30000 entries pushed" in site.run("push", "-", stdin=lines)[0]
    daemon = site.daemon()
    site.settle(30000, daemon)
    server.push([b'{"long":"' + b"x" * (3 << 20) + b'"}', test_going_back.entry(0)])
    site.settle(30002, daemon)
    assert "0 entries waiting, 1 rejected kept" in site.run("status")[0]
    assert "too-big" in site.run("rejected", "list")[0]
    assert "0 are missing, 0 counted twice" in site.run("verify")[0]
    daemon.stop()
    assert test_going_back.counted(site).pop(0) == 2


def test_a_server_that_comes_back(make_site, make_redis, folder):
    server = Server(make_redis, folder)
    site = make_site(redis=server, queue=server.options())
    daemon = site.daemon()
    server.push([test_going_back.entry(0)])
    site.settle(1, daemon)
    server.kill()
    rig.wait_for(lambda: "trying again" in daemon.output(), daemon.output)
    server.start()
    server.push([test_going_back.entry(1)])
    rig.wait_for(lambda: not server.client().exists(rig.QUEUE), "the queue to be taken")
    daemon.stop()
    each_once(site, 2)


def refused(site, words, **options):
    """The daemon goes on and says why; a command ends with it."""
    daemon = site.daemon(name="refused", queue=options)
    rig.wait_for(lambda: any(word in daemon.output() for word in words), daemon.output)
    assert daemon.running()
    daemon.kill()
    for command in (["status"], ["rejected", "list"], ["--once"]):
        err = site.run(*command, code=1, queue=options)[1]
        assert any(word in err for word in words), (command, err)


def accepted(site, number, **options):
    site.redis.push([test_going_back.entry(number)])
    site.run("--once", queue=options)


def test_whose_certificate(make_site, make_redis, folder):
    server = Server(make_redis, folder, clients="no")
    site = make_site(redis=server)
    site.run("schema", "install")
    _, other = test_mysql.certificate(folder, "other")
    port = server.tls_port
    refused(site, UNKNOWN, url=server.url())
    refused(site, UNKNOWN, url=server.url(), tls_ca=other)
    refused(site, UNKNOWN, url=server.url(), tls_ca=other, tls_verify="authority")
    refused(site, ("hostname mismatch", "Hostname mismatch"), url="rediss://localhost:%d" % port, tls_ca=server.cert)
    accepted(site, 0, url=server.url(), tls_ca=server.cert)
    accepted(site, 1, url="rediss://localhost:%d" % port, tls_ca=server.cert, tls_verify="authority")
    accepted(site, 2, url=server.url(), tls_ca=other, tls_verify="none")
    each_once(site, 3)


def test_a_client_without_a_certificate(make_site, server):
    refused(make_site(redis=server), ("certificate required", "closed", "reset"), url=server.url(), tls_ca=server.cert)


def test_the_wrong_port(make_site, make_redis, server):
    """TLS where there is none, and none where it is; each ends in words, and in time."""
    site = make_site(redis=server)
    plain = make_redis(tcp=True)
    refused(site, ("wrong version number", "closed", "packet length too long", "no answer"),
            url="rediss://127.0.0.1:%d" % plain.port, **server.options())
    refused(site, ("closed", "reset"), url="redis://127.0.0.1:%d" % server.tls_port)


def test_a_server_that_says_nothing(make_site, server):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = "rediss://127.0.0.1:%d" % silent.getsockname()[1]
        err = make_site(redis=server).run("status", code=1, queue={"url": url})[1]
        assert "no answer" in err


@pytest.mark.parametrize("option, words", [
    ({"tls_cert": "/dev/null"}, "tls_cert: requires tls_key"), ({"tls_key": "/dev/null"}, "tls_key: requires tls_cert"),
    ({"tls_verify": "maybe"}, "tls_verify: 'maybe' is not accepted")])
def test_options(make_site, server, option, words):
    assert words in make_site(redis=server).run("status", code=2, queue=option)[1]


def test_files_that_are_none(make_site, server, folder):
    (folder / "empty").write_text("")
    site = make_site(redis=server)
    for option in ({"tls_ca": folder / "empty"}, {"tls_cert": folder / "empty", "tls_key": server.key}):
        name = next(iter(option))
        assert "%s %s: " % (name, folder / "empty") in site.run("status", code=1, queue=option)[1]


def test_the_key_of_the_server_is_asked_for_by_its_name(make_site, server):
    """SNI: the host's name, where it is one."""
    names = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(str(server.cert), str(server.key))
    context.sni_callback = lambda _, name, __: names.append(name)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = "rediss://localhost:%d" % listener.getsockname()[1]
        site = make_site(redis=server)
        daemon = site.daemon(queue={"url": url, "tls_verify": "none"})
        listener.settimeout(rig.BOUND)
        connection, _ = listener.accept()
        connection.settimeout(rig.BOUND)
        with context.wrap_socket(connection, server_side=True) as wrapped:
            assert wrapped.recv(64).startswith(b"*1\r\n$4\r\nPING")
        daemon.kill()
    assert names == ["localhost"]


def test_signal_during_the_handshake(make_site, server):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        site = make_site(redis=server)
        daemon = site.daemon(queue={"url": "rediss://127.0.0.1:%d" % silent.getsockname()[1]})
        silent.settimeout(rig.BOUND)
        silent.accept()
        daemon.signal(signal.SIGTERM)
        assert daemon.wait() == 0
