"""Whether a complaint is reported to regulators (H4): what the handling of a complaint asks of it."""

import frappe
from frappe.model.document import Document

DECISION = "Reportability Decision"


def undecided(complaint: str) -> list[str]:
	"""Return the regimes of which nobody has decided yet (H4)."""
	return _regimes(complaint, "Undecided")


def reportable(complaint: str) -> bool:
	"""Return whether a complaint is reportable anywhere (H4)."""
	return bool(_regimes(complaint, "Reportable"))


def ask(complaint: Document) -> None:
	"""Make the decisions of a new complaint (H4)."""


def _regimes(complaint: str, decision: str) -> list[str]:
	if not complaint or not frappe.db.exists("DocType", DECISION):
		return []
	return frappe.get_all(DECISION, {"complaint": complaint, "decision": decision}, pluck="regime")
