"""From which deliveries returned goods come, and when a return is a bulk return (G1, G2, G7)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import allocation as rules
from qms_customer.rules.allocation import Lot, Share
from qms_customer.rules.returns import BulkLimits, SlipRow

D = Decimal


def lot(row: str, delivered: int, back: int = 0, order: int = 0, serials: str = "") -> Lot:
	return Lot(row, "I", "B", D(delivered), D(back), frozenset(serials), ("Delivery Note", row), order)


def row(number: int, quantity: int, serials: str = "") -> SlipRow:
	return SlipRow(number, "I", D(quantity), "B", tuple(serials), True, bool(serials), "Leaks")


def told(pieces: list[rules.Piece]) -> list[tuple[str, int]]:
	return [(p.lot.row if p.lot else "", int(p.quantity)) for p in pieces]


@pytest.mark.rule("G1")
def test_the_latest_delivery_comes_first_and_one_that_was_named_before_it() -> None:
	lots = [lot("a", 5, order=1), lot("b", 5, order=2)]
	assert told(rules.allocate([row(1, 7)], lots)[1]) == [("b", 5), ("a", 2)]
	assert told(rules.allocate([row(1, 7)], lots, {1: "a"})[1]) == [("a", 5), ("b", 2)]


@pytest.mark.rule("G7")
def test_what_no_delivery_has_left_is_shown_as_such() -> None:
	assert told(rules.allocate([row(1, 7)], [lot("a", 5, back=2)])[1]) == [("a", 3), ("", 4)]
	assert told(rules.allocate([row(1, 3)], [])[1]) == [("", 3)]


@pytest.mark.rule("G7")
def test_serial_numbers_come_from_the_lot_that_has_them() -> None:
	lots = [lot("a", 2, order=1, serials="xy"), lot("b", 2, order=2, serials="z")]
	found = rules.allocate([row(1, 3, "xzq"), row(2, 1, "x")], lots)
	assert [(p.lot.row if p.lot else "", p.serials) for p in found[1]] == [
		("b", ("z",)),
		("a", ("x",)),
		("", ("q",)),
	]
	assert [p.lot for p in found[2]] == [None]


@pytest.mark.rule("G7")
@given(
	st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=5),
	st.lists(st.integers(1, 12), min_size=1, max_size=5),
	st.dictionaries(st.integers(1, 5), st.integers(0, 4).map(str)),
)
def test_rows_are_whole_and_no_lot_gives_more_than_it_has(
	deliveries: list[tuple[int, int]], wanted: list[int], wishes: dict[int, str]
) -> None:
	lots = [lot(str(i), d, b, i) for i, (d, b) in enumerate(deliveries)]
	rows = [row(n, q) for n, q in enumerate(wanted, 1)]
	found = rules.allocate(rows, lots, wishes)
	gone: dict[str, D] = {}
	for one in rows:
		assert sum(p.quantity for p in found[one.number]) == one.quantity
		for piece in found[one.number]:
			if piece.lot:
				gone[piece.lot.row] = gone.get(piece.lot.row, D()) + piece.quantity
	assert all(gone[one.row] <= one.left for one in lots if one.row in gone)
	left = sum(one.left for one in lots) - sum(gone.values(), D())
	assert left == 0 or all(p.lot for pieces in found.values() for p in pieces)


@pytest.mark.rule("G2")
def test_a_share_of_one_delivery_makes_a_return_bulk_in_parts_too() -> None:
	limits = BulkLimits(share=D("0.5"))
	assert not rules.is_bulk(D(4), None, [Share(D(10), D(), D(4))], limits)
	assert rules.is_bulk(D(5), None, [Share(D(10), D(), D(5))], limits)
	assert rules.is_bulk(D(1), None, [Share(D(10), D(4), D(1))], limits)
	assert rules.is_bulk(D(1), None, [Share(D(100), D(), D(1)), Share(D(1), D(), D(1))], limits)


@pytest.mark.rule("G2")
def test_quantity_and_amount_are_those_of_the_whole_slip() -> None:
	assert rules.is_bulk(D(100), D(1), [], BulkLimits(quantity=D(100)))
	assert rules.is_bulk(D(1), D(100), [], BulkLimits(amount=D(100)))
	assert rules.is_bulk(D(1), None, [], BulkLimits(amount=D(100)))
	assert not rules.is_bulk(D(10**6), None, [Share(D(1), D(), D(1))], BulkLimits())


@pytest.mark.rule("G1")
def test_a_customer_corrects_downward_only() -> None:
	stated = {"r": (D(3), frozenset()), "s": (D(2), frozenset("xy"))}
	assert not rules.correction_refusals(stated, {"r": (D(2), frozenset()), "s": (D(1), frozenset("y"))})
	assert not rules.correction_refusals(stated, {"r": (D(0), frozenset()), "s": (D(2), frozenset("xy"))})
	for corrected in (
		{"r": (D(4), frozenset())},
		{"r": (D(-1), frozenset()), "s": (D(2), frozenset("xy"))},
		{"s": (D(2), frozenset("xq"))},
		{"s": (D(2), frozenset("x"))},
		{"r": (D(0), frozenset())},
		{"t": (D(1), frozenset())},
		{},
	):
		assert rules.correction_refusals(stated, corrected)
