"""flowimport push: every line of a file stands on the queue once, in its order, whatever dies meanwhile."""
import contextlib
import gzip
import os
import random
import signal
import subprocess
import time

import pytest
import redis

import rig

LINES = [b'{"packetDeltaCount":%d,"octetDeltaCount":%d%s}' % (i, i, b" " * (i % 150)) for i in range(60000)]


class Pusher:
    """One Redis and the hand tool; no store is touched."""

    def __init__(self, folder, server):
        self.folder, self.server = folder, server
        self.config = rig.write_config(folder / "push.conf", {
            "queue": {"url": server.url(), "retry_max": "50ms", "consumer": "here"}, "producer": {"max_queue": 0}})
        self.children = []

    def command(self, *words):
        return [str(rig.BUILD / "flowimport"), "-c", str(self.config), "push"] + [str(word) for word in words]

    def run(self, *words, code=0, stdin=None, env=None):
        done = subprocess.run(self.command(*words), input=stdin, capture_output=True, check=False, timeout=rig.BOUND,
                              env=dict(os.environ, **(env or {})), stdin=subprocess.DEVNULL if stdin is None else None)
        out, err = done.stdout.decode(), done.stderr.decode()
        assert done.returncode == code, "%r: exit code %d\n%s\n%s" % (words, done.returncode, out, err)
        return out, err

    def begin(self, *words, name="push"):
        child = rig.Process(self.command(*words), self.folder, name)
        self.children.append(child)
        return child

    def queue(self, name=rig.QUEUE):
        return self.server.client().lrange(name, 0, -1)

    def length(self):
        return self.server.client().llen(rig.QUEUE)

    def wait_for(self, n):
        rig.wait_for(lambda: self.length() >= n, lambda: "%d entries; there are %d" % (n, self.length()))

    def expect(self, lines):
        """The queue is exactly this; said in few words where it isn't."""
        got = self.queue()
        if got == lines:
            return
        at = next((i for i, pair in enumerate(zip(got, lines)) if pair[0] != pair[1]), min(len(got), len(lines)))
        pytest.fail("%d entries (%d different ones), %d expected; the first that differs is number %d: %r" %
                    (len(got), len(set(got)), len(lines), at, got[at:at + 1]))


@pytest.fixture
def make_pusher(folder, make_redis):
    pushers = []

    def make(**options):
        pushers.append(Pusher(folder, make_redis(**options)))
        return pushers[-1]
    yield make
    for pusher in pushers:
        for child in pusher.children:
            child.kill()


@pytest.fixture
def pusher(make_pusher):
    return make_pusher()


def write(path, lines):
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def test_plain_gzip_and_standard_input(pusher, folder):
    plain = write(folder / "plain", LINES[:1000])
    (folder / "packed.gz").write_bytes(gzip.compress(b"\r\n".join(LINES[1000:2000])))
    out, err = pusher.run(plain, folder / "packed.gz", "-", stdin=b"\n\n".join(LINES[2000:3000]))
    assert out == "".join("%s: 1000 entries pushed onto entry:queue\n" % name
                          for name in (plain, folder / "packed.gz", "-"))
    assert err == ""
    pusher.expect(LINES[:3000])


def test_same_contents_once_unless_asked(pusher, folder):
    path = write(folder / "a", LINES[:2000])
    size = path.stat().st_size
    pusher.run(path)
    os.rename(path, folder / "b")
    out, err = pusher.run(folder / "b")
    assert out == "%s: 0 entries pushed onto entry:queue\n" % (folder / "b")
    assert err == "%s: the first %d bytes were already pushed; --again pushes them again\n" % (folder / "b", size)
    pusher.expect(LINES[:2000])
    pusher.run("--again", folder / "b")
    pusher.expect(LINES[:2000] * 2)


def test_entries_are_pushed_as_they_are(pusher, folder):
    lines = [b"no JSON", b"\xff\xfe\x00x", b"  {}  ", b"x" * 300000]
    pusher.run("--format", "json", write(folder / "odd", lines))
    pusher.expect(lines)


