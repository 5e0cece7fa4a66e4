"""Complaints: severity, investigation or the reason for none, effectiveness, closing (H3, H5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import complaint as rules
from qms_customer.rules.complaint import Effectiveness, Investigation, NoInvestigation, Record, Standing
from qms_customer.rules.people import MANAGEMENT_REPRESENTATIVE, QUALITY

RECEIVED, TODAY = date(2026, 5, 4), date(2026, 5, 20)
RECORD = Record("Infusion pump", RECEIVED, True, "Dr Gu", True, "It leaks")
DONE = Investigation(RECEIVED, TODAY, "Seal cracked", "C0201", True, "Production", by="qa@x")
SIMILAR = NoInvestigation("Same seal, same batch", "C-1", True, by="qa@x", approved_by="head@x")


def said(found: list) -> str:
	return " | ".join(f"{r.rule}: {r.message.format(*r.args)}" for r in found)


@pytest.mark.rule("H5")
def test_severity_follows_from_harm_and_probability() -> None:
	assert rules.severity("Serious", "Improbable") == rules.HIGH
	assert rules.severity("Catastrophic", "Improbable") == rules.CRITICAL
	assert rules.severity("", "Probable") == rules.severity("Minor", "") == ""
	rank = rules.SEVERITIES.index
	for row in rules.MATRIX.values():
		assert all(rank(a) <= rank(b) for a, b in pairwise(row))
	for column in zip(*(rules.MATRIX[harm] for harm in rules.HARM), strict=True):
		assert all(rank(a) <= rank(b) for a, b in pairwise(column))


@pytest.mark.rule("H5")
def test_another_severity_than_the_matrix_says_has_a_reason() -> None:
	assert rules.severity_refusals("Minor", "Remote", rules.LOW, "") == []
	assert "By the matrix" in said(rules.severity_refusals("Serious", "Remote", rules.LOW, "/"))
	assert rules.severity_refusals("Serious", "Remote", rules.LOW, "No patient connected") == []
	assert "Say which harm" in said(rules.severity_refusals("", "Remote", rules.LOW, "x"))
	assert "not a severity" in said(rules.severity_refusals("Minor", "Remote", "Bad", "x"))


@pytest.mark.rule("H3")
def test_the_record_holds_what_the_regulation_lists() -> None:
	assert rules.record_refusals(RECORD) == []
	for changed in ({"device": ""}, {"received_on": None}, {"details": "/"}):
		assert [r.rule for r in rules.record_refusals(replace(RECORD, **changed))] == ["H3"]
	unknown = replace(RECORD, identified=False, complainant="", reachable=False)
	assert len(rules.record_refusals(unknown)) == 3
	assert rules.record_refusals(replace(unknown, why_not="Anonymous call, asked twice")) == []


@pytest.mark.rule("H3")
@pytest.mark.parametrize(
	("changed", "message"),
	[
		({"begun": None}, "began and ended"),
		({"begun": date(2026, 5, 3)}, "begins after the complaint came"),
		({"ended": date(2026, 5, 3)}, "begins after the complaint came"),
		({"ended": date(2026, 5, 21)}, "in the future"),
		({"results": "/"}, "what the investigation found"),
		({"cause": ""}, "Choose the cause"),
		({"department": ""}, "Name the department"),
		({"by": "Administrator"}, "account of the system"),
	],
)
def test_an_investigation_ends_with_results_cause_and_department(changed: dict, message: str) -> None:
	assert rules.investigation_refusals(DONE, RECEIVED, TODAY) == []
	assert message in said(rules.investigation_refusals(replace(DONE, **changed), RECEIVED, TODAY))
	nobody = replace(DONE, department="", no_department="Dropped by the customer")
	assert rules.investigation_refusals(nobody, RECEIVED, TODAY) == []


@pytest.mark.rule("H3", "H4", "C12")
@pytest.mark.parametrize(
	("changed", "message"),
	[
		({"reason": "/"}, "why it is not investigated"),
		({"similar": "C-9"}, "not similar to itself"),
		({"similar_investigated": False}, "was not investigated either"),
		({"reportable_open": True}, "always investigated"),
		({"approved_by": "qa@x"}, "Somebody else approves"),
		({"approved_by": "Administrator"}, "Somebody else approves"),
	],
)
def test_not_investigating_is_reasoned_and_approved(changed: dict, message: str) -> None:
	assert rules.no_investigation_refusals(SIMILAR, "C-9") == []
	assert rules.no_investigation_refusals(replace(SIMILAR, similar=""), "C-9") == []
	assert message in said(rules.no_investigation_refusals(replace(SIMILAR, **changed), "C-9"))


@pytest.mark.rule("H5")
def test_effectiveness_has_a_criterion_and_a_day() -> None:
	planned = Effectiveness(True, "No leak in 50 sets", TODAY)
	assert rules.effectiveness_refusals(Effectiveness(), False, TODAY) == []
	assert rules.effectiveness_refusals(planned, False, TODAY) == []
	assert len(rules.effectiveness_refusals(Effectiveness(True), False, TODAY)) == 2
	assert len(rules.effectiveness_refusals(planned, True, TODAY)) == 2
	checked = replace(planned, effective=False, evidence="Two of 50 leak")
	assert rules.effectiveness_refusals(checked, True, TODAY) == []
	assert "not before" in said(rules.effectiveness_refusals(checked, True, date(2026, 5, 19)))


@pytest.mark.rule("H3", "H5")
def test_a_complaint_goes_on_until_all_of_it_is_done() -> None:
	done = {"accounted": True, "acting": False, "replied": True}
	both = frozenset(rules.CLOSERS)
	assert rules.state(Standing()) == rules.INVESTIGATING
	assert rules.state(Standing(accounted=True)) == rules.ACTING
	assert rules.state(Standing(True, False)) == rules.REPLYING
	assert rules.state(Standing(**done, check_needed=True)) == rules.VERIFYING
	assert rules.state(Standing(**done, check_needed=True, effective=False, closings=both)) == rules.ACTING
	assert rules.state(Standing(**done, check_needed=True, effective=True)) == rules.CLOSING
	assert rules.state(Standing(**done)) == rules.CLOSING
	assert rules.state(Standing(**done, closings=frozenset({QUALITY}))) == rules.CLOSING
	assert rules.state(Standing(**done, closings=both)) == rules.CLOSED


@pytest.mark.rule("H5", "C12")
def test_two_people_who_did_not_handle_it_close_it() -> None:
	handlers = rules.handlers(["handler@x", "Administrator", "Guest", ""])
	assert handlers == {"handler@x"}
	assert rules.closing_refusal("qa@x", QUALITY, handlers, {}) == ""
	assert rules.closing_refusal("mr@x", MANAGEMENT_REPRESENTATIVE, handlers, {QUALITY: "qa@x"}) == ""
	for user, role, closed in (
		("handler@x", QUALITY, {}),
		("Administrator", QUALITY, {}),
		("qa@x", "QMS Sales User", {}),
		("qa@x", QUALITY, {QUALITY: "other@x"}),
		("qa@x", MANAGEMENT_REPRESENTATIVE, {QUALITY: "qa@x"}),
	):
		assert rules.closing_refusal(user, role, handlers, closed).startswith("H5")


@pytest.mark.rule("H5")
@given(
	st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(rules.CLOSERS)), max_size=8),
	st.sets(st.sampled_from("abc")),
)
def test_whoever_closes_it_two_people_did_and_none_of_them_handled_it(
	tries: list[tuple[str, str]], handled: set[str]
) -> None:
	closed: dict[str, str] = {}
	for user, role in tries:
		if not rules.closing_refusal(user, role, handled, closed):
			closed[role] = user
	assert len(set(closed.values())) == len(closed)
	assert not handled & set(closed.values())


@pytest.mark.rule("H5")
def test_a_later_entry_opens_it_again_with_a_reason() -> None:
	assert rules.reopening_refusals(False, "") == []
	assert rules.reopening_refusals(True, "A second patient reported it") == []
	assert rules.reopening_refusals(True, "/")
	assert rules.open_days(RECEIVED, None, TODAY) == 16
	assert rules.open_days(RECEIVED, date(2026, 5, 6), TODAY) == 2


@pytest.mark.rule("H5")
def test_no_action_has_a_reason_and_a_corrective_one_is_checked() -> None:
	assert rules.plan_refusals(0, False, False, "Nothing of ours") == []
	assert rules.plan_refusals(1, False, False, "/") == []
	assert "none is needed" in said(rules.plan_refusals(0, False, False, "/"))
	assert "always checked" in said(rules.plan_refusals(1, True, False, "Yes"))
	assert rules.plan_refusals(1, True, True, "/") == []


@pytest.mark.rule("H5")
def test_a_reply_says_what_to_whom_and_how() -> None:
	assert rules.reply_refusals("Final", "Phone", "Dr Gu", "We are sorry") == []
	assert rules.reply_refusals("Final", "Not Possible", "", "Nobody knows who wrote") == []
	assert "why no reply" in said(rules.reply_refusals("Final", "Not Possible", "Dr Gu", "/"))
	assert len(rules.reply_refusals("", "", "", "")) == 4


@pytest.mark.rule("H5")
def test_what_follows_the_step_at_which_it_is_opened_again_is_void() -> None:
	first, second = datetime(2026, 5, 4), datetime(2026, 5, 9)
	assert rules.counts_from([], "Closing") is None
	for step in rules.AGAIN:
		since = rules.counts_from([("Reply", first), ("Closing", second)], step)
		wanted = {"Investigation": None, "Actions": None, "Closing": second}
		assert since == wanted.get(step, first)
