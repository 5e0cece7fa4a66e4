"""Deadlines of regulators are told of before and after, undecided ones go up the line (H4, L3)."""

from __future__ import annotations

import frappe
import pytest
from frappe.model.document import Document
from frappe.utils import add_days, add_to_date, now_datetime, nowdate

from qms_customer.contract import scheduled
from qms_customer.feedback import regimes, reporting, reporting_job
from qms_customer.rules import people as roles
from qms_customer.rules import reportability as rules
from tests.support import contracts as c
from tests.support import reported as r
from tests.support.copies import copy_row
from tests.support.people import as_user
from tests.support.sql import count_queries

NMPA, EU, FDA = rules.NMPA, rules.EU, rules.FDA


@pytest.fixture
def staff(world: c.World) -> c.World:
	for role in (roles.QUALITY, roles.MANAGEMENT_REPRESENTATIVE, roles.GENERAL_MANAGER):
		world.person(role)
	return world


def heard(decision: Document, user: str) -> list[str]:
	return frappe.get_all(
		"Notification Log",
		filters={"document_name": decision.name, "for_user": user, "subject": ("like", "%due on%")},
		pluck="subject",
		order_by="creation",
	)


def due_in(decision: Document, **left: int) -> Document:
	"""Let a deadline be so far away, as if it had been computed so."""
	frappe.db.set_value(r.DECISION, decision.name, "due_on", add_to_date(now_datetime(), **left))
	return decision.reload()


@pytest.fixture
def fixed(monkeypatch: pytest.MonkeyPatch) -> None:
	"""The deadline stays where a test has put it."""
	monkeypatch.setattr(reporting, "refresh", lambda *_given: False)


@pytest.mark.rule("H4", "L3")
def test_alerts_come_before_and_after_once_each(staff: c.World, fixed: None) -> None:
	doc = r.answer(staff, r.complaint(NMPA, event_country="China"), serious_injury="Yes")
	decision = r.decide(staff, r.of(doc, NMPA), rules.REPORTABLE)
	quality, representative, manager = (
		staff.person(role) for role in (roles.QUALITY, roles.MANAGEMENT_REPRESENTATIVE, roles.GENERAL_MANAGER)
	)
	frappe.db.delete("Notification Log", {"document_name": decision.name})
	for left, counts in (
		({"hours": 73}, (0, 0, 0)),
		({"hours": 71}, (1, 0, 0)),
		({"hours": 23}, (2, 1, 0)),
		({"hours": 3}, (3, 2, 0)),
		({"hours": -1}, (4, 3, 1)),
		({"hours": -23}, (4, 3, 1)),
		({"hours": -25}, (5, 4, 2)),
	):
		due_in(decision, **left)
		for _again in range(2):
			reporting_job.catch_up()
		assert tuple(len(heard(decision, u)) for u in (quality, representative, manager)) == counts, left
	assert heard(decision, quality)[-1].startswith("Overdue: the report of complaint")
	assert heard(decision, quality)[0].startswith("The report of complaint")


@pytest.mark.rule("H4", "L3")
def test_days_on_which_nothing_ran_are_one_alert(staff: c.World, fixed: None) -> None:
	decision = r.of(r.complaint(FDA), FDA)
	quality = staff.person(roles.QUALITY)
	frappe.db.delete("Notification Log", {"document_name": decision.name})
	frappe.db.set_value(r.DECISION, decision.name, "told", 0)
	due_in(decision, days=-6)
	reporting_job.catch_up()
	reporting_job.catch_up()
	assert len(heard(decision, quality)) == 1
	assert heard(decision, quality)[0].startswith("Overdue: not decided")


