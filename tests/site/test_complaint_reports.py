"""Where feedback and complaints are seen: reports, cards, customer file; by dates computed by hand, with the
permissions of who looks (H1-H5, H8, A10).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import frappe
import pytest
from frappe.desk.query_report import run
from frappe.model.document import Document
from frappe.utils import add_days, add_to_date, get_datetime, getdate, now_datetime, nowdate

from qms_customer.contract import customer_file, customer_register, register
from qms_customer.feedback import complaints, handled, intake
from qms_customer.messages import QMSRefusal
from qms_customer.rules import complaint as rules
from qms_customer.rules import people as roles
from qms_customer.rules import reportability as regulators
from tests.site.test_workspace import WITHOUT_REGULATORS, count, limited_to
from tests.support import complaints as h
from tests.support import contracts as c
from tests.support import disposed as d
from tests.support import feedback as f
from tests.support import reported as r
from tests.support.company import COMPANY
from tests.support.people import as_user, make_user
from tests.support.sql import count_queries

LOG, SAID, AGES = "Complaint Log", "Feedback Log", "Open Complaints by Age"
NONE, EFFECTS = "Complaints Without Investigation", "Effectiveness of Complaint Actions"
DECISIONS = "Reportability Decisions"
REPORTS = (LOG, SAID, AGES, NONE, EFFECTS)
EVERY_ROLE = (*roles.ROLES, "System Manager")


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
	"""Regulators' decisions are a matter of their own: here they are taken."""
	with h.regulators(monkeypatch):
		yield


@pytest.fixture
def every_day() -> None:
	"""Every day is a business day, so that days are counted by hand."""
	frappe.db.set_value("Company", COMPANY, "default_holiday_list", None)
	frappe.clear_document_cache("Company", COMPANY)


def shown(report: str, **filters: Any) -> dict:
	return run(report, filters=json.dumps(filters), ignore_prepared_report=True)


def rows_of(report: str, **filters: Any) -> list[dict]:
	return [row for row in shown(report, **filters)["result"] if isinstance(row, dict)]


def row_of(report: str, doc: Document, **filters: Any) -> dict:
	found = {row["name"]: row for row in rows_of(report, **filters)}
	return found[doc.name]


def put(doc: Document, **values: Any) -> None:
	"""Let something be so, as if time had passed."""
	frappe.db.set_value(doc.doctype, doc.name, values, update_modified=False)
	doc.reload()


def ago(days: int, hour: int = 10) -> str:
	return f"{add_days(nowdate(), -days)} {hour:02}:00:00"


def not_investigated(world: c.World, doc: Document, similar: str = "", approve: bool = True) -> Document:
	"""Quality proposes not to investigate, and somebody else approves it."""
	quality = world.person(roles.QUALITY)
	h.rated(world, doc)
	h.do(quality, "propose_none", doc, reason="The same as before", similar=similar)
	if approve:
		h.do(h.second_quality(world), "decide_none", doc, decision="Approved", comment="Agreed")
	return doc


def to_check(world: c.World, due: int = 0, **values: Any) -> Document:
	"""Return a complaint whose actions are to be checked, from a day on."""
	doc = h.investigated(world, h.complaint(world, **values.pop("said", {})), **values)
	h.acted(world, doc, check_needed=1, criterion="No leak in 100 pieces", due=add_days(nowdate(), due))
	return h.replied(world, doc)


# Who sees them


@pytest.mark.rule("L1")
def test_a_plain_reader_of_each_role_sees_them(world: c.World, decided: None) -> None:
	doc = to_check(world)
	not_investigated(world, h.complaint(world, customer=doc.customer))
	for role in EVERY_ROLE:
		with as_user(make_user(role)):
			for report in REPORTS:
				found = shown(report, customer=doc.customer)
				rows = [row for row in found["result"] if isinstance(row, dict)]
				assert rows, (role, report)
				if report in (LOG, AGES, NONE):
					hidden = role in WITHOUT_REGULATORS
					assert bool(found["message"]) == hidden, (role, report)
					column = "undecided" if report == AGES else "reportable"
					assert all((row[column] is None) == hidden for row in rows), (role, report)


