"""--format vermont-db and argus-db: tables that other programs filled, read once each, with all that is in them."""
import contextlib
import json
import os
import random
import signal
import subprocess

import pymysql
import pytest

import packets
import reference
import rig

START = 1700002200
TOOLS = rig.TOP / "build" / "tools"

# The tables of VERMONT's ipfixDbWriter: what it makes of them, with other columns over the years.
LEGACY = (("dstIP", "INTEGER(10) UNSIGNED"), ("srcIP", "INTEGER(10) UNSIGNED"), ("srcPort", "SMALLINT(5) UNSIGNED"),
          ("dstPort", "SMALLINT(5) UNSIGNED"), ("proto", "TINYINT(3) UNSIGNED"), ("dstTos", "TINYINT(3) UNSIGNED"),
          ("bytes", "BIGINT(20) UNSIGNED"), ("pkts", "BIGINT(20) UNSIGNED"),
          ("firstSwitched", "INTEGER(10) UNSIGNED"), ("lastSwitched", "INTEGER(10) UNSIGNED"))
MILLIS = (("firstSwitchedMillis", "SMALLINT(5) UNSIGNED"), ("lastSwitchedMillis", "SMALLINT(5) UNSIGNED"),
          ("tcpControlBits", "SMALLINT(5) UNSIGNED"), ("revbytes", "BIGINT(20) UNSIGNED"),
          ("revpkts", "BIGINT(20) UNSIGNED"), ("revFirstSwitched", "INTEGER(10) UNSIGNED"),
          ("revLastSwitched", "INTEGER(10) UNSIGNED"), ("revFirstSwitchedMillis", "SMALLINT(5) UNSIGNED"),
          ("revLastSwitchedMillis", "SMALLINT(5) UNSIGNED"), ("maxPacketGap", "BIGINT(20) UNSIGNED"))
EXPORTER = (("exporterID", "SMALLINT(5) UNSIGNED"),)
LATER = tuple((name, "BIGINT UNSIGNED" if "Switched" in name else sort) for name, sort in LEGACY)
CURRENT = (("sourceIPv4Address", "INT UNSIGNED"), ("destinationIPv4Address", "INT UNSIGNED"),
           ("sourceIPv6Address", "BINARY(16)"), ("destinationIPv6Address", "BINARY(16)"),
           ("sourceTransportPort", "SMALLINT UNSIGNED"), ("destinationTransportPort", "SMALLINT UNSIGNED"),
           ("protocolIdentifier", "TINYINT UNSIGNED"), ("packetDeltaCount", "BIGINT UNSIGNED"),
           ("octetDeltaCount", "BIGINT UNSIGNED"), ("flowStartMilliseconds", "BIGINT UNSIGNED"),
           ("flowEndMilliseconds", "BIGINT UNSIGNED"), ("revPacketDeltaCount", "BIGINT UNSIGNED"),
           ("revOctetDeltaCount", "BIGINT UNSIGNED"), ("revFlowStartMilliseconds", "BIGINT UNSIGNED"),
           ("revFlowEndMilliseconds", "BIGINT UNSIGNED"))
ARGUS = (("stime", "DOUBLE(18,6) UNSIGNED NOT NULL"), ("ltime", "DOUBLE(18,6) UNSIGNED NOT NULL"),
         ("saddr", "VARCHAR(64) NOT NULL"), ("daddr", "VARCHAR(64) NOT NULL"), ("sport", "VARCHAR(10) NOT NULL"),
         ("dport", "VARCHAR(10) NOT NULL"), ("proto", "VARCHAR(16) NOT NULL"), ("spkts", "BIGINT(20)"),
         ("dpkts", "BIGINT(20)"), ("sbytes", "BIGINT(20)"), ("dbytes", "BIGINT(20)"), ("state", "VARCHAR(32)"),
         ("record", "BLOB"))


def flow(i):
    """The i-th flow: (source, destination, ports, protocol, octets, packets, start ms, end ms), and its other way."""
    rng = random.Random(i)
    start = 1000 * START + rng.randrange(3600000)
    there = (0x0a000000 + rng.randrange(50), 0xc0000200 + rng.randrange(50), 1024 + rng.randrange(60000),
             rng.choice((53, 80, 443)), rng.choice((6, 17)), rng.randrange(40, 10**6), rng.randrange(1, 900),
             start, start + rng.randrange(60000))
    back = (rng.randrange(40, 10**6), rng.randrange(1, 900), start + 1, start + 1 + rng.randrange(60000))
    return there, (0, 0, 0, 0) if i % 3 == 0 else back


