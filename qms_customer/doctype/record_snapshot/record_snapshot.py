"""Record Snapshot: one recorded state of a record, a link of its chain; written by records/ledger.py only."""

import frappe

from qms_customer.records.controlled import ControlledRecord


class RecordSnapshot(ControlledRecord):
	"""K2."""


def on_doctype_update() -> None:
	"""Two entries in one place are refused by the database itself (K2)."""
	frappe.db.add_unique(
		"Record Snapshot", ["reference_doctype", "reference_name", "sequence"], "qms_place_in_chain"
	)