@pytest.mark.rule("L1")
def test_who_holds_no_role_of_ours_does_not(world: c.World) -> None:
	h.complaint(world)
	with as_user(make_user("Stock User")):
		for report in REPORTS:
			with pytest.raises(frappe.PermissionError):
				shown(report)


@pytest.mark.rule("L1", "K7")
def test_user_permissions_hold_and_patients_are_nowhere(world: c.World, decided: None) -> None:
	cause, code = h.code(), c.item(has_batch_no=1, create_new_batch=0)
	mine, theirs = (
		to_check(world, cause_code=cause, said={"item_code": code, "details": f"Leaks {n}"}) for n in range(2)
	)
	for doc in (mine, theirs):
		put(doc, actions_on=ago(1))
		put(doc, received_on=ago(0, 1))
	# What somebody else complained about is a reason here.
	own = not_investigated(world, h.complaint(world, customer=mine.customer), similar=theirs.name)
	for customer in (mine.customer, theirs.customer):
		f.recorded(world, customer=customer)
	user = make_user(roles.AUDITOR)
	limited_to(user, mine.customer)
	with as_user(user):
		for report in REPORTS:
			found = shown(report)
			rows = [row for row in found["result"] if isinstance(row, dict)]
			assert {row["customer_name"] for row in rows} == {mine.customer_name}, report
			said = json.dumps(json.loads(frappe.as_json(found)))
			assert theirs.name not in said and theirs.customer not in said, report
		assert row_of(NONE, own)["similar"] is None
		assert row_of(EFFECTS, mine)["repeats"] == 0
	with as_user(make_user(roles.QUALITY)):
		assert row_of(NONE, own)["similar"] == theirs.name
		assert row_of(EFFECTS, mine)["repeats"] == 1
		for report in REPORTS:
			said = frappe.as_json(shown(report))
			assert "P-17" not in said and "Fever" not in said, report


# Complaint Log


@pytest.mark.rule("H3", "H5")
def test_the_log_has_a_complaint_from_receipt_to_closing(world: c.World, decided: None) -> None:
	doc = h.complaint(world)
	h.do(
		world.person(roles.QUALITY),
		"add_action",
		doc,
		kind="Correction",
		description="Block the batch",
		action_owner=world.person(roles.PRODUCTION),
		due_date=nowdate(),
	)
	h.investigated(world, doc)
	with as_user(make_user(roles.AUDITOR)):
		row = row_of(LOG, doc, customer=doc.customer)
		assert (row["investigated"], row["actions"], row["effective"]) == ("Yes", "0 of 1 done", "")
		assert (row["closed_on"], row["by_quality"], row["replied_on"]) == (None, "", None)
	h.do(
		world.person(roles.PRODUCTION),
		"finish_action",
		doc,
		row=doc.corrections[0].name,
		comment="Blocked",
	)
	h.replied(world, h.acted(world, doc))
	second, head = h.second_quality(world), world.person(roles.MANAGEMENT_REPRESENTATIVE)
	h.do(second, "close", doc, "/")
	h.do(head, "close", doc, "/")
	put(doc, received_on=ago(40), aware_on=ago(41), due_on=add_days(nowdate(), -10))
	names = dict(frappe.get_all("User", fields=["name", "full_name"], as_list=True))
	with as_user(make_user(roles.AUDITOR)):
		found = shown(LOG, customer=doc.customer)
		(row,) = (one for one in found["result"] if isinstance(one, dict))
		assert row["name"] == doc.name and row["feedback"] == doc.feedback
		assert (row["received_on"], row["aware_on"]) == (get_datetime(ago(40)), get_datetime(ago(41)))
		assert (row["complainant"], row["item_code"], row["batch_no"]) == ("Dr Gu", doc.item_code, "LOT-1")
		assert (row["nature"], row["details"]) == ("Quality", "The catheter leaks at the hub")
		assert (row["severity"], row["confirmed"], row["department"]) == ("Medium", "Yes", "Production")
		assert row["cause"] == f"{doc.cause_code} Leak"
		assert (row["actions"], row["kinds"]) == ("1 of 1 done", "Correction")
		assert getdate(row["replied_on"]) == getdate(nowdate())
		assert (row["by_quality"], row["by_representative"]) == (names[second], names[head])
		assert (row["days"], row["state"], row["reopened"]) == (40, rules.CLOSED, 0)
		assert row["reportable"].startswith("Undecided: ") and "NMPA" in row["reportable"]
		assert [one["value"] for one in found["report_summary"]] == [1, 0, 1, 0, "40.0"]
		assert found["chart"]["data"]["labels"] == [ago(40)[:7]]
	h.do(second, "reopen", doc, again="Reply", reason="The customer asks again")
	with as_user(make_user(roles.AUDITOR)):
		row = row_of(LOG, doc, customer=doc.customer)
		# What was before the step that is done anew still counts.
		assert (row["investigated"], row["replied_on"], row["by_quality"]) == ("Yes", None, "")
		assert (row["closed_on"], row["days"], row["reopened"]) == (None, 40, 1)
		assert row["state"] == rules.REPLYING