@pytest.mark.rule("H4")
def test_an_awareness_corrected_to_long_ago_is_told_at_once(staff: c.World) -> None:
	doc = r.complaint(FDA, aware_on=add_to_date(now_datetime(), days=-1))
	r.answer(staff, doc, death="Yes")
	decision = r.decide(staff, r.of(doc, FDA), rules.REPORTABLE)
	quality = staff.person(roles.QUALITY)
	assert heard(decision, quality) == [] or all("not decided" in s.lower() for s in heard(decision, quality))
	r.correct(staff, doc, add_to_date(now_datetime(), days=-40), "Found in an old letter")
	assert any(text.startswith("Overdue: the report") for text in heard(decision, quality))


@pytest.mark.rule("H4")
def test_running_again_changes_nothing(staff: c.World) -> None:
	doc = r.answer(staff, r.complaint(NMPA, EU), death="Yes")
	r.decide(staff, r.of(doc, NMPA), rules.REPORTABLE)
	reporting_job.catch_up()

	def state() -> list:
		found = frappe.get_all(r.DECISION, fields=["name", "modified", "turn", "told"], order_by="name")
		return [*found, frappe.db.count("Record Snapshot"), frappe.db.count("Notification Log")]

	before = state()
	reporting_job.catch_up()
	assert state() == before


@pytest.mark.rule("H4")
def test_a_bad_row_stops_nothing(staff: c.World, monkeypatch: pytest.MonkeyPatch) -> None:
	bad, good = r.complaint(FDA), r.complaint(FDA)
	first, second = r.of(bad, FDA), r.of(good, FDA)
	frappe.db.set_value(r.COMPLAINT, good.name, "aware_on", add_to_date(now_datetime(), days=-50))
	# A complaint that is gone by SQL.
	frappe.db.delete(r.COMPLAINT, {"name": bad.name})
	due = second.due_on
	reporting_job.catch_up()
	assert second.reload().due_on < due and first.reload().decision == rules.UNDECIDED
	assert frappe.db.exists("Error Log", {"method": ("like", f"%{first.name}%")})


@pytest.mark.rule("H4")
def test_a_hundred_decisions_take_no_more_queries_than_ten(staff: c.World) -> None:
	doc = r.answer(staff, r.complaint(NMPA, event_country="China"), death="Yes")
	decision = r.decide(staff, r.of(doc, NMPA), rules.REPORTABLE)
	clock = decision.clocks[0].name

	def many(count: int, prefix: str) -> None:
		names = {
			doctype: f"concat('{prefix}-{doctype[:4]}-', s.seq)" for doctype in (r.COMPLAINT, r.DECISION)
		}
		copy_row(r.COMPLAINT, doc.name, count, {"name": names[r.COMPLAINT]})
		copy_row(
			r.DECISION, decision.name, count, {"name": names[r.DECISION], "complaint": names[r.COMPLAINT]}
		)
		row = {"name": f"concat('{prefix}-', s.seq)", "parent": names[r.DECISION]}
		copy_row("Reporting Clock", clock, count, row)

	def counted() -> list[str]:
		with count_queries() as queries:
			reporting_job.catch_up()
		assert not queries.writes
		return queries.reads

	many(10, "TEN")
	counted()
	ten = counted()
	many(90, "MORE")
	hundred = counted()
	assert len(hundred) == len(ten) <= 12, hundred
	assert not any("for update" in text.lower() for text in hundred)
	# One in a hundred has to be written.
	late = "MORE-Cust-7"
	frappe.db.set_value(r.COMPLAINT, late, "aware_on", add_to_date(now_datetime(), days=-50))
	names = frappe.get_all(r.DECISION, {"name": ("like", "%-Repo-%")}, pluck="name")
	assert reporting_job.due(names, regimes.read()) == [("MORE-Repo-7", late)]


@pytest.mark.rule("H4")
def test_the_hourly_job_runs_in_the_background_once(monkeypatch: pytest.MonkeyPatch) -> None:
	asked: list[dict] = []
	monkeypatch.setattr(frappe, "enqueue", lambda method, **given: asked.append({"method": method, **given}))
	reporting_job.hourly()
	(job,) = asked
	assert frappe.get_attr(job["method"]) is reporting_job.run
	assert (job["queue"], job["deduplicate"], bool(job["job_id"])) == ("long", True, True)


