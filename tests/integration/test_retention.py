"""Retention: what goes and what stays, told by a separate calculation; what the event scheduler's traps look like."""
import contextlib
import datetime
import json
import re
import sqlite3
import subprocess
import urllib.request

import pymysql
import pytest

import reference
import rig
from generator import one

DAY = 86400
NOW = 1700050000  # 2023-11-15 12:06:40 UTC
TODAY = NOW - NOW % DAY
FIRST = TODAY - 400 * DAY
SIZES = (600, 3600, 86400)
KEEP = {600: 30 * DAY, 3600: 100 * DAY, 86400: 365 * DAY}
KEEP_TEXT = ["--keep", "600=30d", "--keep", "3600=100d", "--keep", "86400=1y"]


def cutoff(keep, now=NOW):
    return (now - keep) // DAY * DAY


def size_of(table):
    last = table.rsplit("_", 1)[-1]
    return int(last) if last.isdigit() else 0


def kept(tables, cutoffs):
    """The tables without the rows of buckets before their size's cutoff."""
    out = {}
    for name, rows in tables.items():
        at = 1 if "index_" in name else 0
        out[name] = [row for row in rows if not size_of(name) or row[at] >= cutoffs.get(size_of(name), 0)]
    return out


def year(step=6 * 3600):
    """A few flows for each quarter of 400 days, some across midnight, some of IPv6."""
    entries = []
    for i, at in enumerate(range(FIRST, TODAY + DAY, step)):
        entries.append(one(flowStartSeconds=at - 300, flowEndSeconds=at + 400, octetDeltaCount=1000 + i,
                           sourceTransportPort=1024 + i % 50))
        entries.append(one(flowStartSeconds=at + 3600, flowEndSeconds=at + 3600, octetDeltaCount=77))
        if i % 3 == 0:
            entries.append(one(sourceIPv4Address=None, destinationIPv4Address=None, sourceIPv6Address="2001:db8::1",
                               destinationIPv6Address="2001:db8::2", flowStartSeconds=at + 7200,
                               flowEndSeconds=at + 7300))
    return entries


def drops(out):
    """{table: rows} of what `retention run --dry-run` prints."""
    found = re.findall(r"^(\w+_\d+) +\d{4}-\d\d-\d\d +\d{4}-\d\d-\d\d +(\d+) +(\d+) ", out, re.M)
    return {name: (int(buckets), int(rows)) for name, buckets, rows in found}


def log(store, columns="what, object, n_rows, error", where="1 = 1"):
    with store.cursor() as cursor:
        cursor.execute("SELECT %s FROM flowimport_retention_log WHERE %s ORDER BY run_at, number" % (columns, where))
        rows = cursor.fetchall()
    return [tuple(value.decode() if isinstance(value, bytes) else value for value in row) for row in rows]


def partitions(store, table):
    rows = store.server.run("SELECT partition_name, partition_description FROM information_schema.partitions "
                            "WHERE table_schema = '%s' AND table_name = '%s' ORDER BY partition_ordinal_position" %
                            (store.database, table))
    return [(name, int(end)) for name, end in rows]


def day_name(prefix, at):
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime(prefix + "%Y%m%d")


@pytest.fixture
def definer(maria):
    """The account that sql/retention.sql names; what it may is each test's business."""
    maria.run("CREATE USER IF NOT EXISTS 'flowimport_retention'@'localhost'")
    yield "'flowimport_retention'@'localhost'"
    maria.run("DROP USER 'flowimport_retention'@'localhost'")


def script_run(server, database, text):
    """An SQL script as the command-line client takes it, with its DELIMITER lines."""
    delimiter, statement = ";", ""
    with contextlib.closing(server.connect(database)) as connection, connection.cursor() as cursor:
        for line in text.splitlines():
            if line.startswith("DELIMITER "):
                delimiter = line.split()[1]
            elif statement or (line and not line.startswith("--")):
                statement += line + "\n"
                if line.endswith(delimiter):
                    cursor.execute(statement.rstrip("\n")[:-len(delimiter)])
                    statement = ""
    assert not statement


def installed(make_site, make_store, kind, **options):
    """A site with the event's account and grants in place."""
    site = make_site(store=make_store(kind), **options)
    site.run("schema", "install")
    if kind == "mysql":
        grants, _ = site.run("schema", "print", "grants")
        script_run(site.store.server, site.store.database, grants)
    return site


def run_at(site, now, *words, code=0):
    return site.run("retention", "run", "--at", now, *words, code=code)


