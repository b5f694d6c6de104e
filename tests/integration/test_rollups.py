"""[import] rollups: coarse tables that are written with the flows, say the same, are audited, retained and upgraded, and
answer what needs flows over long times."""
import ipaddress
import itertools
import sqlite3
import urllib.parse

import pytest

import reference
import rig
from generator import START, flows, one
from serving import Server
from test_retention import definer, installed  # noqa: F401  a fixture

DAY = 86400
ROLLUPS = "1d: src dst proto service; 1h: src dst service; 1h: proto service"
SHOWN = "3600: proto service; 3600: src dst service; 86400: src dst proto service"
TABLES = ("rollup_src_dst_proto_service_86400", "rollup6_src_dst_proto_service_86400", "rollup_proto_service_3600",
          "rollup_src_dst_service_3600", "rollup6_src_dst_service_3600")
MONDAY = START - START % DAY
ENTRIES = list(flows(1500, seed=5, hosts=30, span=3 * DAY, start=MONDAY + 3000))
# Ends that are not known, and one that asks for an address.
ENTRIES += [one(flowStartSeconds=MONDAY + 40000 + i, flowEndSeconds=MONDAY + 40000 + i, sourceIPv4Address=source, destinationIPv4Address=destination)
            for i, (source, destination) in enumerate(((0, 0x0a000001), (0x0a000001, 0), (0, 0), (0, 0xffffffff)))]
FILTERS = ("", "src=0.0.0.0 service=80,443,0", "family=4", "service=443", "service=443,53 proto=udp", "!service=0", "class=tcp", "src/16=10.0.0.0/16", "src=10.0.0.0/9 or service=22",
           "port=443", "sport=0")
GROUPS = ("", "src", "src,dst", "service", "src,service", "host", "dst", "proto,service", "class", "class,service", "dport", "port", "family,service",
          "src/24,dst/24", "sport,dport")
SPANS = ((MONDAY, MONDAY + 3 * DAY), (MONDAY + 5 * 3600 + 1234, MONDAY + 2 * DAY + 7 * 3600 + 60), (MONDAY + 7200, MONDAY + 7800))


def rows_of(site, table):
    """What a roll-up's table holds, in its order."""
    with site.store.cursor() as cursor:
        cursor.execute("SELECT * FROM %s_data" % table)
        return sorted(tuple(value.decode("latin-1") if isinstance(value, bytes) else value for value in row)
                      for row in cursor.fetchall())


def same(site, other):
    for table in TABLES:
        rows = rows_of(site, table)
        assert rows and rows == rows_of(other, table), table


@pytest.fixture
def rolled(make_site, kind):
    site = make_site(kind, import_={"rollups": ROLLUPS})
    site.import_all(ENTRIES)
    return site


@pytest.fixture
def plain(make_site, kind):
    site = make_site(kind)
    site.import_all(ENTRIES)
    return site


def address_shown(value):
    if isinstance(value, (bytes, bytearray)):
        return str(ipaddress.ip_address(bytes(value)))
    return str(ipaddress.IPv4Address(int(value)))


def test_rows_are_those_of_a_separate_calculation(rolled):
    expected = reference.Import().add_all(ENTRIES)
    for text in SHOWN.split("; "):
        size, keys = int(text.split(":")[0]), text.split()[1:]
        for prefix, rows in zip(("rollup", "rollup6"), expected.rollup(size, keys)):
            name = "%s_%s_%d" % (prefix, "_".join(keys), size)
            if name not in TABLES:
                assert not rows
                continue
            with rolled.store.cursor() as cursor:
                cursor.execute("SELECT * FROM %s_data" % name)
                found = [(row[0], *(address_shown(value) if key in ("src", "dst") else value for key, value in zip(keys, row[1:])),
                          *row[1 + len(keys):]) for row in cursor.fetchall()]
            assert sorted(found) == rows and rows, name


def what_counts(answer):
    return {name: value for name, value in answer.items() if name not in ("ms", "now", "rows", "tables")}


def test_answers_are_those_of_the_flows(rolled, plain):
    rolled.verify()
    web, flat = Server(rolled), Server(plain)
    read, asked = set(), 0
    for (text, group), (start, end) in itertools.product(itertools.product(FILTERS, GROUPS), SPANS):
        series = asked % 3 == 0
        query = {"from": start, "to": end, "n": 20, "metric": ("octets", "packets", "flows")[asked % 3], "series": "yes" if series else "no",
                 "compare": "before" if asked % 4 == 0 else "no"}
        if asked % 6 == 0:
            query["step"] = 3600 * (1 + asked % 5)
        query.update({name: value for name, value in (("filter", text), ("group", group)) if value})
        path = "/api/query?" + urllib.parse.urlencode(query)
        answer, expected = web.json(path), flat.json(path)
        assert what_counts(answer) == what_counts(expected), path
        read.update(answer["tables"])
        asked += 1
    assert read.issuperset(TABLES)
    for what, more in itertools.product(("hosts", "ports", "flows"), ((), ("--where", "service=443"))):
        arguments = ("top", what, "--from", MONDAY, "--to", MONDAY + 3 * DAY, *more)
        assert rolled.run(*arguments)[0] == plain.run(*arguments)[0]
    out, _ = rolled.run("top", "by", "service", "--from", MONDAY, "--to", MONDAY + 3 * DAY)
    assert out == plain.run("top", "by", "service", "--from", MONDAY, "--to", MONDAY + 3 * DAY)[0] and "443" in out


