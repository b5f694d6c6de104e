"""Names of networks, hosts, exporters and interfaces: every word as filter and as group, against a calculation of its own
over the flows, by the API and `top`, on both stores; in CSV; read again; refused with file and line."""
import ipaddress
import json
import random
import signal
import urllib.parse

import pytest

import generator
import reference
import rig
import serving

KEYS = reference.TUPLE_KEYS + ("exporterIPv4Address", "ingressInterface", "egressInterface")
LOCAL = "10.0.0.0/8, 2001:db8::/32"
NAMES = """
# networks
10.0.0.0/8      name=Corp customer=X
10.1.0.0/16     name=Berlin site=B
10.1.2.0/24     customer="Example, ""Inc."" & <b>Sons</b>"
10.2.0.0/16     name=Bonn site=B role="=1+1"
192.0.2.0/24    name=Uplink
10.1.2.3        name=mail role=server
2001:db8:1::/48 name=Six site=S
exporter 198.51.100.1 name=edge
interface 198.51.100.1 1 name=lan description="To the users" speed=10G
interface 198.51.100.2 1 name=wan
"""
HOSTS4 = ["10.1.2.3", "10.1.2.4", "10.1.3.1", "10.2.0.1", "10.9.0.1", "192.0.2.1", "192.0.2.200", "203.0.113.9"]
HOSTS6 = ["2001:db8:1::1", "2001:db8:2::1", "2001:db9::1"]
EXPORTERS = ["198.51.100.1", "198.51.100.2"]

# The same as NAMES, in Python's words: the longest prefix that says so.
SAID = {"network": [("10.0.0.0/8", "Corp"), ("10.1.0.0/16", "Berlin"), ("10.2.0.0/16", "Bonn"), ("192.0.2.0/24", "Uplink"),
                    ("2001:db8:1::/48", "Six")],
        "customer": [("10.0.0.0/8", "X"), ("10.1.2.0/24", 'Example, "Inc." & <b>Sons</b>')],
        "site": [("10.1.0.0/16", "B"), ("10.2.0.0/16", "B"), ("2001:db8:1::/48", "S")],
        "role": [("10.2.0.0/16", "=1+1"), ("10.1.2.3/32", "server")]}
OWN = [ipaddress.ip_network(text.strip()) for text in LOCAL.split(",")]


def called(word, address):
    found = [(network.prefixlen, name) for network, name in
             ((ipaddress.ip_network(text), name) for text, name in SAID[word]) if ipaddress.ip_address(address) in network]
    return max(found)[1] if found else ""


def direction(flow):
    source, destination = (any(ipaddress.ip_address(flow[end]) in own for own in OWN) for end in ("src", "dst"))
    return ("internal" if destination else "out") if source else "in" if destination else "transit"


def prefix(address, bits4, bits6):
    bits = bits4 if "." in address else bits6
    return str(ipaddress.ip_network("%s/%d" % (address, bits), strict=False))


# Word: its values for a flow, of which each counts once.
WORDS = {"direction": lambda flow: {direction(flow)},
         "src/24": lambda flow: {prefix(flow["src"], 24, 64)}, "dst/24": lambda flow: {prefix(flow["dst"], 24, 64)},
         "net/24": lambda flow: {prefix(flow[end], 24, 64) for end in ("src", "dst")},
         "net/16": lambda flow: {prefix(flow[end], 16, 48) for end in ("src", "dst")},
         "src/16": lambda flow: {prefix(flow["src"], 16, 48)}, "dst/16": lambda flow: {prefix(flow["dst"], 16, 48)},
         "exporter": lambda flow: {flow["exporter"]}, "in": lambda flow: {str(flow["in"])},
         "out": lambda flow: {str(flow["out"])}}
for name in SAID:
    WORDS["src_" + name] = lambda flow, name=name: {called(name, flow["src"])}
    WORDS["dst_" + name] = lambda flow, name=name: {called(name, flow["dst"])}
    WORDS[name] = lambda flow, name=name: {called(name, flow["src"]), called(name, flow["dst"])}

