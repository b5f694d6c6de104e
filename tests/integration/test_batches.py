"""Many flows, cut into batches of every kind: the tables are the same, and they are the reference's."""
import contextlib
import hashlib
import os
import random
import sqlite3

import pytest

import generator
import reference
import rig
from test_vectors import check_ledger

SIZES = (60, 600, 3600)
# How many flows go through the reference too, and how many are compared between two ways of importing alone.
FLOWS = int(os.environ.get("FLOWIMPORT_TEST_FLOWS", "20000"))
MANY = int(os.environ.get("FLOWIMPORT_TEST_MANY", "200000"))


@pytest.fixture(scope="module")
def known():
    """Entries, and what the reference makes of them."""
    entries = list(generator.flows(FLOWS, seed=21))
    done = reference.Import(sizes=SIZES).add_all(entries)
    return entries, done, done.tables()


def test_many_flows_equal_the_reference(make_site, kind, known):
    entries, done, tables = known
    site = make_site(kind, sizes=SIZES, import_={"cache_memory": "512M"})
    site.import_all(entries)
    rig.assert_tables(site.tables(), tables)
    check_ledger(site, done)
    site.verify()


@pytest.mark.parametrize("page", [1, 7, 1000, 100000])
def test_page_size_changes_nothing(make_site, page, known):
    entries, _, _ = known
    entries = entries[:{1: 3000}.get(page, 20000)]
    site = make_site("sqlite", queue={"page": page})
    site.import_all(entries)
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_batches_with_a_flush_between_change_nothing(make_site, kind, step, known):
    entries, _, _ = known
    entries = entries[:{1: 30, 7: 210, 1000: 8000}[step]]
    site = make_site(kind)
    daemon = site.daemon()
    for at in range(0, len(entries), step):
        site.redis.push(entries[at:at + step])
        site.settle(min(at + step, len(entries)), daemon)
    daemon.stop()
    assert len(rig.read_ledger(site.store)) >= (len(entries) + step - 1) // step
    rig.assert_tables(site.tables(), reference.Import().add_all(entries).tables())
    site.verify()


def test_small_generations_change_nothing(make_site, kind, known):
    entries, done, tables = known
    site = make_site(kind, sizes=SIZES, queue={"claim_entries": len(entries) // 4})
    site.import_all(entries)
    assert len(rig.read_ledger(site.store)) >= 4
    rig.assert_tables(site.tables(), tables)
    check_ledger(site, done)


def test_order_changes_nothing(make_site, known):
    entries, done, tables = known
    shuffled = list(entries)
    random.Random(5).shuffle(shuffled)
    site = make_site("sqlite", sizes=SIZES, import_={"cache_memory": "512M"})
    site.import_all(shuffled)
    rig.assert_tables(site.tables(), tables)
    check_ledger(site, done)


def rows_digests(path):
    """For each table that holds rows how many there are and a hash of them all, in the order of the primary key."""
    digests = {}
    with contextlib.closing(sqlite3.connect(path)) as db:
        names = [name for name, in db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%\\_data' ESCAPE '\\'")]
        for name in names:
            count, digest = 0, hashlib.sha256()
            for row in db.execute("SELECT * FROM " + name):  # WITHOUT ROWID: they are stored in that order
                digest.update(repr(row).encode())
                count += 1
            digests[name] = count, digest.hexdigest()
    return digests


def test_many_flows_whole_and_in_parts(make_site):
    """Two ways of cutting the same flows: one generation, and as many as a small cache makes of it."""
    digests, generations = [], []
    for sections in ({"import_": {"cache_memory": "2G"}}, {"import_": {"cache_memory": "24M"}, "queue": {"page": 777}}):
        site = make_site("sqlite", sizes=SIZES)
        site.redis.push(generator.flows(MANY, seed=22, long_share=0.02))
        site.run("--once", **sections)
        assert site.ledger()["imported"] == MANY
        site.verify()
        digests.append(rows_digests(site.store.path))
        generations.append(len(rig.read_ledger(site.store)))
    assert generations[0] == 1 and generations[1] >= 3
    assert digests[0]["flows_600_data"][0] > MANY // 2 and len(digests[0]) == 21
    assert digests[1] == digests[0]
