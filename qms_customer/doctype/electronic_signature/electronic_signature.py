"""Electronic Signature: who signed what, when, with which meaning; written by records/ledger.py only."""

import frappe

from qms_customer.records.controlled import ControlledRecord


class ElectronicSignature(ControlledRecord):
	"""K3, C12, L2."""


def on_doctype_update() -> None:
	"""Asked for at each signing: whether this session signed a moment ago."""
	frappe.db.add_index("Electronic Signature", ["signer", "session"])
