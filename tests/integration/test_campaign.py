"""A short campaign of faults (tests/campaign): crashes, freezes, twins, cut networks, full memory, poison, END."""
import pathlib
import sys

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
