"""The page in a browser, on stores that the real importer has filled: node's tests beside this file, or pictures.

    run.py [test [NODE'S OPTION]... [FILE]...]     prints TAP
    run.py screenshots FOLDER

Exit code 77: node, Chromium or the modules are missing.
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))
import generator  # noqa: E402
import reference  # noqa: E402
import rig  # noqa: E402

MODULES = rig.TOP / "build/npm-tests"
HOUR = 3600
SIZES = (600, 3600)


NAMES = """10.0.0.0/13 name="<b>West</b>" site="Low, one"
10.8.0.0/13 site=High
"""


def now_hour():
    return int(time.time()) // HOUR * HOUR


def sample_flows(hour):
    """Six hours of traffic, an hour of other traffic long before, nothing between, so that there is a gap."""
    return list(generator.flows(3000, seed=6, hosts=60, span=4 * HOUR, start=hour - 6 * HOUR)) + \
        list(generator.flows(600, seed=7, hosts=60, span=HOUR, start=hour - 14 * HOUR))


def lost_entry(hour):
    return json.dumps({"lost": 120, "what": "flows", "source": "192.0.2.1/0", "start": hour - 4 * HOUR,
                       "end": hour - 4 * HOUR + 599}, separators=(",", ":")).encode()


def rows_of(imported):
    """What each row of flows_600 and flows6_600 has, as the tests add it up."""
    return [[bucket, family] + [reference.address_text(family, end) for end in key[:2]] + list(key[2:]) + values
            for (bucket, family, key), values in imported.folded[600].items()]


def address_of(process):
    return rig.wait_for(lambda: re.search(r"listening on (127\.0\.0\.1:\d+)\n", process.output()),
                        lambda: "the page's address:\n" + process.output()).group(1)


class Serve(rig.Process):
    """`flowimport serve` on a site's store."""

    def __init__(self, site):
        super().__init__(site.command("--http-listen", "127.0.0.1:0", "serve"), site.folder, "serve")


@contextlib.contextmanager
def stores(folder):
    """{kind: an empty store}"""
    server = folder / "mariadb"
    server.mkdir()
    maria = rig.MariaDB(server, rig.MariaTemplate(folder))
    try:
        yield {"mysql": rig.MySQLStore(maria, maria.new_database()), "sqlite": rig.SQLiteStore(folder)}
    finally:
        maria.stop()


@contextlib.contextmanager
def site_served(folder, store, entries, alone=False):
    """Imports the entries, yields (site, address of the page): flowimportd's own, or `alone` that of `flowimport serve`."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=folder))
    (folder / "redis").mkdir()
    queue = rig.Redis(folder / "redis")
    (folder / "names").write_text(NAMES)
    site = rig.Site(folder, queue, store, sizes=SIZES, names={"files": str(folder / "names"), "local": "10.0.0.0/13"})
    try:
        count = queue.push(entries)
        daemon = site.daemon(http={"listen": "127.0.0.1:0"})
        site.settle(count, daemon)
        if alone:
            daemon.stop()
            daemon = Serve(site)
            site.processes.append(daemon)
        yield site, "http://" + address_of(daemon)
    finally:
        for process in site.processes:
            process.kill()
        queue.kill()


def node(*words, **environment):
    return subprocess.run(["node", *map(str, words)], cwd=HERE, check=False,
                          env=dict(os.environ, FLOWIMPORT_MODULES=str(MODULES), **environment)).returncode


def test(options):
    hour = now_hour()
    flows = sample_flows(hour)
    expected = reference.Import(sizes=SIZES).add_all(flows)
    bad = [raw for _, raw in generator.bad(10)]
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="flowimport-")))
        facts = {"hour": hour, "size": 600, "rows": rows_of(expected), "imported": expected.imported + 1,
                 "flows": expected.flows, "rejected": len(bad), "pages": []}
        for kind, store in stack.enter_context(stores(folder)).items():
            entries = flows + bad + [lost_entry(hour)]
            site, url = stack.enter_context(site_served(folder, store, entries, alone=kind == "sqlite"))
            rig.assert_tables(site.tables(), expected.tables())
            facts["pages"].append({"kind": kind, "url": url})
        (folder / "facts.json").write_text(json.dumps(facts))
        files = [word for word in options if not word.startswith("-")] or sorted(HERE.glob("*.test.js"))
        return node("--test", "--test-reporter=tap", "--test-concurrency=%d" % os.cpu_count(),
                    *[word for word in options if word.startswith("-")], *files,
                    FLOWIMPORT_FACTS=str(folder / "facts.json"))


def screenshots(target):
    """Of the demo's traffic, and that of the time before, to be compared with."""
    script = rig.TOP / "etc/demo-traffic.awk"
    traffic = b"".join(subprocess.run(["awk", "-v", "now=%d" % (time.time() - ago * HOUR), "-v", "count=%d" % count, "-f", script],
                                      check=True, stdout=subprocess.PIPE).stdout
                       for ago, count in ((0, 60000), (7, 48000), (14, 1000))).splitlines()
    with tempfile.TemporaryDirectory(prefix="flowimport-") as folder:
        folder = pathlib.Path(folder)
        with site_served(folder, rig.SQLiteStore(folder), traffic) as (_, url):
            target.mkdir(parents=True, exist_ok=True)
            return node("screenshots.js", url, target.resolve())


def main(words):
    missing = [name for name in ("node", "npm", "chromium") if not shutil.which(name)]
    if missing:
        print("missing: %s; etc/install-deps.sh test installs what the tests need" % ", ".join(missing))
        return 77
    if subprocess.run([rig.TOP / "etc/npm.sh", HERE, MODULES], check=False, stdout=sys.stderr).returncode:
        return 77
    if words[0] == "screenshots":
        return screenshots(pathlib.Path(words[1]))
    return test(words[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["test"]))
