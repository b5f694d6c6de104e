"""The memory bound, under the worst input there is for it."""
import pytest

import generator
import rig

FLOOD = 900000
CACHE = 64 * 1024 * 1024


@pytest.mark.skipif(rig.SANITIZED, reason="a sanitizer's memory is not the program's")
def test_flood_of_unique_keys_stays_within_the_bound(make_site):
    """Peak RSS within cache_memory + 10 % above what the idle program holds."""
    site = make_site("sqlite", import_={"cache_memory": "64M", "flush_interval": "1h"})
    idle = site.daemon()
    rig.wait_for(lambda: site.redis.client().exists("{%s}:consumer:one" % rig.QUEUE), "the daemon's key")
    base = idle.peak_rss()
    idle.stop()
    site.redis.push(generator.unique(FLOOD))
    daemon = site.daemon()

    def done():
        assert daemon.running(), daemon.output()
        if not site.redis.client().exists(rig.QUEUE) and len(rig.read_ledger(site.store)) >= 2:
            daemon.flush()
        return site.caught_up(FLOOD)
    rig.wait_for(done, lambda: "the flood to be committed: %r" % site.ledger(), step=0.2)
    peak = daemon.peak_rss()
    daemon.stop()
    generations = len(rig.read_ledger(site.store))
    print("base %.1f MiB, peak %.1f MiB, allowed %.1f MiB, generations %d" % (
        base / 2**20, peak / 2**20, (base + CACHE * 1.1) / 2**20, generations))
    assert site.ledger()["imported"] == FLOOD
    assert generations >= 3, "the bound was never reached: the flood is too small to prove anything"
    assert peak <= base + CACHE * 1.1
