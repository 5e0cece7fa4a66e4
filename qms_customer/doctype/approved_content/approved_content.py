"""Approved Content: the ledger behind the gate; written by contract/approved.py only."""

import frappe

from qms_customer.records.controlled import ControlledRecord


class ApprovedContent(ControlledRecord):
	"""C1, D4, E8."""


def on_doctype_update() -> None:
	"""The ledger is asked by document at every door, and by what an approval was inherited from."""
	frappe.db.add_index("Approved Content", ["reference_name", "reference_doctype"])
	frappe.db.add_index("Approved Content", ["source_name", "source_doctype"])