# Filter: whether a flow passes.
FILTERS = {"direction=in": lambda flow: direction(flow) == "in", "!direction=in,transit": lambda flow: direction(flow) in ("out", "internal"),
           "src_site=B": lambda flow: called("site", flow["src"]) == "B",
           "!site=B": lambda flow: "B" not in WORDS["site"](flow),
           'dst_site=""': lambda flow: called("site", flow["dst"]) == "",
           "network=Berlin,Six": lambda flow: bool(WORDS["network"](flow) & {"Berlin", "Six"}),
           'dst_customer="Example, ""Inc."" & <b>Sons</b>"': lambda flow: flow["dst"] in ("10.1.2.3", "10.1.2.4"),
           "src_role==1+1": lambda flow: flow["src"] == "10.2.0.1",
           "host=mail": lambda flow: "10.1.2.3" in (flow["src"], flow["dst"]),
           "src/24=10.1.2.0/24": lambda flow: flow["src"] in ("10.1.2.3", "10.1.2.4"),
           "net/24=10.1.2.0/24,2001:db8:1::/64": lambda flow: any(flow[end] in ("10.1.2.3", "10.1.2.4", "2001:db8:1::1") for end in ("src", "dst")),
           "!net/16=10.1.0.0/16": lambda flow: not any(flow[end].startswith("10.1.") for end in ("src", "dst")),
           "exporter=edge": lambda flow: flow["exporter"] == "198.51.100.1",
           "in=lan": lambda flow: (flow["exporter"], flow["in"]) == ("198.51.100.1", 1),
           "out=wan,2": lambda flow: flow["out"] == 2 or (flow["exporter"], flow["out"]) == ("198.51.100.2", 1),
           "src_site=B direction=out or exporter=edge in=2": lambda flow:
           (called("site", flow["src"]) == "B" and direction(flow) == "out") or (flow["exporter"], flow["in"]) == (EXPORTERS[0], 2),
           "(site=S or dst/24=192.0.2.0/24) !(direction=in or exporter=edge)": lambda flow:
           ("S" in WORDS["site"](flow) or flow["dst"].startswith("192.0.2.")) and direction(flow) != "in" and
           flow["exporter"] != EXPORTERS[0],
           "in=1 direction=out src_network=Bonn": lambda flow: flow["in"] == 1 and direction(flow) == "out" and
           called("network", flow["src"]) == "Bonn"}


def flows_make(count=400):
    chance = random.Random(5)
    for number in range(count):
        hosts = HOSTS6 if chance.random() < 0.2 else HOSTS4
        yield {"src": chance.choice(hosts), "dst": chance.choice(hosts), "exporter": chance.choice(EXPORTERS),
               "in": chance.randrange(3), "out": chance.randrange(3), "octets": 100 + number, "port": 1024 + number,
               "dport": 400 + chance.randrange(9) * chance.randrange(9)}


def entry(flow):
    six = ":" in flow["src"]
    ends = {"sourceIPv6Address" if six else "sourceIPv4Address": flow["src"],
            "destinationIPv6Address" if six else "destinationIPv4Address": flow["dst"]}
    if six:
        ends.update(sourceIPv4Address=None, destinationIPv4Address=None)
    return generator.one(**ends, exporterIPv4Address=flow["exporter"], ingressInterface=flow["in"], egressInterface=flow["out"],
                         octetDeltaCount=flow["octets"], sourceTransportPort=flow["port"],
                         destinationTransportPort=flow["dport"])


NETS = {"net/24": (24, 64), "net/16": (16, 48)}


def grouped(flows, *words):
    sums = {}
    for flow in flows:
        either = [word for word in words if word in SAID or word.startswith("net/")]
        ends = [("src", "dst")] if not either else [("src",), ("dst",)]
        keys = set()
        for end in ends:
            keys.add(tuple(called(word, flow[end[0]]) if word in SAID else prefix(flow[end[0]], *NETS[word]) if word in NETS else
                           next(iter(WORDS[word](flow))) for word in words))
        for key in keys:
            sums[key] = sums.get(key, 0) + flow["octets"]
    return sums


