"""flowimport --once: the queue or files straight into the store; what was read once is not added twice."""
import gzip
import json
import os
import re
import signal
import subprocess
import time

import pytest

import generator
import reference
import rig
from generator import one


@pytest.fixture
def entries():
    return list(generator.flows(3000, seed=91))


def write(path, entries):
    path.write_bytes(b"".join(raw + b"\n" for raw in entries))
    return path


def expect(site, *batches):
    rig.assert_tables(site.tables(), reference.Import().add_all([raw for batch in batches for raw in batch]).tables())
    site.verify()


def test_once_drains_the_queue(make_site, kind, entries):
    site = make_site(kind)
    site.redis.push(entries)
    site.run("--once")
    assert site.caught_up(3000)
    assert set(site.redis.client().keys()) <= {b"{entry:queue}:taken"}
    expect(site, entries)
    site.run("--once")
    assert site.ledger()["entries"] == 3000


def test_once_stops_at_end(make_site, entries):
    site = make_site("sqlite")
    site.redis.push(entries[:10] + [b"END"] + entries[10:20])
    site.run("--once")
    assert site.redis.client().lrange(rig.QUEUE, 0, -1) == entries[10:20]
    expect(site, entries[:10])


def test_files_plain_gzipped_and_standard_input(make_site, kind, folder, entries):
    site = make_site(kind)
    plain = write(folder / "plain.jsonl", entries[:1000])
    (folder / "packed.gz").write_bytes(gzip.compress(b"".join(raw + b"\n" for raw in entries[1000:2000])))
    site.run("--once", plain, folder / "packed.gz", "-", stdin=b"".join(raw + b"\n" for raw in entries[2000:]))
    assert site.ledger()["entries"] == 3000
    assert set(site.redis.client().keys()) <= {b"{entry:queue}:taken"}
    expect(site, entries)


def test_last_line_needs_no_newline_and_empty_lines_are_none(make_site, folder):
    site = make_site("sqlite")
    (folder / "a").write_bytes(one() + b"\r\n\n" + one() + b"\n\n" + one())
    site.run("--once", "--format", "json", folder / "a")
    assert (site.ledger()["imported"], site.ledger()["rejected"]) == (3, 0)
    expect(site, [one()] * 3)


def test_again_adds_nothing_unless_asked(make_site, kind, folder, entries):
    site = make_site(kind)
    path = write(folder / "flows.jsonl", entries)
    for _ in range(3):
        site.run("--once", path)
        assert site.ledger()["entries"] == 3000
    os.rename(path, folder / "renamed.jsonl")
    site.run("--once", folder / "renamed.jsonl")
    expect(site, entries)
    site.run("--once", "--again", folder / "renamed.jsonl")
    expect(site, entries, entries)


def test_bad_lines_are_counted_and_give_exit_code_3(make_site, folder, entries):
    site = make_site("sqlite")
    bad = [raw for _, raw in generator.bad(30)]
    _, err = site.run("--once", write(folder / "mixed.jsonl", entries[:100] + bad + entries[100:200]), code=3)
    assert re.search(r"\b30\b", err), err
    assert (site.ledger()["imported"], site.ledger()["rejected"]) == (200, 30)
    expect(site, entries[:200])


def test_a_line_of_megabytes_is_refused_by_its_length(make_site, folder):
    """By --once, print and push alike; what follows it is read, and --rejected keeps its head."""
    site, aside = make_site("sqlite"), folder / "aside"
    path = write(folder / "long.jsonl", [one(), b"x" * 50000000, one(sourceTransportPort=7)])
    said = "%s:2: too-big: the line has 50000000 bytes; an entry has at most 1048576\n%s: 1 entries were rejected\n" % (
        path, path)
    assert site.run("--once", "--rejected", aside, path, code=3)[1] == said
    assert (site.ledger()["imported"], site.ledger()["rejected"]) == (2, 1)
    assert aside.read_bytes() == b"x" * 65536 + b"\n"
    out, err = site.run("print", path, code=3)
    assert (len(out.splitlines()), err) == (2, said)
    assert site.run("push", path, code=3)[1].endswith(said)
    assert site.redis.client().llen(rig.QUEUE) == 2


