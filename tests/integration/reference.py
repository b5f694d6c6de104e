"""The import once more, slow and obvious: what the programs are held against, sharing no line with them.

Written from the documented behaviour alone: Python integers and dictionaries, one flow at a time. Tables come out in
the canonical form that rig.py also reads from the stores: {table: sorted list of tuples}, key columns first, then
values; flow counts in millionths, addresses as text, the total row of index_nodes under the name "total", that
without an address under "no address".
"""
import collections
import datetime
import functools
import json
import pathlib
import re
import socket
import time

FLOW_UNIT = 1000000
MOST_SUM = 2**53  # of one flow
MOST_TOTAL = 2**63 - 1  # what a sum of a bucket's flows stays at
MOST_REAL = 1.7976931348623157e308
MOST_TIME = 2**32 - 1
CLASSES = ("tcp", "udp", "icmp", "other")
TUPLE_KEYS = ("sourceIPv4Address", "destinationIPv4Address", "sourceTransportPort", "destinationTransportPort",
              "protocolIdentifier")
TUPLE_SUMS = ("packetDeltaCount", "octetDeltaCount")
REASONS = ("not-json", "not-an-object", "missing-field", "wrong-type", "out-of-range", "mixed-families",
           "ends-before-start", "too-long", "in-future", "too-large", "too-big")
# What a time may be given in, in the order in which they are looked for, and how many of it make a second.
TIME_UNITS = (("Seconds", 1), ("Milliseconds", 1000), ("MilliSeconds", 1000), ("Microseconds", 10**6),
              ("Nanoseconds", 10**9))
# Bits of the elements that tests use as further keys.
KEY_BITS = {"ipClassOfService": 8, "tcpControlBits": 16, "ingressInterface": 32, "egressInterface": 32, "vlanId": 16,
            "exporterIPv4Address": 32, "ipNextHopIPv4Address": 32, "observationDomainId": 32,
            "bgpSourceAsNumber": 32, "ipVersion": 8}
DECIMAL = re.compile(r"[0-9]{1,20}")
QUAD = re.compile(r"(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})")


class Rejected(Exception):
    def __init__(self, reason, field=None):
        super().__init__(reason, field)
        self.reason, self.field = reason, field


@functools.cache
def registered_ports():
    """The facts alone: the numbers that the program's source lists."""
    text = (pathlib.Path(__file__).resolve().parents[2] / "src/flow/service.c").read_text(encoding="utf-8")
    listed = re.search(r"service_registered\[\] = \{([^}]*)\}", text).group(1)
    return frozenset(range(1, 1024)) | frozenset(map(int, re.findall(r"\d+", listed)))


def service(source, destination, protocol):
    """The port that is the server's, by the rule in flowimport-tables(7)."""
    if protocol not in (6, 17, 33, 132, 136):
        return 0
    registered = registered_ports().intersection((source, destination))
    known = [port for port in (source, destination) if port and port < 32768]
    return min(registered or known or [0])


def proto_class(protocol):
    return {6: 0, 17: 1, 1: 2, 58: 2}.get(protocol, 3)


def _words(path):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            words = line.split("#", 1)[0].split()
            if len(words) >= 2:
                yield words


@functools.cache
def read_protocols(path="/etc/protocols"):
    """Names and aliases, in lower case, to numbers. The first line that has a name counts."""
    numbers = {}
    for words in _words(path):
        for name in [words[0]] + words[2:]:
            numbers.setdefault(name.lower(), int(words[1]))
    return numbers


@functools.cache
def read_services(path="/etc/services"):
    """{"tcp": {ports}, "udp": {ports}, None: {ports of any protocol}}."""
    ports = collections.defaultdict(set)
    for words in _words(path):
        port, protocol = words[1].split("/")
        ports[protocol].add(int(port))
        ports[None].add(int(port))
    return ports


@functools.cache
def read_service_ports(path="/etc/services"):
    """Names and aliases to ports: tcp's before udp's, the first line of a name before the later ones."""
    ports = {}
    for transport in ("tcp", "udp"):
        for words in _words(path):
            port, protocol = words[1].split("/")
            for name in ([words[0]] + words[2:]) if protocol == transport else []:
                ports.setdefault(name, int(port))
    return ports


