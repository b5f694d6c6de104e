"""What the manuals show as examples is run: queries on a filled store, and the ways from flow-inspector to flowimport."""
import os
import re
import signal
import subprocess
import time

import pytest

import generator
import reference
import rig

DAY = 86400
SHOWN = 1700006400  # the day of the manual's examples
KEYS = reference.TUPLE_KEYS
HOST = "192.0.2.7"


def examples(page):
    """{name: (words behind the name, text)} of a manual."""
    out = {}
    text = (rig.BUILD / "man" / page).read_text()
    for head, body in re.findall(r'^\.\\" example ([^\n]*)\n\.Bd [^\n]*\n(.*?)\n\.Ed$', text, re.M | re.S):
        name, *words = head.split()
        out[name] = words, body.replace("\\(aq", "'").replace("\\-", "-")
    return out


TABLES = examples("flowimport-tables.7") if (rig.BUILD / "man").exists() else {}
MIGRATION = examples("flowimport-migration.7") if (rig.BUILD / "man").exists() else {}


@pytest.fixture(scope="module", name="flows")
def flows_fixture():
    """Entries of the manual's day and of yesterday, some of the manual's host, as (entry, start)."""
    yesterday = int(time.time()) // DAY * DAY - DAY
    out = []
    for i in range(400):
        start = (SHOWN, yesterday)[i % 2] + (i * 211) % (DAY - 700)
        ends = {"sourceIPv4Address": HOST} if i % 5 == 0 else {"destinationIPv4Address": HOST} if i % 7 == 0 else {}
        if i % 11 == 0 and not ends:
            ends = {"sourceIPv6Address": "2001:db8::%x" % (i % 6 + 1), "destinationIPv6Address": "2001:db8::ff",
                    "sourceIPv4Address": None, "destinationIPv4Address": None}
        out.append(generator.one(**{"sourceIPv4Address": "10.0.%d.%d" % (i % 3, i % 17),
                                    "destinationIPv4Address": "198.51.100.%d" % (i % 13),
                                    "sourceTransportPort": 40000 + i % 23, "destinationTransportPort": (443, 53, 80)[i % 3],
                                    "protocolIdentifier": (6, 17, 6)[i % 3], "flowStartSeconds": start,
                                    "flowEndSeconds": start + i % 600, "packetDeltaCount": 1 + i,
                                    "octetDeltaCount": 100 * i * i + i, **ends}))
    return out


def canonical(rows):
    def one(value):
        if isinstance(value, bytes):
            return value.decode()
        if value is None or isinstance(value, (int, str)):
            return value
        return int(value) if value == int(value) else round(float(value), 3)
    return [tuple(one(value) for value in row) for row in rows]


def full(address):
    """An IPv6 address as SQLite's views write it."""
    return address if "." in address else "%04x:%04x:" % (0x2001, 0xdb8) + "0000:" * 5 + "%04x" % int(
        address.rsplit(":", 1)[1], 16)


