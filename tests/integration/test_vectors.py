"""Entries as probes push them, and every oddity: all tables of both stores equal the reference, row by row."""
import csv
import json
import pathlib
import re
import time
import urllib.request

import pytest

import generator
import reference
import rig
import serving
from generator import one

VECTORS = sorted((pathlib.Path(__file__).parent / "vectors").glob("*.jsonl"))
# Real recordings, beside the source tree where there are any.
SAMPLES = rig.TOP.parent / "shared" / "samples"
RECORDED = sorted((SAMPLES / "vermont").glob("*.jsonl"))
ORIGINAL = SAMPLES / "original"


def entries_of(path):
    return path.read_bytes().split(b"\n")[:-1]


ANY_SUM = {"max_flow_octets": 2**63 - 1, "max_flow_packets": 2**63 - 1}


def check_import(site, entries, **options):
    """Imports and compares tables, ledger, rejected list and the programs' own audit with the reference. Returns it."""
    expected = reference.Import(site.keys, site.sums, site.sizes, **options).add_all(entries)
    site.import_all(entries)
    rig.assert_tables(site.tables(), expected.tables())
    check_ledger(site, expected)
    reasons = [json.loads(header)["reason"] for header, _ in site.rejected()]
    assert sorted(reasons) == sorted(expected.rejected.elements())
    site.verify()
    return expected


def check_answers(site, expected):
    """What `top` and the API say of all time, to the byte."""
    tables = expected.tables()
    hosts = {row[0]: row[2] for row in tables["index_nodes"]}
    top = json.loads(site.run("top", "hosts", "--json")[0])
    assert top["total"]["octets"] == hosts["total"] == expected.total[1]
    for row in top["rows"]:
        assert ":" in row["host"] or row["octets"] == hosts[row["host"]]
    server = serving.Server(site)
    for name in ("nodes", "ports"):
        answer = server.json("/api/index/%s?limit=10000" % name)
        assert answer["totalCounter"]["octetDeltaCount"] == expected.total[1]
        assert sorted(row["octetDeltaCount"] for row in answer["results"]) == sorted(
            row[2] for family in ("", "6") for row in tables.get("index_%s%s" % (name, family), ())
            if row[0] not in ("total", -1))
    server.stop()


def check_ledger(site, expected):
    ledger = site.ledger()
    assert [ledger[name] for name in rig.LEDGER_COUNTS] == [
        expected.entries, expected.imported, expected.too_old, sum(expected.rejected.values())]
    assert [ledger[name] for name in site.sums] == list(expected.total)
    assert ledger["flows"] == expected.flows * reference.FLOW_UNIT


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_vector(make_site, kind, path):
    assert check_import(make_site(kind), entries_of(path)).entries > 0


@pytest.mark.parametrize("path", RECORDED or [None], ids=lambda path: path.stem if path else "")
def test_recorded_by_a_probe(make_site, kind, path):
    if not path:
        pytest.skip("no recordings beside the source tree")
    assert check_import(make_site(kind), entries_of(path)).entries > 0


# The original's tables ----------------------------------------------------------------------------------------------


def original_table(name, keys):
    """{columns}, rows of the keys and of all packet and octet columns: its flow counts were rounded."""
    with open(ORIGINAL / "tables_600" / (name + ".csv"), encoding="ascii", newline="") as lines:
        rows = list(csv.reader(lines))
    keep = [i for i, column in enumerate(rows[0]) if i < keys or not column.endswith("flows")]
    out = []
    for row in rows[1:]:
        row = [int(value) for value in row]
        if name == "flows_600":
            row[1:3] = [reference.address_text(4, address) for address in row[1:3]]
        elif name.startswith("index_nodes"):
            row[0] = "total" if row[0] == -1 else reference.address_text(4, row[0])
        out.append(tuple(row[i] for i in keep))
    return keep, sorted(out)


