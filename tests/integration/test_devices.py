"""What devices call their interfaces, applications and VRFs: learned from options data and from sFlow beside a file, shown
with its source by the API, `top` and CSV, asked for by name against SQL of the test's own, on both stores; over a restart and a
reload; hostile names."""
import csv
import io
import ipaddress
import json
import signal
import urllib.parse

import pytest

import collecting
import datagrams
import generator
import packets
import rig
import serving
from datagrams import FOUR, MILLISECONDS, COUNTS, Sender, Sflow, Templated, template

KEYS = ("sourceIPv4Address", "destinationIPv4Address", "exporterIPv4Address", "ingressInterface", "egressInterface", "applicationId", "ingressVRFID",
        "bgpSourceAsNumber")
OPTIONS, V9, AGENT = "127.0.0.1", "127.0.0.2", "192.0.2.250"
NAMES = """exporter 127.0.0.1 name=edge
interface 127.0.0.1 2 name=lan
interface 127.0.0.2 9 name=spare speed=10M
application 127.0.0.1 0d000002 name=ours
"""
FLOWS = template(256, FOUR + "ingressInterface egressInterface applicationId/4 ingressVRFID bgpSourceAsNumber " + MILLISECONDS + COUNTS)
YOUTUBE, OURS, OTHER = b"\x0d\0\0\1", b"\x0d\0\0\2", b"\x0d\0\0\3"
MARKUP = "<img src=x onerror=alert(1)>"
HOSTILE = {  # as it comes: as it is shown
    MARKUP.encode(): MARKUP,
    "a\u202eb\u200bc".encode(): "abc",
    b"\x1b[31mred\x07\r\n": "[31mred",
    b"bad \xff\xfe utf": "bad \ufffd\ufffd utf",
    b"=cmd|' /C calc'!A0": "=cmd|' /C calc'!A0",
    b"x" * 30000: "x" * 127,
    ("\u00e9" * 100).encode(): "\u00e9" * 63,
    b"quo\"te, comma": "quo\"te, comma",
    b"   pad  \0garbage": "pad",
}


def flows_of(count, seed, **more):
    return datagrams.flows(count, seed, span=30, **more)


def interface_table(exporter, number, given):
    """An options template of interfaces, and its records."""
    chosen = template(number, "ingressInterface interfaceName/%s interfaceDescription/%s" % (("32", "64") if exporter.version == 9 else ("v", "v")), scopes=1)
    if exporter.version == 9:  # the scope is the system's; the interface is one of the fields
        chosen = template(number, "observationDomainId ingressInterface interfaceName/32 interfaceDescription/64", scopes=1)
    return exporter.options_templates(chosen), exporter.data(chosen, [
        {"ingressInterface": index, "interfaceName": name, "interfaceDescription": text} for index, name, text in given])


def table(exporter, number, words, given, scopes=1):
    chosen = template(number, words, scopes=scopes)
    return exporter.options_templates(chosen), exporter.data(chosen, given)


def tell(port):
    """What the three say of themselves."""
    ipfix, v9, agent = Templated(10), Templated(9), Sflow(AGENT)
    with Sender(port) as sender:
        sender.send(ipfix.message(*interface_table(ipfix, 400, [(1, "ge-0/0/1", "Uplink"), (2, "ge-0/0/2", "Users")])))
        sender.send(ipfix.message(*table(ipfix, 401, "applicationId/4 applicationName/v applicationDescription/v", [
            {"applicationId": YOUTUBE, "applicationName": "youtube", "applicationDescription": "Video"},
            {"applicationId": OURS, "applicationName": "theirs"}])))
        sender.send(ipfix.message(*table(ipfix, 402, "ingressVRFID VRFname/v", [{"ingressVRFID": 7, "VRFname": "blue"}])))
        sender.send(agent.message(agent.counters(3, 10 ** 9, 1000, 2000, b"swp3")))
    with Sender(port, source=V9) as sender:
        sender.send(v9.message(*interface_table(v9, 400, [(1, "Gi0/1", "WAN"), (9, "Gi0/9", "")])))
        sender.send(v9.message(*table(v9, 402, "observationDomainId ingressVRFID VRFname/16", [{"ingressVRFID": 7, "VRFname": "red"}])))


