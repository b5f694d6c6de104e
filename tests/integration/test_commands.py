"""What the hand tool says about a store of known rows: status, top, verify, schema."""
import json
import re
import socket
import sqlite3
import subprocess

import pytest

import rig
from generator import one

SMALL = [
    one(),
    one(destinationTransportPort=80, octetDeltaCount=3000, protocolIdentifier=17),
    one(sourceIPv4Address=None, destinationIPv4Address=None, sourceIPv6Address="2001:db8::1",
        destinationIPv6Address="2001:db8::2", octetDeltaCount=99999),
    one(flowStartSeconds=1700003400, flowEndSeconds=1700003400, octetDeltaCount=500, packetDeltaCount=1),
    b"bad",
]


@pytest.fixture
def small(make_site, kind):
    site = make_site(kind)
    site.import_at_once(SMALL)
    return site


@pytest.fixture
def plain_tool():
    """Runs the hand tool without a configuration: (exit code, standard output, standard error). Where a Redis is at the
    default's place there is nothing to see."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", 6379)) == 0:
            pytest.skip("there is a Redis at localhost:6379")

    def run(*words):
        done = subprocess.run([str(rig.BUILD / "flowimport"), "-c", "/dev/null"] + [str(word) for word in words],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=rig.BOUND, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()
    return run


def table(text):
    """Lines of words: the widths of columns are free."""
    return [re.sub(r" {2,}", "  ", line.strip()) for line in text.splitlines() if line.strip()]


def test_top_hosts(small):
    out, err = small.run("top", "hosts")
    assert (table(out), err) == ([
        "host  octets  share  packets  flows",
        "1  2001:db8::1  100 kB  95.7 %  10  1",
        "2  2001:db8::2  100 kB  95.7 %  10  1",
        "3  10.0.0.1  4.50 kB  4.3 %  21  3",
        "4  10.0.0.2  4.50 kB  4.3 %  21  3",
        "total: 104 kB, 31 packets, 4 flows; all time"], "")


def test_top_ports(small):
    out, _ = small.run("top", "ports")
    assert table(out) == [
        "port  octets  share  packets  flows",
        "1  50001  104 kB  100.0 %  31  4",
        "2  443 https  101 kB  97.1 %  21  3",
        "3  80 http  3.00 kB  2.9 %  10  1",
        "total: 104 kB, 31 packets, 4 flows; all time"]


def test_top_flows(small):
    out, _ = small.run("top", "flows")
    assert table(out)[1:] == [
        "1  [2001:db8::1]:50001 -> [2001:db8::2]:443 tcp (https)  100 kB  95.7 %  10  1",
        "2  10.0.0.1:50001 -> 10.0.0.2:80 udp  3.00 kB  2.9 %  10  1",
        "3  10.0.0.1:50001 -> 10.0.0.2:443 tcp (https)  1.50 kB  1.4 %  11  2",
        "total: 104 kB, 31 packets, 4 flows; all time"]


def test_top_of_some_rows_and_of_a_time(small):
    out, _ = small.run("top", "hosts", "-n", "1")
    assert [line.split("  ")[:2] for line in table(out)[1:-1]] == [["1", "2001:db8::1"]]
    out, _ = small.run("top", "hosts", "--from", "1700003400", "--to", "1700004000")
    assert table(out)[1:] == ["1  10.0.0.1  500 B  100.0 %  1  1", "2  10.0.0.2  500 B  100.0 %  1  1",
                              "total: 500 B, 1 packets, 1 flows; 2023-11-14T23:10:00Z to 2023-11-14T23:20:00Z"]


def test_top_of_a_time_within_buckets(small):
    """Whole buckets are counted, and the last line says which."""
    whole, _ = small.run("top", "flows", "--from", "1700003400", "--to", "1700004000")
    assert whole.endswith("; 2023-11-14T23:10:00Z to 2023-11-14T23:20:00Z\n") and "500 B  100.0 %" in whole
    assert small.run("top", "flows", "--from", "1700003401", "--to", "1700003402") == (whole, "")
    out, _ = small.run("top", "ports", "--to", "1700003399")
    assert table(out)[-1] == "total: 104 kB, 30 packets, 3 flows; the beginning to 2023-11-14T23:10:00Z"
    out, _ = small.run("top", "ports", "--from", "1700003401")
    assert table(out)[-1] == "total: 500 B, 1 packets, 1 flows; 2023-11-14T23:10:00Z to now"
    _, err = small.run("top", "hosts", "--from", "1700003400", "--to", "1700003400", code=2)
    assert err == "flowimport: --to is not later than --from\n"


def test_top_shows_equals_in_the_order_of_numbers(make_site, kind):
    site = make_site(kind)
    site.import_all([one(destinationTransportPort=port, destinationIPv4Address="10.0.0.%d" % host,
                         octetDeltaCount=1000) for port, host in ((443, 10), (80, 9), (8080, 100))])
    out, _ = site.run("top", "ports")
    assert [line.split()[1] for line in table(out)[1:-1]] == ["50001", "80", "443", "8080"]
    out, _ = site.run("top", "hosts")
    assert [line.split()[1] for line in table(out)[1:-1]] == ["10.0.0.1", "10.0.0.9", "10.0.0.10", "10.0.0.100"]


def test_top_flows_by_the_keys_there_are(make_site):
    keys = "destinationIPv4Address,destinationTransportPort,ipClassOfService"
    site = make_site("sqlite", import_={"aggr_values": keys})
    site.import_all([one(ipClassOfService=service, **more) for service in (0, 8) for more in (
        {}, {"sourceIPv4Address": None, "destinationIPv4Address": None, "sourceIPv6Address": "2001:db8::1",
             "destinationIPv6Address": "2001:db8::2", "octetDeltaCount": 9000})])
    out, _ = site.run("top", "flows")
    assert [line.split("  ")[1] for line in table(out)[1:-1]] == ["* -> [2001:db8::2]:443 (https)",
                                                                  "* -> 10.0.0.2:443 (https)"]


def test_top_of_nothing(make_site):
    site = make_site("sqlite")
    site.import_all([b"bad"])
    for what in ("hosts", "ports", "flows"):
        out, _ = site.run("top", what)
        assert "total: 0 B, 0 packets, 0 flows" in out


def test_status_of_a_quiet_queue(small):
    out, _ = small.run("status")
    lines = table(out)
    assert lines[0].startswith("queue ") and lines[0].endswith("%s: 0 entries waiting, 1 rejected kept" % rig.QUEUE)
    assert lines[1].startswith("store ") and small.store.url.split("?")[0].split("@")[-1] in lines[1]
    assert re.fullmatch(r"one  -  0  5  4  0  1  \d+ s ago", lines[3]), lines


def test_status_of_a_consumer_at_work(make_site):
    site = make_site("sqlite")
    daemon = site.daemon()
    site.redis.push(SMALL)
    site.settle(5, daemon)
    site.redis.push([one()] * 7)
    rig.wait_for(lambda: not site.redis.client().exists(rig.QUEUE), "the queue to be claimed")
    out, _ = site.run("status")
    assert re.search(r"^one +\S+ +7 +5 +4 +0 +1 ", out, re.M), out
    assert not re.search(r"^one +- ", out, re.M), out
    daemon.kill()
    site.redis.push([one()] * 3)
    out, _ = site.run("status")
    assert "3 entries waiting" in out


def test_status_where_redis_is_away(small):
    small.redis.kill()
    _, err = small.run("status", code=1)
    assert str(small.redis.socket) in err


def test_verify_says_what_it_looked_at(small):
    out, err = small.run("verify")
    assert re.fullmatch(r"\d+ checks over 2 buckets and 1 generation: all tables agree\n"
                        r"queue: of the last (\d+) entries taken \1 are counted and 0 still claimed; 0 are missing, "
                        r"0 counted twice\n", out) and err == ""


def plant(site, statement):
    if site.store.kind == "mysql":
        with site.store.cursor() as cursor:
            cursor.execute(statement)
    else:
        # The names of the original are views there, which SQLite doesn't write through.
        connection = sqlite3.connect(str(site.store.path))
        connection.execute(re.sub(r"\b(flows6?|flows_aggr|index_\w+?)(_600)?(?= SET| WHERE)", r"\1\2_data", statement))
        connection.commit()
        connection.close()


@pytest.mark.parametrize("name, statement", [
    ("flows_600", "UPDATE flows_600 SET octetDeltaCount = octetDeltaCount + 1 WHERE destinationTransportPort = 80"),
    ("flows6_600", "UPDATE flows6_600 SET packetDeltaCount = packetDeltaCount + 1"),
    ("flows_600", "DELETE FROM flows_600 WHERE destinationTransportPort = 80"),
    ("flows_aggr_600", "UPDATE flows_aggr_600 SET packetDeltaCount = packetDeltaCount - 1 WHERE bucket = 1700003400"),
    ("index_nodes_600", "UPDATE index_nodes_600 SET src_octetDeltaCount = 1 WHERE id = 167772161"),
    ("index_nodes", "UPDATE index_nodes SET octetDeltaCount = octetDeltaCount + 1 WHERE id = -1"),
    ("index_ports_600", "UPDATE index_ports_600 SET dst_udp_octetDeltaCount = 0 WHERE id = 80"),
    ("index_ports", "DELETE FROM index_ports WHERE id = 443"),
    ("import_ledger", "UPDATE import_ledger SET octetDeltaCount = octetDeltaCount + 5"),
    ("import_ledger", "UPDATE import_ledger SET rejected = rejected + 1"),
], ids=lambda value: value.split(" WHERE")[0])
def test_verify_finds_a_planted_difference(small, name, statement):
    plant(small, statement)
    out, err = small.run("verify", code=1)
    stem = name.replace("flows6", "flows")
    assert stem in (out + err) or name in (out + err), out + err


def test_schema_that_is_printed_makes_the_tables_that_are_used(make_site, kind):
    """Made by hand from `schema print`, by an account that may do more than the importer's."""
    site = make_site(kind, sizes=(60, 600))
    printed, _ = site.run("schema", "print")
    if kind == "sqlite":
        connection = sqlite3.connect(str(site.store.path))
        connection.executescript(printed)
        connection.close()
    else:
        with site.store.cursor() as cursor:
            for statement in printed.split(";\n"):
                if statement.strip():
                    cursor.execute(statement)
    assert all(not rows for rows in site.tables().values())
    site.import_all(SMALL)
    assert len(site.tables()["flows_60"]) == 3
    site.verify()