def test_sums_stay_at_the_largest_in_every_file(make_site, folder):
    site = make_site("sqlite")
    large = [one(octetDeltaCount=2**53, sourceTransportPort=port) for port in (1, 2)] * 550
    rest = [one(), one(octetDeltaCount=2**53 + 1)]
    site.run("--once", write(folder / "first.jsonl", large))
    _, err = site.run("--once", write(folder / "second.jsonl", large[:600] + rest), code=3)
    assert "too-large" in err and "octetDeltaCount" in err  # by itself
    assert site.ledger()["entries"] == 1702 and site.ledger()["rejected"] == 1
    expect(site, large + large[:600] + rest[:1])
    site.verify()


def test_queue_with_bad_entries_gives_exit_code_3(make_site):
    site = make_site("sqlite")
    site.redis.push([one(), b"x", one()])
    _, err = site.run("--once", code=3)
    assert re.search(r"\b1\b", err), err
    assert [raw for _, raw in site.rejected()] == [b"x"]


def test_absent_file_is_exit_code_1_and_named(make_site, folder, entries):
    site = make_site("sqlite")
    path = write(folder / "here.jsonl", entries[:10])
    _, err = site.run("--once", folder / "nowhere.jsonl", path, code=1)
    assert str(folder / "nowhere.jsonl") in err
    _, err = site.run("--once", folder, code=1)
    assert str(folder) in err


