"""Redis Cluster and Sentinel: the queue's server is found, and found again when it has moved; nothing is lost or counted
twice but what Redis itself lost."""
import contextlib
import random
import re
import select
import signal
import socket
import threading

import pytest
import redis

import rig
import test_going_back

SLOTS = 16384


class Nodes:
    """What a site asks of its Redis, of several servers of which one has the queue."""

    def __init__(self, servers):
        self.servers = servers

    def living(self):
        return [server for server in self.servers if server.process.running()]

    def owner(self):
        """The server that has the queue."""
        found = []

        def look():
            found[:] = [server for server in self.living() if self.has_queue(server.client())]
            return found
        rig.wait_for(look, lambda: "an owner of the queue:\n" + "\n".join(
            server.process.output()[-500:] for server in self.servers))
        return found[0]

    @staticmethod
    def has_queue(client):
        try:
            if client.role()[0] != b"master":
                return False
            client.exists(rig.QUEUE)
            return True
        except redis.exceptions.RedisError:
            return False

    def client(self, db=0, **options):
        return self.owner().client(db, **options)

    def wake(self):
        self.owner().wake()

    def push(self, entries):
        """Until a replica has them, too."""
        owner = self.owner()
        n = owner.push(entries)
        assert owner.client().execute_command("WAIT", 1, int(rig.BOUND * 1000)) >= 1
        return n


