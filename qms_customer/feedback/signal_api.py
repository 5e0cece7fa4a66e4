"""What the form of a complaint signal may call. Each checks permission first (H8, L1)."""

from typing import Any

import frappe
from frappe.model.document import Document

from qms_customer.feedback import signal_actions, signal_panel, signals
from qms_customer.records import signing


@frappe.whitelist(methods=["GET", "POST"])
def get_shown(name: str) -> dict:
	"""Return what the form shows, its hash, and what the user may do (H8)."""
	return signal_panel.panel(signals.readable(name))


@frappe.whitelist(methods=["POST"])
def assess_signal(
	name: str, content_hash: str, outcome: str, assessment: str, signature: str | dict | None = None
) -> dict:
	"""Say, signed, what comes of a signal (H8)."""
	signals.readable(name)
	with signing.pen(signature):
		return _state(signals.assess(name, content_hash, outcome, assessment))


@frappe.whitelist(methods=["POST"])
def add_action(
	name: str, content_hash: str, kind: str, description: str, action_owner: str, due_date: str
) -> dict:
	"""Add an action (H8)."""
	signals.readable(name)
	return _state(signal_actions.add(name, content_hash, kind, description, action_owner, due_date))


@frappe.whitelist(methods=["POST"])
def open_non_conformance(
	name: str, content_hash: str, procedure: str, subject: str, details: str = ""
) -> dict:
	"""Open a Non Conformance (H8)."""
	signals.readable(name)
	return _state(signal_actions.open_non_conformance(name, content_hash, procedure, subject, details))


@frappe.whitelist(methods=["POST"])
def open_quality_action(
	name: str,
	content_hash: str,
	corrective_preventive: str,
	problem: str,
	responsible: str,
	completion_by: str,
	procedure: str = "",
) -> dict:
	"""Open a Quality Action (H8)."""
	signals.readable(name)
	return _state(
		signal_actions.open_quality_action(
			name, content_hash, corrective_preventive, problem, responsible, completion_by, procedure
		)
	)


@frappe.whitelist(methods=["POST"])
def finish_action(
	name: str, content_hash: str, row: str, comment: str, signature: str | dict | None = None
) -> dict:
	"""Sign that an action is done (H8)."""
	signals.readable(name)
	with signing.pen(signature):
		return _state(signal_actions.finish(name, content_hash, row, comment))


def _state(signal: Document) -> dict[str, Any]:
	return {"name": signal.name, "status": signal.status}
