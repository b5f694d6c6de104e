"""How the queue is reached, what is said when it can't be, END, at-most-once, and what an idle daemon costs."""
import contextlib
import json
import select
import signal
import socket
import threading
import time

import pytest

import generator
import reference
import rig
from generator import one

LUA_KEYS = "{%s}" % rig.QUEUE


def check(site, entries, db=0):
    daemon = site.daemon()
    site.settle(len(entries), daemon, db=db)
    daemon.stop()
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())


# A Redis that isn't there ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["no socket", "no port", "no name"])
def test_once_fails_at_once_without_a_redis(make_site, folder, where):
    """What fails before the event loop runs must not be lost on it."""
    url, why = {"no socket": ("redis+unix://%s/nothing.sock" % folder, "No such file or directory"),
                "no port": ("redis://127.0.0.1:%d" % rig.free_port(), "Connection refused"),
                "no name": ("redis://nowhere.invalid:1", "'nowhere.invalid': ")}[where]
    site = make_site("sqlite", queue={"url": url})
    out, err = site.run("--once", code=1)
    assert out == ""
    assert "%s: %s" % (url, why) in err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_once_is_stopped_while_redis_is_silent(make_site, folder, number):
    """It has not drained the queue: exit code 1."""
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(folder / "silent.sock"))
        silent.listen(1)
        site = make_site("sqlite", queue={"url": "redis+unix://%s/silent.sock" % folder})
        once = rig.Process(site.command("--once"), folder, "once")
        rig.wait_for(lambda: select.select([silent], [], [], 0)[0], "a connection")
        rig.wait_for(lambda: once.handles(number), "signals to be handled")
        once.signal(number)
        assert once.wait() == 1
        assert "the queue may hold more" in once.output()


def test_the_daemon_is_stopped_while_redis_is_frozen(make_site, make_redis):
    """What it has added up is committed without Redis; the next start finds that in the ledger, and counts it once."""
    entries = list(generator.flows(3000, seed=74))
    server = make_redis()
    site = make_site("sqlite", redis=server)
    daemon = site.daemon()
    server.push(entries[:2000])
    site.wait_claimed()
    rig.wait_for(lambda: any("b" in other["flags"] for other in server.client().client_list()), "all to be read")
    server.process.signal(signal.SIGSTOP)
    try:
        daemon.signal(signal.SIGTERM)
        assert daemon.wait(rig.STOP) == 0, daemon.output()
    finally:
        server.process.signal(signal.SIGCONT)
    assert "no answer" in daemon.output()
    assert site.ledger()["entries"] == 2000
    server.push(entries[2000:])
    site.settled_equals(entries, site.daemon(name="again"))
    assert "committed before; settling its claims" in site.processes[-1].output()


def test_the_daemon_is_stopped_while_redis_has_never_answered(make_site):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        site = make_site("sqlite", queue={"url": "redis://127.0.0.1:%d" % silent.getsockname()[1]})
        daemon = site.daemon()
        rig.wait_for(lambda: select.select([silent], [], [], 0)[0], "a connection")
        daemon.signal(signal.SIGTERM)
        assert daemon.wait(rig.STOP) == 0, daemon.output()


def test_the_daemon_waits_for_a_socket_that_is_not_there(make_site, make_redis):
    """It says so once in a while, stops by SIGTERM, and imports when Redis comes."""
    entries = list(generator.flows(300, seed=70))
    server = make_redis()
    site = make_site("sqlite", redis=server)
    server.stop()
    daemon = site.daemon(ready=False)
    rig.wait_for(lambda: "No such file or directory; trying again" in daemon.output(), daemon.output)
    daemon.stop()
    daemon = site.daemon(ready=False, name="again")
    rig.wait_for(lambda: "No such file or directory; trying again" in daemon.output(), daemon.output)
    server.start()
    server.push(entries)
    site.settled_equals(entries, daemon)


def flood(server, head, unit):
    """Answers every connection so, for as long as it takes more."""
    while True:
        try:
            connection = server.accept()[0]
            with connection, contextlib.suppress(OSError):
                connection.sendall(head)
                while True:
                    connection.sendall(unit * (1 << 16))
        except OSError:
            return


