"""How servers of MySQL and MariaDB are reached: TLS, passwords, missing privileges, and several of them in one URL."""
import re
import subprocess

import pytest

import generator
import reference
import rig
from generator import one
from test_http import LISTEN, Client


def certificate(folder, name, host="IP:127.0.0.1"):
    """A self-signed certificate, which is its own authority."""
    key, cert = folder / (name + ".key"), folder / (name + ".crt")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=" + name,
                    "-addext", "subjectAltName=" + host, "-keyout", str(key), "-out", str(cert)],
                   check=True, capture_output=True)
    return key, cert


@pytest.fixture
def over_tcp(make_site, make_store):
    """over_tcp(server, "?tls=no", password=...): a site whose store is on the server's TCP port, by the user importer."""
    stores = {}

    def make(server, words="", host="127.0.0.1", **store_):
        if server not in stores:
            stores[server] = make_store("mysql", server)
        store = rig.MySQLStore(server, stores[server].database)
        store.url = "mysql://importer@%s:%d/%s%s" % (host, server.port, store.database, words)
        return make_site(store=store, store_=store_)
    return make


def account(server, how, rights="ALL ON *.*"):
    server.run("CREATE USER 'importer'@'127.0.0.1' %s" % how, "GRANT %s TO 'importer'@'127.0.0.1'" % rights)


def refused(site, *words, code=1):
    """At the start, and not tried again."""
    site.redis.push([one()])
    daemon = site.daemon(ready=False)
    assert daemon.wait() == code, daemon.output()
    for word in words:
        assert word in daemon.output(), daemon.output()
    assert "trying again" not in daemon.output()
    assert site.redis.client().llen(rig.QUEUE) == 1


def imported(site, n=100):
    entries = list(generator.flows(n, seed=131, hosts=20))
    site.redis.push(entries)
    site.run("--once")
    return entries


def test_tls_is_used_where_the_server_offers_it(over_tcp, make_maria, folder):
    """An account that requires TLS; nothing asks for it, or everything does, or it is switched off."""
    key, cert = certificate(folder, "server")
    server = make_maria(tcp=True, options=["--ssl-key=%s" % key, "--ssl-cert=%s" % cert])
    account(server, "REQUIRE SSL")
    site = over_tcp(server)
    entries = imported(site)
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())
    refused(over_tcp(server, "?tls=no"), "Access denied for user 'importer'@")
    for words, options in (("?tls=required", {}), ("", {"tls_ca": cert}), ("?tls=verify", {"tls_ca": cert}),
                           ("?tls=verify-ca", {"tls_ca": cert})):
        imported(over_tcp(server, words, **options))
    assert site.ledger()["entries"] == 500
    refused(over_tcp(server, "?tls=no", tls_required="yes"), "?tls=no contradicts tls_required", code=2)


@pytest.mark.parametrize("words", ["", "?tls=verify", "?tls=verify-ca"])
def test_a_certificate_of_another_authority(over_tcp, make_maria, folder, words):
    key, cert = certificate(folder, "server")
    server = make_maria(tcp=True, options=["--ssl-key=%s" % key, "--ssl-cert=%s" % cert])
    account(server, "REQUIRE SSL")
    _, other = certificate(folder, "other")
    site = over_tcp(server, words, tls_ca=other)
    site.redis.push([one()])
    _, err = site.run("--once", code=1)
    assert "certificate" in err or "TLS" in err or "SSL" in err, err
    assert site.redis.client().llen(rig.QUEUE) == 1


def test_a_certificate_of_another_name(over_tcp, make_maria, folder):
    """verify-ca asks for the authority alone. MariaDB's library asks 127.0.0.1 for no name since 3.4."""
    key, cert = certificate(folder, "server", "DNS:db.example")
    host = "127.0.0.2"
    server = make_maria(tcp=True, options=["--ssl-key=%s" % key, "--ssl-cert=%s" % cert, "--bind-address=" + host])
    account(server, "REQUIRE SSL")
    imported(over_tcp(server, "?tls=verify-ca", host, tls_ca=cert))
    site = over_tcp(server, host=host, tls_ca=cert)
    site.redis.push([one()])
    _, err = site.run("--once", code=1)
    assert "certificate" in err or "TLS" in err or "SSL" in err, err


def test_a_server_that_requires_tls(over_tcp, make_maria, folder):
    key, cert = certificate(folder, "server")
    server = make_maria(tcp=True, options=["--ssl-key=%s" % key, "--ssl-cert=%s" % cert,
                                           "--require-secure-transport=ON"])
    account(server, "")
    site = over_tcp(server, "?tls=no")
    refused(site)
    # MariaDB before 11 says the former.
    assert any(words in site.processes[0].output() for words in (
        "Access denied", "(error 3159); fix: set tls_required = yes in [store]"))
    imported(over_tcp(server))


