"""What comes back is what was delivered, of that batch, from that customer, and only once."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import returns
from qms_customer.rules.people import BUSINESS_MANAGER, GENERAL_MANAGER
from qms_customer.rules.returns import (
	Balance,
	BulkLimits,
	Claimed,
	Granted,
	Movement,
	SlipRow,
	Standing,
	approver,
	balances,
	covering,
	replacement_refusal,
	slip_refusals,
	state,
)

OUT = [
	Movement("PUMP", "B1", Decimal(10), order=1),
	Movement("PUMP", "B1", Decimal(-3), order=2),
	Movement("PUMP", "B2", Decimal(5), order=3),
	Movement("MONITOR", "", Decimal(2), frozenset({"S1", "S2"}), order=4),
]


def row(quantity=1, item="PUMP", batch="B1", number=1, **more):
	given = {"has_batch": item == "PUMP", "has_serials": item == "MONITOR", "reason": "Leaks", **more}
	return SlipRow(number, item, Decimal(quantity), batch, **given)


def rules(*rows, movements=OUT, claims=(), others=None):
	found = slip_refusals(rows, balances(movements, claims), "Hospital", others or {})
	return [(r.rule, *r.args) for r in found]


@pytest.mark.rule("G7")
def test_g7_what_was_delivered_less_what_came_back_may_come_back():
	assert rules(row(7), row(5, batch="B2", number=2)) == []


@pytest.mark.rule("G7")
def test_g7_one_more_than_that_is_refused_with_the_numbers():
	assert rules(row(8)) == [("G7", "PUMP", "B1", "8", "10", "3", "0")]


@pytest.mark.rule("G7")
def test_g7_two_rows_of_a_batch_count_together():
	assert rules(row(4), row(4, number=2)) == [("G7", "PUMP", "B1", "8", "10", "3", "0")]


@pytest.mark.rule("G7")
def test_g7_what_other_open_slips_claim_does_not_come_back_twice():
	claims = [Claimed("RS-1", "PUMP", "B1", Decimal(5))]
	assert rules(row(2), claims=claims) == []
	assert rules(row(3), claims=claims) == [("G7", "PUMP", "B1", "3", "10", "3", "5")]


@pytest.mark.rule("G7")
def test_g7_a_batch_of_nobody_or_of_another_customer_is_called_so():
	assert rules(row(batch="B9")) == [("G7", "1", "PUMP", "B9", "Hospital")]
	assert rules(row(batch="B9"), others={("PUMP", "B9"): "Clinic"}) == [
		("G7", "1", "PUMP", "B9", "Clinic", "Hospital")
	]


@pytest.mark.rule("G1")
@pytest.mark.parametrize(
	"wrong",
	[
		row(0),
		row(-1),
		row(batch=""),
		row(item="CABLE", batch="B1"),
		row(item="MONITOR", batch=""),
		row(reason=" "),
		row(reason="/"),
	],
)
def test_g1_product_quantity_batch_serial_and_reason_are_stated(wrong):
	assert [r[0] for r in rules(wrong)] == ["G1"]


@pytest.mark.rule("G1", "G7")
def test_g7_serial_numbers_are_those_that_are_with_the_customer():
	monitor = {"item": "MONITOR", "batch": ""}
	assert rules(row(2, **monitor, serials=("S1", "S2"))) == []
	assert rules(row(1, **monitor, serials=("S1", "S2"))) == [("G1", "1", "MONITOR", "2", "1")]
	assert rules(row(1, **monitor, serials=("S3",))) == [("G7", "1", "S3")]
	twice = row(1, **monitor, serials=("S1",)), row(1, **monitor, serials=("S1",), number=2)
	assert rules(*twice) == [("G7", "2", "S1", "1")]
	claims = [Claimed("RS-1", "MONITOR", "", Decimal(1), frozenset({"S1"}))]
	assert rules(row(1, **monitor, serials=("S1",)), claims=claims) == [("G7", "1", "S1", "RS-1")]


@pytest.mark.rule("G7")
def test_g7_a_serial_number_that_went_out_again_may_come_back_again():
	moved = [
		*OUT,
		Movement("MONITOR", "", Decimal(-1), frozenset({"S1"}), order=5),
	]
	monitor = row(1, item="MONITOR", batch="", serials=("S1",))
	assert rules(monitor, movements=moved) == [("G7", "1", "S1")]
	again = [*moved, Movement("MONITOR", "", Decimal(1), frozenset({"S1"}), order=6)]
	assert rules(monitor, movements=again) == []
	# In whatever order they were read.
	assert rules(monitor, movements=again[::-1]) == []


KEYS = st.sampled_from([("PUMP", "B1"), ("PUMP", "B2"), ("CABLE", "")])
AMOUNTS = st.decimals(0, 20, places=1)


@pytest.mark.rule("G7")
@given(
	st.lists(st.tuples(KEYS, AMOUNTS), max_size=6),
	st.lists(st.tuples(KEYS, AMOUNTS, st.sampled_from(["slip", "cancel", "back"])), max_size=20),
)
def test_g7_whatever_is_done_in_whatever_order_never_more_comes_back(deliveries, steps):
	"""Slips that are allowed are written down, goods come back for them, slips are given up again."""
	movements = [
		Movement(item, batch, quantity, order=n) for n, ((item, batch), quantity) in enumerate(deliveries)
	]
	claims: list[Claimed] = []
	for n, ((item, batch), quantity, what) in enumerate(steps):
		if what == "slip":
			wanted = SlipRow(1, item, quantity, batch, has_batch=bool(batch), reason="Leaks")
			if not slip_refusals([wanted], balances(movements, claims), "Hospital", {}):
				claims.append(Claimed(f"RS-{n}", item, batch, quantity))
		elif claims:
			claim = claims.pop(0)
			if what == "back":
				movements.append(
					Movement(claim.item, claim.batch, -claim.quantity, order=len(deliveries) + n)
				)
	for balance in balances(movements, claims).values():
		assert balance.back + balance.claimed <= balance.delivered + returns.TOLERANCE * len(steps)


@pytest.mark.rule("G2")
def test_g2_the_business_manager_approves_and_a_bulk_return_the_general_manager_too():
	limits = BulkLimits(Decimal(50), Decimal(10_000), Decimal("0.5"))
	both = (BUSINESS_MANAGER, GENERAL_MANAGER)
	assert approver(Decimal(49), Decimal(9_999), Decimal(1_000), limits) == (BUSINESS_MANAGER,)
	assert approver(Decimal(50), Decimal(1), Decimal(1_000), limits) == both
	assert approver(Decimal(1), Decimal(10_000), Decimal(1_000), limits) == both
	assert approver(Decimal(1), None, Decimal(1_000), limits) == both
	assert approver(Decimal(5), Decimal(1), Decimal(10), limits) == both
	assert approver(Decimal(900), None, Decimal(1_000), BulkLimits()) == (BUSINESS_MANAGER,)


@pytest.mark.rule("G2", "G3", "G4", "G5", "G6")
@pytest.mark.parametrize(
	("facts", "expected"),
	[
		({}, returns.DRAFT),
		({"put_forward": True}, returns.PENDING),
		({"put_forward": True, "claim": True}, returns.TESTING),
		({"put_forward": True, "claim": True, "finding": returns.GOOD}, returns.EXPLAINING),
		(
			{"put_forward": True, "claim": True, "finding": returns.GOOD, "answer": returns.KEEPS},
			returns.CLOSED,
		),
		(
			{"put_forward": True, "claim": True, "finding": returns.GOOD, "answer": returns.INSISTS},
			returns.PENDING,
		),
		({"put_forward": True, "claim": True, "finding": returns.BAD}, returns.PENDING),
		({"put_forward": True, "claim": True, "finding": returns.NO_SAMPLE}, returns.PENDING),
	],
)
def test_g3_g4_a_quality_claim_is_tested_before_anybody_approves(facts, expected):
	assert state(Standing(**facts)) == expected


@pytest.mark.rule("G2", "G6")
def test_g6_the_slip_goes_on_until_all_that_was_approved_is_accounted_for():
	manager = frozenset({BUSINESS_MANAGER})
	bulk = (BUSINESS_MANAGER, GENERAL_MANAGER)
	ten = {"put_forward": True, "approvals": manager, "approved": Decimal(10)}
	assert state(Standing(**ten, approvers=bulk)) == returns.PENDING
	assert state(Standing(**ten)) == returns.DISPOSING
	assert state(Standing(**ten, route=returns.BACK)) == returns.AWAITED
	assert state(Standing(**ten, route=returns.BACK, received=Decimal(9))) == returns.AWAITED
	assert state(Standing(**ten, route=returns.BACK, received=Decimal(10))) == returns.QUARANTINED
	short = {"received": Decimal(9), "written_off": Decimal(1)}
	assert state(Standing(**ten, route=returns.BACK, **short)) == returns.QUARANTINED
	assert state(Standing(**ten, route=returns.BACK, **short, disposed=Decimal(9))) == returns.CLOSED
	assert state(Standing(**ten, route=returns.ON_SITE)) == returns.DESTROYING
	assert state(Standing(**ten, route=returns.ON_SITE, destroyed=Decimal(10))) == returns.CLOSED
	# What came back is replaced, credited or sent back, before the slip ends.
	assert (
		state(Standing(**ten, route=returns.ON_SITE, destroyed=Decimal(10), due=Decimal(10)))
		== returns.SETTLING
	)
	short = {**short, "disposed": Decimal(9)}
	assert state(Standing(**ten, route=returns.BACK, **short, due=Decimal(1))) == returns.SETTLING
	# Nothing has to be decided about goods that never come.
	assert state(Standing(**ten, written_off=Decimal(10))) == returns.CLOSED
	assert state(Standing(**ten, rejected=True)) == returns.REJECTED
	assert state(Standing(**ten, withdrawn=True)) == returns.WITHDRAWN


@pytest.mark.rule("G7", "C1")
def test_g7_a_replacement_is_the_same_item_and_goes_out_once():
	approved = {"PUMP": Decimal(3)}
	assert replacement_refusal("PUMP", Decimal(3), approved, {}) is None
	assert replacement_refusal("PUMP", Decimal(2), approved, {"PUMP": Decimal(2)}).rule == "G7"
	assert replacement_refusal("MONITOR", Decimal(1), approved, {}).rule == "C1"


def test_a_balance_never_falls_below_nothing():
	assert Balance(Decimal(1), Decimal(2), Decimal(3)).returnable == 0


@pytest.mark.rule("G2", "G7")
@pytest.mark.parametrize(
	("coming", "serials", "expected"),
	[
		({("PUMP", "B1"): 2}, [], "RS-1"),
		({("PUMP", "B1"): 3}, [], "RS-2"),
		({("PUMP", "B1"): 5}, [], ""),
		# Each batch by itself, and what a slip does not name not at all.
		({("PUMP", "B2"): 1}, [], "RS-2"),
		({("PUMP", "B1"): 4, ("PUMP", "B2"): 2}, [], ""),
		({("PUMP", ""): 1}, [], ""),
		({("MONITOR", ""): 1}, [("MONITOR", "SN1")], "RS-2"),
		({("MONITOR", ""): 1}, [("MONITOR", "SN2")], ""),
		# Both slips together do not cover what each covers a part of.
		({("PUMP", "B1"): 6}, [], ""),
	],
)
def test_g7_one_slip_covers_all_that_comes_back(coming, serials, expected):
	granted = [
		Granted("RS-1", {("PUMP", "B1"): Decimal(2)}),
		Granted(
			"RS-2",
			{("PUMP", "B1"): Decimal(4), ("PUMP", "B2"): Decimal(1), ("MONITOR", ""): Decimal(1)},
			frozenset({("MONITOR", "SN1")}),
		),
	]
	wanted = {key: Decimal(quantity) for key, quantity in coming.items()}
	assert covering(wanted, frozenset(serials), granted) == expected
