"""Where contracts are reviewed: cells of company and item group, going live one after the other."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qms_customer.rules import scope
from qms_customer.rules.scope import Cell

#            All
#        Devices   Parts
#     Pumps  Beds
PARENT = {"Devices": "All", "Parts": "All", "Pumps": "Devices", "Beds": "Devices", "All": ""}


def _chain(group: str) -> frozenset[str]:
	found = set()
	while group:
		found.add(group)
		group = PARENT[group]
	return frozenset(found)


ABOVE = {group: _chain(group) for group in PARENT}
COMPANIES, GROUPS = ("A", "B", "C"), tuple(PARENT)
places = st.tuples(st.sampled_from(("", *COMPANIES)), st.sampled_from(("", *GROUPS)))
wanted = st.lists(places.map(lambda p: Cell(*p)), min_size=1, max_size=4)
stored = st.lists(
	st.tuples(places, st.sampled_from(("", "2026-01-01", "2026-02-01"))).map(
		lambda p: Cell(*p[0], p[1], f"CA-{p[1]}" if p[1] else "")
	),
	max_size=4,
)


def is_live(cells: list[Cell], company: str, group: str) -> bool:
	return scope.covered([c for c in cells if c.live_since], company, [ABOVE[group]])


def in_scope(cells: list[Cell], company: str, group: str) -> bool:
	return scope.covered(cells, company, [ABOVE[group]])


EVERYWHERE = [(company, group) for company in COMPANIES for group in GROUPS]


@pytest.mark.rule("E8")
@given(stored, wanted)
@example(
	[
		Cell("", "Parts", "2026-01-01", "CA-2026-01-01"),
		Cell("A", "Devices", "2026-01-01", "CA-2026-01-01"),
	],
	[Cell("A")],
)
def test_settling_makes_nothing_live_and_keeps_live_what_is_still_wanted(
	before: list[Cell], cells: list[Cell]
) -> None:
	after = scope.settle(before, cells, ABOVE)
	for company, group in EVERYWHERE:
		expected = is_live(before, company, group) and in_scope(cells, company, group)
		assert is_live(after, company, group) == expected
		assert in_scope(after, company, group) == in_scope(cells, company, group)
	assert scope.settle(after, after, ABOVE) == after


@pytest.mark.rule("E8")
@given(stored, wanted, st.sampled_from(("", *COMPANIES)))
def test_going_live_makes_live_what_was_pending_and_nothing_else(
	before: list[Cell], cells: list[Cell], company: str
) -> None:
	before = scope.settle(before, cells, ABOVE)
	adopted = scope.pending(before, company)
	after = scope.gone_live(before, adopted, "2026-03-01", "CA-3", ABOVE)
	for one, group in EVERYWHERE:
		was = is_live(before, one, group)
		expected = was or (company in ("", one) and in_scope(before, one, group))
		assert is_live(after, one, group) == expected
		assert in_scope(after, one, group) == in_scope(before, one, group)
	assert not scope.narrowed(before, after, ABOVE)


@given(stored, wanted)
def test_what_is_narrowed_is_named(before: list[Cell], cells: list[Cell]) -> None:
	before = scope.settle(before, before or [Cell()], ABOVE)
	after = scope.settle(before, cells, ABOVE)
	lost = scope.narrowed(before, after, ABOVE)
	for company, group in EVERYWHERE:
		if is_live(before, company, group) and not is_live(after, company, group):
			assert in_scope(lost, company, group)


def test_a_company_comes_in_after_another() -> None:
	cells = scope.settle([], [Cell("A"), Cell("B")], ABOVE)
	assert scope.pending(cells) == [Cell("A"), Cell("B")]
	cells = scope.gone_live(cells, [Cell("A")], "2026-01-01", "CA-1", ABOVE)
	assert cells == [Cell("A", "", "2026-01-01", "CA-1"), Cell("B")]
	# The whole group now: what was live stays so, the rest waits.
	cells = scope.settle(cells, [Cell()], ABOVE)
	assert cells == [Cell(), Cell("A", "", "2026-01-01", "CA-1")]
	cells = scope.gone_live(cells, [Cell()], "2026-02-01", "CA-2", ABOVE)
	assert cells == [Cell("", "", "2026-02-01", "CA-2")]


def test_narrowing_to_a_group_keeps_the_rest_out() -> None:
	cells = [Cell("", "", "2026-01-01", "")]
	narrowed = scope.settle(cells, [Cell("A", "Pumps")], ABOVE)
	assert narrowed == [Cell("A", "Pumps", "2026-01-01", "")]
	assert scope.narrowed(cells, narrowed, ABOVE) == cells
	# Widened again, what was out meanwhile waits for its adoption.
	wider = scope.settle(narrowed, [Cell("A", "Devices")], ABOVE)
	assert wider == [Cell("A", "Devices"), Cell("A", "Pumps", "2026-01-01", "")]


@pytest.mark.rule("C1")
@pytest.mark.parametrize(
	("groups", "expected"),
	[
		(["Parts"], False),
		(["Parts", "Pumps"], True),
		(["Beds"], True),
		(["All"], False),
		([], True),
		(["Parts", None], True),
	],
)
def test_one_row_of_goods_is_enough_and_unknown_is_not_outside(groups: list, expected: bool) -> None:
	goods = [group and ABOVE[group] for group in groups]
	assert scope.covered([Cell("A", "Devices", "x")], "A", goods) is expected
	assert not scope.covered([Cell("A", "Devices", "x")], "B", goods)