def entry(i, back=True, six=False, **more):
    """The same as a queue entry."""
    (source, destination, sport, dport, protocol, octets, count, start, end), other = flow(i)
    out = {"sourceTransportPort": sport, "destinationTransportPort": dport, "protocolIdentifier": protocol,
           "octetDeltaCount": octets, "packetDeltaCount": count, "flowStartMilliseconds": start,
           "flowEndMilliseconds": end}
    if six:
        out.update(sourceIPv6Address="2001:db8::%x" % (source & 0xffff), sourceIPv4Address=0,
                   destinationIPv6Address="2001:db8::%x" % (destination & 0xffff), destinationIPv4Address=0)
    else:
        out.update(sourceIPv4Address=source, destinationIPv4Address=destination)
    if back:
        out.update(zip(("revOctetDeltaCount", "revPacketDeltaCount", "revFlowStartMilliseconds",
                        "revFlowEndMilliseconds"), other))
    out.update(more)
    return out


def raw(entries):
    return [json.dumps(one).encode() for one in entries]


def row_legacy(i, millis=False):
    (source, destination, sport, dport, protocol, octets, count, start, end), other = flow(i)
    row = (destination, source, sport, dport, protocol, 0, octets, count, start // 1000, end // 1000)
    if millis:
        row += (start % 1000, end % 1000, 0x1b, other[0], other[1], other[2] // 1000, other[3] // 1000, other[2] % 1000,
                other[3] % 1000, 7)
    return row + (1,)


def row_later(i):
    row = row_legacy(i)
    return row[:8] + flow(i)[0][7:9] + row[10:]


def row_current(i, six=False):
    (source, destination, sport, dport, protocol, octets, count, start, end), other = flow(i)
    prefix = b"\x20\x01\x0d\xb8" + bytes(10)
    addresses = ((0, 0) + tuple(prefix + (end & 0xffff).to_bytes(2, "big") for end in (source, destination)) if six
                 else (source, destination, None, None))
    return addresses + (sport, dport, protocol, count, octets, start, end, other[1], other[0], other[2], other[3])


def row_argus(i):
    (source, destination, sport, dport, protocol, octets, count, start, end), other = flow(i)
    return (start / 1000, end / 1000, reference.address_text(4, source), reference.address_text(4, destination), sport,
            dport, {6: "tcp", 17: "udp"}[protocol], count, other[1], octets, other[0], "CON", b"\x13\x10,\n\0")


class Database:
    def __init__(self, server):
        self.server, self.database = server, server.new_database()
        self.url = "mysql://root@localhost/%s?socket=%s" % (self.database, server.socket)

    def run(self, *statements):
        return self.server.run("USE %s" % self.database, *statements)

    def make(self, table, columns, rows=(), more="", engine="InnoDB"):
        self.run("CREATE TABLE `%s` (%s%s) ENGINE=%s" % (
            table.replace("`", "``"), ", ".join("%s %s" % column for column in columns), more, engine))
        self.fill(table, columns, rows)

    def fill(self, table, columns, rows):
        with contextlib.closing(self.server.connect(self.database)) as connection, connection.cursor() as cursor:
            cursor.executemany("INSERT INTO `%s` (%s) VALUES (%s)" % (
                table.replace("`", "``"), ", ".join(name for name, _ in columns), ", ".join(["%s"] * len(columns))),
                list(rows))

    def make_exporters(self):
        self.run("CREATE TABLE exporter (id SMALLINT(5) NOT NULL AUTO_INCREMENT, sourceID INTEGER(10) UNSIGNED DEFAULT "
                 "NULL, srcIP INTEGER(10) UNSIGNED DEFAULT NULL, PRIMARY KEY(id))",
                 "INSERT INTO exporter VALUES (1, 1234, 3221225994)")


@pytest.fixture
def database(maria):
    made = Database(maria)
    yield made
    maria.run("DROP DATABASE %s" % made.database)


def words(database, form="vermont-db", table=None):
    return ["--format", form, "--from", database.url + ("&table=" + table if table else "")]


def printed(site, database, *more, **options):
    out, _ = site.run("print", *words(database, *more), **options)
    return [json.loads(line) for line in out.splitlines()]


def expect(site, entries):
    rig.assert_tables(site.tables(), reference.Import().add_all(raw(entries)).tables())
    site.verify()


# VERMONT ---------------------------------------------------------------------------------------------------------------


def vermont_tables(database):
    """Of every age one or two tables; the entries that they hold, by table."""
    database.make_exporters()
    known = {"exporterIPv4Address": 3221225994, "observationDomainId": 1234}
    tables = {}

    def add(name, columns, numbers, row, expected):
        database.make(name, columns, map(row, numbers))
        tables[name] = list(map(expected, numbers))

    def seconds(i):
        out = entry(i, back=False, ipClassOfService=0, **known)
        return dict({name: value for name, value in out.items() if not name.endswith("Milliseconds")},
                    flowStartSeconds=out["flowStartMilliseconds"] // 1000,
                    flowEndSeconds=out["flowEndMilliseconds"] // 1000)
    add("h_20231114_22_0", LEGACY + EXPORTER, range(100), row_legacy, seconds)
    add("h_20231114_22_1", LEGACY + EXPORTER, range(100, 250), row_legacy, seconds)
    add("h_20231114_23_0", LEGACY + MILLIS + EXPORTER, range(250, 450), lambda i: row_legacy(i, True),
        lambda i: entry(i, ipClassOfService=0, tcpControlBits=0x1b, **known))
    add("f_231114_000000", LATER + EXPORTER, range(450, 600), row_later,
        lambda i: entry(i, back=False, ipClassOfService=0, **known))
    add("flows_231115_000000", CURRENT, range(600, 800), lambda i: row_current(i, i % 5 == 0),
        lambda i: entry(i, six=i % 5 == 0))
    return tables


def in_order(tables, names=None):
    return [one for name in sorted(names or tables, key=str.upper) for one in tables[name]]


def test_prints_what_vermont_stored(make_site, database):
    tables = vermont_tables(database)
    site = make_site("sqlite")
    assert printed(site, database) == in_order(tables)
    assert printed(site, database, "vermont-db", "h_20231114_23_0") == tables["h_20231114_23_0"]
    assert printed(site, database, "vermont-db", "h_*_22_?") == in_order(tables, ("h_20231114_22_0", "h_20231114_22_1"))


def test_imports_what_vermont_stored(make_site, database, kind):
    entries = in_order(vermont_tables(database))
    site = make_site(kind)
    out, _ = site.run("--once", *words(database))
    assert "h_20231114_22_1: 150 entries: 150 imported, 0 too old, 0 rejected\n" in out
    expect(site, entries)
    _, err = site.run("--once", *words(database))
    assert "h_20231114_22_1: the first 150 rows (150 entries) were already imported" in err
    expect(site, entries)
    site.run("--once", "--again", *words(database))
    expect(site, entries + entries)


def test_pushes_what_vermont_stored(make_site, database):
    entries = in_order(vermont_tables(database))
    site = make_site("sqlite")
    for _ in range(2):
        _, err = site.run("push", *words(database))
        assert [json.loads(one) for one in site.redis.client().lrange(rig.QUEUE, 0, -1)] == entries
    assert "h_20231114_22_1: the first 150 rows were already pushed" in err
    daemon = site.daemon()
    site.settle(len(entries), daemon)
    daemon.stop()
    expect(site, entries)


def test_exporters_are_flow_keys(make_site, database):
    entries = in_order(vermont_tables(database), ("h_20231114_22_0",))
    keys = ("exporterIPv4Address", "observationDomainId", "protocolIdentifier")
    site = make_site("sqlite", keys=keys)
    site.run("--once", *words(database, "vermont-db", "h_20231114_22_0"))
    rig.assert_tables(site.tables(), reference.Import(keys=keys).add_all(raw(entries)).tables())


@pytest.mark.parametrize("name", ["odd `name'", "h_20231114_22_0"])
def test_table_that_grows_is_read_on(make_site, database, name):
    site = make_site("sqlite")
    database.make(name, CURRENT, map(row_current, range(50)), ", INDEX (octetDeltaCount), INDEX (flowStartMilliseconds)")
    for n in (50, 51, 90):
        database.fill(name, CURRENT, map(row_current, range(site.ledger()["entries"] or 50, n)))
        site.run("--once", *words(database))
        assert site.ledger()["entries"] == n
        expect(site, map(entry, range(n)))
        site.run("push", *words(database))
        assert [json.loads(one) for one in site.redis.client().lrange(rig.QUEUE, 0, -1)] == list(map(entry, range(n)))


@pytest.mark.parametrize("change", ["DELETE FROM h_1 WHERE sourceTransportPort = %d" % flow(7)[0][2],
                                    "UPDATE h_1 SET octetDeltaCount = octetDeltaCount + 1 LIMIT 1",
                                    "TRUNCATE h_1"])
def test_rows_that_are_others_now_are_found_out(make_site, database, change):
    site = make_site("sqlite")
    database.make("h_1", CURRENT, map(row_current, range(50)))
    for command in ("--once", "push"):
        site.run(command, *words(database))
    database.run(change)
    for command in ("--once", "push"):
        _, err = site.run(command, *words(database), code=1)
        assert ("flowimport: h_1: the first 50 rows differ from those read before: some were deleted, changed or inserted; --again reads all of them\n") in err
    expect(site, map(entry, range(50)))
    site.run("--once", "--again", *words(database))


def test_reads_on_behind_deleted_rows_where_there_is_a_key(make_site, database):
    columns = (("autoid", "INT NOT NULL AUTO_INCREMENT PRIMARY KEY"),) + ARGUS
    site = make_site("sqlite")
    database.make("flows_2023_11_14", columns, ((i + 1,) + row_argus(i) for i in range(60)), engine="MyISAM")
    site.run("--once", *words(database, "argus-db"))
    site.run("push", *words(database, "argus-db"))
    database.run("DELETE FROM flows_2023_11_14 WHERE autoid < 50")
    database.fill("flows_2023_11_14", columns, ((i + 1,) + row_argus(i) for i in range(60, 80)))
    _, err = site.run("--once", *words(database, "argus-db"))
    assert "flows_2023_11_14: the first 60 keys (60 entries) were already imported" in err
    assert site.ledger()["entries"] == 80
    entries = [argus_entry(i) for i in range(80)]
    expect(site, entries)
    site.run("push", *words(database, "argus-db"))
    assert [json.loads(one) for one in site.redis.client().lrange(rig.QUEUE, 0, -1)] == entries


def test_bad_rows_are_told_of_and_the_rest_goes_on(make_site, database, folder):
    site = make_site("sqlite")
    columns = tuple((name, "VARCHAR(40)") for name, _ in CURRENT if "IPv6" not in name)
    rows = [[str(value) for value in row_current(i) if value is not None] for i in range(6)]
    rows[1][2] = "no-such-port"
    rows[2][6] = "-1"
    rows[3][7] = None
    rows[4][0] = "10.0.0.7"
    database.make("h_1", columns, rows)
    kept = folder / "rejected"
    out, err = site.run("--once", "--rejected", kept, *words(database), code=3)
    assert "h_1: 6 entries: 3 imported, 0 too old, 3 rejected\n" in out
    said = [line for line in err.splitlines() if line.startswith("h_1:")]
    assert [line.split(":")[1] for line in said[:3]] == ["2", "3", "4"]
    for line, text in zip(said, ("sourceTransportPort", "octetDeltaCount", "flowStartSeconds")):
        assert text in line and "rejected" in line
    good = [entry(0), entry(4, sourceIPv4Address=0x0a000007), entry(5)]
    expect(site, good)
    lines = kept.read_text().splitlines()
    assert [json.loads(line).get("sourceTransportPort") for line in lines] == ["no-such-port", flow(2)[0][2], flow(3)[0][2]]


# Argus -----------------------------------------------------------------------------------------------------------------


def argus_entry(i):
    (source, destination, sport, dport, protocol, octets, count, start, end), other = flow(i)
    out = {"sourceIPv4Address": source, "destinationIPv4Address": destination, "protocolIdentifier": protocol,
           "sourceTransportPort": sport, "destinationTransportPort": dport, "flowStartMicroseconds": 1000 * start,
           "flowEndMicroseconds": 1000 * end, "packetDeltaCount": count, "octetDeltaCount": octets}
    if other[1]:
        out.update(revPacketDeltaCount=other[1], revOctetDeltaCount=other[0])
    return out


@pytest.mark.parametrize("engine", ["MyISAM", "InnoDB"])
def test_rows_as_rasqlinsert_makes_them(make_site, database, kind, engine):
    database.make("flows_1", ARGUS, map(row_argus, range(200)), engine=engine)
    database.make("flows_2", ARGUS, map(row_argus, range(200, 300)), engine=engine,
                  more=", PRIMARY KEY (proto, saddr, sport, daddr, dport)")
    site = make_site(kind)
    first = [argus_entry(i) for i in range(200)]
    got = printed(site, database, "argus-db")
    assert got[:200] == first
    second = [argus_entry(i) for i in range(200, 300)]
    assert sorted(got[200:], key=str) == sorted(second, key=str)
    for _ in range(2):
        site.run("--once", *words(database, "argus-db"))
        expect(site, first + second)


def test_argus_rows_that_are_no_flows(make_site, database, folder):
    rows = [list(row_argus(i)) for i in range(5)]
    rows[1][6] = "man"
    rows[2][2] = "10.0.0.256"
    rows[3][4] = "a,b\n"
    database.make("flows_1", ARGUS, rows)
    site = make_site("sqlite")
    kept = folder / "rejected"
    _, err = site.run("--once", "--rejected", kept, *words(database, "argus-db"), code=3)
    assert ("flows_1:3: column 'SrcAddr': '10.0.0.256' is not a valid address; "
            "expected an address such as 192.0.2.1 or 2001:db8::1\n") in err
    assert "flows_1:4: column 'Sport': 'a?b?' is not a valid port" in err
    assert "flows_1: 1 records skipped: not IP flows, or counted elsewhere\n" in err
    expect(site, [argus_entry(0), argus_entry(4)])
    # As lines of ra's: once fixed, they are read like them.
    fixed = kept.read_text().replace("10.0.0.256", "10.0.0.2").replace("a?b?", "77")
    kept.write_text(fixed)
    site.run("--once", "--format", "argus", kept)
    assert site.ledger()["imported"] == 4


def test_argus_tables_that_lack_a_column(make_site, database):
    database.make("t_1", [column for column in ARGUS if column[0] != "dpkts"])
    database.make("t_2", [column for column in ARGUS if column[0] != "ltime"])
    database.make("t_3", [("dur", "DOUBLE(18,6)") if column[0] == "ltime" else column for column in ARGUS],
                  [row_argus(1)[:1] + (1.5,) + row_argus(1)[2:]])
    site = make_site("sqlite")
    out, err = site.run("print", *words(database, "argus-db"), code=1)
    for name, column in (("t_1", "dpkts"), ("t_2", "ltime")):
        assert ("flowimport: %s: column %s not found: rasqlinsert -s stime ltime proto saddr sport dir daddr dport spkts dpkts sbytes dbytes writes all required columns\n" % (name, column)) in err
    start = argus_entry(1)["flowStartMicroseconds"]
    assert json.loads(out) == dict(argus_entry(1), flowEndMicroseconds=start + 1500000)


def tool(name):
    path = TOOLS / name
    return str(path) if path.exists() else None


def rasqlinsert(database, folder, records, table, keys):
    """Lets it write some rows. It (3.0.8) never ends, and now and then writes none: it is asked five times."""
    (folder / "rc").write_text("RA_PRINT_MAN_RECORDS=yes\n")  # and not the machine's /etc/ra.conf
    url = "mysql://argus:argus@127.0.0.1:%d/%s/%s" % (database.server.port, database.database, table)
    command = [tool("rasqlinsert"), "-F", folder / "rc", "-m", *keys, "-n", "-r", records, "-w", url, "-s",
               *(name for name, _ in ARGUS if name != "record")]

    def rows():
        try:
            return database.run("SELECT COUNT(*) FROM %s" % table)[0][0]
        except pymysql.err.ProgrammingError:  # no table yet
            return 0
    for _ in range(5):
        process = rig.Process(command, folder, "rasqlinsert")
        with contextlib.suppress(rig.TimeOut):
            rig.wait_for(lambda: rows() >= 20, "rows", 20 * rig.SLOW)
        process.kill()
        rig.wait_for(lambda: not database.run("SELECT 1 FROM information_schema.processlist WHERE user = 'argus'"),
                     "its connection to end")
        if rows():
            return
    pytest.skip("rasqlinsert wrote nothing: " + process.output())


@pytest.mark.skipif(not tool("rasqlinsert") or not tool("argus"), reason="not here: etc/install-deps.sh test")
@pytest.mark.parametrize("keys", ["none", "saddr daddr proto sport dport"], ids=["plain", "keyed"])
def test_tables_that_rasqlinsert_made(make_site, make_maria, folder, keys):
    """Its own tables, whatever it wrote of a capture: each row is an entry with the row's packets and octets."""
    server = make_maria(tcp=True, options=["--sql-mode="])  # it writes '' into numbers
    server.run("CREATE USER argus@'127.0.0.1' IDENTIFIED BY 'argus'", "GRANT ALL ON *.* TO argus@'127.0.0.1'")
    database = Database(server)
    capture, records = folder / "capture.pcap", folder / "records"
    with open(capture, "wb") as out:
        pcap = packets.Pcap(out, packets.ETHERNET, False, False, 96)
        for time, _, _, frame in packets.mix(3000, 5, 100):
            pcap.write(time, frame)
    subprocess.run([tool("argus"), "-F", "/dev/null", "-r", capture, "-w", records], check=True, timeout=rig.BOUND)
    rasqlinsert(database, folder, records, "flows", keys.split())
    expected = database.run("SELECT COUNT(*), SUM(spkts + dpkts), SUM(sbytes + dbytes) FROM flows WHERE proto <> 'man'")
    got = printed(make_site("sqlite"), database, "argus-db")
    flows = [flow for entry in got for flow in (entry if isinstance(entry, list) else [entry])]
    sums = [sum(one[name] + one.get("rev" + name[0].upper() + name[1:], 0) for one in flows)
            for name in ("packetDeltaCount", "octetDeltaCount")]
    assert (len(got), *sums) == tuple(map(int, expected[0]))


# Broken off --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["mid-fold", "mid-flush", "after-commit"])
@pytest.mark.parametrize("keyed", [False, True], ids=["rows", "keys"])
def test_killed_half_way_and_resumed(make_site, database, kind, fault, keyed):
    columns = ((("autoid", "INT NOT NULL AUTO_INCREMENT PRIMARY KEY"),) if keyed else ()) + CURRENT
    site = make_site(kind, queue={"claim_entries": 1000})
    for name, numbers in (("h_1", range(4000)), ("h_2", range(4000, 5500))):
        database.make(name, columns, ((i % 4000 + 1,) * keyed + row_current(i) for i in numbers))
    command, killed = site.command("--once", *words(database)), 0
    for nth in (1, 2, 3):
        done = subprocess.run(command, env=dict(os.environ, FLOWIMPORT_FAULT="%s:%d" % (fault, nth)), check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode in (0, -signal.SIGKILL), done.stdout
        killed += done.returncode != 0
    assert killed >= 1
    site.run("--once", *words(database))
    assert site.ledger()["entries"] == 5500
    expect(site, map(entry, range(5500)))


@pytest.mark.parametrize("keyed", [False, True], ids=["rows", "keys"])
def test_source_goes_away_in_between(make_site, make_maria, keyed):
    columns = ((("autoid", "INT NOT NULL AUTO_INCREMENT PRIMARY KEY"),) if keyed else ()) + CURRENT
    server = make_maria()
    database = Database(server)
    database.make("h_1", columns, ((i + 1,) * keyed + row_current(i) for i in range(20000)))
    site = make_site("sqlite", queue={"retry_max": "200ms"})
    process = rig.Process(site.command("--once", *words(database)), site.folder, "once")
    cuts = [0]
    with contextlib.closing(server.connect()) as connection, connection.cursor() as cursor:
        def cut():
            cursor.execute("SELECT id FROM information_schema.processlist WHERE db = '%s' AND info LIKE '%%FROM `h_1`%%'"
                           % database.database)
            for (number,) in cursor.fetchall():
                with contextlib.suppress(pymysql.err.Error):
                    cursor.execute("KILL %d" % number)
                    cuts[0] += 1
            return cuts[0] >= 3 or not process.running()
        rig.wait_for(cut, "three cuts", step=0.02)
    assert process.wait() == 0, process.output()
    assert cuts[0] >= 1 and "trying again" in process.output()
    expect(site, map(entry, range(20000)))


# Refused ---------------------------------------------------------------------------------------------------------------


def test_account_that_may_only_read(make_site, database, folder):
    user = "reader_%s" % database.database
    database.make("h_1", CURRENT, map(row_current, range(20)))
    database.make("h_2", CURRENT, map(row_current, range(20, 40)))
    database.run("CREATE USER %s@localhost IDENTIFIED BY 'right'" % user,
                 "GRANT SELECT ON %s.h_1 TO %s@localhost" % (database.database, user))
    for word in ("right", "wrong"):
        (folder / word).write_text(word + "\n")
    site = make_site("sqlite")
    url = words(database)[:3] + [database.url.replace("root", user)]
    _, err = site.run("--once", "--from-password-file", folder / "wrong", *url, code=1)
    assert "Access denied for user '%s'" % user in err
    site.run("--once", "--from-password-file", folder / "right", *url)
    expect(site, map(entry, range(20)))
    database.run("DROP USER %s@localhost" % user)


def test_wrong_urls_and_tables(make_site, maria, database):
    site = make_site("sqlite")
    database.make("exporter", [("id", "INT")])
    database.run("CREATE VIEW h_view AS SELECT 1 AS firstSwitched, 2 AS lastSwitched")

    def refused(*arguments, code=1):
        out, err = site.run(*arguments, code=code)
        assert out == ""
        return err
    nothing = "no table with a column firstSwitched, flowStartSeconds or an equivalent, as in VERMONT's tables\n"
    assert refused("--once", *words(database)).endswith(": " + nothing)
    assert "no table h_* with a column stime, as in the tables of Argus' rasqlinsert" in refused(
        "--once", *words(database, "argus-db", "h_*"))
    database.make("h_1", [("firstSwitched", "INT"), ("srcIP", "INT")])
    assert refused("print", *words(database)) == (
        "flowimport: h_1: no column with the flow's end, lastSwitched or flowEndSeconds or an equivalent\n")
    asked = ("flowimport: --once, open, push and print read databases, with --format vermont-db or argus-db and "
             "--from mysql://user@host/database\n")
    for arguments in (["print", "--format", "vermont-db"], ["print", "--from", database.url],
                      ["top", "hosts", "--from", database.url],
                      ["--once", "--format", "vermont-db", "--from", "1700000000"]):
        assert refused(*arguments, code=2) == asked
    assert refused("status", "--format", "argus-db", code=2).startswith("--format: 'status' does not accept it")
    assert "a database can't be combined with FILE or --follow" in refused("print", *words(database), "x", code=2)
    assert "expected mysql://user@host/database" in refused(
        "print", "--format", "vermont-db", "--from", "sqlite://x/y", code=2)
    secret = refused("print", "--format", "vermont-db", "--from", "mysql://root:secret@localhost/x", code=2)
    assert "a password on the command line is visible" in secret and "root:secret" not in secret
    assert "Unknown database 'nowhere'" in refused(
        "print", "--format", "vermont-db", "--from", "mysql://root@localhost/nowhere?socket=%s" % maria.socket)
    assert "unknown parameter 'tables'; expected socket, tls, get-server-public-key or bulk" in refused(
        "print", "--format", "vermont-db", "--from", database.url + "&tables=x", code=2)


def test_times_are_times_still(make_site):
    site = make_site("sqlite")
    for command in (["top", "hosts"], ["verify"]):
        said = [site.run(*command, option, "soon", code=2)[1] for option in ("--from", "--to")]
        assert said[0].startswith("--from: 'soon' is not accepted: expected a time such as 2026-11-23, ")
        assert said[0] == said[1].replace("--to", "--from")
        site.run(*command, "--from", "2023-11-14T22:10Z", code=1)  # there is no store
