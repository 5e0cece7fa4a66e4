"""Ways into feedback, and ways around its steps (H1, H2, F6, C11)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import frappe
import pytest
from frappe.desk.notifications import get_open_count
from frappe.model.document import Document
from frappe.model.workflow import apply_workflow
from frappe.utils import add_days, get_datetime, nowdate

from qms_customer.contract import states
from qms_customer.feedback import feedback_api as api
from qms_customer.messages import QMSRefusal
from qms_customer.records import api as records_api
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import feedback as f
from tests.support import returned as r
from tests.support.doors import nothing_changes, sent
from tests.support.people import as_user, make_user

FORGED = {
	"decision": "Not a Complaint",
	"deficiencies": "Quality",
	"released": "No",
	"nature": "Praise",
	"assessment_reason": "All is well",
	"assessed_by": "Administrator",
	"assess_by": "2030-01-01",
	"answer": "Sent",
	"closed_on": "2026-01-01 00:00:00",
	"workflow_state": states.FEEDBACK_CLOSED,
}
REFUSED = (QMSRefusal, frappe.PermissionError)


def visit(**values: Any) -> Document:
	"""A service visit, not submitted yet."""
	person = (
		frappe.db.get_value("Sales Person", {"is_group": 0})
		or frappe.get_doc({"doctype": "Sales Person", "sales_person_name": c.unique("Engineer")})
		.insert()
		.name
	)
	return frappe.get_doc(
		{
			"doctype": "Maintenance Visit",
			"company": c.COMPANY,
			"customer": c.customer(),
			"mntc_date": nowdate(),
			"completion_status": "Fully Completed",
			"maintenance_type": "Breakdown",
			"customer_feedback": "The pump stops",
			"purposes": [
				{
					"item_code": c.item(),
					"description": "Pump",
					"service_person": person,
					"work_done": "Replaced the motor",
				}
			],
			**values,
		}
	).insert()


@pytest.mark.rule("F6")
def test_a_visit_is_not_finished_before_it_says_whether_it_is_a_complaint(world: c.World) -> None:
	for answer, reason in (("", ""), ("No", ""), ("No", "/")):
		doc = visit(qms_is_complaint=answer, qms_complaint_reason=reason)
		with nothing_changes(doc), pytest.raises(QMSRefusal, match="F6"):
			doc.submit()
		again = frappe.get_doc("Maintenance Visit", doc.name)
		again.flags.ignore_validate = True
		with nothing_changes(doc), pytest.raises(QMSRefusal, match="F6"):
			again.submit()
	doc = visit(qms_is_complaint="No", qms_complaint_reason="Yearly service")
	doc.submit()
	assert not frappe.db.exists(f.FEEDBACK, {"origin_name": doc.name})


@pytest.mark.rule("F6")
def test_a_visit_about_a_complaint_is_recorded_as_feedback_once(world: c.World) -> None:
	engineer = make_user("Maintenance User")
	doc = visit(qms_is_complaint="Yes", mntc_date=add_days(nowdate(), -1), mntc_time="09:30:00")
	with as_user(engineer):
		frappe.get_doc("Maintenance Visit", doc.name).submit()
	found = frappe.get_doc(f.FEEDBACK, {"origin_name": doc.name})
	assert (found.workflow_state, found.channel, found.customer) == (
		states.FEEDBACK_TO_ASSESS,
		"Maintenance Visit",
		doc.customer,
	)
	assert found.item_code == doc.purposes[0].item_code
	assert "The pump stops" in found.details
	# Ours knew of it on that day, not when it was typed in.
	assert get_datetime(found.aware_on) == get_datetime(f"{doc.mntc_date} 09:30:00")
	doc.reload().cancel()
	amended = frappe.copy_doc(doc)
	amended.update({"amended_from": doc.name, "qms_is_complaint": "Yes", "docstatus": 0})
	amended.insert().submit()
	assert frappe.db.count(f.FEEDBACK, {"origin_doctype": "Maintenance Visit"}) == 1


@pytest.mark.rule("H1")
def test_feedback_is_made_from_an_issue_a_claim_and_a_return_slip(world: c.World) -> None:
	customer, code = c.customer(), c.item()
	issue = frappe.get_doc(
		{
			"doctype": "Issue",
			"subject": "It leaks",
			"description": "<p>At the hub</p>",
			"customer": customer,
			"raised_by": "gu@hospital.example",
			"company": c.COMPANY,
		}
	).insert()
	claim = frappe.get_doc(
		{
			"doctype": "Warranty Claim",
			"customer": customer,
			"company": c.COMPANY,
			"complaint": "<p>The pump stops</p>",
			"complaint_date": nowdate(),
			"status": "Open",
			"item_code": code,
		}
	).insert()
	slip = r.slip(world, r.delivered(10), 4)
	user = make_user(roles.SERVICE, roles.SALES_USER, "Support Team", "Maintenance User")
	for origin, details in ((issue, "At the hub"), (claim, "The pump stops"), (slip, "Leaks")):
		with as_user(user):
			doc = frappe.get_doc(api.make_from(origin.doctype, origin.name)).insert()
		assert (doc.origin_doctype, doc.origin_name, doc.channel, doc.customer) == (
			origin.doctype,
			origin.name,
			origin.doctype,
			origin.customer,
		)
		assert doc.details == details
		assert not doc.decision
	with as_user(world.sales):
		with pytest.raises(frappe.PermissionError):
			api.make_from("Warranty Claim", claim.name)
		with pytest.raises(QMSRefusal, match="not made from"):
			api.make_from("Sales Order", "SO-1")
		with pytest.raises(frappe.PermissionError):
			frappe.get_doc(f.values(origin_doctype="Warranty Claim", origin_name=claim.name)).insert()
	with as_user(world.person(roles.AUDITOR)), pytest.raises(frappe.PermissionError):
		api.make_from(slip.doctype, slip.name)


@pytest.mark.rule("D5", "H1")
def test_customer_and_item_lead_to_what_was_said_of_them(world: c.World) -> None:
	doc = f.recorded(world, customer=c.customer(), item_code=c.item())
	for doctype, name in (("Customer", doc.customer), ("Item", doc.item_code)):
		found = get_open_count(doctype, name, items=json.dumps([f.FEEDBACK]))["count"]
		assert [one["count"] for one in found["external_links_found"]] == [1], found


@pytest.mark.rule("C11")
def test_nobody_begins_with_what_its_steps_fill_in(world: c.World) -> None:
	for user in (world.sales, world.person(roles.QUALITY), "Administrator"):
		with as_user(user):
			doc = frappe.get_doc(f.values(**FORGED)).insert().reload()
			assert not (doc.decision or doc.assessed_by or doc.answer or doc.closed_on)
			assert doc.workflow_state == states.FEEDBACK_TO_ASSESS
			with pytest.raises(QMSRefusal, match="C11"):
				frappe.get_doc(f.values(duplicates=[{"feedback": doc.name}])).insert()
			with pytest.raises(REFUSED):
				frappe.get_doc(f.values(docstatus=1, **FORGED)).insert()


@pytest.mark.rule("C11")
def test_steps_are_not_written_past_their_functions(world: c.World) -> None:
	doc = f.recorded(world)
	for user in (world.sales, world.person(roles.QUALITY), "Administrator"):
		for field, value in FORGED.items():
			with as_user(user), pytest.raises(REFUSED), nothing_changes(doc):
				frappe.client.set_value(f.FEEDBACK, doc.name, field, value)
		for step in (
			lambda: frappe.get_doc(f.FEEDBACK, doc.name).submit(),
			lambda: frappe.client.submit(sent(frappe.get_doc(f.FEEDBACK, doc.name))),
			lambda: records_api.save_signed(sent(frappe.get_doc(f.FEEDBACK, doc.name)), submit=1),
			lambda: apply_workflow(frappe.get_doc(f.FEEDBACK, doc.name), "Assess"),
			lambda: frappe.delete_doc(f.FEEDBACK, doc.name),
			lambda: frappe.rename_doc(f.FEEDBACK, doc.name, "FB-1", force=True),
		):
			with as_user(user), pytest.raises((*REFUSED, frappe.ValidationError)), nothing_changes(doc):
				step()


@pytest.mark.rule("H2")
def test_what_was_recorded_stands_once_it_is_assessed(world: c.World) -> None:
	for doc in (
		f.assess(world, f.recorded(world), "Not a Complaint"),
		f.assess(world, f.recorded(world), "Complaint"),
	):
		for user in (world.sales, world.person(roles.QUALITY), "Administrator"):
			for field, value in (
				("details", "All is well"),
				("concerned_user", user),
				("patient_details", "None"),
				("aware_on", "2030-01-01 00:00:00"),
			):
				with as_user(user), nothing_changes(doc):
					try:
						frappe.client.set_value(f.FEEDBACK, doc.name, field, value)
					except (*REFUSED, frappe.ValidationError):
						pass
		with pytest.raises(frappe.ValidationError), nothing_changes(doc):
			doc.cancel()


@pytest.mark.rule("H2")
def test_a_complaint_is_not_made_by_hand(world: c.World) -> None:
	doc = f.recorded(world)
	for user in (world.sales, world.person(roles.QUALITY), "Administrator"):
		with as_user(user), pytest.raises(REFUSED):
			frappe.get_doc({"doctype": f.COMPLAINT, "feedback": doc.name, "details": "Leaks"}).insert()


@pytest.mark.rule("H2")
def test_rest_records_and_decides_nothing(world: c.World, http: Callable[..., Any]) -> None:
	sales, quality = http(world.sales), http(world.person(roles.QUALITY))
	made = sales.post(f"/api/resource/{f.FEEDBACK}", json={**f.values(channel="API"), **FORGED})
	assert made.status_code == 200, made.text
	name = made.json()["data"]["name"]
	path = f"/api/resource/{f.FEEDBACK}/{name}"
	for field, value in FORGED.items():
		answer = quality.put(path, json={field: value})
		assert answer.status_code != 200, (field, answer.text)
	assert quality.put(path, json={"docstatus": 1}).status_code != 200
	assert quality.delete(path).status_code != 200
	assess = "qms_customer.feedback.feedback_api.assess"
	given = {"name": name, "decision": "Complaint", "deficiencies": ["Quality"], "released": "Yes"}
	shown = quality.call("qms_customer.feedback.feedback_api.get_panel", name=name).json()["message"]["hash"]
	assert quality.call(assess, **given, content_hash=shown).status_code != 200
	assert sales.sign(assess, **given, content_hash=shown).status_code != 200
	assert quality.call(assess, "GET", **given, content_hash=shown).status_code != 200
	done = quality.sign(assess, **given, content_hash=shown)
	assert done.status_code == 200, done.text
	assert done.json()["message"]["complaint"]
