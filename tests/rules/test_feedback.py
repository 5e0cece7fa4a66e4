"""Feedback: recorded, assessed by the definition, answered (A10, F6, H1, H2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import feedback as rules
from qms_customer.rules.feedback import Assessment, Like, Times
from qms_customer.rules.workdays import EVERY_DAY

NOW = datetime(2026, 5, 20, 9, tzinfo=UTC)
LEAKS = Assessment(rules.COMPLAINT, ("Quality",), True, by="qa@x")
PRAISE = Assessment(rules.NOT_A_COMPLAINT, (), True, rules.PRAISE, "Thanks for the training", by="qa@x")


def said(found: list) -> str:
	return " | ".join(f"{r.rule}: {r.message.format(*r.args)}" for r in found)


@pytest.mark.rule("H2")
@pytest.mark.parametrize(
	("changed", "message"),
	[
		({"decision": ""}, "Decide"),
		({"decision": "Perhaps"}, "Decide"),
		({"deficiencies": ()}, "what is said to be deficient"),
		({"deficiencies": ("Colour",)}, "Colour is not in the definition"),
		({"released": False}, "has not left our control"),
		({"by": "Administrator"}, "account of the system"),
		({"concerned": frozenset({"qa@x"})}, "is about you"),
	],
)
def test_a_complaint_is_assessed_by_the_definition_and_by_somebody_else(changed: dict, message: str) -> None:
	assert rules.assessment_refusals(LEAKS) == []
	assert message in said(rules.assessment_refusals(replace(LEAKS, **changed)))


@pytest.mark.rule("H2")
def test_what_is_a_complaint_by_the_definition_is_not_argued_away() -> None:
	assert rules.assessment_refusals(PRAISE) == []
	for released in (True, None):
		found = rules.assessment_refusals(replace(PRAISE, deficiencies=("Safety",), released=released))
		assert "whether the customer is right or not" in said(found)
	# Of a device that never left, and of a service that affects none.
	assert rules.assessment_refusals(replace(PRAISE, deficiencies=("Safety",), released=False)) == []
	assert "why this is not" in said(rules.assessment_refusals(replace(PRAISE, reason="/")))
	assert "what it is" in said(rules.assessment_refusals(replace(PRAISE, nature="")))
	service = Assessment(rules.COMPLAINT, (rules.SERVICE,), False, by="qa@x")
	assert rules.assessment_refusals(service) == []


@pytest.mark.rule("H2")
@given(
	st.sampled_from(["", *rules.DECISIONS]),
	st.lists(st.sampled_from(rules.DEFICIENCIES), max_size=3).map(tuple),
	st.sampled_from([True, None]),
	st.sampled_from(["", "/", "Because"]),
)
def test_no_deficiency_of_a_released_device_passes_as_no_complaint(
	decision: str, deficiencies: tuple[str, ...], released: bool | None, reason: str
) -> None:
	one = Assessment(decision, deficiencies, released, rules.OTHER, reason, "qa@x")
	if not rules.assessment_refusals(one):
		assert decision == (rules.COMPLAINT if deficiencies else rules.NOT_A_COMPLAINT)


@pytest.mark.rule("H2", "L3")
def test_it_is_assessed_in_business_days() -> None:
	assert rules.assess_by(date(2026, 5, 20), 3, EVERY_DAY) == date(2026, 5, 23)
	assert rules.assess_by(date(2026, 5, 20), 0, EVERY_DAY) == date(2026, 5, 22)


@pytest.mark.rule("H4", "K3")
def test_awareness_is_between_the_event_and_the_record() -> None:
	hour = timedelta(hours=1)
	assert rules.time_refusals(Times(NOW, NOW - hour, NOW - 2 * hour)) == []
	assert rules.time_refusals(Times(NOW, NOW, NOW)) == []
	assert "first knew" in said(rules.time_refusals(Times(NOW)))
	assert "at the latest now" in said(rules.time_refusals(Times(NOW, NOW + hour)))
	assert "before it happened" in said(rules.time_refusals(Times(NOW, NOW - 2 * hour, NOW - hour)))
	assert "in the future" in said(rules.time_refusals(Times(NOW, NOW, NOW + hour)))
	assert rules.time_refusals(Times(NOW, NOW - hour, received=NOW - hour)) == []
	assert "when it was received" in said(rules.time_refusals(Times(NOW, NOW, received=NOW - hour)))
	assert "received in the future" in said(rules.time_refusals(Times(NOW, NOW, received=NOW + hour)))


@pytest.mark.rule("H4")
def test_nobody_gains_time_by_correcting_awareness_alone() -> None:
	earlier, later = NOW - timedelta(days=3), NOW + timedelta(days=3)
	assert rules.awareness_refusals(NOW, earlier, "The distributor knew", False) == []
	assert "Say why" in said(rules.awareness_refusals(NOW, earlier, "/", False))
	assert "approves it" in said(rules.awareness_refusals(NOW, later, "Mistyped", False))
	assert rules.awareness_refusals(NOW, later, "Mistyped", True) == []


@pytest.mark.rule("H1")
def test_the_same_device_or_batch_and_words_suggest_a_duplicate() -> None:
	one = Like("F-1", "PUMP", "B1", frozenset({"S1"}), "Dr Gu")
	same = Like("F-2", "PUMP", "", frozenset({"S1"}))
	assert rules.points(one, same) == 100
	assert rules.points(one, replace(same, serials=frozenset({"S2"}))) == 0
	lot = Like("F-3", "PUMP", "B1", words=80)
	assert rules.points(one, lot) == 70
	assert rules.points(one, replace(lot, batch="B2")) == rules.points(one, replace(lot, item="VALVE")) == 0
	assert rules.points(one, replace(lot, contact="DR GU")) == 90
	# Words alone are no proof, however alike.
	assert rules.points(one, Like("F-4", "PUMP", words=100)) < rules.ALIKE
	found = rules.duplicates(one, [lot, same, Like("F-1", "PUMP", "B1", frozenset({"S1"})), Like("F-9")])
	assert found == [("F-2", 100), ("F-3", 70)]


@pytest.mark.rule("F6")
def test_service_answers_whether_it_is_a_complaint() -> None:
	assert rules.service_refusals(rules.IS_COMPLAINT, "") == []
	assert rules.service_refusals(rules.NO_COMPLAINT, "Yearly calibration") == []
	for answer, reason in (("", "x"), ("Later", "x"), (rules.NO_COMPLAINT, ""), (rules.NO_COMPLAINT, "/")):
		assert [r.rule for r in rules.service_refusals(answer, reason)] == ["F6"]


@pytest.mark.rule("A10", "H1")
def test_an_enquiry_is_closed_with_its_answer() -> None:
	assert rules.answer_refusals(rules.ENQUIRY, "Catalogue 2026 sent", True, "sales@x") == []
	assert [r.rule for r in rules.answer_refusals(rules.ENQUIRY, "", True, "sales@x")] == ["A10"]
	assert [r.rule for r in rules.answer_refusals(rules.ENQUIRY, "Sent", False, "sales@x")] == ["A10"]
	assert [r.rule for r in rules.answer_refusals(rules.PRAISE, "/", False, "sales@x")] == ["H1"]
	assert rules.answer_refusals(rules.PRAISE, "Thanked", False, "sales@x") == []
	assert rules.answer_refusals(rules.ENQUIRY, "Sent", True, "Administrator")


@pytest.mark.rule("H1")
def test_a_record_says_who_how_when_and_what() -> None:
	whole = {"source": "User", "channel": "Phone", "received_on": NOW, "details": "It leaks"}
	assert rules.record_refusals(whole) == []
	for name in rules.REQUIRED:
		assert len(rules.record_refusals({**whole, name: "/"})) == 1
	assert len(rules.record_refusals({})) == len(rules.REQUIRED)


@pytest.mark.rule("H9")
def test_h9_a_changed_requirement_says_what_it_concerns_and_how_it_was_taken_up() -> None:
	given = {"decision": rules.NOT_A_COMPLAINT, "nature": rules.REQUIREMENT, "reason": "New law", "by": "q@x"}
	assert [r.rule for r in rules.assessment_refusals(rules.Assessment(**given))] == ["H9"]
	for one in rules.REQUIREMENTS:
		assert rules.assessment_refusals(rules.Assessment(**given, requirement=one)) == []
	assert [r.rule for r in rules.answer_refusals(rules.REQUIREMENT, "Done", False, "q@x")] == ["H9"]
	assert rules.answer_refusals(rules.REQUIREMENT, "Done", False, "q@x", taken_up=True) == []
	for how, document, comment, found in (
		(rules.BY_NOTICE, True, "As asked", 0),
		(rules.BY_NOTICE, False, "As asked", 1),
		(rules.BY_REVIEW, False, " ", 2),
		(rules.BY_DESIGN, False, "ECO-12", 0),
		(rules.NOT_TAKEN_UP, False, "/", 1),
		("Somehow", True, "x", 1),
	):
		assert len(rules.taken_up_refusals(how, document, comment, "q@x")) == found
	assert rules.taken_up_refusals(rules.BY_DESIGN, False, "ECO-12", "Administrator")