# What goes, what stays -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["mysql", "sqlite"])
def test_400_days_of_three_sizes(make_site, make_store, definer, kind):
    entries = year()
    expected = reference.Import(sizes=SIZES).add_all(entries).tables()
    site = installed(make_site, make_store, kind, sizes=SIZES, retention={"keep": "600=30d, 3600=100d, 86400=1y"})
    flows = site.folder / "year.json"
    flows.write_bytes(b"\n".join(entries) + b"\n")
    site.run("--once", flows)
    rig.assert_tables(site.tables(), expected)
    if kind == "mysql":
        assert "600=30d, 3600=100d, 86400=1y" in site.run("retention", "install", code=1)[0]
    cutoffs = {size: cutoff(KEEP[size]) for size in SIZES}
    left = kept(expected, cutoffs)
    preview = drops(run_at(site, NOW, "--dry-run")[0])
    rig.assert_tables(site.tables(), expected)
    gone = {name: len(expected[name]) - len(left[name]) for name in expected if len(expected[name]) > len(left[name])}
    assert {name: rows for name, (_, rows) in preview.items()} == gone
    assert preview["flows_aggr_600"][0] == gone["flows_aggr_600"]
    out, _ = run_at(site, NOW)
    for name, rows in gone.items():  # the server's own count is an estimate
        assert re.search(r"^%s_data: %s rows dropped$" % (name, rows if kind == "sqlite" else r"\d+"), out, re.M), out
    rig.assert_tables(site.tables(), left)
    site.verify()
    assert run_at(site, NOW)[0] == "nothing has expired\n"
    assert run_at(site, NOW, "--dry-run")[0] == "nothing has expired\n"
    if kind == "mysql":
        # All came in one transaction: 16 days got partitions of their own, the others have one in common.
        first = partitions(site.store, "flows_600_data")[:3]
        assert first == [("d19700101", DAY), (day_name("gap", TODAY - 15 * DAY), TODAY - 15 * DAY),
                         (day_name("d", TODAY - 15 * DAY), TODAY - 14 * DAY)]
        assert partitions(site.store, "flows_600_data")[-1] == (day_name("d", TODAY + 7 * DAY), TODAY + 8 * DAY)
    # A flow for a day that is gone goes to a day of its own, and goes with the next run.
    late = one(flowStartSeconds=FIRST + 10 * DAY, flowEndSeconds=FIRST + 10 * DAY)
    site.run("--once", "-", stdin=late)
    assert len(site.tables()["flows_600"]) == len(left["flows_600"]) + 1
    site.verify()
    run_at(site, NOW + 3600)
    tables = site.tables()
    assert {name: rows for name, rows in tables.items() if size_of(name)} == {
        name: rows for name, rows in left.items() if size_of(name)}
    assert len(tables["index_nodes"]) == len(left["index_nodes"])
    site.verify()


def names(site, table="flows_600_data"):
    return [name for name, _ in partitions(site.store, table)]


def daily(days):
    return [one(flowStartSeconds=TODAY - i * DAY, flowEndSeconds=TODAY - i * DAY) for i in range(days)]


def test_the_last_that_has_expired_covers_the_days_of_all(make_site, make_store, definer):
    """One statement drops the others; this one is emptied, keeps its name, and a late flow does not split a kept one."""
    site = installed(make_site, make_store, "mysql", retention={"keep": "600=15d"})
    site.run("--once", "-", stdin=b"\n".join(daily(16)) + b"\n")
    site.run("retention", "install", code=1)  # the server's event scheduler is off
    gap, first = day_name("gap", TODAY - 15 * DAY), day_name("d", TODAY - 15 * DAY)
    assert names(site)[:3] == ["d19700101", gap, first]
    run_at(site, NOW)
    assert names(site)[:2] == [gap, first]
    run_at(site, NOW + DAY)
    assert names(site)[:2] == [first, day_name("d", TODAY - 14 * DAY)]
    late = TODAY - 40 * DAY
    site.run("--once", "-", stdin=one(flowStartSeconds=late, flowEndSeconds=late))
    assert names(site)[:4] == [day_name("gap", late), day_name("d", late), gap, first + "_2"]
    run_at(site, NOW + DAY + 3600)
    assert names(site)[:2] == [first + "_2", day_name("d", TODAY - 14 * DAY)]
    assert [row[0] for row in site.tables()["flows_600"]] == [TODAY - i * DAY for i in range(14, -1, -1)]
    site.verify()


def test_days_are_split_off_from_a_common_partition(make_site, make_store, definer):
    """In steps of 64, also if it is killed between two; no row changes, and retention can drop the days as a whole."""
    entries = daily(101)
    site = installed(make_site, make_store, "mysql", retention={"keep": "600=50d"})
    flows = site.folder / "year.json"
    flows.write_bytes(b"\n".join(entries) + b"\n")
    site.run("--once", flows)
    everything, before = site.tables(), names(site)
    preview, _ = site.run("retention", "split", "--dry-run")
    found = re.findall(r"^(\w+_data): partition (gap\d+): (\d+) rows of (\d+) days: would be split$", preview, re.M)
    assert {table for table, _, _, _ in found} == {name + "_600_data" for name in (
        "flows", "flows_aggr", "index_nodes", "index_ports")}
    assert {n for _, _, _, n in found} == {"85"}  # 16 have partitions of their own
    assert preview.endswith("would be split off: 340 days in 4 tables\n")
    assert names(site) == before
    # Killed behind its first statement.
    child = rig.Process(site.command("retention", "split"), site.folder, "split")
    site.processes.append(child)
    rig.wait_for(lambda: len(names(site)) >= len(before) + 64, "a step", step=0.01)
    child.kill()
    rig.assert_tables(site.tables(), everything)
    out, _ = site.run("retention", "split")
    assert re.search(r"^split off: \d+ days in \d tables$", out, re.M)
    rig.assert_tables(site.tables(), everything)
    assert [name for name in names(site) if name.startswith("gap")] == [day_name("gap", TODAY - 100 * DAY)]
    assert len(names(site)) == 103
    assert site.run("retention", "split")[0] == "nothing to split: no days share a partition\n"
    site.run("--once", "--again", flows)
    site.verify()
    site.run("retention", "install", code=1)
    run_at(site, NOW)
    assert names(site)[1:3] == [day_name("d", TODAY - 50 * DAY), day_name("d", TODAY - 49 * DAY)]
    site.verify()


