"""flow-inspector's paths answer as it did, but for what it got wrong."""
import json

import pytest

import original
import reference
import rig
import serving
from generator import one

SAMPLES = rig.TOP.parent / "shared" / "samples"

# What is wrong in its answers, and what of them is held against ours all the same.
FLOWS = "each flush rounded the fractional flow counts of its slices to whole flows: all but the flow counts are equal"
TOTAL = "the total row took one of the limit's places: ours has that many rows, and one more than theirs"
TIES = "rows of equally many flows came as they liked, and counts were rounded: those that both have are equal"
PORTS = "the destination's row reused the source port, and protocols were not counted: the total's sums are equal"
PRECEDENCE = "of two ports without an interval the second was asked for together with the first: buckets are the same"
ORDER = "addresses that black_others shows as 0 were told apart and came by what they were: the rows are the same"

WRONG = {
    "bucket_query_resolution1000.json": {FLOWS},
    "bucket_query_plain.json": {FLOWS},
    "bucket_query_interval.json": {FLOWS},
    "bucket_query_bucket_size.json": {FLOWS},
    "bucket_query_fields.json": {},
    "bucket_query_fields_proto.json": {},
    "bucket_query_aggregate_bucket.json": {FLOWS},
    "bucket_query_include_ports.json": {PRECEDENCE},
    "bucket_query_exclude_ports.json": {FLOWS},
    "bucket_query_include_ips.json": {},
    "bucket_query_edge.json": {FLOWS},
    "bucket_query_graph.json": {ORDER},
    "index_nodes_limit15.json": {TOTAL},
    "index_nodes_donut.json": {TOTAL, TIES},
    "index_ports_donut.json": {TOTAL, PORTS},
    "index_ports_bytes.json": {TOTAL, PORTS},
    "dynamic_index_nodes.json": {FLOWS, TOTAL, TIES},
    "dynamic_index_ports.json": {FLOWS, TOTAL, PORTS},
    "dynamic_index_nodes_donut.json": {},
    "dynamic_index_nodes_filtered.json": {FLOWS, TIES},
    "dynamic_index_ports_filtered.json": {FLOWS, TIES},
}
# Its error pages: (status, parameter, value, accepted), or the status alone where there is no such path.
REFUSED = {
    "bucket_query_bad_size.json": ("bucket_size", "60", "600"),
    "bucket_query_badsort.json": (
        "sort", "nosuchcolumn", "names separated by commas, of bucket packetDeltaCount octetDeltaCount flows"
        + "".join(" %s_%s" % (name, value) for name in reference.CLASSES for value in original.VALUES)),
    "bucket_query_badlimit.json": ("limit", "x", "a whole number"),
    "index_unknown.json": None,
    "dynamic_index_unknown.json": None,
    "hostinfo.json": None,
}


def without_flows(value):
    if isinstance(value, dict):
        return {name: without_flows(member) for name, member in value.items() if name != "flows"}
    return [without_flows(member) for member in value] if isinstance(value, list) else value


def assert_as_sampled(name, ours, theirs, limit):
    wrong = WRONG[name]
    if FLOWS in wrong or TIES in wrong:
        ours, theirs = without_flows(ours), without_flows(theirs)
    if PORTS in wrong:
        for value in reference.TUPLE_SUMS:
            assert ours["totalCounter"][value] == theirs["totalCounter"][value]
        assert len(ours["results"]) == limit == len(theirs["results"]) + 1
        return
    if PRECEDENCE in wrong:
        ours, theirs = ({**answer, "results": [row["bucket"] for row in answer["results"]]}
                        for answer in (ours, theirs))
    if ORDER in wrong:
        ours, theirs = ({**answer, "results": sorted(map(str, map(sorted_row, answer["results"])))}
                        for answer in (ours, theirs))
    if TOTAL in wrong:
        assert len(ours["results"]) == limit == len(theirs["results"]) + 1
        ours["results"] = ours["results"][:len(theirs["results"])]
    if TIES in wrong:
        rows, others = ({row["id"]: row for row in answer["results"]} for answer in (ours, theirs))
        both = set(rows) & set(others)
        assert len(both) >= len(others) - 4 and len(rows) == len(others)
        assert [rows[key] for key in both] == [others[key] for key in both]
        ours["results"] = theirs["results"] = None
    assert ours == theirs


def sorted_row(row):
    return sorted((name, sorted(value.items()) if isinstance(value, dict) else value) for name, value in row.items())