@pytest.mark.parametrize("path", ["small", "strings"])
def test_packets_and_octets_equal_the_original(make_site, path):
    if not ORIGINAL.exists():
        pytest.skip("no samples beside the source tree")
    site = make_site("sqlite")
    site.import_all(entries_of(ORIGINAL / (path + ".jsonl")))
    tables = site.tables()
    for name, keys in (("flows_600", 6), ("flows_aggr_600", 1), ("index_nodes_600", 2), ("index_nodes", 1)):
        keep, theirs = original_table(name, keys)
        rig.assert_tables({name: sorted(tuple(row[i] for i in keep) for row in tables[name])}, {name: theirs})


def test_odd_entries_of_the_original_by_label(make_site):
    if not ORIGINAL.exists():
        pytest.skip("no samples beside the source tree")
    labels = [line.split(" ", 1)[1] for line in (ORIGINAL / "edge.labels").read_text().splitlines()]
    entries = entries_of(ORIGINAL / "edge.jsonl")
    assert len(labels) == len(entries) == 100
    end = entries.index(b"END")
    site = make_site("sqlite")
    site.redis.push(entries)
    daemon = site.daemon()
    assert daemon.wait() == 0
    expected = reference.Import().add_all(entries[:end])
    rig.assert_tables(site.tables(), expected.tables())
    check_ledger(site, expected)
    bad = [label for label, raw in zip(labels, entries[:end]) if reference.Import().add(raw, int(time.time()))]
    assert [labels[entries.index(raw)] for _, raw in site.rejected()] == bad
    assert site.redis.client().lrange(rig.QUEUE, 0, -1) == entries[end + 1:]


# Every oddity by itself: the outcome is written here, not computed --------------------------------------------------

LAST = 2**32 - 1


def six(source=None, destination=None, **changes):
    """An entry with IPv6 addresses instead."""
    changes = dict({"sourceIPv4Address": None, "destinationIPv4Address": None}, **changes)
    if destination:
        changes["destinationIPv6Address"] = destination
    return one(sourceIPv6Address=source, **changes)


def reverse(start=None, end=None, octets=None, packets=None, prefix="rev"):
    """An entry with a second direction."""
    names = ("FlowStartSeconds", "FlowEndSeconds", "OctetDeltaCount", "PacketDeltaCount")
    values = zip(names, (start, end, octets, packets))
    return one(**{prefix + name: value for name, value in values if value is not None})