@pytest.fixture(name="imported")
def imported_fixture(make_site, kind):
    site = make_site(kind, keys=KEYS)
    (site.folder / "names").write_text(NAMES)
    flows = list(flows_make())
    site.import_all([entry(flow) for flow in flows])
    names = {"files": str(site.folder / "names"), "local": LOCAL}
    return site, flows, names


PERIOD = "from=1700002800&to=1700003400"


def test_every_word_groups_and_filters(imported):
    site, flows, names = imported
    server = serving.Server(site, names=names)
    pairs = [(word,) for word in WORDS] + [("src_site", "dst_site"), ("site", "direction"), ("src/24", "dst_network"),
                                           ("exporter", "in"), ("network", "customer"), ("net/24", "site"), ("net/16", "exporter")]
    for words in pairs:
        answer = server.json("/api/query?%s&n=1000&group=%s" % (PERIOD, ",".join(words)))
        assert {tuple(group["key"]): group["octets"] for group in answer["groups"]} == grouped(flows, *words), words
        assert answer["total"]["octets"] == sum(flow["octets"] for flow in flows)
    for text, passes in FILTERS.items():
        wanted = [flow for flow in flows if passes(flow)]
        assert wanted and len(wanted) < len(flows), text
        quoted = urllib.parse.quote(text)
        answer = server.json("/api/query?%s&n=1000&group=src_site&filter=%s" % (PERIOD, quoted))
        assert answer["total"]["octets"] == sum(flow["octets"] for flow in wanted), text
        assert {tuple(group["key"]): group["octets"] for group in answer["groups"]} == grouped(wanted, "src_site"), text
        answer = server.json("/api/flows?%s&n=1000&filter=%s" % (PERIOD, quoted))
        place = answer["columns"].index("octets")
        assert sorted(row[place] for row in answer["flows"]) == sorted(flow["octets"] for flow in wanted), text
    # What a group is called can be asked for again.
    for group in server.json("/api/query?%s&n=1000&group=customer" % PERIOD)["groups"]:
        key = '"%s"' % group["key"][0].replace('"', '""')
        answer = server.json("/api/query?%s&filter=%s" % (PERIOD, urllib.parse.quote("customer=" + key)))
        assert answer["total"]["octets"] == group["octets"]
    server.stop()


# Comparison: which sums it leaves.
BOUNDS = {"octets>20k": lambda octets, flows: octets > 20000, "octets<=20.001k": lambda octets, flows: octets <= 20001,
          "flows>=30": lambda octets, flows: flows >= 30, "flows<30 octets>5000": lambda octets, flows: flows < 30 and octets > 5000}


def test_comparisons_choose_among_what_is_listed(imported):
    """Groups by their sums, merged flows by theirs, rows of a bucket by their own; totals know nothing of them."""
    site, flows, names = imported
    server = serving.Server(site, names=names)
    every = sum(flow["octets"] for flow in flows)

    def counted(words):
        sums = {}
        for flow in flows:
            key = tuple(next(iter(WORDS[word](flow))) if word in WORDS else flow[word] for word in words)
            octets, count = sums.get(key, (0, 0))
            sums[key] = octets + flow["octets"], count + 1
        return sums
    for words in (("src",), ("src_site",), ("exporter", "in"), ("src", "dst"), ("direction",)):
        for text, holds in BOUNDS.items():
            answer = server.json("/api/query?%s&n=1000&series=yes&group=%s&filter=%s" % (PERIOD, ",".join(words), urllib.parse.quote(text)))
            wanted = {key: octets for key, (octets, count) in counted(words).items() if holds(octets, count)}
            assert {tuple(group["key"]): group["octets"] for group in answer["groups"]} == wanted, (words, text)
            assert answer["total"]["octets"] == every
            assert answer["others"]["octets"] == every - sum(wanted.values())
            assert len(answer["series"]) == len(wanted) + 1
    answer = server.json("/api/query?%s&n=1000&group=src&filter=%s" % (PERIOD, urllib.parse.quote("octets>8k (proto=tcp or in=1)")))
    assert answer["groups"] and all(group["octets"] > 8000 for group in answer["groups"])
    for merge in ("no", "yes"):
        for text, holds in (("octets>300", lambda octets: octets > 300), ("octets<=120 flows<2 flows>0.5", lambda octets: octets <= 120)):
            answer = server.json("/api/flows?%s&n=1000&merge=%s&filter=%s" % (PERIOD, merge, urllib.parse.quote(text)))
            place = answer["columns"].index("octets")
            assert sorted(row[place] for row in answer["flows"]) == sorted(
                flow["octets"] for flow in flows if holds(flow["octets"])), (merge, text)
    out, _ = site.run("top", "by", "src_site", "--json", "--where", "octets>40k", names=names)
    assert {row["src_site"] for row in json.loads(out)["rows"]} == {
        key[0] for key, (octets, _) in counted(("src_site",)).items() if octets > 40000}
    error = server.json("/api/query?%s&group=src&filter=%s" % (PERIOD, urllib.parse.quote("in=1 or octets>1")), 400)["error"]
    assert error["accepted"].startswith("a comparison such as octets>1M outside of brackets")
    server.stop()