@pytest.mark.rule("H3")
def test_the_log_says_why_one_was_not_investigated_and_is_of_its_period(
	world: c.World, decided: None
) -> None:
	doc = not_investigated(world, h.complaint(world))
	with as_user(make_user(roles.AUDITOR)):
		row = row_of(LOG, doc, customer=doc.customer)
		assert (row["investigated"], row["why_not"]) == ("No", "The same as before")
	# Last second of the last day, first of the first one.
	for moment in ("2024-02-29 23:59:59.900000", "2024-02-29 00:00:00"):
		put(doc, received_on=moment)
		with as_user(make_user(roles.AUDITOR)):
			assert row_of(LOG, doc, from_date="2024-02-29", to_date="2024-02-29")
			assert not rows_of(LOG, customer=doc.customer)
			assert not rows_of(LOG, from_date="2024-03-01", to_date="2024-03-01")
	with as_user(make_user(roles.AUDITOR)), pytest.raises(QMSRefusal):
		rows_of(LOG, from_date="2026-02-01", to_date="2026-01-01")


@pytest.mark.rule("K6")
def test_what_people_typed_is_no_formula(world: c.World) -> None:
	doc = h.complaint(world, batch_no="=1+1", details="=HYPERLINK(1)", contact_name="@x")
	with as_user(make_user(roles.AUDITOR)):
		row = row_of(LOG, doc, customer=doc.customer)
		assert (row["batch_no"], row["details"], row["complainant"]) == ("'=1+1", "'=HYPERLINK(1)", "'@x")


# Feedback Log


