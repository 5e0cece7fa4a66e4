"""What is owed to a regulator after an exchange: followed, told of, and sent before a complaint is closed
(H4).
"""

from __future__ import annotations

from datetime import timedelta

import frappe
import pytest
from frappe import client
from frappe.model.document import Document
from frappe.utils import add_to_date, get_datetime, getdate, now_datetime

from qms_customer.contract import scheduled
from qms_customer.feedback import reporting, reporting_alerts, reporting_job
from qms_customer.feedback import reporting_api as api
from qms_customer.messages import QMSRefusal
from qms_customer.records import verification
from qms_customer.rules import people as roles
from qms_customer.rules import reportability as rules
from tests.support import contracts as c
from tests.support import reported as r
from tests.support.doors import nothing_changes
from tests.support.people import as_user, make_user

FDA, NMPA = rules.FDA, rules.NMPA


def on(**shift: int) -> str:
	"""A day from today."""
	return str(getdate(add_to_date(now_datetime(), **shift)))


def ask(world: c.World, decision: Document, number: str, **values: object) -> Document:
	given = {"direction": rules.FROM, "kind": rules.QUESTION, "file": "", "comment": "Which batch?"}
	return r.send(world, decision, number=number, **{**given, "next_day": on(days=9), **values})


def sent(decision: Document) -> dict[str, bool]:
	"""What was announced or asked for, by its number and what: whether it was sent."""
	return {f"{row.source} {row.what}": bool(row.sent_on) for row in decision.clocks if row.asked_on}


def reported(world: c.World, **values: object) -> Document:
	"""A decision of the FDA, of which the initial report was sent."""
	doc = r.answer(world, r.complaint(FDA), death="Yes")
	return r.send(world, r.decide(world, r.of(doc, FDA), rules.REPORTABLE), **values)


@pytest.mark.rule("H4")
def test_a_final_report_that_was_announced_is_owed_until_it_is_sent(world: c.World) -> None:
	doc = r.answer(world, r.complaint(FDA), death="Yes")
	decision = r.decide(world, r.of(doc, FDA), rules.REPORTABLE)
	for values, said in (
		({"owed_next": ""}, "H4: Say what is owed next"),
		({"owed_next": rules.FINAL}, "H4: Say until which day"),
		({"owed_next": rules.FINAL, "next_day": "2020-01-01"}, "H4: It cannot be owed until a day before"),
		({"owed_next": rules.FINAL, "next_day": "soon"}, "H4: This is no day"),
		({"owed_next": rules.ANSWER, "next_day": on(days=9)}, "H4: Say what is owed next"),
	):
		with nothing_changes(decision), pytest.raises(QMSRefusal, match=said):
			r.send(world, decision, **values)
	r.send(world, decision, owed_next=rules.FINAL, next_day=on(days=20))
	# Until the last second of that day in Washington, wherever the site is.
	until = rules.end_of_day(getdate(on(days=20)), "America/New_York")
	assert reporting.moment(decision.first_due_on) == until and decision.due_on is None
	assert sent(decision) == {"2026-1 Final Report": False} and reporting.owed(doc.name) == [FDA]
	todo = frappe.get_last_doc("ToDo", {"reference_name": decision.name, "status": "Open"})
	assert "Final Report" in todo.description
	# The day that a follow-up gives takes the place of the first one.
	r.send(world, decision, kind=rules.FOLLOW_UP, number="2", owed_next=rules.FINAL, next_day=on(days=40))
	assert sent(decision) == {"2 Final Report": False}
	assert getdate(decision.clocks[-1].due_on) >= getdate(on(days=40))
	# Answers, rules and calendars that change leave it alone.
	r.answer(world, doc, serious_injury="Yes", death="Yes")
	reporting_job.catch_up()
	assert sent(decision.reload()) == {"2 Final Report": False}
	r.send(world, decision, kind=rules.FINAL, number="3")
	assert sent(decision) == {"2 Final Report": True}
	assert decision.first_due_on is None and reporting.owed(doc.name) == []
	assert verification.verify(decision.doctype).findings == []


@pytest.mark.rule("H4")
def test_a_new_duty_comes_into_the_inbox_beside_what_was_announced(world: c.World) -> None:
	doc = r.answer(world, r.complaint(NMPA), serious_injury="Yes")
	decision = r.decide(world, r.of(doc, NMPA), rules.REPORTABLE)
	r.send(world, decision, owed_next=rules.FINAL, next_day=on(days=40))
	r.answer(world, doc, serious_injury="Yes", death="Yes")
	decision.reload()
	assert decision.due_on and decision.first_due_on == decision.due_on
	todo = frappe.get_last_doc("ToDo", {"reference_name": decision.name, "status": "Open"})
	assert "Report complaint" in todo.description and "Final Report" in todo.description
	assert getdate(todo.date) == getdate(decision.due_on)