ODDITIES = [  # name, None or (reason, field or None where none is told), entry
    ("good", None, one()),
    ("reordered, no spaces", None, b'{"packetDeltaCount":3,'
     b'"flowEndSeconds":1700002820,"octetDeltaCount":4,"flowStartSeconds":1700002810}'),
    ("white space around", None, b" \t\r\n" + one() + b"\n \t"),
    ("unknown names", None, one(flows=7, nobodyKnows={"a": [1, {}]}, tunnel=None)),
    ("a name twice, the last wins", None, one()[:-1] + b',"octetDeltaCount":55}'),
    ("a name twice, the last is null", ("missing-field", "octetDeltaCount"), one()[:-1] + b',"octetDeltaCount":null}'),
    ("escaped name", None, one(octetDeltaCount=None)[:-1] + b',"octet\\u0044eltaCount":8}'),
    ("escaped digits", None, one(octetDeltaCount=None)[:-1] + b',"octetDeltaCount":"1\\u0032"}'),
    ("no object keys at all", ("missing-field", "flowStartSeconds"), b"{}"),
    ("empty", ("not-json", None), b""),
    ("space", ("not-json", None), b" "),
    ("words", ("not-json", None), b"hello world"),
    ("cut off", ("not-json", None), one()[:-1]),
    ("two objects", ("not-json", None), one() + one()),
    ("trailing comma", ("not-json", None), one()[:-1] + b",}"),
    ("single quotes", ("not-json", None), one().replace(b'"', b"'")),
    ("byte order mark", None, b"\xef\xbb\xbf" + one()),
    ("bad UTF-8", ("not-json", None), b'{"a":"\xff\xfe"}'),
    ("bare bad UTF-8", ("not-json", None), b"\xff\xfe"),
    ("NaN", ("not-json", None), one(octetDeltaCount=float("nan"))),
    ("Infinity", ("not-json", None), one(octetDeltaCount=float("inf"))),
    ("leading zero", ("not-json", None), one()[:-1] + b',"a":01}'),
    ("plus sign", ("not-json", None), one()[:-1] + b',"a":+1}'),
    ("value without a name", ("not-json", None), one()[:-1] + b",1231}"),
    ("NUL behind", ("not-json", None), one() + b"\0"),
    ("NUL alone", ("not-json", None), b"\0"),
    ("end in lower case", ("not-json", None), b"end"),
    ("END and a newline", ("not-json", None), b"END\n"),
    ("END in quotes", ("not-an-object", None), b'"END"'),
    ("list", None, b"[" + one() + b"]"),
    ("list of two, over lines", None, b"[\n  " + one() + b",\n  " + one(octetDeltaCount=7) + b"\n]\n"),
    ("list with a flow that can't be counted", ("missing-field", "[1].octetDeltaCount"),
     b"[" + one() + b"," + one(octetDeltaCount=None) + b"]"),
    ("empty list", ("not-an-object", None), b"[]"),
    ("number", ("not-an-object", None), b"17"),
    ("null", ("not-an-object", None), b"null"),
    ("true", ("not-an-object", None), b"true"),
    # counters
    ("no octets", ("missing-field", "octetDeltaCount"), one(octetDeltaCount=None)),
    ("null packets", ("missing-field", "packetDeltaCount"), one(packetDeltaCount=None, _packetDeltaCount=0)),
    ("zero counts", None, one(octetDeltaCount=0, packetDeltaCount=0)),
    ("counts as text", None, one(octetDeltaCount="1000", packetDeltaCount="010")),
    ("twenty digits, most of them 0", None, one(octetDeltaCount="00000000000000000012")),
    ("twenty-one digits", ("wrong-type", "octetDeltaCount"), one(octetDeltaCount="000000000000000000012")),
    ("real without a fraction", None, one(octetDeltaCount=1000.0, packetDeltaCount=10.0)),
    ("exponent", None, one()[:-1] + b',"octetDeltaCount":1e3,"packetDeltaCount":1.5E1}'),
    ("fraction", ("wrong-type", "octetDeltaCount"), one(octetDeltaCount=1000.7)),
    ("fraction as text", ("wrong-type", "octetDeltaCount"), one(octetDeltaCount="1.5")),
    ("letters", ("wrong-type", "octetDeltaCount"), one(octetDeltaCount="abc")),
    ("spaces in text", ("wrong-type", "octetDeltaCount"), one(octetDeltaCount=" 12 ")),
    ("sign in text", ("wrong-type", "packetDeltaCount"), one(packetDeltaCount="+3")),
    ("hexadecimal", ("wrong-type", "octetDeltaCount"), one(octetDeltaCount="0x10")),
    ("empty text", ("wrong-type", "octetDeltaCount"), one(octetDeltaCount="")),
    ("long suffix", ("wrong-type", "octetDeltaCount"), one(octetDeltaCount="12L")),
    ("other digits", ("wrong-type", "octetDeltaCount"), one(octetDeltaCount="\u0661\u0662")),
    ("true as a count", ("wrong-type", "packetDeltaCount"), one(packetDeltaCount=True)),
    ("list as a count", ("wrong-type", "octetDeltaCount"), one(octetDeltaCount=[1])),
    ("object as a count", ("wrong-type", "octetDeltaCount"), one(octetDeltaCount={})),
    ("negative count", ("out-of-range", "octetDeltaCount"), one(octetDeltaCount=-1)),
    ("2^53 octets", None, one(octetDeltaCount=2**53, flowEndSeconds=1700002810)),
    ("more octets than one flow can claim", ("too-large", "octetDeltaCount"), one(octetDeltaCount=2**53 + 1)),
    ("more packets than one flow can claim", ("too-large", "packetDeltaCount"), one(packetDeltaCount=2**53 + 1)),
    ("an unknown number that no double holds", None, one().replace(b"{", b'{"x":1e999,"y":-%s,' % (b"9" * 400), 1)),
    ("dates", None, one(flowStartSeconds=None, flowEndSeconds=None, flowStartMilliseconds="2023-11-14T23:00:10.5Z",
                        flowEndMilliseconds="2023-11-15T00:00:20+01:00")),
    ("a date that is none", ("wrong-type", "flowStartSeconds"), one(flowStartSeconds="2023-13-14T23:00:10Z")),
    ("IPv4-mapped addresses", None, one(sourceIPv4Address=None, destinationIPv4Address=None,
                                        sourceIPv6Address="::ffff:10.0.0.1", destinationIPv6Address="::ffff:10.0.0.2")),
    ("above the largest sum", ("too-large", "octetDeltaCount"), one(octetDeltaCount=2**63)),
    ("above 64 bits", ("too-large", "octetDeltaCount"), one(octetDeltaCount=2**64)),
    ("above the largest sum, as text", ("too-large", "octetDeltaCount"), one(octetDeltaCount="9223372036854775808")),
    ("far above, as text", ("too-large", "packetDeltaCount"), one(packetDeltaCount="9" * 20)),
    ("far above, as a real", ("too-large", "packetDeltaCount"), one(packetDeltaCount=1e30)),
    # addresses
    ("dotted quad", None, one(sourceIPv4Address="192.168.1.1", destinationIPv4Address="0.0.0.0")),
    ("address as digits", None, one(sourceIPv4Address="167772161")),
    ("no address", None, one(sourceIPv4Address=None, destinationIPv4Address=None)),
    ("the highest address", None, one(sourceIPv4Address=2**32 - 1)),
    ("above the highest address", ("out-of-range", "sourceIPv4Address"), one(sourceIPv4Address=2**32)),
    ("negative address", ("out-of-range", "destinationIPv4Address"), one(destinationIPv4Address=-1)),
    ("quad part of 256", ("wrong-type", "sourceIPv4Address"), one(sourceIPv4Address="1.2.3.256")),
    ("three parts", ("wrong-type", "sourceIPv4Address"), one(sourceIPv4Address="1.2.3")),
    ("five parts", ("wrong-type", "sourceIPv4Address"), one(sourceIPv4Address="1.2.3.4.5")),
    ("leading zero in a part", ("wrong-type", "sourceIPv4Address"), one(sourceIPv4Address="10.0.0.01")),
    ("space behind a quad", ("wrong-type", "sourceIPv4Address"), one(sourceIPv4Address="10.0.0.1 ")),
    ("total as an address", ("wrong-type", "sourceIPv4Address"), one(sourceIPv4Address="total")),
    ("list as an address", ("wrong-type", "sourceIPv4Address"), one(sourceIPv4Address=[1])),
    ("IPv6", None, six("2001:db8::1", "2001:DB8:0::2")),
    ("IPv6, one end", None, six("2001:db8::1")),
    ("IPv6 beside zero IPv4", None, six("2001:db8::1", "::", sourceIPv4Address=0, destinationIPv4Address="0.0.0.0")),
    ("IPv4 beside zero IPv6", None, one(sourceIPv6Address="::", destinationIPv6Address="::")),
    ("unspecified IPv6 alone", None, six("::", "::")),
    ("both families", ("mixed-families", None),
     one(sourceIPv6Address="2001:db8::1", destinationIPv6Address="2001:db8::2")),
    ("a family at each end", ("mixed-families", None),
     one(destinationIPv4Address=None, destinationIPv6Address="2001:db8::2")),
    ("number as IPv6", ("wrong-type", "sourceIPv6Address"), one(sourceIPv4Address=None, sourceIPv6Address=0)),
    ("IPv6 with a zone", None, one(sourceIPv4Address=None, destinationIPv4Address=None,
                                   sourceIPv6Address="fe80::1%eth0", destinationIPv6Address="fe80::2%25")),
    ("IPv6 with nine parts", ("wrong-type", "destinationIPv6Address"), one(destinationIPv6Address="1:2:3:4:5:6:7:8:9")),
    ("IPv4 as IPv6", ("wrong-type", "destinationIPv6Address"), one(destinationIPv6Address="10.0.0.1")),
    # ports and protocols
    ("no ports", None, one(sourceTransportPort=None, destinationTransportPort=None, _sourceTransportPort=0)),
    ("the highest port", None, one(sourceTransportPort=65535)),
    ("above the highest port", ("out-of-range", "sourceTransportPort"), one(sourceTransportPort=65536)),
    ("negative port", ("out-of-range", "destinationTransportPort"), one(destinationTransportPort=-1)),
    ("port with a fraction", ("wrong-type", "destinationTransportPort"), one(destinationTransportPort=443.7)),
    ("port as a real", None, one(destinationTransportPort=443.0)),
    ("service name as a port", None, one(destinationTransportPort="http")),
    ("a name that no service has", ("wrong-type", "destinationTransportPort"), one(destinationTransportPort="nope")),
    ("true as a port", ("wrong-type", "sourceTransportPort"), one(sourceTransportPort=True)),
    ("port 65536 as text", ("out-of-range", "sourceTransportPort"), one(sourceTransportPort="65536")),
    ("no protocol", None, one(protocolIdentifier=None)),
    ("protocol 255", None, one(protocolIdentifier=255)),
    ("protocol 256", ("out-of-range", "protocolIdentifier"), one(protocolIdentifier=256)),
    ("protocol as text", None, one(protocolIdentifier="6")),
    ("protocol by name", None, one(protocolIdentifier="TCP")),
    ("protocol by name in lower case", None, one(protocolIdentifier="udp")),
    ("protocol by alias", None, one(protocolIdentifier="IPv6-ICMP")),
    ("protocol gre", None, one(protocolIdentifier="gre")),
    ("unknown protocol name", ("wrong-type", "protocolIdentifier"), one(protocolIdentifier="nosuch")),
    ("empty protocol name", ("wrong-type", "protocolIdentifier"), one(protocolIdentifier="")),
    ("list as a protocol", ("wrong-type", "protocolIdentifier"), one(protocolIdentifier=[6])),
    ("negative protocol", ("out-of-range", "protocolIdentifier"), one(protocolIdentifier=-6)),
    # times
    ("no start", ("missing-field", "flowStartSeconds"), one(flowStartSeconds=None)),
    ("no end", ("missing-field", "flowEndSeconds"), one(flowEndSeconds=None)),
    ("null start", ("missing-field", "flowStartSeconds"), one(flowStartSeconds=None, _flowStartSeconds=0)),
    ("null seconds, then milliseconds", None, one(flowStartSeconds=None, _flowStartSeconds=0,
                                                  flowStartMilliseconds=1700002810999)),
    ("seconds before milliseconds", None, one(flowStartMilliseconds="nonsense")),
    ("an end in other units", None, one(flowEndSeconds=None, flowEndMicroseconds=1700002820999999)),
    ("milliseconds of 2014", None, one(flowStartSeconds=None, flowStartMilliSeconds=1700002810999)),
    ("nanoseconds", None, one(flowStartSeconds=None, flowStartNanoseconds=1700002810999999999)),
    ("negative nanoseconds", ("out-of-range", "flowStartNanoseconds"),
     one(flowStartSeconds=None, flowStartNanoseconds=-3373711108539513575)),
    ("real times", None, one(flowStartSeconds=1700002810.9, flowEndSeconds=1700002820.2)),
    ("times as text", None, one(flowStartSeconds="1700002810", flowEndSeconds="1700002820")),
    ("real time as text", ("wrong-type", "flowStartSeconds"), one(flowStartSeconds="1700002810.9")),
    ("negative start", ("out-of-range", "flowStartSeconds"), one(flowStartSeconds=-100, flowEndSeconds=100)),
    ("time zero", None, one(flowStartSeconds=0, flowEndSeconds=0)),
    ("milliseconds as seconds", ("out-of-range", "flowStartSeconds"),
     one(flowStartSeconds=1700002810000, flowEndSeconds=1700002820000)),
    ("2^32 seconds", ("out-of-range", "flowEndSeconds"), one(flowEndSeconds=2**32)),
    ("the last second", ("in-future", None), one(flowStartSeconds=LAST, flowEndSeconds=LAST)),
    ("2^32 seconds in milliseconds", ("out-of-range", "flowEndMilliseconds"),
     one(flowEndSeconds=None, flowEndMilliseconds=2**32 * 1000)),
    ("only relative to the boot", ("missing-field", "flowStartSeconds"),
     one(flowStartSeconds=None, flowEndSeconds=None, flowStartSysUpTime=1, flowEndSysUpTime=2)),
    ("a second short", ("ends-before-start", None), one(flowEndSeconds=1700002809)),
    ("one second", None, one(flowEndSeconds=1700002810)),
    ("a day", None, one(flowEndSeconds=1700002810 + 86400)),
    ("a day and a second", ("too-long", None), one(flowEndSeconds=1700002810 + 86401)),
    ("start missing and end wrong", ("missing-field", "flowStartSeconds"),
     one(flowStartSeconds=None, flowEndSeconds="x")),
    ("start before sums", ("out-of-range", "flowStartSeconds"), one(flowStartSeconds=-1, octetDeltaCount="x")),
    ("sums before addresses", ("wrong-type", "octetDeltaCount"), one(octetDeltaCount="x", sourceIPv4Address="y")),
    ("addresses before ports", ("wrong-type", "sourceIPv4Address"), one(sourceIPv4Address="y", sourceTransportPort=-1)),
    ("ports before protocol", ("out-of-range", "sourceTransportPort"),
     one(protocolIdentifier="y", sourceTransportPort=-1)),
    ("values before families", ("wrong-type", "protocolIdentifier"),
     one(protocolIdentifier="y", sourceIPv6Address="::1")),
    ("families before times", ("mixed-families", None), one(sourceIPv6Address="::1", flowEndSeconds=1700002809)),
    # second direction
    ("reverse flow", None, reverse(start=1700002811, end=1700002812, octets=7, packets=1)),
    ("reverse flow, other prefix", None, reverse(start=1700002811, end=1700002812, octets=7, packets=1,
                                                 prefix="reverse")),
    ("no reverse flow", None, reverse(start=0, end=0, octets=0, packets=0)),
    ("reverse sums alone", None, reverse(octets=7, prefix="reverse")),
    ("reverse sums of zero alone", None, reverse(octets=0, packets=0, prefix="reverse")),
    ("reverse times alone", None, reverse(start=1700002811, end=1700002812, prefix="reverse")),
    ("bad reverse sum", ("wrong-type", "revOctetDeltaCount"), reverse(start=1700002811, end=1700002812, octets="x")),
    ("reverse sum too large", ("too-large", "revOctetDeltaCount"),
     reverse(start=1700002811, end=1700002812, octets="9223372036854775808")),
    ("reverse ends before its start", ("ends-before-start", None), reverse(start=1700002811, end=1700002810, octets=1)),
    ("reverse too long", ("too-long", None), reverse(start=1700002811, end=1700002811 + 86401, octets=1)),
]


