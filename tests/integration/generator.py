"""Flows as a probe would push them: few hosts talk much, service ports on one side, short flows and some long ones.

The same arguments give the same bytes. Not the traffic of any real network: addresses are private or for documentation.
"""
import itertools
import json
import random

START = 1700002200  # 600 s before a full hour: buckets of every size start inside the span
SERVICES = ((443, 6, 40), (80, 6, 14), (53, 17, 18), (443, 17, 8), (22, 6, 4), (123, 17, 4), (25, 6, 2), (993, 6, 2),
            (0, 1, 4), (0, 58, 1), (0, 47, 1), (51413, 17, 2))
PLAIN = ('{ "sourceIPv%sAddress" : %s,"destinationIPv%sAddress" : %s,"protocolIdentifier" : %d,'
         '"sourceTransportPort" : %d,"destinationTransportPort" : %d,"flowStartSeconds" : %d,"flowEndSeconds" : %d,'
         '"octetDeltaCount" : %d,"packetDeltaCount" : %d }')


def _zipf(count, exponent=0.9):
    return list(itertools.accumulate(1.0 / (i + 1) ** exponent for i in range(count)))


def _hosts(rng, count, family):
    if family == 4:
        return [str(address) for address in rng.sample(range(0x0a000000, 0x0a100000), count)]
    return ['"2001:db8:%x:%x::%x"' % (rng.randrange(16), rng.randrange(65536), i + 1) for i in range(count)]


def flows(count, seed=1, hosts=2000, span=3600, six=0.1, long_share=0.05, start=START, ports=20000):
    """`count` entries as bytes, in no order of time. `six`: the share that is IPv6. `long_share`: of up to an hour."""
    rng = random.Random(seed)
    pools = {4: (_hosts(rng, hosts, 4), _zipf(hosts)),
             6: (_hosts(rng, max(hosts // 10, 2), 6), _zipf(max(hosts // 10, 2)))}
    weights = list(itertools.accumulate(weight for _, _, weight in SERVICES))
    draw = rng.random
    made = 0
    while made < count:
        block = min(10000, count - made)
        ends = {family: (rng.choices(pool, cum_weights=cumulated, k=block),
                         rng.choices(pool, cum_weights=cumulated, k=block))
                for family, (pool, cumulated) in pools.items()}
        services = rng.choices(SERVICES, cum_weights=weights, k=block)
        for i in range(block):
            family = 6 if draw() < six else 4
            source, destination = ends[family][0][i], ends[family][1][i]
            port, protocol, _ = services[i]
            client = 65535 - int(draw() * ports) if port else 0
            first = start + int(draw() * span)
            length = draw()
            if length < long_share:
                duration = int(draw() * 3600)
            else:
                duration = int(length * 6) if length < 0.8 else 0
            packets = 1 + int(1 / (draw() + 0.0005))
            octets = packets * (40 + int(draw() * 1400))
            if i % 2:
                source, destination, client, port = destination, source, port, client
            yield (PLAIN % (family, source, family, destination, protocol, client, port, first, first + duration,
                            octets,
                            packets)).encode()
        made += block


def unique(count, start=START):
    """Flows of which no two share an address, a port pair or a row: the worst there is for a cache."""
    for i in range(count):
        yield (PLAIN % (4, 0x0b000000 + i, 4, 0x20000000 + i, 17, 1024 + i % 60000, 1024 + i * 7 % 60000,
                        start + i % 600,
                        start + i % 600, 100 + i % 1400, 1)).encode()


def one(**changes):
    """A good entry, with fields replaced; None takes a field away, a name with a leading '_' is written as null."""
    entry = {"sourceIPv4Address": 167772161, "destinationIPv4Address": 167772162, "protocolIdentifier": 6,
             "sourceTransportPort": 50001, "destinationTransportPort": 443, "flowStartSeconds": 1700002810,
             "flowEndSeconds": 1700002820, "octetDeltaCount": 1000, "packetDeltaCount": 10}
    for name, value in changes.items():
        if value is None:
            entry.pop(name, None)
        elif name.startswith("_"):
            entry[name[1:]] = None
        else:
            entry[name] = value
    return json.dumps(entry).encode()


# One way into each reason; %d keeps the entries apart.
_START = b'{"flowStartSeconds":1700002810,'
_TIMES = _START + b'"flowEndSeconds":1700002820,"packetDeltaCount":%d,'
BAD = {
    "not-json": b'{ "sourceIPv4Address" : %d,1231 }',
    "not-an-object": b"[%d]",
    "missing-field": b'{"flowEndSeconds":1700002820,"packetDeltaCount":%d,"octetDeltaCount":1}',
    "wrong-type": _TIMES + b'"octetDeltaCount":"abc"}',
    "out-of-range": _TIMES + b'"octetDeltaCount":1,"sourceTransportPort":65536}',
    "mixed-families": _TIMES + b'"octetDeltaCount":1,"sourceIPv4Address":1,"destinationIPv6Address":"2001:db8::1"}',
    "ends-before-start": _START + b'"flowEndSeconds":1700002809,"packetDeltaCount":%d,"octetDeltaCount":1}',
    "too-long": _START + b'"flowEndSeconds":1700089211,"packetDeltaCount":%d,"octetDeltaCount":1}',
    "in-future": b'{"flowStartSeconds":4102444800,"flowEndSeconds":4102444800,"packetDeltaCount":%d,'
                 b'"octetDeltaCount":1}',
    "too-large": _TIMES + b'"octetDeltaCount":"9223372036854775808"}',
}


def bad(count):
    """(reason, entry), every reason in turn."""
    kinds = list(BAD.items())
    for i in range(count):
        reason, form = kinds[i % len(kinds)]
        yield reason, form % i
