"""A reading head: one database that shows the tables of several stores, which share the flows, as if they were one."""
import json
import re

import pymysql
import pytest

import rig
from generator import START, flows, one
from reference import Import
from serving import Server
from test_api_original import FLOWS_HERE, REQUESTS

# Shared by both stores: flows that have a row of each in every table.
SHARED = [one(octetDeltaCount=octets) for octets in (1000, 2000)]
SIX = [one(sourceIPv4Address=None, destinationIPv4Address=None, sourceIPv6Address="2001:db8::1",
           destinationIPv6Address="2001:db8::2", octetDeltaCount=octets) for octets in (300, 400)]
ENTRIES = SHARED + SIX + FLOWS_HERE + list(flows(3000, seed=5, hosts=300))
SHARES = [ENTRIES[0::2], ENTRIES[1::2]]
PLUGIN = rig.TOP / "build" / "tools" / "ha_spider.so"
ACCOUNT = "'flowimport_reader'@'127.0.0.1'"
SPAN = "from=%d&to=%d" % (START - 600, START + 7200)
ADDRESS = "10.0.0.1"
QUESTIONS = ["/api/query?" + SPAN + more for more in (
    "", "&series=yes", "&group=host&n=50", "&group=port&n=50", "&group=src&n=50&series=yes", "&group=proto",
    "&group=host&n=20&series=yes&step=1200", "&group=class&series=yes", "&group=family", "&group=src,dst&n=100",
    "&group=src,dport&n=100&metric=flows", "&group=host&filter=proto=udp", "&group=host&filter=port=443&n=100",
    "&filter=host=" + ADDRESS, "&group=host&filter=!class=tcp", "&group=dport&filter=src=" + ADDRESS,
    "&compare=before", "&group=host&filter=class=udp,icmp&metric=packets&n=100", "&group=src,class&series=yes", "&group=family,proto", "&group=src,family&series=yes&n=30",
    "&group=family&filter=host=" + ADDRESS, "&group=family&series=yes&filter=family=6")]
QUESTIONS += ["/api/flows?" + SPAN + more for more in (
    "&n=1000", "&n=1000&offset=1000", "&n=1000&merge=yes", "&n=500&sort=bucket&order=asc", "&n=500&sort=src",
    "&filter=host=" + ADDRESS, "&filter=dport=443&n=1000")]
QUESTIONS += REQUESTS + ["/api/loss?" + SPAN, "/api/meta"]
# What says how the answer was found, and by whom.
VARIES = ("now", "ms", "store", "rows", "rows_read", "last_commit", "version")


@pytest.fixture(scope="module")
def servers(session_folder, maria_template):
    if rig.IS_ORACLE:
        pytest.skip("a head requires MariaDB")
    if not PLUGIN.exists():
        pytest.skip("the engine Spider is not there: etc/install-deps.sh test")
    made = []
    for name in ("store1", "store2", "head"):
        folder = session_folder / name
        folder.mkdir()
        options = ["--plugin-dir=%s" % PLUGIN.parent] if name == "head" else []
        made.append(rig.MariaDB(folder, maria_template, tcp=True, options=options))
    try:
        try:
            made[2].run("INSTALL SONAME 'ha_spider'")
        except pymysql.err.Error as error:
            pytest.skip("the engine Spider can't be loaded: %s" % error)
        yield made
    finally:
        for server in made:
            server.kill()


class Head:
    """Two sites with a share of the flows each, one with all of them, and the head over the two."""

    def __init__(self, servers, make_site, **options):
        self.server, self.stores = servers[2], servers[:2]
        self.make_site, self.options = make_site, options
        self.sites = [self.site(server) for server in self.stores]
        self.whole = self.site(self.server)
        for server, site in zip(self.stores, self.sites):
            server.run("CREATE OR REPLACE USER %s IDENTIFIED BY 'secret'" % ACCOUNT,
                       "GRANT SELECT ON %s.* TO %s" % (site.store.database, ACCOUNT))
        self.head = self.site(self.server)

    def site(self, server):
        store = rig.MySQLStore(server, server.new_database())
        return self.make_site(redis=rig.NoRedis(), store=store, **self.options)

    def urls(self):
        return ["mysql://flowimport_reader:secret@127.0.0.1:%d/%s" % (server.port, site.store.database)
                for server, site in zip(self.stores, self.sites)]

    def print(self, urls=None, **more):
        return self.head.run("schema", "print", "head", "--stores", ",".join(urls or self.urls()), **more)

    def make(self):
        printed, err = self.print()
        assert err == "" and "secret" not in printed
        with self.head.store.cursor() as cursor:
            for statement in re.sub("^--.*\n", "", printed.replace("***", "secret"), flags=re.M).split(";\n"):
                if statement.strip():
                    cursor.execute(statement)
        return self


def import_once(site, entries, **sections):
    path = site.folder / "entries.json"
    path.write_bytes(b"\n".join(entries) + b"\n")
    site.run("--once", path, **sections)


@pytest.fixture
def empty(servers, make_site):
    head = Head(servers, make_site, sizes=(60, 600))
    for site in head.sites + [head.whole]:
        site.run("schema", "install")
    return head