@pytest.mark.parametrize("name, outcome, raw", ODDITIES, ids=[row[0] for row in ODDITIES])
def test_reference_judges_an_oddity_as_written(name, outcome, raw):
    rejected = reference.Import().add(raw, int(time.time()))
    assert (rejected and rejected.reason) == (outcome and outcome[0]), name
    if outcome and outcome[1]:
        assert rejected.field == outcome[1]


def test_every_oddity(make_site, kind):
    site = make_site(kind)
    check_import(site, [raw for _, _, raw in ODDITIES])
    listed = iter(site.rejected())
    before = int(time.time()) - 600
    for name, outcome, raw in ODDITIES:
        if outcome is None:
            continue
        header, kept = next(listed)
        header = json.loads(header)
        assert (header["reason"], kept) == (outcome[0], raw), name
        if outcome[1]:
            assert header["field"] == outcome[1], name
        assert before < header["time"] <= time.time() + 1
    assert next(listed, None) is None


def test_value_of_a_rejected_field_is_told(make_site):
    site = make_site("sqlite")
    site.import_all([one(sourceTransportPort=70000), one(octetDeltaCount="abc"), one(flowStartSeconds=None)])
    headers = [json.loads(header) for header, _ in site.rejected()]
    told = [(header["reason"], header["field"], str(header.get("value") or "")) for header in headers]
    assert told[0] == ("out-of-range", "sourceTransportPort", "70000")
    assert told[1][:2] == ("wrong-type", "octetDeltaCount") and told[1][2].strip('"') == "abc"
    assert told[2] == ("missing-field", "flowStartSeconds", "")