PEERS = {"src": ("src", "dst"), "dst": ("dst", "src"), "src_site": ("src_site", "dst"), "dst/24": ("dst/24", "src")}


def different(flows, metric, words):
    """{key: how many different ones}"""
    found = {}
    for flow in flows:
        ends = [{}]
        if words == ("host",):
            ends = [{"host": flow["src"], "peer": flow["dst"]}, {"host": flow["dst"], "peer": flow["src"]}]
        for end in ends:
            key = tuple(end.get(word) or (next(iter(WORDS[word](flow))) if word in WORDS else flow[word]) for word in words)
            things = {"peers": [end.get("peer") or flow[PEERS[words[0]][1]] if words[0] in PEERS or end else None],
                      "ports": [flow["dport"]], "hosts": [flow["src"], flow["dst"]]}[metric]
            found.setdefault(key, set()).update(things)
    return {key: len(things) for key, things in found.items()}


def test_different_peers_ports_and_hosts_are_counted(imported):
    site, flows, names = imported
    server = serving.Server(site, names=names)
    for metric, words in (("peers", ("src",)), ("peers", ("dst",)), ("peers", ("host",)), ("peers", ("src_site",)), ("peers", ("dst/24",)),
                          ("peers", ("src", "exporter")), ("ports", ("src",)), ("ports", ("host",)), ("hosts", ("exporter",)),
                          ("hosts", ("direction",)), ("hosts", ("exporter", "in"))):
        wanted = different(flows, metric, words)
        answer = server.json("/api/query?%s&n=1000&metric=%s&group=%s" % (PERIOD, metric, ",".join(words)))
        assert {tuple(group["key"]): group[metric] for group in answer["groups"]} == wanted, (metric, words)
        assert (answer["metric"], answer["partial"]) == (metric, False)
        counts = [group[metric] for group in answer["groups"]]
        assert counts == sorted(counts, reverse=True)
        assert answer["total"]["octets"] == sum(flow["octets"] for flow in flows)
        if words != ("host",):
            plain = server.json("/api/query?%s&n=1000&group=%s" % (PERIOD, ",".join(words)))
            assert {tuple(group["key"]): group["octets"] for group in answer["groups"]} == {
                tuple(group["key"]): group["octets"] for group in plain["groups"]}
        few = server.json("/api/query?%s&n=2&metric=%s&group=%s" % (PERIOD, metric, ",".join(words)))
        assert few["groups"] == answer["groups"][:2]
    wanted = different([flow for flow in flows if flow["in"] == 1], "peers", ("src",))
    answer = server.json("/api/query?%s&n=1000&metric=peers&group=src&filter=in=1%%20or%%20in=1" % PERIOD)
    assert {tuple(group["key"]): group["peers"] for group in answer["groups"]} == wanted
    status, _, body = server.ask("/api/query?%s&n=1&metric=peers&group=src&format=csv" % PERIOD)
    assert status == 200 and body.decode().splitlines()[0] == "src,packets,octets,flows,peers"
    assert body.decode().splitlines()[1].endswith(",%d" % max(different(flows, "peers", ("src",)).values()))
    for query, parameter, said in (("metric=peers&group=proto", "metric", "groups of one end of flows, such as src"),
                                   ("metric=peers&group=src,dst", "metric", "groups of one end of flows"),
                                   ("metric=hosts&group=host", "metric", "groups that are not about either end: use peers"),
                                   ("metric=peers", "metric", "a group whose peers"), ("metric=peers&group=src&series=yes", "metric", "octets, packets"),
                                   ("metric=peers&group=src&filter=octets%3E1", "filter", "a filter without comparisons"),
                                   ("metric=nonesuch", "metric", "packets, octets, flows, peers, ports, hosts")):
        error = server.json("/api/query?%s&%s" % (PERIOD, query), 400)["error"]
        assert error["parameter"] == parameter and error["accepted"].startswith(said), (query, error)
    out, _ = site.run("top", "by", "src", "--metric", "peers", "--json", "-n", "100", names=names)
    assert {(row["src"],): row["peers"] for row in json.loads(out)["rows"]} == different(flows, "peers", ("src",))
    out, _ = site.run("top", "by", "src", "--metric", "peers", "-n", "1", names=names)
    assert out.splitlines()[0].split() == ["group", "peers", "octets", "share", "packets", "flows"]
    assert "expected one of packets, octets, flows, peers, ports, hosts" in site.run("top", "hosts", "--metric", "x", names=names, code=2)[1]
    server.stop()


