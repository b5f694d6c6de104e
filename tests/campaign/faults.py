"""The kinds of faults: each begins at an instant, and most end at a later one; several may overlap.

A kind's function begins it and returns (what was done, seconds until it ends, what ends it) or None where it can't be
done at that moment. `draw` is a number of [0, 1) that the seed decides.
"""
import collections
import os
import shutil
import signal
import sqlite3

import redis

import proxy
import rig

TIMEOUT = 2  # consumer_timeout: freezes are longer and shorter than this
UNSHARE = ["unshare", "-p", "-f", "--mount-proc", "--kill-child"]

# begin: the function; store: the one it needs; usual: whether it is done where no kinds are named.
Kind = collections.namedtuple("Kind", "begin store usual", defaults=(None, True))


def kill(campaign, target, draw):
    if not target.running():
        return None
    target.kill()
    # One of ten stays away until the others have adopted its claims.
    return "kill -9", draw * 0.6 if draw < 0.9 else TIMEOUT * 1.5, target.start


def stop(campaign, target, draw):
    if target.stopping or not target.signal(signal.SIGTERM):
        return None
    target.stopping = True  # a second SIGTERM would end it without a flush
    return "SIGTERM", None, None  # its end is seen, and it is started again


def flush(campaign, target, draw):
    return target.signal(signal.SIGUSR1) and ("SIGUSR1", None, None)


def reload(campaign, target, draw):
    return target.signal(signal.SIGHUP) and ("SIGHUP", None, None)


def freeze(campaign, target, draw):
    if not target.signal(signal.SIGSTOP):
        return None
    process = target.daemon
    seconds = draw * 2 if draw < 0.7 else TIMEOUT + draw * 2
    return "SIGSTOP for %.1f s" % seconds, seconds, lambda: process.running() and process.signal(signal.SIGCONT)


def twin(campaign, target, draw):
    """A second importer of the same name, as in a second container: it sees no process of the first."""
    if os.geteuid() != 0 or not shutil.which("unshare") or campaign.twin:
        return None
    campaign.twin = target.twin(UNSHARE)
    return "a twin in a PID namespace of its own", 0.5 + draw * (TIMEOUT + 7), campaign.twin_end


def _cut(which, mode, what):
    def begin(campaign, target, draw):
        wire = target.wires[which]
        if wire.mode != proxy.OPEN:
            return None
        wire.set(mode)
        seconds = draw if mode != proxy.HOLE else draw * TIMEOUT * 1.5
        return "%s: %s for %.1f s" % (which, what, seconds), seconds, lambda: wire.set(proxy.OPEN)
    return begin


def lock_store(campaign, target, draw):
    """Another program holds SQLite's write lock."""
    if campaign.lock:
        return None
    try:
        campaign.lock = sqlite3.connect(str(campaign.site.store.path), isolation_level=None, timeout=0.5,
                                        check_same_thread=False)
        campaign.lock.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        campaign.unlock()
        return None
    return "write lock for %.1f s" % (draw * 3), draw * 3, campaign.unlock


def kill_store(campaign, target, draw):
    server = campaign.maria
    if not server.process.running():
        return None
    server.kill()
    return "kill -9 of MariaDB", draw, server.start


def kill_queue(campaign, target, draw):
    """All that Redis has answered for is in its append-only file."""
    if campaign.rewinds or not campaign.producer.lock.acquire(timeout=0):
        return None
    campaign.redis.kill()

    def again():
        campaign.redis.start()
        campaign.producer.lock.release()
    return "kill -9 of Redis, back with its data", draw, again


def rewind(campaign, target, draw):
    """A snapshot, and later a kill -9: Redis comes back with what it held when the snapshot was taken."""
    if campaign.snapshot is not None:
        return None
    with campaign.producer.lock:
        campaign.redis.client().save()
        campaign.snapshot = campaign.producer.at
    return "snapshot after %d entries" % campaign.snapshot, 0.2 + draw * 4, campaign.restore


def full(campaign, target, draw):
    """No memory left for what is pushed, until more is given."""
    if campaign.full:
        return None
    used = campaign.redis.client().info("memory")["used_memory"]
    campaign.redis.client().config_set("maxmemory", used + int(draw * 500000))
    campaign.full = True
    return "maxmemory at %d bytes" % used, 0.5 + draw * 3, campaign.more_memory


def full_drain(campaign, target, draw):
    """The same, and more is given only after all was drained. Not while Redis is about to go back to a snapshot: that
    waits for the producer, which waits here."""
    if campaign.full or campaign.snapshot is not None:
        return None
    client = campaign.redis.client()
    client.config_set("maxmemory", client.info("memory")["used_memory"] + 100000)
    campaign.full = True
    before = campaign.producer.refused
    campaign.producer.allow(campaign.producer.at + 20000)
    rig.wait_for(lambda: campaign.producer.refused > before or campaign.producer.at == campaign.producer.allowed,
                 "the producer to fill Redis")
    with campaign.producer.lock:
        campaign.wait_drained("the importers to drain a full Redis")
    campaign.more_memory()
    return "full, drained, given more", None, None


def end_word(campaign, target, draw):
    try:
        campaign.redis.client().rpush(rig.QUEUE, "END")
    except redis.exceptions.RedisError:
        return None
    campaign.ends += 1
    return "END", None, None


KINDS = {
    "kill": Kind(kill),
    "stop": Kind(stop),
    "flush": Kind(flush),
    "reload": Kind(reload),
    "freeze": Kind(freeze),
    "twin": Kind(twin),
    "cut-queue": Kind(_cut("queue", proxy.SHUT, "connections closed, new ones refused")),
    "hole-queue": Kind(_cut("queue", proxy.HOLE, "nothing passes")),
    "deaf-queue": Kind(_cut("queue", proxy.DEAF, "commands arrive, answers are lost")),
    "cut-store": Kind(_cut("store", proxy.SHUT, "connections closed, new ones refused"), "mysql"),
    "hole-store": Kind(_cut("store", proxy.HOLE, "nothing passes"), "mysql"),
    "deaf-store": Kind(_cut("store", proxy.DEAF, "statements arrive, answers are lost"), "mysql"),
    "kill-store": Kind(kill_store, "mysql"),
    "lock-store": Kind(lock_store, "sqlite"),
    "kill-queue": Kind(kill_queue),
    "full": Kind(full),
    "end": Kind(end_word),
    "poison": Kind(None),  # of the stream, all the time
    "rewind": Kind(rewind, usual=False),
    "full-drain": Kind(full_drain, usual=False),
}
