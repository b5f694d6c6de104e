"""What is particular to a store: no array binding, names on a TCP port, accounts, foreign tables, changed settings."""
import random
import sqlite3
import time

import pytest

import generator
import reference
import rig
from generator import one


@pytest.fixture(scope="module")
def known():
    entries = list(generator.flows(15000, seed=95, hosts=1000))
    return entries, reference.Import().add_all(entries).tables()


def test_without_array_binding(make_site, make_store, known):
    site = make_site(store=make_store("mysql", options="&bulk=no"))
    daemon = site.daemon()
    for upto in (7000, 15000):
        site.redis.push(known[0][site.ledger()["entries"]:upto])
        site.settle(upto, daemon)
    daemon.stop()
    rig.assert_tables(site.tables(), known[1])
    site.verify()


@pytest.mark.parametrize("options, packet", [("", 1024), ("&bulk=no", 16384), ("&bulk=no", 1024 * 1024)],
                         ids=["bulk 1K", "text 16K", "text 1M"])
def test_small_packet(make_site, make_maria, make_store, known, options, packet):
    server = make_maria(options=["--max-allowed-packet=%d" % packet])
    site = make_site(store=make_store("mysql", server, options))
    site.import_all(known[0])
    rig.assert_tables(site.tables(), known[1])


def test_a_transaction_too_large_for_the_binary_log(make_site, make_maria, make_store):
    """Error 1197: the generation is read again from its claims and written in halves, each once."""
    server = make_maria(options=["--log-bin=bin", "--binlog-format=ROW", "--binlog-cache-size=32768",
                                 "--max-binlog-cache-size=1048576"])
    site = make_site(store=make_store("mysql", server))
    entries = list(generator.flows(3000, seed=96, hosts=1000))
    site.redis.push(entries)
    daemon = site.daemon()
    site.settle(3000, daemon)
    assert "the server's limit is max_binlog_cache_size" in daemon.output()
    daemon.stop()
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())
    site.verify()
    site.redis.push(entries)
    site.run("--once")
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).add_all(entries).tables())
    site.verify()


def test_a_file_too_large_for_the_binary_log(make_site, make_maria, make_store, folder):
    """It is read again from what is committed on; what is refused is reported and kept once."""
    server = make_maria(options=["--log-bin=bin", "--binlog-format=ROW", "--binlog-cache-size=32768",
                                 "--max-binlog-cache-size=1048576"])
    site = make_site(store=make_store("mysql", server))
    entries = list(generator.flows(6000, seed=97, hosts=1000)) + [raw for _, raw in generator.bad(20)]
    random.Random(97).shuffle(entries)
    refused = [raw for raw in entries if reference.Import().add(raw, int(time.time()))]
    (folder / "file").write_bytes(b"\n".join(entries) + b"\n")
    out, err = site.run("--once", "--rejected", folder / "kept", folder / "file", code=3)
    assert err.count("entries are too many for one transaction") >= 2
    assert ": 6020 entries: 6000 imported, 0 too old, 20 rejected\n" in out
    assert err.count(": rejected: ") == 10 and ": 20 entries were rejected\n" in err
    assert (folder / "kept").read_bytes() == b"".join(raw + b"\n" for raw in refused)
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())
    site.verify()
    _, err = site.run("--once", "-", stdin=b"\n".join(generator.flows(6000, seed=98, hosts=1000)), code=1)
    assert "smaller transactions: --claim-entries" in err


def test_a_binary_log_of_statements(make_site, make_maria, make_store, known):
    """MariaDB can't write array binding there (error 4033)."""
    server = make_maria(options=["--log-bin=bin", "--binlog-format=STATEMENT"])
    site = make_site(store=make_store("mysql", server))
    site.import_all(known[0])
    rig.assert_tables(site.tables(), known[1])


def test_a_refusal_while_running_is_waited_for(make_site, make_maria, make_store, known):
    """A table that somebody renames: the daemon says so, stays, and goes on when it is back."""
    server = make_maria()
    store = make_store("mysql", server)
    site = make_site(store=store, queue={"retry_max": "200ms"})
    daemon = site.daemon()
    site.redis.push(known[0][:100])
    site.settle(100, daemon)
    server.run("RENAME TABLE %s.flows_600_data TO %s.away" % (store.database, store.database))
    site.redis.push(known[0][100:])
    site.wait_claimed()
    daemon.flush()
    rig.wait_for(lambda: "flows_600_data" in daemon.output(), "the error to be told")
    assert daemon.running()
    server.run("RENAME TABLE %s.away TO %s.flows_600_data" % (store.database, store.database))
    site.settle(len(known[0]), daemon)
    daemon.stop()
    rig.assert_tables(site.tables(), known[1])
    site.verify()