def _refuse(_):
    raise ValueError("not JSON")


def _finite(text):
    value = float(text)
    return max(min(value, MOST_REAL), -MOST_REAL)


def read_objects(raw):
    """An entry's objects: one, or those of a list."""
    try:
        value = json.loads(raw.decode("utf-8-sig"), parse_constant=_refuse, parse_float=_finite)
    except ValueError:
        raise Rejected("not-json") from None
    objects = value if isinstance(value, list) else [value]
    if not objects or not all(isinstance(each, dict) for each in objects):
        raise Rejected("not-an-object")
    return objects


def read_time(value, field, scale):
    if isinstance(value, str) and value[4:5] == "-":
        try:
            date = datetime.datetime.fromisoformat(re.sub(r"\.[0-9]+", "", value).replace("Z", "+00:00"))
        except ValueError:
            raise Rejected("wrong-type", field) from None
        return int((date if date.tzinfo else date.replace(tzinfo=datetime.timezone.utc)).timestamp())
    return read_integer(value, field, MOST_TIME * scale + scale - 1, cut=True) // scale


def read_integer(value, field, most, above="out-of-range", cut=False):
    """`cut`: a real loses its fraction (times); else a fraction is an error."""
    if isinstance(value, str):
        if not DECIMAL.fullmatch(value):
            raise Rejected("wrong-type", field)
        value = int(value)
    elif isinstance(value, float):
        if not cut and value != int(value):
            raise Rejected("wrong-type", field)
        value = int(value)
    elif isinstance(value, bool) or not isinstance(value, int):
        raise Rejected("wrong-type", field)
    if value < 0:
        raise Rejected("out-of-range", field)
    if value > most:
        raise Rejected(above, field)
    return value


def read_port(value, field, services):
    if isinstance(value, str) and value in services:
        return services[value]
    return read_integer(value, field, 65535)


def read_ipv4(value, field):
    if isinstance(value, str) and ":" in value:
        mapped = read_ipv6(value, field)
        if mapped >> 32 != 0xffff:
            raise Rejected("wrong-type", field)
        return mapped & 0xffffffff
    if isinstance(value, str) and "." in value:
        match = QUAD.fullmatch(value)
        if not match or max(int(part) for part in match.groups()) > 255:
            raise Rejected("wrong-type", field)
        a, b, c, d = (int(part) for part in match.groups())
        return a << 24 | b << 16 | c << 8 | d
    return read_integer(value, field, 2**32 - 1)


def read_ipv6(value, field):
    if not isinstance(value, str):
        raise Rejected("wrong-type", field)
    try:
        return int.from_bytes(socket.inet_pton(socket.AF_INET6, value.split("%")[0]), "big")
    except (OSError, ValueError):
        raise Rejected("wrong-type", field) from None


def read_protocol(value, field, protocols):
    if isinstance(value, str) and value.lower() in protocols:
        return protocols[value.lower()]
    return read_integer(value, field, 255)


def read_key(value, name):
    number = read_integer(value, name, 2**KEY_BITS[name] - 1)
    return number & 0x0fff if name == "tcpControlBits" else number


def address_text(family, number):
    if family == 6:
        return socket.inet_ntop(socket.AF_INET6, number.to_bytes(16, "big"))
    return socket.inet_ntoa(number.to_bytes(4, "big"))


