"""What is pushed: entries that the seed decides, and the thread that pushes them bit by bit."""
import random
import threading
import time

import redis

import generator
import rig

POISON = 0.03  # the share of entries that are poison, where it is asked for
HUGE = 2 << 20
DAY = 86400


def _unique(count, seed):
    """Flows of which each has an address of its own, so that the tables tell which of them were counted."""
    rng = random.Random(seed)
    for i in range(count):
        start = generator.START + rng.randrange(7200)
        yield generator.one(sourceIPv4Address=0x0a000000 + i, destinationIPv4Address=rng.choice((1, 2, 3)) << 24,
                            destinationTransportPort=rng.choice((53, 80, 443)), flowStartSeconds=start,
                            flowEndSeconds=start + rng.choice((0, 0, 5, 900)), octetDeltaCount=rng.randrange(10**6),
                            packetDeltaCount=rng.randrange(1, 1000))


def _poison(rng, i):
    draw = rng.random()
    if draw < 0.3:
        return list(generator.BAD.values())[i % len(generator.BAD)] % i
    if draw < 0.5:
        return generator.one(octetDeltaCount=2**63 - 1, sourceIPv4Address=i)
    if draw < 0.51:
        return generator.one(tag="x" * HUGE, sourceIPv4Address=i)
    start = rng.randrange(1, generator.START)  # any day since 1970
    return generator.one(flowStartSeconds=start, flowEndSeconds=start + rng.choice((0, 900, 2 * DAY)), sourceIPv4Address=i)


def entries(seed, count, poison, unique):
    rng = random.Random(seed)
    good = _unique(count, seed) if unique else generator.flows(count, seed=seed, hosts=300)
    return [_poison(rng, i) if poison and rng.random() < POISON else raw for i, raw in enumerate(good)]


class Producer(threading.Thread):
    """Pushes the entries in order, as far as it is allowed to; a push that Redis refuses is tried again. Who holds
    `lock` knows that `at` entries have arrived and no push is on its way."""

    def __init__(self, server, what, seed):
        super().__init__(daemon=True)
        self.server, self.entries, self.rng = server, what, random.Random(seed)
        self.lock = threading.Lock()
        self.at = self.allowed = 0
        self.refused = 0  # for lack of memory
        self.error, self.over = None, False
        self.start()

    def allow(self, upto):
        self.allowed = min(upto, len(self.entries))

    def is_done(self):
        if self.error:
            raise self.error
        return self.at == len(self.entries)

    def run(self):
        try:
            while not self.over and self.at < len(self.entries):
                draw = self.rng.random()
                n = 1 + int(draw * 25) if draw < 0.7 else 100 + int(draw * 900) if draw < 0.95 else 4500
                n = min(n, self.allowed - self.at)
                if n > 0:
                    self._push(n)
                time.sleep(self.rng.random() * 0.02)
        except Exception as error:  # pylint: disable=broad-except
            self.error = error

    def _push(self, n):
        with self.lock:
            client = self.server.client()
            try:
                client.rpush(rig.QUEUE, *self.entries[self.at:self.at + n])
                self.at += n
            except redis.exceptions.ResponseError as error:
                if "maxmemory" not in str(error):
                    raise
                self.refused += 1
            finally:
                client.close()