@pytest.mark.rule("H4")
def test_what_the_regulator_takes_back_is_not_owed(world: c.World) -> None:
	decision = reported(world, owed_next=rules.FINAL, next_day=on(days=20))
	off = {"direction": rules.FROM, "kind": rules.WITHDRAWN, "file": "", "number": "W-1"}
	key = decision.clocks[-1].name
	for values, said in (
		({"comment": "None is needed"}, "H4: Say what is not owed"),
		({"answers": key, "comment": ""}, "H4: Attach what the regulator sent"),
		({"answers": key, "comment": "x", "direction": rules.TO}, "H4: Say what was sent"),
	):
		with nothing_changes(decision), pytest.raises(QMSRefusal, match=said):
			r.send(world, decision, **{**off, **values})
	r.send(world, decision, **off, answers=key, comment="No final report is needed")
	row = decision.clocks[-1]
	assert (row.sent_on, decision.first_due_on) == (None, None) and row.withdrawn_on
	assert decision.exchanges[-1].answers.startswith("2026-1 (") and reporting.owed(decision.complaint) == []


@pytest.mark.rule("H4")
def test_what_is_overdue_is_not_moved_away(world: c.World) -> None:
	decision = reported(world, owed_next=rules.FOLLOW_UP, next_day=on())
	late = add_to_date(get_datetime(decision.first_due_on), days=1)
	real = reporting.now
	with pytest.MonkeyPatch.context() as patch:
		shift = late - now_datetime()
		patch.setattr(reporting, "now", lambda: real() + shift)
		first = decision.first_due_on
		r.send(
			world,
			decision,
			direction=rules.FROM,
			kind=rules.ACKNOWLEDGED,
			number="A",
			comment="It has time",
			file="",
			owed_next=rules.FOLLOW_UP,
			next_day=on(days=60),
		)
	assert sent(decision) == {"2026-1 Follow-up Report": False, "A Follow-up Report": False}
	assert decision.first_due_on == first
	# One follow-up settles both; the first stays late.
	r.send(world, decision, kind=rules.FOLLOW_UP, number="F")
	assert set(sent(decision).values()) == {True} and decision.first_due_on is None


@pytest.mark.rule("H4")
def test_a_question_is_answered_whatever_was_decided(world: c.World) -> None:
	doc = r.answer(world, r.complaint(NMPA))
	decision = r.decide(world, r.of(doc, NMPA), rules.NOT_REPORTABLE, "Nobody was harmed")
	with nothing_changes(decision), pytest.raises(QMSRefusal, match="H4: Say until which day"):
		ask(world, decision, "Q-1", next_day="")
	ask(world, decision, "Q-1")
	assert decision.decision == rules.NOT_REPORTABLE and decision.first_due_on and not decision.due_on
	assert reporting.owed(doc.name) == [NMPA]
	ask(world, decision, "Q-2", next_day=on(days=3))
	with as_user(world.person(roles.QUALITY)):
		panel = api.get_panel(decision.name)
	assert [row["called"][:3] for row in panel["asked"]] == ["Q-2", "Q-1"]  # the first that is due
	assert panel["exchanges"][rules.TO] == [rules.ANSWER] and panel["owed"] == []
	second, first = (row["key"] for row in panel["asked"])
	for values, said in (
		({}, "H4: Say which question it answers"),
		({"answers": "x"}, "H4: That is not open any more"),
		({"answers": first, "kind": rules.INITIAL}, "H4: Decide first"),
		({"answers": first, "file": ""}, "H4: Attach what was sent"),
	):
		with nothing_changes(decision), pytest.raises(QMSRefusal, match=said):
			r.send(world, decision, **{"kind": rules.ANSWER, **values})
	r.send(world, decision, kind=rules.ANSWER, number="R-2", answers=second)
	assert sent(decision) == {"Q-1 Answer to a Question": False, "Q-2 Answer to a Question": True}
	assert decision.exchanges[-1].answers.startswith("Q-2 (")
	# More was promised with the answer.
	more = {"owed_next": rules.ANSWER, "next_day": on(days=30)}
	r.send(world, decision, kind=rules.ANSWER, number="R-1", **more)
	assert sent(decision)["Q-1 Answer to a Question"] and not sent(decision)["R-1 Answer to a Question"]
	r.send(world, decision, kind=rules.ANSWER, number="R-3")
	assert decision.first_due_on is None and reporting.owed(doc.name) == []
	with nothing_changes(decision), pytest.raises(QMSRefusal, match="H4: There is no open question"):
		r.send(world, decision, kind=rules.ANSWER)
	# An answer is no report: it can still be decided otherwise, and nothing was reported.
	assert reporting.reported(decision) == set()
	assert verification.verify(decision.doctype).findings == []


