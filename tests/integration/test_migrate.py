"""flowimport migrate: flow-inspector's database into ours; all that it makes anew agrees with the rows it was made from."""
import contextlib
import csv
import os
import random
import re
import signal
import sqlite3
import subprocess

import pymysql
import pytest

import generator
import reference
import rig

DAY = 86400
START = 1699920000  # a midnight
KEY_TYPES = {"sourceIPv4Address": "INT UNSIGNED", "destinationIPv4Address": "INT UNSIGNED",
             "sourceTransportPort": "SMALLINT UNSIGNED", "destinationTransportPort": "SMALLINT UNSIGNED",
             "protocolIdentifier": "TINYINT UNSIGNED"}
SAMPLES = rig.TOP.parent / "shared" / "samples"


class OldDatabase:
    """A database as flow-inspector makes it (of its tables those that are read, and one that is not)."""

    def __init__(self, server, database, keys=reference.TUPLE_KEYS, sums=reference.TUPLE_SUMS):
        self.server, self.database, self.keys, self.sums = server, database, tuple(keys), tuple(sums)
        self.url = "mysql://root@localhost/%s?socket=%s" % (database, server.socket)

    def make(self, size, more=""):
        counts = ["%s%s BIGINT(20) UNSIGNED DEFAULT 0" % (prefix, name)
                  for prefix in ("", "tcp_", "udp_", "icmp_", "other_") for name in self.sums + ("flows",)]
        keys = ["%s %s NOT NULL" % (key, KEY_TYPES.get(key, "INT UNSIGNED")) for key in self.keys]
        self.run("CREATE TABLE flows_%d (bucket INT(10) UNSIGNED NOT NULL, %s%s, PRIMARY KEY (bucket, %s), KEY bucket (bucket))"
                 % (size, ", ".join(keys + counts), more, ", ".join(self.keys)),
                 "CREATE TABLE IF NOT EXISTS flows_aggr_%d (bucket INT UNSIGNED PRIMARY KEY)" % size,
                 "CREATE TABLE IF NOT EXISTS index_nodes (id BIGINT PRIMARY KEY)")

    def run(self, *statements):
        return self.server.run("USE %s" % self.database, *statements)

    def fill(self, size, rows):
        """rows: (bucket, keys ..., sums ..., flows)"""
        columns = ("bucket",) + self.keys + self.sums + ("flows",)
        with contextlib.closing(self.server.connect(self.database)) as connection, connection.cursor() as cursor:
            cursor.executemany("INSERT INTO flows_%d (%s) VALUES (%s)" % (
                size, ", ".join(columns), ", ".join(["%s"] * len(columns))), rows)


@pytest.fixture
def make_old(maria):
    used = []

    def make(**options):
        used.append(maria.new_database())
        return OldDatabase(maria, used[-1], **options)
    yield make
    for database in used:
        maria.run("DROP DATABASE %s" % database)


