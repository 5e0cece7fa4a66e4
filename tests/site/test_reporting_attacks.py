"""Ways around the decision whether a complaint is reported (H4, K2, K3, L1, C12)."""

from __future__ import annotations

import json

import frappe
import pytest
from frappe import client
from frappe.model.document import Document
from frappe.utils import add_days, nowdate

from qms_customer.feedback import reporting
from qms_customer.feedback import reporting_api as api
from qms_customer.messages import QMSRefusal
from qms_customer.records import verification
from qms_customer.rules import people as roles
from qms_customer.rules import reportability as rules
from tests.support import contracts as c
from tests.support import doors
from tests.support import reported as r
from tests.support.doors import nothing_changes
from tests.support.people import as_user, logged_in, make_user

NMPA = rules.NMPA


@pytest.fixture
def decision(world: c.World) -> Document:
	return r.of(r.answer(world, r.complaint(NMPA)), NMPA)


@pytest.mark.rule("H4", "L1")
@pytest.mark.parametrize(
	"role", [r for r in roles.ROLES if r not in (roles.QUALITY, roles.MANAGEMENT_REPRESENTATIVE)]
)
def test_nobody_but_quality_decides_answers_or_records(world: c.World, decision: Document, role: str) -> None:
	complaint = frappe.get_doc(r.COMPLAINT, decision.complaint)
	one, whole = r.shown(decision), r.shown(complaint)
	exchange = {"direction": rules.FROM, "kind": rules.QUESTION, "number": "/", "comment": "What?"}
	with nothing_changes(decision, complaint), as_user(world.person(role)):
		for call in (
			lambda: api.decide(decision.name, one, rules.NOT_REPORTABLE, "Harmless"),
			lambda: api.answer(complaint.name, whole, {"death": "No"}),
			lambda: api.record_exchange(decision.name, one, exchange),
		):
			with pytest.raises((QMSRefusal, frappe.PermissionError)):
				call()


@pytest.mark.rule("H4", "K3")
def test_accounts_of_the_system_and_who_does_not_sign_decide_nothing(
	world: c.World, decision: Document
) -> None:
	shown = r.shown(decision)
	with nothing_changes(decision), pytest.raises(QMSRefusal):
		api.decide(decision.name, shown, rules.NOT_REPORTABLE, "Harmless")
	quality = world.person(roles.QUALITY)
	with nothing_changes(decision), logged_in(quality), pytest.raises(QMSRefusal, match="K3: This is signed"):
		api.decide(decision.name, shown, rules.NOT_REPORTABLE, "Harmless")
	with (
		nothing_changes(decision),
		as_user(make_user("System Manager")),
		pytest.raises((QMSRefusal, frappe.PermissionError)),
	):
		api.decide(decision.name, shown, rules.NOT_REPORTABLE, "Harmless")


@pytest.mark.rule("C12")
def test_a_decision_on_an_older_view_is_noticed(world: c.World, decision: Document) -> None:
	shown = r.shown(decision)
	r.answer(world, frappe.get_doc(r.COMPLAINT, decision.complaint), malfunction="Yes")
	with (
		nothing_changes(decision),
		as_user(world.person(roles.QUALITY)),
		pytest.raises(QMSRefusal, match="C12"),
	):
		api.decide(decision.name, shown, rules.NOT_REPORTABLE, "Harmless")


@pytest.mark.rule("H4", "K2")
@pytest.mark.parametrize("who", doors.WHO)
def test_no_door_writes_a_decision(decision: Document, who: str) -> None:
	user = doors.login(who)
	name, doctype = decision.name, r.DECISION
	changed = {"decision": rules.NOT_REPORTABLE, "reason": "Harmless", "due_on": None}
	for door in (
		lambda: client.set_value(doctype, name, changed),
		lambda: client.save(doors.sent(decision, **changed)),
		lambda: client.delete(doctype, name),
		lambda: frappe.get_doc(doctype, name).update(changed).save(ignore_permissions=True),
		lambda: frappe.get_doc(doctype, name).db_set(changed),
		lambda: frappe.delete_doc(doctype, name, force=True, ignore_permissions=True),
		lambda: frappe.rename_doc(doctype, name, "RD-1", force=True),
		lambda: client.insert(json.dumps({**doors.copied(decision), "regime": rules.EU})),
		lambda: frappe.get_doc(
			{"doctype": doctype, "complaint": decision.complaint, "regime": rules.EU}
		).insert(ignore_permissions=True),
	):
		with nothing_changes(decision), as_user(user):
			with pytest.raises((QMSRefusal, frappe.PermissionError, frappe.ValidationError)):
				door()
	# Reads only.
	assert frappe.db.get_value(doctype, name, "decision") == rules.UNDECIDED


