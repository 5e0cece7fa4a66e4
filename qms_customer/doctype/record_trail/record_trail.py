"""Record Trail: what Frappe logged about a record, beyond its clean-ups; written by records/trail.py only."""

import frappe

from qms_customer.records.controlled import ControlledRecord


class RecordTrail(ControlledRecord):
	"""K2."""


def on_doctype_update() -> None:
	"""Each row of a log is kept once, whoever keeps it (K2)."""
	frappe.db.add_unique("Record Trail", ["source_doctype", "source_name"], "qms_kept_once")
