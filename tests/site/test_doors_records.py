"""Our own records move by the decision functions alone, whatever is done to them or to their workflow."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlparse

import frappe
import pytest
from frappe import client
from frappe.model.document import Document
from frappe.model.workflow import apply_workflow, bulk_workflow_approval
from frappe.utils import now_datetime
from frappe.workflow.doctype.workflow_action.workflow_action import get_confirm_workflow_action_url

from qms_customer.contract import api
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support.doors import WHO, counts, fresh, login, nothing_changes, refused, sent, stored
from tests.support.people import as_user, make_user


@pytest.fixture(params=WHO)
def user(request: pytest.FixtureRequest) -> str:
	return login(request.param)


def asked(world: c.World) -> Document:
	return c.opinion(c.start(world, c.order(c.item(stock=50))), "Sales")


def anywhere(call: Callable[[], Any], *documents: Document, user: str) -> None:
	"""Expect a refusal, ours or the permission system's, with nothing changed."""
	with nothing_changes(*documents), as_user(user):
		with pytest.raises((frappe.ValidationError, frappe.PermissionError)):
			call()
	frappe.clear_messages()


@pytest.mark.rule("C11", "C12")
@pytest.mark.parametrize("which", [c.pending, asked])
def test_neither_submitted_nor_moved_past_the_decision(
	world: c.World, user: str, which: Callable[[c.World], Document]
) -> None:
	doc = which(world)
	final = "Approved" if which is c.pending else "Opinion Given"
	doors: list[Callable[[], Any]] = [
		lambda: fresh(doc).submit(),
		lambda: client.submit(sent(doc)),
		lambda: client.save(sent(doc, docstatus=1, workflow_state=final)),
		lambda: client.save(sent(doc, workflow_state=final)),
		lambda: client.set_value(doc.doctype, doc.name, "workflow_state", final),
		lambda: client.set_value(doc.doctype, doc.name, "docstatus", 1),
		lambda: fresh(doc).db_set("workflow_state", final),
		lambda: fresh(doc).db_set("docstatus", 1),
		lambda: apply_workflow(sent(doc), "Approve" if which is c.pending else "Submit Opinion"),
	]
	for door in doors:
		anywhere(door, doc, user=user)
	bypass = fresh(doc)
	bypass.flags.update(ignore_validate=True, ignore_permissions=True)
	anywhere(bypass.submit, doc, user=user)
	with nothing_changes(doc), as_user(user):
		bulk = json.loads(
			frappe.as_json([{"doctype": doc.doctype, "docname": doc.name, "workflow_state": final}])
		)
		failed = client.bulk_update(json.dumps(bulk))["failed_docs"]
	assert len(failed) == 1


@pytest.mark.rule("C11", "C12")
def test_nor_inserted_as_decided(world: c.World, user: str) -> None:
	doc = c.pending(world)
	values = {k: v for k, v in json.loads(sent(doc)).items() if k not in ("name", "creation", "modified")}
	decided = {**values, "docstatus": 1, "decision": "Approved", "workflow_state": "Approved"}
	for made in (values, decided):
		anywhere(lambda made=made: frappe.get_doc(made).insert(), doc, user=user)
		anywhere(lambda made=made: frappe.get_doc(made).insert(ignore_permissions=True), doc, user=user)
		anywhere(lambda made=made: client.insert(made), doc, user=user)
	ledger = {
		"doctype": "Approved Content",
		"reference_doctype": "Sales Order",
		"reference_name": doc.reference_name,
		"fingerprint": doc.fingerprint,
		"content": doc.content,
		"approved_on": now_datetime(),
	}
	anywhere(lambda: frappe.get_doc(ledger).insert(ignore_permissions=True), doc, user=user)
	with refused("C1", user=user):
		frappe.get_doc("Sales Order", doc.reference_name).submit()