DAY = 86400
NOVEMBER = 1699920000  # 2023-11-14


def partitions(site, table="flows_600_data"):
    """[(name, rows)], rows by counting, of the days' partitions and then of the common ones."""
    server, name = site.store.server, site.store.database
    names = [row[0] for row in server.run(
        "SELECT partition_name FROM information_schema.partitions WHERE table_schema = '%s' AND table_name = '%s' "
        "ORDER BY partition_ordinal_position" % (name, table))]
    rows = [(each, server.run("SELECT COUNT(*) FROM %s.%s PARTITION (%s)" % (name, table, each))[0][0])
            for each in names]
    return [row for row in rows if row[0][0] == "d"], [row for row in rows if row[0][0] != "d"]


def test_as_many_days_as_there_are(make_site, make_store):
    """8,200 entries of as many days: no server takes a partition for each."""
    entries = [one(flowStartSeconds=NOVEMBER - i * DAY, flowEndSeconds=NOVEMBER - i * DAY + 1) for i in range(8200)]
    site = make_site(store=make_store("mysql"))
    start = time.monotonic()
    daemon = site.daemon()
    site.redis.push(entries)
    site.settle(8200, daemon)
    assert time.monotonic() - start < 90  # 3 s on an idle machine; a partition for each would take half an hour
    expected = reference.Import().add_all(entries)
    rig.assert_tables(site.tables(), expected.tables())
    days, common = partitions(site)
    assert len(days) <= 1 + 2 * 16 and sum(rows for _, rows in days + common) == 8200
    # The present has days of its own still, and so have days beside them; the common partition keeps its rows.
    more = [one(flowStartSeconds=NOVEMBER + i * DAY, flowEndSeconds=NOVEMBER + i * DAY + 1) for i in (-3000, 1, 2)]
    site.redis.push(more)
    site.settle(8203, daemon)
    rig.assert_tables(site.tables(), expected.add_all(more).tables())
    assert [rows for _, rows in partitions(site)[0][-2:]] == [1, 1]
    daemon.stop()
    site.verify()


@pytest.mark.parametrize("days, rows", [(26, [2800, 3500]), (31, [10501])])
def test_a_full_common_partition_is_not_copied(make_site, make_store, days, rows):
    """A day within a common partition of at most 10,000 rows gets its own; in a larger one it stays where it is."""
    site = make_site(store=make_store("mysql"))
    site.redis.push([one(flowStartSeconds=NOVEMBER - day * DAY, flowEndSeconds=NOVEMBER - day * DAY,
                         sourceTransportPort=i + 1) for day in range(days) for i in range(700)])
    site.run("--once")
    assert [count for _, count in partitions(site)[1] if count] == [(days - 16) * 700]
    site.redis.push([one(flowStartSeconds=NOVEMBER - 20 * DAY, flowEndSeconds=NOVEMBER - 20 * DAY,
                         sourceTransportPort=1000)])
    site.run("--once")
    own, common = partitions(site)
    assert sorted(count for _, count in common if count) == rows
    assert (("d20231025", 701) in own) == (days == 26)
    site.verify()


def test_a_store_made_before(make_site, make_store):
    """A partition for each of 1,600 days, as an earlier version made them: the present goes on having its own."""
    store = make_store("mysql")
    site = make_site(store=store)
    site.run("schema", "install")
    today = int(time.time()) // DAY
    days = ", ".join("PARTITION d%s VALUES LESS THAN (%d)" % (
        time.strftime("%Y%m%d", time.gmtime(day * DAY)), (day + 1) * DAY) for day in range(today - 1602, today - 2))
    first = "PARTITION gap VALUES LESS THAN (%d), " % ((today - 1602) * DAY)
    store.server.run("ALTER TABLE %s.flows_600_data ADD PARTITION (%s%s)" % (store.database, first, days))
    entries = [one(flowStartSeconds=day * DAY, flowEndSeconds=day * DAY) for day in
               (50, 51, today - 2000, today - 1000, today - 1, today)]
    site.redis.push(entries)
    site.run("--once")
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())
    own, common = partitions(site)
    assert [rows for _, rows in own if rows] == [1, 1, 1] and own[-1][1] == own[-2][1] == 1
    assert [rows for _, rows in common if rows] == [3]
    site.verify()