# Other keys, sums and sizes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", [
    ("sourceIPv4Address", "destinationIPv4Address"),
    ("protocolIdentifier", "destinationTransportPort"),
    ("tcpControlBits", "ipClassOfService", "protocolIdentifier"),
    ("destinationTransportPort", "sourceIPv4Address", "tcpControlBits"),
], ids=",".join)
def test_other_flow_keys(make_site, kind, keys):
    flags = entries_of(pathlib.Path(__file__).parent / "vectors" / "flags_and_tos.jsonl")
    flags += entries_of(pathlib.Path(__file__).parent / "vectors" / "ipv6_text.jsonl")
    check_import(make_site(kind, keys=keys), flags)


def test_other_sums(make_site, kind):
    entries = [one(octetTotalCount=9 + i, packetTotalCount=i, sourceTransportPort=i % 3) for i in range(20)] + [one()]
    expected = check_import(make_site(kind, sums=("octetTotalCount", "packetTotalCount", "octetDeltaCount")), entries)
    assert expected.rejected == {"missing-field": 1}


def test_sizes_that_do_not_divide_each_other(make_site, kind):
    check_import(make_site(kind, sizes=(7, 60, 600, 1000, 3600, 86400)),
                 list(generator.flows(250, seed=3, long_share=0.3)))