def test_split_waits_for_retention_and_for_writers(make_site, make_store, definer):
    entries = daily(20)
    site = installed(make_site, make_store, "mysql", retention={"keep": "600=100d"})
    site.run("--once", "-", stdin=b"\n".join(entries))
    server, name = site.store.server, site.store.database
    with contextlib.closing(server.connect(name)) as other, other.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK('flowimport.%s', 0)" % name)
        _, err = site.run("retention", "split", code=1)
        assert "retention is running: try again later" in err
    with server.locked(name, "flows_aggr_600_data"):
        child = rig.Process(site.command("retention", "split"), site.folder, "split")
        site.processes.append(child)
        rig.wait_for(lambda: server.run("SELECT 1 FROM information_schema.processlist WHERE state LIKE '%metadata lock%'"),
                     "the split to wait")
        assert child.running()
    assert child.wait() == 0, child.output()
    assert "split off: " in child.output()
    site.verify()


def test_the_event_leaves_a_table_alone_that_is_nearly_full(make_site, make_store, definer):
    """9 more partitions would not fit under 8192; the importer makes what it needs itself."""
    if rig.IS_ORACLE:
        pytest.skip("MySQL partitions InnoDB's tables alone: thousands of files")
    site = installed(make_site, make_store, "mysql", retention={"keep": "600=100y"})
    site.run("retention", "install", code=1)
    table, server = "flows_aggr_600_data", site.store.server
    for n, made in ((8183, False), (8182, True)):
        end = NOW // DAY - 1
        pieces = ", ".join("PARTITION p%d VALUES LESS THAN (%d)" % (i, (end - n + 1 + i) * DAY) for i in range(n))
        server.run("USE %s" % site.store.database, "DROP TABLE %s" % table,
                   "CREATE TABLE %s (bucket INT UNSIGNED NOT NULL) ENGINE = MEMORY PARTITION BY RANGE (bucket) (%s)" %
                   (table, pieces))
        server.run("USE %s" % site.store.database, "CALL flowimport_retention_run(%d)" % NOW)
        assert len(partitions(site.store, table)) == (n + 9 if made else n)
        assert not [line for line in log(site.store) if line[1] == table and line[3]]


def test_a_partition_with_one_unexpired_row_stays(make_site, make_store, definer):
    site = installed(make_site, make_store, "mysql", retention={"keep": "600=2d"})
    edge = TODAY - 600  # the last bucket of yesterday, and the first of today
    site.run("--once", "-", stdin=b"\n".join([one(flowStartSeconds=at, flowEndSeconds=at) for at in
                                              (edge - DAY + 600, edge, edge + 600)]))
    site.run("retention", "install", code=1)
    everything = site.tables()
    run_at(site, edge + 2 * DAY + 599)
    assert site.tables() == everything
    run_at(site, edge + 2 * DAY + 600)  # yesterday's last bucket began two days ago
    assert [row[0] for row in site.tables()["flows_600"]] == [edge + 600]
    site.verify()


def test_scheduler_off_for_weeks(make_site, make_store, definer):
    """Today's rows find a partition of today's, and what the next run makes does not collide with it."""
    site = installed(make_site, make_store, "mysql", retention={"keep": "600=30d"})
    site.run("retention", "install", code=1)
    run_at(site, NOW)
    later = TODAY + 40 * DAY
    site.run("--once", "-", stdin=one(flowStartSeconds=later, flowEndSeconds=later))
    names = partitions(site.store, "flows_600_data")
    assert names[-2:] == [(day_name("gap", later), later), (day_name("d", later), later + DAY)]
    run_at(site, later)
    names = partitions(site.store, "flows_600_data")
    assert names[0] == (day_name("d", TODAY + 7 * DAY), TODAY + 8 * DAY)
    assert names[1] == (day_name("gap", later), later)
    assert [name for name, _ in names[2:]] == [day_name("d", later + i * DAY) for i in range(8)]
    assert len(site.tables()["flows_600"]) == 1
    assert log(site.store, where="error IS NOT NULL") == []


