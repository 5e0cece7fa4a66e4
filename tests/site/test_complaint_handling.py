"""A complaint from its feedback to the reply and the check of what was done (H3, H5, C12)."""

from __future__ import annotations

from collections.abc import Iterator

import frappe
import pytest
from frappe.model.document import Document
from frappe.utils import add_days, getdate, nowdate

from qms_customer.feedback import actions, complaints, investigation
from qms_customer.messages import QMSRefusal
from qms_customer.rules import complaint as rules
from qms_customer.rules import people as roles
from tests.support import complaints as h
from tests.support import contracts as c
from tests.support.doors import nothing_changes
from tests.support.people import as_user, make_user
from tests.support.sql import count_queries

CHECKED = {"check_needed": 1, "criterion": "No leak in the next 100 pieces"}


@pytest.fixture(autouse=True)
def _decided(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
	"""Regulators' decisions are a matter of their own: here they are taken, unless a test says otherwise."""
	with h.regulators(monkeypatch):
		yield


def procedure() -> str:
	doc = frappe.get_doc({"doctype": "Quality Procedure", "quality_procedure_name": c.unique("QP")})
	return doc.insert(ignore_permissions=True).name


def with_non_conformance(world: c.World, doc: Document) -> str:
	quality = world.person(roles.QUALITY)
	h.do(quality, "open_non_conformance", doc, procedure=procedure(), subject="Glue")
	return doc.corrections[-1].non_conformance


def with_quality_action(world: c.World, doc: Document) -> str:
	quality = world.person(roles.QUALITY)
	h.do(
		quality,
		"open_quality_action",
		doc,
		corrective_preventive="Corrective",
		problem="Oven too cold",
		responsible=world.person(roles.PRODUCTION),
		completion_by=add_days(nowdate(), 5),
	)
	return doc.corrections[-1].quality_action


# Opening


@pytest.mark.rule("H2", "H3")
def test_feedback_opens_one_complaint_with_all_it_says(world: c.World) -> None:
	quality = world.person(roles.QUALITY)
	one = h.feedback()
	with as_user(world.person(roles.SERVICE)):
		doc = complaints.open_from(one)
		assert complaints.open_from(one).name == doc.name
	doc.reload()
	assert doc.name.startswith("CC-") and doc.docstatus == 0
	assert doc.workflow_state == rules.INVESTIGATING
	for field in complaints.COPIED:
		assert doc.get(field) == one.get(field), field
	assert (doc.complainant, doc.complainant_contact) == ("Dr Gu", "+86 10 5555")
	assert doc.due_on == getdate(add_days(one.received_on, rules.DAYS))
	assert quality in h.todos(doc)
	h.verified(doc)


@pytest.mark.rule("H2")
def test_what_is_no_complaint_opens_none(world: c.World) -> None:
	one = h.feedback(decision="Not a Complaint")
	with as_user(world.person(roles.SERVICE)), pytest.raises(QMSRefusal, match="H2: "):
		complaints.open_from(one)


# Severity


@pytest.mark.rule("H5")
def test_severity_is_that_of_the_matrix_or_has_a_reason(world: c.World) -> None:
	doc = h.complaint(world)
	for values, said in (
		({"probability": ""}, "which harm"),
		({"harm": "Serious"}, "By the matrix the severity is High"),
		({"chosen": "Low", "reason": "/"}, "By the matrix"),
		({"chosen": "?"}, "no severity|not a severity"),
	):
		with nothing_changes(doc), pytest.raises(QMSRefusal, match=said):
			h.rated(world, doc, **values)
	h.rated(world, doc, chosen="High", reason="Used in children")
	assert (doc.severity, doc.severity_reason) == ("High", "Used in children")
	assert doc.severity_by == world.person(roles.QUALITY)
	h.rated(world, doc)
	assert (doc.severity, doc.severity_reason) == ("Medium", "/")
	assert h.meanings(doc) == ["Severity of the Complaint Decided"] * 2
	h.verified(doc)


@pytest.mark.rule("H5", "L1")
@pytest.mark.parametrize(
	"role", [roles.SALES_USER, roles.SERVICE, roles.MANAGEMENT_REPRESENTATIVE, roles.AUDITOR]
)
def test_only_quality_decides_it(world: c.World, role: str) -> None:
	doc = h.complaint(world)
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H3: Complaints are handled by"):
		h.do(world.person(role), "rate", doc, harm="Minor", probability="Remote", chosen="Low")


# Investigation


@pytest.mark.rule("H3", "H5")
def test_it_is_rated_before_it_is_investigated(world: c.World) -> None:
	doc = h.complaint(world)
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="Decide first how severe"):
		h.do(world.person(roles.QUALITY), "investigate", doc, h.findings())