@pytest.mark.rule("H1", "H2", "A10")
def test_all_feedback_is_in_its_log(world: c.World, every_day: None) -> None:
	customer = c.customer()
	asked, praised, open_, complained = (
		f.recorded(world, customer=customer, details=f"Words {n}") for n in range(4)
	)
	f.answer(world, f.assess(world, asked, "Not a Complaint"), "The catalogue", "E-mail, at noon")
	f.assess(world, praised, "Not a Complaint", nature="Praise", reason="Content")
	f.assess(world, complained, "Complaint")
	days = intake.days()
	# Assessed on the day after it was due; answered three days after that was due.
	put(asked, assess_by=add_days(nowdate(), -1), assessed_on=ago(days + 3))
	put(open_, assess_by=add_days(nowdate(), -2))
	put(praised, assessed_on=ago(days))
	with as_user(make_user(roles.AUDITOR)):
		found = shown(SAID, customer=customer)
		rows = {row["name"]: row for row in found["result"] if isinstance(row, dict)}
		assert set(rows) == {asked.name, praised.name, open_.name, complained.name}
		row = rows[asked.name]
		assert (row["decision"], row["nature"], row["reason"]) == (
			*("Not a Complaint", "Enquiry", "Asks for a catalogue"),
		)
		assert (row["answer"], row["answered_how"]) == ("The catalogue", "E-mail, at noon")
		assert row["assessed_by"] and row["answered_by"] and row["complaint"] is None
		# It was signed today: what is written into the record later makes it no earlier.
		assert (row["assessed_on"], row["timeliness"]) == (getdate(nowdate()), "Late")
		assert (row["answer_by"], row["answer_timeliness"]) == (getdate(add_days(nowdate(), -3)), "Late")
		row = rows[praised.name]
		assert (row["timeliness"], row["nature"]) == ("In Time", "Praise")
		assert (row["answer_by"], row["answer_timeliness"]) == (getdate(nowdate()), "Due")
		row = rows[open_.name]
		assert (row["decision"], row["timeliness"], row["answer_timeliness"]) == (
			"Not Assessed",
			"Overdue",
			"",
		)
		row = rows[complained.name]
		assert (row["decision"], row["deficiencies"]) == ("Complaint", "Quality")
		assert row["complaint"] == complained.complaint and row["answer_timeliness"] == ""
		assert [one["value"] for one in found["report_summary"]] == [4, 1, 1, 1, 3]
		assert [s["values"] for s in found["chart"]["data"]["datasets"]] == [[1], [2], [1]]
		for filters, names in (
			({"decision": "Not Assessed"}, {open_.name}),
			({"decision": "Not a Complaint"}, {asked.name, praised.name}),
			({"nature": "Enquiry"}, {asked.name}),
			({"timeliness": "Overdue"}, {open_.name}),
			({"answer_timeliness": "Late"}, {asked.name}),
			({"channel": "Letter"}, set()),
		):
			assert {row["name"] for row in rows_of(SAID, customer=customer, **filters)} == names, filters


@pytest.mark.rule("H2")
def test_what_turned_out_to_be_a_complaint_was_assessed_when_it_was_first(world: c.World) -> None:
	one = f.recorded(world, customer=c.customer())
	f.assess(world, one, "Not a Complaint")
	f.assess(world, one, "Complaint")
	put(one, assess_by=nowdate(), assessed_on=ago(-9))
	with as_user(make_user(roles.AUDITOR)):
		row = row_of(SAID, one, customer=one.customer)
		assert (row["assessed_on"], row["timeliness"]) == (getdate(nowdate()), "In Time")


# Open Complaints by Age