def test_cut_gzip_is_an_error(make_site, folder, entries):
    site = make_site("sqlite")
    packed = gzip.compress(b"".join(raw + b"\n" for raw in entries))
    (folder / "cut.gz").write_bytes(packed[:len(packed) // 2])
    _, err = site.run("--once", folder / "cut.gz", code=1)
    assert "cut.gz" in err


@pytest.mark.parametrize("fault", ["mid-fold", "mid-flush", "after-commit"])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_killed_half_way_and_resumed(make_site, kind, folder, fault, packed):
    entries = list(generator.flows(10000, seed=92, hosts=300))
    site = make_site(kind, queue={"claim_entries": 2000})
    path = folder / "flows.jsonl"
    data = b"".join(raw + b"\n" for raw in entries)
    path.write_bytes(gzip.compress(data, 1) if packed else data)
    for nth in (1, 2):
        done = subprocess.run(site.command("--once", path),
                              env=dict(os.environ, FLOWIMPORT_FAULT="%s:%d" % (fault, nth)),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode == 0:
            break  # the file fits fewer chunks
        assert done.returncode == -signal.SIGKILL, done.stdout
    else:
        assert nth == 2
    site.run("--once", path)
    assert site.ledger()["entries"] == 10000
    expect(site, entries)


def test_killed_at_any_instant_and_resumed(make_site, folder):
    entries = list(generator.flows(30000, seed=93, hosts=300))
    site = make_site("sqlite", queue={"claim_entries": 3000})
    path = write(folder / "flows.jsonl", entries)
    killed = 0
    for i in range(40):
        child = subprocess.Popen(site.command("--once", path), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        try:
            child.wait(0.005 + i * 0.007)
        except subprocess.TimeoutExpired:
            child.kill()
            killed += 1
        child.wait()
        if child.returncode == 0:
            break
    site.run("--once", path)
    assert killed >= 1
    assert site.ledger()["entries"] == 30000
    expect(site, entries)


def test_a_file_that_grew_adds_what_is_new(make_site, folder, entries):
    site = make_site("sqlite")
    path = write(folder / "log.jsonl", entries[:1000])
    site.run("--once", path)
    with open(path, "ab") as out:
        out.write(b"".join(raw + b"\n" for raw in entries[1000:1500]))
    site.run("--once", path)
    assert site.ledger()["entries"] in (1500, 2500)  # the new part alone, or the file as a new one
    expect(site, entries[:1500], entries[:1000] if site.ledger()["entries"] == 2500 else [])


def test_files_beside_a_running_daemon(make_site, kind, folder, entries):
    site = make_site(kind)
    daemon = site.daemon()
    site.redis.push(entries[:1500])
    site.run("--once", write(folder / "flows.jsonl", entries[1500:]))
    site.settle(3000, daemon)
    daemon.stop()
    expect(site, entries)


def test_sigterm_during_a_file_is_resumable(make_site, folder):
    entries = list(generator.flows(20000, seed=94, hosts=300))
    site = make_site("sqlite", queue={"claim_entries": 1000})
    path = write(folder / "flows.jsonl", entries)
    child = rig.Process(site.command("--once", path), site.folder, "once")
    site.processes.append(child)
    rig.wait_for(lambda: rig.read_ledger(site.store) or not child.running(), "the first chunk", step=0.001)
    if child.running():
        child.signal(signal.SIGTERM)
    child.wait()
    time.sleep(0)
    site.run("--once", path)
    assert site.ledger()["entries"] == 20000
    expect(site, entries)


LAYOUTS = {
    "a list over many lines": lambda flows: json.dumps(flows, indent=2),
    "a list of lines": lambda flows: "[\n" + ",\n".join(map(json.dumps, flows)) + "\n]\n",
    "a list in one long line": lambda flows: json.dumps(flows + [{"note": "x" * 1000000}]),
    "objects over many lines": lambda flows: "\r\n".join(json.dumps(flow, indent="\t") for flow in flows),
    "objects beside each other, behind a mark": lambda flows: "\ufeff" + "".join(map(json.dumps, flows)),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_json_of_any_layout(make_site, folder, entries, layout):
    """By --once, push and print alike, as an object a line."""
    site = make_site("sqlite")
    flows = [json.loads(raw) for raw in entries[:2000]]
    (folder / "flows.json").write_text(layout(flows))
    bad = 1 if layout is LAYOUTS["a list in one long line"] else 0
    _, err = site.run("--once", folder / "flows.json", code=3 if bad else 0)
    assert (site.ledger()["imported"], site.ledger()["rejected"]) == (2000, bad), err
    expect(site, entries[:2000])
    out, _ = site.run("print", folder / "flows.json")
    assert [json.loads(line) for line in out.splitlines()][:2000] == flows
    site.run("push", folder / "flows.json")
    pushed = [json.loads(raw) for raw in site.redis.client().lrange(rig.QUEUE, 0, -1)]
    assert len(pushed) == 2000 + bad and pushed[:2000] == flows
    site.run("push", folder / "flows.json")
    assert site.redis.client().llen(rig.QUEUE) == 2000 + bad


def test_what_is_wrong_in_json_over_many_lines_is_named_by_its_place(make_site, folder):
    site, aside, path = make_site("sqlite"), folder / "aside", folder / "flows.json"
    good = json.dumps(json.loads(one()), indent=2)
    broken = '{\n  "octetDeltaCount": 1\n  "packetDeltaCount": 2\n}'
    path.write_text("[\n%s,\n%s,\n 7, %s, {}]" % (good, broken, good))
    first = good.count("\n") + 1
    said = ["%d:3: not-json: expected ',' or '}', not '\"'; the object begins in line %d" % (first + 4, first + 2),
            "%d:2: not-json: expected an object, not '7'" % (first + 6),
            "%d:4: rejected: " % (first * 2 + 5)]
    _, err = site.run("--once", "--rejected", aside, path, code=3)
    assert (site.ledger()["imported"], site.ledger()["rejected"]) == (2, 3)
    for line, wanted in zip(err.splitlines(), said):
        assert line.startswith("%s:%s" % (path, wanted)), err
    assert broken in aside.read_text()
    expect(site, [one()] * 2)


def test_a_list_that_is_cut_off_is_read_as_far_as_it_goes(make_site, folder, entries):
    site, path = make_site("sqlite"), folder / "flows.json"
    whole = json.dumps([json.loads(raw) for raw in entries[:100]], indent=1)
    path.write_text(whole[:whole.rindex(":")])
    _, err = site.run("--once", path, code=3)
    assert "the object that begins in line" in err and "is cut off: the file ends" in err
    assert (site.ledger()["imported"], site.ledger()["rejected"]) == (99, 1)
    expect(site, entries[:99])


def test_kill_during_a_list_is_resumed_where_it_was(make_site, folder):
    """Whatever was committed of it; an object a line, or several."""
    entries = list(generator.flows(5000, seed=95, hosts=300))
    site, path = make_site("sqlite", queue={"claim_entries": 1000}), folder / "flows.json"
    lines = [json.dumps([json.loads(raw) for raw in entries[i:i + 7]])[1:-1] for i in range(0, 5000, 7)]
    path.write_text("[" + ",\n".join(lines) + "]")
    for nth in (1, 2):
        done = subprocess.run(site.command("--once", path), check=False, stdin=subprocess.DEVNULL,
                              env=dict(os.environ, FLOWIMPORT_FAULT="after-commit:%d" % nth))
        assert done.returncode == -signal.SIGKILL
    assert 0 < site.ledger()["entries"] < 5000
    site.run("--once", path)
    assert site.ledger()["entries"] == 5000
    expect(site, entries)
