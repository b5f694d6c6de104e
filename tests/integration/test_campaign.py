"""A short campaign of faults (tests/campaign): crashes, freezes, twins, cut networks, full memory, poison, END."""
import pathlib
import sys
import types

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "campaign"))

import campaign  # pylint: disable=wrong-import-position
from faults import KINDS  # pylint: disable=wrong-import-position

USUAL = [name for name, kind in KINDS.items() if kind.usual]


@pytest.mark.parametrize("store, seed", [("sqlite", 7), ("mysql", 8)])
def test_tables_are_exact_after_a_campaign(folder, maria_template, store, seed):
    faults = campaign.Campaign(folder, lambda: maria_template, seed, 40, store, 2, USUAL, seconds=8)
    try:
        faults.run()
    except AssertionError as error:
        raise AssertionError("%s\n%s" % (error, faults.report())) from None
    finally:
        faults.close()


def test_a_full_drain_and_a_rewind_are_not_begun_at_a_time():
    """The restored snapshot waits for the producer, which the drain holds."""
    running = types.SimpleNamespace(full=False, snapshot=5)
    assert KINDS["full-drain"].begin(running, None, 0.5) is None
