"""[import] leave_out: a store without the index of ports, or without the tables for all time, answers the same from the
tables that it has, or says what it has not."""
import pytest

import rig
from generator import START, flows
from serving import Server

CHOICES = ("ports", "all-time", "ports-and-all-time")
ALL_TIME = {"index_nodes", "index_nodes6", "index_ports"}
PORTS = {"index_ports", "index_ports_60", "index_ports_600"}
GONE = {"ports": PORTS, "all-time": ALL_TIME, "ports-and-all-time": ALL_TIME | PORTS}
ENTRIES = list(flows(400, seed=11, hosts=40))


def without_range(out):
    """What `top` prints, but the end of the last line, which says of which time it is."""
    return out[:out.rindex(";")]


@pytest.fixture
def full(make_site, kind):
    site = make_site(kind, sizes=(60, 600))
    site.import_at_once(ENTRIES)
    return site


@pytest.mark.parametrize("choice", CHOICES)
def test_what_is_there_is_the_same(make_site, full, kind, choice):
    site = make_site(kind, sizes=(60, 600), import_={"leave_out": choice})
    site.import_at_once(ENTRIES)
    expected = full.tables()
    rig.assert_tables(rig.Dump(site.keys, site.sums, site.sizes).tables(site.store, GONE[choice]),
                      {name: expected[name] for name in expected if name not in GONE[choice]})
    with site.store.cursor() as cursor:
        for name in GONE[choice]:
            with pytest.raises(Exception, match=name):
                cursor.execute("SELECT 1 FROM " + name)
    out, err = site.verify()
    assert "all tables agree" in out
    assert ("the ledger is not compared" in err) == (choice != "ports")
    for what in ("hosts", "ports", "flows"):
        for more in ((), ("--from", START + 600)):
            got, _ = site.run("top", what, "-n", 20, *more)
            assert without_range(got) == without_range(full.run("top", what, "-n", 20, *more)[0])
    got, _ = site.run("top", "hosts")
    assert got.endswith("; all time\n" if choice == "ports" else "; the beginning to now\n")
    assert site.run("schema", "check")[0] == "all tables match the configuration\n"


@pytest.mark.parametrize("choice", CHOICES)
def test_the_original_paths_say_what_is_left_out(make_site, full, kind, choice):
    site = make_site(kind, sizes=(60, 600), import_={"leave_out": choice})
    site.import_at_once(ENTRIES)
    web, whole = Server(site), Server(full)
    for path, table, sizes in (("/api/index/nodes", "nodes", ()), ("/api/index/ports", "ports", ()),
                               ("/api/dynamic/index/nodes", "nodes", (600,)),
                               ("/api/dynamic/index/ports", "ports", (600,))):
        name = "index_" + table + "".join("_%d" % size for size in sizes)
        if name not in GONE[choice]:
            assert web.ask(path)[::2] == whole.ask(path)[::2], path
            continue
        status, _, body = web.ask(path)
        what = b"no index of ports" if name in PORTS and "ports" in choice.split("-") else b"no tables for all time"
        assert (status, what in body) == (404, True), (path, status, body)
    query = "/api/query?from=%d&to=%d&group=port" % (START - 600, START + 7200)
    assert web.json(query)["groups"] == whole.json(query)["groups"]


@pytest.mark.parametrize("there, wanted", [("none", "ports"), ("ports", "none"), ("all-time", "ports-and-all-time")])
def test_another_choice_is_refused(make_site, kind, there, wanted):
    site = make_site(kind, import_={"leave_out": there})
    site.import_at_once(ENTRIES[:5])
    before = site.ledger()
    said = "the tables were created with leave_out = %s, but leave_out = %s is configured" % (there, wanted)
    for words in (("verify",), ("top", "hosts"), ("schema", "install"), ("retention", "status")):
        assert said in site.run(*words, code=1, import_={"leave_out": wanted})[1], words
    site.redis.push(ENTRIES[:5])
    daemon = site.daemon(ready=False, import_={"leave_out": wanted})
    assert daemon.wait() == 1 and said in daemon.output()
    assert site.ledger() == before