@pytest.mark.rule("H3", "K3")
@pytest.mark.parametrize(
	("values", "said"),
	[
		({"begun": ""}, "H3: .*began and ended"),
		({"begun": "no day"}, "K3: This is no date"),
		({"begun": -9}, "K3: .*after the complaint came"),
		({"ended": 1}, "K3: .*future"),
		({"results": "/"}, "H3: Write down"),
		({"cause_code": " "}, "H3: Choose the cause"),
		({"cause_code": "no such code"}, "H3: There is no code"),
		({"confirmed": ""}, "H3: Say whether"),
		({"department": ""}, "H3: Name the department"),
		({"department": "Kitchen"}, "H3: Kitchen is no department"),
	],
)
def test_an_investigation_is_complete(world: c.World, values: dict, said: str) -> None:
	doc = h.rated(world, h.complaint(world))
	given = {k: add_days(nowdate(), v) if isinstance(v, int) else v for k, v in values.items()}
	with nothing_changes(doc), pytest.raises(QMSRefusal, match=said):
		h.do(world.person(roles.QUALITY), "investigate", doc, {**h.findings(), **given})


@pytest.mark.rule("H3")
def test_what_is_found_is_data(world: c.World) -> None:
	doc, problem, effect = h.complaint(world), h.code(), h.code()
	h.investigated(world, doc, problem_codes=f"{problem}\n{problem}", health_codes=[effect])
	assert doc.workflow_state == rules.ACTING
	assert [r.event_code for r in doc.problem_codes] == [problem]
	assert [r.event_code for r in doc.health_codes] == [effect]
	assert frappe.db.exists("Event Code", doc.cause_code) and doc.department == "Production"
	assert doc.investigated_by == world.person(roles.QUALITY)
	assert investigation.INVESTIGATED in h.meanings(doc)
	h.verified(doc)


@pytest.mark.rule("H3")
def test_what_is_not_known_says_why(world: c.World) -> None:
	quality = world.person(roles.QUALITY)
	doc = h.rated(world, h.complaint(world, batch_no=None, contact_name=None))
	with nothing_changes(doc), pytest.raises(QMSRefusal) as refused:
		h.do(quality, "investigate", doc, h.findings())
	assert "batch or serial number" in str(refused.value) and "complainant" in str(refused.value)
	h.do(world.person(roles.SERVICE), "describe", doc, {"why_not_known": "The hospital threw it away"})
	h.investigated(world, doc)
	h.verified(doc)


@pytest.mark.rule("H3", "K3")
def test_what_is_completed_is_checked(world: c.World) -> None:
	doc, service = h.complaint(world), world.person(roles.SERVICE)
	lot = frappe.get_doc({"doctype": "Batch", "batch_id": c.unique("B"), "item": c.item(has_batch_no=1)})
	lot.insert()
	for values, said in (
		({"item_code": "no such item"}, "There is no"),
		({"batch_no": lot.name}, "is no batch of"),
		({"happened_on": "2999-01-01 00:00:00"}, "K3"),
		({"severity": "Low"}, "severity is not completed here"),
		({"patient_details": "x"}, "is not completed here"),
	):
		with nothing_changes(doc), pytest.raises(QMSRefusal, match=said):
			h.do(service, "describe", doc, values)
	h.do(service, "describe", doc, {"batch_no": lot.name, "item_code": lot.item})
	assert (doc.item_code, doc.batch_no) == (lot.item, lot.name)