@pytest.mark.rule("C10", "C13")
def test_records_are_not_changed_cancelled_renamed_or_deleted(world: c.World, user: str) -> None:
	c.order(c.item(stock=50))
	review = c.start(world, c.order(c.item(), qms_packaging="Special", qms_packaging_details="double"))
	c.answer_all(world, review)
	c.decide(review.reload(), world.gm)
	order = frappe.get_doc("Sales Order", review.reference_name)
	agreed = c.blanket_order((c.item(), 10, 5))
	c.approve(world, agreed)
	agreed.reload().submit()
	api.record_reason(agreed.doctype, agreed.name, "Cancel", "x")
	frappe.rename_doc("Customer", order.customer, c.unique("Renamed"), force=True)
	records = [
		fresh(review),
		c.opinion(review, "Quality"),
		frappe.get_last_doc("Review Action"),
		frappe.get_last_doc("Approved Content"),
		frappe.get_last_doc("Contract Status Change"),
		frappe.get_last_doc("Record Alias"),
	]
	field = ("decision_comment", "comment", "description", "fingerprint", "reason", "new_name")
	for record, name in zip(records, field, strict=True):
		for door in (
			lambda r=record, f=name: client.set_value(r.doctype, r.name, f, "other"),
			lambda r=record, f=name: client.save(sent(r, **{f: "other"})),
			lambda r=record, f=name: fresh(r).db_set(f, "other"),
			lambda r=record: client.delete(r.doctype, r.name),
			lambda r=record: frappe.delete_doc(r.doctype, r.name, ignore_permissions=True),
			lambda r=record: frappe.delete_doc(r.doctype, r.name, force=True, ignore_permissions=True),
			lambda r=record: frappe.rename_doc(r.doctype, r.name, "mine", force=True),
			lambda r=record: fresh(r).cancel(),
		):
			anywhere(door, record, user=user)


@pytest.mark.rule("C11", "C12")
def test_a_workflow_that_is_edited_or_switched_off_decides_nothing(world: c.World, user: str) -> None:
	doc = c.pending(world)
	workflow = frappe.get_doc("Workflow", "QMS Contract Review")
	for transition in workflow.transitions:
		transition.allowed, transition.condition = "All", ""
	workflow.save()
	for name in (user, make_user(roles.SALES_USER), world.second_sales()):
		anywhere(lambda: apply_workflow(sent(doc), "Approve"), doc, user=name)
	workflow.is_active = 0
	workflow.save()
	frappe.clear_cache(doctype="Contract Review")
	anywhere(lambda: fresh(doc).submit(), doc, user=user)
	anywhere(lambda: client.submit(sent(doc)), doc, user=user)
	c.decide(fresh(doc), world.vp)
	assert fresh(doc).decision == "Approved"


@pytest.mark.rule("C12")
def test_bulk_approval_from_the_list_decides_nothing(world: c.World, committed: Callable[[], None]) -> None:
	doc = c.pending(world)
	committed()
	before = stored(doc.doctype, doc.name), counts()
	with as_user(world.vp):
		bulk_workflow_approval(json.dumps([doc.name]), doc.doctype, "Approve")
	frappe.db.rollback()
	assert (stored(doc.doctype, doc.name), counts()) == before


@pytest.mark.rule("C12")
def test_the_link_of_a_workflow_mail_decides_nothing(world: c.World, http: Callable[..., Any]) -> None:
	doc = c.pending(world)
	url = urlparse(get_confirm_workflow_action_url(doc, "Approve", world.vp))
	guest = http("Guest")
	before = stored(doc.doctype, doc.name), counts()
	response = guest.get(f"{url.path}?{url.query}")
	assert response.status_code != 200, response.text[:300]
	frappe.db.rollback()
	assert (stored(doc.doctype, doc.name), counts()) == before


@pytest.mark.rule("C9", "C12")
def test_an_api_key_decides_nothing(world: c.World, http: Callable[..., Any]) -> None:
	doc = c.pending(world)
	vp = frappe.get_doc("User", world.vp)
	vp.api_key, vp.api_secret = "k" * 15, "s" * 15
	vp.save()
	seen = c.shown(doc)
	web = http("Guest")
	web.headers["Authorization"] = f"token {'k' * 15}:{'s' * 15}"
	assert web.get("/api/method/frappe.auth.get_logged_user").json()["message"] == world.vp
	response = web.call(
		"qms_customer.contract.api.decide_review", name=doc.name, decision="Approved", content_hash=seen
	)
	assert response.status_code == 417 and "C9" in response.text, response.text[-300:]
	frappe.db.rollback()
	assert fresh(doc).docstatus == 0


@pytest.mark.rule("C11")
def test_a_department_edits_its_own_opinion_only_and_answers_only_what_it_was_asked(world: c.World) -> None:
	review = c.start(world, c.order(c.item()))
	opinion = c.opinion(review, "Quality")
	rnd, quality = world.person(roles.RND), world.person(roles.QUALITY)

	def edited(**answer: str) -> Document:
		doc = fresh(opinion)
		doc.answers[0].update(answer)
		return doc

	anywhere(lambda: edited(answer="Met").save(), opinion, user=rnd)
	anywhere(lambda: edited(aspect="Is lunch ready?").save(), opinion, user=quality)
	with as_user(quality):
		edited(answer="Met", comment="so far").save()
	assert fresh(opinion).answers[0].answer == "Met" and fresh(opinion).docstatus == 0
	with as_user(rnd), pytest.raises(frappe.ValidationError):
		api.give_opinion(opinion.name, review.fingerprint, None, "/")