def test_a_password_without_tls(over_tcp, make_maria):
    """What a server since MySQL 8 hands out its key for, if it is asked."""
    if not rig.IS_ORACLE:
        pytest.skip("MariaDB sends passwords otherwise")
    server = make_maria(tcp=True)
    account(server, "IDENTIFIED BY 'p@ss'")
    refused(over_tcp(server, "?tls=no", password="p@ss"), "(error 2061)", "?get-server-public-key=yes")
    imported(over_tcp(server, "?tls=no&get-server-public-key=yes", password="p@ss"))
    refused(over_tcp(server, "?tls=no&get-server-public-key=yes", password="wrong"), "Access denied")


def test_tables_that_are_missing_and_may_not_be_made(over_tcp, make_maria):
    server = make_maria(tcp=True)
    account(server, "", "SELECT, INSERT, UPDATE, ALTER ON *.*")
    refused(over_tcp(server), "CREATE command denied", "flowimport schema install as a user that may create tables")


def test_a_right_that_is_granted_later(over_tcp, make_maria):
    """The import goes on by itself: the server reads the rights on a database once for each connection."""
    server = make_maria(tcp=True)
    site = over_tcp(server)
    rights = "`%s`.* TO 'importer'@'127.0.0.1'" % site.store.database
    server.run("CREATE USER 'importer'@'127.0.0.1'", "GRANT ALL ON %s" % rights)
    site.run("schema", "install")
    server.run("REVOKE ALTER ON `%s`.* FROM 'importer'@'127.0.0.1'" % site.store.database)
    entries = list(generator.flows(100, seed=133, hosts=20))
    site.redis.push(entries)
    daemon = site.daemon()

    def told():
        daemon.flush()
        site.redis.wake()
        return "ALTER command denied" in daemon.output()
    rig.wait_for(told, daemon.output, step=0.05)
    assert "fix: GRANT SELECT, INSERT, UPDATE, ALTER on the database to this account" in daemon.output()
    server.run("GRANT ALTER ON %s" % rights)
    site.settled_equals(entries, daemon)


def test_a_wide_sum_with_the_printed_privileges(over_tcp, make_maria):
    """They don't include the right to replace views: that of an older version stays as it is, and the sums find room."""
    server = make_maria(tcp=True)
    site = over_tcp(server)
    whose, database = "'importer'@'127.0.0.1'", site.store.database
    server.run("CREATE USER %s" % whose, "GRANT ALL ON `%s`.* TO %s" % (database, whose))
    site.run("schema", "install")
    printed, _ = site.run("schema", "print", "grants")
    privileges, = re.findall(r"^GRANT (.*) ON `\w+`\.\* TO 'flowimport'@", printed, re.M)
    server.run("REVOKE ALL ON `%s`.* FROM %s" % (database, whose),
               "GRANT %s ON `%s`.* TO %s" % (privileges, database, whose))
    entries = [one(octetDeltaCount=reference.MOST_SUM) for _ in range(2300)]
    site.redis.push(entries)
    daemon = site.daemon()
    site.settled_equals(entries, daemon)
    assert "CREATE VIEW command denied" in daemon.output() and "has outgrown 64 bits" in daemon.output()


# Several servers -----------------------------------------------------------------------------------------------------


