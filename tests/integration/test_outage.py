"""Redis or MariaDB away: at the start, in mid-flush, for good; with their data or without."""
import contextlib
import signal
import time

import pymysql
import pytest

import generator
import rig


def test_redis_restarted_with_its_data(make_site, make_redis, kind):
    entries = list(generator.flows(4000, seed=41))
    server = make_redis(appendonly=True)
    site = make_site(kind, redis=server)
    daemon = site.daemon()
    server.push(entries[:2000])
    site.settle(2000, daemon)
    server.push(entries[2000:3000])
    site.wait_claimed()  # claimed and folded, not committed
    server.stop()
    server.start()
    server.push(entries[3000:])
    site.settled_equals(entries, daemon)


def test_redis_killed_and_back_with_its_data(make_site, make_redis):
    """appendfsync always: what Redis answered for is there again."""
    entries = list(generator.flows(4000, seed=42))
    server = make_redis(appendonly=True, options=["--appendfsync", "always"])
    site = make_site("sqlite", redis=server)
    daemon = site.daemon()
    for at in range(0, 4000, 1000):
        server.push(entries[at:at + 1000])
        daemon.flush()
        server.kill()
        server.start()
    site.settled_equals(entries, daemon)


def test_redis_restarted_without_its_data(make_site, kind):
    """What Redis holds is the truth: what it lost before the commit is gone, and nothing is counted that it lost."""
    entries = list(generator.flows(3000, seed=43))
    site = make_site(kind)
    daemon = site.daemon()
    site.redis.push(entries[:1000])
    site.settle(1000, daemon)
    site.redis.push(entries[1000:2000])
    site.wait_claimed()
    site.redis.kill()
    site.redis.start()
    assert not site.claims() and not site.redis.client().exists(rig.QUEUE)
    # The sums of the lost claims may be dropped only after the daemon has seen the new server.
    rig.wait_for(lambda: site.redis.client().exists("{%s}:consumer:one" % rig.QUEUE), "the daemon to be back")
    site.redis.push(entries[2000:])
    site.settled_equals(entries[:1000] + entries[2000:], daemon)


def test_redis_away_while_idle_and_while_claimed(make_site, make_redis):
    entries = list(generator.flows(2000, seed=44))
    server = make_redis(appendonly=True)
    site = make_site("sqlite", redis=server)
    daemon = site.daemon()
    rig.wait_for(lambda: server.client().exists("{%s}:consumer:one" % rig.QUEUE), "the daemon's key")
    server.stop()
    rig.wait_for(lambda: "redis" in daemon.output().lower(), "a line about Redis")
    server.start()
    server.push(entries)
    site.settled_equals(entries, daemon)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_mariadb_ended_in_mid_flush(make_site, make_maria, make_store, end):
    entries = list(generator.flows(10000, seed=45, hosts=2000))
    server = make_maria(options=["--innodb-flush-log-at-trx-commit=1"])
    site = make_site(store=make_store("mysql", server))
    daemon = site.daemon()
    site.redis.push(entries[:5000])
    site.settle(5000, daemon)
    with server.locked(site.store.database, "flows_aggr_600"):
        site.redis.push(entries[5000:])
        site.wait_claimed()
        daemon.flush()
        server.wait_for_waiter()
        said = len(daemon.output())
        getattr(server, end)()
    rig.wait_for(lambda: "mysql://" in daemon.output()[said:], "a line about the store")
    assert daemon.running()
    server.start()
    assert site.ledger()["entries"] == 5000
    site.settled_equals(entries, daemon)


def test_mariadb_away_for_several_flushes(make_site, make_maria, make_store):
    entries = list(generator.flows(5000, seed=46))
    server = make_maria()
    site = make_site(store=make_store("mysql", server))
    daemon = site.daemon()
    site.redis.push(entries[:1000])
    site.settle(1000, daemon)
    server.stop()
    for at in range(1000, 5000, 1000):
        site.redis.push(entries[at:at + 1000])
        daemon.flush()
        time.sleep(0.15)
    assert daemon.running()
    server.start()
    site.settled_equals(entries, daemon)