def old_rows(size, first, last, seed, a_bucket=20):
    """What the original leaves in a table: whole flows, some rounded to none."""
    source = random.Random(seed)
    rows = {}
    for bucket in range(first // size * size, last, size):
        for _ in range(a_bucket):
            key = (bucket, source.randrange(2**32) if source.random() < 0.1 else 0x0a000000 + source.randrange(30),
                   0x0a000100 + source.randrange(30), source.choice((0, 53, 443, source.randrange(65536))),
                   source.choice((53, 80, 443, source.randrange(65536))), source.choice((1, 6, 6, 17, 47, 58)))
            rows[key] = (source.randrange(10**source.randrange(1, 7)), source.randrange(10**source.randrange(2, 10)),
                         source.randrange(4))
    return [key + values for key, values in sorted(rows.items())]


def coarser(rows, size):
    """The rows of a coarser table of the same flows."""
    out = {}
    for row in rows:
        values = out.setdefault((row[0] // size * size,) + row[1:6], [0, 0, 0])
        for i, value in enumerate(row[6:]):
            values[i] += value
    return [key + tuple(values) for key, values in sorted(out.items())]


class Expected(reference.Import):
    """What our tables must be, from old rows alone."""

    def add_rows(self, rows, size):
        for row in rows:
            values = [row[6], row[7], row[8] * reference.FLOW_UNIT]
            for target, folded in self.folded.items():
                if target % size == 0:
                    key = (row[0] // target * target if target else 0, 4, tuple(row[1:6]))
                    folded[key] = [a + b for a, b in zip(folded.get(key, [0, 0, 0]), values)]
        return self


def migrate(site, old, *words, **options):
    return site.run("migrate", *words, old.url, **options)


def moved(out):
    """{table: (rows, migrated, rejected)} of the summary."""
    return {name: tuple(map(int, numbers)) for name, *numbers in
            re.findall(r"^(flows_\d+): (\d+) rows: (\d+) migrated, (\d+) rejected$", out, re.M)}


def setting(site, name):
    with site.store.cursor() as cursor:
        cursor.execute("SELECT value FROM flowimport_schema WHERE name = '%s'" % name)
        row = cursor.fetchone()
    return row and int(row[0])


def test_two_sizes_that_reach_as_far_back(make_site, make_old, kind):
    old = make_old()
    fine = old_rows(600, START + 3000, START + 2 * DAY, 1)
    for size in (600, 3600):
        old.make(size)
    old.fill(600, fine)
    old.fill(3600, coarser(fine, 3600))
    site = make_site(kind, sizes=(600, 3600, 86400))
    out, _ = migrate(site, old)
    assert moved(out) == {"flows_600": (len(fine), len(fine), 0)}
    assert "flows_3600: not read: flows_600 reaches as far back\n" in out
    assert "all: %d rows, packetDeltaCount %d, octetDeltaCount %d, flows %d\n" % (
        (len(fine),) + tuple(sum(row[i] for row in fine) for i in (6, 7, 8))) in out
    expected = Expected(sizes=(600, 3600, 86400)).add_rows(fine, 600).tables()
    rig.assert_tables(site.tables(), expected)
    assert [setting(site, "size_%d_from" % size) for size in (600, 3600, 86400)] == [None, None, None]
    site.verify()
    # A second run adds nothing; what came to the old tables since is added.
    out, err = migrate(site, old)
    assert moved(out) == {"flows_600": (0, 0, 0)}
    assert "flows_600: %d rows were already migrated\n" % len(fine) in err
    rig.assert_tables(site.tables(), expected)
    more = old_rows(600, START + 2 * DAY, START + 2 * DAY + 7200, 2)
    old.fill(600, more)
    out, _ = migrate(site, old)
    assert moved(out) == {"flows_600": (len(more), len(more), 0)}
    rig.assert_tables(site.tables(), Expected(sizes=(600, 3600, 86400)).add_rows(fine + more, 600).tables())
    site.verify()


def test_a_transaction_too_large_for_the_binary_log(make_site, make_old, make_maria, make_store):
    """What is not committed is read again, in smaller pieces; within a bucket, too."""
    old = make_old()
    rows = old_rows(600, START, START + 3000, 5, a_bucket=2000)
    rows[3000:3001] = [rows[3000][:1] + (rows[3000][1], rows[3000][2], 0, 0, 99) + (-1, -1, 0)]
    old.make(600)
    old.run("ALTER TABLE flows_600 MODIFY packetDeltaCount BIGINT, MODIFY octetDeltaCount BIGINT")
    old.fill(600, rows)
    server = make_maria(options=["--log-bin=bin", "--binlog-format=ROW", "--binlog-cache-size=32768",
                                 "--max-binlog-cache-size=1048576"])
    site = make_site(store=make_store("mysql", server))
    out, err = migrate(site, old, code=3)
    assert moved(out) == {"flows_600": (len(rows), len(rows) - 1, 1)}
    assert err.count("entries are too many for one transaction") >= 2
    assert err.count(": rejected: ") == 1
    good = [row for row in rows if row[6] >= 0]
    rig.assert_tables(site.tables(), Expected().add_rows(good, 600).tables())
    site.verify()


@pytest.fixture(name="layers")
def layers_fixture(make_old):
    """60 s for some hours, 600 s for two days, 3600 s for five: each cut off in the middle of a coarser bucket."""
    old = make_old()
    fine = old_rows(60, START, START + 5 * DAY + 40000, 3, a_bucket=2)
    tables = {60: fine, 600: coarser(fine, 600), 3600: coarser(fine, 3600)}
    cuts = {60: START + 5 * DAY + 20000, 600: START + 3 * DAY + 1000, 3600: START}
    for size, rows in tables.items():
        tables[size] = [row for row in rows if row[0] >= cuts[size]]
        old.make(size)
        old.fill(size, tables[size])
    return old, tables


def layer_plan(tables):
    """(rows that are taken, by size), and where each size begins."""
    from_600 = -(-tables[600][0][0] // 3600) * 3600
    from_60 = -(-tables[60][0][0] // 600) * 600
    taken = {60: [row for row in tables[60] if row[0] >= from_60],
             600: [row for row in tables[600] if from_600 <= row[0] < from_60],
             3600: [row for row in tables[3600] if row[0] < from_600]}
    return taken, {60: from_60, 600: from_600, 3600: tables[3600][0][0]}


def midnight(time):
    return -(-time // DAY) * DAY


def test_each_size_keeps_its_own_past(make_site, layers, kind):
    old, tables = layers
    taken, begins = layer_plan(tables)
    site = make_site(kind, sizes=(60, 600, 3600))
    preview, _ = migrate(site, old, "--dry-run")
    assert [tuple(map(int, pair)) for pair in re.findall(r"^flows_(\d+): (\d+) rows, 2", preview, re.M)] == [
        (size, len(taken[size])) for size in (60, 600, 3600)]
    assert "into bucket sizes 60, 600, 3600\n" in preview and site.ledger()["entries"] == 0
    out, _ = migrate(site, old)
    assert moved(out) == {"flows_%d" % size: (len(rows), len(rows), 0) for size, rows in taken.items()}
    expected = Expected(sizes=(60, 600, 3600))
    for size, rows in taken.items():
        for target, folded in expected.folded.items():
            if target and target % size:
                assert not [row for row in folded if row[0] < begins[size]]
        expected.add_rows(rows, size)
    rig.assert_tables(site.tables(), expected.tables())
    # The coarsest size, and what was for all time, has all that the coarsest old table had.
    assert [row[:9] for row in coarser(tables[3600], 3600)] == sorted(
        key[:1] + key[2] + (values[0], values[1], values[2] // 1000000)
        for key, values in expected.folded[3600].items())
    assert [setting(site, "size_%d_from" % size) for size in (60, 600, 3600)] == [
        midnight(begins[60]), midnight(begins[600]), None]
    assert midnight(begins[60]) != begins[60] and midnight(begins[600]) != begins[600]
    site.verify()


def test_goes_on_as_planned_when_old_rows_expire_meanwhile(make_site, layers, kind):
    old, tables = layers
    taken, _ = layer_plan(tables)
    site = make_site(kind, sizes=(60, 600, 3600))
    killed = subprocess.run(site.command("migrate", old.url), env=dict(os.environ, FLOWIMPORT_FAULT="after-commit:1"),
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert site.ledger()["entries"] == len(taken[60])
    # An hour of the finest and of the next size goes: planned anew, that hour would come from the coarser ones.
    for size in (60, 600):
        old.run("DELETE FROM flows_%d WHERE bucket < %d" % (size, tables[size][0][0] + 3600))
    out, _ = migrate(site, old)
    left = [row for row in taken[600] if row[0] >= tables[600][0][0] + 3600]
    assert len(left) < len(taken[600])
    assert moved(out) == {"flows_60": (0, 0, 0), "flows_600": (len(left),) * 2 + (0,),
                          "flows_3600": (len(taken[3600]),) * 2 + (0,)}
    expected = Expected(sizes=(60, 600, 3600))
    for size, rows in ((60, taken[60]), (600, left), (3600, taken[3600])):
        expected.add_rows(rows, size)
    rig.assert_tables(site.tables(), expected.tables())
    site.verify()


def test_two_at_a_time(make_site, layers, kind):
    """Only one of them commits each chunk."""
    old, tables = layers
    site = make_site(kind, sizes=(60, 600, 3600))
    site.run("--once")
    both = [rig.Process(site.command("migrate", old.url), site.folder, "migrate%d" % i) for i in range(2)]
    codes = [process.wait() for process in both]
    assert set(codes) <= {0, 1} and 0 in codes, codes
    for process, code in zip(both, codes):
        assert code == 0 or "the same contents are being imported by another process" in process.output()
    migrate(site, old)
    taken, _ = layer_plan(tables)
    assert site.ledger()["entries"] == sum(len(rows) for rows in taken.values())
    site.verify()


BIG = 88000  # rows of one bucket: more than a generation holds in the memory given below


@pytest.fixture(scope="module", name="big")
def big_fixture(maria):
    """(database, rows, tables): a chunk ends within a bucket."""
    old = OldDatabase(maria, maria.new_database())
    rows = old_rows(600, START, START + 6000, 4) + [
        (START + 6000, 0x0a000000 + i // 300, 0x0a000001, i % 300, 443, 6, i, 100 * i, i % 3) for i in range(BIG)
    ] + old_rows(600, START + 6600, START + 12600, 5)
    old.make(600)
    old.fill(600, rows)
    yield old, rows, Expected(sizes=(600, 3600)).add_rows(rows, 600).tables()
    maria.run("DROP DATABASE %s" % old.database)


@pytest.mark.parametrize("place", ["mid-fold:30000", "mid-flush:2", "after-commit:1", "mid-fold:%d" % (BIG + 300)])
def test_killed_in_the_middle(make_site, big, kind, place):
    old, rows, expected = big
    site = make_site(kind, sizes=(600, 3600), import_={"cache_memory": "16M"})
    killed = subprocess.run(site.command("migrate", old.url), env=dict(os.environ, FLOWIMPORT_FAULT=place),
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    before = site.ledger()["entries"]
    out, _ = migrate(site, old)
    assert moved(out) == {"flows_600": (len(rows) - before,) * 2 + (0,)}
    ledger = rig.read_ledger(site.store)
    assert sum(row["entries"] for row in ledger) == len(rows)
    assert [row["generation"] for row in ledger] == list(range(len(ledger)))
    assert 0 < ledger[0]["claim"] < BIG and ledger[0]["position"] == START + 6000
    assert (ledger[-1]["claim"], ledger[-1]["position"]) == (0, START + 12001)
    rig.assert_tables(site.tables(), expected)
    site.verify()


def test_goes_on_within_a_bucket_of_a_second(make_site, make_old):
    old = make_old()
    old.make(1)
    rows = [(START + second, 1, 2, port, 4, 6, 10, 100, 1) for second in (0, 1) for port in (1, 2, 3)]
    old.fill(1, rows[:3])
    site = make_site("sqlite", sizes=(1,))
    migrate(site, old)
    # As if the first run had been ended between the two buckets.
    with contextlib.closing(sqlite3.connect(str(site.store.path))) as connection, connection:
        connection.execute("UPDATE import_ledger SET claim = 3, position = %d" % START)
    old.fill(1, rows[3:])
    out, _ = migrate(site, old)
    assert moved(out) == {"flows_1": (3, 3, 0)}
    rig.assert_tables(site.tables(), Expected(sizes=(1,)).add_rows(rows, 1).tables())


def test_new_flows_come_on_top(make_site, make_old, kind):
    """A size that the old tables lack begins after them; what is imported before and after agrees."""
    old = make_old()
    rows = old_rows(600, generator.START - 90000, generator.START + 300, 6)
    old.make(600)
    old.fill(600, rows)
    site = make_site(kind, sizes=(60, 600, 3600))
    entries = list(generator.flows(2000, seed=7))
    site.redis.push(entries[:1000])
    site.run("--once")
    migrate(site, old)
    site.verify()
    site.redis.push(entries[1000:])
    site.run("--once")
    expected = Expected(sizes=(60, 600, 3600)).add_all(entries).add_rows(rows, 600)
    rig.assert_tables(site.tables(), expected.tables())
    assert setting(site, "size_60_from") == midnight(rows[-1][0] + 600)
    site.verify()
    out, _ = site.run("status")
    assert re.search(r"^migration +- +0 +%d +%d " % (len(rows), len(rows)), out, re.M), out


def test_keys_in_another_order_and_fewer(make_site, make_old, kind):
    keys = ("destinationTransportPort", "sourceIPv4Address")
    old = make_old(keys=keys)
    old.make(600)
    old.fill(600, [(START, 443, 0x0a000001, 5, 500, 2), (START, 53, 0x0a000001, 1, 50, 1)])
    site = make_site(kind, keys=("sourceIPv4Address", "destinationTransportPort"))
    migrate(site, old)
    tables = site.tables()
    assert tables["flows_600"] == [(START, "10.0.0.1", 53, 1, 50, 1000000), (START, "10.0.0.1", 443, 5, 500, 2000000)]
    assert {row[0]: row[1:4] for row in tables["index_ports"]} == {
        -1: (6, 550, 3000000), 0: (6, 550, 3000000), 53: (1, 50, 1000000), 443: (5, 500, 2000000)}
    site.verify()


def test_rows_that_can_not_be_taken(make_site, make_old):
    old = make_old()
    old.make(600)
    good = old_rows(600, START, START + 1800, 8)
    tuple_ = (0x0a000001, 0x0a000002, 1, 2, 6)
    old.fill(600, good + [(START + 7,) + tuple_ + (1, 1, 1), (START + 600,) + tuple_ + (2**63, 1, 1),
                          (4000000200,) + tuple_ + (1, 1, 1)])
    old.run("INSERT INTO flows_600 (bucket, sourceIPv4Address, destinationIPv4Address, sourceTransportPort, "
            "destinationTransportPort, protocolIdentifier, packetDeltaCount) VALUES (%d, 1, 2, 3, 4, 5, NULL)" % START)
    site = make_site("sqlite")
    out, err = migrate(site, old, code=3)
    assert moved(out) == {"flows_600": (len(good) + 4, len(good) + 1, 3)}
    rows = [line for line in err.splitlines() if ": rejected: " in line]
    keys = ("sourceIPv4Address 167772161, destinationIPv4Address 167772162, sourceTransportPort 1, "
            "destinationTransportPort 2, protocolIdentifier 6")
    assert rows == ["flows_600, bucket %d, %s: rejected: %s" % (START + 7, keys, "out-of-range: bucket is %d" % (START + 7)),
                    "flows_600, bucket %d, %s: rejected: too-large: packetDeltaCount is %d" % (START + 600, keys, 2**63),
                    "flows_600, bucket 4000000200, %s: rejected: in-future: flowEndSeconds is 4000000200" % keys]
    rig.assert_tables(site.tables(), Expected().add_rows(good + [(START, 1, 2, 3, 4, 5, 0, 0, 0)], 600).tables())
    site.verify()


def test_sums_of_all_time_beyond_63_bits_in_every_run(make_site, make_old):
    old = make_old()
    old.make(600)
    large = [(START + 600 * i, 1, 2, 3, 4, 6, 10, 2**53, 1) for i in range(1100)]
    old.fill(600, large[:600])
    site = make_site("sqlite")
    migrate(site, old)
    old.fill(600, large[600:])
    out, _ = migrate(site, old)
    assert moved(out) == {"flows_600": (500, 500, 0)}
    rig.assert_tables(site.tables(), Expected().add_rows(large, 600).tables())
    octets = 1100 * 2**53
    assert {row[0]: row[2] for row in site.tables()["index_ports"]} == {-1: octets, 3: octets, 4: octets}
    site.verify()


def test_names_ten_rows_and_counts_the_rest(make_site, make_old):
    old = make_old()
    old.make(600)
    old.fill(600, [(START + 1 + i, 1, 2, 3, 4, 6, 1, 1, 1) for i in range(30)])
    _, err = migrate(make_site("sqlite"), old, code=3)
    assert len(re.findall(": rejected: ", err)) == 10 and "flows_600: more rejected rows are counted, not shown\n" in err


@pytest.fixture(name="refused")
def refused_fixture(make_site, make_old):
    """refused(old database or URL, words ...): what it says when it refuses; nothing has been written."""
    def refuse(old, *words, code=1, **options):
        site = make_site("sqlite", **options)
        _, err = site.run("migrate", *words, getattr(old, "url", old), code=code)
        assert site.ledger()["entries"] == 0
        return err
    return refuse


def test_refuses_other_keys_and_sums(make_old, refused):
    old = make_old(keys=reference.TUPLE_KEYS[:4], sums=("octetDeltaCount",))
    old.make(600)
    old.fill(600, [(START, 1, 2, 3, 4, 5, 6)])
    assert ("flows_600 has the flow keys sourceIPv4Address, destinationIPv4Address, sourceTransportPort, "
            "destinationTransportPort, but aggr_values = sourceIPv4Address, destinationIPv4Address, "
            "sourceTransportPort, destinationTransportPort, protocolIdentifier is configured; configure those of the old tables"
            ) in refused(old)
    assert ("flows_600 has the sums octetDeltaCount, but aggr_sums = packetDeltaCount, octetDeltaCount is configured; "
            "configure those of the old tables") in refused(old, keys=reference.TUPLE_KEYS[:4])


def test_refuses_what_is_no_old_database(make_old, make_site, make_store, refused, maria, folder):
    empty = make_old()
    nothing = "no flow-inspector table to migrate, such as flows_600"
    assert nothing in refused(empty)
    ours = make_store("mysql")
    make_site(store=ours).run("--once")
    assert nothing in refused(ours)
    assert "Unknown database 'nowhere'" in refused("mysql://root@localhost/nowhere?socket=%s" % maria.socket)
    assert "expected mysql://user@host/database" in refused("sqlite:/tmp/x", code=2)
    assert "a password on the command line is visible" in refused("mysql://root:secret@localhost/x", code=2)
    assert "%s/absent: No such file" % folder in refused("mysql://root@localhost/x", "--from-password-file",
                                                         folder / "absent", code=2)
    unfit = make_old()
    unfit.make(600)
    unfit.fill(600, old_rows(600, START, START + 600, 9))
    unfit.make(3600)
    assert ("nothing to migrate; flows_600: no configured bucket size is a multiple of it; flows_3600: "
            "no configured bucket size is a multiple of it") in refused(unfit, sizes=(60, 300))
    unfit.run("DELETE FROM flows_600")
    assert "flows_600: it has no rows; flows_3600: it has no rows" in refused(unfit, sizes=(3600,))
    same = refused(unfit, "--store", unfit.url)
    assert "flows_600 is a table, not flowimport's view of that name; use another database" in same


def test_password_from_a_file(make_old, refused, maria, folder, make_site):
    old = make_old()
    old.make(600)
    old.fill(600, old_rows(600, START, START + 600, 9))
    user = "mover_%d" % maria.databases
    maria.run("CREATE USER %s@localhost IDENTIFIED BY 'right'" % user, "GRANT SELECT ON %s.* TO %s@localhost" % (
        old.database, user))
    old.url = old.url.replace("root", user)
    (folder / "wrong").write_text("wrong\n")
    (folder / "right").write_text("right\n")
    assert "Access denied for user '%s'" % user in refused(old, "--from-password-file", folder / "wrong")
    site = make_site("sqlite")
    migrate(site, old, "--from-password-file", folder / "right")
    site.verify()
    maria.run("DROP USER %s@localhost" % user)


def test_source_goes_away_in_between(make_site, make_maria, kind):
    server = make_maria()
    old = OldDatabase(server, server.new_database())
    rows = old_rows(600, START, START + 6 * DAY, 10, a_bucket=30)
    old.make(600)
    old.fill(600, rows)
    site = make_site(kind, queue={"retry_max": "300ms"})
    process = rig.Process(site.command("migrate", old.url), site.folder, "migrate")
    connection = server.connect()
    done, seen = [0], set()

    def cut():
        """Of connections that are made: one that is lost while the first is made ends the command."""
        with contextlib.suppress(pymysql.err.Error), connection.cursor() as cursor:
            cursor.execute("SELECT id FROM information_schema.processlist WHERE db = '%s'" % old.database)
            for (number,) in cursor.fetchall():
                if number in seen:
                    cursor.execute("KILL %d" % number)
                    done[0] += 1
                seen.add(number)
        return done[0] >= 5 or not process.running()
    rig.wait_for(cut, "five cuts", step=0.02)
    connection.close()
    assert process.wait() == 0, process.output()
    assert done[0] >= 1
    rig.assert_tables(site.tables(), Expected().add_rows(rows, 600).tables())
    site.verify()


@pytest.mark.skipif(not (SAMPLES / "original" / "tables_600" / "flows_600.csv").exists(), reason="no samples here")
def test_tables_that_the_original_made(make_site, make_old, kind):
    """Its packets and octets by bucket, node and port direction come out as it, and our own import, have them."""
    folder = SAMPLES / "original"
    old = make_old()
    with open(folder / "tables_600" / "flows_600.csv", encoding="ascii") as lines:
        rows = [tuple(int(row[name]) for name in ("bucket",) + reference.TUPLE_KEYS + reference.TUPLE_SUMS + ("flows",))
                for row in csv.DictReader(lines)]
    schema = (folder / "tables_600" / "schema.sql").read_text()
    old.run(*[statement for statement in schema.split(";") if statement.strip()])
    old.fill(600, rows)
    site = make_site(kind)
    migrate(site, old)
    site.verify()
    expected = Expected().add_rows(rows, 600).tables()
    rig.assert_tables(site.tables(), expected)
    live = reference.Import().add_all((folder / "small.jsonl").read_bytes().splitlines()).tables()
    # bucket, packets, octets; address or port, packets, octets: the original has no collision in this file.
    for table, width in (("flows_aggr_600", 1), ("index_nodes_600", 2), ("index_nodes", 1), ("index_ports", 1)):
        assert [row[:width + 2] for row in expected[table]] == [row[:width + 2] for row in live[table]]
