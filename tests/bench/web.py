"""The page's questions to the tables of a month, beside the same asked of flows_600 alone, and readers beside an import.

    web.py ROWS ROUNDS [sqlite|mysql]...     ROWS in 30 days, of 10 minutes each; MariaDB and SQLite

A time is the whole request's, by the median. The times asked for begin and end in the middle of hours and days, as those of
a page that follows the present do. Without IPv6: `flows6_600` is empty here.
"""
import contextlib
import http.client
import itertools
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import month  # noqa: E402
import rig  # noqa: E402

DAY, HOUR = 86400, 3600
SIZES = (600, 3600, 86400)
END = month.START + 30 * DAY + 14 * HOUR + 600
SPANS = {"an hour": HOUR, "a day": DAY, "30 days": 30 * DAY}
READERS, QUEUED = 50, 300  # of buckets, what is imported while they read
ENDS = "SELECT {0} AS id, octetDeltaCount AS octets FROM flows_600_data WHERE {{time}} UNION ALL " \
    "SELECT {1}, octetDeltaCount FROM flows_600_data WHERE {{time}}"
HOSTS = ENDS.format("sourceIPv4Address", "destinationIPv4Address")
PORTS = ENDS.format("sourceTransportPort", "destinationTransportPort")
TOP = "SELECT id, SUM(octets) FROM (%s) AS ends GROUP BY id ORDER BY 2 DESC LIMIT 10"
# What, parameters, the same as SQL.
SERIES = ("protocols over time", {"group": "class", "series": "yes", "compare": "before", "points": "300"},
          "SELECT bucket, protocolIdentifier, SUM(octetDeltaCount), SUM(packetDeltaCount), SUM(flows_millionths) "
          "FROM flows_600_data WHERE {time} GROUP BY bucket, protocolIdentifier")
TOP_HOSTS = ("top hosts", {"group": "host", "n": "10"}, TOP % HOSTS)
TOP_PORTS = ("top ports", {"group": "port", "n": "10"}, TOP % PORTS)
TOP_PAIRS = ("top conversations", {"group": "src,dst", "n": "10"},
             "SELECT sourceIPv4Address, destinationIPv4Address, SUM(octetDeltaCount) FROM flows_600_data WHERE {time} "
             "GROUP BY sourceIPv4Address, destinationIPv4Address ORDER BY 3 DESC LIMIT 10")
# The overview is the first four of a day. Milliseconds that are wanted; None: not promised.
QUESTIONS = [("a day", SERIES, 100), ("a day", TOP_HOSTS, 100), ("a day", TOP_PORTS, 100), ("a day", TOP_PAIRS, 100),
             ("an hour", TOP_HOSTS, 50), ("an hour", TOP_PORTS, 50), ("an hour", TOP_PAIRS, 50),
             ("30 days", SERIES, 100), ("30 days", TOP_HOSTS, 300), ("30 days", TOP_PORTS, 300), ("30 days", TOP_PAIRS, None)]


def path_of(span, parameters):
    return "/api/query?" + urllib.parse.urlencode({"from": END - SPANS[span], "to": END, **parameters})


class Page:
    def __init__(self, site, *options):
        self.serve = rig.Process(site.command("--http-listen", "127.0.0.1:0", "--query-timeout", "2m", *options, "serve"), site.folder, "serve")
        found = rig.wait_for(lambda: re.search(r"listening on 127\.0\.0\.1:(\d+)\n", self.serve.output()), self.serve.output)
        self.port = int(found.group(1))

    def connect(self):
        return contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=300))

    def ask(self, path):
        """(seconds, answer)"""
        with self.connect() as connection:
            start = time.monotonic()
            connection.request("GET", path)
            reply = connection.getresponse()
            body = reply.read()
            seconds = time.monotonic() - start
        assert reply.status == 200, (path, body)
        return seconds, json.loads(body)


def median_of(rounds, ask):
    """The median, once the caches know what it is about."""
    ask()
    return statistics.median(ask() for _ in range(rounds))


