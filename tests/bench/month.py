"""A month of flows as JSON lines, for web.py: month.py ROWS, of which 30 of the 31 days have ROWS; every line is a row of
its own of flows_600.

Half of a bucket's rows are of the 3,000 conversations that never rest, the others of 60,000 that come and go. The same
number gives the same lines.
"""
import random
import sys

START, DAYS, SIZE = 1699920000, 31, 600  # a full day begins
PER_DAY = 86400 // SIZE
LASTING, PASSING = 3000, 60000
HOSTS, SERVERS = 4000, 1000
SERVICES = ((443, 6), (443, 6), (443, 6), (53, 17), (80, 6), (443, 17), (22, 6), (123, 17), (25, 6), (993, 6))


def conversations(rng):
    """The keys, as JSON that lacks times and sums."""
    for _ in range(LASTING + PASSING):
        client, server = 0x0a000000 + int(HOSTS * rng.random() ** 2), 0xc6336400 + int(SERVERS * rng.random() ** 3)
        port, protocol = rng.choice(SERVICES)
        ends = [(client, rng.randrange(32768, 61000)), (server, port)]
        if rng.random() < 0.5:
            ends.reverse()
        yield '{"sourceIPv4Address":%d,"destinationIPv4Address":%d,"protocolIdentifier":%d,"sourceTransportPort":%d,' \
            '"destinationTransportPort":%d,' % (ends[0][0], ends[1][0], protocol, ends[0][1], ends[1][1])


def lines(rows, first=0, count=DAYS * PER_DAY):
    """The lines of each of `count` buckets from the `first` on, `rows` in 30 days."""
    rng = random.Random(1)
    keys = list(dict.fromkeys(conversations(rng)))
    lasting, passing = keys[:LASTING], keys[LASTING:]
    sums = ['"octetDeltaCount":%d,"packetDeltaCount":%d}' % (60 * 2 ** (rng.random() * 14), 1 + rng.random() * 50) for _ in range(4096)]
    for bucket in range(first, first + count):
        rng.seed(bucket)
        here = rows * (bucket + 1) // (30 * PER_DAY) - rows * bucket // (30 * PER_DAY)
        often = min(here // 2, LASTING)
        start = START + bucket * SIZE
        times = ['"flowStartSeconds":%d,"flowEndSeconds":%d,' % (start + i * 7, start + i * 7 + i % 60) for i in range(64)]
        chosen = rng.sample(lasting, often) + rng.sample(passing, here - often)
        yield [key + times[i & 63] + sums[i * 31 + bucket & 4095] for i, key in enumerate(chosen)]


if __name__ == "__main__":
    for bucket_lines in lines(int(sys.argv[1])):
        sys.stdout.write("\n".join(bucket_lines) + "\n")