@pytest.mark.rule("H4", "L3")
def test_what_is_owed_next_is_told_of_and_goes_up_the_line(world: c.World) -> None:
	for role in (roles.MANAGEMENT_REPRESENTATIVE, roles.GENERAL_MANAGER):
		world.person(role)
	doc = r.answer(world, r.complaint(NMPA))
	decision = r.decide(world, r.of(doc, NMPA), rules.NOT_REPORTABLE, "Nobody was harmed")
	ask(world, decision, "Q-1", next_day=on())
	row = decision.clocks[0]
	late = get_datetime(row.due_on) - timedelta(days=20)
	frappe.db.set_value("Reporting Clock", row.name, {"due_on": late, "told": 0}, update_modified=False)
	frappe.db.set_value(decision.doctype, decision.name, "first_due_on", late, update_modified=False)
	reporting_job.catch_up()
	boss = world.person(roles.GENERAL_MANAGER)
	told = frappe.get_all(
		"Notification Log", {"for_user": boss, "document_name": decision.name}, pluck="subject"
	)
	assert len(told) == 1 and "Answer to a Question" in told[0] and told[0].startswith("Overdue"), told
	reporting_job.catch_up()
	assert frappe.db.count("Notification Log", {"for_user": boss, "document_name": decision.name}) == 1
	scheduled.remind_overdue()
	assert frappe.db.exists("Review Escalation", {"reference_name": decision.name})
	card = frappe.get_doc("Number Card", "Regulator Deadlines Overdue")
	assert card.filters_json == "[]" and "first_due_on" in card.dynamic_filters_json
	# Opened again it has its own day to decide by, and its own alerts.
	r.answer(world, doc, death="Yes")
	decision.reload()
	assert decision.decision == rules.UNDECIDED and decision.due_on > now_datetime()
	assert getdate(decision.decide_by) >= getdate() and decision.told == 0


@pytest.mark.rule("H4", "C12")
@pytest.mark.parametrize("role", [roles.QUALITY, "System Manager", ""])
def test_no_door_moves_what_is_owed_next(world: c.World, role: str) -> None:
	decision = reported(world, owed_next=rules.FINAL, next_day=on(days=20))
	row = decision.clocks[-1]
	user = make_user(role) if role else "Administrator"
	refused = (frappe.PermissionError, frappe.ValidationError)
	for values in (
		{"due_on": "2099-01-01 00:00:00"},
		{"sent_on": row.asked_on},
		{"withdrawn_on": row.asked_on},
	):
		with as_user(user), nothing_changes(decision):
			with pytest.raises(refused):
				client.set_value("Reporting Clock", row.name, values)
			with pytest.raises(refused):
				client.save(row.as_dict() | {k: str(v) for k, v in values.items()})
			changed = decision.as_dict()
			changed["clocks"][-1].update(values)
			with pytest.raises(refused):
				client.save(changed)
	with as_user(user), nothing_changes(decision):
		with pytest.raises(refused):
			client.delete("Reporting Clock", row.name)
		with pytest.raises(refused):
			client.set_value(decision.doctype, decision.name, "first_due_on", None)


@pytest.mark.rule("H4")
def test_the_report_has_a_row_for_each_thing_that_is_owed(world: c.World) -> None:
	from frappe.desk.query_report import run

	decision = reported(world, owed_next=rules.FINAL, next_day=on(days=20))
	undecided = ask(world, r.of(r.complaint(NMPA), NMPA), "Q-1")
	with as_user(world.person(roles.AUDITOR)):
		found = run("Reportability Decisions", filters={}, ignore_prepared_report=True)["result"]
	rows = [
		(x["what"], x["number"], x["timeliness"]) for x in found if x.get("complaint") == decision.complaint
	]
	assert rows == [("Event Report", "2026-1", "In Time"), ("Final Report", "", "Due")]
	rows = [(x["what"], x["due_on"]) for x in found if x.get("complaint") == undecided.complaint]
	assert rows == [("", undecided.due_on), ("Answer to a Question", undecided.clocks[0].due_on)]


def test_each_deadline_has_alerts_of_its_own(world: c.World) -> None:
	decision = ask(world, r.of(r.complaint(NMPA), NMPA), "Q-1", next_day=on())
	world.person(roles.MANAGEMENT_REPRESENTATIVE)
	frappe.db.set_value(decision.doctype, decision.name, "told", 0, update_modified=False)
	frappe.db.delete("Notification Log", {"document_name": decision.name})
	assert reporting_alerts.alert(decision.reload())
	told = frappe.get_all("Notification Log", {"document_name": decision.name}, pluck="subject")
	assert {"Answer to a Question" in one for one in told} == {True, False}, told
	assert not reporting_alerts.alert(decision.reload())