@pytest.mark.rule("H4")
def test_a_complaint_is_asked_for_a_market_that_came_later(staff: c.World) -> None:
	doc = r.complaint(NMPA)
	item = frappe.get_doc("Item", doc.item_code)
	item.append("qms_markets", {"regime": FDA})
	item.save()
	for _again in range(2):
		reporting_job.catch_up()
	assert frappe.db.count(r.DECISION, {"complaint": doc.name}) == 2


@pytest.mark.rule("H4", "L3")
def test_undecided_goes_up_the_line_and_stays_undecided(staff: c.World) -> None:
	decision = r.of(r.complaint(FDA), FDA)
	frappe.db.set_value(r.DECISION, decision.name, "decide_by", add_days(nowdate(), -2))
	for _again in range(2):
		scheduled.remind_overdue()
	told = dict(
		frappe.get_all(
			"Review Escalation", {"reference_name": decision.name}, ["user", "told_as"], as_list=True
		)
	)
	assert told[staff.person(roles.QUALITY)] is None
	assert told[staff.person(roles.MANAGEMENT_REPRESENTATIVE)] == roles.MANAGEMENT_REPRESENTATIVE
	assert told[staff.person(roles.GENERAL_MANAGER)] == roles.GENERAL_MANAGER
	assert decision.reload().decision == rules.UNDECIDED


@pytest.mark.rule("H4", "L3")
def test_a_report_that_is_late_goes_up_the_line_until_it_is_sent(staff: c.World) -> None:
	doc = r.complaint(NMPA, aware_on="2026-01-05 09:00:00", event_country="China")
	decision = r.decide(staff, r.of(r.answer(staff, doc, death="Yes"), NMPA), rules.REPORTABLE)
	scheduled.remind_overdue()
	assert frappe.db.exists("Review Escalation", {"reference_name": decision.name})
	frappe.db.delete("Review Escalation", {"reference_name": decision.name})
	r.send(staff, decision)
	scheduled.remind_overdue()
	assert not frappe.db.exists("Review Escalation", {"reference_name": decision.name})


@pytest.mark.rule("H4")
def test_the_report_says_what_was_in_time(staff: c.World) -> None:
	from frappe.desk.query_report import run

	late = r.complaint(NMPA, aware_on="2026-01-05 09:00:00", event_country="China")
	r.send(staff, r.decide(staff, r.of(r.answer(staff, late, death="Yes"), NMPA), rules.REPORTABLE))
	good = r.answer(staff, r.complaint(EU), death="Yes")
	r.send(staff, r.decide(staff, r.of(good, EU), rules.REPORTABLE))
	no = r.answer(staff, r.complaint(FDA))
	r.decide(staff, r.of(no, FDA), rules.NOT_REPORTABLE, "Nobody was harmed")
	waiting = r.complaint(FDA)
	with as_user(staff.person(roles.AUDITOR)):
		found = run("Reportability Decisions", filters={}, ignore_prepared_report=True)
	rows = {row["complaint"]: row for row in found["result"]}
	assert [rows[doc.name]["timeliness"] for doc in (late, good, no, waiting)] == [
		"Late",
		"In Time",
		"",
		"Due",
	]
	assert rows[waiting.name]["decision"] == rules.UNDECIDED
	assert rows[late.name]["due_on"] and rows[late.name]["sent_on"] > rows[late.name]["due_on"]
	with as_user(staff.person(roles.AUDITOR)):
		late_only = run(
			"Reportability Decisions", filters={"timeliness": "Late"}, ignore_prepared_report=True
		)
	assert {row["complaint"] for row in late_only["result"]} >= {late.name}
	assert good.name not in {row["complaint"] for row in late_only["result"]}