@pytest.mark.rule("H3", "H4")
def test_a_reportable_event_answers_more(world: c.World, monkeypatch: pytest.MonkeyPatch) -> None:
	doc = h.rated(world, h.complaint(world))
	more = {"failed_specification": "Yes", "used_for": "Treatment", "event_relation": "It leaked in use"}
	with h.regulators(monkeypatch, reportable=True):
		with nothing_changes(doc), pytest.raises(QMSRefusal, match="H4: The event is reportable"):
			h.investigated(world, doc)
		h.investigated(world, doc, **more)
	assert {k: doc.get(k) for k in more} == more


# No investigation


@pytest.mark.rule("H3", "C12")
def test_somebody_else_of_quality_approves_that_it_is_not_investigated(world: c.World) -> None:
	quality, other = world.person(roles.QUALITY), h.second_quality(world)
	doc = h.rated(world, h.complaint(world))
	with pytest.raises(QMSRefusal, match="H3: Nobody has proposed"):
		h.do(other, "decide_none", doc, "Approved", "/")
	with pytest.raises(QMSRefusal, match="H3: Say why"):
		h.do(quality, "propose_none", doc, " ")
	h.do(quality, "propose_none", doc, "The device was never used")
	assert doc.workflow_state == rules.INVESTIGATING
	assert other in h.todos(doc) and quality not in h.todos(doc)
	for decision in ("Approved", "Rejected"):
		with nothing_changes(doc), pytest.raises(QMSRefusal, match="C12: Somebody else"):
			h.do(quality, "decide_none", doc, decision, "Indeed")
	with pytest.raises(QMSRefusal, match=r"H3: .*approved by"):
		h.do(world.person(roles.MANAGEMENT_REPRESENTATIVE), "decide_none", doc, "Approved", "/")
	h.do(other, "decide_none", doc, "Approved", "/")
	assert doc.workflow_state == rules.ACTING and doc.no_investigation_approved_by == other
	assert h.meanings(doc)[1:] == [investigation.PROPOSED, investigation.NOT_INVESTIGATED]
	h.verified(doc)


@pytest.mark.rule("H3")
def test_it_may_be_rejected_and_is_investigated_then(world: c.World) -> None:
	doc = h.rated(world, h.complaint(world))
	h.do(world.person(roles.QUALITY), "propose_none", doc, "Looks like the last one")
	with pytest.raises(QMSRefusal, match="H3: Say why it is to be"):
		h.do(h.second_quality(world), "decide_none", doc, "Rejected", "/")
	h.do(h.second_quality(world), "decide_none", doc, "Rejected", "It is another batch")
	assert doc.workflow_state == rules.INVESTIGATING and not doc.no_investigation_on
	assert h.investigated(world, doc).workflow_state == rules.ACTING


@pytest.mark.rule("H3")
def test_a_similar_one_was_investigated_itself(world: c.World) -> None:
	quality = world.person(roles.QUALITY)
	first, doc = h.complaint(world), h.rated(world, h.complaint(world))
	for similar, said in (
		(first.name, "proves nothing"),
		(doc.name, "not similar to itself"),
		("CC-0", "proves"),
	):
		with nothing_changes(doc), pytest.raises(QMSRefusal, match=said):
			h.do(quality, "propose_none", doc, "The same again", similar)
	h.investigated(world, first)
	h.do(quality, "propose_none", doc, "The same again", first.name)
	assert doc.similar_complaint == first.name


@pytest.mark.rule("H3", "H4")
def test_what_is_or_may_be_reportable_is_always_investigated(
	world: c.World, monkeypatch: pytest.MonkeyPatch
) -> None:
	quality, other = world.person(roles.QUALITY), h.second_quality(world)
	doc = h.rated(world, h.complaint(world))
	for one in ({"undecided": True}, {"reportable": True}):
		with h.regulators(monkeypatch, **one), pytest.raises(QMSRefusal, match="always investigated"):
			h.do(quality, "propose_none", doc, "Nothing to see")
	h.do(quality, "propose_none", doc, "Nothing to see")
	with h.regulators(monkeypatch, reportable=True):
		with pytest.raises(QMSRefusal, match="always investigated"):
			h.do(other, "decide_none", doc, "Approved", "/")
	h.do(other, "decide_none", doc, "Approved", "/")
	assert doc.workflow_state == rules.ACTING
	# What is decided later counts as well.
	with h.regulators(monkeypatch, reportable=True):
		complaints.follow(doc.name)
		assert doc.reload().workflow_state == rules.INVESTIGATING
	h.verified(doc)