def test_files_of_unknown_formats_are_refused(pusher, folder):
    for lines in [b"no JSON", b"a,b,c"], [b"\x7fELF\2\1\1\0" + bytes(range(256)) * 20, b"{}"], [b"BZh91AY&SY"]:
        _, err = pusher.run(write(folder / "odd", lines), code=1)
        assert err.count("\n") == 1 and ("unpack it first" if lines[0][:3] == b"BZh" else "known are pcap") in err
    assert pusher.length() == 0


def test_end(pusher, folder):
    first, second = write(folder / "1", LINES[:10]), write(folder / "2", LINES[10:20])
    pusher.run("--end", first, second)
    pusher.expect(LINES[:20] + [b"END"])
    out, err = pusher.run("--end", first, second)
    assert "2: already pushed, with END" in err
    assert "2: 0 entries pushed" in out
    third = write(folder / "3", LINES[20:30])
    pusher.run(third)
    out, err = pusher.run("--end", third)
    assert "3: 1 entries pushed" in out
    pusher.expect(LINES[:20] + [b"END"] + LINES[20:30] + [b"END"])


def test_the_importer_takes_what_is_pushed(make_site, folder):
    import generator  # pylint: disable=import-outside-toplevel
    import reference  # pylint: disable=import-outside-toplevel
    entries = list(generator.flows(3000, seed=17))
    site = make_site("sqlite")
    site.run("push", "--end", write(folder / "flows", entries))
    site.run("--once")
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())
    site.verify()


def test_overlong_line_is_named(pusher, folder):
    (folder / "long").write_bytes(LINES[0] + b"\n" + b"x" * (16 << 20) + b"x\n" + LINES[1])
    _, err = pusher.run(folder / "long", code=3)
    assert "%s:2: too-big: the line has 16777217 bytes; an entry has at most 1048576" % (folder / "long") in err
    pusher.expect(LINES[:2])


def test_what_is_wrong_is_said(pusher, folder):
    path = write(folder / "a", LINES[:10])
    _, err = pusher.run(folder / "nowhere", path, code=1)
    assert str(folder / "nowhere") in err
    pusher.expect(LINES[:10])
    for words in ([], ["--follow", path, path], ["--follow", "--end", path]):
        _, err = pusher.run(*words, code=2)
        assert ("push --follow: accepts one FILE" if words else "usage: flowimport push") in err
    _, err = pusher.run("--queue", "redis+unix://%s/nothing" % folder, write(folder / "b", LINES[:11]), code=1)
    assert "%s/nothing: No such file or directory" % folder in err
    pusher.server.client().set("text", "x")
    _, err = pusher.run("--queue-name", "text", path, code=1)
    assert "queue text: LLEN: WRONGTYPE" in err


def test_wrong_password(make_pusher, folder):
    pusher = make_pusher(options=["--requirepass", "right"])
    path = write(folder / "a", LINES[:10])
    _, err = pusher.run(path, code=1, env={"FLOWIMPORT_QUEUE_PASSWORD": "wrong"})
    assert "login refused" in err and "wrong" not in err.replace("WRONGPASS", "")
    pusher.run(path, env={"FLOWIMPORT_QUEUE_PASSWORD": "right"})
    pusher.server.password = "right"
    pusher.expect(LINES[:10])


@pytest.mark.parametrize("nth", [1, 2, 7])
def test_killed_between_push_and_answer(pusher, folder, nth):
    path = write(folder / "a", LINES[:20000])
    pusher.run(path, code=-signal.SIGKILL, env={"FLOWIMPORT_FAULT": "after-push:%d" % nth})
    pushed = pusher.length()
    assert 0 < pushed < 20000
    out, _ = pusher.run(path)
    assert out == "%s: %d entries pushed onto entry:queue\n" % (path, 20000 - pushed)
    pusher.expect(LINES[:20000])


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_killed_at_any_instant(pusher, folder, packed):
    path = folder / "a"
    path.write_bytes(gzip.compress(b"\n".join(LINES), 1) if packed else b"\n".join(LINES))
    chance, killed, got = random.Random(5), 0, []
    for _ in range(40):
        child = pusher.begin(path, "--max-queue", 4000)
        time.sleep(chance.uniform(0.005, 0.06))
        killed += child.running()
        child.kill()
        got += pusher.server.client().lpop(rig.QUEUE, 4000) or []
        if not child.running() and len(got) == len(LINES):
            break
    assert killed >= 5
    pusher.run(path)
    assert got + pusher.queue() == LINES


