"""What the form of a complaint signal may call. Each checks permission first (H8, L1)."""

import frappe

from qms_customer.feedback import signals
from qms_customer.records import signing


@frappe.whitelist(methods=["GET", "POST"])
def get_shown(name: str) -> dict:
	"""Return the hash of what the form shows, and whether the user may assess it (H8)."""
	signal = signals.readable(name)
	return {"hash": signals.shown_hash(signal), "status": signal.status}


@frappe.whitelist(methods=["POST"])
def assess_signal(
	name: str, content_hash: str, outcome: str, assessment: str, signature: str | dict | None = None
) -> dict:
	"""Say, signed, what comes of a signal (H8)."""
	signals.readable(name)
	with signing.pen(signature):
		return {"status": signals.assess(name, content_hash, outcome, assessment).status}