def send_flows(port):
    """Returns how many."""
    counts = 0
    for source, seed, interfaces in ((OPTIONS, 1, [1, 2, 3]), (V9, 2, [1, 9])):
        exporter = Templated(10 if source == OPTIONS else 9)
        given = flows_of(150, seed, ingressInterface=interfaces, egressInterface=interfaces, ingressVRFID=[0, 7],
                         applicationId=[YOUTUBE, OURS, OTHER], bgpSourceAsNumber=[64500, 64501])
        with Sender(port, source=source) as sender:
            sender.send(*exporter.messages(FLOWS, given))
        counts += len(given)
    agent = Sflow(AGENT, rate=10)
    with Sender(port) as sender:
        for number in range(20):
            frame = packets.ether(packets.ipv4(packets.udp(1000 + number, 53, bytes(100)))).data
            sender.send(agent.message(agent.sample(frame, source=3, output=7)))
    return counts + 20


def number(address):
    return int(ipaddress.ip_address(address))


def sum_of(site, condition):
    """By SQL of the test's own."""
    return int(site.store.rows("SELECT SUM(octetDeltaCount) FROM flows_600 WHERE " + condition)[0][0] or 0)


def ask(collector, path):
    status, _, body = collector.client.ask(path)
    assert status == 200, (path, body)
    return json.loads(body, parse_float=str)


def learned(collector):
    path = collector.site.folder / "learned"
    return path.read_text() if path.exists() else ""


def wait_learned(collector, *words):
    rig.wait_for(lambda: all(word in learned(collector) for word in words), lambda: learned(collector) + collector.daemon.output()[-2000:])


def shown(collector, words, wanted):
    """Waits until groups have these names and sources: {key: (name, source) of the last word}."""
    def got():
        answer = ask(collector, "/api/query?from=-1h&n=1000&group=" + words)
        return {tuple(group["key"]): (group["name"][-1], group["source"][-1]) for group in answer["groups"]}
    rig.wait_for(lambda: got() == wanted, lambda: "%r\n%r" % (wanted, got()))


INTERFACES = {(OPTIONS, "1"): ("ge-0/0/1", "options"), (OPTIONS, "2"): ("lan", "file"), (OPTIONS, "3"): ("", ""),
              (V9, "1"): ("Gi0/1", "options"), (V9, "9"): ("spare", "file"), (AGENT, "3"): ("swp3", "sflow")}
FILTERS = {  # filter: the same in SQL
    "in=ge-0/0/1": "exporterIPv4Address = %d AND ingressInterface = 1" % number(OPTIONS),
    "in=lan": "exporterIPv4Address = %d AND ingressInterface = 2" % number(OPTIONS),
    "out=spare,Gi0/1": "exporterIPv4Address = %d AND egressInterface IN (1, 9)" % number(V9),
    "!in=swp3": "NOT (exporterIPv4Address = %d AND ingressInterface = 3)" % number(AGENT),
    "in=swp3 or in=9": "(exporterIPv4Address = %d AND ingressInterface = 3) OR ingressInterface = 9" % number(AGENT),
    "application=youtube": "SUBSTR(applicationId, 1, 8) = X'%s'" % b"0d000001".hex(),
    "application=ours,0d000003": "SUBSTR(applicationId, 1, 8) IN (X'%s', X'%s')" % (b"0d000002".hex(), b"0d000003".hex()),
    "in_vrf=blue": "exporterIPv4Address = %d AND ingressVRFID = 7" % number(OPTIONS),
    "in_vrf=red,0": "(exporterIPv4Address = %d AND ingressVRFID = 7) OR ingressVRFID = 0" % number(V9),
    "src_as=AS64500": "bgpSourceAsNumber = 64500",
    "src_as=64501-64600": "bgpSourceAsNumber BETWEEN 64501 AND 64600",
}


