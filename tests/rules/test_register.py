"""D1, D2, D5, A4: where a contract stands in the register, and what waits."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import register as rules
from qms_customer.rules.register import Facts

DAY = date(2026, 3, 1)
days = st.dates(date(2024, 1, 1), date(2027, 12, 31))
maybe = st.none() | days
facts = st.builds(
	Facts,
	received=days,
	**{f.name: maybe for f in fields(Facts) if f.type == date | None and f.name != "received"},
	in_production=st.booleans(),
	settled=st.booleans(),
	nothing_to_deliver=st.booleans(),
	per_delivered=st.decimals(0, 100, places=2),
)

# How a contract goes on, in the usual order, each with the state that it is in then.
COURSE = (
	({"received": DAY}, rules.RECEIVED),
	({"review_started": DAY + timedelta(1)}, rules.UNDER_REVIEW),
	({"approved": DAY + timedelta(2)}, rules.APPROVED),
	({"signed": DAY + timedelta(3)}, rules.SIGNED),
	({"released": DAY + timedelta(4)}, rules.RELEASED),
	({"in_production": True, "production_started": DAY + timedelta(5)}, rules.IN_PRODUCTION),
	(
		{
			"per_delivered": Decimal(40),
			"first_delivery": DAY + timedelta(6),
			"last_delivery": DAY + timedelta(6),
		},
		rules.PARTLY_DELIVERED,
	),
	({"per_delivered": Decimal(100), "last_delivery": DAY + timedelta(7)}, rules.DELIVERED),
	({"first_payment": DAY + timedelta(8), "last_payment": DAY + timedelta(8)}, rules.PARTLY_PAID),
	({"settled": True, "last_payment": DAY + timedelta(9)}, rules.PAID),
	({"closed": DAY + timedelta(10)}, rules.CLOSED),
	({"cancelled": DAY + timedelta(11)}, rules.CANCELLED),
)


@pytest.mark.rule("D5")
def test_each_state_from_receipt_to_payment_with_its_date() -> None:
	now = Facts()
	for number, (values, state) in enumerate(COURSE):
		now = replace(now, **values)
		found = rules.standing(now)
		assert found.state == state
		assert found.dates[state] == DAY + timedelta(number)
	assert list(rules.standing(now).dates) == list(rules.STATES)


@pytest.mark.rule("D5")
@given(facts)
def test_it_always_stands_somewhere_and_what_ended_it_counts(one: Facts) -> None:
	found = rules.standing(one)
	assert found.state in rules.STATES
	assert (found.state == rules.CANCELLED) == (one.cancelled is not None)
	if one.cancelled is None:
		assert (found.state == rules.CLOSED) == (one.closed is not None)
	assert found.dates[rules.RECEIVED] == one.received
	assert set(found.dates) <= set(rules.STATES)


@pytest.mark.rule("D5")
@given(facts, st.lists(st.integers(0, len(COURSE) - 1), max_size=12))
def test_what_was_followed_step_by_step_is_what_one_who_looks_later_sees(
	one: Facts, events: list[int]
) -> None:
	seen = rules.standing(one)
	for event in events:
		one = replace(one, **COURSE[event][0])
		seen = rules.standing(one)
	assert seen == rules.standing(one)


@pytest.mark.rule("D5")
@given(facts, st.sampled_from(COURSE[1:6]))
def test_going_on_never_leads_back(one: Facts, event: tuple[dict, str]) -> None:
	def place(some: Facts) -> int:
		return rules.STATES.index(rules.standing(some).state)

	assert place(replace(one, **event[0])) >= place(one)


@pytest.mark.rule("D5")
def test_paid_in_advance_is_not_delivered_yet() -> None:
	one = Facts(received=DAY, approved=DAY, first_payment=DAY, last_payment=DAY, settled=True)
	found = rules.standing(one)
	assert found.state == rules.APPROVED and found.dates[rules.PAID] == DAY
	# Of services nothing leaves: the money is what is left to wait for.
	assert rules.standing(replace(one, nothing_to_deliver=True)).state == rules.PAID


@pytest.mark.rule("D5")
def test_what_came_back_is_not_delivered() -> None:
	one = Facts(received=DAY, per_delivered=Decimal(100), first_delivery=DAY, last_delivery=DAY)
	assert rules.standing(one).state == rules.DELIVERED
	assert rules.standing(replace(one, per_delivered=Decimal("99.99"))).state == rules.DELIVERED
	assert rules.standing(replace(one, per_delivered=Decimal(60))).state == rules.PARTLY_DELIVERED
	assert rules.standing(replace(one, per_delivered=Decimal())).state == rules.RECEIVED


@pytest.mark.rule("D5")
def test_a_delivery_by_the_supplier_counts_though_it_has_no_date() -> None:
	found = rules.standing(Facts(received=DAY, per_delivered=Decimal(100)))
	assert found.state == rules.DELIVERED and rules.DELIVERED not in found.dates


@pytest.mark.rule("D1")
def test_a_number_is_given_once() -> None:
	def said(*args: object) -> list[str]:
		return [r.rule for r in rules.number_refusals(*args)]

	assert said(rules.APPROVED, "HT-1", False, rules.FORMAL, None) == []
	assert said(rules.APPROVED, "HT-1", True, rules.FORMAL, None) == ["D1"]
	assert said(rules.APPROVED, " ", False, rules.FORMAL, None) == ["D1"]
	assert said(rules.CANCELLED, "HT-1", False, rules.FORMAL, None) == ["D1"]
	assert said(rules.APPROVED, "HT-1", False, "", None) == ["A4"]


@pytest.mark.rule("D1")
def test_signed_is_what_is_approved_and_numbered() -> None:
	assert not rules.signing_refusals(rules.APPROVED, "HT-1", True)
	assert len(rules.signing_refusals(rules.UNDER_REVIEW, "", False)) == 2
	assert len(rules.signing_refusals(rules.APPROVED, "", True)) == 1
	assert len(rules.signing_refusals(rules.CANCELLED, "HT-1", True)) == 1


@pytest.mark.rule("A4")
def test_a_provisional_contract_says_until_when() -> None:
	assert rules.number_refusals(rules.APPROVED, "HT-1", False, rules.PROVISIONAL, None)
	assert not rules.number_refusals(rules.APPROVED, "HT-1", False, rules.PROVISIONAL, DAY)


@pytest.mark.rule("A4")
def test_a_formal_contract_replaces_a_provisional_one_once_and_is_named() -> None:
	assert not rules.formal_refusals(rules.PROVISIONAL, False, True, None)
	assert not rules.formal_refusals(rules.PROVISIONAL, False, True, True)
	for kind, replaced, names, signed in (
		(rules.FORMAL, False, True, None),
		(rules.PROVISIONAL, True, True, None),
		(rules.PROVISIONAL, False, False, None),
		(rules.PROVISIONAL, False, True, False),
	):
		assert rules.formal_refusals(kind, replaced, names, signed)


@pytest.mark.rule("A4")
@given(days, st.integers(0, 90), st.integers(1, 30), st.sets(st.integers(0, 120)))
def test_reminders_come_again_and_never_twice_a_day(
	due: date, ahead: int, every: int, missed: set[int]
) -> None:
	last, said = None, []
	begin = due - timedelta(days=ahead)
	for number in range(121):
		today = begin + timedelta(days=number)
		if number in missed:
			continue
		if rules.is_reminded(due, last, today, every):
			last = today
			said.append(today)
			assert not rules.is_reminded(due, last, today, every)
	# What is overdue goes up the line.
	assert all(due - timedelta(days=every) <= day <= due for day in said)
	assert len(set(said)) == len(said)
	# However many days were missed, the next one on which it runs makes up for them.
	runs = [
		n
		for n in range(121)
		if n not in missed and due - timedelta(days=every) <= begin + timedelta(days=n) <= due
	]
	assert bool(said) == bool(runs)


@pytest.mark.rule("A4")
def test_open_until_replaced_or_cancelled() -> None:
	assert rules.is_open(rules.PROVISIONAL, None, rules.PAID)
	assert not rules.is_open(rules.PROVISIONAL, DAY, rules.PAID)
	assert not rules.is_open(rules.PROVISIONAL, None, rules.CANCELLED)
	assert not rules.is_open(rules.FORMAL, None, rules.SIGNED)
