"""The rules of quality claims, approvals and bad batches (G2-G5, C12)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import claim as rules
from qms_customer.rules import returns
from qms_customer.rules.people import (
	BUSINESS_MANAGER,
	GENERAL_MANAGER,
	SALES_VP,
	Authority,
)
from qms_customer.rules.returns import BAD, FINDINGS, GOOD, NO_SAMPLE

TODAY = date(2026, 3, 2)
BOTH = (BUSINESS_MANAGER, GENERAL_MANAGER)


def inspection(**values) -> rules.Inspection:
	return rules.Inspection(
		**{
			"name": "QA-1",
			"item": "DEV",
			"batch": "B1",
			"of_slip": True,
			"submitted": True,
			"accepted": True,
			"readings": ("Accepted",),
			"tested": True,
			"by_quality": True,
			**values,
		}
	)


def found(finding: str, comment: str = "/", **values) -> rules.Found:
	return rules.Found("DEV", "B1", finding, comment, **{"inspection": inspection(), **values})


def said(refusals) -> str:
	return " ".join(f"{r.rule}: {r.message}" for r in refusals)


@pytest.mark.rule("G3")
def test_one_bad_sample_justifies_the_claim_and_all_are_tested() -> None:
	assert rules.overall([]) == ""
	assert rules.overall([GOOD, ""]) == ""
	assert rules.overall([GOOD, GOOD]) == GOOD
	assert rules.overall([GOOD, NO_SAMPLE]) == NO_SAMPLE
	assert rules.overall([NO_SAMPLE, BAD, GOOD]) == BAD


@pytest.mark.rule("G3")
@given(st.lists(st.sampled_from(("", *FINDINGS)), max_size=6))
def test_what_the_findings_come_to_does_not_depend_on_their_order(findings: list[str]) -> None:
	result = rules.overall(findings)
	assert result == rules.overall(reversed(findings))
	if result == GOOD:
		assert set(findings) == {GOOD}
	if "" in findings:
		assert result == ""


@pytest.mark.rule("G3")
def test_a_finding_rests_on_an_inspection() -> None:
	assert not rules.finding_refusals(found(GOOD))
	assert not rules.finding_refusals(found(BAD, inspection=inspection(accepted=False)))
	assert not rules.finding_refusals(found(BAD, "A hair in the pouch"))
	assert "Say in the comment" in said(rules.finding_refusals(found(BAD)))
	assert "not good" in said(rules.finding_refusals(found(GOOD, inspection=inspection(accepted=False))))
	assert "not good" in said(
		rules.finding_refusals(found(GOOD, inspection=inspection(readings=("Accepted", "Rejected"))))
	)
	assert "Make it first" in said(rules.finding_refusals(found(GOOD, inspection=None)))
	assert "not submitted" in said(rules.finding_refusals(found(BAD, inspection=inspection(submitted=False))))
	assert "no readings" in said(rules.finding_refusals(found(BAD, inspection=inspection(readings=()))))
	assert "without a value" in said(rules.finding_refusals(found(BAD, inspection=inspection(tested=False))))
	assert "of Quality" in said(rules.finding_refusals(found(GOOD, inspection=inspection(by_quality=False))))
	for wrong in ({"item": "X"}, {"batch": "B2"}, {"of_slip": False}):
		assert "is not of" in said(rules.finding_refusals(found(GOOD, inspection=inspection(**wrong))))
	assert "say what was found" in said(rules.finding_refusals(found("Fine")))
	assert [r.rule for r in rules.finding_refusals(found(GOOD, " "))] == ["K1"]


@pytest.mark.rule("G3")
@given(
	st.sampled_from((GOOD, BAD)),
	st.booleans(),
	st.booleans(),
	st.booleans(),
	st.lists(st.sampled_from(("Accepted", "Rejected", "")), max_size=3),
	st.sampled_from(("/", "", "Broken seal")),
)
def test_good_is_never_said_of_what_was_not_accepted(
	finding: str, of_slip: bool, submitted: bool, accepted: bool, readings: list[str], comment: str
) -> None:
	one = inspection(of_slip=of_slip, submitted=submitted, accepted=accepted, readings=tuple(readings))
	if not rules.finding_refusals(found(finding, comment, inspection=one)):
		assert of_slip and submitted and readings
		if finding == GOOD:
			assert accepted and set(readings) == {"Accepted"}


@pytest.mark.rule("G3")
def test_no_sample_left_says_where_it_was_looked_for() -> None:
	assert not rules.finding_refusals(found(NO_SAMPLE, "Cabinet 3", inspection=None))
	assert "looked for" in said(rules.finding_refusals(found(NO_SAMPLE, inspection=None)))
	left = rules.finding_refusals(found(NO_SAMPLE, inspection=None, samples_left=Decimal("3.0")))
	assert "the stock shows" in said(left) and left[0].args[2] == "3"
	assert not rules.finding_refusals(found(NO_SAMPLE, "Used up", inspection=None, samples_left=Decimal(3)))


@pytest.mark.rule("G4", "K3")
def test_the_answer_follows_the_explanation() -> None:
	assert rules.explanation_refusals("/") and not rules.explanation_refusals("It is tight")
	ok = ("It is tight", returns.KEEPS, "Dr Gu", TODAY, TODAY, TODAY)
	assert not rules.answer_refusals(*ok)
	for place, value, rule in (
		(0, "", "G4"),
		(1, "", "G4"),
		(2, "/", "G4"),
		(3, None, "G4"),
		(3, date(2026, 3, 3), "K3"),
		(3, date(2026, 3, 1), "K3"),
	):
		values = list(ok)
		values[place] = value
		assert [r.rule for r in rules.answer_refusals(*values)] == [rule]


@pytest.mark.rule("G2")
def test_what_is_outstanding_is_what_nobody_has_approved_yet() -> None:
	assert rules.outstanding(BOTH, ()) == (GENERAL_MANAGER, BUSINESS_MANAGER)
	assert rules.outstanding(BOTH, [rules.Approval(GENERAL_MANAGER, "gm")]) == (BUSINESS_MANAGER,)
	assert rules.outstanding((BUSINESS_MANAGER,), [rules.Approval(BUSINESS_MANAGER, "bm")]) == ()


@pytest.mark.rule("G2", "C12", "L2")
def test_nobody_decides_what_they_prepared_or_tested() -> None:
	assert not rules.separation_refusal("bm", "", ["s"], ["q"])
	assert "you prepared" in rules.separation_refusal("s", "", ["s"], ["q"])
	assert "you tested" in rules.separation_refusal("q", "", ["s"], ["q"])
	assert "for whom you act" in rules.separation_refusal("x", "s", ["s"], [])
	assert "for whom you act" in rules.separation_refusal("x", "q", [], ["q"])
	assert "an account of the system" in rules.separation_refusal("Administrator", "", [], [])


@pytest.mark.rule("G2")
def test_a_bulk_return_is_approved_by_two_people() -> None:
	first = [rules.Approval(BUSINESS_MANAGER, "deputy", "bm")]
	for user, acting_for in (("bm", ""), ("deputy", ""), ("deputy", "gm"), ("x", "bm")):
		assert rules.separation_refusal(user, acting_for, [], [], first).startswith("G2")
	assert not rules.separation_refusal("gm", "", [], [], first)


PEOPLE = st.sampled_from(("a", "b", "c", "d"))


@pytest.mark.rule("G2", "C12", "L2")
@given(
	st.lists(st.tuples(PEOPLE, st.sampled_from(BOTH), st.sampled_from(("", "a", "b", "c", "d"))), max_size=8),
	st.frozensets(PEOPLE, max_size=2),
	st.frozensets(PEOPLE, max_size=2),
)
def test_approvals_in_any_order_never_come_from_one_person_or_a_preparer(
	tries: list[tuple[str, str, str]], prepared: frozenset[str], tested: frozenset[str]
) -> None:
	given_: list[rules.Approval] = []
	for user, role, acting_for in tries:
		if role not in rules.outstanding(BOTH, given_):
			continue
		options = [(role, Authority(role, acting_for))]
		chosen, authority, _reason = rules.choose(options, user, prepared, tested, given_)
		if authority:
			given_.append(rules.Approval(chosen, user, authority.acting_for))
	took_part = [{a.by, a.acting_for} - {""} for a in given_]
	assert not any(people & (prepared | tested) for people in took_part)
	if len(took_part) == 2:
		assert not took_part[0] & took_part[1]
	assert len({a.role for a in given_}) == len(given_)


@pytest.mark.rule("G2")
def test_the_first_way_that_separation_allows_is_taken() -> None:
	options = [
		(GENERAL_MANAGER, Authority(GENERAL_MANAGER, "s")),
		(BUSINESS_MANAGER, Authority(SALES_VP)),
	]
	assert rules.choose(options, "x", ["s"], [])[:2] == (BUSINESS_MANAGER, Authority(SALES_VP))
	assert rules.choose([], "x", [], []) == ("", None, "")


@pytest.mark.rule("G2", "C13", "K1")
def test_a_rejection_says_why() -> None:
	assert not rules.decision_refusals("Approved", "/")
	assert not rules.decision_refusals("Rejected", "Opened and used")
	assert [r.rule for r in rules.decision_refusals("Rejected", "/")] == ["C13"]
	assert [r.rule for r in rules.decision_refusals("Approved", " ")] == ["K1"]
	assert [r.rule for r in rules.decision_refusals("Later", "x")] == ["G2"]


@pytest.mark.rule("G5")
def test_bad_batches_are_looked_at_once_each() -> None:
	findings = [("A", "1", BAD), ("A", "2", GOOD), ("A", "1", BAD), ("C", "", BAD), ("D", "3", BAD)]
	assert rules.to_be_looked_at(findings, ()) == [("A", "1"), ("D", "3")]
	assert rules.to_be_looked_at(findings, {("A", "1")}) == [("D", "3")]


@pytest.mark.rule("G5")
def test_what_is_not_done_about_a_bad_batch_has_a_reason() -> None:
	done = rules.Measures("A", "1", True, Decimal(), "QA-NC-1")
	assert not rules.look_refusals(done, "/")
	assert [r.rule for r in rules.look_refusals(done, "")] == ["K1"]
	for undone in (
		rules.Measures("A", "1", False, Decimal(), "QA-NC-1"),
		rules.Measures("A", "1", True, Decimal(1), "QA-NC-1"),
		rules.Measures("A", "1", True, Decimal(), ""),
	):
		assert [r.rule for r in rules.look_refusals(undone, "/")] == ["G5"]
		assert not rules.look_refusals(undone, "Only the labels are wrong")


@pytest.mark.rule("G5")
def test_goods_of_a_blocked_batch_stay_each_row_said_once() -> None:
	rows = [rules.Leaving(1, "DEV", "b1"), rules.Leaving(1, "DEV", "b1"), rules.Leaving(2, "DEV", "B2")]
	assert [r.args for r in rules.blocked_refusals(rows, ["B1", "B3"])] == [("1", "DEV", "b1")]
	assert not rules.blocked_refusals(rows, [])
