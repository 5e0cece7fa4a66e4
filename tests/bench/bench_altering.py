"""What applying an approved change adds to ERPNext's own Update Items, at 1 and at 200 lines (E7).

	bin/test tests/bench/bench_altering.py -s

Notice, ledger and signature apart; the number of queries is asserted in tests/site/test_altering.py too.
"""

from __future__ import annotations

import statistics

import pytest

from tests.support import altering as h
from tests.support import contracts as c

ROUNDS = 5


@pytest.mark.parametrize("lines", (1, 200))
def test_applying_a_change(lines: int) -> None:
	world = c.World()
	found = [h.against_update_items(world, lines) for _ in range(ROUNDS)]
	plain, ours = found[-1]
	theirs, mine = (
		statistics.median(spent.seconds for spent in some) * 1000 for some in zip(*found, strict=True)
	)
	added = ours.queries - plain.queries
	print(
		f"\n{lines} lines: Update Items {plain.queries} queries, {theirs:.0f} ms; applied {added:+d} queries,"
		f" {mine:.0f} ms; bar +{h.MAY_ADD} queries"
	)
	assert added <= h.MAY_ADD