# Actions


@pytest.mark.rule("H5")
def test_no_action_has_its_reason(world: c.World) -> None:
	doc = h.investigated(world, h.complaint(world))
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H5: Name an action"):
		h.acted(world, doc, comment="/")
	assert h.acted(world, doc).workflow_state == rules.REPLYING
	assert actions.DECIDED in h.meanings(doc)


@pytest.mark.rule("H5")
def test_it_acts_as_long_as_a_non_conformance_is_open(world: c.World) -> None:
	doc = h.investigated(world, h.complaint(world))
	name = with_non_conformance(world, doc)
	h.acted(world, doc)
	assert doc.workflow_state == rules.ACTING
	paper = frappe.get_doc("Non Conformance", name)
	assert (paper.status, paper.subject) == ("Open", "Glue")
	with pytest.raises(QMSRefusal, match=r"H5: .*done on"):
		h.do(world.person(roles.QUALITY), "finish_action", doc, doc.corrections[0].name, "Done")
	paper.status = "Resolved"
	paper.save()
	assert doc.reload().workflow_state == rules.REPLYING
	# Opened again there, it is open here.
	paper.status = "Open"
	paper.save()
	assert doc.reload().workflow_state == rules.ACTING
	h.verified(doc)


@pytest.mark.rule("H5")
def test_a_cancelled_one_settles_nothing_by_itself(world: c.World) -> None:
	doc = h.investigated(world, h.complaint(world))
	name = with_non_conformance(world, doc)
	h.acted(world, doc)
	frappe.get_doc("Non Conformance", name).update({"status": "Cancelled"}).save()
	assert doc.reload().workflow_state == rules.ACTING
	quality = world.person(roles.QUALITY)
	with pytest.raises(QMSRefusal, match="H5: Say what was done"):
		h.do(quality, "finish_action", doc, doc.corrections[0].name, "/")
	h.do(quality, "finish_action", doc, doc.corrections[0].name, "Opened twice by mistake")
	assert doc.workflow_state == rules.REPLYING
	h.verified(doc)


@pytest.mark.rule("H5")
def test_a_quality_action_is_followed_and_always_checked(world: c.World) -> None:
	doc = h.investigated(world, h.complaint(world))
	name = with_quality_action(world, doc)
	with pytest.raises(QMSRefusal, match="H5: Whether a corrective action was effective"):
		h.acted(world, doc)
	with pytest.raises(QMSRefusal, match="H5: Say when it is checked"):
		h.acted(world, doc, **CHECKED)
	h.acted(world, doc, **CHECKED, due=nowdate())
	assert doc.workflow_state == rules.ACTING
	paper = frappe.get_doc("Quality Action", name)
	step = paper.resolutions[0]
	assert (step.problem, step.status) == ("Oven too cold", "Open")
	# ERPNext takes one without steps for completed.
	paper.set("resolutions", [])
	paper.save()
	assert paper.status == "Completed" and doc.reload().workflow_state == rules.ACTING
	paper.append("resolutions", {"problem": "Oven too cold", "status": "Completed"})
	paper.save()
	assert doc.reload().workflow_state == rules.REPLYING


@pytest.mark.rule("H5", "K2")
def test_what_it_was_handled_by_is_not_deleted(world: c.World) -> None:
	doc = h.complaint(world)
	for doctype, name in (
		("Non Conformance", with_non_conformance(world, doc)),
		("Quality Action", with_quality_action(world, doc)),
	):
		for force in (False, True):
			with pytest.raises((QMSRefusal, frappe.LinkExistsError)):
				frappe.delete_doc(doctype, name, force=force)
		assert frappe.db.exists(doctype, name)


