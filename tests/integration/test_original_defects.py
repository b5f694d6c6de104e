"""What flow-inspector's importer got wrong, each with the right answer."""
import json
import signal
import time

import pytest

import generator
import reference
import rig
from generator import one

MILLION = reference.FLOW_UNIT


def imported(site, entries):
    site.import_all(entries)
    return site.tables()


def rows(tables, name, *key):
    return [row[len(key):] for row in tables[name] if row[:len(key)] == key]


def test_1_keys_that_look_alike_side_by_side_keep_their_own_rows(make_site, kind):
    entries = [one(sourceTransportPort=80, destinationTransportPort=1234),
               one(sourceTransportPort=801, destinationTransportPort=234),
               one(protocolIdentifier=17, sourceTransportPort=50000, destinationTransportPort=1, packetDeltaCount=5),
               one(protocolIdentifier=7, sourceTransportPort=50000, destinationTransportPort=11, packetDeltaCount=2),
               one(sourceIPv4Address=1677721611, destinationIPv4Address=67772162), one()]
    tables = imported(make_site(kind), entries)
    assert [row[1:8] for row in tables["flows_600"]] == sorted([
        ("10.0.0.1", "10.0.0.2", 80, 1234, 6, 10, 1000), ("10.0.0.1", "10.0.0.2", 801, 234, 6, 10, 1000),
        ("10.0.0.1", "10.0.0.2", 50000, 1, 17, 5, 1000), ("10.0.0.1", "10.0.0.2", 50000, 11, 7, 2, 1000),
        (reference.address_text(4, 1677721611), reference.address_text(4, 67772162), 50001, 443, 6, 10, 1000),
        ("10.0.0.1", "10.0.0.2", 50001, 443, 6, 10, 1000)])


def test_2_each_port_has_its_own_row_with_its_protocols(make_site, kind):
    tables = imported(make_site(kind), [one(protocolIdentifier=17, sourceTransportPort=5353,
                                            destinationTransportPort=53)])
    counts, none = (10, 1000, MILLION), (0, 0, 0)
    udp = counts + none + counts + none + none  # total, tcp, udp, icmp, other
    assert tables["index_ports"] == [(-1,) + udp + none * 10, (53,) + udp + none * 5 + udp,
                                     (5353,) + udp + udp + none * 5]


def test_3_flow_counts_are_fractions_that_add_up_over_every_flush(make_site, kind):
    site = make_site(kind)
    daemon = site.daemon()
    for i in range(6):
        site.redis.push([one(flowStartSeconds=1700003395, flowEndSeconds=1700003404), one(
            flowStartSeconds=1700003399, flowEndSeconds=1700003401, sourceTransportPort=7)])
        site.settle(2 * (i + 1), daemon)
    daemon.stop()
    tables = site.tables()
    assert [row[-13] for row in tables["flows_600"]] == [2 * MILLION - 2, 3 * MILLION, 4 * MILLION + 2, 3 * MILLION]
    assert [row[3] for row in tables["flows_aggr_600"]] == [5 * MILLION - 2, 7 * MILLION + 2]
    assert rows(tables, "index_nodes", "total")[0][2] == 12 * MILLION


@pytest.mark.parametrize("reason, raw", [
    ("missing-field", one(octetDeltaCount=None)), ("missing-field", one(packetDeltaCount=None, _packetDeltaCount=0)),
    ("not-an-object", b"[1, 2]"), ("not-an-object", b"null"), ("not-an-object", b"7"), ("out-of-range",
                                                                                        one(octetDeltaCount=-5)),
    ("wrong-type", one(sourceIPv4Address=[167772161])), ("wrong-type",
        one(protocolIdentifier=[6]))], ids=lambda value: str(value)[:60])
def test_4_a_bad_entry_is_rejected_and_the_import_goes_on(make_site, reason, raw):
    site = make_site("sqlite")
    daemon = site.daemon()
    site.redis.push([one(), raw, one()])
    site.settle(3, daemon)
    site.redis.push([one()])
    site.settle(4, daemon)
    daemon.stop()
    assert [(json.loads(header)["reason"], kept) for header, kept in site.rejected()] == [(reason, raw)]
    assert (site.ledger()["imported"], site.ledger()["rejected"]) == (3, 1)


def test_5_out_of_range_is_rejected_not_clipped(make_site, kind):
    bad = [one(sourceTransportPort=70000), one(destinationTransportPort=65536), one(sourceIPv4Address=-1),
           one(sourceTransportPort=-1), one(protocolIdentifier=300), one(destinationIPv4Address=2**32)]
    site = make_site(kind)
    tables = imported(site, bad + [one()])
    assert [json.loads(header)["reason"] for header, _ in site.rejected()] == ["out-of-range"] * 6
    assert [row[0] for row in tables["index_ports"]] == [-1, 443, 50001]
    assert rows(tables, "index_ports", -1)[0][:3] == (10, 1000, MILLION)
    assert [row[0] for row in tables["index_nodes"]] == ["10.0.0.1", "10.0.0.2", "total"]