@pytest.fixture
def filled(empty):
    for site, entries in zip(empty.sites + [empty.whole], SHARES + [ENTRIES]):
        import_once(site, entries)
    return empty.make()


def without(answer):
    if isinstance(answer, dict):
        return {name: without(value) for name, value in answer.items() if name not in VARIES}
    return [without(value) for value in answer] if isinstance(answer, list) else answer


def differences(got, expected):
    """The members of two answers that differ, as far as they fit on a screen."""
    return [(name, str(got.get(name))[:1000], str(expected.get(name))[:1000]) for name in got.keys() | expected.keys()
            if name not in VARIES and without(got.get(name)) != without(expected.get(name))]


def test_it_answers_as_one_store_with_all_flows(filled):
    for what in ("hosts", "ports", "flows"):
        for more in ((), ("--from", START + 600), ("--from", START + 600, "--to", START + 1800)):
            got, _ = filled.head.run("top", what, "-n", 50, *more)
            assert got == filled.whole.run("top", what, "-n", 50, *more)[0], (what, more)
    head, whole = Server(filled.head), Server(filled.whole)
    wrong = []
    for question in QUESTIONS:
        expected, got = whole.ask(question), head.ask(question)
        assert expected[0] == 200, (question, expected)
        if got[0] != 200:
            wrong.append((question, got[0], head.output()[-3000:]))
        elif without(json.loads(got[2])) != without(json.loads(expected[2])):
            wrong.append((question, *differences(json.loads(got[2]), json.loads(expected[2]))))
    for line in wrong:
        print(line)
    assert not wrong


def test_views_show_the_rows_of_all_stores(filled):
    """SQL that adds up gets the same; a key has a row of each store."""
    for view, key in (("flows_60", "sourceIPv4Address"), ("flows_600_text", "sourceAddress"), ("index_ports", "id"),
                      ("index_nodes_600", "id"), ("index_nodes_text", "address"), ("flows_aggr_60", "bucket"),
                      ("index_nodes6_600", "HEX(id)"), ("flows6_600", "HEX(sourceIPv6Address)")):
        query = "SELECT %s AS k, SUM(octetDeltaCount), SUM(flows) FROM %s GROUP BY k ORDER BY k" % (key, view)
        assert filled.head.store.rows(query) == filled.whole.store.rows(query), view
    of_shared = "SELECT octetDeltaCount FROM flows_600 WHERE sourceIPv4Address = 167772161 AND " \
                "sourceTransportPort = 50001 AND bucket = 1700002800 ORDER BY 1"
    assert [row[0] for row in filled.head.store.rows(of_shared)].count(1000) == 1
    assert len(filled.head.store.rows(of_shared)) > len(filled.whole.store.rows(of_shared))


def test_verify_compares_the_tables_and_says_where_the_queue_is_compared(filled):
    out, err = filled.head.verify()
    assert "all tables agree" in out and "2 generations" in out
    assert err == ("flowimport: the queue is not compared: the store is a reading head; run flowimport verify on each "
                   "of its stores\n")
    filled.stores[1].run("UPDATE %s.index_ports_600_data SET octetDeltaCount = octetDeltaCount + 7 WHERE id = 443 "
                         "LIMIT 1" % filled.sites[1].store.database)
    assert "1 differ\nfirst: index_ports_600" in filled.head.run("verify", code=1)[0]
    imported, _ = filled.head.run("status", code=1)  # there is no queue
    assert "%d" % len(ENTRIES) in imported


REFUSED = "the database is a reading head: its tables (engine Spider) show those of other servers, and nothing is " \
          "written through it; name one of those servers, or another database"


def test_nothing_is_written_through_it(filled, make_redis):
    path = filled.head.folder / "more.json"
    path.write_bytes(one() + b"\n")
    before = [site.ledger() for site in filled.sites]
    for words in (("--once", path), ("schema", "install"), ("retention", "run"), ("retention", "install")):
        assert REFUSED in filled.head.run(*words, code=1)[1], words
    for words in (("retention", "status"), ("retention", "run", "--dry-run"), ("retention", "split", "--dry-run")):
        assert "run flowimport retention on each of its stores" in filled.head.run(*words, code=1)[1], words
    redis = make_redis()
    redis.push([one()])
    daemon = filled.head.daemon(ready=False, queue={"url": redis.url()})
    assert daemon.wait() == 1 and REFUSED in daemon.output()
    assert redis.client().llen(rig.QUEUE) + len(filled.head.claims(redis.client())) == 1
    with filled.head.store.cursor() as cursor:  # nor by others: the accounts in the stores may not
        with pytest.raises(pymysql.err.Error, match="denied"):
            cursor.execute("INSERT INTO loss (bucket, source, what, lost) VALUES (600, 'x', 'y', 1)")
    assert [site.ledger() for site in filled.sites] == before
    assert filled.head.run("schema", "check")[0] == "all tables match the configuration\n"


