"""Goods leave, and production starts, only for approved orders and never beyond them."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules.goods import (
	TOLERANCE,
	OrderRow,
	OrderState,
	Pending,
	ReleaseRow,
	order_refusals,
	production_refusals,
	release_refusals,
	start_refusals,
	undone_return_refusals,
)

ORDERS = {
	"SO-1": OrderState("SO-1", "Hospital", "Maker", True),
	"SO-2": OrderState("SO-2", "Hospital", "Maker", False),
	"SO-3": OrderState("SO-3", "Clinic", "Maker", True),
	"SO-4": OrderState("SO-4", "Hospital", "Other", True),
	"SO-5": OrderState("SO-5", "Hospital", "Maker", True, ("ACT-1", "ACT-2")),
}
ROWS = {f"row-{n}": OrderRow(f"row-{n}", f"SO-{n}", "A", Decimal(10)) for n in range(1, 6)}
ROWS["row-1b"] = OrderRow("row-1b", "SO-1", "B", Decimal(3))
QUANTITIES = st.decimals(-5, 12, places=2)


def row(quantity=1, order="SO-1", order_row="row-1", item="A", number=1):
	return ReleaseRow(number, item, Decimal(quantity), order, order_row)


def refused(*rows, order_rows=ROWS, orders=ORDERS, **more):
	return [r.rule for r in release_refusals("Hospital", "Maker", rows, orders, order_rows, **more)]


@pytest.mark.rule("D4")
def test_d4_approved_order_within_quantity_leaves():
	assert refused(row(10), row(3, order_row="row-1b", item="B")) == []


@pytest.mark.rule("D4")
@pytest.mark.parametrize("order", ["SO-2", "SO-3", "SO-4", "SO-9"])
def test_d4_unapproved_unknown_or_foreign_order_holds_goods(order):
	rows = {**ROWS, "row-9": OrderRow("row-9", "SO-9", "A", Decimal(10))}
	assert refused(row(order=order, order_row=f"row-{order[-1]}"), order_rows=rows) == ["D4"]


@pytest.mark.rule("C10", "D4")
def test_c10_each_blocking_action_is_named():
	found = release_refusals("Hospital", "Maker", [row(order="SO-5", order_row="row-5")], ORDERS, ROWS)
	assert [(r.rule, r.args[1]) for r in found] == [("C10", "ACT-1"), ("C10", "ACT-2")]


@pytest.mark.rule("D4")
@pytest.mark.parametrize(
	"wrong",
	[
		row(order_row=""),
		row(order_row="row-0"),
		row(order_row="row-3"),
		row(item="B"),
		row(order=""),
	],
	ids=str,
)
def test_d4_row_must_be_of_that_order_and_item_even_if_goods_may_leave_without(wrong):
	assert refused(wrong) == ["D4"]
	assert refused(wrong, without_order_allowed=True) == ["D4"]


@pytest.mark.rule("D4")
def test_d4_without_order_only_if_authorised():
	alone = row(order="", order_row="")
	assert refused(alone) == ["D4"]
	assert refused(alone, without_order_allowed=True) == []
	assert refused(alone, row(11), without_order_allowed=True) == ["D4"]
	assert refused(alone, row(order="SO-2", order_row="row-2"), without_order_allowed=True) == ["D4"]


@pytest.mark.rule("D4")
def test_d4_rows_of_a_release_count_together():
	assert refused(row(5), row(5, number=2)) == []
	assert refused(row(5), row("5.1", number=2)) == ["D4"]


@pytest.mark.rule("D4")
def test_d4_what_comes_back_makes_no_room():
	assert refused(row(11), row(-5, number=2)) == ["D4"]
	returned = {**ROWS, "row-1": replace(ROWS["row-1"], delivered=Decimal(-5))}
	assert refused(row(11), order_rows=returned) == ["D4"]


@pytest.mark.rule("D4")
def test_d4_unit_conversion_has_a_millionth_of_room():
	assert refused(row("10.000001")) == []
	assert refused(row("10.000002")) == ["D4"]


@pytest.mark.rule("D4")
@given(st.lists(st.lists(QUANTITIES, min_size=1, max_size=3), max_size=8), QUANTITIES)
def test_d4_all_releases_together_never_exceed_the_order(releases, ordered):
	delivered = Decimal()
	for quantities in releases:
		target = OrderRow("row-1", "SO-1", "A", ordered, delivered)
		rows = [row(q, number=n) for n, q in enumerate(quantities, 1)]
		if not refused(*rows, order_rows={"row-1": target}):
			delivered += sum((q for q in quantities if q > 0), Decimal())
	assert delivered <= max(ordered, Decimal()) + TOLERANCE


@pytest.mark.rule("D4")
@given(QUANTITIES, st.decimals(0, 12, places=2), st.decimals("0.01", 12, places=2))
def test_d4_refused_exactly_when_more_than_is_left(ordered, delivered, quantity):
	target = OrderRow("row-1", "SO-1", "A", ordered, delivered)
	found = refused(row(quantity), order_rows={"row-1": target})
	assert found == (["D4"] if delivered + quantity > ordered + TOLERANCE else [])


@pytest.mark.rule("D4")
@given(
	st.lists(st.tuples(st.sampled_from(["deliver", "return", "undo"]), QUANTITIES), max_size=12), QUANTITIES
)
def test_d4_undoing_returns_never_leads_past_the_order(steps, ordered):
	delivered, returned = Decimal(), []
	for what, quantity in steps:
		target = {"row-1": OrderRow("row-1", "SO-1", "A", ordered, delivered)}
		quantity = abs(quantity)
		if what == "deliver" and not refused(row(quantity), order_rows=target):
			delivered += quantity
		elif what == "return" and quantity <= delivered:
			returned.append(quantity)
			delivered -= quantity
		elif what == "undo" and returned and not undone_return_refusals([row(returned[-1])], ORDERS, target):
			delivered += returned.pop()
		assert delivered <= max(ordered, Decimal()) + TOLERANCE


@pytest.mark.rule("D4")
@pytest.mark.parametrize(
	("delivered", "counted", "rules"),
	[(7, False, []), (8, False, ["D4"]), (10, True, []), (11, True, ["D4"])],
)
def test_d4_what_came_back_leaves_again_within_the_order(delivered, counted, rules):
	target = {"row-1": OrderRow("row-1", "SO-1", "A", Decimal(10), Decimal(delivered))}
	back = [row(1), row(2, number=2)]
	assert [r.rule for r in undone_return_refusals(back, ORDERS, target, counted)] == rules


@pytest.mark.rule("D4")
@pytest.mark.parametrize("counted", [False, True])
def test_d4_what_is_not_in_the_order_any_more_does_not_leave_again(counted):
	(found,) = undone_return_refusals([row(2)], ORDERS, {}, counted)
	assert found.args == ("A", "2", "SO-1", "0")


@pytest.mark.rule("C10", "D4")
@pytest.mark.parametrize(
	("order", "pending", "rules"),
	[
		("SO-1", Pending(), []),
		("SO-1", Pending(("CCN-1",), rows=frozenset({"row-1"})), ["D4"]),
		("SO-1", Pending(("CCN-1",), rows=frozenset({"row-1b"})), []),
		("SO-1", Pending(("CCN-1",), all_rows=True), ["D4"]),
		("SO-2", Pending(), ["D4"]),
		("SO-5", Pending(), ["C10", "C10"]),
	],
)
def test_d4_what_holds_up_a_delivery_holds_up_undoing_a_return(order, pending, rules):
	orders = {**ORDERS, order: replace(ORDERS[order], pending=pending)}
	back = [row(2, order=order, order_row=f"row-{order[-1]}")]
	assert [r.rule for r in undone_return_refusals(back, orders, ROWS)] == rules


@pytest.mark.rule("D4")
def test_d4_everything_is_said_at_once():
	found = refused(
		row(order="", order_row=""),
		row(item="C", number=2),
		row(11, number=3),
		row(order="SO-2", order_row="row-2", number=4),
		row(order="SO-5", order_row="row-5", number=5),
	)
	assert sorted(found) == ["C10", "C10", "D4", "D4", "D4", "D4"]


@pytest.mark.rule("D4", "C10")
def test_d4_production_needs_the_same_approval():
	def production(*names, customer="", company="Maker"):
		return [r.rule for r in order_refusals(customer, company, names, ORDERS)]

	assert production("SO-1", "SO-3") == []
	assert production("SO-1", customer="Clinic") == ["D4"]
	assert production("SO-4") == ["D4"]
	assert production("SO-2") == production("missing") == ["D4"]
	assert production("SO-5") == ["C10", "C10"]


PENDING = {
	"lines": Pending(("CCN-1",), False, frozenset({"row-1"})),
	"head": Pending(("CCN-1", "CCN-2"), True, frozenset()),
	"nothing yet": Pending(("CCN-1",), False, frozenset()),
}


@pytest.mark.rule("D4")
@pytest.mark.parametrize(
	("what", "changed", "other"),
	[("lines", True, False), ("head", True, True), ("nothing yet", False, False)],
)
def test_d4_the_lines_of_a_pending_change_wait_and_the_others_go_on(what, changed, other):
	orders = {"SO-1": replace(ORDERS["SO-1"], pending=PENDING[what])}
	assert bool(refused(row(), orders=orders)) is changed
	assert bool(refused(row(order_row="row-1b", item="B"), orders=orders)) is other
	for rows, held in (({"SO-1": "row-1"}, changed), ({"SO-1": "row-1b"}, other), ({}, changed)):
		assert bool(production_refusals(["SO-1"], orders, rows)) is held
		found = start_refusals("WO-1", ["SO-1"], orders, rows)
		assert bool(found) is held
		assert all(r.rule == "D4" and r.args[:2] == ("WO-1", "SO-1") and "CCN-1" in r.args[2] for r in found)


@pytest.mark.rule("D4", "C10")
def test_d4_work_starts_for_nothing_that_ended_is_not_approved_or_held_up():
	orders = {**ORDERS, "SO-9": replace(ORDERS["SO-1"], name="SO-9", in_force=False)}
	for name, rules in (
		("SO-1", []),
		("SO-2", ["D4"]),
		("SO-5", ["C10", "C10"]),
		("SO-9", ["D4"]),
		("SO-none", ["D4"]),
	):
		assert [r.rule for r in start_refusals("WO-1", [name], orders, {})] == rules
	# What does not start was not let pass before either, but for an order that ended since.
	for name in ORDERS:
		assert start_refusals("WO-1", [name], ORDERS, {}) == production_refusals([name], ORDERS, {})


@pytest.mark.rule("D4")
def test_d4_a_part_that_is_shipped_by_itself_waits_with_its_bundle():
	orders = {"SO-1": replace(ORDERS["SO-1"], pending=PENDING["lines"])}
	part = {"part": OrderRow("part", "SO-1", "A", Decimal(10), by_supplier=True, line="row-1")}
	found = release_refusals("", "Maker", [row(order_row="part")], orders, part, by_supplier=True)
	assert [r.rule for r in found] == ["D4"] and "CCN-1" in found[0].args[3]
