"""Feedback as people record it, and its assessment and answer by the right ones."""

from __future__ import annotations

from typing import Any

import frappe
from frappe.model.document import Document

from qms_customer.feedback import feedback_api as api
from qms_customer.feedback import intake
from qms_customer.returns import opened
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support.people import as_user
from tests.support.staged import staged

FEEDBACK = intake.DOCTYPE
COMPLAINT = "Customer Complaint"


def values(**more: Any) -> dict[str, Any]:
	"""Return what somebody on the phone says, as a form or a client sends it."""
	return {
		"doctype": FEEDBACK,
		"company": c.COMPANY,
		"source": "Clinical Institution",
		"channel": "Phone",
		"details": "The catheter leaks at the hub",
		**more,
	}


@staged
def recorded(world: c.World, **more: Any) -> Document:
	"""Return the feedback that Sales has recorded."""
	with as_user(world.sales):
		return frappe.get_doc(values(**more)).insert()


def shown(doc: Document) -> str:
	"""Return the hash of what the form shows now."""
	return opened.shown_hash(frappe.get_doc(FEEDBACK, doc.name))


@staged
def assess(world: c.World, doc: Document, decision: str, *, user: str = "", **more: Any) -> Document:
	"""Assess feedback as Quality."""
	given = (
		{"deficiencies": ["Quality"], "released": "Yes"}
		if decision == "Complaint"
		else {"released": "Not Known", "nature": "Enquiry", "reason": "Asks for a catalogue"}
	)
	with as_user(user or world.person(roles.QUALITY)):
		api.assess(doc.name, shown(doc), decision, **{**given, **more})
	return doc.reload()


@staged
def answer(world: c.World, doc: Document, text: str = "Sent it", how: str = "E-mail, today") -> Document:
	"""Answer feedback as Sales."""
	with as_user(world.sales):
		api.answer(doc.name, shown(doc), text, how)
	return doc.reload()
