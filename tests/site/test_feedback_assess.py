"""Feedback is assessed by the definition, answered, closed; overdue it goes up the line (H2, A10, L3)."""

from __future__ import annotations

import frappe
import pytest
from frappe.utils import add_days, nowdate

from qms_customer.contract import escalation, states
from qms_customer.feedback import feedback_api as api
from qms_customer.messages import QMSRefusal
from qms_customer.records import verification
from qms_customer.rules import escalation as escalation_rules
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import feedback as f
from tests.support.doors import nothing_changes
from tests.support.people import as_user, make_user


def asked(doc: frappe.model.document.Document) -> set[str]:
	return set(
		frappe.get_all(
			"ToDo",
			filters={"reference_type": f.FEEDBACK, "reference_name": doc.name, "status": "Open"},
			pluck="allocated_to",
		)
	)


@pytest.mark.rule("H2")
def test_a_complaint_is_opened_with_all_that_was_said(world: c.World) -> None:
	code = c.item()
	doc = f.recorded(
		world,
		item_code=code,
		batch_no="B1",
		customer=c.customer(),
		contact_name="Dr Gu",
		contact_phone="12345",
	)
	f.assess(world, doc, "Complaint", deficiencies=["Quality", "Safety"])
	assert (doc.workflow_state, doc.docstatus, doc.decision) == (states.COMPLAINT_OPENED, 1, "Complaint")
	assert doc.deficiencies == "Quality\nSafety"
	complaint = frappe.get_doc(f.COMPLAINT, doc.complaint)
	for field in ("company", "customer", "item_code", "received_on", "aware_on", "details"):
		assert complaint.get(field) == doc.get(field), field
	assert complaint.feedback == doc.name
	assert verification.verify(f.FEEDBACK, doc.name).findings == []
	signed = frappe.get_last_doc("Electronic Signature", {"reference_name": doc.name})
	assert (signed.meaning, signed.role) == ("Assessed as a Complaint", roles.QUALITY)
	assert asked(doc) == set()


@pytest.mark.rule("H2")
@pytest.mark.parametrize(
	("given", "said"),
	[
		({"decision": "", "released": "Yes"}, "Decide: is this a complaint"),
		({"decision": "Complaint", "deficiencies": []}, "Say what is said to be deficient"),
		({"decision": "Complaint", "deficiencies": ["Colour"]}, "not in the definition"),
		({"decision": "Complaint", "released": "No"}, "has not left our control"),
		({"decision": "Complaint", "released": ""}, "Say whether the product has left"),
		(
			{"decision": "Not a Complaint", "deficiencies": ["Safety"]},
			"this is a complaint, whether",
		),
		({"decision": "Not a Complaint", "nature": ""}, "Say what it is"),
		({"decision": "Not a Complaint", "reason": " / "}, "Say why this is not a complaint"),
	],
)
def test_it_is_decided_by_the_definition(world: c.World, given: dict[str, object], said: str) -> None:
	doc = f.recorded(world)
	with nothing_changes(doc), pytest.raises(QMSRefusal, match=said):
		f.assess(world, doc, **given)
	assert not frappe.db.exists(f.COMPLAINT, {"feedback": doc.name})


@pytest.mark.rule("H2")
def test_who_assesses(world: c.World) -> None:
	doc = f.recorded(world)
	for role in roles.ROLES:
		if role in (roles.SERVICE, roles.QUALITY, roles.MANAGEMENT_REPRESENTATIVE):
			continue
		with nothing_changes(doc), pytest.raises(QMSRefusal, match="Feedback is assessed by"):
			f.assess(world, doc, "Complaint", user=world.person(role))
	with nothing_changes(doc), pytest.raises(QMSRefusal):
		f.assess(world, doc, "Complaint", user="Administrator")
	f.assess(world, doc, "Complaint", user=world.person(roles.SERVICE))


@pytest.mark.rule("H2")
def test_nobody_assesses_what_is_said_about_them_nor_edits_it(world: c.World) -> None:
	quality = world.person(roles.QUALITY)
	doc = f.recorded(world, concerned_user=quality)
	with pytest.raises(QMSRefusal, match="about you: somebody else assesses"), nothing_changes(doc):
		f.assess(world, doc, "Not a Complaint")
	with as_user(quality), pytest.raises(QMSRefusal, match="about you: somebody else edits"):
		frappe.client.set_value(f.FEEDBACK, doc.name, "concerned_user", None)
	with as_user(quality), pytest.raises(QMSRefusal, match="about you: somebody else edits"):
		api.correct_awareness(doc.name, f.shown(doc), "2026-01-01 08:00:00", "Known then")
	with as_user(quality):
		assert api.get_panel(doc.name)["may"] == []
	assert quality not in asked(doc)
	f.assess(world, doc, "Complaint", user=make_user(roles.QUALITY))