def test_names_of_devices(make_site, kind):
    site = make_site(kind, keys=KEYS, redis=rig.NoRedis())
    names = site.folder / "names"
    names.write_text(NAMES)
    sections = {"names": {"files": names, "learned": site.folder / "learned"}}
    collector = collecting.Collector(site, sections=sections, queue="direct")
    tell(collector.port)
    count = send_flows(collector.port)
    collector.imported(count)
    wait_learned(collector, "swp3", "youtube", "blue", "red", "Gi0/9")
    shown(collector, "exporter,in", INTERFACES)
    shown(collector, "exporter,ingressVRFID", {(OPTIONS, "7"): ("blue", "options"), (V9, "7"): ("red", "options"), (OPTIONS, "0"): ("", ""),
                                               (V9, "0"): ("", ""), (AGENT, "0"): ("", "")})
    shown(collector, "application", {("0d000001",): ("youtube", "options"), ("0d000002",): ("ours", "file"), ("0d000003",): ("", ""),
                                     ("",): ("", "")})
    shown(collector, "in_vrf", {("7",): ("", ""), ("0",): ("", "")})  # the exporters don't agree
    for text, condition in FILTERS.items():
        answer = ask(collector, "/api/query?from=-1h&group=exporter&filter=" + urllib.parse.quote(text))
        wanted = sum_of(site, condition)
        assert wanted > 0 and answer["total"]["octets"] == wanted, text
        assert sum(group["octets"] for group in answer["groups"]) == wanted, text
    for word, column in (("src_as", "bgpSourceAsNumber"), ("in_vrf", "ingressVRFID"), ("application", "applicationId")):
        answer = ask(collector, "/api/query?from=-1h&n=1000&group=" + word)
        rows = site.store.rows("SELECT %s, SUM(octetDeltaCount) FROM flows_600 GROUP BY 1" % column)
        plain = {(value.rstrip(b"\0").decode() if isinstance(value, bytes) else str(value)): int(octets) for value, octets in rows}
        assert {group["key"][0]: group["octets"] for group in answer["groups"]} == plain
    values = {dimension["name"]: dimension.get("values") for dimension in ask(collector, "/api/meta")["dimensions"]}
    assert values["in"] == ["Gi0/1", "ge-0/0/1", "lan", "spare", "swp3"]
    assert (values["application"], values["in_vrf"]) == (["ours", "youtube"], ["blue", "red"])
    status = collector.client.status()["names"]
    assert status["interfaces"] == {"file": 2, "options": 2, "sflow": 1}
    out, _ = site.run("top", "by", "exporter,in", "-n", "100", names=sections["names"])
    assert "192.0.2.250, 3 swp3 " in out and "127.0.0.1 edge, 1 ge-0/0/1 " in out
    # Another file; then a process that nobody has told anything yet.
    names.write_text(NAMES.replace("name=lan", "name=users"))
    collector.daemon.signal(signal.SIGHUP)
    shown(collector, "exporter,in", {**INTERFACES, (OPTIONS, "2"): ("users", "file")})
    collector.stop()
    collector = collecting.Collector(site, queue="direct")
    shown(collector, "exporter,in", {**INTERFACES, (OPTIONS, "2"): ("ge-0/0/2", "options"), (V9, "9"): ("Gi0/9", "options")})
    site_lines = learned(collector).splitlines()
    assert 'interface 127.0.0.1 1 source=options name="ge-0/0/1" description="Uplink"' in site_lines
    assert 'interface 192.0.2.250 3 source=sflow name="swp3" speed=1000000000' in site_lines
    assert 'vrf 127.0.0.2 7 source=options name="red"' in site_lines
    collector.stop()


def test_hostile_names_are_harmless(collect):
    collector = collect("sqlite", KEYS, queue="direct")
    exporter, given = Templated(10), list(HOSTILE)
    with Sender(collector.port) as sender:
        for index, name in enumerate(given, 1):
            sender.send(exporter.message(*interface_table(exporter, 400, [(index, name, name)])))
        flows = [dict(flow, ingressInterface=index) for index in range(1, len(given) + 1)
                 for flow in flows_of(1, index, egressInterface=[0], ingressVRFID=[0], applicationId=[OTHER], bgpSourceAsNumber=[0])]
        sender.send(*exporter.messages(FLOWS, flows))
    collector.imported(len(given))
    shown(collector, "exporter,in", {(OPTIONS, str(index)): (HOSTILE[name], "options") for index, name in enumerate(given, 1)})
    _, headers, body = collector.client.ask("/api/query?from=-1h&n=100&group=exporter,in&format=csv&names=yes")
    rows = {row["in"]: row["in_name"] for row in csv.DictReader(io.StringIO(body)) if row["in"]}
    assert headers["Content-Type"].startswith("text/csv")
    for index, name in enumerate(given, 1):
        wanted = HOSTILE[name]
        assert rows[str(index)] == ("'" + wanted if wanted.startswith("=") else wanted)
    out, _ = collector.site.run("top", "by", "exporter,in", "-n", "100")
    for text in (out, learned(collector), collector.daemon.output(), json.dumps(collector.client.status())):
        assert not any(sign in text for sign in "\x1b\x07\u202e\u200b\r")
    text = "in=" + urllib.parse.quote('"quo""te, comma"')
    assert len(ask(collector, "/api/query?from=-1h&group=in&filter=" + text)["groups"]) == 1
    collector.stop()


