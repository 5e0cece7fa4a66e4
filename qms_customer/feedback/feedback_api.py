"""What the form of feedback, and the forms of the documents in which something was heard, may call. Each
checks permission first; nothing is decided in the browser (H1, H2, A10).
"""

import json
from typing import Any

import frappe
from frappe.model.document import Document

from qms_customer.feedback import alike, intake, make, panel, requirements
from qms_customer.feedback import assess as steps
from qms_customer.messages import refuse_one
from qms_customer.records import signing
from qms_customer.rules import mark


@frappe.whitelist(methods=["GET", "POST"])
def get_panel(name: str) -> dict:
	"""Return what the form shows: where the feedback stands, what comes next, what may be the same (H1)."""
	return panel.panel(intake.readable(name))


@frappe.whitelist(methods=["POST"])
def make_from(doctype: str, name: str) -> dict:
	"""Return the unsaved feedback of a document (H1, F6)."""
	frappe.has_permission(intake.DOCTYPE, "create", throw=True)
	return make.from_document(doctype, name).as_dict()


@frappe.whitelist(methods=["POST"])
def assess(
	name: str,
	content_hash: str,
	decision: str,
	deficiencies: str | list | None = None,
	released: str = "",
	nature: str = "",
	reason: str = "",
	requirement: str = "",
	signature: str | dict | None = None,
) -> dict:
	"""Decide whether feedback is a complaint (H2)."""
	intake.readable(name)
	with signing.pen(signature):
		return _state(
			steps.assess(
				name, content_hash, decision, _texts(deficiencies), released, nature, reason, requirement
			)
		)


@frappe.whitelist(methods=["POST"])
def answer(
	name: str, content_hash: str, answer: str, how: str = "", signature: str | dict | None = None
) -> dict:
	"""Record the answer that was given, and close the feedback (A10)."""
	intake.readable(name)
	with signing.pen(signature):
		return _state(steps.answer(name, content_hash, answer, how))


@frappe.whitelist(methods=["POST"])
def make_notice(name: str, order: str) -> dict:
	"""Make the change notice that a changed requirement asks for (E1, H9)."""
	intake.readable(name)
	return {"name": requirements.make_notice(name, order).name}


@frappe.whitelist(methods=["POST"])
def take_up(
	name: str,
	content_hash: str,
	how: str,
	reference: str = "",
	comment: str = "",
	signature: str | dict | None = None,
) -> dict:
	"""Say how a changed requirement was taken up (H9)."""
	intake.readable(name)
	with signing.pen(signature):
		return _state(requirements.take_up(name, content_hash, how, reference, comment))


@frappe.whitelist(methods=["POST"])
def correct_awareness(
	name: str,
	content_hash: str,
	aware_on: str,
	reason: str,
	aware_by: str = "",
	signature: str | dict | None = None,
) -> dict:
	"""Correct when it was first known (H4)."""
	intake.readable(name)
	with signing.pen(signature):
		return _state(steps.correct_awareness(name, content_hash, aware_on, aware_by, reason))


@frappe.whitelist(methods=["POST"])
def link_duplicate(name: str, content_hash: str, other: str) -> dict:
	"""Say that another report is of the same event (H1)."""
	intake.readable(name)
	return _state(alike.link(name, content_hash, other))


def _state(feedback: Document) -> dict[str, Any]:
	return {
		"name": feedback.name,
		"state": feedback.workflow_state,
		"complaint": feedback.complaint or "",
	}


def _texts(given: str | list | None) -> list[str]:
	try:
		found = (json.loads(given) if isinstance(given, str) and given else given) or []
	except ValueError:
		found = None
	if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
		refuse_one("H2", mark("Say what is said to be deficient."))
	return list(dict.fromkeys(found))