def imported(site, entries):
    """The site's store filled by the real importer, and the same flows folded separately."""
    path = site.folder / "flows.jsonl"
    path.write_bytes(b"".join(entry.rstrip() + b"\n" for entry in entries))
    site.run("--once", path)
    return reference.Import(sizes=site.sizes).add_all(entries)


def assert_equal(got, expected, target):
    if got != expected:
        for ours, theirs in zip(got["results"], expected["results"]):
            assert ours == theirs, target
        assert got == expected, target


@pytest.mark.skipif(not (SAMPLES / "api" / "INDEX.tsv").exists(), reason="no samples here")
def test_requests_and_answers_that_were_recorded(make_site, kind):
    site = make_site(kind, redis=rig.NoRedis())
    answers = original.Answers(imported(site, (SAMPLES / "original" / "small.jsonl").read_bytes().splitlines()))
    server = serving.Server(site)
    seen = set()
    for line in (SAMPLES / "api" / "INDEX.tsv").read_text().splitlines():
        name, target, _ = line.split("\t")
        seen.add(name)
        if name in REFUSED:
            fault = REFUSED[name]
            got = server.json(target, 400 if fault else 404)["error"]
            assert not fault or got == dict(zip(("parameter", "value", "accepted"), fault))
            continue
        got = server.json(target)
        assert_equal(got, answers.ask(target), target)
        params = dict(word.split("=") for word in target.partition("?")[2].split("&") if word)
        assert_as_sampled(name, got, json.loads((SAMPLES / "api" / name).read_text()), int(params.get("limit", 0)))
    assert seen == set(WRONG) | set(REFUSED)
    server.stop()