@pytest.mark.rule("H5", "L3")
def test_open_complaints_by_age_and_step(world: c.World, decided: None, every_day: None) -> None:
	"""By hand: every day counts, ten at a step and thirty for all of it."""
	assert (handled.days(), handled.step_days()) == (30, 10)
	# Who is there when it is asked for has it in the inbox.
	for role in (roles.QUALITY, roles.MANAGEMENT_REPRESENTATIVE):
		world.person(role)
	h.second_quality(world)
	customer = c.customer()
	said = {"customer": customer}
	begun = h.complaint(world, **said)
	put(begun, received_on=ago(7), creation=ago(6))
	acting = h.investigated(world, h.complaint(world, **said))
	put(acting, received_on=ago(8), creation=ago(8), investigated_on=ago(3))
	replying = h.acted(world, h.investigated(world, h.complaint(world, **said)))
	put(replying, received_on=ago(31), creation=ago(31), due_on=add_days(nowdate(), -1))
	put(replying, investigated_on=ago(25), actions_on=ago(21))
	checking = to_check(world, 4, said=said)
	put(checking, received_on=ago(91), creation=ago(91), due_on=add_days(nowdate(), 1))
	closing = h.to_close(world, **said)
	put(closing, received_on=ago(30), creation=ago(30), investigated_on=ago(20), actions_on=ago(20))
	frappe.db.set_value("Complaint Reply", {"parent": closing.name}, "replied_on", ago(12))
	h.closed(world, **said)
	names = dict(frappe.get_all("User", fields=["name", "full_name"], as_list=True))
	with as_user(make_user(roles.AUDITOR)):
		found = shown(AGES, customer=customer)
		rows = [row for row in found["result"] if isinstance(row, dict)]
		table = {
			row["name"]: tuple(
				row[k] for k in ("state", "age", "age_group", "at_step", "late_at_step", "late")
			)
			for row in rows
		}
		assert table == {
			begun.name: (rules.INVESTIGATING, 7, "0–7", 6, 0, 0),
			acting.name: (rules.ACTING, 8, "8–14", 3, 0, 0),
			replying.name: (rules.REPLYING, 31, "31–60", 21, 11, 1),
			checking.name: (rules.VERIFYING, 91, ">90", 0, 0, 0),
			closing.name: (rules.CLOSING, 30, "15–30", 12, 2, 0),
		}
		assert [row["name"] for row in rows] == [
			one.name for one in (checking, replying, closing, acting, begun)
		]
		by_name = {row["name"]: row for row in rows}
		assert by_name[checking.name]["since"] == getdate(add_days(nowdate(), 4))
		assert names[world.person(roles.QUALITY)] in by_name[begun.name]["waits_for"]
		# Who handled it does not close it.
		waits = by_name[closing.name]["waits_for"]
		assert names[h.second_quality(world)] in waits
		assert names[world.person(roles.QUALITY)] not in waits.split(", ")
		assert "NMPA" in by_name[begun.name]["undecided"]
		assert [one["value"] for one in found["report_summary"]] == [5, 1, 2, 91]
		assert found["chart"]["data"]["labels"] == ["0–7", "8–14", "15–30", "31–60", "61–90", ">90"]
		assert sum(sum(s["values"]) for s in found["chart"]["data"]["datasets"]) == 5
		overdue = rows_of(AGES, customer=customer, overdue=1)
		assert {row["name"] for row in overdue} == {replying.name, closing.name}
		(old,) = rows_of(AGES, customer=customer, age=">90")
		assert old["name"] == checking.name
		with pytest.raises(QMSRefusal):
			rows_of(AGES, age="8")


@pytest.mark.rule("L3")
def test_targets_are_settings(world: c.World, every_day: None) -> None:
	settings = "QMS Customer Settings"
	for field, value in (("complaint_due_days", 12), ("complaint_step_days", 2)):
		frappe.db.set_single_value(settings, field, value)
	frappe.clear_document_cache(settings, settings)
	doc = h.complaint(world)
	assert doc.due_on == getdate(add_days(getdate(doc.received_on), 12))
	put(doc, creation=ago(3))
	with as_user(make_user(roles.AUDITOR)):
		assert row_of(AGES, doc, customer=doc.customer)["late_at_step"] == 1


@pytest.mark.rule("H5")
def test_it_waits_since_it_was_opened_again_or_followed_a_document(
	world: c.World, decided: None, every_day: None
) -> None:
	doc = h.closed(world)
	old = dict.fromkeys(("received_on", "creation", "investigated_on", "actions_on"), ago(60))
	h.do(world.person(roles.MANAGEMENT_REPRESENTATIVE), "reopen", doc, again="Actions", reason="Came again")
	put(doc, **old)
	frappe.db.set_value("Complaint Reopening", {"parent": doc.name}, "reopened_on", ago(5))
	with as_user(make_user(roles.AUDITOR)):
		row = row_of(AGES, doc, customer=doc.customer)
		assert (row["state"], row["at_step"]) == (rules.ACTING, 5)
	other = h.to_close(world)
	put(other, **old)
	frappe.db.set_value("Complaint Reply", {"parent": other.name}, "replied_on", ago(60))
	snapshot = {"reference_name": other.name, "event": "Reply to the Customer Recorded"}
	frappe.db.set_value("Record Snapshot", snapshot, {"event": complaints.FOLLOWED, "recorded_on": ago(9)})
	with as_user(make_user(roles.AUDITOR)):
		assert row_of(AGES, other, customer=other.customer)["at_step"] == 9


# Complaints Without Investigation