def test_redis_killed_at_any_instant(make_pusher, folder):
    # With appendfsync everysec Redis itself may lose what it has confirmed.
    pusher = make_pusher(appendonly=True, options=["--appendfsync", "always"])
    path = write(folder / "a", LINES * 3)
    chance = random.Random(6)
    child, kills = pusher.begin(path), 0
    pusher.wait_for(1)
    while child.running():
        time.sleep(chance.uniform(0.005, 0.05))
        pusher.server.kill()
        pusher.server.start()
        kills += 1
    assert child.wait() == 0, child.output()
    assert kills >= 2
    assert child.output().endswith("%s: 180000 entries pushed onto entry:queue\n" % path)
    pusher.expect(LINES * 3)


def test_connection_cut_at_any_instant(pusher, folder):
    path = write(folder / "a", LINES * 3)
    chance = random.Random(7)
    client = pusher.server.client()
    child = pusher.begin(path)
    pusher.wait_for(1)  # a connection that is lost before it was good ends it
    cut = 0
    while child.running():
        time.sleep(chance.uniform(0.001, 0.03))
        cut += client.client_kill_filter(_type="normal", skipme=True)
    assert child.wait() == 0, child.output()
    assert cut >= 3
    pusher.expect(LINES * 3)


def test_redis_away_for_a_while(make_pusher, folder):
    pusher = make_pusher(appendonly=True)
    path = write(folder / "a", LINES)
    child = pusher.begin(path, "--max-queue", 20000)
    pusher.wait_for(20000)
    pusher.server.stop()
    rig.wait_for(lambda: "trying again" in child.output(), "the loss to be said")
    pusher.server.start()
    assert pusher.length() == 20000
    pusher.server.client().rename(rig.QUEUE, "first")
    pusher.wait_for(20000)
    pusher.server.client().rename(rig.QUEUE, "second")
    assert child.wait() == 0
    assert pusher.queue("first") + pusher.queue("second") + pusher.queue() == LINES


def test_queue_never_grows_beyond_max_queue(pusher, folder):
    path = write(folder / "a", LINES[:20000])
    child = pusher.begin(path, "--max-queue", 3000)
    client, got = pusher.server.client(), []
    while len(got) < 20000:
        pusher.wait_for(min(3000, 20000 - len(got)))
        assert client.llen(rig.QUEUE) <= 3000
        got += client.lpop(rig.QUEUE, 2000) or []
    assert got == LINES[:20000]
    assert child.wait() == 0


def test_memory_of_redis_runs_out(pusher, folder):
    """Some batches are refused; none after it is taken before it."""
    path = write(folder / "a", LINES)
    client = pusher.server.client()
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("maxmemory", client.info("memory")["used_memory"] + (3 << 20))
    child = pusher.begin(path)
    rig.wait_for(lambda: "OOM" in child.output(), lambda: "the refusal to be said:\n" + child.output())
    assert 0 < pusher.length() < len(LINES)
    client.config_set("maxmemory", 0)
    assert child.wait() == 0
    pusher.expect(LINES)


def test_queue_becomes_something_else(pusher, folder):
    path = write(folder / "a", LINES * 4)
    child = pusher.begin(path)
    pusher.wait_for(2000)
    with pusher.server.client().pipeline(transaction=True) as both:
        both.rename(rig.QUEUE, "aside")
        both.set(rig.QUEUE, "no list")
        both.execute()
    rig.wait_for(lambda: "WRONGTYPE" in child.output(), lambda: "the refusal to be said:\n" + child.output())
    assert "RPUSH" in child.output()
    pusher.server.client().delete(rig.QUEUE)
    assert child.wait() == 0
    assert pusher.queue("aside") + pusher.queue() == LINES * 4


