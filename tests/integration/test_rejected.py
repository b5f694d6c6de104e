"""Bad entries among good ones: the good are counted, the bad accounted for, to be read, fixed and tried again."""
import collections
import json
import re

import generator
import reference
import rig
from generator import one

BAD = 100000
REJECTED = "{%s}:rejected" % rig.QUEUE


def mixed(bad, good):
    """Good entries strewn among `bad` bad ones."""
    good = list(good)
    every = bad // len(good)
    for i, (_, raw) in enumerate(generator.bad(bad)):
        if i % every == 0 and good:
            yield good.pop()
        yield raw
    yield from good


def test_a_hundred_thousand_bad_entries_of_every_reason(make_site, kind):
    good = list(generator.flows(10000, seed=51))
    site = make_site(kind, queue={"rejected_max": BAD})
    site.import_all(mixed(BAD, good))
    ledger = site.ledger()
    assert [ledger[name] for name in rig.LEDGER_COUNTS] == [BAD + 10000, 10000, 0, BAD]
    rig.assert_tables(site.tables(), reference.Import().add_all(good).tables())
    listed = site.rejected()
    assert [raw for _, raw in listed] == [raw for _, raw in generator.bad(BAD)]
    counts = collections.Counter(json.loads(header)["reason"] for header, _ in listed)
    assert counts == {reason: BAD // len(generator.BAD) for reason in generator.BAD}
    assert set(json.loads(listed[0][0])) == {"reason", "field", "value", "time"}
    site.verify()
    out, _ = site.run("status")
    assert re.search(r"\b%d\b" % BAD, out), out


def test_list_is_capped_but_the_count_is_not(make_site):
    site = make_site("sqlite", queue={"rejected_max": 100})
    site.import_all([raw for _, raw in generator.bad(1000)])
    assert site.ledger()["rejected"] == 1000
    assert [raw for _, raw in site.rejected()] == [raw for _, raw in generator.bad(1000)][-100:]


def test_nothing_is_kept_where_the_cap_is_zero(make_site):
    site = make_site("sqlite", queue={"rejected_max": 0})
    site.import_all([raw for _, raw in generator.bad(50)] + [one()])
    assert site.rejected() == []
    assert (site.ledger()["imported"], site.ledger()["rejected"]) == (1, 50)


def test_list_shows_reason_field_value_and_entry(make_site):
    site = make_site("sqlite")
    site.import_all([one(sourceTransportPort=70000), b"hello world", one()])
    out, _ = site.run("rejected", "list")
    for word in ("out-of-range", "sourceTransportPort", "70000", "not-json", "hello world"):
        assert word in out
    assert len(site.rejected()) == 2


def test_retry_puts_the_raw_entries_back(make_site):
    site = make_site("sqlite", import_={"max_flow_duration": "10s"})
    entries = [one(flowEndSeconds=1700002830, sourceTransportPort=i) for i in range(30)] + [one()]
    site.import_all(entries)
    assert (site.ledger()["imported"], len(site.rejected())) == (1, 30)
    site.run("rejected", "retry")
    assert site.redis.client().lrange(rig.QUEUE, 0, -1) == entries[:30]
    assert not site.redis.client().exists(REJECTED)
    # With the option fixed they are good.
    daemon = site.daemon(import_={"max_flow_duration": "1d"})
    site.settle(31 + 30, daemon)
    daemon.stop()
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())
    site.verify()


def test_retry_of_what_is_still_bad_rejects_it_again(make_site):
    site = make_site("sqlite")
    raws = [raw for _, raw in generator.bad(20)]
    site.import_all(raws)
    site.run("rejected", "retry")
    daemon = site.daemon()
    site.settle(40, daemon)
    daemon.stop()
    assert [raw for _, raw in site.rejected()] == raws
    assert site.ledger()["rejected"] == 40


def test_clear_empties_the_list(make_site):
    site = make_site("sqlite")
    site.import_all([raw for _, raw in generator.bad(20)])
    site.run("rejected", "clear")
    assert site.rejected() == []
    out, _ = site.run("rejected", "list")
    assert "not-json" not in out


def test_bytes_of_any_kind_are_kept(make_site):
    raws = [b"\n", b"a\nb\n", b"\0\xff{", b"{}\n", bytes(range(256)), b"x" * 300000]
    site = make_site("sqlite")
    site.import_all(raws)
    assert [raw for _, raw in site.rejected()] == [raw[:65536] for raw in raws]  # of a long one the head
    for header, _ in site.rejected():
        json.loads(header.decode("utf-8"))


def test_odd_values_make_no_broken_header(make_site):
    raws = [one(octetDeltaCount='"\\\n\u0007é"' * 100), one(protocolIdentifier="\u65e5\u672c" * 40),
            one(sourceIPv4Address={"a": ["b"]})]
    site = make_site("sqlite")
    site.import_all(raws)
    assert [(json.loads(header.decode("utf-8"))["reason"], raw) for header, raw in site.rejected()] == [
        ("wrong-type", raw) for raw in raws]


def test_an_entry_of_hundreds_of_megabytes(make_site):
    """Refused unread, in any delivery: its head and its length are kept, and memory is bounded. retry leaves it."""
    huge, edge = b'{"a":"' + bytes(range(1, 256)) * (200 * 1024 * 1024 // 255) + b'"}', b"x" * (1 << 20)
    for delivery in "exactly-once", "at-most-once":
        site = make_site("sqlite", queue={"delivery": delivery})
        queue = site.redis.client()
        for entry in one(), huge, edge, edge + b"x", one():
            queue.rpush(rig.QUEUE, entry)
        daemon = site.daemon()
        site.settle(5, daemon)
        assert rig.SANITIZED or daemon.peak_rss() < 60 * 2**20
        daemon.stop()
        assert (site.ledger()["imported"], site.ledger()["rejected"]) == (2, 3)
        assert [(json.loads(header)["reason"], json.loads(header).get("bytes"), raw) for header, raw in site.rejected()] == [
            ("too-big", len(huge), huge[:65536]), ("not-json", 1 << 20, edge[:65536]),
            ("too-big", (1 << 20) + 1, edge[:65536])]
        queue.rpush(REJECTED, b'{"reason":"not-json"}\nhello')
        assert site.run("rejected", "retry")[0] == (
            "3 entries stay: only their heads were kept\n1 entries put back on entry:queue\n")
        assert queue.lrange(rig.QUEUE, 0, -1) == [b"hello"] and queue.llen(REJECTED) == 3
        document = json.loads(site.run("rejected", "list", "--json")[0])
        assert document["rejected"][0]["bytes"] == len(huge)


def test_refused_entries_are_read_once(make_site):
    """What Redis sends is no more than twice what was on the queue, though a generation holds 16 MiB of refused ones."""
    for size, n in (1000000, 160), (60000, 1500), (3000000, 100), (300, 200000):
        site = make_site("sqlite", queue={"rejected_max": 10})
        queue = site.redis.client()
        pipe = queue.pipeline(transaction=False)
        for i in range(n):
            pipe.rpush(rig.QUEUE, b"x" * size)
            if i % 1000 == 999 or size > 100000:
                pipe.execute()
        pipe.execute()
        before = queue.info("stats")["total_net_output_bytes"]
        site.run("--once", code=3)
        sent = queue.info("stats")["total_net_output_bytes"] - before
        assert site.ledger()["rejected"] == n
        assert sent < 2 * size * n, (size, n, sent)
