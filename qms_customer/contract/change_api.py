"""What the forms of contracts and change notices may call. Each checks permission first and is one
transaction; nothing is decided in the browser (E1-E5, E8).
"""

import frappe
from frappe.model.document import Document

from qms_customer.contract import notice_panel, notices, people
from qms_customer.contract.proposed import NOTICE, ORDER
from qms_customer.messages import refuse_one
from qms_customer.records import signing
from qms_customer.rules import mark


@frappe.whitelist(methods=["POST"])
def make_notice(
	order: str,
	kind: str = "Change",
	asked_by: str = "Customer",
	reason: str = "",
	category: str = "",
	communication: str = "",
) -> dict:
	"""Make a change notice from a committed order; returns its name (E1, E8)."""
	doc = _readable(ORDER, order)
	if communication:
		frappe.has_permission("Communication", "read", communication, throw=True)
	return {"name": notices.make(doc, kind, asked_by, reason, category, communication).name}


@frappe.whitelist(methods=["GET", "POST"])
def get_notice_panel(name: str) -> dict:
	"""Return what the form of a notice shows, and what this person may do on it (E1-E5)."""
	return notice_panel.panel(_readable(NOTICE, name))


@frappe.whitelist(methods=["GET", "POST"])
def get_open_notices(order: str) -> list[dict]:
	"""Return the notices on an order that are not decided (E1)."""
	_readable(ORDER, order)
	return [
		{k: row[k] for k in ("name", "kind", "workflow_state")}
		for row in notices.open_notices(order)
		if frappe.has_permission(NOTICE, "read", row.name)
	]


@frappe.whitelist(methods=["POST"])
def put_forward(name: str, content_hash: str, again_reason: str = "") -> dict:
	"""Send a draft to the customer and to PMC (E1-E5, C13)."""
	_readable(NOTICE, name)
	return _state(notices.put_forward(name, content_hash, again_reason))


@frappe.whitelist(methods=["POST"])
def answer_plan(
	name: str, content_hash: str, answer: str, comment: str = "", signature: str | dict | None = None
) -> dict:
	"""Say, as PMC, whether the production plan is affected (E3)."""
	_readable(NOTICE, name)
	with signing.pen(signature):
		return _state(notices.answer_plan(name, content_hash, answer, comment))


@frappe.whitelist(methods=["POST"])
def confirm(
	name: str,
	content_hash: str,
	confirmed_by: str,
	confirmed_on: str,
	how: str,
	evidence: str = "",
	communication: str = "",
	call_record: str = "",
	internal_record: str = "",
	signature: str | dict | None = None,
) -> dict:
	"""Record that the customer confirmed the change (E2, E4, E5)."""
	_readable(NOTICE, name)
	with signing.pen(signature):
		return _state(
			notices.confirm(
				name,
				content_hash,
				confirmed_by,
				confirmed_on,
				how,
				evidence,
				communication,
				call_record,
				internal_record,
			)
		)


@frappe.whitelist(methods=["POST"])
def negotiate(name: str, with_whom: str, talked_on: str, said: str, outcome: str, evidence: str = "") -> dict:
	"""Record what was said with the customer while both sides do not agree (E2, E5)."""
	_readable(NOTICE, name)
	return _state(notices.negotiate(name, with_whom, talked_on, said, outcome, evidence))


@frappe.whitelist(methods=["POST"])
def decide_notice(
	name: str, decision: str, content_hash: str, comment: str = "", signature: str | dict | None = None
) -> dict:
	"""Approve, reject or return a change that needs no review; approval changes the order (E3, E7)."""
	_readable(NOTICE, name)
	with signing.pen(signature):
		return _state(notices.decide(name, decision, content_hash, comment))


@frappe.whitelist(methods=["POST"])
def revise(name: str, reason: str) -> dict:
	"""Take a notice back to draft (C13)."""
	_readable(NOTICE, name)
	return _state(notices.revise(name, reason))


@frappe.whitelist(methods=["POST"])
def rebase(name: str) -> dict:
	"""Bring a notice up to date with its order (E7)."""
	_readable(NOTICE, name)
	return _state(notices.rebase(name))


@frappe.whitelist(methods=["POST"])
def withdraw(name: str, reason: str, signature: str | dict | None = None) -> dict:
	"""Withdraw a notice that is not decided (E2, E5)."""
	_readable(NOTICE, name)
	with signing.pen(signature):
		return _state(notices.withdraw(name, reason))


def _state(notice: Document) -> dict:
	return {
		"name": notice.name,
		"workflow_state": notice.workflow_state,
		"outcome": notice.outcome,
		"contract_review": notice.contract_review,
	}


def _readable(doctype: str, name: str) -> Document:
	if doctype == ORDER and not frappe.db.exists(ORDER, name):
		refuse_one("E1", mark("{0} is no committed contract: it needs no change notice."), name)
	doc = frappe.get_doc(doctype, name)
	people.check_readable(doc)
	return doc