def test_a_replica_has_what_is_pushed(make_redis, make_pusher, folder):
    """wait_replicas: while the replica hangs, the push waits; what was pushed outlives the primary."""
    pusher = make_pusher(tcp=True)
    primary = pusher.server
    replica = make_redis(tcp=True, options=["--replicaof", "127.0.0.1", str(primary.port)])
    rig.wait_for(lambda: replica.client().info("replication")["master_link_status"] == "up", "the replica")
    pusher.run("--wait-replicas", 1, write(folder / "first", LINES[:3000]))
    assert replica.client().llen(rig.QUEUE) == 3000  # by now, and not soon after
    replica.process.signal(signal.SIGSTOP)
    push = pusher.begin("--wait-replicas", 1, write(folder / "second", LINES[3000:3010]))
    rig.wait_for(lambda: [client for client in primary.client().client_list()
                          if client["cmd"] == "wait" and int(client["age"]) >= 2],
                 lambda: "the replica to be asked for again:\n" + push.output(), step=0.05)
    assert push.running() and pusher.length() == 3010
    replica.process.signal(signal.SIGCONT)
    assert push.wait() == 0
    primary.kill()
    assert replica.client().lrange(rig.QUEUE, 0, -1) == LINES[:3010]


def test_two_at_once_push_it_once(pusher, folder):
    path = write(folder / "a", LINES)
    children = [pusher.begin(path, "--max-queue", 5000, name="push%d" % i) for i in range(2)]
    client, got = pusher.server.client(), []
    while len(got) < len(LINES):
        rig.wait_for(lambda: client.llen(rig.QUEUE), lambda: "entries:\n" + "\n".join(c.output() for c in children))
        got += client.lpop(rig.QUEUE, 5000) or []
    codes = sorted(child.wait() for child in children)
    assert got == LINES
    assert codes == [0, 1]
    assert sum("others push the same" in child.output() for child in children) == 1


def test_redis_that_lost_its_data_is_noticed(pusher, folder):
    path = write(folder / "a", LINES)
    child = pusher.begin(path, "--max-queue", 5000)
    pusher.wait_for(5000)
    pusher.server.client().flushall()
    assert child.wait() == 1
    assert "Redis has lost data" in child.output()
    assert pusher.length() == 0
    pusher.run(path)
    pusher.expect(LINES)


def test_flows_of_a_capture(pusher, folder):
    import test_capture_files  # pylint: disable=import-outside-toplevel
    path = folder / "capture"
    test_capture_files.mix(path, 20000, concurrent=3000)
    flows, _ = test_capture_files.flowimport("print", path)
    flows = flows.splitlines()
    assert len(flows) > 3000
    pusher.run(path, code=-signal.SIGKILL, env={"FLOWIMPORT_FAULT": "after-push:2"})
    pushed = pusher.length()
    assert 0 < pushed < len(flows)
    out, err = pusher.run("--end", path)
    assert "%s: the first %d flows were already pushed" % (path, pushed) in err
    assert out == "%s: %d entries pushed onto entry:queue\n" % (path, len(flows) + 1 - pushed)
    pusher.expect(flows + [b"END"])
    _, err = pusher.run("--inactive-timeout", "10s", path, code=1)
    assert "some flows were pushed before with other [capture] options" in err
    pusher.run("--follow", "--format", "pcap", path, code=2)


# A file that grows ----------------------------------------------------------------------------------------------------


def append(path, lines):
    with open(path, "ab") as out:
        out.write(b"".join(line + b"\n" for line in lines))


def test_follow_across_rotation(pusher, folder):
    path = folder / "log"
    append(path, LINES[:100])
    child = pusher.begin("--follow", path)
    pusher.wait_for(100)
    with open(path, "ab") as out:
        out.write(b"\n".join(LINES[100:150]) + b"\n" + LINES[150][:5])
    pusher.wait_for(150)
    os.rename(path, folder / "log.1")
    with open(folder / "log.1", "ab") as out:
        out.write(LINES[150][5:] + b"\n")
    append(path, LINES[151:200])
    pusher.wait_for(200)
    (folder / "log").write_bytes(b"")  # cut off and written anew
    append(path, LINES[200:250])
    pusher.wait_for(250)
    child.signal(signal.SIGTERM)
    assert child.wait() == 0
    assert child.output().endswith("%s: 250 entries pushed onto entry:queue\n" % path)
    pusher.expect(LINES[:250])


