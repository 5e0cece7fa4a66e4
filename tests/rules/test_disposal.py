"""What becomes of goods whose return is approved (G6, G7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal as D

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qms_customer.rules import allocation, returns
from qms_customer.rules import disposal as rules
from qms_customer.rules.disposal import Coming, Destruction, Disposing, Held, Inspection, Owed, Part

TODAY = date(2026, 5, 20)
ARRIVED = datetime(2026, 5, 18, 9)
PART = Part("r1", 1, "PUMP", "B1", D(5), D(2))
DEVICE = Part("r2", 2, "DEVICE", "", D(2), D(0), frozenset({"S1", "S2"}), True)
SEEN = Destruction("Dr Gu", date(2026, 5, 19), True, "Mr Lin")
HELD = Held(D(4), D(1), since=ARRIVED)
INSPECTION = Inspection(
	"QI-1",
	"PUMP",
	"B1",
	datetime(2026, 5, 19),
	accepted=True,
	submitted=True,
	of_slip=True,
	by_quality=True,
	tested=True,
)
STOCKED = Disposing("PUMP", "B1", D(3), rules.TO_STOCK, comment="Seal intact")


def said(found: list) -> str:
	return " | ".join(f"{r.rule}: {r.message.format(*r.args)}" for r in found)


# The route


@pytest.mark.rule("G6")
def test_g6_a_route_needs_freight_and_reason():
	assert rules.route_refusals(returns.BACK, D(0), "Cheap") == []
	assert len(rules.route_refusals("Somewhere", None, "/")) == 3
	assert "cost" in said(rules.route_refusals(returns.BACK, D(-1), "Cheap"))


# Arrival


@pytest.mark.rule("G7")
@pytest.mark.parametrize(
	("coming", "message"),
	[
		([], "Say how many"),
		([Coming("r9", D(1))], "not of this return slip"),
		([Coming("r1", D(0))], "quantity is missing"),
		([Coming("r1", D(-1))], "below zero"),
		([Coming("r1", D(4))], "3 are outstanding"),
		([Coming("r1", D(2)), Coming("r1", D(2))], "4 would be booked"),
		([Coming("r1", D(1), other_batch="B2", other_quantity=D(1))], "describe"),
		([Coming("r2", D(2), ("S1",))], "1 serial numbers for 2"),
		([Coming("r2", D(1), ("S9",))], "S9 is not outstanding"),
		([Coming("r2", D(1), ("S1",)), Coming("r2", D(1), ("S1",))], "S1 is not outstanding"),
	],
)
def test_g7_what_is_not_outstanding_is_not_booked(coming, message):
	assert message in said(rules.coming_refusals(coming, {"r1": PART, "r2": DEVICE}))


@pytest.mark.rule("G6")
def test_g6_part_of_it_may_come_and_what_differs_is_described():
	coming = [
		Coming("r1", D(3)),
		Coming("r2", D(1), ("S2",)),
		Coming("r1", D(0), difference="2 of B2", other_batch="B2", other_quantity=D(2)),
	]
	assert rules.coming_refusals(coming, {"r1": PART, "r2": DEVICE}) == []


@pytest.mark.rule("G7")
def test_g7_what_comes_at_the_till_is_what_came_of_each_row():
	more = replace(PART, name="r3", accounted=D(0))
	assert rules.allotted({("PUMP", "B1"): D(4)}, frozenset(), [PART, more]) == [
		Coming("r1", D(3)),
		Coming("r3", D(1)),
	]
	numbers = frozenset({("DEVICE", "S2")})
	assert rules.allotted({("DEVICE", ""): D(1)}, numbers, [DEVICE]) == [Coming("r2", D(1), ("S2",))]
	for coming, serials in (
		({("PUMP", "B1"): D(4)}, frozenset()),
		({("PUMP", "B2"): D(1)}, frozenset()),
		({("DEVICE", ""): D(1)}, frozenset({("DEVICE", "S3")})),
		({("DEVICE", ""): D(1)}, frozenset()),
		({}, numbers - {("DEVICE", "S2")} | {("DEVICE", "S9")}),
	):
		assert rules.allotted(coming, serials, [PART, DEVICE]) is None


# Destruction


@pytest.mark.rule("G6")
@pytest.mark.parametrize(
	("changed", "message"),
	[
		({}, ""),
		({"witness": "", "certificate": True}, ""),
		({"by": "/"}, "who destroyed"),
		({"on": None}, "when the goods"),
		({"on": date(2026, 5, 21)}, "K3"),
		({"on": date(2026, 5, 17)}, "G2"),
		({"photos": False}, "photos"),
		({"witness": ""}, "witness, or attach"),
		({"witness": "dr  gu"}, "not who destroyed"),
	],
)
def test_g6_a_destruction_has_its_evidence(changed, message):
	found = said(rules.destruction_refusals(replace(SEEN, **changed), date(2026, 5, 18), TODAY))
	assert message in found if message else found == ""


# Disposition


@pytest.mark.rule("G6")
def test_g6_goods_go_back_to_stock_only_after_an_accepted_inspection_by_quality():
	assert rules.disposition_refusals(STOCKED, HELD, INSPECTION) == []
	for changed, message in (
		({"submitted": False}, "not submitted"),
		({"accepted": False}, "did not accept"),
		({"by_quality": False}, "person of Quality"),
		({"tested": False}, "does not say what was found"),
		({"of_slip": False}, "not the inspection of these"),
		({"item": "OTHER"}, "not the inspection of these"),
		({"batch": "B2"}, "not the inspection of these"),
		({"made_on": datetime(2026, 5, 17)}, "older than the arrival"),
	):
		found = rules.disposition_refusals(STOCKED, HELD, replace(INSPECTION, **changed))
		assert message in said(found)
	assert "Inspect first" in said(rules.disposition_refusals(STOCKED, HELD, None))


@pytest.mark.rule("G6")
@pytest.mark.parametrize(
	("wanted", "held", "message"),
	[
		({"disposition": "Sell"}, HELD, "not a disposition"),
		({}, None, "nothing of it"),
		({"quantity": D(4)}, HELD, "3 are in quarantine"),
		({"quantity": D(0)}, HELD, "0 would be disposed of"),
		({"comment": "/"}, HELD, "why"),
		({"disposition": rules.REWORK}, replace(HELD, reworked=D(1)), "2 are in quarantine"),
		(
			{"serials": ("S1",)},
			replace(HELD, has_serials=True, serials=frozenset({"S1"})),
			"1 serial numbers",
		),
		(
			{"quantity": D(1), "serials": ("S9",)},
			replace(HELD, has_serials=True, serials=frozenset({"S1"})),
			"S9 is not in quarantine",
		),
	],
)
def test_g6_only_what_is_in_quarantine_is_disposed_of(wanted, held, message):
	scrapped = replace(STOCKED, disposition=rules.SCRAP)
	assert message in said(rules.disposition_refusals(replace(scrapped, **wanted), held, None))


@pytest.mark.rule("G6")
def test_g6_scrap_needs_no_inspection():
	assert rules.disposition_refusals(replace(STOCKED, disposition=rules.SCRAP), HELD, None) == []


# What the customer has for it


@pytest.mark.rule("G7")
def test_g7_goods_are_replaced_credited_or_sent_back_once():
	owed = {"PUMP": Owed(D(5), D(2), D(1), D(1))}
	assert rules.owed_refusals({"PUMP": D(1)}, owed, rules.TO_CREDIT) == []
	assert "2 would be credited; 5 came" in said(rules.owed_refusals({"PUMP": D(2)}, owed, rules.TO_CREDIT))
	assert rules.owed_refusals({"OTHER": D(1)}, owed, rules.TO_SEND_BACK)


@pytest.mark.rule("G7")
def test_g7_what_something_rests_on_is_not_taken_back():
	key = ("PUMP", "B1")
	owed = {"PUMP": Owed(D(5))}
	assert rules.taking_back_refusals({key: Held(D(5))}, {key: D(5)}, owed) == []
	for held in (Held(D(5), D(1)), Held(D(5), reworked=D(1))):
		assert "rests on this" in said(rules.taking_back_refusals({key: held}, {key: D(5)}, owed))
	replaced = {"PUMP": Owed(D(5), replaced=D(1))}
	assert "Cancel that" in said(rules.taking_back_refusals({key: Held(D(5))}, {key: D(5)}, replaced))


@pytest.mark.rule("G6")
def test_g6_something_else_is_given_with_the_reason_only():
	assert rules.given_refusals("Refund", "Exchange", "Out of production, agreed with Dr Gu") == []
	assert rules.given_refusals(returns.NOTHING_MORE, "Exchange", "The customer waived it") == []
	for instead, reason in (
		("Exchange", "so"),
		("", "so"),
		("A Present", "so"),
		("Refund", "/"),
		("Refund", ""),
	):
		assert [r.rule for r in rules.given_refusals(instead, "Exchange", reason)] == ["G6"]


@pytest.mark.rule("G6")
def test_g6_a_destruction_is_of_some_goods():
	assert rules.nothing_refusals([Coming("r1", D(1))]) == []
	assert rules.nothing_refusals([Coming("r1", D(1)), Coming("r2", D(0), other_quantity=D(3))])


# Any order of operations and cancellations


@pytest.mark.rule("G6")
def test_g6_what_erpnext_would_not_deliver_is_not_sent_back():
	wanted = replace(STOCKED, disposition=rules.SEND_BACK)
	assert rules.sending_refusals(wanted, None, False, None) == []
	assert "inspected before it is delivered" in said(rules.sending_refusals(wanted, None, True, None))
	assert rules.sending_refusals(wanted, INSPECTION, True, None) == []
	other = replace(INSPECTION, batch="B2")
	assert "not the inspection of these goods" in said(rules.sending_refusals(wanted, other, True, None))
	assert "has expired on 2026-05-20" in said(rules.sending_refusals(wanted, INSPECTION, False, TODAY))


class World:
	"""One item of one batch at one customer: delivered, claimed, approved, come back, disposed of, replaced,
	credited; each step done if the rules let it pass.
	"""

	def __init__(self, ordered: int) -> None:
		self.ordered = D(ordered)
		self.delivered, self.approved = [D(ordered)], D(0)
		self.arrived: list[tuple[str, D]] = []
		self.disposed: list[tuple[str, D]] = []
		self.replaced: list[D] = []
		self.credited: list[D] = []

	def sum(self, *how: str) -> D:
		return sum((q for h, q in (*self.arrived, *self.disposed) if h in how), D(0))

	@property
	def owed(self) -> dict[str, Owed]:
		came = self.sum(rules.RECEIVED, rules.DESTROYED)
		one = Owed(came, sum(self.replaced, D(0)), sum(self.credited, D(0)), self.sum(rules.SEND_BACK))
		return {"I": one}

	@property
	def held(self) -> Held:
		final = self.sum(*rules.FINAL)
		return Held(self.sum(rules.RECEIVED), final, max(self.sum(rules.REWORK) - final, D(0)), since=ARRIVED)

	@property
	def balance(self) -> returns.Balance:
		moves = [returns.Movement("I", "B", q) for q in (*self.delivered, *self.replaced)]
		moves += [returns.Movement("I", "B", q) for h, q in self.disposed if h == rules.SEND_BACK]
		moves += [
			returns.Movement("I", "B", -q) for h, q in self.arrived if h in (rules.RECEIVED, rules.DESTROYED)
		]
		return returns.balances(moves)["I", "B"]

	def step(self, what: str, n: D) -> None:
		if what == "approve":
			row = returns.SlipRow(1, "I", n, "B", (), True, reason="Leaks")
			balance = replace(self.balance, claimed=self.outstanding)
			if not returns.slip_refusals([row], {("I", "B"): balance}, "C", {}):
				self.approved += n
		elif what in (rules.RECEIVED, rules.DESTROYED, rules.NOT_COMING):
			part = Part("r", 1, "I", "B", self.approved, sum((q for _h, q in self.arrived), D(0)))
			if not rules.coming_refusals([Coming("r", n)], {"r": part}):
				self.arrived.append((what, n))
		elif what in rules.DISPOSITIONS:
			wanted = Disposing("I", "B", n, what, comment="Seen")
			seen = replace(INSPECTION, item="I", batch="B")
			found = rules.disposition_refusals(wanted, self.held, seen)
			if what == rules.SEND_BACK:
				found += rules.owed_refusals({"I": n}, self.owed, rules.TO_SEND_BACK)
			if not found:
				self.disposed.append((what, n))
		elif what == "replace":
			one = self.owed["I"]
			if one.came and not returns.replacement_refusal(
				"I", n, {"I": one.came}, {"I": one.came - one.room}
			):
				self.replaced.append(n)
		elif what == "credit":
			if not rules.owed_refusals({"I": n}, self.owed, rules.TO_CREDIT):
				self.credited.append(n)
		elif what == "cancel replacement" and self.replaced:
			# A delivery with goods on an open slip is not cancelled.
			if self.outstanding <= self.with_customer - self.replaced[-1]:
				self.replaced.pop()
		elif what == "cancel credit" and self.credited:
			self.credited.pop()
		elif what == "take back disposition" and self.disposed:
			how, q = self.disposed[-1]
			if how != rules.SEND_BACK or self.outstanding <= self.with_customer - q:
				self.disposed.pop()
		elif what == "take back arrival" and self.arrived:
			how, q = self.arrived[-1]
			if how == rules.NOT_COMING:
				# What was said not to come may have been approved again.
				row = returns.SlipRow(1, "I", self.outstanding + q, "B", (), True, reason="Leaks")
				if allocation.approval_refusals([row], {("I", "B"): self.balance}, [], {}, approved=True):
					return
			held = {("I", "B"): self.held} if how == rules.RECEIVED else {}
			less = {("I", "B"): q} if how != rules.NOT_COMING else {}
			if not rules.taking_back_refusals(held, less, self.owed):
				self.arrived.pop()

	@property
	def with_customer(self) -> D:
		return self.balance.delivered - self.balance.back

	@property
	def outstanding(self) -> D:
		return self.approved - sum((q for _h, q in self.arrived), D(0))


STEPS = (
	*("approve", rules.RECEIVED, rules.DESTROYED, rules.NOT_COMING, *rules.DISPOSITIONS, "replace", "credit"),
	*("cancel replacement", "cancel credit", "take back disposition", "take back arrival"),
)


@pytest.mark.rule("G7")
@settings(max_examples=300)
@given(
	st.integers(1, 20),
	st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 12).map(D)), max_size=40),
)
@example(5, [("approve", D(5)), (rules.NOT_COMING, D(5)), ("approve", D(5)), ("take back arrival", D(0))])
def test_g7_sums_hold_under_any_order_of_steps_and_cancellations(ordered, steps):
	world = World(ordered)
	for what, n in steps:
		world.step(what, n)
		came = world.sum(rules.RECEIVED, rules.DESTROYED)
		given_again = sum(world.replaced, D(0)) + world.sum(rules.SEND_BACK)
		assert given_again + sum(world.credited, D(0)) <= came
		assert 0 <= world.sum(*rules.FINAL) <= world.sum(rules.RECEIVED)
		# The customer never has more of it than was ordered, and never less than nothing.
		assert 0 <= world.with_customer <= world.ordered
		assert world.outstanding <= world.with_customer