def connections_kill(server, database):
    """How many were killed. Of those listed, one that has just been closed may be gone."""
    killed = 0
    for number, in server.run("SELECT id FROM information_schema.processlist WHERE db = '%s'" % database):
        with contextlib.suppress(pymysql.err.OperationalError):
            server.run("KILL %d" % number)
            killed += 1
    return killed


def test_connection_killed_by_the_server(make_site, make_maria, make_store):
    entries = list(generator.flows(3000, seed=47))
    server = make_maria()
    site = make_site(store=make_store("mysql", server))
    daemon = site.daemon()
    for at in range(0, 3000, 1000):
        site.redis.push(entries[at:at + 1000])
        site.settle(at + 1000, daemon)
        assert connections_kill(server, site.store.database) >= 1
    site.settled_equals(entries, daemon)
    assert "are missing" not in daemon.output()


def test_both_away_at_the_start(make_site, make_redis, make_maria, make_store):
    entries = list(generator.flows(1000, seed=48))
    redis_server, server = make_redis(), make_maria()
    site = make_site(redis=redis_server, store=make_store("mysql", server))
    redis_server.kill()
    server.stop()
    daemon = site.daemon()
    rig.wait_for(lambda: "redis" in daemon.output().lower(), "a line about Redis")
    redis_server.start()
    redis_server.push(entries)
    time.sleep(0.2)
    assert daemon.running(), daemon.output()
    server.start()
    site.settled_equals(entries, daemon)


def test_sigterm_while_the_store_is_away_keeps_the_entries(make_site, make_maria, make_store):
    """The flush can't succeed: the daemon ends in bounded time, and the claims stay for the next start."""
    entries = list(generator.flows(1000, seed=49))
    server = make_maria()
    site = make_site(store=make_store("mysql", server))
    daemon = site.daemon()
    site.redis.push(entries)
    site.wait_claimed()
    server.stop()
    daemon.signal(signal.SIGTERM)
    daemon.wait()
    assert site.claims()
    server.start()
    again = site.daemon()
    site.settled_equals(entries, again)


# Answers that get lost: what was asked may have been done -------------------------------------------------------------


def test_redis_connections_cut_all_the_time(make_site, kind):
    entries = list(generator.flows(15000, seed=50, hosts=300))
    site = make_site(kind, queue={"page": 100, "claim_entries": 700, "retry_max": "10ms"})
    daemon = site.daemon()
    client = site.redis.client()
    for at in range(0, 15000, 1000):
        site.redis.push(entries[at:at + 1000])
        daemon.flush()
        rig.wait_for(lambda: client.client_kill_filter(_type="normal", skipme=True), "a connection to cut", step=0.002)
    site.settled_equals(entries, daemon)


def test_mariadb_connections_cut_all_the_time(make_site, make_maria, make_store):
    entries = list(generator.flows(10000, seed=51, hosts=300))
    server = make_maria()
    site = make_site(store=make_store("mysql", server), queue={"retry_max": "10ms"})
    daemon = site.daemon()

    def cut():
        daemon.flush()
        return connections_kill(server, site.store.database)
    for at in range(0, 10000, 500):
        site.redis.push(entries[at:at + 500])
        rig.wait_for(cut, "a connection to cut", step=0.002)
    site.settled_equals(entries, daemon)


def test_redis_that_refuses_writes_for_a_while(make_site, make_redis):
    """A replica after a failover, and a server at its memory limit: waited for, nothing lost."""
    entries = list(generator.flows(3000, seed=52))
    server = make_redis()
    site = make_site("sqlite", redis=server)
    daemon = site.daemon()
    client = server.client()
    server.push(entries[:1000])
    site.settle(1000, daemon)
    server.push(entries[1000:2000])
    client.replicaof("127.0.0.1", rig.free_port())
    daemon.flush()
    rig.wait_for(lambda: "READONLY" in daemon.output() or "read only" in daemon.output().lower(), lambda:
                 "a line about READONLY:\n" + daemon.output())
    client.replicaof("NO", "ONE")
    site.settle(2000, daemon)
    client.config_set("maxmemory", "1")
    client.config_set("maxmemory-policy", "noeviction")
    daemon.flush()
    time.sleep(0.3)
    assert daemon.running(), daemon.output()
    client.config_set("maxmemory", "0")
    server.push(entries[2000:])
    site.settled_equals(entries, daemon)
