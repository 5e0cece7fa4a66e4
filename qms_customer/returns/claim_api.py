"""What the form of a return slip may call of claim, approval and batch. Each checks permission first;
nothing is decided in the browser (G2-G5).
"""

import frappe
from frappe.model.document import Document

from qms_customer.records import signing
from qms_customer.returns import approval, batch, claim, claim_panel, opened
from qms_customer.rules import mark

UNREADABLE = mark("The findings cannot be read. Reload the form and record them again.")


@frappe.whitelist(methods=["GET", "POST"])
def get_claim(name: str) -> dict:
	"""Return what the form shows of claim, batches and approval, and what this person may do (G2-G5)."""
	return claim_panel.panel(opened.readable(name))


@frappe.whitelist(methods=["POST"])
def make_inspection(name: str, row: str, template: str = "") -> dict:
	"""Make the draft Quality Inspection of a retained sample (G3)."""
	opened.readable(name)
	return {"name": claim.make_inspection(name, row, template).name}


@frappe.whitelist(methods=["POST"])
def find(
	name: str, content_hash: str, findings: str | list | None = None, signature: str | dict | None = None
) -> dict:
	"""Record what was found on retained samples, as Quality (G3).

	`findings`: rows of row, finding, quality_inspection and comment, or the same as JSON.
	"""
	opened.readable(name)
	with signing.pen(signature):
		return _state(claim.find(name, content_hash, opened.sent_rows(findings, "G3", UNREADABLE)))


@frappe.whitelist(methods=["POST"])
def explain(name: str, content_hash: str, explanation: str, signature: str | dict | None = None) -> dict:
	"""Record what was explained to the customer (G4)."""
	opened.readable(name)
	with signing.pen(signature):
		return _state(claim.explain(name, content_hash, explanation))


@frappe.whitelist(methods=["POST"])
def record_answer(
	name: str,
	content_hash: str,
	answer: str,
	answered_by: str,
	answered_on: str,
	comment: str = "",
	signature: str | dict | None = None,
) -> dict:
	"""Record the customer's answer to the explanation (G4)."""
	opened.readable(name)
	with signing.pen(signature):
		return _state(claim.record_answer(name, content_hash, answer, answered_by, answered_on, comment))


@frappe.whitelist(methods=["POST"])
def decide(
	name: str, decision: str, content_hash: str, comment: str = "", signature: str | dict | None = None
) -> dict:
	"""Approve or reject a return (G2)."""
	opened.readable(name)
	with signing.pen(signature):
		return _state(approval.decide(name, decision, content_hash, comment))


@frappe.whitelist(methods=["POST"])
def block_batch(name: str, content_hash: str, row: str) -> dict:
	"""Block a bad batch (G5)."""
	opened.readable(name)
	return _state(batch.block(name, content_hash, row))


@frappe.whitelist(methods=["POST"])
def move_batch(name: str, content_hash: str, row: str) -> dict:
	"""Move the stock of a bad batch to quarantine (G5)."""
	opened.readable(name)
	return _state(batch.move(name, content_hash, row))


@frappe.whitelist(methods=["POST"])
def open_non_conformance(
	name: str, content_hash: str, row: str, procedure: str, subject: str, details: str = ""
) -> dict:
	"""Open a Non Conformance on a bad batch (G5)."""
	opened.readable(name)
	return _state(batch.open_non_conformance(name, content_hash, row, procedure, subject, details))


@frappe.whitelist(methods=["POST"])
def look_at_batch(
	name: str, content_hash: str, row: str, comment: str = "", signature: str | dict | None = None
) -> dict:
	"""Sign that the rest of a bad batch was looked at (G5)."""
	opened.readable(name)
	with signing.pen(signature):
		return _state(batch.look_at(name, content_hash, row, comment))


def _state(slip: Document) -> dict:
	return {"name": slip.name, "workflow_state": slip.workflow_state, "docstatus": slip.docstatus}