def test_max_size_drops_the_oldest_first(make_site, make_store, definer, kind):
    entries = [one(flowStartSeconds=TODAY - day * DAY + i, flowEndSeconds=TODAY - day * DAY + i,
                   sourceTransportPort=1 + i, sourceIPv4Address=0x0a000000 + i, octetDeltaCount=1000)
               for day in range(12) for i in range(3000 if kind == "sqlite" else 300)]
    site = installed(make_site, make_store, kind, sizes=(600, 3600), retention={"keep": "600=8d"})
    site.run("--once", "-", stdin=b"\n".join(entries))
    if kind == "mysql":
        site.run("retention", "install", code=1)
        run_at(site, NOW - 1)  # the partitions of the coming week take room, too
        # So that the size below is not as the server happens to know it.
        site.store.server.run(*["ANALYZE TABLE %s.%s_data" % (site.store.database, name) for name in site.tables()])
    full = site.tables()
    out, _ = run_at(site, NOW, "--dry-run", "--max-size", "1K")
    assert "max_size is 1024 bytes" in out
    taken = site.store.server.run("SELECT SUM(data_length + index_length) FROM information_schema.tables WHERE "
                                  "table_schema = '%s'" % site.store.database)[0][0] if kind == "mysql" else 12 << 20
    size = int(taken) // 2
    out, _ = run_at(site, NOW, "--dry-run", "--max-size", size)
    foreseen = {name: rows for name, (_, rows) in drops(out).items()}
    assert len(foreseen) >= 8 and "flows_3600" in foreseen
    if kind == "mysql":
        site.run("retention", "install", "--max-size", size, code=1)
        run_at(site, NOW)
    else:
        run_at(site, NOW, "--max-size", size)
    left = site.tables()
    days = {name: sorted({row[1 if "index" in name else 0] // DAY for row in rows}) for name, rows in left.items()
            if size_of(name)}
    assert all(found == days["flows_600"] for found in days.values() if found), days
    assert 0 < len(days["flows_600"]) < 8  # keep alone would have left more
    assert days["flows_600"][-1] == TODAY // DAY and days["flows_600"] == list(
        range(days["flows_600"][0], TODAY // DAY + 1))
    if kind == "mysql":  # SQLite's is an estimate by the average row
        assert {name: len(full[name]) - len(left[name]) for name in foreseen} == foreseen
    site.verify()


@pytest.fixture
def unmeasured(maria):
    """A server that has not come to measuring what was written, which takes it ten seconds a partition."""
    maria.run("SET GLOBAL innodb_stats_auto_recalc = OFF")
    yield
    maria.run("SET GLOBAL innodb_stats_auto_recalc = ON")


def test_max_size_goes_by_what_was_just_written(make_site, make_store, definer, unmeasured):
    site = installed(make_site, make_store, "mysql", sizes=(600,))

    def write(first, end):
        site.run("--once", "-", stdin=b"\n".join(
            one(flowStartSeconds=TODAY - day * DAY + i, flowEndSeconds=TODAY - day * DAY + i, sourceTransportPort=1 + i)
            for day in range(1, 10) for i in range(first, end)))
    write(0, 10)
    site.run("retention", "install", "--max-size", "1T", code=1)
    run_at(site, NOW - 1)  # and measured by it
    write(10, 1500)
    server = site.store.server
    tables = ["%s.%s_data" % (site.store.database, name) for name in site.tables() if size_of(name)]
    sizes = ("SELECT SUM(data_length + index_length) FROM information_schema.tables WHERE table_schema = '%s'" %
             site.store.database)
    expiry = ["SET information_schema_stats_expiry = 0"] if rig.IS_ORACLE else []
    told = int(server.run(*expiry, sizes)[0][0])
    # Without the right to measure, what the server tells is believed.
    server.run(*["REVOKE INSERT ON %s FROM %s" % (table, definer) for table in tables])
    site.run("retention", "install", "--max-size", told * 5 // 4, code=1)
    assert "nothing has expired" in run_at(site, NOW)[0]
    server.run(*["GRANT INSERT ON %s TO %s" % (table, definer) for table in tables])
    foreseen = drops(run_at(site, NOW, "--dry-run")[0])["flows_600"]
    assert foreseen[1] >= 1500
    before = len(site.tables()["flows_600"])
    assert "flows_600_data: " in run_at(site, NOW)[0]
    assert before - len(site.tables()["flows_600"]) == foreseen[1]
    assert log(site.store, where="error IS NOT NULL") == []
    site.verify()


def test_max_size_that_today_alone_exceeds(make_site, make_store, definer, kind):
    site = installed(make_site, make_store, kind, retention={"max_size": "1K"})
    site.run("--once", "-", stdin=one(flowStartSeconds=NOW, flowEndSeconds=NOW))
    if kind == "mysql":
        site.run("retention", "install", code=1)
    _, err = run_at(site, NOW, code=1)
    assert "no full day is left to drop" in err
    assert len(site.tables()["flows_600"]) == 1


def test_a_reader_is_waited_for(make_site, make_store, definer):
    """A backup or an audit that holds a table: nothing is lost by waiting, and the run goes on behind it."""
    site = installed(make_site, make_store, "mysql", retention={"keep": "600=2d"})
    site.run("--once", "-", stdin=one(flowStartSeconds=TODAY - 9 * DAY, flowEndSeconds=TODAY - 9 * DAY))
    site.run("retention", "install", code=1)
    server, name = site.store.server, site.store.database
    with server.locked(name, "flows_aggr_600_data"):
        run = subprocess.Popen(site.command("retention", "run", "--at", NOW), stdout=subprocess.PIPE)
        rig.wait_for(lambda: server.run("SELECT 1 FROM information_schema.processlist WHERE state LIKE '%metadata lock%'"),
                     "the run to wait")
        assert run.poll() is None
    assert "flows_aggr_600_data" in run.communicate(timeout=rig.BOUND)[0].decode()
    assert run.returncode == 0
    assert site.tables()["flows_aggr_600"] == []
    assert log(site.store, where="error IS NOT NULL") == []


def test_the_delete_event_of_today_still_works(make_site, make_store):
    """What flow-inspector's users run: DELETE by bucket, from the names that they know. MySQL's views take it."""
    site = make_site(store=make_store("mysql"))
    site.run("--once", "-", stdin=b"\n".join([one(flowStartSeconds=TODAY + day * DAY, flowEndSeconds=TODAY + day * DAY)
                                              for day in range(-5, 1)]))
    server, name = site.store.server, site.store.database
    before = TODAY - 2 * DAY
    tables = ("flows_600", "flows_aggr_600", "index_nodes_600", "index_ports_600")
    statements = "".join("DELETE FROM %s WHERE bucket < %d; " % (table, before) for table in tables)
    server.run("SET GLOBAL event_scheduler = ON",
               "CREATE EVENT %s.cleanup ON SCHEDULE EVERY 1 SECOND DO BEGIN %s END" % (name, statements))
    try:
        rig.wait_for(lambda: len(site.tables()["index_ports_600"]) == 9, "the event to run")
    finally:
        server.run("SET GLOBAL event_scheduler = OFF", "DROP EVENT %s.cleanup" % name)
    assert [row[0] for row in site.tables()["flows_600"]] == [before, before + DAY, TODAY]
    site.verify()


# SQLite: the daemon --------------------------------------------------------------------------------------------------


def test_sqlite_daemon_drops_between_its_flushes(make_site):
    now = int(datetime.datetime.now().timestamp())
    old = now - now % DAY - 10 * DAY
    site = make_site("sqlite", retention={"keep": "600=3d"})
    site.run("--once", "-", stdin=b"\n".join(
        [one(flowStartSeconds=old + i, flowEndSeconds=old + i, sourceTransportPort=i % 60000 + 1,
             sourceIPv4Address=0x0a000000 + i // 60000) for i in range(25000)]))  # three slices of one table
    assert len(site.tables()["flows_600"]) == 25000
    daemon = site.daemon()
    site.redis.push([one(flowStartSeconds=now, flowEndSeconds=now)])
    site.settle(25001, daemon)
    rig.wait_for(lambda: len(site.tables()["index_nodes_600"]) == 3, "the old rows to be dropped")
    rig.wait_for(lambda: log(site.store, "error", "what = 'run'") == [(None,)], "the run to be over")
    assert [(what, table, rows) for what, table, rows, _ in log(site.store) if table == "flows_600_data"] == [
        ("drop", "flows_600_data", 25000)]
    assert len(site.tables()["flows_600"]) == 1
    site.verify()
    assert "state      ok" in site.run("retention", "status")[0]
    daemon.stop()


@pytest.mark.parametrize("fails", [False, True])
def test_the_daemon_shows_the_last_run(make_site, make_store, definer, fails):
    """Also of MySQL's event, from the log that it writes."""
    site = installed(make_site, make_store, "mysql", retention={"keep": "600=3d"}, http={"listen": "127.0.0.1:0"})
    site.run("retention", "install", code=1)
    at = int(datetime.datetime.now().timestamp())
    if fails:
        site.store.server.run("REVOKE ALTER ON %s.flows_600_data FROM 'flowimport_retention'@'localhost'" %
                              site.store.database)
    run_at(site, at, code=1 if fails else 0)
    daemon = site.daemon()

    def shown():
        port = re.search(r"127\.0\.0\.1:(\d+)", daemon.output())
        if not port:
            return None
        with urllib.request.urlopen("http://127.0.0.1:%s/status" % port[1], timeout=rig.BOUND) as answer:
            retention = json.load(answer)["retention"]
        return retention if retention["last_run_timestamp_seconds"] else None
    assert rig.wait_for(shown, "the run to be shown") == {
        "rules": "600=3d", "configured": 1, "last_run_timestamp_seconds": at, "last_run_failed": int(fails)}
    daemon.stop()


@pytest.mark.parametrize("days", [0, 2])
def test_the_daemon_tells_that_no_run_succeeds(make_site, make_store, definer, days):
    """For a day: in its log and in /healthz."""
    site = installed(make_site, make_store, "mysql", retention={"keep": "600=30d"}, http={"listen": "127.0.0.1:0"})
    site.run("retention", "install", code=1)
    at = int(datetime.datetime.now().timestamp()) - days * DAY
    run_at(site, at)
    site.store.server.run("INSERT INTO %s.flowimport_retention_log (run_at, number, what, object, n_rows, bytes, error) "
                          "VALUES (%d, 1, 'run', '', 0, 0, 'it was broken off')" % (site.store.database, at + 60))
    daemon = site.daemon()

    def asked(path):
        port = rig.wait_for(lambda: re.search(r"127\.0\.0\.1:(\d+)", daemon.output()), daemon.output)
        try:
            with urllib.request.urlopen("http://127.0.0.1:%s/%s" % (port[1], path), timeout=rig.BOUND) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.read().decode()
    rig.wait_for(lambda: json.loads(asked("status"))["retention"]["last_run_timestamp_seconds"], "a look at the log")
    date = datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%d")
    words = "has succeeded since " + date
    assert (words in asked("healthz")) == (words in daemon.output()) == (days > 0), asked("healthz") + daemon.output()
    daemon.stop()


def test_sqlite_verifies_in_the_middle_of_a_run(make_site):
    """Slices are committed one by one: one table's rows are gone and another's are not."""
    site = make_site("sqlite", retention={"keep": "600=1d"})
    start = TODAY - 9 * DAY
    site.run("--once", "-", stdin=b"\n".join([one(flowStartSeconds=start + i, flowEndSeconds=start + i,
                                                  sourceTransportPort=i % 60000 + 1) for i in range(12000)]))
    with contextlib.closing(sqlite3.connect(site.store.path, isolation_level=None)) as writer:
        writer.execute("INSERT INTO flowimport_schema VALUES ('size_600_expired', ?)", (str(TODAY - 8 * DAY),))
        writer.execute("DELETE FROM flows_600_data WHERE sourceTransportPort < 5000")
    site.verify()
    run_at(site, NOW)
    assert site.tables()["flows_600"] == []
    site.verify()


def test_sqlite_has_nothing_to_install(make_site):
    site = make_site("sqlite")
    for verb in ("install", "remove"):
        _, err = site.run("retention", verb, "--keep", "600=1d", code=2)
        assert err == ("flowimport: retention %s: SQLite has neither events nor partitions; flowimportd drops expired rows according to [retention] in its configuration\n" % verb)


# The event and its traps ---------------------------------------------------------------------------------------------


def test_the_event_runs(make_site, make_store, make_maria):
    server = make_maria(options=["--event-scheduler=ON"])
    now = int(datetime.datetime.now().timestamp())
    today = now - now % DAY
    site = installed(make_site, lambda kind: make_store(kind, server), "mysql", retention={"keep": "600=3d"})
    site.run("--once", "-", stdin=b"\n".join([one(flowStartSeconds=today - day * DAY, flowEndSeconds=today - day * DAY)
                                              for day in range(10)]))
    out, _ = site.run("retention", "install")
    assert out == "event      created; it runs every hour\ninstalled  600=3d\nstate      ok\n"
    rig.wait_for(lambda: log(site.store, "error", "what = 'run'") == [(None,)], "the event to run")
    first = cutoff(3 * DAY, now)
    assert [row[0] for row in site.tables()["flows_600"]] == [at for at in range(first, today + 1, DAY)]
    assert partitions(site.store, "flows_600_data")[-1][1] == today + 8 * DAY
    site.verify()
    status, _ = site.run("retention", "status")
    assert status.endswith("configured 600=3d\ninstalled  600=3d\nstate      ok\n")


def test_installing_twice_changes_nothing(make_site, make_store, definer):
    site = installed(make_site, make_store, "mysql", retention={"keep": "600=3d"})
    server, name = site.store.server, site.store.database

    def state():
        return (server.run("SELECT routine_name, definer, created, last_altered, routine_definition FROM "
                           "information_schema.routines WHERE routine_schema = '%s' ORDER BY 1" % name),
                server.run("SELECT * FROM information_schema.events WHERE event_schema = '%s'" % name),
                server.run("SELECT * FROM %s.flowimport_retention" % name))
    site.run("retention", "install", code=1)
    before = state()
    assert len(before[0]) == 10 and len(before[1]) == 1
    out, _ = site.run("retention", "install", code=1)
    assert out.startswith("event      already installed\nunchanged  600=3d\n")
    assert state() == before
    # A person who runs the file by hand gets the same bodies.
    script_run(server, name, (rig.TOP / "sql" / "retention.sql").read_text())
    assert [(row[0], row[1], row[4]) for row in state()[0]] == [(row[0], row[1], row[4]) for row in before[0]]
    out, _ = site.run("retention", "install", code=1)
    assert out.startswith("event      already installed\n")
    # What somebody has changed is put right.
    server.run("DROP PROCEDURE %s.flowimport_retention_note" % name,
               "ALTER EVENT %s.flowimport_retention DISABLE" % name)
    out, _ = site.run("retention", "install", "--keep", "600=4d", code=1)
    assert out.startswith("event      created; it runs every hour\ninstalled  600=4d\n")
    assert "is disabled" not in out
    assert site.run("retention", "remove")[0] == "removed; everything is kept from now on\n"
    assert site.run("retention", "remove")[0] == "nothing to remove\n"
    assert [len(part) for part in state()] == [0, 0, 0]


def status_of(site, code=1):
    """{problem: remedy}"""
    out, _ = site.run("retention", "status", code=code)
    return dict(re.findall(r"^problem +(.*)\n +fix: (.*)$", out, re.M))


@pytest.mark.parametrize("option, problem, remedy", [
    ("OFF", "the server's event scheduler is off: no event runs",
     "SET GLOBAL event_scheduler = ON; and event_scheduler = ON under [mysqld] in the server's configuration, so that "
     "it stays on"),
    ("DISABLED", "the server was started with its event scheduler disabled: no event runs",
     "set event_scheduler = ON under [mysqld] in the server's configuration, and restart the server")])
def test_status_scheduler(make_site, make_store, make_maria, option, problem, remedy):
    server = make_maria(options=["--event-scheduler=%s" % option])
    site = installed(make_site, lambda kind: make_store(kind, server), "mysql", retention={"keep": "600=3d"})
    site.run("retention", "install", code=1)
    assert status_of(site) == {problem: remedy}
    if option == "DISABLED":
        return
    # An event that was made while it was off runs at once only if it is switched on in the same second, else within an
    # hour: here always the latter.
    server.run("ALTER DEFINER = 'flowimport_retention'@'localhost' EVENT %s.flowimport_retention "
               "ON SCHEDULE EVERY 1 HOUR STARTS NOW() + INTERVAL 1 HOUR" % site.store.database,
               "SET GLOBAL event_scheduler = ON")
    if rig.IS_ORACLE:  # on is its default
        assert status_of(site, code=0) == {}
        return
    assert status_of(site) == {"the server's event scheduler was switched on by hand: a restart turns it off again":
                               "set event_scheduler = ON under [mysqld] in the server's configuration"}


def test_status_of_what_goes_wrong_later(make_site, make_store, make_maria):
    server = make_maria(options=["--event-scheduler=ON"])
    site = installed(make_site, lambda kind: make_store(kind, server), "mysql", retention={"keep": "600=3d"})
    name = site.store.database
    site.run("retention", "install")
    rig.wait_for(lambda: log(site.store, "error", "what = 'run'") == [(None,)], "the event to run")
    assert status_of(site, code=0) == {}
    alter = "ALTER DEFINER = 'flowimport_retention'@'localhost' EVENT %s.flowimport_retention " % name
    server.run(alter + "DISABLE")
    assert status_of(site) == {"the event flowimport_retention is disabled": "flowimport retention install"}
    server.run(alter + "DISABLE ON SLAVE")
    assert status_of(site) == {
        "the event flowimport_retention is disabled because this server is, or was, a replica: the source runs it":
        "after a failover: ALTER DEFINER = 'flowimport_retention'@'localhost' EVENT flowimport_retention ENABLE"}
    server.run("ALTER EVENT %s.flowimport_retention ENABLE" % name)
    assert status_of(site) == {"the event belongs to root@localhost and the procedure it calls to flowimport_retention@localhost: one of them was altered or removed":
                               "flowimport retention install"}
    site.run("retention", "install")
    server.run("REVOKE DROP ON %s.flows_600_data FROM 'flowimport_retention'@'localhost'" % name)
    assert status_of(site) == {
        "the definer of the event, flowimport_retention@localhost, lacks required privileges on flows_600_data":
        "GRANT SELECT, INSERT, DELETE, ALTER, DROP ON flows_600_data TO 'flowimport_retention'@'localhost'"}
    # Then a run fails, half: the other tables are done, and it says what was not.
    now = int(datetime.datetime.now().timestamp())
    site.run("--once", "-", stdin=one(flowStartSeconds=now - 9 * DAY, flowEndSeconds=now - 9 * DAY))
    _, err = site.run("retention", "run", code=1)
    assert "flows_600_data: DROP command denied to user 'flowimport_retention'@'localhost'" in err
    tables = site.tables()
    assert (len(tables["flows_600"]), len(tables["flows_aggr_600"])) == (1, 0)
    problems = status_of(site)
    assert any(re.fullmatch("the last run, at .*Z, failed: 1 of its steps failed", text) for text in problems)
    assert any(text.startswith("flows_600_data: DROP command denied") for text in problems)
    site.verify()  # what has expired is not compared
    server.run("DROP USER 'flowimport_retention'@'localhost'")
    assert ("the definer of the event, the account flowimport_retention@localhost, does not exist (any more): the event can't run" in status_of(site))
    grants, _ = site.run("schema", "print", "grants")
    script_run(server, name, grants)
    site.run("retention", "run")
    assert site.tables()["flows_600"] == []
    assert status_of(site, code=0) == {}
    # No run for hours, and partitions that end.
    problems = dict(re.findall(r"^problem +(.*)\n +fix: (.*)$",
                               site.run("retention", "status", "--at", now + 8 * DAY, code=1)[0], re.M))
    assert any(re.fullmatch("the last run was at .*Z; it should run every hour", text) for text in problems)
    assert any(re.fullmatch(r"flow\w+_data has partitions only until .*; .*", text) for text in problems)
    assert set(problems.values()) == {"flowimport retention run"}
    assert status_of(make_site(store=site.store, retention={"keep": "600=9d"})) == {
        "installed: 600=3d; configured: 600=9d": "flowimport retention install"}


def test_a_run_beside_another(make_site, make_store, definer):
    site = installed(make_site, make_store, "mysql", retention={"keep": "600=3d"})
    site.run("retention", "install", code=1)
    with site.store.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK('flowimport.%s', 0)" % site.store.database)
        out, err = site.run("retention", "run", code=1)
        assert (out, "retention is running already, by its event or another command" in err) == ("", True)
        cursor.execute("DO RELEASE_LOCK('flowimport.%s')" % site.store.database)
    assert site.run("retention", "run")[0] == "nothing has expired\n"


def test_installing_without_the_privileges(make_site, make_store, make_maria):
    server = make_maria(tcp=True)
    store = make_store("mysql", server)
    site = make_site(store=store, retention={"keep": "600=3d"})
    site.run("schema", "install")
    name = store.database
    server.run("CREATE USER 'admin'@'127.0.0.1'", "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON %s.* TO "
               "'admin'@'127.0.0.1'" % name)
    poor = make_site(store=make_poor(store, server, "admin"), retention={"keep": "600=3d"})
    _, err = poor.run("retention", "install", code=1)
    privilege = "SET_ANY_DEFINER (before MySQL 8.2 SET_USER_ID)" if rig.IS_ORACLE else "SET USER"
    assert "GRANT EVENT, EXECUTE, CREATE ROUTINE, ALTER ROUTINE" in err or "GRANT " + privilege in err
    server.run("GRANT CREATE ROUTINE, ALTER ROUTINE, EXECUTE ON %s.* TO 'admin'@'127.0.0.1'" % name)
    _, err = poor.run("retention", "install", code=1)
    assert "GRANT %s ON *.* TO 'admin'@'127.0.0.1'" % privilege in err and "--definer admin@127.0.0.1" in err
    _, err = poor.run("retention", "install", "--definer", "admin@127.0.0.1", code=1)
    assert "GRANT EVENT, EXECUTE, CREATE ROUTINE, ALTER ROUTINE" in err
    assert "`%s`.* TO 'admin'@'127.0.0.1'" % name in err
    server.run("GRANT EVENT ON %s.* TO 'admin'@'127.0.0.1'" % name)
    out, _ = poor.run("retention", "install", "--definer", "admin@127.0.0.1", code=1)
    assert out.startswith("event      created; it runs every hour\n")
    assert "GRANT SELECT, INSERT, DELETE, ALTER, DROP ON flows_600_data TO 'admin'@'127.0.0.1'" in out


def make_poor(store, server, user):
    """The same database as another account."""
    poor = rig.MySQLStore(server, store.database)
    poor.url = "mysql://%s@127.0.0.1:%d/%s" % (user, server.port, store.database)
    return poor


# Accounts ------------------------------------------------------------------------------------------------------------


def test_accounts_have_what_they_need_and_no_more(make_site, make_store, make_maria):
    server = make_maria(tcp=True, options=["--event-scheduler=ON"])
    site = installed(make_site, lambda kind: make_store(kind, server), "mysql", retention={"keep": "600=3d"})
    store, name = site.store, site.store.database
    server.run("ALTER USER 'flowimport'@'localhost' IDENTIFIED BY 'p' ACCOUNT UNLOCK",
               "ALTER USER 'flowimport_reader'@'localhost' IDENTIFIED BY 'p' ACCOUNT UNLOCK")

    def as_account(user):
        account = rig.MySQLStore(server, name)
        account.url = "mysql://%s@localhost/%s?socket=%s" % (user, name, server.socket)
        return make_site(redis=site.redis, store=account, store_={"password": "p"}, retention={"keep": "600=3d"})
    importer, reader = as_account("flowimport"), as_account("flowimport_reader")
    site.run("retention", "install")
    rig.wait_for(lambda: log(store, "error", "what = 'run'") == [(None,)], "the event to run")
    now = int(datetime.datetime.now().timestamp())
    importer.run("--once", "-", stdin=b"\n".join([one(flowStartSeconds=now - day * DAY, flowEndSeconds=now - day * DAY)
                                                  for day in (0, 2, 20)]))
    site.run("retention", "run")
    assert len(site.tables()["flows_600"]) == 2
    reader.verify()
    reader.run("top", "hosts")
    _, err = reader.run("--once", "-", stdin=one(), code=1)
    assert "denied" in err

    def lacks(site, account, privilege, objects, *words, stdin=None):
        """Without the privilege it fails."""
        server.run("REVOKE %s ON %s.%s FROM '%s'@'localhost'" % (privilege, name, objects, account))
        done = site.run(*words, stdin=stdin, code=1)
        server.run("GRANT %s ON %s.%s TO '%s'@'localhost'" % (privilege, name, objects, account))
        return done
    later = now + 50 * DAY
    for count, privilege in enumerate(("SELECT", "INSERT", "UPDATE", "ALTER")):
        at = now - (30 + count) * DAY  # a day that has no partition
        lacks(importer, "flowimport", privilege, "*", "--once", "-",
              stdin=one(flowStartSeconds=at, flowEndSeconds=at))
    lacks(reader, "flowimport_reader", "SELECT", "*", "verify")
    needed = [("EXECUTE", "*"), ("SELECT", "flowimport_retention"), ("SELECT", "flowimport_retention_log"),
              ("INSERT", "flowimport_retention_log"), ("UPDATE", "flowimport_retention_log"),
              ("DELETE", "flowimport_retention_log"), ("SELECT", "loss"), ("DELETE", "loss"),
              ("SELECT", "flowimport_schema"), ("INSERT", "flowimport_schema"), ("UPDATE", "flowimport_schema"),
              ("SELECT", "flows_600_data"), ("ALTER", "flows_600_data"), ("DROP", "flows_600_data")]
    for count, (privilege, objects) in enumerate(needed):
        at = later + count * 20 * DAY
        site.run("--once", "-", stdin=one(flowStartSeconds=at - 9 * DAY, flowEndSeconds=at - 9 * DAY),
                 import_={"max_future": "365d"})
        if (privilege, objects) == ("SELECT", "flows_600_data"):  # asked only whether a late flow has come
            site.run("retention", "run", "--at", at)
        lacks(site, "flowimport_retention", privilege, objects, "retention", "run", "--at", at)
    site.run("retention", "run", "--at", later + 400 * DAY)
    assert site.tables()["flows_600"] == []
    with pytest.raises(pymysql.err.OperationalError, match="locked"):
        pymysql.connect(unix_socket=str(server.socket), user="flowimport_retention")