def test_several_servers(make_site, make_redis, make_maria, make_store):
    """The import goes to whichever can be written: past a read-only one, away from one that is killed or becomes so."""
    servers = [make_maria(tcp=True) for _ in range(2)]
    stores = [make_store("mysql", server) for server in servers]
    redis_server = make_redis()
    for server, store in zip(servers, stores):
        account(server, "")
        make_site(store=store, redis=redis_server).run("schema", "install")
        server.run("REVOKE %s ON *.* FROM 'importer'@'127.0.0.1'" % (
            "SUPER, CONNECTION_ADMIN" if rig.IS_ORACLE else "SUPER, READ_ONLY ADMIN"))
    site = make_site(store=stores[0], redis=redis_server, queue={"retry_max": "100ms"})
    site.sections["store"]["url"] = "mysql://importer@127.0.0.1:%d,127.0.0.1:%d/%s" % (
        servers[0].port, servers[1].port, stores[0].database)
    entries = list(generator.flows(400, seed=132, hosts=20))
    done = [[], []]

    def step(to):
        """A hundred entries, which must come to that server."""
        some = entries[sum(map(len, done)):][:100]
        done[to] += some
        site.redis.push(some)

        def come():
            assert daemon.running(), daemon.output()
            daemon.flush()
            site.redis.wake()
            return rig.ledger_sums(stores[to])["entries"] == len(done[to])
        rig.wait_for(come, daemon.output, step=0.05)

    servers[0].run("SET GLOBAL read_only = 1")
    daemon = site.daemon()
    step(1)
    servers[0].run("SET GLOBAL read_only = 0")
    servers[1].kill()
    step(0)
    servers[1].start()
    servers[0].run("SET GLOBAL read_only = 1")  # while connected
    step(1)
    servers[0].run("SET GLOBAL read_only = 0")
    servers[1].run("SET GLOBAL read_only = 1")
    step(0)
    daemon.stop()
    for store, some in zip(stores, done):
        rig.assert_tables(rig.Dump().tables(store), reference.Import().add_all(some).tables())
    assert "connected to 127.0.0.1:%d, of 2 servers" % servers[1].port in daemon.output()
    # Reading requires no more than an answer.
    servers[0].run("SET GLOBAL read_only = 1")
    site.run("top", "hosts")
    servers[0].kill()
    site.run("top", "hosts")
    servers[1].kill()
    _, err = site.run("top", "hosts", code=1)
    assert "127.0.0.1:%d" % servers[1].port in err


def test_a_server_that_lacks_what_another_had_confirmed(make_site, make_maria, make_store):
    """As a replica that is promoted before it has all: it is said, and the import goes on."""
    servers = [make_maria(tcp=True) for _ in range(2)]
    stores = [make_store("mysql", server) for server in servers]
    for server in servers:
        account(server, "")
    site = make_site(store=stores[0], queue={"retry_max": "100ms"}, http=LISTEN)
    site.sections["store"]["url"] = "mysql://importer@127.0.0.1:%d,127.0.0.1:%d/%s" % (
        servers[0].port, servers[1].port, stores[0].database)
    entries = list(generator.flows(300, seed=133, hosts=20))
    daemon = site.daemon()
    client = Client(daemon)

    def committed(store, some):
        site.redis.push(some)

        def come():
            daemon.flush()
            site.redis.wake()
            return rig.ledger_sums(store)["entries"] == len(some)
        rig.wait_for(come, daemon.output, step=0.05)
    committed(stores[0], entries[:200])
    lost = servers[0].run("SELECT COUNT(*) FROM %s.import_ledger WHERE entries > 0" % stores[0].database)[0][0]
    servers[0].kill()
    make_site(store=stores[1], redis=site.redis).run("schema", "install")
    committed(stores[1], entries[200:])
    said = "%d generations that were committed before the connection was lost are missing (200 entries; " % lost
    rig.wait_for(lambda: said in daemon.output(), daemon.output, step=0.05)
    client.wait_for_health(503, "store: %d committed generations (200 entries) are missing since " % lost)
    metrics = client.metrics()
    assert metrics["flowimport_store_missing_generations_total"] == lost
    assert metrics["flowimport_store_missing_entries_total"] == 200
    daemon.stop()
    assert daemon.output().count("are missing") == 1
    rig.assert_tables(rig.Dump().tables(stores[1]), reference.Import().add_all(entries[200:]).tables())


def test_each_of_several_servers_is_named_with_its_error(make_site, make_maria, make_store):
    """By the hand tool, and in the daemon's log when one of them is good."""
    server = make_maria(tcp=True)
    store = make_store("mysql", server)
    away, strange = rig.free_port(), "nowhere.invalid"
    site = make_site(store=store)
    hosts = "127.0.0.1:%d,%s" % (away, strange)
    _, err = site.run("top", "hosts", code=1, store={"url": "mysql://root@%s/%s" % (hosts, store.database)})
    assert re.search(r"127\.0\.0\.1:%d, user root, database \w+: .*\(error 200[23]\); nowhere\.invalid:3306, .*"
                     r"\(error 2005\)" % away, err), err
    account(server, "IDENTIFIED BY ''")
    url = "mysql://importer@%s,127.0.0.1:%d/%s" % (hosts, server.port, store.database)
    daemon = site.daemon(store={"url": url})
    rig.wait_for(lambda: "of 3 servers" in daemon.output(), daemon.output)
    line = next(line for line in daemon.output().splitlines() if "of 3 servers" in line)
    assert re.search(r"connected to 127\.0\.0\.1:%d, of 3 servers; 127\.0\.0\.1:%d, .* nowhere\.invalid:3306, " %
                     (server.port, away), line), line
    daemon.stop()
