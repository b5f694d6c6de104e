"""flowimport --once beside other importers: what they have claimed is never silently left out, and never taken from one
that lives."""
import re

import pytest

import generator
import reference
import rig

LIFE = "{%s}:consumer:one" % rig.QUEUE


@pytest.fixture(name="entries")
def fixture_entries():
    return list(generator.flows(2000, seed=61))


def claimed(make_site, entries, **queue):
    """A daemon that has claimed all of them and committed none."""
    site = make_site("sqlite", queue=queue)
    daemon = site.daemon()
    site.redis.push(entries)
    site.wait_claimed()
    return site, daemon


def drained(out):
    return int(re.search(r"^queue \S+: (\d+) entries: ", out, re.M).group(1))


def exact(site, entries):
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())
    assert site.ledger()["entries"] == len(entries) and not site.claims()
    site.verify()


def test_claims_of_a_process_that_has_ended(make_site, entries):
    """Its sign of life is valid for an hour; but its process is gone, and that is known on its host."""
    site, daemon = claimed(make_site, entries, consumer_timeout="1h")
    daemon.kill()
    out, err = site.run("--once")
    assert drained(out) == 0
    assert re.search(r"^flowimport: 2000 entries are still in claims of importer 'one', process %d on host '\S+', which has "
                     r"ended: flowimport --once --adopt imports them$" % daemon.pid, err, re.M), err
    out, err = site.run("--once", "--adopt", bound=rig.SOON)
    assert drained(out) == 2000 and "waiting" not in err and "still in claims" not in err
    exact(site, entries)


def test_claims_of_one_that_may_be_dead(make_site, entries):
    """On another host: its sign of life must lapse first."""
    site, daemon = claimed(make_site, entries, consumer_timeout="1h")
    daemon.kill()
    client = site.redis.client()
    token = client.get(LIFE).decode().split("/")
    client.set(LIFE, "/".join(["elsewhere"] + token[1:]), px=3000)
    out, err = site.run("--once")
    assert drained(out) == 0
    assert re.search(r"2000 entries are still in claims of importer 'one', process %d on host 'elsewhere': if it has ended, "
                     r"flowimport --once --adopt imports them in [123] s$" % daemon.pid, err, re.M), err
    client.pexpire(LIFE, 3000)
    out, err = site.run("--once", "--adopt")
    assert drained(out) == 2000
    assert "flowimport: waiting for signs of life of importers with claims, up to 3 s\n" in err
    exact(site, entries)


def test_claims_of_one_that_lives_are_left_to_it(make_site, entries):
    site, daemon = claimed(make_site, entries, consumer_timeout="3s")
    before = sorted(site.claims())
    out, err = site.run("--once", "--adopt")
    assert drained(out) == 0 and sorted(site.claims()) == before
    assert "2000 entries are still in claims of importer 'one', process %d on host" % daemon.pid in err
    assert "which is alive and imports them itself\n" in err
    site.settle(2000, daemon)
    daemon.stop()
    exact(site, entries)


def test_claims_whose_sign_has_lapsed_are_imported_without_being_asked(make_site, entries):
    site, daemon = claimed(make_site, entries, consumer_timeout="1h")
    daemon.kill()
    site.redis.client().delete(LIFE)
    out, err = site.run("--once")
    assert drained(out) == 2000 and "still in claims" not in err
    exact(site, entries)


def test_adopt_is_for_the_queue(make_site, folder):
    site = make_site("sqlite")
    (folder / "flows.json").write_bytes(generator.one())
    _, err = site.run("--once", "--adopt", folder / "flows.json", code=2)
    assert "--adopt is for the queue" in err