FLOWS_HERE = [
    one(),
    one(sourceIPv4Address=167772162, destinationIPv4Address=167772161, sourceTransportPort=443,
        destinationTransportPort=50001, octetDeltaCount=70, packetDeltaCount=7),
    one(flowStartSeconds=1700003390, flowEndSeconds=1700003409, octetDeltaCount=1001, packetDeltaCount=5),
    one(destinationIPv4Address=4294967295, protocolIdentifier=17, destinationTransportPort=53),
    one(sourceIPv4Address=167772161, destinationIPv4Address=167772161, protocolIdentifier=1, sourceTransportPort=0,
        destinationTransportPort=2048),
    one(protocolIdentifier=47, sourceTransportPort=0, destinationTransportPort=0, flowStartSeconds=1700006400,
        flowEndSeconds=1700006400),
    one(sourceIPv4Address=None, destinationIPv4Address=None, sourceIPv6Address="2001:db8::7",
        destinationIPv6Address="2001:db8::1", octetDeltaCount=5000),
    one(sourceIPv4Address=None, destinationIPv4Address=None, sourceIPv6Address="2001:db8::1",
        destinationIPv6Address="2001:db8::7", sourceTransportPort=443, destinationTransportPort=50001,
        octetDeltaCount=600),
    one(sourceIPv4Address=None, destinationIPv4Address=None, sourceIPv6Address="2001:db8::1",
        destinationIPv6Address="2001:db8::9", protocolIdentifier=58, sourceTransportPort=0,
        destinationTransportPort=32768),
]
BOTH = "sourceIPv4Address,destinationIPv4Address"
REQUESTS = [
    "/api/bucket/query?bucket_size=600",
    "/api/bucket/query/?bucket_size=600&sort=octetDeltaCount%20DESC",
    "/api/bucket/query?bucket_size=600&sort=flows%20asc,%20bucket%20desc&limit=2",
    "/api/bucket/query?bucket_size=600&limit=-1&start_bucket=-7&end_bucket=9223372036854775807",
    "/api/bucket/query?bucket_size=600&start_bucket=1700003400&end_bucket=1700003400",
    "/api/bucket/query?bucket_size=600&end_bucket=0",
    "/api/bucket/query?bucket_size=600&fields=octetDeltaCount,tcp,sourceIPv4Address",
    "/api/bucket/query?bucket_size=600&fields=flows&sort=protocolIdentifier%20desc,sourceIPv4Address&limit=5",
    "/api/bucket/query?bucket_size=600&include_ports=443",
    "/api/bucket/query?bucket_size=600&include_ports=443,%2053&aggregate=bucket",
    "/api/bucket/query?bucket_size=600&exclude_ports=443,0&aggregate=bucket",
    "/api/bucket/query?bucket_size=600&include_ips=4294967295,2001:db8::9&aggregate=" + BOTH,
    "/api/bucket/query?bucket_size=600&exclude_ips=167772162,2001:db8::9&aggregate=" + BOTH,
    "/api/bucket/query?bucket_size=600&include_protos=tcp,udp&aggregate=protocolIdentifier",
    "/api/bucket/query?bucket_size=600&include_protos=other&aggregate=bucket",
    "/api/bucket/query?bucket_size=600&exclude_protos=icmp,other&aggregate=bucket,protocolIdentifier",
    "/api/bucket/query?bucket_size=600&fields=bucket,sourceTransportPort&aggregate=" + BOTH,
    "/api/bucket/query?bucket_size=600&biflow=1&aggregate=" + BOTH,
    "/api/bucket/query?bucket_size=600&biflow=1&aggregate=%s,sourceTransportPort,destinationTransportPort" % BOTH,
    "/api/bucket/query?bucket_size=600&biflow=1&aggregate=sourceIPv4Address",
    "/api/bucket/query?bucket_size=600&black_others=true&include_ports=443,50001&aggregate=sourceTransportPort,"
    "destinationTransportPort",
    "/api/bucket/query?bucket_size=600&black_others=true&aggregate=" + BOTH,
    "/api/bucket/query?bucket_size=600&black_others=1&include_ips=167772161,2001:db8::1&aggregate=" + BOTH,
    "/api/bucket/query?bucket_size=600&black_others=1&biflow=1&include_ips=167772162,2001:db8::9&aggregate=" + BOTH,
    "/api/bucket/query?bucket_size=600&aggregate=bucket&fields=sourceIPv4Address,destinationTransportPort",
    "/api/bucket/query?bucket_size=600&aggregate=ipaddress&sort=octetDeltaCount%20desc&limit=3",
    "/api/bucket/query?bucket_size=600&aggregate=port",
    "/api/index/nodes", "/api/index/nodes/?sort=dst_octetDeltaCount%20desc", "/api/index/ports/?limit=2&sort=id%20desc",
    "/api/index/nodes?sort=id%20desc", "/api/index/nodes?start_bucket=5&end_bucket=7&limit=1",
    "/api/index/ports?aggregate=id&sort=tcp_flows%20desc",
    "/api/dynamic/index/nodes?bucket_size=600", "/api/dynamic/index/ports?bucket_size=600&sort=flows%20desc",
    "/api/dynamic/index/nodes?bucket_size=600&start_bucket=1700003400&end_bucket=1700003400",
    "/api/dynamic/index/nodes?bucket_size=600&end_bucket=600",
    "/api/dynamic/index/ports?bucket_size=600&include_protos=tcp&aggregate=port&sort=flows%20desc,id%20asc",
    "/api/dynamic/index/nodes?bucket_size=600&include_ports=443&aggregate=ipaddress&sort=id",
    "/api/bucket/query?bucket_size=600&nosuchparameter=1&count=1",
]


def test_every_parameter_against_a_separate_calculation(make_site, kind):
    site = make_site(kind, redis=rig.NoRedis(), sizes=(600, 3600))
    answers = original.Answers(imported(site, FLOWS_HERE))
    server = serving.Server(site)
    for target in REQUESTS:
        assert_equal(server.json(target), answers.ask(target), target)
    server.stop()