def test_strangers_do_not_displace_names(collect):
    """One exporter that makes up interfaces has an eighth of the memory; another's stay."""
    collector = collect("sqlite", KEYS, queue="direct", memory="1M")
    tell(collector.port)
    wait_learned(collector, "swp3", "ge-0/0/1")
    stranger = Templated(10)
    with Sender(collector.port, source="127.0.0.9", rate=2000) as sender:
        for index in range(0, 2000, 20):
            sender.send(stranger.message(*interface_table(stranger, 400, [(index + i, "x" * 60, "y" * 60) for i in range(20)])))
    wait_learned(collector, "interface 127.0.0.9 1999 ")
    lines = [line for line in learned(collector).splitlines() if line.startswith("interface 127.0.0.9 ")]
    assert 5 <= len(lines) <= 2 ** 20 // 32 // 8 // 256
    assert "swp3" in learned(collector) and "ge-0/0/1" in learned(collector)
    collector.stop()


def test_a_damaged_file_is_left_out_line_by_line(make_site):
    site = make_site("sqlite", keys=KEYS)
    site.import_all([generator.one(exporterIPv4Address="192.0.2.1", ingressInterface=1, egressInterface=2)])
    (site.folder / "learned").write_bytes(
        b"interface 192.0.2.1 1 source=options name=good\ninterface 192.0.2.1 2 source=options name=\xff\n"
        b"interface 192.0.2.1 3 name=mine\n10.0.0.1 name=host\n" + b"#" * 5000 + b"\n\0\0\0")
    server = serving.Server(site)
    assert "names: %s: 5 lines ignored" % (site.folder / "learned") in server.output()
    groups = server.json("/api/query?from=1700000000&to=1700010000&group=exporter,in")["groups"]
    assert [(group["name"], group["source"]) for group in groups] == [(["", "good"], ["", "options"])]
    (site.folder / "learned").unlink()
    rig.wait_for(lambda: server.json("/api/query?from=1700000000&to=1700010000&group=exporter,in")["groups"][0]["name"] == ["", ""],
                 "names without the file")
    server.stop()


# How full links are ---------------------------------------------------------------------------------------------------

HOUR = 1700002800
LINK_NAMES = """interface 192.0.2.1 1 name=lan speed=1M
interface 192.0.2.1 2 name=idle speed=10M
"""
LEARNED = """interface 192.0.2.1 1 source=options name=ge1 description="<b>Up</b>, link"
interface 192.0.2.2 1 source=sflow name=swp1 speed=100000 counted=%d in_octets=1000000 out_octets=500000
interface 192.0.2.2 8 source=sflow speed=1000 counted=%d in_octets=7 out_octets=0
interface 192.0.2.2 9 source=sflow name=old counted=%d in_octets=7 out_octets=7
""" % (HOUR, HOUR, HOUR - 3600)


def link_flows():
    for number in range(200):
        yield {"exporterIPv4Address": ("192.0.2.1", "192.0.2.2", "192.0.2.3")[number % 3], "ingressInterface": number % 2 + (number % 7 == 0),
               "egressInterface": 1 + number % 4, "octetDeltaCount": 1000 + 40 * number, "packetDeltaCount": 1 + number % 9,
               "flowStartSeconds": HOUR + 17 * number, "flowEndSeconds": HOUR + 17 * number}


def percent(part, whole):
    return "%.1f" % (100 * part / whole)