@pytest.mark.rule("H3", "C12")
def test_what_was_not_investigated_says_why_and_who_approved(world: c.World, decided: None) -> None:
	customer = c.customer()
	first = h.investigated(world, h.complaint(world, customer=customer))
	approved = not_investigated(world, h.complaint(world, customer=customer), similar=first.name)
	waiting = not_investigated(world, h.complaint(world, customer=customer), approve=False)
	rejected = not_investigated(world, h.complaint(world, customer=customer), approve=False)
	h.do(h.second_quality(world), "decide_none", rejected, decision="Rejected", comment="Look at it")
	after = not_investigated(world, h.complaint(world, customer=customer), approve=False)
	h.do(h.second_quality(world), "decide_none", after, decision="Rejected", comment="Look at it")
	h.investigated(world, after)
	h.complaint(world, customer=customer)
	names = dict(frappe.get_all("User", fields=["name", "full_name"], as_list=True))
	with as_user(make_user(roles.AUDITOR)):
		found = shown(NONE, customer=customer)
		rows = {row["name"]: row for row in found["result"] if isinstance(row, dict)}
		assert {name: row["standing"] for name, row in rows.items()} == {
			approved.name: "Approved",
			waiting.name: "Waiting for Approval",
			rejected.name: "Rejected",
			after.name: "Investigated After All",
		}
		row = rows[approved.name]
		assert (row["reason"], row["similar"], row["similar_batch"]) == (
			*("The same as before", first.name, "LOT-1"),
		)
		assert (row["similar_investigated"], row["by_other"], row["same_person"]) == (1, 1, 0)
		assert (row["proposed_by"], row["approved_by"]) == (
			names[world.person(roles.QUALITY)],
			names[h.second_quality(world)],
		)
		assert (row["comment"], getdate(row["approved_on"])) == ("Agreed", getdate(nowdate()))
		assert (rows[waiting.name]["approved_by"], rows[waiting.name]["by_other"]) == ("", 0)
		assert [one["value"] for one in found["report_summary"]] == [1, 1, 1, 0]
		(one,) = rows_of(NONE, customer=customer, standing="Approved")
		assert one["name"] == approved.name
	# Whoever writes past the app is seen.
	put(approved, no_investigation_approved_by=world.person(roles.QUALITY))
	put(first, investigated_on=None)
	with as_user(make_user(roles.AUDITOR)):
		found = shown(NONE, customer=customer)
		rows = {row["name"]: row for row in found["result"] if isinstance(row, dict)}
		assert (rows[approved.name]["by_other"], rows[approved.name]["similar_investigated"]) == (0, 0)
		assert rows[first.name]["standing"] == "No Reason on Record"
		assert found["report_summary"][3]["value"] == 2


# Effectiveness of Complaint Actions


