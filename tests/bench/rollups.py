"""A month in a second: what questions over 30 days take without and with roll-ups, and what these cost an import.

    rollups.py ROWS ROUNDS [sqlite|mysql]... [--rollups TEXT]     ROWS of flows_600 in 30 days; MariaDB and SQLite

The month is imported without roll-ups and asked; `flowimport schema upgrade` makes them, and it is asked again. A time is the
whole request's, by the median, and begins and ends in the middle of hours and days, as those of a page that follows the present
do. The conversations are those of month.py, but with a new client's port for each that comes and goes, and as four exporters with
four interfaces and two uplinks each would see them. The import is that of a day more, a generation for each ten minutes.
"""
import argparse
import pathlib
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import month  # noqa: E402
import rig  # noqa: E402
from web import DAY, END, Page, median_of, path_of  # noqa: E402

ROLLUPS = "1d: src dst proto service; 1h: proto service; 1h: exporter in out proto"
EXPORTER = "exporterIPv4Address", "ingressInterface", "egressInterface"
SIZES = (600, 3600, 86400)
PANEL, FREE = 300, 1000
# What, parameters, milliseconds that are wanted with roll-ups.
QUESTIONS = [
    ("panel: protocols", {"group": "class", "series": "yes", "compare": "before", "points": "300"}, PANEL),
    ("panel: hosts", {"group": "host", "n": "10"}, PANEL),
    ("panel: ports", {"group": "port", "n": "10"}, PANEL),
    ("panel: services", {"group": "service", "n": "10"}, PANEL),
    ("panel: conversations", {"group": "src,dst", "n": "10"}, PANEL),
    ("pairs, over time", {"group": "src,dst", "n": "5", "series": "yes", "step": "3600"}, FREE),
    ("exporter by interface", {"group": "exporter,in", "n": "50"}, FREE),
    ("services of hosts", {"group": "src,service", "n": "10"}, FREE),
    ("who uses a service", {"group": "src", "filter": "service=22", "n": "10"}, FREE),
    ("a host's peers", {"group": "dst", "filter": "src=10.0.0.5", "n": "50"}, FREE),
    ("a host's services", {"group": "service", "filter": "host=10.0.0.5", "n": "50"}, FREE),
]


def conversations(rng):
    """(keys up to the client's port, keys behind it, the same with the ends exchanged)"""
    for _ in range(month.LASTING + month.PASSING):
        client, server = 0x0a000000 + int(month.HOSTS * rng.random() ** 2), 0xc6336400 + int(month.SERVERS * rng.random() ** 3)
        port, protocol = rng.choice(month.SERVICES)
        exporter, inside, outside = client % 4, client % 16 + 1, server % 2 + 17  # of two uplinks
        out = rng.random() < 0.5
        ends = (client, server, inside, outside) if out else (server, client, outside, inside)
        yield ('{"sourceIPv4Address":%d,"destinationIPv4Address":%d,"ingressInterface":%d,"egressInterface":%d,"exporterIPv4Address":%d,'
               '"protocolIdentifier":%d,"%s":%d,"%s":' % (*ends, 0xc0000200 + exporter, protocol, "destinationTransportPort" if out else "sourceTransportPort",
                                                        port, "sourceTransportPort" if out else "destinationTransportPort"))


