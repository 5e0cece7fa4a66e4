"""Adopted Contract: a line of the list that an adoption signs; written by contract/adopt.py only."""

import frappe

from qms_customer.records.controlled import ControlledRecord


class AdoptedContract(ControlledRecord):
	"""E8."""


def on_doctype_update() -> None:
	"""The doors ask by document; a list holds each contract once, however often its collection is resumed."""
	frappe.db.add_index("Adopted Contract", ["reference_name", "reference_doctype"])
	frappe.db.add_unique(
		"Adopted Contract",
		["adoption", "reference_doctype", "reference_name"],
		constraint_name="qms_once_on_a_list",
	)