def test_over_tcp_with_a_password(make_site, make_maria, make_store, known):
    server = make_maria(tcp=True)
    store = make_store("mysql", server)
    server.run("CREATE USER 'importer'@'127.0.0.1' IDENTIFIED BY 'p@ss word'",
               "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, CREATE VIEW, SHOW VIEW ON %s.* TO "
               "'importer'@'127.0.0.1'" % store.database)
    store.url = "mysql://importer@127.0.0.1:%d/%s" % (server.port, store.database)
    site = make_site(store=store, store_={"password": "p@ss word"})
    site.import_all(known[0])
    rig.assert_tables(site.tables(), known[1])
    site.verify()


@pytest.mark.parametrize("fault, words", [
    ("password", ["importer"]), ("database", ["nosuch"]), ("privilege", ["importer"])])
def test_refusal_is_told(make_site, make_maria, make_store, fault, words):
    server = make_maria(tcp=True)
    store = make_store("mysql", server)
    server.run("CREATE USER 'importer'@'127.0.0.1' IDENTIFIED BY 'right'",
               "GRANT SELECT ON *.* TO 'importer'@'127.0.0.1'")
    database = "nosuch" if fault == "database" else store.database
    user = "root" if fault == "database" else "importer"
    store.url = "mysql://%s@127.0.0.1:%d/%s" % (user, server.port, database)
    site = make_site(store=store, store_={"password": {"password": "wrong", "privilege": "right"}.get(fault)})
    if fault == "database":
        store.url = "mysql://root@localhost/nosuch?socket=%s" % server.socket
        site.sections["store"]["url"] = store.url
    site.redis.push([one()])
    daemon = site.daemon(ready=False)
    rig.wait_for(lambda: all(word in daemon.output() for word in words) and "denied" in daemon.output().lower() or
                 "nosuch" in daemon.output() or not daemon.running(), daemon.output)
    for word in words:
        assert word in daemon.output(), daemon.output()
    if not daemon.running():
        assert daemon.child.returncode == 1
    assert "right" not in daemon.output().replace("privilege", "")


def test_tables_of_other_keys_are_refused(make_site, make_store, kind):
    store = make_store(kind)
    site = make_site(store=store)
    site.import_all([one()])
    other = make_site(store=store, keys=("sourceIPv4Address", "destinationIPv4Address"))
    _, err = other.run("--once", code=1)
    assert "aggr_values" in err or "sourceTransportPort" in err
    assert len(site.tables()["flows_600"]) == 1


def test_tables_of_the_original_are_refused(make_site, make_store):
    store = make_store("mysql")
    store.server.run("CREATE TABLE %s.flows_600 (bucket INT UNSIGNED, sourceIPv4Address INT UNSIGNED, octets BIGINT)" %
                     store.database)
    site = make_site(store=store)
    site.redis.push([one()])
    _, err = site.run("--once", code=1)
    assert "flows_600" in err
    assert site.redis.client().llen(rig.QUEUE) == 1 or site.claims()


def test_a_size_added_later_starts_empty(make_site, make_store, kind):
    store = make_store(kind)
    make_site(store=store).import_all([one()])
    site = make_site(store=store, sizes=(600, 3600))
    daemon = site.daemon()
    site.redis.push([one(octetDeltaCount=7)])
    site.settle(2, daemon)
    daemon.stop()
    tables = site.tables()
    assert tables["flows_600"][0][6:9] == (20, 1007, 2000000)
    assert tables["flows_3600"][0][6:9] == (10, 7, 1000000)


def test_sqlite_file_that_is_none(make_site):
    site = make_site("sqlite")
    site.store.path.write_bytes(b"this is not a database, but it is long enough to look like a header of one" * 20)
    site.redis.push([one()])
    _, err = site.run("--once", code=1)
    assert str(site.store.path) in err