@pytest.mark.rule("H4", "K2")
def test_quality_attaches_files_and_writes_nothing_past_the_steps(world: c.World, decision: Document) -> None:
	with as_user(world.person(roles.QUALITY)):
		file = c.upload(attached_to_doctype=r.DECISION, attached_to_name=decision.name)
		for values in ({"decision": rules.NOT_REPORTABLE}, {"due_on": None}, {"reason": "Harmless"}):
			with nothing_changes(decision), pytest.raises(QMSRefusal):
				client.set_value(r.DECISION, decision.name, values)
		with pytest.raises((QMSRefusal, frappe.PermissionError)):
			client.delete(r.DECISION, decision.name)
	with as_user(world.person(roles.AUDITOR)):
		assert frappe.get_doc("File", file.name).has_permission("read")


@pytest.mark.rule("H4", "K2")
def test_what_is_written_by_sql_is_found(decision: Document) -> None:
	frappe.db.sql(
		"update `tabReportability Decision` set decision = 'Not Reportable' where name = %s", decision.name
	)
	assert verification.verify(r.DECISION, decision.name).findings


@pytest.mark.rule("H4")
def test_one_decision_for_a_complaint_and_a_regime(decision: Document) -> None:
	twin = frappe.get_doc(r.DECISION, decision.name).as_dict()
	with pytest.raises((frappe.UniqueValidationError, frappe.DuplicateEntryError)):
		frappe.get_doc({**twin, "name": "RD-X", "clocks": [], "exchanges": []}).db_insert()


@pytest.mark.rule("H4")
@pytest.mark.parametrize(
	"answers",
	[
		{"death": "Perhaps"},
		{"workflow_state": "Complaint Closed"},
		{"aware_on": "2026-01-01"},
		{"death": ["No"]},
		"no json",
		"[1]",
		None,
	],
)
def test_answers_are_answers_and_nothing_else(world: c.World, answers: object) -> None:
	doc = r.complaint(NMPA)
	with (
		nothing_changes(doc),
		as_user(world.person(roles.QUALITY)),
		pytest.raises(QMSRefusal, match="H4"),
	):
		api.answer(doc.name, r.shown(doc), answers)


@pytest.mark.rule("H4", "K3")
def test_answers_are_signed_and_a_yes_is_taken_back_with_a_reason(world: c.World) -> None:
	doc = r.answer(world, r.complaint(NMPA, event_country="China"), death="Yes", serious_injury="Yes")
	due = r.of(doc, NMPA).due_on
	quality = world.person(roles.QUALITY)
	no = {"death": "No"}
	with nothing_changes(doc), logged_in(quality), pytest.raises(QMSRefusal, match="K3: This is signed"):
		api.answer(doc.name, r.shown(doc), no, "A mistake")
	for reason in ("", " ", "/"):
		for given in (no, {"death": ""}):
			with (
				nothing_changes(doc),
				as_user(quality),
				pytest.raises(QMSRefusal, match=r"H4: Say why .*more time: Did somebody die"),
			):
				api.answer(doc.name, r.shown(doc), given, reason)
	with as_user(quality):
		# Nothing is taken back.
		api.answer(doc.name, r.shown(doc), {"death": "Yes", "group_event": "No"})
		api.answer(doc.name, r.shown(doc), no, "Another patient died")
	assert r.of(doc, NMPA).due_on > due
	signed = frappe.get_all(
		"Electronic Signature",
		{"reference_name": doc.name, "meaning": "Questionnaire Answered"},
		["signer", "comment"],
		order_by="sequence",
	)
	assert [one.comment or "" for one in signed] == ["It was clarified", "", "Another patient died"]
	assert {one.signer for one in signed} == {quality}
	assert verification.verify(r.COMPLAINT, doc.name).findings == []


@pytest.mark.rule("H4", "L1")
def test_a_file_that_the_person_may_not_read_is_no_evidence(world: c.World) -> None:
	doc = r.answer(world, r.complaint(NMPA), death="Yes")
	decision = r.decide(world, r.of(doc, NMPA), rules.REPORTABLE)
	secret = c.upload().file_url
	for url in (secret, "https://elsewhere.example/report.pdf", "/private/files/../../site_config.json"):
		with nothing_changes(decision), pytest.raises(QMSRefusal, match="H4"):
			r.send(world, decision, file=url)


@pytest.mark.rule("H4", "K2")
def test_what_was_sent_is_kept(world: c.World) -> None:
	doc = r.answer(world, r.complaint(NMPA), death="Yes")
	decision = r.send(world, r.decide(world, r.of(doc, NMPA), rules.REPORTABLE))
	file = frappe.get_doc("File", {"file_url": decision.exchanges[0].file})
	with pytest.raises(QMSRefusal):
		file.delete()