class Answers:
    """The answer to each example, from the reference's tables."""

    def __init__(self, tables, kind):
        self.tables, self.kind = tables, kind
        self.yesterday = int(time.time()) // DAY * DAY - DAY

    @staticmethod
    def day(rows, place, start=SHOWN):
        return [row for row in rows if start <= row[place] < start + DAY]

    def text(self, address):
        return full(address) if self.kind == "sqlite" else address

    @staticmethod
    def grouped(pairs):
        sums = {}
        for key, value in pairs:
            sums[key] = sums.get(key, 0) + value
        return sorted(sums.items(), key=lambda item: (-item[1], item[0]))

    def hosts_yesterday(self):
        rows = self.day(self.tables["index_nodes_600"], 1, self.yesterday)
        return self.grouped((row[0], row[3]) for row in rows if row[0] != "total")[:10]

    def hosts_yesterday_both(self):
        rows = self.day(self.tables["index_nodes_600"] + self.tables["index_nodes6_600"], 1, self.yesterday)
        return self.grouped((self.text(row[0]), row[3]) for row in rows if row[0] != "total")[:10]

    def by_hour(self):
        hours = self.grouped((row[0] // 3600 * 3600, row[2]) for row in self.day(self.tables["flows_aggr_600"], 0))
        return sorted((hour, octets * 8 / 3600) for hour, octets in hours)

    def both_flows(self):
        return self.tables["flows_600"] + self.tables["flows6_600"]

    def peers(self):
        return self.grouped((row[2] if row[1] == HOST else row[1], row[7]) for row in self.day(self.both_flows(), 0)
                            if HOST in row[1:3])

    def port_share(self):
        rows = self.day(self.tables["index_ports_600"], 1)
        total = sum(row[3] for row in rows if row[0] == -1)
        return [(port, octets, 100 * octets / total) for port, octets in
                self.grouped((row[0], row[3]) for row in rows if row[0] != -1)][:10]

    def to_port(self):
        row = next(row for row in self.tables["index_ports"] if row[0] == 443)
        return [(row[1 + 11 * 3 + 1], row[1 + 12 * 3 + 1])]

    def largest_flows(self):
        rows = [row for row in self.both_flows() if row[0] == SHOWN]
        rows = [(self.text(row[1]), row[3], self.text(row[2]), row[4], row[5], row[7]) for row in rows]
        return sorted(rows, key=lambda row: (-row[5], row[0], row[1]))[:5]

    def exact(self):
        return [(sum(row[8] for row in self.day(self.tables["flows_600"], 0)),)]

    def imports(self):
        return [("one", 1, 400 + len(LOST), 0)]

    def lost(self):
        return [(SHOWN, "192.0.2.1/0", "flows", 6), (SHOWN, "udp:4739", "datagrams", 3),
                (SHOWN + 3600, "192.0.2.1/0", "flows", 4 + 7)]


# Entries that report loss: one of them over two hours.
LOST = ['{"lost":10,"what":"flows","source":"192.0.2.1/0","start":%d,"end":%d}' % (SHOWN + 3000, SHOWN + 3999),
        '{"lost":7,"what":"flows","source":"192.0.2.1/0","start":%d,"end":%d}' % (SHOWN + 3600, SHOWN + 3600),
        '{"lost":3,"what":"datagrams","source":"udp:4739","start":%d,"end":%d}' % (SHOWN + 60, SHOWN + 60)]


@pytest.fixture(scope="module", name="filled")
def filled_fixture(request, session_folder, flows):
    """filled(kind): a store with the flows, made once."""
    sites = {}

    def fill(kind):
        if kind not in sites:
            folder = session_folder / ("manual-" + kind)
            folder.mkdir()
            redis = rig.Redis(folder)
            request.addfinalizer(redis.kill)
            if kind == "sqlite":
                store = rig.SQLiteStore(folder)
            else:
                maria = request.getfixturevalue("maria")
                store = rig.MySQLStore(maria, maria.new_database())
            sites[kind] = rig.Site(folder, redis, store, queue={"consumer": "one"})
            sites[kind].import_at_once(flows + [text.encode() for text in LOST])
        return sites[kind]
    return fill


@pytest.mark.parametrize("name,kind", [(name, kind) for name in sorted(TABLES) for kind in TABLES[name][0]])
def test_query_of_the_tables_manual(filled, flows, kind, name):
    sql = TABLES[name][1]
    site = filled(kind)
    answers = Answers(reference.Import().add_all(flows).tables(), kind)
    with site.store.cursor() as cursor:
        cursor.execute(sql.rstrip(";"))
        got = canonical(cursor.fetchall())
    if name == "imports":
        assert got[0][4] > SHOWN
        got = [row[:4] for row in got]
    expected = canonical(getattr(Answers, name)(answers))
    assert expected, "the example shows nothing"
    # Where the query leaves the order of equals open, so does the comparison.
    assert sorted(got) == sorted(expected) and [row[-1] for row in got] == [row[-1] for row in expected]


def test_every_table_and_column_stands_in_the_manual(filled, kind):
    text = (rig.BUILD / "man" / "flowimport-tables.7").read_text()
    parts = dict(re.findall(r"^\.Ss (\S+)\n(.*?)(?=^\.S[sh] )", text, re.M | re.S))
    with filled(kind).store.cursor() as cursor:
        if kind == "mysql":
            cursor.execute("SELECT table_name, column_name FROM information_schema.columns "
                           "WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position")
        else:
            cursor.execute("SELECT m.name, c.name FROM sqlite_master m, pragma_table_xinfo(m.name) c "
                           "WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite%' ORDER BY 1")
        columns = canonical(cursor.fetchall())
    assert len({table for table, _ in columns}) > 20
    for table, column in columns:
        name = table.replace("_600", "_S")
        if name.endswith("_text"):
            assert "%s" % name in text
            continue
        assert name.replace("_data", "") in parts, table
        part = parts[name.replace("_data", "")]
        if column == "flows_millionths" or column.endswith("_flows_millionths"):
            column = column[:-len("_millionths")]
        by_class = re.sub(r"^((src_|dst_)?(tcp|udp|icmp|other)_).*", r"\1...", column)
        assert re.search(r"^\.It Va .*(?<!\S)%s(?!\S)" % re.escape(by_class), part, re.M), (table, column)


# From flow-inspector --------------------------------------------------------------------------------------------------


OLD_COLUMNS = {  # flow-inspector's, in their order
    "flows_600": ("bucket",) + KEYS, "flows_aggr_600": ("bucket",), "index_nodes_600": ("id", "bucket"),
    "index_ports_600": ("id", "bucket"), "index_nodes": ("id",), "index_ports": ("id",)}


def old_columns(table):
    sums = reference.TUPLE_SUMS + ("flows",)
    groups = [""] + ["%s_" % name for name in reference.CLASSES]
    if table.startswith("index"):
        groups += [end + group for end in ("src_", "dst_") for group in groups]
    return list(OLD_COLUMNS[table]) + [group + name for group in groups for name in sums]


def test_tables_have_the_old_columns_in_their_order(filled, kind):
    with filled(kind).store.cursor() as cursor:
        for table in OLD_COLUMNS:
            cursor.execute("SELECT * FROM %s" % table)
            names = [column[0] for column in cursor.description]
            assert [name for name in names if kind == "mysql" or not name.endswith("_millionths")] == old_columns(table)


def test_statements_that_fail_on_views(make_site, maria):
    site = make_site("mysql")
    site.run("--once")
    for statement in ("INSERT INTO flows_600 (bucket, sourceIPv4Address) VALUES (0, 0)", "TRUNCATE TABLE flows_600",
                      "ALTER TABLE flows_600 ADD x INT", "CREATE INDEX x ON flows_600 (bucket)"):
        with pytest.raises(Exception) as failure:
            maria.run("USE %s" % site.store.database, statement)
        assert type(failure.value).__name__ in ("OperationalError", "ProgrammingError"), failure.value
    maria.run("USE %s" % site.store.database, "DELETE FROM flows_600 WHERE bucket < 1700000000")


def test_copying_to_two_lists(make_site, folder):
    """The loop of the manual, killed again and again: each entry is on both lists once, in order, or on the first."""
    site = make_site("sqlite", queue={"name": "entry:trial"})
    (folder / "copy.lua").write_text(MIGRATION["copy.lua"][1] + "\n")
    script = MIGRATION["copy.sh"][1].replace("redis-cli", "redis-cli -s %s" % site.redis.socket)
    entries = list(generator.flows(30000, seed=12))
    client = site.redis.client()
    loop = None
    for at in range(0, len(entries), 6000):
        loop = subprocess.Popen(["sh", "-c", "cd %s && %s" % (folder, script)], start_new_session=True)
        site.redis.push(entries[at:at + 6000], name="entry:new")
        rig.wait_for(lambda at=at: client.llen("entry:trial") >= at + 2000, "the first entries to be copied")
        os.killpg(loop.pid, signal.SIGKILL)
        loop.wait()
        loop = subprocess.Popen(["sh", "-c", "cd %s && %s" % (folder, script)], start_new_session=True)
        rig.wait_for(lambda at=at: client.llen("entry:trial") == at + 6000, "all to be copied")
        os.killpg(loop.pid, signal.SIGKILL)
        loop.wait()
    assert client.exists("entry:new") == 0
    assert client.lrange("entry:queue", 0, -1) == client.lrange("entry:trial", 0, -1) == entries
    site.run("--once")
    assert site.ledger()["entries"] == len(entries) and client.llen("entry:queue") == len(entries)


class Original:
    """flow-inspector's preprocess.py, as far as its tables matter here: it takes entries up to END, and writes."""

    def __init__(self, maria):
        self.maria, self.database = maria, maria.new_database()
        self.url = "mysql://root@localhost/%s?socket=%s" % (self.database, maria.socket)

    def run(self, client):
        taken = []
        while True:
            entry = client.blpop([rig.QUEUE], 30)[1]
            if entry == b"END":
                break
            taken.append(entry)
        counts = ", ".join("%s BIGINT UNSIGNED DEFAULT 0" % name for name in old_columns("flows_600")[6:])
        self.maria.run("USE %s" % self.database, "CREATE TABLE flows_600 (bucket INT UNSIGNED NOT NULL, %s, %s, "
                       "PRIMARY KEY (bucket, %s))" % (", ".join("%s INT UNSIGNED NOT NULL" % key for key in KEYS), counts,
                                                      ", ".join(KEYS)))
        done = reference.Import().add_all(taken)
        rows = [(bucket,) + key + (values[0], values[1], values[2] // reference.FLOW_UNIT)
                for (bucket, family, key), values in done.folded[600].items() if family == 4]
        with self.maria.connect(self.database) as connection, connection.cursor() as cursor:
            cursor.executemany("INSERT INTO flows_600 (%s) VALUES (%s)" % (
                ", ".join(old_columns("flows_600")[:9]), ", ".join(["%s"] * 9)), rows)
        return taken


@pytest.mark.parametrize("first", ["migrate", "start"])
def test_changing_over(make_site, maria, kind, first):
    """Entries are pushed all the time; each is counted once, by the one or the other."""
    site = make_site(kind, sizes=(600, 3600))
    entries = [generator.one(flowStartSeconds=generator.START + i, flowEndSeconds=generator.START + i,
                             sourceTransportPort=i % 50, octetDeltaCount=i, packetDeltaCount=1) for i in range(4000)]
    old = Original(maria)
    site.redis.push(entries[:2000])
    site.redis.push([b"END"])
    site.redis.push(entries[2000:])
    taken = old.run(site.redis.client())
    assert taken == entries[:2000]
    if first == "migrate":
        site.run("migrate", old.url)
    daemon = site.daemon()
    if first == "start":
        site.run("migrate", old.url)
    rows = int(maria.run("SELECT COUNT(*) FROM %s.flows_600" % old.database)[0][0])
    site.settle(2000 + rows, daemon)
    daemon.stop()
    rig.assert_tables(site.tables(), reference.Import(sizes=(600, 3600)).add_all(entries).tables())
    site.verify()
    maria.run("DROP DATABASE %s" % old.database)


def test_examples_are_there():
    assert sum(len(words) for words, _ in TABLES.values()) == 18 and sorted(MIGRATION) == ["copy.lua", "copy.sh"]