def test_links_are_as_full_as_their_flows_say(make_site, kind):
    site = make_site(kind, keys=KEYS)
    site.import_all([generator.one(**flow) for flow in link_flows()])
    (site.folder / "names").write_text(LINK_NAMES)
    (site.folder / "learned").write_text(LEARNED)
    server = serving.Server(site, names={"files": str(site.folder / "names")})
    answer = server.json("/api/links?from=%d&to=%d" % (HOUR, HOUR + 3600))
    assert (answer["hour"], answer["from"], answer["to"], answer["more"]) == (HOUR, HOUR, HOUR + 3600, False)
    links = {(link["exporter"], link["index"]): link for link in answer["links"]}
    known = {("192.0.2.1", 1): ("lan", "file", "options", 10 ** 6, "file"), ("192.0.2.2", 1): ("swp1", "sflow", "", 10 ** 5, "sflow"),
             ("192.0.2.2", 8): ("", "", "", 1000, "sflow"), ("192.0.2.2", 9): ("old", "sflow", "", None, ""),
             ("192.0.2.1", 2): ("idle", "file", "", 10 ** 7, "file")}
    counted = {("192.0.2.2", 1): (1000000, 500000), ("192.0.2.2", 8): (7, 0)}
    seen = {}
    for way, (direction, column) in enumerate((("in", "ingressInterface"), ("out", "egressInterface"))):
        rows = site.store.rows("SELECT exporterIPv4Address, %s, SUM(octetDeltaCount), SUM(packetDeltaCount) FROM flows_600 "
                               "WHERE %s <> 0 GROUP BY 1, 2" % (column, column))
        sums = {(str(ipaddress.ip_address(int(exporter))), int(index)): (int(octets), int(packets)) for exporter, index, octets, packets in rows}
        parts = site.store.rows("SELECT exporterIPv4Address, %s, bucket, SUM(octetDeltaCount) FROM flows_600 WHERE %s <> 0 "
                                "GROUP BY 1, 2, 3" % (column, column))
        peaks = {}
        for exporter, index, _, octets in parts:
            place = str(ipaddress.ip_address(int(exporter))), int(index)
            peaks[place] = max(peaks.get(place, 0), int(octets))
        seen[direction] = sums
        for place, link in links.items():
            octets, packets = sums.get(place, (0, 0))
            shown, speed = link[direction], known.get(place, (0, 0, 0, None))[3]
            assert (shown["octets"], shown["packets"]) == (octets, packets), place
            assert shown["bits"] == (octets + 38 * packets) * 8 // 3600
            peak = peaks.get(place, 0) * (octets + 38 * packets) / octets * 8 / 600 if octets else 0
            assert abs(shown["peak_bits"] - peak) <= 1, (place, peak)
            assert shown["use"] == (percent(shown["bits"], speed) if speed else None)
            assert shown["peak_use"] == (percent(shown["peak_bits"], speed) if speed else None)
            own = counted.get(place, (None, None))[way]
            assert shown["counted"] == own
            assert shown["coverage"] == (percent(octets + 18 * packets, own) if own else None)
    assert set(links) == set(seen["in"]) | set(seen["out"]) | {("192.0.2.2", 8), ("192.0.2.2", 9)}
    for place, (name, source, description_source, speed, speed_source) in known.items():
        link = links[place]
        assert (link["name"], link["name_source"], link["description_source"], link["speed"], link["speed_source"]) == (
            name, source, description_source, speed, speed_source), place
    uses = [max(float(link["in"]["peak_use"] or 0), float(link["out"]["peak_use"] or 0)) for link in answer["links"]]
    assert uses == sorted(uses, reverse=True) and uses[0] > 0
    few = server.json("/api/links?from=%d&to=%d&n=2" % (HOUR, HOUR + 3600))
    assert few["links"] == answer["links"][:2] and few["more"]
    status, headers, body = server.ask("/api/links?from=%d&to=%d&format=csv" % (HOUR, HOUR + 3600))
    assert status == 200 and headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    assert [(row["exporter"], int(row["index"]), row["name"], row["in_octets"], row["out_coverage"]) for row in rows] == [
        (link["exporter"], link["index"], link["name"], str(link["in"]["octets"]), link["out"]["coverage"] or "") for link in answer["links"]]
    assert [row["description"] for row in rows if row["name"] == "lan"] == ["<b>Up</b>, link"]
    server.stop()


def test_links_require_exporter_and_interfaces(make_site):
    site = make_site("sqlite")
    site.import_all([generator.one()])
    server = serving.Server(site)
    error = server.json("/api/links", 400)["error"]
    assert error["accepted"] == "exporterIPv4Address, ingressInterface and egressInterface among aggr_values"
    server.stop()


def test_sflow_counters_fill_an_hour(collect):
    """Counters of an agent: what it says of an hour is not known before the hour is over; its speed is, at once."""
    collector = collect("sqlite", KEYS, queue="direct")
    agent = Sflow(AGENT)
    with Sender(collector.port) as sender:
        sender.send(agent.message(agent.counters(3, 10 ** 9, 1000, 2000, b"swp3"), agent.counters(4, 10 ** 8, 0, 0)))
    wait_learned(collector, "interface 192.0.2.250 4 source=sflow speed=100000000")
    assert "counted=" not in learned(collector)
    rig.wait_for(lambda: collector.client.ask("/api/meta")[0] == 200, "the store to be made")
    answer = ask(collector, "/api/links?from=-1h")
    assert answer["links"] == [] and answer["hour"] is None
    collector.stop()