def test_6_end_before_start_is_rejected_by_however_much(make_site, kind):
    bad = [one(flowEndSeconds=1700002810 - gap) for gap in (1, 5, 10, 11, 600, 86400, 1700002810)]
    site = make_site(kind)
    tables = imported(site, bad)
    assert [json.loads(header)["reason"] for header, _ in site.rejected()] == ["ends-before-start"] * len(bad)
    assert {name: table for name, table in tables.items() if table} == {}


def test_7_protocol_is_coerced_before_it_is_classified(make_site, kind):
    tables = imported(make_site(kind), [one(protocolIdentifier=protocol) for protocol in ("6", "TCP", 6, "tcp", 6.0)])
    assert [row[:8] for row in tables["flows_600"]] == [(1700002800, "10.0.0.1", "10.0.0.2", 50001, 443, 6, 50, 5000)]
    counts, none = (50, 5000, 5 * MILLION), (0, 0, 0)
    assert tables["flows_aggr_600"] == [(1700002800,) + counts + counts + none * 3]


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/Los_Angeles"])
def test_8a_max_flow_age_is_the_same_in_every_time_zone(make_site, zone):
    now = int(time.time())
    site = make_site("sqlite", import_={"max_flow_age": "2h"})
    count = site.redis.push([one(flowStartSeconds=now - age, flowEndSeconds=now - age) for age
                             in (1, 3600, 7000, 7400, 50000)])
    daemon = site.daemon(env={"TZ": zone})
    site.settle(count, daemon)
    daemon.stop()
    assert (site.ledger()["imported"], site.ledger()["too_old"]) == (3, 2)


def test_8b_known_port_filter_works(make_site):
    tables = imported(make_site("sqlite", import_={"filter_unknown_ports": "yes"}), [one()])
    assert [row[4:6] for row in tables["flows_600"]] == [(443, 6)] and tables["flows_600"][0][3] == 0


def test_8c_a_flow_from_the_future_stops_no_flush(make_site):
    site = make_site("sqlite", import_={"flush_interval": "1s"})
    daemon = site.daemon()
    site.redis.push([one(flowStartSeconds=4102444800, flowEndSeconds=4102444800), one()])
    site.settle(2, daemon, flush=False)
    site.redis.push([one()])
    site.settle(3, daemon, flush=False)
    daemon.stop()
    assert (site.ledger()["imported"], site.ledger()["rejected"]) == (2, 1)


def test_8d_a_flow_of_thirty_days_makes_no_rows(make_site):
    site = make_site("sqlite")
    tables = imported(site, [one(flowEndSeconds=1700002810 + 30 * 86400 - 1)])
    assert json.loads(site.rejected()[0][0])["reason"] == "too-long"
    assert tables["flows_600"] == [] and tables["index_ports"] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_9a_a_signal_to_end_loses_nothing(make_site, kind, number):
    entries = list(generator.flows(2000, seed=61))
    site = make_site(kind)
    daemon = site.daemon()
    site.redis.push(entries)
    rig.wait_for(lambda: not site.redis.client().exists(rig.QUEUE), "the queue to be claimed")
    daemon.signal(number)
    assert daemon.wait() == 0
    client = site.redis.client()
    claimed = sum(client.llen(key) for key in client.scan_iter(match="{%s}:claim:*" % rig.QUEUE))
    assert site.ledger()["entries"] + claimed == 2000
    again = site.daemon()
    site.settle(2000, again)
    again.stop()
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())


def test_9b_kill_loses_nothing(make_site, kind):
    entries = list(generator.flows(2000, seed=62))
    site = make_site(kind)
    daemon = site.daemon()
    site.redis.push(entries)
    rig.wait_for(lambda: not site.redis.client().exists(rig.QUEUE), "the queue to be claimed")
    daemon.kill()
    again = site.daemon()
    site.settle(2000, again)
    again.stop()
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())


@pytest.mark.parametrize("options", [
    ["--sql-mode=STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,ONLY_FULL_GROUP_BY,ANSI"],
    ["--sql-mode="], ["--max-allowed-packet=1M"]], ids=["strict", "loose", "small packet"])
def test_9c_any_sql_mode_and_packet_size(make_site, make_maria, make_store, options):
    entries = list(generator.flows(8000, seed=63, hosts=2000))
    site = make_site(store=make_store("mysql", make_maria(options=options)))
    site.import_all(entries)
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())
    site.verify()