def test_the_largest_sum_of_one_flow(make_site, kind):
    check_import(make_site(kind, import_=ANY_SUM), [one(octetDeltaCount=2**63 - 1, packetDeltaCount=2**63 - 1)],
                 most=2**63 - 1)


def test_sums_beyond_63_bits(make_site, kind):
    """A bucket's sum stays at the edge, those for all time pass it, and that of 64 bits, also after a restart; nothing is
    refused, nothing stops."""
    site = make_site(kind, import_=ANY_SUM)
    entries = [one(octetDeltaCount=2**62), one(octetDeltaCount=2**62 - 2000), one(octetDeltaCount=1000),
               one(octetDeltaCount=2**62), one(octetDeltaCount=999), one(octetDeltaCount=1), one(octetDeltaCount=0),
               one(octetDeltaCount=2**63 - 1, sourceIPv4Address="10.9.9.9", destinationIPv4Address="10.9.9.9",
                   sourceTransportPort=7, destinationTransportPort=7)]
    for count, raw in enumerate(entries, 1):
        site.redis.push([raw])
        daemon = site.daemon()
        site.settle(count, daemon)
        daemon.stop()
    assert site.rejected() == []
    expected = reference.Import(most=2**63 - 1).add_all(entries)
    assert expected.total[1] > 2**64
    rig.assert_tables(site.tables(), expected.tables())
    check_ledger(site, expected)
    check_answers(site, expected)
    site.verify()


