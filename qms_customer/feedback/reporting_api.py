"""What the forms of complaints and of reportability decisions may call. Each checks permission first; nothing
is decided in the browser (H4).
"""

import json
from typing import Any

import frappe
from frappe.model.document import Document

from qms_customer.feedback import decisions, reporting_panel, reporting_steps
from qms_customer.messages import refuse_one
from qms_customer.records import signing
from qms_customer.returns.opened import is_plain
from qms_customer.rules import mark


@frappe.whitelist(methods=["GET", "POST"])
def get_panel(name: str) -> dict:
	"""Return what the form of a decision shows, and what this person may do (H4)."""
	return reporting_panel.panel(*decisions.readable(name))


@frappe.whitelist(methods=["GET", "POST"])
def get_complaint_panel(name: str) -> dict:
	"""Return what the form of a complaint shows of regulators, and what this person may do (H4)."""
	return reporting_panel.of_complaint(decisions.readable_complaint(name))


@frappe.whitelist(methods=["POST"])
def answer(
	name: str,
	content_hash: str,
	answers: str | dict | None = None,
	reason: str = "",
	signature: str | dict | None = None,
) -> dict:
	"""Record the answers to the questionnaire of a complaint (H4)."""
	decisions.readable_complaint(name)
	with signing.pen(signature):
		return _state(reporting_steps.answer(name, content_hash, _values(answers), reason))


@frappe.whitelist(methods=["POST"])
def decide(
	name: str,
	content_hash: str,
	decision: str,
	reason: str = "",
	due_on: str = "",
	signature: str | dict | None = None,
) -> dict:
	"""Decide whether a complaint is reportable in a regime (H4)."""
	decisions.readable(name)
	with signing.pen(signature):
		return _state(reporting_steps.decide(name, content_hash, decision, reason, due_on))


@frappe.whitelist(methods=["POST"])
def record_exchange(
	name: str, content_hash: str, exchange: str | dict | None = None, signature: str | dict | None = None
) -> dict:
	"""Record what was exchanged with a regulator (H4)."""
	decisions.readable(name)
	with signing.pen(signature):
		return _state(reporting_steps.record_exchange(name, content_hash, _values(exchange)))


def _state(doc: Document) -> dict[str, Any]:
	return {"name": doc.name, "decision": doc.get("decision")}


def _values(given: str | dict | None) -> dict[str, Any]:
	"""What a form sent as plain values by name; anything else that a client sends is refused."""
	try:
		values = json.loads(given) if isinstance(given, str) and given else given
	except ValueError:
		values = None
	if not isinstance(values, dict) or not is_plain(values):
		refuse_one("H4", mark("What was filled in cannot be read. Reload the form and do it again."))
	return values