def test_commands_change_nothing(small):
    before = small.tables(), small.ledger(), small.redis.client().lrange("{%s}:rejected" % rig.QUEUE, 0, -1)
    for words in (["status"], ["verify"], ["top", "hosts"], ["rejected", "list"], ["schema", "print"]):
        small.run(*words)
    assert before == (small.tables(), small.ledger(), small.redis.client().lrange("{%s}:rejected" % rig.QUEUE, 0, -1))


def test_commands_on_a_store_that_is_not_there(make_site):
    site = make_site("sqlite")
    for words in (["verify"], ["top", "hosts"]):
        _, err = site.run(*words, code=1)
        assert str(site.store.path) in err
    assert not site.store.path.exists()


def document(site, *words, code=0):
    """(what a command says with --json, its standard error)."""
    out, err = site.run(*words, "--json", code=code)
    return json.loads(out), err


def shown(number, unit=""):
    """As the text forms show it, of three digits."""
    text = "%d" % number if number < 1000 else ("%#.3g k" % (number / 1000)).replace(". ", " ")
    return (text + unit) if " " in text or not unit else text + " " + unit


@pytest.mark.parametrize("what, words", [
    ("hosts", []), ("ports", []), ("flows", []), ("hosts", ["--from", "1700003000"]), ("ports", ["-n", "1"])],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value)