@pytest.mark.rule("H5")
def test_an_action_of_our_own_is_signed_by_its_owner(world: c.World) -> None:
	quality, owner = world.person(roles.QUALITY), world.person(roles.PRODUCTION)
	doc = h.investigated(world, h.complaint(world))
	given = {"kind": "Correction", "description": "Sort the stock", "action_owner": owner}
	with pytest.raises(QMSRefusal, match="H5: Say until when"):
		h.do(quality, "add_action", doc, **given, due_date=add_days(nowdate(), -1))
	h.do(quality, "add_action", doc, **given, due_date=nowdate())
	h.acted(world, doc)
	assert doc.workflow_state == rules.ACTING and owner in h.todos(doc)
	row = doc.corrections[0].name
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H3: Complaints are handled by"):
		h.do(world.person(roles.SERVICE), "finish_action", doc, row, "Sorted")
	h.do(owner, "finish_action", doc, row, "Sorted, none left")
	assert doc.workflow_state == rules.REPLYING and doc.corrections[0].done_by == owner
	with pytest.raises(QMSRefusal, match="H5: This action is done"):
		h.do(owner, "finish_action", doc, row, "Again")
	h.verified(doc)


@pytest.mark.rule("H4", "H5")
def test_it_acts_as_long_as_a_regulator_is_undecided(world: c.World, monkeypatch: pytest.MonkeyPatch) -> None:
	doc = h.investigated(world, h.complaint(world))
	with h.regulators(monkeypatch, undecided=True):
		assert h.acted(world, doc).workflow_state == rules.ACTING
	complaints.follow(doc.name)
	assert doc.reload().workflow_state == rules.REPLYING


# Reply


@pytest.mark.rule("H5")
def test_the_outcome_is_told_when_there_is_one(world: c.World) -> None:
	doc = h.complaint(world)
	with nothing_changes(doc), pytest.raises(QMSRefusal, match=r"H5: .*not at this step"):
		h.replied(world, doc)
	h.replied(world, doc, kind="Interim", message="We are looking into it")
	h.acted(world, h.investigated(world, doc))
	assert doc.workflow_state == rules.REPLYING
	h.replied(world, doc, kind="Interim")
	assert doc.workflow_state == rules.REPLYING
	for values, said in (
		({"message": " "}, "H5: Write down"),
		({"recipient": ""}, "H5: Say who"),
		({"how": "E-mail"}, "H5: An e-mail is sent"),
		({"how": "Pigeon"}, "H5: Say how"),
		({"how": "Not Possible", "message": "/"}, "H5: Say why no reply"),
		({"answered_on": "2999-01-01"}, "K3: "),
		({"answered_on": "2001-01-01"}, "K3: "),
	):
		with nothing_changes(doc), pytest.raises(QMSRefusal, match=said):
			h.replied(world, doc, **values)
	h.replied(world, doc)
	assert doc.workflow_state == rules.CLOSING and [r.kind for r in doc.reply] == [
		"Interim",
		"Interim",
		"Final",
	]
	h.verified(doc)


@pytest.mark.rule("H5")
def test_that_no_reply_is_possible_has_a_reason(world: c.World) -> None:
	doc = h.acted(world, h.investigated(world, h.complaint(world)))
	h.replied(world, doc, how="Not Possible", recipient="", message="An anonymous letter")
	assert doc.workflow_state == rules.CLOSING


def template(**values: str) -> str:
	doc = frappe.get_doc(
		{
			"doctype": "Email Template",
			"name": c.unique("Reply"),
			"subject": "Your complaint {{ name }}: {{ details }}",
			"response": (
				"<p>Dear {{ complainant }}, {{ details }} {{ patient_details }} {{ doc.patient_details }}</p>"
			),
			**values,
		}
	)
	return doc.insert().name


@pytest.mark.rule("H5", "K7")
def test_a_template_says_what_it_may(world: c.World) -> None:
	from qms_customer.feedback import complaint_api as api

	doc = h.complaint(world, details='Leaks <img src=x onerror="alert(1)"> & drips')
	name = template()
	with as_user(world.person(roles.SERVICE)):
		made = api.preview_reply(doc.name, name)
	assert "Dear Dr Gu" in made["message"] and doc.name in made["subject"]
	assert "<img" not in made["message"]
	assert "Fever" not in made["message"] + made["subject"]