def test_ports_are_asked_for_by_their_services(imported):
    site, flows, names = imported
    server = serving.Server(site, names=names)
    wanted = sum(flow["octets"] for flow in flows if flow["port"] in (1194, 1099))
    assert wanted and server.json("/api/query?%s&filter=sport=openvpn,rmiregistry" % PERIOD)["total"]["octets"] == wanted
    assert server.json("/api/query?%s&filter=sport=nonesuch" % PERIOD, 400)["error"]["accepted"].startswith("a port from 0")
    server.stop()


def test_names_are_shown_with_their_source(imported):
    site, _, names = imported
    server = serving.Server(site, names=names)
    known = server.json("/api/names?address=10.1.2.3,203.0.113.9,2001:db8:1::1")["names"]
    assert known["10.1.2.3"] == {"host": "mail", "source": "file", "network": "", "country": "", "local": True, "tags": {
        "network": "Berlin", "customer": 'Example, "Inc." & <b>Sons</b>', "site": "B", "role": "server"}}
    assert (known["203.0.113.9"]["tags"], known["203.0.113.9"]["local"]) == ({}, False)
    assert known["2001:db8:1::1"]["tags"] == {"network": "Six", "site": "S"}
    values = {dimension["name"]: dimension.get("values") for dimension in server.json("/api/meta")["dimensions"]}
    assert (values["exporter"], values["in"], values["out"]) == (["edge"], ["lan", "wan"], ["lan", "wan"])
    assert (values["dst_network"], values["site"], values["src"]) == (["Berlin", "Bonn", "Corp", "Six", "Uplink"], ["B", "S"], None)
    groups = server.json("/api/query?%s&n=1000&group=exporter,in" % PERIOD)["groups"]
    assert {(tuple(group["key"]), tuple(group["name"]), tuple(group["source"])) for group in groups} == {
        (("198.51.100.1", "0"), ("edge", ""), ("file", "")), (("198.51.100.1", "1"), ("edge", "lan"), ("file", "file")),
        (("198.51.100.1", "2"), ("edge", ""), ("file", "")), (("198.51.100.2", "0"), ("", ""), ("", "")),
        (("198.51.100.2", "1"), ("", "wan"), ("", "file")), (("198.51.100.2", "2"), ("", ""), ("", ""))}
    status, _, body = server.ask("/api/query?%s&n=1000&group=src_role&format=csv" % PERIOD)
    assert status == 200 and b"\"'=1+1\"," in body
    status, _, body = server.ask("/api/flows?%s&n=1&format=csv&names=yes&filter=src=mail%%20in=lan" % PERIOD)
    head, row = body.decode().splitlines()[:2]
    row = dict(zip(head.split(","), row.split(",")))
    assert (row["src"], row["src_name"], row["src_source"]) == ("10.1.2.3", "mail", "file")
    assert (row["exporter_name"], row["in_name"], row["in_source"]) == ("edge", "lan", "file")
    server.stop()