def test_sqlite_readers_do_not_stop_the_import(make_site):
    site = make_site("sqlite")
    daemon = site.daemon()
    site.redis.push([one()])
    site.settle(1, daemon)
    reader = sqlite3.connect("file:%s?mode=ro" % site.store.path, uri=True, isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute("SELECT SUM(entries) FROM import_ledger").fetchone() == (1,)
    site.redis.push([one()])
    site.settle(2, daemon)
    assert reader.execute("SELECT SUM(entries) FROM import_ledger").fetchone() == (1,)
    reader.close()
    daemon.stop()


def test_sqlite_writer_that_holds_the_lock_is_waited_for(make_site):
    site = make_site("sqlite")
    daemon = site.daemon()
    site.redis.push([one()])
    site.settle(1, daemon)
    writer = sqlite3.connect(str(site.store.path), isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    site.redis.push([one()])
    daemon.flush()
    rig.wait_for(lambda: not site.redis.client().exists(rig.QUEUE), "the entry to be claimed")
    assert site.ledger()["entries"] == 1
    writer.execute("ROLLBACK")
    writer.close()
    site.settle(2, daemon)
    daemon.stop()


def test_sqlite_file_moved_away_under_the_daemon(make_site):
    site = make_site("sqlite")
    daemon = site.daemon()
    site.redis.push([one()])
    site.settle(1, daemon)
    path, away = site.store.path, site.store.path.with_suffix(".away")
    path.rename(away)
    site.redis.push([one()])

    def noticed():
        daemon.flush()  # until it has something to write
        return "was moved or removed while it was open; put it back" in daemon.output()
    rig.wait_for(noticed, daemon.output)
    assert not path.exists()
    away.rename(path)
    site.settle(2, daemon)
    daemon.stop()
    site.verify()
    assert path.stat().st_mode & 0o777 == 0o640


def test_sqlite_log_is_short_behind_a_large_import(make_site, known):
    """The daemon's own moments: more than SQLite's 4 MiB go through the log, and nothing of it is left."""
    site = make_site("sqlite")
    daemon = site.daemon()
    log = site.store.path.with_name(site.store.path.name + "-wal")
    for first in (0, 5000, 10000):
        site.redis.push(known[0][first:first + 5000])
        site.settle(first + 5000, daemon)
    reader = sqlite3.connect("file:%s?mode=ro" % site.store.path, uri=True, isolation_level=None)
    assert reader.execute("SELECT SUM(entries) FROM import_ledger").fetchone() == (15000,)
    rig.wait_for(lambda: log.stat().st_size == 0, lambda: "the log to be emptied: %d bytes" % log.stat().st_size)
    reader.close()
    daemon.stop()
    rig.assert_tables(site.tables(), known[1])


def old_tables(site, *statements):
    """The store as an older version made it: without STRICT."""
    ddl, _ = site.run("schema", "print")
    assert ddl.count(" STRICT,") > 10
    with sqlite3.connect(str(site.store.path)) as db:
        db.executescript(ddl.replace(" STRICT,", "") + ";".join(statements))
    db.close()


def not_strict(site):
    with sqlite3.connect(str(site.store.path)) as db:
        return sorted(name for name, in db.execute(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0 "
            "AND name NOT LIKE 'sqlite_%'"))


def test_sqlite_store_of_before_strict(make_site):
    site = make_site("sqlite")
    old_tables(site, "INSERT INTO flows_600_data VALUES (1700000400, 1, 2, 3, 4, 6, 10, 9223372036854775807, 1000000)",
               "UPDATE flows_600_data SET octetDeltaCount = octetDeltaCount + 1")
    site.redis.push([one()])
    _, err = site.run("--once")
    assert err.count("of an older version, so that no sum runs out or turns into a real number") == 1
    assert not_strict(site) == []
    with sqlite3.connect(str(site.store.path)) as db:
        assert list(db.execute("SELECT octetDeltaCount FROM flows_600_data WHERE sourceIPv4Address = 1")) == [
            (2**63 - 1,)]
        db.execute("DELETE FROM flows_600_data WHERE octetDeltaCount = 9223372036854775807")
    db.close()
    site.verify()
    _, err = site.run("schema", "install")
    assert "rewriting" not in err
