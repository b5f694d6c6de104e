"""Entries that Redis has lost after they were taken: found by a running importer, told once, and nothing else is."""
import contextlib
import json
import signal

import pytest

import generator
import rig
from test_http import LISTEN, Client

TAKEN = "{%s}:taken" % rig.QUEUE


def losses(site):
    with contextlib.suppress(Exception), site.store.cursor() as cursor:
        cursor.execute("SELECT source, what, SUM(lost) FROM loss GROUP BY source, what")
        return [tuple(x.decode() if isinstance(x, bytes) else x for x in row) for row in cursor.fetchall()]
    return None


def looked(site):
    """Up to which place the importers have looked."""
    return int(site.redis.client().hget(TAKEN, "looked") or -1)


def claimed_and_killed(site, count, seed, **sections):
    """Entries in a claim of a daemon that is no more."""
    daemon = site.daemon(name="killed", **sections)
    site.redis.push(list(generator.flows(count, seed=seed)))
    site.wait_claimed()
    daemon.kill()
    return site.claims()


@pytest.mark.parametrize("kind", ["sqlite", "mysql"])
def test_claims_that_redis_evicts_are_a_loss(make_site, kind):
    site = make_site(kind, queue={"consumer_timeout": "1s"})
    first = list(generator.flows(700, seed=1))
    site.redis.push(first)
    daemon = site.daemon()
    site.settle(700, daemon)
    rig.wait_for(lambda: looked(site) == 700, lambda: "a look: %d" % looked(site))
    daemon.stop()
    keys = claimed_and_killed(site, 5000, seed=2)
    lengths = [site.redis.client().llen(key) for key in keys]
    assert sum(lengths) == 5000 and len(keys) > 1
    site.redis.client().delete(keys[0])
    daemon = site.daemon(http=LISTEN)
    client = Client(daemon)
    rig.wait_for(lambda: losses(site) == [("redis:entry:queue", "entries", lengths[0])] or daemon.flush(),
                 lambda: "a loss: %r %r\n%s" % (losses(site), site.redis.client().hgetall(TAKEN), daemon.output()))
    said = "queue entry:queue: Redis has lost %d entries: of those taken as number " % lengths[0]
    rig.wait_for(lambda: said in daemon.output(), daemon.output)
    status, body = client.health()
    assert status == 503 and "queue: Redis has lost %d entries; the table loss has them\n" % lengths[0] in body
    assert client.metrics()["flowimport_queue_lost_total"] == lengths[0]
    assert site.ledger()["entries"] == 700 + 5000 - lengths[0] + 1  # the entry that reports it
    # Once, though another looks again; and what is counted later is not missed.
    daemon.stop()
    daemon = site.daemon()
    site.redis.push(list(generator.flows(300, seed=3)))
    site.settle(700 + 5000 - lengths[0] + 1 + 300, daemon)
    rig.wait_for(lambda: looked(site) == 700 + 5000 + 1 + 300, lambda: "a look: %d" % looked(site))
    daemon.stop()
    assert losses(site) == [("redis:entry:queue", "entries", lengths[0])]
    assert "Redis has lost" not in daemon.output()
    out, _ = site.run("verify", "--json", code=1)
    assert json.loads(out)["queue"]["missing"] == lengths[0]


def test_what_is_given_back_behind_end_is_no_loss(make_site):
    site = make_site("sqlite", queue={"consumer_timeout": "1s"})
    flows = list(generator.flows(9000, seed=4))
    site.redis.push(flows[:4000] + [b"END"] + flows[4000:])
    assert site.daemon().wait() == 0
    daemon = site.daemon()
    site.settle(9000, daemon)
    taken = int(site.redis.client().hget(TAKEN, "n"))
    rig.wait_for(lambda: looked(site) == taken, lambda: "a look: %d of %d" % (looked(site), taken))
    daemon.stop()
    assert losses(site) == [] and "Redis has lost" not in daemon.output()
    site.verify()


def test_claims_of_others_wait_for_the_look(make_site):
    """What one has claimed and not committed is nobody's loss, however long that lasts."""
    site = make_site("sqlite", queue={"consumer_timeout": "1s"})
    keys = claimed_and_killed(site, 300, seed=5, queue={"consumer": "two", "consumer_timeout": "3600s"})
    daemon = site.daemon()
    site.redis.push(list(generator.flows(200, seed=6)))
    rig.wait_for(lambda: looked(site) == 0, lambda: "a look: %d" % looked(site))
    site.redis.push(list(generator.flows(200, seed=7)))
    rig.wait_for(lambda: site.ledger()["entries"] == 400 or daemon.flush(), daemon.output)
    assert looked(site) == 0 and set(keys) <= set(site.claims())
    daemon.signal(signal.SIGTERM)
    assert daemon.wait() == 0
    assert losses(site) == []


def test_another_store_misses_nothing(make_site, make_store):
    """What was counted in the store before it was changed is nobody's loss."""
    site = make_site("sqlite", queue={"consumer_timeout": "1s"})
    daemon = site.daemon()
    rig.wait_for(lambda: looked(site) == 0, "the first look")
    daemon.stop()
    daemon = site.daemon(queue={"consumer_timeout": "3600s"})  # looks at its connect alone
    site.redis.push(list(generator.flows(700, seed=8)))
    site.settle(700, daemon)
    daemon.stop()
    assert looked(site) == 0
    site.store = make_store("mysql")
    daemon = site.daemon(store={"url": site.store.url})
    site.redis.push(list(generator.flows(500, seed=9)))
    site.settle(500, daemon)
    rig.wait_for(lambda: looked(site) == 1200, lambda: "a look: %d" % looked(site))
    daemon.stop()
    assert losses(site) == [] and "Redis has lost" not in daemon.output()


def test_redis_that_has_gone_back_is_a_problem(make_site):
    """By how much is known; what it has lost that nobody had counted is not, and is no row."""
    site = make_site("sqlite", queue={"consumer_timeout": "1s"})
    daemon = site.daemon(http=LISTEN)
    client = Client(daemon)
    rig.wait_for(lambda: looked(site) == 0, "the first look")
    site.redis.client().save()
    site.redis.push(list(generator.flows(700, seed=10)))
    site.settle(700, daemon)
    site.redis.kill()
    site.redis.start()
    said = ("queue: Redis has gone back in time, by 700 entries that were counted already; "
            "how many it has lost that were not, nobody can know\n")
    client.wait_for_health(503, said)
    site.redis.push(list(generator.flows(300, seed=11)))
    site.settle(1000, daemon)
    rig.wait_for(lambda: looked(site) == 300, lambda: "a look: %d" % looked(site))
    daemon.stop()
    assert losses(site) == []