def test_top_knows_the_words(imported):
    site, flows, names = imported
    out, _ = site.run("top", "by", "src_site,direction", "-n", "100", "--json", names=names)
    assert {(row["src_site"], row["direction"]): row["octets"] for row in json.loads(out)["rows"]} == grouped(
        flows, "src_site", "direction")
    out, _ = site.run("top", "hosts", "--json", "--where", "host=mail direction=out", "-n", "1", names=names)
    wanted = [flow for flow in flows if flow["src"] == "10.1.2.3" and direction(flow) == "out"]
    row = json.loads(out)["rows"][0]
    assert (row["host"], row["name"], row["octets"]) == ("10.1.2.3", "mail", sum(flow["octets"] for flow in wanted))
    out, _ = site.run("top", "by", "direction", names=names)
    assert [line.split()[1] for line in out.splitlines()[1:5]] == [
        key[0] for key in sorted(grouped(flows, "direction"), key=lambda key: -grouped(flows, "direction")[key])]
    out, _ = site.run("top", "hosts", "-n", "100", names=names)
    assert "10.1.2.3 mail " in out
    assert "expected at most 2, separated by commas, of src, " in site.run("top", "by", "nonesuch", names=names, code=2)[1]
    assert "'site=C' is not accepted: expected a site in the files of [names], such as B, S" in site.run(
        "top", "hosts", "--where", "site=C", names=names, code=2)[1]


NO_ADDRESS = "255.255.255.254"


def test_ends_without_an_address_are_no_host(make_site, kind):
    """Out of the index and out of the flows, as group and as filter; verify agrees; 0.0.0.0 that asks for its address is one."""
    ends = [(None, None), (None, "0.0.0.0"), ("10.0.0.7", None), (None, "10.0.0.8"), ("0.0.0.0", "255.255.255.255"),
            (0, "224.0.0.22"), ("10.0.0.7", "10.0.0.8")]
    site = make_site(kind)
    site.import_all([generator.one(sourceIPv4Address=src, destinationIPv4Address=dst, octetDeltaCount=1 << i, protocolIdentifier=17)
                     for i, (src, dst) in enumerate(ends)])
    rows = {row[0]: row[2:] for row in site.tables()["index_nodes_600"]}
    assert {host for host in rows if isinstance(host, str)} == {
        "total", "no address", "10.0.0.7", "10.0.0.8", "0.0.0.0", "255.255.255.255", "224.0.0.22"}
    wanted = {"src": {NO_ADDRESS: 0b1011, "10.0.0.7": 0b1000100, "0.0.0.0": 0b110000},
              "dst": {NO_ADDRESS: 0b111, "10.0.0.8": 0b1001000, "255.255.255.255": 0b10000, "224.0.0.22": 0b100000}}
    wanted["host"] = {host: sum(end.get(host, 0) for end in wanted.values()) for end in list(wanted.values()) for host in end}
    server = serving.Server(site)
    for word, groups in wanted.items():
        for where in ("", "&filter=proto=udp"):
            answer = server.json("/api/query?%s&n=1000&group=%s%s" % (PERIOD, word, where))
            assert {group["key"][0]: group["octets"] for group in answer["groups"]} == groups, (word, where)
            assert answer["total"]["octets"] == 127
            names = {group["key"][0]: group["name"][0] for group in answer["groups"]}
            assert names[NO_ADDRESS] == "no address" and not names["10.0.0.%d" % (8 if word == "dst" else 7)]
            for host, octets in groups.items():
                either = {"host": {NO_ADDRESS: 0b1111, "10.0.0.7": 0b1000100, "10.0.0.8": 0b1001000}.get(host, octets)}
                answer = server.json("/api/query?%s&filter=%s=%s%s" % (PERIOD, word, host, where and " proto=udp".replace(" ", "%20")))
                assert answer["total"]["octets"] == either.get(word, octets), (word, host, where)
            answer = server.json("/api/query?%s&filter=!%s=%s%s" % (PERIOD, word, NO_ADDRESS, where and "%20proto=udp"))
            assert answer["total"]["octets"] == 127 - (0b1111 if word == "host" else groups[NO_ADDRESS])
    answer = server.json("/api/query?%s&filter=host=%s&group=dst&n=10&series=yes" % (PERIOD, NO_ADDRESS))
    assert {group["key"][0]: group["octets"] for group in answer["groups"]} == {NO_ADDRESS: 0b111, "10.0.0.8": 0b1000}
    for word in ("src/24", "dst/16"):
        answers = [server.json("/api/query?%s&n=1000&group=%s%s" % (PERIOD, word, where)) for where in ("", "&filter=proto=udp")]
        assert answers[0]["groups"] == answers[1]["groups"] and any(
            group["key"][0].startswith("0.0.0.0/") for group in answers[0]["groups"])
    assert all(node["id"] != -2 for node in server.json("/api/index/nodes?limit=100")["results"])
    server.stop()
    site.verify()
    out, _ = site.run("top", "hosts")
    assert "255.255.255.254 no address " in out