def lines(rows, first=0, count=month.DAYS * month.PER_DAY):
    rng = random.Random(1)
    keys = list(conversations(rng))
    lasting, passing = keys[:month.LASTING], keys[month.LASTING:]
    fixed = [str(rng.randrange(32768, 61000)) for _ in lasting]
    sums = [',"octetDeltaCount":%d,"packetDeltaCount":%d}' % (60 * 2 ** (rng.random() * 14), 1 + rng.random() * 50) for _ in range(4096)]
    for bucket in range(first, first + count):
        rng.seed(bucket)
        here = rows * (bucket + 1) // (30 * month.PER_DAY) - rows * bucket // (30 * month.PER_DAY)
        often = min(here // 2, month.LASTING)
        start = month.START + bucket * month.SIZE
        times = [',"flowStartSeconds":%d,"flowEndSeconds":%d' % (start + i * 7, start + i * 7 + i % 60) for i in range(64)]
        chosen = rng.sample(range(month.LASTING), often)
        made = [lasting[i] + fixed[i] for i in chosen]
        made += [key + str(32768 + i * 7919 % 28000) for i, key in enumerate(rng.choices(passing, k=here - often), rng.randrange(28000))]
        yield [key + times[i & 63] + sums[i * 31 + bucket & 4095] for i, key in enumerate(made)]


def ask_all(site, rounds, rollups, times):
    """{what: median}; without roll-ups once is enough."""
    page = Page(site, *(("--rollups", rollups) if rollups else ()))
    try:
        for what, parameters, wanted in QUESTIONS:
            path = path_of("30 days", parameters)
            took, answer = page.ask(path)
            times[what] = median_of(rounds, lambda: page.ask(path)[0]) * 1000 if rollups else took * 1000
            answer = {name: answer[name] for name in ("total", "groups", "rows", "tables")}
            if not rollups:
                times[what, "answer"] = answer
                continue
            plain = times[what, "answer"]
            assert (answer["total"], answer["groups"]) == (plain["total"], plain["groups"]), what
            before = times[what, "plain"]
            read = sorted({table for table in answer["tables"] if "6_" not in table[:8]})
            print("%-22s %8.1f ms of %7d rows, before %8.1f ms of %8d: ratio %6.1f (wanted: below %d ms%s)  %s" % (
                what, times[what], answer["rows"], before, plain["rows"], before / times[what], wanted,
                "" if times[what] < wanted else ", MISSED", " ".join(read)), flush=True)
    finally:
        page.serve.kill()


def import_day(site, files, rollups):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    site.run("--once", *files, bound=1200, import_={"rollups": rollups})
    took = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def import_cost(folder, store_of, rows, rounds, rollups, generations):
    """Ten minutes a file, into fresh stores without and with roll-ups, by turns."""
    files = []
    for bucket, bucket_lines in enumerate(lines(rows, 0, generations)):
        files.append(folder / ("%d.json" % bucket))
        files[-1].write_text("\n".join(bucket_lines) + "\n")
    took = {"none": [], rollups: []}
    for turn in range(2 * rounds):
        choice = (rollups, "none")[turn % 2]
        path = folder / ("day%d" % turn)
        path.mkdir()
        site = rig.Site(path, None, store_of(path), keys=rig.TUPLE_KEYS + EXPORTER, sizes=SIZES)
        took[choice].append(import_day(site, files, choice))
    plain, rolled = (tuple(map(statistics.median, zip(*took[choice]))) for choice in ("none", rollups))
    print("import of %d rows in %d generations: %.2f s, with roll-ups %.2f s: ratio %.2f; CPU of the importer %.2f s, %.2f s: ratio %.2f"
          " (wanted: at most 1.15)" % (rows * len(files) // (30 * month.PER_DAY), len(files), plain[0], rolled[0], rolled[0] / plain[0], plain[1], rolled[1], rolled[1] / plain[1]), flush=True)


def measure(folder, kind, store_of, options):
    path = folder / kind
    path.mkdir()
    if options.part != "import":
        measure_month(path, kind, store_of, options)
    if options.part != "month":
        import_cost(path, store_of, options.rows, options.rounds, options.rollups, options.generations)


def measure_month(path, kind, store_of, options):
    site = rig.Site(path, None, store_of(path), keys=rig.TUPLE_KEYS + EXPORTER, sizes=SIZES, import_={"cache_memory": "1G"})
    start = time.monotonic()
    with subprocess.Popen([sys.executable, __file__, "--lines", str(options.rows)], stdout=subprocess.PIPE) as made:
        subprocess.run(site.command("--once", "--format", "json", "-"), stdin=made.stdout, stderr=subprocess.DEVNULL, check=True)
    print("--- %s: a month of %d rows imported in %.0f s" % (kind, options.rows * month.DAYS // 30, time.monotonic() - start), flush=True)
    times = {}
    ask_all(site, 0, None, times)
    for what, _, _ in QUESTIONS:
        times[what, "plain"] = times[what]
    start = time.monotonic()
    site.run("schema", "upgrade", bound=3600, import_={"rollups": options.rollups})
    print("schema upgrade: %.0f s for rollups = %s" % (time.monotonic() - start, options.rollups))
    ask_all(site, options.rounds, options.rollups, times)
    assert "all tables agree" in site.run("verify", bound=3600, import_={"rollups": options.rollups})[0]


def main(options):
    with tempfile.TemporaryDirectory(prefix="flowimport-") as folder:
        folder = pathlib.Path(folder)
        if "sqlite" in options.kinds:
            measure(folder, "sqlite", rig.SQLiteStore, options)
        if "mysql" in options.kinds:
            server = folder / "mariadb"
            server.mkdir()
            maria = rig.MariaDB(server, rig.MariaTemplate(folder), options=["--innodb-buffer-pool-size=2G", "--innodb-log-file-size=512M"])
            try:
                measure(folder, "mysql", lambda path: rig.MySQLStore(maria, maria.new_database()), options)
            finally:
                maria.kill()


if __name__ == "__main__":
    if sys.argv[1] == "--lines":
        for made_lines in lines(int(sys.argv[2])):
            sys.stdout.write("\n".join(made_lines) + "\n")
        sys.exit()
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", type=int)
    parser.add_argument("rounds", type=int)
    parser.add_argument("kinds", nargs="*", default=["sqlite", "mysql"])
    parser.add_argument("--rollups", default=ROLLUPS)
    parser.add_argument("--generations", type=int, default=month.PER_DAY)
    parser.add_argument("--part", choices=("month", "import", "all"), default="all")
    main(parser.parse_args())