def test_sums_that_are_wide_in_one_store_alone(empty):
    """What one store has widened, and what two stores hold together, is more than 64 bits."""
    most = 2 ** 63 - 1
    shares = [[one(octetDeltaCount=most)] * 5, [one(octetDeltaCount=most - 1)]]
    limit = {"import_": {"max_flow_octets": most}}
    for site, entries in zip(empty.sites + [empty.whole], shares + [shares[0] + shares[1]]):
        import_once(site, entries, **limit)
    empty.make()
    assert empty.head.run("top", "hosts", "--json")[0] == empty.whole.run("top", "hosts", "--json")[0]
    total = empty.head.store.rows("SELECT SUM(octetDeltaCount) FROM index_nodes WHERE id = -1")[0][0]
    assert int(total) == 5 * most + most - 1


def test_losses_and_retention_of_all_stores(empty):
    rows = [("INSERT INTO loss VALUES (1700002800, 'a', 'queue', 5), (1700003400, 'b', 'queue', 1)",
             "INSERT INTO flowimport_retention VALUES (60, 864000), (600, 8640000)",
             "INSERT INTO flowimport_schema VALUES ('size_60_expired', '1700002860')"),
            ("INSERT INTO loss VALUES (1700002800, 'a', 'queue', 7)",
             "INSERT INTO flowimport_retention VALUES (60, 432000)",
             "INSERT INTO flowimport_schema VALUES ('size_60_expired', '1700003460')")]
    for server, site, statements in zip(empty.stores, empty.sites, rows):
        import_once(site, list(flows(100)))
        server.run("USE %s" % site.store.database, *statements)
    server = Server(empty.make().head)
    assert [(row["bucket"], row["source"], row["lost"]) for row in server.json("/api/loss?" + SPAN)["loss"]] == [
        (1700002800, "a", 12), (1700003400, "b", 1)]
    assert server.json("/api/pipeline")["retention"]["keep"] == [{"size": 60, "seconds": 432000},
                                                                 {"size": 600, "seconds": 8640000}]
    # From when on both have all.
    assert server.json("/api/meta")["sizes"][0]["from"] == 1700003460


def test_a_store_that_is_away_is_an_error_and_no_smaller_answer(filled):
    filled.stores[1].kill()
    try:
        err = filled.head.run("top", "hosts", code=1)[1]
        assert "Unable to connect to foreign data source: %s_2" % filled.head.store.database in err
    finally:
        filled.stores[1].start()
    wanted = filled.whole.run("top", "hosts")[0]
    assert rig.wait_for(lambda: came_back(filled), "the head to answer again") == wanted


def came_back(head):
    try:
        return head.head.run("top", "hosts")[0]
    except AssertionError:
        return None


def test_what_is_printed(empty):
    url, other = empty.urls()
    head = empty.head
    for wrong, said in (([url, url], "the store is named twice: all of it would be counted twice"),
                        (["mysql://u@a:1,b:2/flows"], "a head reads one server of each store"),
                        (["mysql://u@127.0.0.1:1"], "the URL has no database"),
                        (["sqlite:/tmp/x"], "a head reads MySQL and MariaDB"),
                        (["mysql://u%27@127.0.0.1:1/flows"], "quotes and backslashes")):
        out, err = empty.print(wrong, code=2)
        assert said in err and out == "" and "secret" not in err
    assert "requires --stores" in head.run("schema", "print", "head", code=2)[1]
    assert "--stores is of schema print head" in head.run("schema", "print", "--stores", url, code=2)[1]
    away = "mysql://u:secret@127.0.0.1:1/flows"
    out, err = empty.print([url, away, other])
    assert "not compared with the configuration: mysql://u:***@127.0.0.1:1/flows" in err
    assert out.count("PASSWORD '***'") == 3 and "secret" not in out + err
    assert "HOST '127.0.0.1', PORT %d, DATABASE '%s', USER 'flowimport_reader'" % (
        empty.stores[0].port, empty.sites[0].store.database) in out
    # Stores that differ from the configuration, and so from each other.
    for more, said in (({"import_": {"bucket_sizes": "60,300,600"}}, "flows_300_data not found"),
                       ({"import_": {"leave_out": "ports"}}, "the tables were created with leave_out = none"),
                       ({"import_": {"aggr_sums": "octetDeltaCount"}}, "the tables were created with aggr_sums")):
        out, err = empty.print(code=1, **more)
        assert out == "" and err.count(said) == 2, err
    empty.make()
    itself = "mysql://root@localhost/%s?socket=%s" % (head.store.database, head.store.server.socket)
    assert "the database is a reading head itself" in empty.print([url, itself], code=1)[1]


def test_a_database_with_tables_is_left_alone(filled):
    """By mistake: the statements in a store's own database."""
    printed, _ = filled.print()
    first = next(statement for statement in printed.split(";\n") if "CREATE TABLE" in statement)
    before = filled.whole.tables()
    with filled.whole.store.cursor() as cursor, pytest.raises(pymysql.err.OperationalError, match="already exists"):
        cursor.execute(first)
    assert filled.whole.tables() == before == Import(sizes=(60, 600)).add_all(ENTRIES).tables()