def test_a_kill_while_they_are_written(make_site, rolled, kind):
    site = make_site(kind, import_={"rollups": ROLLUPS})
    site.redis.push(ENTRIES)
    for fault in ("mid-fold:700", "mid-flush", "after-commit", "mid-unlink"):
        daemon = site.daemon(fault=fault)
        rig.wait_for(lambda: daemon.flush() or not daemon.running(), "the fault " + fault)
    daemon = site.daemon()
    site.settle(len(ENTRIES), daemon)
    daemon.stop()
    site.verify()
    same(site, rolled)


def change(site, sql):
    if site.store.kind == "sqlite":
        with sqlite3.connect(site.store.path) as connection:
            connection.execute(sql)
    else:
        site.store.server.run("USE " + site.store.database, sql)


def test_a_difference_is_named(rolled):
    change(rolled, "UPDATE rollup_proto_service_3600_data SET octetDeltaCount = octetDeltaCount + 1 WHERE protocolIdentifier = 47")
    out, err = rolled.run("verify", code=1)
    assert "rollup_proto_service_3600, bucket 1" in out + err and "by flows_aggr_600 it should be" in out + err


def test_a_store_is_upgraded(rolled, plain, make_site):
    said = "the tables were created with rollups = none, but rollups = %s is configured; set it back, or run flowimport schema upgrade" % SHOWN
    more = {"rollups": ROLLUPS}
    for words in (("verify",), ("top", "hosts"), ("schema", "check"), ("schema", "install")):
        assert said in plain.run(*words, code=1, import_=more)[1]
    before = plain.verify()[0]
    out, _ = plain.run("schema", "upgrade", import_=more)
    assert out.splitlines()[-1] == "3 roll-ups filled" and "rollup_src_dst_proto_service_86400: filled from 2023-11-1" in out
    same(plain, rolled)
    assert "all tables agree" in before and "all tables agree" in plain.run("verify", import_=more)[0]
    assert plain.run("schema", "upgrade", import_=more)[0] == "all roll-ups match the configuration\n"
    out, _ = plain.run("schema", "upgrade", import_={"rollups": "1h: proto service"})
    assert out == "2 roll-ups dropped\n"
    assert "but rollups = %s is configured" % SHOWN in plain.run("verify", code=1, import_=more)[1]
    plain.run("verify", import_={"rollups": "1h: proto service"})
    plain.run("schema", "upgrade")
    plain.verify()


def test_a_running_importer_waits_for_its_configuration(rolled, plain):
    """It was started without: what it has taken is not lost, and counted once."""
    more = {"rollups": ROLLUPS}
    daemon = plain.daemon()
    plain.run("schema", "upgrade", import_=more)
    plain.redis.push(ENTRIES)
    daemon.flush()
    rig.wait_for(lambda: (daemon.flush(), "the tables have rollups = %s now: set it, instead of rollups = none, and restart the importer" % SHOWN in
                          daemon.output())[1], daemon.output)
    assert plain.ledger()["entries"] == len(ENTRIES)
    daemon.kill()
    daemon = plain.daemon(import_=more)
    plain.settle(2 * len(ENTRIES), daemon)
    daemon.stop()
    plain.run("verify", import_=more)
    with rolled.store.cursor() as cursor, plain.store.cursor() as other:
        for table in TABLES:
            question = "SELECT COUNT(*), SUM(octetDeltaCount), SUM(flows_millionths) FROM %s_data" % table
            cursor.execute(question)
            other.execute(question)
            once, twice = cursor.fetchone(), other.fetchone()
            assert tuple(map(int, twice)) == (once[0], 2 * once[1], 2 * once[2]), table


def test_kept_by_their_size(make_site, make_store, definer, kind):
    """The day's roll-up outlives the flows, and answers by itself; `keep` takes its size."""
    site = installed(make_site, make_store, kind, import_={"rollups": ROLLUPS})
    site.import_all(ENTRIES)
    keep = {"keep": "600=1d, 3600=2d"}
    later = MONDAY + 3 * DAY + 3600
    if kind == "mysql":  # the server's event scheduler is off
        assert "600=1d, 3600=2d" in site.run("retention", "install", code=1, retention=keep)[0]
    out, _ = site.run("retention", "run", "--at", later, "--dry-run", retention=keep)
    assert "rollup_src_dst_service_3600" in out and "rollup_src_dst_proto_service_86400" not in out
    query = "/api/query?from=%d&to=%d&group=service&n=50" % (MONDAY, MONDAY + DAY)
    web = Server(site)
    before = what_counts(web.json(query))
    site.run("retention", "run", "--at", later, retention=keep)
    after = web.json(query)
    assert [group["key"] for group in after["groups"]] == [group["key"] for group in before["groups"]]
    assert after["total"] == before["total"] and set(after["tables"]) == set(TABLES[:2])
    site.run("verify")
    with site.store.cursor() as cursor:
        for table, first in (("flows_600", 2), ("rollup_src_dst_service_3600", 1), ("rollup_src_dst_proto_service_86400", 0)):
            cursor.execute("SELECT MIN(bucket) FROM " + table)
            assert cursor.fetchone()[0] // DAY * DAY == MONDAY + first * DAY, table
    out, err = site.run("verify", code=2, retention={"keep": "7200=1d"})
    assert "7200s is not one of bucket_sizes or rollups" in out + err
