"""From which deliveries returned goods come, and when a return is a bulk return (G1, G2, G7)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import allocation as rules
from qms_customer.rules.allocation import Lot, Share
from qms_customer.rules.returns import Balance, BulkLimits, Claimed, Movement, SlipRow, balances

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
def test_a_quantity_of_one_delivery_makes_a_return_bulk_in_parts_too() -> None:
	limits = BulkLimits(quantity=D(9))
	assert not rules.is_bulk(D(4), None, [Share(D(100), D(4), D(4))], limits)
	assert rules.is_bulk(D(4), None, [Share(D(100), D(5), D(4))], limits)
	assert not rules.is_bulk(D(8), None, [Share(D(9), D(4), D(4)), Share(D(9), D(4), D(4))], limits)


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


def against(rows: list[SlipRow], balance: Balance, lots: list[Lot], **named: str) -> str:
	"""What stands against approving; `named`: r1="a" is row 1 of delivery a."""
	of = {int(key[1:]): value for key, value in named.items()}
	found = rules.approval_refusals(rows, {("I", "B"): balance}, lots, of)
	assert all(r.rule == "G7" for r in found)
	return " ".join(r.message.format(*r.args) for r in found)


@pytest.mark.rule("G7")
def test_what_others_have_taken_since_is_not_approved() -> None:
	rows, lots = [row(1, 3), row(2, 2)], [lot("a", 10)]
	assert not against(rows, Balance(D(10), D(5)), lots, r1="a", r2="a")
	said = against(rows, Balance(D(10), D(4), D(2)), lots, r1="a", r2="a")
	assert "5 would come back" in said and "4 may still: 10 were delivered, 4 are back and 2 are on" in said
	assert "0 may still" in against(rows, Balance(), [])


@pytest.mark.rule("G7")
def test_it_still_comes_of_the_delivery_that_the_slip_names() -> None:
	balance = Balance(D(20), D(8))
	lots = [lot("a", 10, back=8, order=1), lot("b", 10, order=2)]
	assert "Row 1, I: " in against([row(1, 3)], balance, lots, r1="a")
	assert not against([row(1, 2)], balance, lots, r1="a")
	assert not against([row(1, 3)], balance, lots, r1="b")
	# A row that names none is counted only.
	assert not against([row(1, 3)], balance, lots)


@pytest.mark.rule("G7")
def test_what_comes_is_counted_as_what_is_approved() -> None:
	balance, there = Balance(D(10), D(8)), {"r1": "a"}
	for lots in ([lot("a", 10, back=8)], [lot("a", 10, back=9), lot("b", 10)]):
		found = rules.approval_refusals(
			[row(1, 3 if len(lots) == 1 else 2)], {("I", "B"): balance}, lots, {1: there["r1"]}, approved=True
		)
		assert [r.rule for r in found] == ["G7"] and "since the return was approved" in found[
			0
		].message.lower()
	assert not rules.approval_refusals([row(1, 2)], {("I", "B"): balance}, [], {}, approved=True)


@pytest.mark.rule("G7")
def test_a_device_that_came_back_meanwhile_is_not_approved() -> None:
	there = Balance(D(2), D(0), D(0), frozenset("xy"), {})
	lots = [lot("a", 2, serials="xy")]
	assert not against([row(1, 2, "xy")], there, lots, r1="a")
	back = Balance(D(2), D(1), D(0), frozenset("x"), {})
	assert "serial number y" in against([row(1, 2, "xy")], back, lots, r1="a")
	claimed = Balance(D(2), D(0), D(1), frozenset("xy"), {"x": "RS-2"})
	assert "serial number x" in against([row(1, 1, "x")], claimed, lots, r1="a")


@pytest.mark.rule("G7")
@given(
	st.integers(1, 9),
	st.lists(st.integers(1, 9), max_size=4),
	st.lists(st.integers(1, 9), max_size=4),
)
def test_whatever_is_approved_was_delivered_and_is_not_taken(
	wanted: int, back: list[int], claimed: list[int]
) -> None:
	moved = [Movement("I", "B", D(12)), *(Movement("I", "B", D(-q), order=1) for q in back)]
	found = balances(moved, [Claimed("RS", "I", "B", D(q)) for q in claimed])
	if not rules.approval_refusals([row(1, wanted)], found, [], {}):
		assert wanted + sum(back) + sum(claimed) <= 12
