"""What a change notice proposes, what a customer's confirmation lacks, what a change needs (E1-E5)."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import change
from qms_customer.rules import notice as rules
from qms_customer.rules.aspects import ASPECTS, COMMERCIAL, DEPARTMENTS, TECHNICAL, TOPICS
from qms_customer.rules.change import Asked, Needed, Work
from qms_customer.rules.content import Change

NOW = datetime(2026, 11, 26, 12, 0)
SHIFT = Change("items", "PUMP × 5", "delivery_date", "2026-12-01", "2026-12-04")
HEAD_SHIFT = Change("", "", "delivery_date", "2026-12-01", "2026-12-04")
PRICE = Change("items", "PUMP × 5", "rate", "100", "90")


def need(*changes: Change, days: tuple[int, ...] = (3,), free: int = 5, **values: object) -> change.Need:
	given_ = {
		"kind": rules.CHANGE,
		"asked_by": rules.CUSTOMER,
		"changes": changes,
		"topics": frozenset({COMMERCIAL}),
		"days": days,
		"plan": change.PLAN_NOT_AFFECTED,
		**values,
	}
	return change.needed(Asked(**given_), free, DEPARTMENTS, ASPECTS)


@pytest.mark.rule("E3")
@pytest.mark.rule("E4")
def test_small_shift_needs_a_record_of_the_call() -> None:
	assert need(SHIFT, HEAD_SHIFT).outcome is Needed.CALL_RECORD
	assert need(SHIFT, days=(-5,)).outcome is Needed.CALL_RECORD
	assert need(SHIFT, days=(5, -2)).outcome is Needed.CALL_RECORD


@pytest.mark.rule("E4")
def test_more_than_the_limit_is_in_writing() -> None:
	assert need(SHIFT, days=(6,)).outcome is Needed.WRITTEN_NOTICE
	assert need(SHIFT, days=(-6,)).outcome is Needed.WRITTEN_NOTICE
	assert need(SHIFT, days=(1, 6)).outcome is Needed.WRITTEN_NOTICE
	# A site may want all of it in writing; and what cannot be counted is not little.
	assert need(SHIFT, days=(1,), free=0).outcome is Needed.WRITTEN_NOTICE
	assert need(HEAD_SHIFT, days=()).outcome is Needed.WRITTEN_NOTICE


@pytest.mark.rule("E3")
def test_affected_plan_is_reviewed_by_everybody() -> None:
	found = need(SHIFT, plan=change.PLAN_AFFECTED)
	assert found.outcome is Needed.REVIEW
	assert found.departments == tuple(d.name for d in DEPARTMENTS)


@pytest.mark.rule("E2")
@pytest.mark.rule("C6")
def test_more_than_dates_is_reviewed_by_those_whose_aspects_change() -> None:
	assert need(SHIFT, PRICE).outcome is Needed.REVIEW
	assert need(PRICE).departments == ("Sales",)
	assert need(PRICE, topics=frozenset({COMMERCIAL, TECHNICAL})).departments == ("Sales", "R&D")
	# Somebody always reviews.
	assert need(PRICE, topics=frozenset()).departments == ("Sales",)


@pytest.mark.rule("E5")
def test_company_asks_is_always_reviewed() -> None:
	assert need(SHIFT, days=(1,), asked_by=rules.COMPANY).outcome is Needed.REVIEW
	assert need(SHIFT, days=(1,), asked_by="").outcome is Needed.REVIEW


@pytest.mark.rule("E8")
@pytest.mark.parametrize("kind", [rules.CANCEL, rules.CLOSE, rules.REOPEN])
def test_termination_is_reviewed_by_those_who_execute(kind: str) -> None:
	found = need(kind=kind)
	assert found.outcome is Needed.REVIEW
	assert found.departments == ("Sales", "Production", "PMC", "Purchasing")


def test_nothing_changes() -> None:
	assert need().outcome is Needed.NONE


changes = st.lists(st.sampled_from([SHIFT, HEAD_SHIFT, PRICE]), unique=True).map(tuple)
days = st.lists(st.integers(-400, 400), max_size=5).map(tuple)
asks = st.builds(
	Asked,
	kind=st.sampled_from(rules.KINDS),
	asked_by=st.sampled_from(("", *rules.ASKERS)),
	changes=changes,
	topics=st.frozensets(st.sampled_from(TOPICS)),
	days=days,
	plan=st.sampled_from(("", change.PLAN_NOT_AFFECTED, change.PLAN_AFFECTED)),
)


def rank(found: change.Need) -> int:
	return change.ORDER.index(found.outcome)


@pytest.mark.rule("E4")
@given(asks, changes, days, st.integers(0, 30), st.frozensets(st.sampled_from(TOPICS)))
def test_more_changes_never_need_less(
	asked: Asked, more: tuple, later: tuple, free: int, topics: frozenset
) -> None:
	from dataclasses import replace

	# A change of dates that nobody can count is in writing; one that can be counted may need less.
	if change.only_dates(asked.changes) and not asked.days:
		later = ()
	wider = replace(
		asked,
		changes=tuple(dict.fromkeys((*asked.changes, *more))),
		days=(*asked.days, *later),
		topics=asked.topics | topics,
	)
	one = change.needed(asked, free, DEPARTMENTS, ASPECTS)
	other = change.needed(wider, free, DEPARTMENTS, ASPECTS)
	assert rank(other) >= rank(one)


@pytest.mark.rule("E3")
@given(asks, st.integers(0, 30))
def test_only_a_customers_shift_of_dates_passes_without_review(asked: Asked, free: int) -> None:
	found = change.needed(asked, free, DEPARTMENTS, ASPECTS)
	if found.outcome in (Needed.CALL_RECORD, Needed.WRITTEN_NOTICE):
		assert asked.asked_by == rules.CUSTOMER and asked.kind == rules.CHANGE
		assert change.only_dates(asked.changes)
		assert asked.plan != change.PLAN_AFFECTED
	if found.outcome is Needed.CALL_RECORD:
		assert asked.days and max(abs(d) for d in asked.days) <= free
	assert found.outcome is not Needed.REVIEW or found.departments
	assert found.reasons


@pytest.mark.rule("E4")
@given(st.lists(st.integers(-9, 9), max_size=12), st.integers(0, 10))
def test_nobody_walks_past_the_limit_in_steps(steps: list[int], free: int) -> None:
	"""However small each step is: what went by call alone is never further than the limit from the date
	reviewed.
	"""
	reviewed = date(2026, 12, 1)
	current, shifts = reviewed, []
	for step in steps:
		wanted = current + timedelta(days=step)
		since = rules.reviewed_date(current, reversed(shifts))
		assert since == reviewed
		moved = Change("items", "", "delivery_date", str(current), str(wanted))
		found = need(moved, days=((wanted - since).days,), free=free)
		if found.outcome is Needed.CALL_RECORD:
			shifts.append((current, False))
			current = wanted
		assert abs((current - reviewed).days) <= free


@pytest.mark.rule("E4")
def test_a_review_resets_what_days_are_counted_from() -> None:
	first, second, third = date(2026, 12, 1), date(2026, 12, 4), date(2026, 12, 8)
	assert rules.reviewed_date(third, []) == third
	assert rules.reviewed_date(third, [(second, False), (first, False)]) == first
	assert rules.reviewed_date(third, [(second, False), (first, True)]) == second
	assert rules.reviewed_date(third, [(second, True), (first, False)]) == third


@pytest.mark.rule("E3")
def test_work_affected() -> None:
	due = date(2026, 12, 1)
	in_time = Work("Work Order", "WO-1", due, due)
	late = Work("Work Order", "WO-2", due + timedelta(days=1), due)
	unknown = Work("Production Plan", "PP-1", None, due)
	assert change.affected([in_time, late, unknown]) == [late, unknown]
	assert change.plan_of(change.PLAN_NOT_AFFECTED, [in_time], "No") == change.PLAN_NOT_AFFECTED
	assert change.plan_of(change.PLAN_NOT_AFFECTED, [late], "No") == change.PLAN_AFFECTED
	assert change.plan_of(change.PLAN_NOT_AFFECTED, [], "Yes") == change.PLAN_AFFECTED
	assert change.plan_of("", [], "Unknown") == change.PLAN_UNKNOWN


@pytest.mark.rule("E1")
def test_what_happens_follows_from_the_values() -> None:
	assert rules.what_happens("", False, True) == rules.ADD
	assert rules.what_happens("row", True, True) == rules.REMOVE
	assert rules.what_happens("row", False, True) == rules.ALTER
	assert rules.what_happens("row", False, False) == rules.KEEP


@pytest.mark.rule("E1")
def test_a_line_says_all_of_it() -> None:
	good = {"item_code": "PUMP", "qty": 5, "rate": 1, "delivery_date": "2026-12-01"}
	assert rules.line_refusals(1, "row", good, 0) == []
	assert rules.line_refusals(1, "", {**good, "item_code": ""}, 0)
	assert rules.line_refusals(1, "row", {**good, "qty": 0}, 0)
	assert rules.line_refusals(1, "row", {**good, "qty": 4}, 5)[0].rule == "E7"
	assert rules.line_refusals(1, "row", {**good, "rate": -1}, 0)
	assert rules.line_refusals(1, "row", {**good, "delivery_date": None}, 0)


@pytest.mark.rule("E1")
def test_what_a_notice_lacks_is_said_at_once() -> None:
	empty = rules.Proposal(rules.CHANGE)
	assert len(rules.forward_refusals(empty, "", "", "", "", ["below the delivered quantity"])) == 6
	full = rules.Proposal(rules.CHANGE, head={"po_no": "7"})
	assert rules.forward_refusals(full, rules.CUSTOMER, "They ask", "Quantity", "No", []) == []
	assert rules.Proposal(rules.CANCEL)
	assert not empty


GOOD = rules.Confirmation("Dr. Li", NOW - timedelta(hours=1), "E-mail", True)


@pytest.mark.rule("E2")
def test_confirmation_of_the_customer() -> None:
	def lacks(**values: object) -> list[str]:
		from dataclasses import replace

		return [
			r.rule for r in rules.confirmation_refusals(replace(GOOD, **values), rules.CUSTOMER, False, NOW)
		]

	assert lacks() == []
	assert lacks(confirmed_by=" ") == ["E2"]
	assert lacks(confirmed_on=None) == ["E2"]
	assert lacks(confirmed_on=NOW + timedelta(days=1)) == ["K3"]
	assert lacks(how="Telepathy") == ["E2"]
	assert lacks(evidence=False) == ["E2"]


@pytest.mark.rule("E4")
def test_a_call_is_enough_only_for_small_shifts_with_both_records() -> None:
	call = rules.Confirmation(
		"Dr. Li", NOW, rules.CALL, False, "He called at nine", "Told PMC and production"
	)
	assert rules.confirmation_refusals(call, rules.CUSTOMER, True, NOW) == []
	assert rules.confirmation_refusals(call, rules.CUSTOMER, False, NOW)[0].rule == "E4"
	half = rules.Confirmation("Dr. Li", NOW, rules.CALL, False, "He called at nine", "/")
	assert rules.confirmation_refusals(half, rules.CUSTOMER, True, NOW)[0].rule == "E4"


@pytest.mark.rule("E5")
def test_company_asks_and_the_customer_signs() -> None:
	signed = rules.Confirmation("Dr. Li", NOW, rules.SIGNED_AGREEMENT, True)
	assert rules.confirmation_refusals(signed, rules.COMPANY, False, NOW) == []
	for how, evidence in (("E-mail", True), (rules.SIGNED_AGREEMENT, False), (rules.CALL, True)):
		given_ = rules.Confirmation("Dr. Li", NOW, how, evidence, "call", "told")
		assert rules.confirmation_refusals(given_, rules.COMPANY, True, NOW)[0].rule == "E5"
