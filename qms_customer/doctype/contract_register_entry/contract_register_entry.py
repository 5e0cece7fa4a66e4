"""Contract Register Entry: one for each contract that is reviewed, for good; signed, numbered and handed over
by contract/registration.py, followed by contract/register.py, and written by nobody else.
"""

import frappe

from qms_customer.records.controlled import ControlledRecord


class ContractRegisterEntry(ControlledRecord):
	"""D1, D2, D5, A4."""


def on_doctype_update() -> None:
	"""A contract has one entry; lists of a year, and reminders, find theirs without reading the others."""
	frappe.db.add_unique("Contract Register Entry", ["reference_name", "reference_doctype"], "qms_one_entry")
	frappe.db.add_index("Contract Register Entry", ["contract_kind", "formal_on", "formal_due"])
