"""The rig and the reference themselves, held against values worked out by hand."""
import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest

import generator
import reference
import rig

NOW = 1764000000


def test_slices_add_up_and_follow_the_floor_formula():
    assert reference.slices(1000, 1700003390, 1700003419, 600) == [(1700002800, 333), (1700003400, 667)]
    assert reference.slices(1, 1700002800, 1700004599, 600) == [(1700002800, 0), (1700003400, 0), (1700004000, 1)]
    assert reference.slices(1000000, 1700003395, 1700003404, 600) == [(1700002800, 500000), (1700003400, 500000)]
    assert sum(part for _, part in reference.slices(2**63 - 1, 7, 86400, 60)) == 2**63 - 1


def test_reference_rows_of_one_flow():
    tables = reference.Import(sizes=(600,)).add_all([generator.one()]).tables()
    assert tables["flows_600"] == [(1700002800, "10.0.0.1", "10.0.0.2", 50001, 443, 6, 10, 1000, 1000000,
                                    10, 1000, 1000000, 0, 0, 0, 0, 0, 0, 0, 0, 0)]
    assert tables["flows6_600"] == []
    assert tables["flows_aggr_600"] == [(1700002800,) + (10, 1000, 1000000) * 2 + (0,) * 9]
    one, none = (10, 1000, 1000000), (0, 0, 0)
    assert tables["index_ports"] == [(-1,) + one + one + none * 13,
                                     (443,) + one + one + none * 8 + one + one + none * 3,
                                     (50001,) + one + one + none * 3 + one + one + none * 8]


@pytest.mark.parametrize("reason, raw", list(generator.bad(10)),
                         ids=lambda value: value if isinstance(value, str) else "")
def test_reference_reasons(reason, raw):
    assert reference.Import().add(raw, NOW).reason == reason


def test_generator_is_deterministic_and_its_flows_are_good():
    first, again = list(generator.flows(2000, seed=5)), list(generator.flows(2000, seed=5))
    assert first == again and first != list(generator.flows(2000, seed=6))
    done = reference.Import().add_all(first)
    assert (done.imported, sum(done.rejected.values())) == (2000, 0)
    assert json.loads(first[0])["packetDeltaCount"] >= 1


def test_differences_are_found():
    row = (1, 2, 3)
    assert rig.differences({"t": [row]}, {"t": [row]}) == ""
    assert "got      (1, 2, 4)" in rig.differences({"t": [(1, 2, 4)]}, {"t": [row]})
    assert "a row stands twice" in rig.differences({"t": [row, row]}, {"t": [row]})
    assert "only in the expectation" in rig.differences({}, {"t": [row]})


def test_servers_come_up_and_go(make_redis, maria):
    server = make_redis(appendonly=True)
    assert server.push([b"a", b"b\n\0"]) == 2
    server.stop()
    server.start()
    assert server.client().lrange(rig.QUEUE, 0, -1) == [b"a", b"b\n\0"]
    assert maria.run("SELECT @@innodb_buffer_pool_size")[0][0] == 256 * 1024 * 1024


def has_ended(pid):
    """Or is a zombie that nobody waits for."""
    try:
        return pathlib.Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_servers_end_with_a_run_that_is_killed(folder, number):
    script = ("import pathlib, sys, time, rig\n"
              "print(rig.Redis(pathlib.Path(sys.argv[1])).process.pid, flush=True)\n"
              "time.sleep(1000)\n")
    with subprocess.Popen([sys.executable, "-c", script, folder], stdout=subprocess.PIPE,
                          cwd=pathlib.Path(rig.__file__).parent) as run:
        server = int(run.stdout.readline())
        assert not has_ended(server)
        os.kill(run.pid, number)
    rig.wait_for(lambda: has_ended(server), "redis-server to end")