def shares(site):
    """What `flowimport top` shows: the share of each row, in percent, and the text."""
    out = site.run("top", "hosts")[0]
    return [float(share) for share in re.findall(r"([0-9.]+) %", out)], out


def check_saturated(site, entries):
    """Everything equals the reference; no share is above 100 %; the audit agrees, and warns of a bucket's rows."""
    expected = reference.Import().add_all(entries)
    rig.assert_tables(site.tables(), expected.tables())
    check_ledger(site, expected)
    check_answers(site, expected)
    assert site.rejected() == []
    out, _ = site.run("verify")
    assert "all tables agree" in out
    assert re.search(r"warning: [1-9][0-9]* rows with a sum of 9223372036854775807, which means at least that much; "
                     "the first in flows_aggr_600", out)
    of, out = shares(site)
    assert of[0] == 100 and max(of) <= 100
    assert re.search(r"^ +1 +10\.0\.0\.1 +18\.9 EB +100\.0 %", out, re.MULTILINE), out
    assert "total: 18.9 EB" in out
    assert "total: ≥ 9.22 EB" in site.run("top", "flows")[0]


def test_octets_that_use_up_the_totals(make_site, kind):
    """2,100 flows of the most that one can claim, more than 64 bits: they and all that come after them are imported."""
    site = make_site(kind)
    entries = [one(octetDeltaCount=2**53)] * 2100 + list(generator.flows(300, seed=91))
    ports = {name: rig.free_port() for name in "ab"}
    pair = [site.daemon(name=name, queue={"consumer": name}, http={"listen": "127.0.0.1:%d" % port})
            for name, port in ports.items()]
    for part in range(0, len(entries), 200):
        site.redis.push(entries[part:part + 200])
    site.settle(len(entries), pair)
    for daemon, port in zip(pair, ports.values()):
        with urllib.request.urlopen("http://127.0.0.1:%d/healthz" % port) as reply:
            assert reply.status == 200
        daemon.stop()
    check_saturated(site, entries)
    # The next life begins with full totals.
    entries += generator.flows(100, seed=92)
    site.redis.push(entries[-100:])
    daemon = site.daemon()
    site.settle(len(entries), daemon)
    daemon.stop()
    check_saturated(site, entries)