@pytest.mark.rule("A10")
def test_an_enquiry_is_closed_with_its_answer(world: c.World) -> None:
	doc = f.assess(world, f.recorded(world), "Not a Complaint")
	assert (doc.workflow_state, doc.docstatus) == (states.FEEDBACK_TO_ANSWER, 0)
	assert asked(doc) == {world.sales}
	with pytest.raises(QMSRefusal, match="Record the answer"), nothing_changes(doc):
		f.answer(world, doc, " ")
	with pytest.raises(QMSRefusal, match="how and when"), nothing_changes(doc):
		f.answer(world, doc, "The catalogue", "")
	f.answer(world, doc, "The catalogue of 2026", "E-mail, today")
	assert (doc.workflow_state, doc.docstatus) == (states.FEEDBACK_CLOSED, 1)
	assert (doc.answered_by, bool(doc.closed_on)) == (world.sales, True)
	assert verification.verify(f.FEEDBACK, doc.name).findings == []
	assert asked(doc) == set()


@pytest.mark.rule("H2")
def test_nobody_answers_what_is_said_about_them(world: c.World) -> None:
	service = world.person(roles.SERVICE)
	doc = f.assess(world, f.recorded(world, concerned_user=world.sales), "Not a Complaint")
	assert asked(doc) == {service}
	with pytest.raises(QMSRefusal, match="about you: somebody else answers"), nothing_changes(doc):
		f.answer(world, doc)
	with as_user(service):
		api.answer(doc.name, f.shown(doc), "Talked with both", "Phone, today")
	assert doc.reload().workflow_state == states.FEEDBACK_CLOSED


@pytest.mark.rule("H1")
def test_other_feedback_is_closed_with_what_was_done_about_it(world: c.World) -> None:
	doc = f.assess(
		world, f.recorded(world), "Not a Complaint", nature="Suggestion", reason="Wants a blue one"
	)
	f.answer(world, doc, "Passed to R&D", "")
	assert doc.workflow_state == states.FEEDBACK_CLOSED


@pytest.mark.rule("H2")
def test_what_was_no_complaint_may_turn_out_to_be_one_and_not_the_other_way(world: c.World) -> None:
	doc = f.assess(world, f.recorded(world), "Not a Complaint")
	with pytest.raises(QMSRefusal, match="assessed as no complaint already"), nothing_changes(doc):
		f.assess(world, doc, "Not a Complaint", nature="Praise")
	f.assess(world, doc, "Complaint")
	assert doc.workflow_state == states.COMPLAINT_OPENED
	for decision in ("Complaint", "Not a Complaint"):
		with pytest.raises(QMSRefusal, match="not at this step"), nothing_changes(doc):
			f.assess(world, doc, decision)


@pytest.mark.rule("C12")
def test_an_older_view_moves_nothing(world: c.World) -> None:
	doc = f.recorded(world)
	old = f.shown(doc)
	with as_user(world.sales):
		doc.details = "It does not leak after all"
		doc.save()
	with as_user(world.person(roles.QUALITY)), nothing_changes(doc):
		for step in (
			lambda: api.assess(doc.name, old, "Complaint", ["Quality"], "Yes"),
			lambda: api.correct_awareness(doc.name, old, "2026-01-01 08:00:00", "Known then"),
			lambda: api.link_duplicate(doc.name, old, doc.name),
		):
			with pytest.raises(QMSRefusal, match="C12"):
				step()


@pytest.mark.rule("K3")
def test_without_a_signature_nothing_is_decided(world: c.World) -> None:
	from tests.support.people import logged_in

	doc = f.recorded(world)
	with logged_in(world.person(roles.QUALITY)), nothing_changes(doc), pytest.raises(QMSRefusal, match="K3"):
		api.assess(doc.name, f.shown(doc), "Complaint", ["Quality"], "Yes")
	assert not frappe.db.exists(f.COMPLAINT, {"feedback": doc.name})


@pytest.mark.rule("L3")
def test_what_is_not_assessed_in_time_goes_up_the_line(world: c.World) -> None:
	hearing = (roles.QUALITY, roles.SERVICE, roles.MANAGEMENT_REPRESENTATIVE, roles.GENERAL_MANAGER)
	told_of = {world.person(role) for role in hearing}
	doc = f.recorded(world, received_on=f"{add_days(nowdate(), -20)} 09:00:00")
	fresh = f.recorded(world)
	told = {n.item.row.name: n for n in escalation.notices() if n.item.doctype == f.FEEDBACK}
	assert fresh.name not in told
	notice = told[doc.name]
	assert told_of <= set(notice.people)
	assert (notice.item.waiting.kind, doc.name in notice.item.subject(3)) == (escalation_rules.FEEDBACK, True)