def forced(site, sql, span):
    """Seconds that the SQL takes on flows_600."""
    time_range = "bucket >= %d AND bucket < %d" % ((END - SPANS[span]) // 600 * 600, END)
    with site.store.cursor() as cursor:
        start = time.monotonic()
        cursor.execute(sql.format(time=time_range))
        cursor.fetchall()
        return time.monotonic() - start


def questions(site, rounds):
    page = Page(site)
    try:
        for span, (what, parameters, sql), wanted in QUESTIONS:
            path = path_of(span, parameters)
            answer = page.ask(path)[1]
            took = median_of(rounds, lambda: page.ask(path)[0]) * 1000
            plain = median_of(1 if span == "30 days" else rounds, lambda: forced(site, sql, span)) * 1000
            tables = sorted({re.sub(r"index_nodes6?|index_ports", "index", re.sub("flows6", "flows", table)) for table in answer["tables"]})
            print("%-8s %-20s %7.1f ms of %7d rows; of flows_600 %8.1f ms: ratio %7.1f%s  %s" % (
                span, what, took, answer["rows"], plain, plain / took,
                "" if wanted is None else " (wanted: below %d ms%s)" % (wanted, "" if took < wanted else ", MISSED"), " ".join(tables)), flush=True)
    finally:
        page.serve.kill()


def read_on(page, paths, ended, counts):
    """What a reader does: one question after the other. It takes no time from the import: readers are at other machines."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
    with page.connect() as connection:
        while not ended.is_set():
            for path in paths:
                connection.request("GET", path)
                reply = connection.getresponse()
                text = reply.read()
                said = "200" if reply.status == 200 else "%d %s" % (reply.status, text.decode())
                counts[said] = counts.get(said, 0) + 1
                if ended.is_set():
                    return


@contextlib.contextmanager
def readers(site, counts):
    """READERS at a time that ask for the overview of a day, as fast as they are answered."""
    page, ended = Page(site), threading.Event()
    paths = [path_of("a day", parameters) for _, parameters, _ in (SERIES, TOP_HOSTS, TOP_PORTS, TOP_PAIRS)]
    threads = [threading.Thread(target=read_on, args=(page, paths, ended, counts)) for _ in range(READERS)]
    for thread in threads:
        thread.start()
    try:
        rig.wait_for(lambda: sum(counts.values()) > 0, "an answer", 120)
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()
        page.serve.kill()


def queue_import(site, rows, first):
    """Seconds that the import of QUEUED buckets from the queue takes."""
    site.redis.push(line.encode() for lines in month.lines(rows, first, QUEUED) for line in lines)
    start = time.monotonic()
    site.run("--once", bound=1200)
    return time.monotonic() - start


def import_beside(site, rows, rounds):
    times = {False: [], True: []}
    counts = {}
    first = month.DAYS * month.PER_DAY
    # A flow of each day, so that its partitions are there, as the retention's event sees to a week ahead.
    site.redis.push(lines[0].encode() for lines in itertools.islice(
        month.lines(rows, first, 2 * rounds * QUEUED), 0, None, month.PER_DAY // 2))
    site.run("--once")
    for turn in range(2 * rounds):
        busy = bool(turn % 2)
        with readers(site, counts) if busy else contextlib.nullcontext():
            times[busy].append(queue_import(site, rows, first + turn * QUEUED))
    alone, beside = (statistics.median(times[busy]) for busy in (False, True))
    print("import of %d flows from the queue: alone %.2f s, beside %d readers %.2f s: ratio %.2f (wanted: at most 1.10); answers %s" % (
        rows * QUEUED // (30 * month.PER_DAY), alone, READERS, beside, beside / alone,
        ", ".join("%d times %s" % (number, said) for said, number in sorted(counts.items()))), flush=True)


def measure(folder, kind, store, rows, rounds):
    path = folder / kind
    (path / "redis").mkdir(parents=True)
    queue = rig.Redis(path / "redis")
    try:
        site = rig.Site(path, queue, store, sizes=SIZES, import_={"cache_memory": "1G"})
        start = time.monotonic()
        with subprocess.Popen([sys.executable, month.__file__, str(rows)], stdout=subprocess.PIPE) as lines:
            subprocess.run(site.command("--once", "--format", "json", "-"), stdin=lines.stdout, stderr=subprocess.DEVNULL, check=True)
        print("--- %s: a month of %d rows imported in %.0f s" % (kind, rows * month.DAYS // 30, time.monotonic() - start), flush=True)
        questions(site, rounds)
        import_beside(site, rows, rounds)
    finally:
        queue.kill()


def main(rows, rounds, kinds):
    with tempfile.TemporaryDirectory(prefix="flowimport-") as folder:
        folder = pathlib.Path(folder)
        if "sqlite" in kinds:
            measure(folder, "sqlite", rig.SQLiteStore(folder), rows, rounds)
            (folder / "flows.db").unlink()
        if "mysql" in kinds:
            server = folder / "mariadb"
            server.mkdir()
            maria = rig.MariaDB(server, rig.MariaTemplate(folder), options=["--innodb-buffer-pool-size=2G", "--innodb-log-file-size=512M"])
            try:
                measure(folder, "mysql", rig.MySQLStore(maria, maria.new_database()), rows, rounds)
            finally:
                maria.kill()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] or ["sqlite", "mysql"])