def test_what_an_answer_looks_like(make_site, kind):
    """To the letter, so that the calculation above can't be wrong together with the program."""
    site = make_site(kind, redis=rig.NoRedis())
    imported(site, FLOWS_HERE[2:3] + FLOWS_HERE[6:7])
    server = serving.Server(site)
    none = {"packetDeltaCount": 0, "octetDeltaCount": 0, "flows": 0}
    last = {"packetDeltaCount": 3, "octetDeltaCount": 501, "flows": "0.5"}
    assert server.json("/api/bucket/query?start_bucket=1700003400") == {
        "bucket_size": 600, "global_min_bucket": 1700002800, "global_max_bucket": 1700003400, "results": [
            dict(last, bucket=1700003400, tcp=last, udp=none, icmp=none, other=none)]}
    six = {"packetDeltaCount": 10, "octetDeltaCount": 5000, "flows": 1}
    four = {"packetDeltaCount": 5, "octetDeltaCount": 1001, "flows": 1}
    both = {"packetDeltaCount": 15, "octetDeltaCount": 6001, "flows": 2}
    assert server.json("/api/index/nodes?limit=3&sort=octetDeltaCount") == {
        "totalCounter": dict(both, id=-1, tcp=both, udp=none, icmp=none, other=none, src=none, dst=none),
        "results": [dict(four, id=167772161, tcp=four, udp=none, icmp=none, other=none, src=four, dst=none),
                    dict(four, id=167772162, tcp=four, udp=none, icmp=none, other=none, src=none, dst=four),
                    dict(six, id="2001:db8::1", tcp=six, udp=none, icmp=none, other=none, src=none, dst=six)]}
    assert server.json("/api/bucket/query?fields=sourceIPv4Address,octetDeltaCount&limit=3&sort=octetDeltaCount") == {
        "bucket_size": 600, "global_min_bucket": 1700002800, "global_max_bucket": 1700003400, "results": [
            {"bucket": 1700002800, "sourceIPv4Address": 167772161, "octetDeltaCount": 500},
            {"bucket": 1700003400, "sourceIPv4Address": 167772161, "octetDeltaCount": 501},
            {"bucket": 1700002800, "sourceIPv4Address": "2001:db8::7", "octetDeltaCount": 5000}]}


def test_the_resolution_chooses_the_bucket_size(make_site):
    site = make_site("sqlite", redis=rig.NoRedis(), sizes=(600, 3600))
    imported(site, FLOWS_HERE)  # in buckets 1700002800, 1700003400 and 1700006400: 7 of 600 s
    server = serving.Server(site)
    for query, size in (("", 3600), ("resolution=6", 3600), ("resolution=7", 600), ("resolution=-3", 3600),
                        ("resolution=2&end_bucket=1700003999", 600), ("end_bucket=600", 600),
                        ("bucket_size=600", 600), ("bucket_size=3600&resolution=1000", 3600)):
        assert server.json("/api/bucket/query?" + query)["bucket_size"] == size, query


@pytest.mark.parametrize("target, parameter, value, accepted", [
    ("/api/bucket/query?limit=1e3", "limit", "1e3", "a whole number"),
    ("/api/index/nodes?start_bucket=", "start_bucket", "", "a whole number"),
    ("/api/index/nodes?end_bucket=99999999999999999999", "end_bucket", "99999999999999999999", "a whole number"),
    ("/api/bucket/query?resolution=NaN", "resolution", "NaN", "a whole number"),
    ("/api/dynamic/index/ports?bucket_size=-600", "bucket_size", "-600", "600"),
    ("/api/bucket/query?include_ports=443,x", "include_ports", "443,x",
     "a port from 0 to 65535, or a range such as 8000-8080"),
    ("/api/bucket/query?include_ips=4294967296", "include_ips", "4294967296",
     "an IPv4 or IPv6 address, or a prefix such as 10.0.0.0/8"),
    ("/api/bucket/query?exclude_protos=tcp,no%20such", "exclude_protos", "tcp,no such",
     "a protocol name, a number from 0 to 255, or a range such as 50-51"),
    ("/api/bucket/query?aggregate=flows", "aggregate", "flows", "names separated by commas, of bucket "
     + " ".join(reference.TUPLE_KEYS) + " ipaddress port"),
    ("/api/bucket/query?aggregate=ipaddress,bucket", "aggregate", "ipaddress,bucket",
     "ipaddress or port alone, without fields"),
    ("/api/index/nodes?include_ports=443", "include_ports", "443",
     "no filter, except under /api/dynamic/ together with aggregate: an index has no flows"),
    ("/api/index/ports?aggregate=port", "aggregate", "port", "names separated by commas, of id"),
    ("/api/bucket/query?sort=" + ",".join(["flows"] * 9), "sort", ",".join(["flows"] * 9), "at most 8 names"),
])
def test_what_is_refused(make_site, target, parameter, value, accepted):
    site = make_site("sqlite", redis=rig.NoRedis())
    imported(site, [one()])
    assert serving.Server(site).json(target, 400)["error"] == {"parameter": parameter, "value": value,
                                                              "accepted": accepted}


def test_tables_without_rows(make_site, kind):
    site = make_site(kind, redis=rig.NoRedis())
    imported(site, [])
    server = serving.Server(site)
    assert server.json("/api/bucket/query") == {"bucket_size": 600, "global_min_bucket": None,
                                                "global_max_bucket": None, "results": []}
    assert server.json("/api/index/ports") == {"totalCounter": {}, "results": []}