@pytest.mark.rule("H5")
def test_a_reply_is_sent_and_kept(world: c.World, monkeypatch: pytest.MonkeyPatch) -> None:
	from tests.site.test_distribution import account

	service = world.person(roles.SERVICE)
	doc = h.acted(world, h.investigated(world, h.complaint(world)))
	given = {
		"kind": "Final",
		"recipient": "gu@hospital.example",
		"subject": "Your complaint",
		"message": "<p>Sorry</p>",
	}
	monkeypatch.setitem(frappe.conf, "mute_emails", 0)
	monkeypatch.setitem(frappe.conf, "mail_server", None)
	monkeypatch.setattr(frappe.flags, "mute_emails", False, raising=False)
	frappe.local.outgoing_email_account = {}
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="no account"):
		h.do(service, "send_reply", doc, **given)
	account()
	frappe.local.outgoing_email_account = {}
	for recipient in ("", "nobody", "a@b.example, c@d.example", "a@b.example\nBcc: c@d.example"):
		with nothing_changes(doc), pytest.raises(QMSRefusal, match="H5: "):
			h.do(service, "send_reply", doc, **{**given, "recipient": recipient})
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H5: Write down"):
		h.do(service, "send_reply", doc, **{**given, "message": "<p> </p>"})
	h.do(service, "send_reply", doc, **{**given, "subject": "Your\nBcc: c@d.example complaint"})
	row = doc.reply[-1]
	kept = frappe.get_doc("Communication", row.communication)
	assert (kept.reference_doctype, kept.reference_name) == (h.COMPLAINT, doc.name)
	assert "\n" not in kept.subject and kept.recipients == "gu@hospital.example"
	assert frappe.db.exists("Email Queue", {"communication": kept.name})
	assert doc.workflow_state == rules.CLOSING
	h.verified(doc)
	with pytest.raises(QMSRefusal):
		frappe.delete_doc("Communication", kept.name)


# Effectiveness


@pytest.mark.rule("H5")
def test_what_did_not_help_goes_back_to_action(world: c.World) -> None:
	quality = world.person(roles.QUALITY)
	doc = h.investigated(world, h.complaint(world))
	h.acted(world, doc, **CHECKED, due=add_days(nowdate(), 2))
	h.replied(world, doc)
	assert doc.workflow_state == rules.VERIFYING
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H5: It is checked on"):
		h.do(quality, "check_effectiveness", doc, "Yes", "None leaked")
	doc = h.investigated(world, h.complaint(world))
	h.replied(world, h.acted(world, doc, **CHECKED, due=nowdate()))
	for effective, evidence in (("", "None leaked"), ("Yes", "/")):
		with nothing_changes(doc), pytest.raises(QMSRefusal, match="H5: Say"):
			h.do(quality, "check_effectiveness", doc, effective, evidence)
	h.do(quality, "check_effectiveness", doc, "No", "Three leaked")
	assert doc.workflow_state == rules.ACTING
	with pytest.raises(QMSRefusal, match=r"H5: .*add another action"):
		h.acted(world, doc, **CHECKED, due=nowdate())
	owner = world.person(roles.PRODUCTION)
	h.do(quality, "add_action", doc, "Correction", "Change the glue", owner, nowdate())
	h.acted(world, doc, **CHECKED, due=nowdate())
	h.do(owner, "finish_action", doc, doc.corrections[-1].name, "Changed")
	assert doc.workflow_state == rules.VERIFYING and not doc.effective
	h.do(quality, "check_effectiveness", doc, "Yes", "None leaked")
	assert doc.workflow_state == rules.CLOSING
	h.verified(doc)


# Who, and what is shown