@pytest.mark.parametrize("head, unit, why", [
    (b"+", b"OK", "a reply larger than any of Redis"),
    (b"*2147483647\r\n", b"$1\r\na\r\n", "a reply larger than any of Redis"),
    (b"", b"*1\r\n", "a reply larger than any of Redis"),
    (b"*1000\r\n", b"$9\r\n123456789\r\n", "a reply that no command waits for"),
    (b"", b"\0", "a reply larger than any of Redis"),
    (b"$" + b"1" * 99, b"1", "invalid reply"),
])
def test_a_server_that_is_no_redis(make_site, head, unit, why):
    """What it sends without an end costs no memory, and is named."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=flood, args=(server, head, unit), daemon=True).start()
        site = make_site("sqlite", queue={"url": "redis://127.0.0.1:%d" % server.getsockname()[1]})
        daemon = site.daemon()
        before = daemon.peak_rss()
        rig.wait_for(lambda: why in daemon.output(), daemon.output)
        assert rig.SANITIZED or daemon.peak_rss() < before + (64 << 20)
        daemon.stop()


# Ways to reach it ---------------------------------------------------------------------------------------------------


def test_tcp_with_a_database_number(make_site, make_redis):
    entries = list(generator.flows(500, seed=71))
    server = make_redis(tcp=True)
    site = make_site(redis=server, queue={"url": "redis://127.0.0.1:%d/3" % server.port})
    server.push(entries, db=3)
    server.push([one()])  # of another database: not ours
    check(site, entries, db=3)
    assert server.client().llen(rig.QUEUE) == 1


def test_unix_socket_with_a_database_number(make_site, make_redis):
    entries = list(generator.flows(500, seed=72))
    server = make_redis()
    site = make_site(redis=server, queue={"url": server.url(db=5)})
    server.push(entries, db=5)
    check(site, entries, db=5)


@pytest.mark.parametrize("where", ["url", "option", "file", "environment"])
def test_password(make_site, make_redis, where, folder):
    entries = list(generator.flows(200, seed=73))
    server = make_redis(tcp=True, options=["--requirepass", "s3cr:t@/x"])
    server.password = "s3cr:t@/x"
    url = "redis://127.0.0.1:%d" % server.port
    queue, env = {"url": url}, None
    if where == "url":
        queue["url"] = "redis://:s3cr%%3At%%40%%2Fx@127.0.0.1:%d/0" % server.port
    elif where == "option":
        queue["password"] = "s3cr:t@/x"
    elif where == "file":
        (folder / "password").write_text("s3cr:t@/x\n")
        queue["password_file"] = folder / "password"
    else:
        env = {"FLOWIMPORT_QUEUE_PASSWORD": "s3cr:t@/x"}
    site = make_site(redis=server, queue=queue)
    server.push(entries)
    daemon = site.daemon(env=env)
    site.settle(200, daemon)
    daemon.stop()
    assert "s3cr" not in daemon.output()
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())


# What a consumer needs, and no more.
ACL = "on >flow ~%s ~{%s}* +@read +@write +@connection +@transaction +@scripting -@dangerous +info +time" % (
    rig.QUEUE, rig.QUEUE)


def test_acl_user(make_site, make_redis):
    entries = list(generator.flows(500, seed=74))
    server = make_redis(tcp=True)
    server.client().execute_command("ACL", "SETUSER", "importer", *ACL.split())
    site = make_site(redis=server, queue={"url": "redis://importer:flow@127.0.0.1:%d/0" % server.port})
    server.push(entries)
    check(site, entries)


def acl_site(make_site, make_redis, *rules):
    """A site whose importer may do what it is documented to need, as the rules change it."""
    server = make_redis(tcp=True)
    server.client().execute_command("ACL", "SETUSER", "importer", *ACL.split(), *rules)
    return make_site(redis=server, queue={"url": "redis://importer:flow@127.0.0.1:%d/0" % server.port,
                                          "consumer_timeout": "1s"}, import_={"flush_interval": "1h"})


@pytest.mark.parametrize("forbidden", ["eval", "hincrby", "hmget", "lpos", "sort"])
def test_acl_without_what_a_script_requires(make_site, make_redis, forbidden):
    """Then entries are taken by commands, by the daemon as by the hand tool."""
    entries = list(generator.flows(900, seed=76))
    site = acl_site(make_site, make_redis, "-" + forbidden)
    site.redis.push(entries[:600])
    daemon = site.daemon()
    site.settle(600, daemon)
    daemon.stop()
    site.redis.push(entries[600:])
    site.run("--once")
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())


@pytest.mark.parametrize("forbidden", ["renamenx", "sadd", "srem"])
def test_acl_forbids_a_part_of_what_is_done_at_once(make_site, make_redis, forbidden):
    """Nothing of it is done: the claims of a dead consumer are adopted once it is allowed."""
    entries = list(generator.flows(900, seed=77))
    site = acl_site(make_site, make_redis)
    client = site.redis.client()
    site.redis.push(entries)
    daemon = site.daemon()
    site.wait_claimed()
    daemon.kill()
    client.execute_command("ACL", "SETUSER", "importer", "-" + forbidden)
    claims, names = site.claims(), client.smembers("{%s}:claims" % rig.QUEUE)
    other = site.daemon(name="other", queue={"consumer": "two"})
    rig.wait_for(lambda: "NOPERM" in other.output(), lambda: "a refusal:\n" + other.output())
    assert (site.claims(), client.smembers("{%s}:claims" % rig.QUEUE)) == (claims, names)
    client.execute_command("ACL", "SETUSER", "importer", "+" + forbidden)
    site.settle(900, other)
    other.stop()
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())


def test_other_queue_name(make_site):
    entries = list(generator.flows(300, seed=75))
    site = make_site("sqlite", queue={"name": "probe7:flows"})
    site.redis.push(entries, name="probe7:flows")
    client = site.redis.client()
    daemon = site.daemon()

    def done():
        daemon.flush()
        return not client.exists("probe7:flows") and site.ledger()["entries"] == 300 and not site.claims(client,
                                                                                                         "probe7:flows")
    rig.wait_for(done, lambda: "the queue probe7:flows to be imported\n" + daemon.output())
    daemon.stop()
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())


def test_queue_name_with_a_hash_tag(make_site):
    """On a Redis Cluster the helper keys must hash as the queue does: they begin with its name."""
    site = make_site("sqlite", queue={"name": "flows{7}"})
    client = site.redis.client()
    site.redis.push([one()], name="flows{7}")
    daemon = site.daemon()
    rig.wait_for(lambda: not client.exists("flows{7}") and client.dbsize() >= 4, "the entry to be claimed")
    assert all(b"{7}" in key and key.index(b"{") == key.index(b"{7}") for key in client.keys())
    daemon.stop()
    assert client.keys() == [b"flows{7}:taken"] and site.ledger()["entries"] == 1


def test_entries_of_a_megabyte(make_site):
    entries = [one(comment="x" * (2**20 - 1000), octetDeltaCount=i) for i in range(20)] + [one()]
    site = make_site("sqlite")
    site.redis.push(entries, batch=4)
    check(site, entries)


# What is said when it can't be --------------------------------------------------------------------------------------


def test_wrong_type_under_the_name_is_told_and_waited_for(make_site):
    site = make_site("sqlite")
    client = site.redis.client()
    client.set(rig.QUEUE, "a string")
    daemon = site.daemon()
    rig.wait_for(lambda: rig.QUEUE in daemon.output() and "WRONGTYPE" in daemon.output() or "not a list"
                 in daemon.output(),
                 lambda: "a line that names the key's type:\n" + daemon.output())
    client.delete(rig.QUEUE)
    site.redis.push([one()])
    site.settle(1, daemon)
    daemon.stop()


def told_and_fixed(site, daemon, words, fix):
    """Either the daemon ends with 1 and says why, or it says why and goes on once it is fixed."""
    rig.wait_for(lambda: any(word in daemon.output() for word in words) or not daemon.running(),
                 lambda: "one of %r:\n%s" % (words, daemon.output()))
    assert any(word in daemon.output() for word in words), daemon.output()
    fix()
    if not daemon.running():
        assert daemon.child.returncode == 1, daemon.output()
        daemon = site.daemon()
    site.settle(1, daemon)
    daemon.stop()


def test_no_permission_is_told(make_site, make_redis):
    server = make_redis(tcp=True)
    client = server.client()
    client.execute_command("ACL", "SETUSER", "importer", "on", ">flow", "~other", "+@all")
    site = make_site(redis=server, queue={"url": "redis://importer:flow@127.0.0.1:%d/0" % server.port})
    server.push([one()])
    told_and_fixed(site, site.daemon(ready=False), ["NOPERM", "permission"],
                    lambda: client.execute_command("ACL", "SETUSER", "importer", "resetkeys", *ACL.split()))


def test_wrong_password_is_told(make_site, make_redis):
    server = make_redis(tcp=True, options=["--requirepass", "right"])
    server.password = "right"
    site = make_site(redis=server, queue={"url": "redis://127.0.0.1:%d/0" % server.port, "password": "wrong"})
    server.push([one()])
    told_and_fixed(site, site.daemon(ready=False), ["WRONGPASS", "password"],
                    lambda: server.client().config_set("requirepass", "wrong") and setattr(server, "password", "wrong"))


def test_store_that_can_not_be_opened_is_told(make_site, folder):
    site = make_site("sqlite")
    daemon = site.daemon(ready=False, store={"url": "sqlite:%s/nowhere/flows.db" % folder})
    rig.wait_for(lambda: "%s/nowhere" % folder in daemon.output() or not daemon.running(), daemon.output)
    assert "%s/nowhere" % folder in daemon.output()


# END ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before, behind", [(0, 0), (0, 5), (3, 0), (1000, 2500), (2500, 1), (0, 9000), (5000, 0),
                                            (3000, 6000)])
def test_end_flushes_ends_and_leaves_what_stands_behind_it(make_site, kind, before, behind):
    first, rest = list(generator.flows(before, seed=76)), list(generator.flows(behind, seed=77))
    site = make_site(kind)
    site.redis.push(first + [b"END"] + rest, batch=10000)
    daemon = site.daemon()
    assert daemon.wait() == 0, daemon.output()
    client = site.redis.client()
    assert client.lrange(rig.QUEUE, 0, -1) == rest
    assert site.claims() == [] and not client.exists("{%s}:consumer:one" % rig.QUEUE)
    assert site.ledger()["entries"] == before
    if before:
        rig.assert_tables(site.tables(), reference.Import().add_all(first).tables())


def test_end_comes_while_waiting(make_site):
    entries = list(generator.flows(50, seed=78))
    site = make_site("sqlite")
    daemon = site.daemon()
    site.redis.push(entries)
    rig.wait_for(lambda: not site.redis.client().exists(rig.QUEUE), "the queue to be claimed")
    site.redis.push([b"END"])
    assert daemon.wait() == 0
    assert site.ledger()["entries"] == 50 and site.claims() == []


def test_one_end_ends_one_of_two_consumers(make_site):
    site = make_site("sqlite")
    pair = [site.daemon(name=name, queue={"consumer": name}) for name in "ab"]
    site.redis.push(generator.flows(100, seed=79))
    site.redis.push([b"END"])
    rig.wait_for(lambda: not all(daemon.running() for daemon in pair), "one consumer to end")
    left = next(daemon for daemon in pair if daemon.running())
    site.redis.push(generator.flows(100, seed=80))
    site.settle(200, left)
    assert [daemon.running() for daemon in pair].count(True) == 1
    site.redis.push([b"END"])
    assert [daemon.wait() for daemon in pair] == [0, 0]
    rig.assert_tables(site.tables(), reference.Import().add_all(
        list(generator.flows(100, seed=79)) + list(generator.flows(100, seed=80))).tables())


def test_two_ends_end_two_runs(make_site):
    site = make_site("sqlite")
    site.redis.push([one(), b"END", one(), b"END", one()])
    for run in (1, 2):
        daemon = site.daemon()
        assert daemon.wait() == 0
        assert site.ledger()["entries"] == run
    assert site.redis.client().llen(rig.QUEUE) == 1


@pytest.mark.parametrize("ends", [(3999,), (4000,), (7999,), (3999, 4000, 4001), (3999, 8000, 12001), (11999, 12000)])
def test_ends_at_the_borders_of_takes(make_site, ends):
    """One take has been folded as far as its END while the next was under way already: that goes back to the queue."""
    entries = list(generator.flows(20000, seed=94, hosts=200))
    queue = list(entries)
    for at in ends:
        queue.insert(at, b"END")
    site = make_site("sqlite")
    client = site.redis.client()
    site.redis.push(queue)
    for _ in ends:
        daemon = site.daemon()
        assert daemon.wait() == 0, daemon.output()
        queue = queue[queue.index(b"END") + 1:]
        assert client.lrange(rig.QUEUE, 0, -1) == queue and site.claims() == []
    daemon = site.daemon()
    site.settle(len(entries), daemon)
    daemon.stop()
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())
    site.verify()


def long_one(length, number):
    raw = one(sourceIPv4Address=number, tag="")
    return one(sourceIPv4Address=number, tag="x" * (length - len(raw)))


@pytest.mark.parametrize("borders", [(0, 499, 500, 501, 3999, 4000, 4001, 7999, 8000), tuple(range(3995, 4005))])
def test_long_entries_at_the_borders_of_takes(make_site, borders):
    """Below and above 64 KiB and 1 MiB: the latter are refused, and nothing of their neighbours is lost."""
    lengths = [size + more for size in (64 << 10, 1 << 20, 2 << 20) for more in (-1, 0, 1)]
    queue = list(generator.flows(14000, seed=95, hosts=100))
    for number, at in enumerate(borders):
        queue.insert(at, long_one(lengths[number % len(lengths)], 1000 + number))
    site = make_site("sqlite")
    site.redis.push(queue, batch=500)
    daemon = site.daemon()
    site.settle(len(queue), daemon)
    daemon.stop()
    good = [raw for raw in queue if len(raw) <= 1 << 20]
    assert site.ledger()["rejected"] == len(queue) - len(good) > 0
    rig.assert_tables(site.tables(), reference.Import().add_all(good).tables())
    site.verify()


@pytest.mark.parametrize("claim_entries", [7000, 1000000])
def test_connections_cut_while_a_backlog_is_taken(make_site, claim_entries):
    """At any instant, also where entries of one take wait to be folded while the next is under way."""
    entries = list(generator.flows(60000, seed=96, hosts=300))
    site = make_site("sqlite", queue={"claim_entries": claim_entries})
    client = site.redis.client()
    site.redis.push(entries)
    daemon = site.daemon()
    cuts = 0
    while client.exists(rig.QUEUE) and cuts < 50:
        cuts += client.client_kill_filter(_type="normal", skipme=True)
    site.settle(len(entries), daemon)
    daemon.stop()
    assert cuts > 0
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())
    site.verify()


# Delivery -----------------------------------------------------------------------------------------------------------


def test_at_most_once_keeps_nothing_in_redis(make_site, kind):
    entries = list(generator.flows(5000, seed=81)) + [raw for _, raw in generator.bad(20)]
    site = make_site(kind, queue={"delivery": "at-most-once"})
    client = site.redis.client()
    daemon = site.daemon()
    site.redis.push(entries)
    rig.wait_for(lambda: not client.exists(rig.QUEUE), "the queue to be taken")
    assert site.claims() == []
    site.settle(len(entries), daemon)
    daemon.stop()
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())
    site.verify()


def test_at_most_once_loses_uncommitted_entries_at_a_kill_and_counts_none_twice(make_site):
    site = make_site("sqlite", queue={"delivery": "at-most-once"})
    daemon = site.daemon()
    site.redis.push([one()] * 10)
    site.settle(10, daemon)
    site.redis.push([one()] * 10)
    rig.wait_for(lambda: not site.redis.client().exists(rig.QUEUE), "the queue to be taken")
    daemon.kill()
    again = site.daemon()
    site.redis.push([one()] * 5)
    site.settle(15, again)
    again.stop()
    rig.assert_tables(site.tables(), reference.Import().add_all([one()] * 15).tables())


def test_at_most_once_end(make_site):
    site = make_site("sqlite", queue={"delivery": "at-most-once"})
    rest = list(generator.flows(30, seed=82))
    site.redis.push([one(), b"END"] + rest)
    daemon = site.daemon()
    assert daemon.wait() == 0
    assert site.ledger()["entries"] == 1
    assert site.redis.client().lrange(rig.QUEUE, 0, -1) == rest


# Flushing and idling ------------------------------------------------------------------------------------------------


def test_flush_interval_flushes_by_itself(make_site):
    site = make_site("sqlite", import_={"flush_interval": "1s"})
    daemon = site.daemon()
    for count in (1, 2):
        site.redis.push([one()])
        site.settle(count, daemon, bound=rig.SOON, flush=False)
    daemon.stop()


def test_nothing_is_committed_before_the_flush(make_site):
    site = make_site("sqlite")
    daemon = site.daemon()
    site.redis.push([one()])
    rig.wait_for(lambda: not site.redis.client().exists(rig.QUEUE), "the entry to be claimed")
    assert site.ledger()["entries"] == 0
    assert len(site.claims()) >= 1
    daemon.flush()
    site.settle(1, daemon, flush=False)
    daemon.stop()


def test_idle_daemon_costs_next_to_nothing(make_site):
    site = make_site("sqlite")
    daemon = site.daemon()
    site.redis.push([one()])
    site.settle(1, daemon)
    seconds = 4
    ticks, switches = daemon.cpu_ticks(), daemon.context_switches()
    time.sleep(seconds)  # the measure itself, not a wait for something
    ticks, switches = daemon.cpu_ticks() - ticks, daemon.context_switches() - switches
    print("idle for %d s: %d ticks, %d voluntary context switches" % (seconds, ticks, switches))
    assert ticks <= 2
    assert switches <= 10 * seconds
    daemon.stop()


def test_sigusr1_storm_harms_nothing(make_site):
    entries = list(generator.flows(5000, seed=83))
    site = make_site("sqlite")
    daemon = site.daemon()
    for at in range(0, 5000, 100):
        site.redis.push(entries[at:at + 100])
        for _ in range(5):
            daemon.flush()
    site.settle(5000, daemon)
    daemon.stop()
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())
    site.verify()


def test_sigterm_right_after_the_start(make_site):
    site = make_site("sqlite")
    for _ in range(5):
        site.daemon().stop()
    assert set(site.redis.client().keys()) <= {b"{entry:queue}:taken"}


def test_second_sigterm_ends_at_once_and_loses_nothing(make_site):
    site = make_site("sqlite")
    entries = list(generator.flows(3000, seed=84))
    daemon = site.daemon()
    site.redis.push(entries)
    rig.wait_for(lambda: not site.redis.client().exists(rig.QUEUE), "the queue to be claimed")
    daemon.signal(signal.SIGTERM)
    daemon.signal(signal.SIGTERM)
    assert daemon.wait() in (0, 1)
    again = site.daemon()
    site.settle(3000, again)
    again.stop()
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())


def test_consumer_key_has_a_time_to_live_and_goes_with_the_daemon(make_site):
    site = make_site("sqlite", queue={"consumer_timeout": "30s"})
    client = site.redis.client()
    daemon = site.daemon()
    rig.wait_for(lambda: client.exists("{%s}:consumer:one" % rig.QUEUE), "the daemon's key")
    assert 0 < client.pttl("{%s}:consumer:one" % rig.QUEUE) <= 30000
    daemon.stop()
    assert not client.exists("{%s}:consumer:one" % rig.QUEUE)
    assert set(client.keys()) <= {b"{entry:queue}:taken"}


def test_claim_key_says_consumer_generation_and_epoch(make_site):
    site = make_site("sqlite", queue={"consumer": "probe-7"})
    client = site.redis.client()
    site.daemon()
    before = int(time.time())
    site.redis.push([one()])
    rig.wait_for(lambda: not client.exists(rig.QUEUE) and client.scard("{%s}:claims" % rig.QUEUE), "the claim")
    keys = [key.decode() for key in client.smembers("{%s}:claims" % rig.QUEUE) if client.exists(key)]
    assert len(keys) == 1 and keys[0].startswith("{%s}:claim:probe-7:" % rig.QUEUE)
    generation, number, epoch = keys[0].rsplit(":", 3)[1:]
    epoch, place = epoch.split("@")
    generation, number, epoch = int(generation), int(number), int(epoch)
    assert place == "%s.0" % client.hget("{%s}:taken" % rig.QUEUE, "id").decode()
    assert generation >= 0 and number >= 0 and before - 1 <= epoch <= time.time() + 1
    assert json.loads(client.lrange(keys[0], 0, -1)[0])["octetDeltaCount"] == 1000
