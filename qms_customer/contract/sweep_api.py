"""What the forms of the sweep may call. Each checks permission first and is one transaction (E8)."""

import frappe

from qms_customer.contract import sweep
from qms_customer.records import signing


@frappe.whitelist(methods=["POST"])
def start_sweep() -> dict:
	"""Start a sweep over all committed contracts, or return the one that runs (E8)."""
	frappe.has_permission(sweep.SWEEP, "read", throw=True)
	return {"name": sweep.start_by_hand().name}


@frappe.whitelist(methods=["POST"])
def explain_finding(
	name: str, content_hash: str, explanation: str, signature: str | dict | None = None
) -> dict:
	"""Explain, signed, why a contract says what nobody approved (E8)."""
	frappe.has_permission(sweep.FINDING, "read", name, throw=True)
	with signing.pen(signature):
		return {"status": sweep.explain(name, content_hash, explanation).status}
