"""What the form of a complaint may call. Each checks permission first; nothing is decided in the browser
(H3, H5).
"""

import json
from typing import Any

import frappe
from frappe.model.document import Document

from qms_customer.feedback import (
	actions,
	closing,
	complaint_panel,
	complaints,
	effectiveness,
	handled,
	investigation,
	product,
	reopening,
	severity,
)
from qms_customer.feedback import reply as replies
from qms_customer.messages import refuse_one
from qms_customer.records import signing
from qms_customer.rules import mark


@frappe.whitelist(methods=["GET", "POST"])
def get_complaint(name: str) -> dict:
	"""Return what the form shows: where the complaint stands, what comes next, what is missing (H3, H5)."""
	return complaint_panel.panel(handled.readable(name))


@frappe.whitelist(methods=["GET", "POST"])
def get_product(name: str) -> dict:
	"""Return what the form shows of the product concerned (H3, H5, K6)."""
	return product.panel(handled.readable(name))


@frappe.whitelist(methods=["POST"])
def describe(name: str, content_hash: str, values: str | dict | None = None) -> dict:
	"""Complete what the complaint says of device, complainant and event (H3)."""
	handled.readable(name)
	return _state(complaints.describe(name, content_hash, _values(values)))


@frappe.whitelist(methods=["POST"])
def hand_over(name: str, content_hash: str, handler: str, due_on: str = "") -> dict:
	"""Say who handles the complaint (H5)."""
	handled.readable(name)
	return _state(complaints.hand_over(name, content_hash, handler, due_on))


@frappe.whitelist(methods=["POST"])
def correct_awareness(
	name: str, content_hash: str, aware_on: str, reason: str = "", signature: str | dict | None = None
) -> dict:
	"""Correct when anybody first knew of it (H4)."""
	handled.readable(name)
	with signing.pen(signature):
		return _state(complaints.correct_awareness(name, content_hash, aware_on, reason))


@frappe.whitelist(methods=["POST"])
def rate(
	name: str,
	content_hash: str,
	harm: str,
	probability: str,
	chosen: str,
	reason: str = "",
	signature: str | dict | None = None,
) -> dict:
	"""Decide how severe the complaint is (H5)."""
	handled.readable(name)
	with signing.pen(signature):
		return _state(severity.decide(name, content_hash, harm, probability, chosen, reason))


@frappe.whitelist(methods=["POST"])
def investigate(
	name: str, content_hash: str, values: str | dict | None = None, signature: str | dict | None = None
) -> dict:
	"""Record what the investigation found (H3)."""
	handled.readable(name)
	with signing.pen(signature):
		return _state(investigation.finish(name, content_hash, _values(values)))


@frappe.whitelist(methods=["POST"])
def complete_event(
	name: str, content_hash: str, values: str | dict | None = None, signature: str | dict | None = None
) -> dict:
	"""Record what the record of a reportable event holds besides (H4)."""
	handled.readable(name)
	with signing.pen(signature):
		return _state(investigation.complete_event(name, content_hash, _values(values)))


@frappe.whitelist(methods=["POST"])
def propose_none(
	name: str, content_hash: str, reason: str, similar: str = "", signature: str | dict | None = None
) -> dict:
	"""Propose that the complaint is not investigated (H3)."""
	handled.readable(name)
	with signing.pen(signature):
		return _state(investigation.propose_none(name, content_hash, reason, similar))


@frappe.whitelist(methods=["POST"])
def decide_none(
	name: str, content_hash: str, decision: str, comment: str = "", signature: str | dict | None = None
) -> dict:
	"""Approve or reject that the complaint is not investigated (H3, C12)."""
	handled.readable(name)
	with signing.pen(signature):
		return _state(investigation.decide_none(name, content_hash, decision, comment))


@frappe.whitelist(methods=["POST"])
def link_return(name: str, content_hash: str, return_slip: str) -> dict:
	"""Name the return slip of the product concerned (H5)."""
	handled.readable(name)
	return _state(actions.link_return(name, content_hash, return_slip))


@frappe.whitelist(methods=["POST"])
def make_return_slip(name: str) -> dict:
	"""Return the unsaved return slip of the product concerned (G1, H5)."""
	handled.readable(name)
	frappe.has_permission("Return Slip", "create", throw=True)
	return actions.slip_of(name).as_dict()


@frappe.whitelist(methods=["POST"])
def decide_actions(
	name: str,
	content_hash: str,
	comment: str,
	check_needed: int | str = 0,
	criterion: str = "",
	due: str = "",
	signature: str | dict | None = None,
) -> dict:
	"""Decide which actions the complaint needs (H5)."""
	handled.readable(name)
	with signing.pen(signature):
		return _state(actions.decide(name, content_hash, comment, check_needed, criterion, due))


@frappe.whitelist(methods=["GET", "POST"])
def preview_reply(name: str, email_template: str) -> dict:
	"""Return subject and text that a template makes of the complaint (H5)."""
	return replies.preview(handled.readable(name), email_template)


@frappe.whitelist(methods=["POST"])
def send_reply(
	name: str,
	content_hash: str,
	kind: str,
	recipient: str,
	subject: str,
	message: str,
	email_template: str = "",
	signature: str | dict | None = None,
) -> dict:
	"""Send the reply to the customer (H5)."""
	handled.readable(name)
	with signing.pen(signature):
		return _state(replies.send(name, content_hash, kind, recipient, subject, message, email_template))


@frappe.whitelist(methods=["POST"])
def record_reply(
	name: str,
	content_hash: str,
	kind: str,
	how: str,
	message: str,
	recipient: str = "",
	answered_on: str = "",
	signature: str | dict | None = None,
) -> dict:
	"""Record a reply that was given otherwise, or why none is possible (H5)."""
	handled.readable(name)
	with signing.pen(signature):
		return _state(replies.record(name, content_hash, kind, how, recipient, message, answered_on))


@frappe.whitelist(methods=["POST"])
def check_effectiveness(
	name: str, content_hash: str, effective: str, evidence: str, signature: str | dict | None = None
) -> dict:
	"""Record whether what was done helped (H5)."""
	handled.readable(name)
	with signing.pen(signature):
		return _state(effectiveness.check(name, content_hash, effective, evidence))


@frappe.whitelist(methods=["POST"])
def close(name: str, content_hash: str, comment: str = "", signature: str | dict | None = None) -> dict:
	"""Sign that the complaint is closed (H5, C12)."""
	handled.readable(name)
	with signing.pen(signature):
		return _state(closing.close(name, content_hash, comment))


@frappe.whitelist(methods=["POST"])
def reopen(
	name: str, content_hash: str, again: str, reason: str = "", signature: str | dict | None = None
) -> dict:
	"""Open the complaint again (H5)."""
	handled.readable(name)
	with signing.pen(signature):
		return _state(reopening.reopen(name, content_hash, again, reason))


def _values(given: str | dict | None) -> dict[str, Any]:
	"""Return the values that a form sent: texts, numbers, and lists of texts."""
	try:
		found = json.loads(given) if isinstance(given, str) else given
	except ValueError:
		found = None
	plain = str | int | float | type(None)
	if not isinstance(found, dict) or not all(
		isinstance(v, plain) or (isinstance(v, list) and all(isinstance(one, str) for one in v))
		for v in found.values()
	):
		refuse_one("H3", mark("What was filled in cannot be read. Reload the form and do it again."))
	return found


def _state(doc: Document) -> dict[str, Any]:
	return {"name": doc.name, "state": doc.workflow_state, "docstatus": doc.docstatus}