@pytest.mark.rule("H5", "H8")
def test_whether_actions_helped_in_time_and_for_good(world: c.World, decided: None, every_day: None) -> None:
	cause, code, customer = h.code(), c.item(has_batch_no=1, create_new_batch=0), c.customer()
	said = {"customer": customer, "item_code": code}
	good, bad, late, coming = (to_check(world, days, said=said, cause_code=cause) for days in (0, 0, 0, 7))
	quality = world.person(roles.QUALITY)
	for doc, result in ((good, "Yes"), (bad, "No")):
		h.do(quality, "check_effectiveness", doc, effective=result, evidence="100 pieces looked at")
	most = handled.step_days()
	put(good, effectiveness_due=add_days(nowdate(), -most), actions_on=ago(50), received_on=ago(60))
	put(bad, effectiveness_due=add_days(nowdate(), -most - 1), actions_on=ago(50), received_on=ago(60))
	put(late, effectiveness_due=add_days(nowdate(), -most - 1), actions_on=ago(20), received_on=ago(30))
	put(coming, actions_on=ago(5), received_on=ago(6))
	# Checked 25 days ago: two came after that, one of them by another cause.
	put(good, checked_on=ago(25))
	other = h.investigated(world, h.complaint(world, **said))
	assert other.cause_code != cause
	with as_user(make_user(roles.AUDITOR)):
		found = shown(EFFECTS, customer=customer)
		rows = {row["name"]: row for row in found["result"] if isinstance(row, dict)}
		table = {
			name: tuple(row[k] for k in ("effective", "timeliness", "repeats", "since_check"))
			for name, row in rows.items()
		}
		assert table == {
			# Received 30 and 6 days ago, after 50 days ago; 6 days ago is after the check 25 days ago.
			good.name: ("Yes", "In Time", 2, 1),
			bad.name: ("No", "Late", 2, None),
			late.name: ("Not Checked Yet", "Overdue", 1, None),
			coming.name: ("Not Checked Yet", "Due", 0, None),
		}
		row = rows[good.name]
		assert (row["criterion"], row["evidence"]) == ("No leak in 100 pieces", "100 pieces looked at")
		assert (row["check_until"], row["latest"]) == (getdate(nowdate()), coming.name)
		assert row["cause"] == f"{cause} Leak" and row["checked_by"]
		assert [one["value"] for one in found["report_summary"]] == ["1 / 2", 2, 2, 1]
		assert {r["name"] for r in rows_of(EFFECTS, customer=customer, timeliness="Due")} == {coming.name}
		assert coming.name not in {r["name"] for r in rows_of(EFFECTS, customer=customer, repeated=1)}
		day = add_days(nowdate(), 7)
		assert [r["name"] for r in rows_of(EFFECTS, customer=customer, from_date=day)] == [coming.name]
	# Opened again at that step, the check is void.
	put(good, workflow_state=rules.CLOSED)
	again = frappe.get_doc(
		{
			"doctype": "Complaint Reopening",
			"parent": good.name,
			"parenttype": h.COMPLAINT,
			"parentfield": "reopenings",
			"again": "Effectiveness",
			"reopened_on": ago(24),
		}
	)
	again.db_insert()
	with as_user(make_user(roles.AUDITOR)):
		row = row_of(EFFECTS, good, customer=customer)
		assert (row["effective"], row["checked_on"], row["since_check"]) == ("Not Checked Yet", None, None)


# Reportability Decisions


@pytest.mark.rule("H4")
def test_decisions_and_reports_in_time_or_not(world: c.World) -> None:
	doc = r.answer(
		world, r.complaint(regulators.NMPA, regulators.EU, event_country="China"), serious_injury="Yes"
	)
	open_ = r.of(doc, regulators.EU)
	put(open_, asked_on=ago(6), decide_by=add_days(nowdate(), -1))
	decision = r.decide(world, r.of(doc, regulators.NMPA), regulators.REPORTABLE)
	what = decision.clocks[0].what
	r.send(world, decision, what=what, number="NMPA-7")
	clock = decision.clocks[0].name

	def seen(regime: str, **filters: Any) -> dict:
		with as_user(make_user(roles.AUDITOR)):
			rows = rows_of(DECISIONS, customer=doc.customer, regime=regime, **filters)
		return rows[0]

	row = seen(regulators.EU)
	assert (row["decision"], row["decided_in_time"], row["decided_on"]) == ("Undecided", "Overdue", None)
	assert row["undecided_since"] == get_datetime(ago(6))
	row = seen(regulators.NMPA)
	assert (row["decision"], row["decided_in_time"], row["undecided_since"]) == (
		*("Reportable", "In Time", None),
	)
	assert (row["number"], row["timeliness"], row["days_late"]) == ("NMPA-7", "In Time", None)
	sent = frappe.db.get_value("Reporting Clock", clock, "sent_on")
	frappe.db.set_value("Reporting Clock", clock, "due_on", sent - timedelta(hours=36))
	row = seen(regulators.NMPA, timeliness="Late")
	assert (row["timeliness"], row["days_late"]) == ("Late", 1.5)
	frappe.db.set_value(
		"Reporting Clock", clock, {"due_on": add_to_date(now_datetime(), hours=-48), "sent_on": None}
	)
	row = seen(regulators.NMPA)
	assert (row["timeliness"], row["days_late"]) == ("Overdue", 2.0)
	assert seen(regulators.EU, decided_in_time="Overdue")["complaint"] == doc.name
	# By when it was to be decided is not forgotten once it is.
	r.decide(world, r.of(doc, regulators.EU), regulators.REPORTABLE)
	assert seen(regulators.EU, decided_in_time="Late")["decide_by"] == getdate(add_days(nowdate(), -1))