def test_top_as_json_is_the_text(small, what, words):
    said, err = document(small, "top", what, *words)
    lines = table(small.run("top", what, *words)[0])
    assert err == "" and said["top"] == what and said["metric"] == "octets"
    assert len(said["rows"]) == len(lines) - 2
    for row, line in zip(said["rows"], lines[1:-1]):
        _, name, octets, share, packets, flows = line.split("  ")
        if what == "hosts":
            assert name == row["host"]
        elif what == "ports":
            assert name == " ".join(filter(None, [str(row["port"]), row["service"]]))
        else:
            ends = ["%s:%d" % ("[%s]" % row[end] if ":" in row[end] else row[end], row[end[0] + "port"])
                    for end in ("src", "dst")]
            assert name.startswith(" -> ".join(ends) + " ") and row["proto"] in (6, 17)
            assert ("(%s)" % row["service"] in name) == bool(row["service"])
        assert octets == shown(row["octets"], "B") and (packets, flows) == (shown(row["packets"]), shown(row["flows"]))
        assert share == "%.1f %%" % (100 * row["octets"] / said["total"]["octets"])
    assert ("all time" in lines[-1]) == (said["from"] is None and said["to"] is None)


def test_status_as_json_is_the_text(small):
    said, _ = document(small, "status")
    lines = table(small.run("status")[0])
    queue = said["queue"]
    assert (queue["kind"], queue["name"], queue["error"]) == ("redis", rig.QUEUE, None)
    assert lines[0] == "queue  %s %s: %d entries waiting, %d rejected kept" % (
        queue["server"], queue["name"], queue["waiting"], queue["rejected"])
    assert lines[1] == "store  " + said["store"]["name"] and said["store"]["error"] is None
    one_row, = said["consumers"]
    last = one_row.pop("last_commit")
    assert 1700000000 < last
    assert one_row == {"name": "one", "state": None, "claimed": 0, "entries": 5, "imported": 4, "too_old": 0,
                       "rejected": 1}


