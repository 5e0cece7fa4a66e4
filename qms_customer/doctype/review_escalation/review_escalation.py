"""Review Escalation: who was told of what is overdue, and when; written by contract/escalation.py only."""

import frappe

from qms_customer.records.controlled import ControlledRecord


class ReviewEscalation(ControlledRecord):
	"""L3."""


def on_doctype_update() -> None:
	"""L3: a person is told of a document once a day at most, whoever runs it how often."""
	frappe.db.add_unique(
		"Review Escalation", ["reference_doctype", "reference_name", "user", "told_on"], "qms_once_a_day"
	)