# Cost


@pytest.mark.parametrize("report", [*REPORTS, DECISIONS])
def test_they_take_a_constant_number_of_queries(world: c.World, decided: None, report: str) -> None:
	customer, counts = c.customer(), []
	for _round in range(2):
		for _one in range(2):
			to_check(world, said={"customer": customer})
			not_investigated(world, h.complaint(world, customer=customer))
		rows_of(report, customer=customer)
		with count_queries() as queries:
			assert len(rows_of(report, customer=customer)) >= 2
		counts.append(queries.count)
	assert counts[0] == counts[1] <= 40, counts


# Cards and the customer file


@pytest.mark.rule("L3")
def test_cards_count_what_waits(world: c.World, decided: None) -> None:
	cards = ("Complaints Open", "Feedback to Assess", "Complaint Signals Open")
	overdue = "Regulator Deadlines Overdue"
	reported = r.answer(world, r.complaint(regulators.NMPA, event_country="China"), serious_injury="Yes")
	with as_user(make_user(roles.AUDITOR)):
		before = {card: count(card) for card in (*cards, overdue)}
	late = add_to_date(now_datetime(), minutes=-5)
	put(r.of(reported, regulators.NMPA), due_on=late, first_due_on=late)
	with as_user(make_user(roles.AUDITOR)):
		assert count(overdue) == before[overdue] + 1
	h.complaint(world)
	h.closed(world)
	f.recorded(world)
	signal = {"doctype": "Complaint Signal", "name": c.unique("CSG"), "status": "Open"}
	frappe.get_doc(signal).db_insert()
	with as_user(make_user(roles.AUDITOR)):
		assert {card: count(card) - before[card] for card in cards} == dict.fromkeys(cards, 1)


@pytest.mark.rule("D6", "H3")
def test_the_customer_file_and_register_know_the_complaints(world: c.World) -> None:
	doc = h.complaint(world)
	with as_user(make_user(roles.AUDITOR)):
		found = {one.key: one for one in customer_file.read(doc.customer).sections}["complaints"]
		(row,) = customer_register.read(
			customer_register.Wanted(customer=doc.customer), getdate(nowdate())
		).rows
	assert found.total == 1 and found.rows[0][0].name == doc.name
	assert found.rows[0][1] == getdate(doc.received_on) and found.rows[0][3] == "LOT-1"
	assert found.rows[0][5].text == rules.INVESTIGATING
	assert row.complaints == 1


@pytest.mark.rule("D5", "H3")
def test_the_register_counts_the_complaints_about_what_was_delivered(world: c.World) -> None:
	order, note, batch = d.ordered(world)
	entry = register.entry_of("Sales Order", order.name) or register.follow("Sales Order", order.name)[0]
	said = {"customer": order.customer, "item_code": order.items[0].item_code}
	doc = h.complaint(world, **said, batch_no=batch)
	# Another batch, another customer's.
	h.complaint(world, **said, batch_no="LOT-OTHER")
	h.complaint(world, item_code=said["item_code"], batch_no=batch)

	def counted() -> int:
		return frappe.db.get_value(register.DOCTYPE, entry, "complaints")

	assert register.entries_about(h.COMPLAINT, doc.name) == [entry]
	register.follow(h.COMPLAINT, doc.name)
	assert counted() == 1
	second = h.complaint(world, **said, batch_no="")
	h.do(world.person(roles.SERVICE), "describe", second, values={"batch_no": batch})
	register.follow(h.COMPLAINT, second.name)
	assert counted() == 2
	d.back(world, d.approved(world, (note, 0, 1)))
	register.follow("Sales Order", order.name)
	assert counted() == 2
	asked = [getattr(one, "qms_register", None) for one in frappe.db.after_commit._functions]
	assert asked.count((h.COMPLAINT, second.name)) == 1