class Cluster(Nodes):
    """As many masters, and for each a replica."""

    def __init__(self, make_redis, masters):
        self.buses = {}
        super().__init__([self.server(make_redis) for _ in range(2 * masters)])
        clients = [server.client() for server in self.servers]
        for i, client in enumerate(clients):
            client.execute_command("CLUSTER SET-CONFIG-EPOCH", i + 1)
        for server in self.servers[1:]:
            clients[0].execute_command("CLUSTER MEET", "127.0.0.1", server.port, self.buses[server])
        for i in range(masters):
            clients[i].execute_command("CLUSTER ADDSLOTSRANGE", i * SLOTS // masters, (i + 1) * SLOTS // masters - 1)
        ids = [client.execute_command("CLUSTER MYID").decode() for client in clients]
        for i in range(masters, 2 * masters):
            rig.wait_for(lambda i=i: ids[i - masters] in str(clients[i].execute_command("CLUSTER NODES")),
                         "the nodes to know each other")
            clients[i].execute_command("CLUSTER REPLICATE", ids[i - masters])
        rig.wait_for(lambda: all(b"cluster_state:ok" in self.info(client) and self.linked(client) for client in clients),
                     "the cluster to be one")

    def server(self, make_redis):
        bus = rig.free_port()
        server = make_redis(tcp=True, options=["--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf",
                                               "--cluster-node-timeout", "1000", "--cluster-port", bus,
                                               "--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0"])
        self.buses[server] = bus
        return server

    @staticmethod
    def info(client):
        """Raw: redis-py would make a table of it."""
        text = client.execute_command("CLUSTER INFO")
        return text if isinstance(text, bytes) else b"\r\n".join(b"%s:%s" % (k.encode(), str(v).encode())
                                                                 for k, v in text.items())

    @staticmethod
    def linked(client):
        role = client.role()
        return role[0] == b"master" and len(role[2]) == 1 or role[0] == b"slave" and role[3] == b"connected"

    def url(self, db=0):
        """Of two that don't have the queue, if there are so many."""
        others = [server for server in self.servers if server is not self.owner()]
        return "redis+cluster://" + ",".join("127.0.0.1:%d" % server.port for server in others[:2])


class Sentinels(Nodes):
    """A master with a replica, and three who watch it."""

    def __init__(self, make_redis, folder):
        options = ["--repl-diskless-sync-delay", "0"]
        master = make_redis(tcp=True, options=options)
        replica = make_redis(tcp=True, options=options + ["--replicaof", "127.0.0.1 %d" % master.port])
        super().__init__([master, replica])
        self.ports = [rig.free_port() for _ in range(3)]
        self.watchers = []
        for i, port in enumerate(self.ports):
            path = folder / ("sentinel%d" % i)
            path.mkdir()
            (path / "sentinel.conf").write_text(
                "port %d\nbind 127.0.0.1\ndir %s\nsentinel monitor flows 127.0.0.1 %d 2\n"
                "sentinel down-after-milliseconds flows 500\nsentinel failover-timeout flows 2000\n" % (
                    port, path, master.port))
            self.watchers.append(rig.Process(["redis-server", path / "sentinel.conf", "--sentinel"], path, "sentinel"))
        for port in self.ports:
            rig.wait_for(lambda port=port: self.knows_all(port), "the sentinels to know each other and the replica")

    @staticmethod
    def knows_all(port):
        try:
            state = redis.Redis(port=port).execute_command("SENTINEL MASTER", "flows")
        except redis.exceptions.RedisError:
            return False
        state = state if isinstance(state, dict) else dict(zip(state[::2], state[1::2]))
        state = {str(k, "ascii") if isinstance(k, bytes) else k: v for k, v in state.items()}
        return int(state["num-slaves"]) == 1 and int(state["num-other-sentinels"]) == 2

    def url(self, db=0):
        return "redis+sentinel://%s/flows" % ",".join("127.0.0.1:%d" % port for port in self.ports)

    def close(self):
        for watcher in self.watchers:
            watcher.kill()


@pytest.fixture(name="cluster")
def _cluster(make_redis):
    return Cluster(make_redis, 3)


@pytest.fixture(name="sentinels")
def _sentinels(make_redis, folder):
    nodes = Sentinels(make_redis, folder)
    yield nodes
    nodes.close()


def entries(first, n):
    return [test_going_back.entry(number) for number in range(first, first + n)]


def each_once(site, n):
    flows = test_going_back.counted(site)
    assert {number: times for number, times in flows.items() if times != 1} == {}
    assert sorted(flows) == list(range(n))


def half_committed(site, daemons):
    """Some is committed, some is taken, some waits."""
    site.redis.push(entries(0, 3000))
    rig.wait_for(lambda: site.claims(), lambda: "some to be taken:\n" + daemons[0].output())

    def committed():
        for daemon in daemons:
            daemon.flush()
        return site.ledger()["entries"] > 0
    rig.wait_for(committed, "a commit", step=0.1)
    site.redis.push(entries(3000, 3000))


def killed(site, daemons):
    """The owner, while entries come."""
    nodes = site.redis
    old = nodes.owner()
    half_committed(site, daemons)
    old.kill()
    new = nodes.owner()
    assert new is not old
    new.push(entries(6000, 4000))
    test_going_back.drained(site, daemons)
    for daemon in daemons:
        daemon.stop()
    each_once(site, 10000)


@pytest.mark.parametrize("importers", [1, 3])
def test_the_owner_in_a_cluster_is_killed(make_site, cluster, importers):
    site = make_site(redis=cluster)
    daemons = [site.daemon(name="flowimportd%d" % i, queue={"consumer": "c%d" % i, "consumer_timeout": "10s"})
               for i in range(importers)]
    killed(site, daemons)
    assert "redis+cluster://" in daemons[0].output() and "using 127.0.0.1:" in daemons[0].output()


@pytest.mark.parametrize("importers", [1, 3])
def test_sentinels_promote_the_replica(make_site, sentinels, importers):
    site = make_site(redis=sentinels)
    daemons = [site.daemon(name="flowimportd%d" % i, queue={"consumer": "c%d" % i, "consumer_timeout": "10s"})
               for i in range(importers)]
    killed(site, daemons)


def slot_move(cluster, source, target, pause):
    """As `redis-cli --cluster reshard` does."""
    slot = source.client().cluster("KEYSLOT", rig.QUEUE)
    ids = {server: server.client().execute_command("CLUSTER MYID").decode() for server in (source, target)}
    target.client().execute_command("CLUSTER SETSLOT", slot, "IMPORTING", ids[source])
    source.client().execute_command("CLUSTER SETSLOT", slot, "MIGRATING", ids[target])
    while True:
        keys = source.client().execute_command("CLUSTER GETKEYSINSLOT", slot, 2)
        if not keys:
            break
        source.client().execute_command("MIGRATE", "127.0.0.1", target.port, "", 0, 20000, "KEYS", *keys)
        pause()
    for server in (target, source, *cluster.living()):
        try:
            server.client().execute_command("CLUSTER SETSLOT", slot, "NODE", ids[target])
        except redis.exceptions.ResponseError as error:
            assert "master" in str(error)  # a replica learns it from its own


def test_the_slot_moves_to_another_node(make_site, cluster):
    site = make_site(redis=cluster)
    daemon = site.daemon()
    half_committed(site, [daemon])
    source = cluster.owner()
    target = next(server for server in cluster.living() if server is not source
                  and server.client().role()[0] == b"master")
    slot_move(cluster, source, target, pause=daemon.flush)
    assert cluster.owner() is target
    cluster.push(entries(6000, 2000))
    test_going_back.drained(site, [daemon])
    daemon.stop()
    each_once(site, 8000)
    # The slot may leave in the middle of a transaction: then it is the script that is refused its keys.
    assert re.search("another node of the cluster|non local key in a cluster node", daemon.output())


@pytest.mark.parametrize("which", ["cluster", "sentinels"])
def test_every_command_finds_the_queue(make_site, request, which):
    nodes = request.getfixturevalue(which)
    site = make_site(redis=nodes)
    site.run("push", "-", stdin=b"\n".join(entries(0, 500) + [b"nonsense"]) + b"\n")
    assert nodes.client().llen(rig.QUEUE) == 501
    site.run("schema", "install")
    out, _ = site.run("status")
    assert "501 entries waiting" in out and nodes.url() in out
    site.run("--once", code=3)  # one is refused
    assert "nonsense" in site.run("rejected", "list")[0]
    each_once(site, 500)
    site.verify()


def plain(server):
    return {"url": "redis://127.0.0.1:%d" % server}


def test_a_plain_url_says_what_it_met(make_site, cluster, sentinels):
    site = make_site(redis=cluster)
    other = next(server for server in cluster.living() if server is not cluster.owner()
                 and server.client().role()[0] == b"master")
    for port, words in ((other.port, "this is a node of a Redis Cluster that does not have the queue; redis+cluster://"),
                        (sentinels.ports[0], "this is a sentinel, not a server: redis+sentinel://")):
        daemon = site.daemon(ready=False, name="at%d" % port, queue=plain(port))
        rig.wait_for(lambda daemon=daemon, words=words: words in daemon.output(), lambda daemon=daemon: daemon.output())
        daemon.kill()
    assert "this is a sentinel, not a server" in site.run("status", code=1, queue=plain(sentinels.ports[0]))[1]
    assert "MOVED" in site.run("status", code=1, queue=plain(other.port))[1]


def test_a_sentinel_that_hangs_and_one_that_is_gone(make_site, sentinels):
    """The third is asked."""
    sentinels.watchers[0].kill()
    sentinels.watchers[1].signal(signal.SIGSTOP)
    site = make_site(redis=sentinels)
    daemon = site.daemon()
    sentinels.push(entries(0, 100))
    test_going_back.drained(site, [daemon])
    each_once(site, 100)
    site.run("status")
    sentinels.watchers[1].signal(signal.SIGCONT)


# Those that lie --------------------------------------------------------------------------------------------------------


def words_read(stream):
    """A command; None: the client has gone."""
    head = stream.readline()
    if not head.startswith(b"*"):
        return None
    return [stream.read(int(stream.readline()[1:]) + 2)[:-2] for _ in range(int(head[1:]))]


def address(port):
    return b"*2\r\n$9\r\n127.0.0.1\r\n$%d\r\n%d\r\n" % (len(str(port)), port)


class Fake:
    """A server that answers every command by `answer(words)`; None: closes. `asked`: commands so far."""

    def __init__(self, answer):
        self.answer, self.asked, self.connections = answer, [], 0
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                connection = self.server.accept()[0]
                self.connections += 1
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, connection.makefile("rb") as stream, contextlib.suppress(OSError):
            while words := words_read(stream):
                self.asked.append(words)
                reply = self.answer(words)
                if reply is None:
                    return
                connection.sendall(reply)

    def close(self):
        self.server.close()


@pytest.fixture(name="fake")
def _fake():
    made = []

    def make(answer):
        made.append(Fake(answer))
        return made[-1]
    yield make
    for one in made:
        one.close()


def imported_once(site, daemon, server, n):
    server.push(entries(0, n))
    test_going_back.drained(site, [daemon])
    daemon.stop()
    each_once(site, n)


GARBAGE = [b"+OK\r\n", b"*0\r\n", b"*-1\r\n", b"$-1\r\n", b":7\r\n", b"*1\r\n$1\r\nx\r\n", b"*2\r\n:1\r\n:2\r\n",
           b"*2\r\n$0\r\n\r\n$4\r\n6379\r\n", b"*2\r\n$1\r\nx\r\n$5\r\n65536\r\n", b"*2\r\n$1\r\nx\r\n$3\r\nabc\r\n",
           b"*2\r\n$300\r\n" + b"x" * 300 + b"\r\n$4\r\n6379\r\n", b"-ERR no\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n",
           b"\0\0\r\n", b"*2\r\n$9\r\n127.0.0.1\r\n$1\r\n1\r\n"]


def test_sentinels_that_lie(make_site, make_redis, fake):
    """One answers garbage, one names itself, two name different masters, one of which is a replica; one is right."""
    options = ["--repl-diskless-sync-delay", "0"]
    master = make_redis(tcp=True, options=options)
    replica = make_redis(tcp=True, options=options + ["--replicaof", "127.0.0.1 %d" % master.port])
    rig.wait_for(lambda: replica.client().role()[3] == b"connected", "the replica")
    garbage = fake(lambda words: GARBAGE[len(garbage.asked) % len(GARBAGE)])
    itself = fake(lambda words: address(itself.port) if words[0] == b"SENTINEL" else
                  b"+PONG\r\n" if words[0] == b"PING" else b"*1\r\n$8\r\nsentinel\r\n")
    old, right = fake(lambda words: address(replica.port)), fake(lambda words: address(master.port))
    site = make_site(redis=master, queue={"url": "redis+sentinel://%s/flows" % ",".join(
        "127.0.0.1:%d" % one.port for one in (garbage, itself, old, right))})
    daemon = site.daemon()
    rig.wait_for(lambda: "using 127.0.0.1:%d" % master.port in daemon.output(), daemon.output)
    for words in ("this is a sentinel, not a server", "it calls itself a replica"):
        assert words in daemon.output()
    imported_once(site, daemon, master, 500)
    site.run("status")


def test_a_sentinel_of_garbage_alone(make_site, fake):
    """It is asked again and again, with pauses that grow, and a stop is at once."""
    garbage = fake(lambda words: GARBAGE[garbage.connections % len(GARBAGE)])
    site = make_site("sqlite", queue={"url": "redis+sentinel://127.0.0.1:%d/flows" % garbage.port, "retry_max": "20ms"})
    daemon = site.daemon()
    rig.wait_for(lambda: garbage.connections > 2 * len(GARBAGE), daemon.output)
    daemon.stop()


def test_nodes_that_send_round_in_a_circle(make_site, make_redis, fake):
    """One says that the other has the queue, which says the same of the first: neither is asked for ever, and the third,
    which has it, is found; without it there are pauses, and a stop is at once."""
    def moved(port):
        return b"-MOVED 1 127.0.0.1:%d\r\n" % port
    one = fake(lambda words: b"+PONG\r\n" if words[0] == b"PING" else moved(other.port))
    other = fake(lambda words: b"+PONG\r\n" if words[0] == b"PING" else moved(one.port))
    server = make_redis(tcp=True)
    url = "redis+cluster://127.0.0.1:%d,127.0.0.1:%d" % (one.port, other.port)
    site = make_site(redis=server, queue={"url": url, "retry_max": "1s"})
    daemon = site.daemon(name="round")
    rig.wait_for(lambda: daemon.output().count("trying again") > 2, daemon.output)
    daemon.stop()
    assert one.connections + other.connections <= 20 * (daemon.output().count("trying again") + 1)
    assert "MOVED" in site.run("status", code=1)[1]
    daemon = site.daemon(queue={"url": "%s,127.0.0.1:%d" % (url, server.port)})
    imported_once(site, daemon, server, 500)


def test_a_proxy_that_closes_after_some_commands(make_site, make_redis):
    """After each, and after ever more: nothing is lost, nothing counted twice; and when it lets all through, all is
    imported."""
    server = make_redis(tcp=True)
    chance = random.Random(7)
    limit = [1]

    def serve(client):
        with client, socket.create_connection(("127.0.0.1", server.port)) as behind, contextlib.suppress(OSError):
            left = limit[0] if limit[0] < 5 else chance.randrange(limit[0])
            client.setblocking(False)
            while left > 0:
                ready = select.select([client, behind], [], [])[0]
                for source, sink in ((client, behind), (behind, client)):
                    if source in ready:
                        data = source.recv(1 << 16)
                        if not data:
                            return
                        client.setblocking(True)
                        sink.sendall(data)
                        client.setblocking(False)
                        left -= source is behind

    with socket.create_server(("127.0.0.1", 0)) as proxy:
        def run():
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=(proxy.accept()[0],), daemon=True).start()
        threading.Thread(target=run, daemon=True).start()
        site = make_site(redis=server, queue={"url": "redis://127.0.0.1:%d" % proxy.getsockname()[1], "retry_max": "10ms"})
        server.push(entries(0, 6000))
        daemon = site.daemon()
        for limit[0], losses in ((1, 3), (4, 3), (10, 10)):
            begun = daemon.output().count("trying again")
            rig.wait_for(lambda: daemon.flush() or daemon.output().count("trying again") >= begun + losses,
                         daemon.output, step=0.02)
        limit[0] = 60
        test_going_back.drained(site, [daemon])
        limit[0] = 1 << 40
        server.push(entries(6000, 1000))
        test_going_back.drained(site, [daemon])
        daemon.stop()
    each_once(site, 7000)
    site.verify()