def test_slices_of_large_sums(make_site, kind):
    entries = [one(octetDeltaCount=2**62 - 1, packetDeltaCount=2**53 + 1, flowEndSeconds=1700002810 + 86399)]
    check_import(make_site(kind, sizes=(60, 600), import_=ANY_SUM), entries, most=2**63 - 1)


def test_ports_without_a_service_fold_into_zero(make_site, kind):
    site = make_site(kind, import_={"filter_unknown_ports": "yes"})
    entries = [one(protocolIdentifier=protocol, sourceTransportPort=source, destinationTransportPort=destination)
               for protocol in (6, 17, 47, 1) for source in (22, 443, 50001, 0) for destination in (53, 60001, 514, 69)]
    expected = check_import(site, entries, filter_unknown_ports=True)
    ports = {row[0] for row in expected.tables()["index_ports"]}
    assert 443 in ports and not ports & {50001, 60001}


def test_flows_older_than_max_flow_age_are_dropped_and_counted(make_site, kind):
    now = int(time.time())
    site = make_site(kind, import_={"max_flow_age": "1h"})
    entries = [one(flowStartSeconds=now - age, flowEndSeconds=now - age + 5) for age in (0, 60, 3000, 4000, 86400)]
    expected = check_import(site, entries + [one(octetDeltaCount=-1)], max_flow_age=3600)
    assert (expected.imported, expected.too_old) == (3, 2)


def test_max_flow_duration_and_max_future_are_options(make_site):
    now = int(time.time())
    site = make_site("sqlite", import_={"max_flow_duration": "10s", "max_future": "1m"})
    entries = [one(flowEndSeconds=1700002820), one(flowEndSeconds=1700002821),
               one(flowStartSeconds=now, flowEndSeconds=now + 10), one(flowStartSeconds=now + 600,
                                                                       flowEndSeconds=now + 600)]
    expected = check_import(site, entries, max_flow_duration=10, max_future=60)
    assert expected.rejected == {"too-long": 1, "in-future": 1}