def test_verify_as_json_is_the_text(small):
    said, _ = document(small, "verify")
    assert said == dict(said, differences=0, first=None, buckets=2, generations=1)
    assert small.run("verify")[0].startswith("%d checks over 2 buckets" % said["checks"])
    plant(small, "UPDATE import_ledger SET rejected = rejected + 1")
    said, _ = document(small, "verify", code=1)
    assert said["differences"] == 1 and "first: %s\n" % said["first"] in small.run("verify", code=1)[0]


def test_rejected_list_as_json_is_the_text(small):
    small.redis.push([b'{"flowStartSeconds": "\xff\x00"}'])
    small.run("--once", code=3)
    small.redis.client().rpush("{%s}:rejected" % rig.QUEUE, b"of others")
    said, _ = document(small, "rejected", "list")
    lines = small.run("rejected", "list")[0].splitlines()
    assert said["queue"] == rig.QUEUE and len(said["rejected"]) == len(lines) == 3
    for one_entry, line in zip(said["rejected"], lines):
        head, _, entry = line.partition("} ") if line.startswith("{") else ("", "", line.lstrip())
        assert one_entry.pop("entry") == entry
        assert one_entry == (json.loads(head + "}") if head else dict.fromkeys(("reason", "field", "value", "time")))


def test_schema_check_as_json(small):
    assert document(small, "schema", "check") == ({"complete": True, "error": None}, "")
    said, err = document(small, "schema", "check", "--bucket-sizes", "60,600", code=1)
    assert said["complete"] is False and err == "flowimport: %s\n" % said["error"] and "60" in said["error"]


def test_retention_status_as_json_is_the_text(small):
    words = ["retention", "status", "--keep", "600=2d", "--max-size", "1G"]
    said, _ = document(small, *words, code=1)  # it has never run
    text, _ = small.run(*words, code=1)
    assert said["configured"] == {"keep": {"600": 172800}, "max_size": 1 << 30}
    assert said["installed"] == {"keep": {}, "max_size": 0}
    assert "store      %s\n" % said["store"] in text
    assert re.findall(r"^problem +(.*)$", text, re.M) == [problem["problem"] for problem in said["problems"]]
    assert all(problem["remedy"] in text for problem in said["problems"])
    assert said["problems"]
    off, _ = document(small, "retention", "status")
    assert (off["configured"], off["problems"]) == ({"keep": {}, "max_size": 0}, [])


def test_status_without_a_queue(small):
    """With queue = direct nobody asks Redis, whether it is there or not."""
    small.redis.kill()
    direct = ["--collector-listen", "udp:127.0.0.1:1", "--collector-queue", "direct"]
    out, err = small.run("status", *direct)
    assert err == "" and out.startswith("queue   none: ") and "direct" in out.splitlines()[0]
    assert re.search(r"^one +- +0 +5 +4 ", out, re.M) and " -1" not in out
    said, _ = document(small, "status", *direct)
    assert said["queue"] == {"kind": "direct", "server": None, "name": None, "waiting": None, "rejected": None,
                             "error": None, "redis_problems": []}


def test_status_of_files_alone(folder, plain_tool):
    """Nobody has named a Redis, and none is at the default's place."""
    (folder / "flows.json").write_bytes(one())
    store = ["--store", "sqlite:%s/flows.db" % folder]
    code, _, err = plain_tool("status", *store)
    assert code == 1 and "flows.db" in err  # there is no store yet: neither is known
    assert plain_tool("--once", folder / "flows.json", *store)[0] == 0
    code, out, err = plain_tool("status", *store)
    assert (code, err) == (0, "") and out.startswith("queue   none: only files") and re.search("^files +- +0 +1 ", out, re.M)
    # A Redis that is named must be there.
    code, out, err = plain_tool("status", *store, "--queue", "redis://127.0.0.1:1/0")
    assert code == 1 and "127.0.0.1:1" in err and out.startswith("store ") and re.search("^files ", out, re.M)
    code, out, err = plain_tool("status", *store, "--queue", "redis://127.0.0.1:1/0", "--json")
    said = json.loads(out)
    assert code == 1 and "127.0.0.1:1" in said["queue"]["error"] and said["queue"]["waiting"] is None
    assert said["store"]["error"] is None and said["consumers"][0]["entries"] == 1


def test_status_of_a_key_that_is_no_list(small):
    small.redis.client().set("text", "x")
    out, err = small.run("status", "--queue-name", "text", code=1)
    assert "text" in err and "WRONGTYPE" in err and " -1" not in out and out.startswith("store ")


def test_status_where_the_store_is_away(make_site):
    site = make_site("sqlite")
    site.redis.push([one()] * 3)
    out, err = site.run("status", code=1)
    assert "3 entries waiting" in out and str(site.store.path) in err
    said, _ = document(site, "status", code=1)
    assert said["queue"]["waiting"] == 3 and said["store"]["name"] is None and said["store"]["error"]