def test_serve_reads_the_files_again(make_site):
    site = make_site("sqlite")
    site.import_all([generator.one()])
    path = site.folder / "names"
    path.write_text("10.0.0.1 name=one\n")
    server = serving.Server(site, names={"files": str(path)})

    def host():
        return server.json("/api/names?address=10.0.0.1")["names"]["10.0.0.1"]["host"]
    assert host() == "one"
    path.write_text("10.0.0.1 name=two\n")
    server.signal(signal.SIGHUP)
    rig.wait_for(lambda: host() == "two", "the new name")
    path.write_text("10.0.0.1 nam=three\n10.0.0.2\n")
    server.signal(signal.SIGHUP)
    rig.wait_for(lambda: "names: %s:2: expected words such as name=Berlin; the names are unchanged" % path in server.output(),
                 lambda: server.output())
    assert host() == "two"
    server.stop()


def test_a_wrong_file_is_refused_at_the_start(make_site):
    site = make_site("sqlite")
    path = site.folder / "names"
    for text, said in (("10.0.0.0/8 name=x\n10.0.0.0/8 name=y\n", "%s:2: 10.0.0.0/8 is repeated; it is first in %s:1" % (path, path)),
                       ("10.0.0.1 name=a\u202eb\n", "%s:1: the value of name contains the invisible character U+202E" % path)):
        path.write_text(text)
        _, err = site.run("--check-config", code=2, names={"files": str(path)})
        assert "[names] files: " + said in err
    _, err = site.run("top", "hosts", code=2, names={"files": str(site.folder / "nonesuch")})
    assert "[names] files: %s: No such file or directory" % (site.folder / "nonesuch") in err
    _, err = site.run("--check-config", code=2, names={"local": "10.0.0.1/8"})
    assert "[names] local: '10.0.0.1/8' has bits after its prefix length: use 10.0.0.0/8" in err


def test_too_many_ranges_are_refused(make_site):
    """5,000 networks with a name each: one by one they can be asked for, not all at once."""
    site = make_site("sqlite")
    site.import_all([generator.one()])
    path = site.folder / "names"
    path.write_text("".join("10.%d.%d.0/24 name=n%d site=s%d\n" % (i // 256, i % 256, i, i // 4000) for i in range(5000)))
    server = serving.Server(site, names={"files": str(path)})
    error = server.json("/api/query?%s&group=src_network" % PERIOD, 400)["error"]
    assert (error["parameter"], error["value"]) == ("group", "src_network")
    assert error["accepted"].startswith("networks and tags whose addresses are at most 4096 ranges")
    assert [group["key"] for group in server.json("/api/query?%s&group=src_site" % PERIOD)["groups"]] == [["s0"]]
    assert server.json("/api/query?%s&filter=src_network=n0" % PERIOD)["total"]["octets"] == 1000
    assert server.json("/api/query?%s&filter=src_network=n1" % PERIOD)["total"]["octets"] == 0
    error = server.json("/api/flows?%s&filter=src_network=%s" % (PERIOD, ",".join("n%d" % i for i in range(0, 200, 2))), 400)["error"]
    assert error["accepted"] == "at most 64 values in a term and 256 in all"
    server.stop()