@pytest.mark.rule("H4")
def test_a_regime_is_not_deleted_and_a_disabled_one_keeps_its_decisions(
	world: c.World, decision: Document
) -> None:
	with pytest.raises((QMSRefusal, frappe.LinkExistsError)):
		frappe.delete_doc("Reporting Regime", NMPA)
	with pytest.raises(QMSRefusal):
		frappe.delete_doc("Reporting Regime", rules.EU, force=True)
	frappe.db.set_value("Reporting Regime", NMPA, "disabled", 1)
	assert NMPA in reporting.undecided(decision.complaint)


@pytest.mark.rule("H4", "L1")
def test_who_may_not_write_rules_does_not(world: c.World) -> None:
	name = frappe.db.get_value("Reporting Rule", {"regime": NMPA})
	with as_user(world.sales), pytest.raises(frappe.PermissionError):
		client.set_value("Reporting Rule", name, "time_limit", 365)
	with as_user(world.person(roles.QUALITY)):
		client.set_value("Reporting Rule", name, "time_limit", 6)


@pytest.mark.rule("H4")
def test_a_rule_in_force_does_not_give_more_time_and_is_not_deleted(world: c.World) -> None:
	quality, manager = world.person(roles.QUALITY), make_user("System Manager")
	death = {"regime": NMPA, "event": rules.DEATH, "overseas": "No"}
	name = frappe.db.get_value("Reporting Rule", death)
	for user in (quality, manager, "Administrator"):
		for values, said in (
			({"time_limit": 8}, "Another Limit"),
			({"unit": rules.WORKING_DAYS}, "Another Unit"),
			({"event": rules.RECALL_I}, "Another Event"),
			({"regime": rules.EU}, "Another Regime"),
			({"what": "Other Report"}, "Another What Is Owed"),
			({"overseas": "Yes"}, "Another Happened Abroad"),
			({"valid_from": "2026-01-01"}, "Another Valid From"),
			({"valid_to": "2020-01-01"}, "enter first"),
		):
			with as_user(user), pytest.raises(QMSRefusal, match=f"H4: .*{said}"):
				client.set_value("Reporting Rule", name, values)
	for user in (manager, "Administrator"):
		with as_user(user), pytest.raises(QMSRefusal, match="H4: A rule is not deleted"):
			frappe.delete_doc("Reporting Rule", name, force=True)
	with as_user(quality):
		# Less time, and wherever it happened.
		client.set_value("Reporting Rule", name, {"time_limit": 5, "overseas": "", "source": "Law 2"})
		follows = frappe.copy_doc(frappe.get_doc("Reporting Rule", name))
		follows.update({"valid_from": "2026-07-01", "time_limit": 10}).insert()
		client.set_value("Reporting Rule", name, "valid_to", "2026-06-30")
		# One that is not in force yet is nobody's deadline.
		coming = frappe.copy_doc(follows).update({"valid_from": add_days(nowdate(), 9)}).insert()
		client.set_value(
			"Reporting Rule", coming.name, {"time_limit": 30, "valid_from": add_days(nowdate(), 5)}
		)


@pytest.mark.rule("H4")
def test_script_in_what_people_type_is_shown_as_text(world: c.World) -> None:
	evil = "<script>alert(1)</script><img src=x onerror=alert(2)>"
	rule = {
		"regime": NMPA,
		"event": rules.DEATH,
		"what": "Event Report",
		"time_limit": 6,
		"source": f"Law {evil}",
	}
	frappe.get_doc({"doctype": "Reporting Rule", "unit": rules.CALENDAR_DAYS, **rule}).insert()
	doc = r.answer(world, r.complaint(NMPA, details=evil), death="Yes")
	decision = r.decide(world, r.of(doc, NMPA), rules.REPORTABLE, f"Because {evil}")
	with as_user(world.person(roles.QUALITY)):
		for html in (api.get_panel(decision.name)["html"], api.get_complaint_panel(doc.name)["html"]):
			assert "<script" not in html and "onerror" not in html.replace("&lt;img src=x onerror", "")


@pytest.mark.rule("L1")
def test_who_may_not_see_the_customer_sees_no_decision(world: c.World, decision: Document) -> None:
	quality = world.person(roles.QUALITY)
	frappe.get_doc(
		{"doctype": "User Permission", "user": quality, "allow": "Customer", "for_value": c.customer()}
	).insert()
	with as_user(quality), pytest.raises(frappe.PermissionError):
		api.get_panel(decision.name)
	with as_user(quality), pytest.raises(frappe.PermissionError):
		api.get_complaint_panel(decision.complaint)