def test_follow_objects_over_many_lines(pusher, folder):
    """One that is half written waits for its rest, also across a restart."""
    path = folder / "log"
    append(path, [b'{', b'  "a": 1', b'}', b'{"b": {}} {', b'  "c":'])
    child = pusher.begin("--follow", path)
    pusher.wait_for(2)
    child.kill()
    append(path, [b' 3}', b'{"d": 4}'])
    child = pusher.begin("--follow", path)
    pusher.wait_for(4)
    child.kill()
    pusher.expect([b'{"a": 1}', b'{"b": {}}', b'{"c":3}', b'{"d": 4}'])


def test_follow_killed_and_rotated_meanwhile(pusher, folder):
    """Restarted, it reads on in the renamed file, then in the one that came and went meanwhile, then in the new one."""
    path = folder / "log"
    append(path, LINES[:1000])
    child = pusher.begin("--follow", path)
    pusher.wait_for(1000)
    child.kill()
    append(path, LINES[1000:1100])
    os.rename(path, folder / "log.2")
    append(folder / "log.1", LINES[1100:1200])
    os.utime(folder / "log.2", (2000, 2000))
    os.utime(folder / "log.1", (3000, 3000))
    append(path, LINES[1200:1300])
    child = pusher.begin("--follow", path)
    pusher.wait_for(1300)
    child.kill()
    pusher.expect(LINES[:1300])


def test_follow_killed_at_any_instant(pusher, folder):
    """The writer goes on, and rotates, while the reader dies again and again."""
    path = folder / "log"
    append(path, LINES[:1])
    chance, n, rotations, child = random.Random(9), 1, 0, None
    for step in range(60):
        if child is None or not child.running():
            child = pusher.begin("--follow", path)
        append(path, LINES[n:n + 200])
        n += 200
        time.sleep(chance.uniform(0, 0.04))
        if chance.random() < 0.5:
            child.kill()
        if step % 20 == 19:  # renamed as logrotate does
            for i in range(rotations, 0, -1):
                os.rename(folder / ("log.%d" % i), folder / ("log.%d" % (i + 1)))
            os.rename(path, folder / "log.1")
            rotations += 1
            append(path, LINES[n:n + 1])
            n += 1
    if not child.running():
        child = pusher.begin("--follow", path)
    pusher.wait_for(n)
    child.kill()
    pusher.expect(LINES[:n])


def test_follow_over_an_outage(make_pusher, folder):
    pusher = make_pusher(appendonly=True)
    path = folder / "log"
    append(path, LINES[:100])
    child = pusher.begin("--follow", path)
    pusher.wait_for(100)
    pusher.server.kill()
    append(path, LINES[100:200])
    rig.wait_for(lambda: "trying again" in child.output(), "the loss to be said")
    os.rename(path, folder / "log.1")
    append(path, LINES[200:300])
    pusher.server.start()
    rig.wait_for(lambda: pusher.length() == 300, "all entries")
    child.signal(signal.SIGINT)
    assert child.wait() == 0
    pusher.expect(LINES[:300])


def test_password_is_not_shown(make_pusher, folder):
    pusher = make_pusher(tcp=True, options=["--requirepass", "s3cret"])
    config = rig.write_config(folder / "password.conf",
                              {"queue": {"url": "redis://:s3cret@127.0.0.1:%d" % pusher.server.port}})
    pusher.server.kill()
    pusher.config = config
    _, err = pusher.run(write(folder / "a", LINES[:10]), code=1)
    assert "127.0.0.1:%d" % pusher.server.port in err and "s3cret" not in err
    with contextlib.suppress(redis.exceptions.RedisError):
        pusher.server.start()