def slices(total, start, end, size):
    """[(bucket, part)] of `total` over the inclusive seconds start to end."""
    seconds = end - start + 1
    parts, before = [], 0
    for bucket in range(start // size * size, end + 1, size):
        upto = min(bucket + size, end + 1) - start
        parts.append((bucket, total * upto // seconds - total * before // seconds))
        before = upto
    return parts


Flow = collections.namedtuple("Flow", "start end family key sums")  # key: five numbers, then the further keys


# Types of ICMP that answer each other, by protocol.
ANSWERS = {1: ((8, 0), (13, 14), (15, 16), (10, 9), (17, 18)),
           58: ((128, 129), (133, 134), (135, 136), (130, 131), (139, 140), (144, 145))}


def turned(ports, protocol, family):
    """Those of the other direction: exchanged, but of ICMP the type that answers this one."""
    for pair in ANSWERS[protocol] if protocol == (1 if family == 4 else 58) and ports[0] == 0 and ports[1] > 255 else ():
        for this, other in (pair, pair[::-1]):
            if ports[1] == this * 256:
                return [0, other * 256]
    return ports[::-1]


class Import:
    """What one import makes of entries: `tables()` and the counts beside them."""

    def __init__(self, keys=TUPLE_KEYS, sums=TUPLE_SUMS, sizes=(600,), max_flow_duration=86400, max_future=3600,
                 max_flow_age=0, filter_unknown_ports=False, most=MOST_SUM):
        """`most`: what one flow can claim of each sum."""
        self.keys, self.sums, self.sizes = tuple(keys), tuple(sums), tuple(sizes)
        self.extra = [key for key in self.keys if key not in TUPLE_KEYS]
        self.max_flow_duration, self.max_future, self.max_flow_age = max_flow_duration, max_future, max_flow_age
        self.most = most
        self.protocols = read_protocols()
        self.services = read_services() if filter_unknown_ports else None
        self.service_ports = read_service_ports()
        self.entries = self.imported = self.too_old = self.flows = 0
        self.rejected = collections.Counter()
        self.total = [0] * len(self.sums)
        # size -> (bucket, family, full key) -> [sums, flows]; size 0 is all time, its bucket 0
        self.folded = {size: {} for size in (0,) + self.sizes}

    # one entry ---------------------------------------------------------------------------------------------------

    def _time(self, entry, end, prefix=""):
        """Seconds, or None where the entry has none of the names."""
        for unit, scale in TIME_UNITS:
            name = _prefixed(prefix, "flow" + end + unit)
            if entry.get(name) is not None:
                return read_time(entry[name], name, scale)
        return None

    def _addresses(self, entry):
        ends = [None] * 4
        for i, name in enumerate(("sourceIPv4Address", "destinationIPv4Address")):
            if entry.get(name) is not None:
                ends[i] = read_ipv4(entry[name], name)
        for i, name in enumerate(("sourceIPv6Address", "destinationIPv6Address")):
            if entry.get(name) is not None:
                ends[2 + i] = read_ipv6(entry[name], name)
        return ends

    @staticmethod
    def _family(ends):
        four, six = ends[:2], ends[2:]
        if any(four) and any(six):
            raise Rejected("mixed-families")
        if any(six) and all(not end or end >> 32 == 0xffff for end in six):
            return 4, (six[0] or 0) & 0xffffffff, (six[1] or 0) & 0xffffffff
        if any(end is not None for end in six) and not any(four):
            return 6, six[0] or 0, six[1] or 0
        return 4, four[0] or 0, four[1] or 0

    def _reverse(self, entry, start, end):
        """(start, end, sums) of the second flow, or None."""
        for prefix in ("rev", "reverse"):
            sums = []
            for name in self.sums:
                name = _prefixed(prefix, name)
                value = entry.get(name)
                sums.append(0 if value is None else read_integer(value, name, self.most, "too-large"))
            rev_start, rev_end = (self._time(entry, which, prefix) for which in ("Start", "End"))
            if rev_start == 0:
                continue
            if rev_start is not None:
                if rev_end is None:
                    raise Rejected("missing-field", _prefixed(prefix, "flowEndSeconds"))
                return rev_start, rev_end, sums
            if any(sums):
                return start, end, sums
        return None

    def _flows(self, entry, now):
        times = []
        for end in ("Start", "End"):
            seconds = self._time(entry, end)
            if seconds is None:
                raise Rejected("missing-field", "flow%sSeconds" % end)
            times.append(seconds)
        sums = []
        for name in self.sums:
            if entry.get(name) is None:
                raise Rejected("missing-field", name)
            sums.append(read_integer(entry[name], name, self.most, "too-large"))
        ends = self._addresses(entry)
        ports = [0 if entry.get(name) is None else read_port(entry[name], name, self.service_ports)
                 for name in ("sourceTransportPort", "destinationTransportPort")]
        protocol = 0
        if entry.get("protocolIdentifier") is not None:
            protocol = read_protocol(entry["protocolIdentifier"], "protocolIdentifier", self.protocols)
        extra = tuple(0 if entry.get(name) is None else read_key(entry[name], name) for name in self.extra)
        reverse = self._reverse(entry, *times)
        family, source, destination = self._family(ends)
        back = [self._port(port, protocol) for port in turned(ports, protocol, family)]
        ports = [self._port(port, protocol) for port in ports]
        flows = [Flow(times[0], times[1], family, (source, destination, ports[0], ports[1], protocol) + extra, sums)]
        if reverse:
            key = (destination, source, back[0], back[1], protocol) + extra
            flows.append(Flow(reverse[0], reverse[1], family, key, reverse[2]))
        for flow in flows:
            if flow.end < flow.start:
                raise Rejected("ends-before-start")
            if flow.end - flow.start > self.max_flow_duration:
                raise Rejected("too-long")
            if flow.end > now + self.max_future:
                raise Rejected("in-future")
        return flows

    def _port(self, port, protocol):
        if self.services is None or port in self.services[{6: "tcp", 17: "udp"}.get(protocol)]:
            return port
        return 0

    def _objects(self, raw, now):
        """The flows of each object of an entry; of a list, the reason names the object by its index."""
        objects = read_objects(raw)
        flows = []
        for i, each in enumerate(objects):
            try:
                flows.append(self._flows(each, now))
            except Rejected as rejected:
                place = "[%d]." % i if raw.decode("utf-8-sig").lstrip().startswith("[") else ""
                raise Rejected(rejected.reason, rejected.field and place + rejected.field) from None
        return flows

    def add(self, raw, now):
        """Takes one entry as it stood in the queue; returns why it was rejected, or None."""
        assert raw != b"END", "END is no entry"
        self.entries += 1
        try:
            objects = self._objects(raw, now)
        except Rejected as rejected:
            self.rejected[rejected.reason] += 1
            return rejected
        young = [flows for flows in objects if not self.max_flow_age or flows[0].start >= now - self.max_flow_age]
        if not young:
            self.too_old += 1
            return None
        self.imported += 1
        for flows in young:
            for flow in flows:
                self._fold(flow)
        return None

    def add_all(self, entries, now=None):
        now = int(time.time()) if now is None else now
        for raw in entries:
            self.add(raw, now)
        return self

    def _fold(self, flow):
        self.flows += 1
        whole = list(flow.sums) + [FLOW_UNIT]
        for i, value in enumerate(flow.sums):
            self.total[i] += value
        for size, rows in self.folded.items():
            if size == 0:
                parts = [(0, whole)]
            elif flow.start // size == flow.end // size:
                parts = [(flow.start // size * size, whole)]
            else:
                columns = [slices(value, flow.start, flow.end, size) for value in whole]
                parts = [(column[0][0], [part for _, part in column]) for column in zip(*columns)]
            for bucket, values in parts:
                key = (bucket, flow.family, flow.key)
                row = rows.get(key)
                if row is None:
                    rows[key] = list(values)
                else:
                    for i, value in enumerate(values):
                        row[i] += value

    # all entries -------------------------------------------------------------------------------------------------

    def tables(self):
        """Each value is the sum of all; of a bucket's, at most MOST_TOTAL."""
        out = {}
        for size, rows in self.folded.items():
            suffix = "_%d" % size if size else ""
            if size:
                self._flow_tables(out, suffix, rows)
                self._aggr_table(out, suffix, rows)
            self._index_tables(out, suffix, rows)
        for_all_time = ("index_nodes", "index_nodes6", "index_ports")
        return {name: sorted(row if name in for_all_time else tuple(_cut(value) for value in row) for row in tuples)
                for name, tuples in out.items()}

    def rollup(self, size, keys):
        """Rows of a roll-up of the five-tuple's short words: (IPv4's or both families', IPv6's)."""
        places = {"src": 0, "dst": 1, "sport": 2, "dport": 3, "proto": 4}
        grouped = {4: {}, 6: {}}
        for (bucket, family, full), values in self.folded[min(filter(None, self.folded))].items():
            key = tuple(service(*full[2:5]) if key == "service" else
                        address_text(family, full[places[key]]) if places[key] < 2 else full[places[key]] for key in keys)
            _add(grouped[family if {"src", "dst"}.intersection(keys) else 4], (bucket // size * size, *key), values)
        return tuple(sorted(key + tuple(map(_cut, values)) for key, values in rows.items()) for rows in grouped.values())

    def _flow_tables(self, out, suffix, rows):
        has_addresses = any(key in TUPLE_KEYS[:2] for key in self.keys)
        places = [TUPLE_KEYS.index(key) if key in TUPLE_KEYS else 5 + self.extra.index(key) for key in self.keys]
        grouped = {4: {}, 6: {}}
        for (bucket, family, full), values in rows.items():
            key = (bucket,) + tuple(address_text(family, full[place]) if place < 2 else full[place] for place in places)
            _add(grouped[family if has_addresses else 4], key, values)
        classes = "protocolIdentifier" in self.keys
        for family, name in ((4, "flows"), (6, "flows6")):
            if family == 6 and not has_addresses:
                continue
            protocol = 1 + self.keys.index("protocolIdentifier") if classes else None
            out[name + suffix] = [
                key + tuple(values) + (_by_class(values, proto_class(key[protocol])) if classes else ())
                for key, values in grouped[family].items()]

    @staticmethod
    def _aggr_table(out, suffix, rows):
        table = {}
        for (bucket, _, full), values in rows.items():
            _add(table, bucket, tuple(values) + _by_class(values, proto_class(full[4])))
        out["flows_aggr" + suffix] = [(bucket,) + tuple(values) for bucket, values in table.items()]

    def _index_tables(self, out, suffix, rows):
        width = len(self.sums) + 1
        # Per row src_tcp ... src_other, dst_tcp ... dst_other; the total row's counts stand in the src_ half.
        tables = {"index_nodes": {}, "index_nodes6": {}, "index_ports": {}}
        nodes, nodes6, ports = tables.values()
        for (bucket, family, full), values in rows.items():
            which = proto_class(full[4])
            hosts = nodes6 if family == 6 else nodes
            ends = [(family, address) if _is_address(family, side, full) else "no address"
                    for side, address in enumerate(full[:2])]
            for table, row, group in ((hosts, ends[0], which), (hosts, ends[1], 4 + which),
                                      (ports, full[2], which), (ports, full[3], 4 + which),
                                      (nodes, "total", which), (ports, -1, which)):
                sums = table.get((row, bucket))
                if sums is None:
                    sums = table[row, bucket] = [0] * (8 * width)
                for i, value in enumerate(values, group * width):
                    sums[i] += value
        for name, table in tables.items():
            out[name + suffix] = [(_row_name(row),) + ((bucket,) if suffix else ()) + _index_values(row, sums, width)
                                  for (row, bucket), sums in table.items()]


def _cut(value):
    return min(value, MOST_TOTAL) if isinstance(value, int) else value


def _is_address(family, side, full):
    """0 is one of IPv4 only as the source of what goes to a group or to all."""
    return family == 6 or full[side] != 0 or (side == 0 and full[1] >= 224 << 24)


def _row_name(row):
    return address_text(*row) if isinstance(row, tuple) else row


def _index_values(row, sums, width):
    """total, tcp_ ... other_, src_, src_tcp_ ... src_other_, dst_, dst_tcp_ ... dst_other_."""
    def add_up(classes):
        return tuple(sum(classes[i::width]) for i in range(width))
    src, dst = tuple(sums[:4 * width]), tuple(sums[4 * width:])
    both = tuple(a + b for a, b in zip(src, dst))
    if row in ("total", -1):
        src = dst = (0,) * (4 * width)
    return add_up(both) + both + add_up(src) + src + add_up(dst) + dst


def _prefixed(prefix, name):
    return prefix + name[0].upper() + name[1:] if prefix else name


def _by_class(values, which):
    nothing = (0,) * len(values)
    return sum((tuple(values) if i == which else nothing for i in range(len(CLASSES))), ())


def _add(table, key, values):
    row = table.get(key)
    if row is None:
        table[key] = list(values)
    else:
        for i, value in enumerate(values):
            if value:
                row[i] += value
