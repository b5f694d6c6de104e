"""flowimportd as a collector: where to send, what it has made of what came, and what it says is lost."""
import random
import socket

import datagrams
import reference
import rig
from test_http import Client

ALL_TIME = ("index_nodes", "index_nodes6", "index_ports")


def free_port():
    """Of UDP and TCP, and below those that connections of other processes have."""
    chance = random.SystemRandom()
    while True:
        port = chance.randrange(20000, 32000)
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as one, socket.socket(socket.AF_INET6) as other:
            try:
                one.bind(("::", port))
                other.bind(("::", port))
            except OSError:
                continue
            return port


def unread(port):
    """Bytes in the buffer of the UDP socket that has the port."""
    for name in ("/proc/net/udp6", "/proc/net/udp"):
        with open(name, encoding="ascii") as lines:
            for line in lines:
                words = line.split()
                if words[1].endswith(":%04X" % port):
                    return int(words[4].split(":")[1], 16)
    raise AssertionError("nobody listens on port %d" % port)


class Collector:
    """flowimportd with a UDP and a TCP port of one number, and what it has made of what came. `options`: of [collector]."""

    def __init__(self, site, port=None, sections=None, **options):
        self.site, self.port = site, port or free_port()
        self.options = dict({"listen": "udp:%d, tcp:%d" % (self.port, self.port), "state": site.folder / "state"},
                            **options)
        self.daemon = site.daemon(collector=self.options, http={"listen": "127.0.0.1:0"},
                                  capture={"user": ""}, producer={"spool": site.folder / "spool"}, **(sections or {}))
        self.client = Client(self.daemon)

    def again(self, **options):
        """The next process, with the same configuration."""
        return Collector(self.site, self.port, **dict(self.options, **options))

    def send(self, *messages, **options):
        with datagrams.Sender(self.port, **options) as sender:
            sender.send(*messages)

    def shown(self):
        return self.client.status()["collector"]

    def wait_shown(self, **wanted):
        """Until the counters have these values, or more."""
        rig.wait_for(lambda: all(self.shown()[name] >= value for name, value in wanted.items()),
                     lambda: "%r: %r\n%s" % (wanted, self.shown(), self.daemon.output()[-3000:]))

    def imported(self, flows):
        """Until so many are in the tables, with flushes asked for meanwhile."""
        def done():
            assert self.daemon.running(), self.daemon.output()[-4000:]
            self.daemon.flush()
            self.site.redis.wake()
            return self.site.ledger()["flows"] >= flows * reference.FLOW_UNIT
        rig.wait_for(done, lambda: "%d flows: %r, %r\n%s" % (flows, self.site.ledger(), self.shown(),
                                                           self.daemon.output()[-3000:]), step=0.05)

    def stop(self):
        """What it has put onto the queue last, and not imported any more, is imported, too."""
        self.daemon.stop()
        if self.options.get("queue") != "direct":
            self.site.run("--once")

    def holds(self, given, lost=None, all_time=False):
        """Waits for the flows, and ends; then the tables are what the separate calculation makes of them, and `lost` is
        what is in `loss`. `all_time`: the tables without buckets alone."""
        expected = reference.Import(self.site.keys, self.site.sums, self.site.sizes)
        expected.add_all(datagrams.entries(given), now=datagrams.now_ms() // 1000)
        assert not expected.rejected
        self.imported(expected.flows)
        self.stop()
        got, wanted = self.site.tables(), expected.tables()
        if all_time:
            got, wanted = ({name: tables[name] for name in ALL_TIME} for tables in (got, wanted))
        rig.assert_tables(got, wanted)
        assert losses(self.site) == (lost or {})
        self.site.verify()


def losses(site):
    """{(source, what): how many}"""
    with site.store.cursor() as cursor:
        cursor.execute("SELECT source, what, SUM(lost) FROM loss GROUP BY source, what")
        return {tuple(word.decode() if isinstance(word, bytes) else word for word in row[:2]): int(row[2])
                for row in cursor.fetchall()}