@pytest.mark.rule("H5", "L3")
def test_whoever_handles_it_has_it_in_the_inbox(world: c.World) -> None:
	quality, other = world.person(roles.QUALITY), h.second_quality(world)
	doc = h.complaint(world)
	assert {quality, other} <= h.todos(doc)
	with pytest.raises(QMSRefusal, match=r"H5: .*somebody of Quality"):
		h.do(quality, "hand_over", doc, world.person(roles.SERVICE))
	with pytest.raises(QMSRefusal, match="K3"):
		h.do(quality, "hand_over", doc, other, "2001-01-01")
	h.do(quality, "hand_over", doc, other, add_days(nowdate(), 9))
	assert h.todos(doc) == {other} and doc.due_on == getdate(add_days(nowdate(), 9))
	# Whoever leaves, leaves nothing lying.
	frappe.db.set_value("User", other, "enabled", 0)
	frappe.clear_document_cache("User", other)
	h.rated(world, doc)
	assert quality in h.todos(doc)


@pytest.mark.rule("H4", "K2")
def test_awareness_is_corrected_earlier_and_later_only_by_the_management(world: c.World) -> None:
	service, management = world.person(roles.SERVICE), world.person(roles.MANAGEMENT_REPRESENTATIVE)
	doc = h.complaint(world)
	was = doc.aware_on
	with pytest.raises(QMSRefusal, match="H4: Say why"):
		h.do(service, "correct_awareness", doc, str(add_days(was, -1)))
	h.do(service, "correct_awareness", doc, str(add_days(was, -1)), "The dealer knew")
	assert doc.aware_on == add_days(was, -1)
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H4: A later awareness"):
		h.do(service, "correct_awareness", doc, str(was), "He did not")
	with nothing_changes(doc), pytest.raises(QMSRefusal, match="H4: Nobody learns"):
		h.do(management, "correct_awareness", doc, "2999-01-01", "He did not")
	h.do(management, "correct_awareness", doc, str(was), "He did not")
	assert doc.aware_on == was
	h.verified(doc)


@pytest.mark.rule("H5")
def test_the_form_offers_what_is_possible(world: c.World) -> None:
	from qms_customer.feedback import complaint_api as api

	doc = h.complaint(world)
	seen = {}
	for role in (roles.QUALITY, roles.SERVICE, roles.AUDITOR):
		with as_user(world.person(role)):
			seen[role] = api.get_complaint(doc.name)
	assert "rate" in seen[roles.QUALITY]["may"]
	assert not {"investigate", "propose_none"} & set(seen[roles.QUALITY]["may"])
	assert set(seen[roles.SERVICE]["may"]) == {"describe", "correct_awareness", "reply"}
	assert seen[roles.AUDITOR]["may"] == []
	assert "Fever" not in seen[roles.QUALITY]["html"]
	h.rated(world, doc)
	with as_user(world.person(roles.QUALITY)):
		assert {"rate", "investigate", "propose_none"} <= set(api.get_complaint(doc.name)["may"])
	with_non_conformance(world, doc)
	with_quality_action(world, doc)
	with as_user(make_user(roles.QUALITY)):
		api.get_complaint(doc.name)
		with count_queries() as few:
			api.get_complaint(doc.name)
	with_non_conformance(world, doc)
	with_quality_action(world, doc)
	with as_user(make_user(roles.QUALITY)):
		api.get_complaint(doc.name)
		with count_queries() as many:
			api.get_complaint(doc.name)
	assert many.count <= few.count + 2


@pytest.mark.rule("H5", "L3")
def test_what_is_not_closed_by_its_day_goes_up_the_line(world: c.World) -> None:
	from qms_customer.contract import escalation

	quality, other = world.person(roles.QUALITY), h.second_quality(world)
	above = {world.person(roles.MANAGEMENT_REPRESENTATIVE), world.gm}
	doc, late = h.complaint(world), h.complaint(world)
	table = frappe.qb.DocType(h.COMPLAINT)
	frappe.qb.update(table).set(table.due_on, add_days(nowdate(), -20)).where(table.name == late.name).run()
	told = {n.item.row.name: n for n in escalation.notices() if n.item.doctype == h.COMPLAINT}
	assert late.name in told and doc.name not in told
	assert {quality, other} | above <= set(told[late.name].people)
